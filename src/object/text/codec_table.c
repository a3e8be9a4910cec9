// The encodings of one byte a character, by their tables.
#include "object/text/codec_internal.h"
#include "object/text/text_internal.h"

enum { UNDEFINED = 0xFFFE };

static const SingleByteTable *table_of(Codec codec) { return &single_byte_tables[codec - CODEC_TABLE]; }

int single_byte_find(const SingleByteTable *table, uint32_t c) {
    size_t low = 0, high = 256;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (table->characters[table->order[middle]] < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 256 || c == UNDEFINED || table->characters[table->order[low]] != c ? -1 : table->order[low];
}

bool put_single_byte(Encoder *encoder, uint32_t c) {
    int byte = single_byte_find(table_of(encoder->codec), c);
    if (byte >= 0) buffer_byte(&encoder->out, (char)byte);
    return byte >= 0;
}

bool decode_table(Decoder *decoder, size_t *at) {
    const SingleByteTable *table = table_of(decoder->codec);
    while (*at < decoder->size) {
        uint16_t character = table->characters[decoder->data[*at]];
        if (character != UNDEFINED) {
            buffer_code_point(&decoder->out, character);
            ++*at;
        } else if (!decode_bad(decoder, *at, *at + 1, "character maps to <undefined>", at)) {
            return false;
        }
    }
    return true;
}

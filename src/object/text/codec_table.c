// The encodings of one byte a character, by their tables.
#include "base/utf8.h"
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

bool decode_single(Decoder *decoder, size_t *at, const uint16_t *characters, unsigned limit, const char *reason) {
    enum { PIECE = 4096, WIDEST = 3 };
    while (*at < decoder->size) {
        size_t end = decoder->size - *at > PIECE ? *at + PIECE : decoder->size;
        if (!vm_poll(decoder->vm, (end - *at) / 16)) return false;
        if (!buffer_reserve(&decoder->out, (end - *at) * WIDEST)) return *at = decoder->size, true; // whoever takes the buffer sees that
        char *to = decoder->out.data + decoder->out.length;
        for (; *at < end; ++*at) {
            unsigned byte = decoder->data[*at], character = characters ? characters[byte] : byte;
            if (byte >= limit || character == UNDEFINED) break;
            if (character < 0x80) *to++ = (char)character;
            else to += utf8_encode(character, to);
        }
        decoder->out.length = (size_t)(to - decoder->out.data);
        if (*at < end && !decode_bad(decoder, *at, *at + 1, reason, at)) return false;
    }
    return true;
}

bool decode_table(Decoder *decoder, size_t *at) {
    return decode_single(decoder, at, table_of(decoder->codec)->characters, 0x100, "character maps to <undefined>");
}

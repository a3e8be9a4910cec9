// The encodings unicode_escape and raw_unicode_escape: text as literals of the language write it.
#include <stdio.h>

#include "base/number.h"
#include "base/unicode_name.h"
#include "object/text/codec_internal.h"
#include "object/text/text_internal.h"

bool put_escape(Encoder *encoder, uint32_t c) {
    Buffer *out = &encoder->out;
    switch (c) {
    case '\\': buffer_text(out, "\\\\"); return true;
    case '\t': buffer_text(out, "\\t"); return true;
    case '\n': buffer_text(out, "\\n"); return true;
    case '\r': buffer_text(out, "\\r"); return true;
    default: break;
    }
    if (c >= 0x20 && c < 0x7F)
        buffer_byte(out, (char)c);
    else
        buffer_format(out, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
    return true;
}

bool put_raw_escape(Encoder *encoder, uint32_t c) {
    if (c < 0x100)
        buffer_byte(&encoder->out, (char)c);
    else
        buffer_format(&encoder->out, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
    return true;
}

// The escape at *at of so many hexadecimal digits, behind a backslash and a letter. [script]
static bool hexadecimal_escape(Decoder *decoder, size_t *at, size_t digits, const char *reason) {
    uint32_t character = 0;
    size_t end = *at + 2, stop = end + digits;
    for (; end < stop && end < decoder->size; end++) {
        int digit = hexadecimal_value((char)decoder->data[end]);
        if (digit < 0) break;
        character = character * 16 + (uint32_t)digit;
    }
    if (end < stop) {
        if (end == decoder->size && !decoder->is_final) return true;
        return decode_bad(decoder, *at, end, reason, at);
    }
    if (character > 0x10FFFF) return decode_bad(decoder, *at, end, "illegal Unicode character", at);
    buffer_code_point(&decoder->out, character);
    *at = end;
    return true;
}

// \N{NAME}. [script]
static bool named_escape(Decoder *decoder, size_t *at) {
    static const char malformed[] = "malformed \\N character escape";
    size_t open = *at + 2, close = open;
    if (open >= decoder->size) return decoder->is_final ? decode_bad(decoder, *at, open, malformed, at) : true;
    if (decoder->data[open] != '{') return decode_bad(decoder, *at, open, malformed, at);
    while (close < decoder->size && decoder->data[close] != '}') close++;
    if (close == decoder->size) return decoder->is_final ? decode_bad(decoder, *at, close, malformed, at) : true;
    if (close == open + 1) return decode_bad(decoder, *at, close + 1, malformed, at);
    int32_t found = unicode_name_find((const char *)decoder->data + open + 1, close - open - 1);
    if (found < 0) return decode_bad(decoder, *at, close + 1, "unknown Unicode character name", at);
    buffer_code_point(&decoder->out, (uint32_t)found);
    *at = close + 1;
    return true;
}

static bool octal_escape(Decoder *decoder, size_t *at) {
    uint32_t character = 0;
    size_t end = *at + 1;
    for (; end < decoder->size && end < *at + 4 && decoder->data[end] >= '0' && decoder->data[end] <= '7'; end++)
        character = character * 8 + decoder->data[end] - '0';
    buffer_code_point(&decoder->out, character);
    *at = end;
    return true;
}

// The escape at *at. Left where it is when it is not complete. [script]
static bool one_escape(Decoder *decoder, size_t *at) {
    static const char letters[] = "\\'\"abfnrtv", meanings[] = "\\'\"\a\b\f\n\r\t\v";
    if (*at + 1 == decoder->size) return decoder->is_final ? decode_bad(decoder, *at, *at + 1, "\\ at end of string", at) : true;
    unsigned char letter = decoder->data[*at + 1];
    const char *known = letter ? strchr(letters, letter) : NULL;
    if (known) {
        buffer_byte(&decoder->out, meanings[known - letters]);
        *at += 2;
        return true;
    }
    switch (letter) {
    case '\n': *at += 2; return true;
    case 'x': return hexadecimal_escape(decoder, at, 2, "truncated \\xXX escape");
    case 'u': return hexadecimal_escape(decoder, at, 4, "truncated \\uXXXX escape");
    case 'U': return hexadecimal_escape(decoder, at, 8, "truncated \\UXXXXXXXX escape");
    case 'N': return named_escape(decoder, at);
    default: break;
    }
    if (letter >= '0' && letter <= '7') return octal_escape(decoder, at);
    buffer_byte(&decoder->out, '\\');
    buffer_code_point(&decoder->out, letter);
    *at += 2;
    return true;
}

bool decode_escapes(Decoder *decoder, size_t *at) {
    while (*at < decoder->size) {
        unsigned char c = decoder->data[*at];
        if (!vm_poll(decoder->vm, 1)) return false;
        if (c != '\\') {
            buffer_code_point(&decoder->out, c);
            ++*at;
            continue;
        }
        size_t before = *at;
        if (!one_escape(decoder, at)) return false;
        if (*at == before && !decoder->is_final) return true; // it goes on in what is to come
    }
    return true;
}

bool decode_raw_escapes(Decoder *decoder, size_t *at) {
    while (*at < decoder->size) {
        unsigned char c = decoder->data[*at];
        if (!vm_poll(decoder->vm, 1)) return false;
        bool is_last = *at + 1 == decoder->size;
        if (c == '\\' && is_last && !decoder->is_final) return true;
        unsigned char letter = c == '\\' && !is_last ? decoder->data[*at + 1] : 0;
        if (letter == 'u' || letter == 'U') {
            size_t before = *at;
            bool ok = letter == 'u' ? hexadecimal_escape(decoder, at, 4, "truncated \\uXXXX escape")
                                    : hexadecimal_escape(decoder, at, 8, "truncated \\UXXXXXXXX escape");
            if (!ok) return false;
            if (*at == before && !decoder->is_final) return true;
            continue;
        }
        buffer_code_point(&decoder->out, c);
        ++*at;
        if (letter) { // nor does what stands behind the backslash begin an escape
            buffer_code_point(&decoder->out, letter);
            ++*at;
        }
    }
    return true;
}

// The encodings utf-8, utf-16 and utf-32.
#include "base/utf8.h"
#include "object/text/codec_internal.h"
#include "object/text/text_internal.h"

void put_unit(Buffer *out, uint32_t unit, int size, bool big) {
    for (int i = 0; i < size; i++) buffer_byte(out, (char)(unit >> 8 * (big ? size - 1 - i : i)));
}

// What is wrong with the UTF-8 sequence at s[at], and how many of its bytes belong to the error.
static const char *utf8_problem(const unsigned char *s, size_t size, size_t at, size_t *length) {
    unsigned char first = s[at];
    *length = 1;
    if (first < 0xC2 || first > 0xF4) return "invalid start byte";
    size_t width = (size_t)utf8_width(first);
    for (size_t i = 1; i < width; i++) {
        if (at + i >= size) return "unexpected end of data";
        unsigned char c = s[at + i];
        unsigned char low = 0x80, high = 0xBF;
        if (i == 1 && first == 0xE0) low = 0xA0;
        if (i == 1 && first == 0xED) high = 0x9F;
        if (i == 1 && first == 0xF0) low = 0x90;
        if (i == 1 && first == 0xF4) high = 0x8F;
        if (c < low || c > high) return "invalid continuation byte";
        *length = i + 1;
    }
    return "invalid continuation byte";
}

static bool is_passed_surrogate(const Decoder *decoder, size_t at) {
    const unsigned char *s = decoder->data + at;
    return decoder->errors == ERRORS_SURROGATE_PASS && at + 2 < decoder->size && s[0] == 0xED && s[1] >= 0xA0 && s[1] <= 0xBF &&
           (s[2] & 0xC0) == 0x80;
}

bool decode_utf8(Decoder *decoder, size_t *at) {
    while (*at < decoder->size) {
        const unsigned char *s = decoder->data;
        size_t bad = decoder->size - *at;
        bool valid = utf8_valid((const char *)s + *at, decoder->size - *at, false, &bad);
        if (valid) bad = decoder->size - *at;
        buffer_append(&decoder->out, (const char *)s + *at, bad);
        *at += bad;
        if (valid) return true;
        if (is_passed_surrogate(decoder, *at)) {
            buffer_append(&decoder->out, (const char *)s + *at, 3);
            *at += 3;
            continue;
        }
        size_t length;
        const char *reason = utf8_problem(s, decoder->size, *at, &length);
        if (!decoder->is_final && reason[0] == 'u') return true; // the rest of the character is to come
        // A surrogate, which a handler may let pass, is not complete yet.
        bool is_cut = decoder->size - *at == 2 && s[*at] == 0xED && s[*at + 1] >= 0xA0 && s[*at + 1] <= 0xBF;
        if (!decoder->is_final && is_cut) return true;
        if (!decode_bad(decoder, *at, *at + length, reason, at)) return false;
    }
    return true;
}

static uint32_t unit_at(const Decoder *decoder, size_t at, size_t size, bool big) {
    uint32_t unit = 0;
    for (size_t i = 0; i < size; i++) unit |= (uint32_t)decoder->data[at + i] << 8 * (big ? size - 1 - i : i);
    return unit;
}

// What is at a place of a text in utf-16 or utf-32.
typedef struct {
    uint32_t character;
    size_t used;        // bytes
    const char *reason; // why it is wrong, or NULL
    bool is_cut;        // it may go on behind the end
} Wide;

static Wide utf16_at(const Decoder *decoder, size_t at, bool big) {
    bool pass = decoder->errors == ERRORS_SURROGATE_PASS;
    Wide wide = {.character = unit_at(decoder, at, 2, big), .used = 2};
    if (wide.character < 0xD800 || wide.character > 0xDFFF) return wide;
    if (wide.character >= 0xDC00) {
        wide.reason = pass ? NULL : "illegal encoding";
    } else if (decoder->size - at < 4) {
        wide.is_cut = true;
        wide.reason = pass ? NULL : "unexpected end of data";
        wide.used = pass ? 2 : decoder->size - at;
    } else {
        uint32_t second = unit_at(decoder, at + 2, 2, big);
        if (second >= 0xDC00 && second <= 0xDFFF) {
            wide.character = 0x10000 + ((wide.character - 0xD800) << 10) + (second - 0xDC00);
            wide.used = 4;
        } else {
            wide.reason = pass ? NULL : "illegal UTF-16 surrogate";
        }
    }
    return wide;
}

static Wide utf32_at(const Decoder *decoder, size_t at, bool big) {
    Wide wide = {.character = unit_at(decoder, at, 4, big), .used = 4};
    if (wide.character > 0x10FFFF)
        wide.reason = "code point not in range(0x110000)";
    else if (wide.character >= 0xD800 && wide.character <= 0xDFFF && decoder->errors != ERRORS_SURROGATE_PASS)
        wide.reason = "code point in surrogate code point range(0xd800, 0xe000)";
    return wide;
}

bool decode_wide(Decoder *decoder, size_t *at) {
    size_t width = decoder->codec >= CODEC_UTF32 ? 4 : 2;
    if (decoder->codec == CODEC_UTF16 || decoder->codec == CODEC_UTF32) {
        if (decoder->size < width && !decoder->is_final) return true;
        bool little_mark = decoder->size >= width && unit_at(decoder, 0, width, false) == 0xFEFF;
        bool big_mark = decoder->size >= width && unit_at(decoder, 0, width, true) == 0xFEFF;
        if (little_mark || big_mark) *at = width;
        decoder->codec = width == 2 ? (big_mark ? CODEC_UTF16_BE : CODEC_UTF16_LE) : big_mark ? CODEC_UTF32_BE : CODEC_UTF32_LE;
        decoder->name = width == 2 ? (big_mark ? "utf-16-be" : "utf-16-le") : big_mark ? "utf-32-be" : "utf-32-le";
    }
    bool big = decoder->codec == CODEC_UTF16_BE || decoder->codec == CODEC_UTF32_BE;
    while (*at < decoder->size) {
        if (decoder->size - *at < width) {
            if (!decoder->is_final) return true;
            if (!decode_bad(decoder, *at, decoder->size, "truncated data", at)) return false;
            continue;
        }
        if (!vm_poll(decoder->vm, 1)) return false;
        Wide wide = width == 2 ? utf16_at(decoder, *at, big) : utf32_at(decoder, *at, big);
        if (wide.is_cut && !decoder->is_final) return true;
        if (wide.reason) {
            if (!decode_bad(decoder, *at, *at + wide.used, wide.reason, at)) return false;
            continue;
        }
        buffer_code_point(&decoder->out, wide.character);
        *at += wide.used;
    }
    return true;
}

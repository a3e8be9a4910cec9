// Text to bytes and back: utf-8, ascii, latin-1, utf-16 and utf-32 with their byte orders, and the error
// handlers.
#include <ctype.h>
#include <stdio.h>

#include "base/utf8.h"
#include "object/text/bytes.h"
#include "object/text/text_internal.h"

typedef enum {
    CODEC_UTF8,
    CODEC_UTF8_SIGNATURE,
    CODEC_ASCII,
    CODEC_LATIN1,
    CODEC_UTF16,
    CODEC_UTF16_LE,
    CODEC_UTF16_BE,
    CODEC_UTF32,
    CODEC_UTF32_LE,
    CODEC_UTF32_BE,
    CODEC_UNKNOWN
} Codec;

typedef enum {
    ERRORS_STRICT,
    ERRORS_IGNORE,
    ERRORS_REPLACE,
    ERRORS_BACKSLASH,
    ERRORS_SURROGATE_ESCAPE,
    ERRORS_SURROGATE_PASS,
    ERRORS_XML,
    ERRORS_UNKNOWN
} Errors;

static const char *const codec_names[] = {"utf-8",     "utf-8",     "ascii",  "latin-1",   "utf-16",
                                          "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"};

// The codec of a name: case, spaces, '-' and '_' do not matter.
static Codec find_codec(const String *name) {
    static const struct {
        const char *name;
        Codec codec;
    } names[] = {{"utf8", CODEC_UTF8},        {"u8", CODEC_UTF8},
                 {"cp65001", CODEC_UTF8},     {"utf8sig", CODEC_UTF8_SIGNATURE},
                 {"ascii", CODEC_ASCII},      {"usascii", CODEC_ASCII},
                 {"646", CODEC_ASCII},        {"latin1", CODEC_LATIN1},
                 {"latin", CODEC_LATIN1},     {"l1", CODEC_LATIN1},
                 {"iso88591", CODEC_LATIN1},  {"88591", CODEC_LATIN1},
                 {"utf16", CODEC_UTF16},      {"u16", CODEC_UTF16},
                 {"utf16le", CODEC_UTF16_LE}, {"utf16be", CODEC_UTF16_BE},
                 {"utf32", CODEC_UTF32},      {"u32", CODEC_UTF32},
                 {"utf32le", CODEC_UTF32_LE}, {"utf32be", CODEC_UTF32_BE}};
    if (!name) return CODEC_UTF8;
    char plain[16];
    size_t length = 0;
    for (size_t i = 0; i < name->size; i++) {
        char c = name->data[i];
        if (c == '-' || c == '_' || c == ' ') continue;
        if (length == sizeof plain - 1) return CODEC_UNKNOWN;
        plain[length++] = (char)tolower((unsigned char)c);
    }
    plain[length] = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!strcmp(names[i].name, plain)) return names[i].codec;
    return CODEC_UNKNOWN;
}

static Errors find_errors(const String *name) {
    static const char *const names[] = {"strict",           "ignore",          "replace",
                                        "backslashreplace", "surrogateescape", "surrogatepass",
                                        "xmlcharrefreplace"};
    if (!name) return ERRORS_STRICT;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (string_is(name, names[i])) return (Errors)i;
    return ERRORS_UNKNOWN;
}

static Value unknown_encoding(VM *vm, const String *name) {
    return raise_error(vm, vm->exceptions.lookup_error, "unknown encoding: %s", name->data);
}
static void unknown_handler(VM *vm, const String *name) {
    raise_error(vm, vm->exceptions.lookup_error, "unknown error handler name '%s'", name->data);
}

// Raises UnicodeEncodeError or UnicodeDecodeError(encoding, object, start, end, reason).
static void raise_codec_error(VM *vm, Class *cls, const char *encoding, Value object, size_t start,
                              size_t end, const char *reason) {
    Value arguments[5] = {object_or_error(string_from(vm, encoding)), object, value_small((int64_t)start),
                          value_small((int64_t)end), object_or_error(string_from(vm, reason))};
    if (is_error(arguments[0]) || is_error(arguments[4])) return;
    Value exception = call_class(vm, cls, arguments, 5);
    if (!is_error(exception)) raise_value(vm, exception);
}

// ---- Encoding

typedef struct {
    VM *vm;
    Buffer out;
    Codec codec;
    Errors errors;
    String *source;
    const String *handler;
} Encoder;

static void put_unit(Buffer *out, uint32_t unit, int size, bool big) {
    for (int i = 0; i < size; i++) buffer_byte(out, (char)(unit >> 8 * (big ? size - 1 - i : i)));
}

// Writes a character that the codec has.
static void put_character(Encoder *encoder, uint32_t c) {
    Buffer *out = &encoder->out;
    switch (encoder->codec) {
    case CODEC_ASCII:
    case CODEC_LATIN1: buffer_byte(out, (char)c); break;
    case CODEC_UTF16:
    case CODEC_UTF16_LE:
    case CODEC_UTF16_BE: {
        bool big = encoder->codec == CODEC_UTF16_BE;
        if (c >= 0x10000) {
            put_unit(out, 0xD800 + ((c - 0x10000) >> 10), 2, big);
            c = 0xDC00 + ((c - 0x10000) & 0x3FF);
        }
        put_unit(out, c, 2, big);
        break;
    }
    case CODEC_UTF32:
    case CODEC_UTF32_LE:
    case CODEC_UTF32_BE: put_unit(out, c, 4, encoder->codec == CODEC_UTF32_BE); break;
    default: buffer_code_point(out, c); break;
    }
}

static bool has_character(Codec codec, uint32_t c) {
    if (codec == CODEC_ASCII) return c < 0x80;
    if (codec == CODEC_LATIN1) return c < 0x100;
    return c < 0xD800 || c > 0xDFFF;
}

static void put_text(Encoder *encoder, const char *text) {
    for (; *text; text++) put_character(encoder, (unsigned char)*text);
}

// The index behind the characters from an offset on that the codec does not have either.
static size_t bad_end(const Encoder *encoder, size_t offset, size_t index) {
    const String *s = encoder->source;
    for (int width; offset < s->size; offset += (size_t)width, index++)
        if (has_character(encoder->codec, utf8_decode(s->data + offset, &width))) break;
    return index;
}

// Deals with a character that the codec does not have, at an index of the source; the next one is at an offset. False with an error.
static bool encode_bad(Encoder *encoder, uint32_t c, size_t index, size_t next) {
    char text[24];
    bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    switch (encoder->errors) {
    case ERRORS_IGNORE: return true;
    case ERRORS_REPLACE: return put_character(encoder, '?'), true;
    case ERRORS_BACKSLASH:
        snprintf(text, sizeof text, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
        return put_text(encoder, text), true;
    case ERRORS_XML: snprintf(text, sizeof text, "&#%u;", c); return put_text(encoder, text), true;
    case ERRORS_SURROGATE_ESCAPE:
        if (c < 0xDC80 || c > 0xDCFF) break;
        if (encoder->codec >= CODEC_UTF16)
            put_character(encoder, c - 0xDC00);
        else
            buffer_byte(&encoder->out, (char)(c - 0xDC00));
        return true;
    case ERRORS_SURROGATE_PASS:
        if (!surrogate || encoder->codec == CODEC_ASCII || encoder->codec == CODEC_LATIN1) break;
        return put_character(encoder, c), true;
    case ERRORS_UNKNOWN: return unknown_handler(encoder->vm, encoder->handler), false;
    default: break;
    }
    const char *reason = encoder->codec == CODEC_ASCII    ? "ordinal not in range(128)"
                         : encoder->codec == CODEC_LATIN1 ? "ordinal not in range(256)"
                                                          : "surrogates not allowed";
    raise_codec_error(encoder->vm, encoder->vm->exceptions.unicode_encode_error, codec_names[encoder->codec],
                      value_object(encoder->source), index, bad_end(encoder, next, index + 1), reason);
    return false;
}

Value text_encode(VM *vm, String *s, String *encoding, String *errors) {
    Codec codec = find_codec(encoding);
    if (codec == CODEC_UNKNOWN) return unknown_encoding(vm, encoding);
    if (string_is_ascii(s) && codec <= CODEC_LATIN1 && codec != CODEC_UTF8_SIGNATURE)
        return object_or_error(bytes_new(vm, s->data, s->size));
    Encoder encoder = {vm, vm_buffer(vm), codec, find_errors(errors), s, errors};
    if (codec == CODEC_UTF8_SIGNATURE) buffer_append(&encoder.out, "\xEF\xBB\xBF", 3);
    if (codec == CODEC_UTF16 || codec == CODEC_UTF32) put_character(&encoder, 0xFEFF);
    size_t index = 0;
    for (size_t i = 0; i < s->size; index++) {
        int width;
        uint32_t c = utf8_decode(s->data + i, &width);
        if (!vm_poll(vm, 1)) return buffer_free(&encoder.out), VALUE_ERROR;
        i += (size_t)width;
        if (has_character(codec, c))
            put_character(&encoder, c);
        else if (!encode_bad(&encoder, c, index, i))
            return buffer_free(&encoder.out), VALUE_ERROR;
    }
    Value result =
        encoder.out.failed
            ? raise_memory_error(vm)
            : object_or_error(bytes_new(vm, encoder.out.length ? encoder.out.data : "", encoder.out.length));
    buffer_free(&encoder.out);
    return result;
}

// ---- Decoding

typedef struct {
    VM *vm;
    Buffer out;
    Codec codec;
    Errors errors;
    const unsigned char *data;
    size_t size;
    Value object; // what is decoded, for the exception
    const String *handler;
} Decoder;

// Deals with bytes that can't be decoded. False with an error.
static bool decode_bad(Decoder *decoder, size_t start, size_t end, const char *reason) {
    if (!vm_poll(decoder->vm, 1)) return false;
    switch (decoder->errors) {
    case ERRORS_IGNORE: return true;
    case ERRORS_REPLACE: return buffer_code_point(&decoder->out, 0xFFFD), true;
    case ERRORS_BACKSLASH:
        for (size_t i = start; i < end; i++) buffer_escape(&decoder->out, 'x', decoder->data[i]);
        return true;
    case ERRORS_SURROGATE_ESCAPE: {
        bool high = true;
        for (size_t i = start; i < end; i++) high = high && decoder->data[i] >= 0x80;
        if (!high) break;
        for (size_t i = start; i < end; i++) buffer_code_point(&decoder->out, 0xDC00u + decoder->data[i]);
        return true;
    }
    case ERRORS_UNKNOWN: return unknown_handler(decoder->vm, decoder->handler), false;
    default: break;
    }
    VM *vm = decoder->vm;
    Value object = decoder->object;
    if (!is_kind(object, KIND_BYTES)) {
        object = object_or_error(bytes_new(vm, decoder->data, decoder->size));
        if (is_error(object)) return false;
    }
    raise_codec_error(vm, vm->exceptions.unicode_decode_error, codec_names[decoder->codec], object, start,
                      end, reason);
    return false;
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

static bool decode_utf8(Decoder *decoder, size_t at) {
    const unsigned char *s = decoder->data;
    while (at < decoder->size) {
        size_t bad;
        if (utf8_valid((const char *)s + at, decoder->size - at, false, &bad)) {
            buffer_append(&decoder->out, (const char *)s + at, decoder->size - at);
            return true;
        }
        buffer_append(&decoder->out, (const char *)s + at, bad);
        at += bad;
        if (decoder->errors == ERRORS_SURROGATE_PASS && at + 2 < decoder->size && s[at] == 0xED &&
            s[at + 1] >= 0xA0 && s[at + 1] <= 0xBF && (s[at + 2] & 0xC0) == 0x80) {
            buffer_append(&decoder->out, (const char *)s + at, 3);
            at += 3;
            continue;
        }
        size_t length;
        const char *reason = utf8_problem(s, decoder->size, at, &length);
        if (!decode_bad(decoder, at, at + length, reason)) return false;
        at += length;
    }
    return true;
}

static bool decode_bytes(Decoder *decoder) {
    for (size_t i = 0; i < decoder->size; i++) {
        unsigned char c = decoder->data[i];
        if (c < 0x80 || decoder->codec == CODEC_LATIN1)
            buffer_code_point(&decoder->out, c);
        else if (!decode_bad(decoder, i, i + 1, "ordinal not in range(128)"))
            return false;
    }
    return true;
}

static uint32_t unit_at(const Decoder *decoder, size_t at, size_t size, bool big) {
    uint32_t unit = 0;
    for (size_t i = 0; i < size; i++) unit |= (uint32_t)decoder->data[at + i] << 8 * (big ? size - 1 - i : i);
    return unit;
}

// utf-16 and utf-32: `width` bytes a unit.
static bool decode_wide(Decoder *decoder, size_t width) {
    bool big = decoder->codec == CODEC_UTF16_BE || decoder->codec == CODEC_UTF32_BE;
    size_t at = 0;
    if ((decoder->codec == CODEC_UTF16 || decoder->codec == CODEC_UTF32) && decoder->size >= width) {
        bool little_mark = unit_at(decoder, 0, width, false) == 0xFEFF,
             big_mark = unit_at(decoder, 0, width, true) == 0xFEFF;
        if (little_mark || big_mark) at = width;
        big = big_mark;
        decoder->codec = width == 2 ? (big ? CODEC_UTF16_BE : CODEC_UTF16_LE)
                         : big      ? CODEC_UTF32_BE
                                    : CODEC_UTF32_LE;
    }
    while (at < decoder->size) {
        if (decoder->size - at < width) return decode_bad(decoder, at, decoder->size, "truncated data");
        if (!vm_poll(decoder->vm, 1)) return false;
        uint32_t c = unit_at(decoder, at, width, big);
        size_t used = width;
        const char *reason = NULL;
        if (width == 2 && c >= 0xD800 && c <= 0xDFFF) {
            bool pass = decoder->errors == ERRORS_SURROGATE_PASS;
            if (c >= 0xDC00) {
                reason = pass ? NULL : "illegal encoding";
            } else if (decoder->size - at < 4) {
                reason = pass ? NULL : "unexpected end of data";
                used = pass ? 2 : decoder->size - at;
            } else {
                uint32_t second = unit_at(decoder, at + 2, 2, big);
                if (second >= 0xDC00 && second <= 0xDFFF) {
                    c = 0x10000 + ((c - 0xD800) << 10) + (second - 0xDC00);
                    used = 4;
                } else if (!pass) {
                    reason = "illegal UTF-16 surrogate";
                }
            }
        } else if (width == 4 && c > 0x10FFFF) {
            reason = "code point not in range(0x110000)";
        } else if (width == 4 && c >= 0xD800 && c <= 0xDFFF && decoder->errors != ERRORS_SURROGATE_PASS) {
            reason = "code point in surrogate code point range(0xd800, 0xe000)";
        }
        if (!reason)
            buffer_code_point(&decoder->out, c);
        else if (!decode_bad(decoder, at, at + used, reason))
            return false;
        at += used;
    }
    return true;
}

Value text_decode(VM *vm, const unsigned char *data, size_t size, Value object, String *encoding,
                  String *errors) {
    Codec codec = find_codec(encoding);
    if (codec == CODEC_UNKNOWN) return unknown_encoding(vm, encoding);
    if (codec == CODEC_UTF8 && utf8_valid((const char *)data, size, false, NULL))
        return object_or_error(string_new(vm, (const char *)data, size));
    Decoder decoder = {vm, vm_buffer(vm), codec, find_errors(errors), data, size, object, errors};
    bool good;
    if (codec == CODEC_ASCII || codec == CODEC_LATIN1) {
        good = decode_bytes(&decoder);
    } else if (codec <= CODEC_UTF8_SIGNATURE) {
        bool mark = codec == CODEC_UTF8_SIGNATURE && size >= 3 && !memcmp(data, "\xEF\xBB\xBF", 3);
        good = decode_utf8(&decoder, mark ? 3 : 0);
    } else {
        good = decode_wide(&decoder, codec >= CODEC_UTF32 ? 4 : 2);
    }
    if (!good) return buffer_free(&decoder.out), VALUE_ERROR;
    return object_or_error(string_from_buffer(vm, &decoder.out));
}

// The encoding utf-7 (RFC 2152): ASCII, with other characters as base64 of their utf-16 between '+' and '-'.
#include "base/utf8.h"
#include "object/text/codec_internal.h"
#include "object/text/text_internal.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int digit_value(uint32_t c) {
    const char *found = c && c < 128 ? strchr(digits, (int)c) : NULL;
    return found ? (int)(found - digits) : -1;
}

// Whether a character stands for itself: the RFC's sets D and O, and blanks.
static bool is_direct(uint32_t c) { return c && c < 127 && (c >= ' ' || c == '\t' || c == '\n' || c == '\r') && c != '+' && c != '\\' && c != '~'; }

// Bits of utf-16 units that wait to be written as digits of six, or the other way round.
typedef struct {
    uint32_t bits;
    int count;
} Bits;

static void put_digits(Buffer *out, Bits *bits, uint32_t unit) {
    bits->bits = bits->bits << 16 | unit;
    bits->count += 16;
    while (bits->count >= 6) {
        bits->count -= 6;
        buffer_byte(out, digits[bits->bits >> bits->count & 63]);
    }
    bits->bits &= (1u << bits->count) - 1;
}

static void put_last_digit(Buffer *out, Bits *bits) {
    if (bits->count) buffer_byte(out, digits[bits->bits << (6 - bits->count) & 63]);
    *bits = (Bits){0};
}

bool encode_utf7(Encoder *encoder) {
    const String *s = encoder->source;
    Buffer *out = &encoder->out;
    bool is_shifted = false;
    Bits bits = {0};
    for (size_t offset = 0; offset < s->size;) {
        int width;
        uint32_t c = utf8_decode(s->data + offset, &width);
        offset += (size_t)width;
        if (!vm_poll(encoder->vm, 1)) return false;
        if (is_direct(c)) {
            put_last_digit(out, &bits);
            if (is_shifted && (digit_value(c) >= 0 || c == '-')) buffer_byte(out, '-');
            is_shifted = false;
            buffer_byte(out, (char)c);
        } else if (c == '+' && !is_shifted) {
            buffer_text(out, "+-");
        } else {
            if (!is_shifted) buffer_byte(out, '+');
            is_shifted = true;
            if (c >= 0x10000) {
                put_digits(out, &bits, 0xD800 + ((c - 0x10000) >> 10));
                c = 0xDC00 + ((c - 0x10000) & 0x3FF);
            }
            put_digits(out, &bits, c);
        }
    }
    put_last_digit(out, &bits);
    if (is_shifted) buffer_byte(out, '-');
    return true;
}

// ---- Decoding

// A run of base64.
typedef struct {
    size_t start;       // of its '+'
    size_t out_start;   // what had been written before
    Bits bits;
    uint32_t surrogate; // the first one of a pair, or 0
} Run;

static void take_unit(Decoder *decoder, Run *run, uint32_t unit) {
    Buffer *out = &decoder->out;
    if (run->surrogate) {
        uint32_t first = run->surrogate;
        run->surrogate = 0;
        if (unit >= 0xDC00 && unit <= 0xDFFF) {
            buffer_code_point(out, 0x10000 + ((first - 0xD800) << 10) + (unit - 0xDC00));
            return;
        }
        buffer_code_point(out, first);
    }
    if (unit >= 0xD800 && unit <= 0xDBFF)
        run->surrogate = unit;
    else
        buffer_code_point(out, unit);
}

static void take_digit(Decoder *decoder, Run *run, int digit) {
    Bits *bits = &run->bits;
    bits->bits = bits->bits << 6 | (uint32_t)digit;
    bits->count += 6;
    if (bits->count < 16) return;
    bits->count -= 16;
    uint32_t unit = bits->bits >> bits->count & 0xFFFF;
    bits->bits &= (1u << bits->count) - 1;
    take_unit(decoder, run, unit);
}

// The run that begins at *at, up to and with its '-'. Left where it began when it is not complete. [script]
static bool decode_run(Decoder *decoder, size_t *at) {
    Run run = {.start = *at, .out_start = decoder->out.length};
    size_t i = *at + 1;
    if (i < decoder->size && decoder->data[i] == '-') {
        buffer_byte(&decoder->out, '+');
        *at = i + 1;
        return true;
    }
    if (i < decoder->size && digit_value(decoder->data[i]) < 0) return decode_bad(decoder, run.start, i + 1, "ill-formed sequence", at);
    for (int digit; i < decoder->size && (digit = digit_value(decoder->data[i])) >= 0; i++) {
        if (!vm_poll(decoder->vm, 1)) return false;
        take_digit(decoder, &run, digit);
    }
    bool is_partial = run.bits.count >= 6, is_padded = !run.bits.bits;
    if (i == decoder->size) {
        if (!decoder->is_final) {
            decoder->out.length = run.out_start;
            return true;
        }
        *at = i;
        if (!run.surrogate && !is_partial && (!run.bits.count || is_padded)) return true;
        return decode_bad(decoder, run.start, i, "unterminated shift sequence", at);
    }
    if (is_partial) return decode_bad(decoder, run.start, i + 1, "partial character in base64 sequence", at);
    if (!is_padded) return decode_bad(decoder, run.start, i + 1, "non-zero padding bits in shift sequence", at);
    if (run.surrogate && decoder->data[i] < 128 && decoder->data[i] != '+') buffer_code_point(&decoder->out, run.surrogate);
    *at = i + (decoder->data[i] == '-');
    return true;
}

bool decode_utf7(Decoder *decoder, size_t *at) {
    while (*at < decoder->size) {
        unsigned char c = decoder->data[*at];
        if (c == '+') {
            size_t before = *at;
            if (!decode_run(decoder, at)) return false;
            if (*at == before && !decoder->is_final) return true;
        } else if (c < 128) {
            buffer_byte(&decoder->out, (char)c);
            ++*at;
        } else if (!decode_bad(decoder, *at, *at + 1, "unexpected special character", at)) {
            return false;
        }
    }
    return true;
}

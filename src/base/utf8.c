#include "base/utf8.h"

#include <string.h>

int utf8_encode(uint32_t c, char *out) {
    unsigned char *s = (unsigned char *)out;
    if (c < 0x80) return s[0] = (unsigned char)c, 1;
    if (c < 0x800) {
        s[0] = (unsigned char)(0xC0 | c >> 6);
        s[1] = (unsigned char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        s[0] = (unsigned char)(0xE0 | c >> 12);
        s[1] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
        s[2] = (unsigned char)(0x80 | (c & 0x3F));
        return 3;
    }
    s[0] = (unsigned char)(0xF0 | c >> 18);
    s[1] = (unsigned char)(0x80 | (c >> 12 & 0x3F));
    s[2] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
    s[3] = (unsigned char)(0x80 | (c & 0x3F));
    return 4;
}

size_t utf8_count(const char *text, size_t length) {
    size_t count = 0, i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t word;
        memcpy(&word, text + i, 8);
        uint64_t continued = word >> 7 & ~word >> 6 & 0x0101010101010101u; // a byte 10xxxxxx is no beginning
        count += 8 - (size_t)(continued * 0x0101010101010101u >> 56);
    }
    for (; i < length; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

// The length of the valid sequence at s with n bytes left, or 0.
static int sequence_length(const unsigned char *s, size_t n, bool allow_surrogates) {
    unsigned char c = s[0];
    if (c < 0x80) return 1;
    if (c < 0xC2 || c > 0xF4) return 0;
    int width = utf8_width(c);
    if (n < (size_t)width) return 0;
    for (int i = 1; i < width; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    if (c == 0xE0 && s[1] < 0xA0) return 0;
    if (c == 0xED && s[1] > 0x9F && !allow_surrogates) return 0;
    if (c == 0xF0 && s[1] < 0x90) return 0;
    if (c == 0xF4 && s[1] > 0x8F) return 0;
    return width;
}

bool utf8_valid(const char *text, size_t length, bool allow_surrogates, size_t *bad) {
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = 0; i < length;) {
        uint64_t word;
        if (i + 8 <= length && (memcpy(&word, s + i, 8), !(word & 0x8080808080808080u))) {
            i += 8;
            continue;
        }
        if (s[i] < 0x80) {
            i++;
            continue;
        }
        int width = sequence_length(s + i, length - i, allow_surrogates);
        if (!width) {
            if (bad) *bad = i;
            return false;
        }
        i += (size_t)width;
    }
    return true;
}

bool utf8_is_ascii(const char *text, size_t length) {
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t word;
        memcpy(&word, text + i, 8);
        if (word & 0x8080808080808080u) return false;
    }
    for (; i < length; i++)
        if ((unsigned char)text[i] >= 0x80) return false;
    return true;
}

size_t utf8_offset(const char *text, size_t length, size_t index) {
    size_t offset = 0;
    while (index-- && offset < length) offset += (size_t)utf8_width((unsigned char)text[offset]);
    return offset;
}

// UTF-8, read and written one code point at a time. Strings inside the VM are UTF-8 that may also hold lone
// surrogates (as three bytes each), since a Python string may.
#ifndef AIOLI_BASE_UTF8_H
#define AIOLI_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Decodes the code point at `text`, which is known to be valid. Stores the number of its bytes.
static inline uint32_t utf8_decode(const char *text, int *bytes) {
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] < 0x80) return *bytes = 1, s[0];
    if (s[0] < 0xE0) return *bytes = 2, (uint32_t)(s[0] & 0x1F) << 6 | (s[1] & 0x3F);
    if (s[0] < 0xF0)
        return *bytes = 3, (uint32_t)(s[0] & 0x0F) << 12 | (uint32_t)(s[1] & 0x3F) << 6 | (s[2] & 0x3F);
    return *bytes = 4, (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3F) << 12 |
                           (uint32_t)(s[2] & 0x3F) << 6 | (s[3] & 0x3F);
}

// Writes one code point (surrogates too) and returns the number of bytes, 1 to 4. `out` has room for 4.
int utf8_encode(uint32_t code_point, char *out);

// The number of bytes of the valid code point that starts with byte `first`.
static inline int utf8_width(unsigned char first) {
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

// The number of code points in valid text of `length` bytes.
size_t utf8_count(const char *text, size_t length);

// Whether `length` bytes are UTF-8. Overlong forms and values past U+10FFFF never are; surrogates only when
// `allow_surrogates`. When they are not, *bad (if not NULL) is the offset of the first byte of the first bad sequence.
bool utf8_valid(const char *text, size_t length, bool allow_surrogates, size_t *bad);

// Whether every byte is below 0x80.
bool utf8_is_ascii(const char *text, size_t length);

// The byte offset of code point `index` in valid text (index may equal the count: then the length).
size_t utf8_offset(const char *text, size_t length, size_t index);

#endif

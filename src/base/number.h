// Numbers to text and back, as Python writes and reads them.
#ifndef AIOLI_BASE_NUMBER_H
#define AIOLI_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMBER_TEXT_SIZE = 40 };

// What a hexadecimal digit stands for; -1 for any other byte.
static inline int hexadecimal_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Writes repr(number): the shortest decimal that reads back as the same double, the nearest one of that length, with
// an exponent where Python uses one ("1e+16", "inf", "nan", "0.1", "3.0"). Returns the length; `out` has room for
// NUMBER_TEXT_SIZE bytes and is NUL-terminated.
size_t number_repr(double number, char *out);

// Writes a number in decimal, NUL-terminated; `out` has room for NUMBER_TEXT_SIZE bytes, as in number_fixed. Returns the length.
size_t number_decimal(uint64_t number, char *out);

// Writes a finite, non-negative number with so many digits behind the point, correctly rounded, halves to even, as printf's "%.*f".
// Returns the length, or 0 for numbers that are too large for it or too many digits.
size_t number_fixed(double magnitude, int precision, char *out);

// The shortest digits that read back as the finite, non-negative `number`: fills `digits` (room for 20 bytes,
// NUL-terminated, no leading or trailing zero except for "0") and the decimal point's position (the number is
// 0.digits * 10^*point).
void number_shortest_digits(double number, char *digits, int *point);

// Reads a decimal floating-point literal: digits with optional point and exponent, underscores between digits allowed
// when `underscores`, an optional sign, "inf", "infinity" and "nan" in any case when `words`. The whole of the text
// must be one; correctly rounded. Returns false otherwise.
bool number_parse(const char *text, size_t length, bool underscores, bool words, double *out);

#endif

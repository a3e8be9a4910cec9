#include "base/number.h"

#include "base/shortest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// printf and strtod follow the locale of the process; only its decimal point can differ, and it is put right
// here. (A VM never calls setlocale; its host may have done so.)
static void put_point(char *text) {
    for (; *text; text++) {
        if (*text == ',') *text = '.';
    }
}

// The locale's decimal point as strtod wants it.
static char locale_point(void) {
    char sample[8];
    snprintf(sample, sizeof sample, "%.1f", 0.5);
    return sample[1];
}

// Raises the last digit of a "d.ddde±x" text by one, unless it is a 9. Returns whether it did.
static bool raise_last_digit(char *text) {
    char *last = strchr(text, 'e') - 1;
    if (*last < '0' || *last >= '9') return false;
    ++*last;
    return true;
}

// Denormals may need far fewer digits than 15: tries ever more until the text reads back as the same number.
static void shortest_denormal(double number, char *text, size_t size) {
    for (int precision = 0; precision < 17; precision++) {
        snprintf(text, size, "%.*e", precision, number);
        if (strtod(text, NULL) == number) return;
    }
}

void number_shortest_digits(double number, char *digits, int *point) {
    if (number == 0) {
        memcpy(digits, "0", 2);
        *point = 1;
        return;
    }
    uint64_t decimal;
    int exponent_of_decimal;
    if (shortest_decimal(number, &decimal, &exponent_of_decimal)) {
        size_t length = number_decimal(decimal, digits);
        *point = exponent_of_decimal + (int)length;
        while (digits[length - 1] == '0') digits[--length] = 0;
        return;
    }
    char text[64];
    // "%.*e" is correctly rounded. Decimals of 15 digits always survive the way to a double and back, so one
    // attempt at 15 settles every shorter one too: its trailing zeros are not significant. 17 digits always
    // suffice. With 16 the nearest decimal is the one that reads back if any does, except at a power of two:
    // there the doubles above are twice as far away as those below, and the next decimal above may do where
    // the nearest, below, does not.
    snprintf(text, sizeof text, "%.14e", number);
    if (strtod(text, NULL) == number) {
        if (number < 2.3e-308) shortest_denormal(number, text, sizeof text);
    } else {
        snprintf(text, sizeof text, "%.15e", number);
        bool exact = strtod(text, NULL) == number;
        int exponent;
        if (!exact && frexp(number, &exponent) == 0.5)
            exact = raise_last_digit(text) && strtod(text, NULL) == number;
        if (!exact) snprintf(text, sizeof text, "%.16e", number);
    }
    put_point(text);
    size_t count = 0;
    const char *s = text;
    for (; *s && *s != 'e'; s++) {
        if (*s != '.') digits[count++] = *s;
    }
    while (count > 1 && digits[count - 1] == '0') count--;
    digits[count] = 0;
    *point = (int)strtol(s + 1, NULL, 10) + 1;
}

size_t number_decimal(uint64_t number, char *out) {
    char reversed[24];
    size_t length = 0;
    do reversed[length++] = (char)('0' + number % 10);
    while (number /= 10);
    for (size_t i = 0; i < length; i++) out[i] = reversed[length - 1 - i];
    out[length] = 0;
    return length;
}

size_t number_fixed(double magnitude, int precision, char *out) {
#ifdef __SIZEOF_INT128__
    enum { MOST_PRECISION = 17 };
    if (!(magnitude < 9e15) || precision < 0 || precision > MOST_PRECISION) return 0;
    int exponent;
    uint64_t significand = (uint64_t)ldexp(frexp(magnitude, &exponent), 53);
    int shift = 53 - exponent; // the number is significand / 2^shift
    unsigned __int128 product = significand, quotient = 0;
    uint64_t power = 1;
    for (int i = 0; i < precision; i++) power *= 10;
    product *= power;
    if (shift == 0) {
        quotient = product;
    } else if (shift < 127) {
        quotient = product >> shift;
        unsigned __int128 rest = product - (quotient << shift), half = (unsigned __int128)1 << (shift - 1);
        if (rest > half || (rest == half && (quotient & 1))) quotient++;
    } // else it is far below half a unit
    size_t length = number_decimal((uint64_t)(quotient / power), out);
    if (!precision) return length;
    out[length] = '.';
    uint64_t fraction = (uint64_t)(quotient % power);
    for (int i = precision; i > 0; i--, fraction /= 10) out[length + (size_t)i] = (char)('0' + fraction % 10);
    length += (size_t)precision + 1;
    out[length] = 0;
    return length;
#else
    return 0;
#endif
}

size_t number_repr(double number, char *out) {
    if (isnan(number)) return memcpy(out, "nan", 4), 3;
    size_t length = 0;
    if (signbit(number)) out[length++] = '-';
    if (isinf(number)) return memcpy(out + length, "inf", 4), length + 3;
    char digits[24];
    int point;
    number_shortest_digits(fabs(number), digits, &point);
    int count = (int)strlen(digits);
    if (point <= -4 || point > 16) {
        out[length++] = digits[0];
        if (count > 1) {
            out[length++] = '.';
            memcpy(out + length, digits + 1, (size_t)count - 1);
            length += (size_t)count - 1;
        }
        return length + (size_t)snprintf(out + length, NUMBER_TEXT_SIZE - length, "e%c%02d",
                                         point - 1 < 0 ? '-' : '+', abs(point - 1));
    }
    if (point <= 0) {
        memcpy(out + length, "0.", 2);
        length += 2;
        for (int i = point; i < 0; i++) out[length++] = '0';
        memcpy(out + length, digits, (size_t)count);
        length += (size_t)count;
    } else {
        for (int i = 0; i < point || i < count; i++) {
            if (i == point) out[length++] = '.';
            out[length++] = i < count ? digits[i] : '0';
        }
        if (count <= point) {
            memcpy(out + length, ".0", 2);
            length += 2;
        }
    }
    out[length] = 0;
    return length;
}

// Whether `text` is `word` in any case, in ASCII.
static bool is_word(const char *text, size_t length, const char *word) {
    if (strlen(word) != length) return false;
    for (size_t i = 0; i < length; i++) {
        if ((text[i] | 0x20) != word[i]) return false;
    }
    return true;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Copies a run of digits from text[*at], with single underscores between digits dropped when allowed. Returns
// how many digits there were, or -1 for a misplaced underscore.
static int copy_digits(const char *text, size_t length, size_t *at, bool underscores, char *out,
                       size_t *used) {
    int count = 0;
    while (*at < length) {
        char c = text[*at];
        if (is_digit(c)) {
            out[(*used)++] = c;
            if (count < 1 << 30) count++;
        } else if (c == '_' && underscores) {
            if (!count || *at + 1 >= length || !is_digit(text[*at + 1])) return -1;
        } else {
            break;
        }
        (*at)++;
    }
    return count;
}

// Checks the grammar of a decimal literal while it copies it to `out`, without underscores and with the
// locale's point.
static bool copy_decimal(const char *text, size_t length, bool underscores, char *out) {
    size_t at = 0, used = 0;
    if (at < length && (text[at] == '+' || text[at] == '-')) out[used++] = text[at++];
    int whole = copy_digits(text, length, &at, underscores, out, &used);
    if (whole < 0) return false;
    int fraction = 0;
    if (at < length && text[at] == '.') {
        out[used++] = locale_point();
        at++;
        fraction = copy_digits(text, length, &at, underscores, out, &used);
        if (fraction < 0) return false;
    }
    if (!whole && !fraction) return false;
    if (at < length && (text[at] | 0x20) == 'e') {
        out[used++] = 'e';
        at++;
        if (at < length && (text[at] == '+' || text[at] == '-')) out[used++] = text[at++];
        if (copy_digits(text, length, &at, underscores, out, &used) <= 0) return false;
    }
    out[used] = 0;
    return at == length;
}

bool number_parse(const char *text, size_t length, bool underscores, bool words, double *out) {
    if (words && length) {
        bool negative = text[0] == '-';
        size_t skip = negative || text[0] == '+';
        const char *word = text + skip;
        size_t rest = length - skip;
        if (is_word(word, rest, "inf") || is_word(word, rest, "infinity")) {
            *out = negative ? -INFINITY : INFINITY;
            return true;
        }
        if (is_word(word, rest, "nan")) {
            *out = copysign(NAN, negative ? -1.0 : 1.0);
            return true;
        }
    }
    char small[128];
    char *copy = length < sizeof small - 1 ? small : malloc(length + 1);
    if (!copy) return false;
    bool good = copy_decimal(text, length, underscores, copy);
    if (good) *out = strtod(copy, NULL);
    if (copy != small) free(copy);
    return good;
}

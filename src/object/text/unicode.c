#include "object/text/unicode.h"

#include <utf8proc.h>

#include "object/text/unicode_tables.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool in_ranges(const Range *ranges, size_t count, uint32_t c) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c > ranges[middle].last)
            low = middle + 1;
        else if (c < ranges[middle].first)
            high = middle;
        else
            return true;
    }
    return false;
}
#define IN(ranges, c) in_ranges(ranges, COUNT(ranges), c)

static utf8proc_category_t category(uint32_t c) {
    utf8proc_category_t known = utf8proc_category((utf8proc_int32_t)c);
    if (known != UTF8PROC_CATEGORY_CN || !IN(assigned_later, c)) return known;
    return c >= 0x20000 ? UTF8PROC_CATEGORY_LO : UTF8PROC_CATEGORY_SO;
}

static bool is_letter(utf8proc_category_t k) {
    return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
}

bool unicode_is_space(uint32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool unicode_is_line_break(uint32_t c) {
    return (c >= 10 && c <= 13) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool unicode_is_alpha(uint32_t c) { return is_letter(category(c)); }
bool unicode_is_decimal(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_ND; }
bool unicode_is_digit(uint32_t c) { return unicode_is_decimal(c) || IN(digits_not_decimal, c); }

bool unicode_is_numeric(uint32_t c) {
    utf8proc_category_t k = category(c);
    return k == UTF8PROC_CATEGORY_ND || k == UTF8PROC_CATEGORY_NL || k == UTF8PROC_CATEGORY_NO ||
           IN(digits_not_decimal, c) || IN(numeric_letters, c);
}

bool unicode_is_printable(uint32_t c) {
    if (c < 0x7F) return c >= ' ';
    switch (category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS: return false;
    default: return true;
    }
}

bool unicode_is_lower(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_LL || IN(other_lowercase, c); }
bool unicode_is_upper(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_LU || IN(other_uppercase, c); }
bool unicode_is_title(uint32_t c) { return category(c) == UTF8PROC_CATEGORY_LT; }
bool unicode_is_cased(uint32_t c) {
    return unicode_is_lower(c) || unicode_is_upper(c) || unicode_is_title(c);
}

bool unicode_is_case_ignorable(uint32_t c) {
    switch (category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK: return true;
    default: return IN(case_ignorable_more, c);
    }
}

bool unicode_is_identifier_start(uint32_t c) {
    utf8proc_category_t k = category(c);
    if (is_letter(k) || k == UTF8PROC_CATEGORY_NL) return !IN(identifier_start_less, c);
    return c == '_' || IN(identifier_start_more, c);
}

bool unicode_is_identifier_continue(uint32_t c) {
    utf8proc_category_t k = category(c);
    if (k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_MC || k == UTF8PROC_CATEGORY_ND ||
        k == UTF8PROC_CATEGORY_PC)
        return true;
    return unicode_is_identifier_start(c) || IN(identifier_continue_more, c);
}

int unicode_decimal(uint32_t c) {
    if (c < 0x80) return c >= '0' && c <= '9' ? (int)c - '0' : -1;
    if (category(c) != UTF8PROC_CATEGORY_ND) return -1;
    // The decimal digits of a script stand in order, and where sets of them follow each other each has ten.
    uint32_t first = c;
    while (category(first - 1) == UTF8PROC_CATEGORY_ND) first--;
    return (int)((c - first) % 10);
}

static int special(const SpecialCase *cases, size_t count, uint32_t c, uint32_t out[3]) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c > cases[middle].from) {
            low = middle + 1;
        } else if (c < cases[middle].from) {
            high = middle;
        } else {
            int n = 0;
            for (; n < 3 && cases[middle].to[n]; n++) out[n] = cases[middle].to[n];
            return n;
        }
    }
    return 0;
}

int unicode_to_lower(uint32_t c, uint32_t out[3]) {
    if (c == 0x130) return out[0] = 'i', out[1] = 0x307, 2;
    return out[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)c), 1;
}

int unicode_to_upper(uint32_t c, uint32_t out[3]) {
    int n = c < 0xDF ? 0 : special(special_upper, COUNT(special_upper), c, out);
    return n ? n : (out[0] = (uint32_t)utf8proc_toupper((utf8proc_int32_t)c), 1);
}

int unicode_to_title(uint32_t c, uint32_t out[3]) {
    int n = c < 0xDF ? 0 : special(special_title, COUNT(special_title), c, out);
    return n ? n : (out[0] = (uint32_t)utf8proc_totitle((utf8proc_int32_t)c), 1);
}

int unicode_fold(uint32_t c, uint32_t out[3]) {
    utf8proc_int32_t folded[4];
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, folded, 3, UTF8PROC_CASEFOLD, NULL);
    if (n < 1 || n > 3) return out[0] = c, 1;
    for (int i = 0; i < (int)n; i++) out[i] = (uint32_t)folded[i];
    return (int)n;
}

// What may follow a number, and what is wrong with one that is none.
#include <ctype.h>
#include <string.h>

#include "base/utf8.h"
#include "grammar/aioli.h"
#include "syntax/token.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_name_byte(char c) {
    return c == '_' || is_digit(c) || (unsigned char)c >= 0x80 || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

// The error of a number whose last good byte is before `end`.
static void fail_at(Lexer *lexer, const char *end, const char *format, const char *kind) {
    uint32_t column = (uint32_t)(end - lexer->line_start) - 1;
    lexer_fail(lexer, lexer->line, column, lexer->line, column + 1, format, kind);
}

// A keyword may follow a number without a space, with a warning: `1if x else y`.
static bool keyword_follows(const char *text) {
    static const char words[][5] = {"and", "else", "for", "if", "in", "is", "not", "or"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!strncmp(text, words[i], strlen(words[i]))) return true;
    }
    return false;
}

// A digit run with single underscores inside; returns its end, or NULL where an underscore is out of place
// (then *bad is behind it).
static const char *skip_digits(const char *s, int base, const char **bad) {
    for (;;) {
        while (base == 16 ? isxdigit((unsigned char)*s) != 0 : is_digit(*s) && *s - '0' < base) s++;
        if (*s != '_') return s;
        const char next = s[1];
        if (!(base == 16 ? isxdigit((unsigned char)next) != 0 : is_digit(next) && next - '0' < base)) {
            *bad = s + 1;
            return NULL;
        }
        s++;
    }
}

// A number with a base prefix. Returns false when it is wrong.
static bool check_prefixed(Lexer *lexer, const char *start, int base) {
    const char *kind = base == 16 ? "hexadecimal" : base == 8 ? "octal" : "binary";
    const char *s = start + 2, *bad = NULL;
    for (;;) {
        if (*s == '_') s++;
        bool good = base == 16 ? isxdigit((unsigned char)*s) != 0 : is_digit(*s) && *s - '0' < base;
        if (!good) {
            if (is_digit(*s)) {
                uint32_t column = (uint32_t)(s - lexer->line_start);
                lexer_fail(lexer, lexer->line, column, lexer->line, column + 1,
                           "invalid digit '%c' in %s literal", *s, kind);
            } else {
                fail_at(lexer, s, "invalid %s literal", kind);
            }
            return false;
        }
        const char *end = skip_digits(s, base, &bad);
        if (end) {
            s = end;
            break;
        }
        s = bad - 1;
    }
    if (is_digit(*s)) {
        uint32_t column = (uint32_t)(s - lexer->line_start);
        lexer_fail(lexer, lexer->line, column, lexer->line, column + 1, "invalid digit '%c' in %s literal",
                   *s, kind);
        return false;
    }
    return true;
}

// A decimal number that starts with a zero and is not zero: only a float or an imaginary one may.
static bool check_leading_zeros(Lexer *lexer, const char *start) {
    const char *s = start, *bad = NULL;
    while (*s == '0' || (*s == '_' && is_digit(s[1]))) s++;
    const char *zeros_end = s;
    if (!is_digit(*s)) return true;
    const char *end = skip_digits(s, 10, &bad);
    if (!end || *end == '.' || (*end | 0x20) == 'j') return true;
    if ((*end | 0x20) == 'e') return true;
    uint32_t column = (uint32_t)(start - lexer->line_start);
    lexer_fail(lexer, lexer->line, column, lexer->line, (uint32_t)(zeros_end - lexer->line_start),
               "leading zeros in decimal integer literals are not permitted; "
               "use an 0o prefix for octal integers");
    lexer->error.end = SYNTAX_END_KNOWN;
    return false;
}

// Whether an underscore directly follows the number, or a number is cut short by one: says so.
static bool check_underscores(Lexer *lexer) {
    const char *end = lexer->cursor;
    if (*end != '_' || !is_digit(end[-1])) return true;
    fail_at(lexer, end + 1, "invalid %s literal", "decimal");
    return false;
}

void lexer_number(Lexer *lexer, const char *start) {
    const char *end = lexer->cursor;
    const char *kind = "decimal";
    int base = 0;
    if (start[0] == '0') {
        char mark = (char)(start[1] | 0x20);
        base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    }
    if (base) {
        if (!check_prefixed(lexer, start, base)) return;
        kind = base == 16 ? "hexadecimal" : base == 8 ? "octal" : "binary";
    } else {
        if ((end[-1] | 0x20) == 'j') {
            kind = "imaginary";
        } else {
            bool whole = start[0] == '0' && !memchr(start, '.', (size_t)(end - start));
            if (whole && !check_leading_zeros(lexer, start)) return;
            if (!check_underscores(lexer)) return;
        }
    }
    if (is_name_byte(*end)) {
        if (!keyword_follows(end)) {
            if ((unsigned char)*end >= 0x80) {
                // Only a letter makes the number wrong; another character is wrong itself.
                lexer_token(lexer, TOKEN_NUMBER, start);
                return;
            }
            fail_at(lexer, end, "invalid %s literal", kind);
            return;
        }
        char *message = arena_format(lexer->arena, "invalid %s literal", kind);
        lexer_warn(lexer, SYNTAX_WARNING, lexer->line, (uint32_t)(end - lexer->line_start) - 1, message);
    }
    lexer_token(lexer, TOKEN_NUMBER, start);
}

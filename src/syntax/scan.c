#include "syntax/scan.h"

#include <string.h>

#include "base/utf8.h"
#include "grammar/aioli.h"
#include "syntax/token.h"

// An f-string that is being read. Its fields are open brackets.
typedef struct {
    char quote;
    uint8_t quote_size;
    bool is_raw;
    uint32_t base; // how many brackets were open before it
} OpenFString;

typedef struct {
    Arena *arena;
    Scan *scan;
    const char *at, *end;
    const char *text;
    OpenFString *fstrings;
    uint32_t fstring_count, fstring_capacity;
    uint32_t line_first; // the first token of the logical line; the number of tokens if it has none yet
    bool at_line_start;
} Scanner;

// ---- Growing lists

static void *grow(Arena *arena, void *items, uint32_t count, uint32_t *capacity, size_t size) {
    if (count < *capacity) return items;
    *capacity = *capacity ? *capacity * 2 : 32;
    void *grown = arena_allocate(arena, *capacity * size);
    if (count) memcpy(grown, items, count * size);
    return grown;
}

static void add(Scanner *s, ScanKind kind, const char *start) {
    Scan *scan = s->scan;
    scan->tokens = grow(s->arena, scan->tokens, scan->count, &scan->capacity, sizeof *scan->tokens);
    ScanToken *token = &scan->tokens[scan->count++];
    *token = (ScanToken){.kind = kind, .start = (uint32_t)(start - s->text), .end = (uint32_t)(s->at - s->text)};
    if (kind == SCAN_COMMENT || !s->at_line_start) return;
    token->begins = true;
    s->at_line_start = false;
    s->line_first = scan->count - 1;
}

static char peek(const Scanner *s, size_t ahead) { return s->at + ahead < s->end ? s->at[ahead] : 0; }

static bool text_is(const Scanner *s, const ScanToken *token, const char *word) {
    size_t length = strlen(word);
    return token->end - token->start == length && memcmp(s->text + token->start, word, length) == 0;
}

// ---- Words that are keywords in some places only

// `match` and `case` are keywords before an operand, for two operands in a row are no expression. Before a bracket or a sign they are
// if the line is a header: `match` if it ends with a colon, `case` if it has one, since its block may follow at once.
static bool is_operand(const Scanner *s, const ScanToken *token) {
    switch (token->kind) {
    case SCAN_NAME:
    case SCAN_CONSTANT:
    case SCAN_NUMBER:
    case SCAN_STRING: return true;
    case SCAN_KEYWORD: return text_is(s, token, "not") || text_is(s, token, "lambda") || text_is(s, token, "await");
    default: return false;
    }
}
static bool may_be_operand(const Scanner *s, const ScanToken *token) {
    return token->kind == SCAN_OPEN || (token->kind == SCAN_OPERATOR && token->end - token->start == 1 && strchr("-+~*", s->text[token->start]));
}

static bool is_header(const Scanner *s, uint32_t first, uint32_t last) {
    const ScanToken *tokens = s->scan->tokens;
    if (text_is(s, &tokens[first], "match")) return text_is(s, &tokens[last - 1], ":");
    int depth = 0;
    for (uint32_t i = first + 1; i < last; i++) {
        depth += (tokens[i].kind == SCAN_OPEN) - (tokens[i].kind == SCAN_CLOSE);
        if (!depth && text_is(s, &tokens[i], ":")) return true;
    }
    return false;
}

static void end_line(Scanner *s) {
    ScanToken *tokens = s->scan->tokens;
    uint32_t first = s->line_first, last = s->scan->count;
    s->line_first = UINT32_MAX;
    if (s->at_line_start || first >= last) return;
    while (last > first + 1 && tokens[last - 1].kind == SCAN_COMMENT) last--;
    if (last < first + 2 || tokens[first].kind != SCAN_NAME) return;
    const ScanToken *next = &tokens[first + 1];
    if (text_is(s, &tokens[first], "type")) {
        if (next->kind == SCAN_NAME) tokens[first].kind = SCAN_SOFT;
    } else if (text_is(s, &tokens[first], "match") || text_is(s, &tokens[first], "case")) {
        if (is_operand(s, next) || (may_be_operand(s, next) && is_header(s, first, last))) tokens[first].kind = SCAN_SOFT;
    }
}

// ---- Brackets

static void open_bracket(Scanner *s, const char *start, bool is_field) {
    Scan *scan = s->scan;
    add(s, SCAN_OPEN, start);
    scan->brackets = grow(s->arena, scan->brackets, scan->bracket_count, &scan->bracket_capacity, sizeof *scan->brackets);
    scan->brackets[scan->bracket_count++] = (ScanBracket){.character = *start, .is_field = is_field, .token = scan->count - 1};
}

// The innermost bracket if it is a field of the innermost f-string.
static ScanBracket *field(const Scanner *s) {
    const Scan *scan = s->scan;
    if (!s->fstring_count || scan->bracket_count == s->fstrings[s->fstring_count - 1].base) return NULL;
    ScanBracket *innermost = &scan->brackets[scan->bracket_count - 1];
    return innermost->is_field ? innermost : NULL;
}

static void close_bracket(Scanner *s, const char *start) {
    Scan *scan = s->scan;
    uint32_t base = s->fstring_count ? s->fstrings[s->fstring_count - 1].base : 0, count = scan->bracket_count;
    char wanted = *start == ')' ? '(' : *start == ']' ? '[' : '{';
    // A brace ends the field of an f-string, whatever was left open in it.
    if (*start == '}' && s->fstring_count)
        while (count > base + 1 && !scan->brackets[count - 1].is_field && scan->brackets[count - 1].character != '{') count--;
    if (count <= base || scan->brackets[count - 1].character != wanted ||
        (wanted != '{' && scan->brackets[count - 1].is_field)) {
        add(s, SCAN_ERROR, start);
        return;
    }
    scan->bracket_count = count - 1;
    add(s, SCAN_CLOSE, start);
}

// ---- Strings

static bool at_quotes(const Scanner *s, char quote, int size) {
    return peek(s, 0) == quote && (size == 1 || (peek(s, 1) == quote && peek(s, 2) == quote));
}

// Goes over a backslash and the character behind it.
static void skip_escape(Scanner *s) {
    s->at++;
    if (s->at == s->end) return;
    if (*s->at == '\r' && peek(s, 1) == '\n') s->at++;
    s->at++;
}

static bool at_line_end(const Scanner *s) { return *s->at == '\n' || *s->at == '\r'; }

// Ended or not: an unfinished one goes to the end of its line, or of the text.
static void scan_string(Scanner *s, const char *start, char quote, int size) {
    while (s->at < s->end && !at_quotes(s, quote, size)) {
        if (size == 1 && at_line_end(s)) {
            add(s, SCAN_STRING, start);
            return;
        }
        if (*s->at == '\\')
            skip_escape(s);
        else
            s->at++;
    }
    s->scan->in_string = s->at == s->end && size == 3;
    if (s->at < s->end) s->at += size;
    add(s, SCAN_STRING, start);
}

static void add_part(Scanner *s, const char *start) {
    if (s->at > start) add(s, SCAN_STRING, start);
}

static void end_fstring(Scanner *s) { s->scan->bracket_count = s->fstrings[--s->fstring_count].base; }

// Whether literal text of an f-string comes next.
static bool in_literal(const Scanner *s) {
    if (!s->fstring_count) return false;
    const ScanBracket *innermost = field(s);
    return s->scan->bracket_count == s->fstrings[s->fstring_count - 1].base || (innermost && innermost->in_specification);
}

// Literal text of the innermost f-string, from `start` (before the cursor if its prefix and quotes belong to it), up to its end or to
// a brace.
static void scan_literal(Scanner *s, const char *start) {
    const OpenFString *f = &s->fstrings[s->fstring_count - 1];
    bool in_specification = field(s) != NULL;
    while (s->at < s->end) {
        char c = *s->at;
        if (at_quotes(s, f->quote, f->quote_size)) {
            s->at += f->quote_size;
            end_fstring(s);
            add(s, SCAN_STRING, start);
            return;
        }
        if (f->quote_size == 1 && at_line_end(s)) {
            end_fstring(s);
            add_part(s, start);
            return;
        }
        if (c == '{' || c == '}') {
            if (!in_specification && peek(s, 1) == c) {
                s->at += 2;
                continue;
            }
            add_part(s, start);
            start = s->at++;
            if (c == '{')
                open_bracket(s, start, true);
            else if (in_specification)
                close_bracket(s, start);
            else
                add(s, SCAN_ERROR, start);
            return;
        }
        if (c == '\\' && peek(s, 1) != '{' && peek(s, 1) != '}') {
            if (!f->is_raw && peek(s, 1) == 'N' && peek(s, 2) == '{') {
                const char *close = s->at + 3;
                while (close < s->end && *close != '}' && *close != '\n' && *close != f->quote) close++;
                if (close < s->end && *close == '}') {
                    s->at = close + 1;
                    continue;
                }
            }
            skip_escape(s);
        } else {
            s->at++;
        }
    }
    s->scan->in_string = f->quote_size == 3;
    add_part(s, start);
}

// From its prefix at `start`; the cursor is at the quotes.
static void scan_quoted(Scanner *s, const char *start) {
    char quote = *s->at;
    int size = at_quotes(s, quote, 3) ? 3 : 1;
    bool is_format = false, is_raw = false;
    for (const char *p = start; p < s->at; p++) is_format |= (*p | 0x20) == 'f', is_raw |= (*p | 0x20) == 'r';
    s->at += size;
    if (!is_format) {
        scan_string(s, start, quote, size);
        return;
    }
    s->fstrings = grow(s->arena, s->fstrings, s->fstring_count, &s->fstring_capacity, sizeof *s->fstrings);
    s->fstrings[s->fstring_count++] =
        (OpenFString){.quote = quote, .quote_size = (uint8_t)size, .is_raw = is_raw, .base = s->scan->bracket_count};
    scan_literal(s, start);
}

// ---- Names and numbers

static uint32_t code_at(const Scanner *s, int *bytes) {
    uint32_t code = utf8_decode(s->at, bytes);
    return code;
}

static void skip_name(Scanner *s) {
    while (s->at < s->end) {
        int bytes;
        if (!lexer_continues_name(code_at(s, &bytes))) return;
        s->at += bytes;
    }
}

static bool is_prefix(const char *text, size_t length) {
    if (length > 2) return false;
    char first = (char)(text[0] | 0x20), second = (char)(length == 2 ? text[1] | 0x20 : 0);
    if (length == 1) return strchr("rbuf", first) != NULL;
    return (first == 'r' && (second == 'b' || second == 'f')) || (second == 'r' && (first == 'b' || first == 'f'));
}

static void scan_name(Scanner *s) {
    const char *start = s->at;
    skip_name(s);
    size_t length = (size_t)(s->at - start);
    if ((peek(s, 0) == '"' || peek(s, 0) == '\'') && is_prefix(start, length)) {
        scan_quoted(s, start);
        return;
    }
    const ScanToken *before = s->scan->count ? &s->scan->tokens[s->scan->count - 1] : NULL;
    bool is_attribute = before && text_is(s, before, ".");
    ScanKind kind = SCAN_NAME;
    switch (lexer_name_kind(start, length)) {
    case TOKEN_NAME:
        if (!is_attribute && length == 8 && memcmp(start, "Ellipsis", 8) == 0) kind = SCAN_CONSTANT;
        break;
    case TOKEN_NONE:
    case TOKEN_TRUE:
    case TOKEN_FALSE: kind = SCAN_CONSTANT; break;
    default: kind = SCAN_KEYWORD; break;
    }
    add(s, kind, start);
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_digit_of(char c, int base) {
    if (base == 16) return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
    return c >= '0' && c < '0' + base;
}

// Digits with single underscores between them. False: an underscore stands where none may.
static bool skip_digits(Scanner *s, int base, bool may_begin_with_underscore) {
    bool ok = true, after_underscore = !may_begin_with_underscore;
    bool any = false;
    for (; s->at < s->end && (is_digit_of(*s->at, base) || *s->at == '_'); s->at++) {
        bool underscore = *s->at == '_';
        if (underscore && (after_underscore || (!any && !may_begin_with_underscore))) ok = false;
        after_underscore = underscore;
        any |= !underscore;
    }
    return ok && any && !after_underscore;
}

static void scan_number(Scanner *s) {
    const char *start = s->at;
    char letter = (char)(peek(s, 1) | 0x20);
    int base = *start != '0' ? 10 : letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
    bool ok = true;
    if (base != 10) {
        s->at += 2;
        ok = skip_digits(s, base, true);
    } else {
        bool is_integer = true;
        if (*s->at != '.') ok = skip_digits(s, 10, false);
        const char *digits_end = s->at;
        if (peek(s, 0) == '.') {
            is_integer = false;
            s->at++;
            if (is_digit(peek(s, 0)) || peek(s, 0) == '_') ok &= skip_digits(s, 10, false);
        }
        size_t sign = peek(s, 1) == '+' || peek(s, 1) == '-';
        if ((peek(s, 0) | 0x20) == 'e' && is_digit(peek(s, 1 + sign))) {
            is_integer = false;
            s->at += 1 + sign;
            ok &= skip_digits(s, 10, false);
        }
        if ((peek(s, 0) | 0x20) == 'j') {
            is_integer = false;
            s->at++;
        }
        // A decimal may begin with zeros only if it is zero.
        if (is_integer && *start == '0')
            for (const char *p = start; p < digits_end; p++) ok &= *p == '0' || *p == '_';
    }
    // A keyword may follow at once, as in `1if x else 2`; nothing else that could be a part of a name.
    const char *number_end = s->at;
    skip_name(s);
    static const char *const words[] = {"and", "else", "for", "if", "in", "is", "not", "or"};
    size_t length = (size_t)(s->at - number_end);
    bool is_word = !length;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        is_word |= length == strlen(words[i]) && memcmp(number_end, words[i], length) == 0;
    if (is_word) s->at = number_end;
    add(s, ok && is_word ? SCAN_NUMBER : SCAN_ERROR, start);
}

// ---- Everything

// The length of the operator at the cursor; 0: there is none.
static size_t operator_length(const Scanner *s) {
    char c = *s->at, next = peek(s, 1);
    const ScanBracket *innermost = field(s);
    if (!c) return 0;
    // Directly in a field of an f-string a colon begins the specification, whatever follows it.
    if (c == ':' && innermost) return 1;
    if (next == c && strchr("*/<>", c)) return peek(s, 2) == '=' ? 3 : 2;
    if (next == '=' && strchr("=!<>+-*/%@&|^:", c)) return 2;
    if (c == '-' && next == '>') return 2;
    if (c == '!') return innermost != NULL;
    return strchr("+-*/%@&|^~<>=.,:;", c) != NULL;
}

static void scan_backslash(Scanner *s) {
    const char *start = s->at++;
    if (peek(s, 0) == '\r' && peek(s, 1) == '\n') s->at++;
    if (s->at < s->end && at_line_end(s)) {
        s->at++;
        return;
    }
    s->scan->is_continued = s->at == s->end;
    add(s, s->at == s->end ? SCAN_OPERATOR : SCAN_ERROR, start);
}

static void scan_other(Scanner *s) {
    const char *start = s->at;
    int bytes;
    if (lexer_starts_name(code_at(s, &bytes))) {
        scan_name(s);
        return;
    }
    size_t length = operator_length(s);
    if (!length) {
        s->at += bytes;
        add(s, SCAN_ERROR, start);
        return;
    }
    ScanBracket *innermost = field(s);
    if (innermost && *start == ':') innermost->in_specification = true;
    s->at += length;
    add(s, SCAN_OPERATOR, start);
    if (*start == ';' && !s->scan->bracket_count) {
        // `type` may begin the next statement, but the line goes on.
        end_line(s);
        s->line_first = s->scan->count;
    }
}

static void scan_one(Scanner *s) {
    const char *start = s->at;
    switch (*s->at) {
    case ' ':
    case '\t':
    case '\f': s->at++; return;
    case '\r':
    case '\n':
        s->at++;
        if (s->scan->bracket_count) return;
        end_line(s);
        s->at_line_start = true;
        return;
    case '#':
        while (s->at < s->end && !at_line_end(s)) s->at++;
        add(s, SCAN_COMMENT, start);
        return;
    case '\\': scan_backslash(s); return;
    case '"':
    case '\'': scan_quoted(s, start); return;
    case '(':
    case '[':
    case '{':
        s->at++;
        open_bracket(s, start, false);
        return;
    case ')':
    case ']':
    case '}':
        s->at++;
        close_bracket(s, start);
        return;
    case '.':
        if (peek(s, 1) == '.' && peek(s, 2) == '.') {
            s->at += 3;
            add(s, SCAN_CONSTANT, start);
            return;
        }
        if (!is_digit(peek(s, 1))) break;
        scan_number(s);
        return;
    default:
        if (!is_digit(*s->at)) break;
        scan_number(s);
        return;
    }
    scan_other(s);
}

void scan_text(Arena *arena, const char *text, size_t length, Scan *scan) {
    *scan = (Scan){0};
    Scanner s = {.arena = arena, .scan = scan, .at = text, .end = text + length, .text = text, .line_first = UINT32_MAX,
                 .at_line_start = true};
    while (s.at < s.end) {
        if (in_literal(&s))
            scan_literal(&s, s.at);
        else
            scan_one(&s);
    }
    end_line(&s);
}

#include "syntax/typed.h"

#include <string.h>

#include "syntax/parse.h"
#include "syntax/scan.h"

// ---- Whether it is all

static bool is_blank(const char *text, const char *end) {
    while (text < end && strchr(" \t\f\r", *text)) text++;
    return text == end;
}

static const char *last_line(const char *text, const char *end) {
    const char *start = end;
    while (start > text && start[-1] != '\n') start--;
    return start;
}

static bool has_block(const Node *statement) {
    switch (statement->kind) {
    case NODE_FUNCTION_DEF:
    case NODE_CLASS_DEF:
    case NODE_FOR:
    case NODE_WHILE:
    case NODE_IF:
    case NODE_WITH:
    case NODE_MATCH:
    case NODE_TRY: return true;
    default: return false;
    }
}

// Whether the text ends where something is open that no empty line ends.
static bool is_open(Arena *arena, const char *text, size_t length) {
    Scan scan;
    scan_text(arena, text, length, &scan);
    return scan.bracket_count || scan.in_string || scan.is_continued;
}

TypedState typed_state(Arena *arena, const char *text, size_t length) {
    const char *line = last_line(text, text + length);
    bool after_blank = line > text && is_blank(line, text + length);
    // With a line end of its own the last line is read as one: what a backslash before it joins is empty then.
    char *whole = arena_allocate(arena, length + 2);
    memcpy(whole, text, length);
    size_t size = length;
    if (after_blank) whole[size++] = '\n';
    ParseResult result = parse_source(arena, whole, size, PARSE_FILE);
    if (result.module) {
        NodeList body = result.module->body;
        bool may_go_on = body.count && has_block(body.items[body.count - 1]) && !after_blank;
        return may_go_on ? TYPED_INCOMPLETE : TYPED_COMPLETE;
    }
    if (!result.error.incomplete) return TYPED_INVALID;
    return !after_blank || is_open(arena, text, length) ? TYPED_INCOMPLETE : TYPED_INVALID;
}

// ---- Where the next line begins

enum { USUAL_STEP = 4, TAB = 8 };

// The columns of the white space that a line begins with.
static size_t leading_columns(const char *line, const char *end) {
    size_t column = 0;
    for (; line < end && (*line == ' ' || *line == '\t'); line++) column = *line == ' ' ? column + 1 : (column / TAB + 1) * TAB;
    return column;
}

// The columns of the line that an offset is in, up to the offset: each character counts as one.
static size_t columns_before(const char *line, const char *at) {
    size_t column = 0;
    for (; line < at; line++) {
        if (*line == '\t')
            column = (column / TAB + 1) * TAB;
        else
            column += ((unsigned char)*line & 0xC0) != 0x80;
    }
    return column;
}

static size_t column_of_line(const char *text, const char *end, const ScanToken *token) {
    return leading_columns(last_line(text, text + token->start), end);
}

// By how much blocks go in here: as the first one in the text does.
static size_t find_step(const char *text, const char *end, const Scan *scan) {
    size_t before = SIZE_MAX;
    for (uint32_t i = 0; i < scan->count; i++) {
        if (!scan->tokens[i].begins) continue;
        size_t column = column_of_line(text, end, &scan->tokens[i]);
        if (column > before) return column - before;
        before = column;
    }
    return USUAL_STEP;
}

static bool is_word(const char *text, const ScanToken *token, const char *word) {
    return token->end - token->start == strlen(word) && memcmp(text + token->start, word, strlen(word)) == 0;
}

// Behind an open bracket the line begins where its first item does, or one step in if the bracket ends its line.
static size_t in_bracket(const char *text, const char *end, const Scan *scan) {
    uint32_t open = scan->brackets[scan->bracket_count - 1].token;
    const char *bracket = text + scan->tokens[open].start, *line = last_line(text, bracket);
    if (open + 1 < scan->count && scan->tokens[open + 1].kind != SCAN_COMMENT) {
        const char *item = text + scan->tokens[open + 1].start;
        if (!memchr(bracket, '\n', (size_t)(item - bracket))) return columns_before(line, item);
    }
    return leading_columns(line, end) + find_step(text, end, scan);
}

// A first line goes in for those that it is continued with; they stay where they are.
static size_t after_backslash(const char *text, const char *end, const Scan *scan) {
    const char *line = last_line(text, end);
    bool is_second = line - text >= 2 && line[-2] == '\\';
    return leading_columns(line, end) + (is_second ? 0 : find_step(text, end, scan));
}

// The column of the block around the logical line of `first`.
static size_t outer_column(const char *text, const char *end, const Scan *scan, uint32_t first) {
    size_t column = column_of_line(text, end, &scan->tokens[first]);
    for (uint32_t i = first; i-- > 0;) {
        if (!scan->tokens[i].begins) continue;
        size_t other = column_of_line(text, end, &scan->tokens[i]);
        if (other < column) return other;
    }
    return 0;
}

size_t typed_indentation(Arena *arena, const char *text, size_t length) {
    const char *end = text + length, *line = last_line(text, end);
    Scan scan;
    scan_text(arena, text, length, &scan);
    if (scan.in_string) return leading_columns(line, end);
    if (scan.bracket_count) return in_bracket(text, end, &scan);
    if (scan.is_continued) return after_backslash(text, end, &scan);
    uint32_t first = scan.count, last = scan.count;
    while (first && !scan.tokens[first - 1].begins) first--;
    if (!first) return leading_columns(line, end);
    first--;
    while (scan.tokens[last - 1].kind == SCAN_COMMENT) last--;
    // A line that is a comment alone stands where it is meant to.
    if (last < scan.count && memchr(text + scan.tokens[last - 1].end, '\n', scan.tokens[scan.count - 1].start - scan.tokens[last - 1].end))
        return column_of_line(text, end, &scan.tokens[scan.count - 1]);
    size_t column = column_of_line(text, end, &scan.tokens[first]);
    if (is_word(text, &scan.tokens[last - 1], ":")) return column + find_step(text, end, &scan);
    static const char *const leaving[] = {"return", "pass", "break", "continue", "raise"};
    for (size_t i = 0; i < sizeof leaving / sizeof *leaving; i++)
        if (is_word(text, &scan.tokens[first], leaving[i])) return outer_column(text, end, &scan, first);
    return column;
}

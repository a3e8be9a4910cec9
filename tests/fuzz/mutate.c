#include "mutate.h"

#include <ctype.h>
#include <stdbool.h>

typedef struct {
    size_t start, end;
} Piece;

enum { LONGEST = 100000 };

static uint32_t below(Random *random, size_t n) { return n ? random_below(random, (uint32_t)n) : 0; }

// A line, with its line break.
static Piece draw_line(const Buffer *text, Random *random) {
    size_t at = below(random, text->length), end = at;
    while (at > 0 && text->data[at - 1] != '\n') at--;
    while (end < text->length && text->data[end] != '\n') end++;
    return (Piece){at, end < text->length ? end + 1 : end};
}

static size_t indentation(const Buffer *text, size_t line) {
    size_t n = 0;
    while (line + n < text->length && text->data[line + n] == ' ') n++;
    return n;
}

// A line and what is indented below it.
static Piece draw_block(const Buffer *text, Random *random) {
    Piece block = draw_line(text, random);
    size_t own = indentation(text, block.start);
    while (block.end < text->length && (text->data[block.end] == '\n' || indentation(text, block.end) > own)) {
        while (block.end < text->length && text->data[block.end] != '\n') block.end++;
        if (block.end < text->length) block.end++;
    }
    return block;
}

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80; }

// Something like an expression: a word or a string, with the brackets that follow it.
static Piece draw_expression(const Buffer *text, Random *random) {
    size_t at = below(random, text->length), end;
    while (at < text->length && !is_word(text->data[at]) && !strchr("([{\"'", text->data[at])) at++;
    while (at > 0 && at < text->length && is_word(text->data[at]) && is_word(text->data[at - 1])) at--;
    for (end = at; end < text->length && is_word(text->data[end]); end++) {}
    int depth = 0;
    while (end < text->length && text->data[end] != '\n') {
        char c = text->data[end];
        if (strchr("([{", c)) depth++;
        if (strchr(")]}", c) && --depth <= 0) {
            end += depth == 0;
            break;
        }
        if (depth == 0) break;
        end++;
    }
    return (Piece){at, end};
}

static Piece draw(const Buffer *text, Random *random, uint32_t kind) {
    return kind == 0 ? draw_line(text, random) : kind == 1 ? draw_block(text, random) : draw_expression(text, random);
}

// Puts `length` bytes in place of a piece.
static void replace(Buffer *text, Piece old, const char *bytes, size_t length) {
    Buffer result;
    buffer_init(&result, text->allocator);
    buffer_append(&result, text->data, old.start);
    buffer_append(&result, bytes, length);
    buffer_append(&result, text->data + old.end, text->length - old.end);
    buffer_free(text);
    *text = result;
}

// Lines of another place get this place's indentation, as far as their first line tells.
static void replace_lines(Buffer *text, Piece old, const char *bytes, size_t length, size_t had, size_t wanted) {
    Buffer moved;
    buffer_init(&moved, text->allocator);
    for (size_t at = 0; at < length;) {
        size_t drop = 0;
        while (drop < had && at + drop < length && bytes[at + drop] == ' ') drop++;
        for (size_t i = 0; i < wanted; i++) buffer_byte(&moved, ' ');
        at += drop;
        while (at < length && bytes[at] != '\n') buffer_byte(&moved, bytes[at++]);
        buffer_byte(&moved, '\n');
        at++;
    }
    replace(text, old, moved.data ? moved.data : "", moved.length);
    buffer_free(&moved);
}

static void insert_word(Buffer *text, Random *random) {
    static const char *const words[] = {
        "None", "0", "-1", "2**63", "[]", "()", "{}", "''", "b''", "float('nan')", "float('inf')", "object()", "type", "object", "self",
        "*[1]", "**{}", "lambda *a: a", "...", "NotImplemented", "range(2**70)", "slice(None)", "(yield)", "1j", "int", "str", "super()",
        "asyncio.sleep(0)", "[None]*9", "print", "Exception", "ValueError(1)", "iter([1])", "memoryview(b'abc')", "bytearray(b'xyz')"};
    Piece old = draw_expression(text, random);
    const char *word = words[random_below(random, sizeof words / sizeof *words)];
    replace(text, old, word, strlen(word));
}

static void mutate_once(Buffer *text, const Buffer *other, Random *random) {
    uint32_t kind = random_below(random, 4), what = random_below(random, 6);
    Piece old = draw(text, random, kind);
    const Buffer *from = what == 1 && other->length ? other : text;
    Piece new = draw(from, random, kind);
    if (what == 2) return insert_word(text, random);
    if (what == 3) return replace(text, old, "", 0);
    if (what == 4) old.end = old.start; // put in rather than put in place of
    if (new.end - new.start + text->length > LONGEST || !from->length) return;
    Buffer copy; // `from` may be the text itself
    buffer_init(&copy, text->allocator);
    buffer_append(&copy, from->data + new.start, new.end - new.start);
    if (kind < 2) {
        replace_lines(text, old, copy.data, copy.length, indentation(from, new.start), indentation(text, old.start));
    } else if (copy.length) {
        if (what == 4) buffer_text(&copy, ", ");
        replace(text, old, copy.data, copy.length);
    }
    buffer_free(&copy);
}

void mutate_program(Buffer *text, const Buffer *other, Random *random) {
    for (uint32_t n = 1 + random_below(random, 6); n && text->length; n--) mutate_once(text, other, random);
}

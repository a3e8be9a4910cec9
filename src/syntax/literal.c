// What strings mean: escapes, concatenation, and the parts of f-strings.
#include <string.h>

#include "base/number.h"
#include "base/unicode_name.h"
#include "base/utf8.h"
#include "grammar/aioli.h"
#include "syntax/parser.h"

// A string token taken apart.
typedef struct {
    const char *body;
    size_t length;
    bool raw, bytes;
} Quoted;

static Quoted take_apart(const Parser *parser, uint32_t token) {
    const Token *t = &parser->tokens[token];
    const char *s = parser->text + t->start, *end = parser->text + t->end;
    Quoted quoted = {0};
    for (; *s != '\'' && *s != '"'; s++) {
        quoted.raw |= (*s | 0x20) == 'r';
        quoted.bytes |= (*s | 0x20) == 'b';
    }
    size_t size = end - s >= 6 && s[1] == *s && s[2] == *s ? 3 : 1;
    quoted.body = s + size;
    quoted.length = (size_t)(end - s) - 2 * size;
    return quoted;
}

// Where an escape is read from and where its meaning goes.
typedef struct {
    Parser *parser;
    uint32_t token;
    const char *start, *next, *end;
    char *out;
    bool bytes;
    bool in_fstring;
    bool warned;
} Escapes;

// The number of characters before `at` in the text as the decoder of escapes counts them: those beyond ASCII
// stand as ten-character escapes there.
static size_t escape_position(const Escapes *escapes, const char *at) {
    size_t position = 0;
    for (const char *s = escapes->start; s < at;) {
        int width = utf8_width((unsigned char)*s);
        position += width == 1 ? 1 : 10;
        s += width;
    }
    return position;
}

// The token that is blamed: for an f-string its end.
static uint32_t blamed(const Escapes *escapes) {
    const Token *tokens = escapes->parser->tokens;
    if (!escapes->in_fstring) return escapes->token;
    uint32_t end = tokens[tokens[escapes->token].partner].partner;
    return end ? end : escapes->token;
}

static bool fail_escape(Escapes *escapes, const char *from, const char *until, const char *what) {
    size_t first = escape_position(escapes, from);
    size_t last = escape_position(escapes, until) - 1;
    if (last > first) {
        fail_tokens(escapes->parser, blamed(escapes), blamed(escapes),
                    "(unicode error) 'unicodeescape' codec can't decode bytes in position %zu-%zu: %s", first,
                    last, what);
    } else {
        fail_tokens(escapes->parser, blamed(escapes), blamed(escapes),
                    "(unicode error) 'unicodeescape' codec can't decode byte 0x5c in position %zu: %s", first,
                    what);
    }
    return false;
}

// \xXX, \uXXXX or \UXXXXXXXX; `next` is behind its letter.
static bool read_hexadecimal(Escapes *escapes, const char *backslash, int digits) {
    uint32_t code = 0;
    int count = 0;
    for (; count < digits && escapes->next < escapes->end; count++) {
        int value = hexadecimal_value(*escapes->next);
        if (value < 0) break;
        code = code << 4 | (uint32_t)value;
        escapes->next++;
    }
    if (count < digits) {
        if (escapes->bytes) {
            fail_tokens(escapes->parser, blamed(escapes), blamed(escapes),
                        "(value error) invalid \\x escape at position %zu",
                        (size_t)(backslash - escapes->start));
            return false;
        }
        return fail_escape(escapes, backslash, escapes->next,
                           digits == 2   ? "truncated \\xXX escape"
                           : digits == 4 ? "truncated \\uXXXX escape"
                                         : "truncated \\UXXXXXXXX escape");
    }
    if (code > 0x10FFFF) return fail_escape(escapes, backslash, escapes->next, "illegal Unicode character");
    if (escapes->bytes)
        *escapes->out++ = (char)code;
    else
        escapes->out += utf8_encode(code, escapes->out);
    return true;
}

// Warns of the first invalid escape of a token, as CPython does: a warning for each would drown the rest.
static void warn_escape(Escapes *escapes, const char *format, int length, const char *backslash) {
    Parser *parser = escapes->parser;
    // CPython says nothing of characters beyond ASCII.
    if (escapes->warned || (unsigned char)backslash[1] >= 0x80) return;
    escapes->warned = true;
    SyntaxWarning *warning = arena_allocate(parser->arena, sizeof *warning);
    *warning = (SyntaxWarning){.kind = SYNTAX_WARNING, .shows_text = true, .range = parser->tokens[escapes->token].range};
    warning->line = warning->range.line;
    warning->message =
        arena_format(parser->arena, "invalid %sescape sequence '\\%.*s'", format, length, backslash + 1);
    *parser->next_warning = warning;
    parser->next_warning = &warning->next;
}

static bool read_octal(Escapes *escapes, const char *backslash, char first) {
    int code = first - '0';
    for (int i = 0; i < 2 && escapes->next < escapes->end; i++) {
        if (*escapes->next < '0' || *escapes->next > '7') break;
        code = code * 8 + (*escapes->next++ - '0');
    }
    if (code > 255) warn_escape(escapes, "octal ", 3, backslash);
    if (escapes->bytes)
        *escapes->out++ = (char)code;
    else
        escapes->out += utf8_encode((uint32_t)code, escapes->out);
    return true;
}

// \N{NAME}.
static bool read_named(Escapes *escapes, const char *backslash) {
    const char *close = NULL;
    if (escapes->next < escapes->end && *escapes->next == '{') {
        close = memchr(escapes->next, '}', (size_t)(escapes->end - escapes->next));
    }
    if (!close || close == escapes->next + 1) {
        const char *until = escapes->next;
        if (until < escapes->end && *until == '{') until = close ? close : escapes->end;
        return fail_escape(escapes, backslash, until, "malformed \\N character escape");
    }
    int32_t code = unicode_name_find(escapes->next + 1, (size_t)(close - escapes->next - 1));
    if (code >= 0) {
        escapes->next = close + 1;
        escapes->out += utf8_encode((uint32_t)code, escapes->out);
        return true;
    }
    if (unicode_names_known()) return fail_escape(escapes, backslash, close + 1, "unknown Unicode character name");
    fail_tokens(escapes->parser, blamed(escapes), blamed(escapes),
                "\\N{%.*s} is not supported: character names are not known here, use a \\u or \\U escape",
                (int)(close - escapes->next - 1 > 60 ? 60 : close - escapes->next - 1), escapes->next + 1);
    return false;
}

// One escape; `next` is at its backslash.
static bool read_escape(Escapes *escapes) {
    const char *backslash = escapes->next++;
    if (escapes->next >= escapes->end) {
        // Only in an f-string, before a brace: the backslash stands for itself.
        *escapes->out++ = '\\';
        if (escapes->in_fstring) warn_escape(escapes, "", 1, backslash);
        return true;
    }
    char c = *escapes->next++;
    switch (c) {
    case '\n': return true;
    case '\\': *escapes->out++ = '\\'; return true;
    case '\'': *escapes->out++ = '\''; return true;
    case '"': *escapes->out++ = '"'; return true;
    case 'a': *escapes->out++ = '\a'; return true;
    case 'b': *escapes->out++ = '\b'; return true;
    case 'f': *escapes->out++ = '\f'; return true;
    case 'n': *escapes->out++ = '\n'; return true;
    case 'r': *escapes->out++ = '\r'; return true;
    case 't': *escapes->out++ = '\t'; return true;
    case 'v': *escapes->out++ = '\v'; return true;
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7': return read_octal(escapes, backslash, c);
    case 'x': return read_hexadecimal(escapes, backslash, 2);
    case 'u':
        if (!escapes->bytes) return read_hexadecimal(escapes, backslash, 4);
        break;
    case 'U':
        if (!escapes->bytes) return read_hexadecimal(escapes, backslash, 8);
        break;
    case 'N':
        if (!escapes->bytes) return read_named(escapes, backslash);
        break;
    default: break;
    }
    warn_escape(escapes, "", utf8_width((unsigned char)c), backslash);
    *escapes->out++ = '\\';
    escapes->next = backslash + 1;
    return true;
}

bool decode_string(Parser *parser, uint32_t token, const char *text, size_t length, bool raw, bool bytes,
                   Text *out) {
    if (raw || !memchr(text, '\\', length)) {
        *out = (Text){arena_copy(parser->arena, text, length), length};
        return true;
    }
    // No escape's meaning is longer than the escape.
    char *decoded = arena_allocate(parser->arena, length + 1);
    bool in_fstring = parser->tokens[token].kind == TOKEN_FSTRING_MIDDLE;
    Escapes escapes = {parser, token, text, text, text + length, decoded, bytes, in_fstring, false};
    while (escapes.next < escapes.end) {
        if (*escapes.next != '\\') {
            *escapes.out++ = *escapes.next++;
        } else if (!read_escape(&escapes)) {
            *out = (Text){"", 0};
            return false;
        }
    }
    *out = (Text){decoded, (size_t)(escapes.out - decoded)};
    return true;
}

List *string_piece_add(Parser *parser, List *list, StringPiece piece) {
    if (!list) {
        list = node_list_new(parser, sizeof piece);
        list->first = piece.first;
    }
    *(StringPiece *)list_add(parser, list) = piece;
    list->last = piece.last;
    return list;
}

static bool is_raw_fstring(const Parser *parser, uint32_t start) {
    const char *s = parser->text + parser->tokens[start].start;
    return (s[0] | 0x20) == 'r' || (s[1] | 0x20) == 'r';
}

// Literal text without its doubled braces.
static Text undouble(Parser *parser, const char *text, size_t length, bool raw) {
    char *copy = arena_allocate(parser->arena, length + 1);
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        copy[count++] = text[i];
        bool escapes = !raw && text[i] == '\\' && i + 1 < length;
        if (escapes && i + 2 < length && text[i + 1] == 'N' && text[i + 2] == '{') {
            while (i + 1 < length && text[i] != '}') copy[count++] = text[++i];
        } else if (escapes && text[i + 1] == '\\') {
            copy[count++] = text[++i]; // what follows is not escaped
        } else if ((text[i] == '{' || text[i] == '}') && i + 1 < length && text[i + 1] == text[i]) {
            i++;
        }
    }
    return (Text){copy, count};
}

Node *make_fstring_middle(Parser *parser, uint32_t token, bool raw, bool in_specification) {
    Node *node = node_new(parser, NODE_CONSTANT, token, token);
    node->constant.kind = CONSTANT_STRING;
    const Token *t = &parser->tokens[token];
    const char *text = parser->text + t->start;
    size_t length = t->end - t->start;
    if (!in_specification && (memchr(text, '{', length) || memchr(text, '}', length))) {
        // Escapes first see the single braces; \N{…} keeps its own.
        Text single = undouble(parser, text, length, raw);
        decode_string(parser, token, single.data, single.length, raw, false, &node->constant.text);
    } else {
        decode_string(parser, token, text, length, raw, false, &node->constant.text);
    }
    return node;
}

List *middle_add(Parser *parser, List *parts, uint32_t token, bool in_specification) {
    bool raw = is_raw_fstring(parser, parser->tokens[token].partner);
    return nodes_add(parser, parts, make_fstring_middle(parser, token, raw, in_specification));
}

Node *make_joined(Parser *parser, uint32_t first, uint32_t last, List *parts) {
    Node *node = node_new(parser, NODE_JOINED_STRING, first, last);
    node->parts = adopt_all(parser, node, nodes_done(parts));
    return node;
}

// The source text from the end of one token to the start of another, without comments.
static Text source_between(Parser *parser, uint32_t after, uint32_t until) {
    const Token *tokens = parser->tokens;
    uint32_t start = tokens[after].end, end = tokens[until].start;
    char *text = arena_allocate(parser->arena, end - start + 1);
    size_t length = 0;
    for (uint32_t i = after; i < until; i++) {
        // Only between tokens can a # start a comment.
        const char *s = parser->text + tokens[i].end, *gap_end = parser->text + tokens[i + 1].start;
        bool comment = false;
        for (; s < gap_end; s++) {
            if (*s == '#') comment = true;
            if (*s == '\n') comment = false;
            if (!comment) text[length++] = *s;
        }
        if (i + 1 == until) break;
        size_t size = tokens[i + 1].end - tokens[i + 1].start;
        memcpy(text + length, parser->text + tokens[i + 1].start, size);
        length += size;
    }
    return (Text){text, length};
}

List *field_add(Parser *parser, List *parts, uint32_t open, Expression value, uint32_t equal,
                uint32_t exclamation, uint32_t conversion, uint32_t colon, List *specification,
                uint32_t close) {
    Node *node = node_new(parser, NODE_FORMATTED_VALUE, open, close);
    node->formatted.value = adopt(parser, node, value.node);
    if (conversion) {
        const Token *t = &parser->tokens[conversion];
        char letter = parser->text[t->start];
        if (t->start != parser->tokens[exclamation].end) {
            fail_tokens(parser, exclamation, conversion,
                        "f-string: conversion type must come right after the exclamanation mark");
        } else if (t->end - t->start != 1 || (letter != 's' && letter != 'r' && letter != 'a')) {
            fail_tokens(parser, conversion, conversion,
                        "f-string: invalid conversion character '%.*s': expected 's', 'r', or 'a'",
                        (int)(t->end - t->start > 80 ? 80 : t->end - t->start), parser->text + t->start);
        }
        node->formatted.conversion = letter;
    }
    if (specification) {
        Node *joined = node_new(parser, NODE_JOINED_STRING, colon, close);
        joined->range.end_line = parser->tokens[close].range.line;
        joined->range.end_column = parser->tokens[close].range.column;
        joined->parts = adopt_all(parser, joined, nodes_done(specification));
        node->formatted.specification = adopt(parser, node, joined);
    }
    if (equal) {
        uint32_t until = exclamation ? exclamation : colon ? colon : close;
        Node *text = node_new(parser, NODE_CONSTANT, open, until);
        text->range.line = parser->tokens[open].range.end_line;
        text->range.column = parser->tokens[open].range.end_column;
        text->range.end_line = parser->tokens[until].range.line;
        text->range.end_column = parser->tokens[until].range.column;
        text->constant.kind = CONSTANT_STRING;
        text->constant.text = source_between(parser, open, until);
        nodes_add(parser, parts, text);
        if (!conversion && !specification) node->formatted.conversion = 'r';
    }
    return nodes_add(parser, parts, node);
}

// Joins neighbouring constants of an f-string's parts, and drops empty ones.
static List *fold_parts(Parser *parser, const List *parts) {
    Node *const *items = parts->items;
    List *folded = node_list_new(parser, sizeof(Node *));
    for (size_t i = 0; i < parts->count;) {
        if (items[i]->kind != NODE_CONSTANT) {
            nodes_add(parser, folded, items[i++]);
            continue;
        }
        size_t end = i, length = 0;
        for (; end < parts->count && items[end]->kind == NODE_CONSTANT; end++)
            length += items[end]->constant.text.length;
        if (length) {
            Node *joined = items[i];
            if (end > i + 1) {
                char *text = arena_allocate(parser->arena, length + 1), *to = text;
                for (size_t k = i; k < end; k++) {
                    memcpy(to, items[k]->constant.text.data, items[k]->constant.text.length);
                    to += items[k]->constant.text.length;
                }
                joined = arena_allocate(parser->arena, sizeof *joined);
                *joined = *items[i];
                joined->range.end_line = items[end - 1]->range.end_line;
                joined->range.end_column = items[end - 1]->range.end_column;
                joined->constant.text = (Text){text, length};
            }
            nodes_add(parser, folded, joined);
        }
        i = end;
    }
    return folded;
}

// The constant that a plain string token is.
static Node *plain_string(Parser *parser, uint32_t token) {
    Quoted quoted = take_apart(parser, token);
    Node *node = node_new(parser, NODE_CONSTANT, token, token);
    node->constant.kind = quoted.bytes ? CONSTANT_BYTES : CONSTANT_STRING;
    if (quoted.bytes && !utf8_is_ascii(quoted.body, quoted.length)) {
        fail_tokens(parser, token, token, "bytes can only contain ASCII literal characters");
    }
    decode_string(parser, token, quoted.body, quoted.length, quoted.raw, quoted.bytes, &node->constant.text);
    return node;
}

Expression make_strings(Parser *parser, List *pieces) {
    const StringPiece *items = pieces->items;
    List *parts = node_list_new(parser, sizeof(Node *));
    bool formatted = false, bytes = false, text = false;
    for (size_t i = 0; i < pieces->count; i++) {
        if (items[i].parts) {
            formatted = text = true;
            for (size_t k = 0; k < items[i].parts->count; k++)
                nodes_add(parser, parts, ((Node **)items[i].parts->items)[k]);
            continue;
        }
        Node *node = plain_string(parser, items[i].first);
        *(node->constant.kind == CONSTANT_BYTES ? &bytes : &text) = true;
        nodes_add(parser, parts, node);
    }
    if (bytes && text) {
        fail_tokens(parser, parser->reached, parser->reached, "cannot mix bytes and nonbytes literals");
    }
    Expression e = {NULL, pieces->first, pieces->last};
    if (formatted) {
        e.node = make_joined(parser, pieces->first, pieces->last, fold_parts(parser, parts));
        return e;
    }
    Node *first = *(Node **)parts->items;
    if (parts->count > 1) {
        List *folded = fold_parts(parser, parts);
        if (folded->count) first = *(Node **)folded->items;
    }
    first->range = token_range(parser, pieces->first, pieces->last);
    e.node = first;
    return e;
}

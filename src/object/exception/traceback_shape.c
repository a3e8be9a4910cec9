// What a piece of source is as a whole, as far as a traceback's markers ask: an operation, a subscript, a call. It is found
// from the piece's tokens alone, without a tree: between brackets nothing can bind looser than the operators outside of
// them, so one walk over the tokens at bracket level 0 finds the operator that binds loosest (the root of the tree that a
// parser would build, by the principle of operator precedence: Floyd, "Syntactic Analysis and Operator Precedence", 1963).
#include "base/arena.h"
#include "base/utf8.h"
#include "grammar/aioli.h"
#include "object/exception/traceback_internal.h"
#include "object/shared/builtin.h"
#include "syntax/token.h"

// How tightly operators bind; those of equal tightness are grouped from the left, but for powers.
enum { BINDS_NOT, BINDS_OR, BINDS_XOR, BINDS_AND, BINDS_SHIFT, BINDS_SUM, BINDS_PRODUCT, BINDS_POWER };

static int tightness(int kind) {
    switch (kind) {
    case TOKEN_BAR: return BINDS_OR;
    case TOKEN_CARET: return BINDS_XOR;
    case TOKEN_AMPERSAND: return BINDS_AND;
    case TOKEN_LEFT_SHIFT:
    case TOKEN_RIGHT_SHIFT: return BINDS_SHIFT;
    case TOKEN_PLUS:
    case TOKEN_MINUS: return BINDS_SUM;
    case TOKEN_STAR:
    case TOKEN_SLASH:
    case TOKEN_DOUBLE_SLASH:
    case TOKEN_PERCENT:
    case TOKEN_AT: return BINDS_PRODUCT;
    case TOKEN_DOUBLE_STAR: return BINDS_POWER;
    default: return BINDS_NOT;
    }
}

static bool is_sign(int kind) { return kind == TOKEN_PLUS || kind == TOKEN_MINUS || kind == TOKEN_TILDE; }

static bool is_opening(int kind) { return kind == TOKEN_LPAR || kind == TOKEN_LSQB || kind == TOKEN_LBRACE; }

static bool is_word_or_literal(int kind) {
    return kind == TOKEN_NAME || kind == TOKEN_NUMBER || kind == TOKEN_STRING || kind == TOKEN_NONE || kind == TOKEN_TRUE ||
           kind == TOKEN_FALSE || kind == TOKEN_ELLIPSIS;
}

// Whether a parenthesis only groups: what it holds is neither empty nor a tuple nor a generator.
static bool only_groups(const Token *tokens, uint32_t open) {
    uint32_t close = tokens[open].partner;
    if (tokens[open].kind != TOKEN_LPAR || close == open + 1) return false;
    for (uint32_t i = open + 1; i < close; i++) {
        int kind = tokens[i].kind;
        if (kind == TOKEN_COMMA || kind == TOKEN_FOR) return false;
        if ((is_opening(kind) || kind == TOKEN_FSTRING_START) && tokens[i].partner) i = tokens[i].partner;
    }
    return true;
}

// Leaves out parentheses that only group and hold all the tokens first … last.
static void strip_groups(const Token *tokens, uint32_t *first, uint32_t *last) {
    while (*first < *last && tokens[*first].partner == *last && only_groups(tokens, *first)) ++*first, --*last;
}

typedef struct {
    uint32_t operation; // the operator that binds loosest, 0 when there is none
    uint32_t trailer;   // the bracket that the tokens end with, when it follows what it is applied to; else 0
} Roots;

// False where the tokens are no operands joined by the operators above: a comparison, a statement, …
static bool walk(const Token *tokens, uint32_t first, uint32_t last, Roots *roots) {
    *roots = (Roots){0};
    int loosest = BINDS_POWER + 1;
    bool operand = false; // whether what has been read ends with one
    for (uint32_t i = first; i <= last; i++) {
        int kind = tokens[i].kind, binds = tightness(kind);
        bool opens = is_opening(kind);
        if (operand && binds) {
            // Of powers the first is the root, of others the last.
            if (binds < loosest || (binds == loosest && binds != BINDS_POWER)) {
                loosest = binds;
                roots->operation = i;
            }
            operand = false;
        } else if (opens || kind == TOKEN_FSTRING_START) {
            if (!tokens[i].partner || (operand && kind == TOKEN_LBRACE)) return false;
            roots->trailer = operand && opens ? i : 0;
            operand = true;
            i = tokens[i].partner;
        } else if (is_word_or_literal(kind)) {
            if (operand && kind != TOKEN_STRING) return false;
            roots->trailer = 0;
            operand = true;
        } else if (operand && kind == TOKEN_DOT) {
            operand = false;
        } else if (operand || !(is_sign(kind) || kind == TOKEN_AWAIT)) {
            return false;
        }
    }
    return operand;
}

static SourcePlace begin_of(const Token *token) { return (SourcePlace){token->range.line - 1, token->range.column}; }
static SourcePlace end_of(const Token *token) { return (SourcePlace){token->range.end_line - 1, token->range.end_column}; }

static void classify(const Token *tokens, uint32_t first, uint32_t last, SourceShape *shape) {
    for (uint32_t i = first; i <= last; i++)
        if (tokens[i].kind == TOKEN_AS) return; // a pattern
    strip_groups(tokens, &first, &last);
    Roots roots;
    if (first > last || !walk(tokens, first, last, &roots)) return;
    int begins = tokens[first].kind;
    bool power = roots.operation && tokens[roots.operation].kind == TOKEN_DOUBLE_STAR;
    if (roots.operation && !(power && is_sign(begins))) {
        const Token *operation = &tokens[roots.operation];
        shape->kind = SHAPE_OPERATION;
        shape->from = begin_of(operation);
        shape->to = end_of(operation);
        // A marker of one character takes in a parenthesis that touches it and is not part of the right operand's tree.
        const Token *next = operation + 1;
        if (operation->end - operation->start == 1 && next->start == operation->end && next->partner == last &&
            only_groups(tokens, roots.operation + 1))
            shape->to.column++;
    } else if (!roots.operation && roots.trailer && begins != TOKEN_AWAIT && !is_sign(begins)) {
        shape->kind = tokens[roots.trailer].kind == TOKEN_LPAR ? SHAPE_CALL : SHAPE_SUBSCRIPT;
        shape->from = begin_of(&tokens[roots.trailer]);
        shape->to = end_of(&tokens[last]);
        last = roots.trailer - 1;
        strip_groups(tokens, &first, &last);
        shape->calls_name = shape->kind == SHAPE_CALL && first == last && tokens[first].kind == TOKEN_NAME;
    }
}

// Appends the lines, each with a line end, between two places.
static void append_lines(Buffer *text, const SourceLine *lines, size_t count, size_t start, size_t end) {
    for (size_t i = 0; i < count; i++) {
        size_t from = i == 0 ? start : 0, to = i + 1 == count ? end : lines[i].length;
        if (from < to) buffer_append(text, lines[i].text + from, to - from);
        buffer_byte(text, '\n');
    }
}

static const Lexer *cut(Arena *arena, Buffer *text) {
    buffer_byte(text, 0);
    if (text->failed) return NULL;
    Lexer *lexer = arena_allocate(arena, sizeof *lexer);
    lexer->arena = arena;
    lexer->text = text->data;
    lexer->length = (uint32_t)text->length - 1;
    lexer_run(lexer);
    return lexer->failed ? NULL : lexer;
}

// The tokens between the places, in parentheses so that line ends and indentation mean nothing.
static void classify_piece(Arena *arena, Buffer *text, const SourceLine *lines, size_t count, size_t start, size_t end,
                           SourceShape *shape) {
    buffer_byte(text, '(');
    append_lines(text, lines, count, start, end);
    buffer_byte(text, ')');
    buffer_byte(text, '\n');
    const Lexer *lexer = cut(arena, text);
    // The start's token, the parenthesis, the piece, the other parenthesis, the line's end, the text's end.
    if (!lexer || lexer->tokens[1].partner != lexer->count - 3) return;
    classify(lexer->tokens, 2, lexer->count - 4, shape);
    // Back to the columns of the lines: the first one lost `start` bytes and got a parenthesis.
    if (shape->from.line == 0) shape->from.column += start - 1;
    if (shape->to.line == 0) shape->to.column += start - 1;
}

static bool is_ascii(SourceLine line, size_t length) { return utf8_is_ascii(line.text, length < line.length ? length : line.length); }

// Whether the lines begin with a statement that is `return CALL` or `name = CALL`, and the call is what lies between the
// places. Not where its columns in bytes and in characters differ: CPython takes the one for the other.
static bool is_whole_statement(Arena *arena, Buffer *text, const SourceLine *lines, size_t count, size_t start, size_t end,
                               bool calls_name) {
    if (!is_ascii(lines[0], start) || !is_ascii(lines[count - 1], end)) return false;
    append_lines(text, lines, count, 0, lines[count - 1].length);
    const Lexer *lexer = cut(arena, text);
    if (!lexer) return false;
    const Token *tokens = lexer->tokens;
    uint32_t i = 1, opened = 0;
    if (tokens[i].kind == TOKEN_RETURN && calls_name) {
        i++;
    } else {
        // The name may be in parentheses, too. The tokens end with a line's end, so that one more can always be looked at.
        for (; tokens[i].kind == TOKEN_LPAR; i++) opened++;
        if (tokens[i].kind != TOKEN_NAME) return false;
        for (i++; opened && tokens[i].kind == TOKEN_RPAR; i++) opened--;
        if (opened || tokens[i].kind != TOKEN_EQUAL) return false;
        i++;
    }
    for (; tokens[i].kind == TOKEN_LPAR && (tokens[i].range.line > 1 || tokens[i].range.column != start); i++) opened++;
    if (tokens[i].range.line != 1 || tokens[i].range.column != start) return false;
    while (i < lexer->count && (tokens[i].range.end_line != count || tokens[i].range.end_column != end)) i++;
    for (i++; opened && i < lexer->count && tokens[i].kind == TOKEN_RPAR; i++) opened--;
    return !opened && i < lexer->count && (tokens[i].kind == TOKEN_NEWLINE || tokens[i].kind == TOKEN_SEMICOLON);
}

SourceShape source_shape(VM *vm, const SourceLine *lines, size_t count, size_t start, size_t end) {
    SourceShape shape = {.kind = SHAPE_OTHER};
    Buffer text = vm_buffer(vm);
    Arena arena;
    jmp_buf failure;
    arena_init(&arena, &vm->heap.counted, &failure);
    SourceShape *found = &shape; // through a pointer: a jump keeps what has been stored
    Buffer *piece = &text;
    if (!setjmp(failure)) {
        classify_piece(&arena, piece, lines, count, start, end, found);
        piece->length = 0;
        if (found->kind == SHAPE_CALL)
            found->is_whole_statement = is_whole_statement(&arena, piece, lines, count, start, end, found->calls_name);
    }
    arena_free(&arena);
    buffer_free(&text);
    return shape;
}

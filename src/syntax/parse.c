#include "syntax/parse.h"

#include <string.h>

#include "grammar/aioli.h"
#include "syntax/parser.h"
#include "syntax/source.h"

// Gives the grammar its tokens until it is done or has failed.
static void run(Parser *parser) {
    FeedState state = {0};
    void *grammar = parser->grammar = grammar_new(parser);
    int start = parser->mode == PARSE_FILE         ? TOKEN_START_FILE
                : parser->mode == PARSE_EXPRESSION ? TOKEN_START_EXPRESSION
                                                   : TOKEN_START_INTERACTIVE;
    grammar_feed(grammar, start, 0);
    for (uint32_t i = 1; i < parser->token_count && !parser->failed; i++) {
        parser->reached = i;
        grammar_feed(grammar, feed_kind(parser, &state, i), i);
    }
    if (!parser->failed) grammar_feed(grammar, 0, parser->token_count - 1);
}

// Whether only the end of the text is left from this token on.
static bool at_end_of_text(const Parser *parser, uint32_t token) {
    while (token < parser->token_count && parser->tokens[token].kind == TOKEN_DEDENT) token++;
    return token >= parser->token_count || parser->tokens[token].kind == TOKEN_END_MARKER;
}

// Both the lexer and the parser may have found an error; the lexer's may lie far behind the parser's. Which
// one CPython reports follows from its way of working: after an error of the parser it cuts the rest of the
// text for a worse one.
static bool prefers_lexer(const Parser *parser, const Lexer *lexer) {
    uint32_t furthest = parser->furthest > parser->reached ? parser->furthest : parser->reached;
    if (!lexer->failed) return false;
    if (parser->lexical) return true;
    if (!parser->failed || parser->tokens[parser->reached].kind == TOKEN_LEXICAL_ERROR) return true;
    if (parser->error.kind == SYNTAX_ERROR_INDENTATION && !strncmp(parser->error.message, "unexpected", 10))
        return false;
    if (lexer->in_fstring || lexer->yields) return false;
    if (lexer->level && lexer->at_end && strstr(lexer->error.message, "never closed")) {
        return parser->tokens[furthest].range.line > lexer->error.range.line;
    }
    return true;
}

// Merges the two lists of warnings, each in the order of the text.
static SyntaxWarning *merge_warnings(SyntaxWarning *a, SyntaxWarning *b) {
    SyntaxWarning *first = NULL, **next = &first;
    while (a || b) {
        SyntaxWarning **from = !b || (a && a->line <= b->line) ? &a : &b;
        *next = *from;
        next = &(*from)->next;
        *from = (*from)->next;
    }
    return first;
}

static bool starts_at_line_end(const Source *source, const SyntaxError *error) {
    uint32_t line = error->range.line;
    return line && line <= source->line_count && error->range.column >= source->lines[line - 1].length;
}

// Cuts the text into tokens and parses them.
static void parse_text(Arena *arena, const Source *source, ParseMode mode, ParseResult *result) {
    Lexer *lexer = arena_allocate(arena, sizeof *lexer);
    lexer->arena = arena;
    lexer->text = source->text;
    lexer->length = source->length;
    lexer_run(lexer);
    Parser *parser = arena_allocate(arena, sizeof *parser);
    parser->arena = arena;
    parser->text = source->text;
    parser->tokens = lexer->tokens;
    parser->token_count = lexer->count;
    parser->mode = mode;
    parser->next_warning = &parser->warnings;
    run(parser);
    result->warnings = merge_warnings(lexer->warnings, parser->warnings);
    if (!parser->failed && !lexer->failed) {
        result->module = parser->module;
        return;
    }
    bool incomplete;
    bool at_lexer = parser->tokens[parser->reached].kind == TOKEN_LEXICAL_ERROR;
    if (!at_lexer && parser->generic) diagnose(parser);
    if (prefers_lexer(parser, lexer)) {
        result->error = lexer->error;
        incomplete = lexer->at_end;
    } else {
        result->error = parser->error;
        incomplete = at_end_of_text(parser, parser->reached);
        if (incomplete && starts_at_line_end(source, &parser->error)) result->error.end = SYNTAX_END_BEFORE;
    }
    result->error.incomplete = incomplete;
}

ParseResult parse_source(Arena *arena, const char *source, size_t length, ParseMode mode) {
    ParseResult result = {0};
    Source prepared = {0};
    if (!source_prepare(arena, source, length, &prepared, &result.error)) return result;
    result.lines = prepared.lines;
    result.line_count = prepared.line_count;
    parse_text(arena, &prepared, mode, &result);
    if (!result.module) {
        Range *range = &result.error.range;
        bool known = range->line && range->line <= result.line_count;
        result.error.line_text = known ? result.lines[range->line - 1] : (Text){"", 0};
        // CPython measures an end on a later line by the first one.
        size_t length = result.error.line_text.length;
        if (range->end_line > range->line && range->end_column > length) range->end_column = (uint32_t)length;
    }
    return result;
}

void syntax_warning_lines(SyntaxWarning *warning, const ParseResult *parsed) {
    const Range *range = &warning->range;
    if (range->line && range->line <= parsed->line_count) warning->line_text = parsed->lines[range->line - 1];
    if (range->end_line && range->end_line <= parsed->line_count) warning->end_text = parsed->lines[range->end_line - 1];
}

// Decides what a context-dependent token is before the grammar sees it. Each decision looks ahead to the end
// of the logical line or of a bracket at most, and only at a line's start, so that the whole stays linear.
#include "grammar/aioli.h"
#include "syntax/parser.h"

// Whether a simple statement may start at `index`.
static bool at_statement(const Parser *parser, uint32_t index) {
    switch (parser->tokens[index - 1].kind) {
    case TOKEN_NEWLINE:
    case TOKEN_INDENT:
    case TOKEN_DEDENT:
    case TOKEN_SEMICOLON:
    case TOKEN_COLON:
    case TOKEN_START_FILE: return parser->tokens[index].level == 0;
    default: return false;
    }
}

// The index of the NEWLINE that ends the logical line of `index`, or of the last token.
static uint32_t line_end(const Parser *parser, uint32_t index) {
    while (parser->tokens[index].kind != TOKEN_NEWLINE && index + 1 < parser->token_count) {
        uint32_t partner = parser->tokens[index].partner;
        index = partner > index ? partner : index + 1;
    }
    return index;
}

// Whether a parenthesis behind `with` holds items: what it holds can be nothing else, or what follows is the
// colon and all that it holds are plain expressions.
static bool holds_items(const Parser *parser, uint32_t open) {
    const Token *tokens = parser->tokens;
    uint32_t close = tokens[open].partner;
    if (!close) {
        // Never closed: an error in any case, which names the place better when `as` may stand here.
        for (uint32_t i = open + 1; tokens[i].kind != TOKEN_COLON && i + 1 < parser->token_count; i++) {
            if (tokens[i].kind == TOKEN_AS) return true;
            if (tokens[i].partner > i) i = tokens[i].partner;
        }
        return false;
    }
    if (tokens[close + 1].kind != TOKEN_COLON || close == open + 1) return false;
    bool items = tokens[open + 1].kind != TOKEN_YIELD;
    for (uint32_t i = open + 1; i < close;) {
        bool after_separator = i == open + 1 || tokens[i - 1].kind == TOKEN_COMMA;
        switch (tokens[i].kind) {
        case TOKEN_AS: return true;
        case TOKEN_COLONEQUAL:
        case TOKEN_FOR:
        case TOKEN_ASYNC: items = false; break;
        case TOKEN_STAR: items &= !after_separator; break;
        default: break;
        }
        i = tokens[i].partner > i ? tokens[i].partner + 1 : i + 1;
    }
    return items;
}

// Whether a token may follow the keyword `match` or `case` but hardly the name.
static bool starts_operand(int kind) {
    switch (kind) {
    case TOKEN_NAME:
    case TOKEN_NUMBER:
    case TOKEN_STRING:
    case TOKEN_FSTRING_START:
    case TOKEN_NONE:
    case TOKEN_TRUE:
    case TOKEN_FALSE:
    case TOKEN_ELLIPSIS:
    case TOKEN_LPAR:
    case TOKEN_LSQB:
    case TOKEN_LBRACE:
    case TOKEN_MINUS:
    case TOKEN_PLUS:
    case TOKEN_TILDE:
    case TOKEN_NOT:
    case TOKEN_LAMBDA:
    case TOKEN_AWAIT:
    case TOKEN_STAR: return true;
    default: return false;
    }
}

static int name_kind(const Parser *parser, FeedState *state, uint32_t index) {
    if (!at_statement(parser, index)) return TOKEN_NAME;
    const Token *tokens = parser->tokens;
    int next = tokens[index + 1].kind;
    if (token_is(parser, index, "type")) return next == TOKEN_NAME ? TOKEN_TYPE : TOKEN_NAME;
    int previous = tokens[index - 1].kind;
    if (previous == TOKEN_SEMICOLON || previous == TOKEN_COLON) return TOKEN_NAME;
    if (token_is(parser, index, "match") && starts_operand(next)) {
        uint32_t end = line_end(parser, index);
        if (tokens[end].kind != TOKEN_NEWLINE || tokens[end - 1].kind != TOKEN_COLON) return TOKEN_NAME;
        state->after_match = true;
        return TOKEN_MATCH;
    }
    if (token_is(parser, index, "case") && state->match_block[state->depth] && starts_operand(next)) {
        return TOKEN_CASE;
    }
    return TOKEN_NAME;
}

int feed_kind(const Parser *parser, FeedState *state, uint32_t index) {
    const Token *token = &parser->tokens[index];
    switch (token->kind) {
    case TOKEN_INDENT:
        state->match_block[++state->depth] = state->after_match;
        state->after_match = false;
        return TOKEN_INDENT;
    case TOKEN_DEDENT:
        if (state->depth) state->depth--;
        return TOKEN_DEDENT;
    case TOKEN_NAME: return name_kind(parser, state, index);
    case TOKEN_LPAR:
        if (parser->tokens[index - 1].kind == TOKEN_WITH && holds_items(parser, index))
            return TOKEN_WITH_PARENTHESIS;
        return TOKEN_LPAR;
    default: return token->kind;
    }
}

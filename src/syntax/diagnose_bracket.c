// What can be wrong in brackets: a comma left out, `=` where a comparison was meant, and the fields of
// f-strings.
#include <string.h>

#include "grammar/aioli.h"
#include "syntax/parser.h"

// Whether the parenthesis holds the arguments of a call or class.
static bool is_call(const Parser *parser, uint32_t open) {
    if (parser->tokens[open].kind != TOKEN_LPAR) return false;
    switch (parser->tokens[open - 1].kind) {
    case TOKEN_NAME:
    case TOKEN_RPAR:
    case TOKEN_RSQB:
    case TOKEN_RBRACE:
    case TOKEN_STRING:
    case TOKEN_FSTRING_END: return true;
    default: return false;
    }
}

static bool is_soft_keyword(const Parser *parser, uint32_t token) {
    return token_is(parser, token, "match") || token_is(parser, token, "case") ||
           token_is(parser, token, "type") || token_is(parser, token, "_");
}

// Two expressions side by side.
bool diagnose_comma(Parser *parser) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    // `a[]` reads as a name beside an empty list.
    if (at && tokens[at].kind == TOKEN_RSQB && tokens[at - 1].kind == TOKEN_LSQB) at--;
    uint32_t start = element_start(parser, at);
    if (start >= at) return false;
    if (tokens[start].kind == TOKEN_NAME &&
        (tokens[start + 1].kind == TOKEN_STRING || is_soft_keyword(parser, start))) {
        return false;
    }
    Expression left = prefix_disjunction(parser, start);
    if (!left.node || left.last + 1 != at) return false;
    Expression right = prefix_expression(parser, at);
    if (!right.node || !tokens[right.last].level) return false;
    replace_error(parser, nodes_range(left.node, right.node), "invalid syntax. Perhaps you forgot a comma?");
    return true;
}

// Whether a `for` of a comprehension stands in the bracket before the error.
static bool in_comprehension(const Parser *parser, uint32_t open, uint32_t *clause) {
    const Token *tokens = parser->tokens;
    for (uint32_t i = parser->reached - 1; i > open; i--) {
        if (tokens[i].kind == TOKEN_FOR) {
            *clause = i;
            return true;
        }
        if (tokens[i].kind != TOKEN_FSTRING_MIDDLE && tokens[i].partner && tokens[i].partner < i)
            i = tokens[i].partner;
    }
    return false;
}

// A comprehension that goes wrong at or behind its `for`.
static bool diagnose_comprehension(Parser *parser, uint32_t open) {
    uint32_t at = parser->reached, clause = 0;
    const Token *tokens = parser->tokens;
    if (in_comprehension(parser, open, &clause)) {
        if (at > clause + 1 && grammar_accepts(parser->grammar, TOKEN_IN, at)) {
            for (uint32_t i = clause + 1; i < at; i++) {
                if (tokens[i].kind == TOKEN_IN) return false;
            }
            replace_error(parser, tokens[at].range, "'in' expected after for-loop variables");
            return true;
        }
        return false;
    }
    bool for_here =
        tokens[at].kind == TOKEN_FOR || (tokens[at].kind == TOKEN_ASYNC && tokens[at + 1].kind == TOKEN_FOR);
    if (!for_here || tokens[open].kind == TOKEN_LPAR || tokens[open].is_field) return false;
    // `[a, b for …]`
    bool comma = false;
    for (uint32_t i = open + 1; i < at; i++) {
        if (tokens[i].partner > i) i = tokens[i].partner;
        comma |= tokens[i].kind == TOKEN_COMMA;
        if (tokens[i].kind == TOKEN_COLON) return false;
    }
    if (!comma) return false;
    replace_error(parser, token_range(parser, open + 1, at - 1),
                  "did you forget parentheses around the comprehension target?");
    return true;
}

// Whether what the braces hold so far is a dict.
static bool is_dict(const Parser *parser, uint32_t open) {
    const Token *tokens = parser->tokens;
    if (tokens[open + 1].kind == TOKEN_DOUBLE_STAR) return true;
    for (uint32_t i = open + 1; i < parser->reached; i++) {
        if (tokens[i].partner > i) i = tokens[i].partner;
        if (tokens[i].kind == TOKEN_COLON) return true;
        if (tokens[i].kind == TOKEN_COMMA || tokens[i].kind == TOKEN_LAMBDA) return false;
    }
    return false;
}

static bool diagnose_dict(Parser *parser, uint32_t open) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    if (!is_dict(parser, open)) return false;
    if (tokens[at - 1].kind == TOKEN_COLON &&
        (tokens[at].kind == TOKEN_RBRACE || tokens[at].kind == TOKEN_COMMA)) {
        replace_error(parser, tokens[at - 1].range, "expression expected after dictionary key and ':'");
        return true;
    }
    if (tokens[at - 1].kind == TOKEN_COLON && tokens[at].kind == TOKEN_STAR) {
        Expression value = prefix_expression(parser, at + 1);
        if (!value.node) return false;
        Range range = token_range(parser, at, value.last + 1);
        if (range.end_column) range.end_column--;
        replace_error(parser, range, "cannot use a starred expression in a dictionary value");
        return true;
    }
    return false;
}

// A key without a value.
static bool diagnose_key(Parser *parser, uint32_t open) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    uint32_t start = element_start(parser, at);
    if (!is_dict(parser, open) || tokens[start - 1].kind != TOKEN_COMMA || tokens[at].kind == TOKEN_FOR)
        return false;
    Expression key = prefix_expression(parser, start);
    if (!key.node || key.last + 1 != at) return false;
    Range range = key.node->range;
    range.line = range.end_line;
    range.column = range.end_column - 1;
    replace_error(parser, range, "':' expected after dictionary key");
    parser->error.end = SYNTAX_END_ZERO;
    return true;
}

static bool diagnose_call(Parser *parser, uint32_t open) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    int kind = tokens[at].kind;
    if (!is_call(parser, open)) {
        bool double_star = kind == TOKEN_DOUBLE_STAR && at == open + 1 && tokens[open].kind == TOKEN_LPAR;
        if (!double_star) return false;
        Expression value = prefix_expression(parser, at + 1);
        if (!value.node || tokens[value.last + 1].kind != TOKEN_RPAR) return false;
        replace_error(parser, tokens[at].range, "cannot use double starred expression here");
        return true;
    }
    int before = tokens[at - 1].kind;
    if (before == TOKEN_STAR && (tokens[at - 2].kind == TOKEN_COMMA || at - 2 == open)) {
        replace_error(parser, tokens[at].range, "Invalid star expression");
        return true;
    }
    if (before == TOKEN_EQUAL && tokens[at - 2].kind == TOKEN_NAME &&
        (kind == TOKEN_COMMA || kind == TOKEN_RPAR)) {
        replace_error(parser, token_range(parser, at - 2, at - 1), "expected argument value expression");
        return true;
    }
    if (kind == TOKEN_FOR || kind == TOKEN_ASYNC) {
        uint32_t start = element_start(parser, at);
        if (tokens[start - 1].kind == TOKEN_EQUAL && tokens[start - 2].kind == TOKEN_NAME) {
            replace_error(parser, token_range(parser, start - 2, start - 1),
                          "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
            return true;
        }
    }
    return false;
}

bool diagnose_bracket(Parser *parser, uint32_t open) {
    if (parser->tokens[open].kind == TOKEN_LBRACE && !parser->tokens[open].is_field &&
        diagnose_key(parser, open)) {
        return true;
    }
    if (diagnose_comma(parser)) return true;
    if (parser->lexical) return false;
    if (diagnose_comprehension(parser, open)) return true;
    if (parser->tokens[open].is_field) return diagnose_field(parser, open);
    if (parser->tokens[open].kind == TOKEN_LBRACE && diagnose_dict(parser, open)) return true;
    return diagnose_call(parser, open);
}

// `=` after an argument that is no name.
static bool diagnose_keyword(Parser *parser, uint32_t start) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    int kind = tokens[start].kind;
    if (start + 1 == at && (kind == TOKEN_TRUE || kind == TOKEN_FALSE || kind == TOKEN_NONE)) {
        replace_error(parser, token_range(parser, start, at), "cannot assign to %s",
                      kind == TOKEN_TRUE    ? "True"
                      : kind == TOKEN_FALSE ? "False"
                                            : "None");
        return true;
    }
    Expression name = prefix_expression(parser, start);
    if (!name.node || name.last + 1 != at) return false;
    replace_error(parser, token_range(parser, start, at),
                  "expression cannot contain assignment, perhaps you meant \"==\"?");
    return true;
}

bool diagnose_equal(Parser *parser, uint32_t open) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    uint32_t start = element_start(parser, at);
    bool decorator = tokens[start].kind == TOKEN_AT;
    start += decorator;
    bool walrus = tokens[at].kind == TOKEN_COLONEQUAL;
    if (open && is_call(parser, open)) return !walrus && diagnose_keyword(parser, start);
    int before = tokens[start - 1].kind;
    bool condition = decorator || before == TOKEN_IF || before == TOKEN_ELIF || before == TOKEN_WHILE;
    bool statement = walrus && (before == TOKEN_NEWLINE || before == TOKEN_INDENT || before == TOKEN_DEDENT ||
                                before == TOKEN_START_FILE);
    if (!open && !condition && !statement) return false;
    if (open && before == TOKEN_EQUAL) return false;
    if (walrus) {
        Expression target = prefix_expression(parser, start);
        if (!target.node || target.last + 1 != at || target.node->kind == NODE_NAME) return false;
        if (!prefix_expression(parser, at + 1).node) return false;
        replace_error(parser, target.node->range, "cannot use assignment expressions with %s",
                      expression_name(target.node));
        return true;
    }
    Expression left = prefix_operand(parser, start), right = prefix_operand(parser, at + 1);
    if (!left.node || left.last + 1 != at || !right.node) return false;
    int after = tokens[right.last + 1].kind;
    if (after == TOKEN_EQUAL || after == TOKEN_COLONEQUAL) return false;
    const Node *node = left.node;
    if (node->kind == NODE_NAME && left.first == left.last) {
        replace_error(parser, nodes_range(node, right.node),
                      "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
        return true;
    }
    if (node->kind == NODE_LIST || node->kind == NODE_TUPLE || node->kind == NODE_GENERATOR_EXPRESSION ||
        (node->kind == NODE_CONSTANT && node->constant.kind <= CONSTANT_TRUE)) {
        return false;
    }
    replace_error(parser, node->range, "cannot assign to %s here. Maybe you meant '==' instead of '='?",
                  expression_name(node));
    return true;
}

// --- fields of f-strings ---

bool diagnose_field(Parser *parser, uint32_t open) {
    const Token *tokens = parser->tokens;
    uint32_t first = open + 1;
    int kind = tokens[first].kind;
    if (kind == TOKEN_EQUAL || kind == TOKEN_EXCLAMATION || kind == TOKEN_COLON || kind == TOKEN_RBRACE) {
        replace_error(parser, tokens[first].range, "f-string: valid expression required before '%s'",
                      kind == TOKEN_EQUAL         ? "="
                      : kind == TOKEN_EXCLAMATION ? "!"
                      : kind == TOKEN_COLON       ? ":"
                                                  : "}");
        return true;
    }
    if (kind == TOKEN_LAMBDA) {
        uint32_t i = first;
        while (i < parser->token_count && tokens[i].kind != TOKEN_COLON && tokens[i].kind != TOKEN_RBRACE)
            i++;
        int next = tokens[i + 1].kind;
        if (tokens[i].kind == TOKEN_COLON && (next == TOKEN_FSTRING_MIDDLE || next == TOKEN_LBRACE)) {
            replace_error(parser, token_range(parser, first, i),
                          "f-string: lambda expressions are not allowed without parentheses");
            return true;
        }
    }
    uint32_t i = first;
    if (kind == TOKEN_YIELD) i++;
    for (;;) {
        if (tokens[i].kind == TOKEN_STAR) i++;
        Expression value = prefix_expression(parser, i);
        if (parser->lexical) return false;
        if (!value.node) {
            if (i > first && tokens[i - 1].kind == TOKEN_COMMA) break;
            if (i > first && tokens[i - 1].kind == TOKEN_YIELD) break;
            replace_error(parser, tokens[first].range, "f-string: expecting a valid expression after '{'");
            return true;
        }
        i = value.last + 1;
        if (tokens[i].kind != TOKEN_COMMA) break;
        i++;
    }
    const char *message = "f-string: expecting '=', or '!', or ':', or '}'";
    bool equal = tokens[i].kind == TOKEN_EQUAL;
    if (equal) {
        i++;
        message = "f-string: expecting '!', or ':', or '}'";
    }
    if (tokens[i].kind == TOKEN_EXCLAMATION) {
        i++;
        if (tokens[i].kind != TOKEN_NAME) {
            bool missing = tokens[i].kind == TOKEN_COLON || tokens[i].kind == TOKEN_RBRACE;
            replace_error(parser, tokens[i].range,
                          missing ? "f-string: missing conversion character"
                                  : "f-string: invalid conversion character");
            return true;
        }
        i++;
        message = "f-string: expecting ':' or '}'";
    }
    if (tokens[i].kind == TOKEN_COLON) {
        message = "f-string: expecting '}', or format specs";
        i = parser->reached;
    }
    replace_error(parser, tokens[i].range, "%s", message);
    return true;
}

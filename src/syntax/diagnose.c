// Better words for a syntax error. The grammar only says which token it has no use for; what the message
// should be follows from the tokens around it. Expressions near the error are parsed afresh where their
// extent matters.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "grammar/aioli.h"
#include "syntax/parser.h"

void replace_error(Parser *parser, Range range, const char *format, ...) {
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    parser->error =
        (SyntaxError){.message = arena_copy(parser->arena, message, strlen(message)), .range = range};
}

// --- expressions near the error ---

Expression prefix_expression(Parser *parser, uint32_t token) {
    Parser trial = *parser;
    trial.failed = trial.generic = false;
    trial.warnings = NULL;
    trial.next_warning = &trial.warnings;
    if (!parser->trial) parser->trial = grammar_new(parser);
    trial.grammar = parser->trial;
    grammar_reset(trial.grammar, &trial);
    grammar_feed(trial.grammar, TOKEN_START_PREFIX, 0);
    uint32_t start = token;
    for (; token < trial.token_count && !trial.failed; token++) {
        trial.reached = token;
        int kind = trial.tokens[token].kind;
        if (kind == TOKEN_LEXICAL_ERROR) parser->lexical = true;
        grammar_feed(trial.grammar, kind, token);
    }
    if (trial.reached > parser->furthest) parser->furthest = trial.reached;
    if (trial.failed && !trial.generic) return (Expression){0};
    Expression bottom = grammar_bottom(trial.grammar);
    // What is left half made at an error inside of a string is no expression.
    if (bottom.first != start || bottom.last < start || bottom.last >= trial.token_count) return (Expression){0};
    // The lowest symbol may be a list that an error left open, of which only the address is there: a node tells by its
    // kind and place that it is one.
    const Node *node = bottom.node;
    if (!node || node->kind < NODE_BOOLEAN_OPERATION || node->kind > NODE_SLICE ||
        node->range.line < trial.tokens[start].range.line ||
        node->range.end_line > trial.tokens[bottom.last].range.end_line || node->range.end_line < node->range.line)
        return (Expression){0};
    return bottom;
}

// Whether the expression stands without parentheses around it.
static bool is_bare(const Parser *parser, Expression expression) {
    Range start = parser->tokens[expression.first].range;
    return expression.node->range.line == start.line && expression.node->range.column == start.column;
}

// The part of a bare expression that it starts with; its last token is found again from the place where it
// ends.
static Expression leading_part(const Parser *parser, Expression whole, Node *part) {
    uint32_t last = whole.first;
    while (last < whole.last) {
        Range range = parser->tokens[last].range;
        uint32_t partner = parser->tokens[last].partner;
        if (range.end_line == part->range.end_line && range.end_column == part->range.end_column) break;
        if (partner > last) {
            Range close = parser->tokens[partner].range;
            bool beyond =
                close.end_line > part->range.end_line ||
                (close.end_line == part->range.end_line && close.end_column > part->range.end_column);
            // A parenthesis around the part itself is left only behind its end.
            if (!beyond) {
                last = partner;
                continue;
            }
        }
        last++;
    }
    // Parentheses around the part belong to it.
    uint32_t first = whole.first;
    while (last < whole.last && parser->tokens[last + 1].partner >= first &&
           parser->tokens[last + 1].partner < last && parser->tokens[last + 1].partner) {
        last++;
    }
    return (Expression){part, first, last};
}

Expression prefix_disjunction(Parser *parser, uint32_t token) {
    Expression e = prefix_expression(parser, token);
    if (!e.node || !is_bare(parser, e)) return e;
    if (e.node->kind == NODE_LAMBDA) return (Expression){0};
    if (e.node->kind == NODE_CONDITIONAL) return leading_part(parser, e, e.node->conditional.body);
    return e;
}

Expression leading_operand(const Parser *parser, Expression e) {
    while (e.node && is_bare(parser, e)) {
        Node *part;
        switch (e.node->kind) {
        case NODE_LAMBDA:
        case NODE_STARRED:
        case NODE_YIELD:
        case NODE_YIELD_FROM: return (Expression){0};
        case NODE_UNARY_OPERATION:
            if (e.node->unary.operator== UNARY_NOT) return (Expression){0};
            return e;
        case NODE_CONDITIONAL: part = e.node->conditional.body; break;
        case NODE_BOOLEAN_OPERATION: part = e.node->boolean.values.items[0]; break;
        case NODE_COMPARE: part = e.node->compare.left; break;
        case NODE_TUPLE:
            if (parser->tokens[e.first].partner == e.last) return e;
            part = e.node->sequence.items.items[0];
            break;
        default: return e;
        }
        e = leading_part(parser, e, part);
    }
    return e;
}

Expression prefix_operand(Parser *parser, uint32_t token) {
    return leading_operand(parser, prefix_expression(parser, token));
}

Range nodes_range(const Node *first, const Node *last) {
    return (Range){first->range.line, first->range.column, last->range.end_line, last->range.end_column};
}

// Steps to the token before `index`, over a closed bracket.
static uint32_t step_back(const Parser *parser, uint32_t index) {
    uint32_t partner = parser->tokens[index].partner;
    int kind = parser->tokens[index].kind;
    if (kind != TOKEN_FSTRING_MIDDLE && partner && partner < index) return partner - 1;
    return index - 1;
}

static bool is_opening(int kind) { return kind == TOKEN_LPAR || kind == TOKEN_LSQB || kind == TOKEN_LBRACE; }

uint32_t open_bracket(const Parser *parser, uint32_t index) {
    for (uint32_t i = index - 1; i > 0; i = step_back(parser, i)) {
        if (is_opening(parser->tokens[i].kind)) return i;
        if (parser->tokens[i].kind == TOKEN_NEWLINE) return 0;
    }
    return 0;
}

uint32_t element_start(const Parser *parser, uint32_t index) {
    uint32_t i = index - 1;
    for (; i > 0; i = step_back(parser, i)) {
        switch (parser->tokens[i].kind) {
        case TOKEN_LPAR:
        case TOKEN_LSQB:
        case TOKEN_LBRACE:
        case TOKEN_COMMA:
        case TOKEN_EQUAL:
        case TOKEN_COLON:
        case TOKEN_COLONEQUAL:
        case TOKEN_ELSE:
        case TOKEN_NEWLINE:
        case TOKEN_INDENT:
        case TOKEN_DEDENT:
        case TOKEN_SEMICOLON:
        case TOKEN_YIELD:
        case TOKEN_RETURN:
        case TOKEN_WHILE:
        case TOKEN_ELIF:
        case TOKEN_ASSERT:
        case TOKEN_ARROW:
        case TOKEN_START_FILE:
        case TOKEN_RAISE:
        case TOKEN_DEL: break;
        case TOKEN_IF:
            // Not that of a conditional expression.
            if (parser->tokens[i - 1].kind == TOKEN_NEWLINE || parser->tokens[i - 1].kind == TOKEN_INDENT ||
                parser->tokens[i - 1].kind == TOKEN_DEDENT || i == 1) {
                break;
            }
            continue;
        default: continue;
        }
        break;
    }
    int kind = parser->tokens[i + 1].kind;
    return kind == TOKEN_STAR || kind == TOKEN_DOUBLE_STAR ? i + 2 : i + 1;
}

// --- the error's place ---

// The range of a token; tokens without text at the end of a block or of the text stand at the end of the last
// line.
static Range place_of(const Parser *parser, uint32_t token) {
    int kind = parser->tokens[token].kind;
    if (kind != TOKEN_DEDENT && kind != TOKEN_END_MARKER) return parser->tokens[token].range;
    uint32_t end = token;
    while (end < parser->token_count && parser->tokens[end].kind == TOKEN_DEDENT) end++;
    if (parser->tokens[end].kind != TOKEN_END_MARKER) return parser->tokens[token].range;
    // The end of the last line of the text, be it blank.
    const char *stop = parser->text + parser->tokens[end].start;
    if (stop > parser->text) stop--;
    const char *start = stop;
    while (start > parser->text && start[-1] != '\n') start--;
    uint32_t line = parser->tokens[end].range.line - 1, column = (uint32_t)(stop - start);
    return (Range){line, column, line, column + 1};
}

// From the start of a node or token to the newest token that was looked at, as CPython measures that.
static Range range_until(const Parser *parser, Range start, uint32_t reached) {
    Range end = parser->tokens[reached].range;
    return (Range){start.line, start.column, end.end_line, end.end_column - (end.end_column > 0)};
}

// The first token of the logical line.
static uint32_t line_start(const Parser *parser, uint32_t index) {
    uint32_t i = index;
    while (i > 1) {
        int before = parser->tokens[i - 1].kind;
        if (before == TOKEN_NEWLINE || before == TOKEN_INDENT || before == TOKEN_DEDENT) break;
        i--;
    }
    return i;
}

// --- blocks ---

// What messages call the statement that a line starts; NULL when it opens no block. *keyword becomes its
// token.
static const char *block_name(const Parser *parser, uint32_t *keyword) {
    uint32_t i = *keyword;
    if (parser->tokens[i].kind == TOKEN_ASYNC) *keyword = ++i;
    switch (parser->tokens[i].kind) {
    case TOKEN_IF: return "'if' statement";
    case TOKEN_ELIF: return "'elif' statement";
    case TOKEN_ELSE: return "'else' statement";
    case TOKEN_WHILE: return "'while' statement";
    case TOKEN_FOR: return "'for' statement";
    case TOKEN_WITH: return "'with' statement";
    case TOKEN_TRY: return "'try' statement";
    case TOKEN_FINALLY: return "'finally' statement";
    case TOKEN_EXCEPT:
        return parser->tokens[i + 1].kind == TOKEN_STAR ? "'except*' statement" : "'except' statement";
    case TOKEN_DEF: return "function definition";
    case TOKEN_CLASS: return "class definition";
    case TOKEN_NAME:
        if (token_is(parser, i, "match")) return "'match' statement";
        if (token_is(parser, i, "case")) return "'case' statement";
        return NULL;
    default: return NULL;
    }
}

// A block that is missing, or an indentation that nothing asks for.
static bool diagnose_block(Parser *parser) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    if (at > 2 && tokens[at - 1].kind == TOKEN_NEWLINE && tokens[at - 2].kind == TOKEN_COLON &&
        tokens[at].kind != TOKEN_INDENT) {
        uint32_t keyword = line_start(parser, at - 2);
        const char *name = block_name(parser, &keyword);
        if (name) {
            replace_error(parser, place_of(parser, at), "expected an indented block after %s on line %u",
                          name, tokens[keyword].range.line);
            parser->error.kind = SYNTAX_ERROR_INDENTATION;
            return true;
        }
    }
    if (tokens[at].kind == TOKEN_INDENT) {
        Range range = tokens[at].range;
        range.column = range.end_column ? range.end_column - 1 : 0;
        replace_error(parser, range, "unexpected indent");
        parser->error.end = SYNTAX_END_BEFORE;
        parser->error.kind = SYNTAX_ERROR_INDENTATION;
        return true;
    }
    if (tokens[at].kind == TOKEN_DEDENT && !grammar_accepts(parser->grammar, TOKEN_EXCEPT, at)) {
        replace_error(parser, place_of(parser, at), "unexpected unindent");
        parser->error.kind = SYNTAX_ERROR_INDENTATION;
        return true;
    }
    return false;
}

// --- statements ---

// `except` lines, and `try` without any.
static bool diagnose_try(Parser *parser, uint32_t start) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    if (tokens[at - 1].kind == TOKEN_EXCEPT) {
        bool star = tokens[at].kind == TOKEN_STAR;
        bool wants_star = !star && grammar_accepts(parser->grammar, TOKEN_STAR, at) &&
                          !grammar_accepts(parser->grammar, TOKEN_COLON, at);
        if (star || wants_star) {
            replace_error(parser, token_range(parser, at - 1, star ? at : at - 1),
                          "cannot have both 'except' and 'except*' on the same 'try'");
            return true;
        }
    }
    if (tokens[at].kind != TOKEN_EXCEPT && tokens[at].kind != TOKEN_FINALLY &&
        grammar_accepts(parser->grammar, TOKEN_EXCEPT, at) &&
        grammar_accepts(parser->grammar, TOKEN_FINALLY, at)) {
        replace_error(parser, place_of(parser, at), "expected 'except' or 'finally' block");
        return true;
    }
    if (tokens[start].kind != TOKEN_EXCEPT) return false;
    uint32_t first = start + 1;
    if (tokens[first].kind == TOKEN_STAR) {
        first++;
        if (at == first && (tokens[at].kind == TOKEN_NEWLINE || tokens[at].kind == TOKEN_COLON)) {
            replace_error(parser, tokens[at].range, "expected one or more exception types");
            return true;
        }
    }
    if (tokens[at].kind == TOKEN_NEWLINE && grammar_accepts(parser->grammar, TOKEN_COLON, at)) {
        replace_error(parser, tokens[at].range, "expected ':'");
        return true;
    }
    if (tokens[at].kind != TOKEN_COMMA || !grammar_accepts(parser->grammar, TOKEN_COLON, at)) return false;
    uint32_t i = at;
    while (tokens[i].kind == TOKEN_COMMA) {
        Expression next = prefix_expression(parser, i + 1);
        if (!next.node) return false;
        i = next.last + 1;
    }
    if (tokens[i].kind == TOKEN_AS && tokens[i + 1].kind == TOKEN_NAME) i += 2;
    if (tokens[i].kind != TOKEN_COLON) return false;
    replace_error(parser, range_until(parser, tokens[first].range, i),
                  "multiple exception types must be parenthesized");
    return true;
}

// A colon, or a function's parenthesis, that is missing.
static bool diagnose_header(Parser *parser, uint32_t start) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    if (tokens[start].kind == TOKEN_ASYNC) start++;
    int kind = tokens[start].kind;
    bool line_ends = tokens[at].kind == TOKEN_NEWLINE;
    bool inside = open_bracket(parser, at) != 0;
    if (kind == TOKEN_DEF && at > start + 1 && !inside) {
        if (grammar_accepts(parser->grammar, TOKEN_LPAR, at) &&
            !grammar_accepts(parser->grammar, TOKEN_COLON, at) &&
            (tokens[at - 1].kind == TOKEN_NAME || tokens[at - 1].kind == TOKEN_RSQB) &&
            tokens[start + 1].kind == TOKEN_NAME &&
            (at == start + 2 || tokens[start + 2].partner == at - 1)) {
            replace_error(parser, tokens[at].range, "expected '('");
            return true;
        }
        uint32_t close = start + 2;
        if (tokens[close].kind == TOKEN_LSQB) close = tokens[close].partner + 1;
        close = tokens[close].partner;
        if (close > start && at == close + 2 && tokens[at - 1].kind == TOKEN_ARROW) at--;
        if (close > start && at > close &&
            (at != parser->reached || grammar_accepts(parser->grammar, TOKEN_COLON, at))) {
            replace_error(parser, tokens[at].range, "expected ':'");
            return true;
        }
        return false;
    }
    if (inside || !grammar_accepts(parser->grammar, TOKEN_COLON, at)) return false;
    switch (kind) {
    case TOKEN_TRY:
    case TOKEN_ELSE:
    case TOKEN_FINALLY:
        if (at != start + 1) return false;
        break;
    case TOKEN_IF:
    case TOKEN_ELIF:
    case TOKEN_WHILE:
    case TOKEN_FOR:
    case TOKEN_WITH:
    case TOKEN_CLASS:
        if (!line_ends || at == start + 1) return false;
        break;
    case TOKEN_NAME:
        if (!line_ends || !token_is(parser, start, "case")) return false;
        break;
    default: return false;
    }
    replace_error(parser, tokens[at].range, "expected ':'");
    return true;
}

// `match x` and `case x` without a colon: they were not taken for keywords then.
static bool diagnose_match(Parser *parser, uint32_t start) {
    uint32_t at = parser->reached;
    if (at != start + 1 || parser->tokens[start].kind != TOKEN_NAME) return false;
    if (!token_is(parser, start, "match") && !token_is(parser, start, "case")) return false;
    Expression subject = prefix_expression(parser, at);
    if (!subject.node || parser->tokens[subject.last + 1].kind != TOKEN_NEWLINE) return false;
    bool is_case = token_is(parser, start, "case");
    if (is_case && !grammar_accepts(parser->grammar, TOKEN_CASE, start)) {
        // Only in a block of cases.
        if (parser->tokens[start - 1].kind != TOKEN_INDENT && parser->tokens[start - 1].kind != TOKEN_DEDENT)
            return false;
    }
    replace_error(parser, parser->tokens[subject.last + 1].range, "expected ':'");
    return true;
}

static bool diagnose_import(Parser *parser, uint32_t start) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    if (tokens[at].kind == TOKEN_NEWLINE && tokens[at - 1].kind == TOKEN_IMPORT) {
        Range range = tokens[at].range;
        range.end_column = range.column;
        replace_error(parser, range, "Expected one or more names after 'import'");
        return true;
    }
    if (tokens[at].kind == TOKEN_NEWLINE && tokens[at - 1].kind == TOKEN_COMMA &&
        tokens[start].kind == TOKEN_FROM) {
        replace_error(parser, tokens[at].range, "trailing comma not allowed without surrounding parentheses");
        return true;
    }
    if (tokens[start].kind == TOKEN_IMPORT && tokens[at].kind == TOKEN_FROM &&
        tokens[at + 1].kind == TOKEN_NAME) {
        uint32_t i = at + 1;
        while (tokens[i + 1].kind == TOKEN_DOT && tokens[i + 2].kind == TOKEN_NAME) i += 2;
        replace_error(parser, range_until(parser, tokens[start].range, i + 1),
                      "Did you mean to use 'from ... import ...' instead?");
        return true;
    }
    return false;
}

// `a + not b`.
static bool diagnose_not(Parser *parser) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    if (tokens[at].kind != TOKEN_NOT) return false;
    switch (tokens[at - 1].kind) {
    case TOKEN_PLUS:
    case TOKEN_MINUS:
    case TOKEN_STAR:
    case TOKEN_SLASH:
    case TOKEN_PERCENT:
    case TOKEN_AT:
    case TOKEN_DOUBLE_SLASH:
    case TOKEN_TILDE: break;
    default: return false;
    }
    Expression operand = prefix_expression(parser, at);
    while (operand.node && operand.node->kind != NODE_UNARY_OPERATION) {
        // Only the `not` itself, not what follows it in a longer expression.
        if (operand.node->kind == NODE_CONDITIONAL)
            operand.node = operand.node->conditional.body;
        else if (operand.node->kind == NODE_BOOLEAN_OPERATION)
            operand.node = operand.node->boolean.values.items[0];
        else
            return false;
    }
    if (!operand.node) return false;
    replace_error(parser, operand.node->range, "'not' after an operator must be parenthesized");
    return true;
}

// `print x` and `exec x`.
static bool diagnose_legacy(Parser *parser) {
    uint32_t at = parser->reached, name = at - 1;
    const Token *tokens = parser->tokens;
    if (tokens[name].kind == TOKEN_NOT) {
        // `print not x`: the grammar hoped for `not in`.
        at--;
        name--;
    }
    if (tokens[name].kind != TOKEN_NAME) return false;
    if (!token_is(parser, name, "print") && !token_is(parser, name, "exec")) return false;
    switch (tokens[name - 1].kind) {
    case TOKEN_DOT:
    case TOKEN_DEF:
    case TOKEN_CLASS:
    case TOKEN_IMPORT:
    case TOKEN_FROM:
    case TOKEN_GLOBAL:
    case TOKEN_NONLOCAL:
    case TOKEN_AS: return false;
    default: break;
    }
    Expression value = prefix_expression(parser, at);
    if (!value.node) return false;
    Node *last = value.node;
    uint32_t end = value.last;
    while (tokens[end + 1].kind == TOKEN_COMMA) {
        value = prefix_expression(parser, end + 2);
        if (!value.node) {
            end++;
            break;
        }
        end = value.last;
        last = value.node;
    }
    Range range = token_range(parser, name, end);
    if (tokens[end].kind != TOKEN_COMMA && end == value.last && last == value.node &&
        name + 1 == value.first) {
        range.end_line = last->range.end_line;
        range.end_column = last->range.end_column;
    }
    const char *word = token_is(parser, name, "print") ? "print" : "exec";
    replace_error(parser, range, "Missing parentheses in call to '%s'. Did you mean %s(...)?", word, word);
    return true;
}

// `a if b` without `else`.
static bool diagnose_conditional(Parser *parser) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    Expression body = prefix_disjunction(parser, element_start(parser, at));
    if (!body.node || body.last + 2 >= at || tokens[body.last + 1].kind != TOKEN_IF) return false;
    Expression test = prefix_disjunction(parser, body.last + 2);
    if (!test.node || test.last + 1 != at) return false;
    if (tokens[at].kind == TOKEN_ELSE || tokens[at].kind == TOKEN_COLON) return false;
    replace_error(parser, nodes_range(body.node, test.node), "expected 'else' after 'if' expression");
    return true;
}

// A loop whose target is none, before `in` is reached.
static bool diagnose_loop(Parser *parser) {
    uint32_t at = parser->reached, i = at - 1;
    const Token *tokens = parser->tokens;
    for (; i > 0 && tokens[i].kind != TOKEN_FOR; i = step_back(parser, i)) {
        if (is_opening(tokens[i].kind) || tokens[i].kind == TOKEN_NEWLINE || tokens[i].kind == TOKEN_IN)
            return false;
    }
    if (!i || at == i + 1 || !grammar_accepts(parser->grammar, TOKEN_IN, at)) return false;
    for (i++; i < at;) {
        Expression target = prefix_expression(parser, i);
        if (!target.node) return false;
        Node *bad = invalid_target(target.node, TARGET_FOR);
        if (bad) {
            replace_error(parser, bad->range, "cannot assign to %s", expression_name(bad));
            return true;
        }
        i = target.last + 1;
        if (tokens[i].kind != TOKEN_COMMA) return false;
        i++;
    }
    return false;
}

// `f(x):` with nothing behind: the colon itself is wrong, since that cannot be annotated.
static void diagnose_annotation(Parser *parser, uint32_t start) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    if (tokens[at - 1].kind != TOKEN_COLON || tokens[at - 1].level || block_name(parser, &start)) return;
    uint32_t first = element_start(parser, at - 1);
    if (tokens[first - 1].kind == TOKEN_COMMA) first = start;
    Expression target = prefix_expression(parser, first);
    if (!target.node || (target.last + 1 != at - 1 && tokens[target.last + 1].kind != TOKEN_COMMA)) return;
    switch (target.node->kind) {
    case NODE_NAME:
    case NODE_ATTRIBUTE:
    case NODE_SUBSCRIPT:
        if (target.last + 1 == at - 1) return;
        break;
    default: break;
    }
    parser->error.range = tokens[at - 1].range;
}

// `case … as` with something other than a name.
static bool diagnose_pattern(Parser *parser, uint32_t start) {
    uint32_t at = parser->reached;
    if (parser->tokens[at - 1].kind != TOKEN_AS || !token_is(parser, start, "case")) return false;
    Expression target = prefix_expression(parser, at);
    if (!target.node) return false;
    replace_error(parser, target.node->range, "invalid pattern target");
    return true;
}

// Parameters in parentheses, or with a default where none can be.
static bool diagnose_parameters(Parser *parser, bool is_lambda) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    int before = tokens[at - 1].kind;
    bool first = before == TOKEN_COMMA || before == TOKEN_LPAR || before == TOKEN_LAMBDA;
    if (first && tokens[at].kind == TOKEN_LPAR && tokens[at].partner && tokens[at + 1].kind == TOKEN_NAME) {
        for (uint32_t i = at + 1; i < tokens[at].partner; i++) {
            if (tokens[i].kind != TOKEN_NAME && tokens[i].kind != TOKEN_COMMA) return false;
        }
        replace_error(parser, token_range(parser, at, tokens[at].partner),
                      is_lambda ? "Lambda expression parameters cannot be parenthesized"
                                : "Function parameters cannot be parenthesized");
        return true;
    }
    if (tokens[at - 1].kind == TOKEN_EQUAL) {
        int kind = tokens[at].kind;
        if (kind != TOKEN_COMMA && kind != (is_lambda ? TOKEN_COLON : TOKEN_RPAR)) return false;
        replace_error(parser, tokens[at - 1].range, "expected default value expression");
        return true;
    }
    if (tokens[at].kind != TOKEN_EQUAL) return false;
    for (uint32_t i = at - 1; i > 0; i = step_back(parser, i)) {
        int kind = tokens[i].kind;
        if (kind == TOKEN_STAR || kind == TOKEN_DOUBLE_STAR) {
            replace_error(parser, tokens[at].range,
                          kind == TOKEN_STAR ? "var-positional argument cannot have default value"
                                             : "var-keyword argument cannot have default value");
            return true;
        }
        if (kind == TOKEN_COMMA || kind == TOKEN_LPAR || kind == TOKEN_LAMBDA) return false;
    }
    return false;
}

// Whether the error lies among the parameters of a lambda.
static bool in_lambda_parameters(const Parser *parser, uint32_t at) {
    for (uint32_t i = at - 1; i > 0; i = step_back(parser, i)) {
        switch (parser->tokens[i].kind) {
        case TOKEN_LAMBDA: return true;
        case TOKEN_COLON:
        case TOKEN_LPAR:
        case TOKEN_LSQB:
        case TOKEN_LBRACE:
        case TOKEN_NEWLINE: return false;
        default: break;
        }
    }
    return false;
}

// An empty list of type parameters.
static bool diagnose_type_parameters(Parser *parser, uint32_t start) {
    uint32_t at = parser->reached;
    const Token *tokens = parser->tokens;
    int kind = tokens[start].kind;
    bool definition =
        kind == TOKEN_DEF || kind == TOKEN_CLASS || kind == TOKEN_ASYNC || token_is(parser, start, "type");
    if (!definition || tokens[at].kind != TOKEN_RSQB || tokens[at - 1].kind != TOKEN_LSQB || tokens[at].level)
        return false;
    uint32_t reached = token_is(parser, start, "type") ? at + 1 : at;
    replace_error(parser, range_until(parser, tokens[at].range, reached),
                  "Type parameter list cannot be empty");
    return true;
}

// Whether the bracket holds something other than expressions: names of an import, parameters, patterns.
static bool tokens_only(const Parser *parser, uint32_t start, uint32_t open, bool in_definition) {
    const Token *tokens = parser->tokens;
    if (tokens[start].kind == TOKEN_FROM) return true;
    bool type_parameters = open == start + 2 && tokens[open].kind == TOKEN_LSQB &&
                           (tokens[start].kind == TOKEN_CLASS || token_is(parser, start, "type"));
    if (in_definition || type_parameters) {
        int before = tokens[element_start(parser, parser->reached) - 1].kind;
        return before != TOKEN_COLON && before != TOKEN_EQUAL;
    }
    if (token_is(parser, start, "case") && grammar_accepts(parser->grammar, TOKEN_CASE, start)) return false;
    return open && token_is(parser, start, "case") && tokens[start + 1].kind != TOKEN_EQUAL &&
           tokens[start + 1].kind != TOKEN_DOT;
}

void diagnose(Parser *parser) {
    uint32_t at = parser->reached;
    if (parser->mode == PARSE_INTERACTIVE && grammar_accepts(parser->grammar, TOKEN_END_MARKER, at)) {
        // Something follows a whole statement. CPython has a message for it only behind a simple one.
        uint32_t first = 1;
        bool simple = !block_name(parser, &first) && parser->tokens[1].kind != TOKEN_AT;
        if (simple && parser->tokens[at - 1].kind == TOKEN_NEWLINE) {
            replace_error(parser, parser->tokens[at - 1].range,
                          "multiple statements found while compiling a single statement");
        }
        return;
    }
    if (diagnose_block(parser)) return;
    uint32_t start = line_start(parser, at);
    uint32_t open = open_bracket(parser, at);
    bool in_lambda = in_lambda_parameters(parser, at);
    uint32_t definition = parser->tokens[start].kind == TOKEN_ASYNC ? start + 1 : start;
    bool in_definition = parser->tokens[definition].kind == TOKEN_DEF && open == definition + 2;
    if (diagnose_type_parameters(parser, start)) return;
    if (diagnose_try(parser, start)) return;
    if ((in_lambda || in_definition) && diagnose_parameters(parser, in_lambda)) return;
    if (diagnose_pattern(parser, start)) return;
    bool no_expressions = tokens_only(parser, start, open, in_definition);
    if (!no_expressions && diagnose_legacy(parser)) return;
    if (diagnose_not(parser)) return;
    if (diagnose_conditional(parser)) return;
    if (!open && diagnose_loop(parser)) return;
    if (parser->tokens[at].kind == TOKEN_EQUAL || parser->tokens[at].kind == TOKEN_COLONEQUAL) {
        if (diagnose_equal(parser, open)) return;
    }
    if (open && !no_expressions && diagnose_bracket(parser, open)) return;
    if (!open && diagnose_comma(parser)) return;
    if (diagnose_header(parser, start)) return;
    if (diagnose_match(parser, start)) return;
    if (diagnose_import(parser, start)) return;
    diagnose_annotation(parser, start);
    // What is in the brackets behind a function's name is no list of type parameters.
    if (in_definition && parser->tokens[open].kind == TOKEN_LSQB)
        replace_error(parser, parser->tokens[open].range, "expected '('");
}

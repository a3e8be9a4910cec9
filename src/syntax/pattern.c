// The patterns of `case`.
#include <string.h>

#include "syntax/parser.h"

static Expression pattern_new(Parser *parser, NodeKind kind, uint32_t first, uint32_t last) {
    return (Expression){node_new(parser, kind, first, last), first, last};
}

static NodeList pattern_nodes(Parser *parser, Node *owner, const List *list) {
    NodeList nodes = {NULL, 0};
    if (!list) return nodes;
    nodes.count = list->count;
    nodes.items = arena_allocate(parser->arena, list->count * sizeof(Node *));
    for (size_t i = 0; i < list->count; i++) {
        nodes.items[i] = adopt(parser, owner, ((const Expression *)list->items)[i].node);
    }
    return nodes;
}

List *case_add(Parser *parser, List *list, uint32_t token, Expression pattern, const Expression *guard,
               List *body) {
    if (!list) list = node_list_new(parser, sizeof(MatchCase));
    MatchCase *item = list_add(parser, list);
    *item =
        (MatchCase){pattern.node, guard ? guard->node : NULL, nodes_done(body), parser->tokens[token].range};
    end_with_block(parser, &item->range, body);
    return list;
}

Node *make_match(Parser *parser, uint32_t token, Expression subject, List *cases) {
    Node *node = node_new(parser, NODE_MATCH, token, token);
    node->match.subject = adopt(parser, node, subject.node);
    node->match.cases = cases->items;
    node->match.count = cases->count;
    for (size_t i = 0; i < cases->count; i++) {
        MatchCase *item = &node->match.cases[i];
        adopt(parser, node, item->pattern);
        adopt(parser, node, item->guard);
        adopt_all(parser, node, item->body);
        node->range.end_line = item->range.end_line;
        node->range.end_column = item->range.end_column;
    }
    return node;
}

Expression make_pattern_as(Parser *parser, Expression pattern, uint32_t name) {
    Expression e = pattern_new(parser, NODE_MATCH_AS, pattern.first, name);
    if (token_is(parser, name, "_")) fail_tokens(parser, name, name, "cannot use '_' as a target");
    e.node->capture.pattern = adopt(parser, e.node, pattern.node);
    e.node->capture.name = token_name(parser, name);
    return e;
}

Expression make_pattern_or(Parser *parser, List *patterns) {
    Expression e = pattern_new(parser, NODE_MATCH_OR, patterns->first, patterns->last);
    e.node->patterns = pattern_nodes(parser, e.node, patterns);
    return e;
}

Expression make_pattern_capture(Parser *parser, uint32_t token) {
    Expression e = pattern_new(parser, NODE_MATCH_AS, token, token);
    if (!token_is(parser, token, "_")) e.node->capture.name = token_name(parser, token);
    return e;
}

Expression make_pattern_star(Parser *parser, uint32_t star, uint32_t name) {
    Expression e = pattern_new(parser, NODE_MATCH_STAR, star, name);
    if (!token_is(parser, name, "_")) e.node->capture.name = token_name(parser, name);
    return e;
}

Expression make_pattern_literal(Parser *parser, Expression value) {
    const Node *node = value.node;
    Expression e = pattern_new(parser, NODE_MATCH_VALUE, value.first, value.last);
    if (node->kind == NODE_CONSTANT && node->constant.kind <= CONSTANT_TRUE) {
        e.node->kind = NODE_MATCH_SINGLETON;
        e.node->singleton = node->constant.kind;
    } else {
        e.node->value = adopt(parser, e.node, value.node);
    }
    return e;
}

Expression make_pattern_sequence(Parser *parser, uint32_t first, List *patterns, uint32_t last) {
    Expression e = pattern_new(parser, NODE_MATCH_SEQUENCE, first, last);
    e.node->patterns = pattern_nodes(parser, e.node, patterns);
    return e;
}

List *mapping_item_add(Parser *parser, List *list, MappingItem item) {
    if (!list) list = node_list_new(parser, sizeof item);
    *(MappingItem *)list_add(parser, list) = item;
    return list;
}

Expression make_pattern_mapping(Parser *parser, uint32_t open, List *items, uint32_t close) {
    Expression e = pattern_new(parser, NODE_MATCH_MAPPING, open, close);
    if (!items) return e;
    const MappingItem *item = items->items;
    Node **keys = arena_allocate(parser->arena, items->count * sizeof *keys);
    Node **patterns = arena_allocate(parser->arena, items->count * sizeof *patterns);
    size_t count = 0;
    for (size_t i = 0; i < items->count; i++, item++) {
        if (item->rest) {
            if (i + 1 < items->count) fail_tokens(parser, item->rest + 2, item->rest + 2, "invalid syntax");
            if (token_is(parser, item->rest, "_"))
                fail_tokens(parser, item->rest, item->rest, "invalid syntax");
            e.node->mapping.rest = token_name(parser, item->rest);
            continue;
        }
        keys[count] = adopt(parser, e.node, item->key.node);
        patterns[count++] = adopt(parser, e.node, item->pattern.node);
    }
    e.node->mapping.keys = (NodeList){keys, count};
    e.node->mapping.patterns = (NodeList){patterns, count};
    return e;
}

List *pattern_argument_add(Parser *parser, List *list, PatternArgument argument) {
    if (!list) list = node_list_new(parser, sizeof argument);
    *(PatternArgument *)list_add(parser, list) = argument;
    return list;
}

Expression make_pattern_class(Parser *parser, Expression class_, uint32_t open, List *arguments,
                              uint32_t close) {
    (void)open;
    Expression e = pattern_new(parser, NODE_MATCH_CLASS, class_.first, close);
    e.node->class_pattern.class_ = adopt(parser, e.node, class_.node);
    if (!arguments) return e;
    size_t total = arguments->count, positional = 0, named = 0;
    const PatternArgument *item = arguments->items;
    Node **patterns = arena_allocate(parser->arena, total * sizeof *patterns);
    Node **named_patterns = arena_allocate(parser->arena, total * sizeof *named_patterns);
    Identifier *names = arena_allocate(parser->arena, total * sizeof *names);
    for (size_t i = 0; i < total; i++, item++) {
        Node *pattern = adopt(parser, e.node, item->pattern.node);
        if (item->name) {
            names[named] = (Identifier){token_name(parser, item->name), parser->tokens[item->name].range};
            named_patterns[named++] = pattern;
        } else {
            if (named) {
                fail_expression(parser, item->pattern, "positional patterns follow keyword patterns");
            }
            patterns[positional++] = pattern;
        }
    }
    e.node->class_pattern.patterns = (NodeList){patterns, positional};
    e.node->class_pattern.keywords = (IdentifierList){names, named};
    e.node->class_pattern.keyword_patterns = (NodeList){named_patterns, named};
    return e;
}

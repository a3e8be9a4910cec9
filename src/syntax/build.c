// Makers of lists and of expression nodes.
#include <string.h>

#include "base/number.h"
#include "base/unicode_normal.h"
#include "syntax/parser.h"

List *node_list_new(Parser *parser, size_t item_size) {
    List *list = arena_allocate(parser->arena, sizeof *list);
    list->item_size = item_size;
    return list;
}

void *list_add(Parser *parser, List *list) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 2;
        void *items = arena_allocate(parser->arena, capacity * list->item_size);
        if (list->count) memcpy(items, list->items, list->count * list->item_size);
        list->items = items;
        list->capacity = capacity;
    }
    return (char *)list->items + list->item_size * list->count++;
}

List *nodes_new(Parser *parser, Node *node) {
    return nodes_add(parser, node_list_new(parser, sizeof(Node *)), node);
}

List *nodes_add(Parser *parser, List *list, Node *node) {
    *(Node **)list_add(parser, list) = node;
    return list;
}

NodeList nodes_done(const List *list) {
    if (!list) return (NodeList){NULL, 0};
    return (NodeList){list->items, list->count};
}

List *expressions_new(Parser *parser, Expression expression) {
    List *list = node_list_new(parser, sizeof(Expression));
    list->first = expression.first;
    return expressions_add(parser, list, expression);
}

List *expressions_add(Parser *parser, List *list, Expression expression) {
    *(Expression *)list_add(parser, list) = expression;
    list->last = expression.last;
    return list;
}

// The nodes of a list of expressions, as children of `owner`.
static NodeList expression_nodes(Parser *parser, Node *owner, const List *list) {
    NodeList nodes = {NULL, 0};
    if (!list || !list->count) return nodes;
    nodes.count = list->count;
    nodes.items = arena_allocate(parser->arena, list->count * sizeof(Node *));
    const Expression *items = list->items;
    for (size_t i = 0; i < list->count; i++) nodes.items[i] = adopt(parser, owner, items[i].node);
    return nodes;
}

Range token_range(const Parser *parser, uint32_t first, uint32_t last) {
    Range start = parser->tokens[first].range, end = parser->tokens[last].range;
    return (Range){start.line, start.column, end.end_line, end.end_column};
}

Node *node_new(Parser *parser, NodeKind kind, uint32_t first, uint32_t last) {
    Node *node = arena_allocate(parser->arena, sizeof *node);
    node->kind = kind;
    node->depth = 1;
    node->range = token_range(parser, first, last);
    return node;
}

Node *adopt(Parser *parser, Node *node, Node *child) {
    if (child && child->depth >= node->depth) {
        if (child->depth >= LIMIT_TREE_DEPTH)
            fail(parser, child->range, "too many nested expressions");
        else
            node->depth = (uint16_t)(child->depth + 1);
    }
    return child;
}

NodeList adopt_all(Parser *parser, Node *node, NodeList children) {
    for (size_t i = 0; i < children.count; i++) adopt(parser, node, children.items[i]);
    return children;
}

bool token_is(const Parser *parser, uint32_t token, const char *word) {
    const Token *t = &parser->tokens[token];
    return strlen(word) == t->end - t->start && !memcmp(parser->text + t->start, word, t->end - t->start);
}

Text token_name(Parser *parser, uint32_t token) {
    const Token *t = &parser->tokens[token];
    const char *text = parser->text + t->start;
    size_t length = t->end - t->start;
    bool ascii = true;
    for (size_t i = 0; i < length; i++) ascii &= (unsigned char)text[i] < 0x80;
    if (ascii) return (Text){arena_copy(parser->arena, text, length), length};
    NormalOptions options = {.form = NORMAL_COMPATIBLE | NORMAL_COMPOSED};
    Buffer normal;
    buffer_init(&normal, parser->arena->allocator);
    char *copy = NULL;
    // The buffer must not outlive a jump out of the arena: so first there is room for its text, of which the length is known only then.
    size_t room = length;
    for (;;) {
        copy = arena_allocate(parser->arena, room + 1);
        bool ok = unicode_normalize(text, length, &options, &normal);
        size_t size = normal.length;
        if (ok && size <= room) memcpy(copy, normal.data, size);
        buffer_free(&normal);
        if (!ok) longjmp(*parser->arena->failure, 1);
        if (size <= room) return (Text){copy, size};
        room = size;
    }
}

static Expression expression_new(Parser *parser, NodeKind kind, uint32_t first, uint32_t last) {
    return (Expression){node_new(parser, kind, first, last), first, last};
}

Expression make_name(Parser *parser, uint32_t token) {
    Expression e = expression_new(parser, NODE_NAME, token, token);
    e.node->name.id = token_name(parser, token);
    return e;
}

Expression make_constant(Parser *parser, uint32_t token, ConstantKind kind) {
    Expression e = expression_new(parser, NODE_CONSTANT, token, token);
    e.node->constant.kind = kind;
    return e;
}

Expression make_number(Parser *parser, uint32_t token) {
    Expression e = make_constant(parser, token, CONSTANT_INT);
    const char *text = parser->text + parser->tokens[token].start;
    size_t length = parser->tokens[token].end - parser->tokens[token].start;
    int base = 10;
    if (text[0] == '0' && length > 1) {
        char mark = (char)(text[1] | 0x20);
        base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    }
    bool imaginary = base == 10 && (text[length - 1] | 0x20) == 'j';
    bool is_float = imaginary;
    for (size_t i = 0; base == 10 && i < length; i++) is_float |= text[i] == '.' || (text[i] | 0x20) == 'e';
    if (is_float) {
        e.node->constant.kind = imaginary ? CONSTANT_IMAGINARY : CONSTANT_FLOAT;
        number_parse(text, length - imaginary, true, false, &e.node->constant.number);
        return e;
    }
    char *digits = arena_allocate(parser->arena, length + 1);
    size_t count = 0;
    for (size_t i = base == 10 ? 0 : 2; i < length; i++) {
        if (text[i] != '_') digits[count++] = text[i];
    }
    e.node->constant.base = base;
    e.node->constant.text = (Text){digits, count};
    return e;
}

Expression make_binary(Parser *parser, Expression left, BinaryOperator operator, Expression right) {
    Expression e = expression_new(parser, NODE_BINARY_OPERATION, left.first, right.last);
    e.node->binary.left = adopt(parser, e.node, left.node);
    e.node->binary.operator= operator;
    e.node->binary.right = adopt(parser, e.node, right.node);
    return e;
}

Expression make_complex(Parser *parser, Expression real, BinaryOperator operator, Expression imaginary) {
    const Node *number = real.node->kind == NODE_UNARY_OPERATION ? real.node->unary.operand : real.node;
    if (number->constant.kind == CONSTANT_IMAGINARY) {
        fail_expression(parser, real, "real number required in complex literal");
    } else if (imaginary.node->constant.kind != CONSTANT_IMAGINARY) {
        fail_expression(parser, imaginary, "imaginary number required in complex literal");
    }
    return make_binary(parser, real, operator, imaginary);
}

Expression make_unary(Parser *parser, uint32_t token, UnaryOperator operator, Expression operand) {
    Expression e = expression_new(parser, NODE_UNARY_OPERATION, token, operand.last);
    e.node->unary.operator= operator;
    e.node->unary.operand = adopt(parser, e.node, operand.node);
    return e;
}

Expression make_boolean(Parser *parser, List *values, bool is_or) {
    Expression e = expression_new(parser, NODE_BOOLEAN_OPERATION, values->first, values->last);
    e.node->boolean.is_or = is_or;
    e.node->boolean.values = expression_nodes(parser, e.node, values);
    return e;
}

// A chain `a < b < c` is one node. While it grows the node keeps room for a power of two of operands.
Expression make_compare(Parser *parser, Expression left, CompareOperator operator, Expression right,
                        bool more) {
    Expression e = left;
    size_t count = 0;
    if (more) {
        count = e.node->compare.comparators.count;
        e.last = right.last;
        e.node->range = token_range(parser, e.first, e.last);
    } else {
        e = expression_new(parser, NODE_COMPARE, left.first, right.last);
        e.node->compare.left = adopt(parser, e.node, left.node);
    }
    if (!(count & (count - 1))) {
        size_t capacity = count ? count * 2 : 1;
        CompareOperator *operators = arena_allocate(parser->arena, capacity * sizeof *operators);
        Node **comparators = arena_allocate(parser->arena, capacity * sizeof *comparators);
        if (count) {
            memcpy(operators, e.node->compare.operators, count * sizeof *operators);
            memcpy(comparators, e.node->compare.comparators.items, count * sizeof *comparators);
        }
        e.node->compare.operators = operators;
        e.node->compare.comparators.items = comparators;
    }
    e.node->compare.operators[count] = operator;
    e.node->compare.comparators.items[count] = adopt(parser, e.node, right.node);
    e.node->compare.comparators.count = count + 1;
    return e;
}

Expression make_conditional(Parser *parser, Expression body, Expression test, Expression or_else) {
    Expression e = expression_new(parser, NODE_CONDITIONAL, body.first, or_else.last);
    e.node->conditional.body = adopt(parser, e.node, body.node);
    e.node->conditional.test = adopt(parser, e.node, test.node);
    e.node->conditional.or_else = adopt(parser, e.node, or_else.node);
    return e;
}

Expression make_named(Parser *parser, uint32_t name, Expression value) {
    Expression e = expression_new(parser, NODE_NAMED_EXPRESSION, name, value.last);
    Node *target = make_name(parser, name).node;
    target->name.context = CONTEXT_STORE;
    e.node->named.target = adopt(parser, e.node, target);
    e.node->named.value = adopt(parser, e.node, value.node);
    return e;
}

Expression make_lambda(Parser *parser, uint32_t token, List *parameters, uint32_t colon, Expression body) {
    Expression e = expression_new(parser, NODE_LAMBDA, token, body.last);
    e.node->lambda.parameters = parameters_done(parser, e.node, parameters, colon, true);
    e.node->lambda.body = adopt(parser, e.node, body.node);
    return e;
}

Expression make_starred(Parser *parser, uint32_t token, Expression value) {
    Expression e = expression_new(parser, NODE_STARRED, token, value.last);
    e.node->starred.value = adopt(parser, e.node, value.node);
    return e;
}

Expression make_attribute(Parser *parser, Expression object, uint32_t name) {
    Expression e = expression_new(parser, NODE_ATTRIBUTE, object.first, name);
    e.node->attribute.object = adopt(parser, e.node, object.node);
    e.node->attribute.name = token_name(parser, name);
    e.node->attribute.name_range = parser->tokens[name].range;
    return e;
}

Expression make_subscript(Parser *parser, Expression object, uint32_t open, List *items, bool comma,
                          uint32_t close) {
    Expression e = expression_new(parser, NODE_SUBSCRIPT, object.first, close);
    Expression *only = items->items;
    e.node->subscript.object = adopt(parser, e.node, object.node);
    Node *index = only->node;
    if (comma || items->count > 1 || index->kind == NODE_STARRED) {
        index = make_tuple(parser, items, comma ? close - 1 : items->last).node;
    }
    e.node->subscript.index = adopt(parser, e.node, index);
    return e;
}

Expression make_slice(Parser *parser, uint32_t colon, const Expression *lower, const Expression *upper,
                      uint32_t second, const Expression *step) {
    uint32_t first = lower->node ? lower->first : colon;
    uint32_t last = upper->node ? upper->last : colon;
    if (second) last = step->node ? step->last : second;
    Expression e = expression_new(parser, NODE_SLICE, first, last);
    e.node->slice.lower = adopt(parser, e.node, lower->node);
    e.node->slice.upper = adopt(parser, e.node, upper->node);
    if (step) e.node->slice.step = adopt(parser, e.node, step->node);
    return e;
}

Expression make_call(Parser *parser, Expression function, uint32_t open, List *arguments, uint32_t close) {
    Expression e = expression_new(parser, NODE_CALL, function.first, close);
    e.node->call.function = adopt(parser, e.node, function.node);
    arguments_done(parser, e.node, arguments, open, close, &e.node->call.arguments, &e.node->call.keywords);
    return e;
}

Expression make_tuple(Parser *parser, List *items, uint32_t last) {
    Expression e = expression_new(parser, NODE_TUPLE, items->first, last);
    e.node->sequence.items = expression_nodes(parser, e.node, items);
    return e;
}

Expression make_display(Parser *parser, NodeKind kind, uint32_t open, List *items, uint32_t close) {
    Expression e = expression_new(parser, kind, open, close);
    e.node->sequence.items = expression_nodes(parser, e.node, items);
    return e;
}

Expression make_group(Parser *parser, uint32_t open, Expression inner, uint32_t close) {
    (void)parser;
    return (Expression){inner.node, open, close};
}

Expression make_value_node(Parser *parser, NodeKind kind, uint32_t token, const Expression *value) {
    Expression e = expression_new(parser, kind, token, value ? value->last : token);
    if (value) e.node->value = adopt(parser, e.node, value->node);
    return e;
}

List *clause_add(Parser *parser, List *list, uint32_t async_token, Expression target, Expression iterable,
                 List *conditions) {
    if (!list) list = node_list_new(parser, sizeof(Comprehension));
    Node *node = make_target(parser, target, TARGET_FOR);
    *(Comprehension *)list_add(parser, list) = (Comprehension){
        node,
        iterable.node,
        nodes_done(conditions),
        async_token != 0,
    };
    list->last = conditions ? conditions->last : iterable.last;
    return list;
}

// Gives the clauses to the comprehension.
static void adopt_clauses(Parser *parser, Node *node, List *clauses) {
    Comprehension *items = clauses->items;
    node->comprehension.generators = items;
    node->comprehension.count = clauses->count;
    for (size_t i = 0; i < clauses->count; i++) {
        adopt(parser, node, items[i].target);
        adopt(parser, node, items[i].iterable);
        adopt_all(parser, node, items[i].conditions);
    }
}

Expression make_comprehension(Parser *parser, NodeKind kind, uint32_t open, Expression element, List *clauses,
                              uint32_t close) {
    Expression e = expression_new(parser, kind, open, close);
    if (element.node->kind == NODE_STARRED &&
        parser->tokens[element.first].start + 1 <= parser->tokens[element.last].end &&
        parser->text[parser->tokens[element.first].start] == '*') {
        fail_expression(parser, element, "iterable unpacking cannot be used in comprehension");
    }
    e.node->comprehension.element = adopt(parser, e.node, element.node);
    adopt_clauses(parser, e.node, clauses);
    return e;
}

List *dict_items_add(Parser *parser, List *list, DictItem item) {
    if (!list) list = node_list_new(parser, sizeof item);
    *(DictItem *)list_add(parser, list) = item;
    return list;
}

Expression make_dict(Parser *parser, uint32_t open, List *items, uint32_t close) {
    Expression e = expression_new(parser, NODE_DICT, open, close);
    size_t count = items ? items->count : 0;
    if (!count) return e;
    const DictItem *item = items->items;
    Node **keys = arena_allocate(parser->arena, count * sizeof *keys);
    Node **values = arena_allocate(parser->arena, count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        keys[i] = adopt(parser, e.node, item[i].key.node);
        values[i] = adopt(parser, e.node, item[i].value.node);
    }
    e.node->dict.keys = (NodeList){keys, count};
    e.node->dict.values = (NodeList){values, count};
    return e;
}

Expression make_dict_comprehension(Parser *parser, uint32_t open, DictItem item, List *clauses,
                                   uint32_t close) {
    Expression e = expression_new(parser, NODE_DICT_COMPREHENSION, open, close);
    if (!item.key.node) {
        fail_tokens(parser, item.stars, item.stars, "dict unpacking cannot be used in dict comprehension");
        return e;
    }
    e.node->comprehension.element = adopt(parser, e.node, item.key.node);
    e.node->comprehension.value = adopt(parser, e.node, item.value.node);
    adopt_clauses(parser, e.node, clauses);
    return e;
}

// Makers of statement nodes.
#include <string.h>

#include "grammar/aioli.h"
#include "syntax/parser.h"

List *statement_add(Parser *parser, List *list, Node *statement) {
    list = list ? nodes_add(parser, list, statement) : nodes_new(parser, statement);
    list->last = 0;
    return list;
}

List *statements_join(Parser *parser, List *list, const List *more) {
    if (!list) list = node_list_new(parser, sizeof(Node *));
    for (size_t i = 0; i < more->count; i++) nodes_add(parser, list, ((Node **)more->items)[i]);
    list->last = more->last;
    return list;
}

void finish_module(Parser *parser, List *statements) {
    parser->module = arena_allocate(parser->arena, sizeof(Module));
    parser->module->body = nodes_done(statements);
}

void end_with_block(const Parser *parser, Range *range, const List *block) {
    if (!block || !block->count) return;
    Range last = ((Node **)block->items)[block->count - 1]->range;
    if (block->last) last = parser->tokens[block->last].range;
    range->end_line = last.end_line;
    range->end_column = last.end_column;
}

// The statements of a block, as children; the statement's range grows over them.
static NodeList take_block(Parser *parser, Node *node, const List *block) {
    NodeList body = adopt_all(parser, node, nodes_done(block));
    end_with_block(parser, &node->range, block);
    return body;
}

Node *make_expression_statement(Parser *parser, Expression value) {
    Node *node = node_new(parser, NODE_EXPRESSION_STATEMENT, value.first, value.last);
    node->value = adopt(parser, node, value.node);
    return node;
}

// Whether a comparison may have been meant by `target = value …`, the first target of a statement that cannot
// be an assignment: its last element and the value's beginning must be operands. If so, says that.
static bool suggest_comparison(Parser *parser, Expression target, Expression value, bool value_is_target) {
    Expression operand = leading_operand(parser, value);
    if (!operand.node || (value_is_target && operand.last == value.last)) return false;
    // In `a, b, f() = 1` it is the last element.
    uint32_t start = target.first;
    for (uint32_t i = target.first; i <= target.last; i++) {
        if (parser->tokens[i].kind == TOKEN_COMMA) start = i + 1;
        if (parser->tokens[i].partner > i) i = parser->tokens[i].partner;
    }
    Expression element = prefix_operand(parser, start);
    if (!element.node || element.last != target.last) return false;
    const Node *node = element.node;
    bool in_parentheses = parser->tokens[element.first].partner == element.last;
    if (node->kind == NODE_NAME && !in_parentheses) {
        fail(parser, nodes_range(node, operand.node),
             "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
        return true;
    }
    switch (node->kind) {
    case NODE_LIST:
    case NODE_TUPLE:
    case NODE_GENERATOR_EXPRESSION: return false;
    case NODE_YIELD:
    case NODE_YIELD_FROM: return false;
    case NODE_CONSTANT:
        if (node->constant.kind <= CONSTANT_TRUE) return false;
        break;
    default: break;
    }
    fail(parser, node->range, "cannot assign to %s here. Maybe you meant '==' instead of '='?",
         expression_name(node));
    return true;
}

// Says what is wrong with the target of `=`, if anything is.
static void check_assigned(Parser *parser, const Expression *targets, size_t index, size_t count,
                           Expression value) {
    Expression target = targets[index];
    Node *bad = invalid_target(target.node, TARGET_ASSIGN);
    if (!bad) return;
    if (suggest_comparison(parser, targets[0], count > 1 ? targets[1] : value, count > 1)) return;
    bool is_yield = target.node->kind == NODE_YIELD || target.node->kind == NODE_YIELD_FROM;
    if (is_yield && parser->tokens[target.first].kind == TOKEN_YIELD) {
        fail_expression(parser, target, "assignment to yield expression not possible");
    } else {
        fail(parser, bad->range, "cannot assign to %s", expression_name(bad));
    }
}

Node *make_assignment(Parser *parser, List *targets, Expression value) {
    const Expression *items = targets->items;
    Node *node = node_new(parser, NODE_ASSIGN, targets->first, value.last);
    Node **nodes = arena_allocate(parser->arena, targets->count * sizeof *nodes);
    for (size_t i = 0; i < targets->count; i++) {
        if (!parser->failed) check_assigned(parser, items, i, targets->count, value);
        if (!parser->failed) make_target(parser, items[i], TARGET_ASSIGN);
        nodes[i] = adopt(parser, node, items[i].node);
    }
    node->assign.targets = (NodeList){nodes, targets->count};
    node->assign.value = adopt(parser, node, value.node);
    return node;
}

Node *make_augmented(Parser *parser, Expression target, BinaryOperator operator, Expression value) {
    Node *node = node_new(parser, NODE_AUGMENTED_ASSIGN, target.first, value.last);
    switch (target.node->kind) {
    case NODE_NAME:
    case NODE_ATTRIBUTE:
    case NODE_SUBSCRIPT: make_target(parser, target, TARGET_ASSIGN); break;
    default:
        fail_expression(parser, target, "'%s' is an illegal expression for augmented assignment",
                        expression_name(target.node));
    }
    node->augmented.target = adopt(parser, node, target.node);
    node->augmented.operator= operator;
    node->augmented.value = adopt(parser, node, value.node);
    return node;
}

Node *make_annotated(Parser *parser, Expression target, Expression annotation, const Expression *value) {
    Node *node = node_new(parser, NODE_ANNOTATED_ASSIGN, target.first, value ? value->last : annotation.last);
    switch (target.node->kind) {
    case NODE_NAME:
    case NODE_ATTRIBUTE:
    case NODE_SUBSCRIPT: make_target(parser, target, TARGET_ASSIGN); break;
    case NODE_LIST: fail_expression(parser, target, "only single target (not list) can be annotated"); break;
    case NODE_TUPLE:
        if (parser->tokens[target.first].partner == target.last) {
            fail_expression(parser, target, "only single target (not tuple) can be annotated");
        } else {
            fail(parser, target.node->sequence.items.items[0]->range,
                 "only single target (not tuple) can be annotated");
        }
        break;
    default: fail_expression(parser, target, "illegal target for annotation");
    }
    node->annotated.target = adopt(parser, node, target.node);
    node->annotated.annotation = adopt(parser, node, annotation.node);
    if (value) node->annotated.value = adopt(parser, node, value->node);
    node->annotated.simple = target.node->kind == NODE_NAME && target.first == target.last;
    return node;
}

Node *make_simple(Parser *parser, NodeKind kind, uint32_t token, const Expression *value) {
    Node *node = node_new(parser, kind, token, value ? value->last : token);
    if (value) node->value = adopt(parser, node, value->node);
    return node;
}

Node *make_delete(Parser *parser, uint32_t token, Expression targets) {
    Node *node = node_new(parser, NODE_DELETE, token, targets.last);
    make_target(parser, targets, TARGET_DELETE);
    bool bare = targets.node->kind == NODE_TUPLE && (parser->tokens[targets.first].kind != TOKEN_LPAR ||
                                                     parser->tokens[targets.first].partner != targets.last);
    if (bare) {
        node->targets = adopt_all(parser, node, targets.node->sequence.items);
    } else {
        Node **items = arena_allocate(parser->arena, sizeof *items);
        items[0] = adopt(parser, node, targets.node);
        node->targets = (NodeList){items, 1};
    }
    return node;
}

Node *make_raise(Parser *parser, uint32_t token, const Expression *exception, const Expression *cause) {
    Node *node = node_new(parser, NODE_RAISE, token,
                          cause       ? cause->last
                          : exception ? exception->last
                                      : token);
    if (exception) node->raise.exception = adopt(parser, node, exception->node);
    if (cause) node->raise.cause = adopt(parser, node, cause->node);
    return node;
}

Node *make_assert(Parser *parser, uint32_t token, Expression test, const Expression *message) {
    Node *node = node_new(parser, NODE_ASSERT, token, message ? message->last : test.last);
    node->assert_.test = adopt(parser, node, test.node);
    if (message) node->assert_.message = adopt(parser, node, message->node);
    return node;
}

List *identifier_add(Parser *parser, List *list, uint32_t token) {
    if (!list) list = node_list_new(parser, sizeof(Identifier));
    *(Identifier *)list_add(parser, list) =
        (Identifier){token_name(parser, token), parser->tokens[token].range};
    list->last = token;
    return list;
}

Node *make_names(Parser *parser, NodeKind kind, uint32_t token, List *names) {
    Node *node = node_new(parser, kind, token, names->last);
    node->names = (IdentifierList){names->items, names->count};
    return node;
}

// The text of a dotted name, without the white space that may be in it.
static Text dotted_text(Parser *parser, uint32_t first, uint32_t last) {
    if (first == last) {
        if (parser->tokens[first].kind == TOKEN_STAR) return (Text){"*", 1};
        return token_name(parser, first);
    }
    size_t length = 0;
    for (uint32_t i = first; i <= last; i += 2) length += token_name(parser, i).length + 1;
    char *text = arena_allocate(parser->arena, length);
    char *end = text;
    for (uint32_t i = first; i <= last; i += 2) {
        Text part = token_name(parser, i);
        memcpy(end, part.data, part.length);
        end += part.length;
        if (i < last) *end++ = '.';
    }
    return (Text){text, length - 1};
}

List *alias_add(Parser *parser, List *list, uint32_t first, uint32_t last, uint32_t as) {
    if (!list) list = node_list_new(parser, sizeof(Alias));
    Alias *alias = list_add(parser, list);
    alias->name = dotted_text(parser, first, last);
    if (as) alias->as = token_name(parser, as);
    alias->range = token_range(parser, first, as ? as : last);
    list->last = as ? as : last;
    return list;
}

Node *make_import(Parser *parser, uint32_t token, List *aliases) {
    Node *node = node_new(parser, NODE_IMPORT, token, aliases->last);
    node->import.names = aliases->items;
    node->import.count = aliases->count;
    return node;
}

Node *make_import_from(Parser *parser, uint32_t token, uint32_t level, const List *module, List *aliases,
                       uint32_t last) {
    Node *node = node_new(parser, NODE_IMPORT_FROM, token, last);
    if (module) node->import.module = dotted_text(parser, module->first, module->last);
    node->import.level = level;
    node->import.names = aliases->items;
    node->import.count = aliases->count;
    return node;
}

// The type parameters, their expressions as children.
static TypeParameterList take_type_parameters(Parser *parser, Node *node, const List *list) {
    TypeParameterList result = {NULL, 0};
    if (!list) return result;
    result.items = list->items;
    result.count = list->count;
    for (size_t i = 0; i < result.count; i++) {
        adopt(parser, node, result.items[i].bound);
        adopt(parser, node, result.items[i].default_value);
    }
    return result;
}

Node *make_type_alias(Parser *parser, uint32_t token, uint32_t name, List *type_parameters,
                      Expression value) {
    Node *node = node_new(parser, NODE_TYPE_ALIAS, token, value.last);
    node->type_alias.name = token_name(parser, name);
    node->type_alias.name_range = parser->tokens[name].range;
    node->type_alias.type_parameters = take_type_parameters(parser, node, type_parameters);
    node->type_alias.value = adopt(parser, node, value.node);
    return node;
}

List *branch_add(Parser *parser, List *list, uint32_t token, Expression test, List *body) {
    if (!list) list = node_list_new(parser, sizeof(Branch));
    *(Branch *)list_add(parser, list) = (Branch){token, test, body};
    return list;
}

// Nests each `elif` into the one before it, from the last.
Node *make_if(Parser *parser, List *branches, List *or_else) {
    const Branch *items = branches->items;
    Node *inner = NULL;
    for (size_t i = branches->count; i-- > 0;) {
        Node *node = node_new(parser, NODE_IF, items[i].token, items[i].token);
        node->branch.test = adopt(parser, node, items[i].test.node);
        node->branch.body = take_block(parser, node, items[i].body);
        if (inner)
            node->branch.or_else = take_block(parser, node, nodes_new(parser, inner));
        else
            node->branch.or_else = take_block(parser, node, or_else);
        inner = node;
        if (parser->failed) break;
    }
    return inner;
}

Node *make_while(Parser *parser, uint32_t token, Expression test, List *body, List *or_else) {
    Node *node = node_new(parser, NODE_WHILE, token, token);
    node->branch.test = adopt(parser, node, test.node);
    node->branch.body = take_block(parser, node, body);
    node->branch.or_else = take_block(parser, node, or_else);
    return node;
}

Node *make_for(Parser *parser, uint32_t async_token, uint32_t token, Expression target, Expression iterable,
               List *body, List *or_else) {
    uint32_t first = async_token ? async_token : token;
    Node *node = node_new(parser, NODE_FOR, first, first);
    node->for_.target = adopt(parser, node, make_target(parser, target, TARGET_FOR));
    node->for_.iterable = adopt(parser, node, iterable.node);
    node->for_.body = take_block(parser, node, body);
    node->for_.or_else = take_block(parser, node, or_else);
    node->for_.is_async = async_token != 0;
    return node;
}

List *with_item_add(Parser *parser, List *list, Expression context, const Expression *target) {
    if (!list) list = node_list_new(parser, sizeof(WithItem));
    Node *node = target ? make_target(parser, *target, TARGET_WITH) : NULL;
    *(WithItem *)list_add(parser, list) = (WithItem){context.node, node};
    return list;
}

Node *make_with(Parser *parser, uint32_t async_token, uint32_t token, List *items, List *body) {
    uint32_t first = async_token ? async_token : token;
    Node *node = node_new(parser, NODE_WITH, first, first);
    node->with.items = items->items;
    node->with.count = items->count;
    for (size_t i = 0; i < items->count; i++) {
        adopt(parser, node, node->with.items[i].context);
        adopt(parser, node, node->with.items[i].target);
    }
    node->with.body = take_block(parser, node, body);
    node->with.is_async = async_token != 0;
    return node;
}

List *handler_add(Parser *parser, List *list, uint32_t token, const Expression *type, uint32_t name,
                  List *body) {
    if (!list) list = node_list_new(parser, sizeof(ExceptHandler));
    ExceptHandler *handler = list_add(parser, list);
    handler->type = type ? type->node : NULL;
    if (name) handler->name = token_name(parser, name);
    handler->body = nodes_done(body);
    handler->range = parser->tokens[token].range;
    end_with_block(parser, &handler->range, body);
    return list;
}

Node *make_try(Parser *parser, uint32_t token, List *body, List *handlers, bool is_star, List *or_else,
               List *finally) {
    Node *node = node_new(parser, NODE_TRY, token, token);
    node->try_.body = take_block(parser, node, body);
    if (handlers) {
        node->try_.handlers = handlers->items;
        node->try_.handler_count = handlers->count;
        for (size_t i = 0; i < handlers->count; i++) {
            adopt(parser, node, node->try_.handlers[i].type);
            adopt_all(parser, node, node->try_.handlers[i].body);
            node->range.end_line = node->try_.handlers[i].range.end_line;
            node->range.end_column = node->try_.handlers[i].range.end_column;
        }
    }
    node->try_.or_else = take_block(parser, node, or_else);
    node->try_.finally = take_block(parser, node, finally);
    node->try_.is_star = is_star;
    return node;
}

Node *tree_function(Parser *parser, uint32_t async_token, uint32_t token, uint32_t name,
                    List *type_parameters, List *parameters, uint32_t close, const Expression *returns,
                    List *body) {
    uint32_t first = async_token ? async_token : token;
    Node *node = node_new(parser, NODE_FUNCTION_DEF, first, first);
    node->function.name = token_name(parser, name);
    node->function.type_parameters = take_type_parameters(parser, node, type_parameters);
    node->function.parameters = parameters_done(parser, node, parameters, close, false);
    if (returns) node->function.returns = adopt(parser, node, returns->node);
    node->function.body = take_block(parser, node, body);
    node->function.is_async = async_token != 0;
    return node;
}

Node *make_class(Parser *parser, uint32_t token, uint32_t name, List *type_parameters, uint32_t open,
                 List *arguments, uint32_t close, List *body) {
    Node *node = node_new(parser, NODE_CLASS_DEF, token, token);
    node->class_.name = token_name(parser, name);
    node->class_.type_parameters = take_type_parameters(parser, node, type_parameters);
    arguments_done(parser, node, arguments, open, close, &node->class_.bases, &node->class_.keywords);
    node->class_.body = take_block(parser, node, body);
    return node;
}

Node *add_decorators(Parser *parser, List *decorators, Node *definition) {
    NodeList list = adopt_all(parser, definition, nodes_done(decorators));
    if (definition->kind == NODE_CLASS_DEF)
        definition->class_.decorators = list;
    else
        definition->function.decorators = list;
    return definition;
}

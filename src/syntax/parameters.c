// Parameters of functions, arguments of calls, type parameters: lists whose order has rules.
#include <string.h>

#include "syntax/parser.h"

List *parameters_add(Parser *parser, List *list, ParameterItem item) {
    if (!list) list = node_list_new(parser, sizeof item);
    *(ParameterItem *)list_add(parser, list) = item;
    return list;
}

static Parameter parameter_of(Parser *parser, Node *owner, const ParameterItem *item) {
    adopt(parser, owner, item->annotation);
    return (Parameter){
        token_name(parser, item->name),
        item->annotation,
        token_range(parser, item->name, item->last),
    };
}

// Checks the order of the items. Returns false after saying what is wrong.
static bool check_order(Parser *parser, const List *list, uint32_t end, bool is_lambda) {
    const ParameterItem *items = list->items, *star = NULL, *slash = NULL, *keywords = NULL;
    const ParameterItem *defaulted = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const ParameterItem *item = &items[i];
        if (keywords) {
            fail_tokens(parser, item->token, item->form == ITEM_PLAIN ? item->name : item->token,
                        "arguments cannot follow var-keyword argument");
            return false;
        }
        switch (item->form) {
        case ITEM_SLASH:
            if (slash) {
                fail_tokens(parser, item->token, item->token, "/ may appear only once");
                return false;
            }
            if (star) {
                fail_tokens(parser, item->token, item->token, "/ must be ahead of *");
                return false;
            }
            if (!i) {
                fail_tokens(parser, item->token, item->token,
                            list->count > 1 ? "at least one argument must precede /" : "invalid syntax");
                return false;
            }
            slash = item;
            break;
        case ITEM_STAR:
        case ITEM_VARIADIC:
            if (star) {
                fail_tokens(parser, item->token, item->token, "* argument may appear only once");
                return false;
            }
            if (item->form == ITEM_STAR && (i + 1 == list->count || items[i + 1].form == ITEM_KEYWORDS)) {
                uint32_t place = item->token;
                if (is_lambda) place = i + 1 == list->count ? end : items[i + 1].token;
                fail_tokens(parser, place, place, "named arguments must follow bare *");
                return false;
            }
            star = item;
            break;
        case ITEM_KEYWORDS: keywords = item; break;
        case ITEM_PLAIN:
            if (star) break;
            if (item->default_value) {
                defaulted = item;
            } else if (defaulted) {
                fail_tokens(parser, item->name, item->name,
                            "parameter without a default follows parameter with a default");
                return false;
            }
            break;
        }
    }
    return true;
}

Parameters *parameters_done(Parser *parser, Node *owner, const List *list, uint32_t end, bool is_lambda) {
    Parameters *result = arena_allocate(parser->arena, sizeof *result);
    if (!list || !check_order(parser, list, end, is_lambda)) return result;
    const ParameterItem *items = list->items;
    result->items = arena_allocate(parser->arena, list->count * sizeof(Parameter));
    result->keyword_only = arena_allocate(parser->arena, list->count * sizeof(Parameter));
    result->keyword_defaults = arena_allocate(parser->arena, list->count * sizeof(Node *));
    Node **defaults = arena_allocate(parser->arena, list->count * sizeof(Node *));
    size_t default_count = 0;
    bool after_star = false;
    for (size_t i = 0; i < list->count; i++) {
        const ParameterItem *item = &items[i];
        adopt(parser, owner, item->default_value);
        switch (item->form) {
        case ITEM_SLASH: result->positional_only = result->count; break;
        case ITEM_STAR: after_star = true; break;
        case ITEM_VARIADIC:
            after_star = true;
            result->variadic = arena_allocate(parser->arena, sizeof(Parameter));
            *result->variadic = parameter_of(parser, owner, item);
            break;
        case ITEM_KEYWORDS:
            result->keyword_variadic = arena_allocate(parser->arena, sizeof(Parameter));
            *result->keyword_variadic = parameter_of(parser, owner, item);
            break;
        case ITEM_PLAIN:
            if (after_star) {
                result->keyword_defaults[result->keyword_only_count] = item->default_value;
                result->keyword_only[result->keyword_only_count++] = parameter_of(parser, owner, item);
            } else {
                result->items[result->count++] = parameter_of(parser, owner, item);
                if (item->default_value) defaults[default_count++] = item->default_value;
            }
            break;
        }
    }
    result->defaults = (NodeList){defaults, default_count};
    return result;
}

List *type_parameter_add(Parser *parser, List *list, TypeParameterItem item) {
    if (!list) list = node_list_new(parser, sizeof(TypeParameter));
    const Expression *bound = &item.bound, *value = &item.default_value;
    if (bound->node && item.kind != TYPE_PARAMETER_PLAIN) {
        const char *form =
            bound->node->kind == NODE_TUPLE ? "cannot use constraints with %s" : "cannot use bound with %s";
        fail_tokens(parser, item.name + 1, bound->last, form,
                    item.kind == TYPE_PARAMETER_TUPLE ? "TypeVarTuple" : "ParamSpec");
    }
    uint32_t last = value->node ? value->last : bound->node ? bound->last : item.name;
    *(TypeParameter *)list_add(parser, list) = (TypeParameter){
        item.kind,   token_name(parser, item.name),         bound->node,
        value->node, token_range(parser, item.first, last),
    };
    return list;
}

List *arguments_add(Parser *parser, List *list, Argument argument) {
    if (!list) {
        list = node_list_new(parser, sizeof argument);
        list->first = argument.token;
    }
    *(Argument *)list_add(parser, list) = argument;
    list->last = argument.form == ARGUMENT_GENERATOR ? argument.clauses->last : argument.value.last;
    return list;
}

// The generator expression that an argument without parentheses of its own is.
static Node *lone_generator(Parser *parser, const Argument *argument, const List *items, uint32_t open,
                            uint32_t close) {
    if (items->count > 1 || items->last != argument->clauses->last) {
        fail_tokens(parser, argument->value.first, argument->clauses->last,
                    "Generator expression must be parenthesized");
    }
    return make_comprehension(parser, NODE_GENERATOR_EXPRESSION, open, argument->value, argument->clauses,
                              close)
        .node;
}

void arguments_done(Parser *parser, Node *owner, List *items, uint32_t open, uint32_t close,
                    NodeList *positional, KeywordList *keywords) {
    if (!items) return;
    const Argument *argument = items->items;
    bool after_keyword = false, after_double_star = false;
    positional->items = arena_allocate(parser->arena, items->count * sizeof(Node *));
    keywords->items = arena_allocate(parser->arena, items->count * sizeof(Keyword));
    for (size_t i = 0; i < items->count; i++, argument++) {
        Node *value = adopt(parser, owner, argument->value.node);
        Keyword *keyword = &keywords->items[keywords->count];
        switch (argument->form) {
        case ARGUMENT_GENERATOR:
            value =
                adopt(parser, owner, lone_generator(parser, argument, items, open, close)); // fall through
        case ARGUMENT_VALUE:
            if (after_keyword || after_double_star) {
                fail_tokens(parser, close, close,
                            after_double_star ? "positional argument follows keyword argument unpacking"
                                              : "positional argument follows keyword argument");
            }
            positional->items[positional->count++] = value;
            break;
        case ARGUMENT_STAR:
            if (after_double_star) {
                fail_tokens(parser, argument->token - 1, argument->value.last,
                            "iterable argument unpacking follows keyword argument unpacking");
            }
            positional->items[positional->count++] =
                adopt(parser, owner, make_starred(parser, argument->token, argument->value).node);
            break;
        case ARGUMENT_NAMED:
            after_keyword = true;
            *keyword = (Keyword){token_name(parser, argument->token), value,
                                 token_range(parser, argument->token, argument->value.last)};
            keywords->count++;
            break;
        case ARGUMENT_DOUBLE_STAR:
            after_double_star = true;
            *keyword =
                (Keyword){{NULL, 0}, value, token_range(parser, argument->token, argument->value.last)};
            keywords->count++;
            break;
        }
    }
}

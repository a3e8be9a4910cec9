// What can be assigned to, deleted or looped over, and what messages call the rest.
#include "syntax/parser.h"

const char *expression_name(const Node *node) {
    switch (node->kind) {
    case NODE_ATTRIBUTE: return "attribute";
    case NODE_SUBSCRIPT: return "subscript";
    case NODE_STARRED: return "starred";
    case NODE_NAME: return "name";
    case NODE_LIST: return "list";
    case NODE_TUPLE: return "tuple";
    case NODE_LAMBDA: return "lambda";
    case NODE_CALL: return "function call";
    case NODE_BOOLEAN_OPERATION:
    case NODE_BINARY_OPERATION:
    case NODE_UNARY_OPERATION: return "expression";
    case NODE_GENERATOR_EXPRESSION: return "generator expression";
    case NODE_YIELD:
    case NODE_YIELD_FROM: return "yield expression";
    case NODE_AWAIT: return "await expression";
    case NODE_LIST_COMPREHENSION: return "list comprehension";
    case NODE_SET_COMPREHENSION: return "set comprehension";
    case NODE_DICT_COMPREHENSION: return "dict comprehension";
    case NODE_DICT: return "dict literal";
    case NODE_SET: return "set display";
    case NODE_JOINED_STRING:
    case NODE_FORMATTED_VALUE: return "f-string expression";
    case NODE_CONSTANT:
        switch (node->constant.kind) {
        case CONSTANT_NONE: return "None";
        case CONSTANT_FALSE: return "False";
        case CONSTANT_TRUE: return "True";
        case CONSTANT_ELLIPSIS: return "ellipsis";
        default: return "literal";
        }
    case NODE_COMPARE: return "comparison";
    case NODE_CONDITIONAL: return "conditional expression";
    case NODE_NAMED_EXPRESSION: return "named expression";
    default: return "expression";
    }
}

Node *invalid_target(Node *node, TargetUse use) {
    switch (node->kind) {
    case NODE_LIST:
    case NODE_TUPLE:
        for (size_t i = 0; i < node->sequence.items.count; i++) {
            Node *bad = invalid_target(node->sequence.items.items[i], use);
            if (bad) return bad;
        }
        return NULL;
    case NODE_STARRED: return use == TARGET_DELETE ? node : invalid_target(node->starred.value, use);
    case NODE_COMPARE:
        // `for x in y` read as one expression: only what stands before `in` is the target.
        if (use == TARGET_FOR) {
            if (node->compare.operators[0] == COMPARE_IN) return invalid_target(node->compare.left, use);
            return NULL;
        }
        return node;
    case NODE_NAME:
    case NODE_SUBSCRIPT:
    case NODE_ATTRIBUTE: return NULL;
    default: return node;
    }
}

// Sets the context of a valid target and of what it is made of.
static void set_context(Node *node, ExpressionContext context) {
    switch (node->kind) {
    case NODE_NAME: node->name.context = context; break;
    case NODE_ATTRIBUTE: node->attribute.context = context; break;
    case NODE_SUBSCRIPT: node->subscript.context = context; break;
    case NODE_STARRED:
        node->starred.context = context;
        set_context(node->starred.value, context);
        break;
    case NODE_LIST:
    case NODE_TUPLE:
        node->sequence.context = context;
        for (size_t i = 0; i < node->sequence.items.count; i++)
            set_context(node->sequence.items.items[i], context);
        break;
    default: break;
    }
}

Node *make_target(Parser *parser, Expression expression, TargetUse use) {
    Node *bad = invalid_target(expression.node, use);
    if (bad) {
        fail(parser, bad->range, use == TARGET_DELETE ? "cannot delete %s" : "cannot assign to %s",
             expression_name(bad));
        return expression.node;
    }
    set_context(expression.node, use == TARGET_DELETE ? CONTEXT_DELETE : CONTEXT_STORE);
    return expression.node;
}

// SyntaxWarnings for constructs that are legal but can't be meant, worded as CPython words them.
#include <stdarg.h>
#include <stdio.h>

#include "compiler/codegen.h"

static void warn(Compiler *c, Range range, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void warn(Compiler *c, Range range, const char *format, ...) {
    if (!c->warn) return;
    char message[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    SyntaxWarning warning = {.kind = SYNTAX_WARNING, .message = message, .line = range.line, .range = range};
    syntax_warning_lines(&warning, c->parsed);
    c->warn(c->vm, &warning, c->warn_data);
}

// The type of a display or constant, or NULL.
static const char *type_of_node(const Node *node) {
    switch (node->kind) {
    case NODE_TUPLE: return "tuple";
    case NODE_LIST:
    case NODE_LIST_COMPREHENSION: return "list";
    case NODE_DICT:
    case NODE_DICT_COMPREHENSION: return "dict";
    case NODE_SET:
    case NODE_SET_COMPREHENSION: return "set";
    case NODE_GENERATOR_EXPRESSION: return "generator";
    case NODE_LAMBDA: return "function";
    case NODE_JOINED_STRING: return "str";
    case NODE_CONSTANT:
        switch (node->constant.kind) {
        case CONSTANT_NONE: return "NoneType";
        case CONSTANT_FALSE:
        case CONSTANT_TRUE: return "bool";
        case CONSTANT_ELLIPSIS: return "ellipsis";
        case CONSTANT_INT: return "int";
        case CONSTANT_FLOAT: return "float";
        case CONSTANT_IMAGINARY: return "complex";
        case CONSTANT_STRING: return "str";
        case CONSTANT_BYTES: return "bytes";
        }
        return NULL;
    default: return NULL;
    }
}

void warn_call(Compiler *c, Node *node) {
    const Node *function = node->call.function;
    const char *type = type_of_node(function);
    if (type && function->kind != NODE_LAMBDA)
        warn(c, function->range, "'%s' object is not callable; perhaps you missed a comma?", type);
}

static bool has_items(const Node *node) {
    switch (node->kind) {
    case NODE_SET:
    case NODE_SET_COMPREHENSION:
    case NODE_GENERATOR_EXPRESSION:
    case NODE_LAMBDA: return false;
    case NODE_CONSTANT: return node->constant.kind == CONSTANT_STRING || node->constant.kind == CONSTANT_BYTES;
    default: return true;
    }
}

void warn_subscript(Compiler *c, Node *node) {
    const Node *object = node->subscript.object, *index = node->subscript.index;
    const char *type = type_of_node(object), *key = type_of_node(index);
    if (!type) return;
    if (!has_items(object)) {
        warn(c, object->range, "'%s' object is not subscriptable; perhaps you missed a comma?", type);
        return;
    }
    bool sequence = object->kind == NODE_TUPLE || object->kind == NODE_LIST || object->kind == NODE_LIST_COMPREHENSION ||
                    object->kind == NODE_JOINED_STRING || object->kind == NODE_CONSTANT;
    if (!sequence || !key || index->kind == NODE_SLICE) return;
    if (index->kind == NODE_CONSTANT && (index->constant.kind == CONSTANT_INT || index->constant.kind == CONSTANT_TRUE ||
                                         index->constant.kind == CONSTANT_FALSE))
        return;
    warn(c, object->range, "%s indices must be integers or slices, not %s; perhaps you missed a comma?", type, key);
}

static bool is_literal(const Node *node) {
    if (node->kind == NODE_TUPLE) return true;
    return node->kind == NODE_CONSTANT && node->constant.kind > CONSTANT_ELLIPSIS;
}

void warn_comparison(Compiler *c, Node *node) {
    const Node *left = node->compare.left;
    for (size_t i = 0; i < node->compare.comparators.count; i++) {
        const Node *right = node->compare.comparators.items[i];
        CompareOperator operator = node->compare.operators[i];
        if (operator == COMPARE_IS || operator == COMPARE_IS_NOT) {
            const Node *literal = is_literal(left) ? left : is_literal(right) ? right : NULL;
            if (literal)
                warn(c, node->range, "\"%s\" with '%s' literal. Did you mean \"%s\"?",
                     operator == COMPARE_IS ? "is" : "is not", type_of_node(literal), operator == COMPARE_IS ? "==" : "!=");
        }
        left = right;
    }
}

void warn_assertion(Compiler *c, Node *node) {
    const Node *test = node->assert_.test;
    if (test->kind == NODE_TUPLE && test->sequence.items.count)
        warn(c, node->range, "assertion is always true, perhaps remove parentheses?");
}

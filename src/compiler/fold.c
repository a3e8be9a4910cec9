#include "compiler/fold.h"

#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/number/int.h"

enum { DEEPEST = 100 };

static bool fold_number_at(Compiler *c, Node *node, Value *out, int depth) {
    if (depth > DEEPEST) return false;
    if (node->kind == NODE_CONSTANT) {
        if (node->constant.kind == CONSTANT_INT && node->constant.text.length > 200) return false;
        if (node->constant.kind != CONSTANT_INT && node->constant.kind != CONSTANT_FLOAT) return false;
        *out = constant_value(c, node);
        return true;
    }
    if (node->kind == NODE_UNARY_OPERATION && node->unary.operator != UNARY_NOT) {
        if (!fold_number_at(c, node->unary.operand, out, depth + 1)) return false;
        *out = value_unary(c->vm, (Unary)node->unary.operator, *out);
    } else if (node->kind == NODE_BINARY_OPERATION) {
        Value left, right;
        if (!fold_number_at(c, node->binary.left, &left, depth + 1) ||
            !fold_number_at(c, node->binary.right, &right, depth + 1))
            return false;
        // Powers and shifts can be of any size: only those that stay small are computed here.
        BinaryOperator operator = node->binary.operator;
        if (operator == OPERATOR_POWER || operator == OPERATOR_LEFT_SHIFT || operator == OPERATOR_MULTIPLY) {
            if (!is_small(left) || !is_small(right)) {
                if (operator != OPERATOR_MULTIPLY || is_object(left) || is_object(right)) return false;
            } else if (operator != OPERATOR_MULTIPLY && (small_of(right) < 0 || small_of(right) > 128)) {
                return false;
            }
        }
        *out = value_binary(c->vm, (Binary)operator, left, right);
    } else {
        return false;
    }
    if (!is_error(*out)) return true;
    exception_clear(c->vm); // it will be raised when it is reached
    return false;
}

bool fold_number(Compiler *c, Node *node, Value *out) { return fold_number_at(c, node, out, 0); }

static bool fold_constant_at(Compiler *c, Node *node, Value *out, int depth) {
    if (depth > DEEPEST) return false;
    if (node->kind == NODE_CONSTANT) {
        *out = constant_value(c, node);
        return true;
    }
    if (node->kind != NODE_TUPLE) return fold_number_at(c, node, out, depth);
    NodeList items = node->sequence.items;
    Tuple *tuple = tuple_new(c->vm, items.count);
    if (!tuple) compile_out_of_memory(c);
    for (size_t i = 0; i < items.count; i++)
        if (!fold_constant_at(c, items.items[i], &tuple->items[i], depth + 1)) return false;
    *out = value_object(tuple);
    return true;
}

bool fold_constant(Compiler *c, Node *node, Value *out) {
    if (node->kind == NODE_TUPLE) {
        // Most tuples are not constant: look before anything is allocated.
        for (size_t i = 0; i < node->sequence.items.count; i++) {
            NodeKind kind = node->sequence.items.items[i]->kind;
            if (kind != NODE_CONSTANT && kind != NODE_TUPLE && kind != NODE_UNARY_OPERATION && kind != NODE_BINARY_OPERATION)
                return false;
        }
    }
    return fold_constant_at(c, node, out, 0);
}

bool fold_truth(const Node *node, bool *out) {
    if (node->kind != NODE_CONSTANT) return false;
    switch (node->constant.kind) {
    case CONSTANT_NONE:
    case CONSTANT_FALSE: *out = false; return true;
    case CONSTANT_TRUE:
    case CONSTANT_ELLIPSIS: *out = true; return true;
    case CONSTANT_INT:
        *out = false;
        for (size_t i = 0; i < node->constant.text.length; i++) *out |= node->constant.text.data[i] != '0';
        return true;
    case CONSTANT_FLOAT:
    case CONSTANT_IMAGINARY: *out = node->constant.number != 0; return true;
    case CONSTANT_STRING:
    case CONSTANT_BYTES: *out = node->constant.text.length != 0; return true;
    }
    return false;
}

// Expressions: each leaves its value in a register.
#include "compiler/codegen.h"
#include "compiler/fold.h"
#include "object/container/list.h"
#include "object/core/specials.h"
#include "object/text/str.h"

static const Op binary_ops[] = {
    [OPERATOR_ADD] = OP_ADD,
    [OPERATOR_SUBTRACT] = OP_SUBTRACT,
    [OPERATOR_MULTIPLY] = OP_MULTIPLY,
    [OPERATOR_MATRIX_MULTIPLY] = OP_MATRIX_MULTIPLY,
    [OPERATOR_DIVIDE] = OP_DIVIDE,
    [OPERATOR_MODULO] = OP_MODULO,
    [OPERATOR_POWER] = OP_POWER,
    [OPERATOR_LEFT_SHIFT] = OP_LEFT_SHIFT,
    [OPERATOR_RIGHT_SHIFT] = OP_RIGHT_SHIFT,
    [OPERATOR_OR] = OP_BIT_OR,
    [OPERATOR_XOR] = OP_BIT_XOR,
    [OPERATOR_AND] = OP_BIT_AND,
    [OPERATOR_FLOOR_DIVIDE] = OP_FLOOR_DIVIDE,
};

static void anchor_between(Compiler *c, Node *left, Node *right) {
    if (left->range.end_line != c->unit->range.line || (right && right->range.line != left->range.end_line)) return;
    c->unit->anchor = left->range.end_column;
    c->unit->anchor_end = right ? right->range.column : 0xFFFF;
}

// ---- Operators

// Whether the node is an int constant of 16 bits, for the operators that take one in the instruction.
static bool small_constant(Compiler *c, Node *node, int *out) {
    Value v;
    if (!fold_number(c, node, &v) || !is_small(v)) return false;
    int64_t n = small_of(v);
    if (n < -32768 || n > 32767) return false;
    *out = (int)n;
    return true;
}

static bool operator_with_int(BinaryOperator operator, int n, Op *op) {
    switch (operator) {
    case OPERATOR_ADD: *op = OP_ADD_INT; return true;
    case OPERATOR_SUBTRACT: *op = OP_SUBTRACT_INT; return true;
    case OPERATOR_MULTIPLY: *op = OP_MULTIPLY_INT; return true;
    case OPERATOR_MODULO: *op = OP_MODULO_INT; return n > 0;
    case OPERATOR_FLOOR_DIVIDE: *op = OP_FLOOR_DIVIDE_INT; return n > 0;
    case OPERATOR_AND: *op = OP_BIT_AND_INT; return true;
    default: return false;
    }
}

void binary_operation(Compiler *c, BinaryOperator operator, Register target, Register left, Node *right, bool in_place) {
    int n;
    Op op;
    if (small_constant(c, right, &n) && operator_with_int(operator, n, &op)) {
        emit_n(c, op, in_place, target, left, (uint16_t)n);
        return;
    }
    Range range = c->unit->range;
    uint32_t anchor = c->unit->anchor, anchor_end = c->unit->anchor_end;
    Register value = expression_any(c, right);
    place_set(c, range);
    c->unit->anchor = anchor;
    c->unit->anchor_end = anchor_end;
    emit_n(c, binary_ops[operator], in_place, target, left, value);
}

static void binary_expression(Compiler *c, Node *node, Register target) {
    // A long chain a + b + c … leans left: walk it without recursion.
    Node *chain[256];
    size_t depth = 0;
    Node *at = node;
    while (at->kind == NODE_BINARY_OPERATION && depth < 256) {
        chain[depth++] = at;
        at = at->binary.left;
    }
    Register left = expression_operand(c, at, chain[depth - 1]->binary.right);
    while (depth) {
        Node *one = chain[--depth];
        uint32_t mark = registers_mark(c);
        place_set(c, one->range);
        anchor_between(c, one->binary.left, one->binary.right);
        Register into = depth == 0 ? target : left < c->unit->variable_count ? register_new(c) : left;
        if (into != target && into != left) mark = registers_mark(c);
        binary_operation(c, one->binary.operator, into, left, one->binary.right, false);
        registers_release(c, mark);
        left = into;
    }
}

static void unary_expression(Compiler *c, Node *node, Register target) {
    static const Op ops[] = {OP_INVERT, OP_NOT, OP_POSITIVE, OP_NEGATE};
    Register operand = expression_any(c, node->unary.operand);
    place_set(c, node->range);
    emit(c, ops[node->unary.operator], target, operand, 0);
}

static void boolean_expression(Compiler *c, Node *node, Register target) {
    Label *end = label_new(c);
    NodeList values = node->boolean.values;
    uint64_t *bound = NULL;
    // The target may be a variable that a later operand reads: work in a register of our own then.
    Register work = target < c->unit->variable_count ? register_new(c) : target;
    for (size_t i = 0; i < values.count; i++) {
        expression_to(c, values.items[i], work);
        if (i == 0) bound = bound_save(c);
        if (i + 1 < values.count) {
            place_set(c, values.items[i]->range);
            emit_jump(c, node->boolean.is_or ? OP_JUMP_IF_TRUE : OP_JUMP_IF_FALSE, work, end);
        }
    }
    label_place(c, end);
    if (work != target) emit(c, OP_MOVE, target, work, 0);
    bound_restore(c, bound);
}

static void conditional_expression(Compiler *c, Node *node, Register target) {
    Label *or_else = label_new(c), *end = label_new(c);
    Register work = target < c->unit->variable_count ? register_new(c) : target;
    condition_jump(c, node->conditional.test, false, or_else);
    uint64_t *bound = bound_save(c);
    expression_to(c, node->conditional.body, work);
    emit_jump(c, OP_JUMP, 0, end);
    label_place(c, or_else);
    bound_restore(c, bound);
    expression_to(c, node->conditional.or_else, work);
    bound_restore(c, bound);
    label_place(c, end);
    if (work != target) emit(c, OP_MOVE, target, work, 0);
}

// ---- Comparisons

static const Op compare_ops[] = {OP_EQUAL, OP_NOT_EQUAL, OP_LESS, OP_LESS_EQUAL, OP_GREATER, OP_GREATER_EQUAL};
static const Op compare_jumps[] = {OP_JUMP_EQUAL,      OP_JUMP_NOT_EQUAL, OP_JUMP_LESS,
                                   OP_JUMP_LESS_EQUAL, OP_JUMP_GREATER,   OP_JUMP_GREATER_EQUAL};

static void compare_once(Compiler *c, CompareOperator operator, Register target, Register left, Register right) {
    switch (operator) {
    case COMPARE_IS:
    case COMPARE_IS_NOT: emit_n(c, OP_IS, operator == COMPARE_IS_NOT, target, left, right); break;
    case COMPARE_IN:
    case COMPARE_NOT_IN: emit_n(c, OP_IN, operator == COMPARE_NOT_IN, target, left, right); break;
    default: emit(c, compare_ops[operator], target, left, right);
    }
}

static void compare_expression(Compiler *c, Node *node, Register target) {
    NodeList right = node->compare.comparators;
    warn_comparison(c, node);
    if (right.count == 1) {
        Register a = expression_operand(c, node->compare.left, right.items[0]);
        Register b = expression_any(c, right.items[0]);
        place_set(c, node->range);
        anchor_between(c, node->compare.left, right.items[0]);
        compare_once(c, node->compare.operators[0], target, a, b);
        return;
    }
    // a < b < c: every middle operand is evaluated once; the first false result is the value.
    Label *end = label_new(c);
    Register work = register_new(c), a = register_new(c), b = register_new(c);
    expression_to(c, node->compare.left, a);
    for (size_t i = 0; i < right.count; i++) {
        expression_to(c, right.items[i], b);
        place_set(c, node->range);
        compare_once(c, node->compare.operators[i], work, a, b);
        if (i + 1 < right.count) {
            emit_jump(c, OP_JUMP_IF_FALSE, work, end);
            emit(c, OP_MOVE, a, b, 0);
        }
    }
    label_place(c, end);
    emit(c, OP_MOVE, target, work, 0);
}

static bool is_none_constant(const Node *node) {
    return node->kind == NODE_CONSTANT && node->constant.kind == CONSTANT_NONE;
}

static void compare_jump(Compiler *c, Node *node, bool sense, Label *label) {
    Node *left = node->compare.left, *right = node->compare.comparators.items[0];
    CompareOperator operator = node->compare.operators[0];
    uint32_t mark = registers_mark(c);
    if ((operator == COMPARE_IS || operator == COMPARE_IS_NOT) && is_none_constant(right)) {
        warn_comparison(c, node);
        Register value = expression_any(c, left);
        place_set(c, node->range);
        emit_jump(c, (operator == COMPARE_IS) == sense ? OP_JUMP_IF_NONE : OP_JUMP_IF_NOT_NONE, value, label);
    } else if (operator >= COMPARE_IS) {
        Register result = register_new(c);
        compare_expression(c, node, result);
        emit_jump(c, sense ? OP_JUMP_IF_TRUE : OP_JUMP_IF_FALSE, result, label);
    } else {
        int n;
        bool by_int = (operator == COMPARE_EQUAL || operator == COMPARE_LESS || operator == COMPARE_GREATER) &&
                      small_constant(c, right, &n);
        Register a = by_int ? expression_any(c, left) : expression_operand(c, left, right);
        Register b = by_int ? (Register)n : expression_any(c, right);
        place_set(c, node->range);
        anchor_between(c, left, right);
        Op op = !by_int                       ? compare_jumps[operator]
                : operator == COMPARE_EQUAL ? OP_JUMP_EQUAL_INT
                : operator == COMPARE_LESS  ? OP_JUMP_LESS_INT
                                            : OP_JUMP_GREATER_INT;
        emit_compare_jump(c, op, sense, a, b, label);
    }
    registers_release(c, mark);
}

void condition_jump(Compiler *c, Node *node, bool sense, Label *label) {
    compile_deeper(c, node->range);
    Range before = place_set(c, node->range);
    uint32_t mark = registers_mark(c);
    bool truth;
    if (fold_truth(node, &truth)) {
        if (truth == sense) emit_jump(c, OP_JUMP, 0, label);
    } else if (node->kind == NODE_UNARY_OPERATION && node->unary.operator == UNARY_NOT) {
        condition_jump(c, node->unary.operand, !sense, label);
    } else if (node->kind == NODE_BOOLEAN_OPERATION) {
        NodeList values = node->boolean.values;
        // `or` jumps as soon as one is true, `and` as soon as one is false; the other way round the first operands skip.
        bool direct = node->boolean.is_or == sense;
        Label *skip = label_new(c);
        uint64_t *bound = NULL;
        for (size_t i = 0; i + 1 < values.count; i++) {
            condition_jump(c, values.items[i], node->boolean.is_or, direct ? label : skip);
            if (i == 0) bound = bound_save(c);
        }
        condition_jump(c, values.items[values.count - 1], sense, label);
        label_place(c, skip);
        if (bound) bound_restore(c, bound);
    } else if (node->kind == NODE_COMPARE && node->compare.comparators.count == 1) {
        compare_jump(c, node, sense, label);
    } else {
        Register value = expression_any(c, node);
        place_set(c, node->range);
        emit_jump(c, sense ? OP_JUMP_IF_TRUE : OP_JUMP_IF_FALSE, value, label);
    }
    registers_release(c, mark);
    place_set(c, before);
    c->depth--;
}

// ---- Displays

static void dict_expression(Compiler *c, Node *node, Register target) {
    NodeList keys = node->dict.keys, values = node->dict.values;
    enum { BATCH = 16 };
    Register dict = register_new(c);
    bool made = false;
    size_t i = 0;
    while (i < values.count || !made) {
        uint32_t mark = registers_mark(c);
        if (i < values.count && !keys.items[i]) { // **mapping
            if (!made) emit(c, OP_BUILD_DICT, dict, 0, 0);
            made = true;
            Register mapping = expression_any(c, values.items[i]);
            place_set(c, values.items[i]->range);
            emit(c, OP_DICT_UPDATE, dict, mapping, 0);
            i++;
        } else if (!made) {
            size_t count = 0;
            while (i + count < values.count && keys.items[i + count] && count < BATCH) count++;
            Register first = count ? registers_new(c, (uint32_t)count * 2) : 0;
            for (size_t k = 0; k < count; k++) {
                expression_to(c, keys.items[i + k], (Register)(first + 2 * k));
                expression_to(c, values.items[i + k], (Register)(first + 2 * k + 1));
            }
            place_set(c, node->range);
            emit(c, OP_BUILD_DICT, dict, first, (uint32_t)count);
            made = true;
            i += count;
        } else {
            Register key = register_new(c), value = register_new(c);
            expression_to(c, keys.items[i], key);
            expression_to(c, values.items[i], value);
            place_set(c, node->range);
            emit(c, OP_DICT_SET, dict, key, value);
            i++;
        }
        registers_release(c, mark);
    }
    emit(c, OP_MOVE, target, dict, 0);
}

static void sequence_expression(Compiler *c, Node *node, Register target) {
    Value folded;
    if (node->kind == NODE_TUPLE && fold_constant(c, node, &folded)) {
        load_constant(c, target, folded);
        return;
    }
    build_sequence(c, node->kind == NODE_LIST ? OP_BUILD_LIST : node->kind == NODE_SET ? OP_BUILD_SET : OP_BUILD_TUPLE,
                   node->sequence.items, target);
}

// ---- f-strings

static void formatted_value(Compiler *c, Node *node, Register target) {
    Register value = expression_operand(c, node->formatted.value, node->formatted.specification);
    Register specification = NO_REGISTER;
    if (node->formatted.specification) {
        specification = register_new(c);
        expression_to(c, node->formatted.specification, specification);
    }
    place_set(c, node->range);
    emit_n(c, OP_FORMAT, (uint8_t)node->formatted.conversion, target, value, specification);
}

static void joined_string(Compiler *c, Node *node, Register target) {
    enum { BATCH = 200 };
    NodeList parts = node->parts;
    if (parts.count == 0) {
        load_constant(c, target, constant_string(c, (Text){"", 0}));
        return;
    }
    // A string of very many parts is joined in batches.
    Register first = registers_new(c, (uint32_t)(parts.count < BATCH ? parts.count : BATCH));
    size_t filled = 0;
    for (size_t i = 0; i < parts.count; i++) {
        uint32_t mark = registers_mark(c);
        if (parts.items[i]->kind == NODE_FORMATTED_VALUE)
            formatted_value(c, parts.items[i], (Register)(first + filled));
        else
            expression_to(c, parts.items[i], (Register)(first + filled));
        registers_release(c, mark);
        if (++filled == BATCH) {
            emit(c, OP_BUILD_STRING, first, first, (uint32_t)filled);
            filled = 1;
        }
    }
    place_set(c, node->range);
    emit(c, OP_BUILD_STRING, target, first, (uint32_t)filled);
}

// ---- Attributes, items, slices

static void attribute_expression(Compiler *c, Node *node, Register target) {
    Register object = expression_any(c, node->attribute.object);
    place_set(c, node->range);
    Text name = scope_mangle(c->arena, c->scope, node->attribute.name);
    emit(c, OP_LOAD_ATTRIBUTE, target, object, constant_name16(c, name));
}

static void slice_expression(Compiler *c, Node *node, Register target) {
    Node *parts[3] = {node->slice.lower, node->slice.upper, node->slice.step};
    Register first = registers_new(c, 3);
    for (int i = 0; i < 3; i++) {
        if (parts[i])
            expression_to(c, parts[i], (Register)(first + i));
        else
            load_constant(c, (Register)(first + i), VALUE_NONE);
    }
    emit(c, OP_BUILD_SLICE, target, first, 0);
}

static void subscript_expression(Compiler *c, Node *node, Register target) {
    warn_subscript(c, node);
    Register object = expression_operand(c, node->subscript.object, node->subscript.index);
    Register index = expression_any(c, node->subscript.index);
    place_set(c, node->range);
    anchor_between(c, node->subscript.object, NULL);
    emit(c, OP_GET_ITEM, target, object, index);
}

// ---- Suspending

static void check_function(Compiler *c, Node *node, const char *outside) {
    if (c->unit->scope->kind != SCOPE_FUNCTION) compile_error(c, node->range, "%s", outside);
}

bool unit_may_await(Compiler *c) {
    Scope *scope = c->unit->scope;
    if (scope->kind == SCOPE_FUNCTION) return scope->is_async;
    if (!c->options->top_level_await || scope->kind != SCOPE_MODULE) return false;
    c->unit->flags |= CODE_COROUTINE;
    return true;
}

static void await_expression(Compiler *c, Node *node, Register target) {
    if (!unit_may_await(c)) {
        // To await makes the comprehension around it an asynchronous one.
        if (c->scope != c->unit->scope && c->scope->kind == SCOPE_COMPREHENSION)
            refuse_async_comprehension(c, c->scope->node->range);
        bool in_function = c->unit->scope->kind == SCOPE_FUNCTION;
        compile_error(c, node->range, in_function ? "'await' outside async function" : "'await' outside function");
    }
    Register value = register_new(c);
    if (node->value->kind == NODE_CALL)
        call_expression(c, node->value, value, true);
    else
        expression_to(c, node->value, value);
    place_set(c, node->range);
    emit(c, OP_AWAIT, target, value, 0);
}

static void yield_expression(Compiler *c, Node *node, Register target) {
    check_function(c, node, "'yield' outside function");
    Register value = register_new(c);
    if (node->value)
        expression_to(c, node->value, value);
    else
        load_constant(c, value, VALUE_NONE);
    place_set(c, node->range);
    emit(c, OP_YIELD, target, value, 0);
}

static void yield_from_expression(Compiler *c, Node *node, Register target) {
    check_function(c, node, "'yield from' outside function");
    if (c->unit->scope->is_async) compile_error(c, node->range, "'yield from' inside async function");
    Register value = register_new(c);
    expression_to(c, node->value, value);
    place_set(c, node->range);
    emit(c, OP_GET_YIELD_FROM_ITER, value, value, 0);
    emit(c, OP_YIELD_FROM, target, value, 0);
}

// ---- All of them

static void expression_inner(Compiler *c, Node *node, Register target) {
    Value folded;
    switch (node->kind) {
    case NODE_CONSTANT: load_constant(c, target, constant_value(c, node)); break;
    case NODE_NAME: name_load(c, node->name.id, node->range, target); break;
    case NODE_BINARY_OPERATION:
        if (fold_number(c, node, &folded))
            load_constant(c, target, folded);
        else
            binary_expression(c, node, target);
        break;
    case NODE_UNARY_OPERATION:
        if (fold_number(c, node, &folded))
            load_constant(c, target, folded);
        else
            unary_expression(c, node, target);
        break;
    case NODE_BOOLEAN_OPERATION: boolean_expression(c, node, target); break;
    case NODE_CONDITIONAL: conditional_expression(c, node, target); break;
    case NODE_COMPARE: compare_expression(c, node, target); break;
    case NODE_NAMED_EXPRESSION:
        expression_to(c, node->named.value, target);
        place_set(c, node->range);
        name_store(c, node->named.target->name.id, target);
        explain_part(c, node->named.target, target);
        break;
    case NODE_LAMBDA: lambda_expression(c, node, target); break;
    case NODE_DICT: dict_expression(c, node, target); break;
    case NODE_SET:
    case NODE_LIST:
    case NODE_TUPLE: sequence_expression(c, node, target); break;
    case NODE_LIST_COMPREHENSION:
    case NODE_SET_COMPREHENSION:
    case NODE_DICT_COMPREHENSION: comprehension_expression(c, node, target); break;
    case NODE_GENERATOR_EXPRESSION: generator_expression(c, node, target); break;
    case NODE_AWAIT: await_expression(c, node, target); break;
    case NODE_YIELD: yield_expression(c, node, target); break;
    case NODE_YIELD_FROM: yield_from_expression(c, node, target); break;
    case NODE_CALL: call_expression(c, node, target, false); break;
    case NODE_FORMATTED_VALUE: formatted_value(c, node, target); break;
    case NODE_JOINED_STRING: joined_string(c, node, target); break;
    case NODE_ATTRIBUTE: attribute_expression(c, node, target); break;
    case NODE_SUBSCRIPT: subscript_expression(c, node, target); break;
    case NODE_SLICE: slice_expression(c, node, target); break;
    case NODE_STARRED: compile_error(c, node->range, "can't use starred expression here");
    default: compile_error(c, node->range, "invalid syntax");
    }
}

void expression_to(Compiler *c, Node *node, Register target) {
    compile_deeper(c, node->range);
    uint32_t mark = registers_mark(c);
    Range before = place_set(c, node->range);
    expression_inner(c, node, target);
    explain_part(c, node, target);
    place_set(c, before);
    registers_release(c, mark);
    c->depth--;
}

Register expression_any(Compiler *c, Node *node) {
    if (node->kind == NODE_NAME) {
        Register variable = name_register(c, node->name.id, node->range);
        if (variable != NO_REGISTER) {
            explain_part(c, node, variable);
            return variable;
        }
    }
    Register target = register_new(c);
    expression_to(c, node, target);
    return target;
}

Register expression_operand(Compiler *c, Node *node, Node *later) {
    bool simple = !later || later->kind == NODE_NAME || later->kind == NODE_CONSTANT || later->kind == NODE_ATTRIBUTE;
    if (simple || !c->unit->rebinds) return expression_any(c, node);
    Register target = register_new(c);
    expression_to(c, node, target);
    return target;
}

void expression_discard(Compiler *c, Node *node) {
    if (node->kind == NODE_CONSTANT) return;
    uint32_t mark = registers_mark(c);
    expression_to(c, node, register_new(c));
    registers_release(c, mark);
}

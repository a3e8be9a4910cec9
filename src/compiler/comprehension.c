// Comprehensions run inside the code around them, in registers of their own (as PEP 709 describes); a generator
// expression is a function.
#include "compiler/codegen.h"
#include "object/text/str.h"

typedef struct {
    Node *node;
    Register result;
} Building;

static void give_variables(Compiler *c, Scope *scope) {
    for (Symbol *s = scope->symbols; s; s = s->next)
        if (!s->same && s->place == PLACE_CELL) {
            emit(c, OP_LOAD_EMPTY, s->number, 0, 0);
            emit(c, OP_MAKE_CELL, s->number, 0, 0);
        }
}

static void element(Compiler *c, Building *b) {
    Node *node = b->node;
    uint32_t mark = registers_mark(c);
    Range before = place_set(c, node->comprehension.element->range);
    switch (node->kind) {
    case NODE_DICT_COMPREHENSION: {
        Register key = register_new(c), value = register_new(c);
        expression_to(c, node->comprehension.element, key);
        expression_to(c, node->comprehension.value, value);
        emit(c, OP_DICT_SET, b->result, key, value);
        break;
    }
    case NODE_GENERATOR_EXPRESSION: {
        Register value = register_new(c);
        expression_to(c, node->comprehension.element, value);
        emit(c, OP_YIELD, value, value, 0);
        break;
    }
    default: {
        Register value = expression_any(c, node->comprehension.element);
        emit(c, node->kind == NODE_SET_COMPREHENSION ? OP_SET_ADD : OP_LIST_APPEND, b->result, value, 0);
    }
    }
    place_set(c, before);
    registers_release(c, mark);
}

// The loops from number `i` on. `source` holds the first loop's iterable or iterator.
static void loops(Compiler *c, Building *b, size_t i, Register source, bool is_iterator) {
    if (i == b->node->comprehension.count) {
        element(c, b);
        return;
    }
    Comprehension *loop = &b->node->comprehension.generators[i];
    uint32_t mark = registers_mark(c);
    Register iterator = register_new(c);
    place_set(c, loop->iterable->range);
    if (i) source = expression_any(c, loop->iterable);
    if (is_iterator && i == 0)
        emit(c, OP_MOVE, iterator, source, 0);
    else
        emit(c, loop->is_async ? OP_ASYNC_ITER : OP_GET_ITER, iterator, source, 0);
    Register direct = assign_direct(c, loop->target);
    Register item = direct != NO_REGISTER ? direct : register_new(c);
    Label *body = label_new(c), *next = label_new(c), *end = label_new(c);
    uint64_t *bound = bound_save(c);
    if (loop->is_async) {
        label_place(c, next);
        async_for_next(c, iterator, item, end);
    } else {
        emit_jump(c, OP_JUMP, 0, next);
        label_place(c, body);
    }
    if (direct != NO_REGISTER)
        assign_direct_done(c, loop->target);
    else
        assign_to(c, loop->target, item);
    for (size_t k = 0; k < loop->conditions.count; k++) condition_jump(c, loop->conditions.items[k], false, next);
    loops(c, b, i + 1, 0, false);
    place_set(c, loop->iterable->range);
    if (loop->is_async) {
        emit_jump(c, OP_LOOP, 0, next);
    } else {
        label_place(c, next);
        emit_compare_jump(c, OP_FOR_NEXT, 0, iterator, item, body);
    }
    label_place(c, end);
    bound_restore(c, bound);
    registers_release(c, mark);
}

void refuse_async_comprehension(Compiler *c, Range range) {
    // The outermost one around is asynchronous as well.
    for (Scope *s = c->scope; s->kind == SCOPE_COMPREHENSION; s = s->parent) range = s->node->range;
    compile_error(c, range, "asynchronous comprehension outside of an asynchronous function");
}

static void check_async(Compiler *c, Node *node) {
    bool is_async = false;
    for (size_t i = 0; i < node->comprehension.count; i++) is_async |= node->comprehension.generators[i].is_async;
    if (is_async && !unit_may_await(c))
        refuse_async_comprehension(c, node->range);
}

void comprehension_expression(Compiler *c, Node *node, Register target) {
    check_async(c, node);
    uint32_t mark = registers_mark(c);
    Building b = {.node = node, .result = register_new(c)};
    Register source = expression_any(c, node->comprehension.generators[0].iterable);
    Scope *before = c->scope;
    c->scope = scope_of_node(c->scopes, node);
    give_variables(c, c->scope);
    place_set(c, node->range);
    emit(c,
         node->kind == NODE_LIST_COMPREHENSION  ? OP_BUILD_LIST
         : node->kind == NODE_SET_COMPREHENSION ? OP_BUILD_SET
                                                : OP_BUILD_DICT,
         b.result, 0, 0);
    loops(c, &b, 0, source, false);
    // Nobody sees its variables any more, locals() of the function neither.
    for (Symbol *s = c->scope->symbols; s && c->unit->scope->kind == SCOPE_FUNCTION; s = s->next)
        if (!s->same && (s->place == PLACE_LOCAL || s->place == PLACE_CELL)) emit(c, OP_LOAD_EMPTY, s->number, 0, 0);
    c->scope = before;
    emit(c, OP_MOVE, target, b.result, 0);
    registers_release(c, mark);
}

void generator_expression(Compiler *c, Node *node, Register target) {
    Comprehension *first = &node->comprehension.generators[0];
    Register base = registers_new(c, 5);
    Register iterator = (Register)(base + 1); // where the call takes its argument from
    Register source = (Register)(base + 4);
    expression_to(c, first->iterable, source);
    place_set(c, first->iterable->range);
    emit(c, first->is_async ? OP_ASYNC_ITER : OP_GET_ITER, source, source, 0);
    Unit unit;
    Scope *scope = scope_of_node(c->scopes, node);
    String *name = string_from(c->vm, "<genexpr>");
    String *qualified = name ? function_qualified_text(c, "<genexpr>") : NULL;
    if (!qualified) compile_out_of_memory(c);
    Scope *outside = c->scope;
    unit_begin(c, &unit, scope, name, qualified, node->range);
    unit.flags |= scope->is_async ? CODE_ASYNC_GENERATOR : CODE_GENERATOR;
    function_variables(c, 1);
    Building b = {.node = node};
    Symbol *argument = scope_find(scope, (Text){".0", 2});
    loops(c, &b, 0, argument->number, true);
    Register none = register_new(c);
    place_set(c, node->range);
    load_constant(c, none, VALUE_NONE);
    emit(c, OP_RETURN, none, 0, 0);
    Code *code = unit_end(c);
    code->positional_count = code->positional_only_count = code->parameter_count = 1;
    c->scope = outside;
    emit(c, OP_LOAD_EMPTY, base, 0, 0);
    emit(c, OP_LOAD_EMPTY, (Register)(base + 1), 0, 0);
    emit_function(c, code, scope, base, base);
    emit(c, OP_MOVE, iterator, source, 0);
    emit(c, OP_CALL, target, base, 1);
}

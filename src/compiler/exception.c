// try and with: handler ranges, and what must happen on the way out of a block.
#include "compiler/codegen.h"
#include "object/text/str.h"

// ---- Leaving blocks by return, break or continue

static void call_exit_normally(Compiler *c, Register exit, bool is_async) {
    uint32_t mark = registers_mark(c);
    Register base = registers_new(c, 5);
    emit(c, OP_MOVE, base, exit, 0);
    emit(c, OP_MOVE, (Register)(base + 1), (Register)(exit + 1), 0);
    for (int i = 2; i < 5; i++) load_constant(c, (Register)(base + i), VALUE_NONE);
    emit_n(c, OP_CALL_METHOD, is_async, base, base, 3);
    if (is_async) emit_n(c, OP_AWAIT, 3, base, base, 0);
    registers_release(c, mark);
}

// The name of `except … as name` loses its value.
static void unbind(Compiler *c, Text name) {
    uint32_t mark = registers_mark(c);
    Register none = register_new(c);
    Text mangled = scope_mangle(c->arena, c->scope, name);
    Symbol *s = scope_find(c->scope, mangled);
    if (s && s->place == PLACE_LOCAL) {
        emit(c, OP_DELETE_LOCAL, s->number, 0, 0);
        bound_remove(c, s->number);
    } else {
        load_constant(c, none, VALUE_NONE);
        name_store(c, name, none);
        name_delete(c, name, c->unit->range);
    }
    registers_release(c, mark);
}

void refuse_leaving_star(Compiler *c, Range range, const Block *stop) {
    for (const Block *b = c->unit->block; b != stop; b = b->outer)
        if (b->is_star) compile_error(c, range, "'break', 'continue' and 'return' cannot appear in an except* block");
}

void unwind_begin(Compiler *c, Block *stop) {
    Unit *u = c->unit;
    Block *innermost = u->block;
    int depth = u->block_depth;
    for (Block *b = innermost; b != stop; b = b->outer) {
        if (b->handler) range_close(c, b);
        u->block = b->outer;
        u->block_depth = b->depth - 1;
        Range before = u->range;
        switch (b->kind) {
        case BLOCK_FINALLY: {
            uint64_t *bound = bound_save(c);
            statements(c, b->body);
            bound_restore(c, bound);
            break;
        }
        case BLOCK_WITH:
            place_set(c, b->range);
            call_exit_normally(c, b->value, b->is_async);
            break;
        case BLOCK_HANDLED: emit(c, OP_POP_HANDLED, b->value, 0, 0); break;
        case BLOCK_UNBIND: unbind(c, b->name); break;
        default: break;
        }
        place_set(c, before);
    }
    u->block = innermost;
    u->block_depth = depth;
}

void unwind_end(Compiler *c, Block *stop) {
    for (Block *b = c->unit->block; b != stop; b = b->outer)
        if (b->handler) range_open(c, b);
}

// ---- Handling an exception

// From here on `exception` is being handled. Whatever is raised before handling_end restores the one handled before.
static void handling_begin(Compiler *c, Block *block, Register exception) {
    c->unit->handles = true; // the frame keeps what it handles in one more register: see unit_end
    *block = (Block){.handler = label_new(c), .target = register_new(c), .value = register_new(c)};
    emit(c, OP_PUSH_HANDLED, block->value, exception, 0);
    block_push(c, block, BLOCK_HANDLED);
    range_open(c, block);
}

static void handling_end(Compiler *c, Block *block) {
    range_close(c, block);
    block_pop(c, block);
}

static void handling_cleanup(Compiler *c, Block *block) {
    label_place(c, block->handler);
    emit(c, OP_POP_HANDLED, block->value, 0, 0);
    emit(c, OP_RERAISE, block->target, 0, 0);
}

static void handler_body(Compiler *c, ExceptHandler *h, Register exception) {
    if (!h->name.data) {
        statements(c, h->body);
        return;
    }
    uint32_t mark = registers_mark(c);
    name_store(c, h->name, exception);
    Block block = {.handler = label_new(c), .target = register_new(c), .name = h->name};
    Label *over = label_new(c);
    block_push(c, &block, BLOCK_UNBIND);
    range_open(c, &block);
    statements(c, h->body);
    range_close(c, &block);
    block_pop(c, &block);
    bool reachable = !c->unit->unreachable;
    uint64_t *bound = bound_save(c);
    if (reachable) {
        unbind(c, h->name);
        bound = bound_save(c);
        emit_jump(c, OP_JUMP, 0, over);
    }
    label_place(c, block.handler);
    unbind(c, h->name);
    emit(c, OP_RERAISE, block.target, 0, 0);
    label_place(c, over);
    bound_restore(c, bound);
    registers_release(c, mark);
}

static void except_clauses(Compiler *c, Node *node, Register exception, Label *end, uint64_t **after) {
    Block handling;
    handling_begin(c, &handling, exception);
    uint64_t *start = bound_save(c);
    bool caught_all = false;
    for (size_t i = 0; i < node->try_.handler_count; i++) {
        ExceptHandler *h = &node->try_.handlers[i];
        Label *next = label_new(c);
        uint32_t mark = registers_mark(c);
        bound_restore(c, start);
        place_set(c, h->range);
        if (h->type) {
            Register type = expression_any(c, h->type), matches = register_new(c);
            place_set(c, h->type->range);
            emit(c, OP_EXCEPTION_MATCHES, matches, exception, type);
            emit_jump(c, OP_JUMP_IF_FALSE, matches, next);
        } else {
            if (i + 1 < node->try_.handler_count) compile_error(c, h->range, "default 'except:' must be last");
            caught_all = true;
        }
        handler_body(c, h, exception);
        if (!c->unit->unreachable) {
            range_close(c, &handling);
            emit(c, OP_POP_HANDLED, handling.value, 0, 0);
            emit_jump(c, OP_JUMP, 0, end);
            range_open(c, &handling);
            bound_intersect(c, *after);
            *after = bound_save(c);
        }
        label_place(c, next);
        registers_release(c, mark);
    }
    handling_end(c, &handling);
    place_set(c, node->range);
    if (!caught_all) {
        emit(c, OP_POP_HANDLED, handling.value, 0, 0);
        emit(c, OP_RERAISE, exception, 0, 0);
    }
    handling_cleanup(c, &handling);
}

// except*: each clause takes its part of the group; what is left, and what the clauses raise, is raised in the end.
static void except_star_clauses(Compiler *c, Node *node, Register exception, Label *end, uint64_t **after) {
    Block handling;
    handling_begin(c, &handling, exception);
    uint64_t *start = bound_save(c);
    Register left = register_new(c), raised = register_new(c), parts = registers_new(c, 2);
    emit(c, OP_MOVE, left, exception, 0);
    emit(c, OP_BUILD_LIST, raised, 0, 0);
    for (size_t i = 0; i < node->try_.handler_count; i++) {
        ExceptHandler *h = &node->try_.handlers[i];
        Label *next = label_new(c);
        uint32_t mark = registers_mark(c);
        bound_restore(c, start);
        place_set(c, h->range);
        emit_jump(c, OP_JUMP_IF_NONE, left, next);
        Register type = expression_any(c, h->type);
        place_set(c, h->type->range);
        emit(c, OP_EXCEPTION_SPLIT, parts, left, type);
        emit(c, OP_MOVE, left, (Register)(parts + 1), 0);
        emit_jump(c, OP_JUMP_IF_NONE, parts, next);
        // An exception that the clause raises is kept for the end.
        Block block = {.handler = label_new(c), .target = register_new(c), .is_star = true};
        Register saved = register_new(c);
        emit(c, OP_PUSH_HANDLED, saved, parts, 0);
        block_push(c, &block, BLOCK_TRY);
        range_open(c, &block);
        handler_body(c, h, parts);
        range_close(c, &block);
        block_pop(c, &block);
        emit(c, OP_POP_HANDLED, saved, 0, 0);
        emit_jump(c, OP_JUMP, 0, next);
        label_place(c, block.handler);
        emit(c, OP_POP_HANDLED, saved, 0, 0);
        emit(c, OP_LIST_APPEND, raised, block.target, 0);
        label_place(c, next);
        registers_release(c, mark);
    }
    bound_restore(c, start);
    Label *nothing = label_new(c);
    place_set(c, node->range);
    Label *none_left = label_new(c);
    emit_jump(c, OP_JUMP_IF_NONE, left, none_left);
    emit(c, OP_LIST_APPEND, raised, left, 0);
    label_place(c, none_left);
    emit_n(c, OP_EXCEPTION_MERGE, 0, parts, raised, exception);
    emit_jump(c, OP_JUMP_IF_NONE, parts, nothing);
    handling_end(c, &handling);
    emit(c, OP_POP_HANDLED, handling.value, 0, 0);
    emit(c, OP_RERAISE, parts, 0, 0);
    label_place(c, nothing);
    emit(c, OP_POP_HANDLED, handling.value, 0, 0);
    emit_jump(c, OP_JUMP, 0, end);
    bound_intersect(c, *after);
    *after = bound_save(c);
    handling_cleanup(c, &handling);
}

static void try_except(Compiler *c, Node *node) {
    if (!node->try_.handler_count) {
        statements(c, node->try_.body);
        statements(c, node->try_.or_else);
        return;
    }
    uint32_t mark = registers_mark(c);
    Label *end = label_new(c);
    Block block = {.handler = label_new(c), .target = register_new(c)};
    uint64_t *before = bound_save(c);
    block_push(c, &block, BLOCK_TRY);
    range_open(c, &block);
    statements(c, node->try_.body);
    range_close(c, &block);
    block_pop(c, &block);
    statements(c, node->try_.or_else);
    uint64_t *after = bound_save(c);
    if (!c->unit->unreachable) emit_jump(c, OP_JUMP, 0, end);
    bound_restore(c, before);
    label_place(c, block.handler);
    if (node->try_.is_star)
        except_star_clauses(c, node, block.target, end, &after);
    else
        except_clauses(c, node, block.target, end, &after);
    label_place(c, end);
    bound_restore(c, after);
    registers_release(c, mark);
}

void try_statement(Compiler *c, Node *node) {
    if (!node->try_.finally.count) {
        try_except(c, node);
        return;
    }
    uint32_t mark = registers_mark(c);
    Label *end = label_new(c);
    Block block = {.handler = label_new(c), .target = register_new(c), .body = node->try_.finally};
    uint64_t *before = bound_save(c);
    block_push(c, &block, BLOCK_FINALLY);
    range_open(c, &block);
    try_except(c, node);
    range_close(c, &block);
    block_pop(c, &block);
    uint64_t *after = bound_save(c);
    if (!c->unit->unreachable) {
        statements(c, node->try_.finally);
        after = bound_save(c);
        if (!c->unit->unreachable) emit_jump(c, OP_JUMP, 0, end);
    }
    bound_restore(c, before);
    label_place(c, block.handler);
    Block handling;
    place_set(c, node->range);
    handling_begin(c, &handling, block.target);
    statements(c, node->try_.finally);
    handling_end(c, &handling);
    if (!c->unit->unreachable) {
        emit(c, OP_POP_HANDLED, handling.value, 0, 0);
        emit(c, OP_RERAISE, block.target, 0, 0);
    }
    handling_cleanup(c, &handling);
    label_place(c, end);
    bound_restore(c, after);
    registers_release(c, mark);
}

// ---- with

static void with_item(Compiler *c, Node *node, size_t i) {
    if (i == node->with.count) {
        statements(c, node->with.body);
        return;
    }
    WithItem *item = &node->with.items[i];
    bool is_async = node->with.is_async;
    uint32_t mark = registers_mark(c);
    Register context = register_new(c), exit = registers_new(c, 2), enter = registers_new(c, 2);
    expression_to(c, item->context, context);
    place_set(c, item->context->range);
    emit_n(c, OP_LOAD_SPECIAL, is_async ? 2 : 0, enter, context, 0);
    emit_n(c, OP_LOAD_SPECIAL, is_async ? 3 : 1, exit, context, 0);
    emit_n(c, OP_CALL_METHOD, is_async, enter, enter, 0);
    if (is_async) emit_n(c, OP_AWAIT, 2, enter, enter, 0);
    uint64_t *before = bound_save(c);
    Label *end = label_new(c), *suppressed = label_new(c);
    Block block = {.handler = label_new(c), .target = register_new(c), .value = exit, .is_async = is_async};
    block_push(c, &block, BLOCK_WITH);
    block.range = item->context->range;
    range_open(c, &block);
    if (item->target) assign_to(c, item->target, enter);
    with_item(c, node, i + 1);
    range_close(c, &block);
    block_pop(c, &block);
    place_set(c, item->context->range);
    bool reachable = !c->unit->unreachable;
    uint64_t *after = bound_save(c);
    if (reachable) {
        call_exit_normally(c, exit, is_async);
        emit_jump(c, OP_JUMP, 0, end);
    }
    bound_restore(c, before);
    label_place(c, block.handler);
    Block handling;
    handling_begin(c, &handling, block.target);
    Register result = register_new(c);
    emit(c, OP_WITH_EXIT, result, exit, block.target);
    if (is_async) emit_n(c, OP_AWAIT, 3, result, result, 0);
    emit_jump(c, OP_JUMP_IF_TRUE, result, suppressed);
    handling_end(c, &handling);
    emit(c, OP_POP_HANDLED, handling.value, 0, 0);
    emit(c, OP_RERAISE, block.target, 0, 0);
    handling_cleanup(c, &handling);
    label_place(c, suppressed);
    emit(c, OP_POP_HANDLED, handling.value, 0, 0);
    label_place(c, end);
    // The exit method may have swallowed an exception anywhere in the body.
    bound_restore(c, after);
    bound_intersect(c, before);
    registers_release(c, mark);
}

void with_statement(Compiler *c, Node *node) {
    if (node->with.is_async && !unit_may_await(c)) compile_error(c, node->range, "'async with' outside async function");
    with_item(c, node, 0);
}

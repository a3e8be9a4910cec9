// Statements, but for those of exception.c and pattern.c.
#include "compiler/codegen.h"
#include "compiler/fold.h"
#include "object/container/list.h"
#include "object/text/str.h"

void statements(Compiler *c, NodeList list) {
    for (size_t i = 0; i < list.count; i++) statement(c, list.items[i]);
}

// ---- Loops

static void loop_end(Compiler *c, Block *block, NodeList or_else, Label *no_more, const uint64_t *bound) {
    bound_restore(c, bound);
    block_pop(c, block);
    label_place(c, no_more);
    statements(c, or_else);
    if (block->loop_bound) bound_intersect(c, block->loop_bound);
    label_place(c, block->break_label);
}

static void while_statement(Compiler *c, Node *node) {
    Label *head = label_new(c), *no_more = label_new(c);
    Block block = {.break_label = label_new(c), .continue_label = head};
    bool truth, forever = fold_truth(node->branch.test, &truth) && truth;
    block_push(c, &block, BLOCK_LOOP);
    label_place(c, head);
    condition_jump(c, node->branch.test, false, no_more);
    uint64_t *bound = bound_save(c);
    statements(c, node->branch.body);
    place_set(c, node->branch.test->range);
    emit_jump(c, OP_LOOP, 0, head);
    if (forever) bound[c->unit->bound_words] = 1; // past it only by break
    loop_end(c, &block, node->branch.or_else, no_more, bound);
}

void async_for_next(Compiler *c, Register iterator, Register target, Label *end) {
    uint32_t mark = registers_mark(c);
    Register awaitable = register_new(c), exception = register_new(c);
    Label *handler = label_new(c), *over = label_new(c);
    Block block = {.handler = handler, .target = exception};
    block_push(c, &block, BLOCK_TRY);
    range_open(c, &block);
    emit(c, OP_ASYNC_NEXT, awaitable, iterator, 0);
    emit_n(c, OP_AWAIT, 1, target, awaitable, 0); // n: an async generator itself is stepped
    range_close(c, &block);
    block_pop(c, &block);
    emit_jump(c, OP_JUMP, 0, over);
    label_place(c, handler);
    emit_jump(c, OP_END_ASYNC_FOR, exception, end);
    label_place(c, over);
    registers_release(c, mark);
}

static void for_statement(Compiler *c, Node *node) {
    bool is_async = node->for_.is_async;
    if (is_async && !unit_may_await(c)) compile_error(c, node->range, "'async for' outside async function");
    uint32_t mark = registers_mark(c);
    Register iterator = register_new(c);
    Register source = expression_any(c, node->for_.iterable);
    place_set(c, node->for_.iterable->range);
    emit(c, is_async ? OP_ASYNC_ITER : OP_GET_ITER, iterator, source, 0);
    Register direct = assign_direct(c, node->for_.target);
    Register item = direct != NO_REGISTER ? direct : register_new(c);
    Label *body = label_new(c), *next = label_new(c), *no_more = label_new(c);
    Block block = {.break_label = label_new(c), .continue_label = next};
    uint64_t *bound = bound_save(c);
    block_push(c, &block, BLOCK_LOOP);
    if (is_async) {
        label_place(c, next);
        async_for_next(c, iterator, item, no_more);
    } else {
        emit_jump(c, OP_JUMP, 0, next);
        label_place(c, body);
    }
    if (direct != NO_REGISTER)
        assign_direct_done(c, node->for_.target);
    else
        assign_to(c, node->for_.target, item);
    statements(c, node->for_.body);
    place_set(c, node->for_.iterable->range);
    if (is_async) {
        emit_jump(c, OP_LOOP, 0, next);
    } else {
        label_place(c, next);
        emit_compare_jump(c, OP_FOR_NEXT, 0, iterator, item, body);
    }
    loop_end(c, &block, node->for_.or_else, no_more, bound);
    registers_release(c, mark);
}

static void leave_loop(Compiler *c, Node *node) {
    bool is_break = node->kind == NODE_BREAK;
    Block *loop = c->unit->block;
    while (loop && loop->kind != BLOCK_LOOP) loop = loop->outer;
    refuse_leaving_star(c, node->range, loop);
    if (!loop) compile_error(c, node->range, is_break ? "'break' outside loop" : "'continue' not properly in loop");
    unwind_begin(c, loop);
    place_set(c, node->range);
    if (is_break) {
        if (loop->loop_bound) {
            uint64_t *here = bound_save(c);
            bound_restore(c, loop->loop_bound);
            bound_intersect(c, here);
            loop->loop_bound = bound_save(c);
            bound_restore(c, here);
        } else {
            loop->loop_bound = bound_save(c);
        }
        emit_jump(c, OP_JUMP, 0, loop->break_label);
    } else {
        emit_jump(c, loop->continue_label->position >= 0 ? OP_LOOP : OP_JUMP, 0, loop->continue_label);
    }
    unwind_end(c, loop);
    c->unit->unreachable = true;
}

// ---- Branches

static void if_statement(Compiler *c, Node *node) {
    Label *or_else = label_new(c), *end = label_new(c);
    bool truth, known = fold_truth(node->branch.test, &truth);
    condition_jump(c, node->branch.test, false, or_else);
    uint64_t *before = bound_save(c);
    if (known && !truth) c->unit->unreachable = true;
    statements(c, node->branch.body);
    if (!node->branch.or_else.count) {
        bound_intersect(c, before);
        if (known && truth) bound_restore(c, before);
        label_place(c, or_else);
        return;
    }
    uint64_t *after_body = bound_save(c);
    if (!c->unit->unreachable) emit_jump(c, OP_JUMP, 0, end);
    label_place(c, or_else);
    bound_restore(c, before);
    statements(c, node->branch.or_else);
    bound_intersect(c, after_body);
    label_place(c, end);
}

// ---- Simple statements

static void return_statement(Compiler *c, Node *node) {
    if (c->unit->scope->kind != SCOPE_FUNCTION) compile_error(c, node->range, "'return' outside function");
    if (node->value && (c->unit->flags & CODE_ASYNC_GENERATOR) == CODE_ASYNC_GENERATOR)
        compile_error(c, node->range, "'return' with value in async generator");
    uint32_t mark = registers_mark(c);
    Register value;
    if (node->value) {
        value = expression_any(c, node->value);
        // What a finally does to the variable comes too late for the value.
        if (value < c->unit->variable_count && c->unit->block) {
            Register kept = register_new(c);
            emit(c, OP_MOVE, kept, value, 0);
            value = kept;
        }
    } else {
        value = register_new(c);
        load_constant(c, value, VALUE_NONE);
    }
    refuse_leaving_star(c, node->range, NULL);
    unwind_begin(c, NULL);
    place_set(c, node->range);
    emit(c, OP_RETURN, value, 0, 0);
    unwind_end(c, NULL);
    c->unit->unreachable = true;
    registers_release(c, mark);
}

static void raise_statement(Compiler *c, Node *node) {
    uint32_t mark = registers_mark(c);
    Register exception = register_new(c), cause = register_new(c);
    if (node->raise.exception) expression_to(c, node->raise.exception, exception);
    if (node->raise.cause) expression_to(c, node->raise.cause, cause);
    place_set(c, node->range);
    emit_n(c, OP_RAISE, node->raise.cause ? 2 : node->raise.exception ? 1 : 0, exception, cause, 0);
    c->unit->unreachable = true;
    registers_release(c, mark);
}

static void assert_statement(Compiler *c, Node *node) {
    warn_assertion(c, node);
    Label *good = label_new(c);
    uint32_t mark = registers_mark(c);
    explain_begin(c, node->assert_.test);
    condition_jump(c, node->assert_.test, true, good);
    Explanation *explanation = c->explanation;
    c->explanation = NULL; // the message is no part of it
    uint64_t *bound = bound_save(c);
    Register error = registers_new(c, 2);
    place_set(c, node->assert_.test->range);
    emit(c, OP_LOAD_ASSERTION_ERROR, error, 0, 0);
    if (node->assert_.message) {
        expression_to(c, node->assert_.message, (Register)(error + 1));
        place_set(c, node->assert_.test->range);
        emit(c, OP_CALL, error, error, 1);
    } else if (explanation) {
        emit(c, OP_CALL, error, error, 0);
    }
    if (explanation) explain_end(c, explanation, error);
    emit_n(c, OP_RAISE, 1, error, 0, 0);
    bound_restore(c, bound);
    label_place(c, good);
    registers_release(c, mark);
}

static void import_statement(Compiler *c, Node *node) {
    for (size_t i = 0; i < node->import.count; i++) {
        Alias *alias = &node->import.names[i];
        uint32_t mark = registers_mark(c);
        Register module = register_new(c);
        uint32_t none = constant_index(c, VALUE_NONE);
        place_set(c, node->range);
        emit_n(c, OP_IMPORT, 0, module, constant_name16(c, alias->name), none);
        const char *dot = memchr(alias->name.data, '.', alias->name.length);
        if (!dot) {
            name_store(c, alias->as.data ? alias->as : alias->name, module);
        } else if (!alias->as.data) {
            // `import a.b` binds a; IMPORT without a from-list gives the first part.
            name_store(c, (Text){arena_copy(c->arena, alias->name.data, (size_t)(dot - alias->name.data)),
                                 (size_t)(dot - alias->name.data)}, module);
        } else {
            // `import a.b.c as x`: from the first part down to the last.
            const char *at = dot + 1, *end = alias->name.data + alias->name.length;
            while (at <= end) {
                const char *stop = memchr(at, '.', (size_t)(end - at));
                if (!stop) stop = end;
                Text part = {arena_copy(c->arena, at, (size_t)(stop - at)), (size_t)(stop - at)};
                emit(c, OP_IMPORT_FROM, module, module, constant_name16(c, part));
                at = stop + 1;
            }
            name_store(c, alias->as, module);
        }
        registers_release(c, mark);
    }
}

static void future_import(Compiler *c, Node *node) {
    static const char *const known[] = {"annotations",  "nested_scopes",  "generators",       "division",
                                        "absolute_import", "with_statement", "print_function", "unicode_literals",
                                        "generator_stop", NULL};
    for (size_t i = 0; i < node->import.count; i++) {
        Alias *alias = &node->import.names[i];
        bool found = false;
        for (int k = 0; known[k]; k++) found |= text_equal(alias->name, known[k]);
        if (text_equal(alias->name, "braces")) compile_error(c, node->range, "not a chance");
        if (!found) compile_error(c, node->range, "future feature %s is not defined", alias->name.data);
        if (text_equal(alias->name, "annotations")) c->future_annotations = true;
    }
}

static bool is_future(const Node *node) {
    return node->kind == NODE_IMPORT_FROM && node->import.level == 0 && node->import.module.data &&
           text_equal(node->import.module, "__future__");
}

// Future imports must come first, after the docstring.
void check_future_imports(Compiler *c, NodeList body) {
    bool past = false;
    for (size_t i = 0; i < body.count; i++) {
        Node *n = body.items[i];
        if (is_future(n)) {
            if (past) compile_error(c, n->range, "from __future__ imports must occur at the beginning of the file");
            future_import(c, n);
        } else if (!(i == 0 && n->kind == NODE_EXPRESSION_STATEMENT && n->value->kind == NODE_CONSTANT &&
                     n->value->constant.kind == CONSTANT_STRING)) {
            past = true;
        }
    }
}

static void import_from_statement(Compiler *c, Node *node) {
    uint32_t mark = registers_mark(c);
    if (is_future(node)) {
        if (c->unit->scope->kind != SCOPE_MODULE)
            compile_error(c, node->range, "from __future__ imports must occur at the beginning of the file");
    }
    Register module = register_new(c), value = register_new(c);
    Tuple *names = tuple_new(c->vm, node->import.count);
    if (!names) compile_out_of_memory(c);
    for (size_t i = 0; i < node->import.count; i++) names->items[i] = constant_string(c, node->import.names[i].name);
    uint32_t list = constant_index(c, value_object(names));
    if (list > 0xFFFF) compile_error(c, node->range, "too many constants in one function");
    if (node->import.level > 255) compile_error(c, node->range, "attempted relative import beyond top-level package");
    Text from = node->import.module.data ? node->import.module : (Text){"", 0};
    place_set(c, node->range);
    emit_n(c, OP_IMPORT, (uint8_t)node->import.level, module, constant_name16(c, from), list);
    for (size_t i = 0; i < node->import.count; i++) {
        Alias *alias = &node->import.names[i];
        if (text_equal(alias->name, "*")) {
            emit(c, OP_IMPORT_STAR, module, 0, 0);
            break;
        }
        place_set(c, node->range);
        emit(c, OP_IMPORT_FROM, value, module, constant_name16(c, alias->name));
        name_store(c, alias->as.data ? alias->as : alias->name, value);
    }
    registers_release(c, mark);
}

static void assign_statement(Compiler *c, Node *node) {
    uint32_t mark = registers_mark(c);
    NodeList targets = node->assign.targets;
    // Every expression writes its target with its last instruction, so a variable keeps its old value if the right side
    // fails half-way.
    Register direct = targets.count == 1 ? assign_direct(c, targets.items[0]) : NO_REGISTER;
    if (direct != NO_REGISTER) {
        expression_to(c, node->assign.value, direct);
        assign_direct_done(c, targets.items[0]);
        return;
    }
    Node *value_node = node->assign.value;
    // a, b = x, y needs no tuple: the right sides are complete before the first target changes.
    if (targets.count == 1 && targets.items[0]->kind == NODE_TUPLE && value_node->kind == NODE_TUPLE &&
        targets.items[0]->sequence.items.count == value_node->sequence.items.count && value_node->sequence.items.count <= 16) {
        NodeList left = targets.items[0]->sequence.items, right = value_node->sequence.items;
        bool star = false;
        for (size_t i = 0; i < right.count; i++)
            star |= right.items[i]->kind == NODE_STARRED || left.items[i]->kind == NODE_STARRED;
        if (!star) {
            Register first = right.count ? registers_new(c, (uint32_t)right.count) : 0;
            for (size_t i = 0; i < right.count; i++) expression_to(c, right.items[i], (Register)(first + i));
            for (size_t i = 0; i < left.count; i++) assign_to(c, left.items[i], (Register)(first + i));
            registers_release(c, mark);
            return;
        }
    }
    Register value = expression_any(c, value_node);
    for (size_t i = 0; i < targets.count; i++) assign_to(c, targets.items[i], value);
    registers_release(c, mark);
}

static void expression_statement(Compiler *c, Node *node) {
    if ((c->options->mode == PARSE_INTERACTIVE || c->options->shows_values) && c->unit->scope->kind == SCOPE_MODULE) {
        uint32_t mark = registers_mark(c);
        Register value = register_new(c);
        expression_to(c, node->value, value);
        emit(c, OP_PRINT_VALUE, value, 0, 0);
        registers_release(c, mark);
        return;
    }
    expression_discard(c, node->value);
}

void statement(Compiler *c, Node *node) {
    compile_deeper(c, node->range);
    place_set(c, node->range);
    switch (node->kind) {
    case NODE_FUNCTION_DEF: function_definition(c, node); break;
    case NODE_CLASS_DEF: class_definition(c, node); break;
    case NODE_RETURN: return_statement(c, node); break;
    case NODE_DELETE:
        for (size_t i = 0; i < node->targets.count; i++) delete_target(c, node->targets.items[i]);
        break;
    case NODE_ASSIGN: assign_statement(c, node); break;
    case NODE_AUGMENTED_ASSIGN: augmented_assignment(c, node); break;
    case NODE_ANNOTATED_ASSIGN: annotated_assignment(c, node); break;
    case NODE_TYPE_ALIAS: type_alias(c, node); break;
    case NODE_FOR: for_statement(c, node); break;
    case NODE_WHILE: while_statement(c, node); break;
    case NODE_IF: if_statement(c, node); break;
    case NODE_WITH: with_statement(c, node); break;
    case NODE_MATCH: match_statement(c, node); break;
    case NODE_RAISE: raise_statement(c, node); break;
    case NODE_TRY: try_statement(c, node); break;
    case NODE_ASSERT: assert_statement(c, node); break;
    case NODE_IMPORT: import_statement(c, node); break;
    case NODE_IMPORT_FROM: import_from_statement(c, node); break;
    case NODE_EXPRESSION_STATEMENT: expression_statement(c, node); break;
    case NODE_BREAK:
    case NODE_CONTINUE: leave_loop(c, node); break;
    default: break; // global, nonlocal and pass leave no code
    }
    c->depth--;
}

// Loading, storing and deleting names.
#include "compiler/codegen.h"
#include "object/text/str.h"

static Symbol *symbol_of(Compiler *c, Text *name) {
    *name = scope_mangle(c->arena, c->scope, *name);
    for (Scope *scope = c->scope; scope; scope = scope->kind == SCOPE_COMPREHENSION ? scope->parent : NULL) {
        Symbol *s = scope_find(scope, *name);
        if (s) return s;
    }
    return NULL;
}

static Place place_of(Compiler *c, const Symbol *s) {
    if (s) return s->place;
    return c->scope->unit->kind == SCOPE_CLASS || c->scope->unit->namespace_locals ? PLACE_NAMESPACE : PLACE_GLOBAL;
}

static void check_bound(Compiler *c, const Symbol *s, Text name) {
    if (!(s->flags & (SYMBOL_UNBOUND | SYMBOL_NAMED)) && bound_has(c, s->number)) return;
    emit_index(c, OP_CHECK_BOUND, s->number, constant_name(c, name));
    if (!(s->flags & SYMBOL_UNBOUND)) bound_add(c, s->number);
}

Register name_register(Compiler *c, Text name, Range range) {
    Symbol *s = symbol_of(c, &name);
    if (!s || s->place != PLACE_LOCAL) return NO_REGISTER;
    Range before = place_set(c, range);
    check_bound(c, s, name);
    place_set(c, before);
    return s->number;
}

// In an annotation scope: the namespace of the class around is asked first.
static void load_class_first(Compiler *c, const Symbol *s, Text name, Register target) {
    uint32_t mark = registers_mark(c);
    Register value = register_new(c);
    Label *found = label_new(c);
    emit(c, OP_LOAD_FREE, value, scope_find(c->unit->scope, (Text){".classdict", 10})->number, 0);
    emit(c, OP_FIND_NAME, value, value, constant_name16(c, name));
    emit_jump(c, OP_JUMP_IF_VALUE, value, found);
    if (s->place == PLACE_FREE)
        emit(c, OP_LOAD_FREE, value, s->number, 0);
    else
        emit_index(c, OP_LOAD_GLOBAL, value, constant_name(c, name));
    label_place(c, found);
    emit(c, OP_MOVE, target, value, 0);
    registers_release(c, mark);
}

void name_load(Compiler *c, Text name, Range range, Register target) {
    Symbol *s = symbol_of(c, &name);
    Range before = place_set(c, range);
    if (s && s->flags & SYMBOL_CLASS_FIRST && c->scope->annotation) {
        load_class_first(c, s, name, target);
        place_set(c, before);
        return;
    }
    switch (place_of(c, s)) {
    case PLACE_LOCAL:
        check_bound(c, s, name);
        if (s->number != target) emit(c, OP_MOVE, target, s->number, 0);
        break;
    case PLACE_CELL: emit(c, OP_LOAD_CELL, target, s->number, 0); break;
    case PLACE_FREE:
        if (c->scope->kind == SCOPE_CLASS)
            emit(c, OP_LOAD_NAME_OR_FREE, target, s->number, constant_name16(c, name));
        else
            emit(c, OP_LOAD_FREE, target, s->number, 0);
        break;
    case PLACE_GLOBAL: emit_index(c, OP_LOAD_GLOBAL, target, constant_name(c, name)); break;
    case PLACE_NAMESPACE: emit_index(c, OP_LOAD_NAME, target, constant_name(c, name)); break;
    }
    place_set(c, before);
}

void name_store(Compiler *c, Text name, Register value) {
    Symbol *s = symbol_of(c, &name);
    switch (place_of(c, s)) {
    case PLACE_LOCAL:
        if (s->number != value) emit(c, OP_MOVE, s->number, value, 0);
        bound_add(c, s->number);
        break;
    case PLACE_CELL: emit(c, OP_STORE_CELL, s->number, value, 0); break;
    case PLACE_FREE: emit(c, OP_STORE_FREE, value, s->number, 0); break;
    case PLACE_GLOBAL: emit_index(c, OP_STORE_GLOBAL, value, constant_name(c, name)); break;
    case PLACE_NAMESPACE: emit_index(c, OP_STORE_NAME, value, constant_name(c, name)); break;
    }
}

void name_delete(Compiler *c, Text name, Range range) {
    Symbol *s = symbol_of(c, &name);
    uint32_t mark = registers_mark(c);
    switch (place_of(c, s)) {
    case PLACE_LOCAL:
        emit_index(c, OP_CHECK_BOUND, s->number, constant_name(c, name));
        emit(c, OP_DELETE_LOCAL, s->number, 0, 0);
        bound_remove(c, s->number);
        break;
    case PLACE_CELL:
    case PLACE_FREE: {
        Register value = register_new(c);
        emit(c, s->place == PLACE_CELL ? OP_LOAD_CELL : OP_LOAD_FREE, value, s->number, 0); // NameError if unbound
        emit(c, OP_LOAD_EMPTY, value, 0, 0);
        if (s->place == PLACE_CELL)
            emit(c, OP_STORE_CELL, s->number, value, 0);
        else
            emit(c, OP_STORE_FREE, value, s->number, 0);
        break;
    }
    case PLACE_GLOBAL: emit_index(c, OP_DELETE_GLOBAL, 0, constant_name(c, name)); break;
    case PLACE_NAMESPACE: emit_index(c, OP_DELETE_NAME, 0, constant_name(c, name)); break;
    }
    registers_release(c, mark);
}

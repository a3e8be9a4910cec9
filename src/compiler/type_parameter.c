// Type parameters and the `type` statement: annotation scopes, as the language reference calls them. The scope that holds type
// parameters is a function that is called at once; bounds, defaults and aliases' values are functions that are called when they
// are first asked for.
#include "compiler/codegen.h"
#include "object/text/str.h"

static void begin_annotation(Compiler *c, Unit *unit, Scope *scope, const char *name, Range range, uint32_t parameters) {
    String *plain = string_from(c->vm, name);
    String *qualified = plain ? function_qualified_text(c, name) : NULL;
    if (!qualified) compile_out_of_memory(c);
    bool nested = c->unit->scope->kind == SCOPE_FUNCTION;
    unit_begin(c, unit, scope, plain, qualified, range);
    if (nested) unit->flags |= CODE_NESTED;
    function_variables(c, parameters);
}

static Code *end_annotation(Compiler *c, uint16_t parameters) {
    Code *code = unit_end(c);
    code->positional_count = code->positional_only_count = code->parameter_count = parameters;
    code->flags |= CODE_SIMPLE_CALL;
    return code;
}

// A function of finished code, without defaults or annotations.
static void plain_function(Compiler *c, Code *code, Scope *scope, Register target) {
    uint32_t mark = registers_mark(c);
    Register base = registers_new(c, 4);
    emit(c, OP_LOAD_EMPTY, base, 0, 0);
    emit(c, OP_LOAD_EMPTY, (Register)(base + 1), 0, 0);
    emit_function(c, code, scope, target, base);
    registers_release(c, mark);
}

void generic_begin(Compiler *c, GenericScope *generic, TypeParameterList *list, Text name, Range range) {
    generic->outside = c->scope;
    generic->scope = scope_of_node(c->scopes, list->items);
    generic->range = range;
    generic->parameters = 0;
    for (Symbol *s = generic->scope->symbols; s; s = s->next) generic->parameters += (s->flags & SYMBOL_PARAMETER) != 0;
    const char *text = arena_format(c->arena, "<generic parameters of %s>", name.data);
    begin_annotation(c, &generic->unit, generic->scope, text, range, generic->parameters);
}

void generic_end(Compiler *c, GenericScope *generic, Register target) {
    Code *code = end_annotation(c, (uint16_t)generic->parameters);
    c->scope = generic->outside;
    place_set(c, generic->range);
    plain_function(c, code, generic->scope, target);
}

void starred_value(Compiler *c, Node *node, Register target) {
    build_sequence(c, OP_BUILD_TUPLE, (NodeList){&node, 1}, target);
    emit(c, OP_UNPACK, target, target, 1);
}

// A function that computes the expression `*key`.
static void evaluator_to(Compiler *c, Node *const *key, Text name, Range range, Register target) {
    Scope *outside = c->scope, *scope = scope_of_node(c->scopes, key);
    Unit unit;
    begin_annotation(c, &unit, scope, name.data, range, 0);
    Register value = register_new(c);
    if ((*key)->kind == NODE_STARRED)
        starred_value(c, *key, value);
    else
        expression_to(c, *key, value);
    place_set(c, (*key)->range);
    emit(c, OP_RETURN, value, 0, 0);
    Code *code = end_annotation(c, 0);
    c->scope = outside;
    place_set(c, range);
    plain_function(c, code, scope, target);
}

static void one_parameter(Compiler *c, TypeParameter *p, Register target) {
    uint32_t mark = registers_mark(c);
    Register base = registers_new(c, 4); // name, default, bound, constraints
    Range before = place_set(c, p->range);
    load_constant(c, base, constant_string(c, p->name));
    for (uint16_t i = 1; i < 4; i++) emit(c, OP_LOAD_EMPTY, (Register)(base + i), 0, 0);
    if (p->bound) {
        Register at = (Register)(base + (p->bound->kind == NODE_TUPLE ? 3 : 2));
        evaluator_to(c, &p->bound, p->name, p->bound->range, at);
    }
    if (p->default_value) evaluator_to(c, &p->default_value, p->name, p->default_value->range, (Register)(base + 1));
    place_set(c, p->range);
    uint8_t what = p->kind == TYPE_PARAMETER_PLAIN   ? TYPE_CONSTRUCT_VARIABLE
                   : p->kind == TYPE_PARAMETER_TUPLE ? TYPE_CONSTRUCT_TUPLE
                                                     : TYPE_CONSTRUCT_SPECIFICATION;
    emit_n(c, OP_TYPE_CONSTRUCT, what, target, base, 0);
    name_store(c, p->name, target);
    place_set(c, before);
    registers_release(c, mark);
}

void type_parameters_to(Compiler *c, TypeParameterList *list, Register target) {
    uint32_t mark = registers_mark(c);
    Register first = registers_new(c, (uint32_t)list->count);
    bool has_default = false;
    for (size_t i = 0; i < list->count; i++) {
        TypeParameter *p = &list->items[i];
        if (has_default && !p->default_value)
            compile_error(c, p->range, "non-default type parameter '%s' follows default type parameter", p->name.data);
        has_default |= p->default_value != NULL;
        one_parameter(c, p, (Register)(first + i));
    }
    emit(c, OP_BUILD_TUPLE, target, first, (uint32_t)list->count);
    registers_release(c, mark);
}

void type_alias(Compiler *c, Node *node) {
    uint32_t mark = registers_mark(c);
    TypeParameterList *list = &node->type_alias.type_parameters;
    Register result = register_new(c);
    GenericScope generic;
    if (list->count) generic_begin(c, &generic, list, node->type_alias.name, node->range);
    Register base = registers_new(c, 3); // name, type parameters, value
    load_constant(c, base, constant_string(c, node->type_alias.name));
    if (list->count)
        type_parameters_to(c, list, (Register)(base + 1));
    else
        emit(c, OP_LOAD_EMPTY, (Register)(base + 1), 0, 0);
    evaluator_to(c, &node->type_alias.value, node->type_alias.name, node->range, (Register)(base + 2));
    emit_n(c, OP_TYPE_CONSTRUCT, TYPE_CONSTRUCT_ALIAS, base, base, 0);
    if (list->count) {
        emit(c, OP_RETURN, base, 0, 0);
        generic_end(c, &generic, result);
        emit(c, OP_CALL, result, result, 0);
    } else {
        emit(c, OP_MOVE, result, base, 0);
    }
    name_store(c, node->type_alias.name, result);
    registers_release(c, mark);
}

// Classes, and the start of any body that has annotations.
#include "compiler/codegen.h"
#include "object/text/str.h"

static void store_text(Compiler *c, const char *name, Value value) {
    uint32_t mark = registers_mark(c);
    Register r = register_new(c);
    load_constant(c, r, value);
    emit_index(c, OP_STORE_NAME, r, constant_name(c, (Text){name, strlen(name)}));
    registers_release(c, mark);
}

static bool has_annotations(NodeList body) {
    for (size_t i = 0; i < body.count; i++) {
        Node *n = body.items[i];
        if (n->kind == NODE_ANNOTATED_ASSIGN) return true;
        if (n->kind == NODE_IF || n->kind == NODE_WHILE) {
            if (has_annotations(n->branch.body) || has_annotations(n->branch.or_else)) return true;
        } else if (n->kind == NODE_FOR) {
            if (has_annotations(n->for_.body) || has_annotations(n->for_.or_else)) return true;
        } else if (n->kind == NODE_WITH) {
            if (has_annotations(n->with.body)) return true;
        } else if (n->kind == NODE_TRY) {
            if (has_annotations(n->try_.body) || has_annotations(n->try_.or_else) || has_annotations(n->try_.finally))
                return true;
            for (size_t k = 0; k < n->try_.handler_count; k++)
                if (has_annotations(n->try_.handlers[k].body)) return true;
        } else if (n->kind == NODE_MATCH) {
            for (size_t k = 0; k < n->match.count; k++)
                if (has_annotations(n->match.cases[k].body)) return true;
        }
    }
    return false;
}

void body_annotations(Compiler *c, NodeList body) {
    if (has_annotations(body)) emit(c, OP_SETUP_ANNOTATIONS, 0, 0, 0);
}

// The names that the class's functions set on `self`, as a tuple.
static Value static_attributes(Compiler *c, const Scope *scope) {
    Scope *found = scope->attributes;
    Tuple *names = tuple_new(c->vm, found ? found->symbol_count : 0);
    if (!names) compile_out_of_memory(c);
    size_t i = 0;
    for (Symbol *s = found ? found->symbols : NULL; s; s = s->next) {
        String *name = string_intern_from(c->vm, s->name.data, s->name.length);
        if (!name) compile_out_of_memory(c);
        names->items[i++] = value_object(name);
    }
    return value_object(names);
}

static Code *class_body(Compiler *c, Node *node, Scope *scope) {
    Unit unit;
    String *plain = string_from(c->vm, node->class_.name.data);
    String *qualified = plain ? function_qualified_text(c, node->class_.name.data) : NULL;
    if (!qualified) compile_out_of_memory(c);
    unit_begin(c, &unit, scope, plain, qualified, node->range);
    unit.flags |= CODE_CLASS_BODY | CODE_NAMESPACE_LOCALS;
    function_variables(c, 0);
    Symbol *namespace = scope_find(scope, (Text){".classdict", 10});
    if (namespace && namespace->place == PLACE_CELL) emit(c, OP_STORE_CELL, namespace->number, 0, 0);
    Register r = register_new(c);
    emit_index(c, OP_LOAD_GLOBAL, r, constant_name(c, (Text){"__name__", 8}));
    emit_index(c, OP_STORE_NAME, r, constant_name(c, (Text){"__module__", 10}));
    store_text(c, "__qualname__", value_object(qualified));
    if (node->class_.decorators.count) unit.first_line = node->class_.decorators.items[0]->range.line;
    store_text(c, "__firstlineno__", value_small(unit.first_line));
    if (node->class_.type_parameters.count) {
        emit(c, OP_LOAD_FREE, r, scope_find(scope, (Text){".type_params", 12})->number, 0);
        emit_index(c, OP_STORE_NAME, r, constant_name(c, (Text){"__type_params__", 15}));
    }
    Value doc = docstring(c, node->class_.body);
    if (!is_none(doc)) store_text(c, "__doc__", doc);
    body_annotations(c, node->class_.body);
    statements(c, node->class_.body);
    store_text(c, "__static_attributes__", static_attributes(c, scope));
    Symbol *cell = scope_find(scope, (Text){".class", 6});
    if (cell && cell->place == PLACE_CELL) {
        emit(c, OP_MOVE, r, cell->number, 0);
        emit_index(c, OP_STORE_NAME, r, constant_name(c, (Text){"__classcell__", 13}));
    }
    return_none(c);
    Code *code = unit_end(c);
    code->positional_count = code->positional_only_count = code->parameter_count = 1; // the namespace
    return code;
}

// The class comes into base, which is followed by seven more: body function, name, bases, keywords, then what MAKE_FUNCTION takes.
// `parameters`: the tuple of type parameters of a generic class, or NO_REGISTER.
static void make_class(Compiler *c, Node *node, Register base, Register parameters) {
    Scope *outside = c->scope, *scope = scope_of_node(c->scopes, node);
    place_set(c, node->range);
    Code *code = class_body(c, node, scope);
    c->scope = outside;
    place_set(c, node->range);
    emit(c, OP_LOAD_EMPTY, (Register)(base + 4), 0, 0);
    emit(c, OP_LOAD_EMPTY, (Register)(base + 5), 0, 0);
    emit_function(c, code, scope, base, (Register)(base + 4));
    load_constant(c, (Register)(base + 1), value_object(code->name));
    place_set(c, node->range);
    class_arguments(c, node, (Register)(base + 2), (Register)(base + 3));
    place_set(c, node->range);
    if (parameters != NO_REGISTER) {
        emit(c, OP_MOVE, (Register)(base + 4), (Register)(base + 2), 0);
        emit(c, OP_MOVE, (Register)(base + 5), parameters, 0);
        emit_n(c, OP_TYPE_CONSTRUCT, TYPE_CONSTRUCT_BASES, (Register)(base + 2), (Register)(base + 4), 0);
    }
    emit(c, OP_BUILD_CLASS, base, base, 0);
}

static void make_generic_class(Compiler *c, Node *node, Register target) {
    GenericScope generic;
    generic_begin(c, &generic, &node->class_.type_parameters, node->class_.name, node->range);
    Register base = registers_new(c, 9), parameters = (Register)(base + 8);
    type_parameters_to(c, &node->class_.type_parameters, parameters);
    emit(c, OP_STORE_CELL, scope_find(c->scope, (Text){".type_params", 12})->number, parameters, 0);
    make_class(c, node, base, parameters);
    emit(c, OP_RETURN, base, 0, 0);
    generic_end(c, &generic, target);
    emit(c, OP_CALL, target, target, 0);
}

void class_definition(Compiler *c, Node *node) {
    uint32_t mark = registers_mark(c);
    Register decorators = decorators_begin(c, node->class_.decorators);
    Register base = registers_new(c, 8);
    place_set(c, node->range);
    if (node->class_.type_parameters.count)
        make_generic_class(c, node, base);
    else
        make_class(c, node, base, NO_REGISTER);
    decorators_end(c, node->class_.decorators, decorators, base);
    place_set(c, node->range);
    name_store(c, node->class_.name, base);
    registers_release(c, mark);
}

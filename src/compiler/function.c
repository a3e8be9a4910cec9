// Functions, lambdas and classes.
#include "compiler/codegen.h"
#include "compiler/fold.h"
#include "object/container/list.h"
#include "object/core/protocol.h"
#include "object/text/str.h"

// ---- Names

String *function_qualified_text(Compiler *c, const char *name) {
    Unit *outer = c->unit;
    Scope *scope = c->scope;
    // What stands in the scope of type parameters is named as if it stood around it.
    if (outer && outer->outer && (outer->scope->annotation == ANNOTATION_PARAMETERS || outer->scope->annotation == ANNOTATION_BOUND)) {
        outer = outer->outer;
        scope = outer->scope;
    }
    if (!outer || outer->scope->kind == SCOPE_MODULE) return string_from(c->vm, name);
    // A name that is declared global lives at the top.
    Symbol *s = scope_find(scope, (Text){name, strlen(name)});
    if (s && s->flags & SYMBOL_GLOBAL) return string_from(c->vm, name);
    bool plain = outer->scope->kind == SCOPE_CLASS || outer->scope->annotation == ANNOTATION_PARAMETERS;
    return string_format(c->vm, "%s%s.%s", outer->qualified_name->data, plain ? "" : ".<locals>", name);
}

// ---- Variables

static void number_symbols(Scope *scope, uint32_t *next) {
    for (Symbol *s = scope->symbols; s; s = s->next) {
        if (s->same || s->flags & SYMBOL_PARAMETER) continue;
        if (s->place == PLACE_LOCAL || s->place == PLACE_CELL) s->number = (uint16_t)(*next)++;
    }
    for (Scope *child = scope->first_child; child; child = child->sibling)
        if (child->kind == SCOPE_COMPREHENSION) number_symbols(child, next);
}

static void make_cells(Compiler *c, Scope *scope) {
    for (Symbol *s = scope->symbols; s; s = s->next)
        if (!s->same && s->place == PLACE_CELL) emit(c, OP_MAKE_CELL, s->number, 0, 0);
}

// Gives every variable its register: the parameters come first, as they were entered into the scope.
void function_variables(Compiler *c, uint32_t parameters) {
    Unit *u = c->unit;
    uint32_t next = 0;
    for (Symbol *s = u->scope->symbols; s && next < parameters; s = s->next)
        if (s->flags & SYMBOL_PARAMETER) s->number = (uint16_t)next++;
    bool namespace = u->scope->kind != SCOPE_FUNCTION && (u->scope->kind == SCOPE_CLASS || u->scope->namespace_locals);
    if (namespace) next = 1; // register 0 is the namespace
    number_symbols(u->scope, &next);
    if (next > MAX_REGISTERS - 256) compile_error(c, u->range, "too many local variables");
    u->variable_count = u->next_register = u->register_count = next;
    u->bound_words = (next + 63) / 64;
    u->bound = arena_allocate(c->arena, (u->bound_words + 1) * sizeof(uint64_t));
    for (uint32_t i = 0; i < parameters; i++) bound_add(c, (Register)i);
    make_cells(c, u->scope);
}

// ---- Making functions

static void closure_to(Compiler *c, Scope *scope, Register target) {
    if (scope->free_count == 0) {
        emit(c, OP_LOAD_EMPTY, target, 0, 0);
        return;
    }
    uint32_t mark = registers_mark(c);
    Register first = registers_new(c, scope->free_count);
    for (uint32_t i = 0; i < scope->free_count; i++) {
        Text name = scope->free[i]->name;
        if (name.length > 6 && memcmp(name.data, ".free.", 6) == 0) name = (Text){name.data + 6, name.length - 6};
        // Look from where the function stands, comprehensions included, up to the unit.
        Symbol *s = NULL;
        for (Scope *at = c->scope; at && !s; at = at->kind == SCOPE_COMPREHENSION ? at->parent : NULL) {
            s = scope_find(at, name);
            if (s && s->place != PLACE_CELL && s->place != PLACE_FREE) s = NULL;
        }
        if (!s && c->unit->scope->kind == SCOPE_CLASS && text_equal(name, "__class__"))
            s = scope_find(c->unit->scope, (Text){".class", 6});
        if (!s) s = scope_find(c->unit->scope, (Text){arena_format(c->arena, ".free.%s", name.data), name.length + 6});
        if (!s) compile_error(c, c->unit->range, "no cell for '%s'", name.data);
        if (s->place == PLACE_CELL)
            emit(c, OP_MOVE, (Register)(first + i), s->number, 0);
        else
            emit(c, OP_LOAD_FREE_CELL, (Register)(first + i), s->number, 0);
    }
    emit(c, OP_BUILD_TUPLE, target, first, scope->free_count);
    registers_release(c, mark);
}

void emit_function(Compiler *c, Code *code, Scope *scope, Register target, Register base) {
    closure_to(c, scope, (Register)(base + 2));
    emit(c, OP_LOAD_EMPTY, (Register)(base + 3), 0, 0);
    uint32_t index = constant_index(c, value_object(code));
    if (index > 0xFFFF) compile_error(c, c->unit->range, "too many constants in one function");
    emit(c, OP_MAKE_FUNCTION, target, base, index);
}

static void defaults_to(Compiler *c, Parameters *p, Register base) {
    if (p->defaults.count)
        build_sequence(c, OP_BUILD_TUPLE, p->defaults, base);
    else
        emit(c, OP_LOAD_EMPTY, base, 0, 0);
    bool any = false;
    for (size_t i = 0; i < p->keyword_only_count; i++) any |= p->keyword_defaults[i] != NULL;
    Register dict = (Register)(base + 1);
    if (!any) {
        emit(c, OP_LOAD_EMPTY, dict, 0, 0);
        return;
    }
    emit(c, OP_BUILD_DICT, dict, 0, 0);
    for (size_t i = 0; i < p->keyword_only_count; i++) {
        if (!p->keyword_defaults[i]) continue;
        uint32_t mark = registers_mark(c);
        Register key = register_new(c), value = register_new(c);
        load_constant(c, key, constant_string(c, scope_mangle(c->arena, c->scope, p->keyword_only[i].name)));
        expression_to(c, p->keyword_defaults[i], value);
        emit(c, OP_DICT_SET, dict, key, value);
        registers_release(c, mark);
    }
}

// ---- Annotations

Value annotation_text(Compiler *c, Node *node) {
    // The text as it stands in the source: CPython prints the tree again, which is the same for annotations as people
    // write them.
    if (node->kind == NODE_CONSTANT && node->constant.kind == CONSTANT_STRING) {
        String *text = value_repr(c->vm, constant_value(c, node));
        if (!text) compile_out_of_memory(c);
        return value_object(text);
    }
    Range r = node->range;
    size_t room = 1, length = 0;
    for (uint32_t line = r.line; line <= r.end_line && line <= c->parsed->line_count; line++)
        room += c->parsed->lines[line - 1].length;
    char *text = arena_allocate(c->arena, room);
    for (uint32_t line = r.line; line <= r.end_line && line <= c->parsed->line_count; line++) {
        Text source = c->parsed->lines[line - 1];
        size_t start = line == r.line ? r.column : 0, end = line == r.end_line ? r.end_column : source.length;
        if (end > source.length) end = source.length;
        for (size_t i = start; i < end; i++) text[length++] = source.data[i];
    }
    return constant_string(c, (Text){text, length});
}

static void annotate(Compiler *c, Register dict, Text name, Node *annotation, bool *made) {
    if (!annotation) return;
    if (!*made) emit(c, OP_BUILD_DICT, dict, 0, 0);
    *made = true;
    uint32_t mark = registers_mark(c);
    Register key = register_new(c), value = register_new(c);
    load_constant(c, key, constant_string(c, scope_mangle(c->arena, c->scope, name)));
    if (c->future_annotations)
        load_constant(c, value, annotation_text(c, annotation));
    else if (annotation->kind == NODE_STARRED)
        starred_value(c, annotation, value);
    else
        expression_to(c, annotation, value);
    emit(c, OP_DICT_SET, dict, key, value);
    registers_release(c, mark);
}

static void annotations_to(Compiler *c, Parameters *p, Node *returns, Register dict) {
    bool made = false;
    for (size_t i = 0; i < p->count; i++) annotate(c, dict, p->items[i].name, p->items[i].annotation, &made);
    if (p->variadic) annotate(c, dict, p->variadic->name, p->variadic->annotation, &made);
    for (size_t i = 0; i < p->keyword_only_count; i++)
        annotate(c, dict, p->keyword_only[i].name, p->keyword_only[i].annotation, &made);
    if (p->keyword_variadic) annotate(c, dict, p->keyword_variadic->name, p->keyword_variadic->annotation, &made);
    annotate(c, dict, (Text){"return", 6}, returns, &made);
    if (!made) emit(c, OP_LOAD_EMPTY, dict, 0, 0);
}

// ---- Functions

void return_none(Compiler *c) {
    Register none = register_new(c);
    load_constant(c, none, VALUE_NONE);
    emit(c, OP_RETURN, none, 0, 0);
}

static void begin_function(Compiler *c, Unit *unit, Scope *scope, const char *name, Range range, Parameters *p) {
    String *plain = string_from(c->vm, name);
    String *qualified = plain ? function_qualified_text(c, name) : NULL;
    if (!qualified) compile_out_of_memory(c);
    unit_begin(c, unit, scope, plain, qualified, range);
    if (scope->is_async) unit->flags |= scope->is_generator ? CODE_ASYNC_GENERATOR : CODE_COROUTINE;
    else if (scope->is_generator) unit->flags |= CODE_GENERATOR;
    if (unit->outer && unit->outer->scope->kind == SCOPE_FUNCTION) unit->flags |= CODE_NESTED;
    if (p->variadic) unit->flags |= CODE_VARIADIC;
    if (p->keyword_variadic) unit->flags |= CODE_KEYWORD_VARIADIC;
    function_variables(c, (uint32_t)(p->count + p->keyword_only_count + (p->variadic != NULL) + (p->keyword_variadic != NULL)));
}

static Code *end_function(Compiler *c, Parameters *p) {
    Unit *u = c->unit;
    if (!u->unreachable) return_none(c);
    Code *code = unit_end(c);
    code->positional_count = (uint16_t)p->count;
    code->positional_only_count = (uint16_t)p->positional_only;
    code->keyword_only_count = (uint16_t)p->keyword_only_count;
    code->parameter_count =
        (uint16_t)(p->count + p->keyword_only_count + (p->variadic != NULL) + (p->keyword_variadic != NULL));
    if (!p->variadic && !p->keyword_variadic && !p->keyword_only_count) code->flags |= CODE_SIMPLE_CALL;
    return code;
}

Value docstring(Compiler *c, NodeList body) {
    if (!body.count || body.items[0]->kind != NODE_EXPRESSION_STATEMENT) return VALUE_NONE;
    Node *first = body.items[0]->value;
    if (first->kind != NODE_CONSTANT || first->constant.kind != CONSTANT_STRING) return VALUE_NONE;
    return clean_docstring(c, first->constant.text);
}

// Removes the common indentation, as CPython's compiler does since 3.13.
Value clean_docstring(Compiler *c, Text text) {
    size_t margin = SIZE_MAX;
    for (size_t i = 0; i < text.length;) {
        const char *newline = memchr(text.data + i, '\n', text.length - i);
        size_t end = newline ? (size_t)(newline - text.data) : text.length;
        if (i) {
            size_t indent = i;
            while (indent < end && (text.data[indent] == ' ' || text.data[indent] == '\t')) indent++;
            if (indent < end && indent - i < margin) margin = indent - i;
        }
        i = end + 1;
    }
    if (margin == SIZE_MAX) margin = 0;
    char *out = arena_allocate(c->arena, text.length + 1);
    size_t length = 0;
    for (size_t i = 0; i <= text.length;) {
        const char *newline = i < text.length ? memchr(text.data + i, '\n', text.length - i) : NULL;
        size_t end = newline ? (size_t)(newline - text.data) : text.length, start = i;
        size_t skip = 0;
        while (start < end && (text.data[start] == ' ' || text.data[start] == '\t') && (i == 0 || skip < margin)) start++, skip++;
        if (i) out[length++] = '\n';
        memcpy(out + length, text.data + start, end - start);
        length += end - start;
        i = end + 1;
    }
    return constant_string(c, (Text){out, length});
}

// Decorators are evaluated first and applied last: they wait in registers below the function.
Register decorators_begin(Compiler *c, NodeList decorators) {
    Register first = registers_new(c, (uint32_t)decorators.count * 2 + 1);
    for (size_t i = 0; i < decorators.count; i++) expression_to(c, decorators.items[i], (Register)(first + i));
    return first;
}

void decorators_end(Compiler *c, NodeList decorators, Register first, Register made) {
    for (size_t i = decorators.count; i > 0; i--) {
        uint32_t mark = registers_mark(c);
        Register call = registers_new(c, 2);
        place_set(c, decorators.items[i - 1]->range);
        emit(c, OP_MOVE, call, (Register)(first + i - 1), 0);
        emit(c, OP_MOVE, (Register)(call + 1), made, 0);
        emit(c, OP_CALL, made, call, 1);
        registers_release(c, mark);
    }
}

// From the annotations on: registers base and base+1 hold the defaults already. The function comes into base.
static void make_function_of(Compiler *c, Node *node, Register base) {
    Parameters *p = node->function.parameters;
    annotations_to(c, p, node->function.returns, (Register)(base + 3));
    Scope *outside = c->scope, *scope = scope_of_node(c->scopes, node);
    Unit unit;
    begin_function(c, &unit, scope, node->function.name.data, node->range, p);
    if (node->function.decorators.count) unit.first_line = node->function.decorators.items[0]->range.line;
    Value doc = docstring(c, node->function.body);
    statements(c, node->function.body);
    Code *code = end_function(c, p);
    code->doc = doc;
    c->scope = outside;
    place_set(c, node->range);
    closure_to(c, scope, (Register)(base + 2));
    uint32_t index = constant_index(c, value_object(code));
    if (index > 0xFFFF) compile_error(c, node->range, "too many constants in one function");
    emit(c, OP_MAKE_FUNCTION, base, base, index);
}

// call and what follows it: a place for the function of the scope of type parameters, the defaults, the keyword defaults.
static void make_generic_function(Compiler *c, Node *node, Register call) {
    Register defaults = (Register)(call + 1), keyword_defaults = (Register)(call + 2);
    defaults_to(c, node->function.parameters, defaults);
    GenericScope generic;
    generic_begin(c, &generic, &node->function.type_parameters, node->function.name, node->range);
    Symbol *given[] = {scope_find(c->scope, (Text){".defaults", 9}), scope_find(c->scope, (Text){".kwdefaults", 11})};
    Register base = registers_new(c, 5), parameters = (Register)(base + 4);
    for (uint16_t i = 0; i < 2; i++) {
        if (given[i])
            emit(c, OP_MOVE, (Register)(base + i), given[i]->number, 0);
        else
            emit(c, OP_LOAD_EMPTY, (Register)(base + i), 0, 0);
    }
    type_parameters_to(c, &node->function.type_parameters, parameters);
    make_function_of(c, node, base);
    emit(c, OP_MOVE, (Register)(base + 1), parameters, 0);
    emit_n(c, OP_TYPE_CONSTRUCT, TYPE_CONSTRUCT_FUNCTION, base, base, 0);
    emit(c, OP_RETURN, base, 0, 0);
    generic_end(c, &generic, call);
    uint32_t count = (given[0] != NULL) + (given[1] != NULL);
    if (!given[0] && given[1]) emit(c, OP_MOVE, defaults, keyword_defaults, 0);
    emit(c, OP_CALL, call, call, count);
}

void function_definition(Compiler *c, Node *node) {
    uint32_t mark = registers_mark(c);
    Register decorators = decorators_begin(c, node->function.decorators);
    Register base = registers_new(c, 4);
    place_set(c, node->range);
    if (node->function.type_parameters.count) {
        make_generic_function(c, node, base);
    } else {
        defaults_to(c, node->function.parameters, base);
        make_function_of(c, node, base);
    }
    decorators_end(c, node->function.decorators, decorators, base);
    place_set(c, node->range);
    name_store(c, node->function.name, base);
    registers_release(c, mark);
}

void lambda_expression(Compiler *c, Node *node, Register target) {
    Parameters *p = node->lambda.parameters;
    Register base = registers_new(c, 4);
    defaults_to(c, p, base);
    Scope *outside = c->scope, *scope = scope_of_node(c->scopes, node);
    Unit unit;
    begin_function(c, &unit, scope, "<lambda>", node->range, p);
    Register value = register_new(c);
    expression_to(c, node->lambda.body, value);
    place_set(c, node->lambda.body->range);
    emit(c, OP_RETURN, value, 0, 0);
    c->unit->unreachable = true;
    Code *code = end_function(c, p);
    c->scope = outside;
    place_set(c, node->range);
    emit_function(c, code, scope, target, base);
}

// Calls, and the displays that share their way with starred items.
#include "compiler/codegen.h"
#include "compiler/fold.h"
#include "object/container/list.h"
#include "object/container/set.h"
#include "object/core/errors.h"
#include "object/text/str.h"

enum { MANY = 64 }; // more items than this are added in batches

static bool has_star(NodeList items) {
    for (size_t i = 0; i < items.count; i++)
        if (items.items[i]->kind == NODE_STARRED) return true;
    return false;
}

// A set display of several constants is made as a constant set that an empty one takes over: the order in which CPython's
// iterates comes out of that.
static bool constant_set(Compiler *c, NodeList items, Register target) {
    if (items.count < 3) return false;
    for (size_t i = 0; i < items.count; i++) {
        NodeKind kind = items.items[i]->kind;
        if (kind != NODE_CONSTANT && kind != NODE_UNARY_OPERATION && kind != NODE_TUPLE && kind != NODE_BINARY_OPERATION)
            return false;
    }
    Value *values = arena_allocate(c->arena, items.count * sizeof(Value));
    for (size_t i = 0; i < items.count; i++)
        if (!fold_constant(c, items.items[i], &values[i])) return false;
    Set *set = set_of_constants(c->vm, values, items.count);
    if (!set) compile_out_of_memory(c);
    Register made = registers_new(c, 2);
    emit(c, OP_BUILD_SET, made, 0, 0);
    load_constant(c, (Register)(made + 1), value_object(set));
    emit(c, OP_SET_UPDATE, made, (Register)(made + 1), 0);
    emit(c, OP_MOVE, target, made, 0);
    return true;
}

void build_sequence(Compiler *c, Op op, NodeList items, Register target) {
    Range range = c->unit->range;
    if (op == OP_BUILD_SET && constant_set(c, items, target)) return;
    if (items.count <= MANY && !has_star(items)) {
        Register first = items.count ? registers_new(c, (uint32_t)items.count) : 0;
        for (size_t i = 0; i < items.count; i++) expression_to(c, items.items[i], (Register)(first + i));
        place_set(c, range);
        emit(c, op, target, first, (uint32_t)items.count);
        return;
    }
    // The collection grows item by item, starred ones at once. A tuple starts as a list.
    Register collection = register_new(c);
    emit(c, op == OP_BUILD_SET ? OP_BUILD_SET : OP_BUILD_LIST, collection, 0, 0);
    for (size_t i = 0; i < items.count; i++) {
        uint32_t mark = registers_mark(c);
        Node *item = items.items[i];
        bool star = item->kind == NODE_STARRED;
        Register value = expression_any(c, star ? item->starred.value : item);
        place_set(c, item->range);
        emit(c,
             op == OP_BUILD_SET ? (star ? OP_SET_UPDATE : OP_SET_ADD) : (star ? OP_LIST_EXTEND : OP_LIST_APPEND),
             collection, value, 0);
        registers_release(c, mark);
    }
    place_set(c, range);
    emit(c, op == OP_BUILD_TUPLE ? OP_LIST_TO_TUPLE : OP_MOVE, target, collection, 0);
}

static void check_keywords(Compiler *c, KeywordList keywords) {
    for (size_t i = 0; i < keywords.count; i++) {
        if (!keywords.items[i].name.data) continue;
        for (size_t j = 0; j < i; j++)
            if (keywords.items[j].name.data && keywords.items[j].name.length == keywords.items[i].name.length &&
                memcmp(keywords.items[j].name.data, keywords.items[i].name.data, keywords.items[i].name.length) == 0)
                compile_error(c, keywords.items[i].range, "keyword argument repeated: %s", keywords.items[i].name.data);
    }
}

static bool is_plain(NodeList arguments, KeywordList keywords) {
    if (arguments.count + keywords.count > MANY || has_star(arguments)) return false;
    for (size_t i = 0; i < keywords.count; i++)
        if (!keywords.items[i].name.data) return false;
    return true;
}

static Value keyword_names(Compiler *c, KeywordList keywords) {
    Tuple *names = tuple_new(c->vm, keywords.count);
    if (!names) compile_out_of_memory(c);
    for (size_t i = 0; i < keywords.count; i++) names->items[i] = constant_string(c, keywords.items[i].name);
    return value_object(names);
}

// Positional arguments as a tuple, keywords as a dict (or no value): for *args and **kwargs.
static void spread_arguments(Compiler *c, NodeList arguments, KeywordList keywords, Register function, Register positional,
                             Register named) {
    Range range = c->unit->range;
    uint32_t mark = registers_mark(c);
    if (arguments.count == 1 && arguments.items[0]->kind == NODE_STARRED) {
        // f(*x): an exact tuple is passed as it is.
        Register list = register_new(c);
        emit(c, OP_BUILD_LIST, list, 0, 0);
        Register value = expression_any(c, arguments.items[0]->starred.value);
        place_set(c, range);
        emit_n(c, OP_LIST_EXTEND, 1, list, value, function);
        emit(c, OP_LIST_TO_TUPLE, positional, list, 0);
    } else if (has_star(arguments) || arguments.count > MANY) {
        Register list = register_new(c);
        emit(c, OP_BUILD_LIST, list, 0, 0);
        for (size_t i = 0; i < arguments.count; i++) {
            uint32_t inner = registers_mark(c);
            bool star = arguments.items[i]->kind == NODE_STARRED;
            Register value = expression_any(c, star ? arguments.items[i]->starred.value : arguments.items[i]);
            place_set(c, range);
            emit(c, star ? OP_LIST_EXTEND : OP_LIST_APPEND, list, value, 0);
            registers_release(c, inner);
        }
        emit(c, OP_LIST_TO_TUPLE, positional, list, 0);
    } else {
        build_sequence(c, OP_BUILD_TUPLE, arguments, positional);
    }
    registers_release(c, mark);
    if (!keywords.count) {
        emit(c, OP_LOAD_EMPTY, named, 0, 0);
        return;
    }
    emit(c, OP_BUILD_DICT, named, 0, 0);
    for (size_t i = 0; i < keywords.count; i++) {
        Register value = register_new(c);
        expression_to(c, keywords.items[i].value, value);
        place_set(c, range);
        if (keywords.items[i].name.data) {
            // Through DICT_MERGE's sibling: a name given twice is an error, so each goes in as a small dict.
            Register pair = registers_new(c, 2);
            load_constant(c, pair, constant_string(c, keywords.items[i].name));
            emit(c, OP_MOVE, (Register)(pair + 1), value, 0);
            emit(c, OP_BUILD_DICT, value, pair, 1);
        }
        emit(c, OP_DICT_MERGE, named, value, function);
        registers_release(c, mark);
    }
}

// super() without arguments inside a method: the class comes from its cell, the object is the first parameter.
static bool zero_super(Compiler *c, Node *node, Register target) {
    Node *function = node->call.function;
    if (function->kind != NODE_NAME || !text_equal(function->name.id, "super") || node->call.arguments.count ||
        node->call.keywords.count)
        return false;
    Scope *unit = c->unit->scope;
    Symbol *super = scope_find(c->scope, function->name.id);
    Symbol *cls = scope_find(unit, (Text){"__class__", 9});
    if (!super || super->place != PLACE_GLOBAL || unit->kind != SCOPE_FUNCTION || !cls || cls->place != PLACE_FREE) return false;
    Symbol *self = unit->symbols;
    if (!self || !(self->flags & SYMBOL_PARAMETER)) return false;
    Register callee = registers_new(c, 3);
    name_load(c, function->name.id, function->range, callee);
    place_set(c, node->range);
    emit(c, OP_LOAD_FREE, (Register)(callee + 1), cls->number, 0);
    Register object = (Register)(callee + 2);
    if (self->place == PLACE_CELL)
        emit(c, OP_LOAD_CELL, object, self->number, 0);
    else
        emit(c, OP_MOVE, object, self->number, 0);
    emit(c, OP_LOAD_SUPER, callee, (Register)(callee + 1), object);
    emit(c, OP_MOVE, target, callee, 0);
    return true;
}

void call_expression(Compiler *c, Node *node, Register target, bool awaited) {
    NodeList arguments = node->call.arguments;
    KeywordList keywords = node->call.keywords;
    Node *function = node->call.function;
    if (zero_super(c, node, target)) return;
    warn_call(c, node);
    check_keywords(c, keywords);
    bool plain = is_plain(arguments, keywords);
    // The marks below the traceback's line: what is called, then its arguments.
    uint32_t anchor = function->range.end_line == node->range.line ? function->range.end_column : 0;
    if (!plain) {
        Register base = registers_new(c, 3);
        expression_to(c, function, base);
        place_set(c, node->range);
        spread_arguments(c, arguments, keywords, base, (Register)(base + 1), (Register)(base + 2));
        place_set(c, node->range);
        c->unit->anchor = anchor;
        c->unit->anchor_end = anchor ? 0xFFFF : 0;
        emit_n(c, OP_CALL_SPREAD, awaited, target, base, 0);
        return;
    }
    uint32_t count = (uint32_t)(arguments.count + keywords.count);
    bool method = function->kind == NODE_ATTRIBUTE;
    Register base = registers_new(c, count + (method ? 2 : 1));
    if (method) {
        uint32_t mark = registers_mark(c);
        // What is not a variable is computed where the method will be: one register less in every such frame.
        Node *of = function->attribute.object;
        Register object = of->kind == NODE_NAME ? name_register(c, of->name.id, of->range) : NO_REGISTER;
        if (object == NO_REGISTER) {
            object = base;
            expression_to(c, of, object);
        } else {
            explain_part(c, of, object);
        }
        place_set(c, function->range);
        Text name = scope_mangle(c->arena, c->scope, function->attribute.name);
        emit(c, OP_LOAD_METHOD, base, object, constant_name16(c, name));
        registers_release(c, mark);
    } else {
        expression_to(c, function, base);
    }
    Register first = (Register)(base + (method ? 2 : 1));
    for (size_t i = 0; i < arguments.count; i++) expression_to(c, arguments.items[i], (Register)(first + i));
    for (size_t i = 0; i < keywords.count; i++)
        expression_to(c, keywords.items[i].value, (Register)(first + arguments.count + i));
    place_set(c, node->range);
    c->unit->anchor = anchor;
    c->unit->anchor_end = anchor ? 0xFFFF : 0;
    Op op = keywords.count ? (method ? OP_CALL_METHOD_NAMED : OP_CALL_NAMED) : (method ? OP_CALL_METHOD : OP_CALL);
    uint32_t at = emit_n(c, op, awaited, target, base, count);
    if (keywords.count) c->unit->instructions[at + 1].index = constant_index(c, keyword_names(c, keywords));
}

void class_arguments(Compiler *c, Node *node, Register bases, Register keywords) {
    check_keywords(c, node->class_.keywords);
    spread_arguments(c, node->class_.bases, node->class_.keywords, bases, bases, keywords);
}

#include "object/function/generic_alias.h"

#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/core/protocol.h"
#include "object/function/type_parameter.h"
#include "object/shared/recursion.h"
#include "object/text/str.h"

typedef struct {
    NativeData data;
    Value origin; // VALUE_EMPTY of a union
    Tuple *arguments;
    bool unpacked; // *tuple[int, str]
} GenericAlias;

static const TypeOps alias_ops, union_ops;

static GenericAlias *alias_of(Value v) { return (GenericAlias *)object_of(v); }

static GenericAlias *allocate_alias(VM *vm, Class *cls, Value origin, Tuple *arguments) {
    GenericAlias *alias = native_data_new(vm, cls, sizeof(GenericAlias));
    if (!alias) return NULL;
    alias->origin = origin;
    alias->arguments = arguments;
    return alias;
}

Value generic_alias_new(VM *vm, Value origin, Value arguments) {
    Tuple *tuple = is_tuple(arguments) ? tuple_of(arguments) : tuple_from(vm, &arguments, 1);
    GenericAlias *alias = tuple ? allocate_alias(vm, vm->classes.generic_alias, origin, tuple) : NULL;
    return alias ? value_object(alias) : VALUE_ERROR;
}

bool class_is_generic(VM *vm, const Class *cls) {
    ClassTable *c = &vm->classes;
    const Class *generic[] = {c->type, c->generator, c->coroutine, c->async_generator};
    for (size_t i = 0; i < sizeof generic / sizeof *generic; i++)
        if (cls == generic[i]) return true;
    return false;
}

// A class is shown by its name, anything else by its repr.
static bool append_type(VM *vm, Buffer *out, Value v) {
    String *text;
    if (is_kind(v, KIND_CLASS))
        text = class_full_name(vm, (Class *)object_of(v));
    else if (is_list(v)) { // parameters of a ParamSpec
        if (!recursion_enter(vm, " while getting the repr of an object")) return false;
        buffer_byte(out, '[');
        bool ok = true;
        for (size_t i = 0; ok && i < list_of(v)->length; i++) {
            if (i) buffer_text(out, ", ");
            ok = append_type(vm, out, list_of(v)->items[i]);
        }
        buffer_byte(out, ']');
        recursion_leave(vm);
        return ok;
    } else if (is_none(v))
        return buffer_text(out, "None"), true;
    else if (value_same(v, VALUE_ELLIPSIS))
        return buffer_text(out, "..."), true;
    else
        text = value_repr(vm, v);
    if (text) buffer_string(out, text);
    return text != NULL;
}

static Value show(VM *vm, Value self, const char *between) {
    GenericAlias *alias = alias_of(self);
    if (!recursion_enter(vm, " while getting the repr of an object")) return VALUE_ERROR;
    Buffer out = vm_buffer(vm);
    if (alias->unpacked) buffer_byte(&out, '*');
    bool ok = is_empty(alias->origin) || append_type(vm, &out, alias->origin);
    if (!is_empty(alias->origin)) buffer_byte(&out, '[');
    for (size_t i = 0; ok && i < alias->arguments->length; i++) {
        if (i) buffer_text(&out, between);
        ok = append_type(vm, &out, alias->arguments->items[i]);
    }
    if (!is_empty(alias->origin)) buffer_text(&out, alias->arguments->length ? "]" : "()]");
    recursion_leave(vm);
    if (!ok) return buffer_free(&out), VALUE_ERROR;
    String *text = string_from_buffer(vm, &out);
    return text ? value_object(text) : VALUE_ERROR;
}
static Value alias_repr(VM *vm, Value self) { return show(vm, self, ", "); }
static Value union_repr(VM *vm, Value self) { return show(vm, self, " | "); }

static void alias_trace(VM *vm, Object *o) {
    heap_mark(vm, ((GenericAlias *)o)->origin);
    heap_mark_object(vm, (Object *)((GenericAlias *)o)->arguments);
}

// Whether all of one are among the other.
static int same_members(VM *vm, Tuple *a, Tuple *b) {
    for (size_t i = 0; i < a->length; i++) {
        int found = value_contains(vm, value_object(b), a->items[i]);
        if (found <= 0) return found;
    }
    return 1;
}

static Value alias_compare(VM *vm, Comparison op, Value self, Value other) {
    if (op > COMPARISON_NE || !is_native_data(other, ((NativeData *)object_of(self))->ops)) return VALUE_NOT_IMPLEMENTED;
    GenericAlias *a = alias_of(self), *b = alias_of(other);
    if (!is_empty(a->origin)) { // of unions the order does not matter
        if (a->unpacked != b->unpacked) return value_bool(op == COMPARISON_NE);
    } else if (a->arguments->length == b->arguments->length) {
        int same = same_members(vm, a->arguments, b->arguments);
        return same < 0 ? VALUE_ERROR : value_bool(same == (op == COMPARISON_EQ));
    }
    int equal = is_empty(a->origin) ? is_empty(b->origin) : value_equal(vm, a->origin, b->origin);
    if (equal > 0) equal = value_equal(vm, value_object(a->arguments), value_object(b->arguments));
    return equal < 0 ? VALUE_ERROR : value_bool(equal == (op == COMPARISON_EQ));
}
static int alias_hash(VM *vm, Value self, uint64_t *out) {
    GenericAlias *alias = alias_of(self);
    uint64_t one;
    if (is_empty(alias->origin)) {
        *out = 0x9E3779B97F4A7C15u;
        for (size_t i = 0; i < alias->arguments->length; i++, *out ^= one * 0x100000001B3u)
            if (value_hash(vm, alias->arguments->items[i], &one) < 0) return -1;
        return 1;
    }
    if (value_hash(vm, value_object(alias->arguments), out) < 0 || value_hash(vm, alias->origin, &one) < 0) return -1;
    *out ^= one * 31;
    return 1;
}
static Value alias_binary(VM *vm, Binary op, Value left, Value right) {
    return op == BINARY_OR ? type_union_new(vm, left, right) : VALUE_NOT_IMPLEMENTED;
}
static Value alias_call(VM *vm, Value self, Value *arguments, size_t count, Tuple *keywords) {
    return vm_call(vm, alias_of(self)->origin, arguments, count, keywords);
}
// ---- Type parameters among the arguments

static bool add_once(VM *vm, List *list, Value v) {
    for (size_t i = 0; i < list->length; i++)
        if (value_same(list->items[i], v)) return true;
    return list_append(vm, list, v);
}

static bool collect_parameters(VM *vm, Tuple *arguments, List *found) {
    if (!recursion_enter(vm, "")) return false;
    String *substitutes = string_intern_from(vm, "__typing_subst__", 16), *name = string_intern_from(vm, "__parameters__", 14);
    bool ok = substitutes && name;
    for (size_t i = 0; ok && i < arguments->length; i++) {
        Value v = arguments->items[i], inside = VALUE_EMPTY;
        if (is_kind(v, KIND_CLASS) || !is_object(v) || is_string(v)) continue;
        if (is_tuple(v)) {
            ok = collect_parameters(vm, tuple_of(v), found);
            continue;
        }
        if (is_list(v)) {
            Tuple *items = tuple_from(vm, list_of(v)->items, list_of(v)->length);
            ok = items && collect_parameters(vm, items, found);
            continue;
        }
        Value method = value_find_attribute(vm, v, substitutes);
        if (is_error(method)) ok = false;
        else if (!is_empty(method)) ok = add_once(vm, found, v);
        else if (is_error(inside = value_find_attribute(vm, v, name))) ok = false;
        for (size_t k = 0; ok && is_tuple(inside) && k < tuple_of(inside)->length; k++)
            ok = add_once(vm, found, tuple_of(inside)->items[k]);
    }
    recursion_leave(vm);
    return ok;
}

static Tuple *parameters_of(VM *vm, Tuple *arguments) {
    List *found = list_new(vm, 0);
    return found && collect_parameters(vm, arguments, found) ? tuple_from(vm, found->items, found->length) : NULL;
}

// The arguments with what `key` says in the places of type parameters; not a tuple: an error. [script]
static Value substituted(VM *vm, Value self, Value key) {
    Tuple *parameters = parameters_of(vm, alias_of(self)->arguments);
    if (!parameters) return VALUE_ERROR;
    if (!parameters->length) {
        String *text = value_repr(vm, self);
        return text ? raise_type_error(vm, "%s is not a generic class", text->data) : VALUE_ERROR;
    }
    Value operands[4] = {self, value_object(parameters), value_object(alias_of(self)->arguments), key};
    Value made = typing_call(vm, "_substitute", operands, 4);
    if (!is_error(made) && !is_tuple(made)) return raise_type_error(vm, "typing._substitute must return a tuple");
    return made;
}

static Value alias_attribute(VM *vm, Value self, String *name) {
    GenericAlias *alias = alias_of(self);
    if (string_is(name, "__origin__") && !is_empty(alias->origin)) return alias->origin;
    if (string_is(name, "__args__")) return value_object(alias->arguments);
    if (string_is(name, "__parameters__")) {
        Tuple *parameters = parameters_of(vm, alias->arguments);
        return parameters ? value_object(parameters) : VALUE_ERROR;
    }
    if (!is_empty(alias->origin) && string_is(name, "__unpacked__")) return value_bool(alias->unpacked);
    if (!is_empty(alias->origin) && string_is(name, "__typing_unpacked_tuple_args__"))
        return alias->unpacked && value_same(alias->origin, value_object(vm->classes.tuple)) ? value_object(alias->arguments)
                                                                                            : VALUE_NONE;
    // Whatever else is asked is the class's.
    if (is_empty(alias->origin) || name == vm->names.__class__ || name == vm->names.__mro_entries__) return VALUE_EMPTY;
    return value_find_attribute(vm, alias->origin, name);
}
static Value alias_get_item(VM *vm, Value self, Value key) {
    Value arguments = substituted(vm, self, key);
    if (is_error(arguments)) return arguments;
    Value made = generic_alias_new(vm, alias_of(self)->origin, arguments);
    if (!is_error(made)) alias_of(made)->unpacked = alias_of(self)->unpacked;
    return made;
}
static Value union_get_item(VM *vm, Value self, Value key) {
    Value arguments = substituted(vm, self, key);
    if (is_error(arguments)) return arguments;
    Tuple *members = tuple_of(arguments);
    Value made = members->length ? members->items[0] : VALUE_NONE;
    for (size_t i = 1; i < members->length && !is_error(made); i++) made = value_binary(vm, BINARY_OR, made, members->items[i]);
    return made;
}
// *tuple[int, str] gives one thing: the same alias, marked.
static Value alias_iterate(VM *vm, Value self) {
    Value one = generic_alias_new(vm, alias_of(self)->origin, value_object(alias_of(self)->arguments));
    if (is_error(one)) return one;
    alias_of(one)->unpacked = true;
    Tuple *items = tuple_from(vm, &one, 1);
    return items ? value_iterate(vm, value_object(items)) : VALUE_ERROR;
}

// class X(list[int]) inherits from list.
static Value alias_mro_entries(VM *vm, Value *args, size_t count) {
    Tuple *one = tuple_from(vm, &alias_of(args[0])->origin, 1);
    return one ? value_object(one) : VALUE_ERROR;
}
// types.GenericAlias(origin, arguments).
static Value alias_make(VM *vm, Value *args, size_t count) {
    if (count != 3) return raise_type_error(vm, "GenericAlias expected 2 arguments, got %zu", count - 1);
    return generic_alias_new(vm, args[1], args[2]);
}
static const NativeDefinition alias_methods[] = {{"__new__", alias_make, "cls, /, *args", NATIVE_STATIC},
                                                 {"__mro_entries__", alias_mro_entries, "self, bases, /", NATIVE_METHOD},
                                                 {0}};

static const OperatorSet only_or = {.binary = 1u << BINARY_OR};
static const TypeOps alias_ops = {.trace = alias_trace,
                                  .repr = alias_repr,
                                  .compare = alias_compare,
                                  .hash = alias_hash,
                                  .binary = alias_binary,
                                  .get_item = alias_get_item,
                                  .iterate = alias_iterate,
                                  .get_attribute = alias_attribute,
                                  .call = alias_call,
                                  .operations = &only_or};
static const TypeOps union_ops = {.trace = alias_trace,
                                  .repr = union_repr,
                                  .compare = alias_compare,
                                  .hash = alias_hash,
                                  .binary = alias_binary,
                                  .get_item = union_get_item,
                                  .get_attribute = alias_attribute,
                                  .operations = &only_or};

// ---- Unions

bool is_generic_alias(Value v) { return is_native_data(v, &alias_ops); }

Tuple *type_union_members(Value v) { return is_native_data(v, &union_ops) ? alias_of(v)->arguments : NULL; }

static bool add_member(VM *vm, List *members, Value v) {
    Tuple *inner = type_union_members(v);
    for (size_t i = 0; i < (inner ? inner->length : 1); i++) {
        Value one = inner ? inner->items[i] : is_none(v) ? value_object(vm->classes.none) : v;
        bool there = false;
        for (size_t k = 0; k < members->length; k++) there |= value_same(members->items[k], one);
        if (!there && !list_append(vm, members, one)) return false;
    }
    return true;
}

static bool is_type(Value v) {
    return is_kind(v, KIND_CLASS) || is_none(v) || is_native_data(v, &alias_ops) || is_native_data(v, &union_ops) || is_type_alias(v);
}

Value type_union_new(VM *vm, Value left, Value right) {
    if (!is_type(left) || !is_type(right) || (is_none(left) && is_none(right))) return VALUE_NOT_IMPLEMENTED;
    List *members = list_new(vm, 2);
    if (!members || !add_member(vm, members, left) || !add_member(vm, members, right)) return VALUE_ERROR;
    if (members->length == 1) return members->items[0];
    for (size_t i = 0; i < members->length; i++)
        if (is_kind(members->items[i], KIND_CLASS) && (Class *)object_of(members->items[i]) == vm->classes.none)
            members->items[i] = VALUE_NONE;
    Tuple *tuple = tuple_from(vm, members->items, members->length);
    GenericAlias *made = tuple ? allocate_alias(vm, vm->classes.union_type, VALUE_EMPTY, tuple) : NULL;
    return made ? value_object(made) : VALUE_ERROR;
}

Value generic_alias_of_class(VM *vm, Value *args, size_t count) { return generic_alias_new(vm, args[0], args[1]); }

static const NativeDefinition generic_methods[] = {GENERIC_ALIAS_METHOD, {0}};

// The classes whose subclasses are generic too.
static bool add_generic_methods(VM *vm) {
    ClassTable *c = &vm->classes;
    Class *const generic[] = {c->list, c->tuple, c->dict, c->set, c->frozenset};
    for (size_t i = 0; i < sizeof generic / sizeof *generic; i++)
        if (native_add_methods(vm, generic[i], generic_methods) < 0) return false;
    return true;
}

bool generic_alias_class_init(VM *vm) {
    ClassTable *c = &vm->classes;
    return add_generic_methods(vm) &&
           (c->generic_alias = native_data_class(vm, "types", "GenericAlias", &alias_ops, sizeof(GenericAlias),
                                                 CLASS_FINAL)) &&
           (c->union_type = native_data_class(vm, "types", "UnionType", &union_ops, sizeof(GenericAlias),
                                              CLASS_FINAL | CLASS_ABSTRACT_NEW)) &&
           native_add_methods(vm, c->generic_alias, alias_methods) > 0;
}

// The module operator: the language's operators as functions.
#include <string.h>

#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/container/step.h"
#include "object/core/instance.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/shared/builtin.h"
#include "vm/import.h"

#define BINARY(name, op) \
    static Value operator_##name(VM *vm, Value *args, size_t count) { return value_binary(vm, op, args[0], args[1]); } \
    static Value operator_i##name(VM *vm, Value *args, size_t count) { return value_in_place(vm, op, args[0], args[1]); }
BINARY(add, BINARY_ADD)
BINARY(and, BINARY_AND)
BINARY(floordiv, BINARY_FLOOR_DIVIDE)
BINARY(lshift, BINARY_LEFT_SHIFT)
BINARY(matmul, BINARY_MATRIX_MULTIPLY)
BINARY(mod, BINARY_MODULO)
BINARY(mul, BINARY_MULTIPLY)
BINARY(or, BINARY_OR)
BINARY(pow, BINARY_POWER)
BINARY(rshift, BINARY_RIGHT_SHIFT)
BINARY(sub, BINARY_SUBTRACT)
BINARY(truediv, BINARY_DIVIDE)
BINARY(xor, BINARY_XOR)

#define COMPARE(name, op) \
    static Value operator_##name(VM *vm, Value *args, size_t count) { return value_compare(vm, op, args[0], args[1]); }
COMPARE(eq, COMPARISON_EQ)
COMPARE(ge, COMPARISON_GE)
COMPARE(gt, COMPARISON_GT)
COMPARE(le, COMPARISON_LE)
COMPARE(lt, COMPARISON_LT)
COMPARE(ne, COMPARISON_NE)

#define UNARY(name, op) \
    static Value operator_##name(VM *vm, Value *args, size_t count) { return value_unary(vm, op, args[0]); }
UNARY(abs, UNARY_OP_ABSOLUTE)
UNARY(invert, UNARY_OP_INVERT)
UNARY(neg, UNARY_OP_MINUS)
UNARY(pos, UNARY_OP_PLUS)
UNARY(not, UNARY_OP_NOT)

static Value truth_or_error(int truth) { return truth < 0 ? VALUE_ERROR : value_bool(truth); }
static Value operator_truth(VM *vm, Value *args, size_t count) { return truth_or_error(value_truth(vm, args[0])); }
static Value operator_is(VM *vm, Value *args, size_t count) { return value_bool(value_same(args[0], args[1])); }
static Value operator_is_not(VM *vm, Value *args, size_t count) { return value_bool(!value_same(args[0], args[1])); }
static Value operator_index(VM *vm, Value *args, size_t count) { return value_index(vm, args[0]); }
static Value operator_getitem(VM *vm, Value *args, size_t count) { return value_get_item(vm, args[0], args[1]); }
static Value operator_setitem(VM *vm, Value *args, size_t count) {
    return value_set_item(vm, args[0], args[1], args[2]) < 0 ? VALUE_ERROR : VALUE_NONE;
}
static Value operator_delitem(VM *vm, Value *args, size_t count) {
    return value_delete_item(vm, args[0], args[1]) < 0 ? VALUE_ERROR : VALUE_NONE;
}
static Value operator_contains(VM *vm, Value *args, size_t count) { return truth_or_error(value_contains(vm, args[0], args[1])); }

// The named arguments, then the positional ones, of which the first is what is called
static Value operator_call(VM *vm, Value *args, size_t count) {
    if (count < 2) return raise_type_error(vm, "call expected at least 1 argument, got 0");
    return call_with_dict(vm, args[1], args + 2, count - 2, dict_of(args[0]));
}

// Sequences have __getitem__ and are no dicts.
static bool is_sequence(VM *vm, Value v) { return !is_dict(v) && !is_empty(class_special(vm, class_of(vm, v), SPECIAL_GETITEM)); }

static Value operator_concat(VM *vm, Value *args, size_t count) {
    if (is_sequence(vm, args[0])) return value_binary(vm, BINARY_ADD, args[0], args[1]);
    return raise_type_error(vm, "'%s' object can't be concatenated", type_name(vm, args[0]));
}
static Value operator_iconcat(VM *vm, Value *args, size_t count) {
    if (is_sequence(vm, args[0])) return value_in_place(vm, BINARY_ADD, args[0], args[1]);
    return raise_type_error(vm, "'%s' object can't be concatenated", type_name(vm, args[0]));
}

static Value iterate_argument(VM *vm, Value v) {
    Class *cls = class_of(vm, v);
    if (!(cls->ops && cls->ops->iterate) && is_empty(class_special(vm, cls, SPECIAL_ITER)) &&
        is_empty(class_special(vm, cls, SPECIAL_GETITEM)))
        return raise_type_error(vm, "argument of type '%s' is not iterable", type_name(vm, v));
    return value_iterate(vm, v);
}

static Value operator_count_of(VM *vm, Value *args, size_t count) {
    Value it = iterate_argument(vm, args[0]);
    if (is_error(it)) return it;
    for (int64_t found = 0;;) {
        Value item = iterator_step(vm, it);
        if (is_stop(item)) return int_from_int64(vm, found);
        int same = is_error(item) ? -1 : quick_equal(vm, item, args[1]);
        if (same < 0) return VALUE_ERROR;
        found += same;
    }
}

static Value operator_index_of(VM *vm, Value *args, size_t count) {
    Value it = iterate_argument(vm, args[0]);
    if (is_error(it)) return it;
    for (int64_t at = 0;; at++) {
        Value item = iterator_step(vm, it);
        if (is_stop(item)) return raise_value_error(vm, "sequence.index(x): x not in sequence");
        int same = is_error(item) ? -1 : quick_equal(vm, item, args[1]);
        if (same) return same < 0 ? VALUE_ERROR : int_from_int64(vm, at);
    }
}

static Value operator_length_hint(VM *vm, Value *args, size_t count) {
    int64_t missing = 0, hint;
    if (!is_empty(args[1]) && !size_argument(vm, args[1], &missing)) return VALUE_ERROR;
    Value v = args[0];
    Class *cls = class_of(vm, v);
    if (!is_empty(class_special(vm, cls, SPECIAL_LEN))) {
        int64_t length = value_length(vm, v);
        if (length >= 0) return int_from_int64(vm, length);
        if (!exception_matches(vm, vm->exceptions.type_error)) return VALUE_ERROR;
        exception_clear(vm);
    }
    String *name = string_intern_from(vm, "__length_hint__", 15);
    Value method = name ? class_lookup(vm, cls, name) : VALUE_ERROR;
    if (is_error(method)) return method;
    if (is_empty(method)) return int_from_int64(vm, missing);
    Value bound = attribute_bind(vm, method, v, cls), result = is_error(bound) ? bound : vm_call(vm, bound, NULL, 0, NULL);
    if (is_error(result)) {
        if (!exception_matches(vm, vm->exceptions.type_error)) return result;
        exception_clear(vm);
        return int_from_int64(vm, missing);
    }
    if (is_not_implemented(result)) return int_from_int64(vm, missing);
    if (!is_int(result)) return raise_type_error(vm, "__length_hint__ must be an integer, not %s", type_name(vm, result));
    if (!int_to_int64(result, &hint)) return raise_overflow_error(vm, "Python int too large to convert to C ssize_t");
    if (hint < 0) return raise_value_error(vm, "__length_hint__() should return >= 0");
    return int_plain(vm, result);
}

// ---- attrgetter, itemgetter, methodcaller

typedef struct {
    NativeData data;
    Tuple *given; // what it was made with: names, keys, or the method's name and its arguments
    Tuple *paths; // of attrgetter: for each name the tuple of its parts
    Dict *named;  // of methodcaller, or NULL
} Getter;

static Getter *getter_of(Value v) { return (Getter *)object_of(v); }

static void getter_trace(VM *vm, Object *o) {
    heap_mark_object(vm, ((Getter *)o)->given);
    heap_mark_object(vm, ((Getter *)o)->paths);
    heap_mark_object(vm, ((Getter *)o)->named);
}

static Value getter_new(VM *vm, Value cls, const Value *given, size_t count, Tuple *paths, Dict *named) {
    Tuple *tuple = tuple_from(vm, given, count);
    Getter *self = tuple ? native_data_new(vm, (Class *)object_of(cls), sizeof(Getter)) : NULL;
    if (!self) return VALUE_ERROR;
    self->given = tuple;
    self->paths = paths;
    self->named = named;
    return value_object(self);
}

static Value getter_repr(VM *vm, Value v) {
    Getter *self = getter_of(v);
    String *name = class_full_name(vm, class_of(vm, v));
    int entered = name ? repr_enter(vm, v) : -1;
    if (entered < 0) return VALUE_ERROR;
    if (!entered) return object_or_error(string_format(vm, "%s(...)", name->data));
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "%s(", name->data);
    bool whole = true;
    for (size_t i = 0; whole && i < self->given->length; i++) {
        if (i) buffer_text(&out, ", ");
        whole = append_repr(vm, &out, self->given->items[i]);
    }
    size_t position = 0;
    Value key, value;
    while (whole && self->named && dict_next(self->named, &position, &key, &value)) {
        buffer_format(&out, ", %s=", string_of(key)->data);
        whole = append_repr(vm, &out, value);
    }
    repr_leave(vm);
    if (!whole) return buffer_free(&out), VALUE_ERROR;
    buffer_byte(&out, ')');
    return object_or_error(string_from_buffer(vm, &out));
}

// What a getter is called with: exactly one positional argument.
static bool one_argument(VM *vm, Value self, size_t count, Tuple *keywords) {
    const char *name = class_name(class_of(vm, self));
    if (keywords && keywords->length) return raise_type_error(vm, "%s() takes no keyword arguments", name), false;
    if (count != 1) return raise_type_error(vm, "%s expected 1 argument, got %zu", name, count), false;
    return true;
}

static Value getter_reduce(VM *vm, Value *args, size_t count) {
    Value pair[2] = {value_object(class_of(vm, args[0])), value_object(getter_of(args[0])->given)};
    return object_or_error(tuple_from(vm, pair, 2));
}

// The parts of a dotted name, interned. NULL with MemoryError.
static Tuple *name_parts(VM *vm, String *name) {
    List *parts = list_new(vm, 1);
    const char *at = name->data, *end = at + name->size;
    while (parts) {
        const char *dot = memchr(at, '.', (size_t)(end - at));
        String *part = string_intern_from(vm, at, (size_t)((dot ? dot : end) - at));
        if (!part || !list_append(vm, parts, value_object(part))) return NULL;
        if (!dot) return tuple_from(vm, parts->items, parts->length);
        at = dot + 1;
    }
    return NULL;
}

static Value attrgetter_new(VM *vm, Value *args, size_t count) {
    if (count < 2) return raise_type_error(vm, "attrgetter expected 1 argument, got 0");
    Tuple *paths = tuple_new(vm, count - 1);
    for (size_t i = 1; paths && i < count; i++) {
        if (!is_string(args[i])) return raise_type_error(vm, "attribute name must be a string");
        Tuple *parts = name_parts(vm, string_of(args[i]));
        if (!parts) return VALUE_ERROR;
        paths->items[i - 1] = value_object(parts);
    }
    return paths ? getter_new(vm, args[0], args + 1, count - 1, paths, NULL) : VALUE_ERROR;
}

static Value follow(VM *vm, Value object, const Tuple *parts) {
    for (size_t i = 0; i < parts->length && !is_error(object); i++)
        object = value_get_attribute(vm, object, string_of(parts->items[i]));
    return object;
}

static Value attrgetter_call(VM *vm, Value v, Value *arguments, size_t count, Tuple *keywords) {
    if (!one_argument(vm, v, count, keywords)) return VALUE_ERROR;
    Value object = arguments[0];
    Tuple *paths = getter_of(v)->paths;
    if (paths->length == 1) return follow(vm, object, tuple_of(paths->items[0]));
    Tuple *result = tuple_new(vm, paths->length);
    for (size_t i = 0; result && i < paths->length; i++) {
        Value found = follow(vm, object, tuple_of(paths->items[i]));
        if (is_error(found)) return found;
        result->items[i] = found;
    }
    return object_or_error(result);
}

static Value itemgetter_new(VM *vm, Value *args, size_t count) {
    if (count < 2) return raise_type_error(vm, "itemgetter expected 1 argument, got 0");
    return getter_new(vm, args[0], args + 1, count - 1, NULL, NULL);
}

static inline Value get_item(VM *vm, Value o, Value key) {
    if (is_small(key) && small_of(key) >= 0 && is_exactly(o, vm->classes.tuple) && (size_t)small_of(key) < tuple_of(o)->length)
        return tuple_of(o)->items[small_of(key)];
    return value_get_item(vm, o, key);
}

static Value itemgetter_call(VM *vm, Value v, Value *arguments, size_t count, Tuple *keywords) {
    if (!one_argument(vm, v, count, keywords)) return VALUE_ERROR;
    Value object = arguments[0];
    Tuple *keys = getter_of(v)->given;
    if (keys->length == 1) return get_item(vm, object, keys->items[0]);
    Tuple *result = tuple_new(vm, keys->length);
    for (size_t i = 0; result && i < keys->length; i++) {
        Value found = get_item(vm, object, keys->items[i]);
        if (is_error(found)) return found;
        result->items[i] = found;
    }
    return object_or_error(result);
}

// The named arguments, then the name and the positional ones
static Value methodcaller_new(VM *vm, Value *args, size_t count) {
    if (count < 3) return raise_type_error(vm, "methodcaller needs at least one argument, the method name");
    if (!is_string(args[2])) return raise_type_error(vm, "method name must be a string");
    String *name = string_intern(vm, string_of(args[2]));
    if (!name) return VALUE_ERROR;
    args[2] = value_object(name);
    return getter_new(vm, args[0], args + 2, count - 2, NULL, dict_of(args[1])->length ? dict_of(args[1]) : NULL);
}

static Value methodcaller_call(VM *vm, Value v, Value *arguments, size_t count, Tuple *keywords) {
    if (!one_argument(vm, v, count, keywords)) return VALUE_ERROR;
    Getter *self = getter_of(v);
    Value method = value_get_attribute(vm, arguments[0], string_of(self->given->items[0]));
    if (is_error(method)) return method;
    return call_with_dict(vm, method, self->given->items + 1, self->given->length - 1, self->named);
}

// With named arguments a copy is made by a partial of the class, as they are not what a plain call would hand on.
static Value methodcaller_reduce(VM *vm, Value *args, size_t count) {
    Getter *self = getter_of(args[0]);
    if (!self->named) return getter_reduce(vm, args, count);
    String *module_name = string_intern_from(vm, "functools", 9), *name = string_intern_from(vm, "partial", 7);
    Value module = module_name && name ? import_module(vm, module_name) : VALUE_ERROR;
    Value partial = is_error(module) ? module : value_get_attribute(vm, module, name);
    if (is_error(partial)) return partial;
    Value start[2] = {value_object(class_of(vm, args[0])), self->given->items[0]};
    Tuple *rest = tuple_from(vm, self->given->items + 1, self->given->length - 1);
    Value made = rest ? call_with_dict(vm, partial, start, 2, self->named) : VALUE_ERROR;
    if (is_error(made)) return made;
    Value pair[2] = {made, value_object(rest)};
    return object_or_error(tuple_from(vm, pair, 2));
}

static const TypeOps attrgetter_ops = {.trace = getter_trace, .repr = getter_repr, .call = attrgetter_call};
static const TypeOps itemgetter_ops = {.trace = getter_trace, .repr = getter_repr, .call = itemgetter_call};
static const TypeOps methodcaller_ops = {.trace = getter_trace, .repr = getter_repr, .call = methodcaller_call};
static const NativeDefinition attrgetter_methods[] = {{"__new__", attrgetter_new, "cls, /, *args", NATIVE_NEW},
                                                      {"__reduce__", getter_reduce, "self, /", NATIVE_METHOD},
                                                      {0}};
static const NativeDefinition itemgetter_methods[] = {{"__new__", itemgetter_new, "cls, /, *args", NATIVE_NEW},
                                                      {"__reduce__", getter_reduce, "self, /", NATIVE_METHOD},
                                                      {0}};
static const NativeDefinition methodcaller_methods[] = {{"__new__", methodcaller_new, "cls, /, *args, **kwargs", NATIVE_NEW},
                                                        {"__reduce__", methodcaller_reduce, "self, /", NATIVE_METHOD},
                                                        {0}};

// ---- The module

#define TWO(name, function, doc) {name, function, "a, b, /", NATIVE_METHOD, doc}
#define BOTH(name, shown, sign) TWO(shown, operator_##name, "Same as a " sign " b."), \
    TWO("i" #name, operator_i##name, "Same as a " sign "= b.")
#define ONE(name, function, doc) {name, function, "a, /", NATIVE_METHOD, doc}
static const NativeDefinition functions[] = {
    BOTH(add, "add", "+"), BOTH(and, "and_", "&"), BOTH(floordiv, "floordiv", "//"), BOTH(lshift, "lshift", "<<"),
    BOTH(matmul, "matmul", "@"), BOTH(mod, "mod", "%"), BOTH(mul, "mul", "*"), BOTH(or, "or_", "|"), BOTH(pow, "pow", "**"),
    BOTH(rshift, "rshift", ">>"), BOTH(sub, "sub", "-"), BOTH(truediv, "truediv", "/"), BOTH(xor, "xor", "^"),
    TWO("eq", operator_eq, "Same as a == b."), TWO("ge", operator_ge, "Same as a >= b."), TWO("gt", operator_gt, "Same as a > b."),
    TWO("le", operator_le, "Same as a <= b."), TWO("lt", operator_lt, "Same as a < b."), TWO("ne", operator_ne, "Same as a != b."),
    ONE("abs", operator_abs, "Same as abs(a)."), ONE("inv", operator_invert, "Same as ~a."), ONE("invert", operator_invert, "Same as ~a."),
    ONE("neg", operator_neg, "Same as -a."), ONE("pos", operator_pos, "Same as +a."), ONE("not_", operator_not, "Same as not a."),
    ONE("truth", operator_truth, "Whether a is true."), ONE("index", operator_index, "a as an int, by __index__."),
    TWO("is_", operator_is, "Same as a is b."), TWO("is_not", operator_is_not, "Same as a is not b."),
    TWO("concat", operator_concat, "Same as a + b, for sequences."), TWO("iconcat", operator_iconcat, "Same as a += b, for sequences."),
    TWO("contains", operator_contains, "Same as b in a: mind the order."), TWO("countOf", operator_count_of, "How often b is in a."),
    TWO("indexOf", operator_index_of, "The first index of b in a."), TWO("getitem", operator_getitem, "Same as a[b]."),
    TWO("delitem", operator_delitem, "Same as del a[b]."),
    {"setitem", operator_setitem, "a, b, c, /", NATIVE_METHOD, "Same as a[b] = c."},
    {"length_hint", operator_length_hint, "obj, default=0, /", NATIVE_METHOD, "How many items obj may have."},
    {"call", operator_call, "*args, **kwargs", NATIVE_METHOD, "Same as obj(*args, **kwargs)."},
    {0}};

// The names that are also there between underscores.
static const char *const aliases[] = {
    "abs", "add", "and_", "call", "concat", "contains", "delitem", "eq", "floordiv", "ge", "getitem", "gt", "iadd", "iand", "iconcat",
    "ifloordiv", "ilshift", "imatmul", "imod", "imul", "index", "inv", "invert", "ior", "ipow", "irshift", "isub", "itruediv", "ixor",
    "le", "lshift", "lt", "matmul", "mod", "mul", "ne", "neg", "not_", "or_", "pos", "pow", "rshift", "setitem", "sub", "truediv", "xor"};

static bool add_aliases(VM *vm, Dict *namespace) {
    char name[32];
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        const char *plain = aliases[i];
        size_t length = strlen(plain) - (plain[strlen(plain) - 1] == '_');
        String *key = string_intern_from(vm, plain, strlen(plain));
        if (!key) return false;
        snprintf(name, sizeof name, "__%.*s__", (int)length, plain);
        if (!add_value(vm, namespace, name, dict_get_string(vm, namespace, key))) return false;
    }
    return true;
}

bool operator_module_fill(VM *vm, ModuleObject *module) {
    Dict *namespace = module->namespace;
    const struct {
        const char *name;
        const TypeOps *ops;
        const NativeDefinition *methods;
        const char *doc;
    } getters[] = {{"attrgetter", &attrgetter_ops, attrgetter_methods, "A function that gets the named attributes; names may have dots."},
                   {"itemgetter", &itemgetter_ops, itemgetter_methods, "A function that gets the items of these keys."},
                   {"methodcaller", &methodcaller_ops, methodcaller_methods, "A function that calls the named method."}};
    if (!add_text(vm, namespace, "__doc__", "The language's operators as functions.")) return false;
    String *shown = string_intern_from(vm, "_operator", 9);
    if (!shown || native_add_functions_of(vm, namespace, functions, shown) < 0 || !add_aliases(vm, namespace)) return false;
    for (size_t i = 0; i < sizeof getters / sizeof *getters; i++) {
        Class *cls = native_data_class(vm, "operator", getters[i].name, getters[i].ops, sizeof(Getter), CLASS_FINAL | CLASS_NO_WEAK);
        if (!cls || native_add_methods(vm, cls, getters[i].methods) < 0) return false;
        if (!add_text(vm, cls->attributes, "__doc__", getters[i].doc)) return false;
        if (!add_value(vm, namespace, getters[i].name, value_object(cls))) return false;
    }
    List *names = list_new(vm, 64);
    size_t position = 0;
    Value key, value;
    while (names && dict_next(namespace, &position, &key, &value))
        if (string_of(key)->data[0] != '_' && !list_append(vm, names, key)) return false;
    return names && list_sort(vm, names, VALUE_NONE, false) >= 0 && add_value(vm, namespace, "__all__", value_object(names));
}

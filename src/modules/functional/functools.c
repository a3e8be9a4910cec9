// The module _functools: reduce, cmp_to_key and the base of partial. Its classes are completed in the language, where their
// instances take attributes.
#include <string.h>

#include "modules/functional/functools_internal.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/list.h"
#include "object/container/step.h"
#include "object/core/instance.h"
#include "object/function/generic_alias.h"
#include "object/shared/builtin.h"

// ---- partial

typedef struct {
    NativeData data;
    Value function;
    Tuple *arguments;
    Dict *keywords;
} Partial;

static Partial *partial_of(Value v) { return (Partial *)object_of(v); }

static void partial_trace(VM *vm, Object *o) {
    Partial *self = (Partial *)o;
    heap_mark(vm, self->function);
    heap_mark_object(vm, self->arguments);
    heap_mark_object(vm, self->keywords);
}

static const TypeOps partial_ops;

// Whether an instance has been given attributes of its own.
static bool has_attributes(VM *vm, Value v, size_t size) {
    Object *o = object_of(v);
    return object_flag(o, OBJECT_HAS_ATTRIBUTES) && !is_empty(*(Value *)((char *)o + size));
}

// The named arguments, then the function and its arguments
static Value partial_new(VM *vm, Value *args, size_t count) {
    if (count < 3) return raise_type_error(vm, "type 'partial' takes at least one argument");
    Value function = args[2];
    if (!value_callable(vm, function)) return raise_type_error(vm, "the first argument must be callable");
    Dict *keywords = dict_of(args[1]);
    Tuple *arguments;
    if (is_native_data(function, &partial_ops) && !has_attributes(vm, function, sizeof(Partial))) {
        // One of another one calls that one's function at once.
        Partial *inner = partial_of(function);
        size_t length = inner->arguments->length;
        arguments = tuple_new(vm, length + count - 3);
        if (!arguments) return VALUE_ERROR;
        memcpy(arguments->items, inner->arguments->items, length * sizeof(Value));
        memcpy(arguments->items + length, args + 3, (count - 3) * sizeof(Value));
        if (inner->keywords->length) {
            Dict *all = dict_copy(vm, inner->keywords);
            if (!all || dict_update(vm, all, value_object(keywords)) < 0) return VALUE_ERROR;
            keywords = all;
        }
        function = inner->function;
    } else {
        arguments = tuple_from(vm, args + 3, count - 3);
    }
    Partial *self = arguments ? native_data_new(vm, (Class *)object_of(args[0]), sizeof(Partial)) : NULL;
    if (!self) return VALUE_ERROR;
    self->function = function;
    self->arguments = arguments;
    self->keywords = keywords;
    return value_object(self);
}

enum { PARTIAL_LOCAL = 12 };

static Value partial_call(VM *vm, Value v, Value *arguments, size_t count, Tuple *keywords) {
    Partial *self = partial_of(v);
    size_t bound = self->arguments->length;
    if (!bound && !self->keywords->length) return vm_call(vm, self->function, arguments, count, keywords);
    Value local[PARTIAL_LOCAL], *all = bound + count <= PARTIAL_LOCAL ? local : values_scratch(vm, bound + count);
    if (!all) return VALUE_ERROR;
    memcpy(all, self->arguments->items, bound * sizeof(Value));
    if (count) memcpy(all + bound, arguments, count * sizeof(Value));
    if (!self->keywords->length) return vm_call(vm, self->function, all, bound + count, keywords);
    size_t named = keywords ? keywords->length : 0, plain = bound + count - named;
    Dict *together = self->keywords;
    if (named) {
        together = dict_copy(vm, together);
        if (!together) return VALUE_ERROR;
        for (size_t i = 0; i < named; i++)
            if (dict_set_string(vm, together, string_of(keywords->items[i]), all[plain + i]) < 0) return VALUE_ERROR;
    }
    return call_with_dict(vm, self->function, all, plain, together);
}

static Value partial_repr(VM *vm, Value v) {
    Partial *self = partial_of(v);
    String *name = class_full_name(vm, class_of(vm, v));
    int entered = name ? repr_enter(vm, v) : -1;
    if (entered < 0) return VALUE_ERROR;
    if (!entered) return object_or_error(string_from(vm, "..."));
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "%s(", name->data);
    bool whole = append_repr(vm, &out, self->function);
    Tuple *arguments = self->arguments;
    Dict *keywords = self->keywords;
    for (size_t i = 0; whole && i < arguments->length; i++) {
        buffer_text(&out, ", ");
        whole = append_repr(vm, &out, arguments->items[i]);
    }
    size_t position = 0;
    Value key, value;
    while (whole && dict_next(keywords, &position, &key, &value)) {
        String *shown = value_str(vm, key);
        buffer_text(&out, ", ");
        if (shown) buffer_string(&out, shown);
        buffer_byte(&out, '=');
        whole = shown && append_repr(vm, &out, value);
    }
    repr_leave(vm);
    if (!whole) return buffer_free(&out), VALUE_ERROR;
    buffer_byte(&out, ')');
    return object_or_error(string_from_buffer(vm, &out));
}

static Value get_function(VM *vm, Value self) { return partial_of(self)->function; }
static Value get_arguments(VM *vm, Value self) { return value_object(partial_of(self)->arguments); }
static Value get_keywords(VM *vm, Value self) { return value_object(partial_of(self)->keywords); }
static int set_nothing(VM *vm, Value self, Value value) {
    raise_error(vm, vm->exceptions.attribute_error, "readonly attribute");
    return -1;
}

// What copying needs: the class, its arguments, and the state.
static Value partial_reduce(VM *vm, Value *args, size_t count) {
    Partial *self = partial_of(args[0]);
    Value attributes = VALUE_NONE;
    if (has_attributes(vm, args[0], sizeof(Partial)) &&
        is_error(attributes = value_get_attribute(vm, args[0], vm->names.__dict__)))
        return VALUE_ERROR;
    Value state[4] = {self->function, value_object(self->arguments), value_object(self->keywords), attributes};
    Tuple *start = tuple_from(vm, &self->function, 1), *whole = start ? tuple_from(vm, state, 4) : NULL;
    if (!whole) return VALUE_ERROR;
    Value result[3] = {value_object(class_of(vm, args[0])), value_object(start), value_object(whole)};
    return object_or_error(tuple_from(vm, result, 3));
}

static Value partial_setstate(VM *vm, Value *args, size_t count) {
    Partial *self = partial_of(args[0]);
    Tuple *state = is_tuple(args[1]) && tuple_of(args[1])->length == 4 ? tuple_of(args[1]) : NULL;
    if (!state || !value_callable(vm, state->items[0]) || !is_tuple(state->items[1]) ||
        !(is_dict(state->items[2]) || is_none(state->items[2])))
        return raise_type_error(vm, "invalid partial state");
    Tuple *arguments = tuple_from_iterable(vm, state->items[1]);
    bool is_plain = is_dict(state->items[2]) && class_of(vm, state->items[2]) == vm->classes.dict;
    Dict *keywords = !arguments ? NULL : is_none(state->items[2]) ? dict_new(vm) : is_plain ? dict_of(state->items[2])
                                                                                            : dict_copy(vm, dict_of(state->items[2]));
    Value attributes = keywords && is_none(state->items[3]) ? object_or_error(dict_new(vm)) : state->items[3];
    if (!keywords || is_error(attributes) || value_set_attribute(vm, args[0], vm->names.__dict__, attributes) < 0) return VALUE_ERROR;
    self->function = state->items[0];
    self->arguments = arguments;
    self->keywords = keywords;
    return VALUE_NONE;
}

static const TypeOps partial_ops = {.trace = partial_trace, .repr = partial_repr, .call = partial_call};
static const NativeDefinition partial_methods[] = {{"__new__", partial_new, "cls, /, *args, **keywords", NATIVE_NEW},
                                                   {"__reduce__", partial_reduce, "self, /", NATIVE_METHOD},
                                                   {"__setstate__", partial_setstate, "self, state, /", NATIVE_METHOD},
                                                   GENERIC_ALIAS_METHOD,
                                                   {0}};
static const AttributeDefinition partial_attributes[] = {
    {"func", get_function, set_nothing, "The function that is called."},
    {"args", get_arguments, set_nothing, "The arguments that come before those of a call, a tuple."},
    {"keywords", get_keywords, set_nothing, "The keyword arguments that a call need not give, a dict."},
    {0}};

// ---- reduce

static Value reduce(VM *vm, Value *args, size_t count) {
    Value function = args[0], it = value_iterate(vm, args[1]), pair[2] = {args[2]};
    if (is_error(it)) {
        if (!exception_matches(vm, vm->exceptions.type_error)) return it;
        exception_clear(vm);
        return raise_type_error(vm, "reduce() arg 2 must support iteration");
    }
    for (;;) {
        Value item = iterator_step(vm, it);
        if (is_error(item)) return item;
        if (is_stop(item)) break;
        if (is_empty(pair[0])) {
            pair[0] = item;
            continue;
        }
        pair[1] = item;
        Value result = vm_call(vm, function, pair, 2, NULL);
        if (is_error(result)) return result;
        pair[0] = result;
    }
    return is_empty(pair[0]) ? raise_type_error(vm, "reduce() of empty iterable with no initial value") : pair[0];
}

// ---- cmp_to_key

typedef struct {
    NativeData data;
    Value compare;
    Value object; // VALUE_EMPTY: what makes the keys
} KeyWrapper;

static KeyWrapper *key_of(Value v) { return (KeyWrapper *)object_of(v); }

static void key_trace(VM *vm, Object *o) {
    heap_mark(vm, ((KeyWrapper *)o)->compare);
    heap_mark(vm, ((KeyWrapper *)o)->object);
}

static Value key_new(VM *vm, Value compare, Value object) {
    KeyWrapper *self = native_data_new(vm, library_of(vm)->classes[LIBRARY_KEY_WRAPPER], sizeof(KeyWrapper));
    if (!self) return VALUE_ERROR;
    self->compare = compare;
    self->object = object;
    return value_object(self);
}

static Value cmp_to_key(VM *vm, Value *args, size_t count) { return key_new(vm, args[0], VALUE_EMPTY); }

static Value key_call(VM *vm, Value v, Value *arguments, size_t count, Tuple *keywords) {
    if (count > 1) return raise_type_error(vm, "K() takes at most 1 argument (%zu given)", count);
    if (!count) return raise_type_error(vm, "K() missing required argument 'obj' (pos 1)");
    if (keywords && keywords->length && !string_is(string_of(keywords->items[0]), "obj"))
        return raise_type_error(vm, "K() missing required argument 'obj' (pos 1)");
    return key_new(vm, key_of(v)->compare, arguments[0]);
}

static const TypeOps key_ops;

static Value key_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_native_data(other, &key_ops)) return raise_type_error(vm, "other argument must be K instance");
    Value pair[2] = {key_of(self)->object, key_of(other)->object};
    if (is_empty(pair[0]) || is_empty(pair[1])) return raise_error(vm, vm->exceptions.attribute_error, "object");
    Value order = vm_call(vm, key_of(self)->compare, pair, 2, NULL);
    if (is_error(order)) return order;
    if (is_small(order)) return compare_result(op, small_of(order) < 0 ? -1 : small_of(order) > 0);
    return value_compare(vm, op, order, value_small(0));
}

static Value get_object(VM *vm, Value self) {
    Value object = key_of(self)->object;
    return is_empty(object) ? VALUE_NONE : object;
}
static int set_object(VM *vm, Value self, Value value) {
    key_of(self)->object = value;
    return 1;
}

static const TypeOps key_ops = {.trace = key_trace, .call = key_call, .compare = key_compare};
static const AttributeDefinition key_attributes[] = {{"obj", get_object, set_object, "The object that is compared."},
                                                     {0}};

// What types.coroutine is to a generator function: `await` takes the generators that the function makes.
static Value make_awaitable(VM *vm, Value *args, size_t count) {
    if (!is_function(args[0]) || (function_of(args[0])->code->flags & CODE_ASYNC_GENERATOR) != CODE_GENERATOR)
        return raise_type_error(vm, "a generator function is needed, not '%s'", type_name(vm, args[0]));
    function_of(args[0])->code->flags |= CODE_AWAITABLE;
    return args[0];
}

static const NativeDefinition functions[] = {
    {"make_awaitable", make_awaitable, "function, /", NATIVE_METHOD},
    {"reduce", reduce, "function, iterable, initial=, /", NATIVE_METHOD,
     "Combines the items to one value, from the left: the function gets what there is so far and the next item."},
    {"cmp_to_key", cmp_to_key, "mycmp", NATIVE_METHOD, "Makes a function of old style comparison into one for key=."},
    {0}};

bool functools_module_fill(VM *vm, ModuleObject *module) {
    Dict *namespace = module->namespace;
    Class *partial = native_data_class(vm, "functools", "partial", &partial_ops, sizeof(Partial), 0);
    Class *key = native_data_class(vm, "functools", "KeyWrapper", &key_ops, sizeof(KeyWrapper), CLASS_FINAL | CLASS_ABSTRACT_NEW | CLASS_NO_WEAK);
    library_of(vm)->classes[LIBRARY_KEY_WRAPPER] = key;
    return partial && key && native_add_methods(vm, partial, partial_methods) >= 0 &&
           native_add_attributes(vm, partial, partial_attributes) >= 0 && native_add_attributes(vm, key, key_attributes) >= 0 &&
           add_value(vm, namespace, "partial", value_object(partial)) && native_add_functions(vm, namespace, functions) > 0 &&
           functools_cache_add(vm, namespace);
}

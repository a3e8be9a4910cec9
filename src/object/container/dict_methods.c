// The methods of dict.
#include "object/container/dict.h"
#include "object/container/iterator.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"

static Value dict_dunder_new(VM *vm, Value *args, size_t count) {
    Class *cls = builtin_new_class(vm, args[0], vm->classes.dict);
    if (!cls) return VALUE_ERROR;
    return object_or_error(builtin_allocate(vm, cls, vm->classes.dict, KIND_DICT, sizeof(Dict)));
}

// update and __init__: a mapping or an iterable of pairs, then named items.
static Value fill(VM *vm, Value self, Value other, Value items) {
    if (!is_empty(other) && dict_update(vm, dict_of(self), other) < 0) return VALUE_ERROR;
    if (is_dict(items) && dict_of(items)->length && dict_update(vm, dict_of(self), items) < 0)
        return VALUE_ERROR;
    return VALUE_NONE;
}

static Value dict_dunder_init(VM *vm, Value *args, size_t count) {
    if (count > 3) return raise_type_error(vm, "dict expected at most 1 argument, got %zu", count - 2);
    return fill(vm, args[0], count > 2 ? args[2] : VALUE_EMPTY, args[1]);
}

static Value dict_update_method(VM *vm, Value *args, size_t count) {
    if (count > 3) return raise_type_error(vm, "update expected at most 1 argument, got %zu", count - 2);
    return fill(vm, args[0], count > 2 ? args[2] : VALUE_EMPTY, args[1]);
}

static Value dict_clear_method(VM *vm, Value *args, size_t count) {
    dict_clear(vm, dict_of(args[0]));
    return VALUE_NONE;
}

static Value dict_copy_method(VM *vm, Value *args, size_t count) {
    return object_or_error(dict_copy(vm, dict_of(args[0])));
}

typedef struct {
    Value target, value;
} FromKeys;

static int from_keys_item(VM *vm, Value key, void *data) {
    FromKeys *state = data;
    if (is_exactly(state->target, vm->classes.dict))
        return dict_set(vm, dict_of(state->target), key, state->value);
    int status = value_set_item(vm, state->target, key, state->value);
    return status < 0 ? -1 : 1;
}

static Value dict_fromkeys_method(VM *vm, Value *args, size_t count) {
    FromKeys state = {VALUE_NONE, is_empty(args[2]) ? VALUE_NONE : args[2]};
    if (value_same(args[0], value_object(vm->classes.dict)))
        state.target = object_or_error(dict_new(vm));
    else
        state.target = vm_call(vm, args[0], NULL, 0, NULL);
    if (is_error(state.target)) return VALUE_ERROR;
    int status = value_for_each(vm, args[1], from_keys_item, &state);
    return status < 0 ? VALUE_ERROR : state.target;
}

static Value dict_get_method(VM *vm, Value *args, size_t count) {
    Value value = dict_get(vm, dict_of(args[0]), args[1]);
    if (!is_empty(value)) return value;
    return is_empty(args[2]) ? VALUE_NONE : args[2];
}

static Value dict_items_method(VM *vm, Value *args, size_t count) {
    return dict_view_new(vm, dict_of(args[0]), VIEW_ITEMS);
}
static Value dict_keys_method(VM *vm, Value *args, size_t count) {
    return dict_view_new(vm, dict_of(args[0]), VIEW_KEYS);
}
static Value dict_values_method(VM *vm, Value *args, size_t count) {
    return dict_view_new(vm, dict_of(args[0]), VIEW_VALUES);
}

static Value dict_pop_method(VM *vm, Value *args, size_t count) {
    Value value = dict_pop(vm, dict_of(args[0]), args[1]);
    if (!is_empty(value)) return value;
    if (!is_empty(args[2])) return args[2];
    return raise_with_value(vm, vm->exceptions.key_error, args[1]);
}

static Value dict_popitem_method(VM *vm, Value *args, size_t count) {
    Dict *dict = dict_of(args[0]);
    if (!dict->length) {
        String *text = string_from(vm, "popitem(): dictionary is empty");
        return text ? raise_with_value(vm, vm->exceptions.key_error, value_object(text)) : VALUE_ERROR;
    }
    uint32_t last = dict->entry_count - 1; // live: trailing deleted entries are dropped at once
    Value pair[2] = {dict->entries[last].key, dict->entries[last].value};
    Tuple *tuple = tuple_from(vm, pair, 2);
    if (!tuple) return VALUE_ERROR;
    dict_drop_last(vm, dict);
    return value_object(tuple);
}

static Value dict_setdefault_method(VM *vm, Value *args, size_t count) {
    return dict_set_default(vm, dict_of(args[0]), args[1], is_empty(args[2]) ? VALUE_NONE : args[2]);
}

static Value dict_reversed_method(VM *vm, Value *args, size_t count) {
    return iterator_new(vm, ITERATE_DICT_REVERSED, args[0]);
}

static Value dict_sizeof_method(VM *vm, Value *args, size_t count) {
    Dict *dict = dict_of(args[0]);
    return value_small(
        (int64_t)(sizeof(Dict) + dict->entry_capacity * sizeof(DictEntry) + dict->index_capacity * 4));
}

static const NativeDefinition dict_methods[] = {
    {"__new__", dict_dunder_new, "cls, /, *args, **kwargs", NATIVE_NEW},
    {"__init__", dict_dunder_init, "self, /, *args, **kwargs", NATIVE_METHOD},
    {"clear", dict_clear_method, "self, /", NATIVE_METHOD, "Takes all items out."},
    {"copy", dict_copy_method, "self, /", NATIVE_METHOD, "A new dict with the same keys and values."},
    {"fromkeys", dict_fromkeys_method, "type, iterable, value=, /", NATIVE_CLASS_METHOD,
     "A new dict with the items of an iterable as keys, all with one value, None by default."},
    {"get", dict_get_method, "self, key, default=None, /", NATIVE_METHOD, "The value of a key, or `default` where it is missing."},
    {"items", dict_items_method, "self, /", NATIVE_METHOD, "A view of the (key, value) pairs, which follows later changes."},
    {"keys", dict_keys_method, "self, /", NATIVE_METHOD, "A view of the keys, which follows later changes."},
    {"values", dict_values_method, "self, /", NATIVE_METHOD, "A view of the values, which follows later changes."},
    {"pop", dict_pop_method, "self, key, default=, /", NATIVE_METHOD,
     "Takes a key out and returns its value; where it is missing returns `default`, or raises KeyError without one."},
    {"popitem", dict_popitem_method, "self, /", NATIVE_METHOD,
     "Takes out the pair that came in last and returns it; KeyError where the dict is empty."},
    {"setdefault", dict_setdefault_method, "self, key, default=None, /", NATIVE_METHOD,
     "The value of a key; a missing one gets `default` first."},
    {"update", dict_update_method, "self, /, *args, **kwargs", NATIVE_METHOD,
     "Sets the items of a mapping, or of an iterable of pairs, and those given by keyword."},
    {"__reversed__", dict_reversed_method, "self, /", NATIVE_METHOD},
    {"__sizeof__", dict_sizeof_method, "self, /", NATIVE_METHOD},
    {0},
};

bool dict_methods_init(VM *vm) { return native_add_methods(vm, vm->classes.dict, dict_methods) >= 0; }

bool dict_class_init(VM *vm) {
    vm->ops[KIND_DICT] = &dict_ops;
    vm->classes.dict = class_new_builtin(vm, "dict", vm->classes.object, KIND_DICT, sizeof(Dict), 0);
    return vm->classes.dict && dict_methods_init(vm) && dict_view_class_init(vm);
}

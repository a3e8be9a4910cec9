// The module _collections: deque, and what the classes of collections need to be quick.
#include "modules/collection/collections_internal.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/step.h"
#include "object/shared/builtin.h"

// ---- A named tuple's fields

typedef struct {
    NativeData data;
    int64_t index;
    Value doc;
} Field;

static Field *field_of(Value v) { return (Field *)object_of(v); }
static void field_trace(VM *vm, Object *o) { heap_mark(vm, ((Field *)o)->doc); }

static Value field_new(VM *vm, Value *args, size_t count) {
    int64_t index;
    if (!size_argument(vm, args[1], &index)) return VALUE_ERROR;
    Field *self = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Field));
    if (!self) return VALUE_ERROR;
    self->index = index;
    self->doc = args[2];
    return value_object(self);
}

static Value field_bind(VM *vm, Value self, Value instance) {
    int64_t index = field_of(self)->index;
    if (!is_tuple(instance))
        return raise_type_error(vm, "descriptor for index '%lld' for tuple subclasses doesn't apply to '%s' object",
                                (long long)index, type_name(vm, instance));
    if (index < 0 || (size_t)index >= tuple_of(instance)->length) return raise_index_error(vm, "tuple index out of range");
    return tuple_of(instance)->items[index];
}

static Value field_get(VM *vm, Value *args, size_t count) {
    return is_none(args[1]) ? args[0] : field_bind(vm, args[0], args[1]);
}
static Value field_set(VM *vm, Value *args, size_t count) {
    return raise_error(vm, vm->exceptions.attribute_error, "can't set attribute");
}
static Value field_delete(VM *vm, Value *args, size_t count) {
    return raise_error(vm, vm->exceptions.attribute_error, "can't delete attribute");
}
static Value field_reduce(VM *vm, Value *args, size_t count) {
    Value given[2] = {value_small(field_of(args[0])->index), field_of(args[0])->doc};
    Value pair[2] = {value_object(class_of(vm, args[0])), object_or_error(tuple_from(vm, given, 2))};
    return is_error(pair[1]) ? VALUE_ERROR : object_or_error(tuple_from(vm, pair, 2));
}
static Value field_repr(VM *vm, Value self) {
    String *doc = value_repr(vm, field_of(self)->doc);
    return doc ? object_or_error(string_format(vm, "_tuplegetter(%lld, %s)", (long long)field_of(self)->index, doc->data)) : VALUE_ERROR;
}
static Value get_doc(VM *vm, Value self) { return field_of(self)->doc; }
static int set_doc(VM *vm, Value self, Value value) {
    field_of(self)->doc = is_empty(value) ? VALUE_NONE : value;
    return 1;
}

static const TypeOps field_ops = {.trace = field_trace, .repr = field_repr, .bind = field_bind};
static const NativeDefinition field_methods[] = {{"__new__", field_new, "cls, index, doc, /", NATIVE_NEW},
                                                 {"__get__", field_get, "self, instance, owner=None, /", NATIVE_METHOD},
                                                 {"__set__", field_set, "self, instance, value, /", NATIVE_METHOD},
                                                 {"__delete__", field_delete, "self, instance, /", NATIVE_METHOD},
                                                 {"__reduce__", field_reduce, "self, /", NATIVE_METHOD},
                                                 {0}};
static const AttributeDefinition field_attributes[] = {{"__doc__", get_doc, set_doc}, {0}};

// ---- Functions

// Adds 1 to the count of each of the iterable's items.
static Value count_elements(VM *vm, Value *args, size_t count) {
    Value mapping = args[0], it = value_iterate(vm, args[1]), ignored;
    if (is_error(it)) return it;
    Class *cls = class_of(vm, mapping);
    String *name = string_intern_from(vm, "get", 3);
    if (!name) return VALUE_ERROR;
    bool plain = is_dict(mapping) && !class_overrides(vm, cls, SPECIAL_SETITEM, &ignored) &&
                 value_same(class_lookup(vm, cls, name), class_lookup(vm, vm->classes.dict, name));
    Value getter = plain ? VALUE_NONE : value_get_attribute(vm, mapping, name);
    if (is_error(getter)) return getter;
    for (;;) {
        Value item = iterator_step(vm, it), before;
        if (is_stop(item)) return VALUE_NONE;
        if (is_error(item)) return item;
        uint64_t hash = 0;
        if (plain) {
            before = quick_hash(vm, item, &hash) < 0 ? VALUE_ERROR : dict_get_hashed(vm, dict_of(mapping), item, hash);
        } else {
            Value pair[2] = {item, value_small(0)};
            before = vm_call(vm, getter, pair, 2, NULL);
        }
        if (is_error(before)) return before;
        if (is_empty(before)) before = value_small(0);
        Value after = is_small(before) && small_of(before) < SMALL_INT_MAX ? value_small(small_of(before) + 1)
                                                                           : value_binary(vm, BINARY_ADD, before, value_small(1));
        if (is_error(after)) return after;
        int done = plain ? dict_set_hashed(vm, dict_of(mapping), item, hash, after) : value_set_item(vm, mapping, item, after);
        if (done < 0) return VALUE_ERROR;
    }
}

// Moves a key of a dict to its end or its beginning. KeyError.
static Value move_to_end(VM *vm, Value *args, size_t count) {
    Dict *dict = dict_of(args[0]);
    int last = is_empty(args[2]) ? 1 : value_truth(vm, args[2]);
    if (last < 0) return VALUE_ERROR;
    if (last) {
        // The last one stays where it is.
        if (dict->entry_count && value_same(dict->entries[dict->entry_count - 1].key, args[1])) return VALUE_NONE;
        Value value = dict_pop(vm, dict, args[1]);
        if (is_empty(value)) return raise_with_value(vm, vm->exceptions.key_error, args[1]);
        return is_error(value) || dict_set(vm, dict, args[1], value) < 0 ? VALUE_ERROR : VALUE_NONE;
    }
    Value found = dict_get(vm, dict, args[1]);
    if (is_empty(found)) return raise_with_value(vm, vm->exceptions.key_error, args[1]);
    Dict *moved = is_error(found) ? NULL : dict_new(vm);
    if (!moved || dict_set(vm, moved, args[1], found) < 0) return VALUE_ERROR;
    for (uint32_t i = 0; i < dict->entry_count; i++) {
        const DictEntry entry = dict->entries[i];
        if (is_empty(entry.key)) continue;
        if (!vm_poll(vm, 1)) return VALUE_ERROR;
        Value there = dict_get_hashed(vm, moved, entry.key, entry.hash);
        if (is_error(there) || (is_empty(there) && dict_set_hashed(vm, moved, entry.key, entry.hash, entry.value) < 0)) return VALUE_ERROR;
    }
    dict_replace(vm, dict, moved);
    return VALUE_NONE;
}

// The method __missing__ of defaultdict.
static Value default_missing(VM *vm, Value *args, size_t count) {
    String *name = string_intern_from(vm, "default_factory", 15);
    Value factory = name ? value_get_attribute(vm, args[0], name) : VALUE_ERROR;
    if (is_error(factory)) return factory;
    if (is_none(factory)) return raise_with_value(vm, vm->exceptions.key_error, args[1]);
    Value made = vm_call(vm, factory, NULL, 0, NULL);
    return is_error(made) || value_set_item(vm, args[0], args[1], made) < 0 ? VALUE_ERROR : made;
}

// Removes and returns the last pair of a dict, or the first. KeyError.
static Value pop_item(VM *vm, Value *args, size_t count) {
    Dict *dict = dict_of(args[0]);
    int last = is_empty(args[1]) ? 1 : value_truth(vm, args[1]);
    if (last < 0) return VALUE_ERROR;
    if (!dict->length) {
        String *text = string_from(vm, "dictionary is empty");
        return text ? raise_with_value(vm, vm->exceptions.key_error, value_object(text)) : VALUE_ERROR;
    }
    const DictEntry *entry = &dict->entries[last ? dict->entry_count - 1 : dict_first(vm, dict)];
    Value pair[2] = {entry->key, entry->value};
    Tuple *result = tuple_from(vm, pair, 2);
    if (!result) return VALUE_ERROR;
    if (last)
        dict_drop_last(vm, dict);
    else
        dict_drop_first(vm, dict);
    return value_object(result);
}

// Methods of subclasses of dict, under the names by which the module in the language finds them.
static const NativeDefinition dict_methods[] = {
    {"__missing__", default_missing, "self, key, /", NATIVE_METHOD, "Makes a missing key's value by the factory. KeyError without one."},
    {"move_to_end", move_to_end, "self, key, last=True", NATIVE_METHOD, "Moves a key to the end, or to the beginning."},
    {"popitem", pop_item, "self, last=True", NATIVE_METHOD, "Removes and returns the last pair of key and value, or the first."},
    {0}};

static Value mark_ordered(VM *vm, Value *args, size_t count) {
    if (is_kind(args[0], KIND_CLASS)) class_set_flags(vm, (Class *)object_of(args[0]), CLASS_ORDERED);
    return VALUE_NONE;
}

// Messages show a class with its module, as those of native modules.
static Value show_module(VM *vm, Value *args, size_t count) {
    if (!is_kind(args[0], KIND_CLASS)) return raise_type_error(vm, "a class is required");
    Class *cls = (Class *)object_of(args[0]);
    String *name = class_full_name(vm, cls);
    if (!name) return VALUE_ERROR;
    if (!(cls->flags & CLASS_BUILTIN)) cls->shown_name = name;
    return args[0];
}

static const NativeDefinition functions[] = {
    {"_mark_ordered", mark_ordered, "cls, /", NATIVE_METHOD},
    {"_show_module", show_module, "cls, /", NATIVE_METHOD},
    {"_count_elements", count_elements, "mapping, iterable, /", NATIVE_METHOD, "Counts the iterable's items in the mapping."},
    {0}};

bool collections_module_fill(VM *vm, ModuleObject *module) {
    Dict *namespace = module->namespace;
    Class *field = native_data_class(vm, "collections", "_tuplegetter", &field_ops, sizeof(Field), CLASS_FINAL);
    for (const NativeDefinition *method = dict_methods; method->name; method++) {
        Native *native = native_new(vm, method, vm->classes.dict);
        if (!native || !add_value(vm, namespace, method->name, value_object(native))) return false;
    }
    return field && native_add_methods(vm, field, field_methods) >= 0 && native_add_attributes(vm, field, field_attributes) >= 0 &&
           add_value(vm, namespace, "_tuplegetter", value_object(field)) && native_add_functions(vm, namespace, functions) > 0 &&
           deque_add(vm, namespace);
}

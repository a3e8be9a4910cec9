// The match statement.
#include "vm/support.h"

#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/protocol.h"
#include "object/core/type.h"
#include "object/exception/exception.h"
#include "object/text/str.h"

Value match_sequence(VM *vm, Value v) {
    if (!is_object(v)) return VALUE_FALSE;
    Kind kind = object_kind(object_of(v));
    if (kind == KIND_LIST || kind == KIND_TUPLE || kind == KIND_RANGE || kind == KIND_MEMORYVIEW) return VALUE_TRUE;
    return value_bool((class_of(vm, v)->flags & CLASS_SEQUENCE) != 0);
}

Value match_mapping(VM *vm, Value v) {
    if (is_dict(v)) return VALUE_TRUE;
    return value_bool((class_of(vm, v)->flags & CLASS_MAPPING) != 0);
}

// Of a mapping of the program's own: what its get() gives, with an object that is no value of anybody's in place of a missing one.
static Value get_of_mapping(VM *vm, Value mapping, Value key) {
    Instance *missing = instance_new(vm, vm->classes.object);
    Value arguments[2] = {key, missing ? value_object(missing) : VALUE_NONE};
    String *name = missing ? string_intern_from(vm, "get", 3) : NULL;
    Value get = name ? value_get_attribute(vm, mapping, name) : VALUE_ERROR;
    Value found = is_error(get) ? get : vm_call(vm, get, arguments, 2, NULL);
    return value_same(found, arguments[1]) ? VALUE_EMPTY : found;
}

// Keys that are no literals can turn out to be equal.
static bool keys_differ(VM *vm, const Tuple *keys) {
    for (size_t i = 1; i < keys->length; i++)
        for (size_t k = 0; k < i; k++) {
            int same = value_equal(vm, keys->items[k], keys->items[i]);
            if (!same) continue;
            String *shown = same > 0 ? value_repr(vm, keys->items[i]) : NULL;
            if (shown) raise_value_error(vm, "mapping pattern checks duplicate key (%s)", shown->data);
            return false;
        }
    return true;
}

Value match_keys(VM *vm, Value mapping, Tuple *keys) {
    Tuple *values = tuple_new(vm, keys->length);
    if (!values) return VALUE_ERROR;
    int64_t length = value_length(vm, mapping);
    if (length < 0) return VALUE_ERROR;
    if ((size_t)length < keys->length) return VALUE_NONE;
    if (!keys_differ(vm, keys)) return VALUE_ERROR;
    for (size_t i = 0; i < keys->length; i++) {
        Value found = is_dict(mapping) ? dict_get(vm, dict_of(mapping), keys->items[i]) : get_of_mapping(vm, mapping, keys->items[i]);
        if (is_error(found)) return VALUE_ERROR;
        if (is_empty(found)) return VALUE_NONE;
        values->items[i] = found;
    }
    return value_object(values);
}

Value match_rest(VM *vm, Value mapping, Tuple *keys) {
    Dict *rest = dict_new(vm);
    if (!rest || dict_update(vm, rest, mapping) < 0) return VALUE_ERROR;
    for (size_t i = 0; i < keys->length; i++)
        if (dict_delete(vm, rest, keys->items[i]) < 0) return VALUE_ERROR;
    return value_object(rest);
}

// Classes whose one positional pattern is the object itself.
static bool matches_itself(VM *vm, Class *cls) {
    ClassTable *c = &vm->classes;
    Class *these[] = {c->boolean, c->bytearray, c->bytes, c->dict, c->floating, c->frozenset,
                      c->integer, c->list,      c->set,   c->string, c->tuple};
    for (size_t i = 0; i < sizeof these / sizeof *these; i++)
        if (class_is_subclass(cls, these[i])) return true;
    return false;
}

// As isinstance() has it: a metaclass may say something else than the order of bases. 1, 0, -1.
static int is_of_class(VM *vm, Value v, Class *cls) {
    Class *metaclass = class_of(vm, value_object(cls));
    if (metaclass == vm->classes.type || class_of(vm, v) == cls) return value_is_instance(vm, v, cls);
    Value result = value_call_special(vm, value_object(cls), SPECIAL_INSTANCECHECK, &v, 1);
    return is_error(result) ? -1 : value_truth(vm, result);
}

Value match_class(VM *vm, Value v, Value cls, size_t positional, Tuple *names) {
    if (!is_kind(cls, KIND_CLASS)) return raise_type_error(vm, "called match pattern must be a class");
    Class *class_ = (Class *)object_of(cls);
    int is_one = is_of_class(vm, v, class_);
    if (is_one <= 0) return is_one ? VALUE_ERROR : VALUE_NONE;
    Tuple *found = tuple_new(vm, positional + names->length);
    if (!found) return VALUE_ERROR;
    Tuple *match_args = NULL;
    bool self = false;
    if (positional) {
        Value attribute = value_find_attribute(vm, cls, vm->names.__match_args__);
        if (is_error(attribute)) return VALUE_ERROR;
        if (is_tuple(attribute))
            match_args = tuple_of(attribute);
        else if (is_empty(attribute))
            self = matches_itself(vm, class_);
        else
            return raise_type_error(vm, "%s.__match_args__ must be a tuple (got %s)", class_name(class_),
                                    type_name(vm, attribute));
        size_t allowed = match_args ? match_args->length : self;
        if (positional > allowed)
            return raise_type_error(vm, "%s() accepts %zu positional sub-pattern%s (%zu given)", class_name(class_), allowed,
                                    allowed == 1 ? "" : "s", positional);
    }
    for (size_t i = 0; i < found->length; i++) {
        if (self && i < positional) {
            found->items[i] = v;
            continue;
        }
        Value name = i < positional ? match_args->items[i] : names->items[i - positional];
        if (!is_string(name))
            return raise_type_error(vm, "__match_args__ elements must be strings (got %s)", type_name(vm, name));
        for (size_t k = 0; k < i && match_args; k++) {
            Value other = k < positional ? match_args->items[k] : names->items[k - positional];
            if (is_string(other) && string_equal(string_of(other), string_of(name)))
                return raise_type_error(vm, "%s() got multiple sub-patterns for attribute '%s'", class_name(class_), string_of(name)->data);
        }
        Value value = value_find_attribute(vm, v, string_of(name));
        if (is_error(value)) return VALUE_ERROR;
        if (is_empty(value)) return VALUE_NONE;
        found->items[i] = value;
    }
    return value_object(found);
}

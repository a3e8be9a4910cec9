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

Value match_keys(VM *vm, Value mapping, Tuple *keys) {
    Tuple *values = tuple_new(vm, keys->length);
    if (!values) return VALUE_ERROR;
    for (size_t i = 0; i < keys->length; i++) {
        Value found;
        if (is_dict(mapping)) {
            found = dict_get(vm, dict_of(mapping), keys->items[i]);
        } else {
            found = value_get_item(vm, mapping, keys->items[i]);
            if (is_error(found) && exception_matches(vm, vm->exceptions.key_error)) {
                exception_clear(vm);
                found = VALUE_EMPTY;
            }
        }
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

Value match_class(VM *vm, Value v, Value cls, size_t positional, Tuple *names) {
    if (!is_kind(cls, KIND_CLASS)) return raise_type_error(vm, "called match pattern must be a class");
    Class *class_ = (Class *)object_of(cls);
    if (!value_is_instance(vm, v, class_)) return VALUE_NONE;
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
        Value value = value_find_attribute(vm, v, string_of(name));
        if (is_error(value)) return VALUE_ERROR;
        if (is_empty(value)) return VALUE_NONE;
        found->items[i] = value;
    }
    return value_object(found);
}

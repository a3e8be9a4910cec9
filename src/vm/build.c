// What instructions take apart and put together: unpacking, f-strings, functions, sets and dicts.
#include "vm/support.h"

#include <string.h>

#include "object/container/dict.h"
#include "object/container/set.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/core/type.h"
#include "object/exception/exception.h"
#include "object/text/str.h"

static bool unpack_iterated(VM *vm, Value source, Value *target, size_t count) {
    Class *cls = class_of(vm, source);
    Value iterator = value_iterate(vm, source);
    if (is_error(iterator)) {
        if (exception_matches(vm, vm->exceptions.type_error) && !(cls->ops && cls->ops->iterate) &&
            is_empty(class_special(vm, cls, SPECIAL_ITER)) && is_empty(class_special(vm, cls, SPECIAL_GETITEM))) {
            exception_clear(vm);
            raise_type_error(vm, "cannot unpack non-iterable %s object", class_name(cls));
        }
        return false;
    }
    for (size_t got = 0;; got++) {
        Value item = value_next(vm, iterator);
        if (is_error(item)) return false;
        if (is_stop(item)) {
            if (got == count) return true;
            return raise_value_error(vm, "not enough values to unpack (expected %zu, got %zu)", count, got), false;
        }
        if (got == count) return raise_value_error(vm, "too many values to unpack (expected %zu)", count), false;
        target[got] = item;
    }
}

bool unpack_exact(VM *vm, Value source, Value *target, size_t count) {
    const Value *items;
    size_t length;
    if (is_tuple(source) && class_of(vm, source) == vm->classes.tuple) {
        items = tuple_of(source)->items;
        length = tuple_of(source)->length;
    } else if (is_list(source) && class_of(vm, source) == vm->classes.list) {
        items = list_of(source)->items;
        length = list_of(source)->length;
    } else {
        return unpack_iterated(vm, source, target, count);
    }
    if (length > count) {
        raise_value_error(vm, "too many values to unpack (expected %zu)", count);
        return false;
    }
    if (length < count) {
        raise_value_error(vm, "not enough values to unpack (expected %zu, got %zu)", count, length);
        return false;
    }
    for (size_t i = 0; i < count; i++) target[i] = items[i];
    return true;
}

bool unpack_star(VM *vm, Value source, Value *target, size_t before, size_t after) {
    Class *cls = class_of(vm, source);
    if (!(cls->ops && cls->ops->iterate) && is_empty(class_special(vm, cls, SPECIAL_ITER)) &&
        is_empty(class_special(vm, cls, SPECIAL_GETITEM))) {
        raise_type_error(vm, "cannot unpack non-iterable %s object", class_name(cls));
        return false;
    }
    List *all = list_from_iterable(vm, source);
    if (!all) return false;
    if (all->length < before + after) {
        raise_value_error(vm, "not enough values to unpack (expected at least %zu, got %zu)", before + after, all->length);
        return false;
    }
    size_t middle = all->length - before - after;
    List *rest = list_from(vm, all->items + before, middle);
    if (!rest) return false;
    for (size_t i = 0; i < before; i++) target[i] = all->items[i];
    target[before] = value_object(rest);
    for (size_t i = 0; i < after; i++) target[before + 1 + i] = all->items[before + middle + i];
    return true;
}

// ---- Text

Value build_string(VM *vm, Value *parts, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) size += string_of(parts[i])->size;
    if (count == 1) return parts[0];
    String *s = string_reserve(vm, size);
    if (!s) return VALUE_ERROR;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        String *part = string_of(parts[i]);
        memcpy(s->data + at, part->data, part->size);
        at += part->size;
    }
    string_seal(s);
    return value_object(s);
}

Value format_value(VM *vm, Value v, uint8_t conversion, Value specification) {
    String *text = NULL;
    if (conversion == 'r') text = value_repr(vm, v);
    if (conversion == 's') text = value_str(vm, v);
    if (conversion == 'a') text = value_ascii(vm, v);
    if (conversion && !text) return VALUE_ERROR;
    if (conversion) v = value_object(text);
    if (is_empty(specification)) {
        if (is_string(v) && class_of(vm, v) == vm->classes.string) return v;
        specification = value_object(vm->names.empty);
    }
    text = value_format(vm, v, string_of(specification));
    return text ? value_object(text) : VALUE_ERROR;
}

// ---- Functions and displays

Value make_function(VM *vm, Code *code, Dict *globals, const Value *base) {
    Function *function = function_new(vm, code, globals);
    if (!function) return VALUE_ERROR;
    if (!is_empty(base[0])) function->defaults = tuple_of(base[0]);
    if (!is_empty(base[1])) function->keyword_defaults = dict_of(base[1]);
    if (!is_empty(base[2])) function->closure = tuple_of(base[2]);
    if (!is_empty(base[3])) {
        function->overrides = dict_new(vm);
        if (!function->overrides || dict_set_string(vm, function->overrides, vm->names.__annotations__, base[3]) < 0)
            return VALUE_ERROR;
    }
    return value_object(function);
}

Value build_set(VM *vm, const Value *items, size_t count) {
    Set *set = set_new(vm, false);
    if (!set) return VALUE_ERROR;
    for (size_t i = 0; i < count; i++)
        if (set_add(vm, set, items[i]) < 0) return VALUE_ERROR;
    return value_object(set);
}

Value build_dict(VM *vm, const Value *pairs, size_t count) {
    Dict *dict = dict_new(vm);
    if (!dict) return VALUE_ERROR;
    for (size_t i = 0; i < count; i++)
        if (dict_set(vm, dict, pairs[2 * i], pairs[2 * i + 1]) < 0) return VALUE_ERROR;
    return value_object(dict);
}

bool extend_display(VM *vm, Value list, Value iterable) {
    if (list_extend(vm, list_of(list), iterable) >= 0) return true;
    Class *cls = class_of(vm, iterable);
    if (exception_matches(vm, vm->exceptions.type_error) && !(cls->ops && cls->ops->iterate) &&
        is_empty(class_special(vm, cls, SPECIAL_ITER)) && is_empty(class_special(vm, cls, SPECIAL_GETITEM))) {
        exception_clear(vm);
        raise_type_error(vm, "Value after * must be an iterable, not %s", class_name(cls));
    }
    return false;
}

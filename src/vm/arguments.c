// Arguments of calls with * and **.
#include "vm/support.h"

#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/module.h"
#include "object/core/protocol.h"
#include "object/core/type.h"
#include "object/exception/exception.h"
#include "object/text/str.h"

static const char *callable_name(VM *vm, Value function, Buffer *out) {
    Value name = value_find_attribute(vm, function, vm->names.__qualname__);
    if (is_error(name)) exception_drop(vm);
    Value module = value_find_attribute(vm, function, vm->names.__module__);
    if (is_error(module)) exception_drop(vm);
    bool foreign = is_string(module) && !string_is(string_of(module), "builtins");
    if (is_string(name)) {
        buffer_format(out, "%s%s%s()", foreign ? string_of(module)->data : "", foreign ? "." : "", string_of(name)->data);
    } else {
        String *text = value_str(vm, function);
        if (!text) exception_drop(vm);
        buffer_text(out, text ? text->data : "function");
    }
    buffer_byte(out, 0);
    return out->failed ? "function" : out->data;
}

bool extend_arguments(VM *vm, Value list, Value iterable, Value function) {
    if (list_extend(vm, list_of(list), iterable) >= 0) return true;
    Class *cls = class_of(vm, iterable);
    if (exception_matches(vm, vm->exceptions.type_error) && !(cls->ops && cls->ops->iterate) &&
        is_empty(class_special(vm, cls, SPECIAL_ITER)) && is_empty(class_special(vm, cls, SPECIAL_GETITEM))) {
        exception_clear(vm);
        Buffer name = vm_buffer(vm);
        const char *shown = callable_name(vm, function, &name);
        raise_type_error(vm, "%s argument after * must be an iterable, not %s", shown, class_name(cls));
        buffer_free(&name);
    }
    return false;
}

bool merge_keywords(VM *vm, Value dict, Value other, Value function) {
    Dict *source = is_dict(other) ? dict_of(other) : NULL;
    bool ok = true;
    if (!source) {
        Value keys = value_find_attribute(vm, other, vm->names.keys);
        if (is_error(keys)) exception_drop(vm);
        source = is_empty(keys) || is_error(keys) ? NULL : dict_new(vm);
        if (source) {
            ok = dict_update(vm, source, other) >= 0;
        } else {
            Buffer name = vm_buffer(vm);
            const char *shown = callable_name(vm, function, &name);
            raise_type_error(vm, "%s argument after ** must be a mapping, not %s", shown, type_name(vm, other));
            buffer_free(&name);
            ok = false;
        }
    }
    size_t position = 0;
    Value key, value;
    while (ok && dict_next(source, &position, &key, &value)) {
        Buffer name = vm_buffer(vm);
        if (!is_string(key)) {
            raise_type_error(vm, "keywords must be strings");
            ok = false;
        } else if (!is_empty(dict_get_string(vm, dict_of(dict), string_of(key)))) {
            const char *shown = callable_name(vm, function, &name);
            raise_type_error(vm, "%s got multiple values for keyword argument '%s'", shown, string_of(key)->data);
            ok = false;
        } else {
            ok = dict_set_string(vm, dict_of(dict), string_of(key), value) >= 0;
        }
        buffer_free(&name);
    }
    return ok;
}

bool update_dict(VM *vm, Value dict, Value other) {
    if (!is_dict(other)) {
        Value keys = value_find_attribute(vm, other, vm->names.keys);
        if (is_error(keys)) return false;
        if (is_empty(keys)) {
            raise_type_error(vm, "'%s' object is not a mapping", type_name(vm, other));
            return false;
        }
    }
    return dict_update(vm, dict_of(dict), other) >= 0;
}

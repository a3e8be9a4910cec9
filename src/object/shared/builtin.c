#include "object/shared/builtin.h"

#include <limits.h>
#include <stdio.h>

#include "base/number.h"

Class *builtin_new_class(VM *vm, Value cls, Class *base) {
    if (!is_kind(cls, KIND_CLASS)) {
        raise_type_error(vm, "%s.__new__(X): X is not a type object (%s)", class_name(base),
                         type_name(vm, cls));
        return NULL;
    }
    Class *wanted = (Class *)object_of(cls);
    if (wanted != base && !class_is_subclass(wanted, base)) {
        raise_type_error(vm, "%s.__new__(%s): %s is not a subtype of %s", class_name(base),
                         class_name(wanted), class_name(wanted), class_name(base));
        return NULL;
    }
    return wanted;
}

bool operand_reflects(VM *vm, Value right, Special reflected) {
    if (!is_object(right)) return false;
    Value method;
    return class_overrides(vm, class_of(vm, right), reflected, &method);
}

bool has_index(VM *vm, Value v) {
    if (is_int(v)) return true;
    return is_object(v) && !is_empty(class_special(vm, class_of(vm, v), SPECIAL_INDEX));
}

bool index_argument(VM *vm, Value key, const char *what, int64_t *out) {
    if (is_small(key)) return *out = small_of(key), true;
    if (!has_index(vm, key))
        return raise_type_error(vm, "%s indices must be integers or slices, not %s", what,
                                type_name(vm, key)),
               false;
    Value number = value_index(vm, key);
    if (is_error(number)) return false;
    if (!int_to_int64(number, out))
        return raise_index_error(vm, "cannot fit '%s' into an index-sized integer", type_name(vm, key)),
               false;
    return true;
}

bool size_argument(VM *vm, Value v, int64_t *out) {
    if (is_small(v)) return *out = small_of(v), true;
    Value number = value_index(vm, v);
    if (is_error(number)) return false;
    if (!int_to_int64(number, out))
        return raise_overflow_error(vm, "Python int too large to convert to C ssize_t"), false;
    return true;
}

bool c_int_argument(VM *vm, Value v, int *out) {
    int64_t wide;
    Value number = value_index(vm, v);
    if (is_error(number)) return false;
    if (!int_to_int64(number, &wide) || wide > INT_MAX || wide < INT_MIN)
        return raise_overflow_error(vm, "Python int too large to convert to C int"), false;
    *out = (int)wide;
    return true;
}

bool slice_argument(VM *vm, Value v, bool none, int64_t *out) {
    if (is_small(v)) return *out = small_of(v), true;
    if (is_empty(v) || (none && is_none(v))) return true;
    if (!has_index(vm, v)) {
        raise_type_error(vm, none ? "slice indices must be integers or None or have an __index__ method"
                                  : "slice indices must be integers or have an __index__ method");
        return false;
    }
    Value number = value_index(vm, v);
    if (is_error(number)) return false;
    if (!int_to_int64(number, out)) *out = int_sign(number) < 0 ? INT64_MIN : INT64_MAX;
    return true;
}

bool repeat_argument(VM *vm, Value v, int64_t *out) {
    Value number = value_index(vm, v);
    if (is_error(number)) return false;
    if (!int_to_int64(number, out)) {
        raise_overflow_error(vm, "cannot fit '%s' into an index-sized integer", type_name(vm, v));
        return false;
    }
    if (*out < 0) *out = 0;
    return true;
}

bool append_repr(VM *vm, Buffer *buffer, Value v) {
    if (!vm_poll(vm, 2)) return false;
    if (buffer->failed) return raise_memory_error(vm), false; // whoever has a million items need not make all their texts
    char text[NUMBER_TEXT_SIZE];
    if (is_small(v)) {
        buffer_append(buffer, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)small_of(v)));
        return true;
    }
    if (is_float(v)) {
        buffer_append(buffer, text, number_repr(float_of(v), text));
        return true;
    }
    if (is_exact_string(vm, v)) {
        string_append_repr(vm, buffer, string_of(v), false);
        return true;
    }
    String *s = value_repr(vm, v);
    if (!s) return false;
    buffer_string(buffer, s);
    return true;
}

Value unary_error(VM *vm, Unary op, Value v) {
    if (op == UNARY_OP_ABSOLUTE)
        return raise_type_error(vm, "bad operand type for abs(): '%s'", type_name(vm, v));
    const char *sign = op == UNARY_OP_INVERT ? "~" : op == UNARY_OP_PLUS ? "+" : "-";
    return raise_type_error(vm, "bad operand type for unary %s: '%s'", sign, type_name(vm, v));
}

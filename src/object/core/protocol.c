#include "object/core/protocol.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "object/container/dict.h"
#include "object/container/iterator.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/module.h"
#include "object/exception/exception.h"
#include "object/function/function.h"
#include "object/function/generic_alias.h"
#include "object/number/int.h"
#include "object/shared/recursion.h"
#include "object/shared/builtin.h"
#include "object/text/format.h"
#include "object/text/str.h"

// ---- Text

static String *text_result(VM *vm, Value result, const char *method) {
    if (is_error(result)) return NULL;
    if (is_string(result)) return string_of(result);
    raise_type_error(vm, strcmp(method, "__format__") == 0 ? "%s must return a str, not %s" : "%s returned non-string (type %s)",
                     method, type_name(vm, result));
    return NULL;
}

String *value_repr(VM *vm, Value v) {
    Class *cls = class_of(vm, v);
    Value method, result;
    if (!recursion_enter(vm, " while getting the repr of an object")) return NULL;
    if (class_overrides(vm, cls, SPECIAL_REPR, &method))
        result = vm_call(vm, method, &v, 1, NULL);
    else
        result = cls->ops && cls->ops->repr ? cls->ops->repr(vm, v) : instance_ops.repr(vm, v);
    recursion_leave(vm);
    return text_result(vm, result, "__repr__");
}

String *value_str(VM *vm, Value v) {
    if (is_string(v) && class_of(vm, v) == vm->classes.string) return string_of(v);
    Class *cls = class_of(vm, v);
    Value method;
    if (!recursion_enter(vm, " while getting the str of an object")) return NULL;
    String *text;
    if (class_overrides(vm, cls, SPECIAL_STR, &method))
        text = text_result(vm, vm_call(vm, method, &v, 1, NULL), "__str__");
    else if (cls->ops && cls->ops->str)
        text = text_result(vm, cls->ops->str(vm, v), "__str__");
    else
        text = value_repr(vm, v);
    recursion_leave(vm);
    return text;
}

String *value_ascii(VM *vm, Value v) {
    String *text = value_repr(vm, v);
    if (!text || string_is_ascii(text)) return text;
    char room[BUFFER_ROOM];
    Buffer out = vm_buffer_in(vm, room);
    for (size_t i = 0; i < text->length; i++) {
        uint32_t c = string_code_point(vm, text, i);
        if (c < 0x80)
            buffer_byte(&out, (char)c);
        else
            buffer_format(&out, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
    }
    return string_from_buffer(vm, &out);
}

String *value_format(VM *vm, Value v, String *specification) {
    Class *cls = class_of(vm, v);
    if (specification->size == 0 && cls == vm->classes.string) return string_of(v);
    Value method;
    if (class_overrides(vm, cls, SPECIAL_FORMAT, &method)) {
        Value arguments[2] = {v, value_object(specification)};
        return text_result(vm, vm_call(vm, method, arguments, 2, NULL), "__format__");
    }
    if (cls->ops && cls->ops->format && !(specification->size == 0 && !(cls->flags & CLASS_BUILTIN)))
        return text_result(vm, cls->ops->format(vm, v, specification), "__format__");
    if (specification->size) {
        raise_type_error(vm, "unsupported format string passed to %s.__format__", class_shown_name(cls));
        return NULL;
    }
    return value_str(vm, v);
}

// ---- Hash, equality, truth, order

int value_hash(VM *vm, Value v, uint64_t *out) {
    Class *cls = class_of(vm, v);
    Value method;
    if (class_overrides(vm, cls, SPECIAL_HASH, &method)) {
        if (is_none(method)) {
            raise_type_error(vm, "unhashable type: '%s'", class_shown_name(cls));
            return -1;
        }
        Value result = vm_call(vm, method, &v, 1, NULL);
        if (is_error(result)) return -1;
        if (!is_int(result)) {
            raise_type_error(vm, "__hash__ method should return an integer");
            return -1;
        }
        // What fits 64 bits is the hash itself.
        int64_t number;
        *out = int_to_int64(result, &number) ? (uint64_t)(number == -1 ? -2 : number) : int_hash(result);
        return 1;
    }
    const TypeOps *ops = cls->ops;
    if (ops && ops->hash) return ops->hash(vm, v, out);
    if (ops && ops->compare) {
        raise_type_error(vm, "unhashable type: '%s'", class_shown_name(cls));
        return -1;
    }
    uint64_t bits = is_object(v) ? (uint64_t)(uintptr_t)object_of(v) : v.bits & VALUE_PAYLOAD;
    *out = is_object(v) ? bits >> 4 | bits << 60 : bits + 0x5bd1e995;
    return 1;
}

Value value_from_hash(VM *vm, uint64_t hash) { return int_from_int64(vm, (int64_t)hash); }

static const Special comparison_specials[] = {SPECIAL_EQ, SPECIAL_NE, SPECIAL_LT, SPECIAL_LE, SPECIAL_GT, SPECIAL_GE};
static const Comparison swapped[] = {COMPARISON_EQ, COMPARISON_NE, COMPARISON_GT,
                                     COMPARISON_GE, COMPARISON_LT, COMPARISON_LE};
static const char *const comparison_signs[] = {"==", "!=", "<", "<=", ">", ">="};

// One side's answer to `self op other`, or NOT_IMPLEMENTED.
static Value compare_side(VM *vm, Comparison op, Value self, Value other) {
    Class *cls = class_of(vm, self);
    Value method;
    if (class_overrides(vm, cls, comparison_specials[op], &method)) {
        if (is_none(method)) return VALUE_NOT_IMPLEMENTED;
        Value arguments[2] = {self, other};
        return vm_call(vm, method, arguments, 2, NULL);
    }
    // object.__ne__ inverts __eq__.
    if (op == COMPARISON_NE && class_overrides(vm, cls, SPECIAL_EQ, &method)) {
        Value arguments[2] = {self, other};
        Value equal = vm_call(vm, method, arguments, 2, NULL);
        if (is_error(equal) || is_not_implemented(equal)) return equal;
        int truth = value_truth(vm, equal);
        return truth < 0 ? VALUE_ERROR : value_bool(!truth);
    }
    return cls->ops && cls->ops->compare ? cls->ops->compare(vm, op, self, other) : VALUE_NOT_IMPLEMENTED;
}

static bool ordered(Comparison op, int order) {
    switch (op) {
    case COMPARISON_EQ: return order == 0;
    case COMPARISON_NE: return order != 0;
    case COMPARISON_LT: return order < 0;
    case COMPARISON_LE: return order <= 0;
    case COMPARISON_GT: return order > 0;
    default: return order >= 0;
    }
}

Value value_compare(VM *vm, Comparison op, Value a, Value b) {
    if (is_small(a) && is_small(b)) return value_bool(ordered(op, (small_of(a) > small_of(b)) - (small_of(a) < small_of(b))));
    Class *class_a = class_of(vm, a), *class_b = class_of(vm, b);
    Value result = VALUE_NOT_IMPLEMENTED, ignored;
    if (!recursion_enter(vm, " in comparison")) return VALUE_ERROR;
    bool right_first = class_a != class_b && class_is_subclass(class_b, class_a) &&
                       class_overrides(vm, class_b, comparison_specials[swapped[op]], &ignored);
    if (right_first) result = compare_side(vm, swapped[op], b, a);
    if (is_not_implemented(result)) result = compare_side(vm, op, a, b);
    if (is_not_implemented(result) && !right_first) result = compare_side(vm, swapped[op], b, a);
    recursion_leave(vm);
    if (!is_not_implemented(result)) return result;
    if (op == COMPARISON_EQ) return value_bool(value_same(a, b));
    if (op == COMPARISON_NE) return value_bool(!value_same(a, b));
    return raise_type_error(vm, "'%s' not supported between instances of '%s' and '%s'", comparison_signs[op],
                            class_shown_name(class_a), class_shown_name(class_b));
}

int value_compare_bool(VM *vm, Comparison op, Value a, Value b) {
    Value result = value_compare(vm, op, a, b);
    return is_error(result) ? -1 : value_truth(vm, result);
}

int value_equal(VM *vm, Value a, Value b) {
    if (value_same(a, b)) return 1; // identity comes first, as in CPython's containers
    if (is_string(a) && is_string(b) && class_of(vm, a) == class_of(vm, b) && class_of(vm, a) == vm->classes.string)
        return vm_count_work(vm, work_of_bytes(string_of(a)->size)), string_equal(string_of(a), string_of(b));
    return value_compare_bool(vm, COMPARISON_EQ, a, b);
}

int value_truth(VM *vm, Value v) {
    if (is_bool(v)) return is_true(v);
    if (is_none(v)) return 0;
    if (is_small(v)) return small_of(v) != 0;
    if (is_float(v)) return float_of(v) != 0;
    Class *cls = class_of(vm, v);
    Value method;
    if (class_overrides(vm, cls, SPECIAL_BOOL, &method)) {
        Value result = vm_call(vm, method, &v, 1, NULL);
        if (is_error(result)) return -1;
        if (is_bool(result)) return is_true(result);
        raise_type_error(vm, "__bool__ should return bool, returned %s", type_name(vm, result));
        return -1;
    }
    if (cls->ops && cls->ops->truth) return cls->ops->truth(vm, v);
    if (class_overrides(vm, cls, SPECIAL_LEN, &method) || (cls->ops && cls->ops->length)) {
        int64_t length = value_length(vm, v);
        return length < 0 ? -1 : length > 0;
    }
    return 1;
}

// ---- Operators

static const char *const binary_signs[] = {"+", "-", "*", "@", "/", "%", "** or pow()",
                                           "<<", ">>", "|", "^", "&", "//", "divmod()"};
static const char *const in_place_signs[] = {"+=", "-=", "*=", "@=", "/=", "%=", "**=",
                                             "<<=", ">>=", "|=", "^=", "&=", "//=", "divmod()"};

static Value no_operator(VM *vm, const char *sign, Value a, Value b) {
    return raise_type_error(vm, "unsupported operand type(s) for %s: '%s' and '%s'", sign, type_name(vm, a),
                            type_name(vm, b));
}

// Sequences' + and * come after the right side's own method.
static bool is_sequence_layout(const Class *cls) {
    switch (cls->kind) {
    case KIND_STRING:
    case KIND_BYTES:
    case KIND_BYTEARRAY:
    case KIND_LIST:
    case KIND_TUPLE: return true;
    default: return false;
    }
}

static Value call_operator(VM *vm, Value method, Value self, Value other) {
    if (is_none(method)) return VALUE_NOT_IMPLEMENTED;
    Value arguments[2] = {self, other};
    return vm_call(vm, method, arguments, 2, NULL);
}

static Value binary_or_not(VM *vm, Binary op, Value a, Value b) {
    Class *class_a = class_of(vm, a), *class_b = class_of(vm, b);
    Value left, right, result;
    bool has_left = class_overrides(vm, class_a, (Special)(SPECIAL_ADD + op), &left);
    bool has_right = class_a != class_b && class_overrides(vm, class_b, (Special)(SPECIAL_RADD + op), &right);
    // A subclass goes first with what it does in another way.
    Value inherited;
    bool inherits = has_right && class_overrides(vm, class_a, (Special)(SPECIAL_RADD + op), &inherited) && value_same(inherited, right);
    bool right_first = has_right && ((class_is_subclass(class_b, class_a) && !inherits) || (!has_left && is_sequence_layout(class_a)));
    if (right_first) {
        result = call_operator(vm, right, b, a);
        if (!is_not_implemented(result)) return result;
    }
    if (has_left)
        result = call_operator(vm, left, a, b);
    else
        result = class_a->ops && class_a->ops->binary ? class_a->ops->binary(vm, op, a, b) : VALUE_NOT_IMPLEMENTED;
    if (!is_not_implemented(result)) return result;
    if (has_right && !right_first) {
        result = call_operator(vm, right, b, a);
        if (!is_not_implemented(result)) return result;
    }
    if (!has_right && class_b->ops && class_b->ops->binary && (has_left || class_b->ops != class_a->ops))
        return class_b->ops->binary(vm, op, a, b);
    return VALUE_NOT_IMPLEMENTED;
}

Value value_binary(VM *vm, Binary op, Value a, Value b) {
    Value result = binary_or_not(vm, op, a, b);
    return is_not_implemented(result) ? no_operator(vm, binary_signs[op], a, b) : result;
}

Value value_in_place(VM *vm, Binary op, Value a, Value b) {
    Class *cls = class_of(vm, a);
    Value method, result = VALUE_NOT_IMPLEMENTED;
    if (class_overrides(vm, cls, (Special)(SPECIAL_IADD + op), &method))
        result = is_none(method) ? raise_type_error(vm, "'NoneType' object is not callable") : call_operator(vm, method, a, b);
    else if (cls->ops && cls->ops->in_place)
        result = cls->ops->in_place(vm, op, a, b);
    if (is_not_implemented(result)) result = binary_or_not(vm, op, a, b);
    return is_not_implemented(result) ? no_operator(vm, in_place_signs[op], a, b) : result;
}

Value value_unary(VM *vm, Unary op, Value v) {
    static const Special specials[] = {SPECIAL_INVERT, SPECIAL_BOOL, SPECIAL_POS, SPECIAL_NEG, SPECIAL_ABS};
    static const char *const signs[] = {"~", "not", "+", "-", "abs()"};
    if (op == UNARY_OP_NOT) {
        int truth = value_truth(vm, v);
        return truth < 0 ? VALUE_ERROR : value_bool(!truth);
    }
    Class *cls = class_of(vm, v);
    Value method;
    if (class_overrides(vm, cls, specials[op], &method)) return vm_call(vm, method, &v, 1, NULL);
    if (cls->ops && cls->ops->unary) {
        Value result = cls->ops->unary(vm, op, v);
        if (!is_not_implemented(result)) return result;
    }
    return raise_type_error(vm, "bad operand type for %s%s: '%s'", op == UNARY_OP_ABSOLUTE ? "" : "unary ", signs[op],
                            class_shown_name(cls));
}

// ---- Containers

int64_t value_length(VM *vm, Value v) {
    Class *cls = class_of(vm, v);
    Value method;
    if (class_overrides(vm, cls, SPECIAL_LEN, &method)) {
        Value result = vm_call(vm, method, &v, 1, NULL);
        if (is_error(result)) return -1;
        result = value_index(vm, result);
        if (is_error(result)) return -1;
        int64_t length;
        if (int_sign(result) < 0) return raise_value_error(vm, "__len__() should return >= 0"), -1;
        if (!int_to_int64(result, &length) || length > SMALL_INT_MAX)
            return raise_overflow_error(vm, "cannot fit 'int' into an index-sized integer"), -1;
        return length;
    }
    if (cls->ops && cls->ops->length) return cls->ops->length(vm, v);
    raise_type_error(vm, "object of type '%s' has no len()", class_shown_name(cls));
    return -1;
}

int64_t value_length_hint(VM *vm, Value v) {
    Class *cls = class_of(vm, v);
    if (cls->flags & CLASS_BUILTIN && cls->ops && cls->ops->length) {
        int64_t length = cls->ops->length(vm, v);
        if (length >= 0) return length < (1 << 20) ? length : 1 << 20;
        exception_drop(vm);
    }
    return 0;
}

Value value_get_item(VM *vm, Value o, Value key) {
    Class *cls = class_of(vm, o);
    Value method;
    if (class_overrides(vm, cls, SPECIAL_GETITEM, &method)) {
        Value arguments[2] = {o, key};
        return vm_call(vm, method, arguments, 2, NULL);
    }
    if (cls->ops && cls->ops->get_item) {
        if (cls->kind != KIND_DICT || cls->flags & CLASS_BUILTIN) return cls->ops->get_item(vm, o, key);
        // A subclass of dict is asked for missing keys.
        Value found = dict_get(vm, dict_of(o), key);
        if (!is_empty(found)) return found;
        Value arguments[1] = {key};
        Value missing = value_call_special(vm, o, SPECIAL_MISSING, arguments, 1);
        return is_empty(missing) ? raise_with_value(vm, vm->exceptions.key_error, key) : missing;
    }
    if (is_kind(o, KIND_CLASS)) {
        Value getter = class_lookup(vm, (Class *)object_of(o), vm->names.specials[SPECIAL_CLASS_GETITEM]);
        if (!is_empty(getter)) {
            Value bound = attribute_bind(vm, getter, VALUE_EMPTY, (Class *)object_of(o)), arguments[1] = {key};
            return is_error(bound) ? VALUE_ERROR : vm_call(vm, bound, arguments, 1, NULL);
        }
        if (class_is_generic(vm, (Class *)object_of(o))) return generic_alias_new(vm, o, key);
        return raise_type_error(vm, "type '%s' is not subscriptable", class_shown_name((Class *)object_of(o)));
    }
    return raise_type_error(vm, "'%s' object is not subscriptable", class_shown_name(cls));
}

int value_set_item(VM *vm, Value o, Value key, Value value) {
    Class *cls = class_of(vm, o);
    Value method;
    if (class_overrides(vm, cls, SPECIAL_SETITEM, &method)) {
        Value arguments[3] = {o, key, value};
        return is_error(vm_call(vm, method, arguments, 3, NULL)) ? -1 : 1;
    }
    if (cls->ops && cls->ops->set_item) return cls->ops->set_item(vm, o, key, value);
    raise_type_error(vm, "'%s' object does not support item assignment", class_shown_name(cls));
    return -1;
}

int value_delete_item(VM *vm, Value o, Value key) {
    Class *cls = class_of(vm, o);
    Value method;
    if (class_overrides(vm, cls, SPECIAL_DELITEM, &method)) {
        Value arguments[2] = {o, key};
        return is_error(vm_call(vm, method, arguments, 2, NULL)) ? -1 : 1;
    }
    if (cls->ops && cls->ops->set_item) return cls->ops->set_item(vm, o, key, VALUE_EMPTY);
    // CPython has two wordings: one for what has places by number, asked for by number.
    bool by_number = has_index(vm, key) && (!(cls->flags & CLASS_BUILTIN) || (cls->ops && cls->ops->length));
    raise_type_error(vm, "'%s' object %s support item deletion", class_shown_name(cls), by_number ? "doesn't" : "does not");
    return -1;
}

int value_contains(VM *vm, Value container, Value item) {
    Class *cls = class_of(vm, container);
    Value method;
    if (class_overrides(vm, cls, SPECIAL_CONTAINS, &method)) {
        if (is_none(method)) return raise_type_error(vm, "'%s' object is not a container", class_shown_name(cls)), -1;
        Value arguments[2] = {container, item};
        Value result = vm_call(vm, method, arguments, 2, NULL);
        return is_error(result) ? -1 : value_truth(vm, result);
    }
    if (cls->ops && cls->ops->contains) return cls->ops->contains(vm, container, item);
    if (is_empty(class_special(vm, cls, SPECIAL_ITER)) && is_empty(class_special(vm, cls, SPECIAL_GETITEM)) &&
        !(cls->ops && cls->ops->iterate)) {
        raise_type_error(vm, "argument of type '%s' is not iterable", class_shown_name(cls));
        return -1;
    }
    Value iterator = value_iterate(vm, container);
    if (is_error(iterator)) return -1;
    for (;;) {
        Value member = value_next(vm, iterator);
        if (is_stop(member)) return 0;
        int found = is_error(member) ? -1 : value_equal(vm, member, item);
        if (found) return found;
    }
}

// ---- Iteration

Value value_iterate(VM *vm, Value v) {
    Class *cls = class_of(vm, v);
    Value method;
    if (class_overrides(vm, cls, SPECIAL_ITER, &method)) {
        if (is_none(method)) return raise_type_error(vm, "'%s' object is not iterable", class_shown_name(cls));
        Value result = vm_call(vm, method, &v, 1, NULL);
        if (is_error(result)) return result;
        Class *result_class = class_of(vm, result);
        if ((result_class->ops && result_class->ops->next) || !is_empty(class_special(vm, result_class, SPECIAL_NEXT)))
            return result;
        return raise_type_error(vm, "iter() returned non-iterator of type '%s'", class_name(result_class));
    }
    if (cls->ops && cls->ops->iterate) return cls->ops->iterate(vm, v);
    if (class_overrides(vm, cls, SPECIAL_GETITEM, &method)) return iterator_new(vm, ITERATE_SEQUENCE, v);
    return raise_type_error(vm, "'%s' object is not iterable", class_shown_name(cls));
}

// Turns a StopIteration on its way into VALUE_STOP; other exceptions stay.
static Value stopped(VM *vm) {
    if (!exception_matches(vm, vm->exceptions.stop_iteration)) return VALUE_ERROR;
    vm->stop_value = stop_iteration_value(vm, vm->exception);
    exception_clear(vm);
    return VALUE_STOP;
}

Value value_next(VM *vm, Value it) {
    Class *cls = class_of(vm, it);
    Value method;
    if (!(cls->flags & CLASS_BUILTIN) && class_overrides(vm, cls, SPECIAL_NEXT, &method)) {
        Value result = vm_call(vm, method, &it, 1, NULL);
        return is_error(result) ? stopped(vm) : result;
    }
    if (cls->ops && cls->ops->next) {
        // Iterators of iterators recurse in C, and whoever steps one may go on for ever.
        if (!vm_may_recurse(vm)) return raise_error(vm, vm->exceptions.recursion_error, "maximum recursion depth exceeded");
        return vm_safepoint(vm, 1) ? cls->ops->next(vm, it) : VALUE_ERROR;
    }
    return raise_type_error(vm, "'%s' object is not an iterator", class_shown_name(cls));
}

int value_for_each(VM *vm, Value iterable, int (*each)(VM *vm, Value item, void *data), void *data) {
    Value iterator = value_iterate(vm, iterable);
    if (is_error(iterator)) return -1;
    for (;;) {
        Value item = value_next(vm, iterator);
        if (is_stop(item)) return 1;
        int status = is_error(item) ? -1 : each(vm, item, data);
        if (status != 1) return status;
    }
}

// ---- Attributes

// An attribute, VALUE_EMPTY where nothing has it, or the error (an AttributeError, too) of a script's method that was asked.
static Value look_up(VM *vm, Value o, String *name) {
    if (!object_flag(&name->object, STRING_INTERNED)) {
        name = string_intern(vm, name);
        if (!name) return VALUE_ERROR;
    }
    Class *cls = class_of(vm, o);
    if (cls->flags & CLASS_CUSTOM_GETATTRIBUTE) {
        Value method, result = VALUE_EMPTY;
        Value arguments[2] = {o, value_object(name)};
        if (class_overrides(vm, cls, SPECIAL_GETATTRIBUTE, &method)) {
            result = vm_call(vm, method, arguments, 2, NULL);
        } else {
            result = object_get_attribute(vm, o, name);
        }
        if (is_error(result) && exception_matches(vm, vm->exceptions.attribute_error)) {
            if (is_empty(class_special(vm, cls, SPECIAL_GETATTR))) return result;
            exception_clear(vm);
            result = VALUE_EMPTY;
        }
        if (is_empty(result) && !is_empty(method = class_special(vm, cls, SPECIAL_GETATTR)))
            result = vm_call(vm, method, arguments, 2, NULL);
        return result;
    }
    if (is_kind(o, KIND_CLASS) || is_kind(o, KIND_SUPER)) return cls->ops->get_attribute(vm, o, name);
    return object_get_attribute(vm, o, name);
}

Value value_find_attribute(VM *vm, Value o, String *name) {
    Value found = look_up(vm, o, name);
    if (!is_error(found) || !exception_matches(vm, vm->exceptions.attribute_error)) return found;
    exception_clear(vm);
    return VALUE_EMPTY;
}

static Value missing_attribute(VM *vm, Value o, String *name) {
    if (is_kind(o, KIND_CLASS))
        raise_error(vm, vm->exceptions.attribute_error, "type object '%s' has no attribute '%s'",
                    class_shown_name((Class *)object_of(o)), name->data);
    else if (is_kind(o, KIND_MODULE))
        module_raise_missing(vm, o, name);
    else if (is_kind(o, KIND_SUPER))
        raise_error(vm, vm->exceptions.attribute_error, "'super' object has no attribute '%s'", name->data);
    else
        raise_error(vm, vm->exceptions.attribute_error, "'%s' object has no attribute '%s'", type_name(vm, o), name->data);
    // What the suggestion ("Did you mean") is made from.
    Exception *exception = exception_raised(vm, vm->exceptions.attribute_error);
    if (exception && exception_set(vm, exception, "name", value_object(name))) exception_set(vm, exception, "obj", o);
    return VALUE_ERROR;
}

// An AttributeError that a script's method raises without saying what was looked for: now it does.
static void complete_error(VM *vm, Value o, String *name) {
    Exception *error = exception_raised(vm, vm->exceptions.attribute_error);
    if (!error) return;
    Value named = exception_get(vm, error, "name"), object = exception_get(vm, error, "obj");
    if ((!is_empty(named) && !is_none(named)) || (!is_empty(object) && !is_none(object))) return;
    if (exception_set(vm, error, "name", value_object(name))) exception_set(vm, error, "obj", o);
}

Value value_get_attribute(VM *vm, Value o, String *name) {
    Value found = look_up(vm, o, name);
    if (is_error(found)) complete_error(vm, o, name);
    return is_empty(found) ? missing_attribute(vm, o, name) : found;
}

static int change_attribute(VM *vm, Value o, String *name, Value value) {
    if (!object_flag(&name->object, STRING_INTERNED)) {
        name = string_intern(vm, name);
        if (!name) return -1;
    }
    Class *cls = class_of(vm, o);
    if (cls->flags & CLASS_CUSTOM_SETATTR) {
        Value method;
        if (class_overrides(vm, cls, is_empty(value) ? SPECIAL_DELATTR : SPECIAL_SETATTR, &method)) {
            Value arguments[3] = {o, value_object(name), value};
            return is_error(vm_call(vm, method, arguments, is_empty(value) ? 2 : 3, NULL)) ? -1 : 1;
        }
    }
    if (is_object(o) && cls->ops->set_attribute) return cls->ops->set_attribute(vm, o, name, value);
    return object_set_attribute(vm, o, name, value);
}

int value_set_attribute(VM *vm, Value o, String *name, Value value) { return change_attribute(vm, o, name, value); }
int value_delete_attribute(VM *vm, Value o, String *name) { return change_attribute(vm, o, name, VALUE_EMPTY); }

Value value_special(VM *vm, Value v, Special special) {
    Class *cls = class_of(vm, v);
    Value found = class_special(vm, cls, special);
    return is_empty(found) ? VALUE_EMPTY : attribute_bind(vm, found, v, cls);
}

Value value_call_special(VM *vm, Value v, Special special, Value *arguments, size_t count) {
    Class *cls = class_of(vm, v);
    Value method = class_special(vm, cls, special);
    if (is_empty(method)) return VALUE_EMPTY;
    Value all[4] = {v};
    for (size_t i = 0; i < count; i++) all[i + 1] = arguments[i];
    if (is_kind(method, KIND_FUNCTION) || is_kind(method, KIND_NATIVE)) return vm_call(vm, method, all, count + 1, NULL);
    Value bound = attribute_bind(vm, method, v, cls);
    return is_error(bound) ? VALUE_ERROR : vm_call(vm, bound, all + 1, count, NULL);
}

Value value_call_method(VM *vm, Value o, const char *name, Value *arguments, size_t count) {
    String *key = string_intern_from(vm, name, strlen(name));
    Value method = key ? value_get_attribute(vm, o, key) : VALUE_ERROR;
    return is_error(method) ? method : vm_call(vm, method, arguments, count, NULL);
}

bool value_callable(VM *vm, Value v) {
    Class *cls = class_of(vm, v);
    if (cls->ops && cls->ops->call) return true;
    if (is_kind(v, KIND_CLASS) || is_kind(v, KIND_FUNCTION)) return true;
    return !is_empty(class_special(vm, cls, SPECIAL_CALL));
}

// ---- Numbers

bool is_exact_int(VM *vm, Value v) { return is_small(v) || class_of(vm, v) == vm->classes.integer; }

bool warn_of_subclass(VM *vm, const char *method, const char *type, Value result) {
    return warn_deprecated(vm, "%s returned non-%s (type %s).  The ability to return an instance of a strict subclass of %s is "
                               "deprecated, and may be removed in a future version of Python.",
                           method, type, type_name(vm, result), type);
}

Value value_index(VM *vm, Value v) {
    if (is_small(v)) return v;
    if (is_int(v)) return int_plain(vm, v);
    Value result = value_call_special(vm, v, SPECIAL_INDEX, NULL, 0);
    if (is_empty(result))
        return raise_type_error(vm, "'%s' object cannot be interpreted as an integer", type_name(vm, v));
    if (is_error(result)) return result;
    if (!is_int(result)) return raise_type_error(vm, "__index__ returned non-int (type %s)", type_name(vm, result));
    if (!is_exact_int(vm, result) && !warn_of_subclass(vm, "__index__", "int", result)) return VALUE_ERROR;
    return int_plain(vm, result);
}

bool value_index_int64(VM *vm, Value v, bool clamp, int64_t *out) {
    Value index = value_index(vm, v);
    if (is_error(index)) return false;
    if (int_to_int64(index, out)) return true;
    if (clamp) {
        *out = int_sign(index) < 0 ? INT64_MIN : INT64_MAX;
        return true;
    }
    raise_index_error(vm, "cannot fit '%s' into an index-sized integer", type_name(vm, v));
    return false;
}

bool value_to_double(VM *vm, Value v, double *out) {
    if (is_any_float(v)) return *out = any_float_of(v), true;
    if (is_int(v)) return int_to_double(vm, v, out);
    Value result = value_call_special(vm, v, SPECIAL_FLOAT, NULL, 0);
    if (is_empty(result)) {
        result = value_call_special(vm, v, SPECIAL_INDEX, NULL, 0);
        if (!is_empty(result) && !is_error(result) && is_int(result)) return int_to_double(vm, result, out);
        if (is_error(result)) return false;
        raise_type_error(vm, "must be real number, not %s", type_name(vm, v));
        return false;
    }
    if (is_error(result)) return false;
    if (!is_any_float(result)) {
        raise_type_error(vm, "%s.__float__() returned non-float (type %s)", type_name(vm, v), type_name(vm, result));
        return false;
    }
    if (!is_float(result)) {
        char method[128];
        snprintf(method, sizeof method, "%.100s.__float__", type_name(vm, v));
        if (!warn_of_subclass(vm, method, "float", result)) return false;
    }
    *out = any_float_of(result);
    return true;
}

// ---- Calls

Value call_with_dict(VM *vm, Value callable, Value *arguments, size_t count, Dict *named) {
    if (!named || !named->length) return vm_call(vm, callable, arguments, count, NULL);
    size_t total = count + named->length;
    Tuple *keywords = tuple_new(vm, named->length);
    if (!keywords) return VALUE_ERROR;
    Value *all = values_scratch(vm, total);
    if (!all) return VALUE_ERROR;
    if (count) memcpy(all, arguments, count * sizeof(Value));
    size_t position = 0, k = 0;
    Value key, value;
    while (dict_next(named, &position, &key, &value)) {
        if (!is_string(key)) return raise_type_error(vm, "keywords must be strings");
        keywords->items[k] = key;
        all[count + k++] = value;
    }
    return vm_call(vm, callable, all, total, keywords);
}

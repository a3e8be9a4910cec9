// What the built-in types share: allocation for __new__, arguments that are indices, quick equality and hash
// of the commonest values, and the repr and comparison of sequences of Values.
#ifndef AIOLI_OBJECT_BUILTIN_H
#define AIOLI_OBJECT_BUILTIN_H

#include "object/container/list.h"
#include "object/core/class.h"
#include "object/core/errors.h"
#include "object/core/object.h"
#include "object/core/protocol.h"
#include "object/core/vm.h"
#include "object/number/int.h"
#include "object/shared/recursion.h"
#include "object/text/str.h"

// The shape of a class's instances. While the VM starts the class may not exist yet.
static inline Shape *builtin_shape(const Class *cls) { return cls ? cls->root : NULL; }

static inline Value object_or_error(const void *object) {
    return object ? value_object(object) : VALUE_ERROR;
}

// Whether v is an instance of exactly the class (which a script cannot change the behaviour of).
static inline bool is_exactly(Value v, const Class *cls) {
    return is_object(v) && cls && object_shape(object_of(v)) == cls->root;
}
static inline bool is_exact_string(VM *vm, Value v) {
    return is_string(v) && object_shape(object_of(v)) == builtin_shape(vm->classes.string);
}
static inline bool is_plain_int(VM *vm, Value v) { return is_small(v) || is_exactly(v, vm->classes.integer); }

// The class that a __new__ got as its first argument, or NULL with TypeError when it is not `base` or one of
// its subclasses.
Class *builtin_new_class(VM *vm, Value cls, Class *base);

// A new instance of `cls`; the quick way when it is `exact`. NULL with MemoryError.
static inline void *builtin_allocate(VM *vm, Class *cls, const Class *exact, Kind kind, size_t size) {
    if (cls == exact) return heap_allocate(vm, builtin_shape(cls), kind, size);
    return class_instantiate(vm, cls, size);
}

// a == b as containers compare. [script]
static inline int quick_equal(VM *vm, Value a, Value b) {
    if (value_same(a, b)) return 1;
    if (are_small(a, b)) return 0;
    if (is_float(a) && is_float(b)) return float_of(a) == float_of(b);
    if (is_exact_string(vm, a) && is_exact_string(vm, b)) return string_equal(string_of(a), string_of(b));
    return value_equal(vm, a, b);
}

static inline uint64_t small_hash(Value v) {
    int64_t n = small_of(v);
    return n == -1 ? (uint64_t)-2 : (uint64_t)n;
}
// hash(v). [script]
static inline int quick_hash(VM *vm, Value v, uint64_t *out) {
    if (is_small(v)) return *out = small_hash(v), 1;
    if (is_exact_string(vm, v)) return *out = string_hash(vm, string_of(v)), 1;
    return value_hash(vm, v, out);
}

// Whether `right` is of a script's class that has the reflected operator: an operation of a built-in type
// then answers NOT_IMPLEMENTED where it would raise a TypeError of its own.
bool operand_reflects(VM *vm, Value right, Special reflected);

// Whether v has __index__ (ints included).
bool has_index(VM *vm, Value v);

// An index of a sequence whose negative values are still to be counted from the end. IndexError when it does
// not fit. `what`: TypeError "what indices must be integers or slices, not X". [script]
bool index_argument(VM *vm, Value key, const char *what, int64_t *out);
// A count or position argument; OverflowError "Python int too large to convert to C ssize_t". [script]
bool size_argument(VM *vm, Value v, int64_t *out);
bool c_int_argument(VM *vm, Value v, int *out); // OverflowError "Python int too large to convert to C int". [script]
// start and stop arguments of find, index, …: clamped; None and omitted leave *out alone when `none` is set.
// [script]
bool slice_argument(VM *vm, Value v, bool none, int64_t *out);
// A repetition count for `sequence * v`: clamped to 0 from below; OverflowError "cannot fit 'int' into an
// index-sized integer". [script]
bool repeat_argument(VM *vm, Value v, int64_t *out);
// Counts negative start and stop from the end and clips them as str.find does: start may exceed length.
static inline void adjust_indices(int64_t *start, int64_t *stop, int64_t length) {
    if (*stop > length) *stop = length;
    if (*stop < 0 && (*stop += length) < 0) *stop = 0;
    if (*start < 0 && (*start += length) < 0) *start = 0;
}

// Appends repr(v) to a buffer. False on failure. [script]
bool append_repr(VM *vm, Buffer *buffer, Value v);

// The result of an ordering comparison of two C numbers.
static inline Value compare_result(Comparison op, int order) {
    switch (op) {
    case COMPARISON_EQ: return value_bool(order == 0);
    case COMPARISON_NE: return value_bool(order != 0);
    case COMPARISON_LT: return value_bool(order < 0);
    case COMPARISON_LE: return value_bool(order <= 0);
    case COMPARISON_GT: return value_bool(order > 0);
    default: return value_bool(order >= 0);
    }
}

// "bad operand type for unary -: 'X'".
Value unary_error(VM *vm, Unary op, Value v);

// type.name(value, value, …): a class called with positional arguments, NULL keywords. [script]
static inline Value call_class(VM *vm, Class *cls, Value *arguments, size_t count) {
    return vm_call(vm, value_object(cls), arguments, count, NULL);
}

#endif

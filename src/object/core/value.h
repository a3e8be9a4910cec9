// A Value is one 64-bit word. A double is itself; everything else hides in the negative quiet NaNs that no arithmetic
// produces (results are canonical: the one negative NaN the hardware makes is 0xFFF8000000000000):
//
//     0xFFFD  constants: None, False, True, …, and markers that no script ever sees
//     0xFFFE  a pointer to a heap object, in the low 48 bits
//     0xFFFF  an integer of 48 bits, two's complement
//
// The tag of integers is all ones so that one AND tells whether two values are both integers.
#ifndef AIOLI_OBJECT_VALUE_H
#define AIOLI_OBJECT_VALUE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    uint64_t bits;
} Value;

typedef struct Object Object;

#define VALUE_TAG_CONSTANT 0xFFFD000000000000u
#define VALUE_TAG_OBJECT 0xFFFE000000000000u
#define VALUE_TAG_INT 0xFFFF000000000000u
#define VALUE_PAYLOAD 0x0000FFFFFFFFFFFFu
#define VALUE_LAST_FLOAT 0xFFF8000000000000u

#define SMALL_INT_MIN (-((int64_t)1 << 47))
#define SMALL_INT_MAX (((int64_t)1 << 47) - 1)

#define VALUE_NONE ((Value){VALUE_TAG_CONSTANT | 0})
#define VALUE_ELLIPSIS ((Value){VALUE_TAG_CONSTANT | 1})
#define VALUE_NOT_IMPLEMENTED ((Value){VALUE_TAG_CONSTANT | 2})
#define VALUE_FALSE ((Value){VALUE_TAG_CONSTANT | 4})
#define VALUE_TRUE ((Value){VALUE_TAG_CONSTANT | 5})
// Never seen by a script:
#define VALUE_EMPTY ((Value){VALUE_TAG_CONSTANT | 8})  // no value: an unbound name, an omitted argument, a free slot
#define VALUE_ERROR ((Value){VALUE_TAG_CONSTANT | 9})  // a call failed: the exception is in vm->exception
#define VALUE_STOP ((Value){VALUE_TAG_CONSTANT | 10})  // an iterator has no more items; its result is vm->stop_value
#define VALUE_SUSPEND ((Value){VALUE_TAG_CONSTANT | 11}) // the running task gave up its turn

static inline bool value_same(Value a, Value b) { return a.bits == b.bits; }

static inline bool is_none(Value v) { return v.bits == VALUE_NONE.bits; }
static inline bool is_empty(Value v) { return v.bits == VALUE_EMPTY.bits; }
static inline bool is_error(Value v) { return v.bits == VALUE_ERROR.bits; }
static inline bool is_stop(Value v) { return v.bits == VALUE_STOP.bits; }
static inline bool is_true(Value v) { return v.bits == VALUE_TRUE.bits; }
static inline bool is_false(Value v) { return v.bits == VALUE_FALSE.bits; }
static inline bool is_bool(Value v) { return (v.bits & ~(uint64_t)1) == VALUE_FALSE.bits; }
static inline bool is_not_implemented(Value v) { return v.bits == VALUE_NOT_IMPLEMENTED.bits; }

// Small integers.
static inline bool is_small(Value v) { return v.bits >= VALUE_TAG_INT; }
static inline bool are_small(Value a, Value b) { return (a.bits & b.bits) >= VALUE_TAG_INT; }
static inline int64_t small_of(Value v) { return (int64_t)(v.bits << 16) >> 16; }
static inline bool small_fits(int64_t n) { return n >= SMALL_INT_MIN && n <= SMALL_INT_MAX; }
// n must fit.
static inline Value value_small(int64_t n) { return (Value){VALUE_TAG_INT | ((uint64_t)n & VALUE_PAYLOAD)}; }

static inline Value value_bool(bool b) { return b ? VALUE_TRUE : VALUE_FALSE; }

// Floats. Every float from outside the VM's own arithmetic passes here, so that no NaN can pose as another value.
static inline bool is_float(Value v) { return v.bits <= VALUE_LAST_FLOAT; }
static inline double float_of(Value v) {
    double number;
    memcpy(&number, &v.bits, 8);
    return number;
}
static inline Value value_float(double number) {
    Value v;
    memcpy(&v.bits, &number, 8);
    if (v.bits > VALUE_LAST_FLOAT) v.bits = VALUE_LAST_FLOAT;
    return v;
}

// Heap objects.
static inline bool is_constant(Value v) { return (v.bits >> 48) == 0xFFFD; } // None, a bool, …, and the markers
static inline bool is_object(Value v) { return (v.bits >> 48) == 0xFFFE; }
static inline Object *object_of(Value v) { return (Object *)(uintptr_t)(v.bits & VALUE_PAYLOAD); }
static inline Value value_object(const void *object) {
    return (Value){VALUE_TAG_OBJECT | (uint64_t)(uintptr_t)object};
}

#endif

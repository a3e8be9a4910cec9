// What every heap object begins with, the kinds of objects, and the table of operations that each kind hands up.
#ifndef AIOLI_OBJECT_OBJECT_H
#define AIOLI_OBJECT_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object/core/value.h"

typedef struct VM VM;
typedef struct Class Class;
typedef struct Shape Shape;
typedef struct String String;
typedef struct Tuple Tuple;
typedef struct Dict Dict;
typedef struct List List;

// The layout of an object: which C struct it is. An instance of a script's class has KIND_INSTANCE, or the kind of the
// built-in type that it inherits from.
typedef enum {
    KIND_FREE, // a cell that holds no object
    KIND_INSTANCE,
    KIND_CLASS,
    KIND_SHAPE,
    KIND_INT, // an integer beyond 48 bits, or an instance of a subclass of int
    KIND_FLOAT, // only an instance of a subclass of float: plain floats are immediate
    KIND_COMPLEX,
    KIND_STRING,
    KIND_BYTES,
    KIND_BYTEARRAY,
    KIND_MEMORYVIEW,
    KIND_LIST,
    KIND_TUPLE,
    KIND_DICT,
    KIND_DICT_VIEW,
    KIND_SET, // set and frozenset
    KIND_RANGE,
    KIND_SLICE,
    KIND_ITERATOR, // the iterators of the built-in types, see iterator.h
    KIND_CODE,
    KIND_FUNCTION,
    KIND_NATIVE,
    KIND_BOUND_METHOD,
    KIND_CELL,
    KIND_MODULE,
    KIND_EXCEPTION,
    KIND_TRACEBACK,
    KIND_FRAME, // a frame as scripts see it
    KIND_PROPERTY,
    KIND_WRAPPED_METHOD, // staticmethod and classmethod
    KIND_SUPER,
    KIND_DESCRIPTOR, // a native attribute of a built-in type: getter and setter
    KIND_MEMBER,     // what an entry of __slots__ is in its class
    KIND_GENERATOR,  // generator, coroutine and async generator: a heap frame
    KIND_ASYNC_STEP, // what async generators' methods return
    KIND_LOOP,
    KIND_FUTURE, // futures and tasks
    KIND_NATIVE_COROUTINE,
    KIND_HANDLE, // a scheduled callback
    KIND_NATIVE_DATA,  // an object of a native module or of the host
    KIND_COUNT
} Kind;

// The header: the shape's address in the low 48 bits, the kind above it, flags in the top byte. A class's built-in
// instances all share its root shape, so that one comparison of shapes is the test of an inline cache for any object.
struct Object {
    uint64_t header;
};

#define OBJECT_SHAPE_MASK 0x0000FFFFFFFFFFFFu
#define OBJECT_KIND_SHIFT 48
#define OBJECT_MARKED ((uint64_t)1 << 56)
#define OBJECT_FLAG_1 ((uint64_t)1 << 57) // meaning depends on the kind
#define OBJECT_FLAG_2 ((uint64_t)1 << 58)
#define OBJECT_FLAG_3 ((uint64_t)1 << 59)
#define OBJECT_LARGE ((uint64_t)1 << 61) // a block of its own, not a cell of a page: the heap's own
#define OBJECT_HAS_ATTRIBUTES ((uint64_t)1 << 60) // a word for a dict of attributes follows the layout: class_instantiate

static inline Shape *object_shape(const Object *o) { return (Shape *)(uintptr_t)(o->header & OBJECT_SHAPE_MASK); }
static inline Kind object_kind(const Object *o) { return (Kind)(o->header >> OBJECT_KIND_SHIFT & 0xFF); }
static inline bool object_flag(const Object *o, uint64_t flag) { return (o->header & flag) != 0; }
static inline void object_set_flag(Object *o, uint64_t flag, bool on) {
    o->header = on ? o->header | flag : o->header & ~flag;
}

static inline bool is_kind(Value v, Kind kind) { return is_object(v) && object_kind(object_of(v)) == kind; }

// The binary operators, in the order of syntax/tree.h's BinaryOperator (the compiler relies on it); the last is not an
// operator of the language but what divmod() asks for.
typedef enum {
    BINARY_ADD,
    BINARY_SUBTRACT,
    BINARY_MULTIPLY,
    BINARY_MATRIX_MULTIPLY,
    BINARY_DIVIDE,
    BINARY_MODULO,
    BINARY_POWER,
    BINARY_LEFT_SHIFT,
    BINARY_RIGHT_SHIFT,
    BINARY_OR,
    BINARY_XOR,
    BINARY_AND,
    BINARY_FLOOR_DIVIDE,
    BINARY_DIVMOD,
    BINARY_COUNT
} Binary;

// In the order of syntax/tree.h's UnaryOperator; `abs` is asked for by the built-in function.
typedef enum { UNARY_OP_INVERT, UNARY_OP_NOT, UNARY_OP_PLUS, UNARY_OP_MINUS, UNARY_OP_ABSOLUTE } Unary;

// In the order of syntax/tree.h's CompareOperator.
typedef enum { COMPARISON_EQ, COMPARISON_NE, COMPARISON_LT, COMPARISON_LE, COMPARISON_GT, COMPARISON_GE } Comparison;

// Which operators a kind's `binary`, `in_place` and `unary` know, as bits `1 << op`: so that `dir()` and attribute
// look-ups show `__add__` and its kin for what is there only.
typedef struct {
    uint32_t binary, in_place, unary;
    bool adds_as_sequence; // `+` takes two of the kind only, so that there is no `__radd__`
} OperatorSet;

// The sets of several kinds, for TypeOps.operations: sequences (`%` formats one's values), dicts, what is like a set.
extern const OperatorSet sequence_operators, mutable_sequence_operators, formatting_operators, formatting_mutable_operators,
    dict_operators, set_operators;

// What a kind can do. NULL: it can't (the protocol functions then raise CPython's TypeError, or do the default thing).
// All take the VM first. A Value result may be VALUE_ERROR; an int result is 1, 0, or -1 for an error; `binary` and
// `compare` may answer VALUE_NOT_IMPLEMENTED. The functions see the built-in layout only: whether a subclass overrides
// an operation has been decided before (protocol.h).
typedef struct TypeOps {
    void (*trace)(VM *vm, Object *o);           // heap_mark every Value and object that it holds
    Value (*view)(VM *vm, Value self);          // memoryview(self), of what has the layout of a bytearray; NULL: its bytes
    void (*finalize)(VM *vm, Object *o);        // free memory outside its cell; may touch no other object
    size_t (*cell_size)(const Object *o);       // bytes of the cell; needed only where attributes of a subclass's
                                                // instance follow a part of varying length
    Value (*repr)(VM *vm, Value self);          // a str
    Value (*str)(VM *vm, Value self);           // a str; NULL: as repr
    Value (*format)(VM *vm, Value self, String *specification); // NULL: str(), refusing a specification
    int (*hash)(VM *vm, Value self, uint64_t *out); // 1 or -1. NULL with compare: unhashable; without: by identity
    Value (*compare)(VM *vm, Comparison op, Value self, Value other);
    int (*truth)(VM *vm, Value self);           // NULL: by length, or true
    Value (*binary)(VM *vm, Binary op, Value left, Value right); // either side may be of this kind
    Value (*in_place)(VM *vm, Binary op, Value self, Value right); // NULL or NOT_IMPLEMENTED: as binary
    Value (*unary)(VM *vm, Unary op, Value self);
    int64_t (*length)(VM *vm, Value self);      // -1: error
    Value (*get_item)(VM *vm, Value self, Value key);
    int (*set_item)(VM *vm, Value self, Value key, Value value); // value VALUE_EMPTY deletes
    int (*contains)(VM *vm, Value self, Value item);
    Value (*iterate)(VM *vm, Value self);       // a new iterator
    Value (*next)(VM *vm, Value self);          // an item, VALUE_STOP, or VALUE_ERROR
    Value (*get_attribute)(VM *vm, Value self, String *name); // replaces the generic look-up; VALUE_EMPTY: no such
    int (*set_attribute)(VM *vm, Value self, String *name, Value value); // value VALUE_EMPTY deletes
    // What `instance.name` gives where the class's attribute is self; NULL: by __get__, if there is one.
    Value (*bind)(VM *vm, Value self, Value instance);
    Value (*call)(VM *vm, Value self, Value *arguments, size_t count, Tuple *keywords); // see native.h
    // One step of `await self`, for awaitables made in C: the result, VALUE_SUSPEND with vm->suspended_on set to what the
    // running task waits for (or VALUE_NONE for a bare turn), or VALUE_ERROR. Called again when the task goes on, with
    // what was sent, or with the exception that was thrown in.
    Value (*await_step)(VM *vm, Value self, Value sent, bool thrown);
    // Of what can be a future's callback without being called: the future is done. False with an exception.
    bool (*future_done)(VM *vm, Value self, Value future);
    const OperatorSet *operations;              // NULL: all, where the functions are there
} TypeOps;

#endif

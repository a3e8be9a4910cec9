// list and tuple.
#ifndef AIOLI_OBJECT_LIST_H
#define AIOLI_OBJECT_LIST_H

#include "object/core/object.h"
#include "object/core/vm.h"

struct List {
    Object object;
    Value *items; // side memory
    size_t length;
    size_t capacity;
};

struct Tuple {
    Object object;
    size_t length;
    Value items[];
};

static inline bool is_list(Value v) { return is_kind(v, KIND_LIST); }
static inline List *list_of(Value v) { return (List *)object_of(v); }
static inline bool is_tuple(Value v) { return is_kind(v, KIND_TUPLE); }
static inline Tuple *tuple_of(Value v) { return (Tuple *)object_of(v); }

List *list_new(VM *vm, size_t capacity); // empty; NULL on failure
List *list_from(VM *vm, const Value *items, size_t count);
bool list_reserve(VM *vm, List *list, size_t capacity); // false with MemoryError
bool list_append_slow(VM *vm, List *list, Value item);
static inline bool list_append(VM *vm, List *list, Value item) {
    if (list->length == list->capacity) return list_append_slow(vm, list, item);
    list->items[list->length++] = item;
    return true;
}
// Appends all items of an iterable; 1 or -1. [script]
int list_extend(VM *vm, List *list, Value iterable);
List *list_from_iterable(VM *vm, Value iterable);   // [script]
// Sorts in place, stably, as list.sort. `key` may be VALUE_NONE. 1 or -1. [script]
int list_sort(VM *vm, List *list, Value key, bool reverse);

Tuple *tuple_new(VM *vm, size_t length); // filled with None: fill it before anything else can run
Tuple *tuple_from(VM *vm, const Value *items, size_t count);
Tuple *tuple_from_iterable(VM *vm, Value iterable); // [script]

// An array of so many Values for a C function's own use, too large for its stack: it lies in a tuple, so the collector finds
// what is in it while the function holds the pointer. NULL with MemoryError.
Value *values_scratch(VM *vm, size_t count);

// The shared parts of list and tuple: repr of items between brackets, lexicographic comparison.
extern const TypeOps list_ops;
extern const TypeOps tuple_ops;
bool list_class_init(VM *vm);
bool tuple_class_init(VM *vm);

#endif

// The iterators of the built-in types: one struct, told apart by `which`. The interpreter's `for` handles the commonest
// inline.
#ifndef AIOLI_OBJECT_ITERATOR_H
#define AIOLI_OBJECT_ITERATOR_H

#include "object/core/object.h"
#include "object/core/vm.h"

typedef enum {
    ITERATE_LIST,
    ITERATE_LIST_REVERSED,
    ITERATE_TUPLE,
    ITERATE_STRING,
    ITERATE_BYTES, // bytes, bytearray, memoryview
    ITERATE_RANGE, // position counts down the items left in `limit`; next value in `position`
    ITERATE_BIG_RANGE,
    ITERATE_DICT_KEYS,
    ITERATE_DICT_VALUES,
    ITERATE_DICT_ITEMS,
    ITERATE_DICT_REVERSED, // view kind in `limit`
    ITERATE_SET,
    ITERATE_SEQUENCE,          // by __getitem__ with 0, 1, 2, … until IndexError
    ITERATE_SEQUENCE_REVERSED,
    ITERATE_CALLABLE,          // iter(function, sentinel)
} IteratorKind;

typedef struct {
    Object object;
    IteratorKind which;
    uint32_t changes;  // the table's when the iteration began
    Value source;      // VALUE_NONE once exhausted
    int64_t position;  // index; for ITERATE_RANGE the next value
    int64_t limit;     // for ITERATE_RANGE the number of items left
    Value extra;       // for ITERATE_RANGE the step (a small int); of a dict how many items are left; the sentinel; …
} Iterator;

Value iterator_new(VM *vm, IteratorKind which, Value source);

// Methods of all iterators, and of those over sequences.
Value iterator_reduce(VM *vm, Value *args, size_t count);
Value iterator_set_state(VM *vm, Value *args, size_t count);

extern const TypeOps iterator_ops;
bool iterator_class_init(VM *vm); // makes the classes list_iterator, range_iterator, …

#endif

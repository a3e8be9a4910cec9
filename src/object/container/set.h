// set and frozenset: open addressing with CPython's probe order and growth, so that a set of ints iterates as it does
// there.
#ifndef AIOLI_OBJECT_SET_H
#define AIOLI_OBJECT_SET_H

#include "object/core/object.h"
#include "object/core/vm.h"

typedef struct {
    Value key; // VALUE_EMPTY: never used; VALUE_STOP: deleted
    uint64_t hash;
} SetEntry;

typedef struct {
    Object object;
    SetEntry *table; // side memory
    size_t capacity; // a power of two, at least 8
    size_t used;     // live entries
    size_t filled;   // live and deleted
    uint64_t hash;   // frozenset's, once known (flag 1)
    uint32_t changes;
    size_t finger;   // where pop() looks first
} Set;

// A frozenset (or an instance of a subclass of it).
#define SET_FROZEN OBJECT_FLAG_2
static inline bool set_is_frozen(const Set *set) { return object_flag(&set->object, SET_FROZEN); }

static inline bool is_set(Value v) { return is_kind(v, KIND_SET); }
static inline Set *set_of(Value v) { return (Set *)object_of(v); }

Set *set_new(VM *vm, bool frozen);
int set_add(VM *vm, Set *set, Value item);       // 1 added, 0 was there, -1 error. [script]
int set_has(VM *vm, Set *set, Value item);       // [script]
int set_remove(VM *vm, Set *set, Value item);    // 1 removed, 0 not there, -1. [script]
int set_update(VM *vm, Set *set, Value iterable); // 1, -1. [script]
bool set_next(const Set *set, size_t *position, Value *item);

// As set_add and set_has with the hash known. [script]
int set_add_hashed(VM *vm, Set *set, Value item, uint64_t hash);
int set_has_hashed(VM *vm, Set *set, Value item, uint64_t hash);
int set_remove_hashed(VM *vm, Set *set, Value item, uint64_t hash);
void set_clear(VM *vm, Set *set);
// A new set (or frozenset) of the items of any iterable, NULL on failure. [script]
Set *set_from_iterable(VM *vm, Value iterable, bool frozen);
// The frozenset that CPython's compiler makes of a set display of three or more constants; the set is then an empty one
// updated with it. (It goes through two frozensets, which decides the order of iteration.) Runs no script.
Set *set_of_constants(VM *vm, const Value *items, size_t count);
Set *set_copy(VM *vm, Set *set, bool frozen);
// The operators with any iterable on the right. [script]
int set_difference_update(VM *vm, Set *set, Value other);           // 1, -1
int set_symmetric_difference_update(VM *vm, Set *set, Value other); // 1, -1
int set_intersection_update(VM *vm, Set *set, Value other);         // 1, -1
Set *set_intersection(VM *vm, Set *set, Value other, bool frozen);
Set *set_difference(VM *vm, Set *set, Value other, bool frozen);
Set *set_symmetric_difference(VM *vm, Set *set, Value other, bool frozen);
int set_is_subset(VM *vm, Set *set, Set *other); // 1, 0, -1
bool set_methods_init(VM *vm); // set_methods.c

extern const TypeOps set_ops;
bool set_class_init(VM *vm);

#endif

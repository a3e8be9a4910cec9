// What the files of the module itertools share.
#ifndef AIOLI_MODULES_ITERTOOLS_INTERNAL_H
#define AIOLI_MODULES_ITERTOOLS_INTERNAL_H

#include "modules/library.h"
#include "object/container/list.h"
#include "object/container/step.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/function/generic_alias.h"
#include "object/shared/builtin.h"

typedef struct {
    const char *name;
    const TypeOps *ops;
    size_t size;
    const NativeDefinition *methods;
    const char *doc;
} IteratorClass;

extern const IteratorClass itertools_endless[];  // count, cycle, repeat
extern const IteratorClass itertools_passing[];  // those that hand on one source's items, or some of them
extern const IteratorClass itertools_joining[];  // those of several sources, and of several items at once
extern const IteratorClass itertools_choosing[]; // product and the combinations
bool itertools_groups_add(VM *vm, Dict *namespace); // groupby, tee

// ---- Copies and pickles, which CPython 3.13 has and warns of.

// What __reduce__ returns: the class, what it is called with and, unless it is VALUE_EMPTY, the state for __setstate__.
Value itertools_reduced(VM *vm, Value self, const Value *arguments, size_t count, Value state);
// The warning of __setstate__. False where it is an exception.
bool itertools_warn_of_copy(VM *vm);
// The tuple of so many values that a state is. NULL with TypeError.
Tuple *itertools_state(VM *vm, Value state, size_t least, size_t most);
// An iterator over nothing.
Value itertools_nothing(VM *vm);

// The end of an iterator that returns nothing.
static inline Value stop_iteration(VM *vm) {
    vm->stop_value = VALUE_NONE;
    return VALUE_STOP;
}
static inline Value iterator_itself(VM *vm, Value self) { return self; }

// A fresh object of the class that a __new__ got, or NULL with MemoryError.
static inline void *instance_new(VM *vm, Value cls, size_t size) { return native_data_new(vm, (Class *)object_of(cls), size); }

#endif

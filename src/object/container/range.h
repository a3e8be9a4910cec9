// range and slice.
#ifndef AIOLI_OBJECT_RANGE_H
#define AIOLI_OBJECT_RANGE_H

#include "object/core/object.h"
#include "object/core/vm.h"

typedef struct {
    Object object;
    Value start, stop, step; // ints
    Value length;            // an int
} Range_;

typedef struct {
    Object object;
    Value start, stop, step;
} Slice;

Value range_new(VM *vm, Value start, Value stop, Value step); // ints; ValueError for step 0
Value slice_new(VM *vm, Value start, Value stop, Value step);
// Resolves a slice against a length as slice.indices does: start, stop clamped, step not 0, and how many items it
// picks. False on an error. [script]
bool slice_resolve(VM *vm, Value slice, size_t length, int64_t *start, int64_t *stop, int64_t *step, size_t *count);

extern const TypeOps range_ops;
extern const TypeOps slice_ops;
bool range_class_init(VM *vm);
bool slice_class_init(VM *vm);

#endif

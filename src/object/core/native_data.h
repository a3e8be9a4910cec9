// Objects of native modules and of hosts: any C struct that begins with a NativeData. All have the one layout
// KIND_NATIVE_DATA, so each object says itself which operations are its own.
#ifndef AIOLI_OBJECT_NATIVE_DATA_H
#define AIOLI_OBJECT_NATIVE_DATA_H

#include "object/core/class.h"
#include "object/core/object.h"
#include "object/core/vm.h"

typedef struct {
    Object object;
    const TypeOps *ops;
} NativeData;

// Makes a class whose instances have `size` bytes and these operations. The table must outlive the VM. NULL: out of
// memory.
Class *native_data_class(VM *vm, const char *module, const char *name, const TypeOps *ops, size_t size, uint32_t flags);

// A zeroed instance of the class or of a script's subclass of it. NULL with MemoryError.
void *native_data_new(VM *vm, Class *cls, size_t size);

// Whether v is an object of these operations: the test before a cast.
static inline bool is_native_data(Value v, const TypeOps *ops) {
    return is_kind(v, KIND_NATIVE_DATA) && ((NativeData *)object_of(v))->ops == ops;
}

extern const TypeOps native_data_ops;

#endif

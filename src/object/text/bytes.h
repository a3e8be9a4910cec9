// bytes, bytearray and memoryview.
#ifndef AIOLI_OBJECT_BYTES_H
#define AIOLI_OBJECT_BYTES_H

#include "object/core/object.h"
#include "object/core/vm.h"

typedef struct {
    Object object;
    uint64_t hash; // valid with flag 1
    size_t length;
    unsigned char data[];
} Bytes;

typedef struct {
    Object object;
    unsigned char *data; // side memory
    size_t length;
    size_t capacity;
} ByteArray;

typedef struct {
    Object object;
    Value owner; // bytes or bytearray; VALUE_NONE once released
    size_t start, length;
    int64_t step;
} MemoryView;

Bytes *bytes_new(VM *vm, const void *data, size_t length); // data NULL: zeroed
ByteArray *bytearray_new(VM *vm, const void *data, size_t length);
// The bytes of a bytes, bytearray or contiguous memoryview. False (nothing raised) for other values.
bool bytes_view(Value v, const unsigned char **data, size_t *length);

extern const TypeOps bytes_ops;
extern const TypeOps bytearray_ops;
extern const TypeOps memoryview_ops;
bool bytes_class_init(VM *vm);

#endif

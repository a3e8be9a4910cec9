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
    Value owner;          // the bytes or bytearray whose memory it is; VALUE_NONE once released
    Value exporter;       // what the script gave, which may keep its items in a bytearray
    Value made_by_script; // the view that a __buffer__ method gave; VALUE_EMPTY: none did
    size_t start;         // where the item is whose indexes are all 0
    size_t items;         // how many: the product of the shape
    uint8_t item;         // the bytes of one,
    char format;          // and its letter (item.h),
    bool has_sign;        // behind an '@'
    bool is_readonly;
    uint8_t dimensions;
    int64_t shape[]; // the lengths of the dimensions, then the distances in bytes between items along them
} MemoryView;

Bytes *bytes_new(VM *vm, const void *data, size_t length); // data NULL: zeroed
ByteArray *bytearray_new(VM *vm, const void *data, size_t length);
// The bytes of a bytes, bytearray or contiguous memoryview. False (nothing raised) for other values.
bool bytes_view(Value v, const unsigned char **data, size_t *length);
// The bytes of a bytearray, of a contiguous memoryview that can be written to, or of what memoryview() makes such a view of, which *v
// becomes then. False for other values, with nothing raised unless it is more than that. [script]
bool bytes_writable_view(VM *vm, Value *v, unsigned char **data, size_t *length);

extern const TypeOps bytes_ops;
extern const TypeOps bytearray_ops;
extern const TypeOps memoryview_ops;
bool bytes_class_init(VM *vm);

#endif

// Shared by bytes.c, bytes_methods.c, bytearray.c and memoryview.c.
#ifndef AIOLI_OBJECT_BYTES_INTERNAL_H
#define AIOLI_OBJECT_BYTES_INTERNAL_H

#include "object/container/iterator.h"
#include "object/shared/sequence.h"
#include "object/text/bytes.h"
#include "object/text/text_internal.h"

static inline Bytes *bytes_of(Value v) { return (Bytes *)object_of(v); }
static inline ByteArray *bytearray_of(Value v) { return (ByteArray *)object_of(v); }
static inline MemoryView *memoryview_of(Value v) { return (MemoryView *)object_of(v); }

// A new memoryview of all of a bytes or bytearray. VALUE_ERROR on failure.
Value memoryview_new(VM *vm, Value owner);
// The same with items of a format, of an object that keeps its items in the bytearray `owner`.
Value memoryview_of_items(VM *vm, Value owner, Value exporter, char format);
// What is asked of a __buffer__ method: all there is to know, or bytes in a row.
enum { BUFFER_SIMPLE = 0, BUFFER_FULL_READ_ONLY = 0x11C };
// memoryview(v). [script]
Value memoryview_from(VM *vm, Value v, int flags);
// The bytes of a view in any layout, or of what a __buffer__ method exports, which is released again. [script]
Value bytes_of_buffer(VM *vm, Value v, int flags);
// As bytes_view, also of a view in any layout and of an object with a __buffer__ method, for which *v becomes bytes of it. False with
// nothing raised (and *v unchanged) for others; false with an exception where the method fails. [script]
bool bytes_view_any(VM *vm, Value *v, const unsigned char **data, size_t *length);
// The bytes of all items of a view, in any layout. VALUE_ERROR with an exception.
Value memoryview_all(VM *vm, Value view);
// The bytes of a view whose items follow one another; false for others and when it has been released.
bool memoryview_bytes(const MemoryView *view, const unsigned char **data, size_t *length);

// An int from 0 to 255, as an item of bytes. [script]
bool byte_argument(VM *vm, Value v, unsigned char *out);

// The arguments of bytes(…) and bytearray(…) added to a buffer. args: source, encoding, errors. [script]
bool bytes_from_arguments(VM *vm, Value *args, Buffer *buffer, const char *type);

// What bytes and bytearray have in common.
void append_bytes_repr(Buffer *buffer, const unsigned char *data, size_t size, bool choose_quote);
Value bytes_compare(VM *vm, Comparison op, Value self, Value other);
int bytes_contains(VM *vm, Value self, Value item);
Value bytes_iterate(VM *vm, Value self);
Value bytes_hex(VM *vm, Value bytes, Value separator, Value group_argument); // [script]
// left % right for both. [script]
Value bytes_percent(VM *vm, Value format, Value arguments);

bool bytes_methods_init(VM *vm);
bool bytearray_class_init(VM *vm);
bool memoryview_class_init(VM *vm);
// Changes the size of a bytearray, leaving new bytes undefined. False with an error.
bool bytearray_resize(VM *vm, ByteArray *array, size_t size);

#endif

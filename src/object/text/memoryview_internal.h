// Shared by memoryview.c and memoryview_methods.c.
#ifndef AIOLI_OBJECT_MEMORYVIEW_INTERNAL_H
#define AIOLI_OBJECT_MEMORYVIEW_INTERNAL_H

#include "object/core/native.h"
#include "object/text/bytes_internal.h"

enum { MOST_DIMENSIONS = 64 };

static inline int64_t *view_strides(const MemoryView *view) { return (int64_t *)view->shape + view->dimensions; }

// A view like another one, with so many dimensions, whose shape and strides are still to be set. NULL with MemoryError.
MemoryView *view_new(VM *vm, const MemoryView *like, int dimensions);
MemoryView *view_copy(VM *vm, const MemoryView *like);
// The view, or NULL with ValueError when it has been released or its bytearray has shrunk.
MemoryView *view_live(VM *vm, Value self);
// Where the item is whose indexes are all 0.
unsigned char *view_base(const MemoryView *view);
bool view_is_contiguous(const MemoryView *view, bool from_first);
// The bytes of all items, the last index running fastest (or, `from_first`, the first one). NULL with MemoryError.
Bytes *view_to_bytes(VM *vm, const MemoryView *view, bool from_first);
// Whether two views have the same shape and equal items; -1: an exception is raised. [script]
int view_equal(VM *vm, const MemoryView *a, const MemoryView *b);

#endif

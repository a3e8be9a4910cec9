// The one door to the system's memory. Everything below the VM takes an Allocator, so that a host can bring its
// own, a cap can be enforced, and a test can make any single allocation fail.
#ifndef AIOLI_BASE_MEMORY_H
#define AIOLI_BASE_MEMORY_H

#include <stddef.h>

typedef struct Allocator Allocator;

// Resizes a block as realloc does: `block` may be NULL (then old_size is 0); a new_size of 0 frees it and returns
// NULL. Sizes are in bytes; old_size is what the block was last sized to. Returns NULL when memory is short, and the
// old block is then untouched.
typedef void *(*ResizeFunction)(Allocator *allocator, void *block, size_t old_size, size_t new_size);

struct Allocator {
    ResizeFunction resize;
    void *user; // the resize function's own
};

// An allocator over the C library's realloc and free.
Allocator allocator_system(void);

// Shorthands. allocate() returns NULL when memory is short.
static inline void *allocate(Allocator *allocator, size_t size) {
    return allocator->resize(allocator, NULL, 0, size);
}
static inline void *reallocate(Allocator *allocator, void *block, size_t old_size, size_t new_size) {
    return allocator->resize(allocator, block, old_size, new_size);
}
static inline void release(Allocator *allocator, void *block, size_t size) {
    if (block) allocator->resize(allocator, block, size, 0);
}

#endif

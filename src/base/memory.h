// The one door to the system's memory. Everything below the VM takes an Allocator, so that a host can bring its
// own, a cap can be enforced, and a test can make any single allocation fail.
#ifndef AIOLI_BASE_MEMORY_H
#define AIOLI_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Allocator Allocator;

// Resizes a block as realloc does: `block` may be NULL (then old_size is 0); a new_size of 0 frees it and returns
// NULL. Sizes are in bytes; old_size is what the block was last sized to. Returns NULL when memory is short, and the
// old block is then untouched.
typedef void *(*ResizeFunction)(Allocator *allocator, void *block, size_t old_size, size_t new_size);

struct Allocator {
    ResizeFunction resize;
    void *user;      // the resize function's own
    bool maps_pages; // large regions may come from memory_map instead
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

// Regions straight from the operating system. NULL when memory is short. memory_discard gives back the memory of a region's
// bytes, but for the first `keep`, until they are touched again; what they held is lost.
void *memory_map(size_t size);
void memory_unmap(void *block, size_t size);
void memory_discard(char *block, size_t size, size_t keep);
// Lets the system lay memory under a part of a region at once, which it does in a fraction of the time that it takes page after
// page when they are touched: in huge pages, several times cheaper still, where address and size are multiples of
// MEMORY_HUGE_PAGE. Where it can't, nothing happens.
enum { MEMORY_HUGE_PAGE = 2 * 1024 * 1024 };
void memory_prepare(char *block, size_t size);

#endif

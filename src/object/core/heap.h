// The heap: size-class pages, tracing, non-moving mark and sweep. Allocation is a free-list pop and never collects:
// the interpreter does that at its safepoints, when heap_wants_collection() says so. C code may therefore hold plain
// Values in locals, except across a call into a script (see RootScope in vm.h).
#ifndef AIOLI_OBJECT_HEAP_H
#define AIOLI_OBJECT_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "object/core/object.h"

enum {
    HEAP_GRANULE = 16,
    HEAP_SMALL_LIMIT = 512, // cells up to this many bytes live in pages; larger ones are blocks of their own
    HEAP_CLASS_COUNT = HEAP_SMALL_LIMIT / HEAP_GRANULE,
    HEAP_PAGE_SIZE = 32 * 1024,
};

typedef struct HeapPage HeapPage;
typedef struct LargeCell LargeCell;

// The pages of one cell size. New cells come from `free`, then from the fresh part of the newest page, then from the
// sweeping of a page that the last marking has left, then from a new page.
typedef struct {
    Object *free;      // free cells, linked through their second word
    char *fresh;       // never used cells of the newest page
    char *fresh_end;
    HeapPage *pages;   // all pages, newest first
    HeapPage *unswept; // the pages from here on are still to be swept after the last marking
} SizeClass;

typedef struct {
    Allocator allocator; // what the memory comes from
    Allocator counted;   // the same, counted against the cap: give this to buffers and tables that objects own
    SizeClass classes[HEAP_CLASS_COUNT + 1];
    LargeCell *large;
    size_t bytes;        // live and not yet swept, side memory included
    size_t threshold;    // bytes at which a collection is wanted
    size_t cap;          // bytes past which an allocation fails
    Object **gray;       // the mark stack
    size_t gray_count, gray_capacity;
    bool gray_overflow;  // an object was marked but did not fit: the heap must be rescanned
    int sweeping;        // size classes that have unswept pages
    uint64_t collections;
} Heap;

void heap_init(VM *vm, Allocator allocator);

// Whether the interpreter should collect at its next safepoint.
static inline bool heap_wants_collection(const Heap *heap) { return heap->bytes >= heap->threshold; }

// Frees every object (running the kinds' finalize) and every page.
void heap_free(VM *vm);

// A new object of `size` bytes, zeroed but for its header. Returns NULL with MemoryError raised when memory is short or
// the cap is reached.
void *heap_allocate(VM *vm, Shape *shape, Kind kind, size_t size);

// Marks an object that is reachable. For use by `trace` functions and hooks.trace.
void heap_mark_object(VM *vm, Object *object);
static inline void heap_mark(VM *vm, Value v) {
    if (is_object(v)) heap_mark_object(vm, object_of(v));
}

// Marks everything reachable and leaves the rest to be swept as cells are asked for. Only at a safepoint.
void heap_collect(VM *vm);

// Side memory that objects own (counted against the cap and towards the next collection). As Allocator's resize, but
// NULL also when the cap is reached; no exception is raised.
void *heap_resize(VM *vm, void *block, size_t old_size, size_t new_size);

// Every store of a Value into a field of a heap object that already may be old goes through here, so that a barrier can
// be added in one place.
static inline void heap_store(VM *vm, void *owner, Value *field, Value v) {
    (void)vm;
    (void)owner;
    *field = v;
}

#endif

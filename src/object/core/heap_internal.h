// What the heap's files share: pages, chunks, large cells.
#ifndef AIOLI_OBJECT_HEAP_INTERNAL_H
#define AIOLI_OBJECT_HEAP_INTERNAL_H

#include "object/core/heap.h"
#include "object/core/vm.h"

// A page of cells of one size. Cells are carved from its start as they are first asked for; what lies behind `carved` has
// never held an object.
struct HeapPage {
    HeapPage *next;           // in its size class's list of swept or unswept pages, or in the pool
    union {
        HeapPage *next_available; // see SizeClass
        HeapPage *previous;       // of a page of side memory
    };
    Object *free;             // free cells, while the page is not the class's current one
    uint32_t cell_size;       // 0: in the pool
    uint32_t carved;          // bytes of `cells` in use since the page joined its class
    uint32_t limit;           // bytes of whole cells that fit
    uint32_t swept_for;       // the marking that it was last swept for
    uint32_t free_bytes;      // of the cells in `free`
    uint16_t used;            // of a page of side memory: blocks
    bool is_side;             // it holds side memory, not objects
    bool is_held;             // in the pool, and its memory has not gone back to the system
    _Alignas(HEAP_GRANULE) char cells[];
};

enum { PAGE_CELLS = HEAP_PAGE_SIZE - sizeof(HeapPage) };
_Static_assert(offsetof(HeapPage, cells) == sizeof(HeapPage), "cells are aligned");

// Pages that were asked for at once.
struct HeapChunk {
    char *base;   // of the first page, aligned to the page size
    void *block;  // what the allocator gave
    size_t slack; // bytes of the block beside the pages, for the base's alignment
    size_t page_count;
    size_t pooled; // for heap_trim: its pages that are in the pool,
    bool goes;     // and whether it goes back
};

struct LargeCell {
    size_t size; // of the object
    Object object;
};
static inline size_t large_cell_size(size_t size) { return offsetof(LargeCell, object) + size; }

// ---- heap_page.c: where pages come from

// A page from the pool or a new chunk, with no cells. NULL when memory is short.
HeapPage *page_take(VM *vm);
void page_give(Heap *heap, HeapPage *page);
// Gives chunks of which no page is used back, and the memory of free pages, but for so many.
void heap_trim(VM *vm, size_t keep);
// Whether memory that is no page may be so much more, together with what the pool holds and little past the cap. The pool's memory is
// given back when that helps.
bool heap_makes_way(VM *vm, size_t size);
void chunks_free(Heap *heap);
// The page that an address lies in, or NULL.
HeapPage *page_at(Heap *heap, uintptr_t address);

// ---- heap_side.c

// As Allocator's resize, for blocks that nothing but their owner knows. NULL also past the cap.
void *side_resize(VM *vm, void *block, size_t old_size, size_t new_size);

// ---- heap.c

// Runs the kind's finalize.
void heap_finalize(VM *vm, Object *o);
// Moves every page to the unswept ones, after a marking.
void heap_begin_sweep(VM *vm);
// Calls visit with every object. Only when nothing is left to sweep.
void heap_for_every_object(VM *vm, void (*visit)(VM *, Object *));

// ---- Cells that hold no object: header 0, then the link of the free list. A build that looks for misuse fills the rest,
// tells AddressSanitizer, and keeps a dead cell for some markings before it is used again: its header then holds the
// marking it died in, below KIND_FREE.
#ifdef HEAP_POISON
#include <sanitizer/asan_interface.h>
#define UNCHECKED __attribute__((no_sanitize("address")))
#else
#define UNCHECKED
#define __asan_poison_memory_region(address, size) ((void)(address), (void)(size))
#define __asan_unpoison_memory_region(address, size) ((void)(address), (void)(size))
#endif

UNCHECKED static inline uint64_t cell_header(const Object *cell) { return cell->header; }
UNCHECKED static inline void cell_set_header(Object *cell, uint64_t header) { cell->header = header; }
static inline bool header_is_free(uint64_t header) { return (header >> OBJECT_KIND_SHIFT & 0xFF) == KIND_FREE; }

#endif

// The heap: size-class pages in chunks, tracing, non-moving mark and sweep. Allocation is a free-list pop and never collects:
// that happens at safepoints (vm.h), where what a native holds in C locals is found by scanning its part of the C stack.
//
// What must hold, always:
//   - A cell is taken only from a page that has been swept since the last marking. So each page keeps its own free cells and
//     the number of the marking it was swept for; a size class takes cells from one such page at a time.
//   - Between collections no mark bit is set on a swept page, and every object on an unswept page that is unmarked is garbage.
//   - What lives is counted when it is marked. The next collection comes when as much has been allocated since then as lives
//     (at least HEAP_LEAST_BUDGET), however far the sweep has got.
//   - A new page is taken only when no unswept page is left: garbage makes room before the heap grows.
#ifndef AIOLI_OBJECT_HEAP_H
#define AIOLI_OBJECT_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "object/core/object.h"

enum {
    HEAP_GRANULE = 16,
    HEAP_SMALL_LIMIT = 512, // cells up to this many bytes live in pages; larger ones are blocks of their own
    HEAP_CLASS_COUNT = HEAP_SMALL_LIMIT / HEAP_GRANULE,
    HEAP_MEDIUM_COUNT = 14, // further classes of blocks of side memory
    HEAP_PAGE_SIZE = 16 * 1024,
    HEAP_LEAST_BUDGET = 4 * 1024 * 1024,
};

typedef struct HeapPage HeapPage;
typedef struct HeapChunk HeapChunk;
typedef struct LargeCell LargeCell;

// The pages of one cell size.
typedef struct {
    Object *free;        // free cells of `current`, linked through their second word
    HeapPage *current;   // the page that new cells come from, or NULL
    HeapPage *available; // swept pages with free cells, linked by next_available; not `current`
    HeapPage *swept;     // all pages that were swept for the last marking, `current` and `available` ones included
    HeapPage *unswept;   // pages that were not
} SizeClass;

typedef struct {
    Allocator allocator;  // what the memory comes from
    Allocator counted;    // the same, counted against the cap: give this to buffers and tables that objects own
    SizeClass classes[HEAP_CLASS_COUNT + 1];
    LargeCell **large;    // in no order, or by address when large_sorted
    size_t large_count, large_capacity;
    bool large_sorted;
    HeapChunk *chunks;    // by address
    size_t chunk_count, chunk_capacity;
    size_t page_count;    // of all chunks
    char *fresh, *fresh_end; // pages of the newest chunk that were never used,
    char *prepared;          // and how far the system has been told that they will be
    HeapPage *side_pages[HEAP_CLASS_COUNT + 1 + HEAP_MEDIUM_COUNT]; // of blocks of one class of side memory, those with free ones
    HeapPage *pool;       // used pages that are in no size class now
    size_t pool_count;
    size_t pool_held;     // of them, whose memory has not gone back to the system
    size_t bytes;         // of pages in a size class, large cells and side memory: what the cap is about
    size_t cap;           // `bytes` past which an allocation fails
    size_t largest;       // bytes of a single allocation past which it fails
    bool refused;         // a MemoryError wants the next collection
    uint32_t vain;        // such collections, one after another, that have freed next to nothing
    size_t limit;         // the cap with what is kept in reserve for handlers of MemoryError
    int64_t allocated;    // bytes allocated since the last marking, less what its owners have freed again
    uint64_t allocated_before; // the same of all earlier markings together
    int64_t budget;       // `allocated` at which the next collection is wanted
    size_t live;          // bytes of the cells that the last marking marked
    size_t side;          // bytes of side memory now
    size_t side_marked;   // of it at the last marking
    size_t side_swept;    // freed since by the sweep
    size_t sweep_debt;    // bytes of side memory allocated since pages were last swept for it
    uint32_t marking;     // the number of the last marking
    int unswept_classes;  // size classes that have unswept pages
    bool sweeping;        // a finaliser runs
    Object **gray;        // the mark stack
    size_t gray_count, gray_capacity;
    struct ValueRows *rows; // what is left of long tables that are being marked
    size_t row_count, row_capacity;
    bool gray_overflow;   // an object was marked but did not fit: the heap must be rescanned
    uint64_t collections;
#ifdef AIOLI_GC_STRESS
    uint64_t stressed;    // bytes of all objects that collections have left, summed up: what stress has cost so far
    uint64_t stress_state; // of the generator that chooses safepoints
#endif
} Heap;

void heap_init(VM *vm, Allocator allocator);

// Limits the heap to so many bytes. A part of them is kept in reserve, so that whoever catches a MemoryError has something to
// work with though memory stays full: it is given out when one is raised, and taken back by the first collection that leaves
// as much free below the cap.
void heap_set_limit(VM *vm, size_t limit);
void heap_give_reserve(VM *vm);

// Frees every object (running the kinds' finalize) and every page.
void heap_free(VM *vm);

// Whether a collection is due.
static inline bool heap_wants_collection(const Heap *heap) { return heap->allocated >= heap->budget; }

// The slow half of an allocation: sweeps, or takes a new page, or a block of its own for what is large. NULL with MemoryError
// raised when memory is short or the cap is reached. The cell's content is undefined.
Object *heap_refill(VM *vm, size_t size);

static inline Object **heap_free_link(Object *cell) { return (Object **)((char *)cell + 8); }

// A free cell's bytes are not to be touched: a build that looks for misuse tells AddressSanitizer so.
#if defined(__SANITIZE_ADDRESS__)
#define HEAP_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEAP_POISON 1
#endif
#endif
#ifdef HEAP_POISON
Object *heap_take_checked(VM *vm, size_t size);
#endif

// heap_allocate, heap_allocate_raw and heap_mark are in vm.h.

// Rows of `stride` Values, of which the first `width` are marked: the items of a list, the keys and values of a dict's entries. Where
// there are many, they are marked piece by piece, so that the mark stack need not hold them all. They stay where they are while
// their owner is being marked.
typedef struct ValueRows {
    const Value *at;
    size_t count;
    uint32_t stride, width;
} ValueRows;
void heap_mark_rows(VM *vm, const Value *at, size_t count, uint32_t stride, uint32_t width);
static inline void heap_mark_values(VM *vm, const Value *at, size_t count) { heap_mark_rows(vm, at, count, 1, 1); }

// heap_mark's way when the mark stack is full: makes it larger, or notes that the heap must be looked through again.
void heap_mark_slow(VM *vm, Object *object);

// The object whose cell contains the address, or NULL. Only while nothing is left to sweep.
Object *heap_object_at(Heap *heap, uintptr_t address);

// Marks everything reachable and leaves the rest to be swept as cells are asked for. Only at a safepoint (vm_collect).
void heap_collect(VM *vm);

// Ends the sweep of the last marking: what it left is freed, and empty pages go back to the system.
void heap_finish_sweep(VM *vm);

// Side memory that objects own (counted against the cap and towards the next collection). As Allocator's resize, but
// NULL also when the cap is reached; no exception is raised.
void *heap_resize(VM *vm, void *block, size_t old_size, size_t new_size);

// Counts memory that a library allocates by itself against the cap and towards the next collection: `size` bytes more, or less when negative.
void heap_count_side(VM *vm, int64_t size);

// Whether so many more bytes would stay below the cap. Ends the sweep when that may help.
bool heap_has_room(VM *vm, size_t size);

// Every store of a Value into a field of a heap object that already may be old goes through here, so that a barrier can
// be added in one place.
static inline void heap_store(VM *vm, void *owner, Value *field, Value v) {
    (void)vm;
    (void)owner;
    *field = v;
}

#endif

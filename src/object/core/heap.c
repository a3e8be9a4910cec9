// Allocation and sweeping. Marking is in heap_mark.c, pages come from heap_page.c.
#include "object/core/heap_internal.h"

#include <assert.h>
#include <string.h>

#include "object/core/errors.h"

static void *counted_resize(Allocator *allocator, void *block, size_t old_size, size_t new_size) {
    return heap_resize(allocator->user, block, old_size, new_size);
}

void heap_init(VM *vm, Allocator allocator) {
    Heap *heap = &vm->heap;
    *heap = (Heap){.allocator = allocator, .budget = HEAP_LEAST_BUDGET, .cap = SIZE_MAX, .limit = SIZE_MAX, .largest = SIZE_MAX};
    heap->counted = (Allocator){.resize = counted_resize, .user = vm};
}

// ---- The limit

// Twice what may be allocated with memory full before a collection is wanted (see budget_for): half for the handler, and half
// for what comes after it, up to the collection that finds what it has let go.
static size_t cap_below(size_t limit) { return limit == SIZE_MAX ? limit : limit - limit / 32; }

void heap_set_limit(VM *vm, size_t limit) {
    vm->heap.limit = limit;
    vm->heap.cap = cap_below(limit);
}

void heap_give_reserve(VM *vm) { vm->heap.cap = vm->heap.limit; }

// Not when the heap has just stayed below the cap: so it does whenever a MemoryError is raised.
static void take_reserve_back(Heap *heap) {
    size_t cap = cap_below(heap->limit);
    if (heap->bytes <= cap - (heap->limit - cap)) heap->cap = cap;
}

// ---- Sweeping

void heap_finalize(VM *vm, Object *o) {
    const TypeOps *ops = vm->ops[object_kind(o)];
    if (ops && ops->finalize) {
        vm->heap.sweeping = true;
        ops->finalize(vm, o);
        vm->heap.sweeping = false;
    }
}

#ifdef AIOLI_GC_STRESS
// Markings for which a dead cell is left alone, so that whoever still uses it is found out.
enum { QUARANTINE = 100 };
#endif

// Puts a cell that holds no object on its page's free list. Its bytes are not to be touched from now on.
UNCHECKED static void cell_free(HeapPage *page, Object *cell) {
    cell->header = 0;
    *heap_free_link(cell) = page->free;
    page->free = cell;
    page->free_bytes += page->cell_size;
    __asan_poison_memory_region(cell, page->cell_size);
}

// The end of an object: its cell goes on the free list, in a stressed build after some more markings.
static void cell_die(VM *vm, HeapPage *page, Object *cell) {
    heap_finalize(vm, cell);
#ifdef AIOLI_GC_STRESS
    memset(cell, 0xDB, page->cell_size);
    cell->header = (uint64_t)vm->heap.marking;
    __asan_poison_memory_region(cell, page->cell_size);
#else
    cell_free(page, cell);
#endif
}

// Frees the unmarked cells of a page and unmarks the others. Returns how many objects are left.
static size_t sweep_cells(VM *vm, HeapPage *page) {
    Heap *heap = &vm->heap;
    size_t left = 0;
    page->free = NULL;
    page->free_bytes = 0;
    // From the end, so that the free list goes up the page.
    for (char *at = page->cells + page->carved; at > page->cells;) {
        at -= page->cell_size;
        Object *cell = (Object *)at;
        uint64_t header = cell_header(cell);
        if (header & OBJECT_MARKED) {
            cell_set_header(cell, header & ~OBJECT_MARKED);
            left++;
        } else if (!header_is_free(header)) {
            cell_die(vm, page, cell);
#ifdef AIOLI_GC_STRESS
            left++;
        } else if (header && heap->marking - (uint32_t)header < QUARANTINE) {
            left++;
#endif
        } else {
            cell_free(page, cell);
        }
    }
    page->swept_for = heap->marking;
    return left;
}

static void sweep_done(VM *vm);

// Sweeps one page of a class: it joins the swept ones, or the pool when nothing on it lives. False: there was none.
static bool sweep_one_page(VM *vm, SizeClass *size_class) {
    HeapPage *page = size_class->unswept;
    if (!page) return false;
    size_class->unswept = page->next;
    if (sweep_cells(vm, page) == 0) {
        page_give(&vm->heap, page);
    } else {
        page->next = size_class->swept;
        size_class->swept = page;
        if (page->free || page->carved < page->limit) {
            page->next_available = size_class->available;
            size_class->available = page;
        }
    }
    if (!size_class->unswept && --vm->heap.unswept_classes == 0) sweep_done(vm);
    return true;
}

// Sweeps a few pages of any classes.
static void sweep_some(VM *vm, int pages) {
    Heap *heap = &vm->heap;
    for (int i = 0; i <= HEAP_CLASS_COUNT && pages && heap->unswept_classes; i++)
        while (pages && sweep_one_page(vm, &heap->classes[i])) pages--;
}

void heap_finish_sweep(VM *vm) {
    Heap *heap = &vm->heap;
    for (int i = 0; i <= HEAP_CLASS_COUNT && heap->unswept_classes; i++)
        while (sweep_one_page(vm, &heap->classes[i])) {}
}

static int64_t budget_for(const Heap *heap, size_t live) {
    if (live < HEAP_LEAST_BUDGET) live = HEAP_LEAST_BUDGET;
    if (heap->cap != SIZE_MAX) {
        // Under a cap it may not be as much as lives: half of what is left, so that the last megabytes can be used too. But
        // not less than a small part of what lives, or all time would go into marking: the last such part can't be had.
        size_t least = live / 64 > HEAP_PAGE_SIZE ? live / 64 : HEAP_PAGE_SIZE;
        size_t left = heap->bytes < heap->cap ? (heap->cap - heap->bytes) / 2 : 0;
        if (live > left) live = left;
        if (live < least) live = least;
    }
    return live < INT64_MAX ? (int64_t)live : INT64_MAX;
}

// All garbage is gone, and with it its side memory: now it is known how much of that lives.
static void sweep_done(VM *vm) {
    Heap *heap = &vm->heap;
    size_t side = heap->side_marked > heap->side_swept ? heap->side_marked - heap->side_swept : 0;
    take_reserve_back(heap);
    heap->budget = budget_for(heap, heap->live + side);
    // What one budget takes will be asked for at once, and half as much again: pages of many size classes are not all full.
    heap_trim(vm, (size_t)heap->budget * 3 / 2 / HEAP_PAGE_SIZE);
}

void heap_begin_sweep(VM *vm) {
    Heap *heap = &vm->heap;
    heap->marking++;
    heap->unswept_classes = 0;
    for (int i = 0; i <= HEAP_CLASS_COUNT; i++) {
        SizeClass *size_class = &heap->classes[i];
        size_class->unswept = size_class->swept;
        size_class->swept = size_class->current = size_class->available = NULL;
        size_class->free = NULL;
        heap->unswept_classes += size_class->unswept != NULL;
    }
    if (heap->allocated > 0) heap->allocated_before += (uint64_t)heap->allocated;
    heap->allocated = 0;
    heap->sweep_debt = 0;
    heap->side_marked = heap->side;
    heap->side_swept = 0;
    heap->budget = budget_for(heap, heap->live);
    if (!heap->unswept_classes) sweep_done(vm);
}

// ---- Side memory

// Memory that is asked for is written to, and comes from the system or goes back to it: a quarter of a nanosecond each byte.
static size_t work_of_new_bytes(size_t bytes) { return bytes / 64; }

static void want_collection(VM *vm) {
    vm->collect = true;
    if (vm->fuel > 0) vm->fuel = 0;
}

// Counts what was asked for and what was freed, towards the next collection.
static void note_side(VM *vm, int64_t size) {
    Heap *heap = &vm->heap;
    heap->side += (size_t)size;
    if (heap->sweeping) {
        heap->side_swept -= (size_t)size;
        return;
    }
    heap->allocated += size;
    if (size <= 0) return;
    vm_count_work(vm, work_of_new_bytes((size_t)size));
    // Whoever allocates side memory alone must sweep too.
    if (heap->unswept_classes && (heap->sweep_debt += (size_t)size) >= HEAP_PAGE_SIZE) {
        sweep_some(vm, (int)(heap->sweep_debt / HEAP_PAGE_SIZE < 64 ? heap->sweep_debt / HEAP_PAGE_SIZE : 64) * 4);
        heap->sweep_debt = 0;
    }
    if (heap_wants_collection(heap)) want_collection(vm);
}

void heap_count_side(VM *vm, int64_t size) {
    vm->heap.bytes += (size_t)size;
    note_side(vm, size);
}

bool heap_has_room(VM *vm, size_t size) {
    Heap *heap = &vm->heap;
    if (size > heap->largest) return false;
    if (size <= heap->cap && heap->bytes <= heap->cap - size) return true;
    heap_finish_sweep(vm);
    return size <= heap->cap && heap->bytes <= heap->cap - size;
}

void *heap_resize(VM *vm, void *block, size_t old_size, size_t new_size) {
    if (new_size > old_size && new_size > vm->heap.largest) return NULL;
    void *result = side_resize(vm, block, old_size, new_size);
    if (!result && new_size) return NULL;
    note_side(vm, (int64_t)new_size - (int64_t)old_size);
    return result;
}

// ---- Allocation

// Cells that are carved at once: a page is touched only as far as it is used.
enum { CARVE_BYTES = 2048 };

static void page_carve(HeapPage *page) {
    uint32_t end = page->carved + CARVE_BYTES / page->cell_size * page->cell_size;
    if (end > page->limit) end = page->limit;
    for (uint32_t at = end; at > page->carved;) cell_free(page, (Object *)(page->cells + (at -= page->cell_size)));
    page->carved = end;
}

static HeapPage *page_new(VM *vm, SizeClass *size_class, uint32_t cell_size) {
    HeapPage *page = page_take(vm);
    if (!page) return NULL;
    page->cell_size = cell_size;
    page->limit = PAGE_CELLS / cell_size * cell_size;
    page->carved = 0;
    page->free = NULL;
    page->free_bytes = 0;
    page->is_side = false;
    page->swept_for = vm->heap.marking;
    page->next = size_class->swept;
    size_class->swept = page;
    return page;
}

// A page of the class with free cells, swept for the last marking.
static HeapPage *page_with_room(VM *vm, SizeClass *size_class, uint32_t cell_size) {
    Heap *heap = &vm->heap;
    // Twice as many other pages as are used are swept, so that a marking's sweep ends long before the next.
    if (heap->unswept_classes) sweep_some(vm, 2);
    while (!size_class->available && sweep_one_page(vm, size_class)) {}
    HeapPage *page = size_class->available;
    if (page) {
        size_class->available = page->next_available;
        return page;
    }
    while (!heap->pool && heap->unswept_classes) sweep_some(vm, 4);
    if (!heap_has_room(vm, HEAP_PAGE_SIZE)) return NULL;
    return page_new(vm, size_class, cell_size);
}

// Makes the class's free list non-empty, charging all of the cells that it then has.
static bool refill_small(VM *vm, SizeClass *size_class, uint32_t cell_size) {
    Heap *heap = &vm->heap;
    HeapPage *page = size_class->current;
    if (!page || page->carved == page->limit) {
        page = page_with_room(vm, size_class, cell_size);
        size_class->current = page;
        if (!page) return false;
        assert(page->swept_for == heap->marking && page->cell_size == cell_size);
    }
    if (!page->free) page_carve(page);
    size_class->free = page->free;
    page->free = NULL;
    heap->allocated += page->free_bytes;
    page->free_bytes = 0;
    return true;
}

static Object *allocate_large(VM *vm, size_t size) {
    Heap *heap = &vm->heap;
    if (size > SIZE_MAX / 2 || size > heap->largest) return NULL;
    if (heap->large_count == heap->large_capacity) {
        size_t capacity = heap->large_capacity ? heap->large_capacity * 2 : 64;
        LargeCell **grown = reallocate(&heap->allocator, heap->large, heap->large_capacity * sizeof *grown,
                                       capacity * sizeof *grown);
        if (!grown) return NULL;
        heap->large = grown;
        heap->large_capacity = capacity;
    }
    LargeCell *cell = side_resize(vm, NULL, 0, large_cell_size(size));
    if (!cell) return NULL;
    cell->size = size;
    heap->large[heap->large_count++] = cell;
    heap->large_sorted = false;
    heap->allocated += (int64_t)size;
    vm_count_work(vm, work_of_new_bytes(size));
    return &cell->object;
}

UNCHECKED static Object *pop_free(SizeClass *size_class, size_t cell_size) {
    Object *o = size_class->free;
    size_class->free = *heap_free_link(o);
    __asan_unpoison_memory_region(o, cell_size);
    return o;
}

Object *heap_refill(VM *vm, size_t size) {
    Object *o = NULL;
    if (size <= HEAP_SMALL_LIMIT) {
        uint32_t cell_size = (uint32_t)((size + HEAP_GRANULE - 1) & ~(size_t)(HEAP_GRANULE - 1));
        SizeClass *size_class = &vm->heap.classes[cell_size / HEAP_GRANULE];
        if (refill_small(vm, size_class, cell_size)) o = pop_free(size_class, cell_size);
    } else {
        o = allocate_large(vm, size);
    }
    if (heap_wants_collection(&vm->heap)) want_collection(vm);
    if (!o) raise_memory_error(vm);
    return o;
}

#ifdef HEAP_POISON
Object *heap_take_checked(VM *vm, size_t size) {
    if (size > HEAP_SMALL_LIMIT) return heap_refill(vm, size);
    SizeClass *size_class = &vm->heap.classes[(size + HEAP_GRANULE - 1) / HEAP_GRANULE];
    if (!size_class->free) return heap_refill(vm, size);
    return pop_free(size_class, (size + HEAP_GRANULE - 1) & ~(size_t)(HEAP_GRANULE - 1));
}
#endif

// ---- All objects

void heap_for_every_object(VM *vm, void (*visit)(VM *, Object *)) {
    Heap *heap = &vm->heap;
    for (int i = 0; i <= HEAP_CLASS_COUNT; i++)
        for (HeapPage *page = heap->classes[i].swept; page; page = page->next)
            for (char *at = page->cells; at < page->cells + page->carved; at += page->cell_size)
                if (!header_is_free(cell_header((Object *)at))) visit(vm, (Object *)at);
    for (size_t i = 0; i < heap->large_count; i++) visit(vm, &heap->large[i]->object);
}

void heap_free(VM *vm) {
    Heap *heap = &vm->heap;
    heap_finish_sweep(vm);
    heap_for_every_object(vm, heap_finalize);
    for (size_t i = 0; i < heap->large_count; i++)
        side_resize(vm, heap->large[i], large_cell_size(heap->large[i]->size), 0);
    release(&heap->allocator, heap->large, heap->large_capacity * sizeof *heap->large);
    heap_resize(vm, vm->interned.slots, vm->interned.capacity * sizeof(String *), 0);
    chunks_free(heap);
    release(&heap->allocator, heap->rows, heap->row_capacity * sizeof(ValueRows));
    release(&heap->allocator, heap->gray, heap->gray_capacity * sizeof(Object *));
}

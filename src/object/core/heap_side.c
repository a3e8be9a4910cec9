// Side memory: what objects own outside their cells, and the cells of objects that are too large for a page. Blocks of up to a
// page come from pages of their own: a list of three items costs no call of the C library, and whoever asks for blocks of one size and
// then of another does not leave holes in a place that is nobody's account. Larger ones come from the allocator. What counts against the cap is what is taken from elsewhere: whole
// pages, and the larger blocks.
#include "object/core/heap_internal.h"

#ifdef HEAP_POISON
// AddressSanitizer knows blocks of the C library only.
enum { SIDE_LIMIT = 0 };
#else
enum { SIDE_LIMIT = PAGE_CELLS / HEAP_GRANULE * HEAP_GRANULE };
#endif

// The sizes of medium blocks: as many fit a page as its part says.
#define PART(count) (PAGE_CELLS / (count) / HEAP_GRANULE * HEAP_GRANULE)
static const uint16_t medium_sizes[HEAP_MEDIUM_COUNT] = {PART(25), PART(20), PART(16), PART(13), PART(11), PART(9), PART(8),
                                                         PART(7),  PART(6),  PART(5),  PART(4),  PART(3),  PART(2),  PART(1)};
#undef PART

// Blocks of one size: pages with free blocks are linked both ways through `next` and `previous`, full ones in no list.
static size_t class_of_size(size_t size) {
    if (size <= HEAP_SMALL_LIMIT) return (size + HEAP_GRANULE - 1) / HEAP_GRANULE;
    size_t i = 0;
    while (size > medium_sizes[i]) i++;
    return HEAP_CLASS_COUNT + 1 + i;
}
static uint32_t size_of_class(size_t size_class) {
    return size_class <= HEAP_CLASS_COUNT ? (uint32_t)size_class * HEAP_GRANULE : medium_sizes[size_class - HEAP_CLASS_COUNT - 1];
}

static void link_page(HeapPage **first, HeapPage *page) {
    page->previous = NULL;
    page->next = *first;
    if (*first) (*first)->previous = page;
    *first = page;
}

static void unlink_page(HeapPage **first, HeapPage *page) {
    if (page->previous)
        page->previous->next = page->next;
    else
        *first = page->next;
    if (page->next) page->next->previous = page->previous;
}

static bool is_full(const HeapPage *page) { return !page->free && page->carved == page->limit; }

static void *small_allocate(VM *vm, size_t size_class) {
    Heap *heap = &vm->heap;
    HeapPage **first = &heap->side_pages[size_class];
    // Asking for room may end the sweep, which frees blocks.
    if (!*first && !heap_has_room(vm, HEAP_PAGE_SIZE)) return NULL;
    HeapPage *page = *first;
    if (!page) {
        page = page_take(vm);
        if (!page) return NULL;
        page->cell_size = size_of_class(size_class);
        page->limit = PAGE_CELLS / page->cell_size * page->cell_size;
        page->carved = page->used = 0;
        page->free = NULL;
        page->is_side = true;
        link_page(first, page);
    }
    void *block = page->free;
    if (block) {
        page->free = *(Object **)block;
    } else {
        block = page->cells + page->carved;
        page->carved += page->cell_size;
    }
    page->used++;
    if (is_full(page)) unlink_page(first, page);
    return block;
}

static void small_free(VM *vm, void *block, size_t size_class) {
    Heap *heap = &vm->heap;
    HeapPage *page = (HeapPage *)((uintptr_t)block & ~(uintptr_t)(HEAP_PAGE_SIZE - 1));
    HeapPage **first = &heap->side_pages[size_class];
    if (is_full(page)) link_page(first, page);
    *(Object **)block = page->free;
    page->free = block;
    // The last page with room stays: the next block may come at once.
    if (--page->used || (*first == page && !page->next)) return;
    unlink_page(first, page);
    page_give(heap, page);
}

// A block from or for the allocator.
static void *large_resize(VM *vm, void *block, size_t old_size, size_t new_size) {
    Heap *heap = &vm->heap;
    // While it grows, a block that is moved is there twice.
    if (new_size > old_size && (!heap_has_room(vm, new_size - old_size) || !heap_makes_way(vm, new_size))) return NULL;
    void *result = heap->allocator.resize(&heap->allocator, block, old_size, new_size);
    if (result || !new_size) heap->bytes += new_size - old_size;
    return result;
}

void *side_resize(VM *vm, void *block, size_t old_size, size_t new_size) {
    bool was_small = block && old_size <= SIDE_LIMIT, is_small = new_size && new_size <= SIDE_LIMIT;
    if (!was_small && !is_small) return large_resize(vm, block, block ? old_size : 0, new_size);
    if (was_small && is_small && class_of_size(old_size) == class_of_size(new_size)) return block;
    void *result = NULL;
    if (new_size) {
        result = is_small ? small_allocate(vm, class_of_size(new_size)) : large_resize(vm, NULL, 0, new_size);
        if (!result) return NULL;
        if (block) memcpy(result, block, old_size < new_size ? old_size : new_size);
    }
    if (was_small)
        small_free(vm, block, class_of_size(old_size));
    else if (block)
        large_resize(vm, block, old_size, 0);
    return result;
}

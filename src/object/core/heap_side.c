// Side memory: what objects own outside their cells. Small blocks come from pages of their own, so that a list of three items
// costs no call of the C library; larger ones from the allocator. What counts against the cap is what is taken from elsewhere: whole
// pages, and the larger blocks.
#include "object/core/heap_internal.h"

#ifdef HEAP_POISON
// AddressSanitizer knows blocks of the C library only.
enum { SIDE_LIMIT = 0 };
#else
enum { SIDE_LIMIT = HEAP_SMALL_LIMIT };
#endif

// Blocks of one size: pages with free blocks are linked both ways through `next` and `previous`, full ones in no list.
static size_t class_of_size(size_t size) { return (size + HEAP_GRANULE - 1) / HEAP_GRANULE; }

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
        page->cell_size = (uint32_t)(size_class * HEAP_GRANULE);
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
    size_t more = new_size > old_size ? new_size - old_size : 0;
    if (more && (!heap_has_room(vm, more) || !heap_makes_way(vm, more))) return NULL;
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

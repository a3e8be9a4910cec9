// Where the heap's pages come from: chunks of a megabyte, carved into pages; a pool of those that no size class uses.
#include "object/core/heap_internal.h"

#include "base/memory.h"

enum { LEAST_PAGES = 64, LEAST_PAGES_OF_HOST = 16, MOST_PAGES = 4096, LEAST_AHEAD = 64, MOST_AHEAD = 512,
       PAGES_IN_HUGE = MEMORY_HUGE_PAGE / HEAP_PAGE_SIZE,
       LEAST_HUGE = 2 * PAGES_IN_HUGE }; // a chunk of so many is made of huge pages: one is a quarter of the heap then at most

static size_t chunk_size(const HeapChunk *chunk) { return chunk->page_count * HEAP_PAGE_SIZE; }

static bool room_for_chunk(Heap *heap) {
    if (heap->chunk_count < heap->chunk_capacity) return true;
    size_t capacity = heap->chunk_capacity ? heap->chunk_capacity * 2 : 4;
    HeapChunk *grown = reallocate(&heap->allocator, heap->chunks, heap->chunk_capacity * sizeof(HeapChunk),
                                  capacity * sizeof(HeapChunk));
    if (!grown) return false;
    heap->chunks = grown;
    heap->chunk_capacity = capacity;
    return true;
}

static void chunk_release(Heap *heap, HeapChunk *chunk) {
    __asan_unpoison_memory_region(chunk->base, chunk_size(chunk));
    size_t size = chunk_size(chunk) + chunk->slack;
    if (heap->allocator.maps_pages)
        memory_unmap(chunk->block, size);
    else
        release(&heap->allocator, chunk->block, size);
}

// Asks for a chunk of so many pages. Nobody promises the alignment, so a page more is asked for, or a huge one where the chunk
// is made of such.
static bool chunk_request(Heap *heap, HeapChunk *chunk, size_t page_count) {
    size_t size = page_count * HEAP_PAGE_SIZE;
    bool huge = heap->allocator.maps_pages && page_count >= LEAST_HUGE && size % MEMORY_HUGE_PAGE == 0;
    size_t unit = huge ? MEMORY_HUGE_PAGE : HEAP_PAGE_SIZE;
    *chunk = (HeapChunk){.page_count = page_count, .slack = unit};
    chunk->block = heap->allocator.maps_pages ? memory_map(size + unit) : allocate(&heap->allocator, size + unit);
    chunk->base = (char *)(((uintptr_t)chunk->block + unit - 1) & ~(uintptr_t)(unit - 1));
    return chunk->block != NULL;
}

// Adds a chunk; all of its pages join the pool. Where untouched memory costs nothing a chunk is half of what there is,
// so that a large heap takes few calls of the system.
static bool add_chunk(Heap *heap) {
    if (!room_for_chunk(heap)) return false;
    // (What a host's own function gives may cost it something from the start.)
    size_t least = heap->allocator.maps_pages ? LEAST_PAGES : LEAST_PAGES_OF_HOST;
    size_t page_count = heap->page_count / (heap->allocator.maps_pages ? 2 : 16);
    if (page_count < least) page_count = least;
    if (page_count > MOST_PAGES) page_count = MOST_PAGES;
    if (heap->allocator.maps_pages && page_count >= LEAST_HUGE) page_count -= page_count % PAGES_IN_HUGE;
    HeapChunk chunk;
    if (!chunk_request(heap, &chunk, page_count) &&
        (page_count == least || !chunk_request(heap, &chunk, least)))
        return false;
    size_t at = heap->chunk_count++;
    for (; at && heap->chunks[at - 1].base > chunk.base; at--) heap->chunks[at] = heap->chunks[at - 1];
    heap->chunks[at] = chunk;
    heap->fresh = heap->prepared = chunk.base;
    heap->fresh_end = chunk.base + chunk_size(&chunk);
    heap->page_count += chunk.page_count;
    return true;
}

// A heap that has grown goes on growing: it asks for the memory of its next pages together, an eighth of what it has.
static void prepare_pages(Heap *heap) {
    size_t ahead = heap->page_count / 8;
    if (ahead < LEAST_AHEAD) ahead = LEAST_AHEAD;
    if (ahead > MOST_AHEAD) ahead = MOST_AHEAD;
    size_t size = ahead * HEAP_PAGE_SIZE, left = (size_t)(heap->fresh_end - heap->fresh);
    if ((uintptr_t)heap->fresh % MEMORY_HUGE_PAGE == 0) size = (size + MEMORY_HUGE_PAGE - 1) & ~(size_t)(MEMORY_HUGE_PAGE - 1);
    if (size > left) size = left;
    heap->prepared = heap->fresh + size;
    memory_prepare(heap->fresh, size);
}

HeapPage *page_take(VM *vm) {
    Heap *heap = &vm->heap;
    HeapPage *page = heap->pool;
    if (page) {
        heap->pool = page->next;
        heap->pool_count--;
        heap->pool_held -= page->is_held;
    } else {
        // Only when no page of the last chunk is left untouched is another one added.
        if (heap->fresh == heap->fresh_end && !add_chunk(heap)) return NULL;
        if (heap->fresh == heap->prepared && heap->chunk_count > 1 && heap->allocator.maps_pages) prepare_pages(heap);
        page = (HeapPage *)heap->fresh;
        heap->fresh += HEAP_PAGE_SIZE;
    }
    heap->bytes += HEAP_PAGE_SIZE;
    return page;
}

void page_give(Heap *heap, HeapPage *page) {
    __asan_unpoison_memory_region(page->cells, PAGE_CELLS);
    page->cell_size = 0;
    page->next = heap->pool;
    page->is_held = true;
    heap->pool = page;
    heap->pool_count++;
    heap->pool_held++;
    heap->bytes -= HEAP_PAGE_SIZE;
}

// The last chunk that begins at or below the address, or NULL.
static HeapChunk *chunk_below(Heap *heap, uintptr_t address) {
    size_t low = 0, high = heap->chunk_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)heap->chunks[middle].base <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? &heap->chunks[low - 1] : NULL;
}

HeapPage *page_at(Heap *heap, uintptr_t address) {
    HeapChunk *chunk = chunk_below(heap, address);
    if (!chunk || address - (uintptr_t)chunk->base >= chunk_size(chunk)) return NULL;
    uintptr_t page = address & ~(uintptr_t)(HEAP_PAGE_SIZE - 1);
    if (page >= (uintptr_t)heap->fresh && page < (uintptr_t)heap->fresh_end) return NULL; // never touched
    return (HeapPage *)page;
}

void heap_trim(VM *vm, size_t keep) {
    Heap *heap = &vm->heap;
    if (heap->pool_count <= keep) return;
    for (size_t i = 0; i < heap->chunk_count; i++) heap->chunks[i].pooled = 0;
    for (HeapPage *page = heap->pool; page; page = page->next) chunk_below(heap, (uintptr_t)page)->pooled++;
    size_t left = heap->pool_count;
    for (size_t i = 0; i < heap->chunk_count; i++) {
        HeapChunk *chunk = &heap->chunks[i];
        chunk->goes = chunk->pooled == chunk->page_count && left >= keep + chunk->page_count;
        if (chunk->goes) left -= chunk->page_count;
    }
    // The pool loses the pages of the chunks that go. Of the others `keep` stay ready; the memory of the rest goes back, but
    // for the page's own words.
    HeapPage *pool = NULL, *next;
    size_t count = 0;
    heap->pool_held = 0;
    for (HeapPage *page = heap->pool; page; page = next) {
        next = page->next;
        if (chunk_below(heap, (uintptr_t)page)->goes) continue;
        page->next = pool;
        pool = page;
        if (++count > keep && heap->allocator.maps_pages && page->is_held) {
            page->is_held = false;
            memory_discard((char *)page, HEAP_PAGE_SIZE, sizeof(HeapPage));
        }
        heap->pool_held += page->is_held;
    }
    heap->pool = pool;
    heap->pool_count = count;
    size_t kept = 0;
    for (size_t i = 0; i < heap->chunk_count; i++) {
        if (heap->chunks[i].goes) {
            heap->page_count -= heap->chunks[i].page_count;
            chunk_release(heap, &heap->chunks[i]);
        } else {
            heap->chunks[kept++] = heap->chunks[i];
        }
    }
    heap->chunk_count = kept;
}

bool heap_makes_way(VM *vm, size_t size) {
    Heap *heap = &vm->heap;
    if (heap->cap == SIZE_MAX) return true;
    size_t most = heap->limit + heap->limit / 32, taken = heap->bytes + size;
    if (taken + heap->pool_held * HEAP_PAGE_SIZE > most) heap_trim(vm, 0);
#ifdef HEAP_POISON
    return true; // what is dead is kept for a while, and all of it is in blocks of the C library: the pool can't be given back
#endif
    return taken + heap->pool_held * HEAP_PAGE_SIZE <= most;
}

void chunks_free(Heap *heap) {
    for (size_t i = 0; i < heap->chunk_count; i++) chunk_release(heap, &heap->chunks[i]);
    release(&heap->allocator, heap->chunks, heap->chunk_capacity * sizeof(HeapChunk));
    heap->chunk_count = heap->chunk_capacity = 0;
    heap->chunks = NULL;
}

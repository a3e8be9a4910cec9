#include "object/core/heap.h"

#include <string.h>

#include "object/container/dict.h"
#include "object/core/class.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/vm.h"
#include "object/text/str.h"

struct HeapPage {
    HeapPage *next;
    uint32_t cell_size;
    uint32_t padding;
    char cells[];
};

struct LargeCell {
    LargeCell *next;
    size_t size; // of the object
    Object object;
};

enum { FIRST_THRESHOLD = 4 * 1024 * 1024, PAGE_CELLS = HEAP_PAGE_SIZE - sizeof(HeapPage), SWEEP_AHEAD = 4 };

// A free cell has an all-zero header (kind KIND_FREE); its second word links the free list.
static Object **free_link(Object *cell) { return (Object **)((char *)cell + 8); }

static HeapPage *heap_page_of_cells(char *cells) { return (HeapPage *)(cells - offsetof(HeapPage, cells)); }

static void *counted_resize(Allocator *allocator, void *block, size_t old_size, size_t new_size) {
    return heap_resize(allocator->user, block, old_size, new_size);
}

void heap_init(VM *vm, Allocator allocator) {
    Heap *heap = &vm->heap;
    *heap = (Heap){.allocator = allocator, .threshold = FIRST_THRESHOLD, .cap = SIZE_MAX};
    heap->counted = (Allocator){.resize = counted_resize, .user = vm};
}

void *heap_resize(VM *vm, void *block, size_t old_size, size_t new_size) {
    Heap *heap = &vm->heap;
    if (new_size > old_size && (new_size - old_size > heap->cap || heap->bytes > heap->cap - (new_size - old_size)))
        return NULL;
    void *result = heap->allocator.resize(&heap->allocator, block, old_size, new_size);
    if (!result && new_size) return NULL;
    heap->bytes += new_size;
    heap->bytes -= old_size;
    if (heap->bytes >= heap->threshold) {
        vm->attention |= ATTENTION_COLLECT;
        vm->fuel = 0;
    }
    return result;
}

// ---- Allocation

static void free_object(VM *vm, Object *o) {
    const TypeOps *ops = vm->ops[object_kind(o)];
    if (ops && ops->finalize) ops->finalize(vm, o);
}

// Frees the unmarked cells of a page and unmarks the others.
static void sweep_page(VM *vm, SizeClass *size_class, HeapPage *page) {
    Heap *heap = &vm->heap;
    size_t cell_size = page->cell_size;
    char *end = page->cells + PAGE_CELLS / cell_size * cell_size;
    if (size_class->fresh_end && heap_page_of_cells(size_class->fresh_end - PAGE_CELLS / cell_size * cell_size) == page)
        end = size_class->fresh;
    for (char *at = page->cells; at < end; at += cell_size) {
        Object *cell = (Object *)at;
        if (cell->header & OBJECT_MARKED) {
            cell->header &= ~OBJECT_MARKED;
            continue;
        }
        if (!cell->header) continue; // is on the free list
        free_object(vm, cell);
        cell->header = 0;
        *free_link(cell) = size_class->free;
        size_class->free = cell;
        heap->bytes -= cell_size;
    }
}

// When the last page has been swept, what is left is what lives: the next collection comes when it has doubled.
static void sweep_done(VM *vm) {
    Heap *heap = &vm->heap;
    size_t threshold = heap->bytes < SIZE_MAX / 2 ? heap->bytes * 2 : SIZE_MAX;
    if (threshold < FIRST_THRESHOLD) threshold = FIRST_THRESHOLD;
    if (heap->cap != SIZE_MAX && threshold > heap->cap - heap->cap / 8) {
        size_t limit = heap->cap - heap->cap / 8;
        threshold = heap->bytes + (heap->bytes < limit ? (limit - heap->bytes) / 2 : (heap->cap - heap->bytes) / 4);
    }
    heap->threshold = threshold;
}

static bool sweep_one_page(VM *vm, SizeClass *size_class) {
    HeapPage *page = size_class->unswept;
    if (!page) return false;
    size_class->unswept = page->next;
    sweep_page(vm, size_class, page);
    if (!size_class->unswept && --vm->heap.sweeping == 0) sweep_done(vm);
    return true;
}

static void sweep_everything(VM *vm) {
    for (int i = 0; i <= HEAP_CLASS_COUNT; i++)
        while (sweep_one_page(vm, &vm->heap.classes[i])) {}
}

// Sweeps a few pages of other size classes, so that a marking's sweep ends even where nothing of a size is asked for.
static void sweep_ahead(VM *vm) {
    Heap *heap = &vm->heap;
    int left = SWEEP_AHEAD;
    for (int i = 0; i <= HEAP_CLASS_COUNT && left && heap->sweeping; i++)
        while (left && sweep_one_page(vm, &heap->classes[i])) left--;
}

static Object *refill(VM *vm, SizeClass *size_class, size_t cell_size) {
    Heap *heap = &vm->heap;
    while (!size_class->free && sweep_one_page(vm, size_class)) {}
    if (heap->sweeping) sweep_ahead(vm);
    if (size_class->free) {
        Object *cell = size_class->free;
        size_class->free = *free_link(cell);
        return cell;
    }
    HeapPage *page = heap->allocator.resize(&heap->allocator, NULL, 0, HEAP_PAGE_SIZE);
    if (!page) return NULL;
    page->cell_size = (uint32_t)cell_size;
    page->next = size_class->pages;
    size_class->pages = page;
    size_class->fresh = page->cells + cell_size;
    size_class->fresh_end = page->cells + PAGE_CELLS / cell_size * cell_size;
    return (Object *)page->cells;
}

static Object *allocate_large(VM *vm, size_t size) {
    Heap *heap = &vm->heap;
    if (size > SIZE_MAX / 2) return NULL;
    LargeCell *cell = heap->allocator.resize(&heap->allocator, NULL, 0, offsetof(LargeCell, object) + size);
    if (!cell) return NULL;
    cell->next = heap->large;
    cell->size = size;
    heap->large = cell;
    return &cell->object;
}

void *heap_allocate(VM *vm, Shape *shape, Kind kind, size_t size) {
    Heap *heap = &vm->heap;
    size_t cell_size = (size + HEAP_GRANULE - 1) & ~(size_t)(HEAP_GRANULE - 1);
    Object *o;
    if (__builtin_expect(size > heap->cap || heap->bytes > heap->cap - size, 0)) {
        raise_memory_error(vm);
        return NULL;
    }
    if (size <= HEAP_SMALL_LIMIT) {
        SizeClass *size_class = &heap->classes[cell_size / HEAP_GRANULE];
        if (size_class->free) {
            o = size_class->free;
            size_class->free = *free_link(o);
        } else if (size_class->fresh < size_class->fresh_end) {
            o = (Object *)size_class->fresh;
            size_class->fresh += cell_size;
        } else {
            o = refill(vm, size_class, cell_size);
        }
    } else {
        o = allocate_large(vm, size);
    }
    if (!o) {
        raise_memory_error(vm);
        return NULL;
    }
    heap->bytes += size <= HEAP_SMALL_LIMIT ? cell_size : size;
    if (heap->bytes >= heap->threshold) {
        vm->attention |= ATTENTION_COLLECT;
        vm->fuel = 0;
    }
    memset((char *)o + sizeof(Object), 0, size - sizeof(Object));
    o->header = (uint64_t)(uintptr_t)shape | (uint64_t)kind << OBJECT_KIND_SHIFT;
    return o;
}

// ---- Marking

void heap_mark_object(VM *vm, Object *object) {
    if (!object || object->header & OBJECT_MARKED) return;
    Heap *heap = &vm->heap;
    object->header |= OBJECT_MARKED;
    if (heap->gray_count == heap->gray_capacity) {
        size_t capacity = heap->gray_capacity ? heap->gray_capacity * 2 : 1024;
        Object **gray = heap->allocator.resize(&heap->allocator, heap->gray, heap->gray_capacity * sizeof(Object *),
                                               capacity * sizeof(Object *));
        if (!gray) {
            heap->gray_overflow = true;
            return;
        }
        heap->gray = gray;
        heap->gray_capacity = capacity;
    }
    heap->gray[heap->gray_count++] = object;
}

static void trace_object(VM *vm, Object *o) {
    Shape *shape = object_shape(o);
    if (shape) heap_mark_object(vm, (Object *)shape);
    const TypeOps *ops = vm->ops[object_kind(o)];
    if (ops && ops->trace) ops->trace(vm, o);
    if (object_flag(o, OBJECT_HAS_ATTRIBUTES)) heap_mark(vm, *object_attributes_place(o));
}

static void drain(VM *vm) {
    Heap *heap = &vm->heap;
    while (heap->gray_count) trace_object(vm, heap->gray[--heap->gray_count]);
}

// Calls visit with every object in the heap. Only when nothing is left to sweep.
static void for_every_object(VM *vm, void (*visit)(VM *, Object *)) {
    Heap *heap = &vm->heap;
    for (int i = 0; i <= HEAP_CLASS_COUNT; i++) {
        SizeClass *size_class = &heap->classes[i];
        for (HeapPage *page = size_class->pages; page; page = page->next) {
            size_t cell_size = page->cell_size;
            char *end = page->cells + PAGE_CELLS / cell_size * cell_size;
            if (size_class->fresh_end == end) end = size_class->fresh;
            for (char *at = page->cells; at < end; at += cell_size)
                if (((Object *)at)->header) visit(vm, (Object *)at);
        }
    }
    for (LargeCell *cell = heap->large; cell; cell = cell->next)
        if (cell->object.header) visit(vm, &cell->object);
}

static void retrace_marked(VM *vm, Object *o) {
    if (!(o->header & OBJECT_MARKED)) return;
    trace_object(vm, o);
    drain(vm);
}

static void mark_roots(VM *vm) {
    heap_mark(vm, vm->exception);
    heap_mark(vm, vm->stop_value);
    heap_mark(vm, vm->suspended_on);
    for (RootScope *scope = vm->roots; scope; scope = scope->outer)
        for (size_t i = 0; i < scope->count; i++) heap_mark(vm, scope->values[i]);
    Class **classes = (Class **)&vm->classes;
    for (size_t i = 0; i < sizeof vm->classes / sizeof(Class *); i++) heap_mark_object(vm, (Object *)classes[i]);
    classes = (Class **)&vm->exceptions;
    for (size_t i = 0; i < sizeof vm->exceptions / sizeof(Class *); i++) heap_mark_object(vm, (Object *)classes[i]);
    String **names = (String **)&vm->names;
    for (size_t i = 0; i < sizeof vm->names / sizeof(String *); i++) heap_mark_object(vm, (Object *)names[i]);
    heap_mark_object(vm, (Object *)vm->builtins);
    heap_mark_object(vm, (Object *)vm->modules);
    heap_mark(vm, vm->memory_error);
    for (int i = 0; i < vm->repr_depth && i < (int)(sizeof vm->repr_stack / sizeof(Value)); i++)
        heap_mark(vm, vm->repr_stack[i]);
    if (vm->hooks.trace) vm->hooks.trace(vm);
}

// The interned strings and the lists of subclasses are weak: what was not marked leaves them before it is freed.
static void forget_dead_strings(VM *vm) {
    struct StringTable *table = &vm->interned;
    size_t live = 0;
    for (size_t i = 0; i < table->capacity; i++) {
        String *s = table->slots[i];
        if (s && s->object.header & OBJECT_MARKED) live++;
    }
    if (live == table->count) return;
    for (size_t i = 0; i < table->capacity; i++) {
        String *s = table->slots[i];
        if (s && !(s->object.header & OBJECT_MARKED)) table->slots[i] = NULL;
    }
    size_t mask = table->capacity - 1;
    // Every survivor moves to the first free slot of its probe sequence, until none moves: each move brings it nearer to
    // its home, and when all stay, no sequence has a hole.
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < table->capacity; i++) {
            String *s = table->slots[i];
            if (!s) continue;
            table->slots[i] = NULL;
            size_t at = s->hash & mask;
            while (table->slots[at]) at = (at + 1) & mask;
            table->slots[at] = s;
            moved |= at != i;
        }
    }
    table->count = live;
}

static void forget_dead_subclasses(VM *vm, Class *cls) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < cls->subclass_count; i++) {
        Class *subclass = cls->subclasses[i];
        if (!(subclass->object.header & OBJECT_MARKED)) continue;
        cls->subclasses[kept++] = subclass;
        forget_dead_subclasses(vm, subclass);
    }
    cls->subclass_count = kept;
}

static void sweep_large(VM *vm) {
    Heap *heap = &vm->heap;
    LargeCell **link = &heap->large;
    while (*link) {
        LargeCell *cell = *link;
        if (cell->object.header & OBJECT_MARKED) {
            cell->object.header &= ~OBJECT_MARKED;
            link = &cell->next;
            continue;
        }
        *link = cell->next;
        heap->bytes -= cell->size;
        free_object(vm, &cell->object);
        heap->allocator.resize(&heap->allocator, cell, offsetof(LargeCell, object) + cell->size, 0);
    }
}

void heap_collect(VM *vm) {
    Heap *heap = &vm->heap;
    sweep_everything(vm); // what the last marking left
    heap->collections++;
    mark_roots(vm);
    drain(vm);
    while (heap->gray_overflow) {
        heap->gray_overflow = false;
        for_every_object(vm, retrace_marked);
    }
    forget_dead_strings(vm);
    forget_dead_subclasses(vm, vm->classes.object);
    sweep_large(vm);
    heap->sweeping = 0;
    for (int i = 0; i <= HEAP_CLASS_COUNT; i++) {
        SizeClass *size_class = &heap->classes[i];
        size_class->unswept = size_class->pages;
        // New cells still come out of the newest page's fresh part: it must not be swept when they are there.
        if (size_class->pages) {
            sweep_page(vm, size_class, size_class->pages);
            size_class->unswept = size_class->pages->next;
        }
        heap->sweeping += size_class->unswept != NULL;
    }
    heap->threshold = SIZE_MAX; // until the sweep has told what lives
    if (!heap->sweeping) sweep_done(vm);
    if (heap->cap != SIZE_MAX) sweep_everything(vm); // under a cap the true figure matters more than the pause
    vm->attention &= ~(uint32_t)ATTENTION_COLLECT;
}

void heap_free(VM *vm) {
    Heap *heap = &vm->heap;
    sweep_everything(vm);
    for_every_object(vm, free_object);
    for (int i = 0; i <= HEAP_CLASS_COUNT; i++) {
        for (HeapPage *page = heap->classes[i].pages; page;) {
            HeapPage *next = page->next;
            heap->allocator.resize(&heap->allocator, page, HEAP_PAGE_SIZE, 0);
            page = next;
        }
    }
    for (LargeCell *cell = heap->large; cell;) {
        LargeCell *next = cell->next;
        heap->allocator.resize(&heap->allocator, cell, offsetof(LargeCell, object) + cell->size, 0);
        cell = next;
    }
    heap->allocator.resize(&heap->allocator, heap->gray, heap->gray_capacity * sizeof(Object *), 0);
    heap->allocator.resize(&heap->allocator, vm->interned.slots, vm->interned.capacity * sizeof(String *), 0);
}

// Marking: the roots, what they lead to, and the C stack under natives.
#include "object/core/heap_internal.h"

#include <stdlib.h>

#include "object/container/dict.h"
#include "object/core/class.h"
#include "object/core/instance.h"
#include "object/core/weak.h"
#include "object/text/str.h"

// ---- Marking

// How many bytes of the heap an object's cell takes.
static size_t cell_bytes(const Object *o) {
    if (object_flag(o, OBJECT_LARGE))
        return ((const LargeCell *)((const char *)o - offsetof(LargeCell, object)))->size;
    return ((const HeapPage *)((uintptr_t)o & ~(uintptr_t)(HEAP_PAGE_SIZE - 1)))->cell_size;
}

// Under a cap the mark stack must not be what goes past it.
static size_t most_gray(const Heap *heap) {
    size_t most = heap->cap / 32 / sizeof(Object *);
    return most < 1024 ? 1024 : most;
}

void heap_mark_slow(VM *vm, Object *object) {
    Heap *heap = &vm->heap;
    size_t capacity = heap->gray_capacity ? heap->gray_capacity * 2 : 1024;
    Object **gray = capacity > most_gray(heap) ? NULL
                                               : reallocate(&heap->allocator, heap->gray, heap->gray_capacity * sizeof(Object *),
                                                            capacity * sizeof(Object *));
    if (gray) {
        heap->gray = gray;
        heap->gray_capacity = capacity;
        heap->gray[heap->gray_count++] = object;
    } else if (!(object->header & OBJECT_MARKED)) {
        object->header |= OBJECT_MARKED;
        heap->gray_overflow = true;
    }
}

enum { ROWS_AT_ONCE = 256 };

static void mark_rows_now(VM *vm, const Value *at, size_t count, uint32_t stride, uint32_t width) {
    for (size_t i = 0; i < count; i++, at += stride)
        for (uint32_t k = 0; k < width; k++) heap_mark(vm, at[k]);
}

static bool room_for_rows(Heap *heap) {
    if (heap->row_count < heap->row_capacity) return true;
    size_t capacity = heap->row_capacity ? heap->row_capacity * 2 : 64;
    if (capacity > most_gray(heap)) return false;
    ValueRows *rows =
        reallocate(&heap->allocator, heap->rows, heap->row_capacity * sizeof(ValueRows), capacity * sizeof(ValueRows));
    if (!rows) return false;
    heap->rows = rows;
    heap->row_capacity = capacity;
    return true;
}

void heap_mark_rows(VM *vm, const Value *at, size_t count, uint32_t stride, uint32_t width) {
    Heap *heap = &vm->heap;
    if (count <= ROWS_AT_ONCE || !room_for_rows(heap))
        mark_rows_now(vm, at, count, stride, width);
    else
        heap->rows[heap->row_count++] = (ValueRows){at, count, stride, width};
}

// Some more rows become gray. False: none are left.
static bool next_rows(VM *vm) {
    Heap *heap = &vm->heap;
    if (!heap->row_count) return false;
    ValueRows *rows = &heap->rows[heap->row_count - 1];
    size_t count = rows->count < ROWS_AT_ONCE ? rows->count : ROWS_AT_ONCE;
    const Value *at = rows->at;
    rows->at += count * rows->stride;
    rows->count -= count;
    if (!rows->count) heap->row_count--;
    mark_rows_now(vm, at, count, rows->stride, rows->width);
    return true;
}

static void trace_object(VM *vm, Object *o) {
    vm->heap.live += cell_bytes(o);
    Shape *shape = object_shape(o);
    if (shape && !(shape->object.header & OBJECT_MARKED)) heap_mark_object(vm, shape);
    const TypeOps *ops = vm->ops[object_kind(o)];
    if (ops && ops->trace) ops->trace(vm, o);
    if (object_flag(o, OBJECT_HAS_ATTRIBUTES)) heap_mark(vm, *object_attributes_place(o));
}

// Marks and traces until nothing is gray. Objects pass through a short queue between the stack and their tracing: time for
// the memory to come that heap_mark_object has asked for (Cher, Hosking and Vitek, 2004).
static void drain(VM *vm) {
    enum { AHEAD = 8 };
    Heap *heap = &vm->heap;
    Object *queue[AHEAD] = {NULL};
    for (size_t at = 0, waiting = 0; heap->gray_count || next_rows(vm) || waiting; at = (at + 1) % AHEAD) {
        Object *o = queue[at];
        queue[at] = heap->gray_count ? heap->gray[--heap->gray_count] : NULL;
        if (queue[at]) {
            waiting++;
            __builtin_prefetch(queue[at], 1);
        }
        if (!o) continue;
        waiting--;
        if (o->header & OBJECT_MARKED) continue;
        o->header |= OBJECT_MARKED;
        trace_object(vm, o);
    }
}

static void retrace_marked(VM *vm, Object *o) {
    if (!(o->header & OBJECT_MARKED)) return;
    vm->heap.live -= cell_bytes(o); // counted already, unless it was the one that did not fit
    trace_object(vm, o);
    drain(vm);
}

static void mark_roots(VM *vm) {
    weak_trace(vm);
    heap_mark(vm, vm->exception);
    heap_mark(vm, vm->stop_value);
    heap_mark(vm, vm->suspended_on);
    Class **classes = (Class **)&vm->classes;
    for (size_t i = 0; i < sizeof vm->classes / sizeof(Class *); i++) heap_mark_object(vm, (Object *)classes[i]);
    classes = (Class **)&vm->exceptions;
    for (size_t i = 0; i < sizeof vm->exceptions / sizeof(Class *); i++) heap_mark_object(vm, (Object *)classes[i]);
    String **names = (String **)&vm->names;
    for (size_t i = 0; i < sizeof vm->names / sizeof(String *); i++) heap_mark_object(vm, (Object *)names[i]);
    heap_mark_object(vm, (Object *)vm->builtins);
    heap_mark_object(vm, (Object *)vm->modules);
    heap_mark(vm, vm->memory_error);
    heap_mark(vm, vm->no_default);
    for (int i = 0; i < vm->repr_depth && i < (int)(sizeof vm->repr_stack / sizeof(Value)); i++)
        heap_mark(vm, vm->repr_stack[i]);
    if (vm->hooks.trace) vm->hooks.trace(vm);
}

// ---- The C stack

static int by_address(const void *a, const void *b) {
    const LargeCell *const *x = a, *const *y = b;
    return *x < *y ? -1 : *x > *y;
}

static Object *large_object_at(Heap *heap, uintptr_t address) {
    if (!heap->large_sorted) {
        qsort(heap->large, heap->large_count, sizeof *heap->large, by_address);
        heap->large_sorted = true;
    }
    size_t low = 0, high = heap->large_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)&heap->large[middle]->object <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low) return NULL;
    LargeCell *cell = heap->large[low - 1];
    return address - (uintptr_t)&cell->object < cell->size ? &cell->object : NULL;
}

Object *heap_object_at(Heap *heap, uintptr_t address) {
    HeapPage *page = page_at(heap, address);
    if (!page || (page->cell_size && page->is_side)) return heap->large_count ? large_object_at(heap, address) : NULL;
    uintptr_t offset = address - (uintptr_t)page->cells; // wraps for the page's own words, and is then too large
    if (!page->cell_size || offset >= page->carved) return NULL;
    Object *o = (Object *)(page->cells + offset / page->cell_size * page->cell_size);
    return header_is_free(cell_header(o)) ? NULL : o;
}

// Marks what the words of a stretch of the stack may mean: an address inside a cell, bare or boxed in a Value. The words are
// other functions' locals, of any kind: a mistaken one keeps an object for a while, and nothing more, since nothing moves.
UNCHECKED static void scan_words(VM *vm, const char *low, const char *high) {
    const uintptr_t *at = (const uintptr_t *)(((uintptr_t)low + sizeof(uintptr_t) - 1) & ~(sizeof(uintptr_t) - 1));
    for (; (const char *)(at + 1) <= high; at++) {
        uintptr_t word = *at;
        if (word >> 48 == VALUE_TAG_OBJECT >> 48)
            word &= VALUE_PAYLOAD;
        else if (word >> 48 || word < 4096)
            continue;
        Object *o = heap_object_at(&vm->heap, word);
        if (o) heap_mark_object(vm, o);
    }
}

static void mark_stack(VM *vm) {
    for (NativeSpan *span = vm->natives; span; span = span->outer)
        if (span->low) scan_words(vm, span->low, span->high);
}

// ---- What is held weakly

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

// ---- Large cells

// Frees the unmarked ones and unmarks the others.
static void sweep_large(VM *vm) {
    Heap *heap = &vm->heap;
    size_t kept = 0;
    for (size_t i = 0; i < heap->large_count; i++) {
        LargeCell *cell = heap->large[i];
        if (cell->object.header & OBJECT_MARKED) {
            cell->object.header &= ~OBJECT_MARKED;
            heap->large[kept++] = cell;
            continue;
        }
        heap_finalize(vm, &cell->object);
        side_resize(vm, cell, large_cell_size(cell->size), 0);
    }
    heap->large_count = kept;
}

static void mark_rest(VM *vm) {
    drain(vm);
    while (vm->heap.gray_overflow) {
        vm->heap.gray_overflow = false;
        heap_for_every_object(vm, retrace_marked);
    }
}

void heap_collect(VM *vm) {
    Heap *heap = &vm->heap;
    heap_finish_sweep(vm);
    size_t before = heap->bytes;
    heap->collections++;
    heap->live = 0;
    bool counts_stack = vm->hooks.begin_marking && vm->hooks.begin_marking(vm);
    mark_roots(vm);
    mark_rest(vm);
    if (counts_stack) {
        mark_stack(vm);
        mark_rest(vm);
    }
    // What lies on the C stack by chance shall not count there.
    while (vm->hooks.reconsider && vm->hooks.reconsider(vm)) mark_rest(vm);
    mark_stack(vm);
    mark_rest(vm);
    if (vm->hooks.rescue) {
        vm->hooks.rescue(vm);
        mark_rest(vm);
    }
    weak_rescue(vm);
    mark_rest(vm);
    weak_forget(vm);
    forget_dead_strings(vm);
    forget_dead_subclasses(vm, vm->classes.object);
    if (vm->hooks.forget) vm->hooks.forget(vm);
    heap_begin_sweep(vm);
    sweep_large(vm);
    // Under a cap the true figure matters more than the pause, and a stressed build wants to see misuse at once.
#ifdef AIOLI_GC_STRESS
    heap_finish_sweep(vm);
#endif
    if (heap->cap != SIZE_MAX) heap_finish_sweep(vm);
    if (heap->refused) {
        heap_finish_sweep(vm);
        heap->vain = heap->bytes + before / 64 > before ? heap->vain + 1 : 0;
        heap->refused = false;
    }
    vm->collect = false;
}

// With a frame of its own, below that of vm_collect, into which the registers went.
static __attribute__((noinline)) void collect_below(VM *vm) {
    vm->natives->low = __builtin_frame_address(0);
    heap_collect(vm);
    vm->natives->low = NULL;
}

__attribute__((noinline)) void vm_collect(VM *vm) {
    if (!vm->natives) return;
    __builtin_unwind_init(); // saves the registers that callers may hold Values in
    collect_below(vm);
    __asm__ volatile("" ::: "memory"); // no tail call: this frame must be there
}

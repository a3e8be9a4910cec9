#include "object/container/list_heap.h"

#include "object/core/errors.h"
#include "object/core/protocol.h"

// Whether a comes before b; -1 with an exception, also when the comparison has changed the list's length. [script]
static int before(VM *vm, const List *heap, size_t length, bool maximum, Value a, Value b) {
    int result;
    if (are_small(a, b))
        result = maximum ? small_of(b) < small_of(a) : small_of(a) < small_of(b);
    else
        result = maximum ? value_compare_bool(vm, COMPARISON_LT, b, a) : value_compare_bool(vm, COMPARISON_LT, a, b);
    if (result >= 0 && heap->length != length) return raise_runtime_error(vm, "list changed size during iteration"), -1;
    return result;
}

bool list_heap_rise(VM *vm, List *heap, size_t top, size_t at, bool maximum) {
    size_t length = heap->length;
    while (at > top) {
        size_t parent = (at - 1) / 2;
        int less = vm_poll(vm, 1) ? before(vm, heap, length, maximum, heap->items[at], heap->items[parent]) : -1;
        if (less < 0) return false;
        if (!less) break;
        Value item = heap->items[at];
        heap->items[at] = heap->items[parent];
        heap->items[parent] = item;
        at = parent;
    }
    return true;
}

// Down to a leaf along the lesser children, then up again, since an item that was taken from the end mostly belongs near it.
bool list_heap_sink(VM *vm, List *heap, size_t at, bool maximum) {
    size_t length = heap->length, top = at;
    while (2 * at + 1 < length) {
        size_t child = 2 * at + 1;
        if (child + 1 < length) {
            int less = vm_poll(vm, 1) ? before(vm, heap, length, maximum, heap->items[child], heap->items[child + 1]) : -1;
            if (less < 0) return false;
            child += !less;
        }
        Value item = heap->items[child];
        heap->items[child] = heap->items[at];
        heap->items[at] = item;
        at = child;
    }
    return list_heap_rise(vm, heap, top, at, maximum);
}

Value list_heap_pop(VM *vm, List *heap, bool maximum) {
    Value last = heap->items[--heap->length];
    if (!heap->length) return last;
    Value first = heap->items[0];
    heap->items[0] = last;
    return list_heap_sink(vm, heap, 0, maximum) ? first : VALUE_ERROR;
}

// The native part of the module heapq: a list whose item at k is no greater (for the functions on maxima: no smaller) than those
// at 2k+1 and 2k+2.
#include "modules/modules.h"
#include "object/container/list.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"

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

// Lets the item at `at` rise towards `top` as long as it comes before the one above it.
static bool rise(VM *vm, List *heap, size_t top, size_t at, bool maximum) {
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

// Puts the item at `at` where it belongs below: down to a leaf along the lesser children, then up again, since an item that was
// taken from the end mostly belongs near it.
static bool sink(VM *vm, List *heap, size_t at, bool maximum) {
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
    return rise(vm, heap, top, at, maximum);
}

// The list of an argument, or NULL with TypeError.
static List *heap_argument(VM *vm, Value v, const char *function, const char *which) {
    if (is_list(v)) return list_of(v);
    raise_type_error(vm, "%s() argument%s must be list, not %s", function, which, type_name(vm, v));
    return NULL;
}

static Value heappush(VM *vm, Value *args, size_t count) {
    List *heap = heap_argument(vm, args[0], "heappush", " 1");
    return heap && list_append(vm, heap, args[1]) && rise(vm, heap, 0, heap->length - 1, false) ? VALUE_NONE : VALUE_ERROR;
}

static Value pop(VM *vm, Value v, const char *function, bool maximum) {
    List *heap = heap_argument(vm, v, function, "");
    if (!heap) return VALUE_ERROR;
    if (!heap->length) return raise_index_error(vm, "index out of range");
    Value last = heap->items[--heap->length];
    if (!heap->length) return last;
    Value first = heap->items[0];
    heap->items[0] = last;
    return sink(vm, heap, 0, maximum) ? first : VALUE_ERROR;
}
static Value heappop(VM *vm, Value *args, size_t count) { return pop(vm, args[0], "heappop", false); }
static Value heappop_max(VM *vm, Value *args, size_t count) { return pop(vm, args[0], "_heappop_max", true); }

static Value replace(VM *vm, Value *args, const char *function, bool maximum) {
    List *heap = heap_argument(vm, args[0], function, " 1");
    if (!heap) return VALUE_ERROR;
    if (!heap->length) return raise_index_error(vm, "index out of range");
    Value first = heap->items[0];
    heap->items[0] = args[1];
    return sink(vm, heap, 0, maximum) ? first : VALUE_ERROR;
}
static Value heapreplace(VM *vm, Value *args, size_t count) { return replace(vm, args, "heapreplace", false); }
static Value heapreplace_max(VM *vm, Value *args, size_t count) { return replace(vm, args, "_heapreplace_max", true); }

static Value heappushpop(VM *vm, Value *args, size_t count) {
    List *heap = heap_argument(vm, args[0], "heappushpop", " 1");
    if (!heap) return VALUE_ERROR;
    if (!heap->length) return args[1];
    int less = value_compare_bool(vm, COMPARISON_LT, heap->items[0], args[1]);
    if (less <= 0) return less ? VALUE_ERROR : args[1];
    if (!heap->length) return raise_index_error(vm, "index out of range");
    Value first = heap->items[0];
    heap->items[0] = args[1];
    return sink(vm, heap, 0, false) ? first : VALUE_ERROR;
}

static Value heapify_as(VM *vm, Value v, const char *function, bool maximum) {
    List *heap = heap_argument(vm, v, function, "");
    if (!heap) return VALUE_ERROR;
    for (size_t i = heap->length / 2; i-- > 0;)
        if (i >= heap->length || !sink(vm, heap, i, maximum)) return VALUE_ERROR;
    return VALUE_NONE;
}
static Value heapify(VM *vm, Value *args, size_t count) { return heapify_as(vm, args[0], "heapify", false); }
static Value heapify_max(VM *vm, Value *args, size_t count) { return heapify_as(vm, args[0], "_heapify_max", true); }

static const NativeDefinition functions[] = {
    {"heappush", heappush, "heap, item, /", NATIVE_METHOD, "Adds an item to the heap."},
    {"heappop", heappop, "heap, /", NATIVE_METHOD, "Removes and returns the smallest item."},
    {"heapreplace", heapreplace, "heap, item, /", NATIVE_METHOD, "Removes and returns the smallest item, then adds another."},
    {"heappushpop", heappushpop, "heap, item, /", NATIVE_METHOD, "Adds an item, then removes and returns the smallest."},
    {"heapify", heapify, "heap, /", NATIVE_METHOD, "Makes a list a heap, in place."},
    {"_heappop_max", heappop_max, "heap, /", NATIVE_METHOD, "Removes and returns the largest item of a heap of maxima."},
    {"_heapreplace_max", heapreplace_max, "heap, item, /", NATIVE_METHOD, "Replaces the largest item of a heap of maxima."},
    {"_heapify_max", heapify_max, "heap, /", NATIVE_METHOD, "Makes a list a heap of maxima, in place."},
    {0}};

bool heapq_module_fill(VM *vm, ModuleObject *module) { return native_add_functions(vm, module->namespace, functions) > 0; }

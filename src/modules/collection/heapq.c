// The native part of the module heapq: a list whose item at k is no greater (for the functions on maxima: no smaller) than those
// at 2k+1 and 2k+2.
#include "modules/modules.h"
#include "object/container/list_heap.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"

// The list of an argument, or NULL with TypeError.
static List *heap_argument(VM *vm, Value v, const char *function, const char *which) {
    if (is_list(v)) return list_of(v);
    raise_type_error(vm, "%s() argument%s must be list, not %s", function, which, type_name(vm, v));
    return NULL;
}

static Value heappush(VM *vm, Value *args, size_t count) {
    List *heap = heap_argument(vm, args[0], "heappush", " 1");
    return heap && list_append(vm, heap, args[1]) && list_heap_rise(vm, heap, 0, heap->length - 1, false) ? VALUE_NONE : VALUE_ERROR;
}

static Value pop(VM *vm, Value v, const char *function, bool maximum) {
    List *heap = heap_argument(vm, v, function, "");
    if (!heap) return VALUE_ERROR;
    if (!heap->length) return raise_index_error(vm, "index out of range");
    return list_heap_pop(vm, heap, maximum);
}
static Value heappop(VM *vm, Value *args, size_t count) { return pop(vm, args[0], "heappop", false); }
static Value heappop_max(VM *vm, Value *args, size_t count) { return pop(vm, args[0], "_heappop_max", true); }

static Value replace(VM *vm, Value *args, const char *function, bool maximum) {
    List *heap = heap_argument(vm, args[0], function, " 1");
    if (!heap) return VALUE_ERROR;
    if (!heap->length) return raise_index_error(vm, "index out of range");
    Value first = heap->items[0];
    heap->items[0] = args[1];
    return list_heap_sink(vm, heap, 0, maximum) ? first : VALUE_ERROR;
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
    return list_heap_sink(vm, heap, 0, false) ? first : VALUE_ERROR;
}

static Value heapify_as(VM *vm, Value v, const char *function, bool maximum) {
    List *heap = heap_argument(vm, v, function, "");
    if (!heap) return VALUE_ERROR;
    for (size_t i = heap->length / 2; i-- > 0;)
        if (i >= heap->length || !list_heap_sink(vm, heap, i, maximum)) return VALUE_ERROR;
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

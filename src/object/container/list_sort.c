// list.sort: a stable merge sort. Runs of a few items are sorted by insertion, then merged; runs that are in
// order already are left as they are, so sorted input takes one pass.
#include "object/container/list.h"
#include "object/shared/builtin.h"

// What is compared, and the item that goes with it (the same without a key function).
typedef struct {
    Value key;
    Value item;
} SortEntry;

// How keys compare: known kinds need no protocol.
typedef enum { SORT_SMALL_INTS, SORT_FLOATS, SORT_STRINGS, SORT_ANY } SortMode;

enum { RUN_LENGTH = 12 };

// Whether a < b; -1 for an error. [script] for SORT_ANY
static inline int less(VM *vm, SortMode mode, const SortEntry *a, const SortEntry *b) {
    switch (mode) {
    case SORT_SMALL_INTS: return small_of(a->key) < small_of(b->key);
    case SORT_FLOATS: return float_of(a->key) < float_of(b->key);
    case SORT_STRINGS:
        vm_count_work(vm, work_of_bytes(string_of(a->key)->size));
        return string_order(string_of(a->key), string_of(b->key)) < 0;
    default: return value_compare_bool(vm, COMPARISON_LT, a->key, b->key);
    }
}

static inline int insertion_sort(VM *vm, SortMode mode, SortEntry *entries, size_t count) {
    for (size_t i = 1; i < count; i++) {
        SortEntry entry = entries[i];
        size_t at = i;
        // The entry stays in the array while it is compared (it must be reachable), so it moves by swaps.
        while (at > 0) {
            int before = less(vm, mode, &entries[at], &entries[at - 1]);
            if (before < 0) return -1;
            if (!before) break;
            entries[at] = entries[at - 1];
            entries[--at] = entry;
        }
    }
    return 1;
}

// Merges the sorted [0, middle) and [middle, count); `spare` has room for the first half.
static inline int merge(VM *vm, SortMode mode, SortEntry *entries, size_t middle, size_t count,
                        SortEntry *spare) {
    int ordered = less(vm, mode, &entries[middle], &entries[middle - 1]);
    if (ordered <= 0) return ordered < 0 ? -1 : 1;
    memcpy(spare, entries, middle * sizeof(SortEntry));
    size_t left = 0, right = middle, to = 0;
    int status = 1;
    while (left < middle && right < count) {
        if (!vm_poll(vm, 1)) {
            status = -1;
            break;
        }
        int before = less(vm, mode, &entries[right], &spare[left]);
        if (before < 0) {
            status = -1;
            break;
        }
        entries[to++] = before ? entries[right++] : spare[left++];
    }
    // What is left of the first half goes in front of what is left of the second (also after an error).
    memcpy(entries + to, spare + left, (middle - left) * sizeof(SortEntry));
    return status;
}

static inline __attribute__((always_inline)) int sort_mode(VM *vm, SortMode mode, SortEntry *entries,
                                                           size_t count, SortEntry *spare) {
    for (size_t start = 0; start < count; start += RUN_LENGTH) {
        size_t length = count - start < RUN_LENGTH ? count - start : RUN_LENGTH;
        if (!vm_poll(vm, RUN_LENGTH)) return -1;
        if (insertion_sort(vm, mode, entries + start, length) < 0) return -1;
    }
    for (size_t width = RUN_LENGTH; width < count; width *= 2) {
        for (size_t start = 0; start + width < count; start += 2 * width) {
            size_t length = count - start < 2 * width ? count - start : 2 * width;
            if (merge(vm, mode, entries + start, width, length, spare) < 0) return -1;
        }
    }
    return 1;
}

static SortMode choose_mode(VM *vm, const SortEntry *entries, size_t count) {
    bool small = true, floats = true, strings = true;
    vm_count_work(vm, count / 16);
    for (size_t i = 0; i < count && (small || floats || strings); i++) {
        Value key = entries[i].key;
        small = small && is_small(key);
        floats = floats && is_float(key);
        strings = strings && is_exact_string(vm, key);
    }
    return small ? SORT_SMALL_INTS : floats ? SORT_FLOATS : strings ? SORT_STRINGS : SORT_ANY;
}

// A strictly falling list is only reversed.
static int reverse_if_falling(VM *vm, SortMode mode, SortEntry *entries, size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (!vm_poll(vm, 1)) return -1;
        int falls = less(vm, mode, &entries[i], &entries[i - 1]);
        if (falls <= 0) return falls;
    }
    for (size_t i = 0, j = count; i + 1 < j; i++) {
        SortEntry entry = entries[i];
        entries[i] = entries[--j];
        entries[j] = entry;
    }
    return 1;
}

static int sort_entries(VM *vm, SortEntry *entries, size_t count, SortEntry *spare) {
    SortMode mode = choose_mode(vm, entries, count);
    int done = reverse_if_falling(vm, mode, entries, count);
    if (done) return done;
    switch (mode) {
    case SORT_SMALL_INTS: return sort_mode(vm, SORT_SMALL_INTS, entries, count, spare);
    case SORT_FLOATS: return sort_mode(vm, SORT_FLOATS, entries, count, spare);
    case SORT_STRINGS: return sort_mode(vm, SORT_STRINGS, entries, count, spare);
    default: return sort_mode(vm, SORT_ANY, entries, count, spare);
    }
}

static int make_keys(VM *vm, SortEntry *entries, size_t count, Value function) {
    for (size_t i = 0; i < count; i++) {
        Value argument = entries[i].item;
        Value key = vm_call(vm, function, &argument, 1, NULL);
        if (is_error(key)) return -1;
        entries[i].key = key;
    }
    return 1;
}

static void reverse_entries(SortEntry *entries, size_t count) {
    for (size_t i = 0, j = count; i + 1 < j; i++) {
        SortEntry entry = entries[i];
        entries[i] = entries[--j];
        entries[j] = entry;
    }
}

int list_sort(VM *vm, List *list, Value key, bool reverse) {
    size_t count = list->length;
    Value *items = list->items;
    size_t capacity = list->capacity;
    if (count < 1) return 1;
    SortEntry *entries = (SortEntry *)values_scratch(vm, count * 2 * (sizeof(SortEntry) / sizeof(Value)));
    if (!entries) return -1;
    SortEntry *spare = entries + count;
    for (size_t i = 0; i < count; i++) {
        if (!vm_poll(vm, 1)) return -1;
        entries[i] = (SortEntry){items[i], items[i]};
    }
    // Meanwhile the list looks empty; what a script adds to it is noticed and lost.
    list->items = NULL;
    list->length = list->capacity = 0;

    int status = is_none(key) ? 1 : make_keys(vm, entries, count, key);
    if (status > 0) {
        // Reversed before and after, equal items keep their order.
        if (reverse) reverse_entries(entries, count);
        status = sort_entries(vm, entries, count, spare);
        if (reverse) reverse_entries(entries, count);
    }
    for (size_t i = 0; i < count; i++) items[i] = entries[i].item;

    bool modified = list->items != NULL || list->length;
    heap_resize(vm, list->items, list->capacity * sizeof(Value), 0);
    list->items = items;
    list->length = count;
    list->capacity = capacity;
    if (status > 0 && modified) return raise_value_error(vm, "list modified during sort"), -1;
    return status;
}

// list.sort: a stable merge sort. Runs of a few items are sorted by insertion, then merged; runs that are in
// order already are left as they are, so sorted input takes one pass.
#include "object/container/list.h"
#include "object/shared/builtin.h"

// What is sorted are entries of `width` Values: 1, the item, which is compared itself; or 2, a key and the item that goes with it. Both
// widths and each mode get code of their own: what depends on them alone is inlined.
#define SORT_INLINE static inline __attribute__((always_inline))

// How keys compare: known kinds need no protocol. The keys of the later ones are tuples whose first items are of such a kind.
typedef enum { SORT_SMALL_INTS, SORT_FLOATS, SORT_STRINGS, SORT_ANY, SORT_BY_FIRST_INT, SORT_BY_FIRST_FLOAT, SORT_BY_FIRST_STRING } SortMode;

enum { RUN_LENGTH = 12 };

static inline Value first_of(Value key) { return tuple_of(key)->items[0]; }

// Whether the key a < b; -1 for an error. [script] but for keys of one kind
SORT_INLINE int less(VM *vm, SortMode mode, Value a, Value b) {
    switch (mode) {
    case SORT_SMALL_INTS: return small_of(a) < small_of(b);
    case SORT_FLOATS: return float_of(a) < float_of(b);
    case SORT_STRINGS:
        vm_count_work(vm, work_of_bytes(string_of(a)->size));
        return string_order(string_of(a), string_of(b)) < 0;
    case SORT_BY_FIRST_INT: {
        int64_t x = small_of(first_of(a)), y = small_of(first_of(b));
        if (x != y) return x < y;
        break;
    }
    case SORT_BY_FIRST_FLOAT: {
        double x = float_of(first_of(a)), y = float_of(first_of(b));
        if (x != y && !value_same(first_of(a), first_of(b))) return x < y;
        break;
    }
    case SORT_BY_FIRST_STRING: {
        String *x = string_of(first_of(a)), *y = string_of(first_of(b));
        vm_count_work(vm, work_of_bytes(x->size));
        int order = string_order(x, y);
        if (order) return order < 0;
        break;
    }
    default: break;
    }
    return value_compare_bool(vm, COMPARISON_LT, a, b);
}

SORT_INLINE void move(Value *to, const Value *from, size_t width) {
    to[0] = from[0];
    if (width == 2) to[1] = from[1];
}

SORT_INLINE int insertion_sort(VM *vm, SortMode mode, size_t width, Value *entries, size_t count) {
    for (size_t i = 1; i < count; i++) {
        Value entry[2];
        Value *at = entries + i * width;
        move(entry, at, width);
        // The entry stays in the array while it is compared (it must be reachable), so it moves by swaps.
        while (at > entries) {
            int before = less(vm, mode, *at, *(at - width));
            if (before < 0) return -1;
            if (!before) break;
            move(at, at - width, width);
            at -= width;
            move(at, entry, width);
        }
    }
    return 1;
}

// Merges the sorted [0, middle) and [middle, count); `spare` has room for the first half.
SORT_INLINE int merge(VM *vm, SortMode mode, size_t width, Value *entries, size_t middle, size_t count, Value *spare) {
    Value *right = entries + middle * width, *end = entries + count * width, *to = entries;
    int in_order = less(vm, mode, *right, *(right - width));
    if (in_order <= 0) return in_order < 0 ? -1 : 1;
    memcpy(spare, entries, middle * width * sizeof(Value));
    const Value *left = spare, *left_end = spare + middle * width;
    int status = 1;
    while (left < left_end && right < end) {
        int before = vm_poll(vm, 1) ? less(vm, mode, *right, *left) : -1;
        if (before < 0) {
            status = -1;
            break;
        }
        move(to, before ? right : left, width);
        to += width;
        right += before ? width : 0;
        left += before ? 0 : width;
    }
    // What is left of the first half goes in front of what is left of the second (also after an error).
    memcpy(to, left, (size_t)(left_end - left) * sizeof(Value));
    return status;
}

SORT_INLINE int sort_mode(VM *vm, SortMode mode, size_t width, Value *entries, size_t count, Value *spare) {
    for (size_t start = 0; start < count; start += RUN_LENGTH) {
        size_t length = count - start < RUN_LENGTH ? count - start : RUN_LENGTH;
        if (!vm_poll(vm, RUN_LENGTH)) return -1;
        if (insertion_sort(vm, mode, width, entries + start * width, length) < 0) return -1;
    }
    for (size_t half = RUN_LENGTH; half < count; half *= 2) {
        for (size_t start = 0; start + half < count; start += 2 * half) {
            size_t length = count - start < 2 * half ? count - start : 2 * half;
            if (merge(vm, mode, width, entries + start * width, half, length, spare) < 0) return -1;
        }
    }
    return 1;
}

static bool is_plain_tuple(VM *vm, Value v) { return is_exactly(v, vm->classes.tuple) && tuple_of(v)->length; }

static SortMode choose_mode(VM *vm, size_t width, const Value *entries, size_t count) {
    bool small = true, floats = true, strings = true, tuples = is_plain_tuple(vm, entries[0]);
    vm_count_work(vm, count / 16);
    for (size_t i = 0; i < count && (small || floats || strings); i++) {
        Value key = entries[i * width];
        if (tuples && !is_plain_tuple(vm, key)) return SORT_ANY;
        if (tuples) key = tuple_of(key)->items[0];
        small = small && is_small(key);
        floats = floats && is_float(key);
        strings = strings && is_exact_string(vm, key);
    }
    if (small) return tuples ? SORT_BY_FIRST_INT : SORT_SMALL_INTS;
    if (floats) return tuples ? SORT_BY_FIRST_FLOAT : SORT_FLOATS;
    if (strings) return tuples ? SORT_BY_FIRST_STRING : SORT_STRINGS;
    return SORT_ANY;
}

static void reverse_entries(size_t width, Value *entries, size_t count) {
    if (!count) return;
    for (Value *a = entries, *b = entries + (count - 1) * width, entry[2]; a < b; a += width, b -= width) {
        move(entry, a, width);
        move(a, b, width);
        move(b, entry, width);
    }
}

// A strictly falling list is only reversed.
static int reverse_if_falling(VM *vm, SortMode mode, size_t width, Value *entries, size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (!vm_poll(vm, 1)) return -1;
        int falls = less(vm, mode, entries[i * width], entries[(i - 1) * width]);
        if (falls <= 0) return falls;
    }
    reverse_entries(width, entries, count);
    return 1;
}

SORT_INLINE int sort_entries(VM *vm, size_t width, Value *entries, size_t count, Value *spare) {
    SortMode mode = choose_mode(vm, width, entries, count);
    int done = reverse_if_falling(vm, mode, width, entries, count);
    if (done) return done;
    switch (mode) {
    case SORT_SMALL_INTS: return sort_mode(vm, SORT_SMALL_INTS, width, entries, count, spare);
    case SORT_FLOATS: return sort_mode(vm, SORT_FLOATS, width, entries, count, spare);
    case SORT_STRINGS: return sort_mode(vm, SORT_STRINGS, width, entries, count, spare);
    case SORT_BY_FIRST_INT: return sort_mode(vm, SORT_BY_FIRST_INT, width, entries, count, spare);
    case SORT_BY_FIRST_FLOAT: return sort_mode(vm, SORT_BY_FIRST_FLOAT, width, entries, count, spare);
    case SORT_BY_FIRST_STRING: return sort_mode(vm, SORT_BY_FIRST_STRING, width, entries, count, spare);
    default: return sort_mode(vm, SORT_ANY, width, entries, count, spare);
    }
}
static int sort_items(VM *vm, Value *entries, size_t count, Value *spare) { return sort_entries(vm, 1, entries, count, spare); }
static int sort_pairs(VM *vm, Value *entries, size_t count, Value *spare) { return sort_entries(vm, 2, entries, count, spare); }

static int make_keys(VM *vm, Value *entries, size_t count, Value function) {
    for (size_t i = 0; i < count; i++) {
        Value argument = entries[2 * i + 1];
        Value key = vm_call(vm, function, &argument, 1, NULL);
        if (is_error(key)) return -1;
        entries[2 * i] = key;
    }
    return 1;
}

int list_sort(VM *vm, List *list, Value key, bool reverse) {
    size_t count = list->length;
    Value *items = list->items;
    size_t capacity = list->capacity;
    if (count < 1) return 1;
    size_t width = is_none(key) ? 1 : 2;
    Value *entries = values_scratch(vm, count * 2 * width);
    if (!entries) return -1;
    Value *spare = entries + count * width;
    for (size_t i = 0; i < count; i++) {
        if (!vm_poll(vm, 1)) return -1;
        entries[i * width] = entries[i * width + width - 1] = items[i];
    }
    // Meanwhile the list looks empty; what a script adds to it is noticed and lost.
    list->items = NULL;
    list->length = list->capacity = 0;

    int status = is_none(key) ? 1 : make_keys(vm, entries, count, key);
    if (status > 0) {
        // Reversed before and after, equal items keep their order.
        if (reverse) reverse_entries(width, entries, count);
        status = width == 1 ? sort_items(vm, entries, count, spare) : sort_pairs(vm, entries, count, spare);
        if (reverse) reverse_entries(width, entries, count);
    }
    for (size_t i = 0; i < count; i++) items[i] = entries[i * width + width - 1];

    bool modified = list->items != NULL || list->length;
    heap_resize(vm, list->items, list->capacity * sizeof(Value), 0);
    list->items = items;
    list->length = count;
    list->capacity = capacity;
    if (status > 0 && modified) return raise_value_error(vm, "list modified during sort"), -1;
    return status;
}

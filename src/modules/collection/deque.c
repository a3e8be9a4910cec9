// collections.deque: a ring of Values in side memory.
#include <string.h>

#include "modules/collection/collections_internal.h"
#include "modules/library.h"
#include "object/container/step.h"
#include "object/function/generic_alias.h"
#include "object/shared/sequence.h"

typedef struct {
    NativeData data;
    Value *items;    // `capacity` of them, a power of two (or none)
    size_t capacity, start, length;
    int64_t limit;   // -1: none
    uint32_t changes; // for iterators: counts what moves items
} Deque;

static Deque *deque_of(Value v) { return (Deque *)object_of(v); }
static inline Value *slot(const Deque *d, size_t index) { return &d->items[(d->start + index) & (d->capacity - 1)]; }

static void deque_trace(VM *vm, Object *o) {
    Deque *d = (Deque *)o;
    size_t first = d->capacity - d->start < d->length ? d->capacity - d->start : d->length;
    if (!d->length) return;
    heap_mark_values(vm, d->items + d->start, first);
    heap_mark_values(vm, d->items, d->length - first);
}
static void deque_finalize(VM *vm, Object *o) {
    Deque *d = (Deque *)o;
    heap_resize(vm, d->items, d->capacity * sizeof(Value), 0);
}

static const TypeOps deque_ops;
static bool is_deque(Value v) { return is_native_data(v, &deque_ops); }

// Room for one more. False with MemoryError.
static bool grow(VM *vm, Deque *d) {
    size_t capacity = d->capacity ? d->capacity * 2 : 8;
    if (capacity > (size_t)PTRDIFF_MAX / sizeof(Value)) return raise_memory_error(vm), false;
    Value *items = heap_resize(vm, NULL, 0, capacity * sizeof(Value));
    if (!items) return raise_memory_error(vm), false;
    size_t first = d->capacity - d->start < d->length ? d->capacity - d->start : d->length;
    if (first) memcpy(items, d->items + d->start, first * sizeof(Value));
    if (d->length > first) memcpy(items + first, d->items, (d->length - first) * sizeof(Value));
    heap_resize(vm, d->items, d->capacity * sizeof(Value), 0);
    d->items = items;
    d->capacity = capacity;
    d->start = 0;
    return true;
}

static Value take_left(Deque *d) {
    Value item = d->items[d->start];
    d->start = (d->start + 1) & (d->capacity - 1);
    d->length--;
    d->changes++;
    return item;
}
static Value take_right(Deque *d) {
    d->changes++;
    return *slot(d, --d->length);
}

static inline bool append(VM *vm, Deque *d, Value item) {
    if (d->limit >= 0 && (int64_t)d->length >= d->limit) {
        if (!d->limit) return true;
        take_left(d);
    }
    if (d->length == d->capacity && !grow(vm, d)) return false;
    *slot(d, d->length++) = item;
    d->changes++;
    return true;
}
static inline bool append_left(VM *vm, Deque *d, Value item) {
    if (d->limit >= 0 && (int64_t)d->length >= d->limit) {
        if (!d->limit) return true;
        take_right(d);
    }
    if (d->length == d->capacity && !grow(vm, d)) return false;
    d->start = (d->start - 1) & (d->capacity - 1);
    d->items[d->start] = item;
    d->length++;
    d->changes++;
    return true;
}

static void empty(VM *vm, Deque *d) {
    if (d->length) d->changes++;
    d->length = d->start = 0;
    heap_resize(vm, d->items, d->capacity * sizeof(Value), 0);
    d->items = NULL;
    d->capacity = 0;
}

// Appends all items, at the left when asked. A deque gives itself as it was. False with an exception. [script]
static bool extend(VM *vm, Deque *d, Value iterable, bool left) {
    if (value_same(iterable, value_object(d))) {
        List *list = list_from_iterable(vm, iterable);
        if (!list) return false;
        iterable = value_object(list);
    }
    Value it = value_iterate(vm, iterable);
    if (is_error(it)) return false;
    for (;;) {
        Value item = iterator_step(vm, it);
        if (is_stop(item)) return true;
        if (is_error(item) || !(left ? append_left(vm, d, item) : append(vm, d, item))) return false;
    }
}

// ---- Making

static Deque *deque_make(VM *vm, Class *cls, int64_t limit) {
    Deque *d = native_data_new(vm, cls, sizeof(Deque));
    if (d) d->limit = limit;
    return d;
}

static Value deque_new(VM *vm, Value *args, size_t count) {
    return object_or_error(deque_make(vm, (Class *)object_of(args[0]), -1));
}

static Value deque_init(VM *vm, Value *args, size_t count) {
    Deque *d = deque_of(args[0]);
    int64_t limit = -1;
    if (!is_empty(args[2]) && !is_none(args[2])) {
        if (!is_int(args[2])) return raise_type_error(vm, "an integer is required");
        if (!size_argument(vm, args[2], &limit)) return VALUE_ERROR;
        if (limit < 0) return raise_value_error(vm, "maxlen must be non-negative");
    }
    d->limit = limit;
    empty(vm, d);
    return is_empty(args[1]) || extend(vm, d, args[1], false) ? VALUE_NONE : VALUE_ERROR;
}

// A plain one of the same items and limit.
static Deque *plain_copy(VM *vm, const Deque *d) {
    Deque *copy = deque_make(vm, library_of(vm)->classes[LIBRARY_DEQUE], d->limit);
    if (!copy || !d->length) return copy;
    copy->items = heap_resize(vm, NULL, 0, d->capacity * sizeof(Value));
    if (!copy->items) return raise_memory_error(vm), NULL;
    copy->capacity = d->capacity;
    copy->start = d->start;
    copy->length = d->length;
    vm_count_work(vm, work_of_bytes(d->capacity * sizeof(Value)));
    memcpy(copy->items, d->items, d->capacity * sizeof(Value));
    return copy;
}

static Value deque_copy(VM *vm, Value *args, size_t count) {
    Deque *d = deque_of(args[0]);
    Class *cls = class_of(vm, args[0]);
    if (cls == library_of(vm)->classes[LIBRARY_DEQUE]) return object_or_error(plain_copy(vm, d));
    Value given[2] = {args[0], value_small(0)};
    if (d->limit >= 0 && is_error(given[1] = int_from_int64(vm, d->limit))) return VALUE_ERROR;
    Value copy = call_class(vm, cls, given, d->limit < 0 ? 1 : 2);
    if (!is_error(copy) && !is_deque(copy))
        return raise_type_error(vm, "%s() must return a deque, not %s", class_name(cls), type_name(vm, copy));
    return copy;
}

// ---- Methods

static Value deque_append(VM *vm, Value *args, size_t count) { return append(vm, deque_of(args[0]), args[1]) ? VALUE_NONE : VALUE_ERROR; }
static Value deque_append_left(VM *vm, Value *args, size_t count) {
    return append_left(vm, deque_of(args[0]), args[1]) ? VALUE_NONE : VALUE_ERROR;
}
static Value deque_extend(VM *vm, Value *args, size_t count) {
    return extend(vm, deque_of(args[0]), args[1], false) ? VALUE_NONE : VALUE_ERROR;
}
static Value deque_extend_left(VM *vm, Value *args, size_t count) {
    return extend(vm, deque_of(args[0]), args[1], true) ? VALUE_NONE : VALUE_ERROR;
}
static Value deque_pop(VM *vm, Value *args, size_t count) {
    Deque *d = deque_of(args[0]);
    return d->length ? take_right(d) : raise_index_error(vm, "pop from an empty deque");
}
static Value deque_pop_left(VM *vm, Value *args, size_t count) {
    Deque *d = deque_of(args[0]);
    return d->length ? take_left(d) : raise_index_error(vm, "pop from an empty deque");
}
static Value deque_clear(VM *vm, Value *args, size_t count) {
    empty(vm, deque_of(args[0]));
    return VALUE_NONE;
}

static Value mutated(VM *vm) { return raise_runtime_error(vm, "deque mutated during iteration"); }

static Value deque_count(VM *vm, Value *args, size_t count) {
    Deque *d = deque_of(args[0]);
    uint32_t changes = d->changes;
    int64_t found = 0;
    for (size_t i = 0, length = d->length; i < length; i++) {
        int same = vm_safepoint(vm, 1) ? quick_equal(vm, *slot(d, i), args[1]) : -1;
        if (same < 0) return VALUE_ERROR;
        if (changes != d->changes) return mutated(vm);
        found += same;
    }
    return int_from_int64(vm, found);
}

// The index of an item within [start, stop), the length when there is none, -1 with an exception.
static int64_t find(VM *vm, Deque *d, Value item, size_t start, size_t stop) {
    uint32_t changes = d->changes;
    for (size_t i = start; i < stop; i++) {
        int same = vm_safepoint(vm, 1) ? quick_equal(vm, *slot(d, i), item) : -1;
        if (same < 0) return -1;
        if (changes != d->changes) return mutated(vm), -1;
        if (same) return (int64_t)i;
    }
    return (int64_t)d->length;
}

static Value deque_index(VM *vm, Value *args, size_t count) {
    Deque *d = deque_of(args[0]);
    int64_t start = 0, stop = INT64_MAX;
    if (!slice_argument(vm, args[2], false, &start) || !slice_argument(vm, args[3], false, &stop)) return VALUE_ERROR;
    adjust_indices(&start, &stop, (int64_t)d->length);
    int64_t at = start < stop ? find(vm, d, args[1], (size_t)start, (size_t)stop) : (int64_t)d->length;
    if (at < 0) return VALUE_ERROR;
    if (at < (int64_t)d->length) return int_from_int64(vm, at);
    String *shown = value_repr(vm, args[1]);
    return shown ? raise_value_error(vm, "%s is not in deque", shown->data) : VALUE_ERROR;
}

// Turns the ring so that the last n items come first.
static bool rotate(VM *vm, Deque *d, int64_t n) {
    int64_t length = (int64_t)d->length;
    if (length < 2) return true;
    n %= length;
    if (n < 0) n += length;
    if (!n) return true;
    d->changes++;
    if (d->length == d->capacity) { // the ring is full: only its beginning moves
        d->start = (d->start - (size_t)n) & (d->capacity - 1);
        return true;
    }
    vm_count_work(vm, (size_t)(n < length - n ? n : length - n) / 8);
    if (n <= length - n) {
        for (; n > 0; n--) {
            Value item = *slot(d, d->length - 1);
            d->start = (d->start - 1) & (d->capacity - 1);
            d->items[d->start] = item;
        }
    } else {
        for (n = length - n; n > 0; n--) {
            Value item = d->items[d->start];
            d->start = (d->start + 1) & (d->capacity - 1);
            *slot(d, d->length - 1) = item;
        }
    }
    return true;
}

static Value deque_rotate(VM *vm, Value *args, size_t count) {
    int64_t n = 1;
    if (!is_empty(args[1]) && !size_argument(vm, args[1], &n)) return VALUE_ERROR;
    return rotate(vm, deque_of(args[0]), n) ? VALUE_NONE : VALUE_ERROR;
}

static Value deque_reverse(VM *vm, Value *args, size_t count) {
    Deque *d = deque_of(args[0]);
    vm_count_work(vm, d->length / 8);
    for (size_t i = 0, j = d->length; i + 1 < j; i++) {
        Value *a = slot(d, i), *b = slot(d, --j), kept = *a;
        *a = *b;
        *b = kept;
    }
    return VALUE_NONE;
}

static Value deque_insert(VM *vm, Value *args, size_t count) {
    Deque *d = deque_of(args[0]);
    int64_t index, length = (int64_t)d->length;
    if (!size_argument(vm, args[1], &index)) return VALUE_ERROR;
    if (d->limit >= 0 && length >= d->limit) return raise_index_error(vm, "deque already at its maximum size");
    if (index < 0) index = index + length < 0 ? 0 : index + length;
    if (index > length) index = length;
    if (d->length == d->capacity && !grow(vm, d)) return VALUE_ERROR;
    if (index <= length / 2) {
        if (!append_left(vm, d, args[2])) return VALUE_ERROR;
        for (int64_t i = 0; i < index; i++) *slot(d, (size_t)i) = *slot(d, (size_t)i + 1);
    } else {
        if (!append(vm, d, args[2])) return VALUE_ERROR;
        for (int64_t i = length; i > index; i--) *slot(d, (size_t)i) = *slot(d, (size_t)i - 1);
    }
    vm_count_work(vm, (size_t)(index < length - index ? index : length - index) / 8);
    *slot(d, (size_t)index) = args[2];
    return VALUE_NONE;
}

static void delete_at(VM *vm, Deque *d, size_t index) {
    vm_count_work(vm, (index < d->length - index ? index : d->length - index) / 8);
    if (index < d->length / 2) {
        for (size_t i = index; i > 0; i--) *slot(d, i) = *slot(d, i - 1);
        take_left(d);
    } else {
        for (size_t i = index; i + 1 < d->length; i++) *slot(d, i) = *slot(d, i + 1);
        take_right(d);
    }
}

static Value deque_remove(VM *vm, Value *args, size_t count) {
    Deque *d = deque_of(args[0]);
    uint32_t changes = d->changes;
    for (size_t i = 0, length = d->length; i < length; i++) {
        int same = vm_safepoint(vm, 1) ? quick_equal(vm, *slot(d, i), args[1]) : -1;
        if (same < 0) return VALUE_ERROR;
        if (changes != d->changes) return raise_index_error(vm, "deque mutated during iteration");
        if (!same) continue;
        delete_at(vm, d, i);
        return VALUE_NONE;
    }
    String *shown = value_repr(vm, args[1]);
    return shown ? raise_value_error(vm, "%s is not in deque", shown->data) : VALUE_ERROR;
}

// ---- Operations

static int64_t deque_length(VM *vm, Value self) { return (int64_t)deque_of(self)->length; }

// The slot of an index, or NULL with an exception.
static Value *indexed(VM *vm, Deque *d, Value key) {
    int64_t index;
    if (!has_index(vm, key)) return raise_type_error(vm, "sequence index must be integer, not '%s'", type_name(vm, key)), NULL;
    if (!value_index_int64(vm, key, false, &index)) return NULL;
    if (index < 0) index += (int64_t)d->length;
    if (index < 0 || index >= (int64_t)d->length) return raise_index_error(vm, "deque index out of range"), NULL;
    return slot(d, (size_t)index);
}

static Value deque_get_item(VM *vm, Value self, Value key) {
    Value *at = indexed(vm, deque_of(self), key);
    return at ? *at : VALUE_ERROR;
}
static int deque_set_item(VM *vm, Value self, Value key, Value value) {
    Deque *d = deque_of(self);
    Value *at = indexed(vm, d, key);
    if (!at) return -1;
    if (is_empty(value))
        delete_at(vm, d, ((size_t)(at - d->items) - d->start) & (d->capacity - 1));
    else
        *at = value;
    return 1;
}

static int deque_contains(VM *vm, Value self, Value item) {
    Deque *d = deque_of(self);
    int64_t at = find(vm, d, item, 0, d->length);
    return at < 0 ? -1 : at < (int64_t)d->length;
}

static Value deque_repr(VM *vm, Value v) {
    Deque *d = deque_of(v);
    int entered = repr_enter(vm, v);
    if (entered < 0) return VALUE_ERROR;
    if (!entered) return object_or_error(string_from(vm, "[...]"));
    List *items = list_from_iterable(vm, v);
    String *text = items ? value_repr(vm, value_object(items)) : NULL;
    repr_leave(vm);
    if (!text) return VALUE_ERROR;
    const char *name = class_name(class_of(vm, v));
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "%s(", name);
    buffer_string(&out, text);
    if (d->limit >= 0) buffer_format(&out, ", maxlen=%lld", (long long)d->limit);
    buffer_byte(&out, ')');
    return object_or_error(string_from_buffer(vm, &out));
}

static Value deque_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_deque(self) || !is_deque(other)) return VALUE_NOT_IMPLEMENTED;
    Deque *a = deque_of(self), *b = deque_of(other);
    bool equality = op == COMPARISON_EQ || op == COMPARISON_NE;
    if (equality && a->length != b->length) return value_bool(op == COMPARISON_NE);
    uint32_t changes_a = a->changes, changes_b = b->changes;
    for (size_t i = 0; i < a->length && i < b->length; i++) {
        Value x = *slot(a, i), y = *slot(b, i);
        int same = vm_safepoint(vm, 1) ? quick_equal(vm, x, y) : -1;
        if (same < 0) return VALUE_ERROR;
        if (same && (changes_a != a->changes || changes_b != b->changes)) return mutated(vm);
        if (!same) return equality ? value_bool(op == COMPARISON_NE) : value_compare(vm, op, x, y);
    }
    return compare_result(op, a->length < b->length ? -1 : a->length > b->length);
}

// Makes the deque so many copies of itself. False with an exception.
static bool repeat(VM *vm, Deque *d, int64_t times) {
    if (times <= 0 || !d->length) return empty(vm, d), true;
    if (times == 1) return true;
    size_t length = d->length, total;
    if (__builtin_mul_overflow(length, (size_t)times, &total) || total > (size_t)PTRDIFF_MAX / sizeof(Value))
        return raise_memory_error(vm), false;
    // Under a limit only the last copies count.
    if (d->limit >= 0 && total > (size_t)d->limit) times = d->limit / (int64_t)length + 2 < times ? d->limit / (int64_t)length + 2 : times;
    List *copy = list_from_iterable(vm, value_object(d));
    if (!copy) return false;
    for (int64_t k = 1; k < times; k++) {
        if (!vm_safepoint(vm, length / 8)) return false;
        for (size_t i = 0; i < length; i++)
            if (!append(vm, d, copy->items[i])) return false;
    }
    return true;
}

static Value deque_binary(VM *vm, Binary op, Value left, Value right) {
    if (op == BINARY_ADD) {
        if (!is_deque(left)) return VALUE_NOT_IMPLEMENTED;
        if (!is_deque(right)) return raise_type_error(vm, "can only concatenate deque (not \"%s\") to deque", type_name(vm, right));
        Value copy = deque_copy(vm, &left, 1);
        return is_error(copy) || extend(vm, deque_of(copy), right, false) ? copy : VALUE_ERROR;
    }
    if (op != BINARY_MULTIPLY) return VALUE_NOT_IMPLEMENTED;
    Value sequence = is_deque(left) ? left : right;
    int64_t times;
    int status = sequence_repeat_count(vm, left, right, is_deque(left) ? right : left, &times);
    if (status <= 0) return status ? VALUE_ERROR : VALUE_NOT_IMPLEMENTED;
    Value copy = deque_copy(vm, &sequence, 1);
    return is_error(copy) || repeat(vm, deque_of(copy), times) ? copy : VALUE_ERROR;
}

static Value deque_in_place(VM *vm, Binary op, Value self, Value right) {
    if (op == BINARY_ADD) return extend(vm, deque_of(self), right, false) ? self : VALUE_ERROR;
    if (op != BINARY_MULTIPLY) return VALUE_NOT_IMPLEMENTED;
    int64_t times;
    int status = sequence_repeat_count(vm, self, right, right, &times);
    if (status <= 0) return status ? VALUE_ERROR : VALUE_NOT_IMPLEMENTED;
    return repeat(vm, deque_of(self), times) ? self : VALUE_ERROR;
}

static Value get_maxlen(VM *vm, Value self) {
    int64_t limit = deque_of(self)->limit;
    return limit < 0 ? VALUE_NONE : int_from_int64(vm, limit);
}

static Value deque_reduce(VM *vm, Value *args, size_t count) {
    Value state = value_find_attribute(vm, args[0], vm->names.__dict__), limit = get_maxlen(vm, args[0]);
    if (is_error(state) || is_error(limit)) return VALUE_ERROR;
    if (is_empty(state) || (is_dict(state) && !dict_of(state)->length)) state = VALUE_NONE;
    Value none = VALUE_NONE, start[2] = {object_or_error(tuple_from(vm, &none, 0)), limit}, it = value_iterate(vm, args[0]);
    if (is_error(start[0]) || is_error(it)) return VALUE_ERROR;
    Tuple *given = tuple_from(vm, start, is_none(limit) ? 0 : 2);
    if (!given) return VALUE_ERROR;
    Value result[4] = {value_object(class_of(vm, args[0])), value_object(given), state, it};
    return object_or_error(tuple_from(vm, result, 4));
}

// ---- Iterators

typedef struct {
    NativeData data;
    Deque *deque;
    size_t at, left; // the next one's index; how many are left
    uint32_t changes;
} DequeIterator;

static void iterator_trace(VM *vm, Object *o) { heap_mark_object(vm, ((DequeIterator *)o)->deque); }

static Value iterator_start(VM *vm, Value self, size_t which) {
    DequeIterator *it = native_data_new(vm, library_of(vm)->classes[which], sizeof(DequeIterator));
    if (!it) return VALUE_ERROR;
    Deque *d = deque_of(self);
    it->deque = d;
    it->left = d->length;
    it->at = which == LIBRARY_DEQUE_ITERATOR ? 0 : d->length - 1;
    it->changes = d->changes;
    return value_object(it);
}
static Value deque_iterate(VM *vm, Value self) { return iterator_start(vm, self, LIBRARY_DEQUE_ITERATOR); }
static Value deque_reversed(VM *vm, Value *args, size_t count) { return iterator_start(vm, args[0], LIBRARY_DEQUE_REVERSED); }

static inline Value iterator_take(VM *vm, Value v, size_t step) {
    DequeIterator *it = (DequeIterator *)object_of(v);
    Deque *d = it->deque;
    if (d->changes != it->changes) {
        it->left = 0;
        return mutated(vm);
    }
    if (!it->left) return vm->stop_value = VALUE_NONE, VALUE_STOP;
    it->left--;
    Value item = *slot(d, it->at);
    it->at += step;
    return item;
}
static Value iterator_next(VM *vm, Value v) { return iterator_take(vm, v, 1); }
static Value iterator_next_reversed(VM *vm, Value v) { return iterator_take(vm, v, (size_t)-1); }
static Value iterator_itself(VM *vm, Value self) { return self; }
static Value iterator_hint(VM *vm, Value *args, size_t count) { return int_from_int64(vm, (int64_t)((DequeIterator *)object_of(args[0]))->left); }

static const TypeOps iterator_ops_ = {.trace = iterator_trace, .iterate = iterator_itself, .next = iterator_next};
static const TypeOps reversed_ops = {.trace = iterator_trace, .iterate = iterator_itself, .next = iterator_next_reversed};

static Value iterator_make(VM *vm, Value deque, Value index, size_t which) {
    if (!is_deque(deque))
        return raise_type_error(vm, "%s() argument 1 must be collections.deque, not %s", class_name(library_of(vm)->classes[which]),
                                type_name(vm, deque));
    int64_t skip = 0;
    if (!is_empty(index) && !size_argument(vm, index, &skip)) return VALUE_ERROR;
    Value it = iterator_start(vm, deque, which);
    for (; !is_error(it) && skip > 0; skip--)
        if (is_stop(value_next(vm, it))) break;
    return it;
}
static Value iterator_new_(VM *vm, Value *args, size_t count) { return iterator_make(vm, args[1], args[2], LIBRARY_DEQUE_ITERATOR); }
static Value iterator_new_reversed(VM *vm, Value *args, size_t count) { return iterator_make(vm, args[1], args[2], LIBRARY_DEQUE_REVERSED); }

static const NativeDefinition iterator_methods[] = {{"__new__", iterator_new_, "cls, deque, index=0, /", NATIVE_NEW},
                                                    {"__length_hint__", iterator_hint, "self, /", NATIVE_METHOD},
                                                    {0}};
static const NativeDefinition reversed_methods[] = {{"__new__", iterator_new_reversed, "cls, deque, index=0, /", NATIVE_NEW},
                                                    {"__length_hint__", iterator_hint, "self, /", NATIVE_METHOD},
                                                    {0}};

// ---- The class

static const TypeOps deque_ops = {.trace = deque_trace, .finalize = deque_finalize, .repr = deque_repr, .compare = deque_compare,
                                  .binary = deque_binary, .in_place = deque_in_place, .operations = &mutable_sequence_operators,
                                  .length = deque_length, .get_item = deque_get_item, .set_item = deque_set_item,
                                  .contains = deque_contains, .iterate = deque_iterate};
static const NativeDefinition deque_methods[] = {
    {"__new__", deque_new, "cls, /, *args, **keywords", NATIVE_NEW},
    {"__init__", deque_init, "self, /, iterable=, maxlen=None", NATIVE_METHOD},
    {"append", deque_append, "self, item, /", NATIVE_METHOD, "Adds an item at the right."},
    {"appendleft", deque_append_left, "self, item, /", NATIVE_METHOD, "Adds an item at the left."},
    {"clear", deque_clear, "self, /", NATIVE_METHOD, "Removes all items."},
    {"copy", deque_copy, "self, /", NATIVE_METHOD, "A deque of the same items."},
    {"__copy__", deque_copy, "self, /", NATIVE_METHOD, "A deque of the same items."},
    {"count", deque_count, "self, value, /", NATIVE_METHOD, "How often a value is in it."},
    {"extend", deque_extend, "self, iterable, /", NATIVE_METHOD, "Adds the items at the right."},
    {"extendleft", deque_extend_left, "self, iterable, /", NATIVE_METHOD, "Adds the items at the left, one after the other."},
    {"index", deque_index, "self, value, start=0, stop=9223372036854775807, /", NATIVE_METHOD, "The first index of a value."},
    {"insert", deque_insert, "self, index, value, /", NATIVE_METHOD, "Adds a value before an index."},
    {"pop", deque_pop, "self, /", NATIVE_METHOD, "Removes and returns the rightmost item."},
    {"popleft", deque_pop_left, "self, /", NATIVE_METHOD, "Removes and returns the leftmost item."},
    {"remove", deque_remove, "self, value, /", NATIVE_METHOD, "Removes a value where it is first found."},
    {"reverse", deque_reverse, "self, /", NATIVE_METHOD, "Reverses the order, in place."},
    {"rotate", deque_rotate, "self, n=1, /", NATIVE_METHOD, "Moves the last n items to the left end, one by one."},
    {"__reversed__", deque_reversed, "self, /", NATIVE_METHOD, "An iterator from the right."},
    {"__reduce__", deque_reduce, "self, /", NATIVE_METHOD},
    GENERIC_ALIAS_METHOD,
    {0}};
static const AttributeDefinition deque_attributes[] = {{"maxlen", get_maxlen, NULL, "How many items it keeps at most, or None."},
                                                       {0}};

bool deque_add(VM *vm, Dict *namespace) {
    Class **classes = library_of(vm)->classes;
    Class *deque = classes[LIBRARY_DEQUE] = native_data_class(vm, "collections", "deque", &deque_ops, sizeof(Deque), CLASS_SEQUENCE);
    Class *iterator = classes[LIBRARY_DEQUE_ITERATOR] =
        native_data_class(vm, "collections", "_deque_iterator", &iterator_ops_, sizeof(DequeIterator), CLASS_FINAL | CLASS_NO_WEAK);
    Class *reversed = classes[LIBRARY_DEQUE_REVERSED] =
        native_data_class(vm, "collections", "_deque_reverse_iterator", &reversed_ops, sizeof(DequeIterator), CLASS_FINAL | CLASS_NO_WEAK);
    return deque && iterator && reversed && native_add_methods(vm, deque, deque_methods) >= 0 &&
           native_add_attributes(vm, deque, deque_attributes) >= 0 &&
           add_text(vm, deque->attributes, "__doc__", "A list with quick access to both ends: deque([iterable[, maxlen]]).") &&
           native_add_methods(vm, iterator, iterator_methods) >= 0 && native_add_methods(vm, reversed, reversed_methods) >= 0 &&
           add_value(vm, namespace, "deque", value_object(deque)) &&
           add_value(vm, namespace, "_deque_iterator", value_object(iterator)) &&
           add_value(vm, namespace, "_deque_reverse_iterator", value_object(reversed));
}

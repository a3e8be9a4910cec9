#include "object/container/list.h"

#include "object/container/iterator.h"
#include "object/container/range.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/shared/sequence.h"

List *list_new(VM *vm, size_t capacity) {
    List *list = heap_allocate_raw(vm, builtin_shape(vm->classes.list), KIND_LIST, sizeof(List));
    if (!list) return NULL;
    list->items = NULL;
    list->length = list->capacity = 0;
    if (capacity && !list_reserve(vm, list, capacity)) return NULL;
    return list;
}

List *list_from(VM *vm, const Value *items, size_t count) {
    List *list = list_new(vm, count);
    if (!list) return NULL;
    if (count) memcpy(list->items, items, count * sizeof(Value));
    list->length = count;
    return list;
}

bool list_reserve(VM *vm, List *list, size_t capacity) {
    if (capacity <= list->capacity) return true;
    if (capacity > PTRDIFF_MAX / sizeof(Value)) return raise_memory_error(vm), false;
    Value *items = heap_resize(vm, list->items, list->capacity * sizeof(Value), capacity * sizeof(Value));
    if (!items) return raise_memory_error(vm), false;
    list->items = items;
    list->capacity = capacity;
    return true;
}

bool list_append_slow(VM *vm, List *list, Value item) {
    size_t capacity = list->capacity < 4 ? 4 : list->capacity + (list->capacity >> 1);
    if (list->length == list->capacity && !list_reserve(vm, list, capacity)) return false;
    list->items[list->length++] = item;
    return true;
}

// Gives back memory when a list has shrunk to less than a quarter of its room.
static void shrink(VM *vm, List *list) {
    if (list->capacity <= 16 || list->length >= list->capacity / 4) return;
    size_t capacity = list->length * 2 < 4 ? 4 : list->length * 2;
    Value *items = heap_resize(vm, list->items, list->capacity * sizeof(Value), capacity * sizeof(Value));
    if (!items) return;
    list->items = items;
    list->capacity = capacity;
}

static void list_clear_items(VM *vm, List *list) {
    Value *items = list->items;
    size_t capacity = list->capacity;
    list->items = NULL;
    list->length = list->capacity = 0;
    heap_resize(vm, items, capacity * sizeof(Value), 0);
}

// Makes room for `extra` more items, growing by at least half.
static bool make_room(VM *vm, List *list, size_t extra) {
    if (list->capacity - list->length >= extra) return true;
    if (extra > PTRDIFF_MAX / sizeof(Value) - list->length) return raise_memory_error(vm), false;
    size_t wanted = list->length + extra, half = list->capacity + (list->capacity >> 1);
    return list_reserve(vm, list, wanted > half || !list->capacity ? wanted : half);
}

static int append_item(VM *vm, Value item, void *list) { return list_append(vm, list, item) ? 1 : -1; }

int list_extend(VM *vm, List *list, Value iterable) {
    const Value *items;
    size_t count;
    if (is_exactly(iterable, vm->classes.list)) {
        items = list_of(iterable)->items;
        count = list_of(iterable)->length;
    } else if (is_exactly(iterable, vm->classes.tuple)) {
        items = tuple_of(iterable)->items;
        count = tuple_of(iterable)->length;
    } else {
        int64_t hint = value_length_hint(vm, iterable);
        if (hint > 0 && hint < 1 << 20) {
            size_t room = list->length + (size_t)hint;
            if (room > list->capacity && !list_reserve(vm, list, room)) return -1;
        }
        return value_for_each(vm, iterable, append_item, list);
    }
    if (!make_room(vm, list, count)) return -1;
    if (iterable.bits == value_object(list).bits) items = list->items; // it may have moved
    if (count) memcpy(list->items + list->length, items, count * sizeof(Value));
    list->length += count;
    return 1;
}

List *list_from_iterable(VM *vm, Value iterable) {
    List *list = list_new(vm, 0);
    if (!list) return NULL;
    int status = list_extend(vm, list, iterable);
    return status < 0 ? NULL : list;
}

// ---- Operations

static void list_trace(VM *vm, Object *o) {
    List *list = (List *)o;
    heap_mark_values(vm, list->items, list->length);
}

static void list_finalize(VM *vm, Object *o) {
    List *list = (List *)o;
    heap_resize(vm, list->items, list->capacity * sizeof(Value), 0);
}

static Value list_repr(VM *vm, Value self) {
    List *list = list_of(self);
    if (!list->length) return object_or_error(string_from(vm, "[]"));
    int entered = repr_enter(vm, self);
    if (entered < 0) return VALUE_ERROR;
    if (!entered) return object_or_error(string_from(vm, "[...]"));
    Buffer buffer = vm_buffer(vm);
    buffer_byte(&buffer, '[');
    bool good = true;
    for (size_t i = 0; good && i < list->length; i++) {
        if (i) buffer_append(&buffer, ", ", 2);
        good = append_repr(vm, &buffer, list->items[i]);
    }
    repr_leave(vm);
    if (!good) return buffer_free(&buffer), VALUE_ERROR;
    buffer_byte(&buffer, ']');
    return object_or_error(string_from_buffer(vm, &buffer));
}

static Value list_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_list(self) || !is_list(other)) return VALUE_NOT_IMPLEMENTED;
    List *a = list_of(self), *b = list_of(other);
    if (a->length != b->length && (op == COMPARISON_EQ || op == COMPARISON_NE))
        return value_bool(op == COMPARISON_NE);
    if (!recursion_enter(vm, " in comparison")) return VALUE_ERROR;
    Value result = VALUE_EMPTY;
    for (size_t i = 0; i < a->length && i < b->length; i++) {
        Value x = a->items[i], y = b->items[i];
        int equal = vm_poll(vm, 1) ? quick_equal(vm, x, y) : -1;
        if (equal > 0) continue;
        if (equal < 0)
            result = VALUE_ERROR;
        else if (op == COMPARISON_EQ || op == COMPARISON_NE)
            result = value_bool(op == COMPARISON_NE);
        else
            result = value_compare(vm, op, x, y);
        break;
    }
    recursion_leave(vm);
    if (!is_empty(result)) return result;
    return compare_result(op, (a->length > b->length) - (a->length < b->length));
}

static List *list_repeat(VM *vm, const List *list, int64_t times) {
    if (times <= 0 || !list->length) return list_new(vm, 0);
    if ((uint64_t)times > PTRDIFF_MAX / sizeof(Value) / list->length) return raise_memory_error(vm), NULL;
    size_t length = list->length;
    List *result = list_new(vm, length * (size_t)times);
    if (!result) return NULL;
    fill_repeated(result->items, list->items, length, (size_t)times);
    result->length = length * (size_t)times;
    return result;
}

static Value list_binary(VM *vm, Binary op, Value left, Value right) {
    if (op == BINARY_ADD && is_list(left)) {
        if (!is_list(right)) {
            if (operand_reflects(vm, right, SPECIAL_RADD)) return VALUE_NOT_IMPLEMENTED;
            return raise_type_error(vm, "can only concatenate list (not \"%s\") to list",
                                    type_name(vm, right));
        }
        List *a = list_of(left), *b = list_of(right);
        List *result = list_new(vm, a->length + b->length);
        if (!result) return VALUE_ERROR;
        if (a->length) memcpy(result->items, a->items, a->length * sizeof(Value));
        if (b->length) memcpy(result->items + a->length, b->items, b->length * sizeof(Value));
        result->length = a->length + b->length;
        return value_object(result);
    }
    if (op == BINARY_MULTIPLY) {
        Value sequence = is_list(left) ? left : right, number = is_list(left) ? right : left;
        int64_t times;
        int answer = sequence_repeat_count(vm, left, right, number, &times);
        if (answer <= 0) return answer ? VALUE_ERROR : VALUE_NOT_IMPLEMENTED;
        return object_or_error(list_repeat(vm, list_of(sequence), times));
    }
    return VALUE_NOT_IMPLEMENTED;
}

static Value list_in_place(VM *vm, Binary op, Value self, Value right) {
    List *list = list_of(self);
    if (op == BINARY_ADD) return list_extend(vm, list, right) < 0 ? VALUE_ERROR : self;
    if (op != BINARY_MULTIPLY) return VALUE_NOT_IMPLEMENTED;
    int64_t times;
    int answer = sequence_repeat_count(vm, self, right, right, &times);
    if (answer <= 0) return answer ? VALUE_ERROR : VALUE_NOT_IMPLEMENTED;
    if (times <= 0) return list_clear_items(vm, list), self;
    size_t length = list->length;
    if (length && (uint64_t)times > PTRDIFF_MAX / sizeof(Value) / length) return raise_memory_error(vm);
    if (!list_reserve(vm, list, length * (size_t)times)) return VALUE_ERROR;
    fill_repeated(list->items, list->items, length, (size_t)times);
    list->length = length * (size_t)times;
    return self;
}

static int64_t list_length(VM *vm, Value self) { return (int64_t)list_of(self)->length; }

static Value list_get_item(VM *vm, Value self, Value key) {
    List *list = list_of(self);
    if (is_kind(key, KIND_SLICE)) {
        int64_t start, stop, step;
        size_t count;
        if (!slice_resolve_bounds(vm, key, &start, &stop, &step)) return VALUE_ERROR;
        count = slice_clip(list->length, &start, &stop, step);
        List *result = list_new(vm, count);
        if (!result) return VALUE_ERROR;
        if (step == 1 && count)
            memcpy(result->items, list->items + start, count * sizeof(Value));
        else
            for (size_t i = 0; i < count; i++) result->items[i] = list->items[start + (int64_t)i * step];
        result->length = count;
        return value_object(result);
    }
    int64_t index;
    if (!index_argument(vm, key, "list", &index)) return VALUE_ERROR;
    if (index < 0) index += (int64_t)list->length;
    if (index < 0 || (size_t)index >= list->length) return raise_index_error(vm, "list index out of range");
    return list->items[index];
}

// Moves the items from `from` on to begin at `to`; what lies between is lost, or free.
static void move_tail(VM *vm, List *list, size_t to, size_t from) {
    size_t size = (list->length - from) * sizeof(Value);
    vm_count_work(vm, work_of_bytes(size));
    memmove(list->items + to, list->items + from, size);
}

// list[start:stop] = items (step 1), where count items are replaced by `count` others. `items` is not part of
// the list.
static bool replace_range(VM *vm, List *list, size_t start, size_t old_count, const Value *items,
                          size_t count) {
    size_t tail = list->length - start - old_count;
    if (count > old_count && !make_room(vm, list, count - old_count)) return false;
    if (tail && count != old_count) move_tail(vm, list, start + count, start + old_count);
    vm_count_work(vm, work_of_bytes(count * sizeof(Value)));
    if (count) memcpy(list->items + start, items, count * sizeof(Value));
    list->length = start + count + tail;
    if (count < old_count) shrink(vm, list);
    return true;
}

static void delete_slice(VM *vm, List *list, int64_t start, int64_t step, size_t count) {
    if (!count) return;
    vm_count_work(vm, count + work_of_bytes((list->length - (size_t)start) * sizeof(Value)));
    if (step < 0) {
        start += step * ((int64_t)count - 1);
        step = -step;
    }
    size_t to = (size_t)start;
    for (size_t i = 0; i < count; i++) {
        size_t from = (size_t)(start + (int64_t)i * step) + 1;
        size_t end = i + 1 < count ? (size_t)(start + ((int64_t)i + 1) * step) : list->length;
        memmove(list->items + to, list->items + from, (end - from) * sizeof(Value));
        to += end - from;
    }
    list->length = to;
    shrink(vm, list);
}

static int list_set_slice(VM *vm, Value self, Value key, Value value) {
    List *list = list_of(self);
    int64_t first, last, step;
    if (!slice_resolve_bounds(vm, key, &first, &last, &step)) return -1;
    int64_t start = first, stop = last;
    size_t count = slice_clip(list->length, &start, &stop, step);
    if (is_empty(value)) return delete_slice(vm, list, start, step, count), 1;
    bool own = is_exactly(value, vm->classes.list) || is_exactly(value, vm->classes.tuple);
    if (value_same(value, self) || !own) {
        if (!own && is_empty(class_special(vm, class_of(vm, value), SPECIAL_ITER)) &&
            is_empty(class_special(vm, class_of(vm, value), SPECIAL_GETITEM))) {
            raise_type_error(vm, "must assign iterable to extended slice");
            return -1;
        }
        List *copy = list_from_iterable(vm, value);
        if (!copy) return -1;
        value = value_object(copy);
        // Making the copy may have run a script that changed this list.
        start = first;
        stop = last;
        count = slice_clip(list->length, &start, &stop, step);
    }
    const Value *items = is_list(value) ? list_of(value)->items : tuple_of(value)->items;
    size_t new_count = is_list(value) ? list_of(value)->length : tuple_of(value)->length;
    if (step == 1) return replace_range(vm, list, (size_t)start, count, items, new_count) ? 1 : -1;
    if (new_count != count) {
        raise_value_error(vm, "attempt to assign sequence of size %zu to extended slice of size %zu",
                          new_count, count);
        return -1;
    }
    vm_count_work(vm, count / 8);
    for (size_t i = 0; i < count; i++)
        heap_store(vm, list, &list->items[start + (int64_t)i * step], items[i]);
    return 1;
}

static int list_set_item(VM *vm, Value self, Value key, Value value) {
    List *list = list_of(self);
    if (is_kind(key, KIND_SLICE)) return list_set_slice(vm, self, key, value);
    int64_t index;
    if (!index_argument(vm, key, "list", &index)) return -1;
    if (index < 0) index += (int64_t)list->length;
    if (index < 0 || (size_t)index >= list->length)
        return raise_index_error(vm, "list assignment index out of range"), -1;
    if (is_empty(value)) {
        move_tail(vm, list, (size_t)index, (size_t)index + 1);
        list->length--;
        shrink(vm, list);
    } else {
        heap_store(vm, list, &list->items[index], value);
    }
    return 1;
}

// The first index in [start, stop) whose item equals `item`, -1 for none, -2 for an error. [script]
static int64_t find_item(VM *vm, List *list, Value item, size_t start, size_t stop) {
    for (size_t i = start; i < list->length && i < stop; i++) {
        int equal = vm_poll(vm, 1) ? quick_equal(vm, list->items[i], item) : -1;
        if (equal) return equal < 0 ? -2 : (int64_t)i;
    }
    return -1;
}

static int list_contains(VM *vm, Value self, Value item) {
    int64_t index = find_item(vm, list_of(self), item, 0, SIZE_MAX);
    return index == -2 ? -1 : index >= 0;
}

static Value list_iterate(VM *vm, Value self) { return iterator_new(vm, ITERATE_LIST, self); }

const TypeOps list_ops = {
    .trace = list_trace,
    .finalize = list_finalize,
    .repr = list_repr,
    .compare = list_compare,
    .binary = list_binary,
    .in_place = list_in_place,
    .operations = &mutable_sequence_operators,
    .length = list_length,
    .get_item = list_get_item,
    .set_item = list_set_item,
    .contains = list_contains,
    .iterate = list_iterate,
};

// ---- Methods

static Value list_dunder_new(VM *vm, Value *args, size_t count) {
    Class *cls = builtin_new_class(vm, args[0], vm->classes.list);
    if (!cls) return VALUE_ERROR;
    return object_or_error(builtin_allocate(vm, cls, vm->classes.list, KIND_LIST, sizeof(List)));
}

static Value list_dunder_init(VM *vm, Value *args, size_t count) {
    List *list = list_of(args[0]);
    list_clear_items(vm, list);
    if (!is_empty(args[1]) && list_extend(vm, list, args[1]) < 0) return VALUE_ERROR;
    return VALUE_NONE;
}

static Value list_append_method(VM *vm, Value *args, size_t count) {
    return list_append(vm, list_of(args[0]), args[1]) ? VALUE_NONE : VALUE_ERROR;
}

static Value list_clear_method(VM *vm, Value *args, size_t count) {
    list_clear_items(vm, list_of(args[0]));
    return VALUE_NONE;
}

static Value list_copy_method(VM *vm, Value *args, size_t count) {
    return object_or_error(list_from(vm, list_of(args[0])->items, list_of(args[0])->length));
}

static Value list_count_method(VM *vm, Value *args, size_t count) {
    List *list = list_of(args[0]);
    int64_t found = 0;
    for (size_t i = 0; i < list->length; i++) {
        int equal = vm_poll(vm, 1) ? quick_equal(vm, list->items[i], args[1]) : -1;
        if (equal < 0) return VALUE_ERROR;
        found += equal;
    }
    return value_small(found);
}

static Value list_extend_method(VM *vm, Value *args, size_t count) {
    return list_extend(vm, list_of(args[0]), args[1]) < 0 ? VALUE_ERROR : VALUE_NONE;
}

static Value list_index_method(VM *vm, Value *args, size_t count) {
    List *list = list_of(args[0]);
    int64_t start = 0, stop = INT64_MAX;
    if (!slice_argument(vm, args[2], false, &start) || !slice_argument(vm, args[3], false, &stop))
        return VALUE_ERROR;
    if (start < 0 && (start += (int64_t)list->length) < 0) start = 0;
    if (stop < 0 && (stop += (int64_t)list->length) < 0) stop = 0;
    int64_t index = find_item(vm, list, args[1], (size_t)start, (size_t)stop);
    if (index == -2) return VALUE_ERROR;
    if (index >= 0) return value_small(index);
    String *text = value_repr(vm, args[1]);
    if (!text) return VALUE_ERROR;
    return raise_value_error(vm, "%s is not in list", text->data);
}

static Value list_insert_method(VM *vm, Value *args, size_t count) {
    List *list = list_of(args[0]);
    int64_t index;
    if (!size_argument(vm, args[1], &index) || !make_room(vm, list, 1)) return VALUE_ERROR;
    if (index < 0 && (index += (int64_t)list->length) < 0) index = 0;
    if ((size_t)index > list->length) index = (int64_t)list->length;
    move_tail(vm, list, (size_t)index + 1, (size_t)index);
    list->items[index] = args[2];
    list->length++;
    return VALUE_NONE;
}

static Value list_pop_method(VM *vm, Value *args, size_t count) {
    List *list = list_of(args[0]);
    int64_t index = -1;
    if (!is_empty(args[1]) && !size_argument(vm, args[1], &index)) return VALUE_ERROR;
    if (!list->length) return raise_index_error(vm, "pop from empty list");
    if (index < 0) index += (int64_t)list->length;
    if (index < 0 || (size_t)index >= list->length) return raise_index_error(vm, "pop index out of range");
    Value item = list->items[index];
    move_tail(vm, list, (size_t)index, (size_t)index + 1);
    list->length--;
    shrink(vm, list);
    return item;
}

static Value list_remove_method(VM *vm, Value *args, size_t count) {
    List *list = list_of(args[0]);
    int64_t index = find_item(vm, list, args[1], 0, SIZE_MAX);
    if (index == -2) return VALUE_ERROR;
    if (index < 0) return raise_value_error(vm, "list.remove(x): x not in list");
    if ((size_t)index < list->length) {
        move_tail(vm, list, (size_t)index, (size_t)index + 1);
        list->length--;
        shrink(vm, list);
    }
    return VALUE_NONE;
}

static void reverse_items(Value *items, size_t count) {
    for (size_t i = 0, j = count; i + 1 < j; i++) {
        Value item = items[i];
        items[i] = items[--j];
        items[j] = item;
    }
}

static Value list_reverse_method(VM *vm, Value *args, size_t count) {
    vm_count_work(vm, list_of(args[0])->length / 8);
    reverse_items(list_of(args[0])->items, list_of(args[0])->length);
    return VALUE_NONE;
}

static Value list_sort_method(VM *vm, Value *args, size_t count) {
    int reverse = is_empty(args[2]) ? 0 : value_truth(vm, args[2]);
    if (reverse < 0) return VALUE_ERROR;
    Value key = is_empty(args[1]) ? VALUE_NONE : args[1];
    return list_sort(vm, list_of(args[0]), key, reverse) < 0 ? VALUE_ERROR : VALUE_NONE;
}

static Value list_reversed_method(VM *vm, Value *args, size_t count) {
    return iterator_new(vm, ITERATE_LIST_REVERSED, args[0]);
}

static Value list_sizeof_method(VM *vm, Value *args, size_t count) {
    return value_small((int64_t)(40 + list_of(args[0])->capacity * sizeof(Value)));
}

static const NativeDefinition list_methods[] = {
    {"__new__", list_dunder_new, "cls, /, *args, **kwargs", NATIVE_NEW},
    {"__init__", list_dunder_init, "self, iterable=, /", NATIVE_METHOD},
    {"append", list_append_method, "self, object, /", NATIVE_METHOD, "Adds an object at the end."},
    {"clear", list_clear_method, "self, /", NATIVE_METHOD, "Takes all items out."},
    {"copy", list_copy_method, "self, /", NATIVE_METHOD, "A new list with the same items."},
    {"count", list_count_method, "self, value, /", NATIVE_METHOD, "How many items equal the value."},
    {"extend", list_extend_method, "self, iterable, /", NATIVE_METHOD, "Adds all items of an iterable at the end."},
    {"index", list_index_method, "self, value, start=0, stop=9223372036854775807, /", NATIVE_METHOD,
     "The first index within [start:stop] of an item that equals the value; ValueError where there is none."},
    {"insert", list_insert_method, "self, index, object, /", NATIVE_METHOD, "Puts an object in front of the item at an index."},
    {"pop", list_pop_method, "self, index=-1, /", NATIVE_METHOD,
     "Takes out the item at an index, the last one by default, and returns it; IndexError where there is none."},
    {"remove", list_remove_method, "self, value, /", NATIVE_METHOD,
     "Takes out the first item that equals the value; ValueError where there is none."},
    {"reverse", list_reverse_method, "self, /", NATIVE_METHOD, "Turns the order of the items around, in place."},
    {"sort", list_sort_method, "self, /, *, key=None, reverse=False", NATIVE_METHOD,
     "Sorts the list in place, by what key(item) gives; equal items keep their order, with reverse=True too."},
    {"__reversed__", list_reversed_method, "self, /", NATIVE_METHOD},
    {"__sizeof__", list_sizeof_method, "self, /", NATIVE_METHOD},
    {0},
};

bool list_class_init(VM *vm) {
    vm->ops[KIND_LIST] = &list_ops;
    vm->classes.list = class_new_builtin(vm, "list", vm->classes.object, KIND_LIST, sizeof(List), 0);
    return vm->classes.list && native_add_methods(vm, vm->classes.list, list_methods) >= 0;
}

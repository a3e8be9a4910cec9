// What copy and pickle ask of iterators: __reduce__ and __setstate__.
#include <string.h>

#include "object/container/dict.h"
#include "object/container/iterator.h"
#include "object/container/range.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

static Iterator *iterator_of(Value v) { return (Iterator *)object_of(v); }

// ---- __reduce__

// The function that makes it anew, what that is called with, and where there is one the state.
static Value reduced(VM *vm, const char *maker, Value *arguments, size_t count, Value state) {
    String *name = string_intern_from(vm, maker, strlen(maker));
    Tuple *with = name ? tuple_from(vm, arguments, count) : NULL;
    if (!with) return VALUE_ERROR;
    Value make = dict_get_string(vm, vm->builtins, name);
    if (is_empty(make)) return raise_error(vm, vm->exceptions.attribute_error, "%s", maker);
    Value parts[3] = {make, value_object(with), state};
    return object_or_error(tuple_from(vm, parts, is_empty(state) ? 2 : 3));
}

static Value reduce_exhausted(VM *vm, const Iterator *it) {
    Value nothing;
    switch (it->which) {
    case ITERATE_TUPLE:
    case ITERATE_BYTES:
    case ITERATE_SEQUENCE:
    case ITERATE_SEQUENCE_REVERSED:
    case ITERATE_CALLABLE: nothing = object_or_error(tuple_new(vm, 0)); break;
    case ITERATE_STRING: nothing = object_or_error(string_from(vm, "")); break;
    default: nothing = object_or_error(list_new(vm, 0)); break;
    }
    if (is_error(nothing)) return nothing;
    bool reversed = it->which == ITERATE_LIST_REVERSED || it->which == ITERATE_SEQUENCE_REVERSED;
    return reduced(vm, reversed ? "reversed" : "iter", &nothing, 1, VALUE_EMPTY);
}

// Of an iterator over a table: what is left, as a list. The iterator itself stays where it is.
static Value reduce_table(VM *vm, const Iterator *it) {
    Iterator *copy = heap_allocate(vm, object_shape(&it->object), KIND_ITERATOR, sizeof(Iterator));
    List *left = copy ? list_new(vm, 0) : NULL;
    if (!left) return VALUE_ERROR;
    copy->which = it->which;
    copy->changes = it->changes;
    copy->source = it->source;
    copy->position = it->position;
    copy->limit = it->limit;
    copy->extra = it->extra;
    for (;;) {
        Value item = value_next(vm, value_object(copy));
        if (is_error(item)) return item;
        if (is_stop(item)) break;
        if (!list_append(vm, left, item)) return VALUE_ERROR;
    }
    Value items = value_object(left);
    return reduced(vm, "iter", &items, 1, VALUE_EMPTY);
}

// Of an iterator over a range: the range of what is left.
static Value reduce_range(VM *vm, const Iterator *it) {
    Value start = it->extra, stop, step = value_small(1);
    if (it->which == ITERATE_RANGE) {
        // Behind the last item the position stays at it.
        step = it->extra;
        start = int_from_int64(vm, it->limit > 0 ? it->position : it->position + small_of(step));
        stop = int_from_int64(vm, it->limit > 0 ? it->position + it->limit * small_of(step) : it->position + small_of(step));
    } else if (is_none(it->source)) {
        stop = start;
    } else {
        const Range_ *range = (Range_ *)object_of(it->source);
        step = range->step;
        stop = int_binary(vm, BINARY_MULTIPLY, range->length, step);
        stop = is_error(stop) ? stop : int_binary(vm, BINARY_ADD, range->start, stop);
    }
    Value left = is_error(start) || is_error(stop) ? VALUE_ERROR : range_new(vm, start, stop, step);
    return is_error(left) ? left : reduced(vm, "iter", &left, 1, VALUE_NONE);
}

Value iterator_reduce(VM *vm, Value *args, size_t count) {
    const Iterator *it = iterator_of(args[0]);
    if (it->which == ITERATE_RANGE || it->which == ITERATE_BIG_RANGE) return reduce_range(vm, it);
    if (is_none(it->source)) return reduce_exhausted(vm, it);
    Value source[2] = {it->source, it->extra};
    switch (it->which) {
    case ITERATE_DICT_KEYS:
    case ITERATE_DICT_VALUES:
    case ITERATE_DICT_ITEMS:
    case ITERATE_DICT_REVERSED:
    case ITERATE_SET: return reduce_table(vm, it);
    case ITERATE_CALLABLE: return reduced(vm, "iter", source, 2, VALUE_EMPTY);
    case ITERATE_LIST_REVERSED:
    case ITERATE_SEQUENCE_REVERSED: return reduced(vm, "reversed", source, 1, value_small(it->position));
    case ITERATE_STRING: {
        const String *s = string_of(it->source);
        int64_t index = 0;
        for (int64_t i = 0; i < it->position; i++) index += ((unsigned char)s->data[i] & 0xC0) != 0x80;
        vm_count_work(vm, (size_t)it->position / 32);
        return reduced(vm, "iter", source, 1, value_small(index));
    }
    default: return reduced(vm, "iter", source, 1, value_small(it->position));
    }
}

// ---- __setstate__

// How many items the source of an iterator over a sequence has; -1 on an error. [script]
static int64_t source_length(VM *vm, const Iterator *it) {
    if (it->which == ITERATE_STRING) return (int64_t)string_of(it->source)->length;
    return value_length(vm, it->source);
}

static Value set_range(VM *vm, Iterator *it, Value state) {
    Value index = value_index(vm, state);
    if (is_error(index)) return index;
    if (it->which == ITERATE_RANGE) {
        int64_t skipped;
        if (!int_to_int64(index, &skipped) || skipped > it->limit) skipped = int_sign(index) < 0 ? 0 : it->limit;
        if (skipped <= 0) return VALUE_NONE;
        it->position += (skipped < it->limit ? skipped : it->limit - 1) * small_of(it->extra);
        it->limit -= skipped;
        return VALUE_NONE;
    }
    const Range_ *range = (Range_ *)object_of(it->source);
    if (int_sign(index) < 0) index = value_small(0);
    if (is_true(int_compare(vm, COMPARISON_GT, index, range->length))) index = range->length;
    Value skipped = int_binary(vm, BINARY_MULTIPLY, index, range->step);
    Value next = is_error(skipped) ? skipped : int_binary(vm, BINARY_ADD, it->extra, skipped);
    if (is_error(next)) return next;
    heap_store(vm, &it->object, &it->extra, next);
    return VALUE_NONE;
}

// The index of the next item.
Value iterator_set_state(VM *vm, Value *args, size_t count) {
    Iterator *it = iterator_of(args[0]);
    if (is_none(it->source)) return VALUE_NONE;
    if (it->which == ITERATE_RANGE || it->which == ITERATE_BIG_RANGE) return set_range(vm, it, args[1]);
    int64_t index;
    if (!is_int(args[1])) return raise_type_error(vm, "an integer is required");
    if (!size_argument(vm, args[1], &index)) return VALUE_ERROR;
    bool reversed = it->which == ITERATE_LIST_REVERSED || it->which == ITERATE_SEQUENCE_REVERSED;
    if (it->which == ITERATE_SEQUENCE) {
        it->position = index < 0 ? 0 : index;
        return VALUE_NONE;
    }
    int64_t length = source_length(vm, it);
    if (length < 0) return VALUE_ERROR;
    int64_t least = reversed ? -1 : 0, most = reversed ? length - 1 : length;
    index = index < least ? least : index > most ? most : index;
    it->position = it->which == ITERATE_STRING ? (int64_t)string_offset(vm, string_of(it->source), (size_t)index) : index;
    return VALUE_NONE;
}

#include "object/container/range.h"

#include "object/container/iterator.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/shared/sequence.h"

static Range_ *range_of(Value v) { return (Range_ *)object_of(v); }

static Value add(VM *vm, Value a, Value b) { return int_binary(vm, BINARY_ADD, a, b); }
static Value subtract(VM *vm, Value a, Value b) { return int_binary(vm, BINARY_SUBTRACT, a, b); }
static Value multiply(VM *vm, Value a, Value b) { return int_binary(vm, BINARY_MULTIPLY, a, b); }

// How many items there are from start to stop.
static Value count_items(VM *vm, Value start, Value stop, Value step) {
    bool up = int_sign(step) > 0;
    if (!is_true(int_compare(vm, COMPARISON_LT, up ? start : stop, up ? stop : start))) return value_small(0);
    if (are_small(start, stop) && is_small(step)) {
        int64_t distance = small_of(stop) - small_of(start), width = small_of(step);
        int64_t n = width > 0 ? (distance - 1) / width + 1 : (-distance - 1) / -width + 1;
        return int_from_int64(vm, n);
    }
    Value distance = up ? subtract(vm, stop, start) : subtract(vm, start, stop);
    if (is_error(distance)) return distance;
    distance = subtract(vm, distance, value_small(1));
    Value width = up ? step : subtract(vm, value_small(0), step);
    if (is_error(distance) || is_error(width)) return VALUE_ERROR;
    Value quotient = int_binary(vm, BINARY_FLOOR_DIVIDE, distance, width);
    return is_error(quotient) ? quotient : add(vm, quotient, value_small(1));
}

Value range_new(VM *vm, Value start, Value stop, Value step) {
    if (int_sign(step) == 0) return raise_value_error(vm, "range() arg 3 must not be zero");
    start = int_plain(vm, start);
    stop = int_plain(vm, stop);
    step = int_plain(vm, step);
    if (is_error(start) || is_error(stop) || is_error(step)) return VALUE_ERROR;
    Value length = count_items(vm, start, stop, step);
    if (is_error(length)) return VALUE_ERROR;
    Range_ *range = heap_allocate(vm, builtin_shape(vm->classes.range), KIND_RANGE, sizeof(Range_));
    if (!range) return VALUE_ERROR;
    range->start = start;
    range->stop = stop;
    range->step = step;
    range->length = length;
    return value_object(range);
}

// The item at an index that may be any int (no bounds checked).
static Value item_at(VM *vm, const Range_ *range, Value index) {
    Value offset = multiply(vm, index, range->step);
    return is_error(offset) ? offset : add(vm, range->start, offset);
}

static void range_trace(VM *vm, Object *o) {
    Range_ *range = (Range_ *)o;
    heap_mark(vm, range->start);
    heap_mark(vm, range->stop);
    heap_mark(vm, range->step);
    heap_mark(vm, range->length);
}

static Value range_repr(VM *vm, Value self) {
    Range_ *range = range_of(self);
    Buffer buffer = vm_buffer(vm);
    buffer_text(&buffer, "range(");
    bool good = append_repr(vm, &buffer, range->start);
    buffer_text(&buffer, ", ");
    good = good && append_repr(vm, &buffer, range->stop);
    if (!value_same(range->step, value_small(1))) {
        buffer_text(&buffer, ", ");
        good = good && append_repr(vm, &buffer, range->step);
    }
    if (!good) return buffer_free(&buffer), VALUE_ERROR;
    buffer_byte(&buffer, ')');
    return object_or_error(string_from_buffer(vm, &buffer));
}

static bool same_int(VM *vm, Value a, Value b) { return is_true(int_compare(vm, COMPARISON_EQ, a, b)); }

static int range_hash(VM *vm, Value self, uint64_t *out) {
    Range_ *range = range_of(self);
    Value items[3] = {range->length, VALUE_NONE, VALUE_NONE};
    if (int_sign(range->length)) items[1] = range->start;
    if (int_sign(range->length) && !same_int(vm, range->length, value_small(1))) items[2] = range->step;
    Tuple *tuple = tuple_from(vm, items, 3);
    return tuple ? value_hash(vm, value_object(tuple), out) : -1;
}

static Value range_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_kind(self, KIND_RANGE) || !is_kind(other, KIND_RANGE) ||
        (op != COMPARISON_EQ && op != COMPARISON_NE))
        return VALUE_NOT_IMPLEMENTED;
    Range_ *a = range_of(self), *b = range_of(other);
    bool equal = same_int(vm, a->length, b->length) &&
                 (!int_sign(a->length) ||
                  (same_int(vm, a->start, b->start) &&
                   (same_int(vm, a->length, value_small(1)) || same_int(vm, a->step, b->step))));
    return value_bool(equal == (op == COMPARISON_EQ));
}

static int range_truth(VM *vm, Value self) { return int_sign(range_of(self)->length) != 0; }

static int64_t range_length(VM *vm, Value self) {
    int64_t length;
    if (int_to_int64(range_of(self)->length, &length)) return length;
    return raise_overflow_error(vm, "Python int too large to convert to C ssize_t"), -1;
}

static Value slice_of_range(VM *vm, const Range_ *range, Value key) {
    Value arguments[2] = {key, range->length};
    String *name = string_intern_from(vm, "indices", 7);
    if (!name) return VALUE_ERROR;
    Value method = value_get_attribute(vm, key, name);
    if (is_error(method)) return method;
    Value numbers = vm_call(vm, method, &arguments[1], 1, NULL);
    if (is_error(numbers)) return numbers;
    Value *bounds = tuple_of(numbers)->items;
    Value start = item_at(vm, range, bounds[0]), stop = item_at(vm, range, bounds[1]);
    Value step = multiply(vm, range->step, bounds[2]);
    if (is_error(start) || is_error(stop) || is_error(step)) return VALUE_ERROR;
    return range_new(vm, start, stop, step);
}

static Value range_get_item(VM *vm, Value self, Value key) {
    Range_ *range = range_of(self);
    if (is_kind(key, KIND_SLICE)) return slice_of_range(vm, range, key);
    if (!has_index(vm, key))
        return raise_type_error(vm, "range indices must be integers or slices, not %s", type_name(vm, key));
    Value index = value_index(vm, key);
    if (is_error(index)) return index;
    if (int_sign(index) < 0) index = add(vm, index, range->length);
    if (is_error(index)) return index;
    if (int_sign(index) < 0 || !is_true(int_compare(vm, COMPARISON_LT, index, range->length)))
        return raise_index_error(vm, "range object index out of range");
    return item_at(vm, range, index);
}

// The position of an int in the range, VALUE_EMPTY when it is not there.
static Value position_of(VM *vm, const Range_ *range, Value item) {
    bool up = int_sign(range->step) > 0;
    Value low = up ? range->start : item, high = up ? item : range->start;
    if (is_true(int_compare(vm, COMPARISON_GT, low, high))) return VALUE_EMPTY;
    if (!is_true(int_compare(vm, up ? COMPARISON_LT : COMPARISON_GT, item, range->stop))) return VALUE_EMPTY;
    Value distance = subtract(vm, item, range->start);
    Value rest = is_error(distance) ? distance : int_binary(vm, BINARY_MODULO, distance, range->step);
    if (is_error(rest)) return rest;
    if (int_sign(rest)) return VALUE_EMPTY;
    return int_binary(vm, BINARY_FLOOR_DIVIDE, distance, range->step);
}

// Whether the item is an int that compares as one (no subclass, which may have an __eq__ of its own).
static bool is_searchable(VM *vm, Value item) { return is_plain_int(vm, item) || is_bool(item); }

static int range_contains(VM *vm, Value self, Value item) {
    if (is_searchable(vm, item)) {
        Value position = position_of(vm, range_of(self), item);
        return is_error(position) ? -1 : !is_empty(position);
    }
    Value iterator = iterator_new(vm, ITERATE_RANGE, self);
    if (is_error(iterator)) return -1;
    for (;;) {
        Value next = value_next(vm, iterator);
        if (is_stop(next)) return 0;
        int equal = is_error(next) ? -1 : value_equal(vm, next, item);
        if (equal) return equal;
    }
}

static Value range_iterate(VM *vm, Value self) { return iterator_new(vm, ITERATE_RANGE, self); }

const TypeOps range_ops = {
    .trace = range_trace,
    .repr = range_repr,
    .hash = range_hash,
    .compare = range_compare,
    .truth = range_truth,
    .length = range_length,
    .get_item = range_get_item,
    .contains = range_contains,
    .iterate = range_iterate,
};

static Value range_dunder_new(VM *vm, Value *args, size_t count) {
    if (!builtin_new_class(vm, args[0], vm->classes.range)) return VALUE_ERROR;
    if (count < 2) return raise_type_error(vm, "range expected at least 1 argument, got 0");
    if (count > 4) return raise_type_error(vm, "range expected at most 3 arguments, got %zu", count - 1);
    for (size_t i = 1; i < count; i++)
        if (is_error(args[i] = value_index(vm, args[i]))) return VALUE_ERROR;
    if (count == 2) return range_new(vm, value_small(0), args[1], value_small(1));
    return range_new(vm, args[1], args[2], count > 3 ? args[3] : value_small(1));
}

static Value range_count_method(VM *vm, Value *args, size_t count) {
    if (!is_searchable(vm, args[1])) {
        Value iterator = iterator_new(vm, ITERATE_RANGE, args[0]), item;
        int64_t found = 0;
        if (is_error(iterator)) return iterator;
        while (!is_stop(item = value_next(vm, iterator))) {
            int equal = is_error(item) ? -1 : value_equal(vm, item, args[1]);
            if (equal < 0) return VALUE_ERROR;
            found += equal;
        }
        return value_small(found);
    }
    int has = range_contains(vm, args[0], args[1]);
    return has < 0 ? VALUE_ERROR : value_small(has);
}

static Value range_index_method(VM *vm, Value *args, size_t count) {
    if (is_searchable(vm, args[1])) {
        Value position = position_of(vm, range_of(args[0]), args[1]);
        if (!is_empty(position)) return position;
        String *text = value_repr(vm, args[1]);
        return text ? raise_value_error(vm, "%s is not in range", text->data) : VALUE_ERROR;
    }
    Value iterator = iterator_new(vm, ITERATE_RANGE, args[0]);
    if (is_error(iterator)) return iterator;
    for (int64_t i = 0;; i++) {
        Value next = value_next(vm, iterator);
        if (is_stop(next)) return raise_value_error(vm, "sequence.index(x): x not in sequence");
        int equal = is_error(next) ? -1 : value_equal(vm, next, args[1]);
        if (equal) return equal < 0 ? VALUE_ERROR : value_small(i);
    }
}

static Value range_reversed_method(VM *vm, Value *args, size_t count) {
    Range_ *range = range_of(args[0]);
    Value last = subtract(vm, range->length, value_small(1));
    Value start = is_error(last) ? last : item_at(vm, range, last);
    Value stop = is_error(start) ? start : subtract(vm, range->start, range->step);
    Value step = is_error(stop) ? stop : subtract(vm, value_small(0), range->step);
    Value reversed = is_error(step) ? step : range_new(vm, start, stop, step);
    return is_error(reversed) ? reversed : range_iterate(vm, reversed);
}

static Value range_reduce_method(VM *vm, Value *args, size_t count) {
    Range_ *range = range_of(args[0]);
    Value numbers[3] = {range->start, range->stop, range->step};
    Value parts[2] = {value_object(vm->classes.range), object_or_error(tuple_from(vm, numbers, 3))};
    return is_error(parts[1]) ? VALUE_ERROR : object_or_error(tuple_from(vm, parts, 2));
}

static Value range_get_start(VM *vm, Value self) { return range_of(self)->start; }
static Value range_get_stop(VM *vm, Value self) { return range_of(self)->stop; }
static Value range_get_step(VM *vm, Value self) { return range_of(self)->step; }

static const NativeDefinition range_methods[] = {
    {"__new__", range_dunder_new, "cls, /, *args", NATIVE_NEW},
    {"count", range_count_method, "self, object, /", NATIVE_METHOD, "1 where the number is in the range, else 0."},
    {"index", range_index_method, "self, object, /", NATIVE_METHOD,
     "At which place the number is in the range; ValueError where it is not."},
    {"__reversed__", range_reversed_method, "self, /", NATIVE_METHOD},
    {"__reduce__", range_reduce_method, "self, /", NATIVE_METHOD},
    {0},
};
static const AttributeDefinition range_attributes[] = {
    {"start", range_get_start, NULL, "The first number."},
    {"stop", range_get_stop, NULL, "The number at which it ends, without it."},
    {"step", range_get_step, NULL, "From each number to the next."},
    {0}};

bool range_class_init(VM *vm) {
    vm->ops[KIND_RANGE] = &range_ops;
    vm->classes.range =
        class_new_builtin(vm, "range", vm->classes.object, KIND_RANGE, sizeof(Range_), CLASS_FINAL);
    return vm->classes.range && native_add_methods(vm, vm->classes.range, range_methods) >= 0 &&
           native_add_attributes(vm, vm->classes.range, range_attributes) >= 0;
}

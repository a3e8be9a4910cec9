#include "object/container/range.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/shared/sequence.h"

static Slice *slice_of(Value v) { return (Slice *)object_of(v); }

Value slice_new(VM *vm, Value start, Value stop, Value step) {
    Slice *slice = heap_allocate_raw(vm, builtin_shape(vm->classes.slice), KIND_SLICE, sizeof(Slice));
    if (!slice) return VALUE_ERROR;
    slice->start = start;
    slice->stop = stop;
    slice->step = step;
    return value_object(slice);
}

int sequence_repeat_count(VM *vm, Value left, Value right, Value number, int64_t *times) {
    if (is_small(number)) return *times = small_of(number), 1;
    if (value_same(number, right) && operand_reflects(vm, right, SPECIAL_RMUL)) return 0;
    if (!has_index(vm, number)) {
        raise_type_error(vm, "can't multiply sequence by non-int of type '%s'", type_name(vm, number));
        return -1;
    }
    return repeat_argument(vm, number, times) ? 1 : -1;
}

bool slice_resolve_bounds(VM *vm, Value value, int64_t *start, int64_t *stop, int64_t *step) {
    Slice *slice = slice_of(value);
    *step = 1;
    if (!slice_argument(vm, slice->step, true, step)) return false;
    if (*step == 0) return raise_value_error(vm, "slice step cannot be zero"), false;
    if (*step == INT64_MIN) *step = -INT64_MAX;
    *start = *step < 0 ? INT64_MAX : 0;
    *stop = *step < 0 ? INT64_MIN : INT64_MAX;
    return slice_argument(vm, slice->start, true, start) && slice_argument(vm, slice->stop, true, stop);
}

size_t slice_clip(size_t size, int64_t *start, int64_t *stop, int64_t step) {
    int64_t length = (int64_t)size, lowest = step < 0 ? -1 : 0, highest = step < 0 ? length - 1 : length;
    if (*start < 0 && (*start += length) < 0)
        *start = lowest;
    else if (*start >= length)
        *start = highest;
    if (*stop < 0 && (*stop += length) < 0)
        *stop = lowest;
    else if (*stop >= length)
        *stop = highest;
    if (step < 0) return *stop < *start ? (size_t)((*start - *stop - 1) / -step) + 1 : 0;
    return *start < *stop ? (size_t)((*stop - *start - 1) / step) + 1 : 0;
}

bool slice_resolve(VM *vm, Value slice, size_t length, int64_t *start, int64_t *stop, int64_t *step,
                   size_t *count) {
    if (!slice_resolve_bounds(vm, slice, start, stop, step)) return false;
    *count = slice_clip(length, start, stop, *step);
    return true;
}

static void slice_trace(VM *vm, Object *o) {
    heap_mark(vm, ((Slice *)o)->start);
    heap_mark(vm, ((Slice *)o)->stop);
    heap_mark(vm, ((Slice *)o)->step);
}

static Value slice_repr(VM *vm, Value self) {
    Slice *slice = slice_of(self);
    Buffer buffer = vm_buffer(vm);
    buffer_text(&buffer, "slice(");
    bool good = recursion_enter(vm, " while getting the repr of an object");
    if (good) {
        good = append_repr(vm, &buffer, slice->start);
        buffer_text(&buffer, ", ");
        good = good && append_repr(vm, &buffer, slice->stop);
        buffer_text(&buffer, ", ");
        good = good && append_repr(vm, &buffer, slice->step);
        recursion_leave(vm);
    }
    if (!good) return buffer_free(&buffer), VALUE_ERROR;
    buffer_byte(&buffer, ')');
    return object_or_error(string_from_buffer(vm, &buffer));
}

static Value as_tuple(VM *vm, Value self) {
    Value items[3] = {slice_of(self)->start, slice_of(self)->stop, slice_of(self)->step};
    return object_or_error(tuple_from(vm, items, 3));
}

static int slice_hash(VM *vm, Value self, uint64_t *out) {
    Value tuple = as_tuple(vm, self);
    return is_error(tuple) ? -1 : value_hash(vm, tuple, out);
}

static Value slice_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_kind(self, KIND_SLICE) || !is_kind(other, KIND_SLICE)) return VALUE_NOT_IMPLEMENTED;
    Value left = as_tuple(vm, self), right = as_tuple(vm, other);
    return is_error(left) || is_error(right) ? VALUE_ERROR : value_compare(vm, op, left, right);
}

const TypeOps slice_ops = {
    .trace = slice_trace,
    .repr = slice_repr,
    .hash = slice_hash,
    .compare = slice_compare,
};

static Value slice_dunder_new(VM *vm, Value *args, size_t count) {
    if (!builtin_new_class(vm, args[0], vm->classes.slice)) return VALUE_ERROR;
    if (count < 2) return raise_type_error(vm, "slice expected at least 1 argument, got 0");
    if (count > 4) return raise_type_error(vm, "slice expected at most 3 arguments, got %zu", count - 1);
    if (count == 2) return slice_new(vm, VALUE_NONE, args[1], VALUE_NONE);
    return slice_new(vm, args[1], args[2], count > 3 ? args[3] : VALUE_NONE);
}

// One of the slice's three as an int; `missing` stands for None.
static Value slice_number(VM *vm, Value v, Value missing) {
    if (is_none(v)) return missing;
    if (!has_index(vm, v))
        return raise_type_error(vm, "slice indices must be integers or None or have an __index__ method");
    return value_index(vm, v);
}

// A start or stop brought into [lowest, highest] after counting from the end.
static Value fit(VM *vm, Value v, Value length, Value lowest, Value highest) {
    if (int_sign(v) < 0) {
        v = int_binary(vm, BINARY_ADD, v, length);
        if (is_error(v)) return v;
        return is_true(int_compare(vm, COMPARISON_LT, v, lowest)) ? lowest : v;
    }
    return is_true(int_compare(vm, COMPARISON_GT, v, highest)) ? highest : v;
}

// slice.indices works with ints of any size.
static Value slice_indices_method(VM *vm, Value *args, size_t count) {
    Slice *slice = slice_of(args[0]);
    Value length = value_index(vm, args[1]);
    if (is_error(length)) return VALUE_ERROR;
    if (int_sign(length) < 0) return raise_value_error(vm, "length should not be negative");
    Value step = slice_number(vm, slice->step, value_small(1));
    if (is_error(step)) return VALUE_ERROR;
    if (int_sign(step) == 0) return raise_value_error(vm, "slice step cannot be zero");
    bool down = int_sign(step) < 0;
    Value lowest = value_small(down ? -1 : 0);
    Value highest = down ? int_binary(vm, BINARY_SUBTRACT, length, value_small(1)) : length;
    if (is_error(highest)) return VALUE_ERROR;
    Value start = slice_number(vm, slice->start, VALUE_EMPTY);
    if (is_error(start)) return VALUE_ERROR;
    Value stop = slice_number(vm, slice->stop, VALUE_EMPTY);
    if (is_error(stop)) return VALUE_ERROR;
    start = is_empty(start) ? (down ? highest : lowest) : fit(vm, start, length, lowest, highest);
    stop = is_empty(stop) ? (down ? lowest : highest) : fit(vm, stop, length, lowest, highest);
    Value items[3] = {start, stop, step};
    return is_error(start) || is_error(stop) ? VALUE_ERROR : object_or_error(tuple_from(vm, items, 3));
}

static Value slice_reduce_method(VM *vm, Value *args, size_t count) {
    Value parts[2] = {value_object(vm->classes.slice), as_tuple(vm, args[0])};
    return is_error(parts[1]) ? VALUE_ERROR : object_or_error(tuple_from(vm, parts, 2));
}

static Value slice_get_start(VM *vm, Value self) { return slice_of(self)->start; }
static Value slice_get_stop(VM *vm, Value self) { return slice_of(self)->stop; }
static Value slice_get_step(VM *vm, Value self) { return slice_of(self)->step; }

static const NativeDefinition slice_methods[] = {
    {"__new__", slice_dunder_new, "cls, /, *args", NATIVE_NEW},
    {"indices", slice_indices_method, "self, object, /", NATIVE_METHOD,
     "The start, stop and step that the slice comes to for a sequence of that length, ready for range()."},
    {"__reduce__", slice_reduce_method, "self, /", NATIVE_METHOD},
    {0},
};
static const AttributeDefinition slice_attributes[] = {
    {"start", slice_get_start, NULL, "Where it begins, as it was given."},
    {"stop", slice_get_stop, NULL, "Before what it ends, as it was given."},
    {"step", slice_get_step, NULL, "From each item to the next, as it was given."},
    {0}};

bool slice_class_init(VM *vm) {
    vm->ops[KIND_SLICE] = &slice_ops;
    vm->classes.slice =
        class_new_builtin(vm, "slice", vm->classes.object, KIND_SLICE, sizeof(Slice), CLASS_FINAL);
    return vm->classes.slice && native_add_methods(vm, vm->classes.slice, slice_methods) >= 0 &&
           native_add_attributes(vm, vm->classes.slice, slice_attributes) >= 0;
}

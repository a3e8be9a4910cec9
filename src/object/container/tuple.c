#include "object/container/iterator.h"
#include "object/container/list.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/shared/sequence.h"

static size_t tuple_size(size_t length) { return offsetof(Tuple, items) + length * sizeof(Value); }

Tuple *tuple_new(VM *vm, size_t length) {
    if (length > PTRDIFF_MAX / sizeof(Value) - 64) return raise_memory_error(vm), NULL;
    Tuple *tuple = heap_allocate_raw(vm, builtin_shape(vm->classes.tuple), KIND_TUPLE, tuple_size(length));
    if (!tuple) return NULL;
    tuple->length = length;
    for (size_t i = 0; i < length; i++) tuple->items[i] = VALUE_NONE;
    return tuple;
}

Tuple *tuple_from(VM *vm, const Value *items, size_t count) {
    if (count > PTRDIFF_MAX / sizeof(Value) - 64) return raise_memory_error(vm), NULL;
    Tuple *tuple = heap_allocate_raw(vm, builtin_shape(vm->classes.tuple), KIND_TUPLE, tuple_size(count));
    if (!tuple) return NULL;
    tuple->length = count;
    if (count) memcpy(tuple->items, items, count * sizeof(Value));
    return tuple;
}

Value *values_scratch(VM *vm, size_t count) {
    enum { AT_ONCE = 1 << 16 };
    if (count > PTRDIFF_MAX / sizeof(Value) - 64) return raise_memory_error(vm), NULL;
    Tuple *tuple = heap_allocate_raw(vm, builtin_shape(vm->classes.tuple), KIND_TUPLE, tuple_size(count));
    if (!tuple) return NULL;
    // The first touch of so much memory takes long: in between others are looked at.
    for (tuple->length = 0; tuple->length < count;) {
        size_t end = count - tuple->length < AT_ONCE ? count : tuple->length + AT_ONCE;
        while (tuple->length < end) tuple->items[tuple->length++] = VALUE_NONE;
        if (!vm_poll(vm, 0)) return NULL;
    }
    return tuple->items;
}

Tuple *tuple_from_iterable(VM *vm, Value iterable) {
    if (is_exactly(iterable, vm->classes.tuple)) return tuple_of(iterable);
    if (is_exactly(iterable, vm->classes.list))
        return tuple_from(vm, list_of(iterable)->items, list_of(iterable)->length);
    List *list = list_from_iterable(vm, iterable);
    return list ? tuple_from(vm, list->items, list->length) : NULL;
}

// ---- Operations

static void tuple_trace(VM *vm, Object *o) {
    Tuple *tuple = (Tuple *)o;
    heap_mark_values(vm, tuple->items, tuple->length);
}

static size_t tuple_cell_size(const Object *o) { return tuple_size(((const Tuple *)o)->length); }

static Value tuple_repr(VM *vm, Value self) {
    Tuple *tuple = tuple_of(self);
    if (!tuple->length) return object_or_error(string_from(vm, "()"));
    int entered = repr_enter(vm, self);
    if (entered < 0) return VALUE_ERROR;
    if (!entered) return object_or_error(string_from(vm, "(...)"));
    Buffer buffer = vm_buffer(vm);
    buffer_byte(&buffer, '(');
    bool good = true;
    for (size_t i = 0; good && i < tuple->length; i++) {
        if (i) buffer_append(&buffer, ", ", 2);
        good = append_repr(vm, &buffer, tuple->items[i]);
    }
    repr_leave(vm);
    if (!good) return buffer_free(&buffer), VALUE_ERROR;
    buffer_text(&buffer, tuple->length == 1 ? ",)" : ")");
    return object_or_error(string_from_buffer(vm, &buffer));
}

// The items' hashes mixed as xxHash mixes 64-bit lanes.
static int tuple_hash(VM *vm, Value self, uint64_t *out) {
    const uint64_t prime1 = 11400714785074694791u, prime2 = 14029467366897019727u,
                   prime5 = 2870177450012600261u;
    Tuple *tuple = tuple_of(self);
    if (!recursion_enter(vm, "")) return -1;
    uint64_t mixed = prime5;
    int status = 1;
    for (size_t i = 0; i < tuple->length; i++) {
        uint64_t lane;
        if ((status = vm_poll(vm, 1) ? quick_hash(vm, tuple->items[i], &lane) : -1) < 0) break;
        mixed += lane * prime2;
        mixed = (mixed << 31 | mixed >> 33) * prime1;
    }
    recursion_leave(vm);
    mixed += tuple->length ^ (prime5 ^ 3527539u);
    *out = mixed == UINT64_MAX ? 1546275796u : mixed;
    return status;
}

static Value tuple_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_tuple(self) || !is_tuple(other)) return VALUE_NOT_IMPLEMENTED;
    Tuple *a = tuple_of(self), *b = tuple_of(other);
    size_t common = a->length < b->length ? a->length : b->length;
    if (!recursion_enter(vm, " in comparison")) return VALUE_ERROR;
    Value result = VALUE_EMPTY;
    for (size_t i = 0; i < common; i++) {
        int equal = vm_poll(vm, 1) ? quick_equal(vm, a->items[i], b->items[i]) : -1;
        if (equal > 0) continue;
        if (equal < 0)
            result = VALUE_ERROR;
        else if (op == COMPARISON_EQ || op == COMPARISON_NE)
            result = value_bool(op == COMPARISON_NE);
        else
            result = value_compare(vm, op, a->items[i], b->items[i]);
        break;
    }
    recursion_leave(vm);
    if (!is_empty(result)) return result;
    return compare_result(op, (a->length > b->length) - (a->length < b->length));
}

static Value tuple_repeat(VM *vm, Value self, int64_t times) {
    Tuple *tuple = tuple_of(self);
    if (times <= 0 || !tuple->length) return object_or_error(tuple_new(vm, 0));
    if (times == 1 && is_exactly(self, vm->classes.tuple)) return self;
    if ((uint64_t)times > PTRDIFF_MAX / sizeof(Value) / tuple->length) return raise_memory_error(vm);
    Tuple *result = tuple_new(vm, tuple->length * (size_t)times);
    if (!result) return VALUE_ERROR;
    fill_repeated(result->items, tuple->items, tuple->length, (size_t)times);
    return value_object(result);
}

static Value tuple_binary(VM *vm, Binary op, Value left, Value right) {
    if (op == BINARY_ADD && is_tuple(left)) {
        if (!is_tuple(right)) {
            if (operand_reflects(vm, right, SPECIAL_RADD)) return VALUE_NOT_IMPLEMENTED;
            return raise_type_error(vm, "can only concatenate tuple (not \"%s\") to tuple",
                                    type_name(vm, right));
        }
        Tuple *a = tuple_of(left), *b = tuple_of(right);
        if (!b->length && is_exactly(left, vm->classes.tuple)) return left;
        if (!a->length && is_exactly(right, vm->classes.tuple)) return right;
        Tuple *result = tuple_new(vm, a->length + b->length);
        if (!result) return VALUE_ERROR;
        if (a->length) memcpy(result->items, a->items, a->length * sizeof(Value));
        if (b->length) memcpy(result->items + a->length, b->items, b->length * sizeof(Value));
        return value_object(result);
    }
    if (op == BINARY_MULTIPLY) {
        Value sequence = is_tuple(left) ? left : right, number = is_tuple(left) ? right : left;
        int64_t times;
        int answer = sequence_repeat_count(vm, left, right, number, &times);
        if (answer <= 0) return answer ? VALUE_ERROR : VALUE_NOT_IMPLEMENTED;
        return tuple_repeat(vm, sequence, times);
    }
    return VALUE_NOT_IMPLEMENTED;
}

static int64_t tuple_length(VM *vm, Value self) { return (int64_t)tuple_of(self)->length; }

static Value tuple_get_item(VM *vm, Value self, Value key) {
    Tuple *tuple = tuple_of(self);
    int64_t index;
    if (is_kind(key, KIND_SLICE)) {
        int64_t start, stop, step;
        if (!slice_resolve_bounds(vm, key, &start, &stop, &step)) return VALUE_ERROR;
        size_t count = slice_clip(tuple->length, &start, &stop, step);
        if (step == 1 && count == tuple->length && is_exactly(self, vm->classes.tuple)) return self;
        if (step == 1) return object_or_error(tuple_from(vm, tuple->items + start, count));
        Tuple *result = tuple_new(vm, count);
        if (!result) return VALUE_ERROR;
        for (size_t i = 0; i < count; i++) result->items[i] = tuple->items[start + (int64_t)i * step];
        return value_object(result);
    }
    if (!index_argument(vm, key, "tuple", &index)) return VALUE_ERROR;
    if (index < 0) index += (int64_t)tuple->length;
    if (index < 0 || (size_t)index >= tuple->length) return raise_index_error(vm, "tuple index out of range");
    return tuple->items[index];
}

static int tuple_contains(VM *vm, Value self, Value item) {
    int status = 0;
    for (size_t i = 0; !status && i < tuple_of(self)->length; i++)
        status = vm_poll(vm, 1) ? quick_equal(vm, tuple_of(self)->items[i], item) : -1;
    return status;
}

static Value tuple_iterate(VM *vm, Value self) { return iterator_new(vm, ITERATE_TUPLE, self); }

const TypeOps tuple_ops = {
    .trace = tuple_trace,
    .cell_size = tuple_cell_size,
    .repr = tuple_repr,
    .hash = tuple_hash,
    .compare = tuple_compare,
    .binary = tuple_binary,
    .operations = &sequence_operators,
    .length = tuple_length,
    .get_item = tuple_get_item,
    .contains = tuple_contains,
    .iterate = tuple_iterate,
};

// ---- Methods

static Value tuple_dunder_new(VM *vm, Value *args, size_t count) {
    Class *cls = builtin_new_class(vm, args[0], vm->classes.tuple);
    if (!cls) return VALUE_ERROR;
    Tuple *items = is_empty(args[1]) ? tuple_new(vm, 0) : tuple_from_iterable(vm, args[1]);
    if (!items || cls == vm->classes.tuple) return object_or_error(items);
    Tuple *tuple = class_instantiate(vm, cls, tuple_size(items->length));
    if (!tuple) return VALUE_ERROR;
    tuple->length = items->length;
    if (items->length) memcpy(tuple->items, items->items, items->length * sizeof(Value));
    return value_object(tuple);
}

static Value tuple_count_method(VM *vm, Value *args, size_t count) {
    Tuple *tuple = tuple_of(args[0]);
    int64_t found = 0;
    for (size_t i = 0; i < tuple->length; i++) {
        int equal = vm_poll(vm, 1) ? quick_equal(vm, tuple->items[i], args[1]) : -1;
        if (equal < 0) return VALUE_ERROR;
        found += equal;
    }
    return value_small(found);
}

static Value tuple_index_method(VM *vm, Value *args, size_t count) {
    Tuple *tuple = tuple_of(args[0]);
    int64_t start = 0, stop = INT64_MAX, length = (int64_t)tuple->length;
    if (!slice_argument(vm, args[2], false, &start) || !slice_argument(vm, args[3], false, &stop))
        return VALUE_ERROR;
    if (start < 0 && (start += length) < 0) start = 0;
    if (stop < 0) stop += length;
    for (int64_t i = start; i < stop && i < length; i++) {
        int equal = vm_poll(vm, 1) ? quick_equal(vm, tuple->items[i], args[1]) : -1;
        if (equal) return equal < 0 ? VALUE_ERROR : value_small(i);
    }
    return raise_value_error(vm, "tuple.index(x): x not in tuple");
}

static Value tuple_getnewargs_method(VM *vm, Value *args, size_t count) {
    Tuple *tuple = tuple_of(args[0]);
    Tuple *copy = tuple_from(vm, tuple->items, tuple->length);
    if (!copy) return VALUE_ERROR;
    Value item = value_object(copy);
    return object_or_error(tuple_from(vm, &item, 1));
}

static const NativeDefinition tuple_methods[] = {
    {"__new__", tuple_dunder_new, "cls, iterable=, /", NATIVE_NEW},
    {"count", tuple_count_method, "self, value, /", NATIVE_METHOD, "How many items equal the value."},
    {"index", tuple_index_method, "self, value, start=0, stop=9223372036854775807, /", NATIVE_METHOD,
     "The first index within [start:stop] of an item that equals the value; ValueError where there is none."},
    {"__getnewargs__", tuple_getnewargs_method, "self, /", NATIVE_METHOD},
    {0},
};

bool tuple_class_init(VM *vm) {
    vm->ops[KIND_TUPLE] = &tuple_ops;
    vm->classes.tuple = class_new_builtin(vm, "tuple", vm->classes.object, KIND_TUPLE, sizeof(Tuple), 0);
    return vm->classes.tuple && native_add_methods(vm, vm->classes.tuple, tuple_methods) >= 0;
}

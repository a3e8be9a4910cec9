#include "object/core/native.h"
#include "object/text/bytes_internal.h"

ByteArray *bytearray_new(VM *vm, const void *data, size_t length) {
    ByteArray *array =
        heap_allocate(vm, builtin_shape(vm->classes.bytearray), KIND_BYTEARRAY, sizeof(ByteArray));
    if (!array || !length) return array;
    if (!bytearray_resize(vm, array, length)) return NULL;
    if (data)
        memcpy(array->data, data, length);
    else
        memset(array->data, 0, length);
    return array;
}

bool bytearray_resize(VM *vm, ByteArray *array, size_t size) {
    if (size == array->length) return true;
    if (size > PTRDIFF_MAX - 256) return raise_memory_error(vm), false;
    if (size > array->capacity || size < array->capacity / 4) {
        size_t capacity = size > array->capacity && array->capacity ? size + (size >> 3) + 8 : size;
        unsigned char *data = heap_resize(vm, array->data, array->capacity, capacity);
        if (!data && capacity) return raise_memory_error(vm), false;
        array->data = capacity ? data : NULL;
        array->capacity = capacity;
    }
    array->length = size;
    return true;
}

// Replaces `old` bytes at `start` by others, which are not part of the array.
static bool replace_bytes(VM *vm, ByteArray *array, size_t start, size_t old, const unsigned char *data,
                          size_t length) {
    size_t tail = array->length - start - old, size = start + length + tail;
    vm_count_work(vm, work_of_bytes(length == old ? length : length + tail));
    if (length < old) memmove(array->data + start + length, array->data + start + old, tail);
    if (!bytearray_resize(vm, array, size)) return false;
    if (length > old) memmove(array->data + start + length, array->data + start + old, tail);
    if (length) memcpy(array->data + start, data, length);
    return true;
}

// Deletes `count` bytes, the first at `start`, each `step` behind the one before, in one pass.
static bool delete_every(VM *vm, ByteArray *array, size_t start, size_t step, size_t count) {
    if (!count) return true;
    vm_count_work(vm, count + work_of_bytes(array->length));
    unsigned char *to = array->data + start;
    for (size_t i = 0; i < count; i++) {
        size_t at = start + i * step + 1, end = i + 1 < count ? at + step - 1 : array->length;
        memmove(to, array->data + at, end - at);
        to += end - at;
    }
    return bytearray_resize(vm, array, array->length - count);
}

// ---- Operations

static void bytearray_finalize(VM *vm, Object *o) {
    heap_resize(vm, ((ByteArray *)o)->data, ((ByteArray *)o)->capacity, 0);
}

static Value bytearray_repr(VM *vm, Value self) {
    const unsigned char *data;
    size_t size;
    bytes_view(self, &data, &size);
    Buffer buffer = vm_buffer(vm);
    buffer_format(&buffer, "%s(", type_name(vm, self));
    append_bytes_repr(&buffer, data, size, true);
    buffer_byte(&buffer, ')');
    return object_or_error(string_from_buffer(vm, &buffer));
}

static Value bytearray_binary(VM *vm, Binary op, Value left, Value right) {
    const unsigned char *a, *b;
    size_t a_length, b_length;
    if (op == BINARY_ADD && is_kind(left, KIND_BYTEARRAY)) {
        bytes_view(left, &a, &a_length);
        if (!bytes_view_any(vm, &right, &b, &b_length)) {
            if (exception_matches(vm, vm->exceptions.exception)) exception_clear(vm);
            if (!is_empty(vm->exception)) return VALUE_ERROR;
            if (operand_reflects(vm, right, SPECIAL_RADD)) return VALUE_NOT_IMPLEMENTED;
            return raise_type_error(vm, "can't concat %s to bytearray", type_name(vm, right));
        }
        ByteArray *result = bytearray_new(vm, NULL, a_length + b_length);
        if (!result) return VALUE_ERROR;
        if (a_length) memcpy(result->data, a, a_length);
        if (b_length) memcpy(result->data + a_length, b, b_length);
        return value_object(result);
    }
    if (op == BINARY_MULTIPLY) {
        Value sequence = is_kind(left, KIND_BYTEARRAY) ? left : right;
        Value number = is_kind(left, KIND_BYTEARRAY) ? right : left;
        int64_t times;
        int answer = sequence_repeat_count(vm, left, right, number, &times);
        if (answer <= 0) return answer ? VALUE_ERROR : VALUE_NOT_IMPLEMENTED;
        bytes_view(sequence, &a, &a_length);
        if (times <= 0 || !a_length) return object_or_error(bytearray_new(vm, NULL, 0));
        if ((uint64_t)times > (uint64_t)PTRDIFF_MAX / a_length) return raise_memory_error(vm);
        ByteArray *result = bytearray_new(vm, NULL, a_length * (size_t)times);
        if (!result) return VALUE_ERROR;
        fill_repeated_bytes((char *)result->data, (const char *)a, a_length, (size_t)times);
        return value_object(result);
    }
    if (op == BINARY_MODULO && is_kind(left, KIND_BYTEARRAY)) return bytes_percent(vm, left, right);
    return VALUE_NOT_IMPLEMENTED;
}

static Value bytearray_in_place(VM *vm, Binary op, Value self, Value right) {
    ByteArray *array = bytearray_of(self);
    if (op == BINARY_ADD) {
        const unsigned char *data;
        size_t length, old = array->length;
        if (!bytes_view_any(vm, &right, &data, &length)) {
            if (!is_empty(vm->exception)) return VALUE_ERROR;
            return raise_type_error(vm, "can't concat %s to bytearray", type_name(vm, right));
        }
        if (!bytearray_resize(vm, array, old + length)) return VALUE_ERROR;
        bytes_view(right, &data, &length); // it may be the array itself, which has moved
        if (length) memmove(array->data + old, data, array->length - old);
        return self;
    }
    if (op != BINARY_MULTIPLY) return VALUE_NOT_IMPLEMENTED;
    int64_t times;
    int answer = sequence_repeat_count(vm, self, right, right, &times);
    if (answer <= 0) return answer ? VALUE_ERROR : VALUE_NOT_IMPLEMENTED;
    size_t length = array->length;
    if (times < 0) times = 0;
    if (length && (uint64_t)times > (uint64_t)PTRDIFF_MAX / length) return raise_memory_error(vm);
    if (!bytearray_resize(vm, array, length * (size_t)times)) return VALUE_ERROR;
    fill_repeated_bytes((char *)array->data, (const char *)array->data, length, (size_t)times);
    return self;
}

static int64_t bytearray_length(VM *vm, Value self) { return (int64_t)bytearray_of(self)->length; }

static Value bytearray_get_item(VM *vm, Value self, Value key) {
    ByteArray *array = bytearray_of(self);
    if (is_kind(key, KIND_SLICE)) {
        int64_t start, stop, step;
        if (!slice_resolve_bounds(vm, key, &start, &stop, &step)) return VALUE_ERROR;
        size_t count = slice_clip(array->length, &start, &stop, step);
        ByteArray *result = bytearray_new(vm, NULL, count);
        if (!result) return VALUE_ERROR;
        for (size_t i = 0; i < count; i++) result->data[i] = array->data[start + (int64_t)i * step];
        return value_object(result);
    }
    int64_t index;
    if (!index_argument(vm, key, "bytearray", &index)) return VALUE_ERROR;
    if (index < 0) index += (int64_t)array->length;
    if (index < 0 || (size_t)index >= array->length)
        return raise_index_error(vm, "bytearray index out of range");
    return value_small(array->data[index]);
}

static int set_slice(VM *vm, ByteArray *array, Value key, Value value) {
    int64_t first, last, step;
    if (!slice_resolve_bounds(vm, key, &first, &last, &step)) return -1;
    Buffer buffer = vm_buffer(vm);
    if (!is_empty(value)) {
        Value arguments[3] = {value, VALUE_EMPTY, VALUE_EMPTY};
        if (is_string(value) || is_int(value) ||
            (!is_kind(value, KIND_BYTES) && !is_kind(value, KIND_BYTEARRAY) &&
             !is_kind(value, KIND_MEMORYVIEW) &&
             is_empty(class_special(vm, class_of(vm, value), SPECIAL_ITER)))) {
            raise_type_error(vm, "can assign only bytes, buffers, or iterables of ints in range(0, 256)");
            return -1;
        }
        if (!bytes_from_arguments(vm, arguments, &buffer, "bytearray")) return buffer_free(&buffer), -1;
    }
    int64_t start = first, stop = last;
    size_t count = slice_clip(array->length, &start, &stop, step);
    int status = 1;
    if (step == 1) {
        status = replace_bytes(vm, array, (size_t)start, count, (unsigned char *)buffer.data, buffer.length)
                     ? 1
                     : -1;
    } else if (is_empty(value)) {
        if (step < 0 && count) {
            start += step * ((int64_t)count - 1);
            step = -step;
        }
        status = delete_every(vm, array, (size_t)start, (size_t)step, count) ? 1 : -1;
    } else if (buffer.length != count) {
        raise_value_error(vm, "attempt to assign bytes of size %zu to extended slice of size %zu",
                          buffer.length, count);
        status = -1;
    } else {
        for (size_t i = 0; i < count; i++)
            array->data[start + (int64_t)i * step] = (unsigned char)buffer.data[i];
        vm_count_work(vm, count / 8);
    }
    buffer_free(&buffer);
    return status;
}

static int bytearray_set_item(VM *vm, Value self, Value key, Value value) {
    ByteArray *array = bytearray_of(self);
    if (is_kind(key, KIND_SLICE)) return set_slice(vm, array, key, value);
    int64_t index;
    unsigned char byte = 0;
    if (!index_argument(vm, key, "bytearray", &index)) return -1;
    int64_t at = index < 0 ? index + (int64_t)array->length : index;
    if (at < 0 || (size_t)at >= array->length)
        return raise_index_error(vm, "bytearray index out of range"), -1;
    if (is_empty(value)) return replace_bytes(vm, array, (size_t)at, 1, NULL, 0) ? 1 : -1;
    if (!byte_argument(vm, value, &byte)) return -1;
    if ((size_t)at >= array->length) return raise_index_error(vm, "bytearray index out of range"), -1;
    array->data[at] = byte;
    return 1;
}

const TypeOps bytearray_ops = {
    .finalize = bytearray_finalize,
    .repr = bytearray_repr,
    .compare = bytes_compare,
    .binary = bytearray_binary,
    .in_place = bytearray_in_place,
    .operations = &formatting_mutable_operators,
    .length = bytearray_length,
    .get_item = bytearray_get_item,
    .set_item = bytearray_set_item,
    .contains = bytes_contains,
    .iterate = bytes_iterate,
};

// ---- Methods

static Value bytearray_dunder_new(VM *vm, Value *args, size_t count) {
    Class *cls = builtin_new_class(vm, args[0], vm->classes.bytearray);
    if (!cls) return VALUE_ERROR;
    return object_or_error(
        builtin_allocate(vm, cls, vm->classes.bytearray, KIND_BYTEARRAY, sizeof(ByteArray)));
}

static Value bytearray_dunder_init(VM *vm, Value *args, size_t count) {
    ByteArray *array = bytearray_of(args[0]);
    Buffer buffer = vm_buffer(vm);
    bool good = bytes_from_arguments(vm, args + 1, &buffer, "bytearray") &&
                bytearray_resize(vm, array, buffer.length);
    if (good && buffer.length) memcpy(array->data, buffer.data, buffer.length);
    buffer_free(&buffer);
    return good ? VALUE_NONE : VALUE_ERROR;
}

static Value bytearray_append(VM *vm, Value *args, size_t count) {
    ByteArray *array = bytearray_of(args[0]);
    unsigned char byte;
    if (!byte_argument(vm, args[1], &byte) || !bytearray_resize(vm, array, array->length + 1))
        return VALUE_ERROR;
    array->data[array->length - 1] = byte;
    return VALUE_NONE;
}

static Value bytearray_clear(VM *vm, Value *args, size_t count) {
    return bytearray_resize(vm, bytearray_of(args[0]), 0) ? VALUE_NONE : VALUE_ERROR;
}

static Value bytearray_copy(VM *vm, Value *args, size_t count) {
    return object_or_error(bytearray_new(vm, bytearray_of(args[0])->data, bytearray_of(args[0])->length));
}

static Value bytearray_extend(VM *vm, Value *args, size_t count) {
    ByteArray *array = bytearray_of(args[0]);
    if (is_string(args[1])) return raise_type_error(vm, "expected iterable of integers; got: 'str'");
    Class *cls = class_of(vm, args[1]);
    if (is_int(args[1]) ||
        (is_empty(class_special(vm, cls, SPECIAL_ITER)) && is_empty(class_special(vm, cls, SPECIAL_GETITEM))))
        return raise_type_error(vm, "can't extend bytearray with %s", class_name(cls));
    Value arguments[3] = {args[1], VALUE_EMPTY, VALUE_EMPTY};
    Buffer buffer = vm_buffer(vm);
    bool good = bytes_from_arguments(vm, arguments, &buffer, "bytearray");
    size_t old = array->length;
    good = good && bytearray_resize(vm, array, old + buffer.length);
    if (good && buffer.length) memcpy(array->data + old, buffer.data, buffer.length);
    buffer_free(&buffer);
    return good ? VALUE_NONE : VALUE_ERROR;
}

static Value bytearray_insert(VM *vm, Value *args, size_t count) {
    ByteArray *array = bytearray_of(args[0]);
    int64_t index;
    unsigned char byte;
    if (!size_argument(vm, args[1], &index) || !byte_argument(vm, args[2], &byte)) return VALUE_ERROR;
    if (index < 0 && (index += (int64_t)array->length) < 0) index = 0;
    if ((size_t)index > array->length) index = (int64_t)array->length;
    return replace_bytes(vm, array, (size_t)index, 0, &byte, 1) ? VALUE_NONE : VALUE_ERROR;
}

static Value bytearray_pop(VM *vm, Value *args, size_t count) {
    ByteArray *array = bytearray_of(args[0]);
    int64_t index = -1;
    if (!is_empty(args[1]) && !size_argument(vm, args[1], &index)) return VALUE_ERROR;
    if (!array->length) return raise_index_error(vm, "pop from empty bytearray");
    if (index < 0) index += (int64_t)array->length;
    if (index < 0 || (size_t)index >= array->length) return raise_index_error(vm, "pop index out of range");
    Value byte = value_small(array->data[index]);
    return replace_bytes(vm, array, (size_t)index, 1, NULL, 0) ? byte : VALUE_ERROR;
}

static Value bytearray_remove(VM *vm, Value *args, size_t count) {
    ByteArray *array = bytearray_of(args[0]);
    unsigned char byte;
    if (!byte_argument(vm, args[1], &byte)) return VALUE_ERROR;
    unsigned char *found = array->length ? memchr(array->data, byte, array->length) : NULL;
    vm_count_work(vm, work_of_bytes(found ? (size_t)(found - array->data) : array->length));
    if (!found) return raise_value_error(vm, "value not found in bytearray");
    return replace_bytes(vm, array, (size_t)(found - array->data), 1, NULL, 0) ? VALUE_NONE : VALUE_ERROR;
}

static Value bytearray_reverse(VM *vm, Value *args, size_t count) {
    ByteArray *array = bytearray_of(args[0]);
    vm_count_work(vm, array->length / 16);
    for (size_t i = 0, j = array->length; i + 1 < j; i++) {
        unsigned char byte = array->data[i];
        array->data[i] = array->data[--j];
        array->data[j] = byte;
    }
    return VALUE_NONE;
}

static Value bytearray_alloc(VM *vm, Value *args, size_t count) {
    ByteArray *array = bytearray_of(args[0]);
    return value_small(array->capacity ? (int64_t)array->capacity + 1 : 0);
}

static const NativeDefinition bytearray_methods[] = {
    {"__new__", bytearray_dunder_new, "cls, /, *args, **kwargs", NATIVE_NEW},
    {"__init__", bytearray_dunder_init, "self, /, source=, encoding=, errors=", NATIVE_METHOD},
    {"__alloc__", bytearray_alloc, "self, /", NATIVE_METHOD},
    {"append", bytearray_append, "self, item, /", NATIVE_METHOD, "Adds one byte, an integer from 0 to 255, at the end."},
    {"clear", bytearray_clear, "self, /", NATIVE_METHOD, "Takes all bytes out."},
    {"copy", bytearray_copy, "self, /", NATIVE_METHOD, "A bytearray with the same bytes."},
    {"extend", bytearray_extend, "self, iterable_of_ints, /", NATIVE_METHOD, "Adds the bytes of an iterable of integers at the end."},
    {"insert", bytearray_insert, "self, index, item, /", NATIVE_METHOD, "Puts one byte in front of the one at an index."},
    {"pop", bytearray_pop, "self, index=-1, /", NATIVE_METHOD,
     "Takes out the byte at an index, the last one by default, and returns it; IndexError where there is none."},
    {"remove", bytearray_remove, "self, value, /", NATIVE_METHOD, "Takes out the first byte of a value; ValueError where there is none."},
    {"reverse", bytearray_reverse, "self, /", NATIVE_METHOD, "Turns the order of the bytes around, in place."},
    {0},
};

bool bytearray_class_init(VM *vm) {
    vm->ops[KIND_BYTEARRAY] = &bytearray_ops;
    vm->classes.bytearray =
        class_new_builtin(vm, "bytearray", vm->classes.object, KIND_BYTEARRAY, sizeof(ByteArray), 0);
    return vm->classes.bytearray && native_add_methods(vm, vm->classes.bytearray, bytearray_methods) >= 0;
}

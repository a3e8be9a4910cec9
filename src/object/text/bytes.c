#include "object/text/bytes_internal.h"

#include "base/hash.h"
#include "object/core/native.h"

#define BYTES_HASHED OBJECT_FLAG_1

static size_t bytes_cell(size_t length) { return offsetof(Bytes, data) + length + 1; }

Bytes *bytes_new(VM *vm, const void *data, size_t length) {
    if (length > PTRDIFF_MAX - 256) return raise_memory_error(vm), NULL;
    Bytes *bytes = heap_allocate_raw(vm, builtin_shape(vm->classes.bytes), KIND_BYTES, bytes_cell(length));
    if (!bytes) return NULL;
    bytes->hash = 0;
    bytes->length = length;
    bytes->data[length] = 0;
    if (!data)
        memset(bytes->data, 0, length);
    else if (!vm_copy(vm, bytes->data, data, length))
        return NULL;
    return bytes;
}

bool bytes_view(Value v, const unsigned char **data, size_t *length) {
    if (is_kind(v, KIND_BYTES)) {
        *data = bytes_of(v)->data;
        *length = bytes_of(v)->length;
        return true;
    }
    if (is_kind(v, KIND_BYTEARRAY)) {
        *data = bytearray_of(v)->data ? bytearray_of(v)->data : (const unsigned char *)"";
        *length = bytearray_of(v)->length;
        return true;
    }
    if (is_kind(v, KIND_MEMORYVIEW)) {
        return memoryview_bytes(memoryview_of(v), data, length);
    }
    return false;
}

bool byte_argument(VM *vm, Value v, unsigned char *out) {
    Value number = value_index(vm, v);
    int64_t n;
    if (is_error(number)) return false;
    if (!int_to_int64(number, &n) || n < 0 || n > 255)
        return raise_value_error(vm, "byte must be in range(0, 256)"), false;
    *out = (unsigned char)n;
    return true;
}

typedef struct {
    Buffer *buffer;
    const char *type;
} Filling;

static int add_byte(VM *vm, Value item, void *data) {
    Filling *filling = data;
    Value number = value_index(vm, item);
    int64_t n;
    if (is_error(number)) return -1;
    if (!int_to_int64(number, &n) || n < 0 || n > 255) {
        raise_value_error(vm, "%s must be in range(0, 256)", filling->type);
        return -1;
    }
    buffer_byte(filling->buffer, (char)n);
    return filling->buffer->failed ? (raise_memory_error(vm), -1) : 1;
}

// A count of zeros, or the bytes of an iterable.
static bool fill_from_object(VM *vm, Value source, Buffer *buffer, const char *type) {
    const unsigned char *data;
    size_t length;
    Class *cls = class_of(vm, source);
    if (bytes_view(source, &data, &length)) {
        buffer_append(buffer, (const char *)data, length);
        return !buffer->failed || (raise_memory_error(vm), false);
    }
    bool exports = !is_empty(class_special(vm, cls, SPECIAL_BUFFER));
    if (is_kind(source, KIND_MEMORYVIEW) || exports) {
        Value whole = bytes_of_buffer(vm, source, BUFFER_FULL_READ_ONLY);
        if (is_error(whole)) return false;
        bytes_view(whole, &data, &length);
        buffer_append(buffer, (const char *)data, length);
        return !buffer->failed || (raise_memory_error(vm), false);
    }
    if (!is_empty(class_special(vm, cls, SPECIAL_BYTES))) {
        Value result = value_call_special(vm, source, SPECIAL_BYTES, NULL, 0);
        if (is_error(result)) return false;
        if (!bytes_view(result, &data, &length) || !is_kind(result, KIND_BYTES))
            return raise_type_error(vm, "__bytes__ returned non-bytes (type %s)", type_name(vm, result)),
                   false;
        buffer_append(buffer, (const char *)data, length);
        return !buffer->failed || (raise_memory_error(vm), false);
    }
    if (has_index(vm, source)) {
        Value number = value_index(vm, source);
        int64_t n;
        if (is_error(number)) return false;
        if (!int_to_int64(number, &n)) {
            raise_overflow_error(vm, "cannot fit '%s' into an index-sized integer", type_name(vm, source));
            return false;
        }
        if (n < 0) return raise_value_error(vm, "negative count"), false;
        if (!buffer_reserve(buffer, (size_t)n)) return raise_memory_error(vm), false;
        if (n) memset(buffer->data + buffer->length, 0, (size_t)n);
        buffer->length += (size_t)n;
        return true;
    }
    if (is_string(source)) return raise_type_error(vm, "string argument without an encoding"), false;
    if (is_empty(class_special(vm, cls, SPECIAL_ITER)) && is_empty(class_special(vm, cls, SPECIAL_GETITEM)))
        return raise_type_error(vm, "cannot convert '%s' object to %s", class_name(cls), type), false;
    Filling filling = {buffer, strcmp(type, "bytearray") ? "bytes" : "byte"};
    return value_for_each(vm, source, add_byte, &filling) > 0;
}

bool bytes_from_arguments(VM *vm, Value *args, Buffer *buffer, const char *type) {
    for (int i = 1; i < 3; i++) {
        if (is_empty(args[i]) || is_string(args[i])) continue;
        raise_type_error(vm, "%s() argument '%s' must be str, not %s", type, i == 1 ? "encoding" : "errors",
                         type_name(vm, args[i]));
        return false;
    }
    if (!is_empty(args[1]) || !is_empty(args[2])) {
        if (is_empty(args[0]) || !is_string(args[0])) {
            raise_type_error(vm, !is_empty(args[1]) ? "encoding without a string argument"
                                                    : "errors without a string argument");
            return false;
        }
        if (is_empty(args[1])) return raise_type_error(vm, "string argument without an encoding"), false;
        Value bytes = text_encode(vm, string_of(args[0]), is_empty(args[1]) ? NULL : string_of(args[1]),
                                  is_empty(args[2]) ? NULL : string_of(args[2]));
        if (is_error(bytes)) return false;
        buffer_append(buffer, (const char *)bytes_of(bytes)->data, bytes_of(bytes)->length);
        return !buffer->failed || (raise_memory_error(vm), false);
    }
    return is_empty(args[0]) || fill_from_object(vm, args[0], buffer, type);
}

// ---- Operations

void append_bytes_repr(Buffer *buffer, const unsigned char *data, size_t size, bool choose_quote) {
    char quote = choose_quote && memchr(data, '\'', size) && !memchr(data, '"', size) ? '"' : '\'';
    buffer_byte(buffer, 'b');
    buffer_byte(buffer, quote);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = data[i];
        if (c == (unsigned char)quote || c == '\\') {
            buffer_byte(buffer, '\\');
            buffer_byte(buffer, (char)c);
        } else if (c == '\n') {
            buffer_append(buffer, "\\n", 2);
        } else if (c == '\r') {
            buffer_append(buffer, "\\r", 2);
        } else if (c == '\t') {
            buffer_append(buffer, "\\t", 2);
        } else if (c < ' ' || c >= 0x7F) {
            buffer_escape(buffer, 'x', c);
        } else {
            buffer_byte(buffer, (char)c);
        }
    }
    buffer_byte(buffer, quote);
}

static Value bytes_repr(VM *vm, Value self) {
    Buffer buffer = vm_buffer(vm);
    append_bytes_repr(&buffer, bytes_of(self)->data, bytes_of(self)->length, true);
    return object_or_error(string_from_buffer(vm, &buffer));
}

static int bytes_hash(VM *vm, Value self, uint64_t *out) {
    Bytes *bytes = bytes_of(self);
    if (!object_flag(&bytes->object, BYTES_HASHED)) {
        uint64_t hash = bytes->length ? hash_bytes(vm->hash_key, bytes->data, bytes->length) : 0;
        bytes->hash = hash == UINT64_MAX ? (uint64_t)-2 : hash;
        object_set_flag(&bytes->object, BYTES_HASHED, true);
    }
    *out = bytes->hash;
    return 1;
}

Value bytes_compare(VM *vm, Comparison op, Value self, Value other) {
    const unsigned char *a, *b;
    size_t a_length, b_length;
    bool ordering = op != COMPARISON_EQ && op != COMPARISON_NE;
    if (ordering && !is_kind(self, KIND_BYTEARRAY) && !is_kind(other, KIND_BYTEARRAY) &&
        (is_kind(self, KIND_MEMORYVIEW) || is_kind(other, KIND_MEMORYVIEW)))
        return VALUE_NOT_IMPLEMENTED; // only a bytearray is ordered with a view
    // Items of another kind are no bytes.
    if (is_kind(other, KIND_BYTEARRAY) && class_of(vm, other)->ops->view) return VALUE_NOT_IMPLEMENTED;
    if (!bytes_view(self, &a, &a_length) || !bytes_view(other, &b, &b_length)) return VALUE_NOT_IMPLEMENTED;
    if (a_length != b_length && (op == COMPARISON_EQ || op == COMPARISON_NE))
        return value_bool(op == COMPARISON_NE);
    size_t common = a_length < b_length ? a_length : b_length;
    vm_count_work(vm, work_of_bytes(common));
    int order = memcmp(a, b, common);
    return compare_result(op, order ? order : (a_length > b_length) - (a_length < b_length));
}

static Value bytes_repeat(VM *vm, Value self, int64_t times) {
    Bytes *bytes = bytes_of(self);
    if (times <= 0 || !bytes->length) return object_or_error(bytes_new(vm, "", 0));
    if (times == 1 && is_exactly(self, vm->classes.bytes)) return self;
    if ((uint64_t)times > (uint64_t)PTRDIFF_MAX / bytes->length) return raise_memory_error(vm);
    Bytes *result = bytes_new(vm, NULL, bytes->length * (size_t)times);
    if (!result) return VALUE_ERROR;
    fill_repeated_bytes((char *)result->data, (const char *)bytes->data, bytes->length, (size_t)times);
    return value_object(result);
}

static Value bytes_binary(VM *vm, Binary op, Value left, Value right) {
    if (op == BINARY_ADD && is_kind(left, KIND_BYTES)) {
        const unsigned char *data;
        size_t length;
        if (!bytes_view_any(vm, &right, &data, &length)) {
            if (exception_matches(vm, vm->exceptions.exception)) exception_clear(vm);
            if (!is_empty(vm->exception)) return VALUE_ERROR;
            if (operand_reflects(vm, right, SPECIAL_RADD)) return VALUE_NOT_IMPLEMENTED;
            return raise_type_error(vm, "can't concat %s to bytes", type_name(vm, right));
        }
        Bytes *a = bytes_of(left);
        if (!length && is_exactly(left, vm->classes.bytes)) return left;
        if (!a->length && is_exactly(right, vm->classes.bytes)) return right;
        Bytes *result = bytes_new(vm, NULL, a->length + length);
        if (!result) return VALUE_ERROR;
        memcpy(result->data, a->data, a->length);
        memcpy(result->data + a->length, data, length);
        return value_object(result);
    }
    if (op == BINARY_MULTIPLY) {
        Value sequence = is_kind(left, KIND_BYTES) ? left : right;
        Value number = is_kind(left, KIND_BYTES) ? right : left;
        int64_t times;
        int answer = sequence_repeat_count(vm, left, right, number, &times);
        if (answer <= 0) return answer ? VALUE_ERROR : VALUE_NOT_IMPLEMENTED;
        return bytes_repeat(vm, sequence, times);
    }
    if (op == BINARY_MODULO && is_kind(left, KIND_BYTES)) return bytes_percent(vm, left, right);
    return VALUE_NOT_IMPLEMENTED;
}

static int64_t bytes_length(VM *vm, Value self) { return (int64_t)bytes_of(self)->length; }

static Value bytes_get_item(VM *vm, Value self, Value key) {
    Bytes *bytes = bytes_of(self);
    if (is_kind(key, KIND_SLICE)) {
        int64_t start, stop, step;
        if (!slice_resolve_bounds(vm, key, &start, &stop, &step)) return VALUE_ERROR;
        size_t count = slice_clip(bytes->length, &start, &stop, step);
        if (step == 1 && count == bytes->length && is_exactly(self, vm->classes.bytes)) return self;
        Bytes *result = bytes_new(vm, NULL, count);
        if (!result) return VALUE_ERROR;
        for (size_t i = 0; i < count; i++) result->data[i] = bytes->data[start + (int64_t)i * step];
        return value_object(result);
    }
    int64_t index;
    if (!index_argument(vm, key, "byte", &index)) return VALUE_ERROR;
    if (index < 0) index += (int64_t)bytes->length;
    if (index < 0 || (size_t)index >= bytes->length) return raise_index_error(vm, "index out of range");
    return value_small(bytes->data[index]);
}

int bytes_contains(VM *vm, Value self, Value item) {
    const unsigned char *data, *part;
    size_t length, part_length;
    unsigned char byte;
    if (!bytes_view(item, &part, &part_length)) {
        if (!has_index(vm, item))
            return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, item)), -1;
        if (!byte_argument(vm, item, &byte)) return -1;
        part = &byte;
        part_length = 1;
    }
    if (!bytes_view(self, &data, &length)) return 0;
    int64_t found = find_forward(vm, (const char *)data, length, (const char *)part, part_length);
    return found == -2 ? -1 : found >= 0;
}

Value bytes_iterate(VM *vm, Value self) { return iterator_new(vm, ITERATE_BYTES, self); }

static size_t bytes_cell_size(const Object *o) { return bytes_cell(((const Bytes *)o)->length); }

const TypeOps bytes_ops = {
    .cell_size = bytes_cell_size,
    .repr = bytes_repr,
    .hash = bytes_hash,
    .compare = bytes_compare,
    .binary = bytes_binary,
    .operations = &formatting_operators,
    .length = bytes_length,
    .get_item = bytes_get_item,
    .contains = bytes_contains,
    .iterate = bytes_iterate,
};

static Value bytes_dunder_new(VM *vm, Value *args, size_t count) {
    Class *cls = builtin_new_class(vm, args[0], vm->classes.bytes);
    if (!cls) return VALUE_ERROR;
    if (cls == vm->classes.bytes && is_exactly(args[1], cls) && is_empty(args[2]) && is_empty(args[3]))
        return args[1];
    Buffer buffer = vm_buffer(vm);
    if (!bytes_from_arguments(vm, args + 1, &buffer, "bytes")) return buffer_free(&buffer), VALUE_ERROR;
    Bytes *bytes;
    if (cls == vm->classes.bytes) {
        bytes = bytes_new(vm, buffer.data, buffer.length);
    } else {
        bytes = class_instantiate(vm, cls, bytes_cell(buffer.length));
        if (bytes) {
            bytes->length = buffer.length;
            if (buffer.length) memcpy(bytes->data, buffer.data, buffer.length);
        }
    }
    buffer_free(&buffer);
    return object_or_error(bytes);
}

static Value bytes_getnewargs(VM *vm, Value *args, size_t count) {
    Value copy = object_or_error(bytes_new(vm, bytes_of(args[0])->data, bytes_of(args[0])->length));
    return is_error(copy) ? copy : object_or_error(tuple_from(vm, &copy, 1));
}

static Value bytes_bytes(VM *vm, Value *args, size_t count) {
    if (is_exactly(args[0], vm->classes.bytes)) return args[0];
    return object_or_error(bytes_new(vm, bytes_of(args[0])->data, bytes_of(args[0])->length));
}

static const NativeDefinition bytes_only_methods[] = {
    {"__new__", bytes_dunder_new, "cls, /, source=, encoding=, errors=", NATIVE_NEW},
    {"__getnewargs__", bytes_getnewargs, "self, /", NATIVE_METHOD},
    {"__bytes__", bytes_bytes, "self, /", NATIVE_METHOD},
    {0},
};

bool bytes_class_init(VM *vm) {
    vm->ops[KIND_BYTES] = &bytes_ops;
    vm->classes.bytes = class_new_builtin(vm, "bytes", vm->classes.object, KIND_BYTES, sizeof(Bytes), 0);
    return vm->classes.bytes && native_add_methods(vm, vm->classes.bytes, bytes_only_methods) >= 0 &&
           bytearray_class_init(vm) && memoryview_class_init(vm) && bytes_methods_init(vm);
}

// The module `array`: numbers or characters of one kind, side by side as C has them. An array has the layout
// of a bytearray, so that whatever takes bytes takes its memory; `code` says what they mean.
#include "base/utf8.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/native.h"
#include "object/function/generic_alias.h"
#include "object/shared/builtin.h"
#include "object/shared/sequence.h"
#include "object/text/bytes_internal.h"
#include "object/text/item.h"

typedef struct {
    ByteArray bytes;
    char code;
} Array;

static Class *array_class(VM *vm) { return library_of(vm)->classes[LIBRARY_ARRAY]; }
static bool is_array(VM *vm, Value v) { return value_is_instance(vm, v, array_class(vm)); }
static Array *array_of(Value v) { return (Array *)object_of(v); }

static bool is_text(char code) { return code == 'u' || code == 'w'; }
static size_t size_of(const Array *a) { return is_text(a->code) ? 4 : item_size(a->code); }
static size_t length_of(const Array *a) { return a->bytes.length / size_of(a); }
static unsigned char *place(const Array *a, size_t index) { return a->bytes.data + index * size_of(a); }

static const char codes[] = "bBuwhHiIlLqQfd";

static Array *array_new(VM *vm, Class *cls, char code, size_t length) {
    Array *a = class_instantiate(vm, cls, sizeof(Array));
    if (!a) return NULL;
    a->code = code;
    if (length > PTRDIFF_MAX / 16) return raise_memory_error(vm), NULL;
    return bytearray_resize(vm, &a->bytes, length * size_of(a)) ? a : NULL;
}

// ---- Items

static Value read_item(VM *vm, const Array *a, const unsigned char *at) {
    if (!is_text(a->code)) return item_read(vm, a->code, at);
    uint32_t c;
    memcpy(&c, at, 4);
    if (c > 0x10FFFF) return raise_value_error(vm, "character U+%x is not in range [U+0000; U+10ffff]", c);
    return object_or_error(string_from_code_point(vm, c));
}

// The error of an int that does not fit, as CPython words it, where the small kinds go through C's next
// larger one.
static void raise_range(VM *vm, char code, Value number) {
    static const struct {
        char code;
        int bits;
        const char *name;
    } steps[] = {{'b', 16, "signed short integer"}, {'b', 0, "signed char"},
                 {'B', 0, "unsigned byte integer"}, {'h', 0, "signed short integer"},
                 {'H', 32, "signed integer"},       {'H', 0, "unsigned short"},
                 {'i', 0, "signed integer"},        {'I', 0, "unsigned int"}};
    bool is_below = int_sign(number) < 0;
    int64_t bits = int_bit_length(number), word;
    bool fits_long = int_to_int64(number, &word);
    const char *text = NULL;
    if (code == 'q' || code == 'Q')
        text = code == 'Q' && is_below ? "can't convert negative int to unsigned" : "int too big to convert";
    else if ((code == 'I' || code == 'L') && is_below)
        text = "can't convert negative value to unsigned int";
    else if (code == 'L' || (code == 'I' && bits > 64))
        text = "Python int too large to convert to C unsigned long";
    else if (code == 'l' || (code != 'I' && !fits_long))
        text = "Python int too large to convert to C long";
    if (text) {
        raise_overflow_error(vm, "%s", text);
        return;
    }
    size_t i = 0;
    while (steps[i].code != code || (steps[i].bits && word >= -((int64_t)1 << (steps[i].bits - 1)) &&
                                     word < (int64_t)1 << (steps[i].bits - 1)))
        i++;
    raise_overflow_error(vm, "%s is %s than %s", steps[i].name, is_below ? "less" : "greater",
                         is_below ? "minimum" : "maximum");
}

// Turns a value into an item. [script]
static bool write_item(VM *vm, char code, Value value, unsigned char *to) {
    if (is_text(code)) {
        if (!is_string(value) || string_of(value)->length != 1)
            return raise_type_error(vm, "array item must be unicode character"), false;
        uint32_t c = string_code_point(vm, string_of(value), 0);
        memcpy(to, &c, 4);
        return true;
    }
    bool floating = code == 'f' || code == 'd';
    if (floating) {
        double number;
        if (is_string(value) || !value_to_double(vm, value, &number)) {
            if (is_empty(vm->exception))
                raise_type_error(vm, "must be real number, not %s", type_name(vm, value));
            return false;
        }
        value = value_float(number);
    } else {
        value = value_index(vm, value);
        if (is_error(value)) return false;
    }
    ItemStatus status = item_write(vm, code, value, to);
    if (status == ITEM_WRONG_VALUE) raise_range(vm, code, value);
    return status == ITEM_WRITTEN;
}

// Makes room for `count` items at an index, whose bytes are to be set at once. NULL with MemoryError.
static unsigned char *open_gap(VM *vm, Array *a, size_t index, size_t count) {
    size_t size = size_of(a), tail = a->bytes.length - index * size;
    if (count > PTRDIFF_MAX / 16) return raise_memory_error(vm), NULL;
    if (!bytearray_resize(vm, &a->bytes, a->bytes.length + count * size)) return NULL;
    vm_count_work(vm, work_of_bytes(tail));
    memmove(place(a, index) + count * size, place(a, index), tail);
    return place(a, index);
}

static bool close_gap(VM *vm, Array *a, size_t index, size_t count) {
    size_t size = size_of(a), end = (index + count) * size;
    vm_count_work(vm, work_of_bytes(a->bytes.length - end));
    if (count) memmove(place(a, index), a->bytes.data + end, a->bytes.length - end);
    return bytearray_resize(vm, &a->bytes, a->bytes.length - count * size);
}

static bool append_item(VM *vm, Array *a, Value value) {
    unsigned char item[8];
    if (!write_item(vm, a->code, value, item)) return false;
    unsigned char *to = open_gap(vm, a, length_of(a), 1);
    if (to) memcpy(to, item, size_of(a));
    return to != NULL;
}

static int append_each(VM *vm, Value item, void *array) { return append_item(vm, array, item) ? 1 : -1; }

// The items of another array of the same kind, which may be this one.
static bool append_array(VM *vm, Array *a, const Array *other) {
    size_t bytes = other->bytes.length, old = a->bytes.length;
    if (!bytearray_resize(vm, &a->bytes, old + bytes)) return false;
    vm_count_work(vm, work_of_bytes(bytes));
    if (bytes) memmove(a->bytes.data + old, other->bytes.data, bytes);
    return true;
}

static bool extend(VM *vm, Array *a, Value items) {
    if (!is_array(vm, items)) return value_for_each(vm, items, append_each, a) > 0;
    if (array_of(items)->code == a->code) return append_array(vm, a, array_of(items));
    return raise_type_error(vm, "can only extend with array of same kind"), false;
}

static bool append_bytes(VM *vm, Array *a, Value v) {
    const unsigned char *data;
    size_t length;
    if (!bytes_view_any(vm, &v, &data, &length)) {
        if (is_empty(vm->exception))
            raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, v));
        return false;
    }
    if (length % size_of(a)) return raise_value_error(vm, "bytes length not a multiple of item size"), false;
    size_t old = a->bytes.length;
    if (!bytearray_resize(vm, &a->bytes, old + length)) return false;
    bytes_view(v, &data, &length); // it may be the array itself, which has moved
    if (a->bytes.length > old) memmove(a->bytes.data + old, data, a->bytes.length - old);
    return true;
}

static bool append_text(VM *vm, Array *a, const String *text) {
    if (!text->length) return true; // an empty array has no place to point to
    unsigned char *to = open_gap(vm, a, length_of(a), text->length);
    if (!to) return false;
    for (size_t i = 0; i < text->size; to += 4) {
        int width;
        uint32_t c = utf8_decode(text->data + i, &width);
        memcpy(to, &c, 4);
        i += (size_t)width;
    }
    return true;
}

// ---- Operations

static Value array_get_item(VM *vm, Value self, Value key) {
    const Array *a = array_of(self);
    if (is_kind(key, KIND_SLICE)) {
        int64_t start, stop, step;
        if (!slice_resolve_bounds(vm, key, &start, &stop, &step)) return VALUE_ERROR;
        size_t count = slice_clip(length_of(a), &start, &stop, step), size = size_of(a);
        Array *part = array_new(vm, array_class(vm), a->code, count);
        if (!part) return VALUE_ERROR;
        vm_count_work(vm, step == 1 ? work_of_bytes(count * size) : count);
        if (step == 1 && count) memcpy(part->bytes.data, place(a, (size_t)start), count * size);
        for (size_t i = 0; step != 1 && i < count; i++)
            memcpy(place(part, i), place(a, (size_t)(start + (int64_t)i * step)), size);
        return value_object(part);
    }
    int64_t index;
    if (!has_index(vm, key)) return raise_type_error(vm, "array indices must be integers");
    if (!index_argument(vm, key, "array", &index)) return VALUE_ERROR;
    if (index < 0) index += (int64_t)length_of(a);
    if (index < 0 || (size_t)index >= length_of(a)) return raise_index_error(vm, "array index out of range");
    return read_item(vm, a, place(a, (size_t)index));
}

static bool set_slice(VM *vm, Array *a, Value key, Value value) {
    int64_t start, stop, step;
    bool deletes = is_empty(value);
    if (!deletes && !is_array(vm, value))
        return raise_type_error(vm, "can only assign array (not \"%s\") to array slice",
                                type_name(vm, value)),
               false;
    if (!deletes && array_of(value)->code != a->code)
        return raise_type_error(vm, "bad argument type for built-in operation"), false;
    if (!slice_resolve_bounds(vm, key, &start, &stop, &step)) return false;
    size_t count = slice_clip(length_of(a), &start, &stop, step), size = size_of(a),
           given = deletes ? 0 : length_of(array_of(value));
    if (step == 1) {
        if (deletes) return close_gap(vm, a, (size_t)start, count);
        Bytes *copy = bytes_new(vm, given ? array_of(value)->bytes.data : (unsigned char *)"",
                                given * size); // it may be this array
        if (!copy) return false;
        if (given > count ? !open_gap(vm, a, (size_t)start, given - count)
                          : !close_gap(vm, a, (size_t)start, count - given))
            return false;
        if (given) memcpy(place(a, (size_t)start), copy->data, given * size);
        return true;
    }
    vm_count_work(vm, count);
    if (!deletes && given != count) {
        raise_value_error(vm, "attempt to assign array of size %zu to extended slice of size %zu", given,
                          count);
        return false;
    }
    Bytes *copy =
        deletes ? NULL
                : bytes_new(vm, given ? array_of(value)->bytes.data : (unsigned char *)"", given * size);
    if (!deletes && !copy) return false;
    for (size_t i = 0; !deletes && i < count; i++)
        memcpy(place(a, (size_t)(start + (int64_t)i * step)), copy->data + i * size, size);
    if (!deletes || !count) return true;
    // What stays moves down, in one pass.
    size_t first = (size_t)(step > 0 ? start : start + (int64_t)(count - 1) * step),
           distance = (size_t)(step > 0 ? step : -step), to = first;
    for (size_t i = first, gone = 0; i < length_of(a); i++) {
        if (gone < count && i == first + gone * distance)
            gone++;
        else
            memcpy(place(a, to++), place(a, i), size);
    }
    return bytearray_resize(vm, &a->bytes, to * size);
}

static int array_set_item(VM *vm, Value self, Value key, Value value) {
    Array *a = array_of(self);
    if (is_kind(key, KIND_SLICE)) return set_slice(vm, a, key, value) ? 1 : -1;
    int64_t index;
    unsigned char item[8];
    if (!has_index(vm, key)) return raise_type_error(vm, "array indices must be integers"), -1;
    if (!index_argument(vm, key, "array", &index)) return -1;
    if (index < 0) index += (int64_t)length_of(a);
    if (index < 0 || (size_t)index >= length_of(a))
        return raise_index_error(vm, "array assignment index out of range"), -1;
    if (is_empty(value)) return close_gap(vm, a, (size_t)index, 1) ? 1 : -1;
    if (!write_item(vm, a->code, value, item)) return -1;
    // Turning the value into a number may have made the array shorter.
    if ((size_t)index >= length_of(a))
        return raise_index_error(vm, "array assignment index out of range"), -1;
    memcpy(place(a, (size_t)index), item, size_of(a));
    return 1;
}

static int64_t array_length(VM *vm, Value self) { return (int64_t)length_of(array_of(self)); }
static int array_truth(VM *vm, Value self) { return length_of(array_of(self)) > 0; }

// The first index of a value from `start` on and before `stop`, -1: none; -2: an exception. [script]
static int64_t find_item(VM *vm, Value self, Value wanted, size_t start, size_t stop) {
    const Array *a = array_of(self);
    for (size_t i = start; i < stop && i < length_of(a); i++) {
        if (!vm_poll(vm, 1)) return -2;
        Value item = read_item(vm, a, place(a, i));
        int equal = is_error(item) ? -1 : value_equal(vm, item, wanted);
        if (equal) return equal < 0 ? -2 : (int64_t)i;
    }
    return -1;
}

static int array_contains(VM *vm, Value self, Value item) {
    int64_t found = find_item(vm, self, item, 0, SIZE_MAX);
    return found == -2 ? -1 : found >= 0;
}

static Value array_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_array(vm, self) || !is_array(vm, other)) return VALUE_NOT_IMPLEMENTED;
    const Array *a = array_of(self), *b = array_of(other);
    bool by_equality = op == COMPARISON_EQ || op == COMPARISON_NE;
    if (by_equality && length_of(a) != length_of(b)) return value_bool(op == COMPARISON_NE);
    for (size_t i = 0; i < length_of(a) && i < length_of(b); i++) {
        if (!vm_poll(vm, 1)) return VALUE_ERROR;
        Value x = read_item(vm, a, place(a, i)), y = read_item(vm, b, place(b, i));
        if (is_error(x) || is_error(y)) return VALUE_ERROR;
        bool floats = is_float(x) && is_float(y);
        int equal = floats ? float_of(x) == float_of(y) : value_equal(vm, x, y);
        if (equal < 0) return VALUE_ERROR;
        if (!equal) return by_equality ? value_bool(op == COMPARISON_NE) : value_compare(vm, op, x, y);
    }
    return compare_result(op, (length_of(a) > length_of(b)) - (length_of(a) < length_of(b)));
}

static Value array_repeat(VM *vm, const Array *a, int64_t times) {
    size_t size = a->bytes.length;
    if (times < 0) times = 0;
    if (size && (uint64_t)times > (uint64_t)PTRDIFF_MAX / size) return raise_memory_error(vm);
    Array *result = array_new(vm, array_class(vm), a->code, length_of(a) * (size_t)times);
    if (!result) return VALUE_ERROR;
    vm_count_work(vm, work_of_bytes(result->bytes.length));
    if (size && times)
        fill_repeated_bytes((char *)result->bytes.data, (const char *)a->bytes.data, size, (size_t)times);
    return value_object(result);
}

static Value array_binary(VM *vm, Binary op, Value left, Value right) {
    if (op == BINARY_ADD && is_array(vm, left)) {
        const Array *a = array_of(left);
        if (!is_array(vm, right)) {
            if (operand_reflects(vm, right, SPECIAL_RADD)) return VALUE_NOT_IMPLEMENTED;
            return raise_type_error(vm, "can only append array (not \"%s\") to array", type_name(vm, right));
        }
        if (array_of(right)->code != a->code)
            return raise_type_error(vm, "bad argument type for built-in operation");
        Array *result = array_new(vm, array_class(vm), a->code, 0);
        return result && append_array(vm, result, a) && append_array(vm, result, array_of(right))
                   ? value_object(result)
                   : VALUE_ERROR;
    }
    if (op == BINARY_MULTIPLY) {
        bool is_left = is_array(vm, left);
        int64_t times;
        int answer = sequence_repeat_count(vm, left, right, is_left ? right : left, &times);
        if (answer <= 0) return answer ? VALUE_ERROR : VALUE_NOT_IMPLEMENTED;
        return array_repeat(vm, array_of(is_left ? left : right), times);
    }
    return VALUE_NOT_IMPLEMENTED;
}

static Value array_in_place(VM *vm, Binary op, Value self, Value right) {
    Array *a = array_of(self);
    if (op == BINARY_ADD) {
        if (!is_array(vm, right))
            return raise_type_error(vm, "can only extend array with array (not \"%s\")",
                                    type_name(vm, right));
        return extend(vm, a, right) ? self : VALUE_ERROR;
    }
    if (op != BINARY_MULTIPLY) return VALUE_NOT_IMPLEMENTED;
    int64_t times;
    int answer = sequence_repeat_count(vm, self, right, right, &times);
    if (answer <= 0) return answer ? VALUE_ERROR : VALUE_NOT_IMPLEMENTED;
    Value repeated = array_repeat(vm, a, times);
    if (is_error(repeated)) return repeated;
    ByteArray *from = &array_of(repeated)->bytes;
    if (!bytearray_resize(vm, &a->bytes, from->length)) return VALUE_ERROR;
    if (from->length) memcpy(a->bytes.data, from->data, from->length);
    return self;
}

static Value array_text(VM *vm, const Array *a) {
    Buffer text = vm_buffer(vm);
    for (size_t i = 0; i < length_of(a); i++) {
        uint32_t c;
        memcpy(&c, place(a, i), 4);
        if (c > 0x10FFFF) {
            buffer_free(&text);
            return raise_value_error(vm, "character U+%x is not in range [U+0000; U+10ffff]", c);
        }
        buffer_code_point(&text, c);
    }
    return object_or_error(string_from_buffer(vm, &text));
}

static Value to_list(VM *vm, const Array *a) {
    List *list = list_new(vm, length_of(a));
    for (size_t i = 0; list && i < length_of(a); i++) {
        if (!vm_poll(vm, 1)) return VALUE_ERROR;
        Value item = read_item(vm, a, place(a, i));
        if (is_error(item) || !list_append(vm, list, item)) return VALUE_ERROR;
    }
    return object_or_error(list);
}

static Value array_repr(VM *vm, Value self) {
    const Array *a = array_of(self);
    if (!length_of(a))
        return object_or_error(string_format(vm, "%s('%c')", class_name(class_of(vm, self)), a->code));
    Value items = is_text(a->code) ? array_text(vm, a) : to_list(vm, a);
    String *text = is_error(items) ? NULL : value_repr(vm, items);
    if (!text) return VALUE_ERROR;
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "%s('%c', ", class_name(class_of(vm, self)), a->code);
    buffer_string(&out, text);
    buffer_byte(&out, ')');
    return object_or_error(string_from_buffer(vm, &out));
}

static Value array_view(VM *vm, Value self) {
    return memoryview_of_items(vm, self, self, array_of(self)->code);
}

// ---- Making

// [script]
static Value array_make(VM *vm, Value *args, size_t count) {
    Class *cls = (Class *)object_of(args[0]);
    if (dict_of(args[1])->length && cls == array_class(vm))
        return raise_type_error(vm, "array.array() takes no keyword arguments");
    size_t given = count - 2;
    if (given < 1) return raise_type_error(vm, "array() takes at least 1 argument (0 given)");
    if (given > 2) return raise_type_error(vm, "array() takes at most 2 arguments (%zu given)", given);
    if (!is_string(args[2]) || string_of(args[2])->length != 1)
        return raise_type_error(vm, "array() argument 1 must be a unicode character, not %s",
                                type_name(vm, args[2]));
    char code = string_of(args[2])->data[0];
    Value initial = given == 2 ? args[3] : VALUE_EMPTY;
    if (!is_text(code) && !is_empty(initial)) {
        bool from_text_array = is_array(vm, initial) && is_text(array_of(initial)->code);
        if (is_string(initial))
            return raise_type_error(vm, "cannot use a str to initialize an array with typecode '%c'", code);
        if (from_text_array)
            return raise_type_error(
                vm, "cannot use a unicode array to initialize an array with typecode '%c'", code);
    }
    if (!code || !strchr(codes, code))
        return raise_value_error(vm, "bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, f or d)");
    Array *a = array_new(vm, cls, code, 0);
    if (!a) return VALUE_ERROR;
    bool ok = true;
    if (!is_empty(initial)) {
        bool is_same = is_array(vm, initial) && array_of(initial)->code == code;
        if (is_same)
            ok = append_array(vm, a, array_of(initial));
        else if (is_string(initial))
            ok = append_text(vm, a, string_of(initial));
        else if (is_kind(initial, KIND_BYTES) || (is_kind(initial, KIND_BYTEARRAY) && !is_array(vm, initial)))
            ok = append_bytes(vm, a, initial);
        else
            ok = value_for_each(vm, initial, append_each, a) > 0;
    }
    return ok ? value_object(a) : VALUE_ERROR;
}

// ---- Methods

static Value done(bool ok) { return ok ? VALUE_NONE : VALUE_ERROR; }

static Value array_append(VM *vm, Value *args, size_t count) {
    return done(append_item(vm, array_of(args[0]), args[1]));
}
static Value array_extend(VM *vm, Value *args, size_t count) {
    return done(extend(vm, array_of(args[0]), args[1]));
}
static Value array_frombytes(VM *vm, Value *args, size_t count) {
    return done(append_bytes(vm, array_of(args[0]), args[1]));
}
static Value array_clear(VM *vm, Value *args, size_t count) {
    return done(bytearray_resize(vm, &array_of(args[0])->bytes, 0));
}

static Value array_insert(VM *vm, Value *args, size_t count) {
    Array *a = array_of(args[0]);
    int64_t index;
    unsigned char item[8];
    if (!value_index_int64(vm, args[1], true, &index) || !write_item(vm, a->code, args[2], item))
        return VALUE_ERROR;
    int64_t length = (int64_t)length_of(a);
    if (index < 0) index = index + length < 0 ? 0 : index + length;
    unsigned char *to = open_gap(vm, a, (size_t)(index > length ? length : index), 1);
    if (to) memcpy(to, item, size_of(a));
    return done(to);
}

static Value array_pop(VM *vm, Value *args, size_t count) {
    Array *a = array_of(args[0]);
    int64_t index = -1;
    if (!is_empty(args[1]) && !value_index_int64(vm, args[1], true, &index)) return VALUE_ERROR;
    if (!length_of(a)) return raise_index_error(vm, "pop from empty array");
    if (index < 0) index += (int64_t)length_of(a);
    if (index < 0 || (size_t)index >= length_of(a)) return raise_index_error(vm, "pop index out of range");
    Value item = read_item(vm, a, place(a, (size_t)index));
    return is_error(item) || !close_gap(vm, a, (size_t)index, 1) ? VALUE_ERROR : item;
}

static Value array_remove(VM *vm, Value *args, size_t count) {
    int64_t found = find_item(vm, args[0], args[1], 0, SIZE_MAX);
    if (found == -1) return raise_value_error(vm, "array.remove(x): x not in array");
    return done(found >= 0 && close_gap(vm, array_of(args[0]), (size_t)found, 1));
}

static Value array_index(VM *vm, Value *args, size_t count) {
    int64_t start = 0, stop = INT64_MAX, length = (int64_t)length_of(array_of(args[0]));
    if (!is_empty(args[2]) && !value_index_int64(vm, args[2], true, &start)) return VALUE_ERROR;
    if (!is_empty(args[3]) && !value_index_int64(vm, args[3], true, &stop)) return VALUE_ERROR;
    if (start < 0) start = start + length < 0 ? 0 : start + length;
    if (stop < 0) stop = stop + length < 0 ? 0 : stop + length;
    int64_t found = find_item(vm, args[0], args[1], (size_t)start, (size_t)stop);
    if (found == -1) return raise_value_error(vm, "array.index(x): x not in array");
    return found < 0 ? VALUE_ERROR : value_small(found);
}

static Value array_count(VM *vm, Value *args, size_t count) {
    int64_t n = 0;
    for (int64_t at = 0; (at = find_item(vm, args[0], args[1], (size_t)at, SIZE_MAX)) >= 0; at++) n++;
    return !is_empty(vm->exception) ? VALUE_ERROR : value_small(n);
}

static Value array_reverse(VM *vm, Value *args, size_t count) {
    Array *a = array_of(args[0]);
    size_t size = size_of(a);
    vm_count_work(vm, length_of(a) / 4);
    for (size_t i = 0, j = length_of(a); i + 1 < j; i++) {
        unsigned char item[8];
        memcpy(item, place(a, i), size);
        memcpy(place(a, i), place(a, --j), size);
        memcpy(place(a, j), item, size);
    }
    return VALUE_NONE;
}

static Value array_byteswap(VM *vm, Value *args, size_t count) {
    Array *a = array_of(args[0]);
    size_t size = size_of(a);
    vm_count_work(vm, length_of(a) / 4);
    for (size_t i = 0; i < length_of(a); i++)
        for (size_t k = 0, j = size; k + 1 < j; k++) {
            unsigned char *item = place(a, i), byte = item[k];
            item[k] = item[--j];
            item[j] = byte;
        }
    return VALUE_NONE;
}

static Value array_tolist(VM *vm, Value *args, size_t count) { return to_list(vm, array_of(args[0])); }
static Value array_tobytes(VM *vm, Value *args, size_t count) {
    const ByteArray *bytes = &array_of(args[0])->bytes;
    return object_or_error(bytes_new(vm, bytes->length ? bytes->data : (unsigned char *)"", bytes->length));
}

// Makes an array as short as it was. A script may have made it shorter still: then there is nothing to go back to.
static void take_back(VM *vm, Array *a, size_t bytes) {
    if (a->bytes.length > bytes) bytearray_resize(vm, &a->bytes, bytes);
}

static Value array_fromlist(VM *vm, Value *args, size_t count) {
    Array *a = array_of(args[0]);
    if (!is_list(args[1])) return raise_type_error(vm, "arg must be list");
    List *list = list_of(args[1]);
    size_t old = a->bytes.length, length = list->length;
    for (size_t i = 0; i < length; i++) {
        if (i >= list->length) {
            take_back(vm, a, old);
            return raise_error(vm, vm->exceptions.runtime_error, "list changed size during iteration");
        }
        if (append_item(vm, a, list->items[i])) continue;
        take_back(vm, a, old); // all of it or nothing
        return VALUE_ERROR;
    }
    return VALUE_NONE;
}

static Value array_fromunicode(VM *vm, Value *args, size_t count) {
    Array *a = array_of(args[0]);
    if (!is_string(args[1]))
        return raise_type_error(vm, "fromunicode() argument must be str, not %s", type_name(vm, args[1]));
    if (!is_text(a->code))
        return raise_value_error(vm, "fromunicode() may only be called on unicode type arrays ('u' or 'w')");
    return done(append_text(vm, a, string_of(args[1])));
}
static Value array_tounicode(VM *vm, Value *args, size_t count) {
    const Array *a = array_of(args[0]);
    if (is_text(a->code)) return array_text(vm, a);
    return raise_value_error(vm, "tounicode() may only be called on unicode type arrays ('u' or 'w')");
}

static Value array_tofile(VM *vm, Value *args, size_t count) {
    Value bytes = array_tobytes(vm, args, 1);
    if (is_error(bytes)) return bytes;
    if (!bytes_of(bytes)->length) return VALUE_NONE;
    return done(!is_error(value_call_method(vm, args[1], "write", &bytes, 1)));
}

static Value array_fromfile(VM *vm, Value *args, size_t count) {
    Array *a = array_of(args[0]);
    int64_t wanted;
    if (!value_index_int64(vm, args[2], false, &wanted)) return VALUE_ERROR;
    if (wanted < 0) return raise_value_error(vm, "negative count");
    if ((uint64_t)wanted > PTRDIFF_MAX / size_of(a)) return raise_memory_error(vm);
    int64_t size = wanted * (int64_t)size_of(a);
    Value length = int_from_int64(vm, size);
    Value data = is_error(length) ? length : value_call_method(vm, args[1], "read", &length, 1);
    if (is_error(data)) return data;
    if (!is_kind(data, KIND_BYTES)) return raise_type_error(vm, "read() didn't return bytes");
    bool is_short = bytes_of(data)->length != (size_t)size;
    if (!append_bytes(vm, a, data)) return VALUE_ERROR;
    return is_short ? raise_error(vm, vm->exceptions.eof_error, "read() didn't return enough bytes")
                    : VALUE_NONE;
}

static Value array_buffer_info(VM *vm, Value *args, size_t count) {
    const Array *a = array_of(args[0]);
    Value pair[2] = {int_from_uint64(vm, (uint64_t)(uintptr_t)a->bytes.data),
                     value_small((int64_t)length_of(a))};
    return is_error(pair[0]) ? VALUE_ERROR : object_or_error(tuple_from(vm, pair, 2));
}

static Value array_copy(VM *vm, Value *args, size_t count) {
    const Array *a = array_of(args[0]);
    Array *copy = array_new(vm, array_class(vm), a->code, 0);
    return copy && append_array(vm, copy, a) ? value_object(copy) : VALUE_ERROR;
}

// array(typecode, items) makes it again; from protocol 3 on its bytes do.
static Value array_reduce(VM *vm, Value *args, size_t count) {
    const Array *a = array_of(args[0]);
    int64_t protocol;
    if (!value_index_int64(vm, args[1], true, &protocol)) return VALUE_ERROR;
    char code[2] = {a->code, 0};
    Value state = value_find_attribute(vm, args[0], vm->names.__dict__);
    if (is_error(state)) return state;
    Value name = object_or_error(string_from(vm, code)), cls = value_object(class_of(vm, args[0])),
          maker = cls, made_of;
    if (is_error(name)) return name;
    if (protocol < 3) {
        Value parts[2] = {name, is_text(a->code) ? array_text(vm, a) : to_list(vm, a)};
        made_of = is_error(parts[1]) ? VALUE_ERROR : object_or_error(tuple_from(vm, parts, 2));
    } else {
        static const signed char machine_formats[] = {1, 0, 20, 20, 4, 2, 8, 6, 12, 10, 12, 10, 14, 16}; // of each of `codes`
        String *module_name = string_intern_from(vm, "array", 5),
               *wanted = string_intern_from(vm, "_array_reconstructor", 20);
        Value module = module_name && wanted ? vm->hooks.import_module(vm, module_name) : VALUE_ERROR;
        maker = is_error(module) ? module : value_get_attribute(vm, module, wanted);
        if (is_error(maker)) return maker;
        Value parts[4] = {cls, name, value_small(machine_formats[strchr(codes, a->code) - codes]),
                          array_tobytes(vm, args, 1)};
        made_of = is_error(parts[3]) ? VALUE_ERROR : object_or_error(tuple_from(vm, parts, 4));
    }
    Value parts[3] = {maker, made_of, is_empty(state) ? VALUE_NONE : state};
    return is_error(made_of) ? VALUE_ERROR : object_or_error(tuple_from(vm, parts, 3));
}

// _array_reconstructor(class, typecode, format, bytes): of arrays of this machine's formats. [script]
static Value array_reconstruct(VM *vm, Value *args, size_t count) {
    bool is_class =
        is_kind(args[0], KIND_CLASS) && class_is_subclass((Class *)object_of(args[0]), array_class(vm));
    if (!is_kind(args[0], KIND_CLASS))
        return raise_type_error(vm, "first argument must be a type object, not %s", type_name(vm, args[0]));
    if (!is_class)
        return raise_type_error(vm, "%s is not a subtype of array.array",
                                class_name((Class *)object_of(args[0])));
    if (!is_kind(args[3], KIND_BYTES))
        return raise_type_error(vm, "fourth argument should be bytes, not %s", type_name(vm, args[3]));
    Value made = vm_call(vm, args[0], &args[1], 1, NULL);
    if (is_error(made) || !is_array(vm, made)) return made;
    return append_bytes(vm, array_of(made), args[3]) ? made : VALUE_ERROR;
}

static Value get_typecode(VM *vm, Value self) {
    char code[2] = {array_of(self)->code, 0};
    return object_or_error(string_from(vm, code));
}
static Value get_itemsize(VM *vm, Value self) { return value_small((int64_t)size_of(array_of(self))); }

static Value array_iterate(VM *vm, Value self) { return iterator_new(vm, ITERATE_SEQUENCE, self); }
static size_t array_cell_size(const Object *o) { return sizeof(Array); }
static const TypeOps array_ops = {.repr = array_repr,
                                  .compare = array_compare,
                                  .truth = array_truth,
                                  .binary = array_binary,
                                  .in_place = array_in_place,
                                  .operations = &mutable_sequence_operators,
                                  .length = array_length,
                                  .get_item = array_get_item,
                                  .set_item = array_set_item,
                                  .contains = array_contains,
                                  .iterate = array_iterate,
                                  .view = array_view,
                                  .cell_size = array_cell_size};

static const NativeDefinition methods[] = {
    {"__new__", array_make, "cls, /, *args, **kwargs", NATIVE_NEW},
    {"append", array_append, "self, v, /", NATIVE_METHOD, "Adds an item at the end."},
    {"buffer_info", array_buffer_info, "self, /", NATIVE_METHOD, "(address, number of items) of its memory."},
    {"byteswap", array_byteswap, "self, /", NATIVE_METHOD, "Reverses the bytes of each item."},
    {"clear", array_clear, "self, /", NATIVE_METHOD, "Removes all items."},
    {"count", array_count, "self, v, /", NATIVE_METHOD, "How often a value is in it."},
    {"extend", array_extend, "self, bb, /", NATIVE_METHOD,
     "Adds the items of an array of the same kind, or of any iterable."},
    {"frombytes", array_frombytes, "self, buffer, /", NATIVE_METHOD, "Adds the items that bytes are."},
    {"fromfile", array_fromfile, "self, f, n, /", NATIVE_METHOD, "Reads n items from a file and adds them."},
    {"fromlist", array_fromlist, "self, list, /", NATIVE_METHOD, "Adds the items of a list, all or none."},
    {"fromunicode", array_fromunicode, "self, ustr, /", NATIVE_METHOD, "Adds the characters of a str."},
    {"index", array_index, "self, v, start=0, stop=9223372036854775807, /", NATIVE_METHOD,
     "The first index of a value."},
    {"insert", array_insert, "self, i, v, /", NATIVE_METHOD, "Adds a value before an index."},
    {"pop", array_pop, "self, i=-1, /", NATIVE_METHOD,
     "Removes and returns an item, the last one without an index."},
    {"remove", array_remove, "self, v, /", NATIVE_METHOD, "Removes a value where it is first found."},
    {"reverse", array_reverse, "self, /", NATIVE_METHOD, "Reverses the order, in place."},
    {"tobytes", array_tobytes, "self, /", NATIVE_METHOD, "The bytes of all items."},
    {"tofile", array_tofile, "self, f, /", NATIVE_METHOD, "Writes the bytes of all items to a file."},
    {"tolist", array_tolist, "self, /", NATIVE_METHOD, "A list of all items."},
    {"tounicode", array_tounicode, "self, /", NATIVE_METHOD, "The str that an array of characters is."},
    {"__copy__", array_copy, "self, /", NATIVE_METHOD, "An array of the same items."},
    {"__deepcopy__", array_copy, "self, memo, /", NATIVE_METHOD, "An array of the same items."},
    {"__reduce_ex__", array_reduce, "self, value, /", NATIVE_METHOD, "What makes it again."},
    GENERIC_ALIAS_METHOD,
    {0}};
static const AttributeDefinition attributes[] = {
    {"typecode", get_typecode, NULL, "The letter that says how the items are stored."},
    {"itemsize", get_itemsize, NULL, "How many bytes an item takes."},
    {0}};
static const NativeDefinition functions[] = {{"_array_reconstructor", array_reconstruct,
                                              "arraytype, typecode, mformat_code, items, /", NATIVE_METHOD,
                                              "Makes an array of its bytes."},
                                             {0}};

// An array is a mutable sequence, as collections.abc tells.
static bool register_class(VM *vm, Class *cls) {
    String *name = string_intern_from(vm, "collections.abc", 15),
           *wanted = string_intern_from(vm, "MutableSequence", 15);
    Value module = name && wanted ? vm->hooks.import_module(vm, name) : VALUE_ERROR;
    Value base = is_error(module) ? module : value_get_attribute(vm, module, wanted);
    Value registered = value_object(cls);
    return !is_error(base) && !is_error(value_call_method(vm, base, "register", &registered, 1));
}

bool array_module_fill(VM *vm, ModuleObject *module) {
    Class *cls =
        class_new_builtin(vm, "array", vm->classes.object, KIND_BYTEARRAY, sizeof(Array), CLASS_SEQUENCE);
    String *name = string_intern_from(vm, "array", 5);
    if (!cls || !name) return false;
    cls->ops = &array_ops;
    cls->module = value_object(name);
    if (!(cls->shown_name = string_from(vm, "array.array"))) return false;
    library_of(vm)->classes[LIBRARY_ARRAY] = cls;
    return add_text(vm, module->namespace, "__doc__",
                    "Sequences of numbers of one kind, stored without gaps.") &&
           native_add_methods(vm, cls, methods) >= 0 && native_add_attributes(vm, cls, attributes) >= 0 &&
           native_add_functions(vm, module->namespace, functions) > 0 &&
           add_text(vm, cls->attributes, "__doc__",
                    "Numbers or characters of one kind: array(typecode[, items]).") &&
           add_value(vm, module->namespace, "array", value_object(cls)) &&
           add_value(vm, module->namespace, "ArrayType", value_object(cls)) &&
           add_text(vm, module->namespace, "typecodes", codes) && register_class(vm, cls);
}

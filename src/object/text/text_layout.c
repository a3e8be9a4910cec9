// The methods of str, bytes and bytearray that lay out: join, center, ljust, rjust, zfill, expandtabs.
#include "base/utf8.h"
#include "object/text/bytes.h"
#include "object/text/text_internal.h"
#include "object/text/text_methods_internal.h"

static int64_t text_length(VM *vm, const Text *text) {
    if (!text->ascii) vm_count_work(vm, work_of_bytes(text->size));
    return (int64_t)(text->ascii ? text->size : utf8_count(text->data, text->size));
}

// One item of join, checked. NULL data: an error.
static bool join_item(VM *vm, const Text *self, Value item, size_t number, Text *out) {
    bool string = self->kind == KIND_STRING;
    if (text_view(item, out) && (out->kind == KIND_STRING) == string) return true;
    raise_type_error(vm,
                     string ? "sequence item %zu: expected str instance, %s found"
                            : "sequence item %zu: expected a bytes-like object, %s found",
                     number, type_name(vm, item));
    return false;
}

static Value text_join(VM *vm, Value *args, size_t count) {
    Text self, item;
    text_view(args[0], &self);
    const Value *items;
    size_t length;
    if (!is_list(args[1]) && !is_tuple(args[1])) {
        List *list = list_from_iterable(vm, args[1]);
        if (!list) {
            Class *cls = class_of(vm, args[1]);
            if (exception_matches(vm, vm->exceptions.type_error) &&
                is_empty(class_special(vm, cls, SPECIAL_ITER)) &&
                is_empty(class_special(vm, cls, SPECIAL_GETITEM)))
                raise_type_error(vm, "can only join an iterable");
            return VALUE_ERROR;
        }
        args[1] = value_object(list);
        text_view(args[0], &self);
    }
    items = is_list(args[1]) ? list_of(args[1])->items : tuple_of(args[1])->items;
    length = is_list(args[1]) ? list_of(args[1])->length : tuple_of(args[1])->length;
    if (length == 1 &&
        (is_exactly(items[0], vm->classes.string) || is_exactly(items[0], vm->classes.bytes)) &&
        is_string(items[0]) == (self.kind == KIND_STRING) && self.kind != KIND_BYTEARRAY)
        return items[0];
    size_t total = length ? (length - 1) * self.size : 0, characters = 0;
    bool ascii = length < 2 || self.ascii;
    if (length > 1 && self.size > PTRDIFF_MAX / length) return raise_memory_error(vm);
    for (size_t i = 0; i < length; i++) {
        if (!vm_poll(vm, 1) || !join_item(vm, &self, items[i], i, &item)) return VALUE_ERROR;
        if (item.size > PTRDIFF_MAX - total) return raise_memory_error(vm);
        total += item.size;
        ascii = ascii && item.ascii;
        if (self.kind == KIND_STRING) characters += string_of(items[i])->length;
    }
    Value result;
    char *to;
    if (self.kind == KIND_STRING) {
        if (length > 1) characters += (length - 1) * string_of(args[0])->length;
        String *s = total ? string_reserve(vm, total) : string_new(vm, "", 0);
        if (!s) return VALUE_ERROR;
        if (!total) return value_object(s);
        s->length = characters;
        object_set_flag(&s->object, STRING_ASCII, ascii);
        result = value_object(s);
        to = s->data;
    } else if (self.kind == KIND_BYTEARRAY) {
        ByteArray *array = bytearray_new(vm, NULL, total);
        if (!array) return VALUE_ERROR;
        result = value_object(array);
        to = (char *)array->data;
    } else {
        Bytes *bytes = bytes_new(vm, NULL, total);
        if (!bytes) return VALUE_ERROR;
        result = value_object(bytes);
        to = (char *)bytes->data;
    }
    for (size_t i = 0; i < length; i++) {
        text_view(items[i], &item);
        if (i && self.size) memcpy(to, self.data, self.size), to += self.size;
        if (item.size) memcpy(to, item.data, item.size), to += item.size;
    }
    return result;
}

// self between `left` and `right` fill characters.
static Value pad(VM *vm, Value self, const Text *text, int64_t left, int64_t right, const char *fill,
                 size_t width) {
    if (left < 0) left = 0;
    if (right < 0) right = 0;
    if (!left && !right) return text_piece(vm, self, text, 0, text->size);
    if (left > PTRDIFF_MAX / 8 || right > PTRDIFF_MAX / 8) return raise_memory_error(vm);
    Buffer buffer = vm_buffer(vm);
    if (buffer_reserve(&buffer, text->size + (size_t)(left + right) * width)) {
        for (int64_t i = 0; i < left; i++) buffer_append(&buffer, fill, width);
        buffer_append(&buffer, text->data, text->size);
        for (int64_t i = 0; i < right; i++) buffer_append(&buffer, fill, width);
    }
    return text_from_buffer(vm, text->kind, &buffer);
}

typedef enum { PAD_LEFT, PAD_RIGHT, PAD_BOTH } Side;

static Value justify(VM *vm, Value *args, Side side, const char *method) {
    int64_t width;
    if (!size_argument(vm, args[1], &width)) return VALUE_ERROR;
    Text text, fill = {" ", 1, KIND_BYTES, true};
    text_view(args[0], &text);
    if (!is_empty(args[2])) {
        bool view = text_view(args[2], &fill);
        if (text.kind == KIND_STRING) {
            if (!view || fill.kind != KIND_STRING)
                return raise_type_error(vm, "The fill character must be a unicode character, not %s",
                                        type_name(vm, args[2]));
            if (text_length(vm, &fill) != 1)
                return raise_type_error(vm, "The fill character must be exactly one character long");
        } else if (!view || fill.kind == KIND_STRING || fill.size != 1) {
            return raise_type_error(vm, "%s() argument 2 must be a byte string of length 1, not %s", method,
                                    type_name(vm, args[2]));
        }
    }
    int64_t length = text_length(vm, &text), missing = width > length ? width - length : 0;
    // An odd place goes to the left when the width is odd.
    int64_t left = side == PAD_LEFT ? missing : side == PAD_RIGHT ? 0 : missing / 2 + (missing & width & 1);
    return pad(vm, args[0], &text, left, missing - left, fill.data, fill.size);
}

static Value text_center(VM *vm, Value *args, size_t count) { return justify(vm, args, PAD_BOTH, "center"); }
static Value text_ljust(VM *vm, Value *args, size_t count) { return justify(vm, args, PAD_RIGHT, "ljust"); }
static Value text_rjust(VM *vm, Value *args, size_t count) { return justify(vm, args, PAD_LEFT, "rjust"); }

static Value text_zfill(VM *vm, Value *args, size_t count) {
    int64_t width;
    if (!size_argument(vm, args[1], &width)) return VALUE_ERROR;
    Text text;
    text_view(args[0], &text);
    int64_t length = text_length(vm, &text), missing = width > length ? width - length : 0;
    if (!missing) return text_piece(vm, args[0], &text, 0, text.size);
    if (missing > PTRDIFF_MAX / 8) return raise_memory_error(vm);
    Buffer buffer = vm_buffer(vm);
    size_t sign = text.size && (text.data[0] == '+' || text.data[0] == '-');
    if (buffer_reserve(&buffer, text.size + (size_t)missing)) {
        buffer_append(&buffer, text.data, sign);
        buffer_fill(&buffer, '0', (size_t)missing);
        buffer_append(&buffer, text.data + sign, text.size - sign);
    }
    return text_from_buffer(vm, text.kind, &buffer);
}

static Value text_expandtabs(VM *vm, Value *args, size_t count) {
    int size = 8;
    if (!is_empty(args[1]) && !c_int_argument(vm, args[1], &size)) return VALUE_ERROR;
    Text text;
    text_view(args[0], &text);
    Buffer buffer = vm_buffer(vm);
    int64_t column = 0;
    for (size_t at = 0; at < text.size && !buffer.failed;) {
        int width;
        uint32_t c = text_character(&text, at, &width);
        if (!vm_poll(vm, 1)) return buffer_free(&buffer), VALUE_ERROR;
        if (c == '\t') {
            int64_t spaces = size > 0 ? size - column % size : 0;
            if (buffer_reserve(&buffer, (size_t)spaces))
                for (int64_t i = 0; i < spaces; i++) buffer_byte(&buffer, ' ');
            column += spaces;
        } else {
            buffer_append(&buffer, text.data + at, (size_t)width);
            column = c == '\n' || c == '\r' ? 0 : column + 1;
        }
        at += (size_t)width;
    }
    return text_from_buffer(vm, text.kind, &buffer);
}

static const NativeDefinition text_layout_methods[] = {
    {"join", text_join, "self, iterable, /", NATIVE_METHOD, "The items of an iterable put together, with self between every two."},
    {"center", text_center, "self, width, fillchar=, /", NATIVE_METHOD, "A copy of at least this width, filled up evenly at both sides."},
    {"ljust", text_ljust, "self, width, fillchar=, /", NATIVE_METHOD, "A copy of at least this width, filled up at the right."},
    {"rjust", text_rjust, "self, width, fillchar=, /", NATIVE_METHOD, "A copy of at least this width, filled up at the left."},
    {"zfill", text_zfill, "self, width, /", NATIVE_METHOD,
     "A copy of at least this width, filled up with zeros between the sign and the rest."},
    {"expandtabs", text_expandtabs, "self, /, tabsize=8", NATIVE_METHOD,
     "A copy in which each tab becomes the spaces up to the next multiple of tabsize."},
    {0},
};

bool text_methods_add(VM *vm, Class *cls) {
    const NativeDefinition *replace = cls == vm->classes.string ? text_replace_method : bytes_replace_method;
    return native_add_methods(vm, cls, text_search_methods) >= 0 &&
           native_add_methods(vm, cls, replace) >= 0 &&
           native_add_methods(vm, cls, text_split_methods) >= 0 &&
           native_add_methods(vm, cls, text_layout_methods) >= 0;
}

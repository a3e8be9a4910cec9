// Searching in str, bytes and bytearray, and the methods that search: find, index, count, startswith,
// replace, …
#define _GNU_SOURCE // memmem, memrchr
#include <string.h>

#include "base/utf8.h"
#include "object/text/bytes.h"
#include "object/text/text_internal.h"
#include "object/text/text_methods_internal.h"

enum { SEARCH_PIECE = 1 << 20 }; // bytes that are searched between two looks at what others want

// One piece: time is linear in it, whatever is looked for.
static int64_t find_in_piece(VM *vm, const char *text, size_t size, const char *needle, size_t needle_size) {
    const char *found =
        needle_size == 1 ? memchr(text, needle[0], size) : memmem(text, size, needle, needle_size);
    size_t passed = found ? (size_t)(found - text) : size;
    if (!vm_poll(vm, 1 + work_of_bytes(passed) + needle_size / 16)) return -2; // it looks at all of the needle first
    return found ? (int64_t)passed : -1;
}

int64_t find_forward(VM *vm, const char *text, size_t size, const char *needle, size_t needle_size) {
    if (needle_size > size) return -1;
    if (!needle_size) return 0;
    // Pieces overlap by what is looked for, so they are not smaller than some times that.
    size_t piece = needle_size < SEARCH_PIECE / 4 ? SEARCH_PIECE : 4 * needle_size;
    for (size_t at = 0;; at += piece - needle_size + 1) {
        bool last = size - at <= piece;
        int64_t found = find_in_piece(vm, text + at, last ? size - at : piece, needle, needle_size);
        if (found >= 0) return (int64_t)at + found;
        if (last || found == -2) return found;
    }
}

int64_t find_backward(VM *vm, const char *text, size_t size, const char *needle, size_t needle_size) {
    if (needle_size > size) return -1;
    if (!needle_size) return (int64_t)size;
    size_t end = size - needle_size + 1; // where the first byte may still be
    while (end) {
        const char *found = memrchr(text, needle[0], end);
        size_t passed = found ? end - (size_t)(found - text) : end;
        if (!vm_poll(vm, 1 + work_of_bytes(passed + needle_size))) return -2;
        if (!found) return -1;
        if (!memcmp(found, needle, needle_size)) return found - text;
        end = (size_t)(found - text);
    }
    return -1;
}

bool text_view(Value v, Text *out) {
    if (is_string(v)) {
        String *s = string_of(v);
        *out = (Text){s->data, s->size, KIND_STRING, string_is_ascii(s)};
        return true;
    }
    const unsigned char *data;
    size_t size;
    if (!bytes_view(v, &data, &size)) return false;
    *out = (Text){(const char *)data, size, object_kind(object_of(v)), true};
    return true;
}

Value text_new(VM *vm, Kind like, const char *data, size_t size) {
    if (like == KIND_STRING) return object_or_error(string_new(vm, data, size));
    if (like == KIND_BYTEARRAY) return object_or_error(bytearray_new(vm, size ? data : NULL, size));
    return object_or_error(bytes_new(vm, size ? data : NULL, size));
}

Value text_reserve(VM *vm, Kind like, size_t size, char **data) {
    if (like == KIND_STRING) {
        String *s = string_reserve(vm, size);
        *data = s ? s->data : NULL;
        return object_or_error(s);
    }
    if (like == KIND_BYTEARRAY) {
        ByteArray *array = bytearray_new(vm, NULL, size);
        *data = array ? (char *)array->data : NULL;
        return object_or_error(array);
    }
    Bytes *bytes = bytes_new(vm, NULL, size);
    *data = bytes ? (char *)bytes->data : NULL;
    return object_or_error(bytes);
}

Value text_from_buffer(VM *vm, Kind like, Buffer *buffer) {
    Value result = buffer->failed ? raise_memory_error(vm) : text_new(vm, like, buffer->data, buffer->length);
    buffer_free(buffer);
    return result;
}

uint32_t text_character(const Text *text, size_t at, int *width) {
    if (text->kind == KIND_STRING) return utf8_decode(text->data + at, width);
    return *width = 1, (unsigned char)text->data[at];
}

bool text_argument(VM *vm, const Text *self, Value v, Text *out, const char *message, ...) {
    if (text_view(v, out) && (out->kind == KIND_STRING) == (self->kind == KIND_STRING)) return true;
    if (self->kind != KIND_STRING) {
        raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, v));
        return false;
    }
    Buffer buffer = vm_buffer(vm);
    va_list arguments;
    va_start(arguments, message);
    buffer_format_list(&buffer, message, arguments);
    va_end(arguments);
    buffer_byte(&buffer, 0);
    if (buffer.failed)
        raise_memory_error(vm);
    else
        raise_type_error(vm, "%s", buffer.data);
    buffer_free(&buffer);
    return false;
}

// What to look for in a search: a text, or for bytes also one byte, kept in *byte. [script]
static bool needle_argument(VM *vm, const Text *self, Value v, Text *out, char *byte, const char *method) {
    if (self->kind == KIND_STRING)
        return text_argument(vm, self, v, out, "%s() argument 1 must be str, not %s", method,
                             type_name(vm, v));
    if (text_view(v, out) && out->kind != KIND_STRING) return true;
    if (!has_index(vm, v)) {
        raise_type_error(vm, "argument should be integer or bytes-like object, not '%s'", type_name(vm, v));
        return false;
    }
    Value number = value_index(vm, v);
    int64_t n;
    if (is_error(number)) return false;
    if (!int_to_int64(number, &n) || n < 0 || n > 255)
        return raise_value_error(vm, "byte must be in range(0, 256)"), false;
    *byte = (char)n;
    *out = (Text){byte, 1, KIND_BYTES, true};
    return true;
}

// Where a search begins and stops, in characters.
typedef struct {
    int64_t start, stop;
} Window;

static bool window_arguments(VM *vm, Value first, Value last, Window *window) { // [script]
    *window = (Window){0, INT64_MAX};
    return slice_argument(vm, first, true, &window->start) && slice_argument(vm, last, true, &window->stop);
}

// The part of self in a window, in bytes. False when its start is past the end: then nothing is in it, not even the empty
// text.
static bool look_through(VM *vm, Value self, Window window, Text *text, size_t *from, size_t *to) {
    text_view(self, text);
    int64_t length = text->kind == KIND_STRING ? (int64_t)string_of(self)->length : (int64_t)text->size;
    adjust_indices(&window.start, &window.stop, length);
    if (window.start > length || window.start > window.stop) return false;
    *from = text->ascii ? (size_t)window.start : string_offset(vm, string_of(self), (size_t)window.start);
    *to = text->ascii ? (size_t)window.stop : string_offset(vm, string_of(self), (size_t)window.stop);
    return true;
}

// A search's arguments: 1, 0 when nothing is in the window, -1. Texts are looked at when the last script has run: it may have
// changed a bytearray. Only str looks at what to look for first, as CPython does; that can't change. [script]
static int search_arguments(VM *vm, Value *args, const char *method, Text *text, Text *needle, char *byte, size_t *from, size_t *to) {
    Window window;
    text_view(args[0], text);
    bool string = text->kind == KIND_STRING;
    if (string && !needle_argument(vm, text, args[1], needle, byte, method)) return -1;
    if (!window_arguments(vm, args[2], args[3], &window)) return -1;
    if (!string && !needle_argument(vm, text, args[1], needle, byte, method)) return -1;
    return look_through(vm, args[0], window, text, from, to);
}

// The index of an offset.
static int64_t index_of_offset(VM *vm, const Text *text, size_t offset) {
    if (!text->ascii) vm_count_work(vm, work_of_bytes(offset));
    return (int64_t)(text->ascii ? offset : utf8_count(text->data, offset));
}

// find, rfind, index, rindex: -1 for not found, -2 for an error.
static int64_t search(VM *vm, Value *args, bool backward, const char *method) {
    Text text, needle;
    char byte;
    size_t from, to;
    int status = search_arguments(vm, args, method, &text, &needle, &byte, &from, &to);
    if (status <= 0) return status ? -2 : -1;
    int64_t found = backward ? find_backward(vm, text.data + from, to - from, needle.data, needle.size)
                             : find_forward(vm, text.data + from, to - from, needle.data, needle.size);
    return found < 0 ? found : index_of_offset(vm, &text, from + (size_t)found);
}

static Value text_find(VM *vm, Value *args, size_t count) {
    int64_t index = search(vm, args, false, "find");
    return index == -2 ? VALUE_ERROR : value_small(index);
}
static Value text_rfind(VM *vm, Value *args, size_t count) {
    int64_t index = search(vm, args, true, "rfind");
    return index == -2 ? VALUE_ERROR : value_small(index);
}

static Value index_result(VM *vm, Value self, int64_t index) {
    if (index == -1)
        return raise_value_error(vm, is_string(self) ? "substring not found" : "subsection not found");
    return index == -2 ? VALUE_ERROR : value_small(index);
}
static Value text_index(VM *vm, Value *args, size_t count) {
    return index_result(vm, args[0], search(vm, args, false, "index"));
}
static Value text_rindex(VM *vm, Value *args, size_t count) {
    return index_result(vm, args[0], search(vm, args, true, "rindex"));
}

// How often a text is there, not overlapping, at most `most` times; -1 for an error.
static int64_t occurrences(VM *vm, const char *data, size_t size, const Text *needle, int64_t most) {
    int64_t count = 0;
    for (size_t at = 0; count < most && at < size; count++) {
        int64_t found = find_forward(vm, data + at, size - at, needle->data, needle->size);
        if (found == -2) return -1;
        if (found < 0) break;
        at += (size_t)found + needle->size;
    }
    return count;
}

static Value text_count(VM *vm, Value *args, size_t count) {
    Text text, needle;
    char byte;
    size_t from, to;
    int status = search_arguments(vm, args, "count", &text, &needle, &byte, &from, &to);
    if (status <= 0) return status ? VALUE_ERROR : value_small(0);
    if (!needle.size) {
        if (!text.ascii) vm_count_work(vm, work_of_bytes(to - from));
        int64_t length = (int64_t)(text.ascii ? to - from : utf8_count(text.data + from, to - from));
        return value_small(length + 1);
    }
    int64_t found = occurrences(vm, text.data + from, to - from, &needle, INT64_MAX);
    return found < 0 ? VALUE_ERROR : value_small(found);
}

// Whether one of startswith's texts is there.
static bool tail_matches(VM *vm, Value self, Window window, Value part, bool end) {
    Text text, affix;
    size_t from, to;
    text_view(part, &affix);
    if (!look_through(vm, self, window, &text, &from, &to) || affix.size > to - from) return false;
    vm_count_work(vm, work_of_bytes(affix.size));
    return !memcmp(text.data + (end ? to - affix.size : from), affix.data, affix.size);
}

static Value starts_or_ends(VM *vm, Value *args, bool end) {
    const char *method = end ? "endswith" : "startswith";
    Text self, affix;
    Window window;
    if (!window_arguments(vm, args[2], args[3], &window)) return VALUE_ERROR;
    text_view(args[0], &self);
    bool string = self.kind == KIND_STRING;
    if (is_tuple(args[1])) {
        Tuple *tuple = tuple_of(args[1]);
        for (size_t i = 0; i < tuple->length; i++) {
            if (!vm_poll(vm, 1)) return VALUE_ERROR;
            if (!text_argument(vm, &self, tuple->items[i], &affix,
                               "tuple for %s must only contain str, not %s", method,
                               type_name(vm, tuple->items[i])))
                return VALUE_ERROR;
            if (tail_matches(vm, args[0], window, tuple->items[i], end)) return VALUE_TRUE;
        }
        return VALUE_FALSE;
    }
    if (!text_view(args[1], &affix) || (affix.kind == KIND_STRING) != string)
        return raise_type_error(vm, "%s first arg must be %s or a tuple of %s, not %s", method,
                                string ? "str" : "bytes", string ? "str" : "bytes", type_name(vm, args[1]));
    return value_bool(tail_matches(vm, args[0], window, args[1], end));
}

static Value text_startswith(VM *vm, Value *args, size_t count) { return starts_or_ends(vm, args, false); }
static Value text_endswith(VM *vm, Value *args, size_t count) { return starts_or_ends(vm, args, true); }

Value text_piece(VM *vm, Value self, const Text *text, size_t from, size_t to) {
    if (from == 0 && to == text->size &&
        (is_exactly(self, vm->classes.string) || is_exactly(self, vm->classes.bytes)))
        return self;
    return text_new(vm, text->kind, text->data + from, to - from);
}

static Value text_removeprefix(VM *vm, Value *args, size_t count) {
    Text text, affix;
    text_view(args[0], &text);
    if (!text_argument(vm, &text, args[1], &affix, "removeprefix() argument must be str, not %s",
                       type_name(vm, args[1])))
        return VALUE_ERROR;
    bool there = affix.size <= text.size && !memcmp(text.data, affix.data, affix.size);
    vm_count_work(vm, work_of_bytes(affix.size));
    return text_piece(vm, args[0], &text, there ? affix.size : 0, text.size);
}

static Value text_removesuffix(VM *vm, Value *args, size_t count) {
    Text text, affix;
    text_view(args[0], &text);
    if (!text_argument(vm, &text, args[1], &affix, "removesuffix() argument must be str, not %s",
                       type_name(vm, args[1])))
        return VALUE_ERROR;
    bool there =
        affix.size <= text.size && !memcmp(text.data + text.size - affix.size, affix.data, affix.size);
    vm_count_work(vm, work_of_bytes(affix.size));
    return text_piece(vm, args[0], &text, 0, there ? text.size - affix.size : text.size);
}

// Puts `new` between all characters and at both ends, at most `limit` times.
// False: interrupted.
static bool interleave(VM *vm, Buffer *buffer, const Text *text, const Text *new, int64_t limit) {
    size_t at = 0;
    while (limit-- != 0) {
        if (!vm_poll(vm, 1)) return false;
        buffer_append(buffer, new->data, new->size);
        if (at >= text->size) return true;
        int width;
        text_character(text, at, &width);
        buffer_append(buffer, text->data + at, (size_t)width);
        at += (size_t)width;
        if (buffer->failed) return true;
    }
    buffer_append(buffer, text->data + at, text->size - at);
    return true;
}

// The text with its first `times` occurrences of `old`, which are there, replaced.
static Value replace(VM *vm, const Text *text, const Text *old, const Text *new, size_t times) {
    size_t kept = text->size - times * old->size, at = 0;
    if (new->size && times > ((size_t)PTRDIFF_MAX - kept) / new->size) return raise_memory_error(vm);
    char *to;
    Value result = text_reserve(vm, text->kind, kept + times * new->size, &to);
    if (is_error(result)) return result;
    while (times--) {
        int64_t found = find_forward(vm, text->data + at, text->size - at, old->data, old->size);
        if (found == -2) return VALUE_ERROR;
        if (found) memcpy(to, text->data + at, (size_t)found), to += found;
        if (new->size) memcpy(to, new->data, new->size), to += new->size;
        at += (size_t)found + old->size;
    }
    if (at < text->size) memcpy(to, text->data + at, text->size - at);
    if (text->kind == KIND_STRING) string_seal(string_of(result));
    return result;
}

static Value text_replace(VM *vm, Value *args, size_t count) {
    Text text, old, new;
    int64_t limit = -1;
    if (!is_empty(args[3]) && !size_argument(vm, args[3], &limit)) return VALUE_ERROR;
    text_view(args[0], &text);
    if (!text_argument(vm, &text, args[1], &old, "replace() argument 1 must be str, not %s",
                       type_name(vm, args[1])) ||
        !text_argument(vm, &text, args[2], &new, "replace() argument 2 must be str, not %s",
                       type_name(vm, args[2])))
        return VALUE_ERROR;
    if (limit < 0) limit = INT64_MAX;
    if (!old.size) {
        if (!limit) return text_piece(vm, args[0], &text, 0, text.size);
        Buffer buffer = vm_buffer(vm);
        if (!interleave(vm, &buffer, &text, &new, limit)) return buffer_free(&buffer), VALUE_ERROR;
        return text_from_buffer(vm, text.kind, &buffer);
    }
    int64_t times = occurrences(vm, text.data, text.size, &old, limit);
    if (times < 0) return VALUE_ERROR;
    if (!times) return text_piece(vm, args[0], &text, 0, text.size);
    return replace(vm, &text, &old, &new, (size_t)times);
}

const NativeDefinition text_search_methods[] = {
    {"find", text_find, "self, sub, start=, end=, /", NATIVE_METHOD, "The lowest index at which `sub` stands within [start:end], or -1."},
    {"rfind", text_rfind, "self, sub, start=, end=, /", NATIVE_METHOD,
     "The highest index at which `sub` stands within [start:end], or -1."},
    {"index", text_index, "self, sub, start=, end=, /", NATIVE_METHOD,
     "The lowest index at which `sub` stands within [start:end]; ValueError where there is none."},
    {"rindex", text_rindex, "self, sub, start=, end=, /", NATIVE_METHOD,
     "The highest index at which `sub` stands within [start:end]; ValueError where there is none."},
    {"count", text_count, "self, sub, start=, end=, /", NATIVE_METHOD, "How often `sub` stands within [start:end], without overlaps."},
    {"startswith", text_startswith, "self, prefix, start=, end=, /", NATIVE_METHOD,
     "Whether it begins, at `start`, with the prefix or one of a tuple of them."},
    {"endswith", text_endswith, "self, suffix, start=, end=, /", NATIVE_METHOD,
     "Whether it ends, before `end`, with the suffix or one of a tuple of them."},
    {"removeprefix", text_removeprefix, "self, prefix, /", NATIVE_METHOD,
     "What follows the prefix where it begins with that, else all of it."},
    {"removesuffix", text_removesuffix, "self, suffix, /", NATIVE_METHOD,
     "What stands before the suffix where it ends with that, else all of it."},
    {0},
};
// replace takes its count by name too, but only in str.
const NativeDefinition text_replace_method[] = {
    {"replace", text_replace, "self, old, new, /, count=-1", NATIVE_METHOD,
     "A copy with `new` in place of each `old`, or of the first `count` of them."},
    {0},
};
const NativeDefinition bytes_replace_method[] = {
    {"replace", text_replace, "self, old, new, count=-1, /", NATIVE_METHOD,
     "A copy with `new` in place of each `old`, or of the first `count` of them."},
    {0},
};

// Of the module _json: writing JSON.
#include <math.h>

#include "base/number.h"
#include "base/utf8.h"
#include "modules/text/json_internal.h"
#include "object/container/dict.h"
#include "object/shared/builtin.h"

typedef struct {
    VM *vm;
    Buffer out;
    List *path;    // the containers around, to find circles; NULL: nobody looks
    Value fallback; // what is asked of values that JSON lacks
    String *indent, *key_separator, *item_separator; // indent NULL: all in one line
    size_t depth;
    bool ascii, sort_keys, skip_keys, allow_nan;
} Writer;

static bool write_value(Writer *w, Value v);

static void write_escape(Buffer *out, uint32_t c) {
    static const char from[] = "\"\\\n\r\t\f\b", to[] = "\"\\nrtfb";
    const char *known = c < 0x80 && c ? strchr(from, (int)c) : NULL;
    if (known) {
        buffer_byte(out, '\\');
        buffer_byte(out, to[known - from]);
    } else if (c > 0xFFFF) {
        buffer_escape(out, 'u', 0xD800 + ((c - 0x10000) >> 10));
        buffer_escape(out, 'u', 0xDC00 + ((c - 0x10000) & 0x3FF));
    } else {
        buffer_escape(out, 'u', c);
    }
}

static void write_string(Buffer *out, const String *s, bool ascii) {
    const unsigned char *data = (const unsigned char *)s->data;
    size_t start = 0, at = 0;
    unsigned char top = ascii ? 0x7E : 0xFF;
    buffer_byte(out, '"');
    while (at < s->size) {
        unsigned char c = data[at];
        if (c >= 0x20 && c != '"' && c != '\\' && c <= top) {
            at++;
            continue;
        }
        buffer_append(out, s->data + start, at - start);
        int width;
        uint32_t code_point = utf8_decode(s->data + at, &width);
        write_escape(out, code_point);
        start = at += (size_t)width;
    }
    buffer_append(out, s->data + start, at - start);
    buffer_byte(out, '"');
}

static bool write_float(Writer *w, Value v, Buffer *out) {
    double number = any_float_of(v);
    if (isfinite(number)) {
        char text[NUMBER_TEXT_SIZE];
        return buffer_append(out, text, number_repr(number, text)), true;
    }
    if (!w->allow_nan) {
        char text[NUMBER_TEXT_SIZE];
        number_repr(number, text);
        return raise_value_error(w->vm, "Out of range float values are not JSON compliant: %s", text), false;
    }
    buffer_text(out, isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
    return true;
}

static bool write_int(Writer *w, Value v, Buffer *out) {
    if (!is_small(v)) return int_append_digits(w->vm, out, v, 10);
    int64_t number = small_of(v);
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    char text[24];
    size_t at = sizeof text;
    do text[--at] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0) text[--at] = '-';
    buffer_append(out, text + at, sizeof text - at);
    return true;
}

static void new_line(Writer *w) {
    if (!w->indent) return;
    buffer_byte(&w->out, '\n');
    for (size_t i = 0; i < w->depth && !w->out.failed; i++) buffer_string(&w->out, w->indent);
}

// A key as a string; 0: it is to be skipped, -1 with an exception.
static int write_key(Writer *w, Value key) {
    Buffer *out = &w->out;
    if (is_string(key)) return write_string(out, string_of(key), w->ascii), 1;
    if (!is_any_float(key) && !is_bool(key) && !is_none(key) && !is_int(key)) {
        if (w->skip_keys) return 0;
        raise_type_error(w->vm, "keys must be str, int, float, bool or None, not %s", type_name(w->vm, key));
        return -1;
    }
    buffer_byte(out, '"');
    bool good = true;
    if (is_any_float(key))
        good = write_float(w, key, out);
    else if (is_bool(key))
        buffer_text(out, value_same(key, VALUE_TRUE) ? "true" : "false");
    else if (is_none(key))
        buffer_text(out, "null");
    else
        good = write_int(w, key, out);
    buffer_byte(out, '"');
    return good ? 1 : -1;
}

// Notes that a container is being written. False with an exception: it is already, or is too deep.
static bool enter(Writer *w, Value v) {
    VM *vm = w->vm;
    if (w->path) {
        vm_count_work(vm, w->path->length / 16);
        for (size_t i = 0; i < w->path->length; i++)
            if (value_same(w->path->items[i], v)) return raise_value_error(vm, "Circular reference detected"), false;
        if (!list_append(vm, w->path, v)) return false;
    }
    if (recursion_enter(vm, " while encoding a JSON object")) return true;
    if (w->path) w->path->length--;
    return false;
}
static void leave(Writer *w) {
    recursion_leave(w->vm);
    if (w->path) w->path->length--;
}

static bool write_array(Writer *w, Value v) {
    VM *vm = w->vm;
    bool exact = is_exactly(v, vm->classes.list) || is_exactly(v, vm->classes.tuple);
    if (!exact) {
        List *copy = list_from_iterable(vm, v);
        if (!copy) return false;
        v = value_object(copy);
    }
    size_t i = 0;
    for (;; i++) {
        size_t length = is_list(v) ? list_of(v)->length : tuple_of(v)->length; // a script may change a list
        if (i >= length) break;
        if (i) {
            buffer_string(&w->out, w->item_separator);
        } else {
            buffer_byte(&w->out, '[');
            w->depth++;
        }
        new_line(w);
        Value item = is_list(v) ? list_of(v)->items[i] : tuple_of(v)->items[i];
        if (!write_value(w, item) || !vm_safepoint(vm, 1)) return false;
    }
    if (!i) return buffer_text(&w->out, "[]"), true;
    w->depth--;
    new_line(w);
    buffer_byte(&w->out, ']');
    return true;
}

static bool write_pair(Writer *w, Value key, Value value, bool *first) {
    size_t mark = w->out.length;
    if (*first)
        buffer_byte(&w->out, '{'), w->depth++;
    else
        buffer_string(&w->out, w->item_separator);
    new_line(w);
    int written = write_key(w, key);
    if (written < 0) return false;
    if (!written) {
        if (!w->out.failed) w->out.length = mark;
        if (*first) w->depth--;
        return true;
    }
    *first = false;
    buffer_string(&w->out, w->key_separator);
    return write_value(w, value) && vm_safepoint(w->vm, 1);
}

// The pairs of a mapping in a list, sorted when asked: scripts may change the mapping meanwhile. NULL with an exception.
static List *pairs_of(Writer *w, Value v) {
    VM *vm = w->vm;
    Value items = value_call_method(vm, v, "items", NULL, 0);
    List *pairs = is_error(items) ? NULL : list_from_iterable(vm, items);
    if (!pairs || (w->sort_keys && list_sort(vm, pairs, VALUE_NONE, false) < 0)) return NULL;
    for (size_t i = 0; i < pairs->length; i++)
        if (!is_tuple(pairs->items[i]) || tuple_of(pairs->items[i])->length != 2)
            return raise_value_error(vm, "items must return 2-tuples"), NULL;
    return pairs;
}

static bool write_object(Writer *w, Value v) {
    VM *vm = w->vm;
    bool first = true;
    size_t depth = w->depth;
    if (is_exactly(v, vm->classes.dict) && !w->sort_keys) {
        Dict *dict = (Dict *)object_of(v);
        size_t count = dict->length, used = 0;
        Value *pairs = count ? values_scratch(vm, 2 * count) : NULL, key, value;
        if (count && !pairs) return false;
        for (size_t at = 0; used < 2 * count && dict_next(dict, &at, &key, &value);) pairs[used++] = key, pairs[used++] = value;
        for (size_t i = 0; i < used; i += 2)
            if (!write_pair(w, pairs[i], pairs[i + 1], &first)) return false;
    } else {
        List *pairs = pairs_of(w, v);
        if (!pairs) return false;
        for (size_t i = 0; i < pairs->length; i++) {
            Tuple *pair = tuple_of(pairs->items[i]);
            if (!write_pair(w, pair->items[0], pair->items[1], &first)) return false;
        }
    }
    w->depth = depth;
    if (first) return buffer_text(&w->out, "{}"), true;
    new_line(w);
    buffer_byte(&w->out, '}');
    return true;
}

static bool write_value(Writer *w, Value v) {
    Buffer *out = &w->out;
    if (out->failed) return raise_memory_error(w->vm), false;
    if (is_string(v)) return write_string(out, string_of(v), w->ascii), true;
    if (is_none(v)) return buffer_text(out, "null"), true;
    if (is_bool(v)) return buffer_text(out, value_same(v, VALUE_TRUE) ? "true" : "false"), true;
    if (is_int(v)) return write_int(w, v, out);
    if (is_any_float(v)) return write_float(w, v, out);
    bool is_array = is_list(v) || is_tuple(v), is_object_ = is_kind(v, KIND_DICT);
    if (is_array && !(is_list(v) ? list_of(v)->length : tuple_of(v)->length) &&
        (is_exactly(v, w->vm->classes.list) || is_exactly(v, w->vm->classes.tuple)))
        return buffer_text(out, "[]"), true;
    if (is_object_ && !((Dict *)object_of(v))->length) return buffer_text(out, "{}"), true;
    if (!enter(w, v)) return false;
    bool good;
    if (is_array) {
        good = write_array(w, v);
    } else if (is_object_) {
        good = write_object(w, v);
    } else {
        Value other = vm_call(w->vm, w->fallback, &v, 1, NULL);
        good = !is_error(other) && write_value(w, other);
    }
    leave(w);
    return good;
}

// encode(value, markers, default, ascii, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan): text. Circles are
// looked for if `markers` is true.
Value json_encode(VM *vm, Value *args, size_t count) {
    Writer w = {.vm = vm, .fallback = args[2], .out = vm_buffer(vm)};
    if (!is_string(args[5]) || !is_string(args[6]) || !(is_none(args[4]) || is_string(args[4])))
        return raise_type_error(vm, "make_encoder() argument must be str, not %s",
                                type_name(vm, !is_string(args[5]) ? args[5] : !is_string(args[6]) ? args[6] : args[4]));
    w.indent = is_none(args[4]) ? NULL : string_of(args[4]);
    w.key_separator = string_of(args[5]);
    w.item_separator = string_of(args[6]);
    int flags[5];
    static const int which[5] = {1, 3, 7, 8, 9};
    for (int i = 0; i < 5; i++)
        if ((flags[i] = value_truth(vm, args[which[i]])) < 0) return VALUE_ERROR;
    w.ascii = flags[1];
    w.sort_keys = flags[2];
    w.skip_keys = flags[3];
    w.allow_nan = flags[4];
    if (flags[0] && !(w.path = list_new(vm, 0))) return VALUE_ERROR;
    if (!write_value(&w, args[0])) return buffer_free(&w.out), VALUE_ERROR;
    return object_or_error(string_from_buffer(vm, &w.out));
}

Value json_encode_string(VM *vm, Value *args, size_t count) {
    if (!is_string(args[0])) return raise_type_error(vm, "first argument must be a string, not %s", type_name(vm, args[0]));
    int ascii = value_truth(vm, args[1]);
    if (ascii < 0) return VALUE_ERROR;
    Buffer out = vm_buffer(vm);
    write_string(&out, string_of(args[0]), ascii);
    return object_or_error(string_from_buffer(vm, &out));
}

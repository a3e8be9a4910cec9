// What a failed assertion of a test says of the parts of its expression.
#include <string.h>

#include "base/utf8.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/text/str.h"
#include "vm/support.h"

enum { LONGEST_SHOWN = 400, LONGEST_HEAD = 280, LONGEST_TAIL = 80, LONGEST_LINE = 100 };

// A class, function or module that goes by its own name says nothing by its value.
static bool is_plain_name(Value v, const String *text) {
    const char *dot = strrchr(text->data, '.'), *last = dot ? dot + 1 : text->data;
    if (is_kind(v, KIND_MODULE)) return true;
    if (is_kind(v, KIND_CLASS)) return strcmp(last, class_name((Class *)object_of(v))) == 0;
    if (is_function(v)) return string_is(function_of(v)->code->name, last);
    return is_native(v);
}

// The value's repr, or what is shown in its place. NULL: it is to be given up, with an exception that is not the repr's own matter.
static String *shown_value(VM *vm, Value v) {
    String *text = value_repr(vm, v);
    if (text) return text;
    if (exception_matches(vm, vm->exceptions.keyboard_interrupt) || exception_matches(vm, vm->exceptions.limit_error)) return NULL;
    Value failure = exception_take(vm);
    return string_format(vm, "<its repr() raised %s>", is_exception(failure) ? type_name(vm, failure) : "something");
}

static void append_cut(Buffer *out, const String *text) {
    if (text->size <= LONGEST_SHOWN) {
        buffer_string(out, text);
        return;
    }
    size_t head = LONGEST_HEAD, tail = text->size - LONGEST_TAIL;
    while (((unsigned char)text->data[head] & 0xC0) == 0x80) head--;
    while (((unsigned char)text->data[tail] & 0xC0) == 0x80) tail++;
    buffer_append(out, text->data, head);
    buffer_format(out, " … %zu more … ", utf8_count(text->data + head, tail - head));
    buffer_append(out, text->data + tail, text->size - tail);
}

static bool is_repeated(const Tuple *texts, const Tuple *shown, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (is_string(shown->items[k]) && string_equal(string_of(texts->items[k]), string_of(texts->items[i])) &&
            string_equal(string_of(shown->items[k]), string_of(shown->items[i])))
            return true;
    return false;
}

// On one line where they fit, else each on its own.
static String *note_of(VM *vm, const Tuple *texts, const Tuple *shown) {
    size_t length = 0;
    bool broken = false;
    for (size_t i = 0; i < texts->length; i++) {
        if (!is_string(shown->items[i])) continue;
        length += string_of(texts->items[i])->size + string_of(shown->items[i])->size + 5;
        broken |= memchr(string_of(shown->items[i])->data, '\n', string_of(shown->items[i])->size) != NULL;
    }
    Buffer out = vm_buffer(vm);
    for (size_t i = 0; i < texts->length; i++) {
        if (!is_string(shown->items[i])) continue;
        buffer_text(&out, !out.length ? "where " : broken || length > LONGEST_LINE ? ",\n      " : ", ");
        buffer_string(&out, string_of(texts->items[i]));
        buffer_text(&out, " = ");
        append_cut(&out, string_of(shown->items[i]));
    }
    return string_from_buffer(vm, &out);
}

bool explain_failure(VM *vm, Value exception, const Tuple *texts, const Value *values) {
    Tuple *shown = tuple_new(vm, texts->length);
    bool any = false, ok = shown != NULL;
    for (size_t i = 0; ok && i < texts->length; i++) {
        shown->items[i] = VALUE_NONE;
        if (is_empty(values[i]) || is_plain_name(values[i], string_of(texts->items[i]))) continue;
        String *text = shown_value(vm, values[i]);
        ok = text != NULL;
        if (!ok) break;
        shown->items[i] = value_object(text);
        if (is_repeated(texts, shown, i))
            shown->items[i] = VALUE_NONE;
        else
            any = true;
    }
    String *note = ok && any ? note_of(vm, texts, shown) : NULL;
    if (ok && any) ok = note && is_exception(exception) && exception_add_note(vm, exception_of(exception), note);
    // That there is no memory for a note must not hide the failure.
    if (!ok && exception_matches(vm, vm->exceptions.memory_error)) exception_clear(vm), ok = true;
    return ok;
}

// UnicodeEncodeError, UnicodeDecodeError and UnicodeTranslateError: what they carry, and their text.
#include <inttypes.h>

#include "object/container/dict.h"
#include "object/exception/exception_internal.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"
#include "object/text/str.h"

static bool text_argument(VM *vm, Value v, int number) {
    if (is_string(v)) return true;
    raise_type_error(vm, "argument %d must be str, not %s", number, type_name(vm, v));
    return false;
}

// The arguments object, start, end, reason: the first of them is `number`th of all. [script]
static bool take(VM *vm, Exception *exception, Value *given, int number) {
    Value object = given[0];
    if (number == 2 && class_is_subclass(class_of(vm, value_object(exception)), vm->exceptions.unicode_decode_error)) {
        const unsigned char *data;
        size_t size;
        if (!bytes_view(object, &data, &size)) {
            raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, object));
            return false;
        }
        if (!is_kind(object, KIND_BYTES)) object = object_or_error(bytes_new(vm, data, size));
        if (is_error(object)) return false;
    } else if (!text_argument(vm, object, number)) {
        return false;
    }
    Value bounds[2];
    for (int i = 0; i < 2; i++) {
        int64_t bound;
        if (!value_index_int64(vm, given[1 + i], true, &bound)) return false;
        bounds[i] = int_from_int64(vm, bound);
        if (is_error(bounds[i])) return false;
    }
    return text_argument(vm, given[3], number + 3) && exception_set(vm, exception, "object", object) &&
           exception_set(vm, exception, "start", bounds[0]) && exception_set(vm, exception, "end", bounds[1]) &&
           exception_set(vm, exception, "reason", given[3]);
}

static Value init(VM *vm, Value *args, size_t count, bool has_encoding) {
    size_t wanted = has_encoding ? 5 : 4, given = count - 2;
    if (!exception_refuses_keywords(vm, args[0], args[1])) return VALUE_ERROR;
    if (given != wanted) return raise_type_error(vm, "function takes exactly %zu arguments (%zu given)", wanted, given);
    Exception *exception = exception_of(args[0]);
    Tuple *arguments = tuple_from(vm, args + 2, given);
    if (!arguments || (has_encoding && (!text_argument(vm, args[2], 1) || !exception_set(vm, exception, "encoding", args[2]))))
        return VALUE_ERROR;
    exception->arguments = arguments;
    return take(vm, exception, args + 2 + has_encoding, has_encoding ? 2 : 1) ? VALUE_NONE : VALUE_ERROR;
}
static Value coding_init(VM *vm, Value *args, size_t count) { return init(vm, args, count, true); }
static Value translate_init(VM *vm, Value *args, size_t count) { return init(vm, args, count, false); }

// The single character or byte that is wrong, as an escape; false: there is not just one.
static bool single(VM *vm, Value object, int64_t start, int64_t end, Buffer *out) {
    const unsigned char *bytes;
    size_t length;
    if (end != start + 1 || start < 0) return false;
    if (is_string(object)) {
        String *text = string_of(object);
        if ((size_t)start >= text->length) return false;
        uint32_t c = string_code_point(vm, text, (size_t)start);
        buffer_format(out, c < 0x100 ? "character '\\x%02x'" : c < 0x10000 ? "character '\\u%04x'" : "character '\\U%08x'", c);
        return true;
    }
    if (!bytes_view(object, &bytes, &length) || (size_t)start >= length) return false;
    buffer_format(out, "byte 0x%02x", bytes[start]);
    return true;
}

static int64_t number_of(VM *vm, Exception *exception, const char *name) {
    Value v = exception_get(vm, exception, name);
    return is_small(v) ? small_of(v) : 0;
}

// str() of an attribute, "<NULL>" where there is none. False: an exception is raised. [script]
static bool append_attribute(VM *vm, Exception *exception, const char *name, Buffer *out) {
    Value v = exception_get(vm, exception, name);
    String *text = is_empty(v) ? NULL : value_str(vm, v);
    if (text)
        buffer_string(out, text);
    else
        buffer_text(out, "<NULL>");
    return is_empty(v) || text;
}

Value unicode_error_text(VM *vm, Exception *exception) {
    Value object = exception_get(vm, exception, "object");
    if (is_empty(object)) return value_object(vm->names.empty);
    int64_t start = number_of(vm, exception, "start"), end = number_of(vm, exception, "end");
    const Class *cls = class_of(vm, value_object(exception));
    bool translates = class_is_subclass(cls, vm->exceptions.unicode_translate_error);
    bool decodes = class_is_subclass(cls, vm->exceptions.unicode_decode_error);
    Buffer out = vm_buffer(vm);
    bool ok = true;
    if (!translates) {
        buffer_byte(&out, '\'');
        ok = append_attribute(vm, exception, "encoding", &out);
        buffer_text(&out, "' codec ");
    }
    buffer_format(&out, "can't %s ", translates ? "translate" : decodes ? "decode" : "encode");
    if (single(vm, object, start, end, &out))
        buffer_format(&out, " in position %" PRId64, start);
    else
        buffer_format(&out, "%s in position %" PRId64 "-%" PRId64, decodes ? "bytes" : "characters", start, end - 1);
    buffer_text(&out, ": ");
    ok = ok && append_attribute(vm, exception, "reason", &out);
    if (!ok) return buffer_free(&out), VALUE_ERROR;
    return object_or_error(string_from_buffer(vm, &out));
}

// ---- Attributes

static Value get(VM *vm, Value self, const char *name, Value otherwise) {
    Value v = exception_get(vm, exception_of(self), name);
    return is_empty(v) ? otherwise : v;
}
static int set_any(VM *vm, Value self, const char *name, Value value) {
    Exception *exception = exception_of(self);
    if (!is_empty(value)) return exception_set(vm, exception, name, value) ? 1 : -1;
    String *key = string_intern_from(vm, name, strlen(name));
    return !key || (exception->attributes && dict_delete_string(vm, exception->attributes, key) < 0) ? -1 : 1;
}
static int set_number(VM *vm, Value self, const char *name, Value value) {
    if (is_empty(value)) return raise_type_error(vm, "can't delete numeric/char attribute"), -1;
    if (!is_small(value) && !is_bool(value)) return raise_type_error(vm, "an integer is required"), -1;
    Value number = is_bool(value) ? value_small(is_true(value)) : value;
    return exception_set(vm, exception_of(self), name, number) ? 1 : -1;
}
#define ATTRIBUTE(name, otherwise, set)                                                                                    \
    static Value get_##name(VM *vm, Value self) { return get(vm, self, #name, otherwise); }                                \
    static int set_##name(VM *vm, Value self, Value value) { return set(vm, self, #name, value); }
ATTRIBUTE(encoding, VALUE_NONE, set_any)
ATTRIBUTE(object, VALUE_NONE, set_any)
ATTRIBUTE(start, value_small(0), set_number)
ATTRIBUTE(end, value_small(0), set_number)
ATTRIBUTE(reason, VALUE_NONE, set_any)
#undef ATTRIBUTE

bool unicode_errors_add(VM *vm) {
    static const AttributeDefinition attributes[] = {{"encoding", get_encoding, set_encoding, "The name of the encoding."},
                                                     {"object", get_object, set_object, "What could not be encoded or decoded."},
                                                     {"start", get_start, set_start, "Where in the object the trouble begins."},
                                                     {"end", get_end, set_end, "Where in the object the trouble ends."},
                                                     {"reason", get_reason, set_reason, "What is wrong there."},
                                                     {0}};

    static const NativeDefinition coding[] = {{"__init__", coding_init, "self, /, *args, **kwargs", NATIVE_METHOD}, {0}};
    static const NativeDefinition translating[] = {{"__init__", translate_init, "self, /, *args, **kwargs", NATIVE_METHOD}, {0}};
    ExceptionTable *e = &vm->exceptions;
    Class *const classes[] = {e->unicode_encode_error, e->unicode_decode_error, e->unicode_translate_error};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (native_add_attributes(vm, classes[i], attributes) < 0) return false;
    return native_add_methods(vm, e->unicode_encode_error, coding) > 0 && native_add_methods(vm, e->unicode_decode_error, coding) > 0 &&
           native_add_methods(vm, e->unicode_translate_error, translating) > 0;
}

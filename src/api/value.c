// Making and reading values.
#include <string.h>

#include "api/host.h"
#include "base/utf8.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/number/int.h"
#include "object/text/bytes.h"
#include "object/text/str.h"

static Value made(const void *object) { return object ? value_object(object) : VALUE_ERROR; }

// ---- Making

aioli_value aioli_int(aioli *host, int64_t number) {
    if (host_may_touch(host) && small_fits(number) && host_has_places(host, 1)) return host_place(host, value_small(number));
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return NULL;
    return host_leave_value(host, &entry, int_from_int64(&host->vm, number));
}

// int.NAME(*arguments) of a method that takes "little" and signed=True.
static Value call_bytes_method(VM *vm, Value owner, const char *name, Value first) {
    String *method_name = string_intern_from(vm, name, strlen(name)), *order = string_from(vm, "little");
    String *is_signed = string_intern_from(vm, "signed", 6);
    if (!method_name || !order || !is_signed) return VALUE_ERROR;
    Value keyword = value_object(is_signed), arguments[] = {first, value_object(order), VALUE_TRUE};
    Tuple *keywords = tuple_from(vm, &keyword, 1);
    Value method = keywords ? value_get_attribute(vm, owner, method_name) : VALUE_ERROR;
    return is_error(method) ? method : vm_call(vm, method, arguments, 3, keywords);
}

aioli_value aioli_int_from_bytes(aioli *host, const void *data, size_t length) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return NULL;
    VM *vm = &host->vm;
    Bytes *bytes = bytes_new(vm, data, length);
    Value v = bytes ? call_bytes_method(vm, value_object(vm->classes.integer), "from_bytes", value_object(bytes)) : VALUE_ERROR;
    return host_leave_value(host, &entry, v);
}

aioli_value aioli_float(aioli *host, double number) {
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return NULL;
    return host_leave_value(host, &entry, value_float(number));
}

aioli_value aioli_string(aioli *host, const char *text, size_t length) {
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return NULL;
    size_t bad = 0;
    bool valid = utf8_valid(text, length, false, &bad);
    Value v = valid ? made(string_new(&host->vm, text, length))
                    : raise_value_error(&host->vm, "%s: not UTF-8 at byte %zu", entry.function, bad);
    return host_leave_value(host, &entry, v);
}

aioli_value aioli_bytes(aioli *host, const void *bytes, size_t length) {
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return NULL;
    return host_leave_value(host, &entry, made(bytes_new(&host->vm, length ? bytes : "", length)));
}

aioli_value aioli_list(aioli *host, size_t count, const aioli_value *items) {
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return NULL;
    List *list = list_new(&host->vm, count);
    bool ok = list && host_values(host, &entry, count, items, list->items);
    if (ok) list->length = count;
    return host_leave_value(host, &entry, ok ? value_object(list) : VALUE_ERROR);
}

aioli_value aioli_tuple(aioli *host, size_t count, const aioli_value *items) {
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return NULL;
    Tuple *tuple = tuple_new(&host->vm, count);
    bool ok = tuple && host_values(host, &entry, count, items, tuple->items);
    return host_leave_value(host, &entry, ok ? value_object(tuple) : VALUE_ERROR);
}

aioli_value aioli_dict(aioli *host) {
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return NULL;
    return host_leave_value(host, &entry, made(dict_new(&host->vm)));
}

// ---- Reading

aioli_kind aioli_kind_of(aioli *host, aioli_value value) {
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return AIOLI_KIND_NULL;
    Value v = host_peek(host, value);
    aioli_kind kind = AIOLI_KIND_OTHER;
    if (is_error(v))
        kind = AIOLI_KIND_NULL;
    else if (is_none(v))
        kind = AIOLI_KIND_NONE;
    else if (is_bool(v))
        kind = AIOLI_KIND_BOOL;
    else if (is_int(v))
        kind = AIOLI_KIND_INT;
    else if (is_any_float(v))
        kind = AIOLI_KIND_FLOAT;
    else if (is_object(v))
        switch (object_kind(object_of(v))) {
        case KIND_STRING: kind = AIOLI_KIND_STRING; break;
        case KIND_BYTES:
        case KIND_BYTEARRAY: kind = AIOLI_KIND_BYTES; break;
        case KIND_LIST: kind = AIOLI_KIND_LIST; break;
        case KIND_TUPLE: kind = AIOLI_KIND_TUPLE; break;
        case KIND_DICT: kind = AIOLI_KIND_DICT; break;
        case KIND_SET: kind = AIOLI_KIND_SET; break;
        case KIND_EXCEPTION: kind = AIOLI_KIND_EXCEPTION; break;
        default:
            if (host_object_of(v)) kind = AIOLI_KIND_HOST;
        }
    host_leave(host, &entry);
    return kind;
}

const char *aioli_type_name(aioli *host, aioli_value value) {
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return "NULL";
    Value v = host_peek(host, value);
    const char *name = is_error(v) ? "NULL" : type_name(&host->vm, v);
    host_leave(host, &entry);
    return name;
}

int aioli_truth(aioli *host, aioli_value value) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return -1;
    Value v = host_value(host, &entry, value);
    return host_leave_status(host, &entry, is_error(v) ? -1 : value_truth(&host->vm, v));
}

static __attribute__((noinline)) int get_any_int(aioli *host, aioli_value value, int64_t *number) {
    Entry entry;
    if (!host_touch(host, &entry, "aioli_get_int")) return -1;
    Value v = host_value(host, &entry, value);
    int status = -1;
    if (!is_error(v)) {
        if (!is_int(v))
            raise_type_error(&host->vm, "an int is wanted, not '%s'", type_name(&host->vm, v));
        else if (!int_to_int64(v, number))
            raise_overflow_error(&host->vm, "the int has more than 64 bits");
        else
            status = 0;
    }
    return host_leave_status(host, &entry, status);
}

int aioli_get_int(aioli *host, aioli_value value, int64_t *number) {
    const ScopedHandle *scoped = host_scoped(host, value);
    if (scoped && is_small(scoped->value) && host_may_touch(host)) return *number = small_of(scoped->value), 0;
    return get_any_int(host, value, number);
}

size_t aioli_get_int_bytes(aioli *host, aioli_value value, void *bytes, size_t size) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return 0;
    VM *vm = &host->vm;
    Value v = host_value(host, &entry, value);
    size_t length = 0;
    if (!is_error(v) && !is_int(v)) {
        raise_type_error(vm, "an int is wanted, not '%s'", type_name(vm, v));
    } else if (!is_error(v)) {
        // The sign wants a bit of its own; but -2**(8 n - 1) needs none more than its magnitude has.
        size_t wanted = (size_t)int_bit_length(v) / 8 + 1;
        v = call_bytes_method(vm, int_plain(vm, v), "to_bytes", value_small((int64_t)wanted));
        const unsigned char *data;
        if (!is_error(v) && bytes_view(v, &data, &length)) {
            if (length > 1 && data[length - 1] == 0xFF && data[length - 2] & 0x80) length--;
            if (size) memcpy(bytes, data, length < size ? length : size);
        }
    }
    host_leave_status(host, &entry, length ? 0 : -1);
    return length;
}

int aioli_get_float(aioli *host, aioli_value value, double *number) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return -1;
    Value v = host_value(host, &entry, value);
    return host_leave_status(host, &entry, !is_error(v) && value_to_double(&host->vm, v, number) ? 0 : -1);
}

const char *aioli_get_text(aioli *host, aioli_value value, size_t *length) {
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return NULL;
    Value v = host_value(host, &entry, value);
    const char *text = NULL;
    size_t size = 0;
    if (is_string(v)) {
        if (string_terminate(&host->vm, string_of(v))) text = string_of(v)->data;
        size = string_of(v)->size;
    } else if (is_kind(v, KIND_BYTES) || is_kind(v, KIND_BYTEARRAY)) {
        const unsigned char *data;
        bytes_view(v, &data, &size);
        text = size ? (const char *)data : "";
    } else if (!is_error(v)) {
        raise_type_error(&host->vm, "a str or bytes is wanted, not '%s'", type_name(&host->vm, v));
    }
    if (text && length) *length = size;
    host_leave_status(host, &entry, text ? 0 : -1);
    return text;
}

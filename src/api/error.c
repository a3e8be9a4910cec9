// Exceptions, for hosts.
#include <stdarg.h>
#include <string.h>

#include "api/host.h"
#include "base/utf8.h"
#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/text/str.h"
#include "vm/import.h"

aioli_value aioli_take_error(aioli *host) {
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return NULL;
    // Its handle may be one more than memory has room for: then it is the MemoryError of that which is not taken yet.
    Value e = host->pending;
    host->pending = VALUE_EMPTY;
    if (!is_empty(e)) return host_leave_value(host, &entry, e);
    host_leave(host, &entry);
    return NULL;
}

// An exception of a value that is one, or a class of one. VALUE_ERROR with an exception in any case.
static Value raise_any(VM *vm, Value v) {
    if (is_kind(v, KIND_CLASS) && ((Class *)object_of(v))->flags & CLASS_EXCEPTION) v = vm_call(vm, v, NULL, 0, NULL);
    if (is_error(v)) return v;
    if (!is_exception(v)) return raise_type_error(vm, "exceptions must derive from BaseException");
    return raise_value(vm, v);
}

void aioli_raise(aioli *host, aioli_value exception) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return;
    Value v = host_value(host, &entry, exception);
    host_leave_value(host, &entry, is_error(v) ? v : raise_any(&host->vm, v));
}

// The class that a name means: a built-in one, or one of a module. VALUE_ERROR with an exception.
static Value class_named(VM *vm, const char *name) {
    const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
    if (!utf8_valid(name, strlen(name), false, NULL)) return raise_value_error(vm, "the name of an exception is not UTF-8");
    String *module_name = dot ? string_intern_from(vm, name, (size_t)(dot - name)) : vm->names.builtins;
    String *class_name = string_intern_from(vm, last, strlen(last));
    Value module = module_name && class_name ? import_module(vm, module_name) : VALUE_ERROR;
    return is_error(module) ? module : value_get_attribute(vm, module, class_name);
}

void aioli_raise_error(aioli *host, const char *name, const char *format, ...) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return;
    VM *vm = &host->vm;
    Buffer text = vm_buffer(vm);
    va_list arguments;
    va_start(arguments, format);
    buffer_format_list(&text, format, arguments);
    va_end(arguments);
    // What a host formats may be cut inside a character, or come from anywhere.
    bool valid = text.failed || utf8_valid(text.data ? text.data : "", text.length, false, NULL);
    Value message = VALUE_ERROR;
    if (valid) {
        String *s = string_from_buffer(vm, &text);
        if (s) message = value_object(s);
    } else {
        buffer_free(&text);
        raise_value_error(vm, "%s: the message is not UTF-8", entry.function);
    }
    Value cls = is_error(message) ? message : class_named(vm, name);
    Value exception = is_error(cls) ? cls : vm_call(vm, cls, &message, 1, NULL);
    host_leave_value(host, &entry, is_error(exception) ? exception : raise_any(vm, exception));
}

aioli_value aioli_traceback(aioli *host, aioli_value exception) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return NULL;
    VM *vm = &host->vm;
    Value v = host_value(host, &entry, exception);
    if (!is_error(v) && !is_exception(v)) v = raise_type_error(vm, "an exception is wanted, not '%s'", type_name(vm, v));
    if (!is_error(v)) {
        Buffer text = vm_buffer(vm);
        exception_print(vm, v, &text);
        exception_drop(vm);
        String *s = string_from_buffer(vm, &text);
        v = s ? value_object(s) : VALUE_ERROR;
    }
    return host_leave_value(host, &entry, v);
}

#include "object/core/errors.h"

#include <stdarg.h>

#include "object/exception/exception.h"
#include "object/function/function.h"
#include "object/text/str.h"

Value raise_value(VM *vm, Value exception) {
    vm->exception = exception;
    vm->exception_passed = false;
    return VALUE_ERROR;
}

Value raise_memory_error(VM *vm) {
    // What is garbage is to make room for whoever catches it; unless the last collection is so fresh that there is none. What was
    // let go since then is not known, so that an error counts like some allocation: every few of them collect all the same. Where
    // collections find nothing again and again, it takes twice as many errors each time: thousands of tasks may fail one by one.
    enum { PATIENCE = 4 };
    uint32_t vain = vm->heap.vain > PATIENCE ? vm->heap.vain - PATIENCE : 0;
    vm->heap.allocated += (int64_t)((vm->heap.live / 200 + 1) >> (vain < 30 ? vain : 30));
    if (vm->heap.allocated > (int64_t)(vm->heap.live / 64)) {
        vm->collect = vm->heap.refused = true;
        if (vm->fuel > 0) vm->fuel = 0;
    }
    heap_give_reserve(vm);
    return raise_value(vm, vm->memory_error);
}

Value raise_with_value(VM *vm, Class *cls, Value argument) {
    Exception *exception = exception_new(vm, cls, &argument, 1);
    return exception ? raise_value(vm, value_object(exception)) : VALUE_ERROR;
}

Value raise_error(VM *vm, Class *cls, const char *format, ...) {
    if (!format) {
        Exception *exception = exception_new(vm, cls, NULL, 0);
        return exception ? raise_value(vm, value_object(exception)) : VALUE_ERROR;
    }
    Buffer text = vm_buffer(vm);
    va_list arguments;
    va_start(arguments, format);
    buffer_format_list(&text, format, arguments);
    va_end(arguments);
    String *message = string_from_buffer(vm, &text);
    return message ? raise_with_value(vm, cls, value_object(message)) : VALUE_ERROR;
}

bool exception_matches(VM *vm, Class *cls) {
    return !is_empty(vm->exception) && class_is_subclass(class_of(vm, vm->exception), cls);
}

void exception_clear(VM *vm) {
    vm->exception = VALUE_EMPTY;
    vm->exception_passed = false;
}

void exception_drop(VM *vm) {
    if (is_exception(vm->exception) && exception_of(vm->exception)->interrupts) {
        __atomic_fetch_or(&vm->requests, REQUEST_INTERRUPT, __ATOMIC_SEQ_CST);
        if (vm->fuel > 0) vm->fuel = 0; // taken by the very next safepoint, before such a place is reached again
    }
    exception_clear(vm);
}

Value exception_take(VM *vm) {
    Value e = vm->exception;
    exception_clear(vm);
    return e;
}

static bool warn_list(VM *vm, Class *category, const char *format, va_list arguments) {
    if (!vm->hooks.warn || !vm->hooks.current_place) return true;
    Buffer text = vm_buffer(vm);
    buffer_format_list(&text, format, arguments);
    String *message = string_from_buffer(vm, &text);
    if (!message) return false;
    uint32_t line = 0;
    Value place = vm->hooks.current_place(vm, &line);
    if (!is_kind(place, KIND_CODE)) return true;
    return vm->hooks.warn(vm, category, message, ((Code *)object_of(place))->file_name, line, NULL);
}

bool warn_deprecated(VM *vm, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    bool ok = warn_list(vm, vm->exceptions.deprecation_warning, format, arguments);
    va_end(arguments);
    return ok;
}

bool warn_script(VM *vm, Class *category, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    bool ok = warn_list(vm, category, format, arguments);
    va_end(arguments);
    return ok;
}

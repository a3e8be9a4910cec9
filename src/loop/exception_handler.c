// Exceptions that nobody is there to catch: what the loop does with them, and a script's own handler.
#include "loop/loop.h"
#include "loop/methods.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

static Value item_of(VM *vm, Value context, const char *name) {
    String *key = string_from(vm, name);
    return key ? dict_get_string(vm, dict_of(context), key) : VALUE_ERROR;
}

// Where the task was made, if it is about one: as CPython's debug mode, but for that we know of one call only. False with an exception.
static bool write_origin(VM *vm, Value context, Buffer *out) {
    static const char *const keys[] = {"future", "task"};
    for (int i = 0; i < 2; i++) {
        Value about = item_of(vm, context, keys[i]);
        if (is_error(about)) return false;
        const Code *code = is_task(about) ? task_of(about)->created_in : NULL;
        if (!code || code_is_library(code)) continue;
        buffer_text(out, "\nsource_traceback: Object created at (most recent call last):\n");
        loop_write_place(code, task_of(about)->created_at, out);
        if (!out->failed) out->length--; // the line's end
        break;
    }
    return true;
}

// The default: the message, a line for each further key in their order, and the traceback.
static bool show(VM *vm, Value context) {
    Value message = item_of(vm, context, "message"), exception = item_of(vm, context, "exception");
    if (is_error(message) || is_error(exception)) return false;
    Buffer text = vm_buffer(vm);
    if (is_empty(message) || value_truth(vm, message) == 0) {
        buffer_text(&text, "Unhandled exception in event loop");
    } else {
        String *shown = value_str(vm, message);
        if (!shown) return buffer_free(&text), false;
        buffer_string(&text, shown);
    }
    List *keys = list_from_iterable(vm, context);
    bool ok = keys && !is_error(value_call_method(vm, value_object(keys), "sort", NULL, 0));
    for (size_t i = 0; ok && i < keys->length; i++) {
        Value key = keys->items[i];
        if (is_string(key) && (string_is(string_of(key), "message") || string_is(string_of(key), "exception"))) continue;
        String *shown = value_str(vm, key);
        Value value = dict_get(vm, dict_of(context), key);
        ok = shown && !is_error(value);
        if (!ok || is_empty(value)) continue;
        buffer_byte(&text, '\n');
        buffer_string(&text, shown);
        buffer_text(&text, ": ");
        ok = append_repr(vm, &text, value);
    }
    if (ok && loop_of(vm)->debug) ok = write_origin(vm, context, &text);
    buffer_byte(&text, 0);
    if (ok) ok = loop_show_exception(vm, text.failed ? "Unhandled exception in event loop" : text.data, is_empty(exception) ? VALUE_NONE : exception);
    buffer_free(&text);
    return ok;
}

// Where a script's handler fails, that is told in turn.
static bool handle(VM *vm, Value context) {
    Loop *loop = loop_of(vm);
    if (is_none(loop->exception_handler)) return show(vm, context);
    Value arguments[] = {loop->object, context};
    if (!is_error(vm_call(vm, loop->exception_handler, arguments, 2, NULL))) return true;
    if (loop_must_end(vm)) return false;
    Value failure = exception_take(vm), before = item_of(vm, context, "exception");
    if (is_exception(before) && is_exception(failure) && is_none(exception_of(failure)->context) && !value_same(before, failure))
        exception_of(failure)->context = before;
    Buffer text = vm_buffer(vm);
    buffer_text(&text, "Unhandled error in exception handler\ncontext: ");
    bool shown = append_repr(vm, &text, context);
    if (!shown) exception_clear(vm);
    buffer_byte(&text, 0);
    bool ok = loop_show_exception(vm, text.failed || !shown ? "Unhandled error in exception handler" : text.data, failure);
    buffer_free(&text);
    return ok;
}

bool loop_tell(VM *vm, const char *message, Value exception, const char *key, Value object) {
    Value names[3], values[3] = {object_or_error(string_from(vm, message)), exception, object};
    const char *const keys[] = {"message", "exception", key};
    Dict *context = dict_new(vm);
    bool ok = context && !is_error(values[0]);
    for (int i = 0; ok && i < 3; i++) {
        names[i] = object_or_error(string_from(vm, keys[i]));
        ok = !is_error(names[i]) && dict_set(vm, context, names[i], values[i]) >= 0;
    }
    if (ok) ok = handle(vm, value_object(context));
    if (ok) return true;
    // That there is no memory to tell of it in full is no reason to end the loop.
    if (!exception_matches(vm, vm->exceptions.memory_error)) return false;
    exception_clear(vm);
    return loop_show_exception(vm, message, exception);
}

bool loop_tell_of_callback(VM *vm, Value callback) {
    if (loop_must_end(vm)) return false;
    Value exception = exception_take(vm), shown = callback;
    Tuple *none = NULL;
    if (is_kind(callback, KIND_HANDLE)) {
        callback = ((Handle *)object_of(callback))->callback;
    } else {
        none = tuple_new(vm, 0);
        Handle *made = none ? handle_new(vm, callback, none, -1) : NULL;
        if (made) shown = value_object(made);
    }
    Buffer text = vm_buffer(vm);
    buffer_text(&text, "Exception in callback ");
    bool described = describe_callback(vm, &text, callback);
    buffer_byte(&text, 0);
    if (!is_empty(vm->exception)) {
        if (loop_must_end(vm)) return buffer_free(&text), false;
        exception_clear(vm);
    }
    bool ok = loop_tell(vm, text.failed || !described ? "Exception in callback" : text.data, exception, "handle", shown);
    buffer_free(&text);
    return ok;
}

// ---- Methods of the loop

static Value set_handler(VM *vm, Value *args, size_t count) {
    if (!is_none(args[1]) && !value_callable(vm, args[1])) {
        String *shown = value_repr(vm, args[1]);
        return shown ? raise_type_error(vm, "A callable object or None is expected, got %s", shown->data) : VALUE_ERROR;
    }
    loop_of(vm)->exception_handler = args[1];
    return VALUE_NONE;
}
static Value get_handler(VM *vm, Value *args, size_t count) { return loop_of(vm)->exception_handler; }
static Value call_handler(VM *vm, Value *args, size_t count) {
    if (!is_dict(args[1])) return raise_type_error(vm, "context must be a dict");
    return handle(vm, args[1]) ? VALUE_NONE : VALUE_ERROR;
}
static Value default_handler(VM *vm, Value *args, size_t count) {
    if (!is_dict(args[1])) return raise_type_error(vm, "context must be a dict");
    return show(vm, args[1]) ? VALUE_NONE : VALUE_ERROR;
}

const NativeDefinition exception_handler_methods[] = {
    {"set_exception_handler", set_handler, "self, handler, /", NATIVE_METHOD,
     "Has handler(loop, context) called for exceptions that nobody catches; None for the default."},
    {"get_exception_handler", get_handler, "self, /", NATIVE_METHOD, "What set_exception_handler() has set, or None."},
    {"call_exception_handler", call_handler, "self, context, /", NATIVE_METHOD,
     "Tells of an error that nobody has caught, as the dict `context` describes it."},
    {"default_exception_handler", default_handler, "self, context, /", NATIVE_METHOD,
     "Writes what the dict `context` says to the standard error."},
    {0}};

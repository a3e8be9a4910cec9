// The reprs of futures, tasks and handles.
#include "loop/loop.h"
#include "loop/methods.h"
#include "loop/wait.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"
#include "vm/generator.h"

static Value attribute(VM *vm, Value object, const char *name) {
    String *key = string_intern_from(vm, name, strlen(name));
    return key ? value_find_attribute(vm, object, key) : VALUE_ERROR;
}

// Appends the name by which something is called, else its repr.
static bool append_name(VM *vm, Buffer *out, Value callable) {
    static const char *const names[] = {"__qualname__", "__name__"};
    for (int i = 0; i < 2; i++) {
        Value name = attribute(vm, callable, names[i]);
        if (is_error(name)) return false;
        if (is_string(name)) return buffer_string(out, string_of(name)), true;
    }
    return append_repr(vm, out, callable);
}

// A partial shows what it calls, and a pair of brackets more. *inner gets what is called in the end.
static bool append_call(VM *vm, Buffer *out, Value callable, Value *inner) {
    size_t brackets = 1;
    for (;; brackets++) {
        bool is_partial = strcmp(class_name(class_of(vm, callable)), "partial") == 0;
        Value function = is_partial ? attribute(vm, callable, "func") : VALUE_EMPTY;
        if (is_error(function)) return false;
        if (is_empty(function)) break;
        if (!vm_poll(vm, 1)) return false;
        callable = function;
    }
    *inner = callable;
    if (!append_name(vm, out, callable)) return false;
    while (brackets--) buffer_text(out, "()");
    return true;
}

bool describe_callback(VM *vm, Buffer *out, Value callback) {
    Value inner;
    if (!append_call(vm, out, callback, &inner)) return false;
    // What decorators have wrapped is where it is defined.
    for (size_t steps = 0; steps < 100; steps++) {
        Value wrapped = attribute(vm, inner, "__wrapped__");
        if (is_error(wrapped)) return false;
        if (is_empty(wrapped)) break;
        inner = wrapped;
    }
    if (is_kind(inner, KIND_FUNCTION)) {
        const Code *code = function_of(inner)->code;
        buffer_format(out, " at %s:%u", code->file_name->data, code->first_line);
    }
    return true;
}

Value handle_repr(VM *vm, Value self) {
    const Handle *handle = (const Handle *)object_of(self);
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "<%s", type_name(vm, self));
    if (handle->cancelled) buffer_text(&out, " cancelled");
    if (handle->when >= 0) {
        buffer_text(&out, " when=");
        if (!append_repr(vm, &out, value_float(handle->when))) return buffer_free(&out), VALUE_ERROR;
    }
    if (!handle->cancelled) {
        buffer_byte(&out, ' ');
        if (!describe_callback(vm, &out, handle->callback)) return buffer_free(&out), VALUE_ERROR;
    }
    buffer_byte(&out, '>');
    return object_or_error(string_from_buffer(vm, &out));
}

// ---- Futures

// The library's own callbacks have no place in a script.
static bool append_callback(VM *vm, Buffer *out, Value callback) {
    if (is_task(callback))
        buffer_text(out, "Task.task_wakeup()");
    else if (is_none(callback))
        buffer_text(out, "_run_until_complete_cb()");
    else if (is_gather(callback))
        buffer_text(out, "gather.<locals>._done_callback()");
    else if (future_is_watcher(callback))
        buffer_text(out, is_kind(callback, KIND_NATIVE_DATA) && class_of(vm, callback) == loop_of(vm)->wait_class ? "_wait.<locals>._on_completion()"
                                                                                                                 : "TaskGroup._on_task_done()");
    else if (is_kind(callback, KIND_HANDLE))
        return describe_callback(vm, out, ((Handle *)object_of(callback))->callback);
    else
        return describe_callback(vm, out, callback);
    return true;
}

// The first and the last, and how many are between.
static bool append_callbacks(VM *vm, Buffer *out, const Future *f) {
    List *rest = f->callbacks;
    size_t further = rest ? rest->length : 0, count = !is_empty(f->callback) + further;
    if (!count) return true;
    Value first = is_empty(f->callback) ? rest->items[0] : f->callback;
    buffer_text(out, " cb=[");
    if (!append_callback(vm, out, first)) return false;
    if (count > 2) buffer_format(out, ", <%zu more>", count - 2);
    if (count > 1 && further) {
        buffer_text(out, ", ");
        if (!append_callback(vm, out, rest->items[rest->length - 1])) return false;
    }
    buffer_byte(out, ']');
    return true;
}

// "<name() running at FILE:LINE>", and when it is over "<name() done, defined at FILE:LINE>".
static bool append_coroutine(VM *vm, Buffer *out, Value coroutine) {
    if (!is_kind(coroutine, KIND_GENERATOR)) return append_repr(vm, out, coroutine);
    const Generator *g = (const Generator *)object_of(coroutine);
    Code *code = frame_code(&g->frame);
    bool done = g->state == GENERATOR_DONE;
    uint32_t line = done || g->state == GENERATOR_CREATED ? code->first_line : code_place(code, frame_instruction(&g->frame))->line;
    buffer_format(out, "<%s() %s at %s:%u>", code->qualified_name->data, done ? "done, defined" : "running", code->file_name->data, line);
    return true;
}

static bool append_task(VM *vm, Buffer *out, Task *task) {
    String *name = task_name(vm, task);
    if (!name) return false;
    buffer_text(out, " name=");
    string_append_repr(vm, out, name, false);
    if (is_none(task->coroutine)) return true;
    buffer_text(out, " coro=");
    if (!append_coroutine(vm, out, task->coroutine)) return false;
    if (future_done(&task->future)) return true;
    // Where it is parked there is no future; what is shown is how one would look.
    if (task->future.park == PARK_WAITING || task->future.park == PARK_LINE)
        return buffer_text(out, " wait_for=<Future pending cb=[Task.task_wakeup()]>"), true;
    if (!is_future(task->waiter.waiting)) return true;
    buffer_text(out, " wait_for=");
    return append_repr(vm, out, task->waiter.waiting);
}

Value future_repr(VM *vm, Value self) {
    static const char *const states[] = {"pending", "cancelled", "finished", "finished"};
    Future *f = future_of(self);
    Buffer out = vm_buffer(vm);
    bool is_cancelling = f->kind == FUTURE_TASK && !future_done(f) && f->must_cancel;
    buffer_format(&out, "<%s %s", type_name(vm, self), is_cancelling ? "cancelling" : states[f->state]);
    bool ok = f->kind != FUTURE_TASK || append_task(vm, &out, (Task *)f);
    if (ok && (f->state == FUTURE_FINISHED || f->state == FUTURE_FAILED)) {
        buffer_text(&out, f->state == FUTURE_FAILED ? " exception=" : " result=");
        ok = append_repr(vm, &out, f->result);
    }
    ok = ok && append_callbacks(vm, &out, f);
    if (!ok) return buffer_free(&out), VALUE_ERROR;
    buffer_byte(&out, '>');
    return object_or_error(string_from_buffer(vm, &out));
}

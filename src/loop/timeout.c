// asyncio.timeout(): a deadline for a block of code. The object stands among the loop's timers itself.
#include <math.h>

#include "loop/methods.h"
#include "loop/module.h"
#include "loop/wait.h"
#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

// EXPIRING: the task has been cancelled, and has not left the block yet.
typedef enum { CREATED, ACTIVE, EXPIRING, EXPIRED, FINISHED } State;

static const char *const state_names[] = {"created", "active", "expiring", "expired", "finished"};

static Timeout *timeout_of(Value v) { return (Timeout *)object_of(v); }

static void stop(VM *vm, Timeout *timeout) {
    if (!timeout->number) return;
    if (!timeout->queued) loop_of(vm)->timer_stale++;
    timeout->number = 0;
    timeout->queued = false;
}

// Sets the deadline by `when`. False with an exception.
static bool start(VM *vm, Timeout *timeout) {
    double when;
    if (is_none(timeout->when)) return true;
    if (!value_to_double(vm, timeout->when, &when) || !loop_reserve(vm)) return false;
    if (when <= loop_time(vm)) {
        timeout->number = loop_of(vm)->next_sequence++;
        timeout->queued = true;
        loop_ready(vm, READY_TIMEOUT, value_object(timeout), value_small((int64_t)timeout->number));
        return true;
    }
    uint64_t sequence;
    if (!loop_timer(vm, when, value_object(timeout), &sequence)) return loop_of(vm)->places--, false;
    timeout->number = sequence;
    timeout->queued = false;
    return true;
}

bool timeout_expire(VM *vm, Timeout *timeout) {
    timeout->number = 0;
    timeout->queued = false;
    if (future_cancel(vm, &timeout->task->future, VALUE_EMPTY) < 0) return false;
    timeout->state = EXPIRING;
    return true;
}

// ---- The block

static Value enter_begin(VM *vm, Waiter *waiter, Value self, Value argument) {
    Timeout *timeout = timeout_of(self);
    if (timeout->state != CREATED) return raise_runtime_error(vm, "Timeout has already been entered");
    Task *task = loop_of(vm)->current;
    if (!task) return raise_runtime_error(vm, "Timeout should be used inside a task");
    timeout->state = ACTIVE;
    timeout->task = task;
    timeout->cancelling = task->cancel_requests;
    return start(vm, timeout) ? self : VALUE_ERROR;
}
static const CoroutineKind enter_kind = {"Timeout.__aenter__", enter_begin, false};

static Exception *timeout_error(VM *vm, Value cancelled) {
    Exception *late = exception_new(vm, vm->exceptions.timeout_error, NULL, 0);
    if (!late) return NULL;
    late->cause = late->context = cancelled;
    late->suppress_context = true;
    return late;
}

// The cancellation made something else fail: its history shall tell of a timeout, not of a mere cancellation.
static bool show_in(VM *vm, Value error) {
    while (is_exception(error)) {
        Value context = exception_of(error)->context;
        if (!is_exception(context)) return true;
        if (value_is_instance(vm, context, vm->exceptions.cancelled_error)) {
            Exception *late = timeout_error(vm, context);
            if (!late) return false;
            heap_store(vm, object_of(error), &exception_of(error)->context, value_object(late));
            return true;
        }
        if (!vm_poll(vm, 1)) return false; // it may be a circle
        error = context;
    }
    return true;
}

// The block was left by `error`, or None, after the deadline. Where somebody else has cancelled the task too, its cancellation goes on as
// one.
static Value leave_late(VM *vm, Timeout *timeout, Value error) {
    timeout->state = EXPIRED;
    if (task_uncancel(timeout->task) > timeout->cancelling || !is_exception(error)) return VALUE_NONE;
    if (value_is_instance(vm, error, vm->exceptions.cancelled_error)) {
        Exception *late = timeout_error(vm, error);
        return late ? raise_value(vm, value_object(late)) : VALUE_ERROR;
    }
    if (!show_in(vm, error)) return VALUE_ERROR;
    if (!value_is_instance(vm, error, vm->exceptions.exception_group)) return VALUE_NONE;
    Tuple *members = exception_group_members(vm, error);
    for (size_t i = 0; members && i < members->length; i++)
        if (!show_in(vm, members->items[i])) return VALUE_ERROR;
    return VALUE_NONE;
}

static Value exit_begin(VM *vm, Waiter *waiter, Value self, Value error) {
    Timeout *timeout = timeout_of(self);
    stop(vm, timeout);
    if (timeout->state == EXPIRING) return leave_late(vm, timeout, error);
    if (timeout->state == ACTIVE) timeout->state = FINISHED;
    return VALUE_NONE;
}
static const CoroutineKind exit_kind = {"Timeout.__aexit__", exit_begin, false};

// ---- The class

static void timeout_trace(VM *vm, Object *o) {
    heap_mark(vm, ((Timeout *)o)->when);
    heap_mark_object(vm, (Object *)((Timeout *)o)->task);
}
static Value timeout_repr(VM *vm, Value self) {
    const Timeout *timeout = timeout_of(self);
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "<Timeout [%s]", state_names[timeout->state]);
    double when;
    if (timeout->state == ACTIVE && is_none(timeout->when)) {
        buffer_text(&out, " when=None");
    } else if (timeout->state == ACTIVE) {
        if (!value_to_double(vm, timeout->when, &when)) return buffer_free(&out), VALUE_ERROR;
        buffer_text(&out, " when=");
        Value digits = value_small(3), rounded = value_call_method(vm, timeout->when, "__round__", &digits, 1);
        if (is_error(rounded) || !append_repr(vm, &out, rounded)) return buffer_free(&out), VALUE_ERROR;
    }
    buffer_byte(&out, '>');
    return object_or_error(string_from_buffer(vm, &out));
}
static const TypeOps timeout_ops = {.trace = timeout_trace, .repr = timeout_repr};

static Value make(VM *vm, Value when) {
    Timeout *timeout = native_data_new(vm, loop_of(vm)->timeout_class, sizeof(Timeout));
    if (!timeout) return VALUE_ERROR;
    timeout->when = when;
    return value_object(timeout);
}
static Value timeout_make(VM *vm, Value *args, size_t count) { return make(vm, args[1]); }
static Value timeout_when(VM *vm, Value *args, size_t count) { return timeout_of(args[0])->when; }
static Value timeout_expired(VM *vm, Value *args, size_t count) {
    return value_bool(timeout_of(args[0])->state == EXPIRING || timeout_of(args[0])->state == EXPIRED);
}
static Value timeout_reschedule(VM *vm, Value *args, size_t count) {
    Timeout *timeout = timeout_of(args[0]);
    if (timeout->state == CREATED) return raise_runtime_error(vm, "Timeout has not been entered");
    if (timeout->state != ACTIVE) return raise_runtime_error(vm, "Cannot change state of %s Timeout", state_names[timeout->state]);
    stop(vm, timeout);
    heap_store(vm, timeout, &timeout->when, args[1]);
    return start(vm, timeout) ? VALUE_NONE : VALUE_ERROR;
}
static Value timeout_enter(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &enter_kind, args[0], VALUE_NONE); }
static Value timeout_exit(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &exit_kind, args[0], args[2]); }

static const NativeDefinition methods[] = {
    {"__new__", timeout_make, "cls, when", NATIVE_NEW},
    {"when", timeout_when, "self", NATIVE_METHOD, "At what time of the loop's clock it comes, or None."},
    {"expired", timeout_expired, "self", NATIVE_METHOD, "Whether it has come."},
    {"reschedule", timeout_reschedule, "self, when", NATIVE_METHOD, "Has it come at another time of the loop's clock, or with None never."},
    {"__aenter__", timeout_enter, "self", NATIVE_METHOD},
    {"__aexit__", timeout_exit, "self, exc_type, exc_val, exc_tb", NATIVE_METHOD},
    {0}};

static Value module_timeout(VM *vm, Value *args, size_t count) {
    if (!loop_of(vm)->running) return raise_runtime_error(vm, "no running event loop");
    if (is_none(args[0])) return make(vm, VALUE_NONE);
    double delay;
    if (!value_to_double(vm, args[0], &delay)) return VALUE_ERROR;
    return make(vm, value_float(loop_time(vm) + delay));
}
static Value module_timeout_at(VM *vm, Value *args, size_t count) { return make(vm, args[0]); }

static const NativeDefinition functions[] = {
    {"timeout", module_timeout, "delay", NATIVE_METHOD, "A Timeout of `delay` seconds from now, or of none."},
    {"timeout_at", module_timeout_at, "when", NATIVE_METHOD, "A Timeout at that time of the loop's clock."},
    {0}};

bool asyncio_timeouts_module_fill(VM *vm, ModuleObject *module) {
    String *home = string_intern_from(vm, "asyncio.timeouts", 16);
    loop_of(vm)->timeout_class =
        loop_add_class(vm, module, "asyncio.timeouts", "Timeout", NULL, &timeout_ops, sizeof(Timeout), CLASS_HAS_DICT | CLASS_FINAL, methods,
                       "`async with`: when the deadline comes, the task inside is cancelled, and the block ends with TimeoutError.");
    return home && loop_of(vm)->timeout_class && native_add_functions_of(vm, module->namespace, functions, home) > 0;
}

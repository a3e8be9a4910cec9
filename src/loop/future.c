// Futures, and what futures, tasks and gathers share.
#include "loop/loop.h"
#include "loop/context_variable.h"
#include "loop/methods.h"
#include "loop/wait.h"
#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/function/generic_alias.h"
#include "object/text/str.h"
#include "vm/frame.h"

void future_init(Future *f) {
    f->result = VALUE_NONE;
    f->callback = f->cancel_message = VALUE_EMPTY;
}

Future *future_new(VM *vm) {
    Future *f = heap_allocate(vm, loop_of(vm)->future_class->root, KIND_FUTURE, sizeof(Future));
    if (f) future_init(f);
    return f;
}

Promised *future_new_promised(VM *vm) {
    Promised *promised = heap_allocate(vm, loop_of(vm)->future_class->root, KIND_FUTURE, sizeof(Promised));
    if (!promised) return NULL;
    future_init(&promised->future);
    promised->future.kind = FUTURE_PROMISED;
    return promised;
}

DescriptorFuture *future_new_descriptor(VM *vm) {
    DescriptorFuture *watched = heap_allocate(vm, loop_of(vm)->future_class->root, KIND_FUTURE, sizeof(DescriptorFuture));
    if (!watched) return NULL;
    future_init(&watched->future);
    watched->future.kind = FUTURE_DESCRIPTOR;
    return watched;
}

// ---- Callbacks

// A gather, or another object that is told of a future's end without being called.
bool future_is_watcher(Value v) {
    return is_gather(v) || (is_kind(v, KIND_NATIVE_DATA) && object_shape(object_of(v))->cls->ops->future_done);
}

// Returns whether it takes a place of its own: not that of the task that it is.
static bool schedule_callback(VM *vm, Future *f, Value callback) {
    if (is_task(callback)) {
        if (__builtin_expect(loop_of(vm)->tracer != NULL, 0)) trace_wake(vm, task_of(callback));
        if (!future_of(callback)->abandoned) loop_ready(vm, READY_WAKE, callback, value_object(f));
        return false;
    }
    ReadyKind kind = future_is_watcher(callback) ? READY_CHILD : is_none(callback) ? READY_STOP : READY_CALLBACK;
    loop_ready(vm, kind, callback, value_object(f));
    return true;
}

// The places in the queue that the callbacks of a pending future have of their own (see loop_reserve).
static size_t promises_of(const Future *f) {
    size_t count = f->kind != FUTURE_TASK && !is_empty(f->callback) && !is_task(f->callback);
    for (size_t i = 0; f->callbacks && i < f->callbacks->length; i++) count += !is_task(f->callbacks->items[i]);
    return count;
}

// After a change to the callbacks of a pending future, of which there were so many that had places.
static void give_up_promises(VM *vm, Future *f, size_t before) {
    size_t given_up = before - promises_of(f);
    loop_of(vm)->promised -= given_up;
    loop_of(vm)->places -= given_up;
}

// A marking has come to the pending future.
static void promise_again(Loop *loop, const Future *f) {
    size_t count = promises_of(f);
    if (count > loop->unproven) count = loop->unproven;
    loop->unproven -= count;
    loop->promised += count;
    loop->places += count;
}

void future_schedule_callbacks(VM *vm, Future *f) {
    Loop *loop = loop_of(vm);
    Value first = f->callback;
    List *rest = f->callbacks;
    if (!is_empty(first)) {
        f->callback = VALUE_EMPTY;
        if (schedule_callback(vm, f, first)) {
            if (f->kind == FUTURE_TASK)
                loop->places++; // it has just given up its own
            else
                loop->promised--;
        }
    }
    if (!rest) return;
    f->callbacks = NULL;
    for (size_t i = 0; i < rest->length; i++) loop->promised -= schedule_callback(vm, f, rest->items[i]);
}

static __attribute__((noinline)) bool add_callback_slow(VM *vm, Future *f, Value callback) {
    bool done = future_done(f), first = is_empty(f->callback) && !f->callbacks;
    bool own_place = !is_task(callback);
    if (own_place && !loop_reserve(vm)) return false;
    if (done) {
        schedule_callback(vm, f, callback);
        return true;
    }
    if (first) {
        heap_store(vm, f, &f->callback, callback);
    } else if ((!f->callbacks && !(f->callbacks = list_new(vm, 2))) || !list_append(vm, f->callbacks, callback)) {
        loop_of(vm)->places -= own_place;
        return false;
    }
    loop_of(vm)->promised += own_place;
    return true;
}

bool future_add_callback(VM *vm, Future *f, Value callback) {
    // Most wait for a task, alone.
    if (future_done(f) || f->kind != FUTURE_TASK || !is_empty(f->callback) || f->callbacks) return add_callback_slow(vm, f, callback);
    heap_store(vm, f, &f->callback, callback);
    return true;
}

void future_take_back_callback(VM *vm, Future *f, Value callback) {
    size_t before = promises_of(f);
    List *rest = f->callbacks;
    if (rest && rest->length && value_same(rest->items[rest->length - 1], callback))
        rest->length--;
    else if (value_same(f->callback, callback))
        f->callback = VALUE_EMPTY;
    give_up_promises(vm, f, before);
}

void future_drop_callback(VM *vm, Future *f, Value callback) {
    if (future_done(f)) return;
    size_t before = promises_of(f);
    if (value_same(f->callback, callback)) f->callback = VALUE_EMPTY;
    List *rest = f->callbacks;
    if (rest && rest->length && value_same(rest->items[rest->length - 1], callback)) {
        rest->length--;
    } else if (rest) {
        size_t kept = 0;
        for (size_t i = 0; i < rest->length; i++)
            if (!value_same(rest->items[i], callback)) rest->items[kept++] = rest->items[i];
        rest->length = kept;
    }
    give_up_promises(vm, f, before);
}

// Takes away those that `gone` names, in their order. Callbacks that are not there any more are passed over.
static void drop_callbacks(VM *vm, Future *f, const List *gone) {
    List *rest = f->callbacks;
    if (!rest || !gone->length) return;
    size_t before = promises_of(f), kept = 0, next = 0;
    for (size_t i = 0; i < rest->length; i++) {
        if (next < gone->length && value_same(rest->items[i], gone->items[next]))
            next++;
        else
            rest->items[kept++] = rest->items[i];
    }
    rest->length = kept;
    give_up_promises(vm, f, before);
}

// Whether a callback is one of a script's and equal to what the script names; or -1.
static int is_named(VM *vm, Value callback, Value named) {
    bool is_own = is_empty(callback) || is_none(callback) || is_task(callback) || future_is_watcher(callback);
    if (is_kind(callback, KIND_HANDLE)) callback = ((Handle *)object_of(callback))->callback;
    return is_own ? 0 : value_equal(vm, callback, named);
}

// A comparison may run a script, which may change the callbacks or end the future. So all are compared before any goes.
static Value remove_callback(VM *vm, Value *args, size_t count) {
    Future *f = future_of(args[0]);
    List *gone = list_new(vm, 0);
    if (!gone) return VALUE_ERROR;
    Value first = f->callback;
    int same_first = is_named(vm, first, args[1]);
    if (same_first < 0) return VALUE_ERROR;
    for (size_t i = 0; f->callbacks && i < f->callbacks->length; i++) {
        Value one = f->callbacks->items[i];
        int same = is_named(vm, one, args[1]);
        if (same < 0 || (same && !list_append(vm, gone, one))) return VALUE_ERROR;
    }
    if (same_first && value_same(f->callback, first)) {
        size_t before = promises_of(f);
        f->callback = VALUE_EMPTY;
        give_up_promises(vm, f, before);
    }
    drop_callbacks(vm, f, gone);
    return value_small(same_first + (int64_t)gone->length);
}

// ---- States

static bool not_pending(VM *vm, Future *f) {
    if (!future_done(f)) return true;
    raise_error(vm, vm->exceptions.invalid_state_error, "invalid state");
    return false;
}

bool future_set_result(VM *vm, Future *f, Value result) {
    if (!not_pending(vm, f)) return false;
    heap_store(vm, f, &f->result, result);
    f->state = FUTURE_FINISHED;
    if (f->kind == FUTURE_DESCRIPTOR) loop_unwatch(vm, (DescriptorFuture *)f); // a script has been faster
    future_schedule_callbacks(vm, f);
    return true;
}

bool future_set_exception(VM *vm, Future *f, Value exception) {
    if (!not_pending(vm, f)) return false;
    heap_store(vm, f, &f->result, exception);
    f->state = FUTURE_FAILED;
    if (f->kind == FUTURE_DESCRIPTOR) loop_unwatch(vm, (DescriptorFuture *)f);
    lost_watch(vm, f);
    future_schedule_callbacks(vm, f);
    return true;
}

void future_become_cancelled(VM *vm, Future *f, Value message) {
    f->state = FUTURE_CANCELLED;
    if (f->park == PARK_LINE) line_dismiss((Waiter *)f);
    if (f->kind == FUTURE_PROMISED) loop_of(vm)->on_promise_cancelled(vm, (Promised *)f);
    if (f->kind == FUTURE_DESCRIPTOR) loop_unwatch(vm, (DescriptorFuture *)f);
    heap_store(vm, f, &f->cancel_message, message);
    future_schedule_callbacks(vm, f);
}

static Value cancelled_error(VM *vm, Value message) {
    Exception *e = exception_new(vm, vm->exceptions.cancelled_error, &message, is_empty(message) || is_none(message) ? 0 : 1);
    return e ? value_object(e) : VALUE_ERROR;
}

static int gather_cancel(VM *vm, Gather *gather, Value message) {
    int any = 0;
    for (size_t i = 0; i < gather->children->length; i++) {
        int cancelled = future_cancel(vm, future_of(gather->children->items[i]), message);
        if (cancelled < 0) return -1;
        any |= cancelled;
    }
    if (any) gather->cancel_requested = true;
    return any;
}

// Cancels what a task waits for: 1, 0 when there is nothing that can be cancelled, or -1.
static int cancel_wait(VM *vm, Task *task, Value message) {
    Future *f = &task->future;
    if (f->abandoned) return 0;
    if (f->park == PARK_NONE && is_future(task->waiter.waiting)) return future_cancel(vm, future_of(task->waiter.waiting), message);
    if (f->park != PARK_WAITING && f->park != PARK_DUE && f->park != PARK_LINE) return 0;
    // The message belongs to the future that the wait would have, not to the task.
    Value e = cancelled_error(vm, message);
    if (is_error(e) || (f->park == PARK_DUE && !loop_reserve(vm))) return -1;
    task_end_park(vm, task, e);
    return 1;
}

static int task_cancel(VM *vm, Task *task, Value message) {
    int cancelled = cancel_wait(vm, task, message);
    if (cancelled < 0) return -1;
    task->cancel_requests++;
    if (cancelled) return 1;
    task->future.must_cancel = true;
    heap_store(vm, task, &task->future.cancel_message, message);
    return 1;
}

int future_cancel(VM *vm, Future *f, Value message) {
    if (future_done(f)) return 0;
    if (!vm_may_recurse(vm)) {
        raise_error(vm, vm->exceptions.recursion_error, "maximum recursion depth exceeded");
        return -1;
    }
    vm->native_depth++;
    int result = f->kind == FUTURE_GATHER ? gather_cancel(vm, (Gather *)f, message)
                 : f->kind == FUTURE_TASK ? task_cancel(vm, (Task *)f, message)
                              : (future_become_cancelled(vm, f, message), 1);
    vm->native_depth--;
    return result;
}

Value future_cancelled_error(VM *vm, Future *f) {
    // A task that ended by CancelledError keeps that very exception, to be shown once.
    if (f->state == FUTURE_CANCELLED && is_exception(f->result)) {
        Value kept = f->result;
        f->result = VALUE_NONE;
        return kept;
    }
    return cancelled_error(vm, f->cancel_message);
}

Value future_result(VM *vm, Future *f) {
    switch ((FutureState)f->state) {
    case FUTURE_FINISHED: return f->result;
    case FUTURE_FAILED: f->retrieved = true; return raise_value(vm, f->result);
    case FUTURE_CANCELLED: {
        Value e = future_cancelled_error(vm, f);
        return is_error(e) ? e : raise_value(vm, e);
    }
    default: return raise_error(vm, vm->exceptions.invalid_state_error, "Result is not set.");
    }
}

// ---- Methods

static Value future_make(VM *vm, Value *args, size_t count) {
    if (!is_kind(args[0], KIND_CLASS)) return raise_type_error(vm, "Future.__new__(X): X is not a type object");
    Class *cls = (Class *)object_of(args[0]);
    if (!class_is_subclass(cls, loop_of(vm)->future_class) || class_is_subclass(cls, loop_of(vm)->task_class))
        return raise_type_error(vm, "cannot create '%s' instances", class_name(cls));
    Future *f = class_instantiate(vm, cls, sizeof(Future));
    if (!f) return VALUE_ERROR;
    future_init(f);
    return value_object(f);
}
static Value method_result(VM *vm, Value *args, size_t count) { return future_result(vm, future_of(args[0])); }
static Value method_exception(VM *vm, Value *args, size_t count) {
    Future *f = future_of(args[0]);
    if (f->state == FUTURE_FAILED) {
        f->retrieved = true;
        return f->result;
    }
    if (f->state == FUTURE_FINISHED) return VALUE_NONE;
    if (f->state == FUTURE_CANCELLED) return future_result(vm, f);
    return raise_error(vm, vm->exceptions.invalid_state_error, "Exception is not set.");
}
static Value method_done(VM *vm, Value *args, size_t count) { return value_bool(future_done(future_of(args[0]))); }
static Value method_cancelled(VM *vm, Value *args, size_t count) {
    return value_bool(future_of(args[0])->state == FUTURE_CANCELLED);
}
static Value method_cancel(VM *vm, Value *args, size_t count) {
    Value message = is_empty(args[1]) || is_none(args[1]) ? VALUE_EMPTY : args[1];
    int status = future_cancel(vm, future_of(args[0]), message);
    return status < 0 ? VALUE_ERROR : value_bool(status);
}
static Value method_add_done_callback(VM *vm, Value *args, size_t count) {
    if (!value_callable(vm, args[1])) return raise_type_error(vm, "'%s' object is not callable", type_name(vm, args[1]));
    Context *context;
    if (!context_argument(vm, args[2], &context)) return VALUE_ERROR;
    Value callback = args[1];
    if (context) {
        Tuple *none = tuple_new(vm, 0);
        Handle *handle = none ? handle_new(vm, callback, none, -1) : NULL;
        if (!handle) return VALUE_ERROR;
        handle->context = context;
        callback = value_object(handle);
    }
    return future_add_callback(vm, future_of(args[0]), callback) ? VALUE_NONE : VALUE_ERROR;
}
static Value method_set_result(VM *vm, Value *args, size_t count) {
    Future *f = future_of(args[0]);
    if (f->kind == FUTURE_TASK) return raise_runtime_error(vm, "Task does not support set_result operation");
    return future_set_result(vm, f, args[1]) ? VALUE_NONE : VALUE_ERROR;
}
static Value method_set_exception(VM *vm, Value *args, size_t count) {
    Future *f = future_of(args[0]);
    if (f->kind == FUTURE_TASK) return raise_runtime_error(vm, "Task does not support set_exception operation");
    Value e = args[1];
    if (is_kind(e, KIND_CLASS) && ((Class *)object_of(e))->flags & CLASS_EXCEPTION) e = vm_call(vm, e, NULL, 0, NULL);
    if (is_error(e)) return e;
    if (!is_exception(e)) return raise_type_error(vm, "invalid exception object");
    if (value_is_instance(vm, e, vm->exceptions.stop_iteration)) {
        Value cause = e;
        raise_runtime_error(vm, "StopIteration interacts badly with generators and cannot be raised into a Future");
        e = vm->exception;
        exception_clear(vm);
        if (is_exception(e)) exception_of(e)->cause = exception_of(e)->context = cause;
    }
    return future_set_exception(vm, f, e) ? VALUE_NONE : VALUE_ERROR;
}
static Value method_get_loop(VM *vm, Value *args, size_t count) { return loop_of(vm)->object; }
static Value method_await(VM *vm, Value *args, size_t count) { return args[0]; }

static Value get_log_traceback(VM *vm, Value self) {
    return value_bool(future_of(self)->state == FUTURE_FAILED && !future_of(self)->retrieved);
}
static Value get_state(VM *vm, Value self) {
    static const char *const names[] = {"PENDING", "CANCELLED", "FINISHED", "FINISHED"};
    String *s = string_from(vm, names[future_of(self)->state]);
    return s ? value_object(s) : VALUE_ERROR;
}
// Without its being retrieved by that.
static Value get_exception(VM *vm, Value self) { return future_of(self)->state == FUTURE_FAILED ? future_of(self)->result : VALUE_NONE; }
static Value get_cancel_message(VM *vm, Value self) {
    Value message = future_of(self)->cancel_message;
    return is_empty(message) ? VALUE_NONE : message;
}

// One step of `await future`.
static Value future_await(VM *vm, Value self, Value sent, bool thrown) {
    Future *f = future_of(self);
    if (thrown) return raise_value(vm, sent);
    if (future_done(f)) return loop_of(vm)->prompt_awaits++, future_result(vm, f);
    vm->suspended_on = self;
    return VALUE_SUSPEND;
}

// By hand: `for _ in future.__await__()`, `yield from future`.
static Value future_iterate(VM *vm, Value self) { return self; }
static Value future_next(VM *vm, Value self) {
    Future *f = future_of(self);
    if (!future_done(f)) {
        // Whoever steps it without waiting for it would step it for ever.
        if (f->yielded) return raise_runtime_error(vm, "await wasn't used with future");
        f->yielded = true;
        return self;
    }
    Value result = future_result(vm, f);
    if (is_error(result)) return result;
    vm->stop_value = result;
    return VALUE_STOP;
}

void future_trace(VM *vm, Object *o) {
    Future *f = (Future *)o;
    if (f->kind == FUTURE_TASK && loop_of(vm)->seeks_stuck && !((Task *)f)->lives && !future_done(f)) return; // it comes when it is found to
    heap_mark(vm, f->result);
    heap_mark(vm, f->callback);
    heap_mark_object(vm, (Object *)f->callbacks);
    heap_mark(vm, f->cancel_message);
    if (!is_empty(f->callback) || f->callbacks) promise_again(loop_of(vm), f);
    if (f->kind == FUTURE_GATHER) heap_mark_object(vm, (Object *)((Gather *)f)->children);
    if (f->kind == FUTURE_LINE) line_future_trace(vm, f);
    if (f->kind != FUTURE_TASK) return;
    Task *task = (Task *)f;
    heap_mark(vm, task->coroutine);
    heap_mark_object(vm, (Object *)task->context);
    heap_mark(vm, task->waiter.waiting);
    heap_mark(vm, task->name);
    heap_mark_object(vm, (Object *)task->created_in);
}

const TypeOps future_ops = {.trace = future_trace,
                            .repr = future_repr,
                            .iterate = future_iterate,
                            .next = future_next,
                            .await_step = future_await};

static const NativeDefinition future_methods[] = {
    {"__new__", future_make, "cls, *, loop=", NATIVE_NEW},
    {"result", method_result, "self, /", NATIVE_METHOD,
     "The result. Where there is an exception in place of one it is raised; CancelledError where it was cancelled, "
     "InvalidStateError while it is not done."},
    {"exception", method_exception, "self, /", NATIVE_METHOD,
     "The exception, or None; CancelledError where it was cancelled, InvalidStateError while it is not done."},
    {"done", method_done, "self, /", NATIVE_METHOD, "Whether it has a result or an exception, or was cancelled."},
    {"cancelled", method_cancelled, "self, /", NATIVE_METHOD, "Whether it was cancelled."},
    {"cancel", method_cancel, "self, /, msg=", NATIVE_METHOD, "Cancels it; False where it was done already."},
    {"add_done_callback", method_add_done_callback, "self, fn, /, *, context=", NATIVE_METHOD,
     "Has the loop call fn(future) when it is done, soon where it is already."},
    {"remove_done_callback", remove_callback, "self, fn, /", NATIVE_METHOD,
     "Takes a callback out again, and returns how often it was there."},
    {"set_result", method_set_result, "self, result, /", NATIVE_METHOD,
     "Makes it done with a result; InvalidStateError where it is already."},
    {"set_exception", method_set_exception, "self, exception, /", NATIVE_METHOD,
     "Makes it done with an exception; InvalidStateError where it is already."},
    {"get_loop", method_get_loop, "self, /", NATIVE_METHOD, "The event loop that it belongs to."},
    {"__await__", method_await, "self, /", NATIVE_METHOD},
    GENERIC_ALIAS_METHOD,
    {0}};
static const AttributeDefinition future_attributes[] = {{"_log_traceback", get_log_traceback, NULL},
                                                        {"_state", get_state, NULL},
                                                        {"_cancel_message", get_cancel_message, NULL},
                                                        {"_exception", get_exception, NULL},
                                                        {0}};

bool future_class_init(VM *vm) {
    Loop *loop = loop_of(vm);
    vm->ops[KIND_FUTURE] = &future_ops;
    loop->future_class = class_new_builtin(vm, "Future", vm->classes.object, KIND_FUTURE, sizeof(Future), CLASS_HAS_DICT);
    loop->gather_class =
        loop->future_class ? class_new_builtin(vm, "_GatheringFuture", loop->future_class, KIND_FUTURE, sizeof(Gather),
                                               CLASS_FINAL | CLASS_ABSTRACT_NEW)
                           : NULL;
    return loop->gather_class && native_add_methods(vm, loop->future_class, future_methods) > 0 &&
           native_add_attributes(vm, loop->future_class, future_attributes) > 0;
}

// ---- gather

// Whether an awaitable was given before: it is then the same child.
static Value child_of(VM *vm, Dict *seen, Value awaitable) {
    Value found = dict_get(vm, seen, awaitable);
    if (!is_empty(found)) return found;
    Value future = ensure_future(vm, awaitable);
    if (is_error(future)) return future;
    return dict_set(vm, seen, awaitable, future) < 0 ? VALUE_ERROR : future;
}

// While the awaitables of a gather are looked through: this one has been met.
#define AWAITABLE_MET OBJECT_FLAG_3

// Whether all awaitables are coroutines and futures of the built-in classes, each another one. Then no dict is needed to tell
// which was given before.
static bool all_different(const Value *awaitables, size_t count) {
    size_t met = 0;
    for (; met < count && is_object(awaitables[met]); met++) {
        Object *o = object_of(awaitables[met]);
        Kind kind = object_kind(o);
        if ((kind != KIND_GENERATOR && kind != KIND_FUTURE) || !(object_shape(o)->cls->flags & CLASS_BUILTIN) ||
            object_flag(o, AWAITABLE_MET))
            break;
        object_set_flag(o, AWAITABLE_MET, true);
    }
    for (size_t i = 0; i < met; i++) object_set_flag(object_of(awaitables[i]), AWAITABLE_MET, false);
    return met == count;
}

static bool add_child(VM *vm, Gather *gather, Value child) {
    gather->total++;
    return future_done(future_of(child)) || future_add_callback(vm, future_of(child), value_object(gather));
}

// Fills in the children. `distinct` (a list or NULL for the children themselves) is to get each once.
static bool gather_children(VM *vm, Gather *gather, const Value *awaitables, size_t count, List **distinct) {
    if (all_different(awaitables, count)) {
        *distinct = gather->children;
        for (size_t i = 0; i < count; i++) {
            Value child = ensure_future(vm, awaitables[i]);
            if (is_error(child) || !list_append(vm, gather->children, child) || !add_child(vm, gather, child)) return false;
        }
        return true;
    }
    Dict *seen = dict_new(vm);
    *distinct = list_new(vm, count);
    if (!seen || !*distinct) return false;
    for (size_t i = 0; i < count; i++) {
        uint32_t before = seen->length;
        Value child = child_of(vm, seen, awaitables[i]);
        if (is_error(child) || !list_append(vm, gather->children, child)) return false;
        if (seen->length != before && (!list_append(vm, *distinct, child) || !add_child(vm, gather, child))) return false;
    }
    return true;
}

Value gather_new(VM *vm, const Value *awaitables, size_t count, bool return_exceptions) {
    if (count == 0) {
        Future *empty = future_new(vm);
        List *none = list_new(vm, 0);
        if (!empty || !none || !future_set_result(vm, empty, value_object(none))) return VALUE_ERROR;
        return value_object(empty);
    }
    Gather *gather = heap_allocate(vm, loop_of(vm)->gather_class->root, KIND_FUTURE, sizeof(Gather));
    if (!gather) return VALUE_ERROR;
    future_init(&gather->future);
    gather->future.kind = FUTURE_GATHER;
    gather->return_exceptions = return_exceptions;
    gather->children = list_new(vm, count);
    List *distinct;
    if (!gather->children || !gather_children(vm, gather, awaitables, count, &distinct)) return VALUE_ERROR;
    // Those that were done already count when the outer future stands.
    for (size_t i = 0; i < distinct->length; i++) {
        Future *child = future_of(distinct->items[i]);
        if (future_done(child)) gather_child_done(vm, gather, child);
    }
    return value_object(gather);
}

// The results of all children, exceptions among them.
static List *gather_results(VM *vm, Gather *gather) {
    List *results = list_new(vm, gather->children->length);
    if (!results) return NULL;
    for (size_t i = 0; i < gather->children->length; i++) {
        Future *child = future_of(gather->children->items[i]);
        Value result = child->result;
        if (child->state == FUTURE_CANCELLED) {
            Value message = child->cancel_message;
            if (is_empty(message)) message = value_object(vm->names.empty);
            Exception *e = exception_new(vm, vm->exceptions.cancelled_error, &message, 1);
            if (!e) return NULL;
            result = value_object(e);
        } else if (child->state == FUTURE_FAILED) {
            child->retrieved = true;
        }
        list_append(vm, results, result);
    }
    return results;
}

// Ends a gather by CancelledError, or by what came of making that.
static void gather_cancelled(VM *vm, Gather *gather, Future *child) {
    Value e = future_cancelled_error(vm, child);
    future_set_exception(vm, &gather->future, is_error(e) ? exception_take(vm) : e);
}

void gather_child_done(VM *vm, Gather *gather, Future *child) {
    gather->finished++;
    Future *outer = &gather->future;
    if (future_done(outer)) {
        child->retrieved = true;
        return;
    }
    if (!gather->return_exceptions) {
        if (child->state == FUTURE_CANCELLED) return gather_cancelled(vm, gather, child);
        if (child->state == FUTURE_FAILED) {
            child->retrieved = true;
            future_set_exception(vm, outer, child->result);
            return;
        }
    }
    if (gather->finished < gather->total) return;
    List *results = gather_results(vm, gather);
    if (!results)
        future_set_exception(vm, outer, exception_take(vm));
    else if (gather->cancel_requested)
        gather_cancelled(vm, gather, future_of(gather->children->items[gather->children->length - 1])); // the last one has the message
    else
        future_set_result(vm, outer, value_object(results));
}

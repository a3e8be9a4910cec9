// What scripts see of the loop: the loop object and scheduled callbacks.
#include <math.h>

#include "loop/loop.h"
#include "loop/context_variable.h"
#include "loop/methods.h"
#include "loop/module.h"
#include "loop/wait.h"
#include "object/shared/builtin.h"
#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/text/str.h"

typedef struct {
    Object object;
} LoopObject;

// ---- Handles

Handle *handle_new(VM *vm, Value callback, Tuple *arguments, double when) {
    Loop *loop = loop_of(vm);
    Class *cls = when < 0 ? loop->handle_class : loop->timer_handle_class;
    Handle *handle = heap_allocate(vm, cls->root, KIND_HANDLE, sizeof(Handle));
    if (!handle) return NULL;
    handle->callback = callback;
    handle->arguments = arguments;
    handle->when = when;
    return handle;
}

static Handle *handle_of(Value v) { return (Handle *)object_of(v); }
Value handle_cancel(VM *vm, Value *args, size_t count) {
    Handle *handle = handle_of(args[0]);
    if (handle->cancelled) return VALUE_NONE;
    handle->cancelled = true;
    handle->callback = VALUE_NONE;
    if (handle->when >= 0 && handle->scheduled) loop_of(vm)->timer_stale++;
    return VALUE_NONE;
}
static Value handle_cancelled(VM *vm, Value *args, size_t count) { return value_bool(handle_of(args[0])->cancelled); }
static Value handle_when(VM *vm, Value *args, size_t count) { return value_float(handle_of(args[0])->when); }
static void handle_trace(VM *vm, Object *o) {
    heap_mark(vm, ((Handle *)o)->callback);
    heap_mark_object(vm, (Object *)((Handle *)o)->arguments);
    heap_mark_object(vm, (Object *)((Handle *)o)->context);
}
static const TypeOps handle_ops = {.trace = handle_trace, .repr = handle_repr};
static const NativeDefinition handle_methods[] = {{"cancel", handle_cancel, "self, /", NATIVE_METHOD,
                                                   "Takes the call back, if it has not been made yet."},
                                                  {"cancelled", handle_cancelled, "self, /", NATIVE_METHOD,
                                                   "Whether the call was taken back."},
                                                  {0}};
static const NativeDefinition timer_handle_methods[] = {{"when", handle_when, "self, /", NATIVE_METHOD,
                                                         "At what time of the loop's clock the call is due."},
                                                        {0}};

// ---- The loop object

static Value schedule_now(VM *vm, Value callback, Value context, Value *arguments, size_t count) {
    if (!value_callable(vm, callback)) return raise_type_error(vm, "a callable object was expected by call_soon(), got %s", type_name(vm, callback));
    Tuple *tuple = tuple_from(vm, arguments, count);
    Handle *handle = tuple ? handle_new(vm, callback, tuple, -1) : NULL;
    if (!handle || !context_argument(vm, context, &handle->context) || !loop_reserve(vm)) return VALUE_ERROR;
    loop_ready(vm, READY_HANDLE, value_object(handle), VALUE_NONE);
    return value_object(handle);
}
Value handle_schedule_at(VM *vm, double when, Value callback, Value context, Value *arguments, size_t count) {
    if (!value_callable(vm, callback)) return raise_type_error(vm, "a callable object was expected by call_at(), got %s", type_name(vm, callback));
    uint64_t sequence;
    Tuple *tuple = tuple_from(vm, arguments, count);
    Handle *handle = tuple ? handle_new(vm, callback, tuple, when < 0 ? 0 : when) : NULL;
    if (!handle || !context_argument(vm, context, &handle->context) || !loop_reserve(vm)) return VALUE_ERROR;
    if (!loop_timer(vm, when, value_object(handle), &sequence)) {
        loop_of(vm)->places--;
        return VALUE_ERROR;
    }
    handle->scheduled = true;
    return value_object(handle);
}
// self, callback; context; then *args.
static Value loop_call_soon(VM *vm, Value *args, size_t count) { return schedule_now(vm, args[1], args[2], args + 3, count - 3); }
static Value loop_call_later(VM *vm, Value *args, size_t count) {
    double delay;
    if (is_none(args[1])) return raise_type_error(vm, "delay must not be None");
    if (!value_to_double(vm, args[1], &delay) || !loop_open(vm)) return VALUE_ERROR;
    return handle_schedule_at(vm, loop_time(vm) + delay, args[2], args[3], args + 4, count - 4);
}
static Value loop_call_at(VM *vm, Value *args, size_t count) {
    double when;
    if (is_none(args[1])) return raise_type_error(vm, "when cannot be None");
    if (!value_to_double(vm, args[1], &when) || !loop_open(vm)) return VALUE_ERROR;
    return handle_schedule_at(vm, when, args[2], args[3], args + 4, count - 4);
}
static Value loop_method_time(VM *vm, Value *args, size_t count) {
    return loop_open(vm) ? value_float(loop_time(vm)) : VALUE_ERROR;
}
static Value loop_create_future(VM *vm, Value *args, size_t count) {
    Future *f = future_new(vm);
    return f ? value_object(f) : VALUE_ERROR;
}
static Value loop_create_task(VM *vm, Value *args, size_t count) { return asyncio_create_task(vm, args[1], args[2], args[3]); }
static Value loop_is_running(VM *vm, Value *args, size_t count) { return value_bool(loop_of(vm)->running); }
static Value loop_is_closed(VM *vm, Value *args, size_t count) { return value_bool(loop_of(vm)->closed); }
static Value loop_stop(VM *vm, Value *args, size_t count) {
    loop_of(vm)->stopping = true;
    return VALUE_NONE;
}
static Value loop_close(VM *vm, Value *args, size_t count) {
    if (loop_of(vm)->running) return raise_runtime_error(vm, "Cannot close a running event loop");
    loop_of(vm)->closed = true;
    return loop_end_outside(vm) ? VALUE_NONE : VALUE_ERROR;
}
static Value loop_until_complete(VM *vm, Value *args, size_t count) {
    Value future = ensure_future(vm, args[1]);
    return is_error(future) ? future : loop_run_until_complete(vm, future);
}
static Value loop_forever(VM *vm, Value *args, size_t count) { return loop_run_forever(vm); }
static Value loop_debug(VM *vm, Value *args, size_t count) { return value_bool(loop_of(vm)->debug); }
static Value loop_set_debug(VM *vm, Value *args, size_t count) {
    int debug = value_truth(vm, args[1]);
    if (debug < 0) return VALUE_ERROR;
    loop_of(vm)->debug = debug;
    return VALUE_NONE;
}
static Value get_slow(VM *vm, Value self) { return value_float(loop_of(vm)->slow); }
static int set_slow(VM *vm, Value self, Value value) {
    double seconds;
    if (is_empty(value)) return raise_error(vm, vm->exceptions.attribute_error, "slow_callback_duration"), -1;
    if (!value_to_double(vm, value, &seconds)) return -1;
    loop_of(vm)->slow = seconds;
    return 0;
}
static const AttributeDefinition loop_attributes[] = {
    {"slow_callback_duration", get_slow, set_slow, "Seconds: in debug mode a step or callback that takes as long is told of."}, {0}};
static Value shutdown_generators(VM *vm, Value *args, size_t count) { return call_in_asyncio(vm, "asyncio.base_tasks", "_close_generators", args, 1); }
static Value shutdown_executor(VM *vm, Value *args, size_t count) { return call_in_asyncio(vm, "asyncio.base_tasks", "_no_executor", args, 1); }
// The asynchronous generators that have begun and not ended; they are the caller's to close.
static Value take_generators(VM *vm, Value *args, size_t count) {
    List *left = loop_of(vm)->generators;
    loop_of(vm)->generators = NULL;
    return object_or_error(left ? left : list_new(vm, 0));
}
static Value set_task_factory(VM *vm, Value *args, size_t count) {
    if (!is_none(args[1]) && !value_callable(vm, args[1])) return raise_type_error(vm, "task factory must be a callable or None");
    loop_of(vm)->task_factory = args[1];
    return VALUE_NONE;
}
static Value get_task_factory(VM *vm, Value *args, size_t count) { return loop_of(vm)->task_factory; }
static Value loop_repr(VM *vm, Value self) {
    Loop *loop = loop_of(vm);
    String *text = string_format(vm, "<EventLoop running=%s closed=%s debug=%s>", loop->running ? "True" : "False",
                                 loop->closed ? "True" : "False", loop->debug ? "True" : "False");
    return text ? value_object(text) : VALUE_ERROR;
}
static const TypeOps loop_ops = {.repr = loop_repr};
static const NativeDefinition loop_methods[] = {
    {"call_soon", loop_call_soon, "self, callback, *args, context=", NATIVE_METHOD,
     "Has callback(*args) called in the loop's next round, and returns a Handle."},
    {"call_soon_threadsafe", loop_call_soon, "self, callback, *args, context=", NATIVE_METHOD,
     "The same as call_soon(), as scripts have no threads."},
    {"call_later", loop_call_later, "self, delay, callback, *args, context=", NATIVE_METHOD,
     "Has callback(*args) called after so many seconds, and returns a TimerHandle."},
    {"call_at", loop_call_at, "self, when, callback, *args, context=", NATIVE_METHOD,
     "Has callback(*args) called at a time of the loop's clock, and returns a TimerHandle."},
    {"time", loop_method_time, "self, /", NATIVE_METHOD, "What the loop's clock says, in seconds."},
    {"create_future", loop_create_future, "self, /", NATIVE_METHOD, "A Future of this loop."},
    {"create_task", loop_create_task, "self, coro, *, name=, context=", NATIVE_METHOD,
     "Starts a task that runs the coroutine, beginning in the loop's next round."},
    {"is_running", loop_is_running, "self, /", NATIVE_METHOD, "Whether the loop is running."},
    {"is_closed", loop_is_closed, "self, /", NATIVE_METHOD, "Whether the loop is closed."},
    {"stop", loop_stop, "self, /", NATIVE_METHOD, "Has run_forever() return at the end of the loop's round."},
    {"close", loop_close, "self, /", NATIVE_METHOD, "Closes the loop; RuntimeError while it runs."},
    {"run_until_complete", loop_until_complete, "self, future", NATIVE_METHOD,
     "Runs the loop until a coroutine or future is done, and returns its result."},
    {"run_forever", loop_forever, "self, /", NATIVE_METHOD, "Runs the loop until stop() is called."},
    {"set_task_factory", set_task_factory, "self, factory, /", NATIVE_METHOD,
     "Has create_task() make tasks by factory(loop, coro); None for the default."},
    {"get_task_factory", get_task_factory, "self, /", NATIVE_METHOD, "What set_task_factory() has set, or None."},
    {"shutdown_asyncgens", shutdown_generators, "self, /", NATIVE_METHOD, "Closes the asynchronous generators that have begun and not ended."},
    {"shutdown_default_executor", shutdown_executor, "self, /, timeout=None", NATIVE_METHOD, "Does nothing: there are no threads."},
    {"_take_generators", take_generators, "self, /", NATIVE_METHOD},
    {"get_debug", loop_debug, "self, /", NATIVE_METHOD, "Whether the loop is in debug mode."},
    {"set_debug", loop_set_debug, "self, enabled, /", NATIVE_METHOD, "Turns debug mode on or off: it tells of steps and callbacks that hold the loop for long."},
    {0}};

bool handle_class_init(VM *vm) {
    Loop *loop = loop_of(vm);
    Class *object = vm->classes.object;
    uint32_t flags = CLASS_FINAL | CLASS_ABSTRACT_NEW;
    vm->ops[KIND_HANDLE] = &handle_ops;
    vm->ops[KIND_LOOP] = &loop_ops;
    if (!(loop->handle_class = class_new_builtin(vm, "Handle", object, KIND_HANDLE, sizeof(Handle), CLASS_ABSTRACT_NEW)) ||
        !(loop->timer_handle_class =
              class_new_builtin(vm, "TimerHandle", loop->handle_class, KIND_HANDLE, sizeof(Handle), flags)) ||
        !(loop->loop_class = class_new_builtin(vm, "EventLoop", object, KIND_LOOP, sizeof(LoopObject), flags)))
        return false;
    LoopObject *self = heap_allocate(vm, loop->loop_class->root, KIND_LOOP, sizeof(LoopObject));
    if (!self) return false;
    loop->object = value_object(self);
    return native_add_methods(vm, loop->handle_class, handle_methods) > 0 &&
           native_add_methods(vm, loop->timer_handle_class, timer_handle_methods) > 0 &&
           native_add_methods(vm, loop->loop_class, loop_methods) > 0 && native_add_methods(vm, loop->loop_class, exception_handler_methods) > 0 &&
           native_add_methods(vm, loop->loop_class, outside_methods) > 0 &&
           native_add_attributes(vm, loop->loop_class, loop_attributes) > 0;
}

// Tasks: a coroutine, one step after the other.
#include "loop/explain.h"
#include "loop/loop.h"
#include "loop/context_variable.h"
#include "loop/methods.h"
#include "loop/wait.h"
#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/function/generic_alias.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"
#include "vm/generator.h"
#include "vm/import.h"
#include "vm/interpreter.h"

// ---- Making

void loop_note_place(VM *vm, Code **code, uint32_t *instruction) {
    Frame *frame = interpreter_of(vm)->frame;
    if (!frame) return;
    // The library makes it for somebody.
    for (Frame *outer = frame; outer; outer = outer->caller) {
        if (frame_is_library(outer)) continue;
        frame = outer;
        break;
    }
    *code = frame_code(frame);
    *instruction = frame_instruction(frame);
}

// A task that has its place in the queue, and is not queued.
static Task *task_make_new(VM *vm, Class *cls, Value coroutine, Value name) {
    Loop *loop = loop_of(vm);
    if (loop->most_tasks && loop->task_count >= loop->most_tasks)
        return raise_runtime_error(vm, "too many tasks: the limit is %zu", loop->most_tasks), NULL;
    Task *task = !cls ? heap_allocate(vm, loop->task_class->root, KIND_FUTURE, sizeof(Task)) : class_instantiate(vm, cls, sizeof(Task));
    if (!task) return NULL;
    task->future.kind = FUTURE_TASK;
    task->future.result = VALUE_NONE;
    task->future.callback = task->future.cancel_message = VALUE_EMPTY;
    task->coroutine = coroutine;
    task->waiter.waiting = VALUE_NONE;
    task->name = is_empty(name) ? value_small((int64_t)loop->next_task_number++) : name;
    loop_note_place(vm, &task->created_in, &task->created_at);
    if (!context_fork(vm, &task->context) || !loop_reserve(vm)) return NULL;
    loop->task_count++;
    task->previous = loop->last_task;
    if (loop->last_task)
        loop->last_task->next = task;
    else
        loop->first_task = task;
    loop->last_task = task;
    return task;
}

Task *task_new(VM *vm, Value coroutine, Value name) {
    Task *task = task_make_new(vm, NULL, coroutine, name);
    if (task && __builtin_expect(loop_of(vm)->tracer != NULL, 0)) trace_wake(vm, task);
    if (task) loop_ready(vm, READY_STEP, value_object(task), VALUE_NONE);
    return task;
}

Value task_of_class(VM *vm, Class *cls, Value coroutine, Value name, Value context, bool eager) {
    Context *given = NULL;
    bool is_given = !is_empty(context) && !is_none(context);
    if (is_given && !context_argument(vm, context, &given)) return VALUE_ERROR;
    Task *task = task_make_new(vm, cls, coroutine, name);
    if (!task) return VALUE_ERROR;
    if (is_given) task->context = given;
    if (!eager) {
        if (__builtin_expect(loop_of(vm)->tracer != NULL, 0)) trace_wake(vm, task);
        loop_ready(vm, READY_STEP, value_object(task), VALUE_NONE);
        return value_object(task);
    }
    loop_of(vm)->steps_nested = true;
    bool ok = task_step(vm, task, VALUE_EMPTY);
    loop_of(vm)->steps_nested = false;
    if (future_done(&task->future)) task->coroutine = VALUE_NONE;
    return ok ? value_object(task) : VALUE_ERROR;
}

// What the script's factory makes of it.
static Value task_by_factory(VM *vm, Value coroutine, Value name, Value context) {
    Value arguments[3] = {loop_of(vm)->object, coroutine, context};
    bool is_given = !is_empty(context) && !is_none(context);
    Tuple *names = NULL;
    if (is_given) {
        Value key = object_or_error(string_intern_from(vm, "context", 7));
        names = is_error(key) ? NULL : tuple_from(vm, &key, 1);
        if (!names) return VALUE_ERROR;
    }
    Value task = vm_call(vm, loop_of(vm)->task_factory, arguments, is_given ? 3 : 2, names);
    if (is_error(task) || is_empty(name)) return task;
    return is_error(value_call_method(vm, task, "set_name", &name, 1)) ? VALUE_ERROR : task;
}

Value task_in_context(VM *vm, Value coroutine, Value name, Value context) {
    if (!is_none(loop_of(vm)->task_factory)) return task_by_factory(vm, coroutine, name, context);
    return task_of_class(vm, NULL, coroutine, name, context, false);
}

// The end of a task: its place is its first callback's.
static void forget_task(Loop *loop, Task *task) {
    loop->places--;
    loop->task_count--;
    if (task->previous)
        task->previous->next = task->next;
    else
        loop->first_task = task->next;
    if (task->next)
        task->next->previous = task->previous;
    else
        loop->last_task = task->previous;
    task->next = task->previous = NULL;
}

String *task_name(VM *vm, Task *task) {
    if (is_string(task->name)) return string_of(task->name);
    return string_format(vm, "Task-%lld", (long long)small_of(task->name));
}

// A small coroutine of the library that awaits something.
static Value awaiting(VM *vm, Value awaitable) {
    String *module_name = string_intern_from(vm, "asyncio", 7), *wrap = string_intern_from(vm, "_wrap_awaitable", 15);
    Value module = module_name ? import_module(vm, module_name) : VALUE_ERROR;
    if (is_error(module)) return module;
    Value function = wrap ? value_get_attribute(vm, module, wrap) : VALUE_ERROR;
    return is_error(function) ? function : vm_call(vm, function, &awaitable, 1, NULL);
}

Value coroutine_for_task(VM *vm, Value given) {
    if (is_coroutine(vm, given)) return given;
    // What has all methods of a coroutine, such as the steps of asynchronous generators, does as well.
    String *const names[] = {vm->names.send, vm->names.throw_, vm->names.close};
    bool alike = !is_empty(class_special(vm, class_of(vm, given), SPECIAL_AWAIT));
    for (int i = 0; alike && i < 3; i++) alike = !is_empty(class_lookup(vm, class_of(vm, given), names[i]));
    if (alike) return awaiting(vm, given);
    String *shown = value_repr(vm, given);
    return shown ? raise_type_error(vm, "a coroutine was expected, got %s", shown->data) : VALUE_ERROR;
}

Value ensure_future(VM *vm, Value awaitable) {
    if (is_future(awaitable)) return awaitable;
    Value coroutine = awaitable;
    if (!is_coroutine(vm, awaitable)) {
        if (is_empty(class_special(vm, class_of(vm, awaitable), SPECIAL_AWAIT)))
            return raise_type_error(vm, "An asyncio.Future, a coroutine or an awaitable is required");
        coroutine = awaiting(vm, awaitable);
        if (is_error(coroutine)) return coroutine;
    }
    return task_in_context(vm, coroutine, VALUE_EMPTY, VALUE_EMPTY);
}

// ---- Steps

// The coroutine goes on. VALUE_SUSPEND, its result, or VALUE_ERROR.
static Value run_coroutine(VM *vm, Value coroutine, Value sent, bool thrown) {
    if (is_kind(coroutine, KIND_GENERATOR)) {
        Generator *g = (Generator *)object_of(coroutine);
        if (g->state == GENERATOR_DONE) return raise_runtime_error(vm, "cannot reuse already awaited coroutine");
        if (g->state == GENERATOR_RUNNING) return raise_value_error(vm, "coroutine already executing");
        if (g->frame.flags & FRAME_DELEGATED) return raise_runtime_error(vm, "coroutine is being awaited already");
        if (__builtin_expect(loop_of(vm)->steps_nested, 0)) {
            loop_of(vm)->steps_nested = false;
            return interpreter_resume(vm, g, sent, thrown);
        }
        return interpreter_step(vm, g, sent, thrown);
    }
    loop_of(vm)->steps_native = true;
    const TypeOps *ops = class_of(vm, coroutine)->ops;
    Value result = ops->await_step(vm, coroutine, sent, thrown);
    loop_of(vm)->steps_native = false;
    return result;
}

void task_end_park(VM *vm, Task *task, Value exception) {
    Future *f = &task->future;
    if (__builtin_expect(loop_of(vm)->tracer != NULL, 0)) trace_wake(vm, task);
    if (f->park == PARK_LINE) {
        line_dismiss(&task->waiter);
    } else {
        if (f->park == PARK_WAITING) loop_of(vm)->timer_stale++;
        f->park = PARK_CANCELLED;
        f->park_number++;
    }
    loop_ready(vm, READY_THROW, value_object(task), exception);
}

// The task is parked, on a timer or in a line.
static void parked(VM *vm, Task *task) {
    if (!task->future.must_cancel) return;
    Value e = future_cancelled_error(vm, &task->future);
    task->future.must_cancel = is_error(e);
    task_end_park(vm, task, is_error(e) ? exception_take(vm) : e);
}

// The task waits for the future. False with an exception: it does not.
static bool wait_for(VM *vm, Task *task, Future *on) {
    Future *f = &task->future;
    if (on == f) return raise_runtime_error(vm, "Task cannot await on itself: %s", "<Task>"), false;
    on->yielded = false;
    if (!future_add_callback(vm, on, value_object(f))) return false;
    heap_store(vm, task, &task->waiter.waiting, value_object(on));
    if (!f->must_cancel) return true;
    int cancelled = future_cancel(vm, on, f->cancel_message);
    if (cancelled > 0) f->must_cancel = false;
    if (cancelled >= 0) return true;
    future_take_back_callback(vm, on, value_object(f));
    task->waiter.waiting = VALUE_NONE;
    return false;
}

// What the coroutine gave up its turn for. False when that ends the loop.
static bool suspended(VM *vm, Task *task) {
    Value on = vm->suspended_on;
    vm->suspended_on = VALUE_NONE;
    if (is_none(on)) {
        loop_ready(vm, READY_STEP, value_object(task), VALUE_NONE);
        return true;
    }
    if (is_stop(on)) return parked(vm, task), true;
    if (is_future(on)) {
        if (wait_for(vm, task, future_of(on))) return true;
    } else {
        String *shown = value_repr(vm, on);
        if (shown) raise_runtime_error(vm, "Task got bad yield: %s", shown->data);
    }
    bool ends = loop_must_end(vm);
    loop_ready(vm, READY_THROW, value_object(task), vm->exception);
    if (!ends) exception_clear(vm);
    return !ends;
}

// An exception that passes through a task gets a note of where that was made. Of the main task everybody knows.
static __attribute__((noinline)) void note_origin(VM *vm, const Task *task, Value e) {
    enum { MOST_NOTES = 20 };
    const Code *code = task->created_in;
    bool is_ours = is_exception(e) && !value_same(e, vm->memory_error) && code && !code_is_library(code) && task != loop_of(vm)->main_task;
    Value notes = is_ours ? exception_get(vm, exception_of(e), "__notes__") : VALUE_EMPTY;
    if (!is_ours || is_error(notes) || (is_list(notes) && list_of(notes)->length >= MOST_NOTES)) return exception_clear(vm);
    String *name = task_name(vm, (Task *)task);
    Buffer text = vm_buffer(vm);
    buffer_format(&text, "task '%s' was made at ", name ? name->data : "?");
    explain_place(code, task->created_at, &text);
    buffer_format(&text, " in %s", code->qualified_name->data);
    String *note = string_from_buffer(vm, &text);
    if (note) exception_add_note(vm, exception_of(e), note);
    exception_clear(vm); // what there is no memory for is left out
}

static bool ended_by_exception(VM *vm, Task *task) {
    Value e = vm->exception;
    exception_clear(vm);
    forget_task(loop_of(vm), task);
    if (value_is_instance(vm, e, vm->exceptions.cancelled_error)) {
        heap_store(vm, task, &task->future.result, e); // kept for whoever asks for the result first
        future_become_cancelled(vm, &task->future, VALUE_EMPTY);
        return true;
    }
    console_note_failure(vm, task);
    if (__builtin_expect(loop_of(vm)->notes_origins, 0)) note_origin(vm, task, e);
    future_set_exception(vm, &task->future, e);
    raise_value(vm, e);
    if (loop_must_end(vm)) return false;
    exception_clear(vm);
    return true;
}

// The turn of a task has come that stands in a line: what its wait gives is what the coroutine gets, in *sent or *exception. VALUE_SUSPEND
// when it has to wait on.
static Value end_wait(VM *vm, Task *task, Value *sent, Value *exception) {
    // A script may have ended the coroutine by itself; its turn is the next one's then.
    if (is_empty(*exception) && coroutine_is_over(task->coroutine)) {
        Exception *closed = exception_new(vm, vm->exceptions.generator_exit, NULL, 0);
        *exception = closed ? value_object(closed) : exception_take(vm);
    }
    Value result = line_go_on(vm, &task->waiter, &task->waiter, *exception);
    if (result.bits == VALUE_SUSPEND.bits) return vm->suspended_on = VALUE_STOP, result;
    *exception = VALUE_EMPTY;
    if (is_error(result))
        *exception = exception_take(vm);
    else
        *sent = result;
    return VALUE_NONE;
}

static bool make_step(VM *vm, Task *task, Value exception);

static __attribute__((noinline)) bool make_traced_step(VM *vm, Task *task, Value exception) {
    double began = trace_step_begins(vm, task);
    bool ok = make_step(vm, task, exception);
    Value failure = vm->exception;
    exception_clear(vm);
    trace_step_ends(vm, task, began);
    vm->exception = failure;
    return ok;
}

bool task_step(VM *vm, Task *task, Value exception) {
    if (future_done(&task->future)) return true;
    if (__builtin_expect(loop_of(vm)->tracer != NULL, 0)) return make_traced_step(vm, task, exception);
    return make_step(vm, task, exception);
}

static bool make_step(VM *vm, Task *task, Value exception) {
    Loop *loop = loop_of(vm);
    Future *f = &task->future;
    if (f->must_cancel) {
        if (is_empty(exception) || !value_is_instance(vm, exception, vm->exceptions.cancelled_error)) {
            exception = future_cancelled_error(vm, f);
        }
        // Without memory for it, that is what the task hears of first.
        f->must_cancel = is_error(exception);
        if (is_error(exception)) exception = exception_take(vm);
    }
    Task *before = loop->current;
    Context **context_before = loop->context;
    loop->current = task;
    loop->context = &task->context;
    Value sent = VALUE_NONE, result = VALUE_NONE;
    if (f->park >= PARK_LINE) {
        result = end_wait(vm, task, &sent, &exception);
    } else {
        task->waiter.waiting = VALUE_NONE;
        f->park = PARK_NONE;
    }
    bool thrown = !is_empty(exception);
    if (result.bits != VALUE_SUSPEND.bits) result = run_coroutine(vm, task->coroutine, thrown ? exception : sent, thrown);
    loop->current = before;
    loop->context = context_before;
    if (result.bits == VALUE_SUSPEND.bits) {
        if (__builtin_expect(loop->notes_waits, 0)) f->waits_since = loop_milliseconds(vm);
        return suspended(vm, task);
    }
    if (is_error(result)) return ended_by_exception(vm, task);
    forget_task(loop, task);
    if (f->must_cancel) {
        f->must_cancel = false;
        future_become_cancelled(vm, f, f->cancel_message);
    } else {
        future_set_result(vm, f, result);
    }
    return true;
}

// ---- Sleep without a future

Value loop_park(VM *vm, double seconds) {
    Loop *loop = loop_of(vm);
    Task *task = loop->current;
    if (seconds <= 0) {
        vm->suspended_on = VALUE_NONE;
        return VALUE_SUSPEND;
    }
    uint64_t sequence;
    if (!loop_timer(vm, loop_time(vm) + seconds, value_object(task), &sequence)) return VALUE_ERROR;
    task->future.park_number = (uint32_t)sequence;
    task->future.park = PARK_WAITING;
    vm->suspended_on = VALUE_STOP;
    return VALUE_SUSPEND;
}

// ---- Methods

static Value task_make(VM *vm, Value *args, size_t count) {
    if (!is_kind(args[0], KIND_CLASS)) return raise_type_error(vm, "Task.__new__(X): X is not a type object");
    args[1] = coroutine_for_task(vm, args[1]);
    if (is_error(args[1])) return VALUE_ERROR;
    Value name = VALUE_EMPTY;
    if (!is_empty(args[3]) && !is_none(args[3])) {
        String *text = value_str(vm, args[3]);
        if (!text) return VALUE_ERROR;
        name = value_object(text);
    }
    Class *cls = (Class *)object_of(args[0]);
    int eager = is_empty(args[5]) ? 0 : value_truth(vm, args[5]);
    if (eager < 0) return VALUE_ERROR;
    return task_of_class(vm, cls == loop_of(vm)->task_class ? NULL : cls, args[1], name, args[4], eager && loop_of(vm)->running);
}
static Value method_get_name(VM *vm, Value *args, size_t count) {
    String *name = task_name(vm, task_of(args[0]));
    return name ? value_object(name) : VALUE_ERROR;
}
static Value method_set_name(VM *vm, Value *args, size_t count) {
    String *name = value_str(vm, args[1]);
    if (!name) return VALUE_ERROR;
    heap_store(vm, object_of(args[0]), &task_of(args[0])->name, value_object(name));
    return VALUE_NONE;
}
static Value method_get_coro(VM *vm, Value *args, size_t count) { return task_of(args[0])->coroutine; }
static Value method_get_context(VM *vm, Value *args, size_t count) { return context_object(vm, &task_of(args[0])->context); }
static Value method_cancelling(VM *vm, Value *args, size_t count) { return value_small(task_of(args[0])->cancel_requests); }
uint32_t task_uncancel(Task *task) {
    if (task->cancel_requests > 0) {
        task->cancel_requests--;
        if (task->cancel_requests == 0) task->future.must_cancel = false;
    }
    return task->cancel_requests;
}
static Value method_uncancel(VM *vm, Value *args, size_t count) { return value_small(task_uncancel(task_of(args[0]))); }
static Value method_get_stack(VM *vm, Value *args, size_t count) {
    if (is_empty(args[1])) args[1] = VALUE_NONE;
    return call_in_asyncio(vm, "asyncio.base_tasks", "_get_stack", args, 2);
}
static Value method_print_stack(VM *vm, Value *args, size_t count) {
    for (int i = 1; i < 3; i++)
        if (is_empty(args[i])) args[i] = VALUE_NONE;
    return call_in_asyncio(vm, "asyncio.base_tasks", "_print_stack", args, 3);
}
static const NativeDefinition task_methods[] = {
    {"__new__", task_make, "cls, coro, *, loop=, name=, context=, eager_start=", NATIVE_NEW},
    {"get_name", method_get_name, "self, /", NATIVE_METHOD, "The task's name."},
    {"set_name", method_set_name, "self, value, /", NATIVE_METHOD, "Gives the task another name, str(value)."},
    {"get_coro", method_get_coro, "self, /", NATIVE_METHOD, "The coroutine that it runs."},
    {"get_context", method_get_context, "self, /", NATIVE_METHOD, "The context that it runs in."},
    {"cancelling", method_cancelling, "self, /", NATIVE_METHOD, "How many requests to cancel it have not been taken back by uncancel()."},
    {"get_stack", method_get_stack, "self, /, *, limit=None", NATIVE_METHOD,
     "The frames of its coroutine: that in which it waits, or those of the traceback that it ended with."},
    {"print_stack", method_print_stack, "self, /, *, limit=None, file=None", NATIVE_METHOD,
     "Writes what get_stack() gives as a traceback, to the standard error where no file is given."},
    {"uncancel", method_uncancel, "self, /", NATIVE_METHOD, "Takes one request to cancel it back, and returns how many are left."},
    GENERIC_ALIAS_METHOD,
    {0}};

bool task_class_init(VM *vm) {
    Loop *loop = loop_of(vm);
    loop->task_class = class_new_builtin(vm, "Task", loop->future_class, KIND_FUTURE, sizeof(Task), CLASS_HAS_DICT);
    return loop->task_class && native_add_methods(vm, loop->task_class, task_methods) > 0;
}

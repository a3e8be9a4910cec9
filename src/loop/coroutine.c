// Native coroutines: methods that are async functions, as what is awaited elsewhere than where they are called, or driven by hand.
#include "loop/methods.h"
#include "loop/wait.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/text/str.h"
#include "vm/generator.h"
#include "vm/interpreter.h"

typedef struct {
    Object object;
    const CoroutineKind *kind;
    Value self, argument;
    Waiter *own; // what it waits with, when that is not the task that runs it
    bool started, done;
} Coroutine;

bool coroutine_is_new(const Object *coroutine) { return !((const Coroutine *)coroutine)->started && !((const Coroutine *)coroutine)->done; }
const char *coroutine_name(const Object *coroutine) { return ((const Coroutine *)coroutine)->kind->name; }

bool coroutine_is_over(Value coroutine) {
    if (is_kind(coroutine, KIND_GENERATOR)) return ((Generator *)object_of(coroutine))->state == GENERATOR_DONE;
    return is_kind(coroutine, KIND_NATIVE_COROUTINE) && ((Coroutine *)object_of(coroutine))->done;
}

Task *coroutine_task(VM *vm) {
    Task *task = loop_of(vm)->current;
    const Generator *root = interpreter_of(vm)->root;
    return task && root && value_same(task->coroutine, value_object(root)) ? task : NULL;
}

Value coroutine_call(VM *vm, const CoroutineKind *kind, Value self, Value argument) {
    bool awaited = vm->awaited;
    vm->awaited = false;
    Task *task = awaited ? coroutine_task(vm) : NULL;
    if (task) {
        Value v = kind->begin(vm, &task->waiter, self, argument);
        if (is_error(v) || v.bits == VALUE_SUSPEND.bits) return v;
        vm->stop_value = v;
        loop_of(vm)->prompt_awaits++;
        return VALUE_STOP;
    }
    return coroutine_new(vm, kind, self, argument);
}

Value coroutine_new(VM *vm, const CoroutineKind *kind, Value self, Value argument) {
    Coroutine *coroutine = heap_allocate(vm, loop_of(vm)->coroutine_class->root, KIND_NATIVE_COROUTINE, sizeof(Coroutine));
    if (!coroutine) return VALUE_ERROR;
    coroutine->kind = kind;
    coroutine->self = self;
    coroutine->argument = argument;
    Interpreter *in = interpreter_of(vm);
    if (in->frame) watch(vm, in, &coroutine->object, frame_code(in->frame), frame_instruction(in->frame));
    return value_object(coroutine);
}

// What a step has come to; `own` is what it waits with if it does.
static Value stepped(VM *vm, Coroutine *coroutine, Value result, Waiter *own) {
    if (result.bits == VALUE_SUSPEND.bits) {
        coroutine->own = own && own->future.park == PARK_LINE ? own : NULL;
        return result;
    }
    coroutine->own = NULL;
    coroutine->done = true;
    return result;
}

// The wait by a future of its own is over, or `exception` ends it.
static Value go_on(VM *vm, Coroutine *coroutine, Value exception) {
    Waiter *waiter = coroutine->own;
    if (is_empty(exception) && !future_done(&waiter->future)) {
        raise_runtime_error(vm, "await wasn't used with future");
        exception = exception_take(vm);
    } else if (is_empty(exception) && waiter->future.state == FUTURE_CANCELLED) {
        exception = future_cancelled_error(vm, &waiter->future);
        if (is_error(exception)) exception = exception_take(vm);
    }
    // It may have to wait again, and not every wait may fail: without memory the old future has to do.
    Waiter *next = line_future_new(vm);
    if (!next) {
        exception_clear(vm);
        next = waiter;
        next->future.state = FUTURE_PENDING;
    }
    return stepped(vm, coroutine, line_go_on(vm, waiter, next, exception), next);
}

// task: that whose turn is given up by giving up this one's, or NULL.
static Value step(VM *vm, Value self, Value sent, bool thrown, Task *task) {
    Coroutine *coroutine = (Coroutine *)object_of(self);
    if (coroutine->done) return raise_runtime_error(vm, "cannot reuse already awaited coroutine");
    if (coroutine->started) {
        if (coroutine->own) return go_on(vm, coroutine, thrown ? sent : VALUE_EMPTY);
        coroutine->done = true; // the task has waited, and brings what came of it
        return thrown ? raise_value(vm, sent) : coroutine->kind->gives_argument ? coroutine->argument : sent;
    }
    coroutine->started = true;
    if (thrown) {
        coroutine->done = true;
        return raise_value(vm, sent);
    }
    Waiter *own = task ? NULL : line_future_new(vm);
    if (!task && !own) return coroutine->done = true, VALUE_ERROR;
    Value result = coroutine->kind->begin(vm, task ? &task->waiter : own, coroutine->self, coroutine->argument);
    return stepped(vm, coroutine, result, own);
}

// Awaited, or run as a task.
static Value await_step(VM *vm, Value self, Value sent, bool thrown) {
    Loop *loop = loop_of(vm);
    Task *task = loop->steps_native ? loop->current : coroutine_task(vm);
    loop->steps_native = false;
    return step(vm, self, sent, thrown, task);
}

// ---- By hand

static Value drive(VM *vm, Value self, Value sent, bool thrown) {
    Value result = step(vm, self, sent, thrown, NULL);
    if (result.bits == VALUE_SUSPEND.bits) return vm->suspended_on;
    if (is_error(result)) return result;
    return raise_with_value(vm, vm->exceptions.stop_iteration, result);
}

static Value method_send(VM *vm, Value *args, size_t count) {
    if (!((Coroutine *)object_of(args[0]))->started && !is_none(args[1]))
        return raise_type_error(vm, "can't send non-None value to a just-started coroutine");
    return drive(vm, args[0], args[1], false);
}

static Value method_throw(VM *vm, Value *args, size_t count) {
    Value e = args[1];
    if (is_kind(e, KIND_CLASS) && ((Class *)object_of(e))->flags & CLASS_EXCEPTION) e = vm_call(vm, e, NULL, 0, NULL);
    if (is_error(e)) return e;
    if (!is_exception(e)) return raise_type_error(vm, "exceptions must be classes or instances deriving from BaseException, not %s", type_name(vm, e));
    return drive(vm, args[0], e, true);
}

static Value method_close(VM *vm, Value *args, size_t count) {
    Coroutine *coroutine = (Coroutine *)object_of(args[0]);
    if (coroutine->done || !coroutine->own) return coroutine->done = true, VALUE_NONE;
    Exception *exit = exception_new(vm, vm->exceptions.generator_exit, NULL, 0);
    if (!exit) return VALUE_ERROR;
    Value result = step(vm, args[0], value_object(exit), true, NULL);
    if (result.bits == VALUE_SUSPEND.bits) return raise_runtime_error(vm, "coroutine ignored GeneratorExit");
    if (!is_error(result)) return VALUE_NONE;
    if (!exception_matches(vm, vm->exceptions.generator_exit) && !exception_matches(vm, vm->exceptions.stop_iteration)) return VALUE_ERROR;
    exception_clear(vm);
    return VALUE_NONE;
}

// What __await__() gives: the same coroutine as an iterator.
static Value method_await(VM *vm, Value *args, size_t count) {
    Coroutine *coroutine = (Coroutine *)object_of(args[0]);
    Coroutine *iterator = heap_allocate(vm, loop_of(vm)->coroutine_iterator_class->root, KIND_NATIVE_COROUTINE, sizeof(Coroutine));
    if (!iterator) return VALUE_ERROR;
    uint64_t header = iterator->object.header;
    *iterator = *coroutine;
    iterator->object.header = header;
    coroutine->done = true;
    coroutine->own = NULL;
    return value_object(iterator);
}

static Value iterate(VM *vm, Value self) { return self; }
static Value next(VM *vm, Value self) {
    Value result = step(vm, self, VALUE_NONE, false, NULL);
    if (result.bits == VALUE_SUSPEND.bits) return vm->suspended_on;
    if (is_error(result)) return result;
    vm->stop_value = result;
    return VALUE_STOP;
}
static Value iterator_step_(VM *vm, Value self, Value sent, bool thrown) { return step(vm, self, sent, thrown, NULL); }

static void trace(VM *vm, Object *o) {
    Coroutine *coroutine = (Coroutine *)o;
    heap_mark(vm, coroutine->self);
    heap_mark(vm, coroutine->argument);
    heap_mark_object(vm, (Object *)coroutine->own);
}

static Value repr(VM *vm, Value self) {
    String *text = string_format(vm, "<coroutine object %s at %p>", coroutine_name(object_of(self)), (void *)object_of(self));
    return text ? value_object(text) : VALUE_ERROR;
}

static Value get_name(VM *vm, Value self) {
    const char *name = coroutine_name(object_of(self)), *dot = strrchr(name, '.');
    String *text = string_from(vm, dot ? dot + 1 : name);
    return text ? value_object(text) : VALUE_ERROR;
}
static Value get_qualified_name(VM *vm, Value self) {
    String *text = string_from(vm, coroutine_name(object_of(self)));
    return text ? value_object(text) : VALUE_ERROR;
}

static const TypeOps coroutine_ops = {.trace = trace, .repr = repr, .await_step = await_step};
static const TypeOps iterator_ops = {.trace = trace, .iterate = iterate, .next = next, .await_step = iterator_step_};
static const NativeDefinition methods[] = {
    {"send", method_send, "self, value, /", NATIVE_METHOD, "Goes on, up to the next wait; StopIteration brings the result."},
    {"throw", method_throw, "self, value, /", NATIVE_METHOD, "Raises an exception where it waits."},
    {"close", method_close, "self, /", NATIVE_METHOD, "Ends it by GeneratorExit."},
    {"__await__", method_await, "self, /", NATIVE_METHOD},
    {0}};
// Without __await__.
static const NativeDefinition iterator_methods[] = {
    {"send", method_send, "self, value, /", NATIVE_METHOD, "Goes on, up to the next wait; StopIteration brings the result."},
    {"throw", method_throw, "self, value, /", NATIVE_METHOD, "Raises an exception where it waits."},
    {"close", method_close, "self, /", NATIVE_METHOD, "Ends it by GeneratorExit."},
    {0}};
static const AttributeDefinition attributes[] = {{"__name__", get_name, NULL}, {"__qualname__", get_qualified_name, NULL}, {0}};

bool coroutine_class_init(VM *vm) {
    Loop *loop = loop_of(vm);
    uint32_t flags = CLASS_FINAL | CLASS_ABSTRACT_NEW;
    vm->ops[KIND_NATIVE_COROUTINE] = &coroutine_ops;
    loop->coroutine_class = class_new_builtin(vm, "coroutine", vm->classes.object, KIND_NATIVE_COROUTINE, sizeof(Coroutine), flags);
    if (!loop->coroutine_class) return false;
    loop->coroutine_iterator_class =
        class_new_builtin(vm, "coroutine_wrapper", vm->classes.object, KIND_NATIVE_COROUTINE, sizeof(Coroutine), flags);
    if (!loop->coroutine_iterator_class) return false;
    loop->coroutine_iterator_class->ops = &iterator_ops;
    return native_add_methods(vm, loop->coroutine_class, methods) > 0 && native_add_attributes(vm, loop->coroutine_class, attributes) > 0 &&
           native_add_methods(vm, loop->coroutine_iterator_class, iterator_methods) > 0;
}

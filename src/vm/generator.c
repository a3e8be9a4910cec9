#include "vm/generator.h"

#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/text/str.h"
#include "vm/frame_object.h"
#include "vm/interpreter.h"
#include "vm/run.h"
#include "vm/unwind.h"

// ---- Resuming from C

// Delivers to `frame`, which is about to go on: a value, or an exception. Returns how to start.
static RunStart deliver(VM *vm, Interpreter *in, Frame *frame, Value sent, bool thrown) {
    if (frame->flags & FRAME_WAITING) {
        frame->flags &= (uint16_t)~FRAME_WAITING;
        in->sent = sent;
        in->thrown = thrown;
        in->resumed = true;
        return RUN_GO;
    }
    if (thrown) {
        // What is handled further out than the generator itself is no context of what is thrown in.
        raise_value(vm, sent);
        const Frame *handling = frame;
        while (handling->flags & FRAME_DELEGATED && !frame_handles(handling)) handling = handling->caller;
        frame_set_context(vm, handling, sent);
        vm->exception_passed = true;
        return RUN_RAISE;
    }
    if (frame->pc != frame_code(frame)->instructions) frame->registers[frame->pc[-1].a] = sent;
    return RUN_GO;
}

// An exception thrown into what has not begun: nothing in it can catch, so it is over.
static Value end_before_begin(VM *vm, Generator *root, Value exception) {
    root->state = GENERATOR_DONE;
    raise_value(vm, exception);
    exception_add_frame(vm, exception, frame_code(&root->frame), 0, root->frame.function->globals);
    vm->exception = exception;
    return VALUE_ERROR;
}

static Value resume(VM *vm, Generator *root, Value sent, bool thrown, uint16_t flags) {
    Interpreter *in = interpreter_of(vm);
    if (thrown && root->state == GENERATOR_CREATED) return end_before_begin(vm, root, sent);
    if (!vm_may_recurse(vm) ||
        (in->frame && in->frame->depth >= in->depth_limit)) {
        recursion_error(vm);
        return VALUE_ERROR;
    }
    Frame *frame = generator_enter(in, root, in->frame, FRAME_ENTRY | flags);
    in->frame = frame;
    RunStart start = deliver(vm, in, frame, sent, thrown);
    vm->native_depth++;
    Value result = interpreter_enter(vm, in, frame, start);
    vm->native_depth--;
    return result;
}

Value interpreter_resume(VM *vm, Generator *root, Value sent, bool thrown) { return resume(vm, root, sent, thrown, 0); }

Value interpreter_step(VM *vm, Generator *root, Value sent, bool thrown) {
    if (thrown && root->state == GENERATOR_CREATED) return end_before_begin(vm, root, sent);
    Interpreter *in = interpreter_of(vm);
    Frame *frame = generator_enter(in, root, in->frame, FRAME_ENTRY);
    in->frame = frame;
    return interpreter_run(vm, in, frame, deliver(vm, in, frame, sent, thrown));
}

const Frame *generator_innermost(const Generator *root) {
    return root->state == GENERATOR_SUSPENDED && root->link ? &root->link->frame : &root->frame;
}

// ---- Kinds

static uint32_t kind_of(const Generator *g) { return frame_code(&g->frame)->flags & CODE_ASYNC_GENERATOR; }
static const char *kind_name(const Generator *g) {
    switch (kind_of(g)) {
    case CODE_COROUTINE: return "coroutine";
    case CODE_ASYNC_GENERATOR: return "async generator";
    default: return "generator";
    }
}

// Whether the generator can be resumed by itself now; raises otherwise. A finished one is for the caller.
static bool may_resume(VM *vm, Generator *g) {
    if (g->state == GENERATOR_RUNNING || g->stepping) {
        raise_value_error(vm, "%s already executing", kind_name(g));
        return false;
    }
    if (g->frame.flags & FRAME_DELEGATED) {
        if (kind_of(g) == CODE_COROUTINE)
            raise_runtime_error(vm, "coroutine is being awaited already");
        else
            raise_value_error(vm, "%s already executing", kind_name(g));
        return false;
    }
    return true;
}

// ---- await and yield from

// Links a coroutine or generator under the frame; *entered is where to go on.
static Value enter(VM *vm, Interpreter *in, Frame *frame, Generator *g, Frame **entered, uint16_t result, uint16_t flags) {
    if (frame->depth >= in->depth_limit) {
        recursion_error(vm);
        return VALUE_ERROR;
    }
    Generator *inner = g->link ? g->link : g;
    g->link = NULL;
    g->state = inner->state = GENERATOR_RUNNING;
    g->frame.caller = frame;
    g->frame.result = result;
    g->frame.flags |= FRAME_DELEGATED | flags;
    g->frame.depth = frame->depth + 1;
    if (inner->frame.flags & FRAME_WAITING) {
        inner->frame.flags &= (uint16_t)~FRAME_WAITING;
        in->resumed = true;
    } else if (inner->frame.pc != frame_code(&inner->frame)->instructions) {
        inner->frame.registers[inner->frame.pc[-1].a] = VALUE_NONE;
    }
    *entered = &inner->frame;
    return VALUE_EMPTY;
}

static Value enter_coroutine(VM *vm, Interpreter *in, Frame *frame, Generator *g, Frame **entered, uint16_t result) {
    if (g->frame.flags & FRAME_DELEGATED || g->state == GENERATOR_RUNNING) {
        raise_runtime_error(vm, "coroutine is being awaited already");
        return VALUE_ERROR;
    }
    if (g->state == GENERATOR_DONE) {
        raise_runtime_error(vm, "cannot reuse already awaited coroutine");
        return VALUE_ERROR;
    }
    return enter(vm, in, frame, g, entered, result, 0);
}

static Value enter_generator(VM *vm, Interpreter *in, Frame *frame, Generator *g, Frame **entered, uint16_t result) {
    if (g->state == GENERATOR_DONE) return VALUE_NONE;
    if (!may_resume(vm, g)) return VALUE_ERROR;
    return enter(vm, in, frame, g, entered, result, 0);
}

// A step of `async for` over an async generator, without an awaitable between.
static Value enter_async_generator(VM *vm, Interpreter *in, Frame *frame, Generator *g, Frame **entered, uint16_t result) {
    if (g->frame.flags & FRAME_DELEGATED || g->state == GENERATOR_RUNNING || g->stepping) {
        raise_runtime_error(vm, "anext(): asynchronous generator is already running");
        return VALUE_ERROR;
    }
    if (g->state == GENERATOR_DONE) {
        raise_error(vm, vm->exceptions.stop_async_iteration, NULL);
        return VALUE_ERROR;
    }
    if (g->state == GENERATOR_CREATED && in->on_async_generator && !in->on_async_generator(vm, g)) return VALUE_ERROR;
    return enter(vm, in, frame, g, entered, result, FRAME_ASYNC_STEP);
}

// Sends a value to an iterator that is no generator of ours, or throws an exception into it. [script]
static Value send_or_throw(VM *vm, Value iterator, Value sent, bool thrown) {
    bool exit = thrown && value_is_instance(vm, sent, vm->exceptions.generator_exit);
    String *name = exit ? vm->names.close : thrown ? vm->names.throw_ : vm->names.send;
    Value method = value_find_attribute(vm, iterator, name);
    if (is_error(method)) return VALUE_ERROR;
    if (is_empty(method)) return thrown ? raise_value(vm, sent) : value_get_attribute(vm, iterator, name);
    Value result = vm_call(vm, method, &sent, exit ? 0 : 1, NULL);
    return exit && !is_error(result) ? raise_value(vm, sent) : result;
}

// One step of an iterator that is no generator of ours.
static Value advance(VM *vm, Value iterator, Value sent, bool thrown) {
    Value item;
    if (!thrown && is_none(sent)) {
        item = value_next(vm, iterator);
    } else {
        item = send_or_throw(vm, iterator, sent, thrown);
        if (is_error(item) && exception_matches(vm, vm->exceptions.stop_iteration)) {
            vm->stop_value = stop_iteration_value(vm, vm->exception);
            exception_clear(vm);
            item = VALUE_STOP;
        }
    }
    if (is_error(item)) return VALUE_ERROR;
    if (is_stop(item)) {
        Value result = vm->stop_value;
        vm->stop_value = VALUE_NONE;
        return is_empty(result) ? VALUE_NONE : result;
    }
    vm->suspended_on = item;
    return VALUE_SUSPEND;
}

// What is awaited where: the instruction's n.
enum { AWAIT_STEP = 1, AWAIT_ENTER, AWAIT_EXIT };

static Value not_awaitable(VM *vm, const Class *cls, int where) {
    if (where == AWAIT_ENTER || where == AWAIT_EXIT)
        return raise_type_error(vm, "'async with' received an object from %s that does not implement __await__: %s",
                                where == AWAIT_ENTER ? "__aenter__" : "__aexit__", class_name(cls));
    return raise_type_error(vm, "object %s can't be used in 'await' expression", class_name(cls));
}

// A step of `async for` that can't be awaited: whatever has been raised is the cause.
static Value invalid_step(VM *vm, const Class *cls) {
    Value cause = vm->exception;
    vm->exception = VALUE_EMPTY;
    raise_type_error(vm, "'async for' received an invalid object from __anext__: %s", class_name(cls));
    Exception *error = exception_raised(vm, vm->exceptions.type_error);
    if (error && is_exception(cause)) error->cause = error->context = cause;
    return VALUE_ERROR;
}

static Value await_special(VM *vm, Interpreter *in, Frame *frame, const Instruction *i, Frame **entered, Value v) {
    Class *cls = class_of(vm, v);
    Value iterator = value_call_special(vm, v, SPECIAL_AWAIT, NULL, 0);
    if (is_empty(iterator)) iterator = not_awaitable(vm, cls, i->n);
    if (is_error(iterator)) return i->n == AWAIT_STEP ? invalid_step(vm, cls) : iterator;
    frame->registers[i->b] = iterator;
    if (is_kind(iterator, KIND_GENERATOR)) {
        if (kind_of(generator_of(iterator)) == CODE_COROUTINE) {
            raise_type_error(vm, "__await__() returned a coroutine");
            return VALUE_ERROR;
        }
        return enter_generator(vm, in, frame, generator_of(iterator), entered, i->a);
    }
    Class *result = class_of(vm, iterator);
    if (result->ops && result->ops->await_step) return result->ops->await_step(vm, iterator, VALUE_NONE, false);
    if (!(result->ops && result->ops->next) && is_empty(class_special(vm, result, SPECIAL_NEXT))) {
        raise_type_error(vm, "__await__() returned non-iterator of type '%s'", class_name(result));
        return VALUE_ERROR;
    }
    return advance(vm, iterator, VALUE_NONE, false);
}

Value await_begin(VM *vm, Interpreter *in, Frame *frame, const Instruction *i, Frame **entered) {
    Value v = frame->registers[i->b], sent;
    bool thrown, resumed = take_sent(in, &sent, &thrown);
    if (is_object(v)) {
        Object *o = object_of(v);
        if (object_kind(o) == KIND_GENERATOR && !resumed) {
            Generator *g = (Generator *)o;
            if (kind_of(g) == CODE_COROUTINE) return enter_coroutine(vm, in, frame, g, entered, i->a);
            if (frame_code(&g->frame)->flags & CODE_AWAITABLE) return enter_generator(vm, in, frame, g, entered, i->a);
            if (kind_of(g) == CODE_ASYNC_GENERATOR && i->n == AWAIT_STEP) return enter_async_generator(vm, in, frame, g, entered, i->a);
        }
    }
    return resumed ? advance(vm, v, sent, thrown) : await_special(vm, in, frame, i, entered, v);
}

Value yield_from_begin(VM *vm, Interpreter *in, Frame *frame, const Instruction *i, Frame **entered) {
    Value v = frame->registers[i->b], sent;
    bool thrown, resumed = take_sent(in, &sent, &thrown);
    if (!resumed && is_kind(v, KIND_GENERATOR) && kind_of(generator_of(v)) != CODE_ASYNC_GENERATOR)
        return enter_generator(vm, in, frame, generator_of(v), entered, i->a);
    return advance(vm, v, sent, thrown);
}

Value yield_from_iterator(VM *vm, Value v, bool takes_coroutines) {
    if (is_kind(v, KIND_GENERATOR)) {
        if (kind_of(generator_of(v)) == CODE_COROUTINE)
            return takes_coroutines ? v : raise_type_error(vm, "cannot 'yield from' a coroutine object in a non-coroutine generator");
        if (kind_of(generator_of(v)) == CODE_GENERATOR) return v;
    }
    return value_iterate(vm, v);
}

// ---- async for

Value async_iterator(VM *vm, Value v) {
    Class *cls = class_of(vm, v);
    if (cls == vm->classes.async_generator) return v;
    Value iterator = value_call_special(vm, v, SPECIAL_AITER, NULL, 0);
    if (is_empty(iterator))
        return raise_type_error(vm, "'async for' requires an object with __aiter__ method, got %s", class_name(cls));
    if (is_error(iterator)) return iterator;
    if (is_empty(class_special(vm, class_of(vm, iterator), SPECIAL_ANEXT)))
        return raise_type_error(vm, "'async for' received an object from __aiter__ that does not implement __anext__: %s",
                                type_name(vm, iterator));
    return iterator;
}

Value async_next(VM *vm, Value v) {
    if (class_of(vm, v) == vm->classes.async_generator) return v;
    Value awaitable = value_call_special(vm, v, SPECIAL_ANEXT, NULL, 0);
    if (is_empty(awaitable))
        return raise_type_error(vm, "'async for' requires an iterator with __anext__ method, got %s", type_name(vm, v));
    return awaitable;
}

// ---- Methods of generators and coroutines

// The result of a resume from a method: StopIteration for an end.
static Value as_method(VM *vm, Value result, Generator *g) {
    if (result.bits == VALUE_SUSPEND.bits) {
        Value item = vm->suspended_on;
        vm->suspended_on = VALUE_NONE;
        return item;
    }
    if (is_error(result)) return result;
    if (is_none(result)) return raise_error(vm, vm->exceptions.stop_iteration, NULL);
    return raise_with_value(vm, vm->exceptions.stop_iteration, result);
}

static Value generator_next(VM *vm, Value self) {
    Generator *g = generator_of(self);
    vm->stop_value = VALUE_NONE;
    if (g->state == GENERATOR_DONE) {
        if (kind_of(g) == CODE_COROUTINE) return raise_runtime_error(vm, "cannot reuse already awaited coroutine");
        return VALUE_STOP;
    }
    if (!may_resume(vm, g)) return VALUE_ERROR;
    Value result = interpreter_resume(vm, g, VALUE_NONE, false);
    if (result.bits == VALUE_SUSPEND.bits) {
        Value item = vm->suspended_on;
        vm->suspended_on = VALUE_NONE;
        return item;
    }
    if (is_error(result)) return result;
    vm->stop_value = result;
    return VALUE_STOP;
}

static Value generator_send(VM *vm, Value *args, size_t count) {
    Generator *g = generator_of(args[0]);
    if (g->state == GENERATOR_DONE) {
        if (kind_of(g) == CODE_COROUTINE) return raise_runtime_error(vm, "cannot reuse already awaited coroutine");
        return raise_error(vm, vm->exceptions.stop_iteration, NULL);
    }
    if (g->state == GENERATOR_CREATED && !is_none(args[1]))
        return raise_type_error(vm, "can't send non-None value to a just-started %s", kind_name(g));
    if (!may_resume(vm, g)) return VALUE_ERROR;
    return as_method(vm, interpreter_resume(vm, g, args[1], false), g);
}

static Value not_an_exception(VM *vm, Value cls, Value made) {
    String *shown = value_repr(vm, cls);
    if (!shown) return VALUE_ERROR;
    return raise_type_error(vm, "calling %s should have returned an instance of BaseException, not %s", shown->data, type_name(vm, made));
}

// The exception that throw(type, value, traceback) means.
static Value exception_to_throw(VM *vm, Value *args, const char *method) {
    Value type = args[1], value = args[2], traceback = args[3];
    Value exception;
    if ((!is_empty(value) || !is_empty(traceback)) &&
        !warn_deprecated(vm, "the (type, exc, tb) signature of %s() is deprecated, use the single-arg signature instead.", method))
        return VALUE_ERROR;
    if (is_exception(type)) {
        if (!is_empty(value) && !is_none(value)) return raise_type_error(vm, "instance exception may not have a separate value");
        exception = type;
    } else if (is_kind(type, KIND_CLASS) && ((Class *)object_of(type))->flags & CLASS_EXCEPTION) {
        if (is_exception(value))
            exception = value;
        else
            exception = vm_call(vm, type, &value, is_empty(value) || is_none(value) ? 0 : 1, NULL);
        if (is_error(exception)) return exception;
        if (!is_exception(exception))
            return not_an_exception(vm, type, exception);
    } else {
        return raise_type_error(vm, "exceptions must be classes or instances deriving from BaseException, not %s",
                                type_name(vm, type));
    }
    if (!is_empty(traceback) && !is_none(traceback)) {
        if (!is_kind(traceback, KIND_TRACEBACK)) return raise_type_error(vm, "throw() third argument must be a traceback object");
        heap_store(vm, object_of(exception), &exception_of(exception)->traceback, traceback);
    }
    return exception;
}

// What a generator is closed by does not end in one that it has handed on to, even if that catches it: that is closed for itself, and then
// the exception is raised where it was awaited; or what closing has raised. So the chain is taken apart, from the innermost frame outwards,
// until `root` is alone. VALUE_ERROR: an interrupt, or no memory.
static Value close_delegates(VM *vm, Generator *root, Value exception) {
    Value thrown = exception;
    while (root->link && root->link != root) {
        Generator *inner = root->link, *outer = generator_of_frame(inner->frame.caller);
        if (!vm_poll(vm, 1)) return VALUE_ERROR;
        inner->frame.flags &= (uint16_t)~FRAME_DELEGATED;
        inner->link = NULL;
        outer->state = GENERATOR_SUSPENDED;
        root->link = outer;
        Value result = resume(vm, inner, thrown, true, 0);
        thrown = exception;
        if (result.bits == VALUE_SUSPEND.bits) {
            vm->suspended_on = VALUE_NONE;
            raise_runtime_error(vm, "%s ignored GeneratorExit", kind_name(inner));
            result = VALUE_ERROR;
        }
        if (!is_error(result)) continue;
        if (!is_exception(vm->exception)) return VALUE_ERROR;
        if (!exception_matches(vm, vm->exceptions.generator_exit) && !exception_matches(vm, vm->exceptions.stop_iteration)) thrown = vm->exception;
        exception_drop(vm);
    }
    root->link = NULL;
    return thrown;
}

// Throws into a generator that may not have begun: then it is over at once.
static Value throw_into(VM *vm, Generator *g, Value exception, uint16_t flags) {
    if (g->state == GENERATOR_DONE) return raise_value(vm, exception);
    if (g->state == GENERATOR_SUSPENDED && g->link && g->link != g && value_is_instance(vm, exception, vm->exceptions.generator_exit)) {
        exception = close_delegates(vm, g, exception);
        if (is_error(exception)) return exception;
    }
    return resume(vm, g, exception, true, flags);
}

static Value generator_throw(VM *vm, Value *args, size_t count) {
    Generator *g = generator_of(args[0]);
    Value exception = exception_to_throw(vm, args, "throw");
    if (is_error(exception)) return exception;
    if (g->state == GENERATOR_DONE && kind_of(g) == CODE_COROUTINE)
        return raise_runtime_error(vm, "cannot reuse already awaited coroutine");
    if (g->state != GENERATOR_DONE && !may_resume(vm, g)) return VALUE_ERROR;
    return as_method(vm, throw_into(vm, g, exception, 0), g);
}

static Value generator_close(VM *vm, Value *args, size_t count) {
    Generator *g = generator_of(args[0]);
    if (g->state == GENERATOR_DONE) return VALUE_NONE;
    if (!may_resume(vm, g)) return VALUE_ERROR;
    if (g->state == GENERATOR_CREATED) {
        g->state = GENERATOR_DONE;
        return VALUE_NONE;
    }
    Exception *exit = exception_new(vm, vm->exceptions.generator_exit, NULL, 0);
    if (!exit) return VALUE_ERROR;
    Value result = throw_into(vm, g, value_object(exit), 0);
    if (result.bits == VALUE_SUSPEND.bits) return raise_runtime_error(vm, "%s ignored GeneratorExit", kind_name(g));
    if (!is_error(result)) return result;
    if (!exception_matches(vm, vm->exceptions.generator_exit) && !exception_matches(vm, vm->exceptions.stop_iteration))
        return VALUE_ERROR;
    exception_clear(vm);
    return VALUE_NONE;
}

// ---- Awaitables of async generators: asend(), athrow(), aclose(), __anext__(); and coroutine.__await__()

typedef enum { STEP_SEND, STEP_THROW, STEP_CLOSE, STEP_COROUTINE } StepKind;
typedef struct {
    Object object;
    Generator *generator;
    StepKind kind;
    bool started, done;
    Value value; // to send, or the exception to throw
} AsyncStep;

static Value async_step_new(VM *vm, Generator *g, StepKind kind, Value value) {
    AsyncStep *step = heap_allocate(vm, vm->classes.async_step->root, KIND_ASYNC_STEP, sizeof(AsyncStep));
    if (!step) return VALUE_ERROR;
    step->generator = g;
    step->kind = kind;
    step->value = value;
    return value_object(step);
}

// The end of an aclose() or athrow(): what leaves the generator decides.
static Value step_result(VM *vm, AsyncStep *step, Value result) {
    Generator *g = step->generator;
    if (result.bits == VALUE_SUSPEND.bits) return result;
    step->done = true;
    g->stepping = false;
    if (step->kind != STEP_CLOSE) return result;
    if (!is_error(result)) return raise_runtime_error(vm, "async generator ignored GeneratorExit");
    if (!exception_matches(vm, vm->exceptions.generator_exit) && !exception_matches(vm, vm->exceptions.stop_async_iteration))
        return VALUE_ERROR;
    exception_clear(vm);
    return VALUE_NONE;
}

static Value step_first(VM *vm, AsyncStep *step, Value sent, bool thrown) {
    static const char *const names[] = {"anext", "athrow", "aclose"};
    Generator *g = step->generator;
    step->started = true;
    if (g->stepping || g->state == GENERATOR_RUNNING || g->frame.flags & FRAME_DELEGATED) {
        step->done = true;
        return raise_runtime_error(vm, "%s(): asynchronous generator is already running",
                                   names[step->kind]);
    }
    if (g->state == GENERATOR_DONE) {
        step->done = true;
        if (step->kind == STEP_CLOSE) return VALUE_NONE;
        return raise_error(vm, vm->exceptions.stop_async_iteration, NULL);
    }
    if (thrown) {
        g->stepping = true;
        return step_result(vm, step, resume(vm, g, sent, true, FRAME_ASYNC_STEP));
    }
    Value value = is_empty(step->value) ? VALUE_NONE : step->value;
    if (step->kind == STEP_SEND && g->state == GENERATOR_CREATED && !is_none(value)) {
        step->done = true;
        return raise_type_error(vm, "can't send non-None value to a just-started async generator");
    }
    if (step->kind == STEP_CLOSE) {
        if (g->state == GENERATOR_CREATED) {
            g->state = GENERATOR_DONE;
            step->done = true;
            return VALUE_NONE;
        }
        Exception *exit = exception_new(vm, vm->exceptions.generator_exit, NULL, 0);
        if (!exit) return VALUE_ERROR;
        value = value_object(exit);
    }
    Interpreter *in = interpreter_of(vm);
    if (g->state == GENERATOR_CREATED && in->on_async_generator && !in->on_async_generator(vm, g)) return VALUE_ERROR;
    g->stepping = true;
    return step_result(vm, step, resume(vm, g, value, step->kind != STEP_SEND, FRAME_ASYNC_STEP));
}

static Value async_step_await(VM *vm, Value self, Value sent, bool thrown) {
    AsyncStep *step = (AsyncStep *)object_of(self);
    if (step->done) {
        return raise_runtime_error(vm, "cannot reuse already awaited %s",
                                   step->kind == STEP_COROUTINE ? "coroutine"
                                   : step->kind == STEP_SEND    ? "__anext__()/asend()"
                                                                : "aclose()/athrow()");
    }
    if (step->kind == STEP_COROUTINE) {
        Generator *g = step->generator;
        if (g->state == GENERATOR_DONE) return raise_runtime_error(vm, "cannot reuse already awaited coroutine");
        if (!may_resume(vm, g)) return VALUE_ERROR;
        return interpreter_resume(vm, g, sent, thrown);
    }
    if (!step->started) return step_first(vm, step, sent, thrown);
    return step_result(vm, step, resume(vm, step->generator, sent, thrown, FRAME_ASYNC_STEP));
}

// send(), throw() and close() of these awaitables, for code that drives them by hand.
static Value async_step_drive(VM *vm, Value self, Value sent, bool thrown) {
    Value result = async_step_await(vm, self, sent, thrown);
    if (result.bits == VALUE_SUSPEND.bits) {
        Value item = vm->suspended_on;
        vm->suspended_on = VALUE_NONE;
        return item;
    }
    if (is_error(result)) return result;
    return is_none(result) ? raise_error(vm, vm->exceptions.stop_iteration, NULL)
                           : raise_with_value(vm, vm->exceptions.stop_iteration, result);
}
static Value async_step_next(VM *vm, Value self) {
    Value result = async_step_await(vm, self, VALUE_NONE, false);
    if (result.bits == VALUE_SUSPEND.bits) return vm->suspended_on;
    if (is_error(result)) return result;
    vm->stop_value = result;
    return VALUE_STOP;
}
static Value async_step_send(VM *vm, Value *args, size_t count) { return async_step_drive(vm, args[0], args[1], false); }
static Value async_step_throw(VM *vm, Value *args, size_t count) {
    Value exception = exception_to_throw(vm, args, "throw");
    return is_error(exception) ? exception : async_step_drive(vm, args[0], exception, true);
}
static Value async_step_close(VM *vm, Value *args, size_t count) {
    AsyncStep *step = (AsyncStep *)object_of(args[0]);
    if (step->done || (step->kind == STEP_COROUTINE && step->generator->state == GENERATOR_DONE)) return VALUE_NONE;
    Exception *exit = exception_new(vm, vm->exceptions.generator_exit, NULL, 0);
    if (!exit) return VALUE_ERROR;
    Value result = async_step_await(vm, args[0], value_object(exit), true);
    if (result.bits == VALUE_SUSPEND.bits) {
        vm->suspended_on = VALUE_NONE;
        return raise_runtime_error(vm, "coroutine ignored GeneratorExit");
    }
    step->done = true;
    if (!is_error(result)) return VALUE_NONE;
    if (!exception_matches(vm, vm->exceptions.generator_exit) && !exception_matches(vm, vm->exceptions.stop_async_iteration))
        return VALUE_ERROR;
    exception_clear(vm);
    return VALUE_NONE;
}
static Value async_step_iterate(VM *vm, Value self) { return self; }
static Value async_step_self(VM *vm, Value *args, size_t count) { return args[0]; }
static void async_step_trace(VM *vm, Object *o) {
    heap_mark_object(vm, (Object *)((AsyncStep *)o)->generator);
    heap_mark(vm, ((AsyncStep *)o)->value);
}
static const TypeOps async_step_ops = {.trace = async_step_trace,
                                       .iterate = async_step_iterate,
                                       .next = async_step_next,
                                       .await_step = async_step_await};
static const NativeDefinition async_step_methods[] = {
    {"send", async_step_send, "self, arg, /", NATIVE_METHOD,
     "Goes on with the value, up to the next wait; StopIteration brings what is yielded."},
    {"throw", async_step_throw, "self, typ, val=, tb=, /", NATIVE_METHOD, "Raises an exception where the generator waits."},
    {"close", async_step_close, "self, /", NATIVE_METHOD, "Ends the step."},
    {"__await__", async_step_self, "self, /", NATIVE_METHOD},
    {0}};

static Value agen_anext(VM *vm, Value *args, size_t count) {
    return async_step_new(vm, generator_of(args[0]), STEP_SEND, VALUE_EMPTY);
}
static Value agen_asend(VM *vm, Value *args, size_t count) {
    return async_step_new(vm, generator_of(args[0]), STEP_SEND, args[1]);
}
static Value agen_athrow(VM *vm, Value *args, size_t count) {
    Value exception = exception_to_throw(vm, args, "athrow");
    return is_error(exception) ? exception : async_step_new(vm, generator_of(args[0]), STEP_THROW, exception);
}
static Value agen_aclose(VM *vm, Value *args, size_t count) {
    return async_step_new(vm, generator_of(args[0]), STEP_CLOSE, VALUE_EMPTY);
}
static Value return_self(VM *vm, Value *args, size_t count) { return args[0]; }
static Value coroutine_await(VM *vm, Value *args, size_t count) {
    return async_step_new(vm, generator_of(args[0]), STEP_COROUTINE, VALUE_EMPTY);
}

// ---- Operations and attributes

static void generator_trace(VM *vm, Object *o) {
    Generator *g = (Generator *)o;
    heap_mark_object(vm, (Object *)g->link);
    heap_mark_object(vm, (Object *)g->frame.function);
    if (g->state == GENERATOR_DONE || object_flag(o, GENERATOR_JUDGED)) return;
    if (g->frame.flags & FRAME_DELEGATED) heap_mark_object(vm, (Object *)generator_of_frame(g->frame.caller));
    size_t count = frame_code(&g->frame)->register_count;
    for (size_t i = 0; i < count; i++) heap_mark(vm, g->frame.registers[i]);
}

static Value generator_repr(VM *vm, Value self) {
    Generator *g = generator_of(self);
    Value name = function_qualified_name(vm, g->frame.function);
    const char *kind = kind_of(g) == CODE_ASYNC_GENERATOR ? "async_generator" : kind_name(g);
    String *text = string_format(vm, "<%s object %s at %p>", kind, is_string(name) ? string_of(name)->data : "?", (void *)g);
    return text ? value_object(text) : VALUE_ERROR;
}
static Value generator_iterate(VM *vm, Value self) { return self; }

static const TypeOps generator_ops = {
    .trace = generator_trace, .repr = generator_repr, .iterate = generator_iterate, .next = generator_next};
// A coroutine is no iterator; the same layout.
static const TypeOps coroutine_ops = {.trace = generator_trace, .repr = generator_repr};

static Value get_name(VM *vm, Value self) { return function_name(vm, generator_of(self)->frame.function); }
static Value get_qualified_name(VM *vm, Value self) { return function_qualified_name(vm, generator_of(self)->frame.function); }
// Its function is its own from then on: others made by the function keep their name.
static int set_text(VM *vm, Value self, String *attribute, Value name) {
    if (!is_string(name)) return raise_type_error(vm, "%s must be set to a string object", attribute->data), -1;
    Frame *frame = &generator_of(self)->frame;
    Function *renamed = function_renamed(vm, frame->function, attribute, name);
    if (!renamed) return -1;
    frame->function = renamed;
    return 1;
}
static int set_name(VM *vm, Value self, Value name) { return set_text(vm, self, vm->names.__name__, name); }
static int set_qualified_name(VM *vm, Value self, Value name) { return set_text(vm, self, vm->names.__qualname__, name); }

// The root of the chain that a generator is in. What is awaited counts as running as long as the chain goes on: it waits when the root does.
static const Generator *root_of(const Generator *g) {
    while (g->frame.flags & FRAME_DELEGATED) g = generator_of_frame(g->frame.caller);
    return g;
}
static GeneratorState state_of(const Generator *g) {
    return g->state == GENERATOR_RUNNING && g->frame.flags & FRAME_DELEGATED ? root_of(g)->state : g->state;
}
static Value get_running(VM *vm, Value self) { return value_bool(state_of(generator_of(self)) == GENERATOR_RUNNING); }
static Value get_suspended(VM *vm, Value self) { return value_bool(state_of(generator_of(self)) == GENERATOR_SUSPENDED); }
static Value get_code(VM *vm, Value self) { return value_object(frame_code(&generator_of(self)->frame)); }
static Value get_frame(VM *vm, Value self) {
    Generator *g = generator_of(self);
    return g->state == GENERATOR_DONE ? VALUE_NONE : frame_object_of(vm, &g->frame);
}
static Value get_delegate(VM *vm, Value self) {
    const Generator *g = generator_of(self), *root = root_of(g);
    if (state_of(g) != GENERATOR_SUSPENDED) return VALUE_NONE;
    const Instruction *pc = g->frame.pc;
    if (g->frame.flags & FRAME_WAITING) return g->frame.registers[pc->b];
    if (root->link && root->link != g && pc > frame_code(&g->frame)->instructions) return g->frame.registers[pc[-1].b];
    return VALUE_NONE;
}

#define GENERATOR_ATTRIBUTES(prefix, delegate)                                                                         \
    {"__name__", get_name, set_name},                                                                                  \
        {"__qualname__", get_qualified_name, set_qualified_name},                                                      \
        {prefix "_running", get_running, NULL, "Whether it is running now."},                                          \
        {prefix "_suspended", get_suspended, NULL, "Whether it has begun and waits."},                                 \
        {prefix "_code", get_code, NULL, "Its code."},                                                                 \
        {prefix "_frame", get_frame, NULL, "Its frame, or None when it has ended."},                                   \
        {delegate, get_delegate, NULL, "What it has handed on to and waits for, or None."}, {0}
static const AttributeDefinition generator_attributes[] = {GENERATOR_ATTRIBUTES("gi", "gi_yieldfrom")};
static const AttributeDefinition coroutine_attributes[] = {GENERATOR_ATTRIBUTES("cr", "cr_await")};
static const AttributeDefinition async_generator_attributes[] = {GENERATOR_ATTRIBUTES("ag", "ag_await")};

static const NativeDefinition generator_methods[] = {
    {"send", generator_send, "self, arg, /", NATIVE_METHOD,
     "Goes on with the value as the result of `yield`, and returns what is yielded next."},
    {"throw", generator_throw, "self, typ, val=, tb=, /", NATIVE_METHOD,
     "Raises an exception where the generator waits, and returns what is yielded next."},
    {"close", generator_close, "self, /", NATIVE_METHOD,
     "Raises GeneratorExit where the generator waits, so that it ends; returns what it returned."},
    {0}};
static const NativeDefinition coroutine_methods[] = {
    {"send", generator_send, "self, arg, /", NATIVE_METHOD,
     "Goes on with the value as the result of what it waits for, up to the next wait; StopIteration brings the result."},
    {"throw", generator_throw, "self, typ, val=, tb=, /", NATIVE_METHOD,
     "Raises an exception where the coroutine waits, and goes on up to the next wait."},
    {"close", generator_close, "self, /", NATIVE_METHOD, "Raises GeneratorExit where the coroutine waits, so that it ends."},
    {"__await__", coroutine_await, "self, /", NATIVE_METHOD},
    {0}};
static const NativeDefinition async_generator_methods[] = {
    {"__aiter__", return_self, "self, /", NATIVE_METHOD},
    {"__anext__", agen_anext, "self, /", NATIVE_METHOD},
    {"asend", agen_asend, "self, value, /", NATIVE_METHOD,
     "An awaitable that goes on with the value as the result of `yield`, and gives what is yielded next."},
    {"athrow", agen_athrow, "self, typ, val=, tb=, /", NATIVE_METHOD,
     "An awaitable that raises an exception where the generator waits, and gives what is yielded next."},
    {"aclose", agen_aclose, "self, /", NATIVE_METHOD,
     "An awaitable that raises GeneratorExit where the generator waits, so that it ends."},
    {0}};

bool generator_class_init(VM *vm) {
    ClassTable *c = &vm->classes;
    uint32_t flags = CLASS_FINAL | CLASS_ABSTRACT_NEW;
    vm->ops[KIND_GENERATOR] = &generator_ops;
    vm->ops[KIND_ASYNC_STEP] = &async_step_ops;
    if (!(c->generator = class_new_builtin(vm, "generator", c->object, KIND_GENERATOR, sizeof(Generator), flags)) ||
        !(c->coroutine = class_new_builtin(vm, "coroutine", c->object, KIND_GENERATOR, sizeof(Generator), flags)) ||
        !(c->async_generator = class_new_builtin(vm, "async_generator", c->object, KIND_GENERATOR, sizeof(Generator), flags)) ||
        !(c->async_step = class_new_builtin(vm, "async_generator_asend", c->object, KIND_ASYNC_STEP, sizeof(AsyncStep), flags)))
        return false;
    c->coroutine->ops = c->async_generator->ops = &coroutine_ops;
    return native_add_methods(vm, c->generator, generator_methods) > 0 &&
           native_add_attributes(vm, c->generator, generator_attributes) > 0 &&
           native_add_methods(vm, c->coroutine, coroutine_methods) > 0 &&
           native_add_attributes(vm, c->coroutine, coroutine_attributes) > 0 &&
           native_add_methods(vm, c->async_generator, async_generator_methods) > 0 &&
           native_add_attributes(vm, c->async_generator, async_generator_attributes) > 0 &&
           native_add_methods(vm, c->async_step, async_step_methods) > 0;
}

#include "vm/unwind.h"

#include "object/core/errors.h"
#include "object/exception/exception.h"
#include "object/text/str.h"
#include "vm/call.h"
#include "vm/interpreter.h"

void unbound_local(VM *vm, String *name) {
    raise_error(vm, vm->exceptions.unbound_local_error,
                "cannot access local variable '%s' where it is not associated with a value", name->data);
    Exception *exception = exception_raised(vm, vm->exceptions.unbound_local_error);
    if (exception) exception_set(vm, exception, "name", VALUE_NONE);
}

void recursion_error(VM *vm) { raise_error(vm, vm->exceptions.recursion_error, "maximum recursion depth exceeded"); }

// The frame's `self`, if it has one, for what a NameError or AttributeError suggests. Only the innermost frame's counts.
static void note_self(Frame *frame, Value exception) {
    Value v = exception_of(exception)->traceback;
    Code *code = frame_code(frame);
    if (is_none(v) || ((Traceback *)object_of(v))->next || code->flags & CODE_NAMESPACE_LOCALS) return;
    if (!code->positional_count || !code->variable_names->length) return;
    if (!string_is(string_of(code->variable_names->items[0]), "self")) return;
    Value self = frame->registers[0];
    ((Traceback *)object_of(v))->self = is_kind(self, KIND_CELL) ? ((Cell *)object_of(self))->value : self;
}

void own_memory_error(VM *vm) {
    if (!value_same(vm->exception, vm->memory_error)) return;
    Exception *own = exception_new(vm, vm->exceptions.memory_error, NULL, 0);
    vm->exception = own ? value_object(own) : vm->memory_error;
}

void note_frame(VM *vm, Frame *frame) {
    Value exception = vm->exception;
    // Short of memory, the traceback just lacks a line.
    if (is_exception(exception) &&
        !exception_add_frame(vm, exception, frame_code(frame), frame_instruction(frame), frame->function->globals))
        vm->exception = exception;
    else if (is_exception(exception))
        note_self(frame, exception);
}

// The exception that some frame from `frame` outwards is handling.
static Value handled_from(const Frame *frame) {
    for (; frame; frame = frame->caller) {
        uint16_t handled = frame_code(frame)->handled_register;
        if (handled == 0xFFFF) continue;
        Value v = frame->registers[handled];
        if (!is_empty(v) && !is_none(v)) return v;
    }
    return VALUE_NONE;
}

Value interpreter_handled(VM *vm) { return handled_from(interpreter_of(vm)->frame); }

static void set_context(VM *vm, Value exception, Value handled) {
    if (!is_exception(exception)) return;
    if (!is_exception(handled) || value_same(handled, exception)) return;
    if (value_same(exception, vm->memory_error)) return;
    Exception *e = exception_of(exception);
    if (value_same(e->context, handled)) return;
    // No cycles: the chain of what is being handled must not lead back here. A script may have made one elsewhere on it: then
    // a second walker at half the pace is met.
    Value at = handled, slow = handled;
    for (bool odd = false; is_exception(exception_of(at)->context); odd = !odd) {
        Value next = exception_of(at)->context;
        if (value_same(next, exception)) {
            exception_of(at)->context = VALUE_NONE;
            break;
        }
        at = next;
        if (odd) slow = exception_of(slow)->context;
        if (value_same(at, slow)) break;
    }
    heap_store(vm, e, &e->context, handled);
}

void interpreter_set_context(VM *vm, Value exception) { set_context(vm, exception, interpreter_handled(vm)); }

bool frame_handles(const Frame *frame) {
    uint16_t handled = frame_code(frame)->handled_register;
    return handled != 0xFFFF && is_exception(frame->registers[handled]);
}

void frame_set_context(VM *vm, const Frame *frame, Value exception) {
    uint16_t handled = frame_code(frame)->handled_register;
    if (handled != 0xFFFF) set_context(vm, exception, frame->registers[handled]);
}

static const HandlerRange *find_handler(const Code *code, uint32_t instruction) {
    for (uint32_t i = 0; i < code->handler_count; i++)
        if (instruction >= code->handlers[i].start && instruction < code->handlers[i].end) return &code->handlers[i];
    return NULL;
}

// A generator must not end by the exception that means its end to others.
static void guard_stop(VM *vm, Frame *frame) {
    uint32_t kind = frame_code(frame)->flags & CODE_ASYNC_GENERATOR;
    bool is_async_generator = kind == CODE_ASYNC_GENERATOR;
    bool stop = exception_matches(vm, vm->exceptions.stop_iteration);
    bool stop_async = is_async_generator && exception_matches(vm, vm->exceptions.stop_async_iteration);
    if (!stop && !stop_async) return;
    Value cause = vm->exception;
    raise_runtime_error(vm, "%s raised %s",
                        is_async_generator       ? "async generator"
                        : kind == CODE_COROUTINE ? "coroutine"
                                                 : "generator",
                        stop ? "StopIteration" : "StopAsyncIteration");
    if (!is_exception(vm->exception) || value_same(vm->exception, vm->memory_error)) return;
    Exception *e = exception_of(vm->exception);
    e->cause = e->context = cause;
    e->suppress_context = true;
}

Frame *unwind(VM *vm, Interpreter *in, Frame *frame) {
    for (;;) {
        const HandlerRange *handler = vm->ending ? NULL : find_handler(frame_code(frame), frame_instruction(frame));
        if (handler) {
            frame->flags &= (uint16_t)~FRAME_WAITING;
            frame->registers[handler->target] = vm->exception;
            vm->exception = VALUE_EMPTY;
            frame->pc = frame_code(frame)->instructions + handler->handler;
            return frame;
        }
        Frame *caller = frame->caller;
        uint16_t flags = frame->flags;
        if (flags & FRAME_HEAP) {
            guard_stop(vm, frame);
            Generator *generator = generator_of_frame(frame);
            generator->state = GENERATOR_DONE;
            frame->flags = FRAME_HEAP;
            if (!(flags & FRAME_DELEGATED)) in->root = generator->link;
            generator->link = NULL;
        } else {
            frame_pop(vm, in, frame);
        }
        in->frame = caller;
        if (flags & FRAME_ENTRY) {
            vm->exception_passed = true;
            return NULL;
        }
        frame = caller;
        note_frame(vm, frame);
    }
}

// Calls of script functions: frames and the binding of arguments.
#ifndef AIOLI_VM_CALL_H
#define AIOLI_VM_CALL_H

#include "vm/frame_object.h"

// Makes a frame of a plain function on the stack, its registers without values. NULL with RecursionError or MemoryError.
Frame *frame_push_slow(VM *vm, Interpreter *in, Function *function, Frame *caller);
void frame_pop_segment(VM *vm, Interpreter *in, Frame *frame);

static inline Frame *frame_push(VM *vm, Interpreter *in, Function *function, Frame *caller) {
    size_t count = function->code->register_count;
    Frame *frame = (Frame *)in->stack_top;
    size_t size = sizeof(Frame) + count * sizeof(Value);
    uint32_t depth = caller ? caller->depth + 1 : 0;
    if (__builtin_expect(size > (size_t)(in->stack_end - in->stack_top) || depth > in->depth_limit, 0))
        return frame_push_slow(vm, in, function, caller);
    in->stack_top += size;
    frame->caller = caller;
    frame->function = function;
    frame->pc = function->code->instructions;
    frame->flags = 0;
    frame->depth = depth;
    return frame;
}

static inline void frame_pop(VM *vm, Interpreter *in, Frame *frame) {
    if (__builtin_expect(frame->flags & FRAME_OBSERVED, 0)) frame_object_detach(vm, in, frame);
    if (__builtin_expect(frame->flags & FRAME_SEGMENT, 0))
        frame_pop_segment(vm, in, frame);
    else
        in->stack_top = (char *)frame;
}

static inline void frame_clear(Frame *frame, size_t from) {
    size_t count = frame_code(frame)->register_count;
    for (size_t i = from; i < count; i++) frame->registers[i] = VALUE_EMPTY;
}

// A generator, coroutine or async generator over the function, all its registers but the first `given` without values; the caller
// sets those. NULL on failure.
Generator *generator_new(VM *vm, Function *function, size_t given);

// Binds a call's arguments to the function's parameters in `registers` (which have no values yet). False with CPython's
// TypeError.
bool bind_arguments(VM *vm, Function *function, Value *registers, const Value *arguments, size_t count, Tuple *keywords);

#endif

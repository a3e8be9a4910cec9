// Generators, coroutines and async generators: entering and leaving their heap frames.
#ifndef AIOLI_VM_GENERATOR_H
#define AIOLI_VM_GENERATOR_H

#include "vm/frame.h"

// While the stuck tasks are sought (loop/stuck.c): the coroutine of a task that has not been found to live. What it holds does not count
// then, whoever has it. (The bit means something else outside markings.)
#define GENERATOR_JUDGED OBJECT_FLAG_3

// Makes a generator the running root with `caller` behind it; returns the innermost frame of its chain, where it goes
// on. The caller has checked its state.
static inline Frame *generator_enter(Interpreter *in, Generator *generator, Frame *caller, uint16_t flags) {
    Generator *inner = generator->link ? generator->link : generator;
    generator->state = inner->state = GENERATOR_RUNNING;
    generator->link = in->root;
    in->root = generator;
    generator->frame.caller = caller;
    generator->frame.flags |= flags;
    generator->frame.depth = caller ? caller->depth + 1 : 0;
    return &inner->frame;
}

// What an instruction was given when it is executed again after it suspended; whether it is.
static inline bool take_sent(Interpreter *in, Value *sent, bool *thrown) {
    bool resumed = in->resumed;
    *sent = resumed ? in->sent : VALUE_NONE;
    *thrown = resumed && in->thrown;
    in->resumed = in->thrown = false;
    in->sent = VALUE_NONE;
    return resumed;
}

// What `await` (of what has no await_step) and `yield from` come to:
//   another value        it is done, this is its result
//   VALUE_SUSPEND        vm->suspended_on goes to whoever resumed the root, and the instruction is executed again
//   VALUE_ERROR          it raised
// or *entered is set: a script's coroutine or generator goes on in that frame.
Value await_begin(VM *vm, Interpreter *in, Frame *frame, const Instruction *i, Frame **entered);
Value yield_from_begin(VM *vm, Interpreter *in, Frame *frame, const Instruction *i, Frame **entered);

Value async_iterator(VM *vm, Value v); // aiter(v)
Value async_next(VM *vm, Value v);     // what `async for` awaits: an awaitable, or the async generator itself

bool generator_class_init(VM *vm);

// For reports: where a suspended coroutine or generator stands (its innermost frame), and what it waits for.
const Frame *generator_innermost(const Generator *root);

#endif

// Generators, coroutines and async generators: entering and leaving their heap frames.
#ifndef AIOLI_VM_GENERATOR_H
#define AIOLI_VM_GENERATOR_H

#include "vm/frame.h"

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

// What `await` and `yield from` come to.
typedef enum {
    DELEGATE_ENTER,   // go on in `frame`
    DELEGATE_VALUE,   // it is done: `value`
    DELEGATE_SUSPEND, // give vm->suspended_on to whoever resumed the root
    DELEGATE_ERROR,
} DelegateOutcome;

typedef struct {
    DelegateOutcome outcome;
    Frame *frame;
    Value value;
    bool raise; // vm->exception is to be raised in `frame`
} Delegation;

Delegation await_begin(VM *vm, Interpreter *in, Frame *frame, const Instruction *i);
Delegation yield_from_begin(VM *vm, Interpreter *in, Frame *frame, const Instruction *i);

Value async_iterator(VM *vm, Value v); // aiter(v)
Value async_next(VM *vm, Value v);     // what `async for` awaits: an awaitable, or the async generator itself

bool generator_class_init(VM *vm);

// For reports: where a suspended coroutine or generator stands (its innermost frame), and what it waits for.
const Frame *generator_innermost(const Generator *root);

#endif

// Context variables (contextvars, PEP 567): values that belong to what runs, and that tasks and callbacks take with them.
//
// What runs has a slot for its context (loop->context): a task its own, a callback its handle's, Context.run() one on the C stack, all
// else the VM's. Nothing stands there until a variable is set or somebody asks for the context; so a program without variables pays
// nothing. Copies share their values until one of them is changed.
#ifndef AIOLI_LOOP_CONTEXT_VARIABLE_H
#define AIOLI_LOOP_CONTEXT_VARIABLE_H

#include "loop/loop.h"
#include "object/core/module.h"

struct Context {
    NativeData data;
    Dict *values; // by variable; or NULL
    bool shared;  // the dict is another context's as well
    bool entered; // by run()
};

// What begins now takes with it: a copy of the context that runs, in *out; NULL there for an empty one. False with MemoryError.
bool context_fork(VM *vm, Context **out);
// The same for a `context` argument: VALUE_EMPTY and None for a copy of what runs. False with an exception.
bool context_argument(VM *vm, Value given, Context **out);
// The context in a slot as an object, made if nothing stands there. VALUE_ERROR with MemoryError.
Value context_object(VM *vm, Context **slot);

bool contextvars_module_fill(VM *vm, ModuleObject *module);

#endif

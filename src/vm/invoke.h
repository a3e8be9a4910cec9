// Calls the long way: anything callable, any arguments.
#ifndef AIOLI_VM_INVOKE_H
#define AIOLI_VM_INVOKE_H

#include "vm/frame.h"

// Calls from the interpreter. A script function that is to run in a new frame is only set up: *entered is that frame.
// Otherwise returns the result, VALUE_SUSPEND (only if `awaited`), or VALUE_ERROR. `result` is the caller's register.
Value invoke(VM *vm, Interpreter *in, Frame *frame, Value callee, Value *arguments, size_t count, Tuple *keywords,
             uint16_t result, bool awaited, Frame **entered);

// Calls with a tuple of arguments and a dict of named ones (or VALUE_EMPTY).
Value invoke_spread(VM *vm, Value callee, Value positional, Value named);

bool print_value(VM *vm, Value v);
Value yield_from_iterator(VM *vm, Value v, bool takes_coroutines);

#endif

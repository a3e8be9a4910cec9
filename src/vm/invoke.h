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

// base: defaults, keyword defaults, closure, annotations; VALUE_EMPTY where there are none.
Value make_function(VM *vm, Code *code, Dict *globals, const Value *base);

Value build_set(VM *vm, const Value *items, size_t count);
Value build_dict(VM *vm, const Value *pairs, size_t count);
bool extend_display(VM *vm, Value list, Value iterable); // [1, *iterable]
bool setup_annotations(VM *vm, Frame *frame);
bool print_value(VM *vm, Value v);
// pair: the part that matches and the rest, for except*. TypeError when the type is a group's.
bool exception_star_split(VM *vm, Value exception, Value type, Value *pair);
Value yield_from_iterator(VM *vm, Value v);

#endif

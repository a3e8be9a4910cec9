// The way of an exception through the frames.
#ifndef AIOLI_VM_UNWIND_H
#define AIOLI_VM_UNWIND_H

#include "vm/frame.h"

// The shared MemoryError belongs to no place. When there is memory for a small object yet, as after a request for a large one,
// the script gets a MemoryError of its own, with a traceback and a context.
void own_memory_error(VM *vm);

// Adds the frame's place to the traceback of the exception on its way.
void note_frame(VM *vm, Frame *frame);

// Finds the handler for vm->exception, from `frame` outwards, leaving the frames that have none. Returns the frame that
// goes on at its handler, the exception in the handler's register; NULL when an entry frame was left.
Frame *unwind(VM *vm, Interpreter *in, Frame *frame);

// UnboundLocalError for the name; RecursionError.
void unbound_local(VM *vm, String *name);
void recursion_error(VM *vm);

#endif

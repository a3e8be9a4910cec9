// The interpreter's loop as the other files of this folder see it.
#ifndef AIOLI_VM_RUN_H
#define AIOLI_VM_RUN_H

#include "vm/frame.h"

typedef enum {
    RUN_GO,      // execute the instruction at frame->pc
    RUN_RAISE,   // raise vm->exception in the frame
    RUN_RERAISE, // as RUN_RAISE for an exception that keeps its traceback as it is
} RunStart;

// Runs `frame` (and what it calls) until the frame with FRAME_ENTRY at the bottom returns or suspends. Returns its
// result, VALUE_SUSPEND, or VALUE_ERROR.
Value interpreter_run(VM *vm, Interpreter *in, Frame *frame, RunStart start);

// The same, for C code: what is on its stack is found by collections meanwhile.
Value interpreter_enter(VM *vm, Interpreter *in, Frame *frame, RunStart start);

#endif

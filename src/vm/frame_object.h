// Frames as scripts see them: sys._getframe, a traceback's tb_frame, a generator's gi_frame.
#ifndef AIOLI_VM_FRAME_OBJECT_H
#define AIOLI_VM_FRAME_OBJECT_H

#include "vm/frame.h"

// Makes the class `frame`, and the attributes of tracebacks and code objects that lead to places and frames. False: out of memory.
bool frame_object_class_init(VM *vm);

// The frame object of a frame that runs, or is suspended in its generator: the same one as long as a frame on the stack runs.
// VALUE_ERROR with MemoryError.
Value frame_object_of(VM *vm, Frame *frame);

// What a frame that is about to leave the stack was: its object keeps a copy. Allocates, and never fails: what there is no memory for
// is missing from f_locals.
void frame_object_detach(VM *vm, Interpreter *in, Frame *frame);

// The variables of a frame by name: the namespace of a module or class, else a new dict. VALUE_ERROR: out of memory.
Value frame_locals(VM *vm, Frame *frame);

void frame_objects_trace(VM *vm, Interpreter *in);

#endif

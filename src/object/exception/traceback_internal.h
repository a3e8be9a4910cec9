// Shared by the files that write tracebacks.
#ifndef AIOLI_OBJECT_TRACEBACK_INTERNAL_H
#define AIOLI_OBJECT_TRACEBACK_INTERNAL_H

#include "base/buffer.h"
#include "object/exception/exception.h"

// One frame: its place, the source lines and the carets below them (traceback_frame.c).
void traceback_write_frame(VM *vm, const Code *code, uint32_t instruction, Buffer *out);

// What the message of a NameError, AttributeError or ImportError goes on with (suggestion.c): "Did you mean: 'x'?" and
// "Did you forget to import 'x'?". Appends nothing when there is nothing to say. [script]
void suggestion_write(VM *vm, Value exception, Buffer *out);

#endif

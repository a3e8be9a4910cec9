// Tracebacks as objects and as text.
#ifndef AIOLI_OBJECT_TRACEBACK_H
#define AIOLI_OBJECT_TRACEBACK_H

#include "object/exception/exception.h"

bool traceback_class_init(VM *vm);

// Appends a line of the code's source, without blanks at its ends, behind two blanks and with a line end; nothing if the source is not
// there.
void traceback_write_line(const Code *code, uint32_t line, Buffer *out);

#endif

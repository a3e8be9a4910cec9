// Tracebacks as objects and as text.
#ifndef AIOLI_OBJECT_TRACEBACK_H
#define AIOLI_OBJECT_TRACEBACK_H

#include "object/exception/exception.h"

bool traceback_class_init(VM *vm);

// Appends a line of the code's source, without blanks at its ends, behind two blanks and with a line end; nothing if the source is not
// there.
void traceback_write_line(const Code *code, uint32_t line, Buffer *out);

// Appends lines of source as a frame shows them, indented, with markers below what lies between byte `start` of the first and
// byte `end` of the last; the first line alone when nothing is placed.
void traceback_write_source(VM *vm, const String *text, bool is_placed, size_t start, size_t end, bool colours, Buffer *out);

// Appends the line of a syntax error and the carets below its characters offset … end_offset (from 1; ints or None).
void traceback_write_syntax_line(VM *vm, const String *text, Value offset, Value end_offset, bool same_line, bool colours, Buffer *out);

// Appends what the message of a NameError, AttributeError or ImportError goes on with: "Did you mean: 'x'?" and "Did you
// forget to import 'x'?"; nothing when there is nothing to say. [script]
void suggestion_write(VM *vm, Value exception, Buffer *out);

#endif

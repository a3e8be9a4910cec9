// Shared by the files that write tracebacks.
#ifndef AIOLI_OBJECT_TRACEBACK_INTERNAL_H
#define AIOLI_OBJECT_TRACEBACK_INTERNAL_H

#include "base/buffer.h"
#include "object/exception/exception.h"

// One frame: its place, the source lines and the carets below them (traceback_frame.c).
// Colours, as Select Graphic Rendition codes: of files, lines and names; of what went wrong.
#define COLOUR_OF_PLACES "35"
#define COLOUR_OF_ERRORS "1;31"
#define COLOUR_OF_CLASSES "1;35"
// Appends a text in a colour; code NULL: plainly.
void colour_text(Buffer *out, const char *code, const char *text, size_t size);
// `  File "…", line N`, without a line end.
void traceback_write_place(VM *vm, const char *file, size_t size, uint32_t line, Buffer *out);

void traceback_write_frame(VM *vm, const Code *code, uint32_t instruction, Buffer *out);

// A line of source without its line end.
typedef struct {
    const char *text;
    size_t length;
} SourceLine;

// A line (from 0, of those given) and a byte in it.
typedef struct {
    size_t line, column;
} SourcePlace;

typedef struct {
    enum { SHAPE_OTHER, SHAPE_OPERATION, SHAPE_SUBSCRIPT, SHAPE_CALL } kind;
    SourcePlace from, to; // unless SHAPE_OTHER: where the operator, or the brackets with what they hold, begin and end
    bool calls_name;         // f(…)
    bool is_whole_statement; // the call is all of what a `return` or an assignment to a name at the lines' start computes
} SourceShape;

// What lies between byte `start` of the first line and byte `end` of the last (traceback_shape.c). Without memory for
// looking: SHAPE_OTHER.
SourceShape source_shape(VM *vm, const SourceLine *lines, size_t count, size_t start, size_t end);

#endif

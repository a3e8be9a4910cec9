// Bytes to text: the mark and the encoding line at the start, line ends, what is not UTF-8.
#ifndef AIOLI_SYNTAX_SOURCE_H
#define AIOLI_SYNTAX_SOURCE_H

#include "syntax/parse.h"

typedef struct {
    const char *text; // UTF-8, line ends '\n', a line end at the end, a NUL behind it
    uint32_t length;  // with that line end
    Text *lines;      // without line ends; they point into a copy of the text
    size_t line_count;
} Source;

// Prepares `length` bytes. Returns false after filling in *error. Everything lives in the arena.
bool source_prepare(Arena *arena, const char *bytes, size_t length, Source *source, SyntaxError *error);

#endif

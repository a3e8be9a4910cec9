// Text as somebody types it at a prompt: whether it is all, and where the next line begins.
#ifndef AIOLI_SYNTAX_TYPED_H
#define AIOLI_SYNTAX_TYPED_H

#include <stddef.h>

#include "base/arena.h"

typedef enum {
    TYPED_COMPLETE,   // it can be run
    TYPED_INCOMPLETE, // more lines have to, or may follow
    TYPED_INVALID,    // nothing that follows could make it right: to run it tells what is wrong
} TypedState;

// Whether the text can be run as it stands. A statement with a block is complete when an empty line (of white space at most) ends the
// text: another line of the block, or an `else`, could follow otherwise. What is open (a bracket, a string of three quotes, a line
// that ends with a backslash) goes on whatever follows. Only parses: what a compiler finds (`return` outside of a function) it does
// not look for.
TypedState typed_state(Arena *arena, const char *text, size_t length);

// How many spaces the line begins with that is typed after this text (which has no line end behind its last line).
size_t typed_indentation(Arena *arena, const char *text, size_t length);

#endif

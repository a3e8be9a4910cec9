// Programs made from a grammar (programs.txt): each name in angle brackets is replaced by one of its productions, drawn by
// lot, until no name is left.
//
// The grammar's form: a line `= name` begins a name's productions; a line `- text` is a production, whose further lines
// stand below it, two spaces to the right. Where a production is put, its further lines are indented like its first.
// The deeper names are nested, the nearer to the first of a name's productions the draw: that must be one that ends.
#ifndef AIOLI_FUZZ_GENERATE_H
#define AIOLI_FUZZ_GENERATE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "random.h"

typedef struct Grammar Grammar;

// Reads a grammar. NULL, and a message on the standard error: it can't be read, or uses a name that it lacks.
Grammar *grammar_read(const char *path);
void grammar_free(Grammar *grammar);

// Appends what `<helpers>` becomes: what programs begin with. In a quick program loops are short: for builds in which all is
// slow.
void generate_helpers(const Grammar *grammar, Random *random, bool quick, Buffer *out);

// Appends what `<program>` becomes.
void generate_program(const Grammar *grammar, Random *random, Buffer *out);

#endif

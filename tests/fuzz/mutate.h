// Changes to the text of a program: whole lines, blocks and expressions are left out, repeated, exchanged, and pieces of other
// programs put in, so that most of what comes out still compiles.
#ifndef AIOLI_FUZZ_MUTATE_H
#define AIOLI_FUZZ_MUTATE_H

#include "base/buffer.h"
#include "random.h"

// Changes `text` a few times. `other` gives pieces.
void mutate_program(Buffer *text, const Buffer *other, Random *random);

#endif

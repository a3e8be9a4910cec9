// How much of the C stack is left: what recurses in C asks before it goes deeper.
#ifndef AIOLI_BASE_STACK_H
#define AIOLI_BASE_STACK_H

#include <stdbool.h>
#include <stdint.h>

// The lowest address that a function of this thread, running at `here`, may let its stack reach: some of it is kept for
// what does not ask. Where the stack's bounds can't be learned (a fiber's own), a quarter of a megabyte below `here` is taken
// to be there.
const char *stack_limit(const char *here);

// A number that only this thread has while it lives.
uintptr_t stack_thread(void);

static inline const char *stack_here(void) { return __builtin_frame_address(0); }

#endif

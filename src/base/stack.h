// How much of the C stack is left: what recurses in C asks before it goes deeper.
#ifndef AIOLI_BASE_STACK_H
#define AIOLI_BASE_STACK_H

#include <stdbool.h>
#include <stdint.h>

// The lowest address that a function of this thread, running at `here`, may let its stack reach: some of it is kept for
// what does not ask. Where the stack's bounds can't be learned (a fiber's own), a quarter of a megabyte below `here` is taken
// to be there.
const char *stack_limit(const char *here);

// A number that only this thread has while it lives. It is asked for at each call from the host, so it is an instruction where the compiler
// can.
#if (defined(__x86_64__) || defined(__aarch64__)) && ((defined(__clang__) && __clang_major__ >= 14) || (!defined(__clang__) && __GNUC__ >= 11))
static inline uintptr_t stack_thread(void) { return (uintptr_t)__builtin_thread_pointer(); }
#else
#define STACK_ASKS_PTHREADS
uintptr_t stack_thread(void);
#endif

// The frame of the function that asks: its locals lie below it. (A macro: without optimisation a function would name its own.)
#define stack_here() ((const char *)__builtin_frame_address(0))

#endif

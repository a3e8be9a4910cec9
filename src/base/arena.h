// An arena: many small blocks with one lifetime, freed together. The syntax tree and the compiler's scopes live in
// one. Running out of memory leaves through `failure` (longjmp), so that code which only builds trees need not test
// every pointer; whoever owns the arena sets the jump buffer, and frees the arena after the jump.
#ifndef AIOLI_BASE_ARENA_H
#define AIOLI_BASE_ARENA_H

#include <setjmp.h>
#include <stddef.h>

#include "base/memory.h"

typedef struct ArenaChunk ArenaChunk;

typedef struct {
    Allocator *allocator;
    ArenaChunk *chunk; // the newest chunk, linked to the older ones
    char *next;        // the free part of the newest chunk
    char *end;
    jmp_buf *failure; // must be set before anything is allocated
} Arena;

void arena_init(Arena *arena, Allocator *allocator, jmp_buf *failure);

// Returns `size` zeroed bytes, aligned for any type. Never returns NULL: jumps to *arena->failure (with value 1).
void *arena_allocate(Arena *arena, size_t size);

// Copies `length` bytes and adds a terminating NUL.
char *arena_copy(Arena *arena, const char *text, size_t length);

// printf into the arena; the result is NUL-terminated.
char *arena_format(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Frees every block. The arena may be used again after arena_init.
void arena_free(Arena *arena);

#endif

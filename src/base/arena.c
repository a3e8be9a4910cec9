#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct ArenaChunk {
    ArenaChunk *older;
    size_t size; // of the whole chunk, header included
};

enum { CHUNK_SIZE = 16 * 1024, ALIGNMENT = 16, CHUNK_HEADER = 16 };

void arena_init(Arena *arena, Allocator *allocator, jmp_buf *failure) {
    *arena = (Arena){.allocator = allocator, .failure = failure};
}

static void add_chunk(Arena *arena, size_t needed) {
    if (needed > SIZE_MAX / 2) longjmp(*arena->failure, 1);
    size_t size = needed + CHUNK_HEADER > CHUNK_SIZE ? needed + CHUNK_HEADER : CHUNK_SIZE;
    ArenaChunk *chunk = allocate(arena->allocator, size);
    if (!chunk) longjmp(*arena->failure, 1);
    chunk->older = arena->chunk;
    chunk->size = size;
    arena->chunk = chunk;
    arena->next = (char *)chunk + CHUNK_HEADER;
    arena->end = (char *)chunk + size;
}

void *arena_allocate(Arena *arena, size_t size) {
    if (!size) size = 1; // a block of its own all the same
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if ((size_t)(arena->end - arena->next) < size) add_chunk(arena, size);
    void *block = arena->next;
    arena->next += size;
    return memset(block, 0, size);
}

char *arena_copy(Arena *arena, const char *text, size_t length) {
    char *copy = arena_allocate(arena, length + 1);
    if (length) memcpy(copy, text, length);
    return copy;
}

char *arena_format(Arena *arena, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = arena_allocate(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void arena_free(Arena *arena) {
    for (ArenaChunk *chunk = arena->chunk; chunk;) {
        ArenaChunk *older = chunk->older;
        release(arena->allocator, chunk, chunk->size);
        chunk = older;
    }
    *arena = (Arena){.allocator = arena->allocator, .failure = arena->failure};
}

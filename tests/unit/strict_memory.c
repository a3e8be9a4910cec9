#include "strict_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FENCE = 16 };
#define LIVE 0x61696F6C696C6976u
#define DEAD 0x64656164626C6F63u

typedef struct {
    uint64_t mark;
    uint64_t size;
    unsigned char fence[FENCE];
} Header;
_Static_assert(sizeof(Header) % 16 == 0, "what follows is aligned");

static const unsigned char fence[FENCE] = "\xFE\xDC\xBA\x98\x76\x54\x32\x10\x01\x23\x45\x67\x89\xAB\xCD\xEF";

uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void complain(const char *what, size_t size, size_t told) {
    fprintf(stderr, "allocator: %s (a block of %zu bytes, said to have %zu)\n", what, size, told);
    abort();
}

static Header *checked(void *block, size_t told) {
    Header *header = (Header *)block - 1;
    if (header->mark == DEAD) complain("a freed block", header->size, told);
    if (header->mark != LIVE) complain("not a block", 0, told);
    if (header->size != told) complain("a wrong size", header->size, told);
    if (memcmp(header->fence, fence, FENCE)) complain("written before its start", header->size, told);
    if (memcmp((char *)block + told, fence, FENCE)) complain("written past its end", header->size, told);
    return header;
}

static void give_back(StrictMemory *memory, void *block, size_t size) {
    Header *header = checked(block, size);
    memory->live_bytes -= size;
    memset(block, 0xDB, size < 65536 ? size : 65536);
    header->mark = DEAD;
    free(header);
}

static bool refuses(StrictMemory *memory, size_t more) {
    long number = memory->allocations++;
    switch (memory->refusal) {
    case REFUSE_NONE: return false;
    case REFUSE_ONE: return number == memory->from;
    case REFUSE_SEVERAL: return number >= memory->from && number < memory->from + memory->count;
    case REFUSE_SOME: return (long)(next_random(&memory->random) % 1000000) < memory->per_million;
    case REFUSE_PAST: return memory->live_bytes + more > memory->limit;
    }
    return false;
}

void *strict_resize(void *user, void *block, size_t old_size, size_t new_size) {
    StrictMemory *memory = user;
    if (!block && old_size) complain("no block", 0, old_size);
    if (block) checked(block, old_size);
    if (new_size == 0) {
        if (block) give_back(memory, block, old_size);
        return NULL;
    }
    if (new_size > old_size && refuses(memory, new_size - old_size)) {
        memory->refused++;
        return NULL;
    }
    Header *header = new_size < SIZE_MAX / 2 ? malloc(sizeof(Header) + new_size + FENCE) : NULL;
    if (!header) return NULL;
    *header = (Header){.mark = LIVE, .size = new_size};
    memcpy(header->fence, fence, FENCE);
    char *fresh = (char *)(header + 1);
    size_t kept = old_size < new_size ? old_size : new_size;
    if (kept) memcpy(fresh, block, kept);
    // What is new holds no zeros by chance.
    memset(fresh + kept, 0xAC, new_size - kept < 65536 ? new_size - kept : 65536);
    memcpy(fresh + new_size, fence, FENCE);
    memory->live_bytes += new_size;
    if (block) give_back(memory, block, old_size);
    if (memory->live_bytes > memory->peak_bytes) memory->peak_bytes = memory->live_bytes;
    return fresh;
}

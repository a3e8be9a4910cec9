// An allocator for tests that trusts nobody: it keeps each block's size itself, puts bytes of its own around it, overwrites
// what is freed, moves a block whenever it is resized, and can refuse. A wrong size or a written fence ends the process with a
// message.
#ifndef STRICT_MEMORY_H
#define STRICT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    REFUSE_NONE,
    REFUSE_ONE,      // the allocation number `from`
    REFUSE_SEVERAL,  // that one and `count - 1` after it
    REFUSE_SOME,     // each one with a probability of `per_million`
    REFUSE_PAST,     // what would make it more than `limit` bytes in all
} Refusal;

typedef struct {
    Refusal refusal;
    long from, count, per_million;
    size_t limit;
    uint64_t random;      // the state of the generator behind REFUSE_SOME
    long allocations;     // requests for more so far
    long refused;
    size_t live_bytes, peak_bytes;
} StrictMemory;

// For aioli_config.resize; `user` is the StrictMemory.
void *strict_resize(void *user, void *block, size_t old_size, size_t new_size);

// The next number of a generator (splitmix64).
uint64_t next_random(uint64_t *state);

#endif

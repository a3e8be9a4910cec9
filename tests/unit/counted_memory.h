// What tests of hosts give a VM: memory that is counted and of which one allocation may fail, and a place for what it prints.
#ifndef COUNTED_MEMORY_H
#define COUNTED_MEMORY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    long until_failure; // allocations that succeed before one fails; negative: none fails
    long allocations, live_bytes;
    char output[4096];
    size_t output_length;
} CountedMemory;

// For aioli_config.resize and write; `user` begins with a CountedMemory.
static inline void *counted_resize(void *user, void *block, size_t old_size, size_t new_size) {
    CountedMemory *memory = user;
    if (new_size == 0) {
        memory->live_bytes -= (long)old_size;
        free(block);
        return NULL;
    }
    if (new_size > old_size) {
        memory->allocations++;
        if (memory->until_failure == 0) {
            memory->until_failure = -1;
            return NULL;
        }
        if (memory->until_failure > 0) memory->until_failure--;
    }
    void *result = realloc(block, new_size);
    if (result) memory->live_bytes += (long)new_size - (long)old_size;
    return result;
}

static inline int counted_write(void *user, int stream, const char *bytes, size_t length) {
    (void)stream;
    CountedMemory *memory = user;
    size_t room = sizeof memory->output - 1 - memory->output_length, taken = length < room ? length : room;
    memcpy(memory->output + memory->output_length, bytes, taken);
    memory->output[memory->output_length += taken] = 0;
    return 0;
}

#endif

#include "base/memory.h"

#include <stdlib.h>

static void *system_resize(Allocator *allocator, void *block, size_t old_size, size_t new_size) {
    (void)allocator;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

Allocator allocator_system(void) { return (Allocator){.resize = system_resize, .user = NULL}; }

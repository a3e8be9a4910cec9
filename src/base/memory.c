#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void *system_resize(Allocator *allocator, void *block, size_t old_size, size_t new_size) {
    (void)allocator;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

// AddressSanitizer and LeakSanitizer know blocks of the C library only.
#if defined(__SANITIZE_ADDRESS__)
#define MAPS_PAGES false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MAPS_PAGES false
#endif
#endif
#ifndef MAPS_PAGES
#define MAPS_PAGES true
#endif

Allocator allocator_system(void) {
    return (Allocator){.resize = system_resize, .user = NULL, .maps_pages = MAPS_PAGES};
}

void *memory_map(size_t size) {
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block == MAP_FAILED ? NULL : block;
}

void memory_unmap(void *block, size_t size) { munmap(block, size); }

void memory_discard(char *block, size_t size, size_t keep) {
    uintptr_t unit = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = ((uintptr_t)block + keep + unit - 1) & ~(unit - 1), to = ((uintptr_t)block + size) & ~(unit - 1);
    if (from < to) madvise((void *)from, to - from, MADV_DONTNEED);
}

void memory_prepare(char *block, size_t size) {
#ifdef MADV_POPULATE_WRITE
    // Huge pages are asked for while the memory is laid and no longer: afterwards the system would put together again what
    // memory_discard has taken out of them.
    bool huge = ((uintptr_t)block | size) % MEMORY_HUGE_PAGE == 0;
    if (huge) madvise(block, size, MADV_HUGEPAGE);
    madvise(block, size, MADV_POPULATE_WRITE);
    if (huge) madvise(block, size, MADV_NOHUGEPAGE);
#else
    (void)block, (void)size;
#endif
}

// pthread_getattr_np is of the GNU C library and musl.
#define _GNU_SOURCE
#include "base/stack.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

// What a function that does not ask may need, its callees and a signal handler included; far more under AddressSanitizer.
#if defined(__SANITIZE_ADDRESS__)
enum { RESERVE = 384 * 1024 };
#else
enum { RESERVE = 96 * 1024 };
#endif
enum { UNKNOWN = 256 * 1024 };
#define MOST ((size_t)64 * 1024 * 1024)

#ifdef STACK_ASKS_PTHREADS
uintptr_t stack_thread(void) { return (uintptr_t)pthread_self(); }
#endif

static bool thread_stack(const char **low, size_t *size) {
    pthread_attr_t attributes;
    void *address;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return false;
    bool known = pthread_attr_getstack(&attributes, &address, size) == 0;
    pthread_attr_destroy(&attributes);
    *low = address;
    return known;
}

// The main thread's, without reading /proc/self/maps, which takes longer than all else that a short run does: it begins behind the name of
// the program, which the kernel puts there first, and grows down as far as the limit says. (What is mapped keeps 128 MB away from it.)
static bool main_stack(const char *here, const char **low, size_t *size) {
    struct rlimit limit;
    const char *top = (const char *)getauxval(AT_EXECFN);
    if (!top || getpid() != gettid() || getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur < 64 * 1024) return false;
    *size = limit.rlim_cur > MOST ? MOST : (size_t)limit.rlim_cur;
    *low = top - *size;
    return here > *low && here < top; // else this is a fiber, or a child that a thread has forked
}

const char *stack_limit(const char *here) {
    const char *low = NULL;
    size_t size = 0;
    if (main_stack(here, &low, &size) || thread_stack(&low, &size)) {
        if (!(here > low && (size_t)(here - low) < size))
            low = NULL; // a fiber's
        else if ((size_t)(here - low) > MOST)
            low = here - MOST; // one without a limit
    }
    if (!low) low = here - UNKNOWN;
    size_t left = (size_t)(here - low);
    return low + (RESERVE < left / 2 ? RESERVE : left / 2);
}

// A stressed build (-Dgc_stress=true) collects at every safepoint and runs scripts a hundred times slower. Tests that go through
// all of something go through some of it there.
#ifndef STRESS_H
#define STRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef AIOLI_GC_STRESS
static const bool is_stressed = true;
#else
static const bool is_stressed = false;
#endif

// How far to the next one of what is gone through: `usual`, or at random `rarer` times as far on the average. STRESS_SEED in the
// environment chooses other ones.
static inline long stride(long usual, long rarer) {
    static uint64_t random;
    if (!is_stressed) return usual;
    if (!random) {
        const char *seed = getenv("STRESS_SEED");
        random = 88172645463325252u + (seed ? strtoull(seed, NULL, 10) << 32 : 0);
    }
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    return 1 + (long)(random % (uint64_t)(2 * usual * rarer - 1));
}

// A first one.
static inline long stride_from(long rarer) { return stride(1, rarer) - 1; }

#endif

// The dice of the fuzz target: everything that a program is made of follows from one seed.
#ifndef AIOLI_FUZZ_RANDOM_H
#define AIOLI_FUZZ_RANDOM_H

#include <stdint.h>

typedef struct {
    uint64_t state;
} Random;

static inline Random random_from(uint64_t seed) {
    Random random = {(seed + 1) * 0x9E3779B97F4A7C15u};
    if (!random.state) random.state = 1;
    return random;
}

static inline uint32_t random_below(Random *random, uint32_t n) { // xorshift64*, Vigna 2016
    uint64_t x = random->state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    random->state = x;
    return (uint32_t)((x * 0x2545F4914F6CDD1Du) >> 33) % n;
}

#endif

// Exact summation in fixed point: a number is added at the place that its exponent gives, in an accumulator that is as wide as
// the range of doubles, so that nothing is rounded before the end (Kulisch, "Computer Arithmetic and Validity"; Neal, "Fast
// Exact Summation Using Small and Large Superaccumulators", 2015, whose carries wait; here they are taken at once, since after
// each number the sum is compared with the range of doubles).
#include "modules/number/exact_sum.h"

#include <math.h>
#include <string.h>

enum { FRACTION_BITS = 52, EXPONENT_MASK = 0x7FF, UNIT_EXPONENT = -1074, TOP = EXACT_SUM_LIMBS - 1 };

static bool is_negative(const ExactSum *sum) { return sum->limbs[TOP] >> 63; }

// Adds or subtracts what stands in two limbs at `place`, and carries on to the limbs above.
static void add_limbs(uint64_t *limbs, size_t place, const uint64_t part[2], bool subtract) {
    bool carry = false;
    for (size_t i = place; i < EXACT_SUM_LIMBS; i++) {
        uint64_t term = i - place < 2 ? part[i - place] : 0;
        if (i - place >= 2 && !carry) return;
        uint64_t result;
        bool first, second;
        if (subtract) {
            first = __builtin_sub_overflow(limbs[i], term, &result);
            second = __builtin_sub_overflow(result, (uint64_t)carry, &limbs[i]);
        } else {
            first = __builtin_add_overflow(limbs[i], term, &result);
            second = __builtin_add_overflow(result, (uint64_t)carry, &limbs[i]);
        }
        carry = first || second;
    }
}

bool exact_sum_add(ExactSum *sum, double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    uint64_t fraction = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
    unsigned exponent = bits >> FRACTION_BITS & EXPONENT_MASK, shift = 0;
    if (exponent) { // a subnormal number has the least exponent, too, but no leading one
        fraction |= UINT64_C(1) << FRACTION_BITS;
        shift = exponent - 1;
    }
    unsigned offset = shift % 64;
    uint64_t part[2] = {fraction << offset, offset ? fraction >> (64 - offset) : 0};
    add_limbs(sum->limbs, shift / 64, part, bits >> 63);
    // The largest double fills the last limb up to its 50th bit. Only close to that does it matter how the rest is rounded.
    int64_t top = (int64_t)sum->limbs[TOP], bound = (INT64_C(1) << 50) - 1;
    return (top < bound && top > -bound) || isfinite(exact_sum_round(sum));
}

double exact_sum_round(const ExactSum *sum) {
    static const ExactSum zero;
    ExactSum magnitude = *sum;
    if (is_negative(sum)) {
        magnitude = zero;
        for (size_t i = 0; i < EXACT_SUM_LIMBS; i++) {
            const uint64_t part[2] = {sum->limbs[i], 0};
            add_limbs(magnitude.limbs, i, part, true);
        }
    }
    const uint64_t *limbs = magnitude.limbs;
    size_t highest = TOP;
    while (highest && !limbs[highest]) highest--;
    if (!limbs[highest]) return 0;
    // The 64 bits from the highest one down; that there are others below is kept in the lowest of them. Converting them to
    // double rounds, halves to even, and what follows is a multiplication by a power of two without loss.
    uint64_t window = limbs[highest];
    int exponent = UNIT_EXPONENT + 64 * (int)highest;
    unsigned missing = (unsigned)__builtin_clzll(window);
    if (highest) {
        if (missing) window = window << missing | limbs[highest - 1] >> (64 - missing);
        exponent -= (int)missing;
        bool rest = limbs[highest - 1] << missing;
        for (size_t i = 0; i + 1 < highest && !rest; i++) rest = limbs[i];
        window |= rest;
    }
    double result = ldexp((double)window, exponent);
    return is_negative(sum) ? -result : result;
}

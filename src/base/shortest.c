// The shortest decimal of a double, by one multiplication of 126 bits for each end of the interval of the numbers that read back as it:
// R. Giulietti, "The Schubfach way to render doubles" (2020), section 9. In the names of that paper: the double is c * 2^q, a decimal
// d * 10^k; numbers are kept as four times what they are, so that the ends of the interval are whole.
#include "base/shortest.h"

#include <string.h>

#ifdef __SIZEOF_INT128__

typedef unsigned __int128 Wide;

// The floors of log10(2^e), log10(3/4 * 2^e) and log2(10^e), exact for the exponents of doubles.
static int log10_of_power_of_two(int e) { return (int)((int64_t)e * 661971961083 >> 41); }
static int log10_of_three_quarters(int e) { return (int)(((int64_t)e * 661971961083 - 274743187321) >> 41); }
static int log2_of_power_of_ten(int e) { return (int)((int64_t)e * 913124641741 >> 38); }

// The product of a power and a number, rounded to odd: its lowest bit is set when bits below it were.
static uint64_t scaled(const PowerOfTen *power, uint64_t number) {
    uint64_t below = (uint64_t)((Wide)power->low * number >> 64);
    Wide product = (Wide)power->high * number;
    uint64_t middle = ((uint64_t)product >> 1) + below, top = (uint64_t)(product >> 64) + (middle >> 63);
    return top | ((middle & INT64_MAX) != 0);
}

bool shortest_decimal(double number, uint64_t *digits, int *exponent) {
    enum { FRACTION_BITS = 52 };
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    int biased = (int)(bits >> FRACTION_BITS & 0x7FF);
    if (biased == 0 || biased == 0x7FF) return false;
    uint64_t c = (bits & (((uint64_t)1 << FRACTION_BITS) - 1)) | (uint64_t)1 << FRACTION_BITS;
    int q = biased - 1075;
    // Below a power of two doubles are twice as near.
    bool is_power = c == (uint64_t)1 << FRACTION_BITS && biased > 1;
    int k = is_power ? log10_of_three_quarters(q) : log10_of_power_of_two(q);
    int shift = q + log2_of_power_of_ten(-k) + 2;
    const PowerOfTen *power = &powers_of_ten[k - POWERS_OF_TEN_LEAST];
    uint64_t middle = scaled(power, 4 * c << shift);
    uint64_t low = scaled(power, (4 * c - (is_power ? 1 : 2)) << shift), high = scaled(power, (4 * c + 2) << shift);
    uint64_t odd = c & 1; // the ends themselves read back as an even c
    uint64_t below = middle / 4, shorter = below / 10 * 10;
    bool low_fits = low + odd <= 4 * shorter, high_fits = 4 * (shorter + 10) + odd <= high;
    *exponent = k;
    if (low_fits != high_fits) {
        *digits = low_fits ? shorter : shorter + 10;
        return true;
    }
    low_fits = low + odd <= 4 * below;
    high_fits = 4 * (below + 1) + odd <= high;
    if (low_fits != high_fits) {
        *digits = low_fits ? below : below + 1;
        return true;
    }
    int64_t beyond = (int64_t)(middle - (4 * below + 2)); // above the middle between both
    *digits = beyond < 0 || (beyond == 0 && below % 2 == 0) ? below : below + 1;
    return true;
}

#else

bool shortest_decimal(double number, uint64_t *digits, int *exponent) { return false; }

#endif

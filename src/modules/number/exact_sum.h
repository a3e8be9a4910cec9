// The exact sum of any number of doubles, rounded once.
#ifndef AIOLI_MODULES_EXACT_SUM_H
#define AIOLI_MODULES_EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>

enum { EXACT_SUM_LIMBS = 33 };

// A whole number of 2^-1074ths, which is what every finite double is: two's complement, the least significant limb first.
// Its 2112 bits hold every finite double (2098 bits) and a sum of two, with its sign. All zero is the sum of nothing.
typedef struct {
    uint64_t limbs[EXACT_SUM_LIMBS];
} ExactSum;

// Adds a finite number. Returns false, when the sum has left the range of doubles: the sum is useless then.
bool exact_sum_add(ExactSum *sum, double number);

// The double nearest to the sum; of two, the even one. Never negative zero.
double exact_sum_round(const ExactSum *sum);

#endif

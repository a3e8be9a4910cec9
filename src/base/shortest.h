// The shortest decimal of a double.
#ifndef AIOLI_BASE_SHORTEST_H
#define AIOLI_BASE_SHORTEST_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t high, low; // 63 bits each
} PowerOfTen;

enum { POWERS_OF_TEN_LEAST = -324 };
extern const PowerOfTen powers_of_ten[]; // of 10^-k for k from there on; made by powers_of_ten.py

// The shortest decimal *digits * 10^*exponent that reads back as the normal, positive number, the nearest of that length. *digits may
// end with zeros. False where there is no arithmetic for it, or the number is subnormal.
bool shortest_decimal(double number, uint64_t *digits, int *exponent);

#endif

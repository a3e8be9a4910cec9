// Arithmetic of numbers of moderate size (int_direct.c). Each function gives VALUE_EMPTY, with nothing raised, for numbers that are too
// long for it, and VALUE_ERROR without memory.
#ifndef AIOLI_OBJECT_INT_DIRECT_H
#define AIOLI_OBJECT_INT_DIRECT_H

#include "object/number/int.h"

// The most digits of a sum or of what is divided; of the shorter factor, beyond which Karatsuba's way is faster; of a product; the most
// steps of a division.
enum { DIRECT_SUM = 8192, DIRECT_FACTOR = 40, DIRECT_PRODUCT = 4096, DIRECT_DIVISION = 1 << 14 };

Value int_add_direct(VM *vm, const mp_int *x, const mp_int *y, bool subtracts);
Value int_multiply_direct(VM *vm, const mp_int *x, const mp_int *y);
Value int_shift_left_direct(VM *vm, const mp_int *x, int64_t count); // count is not negative
// The quotient rounded down, the rest, or both; y is not 0.
Value int_divide_direct(VM *vm, Binary op, const mp_int *x, const mp_int *y);

// base ** exponent % modulus; the exponent is not negative, the modulus not 0.
Value int_power_modulo_direct(VM *vm, const mp_int *base, const mp_int *exponent, const mp_int *modulus);

#endif

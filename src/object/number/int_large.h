// Multiplication, division and what stands on them for numbers of any size: faster than in proportion to the square of the
// digits, and interruptible: libtommath is only asked for pieces of some tens of microseconds.
#ifndef AIOLI_OBJECT_INT_LARGE_H
#define AIOLI_OBJECT_INT_LARGE_H

#include <tommath.h>

#include "object/core/vm.h"

// What the functions below return beside MP_OKAY and MP_MEM: they were interrupted, and the exception is raised.
#define MP_RAISED MP_ITER

// c = a * b. c may be a or b.
mp_err large_multiply(VM *vm, const mp_int *a, const mp_int *b, mp_int *c);
// a = quotient * b + rest, rounded towards zero as mp_div does; b is not zero. Either result may be NULL, or an operand.
mp_err large_divide(VM *vm, const mp_int *a, const mp_int *b, mp_int *quotient, mp_int *rest);
// c = base ** exponent.
mp_err large_power(VM *vm, const mp_int *base, uint64_t exponent, mp_int *c);
// c = base ** exponent modulo a positive modulus; base is not negative, exponent is positive.
mp_err large_power_modulo(VM *vm, const mp_int *base, const mp_int *exponent, const mp_int *modulus, mp_int *c);
// c = the inverse of a modulo a positive modulus. MP_VAL: there is none.
mp_err large_inverse(VM *vm, const mp_int *a, const mp_int *modulus, mp_int *c);

// ---- Decimal digits (int_decimal.c)

// Writes a positive number of at most `count` digits as just so many, with zeros in front.
mp_err large_to_decimal(VM *vm, const mp_int *number, char *digits, size_t count);
// Reads digits, which are valid, of a base up to 36.
mp_err large_from_digits(VM *vm, const char *digits, size_t count, int base, mp_int *number);

#endif

// What the files of int share.
#ifndef AIOLI_OBJECT_INT_INTERNAL_H
#define AIOLI_OBJECT_INT_INTERNAL_H

#include "object/number/int.h"
#include "object/shared/builtin.h"

// Any int as a libtommath number that is only read: a small one is laid out in the view itself.
typedef struct {
    mp_int number;
    mp_digit digits[2];
} IntView;

const mp_int *int_view(Value v, IntView *view);

// A cell for a number of that many digits, which are still to be set; then int_settle makes an int of it. NULL with MemoryError.
BigInt *int_new(VM *vm, int digits);
Value int_settle(BigInt *big, int digits, mp_sign sign);

// MemoryError when a number of that many digits can't or may not be made.
bool int_room(VM *vm, uint64_t digits);

// The top 64 bits of a number that has at least 64, with the low bit set if any bit below them is; and the
// number of bits below them.
uint64_t int_top_bits(const mp_int *number, int *below);

// Whether the (non-negative or negative) number is odd.
static inline bool mp_odd(const mp_int *number) { return number->used && (number->dp[0] & 1); }

bool int_methods_init(VM *vm); // int_methods.c

#endif

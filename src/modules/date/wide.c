// Whole numbers of microseconds: exact products and quotients of timedeltas.
#include <math.h>

#include "modules/date/date_internal.h"
#include "object/container/list.h"

bool int_to_wide(Value v, Wide *out) {
    int64_t number;
    if (int_to_int64(v, &number)) return *out = number, true;
    if (int_bit_length(v) > 126) return false;
    const mp_int *large = &((BigInt *)object_of(v))->number;
    Wide sum = 0;
    for (int i = large->used; i-- > 0;) sum = (Wide)((unsigned __int128)sum << MP_DIGIT_BIT) | (Wide)large->dp[i];
    *out = int_sign(v) < 0 ? -sum : sum;
    return true;
}

Value wide_to_int(VM *vm, Wide number) {
    if (number >= INT64_MIN && number <= INT64_MAX) return int_from_int64(vm, (int64_t)number);
    Value high = int_from_int64(vm, (int64_t)(number >> 64)), low = int_from_uint64(vm, (uint64_t)number);
    if (is_error(high) || is_error(low)) return VALUE_ERROR;
    high = int_binary(vm, BINARY_LEFT_SHIFT, high, value_small(64));
    return is_error(high) ? high : int_binary(vm, BINARY_ADD, high, low);
}

Value divide_nearest(VM *vm, Value a, Value b) {
    Value pair = int_binary(vm, BINARY_DIVMOD, a, b);
    if (is_error(pair)) return pair;
    Value quotient = tuple_of(pair)->items[0], rest = tuple_of(pair)->items[1];
    rest = int_binary(vm, BINARY_MULTIPLY, rest, value_small(2));
    if (is_error(rest)) return rest;
    // The rest has the divisor's sign.
    Value more = int_compare(vm, int_sign(b) < 0 ? COMPARISON_LT : COMPARISON_GT, rest, b);
    Value half = int_compare(vm, COMPARISON_EQ, rest, b);
    if (is_true(half)) {
        Value odd = int_binary(vm, BINARY_AND, quotient, value_small(1));
        if (is_error(odd)) return odd;
        more = value_bool(int_sign(odd) != 0);
    }
    return is_true(more) ? int_binary(vm, BINARY_ADD, quotient, value_small(1)) : quotient;
}

// A float as a fraction of ints: the denominator is positive. False with an exception.
static bool float_ratio(VM *vm, double number, Value *numerator, Value *denominator) {
    if (isnan(number)) return raise_value_error(vm, "cannot convert NaN to integer ratio"), false;
    if (isinf(number)) return raise_overflow_error(vm, "cannot convert Infinity to integer ratio"), false;
    int exponent;
    double part = frexp(number, &exponent);
    int64_t mantissa = (int64_t)ldexp(part, 53);
    exponent -= 53;
    while (mantissa && !(mantissa & 1) && exponent < 0) {
        mantissa /= 2;
        exponent++;
    }
    if (!mantissa) exponent = 0;
    *numerator = int_from_int64(vm, mantissa);
    *denominator = value_small(1);
    if (is_error(*numerator)) return false;
    Value *shifted = exponent < 0 ? denominator : numerator;
    *shifted = int_binary(vm, BINARY_LEFT_SHIFT, *shifted, value_small(exponent < 0 ? -exponent : exponent));
    return !is_error(*shifted);
}

static Value scaled(VM *vm, Wide microseconds, Value by, Value over) {
    Value number = wide_to_int(vm, microseconds);
    if (!is_error(number)) number = int_binary(vm, BINARY_MULTIPLY, number, by);
    return is_error(number) ? number : divide_nearest(vm, number, over);
}

Value delta_times_float(VM *vm, Wide microseconds, double factor) {
    Value numerator, denominator;
    return float_ratio(vm, factor, &numerator, &denominator) ? scaled(vm, microseconds, numerator, denominator) : VALUE_ERROR;
}

Value delta_over_float(VM *vm, Wide microseconds, double divisor) {
    Value numerator, denominator;
    return float_ratio(vm, divisor, &numerator, &denominator) ? scaled(vm, microseconds, denominator, numerator) : VALUE_ERROR;
}

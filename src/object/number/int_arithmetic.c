// The operators of int.
#include <limits.h>
#include <math.h>

#include "object/number/int_direct.h"
#include "object/number/int_internal.h"
#include "object/number/int_large.h"

// Floor division of C integers; b is not 0 and the quotient fits.
static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
static int64_t floor_modulo(int64_t a, int64_t b) {
    int64_t rest = a % b;
    return rest && (rest < 0) != (b < 0) ? rest + b : rest;
}

// The end of every operation on big numbers.
static Value finish(VM *vm, mp_err status, mp_int *result) {
    if (status == MP_OKAY) return int_from_mp(vm, result);
    mp_clear(result);
    return status == MP_RAISED ? VALUE_ERROR : raise_memory_error(vm);
}

// Floor quotient and rest; both are initialised.
static mp_err divide_floor(VM *vm, const mp_int *a, const mp_int *b, mp_int *quotient, mp_int *rest) {
    mp_err status = large_divide(vm, a, b, quotient, rest);
    if (status == MP_OKAY && rest->used && rest->sign != b->sign) {
        status = mp_sub_d(quotient, 1, quotient);
        if (status == MP_OKAY) status = mp_add(rest, b, rest);
    }
    return status;
}

static Value zero_division(VM *vm, Binary op) {
    return raise_error(vm, vm->exceptions.zero_division_error, "%s",
                       op == BINARY_MODULO   ? "integer modulo by zero"
                       : op == BINARY_DIVIDE ? "division by zero"
                                             : "integer division or modulo by zero");
}

static Value divmod_pair(VM *vm, Value quotient, Value rest) {
    Value pair[2] = {quotient, rest};
    return is_error(quotient) || is_error(rest) ? VALUE_ERROR : object_or_error(tuple_from(vm, pair, 2));
}

static Value big_division(VM *vm, Binary op, const mp_int *a, const mp_int *b) {
    mp_int quotient, rest;
    Value direct = int_divide_direct(vm, op, a, b);
    if (!is_empty(direct)) return direct;
    if (!int_room(vm, (uint64_t)a->used + (uint64_t)b->used)) return VALUE_ERROR;
    if (mp_init_multi(&quotient, &rest, NULL) != MP_OKAY) return raise_memory_error(vm);
    mp_err status = divide_floor(vm, a, b, &quotient, &rest);
    if (status != MP_OKAY) {
        mp_clear(&quotient);
        return finish(vm, status, &rest);
    }
    if (op == BINARY_FLOOR_DIVIDE) return mp_clear(&rest), int_from_mp(vm, &quotient);
    if (op == BINARY_MODULO) return mp_clear(&quotient), int_from_mp(vm, &rest);
    Value first = int_from_mp(vm, &quotient), second = int_from_mp(vm, &rest);
    return divmod_pair(vm, first, second);
}

// a / b to the nearest double. The quotient is brought to at least 66 bits, all bits that are lost on the way
// are kept as one sticky bit, and the one rounding is done at the end.
static Value big_true_division(VM *vm, const mp_int *a, const mp_int *b) {
    bool negative = a->sign != b->sign;
    if (!a->used) return value_float(negative ? -0.0 : 0.0);
    int64_t shift = (int64_t)mp_count_bits(b) - mp_count_bits(a) + 66;
    if (shift < -1100) goto overflow;
    if (shift > 1300) return value_float(negative ? -0.0 : 0.0);
    mp_int numerator, denominator, quotient, rest;
    if (mp_init_multi(&numerator, &denominator, &quotient, &rest, NULL) != MP_OKAY)
        return raise_memory_error(vm);
    mp_err status = mp_mul_2d(a, shift > 0 ? (int)shift : 0, &numerator);
    if (status == MP_OKAY) status = mp_mul_2d(b, shift < 0 ? (int)-shift : 0, &denominator);
    numerator.sign = denominator.sign = MP_ZPOS;
    if (status == MP_OKAY) status = mp_div(&numerator, &denominator, &quotient, &rest);
    int below = 0;
    uint64_t top = 0;
    if (status == MP_OKAY) {
        top = int_top_bits(&quotient, &below);
        if (rest.used) top |= 1;
    }
    mp_clear_multi(&numerator, &denominator, &quotient, &rest, NULL);
    if (status != MP_OKAY) return raise_memory_error(vm);
    // The value is top * 2^exponent with 2^63 <= top. A result that will be subnormal has fewer bits than 53:
    // drop the others here, so that ldexp does not round a second time.
    int64_t exponent = below - shift;
    int64_t lost = -1074 - exponent; // bits of top below the smallest subnormal
    if (lost > 11) {
        if (lost > 65) return value_float(negative ? -0.0 : 0.0);
        uint64_t kept = lost > 63 ? 0 : top >> lost;
        uint64_t dropped = lost > 63 ? top : top & (((uint64_t)1 << lost) - 1);
        bool above = lost > 64    ? false
                     : lost == 64 ? dropped > (uint64_t)1 << 63
                                  : dropped > (uint64_t)1 << (lost - 1);
        bool half =
            lost > 64 ? false : dropped == (lost == 64 ? (uint64_t)1 << 63 : (uint64_t)1 << (lost - 1));
        if (above || (half && (kept & 1))) kept++;
        double number = ldexp((double)kept, -1074);
        return value_float(negative ? -number : number);
    }
    double number = ldexp((double)top, (int)exponent);
    if (isinf(number)) goto overflow;
    return value_float(negative ? -number : number);
overflow:
    return raise_overflow_error(vm, "integer division result too large for a float");
}

static Value shift_left(VM *vm, Value a, Value b) {
    if (int_sign(b) < 0) return raise_value_error(vm, "negative shift count");
    if (!int_sign(a)) return value_small(0);
    int64_t count;
    if (!int_to_int64(b, &count)) return raise_overflow_error(vm, "too many digits in integer");
    if (is_small(a) && count < 16) {
        int64_t n = small_of(a) * ((int64_t)1 << count);
        return int_from_int64(vm, n);
    }
    IntView view;
    const mp_int *number = int_view(a, &view);
    Value direct = int_shift_left_direct(vm, number, count);
    if (!is_empty(direct)) return direct;
    if (!int_room(vm, (uint64_t)count / MP_DIGIT_BIT + (uint64_t)number->used + 2)) return VALUE_ERROR;
    mp_int result;
    if (mp_init(&result) != MP_OKAY) return raise_memory_error(vm);
    return finish(vm, mp_mul_2d(number, (int)count, &result), &result);
}

static Value shift_right(VM *vm, Value a, Value b) {
    if (int_sign(b) < 0) return raise_value_error(vm, "negative shift count");
    int64_t count;
    bool far = !int_to_int64(b, &count) || count > INT_MAX;
    if (far) return value_small(int_sign(a) < 0 ? -1 : 0);
    if (is_small(a)) return value_small(count > 62 ? (small_of(a) < 0 ? -1 : 0) : small_of(a) >> count);
    IntView view;
    const mp_int *number = int_view(a, &view);
    if (!int_room(vm, (uint64_t)number->used)) return VALUE_ERROR;
    mp_int result;
    if (mp_init(&result) != MP_OKAY) return raise_memory_error(vm);
    return finish(vm, mp_signed_rsh(number, (int)count, &result), &result);
}

static Value power(VM *vm, Value a, Value b) {
    if (int_sign(b) < 0) {
        double x, y;
        if (!int_to_double(vm, a, &x) || !int_to_double(vm, b, &y)) return VALUE_ERROR;
        return float_binary(vm, BINARY_POWER, x, y);
    }
    int64_t exponent;
    bool huge = !int_to_int64(b, &exponent);
    if (is_small(a) && small_of(a) >= -1 && small_of(a) <= 1) {
        bool odd = is_small(b) ? small_of(b) & 1 : mp_odd(&((BigInt *)object_of(b))->number);
        if (!int_sign(b)) return value_small(1);
        return value_small(small_of(a) == -1 && !odd ? 1 : small_of(a));
    }
    if (huge) return raise_memory_error(vm);
    if (is_small(a)) { // while it fits
        int64_t result = 1, base = small_of(a);
        bool fits = true;
        for (int64_t n = exponent; n && fits; n >>= 1) {
            if (n & 1) fits = !__builtin_mul_overflow(result, base, &result);
            if (n > 1 && fits) fits = !__builtin_mul_overflow(base, base, &base);
        }
        if (fits) return int_from_int64(vm, result);
    }
    IntView view;
    const mp_int *number = int_view(a, &view);
    uint64_t bits = (uint64_t)mp_count_bits(number);
    uint64_t result_bits;
    if (__builtin_mul_overflow(bits, (uint64_t)exponent, &result_bits)) return raise_memory_error(vm);
    if (!int_room(vm, result_bits / MP_DIGIT_BIT + 2)) return VALUE_ERROR;
    mp_int result;
    if (mp_init(&result) != MP_OKAY) return raise_memory_error(vm);
    return finish(vm, large_power(vm, number, (uint64_t)exponent, &result), &result);
}

// Operations whose result fits an int64 where both operands are small.
static Value small_binary(VM *vm, Binary op, int64_t a, int64_t b) {
    int64_t n;
    switch (op) {
    case BINARY_ADD: return int_from_int64(vm, a + b);
    case BINARY_SUBTRACT: return int_from_int64(vm, a - b);
    case BINARY_MULTIPLY: return __builtin_mul_overflow(a, b, &n) ? VALUE_EMPTY : int_from_int64(vm, n);
    case BINARY_DIVIDE: return b ? value_float((double)a / (double)b) : zero_division(vm, op);
    case BINARY_FLOOR_DIVIDE: return b ? int_from_int64(vm, floor_divide(a, b)) : zero_division(vm, op);
    case BINARY_MODULO: return b ? value_small(floor_modulo(a, b)) : zero_division(vm, op);
    case BINARY_DIVMOD:
        if (!b) return zero_division(vm, op);
        return divmod_pair(vm, int_from_int64(vm, floor_divide(a, b)), value_small(floor_modulo(a, b)));
    case BINARY_AND: return value_small(a & b);
    case BINARY_OR: return value_small(a | b);
    case BINARY_XOR: return value_small(a ^ b);
    default: return VALUE_EMPTY;
    }
}

static Value big_binary(VM *vm, Binary op, Value a, Value b) {
    IntView left, right;
    const mp_int *x = int_view(a, &left), *y = int_view(b, &right);
    switch (op) {
    case BINARY_DIVIDE: return y->used ? big_true_division(vm, x, y) : zero_division(vm, op);
    case BINARY_FLOOR_DIVIDE:
    case BINARY_MODULO:
    case BINARY_DIVMOD: return y->used ? big_division(vm, op, x, y) : zero_division(vm, op);
    default: break;
    }
    Value direct = op == BINARY_MULTIPLY                          ? int_multiply_direct(vm, x, y)
                   : op == BINARY_ADD || op == BINARY_SUBTRACT ? int_add_direct(vm, x, y, op == BINARY_SUBTRACT)
                                                                   : VALUE_EMPTY;
    if (!is_empty(direct)) return direct;
    uint64_t longer = (uint64_t)(x->used > y->used ? x->used : y->used);
    if (!int_room(vm, op == BINARY_MULTIPLY ? (uint64_t)x->used + (uint64_t)y->used : longer + 1)) return VALUE_ERROR;
    mp_int result;
    if (mp_init(&result) != MP_OKAY) return raise_memory_error(vm);
    switch (op) {
    case BINARY_ADD: return finish(vm, mp_add(x, y, &result), &result);
    case BINARY_SUBTRACT: return finish(vm, mp_sub(x, y, &result), &result);
    case BINARY_MULTIPLY: return finish(vm, large_multiply(vm, x, y, &result), &result);
    case BINARY_AND: return finish(vm, mp_and(x, y, &result), &result);
    case BINARY_OR: return finish(vm, mp_or(x, y, &result), &result);
    case BINARY_XOR: return finish(vm, mp_xor(x, y, &result), &result);
    default: return mp_clear(&result), VALUE_NOT_IMPLEMENTED;
    }
}

// What 64 bits can do needs no big number but for the result. VALUE_EMPTY when they can't.
static Value word_binary(VM *vm, Binary op, int64_t a, int64_t b) {
    int64_t result;
    switch (op) {
    case BINARY_ADD: return __builtin_add_overflow(a, b, &result) ? VALUE_EMPTY : int_from_int64(vm, result);
    case BINARY_SUBTRACT: return __builtin_sub_overflow(a, b, &result) ? VALUE_EMPTY : int_from_int64(vm, result);
    case BINARY_MULTIPLY: return __builtin_mul_overflow(a, b, &result) ? VALUE_EMPTY : int_from_int64(vm, result);
    case BINARY_MODULO:
        if (b == 0 || b == -1) return VALUE_EMPTY;
        result = a % b;
        return int_from_int64(vm, result && (result ^ b) < 0 ? result + b : result);
    case BINARY_FLOOR_DIVIDE:
        if (b == 0 || b == -1) return VALUE_EMPTY;
        return int_from_int64(vm, a / b - (a % b != 0 && (a ^ b) < 0));
    default: return VALUE_EMPTY;
    }
}

Value int_binary(VM *vm, Binary op, Value a, Value b) {
    if (!is_int(a) || !is_int(b)) return VALUE_NOT_IMPLEMENTED;
    if (is_bool(a) && is_bool(b)) {
        if (op == BINARY_AND) return value_bool(is_true(a) && is_true(b));
        if (op == BINARY_OR) return value_bool(is_true(a) || is_true(b));
        if (op == BINARY_XOR) return value_bool(is_true(a) ^ is_true(b));
    }
    // Instances of subclasses stay as they are: the view reads their numbers.
    if (is_bool(a)) a = value_small(is_true(a));
    if (is_bool(b)) b = value_small(is_true(b));
    if (op == BINARY_LEFT_SHIFT) return shift_left(vm, a, b);
    if (op == BINARY_RIGHT_SHIFT) return shift_right(vm, a, b);
    if (op == BINARY_POWER) return power(vm, a, b);
    if (are_small(a, b)) {
        Value result = small_binary(vm, op, small_of(a), small_of(b));
        if (!is_empty(result)) return result;
    }
    int64_t x, y;
    if (int_to_int64(a, &x) && int_to_int64(b, &y)) {
        Value result = word_binary(vm, op, x, y);
        if (!is_empty(result)) return result;
    }
    return big_binary(vm, op, a, b);
}

// Brings a rest of the absolute modulus to the modulus's sign.
static mp_err sign_of_modulus(mp_int *result, const mp_int *modulus) {
    return modulus->sign == MP_NEG && result->used ? mp_add(result, modulus, result) : MP_OKAY;
}

Value int_power_modulo(VM *vm, Value base, Value exponent, Value modulus) {
    if (!is_int(base) || !is_int(exponent) || !is_int(modulus)) return VALUE_NOT_IMPLEMENTED;
    if (!int_sign(modulus)) return raise_value_error(vm, "pow() 3rd argument cannot be 0");
    IntView base_view, exponent_view, modulus_view;
    const mp_int *b = int_view(base, &base_view), *e = int_view(exponent, &exponent_view);
    const mp_int *m = int_view(modulus, &modulus_view);
    Value direct = e->sign == MP_ZPOS ? int_power_modulo_direct(vm, b, e, m) : VALUE_EMPTY;
    if (!is_empty(direct)) return direct;
    mp_int positive, power, number, result;
    if (mp_init_multi(&positive, &power, &number, &result, NULL) != MP_OKAY) return raise_memory_error(vm);
    mp_err status = mp_abs(m, &positive);
    bool invertible = true;
    if (status == MP_OKAY) status = mp_abs(e, &power);
    if (status == MP_OKAY) status = large_divide(vm, b, &positive, NULL, &number);
    if (status == MP_OKAY && number.sign == MP_NEG) status = mp_add(&number, &positive, &number);
    if (status == MP_OKAY && positive.used == 1 && positive.dp[0] == 1) {
        mp_zero(&result);
    } else if (status == MP_OKAY) {
        if (e->sign == MP_NEG) {
            mp_err inverse = number.used ? large_inverse(vm, &number, &positive, &number) : MP_VAL;
            invertible = inverse != MP_VAL;
            if (inverse != MP_OKAY && inverse != MP_VAL) status = inverse;
        }
        if (status == MP_OKAY && invertible) {
            if (!power.used)
                mp_set(&result, 1);
            else if (!number.used)
                mp_zero(&result);
            else
                status = large_power_modulo(vm, &number, &power, &positive, &result);
        }
    }
    if (status == MP_OKAY && invertible) status = sign_of_modulus(&result, m);
    mp_clear_multi(&positive, &power, &number, NULL);
    if (!invertible) {
        mp_clear(&result);
        return raise_value_error(vm, "base is not invertible for the given modulus");
    }
    return finish(vm, status, &result);
}

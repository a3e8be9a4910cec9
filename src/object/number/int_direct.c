// Arithmetic of numbers of moderate size, right into the cell of the result: what libtommath does with memory of the C library costs
// more than the arithmetic itself there. Numbers are arrays of digits of MP_DIGIT_BIT bits, the lowest one first, as libtommath's.
// Multiplication and division are the schoolbook's (Knuth, The Art of Computer Programming, volume 2, section 4.3.1, algorithms M
// and D).
#include "object/number/int_direct.h"

#include "object/number/int_internal.h"

#if defined(__SIZEOF_INT128__) && MP_DIGIT_BIT == 60

typedef unsigned __int128 Wide;

enum { SHORT_DIVISION = 64 };

static int longer(const mp_int *x, const mp_int *y) { return x->used > y->used ? x->used : y->used; }

static int compare_digits(const mp_digit *a, int a_used, const mp_digit *b, int b_used) {
    if (a_used != b_used) return a_used < b_used ? -1 : 1;
    for (int i = a_used - 1; i >= 0; i--)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

// ---- Sums

static void add_digits(mp_digit *result, const mp_int *x, const mp_int *y) {
    if (x->used < y->used) {
        const mp_int *other = x;
        x = y, y = other;
    }
    mp_digit carry = 0;
    int i = 0;
    for (; i < y->used; i++) {
        mp_digit sum = x->dp[i] + y->dp[i] + carry;
        result[i] = sum & MP_MASK;
        carry = sum >> MP_DIGIT_BIT;
    }
    for (; i < x->used; i++) {
        mp_digit sum = x->dp[i] + carry;
        result[i] = sum & MP_MASK;
        carry = sum >> MP_DIGIT_BIT;
    }
    result[i] = carry;
}

// x - y, where x is not the smaller one.
static void subtract_digits(mp_digit *result, const mp_digit *x, int x_used, const mp_digit *y, int y_used) {
    mp_digit borrow = 0;
    int i = 0;
    for (; i < y_used; i++) {
        mp_digit difference = x[i] - y[i] - borrow;
        result[i] = difference & MP_MASK;
        borrow = difference >> 63;
    }
    for (; i < x_used; i++) {
        mp_digit difference = x[i] - borrow;
        result[i] = difference & MP_MASK;
        borrow = difference >> 63;
    }
}

Value int_add_direct(VM *vm, const mp_int *x, const mp_int *y, bool subtracts) {
    int digits = longer(x, y) + 1;
    if (digits > DIRECT_SUM) return VALUE_EMPTY;
    BigInt *big = int_new(vm, digits);
    if (!big) return VALUE_ERROR;
    mp_sign y_sign = (y->sign == MP_NEG) != subtracts ? MP_NEG : MP_ZPOS;
    if (x->sign == y_sign) {
        add_digits(big->digits, x, y);
        return int_settle(big, digits, x->sign);
    }
    big->digits[digits - 1] = 0;
    if (compare_digits(x->dp, x->used, y->dp, y->used) >= 0) {
        subtract_digits(big->digits, x->dp, x->used, y->dp, y->used);
        return int_settle(big, digits, x->sign);
    }
    subtract_digits(big->digits, y->dp, y->used, x->dp, x->used);
    return int_settle(big, digits, y_sign);
}

// ---- Products

Value int_multiply_direct(VM *vm, const mp_int *x, const mp_int *y) {
    if (x->used > y->used) {
        const mp_int *other = x;
        x = y, y = other;
    }
    int digits = x->used + y->used;
    if (x->used > DIRECT_FACTOR || digits > DIRECT_PRODUCT) return VALUE_EMPTY;
    BigInt *big = int_new(vm, digits);
    if (!big) return VALUE_ERROR;
    mp_digit *result = big->digits;
    memset(result, 0, (size_t)digits * sizeof *result);
    for (int i = 0; i < x->used; i++) {
        mp_digit factor = x->dp[i], carry = 0;
        for (int j = 0; j < y->used; j++) {
            Wide sum = (Wide)factor * y->dp[j] + result[i + j] + carry;
            result[i + j] = (mp_digit)sum & MP_MASK;
            carry = (mp_digit)(sum >> MP_DIGIT_BIT);
        }
        result[i + y->used] = carry;
    }
    return int_settle(big, digits, x->sign == y->sign ? MP_ZPOS : MP_NEG);
}

Value int_shift_left_direct(VM *vm, const mp_int *x, int64_t count) {
    int64_t whole = count / MP_DIGIT_BIT, digits = whole + x->used + 1;
    int part = (int)(count % MP_DIGIT_BIT);
    if (digits > DIRECT_SUM) return VALUE_EMPTY;
    BigInt *big = int_new(vm, (int)digits);
    if (!big) return VALUE_ERROR;
    mp_digit *result = big->digits, carry = 0;
    memset(result, 0, (size_t)whole * sizeof *result);
    for (int i = 0; i < x->used; i++) {
        Wide moved = (Wide)x->dp[i] << part;
        result[whole + i] = ((mp_digit)moved & MP_MASK) | carry;
        carry = (mp_digit)(moved >> MP_DIGIT_BIT);
    }
    result[digits - 1] = carry;
    return int_settle(big, (int)digits, x->sign);
}

// ---- Quotients

// (high * 2^60 + low) / divisor, which is above `high`.
static inline mp_digit divide_two(mp_digit high, mp_digit low, mp_digit divisor, mp_digit *rest) {
    Wide number = (Wide)high << MP_DIGIT_BIT | low;
#if defined(__x86_64__) && defined(__GNUC__)
    uint64_t quotient, remainder;
    __asm__("divq %4" : "=a"(quotient), "=d"(remainder) : "a"((uint64_t)number), "d"((uint64_t)(number >> 64)), "r"(divisor) : "cc");
    *rest = remainder;
    return quotient;
#else
    *rest = (mp_digit)(number % divisor);
    return (mp_digit)(number / divisor);
#endif
}

// Digits shifted by less than one; the top of the result, which has one digit more.
static void shift_digits(mp_digit *result, const mp_digit *digits, int used, int bits) {
    mp_digit carry = 0;
    for (int i = 0; i < used; i++) {
        Wide moved = (Wide)digits[i] << bits;
        result[i] = ((mp_digit)moved & MP_MASK) | carry;
        carry = (mp_digit)(moved >> MP_DIGIT_BIT);
    }
    result[used] = carry;
}

// One digit of the quotient of rest[0 … used] and divisor[0 … used - 1], whose highest bit is set; what is left is in `rest`.
static mp_digit quotient_digit(mp_digit *rest, const mp_digit *divisor, int used) {
    mp_digit top = divisor[used - 1], guess, over;
    if (rest[used] >= top) {
        guess = MP_MASK;
        over = rest[used - 1] + top; // a guess of one more would leave rest[used - 1]
    } else {
        guess = divide_two(rest[used], rest[used - 1], top, &over);
    }
    while (over <= MP_MASK && (Wide)guess * divisor[used - 2] > ((Wide)over << MP_DIGIT_BIT | rest[used - 2])) {
        guess--;
        over += top;
    }
    mp_digit carry = 0, borrow = 0;
    for (int i = 0; i < used; i++) {
        Wide product = (Wide)guess * divisor[i] + carry;
        carry = (mp_digit)(product >> MP_DIGIT_BIT);
        mp_digit difference = rest[i] - ((mp_digit)product & MP_MASK) - borrow;
        rest[i] = difference & MP_MASK;
        borrow = difference >> 63;
    }
    mp_digit difference = rest[used] - carry - borrow;
    rest[used] = difference & MP_MASK;
    if (!(difference >> 63)) return guess;
    carry = 0; // it was one too many
    for (int i = 0; i < used; i++) {
        mp_digit sum = rest[i] + divisor[i] + carry;
        rest[i] = sum & MP_MASK;
        carry = sum >> MP_DIGIT_BIT;
    }
    rest[used] = (rest[used] + carry) & MP_MASK;
    return guess - 1;
}

// The quotient of magnitudes, x->used digits, and the rest, y->used digits. `number` and `divisor` have room for one digit more than x
// and y.
static void divide_digits(const mp_int *x, const mp_int *y, mp_digit *quotient, mp_digit *rest, mp_digit *number, mp_digit *divisor) {
    if (y->used == 1) {
        mp_digit left = 0;
        for (int i = x->used - 1; i >= 0; i--) quotient[i] = divide_two(left, x->dp[i], y->dp[0], &left);
        rest[0] = left;
        return;
    }
    int bits = __builtin_clzll(y->dp[y->used - 1]) - (64 - MP_DIGIT_BIT);
    shift_digits(divisor, y->dp, y->used, bits);
    shift_digits(number, x->dp, x->used, bits);
    for (int i = x->used - 1; i > x->used - y->used; i--) quotient[i] = 0;
    for (int i = x->used - y->used; i >= 0; i--) quotient[i] = quotient_digit(number + i, divisor, y->used);
    for (int i = 0; i < y->used; i++) {
        Wide pair = (Wide)(i + 1 < y->used ? number[i + 1] : 0) << MP_DIGIT_BIT | number[i];
        rest[i] = (mp_digit)(pair >> bits) & MP_MASK;
    }
}

static bool any_digit(const mp_digit *digits, int count) {
    for (int i = 0; i < count; i++)
        if (digits[i]) return true;
    return false;
}

Value int_divide_direct(VM *vm, Binary op, const mp_int *x, const mp_int *y) {
    if (x->used < y->used || x->used > DIRECT_SUM || (int64_t)(x->used - y->used + 1) * y->used > DIRECT_DIVISION) return VALUE_EMPTY;
    mp_digit room[2][SHORT_DIVISION + 1], *number = room[0], *divisor = room[1];
    if (x->used > SHORT_DIVISION && y->used > 1) {
        // Objects that nobody will see have the room.
        BigInt *first = int_new(vm, x->used + 1), *second = first ? int_new(vm, y->used + 1) : NULL;
        if (!second) return VALUE_ERROR;
        number = first->digits;
        divisor = second->digits;
    }
    BigInt *quotient = int_new(vm, x->used + 1), *rest = quotient ? int_new(vm, y->used) : NULL;
    if (!rest) return VALUE_ERROR;
    divide_digits(x, y, quotient->digits, rest->digits, number, divisor);
    quotient->digits[x->used] = 0;
    bool differ = x->sign != y->sign;
    // The quotient is rounded down, so that the rest has the divisor's sign.
    if (differ && any_digit(rest->digits, y->used)) {
        for (int i = 0; i <= x->used && (quotient->digits[i] = (quotient->digits[i] + 1) & MP_MASK) == 0; i++) {
        }
        subtract_digits(rest->digits, y->dp, y->used, rest->digits, y->used);
    }
    if (op == BINARY_MODULO) return int_settle(rest, y->used, y->sign);
    Value first = int_settle(quotient, x->used + 1, differ ? MP_NEG : MP_ZPOS);
    if (op == BINARY_FLOOR_DIVIDE) return first;
    Value pair[2] = {first, int_settle(rest, y->used, y->sign)};
    return object_or_error(tuple_from(vm, pair, 2));
}

// ---- Powers

enum { LONGEST_MODULUS = 16 }; // digits

// Of a product of two numbers below the modulus, the rest by it; all of the modulus's length. `divisor` is the modulus with its highest
// bit set, by a shift of `bits`.
static void multiply_modulo(mp_digit *result, const mp_digit *a, const mp_digit *b, const mp_digit *divisor, int used, int bits) {
    mp_digit product[2 * LONGEST_MODULUS + 1] = {0}, number[2 * LONGEST_MODULUS + 1];
    for (int i = 0; i < used; i++) {
        mp_digit carry = 0;
        for (int j = 0; j < used; j++) {
            Wide sum = (Wide)a[i] * b[j] + product[i + j] + carry;
            product[i + j] = (mp_digit)sum & MP_MASK;
            carry = (mp_digit)(sum >> MP_DIGIT_BIT);
        }
        product[i + used] = carry;
    }
    shift_digits(number, product, 2 * used, bits);
    for (int i = used; i >= 0; i--) quotient_digit(number + i, divisor, used);
    for (int i = 0; i < used; i++) {
        Wide pair = (Wide)(i + 1 < used ? number[i + 1] : 0) << MP_DIGIT_BIT | number[i];
        result[i] = (mp_digit)(pair >> bits) & MP_MASK;
    }
}

// From the exponent's highest bit to its lowest: squared at each, multiplied at those that are set (Knuth, section 4.6.3).
Value int_power_modulo_direct(VM *vm, const mp_int *base, const mp_int *exponent, const mp_int *modulus) {
    int used = modulus->used;
    if (used < 2 || used > LONGEST_MODULUS || exponent->used > LONGEST_MODULUS || base->used > DIRECT_SUM) return VALUE_EMPTY;
    if (modulus->sign == MP_NEG || !exponent->used) return VALUE_EMPTY;
    Value first = base->used < used && base->sign == MP_ZPOS ? VALUE_EMPTY : int_divide_direct(vm, BINARY_MODULO, base, modulus);
    if (is_error(first)) return first;
    if (is_empty(first) && (base->used >= used || base->sign == MP_NEG)) return VALUE_EMPTY;
    IntView view;
    const mp_int *factor = is_empty(first) ? base : int_view(first, &view);
    mp_digit power[LONGEST_MODULUS] = {0}, start[LONGEST_MODULUS] = {0}, divisor[LONGEST_MODULUS + 1];
    memcpy(start, factor->dp, (size_t)factor->used * sizeof *start);
    memcpy(power, start, sizeof power);
    int bits = __builtin_clzll(modulus->dp[used - 1]) - (64 - MP_DIGIT_BIT);
    shift_digits(divisor, modulus->dp, used, bits);
    int64_t top = (int64_t)(exponent->used - 1) * MP_DIGIT_BIT + 63 - __builtin_clzll(exponent->dp[exponent->used - 1]);
    for (int64_t bit = top - 1; bit >= 0; bit--) {
        multiply_modulo(power, power, power, divisor, used, bits);
        if (exponent->dp[bit / MP_DIGIT_BIT] >> bit % MP_DIGIT_BIT & 1) multiply_modulo(power, power, start, divisor, used, bits);
    }
    vm_count_work(vm, (uint64_t)(top + 1) * (uint64_t)used * (uint64_t)used / 64);
    BigInt *result = int_new(vm, used);
    if (!result) return VALUE_ERROR;
    memcpy(result->digits, power, (size_t)used * sizeof *power);
    return int_settle(result, used, MP_ZPOS);
}

#else

Value int_power_modulo_direct(VM *vm, const mp_int *base, const mp_int *exponent, const mp_int *modulus) { return VALUE_EMPTY; }
Value int_add_direct(VM *vm, const mp_int *x, const mp_int *y, bool subtracts) { return VALUE_EMPTY; }
Value int_multiply_direct(VM *vm, const mp_int *x, const mp_int *y) { return VALUE_EMPTY; }
Value int_shift_left_direct(VM *vm, const mp_int *x, int64_t count) { return VALUE_EMPTY; }
Value int_divide_direct(VM *vm, Binary op, const mp_int *x, const mp_int *y) { return VALUE_EMPTY; }

#endif

// Large ints to decimal digits and from the digits of any base, by halves: the number is split at a power of the base whose
// exponent is about half of its digits (Knuth, 4.4), so that the time is that of a few multiplications or divisions.
#include <string.h>

#include "object/number/int_large.h"

enum {
    LEAF_DIGITS = 18 * 64, // up to so many decimal digits the library's way is taken
    WORD_DIGITS = 18,      // decimal digits of 10^18, which fits a digit of libtommath
    MOST_POWERS = 40,
};
#define WORD 1000000000000000000u

// The powers base^(leaf * 2^i), each made when it is needed first.
typedef struct {
    VM *vm;
    int base;
    size_t leaf;
    mp_int powers[MOST_POWERS];
    int count;
} Powers;

static mp_err power_at(Powers *p, int at, const mp_int **out) {
    while (p->count <= at) {
        mp_int *next = &p->powers[p->count];
        mp_err status = mp_init(next);
        if (status != MP_OKAY) return status;
        if (p->count == 0) {
            mp_int base;
            status = mp_init_u32(&base, (uint32_t)p->base);
            if (status == MP_OKAY) {
                status = large_power(p->vm, &base, p->leaf, next);
                mp_clear(&base);
            }
        } else {
            status = large_multiply(p->vm, next - 1, next - 1, next);
        }
        p->count++;
        if (status != MP_OKAY) return status;
    }
    *out = &p->powers[at];
    return MP_OKAY;
}

static void powers_free(Powers *p) {
    for (int i = 0; i < p->count; i++) mp_clear(&p->powers[i]);
}

// The largest i for which leaf * 2^i is less than count.
static int half_of(const Powers *p, size_t count) {
    int i = 0;
    while (i + 1 < MOST_POWERS && p->leaf << (i + 1) < count) i++;
    return i;
}

static mp_err leaf_to_decimal(const mp_int *number, char *digits, size_t count) {
    mp_int rest;
    mp_err status = mp_init_copy(&rest, number);
    if (status != MP_OKAY) return status;
    memset(digits, '0', count);
    for (char *end = digits + count; rest.used && status == MP_OKAY; end -= WORD_DIGITS) {
        mp_digit word;
        status = mp_div_d(&rest, WORD, &rest, &word);
        for (char *at = end; word && at > digits; word /= 10) *--at = (char)('0' + word % 10);
    }
    mp_clear(&rest);
    return status;
}

static mp_err to_decimal(Powers *p, const mp_int *number, char *digits, size_t count) {
    if (count <= p->leaf) return vm_poll(p->vm, 500) ? leaf_to_decimal(number, digits, count) : MP_RAISED;
    int half = half_of(p, count);
    size_t low_count = p->leaf << half;
    const mp_int *power;
    mp_err status = power_at(p, half, &power);
    if (status != MP_OKAY) return status;
    mp_int high, low;
    if ((status = mp_init_multi(&high, &low, NULL)) != MP_OKAY) return status;
    status = large_divide(p->vm, number, power, &high, &low);
    if (status == MP_OKAY) status = to_decimal(p, &high, digits, count - low_count);
    if (status == MP_OKAY) status = to_decimal(p, &low, digits + count - low_count, low_count);
    mp_clear_multi(&high, &low, NULL);
    return status;
}

mp_err large_to_decimal(VM *vm, const mp_int *number, char *digits, size_t count) {
    Powers powers = {.vm = vm, .base = 10, .leaf = LEAF_DIGITS};
    mp_err status = to_decimal(&powers, number, digits, count);
    powers_free(&powers);
    return status;
}

static unsigned digit_value(char c) {
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

// Multiplies and adds as many digits at a time as fit a word.
static mp_err leaf_from_digits(const char *digits, size_t count, int base, mp_int *number) {
    mp_zero(number);
    mp_err status = MP_OKAY;
    for (size_t at = 0; at < count && status == MP_OKAY;) {
        mp_digit factor = 1, word = 0;
        for (; at < count && factor <= MP_MASK / (unsigned)base; at++) {
            factor *= (unsigned)base;
            word = word * (unsigned)base + digit_value(digits[at]);
        }
        status = mp_mul_d(number, factor, number);
        if (status == MP_OKAY) status = mp_add_d(number, word, number);
    }
    return status;
}

static mp_err from_digits(Powers *p, const char *digits, size_t count, mp_int *number) {
    if (count <= p->leaf) return vm_poll(p->vm, 500) ? leaf_from_digits(digits, count, p->base, number) : MP_RAISED;
    int half = half_of(p, count);
    size_t low_count = p->leaf << half;
    const mp_int *power;
    mp_int low;
    mp_err status = mp_init(&low);
    if (status != MP_OKAY) return status;
    status = from_digits(p, digits, count - low_count, number);
    if (status == MP_OKAY) status = from_digits(p, digits + count - low_count, low_count, &low);
    if (status == MP_OKAY) status = power_at(p, half, &power);
    if (status == MP_OKAY) status = large_multiply(p->vm, number, power, number);
    if (status == MP_OKAY) status = mp_add(number, &low, number);
    mp_clear(&low);
    return status;
}

mp_err large_from_digits(VM *vm, const char *digits, size_t count, int base, mp_int *number) {
    Powers powers = {.vm = vm, .base = base, .leaf = LEAF_DIGITS};
    mp_err status = from_digits(&powers, digits, count, number);
    powers_free(&powers);
    return status;
}

#include "object/number/int_large.h"

// Digits up to which libtommath multiplies and divides in one go: it takes some fifty microseconds for that.
enum { PIECE = 320, PIECE_WORK = 2500 };

// The library's memory does not count by itself: what an operation on so many digits needs on its way is counted meanwhile, the
// temporary numbers of all levels of its recursion included. False: there is no room for it.
static bool reserve(VM *vm, int64_t digits, int64_t *reserved) {
    *reserved = 0;
    if (digits < 4 * PIECE) return true;
    int64_t bytes = digits * 6 * (int64_t)sizeof(mp_digit);
    if (!heap_has_room(vm, (size_t)bytes)) return false;
    heap_count_side(vm, *reserved = bytes);
    return true;
}

static void unreserve(VM *vm, int64_t reserved) {
    if (reserved) heap_count_side(vm, -reserved);
}

// Digits from `start`, at most `count`, of a number that stays where it is. Only to be read.
static mp_int part_of(const mp_int *number, int start, int count) {
    mp_int part = {.sign = MP_ZPOS, .dp = number->dp + start};
    part.used = number->used - start < count ? number->used - start : count;
    if (part.used < 0) part.used = 0;
    while (part.used && !part.dp[part.used - 1]) part.used--;
    part.alloc = part.used;
    return part;
}

// c += a * 2^(MP_DIGIT_BIT * places), for numbers that are not negative; c has room.
static void add_at(mp_int *c, const mp_int *a, int places) {
    mp_digit carry = 0;
    int i = 0;
    for (; i < a->used || carry; i++) {
        mp_digit sum = c->dp[places + i] + carry + (i < a->used ? a->dp[i] : 0);
        c->dp[places + i] = sum & MP_MASK;
        carry = sum >> MP_DIGIT_BIT;
    }
}

// c -= a in the same way; the difference is not negative.
static void subtract_at(mp_int *c, const mp_int *a, int places) {
    mp_digit borrow = 0;
    for (int i = 0; i < a->used || borrow; i++) {
        mp_digit taken = borrow + (i < a->used ? a->dp[i] : 0), there = c->dp[places + i];
        borrow = there < taken;
        c->dp[places + i] = (there - taken) & MP_MASK;
    }
}

static mp_err multiply(VM *vm, const mp_int *a, const mp_int *b, mp_int *c);

// Where one factor is much longer than the other: piece by piece.
static mp_err multiply_unequal(VM *vm, const mp_int *a, const mp_int *b, mp_int *c) {
    mp_int product;
    mp_err status = mp_init(&product);
    if (status != MP_OKAY) return status;
    int length = b->used > PIECE ? b->used : PIECE;
    for (int at = 0; at < a->used && status == MP_OKAY; at += length) {
        mp_int piece = part_of(a, at, length);
        if (!piece.used) continue;
        status = multiply(vm, &piece, b, &product);
        if (status == MP_OKAY) add_at(c, &product, at);
    }
    mp_clear(&product);
    return status;
}

// Karatsuba's way (1962): three products of half the length.
static mp_err multiply_halves(VM *vm, const mp_int *a, const mp_int *b, mp_int *c) {
    int half = (a->used > b->used ? a->used : b->used) / 2 + 1;
    mp_int a0 = part_of(a, 0, half), a1 = part_of(a, half, a->used), b0 = part_of(b, 0, half), b1 = part_of(b, half, b->used);
    mp_int low, high, sum_a, sum_b;
    mp_err status = mp_init_multi(&low, &high, &sum_a, &sum_b, NULL);
    if (status != MP_OKAY) return status;
    if ((status = multiply(vm, &a0, &b0, &low)) == MP_OKAY && (status = multiply(vm, &a1, &b1, &high)) == MP_OKAY &&
        (status = mp_add(&a0, &a1, &sum_a)) == MP_OKAY && (status = mp_add(&b0, &b1, &sum_b)) == MP_OKAY) {
        add_at(c, &low, 0);
        add_at(c, &high, 2 * half);
        mp_int middle;
        status = mp_init(&middle);
        if (status == MP_OKAY) {
            status = multiply(vm, &sum_a, &sum_b, &middle);
            if (status == MP_OKAY) {
                add_at(c, &middle, half);
                subtract_at(c, &low, half);
                subtract_at(c, &high, half);
            }
            mp_clear(&middle);
        }
    }
    mp_clear_multi(&low, &high, &sum_a, &sum_b, NULL);
    return status;
}

// c = |a| * |b|; c is neither. Two digits of room are left at the top, for a sum that is there before a difference is taken.
static mp_err multiply(VM *vm, const mp_int *a, const mp_int *b, mp_int *c) {
    if (a->used < b->used) {
        const mp_int *swap = a;
        a = b;
        b = swap;
    }
    if (!b->used) return mp_zero(c), MP_OKAY;
    if (b->used <= PIECE && a->used <= 2 * PIECE) {
        if (!vm_poll(vm, (size_t)PIECE_WORK * (size_t)b->used / PIECE + 1)) return MP_RAISED;
        return mp_mul(a, b, c);
    }
    int room = a->used + b->used + 4;
    mp_zero(c);
    mp_err status = mp_grow(c, room);
    if (status != MP_OKAY) return status;
    for (int i = 0; i < room; i++) c->dp[i] = 0;
    c->sign = MP_ZPOS;
    status = b->used <= PIECE || a->used > 2 * b->used ? multiply_unequal(vm, a, b, c) : multiply_halves(vm, a, b, c);
    c->used = room;
    mp_clamp(c);
    return status;
}

mp_err large_multiply(VM *vm, const mp_int *a, const mp_int *b, mp_int *c) {
    if (a->used <= PIECE && b->used <= PIECE) return mp_mul(a, b, c);
    mp_sign sign = a->sign == b->sign ? MP_ZPOS : MP_NEG;
    int64_t reserved;
    if (!reserve(vm, (int64_t)a->used + b->used, &reserved)) return MP_MEM;
    mp_int product, x = part_of(a, 0, a->used), y = part_of(b, 0, b->used);
    mp_err status = mp_init(&product);
    if (status == MP_OKAY) {
        status = multiply(vm, &x, &y, &product);
        if (status == MP_OKAY) {
            product.sign = product.used ? sign : MP_ZPOS;
            mp_exch(&product, c);
        }
        mp_clear(&product);
    }
    unreserve(vm, reserved);
    return status;
}

// ---- Division: Burnikel and Ziegler, Fast Recursive Division (1998)

// c = a * 2^(MP_DIGIT_BIT * places) + b, where b has at most so many digits. c may be a.
static mp_err join(const mp_int *a, int places, const mp_int *b, mp_int *c) {
    mp_err status = mp_copy(a, c);
    if (status == MP_OKAY) status = mp_lshd(c, places);
    return status == MP_OKAY ? mp_add(c, b, c) : status;
}

static mp_err divide_two_by_one(VM *vm, const mp_int *a, const mp_int *b, int n, mp_int *q, mp_int *r);

// a of three halves, of which `top` are the upper two, by b of two halves of n digits each. The quotient has n digits.
static mp_err divide_three_by_two(VM *vm, const mp_int *top, const mp_int *low, const mp_int *b, int n, mp_int *q, mp_int *r) {
    mp_int b1 = part_of(b, n, n), b0 = part_of(b, 0, n), top1 = part_of(top, n, n), product;
    mp_err status = mp_init(&product);
    if (status != MP_OKAY) return status;
    if (mp_cmp_mag(&top1, &b1) == MP_LT) {
        status = divide_two_by_one(vm, top, &b1, n, q, r);
    } else { // the quotient is all ones: r = top - (2^n - 1) * b1
        mp_set(q, 1);
        status = mp_lshd(q, n);
        if (status == MP_OKAY) status = mp_sub_d(q, 1, q);
        if (status == MP_OKAY) status = mp_copy(&b1, &product);
        if (status == MP_OKAY) status = mp_lshd(&product, n);
        if (status == MP_OKAY) status = mp_sub(top, &product, r);
        if (status == MP_OKAY) status = mp_add(r, &b1, r);
    }
    if (status == MP_OKAY) status = large_multiply(vm, q, &b0, &product);
    if (status == MP_OKAY) status = join(r, n, low, r);
    if (status == MP_OKAY) status = mp_sub(r, &product, r);
    while (status == MP_OKAY && r->sign == MP_NEG) { // at most twice
        status = mp_add(r, b, r);
        if (status == MP_OKAY) status = mp_sub_d(q, 1, q);
    }
    mp_clear(&product);
    return status;
}

// a of 2n digits by b of n digits, whose highest bit is set; the quotient fits n digits.
static mp_err divide_two_by_one(VM *vm, const mp_int *a, const mp_int *b, int n, mp_int *q, mp_int *r) {
    if (n % 2 || n <= PIECE) {
        if (!vm_poll(vm, PIECE_WORK)) return MP_RAISED;
        return mp_div(a, b, q, r);
    }
    int half = n / 2;
    mp_int low = part_of(a, 0, half), middle = part_of(a, half, half), top = part_of(a, n, n);
    mp_int rest, q1;
    mp_err status = mp_init_multi(&rest, &q1, NULL);
    if (status != MP_OKAY) return status;
    status = divide_three_by_two(vm, &top, &middle, b, half, &q1, &rest);
    if (status == MP_OKAY) status = divide_three_by_two(vm, &rest, &low, b, half, q, r);
    if (status == MP_OKAY) status = mp_lshd(&q1, half);
    if (status == MP_OKAY) status = mp_add(&q1, q, q);
    mp_clear_multi(&rest, &q1, NULL);
    return status;
}

// Divides a, whose digits are taken n at a time from the top, by b. Where b is large it has n digits and its highest bit is
// set.
static mp_err divide_blocks(VM *vm, const mp_int *a, const mp_int *b, int n, mp_int *q, mp_int *r) {
    mp_int block, part;
    mp_err status = mp_init_multi(&block, &part, NULL);
    if (status != MP_OKAY) return status;
    int room = a->used + n;
    mp_zero(r);
    status = mp_grow(q, room);
    for (int i = 0; i < room && status == MP_OKAY; i++) q->dp[i] = 0;
    for (int at = (a->used + n - 1) / n * n - n; at >= 0 && status == MP_OKAY; at -= n) {
        mp_int next = part_of(a, at, n);
        status = join(r, n, &next, &block);
        if (status != MP_OKAY) break;
        if (b->used > PIECE)
            status = divide_two_by_one(vm, &block, b, n, &part, r);
        else
            status = vm_poll(vm, PIECE_WORK) ? mp_div(&block, b, &part, r) : MP_RAISED;
        for (int i = 0; i < part.used && status == MP_OKAY; i++) q->dp[at + i] = part.dp[i];
    }
    if (status == MP_OKAY) {
        q->used = room;
        q->sign = MP_ZPOS;
        mp_clamp(q);
    }
    mp_clear_multi(&block, &part, NULL);
    return status;
}

static mp_err divide(VM *vm, const mp_int *a, const mp_int *b, mp_int *q, mp_int *r) {
    if (b->used <= PIECE) return divide_blocks(vm, a, b, PIECE, q, r);
    // So many digits that they can be halved down to a piece, the highest bit set.
    int n = b->used, unit = 1;
    while (n > PIECE) n = (n + 1) / 2, unit *= 2;
    n *= unit;
    int shift = n * MP_DIGIT_BIT - mp_count_bits(b);
    mp_int dividend, divisor;
    mp_err status = mp_init_multi(&dividend, &divisor, NULL);
    if (status != MP_OKAY) return status;
    status = mp_mul_2d(a, shift, &dividend);
    if (status == MP_OKAY) status = mp_mul_2d(b, shift, &divisor);
    if (status == MP_OKAY) status = divide_blocks(vm, &dividend, &divisor, n, q, r);
    if (status == MP_OKAY) status = mp_div_2d(r, shift, r, NULL);
    mp_clear_multi(&dividend, &divisor, NULL);
    return status;
}

mp_err large_divide(VM *vm, const mp_int *a, const mp_int *b, mp_int *quotient, mp_int *rest) {
    if (a->used <= PIECE || a->used < b->used) return mp_div(a, b, quotient, rest);
    mp_sign sign = a->sign, other = b->sign;
    int64_t reserved;
    if (!reserve(vm, (int64_t)a->used + b->used, &reserved)) return MP_MEM;
    mp_int q, r, x = part_of(a, 0, a->used), y = part_of(b, 0, b->used);
    mp_err status = mp_init_multi(&q, &r, NULL);
    if (status == MP_OKAY) {
        status = divide(vm, &x, &y, &q, &r);
        if (status == MP_OKAY) {
            q.sign = q.used && sign != other ? MP_NEG : MP_ZPOS;
            r.sign = r.used ? sign : MP_ZPOS;
            if (quotient) mp_exch(&q, quotient);
            if (rest) mp_exch(&r, rest);
        }
        mp_clear_multi(&q, &r, NULL);
    }
    unreserve(vm, reserved);
    return status;
}

// ---- Powers

mp_err large_power(VM *vm, const mp_int *number, uint64_t exponent, mp_int *c) {
    mp_int base;
    mp_err status = mp_init_copy(&base, number);
    if (status != MP_OKAY) return status;
    mp_set(c, 1);
    for (uint64_t n = exponent; n && status == MP_OKAY; n >>= 1) {
        if (n & 1) status = large_multiply(vm, c, &base, c);
        if (n > 1 && status == MP_OKAY) status = large_multiply(vm, &base, &base, &base);
    }
    mp_clear(&base);
    return status;
}

static bool bit_of(const mp_int *number, int at) {
    return number->dp[at / MP_DIGIT_BIT] >> at % MP_DIGIT_BIT & 1;
}

static mp_err multiply_modulo(VM *vm, const mp_int *a, const mp_int *b, const mp_int *modulus, mp_int *c) {
    if (!vm_poll(vm, (size_t)modulus->used * 4)) return MP_RAISED;
    mp_err status = large_multiply(vm, a, b, c);
    return status == MP_OKAY ? large_divide(vm, c, modulus, NULL, c) : status;
}

mp_err large_power_modulo(VM *vm, const mp_int *base, const mp_int *exponent, const mp_int *modulus, mp_int *c) {
    // The library's way is the faster one; but it can't be interrupted.
    double steps = (double)mp_count_bits(exponent) * modulus->used * modulus->used;
    if (steps < 4e6) return mp_exptmod(base, exponent, modulus, c);
    enum { WINDOW = 5, ODD_POWERS = 1 << (WINDOW - 1) }; // Knuth, 4.6.3: the odd powers up to 2^WINDOW are made beforehand
    mp_int odd[ODD_POWERS], square, result;
    mp_err status = mp_init_multi(&square, &result, NULL);
    if (status != MP_OKAY) return status;
    int made = 0;
    for (; made < ODD_POWERS && status == MP_OKAY; made++) {
        status = mp_init(&odd[made]);
        if (status != MP_OKAY) break;
        if (made == 0) {
            status = mp_copy(base, &odd[0]);
            if (status == MP_OKAY) status = multiply_modulo(vm, base, base, modulus, &square);
        } else {
            status = multiply_modulo(vm, &odd[made - 1], &square, modulus, &odd[made]);
        }
    }
    mp_set(&result, 1);
    for (int at = mp_count_bits(exponent) - 1; at >= 0 && status == MP_OKAY;) {
        int low = at;
        if (bit_of(exponent, at)) {
            low = at - WINDOW + 1 > 0 ? at - WINDOW + 1 : 0;
            while (!bit_of(exponent, low)) low++;
        }
        unsigned digits = 0;
        for (int i = at; i >= low; i--) {
            digits = digits * 2 + bit_of(exponent, i);
            if (status == MP_OKAY) status = multiply_modulo(vm, &result, &result, modulus, &result);
        }
        if (digits && status == MP_OKAY) status = multiply_modulo(vm, &result, &odd[digits / 2], modulus, &result);
        at = low - 1;
    }
    if (status == MP_OKAY) mp_exch(&result, c);
    for (int i = 0; i < made; i++) mp_clear(&odd[i]);
    mp_clear_multi(&square, &result, NULL);
    return status;
}

// Euclid's algorithm, keeping the factor of `a` only.
mp_err large_inverse(VM *vm, const mp_int *a, const mp_int *modulus, mp_int *c) {
    mp_int before, rest, factor_before, factor, quotient, product;
    mp_err status = mp_init_multi(&before, &rest, &factor_before, &factor, &quotient, &product, NULL);
    if (status != MP_OKAY) return status;
    status = mp_copy(modulus, &before);
    if (status == MP_OKAY) status = large_divide(vm, a, modulus, NULL, &rest);
    mp_set(&factor, 1);
    while (status == MP_OKAY && rest.used) {
        if (!vm_poll(vm, (size_t)rest.used)) status = MP_RAISED;
        if (status == MP_OKAY) status = large_divide(vm, &before, &rest, &quotient, &before);
        if (status == MP_OKAY) mp_exch(&before, &rest);
        if (status == MP_OKAY) status = large_multiply(vm, &quotient, &factor, &product);
        if (status == MP_OKAY) status = mp_sub(&factor_before, &product, &factor_before);
        if (status == MP_OKAY) mp_exch(&factor_before, &factor);
    }
    if (status == MP_OKAY && !(before.used == 1 && before.dp[0] == 1)) status = MP_VAL;
    if (status == MP_OKAY && factor_before.sign == MP_NEG) status = mp_add(&factor_before, modulus, &factor_before);
    if (status == MP_OKAY) mp_exch(&factor_before, c);
    mp_clear_multi(&before, &rest, &factor_before, &factor, &quotient, &product, NULL);
    return status;
}

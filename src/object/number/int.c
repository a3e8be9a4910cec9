// int: making, converting, comparing, hashing. Arithmetic is in int_arithmetic.c, text in int_text.c, methods
// in int_methods.c.
#include "object/number/int.h"

#include <limits.h>
#include <math.h>

#include "base/number.h"
#include "object/number/int_internal.h"
#include "object/text/format.h"

#define HASH_MODULUS (((uint64_t)1 << 61) - 1)

const mp_int *int_view(Value v, IntView *view) {
    if (is_kind(v, KIND_INT)) return &((BigInt *)object_of(v))->number;
    int64_t n = is_small(v) ? small_of(v) : is_true(v);
    view->digits[0] = (mp_digit)(n < 0 ? -n : n);
    view->digits[1] = 0;
    view->number = (mp_int){.used = n != 0, .alloc = 2, .sign = n < 0 ? MP_NEG : MP_ZPOS, .dp = view->digits};
    return &view->number;
}

// Once for the library's number, once for the object that gets a copy.
bool int_room(VM *vm, uint64_t digits) {
    if (digits < INT_MAX / 128 && digits * sizeof(mp_digit) <= vm->heap.largest && heap_has_room(vm, 2 * digits * sizeof(mp_digit)))
        return true;
    return raise_memory_error(vm), false;
}

int64_t int_bit_length(Value v) {
    IntView view;
    return mp_count_bits(int_view(v, &view));
}

// ---- Making

// A number of at most two digits, in the object itself.
static void set_digits(BigInt *big, uint64_t magnitude, mp_sign sign) {
    big->digits[0] = magnitude & MP_MASK;
    big->digits[1] = magnitude >> MP_DIGIT_BIT;
    big->number = (mp_int){.used = big->digits[1] ? 2 : big->digits[0] != 0, .alloc = 2, .sign = sign, .dp = big->digits};
}

void int_set(BigInt *big, const mp_int *number) {
    int used = number->used, alloc = used < 2 ? 2 : used;
    big->digits[0] = big->digits[1] = 0;
    if (used) memcpy(big->digits, number->dp, (size_t)used * sizeof(mp_digit));
    big->number = (mp_int){.used = used, .alloc = alloc, .sign = number->sign, .dp = big->digits};
}

enum { MANY_DIGITS = 1024 };

BigInt *int_new(VM *vm, int digits) {
    return heap_allocate_raw(vm, builtin_shape(vm->classes.integer), KIND_INT, int_cell(digits));
}

Value int_settle(BigInt *big, int digits, mp_sign sign) {
    int used = digits, alloc = digits < 2 ? 2 : digits;
    while (used && !big->digits[used - 1]) used--;
    if (used <= 1) {
        int64_t n = used ? (int64_t)big->digits[0] : 0;
        if (sign == MP_NEG) n = -n;
        if (small_fits(n)) return value_small(n);
    }
    for (int i = digits; i < alloc; i++) big->digits[i] = 0;
    big->number = (mp_int){.used = used, .alloc = alloc, .sign = sign, .dp = big->digits};
    return value_object(big);
}

Value int_from_mp(VM *vm, mp_int *number) {
    mp_clamp(number);
    if (number->used <= 1) {
        int64_t n = number->used ? (int64_t)number->dp[0] : 0;
        if (number->sign == MP_NEG) n = -n;
        if (small_fits(n)) return mp_clear(number), value_small(n);
    }
    // The library's memory does not count by itself.
    int64_t bytes = (int64_t)number->alloc * (int64_t)sizeof(mp_digit);
    if (number->used > MANY_DIGITS) heap_count_side(vm, bytes);
    BigInt *big = int_new(vm, number->used);
    if (big) int_set(big, number);
    if (number->used > MANY_DIGITS) heap_count_side(vm, -bytes);
    mp_clear(number);
    return object_or_error(big);
}

Value int_from_int64(VM *vm, int64_t n) {
    if (small_fits(n)) return value_small(n);
    BigInt *big = int_new(vm, 2);
    if (!big) return VALUE_ERROR;
    set_digits(big, n < 0 ? -(uint64_t)n : (uint64_t)n, n < 0 ? MP_NEG : MP_ZPOS);
    return value_object(big);
}

Value int_from_uint64(VM *vm, uint64_t n) {
    if (n <= (uint64_t)SMALL_INT_MAX) return value_small((int64_t)n);
    BigInt *big = int_new(vm, 2);
    if (!big) return VALUE_ERROR;
    set_digits(big, n, MP_ZPOS);
    return value_object(big);
}

Value int_from_double(VM *vm, double number) {
    if (fabs(number) < 9e18) return int_from_int64(vm, (int64_t)number);
    int exponent;
    double fraction = frexp(fabs(number), &exponent);
    mp_int big;
    if (mp_init_u64(&big, (uint64_t)ldexp(fraction, 53)) != MP_OKAY) return raise_memory_error(vm);
    if (mp_mul_2d(&big, exponent - 53, &big) != MP_OKAY) return mp_clear(&big), raise_memory_error(vm);
    if (number < 0) big.sign = MP_NEG;
    return int_from_mp(vm, &big);
}

Value int_plain(VM *vm, Value v) {
    if (is_bool(v)) return value_small(is_true(v));
    if (!is_object(v) || !is_kind(v, KIND_INT) || is_exactly(v, vm->classes.integer)) return v;
    const mp_int *number = &((BigInt *)object_of(v))->number;
    int64_t n;
    if (int_to_int64(v, &n)) return int_from_int64(vm, n);
    BigInt *big = int_new(vm, number->used);
    if (big) int_set(big, number);
    return object_or_error(big);
}

// ---- Converting

bool int_to_int64(Value v, int64_t *out) {
    if (is_small(v)) return *out = small_of(v), true;
    if (is_bool(v)) return *out = is_true(v), true;
    const mp_int *number = &((BigInt *)object_of(v))->number;
    if (number->used > 2 || (number->used == 2 && number->dp[1] >> (64 - MP_DIGIT_BIT))) return false;
    uint64_t magnitude = (number->used ? number->dp[0] : 0) | (number->used == 2 ? number->dp[1] << MP_DIGIT_BIT : 0);
    bool negative = number->sign == MP_NEG;
    if (magnitude > (uint64_t)INT64_MAX + negative) return false;
    *out = (int64_t)(negative ? -magnitude : magnitude);
    return true;
}

int int_sign(Value v) {
    if (is_small(v)) return (small_of(v) > 0) - (small_of(v) < 0);
    if (is_bool(v)) return is_true(v);
    const mp_int *number = &((BigInt *)object_of(v))->number;
    return number->used == 0 ? 0 : number->sign == MP_NEG ? -1 : 1;
}

uint64_t int_top_bits(const mp_int *number, int *below) {
    int bits = mp_count_bits(number);
    *below = bits - 64;
    uint64_t top = 0;
    bool sticky = false;
    // Collects digit by digit; the parts of a digit below the 64 bits only count as sticky.
    for (int i = number->used - 1; i >= 0; i--) {
        int shift = i * MP_DIGIT_BIT - *below; // where the digit's lowest bit lands
        uint64_t digit = number->dp[i];
        if (shift >= 0) {
            top |= digit << shift;
        } else if (shift > -64) {
            top |= digit >> -shift;
            if (digit & (((uint64_t)1 << -shift) - 1)) sticky = true;
        } else if (digit) {
            sticky = true;
        }
        if (sticky) break;
    }
    return top | sticky;
}

static bool mp_to_double(const mp_int *number, double *out) {
    int bits = mp_count_bits(number);
    double magnitude;
    if (bits <= 64) {
        magnitude = (double)mp_get_mag_u64(number);
    } else {
        if (bits > 1024) return false;
        int below;
        // The sticky bit makes the hardware's rounding of the 64 bits the rounding of the whole number.
        uint64_t top = int_top_bits(number, &below);
        magnitude = ldexp((double)top, below);
        if (isinf(magnitude)) return false;
    }
    *out = number->sign == MP_NEG ? -magnitude : magnitude;
    return true;
}

bool int_to_double(VM *vm, Value v, double *out) {
    if (is_small(v)) return *out = (double)small_of(v), true;
    IntView view;
    if (mp_to_double(int_view(v, &view), out)) return true;
    return raise_overflow_error(vm, "int too large to convert to float"), false;
}

// ---- Hashing and comparing

// The work of passing over a big number once.
static size_t work_of_digits(Value v) { return (size_t)((BigInt *)object_of(v))->number.used / 8; }

static uint64_t finish_hash(uint64_t hash, bool negative) {
    if (negative) hash = (uint64_t)0 - hash;
    return hash == UINT64_MAX ? (uint64_t)-2 : hash;
}

// x * 2^k modulo 2^61 - 1 is a rotation of its 61 bits.
static uint64_t rotate61(uint64_t x, unsigned k) { return k ? ((x << k) & HASH_MODULUS) | x >> (61 - k) : x; }

uint64_t int_hash(Value v) {
    if (is_small(v)) return small_hash(v);
    IntView view;
    const mp_int *number = int_view(v, &view);
    uint64_t hash = 0;
    for (int i = number->used - 1; i >= 0; i--) {
        hash = rotate61(hash, MP_DIGIT_BIT % 61) + number->dp[i];
        if (hash >= HASH_MODULUS) hash -= HASH_MODULUS;
    }
    return finish_hash(hash, number->sign == MP_NEG);
}

uint64_t double_hash(double number) {
    if (isnan(number)) return 0;
    if (isinf(number)) return number > 0 ? 314159 : (uint64_t)-314159;
    int exponent;
    double fraction = frexp(fabs(number), &exponent);
    uint64_t hash = (uint64_t)ldexp(fraction, 53);
    int shift = (exponent - 53) % 61;
    return finish_hash(rotate61(hash, (unsigned)(shift < 0 ? shift + 61 : shift)), number < 0);
}

static int order_of_ints(Value a, Value b) {
    if (are_small(a, b)) return (small_of(a) > small_of(b)) - (small_of(a) < small_of(b));
    IntView left, right;
    return mp_cmp(int_view(a, &left), int_view(b, &right));
}

Value int_compare(VM *vm, Comparison op, Value a, Value b) {
    if (!is_int(a) || !is_int(b)) return VALUE_NOT_IMPLEMENTED;
    if (is_kind(a, KIND_INT) && is_kind(b, KIND_INT)) vm_count_work(vm, work_of_digits(a));
    return compare_result(op, order_of_ints(a, b));
}

int int_compare_double(Value a, double b) {
    if (isnan(b)) return 2;
    if (isinf(b)) return b > 0 ? -1 : 1;
    int64_t n;
    if (int_to_int64(a, &n)) {
        if (b >= 9223372036854775808.0) return -1;
        if (b < -9223372036854775808.0) return 1;
        int64_t whole = (int64_t)b;
        if (n != whole) return n < whole ? -1 : 1;
        double fraction = b - (double)whole;
        return fraction > 0 ? -1 : fraction < 0;
    }
    if (fabs(b) < 9223372036854775808.0) return int_sign(a);
    // Both are beyond 63 bits, so that the double has no fraction: compare signs, lengths, then the double's
    // 53 bits.
    const mp_int *number = &((BigInt *)object_of(a))->number;
    int sign = int_sign(a);
    if ((b > 0) != (sign > 0)) return sign;
    int exponent, bits = mp_count_bits(number);
    double fraction = frexp(fabs(b), &exponent);
    if (bits != exponent) return bits > exponent ? sign : -sign;
    int below;
    uint64_t top = int_top_bits(number, &below), other = (uint64_t)ldexp(fraction, 53) << 11;
    return top == other ? 0 : top > other ? sign : -sign;
}

// ---- Operations

static size_t int_cell_size(const Object *o) { return int_cell(((const BigInt *)o)->number.used); }

static Value int_repr(VM *vm, Value self) {
    if (is_small(self)) {
        char text[NUMBER_TEXT_SIZE + 1] = "-";
        int64_t n = small_of(self);
        bool negative = n < 0;
        size_t length = number_decimal((uint64_t)(negative ? -n : n), text + negative);
        return object_or_error(string_new(vm, text, length + negative));
    }
    char room[BUFFER_ROOM];
    Buffer buffer = vm_buffer_in(vm, room);
    if (!int_append_digits(vm, &buffer, self, 10)) return buffer_free(&buffer), VALUE_ERROR;
    return object_or_error(string_from_buffer(vm, &buffer));
}

static int int_hash_operation(VM *vm, Value self, uint64_t *out) {
    if (is_kind(self, KIND_INT)) vm_count_work(vm, work_of_digits(self));
    return *out = int_hash(self), 1;
}
static int int_truth(VM *vm, Value self) { return int_sign(self) != 0; }

static Value int_unary(VM *vm, Unary op, Value self) {
    if (op == UNARY_OP_MINUS || (op == UNARY_OP_ABSOLUTE && int_sign(self) < 0))
        return int_binary(vm, BINARY_SUBTRACT, value_small(0), self);
    if (op == UNARY_OP_INVERT && is_bool(self) &&
        !warn_deprecated(vm, "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the bitwise "
                             "inversion of the underlying int object and is usually not what you expect from negating a bool. Use the "
                             "'not' operator for boolean negation or ~int(x) if you really want the bitwise inversion of the underlying "
                             "int."))
        return VALUE_ERROR;
    if (op == UNARY_OP_INVERT) return int_binary(vm, BINARY_SUBTRACT, value_small(-1), self);
    if (op == UNARY_OP_NOT) return value_bool(int_sign(self) == 0);
    return int_plain(vm, self);
}

static Value bool_repr(VM *vm, Value self) {
    return object_or_error(string_from(vm, is_true(self) ? "True" : "False"));
}

static const OperatorSet int_operators = {.binary = ((1u << BINARY_COUNT) - 1) & ~(1u << BINARY_MATRIX_MULTIPLY), .unary = ~0u};
const TypeOps int_ops = {
    .cell_size = int_cell_size,
    .repr = int_repr,
    .format = format_int,
    .hash = int_hash_operation,
    .compare = int_compare,
    .truth = int_truth,
    .binary = int_binary,
    .unary = int_unary,
    .operations = &int_operators,
};

const TypeOps bool_ops = {
    .repr = bool_repr,
    .format = format_int,
    .hash = int_hash_operation,
    .compare = int_compare,
    .truth = int_truth,
    .binary = int_binary,
    .unary = int_unary,
    .operations = &int_operators,
};

bool int_class_init(VM *vm) {
    vm->ops[KIND_INT] = &int_ops;
    vm->classes.integer = class_new_builtin(vm, "int", vm->classes.object, KIND_INT, int_cell(2), 0);
    return vm->classes.integer && int_methods_init(vm);
}

// math: functions on floats, with CPython's errors where a result is not finite.
#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "modules/library.h"
#include "modules/modules.h"
#include "modules/number/exact_sum.h"
#include "object/container/dict.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"

static Value domain_error(VM *vm) { return raise_value_error(vm, "math domain error"); }
static Value range_error(VM *vm) { return raise_overflow_error(vm, "math range error"); }

static bool number(VM *vm, Value v, double *out) {
    if (is_float(v)) return *out = float_of(v), true;
    if (is_small(v)) return *out = (double)small_of(v), true;
    return value_to_double(vm, v, out);
}

// A function of one number. A NaN that was none is a domain error; an infinity that was none is a range error where the
// function can overflow, else a domain error.
static Value one(VM *vm, Value v, double (*function)(double), bool can_overflow) {
    double x;
    if (!number(vm, v, &x)) return VALUE_ERROR;
    double y = function(x);
    if (isnan(y) && !isnan(x)) return domain_error(vm);
    if (isinf(y) && isfinite(x)) return can_overflow ? range_error(vm) : domain_error(vm);
    return value_float(y);
}
#define ONE(name, function, can_overflow)                                                                              \
    static Value math_##name(VM *vm, Value *args, size_t count) { return one(vm, args[0], function, can_overflow); }
ONE(acos, acos, false)
ONE(acosh, acosh, false)
ONE(asin, asin, false)
ONE(asinh, asinh, false)
ONE(atan, atan, false)
ONE(atanh, atanh, false)
ONE(cbrt, cbrt, false)
ONE(cos, cos, false)
ONE(cosh, cosh, true)
ONE(erf, erf, false)
ONE(erfc, erfc, false)
ONE(exp, exp, true)
ONE(exp2, exp2, true)
ONE(expm1, expm1, true)
ONE(fabs, fabs, false)
ONE(log1p, log1p, false)
ONE(sin, sin, false)
ONE(sinh, sinh, true)
ONE(sqrt, sqrt, false)
ONE(tan, tan, false)
ONE(tanh, tanh, false)

static Value math_gamma(VM *vm, Value *args, size_t count) {
    double x;
    if (!number(vm, args[0], &x)) return VALUE_ERROR;
    if (x == 0 || (isinf(x) && x < 0) || (x < 0 && x == floor(x) && isfinite(x))) return domain_error(vm);
    double y;
    if (x == floor(x) && x > 0 && x <= 23) { // exact
        y = 1;
        for (int i = 2; i < (int)x; i++) y *= i;
    } else {
        y = tgamma(x);
    }
    return isinf(y) && isfinite(x) ? range_error(vm) : value_float(y);
}
static Value math_lgamma(VM *vm, Value *args, size_t count) {
    double x;
    int sign;
    if (!number(vm, args[0], &x)) return VALUE_ERROR;
    if (isfinite(x) && x <= 0 && x == floor(x)) return domain_error(vm);
    double y = lgamma_r(x, &sign);
    return isinf(y) && isfinite(x) ? range_error(vm) : value_float(y);
}

static Value math_degrees(VM *vm, Value *args, size_t count) {
    double x;
    return number(vm, args[0], &x) ? value_float(x * (180.0 / M_PI)) : VALUE_ERROR;
}
static Value math_radians(VM *vm, Value *args, size_t count) {
    double x;
    return number(vm, args[0], &x) ? value_float(x * (M_PI / 180.0)) : VALUE_ERROR;
}
#define TEST(name)                                                                                                     \
    static Value math_##name(VM *vm, Value *args, size_t count) {                                                      \
        double x;                                                                                                      \
        return number(vm, args[0], &x) ? value_bool(name(x)) : VALUE_ERROR;                                            \
    }
TEST(isfinite)
TEST(isinf)
TEST(isnan)

// ---- Logarithms, of ints of any size too

// A positive int beyond the range of doubles as mantissa (0.5 to 1) and exponent of 2.
static bool big_frexp(VM *vm, Value v, double *mantissa, double *exponent) {
    Buffer digits = vm_buffer(vm);
    if (!int_append_digits(vm, &digits, v, 16)) return buffer_free(&digits), false;
    double leading = 0;
    size_t used = digits.length < 14 ? digits.length : 14;
    for (size_t i = 0; i < used; i++) {
        char c = digits.data[i];
        leading = leading * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    int binary;
    *mantissa = frexp(leading, &binary);
    *exponent = binary + 4.0 * (double)(digits.length - used);
    buffer_free(&digits);
    return true;
}

typedef enum { LOG_E, LOG_2, LOG_10 } LogBase;

static bool logarithm(VM *vm, Value v, LogBase base, double *out) {
    if (!is_small(v) && is_int(v)) {
        if (int_sign(v) <= 0) return domain_error(vm), false;
        double x;
        if (int_to_double(vm, v, &x)) {
            *out = base == LOG_E ? log(x) : base == LOG_2 ? log2(x) : log10(x);
            return true;
        }
        exception_clear(vm);
        double mantissa, exponent;
        if (!big_frexp(vm, v, &mantissa, &exponent)) return false;
        *out = base == LOG_2   ? log2(mantissa) + exponent
               : base == LOG_E ? log(mantissa) + log(2.0) * exponent
                               : log10(mantissa) + log10(2.0) * exponent;
        return true;
    }
    double x;
    if (!number(vm, v, &x)) return false;
    if (x <= 0) return domain_error(vm), false;
    *out = base == LOG_E ? log(x) : base == LOG_2 ? log2(x) : log10(x);
    return true;
}
static Value math_log(VM *vm, Value *args, size_t count) {
    double x, base;
    if (!logarithm(vm, args[0], LOG_E, &x)) return VALUE_ERROR;
    if (is_empty(args[1])) return value_float(x);
    if (!logarithm(vm, args[1], LOG_E, &base)) return VALUE_ERROR;
    if (base == 0) return raise_error(vm, vm->exceptions.zero_division_error, "division by zero");
    return value_float(x / base);
}
static Value math_log2(VM *vm, Value *args, size_t count) {
    double x;
    return logarithm(vm, args[0], LOG_2, &x) ? value_float(x) : VALUE_ERROR;
}
static Value math_log10(VM *vm, Value *args, size_t count) {
    double x;
    return logarithm(vm, args[0], LOG_10, &x) ? value_float(x) : VALUE_ERROR;
}

// ---- Of two numbers

static bool two(VM *vm, Value *args, double *x, double *y) { return number(vm, args[0], x) && number(vm, args[1], y); }

static Value math_atan2(VM *vm, Value *args, size_t count) {
    double x, y;
    return two(vm, args, &x, &y) ? value_float(atan2(x, y)) : VALUE_ERROR;
}
static Value math_copysign(VM *vm, Value *args, size_t count) {
    double x, y;
    return two(vm, args, &x, &y) ? value_float(copysign(x, y)) : VALUE_ERROR;
}
static Value math_fmod(VM *vm, Value *args, size_t count) {
    double x, y;
    if (!two(vm, args, &x, &y)) return VALUE_ERROR;
    if (isinf(y) && isfinite(x)) return value_float(x);
    double z = fmod(x, y);
    return isnan(z) && !isnan(x) && !isnan(y) ? domain_error(vm) : value_float(z);
}
static Value math_remainder(VM *vm, Value *args, size_t count) {
    double x, y;
    if (!two(vm, args, &x, &y)) return VALUE_ERROR;
    double z = remainder(x, y);
    return isnan(z) && !isnan(x) && !isnan(y) ? domain_error(vm) : value_float(z);
}
static Value math_pow(VM *vm, Value *args, size_t count) {
    double x, y;
    if (!two(vm, args, &x, &y)) return VALUE_ERROR;
    double z = pow(x, y);
    if (isnan(z) && !isnan(x) && !isnan(y)) return domain_error(vm);
    if (isinf(z) && isfinite(x) && isfinite(y)) return x == 0 ? domain_error(vm) : range_error(vm);
    return value_float(z);
}
static int64_t place_of(double number) {
    int64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits < 0 ? INT64_MIN - bits : bits;
}
static double double_at(int64_t place) {
    int64_t bits = place < 0 ? INT64_MIN - place : place;
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}
static Value math_nextafter(VM *vm, Value *args, size_t count) {
    double x, y;
    if (!two(vm, args, &x, &y)) return VALUE_ERROR;
    if (is_empty(args[2]) || is_none(args[2])) return value_float(nextafter(x, y));
    int64_t steps;
    if (!value_index_int64(vm, args[2], true, &steps)) return VALUE_ERROR;
    if (steps < 0) return raise_value_error(vm, "steps must be a non-negative integer");
    if (isnan(x) || !steps) return value_float(x);
    if (isnan(y) || x == y) return value_float(y);
    // The doubles in their order have the order of their places, if those of negative ones are counted downwards.
    int64_t from = place_of(x), to = place_of(y);
    uint64_t apart = from < to ? (uint64_t)to - (uint64_t)from : (uint64_t)from - (uint64_t)to;
    if ((uint64_t)steps >= apart) return value_float(y);
    return value_float(double_at(from < to ? from + steps : from - steps));
}
static Value math_ulp(VM *vm, Value *args, size_t count) {
    double x;
    if (!number(vm, args[0], &x)) return VALUE_ERROR;
    if (isnan(x)) return value_float(x);
    x = fabs(x);
    if (isinf(x)) return value_float(x);
    double up = nextafter(x, INFINITY);
    return value_float(isinf(up) ? x - nextafter(x, -INFINITY) : up - x);
}
static Value math_fma(VM *vm, Value *args, size_t count) {
    double x, y, z;
    if (!two(vm, args, &x, &y) || !number(vm, args[2], &z)) return VALUE_ERROR;
    double r = fma(x, y, z);
    if (isnan(r) && !isnan(x) && !isnan(y) && !isnan(z)) return raise_value_error(vm, "invalid operation in fma");
    if (isinf(r) && isfinite(x) && isfinite(y) && isfinite(z)) return raise_overflow_error(vm, "overflow in fma");
    return value_float(r);
}
static Value math_ldexp(VM *vm, Value *args, size_t count) {
    double x;
    int64_t exponent;
    if (!number(vm, args[0], &x)) return VALUE_ERROR;
    if (!is_int(args[1])) return raise_type_error(vm, "Expected an int as second argument to ldexp.");
    if (!value_index_int64(vm, args[1], true, &exponent)) return VALUE_ERROR;
    if (x == 0 || !isfinite(x)) return value_float(x);
    double y = ldexp(x, exponent > 10000 ? 10000 : exponent < -10000 ? -10000 : (int)exponent);
    return isinf(y) ? range_error(vm) : value_float(y);
}
static Value math_frexp(VM *vm, Value *args, size_t count) {
    double x;
    int exponent = 0;
    if (!number(vm, args[0], &x)) return VALUE_ERROR;
    Value pair[2] = {value_float(isfinite(x) && x ? frexp(x, &exponent) : x), VALUE_NONE};
    pair[1] = value_small(exponent);
    return object_or_error(tuple_from(vm, pair, 2));
}
static Value math_modf(VM *vm, Value *args, size_t count) {
    double x, whole;
    if (!number(vm, args[0], &x)) return VALUE_ERROR;
    double part = modf(x, &whole);
    Value pair[2] = {value_float(part), value_float(whole)};
    return object_or_error(tuple_from(vm, pair, 2));
}

static Value math_isclose(VM *vm, Value *args, size_t count) {
    double a, b, relative = 1e-9, absolute = 0;
    if (!two(vm, args, &a, &b)) return VALUE_ERROR;
    if (!is_empty(args[2]) && !number(vm, args[2], &relative)) return VALUE_ERROR;
    if (!is_empty(args[3]) && !number(vm, args[3], &absolute)) return VALUE_ERROR;
    if (relative < 0 || absolute < 0) return raise_value_error(vm, "tolerances must be non-negative");
    if (a == b) return VALUE_TRUE;
    if (isinf(a) || isinf(b)) return VALUE_FALSE;
    double difference = fabs(b - a);
    return value_bool(difference <= fabs(relative * b) || difference <= fabs(relative * a) || difference <= absolute);
}

// ---- To ints

static Value rounded(VM *vm, Value v, Special special, double (*function)(double), const char *refused) {
    if (is_int(v)) return int_plain(vm, v);
    if (!is_any_float(v)) {
        Value result = value_call_special(vm, v, special, NULL, 0);
        if (!is_empty(result)) return result;
        if (refused) return raise_type_error(vm, refused, type_name(vm, v));
    }
    double x;
    if (!number(vm, v, &x)) return VALUE_ERROR;
    x = function(x);
    if (fabs(x) < 1e14) return value_small((int64_t)x);
    // Beyond: as int() converts, with its errors.
    Value argument = value_float(x);
    return call_class(vm, vm->classes.integer, &argument, 1);
}
static Value math_ceil(VM *vm, Value *args, size_t count) { return rounded(vm, args[0], SPECIAL_CEIL, ceil, NULL); }
static Value math_floor(VM *vm, Value *args, size_t count) { return rounded(vm, args[0], SPECIAL_FLOOR, floor, NULL); }

static Value math_trunc(VM *vm, Value *args, size_t count) {
    static const char refused[] = "type %s doesn't define __trunc__ method";
    if (!is_int(args[0]) && !is_any_float(args[0])) {
        Value result = value_call_special(vm, args[0], SPECIAL_TRUNC, NULL, 0);
        return is_empty(result) ? raise_type_error(vm, refused, type_name(vm, args[0])) : result;
    }
    return rounded(vm, args[0], SPECIAL_TRUNC, trunc, NULL);
}

// ---- Of ints

static Value multiply(VM *vm, Value a, Value b) { return int_binary(vm, BINARY_MULTIPLY, a, b); }
static Value subtract(VM *vm, Value a, Value b) { return int_binary(vm, BINARY_SUBTRACT, a, b); }
static Value divide(VM *vm, Value a, Value b) { return int_binary(vm, BINARY_FLOOR_DIVIDE, a, b); }

// from * (from + 1) * … * to, by halves so that the factors stay of like size.
static Value product(VM *vm, int64_t from, int64_t to) {
    if (from > to) return value_small(1);
    if (!vm_safepoint(vm, 8)) return VALUE_ERROR;
    if (to - from < 8) {
        Value result = value_small(from);
        for (int64_t i = from + 1; i <= to && !is_error(result); i++) result = multiply(vm, result, value_small(i));
        return result;
    }
    int64_t middle = from + (to - from) / 2;
    Value left = product(vm, from, middle), right = is_error(left) ? left : product(vm, middle + 1, to);
    return is_error(right) ? right : multiply(vm, left, right);
}

static Value math_factorial(VM *vm, Value *args, size_t count) {
    if (is_any_float(args[0])) return raise_type_error(vm, "'float' object cannot be interpreted as an integer");
    Value n = value_index(vm, args[0]);
    if (is_error(n)) return n;
    if (int_sign(n) < 0) return raise_value_error(vm, "factorial() not defined for negative values");
    if (!is_small(n)) return raise_overflow_error(vm, "factorial() argument should not exceed 9223372036854775807");
    return product(vm, 2, small_of(n) < 1 ? 1 : small_of(n));
}

// n choose k, or with `ordered` the number of arrangements.
static Value choose(VM *vm, Value n, Value k, bool ordered) {
    if (is_error(n = value_index(vm, n)) || is_error(k = value_index(vm, k))) return VALUE_ERROR;
    if (int_sign(n) < 0) return raise_value_error(vm, "n must be a non-negative integer");
    if (int_sign(k) < 0) return raise_value_error(vm, "k must be a non-negative integer");
    Value rest = subtract(vm, n, k);
    if (is_error(rest)) return rest;
    if (int_sign(rest) < 0) return value_small(0);
    if (!ordered && is_true(int_compare(vm, COMPARISON_LT, rest, k))) k = rest;
    if (!is_small(k)) return raise_overflow_error(vm, "%s must not exceed 9223372036854775807", ordered ? "k" : "min(n - k, k)");
    if (is_small(n)) {
        Value arranged = product(vm, small_of(n) - small_of(k) + 1, small_of(n));
        Value orders = ordered || is_error(arranged) ? value_small(1) : product(vm, 2, small_of(k) < 1 ? 1 : small_of(k));
        return is_error(arranged) || is_error(orders) ? VALUE_ERROR : divide(vm, arranged, orders);
    }
    Value result = value_small(1);
    for (int64_t i = 0; i < small_of(k) && !is_error(result); i++) {
        if (!vm_safepoint(vm, 1)) return VALUE_ERROR;
        Value factor = subtract(vm, n, value_small(i));
        result = is_error(factor) ? factor : multiply(vm, result, factor);
        if (!ordered && !is_error(result)) result = divide(vm, result, value_small(i + 1));
    }
    return result;
}
static Value math_comb(VM *vm, Value *args, size_t count) { return choose(vm, args[0], args[1], false); }
static Value math_perm(VM *vm, Value *args, size_t count) {
    if (is_empty(args[1]) || is_none(args[1])) return math_factorial(vm, args, 1);
    return choose(vm, args[0], args[1], true);
}

static Value gcd_of(VM *vm, Value a, Value b) {
    a = int_sign(a) < 0 ? value_unary(vm, UNARY_OP_MINUS, a) : a;
    b = int_sign(b) < 0 ? value_unary(vm, UNARY_OP_MINUS, b) : b;
    while (!is_error(a) && !is_error(b) && int_sign(b)) {
        if (!vm_safepoint(vm, 1)) return VALUE_ERROR;
        Value rest = int_binary(vm, BINARY_MODULO, a, b);
        a = b;
        b = rest;
    }
    return is_error(b) ? b : a;
}
static Value math_gcd(VM *vm, Value *args, size_t count) {
    Value result = value_small(0);
    for (size_t i = 0; i < count && !is_error(result); i++) {
        Value n = value_index(vm, args[i]);
        if (is_error(n)) return n;
        result = gcd_of(vm, result, n);
    }
    return result;
}
static Value math_lcm(VM *vm, Value *args, size_t count) {
    Value result = value_small(1);
    for (size_t i = 0; i < count && !is_error(result); i++) {
        Value n = value_index(vm, args[i]);
        if (is_error(n)) return n;
        if (!int_sign(n) || !int_sign(result)) {
            result = value_small(0);
            continue;
        }
        Value common = gcd_of(vm, result, n);
        Value part = is_error(common) ? common : divide(vm, result, common);
        result = is_error(part) ? part : value_unary(vm, UNARY_OP_ABSOLUTE, multiply(vm, part, n));
    }
    return result;
}

// The integer square root of n >= 0. The root of n's upper half of bits has half of the root's digits right: from a little
// above it Newton's method takes one step, and a second to find that it falls no more.
static Value integer_root(VM *vm, Value n) {
    if (is_small(n)) {
        int64_t root = (int64_t)sqrt((double)small_of(n));
        while (root * root > small_of(n)) root--;
        while ((root + 1) * (root + 1) <= small_of(n)) root++;
        return value_small(root);
    }
    if (!vm_safepoint(vm, 1)) return VALUE_ERROR;
    int64_t half = int_bit_length(n) / 4;
    Value x = int_binary(vm, BINARY_RIGHT_SHIFT, n, value_small(2 * half));
    if (!is_error(x)) x = integer_root(vm, x);
    if (!is_error(x)) x = int_binary(vm, BINARY_ADD, x, value_small(1));
    if (!is_error(x)) x = int_binary(vm, BINARY_LEFT_SHIFT, x, value_small(half));
    while (!is_error(x)) {
        Value next = divide(vm, n, x);
        if (!is_error(next)) next = int_binary(vm, BINARY_ADD, next, x);
        if (!is_error(next)) next = int_binary(vm, BINARY_RIGHT_SHIFT, next, value_small(1));
        if (is_error(next) || is_false(int_compare(vm, COMPARISON_LT, next, x))) return is_error(next) ? next : x;
        x = next;
    }
    return x;
}

static Value math_isqrt(VM *vm, Value *args, size_t count) {
    Value n = value_index(vm, args[0]);
    if (is_error(n)) return n;
    if (int_sign(n) < 0) return raise_value_error(vm, "isqrt() argument must be nonnegative");
    return integer_root(vm, n);
}

// ---- Of many numbers

// Doubles of an iterable, in side memory.
typedef struct {
    double *items;
    size_t count, capacity;
} Doubles;

static bool doubles_add(VM *vm, Doubles *d, double x) {
    if (d->count == d->capacity) {
        size_t capacity = d->capacity ? d->capacity * 2 : 16;
        double *items = heap_resize(vm, d->items, d->capacity * sizeof(double), capacity * sizeof(double));
        if (!items) return raise_memory_error(vm), false;
        d->items = items;
        d->capacity = capacity;
    }
    d->items[d->count++] = x;
    return true;
}
static void doubles_free(VM *vm, Doubles *d) { heap_resize(vm, d->items, d->capacity * sizeof(double), 0); }

static int collect_double(VM *vm, Value item, void *data) {
    double x;
    return number(vm, item, &x) && doubles_add(vm, data, x) ? 1 : -1;
}

// What fsum has seen. A number that is not finite decides the result, whatever finite ones stand before it.
typedef struct {
    ExactSum finite;
    bool nan, infinity, negative_infinity;
} Summation;

static int sum_each(VM *vm, Value item, void *data) {
    Summation *sum = data;
    double x;
    if (!number(vm, item, &x)) return -1;
    if (isfinite(x)) {
        if (exact_sum_add(&sum->finite, x)) return 1;
        raise_overflow_error(vm, "intermediate overflow in fsum");
        return -1;
    }
    sum->nan |= isnan(x);
    sum->infinity |= x > 0;
    sum->negative_infinity |= x < 0;
    sum->finite = (ExactSum){0};
    return 1;
}

static Value math_fsum(VM *vm, Value *args, size_t count) {
    Summation sum = {0};
    if (value_for_each(vm, args[0], sum_each, &sum) < 0) return VALUE_ERROR;
    if (sum.infinity && sum.negative_infinity) return raise_value_error(vm, "-inf + inf in fsum");
    if (sum.nan) return value_float(NAN);
    if (sum.infinity || sum.negative_infinity) return value_float(sum.infinity ? INFINITY : -INFINITY);
    return value_float(exact_sum_round(&sum.finite));
}

static int multiply_each(VM *vm, Value item, void *data) {
    Value *total = data;
    *total = value_binary(vm, BINARY_MULTIPLY, *total, item);
    return is_error(*total) ? -1 : 1;
}
static Value math_prod(VM *vm, Value *args, size_t count) {
    Value total = is_empty(args[1]) ? value_small(1) : args[1];
    int status = value_for_each(vm, args[0], multiply_each, &total);
    return status < 0 ? VALUE_ERROR : total;
}

// A float, or an int that becomes one, as a factor of exact products.
static bool is_factor(VM *vm, Value v, double *out) {
    if (is_float(v)) return *out = float_of(v), true;
    if (!is_int(v)) return false;
    if (int_to_double(vm, v, out)) return true;
    exception_drop(vm); // too large: the operators will say so
    return false;
}

// Adds x * y, with what the product's rounding takes away; `rough` is the sum with its own rounding. False: the number would not be finite.
static bool add_product(ExactSum *sum, double *rough, double x, double y) {
    double product = x * y, next = *rough + product;
    if (!isfinite(next)) return false;
    *rough = next;
    return exact_sum_add(sum, product) && exact_sum_add(sum, fma(x, y, -product));
}

static bool add_whole_product(int64_t *sum, Value a, Value b) {
    int64_t x, y, product, next;
    if (is_bool(a) || is_bool(b) || !is_int(a) || !is_int(b) || !int_to_int64(a, &x) || !int_to_int64(b, &y)) return false;
    if (__builtin_mul_overflow(x, y, &product) || __builtin_add_overflow(*sum, product, &next)) return false;
    return *sum = next, true;
}

// First pairs of ints, as long as 64 bits hold their sum; then pairs with a float, exactly, rounded once; then all else as the
// operators do it.
static Value math_sumprod(VM *vm, Value *args, size_t count) {
    List *p = list_from_iterable(vm, args[0]);
    List *q = p ? list_from_iterable(vm, args[1]) : NULL;
    if (!q) return VALUE_ERROR;
    if (p->length != q->length) return raise_value_error(vm, "Inputs are not the same length");
    size_t length = p->length, i = 0;
    int64_t whole = 0;
    while (i < length && add_whole_product(&whole, p->items[i], q->items[i])) i++;
    Value sum = int_from_int64(vm, whole);
    ExactSum exact = {0};
    double rough = 0;
    size_t first = i;
    for (double x, y; i < length; i++) {
        Value a = p->items[i], b = q->items[i];
        if (!(is_float(a) || is_float(b)) || !is_factor(vm, a, &x) || !is_factor(vm, b, &y) || !add_product(&exact, &rough, x, y)) break;
    }
    vm_count_work(vm, length);
    if (i > first && !is_error(sum)) sum = value_binary(vm, BINARY_ADD, sum, value_float(exact_sum_round(&exact)));
    for (; i < p->length && i < q->length && !is_error(sum); i++) {
        Value product = value_binary(vm, BINARY_MULTIPLY, p->items[i], q->items[i]);
        sum = is_error(product) ? product : value_binary(vm, BINARY_ADD, sum, product);
    }
    return sum;
}

// The length of a vector, scaled so that no square overflows and summed so that no rounding adds up.
static double vector_length(const double *items, size_t count) {
    double largest = 0;
    bool nan = false;
    for (size_t i = 0; i < count; i++) {
        double x = fabs(items[i]);
        if (isinf(x)) return INFINITY;
        nan |= isnan(x);
        if (x > largest) largest = x;
    }
    if (nan) return NAN;
    if (largest == 0 || count == 1) return largest;
    int exponent;
    frexp(largest, &exponent);
    double high = 0, low = 0;
    for (size_t i = 0; i < count; i++) {
        double x = ldexp(items[i], -exponent), square = x * x, rest = fma(x, x, -square);
        double t = high + square, part = t - high;
        low += (high - (t - part)) + (square - part) + rest; // (whichever of the two is larger)
        high = t;
    }
    double root = sqrt(high + low), square = root * root;
    double rest = (high - square) + low - fma(root, root, -square);
    return ldexp(root + rest / (2 * root), exponent);
}
static Value math_hypot(VM *vm, Value *args, size_t count) {
    Doubles d = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) ok = collect_double(vm, args[i], &d) == 1;
    double length = ok ? vector_length(d.items, d.count) : 0;
    doubles_free(vm, &d);
    return ok ? value_float(length) : VALUE_ERROR;
}
static Value math_dist(VM *vm, Value *args, size_t count) {
    Doubles p = {0}, q = {0};
    Value result = VALUE_ERROR;
    if (value_for_each(vm, args[0], collect_double, &p) == 1 && value_for_each(vm, args[1], collect_double, &q) == 1) {
        if (p.count != q.count) {
            raise_value_error(vm, "both points must have the same number of dimensions");
        } else {
            for (size_t i = 0; i < p.count; i++) p.items[i] -= q.items[i];
            result = value_float(vector_length(p.items, p.count));
        }
    }
    doubles_free(vm, &p);
    doubles_free(vm, &q);
    return result;
}

#define F(name, doc) {#name, math_##name, "x, /", NATIVE_METHOD, doc}
static const NativeDefinition functions[] = {
    F(acos, "The angle in radians, from 0 to pi, whose cosine is x."),
    F(acosh, "The number, at least 0, whose hyperbolic cosine is x."),
    F(asin, "The angle in radians, from -pi/2 to pi/2, whose sine is x."),
    F(asinh, "The number whose hyperbolic sine is x."),
    F(atan, "The angle in radians, from -pi/2 to pi/2, whose tangent is x."),
    F(atanh, "The number whose hyperbolic tangent is x."),
    F(cbrt, "The cube root."),
    F(ceil, "The smallest integer that is not below x."),
    F(cos, "The cosine of an angle in radians."),
    F(cosh, "The hyperbolic cosine."),
    F(degrees, "The angle x, given in radians, in degrees."),
    F(erf, "The error function."),
    F(erfc, "1 - erf(x), exact also where x is large."),
    F(exp, "e to the power of x."),
    F(exp2, "2 to the power of x."),
    F(expm1, "exp(x) - 1, exact also where x is near 0."),
    F(fabs, "The absolute value, as a float."),
    F(factorial, "The product of all integers from 1 to x."),
    F(floor, "The largest integer that is not above x."),
    F(frexp, "The pair (m, e) for which x is m * 2**e and m is 0 or has an absolute value from 0.5 to below 1."),
    F(gamma, "The gamma function: for a positive integer n, the factorial of n - 1."),
    F(isfinite, "Whether x is neither infinite nor NaN."),
    F(isinf, "Whether x is an infinity."),
    F(isnan, "Whether x is NaN."),
    F(lgamma, "The natural logarithm of the gamma function's absolute value."),
    F(log10, "The logarithm to base 10."),
    F(log1p, "The natural logarithm of 1 + x, exact also where x is near 0."),
    F(log2, "The logarithm to base 2."),
    F(modf, "What stands behind the point and what stands before it, both floats with the sign of x."),
    F(radians, "The angle x, given in degrees, in radians."),
    F(sin, "The sine of an angle in radians."),
    F(sinh, "The hyperbolic sine."),
    F(sqrt, "The square root."),
    F(tan, "The tangent of an angle in radians."),
    F(tanh, "The hyperbolic tangent."),
    F(trunc, "The integer that is left when all behind the point goes."),
    F(ulp, "The distance to the next float: what the last bit of x is worth."),
    {"atan2", math_atan2, "y, x, /", NATIVE_METHOD, "The angle in radians, from -pi to pi, of the direction to the point (x, y)."},
    {"comb", math_comb, "n, k, /", NATIVE_METHOD, "In how many ways k of n things can be chosen when their order does not matter."},
    {"copysign", math_copysign, "x, y, /", NATIVE_METHOD, "The absolute value of x with the sign of y."},
    {"dist", math_dist, "p, q, /", NATIVE_METHOD, "The distance between two points, given by their coordinates."},
    {"fma", math_fma, "x, y, z, /", NATIVE_METHOD, "x * y + z, rounded once."},
    {"fmod", math_fmod, "x, y, /", NATIVE_METHOD, "The remainder of x / y with the sign of x; x % y has the sign of y."},
    {"fsum", math_fsum, "seq, /", NATIVE_METHOD, "The sum of floats, rounded once: the parts that a plain sum loses are kept."},
    {"gcd", math_gcd, "*integers", NATIVE_METHOD, "The greatest common divisor of integers; 0 of none."},
    {"hypot", math_hypot, "*coordinates", NATIVE_METHOD, "The length of the vector with these coordinates."},
    {"isclose", math_isclose, "a, b, *, rel_tol=1e-09, abs_tol=0.0", NATIVE_METHOD,
     "Whether two numbers differ by at most rel_tol of the larger one, or by at most abs_tol."},
    {"isqrt", math_isqrt, "n, /", NATIVE_METHOD, "The largest integer whose square is not above n."},
    {"lcm", math_lcm, "*integers", NATIVE_METHOD, "The least common multiple of integers; 1 of none."},
    {"ldexp", math_ldexp, "x, i, /", NATIVE_METHOD, "x * 2**i."},
    {"log", math_log, "x, base=, /", NATIVE_METHOD, "The logarithm to a base, e by default."},
    {"nextafter", math_nextafter, "x, y, /, *, steps=None", NATIVE_METHOD,
     "The float that comes `steps` floats after x, one by default, in the direction of y."},
    {"perm", math_perm, "n, k=None, /", NATIVE_METHOD, "In how many ways k of n things, all by default, can be chosen in order."},
    {"pow", math_pow, "x, y, /", NATIVE_METHOD, "x to the power of y, as floats."},
    {"prod", math_prod, "iterable, /, *, start=1", NATIVE_METHOD, "`start` times all items of an iterable."},
    {"remainder", math_remainder, "x, y, /", NATIVE_METHOD,
     "The remainder of x / y with the quotient rounded to the nearest integer, halves to the even one."},
    {"sumprod", math_sumprod, "p, q, /", NATIVE_METHOD, "The sum of p[i] * q[i] for two iterables of equal length."},
    {0}};
#undef F

bool math_module_fill(VM *vm, ModuleObject *module) {
    Dict *names = module->namespace;
    return add_text(vm, names, "__doc__", "Functions of real numbers, and constants.") &&
           native_add_functions(vm, names, functions) > 0 && add_value(vm, names, "pi", value_float(M_PI)) &&
           add_value(vm, names, "e", value_float(M_E)) && add_value(vm, names, "tau", value_float(2 * M_PI)) &&
           add_value(vm, names, "inf", value_float(INFINITY)) && add_value(vm, names, "nan", value_float(NAN));
}

// Built-in functions on numbers and the reductions of iterables.
#include <math.h>
#include <string.h>

#include "modules/library.h"
#include "modules/modules.h"
#include "object/core/native.h"
#include "object/core/type.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"

static Value builtin_abs(VM *vm, Value *args, size_t count) { return value_unary(vm, UNARY_OP_ABSOLUTE, args[0]); }

// The digits of __index__ behind their prefix.
static Value based(VM *vm, Value v, int base, const char *prefix) {
    Value number = value_index(vm, v);
    if (is_error(number)) return VALUE_ERROR;
    Buffer digits = vm_buffer(vm), text = vm_buffer(vm);
    if (!int_append_digits(vm, &digits, number, base)) return buffer_free(&digits), VALUE_ERROR;
    bool negative = digits.length && digits.data[0] == '-';
    buffer_text(&text, negative ? "-" : "");
    buffer_text(&text, prefix);
    buffer_append(&text, digits.data + negative, digits.length - negative);
    text.failed |= digits.failed;
    buffer_free(&digits);
    return object_or_error(string_from_buffer(vm, &text));
}
static Value builtin_bin(VM *vm, Value *args, size_t count) { return based(vm, args[0], 2, "0b"); }
static Value builtin_oct(VM *vm, Value *args, size_t count) { return based(vm, args[0], 8, "0o"); }
static Value builtin_hex(VM *vm, Value *args, size_t count) { return based(vm, args[0], 16, "0x"); }

static Value builtin_chr(VM *vm, Value *args, size_t count) {
    Value number = value_index(vm, args[0]);
    if (is_error(number)) return VALUE_ERROR;
    if (!is_small(number) || small_of(number) < 0 || small_of(number) >= 0x110000)
        return raise_value_error(vm, "chr() arg not in range(0x110000)");
    return object_or_error(string_from_code_point(vm, (uint32_t)small_of(number)));
}

static Value builtin_ord(VM *vm, Value *args, size_t count) {
    size_t length;
    if (is_string(args[0])) {
        String *s = string_of(args[0]);
        if (s->length == 1) return value_small(string_code_point(vm, s, 0));
        return raise_type_error(vm, "ord() expected a character, but string of length %zu found", s->length);
    }
    const unsigned char *data;
    if (!is_kind(args[0], KIND_MEMORYVIEW) && bytes_view(args[0], &data, &length)) {
        if (length == 1) return value_small(data[0]);
        return raise_type_error(vm, "ord() expected a character, but string of length %zu found", length);
    }
    return raise_type_error(vm, "ord() expected string of length 1, but %s found", type_name(vm, args[0]));
}

static Value builtin_divmod(VM *vm, Value *args, size_t count) {
    return value_binary(vm, BINARY_DIVMOD, args[0], args[1]);
}

static Value builtin_pow(VM *vm, Value *args, size_t count) {
    if (is_empty(args[2]) || is_none(args[2])) return value_binary(vm, BINARY_POWER, args[0], args[1]);
    Value method, result;
    if (class_overrides(vm, class_of(vm, args[0]), SPECIAL_POW, &method)) {
        result = vm_call(vm, method, args, 3, NULL);
        if (!is_not_implemented(result)) return result;
    }
    result = int_power_modulo(vm, args[0], args[1], args[2]);
    if (!is_not_implemented(result)) return result;
    if (is_kind(args[0], KIND_COMPLEX) || is_kind(args[1], KIND_COMPLEX)) return raise_value_error(vm, "complex modulo");
    if (is_any_float(args[0]) || is_any_float(args[1]))
        return raise_type_error(vm, "pow() 3rd argument not allowed unless all arguments are integers");
    return raise_type_error(vm, "unsupported operand type(s) for ** or pow(): '%s', '%s', '%s'", type_name(vm, args[0]),
                            type_name(vm, args[1]), type_name(vm, args[2]));
}

static Value builtin_round(VM *vm, Value *args, size_t count) {
    Value digits = args[1];
    bool plain = is_empty(digits) || is_none(digits);
    if (plain && is_small(args[0])) return args[0];
    Value result = value_call_special(vm, args[0], SPECIAL_ROUND, &digits, plain ? 0 : 1);
    if (is_empty(result))
        return raise_type_error(vm, "type %s doesn't define __round__ method", type_name(vm, args[0]));
    return result;
}

// ---- sum: ints in C while they fit, then floats with a compensation of what addition rounds away (as CPython's).

typedef struct {
    Value total;
    int64_t small;
    double high, low;
    enum { SUM_SMALL, SUM_FLOAT, SUM_ANY } state;
} Sum;

static void add_float(Sum *sum, double x) {
    double t = sum->high + x;
    if (fabs(sum->high) >= fabs(x))
        sum->low += (sum->high - t) + x;
    else
        sum->low += (x - t) + sum->high;
    sum->high = t;
}
static double float_total(const Sum *sum) {
    return sum->low && isfinite(sum->low) ? sum->high + sum->low : sum->high;
}

static int sum_each(VM *vm, Value item, void *data) {
    Sum *sum = data;
    if (sum->state == SUM_SMALL) {
        if (is_small(item) || is_bool(item)) {
            int64_t n = is_small(item) ? small_of(item) : is_true(item);
            if (!__builtin_add_overflow(sum->small, n, &sum->small)) return 1;
            sum->small -= n; // wraps back
        }
        sum->total = int_from_int64(vm, sum->small);
        sum->state = SUM_ANY;
        if (!is_error(sum->total)) sum->total = value_binary(vm, BINARY_ADD, sum->total, item);
        if (is_error(sum->total)) return -1;
        if (is_float(sum->total)) *sum = (Sum){.state = SUM_FLOAT, .high = float_of(sum->total)};
        return 1;
    }
    if (sum->state == SUM_FLOAT) {
        if (is_float(item)) return add_float(sum, float_of(item)), 1;
        int64_t n;
        if (is_int(item) && int_to_int64(item, &n)) return sum->high += (double)n, 1; // uncompensated, as CPython's
        sum->total = value_float(float_total(sum));
        sum->state = SUM_ANY;
    }
    sum->total = value_binary(vm, BINARY_ADD, sum->total, item); // from here on as the operators do it
    return is_error(sum->total) ? -1 : 1;
}

static Value builtin_sum(VM *vm, Value *args, size_t count) {
    Sum sum = {.total = is_empty(args[1]) ? value_small(0) : args[1], .state = SUM_ANY};
    if (is_string(sum.total)) return raise_type_error(vm, "sum() can't sum strings [use ''.join(seq) instead]");
    if (is_kind(sum.total, KIND_BYTES)) return raise_type_error(vm, "sum() can't sum bytes [use b''.join(seq) instead]");
    if (is_kind(sum.total, KIND_BYTEARRAY))
        return raise_type_error(vm, "sum() can't sum bytearray [use b''.join(seq) instead]");
    if (is_small(sum.total)) {
        sum.state = SUM_SMALL;
        sum.small = small_of(sum.total);
    } else if (is_float(sum.total)) {
        sum.state = SUM_FLOAT;
        sum.high = float_of(sum.total);
    }
    int status = value_for_each(vm, args[0], sum_each, &sum);
    if (status < 0) return VALUE_ERROR;
    if (sum.state == SUM_SMALL) return int_from_int64(vm, sum.small);
    return sum.state == SUM_FLOAT ? value_float(float_total(&sum)) : sum.total;
}

// ---- min, max

typedef struct {
    Value best, best_key, key;
    Comparison op;
} Extreme;

static int extreme_each(VM *vm, Value item, void *data) {
    Extreme *e = data;
    Value key = item;
    if (!is_none(e->key)) {
        key = vm_call(vm, e->key, &item, 1, NULL);
        if (is_error(key)) return -1;
    }
    if (!is_empty(e->best)) {
        int better;
        if (are_small(key, e->best_key)) {
            better = e->op == COMPARISON_LT ? small_of(key) < small_of(e->best_key) : small_of(key) > small_of(e->best_key);
        } else {
            better = value_compare_bool(vm, e->op, key, e->best_key);
        }
        if (better <= 0) return better < 0 ? -1 : 1;
    }
    e->best = item;
    e->best_key = key;
    return 1;
}

static Value extreme(VM *vm, const char *name, Comparison op, Value *args, size_t count) {
    Value key = args[0], fallback = args[1], *values = args + 2;
    size_t given = count - 2;
    if (given == 0) return raise_type_error(vm, "%s expected at least 1 argument, got 0", name);
    if (given > 1 && !is_empty(fallback))
        return raise_type_error(vm, "Cannot specify a default for %s() with multiple positional arguments", name);
    Extreme e = {VALUE_EMPTY, VALUE_EMPTY, is_empty(key) ? VALUE_NONE : key, op};
    int status = 1;
    if (given == 1)
        status = value_for_each(vm, values[0], extreme_each, &e);
    else
        for (size_t i = 0; status == 1 && i < given; i++) status = extreme_each(vm, values[i], &e);
    if (status < 0) return VALUE_ERROR;
    if (!is_empty(e.best)) return e.best;
    if (!is_empty(fallback)) return fallback;
    return raise_value_error(vm, "%s() iterable argument is empty", name);
}
static Value builtin_min(VM *vm, Value *args, size_t count) { return extreme(vm, "min", COMPARISON_LT, args, count); }
static Value builtin_max(VM *vm, Value *args, size_t count) { return extreme(vm, "max", COMPARISON_GT, args, count); }

// ---- all, any: the iteration ends at the first item that decides (the callback answers 0).

static int continue_if_true(VM *vm, Value item, void *data) { return value_truth(vm, item); }
static int continue_if_false(VM *vm, Value item, void *data) {
    int truth = value_truth(vm, item);
    return truth < 0 ? -1 : !truth;
}
static Value builtin_all(VM *vm, Value *args, size_t count) {
    int status = value_for_each(vm, args[0], continue_if_true, NULL);
    return status < 0 ? VALUE_ERROR : value_bool(status);
}
static Value builtin_any(VM *vm, Value *args, size_t count) {
    int status = value_for_each(vm, args[0], continue_if_false, NULL);
    return status < 0 ? VALUE_ERROR : value_bool(!status);
}

static const NativeDefinition functions[] = {{"abs", builtin_abs, "x, /", NATIVE_METHOD,
                                              "The absolute value; of a complex number its distance from 0."},
                                             {"all", builtin_all, "iterable, /", NATIVE_METHOD,
                                              "Whether every item of an iterable is true; True where there is none."},
                                             {"any", builtin_any, "iterable, /", NATIVE_METHOD,
                                              "Whether some item of an iterable is true; False where there is none."},
                                             {"bin", builtin_bin, "number, /", NATIVE_METHOD,
                                              "The integer in binary, such as '0b101' for 5."},
                                             {"chr", builtin_chr, "i, /", NATIVE_METHOD,
                                              "The character of a code point, from 0 to 0x10FFFF."},
                                             {"divmod", builtin_divmod, "x, y, /", NATIVE_METHOD, "The pair (x // y, x % y)."},
                                             {"hex", builtin_hex, "number, /", NATIVE_METHOD,
                                              "The integer in hexadecimal, such as '0xff' for 255."},
                                             {"max", builtin_max, "*args, key=, default=", NATIVE_METHOD,
                                              "The largest of its arguments, or of one iterable's items, by key(item); `default` is "
                                              "for an iterable without any."},
                                             {"min", builtin_min, "*args, key=, default=", NATIVE_METHOD,
                                              "The smallest of its arguments, or of one iterable's items, by key(item); `default` is "
                                              "for an iterable without any."},
                                             {"oct", builtin_oct, "number, /", NATIVE_METHOD,
                                              "The integer in octal, such as '0o17' for 15."},
                                             {"ord", builtin_ord, "c, /", NATIVE_METHOD,
                                              "The code point of a single character, or the value of a single byte."},
                                             {"pow", builtin_pow, "base, exp, mod=None", NATIVE_METHOD,
                                              "base ** exp; with `mod`, the remainder of that, for integers without computing the "
                                              "power."},
                                             {"round", builtin_round, "number, ndigits=None", NATIVE_METHOD,
                                              "The number rounded to `ndigits` places behind the point, or to an integer without; "
                                              "halves go to the even neighbor."},
                                             {"sum", builtin_sum, "iterable, /, start=0", NATIVE_METHOD,
                                              "`start` plus all items of an iterable."},
                                             {0}};

bool builtins_number_add(VM *vm, Dict *namespace) { return native_add_functions(vm, namespace, functions) > 0; }

// The constructor and methods of int and bool.
#include <limits.h>
#include <math.h>
#include <string.h>

#include "object/core/native.h"
#include "object/number/int_internal.h"
#include "object/text/bytes.h"

// ---- int(…)

static Value invalid_literal(VM *vm, Value text, int base) {
    String *repr = value_repr(vm, text);
    if (!repr) return VALUE_ERROR;
    size_t size = string_offset(vm, repr, repr->length < 200 ? repr->length : 200);
    return raise_value_error(vm, "invalid literal for int() with base %d: %.*s", base, (int)size, repr->data);
}

static Value parse_argument(VM *vm, Value v, int base) {
    const char *text;
    size_t length;
    if (is_string(v)) {
        text = string_of(v)->data;
        length = string_of(v)->size;
    } else {
        const unsigned char *data;
        if (!bytes_view(v, &data, &length)) return VALUE_NOT_IMPLEMENTED;
        text = (const char *)data;
        for (size_t i = 0; i < length; i++)
            if (data[i] >= 0x80) return invalid_literal(vm, v, base);
    }
    Value number = int_parse(vm, text, length, base);
    return is_empty(number) ? invalid_literal(vm, v, base) : number;
}

static Value from_float(VM *vm, double number) {
    if (isnan(number)) return raise_value_error(vm, "cannot convert float NaN to integer");
    if (isinf(number)) return raise_overflow_error(vm, "cannot convert float infinity to integer");
    return int_from_double(vm, number);
}

// int(x) without a base: a plain int.
static Value convert(VM *vm, Value v) {
    if (is_small(v)) return v;
    if (is_float(v)) return from_float(vm, float_of(v));
    Class *cls = class_of(vm, v);
    if (is_bool(v) || is_exactly(v, vm->classes.integer)) return int_plain(vm, v);
    if (is_object(v) && !is_string(v)) {
        Special specials[2] = {SPECIAL_INT, SPECIAL_INDEX};
        for (int i = 0; i < 2; i++) {
            if (is_empty(class_special(vm, cls, specials[i]))) continue;
            if (is_int(v) && (object_kind(object_of(v)) == KIND_INT)) {
                Value method;
                if (!class_overrides(vm, cls, specials[i], &method)) return int_plain(vm, v);
            }
            Value result = value_call_special(vm, v, specials[i], NULL, 0);
            if (is_empty(result)) continue;
            if (is_error(result)) return result;
            if (!is_int(result))
                return raise_type_error(vm, "%s returned non-int (type %s)", i ? "__index__" : "__int__",
                                        type_name(vm, result));
            if (!is_exact_int(vm, result) && !warn_of_subclass(vm, i ? "__index__" : "__int__", "int", result)) return VALUE_ERROR;
            return int_plain(vm, result);
        }
    }
    if (is_object(v) && !is_string(v) && !is_empty(class_special(vm, cls, SPECIAL_TRUNC))) {
        Value whole = warn_deprecated(vm, "The delegation of int() to __trunc__ is deprecated.")
                          ? value_call_special(vm, v, SPECIAL_TRUNC, NULL, 0)
                          : VALUE_ERROR;
        if (is_error(whole) || is_int(whole)) return is_error(whole) ? whole : int_plain(vm, whole);
        if (is_empty(class_special(vm, class_of(vm, whole), SPECIAL_INDEX)))
            return raise_type_error(vm, "__trunc__ returned non-Integral (type %s)", type_name(vm, whole));
        return value_index(vm, whole);
    }
    Value number = parse_argument(vm, v, 10);
    if (!is_not_implemented(number)) return number;
    return raise_type_error(vm,
                            "int() argument must be a string, a bytes-like object or a real number, not '%s'",
                            type_name(vm, v));
}

static Value number_argument(VM *vm, Value v, Value base) {
    if (is_empty(base)) return is_empty(v) ? value_small(0) : convert(vm, v);
    if (is_empty(v)) return raise_type_error(vm, "int() missing string argument");
    Value index = value_index(vm, base);
    int64_t n;
    if (is_error(index)) return index;
    if (!int_to_int64(index, &n) || n < 0 || n == 1 || n > 36)
        return raise_value_error(vm, "int() base must be >= 2 and <= 36, or 0");
    Value number = parse_argument(vm, v, (int)n);
    if (is_not_implemented(number))
        return raise_type_error(vm, "int() can't convert non-string with explicit base");
    return number;
}

static Value int_dunder_new(VM *vm, Value *args, size_t count) {
    Class *cls = builtin_new_class(vm, args[0], vm->classes.integer);
    if (!cls) return VALUE_ERROR;
    if (cls == vm->classes.boolean)
        return raise_type_error(vm, "int.__new__(bool) is not safe, use bool.__new__()");
    Value number = number_argument(vm, args[1], args[2]);
    if (is_error(number) || cls == vm->classes.integer) return number;
    IntView view;
    const mp_int *digits = int_view(number, &view);
    BigInt *instance = class_instantiate(vm, cls, int_cell(digits->used));
    if (instance) int_set(instance, digits);
    return object_or_error(instance);
}

// ---- Methods

static Value int_plain_method(VM *vm, Value *args, size_t count) { return int_plain(vm, args[0]); }

static Value int_float_method(VM *vm, Value *args, size_t count) {
    double number;
    return int_to_double(vm, args[0], &number) ? value_float(number) : VALUE_ERROR;
}

// Rounds to a multiple of ten to the power of -digits, halves to even.
static Value int_round_method(VM *vm, Value *args, size_t count) {
    Value number = int_plain(vm, args[0]);
    if (is_error(number) || is_empty(args[1]) || is_none(args[1])) return number;
    Value digits = value_index(vm, args[1]);
    if (is_error(digits) || int_sign(digits) >= 0) return is_error(digits) ? digits : number;
    int64_t places;
    if (!int_to_int64(digits, &places) || places < -100000) return value_small(0);
    Value unit = int_binary(vm, BINARY_POWER, value_small(10), value_small(-places));
    Value pair = is_error(unit) ? unit : int_binary(vm, BINARY_DIVMOD, number, unit);
    if (is_error(pair)) return pair;
    Value quotient = tuple_of(pair)->items[0], rest = tuple_of(pair)->items[1];
    Value twice = int_binary(vm, BINARY_MULTIPLY, rest, value_small(2));
    if (is_error(twice)) return twice;
    bool above = is_true(int_compare(vm, COMPARISON_GT, twice, unit));
    bool half = is_true(int_compare(vm, COMPARISON_EQ, twice, unit));
    IntView view;
    if (above || (half && mp_odd(int_view(quotient, &view))))
        quotient = int_binary(vm, BINARY_ADD, quotient, value_small(1));
    return is_error(quotient) ? quotient : int_binary(vm, BINARY_MULTIPLY, quotient, unit);
}

static Value int_bit_length_method(VM *vm, Value *args, size_t count) {
    IntView view;
    return value_small(mp_count_bits(int_view(args[0], &view)));
}

static Value int_bit_count_method(VM *vm, Value *args, size_t count) {
    IntView view;
    const mp_int *number = int_view(args[0], &view);
    int64_t bits = 0;
    for (int i = 0; i < number->used; i++) bits += __builtin_popcountll(number->dp[i]);
    return value_small(bits);
}

static Value int_as_integer_ratio_method(VM *vm, Value *args, size_t count) {
    Value pair[2] = {int_plain(vm, args[0]), value_small(1)};
    return is_error(pair[0]) ? pair[0] : object_or_error(tuple_from(vm, pair, 2));
}

static Value int_is_integer_method(VM *vm, Value *args, size_t count) { return VALUE_TRUE; }

// 1 for little, 0 for big, -1 with an error.
static int byte_order(VM *vm, Value v) {
    if (is_empty(v)) return 0;
    if (!is_string(v)) { return -1; }
    if (string_is(string_of(v), "little")) return 1;
    if (string_is(string_of(v), "big")) return 0;
    raise_value_error(vm, "byteorder must be either 'little' or 'big'");
    return -1;
}

// Two's complement in place.
static void negate_bytes(unsigned char *data, size_t length) {
    unsigned carry = 1;
    for (size_t i = length; i-- > 0;) {
        carry += (unsigned char)~data[i];
        data[i] = (unsigned char)carry;
        carry >>= 8;
    }
}

static void reverse_bytes(unsigned char *data, size_t length) {
    for (size_t i = 0, j = length; i + 1 < j; i++) {
        unsigned char byte = data[i];
        data[i] = data[--j];
        data[j] = byte;
    }
}

// The library's own conversions take time in proportion to the square of the length: these go over digits and bytes once.

// Writes a magnitude as `length` bytes, the most significant first. It fits.
static void digits_to_bytes(const mp_int *number, unsigned char *out, size_t length) {
    unsigned __int128 waiting = 0;
    int bits = 0;
    size_t left = length;
    for (int i = 0; i < number->used; i++) {
        waiting |= (unsigned __int128)number->dp[i] << bits;
        for (bits += MP_DIGIT_BIT; bits >= 8 && left; bits -= 8, waiting >>= 8) out[--left] = (unsigned char)waiting;
    }
    if (left && bits > 0) out[--left] = (unsigned char)waiting;
    memset(out, 0, left);
}

// Makes a number of such bytes.
static mp_err bytes_to_digits(mp_int *number, const unsigned char *bytes, size_t length) {
    if (length > INT_MAX / 8) return MP_MEM;
    mp_err status = mp_init_size(number, (int)(length * 8 / MP_DIGIT_BIT) + 1);
    if (status != MP_OKAY) return status;
    unsigned __int128 waiting = 0;
    int bits = 0;
    for (size_t i = length; i-- > 0;) {
        waiting |= (unsigned __int128)bytes[i] << bits;
        if ((bits += 8) < MP_DIGIT_BIT) continue;
        number->dp[number->used++] = (mp_digit)waiting & MP_MASK;
        waiting >>= MP_DIGIT_BIT;
        bits -= MP_DIGIT_BIT;
    }
    if (bits) number->dp[number->used++] = (mp_digit)waiting;
    mp_clamp(number);
    return MP_OKAY;
}

static Value int_to_bytes_method(VM *vm, Value *args, size_t count) {
    int64_t length = 1;
    if (!is_empty(args[1]) && !size_argument(vm, args[1], &length)) return VALUE_ERROR;
    if (!is_empty(args[2]) && !is_string(args[2]))
        return raise_type_error(vm, "to_bytes() argument 'byteorder' must be str, not %s",
                                type_name(vm, args[2]));
    int little = byte_order(vm, args[2]);
    int is_signed = is_empty(args[3]) ? 0 : value_truth(vm, args[3]);
    if (little < 0 || is_signed < 0) return VALUE_ERROR;
    if (length < 0) return raise_value_error(vm, "length argument must be non-negative");
    IntView view;
    const mp_int *number = int_view(args[0], &view);
    bool negative = number->sign == MP_NEG;
    if (negative && !is_signed) return raise_overflow_error(vm, "can't convert negative int to unsigned");
    uint64_t bits = (uint64_t)mp_count_bits(number), room = (uint64_t)length * 8;
    // The lowest number of two's complement is a power of two and needs no bit more.
    bool lowest = negative && (uint64_t)mp_cnt_lsb(number) + 1 == bits;
    if (is_signed && bits && !lowest) bits++;
    if (bits > room) return raise_overflow_error(vm, "int too big to convert");
    Bytes *bytes = bytes_new(vm, NULL, (size_t)length);
    if (!bytes) return VALUE_ERROR;
    digits_to_bytes(number, bytes->data, (size_t)length);
    if (negative) negate_bytes(bytes->data, (size_t)length);
    if (little) reverse_bytes(bytes->data, (size_t)length);
    return value_object(bytes);
}

static Value int_from_bytes_method(VM *vm, Value *args, size_t count) {
    if (!is_empty(args[2]) && !is_string(args[2]))
        return raise_type_error(vm, "from_bytes() argument 'byteorder' must be str, not %s",
                                type_name(vm, args[2]));
    int little = byte_order(vm, args[2]);
    int is_signed = is_empty(args[3]) ? 0 : value_truth(vm, args[3]);
    if (little < 0 || is_signed < 0) return VALUE_ERROR;
    const unsigned char *data;
    size_t length;
    if (!bytes_view(args[1], &data, &length)) {
        if (is_string(args[1]) || is_int(args[1]))
            return raise_type_error(vm, "cannot convert '%s' object to bytes", type_name(vm, args[1]));
        Value bytes = call_class(vm, vm->classes.bytes, &args[1], 1);
        if (is_error(bytes)) return bytes;
        args[1] = bytes;
        bytes_view(bytes, &data, &length);
    }
    unsigned char *copy = heap_resize(vm, NULL, 0, length + 1);
    if (!copy) return raise_memory_error(vm);
    if (length) memcpy(copy, data, length);
    if (little) reverse_bytes(copy, length);
    bool negative = is_signed && length && (copy[0] & 0x80);
    if (negative) negate_bytes(copy, length);
    mp_int number;
    if (!int_room(vm, length * 8 / MP_DIGIT_BIT + 2)) return heap_resize(vm, copy, length + 1, 0), VALUE_ERROR;
    mp_err status = bytes_to_digits(&number, copy, length);
    heap_resize(vm, copy, length + 1, 0);
    if (status != MP_OKAY) return raise_memory_error(vm);
    if (negative) number.sign = MP_NEG;
    Value result = int_from_mp(vm, &number);
    if (is_error(result) || value_same(args[0], value_object(vm->classes.integer))) return result;
    return vm_call(vm, args[0], &result, 1, NULL);
}

static Value int_getnewargs_method(VM *vm, Value *args, size_t count) {
    Value number = int_plain(vm, args[0]);
    return is_error(number) ? number : object_or_error(tuple_from(vm, &number, 1));
}

// pow(a, b, modulus) as a method; without a modulus the operator.
static Value int_pow_method(VM *vm, Value *args, size_t count) {
    if (is_empty(args[2]) || is_none(args[2])) return int_binary(vm, BINARY_POWER, args[0], args[1]);
    return int_power_modulo(vm, args[0], args[1], args[2]);
}

static Value int_sizeof_method(VM *vm, Value *args, size_t count) {
    IntView view;
    return value_small(24 + 4 * ((mp_count_bits(int_view(args[0], &view)) + 29) / 30));
}

static Value int_get_zero(VM *vm, Value self) { return value_small(0); }
static Value int_get_one(VM *vm, Value self) { return value_small(1); }

static const NativeDefinition int_methods[] = {
    {"__new__", int_dunder_new, "cls, x=, /, base=", NATIVE_NEW},
    {"__int__", int_plain_method, "self, /", NATIVE_METHOD},
    {"__index__", int_plain_method, "self, /", NATIVE_METHOD},
    {"__trunc__", int_plain_method, "self, /", NATIVE_METHOD},
    {"__floor__", int_plain_method, "self, /", NATIVE_METHOD},
    {"__ceil__", int_plain_method, "self, /", NATIVE_METHOD},
    {"__float__", int_float_method, "self, /", NATIVE_METHOD},
    {"__round__", int_round_method, "self, ndigits=None, /", NATIVE_METHOD},
    {"__pow__", int_pow_method, "self, value, mod=None, /", NATIVE_METHOD},
    {"__getnewargs__", int_getnewargs_method, "self, /", NATIVE_METHOD},
    {"__sizeof__", int_sizeof_method, "self, /", NATIVE_METHOD},
    {"as_integer_ratio", int_as_integer_ratio_method, "self, /", NATIVE_METHOD,
     "The pair (self, 1), as what has a numerator and a denominator gives it."},
    {"bit_count", int_bit_count_method, "self, /", NATIVE_METHOD, "How many ones the absolute value has in binary."},
    {"bit_length", int_bit_length_method, "self, /", NATIVE_METHOD,
     "How many binary digits the absolute value takes, without leading zeros; 0 for 0."},
    {"conjugate", int_plain_method, "self, /", NATIVE_METHOD, "The number itself, as its imaginary part is 0."},
    {"from_bytes", int_from_bytes_method, "type, /, bytes, byteorder=, *, signed=", NATIVE_CLASS_METHOD,
     "The integer that bytes hold, the most significant byte first ('big') or last ('little'); signed=True reads two's complement."},
    {"is_integer", int_is_integer_method, "self, /", NATIVE_METHOD, "Always True; floats and fractions have this method too."},
    {"to_bytes", int_to_bytes_method, "self, /, length=1, byteorder='big', *, signed=False", NATIVE_METHOD,
     "The integer in `length` bytes, most significant first ('big') or last ('little'). OverflowError where it does not fit, or is "
     "negative without signed=True."},
    {0},
};
static const AttributeDefinition int_attributes[] = {{"real", int_plain, NULL, "The real part: the number itself."},
                                                     {"numerator", int_plain, NULL, "The number itself, over a denominator of 1."},
                                                     {"imag", int_get_zero, NULL, "The imaginary part: 0."},
                                                     {"denominator", int_get_one, NULL, "Always 1."},
                                                     {0}};

bool int_methods_init(VM *vm) {
    return native_add_methods(vm, vm->classes.integer, int_methods) >= 0 &&
           native_add_attributes(vm, vm->classes.integer, int_attributes) >= 0;
}

// ---- bool

static Value bool_dunder_new(VM *vm, Value *args, size_t count) {
    if (!builtin_new_class(vm, args[0], vm->classes.boolean)) return VALUE_ERROR;
    int truth = is_empty(args[1]) ? 0 : value_truth(vm, args[1]);
    return truth < 0 ? VALUE_ERROR : value_bool(truth);
}

static const NativeDefinition bool_methods[] = {
    {"__new__", bool_dunder_new, "cls, object=, /", NATIVE_NEW},
    {0},
};

bool bool_class_init(VM *vm) {
    vm->classes.boolean =
        class_new_builtin(vm, "bool", vm->classes.integer, KIND_INT, int_cell(2), CLASS_FINAL);
    if (!vm->classes.boolean) return false;
    vm->classes.boolean->ops = &bool_ops;
    return native_add_methods(vm, vm->classes.boolean, bool_methods) >= 0;
}

// float: conversions, operators, methods.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "base/utf8.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"
#include "object/text/format.h"
#include "object/text/unicode.h"

// ---- Operators

static Value divide_by_zero(VM *vm, const char *message) {
    return raise_error(vm, vm->exceptions.zero_division_error, "%s", message);
}

// Floor quotient and the rest that goes with it, which has the divisor's sign.
static double divide_floor(double a, double b, double *rest) {
    double modulo = fmod(a, b), quotient = (a - modulo) / b;
    if (modulo != 0) {
        if ((b < 0) != (modulo < 0)) {
            modulo += b;
            quotient -= 1;
        }
    } else {
        modulo = copysign(0.0, b);
    }
    *rest = modulo;
    if (quotient == 0) return copysign(0.0, a / b);
    double whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
}

static Value power(VM *vm, double a, double b) {
    if (b == 0 || a == 1) return value_float(1);
    if (a == 0 && b < 0 && isfinite(b)) return divide_by_zero(vm, "0.0 cannot be raised to a negative power");
    if (a < 0 && isfinite(a) && isfinite(b) && b != floor(b)) {
        return complex_power(vm, a, 0, b, 0); // a negative number to a broken power
    }
    double result = pow(a, b);
    if (isinf(result) && isfinite(a) && isfinite(b)) {
        Value arguments[2] = {value_small(34),
                              object_or_error(string_from(vm, "Numerical result out of range"))};
        if (is_error(arguments[1])) return VALUE_ERROR;
        Value exception = call_class(vm, vm->exceptions.overflow_error, arguments, 2);
        return is_error(exception) ? exception : raise_value(vm, exception);
    }
    return value_float(result);
}

Value float_binary(VM *vm, Binary op, double a, double b) {
    double rest;
    switch (op) {
    case BINARY_ADD: return value_float(a + b);
    case BINARY_SUBTRACT: return value_float(a - b);
    case BINARY_MULTIPLY: return value_float(a * b);
    case BINARY_DIVIDE: return b == 0 ? divide_by_zero(vm, "float division by zero") : value_float(a / b);
    case BINARY_POWER: return power(vm, a, b);
    case BINARY_FLOOR_DIVIDE:
        if (b == 0) return divide_by_zero(vm, "float floor division by zero");
        return value_float(divide_floor(a, b, &rest));
    case BINARY_MODULO:
        if (b == 0) return divide_by_zero(vm, "float modulo by zero");
        divide_floor(a, b, &rest);
        return value_float(rest);
    case BINARY_DIVMOD: {
        if (b == 0) return divide_by_zero(vm, "float divmod()");
        double quotient = divide_floor(a, b, &rest);
        Value pair[2] = {value_float(quotient), value_float(rest)};
        return object_or_error(tuple_from(vm, pair, 2));
    }
    default: return VALUE_NOT_IMPLEMENTED;
    }
}

// A float or int operand as a double: 1; 0 when it is neither; -1 when it is too large.
static int operand(VM *vm, Value v, double *out) {
    if (is_float(v)) return *out = float_of(v), 1;
    if (is_any_float(v)) return *out = any_float_of(v), 1;
    if (!is_int(v)) return 0;
    return int_to_double(vm, v, out) ? 1 : -1;
}

static Value float_binary_operation(VM *vm, Binary op, Value left, Value right) {
    double a, b;
    int status = operand(vm, left, &a);
    if (status > 0) status = operand(vm, right, &b);
    if (status <= 0) return status ? VALUE_ERROR : VALUE_NOT_IMPLEMENTED;
    return float_binary(vm, op, a, b);
}

static Value float_compare(VM *vm, Comparison op, Value self, Value other) {
    if (is_any_float(self) && is_any_float(other)) {
        double a = any_float_of(self), b = any_float_of(other);
        if (isnan(a) || isnan(b)) return value_bool(op == COMPARISON_NE);
        return compare_result(op, (a > b) - (a < b));
    }
    int order;
    if (is_any_float(self) && is_int(other)) {
        order = int_compare_double(other, any_float_of(self));
        if (order != 2) order = -order;
    } else if (is_int(self) && is_any_float(other)) {
        order = int_compare_double(self, any_float_of(other));
    } else {
        return VALUE_NOT_IMPLEMENTED;
    }
    return order == 2 ? value_bool(op == COMPARISON_NE) : compare_result(op, order);
}

static Value float_repr(VM *vm, Value self) {
    char text[NUMBER_TEXT_SIZE];
    size_t length = number_repr(any_float_of(self), text);
    return object_or_error(string_new(vm, text, length));
}

static Value float_format(VM *vm, Value self, String *specification) {
    return format_float(vm, any_float_of(self), specification);
}
static int float_hash(VM *vm, Value self, uint64_t *out) { return *out = double_hash(any_float_of(self)), 1; }
static int float_truth(VM *vm, Value self) { return any_float_of(self) != 0; }

static Value float_unary(VM *vm, Unary op, Value self) {
    double number = any_float_of(self);
    switch (op) {
    case UNARY_OP_MINUS: return value_float(-number);
    case UNARY_OP_PLUS: return value_float(number);
    case UNARY_OP_ABSOLUTE: return value_float(fabs(number));
    case UNARY_OP_NOT: return value_bool(number == 0);
    default: return unary_error(vm, op, self);
    }
}

static const OperatorSet float_operators = {
    .binary = 1u << BINARY_ADD | 1u << BINARY_SUBTRACT | 1u << BINARY_MULTIPLY | 1u << BINARY_DIVIDE |
              1u << BINARY_POWER | 1u << BINARY_MODULO | 1u << BINARY_FLOOR_DIVIDE | 1u << BINARY_DIVMOD,
    .unary = 1u << UNARY_OP_PLUS | 1u << UNARY_OP_MINUS | 1u << UNARY_OP_ABSOLUTE};
const TypeOps float_ops = {
    .repr = float_repr,
    .format = float_format,
    .hash = float_hash,
    .compare = float_compare,
    .truth = float_truth,
    .binary = float_binary_operation,
    .unary = float_unary,
    .operations = &float_operators,
};

// ---- float(…)

// Drops white space at the ends and turns other scripts' digits into ASCII ones. False when memory is short.
static bool plain_text(Buffer *buffer, const char *text, size_t length) {
    for (size_t i = 0; i < length;) {
        int width;
        uint32_t c = utf8_decode(text + i, &width);
        i += (size_t)width;
        int digit = c < 0x80 ? -1 : unicode_decimal(c);
        buffer_byte(buffer, c < 0x80              ? (char)c
                            : digit >= 0          ? (char)('0' + digit)
                            : unicode_is_space(c) ? ' '
                                                  : '?');
    }
    return !buffer->failed;
}

static bool is_ascii_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
}

static bool parse_text(VM *vm, const char *text, size_t length, double *out) {
    char room[BUFFER_ROOM];
    Buffer buffer = vm_buffer_in(vm, room);
    if (!utf8_is_ascii(text, length)) {
        if (!plain_text(&buffer, text, length)) return buffer_free(&buffer), false;
        text = buffer.data;
        length = buffer.length;
    }
    while (length && is_ascii_space(*text)) text++, length--;
    while (length && is_ascii_space(text[length - 1])) length--;
    bool good = number_parse(text, length, true, true, out);
    buffer_free(&buffer);
    return good;
}

static Value float_from_text(VM *vm, Value v) {
    const char *text;
    size_t length;
    double number;
    bool ascii = true;
    if (is_string(v)) {
        text = string_of(v)->data;
        length = string_of(v)->size;
    } else {
        const unsigned char *data;
        if (!bytes_view(v, &data, &length)) return VALUE_NOT_IMPLEMENTED;
        text = (const char *)data;
        ascii = utf8_is_ascii(text, length);
    }
    if (ascii && parse_text(vm, text, length, &number)) return value_float(number);
    String *repr = value_repr(vm, v);
    return repr ? raise_value_error(vm, "could not convert string to float: %s", repr->data) : VALUE_ERROR;
}

static Value convert(VM *vm, Value v) {
    double number;
    if (is_float(v)) return v;
    if (is_small(v) || is_bool(v) || is_exactly(v, vm->classes.integer))
        return int_to_double(vm, v, &number) ? value_float(number) : VALUE_ERROR;
    if (is_object(v) && !is_string(v)) {
        Class *cls = class_of(vm, v);
        Value method;
        if (is_any_float(v) && !class_overrides(vm, cls, SPECIAL_FLOAT, &method))
            return value_float(any_float_of(v));
        if (!is_empty(class_special(vm, cls, SPECIAL_FLOAT))) {
            Value result = value_call_special(vm, v, SPECIAL_FLOAT, NULL, 0);
            if (is_error(result)) return result;
            if (is_any_float(result)) {
                char method[128];
                snprintf(method, sizeof method, "%.100s.__float__", class_name(cls));
                if (!is_float(result) && !warn_of_subclass(vm, method, "float", result)) return VALUE_ERROR;
                return value_float(any_float_of(result));
            }
            return raise_type_error(vm, "%s.__float__ returned non-float (type %s)", class_name(cls),
                                    type_name(vm, result));
        }
        if (!is_empty(class_special(vm, cls, SPECIAL_INDEX))) {
            Value index = value_index(vm, v);
            if (is_error(index)) return index;
            return int_to_double(vm, index, &number) ? value_float(number) : VALUE_ERROR;
        }
    }
    Value result = float_from_text(vm, v);
    if (!is_not_implemented(result)) return result;
    return raise_type_error(vm, "float() argument must be a string or a real number, not '%s'",
                            type_name(vm, v));
}

static Value instance(VM *vm, Class *cls, Value number) {
    if (is_error(number) || cls == vm->classes.floating) return number;
    BoxedFloat *boxed = class_instantiate(vm, cls, sizeof(BoxedFloat));
    if (!boxed) return VALUE_ERROR;
    boxed->number = float_of(number);
    return value_object(boxed);
}

static Value float_dunder_new(VM *vm, Value *args, size_t count) {
    Class *cls = builtin_new_class(vm, args[0], vm->classes.floating);
    if (!cls) return VALUE_ERROR;
    return instance(vm, cls, is_empty(args[1]) ? value_float(0) : convert(vm, args[1]));
}

// ---- Methods

static Value float_plain(VM *vm, Value self) { return value_float(any_float_of(self)); }
static Value float_plain_method(VM *vm, Value *args, size_t count) { return float_plain(vm, args[0]); }
static Value float_get_imag(VM *vm, Value self) { return value_float(0); }

static Value to_int(VM *vm, double number) {
    if (isnan(number)) return raise_value_error(vm, "cannot convert float NaN to integer");
    if (isinf(number)) return raise_overflow_error(vm, "cannot convert float infinity to integer");
    return int_from_double(vm, number);
}

static Value float_trunc_method(VM *vm, Value *args, size_t count) {
    return to_int(vm, trunc(any_float_of(args[0])));
}
static Value float_floor_method(VM *vm, Value *args, size_t count) {
    return to_int(vm, floor(any_float_of(args[0])));
}
static Value float_ceil_method(VM *vm, Value *args, size_t count) {
    return to_int(vm, ceil(any_float_of(args[0])));
}

// Rounds a whole number's decimal digits, which are `text`, to a multiple of a power of ten: the last `dropped` digits become
// zeros. A number half-way between two multiples goes to the one whose last digit is even; `more` says that the number is
// larger than its digits. The text has room for one digit more.
static void round_digits(char *text, size_t dropped, bool more) {
    size_t length = strlen(text);
    if (!dropped) return;
    if (dropped > length) { // less than a tenth of the power
        strcpy(text, "0");
        return;
    }
    size_t kept = length - dropped;
    for (size_t i = kept + 1; i < length; i++) more |= text[i] != '0';
    bool odd = kept && (text[kept - 1] - '0') % 2;
    bool up = text[kept] > '5' || (text[kept] == '5' && (more || odd));
    memset(text + kept, '0', dropped);
    while (up && kept) {
        char *digit = &text[--kept];
        up = *digit == '9';
        *digit = up ? '0' : (char)(*digit + 1);
    }
    if (!up) return;
    memmove(text + 1, text, length + 1);
    text[0] = '1';
}

enum { MOST_PLACES = 323, LEAST_PLACES = -308, ROUNDED_TEXT_SIZE = 700 };

// round(number, places). It is the exact value that is rounded, so it is done in decimal. Half a unit of the 324th place is less
// than half of the distance between any two doubles, and half of 10^309 more than any double: beyond these nothing remains to
// be computed.
static Value round_to_places(VM *vm, double number, int64_t places) {
    if (!isfinite(number) || places > MOST_PLACES) return value_float(number);
    if (places < LEAST_PLACES) return value_float(copysign(0.0, number));
    char text[ROUNDED_TEXT_SIZE];
    if (places >= 0) {
        // Exact, halves to even.
        if (places > 17 || !number_fixed(fabs(number), (int)places, text)) snprintf(text, sizeof text, "%.*f", (int)places, fabs(number));
    } else {
        double whole = trunc(fabs(number));
        snprintf(text, sizeof text, "%.0f", whole);
        round_digits(text, (size_t)-places, whole != fabs(number));
    }
    double rounded = strtod(text, NULL);
    if (isinf(rounded)) return raise_overflow_error(vm, "rounded value too large to represent");
    return value_float(copysign(rounded, number));
}

static Value float_round_method(VM *vm, Value *args, size_t count) {
    double number = any_float_of(args[0]);
    if (is_empty(args[1]) || is_none(args[1])) return to_int(vm, rint(number)); // halves to even, as the FPU is set
    Value index = value_index(vm, args[1]);
    if (is_error(index)) return index;
    int64_t places;
    if (!int_to_int64(index, &places)) places = int_sign(index) < 0 ? INT64_MIN : INT64_MAX;
    return round_to_places(vm, number, places);
}

static Value float_is_integer_method(VM *vm, Value *args, size_t count) {
    double number = any_float_of(args[0]);
    return value_bool(isfinite(number) && floor(number) == number);
}

// A finite double by the fields of IEEE 754's binary64: its magnitude is significand * 2^exponent.
typedef struct {
    bool negative;
    bool subnormal; // or zero: the significand has no leading one
    uint64_t significand;
    int exponent;
} Binary64;

enum { FRACTION_BITS = 52, EXPONENT_FIELD = 0x7FF, EXPONENT_BIAS = 1023 };

static Binary64 binary64(double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    int field = (int)(bits >> FRACTION_BITS & EXPONENT_FIELD);
    uint64_t leading_one = UINT64_C(1) << FRACTION_BITS, fraction = bits & (leading_one - 1);
    return (Binary64){.negative = bits >> 63,
                      .subnormal = !field,
                      .significand = field ? fraction | leading_one : fraction,
                      .exponent = (field ? field : 1) - EXPONENT_BIAS - FRACTION_BITS};
}

// Without its trailing zeros the significand is odd, and the fraction in lowest terms.
static Value float_as_integer_ratio_method(VM *vm, Value *args, size_t count) {
    double number = any_float_of(args[0]);
    if (isnan(number)) return raise_value_error(vm, "cannot convert NaN to integer ratio");
    if (isinf(number)) return raise_overflow_error(vm, "cannot convert Infinity to integer ratio");
    Binary64 parts = binary64(number);
    int zeros = parts.significand ? __builtin_ctzll(parts.significand) : 0;
    int exponent = parts.significand ? parts.exponent + zeros : 0;
    int64_t odd = (int64_t)(parts.significand >> zeros);
    Value pair[2] = {int_from_int64(vm, parts.negative ? -odd : odd), value_small(1)};
    if (is_error(pair[0])) return pair[0];
    Value *scaled = &pair[exponent < 0]; // the numerator, or the denominator
    *scaled = int_binary(vm, BINARY_LEFT_SHIFT, *scaled, value_small(abs(exponent)));
    return is_error(*scaled) ? *scaled : object_or_error(tuple_from(vm, pair, 2));
}

static Value float_hex_method(VM *vm, Value *args, size_t count) {
    double number = any_float_of(args[0]);
    if (!isfinite(number)) return float_repr(vm, args[0]);
    Binary64 parts = binary64(number);
    const char *sign = parts.negative ? "-" : "";
    if (!parts.significand) return object_or_error(string_format(vm, "%s0x0.0p+0", sign));
    int exponent = parts.exponent + FRACTION_BITS; // of the digit before the point
    unsigned long long fraction = parts.significand & ((UINT64_C(1) << FRACTION_BITS) - 1);
    return object_or_error(string_format(vm, "%s0x%c.%013llxp%c%d", sign, parts.subnormal ? '0' : '1', fraction,
                                         exponent < 0 ? '-' : '+', abs(exponent)));
}

// Whether text is a hexadecimal float (or inf, nan) by its grammar; strtod then reads it.
static bool is_hex_float(const char *s) {
    if (*s == '+' || *s == '-') s++;
    if (s[0] == '0' && (s[1] | 0x20) == 'x') s += 2;
    int digits = 0;
    for (; (*s >= '0' && *s <= '9') || ((*s | 0x20) >= 'a' && (*s | 0x20) <= 'f'); s++) digits++;
    if (*s == '.')
        for (s++; (*s >= '0' && *s <= '9') || ((*s | 0x20) >= 'a' && (*s | 0x20) <= 'f'); s++) digits++;
    if (!digits) return false;
    if ((*s | 0x20) == 'p') {
        s++;
        if (*s == '+' || *s == '-') s++;
        if (*s < '0' || *s > '9') return false;
        while (*s >= '0' && *s <= '9') s++;
    }
    return *s == 0;
}

static Value float_fromhex_method(VM *vm, Value *args, size_t count) {
    if (!is_string(args[1])) return raise_type_error(vm, "bad argument type for built-in operation");
    String *s = string_of(args[1]);
    const char *start = s->data, *end = s->data + s->size;
    while (start < end && is_ascii_space(*start)) start++;
    while (end > start && is_ascii_space(end[-1])) end--;
    char text[512];
    size_t length = (size_t)(end - start);
    double number;
    if (length < sizeof text - 4 && !memchr(start, 0, length)) {
        size_t sign = length && (*start == '+' || *start == '-');
        memcpy(text, start, length);
        text[length] = 0;
        if (number_parse(text, length, false, true, &number) && !isfinite(number) &&
            (text[sign] | 0x20) > '9') {
            // inf and nan
        } else if (is_hex_float(text)) {
            // strtod wants the prefix that fromhex may go without.
            if (text[sign] != '0' || (text[sign + 1] | 0x20) != 'x') {
                memmove(text + sign + 2, text + sign, length - sign + 1);
                memcpy(text + sign, "0x", 2);
            }
            number = strtod(text, NULL);
            if (isinf(number))
                return raise_overflow_error(vm, "hexadecimal value too large to represent as a float");
        } else {
            return raise_value_error(vm, "invalid hexadecimal floating-point string");
        }
    } else {
        return raise_value_error(vm, "invalid hexadecimal floating-point string");
    }
    Value result = value_float(number);
    if (value_same(args[0], value_object(vm->classes.floating))) return result;
    return vm_call(vm, args[0], &result, 1, NULL);
}

static Value float_getformat_method(VM *vm, Value *args, size_t count) {
    if (is_string(args[1]) &&
        (string_is(string_of(args[1]), "double") || string_is(string_of(args[1]), "float")))
        return object_or_error(string_from(vm, "IEEE, little-endian"));
    return raise_value_error(vm, "__getformat__() argument 1 must be 'double' or 'float'");
}

static Value float_getnewargs_method(VM *vm, Value *args, size_t count) {
    Value number = float_plain(vm, args[0]);
    return object_or_error(tuple_from(vm, &number, 1));
}

static const NativeDefinition float_methods[] = {
    {"__new__", float_dunder_new, "cls, x=, /", NATIVE_NEW},
    {"__int__", float_trunc_method, "self, /", NATIVE_METHOD},
    {"__float__", float_plain_method, "self, /", NATIVE_METHOD},
    {"__trunc__", float_trunc_method, "self, /", NATIVE_METHOD},
    {"__floor__", float_floor_method, "self, /", NATIVE_METHOD},
    {"__ceil__", float_ceil_method, "self, /", NATIVE_METHOD},
    {"__round__", float_round_method, "self, ndigits=None, /", NATIVE_METHOD},
    {"__getformat__", float_getformat_method, "type, typestr, /", NATIVE_CLASS_METHOD},
    {"__getnewargs__", float_getnewargs_method, "self, /", NATIVE_METHOD},
    {"as_integer_ratio", float_as_integer_ratio_method, "self, /", NATIVE_METHOD,
     "The exact value as two integers in lowest terms, the second one positive. Infinities raise OverflowError, NaN ValueError."},
    {"conjugate", float_plain_method, "self, /", NATIVE_METHOD, "The number itself, as its imaginary part is 0."},
    {"fromhex", float_fromhex_method, "type, string, /", NATIVE_CLASS_METHOD,
     "The float that a text in hexadecimal says, such as '0x1.8p+1' for 3.0; what hex() writes is read back exactly."},
    {"hex", float_hex_method, "self, /", NATIVE_METHOD, "The exact value in hexadecimal, such as '0x1.8000000000000p+1' for 3.0."},
    {"is_integer", float_is_integer_method, "self, /", NATIVE_METHOD, "Whether nothing stands behind the decimal point."},
    {0},
};
static const AttributeDefinition float_attributes[] = {
    {"real", float_plain, NULL, "The real part: the number itself."},
    {"imag", float_get_imag, NULL, "The imaginary part: 0.0."},
    {0}};

bool float_class_init(VM *vm) {
    vm->ops[KIND_FLOAT] = &float_ops;
    vm->classes.floating =
        class_new_builtin(vm, "float", vm->classes.object, KIND_FLOAT, sizeof(BoxedFloat), 0);
    return vm->classes.floating && native_add_methods(vm, vm->classes.floating, float_methods) >= 0 &&
           native_add_attributes(vm, vm->classes.floating, float_attributes) >= 0;
}

// complex: pairs of doubles.
#include <float.h>
#include <math.h>

#include "base/number.h"
#include "base/utf8.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/text/format.h"
#include "object/text/unicode.h"

static Complex *complex_of(Value v) { return (Complex *)object_of(v); }

Value complex_new(VM *vm, double real, double imaginary) {
    Complex *z = heap_allocate(vm, builtin_shape(vm->classes.complex), KIND_COMPLEX, sizeof(Complex));
    if (!z) return VALUE_ERROR;
    z->real = real;
    z->imaginary = imaginary;
    return value_object(z);
}

// ---- Operators

typedef struct {
    double real, imaginary;
} Pair;

// A number of any kind as a pair: 1; 0 when it is none; -1 with an error.
static int operand(VM *vm, Value v, Pair *out) {
    out->imaginary = 0;
    if (is_kind(v, KIND_COMPLEX)) return *out = (Pair){complex_of(v)->real, complex_of(v)->imaginary}, 1;
    if (is_any_float(v)) return out->real = any_float_of(v), 1;
    if (is_int(v)) return int_to_double(vm, v, &out->real) ? 1 : -1;
    return 0;
}

static Pair product(Pair a, Pair b) {
    return (Pair){a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real};
}

// Scaled by the larger part of the divisor, so that nothing overflows on the way. The divisor is not 0.
static Pair quotient(Pair a, Pair b) {
    double real = fabs(b.real), imaginary = fabs(b.imaginary);
    if (real >= imaginary) {
        double ratio = b.imaginary / b.real, divisor = b.real + b.imaginary * ratio;
        return (Pair){(a.real + a.imaginary * ratio) / divisor, (a.imaginary - a.real * ratio) / divisor};
    }
    if (imaginary >= real) {
        double ratio = b.real / b.imaginary, divisor = b.real * ratio + b.imaginary;
        return (Pair){(a.real * ratio + a.imaginary) / divisor, (a.imaginary * ratio - a.real) / divisor};
    }
    return (Pair){NAN, NAN};
}

static Value zero_division(VM *vm, const char *message) {
    return raise_error(vm, vm->exceptions.zero_division_error, "%s", message);
}

enum { MOST_MULTIPLIED = 100 };

// A power of a whole exponent: the product of the base's powers of 1, 2, 4, … whose binary digit is set in the exponent, from
// the lowest one up (Knuth, "The Art of Computer Programming", volume 2, 4.6.3). It starts from 1 even where that changes
// nothing but the signs of zeros and what becomes of infinities.
static Pair whole_power(Pair base, unsigned exponent) {
    Pair result = {1, 0};
    for (;;) {
        if (exponent % 2) result = product(result, base);
        exponent /= 2;
        if (!exponent) return result;
        base = product(base, base);
    }
}

// Any other power, from the definition a^b = exp(b log a), where log a = log |a| + i arg a. The base is not 0. False where
// the angle is infinite: no direction is nearer to it than another.
static bool polar_power(Pair base, Pair exponent, Pair *result) {
    double absolute = hypot(base.real, base.imaginary), argument = atan2(base.imaginary, base.real);
    double length = pow(absolute, exponent.real), angle = argument * exponent.real;
    if (exponent.imaginary != 0) {
        length /= exp(argument * exponent.imaginary);
        angle += exponent.imaginary * log(absolute);
    }
    *result = (Pair){length * cos(angle), length * sin(angle)};
    return !isinf(angle);
}

static bool is_zero(Pair a) { return a.real == 0 && a.imaginary == 0; }

static Value power(VM *vm, Pair a, Pair b) {
    Pair result = {0, 0};
    bool undefined = false, whole = b.imaginary == 0 && b.real == floor(b.real) && fabs(b.real) <= MOST_MULTIPLIED;
    if (whole) {
        result = whole_power(a, (unsigned)fabs(b.real));
        if (b.real < 0) {
            undefined = is_zero(result); // as the base is, or too small for a float
            result = quotient((Pair){1, 0}, result);
        }
    } else if (is_zero(a)) {
        undefined = b.real < 0 || b.imaginary != 0;
    } else {
        undefined = !polar_power(a, b, &result);
    }
    if (undefined) return zero_division(vm, "0.0 to a negative or complex power");
    if (isinf(result.real) || isinf(result.imaginary))
        return raise_overflow_error(vm, "complex exponentiation");
    return complex_new(vm, result.real, result.imaginary);
}

Value complex_power(VM *vm, double a_real, double a_imaginary, double b_real, double b_imaginary) {
    return power(vm, (Pair){a_real, a_imaginary}, (Pair){b_real, b_imaginary});
}

static Value complex_binary(VM *vm, Binary op, Value left, Value right) {
    if (op != BINARY_ADD && op != BINARY_SUBTRACT && op != BINARY_MULTIPLY && op != BINARY_DIVIDE &&
        op != BINARY_POWER)
        return VALUE_NOT_IMPLEMENTED;
    Pair a, b;
    int status = operand(vm, left, &a);
    if (status > 0) status = operand(vm, right, &b);
    if (status <= 0) return status ? VALUE_ERROR : VALUE_NOT_IMPLEMENTED;
    Pair result;
    switch (op) {
    case BINARY_ADD: result = (Pair){a.real + b.real, a.imaginary + b.imaginary}; break;
    case BINARY_SUBTRACT: result = (Pair){a.real - b.real, a.imaginary - b.imaginary}; break;
    case BINARY_MULTIPLY: result = product(a, b); break;
    case BINARY_DIVIDE:
        if (b.real == 0 && b.imaginary == 0) return zero_division(vm, "complex division by zero");
        result = quotient(a, b);
        break;
    default: return power(vm, a, b);
    }
    return complex_new(vm, result.real, result.imaginary);
}

static Value complex_compare(VM *vm, Comparison op, Value self, Value other) {
    if (op != COMPARISON_EQ && op != COMPARISON_NE) return VALUE_NOT_IMPLEMENTED;
    if (!is_kind(self, KIND_COMPLEX)) {
        Value swapped = self;
        self = other;
        other = swapped;
    }
    Complex *z = complex_of(self);
    bool equal;
    if (is_kind(other, KIND_COMPLEX))
        equal = z->real == complex_of(other)->real && z->imaginary == complex_of(other)->imaginary;
    else if (is_any_float(other))
        equal = z->real == any_float_of(other) && z->imaginary == 0;
    else if (is_int(other))
        equal = z->imaginary == 0 && int_compare_double(other, z->real) == 0;
    else
        return VALUE_NOT_IMPLEMENTED;
    return value_bool(equal == (op == COMPARISON_EQ));
}

static int complex_hash(VM *vm, Value self, uint64_t *out) {
    Complex *z = complex_of(self);
    uint64_t hash = double_hash(z->real) + 1000003u * double_hash(z->imaginary);
    *out = hash == UINT64_MAX ? (uint64_t)-2 : hash;
    return 1;
}

static int complex_truth(VM *vm, Value self) {
    return complex_of(self)->real != 0 || complex_of(self)->imaginary != 0;
}

static Value complex_unary(VM *vm, Unary op, Value self) {
    Complex *z = complex_of(self);
    switch (op) {
    case UNARY_OP_MINUS: return complex_new(vm, -z->real, -z->imaginary);
    case UNARY_OP_PLUS: return complex_new(vm, z->real, z->imaginary);
    case UNARY_OP_NOT: return value_bool(z->real == 0 && z->imaginary == 0);
    case UNARY_OP_ABSOLUTE: {
        double size = hypot(z->real, z->imaginary);
        if (isinf(size) && isfinite(z->real) && isfinite(z->imaginary))
            return raise_overflow_error(vm, "absolute value too large");
        return value_float(size);
    }
    default: return unary_error(vm, op, self);
    }
}

// Parts in a complex's repr are without ".0".
static void append_part(Buffer *buffer, double number) {
    char text[NUMBER_TEXT_SIZE];
    size_t length = number_repr(number, text);
    if (length > 2 && text[length - 1] == '0' && text[length - 2] == '.') length -= 2;
    buffer_append(buffer, text, length);
}

static Value complex_repr(VM *vm, Value self) {
    Complex *z = complex_of(self);
    Buffer buffer = vm_buffer(vm);
    bool both = z->real != 0 || signbit(z->real);
    if (both) {
        buffer_byte(&buffer, '(');
        append_part(&buffer, z->real);
        if (isnan(z->imaginary) || !signbit(z->imaginary)) buffer_byte(&buffer, '+');
    }
    append_part(&buffer, z->imaginary);
    buffer_text(&buffer, both ? "j)" : "j");
    return object_or_error(string_from_buffer(vm, &buffer));
}

static const OperatorSet complex_operators = {
    .binary = 1u << BINARY_ADD | 1u << BINARY_SUBTRACT | 1u << BINARY_MULTIPLY | 1u << BINARY_DIVIDE | 1u << BINARY_POWER,
    .unary = 1u << UNARY_OP_PLUS | 1u << UNARY_OP_MINUS | 1u << UNARY_OP_ABSOLUTE};
const TypeOps complex_ops = {
    .repr = complex_repr,
    .format = format_complex,
    .hash = complex_hash,
    .compare = complex_compare,
    .truth = complex_truth,
    .binary = complex_binary,
    .unary = complex_unary,
    .operations = &complex_operators,
};

// ---- complex(…)

static bool is_ascii_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
}

// The length of the number at the start of text, 0 when there is none.
static size_t number_length(const char *text, size_t size) {
    size_t at = 0;
    if (at < size && (text[at] == '+' || text[at] == '-')) at++;
    size_t start = at;
    static const char *const words[] = {"infinity", "inf", "nan"};
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(words[i]), same = 0;
        while (same < length && at + same < size && (text[at + same] | 0x20) == words[i][same]) same++;
        if (same == length) return at + length;
    }
    bool digits = false;
    for (; at < size; at++) {
        char c = text[at];
        if (c >= '0' && c <= '9')
            digits = true;
        else if (c == 'e' || c == 'E') {
            size_t next = at + 1;
            if (next < size && (text[next] == '+' || text[next] == '-')) next++;
            if (!digits || next >= size || text[next] < '0' || text[next] > '9') break;
            at = next;
        } else if (c != '.' && c != '_') {
            break;
        }
    }
    return digits && at > start ? at : 0;
}

// "a", "bj", "a+bj", in parentheses or not.
static bool parse(const char *text, size_t size, Pair *out) {
    while (size && is_ascii_space(*text)) text++, size--;
    while (size && is_ascii_space(text[size - 1])) size--;
    if (size >= 2 && text[0] == '(' && text[size - 1] == ')') {
        text++;
        size -= 2;
        while (size && is_ascii_space(*text)) text++, size--;
        while (size && is_ascii_space(text[size - 1])) size--;
    }
    *out = (Pair){0, 0};
    size_t first = number_length(text, size);
    if (first && first == size) return number_parse(text, size, true, true, &out->real);
    if (!size || (text[size - 1] != 'j' && text[size - 1] != 'J')) return false;
    size--;
    size_t start = 0;
    if (first && first < size) {
        if (!number_parse(text, first, true, true, &out->real)) return false;
        start = first;
        if (text[start] != '+' && text[start] != '-') return false;
    }
    if (size - start <= 1 && (size == start || text[start] == '+' || text[start] == '-')) {
        out->imaginary = size > start && text[start] == '-' ? -1 : 1;
        return true;
    }
    return number_parse(text + start, size - start, true, true, &out->imaginary);
}

static Value from_text(VM *vm, String *s) {
    Pair number;
    Buffer plain = vm_buffer(vm);
    for (size_t i = 0; i < s->size;) {
        int width;
        uint32_t c = utf8_decode(s->data + i, &width);
        i += (size_t)width;
        int digit = c < 0x80 ? -1 : unicode_decimal(c);
        buffer_byte(&plain, c < 0x80              ? (char)c
                            : digit >= 0          ? (char)('0' + digit)
                            : unicode_is_space(c) ? ' '
                                                  : '?');
    }
    bool good = !plain.failed && parse(plain.data ? plain.data : "", plain.length, &number);
    buffer_free(&plain);
    if (!good) return raise_value_error(vm, "complex() arg is a malformed string");
    return complex_new(vm, number.real, number.imaginary);
}

// One argument of complex() as a pair. False with an error.
static bool part(VM *vm, Value v, bool second, Pair *out) {
    Class *cls = class_of(vm, v);
    Value method;
    bool overrides = !second && is_kind(v, KIND_COMPLEX) && class_overrides(vm, cls, SPECIAL_COMPLEX, &method);
    int status = overrides ? 0 : operand(vm, v, out);
    if (status) return status > 0;
    if (!second && !is_empty(class_special(vm, cls, SPECIAL_COMPLEX))) {
        Value result = value_call_special(vm, v, SPECIAL_COMPLEX, NULL, 0);
        if (is_error(result)) return false;
        if (is_kind(result, KIND_COMPLEX)) {
            if (!is_exactly(result, vm->classes.complex) && !warn_of_subclass(vm, "__complex__", "complex", result)) return false;
            return operand(vm, result, out) > 0;
        }
        raise_type_error(vm, "%s.__complex__() must return a complex, not %s", class_name(cls),
                         type_name(vm, result));
        return false;
    }
    if (!is_empty(class_special(vm, cls, SPECIAL_FLOAT)) || has_index(vm, v))
        return value_to_double(vm, v, &out->real);
    raise_type_error(vm,
                     second ? "complex() second argument must be a number, not '%s'"
                            : "complex() first argument must be a string or a number, not '%s'",
                     class_name(cls));
    return false;
}

static Value complex_dunder_new(VM *vm, Value *args, size_t count) {
    Class *cls = builtin_new_class(vm, args[0], vm->classes.complex);
    if (!cls) return VALUE_ERROR;
    Pair number = {0, 0}, imaginary = {0, 0};
    if (is_string(args[1])) {
        if (!is_empty(args[2]))
            return raise_type_error(vm, "complex() can't take second arg if first is a string");
        Value parsed = from_text(vm, string_of(args[1]));
        if (is_error(parsed)) return parsed;
        operand(vm, parsed, &number);
    } else {
        if (!is_empty(args[2]) && is_string(args[2]))
            return raise_type_error(vm, "complex() second arg can't be a string");
        if (!is_empty(args[1]) && !part(vm, args[1], false, &number)) return VALUE_ERROR;
        if (!is_empty(args[2])) {
            if (!part(vm, args[2], true, &imaginary)) return VALUE_ERROR;
            // real + imaginary * 1j, where either may be complex.
            if (is_kind(args[2], KIND_COMPLEX)) number.real -= imaginary.imaginary;
            number.imaginary =
                is_kind(args[1], KIND_COMPLEX) ? number.imaginary + imaginary.real : imaginary.real;
        }
    }
    if (cls == vm->classes.complex) {
        if (is_exactly(args[1], cls) && is_empty(args[2])) return args[1];
        return complex_new(vm, number.real, number.imaginary);
    }
    Complex *z = class_instantiate(vm, cls, sizeof(Complex));
    if (!z) return VALUE_ERROR;
    z->real = number.real;
    z->imaginary = number.imaginary;
    return value_object(z);
}

// ---- Methods

static Value complex_conjugate(VM *vm, Value *args, size_t count) {
    return complex_new(vm, complex_of(args[0])->real, -complex_of(args[0])->imaginary);
}
static Value complex_complex(VM *vm, Value *args, size_t count) {
    if (is_exactly(args[0], vm->classes.complex)) return args[0];
    return complex_new(vm, complex_of(args[0])->real, complex_of(args[0])->imaginary);
}
static Value complex_getnewargs(VM *vm, Value *args, size_t count) {
    Value parts[2] = {value_float(complex_of(args[0])->real), value_float(complex_of(args[0])->imaginary)};
    return object_or_error(tuple_from(vm, parts, 2));
}
static Value get_real(VM *vm, Value self) { return value_float(complex_of(self)->real); }
static Value get_imag(VM *vm, Value self) { return value_float(complex_of(self)->imaginary); }

static const NativeDefinition complex_methods[] = {
    {"__new__", complex_dunder_new, "cls, /, real=, imag=", NATIVE_NEW},
    {"__complex__", complex_complex, "self, /", NATIVE_METHOD},
    {"__getnewargs__", complex_getnewargs, "self, /", NATIVE_METHOD},
    {"conjugate", complex_conjugate, "self, /", NATIVE_METHOD, "The number with its imaginary part negated."},
    {0},
};
static const AttributeDefinition complex_attributes[] = {
    {"real", get_real, NULL, "The real part, a float."},
    {"imag", get_imag, NULL, "The imaginary part, a float."},
    {0}};

bool complex_class_init(VM *vm) {
    vm->ops[KIND_COMPLEX] = &complex_ops;
    vm->classes.complex =
        class_new_builtin(vm, "complex", vm->classes.object, KIND_COMPLEX, sizeof(Complex), 0);
    return vm->classes.complex && native_add_methods(vm, vm->classes.complex, complex_methods) >= 0 &&
           native_add_attributes(vm, vm->classes.complex, complex_attributes) >= 0;
}

// cmath: functions of complex numbers. Of finite numbers they are computed by the formulas of W. Kahan, "Branch cuts for complex
// elementary functions" (1987), which keep signs of zeros and lose no digits where parts nearly cancel; at infinities and NaNs they are
// what the C standard's Annex G says, by the C library's functions.
#include <complex.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>

#undef I
#undef complex // a name of ours

#include "modules/library.h"
#include "modules/modules.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"

typedef struct {
    double real, imaginary;
} Pair;

typedef enum { FINE, DOMAIN_ERROR, RANGE_ERROR } Outcome;

// Beyond these parts of a number sums and products could overflow.
static const double large = DBL_MAX / 4.0, log_large = 708.0, ln2 = 0.6931471805599453;

static bool is_finite(Pair z) { return isfinite(z.real) && isfinite(z.imaginary); }
// (Not every compiler has CMPLX; the layout is that of two doubles.)
static double _Complex c_of(Pair z) {
    double parts[2] = {z.real, z.imaginary};
    double _Complex number;
    memcpy(&number, parts, sizeof number);
    return number;
}
static Pair pair_of(double _Complex z) { return (Pair){creal(z), cimag(z)}; }

// ---- Square roots and logarithms

static Pair square_root(Pair z) {
    if (!is_finite(z)) return pair_of(csqrt(c_of(z)));
    if (z.real == 0 && z.imaginary == 0) return (Pair){0, z.imaginary};
    double x = fabs(z.real), y = fabs(z.imaginary), s;
    if (x < DBL_MIN && y < DBL_MIN && (x > 0 || y > 0)) {
        x = ldexp(x, 53); // both are subnormal
        s = ldexp(sqrt(x + hypot(x, ldexp(y, 53))), -27);
    } else {
        x /= 8;
        s = 2 * sqrt(x + hypot(x, y / 8));
    }
    double d = y / (2 * s);
    return z.real >= 0 ? (Pair){s, copysign(d, z.imaginary)} : (Pair){d, copysign(s, z.imaginary)};
}

// The logarithm of the absolute value.
static double log_of_size(Pair z, Outcome *outcome) {
    double x = fabs(z.real), y = fabs(z.imaginary);
    if (x > large || y > large) return log(hypot(x / 2, y / 2)) + ln2;
    if (x < DBL_MIN && y < DBL_MIN) {
        if (x > 0 || y > 0) return log(hypot(ldexp(x, DBL_MANT_DIG), ldexp(y, DBL_MANT_DIG))) - DBL_MANT_DIG * ln2;
        *outcome = DOMAIN_ERROR;
        return -INFINITY;
    }
    double h = hypot(x, y);
    if (h < 0.71 || h > 1.73) return log(h);
    double longer = fmax(x, y), shorter = fmin(x, y); // near 1 the logarithm is of what is above 1
    return log1p((longer - 1) * (longer + 1) + shorter * shorter) / 2;
}

static Pair logarithm(Pair z, Outcome *outcome) {
    if (!is_finite(z)) return pair_of(clog(c_of(z)));
    return (Pair){log_of_size(z, outcome), atan2(z.imaginary, z.real)};
}
static Pair logarithm_10(Pair z, Outcome *outcome) {
    Pair result = logarithm(z, outcome);
    const double ln10 = log(10.0);
    return (Pair){result.real / ln10, result.imaginary / ln10};
}

// ---- Inverse functions
//
// Where Annex G leaves a sign open, or lets a part be NaN or not, results are those of CPython.

static Pair arc_cosine(Pair z, Outcome *outcome) {
    if (isinf(z.real) && isnan(z.imaginary)) return (Pair){NAN, INFINITY};
    if (!is_finite(z)) return pair_of(cacos(c_of(z)));
    if (fabs(z.real) > large || fabs(z.imaginary) > large) {
        double real = atan2(fabs(z.imaginary), z.real), size = log(hypot(z.real / 2, z.imaginary / 2)) + 2 * ln2;
        return (Pair){real, z.real < 0 ? -copysign(size, z.imaginary) : copysign(size, -z.imaginary)};
    }
    Pair a = square_root((Pair){1 - z.real, -z.imaginary}), b = square_root((Pair){1 + z.real, z.imaginary});
    return (Pair){2 * atan2(a.real, b.real), asinh(b.real * a.imaginary - b.imaginary * a.real)};
}

static Pair arc_hyperbolic_cosine(Pair z, Outcome *outcome) {
    if (z.real == 0 && isnan(z.imaginary)) return (Pair){NAN, NAN};
    if (!is_finite(z)) return pair_of(cacosh(c_of(z)));
    if (fabs(z.real) > large || fabs(z.imaginary) > large)
        return (Pair){log(hypot(z.real / 2, z.imaginary / 2)) + 2 * ln2, atan2(z.imaginary, z.real)};
    Pair a = square_root((Pair){z.real - 1, z.imaginary}), b = square_root((Pair){z.real + 1, z.imaginary});
    return (Pair){asinh(a.real * b.real + a.imaginary * b.imaginary), 2 * atan2(a.imaginary, b.real)};
}

static Pair arc_hyperbolic_sine(Pair z, Outcome *outcome) {
    if (isnan(z.real) && isinf(z.imaginary)) return (Pair){INFINITY, NAN};
    if (!is_finite(z)) return pair_of(casinh(c_of(z)));
    if (fabs(z.real) > large || fabs(z.imaginary) > large) {
        double size = log(hypot(z.real / 2, z.imaginary / 2)) + 2 * ln2;
        double real = z.imaginary >= 0 ? copysign(size, z.real) : -copysign(size, -z.real);
        return (Pair){real, atan2(z.imaginary, fabs(z.real))};
    }
    Pair a = square_root((Pair){1 + z.imaginary, -z.real}), b = square_root((Pair){1 - z.imaginary, z.real});
    return (Pair){asinh(a.real * b.imaginary - b.real * a.imaginary),
                  atan2(z.imaginary, a.real * b.real - a.imaginary * b.imaginary)};
}

static Pair arc_sine(Pair z, Outcome *outcome) { // -i asinh(i z)
    Pair result = arc_hyperbolic_sine((Pair){-z.imaginary, z.real}, outcome);
    return (Pair){result.imaginary, -result.real};
}

static Pair arc_hyperbolic_tangent(Pair z, Outcome *outcome) {
    if (isnan(z.real) && isinf(z.imaginary)) return (Pair){0, copysign(1.5707963267948966, z.imaginary)};
    if (!is_finite(z)) return pair_of(catanh(c_of(z)));
    if (z.real < 0 || (z.real == 0 && signbit(z.real))) { // odd
        Pair result = arc_hyperbolic_tangent((Pair){-z.real, -z.imaginary}, outcome);
        return (Pair){-result.real, -result.imaginary};
    }
    double y = fabs(z.imaginary);
    const double half_pi = 1.5707963267948966, root_of_large = sqrt(large), root_of_small = sqrt(DBL_MIN);
    if (z.real > root_of_large || y > root_of_large) {
        double h = hypot(z.real / 2, z.imaginary / 2);
        return (Pair){z.real / 4 / h / h, -copysign(half_pi, -z.imaginary)};
    }
    if (z.real == 1 && y < root_of_small) {
        if (y == 0) {
            *outcome = DOMAIN_ERROR;
            return (Pair){INFINITY, z.imaginary};
        }
        return (Pair){-log(sqrt(y) / sqrt(hypot(y, 2))), copysign(atan2(2, -y) / 2, z.imaginary)};
    }
    double below = 1 - z.real;
    return (Pair){log1p(4 * z.real / (below * below + y * y)) / 4,
                  -atan2(-2 * z.imaginary, below * (1 + z.real) - y * y) / 2};
}

static Pair arc_tangent(Pair z, Outcome *outcome) { // -i atanh(i z)
    Pair result = arc_hyperbolic_tangent((Pair){-z.imaginary, z.real}, outcome);
    return (Pair){result.imaginary, -result.real};
}

// ---- Exponentials

// The argument of a finite number's trigonometric function is infinite.
static void check_periodic(bool is_wrong, Outcome *outcome) {
    if (is_wrong) *outcome = DOMAIN_ERROR;
}
static Pair checked(Pair result, Outcome *outcome) {
    if (isinf(result.real) || isinf(result.imaginary)) *outcome = RANGE_ERROR;
    return result;
}

static Pair exponential(Pair z, Outcome *outcome) {
    if (!is_finite(z)) {
        check_periodic(isinf(z.imaginary) && (isfinite(z.real) || (isinf(z.real) && z.real > 0)), outcome);
        if (isinf(z.real) && z.real < 0 && !isfinite(z.imaginary)) return (Pair){0, 0};
        return pair_of(cexp(c_of(z)));
    }
    bool is_large = z.real > log_large; // e is taken apart, so that only the product can overflow
    double size = exp(is_large ? z.real - 1 : z.real), more = is_large ? 2.718281828459045 : 1;
    return checked((Pair){size * cos(z.imaginary) * more, size * sin(z.imaginary) * more}, outcome);
}

static Pair hyperbolic_cosine(Pair z, Outcome *outcome) {
    if (!is_finite(z)) {
        check_periodic(isinf(z.imaginary) && !isnan(z.real), outcome);
        if (isnan(z.real) && z.imaginary == 0) return (Pair){NAN, 0};
        return pair_of(ccosh(c_of(z)));
    }
    if (fabs(z.real) > log_large) {
        double x = z.real - copysign(1, z.real);
        return checked((Pair){cos(z.imaginary) * cosh(x) * 2.718281828459045, sin(z.imaginary) * sinh(x) * 2.718281828459045}, outcome);
    }
    return checked((Pair){cos(z.imaginary) * cosh(z.real), sin(z.imaginary) * sinh(z.real)}, outcome);
}
static Pair cosine(Pair z, Outcome *outcome) { return hyperbolic_cosine((Pair){-z.imaginary, z.real}, outcome); } // cosh(i z)

static Pair hyperbolic_sine(Pair z, Outcome *outcome) {
    if (!is_finite(z)) {
        check_periodic(isinf(z.imaginary) && !isnan(z.real), outcome);
        if (z.real == 0 && isnan(z.imaginary)) return (Pair){0, NAN};
        return pair_of(csinh(c_of(z)));
    }
    if (fabs(z.real) > log_large) {
        double x = z.real - copysign(1, z.real);
        return checked((Pair){cos(z.imaginary) * sinh(x) * 2.718281828459045, sin(z.imaginary) * cosh(x) * 2.718281828459045}, outcome);
    }
    return checked((Pair){cos(z.imaginary) * sinh(z.real), sin(z.imaginary) * cosh(z.real)}, outcome);
}
static Pair sine(Pair z, Outcome *outcome) { // -i sinh(i z)
    Pair result = hyperbolic_sine((Pair){-z.imaginary, z.real}, outcome);
    return (Pair){result.imaginary, -result.real};
}

static Pair hyperbolic_tangent(Pair z, Outcome *outcome) {
    if (!is_finite(z)) {
        check_periodic(isinf(z.imaginary) && isfinite(z.real), outcome);
        if (z.real == 0 && isnan(z.imaginary)) return (Pair){NAN, NAN};
        if (isinf(z.real) && isinf(z.imaginary)) return (Pair){copysign(1, z.real), 0};
        return pair_of(ctanh(c_of(z)));
    }
    if (fabs(z.real) > log_large)
        return (Pair){copysign(1, z.real), 4 * sin(z.imaginary) * cos(z.imaginary) * exp(-2 * fabs(z.real))};
    double tx = tanh(z.real), ty = tan(z.imaginary), cx = 1 / cosh(z.real), both = tx * ty, divisor = 1 + both * both;
    return (Pair){tx * (1 + ty * ty) / divisor, ty / divisor * cx * cx};
}
static Pair tangent(Pair z, Outcome *outcome) { // -i tanh(i z)
    Pair result = hyperbolic_tangent((Pair){-z.imaginary, z.real}, outcome);
    return (Pair){result.imaginary, -result.real};
}

static Pair root(Pair z, Outcome *outcome) { return square_root(z); }

// ---- The module's functions

// Any number, or an object with __complex__, __float__ or __index__. [script]
static bool argument(VM *vm, Value v, Pair *z) {
    z->imaginary = 0;
    Value method = is_kind(v, KIND_COMPLEX) || !is_object(v) ? VALUE_EMPTY : class_special(vm, class_of(vm, v), SPECIAL_COMPLEX);
    if (!is_empty(method)) {
        Class *cls = class_of(vm, v);
        v = value_call_special(vm, v, SPECIAL_COMPLEX, NULL, 0);
        if (is_error(v)) return false;
        if (!is_kind(v, KIND_COMPLEX)) {
            raise_type_error(vm, "%s.__complex__() must return a complex, not %s", class_name(cls), type_name(vm, v));
            return false;
        }
    }
    if (is_kind(v, KIND_COMPLEX)) {
        const Complex *c = (Complex *)object_of(v);
        *z = (Pair){c->real, c->imaginary};
        return true;
    }
    if (is_string(v)) return raise_type_error(vm, "must be real number, not str"), false;
    return value_to_double(vm, v, &z->real);
}

static Value raise_outcome(VM *vm, Outcome outcome) {
    return outcome == DOMAIN_ERROR ? raise_value_error(vm, "math domain error") : raise_overflow_error(vm, "math range error");
}

static Value apply(VM *vm, Value v, Pair (*function)(Pair z, Outcome *outcome)) {
    Pair z;
    if (!argument(vm, v, &z)) return VALUE_ERROR;
    Outcome outcome = FINE;
    Pair result = function(z, &outcome);
    return outcome == FINE ? complex_new(vm, result.real, result.imaginary) : raise_outcome(vm, outcome);
}
#define FUNCTION(name, function)                                                                                       \
    static Value cmath_##name(VM *vm, Value *args, size_t count) { return apply(vm, args[0], function); }
FUNCTION(acos, arc_cosine)
FUNCTION(acosh, arc_hyperbolic_cosine)
FUNCTION(asin, arc_sine)
FUNCTION(asinh, arc_hyperbolic_sine)
FUNCTION(atan, arc_tangent)
FUNCTION(atanh, arc_hyperbolic_tangent)
FUNCTION(cos, cosine)
FUNCTION(cosh, hyperbolic_cosine)
FUNCTION(exp, exponential)
FUNCTION(log10, logarithm_10)
FUNCTION(sin, sine)
FUNCTION(sinh, hyperbolic_sine)
FUNCTION(sqrt, root)
FUNCTION(tan, tangent)
FUNCTION(tanh, hyperbolic_tangent)

static Value cmath_log(VM *vm, Value *args, size_t count) {
    Pair z, base;
    Outcome outcome = FINE;
    if (!argument(vm, args[0], &z)) return VALUE_ERROR;
    Pair result = logarithm(z, &outcome);
    if (is_empty(args[1])) return outcome == FINE ? complex_new(vm, result.real, result.imaginary) : raise_outcome(vm, outcome);
    if (!argument(vm, args[1], &base)) return VALUE_ERROR;
    Outcome of_base = FINE;
    Pair divisor = logarithm(base, &of_base);
    if (of_base != FINE) return raise_outcome(vm, of_base);
    if (divisor.real == 0 && divisor.imaginary == 0) return raise_value_error(vm, "math domain error");
    Value numerator = complex_new(vm, result.real, result.imaginary), denominator = complex_new(vm, divisor.real, divisor.imaginary);
    return is_error(numerator) || is_error(denominator) ? VALUE_ERROR : value_binary(vm, BINARY_DIVIDE, numerator, denominator);
}

static Value cmath_phase(VM *vm, Value *args, size_t count) {
    Pair z;
    return argument(vm, args[0], &z) ? value_float(atan2(z.imaginary, z.real)) : VALUE_ERROR;
}

static Value cmath_polar(VM *vm, Value *args, size_t count) {
    Pair z;
    if (!argument(vm, args[0], &z)) return VALUE_ERROR;
    double size = hypot(z.real, z.imaginary);
    if (isinf(size) && is_finite(z)) return raise_overflow_error(vm, "math range error");
    Value pair[2] = {value_float(size), value_float(atan2(z.imaginary, z.real))};
    return object_or_error(tuple_from(vm, pair, 2));
}

static Value cmath_rect(VM *vm, Value *args, size_t count) {
    double r, phi;
    if (is_kind(args[0], KIND_COMPLEX) || is_kind(args[1], KIND_COMPLEX)) return raise_type_error(vm, "must be real number, not complex");
    if (!value_to_double(vm, args[0], &r) || !value_to_double(vm, args[1], &phi)) return VALUE_ERROR;
    if (isinf(phi) && r != 0 && !isnan(r)) return raise_value_error(vm, "math domain error");
    if (isfinite(r) && isfinite(phi)) return complex_new(vm, r * cos(phi), phi == 0 ? r * phi : r * sin(phi));
    if (isinf(r) && isfinite(phi)) {
        if (phi == 0) return complex_new(vm, r, r * phi == r * phi ? r * phi : copysign(0, r) * copysign(1, phi));
        double real = copysign(INFINITY, cos(phi)), imaginary = copysign(INFINITY, sin(phi));
        return complex_new(vm, r > 0 ? real : -real, r > 0 ? imaginary : -imaginary);
    }
    if (r == 0) return complex_new(vm, 0, 0);
    if (isinf(r)) return complex_new(vm, INFINITY, NAN);
    return complex_new(vm, NAN, phi == 0 ? 0 : NAN);
}

static Value cmath_isfinite(VM *vm, Value *args, size_t count) {
    Pair z;
    return argument(vm, args[0], &z) ? value_bool(is_finite(z)) : VALUE_ERROR;
}
static Value cmath_isinf(VM *vm, Value *args, size_t count) {
    Pair z;
    return argument(vm, args[0], &z) ? value_bool(isinf(z.real) || isinf(z.imaginary)) : VALUE_ERROR;
}
static Value cmath_isnan(VM *vm, Value *args, size_t count) {
    Pair z;
    return argument(vm, args[0], &z) ? value_bool(isnan(z.real) || isnan(z.imaginary)) : VALUE_ERROR;
}

static Value cmath_isclose(VM *vm, Value *args, size_t count) {
    Pair a, b;
    double relative = 1e-9, absolute = 0;
    if (!argument(vm, args[0], &a) || !argument(vm, args[1], &b)) return VALUE_ERROR;
    if (!is_empty(args[2]) && !value_to_double(vm, args[2], &relative)) return VALUE_ERROR;
    if (!is_empty(args[3]) && !value_to_double(vm, args[3], &absolute)) return VALUE_ERROR;
    if (relative < 0 || absolute < 0) return raise_value_error(vm, "tolerances must be non-negative");
    if (a.real == b.real && a.imaginary == b.imaginary) return VALUE_TRUE;
    if (isinf(a.real) || isinf(a.imaginary) || isinf(b.real) || isinf(b.imaginary)) return VALUE_FALSE;
    double distance = hypot(a.real - b.real, a.imaginary - b.imaginary);
    double larger = fmax(hypot(a.real, a.imaginary), hypot(b.real, b.imaginary));
    return value_bool(distance <= relative * larger || distance <= absolute);
}

#define ONE_ARGUMENT(name, doc) {#name, cmath_##name, "z, /", NATIVE_METHOD, doc}
static const NativeDefinition functions[] = {
    ONE_ARGUMENT(acos, "The arc cosine."),
    ONE_ARGUMENT(acosh, "The inverse hyperbolic cosine."),
    ONE_ARGUMENT(asin, "The arc sine."),
    ONE_ARGUMENT(asinh, "The inverse hyperbolic sine."),
    ONE_ARGUMENT(atan, "The arc tangent."),
    ONE_ARGUMENT(atanh, "The inverse hyperbolic tangent."),
    ONE_ARGUMENT(cos, "The cosine."),
    ONE_ARGUMENT(cosh, "The hyperbolic cosine."),
    ONE_ARGUMENT(exp, "e raised to the power z."),
    ONE_ARGUMENT(isfinite, "Whether both parts are finite."),
    ONE_ARGUMENT(isinf, "Whether a part is infinite."),
    ONE_ARGUMENT(isnan, "Whether a part is a NaN."),
    {"isclose", cmath_isclose, "a, b, *, rel_tol=1e-09, abs_tol=0.0", NATIVE_METHOD,
     "Whether two numbers differ by little, beside the larger one or absolutely."},
    {"log", cmath_log, "z, base=, /", NATIVE_METHOD, "The logarithm, natural or to a base."},
    ONE_ARGUMENT(log10, "The logarithm to the base 10."),
    ONE_ARGUMENT(phase, "The angle of z with the positive real axis, from -pi to pi."),
    ONE_ARGUMENT(polar, "(absolute value, phase)."),
    {"rect", cmath_rect, "r, phi, /", NATIVE_METHOD, "The number with an absolute value and a phase."},
    ONE_ARGUMENT(sin, "The sine."),
    ONE_ARGUMENT(sinh, "The hyperbolic sine."),
    ONE_ARGUMENT(sqrt, "The square root."),
    ONE_ARGUMENT(tan, "The tangent."),
    ONE_ARGUMENT(tanh, "The hyperbolic tangent."),
    {0}};

bool cmath_module_fill(VM *vm, ModuleObject *module) {
    Dict *n = module->namespace;
    return add_text(vm, n, "__doc__", "Functions of complex numbers, and constants.") && native_add_functions(vm, n, functions) > 0 &&
           add_value(vm, n, "e", value_float(2.718281828459045)) &&
           add_value(vm, n, "pi", value_float(3.141592653589793)) && add_value(vm, n, "tau", value_float(6.283185307179586)) &&
           add_value(vm, n, "inf", value_float(INFINITY)) && add_value(vm, n, "nan", value_float(NAN)) &&
           add_value(vm, n, "infj", complex_new(vm, 0, INFINITY)) && add_value(vm, n, "nanj", complex_new(vm, 0, NAN));
}

// timedelta.
#include <limits.h>
#include <math.h>
#include <stdio.h>

#include "base/hash.h"
#include "modules/date/date_internal.h"
#include "object/container/dict.h"

static Value delta_make(VM *vm, Class *cls, int64_t days, int32_t seconds, int32_t microseconds) {
    if (days < -MOST_DAYS || days > MOST_DAYS)
        return raise_overflow_error(vm, "days=%lld; must have magnitude <= %d", (long long)days, (int)MOST_DAYS);
    bool exact = cls == date_class(vm, LIBRARY_TIMEDELTA);
    Delta *d = exact ? heap_allocate_raw(vm, cls->root, KIND_NATIVE_DATA, sizeof(Delta)) : native_data_new(vm, cls, sizeof(Delta));
    if (!d) return VALUE_ERROR;
    d->data.ops = &delta_ops;
    d->days = (int32_t)days;
    d->seconds = seconds;
    d->microseconds = microseconds;
    return value_object(d);
}

Value delta_new(VM *vm, int64_t days, int64_t seconds, int64_t microseconds) {
    int64_t carried = microseconds / MICROSECONDS - (microseconds % MICROSECONDS < 0);
    seconds += carried;
    microseconds -= carried * MICROSECONDS;
    carried = seconds / SECONDS_OF_DAY - (seconds % SECONDS_OF_DAY < 0);
    seconds -= carried * SECONDS_OF_DAY;
    return delta_make(vm, date_class(vm, LIBRARY_TIMEDELTA), days + carried, (int32_t)seconds, (int32_t)microseconds);
}

Wide delta_wide(const Delta *d) { return ((Wide)d->days * SECONDS_OF_DAY + d->seconds) * MICROSECONDS + d->microseconds; }

Value delta_from_wide(VM *vm, Class *cls, Wide microseconds) {
    const Wide day = (Wide)SECONDS_OF_DAY * MICROSECONDS;
    Wide days = microseconds / day - (microseconds % day < 0);
    int64_t rest = (int64_t)(microseconds - days * day);
    if (days > INT_MAX || days < INT_MIN) return raise_overflow_error(vm, "Python int too large to convert to C int");
    return delta_make(vm, cls, (int64_t)days, (int32_t)(rest / MICROSECONDS), (int32_t)(rest % MICROSECONDS));
}

Value delta_from_int(VM *vm, Class *cls, Value microseconds) {
    Wide wide;
    if (is_error(microseconds)) return microseconds;
    if (!int_to_wide(microseconds, &wide)) return raise_overflow_error(vm, "Python int too large to convert to C int");
    return delta_from_wide(vm, cls, wide);
}

// ---- The constructor

// What the arguments come to.
typedef struct {
    Wide whole;
    Value large; // what is added to it, an int; or VALUE_EMPTY
    double part; // of a microsecond, where floats have any
} Sum;

// Adds `number` units. False with an exception.
static bool sum_int(VM *vm, Sum *sum, Value number, int64_t unit) {
    if (is_small(number)) {
        sum->whole += (Wide)small_of(number) * unit;
        return true;
    }
    Value product = int_binary(vm, BINARY_MULTIPLY, number, value_small(unit));
    if (!is_error(product) && !is_empty(sum->large)) product = int_binary(vm, BINARY_ADD, sum->large, product);
    if (is_error(product)) return false;
    sum->large = product;
    return true;
}

static bool sum_float(VM *vm, Sum *sum, double number, int64_t unit) {
    if (isnan(number)) return raise_value_error(vm, "cannot convert float NaN to integer"), false;
    if (isinf(number)) return raise_overflow_error(vm, "cannot convert float infinity to integer"), false;
    double whole, fraction = modf(number, &whole), microseconds;
    Value n = int_from_double(vm, whole);
    if (is_error(n) || !sum_int(vm, sum, n, unit)) return false;
    if (fraction == 0) return true;
    sum->part += modf(fraction * (double)unit, &microseconds);
    sum->whole += (Wide)microseconds;
    return true;
}

// The parts of microseconds are rounded together, so that the nearest even number is the whole sum's.
static bool sum_end(VM *vm, Sum *sum, Value *out) {
    double nearest = round(sum->part);
    if (!is_empty(sum->large)) {
        Value whole = wide_to_int(vm, sum->whole);
        sum->large = is_error(whole) ? whole : int_binary(vm, BINARY_ADD, sum->large, whole);
        if (is_error(sum->large)) return false;
    }
    if (sum->part != 0 && fabs(nearest - sum->part) == 0.5) {
        bool odd = sum->whole & 1;
        if (!is_empty(sum->large)) {
            Value low = int_binary(vm, BINARY_AND, sum->large, value_small(1));
            if (is_error(low)) return false;
            odd = int_sign(low) != 0;
        }
        nearest = 2 * round((sum->part + odd) / 2) - odd;
    }
    if (is_empty(sum->large)) return sum->whole += (Wide)nearest, true;
    *out = int_binary(vm, BINARY_ADD, sum->large, value_small((int64_t)nearest));
    return !is_error(*out);
}

static Value delta_construct(VM *vm, Value *args, size_t count) {
    static const struct {
        const char *name;
        uint8_t position;
        int64_t unit;
    } units[] = {{"microseconds", 3, 1},         {"milliseconds", 4, 1000},       {"seconds", 2, MICROSECONDS},
                 {"minutes", 5, 60000000},       {"hours", 6, 3600000000},        {"days", 1, 86400000000},
                 {"weeks", 7, 604800000000}};
    Class *cls = (Class *)object_of(args[0]);
    Sum sum = {.large = VALUE_EMPTY};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        Value v = args[units[i].position];
        if (is_empty(v)) continue;
        if (is_int(v) ? !sum_int(vm, &sum, int_plain(vm, v), units[i].unit)
                      : is_any_float(v) && !sum_float(vm, &sum, any_float_of(v), units[i].unit))
            return VALUE_ERROR;
        if (!is_int(v) && !is_any_float(v))
            return raise_type_error(vm, "unsupported type for timedelta %s component: %s", units[i].name, type_name(vm, v));
    }
    Value large = VALUE_EMPTY;
    if (!sum_end(vm, &sum, &large)) return VALUE_ERROR;
    return is_empty(large) ? delta_from_wide(vm, cls, sum.whole) : delta_from_int(vm, cls, large);
}

// ---- Text

static Value delta_repr(VM *vm, Value self) {
    const Delta *d = delta_of(self);
    const char *name = type_name(vm, self);
    Buffer out = vm_buffer(vm);
    const char *between = "";
    buffer_format(&out, "%s(", name);
    if (d->days) buffer_format(&out, "days=%d", d->days), between = ", ";
    if (d->seconds) buffer_format(&out, "%sseconds=%d", between, d->seconds), between = ", ";
    if (d->microseconds) buffer_format(&out, "%smicroseconds=%d", between, d->microseconds), between = ", ";
    buffer_text(&out, *between ? ")" : "0)");
    return object_or_error(string_from_buffer(vm, &out));
}

static Value delta_str(VM *vm, Value self) {
    const Delta *d = delta_of(self);
    char text[64], *at = text;
    if (d->days) at += snprintf(at, 32, "%d day%s, ", d->days, d->days == 1 || d->days == -1 ? "" : "s");
    at += snprintf(at, 24, "%d:%02d:%02d", d->seconds / 3600, d->seconds / 60 % 60, d->seconds % 60);
    if (d->microseconds) {
        *at++ = '.';
        at = put_digits(at, d->microseconds, 6);
    }
    return object_or_error(string_new(vm, text, (size_t)(at - text)));
}

// ---- Operators

static int delta_order(const Delta *a, const Delta *b) {
    if (a->days != b->days) return a->days < b->days ? -1 : 1;
    if (a->seconds != b->seconds) return a->seconds < b->seconds ? -1 : 1;
    return (a->microseconds > b->microseconds) - (a->microseconds < b->microseconds);
}

static Value delta_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_delta(self) || !is_delta(other)) return VALUE_NOT_IMPLEMENTED;
    return compare_result(op, delta_order(delta_of(self), delta_of(other)));
}

static int delta_hash(VM *vm, Value self, uint64_t *out) {
    const Delta *d = delta_of(self);
    int32_t parts[3] = {d->days, d->seconds, d->microseconds};
    *out = hash_bytes(vm->hash_key, parts, sizeof parts);
    if (*out == (uint64_t)-1) *out = (uint64_t)-2;
    return 1;
}

static int delta_truth(VM *vm, Value self) { return delta_sign(delta_of(self)) != 0; }

static Value no_division(VM *vm) { return raise_error(vm, vm->exceptions.zero_division_error, "integer division or modulo by zero"); }

static Wide floor_divide(Wide a, Wide b) { return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }

static Value times(VM *vm, const Delta *d, Value factor) {
    Class *plain = date_class(vm, LIBRARY_TIMEDELTA);
    Wide microseconds = delta_wide(d);
    if (is_any_float(factor)) return delta_from_int(vm, plain, delta_times_float(vm, microseconds, any_float_of(factor)));
    factor = int_plain(vm, factor);
    if (is_error(factor)) return factor;
    if (is_small(factor)) return delta_from_wide(vm, plain, microseconds * small_of(factor));
    Value number = wide_to_int(vm, microseconds);
    return delta_from_int(vm, plain, is_error(number) ? number : int_binary(vm, BINARY_MULTIPLY, number, factor));
}

// By an int or a float: to the nearest microsecond, or for `//` to the one below.
static Value over_number(VM *vm, const Delta *d, Value divisor, bool floors) {
    Class *plain = date_class(vm, LIBRARY_TIMEDELTA);
    Wide microseconds = delta_wide(d);
    if (is_any_float(divisor)) {
        if (any_float_of(divisor) == 0) return no_division(vm);
        return delta_from_int(vm, plain, delta_over_float(vm, microseconds, any_float_of(divisor)));
    }
    divisor = int_plain(vm, divisor);
    if (is_error(divisor)) return divisor;
    if (int_sign(divisor) == 0) return no_division(vm);
    if (floors && is_small(divisor)) return delta_from_wide(vm, plain, floor_divide(microseconds, small_of(divisor)));
    Value number = wide_to_int(vm, microseconds);
    if (is_error(number)) return number;
    return delta_from_int(vm, plain, floors ? int_binary(vm, BINARY_FLOOR_DIVIDE, number, divisor) : divide_nearest(vm, number, divisor));
}

// `/`, `//`, `%` and divmod() of two timedeltas.
static Value over_delta(VM *vm, Binary op, const Delta *left, const Delta *right) {
    Class *plain = date_class(vm, LIBRARY_TIMEDELTA);
    Wide a = delta_wide(left), b = delta_wide(right);
    if (op == BINARY_DIVIDE) {
        const Wide exact = (Wide)1 << 53; // up to here a quotient of doubles is rounded once
        if (b && a <= exact && a >= -exact && b <= exact && b >= -exact) return value_float((double)a / (double)b);
        Value x = wide_to_int(vm, a), y = wide_to_int(vm, b);
        return is_error(x) || is_error(y) ? VALUE_ERROR : int_binary(vm, op, x, y);
    }
    if (!b && op == BINARY_MODULO) return raise_error(vm, vm->exceptions.zero_division_error, "integer modulo by zero");
    if (!b) return no_division(vm);
    Wide quotient = floor_divide(a, b);
    Value parts[2] = {VALUE_NONE, VALUE_NONE};
    if (op != BINARY_MODULO && is_error(parts[0] = wide_to_int(vm, quotient))) return VALUE_ERROR;
    if (op == BINARY_FLOOR_DIVIDE) return parts[0];
    parts[1] = delta_from_wide(vm, plain, a - quotient * b);
    if (is_error(parts[1]) || op == BINARY_MODULO) return parts[1];
    return object_or_error(tuple_from(vm, parts, 2));
}

static Value delta_binary(VM *vm, Binary op, Value left, Value right) {
    if (op == BINARY_MULTIPLY) {
        if (is_delta(left) && (is_int(right) || is_any_float(right))) return times(vm, delta_of(left), right);
        if (is_delta(right) && (is_int(left) || is_any_float(left))) return times(vm, delta_of(right), left);
        return VALUE_NOT_IMPLEMENTED;
    }
    if (!is_delta(left)) return VALUE_NOT_IMPLEMENTED;
    const Delta *a = delta_of(left);
    if (!is_delta(right)) {
        bool by_number = (op == BINARY_DIVIDE && (is_int(right) || is_any_float(right))) || (op == BINARY_FLOOR_DIVIDE && is_int(right));
        return by_number ? over_number(vm, a, right, op == BINARY_FLOOR_DIVIDE) : VALUE_NOT_IMPLEMENTED;
    }
    const Delta *b = delta_of(right);
    switch (op) {
    case BINARY_ADD: return delta_new(vm, (int64_t)a->days + b->days, a->seconds + b->seconds, a->microseconds + b->microseconds);
    case BINARY_SUBTRACT: return delta_new(vm, (int64_t)a->days - b->days, a->seconds - b->seconds, a->microseconds - b->microseconds);
    case BINARY_DIVIDE:
    case BINARY_FLOOR_DIVIDE:
    case BINARY_MODULO:
    case BINARY_DIVMOD: return over_delta(vm, op, a, b);
    default: return VALUE_NOT_IMPLEMENTED;
    }
}

static Value delta_unary(VM *vm, Unary op, Value self) {
    const Delta *d = delta_of(self);
    bool negate = op == UNARY_OP_MINUS || (op == UNARY_OP_ABSOLUTE && d->days < 0);
    if (op != UNARY_OP_PLUS && op != UNARY_OP_MINUS && op != UNARY_OP_ABSOLUTE) return VALUE_NOT_IMPLEMENTED;
    return negate ? delta_new(vm, -(int64_t)d->days, -(int64_t)d->seconds, -(int64_t)d->microseconds)
                  : delta_new(vm, d->days, d->seconds, d->microseconds);
}

// ---- The class

static Value total_seconds(VM *vm, Value *args, size_t count) {
    Value whole = wide_to_int(vm, delta_wide(delta_of(args[0])));
    return is_error(whole) ? whole : int_binary(vm, BINARY_DIVIDE, whole, value_small(MICROSECONDS));
}
static Value delta_reduce(VM *vm, Value *args, size_t count) {
    const Delta *d = delta_of(args[0]);
    Value parts[3] = {value_small(d->days), value_small(d->seconds), value_small(d->microseconds)};
    return reduce_to(vm, args[0], parts, 3);
}
static Value get_days(VM *vm, Value self) { return value_small(delta_of(self)->days); }
static Value get_seconds(VM *vm, Value self) { return value_small(delta_of(self)->seconds); }
static Value get_microseconds(VM *vm, Value self) { return value_small(delta_of(self)->microseconds); }
static int read_only(VM *vm, Value self, Value value) {
    raise_error(vm, vm->exceptions.attribute_error, "readonly attribute");
    return -1;
}

static const OperatorSet delta_operators = {
    .binary = 1u << BINARY_ADD | 1u << BINARY_SUBTRACT | 1u << BINARY_MULTIPLY | 1u << BINARY_DIVIDE | 1u << BINARY_FLOOR_DIVIDE |
              1u << BINARY_MODULO | 1u << BINARY_DIVMOD,
    .unary = 1u << UNARY_OP_PLUS | 1u << UNARY_OP_MINUS | 1u << UNARY_OP_ABSOLUTE};
const TypeOps delta_ops = {.repr = delta_repr, .str = delta_str, .hash = delta_hash, .compare = delta_compare, .truth = delta_truth,
                           .binary = delta_binary, .unary = delta_unary, .operations = &delta_operators};

static const NativeDefinition methods[] = {
    {"__new__", delta_construct, "!cls, days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0", NATIVE_NEW},
    {"total_seconds", total_seconds, "self, /", NATIVE_METHOD, "All of it in seconds, as a float."},
    {"__reduce__", delta_reduce, "self, /", NATIVE_METHOD},
    {0}};
static const AttributeDefinition attributes[] = {
    {"days", get_days, read_only, "The days, which carry the sign of the whole."},
    {"seconds", get_seconds, read_only, "The seconds beyond the days, from 0 to 86399."},
    {"microseconds", get_microseconds, read_only, "The microseconds beyond the seconds, from 0 to 999999."},
    {0}};

bool delta_add(VM *vm, Dict *namespace) {
    Class *cls = date_class_make(vm, LIBRARY_TIMEDELTA, "timedelta", vm->classes.object, &delta_ops, sizeof(Delta), 0);
    return date_class_fill(vm, cls, methods, attributes,
                           "How long something takes: timedelta(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, "
                           "weeks=0), any of them a float or negative.") &&
           add_value(vm, cls->attributes, "min", delta_new(vm, -MOST_DAYS, 0, 0)) &&
           add_value(vm, cls->attributes, "max", delta_new(vm, MOST_DAYS, SECONDS_OF_DAY - 1, MICROSECONDS - 1)) &&
           add_value(vm, cls->attributes, "resolution", delta_new(vm, 0, 0, 1)) &&
           add_value(vm, namespace, "timedelta", value_object(cls));
}

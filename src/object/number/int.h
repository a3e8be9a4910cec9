// int: 48 bits in the Value, a libtommath number beyond. A big integer whose value fits 48 bits never exists (except
// inside an instance of a subclass of int), so equal ints are equal words or equal big integers.
#ifndef AIOLI_OBJECT_INT_H
#define AIOLI_OBJECT_INT_H

#include <tommath.h>

#include "base/buffer.h"
#include "object/core/object.h"
#include "object/core/vm.h"

typedef struct {
    Object object;
    mp_int number;      // whose digits are these: an int of any size is one cell. Only read, never given to what would resize it
    mp_digit digits[];
} BigInt;

// At least the two digits that 64 bits take.
static inline size_t int_cell(int digits) {
    return offsetof(BigInt, digits) + (size_t)(digits < 2 ? 2 : digits) * sizeof(mp_digit);
}

// What vm->int_digit_limit is at first, and the least that it can be set to: time taken grows with the square of the digits.
enum { INT_DEFAULT_DIGIT_LIMIT = 4300, INT_LEAST_DIGIT_LIMIT = 640 };

// Any int: small, big, bool, or an instance of a subclass.
static inline bool is_int(Value v) { return is_small(v) || is_bool(v) || is_kind(v, KIND_INT); }

Value int_from_int64(VM *vm, int64_t n); // VALUE_ERROR when memory is short
Value int_from_uint64(VM *vm, uint64_t n);
// From an integral double (finite; the caller has checked).
Value int_from_double(VM *vm, double number);
// Digits in base 2 to 36, optional sign, no underscores or prefix. Raises ValueError past vm->int_digit_limit digits, unless
// the base is a power of two.
Value int_from_digits(VM *vm, const char *digits, size_t length, int base);
// From text as int() reads it: white space, sign, underscores, prefix for base 0 or when it agrees. VALUE_EMPTY when it
// is not a number of that base (nothing raised).
Value int_parse(VM *vm, const char *text, size_t length, int base);
// Takes over `number` (clears it), normalises.
Value int_from_mp(VM *vm, mp_int *number);
// Gives a new object of int_cell(number->used) bytes its number, which is copied.
void int_set(BigInt *big, const mp_int *number);
// A plain int of a bool or of a subclass's instance; others unchanged.
Value int_plain(VM *vm, Value v);

// False (nothing raised) when it does not fit.
bool int_to_int64(Value v, int64_t *out);
int int_sign(Value v); // -1, 0, 1
int64_t int_bit_length(Value v); // of its magnitude
// Correctly rounded; false with OverflowError ("int too large to convert to float").
bool int_to_double(VM *vm, Value v, double *out);
// Appends digits of any int in base 2, 8, 10 or 16 (lower case, with '-', no prefix). Raises ValueError past
// vm->int_digit_limit digits in base 10. False on failure.
bool int_append_digits(VM *vm, Buffer *buffer, Value v, int base);

// The operators of ints; VALUE_NOT_IMPLEMENTED when either side is not an int.
Value int_binary(VM *vm, Binary op, Value a, Value b);
Value int_compare(VM *vm, Comparison op, Value a, Value b);
// pow(base, exponent, modulus); NOT_IMPLEMENTED unless all are ints.
Value int_power_modulo(VM *vm, Value base, Value exponent, Value modulus);
uint64_t int_hash(Value v); // Python's: modulo 2^61 - 1
// Compares an int with a double exactly: -1, 0, 1, or 2 when the double is a NaN.
int int_compare_double(Value a, double b);
uint64_t double_hash(double number); // equal to int_hash for integral values

extern const TypeOps int_ops;
extern const TypeOps bool_ops;
extern const TypeOps float_ops;
extern const TypeOps complex_ops;

typedef struct { // an instance of a subclass of float
    Object object;
    double number;
} BoxedFloat;

typedef struct {
    Object object;
    double real, imaginary;
} Complex;

// Any float, boxed or not.
static inline bool is_any_float(Value v) { return is_float(v) || is_kind(v, KIND_FLOAT); }
static inline double any_float_of(Value v) {
    return is_float(v) ? float_of(v) : ((BoxedFloat *)object_of(v))->number;
}
Value complex_new(VM *vm, double real, double imaginary);
// a ** b of complex numbers.
Value complex_power(VM *vm, double a_real, double a_imaginary, double b_real, double b_imaginary);
// Python's float operators on doubles (ZeroDivisionError and so on).
Value float_binary(VM *vm, Binary op, double a, double b);

bool int_class_init(VM *vm);
bool bool_class_init(VM *vm);
bool float_class_init(VM *vm);
bool complex_class_init(VM *vm);

#endif

// What can be done with any value, as Python's operators and built-in functions do it: overrides in scripts' classes,
// reflected operators, defaults, and CPython's error messages. Functions that may run a script are marked [script]:
// it may change any list or dict that you are looking through.
//
// Value results: VALUE_ERROR on failure. int results: 1, 0, or -1 on failure.
#ifndef AIOLI_OBJECT_PROTOCOL_H
#define AIOLI_OBJECT_PROTOCOL_H

#include "object/core/class.h"
#include "object/core/object.h"
#include "object/core/vm.h"

String *value_repr(VM *vm, Value v);  // [script] repr(v); NULL on failure
String *value_str(VM *vm, Value v);   // [script] str(v)
String *value_ascii(VM *vm, Value v); // [script] ascii(v)
String *value_format(VM *vm, Value v, String *specification); // [script] format(v, spec)

int value_hash(VM *vm, Value v, uint64_t *out); // [script] as Python's hash(), two's complement
int value_equal(VM *vm, Value a, Value b);      // [script] a is b or a == b, as containers compare
int value_truth(VM *vm, Value v);               // [script]
Value value_compare(VM *vm, Comparison op, Value a, Value b);   // [script] any value
int value_compare_bool(VM *vm, Comparison op, Value a, Value b); // [script]
int value_contains(VM *vm, Value container, Value item);        // [script]

Value value_binary(VM *vm, Binary op, Value a, Value b);   // [script] a op b
Value value_in_place(VM *vm, Binary op, Value a, Value b); // [script] a op= b
Value value_unary(VM *vm, Unary op, Value v);              // [script]

int64_t value_length(VM *vm, Value v);      // [script] len(v), or -1
int64_t value_length_hint(VM *vm, Value v); // [script] a guess for making room, 0 when unknown; never fails
Value value_get_item(VM *vm, Value o, Value key);               // [script]
int value_set_item(VM *vm, Value o, Value key, Value value);    // [script]
int value_delete_item(VM *vm, Value o, Value key);              // [script]

Value value_iterate(VM *vm, Value v); // [script] iter(v)
Value value_next(VM *vm, Value it);   // [script] the next item, VALUE_STOP, or VALUE_ERROR
// Calls `each` with every item until it answers other than 1, and returns that (1 at the end). A collection must find what
// `data` leads to, as it finds what is in a struct on the C stack.
int value_for_each(VM *vm, Value iterable, int (*each)(VM *vm, Value item, void *data), void *data); // [script]

bool is_exact_int(VM *vm, Value v); // an int, and of no subclass
// A DeprecationWarning: a method for a conversion has given an instance of a subclass. False with an exception. [script]
bool warn_of_subclass(VM *vm, const char *method, const char *type, Value result);

Value value_get_attribute(VM *vm, Value o, String *name); // [script] AttributeError with CPython's message
// As value_get_attribute, but VALUE_EMPTY instead of an AttributeError, whoever raises it.
Value value_find_attribute(VM *vm, Value o, String *name);              // [script]
int value_set_attribute(VM *vm, Value o, String *name, Value value);    // [script]
int value_delete_attribute(VM *vm, Value o, String *name);              // [script]
// Looks up a special method on the class of v and binds it, or VALUE_EMPTY.
Value value_special(VM *vm, Value v, Special special); // [script]
// Calls a special method with up to 3 arguments; VALUE_EMPTY when the class has none.
Value value_call_special(VM *vm, Value v, Special special, Value *arguments, size_t count); // [script]
// Calls the method of a name, which is looked up as an attribute, with positional arguments. [script]
Value value_call_method(VM *vm, Value o, const char *name, Value *arguments, size_t count);

bool value_callable(VM *vm, Value v);

// Calls with named arguments from a dict of str keys; NULL: without any. [script]
Value call_with_dict(VM *vm, Value callable, Value *arguments, size_t count, Dict *named);
// A hash as Python's int.
Value value_from_hash(VM *vm, uint64_t hash);

// __index__: a (small or big) int. `what` NULL: "'X' object cannot be interpreted as an integer".
Value value_index(VM *vm, Value v); // [script]
// An index as a C integer, clamped to int64 when `clamp`, else OverflowError/IndexError as CPython. False on failure.
bool value_index_int64(VM *vm, Value v, bool clamp, int64_t *out); // [script]
// float(v) of numbers (ints, floats, __float__, __index__); false with TypeError or OverflowError.
bool value_to_double(VM *vm, Value v, double *out); // [script]

#endif

// Raising exceptions from C.
#ifndef AIOLI_OBJECT_ERRORS_H
#define AIOLI_OBJECT_ERRORS_H

#include "object/core/class.h"
#include "object/core/vm.h"

// Each sets vm->exception and returns VALUE_ERROR. The format is printf's (its text is UTF-8), with vm first:
// raise_error(vm, vm->exceptions.value_error, "bad thing: %s", text). A NULL format: an exception without arguments.
Value raise_error(VM *vm, Class *cls, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define raise_type_error(vm, ...) raise_error(vm, (vm)->exceptions.type_error, __VA_ARGS__)
#define raise_value_error(vm, ...) raise_error(vm, (vm)->exceptions.value_error, __VA_ARGS__)
#define raise_index_error(vm, ...) raise_error(vm, (vm)->exceptions.index_error, __VA_ARGS__)
#define raise_overflow_error(vm, ...) raise_error(vm, (vm)->exceptions.overflow_error, __VA_ARGS__)
#define raise_runtime_error(vm, ...) raise_error(vm, (vm)->exceptions.runtime_error, __VA_ARGS__)
// With one argument that is any value, such as KeyError's key.
Value raise_with_value(VM *vm, Class *cls, Value argument);
// MemoryError, from an object made beforehand.
Value raise_memory_error(VM *vm);
// Raises an exception object that exists.
Value raise_value(VM *vm, Value exception);

// A DeprecationWarning for the line of the script that runs. False with an exception, which a filter may make of it. [script]
bool warn_deprecated(VM *vm, const char *format, ...) __attribute__((format(printf, 2, 3)));
// A warning of another category, likewise. [script]
bool warn_script(VM *vm, Class *category, const char *format, ...) __attribute__((format(printf, 3, 4)));

// Whether the exception on its way is an instance of cls.
bool exception_matches(VM *vm, Class *cls);
// Forgets the exception on its way.
void exception_clear(VM *vm);
// Forgets the exception of something whose failure does not matter here. An interrupt is asked for again, so that it is not lost.
// (A LimitError needs no more than to be forgotten: its limit is passed for good.)
void exception_drop(VM *vm);
// Forgets it too, and returns it.
Value exception_take(VM *vm);

#endif

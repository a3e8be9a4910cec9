// Type parameters: TypeVar, TypeVarTuple and ParamSpec, whose bounds and defaults are computed when they are first asked for;
// TypeAliasType, what a `type` statement makes; NoDefault. What typing knows of types is written in the language, in the module
// `typing`, which is imported where it is needed.
#ifndef AIOLI_OBJECT_TYPE_PARAMETER_H
#define AIOLI_OBJECT_TYPE_PARAMETER_H

#include "object/core/native_data.h"

// What the instruction TYPE_CONSTRUCT makes of its operands. Functions that compute something later may be VALUE_EMPTY.
typedef enum {
    TYPE_CONSTRUCT_VARIABLE,      // name, function of the default, of the bound, of the constraints: a TypeVar
    TYPE_CONSTRUCT_TUPLE,         // name, function of the default: a TypeVarTuple
    TYPE_CONSTRUCT_SPECIFICATION, // name, function of the default: a ParamSpec
    TYPE_CONSTRUCT_ALIAS,         // name, tuple of type parameters or VALUE_EMPTY, function of the value: a TypeAliasType
    TYPE_CONSTRUCT_BASES,         // tuple of bases, tuple of type parameters: the bases and Generic[…]
    TYPE_CONSTRUCT_FUNCTION,      // function, tuple of type parameters: the function, which has these
} TypeConstruct;

// [script]
Value type_construct(VM *vm, uint8_t what, Value *operands);

// Calls a function of the module `typing`. [script]
Value typing_call(VM *vm, const char *function, Value *arguments, size_t count);

// A tuple of type parameters with each TypeVarTuple unpacked, as aliases and generic classes show them. NULL: an error. [script]
Tuple *type_parameters_unpacked(VM *vm, Tuple *parameters);

// Evaluates what is computed when it is first asked for: *value if it is there already, else what *function returns. [script]
Value type_evaluate(VM *vm, Object *owner, Value *value, Value *function);

bool is_type_alias(Value v);
// `parameters`: a tuple or VALUE_EMPTY; `function` computes the value.
Value type_alias_new(VM *vm, String *name, Value parameters, Value function);

bool type_parameter_class_init(VM *vm);
bool type_alias_class_init(VM *vm);

#endif

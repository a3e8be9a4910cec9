// Tuples whose items have names, such as sys.version_info and time.struct_time, and plain namespaces.
#ifndef AIOLI_MODULES_STRUCT_SEQUENCE_H
#define AIOLI_MODULES_STRUCT_SEQUENCE_H

#include "object/core/class.h"
#include "object/core/vm.h"

// A class of such tuples: `name` is "module.name", `fields` ends with NULL. NULL: out of memory.
Class *struct_sequence_class(VM *vm, const char *name, const char *const *fields);
// An instance with one value for each field.
Value struct_sequence_of(VM *vm, Class *cls, const char *const *fields, const Value *values);
// The only instance of a class of its own.
Value struct_sequence_new(VM *vm, const char *name, const char *const *fields, const Value *values);
// An object with these attributes and nothing else: types.SimpleNamespace's way.
Value namespace_new(VM *vm, const char *const *fields, const Value *values);

#endif

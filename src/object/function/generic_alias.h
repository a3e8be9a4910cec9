// list[int] and int | None: what annotations are made of.
#ifndef AIOLI_OBJECT_GENERIC_ALIAS_H
#define AIOLI_OBJECT_GENERIC_ALIAS_H

#include "object/core/native_data.h"

// origin[arguments]: a GenericAlias.
Value generic_alias_new(VM *vm, Value origin, Value arguments);
// The same as a native: what stands behind the __class_getitem__ of a class.
Value generic_alias_of_class(VM *vm, Value *args, size_t count);
#define GENERIC_ALIAS_METHOD {"__class_getitem__", generic_alias_of_class, "cls, item, /", NATIVE_CLASS_METHOD}
// Whether a class takes arguments in brackets without such a method: its subclasses do not.
bool class_is_generic(VM *vm, const Class *cls);
// left | right of classes, aliases, unions and None; VALUE_NOT_IMPLEMENTED for anything else.
Value type_union_new(VM *vm, Value left, Value right);
bool is_generic_alias(Value v);
// The members of a union, or NULL.
Tuple *type_union_members(Value v);

bool generic_alias_class_init(VM *vm);

#endif

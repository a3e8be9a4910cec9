// What an entry of __slots__ is in its class: an attribute that each instance has, or has not yet.
#ifndef AIOLI_OBJECT_MEMBER_H
#define AIOLI_OBJECT_MEMBER_H

#include "object/function/function.h"

// Such an attribute of a class, by its interned name. NULL with MemoryError.
// The class whose member it is.
Class *member_owner_of(Value member);

Object *member_new(VM *vm, Class *owner, String *name);

// Reads it of an instance. VALUE_ERROR: with AttributeError when it has no value, with TypeError when that is no instance of the owner.
Value member_read(VM *vm, Object *member, Value instance);

bool member_class_init(VM *vm);

#endif

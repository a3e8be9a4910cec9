// The special methods of built-in classes that mirror the operations of their layout: `int.__add__` and its kin. They
// are made when first looked up, since few programs name any.
#ifndef AIOLI_OBJECT_OPERATIONS_H
#define AIOLI_OBJECT_OPERATIONS_H

#include "object/core/class.h"
#include "object/core/object.h"

// The method `name` of a built-in class, entered into its namespace, if the class introduces an operation of that name;
// else VALUE_EMPTY.
Value operation_method(VM *vm, Class *cls, String *name);

// Makes all of a class's operation methods, for dir().
void operation_methods_complete(VM *vm, Class *cls);

#endif

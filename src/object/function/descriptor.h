// property, staticmethod, classmethod, super, and the attributes of built-in classes.
#ifndef AIOLI_OBJECT_DESCRIPTOR_H
#define AIOLI_OBJECT_DESCRIPTOR_H

#include "object/function/function.h"

// super(start, self). VALUE_ERROR with TypeError when self is no instance or subclass of start.
Value super_new(VM *vm, Class *start, Value self);

// Makes the classes `native` and `descriptor` need before any method table can be added.
bool descriptor_class_init(VM *vm);
// property, staticmethod, classmethod, super, once functions exist.
bool property_class_init(VM *vm);

#endif

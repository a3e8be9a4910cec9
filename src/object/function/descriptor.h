// property, staticmethod, classmethod, super, and the attributes of built-in classes.
#ifndef AIOLI_OBJECT_DESCRIPTOR_H
#define AIOLI_OBJECT_DESCRIPTOR_H

#include "object/function/function.h"

// super(start, self). VALUE_ERROR with TypeError when self is no instance or subclass of start.
Value super_new(VM *vm, Class *start, Value self);
Value super_bind(VM *vm, Value unbound, Value self); // what a class's attribute that is super(cls) gives to an instance

// Reads, sets (VALUE_EMPTY: deletes) a computed attribute of a built-in class on `o`, of whatever class it is. VALUE_ERROR, -1
// with TypeError when that is no instance of the attribute's owner.
Value descriptor_read(VM *vm, Descriptor *descriptor, Value o);
int descriptor_write(VM *vm, Descriptor *descriptor, Value o, Value value);

// Makes the classes `native` and `descriptor` need before any method table can be added.
bool descriptor_class_init(VM *vm);
// property, staticmethod, classmethod, super, once functions exist.
bool property_class_init(VM *vm);

#endif

// What `__doc__` of built-in classes and special methods says. The texts stay in read-only data, and become objects when they are
// asked for: a VM is made without any. Those of functions, other methods and attributes stand in their definitions (native.h).
#ifndef AIOLI_OBJECT_DOCUMENTATION_H
#define AIOLI_OBJECT_DOCUMENTATION_H

#include "object/core/class.h"

// The text of a class that C code makes, by its full name. NULL: it has none here.
const char *class_documentation_by_name(const char *name);

// What the special method or attribute of that name does, whatever class it is of. NULL for other names.
const char *special_documentation(const char *name);

// A str, VALUE_NONE for NULL, or VALUE_ERROR.
Value documentation_value(VM *vm, const char *text);

// The same of a built-in class's text.
Value class_documentation_value(VM *vm, const Class *cls);

// `__doc__` of the class object itself.
Value class_own_documentation(VM *vm, Class *cls);

#endif

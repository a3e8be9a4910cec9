// The classes `object` and `type`: making instances and classes by calling.
#ifndef AIOLI_OBJECT_TYPE_H
#define AIOLI_OBJECT_TYPE_H

#include "object/core/class.h"

// Makes an instance: __new__ and __init__ as type.__call__ does. [script]
Value class_call(VM *vm, Class *cls, Value *arguments, size_t count, Tuple *keywords);

// Whether calling the class allocates a plain instance and nothing else (object.__new__): then *init is its __init__, or
// VALUE_EMPTY if that is object's. For the interpreter's fast path.
bool class_is_plain(VM *vm, Class *cls, Value *init);

// type(name, bases, attributes, **keywords): the metaclass is `metaclass`. Calls __set_name__ and __init_subclass__.
// [script]
Value type_make(VM *vm, Class *metaclass, String *name, Tuple *bases, Dict *attributes, Dict *keywords);

// The most derived metaclass of the bases and `metaclass`. NULL with TypeError on a conflict.
Class *metaclass_of(VM *vm, Class *metaclass, Tuple *bases);

// The methods of `object` and `type`, once strings, dicts and natives exist; NoneType and the other singletons' classes.
bool type_class_init(VM *vm);

#endif

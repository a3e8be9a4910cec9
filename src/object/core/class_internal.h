// What the files that make classes share.
#ifndef AIOLI_OBJECT_CLASS_INTERNAL_H
#define AIOLI_OBJECT_CLASS_INTERNAL_H

#include "object/core/class.h"

// Reads __slots__ of a class body: the names join those of the bases, and members in the class stand for them, and for the instances'
// dict and weak references where no base has these. False on an error.
bool class_read_slots(VM *vm, Class *cls, Class *base);

// Merges the orders of the bases into that of `cls` (C3). NULL with an exception.
Tuple *class_linearise(VM *vm, Class *cls, Tuple *bases);

// Has the metaclass's own mro(), where it has one, say another order. False with an exception. [script]
bool class_ask_order(VM *vm, Class *cls);

// The base that decides how instances are laid out: the most derived one that is not a plain instance. NULL with TypeError.
Class *class_best_base(VM *vm, Tuple *bases);

// Notes that `base` is to tell `cls` of its changes. False: out of memory.
bool class_add_subclass(VM *vm, Class *base, Class *cls);

// What a special method of a class is called by: itself, or what binds it first. VALUE_ERROR with MemoryError.
Value special_bindable(VM *vm, Special special, Value found);

// Tells all caches that a class has changed, and its subclasses.
void class_changed(VM *vm, Class *cls);

#endif

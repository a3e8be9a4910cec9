// Instances of scripts' classes, and the attributes of instances of any class.
//
// An instance keeps its first attributes inline, the others in an overflow block. Past a number of attributes, or once
// a script asks for its __dict__, they move to a dict: the shape is then the class's dictionary shape.
#ifndef AIOLI_OBJECT_INSTANCE_H
#define AIOLI_OBJECT_INSTANCE_H

#include "object/core/class.h"
#include "object/core/object.h"
#include "object/core/vm.h"

typedef struct {
    Object object;
    Value *overflow; // side memory, its capacity in the word before; or, with INSTANCE_DICTIONARY, the Dict
    Value slots[];   // shape->inline_capacity of them
} Instance;

// Header flag of an instance whose shape is a dictionary shape. (Its finaliser can't ask the shape, which may have died
// in the same sweep.)
#define INSTANCE_DICTIONARY OBJECT_FLAG_1

enum { INSTANCE_MAX_SLOTS = 128, CLASS_MAX_SHAPES = 512 };

static inline Value *instance_slot(Instance *instance, const Shape *shape, uint32_t slot) {
    return slot < shape->inline_capacity ? &instance->slots[slot]
                                         : &instance->overflow[slot - shape->inline_capacity];
}

Instance *instance_new(VM *vm, Class *cls);

// The attribute in the object itself (not its class): VALUE_EMPTY when it has none of that name.
Value object_own_attribute(VM *vm, Object *o, String *name);
// Sets (VALUE_EMPTY deletes) it. 1; 0 when there is nothing to delete; -1 with MemoryError; -2 when objects of its class
// take no such attribute.
int object_set_own_attribute(VM *vm, Object *o, String *name, Value value);
// The dict that holds the object's attributes from now on. NULL without an exception when the object has none.
Dict *object_dictionary(VM *vm, Object *o);
// Makes `dict` the object's attributes (assignment to __dict__). False with an exception.
bool object_set_dictionary(VM *vm, Object *o, Dict *dict);

// The word of an object with OBJECT_HAS_ATTRIBUTES: a dict or VALUE_EMPTY.
Value *object_attributes_place(Object *o);

extern const TypeOps instance_ops;

// The shared parts of attribute access: an attribute found on a class, as seen through an instance of it (functions
// become bound methods, descriptors are asked). [script]
Value attribute_bind(VM *vm, Value attribute, Value self, Class *cls);
// Whether a class attribute takes precedence over the instance's own.
bool attribute_is_data_descriptor(VM *vm, Value attribute);
// object.__getattribute__ and object.__setattr__. get: VALUE_EMPTY when there is no such attribute. [script]
Value object_get_attribute(VM *vm, Value o, String *name);
Value object_get_attribute_as(VM *vm, Value o, String *name); // without what the kind of object adds by its own operation
int object_set_attribute(VM *vm, Value o, String *name, Value value);

#endif

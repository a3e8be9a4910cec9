// Modules: a namespace with a name.
#ifndef AIOLI_OBJECT_MODULE_H
#define AIOLI_OBJECT_MODULE_H

#include "object/core/object.h"
#include "object/core/vm.h"

typedef struct {
    Object object;
    Dict *namespace;
    Value name;
} ModuleObject;

// Makes a module with __name__, __doc__, __package__ and so on set. Not entered into sys.modules. NULL on failure.
ModuleObject *module_new(VM *vm, String *name);

// Makes the module one of another class of modules. False when memory is short.
bool module_set_class(VM *vm, Value self, Class *cls);

extern const TypeOps module_ops;
bool module_class_init(VM *vm);

#endif

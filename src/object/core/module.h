// Modules: a namespace with a name.
#ifndef AIOLI_OBJECT_MODULE_H
#define AIOLI_OBJECT_MODULE_H

#include "object/core/object.h"
#include "object/core/vm.h"

typedef struct ModuleObject ModuleObject;
struct ModuleObject {
    Object object;
    Dict *namespace;
    Value name;
    // Makes an attribute that the namespace has only when somebody asks for it; VALUE_EMPTY when it knows none of that name. Or NULL.
    Value (*late)(VM *vm, ModuleObject *module, String *name); // [script]
};

// Makes a module with __name__, __doc__, __package__ and so on set. Not entered into sys.modules. NULL on failure.
ModuleObject *module_new(VM *vm, String *name);

// Makes one as the importer does: with this __package__ and __spec__. Its __loader__ is made when somebody asks. NULL with MemoryError.
ModuleObject *module_new_imported(VM *vm, String *name, Value package, Value spec);

// What `late` is of modules of the importer, which have no __loader__ yet, and of __main__. [script]
Value module_late_loader(VM *vm, ModuleObject *module, String *name);

// An AttributeError for a name that a module lacks, which says why where it can guess: a circular import, or a file of the program's
// own in place of a module that was meant. [script]
Value module_raise_missing(VM *vm, Value module, String *name);

// Makes the module one of another class of modules. False when memory is short.
bool module_set_class(VM *vm, Value self, Class *cls);

extern const TypeOps module_ops;
bool module_class_init(VM *vm);

#endif

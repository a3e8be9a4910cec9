// ModuleSpec: what the importer knows of a module, the __spec__ in its namespace.
#ifndef AIOLI_OBJECT_MODULE_SPEC_H
#define AIOLI_OBJECT_MODULE_SPEC_H

#include "object/core/native_data.h"

typedef struct {
    NativeData data;
    Value name;         // a str, unless a script has set it to something else; so are all of these
    Value loader;       // VALUE_EMPTY: the loader of the library's own kind, which is made when somebody asks (module_spec_loader)
    Value origin;       // where the module comes from, or None
    Value locations;    // submodule_search_locations: a list for a package, None for other modules
    Value loader_state;
    Value cached;
    bool has_location;  // the origin is a place of a file: it becomes __file__
    bool initializing;  // its module is being run for the first time
} ModuleSpec;

extern const TypeOps module_spec_ops;

static inline bool is_module_spec(Value v) { return is_native_data(v, &module_spec_ops); }
static inline ModuleSpec *module_spec_of(Value v) { return (ModuleSpec *)object_of(v); }

// A spec whose loader is made when it is asked for. `origin` is the file of a module (`has_location`), or "built-in" or "frozen".
// `locations`: a list for a package, else None. NULL with MemoryError.
ModuleSpec *module_spec_new(VM *vm, String *name, Value origin, bool has_location, Value locations);

// spec.loader. [script]
Value module_spec_loader(VM *vm, ModuleSpec *spec);

// The __loader__ of the module of this namespace, which has none: that of its spec; without one, as a script has none, what loads its
// __file__ or, where there is none, built-in modules. [script]
Value module_loader_of_namespace(VM *vm, Dict *namespace);

// Whether a module is being run for the first time, as its __spec__ (VALUE_EMPTY: it has none) says. 1, 0, -1. [script]
int module_is_initializing(VM *vm, Value spec);

// What repr() says of the module of a spec. [script]
Value module_spec_describe(VM *vm, Value spec);

// What a function of the module that has the loaders of modules, which is written in the language, answers. [script]
Value module_ask_loaders(VM *vm, const char *function, Value *arguments, size_t count);

bool module_spec_class_init(VM *vm);

#endif

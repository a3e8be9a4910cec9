// Finding and running modules: NAME.aio, NAME.py, then a folder NAME with __init__, along sys.path; the built-in modules
// stand in it as one entry.
#ifndef AIOLI_VM_IMPORT_H
#define AIOLI_VM_IMPORT_H

#include "object/core/module.h"
#include "vm/frame.h"

// A library module written in C. `fill` adds its names to the fresh module; false with an exception.
typedef struct {
    const char *name;
    bool (*fill)(VM *vm, ModuleObject *module);
} NativeModule;

// A library module written in the language, built into the library.
typedef struct {
    const char *name; // dotted
    const char *source;
    size_t length;
    bool is_package;
} SourceModule;

// Hands the tables down (each ends with a NULL name; they must outlive the VM). `images` are those of the sources (compiler/image.h), in
// the same order, or none; it ends with NULL. `load` reads a file: it returns a str
// or bytes object with its text, VALUE_EMPTY when there is no such file, or VALUE_ERROR; NULL when the host has no files.
bool import_create(VM *vm, const NativeModule *natives, const SourceModule *sources, const unsigned char *const *images,
                   Value (*load)(VM *vm, const char *path));
void import_destroy(VM *vm);
void import_trace(VM *vm);

// The list that scripts see as sys.path. BUILT_IN_PATH in it stands for the built-in modules.
List *import_path(VM *vm);
// Makes it as it was at first, with another list. False with MemoryError.
bool import_renew_path(VM *vm);
#define BUILT_IN_PATH "<built-in>"

// import NAME: the module of the full dotted name, run if it is not in sys.modules. [script]
Value import_module(VM *vm, String *name);

// What __import__ does: the module that `name` means, `level` folders out from the package of `globals`; without names (None) that of its
// first part. `names` is a tuple (of a package, TypeError when something in it is no str); those that are submodules are imported too. [script]
Value import_by(VM *vm, Dict *globals, String *name, Value names, int level);

// The names of all built-in modules, for sys.builtin_module_names.
Tuple *import_builtin_names(VM *vm);

#endif

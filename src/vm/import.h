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

// How the importer reaches files; without `load` the host has none.
typedef struct {
    // The text of a file, a str or bytes object; VALUE_EMPTY when there is no such file, or VALUE_ERROR.
    Value (*load)(VM *vm, const char *path);
    // Whether there is a folder of that name.
    bool (*is_folder)(VM *vm, const char *path);
} ImportFiles;

// Hands the tables down (each ends with a NULL name; they must outlive the VM). `images` are those of the sources (compiler/image.h), in
// the same order, or none; it ends with NULL. `sys` is the namespace of the module sys. False with MemoryError.
bool import_create(VM *vm, const NativeModule *natives, const SourceModule *sources, const unsigned char *const *images,
                   const ImportFiles *files, Dict *sys);
void import_destroy(VM *vm);
void import_trace(VM *vm);

// The list that scripts see as sys.path, or that they will see when they import sys. BUILT_IN_PATH in it stands for the built-in modules.
List *import_path(VM *vm);
// Makes that and the finders as they were at first, with another list. False with MemoryError.
bool import_renew_path(VM *vm);
#define BUILT_IN_PATH "<built-in>"

// import NAME: the module of the full dotted name, run if it is not in sys.modules. [script]
Value import_module(VM *vm, String *name);

// What __import__ does: the module that `name` means, `level` folders out from the package of `globals`; without names (None) that of its
// first part. `names` is a tuple (of a package, TypeError when something in it is no str); those that are submodules are imported too. [script]
Value import_by(VM *vm, Dict *globals, String *name, Value names, int level);

// The finder that stands in sys.meta_path, a class, made at the first call; and after that the function in sys.path_hooks that stands for
// it.
Value import_path_finder(VM *vm);
Value import_path_hook(VM *vm);

// What a built-in module is: native, or of the language (a package, if so), or nothing.
typedef enum { BUILT_IN_NOTHING, BUILT_IN_NATIVE, BUILT_IN_SOURCE, BUILT_IN_PACKAGE } BuiltInKind;
BuiltInKind import_built_in_kind(VM *vm, const String *name);
// The code of a built-in module of the language, and what stands for its file. NULL with an exception; without one it is no such module.
Code *import_built_in_code(VM *vm, const String *name, String **file);
// What stands in sys.modules when a native module has been made; VALUE_EMPTY: it is none.
Value import_native(VM *vm, String *name);

// The names of all built-in modules, for sys.builtin_module_names.
Tuple *import_builtin_names(VM *vm);

#endif

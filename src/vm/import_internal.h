// What the importer's files share: import.c has the statement, import_find.c finds and loads one module, path_finder.c shows that to
// scripts.
#ifndef AIOLI_VM_IMPORT_INTERNAL_H
#define AIOLI_VM_IMPORT_INTERNAL_H

#include "object/container/list.h"
#include "object/core/module_spec.h"
#include "vm/import.h"
#include "vm/interpreter.h"

struct ImportState {
    const NativeModule *natives;
    const SourceModule *sources;
    const unsigned char *const *images; // of the sources, if there is a first one
    ImportFiles files;
    List *path;      // sys.path as it was at first
    Dict *sys;       // the namespace of sys, where scripts change how modules are found
    Class *finder;   // PathFinder, and
    Object *hook;    // the one function of sys.path_hooks; NULL until sys is made
    int loaders;     // how many modules of the importer's own are being imported now: they are found past all finders
};

static inline struct ImportState *import_state(VM *vm) { return interpreter_of(vm)->imports; }

// What has been found for a name, before it is run.
typedef enum { FOUND_NOTHING, FOUND_NATIVE, FOUND_SOURCE, FOUND_FILE, FOUND_NAMESPACE, FOUND_SPEC } FoundKind;
typedef struct {
    FoundKind kind;
    size_t number;   // of a built-in module: its place in its table
    String *file;    // of a file, its name,
    Value text;      // what is in it, a str or bytes object,
    String *folder;  // and of a package where its modules are; else NULL
    List *portions;  // of a namespace package: the folders
    Value spec;      // of a finder of the program's own
} Found;

// Looks along a path (an iterable, or None for sys.path) for a module. False with an exception; FOUND_NOTHING is none. [script]
bool import_search(VM *vm, String *name, Value path, Found *found);

// The spec of what has been found, not FOUND_NOTHING. [script]
Value import_spec_of(VM *vm, String *name, const Found *found);

// Finds a module as sys.meta_path says and loads it: what stands in sys.modules then; VALUE_EMPTY when nobody knows it. `path`: the
// __path__ of its package, or None. [script]
Value import_find_and_load(VM *vm, String *name, Value path);

#endif

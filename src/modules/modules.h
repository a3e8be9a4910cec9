// The library's modules, as tables for the importer: those written in C and those written in the language.
#ifndef AIOLI_MODULES_MODULES_H
#define AIOLI_MODULES_MODULES_H

#include "vm/import.h"

extern const NativeModule native_modules[]; // ends with a NULL name
extern const SourceModule source_modules[]; // ends with a NULL name; made by stdlib/embed.py
extern const unsigned char *const source_images[]; // of the same modules (compiler/image.h), or none; ends with NULL

// Fills vm->builtins and makes the module `builtins` of it. Once, before anything runs.
bool builtins_create(VM *vm);

bool builtins_io_add(VM *vm, Dict *namespace);      // print, input, open
bool builtins_iterate_add(VM *vm, Dict *namespace); // enumerate, zip, map, filter, reversed, iter, next, …
extern const NativeDefinition console_compile_functions[]; // of the module `aioli`, for its console
bool builtins_code_add(VM *vm, Dict *namespace);    // compile, eval, exec, globals, locals, vars, dir, __import__
bool builtins_number_add(VM *vm, Dict *namespace);  // abs, bin, divmod, pow, round, sum, …
bool builtins_reduce_add(VM *vm);                   // object.__reduce_ex__ and its kin
bool builtins_help_add(VM *vm, Dict *namespace);    // help
bool builtins_object_add(VM *vm, Dict *namespace);  // getattr, isinstance, repr, hash, id, …

extern const NativeDefinition simulation_functions[]; // of the module `aioli`: network/simulation.c
extern const NativeDefinition breakpoint_functions[], breakpoint_hook_functions[]; // breakpoint, sys.breakpointhook
Value sys_late(VM *vm, ModuleObject *module, String *name); // see ModuleObject.late

extern const NativeDefinition watching_functions[]; // sys.audit, sys.settrace and their kin

bool sys_streams_add(VM *vm); // sys.stdin, sys.stdout, sys.stderr, before anything is imported

bool builtins_module_fill(VM *vm, ModuleObject *module);
bool aioli_module_fill(VM *vm, ModuleObject *module);
bool sys_module_fill(VM *vm, ModuleObject *module);
bool time_module_fill(VM *vm, ModuleObject *module);
bool math_module_fill(VM *vm, ModuleObject *module);
bool cmath_module_fill(VM *vm, ModuleObject *module);
bool random_module_fill(VM *vm, ModuleObject *module);
bool posix_module_fill(VM *vm, ModuleObject *module);
bool gc_module_fill(VM *vm, ModuleObject *module);
bool importing_module_fill(VM *vm, ModuleObject *module);
bool io_module_fill(VM *vm, ModuleObject *module);
bool errno_module_fill(VM *vm, ModuleObject *module);
bool private_file_module_fill(VM *vm, ModuleObject *module);
bool program_module_fill(VM *vm, ModuleObject *module);
bool terminal_module_fill(VM *vm, ModuleObject *module);
bool weakref_module_fill(VM *vm, ModuleObject *module);
bool select_module_fill(VM *vm, ModuleObject *module);
bool signal_module_fill(VM *vm, ModuleObject *module);
bool thread_module_fill(VM *vm, ModuleObject *module);
bool socket_module_fill(VM *vm, ModuleObject *module);
bool asyncio_streams_module_fill(VM *vm, ModuleObject *module);
bool typing_module_fill(VM *vm, ModuleObject *module);
bool traceback_module_fill(VM *vm, ModuleObject *module);
bool testing_module_fill(VM *vm, ModuleObject *module);
bool itertools_module_fill(VM *vm, ModuleObject *module);
bool operator_module_fill(VM *vm, ModuleObject *module);
bool functools_module_fill(VM *vm, ModuleObject *module);
bool collections_module_fill(VM *vm, ModuleObject *module);
bool abc_module_fill(VM *vm, ModuleObject *module);
bool array_module_fill(VM *vm, ModuleObject *module);
bool heapq_module_fill(VM *vm, ModuleObject *module);
bool bisect_module_fill(VM *vm, ModuleObject *module);
bool csv_module_fill(VM *vm, ModuleObject *module);
bool json_module_fill(VM *vm, ModuleObject *module);
bool struct_module_fill(VM *vm, ModuleObject *module);
bool datetime_module_fill(VM *vm, ModuleObject *module);
bool binascii_module_fill(VM *vm, ModuleObject *module);
bool unicodedata_module_fill(VM *vm, ModuleObject *module);
bool codecs_module_fill(VM *vm, ModuleObject *module);
bool regex_module_fill(VM *vm, ModuleObject *module);

#endif

// breakpoint() and sys.breakpointhook. What the hook does is stdlib/_breakpoint.aio.
#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/core/protocol.h"
#include "object/text/str.h"
#include "vm/import.h"

static Value hook(VM *vm, Value *args, size_t count) {
    String *module_name = string_intern_from(vm, "_breakpoint", 11), *name = string_intern_from(vm, "hook", 4);
    Value module = module_name && name ? import_module(vm, module_name) : VALUE_ERROR;
    Value function = is_error(module) ? module : value_get_attribute(vm, module, name);
    return is_error(function) ? function : call_with_dict(vm, function, args + 1, count - 1, dict_of(args[0]));
}

static Value builtin_breakpoint(VM *vm, Value *args, size_t count) {
    String *name = string_intern_from(vm, "breakpointhook", 14), *sys = string_intern_from(vm, "sys", 3);
    // The hook is there once sys is.
    Value module = name && sys ? import_module(vm, sys) : VALUE_ERROR;
    if (is_error(module)) return module;
    Value function = dict_get_string(vm, library_of(vm)->sys, name);
    if (is_empty(function)) return raise_runtime_error(vm, "lost sys.breakpointhook");
    return call_with_dict(vm, function, args + 1, count - 1, dict_of(args[0]));
}

const NativeDefinition breakpoint_hook_functions[] = {
    {"breakpointhook", hook, "*args, **kws", NATIVE_METHOD,
     "What breakpoint() calls: what the variable PYTHONBREAKPOINT of the environment names, pdb.set_trace else; nothing when it is 0."},
    {0}};
const NativeDefinition breakpoint_functions[] = {
    {"breakpoint", builtin_breakpoint, "*args, **kws", NATIVE_METHOD, "Enters a debugger: calls sys.breakpointhook with these arguments."},
    {0}};

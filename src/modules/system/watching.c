// What watches programs: audit hooks, and the functions of debuggers and profilers, which nothing calls here.
#include "modules/library.h"
#include "modules/modules.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/shared/builtin.h"

// ---- Audit hooks: for good, as in CPython. They hear of what programs tell by sys.audit().

// Tells all hooks. False with what one of them raised. [script]
static bool tell_hooks(VM *vm, Value event, Value arguments) {
    List *hooks = library_of(vm)->audit_hooks;
    for (size_t i = 0; hooks && i < hooks->length; i++) {
        Value both[2] = {event, arguments};
        if (is_error(vm_call(vm, hooks->items[i], both, 2, NULL))) return false;
    }
    return true;
}

static Value sys_audit(VM *vm, Value *args, size_t count) {
    if (!library_of(vm)->audit_hooks) return VALUE_NONE;
    if (!is_string(args[0])) return raise_type_error(vm, "expected str for argument 'event', not %s", type_name(vm, args[0]));
    Tuple *arguments = tuple_from(vm, args + 1, count - 1);
    return arguments && tell_hooks(vm, args[0], value_object(arguments)) ? VALUE_NONE : VALUE_ERROR;
}

// The hooks that are there may refuse another one: silently, when they raise an Exception.
static Value sys_addaudithook(VM *vm, Value *args, size_t count) {
    Library *library = library_of(vm);
    String *event = string_from(vm, "sys.addaudithook");
    Tuple *none = event ? tuple_from(vm, NULL, 0) : NULL;
    if (!none) return VALUE_ERROR;
    if (!tell_hooks(vm, value_object(event), value_object(none))) {
        if (!exception_matches(vm, vm->exceptions.exception)) return VALUE_ERROR;
        exception_drop(vm);
        return VALUE_NONE;
    }
    if (!library->audit_hooks) library->audit_hooks = list_new(vm, 1);
    return library->audit_hooks && list_append(vm, library->audit_hooks, args[0]) ? VALUE_NONE : VALUE_ERROR;
}

// ---- Tracing and profiling: what a program put back must be what it has got, None.

static Value refuse(VM *vm, Value function, const char *name) {
    if (is_none(function)) return VALUE_NONE;
    return raise_error(vm, vm->exceptions.not_implemented_error, "%s(): aioli calls no function for each line or call", name);
}
static Value sys_settrace(VM *vm, Value *args, size_t count) { return refuse(vm, args[0], "sys.settrace"); }
static Value sys_setprofile(VM *vm, Value *args, size_t count) { return refuse(vm, args[0], "sys.setprofile"); }
static Value no_function(VM *vm, Value *args, size_t count) { return VALUE_NONE; }

const NativeDefinition watching_functions[] = {
    {"audit", sys_audit, "event, /, *args", NATIVE_METHOD, "Tells the audit hooks of an event."},
    {"addaudithook", sys_addaudithook, "hook", NATIVE_METHOD, "Adds a function that is called with each event of sys.audit() and its arguments, for good."},
    {"gettrace", no_function, "", NATIVE_METHOD, "The function that is called for each line: None."},
    {"settrace", sys_settrace, "function, /", NATIVE_METHOD, "Takes None; for others it raises NotImplementedError, as nothing calls them."},
    {"getprofile", no_function, "", NATIVE_METHOD, "The function that is called for each call: None."},
    {"setprofile", sys_setprofile, "function, /", NATIVE_METHOD, "Takes None; for others it raises NotImplementedError, as nothing calls them."},
    {0}};

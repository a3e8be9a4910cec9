// object.__reduce_ex__ and its kin: how an object is taken apart is written in the language, in stdlib/copyreg.aio.
#include <string.h>

#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/core/class.h"
#include "object/core/native.h"
#include "object/core/protocol.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"
#include "vm/import.h"

static Value ask(VM *vm, const char *function, Value *arguments, size_t count) {
    String *name = string_intern_from(vm, "copyreg", 7), *wanted = name ? string_intern_from(vm, function, strlen(function)) : NULL;
    Value module = wanted ? import_module(vm, name) : VALUE_ERROR;
    Value found = is_error(module) ? module : value_get_attribute(vm, module, wanted);
    return is_error(found) ? found : vm_call(vm, found, arguments, count, NULL);
}

static Value object_reduce(VM *vm, Value *args, size_t count) {
    Value arguments[] = {args[0], value_small(0)};
    return ask(vm, "_parts", arguments, 2);
}

static Value object_reduce_ex(VM *vm, Value *args, size_t count) {
    int64_t protocol;
    if (!value_index_int64(vm, args[1], true, &protocol)) return VALUE_ERROR;
    // A class's own __reduce__ comes first.
    String *name = string_intern_from(vm, "__reduce__", 10);
    if (!name) return VALUE_ERROR;
    Value own = class_lookup(vm, class_of(vm, args[0]), name);
    if (!is_native(own) || native_of(own)->function != object_reduce) {
        Value method = value_get_attribute(vm, args[0], name);
        return is_error(method) ? method : vm_call(vm, method, NULL, 0, NULL);
    }
    Value arguments[] = {args[0], value_small(protocol)};
    return ask(vm, "_parts", arguments, 2);
}

static Value object_getstate(VM *vm, Value *args, size_t count) { return ask(vm, "_state", args, 1); }

static const NativeDefinition methods[] = {
    {"__reduce__", object_reduce, "self, /", NATIVE_METHOD, "What makes such an object again: a function and its arguments, and the state."},
    {"__reduce_ex__", object_reduce_ex, "self, protocol, /", NATIVE_METHOD, "As __reduce__, for a protocol of pickling."},
    {"__getstate__", object_getstate, "self, /", NATIVE_METHOD, "The attributes of an object, or None."},
    {0}};

bool builtins_reduce_add(VM *vm) { return native_add_methods(vm, vm->classes.object, methods) > 0; }

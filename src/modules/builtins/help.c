// help: an object that says what it is for, and, when it is called, imports what explains things (stdlib/_help.aio).
#include "modules/library.h"
#include "modules/modules.h"
#include "object/core/native_data.h"
#include "object/core/protocol.h"
#include "object/shared/builtin.h"

static Value help_repr(VM *vm, Value self) {
    return object_or_error(string_from(vm, "help(thing) prints what a thing is; help() says how to use it."));
}

static Value help_call(VM *vm, Value self, Value *arguments, size_t count, Tuple *keywords) {
    String *module_name = string_intern_from(vm, "_help", 5), *name = string_intern_from(vm, "help", 4);
    Value module = module_name && name ? vm->hooks.import_module(vm, module_name) : VALUE_ERROR;
    Value function = is_error(module) ? module : value_get_attribute(vm, module, name);
    return is_error(function) ? function : vm_call(vm, function, arguments, count, keywords);
}

static const TypeOps help_ops = {.repr = help_repr, .call = help_call};

bool builtins_help_add(VM *vm, Dict *namespace) {
    Class *cls = native_data_class(vm, "_sitebuiltins", "_Helper", &help_ops, sizeof(NativeData), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    NativeData *help = cls ? native_data_new(vm, cls, sizeof(NativeData)) : NULL;
    return help && add_value(vm, namespace, "help", value_object(help)) && native_add_functions(vm, namespace, breakpoint_functions) > 0;
}

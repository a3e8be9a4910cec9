// The module `_typing`: the classes behind type parameters, for `typing`.
#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/core/native.h"
#include "vm/frame.h"

static Value same(VM *vm, Value *args, size_t count) { return args[0]; }
// The name of the module of the script that runs, past the library's own frames.
static Value caller(VM *vm, Value *args, size_t count) {
    for (Frame *frame = interpreter_of(vm)->frame; frame; frame = frame->caller) {
        if (frame_is_library(frame)) continue;
        Value name = dict_get_string(vm, frame->function->globals, vm->names.__name__);
        return is_empty(name) ? VALUE_NONE : name;
    }
    return VALUE_NONE;
}
static const NativeDefinition functions[] = {{"_caller", caller, ""}, {"_idfunc", same, "object, /"}, {0}};

bool typing_module_fill(VM *vm, ModuleObject *module) {
    ClassTable *c = &vm->classes;
    Class *classes[] = {c->type_variable,       c->type_variable_tuple, c->parameter_specification,
                        c->parameter_arguments, c->parameter_keywords,  c->type_alias};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (!add_value(vm, module->namespace, class_name(classes[i]), value_object(classes[i]))) return false;
    return add_value(vm, module->namespace, "NoDefault", vm->no_default) &&
           native_add_functions(vm, module->namespace, functions) > 0;
}

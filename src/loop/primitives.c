// What the native classes of asyncio.locks share, and the module that they are in.
#include "loop/primitives.h"

#include "loop/module.h"
#include "object/container/dict.h"
#include "object/core/class.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/protocol.h"
#include "object/text/str.h"

Value primitive_repr(VM *vm, Value self, const char *state, const Line *line) {
    const Class *cls = class_of(vm, self);
    const char *module = is_string(cls->module) ? string_of(cls->module)->data : "builtins";
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "<%s.%s object at %p [%s", module, cls->qualified_name->data, (void *)object_of(self), state);
    if (line && line->count) buffer_format(&out, ", waiters:%zu", line->count);
    buffer_text(&out, "]>");
    String *text = string_from_buffer(vm, &out);
    return text ? value_object(text) : VALUE_ERROR;
}

Class *primitive_class(VM *vm, ModuleObject *module, const char *name, Class *base, const TypeOps *ops, size_t size,
                       const NativeDefinition *methods, const char *text) {
    Class *cls = base ? class_new_builtin(vm, name, base, KIND_NATIVE_DATA, (uint32_t)size, CLASS_HAS_DICT)
                      : native_data_class(vm, "asyncio.locks", name, ops, size, CLASS_HAS_DICT);
    String *doc = string_from(vm, text);
    if (!cls || !doc) return NULL;
    if (base) {
        cls->ops = ops;
        cls->module = base->module;
    }
    cls->shown_name = NULL; // as of a class of the language
    if (native_add_methods(vm, cls, methods) < 0 || dict_set_string(vm, cls->attributes, vm->names.__doc__, value_object(doc)) < 0 ||
        dict_set_string(vm, module->namespace, cls->name, value_object(cls)) < 0)
        return NULL;
    return cls;
}

bool asyncio_locks_module_fill(VM *vm, ModuleObject *module) {
    return lock_add(vm, module) && event_add(vm, module) && condition_add(vm, module) && semaphore_add(vm, module);
}

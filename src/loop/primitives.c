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

bool asyncio_locks_module_fill(VM *vm, ModuleObject *module) {
    return lock_add(vm, module) && event_add(vm, module) && condition_add(vm, module) && semaphore_add(vm, module);
}

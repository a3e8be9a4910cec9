#include "object/core/native_data.h"

#include <string.h>

#include "object/text/str.h"

Class *native_data_class(VM *vm, const char *module, const char *name, const TypeOps *ops, size_t size, uint32_t flags) {
    Class *cls = class_new_builtin(vm, name, vm->classes.object, KIND_NATIVE_DATA, size, flags);
    if (!cls) return NULL;
    cls->ops = ops;
    String *place = string_intern_from(vm, module, strlen(module));
    if (!place) return NULL;
    cls->module = value_object(place);
    if (strcmp(module, "builtins") != 0) cls->shown_name = string_format(vm, "%s.%s", module, name);
    return cls->shown_name || strcmp(module, "builtins") == 0 ? cls : NULL;
}

void *native_data_new(VM *vm, Class *cls, size_t size) {
    NativeData *data = class_instantiate(vm, cls, size);
    if (data) data->ops = cls->ops;
    return data;
}

// An allocation that failed after the cell was made leaves `ops` NULL.
static void trace(VM *vm, Object *o) {
    const TypeOps *ops = ((NativeData *)o)->ops;
    if (ops && ops->trace) ops->trace(vm, o);
}
static void finalize(VM *vm, Object *o) {
    const TypeOps *ops = ((NativeData *)o)->ops;
    if (ops && ops->finalize) ops->finalize(vm, o);
}

const TypeOps native_data_ops = {.trace = trace, .finalize = finalize};

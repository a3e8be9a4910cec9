// What sys has only when somebody asks for it, since it would take time to make at every start.
#include "modules/modules.h"
#include "modules/struct_sequence.h"
#include "object/container/dict.h"
#include "object/container/set.h"
#include "object/core/module_spec.h"
#include "object/exception/library_names.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

static Value library_names(VM *vm) {
    Set *names = set_new(vm, true);
    if (!names) return VALUE_ERROR;
    for (size_t i = 0; library_name(i); i++) {
        String *name = string_from(vm, library_name(i));
        if (!name || set_add(vm, names, value_object(name)) < 0) return VALUE_ERROR;
    }
    return value_object(names);
}

// There is one thread, and there are no locks.
static Value thread_info(VM *vm) {
    static const char *const fields[] = {"name", "lock", "version", NULL};
    String *name = string_from(vm, "pthread");
    Value values[] = {name ? value_object(name) : VALUE_NONE, VALUE_NONE, VALUE_NONE};
    return name ? struct_sequence_new(vm, "sys.thread_info", fields, values) : VALUE_ERROR;
}

Value sys_late(VM *vm, ModuleObject *module, String *name) {
    bool is_names = string_is(name, "stdlib_module_names");
    if (!is_names && !string_is(name, "thread_info")) return module_late_loader(vm, module, name);
    Value made = is_names ? library_names(vm) : thread_info(vm);
    if (is_error(made) || dict_set_string(vm, module->namespace, name, made) < 0) return VALUE_ERROR;
    return made;
}

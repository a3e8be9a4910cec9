// What is said of a name that a module lacks.
#include <string.h>
#include <unistd.h>

#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/module.h"
#include "object/core/module_spec.h"
#include "object/core/protocol.h"
#include "object/exception/library_names.h"
#include "object/text/str.h"

// The file that a module comes from, as its spec says; NULL: none. False with an exception. [script]
static bool file_of(VM *vm, Value spec, String **file) {
    *file = NULL;
    if (is_empty(spec) || is_none(spec)) return true;
    Value origin = VALUE_NONE;
    if (is_module_spec(spec)) {
        if (module_spec_of(spec)->has_location) origin = module_spec_of(spec)->origin;
    } else {
        String *flag = string_intern_from(vm, "has_location", 12), *name = string_intern_from(vm, "origin", 6);
        Value has = flag && name ? value_find_attribute(vm, spec, flag) : VALUE_ERROR;
        int truth = is_error(has) ? -1 : is_empty(has) ? 0 : value_truth(vm, has);
        if (truth > 0) origin = value_find_attribute(vm, spec, name);
        if (truth < 0 || is_error(origin)) return false;
    }
    if (is_string(origin)) *file = string_of(origin);
    return !*file || string_terminate(vm, *file);
}

// Whether a file lies in the folder of the program, so that it may stand in the way of a module of that name. Of a package its folder
// counts.
static bool is_beside_program(VM *vm, const String *file) {
    if (!is_string(vm->program_folder)) return false;
    const char *slash = strrchr(file->data, '/');
    if (!slash) return false;
    size_t length = (size_t)(slash - file->data);
    if (strncmp(slash, "/__init__.", 10) == 0)
        while (length && file->data[--length] != '/') {}
    char here[4096];
    const char *folder = string_of(vm->program_folder)->data;
    if (!*folder && !(folder = getcwd(here, sizeof here))) return false;
    return strlen(folder) == length && memcmp(folder, file->data, length) == 0;
}

// Whether a module of the package is being run just now, and therefore not yet in it. 1, 0, -1.
static int is_coming(VM *vm, const String *package, const String *name) {
    String *full = string_format(vm, "%s.%s", package->data, name->data);
    if (!full) return -1;
    Value module = dict_get_string(vm, vm->modules, full);
    if (!is_kind(module, KIND_MODULE)) return 0;
    return module_is_initializing(vm, dict_get_string(vm, ((ModuleObject *)object_of(module))->namespace, vm->names.__spec__));
}

Value module_raise_missing(VM *vm, Value module, String *name) {
    Class *error = vm->exceptions.attribute_error;
    Dict *namespace = ((ModuleObject *)object_of(module))->namespace;
    Value own = dict_get_string(vm, namespace, vm->names.__name__), spec = dict_get_string(vm, namespace, vm->names.__spec__);
    if (!is_string(own)) return raise_error(vm, error, "module has no attribute '%s'", name->data);
    String *file;
    if (!string_terminate(vm, string_of(own)) || !file_of(vm, spec, &file)) return VALUE_ERROR;
    const char *named = string_of(own)->data;
    bool shadows = file && is_beside_program(vm, file);
    if (shadows && library_names_have(string_of(own)))
        return raise_error(vm, error,
                           "module '%s' has no attribute '%s' (consider renaming '%s' since it has the same name as the standard library "
                           "module named '%s' and the import system gives it precedence)",
                           named, name->data, file->data, named);
    int starting = module_is_initializing(vm, spec), coming = starting ? 0 : is_coming(vm, string_of(own), name);
    if (starting < 0 || coming < 0) return VALUE_ERROR;
    if (starting && shadows)
        return raise_error(vm, error,
                           "module '%s' has no attribute '%s' (consider renaming '%s' if it has the same name as a third-party module you "
                           "intended to import)",
                           named, name->data, file->data);
    if (starting && file)
        return raise_error(vm, error,
                           "partially initialized module '%s' from '%s' has no attribute '%s' (most likely due to a circular import)", named,
                           file->data, name->data);
    if (starting)
        return raise_error(vm, error, "partially initialized module '%s' has no attribute '%s' (most likely due to a circular import)",
                           named, name->data);
    if (coming)
        return raise_error(vm, error, "cannot access submodule '%s' of module '%s' (most likely due to a circular import)", name->data,
                           named);
    return raise_error(vm, error, "module '%s' has no attribute '%s'", named, name->data);
}

#include "object/core/documentation.h"

#include "object/core/instance.h"

#include <stdio.h>
#include <string.h>

#include "object/container/dict.h"
#include "object/core/vm.h"
#include "object/text/str.h"

typedef struct {
    const char *name, *text;
} Documentation;

static const Documentation classes[] = {
#define DOCUMENTATION(name, text) {name, text},
#include "object/core/class_documentation.def"
}, specials[] = {
#include "object/core/special_documentation.def"
#undef DOCUMENTATION
};

const char *class_documentation_by_name(const char *name) {
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(classes[i].name, name) == 0) return classes[i].text;
    return NULL;
}

static const char *class_documentation(const Class *cls) {
    const char *module = is_string(cls->module) ? string_of(cls->module)->data : "builtins";
    if (strcmp(module, "builtins") == 0) return class_documentation_by_name(cls->name->data);
    char full[128];
    int length = snprintf(full, sizeof full, "%s.%s", module, cls->name->data);
    return length < (int)sizeof full ? class_documentation_by_name(full) : NULL;
}

const char *special_documentation(const char *name) {
    if (name[0] != '_' || name[1] != '_') return NULL;
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        if (strcmp(specials[i].name, name) == 0) return specials[i].text;
    return NULL;
}

Value documentation_value(VM *vm, const char *text) {
    if (!text) return VALUE_NONE;
    String *s = string_from(vm, text);
    return s ? value_object(s) : VALUE_ERROR;
}

Value class_documentation_value(VM *vm, const Class *cls) { return documentation_value(vm, class_documentation(cls)); }

Value class_own_documentation(VM *vm, Class *cls) {
    Value own = dict_get_string(vm, cls->attributes, vm->names.__doc__);
    // A class whose objects have texts of their own, such as `function`, keeps there what reads them.
    if (cls->flags & CLASS_BUILTIN && (is_empty(own) || is_kind(own, KIND_DESCRIPTOR)))
        return class_documentation_value(vm, cls);
    return is_empty(own) ? VALUE_NONE : is_string(own) ? own : attribute_bind(vm, own, VALUE_EMPTY, cls);
}

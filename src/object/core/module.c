#include "object/core/module.h"

#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/module_spec.h"
#include "object/core/native.h"
#include "object/core/protocol.h"
#include "object/core/weak.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

// All modules have one layout, whatever their class: it may be changed.
static ModuleObject *make_empty(VM *vm, Class *cls) {
    ModuleObject *module = heap_allocate(vm, cls->root, KIND_MODULE, sizeof(ModuleObject));
    if (!module) return NULL;
    if (cls->flags & CLASS_FINALIZER && !weak_note_finalizable(vm, &module->object)) return NULL;
    module->name = VALUE_NONE;
    module->namespace = dict_new(vm);
    return module->namespace ? module : NULL;
}

static bool set_up(VM *vm, ModuleObject *module, String *name) {
    Dict *namespace = module->namespace;
    heap_store(vm, &module->object, &module->name, value_object(name));
    return dict_set_string(vm, namespace, vm->names.__name__, value_object(name)) >= 0 &&
           dict_set_string(vm, namespace, vm->names.__doc__, VALUE_NONE) >= 0 &&
           dict_set_string(vm, namespace, vm->names.__package__, VALUE_NONE) >= 0 &&
           dict_set_string(vm, namespace, vm->names.__loader__, VALUE_NONE) >= 0 &&
           dict_set_string(vm, namespace, vm->names.__spec__, VALUE_NONE) >= 0;
}

ModuleObject *module_new(VM *vm, String *name) {
    ModuleObject *module = make_empty(vm, vm->classes.module);
    return module && set_up(vm, module, name) ? module : NULL;
}

ModuleObject *module_new_imported(VM *vm, String *name, Value package, Value spec) {
    ModuleObject *module = make_empty(vm, vm->classes.module);
    if (!module) return NULL;
    Dict *namespace = module->namespace;
    module->name = value_object(name);
    module->late = module_late_loader;
    bool whole = dict_set_string(vm, namespace, vm->names.__name__, value_object(name)) >= 0 &&
                 dict_set_string(vm, namespace, vm->names.__doc__, VALUE_NONE) >= 0 &&
                 dict_set_string(vm, namespace, vm->names.__package__, package) >= 0 &&
                 dict_set_string(vm, namespace, vm->names.__spec__, spec) >= 0;
    return whole ? module : NULL;
}

Value module_late_loader(VM *vm, ModuleObject *module, String *name) {
    if (name != vm->names.__loader__) return VALUE_EMPTY;
    Value loader = module_loader_of_namespace(vm, module->namespace);
    // Among the built-in names every module would find it, whose own is yet to be made.
    if (module->namespace == vm->builtins) return loader;
    if (is_error(loader) || dict_set_string(vm, module->namespace, name, loader) < 0) return VALUE_ERROR;
    return loader;
}

static ModuleObject *module_of(Value v) { return (ModuleObject *)object_of(v); }

static void module_trace(VM *vm, Object *o) {
    heap_mark_object(vm, (Object *)((ModuleObject *)o)->namespace);
    heap_mark(vm, ((ModuleObject *)o)->name);
}

// As its spec says; without one, by its file or its loader.
static Value module_repr(VM *vm, Value self) {
    Dict *namespace = module_of(self)->namespace;
    Value spec = dict_get_string(vm, namespace, vm->names.__spec__);
    int has_spec = is_empty(spec) || is_module_spec(spec) ? !is_empty(spec) : value_truth(vm, spec);
    if (has_spec < 0) return VALUE_ERROR;
    if (has_spec) return module_spec_describe(vm, spec);
    Value name = dict_get_string(vm, namespace, vm->names.__name__), file = dict_get_string(vm, namespace, vm->names.__file__);
    String *shown = is_empty(name) ? string_from(vm, "'?'") : value_repr(vm, name);
    Value loader = shown && is_empty(file) ? value_find_attribute(vm, self, vm->names.__loader__) : VALUE_NONE;
    if (!shown || is_error(loader)) return VALUE_ERROR;
    bool is_bare = is_empty(file) && (is_empty(loader) || is_none(loader));
    String *more = is_bare ? NULL : value_repr(vm, is_empty(file) ? loader : file);
    if (!more && !is_bare) return VALUE_ERROR;
    return object_or_error(is_bare          ? string_format(vm, "<module %s>", shown->data)
                           : is_empty(file) ? string_format(vm, "<module %s (%s)>", shown->data, more->data)
                                            : string_format(vm, "<module %s from %s>", shown->data, more->data));
}

// A module's own names, then its __getattr__ function.
static Value module_get_attribute(VM *vm, Value self, String *name) {
    Dict *namespace = module_of(self)->namespace;
    Value found = dict_get_string(vm, namespace, name);
    if (!is_empty(found)) return found;
    if (name == vm->names.__dict__) return value_object(namespace);
    if (name == vm->names.__annotations__) {
        Dict *annotations = dict_new(vm); // made when they are asked for
        bool kept = annotations && dict_set_string(vm, namespace, name, value_object(annotations)) >= 0;
        return kept ? value_object(annotations) : VALUE_ERROR;
    }
    if (module_of(self)->late) {
        found = module_of(self)->late(vm, module_of(self), name);
        if (!is_empty(found)) return found;
    }
    // The class's attributes go before the module's __getattr__.
    if (!is_empty(class_lookup(vm, class_of(vm, self), name))) return VALUE_EMPTY;
    Value getter = dict_get_string(vm, namespace, vm->names.specials[SPECIAL_GETATTR]);
    if (is_empty(getter)) return VALUE_EMPTY;
    Value argument = value_object(name);
    return vm_call(vm, getter, &argument, 1, NULL);
}

bool module_set_class(VM *vm, Value self, Class *cls) {
    ModuleObject *module = module_of(self);
    bool is_new = cls->flags & ~object_shape(&module->object)->cls->flags & CLASS_FINALIZER;
    if (is_new && !weak_note_finalizable(vm, &module->object)) return false;
    module->object.header = (module->object.header & ~OBJECT_SHAPE_MASK) | (uint64_t)(uintptr_t)cls->root;
    module->namespace->layout_id = 0; // caches know what plain modules have
    return true;
}

const TypeOps module_ops = {.trace = module_trace,
                            .repr = module_repr,
                            .get_attribute = module_get_attribute};

static Value module_make(VM *vm, Value *args, size_t count) {
    if (!is_kind(args[0], KIND_CLASS)) return raise_type_error(vm, "module.__new__(X): X is not a type object");
    return object_or_error(make_empty(vm, (Class *)object_of(args[0])));
}

static Value module_init(VM *vm, Value *args, size_t count) {
    if (!is_string(args[1])) return raise_type_error(vm, "module() argument 'name' must be str, not %s", type_name(vm, args[1]));
    if (!set_up(vm, module_of(args[0]), string_of(args[1]))) return VALUE_ERROR;
    if (!is_empty(args[2]) && dict_set_string(vm, module_of(args[0])->namespace, vm->names.__doc__, args[2]) < 0) return VALUE_ERROR;
    return VALUE_NONE;
}

// A module's names, not its class's; or what its own function __dir__ says.
static Value module_dir(VM *vm, Value *args, size_t count) {
    Dict *namespace = module_of(args[0])->namespace;
    String *own = string_intern_from(vm, "__dir__", 7);
    Value function = own ? dict_get_string(vm, namespace, own) : VALUE_ERROR;
    if (!is_empty(function)) return is_error(function) ? function : vm_call(vm, function, NULL, 0, NULL);
    List *list = list_new(vm, namespace->length);
    if (!list) return VALUE_ERROR;
    size_t position = 0;
    Value key, value;
    while (dict_next(namespace, &position, &key, &value))
        if (is_string(key) && !list_append(vm, list, key)) return VALUE_ERROR;
    bool is_late = module_of(args[0])->late && is_empty(dict_get_string(vm, namespace, vm->names.__loader__));
    if (is_late && !list_append(vm, list, value_object(vm->names.__loader__))) return VALUE_ERROR;
    return list_sort(vm, list, VALUE_NONE, false) < 0 ? VALUE_ERROR : value_object(list);
}

static const NativeDefinition module_methods[] = {{"__new__", module_make, "cls, /, *args, **kwargs", NATIVE_NEW},
                                                  {"__init__", module_init, "self, name, doc=", NATIVE_METHOD},
                                                  {"__dir__", module_dir, "self, /", NATIVE_METHOD},
                                                  {0}};

bool module_class_init(VM *vm) {
    vm->classes.module = class_new_builtin(vm, "module", vm->classes.object, KIND_MODULE, sizeof(ModuleObject), 0);
    return vm->classes.module && class_add_dictionary_attribute(vm, vm->classes.module) &&
           native_add_methods(vm, vm->classes.module, module_methods) > 0;
}

#include "object/core/module_spec.h"

#include <string.h>

#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/core/protocol.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

// ---- Making

// A spec takes any attribute: behind it is a place for a dict of them, as instances of a script's subclass have it anyway.
static ModuleSpec *make(VM *vm, Class *cls) {
    ModuleSpec *spec;
    if (cls->flags & CLASS_BUILTIN) {
        spec = heap_allocate(vm, cls->root, cls->kind, sizeof(ModuleSpec) + sizeof(Value));
        if (!spec) return NULL;
        spec->data.ops = cls->ops;
        spec->data.object.header |= OBJECT_HAS_ATTRIBUTES;
        *(Value *)(spec + 1) = VALUE_EMPTY;
    } else {
        spec = native_data_new(vm, cls, sizeof(ModuleSpec));
    }
    if (spec) spec->name = spec->loader = spec->origin = spec->locations = spec->loader_state = spec->cached = VALUE_NONE;
    return spec;
}

ModuleSpec *module_spec_new(VM *vm, String *name, Value origin, bool has_location, Value locations) {
    ModuleSpec *spec = make(vm, vm->classes.module_spec);
    if (!spec) return NULL;
    spec->name = value_object(name);
    spec->loader = VALUE_EMPTY;
    spec->origin = origin;
    spec->locations = locations;
    spec->has_location = has_location;
    return spec;
}

static Value spec_make(VM *vm, Value *args, size_t count) { return object_or_error(make(vm, (Class *)object_of(args[0]))); }

static Value spec_init(VM *vm, Value *args, size_t count) {
    ModuleSpec *spec = module_spec_of(args[0]);
    int is_package = is_empty(args[5]) ? 0 : value_truth(vm, args[5]);
    List *locations = is_package > 0 ? list_new(vm, 0) : NULL;
    if (is_package < 0 || (is_package && !locations)) return VALUE_ERROR;
    spec->name = args[1];
    spec->loader = args[2];
    spec->origin = is_empty(args[3]) ? VALUE_NONE : args[3];
    spec->loader_state = is_empty(args[4]) ? VALUE_NONE : args[4];
    spec->locations = locations ? value_object(locations) : VALUE_NONE;
    spec->cached = VALUE_NONE;
    spec->has_location = spec->initializing = false;
    return VALUE_NONE;
}

static void spec_trace(VM *vm, Object *o) {
    ModuleSpec *spec = (ModuleSpec *)o;
    heap_mark(vm, spec->name);
    heap_mark(vm, spec->loader);
    heap_mark(vm, spec->origin);
    heap_mark(vm, spec->locations);
    heap_mark(vm, spec->loader_state);
    heap_mark(vm, spec->cached);
}

// ---- The loader

Value module_ask_loaders(VM *vm, const char *function, Value *arguments, size_t count) {
    static const char place[] = "_frozen_importlib_external";
    String *name = string_intern_from(vm, place, sizeof place - 1);
    Value module = name ? vm->hooks.import_module(vm, name) : VALUE_ERROR;
    return is_error(module) ? module : value_call_method(vm, module, function, arguments, count);
}

Value module_spec_loader(VM *vm, ModuleSpec *spec) {
    if (!is_empty(spec->loader)) return spec->loader;
    Value arguments[] = {spec->name, spec->origin, value_bool(spec->has_location)};
    Value loader = module_ask_loaders(vm, "_loader_of", arguments, 3);
    if (is_error(loader)) return loader;
    if (is_empty(spec->loader)) heap_store(vm, &spec->data.object, &spec->loader, loader);
    return spec->loader;
}

Value module_loader_of_namespace(VM *vm, Dict *namespace) {
    Value spec = dict_get_string(vm, namespace, vm->names.__spec__);
    if (is_module_spec(spec)) return module_spec_loader(vm, module_spec_of(spec));
    Value name = dict_get_string(vm, namespace, vm->names.__name__), file = dict_get_string(vm, namespace, vm->names.__file__);
    Value arguments[] = {is_empty(name) ? VALUE_NONE : name, is_empty(file) ? VALUE_NONE : file, value_bool(!is_empty(file))};
    return module_ask_loaders(vm, "_loader_of", arguments, 3);
}

int module_is_initializing(VM *vm, Value spec) {
    if (is_empty(spec) || is_none(spec)) return 0;
    if (is_module_spec(spec)) return module_spec_of(spec)->initializing;
    String *name = string_intern_from(vm, "_initializing", 13);
    Value found = name ? value_find_attribute(vm, spec, name) : VALUE_ERROR;
    return is_error(found) ? -1 : is_empty(found) ? 0 : value_truth(vm, found);
}

// ---- Attributes

static int no_deleter(VM *vm, const char *name) {
    raise_error(vm, vm->exceptions.attribute_error, "'ModuleSpec' object attribute '%s' can't be deleted", name);
    return -1;
}
static int store(VM *vm, Value self, Value *field, Value value, const char *name) {
    if (is_empty(value)) return no_deleter(vm, name);
    heap_store(vm, object_of(self), field, value);
    return 1;
}
static int store_truth(VM *vm, bool *field, Value value, const char *name) {
    if (is_empty(value)) return no_deleter(vm, name);
    int truth = value_truth(vm, value);
    if (truth >= 0) *field = truth;
    return truth < 0 ? -1 : 1;
}

#define FIELD(field, name)                                                                                            \
    static Value get_##field(VM *vm, Value self) { return module_spec_of(self)->field; }                               \
    static int set_##field(VM *vm, Value self, Value value) { return store(vm, self, &module_spec_of(self)->field, value, name); }
FIELD(name, "name")
FIELD(origin, "origin")
FIELD(locations, "submodule_search_locations")
FIELD(loader_state, "loader_state")
FIELD(cached, "cached")
#undef FIELD

static Value get_loader(VM *vm, Value self) { return module_spec_loader(vm, module_spec_of(self)); }
static int set_loader(VM *vm, Value self, Value value) { return store(vm, self, &module_spec_of(self)->loader, value, "loader"); }

static Value get_has_location(VM *vm, Value self) { return value_bool(module_spec_of(self)->has_location); }
static int set_has_location(VM *vm, Value self, Value value) {
    return store_truth(vm, &module_spec_of(self)->has_location, value, "has_location");
}
static Value get_initializing(VM *vm, Value self) { return value_bool(module_spec_of(self)->initializing); }
static int set_initializing(VM *vm, Value self, Value value) {
    return store_truth(vm, &module_spec_of(self)->initializing, value, "_initializing");
}

static Value get_parent(VM *vm, Value self) {
    ModuleSpec *spec = module_spec_of(self);
    if (!is_none(spec->locations)) return spec->name;
    if (!is_string(spec->name)) {
        Value dot = value_object(vm->names.latin1['.']), parts = value_call_method(vm, spec->name, "rpartition", &dot, 1);
        return is_error(parts) ? parts : value_get_item(vm, parts, value_small(0));
    }
    String *name = string_of(spec->name);
    size_t length = name->size;
    while (length && name->data[length - 1] != '.') length--;
    return object_or_error(string_intern_from(vm, name->data, length ? length - 1 : 0));
}
static int set_parent(VM *vm, Value self, Value value) {
    raise_error(vm, vm->exceptions.attribute_error, "property 'parent' of '%s' object has no %s", type_name(vm, self),
                is_empty(value) ? "deleter" : "setter");
    return -1;
}

static const AttributeDefinition attributes[] = {
    {"name", get_name, set_name, "The module's full name."},
    {"loader", get_loader, set_loader, "What makes and runs the module."},
    {"origin", get_origin, set_origin, "Where the module comes from, a file's name or a word, or None."},
    {"submodule_search_locations", get_locations, set_locations, "Where a package's modules are looked for; None: it is no package."},
    {"loader_state", get_loader_state, set_loader_state, "What the loader keeps here."},
    {"cached", get_cached, set_cached, "Where the compiled module is kept, or None."},
    {"parent", get_parent, set_parent, "The name of the package that the module is in; of a package, its own."},
    {"has_location", get_has_location, set_has_location, "Whether the origin is a place that the module is loaded from."},
    {"_initializing", get_initializing, set_initializing},
    {"_set_fileattr", get_has_location, set_has_location},
    {0}};

// ---- Operations

static bool append_part(VM *vm, Buffer *out, const char *label, Value v) {
    buffer_text(out, label);
    return append_repr(vm, out, v);
}

static Value spec_repr(VM *vm, Value self) {
    ModuleSpec *spec = module_spec_of(self);
    int entered = repr_enter(vm, self);
    if (entered <= 0) return entered < 0 ? VALUE_ERROR : object_or_error(string_from(vm, "..."));
    Value loader = module_spec_loader(vm, spec);
    Buffer out = vm_buffer(vm);
    buffer_text(&out, class_name(class_of(vm, self)));
    bool whole = !is_error(loader) && append_part(vm, &out, "(name=", spec->name) && append_part(vm, &out, ", loader=", loader) &&
                 (is_none(spec->origin) || append_part(vm, &out, ", origin=", spec->origin));
    if (whole && !is_none(spec->locations)) {
        String *text = value_str(vm, spec->locations);
        buffer_text(&out, ", submodule_search_locations=");
        if (text) buffer_string(&out, text);
        whole = text != NULL;
    }
    repr_leave(vm);
    if (!whole) return buffer_free(&out), VALUE_ERROR;
    buffer_byte(&out, ')');
    return object_or_error(string_from_buffer(vm, &out));
}

Value module_spec_describe(VM *vm, Value v) {
    ModuleSpec *spec = is_module_spec(v) ? module_spec_of(v) : NULL;
    if (!spec || !is_string(spec->name) || !is_string(spec->origin)) return module_ask_loaders(vm, "_module_repr_from_spec", &v, 1);
    String *name = value_repr(vm, spec->name);
    String *origin = !name ? NULL : spec->has_location ? value_repr(vm, spec->origin) : string_of(spec->origin);
    if (!origin || !string_terminate(vm, origin)) return VALUE_ERROR;
    return object_or_error(spec->has_location ? string_format(vm, "<module %s from %s>", name->data, origin->data)
                                              : string_format(vm, "<module %s (%s)>", name->data, origin->data));
}

// As == says of all that another object has by these names; what lacks one of them is no spec.
static Value spec_compare(VM *vm, Comparison op, Value self, Value other) {
    if (op != COMPARISON_EQ && op != COMPARISON_NE) return VALUE_NOT_IMPLEMENTED;
    static const char *const names[] = {"name", "loader", "submodule_search_locations", "origin", "cached", "has_location"};
    int same = 1;
    for (size_t i = 0; same == 1 && i < sizeof names / sizeof *names; i++) {
        String *name = string_intern_from(vm, names[i], strlen(names[i]));
        Value theirs = name ? value_find_attribute(vm, other, name) : VALUE_ERROR;
        if (is_empty(theirs)) return VALUE_NOT_IMPLEMENTED;
        Value own = is_error(theirs) ? theirs : value_get_attribute(vm, self, name);
        same = is_error(own) ? -1 : value_equal(vm, own, theirs);
    }
    return same < 0 ? VALUE_ERROR : value_bool((same == 1) == (op == COMPARISON_EQ));
}

const TypeOps module_spec_ops = {.trace = spec_trace, .repr = spec_repr, .compare = spec_compare};

static const NativeDefinition methods[] = {
    {"__new__", spec_make, "cls, /, *args, **kwargs", NATIVE_NEW},
    {"__init__", spec_init, "self, name, loader, *, origin=None, loader_state=None, is_package=None", NATIVE_METHOD},
    {0}};

bool module_spec_class_init(VM *vm) {
    Class *cls = vm->classes.module_spec =
        native_data_class(vm, "_frozen_importlib", "ModuleSpec", &module_spec_ops, sizeof(ModuleSpec), CLASS_HAS_DICT);
    if (cls) cls->shown_name = NULL; // it is none of a native module in CPython
    return cls && native_add_methods(vm, cls, methods) > 0 && native_add_attributes(vm, cls, attributes) > 0;
}

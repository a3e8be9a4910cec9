// Classes of the host, and their objects.
#include <string.h>

#include "api/host.h"
#include "base/utf8.h"
#include "object/container/dict.h"
#include "object/core/class.h"
#include "object/core/errors.h"
#include "object/core/module.h"
#include "object/core/protocol.h"
#include "object/function/function.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

struct HostClass {
    TypeOps ops; // of its own, though all are equal: by their address an object tells its class
    HostClass *next;
    aioli *host;
    const aioli_class *definition;
    Class *cls; // or NULL: it was not completed
    NativeDefinition constructor;
};

// ---- Objects

static void trace_object(VM *vm, Object *o) { host_handles_trace_owned(host_of_vm(vm), (HostObject *)o); }

static void finalize_object(VM *vm, Object *o) {
    HostObject *object = (HostObject *)o;
    if (object->cls && object->cls->definition->finalize) object->cls->definition->finalize(object->bytes);
}

HostObject *host_object_of(Value v) {
    if (!is_kind(v, KIND_NATIVE_DATA)) return NULL;
    HostObject *object = (HostObject *)object_of(v);
    return object->data.ops && object->data.ops->trace == trace_object ? object : NULL;
}

static HostObject *instantiate(VM *vm, Class *cls) {
    const HostClass *own = (const HostClass *)cls->ops;
    HostObject *object = native_data_new(vm, cls, sizeof(HostObject) + own->definition->size);
    if (object) object->cls = (HostClass *)own;
    return object;
}

// __new__ of the classes that scripts may call: what the call was given is for __init__.
static Value construct(VM *vm, Value *args, size_t count) {
    HostObject *object = instantiate(vm, (Class *)object_of(args[0]));
    return object ? value_object(object) : VALUE_ERROR;
}

// ---- Classes

static bool is_own_name(const aioli_function *methods, const char *name) {
    for (; methods && methods->name; methods++)
        if (strcmp(methods->name, name) == 0) return true;
    return false;
}

static bool set(VM *vm, Class *cls, const char *name, Value v) {
    String *key = utf8_valid(name, strlen(name), false, NULL) ? string_intern_from(vm, name, strlen(name)) : NULL;
    if (key) return class_set_attribute(vm, cls, key, v) >= 0;
    if (is_empty(vm->exception)) raise_value_error(vm, "a name is not UTF-8");
    return false;
}

static bool set_text(VM *vm, Class *cls, const char *name, const char *text) {
    String *s = utf8_valid(text, strlen(text), false, NULL) ? string_from(vm, text) : NULL;
    if (s) return set(vm, cls, name, value_object(s));
    if (is_empty(vm->exception)) raise_value_error(vm, "the docstring of a class is not UTF-8");
    return false;
}

// property(get, set, None, doc), of natives of the class.
static bool add_property(aioli *host, Class *cls, const aioli_property *property, void *data) {
    VM *vm = &host->vm;
    aioli_function get = {property->name, property->get, "self", property->doc};
    aioli_function put = {property->name, property->set, "self, value", property->doc};
    Native *getter = host_native(host, &get, data, cls), *setter = NULL;
    if (!getter || (property->set && !(setter = host_native(host, &put, data, cls)))) return false;
    String *doc = property->doc ? string_from(vm, property->doc) : NULL;
    String *name = string_from(vm, property->name); // natives have been made of it: it is UTF-8
    if (!name || (property->doc && !doc)) return false;
    Value arguments[] = {value_object(getter), setter ? value_object(setter) : VALUE_NONE, VALUE_NONE,
                         doc ? value_object(doc) : VALUE_NONE};
    Value made = call_class(vm, vm->classes.property, arguments, 4);
    if (is_error(made)) return false;
    ((Property *)object_of(made))->name = value_object(name);
    return set(vm, cls, property->name, made);
}

static bool fill_class(aioli *host, Class *cls, HostClass *own) {
    VM *vm = &host->vm;
    const aioli_class *definition = own->definition;
    bool callable = is_own_name(definition->methods, "__init__");
    own->constructor = (NativeDefinition){"__new__", construct, "cls, *arguments, **keywords", NATIVE_NEW, NULL};
    if (callable) {
        Native *constructor = native_new(vm, &own->constructor, cls);
        if (!constructor || !set(vm, cls, "__new__", value_object(constructor))) return false;
    }
    for (const aioli_function *method = definition->methods; method && method->name; method++) {
        Native *native = host_native(host, method, definition->data, cls);
        if (!native || !set(vm, cls, method->name, value_object(native))) return false;
    }
    if (is_own_name(definition->methods, "__eq__") && !is_own_name(definition->methods, "__hash__") &&
        !set(vm, cls, "__hash__", VALUE_NONE))
        return false;
    for (const aioli_property *property = definition->properties; property && property->name; property++)
        if (!add_property(host, cls, property, definition->data)) return false;
    // One without a text must not be taken for a class of ours that has its name.
    return definition->doc ? set_text(vm, cls, "__doc__", definition->doc) : set(vm, cls, "__doc__", VALUE_NONE);
}

// The class of a definition, or NULL.
static HostClass *class_of_definition(aioli *host, const aioli_class *definition) {
    for (HostClass *own = host->classes; own; own = own->next)
        if (own->definition == definition && own->cls) return own;
    return NULL;
}

static Value new_class(aioli *host, const char *module, const aioli_class *definition) {
    VM *vm = &host->vm;
    if (class_of_definition(host, definition)) return raise_value_error(vm, "the class %s is there already", definition->name);
    if (!utf8_valid(definition->name, strlen(definition->name), false, NULL) ||
        (module && !utf8_valid(module, strlen(module), false, NULL)))
        return raise_value_error(vm, "a name is not UTF-8");
    if (definition->size > UINT32_MAX / 2) return raise_value_error(vm, "objects of %s would be too large", definition->name);
    HostClass *own = allocate(&host->allocator, sizeof *own); // not the heap's: finalisers need it to the end
    if (!own) return raise_memory_error(vm);
    *own = (HostClass){.ops = {.trace = trace_object, .finalize = finalize_object}, .next = host->classes, .host = host,
                       .definition = definition};
    host->classes = own;
    uint32_t flags = is_own_name(definition->methods, "__init__") ? 0 : CLASS_ABSTRACT_NEW;
    Class *cls = native_data_class(vm, module ? module : "builtins", definition->name, &own->ops,
                                   sizeof(HostObject) + definition->size, flags);
    if (!cls) return VALUE_ERROR;
    cls->shown_name = NULL; // messages show a host's class as they do a script's
    // Its special methods are looked up as those of a script's class are.
    cls->flags &= ~(uint32_t)CLASS_BUILTIN;
    own->cls = cls;
    if (!fill_class(host, cls, own)) return own->cls = NULL, VALUE_ERROR;
    String *module_name = module ? string_intern_from(vm, module, strlen(module)) : NULL;
    if (module && !module_name) return own->cls = NULL, VALUE_ERROR;
    Value found = module ? dict_get_string(vm, vm->modules, module_name) : VALUE_EMPTY;
    if (is_kind(found, KIND_MODULE) && dict_set_string(vm, ((ModuleObject *)object_of(found))->namespace, cls->name, value_object(cls)) < 0)
        return own->cls = NULL, VALUE_ERROR;
    return value_object(cls);
}

aioli_value aioli_new_class(aioli *host, const char *module, const aioli_class *definition) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return NULL;
    return host_leave_value(host, &entry, new_class(host, module, definition));
}

aioli_value aioli_object(aioli *host, const aioli_class *definition, void **bytes) {
    Entry entry;
    *bytes = NULL;
    if (!HOST_TOUCH(host, &entry)) return NULL;
    HostClass *own = class_of_definition(host, definition);
    HostObject *object = own ? instantiate(&host->vm, own->cls) : NULL;
    if (object) *bytes = object->bytes;
    if (!own) raise_value_error(&host->vm, "%s: %s is not made", entry.function, definition->name);
    return host_leave_value(host, &entry, object ? value_object(object) : VALUE_ERROR);
}

void *aioli_data(aioli *host, aioli_value handle, const aioli_class *definition) {
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return NULL;
    Value v = host_value(host, &entry, handle);
    HostObject *object = is_error(v) ? NULL : host_object_of(v);
    void *bytes = object && object->cls->definition == definition ? object->bytes : NULL;
    if (!bytes && !is_error(v))
        raise_type_error(&host->vm, "a %s is wanted, not '%s'", definition->name, type_name(&host->vm, v));
    host_leave_status(host, &entry, bytes ? 0 : -1);
    return bytes;
}

// The classes are known by the host: they live as long as the VM.
void host_classes_trace(aioli *host) {
    for (HostClass *own = host->classes; own; own = own->next)
        if (own->cls) heap_mark_object(&host->vm, own->cls);
}

void host_classes_free(aioli *host) {
    for (HostClass *own = host->classes; own;) {
        HostClass *next = own->next;
        release(&host->allocator, own, sizeof *own);
        own = next;
    }
}

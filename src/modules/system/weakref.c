// _weakref: references that do not keep what they refer to. The rest of the module weakref is written in the language.
#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/list.h"
#include "object/core/native.h"
#include "object/core/protocol.h"
#include "object/core/weak.h"
#include "object/function/generic_alias.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

static const TypeOps reference_ops;

static WeakReference *reference_of(Value v) { return (WeakReference *)object_of(v); }
static Value target_of(Value v) { return reference_of(v)->target ? value_object(reference_of(v)->target) : VALUE_NONE; }

static Value reference_make(VM *vm, Value *args, size_t count) {
    return weak_reference_new(vm, (Class *)object_of(args[0]), args[1], is_empty(args[2]) ? VALUE_NONE : args[2]);
}
static Value reference_init(VM *vm, Value *args, size_t count) { return VALUE_NONE; }

static void reference_trace(VM *vm, Object *o) { heap_mark(vm, ((WeakReference *)o)->callback); } // and not the target
static Value reference_call(VM *vm, Value self, Value *arguments, size_t count, Tuple *keywords) {
    if (count) return raise_type_error(vm, "weakref expected 0 arguments, got %zu", count);
    return target_of(self);
}
static int reference_hash(VM *vm, Value self, uint64_t *out) {
    WeakReference *r = reference_of(self);
    if (!r->is_hashed) {
        if (!r->target) return raise_type_error(vm, "weak object has gone away"), -1;
        if (value_hash(vm, value_object(r->target), &r->hash) < 0) return -1;
        r->is_hashed = true;
    }
    *out = r->hash;
    return 1;
}
static Value reference_compare(VM *vm, Comparison op, Value self, Value other) {
    if (op > COMPARISON_NE || !is_native_data(other, &reference_ops)) return VALUE_NOT_IMPLEMENTED;
    Object *a = reference_of(self)->target, *b = reference_of(other)->target;
    if (!a || !b) return value_bool(value_same(self, other) == (op == COMPARISON_EQ));
    return value_compare(vm, op, value_object(a), value_object(b));
}
static Value reference_repr(VM *vm, Value self) {
    Object *target = reference_of(self)->target;
    String *text;
    if (!target) {
        text = string_format(vm, "<weakref at %p; dead>", (void *)object_of(self));
    } else {
        Value v = value_object(target), name = value_find_attribute(vm, v, vm->names.__name__);
        if (is_error(name)) return name;
        text = is_string(name) ? string_format(vm, "<weakref at %p; to '%s' at %p (%s)>", (void *)object_of(self), type_name(vm, v),
                                               (void *)target, string_of(name)->data)
                               : string_format(vm, "<weakref at %p; to '%s' at %p>", (void *)object_of(self), type_name(vm, v), (void *)target);
    }
    return text ? value_object(text) : VALUE_ERROR;
}
static const TypeOps reference_ops = {.trace = reference_trace,
                                      .repr = reference_repr,
                                      .hash = reference_hash,
                                      .compare = reference_compare,
                                      .call = reference_call};

static Value reference_callback(VM *vm, Value self) { return reference_of(self)->target ? reference_of(self)->callback : VALUE_NONE; }

static const NativeDefinition reference_methods[] = {{"__new__", reference_make, "cls, object, callback=, /", NATIVE_NEW},
                                                     {"__init__", reference_init, "self, object=, callback=, /", NATIVE_METHOD},
                                                     {"__class_getitem__", generic_alias_of_class, "cls, item, /", NATIVE_CLASS_METHOD},
                                                     {0}};
static const AttributeDefinition reference_attributes[] = {{"__callback__", reference_callback, NULL}, {0}};

// The living references to an object, newest first.
static Value getweakrefs(VM *vm, Value *args, size_t count) {
    List *list = list_new(vm, 1);
    WeakReference *r = is_object(args[0]) ? weak_references_of(vm, object_of(args[0])) : NULL;
    for (; list && r; r = r->next)
        if (!list_append(vm, list, value_object(r)) || !vm_poll(vm, 1)) return VALUE_ERROR;
    return list ? value_object(list) : VALUE_ERROR;
}
static Value getweakrefcount(VM *vm, Value *args, size_t count) {
    int64_t n = 0;
    WeakReference *r = is_object(args[0]) ? weak_references_of(vm, object_of(args[0])) : NULL;
    for (; r; r = r->next) n++;
    vm_count_work(vm, (size_t)n);
    return value_small(n);
}

static const NativeDefinition functions[] = {
    {"getweakrefs", getweakrefs, "object, /", NATIVE_METHOD, "A list of all weak references to an object."},
    {"getweakrefcount", getweakrefcount, "object, /", NATIVE_METHOD, "How many weak references there are to an object."},
    {0}};

bool weakref_module_fill(VM *vm, ModuleObject *module) {
    Class *cls = native_data_class(vm, "weakref", "ReferenceType", &reference_ops, sizeof(WeakReference), CLASS_NO_WEAK);
    return cls && native_add_methods(vm, cls, reference_methods) > 0 && native_add_attributes(vm, cls, reference_attributes) > 0 &&
           add_value(vm, module->namespace, "ref", value_object(cls)) &&
           add_value(vm, module->namespace, "ReferenceType", value_object(cls)) &&
           native_add_functions(vm, module->namespace, functions) > 0;
}

#include "object/core/class_internal.h"

#include <string.h>

#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/operations.h"
#include "object/core/type.h"
#include "object/core/vm.h"
#include "object/core/weak.h"
#include "object/function/function.h"
#include "object/function/generic_alias.h"
#include "object/text/str.h"

// ---- Shapes

static Shape *shape_new(VM *vm, Class *cls, Shape *parent, String *name) {
    Shape *shape = heap_allocate(vm, NULL, KIND_SHAPE, sizeof(Shape));
    if (!shape) return NULL;
    shape->id = ++vm->next_shape_id;
    shape->cls = cls;
    shape->parent = parent;
    shape->name = name;
    if (parent) {
        shape->slot_count = parent->slot_count + 1;
        shape->inline_capacity = parent->inline_capacity;
        shape->sibling = parent->children;
        parent->children = shape;
    } else {
        shape->inline_capacity = cls->inline_capacity;
    }
    shape->next_of_class = cls->shapes;
    cls->shapes = shape;
    cls->shape_count++;
    return shape;
}

Shape *shape_add(VM *vm, Shape *shape, String *name) {
    for (Shape *child = shape->children; child; child = child->sibling)
        if (child->name == name) return child;
    return shape_new(vm, shape->cls, shape, name);
}

// Shapes with many attributes get a table from name to slot, so that a look-up that misses the caches is not linear.
static Dict *shape_table(VM *vm, Shape *shape) {
    Dict *table = dict_new(vm);
    for (Shape *at = shape; table && at->parent; at = at->parent)
        if (dict_set_string(vm, table, at->name, value_small(at->slot_count - 1)) < 0) table = NULL;
    if (table)
        shape->table = table;
    else
        exception_drop(vm); // the chain of parents serves as well
    return table;
}

int shape_find(VM *vm, Shape *shape, String *name) {
    if (shape->slot_count > 12) {
        Dict *table = shape->table ? shape->table : shape_table(vm, shape);
        if (table) {
            Value slot = dict_get_string(vm, table, name);
            return is_empty(slot) ? -1 : (int)small_of(slot);
        }
    }
    for (Shape *at = shape; at->parent; at = at->parent)
        if (at->name == name) return (int)at->slot_count - 1;
    return -1;
}

static void shape_trace(VM *vm, Object *o) {
    Shape *shape = (Shape *)o;
    heap_mark_object(vm, (Object *)shape->cls);
    heap_mark_object(vm, (Object *)shape->parent);
    heap_mark_object(vm, (Object *)shape->name);
    heap_mark_object(vm, (Object *)shape->children);
    heap_mark_object(vm, (Object *)shape->sibling);
    heap_mark_object(vm, (Object *)shape->table);
    heap_mark_object(vm, (Object *)shape->next_of_class);
}

const TypeOps shape_ops = {.trace = shape_trace};

// ---- Classes

Class *class_of(VM *vm, Value v) {
    if (is_object(v)) return object_shape(object_of(v))->cls;
    if (is_small(v)) return vm->classes.integer;
    if (is_float(v)) return vm->classes.floating;
    if (is_bool(v)) return vm->classes.boolean;
    if (is_none(v)) return vm->classes.none;
    if (v.bits == VALUE_ELLIPSIS.bits) return vm->classes.ellipsis;
    if (v.bits == VALUE_NOT_IMPLEMENTED.bits) return vm->classes.not_implemented;
    return vm->classes.object;
}

bool class_is_subclass(const Class *cls, const Class *base) {
    if (cls == base) return true;
    const Tuple *mro = cls->mro;
    for (size_t i = 0; i < mro->length; i++)
        if (object_of(mro->items[i]) == &base->object) return true;
    return false;
}

static Class *allocate_class(VM *vm, Class *metaclass) {
    Class *cls = heap_allocate(vm, metaclass ? metaclass->root : NULL, KIND_CLASS, sizeof(Class));
    if (!cls) return NULL;
    cls->module = VALUE_EMPTY;
    cls->constructor = VALUE_STOP;
    return cls;
}

bool class_bootstrap(VM *vm) {
    ClassTable *c = &vm->classes;
    Class **bare[] = {&c->type, &c->object, &c->string, &c->tuple, &c->dict};
    for (size_t i = 0; i < sizeof bare / sizeof *bare; i++) {
        Class *cls = *bare[i] = allocate_class(vm, i ? c->type : NULL);
        if (!cls) return false;
        cls->root = shape_new(vm, cls, NULL, NULL);
        if (!cls->root) return false;
        if (i == 0) cls->object.header |= (uint64_t)(uintptr_t)cls->root;
    }
    return true;
}

// The class of that name that class_bootstrap made, if it is not completed yet.
static Class *bare_class(VM *vm, const char *name) {
    ClassTable *c = &vm->classes;
    const struct {
        const char *name;
        Class *cls;
    } bare[] = {{"type", c->type}, {"object", c->object}, {"str", c->string}, {"tuple", c->tuple}, {"dict", c->dict}};
    for (size_t i = 0; i < sizeof bare / sizeof *bare; i++)
        if (strcmp(bare[i].name, name) == 0 && bare[i].cls && !bare[i].cls->mro) return bare[i].cls;
    return NULL;
}

Class *class_new_builtin(VM *vm, const char *name, Class *base, Kind kind, size_t instance_size, uint32_t flags) {
    Class *cls = bare_class(vm, name);
    if (!cls) cls = allocate_class(vm, vm->classes.type);
    if (!cls) return NULL;
    cls->name = cls->qualified_name = string_intern_from(vm, name, strlen(name));
    cls->kind = kind;
    cls->ops = vm->ops[kind];
    cls->instance_size = (uint32_t)instance_size;
    cls->flags = flags | CLASS_BUILTIN | (base ? base->flags & CLASS_EXCEPTION : 0);
    cls->attributes = dict_new(vm);
    Value base_value = base ? value_object(base) : VALUE_NONE;
    cls->bases = tuple_from(vm, &base_value, base ? 1 : 0);
    if (!cls->name || !cls->attributes || !cls->bases) return NULL;
    size_t inherited = base ? base->mro->length : 0;
    cls->mro = tuple_new(vm, inherited + 1);
    if (!cls->root) cls->root = shape_new(vm, cls, NULL, NULL);
    if (!cls->mro || !cls->root) return NULL;
    cls->mro->items[0] = value_object(cls);
    for (size_t i = 0; i < inherited; i++) cls->mro->items[i + 1] = base->mro->items[i];
    if (base && !class_add_subclass(vm, base, cls)) return NULL;
    bool introduces = flags & CLASS_HAS_DICT && !(base->flags & CLASS_HAS_DICT) && vm->classes.descriptor;
    return !introduces || class_add_dictionary_attribute(vm, cls) ? cls : NULL;
}

// Which parts of the attribute protocol the class overrides: decided once here and at every change of the class.
static void note_customisation(VM *vm, Class *cls) {
    cls->flags &= ~(uint32_t)(CLASS_CUSTOM_GETATTRIBUTE | CLASS_CUSTOM_SETATTR | CLASS_FINALIZER);
    if (!is_empty(class_lookup(vm, cls, vm->names.specials[SPECIAL_DEL]))) cls->flags |= CLASS_FINALIZER;
    Value found = class_lookup(vm, cls, vm->names.specials[SPECIAL_GETATTRIBUTE]);
    if (!is_empty(found) && !(is_native(found) && native_of(found)->special == SPECIAL_GETATTRIBUTE))
        cls->flags |= CLASS_CUSTOM_GETATTRIBUTE;
    if (!is_empty(class_lookup(vm, cls, vm->names.specials[SPECIAL_GETATTR]))) cls->flags |= CLASS_CUSTOM_GETATTRIBUTE;
    for (int i = 0; i < 2; i++) {
        Special special = i ? SPECIAL_DELATTR : SPECIAL_SETATTR;
        found = class_lookup(vm, cls, vm->names.specials[special]);
        if (!is_empty(found) && !(is_native(found) && native_of(found)->special == special))
            cls->flags |= CLASS_CUSTOM_SETATTR;
    }
}

// How many attributes new instances get room for: what the bases' have and what __init__ sets. Others go to the overflow
// block, from which the class learns.
static uint32_t expected_attributes(VM *vm, Class *cls, Class *base) {
    if (base->kind != KIND_INSTANCE) return 0;
    uint32_t count = base->inline_capacity;
    Value init = dict_get_string(vm, cls->attributes, vm->names.specials[SPECIAL_INIT]);
    if (is_function(init)) count += function_of(init)->code->self_attributes;
    return count < 2 ? 2 : count > 32 ? 32 : count;
}

Class *class_new(VM *vm, Class *metaclass, String *name, Tuple *bases, Dict *attributes) {
    Class *base = class_best_base(vm, bases);
    if (!base) return NULL;
    Class *cls = allocate_class(vm, metaclass ? metaclass : vm->classes.type);
    if (!cls) return NULL;
    cls->name = cls->qualified_name = name;
    cls->kind = base->kind;
    cls->ops = base->ops;
    cls->instance_size = base->instance_size;
    cls->flags = base->flags & (CLASS_EXCEPTION | CLASS_ABSTRACT_NEW);
    cls->bases = bases;
    cls->attributes = attributes;
    cls->inline_capacity = expected_attributes(vm, cls, base);
    cls->mro = class_linearise(vm, cls, bases);
    if (!cls->mro || !class_read_slots(vm, cls, base)) return NULL;
    cls->root = shape_new(vm, cls, NULL, NULL);
    if (!cls->root) return NULL;
    Value qualified = dict_get_string(vm, attributes, vm->names.__qualname__);
    if (is_string(qualified)) {
        cls->qualified_name = string_of(qualified);
        dict_delete_string(vm, attributes, vm->names.__qualname__);
    }
    cls->module = dict_get_string(vm, attributes, vm->names.__module__);
    // A class that defines __eq__ without __hash__ is unhashable.
    if (!is_empty(dict_get_string(vm, attributes, vm->names.specials[SPECIAL_EQ])) &&
        is_empty(dict_get_string(vm, attributes, vm->names.specials[SPECIAL_HASH])) &&
        dict_set_string(vm, attributes, vm->names.specials[SPECIAL_HASH], VALUE_NONE) < 0)
        return NULL;
    if (is_empty(dict_get_string(vm, attributes, vm->names.__doc__)) && dict_set_string(vm, attributes, vm->names.__doc__, VALUE_NONE) < 0)
        return NULL;
    if (!class_ask_order(vm, cls)) return NULL;
    note_customisation(vm, cls);
    for (size_t i = 0; i < bases->length; i++) cls->flags |= ((Class *)object_of(bases->items[i]))->flags & CLASS_ORDERED;
    // For patterns it is one or the other: what comes first in the order of its bases.
    for (size_t i = 1; i < cls->mro->length && !(cls->flags & (CLASS_SEQUENCE | CLASS_MAPPING)); i++) {
        const Class *one = (Class *)object_of(cls->mro->items[i]);
        cls->flags |= one->flags & (CLASS_SEQUENCE | CLASS_MAPPING);
        if (one == vm->classes.dict) cls->flags |= CLASS_MAPPING;
        if (one == vm->classes.list || one == vm->classes.tuple) cls->flags |= CLASS_SEQUENCE;
    }
    for (size_t i = 0; i < bases->length; i++)
        if (!class_add_subclass(vm, (Class *)object_of(bases->items[i]), cls)) return NULL;
    return cls;
}

void *class_instantiate(VM *vm, Class *cls, size_t size) {
    size = (size + 7) & ~(size_t)7;
    if ((cls->flags & (CLASS_BUILTIN | CLASS_HAS_DICT)) == CLASS_BUILTIN) return heap_allocate(vm, cls->root, cls->kind, size);
    Object *o = heap_allocate(vm, cls->root, cls->kind, size + sizeof(Value));
    if (!o) return NULL;
    o->header |= OBJECT_HAS_ATTRIBUTES;
    *(Value *)((char *)o + size) = VALUE_EMPTY;
    if (cls->flags & CLASS_FINALIZER && !weak_note_finalizable(vm, o)) return NULL;
    return o;
}

// ---- Look-up

// The attribute in the class's own namespace. A built-in class makes the methods that mirror its operations when they
// are first asked for.
static Value own_attribute(VM *vm, Class *cls, String *name) {
    Value found = dict_get_string(vm, cls->attributes, name);
    if (is_empty(found) && cls->flags & CLASS_BUILTIN && name->size > 4 && name->data[0] == '_')
        return operation_method(vm, cls, name);
    return found;
}

Value class_lookup(VM *vm, Class *cls, String *name) {
    const Tuple *mro = cls->mro;
    for (size_t i = 0; i < mro->length; i++) {
        Value found = own_attribute(vm, (Class *)object_of(mro->items[i]), name);
        if (!is_empty(found)) return found;
    }
    return VALUE_EMPTY;
}

Value class_special(VM *vm, Class *cls, Special special) {
    if (!cls->specials) {
        cls->specials = heap_resize(vm, NULL, 0, SPECIAL_COUNT * sizeof(Value));
        if (!cls->specials) return class_lookup(vm, cls, vm->names.specials[special]);
        for (int i = 0; i < SPECIAL_COUNT; i++) cls->specials[i] = VALUE_STOP;
    }
    if (is_stop(cls->specials[special])) {
        vm->is_incomplete = false;
        Value found = class_lookup(vm, cls, vm->names.specials[special]);
        if (vm->is_incomplete) return found; // not to be remembered
        found = special_bindable(vm, special, found);
        if (is_error(found)) return exception_clear(vm), class_lookup(vm, cls, vm->names.specials[special]);
        cls->specials[special] = found;
    }
    return cls->specials[special];
}

// Whether a class of a script has taken the method from a class of another layout: `__str__ = object.__str__` in a subclass of date.
static bool is_taken_from_elsewhere(VM *vm, const Class *cls, Special special, const Native *native) {
    if (!native->owner || native->owner->kind == cls->kind) return false;
    for (size_t i = 0; i < cls->mro->length; i++) {
        const Class *one = (Class *)object_of(cls->mro->items[i]);
        if (one->flags & CLASS_BUILTIN) return false;
        if (!is_empty(dict_get_string(vm, one->attributes, vm->names.specials[special]))) return true;
    }
    return false;
}

bool class_overrides(VM *vm, Class *cls, Special special, Value *method) {
    if (cls->flags & CLASS_BUILTIN) return false;
    Value found = class_special(vm, cls, special);
    if (is_empty(found)) return false;
    if (is_native(found) && native_of(found)->special == special && !is_taken_from_elsewhere(vm, cls, special, native_of(found))) return false;
    *method = found;
    return true;
}

void class_changed(VM *vm, Class *cls) {
    if (cls->flags & CLASS_CHANGING) return;
    for (Shape *shape = cls->shapes; shape; shape = shape->next_of_class) shape->id = ++vm->next_shape_id;
    if (cls->specials)
        for (int i = 0; i < SPECIAL_COUNT; i++) cls->specials[i] = VALUE_STOP;
    cls->constructor = VALUE_STOP;
    note_customisation(vm, cls);
    vm_count_work(vm, 8); // a class may have any number of subclasses
    cls->flags |= CLASS_CHANGING;
    for (uint32_t i = 0; i < cls->subclass_count; i++) class_changed(vm, cls->subclasses[i]);
    cls->flags &= ~(uint32_t)CLASS_CHANGING;
}

void class_set_flags(VM *vm, Class *cls, uint32_t flags) {
    if (cls->flags & CLASS_BUILTIN || (cls->flags & flags) == flags) return;
    cls->flags |= flags;
    vm_count_work(vm, 1);
    for (uint32_t i = 0; i < cls->subclass_count; i++) class_set_flags(vm, cls->subclasses[i], flags);
}

int class_set_attribute(VM *vm, Class *cls, String *name, Value value) {
    name = string_intern(vm, name);
    if (!name) return -1;
    if (is_empty(value)) {
        int deleted = dict_delete_string(vm, cls->attributes, name);
        if (deleted == 1) class_changed(vm, cls);
        return deleted;
    }
    if (dict_set_string(vm, cls->attributes, name, value) < 0) return -1;
    class_changed(vm, cls);
    return 1;
}

// ---- Names for messages

const char *class_name(const Class *cls) { return cls->name->data; }
const char *class_shown_name(const Class *cls) { return (cls->shown_name ? cls->shown_name : cls->name)->data; }
const char *type_name(VM *vm, Value v) { return class_shown_name(class_of(vm, v)); }

String *class_full_name(VM *vm, Class *cls) {
    Value module = cls->module;
    if (!is_string(module)) {
        return cls->qualified_name;
    }
    if (string_is(string_of(module), "builtins")) return cls->qualified_name;
    return string_format(vm, "%s.%s", string_of(module)->data, cls->qualified_name->data);
}

// ---- The operations of class objects

static void class_trace(VM *vm, Object *o) {
    Class *cls = (Class *)o;
    heap_mark_object(vm, (Object *)cls->name);
    heap_mark_object(vm, (Object *)cls->qualified_name);
    heap_mark(vm, cls->module);
    heap_mark_object(vm, (Object *)cls->bases);
    heap_mark_object(vm, (Object *)cls->mro);
    heap_mark_object(vm, (Object *)cls->attributes);
    heap_mark_object(vm, (Object *)cls->root);
    heap_mark_object(vm, (Object *)cls->dictionary_shape);
    heap_mark_object(vm, (Object *)cls->shapes);
    heap_mark_object(vm, (Object *)cls->slot_names);
    heap_mark_object(vm, (Object *)cls->shown_name);
    // Most of what is remembered here lives in the attributes, but what binds a special method that is no plain function does not.
    for (int i = 0; cls->specials && i < SPECIAL_COUNT; i++) heap_mark(vm, cls->specials[i]);
}

static void class_finalize(VM *vm, Object *o) {
    Class *cls = (Class *)o;
    heap_resize(vm, cls->subclasses, cls->subclass_capacity * sizeof(Class *), 0);
    if (cls->specials) heap_resize(vm, cls->specials, SPECIAL_COUNT * sizeof(Value), 0);
}

static Value class_repr(VM *vm, Value self) {
    String *name = class_full_name(vm, (Class *)object_of(self));
    String *text = name ? string_format(vm, "<class '%s'>", name->data) : NULL;
    return text ? value_object(text) : VALUE_ERROR;
}

// An attribute of the class object: its metaclass's data descriptors first, then its own order, then the metaclass.
static Value class_get_attribute(VM *vm, Value self, String *name) {
    Class *cls = (Class *)object_of(self);
    Class *metaclass = class_of(vm, self);
    Value meta = class_lookup(vm, metaclass, name);
    if (!is_empty(meta) && attribute_is_data_descriptor(vm, meta)) return attribute_bind(vm, meta, self, metaclass);
    Value found = class_lookup(vm, cls, name);
    if (!is_empty(found)) return attribute_bind(vm, found, VALUE_EMPTY, cls);
    if (!is_empty(meta)) return attribute_bind(vm, meta, self, metaclass);
    return VALUE_EMPTY;
}

static int class_set_attribute_operation(VM *vm, Value self, String *name, Value value) {
    Class *cls = (Class *)object_of(self);
    if (cls->flags & CLASS_BUILTIN) {
        String *full = class_full_name(vm, cls);
        raise_type_error(vm, "cannot set '%s' attribute of immutable type '%s'", name->data, full ? full->data : "");
        return -1;
    }
    Value meta = class_lookup(vm, class_of(vm, self), name);
    if (!is_empty(meta) && attribute_is_data_descriptor(vm, meta)) return object_set_attribute(vm, self, name, value);
    int done = class_set_attribute(vm, cls, name, value);
    if (done == 0) {
        raise_error(vm, vm->exceptions.attribute_error, "type object '%s' has no attribute '%s'", class_shown_name(cls),
                    name->data);
        return -1;
    }
    return done;
}

static Value class_call_operation(VM *vm, Value self, Value *arguments, size_t count, Tuple *keywords) {
    return class_call(vm, (Class *)object_of(self), arguments, count, keywords);
}

static Value class_binary(VM *vm, Binary op, Value left, Value right) {
    return op == BINARY_OR ? type_union_new(vm, left, right) : VALUE_NOT_IMPLEMENTED;
}
static const OperatorSet class_operators = {.binary = 1u << BINARY_OR};

const TypeOps class_ops = {
    .binary = class_binary,
    .operations = &class_operators,
    .call = class_call_operation,
    .trace = class_trace,
    .finalize = class_finalize,
    .repr = class_repr,
    .get_attribute = class_get_attribute,
    .set_attribute = class_set_attribute_operation,
};

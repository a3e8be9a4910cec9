#include "object/core/instance.h"

#include <string.h>

#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/module.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/function/descriptor.h"
#include "object/function/function.h"
#include "object/function/member.h"
#include "object/text/str.h"

Instance *instance_new(VM *vm, Class *cls) {
    Shape *shape = cls->root;
    return heap_allocate(vm, shape, KIND_INSTANCE, sizeof(Instance) + shape->inline_capacity * sizeof(Value));
}

// ---- Where an object's own attributes are

// Room in the overflow block for `count` attributes beyond the inline ones.
static size_t overflow_capacity(size_t count) {
    size_t capacity = count ? 4 : 0;
    while (capacity < count) capacity *= 2;
    return capacity;
}

static size_t overflow_of(const Shape *shape) {
    return shape->slot_count > shape->inline_capacity ? shape->slot_count - shape->inline_capacity : 0;
}

// Resizes an overflow block, whose first word holds its capacity; 0 frees it. NULL when memory is short.
static Value *overflow_resize(VM *vm, Value *overflow, size_t capacity) {
    size_t before = overflow ? overflow[-1].bits + 1 : 0;
    Value *block = heap_resize(vm, overflow ? overflow - 1 : NULL, before * sizeof(Value),
                               capacity ? (capacity + 1) * sizeof(Value) : 0);
    if (!block) return NULL;
    block->bits = capacity;
    return block + 1;
}

static void set_shape(Object *o, Shape *shape) {
    o->header = (o->header & ~OBJECT_SHAPE_MASK) | (uint64_t)(uintptr_t)shape;
}

// The word behind the fixed layout of an instance of a script's class that inherits from a built-in type.
Value *object_attributes_place(Object *o) {
    Class *cls = object_shape(o)->cls;
    size_t size = cls->ops->cell_size ? cls->ops->cell_size(o) : cls->instance_size;
    return (Value *)((char *)o + ((size + 7) & ~(size_t)7));
}

// Where the dict of an object is kept whose attributes are always in one; NULL when it takes none.
static Dict **dictionary_place(VM *vm, Object *o, Value **trailing) {
    *trailing = NULL;
    switch (object_kind(o)) {
    case KIND_EXCEPTION: return &((Exception *)o)->attributes;
    case KIND_FUNCTION: return &((Function *)o)->attributes;
    case KIND_MODULE: return &((ModuleObject *)o)->namespace;
    case KIND_INSTANCE:
    case KIND_CLASS: return NULL;
    default:
        if (object_flag(o, OBJECT_HAS_ATTRIBUTES)) *trailing = object_attributes_place(o);
        return NULL;
    }
}

static Dict *dictionary_if_any(VM *vm, Object *o) {
    if (object_kind(o) == KIND_INSTANCE)
        return object_shape(o)->is_dictionary ? (Dict *)((Instance *)o)->overflow : NULL;
    Value *trailing;
    Dict **place = dictionary_place(vm, o, &trailing);
    if (place) return *place;
    return trailing && !is_empty(*trailing) ? dict_of(*trailing) : NULL;
}

static Shape *dictionary_shape(VM *vm, Class *cls) {
    if (!cls->dictionary_shape) {
        uint32_t capacity = cls->inline_capacity;
        Shape *shape = heap_allocate(vm, NULL, KIND_SHAPE, sizeof(Shape));
        if (!shape) return NULL;
        shape->is_dictionary = true;
        shape->cls = cls;
        shape->inline_capacity = capacity;
        shape->next_of_class = cls->shapes;
        shape->id = ++vm->next_shape_id;
        cls->shapes = shape;
        cls->dictionary_shape = shape;
    }
    return cls->dictionary_shape;
}

// Moves an instance's attributes into a dict (the given one, or a new one with the present attributes).
static Dict *become_dictionary(VM *vm, Instance *instance, Dict *dict) {
    Shape *shape = object_shape(&instance->object);
    Shape *target = dictionary_shape(vm, shape->cls);
    if (!target) return NULL;
    if (!dict) {
        dict = dict_new(vm);
        if (!dict) return NULL;
        // Parents come first in order of insertion: walk the chain backwards through slot numbers.
        for (uint32_t slot = 0; slot < shape->slot_count; slot++) {
            Shape *at = shape;
            while (at->slot_count != slot + 1) at = at->parent;
            Value value = *instance_slot(instance, shape, slot);
            if (!is_empty(value) && dict_set_string(vm, dict, at->name, value) < 0) return NULL;
        }
    }
    if (instance->overflow) overflow_resize(vm, instance->overflow, 0);
    for (uint32_t i = 0; i < shape->inline_capacity; i++) instance->slots[i] = VALUE_EMPTY;
    instance->overflow = (Value *)dict;
    set_shape(&instance->object, target);
    object_set_flag(&instance->object, INSTANCE_DICTIONARY, true);
    return dict;
}

// Gives an object its dict, at one of its two places. One of a built-in class gets another shape by that, as inline caches remember
// methods of those that have none. False with MemoryError.
static bool put_dictionary(VM *vm, Object *o, Dict **place, Value *trailing, Dict *dict) {
    if (place) return *place = dict, true;
    Class *cls = object_shape(o)->cls;
    Shape *shape = cls->flags & CLASS_BUILTIN ? dictionary_shape(vm, cls) : object_shape(o);
    if (!shape) return false;
    heap_store(vm, o, trailing, value_object(dict));
    set_shape(o, shape);
    return true;
}

// The dict of an object whose attributes are always in one, made if there is none yet. NULL: it takes none, or memory is short.
static Dict *take_dictionary(VM *vm, Object *o) {
    Value *trailing;
    Dict **place = dictionary_place(vm, o, &trailing), *dict = dictionary_if_any(vm, o);
    if (dict || (!place && !trailing)) return dict;
    dict = dict_new(vm);
    return dict && put_dictionary(vm, o, place, trailing, dict) ? dict : NULL;
}

Dict *object_dictionary(VM *vm, Object *o) {
    bool has_dict = object_shape(o)->cls->flags & CLASS_HAS_DICT;
    if (object_kind(o) == KIND_INSTANCE) {
        Dict *dict = dictionary_if_any(vm, o);
        return dict || !has_dict ? dict : become_dictionary(vm, (Instance *)o, NULL);
    }
    Value *trailing;
    dictionary_place(vm, o, &trailing);
    return trailing && !has_dict ? NULL : take_dictionary(vm, o); // what is behind a layout may also hold slots
}

bool object_set_dictionary(VM *vm, Object *o, Dict *dict) {
    if (object_kind(o) == KIND_INSTANCE) {
        if (object_shape(o)->is_dictionary) {
            ((Instance *)o)->overflow = (Value *)dict;
            return true;
        }
        return become_dictionary(vm, (Instance *)o, dict) != NULL;
    }
    Value *trailing;
    Dict **place = dictionary_place(vm, o, &trailing);
    return (!place && !trailing) || put_dictionary(vm, o, place, trailing, dict);
}

// ---- Own attributes

Value object_own_attribute(VM *vm, Object *o, String *name) {
    if (object_kind(o) == KIND_INSTANCE) {
        Shape *shape = object_shape(o);
        if (!shape->is_dictionary) {
            int slot = shape_find(vm, shape, name);
            return slot < 0 ? VALUE_EMPTY : *instance_slot((Instance *)o, shape, (uint32_t)slot);
        }
    }
    Dict *dict = dictionary_if_any(vm, o);
    return dict ? dict_get_string(vm, dict, name) : VALUE_EMPTY;
}

static bool is_slot_name(const Class *cls, const String *name) {
    if (cls->slot_names)
        for (size_t i = 0; i < cls->slot_names->length; i++)
            if (object_of(cls->slot_names->items[i]) == &name->object) return true;
    return false;
}

// New instances of the class will have room for what this one needed.
static void learn_capacity(VM *vm, Class *cls, uint32_t needed) {
    if (needed <= cls->inline_capacity || needed > 32) return;
    cls->inline_capacity = needed < 8 ? 8 : needed < 16 ? 16 : 32;
    Shape *root = heap_allocate(vm, NULL, KIND_SHAPE, sizeof(Shape));
    if (!root) {
        exception_clear(vm); // instances keep using the overflow block
        return;
    }
    root->id = ++vm->next_shape_id;
    root->cls = cls;
    root->inline_capacity = cls->inline_capacity;
    root->next_of_class = cls->shapes;
    cls->shapes = root;
    cls->root = root;
    // The old dictionary shape tells the capacity of the instances that have it: new ones need their own.
    cls->dictionary_shape = NULL;
}

static int add_attribute(VM *vm, Instance *instance, Shape *shape, String *name, Value value) {
    Class *cls = shape->cls;
    if (shape->slot_count >= INSTANCE_MAX_SLOTS || cls->shape_count >= CLASS_MAX_SHAPES) {
        if (cls->flags & CLASS_HAS_DICT) {
            Dict *dict = become_dictionary(vm, instance, NULL);
            return dict && dict_set_string(vm, dict, name, value) >= 0 ? 1 : -1;
        }
    }
    Shape *grown = shape_add(vm, shape, name);
    if (!grown) return -1;
    size_t before = overflow_capacity(overflow_of(shape)), after = overflow_capacity(overflow_of(grown));
    if (after > before) {
        Value *block = overflow_resize(vm, instance->overflow, after);
        if (!block) return raise_memory_error(vm), -1;
        instance->overflow = block;
    }
    if (overflow_of(grown)) learn_capacity(vm, cls, grown->slot_count);
    set_shape(&instance->object, grown);
    heap_store(vm, instance, instance_slot(instance, grown, grown->slot_count - 1), value);
    return 1;
}

// Deleting rebuilds the path of shapes without the name; a slotted class keeps the slot, empty.
static int delete_attribute(VM *vm, Instance *instance, Shape *shape, int slot, String *name) {
    Value *place = instance_slot(instance, shape, (uint32_t)slot);
    if (is_empty(*place)) return 0;
    if (!(shape->cls->flags & CLASS_HAS_DICT)) {
        *place = VALUE_EMPTY;
        return 1;
    }
    Dict *dict = become_dictionary(vm, instance, NULL);
    return dict ? dict_delete_string(vm, dict, name) : -1;
}

int object_set_own_attribute(VM *vm, Object *o, String *name, Value value) {
    name = string_intern(vm, name);
    if (!name) return -1;
    Class *cls = object_shape(o)->cls;
    if (object_kind(o) == KIND_INSTANCE && !object_shape(o)->is_dictionary) {
        Instance *instance = (Instance *)o;
        Shape *shape = object_shape(o);
        int slot = shape_find(vm, shape, name);
        if (is_empty(value)) return slot < 0 ? 0 : delete_attribute(vm, instance, shape, slot, name);
        if (slot >= 0) {
            heap_store(vm, o, instance_slot(instance, shape, (uint32_t)slot), value);
            return 1;
        }
        if (!(cls->flags & CLASS_HAS_DICT) && !is_slot_name(cls, name)) return -2;
        return add_attribute(vm, instance, shape, name, value);
    }
    Dict *dict = is_empty(value)         ? dictionary_if_any(vm, o)
                 : is_slot_name(cls, name) ? take_dictionary(vm, o)
                                           : object_dictionary(vm, o);
    if (!dict) return is_empty(vm->exception) ? (is_empty(value) ? 0 : -2) : -1;
    if (is_empty(value)) return dict_delete_string(vm, dict, name);
    return dict_set_string(vm, dict, name, value) < 0 ? -1 : 1;
}

// ---- The attribute protocol

bool attribute_is_data_descriptor(VM *vm, Value attribute) {
    if (!is_object(attribute)) return false;
    switch (object_kind(object_of(attribute))) {
    case KIND_PROPERTY:
    case KIND_DESCRIPTOR: return true;
    case KIND_FUNCTION:
    case KIND_NATIVE:
    case KIND_WRAPPED_METHOD:
    case KIND_MEMBER: return false; // the instance's own attribute of its name is what it stands for
    default: {
        Class *cls = class_of(vm, attribute);
        if (cls->flags & CLASS_BUILTIN && cls->kind != KIND_NATIVE_DATA) return false;
        return !is_empty(class_special(vm, cls, SPECIAL_SET)) || !is_empty(class_special(vm, cls, SPECIAL_DELETE));
    }
    }
}

static void lacks_function(VM *vm, Property *property, Value o, const char *what) {
    const Class *of = class_of(vm, o);
    const char *cls = of->qualified_name ? of->qualified_name->data : class_name(of);
    String *name = is_empty(property->name) ? NULL : value_repr(vm, property->name);
    if (name)
        raise_error(vm, vm->exceptions.attribute_error, "property %s of '%s' object has no %s", name->data, cls, what);
    else if (is_empty(property->name))
        raise_error(vm, vm->exceptions.attribute_error, "property of '%s' object has no %s", cls, what);
}

Value property_read(VM *vm, Property *property, Value self) {
    if (is_none(property->get)) return lacks_function(vm, property, self, "getter"), VALUE_ERROR;
    return vm_call(vm, property->get, &self, 1, NULL);
}

Value attribute_bind(VM *vm, Value attribute, Value self, Class *cls) {
    if (!is_object(attribute)) return attribute;
    Object *o = object_of(attribute);
    switch (object_kind(o)) {
    case KIND_FUNCTION: return is_empty(self) ? attribute : bound_method_new(vm, attribute, self);
    case KIND_NATIVE: {
        Native *native = (Native *)o;
        if (is_empty(self) || !native->owner || native->definition->flavour != NATIVE_METHOD || !is_empty(native->self))
            return attribute;
        return bound_method_new(vm, attribute, self);
    }
    case KIND_WRAPPED_METHOD: {
        WrappedMethod *wrapped = (WrappedMethod *)o;
        if (!wrapped->is_class_method) return wrapped->function;
        // Whatever it is that is wrapped, even a class: it gets the class as its first argument.
        return bound_method_new(vm, wrapped->function, value_object(cls));
    }
    case KIND_PROPERTY:
        if (object_shape(o)->cls->flags & CLASS_BUILTIN)
            return is_empty(self) ? attribute : property_read(vm, (Property *)o, self);
        break;
    case KIND_DESCRIPTOR:
        if (is_empty(self)) return attribute;
        return descriptor_read(vm, (Descriptor *)o, self);
    case KIND_MEMBER: return is_empty(self) ? attribute : member_read(vm, o, self);
    case KIND_SUPER: return is_empty(self) ? attribute : super_bind(vm, attribute, self);
    default: break;
    }
    Class *descriptor_class = object_shape(o)->cls;
    if (descriptor_class->flags & CLASS_BUILTIN) {
        if (descriptor_class->kind != KIND_NATIVE_DATA) return attribute;
        if (descriptor_class->ops->bind && !is_empty(self)) return descriptor_class->ops->bind(vm, attribute, self);
    }
    Value get = class_special(vm, descriptor_class, SPECIAL_GET);
    if (is_empty(get)) {
        if (object_kind(o) == KIND_PROPERTY) return is_empty(self) ? attribute : property_read(vm, (Property *)o, self);
        return attribute;
    }
    Value arguments[3] = {attribute, is_empty(self) ? VALUE_NONE : self, value_object(cls)};
    return vm_call(vm, get, arguments, 3, NULL);
}

// Whether a data descriptor says what the attribute is; one that is only asked to set it leaves that to the object.
static bool reads(VM *vm, Value descriptor) {
    const Class *cls = object_shape(object_of(descriptor))->cls;
    return cls->flags & CLASS_BUILTIN || cls->kind != KIND_INSTANCE || !is_empty(class_special(vm, (Class *)cls, SPECIAL_GET));
}

static Value get_attribute(VM *vm, Value o, String *name, bool asks_kind) {
    Class *cls = class_of(vm, o);
    Value found = class_lookup(vm, cls, name);
    if (!is_empty(found) && attribute_is_data_descriptor(vm, found) && reads(vm, found)) return attribute_bind(vm, found, o, cls);
    if (is_object(o)) {
        if (asks_kind && cls->ops->get_attribute) {
            Value own = cls->ops->get_attribute(vm, o, name);
            if (!is_empty(own)) return own;
        } else {
            Value own = object_own_attribute(vm, object_of(o), name);
            if (!is_empty(own)) return own;
        }
    }
    return is_empty(found) ? VALUE_EMPTY : attribute_bind(vm, found, o, cls);
}

Value object_get_attribute(VM *vm, Value o, String *name) { return get_attribute(vm, o, name, true); }
Value object_get_attribute_as(VM *vm, Value o, String *name) { return get_attribute(vm, o, name, false); }

static int no_attribute(VM *vm, Value o, String *name, bool deleting, bool class_has_it) {
    Class *cls = class_of(vm, o);
    if (class_has_it)
        raise_error(vm, vm->exceptions.attribute_error, "'%s' object attribute '%s' is read-only", class_shown_name(cls),
                    name->data);
    else if (cls->flags & CLASS_HAS_DICT || cls->kind == KIND_MODULE)
        raise_error(vm, vm->exceptions.attribute_error, "'%s' object has no attribute '%s'", class_shown_name(cls), name->data);
    else
        raise_error(vm, vm->exceptions.attribute_error,
                    "'%s' object has no attribute '%s' and no __dict__ for setting new attributes", class_shown_name(cls),
                    name->data);
    return -1;
}

int property_write(VM *vm, Property *property, Value o, Value value) {
    Value function = is_empty(value) ? property->delete_ : property->set;
    if (is_none(function)) {
        lacks_function(vm, property, o, is_empty(value) ? "deleter" : "setter");
        return -1;
    }
    Value arguments[2] = {o, value};
    return is_error(vm_call(vm, function, arguments, is_empty(value) ? 1 : 2, NULL)) ? -1 : 1;
}

static int set_through_descriptor(VM *vm, Value attribute, Value o, String *name, Value value) {
    Object *descriptor = object_of(attribute);
    if (object_kind(descriptor) == KIND_PROPERTY && object_shape(descriptor)->cls->flags & CLASS_BUILTIN)
        return property_write(vm, (Property *)descriptor, o, value);
    if (object_kind(descriptor) == KIND_DESCRIPTOR) {
        return descriptor_write(vm, (Descriptor *)descriptor, o, value);
    }
    Special special = is_empty(value) ? SPECIAL_DELETE : SPECIAL_SET;
    Value method = class_special(vm, class_of(vm, attribute), special);
    if (is_empty(method)) {
        raise_error(vm, vm->exceptions.attribute_error, "%s", is_empty(value) ? "__delete__" : "__set__");
        return -1;
    }
    Value arguments[3] = {attribute, o, value};
    return is_error(vm_call(vm, method, arguments, is_empty(value) ? 2 : 3, NULL)) ? -1 : 1;
}

int object_set_attribute(VM *vm, Value o, String *name, Value value) {
    Class *cls = class_of(vm, o);
    Value found = class_lookup(vm, cls, name);
    if (!is_empty(found) && attribute_is_data_descriptor(vm, found))
        return set_through_descriptor(vm, found, o, name, value);
    int done = is_object(o) ? object_set_own_attribute(vm, object_of(o), name, value) : -2;
    if (done == 1 || done == -1) return done;
    if (!done && is_empty(value) && is_kind(found, KIND_MEMBER))
        return raise_error(vm, vm->exceptions.attribute_error, "%s", name->data), -1;
    return no_attribute(vm, o, name, is_empty(value), done == -2 && !is_empty(found));
}

// ---- Operations of plain instances

static void instance_trace(VM *vm, Object *o) {
    Instance *instance = (Instance *)o;
    Shape *shape = object_shape(o);
    if (shape->is_dictionary) {
        heap_mark_object(vm, (Object *)instance->overflow);
        return;
    }
    uint32_t inline_count = shape->slot_count < shape->inline_capacity ? shape->slot_count : shape->inline_capacity;
    for (uint32_t i = 0; i < inline_count; i++) heap_mark(vm, instance->slots[i]);
    for (uint32_t i = 0; i < overflow_of(shape); i++) heap_mark(vm, instance->overflow[i]);
}

static void instance_finalize(VM *vm, Object *o) {
    Instance *instance = (Instance *)o;
    if (instance->overflow && !object_flag(o, INSTANCE_DICTIONARY)) overflow_resize(vm, instance->overflow, 0);
}

static Value instance_repr(VM *vm, Value self) {
    Class *cls = class_of(vm, self);
    const char *module = is_string(cls->module) ? string_of(cls->module)->data : NULL;
    const char *name = cls->qualified_name->data;
    void *address = is_object(self) ? (void *)object_of(self) : NULL;
    String *text = module && strcmp(module, "builtins") != 0
                       ? string_format(vm, "<%s.%s object at %p>", module, name, address)
                       : string_format(vm, "<%s object at %p>", name, address);
    return text ? value_object(text) : VALUE_ERROR;
}

const TypeOps instance_ops = {.trace = instance_trace, .finalize = instance_finalize, .repr = instance_repr};

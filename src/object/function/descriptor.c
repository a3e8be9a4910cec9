#include "object/function/descriptor.h"

#include "object/container/dict.h"
#include "object/core/documentation.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/protocol.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

// ---- property

static void property_trace(VM *vm, Object *o) {
    Property *property = (Property *)o;
    heap_mark(vm, property->get);
    heap_mark(vm, property->set);
    heap_mark(vm, property->delete_);
    heap_mark(vm, property->doc);
    heap_mark(vm, property->name);
}
const TypeOps property_ops = {.trace = property_trace};

static Value property_new(VM *vm, Value *args, size_t count) {
    Property *property = class_instantiate(vm, (Class *)object_of(args[0]), sizeof(Property));
    if (!property) return VALUE_ERROR;
    property->get = property->set = property->delete_ = property->doc = VALUE_NONE;
    property->name = VALUE_EMPTY;
    return value_object(property);
}

static Value or_none(Value v) { return is_empty(v) ? VALUE_NONE : v; }

// In a subclass the text is an attribute of the instance, since the class's own text would hide the property's. Where there is no
// place for it, one that was given is dropped.
static bool keep_doc(VM *vm, Property *property, Value doc) {
    if (object_shape(&property->object)->cls == vm->classes.property) return property->doc = doc, true;
    if (value_set_attribute(vm, value_object(property), vm->names.__doc__, doc) >= 0) return true;
    if (property->getters_doc || !exception_matches(vm, vm->exceptions.attribute_error)) return false;
    exception_clear(vm);
    return true;
}

static Value property_init(VM *vm, Value *args, size_t count) {
    Property *property = (Property *)object_of(args[0]);
    property->get = or_none(args[1]);
    property->set = or_none(args[2]);
    property->delete_ = or_none(args[3]);
    property->doc = VALUE_NONE;
    property->name = VALUE_EMPTY;
    property->getters_doc = false;
    Value doc = or_none(args[4]);
    if (is_none(doc) && !is_none(property->get)) {
        Value found = value_find_attribute(vm, property->get, vm->names.__doc__);
        if (is_error(found)) return found;
        doc = or_none(found);
        property->getters_doc = !is_none(doc);
    }
    return keep_doc(vm, property, doc) ? VALUE_NONE : VALUE_ERROR;
}

static Value property_copy(VM *vm, Value self, Value get, Value set, Value delete_) {
    Property *old = (Property *)object_of(self);
    get = is_empty(get) || is_none(get) ? old->get : get;
    bool new_doc = old->getters_doc && !is_none(get);
    Value arguments[4] = {get, is_empty(set) || is_none(set) ? old->set : set,
                          is_empty(delete_) || is_none(delete_) ? old->delete_ : delete_, new_doc ? VALUE_NONE : old->doc};
    Value copy = vm_call(vm, value_object(class_of(vm, self)), arguments, 4, NULL);
    if (!is_error(copy) && is_kind(copy, KIND_PROPERTY)) ((Property *)object_of(copy))->name = old->name;
    return copy;
}
static Value property_getter(VM *vm, Value *args, size_t count) {
    return property_copy(vm, args[0], args[1], VALUE_EMPTY, VALUE_EMPTY);
}
static Value property_setter(VM *vm, Value *args, size_t count) {
    return property_copy(vm, args[0], VALUE_EMPTY, args[1], VALUE_EMPTY);
}
static Value property_deleter(VM *vm, Value *args, size_t count) {
    return property_copy(vm, args[0], VALUE_EMPTY, VALUE_EMPTY, args[1]);
}
static Value property_set_name(VM *vm, Value *args, size_t count) {
    ((Property *)object_of(args[0]))->name = args[2];
    return VALUE_NONE;
}
static Value property_get(VM *vm, Value *args, size_t count) {
    return is_none(args[1]) ? args[0] : property_read(vm, (Property *)object_of(args[0]), args[1]);
}
static Value property_assign(VM *vm, Value *args, size_t count) {
    return property_write(vm, (Property *)object_of(args[0]), args[1], args[2]) < 0 ? VALUE_ERROR : VALUE_NONE;
}
static Value property_delete(VM *vm, Value *args, size_t count) {
    return property_write(vm, (Property *)object_of(args[0]), args[1], VALUE_EMPTY) < 0 ? VALUE_ERROR : VALUE_NONE;
}
static Value property_fget(VM *vm, Value self) { return ((Property *)object_of(self))->get; }
static Value property_fset(VM *vm, Value self) { return ((Property *)object_of(self))->set; }
static Value property_fdel(VM *vm, Value self) { return ((Property *)object_of(self))->delete_; }
static Value property_doc(VM *vm, Value self) { return ((Property *)object_of(self))->doc; }
static int property_readonly(VM *vm, Value self, Value value) {
    return raise_error(vm, vm->exceptions.attribute_error, "readonly attribute"), -1;
}
static Value property_get_name(VM *vm, Value self) {
    Property *property = (Property *)object_of(self);
    if (!is_empty(property->name)) return property->name;
    Value name = is_none(property->get) ? VALUE_EMPTY : value_find_attribute(vm, property->get, vm->names.__name__);
    if (!is_empty(name)) return name;
    return raise_error(vm, vm->exceptions.attribute_error, "'%s' object has no attribute '__name__'", type_name(vm, self));
}
static int property_put_name(VM *vm, Value self, Value value) {
    heap_store(vm, object_of(self), &((Property *)object_of(self))->name, value);
    return 1;
}
static int property_set_doc(VM *vm, Value self, Value value) {
    ((Property *)object_of(self))->doc = or_none(value);
    return 1;
}
static const NativeDefinition property_methods[] = {
    {"__new__", property_new, "cls, /, *args, **kwargs", NATIVE_NEW},
    {"__init__", property_init, "self, fget=, fset=, fdel=, doc=", NATIVE_METHOD},
    {"getter", property_getter, "self, fget, /", NATIVE_METHOD, "A copy of the property with another function that reads."},
    {"setter", property_setter, "self, fset, /", NATIVE_METHOD, "A copy of the property with another function that sets."},
    {"deleter", property_deleter, "self, fdel, /", NATIVE_METHOD, "A copy of the property with another function that deletes."},
    {"__set_name__", property_set_name, "self, owner, name, /", NATIVE_METHOD},
    {"__get__", property_get, "self, instance, owner=None, /", NATIVE_METHOD},
    {"__set__", property_assign, "self, instance, value, /", NATIVE_METHOD},
    {"__delete__", property_delete, "self, instance, /", NATIVE_METHOD},
    {0}};
// Whether any of its functions is abstract.
static Value property_abstract(VM *vm, Value self) {
    Property *property = (Property *)object_of(self);
    Value functions[3] = {property->get, property->set, property->delete_};
    for (int i = 0; i < 3; i++) {
        Value found = is_none(functions[i]) ? VALUE_EMPTY : value_find_attribute(vm, functions[i], vm->names.__isabstractmethod__);
        int truth = is_error(found) ? -1 : is_empty(found) ? 0 : value_truth(vm, found);
        if (truth) return truth < 0 ? VALUE_ERROR : VALUE_TRUE;
    }
    return VALUE_FALSE;
}
static const AttributeDefinition property_attributes[] = {{"__isabstractmethod__", property_abstract, NULL},
                                                          {"fget", property_fget, property_readonly, "The function that reads, or None."},
                                                          {"fset", property_fset, property_readonly, "The function that sets, or None."},
                                                          {"fdel", property_fdel, property_readonly, "The function that deletes, or None."},
                                                          {"__doc__", property_doc, property_set_doc},
                                                          {"__name__", property_get_name, property_put_name},
                                                          {0}};

// ---- staticmethod and classmethod

static void wrapped_method_trace(VM *vm, Object *o) { heap_mark(vm, ((WrappedMethod *)o)->function); }
static Value wrapped_method_repr(VM *vm, Value self) {
    WrappedMethod *wrapped = (WrappedMethod *)object_of(self);
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "<%s(", wrapped->is_class_method ? "classmethod" : "staticmethod");
    if (!append_repr(vm, &out, wrapped->function)) return buffer_free(&out), VALUE_ERROR;
    buffer_text(&out, ")>");
    return object_or_error(string_from_buffer(vm, &out));
}
static Value wrapped_method_call(VM *vm, Value self, Value *arguments, size_t count, Tuple *keywords) {
    WrappedMethod *wrapped = (WrappedMethod *)object_of(self);
    if (wrapped->is_class_method) return raise_type_error(vm, "'classmethod' object is not callable");
    return vm_call(vm, wrapped->function, arguments, count, keywords);
}
Value wrapped_method_dictionary(VM *vm, WrappedMethod *wrapped) {
    String *const names[] = {vm->names.__module__, vm->names.__name__, vm->names.__qualname__, vm->names.__doc__, vm->names.__annotations__};
    Dict *dict = object_dictionary(vm, &wrapped->object);
    if (!dict) return VALUE_ERROR;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!is_empty(dict_get_string(vm, dict, names[i]))) continue;
        Value found = value_find_attribute(vm, wrapped->function, names[i]);
        if (is_error(found) || (!is_empty(found) && dict_set_string(vm, dict, names[i], found) < 0)) return VALUE_ERROR;
    }
    return value_object(dict);
}

static Value wrapped_method_attribute(VM *vm, Value self, String *name) {
    WrappedMethod *wrapped = (WrappedMethod *)object_of(self);
    if (string_is(name, "__func__") || name == vm->names.__wrapped__) return wrapped->function;
    if (name == vm->names.__isabstractmethod__) {
        Value found = value_find_attribute(vm, wrapped->function, name);
        return is_empty(found) ? VALUE_FALSE : found;
    }
    Value own = object_own_attribute(vm, &wrapped->object, name);
    if (!is_empty(own)) return own;
    if (name == vm->names.__name__ || name == vm->names.__qualname__ || name == vm->names.__doc__ ||
        name == vm->names.__module__ || name == vm->names.__annotations__)
        return value_find_attribute(vm, wrapped->function, name);
    return VALUE_EMPTY;
}
const TypeOps wrapped_method_ops = {.trace = wrapped_method_trace,
                                    .repr = wrapped_method_repr,
                                    .call = wrapped_method_call,
                                    .get_attribute = wrapped_method_attribute};

static Value wrapped_new(VM *vm, Value *args, bool is_class_method) {
    WrappedMethod *wrapped = class_instantiate(vm, (Class *)object_of(args[0]), sizeof(WrappedMethod));
    if (!wrapped) return VALUE_ERROR;
    wrapped->function = args[1];
    wrapped->is_class_method = is_class_method;
    return value_object(wrapped);
}
static Value static_method_new(VM *vm, Value *args, size_t count) { return wrapped_new(vm, args, false); }
static Value class_method_new(VM *vm, Value *args, size_t count) { return wrapped_new(vm, args, true); }
static Value wrapped_get(VM *vm, Value *args, size_t count) {
    Value owner = is_empty(args[2]) || is_none(args[2]) ? value_object(class_of(vm, args[1])) : args[2];
    if (!is_kind(owner, KIND_CLASS)) return raise_type_error(vm, "__get__ needs a class");
    return attribute_bind(vm, args[0], is_none(args[1]) ? VALUE_EMPTY : args[1], (Class *)object_of(owner));
}
static const NativeDefinition static_method_methods[] = {
    {"__new__", static_method_new, "cls, function, /", NATIVE_NEW},
    {"__get__", wrapped_get, "self, instance, owner=None, /", NATIVE_METHOD},
    {0}};
static const NativeDefinition class_method_methods[] = {
    {"__new__", class_method_new, "cls, function, /", NATIVE_NEW},
    {"__get__", wrapped_get, "self, instance, owner=None, /", NATIVE_METHOD},
    {0}};

// ---- super

static void super_trace(VM *vm, Object *o) {
    heap_mark_object(vm, (Object *)((Super *)o)->start);
    heap_mark_object(vm, (Object *)((Super *)o)->of);
    heap_mark(vm, ((Super *)o)->self);
}

static Value super_get_attribute(VM *vm, Value self, String *name) {
    Super *super = (Super *)object_of(self);
    Tuple *mro = super->of ? super->of->mro : NULL;
    size_t i = 0;
    while (mro && i < mro->length && object_of(mro->items[i]) != &super->start->object) i++;
    for (i++; mro && name != vm->names.__class__ && i < mro->length; i++) {
        Class *cls = (Class *)object_of(mro->items[i]);
        Value found = dict_get_string(vm, cls->attributes, name);
        if (is_empty(found)) {
            // The built-in classes make their operations' methods on demand: ask as if it stood alone.
            if (!(cls->flags & CLASS_BUILTIN)) continue;
            found = class_lookup(vm, cls, name);
            if (is_empty(found)) continue;
        }
        bool through_class = is_kind(super->self, KIND_CLASS) && (Class *)object_of(super->self) == super->of;
        return attribute_bind(vm, found, through_class ? VALUE_EMPTY : super->self, super->of);
    }
    return object_get_attribute_as(vm, self, name);
}

static Value super_repr(VM *vm, Value self) {
    Super *super = (Super *)object_of(self);
    const char *start = super->start ? class_name(super->start) : "NULL";
    String *text = super->of ? string_format(vm, "<super: <class '%s'>, <%s object>>", start, class_name(super->of))
                             : string_format(vm, "<super: <class '%s'>, NULL>", start);
    return text ? value_object(text) : VALUE_ERROR;
}

const TypeOps super_ops = {.trace = super_trace, .repr = super_repr, .get_attribute = super_get_attribute};

// The class in whose order of bases the search begins: the object itself where it is a class, its class, or what it says is its class.
static Class *super_of(VM *vm, Class *start, Value self) {
    if (is_kind(self, KIND_CLASS) && class_is_subclass((Class *)object_of(self), start)) return (Class *)object_of(self);
    Class *of = class_of(vm, self);
    if (class_is_subclass(of, start)) return of;
    Value told = value_find_attribute(vm, self, vm->names.__class__);
    if (is_error(told)) return NULL;
    if (is_kind(told, KIND_CLASS) && class_is_subclass((Class *)object_of(told), start)) return (Class *)object_of(told);
    bool is_class = is_kind(self, KIND_CLASS);
    raise_type_error(vm, "super(type, obj): obj (%s %s) is not an instance or subtype of type (%s).", is_class ? "type" : "instance of",
                     class_name(is_class ? (Class *)object_of(self) : of), class_name(start));
    return NULL;
}

Value super_new(VM *vm, Class *start, Value self) {
    Class *of = super_of(vm, start, self);
    Super *super = of ? heap_allocate(vm, vm->classes.super->root, KIND_SUPER, sizeof(Super)) : NULL;
    if (!super) return VALUE_ERROR;
    super->start = start;
    super->self = self;
    super->of = of;
    return value_object(super);
}

static Value super_make(VM *vm, Value *args, size_t count) {
    Super *super = class_instantiate(vm, (Class *)object_of(args[0]), sizeof(Super));
    if (!super) return VALUE_ERROR;
    super->self = VALUE_EMPTY;
    return value_object(super);
}
// Called without arguments, super() is compiled to super_new with the method's own class and first parameter.
static Value super_init(VM *vm, Value *args, size_t count) {
    if (count > 3) return raise_type_error(vm, "super() expected at most 2 arguments, got %zu", count - 1);
    if (is_empty(args[1])) return raise_runtime_error(vm, "super(): no arguments");
    if (!is_kind(args[1], KIND_CLASS))
        return raise_type_error(vm, "super() argument 1 must be a type, not %s", type_name(vm, args[1]));
    Class *start = (Class *)object_of(args[1]);
    Value self = is_empty(args[2]) || is_none(args[2]) ? VALUE_EMPTY : args[2];
    Class *of = is_empty(self) ? NULL : super_of(vm, start, self);
    if (!of && !is_empty(self)) return VALUE_ERROR;
    Super *super = (Super *)object_of(args[0]);
    super->start = start;
    super->of = of;
    heap_store(vm, &super->object, &super->self, self);
    return VALUE_NONE;
}
Value super_bind(VM *vm, Value unbound, Value self) {
    Super *super = (Super *)object_of(unbound);
    if (!is_empty(super->self) || !super->start) return unbound;
    if (class_of(vm, unbound) == vm->classes.super) return super_new(vm, super->start, self);
    Value arguments[2] = {value_object(super->start), self};
    return vm_call(vm, value_object(class_of(vm, unbound)), arguments, 2, NULL);
}
static Value super_get(VM *vm, Value *args, size_t count) {
    return is_none(args[1]) ? args[0] : super_bind(vm, args[0], args[1]);
}
static Value super_self(VM *vm, Value self) { return or_none(((Super *)object_of(self))->self); }
static Value class_or_none(const Class *cls) { return cls ? value_object(cls) : VALUE_NONE; }
static Value super_thisclass(VM *vm, Value self) { return class_or_none(((Super *)object_of(self))->start); }
static Value super_self_class(VM *vm, Value self) { return class_or_none(((Super *)object_of(self))->of); }
static const AttributeDefinition super_attributes[] = {
    {"__self__", super_self, property_readonly, "The object that methods are bound to, or None."},
    {"__thisclass__", super_thisclass, property_readonly, "The class after which the search begins."},
    {"__self_class__", super_self_class, property_readonly, "The class in whose order of bases is searched, or None."},
    {0}};
static const NativeDefinition super_methods[] = {{"__new__", super_make, "cls, /, *args, **kwargs", NATIVE_NEW},
                                                 {"__init__", super_init, "self, type=, object=, /, *args", NATIVE_METHOD},
                                                 {"__get__", super_get, "self, instance, owner=None, /", NATIVE_METHOD},
                                                 {0}};

// ---- Attributes of built-in classes

static void descriptor_trace(VM *vm, Object *o) { heap_mark_object(vm, (Object *)((Descriptor *)o)->owner); }
static Value descriptor_repr(VM *vm, Value self) {
    Descriptor *descriptor = (Descriptor *)object_of(self);
    String *text = string_format(vm, "<attribute '%s' of '%s' objects>", descriptor->definition->name,
                                 class_shown_name(descriptor->owner));
    return text ? value_object(text) : VALUE_ERROR;
}
const TypeOps descriptor_ops = {.trace = descriptor_trace, .repr = descriptor_repr};

// A script can take the descriptor out of its class and apply it to anything.
static bool applies(VM *vm, Descriptor *descriptor, Value o) {
    if (value_is_instance(vm, o, descriptor->owner)) return true;
    raise_type_error(vm, "descriptor '%s' for '%s' objects doesn't apply to a '%s' object", descriptor->definition->name,
                     class_shown_name(descriptor->owner), type_name(vm, o));
    return false;
}

Value descriptor_read(VM *vm, Descriptor *descriptor, Value o) {
    return applies(vm, descriptor, o) ? descriptor->definition->get(vm, o) : VALUE_ERROR;
}

int descriptor_write(VM *vm, Descriptor *descriptor, Value o, Value value) {
    if (!applies(vm, descriptor, o)) return -1;
    if (descriptor->definition->set) return descriptor->definition->set(vm, o, value);
    raise_error(vm, vm->exceptions.attribute_error, "attribute '%s' of '%s' objects is not writable",
                descriptor->definition->name, class_shown_name(descriptor->owner));
    return -1;
}

static Value descriptor_get(VM *vm, Value *args, size_t count) {
    return is_none(args[1]) ? args[0] : descriptor_read(vm, (Descriptor *)object_of(args[0]), args[1]);
}
static Value descriptor_set(VM *vm, Value *args, size_t count) {
    return descriptor_write(vm, (Descriptor *)object_of(args[0]), args[1], args[2]) < 0 ? VALUE_ERROR : VALUE_NONE;
}
static Value descriptor_delete(VM *vm, Value *args, size_t count) {
    return descriptor_write(vm, (Descriptor *)object_of(args[0]), args[1], VALUE_EMPTY) < 0 ? VALUE_ERROR : VALUE_NONE;
}
static Value descriptor_name(VM *vm, Value self) {
    String *name = string_from(vm, ((Descriptor *)object_of(self))->definition->name);
    return name ? value_object(name) : VALUE_ERROR;
}
static Value descriptor_doc(VM *vm, Value self) {
    const AttributeDefinition *definition = ((Descriptor *)object_of(self))->definition;
    return documentation_value(vm, definition->doc ? definition->doc : special_documentation(definition->name));
}
static Value descriptor_owner(VM *vm, Value self) { return value_object(((Descriptor *)object_of(self))->owner); }
static Value descriptor_qualified_name(VM *vm, Value self) {
    Descriptor *descriptor = (Descriptor *)object_of(self);
    String *text = string_format(vm, "%s.%s", descriptor->owner->qualified_name->data, descriptor->definition->name);
    return text ? value_object(text) : VALUE_ERROR;
}
static const NativeDefinition descriptor_methods[] = {
    {"__get__", descriptor_get, "self, instance, owner=None, /", NATIVE_METHOD},
    {"__set__", descriptor_set, "self, instance, value, /", NATIVE_METHOD},
    {"__delete__", descriptor_delete, "self, instance, /", NATIVE_METHOD},
    {0}};
static const AttributeDefinition descriptor_attributes[] = {
    {"__name__", descriptor_name, NULL}, {"__qualname__", descriptor_qualified_name, NULL}, {"__objclass__", descriptor_owner, NULL},
    {"__doc__", descriptor_doc, NULL}, {0}};

bool descriptor_class_init(VM *vm) {
    ClassTable *c = &vm->classes;
    return (c->native = class_new_builtin(vm, "builtin_function_or_method", c->object, KIND_NATIVE, sizeof(Native),
                                          CLASS_FINAL)) &&
           (c->method_descriptor = class_new_builtin(vm, "method_descriptor", c->object, KIND_NATIVE, sizeof(Native),
                                                     CLASS_FINAL)) &&
           (c->wrapper_descriptor = class_new_builtin(vm, "wrapper_descriptor", c->object, KIND_NATIVE, sizeof(Native),
                                                      CLASS_FINAL)) &&
           (c->descriptor = class_new_builtin(vm, "getset_descriptor", c->object, KIND_DESCRIPTOR, sizeof(Descriptor),
                                              CLASS_FINAL)) &&
           (c->static_method = class_new_builtin(vm, "staticmethod", c->object, KIND_WRAPPED_METHOD,
                                                 sizeof(WrappedMethod), CLASS_HAS_DICT)) &&
           (c->class_method = class_new_builtin(vm, "classmethod", c->object, KIND_WRAPPED_METHOD, sizeof(WrappedMethod),
                                                CLASS_HAS_DICT));
}

bool property_class_init(VM *vm) {
    ClassTable *c = &vm->classes;
    return (c->property = class_new_builtin(vm, "property", c->object, KIND_PROPERTY, sizeof(Property), 0)) &&
           (c->super = class_new_builtin(vm, "super", c->object, KIND_SUPER, sizeof(Super), 0)) &&
           native_add_methods(vm, c->descriptor, descriptor_methods) > 0 &&
           native_add_attributes(vm, c->descriptor, descriptor_attributes) > 0 &&
           native_add_methods(vm, c->static_method, static_method_methods) > 0 &&
           native_add_methods(vm, c->class_method, class_method_methods) > 0 &&
           native_add_methods(vm, c->property, property_methods) > 0 &&
           native_add_attributes(vm, c->property, property_attributes) > 0 &&
           native_add_methods(vm, c->super, super_methods) > 0 && native_add_attributes(vm, c->super, super_attributes) > 0;
}

#include "object/core/type.h"

#include <string.h>

#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/container/mapping_proxy.h"
#include "object/container/set.h"
#include "object/core/documentation.h"
#include "object/core/errors.h"
#include "object/core/class_internal.h"
#include "object/core/instance.h"
#include "object/core/module.h"
#include "object/core/operations.h"
#include "object/core/protocol.h"
#include "object/core/weak.h"
#include "object/function/function.h"
#include "object/text/str.h"

static Value from_string(String *s) { return s ? value_object(s) : VALUE_ERROR; }

// ---- object

static bool is_object_method(Value method, NativeFunction function) {
    return is_native(method) && native_of(method)->function == function;
}

static Value object_init(VM *vm, Value *args, size_t count);

static bool is_empty_set(Value v) { return is_kind(v, KIND_SET) && !set_of(v)->used; }

static Value object_new(VM *vm, Value *args, size_t count) {
    Class *cls = (Class *)object_of(args[0]);
    if (cls->kind != KIND_INSTANCE || cls->flags & CLASS_ABSTRACT_NEW)
        return raise_type_error(vm, "object.__new__(%s) is not safe, use %s.__new__()", class_name(cls), class_name(cls));
    bool extra = count > 2 || dict_of(args[1])->length;
    if (extra) {
        if (!is_object_method(class_special(vm, cls, SPECIAL_NEW), object_new))
            return raise_type_error(vm, "object.__new__() takes exactly one argument (the type to instantiate)");
        if (is_object_method(class_special(vm, cls, SPECIAL_INIT), object_init))
            return raise_type_error(vm, "%s() takes no arguments", class_name(cls));
    }
    Value abstract = dict_get_string(vm, cls->attributes, vm->names.__abstractmethods__);
    if (!is_empty(abstract) && !is_empty_set(abstract)) {
        // A frozenset of names; instances can't be made while it is not empty.
        List *names = list_from_iterable(vm, abstract);
        if (!names) return VALUE_ERROR;
        if (names->length) {
            if (list_sort(vm, names, VALUE_NONE, false) < 0) return VALUE_ERROR;
            Buffer text = vm_buffer(vm);
            for (size_t i = 0; i < names->length && is_string(names->items[i]); i++)
                buffer_format(&text, "%s'%s'", i ? ", " : "", string_of(names->items[i])->data);
            raise_type_error(vm, "Can't instantiate abstract class %s without an implementation for abstract method%s %.*s",
                             class_name(cls), names->length > 1 ? "s" : "", (int)text.length, text.data ? text.data : "");
            buffer_free(&text);
            return VALUE_ERROR;
        }
    }
    Instance *instance = instance_new(vm, cls);
    if (instance && cls->flags & CLASS_FINALIZER && !weak_note_finalizable(vm, &instance->object)) return VALUE_ERROR;
    return instance ? value_object(instance) : VALUE_ERROR;
}

static Value object_init(VM *vm, Value *args, size_t count) {
    if (count > 2 || dict_of(args[1])->length) {
        Class *cls = class_of(vm, args[0]);
        if (!is_object_method(class_special(vm, cls, SPECIAL_INIT), object_init))
            return raise_type_error(vm, "object.__init__() takes exactly one argument (the instance to initialize)");
        if (is_object_method(class_special(vm, cls, SPECIAL_NEW), object_new))
            return raise_type_error(vm, "%s.__init__() takes exactly one argument (the instance to initialize)",
                                    class_name(cls));
    }
    return VALUE_NONE;
}

static Value object_repr(VM *vm, Value *args, size_t count) { return instance_ops.repr(vm, args[0]); }
static Value object_str(VM *vm, Value *args, size_t count) { return from_string(value_repr(vm, args[0])); }
static Value object_format(VM *vm, Value *args, size_t count) {
    if (!is_string(args[1])) return raise_type_error(vm, "__format__() argument must be str, not %s", type_name(vm, args[1]));
    if (string_of(args[1])->size)
        return raise_type_error(vm, "unsupported format string passed to %s.__format__", type_name(vm, args[0]));
    return from_string(value_str(vm, args[0]));
}
static Value object_eq(VM *vm, Value *args, size_t count) {
    return value_same(args[0], args[1]) ? VALUE_TRUE : VALUE_NOT_IMPLEMENTED;
}
static Value object_ne(VM *vm, Value *args, size_t count) {
    Value arguments[1] = {args[1]};
    Value equal = value_call_special(vm, args[0], SPECIAL_EQ, arguments, 1);
    if (is_error(equal) || is_not_implemented(equal) || is_empty(equal)) return is_empty(equal) ? VALUE_NOT_IMPLEMENTED : equal;
    int truth = value_truth(vm, equal);
    return truth < 0 ? VALUE_ERROR : value_bool(!truth);
}
static Value object_order(VM *vm, Value *args, size_t count) { return VALUE_NOT_IMPLEMENTED; }
static Value object_hash(VM *vm, Value *args, size_t count) {
    uint64_t bits = is_object(args[0]) ? (uint64_t)(uintptr_t)object_of(args[0]) : args[0].bits & VALUE_PAYLOAD;
    return value_from_hash(vm, bits >> 4 | bits << 60);
}
static Value object_getattribute(VM *vm, Value *args, size_t count) {
    if (!is_string(args[1])) return raise_type_error(vm, "attribute name must be string, not '%s'", type_name(vm, args[1]));
    String *name = string_intern(vm, string_of(args[1]));
    if (!name) return VALUE_ERROR;
    Value found = is_kind(args[0], KIND_CLASS) || is_kind(args[0], KIND_SUPER)
                      ? class_of(vm, args[0])->ops->get_attribute(vm, args[0], name)
                      : object_get_attribute(vm, args[0], name);
    if (!is_empty(found)) return found;
    return raise_error(vm, vm->exceptions.attribute_error, "'%s' object has no attribute '%s'", type_name(vm, args[0]), name->data);
}
// type.__setattr__, and object's for what is no class.
static Value set_attribute(VM *vm, Value *args) {
    if (!is_string(args[1])) return raise_type_error(vm, "attribute name must be string, not '%s'", type_name(vm, args[1]));
    Class *cls = class_of(vm, args[0]);
    int status = is_object(args[0]) && cls->ops->set_attribute
                     ? cls->ops->set_attribute(vm, args[0], string_of(args[1]), args[2])
                     : object_set_attribute(vm, args[0], string_of(args[1]), args[2]);
    return status < 0 ? VALUE_ERROR : VALUE_NONE;
}
// A class is changed by type's own, or not at all: what object has would go past what type looks after.
static Value object_setattr(VM *vm, Value *args, size_t count) {
    if (is_kind(args[0], KIND_CLASS)) return raise_type_error(vm, "can't apply this __setattr__ to %s object", type_name(vm, args[0]));
    return set_attribute(vm, args);
}
static Value object_delattr(VM *vm, Value *args, size_t count) {
    if (is_kind(args[0], KIND_CLASS)) return raise_type_error(vm, "can't apply this __delattr__ to %s object", type_name(vm, args[0]));
    Value all[3] = {args[0], args[1], VALUE_EMPTY};
    return set_attribute(vm, all);
}
static Value type_setattr(VM *vm, Value *args, size_t count) { return set_attribute(vm, args); }
static Value type_delattr(VM *vm, Value *args, size_t count) {
    Value all[3] = {args[0], args[1], VALUE_EMPTY};
    return set_attribute(vm, all);
}
static Value object_init_subclass(VM *vm, Value *args, size_t count) {
    if (count > 2 || dict_of(args[1])->length)
        return raise_type_error(vm, "%s.__init_subclass__() takes no keyword arguments",
                                is_kind(args[0], KIND_CLASS) ? ((Class *)object_of(args[0]))->qualified_name->data : "object");
    return VALUE_NONE;
}
static Value object_subclasshook(VM *vm, Value *args, size_t count) { return VALUE_NOT_IMPLEMENTED; }
static Value object_sizeof(VM *vm, Value *args, size_t count) { return value_small(16); }

// Adds the names of a class's namespace and its bases' to a dict that serves as a set.
static bool collect_names(VM *vm, Class *cls, Dict *names) {
    for (size_t i = 0; i < cls->mro->length; i++) {
        Class *one = (Class *)object_of(cls->mro->items[i]);
        if (!vm_poll(vm, 1)) return false;
        if (one->flags & CLASS_BUILTIN) operation_methods_complete(vm, one);
        size_t position = 0;
        Value key, value;
        while (dict_next(one->attributes, &position, &key, &value))
            if (!vm_poll(vm, 2))
                return false;
            else if (is_string(key) && dict_set(vm, names, key, VALUE_NONE) < 0) return false;
    }
    return true;
}

static Value sorted_names(VM *vm, Dict *names) {
    List *list = list_new(vm, names->length);
    if (!list) return VALUE_ERROR;
    size_t position = 0;
    Value key, value;
    while (dict_next(names, &position, &key, &value)) list_append(vm, list, key);
    return list_sort(vm, list, VALUE_NONE, false) < 0 ? VALUE_ERROR : value_object(list);
}

static Value object_dir(VM *vm, Value *args, size_t count) {
    Dict *names = dict_new(vm);
    if (!names) return VALUE_ERROR;
    if (is_object(args[0])) {
        Value own = value_find_attribute(vm, args[0], vm->names.__dict__);
        if (is_error(own)) return own;
        if (is_dict(own)) {
            size_t position = 0;
            Value key, value;
            while (dict_next(dict_of(own), &position, &key, &value))
                if (is_string(key) && dict_set(vm, names, key, VALUE_NONE) < 0) return VALUE_ERROR;
        }
    }
    Value cls = value_find_attribute(vm, args[0], vm->names.__class__);
    if (is_error(cls)) return cls;
    if (is_kind(cls, KIND_CLASS) && !collect_names(vm, (Class *)object_of(cls), names)) return VALUE_ERROR;
    return sorted_names(vm, names);
}

static Value get_class(VM *vm, Value self) { return value_object(class_of(vm, self)); }
static int set_class(VM *vm, Value self, Value value) {
    if (is_empty(value)) return raise_type_error(vm, "can't delete __class__ attribute"), -1;
    if (!is_kind(value, KIND_CLASS))
        return raise_type_error(vm, "__class__ must be set to a class, not '%s' object", type_name(vm, value)), -1;
    Class *from = class_of(vm, self), *to = (Class *)object_of(value);
    if (from->kind == KIND_MODULE && to->kind == KIND_MODULE) return module_set_class(vm, self, to) ? 1 : -1;
    if ((from->flags | to->flags) & CLASS_BUILTIN)
        return raise_type_error(vm, "__class__ assignment only supported for mutable types or ModuleType subclasses"), -1;
    // Of one built-in layout, with attributes in a dict if in any: only the shape says whose they are.
    if (from->kind == to->kind && from->kind != KIND_INSTANCE && from->kind != KIND_CLASS && from->ops == to->ops && from->instance_size == to->instance_size &&
        (from->flags & CLASS_HAS_DICT) && (to->flags & CLASS_HAS_DICT) && !from->slot_names && !to->slot_names && is_object(self)) {
        Object *o = object_of(self);
        o->header = (o->header & ~OBJECT_SHAPE_MASK) | (uint64_t)(uintptr_t)to->root;
        return 1;
    }
    bool plain = from->kind == KIND_INSTANCE && to->kind == KIND_INSTANCE && to->flags & CLASS_HAS_DICT && !from->slot_names && !to->slot_names;
    Instance *instance = plain ? (Instance *)object_of(self) : NULL;
    Dict *dict = plain ? object_dictionary(vm, &instance->object) : NULL;
    if (!dict) {
        if (is_empty(vm->exception))
            raise_type_error(vm, "__class__ assignment: '%s' object layout differs from '%s'", class_name(to), class_name(from));
        return -1;
    }
    // With its attributes in a dict, the object needs only the other class's dictionary shape: made by an instance of it.
    Instance *other = instance_new(vm, to);
    if (!other || !object_set_dictionary(vm, &other->object, dict)) return -1;
    instance->object.header = (instance->object.header & ~OBJECT_SHAPE_MASK) | (other->object.header & OBJECT_SHAPE_MASK);
    return 1;
}
static Value get_dictionary(VM *vm, Value self) {
    if (is_kind(self, KIND_CLASS)) {
        // Not the dict itself: a change behind the class's back would leave the caches wrong.
        Class *cls = (Class *)object_of(self);
        if (cls->flags & CLASS_BUILTIN) operation_methods_complete(vm, cls);
        return mapping_proxy_new(vm, value_object(cls->attributes));
    }
    if (is_kind(self, KIND_MODULE)) return value_object(((ModuleObject *)object_of(self))->namespace);
    if (is_kind(self, KIND_WRAPPED_METHOD)) return wrapped_method_dictionary(vm, (WrappedMethod *)object_of(self));
    Dict *dict = is_object(self) ? object_dictionary(vm, object_of(self)) : NULL;
    if (dict) return value_object(dict);
    if (!is_empty(vm->exception)) return VALUE_ERROR;
    return raise_error(vm, vm->exceptions.attribute_error, "'%s' object has no attribute '__dict__'", type_name(vm, self));
}
static int set_dictionary(VM *vm, Value self, Value value) {
    if (is_kind(self, KIND_MODULE)) return raise_error(vm, vm->exceptions.attribute_error, "readonly attribute"), -1;
    // Numbers, and whatever else has none, are objects too: this attribute is found in all of them.
    if (!is_object(self) || is_kind(self, KIND_CLASS) || !object_dictionary(vm, object_of(self))) {
        if (is_empty(vm->exception))
            raise_error(vm, vm->exceptions.attribute_error,
                        "'%s' object has no attribute '__dict__' and no __dict__ for setting new attributes", type_name(vm, self));
        return -1;
    }
    if (is_empty(value)) {
        if (is_kind(self, KIND_EXCEPTION)) return raise_type_error(vm, "cannot delete __dict__"), -1;
        Dict *fresh = dict_new(vm);
        return fresh && object_set_dictionary(vm, object_of(self), fresh) ? 1 : -1;
    }
    if (!is_dict(value)) return raise_type_error(vm, "__dict__ must be set to a dictionary, not a '%s'", type_name(vm, value)), -1;
    return object_set_dictionary(vm, object_of(self), dict_of(value)) ? 1 : -1;
}

static const NativeDefinition object_methods[] = {
    {"__new__", object_new, "cls, /, *args, **kwargs", NATIVE_NEW},
    {"__init__", object_init, "self, /, *args, **kwargs", NATIVE_METHOD},
    {"__repr__", object_repr, "self, /", NATIVE_METHOD},
    {"__str__", object_str, "self, /", NATIVE_METHOD},
    {"__format__", object_format, "self, format_spec, /", NATIVE_METHOD},
    {"__eq__", object_eq, "self, value, /", NATIVE_METHOD},
    {"__ne__", object_ne, "self, value, /", NATIVE_METHOD},
    {"__lt__", object_order, "self, value, /", NATIVE_METHOD},
    {"__le__", object_order, "self, value, /", NATIVE_METHOD},
    {"__gt__", object_order, "self, value, /", NATIVE_METHOD},
    {"__ge__", object_order, "self, value, /", NATIVE_METHOD},
    {"__hash__", object_hash, "self, /", NATIVE_METHOD},
    {"__getattribute__", object_getattribute, "self, name, /", NATIVE_METHOD},
    {"__setattr__", object_setattr, "self, name, value, /", NATIVE_METHOD},
    {"__delattr__", object_delattr, "self, name, /", NATIVE_METHOD},
    {"__dir__", object_dir, "self, /", NATIVE_METHOD},
    {"__sizeof__", object_sizeof, "self, /", NATIVE_METHOD},
    {"__init_subclass__", object_init_subclass, "cls, /, *args, **kwargs", NATIVE_CLASS_METHOD},
    {"__subclasshook__", object_subclasshook, "cls, subclass, /", NATIVE_CLASS_METHOD},
    {0}};
static const AttributeDefinition object_attributes[] = {{"__class__", get_class, set_class}, {0}};

// ---- Instances' __dict__ and __weakref__: attributes of each class whose instances take attributes, or weak references, as those of its
// bases do not.
static Value get_weak_reference(VM *vm, Value self) {
    WeakReference *first = is_object(self) ? weak_references_of(vm, object_of(self)) : NULL;
    return first ? value_object(first) : VALUE_NONE;
}

static const AttributeDefinition dictionary_attribute[] = {{"__dict__", get_dictionary, set_dictionary, "The object's attributes."}, {0}};
static const AttributeDefinition weak_attribute[] = {{"__weakref__", get_weak_reference, NULL, "A weak reference to the object, or None."}, {0}};

bool class_add_dictionary_attribute(VM *vm, Class *cls) {
    return !is_empty(dict_get_string(vm, cls->attributes, vm->names.__dict__)) || native_add_attributes(vm, cls, dictionary_attribute) > 0;
}

bool class_add_weak_attribute(VM *vm, Class *cls) {
    return !is_empty(dict_get_string(vm, cls->attributes, vm->names.__weakref__)) || native_add_attributes(vm, cls, weak_attribute) > 0;
}

// ---- Calling classes

bool class_is_plain(VM *vm, Class *cls, Value *init) {
    if (cls->kind != KIND_INSTANCE || cls->flags & (CLASS_ABSTRACT_NEW | CLASS_FINALIZER)) return false;
    if (!is_object_method(class_special(vm, cls, SPECIAL_NEW), object_new)) return false;
    Value abstract = dict_get_string(vm, cls->attributes, vm->names.__abstractmethods__);
    if (!is_empty(abstract) && !is_empty_set(abstract)) return false;
    *init = class_special(vm, cls, SPECIAL_INIT);
    if (is_object_method(*init, object_init)) *init = VALUE_EMPTY;
    return true;
}

static Value call_with_first(VM *vm, Value function, Value first, Value *arguments, size_t count, Tuple *keywords) {
    Value local[16], *all = count + 1 <= 16 ? local : values_scratch(vm, count + 1);
    if (!all) return VALUE_ERROR;
    all[0] = first;
    if (count) memcpy(all + 1, arguments, count * sizeof(Value));
    return vm_call(vm, function, all, count + 1, keywords);
}

Value class_call(VM *vm, Class *cls, Value *arguments, size_t count, Tuple *keywords) {
    if (cls == vm->classes.type && count == 1 && !keywords) return value_object(class_of(vm, arguments[0]));
    if (cls->flags & CLASS_ABSTRACT_NEW) return raise_type_error(vm, "cannot create '%s' instances", class_shown_name(cls));
    Value init, made;
    if (class_is_plain(vm, cls, &init) && !(is_empty(init) && count)) {
        Instance *instance = instance_new(vm, cls);
        if (!instance) return VALUE_ERROR;
        made = value_object(instance);
        if (is_empty(init)) return made;
    } else {
        Value new = class_special(vm, cls, SPECIAL_NEW);
        if (!is_function(new) && !is_native(new)) new = attribute_bind(vm, new, VALUE_EMPTY, cls); // of whatever descriptor it is
        if (is_error(new)) return new;
        made = call_with_first(vm, new, value_object(cls), arguments, count, keywords);
        if (is_error(made) || !value_is_instance(vm, made, cls)) return made;
        init = class_special(vm, class_of(vm, made), SPECIAL_INIT);
        if (is_object_method(init, object_init)) return made;
    }
    Value result;
    if (is_function(init) || is_native(init)) {
        result = call_with_first(vm, init, made, arguments, count, keywords);
    } else {
        result = attribute_bind(vm, init, made, class_of(vm, made));
        if (!is_error(result)) result = vm_call(vm, result, arguments, count, keywords);
    }
    if (is_error(result)) return result;
    if (!is_none(result)) return raise_type_error(vm, "__init__() should return None, not '%s'", type_name(vm, result));
    return made;
}

// ---- Making classes

Class *metaclass_of(VM *vm, Class *metaclass, Tuple *bases) {
    Class *winner = metaclass;
    for (size_t i = 0; i < bases->length; i++) {
        Class *candidate = class_of(vm, bases->items[i]);
        if (class_is_subclass(winner, candidate)) continue;
        if (class_is_subclass(candidate, winner)) {
            winner = candidate;
            continue;
        }
        raise_type_error(vm, "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the "
                             "metaclasses of all its bases");
        return NULL;
    }
    return winner;
}

// Adds to the exception on its way whose __set_name__ it came from. [script]
static void note_set_name(VM *vm, Class *cls, Value key, Value value) {
    Buffer note = vm_buffer(vm);
    buffer_format(&note, "Error calling __set_name__ on '%s' instance '%s' in '%s'", type_name(vm, value),
                  is_string(key) ? string_of(key)->data : "?", class_name(cls));
    Value failure = vm->exception;
    String *text = string_from_buffer(vm, &note);
    String *name = text ? string_from(vm, "add_note") : NULL;
    vm->exception = VALUE_EMPTY;
    Value method = name ? value_find_attribute(vm, failure, string_intern(vm, name)) : VALUE_ERROR;
    Value argument = text ? value_object(text) : VALUE_NONE;
    if (!is_error(method) && !is_empty(method)) vm_call(vm, method, &argument, 1, NULL);
    exception_drop(vm);
    vm->exception = failure;
}

static bool set_names(VM *vm, Class *cls) {
    Dict *copy = dict_copy(vm, cls->attributes);
    if (!copy) return false;
    size_t position = 0;
    Value key, value;
    while (dict_next(copy, &position, &key, &value)) {
        if (!is_object(value) || is_function(value)) continue;
        if (is_empty(class_special(vm, class_of(vm, value), SPECIAL_SET_NAME))) continue;
        Value arguments[2] = {value_object(cls), key};
        if (is_error(value_call_special(vm, value, SPECIAL_SET_NAME, arguments, 2))) {
            if (is_object(vm->exception)) note_set_name(vm, cls, key, value);
            return false;
        }
    }
    return true;
}

// super(cls, cls).__init_subclass__(**keywords)
static bool init_subclass(VM *vm, Class *cls, Dict *keywords) {
    String *name = vm->names.specials[SPECIAL_INIT_SUBCLASS];
    for (size_t i = 1; i < cls->mro->length; i++) {
        Class *base = (Class *)object_of(cls->mro->items[i]);
        Value found = dict_get_string(vm, base->attributes, name);
        if (is_empty(found)) continue;
        if (base == vm->classes.object && (!keywords || keywords->length == 0)) return true;
        Value bound = attribute_bind(vm, found, VALUE_EMPTY, cls);
        return !is_error(bound) && !is_error(call_with_dict(vm, bound, NULL, 0, keywords));
    }
    return true;
}

Value type_make(VM *vm, Class *metaclass, String *name, Tuple *bases, Dict *attributes, Dict *keywords) {
    if (bases->length == 0) {
        Value object = value_object(vm->classes.object);
        bases = tuple_from(vm, &object, 1);
    }
    Dict *namespace = bases ? dict_copy(vm, attributes) : NULL;
    if (!namespace) return VALUE_ERROR;
    Value qualified = dict_get_string(vm, namespace, vm->names.__qualname__);
    if (!is_empty(qualified) && !is_string(qualified))
        return raise_type_error(vm, "type __qualname__ must be a str, not %s", type_name(vm, qualified));
    Value cell = dict_get_string(vm, namespace, vm->names.__classcell__);
    if (!is_empty(cell) && !is_kind(cell, KIND_CELL)) {
        String *shown = value_repr(vm, value_object(class_of(vm, cell)));
        return shown ? raise_type_error(vm, "__classcell__ must be a nonlocal cell, not %s", shown->data) : VALUE_ERROR;
    }
    if (!is_empty(cell)) dict_delete_string(vm, namespace, vm->names.__classcell__);
    // What is made by a call says where it was made.
    Value module = VALUE_EMPTY;
    if (is_empty(dict_get_string(vm, namespace, vm->names.__module__)) && vm->hooks.current_module) module = vm->hooks.current_module(vm);
    if (is_error(module) || (!is_empty(module) && dict_set_string(vm, namespace, vm->names.__module__, module) < 0)) return VALUE_ERROR;
    // These two are class methods without being marked so, and __new__ is static.
    static const Special implicit[] = {SPECIAL_INIT_SUBCLASS, SPECIAL_CLASS_GETITEM, SPECIAL_NEW};
    for (int i = 0; i < 3; i++) {
        Value method = dict_get_string(vm, namespace, vm->names.specials[implicit[i]]);
        if (!is_function(method)) continue;
        Class *wrapper = i < 2 ? vm->classes.class_method : vm->classes.static_method;
        WrappedMethod *wrapped = class_instantiate(vm, wrapper, sizeof(WrappedMethod));
        if (!wrapped) return VALUE_ERROR;
        wrapped->function = method;
        wrapped->is_class_method = i < 2;
        if (dict_set_string(vm, namespace, vm->names.specials[implicit[i]], value_object(wrapped)) < 0) return VALUE_ERROR;
    }
    Class *cls = class_new(vm, metaclass, name, bases, namespace);
    if (!cls) return VALUE_ERROR;
    if (is_kind(cell, KIND_CELL)) heap_store(vm, object_of(cell), &((Cell *)object_of(cell))->value, value_object(cls));
    return set_names(vm, cls) && init_subclass(vm, cls, keywords) ? value_object(cls) : VALUE_ERROR;
}

// type() takes bases as they are; a class statement asks those that are no classes for others.
static bool check_bases(VM *vm, Tuple *bases) {
    for (size_t i = 0; i < bases->length; i++) {
        if (is_kind(bases->items[i], KIND_CLASS)) continue;
        Value method = value_find_attribute(vm, bases->items[i], vm->names.__mro_entries__);
        if (is_error(method)) return false;
        if (is_empty(method)) continue;
        raise_type_error(vm, "type() doesn't support MRO entry resolution; use types.new_class()");
        return false;
    }
    return true;
}

static Value type_new(VM *vm, Value *args, size_t count) {
    Class *metaclass = (Class *)object_of(args[0]);
    size_t given = count - 2;
    if (given == 1 && metaclass == vm->classes.type) return value_object(class_of(vm, args[2]));
    if (given != 3) return raise_type_error(vm, "type() takes 1 or 3 arguments");
    if (!is_string(args[2]))
        return raise_type_error(vm, "type.__new__() argument 1 must be str, not %s", type_name(vm, args[2]));
    if (!is_tuple(args[3]))
        return raise_type_error(vm, "type.__new__() argument 2 must be tuple, not %s", type_name(vm, args[3]));
    if (!is_dict(args[4]))
        return raise_type_error(vm, "type.__new__() argument 3 must be dict, not %s", type_name(vm, args[4]));
    if (!check_bases(vm, tuple_of(args[3]))) return VALUE_ERROR;
    if (memchr(string_of(args[2])->data, 0, string_of(args[2])->size))
        return raise_value_error(vm, "type name must not contain null characters");
    Class *winner = metaclass_of(vm, metaclass, tuple_of(args[3]));
    if (!winner) return VALUE_ERROR;
    if (winner != metaclass) { // a base's: it makes the class, where it has a way of its own
        Value make = value_get_attribute(vm, value_object(winner), vm->names.specials[SPECIAL_NEW]);
        if (is_error(make)) return make;
        if (!is_native(make)) {
            Value arguments[4] = {value_object(winner), args[2], args[3], args[4]};
            return call_with_dict(vm, make, arguments, 4, dict_of(args[1]));
        }
        metaclass = winner;
    }
    return type_make(vm, metaclass, string_of(args[2]), tuple_of(args[3]), dict_of(args[4]), dict_of(args[1]));
}
static Value type_init(VM *vm, Value *args, size_t count) { return VALUE_NONE; }

static Value type_call(VM *vm, Value *args, size_t count) {
    Dict *named = dict_of(args[1]);
    if (named->length == 0) return class_call(vm, (Class *)object_of(args[0]), args + 2, count - 2, NULL);
    // Through the hook, so that the keywords become a tuple; a metaclass's own __call__ is past already.
    Value callable = args[0];
    size_t total = count - 2 + named->length;
    Tuple *keywords = tuple_new(vm, named->length);
    Value *all = keywords ? values_scratch(vm, total) : NULL;
    if (!all) return VALUE_ERROR;
    if (count > 2) memcpy(all, args + 2, (count - 2) * sizeof(Value));
    size_t position = 0, k = 0;
    Value key, value;
    while (dict_next(named, &position, &key, &value)) {
        keywords->items[k] = key;
        all[count - 2 + k++] = value;
    }
    return class_call(vm, (Class *)object_of(callable), all, total, keywords);
}
static Value type_mro_method(VM *vm, Value *args, size_t count) {
    Class *cls = (Class *)object_of(args[0]);
    Tuple *mro = cls->flags & CLASS_BUILTIN ? cls->mro : class_linearise(vm, cls, cls->bases);
    List *list = mro ? list_from(vm, mro->items, mro->length) : NULL;
    return list ? value_object(list) : VALUE_ERROR;
}
static Value type_subclasses(VM *vm, Value *args, size_t count) {
    Class *cls = (Class *)object_of(args[0]);
    List *list = list_new(vm, cls->subclass_count);
    if (!list) return VALUE_ERROR;
    for (uint32_t i = 0; i < cls->subclass_count; i++) list_append(vm, list, value_object(cls->subclasses[i]));
    return value_object(list);
}
static Value type_prepare(VM *vm, Value *args, size_t count) {
    Dict *dict = dict_new(vm);
    return dict ? value_object(dict) : VALUE_ERROR;
}
static Value type_instance_check(VM *vm, Value *args, size_t count) {
    return value_bool(value_is_instance(vm, args[1], (Class *)object_of(args[0])));
}
static Value type_subclass_check(VM *vm, Value *args, size_t count) {
    return value_bool(is_kind(args[1], KIND_CLASS) &&
                      class_is_subclass((Class *)object_of(args[1]), (Class *)object_of(args[0])));
}
static Value type_dir(VM *vm, Value *args, size_t count) {
    Dict *names = dict_new(vm);
    if (!names || !collect_names(vm, (Class *)object_of(args[0]), names)) return VALUE_ERROR;
    return sorted_names(vm, names);
}
static Value type_get_name(VM *vm, Value self) { return value_object(((Class *)object_of(self))->name); }
static int type_set_name(VM *vm, Value self, Value value) {
    if (!is_string(value)) return raise_type_error(vm, "can only assign string to %s.__name__, not '%s'",
                                                   class_name((Class *)object_of(self)), type_name(vm, value)), -1;
    if (memchr(string_of(value)->data, 0, string_of(value)->size))
        return raise_value_error(vm, "type name must not contain null characters"), -1;
    ((Class *)object_of(self))->name = string_of(value);
    return 1;
}
static Value type_get_qualified(VM *vm, Value self) { return value_object(((Class *)object_of(self))->qualified_name); }
static int type_set_qualified(VM *vm, Value self, Value value) {
    if (!is_string(value)) return raise_type_error(vm, "can only assign string to %s.__qualname__, not '%s'",
                                                   class_name((Class *)object_of(self)), type_name(vm, value)), -1;
    ((Class *)object_of(self))->qualified_name = string_of(value);
    return 1;
}
static Value type_get_module(VM *vm, Value self) {
    Value module = ((Class *)object_of(self))->module;
    return is_empty(module) ? value_object(vm->names.builtins) : module;
}
static int type_set_module(VM *vm, Value self, Value value) {
    heap_store(vm, object_of(self), &((Class *)object_of(self))->module, value);
    return class_set_attribute(vm, (Class *)object_of(self), vm->names.__module__, value) < 0 ? -1 : 1;
}
static Value type_get_bases(VM *vm, Value self) { return value_object(((Class *)object_of(self))->bases); }
static Value type_get_mro(VM *vm, Value self) { return value_object(((Class *)object_of(self))->mro); }
static Value type_get_base(VM *vm, Value self) {
    Tuple *bases = ((Class *)object_of(self))->bases;
    Class *cls = (Class *)object_of(self);
    for (size_t i = 0; i < bases->length; i++)
        if (((Class *)object_of(bases->items[i]))->kind == cls->kind) return bases->items[i];
    return bases->length ? bases->items[0] : VALUE_NONE;
}
// CPython's bits, as far as there is something to tell.
static Value type_get_flags(VM *vm, Value self) {
    enum { HEAP_TYPE = 1 << 9, BASE_TYPE = 1 << 10, ABSTRACT = 1 << 20 };
    Class *cls = (Class *)object_of(self);
    Value abstract = dict_get_string(vm, cls->attributes, vm->names.__abstractmethods__);
    return value_small((cls->flags & CLASS_BUILTIN ? 0 : HEAP_TYPE) | (cls->flags & CLASS_FINAL ? 0 : BASE_TYPE) |
                       (is_empty(abstract) || is_empty_set(abstract) ? 0 : ABSTRACT));
}
static int type_set_bases(VM *vm, Value self, Value value) { return class_set_bases(vm, (Class *)object_of(self), value); }
static Value type_get_doc(VM *vm, Value self) {
    return class_own_documentation(vm, (Class *)object_of(self));
}
static int type_set_doc(VM *vm, Value self, Value value) {
    return class_set_attribute(vm, (Class *)object_of(self), vm->names.__doc__, value) < 0 ? -1 : 1;
}
static Value type_get_annotations(VM *vm, Value self) {
    Class *cls = (Class *)object_of(self);
    Value found = cls == vm->classes.type ? VALUE_EMPTY : dict_get_string(vm, cls->attributes, vm->names.__annotations__);
    if (!is_empty(found)) return found;
    if (cls->flags & CLASS_BUILTIN)
        return raise_error(vm, vm->exceptions.attribute_error, "type object '%s' has no attribute '__annotations__'",
                           class_name(cls));
    Dict *dict = dict_new(vm);
    if (!dict || class_set_attribute(vm, cls, vm->names.__annotations__, value_object(dict)) < 0) return VALUE_ERROR;
    return value_object(dict);
}
static int type_set_annotations(VM *vm, Value self, Value value) {
    return class_set_attribute(vm, (Class *)object_of(self), vm->names.__annotations__, value) < 0 ? -1 : 1;
}

static Value type_get_parameters(VM *vm, Value self) {
    Value found = dict_get_string(vm, ((Class *)object_of(self))->attributes, vm->names.__type_params__);
    if (!is_empty(found)) return found;
    Tuple *none = tuple_new(vm, 0);
    return none ? value_object(none) : VALUE_ERROR;
}
static int type_set_parameters(VM *vm, Value self, Value value) {
    if (is_empty(value)) return raise_type_error(vm, "cannot delete '__type_params__' attribute of type '%s'",
                                                 class_name((Class *)object_of(self))), -1;
    return class_set_attribute(vm, (Class *)object_of(self), vm->names.__type_params__, value) < 0 ? -1 : 1;
}

static const NativeDefinition type_methods[] = {
    {"__new__", type_new, "cls, /, *args, **kwargs", NATIVE_NEW},
    {"__init__", type_init, "self, /, *args, **kwargs", NATIVE_METHOD},
    {"__call__", type_call, "self, /, *args, **kwargs", NATIVE_METHOD},
    {"mro", type_mro_method, "self, /", NATIVE_METHOD,
     "The order in which attributes are looked up: a list of the class and all it inherits from."},
    {"__subclasses__", type_subclasses, "self, /", NATIVE_METHOD},
    {"__prepare__", type_prepare, "cls, /, *args, **kwargs", NATIVE_CLASS_METHOD},
    {"__instancecheck__", type_instance_check, "self, instance, /", NATIVE_METHOD},
    {"__subclasscheck__", type_subclass_check, "self, subclass, /", NATIVE_METHOD},
    {"__dir__", type_dir, "self, /", NATIVE_METHOD},
    {"__setattr__", type_setattr, "self, name, value, /", NATIVE_METHOD},
    {"__delattr__", type_delattr, "self, name, /", NATIVE_METHOD},
    {0}};
static const AttributeDefinition type_attributes[] = {{"__name__", type_get_name, type_set_name},
                                                      {"__qualname__", type_get_qualified, type_set_qualified},
                                                      {"__module__", type_get_module, type_set_module},
                                                      {"__bases__", type_get_bases, type_set_bases},
                                                      {"__base__", type_get_base, NULL},
                                                      {"__flags__", type_get_flags, NULL},
                                                      {"__mro__", type_get_mro, NULL},
                                                      {"__dict__", get_dictionary, NULL},
                                                      {"__doc__", type_get_doc, type_set_doc},
                                                      {"__annotations__", type_get_annotations, type_set_annotations},
                                                      {"__type_params__", type_get_parameters, type_set_parameters},
                                                      {0}};

// ---- None, Ellipsis, NotImplemented

static Value singleton_repr(VM *vm, Value self) {
    return from_string(string_from(vm, is_none(self)                                ? "None"
                                       : value_same(self, VALUE_ELLIPSIS)           ? "Ellipsis"
                                                                                    : "NotImplemented"));
}
static int singleton_truth(VM *vm, Value self) {
    if (is_none(self)) return 0;
    if (value_same(self, VALUE_ELLIPSIS)) return 1;
    return warn_deprecated(vm, "NotImplemented should not be used in a boolean context") ? 1 : -1;
}
static const TypeOps singleton_ops = {.repr = singleton_repr, .truth = singleton_truth};

static Value singleton_new(VM *vm, Value *args, size_t count) {
    Class *cls = is_kind(args[0], KIND_CLASS) ? (Class *)object_of(args[0]) : NULL;
    if (cls == vm->classes.none) return VALUE_NONE;
    return cls == vm->classes.ellipsis ? VALUE_ELLIPSIS : VALUE_NOT_IMPLEMENTED;
}
static const NativeDefinition singleton_methods[] = {{"__new__", singleton_new, "cls, /", NATIVE_NEW}, {0}};

static Class *singleton_class(VM *vm, const char *name) {
    Class *cls = class_new_builtin(vm, name, vm->classes.object, KIND_INSTANCE, 0, CLASS_FINAL);
    if (!cls) return NULL;
    cls->ops = &singleton_ops;
    return native_add_methods(vm, cls, singleton_methods) < 0 ? NULL : cls;
}

// ---- Start

bool type_class_init(VM *vm) {
    ClassTable *c = &vm->classes;
    return (c->none = singleton_class(vm, "NoneType")) && (c->ellipsis = singleton_class(vm, "ellipsis")) &&
           (c->not_implemented = singleton_class(vm, "NotImplementedType")) &&
           native_add_methods(vm, c->object, object_methods) > 0 &&
           native_add_attributes(vm, c->object, object_attributes) > 0 &&
           class_add_dictionary_attribute(vm, c->type) && native_add_methods(vm, c->type, type_methods) > 0 && native_add_attributes(vm, c->type, type_attributes) > 0;
}

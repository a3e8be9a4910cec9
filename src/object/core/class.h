// Classes and shapes. A class has a C3 method resolution order and a namespace; a shape (hidden class) says at which
// slot an instance keeps each attribute. Shapes form a tree from their class's root: adding an attribute moves an
// instance to the child of that name.
#ifndef AIOLI_OBJECT_CLASS_H
#define AIOLI_OBJECT_CLASS_H

#include "object/core/object.h"
#include "object/core/specials.h"

struct Shape {
    Object object;
    // Unique in the VM and never used twice. A change to the class or one of its bases gives all its shapes new ids, so
    // that an inline cache which compares ids is valid for layout, methods and class attributes alike. 0: not cacheable.
    uint32_t id;
    uint32_t slot_count;      // attributes that an instance of this shape has
    uint32_t inline_capacity; // of them in the instance itself; the rest in its overflow block
    bool is_dictionary;       // the attributes are in a dict: see instance.h
    Class *cls;
    Shape *parent;            // NULL for a root
    String *name;             // the attribute added last, NULL for a root
    Shape *children;          // linked by `sibling`
    Shape *sibling;
    Dict *table;              // name to slot, made when first searched and slot_count is large; or NULL
    Shape *next_of_class;     // all shapes of the class
};

enum {
    CLASS_BUILTIN = 1,      // made by C code: its namespace is fixed
    CLASS_FINAL = 2,        // can't be a base
    CLASS_HAS_DICT = 4,     // instances take any attribute
    CLASS_EXCEPTION = 8,
    CLASS_ABSTRACT_NEW = 16, // can't be made by calling it
    CLASS_CUSTOM_GETATTRIBUTE = 32, // __getattribute__ or __getattr__ is overridden
    CLASS_CUSTOM_SETATTR = 64,
    CLASS_CUSTOM_CALL_META = 128,   // its metaclass overrides __call__
    CLASS_SEQUENCE = 256, // patterns of sequences match its instances, though they have no layout of one
    CLASS_MAPPING = 512,  // and patterns of mappings
    CLASS_FINALIZER = 2048, // instances have __del__
    CLASS_NO_WEAK = 4096,   // instances can't be referred to weakly, as their class has slots only
    CLASS_ADDS_SLOTS = 8192, // __slots__ of the class itself has names of attributes
    CLASS_CHANGING = 16384,  // it is telling its subclasses of a change, or giving them other orders: a metaclass's mro() may lead round
    CLASS_ORDERED = 1024, // collections.OrderedDict, whose views show another name
};

struct Class {
    Object object;
    String *name;
    String *qualified_name;
    Value module;             // a str, or VALUE_EMPTY
    Tuple *bases;
    Tuple *mro;               // itself first
    Dict *attributes;         // str to anything
    const TypeOps *ops;       // of the layout
    Kind kind;                // layout of its instances
    uint32_t flags;
    uint32_t instance_size;   // bytes of the layout's fixed part
    uint32_t inline_capacity; // attributes that new instances keep inline (KIND_INSTANCE)
    Shape *root;              // shape of new instances
    Shape *dictionary_shape;  // shape of instances whose attributes are in a dict, or NULL
    Shape *shapes;            // all of them, linked by next_of_class
    Class **subclasses;       // side memory, held weakly: they learn of changes
    uint32_t subclass_count, subclass_capacity;
    uint32_t shape_count;
    Value *specials;          // SPECIAL_COUNT cached look-ups of special methods (VALUE_EMPTY: not there;
                              // VALUE_STOP: not looked up yet), or NULL
    Value constructor;        // for the interpreter: VALUE_STOP not known yet; VALUE_ERROR: call it the long way; else a
                              // plain instance is made and initialised by this (VALUE_EMPTY: by nothing)
    Tuple *slot_names;        // __slots__ of this and its bases, or NULL
    String *shown_name;       // as messages show it, where that is not its name: "typing.TypeVar"; or NULL
};

// The class of any value.
Class *class_of(VM *vm, Value v);

// Whether `cls` is `base` or inherits from it.
bool class_is_subclass(const Class *cls, const Class *base);
static inline bool value_is_instance(VM *vm, Value v, const Class *base) {
    return class_is_subclass(class_of(vm, v), base);
}

// Makes a class. `bases` are classes, at least one (it decides the layout; CPython's TypeErrors for a clash or an
// inconsistent order). `attributes` becomes the class's namespace. `metaclass` NULL means type. NULL: an error.
Class *class_new(VM *vm, Class *metaclass, String *name, Tuple *bases, Dict *attributes);

// Makes a built-in class: one base (NULL only for object), a layout with its operations, methods added later with
// native_add_methods. NULL: out of memory.
Class *class_new_builtin(VM *vm, const char *name, Class *base, Kind kind, size_t instance_size, uint32_t flags);

// Makes the classes that every object allocation needs (object, type, str, tuple, dict), bare: class_new_builtin completes
// each when its kind is asked for. False: out of memory.
bool class_bootstrap(VM *vm);

bool special_binder_class_init(VM *vm);

// Give a class `__dict__` and `__weakref__`, by which its instances' are reached, unless its namespace has these names already. False: out
// of memory.
bool class_add_dictionary_attribute(VM *vm, Class *cls);
bool class_add_weak_attribute(VM *vm, Class *cls);

// Allocates an instance of `cls` (a built-in class or a script's subclass of it) with `size` bytes, zeroed after the
// header, plus a place for attributes where a subclass's instances take them. Every built-in type's __new__ uses it.
// NULL with MemoryError raised.
void *class_instantiate(VM *vm, Class *cls, size_t size);

// Finds `name` along the method resolution order. VALUE_EMPTY when it is nowhere.
Value class_lookup(VM *vm, Class *cls, String *name);

// As class_lookup for a special method, cached in the class.
Value class_special(VM *vm, Class *cls, Special special);

// Whether the class of a built-in layout overrides the special method by something that is not the layout's own
// operation; *method gets it (unbound). The protocol functions ask this before using TypeOps.
bool class_overrides(VM *vm, Class *cls, Special special, Value *method);

// Sets (or with VALUE_EMPTY deletes) an attribute of the class itself and tells all caches. 1; 0: nothing to delete;
// -1: error.
int class_set_attribute(VM *vm, Class *cls, String *name, Value value);

// Gives a class other bases, as `__bases__ = value` does. 1, or -1 with CPython's TypeErrors; then nothing has changed.
int class_set_bases(VM *vm, Class *cls, Value value);

// Sets flags of a class and of all its subclasses. What built-in classes are is fixed: those are left out.
void class_set_flags(VM *vm, Class *cls, uint32_t flags);

// The shape that adds `name` to `shape`. NULL: out of memory.
Shape *shape_add(VM *vm, Shape *shape, String *name);
// The slot of an interned `name` in a shape, or -1.
int shape_find(VM *vm, Shape *shape, String *name);

extern const TypeOps class_ops, shape_ops;

// "module.qualname" as error messages and reprs show a class: the module is left out for builtins.
String *class_full_name(VM *vm, Class *cls);
// The class's bare name as bytes.
const char *class_name(const Class *cls);
// Its name for messages: bare, but for classes of native modules, which CPython's messages show with their module.
const char *class_shown_name(const Class *cls);
// The same of the value's class.
const char *type_name(VM *vm, Value v);

#endif

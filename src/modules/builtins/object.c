// Built-in functions on any object: attributes, classes, identity, text.
#include <string.h>

#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/core/native.h"
#include "object/core/type.h"
#include "object/function/generic_alias.h"
#include "object/shared/builtin.h"

static Value builtin_ascii(VM *vm, Value *args, size_t count) { return object_or_error(value_ascii(vm, args[0])); }
static Value builtin_repr(VM *vm, Value *args, size_t count) { return object_or_error(value_repr(vm, args[0])); }
static Value builtin_callable(VM *vm, Value *args, size_t count) { return value_bool(value_callable(vm, args[0])); }

static Value builtin_format(VM *vm, Value *args, size_t count) {
    if (!is_empty(args[1]) && !is_string(args[1]))
        return raise_type_error(vm, "format() argument 2 must be str, not %s", type_name(vm, args[1]));
    return object_or_error(value_format(vm, args[0], is_empty(args[1]) ? vm->names.empty : string_of(args[1])));
}

static Value builtin_hash(VM *vm, Value *args, size_t count) {
    uint64_t hash;
    return value_hash(vm, args[0], &hash) < 0 ? VALUE_ERROR : value_from_hash(vm, hash);
}

static Value builtin_id(VM *vm, Value *args, size_t count) {
    if (is_object(args[0])) return value_small((int64_t)(uintptr_t)object_of(args[0]));
    // What is no object has its own value as identity, apart from every address.
    return int_from_int64(vm, (int64_t)(args[0].bits >> 1 | (uint64_t)1 << 62));
}

static Value builtin_len(VM *vm, Value *args, size_t count) {
    int64_t length = value_length(vm, args[0]);
    return length < 0 ? VALUE_ERROR : int_from_int64(vm, length);
}

// ---- Attributes

static String *attribute_name(VM *vm, Value v) {
    if (!is_string(v)) {
        raise_type_error(vm, "attribute name must be string, not '%s'", type_name(vm, v));
        return NULL;
    }
    return string_intern(vm, string_of(v));
}

static Value builtin_getattr(VM *vm, Value *args, size_t count) {
    String *name = attribute_name(vm, args[1]);
    if (!name) return VALUE_ERROR;
    if (is_empty(args[2])) return value_get_attribute(vm, args[0], name);
    Value found = value_find_attribute(vm, args[0], name);
    return is_empty(found) ? args[2] : found;
}

static Value builtin_hasattr(VM *vm, Value *args, size_t count) {
    String *name = attribute_name(vm, args[1]);
    if (!name) return VALUE_ERROR;
    Value found = value_find_attribute(vm, args[0], name);
    return is_error(found) ? VALUE_ERROR : value_bool(!is_empty(found));
}

static Value builtin_setattr(VM *vm, Value *args, size_t count) {
    String *name = attribute_name(vm, args[1]);
    return name && value_set_attribute(vm, args[0], name, args[2]) >= 0 ? VALUE_NONE : VALUE_ERROR;
}

static Value builtin_delattr(VM *vm, Value *args, size_t count) {
    String *name = attribute_name(vm, args[1]);
    return name && value_delete_attribute(vm, args[0], name) >= 0 ? VALUE_NONE : VALUE_ERROR;
}

// ---- Classes

// 1, 0, -1. `special`: __instancecheck__ or __subclasscheck__.
// What acts as a class without being one says so by a tuple __bases__: that, VALUE_EMPTY for anything else, or VALUE_ERROR.
static Value bases_of(VM *vm, Value v) {
    Value bases = value_find_attribute(vm, v, vm->names.__bases__);
    return is_error(bases) || is_tuple(bases) ? bases : VALUE_EMPTY;
}

// Whether one is the other or inherits from it, by their __bases__: 1, 0, -1. [script]
static int inherits(VM *vm, Value derived, Value from) {
    if (!recursion_enter(vm, " in __subclasscheck__")) return -1;
    int found = 0;
    while (!found) {
        if (value_same(derived, from)) {
            found = 1;
            break;
        }
        Value bases = vm_poll(vm, 1) ? bases_of(vm, derived) : VALUE_ERROR;
        if (is_error(bases)) found = -1;
        if (is_error(bases) || is_empty(bases) || !tuple_of(bases)->length) break;
        Tuple *all = tuple_of(bases);
        for (size_t i = 1; i < all->length && !found; i++) found = inherits(vm, all->items[i], from);
        derived = all->items[0];
    }
    recursion_leave(vm);
    return found;
}

// isinstance() and issubclass() where one of the two is no class.
static int abstract_check(VM *vm, Value v, Value by, Special special) {
    bool is_instance = special == SPECIAL_INSTANCECHECK;
    Value bases = is_instance || is_kind(v, KIND_CLASS) ? VALUE_NONE : bases_of(vm, v);
    if (is_empty(bases)) return raise_type_error(vm, "issubclass() arg 1 must be a class"), -1;
    if (!is_error(bases) && !is_kind(by, KIND_CLASS)) {
        bases = bases_of(vm, by);
        if (is_empty(bases))
            return raise_type_error(vm, is_instance ? "isinstance() arg 2 must be a type, a tuple of types, or a union"
                                                    : "issubclass() arg 2 must be a class, a tuple of classes, or a union"),
                   -1;
    }
    if (is_error(bases)) return -1;
    Value cls = is_instance ? value_find_attribute(vm, v, vm->names.__class__) : v;
    return is_error(cls) ? -1 : is_empty(cls) ? 0 : inherits(vm, cls, by);
}

int class_check(VM *vm, Value v, Value by, Special special) {
    if (special == SPECIAL_INSTANCECHECK && is_kind(by, KIND_CLASS) && class_of(vm, v) == (Class *)object_of(by)) return 1;
    Tuple *members = is_tuple(by) ? tuple_of(by) : type_union_members(by);
    if (members) {
        if (!recursion_enter(vm, special == SPECIAL_INSTANCECHECK ? " in __instancecheck__" : " in __subclasscheck__")) return -1;
        int found = 0;
        for (size_t i = 0; found == 0 && i < members->length; i++) {
            Value member = members->items[i];
            if (!vm_poll(vm, 1)) {
                found = -1;
                break;
            }
            // A union may hold None, which stands for its class.
            if (is_none(member) && !is_tuple(by)) member = value_object(vm->classes.none);
            found = class_check(vm, v, member, special);
        }
        recursion_leave(vm);
        return found;
    }
    Class *meta = class_of(vm, by);
    if (meta != vm->classes.type) {
        Value method = class_special(vm, meta, special);
        if (!is_empty(method) && !value_same(method, class_special(vm, vm->classes.type, special))) {
            Value result = value_call_special(vm, by, special, &v, 1);
            return is_error(result) ? -1 : value_truth(vm, result);
        }
    }
    if (special == SPECIAL_INSTANCECHECK) {
        if (is_generic_alias(by)) return raise_type_error(vm, "isinstance() argument 2 cannot be a parameterized generic"), -1;
        if (!is_kind(by, KIND_CLASS)) return abstract_check(vm, v, by, special);
        if (value_is_instance(vm, v, (Class *)object_of(by))) return 1;
        Class *cls = class_of(vm, v);
        if (cls->flags & CLASS_BUILTIN) return 0;
        // A proxy may show another __class__ than its own.
        Value shown = value_find_attribute(vm, v, vm->names.__class__);
        if (is_error(shown)) return -1;
        return is_kind(shown, KIND_CLASS) && class_is_subclass((Class *)object_of(shown), (Class *)object_of(by));
    }
    if (is_generic_alias(by) && is_kind(v, KIND_CLASS)) return raise_type_error(vm, "issubclass() argument 2 cannot be a parameterized generic"), -1;
    if (!is_kind(by, KIND_CLASS) || !is_kind(v, KIND_CLASS)) return abstract_check(vm, v, by, special);
    return class_is_subclass((Class *)object_of(v), (Class *)object_of(by));
}

static Value builtin_isinstance(VM *vm, Value *args, size_t count) {
    int result = class_check(vm, args[0], args[1], SPECIAL_INSTANCECHECK);
    return result < 0 ? VALUE_ERROR : value_bool(result);
}
static Value builtin_issubclass(VM *vm, Value *args, size_t count) {
    int result = class_check(vm, args[0], args[1], SPECIAL_SUBCLASSCHECK);
    return result < 0 ? VALUE_ERROR : value_bool(result);
}

static const NativeDefinition functions[] = {
    {"ascii", builtin_ascii, "obj, /", NATIVE_METHOD, "As repr(), with escapes in place of all that is not ASCII."},
    {"callable", builtin_callable, "obj, /", NATIVE_METHOD, "Whether the object can be called."},
    {"delattr", builtin_delattr, "obj, name, /", NATIVE_METHOD, "Deletes an attribute: delattr(x, 'y') is del x.y."},
    {"format", builtin_format, "value, format_spec='', /", NATIVE_METHOD,
     "The value as text in the given format, as its class understands it; without one, mostly what str() gives."},
    {"getattr", builtin_getattr, "object, name, default=, /", NATIVE_METHOD,
     "An attribute by its name; where it is missing, `default`, or AttributeError without one."},
    {"hasattr", builtin_hasattr, "obj, name, /", NATIVE_METHOD, "Whether the object has an attribute of that name."},
    {"hash", builtin_hash, "obj, /", NATIVE_METHOD, "The number by which dicts and sets find the object; TypeError where it has none."},
    {"id", builtin_id, "obj, /", NATIVE_METHOD, "A number that no other object has while this one lives."},
    {"isinstance", builtin_isinstance, "obj, class_or_tuple, /", NATIVE_METHOD,
     "Whether the object is of a class, or of one of a tuple or union of classes, or of a subclass."},
    {"issubclass", builtin_issubclass, "cls, class_or_tuple, /", NATIVE_METHOD,
     "Whether a class is another one, or one of a tuple or union of classes, or inherits from it."},
    {"len", builtin_len, "obj, /", NATIVE_METHOD, "How many items a container has."},
    {"repr", builtin_repr, "obj, /", NATIVE_METHOD, "The object as text for programmers: where that is possible, what would make it."},
    {"setattr", builtin_setattr, "obj, name, value, /", NATIVE_METHOD, "Sets an attribute: setattr(x, 'y', value) is x.y = value."},
    {0}};

bool builtins_object_add(VM *vm, Dict *namespace) { return native_add_functions(vm, namespace, functions) > 0; }

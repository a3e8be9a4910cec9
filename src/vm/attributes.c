// Attributes of objects and the inline caches that remember where they were found.
#include "vm/support.h"

#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/module.h"
#include "object/core/protocol.h"
#include "object/core/type.h"
#include "object/text/str.h"

// Whether an attribute of an object of this shape is decided by the shape alone.
static bool shape_decides(const Class *cls, const Object *o) {
    const Shape *shape = object_shape(o);
    if (!shape->id || cls->flags & (CLASS_CUSTOM_GETATTRIBUTE)) return false;
    if (object_kind(o) == KIND_INSTANCE) return !shape->is_dictionary;
    if (!(cls->flags & CLASS_BUILTIN) || cls->ops->get_attribute) return false;
    // One that may have a dict has another shape once there is one.
    return !(cls->flags & CLASS_HAS_DICT) || (object_flag(o, OBJECT_HAS_ATTRIBUTES) && !shape->is_dictionary);
}

static void cache(Instruction *at, uint32_t id, uint32_t kind, uint32_t slot, uint64_t word) {
    at[1].cached_id = id;
    at[1].cached_slot = kind << CACHE_KIND_SHIFT | slot;
    at[2].word = word;
}

static bool cache_module(VM *vm, Object *o, String *name, Instruction *at, Value *found) {
    if (object_shape(o)->cls != vm->classes.module) return false; // its class may have more to say
    Dict *namespace = ((ModuleObject *)o)->namespace;
    int64_t entry = dict_find_string(vm, namespace, name);
    if (entry < 0 || entry > CACHE_SLOT_MASK) return false;
    cache(at, dict_layout_id(vm, namespace), CACHE_MODULE, (uint32_t)entry, 0);
    *found = namespace->entries[entry].value;
    return true;
}

Value load_attribute_slow(VM *vm, Value object, String *name, Instruction *at) {
    if (!is_object(object)) return value_get_attribute(vm, object, name);
    Object *o = object_of(object);
    Value found;
    if (object_kind(o) == KIND_MODULE && cache_module(vm, o, name, at, &found)) return found;
    Class *cls = object_shape(o)->cls;
    if (!shape_decides(cls, o)) return value_get_attribute(vm, object, name);
    found = class_lookup(vm, cls, name);
    Shape *shape = object_shape(o);
    if (!is_empty(found) && attribute_is_data_descriptor(vm, found)) {
        const TypeOps *ops = is_kind(found, KIND_NATIVE_DATA) ? class_of(vm, found)->ops : NULL;
        return ops && ops->bind ? ops->bind(vm, found, object) : value_get_attribute(vm, object, name);
    }
    if (object_kind(o) == KIND_INSTANCE) {
        int slot = shape_find(vm, shape, name);
        if (slot >= 0) {
            Value own = *instance_slot((Instance *)o, shape, (uint32_t)slot);
            if (!is_empty(own)) {
                if ((uint32_t)slot < shape->inline_capacity)
                    cache(at, shape->id, CACHE_INLINE, (uint32_t)slot, 0);
                else
                    cache(at, shape->id, CACHE_OVERFLOW, (uint32_t)slot - shape->inline_capacity, 0);
                return own;
            }
            return value_get_attribute(vm, object, name);
        }
    }
    if (is_empty(found)) return value_get_attribute(vm, object, name);
    if (is_function(found) || (is_native(found) && native_of(found)->owner &&
                               native_of(found)->definition->flavour == NATIVE_METHOD && is_empty(native_of(found)->self)))
        cache(at, shape->id, CACHE_METHOD, 0, found.bits);
    else if (!is_object(found) || class_of(vm, found)->flags & CLASS_BUILTIN) {
        Kind kind = is_object(found) ? object_kind(object_of(found)) : KIND_INT;
        if (kind != KIND_WRAPPED_METHOD && kind != KIND_PROPERTY && kind != KIND_DESCRIPTOR && kind != KIND_MEMBER)
            cache(at, shape->id, CACHE_VALUE, 0, found.bits);
    }
    return attribute_bind(vm, found, object, cls);
}

// The function of a class method, for which a bound method need not be made when it is called at once; or VALUE_EMPTY.
static Value class_method_of(VM *vm, Class *cls, String *name) {
    Value found = class_lookup(vm, cls, name);
    if (!is_kind(found, KIND_WRAPPED_METHOD)) return VALUE_EMPTY;
    const WrappedMethod *wrapped = (WrappedMethod *)object_of(found);
    if (!wrapped->is_class_method || !is_empty(class_lookup(vm, vm->classes.type, name))) return VALUE_EMPTY;
    bool plain = is_function(wrapped->function) || (is_native(wrapped->function) && is_empty(native_of(wrapped->function)->self));
    return plain ? wrapped->function : VALUE_EMPTY;
}

bool load_method_slow(VM *vm, Value object, String *name, Instruction *at, Value *target) {
    target[1] = VALUE_EMPTY;
    Class *cls = class_of(vm, object);
    if (cls == vm->classes.type) {
        target[0] = class_method_of(vm, (Class *)object_of(object), name);
        if (!is_empty(target[0])) return target[1] = object, true;
    }
    bool decided = is_object(object) && shape_decides(cls, object_of(object));
    if (is_object(object) && object_kind(object_of(object)) == KIND_MODULE &&
        cache_module(vm, object_of(object), name, at, &target[0]))
        return true;
    bool immediate = !is_object(object);
    if (decided || immediate) {
        Value found = class_lookup(vm, cls, name);
        bool method = !is_empty(found) &&
                      (is_function(found) || (is_native(found) && native_of(found)->owner &&
                                              native_of(found)->definition->flavour == NATIVE_METHOD &&
                                              is_empty(native_of(found)->self)));
        if (method && (immediate || object_kind(object_of(object)) != KIND_INSTANCE ||
                       shape_find(vm, object_shape(object_of(object)), name) < 0)) {
            if (decided) cache(at, object_shape(object_of(object))->id, CACHE_METHOD, 0, found.bits);
            target[0] = found;
            target[1] = object;
            return true;
        }
    }
    target[0] = value_get_attribute(vm, object, name);
    return !is_error(target[0]);
}

bool store_attribute_slow(VM *vm, Value object, Value value, String *name, Instruction *at) {
    if (!is_object(object) || object_kind(object_of(object)) != KIND_INSTANCE)
        return value_set_attribute(vm, object, name, value) >= 0;
    Object *o = object_of(object);
    Class *cls = object_shape(o)->cls;
    Shape *before = object_shape(o);
    if (cls->flags & CLASS_CUSTOM_SETATTR || before->is_dictionary || !before->id)
        return value_set_attribute(vm, object, name, value) >= 0;
    Value found = class_lookup(vm, cls, name);
    if (!is_empty(found) && attribute_is_data_descriptor(vm, found)) return value_set_attribute(vm, object, name, value) >= 0;
    int slot = shape_find(vm, before, name);
    if (value_set_attribute(vm, object, name, value) < 0) return false;
    if (slot >= 0) {
        if ((uint32_t)slot < before->inline_capacity)
            cache(at, before->id, CACHE_INLINE, (uint32_t)slot, 0);
        else
            cache(at, before->id, CACHE_OVERFLOW, (uint32_t)slot - before->inline_capacity, 0);
    } else {
        Shape *after = object_shape(o);
        if (!after->is_dictionary && after->parent == before && after->slot_count <= after->inline_capacity)
            cache(at, before->id, CACHE_ADD, after->slot_count - 1, (uint64_t)(uintptr_t)after);
    }
    return true;
}

bool load_context_method(VM *vm, Value object, int which, Value *target) {
    static const Special specials[] = {SPECIAL_ENTER, SPECIAL_EXIT, SPECIAL_AENTER, SPECIAL_AEXIT};
    static const char *const missed[] = {"", " (missed __exit__ method)", "", " (missed __aexit__ method)"};
    Class *cls = class_of(vm, object);
    Value method = class_special(vm, cls, specials[which]);
    if (is_empty(method)) {
        raise_type_error(vm, "'%s' object does not support the %scontext manager protocol%s", class_name(cls),
                         which >= 2 ? "asynchronous " : "", missed[which]);
        return false;
    }
    if (is_function(method) || is_native(method)) {
        target[0] = method;
        target[1] = object;
        return true;
    }
    target[1] = VALUE_EMPTY;
    target[0] = attribute_bind(vm, method, object, cls);
    return !is_error(target[0]);
}

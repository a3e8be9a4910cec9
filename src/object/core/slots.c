// __slots__: which attributes the instances of a class have, when it says so.
#include "base/utf8.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/class_internal.h"
#include "object/core/errors.h"
#include "object/function/member.h"
#include "object/text/str.h"
#include "object/text/unicode.h"

static bool is_identifier(const String *name) {
    for (size_t i = 0; i < name->size;) {
        int width;
        uint32_t c = utf8_decode(name->data + i, &width);
        if (!(i ? unicode_is_identifier_continue(c) : unicode_is_identifier_start(c))) return false;
        i += (size_t)width;
    }
    return name->size != 0;
}

// A name that is private to the class, as the compiler writes it everywhere in its body. NULL: out of memory.
static String *mangled(VM *vm, const Class *cls, String *name) {
    const char *owner = cls->name->data;
    while (*owner == '_') owner++;
    bool is_private = name->size > 2 && name->data[0] == '_' && name->data[1] == '_' &&
                      !(name->data[name->size - 1] == '_' && name->data[name->size - 2] == '_');
    if (!is_private || !*owner) return name;
    String *text = string_format(vm, "_%s%s", owner, name->data);
    return text ? string_intern(vm, text) : NULL;
}

// Adds one name of __slots__ to `names`, and what stands for it to the class. False on an error.
static bool add_slot(VM *vm, Class *cls, Class *base, List *names, String *name) {
    if (base->kind == KIND_INT || base->kind == KIND_TUPLE || base->kind == KIND_BYTES)
        return raise_type_error(vm, "nonempty __slots__ not supported for subtype of '%s'", class_name(base)), false;
    if (!is_identifier(name)) return raise_type_error(vm, "__slots__ must be identifiers"), false;
    name = mangled(vm, cls, name);
    if (!name) return false;
    if (!is_empty(dict_get_string(vm, cls->attributes, name)))
        return raise_value_error(vm, "'%s' in __slots__ conflicts with class variable", name->data), false;
    Object *member = member_new(vm, cls, name);
    return member && list_append(vm, names, value_object(name)) && dict_set_string(vm, cls->attributes, name, value_object(member)) >= 0;
}

// Whether a base's instances can be referred to weakly.
static bool inherits_weak(const Class *cls) {
    for (size_t i = 1; i < cls->mro->length; i++) {
        const Class *base = (Class *)object_of(cls->mro->items[i]);
        if (base->flags & CLASS_BUILTIN ? base->kind == KIND_SET : !(base->flags & CLASS_NO_WEAK)) return true;
    }
    return false;
}

bool class_read_slots(VM *vm, Class *cls, Class *base) {
    Value slots = dict_get_string(vm, cls->attributes, vm->names.__slots__);
    List *names = list_new(vm, 4);
    if (!names) return false;
    bool open = is_empty(slots), has_weak = false;
    for (size_t i = 1; i < cls->mro->length; i++) {
        Class *ancestor = (Class *)object_of(cls->mro->items[i]);
        if (ancestor->flags & CLASS_HAS_DICT) open = true;
        if (ancestor->slot_names && ancestor != base)
            for (size_t k = 0; k < ancestor->slot_names->length; k++)
                if (!list_append(vm, names, ancestor->slot_names->items[k])) return false;
    }
    if (base->slot_names)
        for (size_t k = 0; k < base->slot_names->length; k++)
            if (!list_append(vm, names, base->slot_names->items[k])) return false;
    if (!is_empty(slots)) {
        Value one[1] = {slots};
        Tuple *given = is_string(slots) ? tuple_from(vm, one, 1) : tuple_from_iterable(vm, slots);
        if (!given) return false;
        for (size_t i = 0; i < given->length; i++) {
            if (!is_string(given->items[i])) {
                raise_type_error(vm, "__slots__ items must be strings, not '%s'", type_name(vm, given->items[i]));
                return false;
            }
            String *name = string_intern(vm, string_of(given->items[i]));
            if (!name) return false;
            bool weak = string_is(name, "__weakref__");
            if (weak ? has_weak || inherits_weak(cls) : name == vm->names.__dict__ && open)
                return raise_type_error(vm, "%s slot disallowed: we already got one", name->data), false;
            if (name == vm->names.__dict__)
                open = true;
            else if (weak)
                has_weak = true;
            else if (!add_slot(vm, cls, base, names, name))
                return false;
        }
    }
    if (!is_empty(slots) && !has_weak && !inherits_weak(cls)) cls->flags |= CLASS_NO_WEAK;
    if (open) cls->flags |= CLASS_HAS_DICT;
    if (names->length) {
        cls->slot_names = tuple_from(vm, names->items, names->length);
        if (!cls->slot_names) return false;
    }
    return true;
}

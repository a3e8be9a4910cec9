// __slots__: which attributes the instances of a class have, when it says so.
#include "base/utf8.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/class_internal.h"
#include "object/core/errors.h"
#include "object/core/weak.h"
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
static bool add_slot(VM *vm, Class *cls, List *names, String *name) {
    if (!is_identifier(name)) return raise_type_error(vm, "__slots__ must be identifiers"), false;
    name = mangled(vm, cls, name);
    if (!name) return false;
    Value known = dict_get_string(vm, cls->attributes, name);
    if (is_kind(known, KIND_MEMBER) && member_owner_of(known) == cls) return true; // named twice
    if (!is_empty(known) && name != vm->names.__qualname__)
        return raise_value_error(vm, "'%s' in __slots__ conflicts with class variable", name->data), false;
    cls->flags |= CLASS_ADDS_SLOTS;
    Object *member = member_new(vm, cls, name);
    if (!member || !list_append(vm, names, value_object(name))) return false;
    return !is_empty(known) || dict_set_string(vm, cls->attributes, name, value_object(member)) >= 0;
}

static bool is_of_varying_size(const Class *cls) { return cls->kind == KIND_INT || cls->kind == KIND_TUPLE || cls->kind == KIND_BYTES; }

// Whether a base's instances can be referred to weakly.
static bool inherits_weak(VM *vm, const Class *cls) {
    for (size_t i = 1; i < cls->mro->length; i++)
        if (class_is_referenceable(vm, (Class *)object_of(cls->mro->items[i]))) return true;
    return false;
}

// The names of the slots that the class has from its bases.
static List *inherited_slots(VM *vm, const Class *cls, const Class *base) {
    List *names = list_new(vm, 4);
    for (size_t i = 1; names && i <= cls->mro->length; i++) {
        // Those of the base that decides the layout come last.
        const Class *ancestor = i < cls->mro->length ? (Class *)object_of(cls->mro->items[i]) : base;
        if (!ancestor->slot_names || (ancestor == base && i < cls->mro->length)) continue;
        for (size_t k = 0; k < ancestor->slot_names->length; k++)
            if (!list_append(vm, names, ancestor->slot_names->items[k])) return NULL;
    }
    return names;
}

bool class_read_slots(VM *vm, Class *cls, Class *base) {
    Value slots = dict_get_string(vm, cls->attributes, vm->names.__slots__);
    List *names = inherited_slots(vm, cls, base);
    if (!names) return false;
    bool has_dict = false, has_weak = inherits_weak(vm, cls);
    for (size_t i = 1; i < cls->mro->length; i++) {
        const Class *ancestor = (Class *)object_of(cls->mro->items[i]);
        has_dict |= ancestor->flags & CLASS_HAS_DICT || ancestor->kind == KIND_MODULE;
    }
    bool adds_dict = is_empty(slots) && !has_dict, adds_weak = is_empty(slots) && !has_weak && !is_of_varying_size(base);
    if (!is_empty(slots)) {
        Value one[1] = {slots};
        Tuple *given = is_string(slots) ? tuple_from(vm, one, 1) : tuple_from_iterable(vm, slots);
        if (!given) return false;
        if (given->length && is_of_varying_size(base))
            return raise_type_error(vm, "nonempty __slots__ not supported for subtype of '%s'", class_name(base)), false;
        for (size_t i = 0; i < given->length; i++) {
            if (!is_string(given->items[i])) {
                raise_type_error(vm, "__slots__ items must be strings, not '%s'", type_name(vm, given->items[i]));
                return false;
            }
            String *name = string_intern(vm, string_of(given->items[i]));
            if (!name) return false;
            bool is_dict_slot = name == vm->names.__dict__, is_weak_slot = name == vm->names.__weakref__;
            if (is_weak_slot ? has_weak || adds_weak : is_dict_slot && (has_dict || adds_dict))
                return raise_type_error(vm, "%s slot disallowed: we already got one", name->data), false;
            adds_dict |= is_dict_slot;
            adds_weak |= is_weak_slot;
            if (!is_dict_slot && !is_weak_slot && !add_slot(vm, cls, names, name)) return false;
        }
    }
    if (!has_weak && !adds_weak) cls->flags |= CLASS_NO_WEAK;
    if (has_dict || adds_dict) cls->flags |= CLASS_HAS_DICT;
    if ((adds_dict && !class_add_dictionary_attribute(vm, cls)) || (adds_weak && !class_add_weak_attribute(vm, cls))) return false;
    if (names->length) {
        cls->slot_names = tuple_from(vm, names->items, names->length);
        if (!cls->slot_names) return false;
    }
    return true;
}

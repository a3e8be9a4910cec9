// The methods of set and frozenset.
#include "object/container/dict.h"
#include "object/container/set.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"

static Value set_dunder_new(VM *vm, Value *args, size_t count) {
    Class *cls = builtin_new_class(vm, args[0], vm->classes.set);
    if (!cls) return VALUE_ERROR;
    return object_or_error(builtin_allocate(vm, cls, vm->classes.set, KIND_SET, sizeof(Set)));
}

static Value set_dunder_init(VM *vm, Value *args, size_t count) {
    if (count > 2) return raise_type_error(vm, "set expected at most 1 argument, got %zu", count - 1);
    set_clear(vm, set_of(args[0]));
    if (count > 1 && set_update(vm, set_of(args[0]), args[1]) < 0) return VALUE_ERROR;
    return VALUE_NONE;
}

static Value frozenset_dunder_new(VM *vm, Value *args, size_t count) {
    Class *cls = builtin_new_class(vm, args[0], vm->classes.frozenset);
    if (!cls) return VALUE_ERROR;
    if (count > 2) return raise_type_error(vm, "frozenset expected at most 1 argument, got %zu", count - 1);
    if (count > 1 && cls == vm->classes.frozenset && is_exactly(args[1], cls)) return args[1];
    Set *set = builtin_allocate(vm, cls, vm->classes.frozenset, KIND_SET, sizeof(Set));
    if (!set) return VALUE_ERROR;
    object_set_flag(&set->object, SET_FROZEN, true);
    if (count > 1 && set_update(vm, set, args[1]) < 0) return VALUE_ERROR;
    return value_object(set);
}

static Value set_add_method(VM *vm, Value *args, size_t count) {
    return set_add(vm, set_of(args[0]), args[1]) < 0 ? VALUE_ERROR : VALUE_NONE;
}

static Value set_clear_method(VM *vm, Value *args, size_t count) {
    set_clear(vm, set_of(args[0]));
    return VALUE_NONE;
}

static Value set_copy_method(VM *vm, Value *args, size_t count) {
    if (is_exactly(args[0], vm->classes.frozenset)) return args[0];
    return object_or_error(set_copy(vm, set_of(args[0]), set_is_frozen(set_of(args[0]))));
}

static Value set_discard_method(VM *vm, Value *args, size_t count) {
    return set_remove(vm, set_of(args[0]), args[1]) < 0 ? VALUE_ERROR : VALUE_NONE;
}

static Value set_remove_method(VM *vm, Value *args, size_t count) {
    int removed = set_remove(vm, set_of(args[0]), args[1]);
    if (!removed) return raise_with_value(vm, vm->exceptions.key_error, args[1]);
    return removed < 0 ? VALUE_ERROR : VALUE_NONE;
}

static Value set_pop_method(VM *vm, Value *args, size_t count) {
    Set *set = set_of(args[0]);
    if (!set->used) {
        String *text = string_from(vm, "pop from an empty set");
        return text ? raise_with_value(vm, vm->exceptions.key_error, value_object(text)) : VALUE_ERROR;
    }
    size_t slot = set->finger & (set->capacity - 1), first = slot;
    while (is_empty(set->table[slot].key) || is_stop(set->table[slot].key))
        slot = (slot + 1) & (set->capacity - 1);
    vm_count_work(vm, ((slot - first) & (set->capacity - 1)) / 16);
    Value item = set->table[slot].key;
    set->table[slot] = (SetEntry){VALUE_STOP, 0};
    set->used--;
    set->changes++;
    set->finger = slot + 1;
    return item;
}

// The methods that take any number of iterables start from a copy and change it by each.
static Value combine(VM *vm, Value *args, size_t count, Set *(*operation)(VM *, Set *, Value, bool)) {
    Set *set = set_of(args[0]);
    bool frozen = set_is_frozen(set);
    if (count == 1) return object_or_error(set_copy(vm, set, frozen));
    for (size_t i = 1; set && i < count; i++) set = operation(vm, set, args[i], frozen);
    return object_or_error(set);
}

static Value set_intersection_method(VM *vm, Value *args, size_t count) {
    return combine(vm, args, count, set_intersection);
}

static Value set_difference_method(VM *vm, Value *args, size_t count) {
    return combine(vm, args, count, set_difference);
}

static Value set_union_method(VM *vm, Value *args, size_t count) {
    Set *result = set_copy(vm, set_of(args[0]), set_is_frozen(set_of(args[0])));
    if (!result) return VALUE_ERROR;
    for (size_t i = 1; i < count; i++)
        if (set_update(vm, result, args[i]) < 0) return VALUE_ERROR;
    return value_object(result);
}

static Value set_symmetric_difference_method(VM *vm, Value *args, size_t count) {
    Set *set = set_of(args[0]);
    return object_or_error(set_symmetric_difference(vm, set, args[1], set_is_frozen(set)));
}

static Value update_by_each(VM *vm, Value *args, size_t count, int (*operation)(VM *, Set *, Value)) {
    for (size_t i = 1; i < count; i++)
        if (operation(vm, set_of(args[0]), args[i]) < 0) return VALUE_ERROR;
    return VALUE_NONE;
}

static Value set_update_method(VM *vm, Value *args, size_t count) {
    return update_by_each(vm, args, count, set_update);
}

static Value set_intersection_update_method(VM *vm, Value *args, size_t count) {
    return update_by_each(vm, args, count, set_intersection_update);
}

static Value set_difference_update_method(VM *vm, Value *args, size_t count) {
    return update_by_each(vm, args, count, set_difference_update);
}

static Value set_symmetric_difference_update_method(VM *vm, Value *args, size_t count) {
    return set_symmetric_difference_update(vm, set_of(args[0]), args[1]) < 0 ? VALUE_ERROR : VALUE_NONE;
}

static int stop_at_member(VM *vm, Value item, void *set) {
    int has = set_has(vm, set, item);
    return has < 0 ? -1 : !has;
}

static Value set_isdisjoint_method(VM *vm, Value *args, size_t count) {
    Set *set = set_of(args[0]);
    if (is_set(args[1])) {
        Set *walk = set_of(args[1]), *look = set;
        if (walk->used > look->used) walk = set, look = set_of(args[1]);
        for (size_t i = 0; i < walk->capacity; i++) {
            if (!vm_poll(vm, 1)) return VALUE_ERROR;
            SetEntry entry = walk->table[i];
            if (is_empty(entry.key) || is_stop(entry.key)) continue;
            int has = set_has_hashed(vm, look, entry.key, entry.hash);
            if (has) return has < 0 ? VALUE_ERROR : VALUE_FALSE;
        }
        return VALUE_TRUE;
    }
    int status = value_for_each(vm, args[1], stop_at_member, set);
    return status < 0 ? VALUE_ERROR : value_bool(status);
}

// The other operand as a set; the caller's argument is replaced by it.
static Set *as_set(VM *vm, Value *argument) {
    if (is_set(*argument)) return set_of(*argument);
    Set *set = set_from_iterable(vm, *argument, false);
    if (set) *argument = value_object(set);
    return set;
}

static Value set_issubset_method(VM *vm, Value *args, size_t count) {
    Set *other = as_set(vm, &args[1]);
    int status = other ? set_is_subset(vm, set_of(args[0]), other) : -1;
    return status < 0 ? VALUE_ERROR : value_bool(status);
}

static Value set_issuperset_method(VM *vm, Value *args, size_t count) {
    if (!is_set(args[1])) {
        List *items = list_from_iterable(vm, args[1]);
        if (!items) return VALUE_ERROR;
        args[1] = value_object(items);
        for (size_t i = 0; i < items->length; i++) {
            int has = set_has(vm, set_of(args[0]), items->items[i]);
            if (has <= 0) return has < 0 ? VALUE_ERROR : VALUE_FALSE;
        }
        return VALUE_TRUE;
    }
    int status = set_is_subset(vm, set_of(args[1]), set_of(args[0]));
    return status < 0 ? VALUE_ERROR : value_bool(status);
}

static Value set_sizeof_method(VM *vm, Value *args, size_t count) {
    return value_small((int64_t)(sizeof(Set) + set_of(args[0])->capacity * sizeof(SetEntry)));
}

static const NativeDefinition set_methods[] = {
    {"__new__", set_dunder_new, "cls, /, *args, **kwargs", NATIVE_NEW},
    {"__init__", set_dunder_init, "self, /, *args", NATIVE_METHOD},
    {"add", set_add_method, "self, object, /", NATIVE_METHOD, "Puts an object into the set, unless an equal one is there."},
    {"clear", set_clear_method, "self, /", NATIVE_METHOD, "Takes all elements out."},
    {"copy", set_copy_method, "self, /", NATIVE_METHOD, "A new set with the same elements."},
    {"discard", set_discard_method, "self, object, /", NATIVE_METHOD, "Takes an element out if it is there."},
    {"difference", set_difference_method, "self, /, *others", NATIVE_METHOD, "A new set of the elements that are in none of the others."},
    {"difference_update", set_difference_update_method, "self, /, *others", NATIVE_METHOD,
     "Takes out all elements that are in one of the others."},
    {"intersection", set_intersection_method, "self, /, *others", NATIVE_METHOD,
     "A new set of the elements that are in all of the others too."},
    {"intersection_update", set_intersection_update_method, "self, /, *others", NATIVE_METHOD,
     "Keeps the elements that are in all of the others too."},
    {"isdisjoint", set_isdisjoint_method, "self, other, /", NATIVE_METHOD, "Whether no element is in the other."},
    {"issubset", set_issubset_method, "self, other, /", NATIVE_METHOD, "Whether the other has every element of this set."},
    {"issuperset", set_issuperset_method, "self, other, /", NATIVE_METHOD, "Whether this set has every element of the other."},
    {"pop", set_pop_method, "self, /", NATIVE_METHOD, "Takes out some element and returns it; KeyError where the set is empty."},
    {"remove", set_remove_method, "self, object, /", NATIVE_METHOD, "Takes an element out; KeyError where it is not there."},
    {"symmetric_difference", set_symmetric_difference_method, "self, other, /", NATIVE_METHOD,
     "A new set of the elements that are in one of the two but not in both."},
    {"symmetric_difference_update", set_symmetric_difference_update_method, "self, other, /", NATIVE_METHOD,
     "Keeps what is not in the other, and adds what only that has."},
    {"union", set_union_method, "self, /, *others", NATIVE_METHOD, "A new set of what is in this one or any of the others."},
    {"update", set_update_method, "self, /, *others", NATIVE_METHOD, "Adds what is in any of the others."},
    {"__sizeof__", set_sizeof_method, "self, /", NATIVE_METHOD},
    {0},
};

static const NativeDefinition frozenset_methods[] = {
    {"__new__", frozenset_dunder_new, "cls, /, *args", NATIVE_NEW},
    {"copy", set_copy_method, "self, /", NATIVE_METHOD,
     "The frozenset itself; of a subclass's object a frozenset with the same elements."},
    {"difference", set_difference_method, "self, /, *others", NATIVE_METHOD,
     "A new frozenset of the elements that are in none of the others."},
    {"intersection", set_intersection_method, "self, /, *others", NATIVE_METHOD,
     "A new frozenset of the elements that are in all of the others too."},
    {"isdisjoint", set_isdisjoint_method, "self, other, /", NATIVE_METHOD, "Whether no element is in the other."},
    {"issubset", set_issubset_method, "self, other, /", NATIVE_METHOD, "Whether the other has every element of this frozenset."},
    {"issuperset", set_issuperset_method, "self, other, /", NATIVE_METHOD, "Whether this frozenset has every element of the other."},
    {"symmetric_difference", set_symmetric_difference_method, "self, other, /", NATIVE_METHOD,
     "A new frozenset of the elements that are in one of the two but not in both."},
    {"union", set_union_method, "self, /, *others", NATIVE_METHOD, "A new frozenset of what is in this one or any of the others."},
    {"__sizeof__", set_sizeof_method, "self, /", NATIVE_METHOD},
    {0},
};

bool set_methods_init(VM *vm) {
    return native_add_methods(vm, vm->classes.set, set_methods) >= 0 &&
           native_add_methods(vm, vm->classes.frozenset, frozenset_methods) >= 0;
}

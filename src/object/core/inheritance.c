// Bases: the order in which a class's attributes are looked for, which layout its instances have, and who is told of changes.
#include <string.h>

#include "base/buffer.h"
#include "object/container/list.h"
#include "object/core/class_internal.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/vm.h"
#include "object/function/function.h"
#include "object/text/str.h"

bool class_add_subclass(VM *vm, Class *base, Class *cls) {
    if (base->subclass_count == base->subclass_capacity) {
        uint32_t capacity = base->subclass_capacity ? base->subclass_capacity * 2 : 4;
        Class **grown = heap_resize(vm, base->subclasses, base->subclass_capacity * sizeof(Class *),
                                    capacity * sizeof(Class *));
        if (!grown) return raise_memory_error(vm), false;
        base->subclasses = grown;
        base->subclass_capacity = capacity;
    }
    base->subclasses[base->subclass_count++] = cls;
    return true;
}

// Merges the bases' orders (Barrett et al., "A monotonic superclass linearization for Dylan", 1996: C3).
Tuple *class_linearise(VM *vm, Class *cls, Tuple *bases) {
    size_t sequences = bases->length + 1, total = 1;
    for (size_t i = 1; i < bases->length; i++)
        for (size_t k = 0; k < i; k++)
            if (value_same(bases->items[i], bases->items[k]))
                return raise_type_error(vm, "duplicate base class %s", class_name((Class *)object_of(bases->items[i]))), NULL;
    for (size_t i = 0; i < bases->length; i++) total += ((Class *)object_of(bases->items[i]))->mro->length + 1;
    List *result = list_new(vm, total);
    size_t *heads = heap_resize(vm, NULL, 0, sequences * sizeof(size_t));
    if (!result || !heads) {
        heap_resize(vm, heads, heads ? sequences * sizeof(size_t) : 0, 0);
        if (result) raise_memory_error(vm);
        return NULL;
    }
    memset(heads, 0, sequences * sizeof(size_t));
    list_append(vm, result, value_object(cls));
#define SEQUENCE(i) ((i) < bases->length ? ((Class *)object_of(bases->items[i]))->mro : bases)
    bool consistent = true, interrupted = false;
    while (!interrupted) {
        Value next = VALUE_EMPTY;
        bool left = false;
        for (size_t i = 0; i < sequences && is_empty(next) && !interrupted; i++) {
            if (heads[i] >= SEQUENCE(i)->length) continue;
            interrupted = !vm_poll(vm, total / 32);
            left = true;
            Value candidate = SEQUENCE(i)->items[heads[i]];
            bool in_a_tail = false;
            for (size_t j = 0; j < sequences && !in_a_tail; j++)
                for (size_t k = heads[j] + 1; k < SEQUENCE(j)->length; k++)
                    in_a_tail |= value_same(SEQUENCE(j)->items[k], candidate);
            if (!in_a_tail) next = candidate;
        }
        if (!left || interrupted) break;
        if (is_empty(next)) {
            consistent = false;
            break;
        }
        list_append(vm, result, next);
        for (size_t i = 0; i < sequences; i++)
            if (heads[i] < SEQUENCE(i)->length && value_same(SEQUENCE(i)->items[heads[i]], next)) heads[i]++;
    }
    heap_resize(vm, heads, sequences * sizeof(size_t), 0);
    if (interrupted) return NULL;
    if (!consistent) {
        Buffer names = vm_buffer(vm);
        for (size_t i = 0; i < bases->length; i++)
            buffer_format(&names, "%s%s", i ? ", " : "", class_name((Class *)object_of(bases->items[i])));
        raise_type_error(vm, "Cannot create a consistent method resolution order (MRO) for bases %.*s",
                         (int)names.length, names.data ? names.data : "");
        buffer_free(&names);
        return NULL;
    }
#undef SEQUENCE
    return tuple_from(vm, result->items, result->length);
}

// The class of which `cls` has the layout: the first in its order that adds slots or is built in with a layout of its own; or NULL.
static Class *layout_of(const Class *cls) {
    for (size_t i = 0; i < cls->mro->length; i++) {
        Class *one = (Class *)object_of(cls->mro->items[i]);
        if (one->flags & CLASS_ADDS_SLOTS || (one->flags & CLASS_BUILTIN && one->kind != KIND_INSTANCE)) return one;
    }
    return NULL;
}

// Whether instances may be laid out as two bases want it, one of which at least adds slots.
static bool layouts_agree(const Class *a, const Class *b) {
    if (!((a->flags | b->flags) & CLASS_ADDS_SLOTS)) return true;
    if (class_is_subclass(a, b) || class_is_subclass(b, a)) return true;
    // Of built-in classes of one kind the slots' own is one more.
    return (a->flags | b->flags) & CLASS_BUILTIN && a->kind == b->kind;
}

Class *class_best_base(VM *vm, Tuple *bases) {
    Class *best = NULL, *layout = NULL;
    for (size_t i = 0; i < bases->length; i++) {
        if (!is_kind(bases->items[i], KIND_CLASS)) {
            raise_type_error(vm, "bases must be types");
            return NULL;
        }
        Class *base = (Class *)object_of(bases->items[i]);
        if (base->flags & CLASS_FINAL) {
            raise_type_error(vm, "type '%s' is not an acceptable base type", class_shown_name(base));
            return NULL;
        }
        Class *own = layout_of(base);
        if (own && layout && !layouts_agree(own, layout)) {
            raise_type_error(vm, "multiple bases have instance lay-out conflict");
            return NULL;
        }
        if (own && (!layout || class_is_subclass(own, layout))) layout = own;
        if (!best || (best->kind == KIND_INSTANCE && base->kind != KIND_INSTANCE)) {
            best = base;
        } else if (base->kind == KIND_NATIVE_DATA && best->kind == KIND_NATIVE_DATA && class_is_subclass(base, best)) {
            best = base; // a layout may go on from another
        } else if (base->kind != KIND_INSTANCE && !(base->kind == KIND_NATIVE_DATA && class_is_subclass(best, base)) &&
                   (base->kind != best->kind || (base->kind == KIND_NATIVE_DATA && base->ops != best->ops))) {
            raise_type_error(vm, "multiple bases have instance lay-out conflict");
            return NULL;
        }
    }
    return best;
}

// ---- An order of the metaclass's own: its mro()

// What it gives is looked at as far as the interpreter relies on it: classes, and none that would want instances to be laid out otherwise.
static bool check_order(VM *vm, const Class *cls, const Tuple *order) {
    if (!order->length) return raise_type_error(vm, "type MRO must not be empty"), false;
    const Class *layout = layout_of(cls);
    for (size_t i = 0; i < order->length; i++) {
        if (!is_kind(order->items[i], KIND_CLASS))
            return raise_type_error(vm, "mro() returned a non-class ('%s')", type_name(vm, order->items[i])), false;
        const Class *one = (Class *)object_of(order->items[i]), *wanted = layout_of(one);
        if (wanted && !(layout && class_is_subclass(layout, wanted)))
            return raise_type_error(vm, "mro() returned base with unsuitable layout ('%s')", class_name(one)), false;
    }
    return true;
}

bool class_ask_order(VM *vm, Class *cls) {
    Class *metaclass = class_of(vm, value_object(cls));
    if (metaclass == vm->classes.type) return true;
    String *name = string_intern_from(vm, "mro", 3);
    Value method = name ? class_lookup(vm, metaclass, name) : VALUE_ERROR;
    if (is_error(method)) return false;
    if (is_empty(method) || is_native(method)) return true;
    method = attribute_bind(vm, method, value_object(cls), metaclass);
    Value given = is_error(method) ? method : vm_call(vm, method, NULL, 0, NULL);
    Tuple *order = is_error(given) ? NULL : tuple_from_iterable(vm, given);
    if (!order || !check_order(vm, cls, order)) return false;
    cls->mro = order;
    return true;
}

// ---- Other bases for a class that is there

static void remove_subclass(Class *base, const Class *cls) {
    for (uint32_t i = 0; i < base->subclass_count; i++)
        if (base->subclasses[i] == cls) {
            memmove(&base->subclasses[i], &base->subclasses[i + 1], (--base->subclass_count - i) * sizeof(Class *));
            return;
        }
}

static bool same_slots(const Class *a, const Class *b) {
    if (!a->slot_names || !b->slot_names) return a->slot_names == b->slot_names;
    if (a->slot_names->length != b->slot_names->length) return false;
    for (size_t i = 0; i < a->slot_names->length; i++)
        if (!value_same(a->slot_names->items[i], b->slot_names->items[i])) return false;
    return true;
}

// The new orders of a class and of all its subclasses; `before` gets each class and its order so far. False with an exception.
static bool linearise_all(VM *vm, Class *cls, List *before) {
    if (!vm_may_recurse(vm)) return raise_error(vm, vm->exceptions.recursion_error, "maximum recursion depth exceeded"), false;
    if (!vm_poll(vm, 1) || !list_append(vm, before, value_object(cls)) || !list_append(vm, before, value_object(cls->mro))) return false;
    Tuple *mro = class_linearise(vm, cls, cls->bases);
    Tuple *old = cls->mro; // in force as long as the metaclass is asked
    if (!mro || !class_ask_order(vm, cls)) return false;
    if (cls->mro == old) cls->mro = mro;
    if (cls->flags & CLASS_CHANGING) return true;
    cls->flags |= CLASS_CHANGING;
    bool ok = true;
    for (uint32_t i = 0; i < cls->subclass_count && ok; i++) ok = linearise_all(vm, cls->subclasses[i], before);
    cls->flags &= ~(uint32_t)CLASS_CHANGING;
    return ok;
}

// Whether a class stands among the bases of another one, and their bases. Orders don't tell: a metaclass's mro() makes its own, and may give
// classes other bases in the middle of it. 1, 0, -1.
static int stands_above(VM *vm, const Class *cls, const Class *below) {
    List *all = list_new(vm, 8);
    if (!all || !list_append(vm, all, value_object(below))) return -1;
    for (size_t next = 0; next < all->length; next++) {
        const Class *one = (Class *)object_of(all->items[next]);
        if (one == cls) return 1;
        for (size_t i = 0; i < one->bases->length; i++) {
            bool known = false;
            for (size_t k = 0; k < all->length && !known; k++) known = value_same(all->items[k], one->bases->items[i]);
            if (!vm_poll(vm, 1 + all->length / 16) || (!known && !list_append(vm, all, one->bases->items[i]))) return -1;
        }
    }
    return 0;
}

static bool check_circle(VM *vm, const Class *cls, const Tuple *bases) {
    for (size_t i = 0; i < bases->length; i++) {
        int above = stands_above(vm, cls, (Class *)object_of(bases->items[i]));
        if (above > 0) raise_type_error(vm, "a __bases__ item causes an inheritance cycle");
        if (above) return false;
    }
    return true;
}

static bool check_new_bases(VM *vm, Class *cls, Value value) {
    const char *name = class_name(cls);
    if (cls->flags & CLASS_BUILTIN) return raise_type_error(vm, "cannot set '__bases__' attribute of immutable type '%s'", name), false;
    if (is_empty(value)) return raise_type_error(vm, "cannot delete '__bases__' attribute of immutable type '%s'", name), false;
    if (!is_tuple(value))
        return raise_type_error(vm, "can only assign tuple to %s.__bases__, not %s", name, type_name(vm, value)), false;
    Tuple *bases = tuple_of(value);
    if (!bases->length) return raise_type_error(vm, "can only assign non-empty tuple to %s.__bases__, not ()", name), false;
    for (size_t i = 0; i < bases->length; i++) {
        if (!is_kind(bases->items[i], KIND_CLASS))
            return raise_type_error(vm, "%s.__bases__ must be tuple of classes, not '%s'", name, type_name(vm, bases->items[i])), false;
        if (class_is_subclass((Class *)object_of(bases->items[i]), cls))
            return raise_type_error(vm, "a __bases__ item causes an inheritance cycle"), false;
    }
    if (!check_circle(vm, cls, bases)) return false;
    Class *best = class_best_base(vm, bases), *now = class_best_base(vm, cls->bases);
    if (!best || !now) return false;
    if ((best->flags & CLASS_BUILTIN) != (now->flags & CLASS_BUILTIN))
        return raise_type_error(vm, "__bases__ assignment: '%s' deallocator differs from '%s'", class_name(best), class_name(now)), false;
    if (best->kind == now->kind && best->ops == now->ops && best->instance_size == now->instance_size && same_slots(best, now) &&
        (best->flags & CLASS_EXCEPTION) == (now->flags & CLASS_EXCEPTION))
        return true;
    raise_type_error(vm, "__bases__ assignment: '%s' object layout differs from '%s'", class_name(best), class_name(now));
    return false;
}

int class_set_bases(VM *vm, Class *cls, Value value) {
    if (!check_new_bases(vm, cls, value)) return -1;
    Tuple *bases = tuple_of(value), *old = cls->bases;
    List *before = list_new(vm, 8);
    if (!before) return -1;
    cls->bases = bases;
    // What a metaclass's mro() changes meanwhile must not lead round by the old bases.
    for (size_t i = 0; i < old->length; i++) remove_subclass((Class *)object_of(old->items[i]), cls);
    if (!linearise_all(vm, cls, before) || !check_circle(vm, cls, bases)) {
        cls->bases = old;
        for (size_t i = 0; i + 1 < before->length; i += 2) ((Class *)object_of(before->items[i]))->mro = tuple_of(before->items[i + 1]);
        Value failure = vm->exception;
        for (size_t i = 0; i < old->length; i++) class_add_subclass(vm, (Class *)object_of(old->items[i]), cls); // there was room
        vm->exception = failure;
        return -1;
    }
    if (cls->bases != bases) return 1; // mro() has given the class others yet, and these are in force
    for (size_t i = 0; i < bases->length; i++) {
        Class *base = (Class *)object_of(bases->items[i]);
        if (!class_add_subclass(vm, base, cls)) return -1; // the classes are right; only this base will not tell of its changes
        class_set_flags(vm, cls, base->flags & (CLASS_SEQUENCE | CLASS_MAPPING | CLASS_ORDERED));
    }
    class_changed(vm, cls);
    return 1;
}

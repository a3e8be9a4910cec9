#include "object/core/weak.h"

#include <string.h>

#include "object/core/class.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"

// The references by their targets: open addressing, at home where the address says. Objects never move.
static size_t home(const struct WeakTable *table, const Object *target) {
    uint64_t address = (uint64_t)(uintptr_t)target >> 4;
    return (size_t)(address * 0x9E3779B97F4A7C15u >> 20) & (table->capacity - 1);
}

// The place of the target's references, or the free one for them. The table is not full.
static WeakReference **place_of(const struct WeakTable *table, const Object *target) {
    size_t at = home(table, target);
    while (table->places[at] && table->places[at]->target != target) at = (at + 1) & (table->capacity - 1);
    return &table->places[at];
}

WeakReference *weak_references_of(VM *vm, const Object *target) {
    return vm->weak.count ? *place_of(&vm->weak, target) : NULL;
}

static bool grow(VM *vm) {
    struct WeakTable *table = &vm->weak, grown = *table;
    grown.capacity = table->capacity ? table->capacity * 2 : 16;
    grown.places = heap_resize(vm, NULL, 0, grown.capacity * sizeof(WeakReference *));
    if (!grown.places) return raise_memory_error(vm), false;
    memset(grown.places, 0, grown.capacity * sizeof(WeakReference *));
    for (size_t i = 0; i < table->capacity; i++)
        if (table->places[i]) *place_of(&grown, table->places[i]->target) = table->places[i];
    heap_resize(vm, table->places, table->capacity * sizeof(WeakReference *), 0);
    *table = grown;
    return true;
}

// As CPython: what is small and made in great numbers takes no weak references.
bool class_is_referenceable(VM *vm, const Class *cls) {
    if (!(cls->flags & CLASS_BUILTIN)) return !(cls->flags & CLASS_NO_WEAK);
    switch (cls->kind) {
    case KIND_CLASS:
    case KIND_FUNCTION:
    case KIND_BOUND_METHOD:
    case KIND_NATIVE:
    case KIND_MODULE:
    case KIND_SET:
    case KIND_CODE:
    case KIND_MEMORYVIEW:
    case KIND_GENERATOR:
    case KIND_FUTURE:
    case KIND_LOOP: return true;
    case KIND_NATIVE_DATA: return !(cls->flags & CLASS_NO_WEAK);
    case KIND_BYTEARRAY: return cls != vm->classes.bytearray; // arrays of the module array
    default: return false;
    }
}

static bool is_referenceable(VM *vm, Value v) { return is_object(v) && class_is_referenceable(vm, class_of(vm, v)); }

Value weak_reference_new(VM *vm, Class *cls, Value target, Value callback) {
    if (!is_referenceable(vm, target))
        return raise_type_error(vm, "cannot create weak reference to '%s' object", type_name(vm, target));
    Object *o = object_of(target);
    for (WeakReference *r = weak_references_of(vm, o); r && is_none(callback); r = r->next)
        if (is_none(r->callback) && class_of(vm, value_object(r)) == cls && cls->flags & CLASS_BUILTIN) return value_object(r);
    struct WeakTable *table = &vm->weak;
    if (table->count * 3 >= table->capacity * 2 && !grow(vm)) return VALUE_ERROR;
    WeakReference *r = native_data_new(vm, cls, sizeof(WeakReference));
    if (!r) return VALUE_ERROR;
    r->callback = callback;
    r->target = o;
    WeakReference **place = place_of(table, o);
    if (!*place) table->count++;
    r->next = *place;
    *place = r;
    return value_object(r);
}

// ---- Finalizers

bool weak_note_finalizable(VM *vm, Object *o) {
    struct Finalizable *all = &vm->finalizable;
    if (all->count == all->capacity) {
        size_t capacity = all->capacity ? all->capacity * 2 : 16;
        Object **grown = heap_resize(vm, all->objects, all->capacity * sizeof(Object *), capacity * sizeof(Object *));
        if (!grown) return raise_memory_error(vm), false;
        all->objects = grown;
        all->capacity = capacity;
    }
    all->objects[all->count++] = o; // behind those that wait
    return true;
}

void weak_rescue(VM *vm) {
    struct Finalizable *all = &vm->finalizable;
    for (size_t i = all->done + all->waiting; i < all->count; i++) {
        Object *o = all->objects[i];
        if (o->header & OBJECT_MARKED) continue;
        size_t place = all->done + all->waiting++;
        all->objects[i] = all->objects[place];
        all->objects[place] = o;
        heap_mark_object(vm, o);
    }
}

// ---- When a marking is done

void weak_forget(VM *vm) {
    struct WeakTable *table = &vm->weak;
    if (!table->count) return;
    WeakReference *left = NULL, *next; // those that stay
    for (size_t i = 0; i < table->capacity; i++) {
        for (WeakReference *r = table->places[i]; r; r = next) {
            next = r->next;
            if (!(r->data.object.header & OBJECT_MARKED)) continue; // it goes itself
            if (r->target->header & OBJECT_MARKED) {
                r->next = left;
                left = r;
                continue;
            }
            r->target = NULL;
            r->next = NULL;
            if (is_none(r->callback)) continue;
            r->next = vm->weak_waiting;
            vm->weak_waiting = r;
        }
        table->places[i] = NULL;
    }
    table->count = 0;
    for (WeakReference *r = left; r; r = next) {
        next = r->next;
        WeakReference **place = place_of(table, r->target);
        if (!*place) table->count++;
        r->next = *place;
        *place = r;
    }
}

void weak_trace(VM *vm) {
    for (WeakReference *r = vm->weak_waiting; r; r = r->next) heap_mark_object(vm, &r->data.object);
    const struct Finalizable *all = &vm->finalizable;
    for (size_t i = 0; i < all->waiting; i++) heap_mark_object(vm, all->objects[all->done + i]);
}

void weak_free(VM *vm) {
    heap_resize(vm, vm->weak.places, vm->weak.capacity * sizeof(WeakReference *), 0);
    heap_resize(vm, vm->finalizable.objects, vm->finalizable.capacity * sizeof(Object *), 0);
    vm->weak = (struct WeakTable){0};
    vm->finalizable = (struct Finalizable){0};
}

void weak_abandon(VM *vm, bool all) {
    struct Finalizable *f = &vm->finalizable;
    if (f->waiting) memmove(f->objects, f->objects + f->waiting, (f->count - f->waiting) * sizeof(Object *));
    f->count = all ? 0 : f->count - f->waiting;
    f->waiting = 0;
    for (WeakReference *r = vm->weak_waiting, *next; r; r = next) {
        next = r->next;
        r->next = NULL;
    }
    vm->weak_waiting = NULL;
}

// ---- Running

static bool told(VM *vm, Value source, bool (*tell)(VM *vm, Value source, Value exception)) {
    return exception_matches(vm, vm->exceptions.exception) && tell(vm, source, exception_take(vm));
}

static bool run_finalizer(VM *vm, Object *o, bool (*tell)(VM *vm, Value source, Value exception)) {
    Value method = class_special(vm, class_of(vm, value_object(o)), SPECIAL_DEL);
    if (is_empty(method)) return true;
    Value result = value_call_special(vm, value_object(o), SPECIAL_DEL, NULL, 0);
    return !is_error(result) || told(vm, method, tell);
}

static bool run_finalizers(VM *vm, bool all, bool (*tell)(VM *vm, Value source, Value exception)) {
    struct Finalizable *f = &vm->finalizable;
    // What a finalizer makes may have one too: at the end of a program those that are there run, and no more.
    bool ok = true;
    for (size_t rounds = f->count; ok && (f->waiting || (all && rounds && f->done < f->count)); rounds -= rounds != 0) {
        Object *o = f->objects[f->done++];
        f->waiting -= f->waiting != 0;
        ok = run_finalizer(vm, o, tell);
    }
    if (f->done) memmove(f->objects, f->objects + f->done, (f->count - f->done) * sizeof(Object *));
    f->count -= f->done;
    f->done = 0;
    return ok;
}

bool weak_run(VM *vm, bool all, bool (*tell)(VM *vm, Value source, Value exception)) {
    if (vm->is_finalizing) return true; // one after the other
    vm->is_finalizing = true;
    bool ok = run_finalizers(vm, all, tell);
    while (ok && vm->weak_waiting) {
        WeakReference *r = vm->weak_waiting;
        vm->weak_waiting = r->next;
        r->next = NULL;
        Value callback = r->callback, reference = value_object(r);
        r->callback = VALUE_NONE;
        ok = !is_error(vm_call(vm, callback, &reference, 1, NULL)) || told(vm, callback, tell);
    }
    vm->is_finalizing = false;
    return ok;
}

// asyncio.Semaphore and BoundedSemaphore.
#include <stdio.h>

#include "loop/methods.h"
#include "loop/primitives.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"

typedef struct {
    Waitable base;
    Line line;
    int64_t value; // what is left for others: one who was called has his unit already
    int64_t bound; // of a bounded one: what it began with
} Semaphore;

static Semaphore *semaphore_of(Value v) { return (Semaphore *)object_of(v); }
static Line *semaphore_line(Value owner) { return &semaphore_of(owner)->line; }

// Where somebody waits, newcomers do not overtake, whatever is left.
static bool is_locked(const Semaphore *semaphore) { return semaphore->value == 0 || semaphore->line.uncancelled; }

// Gives a unit to each that stands in the line, the first one or (`all`) as long as there are units.
static void hand_out(VM *vm, Semaphore *semaphore, bool all) {
    for (Waiter *waiter = semaphore->line.first; waiter && (semaphore->value > 0 || !all); waiter = waiter->next) {
        if (!waiter_stands(waiter)) continue;
        semaphore->value--;
        line_call(vm, waiter);
        if (!all) return;
    }
}

// Those who came while this one was being woken had to wait, even if there is enough for them; so they are looked at in any case.
static Value acquire_goes_on(VM *vm, Waiter *next, Value owner, Value result, bool called, Value exception) {
    Semaphore *semaphore = semaphore_of(owner);
    if (!is_empty(exception) && called) semaphore->value++; // the unit that it was given
    hand_out(vm, semaphore, true);
    return is_empty(exception) ? result : raise_value(vm, exception);
}
static const WaitKind semaphore_kinds[] = {{acquire_goes_on, semaphore_line, "Semaphore.acquire()", "semaphore", NULL, "semaphore"}};

static Value acquire_begin(VM *vm, Waiter *waiter, Value self, Value result) {
    Semaphore *semaphore = semaphore_of(self);
    if (is_locked(semaphore)) return line_join(vm, &semaphore->line, waiter, self, 0, result);
    semaphore->value--;
    return result;
}
static const CoroutineKind acquire_kind = {"Semaphore.acquire", acquire_begin, false};
static const CoroutineKind enter_kind = {"_ContextManagerMixin.__aenter__", acquire_begin, false};

static void give_back(VM *vm, Semaphore *semaphore) {
    semaphore->value++;
    hand_out(vm, semaphore, false);
}

// ---- The classes

static void semaphore_trace(VM *vm, Object *o) {
    waitable_trace(vm, &((Semaphore *)o)->base);
    line_trace(vm, &((Semaphore *)o)->line);
}
static Value semaphore_repr(VM *vm, Value self) {
    const Semaphore *semaphore = semaphore_of(self);
    char state[48] = "locked";
    if (!is_locked(semaphore)) snprintf(state, sizeof state, "unlocked, value:%lld", (long long)semaphore->value);
    return primitive_repr(vm, self, state, &semaphore->line);
}
static const TypeOps semaphore_ops = {.trace = semaphore_trace, .repr = semaphore_repr};

static Value semaphore_make(VM *vm, Value *args, size_t count) {
    Semaphore *semaphore = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Semaphore));
    if (!semaphore) return VALUE_ERROR;
    waitable_init(vm, &semaphore->base, semaphore_kinds);
    semaphore->value = semaphore->bound = 1;
    return value_object(semaphore);
}
static Value semaphore_init(VM *vm, Value *args, size_t count) {
    int64_t value = 1;
    if (!is_empty(args[1]) && !value_index_int64(vm, args[1], true, &value)) return VALUE_ERROR;
    if (value < 0) return raise_value_error(vm, "Semaphore initial value must be >= 0");
    semaphore_of(args[0])->value = semaphore_of(args[0])->bound = value;
    return VALUE_NONE;
}
static Value semaphore_locked(VM *vm, Value *args, size_t count) { return value_bool(is_locked(semaphore_of(args[0]))); }
static Value semaphore_acquire(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &acquire_kind, args[0], VALUE_TRUE); }
static Value semaphore_release(VM *vm, Value *args, size_t count) { return give_back(vm, semaphore_of(args[0])), VALUE_NONE; }
static Value bounded_release(VM *vm, Value *args, size_t count) {
    Semaphore *semaphore = semaphore_of(args[0]);
    if (semaphore->value >= semaphore->bound) return raise_value_error(vm, "BoundedSemaphore released too many times");
    return give_back(vm, semaphore), VALUE_NONE;
}
static Value semaphore_enter(VM *vm, Value *args, size_t count) {
    if (method_is_overridden(vm, args[0], loop_of(vm)->semaphore_class, "acquire")) return call_in_asyncio(vm, "asyncio.locks", "_enter", args, 1);
    return coroutine_call(vm, &enter_kind, args[0], VALUE_NONE);
}
static Value exit_begin(VM *vm, Waiter *waiter, Value self, Value argument) {
    Class *cls = class_of(vm, self);
    if (cls == loop_of(vm)->semaphore_class) return give_back(vm, semaphore_of(self)), VALUE_NONE;
    Value result = value_call_method(vm, self, "release", NULL, 0);
    return is_error(result) ? result : VALUE_NONE;
}
static const CoroutineKind exit_kind = {"_ContextManagerMixin.__aexit__", exit_begin, false};
static Value semaphore_exit(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &exit_kind, args[0], VALUE_NONE); }

static const NativeDefinition semaphore_methods[] = {
    {"__new__", semaphore_make, "cls, /, *args, **keywords", NATIVE_NEW},
    {"__init__", semaphore_init, "self, value=1", NATIVE_METHOD},
    {"locked", semaphore_locked, "self", NATIVE_METHOD, "Whether acquire() would have to wait."},
    {"acquire", semaphore_acquire, "self", NATIVE_METHOD, "Waits until there is one to take, takes it, and gives True."},
    {"release", semaphore_release, "self", NATIVE_METHOD, "Gives one back, and wakes the first that waits."},
    {"__aenter__", semaphore_enter, "self", NATIVE_METHOD},
    {"__aexit__", semaphore_exit, "self, exc_type, exc, tb", NATIVE_METHOD},
    {0}};
static const NativeDefinition bounded_methods[] = {
    {"release", bounded_release, "self", NATIVE_METHOD, "Gives one back; ValueError where more came back than were taken."}, {0}};

bool semaphore_add(VM *vm, ModuleObject *module) {
    Class *base = loop_of(vm)->semaphore_class = loop_add_class(vm, module, "asyncio.locks", "Semaphore", NULL, &semaphore_ops, sizeof(Semaphore), CLASS_HAS_DICT, semaphore_methods, "Held by at most `value` tasks at a time.");
    return base && loop_add_class(vm, module, "asyncio.locks", "BoundedSemaphore", base, &semaphore_ops, sizeof(Semaphore), CLASS_HAS_DICT, bounded_methods,
                                   "A semaphore that notices one release too many.");
}

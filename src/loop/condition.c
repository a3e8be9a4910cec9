// asyncio.Condition.
#include "loop/methods.h"
#include "loop/primitives.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"

typedef struct {
    Waitable base;
    Line line;
    Value lock;
} Condition;

static Condition *condition_of(Value v) { return (Condition *)object_of(v); }
static Lock *lock_of(const Condition *condition) { return (Lock *)object_of(condition->lock); }

// Ways to wait for a condition: for notify(); for its lock afterwards, whose line is the lock's; and for notify() alone, which is what
// a condition with a lock of a script's own class uses.
enum { FOR_NOTIFY, FOR_LOCK, FOR_NOTIFY_ALONE };

static Line *own_line(Value owner) { return &condition_of(owner)->line; }
static Line *lock_line(Value owner) { return &lock_of(condition_of(owner))->line; }

static void notify(VM *vm, Condition *condition, int64_t count) {
    for (Waiter *waiter = condition->line.first; waiter && count > 0; waiter = waiter->next) {
        if (!waiter_stands(waiter)) continue;
        count--;
        line_call(vm, waiter);
    }
}

// The lock is held again. `failure`: the exception that goes on from here, or VALUE_EMPTY. The notification may have been for this one,
// who does nothing with it then: another one shall look.
static Value has_lock(VM *vm, Condition *condition, Value failure) {
    if (is_empty(failure)) return VALUE_TRUE;
    notify(vm, condition, 1);
    return raise_value(vm, failure);
}

// Whoever has waited holds the lock, and will release it: there is no way out without it.
static Value take_again(VM *vm, Waiter *waiter, Value owner, Value failure) {
    Condition *condition = condition_of(owner);
    if (lock_take(vm, lock_of(condition))) return has_lock(vm, condition, failure);
    return line_join(vm, lock_line(owner), waiter, owner, FOR_LOCK, failure);
}

static Value notified(VM *vm, Waiter *next, Value owner, Value argument, bool called, Value exception) {
    return take_again(vm, next, owner, exception);
}

// A cancellation that comes while it waits for the lock has to wait with it; of several the last one goes on. Anything else that is
// thrown in gives up.
static Value lock_came(VM *vm, Waiter *next, Value owner, Value failure, bool called, Value exception) {
    Condition *condition = condition_of(owner);
    if (lock_take_turn(vm, lock_of(condition), exception)) return has_lock(vm, condition, failure);
    if (is_exception(exception) && is_exception(failure) && is_none(exception_of(exception)->context) &&
        !value_same(exception, failure))
        exception_of(exception)->context = failure;
    if (value_is_instance(vm, exception, vm->exceptions.cancelled_error)) return take_again(vm, next, owner, exception);
    notify(vm, condition, 1);
    return raise_value(vm, exception);
}

static Value notified_alone(VM *vm, Waiter *next, Value owner, Value argument, bool called, Value exception) {
    return is_empty(exception) ? VALUE_TRUE : raise_value(vm, exception);
}

static Value lock_awaited(VM *vm, Value owner) { return lock_of(condition_of(owner))->holder; }

static const WaitKind condition_kinds[] = {{notified, own_line, "Condition.wait()", "a notification of condition", NULL, "condition"},
                                           {lock_came, lock_line, "Condition.wait()", "the lock of condition", lock_awaited, "lock"},
                                           {notified_alone, own_line, "Condition.wait()", "a notification of condition", NULL,
                                            "condition"}};

static Value wait_begin(VM *vm, Waiter *waiter, Value self, Value argument) {
    Condition *condition = condition_of(self);
    if (!lock_of(condition)->locked) return raise_runtime_error(vm, "cannot wait on un-acquired lock");
    lock_give_up(vm, lock_of(condition));
    return line_join(vm, &condition->line, waiter, self, FOR_NOTIFY, VALUE_NONE);
}
static const CoroutineKind wait_kind = {"Condition.wait", wait_begin, false};

static Value stand_begin(VM *vm, Waiter *waiter, Value self, Value argument) {
    return line_join(vm, &condition_of(self)->line, waiter, self, FOR_NOTIFY_ALONE, VALUE_NONE);
}
static const CoroutineKind stand_kind = {"Condition.wait", stand_begin, false};

// ---- The class

static void condition_trace(VM *vm, Object *o) {
    waitable_trace(vm, &((Condition *)o)->base);
    line_trace(vm, &((Condition *)o)->line);
    heap_mark(vm, ((Condition *)o)->lock);
}

// Whether the lock is held: 1, 0, or -1 with an exception.
static int is_locked(VM *vm, Condition *condition) {
    if (is_plain_lock(vm, condition->lock)) return lock_of(condition)->locked;
    Value locked = value_call_method(vm, condition->lock, "locked", NULL, 0);
    return is_error(locked) ? -1 : value_truth(vm, locked);
}

static Value condition_repr(VM *vm, Value self) {
    int locked = is_locked(vm, condition_of(self));
    return locked < 0 ? VALUE_ERROR : primitive_repr(vm, self, locked ? "locked" : "unlocked", &condition_of(self)->line);
}
static const TypeOps condition_ops = {.trace = condition_trace, .repr = condition_repr};

static Value new_lock(VM *vm) { return vm_call(vm, value_object(loop_of(vm)->lock_class), NULL, 0, NULL); }

static Value condition_make(VM *vm, Value *args, size_t count) {
    Condition *condition = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Condition));
    if (!condition) return VALUE_ERROR;
    waitable_init(vm, &condition->base, condition_kinds);
    condition->lock = VALUE_NONE;
    Value lock = new_lock(vm);
    if (is_error(lock)) return lock;
    heap_store(vm, condition, &condition->lock, lock);
    return value_object(condition);
}
static Value condition_init(VM *vm, Value *args, size_t count) {
    Condition *condition = condition_of(args[0]);
    if (is_empty(args[1]) || is_none(args[1])) return VALUE_NONE;
    if (condition->line.count || (is_plain_lock(vm, condition->lock) && lock_of(condition)->line.count))
        return raise_runtime_error(vm, "a condition that tasks wait for can't get another lock");
    heap_store(vm, condition, &condition->lock, args[1]);
    return VALUE_NONE;
}
static Value condition_locked(VM *vm, Value *args, size_t count) {
    int locked = is_locked(vm, condition_of(args[0]));
    return locked < 0 ? VALUE_ERROR : value_bool(locked);
}
static Value condition_acquire(VM *vm, Value *args, size_t count) {
    Value lock = condition_of(args[0])->lock;
    if (is_plain_lock(vm, lock)) return coroutine_call(vm, &lock_acquire_kind, lock, VALUE_TRUE);
    return value_call_method(vm, lock, "acquire", NULL, 0);
}
static Value condition_release(VM *vm, Value *args, size_t count) {
    return value_call_method(vm, condition_of(args[0])->lock, "release", NULL, 0);
}
static Value condition_enter(VM *vm, Value *args, size_t count) {
    Value lock = condition_of(args[0])->lock;
    if (!is_plain_lock(vm, lock) || method_is_overridden(vm, args[0], loop_of(vm)->condition_class, "acquire"))
        return call_in_asyncio(vm, "asyncio.locks", "_enter", args, 1);
    return coroutine_call(vm, &lock_acquire_kind, lock, VALUE_NONE);
}
static Value exit_begin(VM *vm, Waiter *waiter, Value self, Value argument) {
    Value result = value_call_method(vm, self, "release", NULL, 0);
    return is_error(result) ? result : VALUE_NONE;
}
static const CoroutineKind exit_kind = {"_ContextManagerMixin.__aexit__", exit_begin, false};
static Value condition_exit(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &exit_kind, args[0], VALUE_NONE); }

static Value condition_wait(VM *vm, Value *args, size_t count) {
    if (!is_plain_lock(vm, condition_of(args[0])->lock)) return call_in_asyncio(vm, "asyncio.locks", "_wait_for_condition", args, 1);
    return coroutine_call(vm, &wait_kind, args[0], VALUE_NONE);
}
static Value condition_stand(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &stand_kind, args[0], VALUE_NONE); }
static Value condition_wait_for(VM *vm, Value *args, size_t count) { return call_in_asyncio(vm, "asyncio.locks", "_wait_for_predicate", args, 2); }

static Value notify_some(VM *vm, Value self, int64_t count) {
    int locked = is_locked(vm, condition_of(self));
    if (locked < 0) return VALUE_ERROR;
    if (!locked) return raise_runtime_error(vm, "cannot notify on un-acquired lock");
    notify(vm, condition_of(self), count);
    return VALUE_NONE;
}
static Value condition_notify(VM *vm, Value *args, size_t count) {
    int64_t n = 1;
    if (!is_empty(args[1]) && !value_index_int64(vm, args[1], true, &n)) return VALUE_ERROR;
    return notify_some(vm, args[0], n);
}
static Value condition_notify_all(VM *vm, Value *args, size_t count) {
    return notify_some(vm, args[0], (int64_t)condition_of(args[0])->line.count);
}
// Though the lock is not held: one who was notified gives it on.
static Value condition_pass_on(VM *vm, Value *args, size_t count) { return notify(vm, condition_of(args[0]), 1), VALUE_NONE; }

static const NativeDefinition condition_methods[] = {
    {"__new__", condition_make, "cls, /, *args, **keywords", NATIVE_NEW},
    {"__init__", condition_init, "self, lock=None", NATIVE_METHOD},
    {"locked", condition_locked, "self", NATIVE_METHOD, "Whether somebody has the lock."},
    {"acquire", condition_acquire, "self", NATIVE_METHOD, "Waits until the lock is free, takes it, and gives True."},
    {"release", condition_release, "self", NATIVE_METHOD, "Gives the lock up, and wakes the first that waits for it."},
    {"wait", condition_wait, "self", NATIVE_METHOD, "Gives the lock up, waits for notify(), and takes the lock again."},
    {"wait_for", condition_wait_for, "self, predicate", NATIVE_METHOD,
     "Waits until predicate() is true, which is asked after each notify(), and gives what it returned."},
    {"notify", condition_notify, "self, n=1", NATIVE_METHOD, "Wakes n of those that wait; the lock must be held."},
    {"notify_all", condition_notify_all, "self", NATIVE_METHOD, "Wakes all that wait; the lock must be held."},
    {"_stand", condition_stand, "self", NATIVE_METHOD, "Waits for notify(), without a thought for the lock."},
    {"_pass_on", condition_pass_on, "self", NATIVE_METHOD, "Wakes one more in place of one who was notified."},
    {"__aenter__", condition_enter, "self", NATIVE_METHOD},
    {"__aexit__", condition_exit, "self, exc_type, exc, tb", NATIVE_METHOD},
    {0}};

bool condition_add(VM *vm, ModuleObject *module) {
    loop_of(vm)->condition_class =
        loop_add_class(vm, module, "asyncio.locks", "Condition", NULL, &condition_ops, sizeof(Condition), CLASS_HAS_DICT, condition_methods,
                        "A lock whose holder can wait until another holder says that something has changed.");
    return loop_of(vm)->condition_class != NULL;
}

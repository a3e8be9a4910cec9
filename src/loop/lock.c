// asyncio.Lock.
#include "loop/methods.h"
#include "loop/primitives.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "vm/generator.h"
#include "vm/interpreter.h"

static Lock *lock_of(Value v) { return (Lock *)object_of(v); }
static Line *lock_line(Value owner) { return &lock_of(owner)->line; }

static void take(VM *vm, Lock *lock, bool waited) {
    lock->locked = true;
    Task *task = loop_of(vm)->current;
    heap_store(vm, lock, &lock->holder, task ? value_object(task) : VALUE_NONE);
    // Where it has waited, no code runs yet: it waits where it will go on.
    const Frame *frame = interpreter_of(vm)->frame;
    if (task && waited && is_kind(task->coroutine, KIND_GENERATOR)) frame = generator_innermost((const Generator *)object_of(task->coroutine));
    lock->taken_in = frame ? frame_code(frame) : NULL;
    lock->taken_at = frame ? frame_instruction(frame) : 0;
}

// Who was called and has not run yet, or was cancelled and does not know it, stands in the line still: nobody else is called then.
static void call_first(VM *vm, Lock *lock) {
    Waiter *first = lock->line.first;
    if (first && waiter_stands(first)) line_call(vm, first);
}

bool lock_take(VM *vm, Lock *lock) {
    if (lock->locked || lock->line.uncancelled) return false;
    return take(vm, lock, false), true;
}

void lock_give_up(VM *vm, Lock *lock) {
    lock->locked = false;
    lock->holder = VALUE_NONE;
    call_first(vm, lock);
}

bool lock_take_turn(VM *vm, Lock *lock, Value exception) {
    if (is_empty(exception)) return take(vm, lock, true), true;
    if (!lock->locked) call_first(vm, lock); // it may have been free for one who does not want it any more
    return false;
}

static Value acquire_goes_on(VM *vm, Waiter *next, Value owner, Value result, bool called, Value exception) {
    return lock_take_turn(vm, lock_of(owner), exception) ? result : raise_value(vm, exception);
}
static Value lock_awaited(VM *vm, Value owner) { return lock_of(owner)->holder; }
static const WaitKind lock_kinds[] = {{acquire_goes_on, lock_line, "Lock.acquire()", "lock", lock_awaited, "lock"}};

static Value acquire_begin(VM *vm, Waiter *waiter, Value self, Value result) {
    if (lock_take(vm, lock_of(self))) return result;
    return line_join(vm, &lock_of(self)->line, waiter, self, 0, result);
}
const CoroutineKind lock_acquire_kind = {"Lock.acquire", acquire_begin, false};
static const CoroutineKind lock_enter_kind = {"_ContextManagerMixin.__aenter__", acquire_begin, false};

static Value release_held(VM *vm, Value self) {
    if (!lock_of(self)->locked) return raise_runtime_error(vm, "Lock is not acquired.");
    return lock_give_up(vm, lock_of(self)), VALUE_NONE;
}

// ---- The class

static void lock_trace(VM *vm, Object *o) {
    waitable_trace(vm, &((Lock *)o)->base);
    line_trace(vm, &((Lock *)o)->line);
    heap_mark_object(vm, (Object *)((Lock *)o)->taken_in);
    heap_mark(vm, ((Lock *)o)->holder);
}
static Value lock_repr(VM *vm, Value self) { return primitive_repr(vm, self, lock_of(self)->locked ? "locked" : "unlocked", lock_line(self)); }
static const TypeOps lock_ops = {.trace = lock_trace, .repr = lock_repr};

const Lock *lock_if_any(Value v) { return is_native_data(v, &lock_ops) ? lock_of(v) : NULL; }
bool is_plain_lock(VM *vm, Value v) { return is_native_data(v, &lock_ops) && class_of(vm, v) == loop_of(vm)->lock_class; }

static Value lock_make(VM *vm, Value *args, size_t count) {
    Lock *lock = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Lock));
    if (!lock) return VALUE_ERROR;
    waitable_init(vm, &lock->base, lock_kinds);
    lock->holder = VALUE_NONE;
    return value_object(lock);
}
static Value lock_init(VM *vm, Value *args, size_t count) { return VALUE_NONE; }
static Value lock_locked(VM *vm, Value *args, size_t count) { return value_bool(lock_of(args[0])->locked); }
static Value lock_acquire(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &lock_acquire_kind, args[0], VALUE_TRUE); }
static Value lock_release(VM *vm, Value *args, size_t count) { return release_held(vm, args[0]); }
static Value lock_enter(VM *vm, Value *args, size_t count) {
    if (method_is_overridden(vm, args[0], loop_of(vm)->lock_class, "acquire")) return call_in_asyncio(vm, "asyncio.locks", "_enter", args, 1);
    return coroutine_call(vm, &lock_enter_kind, args[0], VALUE_NONE);
}

// A subclass may have a release of its own.
static Value exit_begin(VM *vm, Waiter *waiter, Value self, Value argument) {
    if (class_of(vm, self)->flags & CLASS_BUILTIN) return release_held(vm, self);
    Value result = value_call_method(vm, self, "release", NULL, 0);
    return is_error(result) ? result : VALUE_NONE;
}
static const CoroutineKind lock_exit_kind = {"_ContextManagerMixin.__aexit__", exit_begin, false};
static Value lock_exit(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &lock_exit_kind, args[0], VALUE_NONE); }

static const NativeDefinition lock_methods[] = {
    {"__new__", lock_make, "cls, /, *args, **keywords", NATIVE_NEW},
    {"__init__", lock_init, "self", NATIVE_METHOD},
    {"locked", lock_locked, "self", NATIVE_METHOD, "Whether somebody has the lock."},
    {"acquire", lock_acquire, "self", NATIVE_METHOD, "Waits until the lock is free, takes it, and gives True."},
    {"release", lock_release, "self", NATIVE_METHOD, "Gives the lock up, and wakes the first that waits; RuntimeError where nobody has it."},
    {"__aenter__", lock_enter, "self", NATIVE_METHOD},
    {"__aexit__", lock_exit, "self, exc_type, exc, tb", NATIVE_METHOD},
    {0}};

bool lock_add(VM *vm, ModuleObject *module) {
    loop_of(vm)->lock_class = loop_add_class(vm, module, "asyncio.locks", "Lock", NULL, &lock_ops, sizeof(Lock), CLASS_HAS_DICT, lock_methods,
                                              "Held by one task at a time; those who wait get it in the order in which they came.");
    return loop_of(vm)->lock_class != NULL;
}

// The module `_thread`: the locks of programs that have one thread, and what tells threads apart. Scripts do not start threads: a lock that
// is held can't be released while somebody waits for it, so that waiting without an end raises RuntimeError.
#define _GNU_SOURCE // gettid
#include <math.h>
#include <unistd.h>

#include "modules/library.h"
#include "modules/modules.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/core/protocol.h"
#include "object/shared/builtin.h"

typedef struct {
    NativeData data;
    bool is_reentrant; // an RLock
    uint64_t depth;    // how often it is held: by a lock once at most
} Lock;

static Lock *lock_of(Value v) { return (Lock *)object_of(v); }

// What get_ident() gives: the same for as long as there is this VM, whichever thread of the process is in it.
static Value own_number(VM *vm) { return int_from_uint64(vm, (uint64_t)(uintptr_t)vm); }

static const double most_seconds = 9223372036.0; // nanoseconds in 63 bits

// The arguments of acquire(): how many seconds to wait, -1 for ever, 0 not at all. False with an exception.
static bool wait_arguments(VM *vm, Value blocking, Value timeout, double *seconds) {
    int blocks = is_empty(blocking) ? 1 : value_truth(vm, blocking);
    if (blocks < 0) return false;
    *seconds = -1;
    if (!is_empty(timeout)) {
        if (!is_any_float(timeout) && !has_index(vm, timeout))
            return raise_type_error(vm, "'%s' object cannot be interpreted as an integer", type_name(vm, timeout)), false;
        if (!value_to_double(vm, timeout, seconds)) return false;
        if (isnan(*seconds)) return raise_value_error(vm, "Invalid value NaN (not a number)"), false;
        if (fabs(*seconds) > most_seconds) return raise_overflow_error(vm, "timestamp out of range for platform time_t"), false;
    }
    if (!blocks && *seconds != -1) return raise_value_error(vm, "can't specify a timeout for a non-blocking call"), false;
    if (*seconds < 0 && *seconds != -1) return raise_value_error(vm, "timeout value must be a non-negative number"), false;
    if (!blocks) *seconds = 0;
    return true;
}

// Lets time pass on the clock that time.sleep() knows. False with an exception. [script]
static bool let_pass(VM *vm, double seconds) {
    String *name = string_intern_from(vm, "time", 4);
    Value module = name ? vm->hooks.import_module(vm, name) : VALUE_ERROR, argument = value_float(seconds);
    return !is_error(module) && !is_error(value_call_method(vm, module, "sleep", &argument, 1));
}

static Value lock_acquire(VM *vm, Value *args, size_t count) {
    Lock *lock = lock_of(args[0]);
    double seconds;
    if (!wait_arguments(vm, args[1], args[2], &seconds)) return VALUE_ERROR;
    if (lock->depth && !lock->is_reentrant && seconds > 0 && !let_pass(vm, seconds)) return VALUE_ERROR; // a finalizer may release it
    if (!lock->depth || lock->is_reentrant) return lock->depth++, VALUE_TRUE;
    if (seconds >= 0) return VALUE_FALSE;
    return raise_runtime_error(vm, "acquire() would wait for ever: the lock is held, and aioli runs scripts on one thread");
}

static Value lock_release(VM *vm, Value *args, size_t count) {
    Lock *lock = lock_of(args[0]);
    if (!lock->depth) return raise_runtime_error(vm, lock->is_reentrant ? "cannot release un-acquired lock" : "release unlocked lock");
    lock->depth--;
    return VALUE_NONE;
}

static Value lock_enter(VM *vm, Value *args, size_t count) {
    Value all[] = {args[0], VALUE_EMPTY, VALUE_EMPTY};
    return lock_acquire(vm, all, 3);
}
static Value lock_exit(VM *vm, Value *args, size_t count) { return lock_release(vm, args, 1); }
static Value lock_locked(VM *vm, Value *args, size_t count) { return value_bool(lock_of(args[0])->depth > 0); }
static Value lock_renew(VM *vm, Value *args, size_t count) { return lock_of(args[0])->depth = 0, VALUE_NONE; }
static Value lock_count(VM *vm, Value *args, size_t count) { return int_from_uint64(vm, lock_of(args[0])->depth); }
static Value no_reduce(VM *vm, Value *args, size_t count) {
    return raise_type_error(vm, "cannot pickle '%s' object", type_name(vm, args[0]));
}

// What Condition saves of a lock while it waits: how often it was held, and by whom.
static Value lock_save(VM *vm, Value *args, size_t count) {
    Lock *lock = lock_of(args[0]);
    if (!lock->depth) return raise_runtime_error(vm, "cannot release un-acquired lock");
    Value pair[] = {int_from_uint64(vm, lock->depth), own_number(vm)};
    Tuple *saved = is_error(pair[0]) || is_error(pair[1]) ? NULL : tuple_from(vm, pair, 2);
    if (saved) lock->depth = 0;
    return object_or_error(saved);
}
static Value lock_restore(VM *vm, Value *args, size_t count) {
    int64_t depth;
    if (!is_tuple(args[1]) || tuple_of(args[1])->length != 2)
        return raise_type_error(vm, "_acquire_restore() argument 1 must be 2-item tuple");
    if (!value_index_int64(vm, tuple_of(args[1])->items[0], false, &depth)) return VALUE_ERROR;
    lock_of(args[0])->depth = depth > 0 ? (uint64_t)depth : 0;
    return VALUE_NONE;
}

static Value lock_repr(VM *vm, Value self) {
    const Lock *lock = lock_of(self);
    const char *state = lock->depth ? "locked" : "unlocked";
    if (!lock->is_reentrant) return object_or_error(string_format(vm, "<%s %s object at %p>", state, type_name(vm, self), (void *)lock));
    unsigned long long depth = lock->depth, owner = depth ? (unsigned long long)(uintptr_t)vm : 0;
    return object_or_error(string_format(vm, "<%s %s object owner=%llu count=%llu at %p>", state, type_name(vm, self), owner, depth,
                                         (void *)lock));
}

static const TypeOps lock_ops = {.repr = lock_repr};

static Value make(VM *vm, Class *cls, bool is_reentrant) {
    Lock *lock = native_data_new(vm, cls, sizeof(Lock));
    if (lock) lock->is_reentrant = is_reentrant;
    return object_or_error(lock);
}
static Value lock_new(VM *vm, Value *args, size_t count) {
    if (count > 1) return raise_type_error(vm, "lock expected 0 arguments, got %zu", count - 1);
    return make(vm, (Class *)object_of(args[0]), false);
}
static Value reentrant_new(VM *vm, Value *args, size_t count) { return make(vm, (Class *)object_of(args[0]), true); }
static Value allocate_lock(VM *vm, Value *args, size_t count) { return make(vm, library_of(vm)->classes[LIBRARY_LOCK], false); }

#define ACQUIRE "Takes the lock. Held, it is waited for as long as timeout says, and False says that it was in vain."
#define WAITING "self, /, blocking=True, timeout=-1"
#define RELEASE "Gives the lock back."
#define IS_HELD "Whether the lock is held."
#define COMMON                                                                                                                             \
    {"acquire", lock_acquire, WAITING, NATIVE_METHOD, ACQUIRE},                                                                            \
        {"release", lock_release, "self, /", NATIVE_METHOD, RELEASE}, {"__enter__", lock_enter, "self, /", NATIVE_METHOD},                 \
        {"__exit__", lock_exit, "self, /, *exception", NATIVE_METHOD}, {"_at_fork_reinit", lock_renew, "self, /", NATIVE_METHOD},          \
        {"__reduce__", no_reduce, "self, /", NATIVE_METHOD}, {"__reduce_ex__", no_reduce, "self, protocol, /", NATIVE_METHOD}

static const NativeDefinition lock_methods[] = {{"__new__", lock_new, "cls, /, *arguments", NATIVE_NEW},
                                                COMMON,
                                                {"locked", lock_locked, "self, /", NATIVE_METHOD, IS_HELD},
                                                {"acquire_lock", lock_acquire, WAITING, NATIVE_METHOD, ACQUIRE},
                                                {"release_lock", lock_release, "self, /", NATIVE_METHOD, RELEASE},
                                                {"locked_lock", lock_locked, "self, /", NATIVE_METHOD, IS_HELD},
                                                {0}};
static const NativeDefinition reentrant_methods[] = {{"__new__", reentrant_new, "cls, /, *args, **kwargs", NATIVE_NEW},
                                                     COMMON,
                                                     {"_is_owned", lock_locked, "self, /", NATIVE_METHOD},
                                                     {"_recursion_count", lock_count, "self, /", NATIVE_METHOD},
                                                     {"_release_save", lock_save, "self, /", NATIVE_METHOD},
                                                     {"_acquire_restore", lock_restore, "self, state, /", NATIVE_METHOD},
                                                     {0}};

// ---- Threads, of which there is one

static Value get_ident(VM *vm, Value *args, size_t count) { return own_number(vm); }
static Value get_native_id(VM *vm, Value *args, size_t count) { return value_small(gettid()); }
static Value thread_count(VM *vm, Value *args, size_t count) { return value_small(0); }
static Value thread_exit(VM *vm, Value *args, size_t count) { return raise_error(vm, vm->exceptions.system_exit, NULL); }

static Value start_new_thread(VM *vm, Value *args, size_t count) {
    if (!value_callable(vm, args[0])) return raise_type_error(vm, "first arg must be callable");
    if (!is_tuple(args[1])) return raise_type_error(vm, "2nd arg must be a tuple");
    if (!is_empty(args[2]) && !is_kind(args[2], KIND_DICT)) return raise_type_error(vm, "optional 3rd arg must be a dictionary");
    return raise_runtime_error(vm, "threads do not run scripts in aioli: start_new_thread() can't start one; use tasks of asyncio");
}

static const NativeDefinition functions[] = {
    {"allocate_lock", allocate_lock, "", NATIVE_METHOD, "A new lock."},
    {"allocate", allocate_lock, "", NATIVE_METHOD, "A new lock."},
    {"get_ident", get_ident, "", NATIVE_METHOD, "The number of the thread, which is not 0."},
    {"get_native_id", get_native_id, "", NATIVE_METHOD, "The number that the system knows the thread by."},
    {"start_new_thread", start_new_thread, "function, args, kwargs=, /", NATIVE_METHOD, "Raises RuntimeError: scripts run on one thread."},
    {"start_new", start_new_thread, "function, args, kwargs=, /", NATIVE_METHOD, "Raises RuntimeError: scripts run on one thread."},
    {"exit", thread_exit, "", NATIVE_METHOD, "Raises SystemExit."},
    {"exit_thread", thread_exit, "", NATIVE_METHOD, "Raises SystemExit."},
    {"_count", thread_count, "", NATIVE_METHOD},
    {0}};

bool thread_module_fill(VM *vm, ModuleObject *module) {
    Dict *names = module->namespace;
    Class *lock = native_data_class(vm, "_thread", "lock", &lock_ops, sizeof(Lock), CLASS_FINAL);
    Class *reentrant = native_data_class(vm, "_thread", "RLock", &lock_ops, sizeof(Lock), 0);
    library_of(vm)->classes[LIBRARY_LOCK] = lock;
    return lock && reentrant && native_add_methods(vm, lock, lock_methods) >= 0 &&
           native_add_methods(vm, reentrant, reentrant_methods) >= 0 &&
           add_text(vm, lock->attributes, "__doc__", "A lock that one may hold at a time.") &&
           add_text(vm, reentrant->attributes, "__doc__", "A lock that its holder may take again.") &&
           add_text(vm, names, "__doc__", "Locks, and what the one thread of a program is known by.") &&
           native_add_functions(vm, names, functions) > 0 && add_value(vm, names, "lock", value_object(lock)) &&
           add_value(vm, names, "LockType", value_object(lock)) && add_value(vm, names, "RLock", value_object(reentrant)) &&
           add_value(vm, names, "error", value_object(vm->exceptions.runtime_error)) &&
           add_value(vm, names, "TIMEOUT_MAX", value_float(most_seconds));
}

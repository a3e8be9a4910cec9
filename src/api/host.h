// What stands behind the `aioli *` of the public header, and what its functions share.
#ifndef AIOLI_API_HOST_H
#define AIOLI_API_HOST_H

#include "aioli.h"
#include "base/buffer.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/core/vm.h"

// A handle's place. It is used again when its scope has ended, by another generation.
typedef struct {
    Value value;
    aioli_value handle; // the last that was given out for this place, or that of generation 0
} ScopedHandle;

// The place of a handle that aioli_keep made. Those with an owner form a list that begins in the owner, which marks them; those
// without are roots.
typedef struct HostObject HostObject;
typedef struct {
    Value value; // VALUE_EMPTY: free
    HostObject *owner;
    uint32_t generation;
    uint32_t next, previous; // of the same owner, or the next free place; 0: none, else 1 + the place
} KeptHandle;

// Everything that a table of the host's functions became, so that it can be freed with the VM.
typedef struct HostFunction HostFunction;
typedef struct HostClass HostClass;
typedef struct Mailbox Mailbox;

typedef struct {
    char **paths; // `count` of them, in a block for `capacity`
    size_t count, capacity;
} Folders;

struct aioli {
    VM vm; // first, so that a VM's host is found from it
    aioli_config config;
    Allocator allocator;
    Buffer error;    // the text of the last run's end; a zero byte follows it once the run is over
    bool no_memory;  // there was none for the text: it is NO_MEMORY_TEXT
    int exit_status;
    bool path_set;   // sys.path begins with the script's folder

    uintptr_t thread; // atomic: the thread that is inside, or 0
    Value pending;    // the exception of the function that failed last, or VALUE_EMPTY
    uint32_t tag;     // in every handle, to tell those of other VMs
    ScopedHandle *scoped;
    uint32_t scoped_count, scoped_capacity;
    uint32_t scope_base; // where the scope begins that the innermost native function must leave alone
    KeptHandle *kept;
    uint32_t kept_count, kept_capacity, kept_free; // count: places ever used; free: as KeptHandle.next
    HostFunction *functions;
    HostClass *classes;
    Mailbox *mailbox; // of promises
    Folders readable, writable; // granted
    Dict *modules;    // of the host's own by their names, in an untrusted VM; or NULL
    Dict *builtins;   // what a program found as built-in names, while it runs in an untrusted VM; or NULL
    bool limited;         // there are limits for what one call does:
    bool warned, was_late; // the script has had its first LimitError; the last was about time
    uint64_t steps_end;   // of vm_work
    uint64_t time_end;    // nanoseconds of the script's own time; 0: no limit
    uint64_t used, since; // of which so many had passed when the time began to run on; since 0: it stands still
    uint64_t output_left; // bytes
    void (*outer_trace)(VM *vm); // hooks.trace before the host joined it
};

#define NO_MEMORY_TEXT "MemoryError\n"

static inline aioli *host_of_vm(VM *vm) { return vm->host; }

// Reads a file. 0 or an errno; *data is from the allocator, *capacity bytes of it.
int host_read_file(Allocator *allocator, const char *path, char **data, size_t *length, size_t *capacity);

// The text of the exception on its way, which is taken away, into host->error; sets the exit status.
aioli_status host_finish(aioli *host);

// Makes the terminal what it was before a script put it into raw mode, if one did and has not restored it.
void host_restore_terminal(aioli *host);

// ---- renew.c: the beginning and the end of a program
//
// Every program has a loop of its own, and in an untrusted VM modules, streams, settings and built-in names as if it were the first.

void renew_drop(aioli *host);  // before what the last one has left is collected,
bool renew_begin(aioli *host); // and afterwards. False with MemoryError.
void renew_end(aioli *host);

// ---- Entering and leaving
//
// Every function of the header that touches the VM enters it first: so two threads are told from one, and the collector knows
// the part of the C stack that is to be scanned. Within a native function the VM is entered already.

typedef struct {
    NativeSpan span;
    bool outermost;
    bool resumed;         // the script's time ran not, since a native of the host was running
    const char *function; // of the header, for messages
} Entry;

// The limits of one call begin anew, or an eighth of them for what is left to be cleaned up; the script's time stands still, and runs
// on.
typedef enum { LIMITS_OF_A_CALL = 1, LIMITS_TO_CLEAN_UP = 8 } LimitsShare;
void limits_begin(aioli *host, LimitsShare share);
// Limits for the end of the VM, which may be no longer than some tens of milliseconds.
void limits_leave(aioli *host);
void limits_pause(aioli *host);
void limits_resume(aioli *host);

// Says that another thread is inside. Returns false.
bool host_refuse(aioli *host, const char *function);

// `here` is stack_here() of the function itself. False when another thread is inside: that has been reported, and nothing may be
// touched.
static inline bool host_enter(aioli *host, Entry *entry, const char *function, const char *here) {
    uintptr_t self = stack_thread(), inside = __atomic_load_n(&host->thread, __ATOMIC_RELAXED);
    entry->function = function;
    entry->outermost = inside != self;
    entry->resumed = false;
    if (!entry->outermost) {
        if (__builtin_expect(host->time_end && !host->since, 0)) {
            entry->resumed = true;
            limits_resume(host);
        }
        return true;
    }
#ifdef AIOLI_CHECKED
    inside = 0;
    if (!__atomic_compare_exchange_n(&host->thread, &inside, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return host_refuse(host, function);
#else
    // Two threads that enter in the very same moment are not told apart so; an exchange would cost a seventh of a call.
    if (inside) return host_refuse(host, function);
    __atomic_store_n(&host->thread, self, __ATOMIC_RELAXED);
#endif
    NativeSpan *span = &entry->span;
    __asm__("" : "+r"(span)); // gcc does not see that it is left again by the same condition, and warns
    natives_enter(&host->vm, span, here);
    if (__builtin_expect(host->limited, 0)) limits_begin(host, LIMITS_OF_A_CALL);
    return true;
}
static inline void host_leave(aioli *host, Entry *entry) {
    if (!entry->outermost) {
        if (__builtin_expect(entry->resumed, 0)) limits_pause(host);
        return;
    }
    NativeSpan *span = &entry->span;
    __asm__("" : "+r"(span)); // as above
    natives_leave(&host->vm, span);
    __atomic_store_n(&host->thread, 0, __ATOMIC_RELEASE);
}
#define HOST_ENTER(host, entry) host_enter(host, entry, __func__, stack_here())

// For functions that neither run a script nor collect: they need not enter, but no other thread may be inside. The entry is left like
// another.
static inline bool host_may_touch(const aioli *host) {
    uintptr_t inside = __atomic_load_n(&host->thread, __ATOMIC_RELAXED);
    return __builtin_expect(!inside || inside == stack_thread(), 1);
}
static inline bool host_touch(aioli *host, Entry *entry, const char *function) {
    entry->function = function;
    entry->outermost = entry->resumed = false; // so that there is nothing to leave
    return host_may_touch(host) || host_refuse(host, function);
}
#define HOST_TOUCH(host, entry) host_touch(host, entry, __func__)

// Leaves with what the function returns: a handle, NULL for VALUE_ERROR (its exception becomes the one to be taken).
aioli_value host_leave_value(aioli *host, Entry *entry, Value v);
// The same for a status: any int, negative with an exception.
int host_leave_status(aioli *host, Entry *entry, int status);

// Tells the host what it did wrong.
void host_misuse(aioli *host, const char *format, ...) __attribute__((format(printf, 2, 3)));

// ---- Handles
//
// From the low end: the place (its highest bit: a kept one), the VM's tag, which is never 0, so that no handle is NULL or one of the
// constants, and the place's generation, at the top so that the last is followed by the first. On 64 bits the highest bit is left
// free, and no handle looks like a Value that is an object: an array of handles may lie where Values are looked for.
#if UINTPTR_MAX > 0xFFFFFFFF
enum { HANDLE_PLACE_BITS = 24, HANDLE_GENERATION_BITS = 24, HANDLE_TAG_BITS = 15 };
#else
enum { HANDLE_PLACE_BITS = 18, HANDLE_GENERATION_BITS = 8, HANDLE_TAG_BITS = 6 };
#endif
enum { HANDLE_KEPT = 1 << (HANDLE_PLACE_BITS - 1), HANDLE_PLACES = HANDLE_KEPT };

static inline aioli_value make_handle(const aioli *host, uint32_t place, uint32_t generation) {
    uintptr_t age = generation & (((uintptr_t)1 << HANDLE_GENERATION_BITS) - 1);
    return (aioli_value)(age << (HANDLE_PLACE_BITS + HANDLE_TAG_BITS) | (uintptr_t)host->tag << HANDLE_PLACE_BITS | place);
}
// That of the same place and the next generation.
static inline aioli_value next_handle(aioli_value handle) {
    uintptr_t step = (uintptr_t)1 << (HANDLE_PLACE_BITS + HANDLE_TAG_BITS);
    return (aioli_value)(((uintptr_t)handle + step) & (step * ((uintptr_t)1 << HANDLE_GENERATION_BITS) - 1));
}
static inline uint32_t handle_place(aioli_value handle) {
    return (uint32_t)((uintptr_t)handle & (((uintptr_t)1 << HANDLE_PLACE_BITS) - 1));
}

// The kept handle's record, or NULL when it is dead or no kept one.
KeptHandle *host_kept(const aioli *host, aioli_value handle);

// The place of a good handle of a scope, or NULL.
static inline const ScopedHandle *host_scoped(const aioli *host, aioli_value handle) {
    uint32_t place = handle_place(handle);
    if (__builtin_expect(place >= host->scoped_count, 0)) return NULL;
    const ScopedHandle *scoped = &host->scoped[place];
    return __builtin_expect(scoped->handle == handle, 1) ? scoped : NULL;
}

// The value of a handle if it is good, without a word; else VALUE_ERROR.
static inline Value host_peek(const aioli *host, aioli_value handle) {
    const ScopedHandle *scoped = host_scoped(host, handle);
    if (__builtin_expect(scoped != NULL, 1)) return scoped->value;
    if (handle == AIOLI_NONE) return VALUE_NONE;
    if (handle == AIOLI_FALSE) return VALUE_FALSE;
    if (handle == AIOLI_TRUE) return VALUE_TRUE;
    const KeptHandle *kept = host_kept(host, handle);
    return kept ? kept->value : VALUE_ERROR;
}

// What is to be said of a handle that is none. VALUE_ERROR.
Value host_bad_handle(aioli *host, const Entry *entry, aioli_value handle);

// The value of a handle, or VALUE_ERROR: a dead or foreign one is reported and raises RuntimeError; NULL leaves the exception that
// the host has handed on, or raises.
static inline Value host_value(aioli *host, const Entry *entry, aioli_value handle) {
    Value v = host_peek(host, handle);
    return __builtin_expect(is_error(v), 0) ? host_bad_handle(host, entry, handle) : v;
}

// Makes room for so many more handles. False with MemoryError.
bool host_handles_reserve(aioli *host, size_t count);
static inline bool host_has_places(const aioli *host, size_t count) {
    return __builtin_expect(host->scoped_capacity - host->scoped_count >= count, 1);
}
// A new handle in the innermost scope, where there is a place for it. A value that is a constant (None, a bool) takes none.
static inline aioli_value host_place(aioli *host, Value v) {
    ScopedHandle *scoped = &host->scoped[host->scoped_count++];
    scoped->value = v;
    return scoped->handle = next_handle(scoped->handle);
}
static inline aioli_value host_place_any(aioli *host, Value v) {
    if (is_none(v)) return AIOLI_NONE;
    if (is_bool(v)) return is_true(v) ? AIOLI_TRUE : AIOLI_FALSE;
    return host_place(host, v);
}
// A new handle in the innermost scope. NULL with MemoryError.
static inline aioli_value host_handle(aioli *host, Value v) {
    if (!host_has_places(host, 1) && !host_handles_reserve(host, 1)) return NULL;
    return host_place_any(host, v);
}

// The values of `count` handles into `values`. False with an exception.
static inline bool host_values(aioli *host, const Entry *entry, size_t count, const aioli_value *handles, Value *values) {
    for (size_t i = 0; i < count; i++) {
        values[i] = host_value(host, entry, handles[i]);
        if (__builtin_expect(is_error(values[i]), 0)) return false;
    }
    return true;
}

void host_handles_trace(aioli *host);
// Ends the handles whose owners are not marked.
void host_handles_forget(aioli *host);
void host_handles_free(aioli *host);

// ---- The host's functions and classes

// An object of a host's class: its bytes follow.
struct HostObject {
    NativeData data;
    HostClass *cls;
    uint32_t kept; // the first of the handles that it owns, as KeptHandle.next
    _Alignas(16) unsigned char bytes[];
};

HostObject *host_object_of(Value v); // NULL: it is none
void host_handles_trace_owned(aioli *host, HostObject *owner);

// A native of the header's `function` with `data`. `owner` NULL: a plain function. NULL with an exception.
Native *host_native(aioli *host, const aioli_function *function, void *data, Class *owner);
void host_functions_free(aioli *host);
void host_classes_trace(aioli *host);
void host_classes_free(aioli *host);

// ---- The host's driver

// Makes the loop use the clock and the wait of the config, if there are any.
void host_driver_use(aioli *host);

// ---- Limits and grants

// Sets the limits of the config, when all parts of the VM are there.
void limits_create(aioli *host);
// False: memory is short.
bool grants_create(aioli *host);
void grants_free(aioli *host);
// Whether a file may be read or written, at all if `path` is NULL.
bool grants_file(const aioli *host, bool writes, const char *path);

// ---- Promises

// False: memory is short.
bool promises_create(aioli *host);
void promises_trace(aioli *host);
// The VM is about to be freed: those that are completed are done with, the others will be by aioli_complete.
void promises_abandon(aioli *host);

#endif

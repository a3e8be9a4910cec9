// Waiting in a line: what Lock, Event, Semaphore, Condition, Queue and their kin stand on.
//
// A task that has to wait is linked into the line itself and parked: neither a future nor a coroutine is made for it. Its turn comes
// when somebody calls it (line_call); then it is queued, and stands in the line until it runs, so that nobody overtakes it. What is to be
// done then is a function of whom it waits for (a WaitKind), which the loop calls before it goes on with the task's coroutine: it may give
// the coroutine a result, raise in it, or let it stand in a line again.
//
// A coroutine of these that is not awaited in a task, but driven by hand, stands in the line with a LineFuture, which it yields.
#ifndef AIOLI_LOOP_WAIT_H
#define AIOLI_LOOP_WAIT_H

#include "loop/loop.h"
#include "object/core/native_data.h"

// Those who wait, in the order in which they came. `uncancelled`: without those who were cancelled and do not know it yet.
typedef struct {
    Waiter *first, *last;
    size_t count, uncancelled;
} Line;

// One way to wait for a Waitable.
typedef struct {
    // What is done when the turn of `waiter` has come, or `exception` (else VALUE_EMPTY) ends its wait; it is in the line no more. `called`:
    // its turn had come. `argument` is what line_join was given. Whoever waits again does so with `next`. Returns what the wait gives,
    // VALUE_ERROR, or what line_join returned.
    Value (*go_on)(VM *vm, Waiter *next, Value owner, Value argument, bool called, Value exception);
    Line *(*line)(Value owner); // in which it stands
    // For reports: the function in which it waits; what it waits for, of or in what ("an item of queue"), to be followed by its name.
    const char *text, *noun;
    // The tasks that it waits for, as far as they are known: a future, a list or tuple of some, or VALUE_NONE. NULL: none are.
    Value (*awaited)(VM *vm, Value owner);
    const char *sort; // a word for what is waited for, as in `wait_sort` (explain.h)
} WaitKind;

// What somebody can wait for: the beginning of its struct.
typedef struct {
    NativeData data;
    const WaitKind *kinds;
    Code *made_in; // by which code of a script's, or NULL
    uint32_t made_at; // instruction
} Waitable;

// What a Waitable begins with; notes where a script makes it.
void waitable_init(VM *vm, Waitable *waitable, const WaitKind *kinds);
static inline void waitable_trace(VM *vm, const Waitable *waitable) { heap_mark_object(vm, (Object *)waitable->made_in); }

// Puts a waiter at the end of a line. owner: a Waitable; what: the index of its kind. Returns VALUE_SUSPEND, and what
// the coroutine suspends on in vm->suspended_on.
Value line_join(VM *vm, Line *line, Waiter *waiter, Value owner, unsigned what, Value argument);
// Takes a waiter out of a line, if it is there.
void line_leave(Line *line, Waiter *waiter);
// Queues a waiter that stands in a line and was neither called nor cancelled yet: its turn has come. It stays in the line.
void line_call(VM *vm, Waiter *waiter);
// Calls all who stand in a line and were not called yet.
void line_call_all(VM *vm, Line *line);
// The wait of a waiter is over: takes it out of its line and does what its kind does. See WaitKind.
Value line_go_on(VM *vm, Waiter *waiter, Waiter *next, Value exception);
// For future.c and loop.c: a waiter was cancelled; or left for good.
void line_dismiss(Waiter *waiter);
void line_abandon(Waiter *waiter);
// How a waiter in a line waits.
const WaitKind *line_kind(const Waiter *waiter);
void line_trace(VM *vm, const Line *line);
void line_future_trace(VM *vm, Future *f);

static inline bool waiter_stands(const Waiter *waiter) { return waiter->future.park == PARK_LINE; }

// ---- Native coroutines

typedef struct {
    const char *name; // qualified
    // Begins: returns the result, VALUE_ERROR, or what line_join gave for `waiter`.
    Value (*begin)(VM *vm, Waiter *waiter, Value self, Value argument);
    bool gives_argument; // when it has waited, in place of what the wait gives
} CoroutineKind;

// What a method that is an async function answers to its call: where it is awaited at once in a task it begins without an object
// (VALUE_SUSPEND, or VALUE_STOP with its result in vm->stop_value); else a coroutine object. VALUE_ERROR with an exception.
Value coroutine_call(VM *vm, const CoroutineKind *kind, Value self, Value argument);
// The same as an object in any case.
Value coroutine_new(VM *vm, const CoroutineKind *kind, Value self, Value argument);
// The running task, if what gives up its turn now gives up the task's: nobody stands between them who would have to see a future. Or NULL.
Task *coroutine_task(VM *vm);
// Of a KIND_NATIVE_COROUTINE: whether nobody has awaited it so far, and its qualified name.
bool coroutine_is_new(const Object *coroutine);
const char *coroutine_name(const Object *coroutine);
// Whether what a task runs has come to its end.
bool coroutine_is_over(Value coroutine);
// Whether the object's class has another method of this name than the native class has.
bool method_is_overridden(VM *vm, Value self, Class *native, const char *name);
// What a function of asyncio gives that is written in the language. [script]
Value call_in_asyncio(VM *vm, const char *module, const char *function, Value *arguments, size_t count);
// What stands in a line for a coroutine that is driven by hand. NULL with MemoryError.
Waiter *line_future_new(VM *vm);

#endif

// The event loop: a ready queue, timers, and the driver. Its order of work is asyncio's, hop for hop: what becomes ready
// goes to the end of the queue, a round runs what was queued when it began, and timers join between rounds.
#ifndef AIOLI_LOOP_LOOP_H
#define AIOLI_LOOP_LOOP_H

#include <assert.h>

#include "base/buffer.h"
#include "loop/driver.h"
#include "loop/network.h"
#include "object/container/list.h"
#include "object/core/native_data.h"
#include "object/core/vm.h"
#include "object/function/function.h"

typedef struct Loop Loop;
typedef struct Future Future;
typedef struct Task Task;
typedef struct Context Context; // context_variable.h
typedef struct Frame Frame;     // vm/frame.h

// ---- Futures and tasks

typedef enum { FUTURE_PENDING, FUTURE_CANCELLED, FUTURE_FINISHED, FUTURE_FAILED } FutureState;

// How a task is parked without a future of its own: on a timer, by a sleep that is awaited at once (DUE: the timer stands in the queue);
// or in a line (wait.h), CALLED when its turn has come and is queued, DISMISSED when it was cancelled and that is queued.
typedef enum {
    PARK_NONE,
    PARK_WAITING,
    PARK_DUE,
    PARK_FIRED,
    PARK_CANCELLED,
    PARK_LINE,
    PARK_CALLED,
    PARK_DISMISSED
} ParkState;

// Which struct it is: a plain Future, a Task, a Gather, a Promised (the host completes it), a DescriptorFuture (the driver does), a
// LineFuture (wait.h).
typedef enum { FUTURE_PLAIN, FUTURE_TASK, FUTURE_GATHER, FUTURE_PROMISED, FUTURE_DESCRIPTOR, FUTURE_LINE } FutureKind;

struct Future {
    Object object;
    uint8_t state;      // FutureState
    uint8_t kind;       // FutureKind
    uint8_t park;       // of a task and of a LineFuture: ParkState
    uint8_t what;       // of one in a line: which of the ways to wait that its Waitable has
    bool must_cancel;   // of a task: cancel() came while it could not be delivered
    bool retrieved;     // the exception has been seen by somebody
    bool yielded;           // an iterator step gave it to somebody; a task that takes it up resets this
    bool abandoned;         // of a task: its run is over and left it unfinished; nothing wakes it any more
    uint32_t park_number;   // tells the timer of this park from older ones
    union {
        uint32_t waits_since; // of a task, while loop->notes_waits: the loop's clock in milliseconds, modulo 2**32; 0: not known
        uint32_t track;       // of a task, while there is a trace: its number there, or 0
    };
    Value result;           // or the exception; of a pending task in a line: what it wants to remember there
    Value callback;         // the first done callback: a task (to be woken), a gather (whose child this is), a callable
    List *callbacks;        // the further ones, or NULL
    Value cancel_message;   // or VALUE_EMPTY
};

// What can stand in a line.
typedef struct Waiter {
    Future future;
    Value waiting; // of a task: the future that it awaits; of one in a line: the Waitable; or VALUE_NONE
    struct Waiter *next, *previous; // in the line
} Waiter;

struct Task {
    union {
        Future future;
        Waiter waiter;
    };
    Value coroutine;
    Context *context; // see context_variable.h
    Value name;       // a str, or a small int n for "Task-n"
    Code *created_in; // where create_task was called, or NULL
    uint32_t created_at; // instruction
    uint32_t cancel_requests : 28;
    uint32_t lives : 1, traced : 1; // for the marking that seeks the stuck: something that lives can wake it, see stuck.c
    uint32_t stuck : 1, told : 1;   // the last search has found it stuck; that has been told
    Task *next, *previous; // all unfinished tasks, in the order in which they were made: tasks are never lost
};

typedef struct {
    Future future;
    List *children;    // as given, duplicates included
    size_t finished, total;
    bool cancel_requested, return_exceptions;
} Gather;

// A future that the host completes.
typedef struct {
    Future future;
    void *promise; // the host's own, or NULL once it is completed
} Promised;

// A future that a file descriptor completes. While it is pending the loop keeps it.
typedef struct DescriptorFuture DescriptorFuture;
struct DescriptorFuture {
    Future future;
    Watch watch;
    VM *vm;
    DescriptorFuture *next, *previous; // of those under way
    bool under_way;
};

static inline bool is_future(Value v) { return is_kind(v, KIND_FUTURE); }
static inline Future *future_of(Value v) { return (Future *)object_of(v); }
static inline bool is_task(Value v) { return is_future(v) && future_of(v)->kind == FUTURE_TASK; }
static inline bool is_gather(Value v) { return is_future(v) && future_of(v)->kind == FUTURE_GATHER; }
static inline Task *task_of(Value v) { return (Task *)object_of(v); }
static inline bool future_done(const Future *f) { return f->state != FUTURE_PENDING; }
static inline bool is_coroutine(VM *vm, Value v) {
    return (is_kind(v, KIND_GENERATOR) && object_shape(object_of(v))->cls == vm->classes.coroutine) ||
           is_kind(v, KIND_NATIVE_COROUTINE);
}

Future *future_new(VM *vm);
Promised *future_new_promised(VM *vm);
DescriptorFuture *future_new_descriptor(VM *vm);
// Each false with InvalidStateError when it is done already.
bool future_set_result(VM *vm, Future *f, Value result);
bool future_set_exception(VM *vm, Future *f, Value exception);
// asyncio's cancel() of any future, task or gather: 1, 0 (it is done already), or -1. message: VALUE_EMPTY for none.
int future_cancel(VM *vm, Future *f, Value message);
// Only the future itself, as Future.cancel() does: for a task whose coroutine has ended by CancelledError.
void future_become_cancelled(VM *vm, Future *f, Value message);
// callback: a task, a gather, VALUE_NONE (ends run_until_complete), a callable. False with MemoryError.
bool future_add_callback(VM *vm, Future *f, Value callback);
// Takes back the callback that was added last, unless it is queued already.
void future_take_back_callback(VM *vm, Future *f, Value callback);
// Takes a callback out wherever it stands. What is queued already stays so.
void future_drop_callback(VM *vm, Future *f, Value callback);
// The result, or VALUE_ERROR with its exception (or CancelledError, InvalidStateError) raised.
Value future_result(VM *vm, Future *f);
// The exception that a cancelled future gives.
Value future_cancelled_error(VM *vm, Future *f);

// Makes a task of a coroutine, with a copy of the context that runs, and queues its first step. name: a str, or VALUE_EMPTY. NULL with
// an exception.
Task *task_new(VM *vm, Value coroutine, Value name);
// The same; context: a Context that it runs in, or VALUE_EMPTY or None. The task, or VALUE_ERROR.
Value task_in_context(VM *vm, Value coroutine, Value name, Value context);
// The same for a task of any class, whose first step is not queued if `eager`: it runs at once.
Value task_of_class(VM *vm, Class *cls, Value coroutine, Value name, Value context, bool eager);
// Runs one step: sends VALUE_NONE or throws `exception` (VALUE_EMPTY: none). False when the loop must stop with the
// exception raised (KeyboardInterrupt, SystemExit).
bool task_step(VM *vm, Task *task, Value exception);
// Ends the parked sleep of a task by an exception, with the hops that a cancelled future takes. Where the timer stands in the
// queue, a place has been taken for that.
void task_end_park(VM *vm, Task *task, Value exception);
// Task.uncancel().
uint32_t task_uncancel(Task *task);
String *task_name(VM *vm, Task *task);
// A future or task of an awaitable, as asyncio.ensure_future. VALUE_ERROR with TypeError.
Value ensure_future(VM *vm, Value awaitable);
// A coroutine that a task can run, of one or of what is like one. VALUE_ERROR with TypeError for anything else.
Value coroutine_for_task(VM *vm, Value given);
Value gather_new(VM *vm, const Value *awaitables, size_t count, bool return_exceptions);
// What a done child of a gather does when its turn in the queue comes.
void gather_child_done(VM *vm, Gather *gather, Future *child);

// ---- The loop

typedef enum {
    READY_STEP,     // a: task
    READY_THROW,    // a: task, b: the exception to throw in
    READY_WAKE,     // a: task, b: the future that is done
    READY_PARK,     // a: task whose sleep is over
    READY_TIMER,    // a: task whose sleep's timer has fired; b: the park's number
    READY_CALLBACK, // a: callable, or a Handle of one with its context; b: the future to call it with
    READY_CHILD,    // a: gather, or another object with future_done; b: the child
    READY_HANDLE,   // a: a Handle
    READY_STOP,     // ends run_until_complete after this round
    READY_TIMEOUT,  // a: a Timeout whose time has come; b: the number of its deadline
    READY_EVENT,    // a: the owner of an ObjectWatch; b: where that lies in it, in bytes
} ReadyKind;

// The kind stands in the low four bits of the object's address in `subject`, which are zero: a queue of a million tasks
// is then 16 MB.
typedef struct {
    uint64_t subject; // a
    Value b;
} ReadyEntry;

typedef struct {
    double when;
    uint64_t sequence; // of a parked task its low half is the park's number
    Value target;      // a Handle, a parked task, or a Timeout
} Timer;

// A callback scheduled by call_soon or call_later.
typedef struct {
    Object object;
    Value callback; // VALUE_NONE once cancelled
    Tuple *arguments;
    Context *context; // in which it is called
    double when;    // of call_later, or -1
    bool cancelled, scheduled;
} Handle;

// A deadline of a block: asyncio.timeout(). It stands among the timers itself.
typedef struct {
    NativeData data;
    uint8_t state;        // see timeout.c
    uint64_t number;      // of the deadline that counts: its timer's sequence number, or one that is queued at once; 0: none
    bool queued;          // its turn is queued
    Value when;           // the loop's time as the script gave it, or VALUE_NONE
    Task *task;           // whose block it is
    uint32_t cancelling;  // that task's count of cancellations at the beginning of the block
} Timeout;

// What debug mode knows of the step or callback that runs.
typedef struct {
    double began;        // by the system's clock
    double next;         // after how many seconds something is to be done next
    double seen;         // after how many it was looked at for the first time, or 0
    const Frame *outside; // what runs without it
    Code *code;          // where it was then, or NULL
    uint32_t instruction;
    uint64_t awaits;     // by then
} SlowStep;

struct Loop {
    VM *vm;
    Driver *driver;
    uint32_t waking;   // atomic: calls of loop_wake that may be using the driver
    ReadyEntry *ready; // a ring
    size_t ready_capacity, ready_first, ready_count;
    size_t places;     // of the ring, taken or promised: see loop_reserve
    size_t promised;   // of them, to callbacks of pending futures
    size_t unproven;   // of those, to futures that the marking under way has not come to
    Timer *timers; // a binary heap by (when, sequence)
    size_t timer_count, timer_capacity, timer_stale; // stale: parked sleeps that were cancelled
    uint64_t next_sequence;
    Task *current;     // the task whose step runs
    Context **context, *main_context; // the slot of what runs; that of what runs outside all tasks and callbacks
    Task *first_task, *last_task;
    size_t task_count, most_tasks; // unfinished ones; most_tasks 0: no limit
    List *generators;  // async generators that have begun, so that a run's end can close those left; or NULL
    NetworkSettings network; // of the network of virtual time
    DescriptorFuture *descriptors; // under way
    struct ObjectWatch *first_watch, *last_watch; // under way
    Task *main_task;   // of asyncio.run: Ctrl-C cancels it
    uint64_t next_task_number;
    int interrupts;    // Ctrl-C since asyncio.run began
    Task *console;     // the task that is told of what the next two say, or NULL: see console.c
    Value on_interrupt, on_failure, on_report; // called, or VALUE_NONE
    Value exception_handler; // a script's, or VALUE_NONE
    Value on_end;      // a list of what is called with no arguments at the end of a run, and gives back what is the process's; or None
    Value task_factory;      // likewise
    bool notes_waits;        // tasks remember since when they wait; never while there is a trace
    uint32_t noted_since;    // since when they do
    bool running, stopping, closed;
    bool seeks_stuck;  // the marking under way is one that does
    bool seeks_by_itself; // and nobody has asked for it
    bool any_stuck;    // it has found some that have not been told of
    uint32_t seek_rounds; // how often it has gone through the tasks
    bool debug;        // tells of what holds the loop for longer than `slow` seconds
    double slow;
    SlowStep slow_step;
    uint64_t prompt_awaits; // in this step, of what was there already: it did not give up its turn
    bool steps_nested; // the step that begins now is entered from a script
    bool steps_native; // the step that begins now is one of a task whose coroutine is native
    Value object;      // what scripts see
    Class *future_class, *task_class, *gather_class, *handle_class, *timer_handle_class, *loop_class,
        *coroutine_class, *coroutine_iterator_class, *sleeper_class, *lock_class,
        *condition_class, *semaphore_class, *queue_class, *priority_queue_class, *lifo_queue_class, *queue_empty, *queue_full, *queue_shut_down, *timeout_class, *task_group_class,
        *context_class, *token_class, *wait_class;
    // For the host's promises, handed down: `deliver` takes what other threads have sent, when `mail` says that there is something.
    // `on_promise_cancelled` is told of a promised future that is cancelled.
    uint32_t mail; // atomic
    void (*deliver)(VM *vm);
    void (*on_promise_cancelled)(VM *vm, Promised *promised);
    bool any_lost;      // of interpreter's `watched`
    Value lost_to;      // a list that is told of what is lost, or VALUE_NONE: see testing.c
    size_t outstanding; // promises that are not completed
    size_t round_left; // entries of the ready queue that belong to the round under way
    bool hosted; // the host has tasks of its own in this loop
    bool was_idle; // the last turn ended so, and the host knows when the next deadline is
    bool (*show_error)(VM *vm, const char *text, size_t length); // writes to the standard error; handed down
    void (*write_report)(VM *vm, const char *text, size_t length); // the same, without a script's doing; handed down
    void (*describe)(VM *vm, const char *text, size_t length); // gets what runs and waits as JSON; handed down, or NULL
    Value (*before_wait)(VM *vm); // flushes the standard output; handed down. VALUE_ERROR stops the loop.
    Driver *(*new_driver)(Allocator *allocator, void *user); // NULL: no memory, or the system refuses
    void *driver_user;
    bool use_virtual_time;
    struct Tracer *tracer; // or NULL, see trace.c
    uint64_t shuffle;    // the state of the generator that chooses tasks, or 0: the plain order; handed down
    uint64_t choices;    // so far
    unsigned (*chooses)(VM *vm, uint64_t number, unsigned count, unsigned which); // has the last word; handed down, or NULL
    void (*departed)(VM *vm, uint64_t number, const char *text);                  // told of a departure; likewise
    bool tells_of_stuck; // at collections and at the end of each run; handed down
    bool notes_origins;  // exceptions that pass through a task get a note of where that was made; handed down
    bool reports_json;   // what is told of tasks to the standard error is for programs; handed down
};

static inline Loop *loop_of(VM *vm) { return vm->loop; }

// Adds the loop to a VM. False: out of memory.
bool loop_create(VM *vm);
void loop_destroy(VM *vm);

// A wake-up never fails for lack of memory: the ring has a place for whatever may come, from the moment on when somebody
// begins to wait for it; that moment is the one that can fail.
//   - A task has a place from its making to its end. It is queued once at a time. While its sleep's timer stands in the queue
//     a cancellation is a second entry: the first one then has a place of its own.
//   - A callback has one until its turn comes, but for two: one that is a task is queued at that task's place, and a task's
//     first one at the place that the task gives up by its end.
//   - A handle has one until its turn comes, or until its timer is dropped.
// The callbacks of a future that is never done would keep their places for ever: each marking counts anew.
bool loop_grow_ready(VM *vm);
// Takes one more place. False with MemoryError.
static inline bool loop_reserve(VM *vm) {
    Loop *loop = loop_of(vm);
    if (__builtin_expect(loop->places >= loop->ready_capacity, 0) && !loop_grow_ready(vm)) return false;
    loop->places++;
    return true;
}
// Queues what has a place.
static inline void loop_ready(VM *vm, ReadyKind kind, Value a, Value b) {
    Loop *loop = loop_of(vm);
    assert(loop->ready_count < loop->ready_capacity);
    loop->ready[(loop->ready_first + loop->ready_count++) & (loop->ready_capacity - 1)] =
        (ReadyEntry){.subject = a.bits | kind, .b = b};
}
// Returns the timer's sequence number in *sequence.
bool loop_timer(VM *vm, double when, Value target, uint64_t *sequence);
double loop_time(VM *vm);
// Seconds by the system's steady clock, whatever clock the loop has.
double loop_system_time(void);
static inline uint32_t loop_milliseconds(VM *vm) { return (uint32_t)(uint64_t)(loop_time(vm) * 1e3); }
// Ends a wait of the loop; from any thread, and from a signal handler.
void loop_wake(VM *vm);
// False with an exception when the driver can't be made.
bool loop_open(VM *vm);

// Runs until the future is done and its stop has been reached. The result or VALUE_ERROR.
Value loop_run_until_complete(VM *vm, Value future);
// asyncio.run(): makes the main task, runs it, cancels what is left.
Value loop_run_main(VM *vm, Value coroutine);
// Whether the host has tasks in this loop that are unfinished.
bool loop_is_hosted(VM *vm);
// Calls what the library wants to be called at the end of a run (Loop.on_end). False with an exception. [script]
bool loop_end_outside(VM *vm);
// Empties the loop: what is unfinished is never gone on with.
void loop_abandon(VM *vm);

// Parks the current task for `seconds`: only for a native that is awaited at once (vm->awaited). VALUE_SUSPEND or error.
Value loop_park(VM *vm, double seconds);

// ---- File descriptors (watch.c)

// A future that is done, with None, when the descriptor is ready for any of the events (see Watch in driver.h). NULL with an exception;
// or with the system's errno in *error, which is 0 otherwise.
Future *loop_watch(VM *vm, int descriptor, unsigned events, int *error);
// Ends the watch of a future that is no longer pending, or that nobody will wait for.
void loop_unwatch(VM *vm, DescriptorFuture *watched);
// The same for all that are under way.
void loop_unwatch_all(VM *vm);
void watch_trace(VM *vm);

// A watch that an object keeps for as long as it likes, as a part of itself: while it is under way the loop keeps the object. What is
// to be done when the descriptor is ready is done in the loop's turn, where scripts may run.
typedef struct ObjectWatch {
    Watch watch;
    VM *vm;
    Object *owner;
    bool (*act)(VM *vm, Object *owner); // False with an exception, which the loop tells of. [script]
    void (*abandon)(VM *vm, Object *owner); // the loop gives up all that it waits for; runs no script, makes nothing. Or NULL
    bool under_way, queued;
    struct ObjectWatch *next, *previous;
} ObjectWatch;

// Begins a watch, with the fields `owner`, `act` and `abandon` set. False with an exception; or with the system's errno in *error,
// which is 0 otherwise.
bool object_watch_begin(VM *vm, ObjectWatch *watch, int descriptor, unsigned events, int *error);
// Begins one without a descriptor: the loop keeps the object, and the watch acts when it is queued. False with MemoryError.
bool object_watch_hold(VM *vm, ObjectWatch *watch);
// Queues one that is under way, if it is not queued already; needs no memory.
void object_watch_queue(ObjectWatch *watch);
// Ends it, if it is under way; what is queued of it does nothing any more.
void object_watch_end(VM *vm, ObjectWatch *watch);
// An entry of the queue is dropped; for loop.c.
void object_watch_forget(const ReadyEntry *entry);
// The turn of one that was queued. False with an exception.
bool object_watch_act(VM *vm, ObjectWatch *watch);

// What a Timeout does when its turn comes.
bool timeout_expire(VM *vm, Timeout *timeout);

bool loop_class_init(VM *vm);   // Future, Task, Handle, the loop's own class
// loop.run_forever(): until stop().
Value loop_run_forever(VM *vm);
// Whether the exception that is raised ends the loop, though a task or a callback raised it: KeyboardInterrupt, SystemExit,
// LimitError.
bool loop_must_end(VM *vm);
// Shows an exception that nobody is there to catch, as asyncio's default handler does. False with an exception.
bool loop_show_exception(VM *vm, const char *message, Value exception);
// console.c: whether a console takes the interrupt that is there, or the report that is asked for; a task that has failed is told to one.
bool console_takes_interrupt(VM *vm);
bool console_takes_report(VM *vm);
void console_note_failure(VM *vm, Task *task);

// From now on tasks remember since when they wait, as somebody wants to know it.
void loop_note_waits(VM *vm);
// All unfinished tasks in the order in which they were made: a list of (task, what it waits for, file, line, function, seconds, holder):
// file, line and function of the user's own code, or None; how long it has waited, if that is known; and the tasks that it
// waits for, as one task, a list, or the first argument of the library's function that it waits in (a TaskGroup), or None.
Value loop_describe_tasks(VM *vm);
// Writes what runs and what all tasks wait for to the standard error, past whatever a script has put in its place. (A console that waits is
// told instead.) Neither collects, nor runs a script.
void loop_report(VM *vm);
// Where a script is now: its innermost code and instruction, the library left out. Nothing where none runs.
void loop_note_place(VM *vm, Code **code, uint32_t *instruction);
// Appends a place of a script as a traceback shows it.
void loop_write_place(const Code *code, uint32_t instruction, Buffer *out);
// The deadlock report as text in a DeadlockError that is raised.
Value loop_raise_deadlock(VM *vm);

// slow.c, in debug mode: a step of a task, or a callback, begins; it has ended: `what` is the task, or the handle. Tells when that has held
// the loop for long. [script]
void slow_begin(VM *vm);
void slow_end(VM *vm, Value what);

// ---- A trace of what tasks do (trace.c); where there is none, loop->tracer is NULL and none of these may be called but the first

// Begins one; `write` gets each event, a JSON object. False without memory for it.
bool trace_begin(VM *vm, void (*write)(VM *vm, const char *text, size_t length));
void trace_end(VM *vm);
// A task is queued: by the one that runs, if one does.
void trace_wake(VM *vm, Task *woken);
// Around a step. trace_step_begins returns when that was.
double trace_step_begins(VM *vm, Task *task);
void trace_step_ends(VM *vm, Task *task, double began);

// shuffle.c: puts another one of the tasks that could run now first in the queue, or leaves the plain order.
void loop_shuffle(VM *vm);

// ---- What is stuck (stuck.c): tasks that wait for what nothing that lives can reach

// The tasks that are stuck, as a list. VALUE_ERROR with MemoryError.
Value stuck_find(VM *vm);
// Writes a report of those that are to the standard error, if there are any; what was told of once is not again. False with an exception.
bool stuck_report(VM *vm);
// Tells of those that the last search has found and that have not been told of. False with an exception. [script]
bool stuck_tell(VM *vm);
// For the collector: see hooks.begin_marking and hooks.reconsider.
bool stuck_begin(VM *vm);
bool stuck_reconsider(VM *vm);

// ---- What is lost (lost.c): exceptions of futures that nobody has seen, coroutines that nobody has awaited

// Watches a future that has failed.
void lost_watch(VM *vm, Future *f);
// Reports what markings have found to be lost.
void lost_report(VM *vm);
// The end of a run, or of the VM (`all`): looks for what is lost, or takes all that is watched for lost, and reports it.
void lost_end(VM *vm, bool all);
void lost_trace(VM *vm);
void lost_init(VM *vm);
// testing.c: tells the list `lost_to`; `code` may be NULL. False with an exception.
bool testing_takes_lost(VM *vm, const char *kind, Value name, Value exception, const Code *code, uint32_t instruction);

// ---- For a host that runs the loop itself

typedef enum {
    TURN_DONE,    // no task is left, and nothing is queued
    TURN_READY,   // the budget is spent, and more could run at once
    TURN_IDLE,    // nothing can run before the next deadline
    TURN_WAITING, // nothing can run until something outside happens
    TURN_FAILED,  // with an exception
} TurnOutcome;

// What a turn may take; 0: no limit. Looked at between steps of tasks.
typedef struct {
    uint64_t work; // in safepoints
    double seconds;
} TurnBudget;

// Runs what is ready, without ever waiting. *idle gets the seconds until the next deadline (TURN_IDLE).
TurnOutcome loop_turn(VM *vm, const TurnBudget *budget, double *idle);

#endif

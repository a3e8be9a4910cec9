// The queue, the timers, and the rounds.
#include "loop/loop.h"

#include <float.h>
#include <math.h>
#include <sched.h>
#include <time.h>

#include "loop/methods.h"
#include "loop/report_json.h"
#include "loop/wait.h"
#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/text/str.h"
#include "vm/generator.h"
#include "vm/interpreter.h"

// ---- The ready queue

bool loop_grow_ready(VM *vm) {
    Loop *loop = loop_of(vm);
    size_t capacity = loop->ready_capacity ? loop->ready_capacity * 2 : 64;
    ReadyEntry *grown = heap_resize(vm, NULL, 0, capacity * sizeof(ReadyEntry));
    if (!grown) return raise_memory_error(vm), false;
    for (size_t i = 0; i < loop->ready_count; i++)
        grown[i] = loop->ready[(loop->ready_first + i) & (loop->ready_capacity - 1)];
    heap_resize(vm, loop->ready, loop->ready_capacity * sizeof(ReadyEntry), 0);
    loop->ready = grown;
    loop->ready_capacity = capacity;
    loop->ready_first = 0;
    return true;
}

// ---- Timers

static ReadyKind ready_kind(const ReadyEntry *entry) { return entry->subject & 15; }
static Value ready_subject(const ReadyEntry *entry) { return (Value){entry->subject & ~(uint64_t)15}; }

static bool earlier(const Timer *a, const Timer *b) {
    return a->when != b->when ? a->when < b->when : a->sequence < b->sequence;
}

static void sift_up(Timer *timers, size_t i) {
    Timer moving = timers[i];
    for (; i && earlier(&moving, &timers[(i - 1) / 2]); i = (i - 1) / 2) timers[i] = timers[(i - 1) / 2];
    timers[i] = moving;
}

static void sift_down(Timer *timers, size_t count, size_t i) {
    Timer moving = timers[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= count) break;
        if (child + 1 < count && earlier(&timers[child + 1], &timers[child])) child++;
        if (!earlier(&timers[child], &moving)) break;
        timers[i] = timers[child];
        i = child;
    }
    timers[i] = moving;
}

bool loop_timer(VM *vm, double when, Value target, uint64_t *sequence) {
    Loop *loop = loop_of(vm);
    if (isnan(when)) return raise_value_error(vm, "Invalid delay: NaN (not a number)"), false;
    if (loop->timer_count == loop->timer_capacity) {
        size_t capacity = loop->timer_capacity ? loop->timer_capacity * 2 : 64;
        Timer *grown = heap_resize(vm, loop->timers, loop->timer_capacity * sizeof(Timer), capacity * sizeof(Timer));
        if (!grown) return raise_memory_error(vm), false;
        loop->timers = grown;
        loop->timer_capacity = capacity;
    }
    *sequence = loop->next_sequence++;
    loop->timers[loop->timer_count] = (Timer){.when = when, .sequence = *sequence, .target = target};
    sift_up(loop->timers, loop->timer_count++);
    return true;
}

static bool timer_is_stale(const Timer *timer) {
    if (is_future(timer->target)) {
        const Future *f = future_of(timer->target);
        return f->park != PARK_WAITING || f->park_number != (uint32_t)timer->sequence;
    }
    if (is_kind(timer->target, KIND_NATIVE_DATA)) return ((Timeout *)object_of(timer->target))->number != timer->sequence;
    return ((Handle *)object_of(timer->target))->cancelled;
}

// What a stale timer leaves behind when it is dropped: a parked task has kept its place.
static void give_up_place(Loop *loop, const Timer *timer) {
    if (!is_future(timer->target)) loop->places--;
}

static void drop_first_timer(Loop *loop) {
    loop->timers[0] = loop->timers[--loop->timer_count];
    if (loop->timer_count) sift_down(loop->timers, loop->timer_count, 0);
}

// Timers of cancelled waits are dropped when they come to the top, or all at once when they are the most.
static void drop_stale_timers(Loop *loop) {
    if (loop->timer_stale > 100 && loop->timer_stale > loop->timer_count / 2) {
        size_t kept = 0;
        for (size_t i = 0; i < loop->timer_count; i++) {
            if (timer_is_stale(&loop->timers[i]))
                give_up_place(loop, &loop->timers[i]);
            else
                loop->timers[kept++] = loop->timers[i];
        }
        loop->timer_count = kept;
        for (size_t i = kept / 2; i-- > 0;) sift_down(loop->timers, kept, i);
        loop->timer_stale = 0;
    }
    while (loop->timer_count && timer_is_stale(&loop->timers[0])) {
        give_up_place(loop, &loop->timers[0]);
        drop_first_timer(loop);
        if (loop->timer_stale) loop->timer_stale--;
    }
}

// ---- Clock

// The driver is replaced by this thread while others, or a signal handler, may be waking it. Whoever replaces it waits for them; they
// wait for nobody, not even for each other: one that left it to another, whose wake has been taken already, would be lost. (Either
// they see that the driver is gone, or they are seen here, for all four accesses have one order.)
static void replace_driver(Loop *loop, Driver *driver) {
    Driver *old = loop->driver;
    __atomic_store_n(&loop->driver, driver, __ATOMIC_SEQ_CST);
    while (old && __atomic_load_n(&loop->waking, __ATOMIC_SEQ_CST)) sched_yield();
    if (old) old->close(old);
}

void loop_wake(VM *vm) {
    Loop *loop = loop_of(vm);
    if (!loop) return;
    __atomic_fetch_add(&loop->waking, 1, __ATOMIC_SEQ_CST);
    Driver *driver = __atomic_load_n(&loop->driver, __ATOMIC_SEQ_CST);
    if (driver) driver->wake(driver);
    __atomic_fetch_sub(&loop->waking, 1, __ATOMIC_SEQ_CST);
}

bool loop_open(VM *vm) {
    Loop *loop = loop_of(vm);
    if (loop->driver) return true;
    replace_driver(loop, loop->use_virtual_time ? driver_virtual_new(&vm->heap.counted, &loop->network) : loop->new_driver(&vm->heap.counted, loop->driver_user));
    if (!loop->driver) raise_error(vm, vm->exceptions.os_error, "the event loop's driver could not be started");
    return loop->driver != NULL;
}

double loop_time(VM *vm) { return loop_of(vm)->driver->now(loop_of(vm)->driver); }

// ---- Rounds

// Calls something outside all tasks, in a context of its own.
static Value call_in_context(VM *vm, Context **slot, Value callback, Value *arguments, size_t count) {
    Loop *loop = loop_of(vm);
    Context **before = loop->context;
    loop->context = slot;
    Value result = vm_call(vm, callback, arguments, count, NULL);
    loop->context = before;
    return result;
}

static bool run_handle(VM *vm, Handle *handle) {
    handle->scheduled = false;
    if (handle->cancelled) return true;
    Tuple *arguments = handle->arguments;
    return !is_error(call_in_context(vm, &handle->context, handle->callback, arguments->items, arguments->length));
}

bool loop_must_end(VM *vm) {
    return vm->ending || !is_exception(vm->exception) ||
           (exception_matches(vm, vm->exceptions.keyboard_interrupt) && !loop_of(vm)->console) ||
           exception_matches(vm, vm->exceptions.limit_error) ||
           exception_matches(vm, vm->exceptions.system_exit);
}

// Inlined in both its callers: each step of a task passes here.
static inline __attribute__((always_inline)) bool run_entry(VM *vm, Loop *loop, const ReadyEntry *entry) {
    Value subject = ready_subject(entry);
    switch (ready_kind(entry)) {
    case READY_STEP: return task_step(vm, task_of(subject), VALUE_EMPTY);
    case READY_THROW: return task_step(vm, task_of(subject), entry->b);
    case READY_WAKE: {
        Future *f = future_of(entry->b);
        if (f->state == FUTURE_FINISHED || f->state == FUTURE_PENDING) return task_step(vm, task_of(subject), VALUE_EMPTY);
        Value e = f->state == FUTURE_CANCELLED ? future_cancelled_error(vm, f) : f->result;
        f->retrieved = true;
        return task_step(vm, task_of(subject), is_error(e) ? exception_take(vm) : e);
    }
    case READY_TIMER: {
        // The sleep is over, its task comes next round: a future's callback would take that way.
        Future *f = future_of(subject);
        if (f->park != PARK_DUE || f->park_number != (uint32_t)small_of(entry->b)) {
            loop->places--;
            return true;
        }
        f->park = PARK_FIRED;
        f->park_number++;
        loop_ready(vm, READY_PARK, subject, VALUE_NONE);
        return true;
    }
    case READY_PARK: return task_step(vm, task_of(subject), VALUE_EMPTY);
    case READY_CALLBACK: {
        Value argument = entry->b;
        Context *context = NULL;
        loop->places--;
        if (is_kind(subject, KIND_HANDLE)) {
            context = ((Handle *)object_of(subject))->context;
            subject = ((Handle *)object_of(subject))->callback;
        }
        return !is_error(call_in_context(vm, &context, subject, &argument, 1)) || loop_tell_of_callback(vm, subject);
    }
    case READY_CHILD:
        loop->places--;
        if (is_gather(subject))
            gather_child_done(vm, (Gather *)object_of(subject), future_of(entry->b));
        else if (!object_shape(object_of(subject))->cls->ops->future_done(vm, subject, entry->b))
            return loop_tell_of_callback(vm, subject);
        return true;
    case READY_HANDLE:
        loop->places--;
        return run_handle(vm, (Handle *)object_of(subject)) || loop_tell_of_callback(vm, subject);
    case READY_TIMEOUT: {
        Timeout *timeout = (Timeout *)object_of(subject);
        loop->places--;
        return timeout->number != (uint64_t)small_of(entry->b) || timeout_expire(vm, timeout) || loop_tell_of_callback(vm, subject);
    }
    case READY_EVENT:
        return object_watch_act(vm, (ObjectWatch *)((char *)object_of(subject) + small_of(entry->b))) || loop_tell_of_callback(vm, subject);
    case READY_STOP:
        loop->places--;
        loop->stopping = true;
        return true;
    }
    return true;
}

// Moves the timers that are due to the ready queue, in their order.
static void collect_timers(VM *vm, Loop *loop) {
    double end = loop_time(vm) + 1e-9;
    while (loop->timer_count && loop->timers[0].when <= end) {
        Timer timer = loop->timers[0];
        bool stale = timer_is_stale(&timer);
        drop_first_timer(loop);
        if (stale) {
            give_up_place(loop, &timer);
            if (loop->timer_stale) loop->timer_stale--;
        } else if (is_future(timer.target)) {
            future_of(timer.target)->park = PARK_DUE;
            loop_ready(vm, READY_TIMER, timer.target, value_small((uint32_t)timer.sequence));
        } else if (is_kind(timer.target, KIND_NATIVE_DATA)) {
            ((Timeout *)object_of(timer.target))->queued = true;
            loop_ready(vm, READY_TIMEOUT, timer.target, value_small((int64_t)timer.sequence));
        } else {
            loop_ready(vm, READY_HANDLE, timer.target, VALUE_NONE);
        }
    }
}

// Takes what has come while the driver had the thread. False: an exception is raised.
static bool look_at_requests(VM *vm) { return (vm->fuel >= 0 && !vm_requested(vm)) || vm->hooks.attend(vm); }

// Waits for the next deadline or event. False with an exception, DeadlockError when nothing can ever come.
static bool wait_for_work(VM *vm, Loop *loop) {
    if (is_error(loop->before_wait ? loop->before_wait(vm) : VALUE_NONE)) return false;
    double seconds = INFINITY;
    if (loop->timer_count) {
        seconds = loop->timers[0].when - loop_time(vm);
        if (seconds < 0) seconds = 0;
        if (isinf(seconds) && loop->driver->is_virtual) seconds = DBL_MAX; // no wait without a deadline is meant
        // Systems have clocks that can't be asked to wait for ever; a virtual one goes there at once.
        if (seconds > 24 * 3600 && !loop->driver->is_virtual) seconds = 24 * 3600;
    } else if (!loop->driver->expected && !loop->outstanding) {
        return loop_raise_deadlock(vm), false;
    }
    // Idle: the moment to collect.
    if (heap_wants_collection(&vm->heap)) vm_collect(vm);
    // A request that comes from here on wakes the driver, or keeps it from falling asleep.
    if (vm->hooks.wait_begins) {
        double most = vm->hooks.wait_begins(vm, loop->outstanding > 0);
        if (!loop->driver->is_virtual) seconds = fmin(seconds, most);
    }
    if (!vm_requested(vm)) loop->driver->wait(loop->driver, seconds);
    if (vm->hooks.wait_ends) vm->hooks.wait_ends(vm);
    return look_at_requests(vm) && vm_take_signals(vm);
}

static void take_mail(VM *vm, Loop *loop) {
    if (__atomic_load_n(&loop->mail, __ATOMIC_RELAXED)) loop->deliver(vm);
}

// What was queued when a round begins belongs to it: the timers that are due, and what the driver and the host bring, included.
static void begin_round(VM *vm, Loop *loop) {
    if (loop->timer_count) collect_timers(vm, loop);
    loop->round_left = loop->ready_count;
}

double loop_system_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// By the system's clock: a virtual one stands still meanwhile.
static __attribute__((noinline)) bool run_timed(VM *vm, Loop *loop, const ReadyEntry *entry) {
    Value what = ready_subject(entry);
    slow_begin(vm);
    bool ok = run_entry(vm, loop, entry);
    slow_end(vm, ok ? what : VALUE_NONE);
    return ok;
}

// Among many tasks each step would wait for memory: for the task, then for what it goes on with. Both are asked for some steps
// ahead.
static inline void prefetch_steps(const Loop *loop) {
    enum { FURTHER = 6, NEARER = 3 };
    if (loop->ready_count <= FURTHER) return;
    const ReadyEntry *further = &loop->ready[(loop->ready_first + FURTHER) & (loop->ready_capacity - 1)];
    const char *subject = (const char *)object_of(ready_subject(further));
    __builtin_prefetch(subject);
    __builtin_prefetch(subject + 64);
    const ReadyEntry *nearer = &loop->ready[(loop->ready_first + NEARER) & (loop->ready_capacity - 1)];
    if (ready_kind(nearer) != READY_STEP && ready_kind(nearer) != READY_PARK && ready_kind(nearer) != READY_WAKE) return;
    const char *coroutine = (const char *)object_of(task_of(ready_subject(nearer))->coroutine);
    __builtin_prefetch(coroutine);
    __builtin_prefetch(coroutine + 64);
    __builtin_prefetch(coroutine + 128);
}

static inline bool run_next(VM *vm, Loop *loop) {
    prefetch_steps(loop);
    if (__builtin_expect(loop->shuffle != 0, 0)) loop_shuffle(vm);
    ReadyEntry entry = loop->ready[loop->ready_first];
    loop->ready_first = (loop->ready_first + 1) & (loop->ready_capacity - 1);
    loop->ready_count--;
    loop->round_left--;
    if (__builtin_expect(loop->debug, 0)) return run_timed(vm, loop, &entry) && vm_safepoint(vm, 1);
    return run_entry(vm, loop, &entry) && vm_safepoint(vm, 1);
}

// What collections have found that somebody should know.
static inline void tell_of_found(VM *vm, Loop *loop) {
    if (loop->any_lost) lost_report(vm);
    if (__builtin_expect(loop->any_stuck, 0) && !stuck_tell(vm)) exception_drop(vm);
}

static bool run_round(VM *vm, Loop *loop) {
    tell_of_found(vm, loop);
    if (!vm_take_signals(vm)) return false;
    if (loop->timer_count) drop_stale_timers(loop);
    take_mail(vm, loop);
    if (loop->ready_count == 0 && !loop->stopping) {
        if (!wait_for_work(vm, loop)) return false;
        take_mail(vm, loop);
    } else if (loop->driver->expected) {
        loop->driver->wait(loop->driver, 0);
    }
    begin_round(vm, loop);
    while (loop->round_left)
        if (!run_next(vm, loop)) return false;
    return true;
}

static bool run_rounds(VM *vm, void *data) {
    Loop *loop = loop_of(vm);
    bool ok = true;
    while (ok && !loop->stopping) ok = run_round(vm, loop);
    return ok;
}

static bool run_forever(VM *vm, Loop *loop) {
    loop->running = true;
    loop->stopping = false;
    loop->round_left = 0;
    bool ok = interpreter_steps(vm, run_rounds, NULL);
    loop->stopping = false;
    loop->running = false;
    return ok;
}

Value loop_run_until_complete(VM *vm, Value future) {
    Loop *loop = loop_of(vm);
    if (loop->running) return raise_runtime_error(vm, "This event loop is already running");
    if (!loop_open(vm)) return VALUE_ERROR;
    Future *f = future_of(future);
    // The future's end stops the loop by way of the queue, so that the round it ends in is completed.
    bool ok = future_add_callback(vm, f, VALUE_NONE) && run_forever(vm, loop);
    Value result = VALUE_ERROR;
    if (ok) result = future_done(f) ? future_result(vm, f) : raise_runtime_error(vm, "Event loop stopped before Future completed.");
    if (!ok) {
        future_take_back_callback(vm, f, VALUE_NONE);
        f->retrieved = true; // what has ended the loop may be its exception
    }
    return result;
}

Value loop_run_forever(VM *vm) {
    Loop *loop = loop_of(vm);
    if (loop->running) return raise_runtime_error(vm, "This event loop is already running");
    if (!loop_open(vm)) return VALUE_ERROR;
    return run_forever(vm, loop) ? VALUE_NONE : VALUE_ERROR;
}

// ---- Turns

typedef struct {
    uint64_t most_work; // of vm_work, or UINT64_MAX
    double end;         // of the system's clock, or INFINITY: a virtual one stands still while tasks run
    bool jumps;         // the virtual clock may jump though the host has promises to complete
} Turn;

static bool is_spent(VM *vm, const Turn *turn) {
    return vm_work(vm) >= turn->most_work || (turn->end < INFINITY && loop_system_time() >= turn->end);
}

// Whatever the budget, at least one entry runs, so that turns come to an end; and a turn after which nothing is ready has looked at
// the driver last: only then does its descriptor tell the host of all that is awaited.
static bool take_turn(VM *vm, void *data) {
    Loop *loop = loop_of(vm);
    Turn *turn = data;
    for (bool any = false;; any = true) {
        while (loop->round_left) {
            if (!run_next(vm, loop)) return false;
            if (loop->ready_count && is_spent(vm, turn)) return true;
        }
        if (loop->timer_count) drop_stale_timers(loop);
        // What has woken the driver is forgotten only by looking at it.
        if (loop->driver->expected || (!loop->driver->is_virtual && !loop->ready_count)) loop->driver->wait(loop->driver, 0);
        take_mail(vm, loop);
        bool jumps = loop->driver->is_virtual && (loop->timer_count || loop->driver->expected);
        if (!loop->ready_count && jumps && (turn->jumps || !loop->outstanding)) {
            loop->driver->wait(loop->driver, loop->timer_count ? fmin(loop->timers[0].when - loop_time(vm), DBL_MAX) : INFINITY);
            turn->jumps = false;
        }
        begin_round(vm, loop);
        // The look may have forgotten the wake of a request, which nothing would tell the host of then.
        if (!loop->round_left) return look_at_requests(vm);
        if (any && is_spent(vm, turn)) return true;
    }
}

TurnOutcome loop_turn(VM *vm, const TurnBudget *budget, double *idle) {
    Loop *loop = loop_of(vm);
    *idle = 0;
    if (loop->running) return raise_runtime_error(vm, "This event loop is already running"), TURN_FAILED;
    if (!loop_open(vm)) return TURN_FAILED;
    Turn turn = {.most_work = budget->work ? vm_work(vm) + budget->work : UINT64_MAX,
                 .end = budget->seconds > 0 ? loop_system_time() + budget->seconds : INFINITY,
                 .jumps = loop->was_idle};
    loop->was_idle = false;
    loop->running = true;
    loop->stopping = false;
    bool ok = interpreter_steps(vm, take_turn, &turn);
    loop->running = false;
    if (!ok) return TURN_FAILED;
    if (loop->ready_count) return TURN_READY;
    if (is_error(loop->before_wait ? loop->before_wait(vm) : VALUE_NONE)) return TURN_FAILED;
    if (heap_wants_collection(&vm->heap)) vm_collect(vm);
    tell_of_found(vm, loop);
    if (loop->timer_count) {
        *idle = loop->timers[0].when - loop_time(vm);
        if (*idle < 0) *idle = 0;
        loop->was_idle = true;
        return TURN_IDLE;
    }
    return loop->first_task || loop->outstanding || loop->driver->expected ? TURN_WAITING : TURN_DONE;
}

// ---- asyncio.run

// Ctrl-C: the first one cancels the main task, which can clean up; the next raises at once.
static bool on_interrupt(VM *vm) {
    Loop *loop = loop_of(vm);
    if (console_takes_interrupt(vm)) return true;
    if (loop->console || !is_none(loop->lost_to)) return false;
    if (!loop->main_task || future_done(&loop->main_task->future)) return false;
    if (loop->interrupts++) return false;
    Value failure = vm->exception;
    bool ok = future_cancel(vm, &loop->main_task->future, VALUE_EMPTY) >= 0;
    if (ok) vm->exception = failure;
    return ok;
}

// Cancels every task that is left and waits for their ends; then shows what failed on the way.
static bool cancel_the_rest(VM *vm, Loop *loop) {
    if (!loop->first_task) return true;
    List *rest = list_new(vm, 8);
    if (!rest) return false;
    for (Task *task = loop->first_task; task; task = task->next)
        if (!list_append(vm, rest, value_object(task))) return false;
    bool ok = true;
    for (size_t i = 0; ok && i < rest->length; i++) ok = future_cancel(vm, future_of(rest->items[i]), VALUE_EMPTY) >= 0;
    Value all = ok ? gather_new(vm, rest->items, rest->length, true) : VALUE_ERROR;
    ok = !is_error(all) && !is_error(loop_run_until_complete(vm, all));
    for (size_t i = 0; ok && i < rest->length; i++) {
        Future *f = future_of(rest->items[i]);
        if (f->state != FUTURE_FAILED) continue;
        f->retrieved = true;
        ok = loop_tell(vm, "unhandled exception during asyncio.run() shutdown", f->result, "task", rest->items[i]);
    }
    return ok;
}

static bool is_open(Value generator) {
    const Generator *g = (const Generator *)object_of(generator);
    return g->state != GENERATOR_DONE && g->state != GENERATOR_CREATED;
}

static bool note_generator(VM *vm, Generator *generator) {
    Loop *loop = loop_of(vm);
    if (!loop->running) return true;
    List *list = loop->generators;
    if (!list) list = loop->generators = list_new(vm, 16);
    if (!list) return false;
    // Those that have ended make room before the list grows.
    if (list->length == list->capacity && list->length) {
        size_t kept = 0;
        for (size_t i = 0; i < list->length; i++)
            if (is_open(list->items[i])) list->items[kept++] = list->items[i];
        list->length = kept;
        if (kept > list->capacity / 2 && !list_reserve(vm, list, list->capacity * 2)) return false;
    }
    return list_append(vm, list, value_object(generator));
}

// Closes the async generators that a run leaves unfinished, all at once.
static bool close_generators(VM *vm, Loop *loop) {
    List *left = loop->generators;
    loop->generators = NULL;
    if (!left) return true;
    List *closing = list_new(vm, left->length);
    String *name = string_intern_from(vm, "aclose", 6);
    if (!closing || !name) return false;
    bool ok = true;
    for (size_t i = 0; ok && i < left->length; i++) {
        if (!is_open(left->items[i])) continue;
        Value method = value_get_attribute(vm, left->items[i], name);
        Value step = is_error(method) ? method : vm_call(vm, method, NULL, 0, NULL);
        ok = !is_error(step) && list_append(vm, closing, step);
    }
    if (ok && closing->length) {
        // A pointer into a tuple keeps it, which one to a list's items does not: the list may be gone from the stack by now.
        Tuple *steps = tuple_from(vm, closing->items, closing->length);
        Value all = steps ? gather_new(vm, steps->items, steps->length, true) : VALUE_ERROR;
        ok = !is_error(all) && !is_error(loop_run_until_complete(vm, all));
    }
    return ok;
}

void loop_abandon(VM *vm) {
    Loop *loop = loop_of(vm);
    loop_unwatch_all(vm);
    for (size_t i = 0; i < loop->ready_count; i++)
        object_watch_forget(&loop->ready[(loop->ready_first + i) & (loop->ready_capacity - 1)]);
    loop->ready_count = loop->timer_count = loop->timer_stale = loop->round_left = 0;
    loop->places = loop->promised;
    for (Task *task = loop->first_task; task;) {
        Task *next = task->next;
        task->next = task->previous = NULL;
        if (task->future.park >= PARK_LINE) line_abandon(&task->waiter);
        task->future.abandoned = true;
        task = next;
    }
    loop->first_task = loop->last_task = NULL;
    loop->task_count = 0;
    loop->generators = NULL;
    loop->console = NULL;
    loop->on_interrupt = loop->on_failure = loop->on_report = loop->exception_handler = loop->task_factory = VALUE_NONE;
}

bool loop_is_hosted(VM *vm) { return loop_of(vm)->hosted && loop_of(vm)->first_task; }

Value loop_run_main(VM *vm, Value coroutine) {
    Loop *loop = loop_of(vm);
    if (loop->running) return raise_runtime_error(vm, "asyncio.run() cannot be called from a running event loop");
    if (loop_is_hosted(vm)) return raise_runtime_error(vm, "asyncio.run() cannot be called while the host runs tasks");
    // Each run's clock starts at zero, unless there are sockets that go by the clock.
    if (loop->driver && loop->driver->is_virtual && !network_is_used(loop->driver->network)) replace_driver(loop, NULL);
    if (!loop_open(vm)) return VALUE_ERROR;
    Task *main = task_new(vm, coroutine, VALUE_EMPTY);
    if (!main) return VALUE_ERROR;
    enum { MAIN, RESULT, FAILURE, HELD };
    Value held[HELD] = {value_object(main), VALUE_NONE, VALUE_EMPTY};
    Interpreter *in = interpreter_of(vm);
    loop->main_task = main;
    loop->closed = false;
    loop->interrupts = 0;
    in->on_interrupt = on_interrupt;
    held[RESULT] = loop_run_until_complete(vm, held[MAIN]);
    in->on_interrupt = NULL;
    loop->main_task = NULL;
    held[FAILURE] = vm->exception;
    exception_clear(vm);
    if (loop->interrupts && is_exception(held[FAILURE]) &&
        value_is_instance(vm, held[FAILURE], vm->exceptions.cancelled_error) && main->cancel_requests <= 1) {
        Exception *e = exception_new(vm, vm->exceptions.keyboard_interrupt, NULL, 0);
        if (e) {
            e->context = held[FAILURE];
            held[FAILURE] = value_object(e);
        }
    }
    // After a deadlock there is nothing to wait for: those that wait are cancelled all the same, so that their
    // clean-up runs.
    if (loop->tells_of_stuck && !vm->ending && !stuck_report(vm)) exception_drop(vm);
    bool ok = vm->ending || (cancel_the_rest(vm, loop) && close_generators(vm, loop));
    if (ok || !is_empty(held[FAILURE])) exception_clear(vm);
    if (!vm->ending && !loop_end_outside(vm)) exception_drop(vm);
    Value handler = loop->exception_handler;
    loop_abandon(vm);
    loop->exception_handler = handler; // it hears of what is lost by now
    if (!vm->ending) lost_end(vm, false);
    loop->exception_handler = VALUE_NONE;
    loop->next_task_number += 2; // asyncio's two tasks that close generators and threads at the end of a run
    if (!is_empty(held[FAILURE])) return raise_value(vm, held[FAILURE]);
    return ok ? held[RESULT] : VALUE_ERROR;
}

bool loop_end_outside(VM *vm) {
    Value callbacks = loop_of(vm)->on_end, failure = VALUE_EMPTY;
    loop_of(vm)->on_end = VALUE_NONE;
    if (is_none(callbacks)) return true;
    // Each is called, whatever the others do.
    const List *list = (const List *)object_of(callbacks);
    for (size_t i = 0; i < list->length; i++)
        if (is_error(vm_call(vm, list->items[i], NULL, 0, NULL))) failure = exception_take(vm);
    if (is_empty(failure)) return true;
    raise_value(vm, failure);
    return false;
}

// ---- Making and marking

#ifdef AIOLI_GC_STRESS
// Whether the places are those that the rules in loop.h give.
static void check_places(const Loop *loop) {
    size_t places = loop->promised;
    for (const Task *task = loop->first_task; task; task = task->next) places++;
    for (size_t i = 0; i < loop->timer_count; i++) places += !is_future(loop->timers[i].target);
    for (size_t i = 0; i < loop->ready_count; i++) {
        const ReadyEntry *entry = &loop->ready[(loop->ready_first + i) & (loop->ready_capacity - 1)];
        switch (ready_kind(entry)) {
        case READY_STEP:
        case READY_THROW:
        case READY_WAKE:
        case READY_PARK: break;
        case READY_TIMER: places += future_of(ready_subject(entry))->park_number != (uint32_t)small_of(entry->b); break;
        default: places++;
        }
    }
    for (const ObjectWatch *watch = loop->first_watch; watch; watch = watch->next) places += !watch->queued;
    assert(places == loop->places && places <= loop->ready_capacity);
}
#endif

static void loop_trace(VM *vm) {
    Loop *loop = loop_of(vm);
#ifdef AIOLI_GC_STRESS
    check_places(loop);
#endif
    // Futures that are found promise their callbacks' places again, see future_trace. An object may be traced more than once:
    // in all it is never more than was promised before.
    loop->places -= loop->promised;
    loop->unproven = loop->promised;
    loop->promised = 0;
    for (size_t i = 0; i < loop->ready_count; i++) {
        ReadyEntry *entry = &loop->ready[(loop->ready_first + i) & (loop->ready_capacity - 1)];
        heap_mark(vm, ready_subject(entry));
        heap_mark(vm, entry->b);
    }
    for (size_t i = 0; i < loop->timer_count; i++) heap_mark(vm, loop->timers[i].target);
    for (Task *task = loop->seeks_stuck ? NULL : loop->first_task; task; task = task->next) heap_mark_object(vm, (Object *)task);
    heap_mark_object(vm, (Object *)loop->current);
    heap_mark_object(vm, (Object *)loop->main_context);
    heap_mark_object(vm, (Object *)*loop->context);
    heap_mark_object(vm, (Object *)loop->main_task);
    heap_mark_object(vm, (Object *)loop->console);
    heap_mark(vm, loop->on_interrupt);
    heap_mark(vm, loop->on_failure);
    heap_mark(vm, loop->on_report);
    heap_mark(vm, loop->exception_handler);
    heap_mark(vm, loop->on_end);
    heap_mark(vm, loop->task_factory);
    heap_mark(vm, loop->lost_to);
    heap_mark(vm, loop->object);
    heap_mark_object(vm, (Object *)loop->generators);
    heap_mark_object(vm, (Object *)loop->slow_step.code);
    lost_trace(vm);
    watch_trace(vm);
    Class *classes[] = {loop->future_class, loop->task_class,         loop->gather_class,
                        loop->handle_class, loop->timer_handle_class, loop->loop_class, loop->coroutine_class,
                        loop->coroutine_iterator_class, loop->sleeper_class, loop->lock_class, loop->condition_class,
                        loop->semaphore_class, loop->queue_class, loop->priority_queue_class, loop->lifo_queue_class,
                        loop->queue_empty, loop->queue_full, loop->queue_shut_down, loop->timeout_class, loop->task_group_class,
                        loop->context_class, loop->token_class, loop->wait_class};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) heap_mark_object(vm, (Object *)classes[i]);
}

bool loop_create(VM *vm) {
    Loop *loop = heap_resize(vm, NULL, 0, sizeof(Loop));
    if (!loop) return false;
    *loop = (Loop){.vm = vm, .slow = 0.1, .next_task_number = 1, .next_sequence = 1, .object = VALUE_NONE, .on_interrupt = VALUE_NONE, .exception_handler = VALUE_NONE, .task_factory = VALUE_NONE, .on_failure = VALUE_NONE, .on_end = VALUE_NONE,
                   .on_report = VALUE_NONE, .lost_to = VALUE_NONE};
    loop->context = &loop->main_context;
    vm->loop = loop;
    vm->hooks.report = loop_report;
    vm->hooks.describe = report_json_describe;
    interpreter_of(vm)->trace_loop = loop_trace;
    vm->hooks.begin_marking = stuck_begin;
    vm->hooks.reconsider = stuck_reconsider;
    lost_init(vm);
    interpreter_of(vm)->on_async_generator = note_generator;
#ifdef AIOLI_IO
    loop->new_driver = driver_uv_new;
#else
    loop->new_driver = driver_plain_new;
#endif
    return loop_class_init(vm);
}

void loop_destroy(VM *vm) {
    Loop *loop = loop_of(vm);
    if (!loop) return;
    loop_unwatch_all(vm);
    replace_driver(loop, NULL);
    trace_end(vm);
    heap_resize(vm, loop->ready, loop->ready_capacity * sizeof(ReadyEntry), 0);
    heap_resize(vm, loop->timers, loop->timer_capacity * sizeof(Timer), 0);
    heap_resize(vm, loop->network.hosts, loop->network.hosts_size, 0);
    if (interpreter_of(vm)) interpreter_of(vm)->trace_loop = NULL;
    heap_resize(vm, loop, sizeof(Loop), 0);
    vm->loop = NULL;
}

bool loop_class_init(VM *vm) { return future_class_init(vm) && task_class_init(vm) && handle_class_init(vm) && coroutine_class_init(vm); }

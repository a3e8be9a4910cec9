// sleep() as a coroutine object: for gather(sleep(1), …) and such. An awaited call parks the task (loop_park); so does a task that runs
// one. Only what is driven by hand needs a timer that calls somebody.
#include "loop/methods.h"
#include "loop/module.h"
#include "loop/wait.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"

// What a sleep that is driven by hand waits for.
typedef struct {
    Waitable base;
    Line line;
    Value timer; // a TimerHandle
} Sleeper;

static Sleeper *sleeper_of(Value v) { return (Sleeper *)object_of(v); }

static Line *sleeper_line(Value owner) { return &sleeper_of(owner)->line; }

static Value sleep_is_over(VM *vm, Waiter *next, Value owner, Value result, bool called, Value exception) {
    if (!called) handle_cancel(vm, &sleeper_of(owner)->timer, 1);
    return is_empty(exception) ? result : raise_value(vm, exception);
}

static const WaitKind sleeper_kinds[] = {{sleep_is_over, sleeper_line, "a sleep", NULL, NULL, "sleep"}};

static void sleeper_trace(VM *vm, Object *o) {
    waitable_trace(vm, &((Sleeper *)o)->base);
    line_trace(vm, &((Sleeper *)o)->line);
    heap_mark(vm, ((Sleeper *)o)->timer);
}
static const TypeOps sleeper_ops = {.trace = sleeper_trace};

static Value wake(VM *vm, Value *args, size_t count) {
    line_call_all(vm, sleeper_line(args[0]));
    return VALUE_NONE;
}
static const NativeDefinition wake_definition = {"_wake", wake, "sleeper, /", NATIVE_METHOD};

static Value sleep_begin(VM *vm, Waiter *waiter, Value delay, Value result) {
    double seconds = float_of(delay);
    if (waiter->future.kind == FUTURE_TASK || seconds <= 0) return loop_park(vm, seconds);
    Loop *loop = loop_of(vm);
    if (!loop->running) return raise_runtime_error(vm, "no running event loop");
    if (!loop->sleeper_class) loop->sleeper_class = native_data_class(vm, "_asyncio", "_Sleeper", &sleeper_ops, sizeof(Sleeper), CLASS_ABSTRACT_NEW);
    Sleeper *sleeper = loop->sleeper_class ? native_data_new(vm, loop->sleeper_class, sizeof(Sleeper)) : NULL;
    if (!sleeper) return VALUE_ERROR;
    waitable_init(vm, &sleeper->base, sleeper_kinds);
    sleeper->timer = VALUE_NONE;
    Value self = value_object(sleeper);
    Native *function = native_new(vm, &wake_definition, NULL);
    Value timer = function ? handle_schedule_at(vm, loop_time(vm) + seconds, value_object(function), VALUE_EMPTY, &self, 1) : VALUE_ERROR;
    if (is_error(timer)) return timer;
    heap_store(vm, sleeper, &sleeper->timer, timer);
    return line_join(vm, &sleeper->line, waiter, self, 0, result);
}

static const CoroutineKind sleep_kind = {"sleep", sleep_begin, true};

Value sleep_new(VM *vm, double delay, Value result) { return coroutine_new(vm, &sleep_kind, value_float(delay), result); }

// asyncio.wait().
#include "loop/methods.h"
#include "loop/module.h"
#include "loop/wait.h"
#include "object/container/dict.h"
#include "object/container/set.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

// When a wait is over.
typedef enum { ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION } Until;

// What one call of wait() waits with; its futures have it as a callback.
typedef struct {
    Waitable base;
    Line line;
    Tuple *futures; // each once
    size_t missing; // how many have not told of their ends
    Value timer;    // a TimerHandle or VALUE_NONE
    uint8_t until;
} WaitAll;

static WaitAll *wait_of(Value v) { return (WaitAll *)object_of(v); }
static Line *wait_line(Value owner) { return &wait_of(owner)->line; }

static void stop_timer(VM *vm, WaitAll *wait) {
    if (!is_none(wait->timer)) handle_cancel(vm, &wait->timer, 1);
}

static bool future_ended(VM *vm, Value self, Value future) {
    WaitAll *wait = wait_of(self);
    Future *f = future_of(future);
    bool enough = --wait->missing == 0 || wait->until == FIRST_COMPLETED;
    if (!enough && wait->until == FIRST_EXCEPTION && f->state == FUTURE_FAILED) {
        f->retrieved = true;
        enough = true;
    }
    if (!enough) return true;
    stop_timer(vm, wait);
    line_call_all(vm, &wait->line);
    return true;
}

static Value time_is_up(VM *vm, Value *args, size_t count) { return line_call_all(vm, wait_line(args[0])), VALUE_NONE; }
static const NativeDefinition time_is_up_definition = {"_release_waiter", time_is_up, "wait, /", NATIVE_METHOD};

// The two sets: those that are done, and the others.
static Value result_of(VM *vm, WaitAll *wait) {
    Set *done = set_new(vm, false), *pending = done ? set_new(vm, false) : NULL;
    if (!pending) return VALUE_ERROR;
    for (size_t i = 0; i < wait->futures->length; i++) {
        Value future = wait->futures->items[i];
        if (set_add(vm, future_done(future_of(future)) ? done : pending, future) < 0) return VALUE_ERROR;
    }
    Value sets[2] = {value_object(done), value_object(pending)};
    return object_or_error(tuple_from(vm, sets, 2));
}

static Value wait_goes_on(VM *vm, Waiter *next, Value owner, Value argument, bool called, Value exception) {
    WaitAll *wait = wait_of(owner);
    stop_timer(vm, wait);
    vm_count_work(vm, wait->futures->length);
    for (size_t i = 0; i < wait->futures->length; i++) future_drop_callback(vm, future_of(wait->futures->items[i]), owner);
    return is_empty(exception) ? result_of(vm, wait) : raise_value(vm, exception);
}
static Value wait_awaited(VM *vm, Value owner) { return value_object(wait_of(owner)->futures); }
static const WaitKind wait_kinds[] = {{wait_goes_on, wait_line, "wait()", "wait() of", wait_awaited, "task"}};

static void wait_trace(VM *vm, Object *o) {
    WaitAll *wait = (WaitAll *)o;
    waitable_trace(vm, &wait->base);
    line_trace(vm, &wait->line);
    heap_mark_object(vm, (Object *)wait->futures);
    heap_mark(vm, wait->timer);
}
static const TypeOps wait_ops = {.trace = wait_trace, .future_done = future_ended};

// ---- The call

static int until_of(VM *vm, Value given) {
    static const char *const names[] = {"ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"};
    for (int i = 0; i < 3; i++)
        if (is_empty(given) || (is_string(given) && string_is(string_of(given), names[i]))) return i;
    String *shown = value_str(vm, given);
    if (shown) raise_value_error(vm, "Invalid return_when value: %s", shown->data);
    return -1;
}

// The futures, each once. NULL with an exception.
static Tuple *distinct_futures(VM *vm, Value given) {
    List *list = list_from_iterable(vm, given);
    Dict *all = list ? dict_new(vm) : NULL;
    if (!all) return NULL;
    for (size_t i = 0; i < list->length; i++)
        if (dict_set(vm, all, list->items[i], VALUE_NONE) < 0) return NULL;
    list = list_from_iterable(vm, value_object(all));
    if (!list) return NULL;
    for (size_t i = 0; i < list->length; i++) {
        if (is_coroutine(vm, list->items[i])) return raise_type_error(vm, "Passing coroutines is forbidden, use tasks explicitly."), NULL;
    }
    for (size_t i = 0; i < list->length; i++) {
        if (is_future(list->items[i])) continue;
        raise_error(vm, vm->exceptions.attribute_error, "'%s' object has no attribute 'add_done_callback'", type_name(vm, list->items[i]));
        return NULL;
    }
    return tuple_from(vm, list->items, list->length);
}

// Lets all futures tell the wait of their ends. False with an exception.
static bool listen_to(VM *vm, WaitAll *wait) {
    for (size_t i = 0; i < wait->futures->length; i++) {
        if (future_add_callback(vm, future_of(wait->futures->items[i]), value_object(wait))) continue;
        while (i) future_drop_callback(vm, future_of(wait->futures->items[--i]), value_object(wait));
        return false;
    }
    return true;
}

// argument: a tuple of the futures, the timeout, and return_when.
static Value wait_begin(VM *vm, Waiter *waiter, Value self, Value argument) {
    const Value *given = tuple_of(argument)->items;
    Loop *loop = loop_of(vm);
    if (is_future(given[0]) || is_coroutine(vm, given[0]))
        return raise_type_error(vm, "expect a list of futures, not %s", type_name(vm, given[0]));
    int any = value_truth(vm, given[0]);
    if (any <= 0) return any < 0 ? VALUE_ERROR : raise_value_error(vm, "Set of Tasks/Futures is empty.");
    int until = until_of(vm, given[2]);
    Tuple *futures = until < 0 ? NULL : distinct_futures(vm, given[0]);
    if (!futures) return VALUE_ERROR;
    if (!loop->running) return raise_runtime_error(vm, "no running event loop");
    WaitAll *wait = native_data_new(vm, loop->wait_class, sizeof(WaitAll));
    if (!wait) return VALUE_ERROR;
    Value object = value_object(wait);
    waitable_init(vm, &wait->base, wait_kinds);
    wait->futures = futures;
    wait->missing = futures->length;
    wait->until = (uint8_t)until;
    wait->timer = VALUE_NONE;
    if (!is_none(given[1])) {
        double timeout;
        Native *function = native_new(vm, &time_is_up_definition, NULL);
        if (!function || !value_to_double(vm, given[1], &timeout)) return VALUE_ERROR;
        Value timer = handle_schedule_at(vm, loop_time(vm) + timeout, value_object(function), VALUE_EMPTY, &object, 1);
        if (is_error(timer)) return timer;
        heap_store(vm, wait, &wait->timer, timer);
    }
    if (!listen_to(vm, wait)) return stop_timer(vm, wait), VALUE_ERROR;
    return line_join(vm, &wait->line, waiter, object, 0, VALUE_NONE);
}
static const CoroutineKind wait_kind = {"wait", wait_begin, false};

static Value module_wait(VM *vm, Value *args, size_t count) {
    Value given[3] = {args[0], is_empty(args[1]) ? VALUE_NONE : args[1], args[2]};
    Tuple *arguments = tuple_from(vm, given, 3);
    return arguments ? coroutine_call(vm, &wait_kind, VALUE_NONE, value_object(arguments)) : VALUE_ERROR;
}

static const NativeDefinition functions[] = {
    {"wait", module_wait, "fs, *, timeout=None, return_when='ALL_COMPLETED'", NATIVE_METHOD,
     "Waits for futures; returns the set of those that are done and the set of the others."},
    {0}};

bool asyncio_wait_module_fill(VM *vm, ModuleObject *module) {
    String *home = string_intern_from(vm, "asyncio.tasks", 13);
    Class *cls = loop_of(vm)->wait_class = native_data_class(vm, "asyncio.tasks", "_Wait", &wait_ops, sizeof(WaitAll), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    return home && cls && native_add_functions_of(vm, module->namespace, functions, home) > 0;
}

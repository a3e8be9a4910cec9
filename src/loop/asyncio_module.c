#include <math.h>

#include "loop/methods.h"
#include "loop/module.h"
#include "object/container/dict.h"
#include "object/container/set.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/text/str.h"
#include "vm/frame.h"

static bool need_running(VM *vm) {
    if (loop_of(vm)->running) return true;
    raise_runtime_error(vm, "no running event loop");
    return false;
}

Value asyncio_create_task(VM *vm, Value coroutine, Value name, Value context) {
    coroutine = coroutine_for_task(vm, coroutine);
    if (is_error(coroutine)) return coroutine;
    if (is_none(name)) name = VALUE_EMPTY;
    if (!is_empty(name) && !is_string(name)) {
        String *text = value_str(vm, name);
        if (!text) return VALUE_ERROR;
        name = value_object(text);
    }
    return task_in_context(vm, coroutine, name, context);
}

static Value module_run(VM *vm, Value *args, size_t count) {
    if (loop_of(vm)->running) return raise_runtime_error(vm, "asyncio.run() cannot be called from a running event loop");
    if (!is_coroutine(vm, args[0])) {
        if (!is_empty(class_special(vm, class_of(vm, args[0]), SPECIAL_AWAIT))) {
            Value future = ensure_future(vm, args[0]);
            return is_error(future) ? future : loop_run_until_complete(vm, future);
        }
        String *shown = value_repr(vm, args[0]);
        return shown ? raise_value_error(vm, "a coroutine was expected, got %s", shown->data) : VALUE_ERROR;
    }
    Loop *loop = loop_of(vm);
    bool before = loop->debug;
    int debug = is_empty(args[1]) || is_none(args[1]) ? loop->tells_of_stuck : value_truth(vm, args[1]);
    if (debug < 0) return VALUE_ERROR;
    loop->debug = debug;
    Value result = loop_run_main(vm, args[0]);
    loop->debug = before;
    return result;
}

static Value module_sleep(VM *vm, Value *args, size_t count) {
    bool awaited = vm->awaited;
    vm->awaited = false;
    double delay;
    if (is_small(args[0]))
        delay = (double)small_of(args[0]);
    else if (!value_to_double(vm, args[0], &delay))
        return VALUE_ERROR;
    if (isnan(delay)) return raise_value_error(vm, "Invalid delay: NaN (not a number)");
    bool plain = is_empty(args[1]) || is_none(args[1]);
    Loop *loop = loop_of(vm);
    // An awaited call parks the running task itself; but only where that task is who suspends.
    if (awaited && plain && loop->current && interpreter_of(vm)->root &&
        value_same(loop->current->coroutine, value_object(interpreter_of(vm)->root)))
        return loop_park(vm, delay);
    return sleep_new(vm, delay, plain ? VALUE_NONE : args[1]);
}

static Value module_create_task(VM *vm, Value *args, size_t count) {
    return need_running(vm) ? asyncio_create_task(vm, args[0], args[1], args[2]) : VALUE_ERROR;
}
static Value module_ensure_future(VM *vm, Value *args, size_t count) { return ensure_future(vm, args[0]); }
// return_exceptions, then the awaitables.
static Value module_gather(VM *vm, Value *args, size_t count) {
    int flag = is_empty(args[0]) ? 0 : value_truth(vm, args[0]);
    if (flag < 0) return VALUE_ERROR;
    return gather_new(vm, args + 1, count - 1, flag);
}
static Value module_current_task(VM *vm, Value *args, size_t count) {
    if (!need_running(vm)) return VALUE_ERROR;
    Task *task = loop_of(vm)->current;
    return task ? value_object(task) : VALUE_NONE;
}
static Value module_at_end(VM *vm, Value *args, size_t count) {
    Loop *loop = loop_of(vm);
    if (is_none(loop->on_end)) {
        List *list = list_new(vm, 0);
        if (!list) return VALUE_ERROR;
        loop->on_end = value_object(list);
    }
    List *list = (List *)object_of(loop->on_end);
    for (size_t i = 0; i < list->length; i++)
        if (value_same(list->items[i], args[0])) return VALUE_NONE; // once is enough
    return list_append(vm, list, args[0]) ? VALUE_NONE : VALUE_ERROR;
}
static Value module_all_tasks(VM *vm, Value *args, size_t count) {
    Set *set = set_new(vm, false);
    if (!set) return VALUE_ERROR;
    for (Task *task = loop_of(vm)->first_task; task; task = task->next)
        if (set_add(vm, set, value_object(task)) < 0) return VALUE_ERROR;
    return value_object(set);
}
static Value module_running_loop(VM *vm, Value *args, size_t count) {
    return need_running(vm) ? loop_of(vm)->object : VALUE_ERROR;
}
static Value module_loop(VM *vm, Value *args, size_t count) { return loop_of(vm)->object; }
static Value module_new_loop(VM *vm, Value *args, size_t count) {
    loop_of(vm)->closed = false; // there is one loop: it opens again
    return loop_of(vm)->object;
}
static Value module_set_loop(VM *vm, Value *args, size_t count) { return VALUE_NONE; }
// Of aioli alone.
static Value module_find_stuck(VM *vm, Value *args, size_t count) { return stuck_find(vm); }
static Value module_is_coroutine(VM *vm, Value *args, size_t count) { return value_bool(is_coroutine(vm, args[0])); }
static Value module_is_future(VM *vm, Value *args, size_t count) { return value_bool(is_future(args[0])); }

static const NativeDefinition functions[] = {{"run", module_run, "main, *, debug=, loop_factory=", NATIVE_METHOD,
                                              "Runs a coroutine in an event loop until it is done, cancels what tasks are left, and "
                                              "returns its result."},
                                             {"sleep", module_sleep, "delay, result=", NATIVE_METHOD,
                                              "Waits so many seconds, while other tasks go on, and gives `result`."},
                                             {"create_task", module_create_task, "coro, *, name=, context=", NATIVE_METHOD,
                                              "Starts a task that runs the coroutine, beginning in the loop's next round."},
                                             {"ensure_future", module_ensure_future, "coro_or_future, *, loop=", NATIVE_METHOD,
                                              "The argument where it is a future, else a task that runs the coroutine or awaitable."},
                                             {"gather", module_gather, "*coros_or_futures, return_exceptions=", NATIVE_METHOD,
                                              "A future of the list of all results, in the order of the arguments. The first exception "
                                              "is raised, or with return_exceptions=True stands in the list."},
                                             {"current_task", module_current_task, "loop=", NATIVE_METHOD,
                                              "The task that is running, or None."},
                                             {"_at_end", module_at_end, "callback, /", NATIVE_METHOD},
                                             {"all_tasks", module_all_tasks, "loop=", NATIVE_METHOD,
                                              "The set of tasks that are not done."},
                                             {"get_running_loop", module_running_loop, "", NATIVE_METHOD,
                                              "The event loop that is running; RuntimeError where there is none."},
                                             {"get_event_loop", module_loop, "", NATIVE_METHOD,
                                              "The running event loop, or the one that was set."},
                                             {"new_event_loop", module_new_loop, "", NATIVE_METHOD,
                                              "An event loop for set_event_loop() or a Runner."},
                                             {"set_event_loop", module_set_loop, "loop, /", NATIVE_METHOD,
                                              "Makes an event loop the one that get_event_loop() gives."},
                                             {"_awaited_by", awaiters_of, "future, /", NATIVE_METHOD, "The tasks that wait for a future."},
                                             {"_call_stack", call_stack_of, "task, /", NATIVE_METHOD, "The frames of a task, the innermost first."},
                                             {"find_stuck", module_find_stuck, "", NATIVE_METHOD,
                                              "The tasks that wait for something that nothing that runs can ever reach (of aioli alone)."},
                                             {"iscoroutine", module_is_coroutine, "obj, /", NATIVE_METHOD,
                                              "Whether the object is a coroutine."},
                                             {"isfuture", module_is_future, "obj, /", NATIVE_METHOD,
                                              "Whether the object is a future or a task."},
                                             {0}};

Class *loop_add_class(VM *vm, ModuleObject *module, const char *home, const char *name, Class *base, const TypeOps *ops, size_t size,
                      uint32_t flags, const NativeDefinition *methods, const char *text) {
    Class *cls = base ? class_new_builtin(vm, name, base, KIND_NATIVE_DATA, size, flags) : native_data_class(vm, home, name, ops, size, flags);
    String *doc = string_from(vm, text);
    if (!cls || !doc) return NULL;
    if (base) {
        cls->ops = ops;
        cls->module = base->module;
    }
    cls->shown_name = NULL; // messages call it as they call a class of the language
    if ((methods && native_add_methods(vm, cls, methods) < 0) ||
        dict_set_string(vm, cls->attributes, vm->names.__doc__, value_object(doc)) < 0 ||
        dict_set_string(vm, module->namespace, cls->name, value_object(cls)) < 0)
        return NULL;
    return cls;
}

bool asyncio_module_fill(VM *vm, ModuleObject *module) {
    Loop *loop = loop_of(vm);
    Dict *names = module->namespace;
    String *asyncio = string_intern_from(vm, "_asyncio", 8);
    if (!asyncio) return false;
    Class *classes[] = {loop->future_class, loop->task_class, loop->handle_class, loop->timer_handle_class};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        classes[i]->module = value_object(asyncio);
        if (dict_set_string(vm, names, classes[i]->name, value_object(classes[i])) < 0) return false;
    }
    Class *exceptions[] = {vm->exceptions.cancelled_error, vm->exceptions.invalid_state_error, vm->exceptions.deadlock_error};
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (dict_set_string(vm, names, exceptions[i]->name, value_object(exceptions[i])) < 0) return false;
    return native_add_functions(vm, names, functions) > 0 && native_add_functions(vm, names, console_functions) > 0 &&
           native_add_functions(vm, names, testing_functions) > 0;
}

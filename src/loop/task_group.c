// asyncio.TaskGroup.
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

typedef struct {
    Waitable base;
    Line line;         // its parent, at the end of the block
    Task *parent;      // the task that runs the block
    List *tasks;       // in the order in which they were made; those that have ended go when they are many
    size_t unfinished; // those whose end has not been heard of
    List *errors;
    Value urgent;      // a KeyboardInterrupt or SystemExit, which is raised as it is; or VALUE_NONE
    Value error;       // what the block was left by, or VALUE_NONE
    Value cancelled;   // the cancellation that goes on when the group is done, or VALUE_NONE
    bool entered, exiting, aborting;
    bool parent_cancelled; // by the group, to get it out of the block
} TaskGroup;

static TaskGroup *group_of(Value v) { return (TaskGroup *)object_of(v); }
static Line *group_line(Value owner) { return &group_of(owner)->line; }

static bool is_urgent(VM *vm, Value error) {
    return value_is_instance(vm, error, vm->exceptions.system_exit) || value_is_instance(vm, error, vm->exceptions.keyboard_interrupt);
}

// Cancels all that is under way. False with an exception.
static bool abort_group(VM *vm, TaskGroup *group) {
    group->aborting = true;
    List *tasks = list_from(vm, group->tasks->items, group->tasks->length); // a cancellation may end by one's making another
    if (!tasks) return false;
    for (size_t i = 0; i < tasks->length; i++) {
        Future *f = future_of(tasks->items[i]);
        if (!future_done(f) && future_cancel(vm, f, VALUE_EMPTY) < 0) return false;
    }
    return true;
}

// ---- Tasks

static void drop_ended(TaskGroup *group) {
    List *tasks = group->tasks;
    size_t kept = 0;
    for (size_t i = 0; i < tasks->length; i++)
        if (!future_done(future_of(tasks->items[i]))) tasks->items[kept++] = tasks->items[i];
    tasks->length = kept;
}

// A task of the group has ended, and its callback's turn has come.
static bool task_ended(VM *vm, Value self, Value child) {
    TaskGroup *group = group_of(self);
    Future *f = future_of(child);
    if (--group->unfinished == 0) line_call_all(vm, &group->line);
    if (group->tasks->length > 2 * group->unfinished + 16) drop_ended(group);
    if (f->state != FUTURE_FAILED) return true;
    f->retrieved = true;
    Value error = f->result;
    if (!group->errors) group->errors = list_new(vm, 1);
    if (!group->errors || !list_append(vm, group->errors, error)) error = exception_take(vm); // that there is no room for it goes before
    if (is_none(group->urgent) && (error.bits != f->result.bits || is_urgent(vm, error))) heap_store(vm, group, &group->urgent, error);
    if (future_done(&group->parent->future)) {
        Value arguments[] = {child, value_object(group->parent), error};
        return !is_error(call_in_asyncio(vm, "asyncio.taskgroups", "_tell_of_orphan", arguments, 3));
    }
    if (group->aborting || group->parent_cancelled) return true;
    // The block is still at work, or waits at its end: it is cancelled like the other tasks, and takes the cancellation back when it leaves.
    group->parent_cancelled = true;
    return abort_group(vm, group) && future_cancel(vm, &group->parent->future, VALUE_EMPTY) >= 0;
}

static Value group_create_task(VM *vm, Value *args, size_t count) {
    TaskGroup *group = group_of(args[0]);
    const char *problem = !group->entered                          ? "has not been entered"
                          : group->exiting && !group->unfinished ? "is finished"
                          : group->aborting                        ? "is shutting down"
                                                                   : NULL;
    if (problem) {
        if (is_error(value_call_method(vm, args[1], "close", NULL, 0))) return VALUE_ERROR;
        String *shown = value_repr(vm, args[0]);
        return shown ? raise_runtime_error(vm, "TaskGroup %s %s", shown->data, problem) : VALUE_ERROR;
    }
    Value task = asyncio_create_task(vm, args[1], args[2], args[3]);
    if (is_error(task)) return task;
    // A task that has begun at once may be done: its end is heard of at once too.
    if (!future_done(future_of(task)) &&
        (!list_append(vm, group->tasks, task) || !future_add_callback(vm, future_of(task), args[0])))
        return VALUE_ERROR;
    group->unfinished++;
    return !future_done(future_of(task)) || task_ended(vm, args[0], task) ? task : VALUE_ERROR;
}

// ---- The block

static Value enter_begin(VM *vm, Waiter *waiter, Value self, Value argument) {
    TaskGroup *group = group_of(self);
    const char *problem = group->entered ? "has already been entered" : loop_of(vm)->current ? NULL : "cannot determine the parent task";
    if (problem) {
        String *shown = value_repr(vm, self);
        return shown ? raise_runtime_error(vm, "TaskGroup %s %s", shown->data, problem) : VALUE_ERROR;
    }
    group->parent = loop_of(vm)->current;
    group->entered = true;
    return self;
}
static const CoroutineKind enter_kind = {"TaskGroup.__aenter__", enter_begin, false};

static Value raise_group(VM *vm, TaskGroup *group) {
    Value arguments[] = {object_or_error(string_from(vm, "unhandled errors in a TaskGroup")), value_object(group->errors)};
    if (is_error(arguments[0])) return VALUE_ERROR;
    Value raised = vm_call(vm, value_object(vm->exceptions.base_exception_group), arguments, 2, NULL);
    if (is_error(raised)) return raised;
    group->errors = NULL;
    if (is_exception(raised)) exception_of(raised)->suppress_context = true; // `from None`
    return raise_value(vm, raised);
}

// All tasks have ended: what the block ends with.
static Value finish(VM *vm, TaskGroup *group) {
    Value error = group->error;
    group->error = VALUE_NONE;
    if (!is_none(group->urgent)) return raise_value(vm, group->urgent);
    if (group->parent_cancelled && task_uncancel(group->parent) == 0) group->cancelled = VALUE_NONE;
    bool has_errors = group->errors && group->errors->length;
    if (!is_none(group->cancelled) && !has_errors) return raise_value(vm, group->cancelled);
    if (!is_none(error) && !value_is_instance(vm, error, vm->exceptions.cancelled_error)) {
        if (!group->errors && !(group->errors = list_new(vm, 1))) return VALUE_ERROR;
        if (!list_append(vm, group->errors, error)) return VALUE_ERROR;
        has_errors = true;
    }
    if (!has_errors) return VALUE_NONE;
    // Somebody else's cancellation must not get lost: it comes back at the next await after the group.
    if (group->parent->cancel_requests) {
        task_uncancel(group->parent);
        if (future_cancel(vm, &group->parent->future, VALUE_EMPTY) < 0) return VALUE_ERROR;
    }
    return raise_group(vm, group);
}

static Value wait_on(VM *vm, Waiter *waiter, Value self) {
    if (!group_of(self)->unfinished) return finish(vm, group_of(self));
    return line_join(vm, group_line(self), waiter, self, 0, VALUE_NONE);
}

// Each cancellation of the parent ends one wait, so there may be several. While the group is aborting already, it is the one that the
// group has asked for itself, or adds nothing.
static Value exit_goes_on(VM *vm, Waiter *next, Value owner, Value argument, bool called, Value exception) {
    TaskGroup *group = group_of(owner);
    if (!is_empty(exception)) {
        if (!value_is_instance(vm, exception, vm->exceptions.cancelled_error)) return raise_value(vm, exception);
        if (!group->aborting) {
            heap_store(vm, group, &group->cancelled, exception);
            if (!abort_group(vm, group)) return VALUE_ERROR;
        }
    }
    return wait_on(vm, next, owner);
}
static Value group_awaited(VM *vm, Value owner) { return value_object(group_of(owner)->tasks); }
static const WaitKind group_kinds[] = {{exit_goes_on, group_line, "TaskGroup.__aexit__()", "the tasks of its group", group_awaited, "task"}};

static Value exit_begin(VM *vm, Waiter *waiter, Value self, Value error) {
    TaskGroup *group = group_of(self);
    group->exiting = true;
    heap_store(vm, group, &group->error, error);
    if (is_exception(error)) {
        if (is_none(group->urgent) && is_urgent(vm, error)) heap_store(vm, group, &group->urgent, error);
        if (value_is_instance(vm, error, vm->exceptions.cancelled_error)) heap_store(vm, group, &group->cancelled, error);
        if (!group->aborting && !abort_group(vm, group)) return VALUE_ERROR;
    }
    return wait_on(vm, waiter, self);
}
static const CoroutineKind exit_kind = {"TaskGroup.__aexit__", exit_begin, false};

// ---- The class

static void group_trace(VM *vm, Object *o) {
    TaskGroup *group = (TaskGroup *)o;
    waitable_trace(vm, &group->base);
    line_trace(vm, &group->line);
    heap_mark_object(vm, (Object *)group->parent);
    heap_mark_object(vm, (Object *)group->tasks);
    heap_mark_object(vm, (Object *)group->errors);
    heap_mark(vm, group->urgent);
    heap_mark(vm, group->error);
    heap_mark(vm, group->cancelled);
}
static Value group_repr(VM *vm, Value self) {
    const TaskGroup *group = group_of(self);
    Buffer out = vm_buffer(vm);
    buffer_text(&out, "<TaskGroup");
    if (group->unfinished) buffer_format(&out, " tasks=%zu", group->unfinished);
    if (group->errors && group->errors->length) buffer_format(&out, " errors=%zu", group->errors->length);
    if (group->aborting)
        buffer_text(&out, " cancelling");
    else if (group->entered)
        buffer_text(&out, " entered");
    buffer_byte(&out, '>');
    return object_or_error(string_from_buffer(vm, &out));
}
static const TypeOps group_ops = {.trace = group_trace, .repr = group_repr, .future_done = task_ended};

static Value group_make(VM *vm, Value *args, size_t count) {
    TaskGroup *group = native_data_new(vm, (Class *)object_of(args[0]), sizeof(TaskGroup));
    if (!group) return VALUE_ERROR;
    waitable_init(vm, &group->base, group_kinds);
    group->urgent = group->error = group->cancelled = VALUE_NONE;
    List *tasks = list_new(vm, 0);
    if (!tasks) return VALUE_ERROR;
    group->tasks = tasks;
    return value_object(group);
}
static Value group_init(VM *vm, Value *args, size_t count) { return VALUE_NONE; }
static Value group_enter(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &enter_kind, args[0], VALUE_NONE); }
static Value group_exit(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &exit_kind, args[0], args[2]); }
static Value get_tasks(VM *vm, Value self) {
    Set *set = set_new(vm, false);
    const List *tasks = group_of(self)->tasks;
    for (size_t i = 0; set && i < tasks->length; i++)
        if (!future_done(future_of(tasks->items[i])) && set_add(vm, set, tasks->items[i]) < 0) return VALUE_ERROR;
    return object_or_error(set);
}

static const NativeDefinition methods[] = {
    {"__new__", group_make, "cls, /, *args, **keywords", NATIVE_NEW},
    {"__init__", group_init, "self", NATIVE_METHOD},
    {"create_task", group_create_task, "self, coro, *, name=None, context=None", NATIVE_METHOD,
     "Starts a task of the group: at its end the group waits for it, and its error cancels the others."},
    {"__aenter__", group_enter, "self", NATIVE_METHOD},
    {"__aexit__", group_exit, "self, et, exc, tb", NATIVE_METHOD},
    {0}};
static const AttributeDefinition attributes[] = {{"_tasks", get_tasks, NULL, "The tasks that have not ended."}, {0}};

bool asyncio_taskgroups_module_fill(VM *vm, ModuleObject *module) {
    Class *cls = loop_of(vm)->task_group_class =
        loop_add_class(vm, module, "asyncio.taskgroups", "TaskGroup", NULL, &group_ops, sizeof(TaskGroup), CLASS_HAS_DICT, methods,
                       "`async with`: the block ends when all its tasks have ended; when one fails, the others are cancelled.");
    return cls && native_add_attributes(vm, cls, attributes) > 0;
}

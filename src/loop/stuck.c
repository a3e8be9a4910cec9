// Tasks that are stuck in a program that otherwise runs: they wait for something that nothing that lives can ever reach.
//
// What lives is found by a marking in which tasks are no roots: a task lives when it is queued or has a timer, or when what it waits for
// has been reached from something that lives; then what its coroutine holds is reached as well, and so on until nothing more is found.
// Those that are left wait for each other, or for nobody. (The collector of Go finds goroutines that have leaked in the same way.) A mere
// reference to a task keeps it from nothing: it must be possible to complete what the task waits for.
#include "loop/explain.h"
#include "loop/loop.h"
#include "loop/methods.h"
#include "loop/report_json.h"
#include "loop/wait.h"
#include "object/core/errors.h"
#include "object/text/str.h"
#include "vm/generator.h"
#include "vm/interpreter.h"

static bool is_marked(Value v) { return is_object(v) && object_of(v)->header & OBJECT_MARKED; }

static void set_judged(Value coroutine, bool judged) {
    if (is_kind(coroutine, KIND_GENERATOR)) object_set_flag(object_of(coroutine), GENERATOR_JUDGED, judged);
}

// Marks all that a task holds, though it or its coroutine has been come across before.
static void mark_whole(VM *vm, Task *task) {
    Value coroutine = task->coroutine;
    set_judged(coroutine, false);
    heap_mark_object(vm, &task->future.object);
    future_trace(vm, &task->future.object);
    if (is_kind(coroutine, KIND_GENERATOR)) vm->ops[KIND_GENERATOR]->trace(vm, object_of(coroutine));
}

static void note_living(Value v) {
    if (is_task(v)) task_of(v)->lives = true;
}

// Those that go on by themselves.
static void begin(VM *vm) {
    Loop *loop = loop_of(vm);
    for (size_t i = 0; i < loop->ready_count; i++) {
        const ReadyEntry *entry = &loop->ready[(loop->ready_first + i) & (loop->ready_capacity - 1)];
        Value subject = {entry->subject & ~(uint64_t)15};
        if ((entry->subject & 15) == READY_TIMEOUT) {
            const Timeout *timeout = (const Timeout *)object_of(subject);
            if (timeout->task) timeout->task->lives = true;
        } else {
            note_living(subject);
        }
    }
    for (size_t i = 0; i < loop->timer_count; i++) {
        Value target = loop->timers[i].target;
        if (is_kind(target, KIND_NATIVE_DATA)) {
            const Timeout *timeout = (const Timeout *)object_of(target);
            if (timeout->task && timeout->number == loop->timers[i].sequence) timeout->task->lives = true;
        } else {
            note_living(target);
        }
    }
    if (loop->current) loop->current->lives = true;
    if (loop->console) loop->console->lives = true;
}

static bool has_living(Value awaited) {
    if (is_task(awaited)) return task_of(awaited)->lives || future_done(future_of(awaited));
    const Value *items = is_list(awaited) ? list_of(awaited)->items : is_tuple(awaited) ? tuple_of(awaited)->items : NULL;
    size_t count = is_list(awaited) ? list_of(awaited)->length : is_tuple(awaited) ? tuple_of(awaited)->length : 0;
    for (size_t i = 0; i < count; i++)
        if (is_task(items[i]) ? task_of(items[i])->lives || future_done(future_of(items[i])) : is_marked(items[i])) return true;
    return false;
}

// Whether something that has been found to live can wake a task.
static bool can_be_woken(VM *vm, const Task *task) {
    const Future *f = &task->future;
    Value waiting = task->waiter.waiting;
    if (f->park == PARK_LINE) {
        const WaitKind *kind = line_kind(&task->waiter);
        return is_marked(waiting) || (kind->awaited && has_living(kind->awaited(vm, waiting)));
    }
    if (f->park != PARK_NONE || !is_future(waiting)) return true; // it is queued, or has a timer
    const Future *on = future_of(waiting);
    if (future_done(on)) return true;
    if (on->kind == FUTURE_TASK) return task_of(waiting)->lives;
    if (on->kind == FUTURE_PROMISED && ((const Promised *)on)->promise) return true;
    if (on->kind == FUTURE_GATHER && ((const Gather *)on)->children && has_living(value_object(((const Gather *)on)->children))) return true;
    return is_marked(waiting);
}

bool stuck_reconsider(VM *vm) {
    Loop *loop = loop_of(vm);
    if (!loop || !loop->seeks_stuck) return false;
    bool any = false;
    for (Task *task = loop->first_task; task; task = task->next) {
        if (task->traced || (!task->lives && !can_be_woken(vm, task))) continue;
        task->lives = task->traced = any = true;
        mark_whole(vm, task);
    }
    if (any) return true;
    // All tasks are kept: the marking goes on as an ordinary one.
    loop->seeks_stuck = false;
    loop->stuck_count = 0;
    for (Task *task = loop->first_task; task; task = task->next) {
        if (!task->lives) loop->stuck[loop->stuck_count++] = task;
        mark_whole(vm, task);
    }
    return true;
}

// Fills loop->stuck, which is the caller's to free. False with MemoryError.
static bool seek(VM *vm) {
    Loop *loop = loop_of(vm);
    loop->stuck_count = 0;
    if (!loop->task_count) return true;
    loop->stuck = heap_resize(vm, NULL, 0, loop->task_count * sizeof(Task *));
    if (!loop->stuck) return raise_memory_error(vm), false;
    for (Task *task = loop->first_task; task; task = task->next) {
        task->lives = task->traced = false;
        set_judged(task->coroutine, true);
    }
    begin(vm);
    loop->seeks_stuck = true;
    vm_collect(vm);
    if (loop->seeks_stuck) { // there was no collection, as nothing runs
        loop->seeks_stuck = false;
        for (Task *task = loop->first_task; task; task = task->next) set_judged(task->coroutine, false);
    }
    return true;
}

Value stuck_find(VM *vm) {
    Loop *loop = loop_of(vm);
    size_t room = loop->task_count * sizeof(Task *);
    if (!seek(vm)) return VALUE_ERROR;
    List *list = list_new(vm, loop->stuck_count);
    for (size_t i = 0; list && i < loop->stuck_count; i++)
        if (!list_append(vm, list, value_object(loop->stuck[i]))) list = NULL;
    heap_resize(vm, loop->stuck, room, 0);
    loop->stuck = NULL;
    return list ? value_object(list) : VALUE_ERROR;
}

static bool report_as_json(VM *vm, const List *stuck) {
    size_t room = stuck->length * sizeof(Task *), fresh = 0;
    Task **tasks = room ? heap_resize(vm, NULL, 0, room) : NULL;
    if (room && !tasks) return raise_memory_error(vm), false;
    for (size_t i = 0; i < stuck->length; i++) {
        Task *task = task_of(stuck->items[i]);
        if (!task->told) tasks[fresh++] = task;
        task->told = true;
    }
    Buffer out = vm_buffer(vm);
    bool ok = true;
    if (fresh) report_json_tasks(vm, "stuck", tasks, fresh, true, &out), ok = report_json_show(vm, &out);
    if (room) heap_resize(vm, tasks, room, 0);
    return ok;
}

bool stuck_report(VM *vm) {
    Value found = stuck_find(vm);
    if (is_error(found)) return false;
    const List *stuck = list_of(found);
    if (loop_of(vm)->reports_json) return report_as_json(vm, stuck);
    size_t fresh = 0;
    Buffer text = vm_buffer(vm);
    for (size_t i = 0; i < stuck->length; i++) {
        Task *task = task_of(stuck->items[i]);
        if (task->told) continue;
        task->told = true;
        if (fresh++ < 100) explain_task(vm, task, "  ", &text);
    }
    Buffer whole = vm_buffer(vm);
    buffer_format(&whole, "%zu task%s for what nothing that runs can reach any more:", fresh, fresh == 1 ? " waits" : "s wait");
    if (!text.failed && text.length) buffer_append(&whole, text.data, text.length);
    if (fresh > 100) buffer_format(&whole, "\n  and %zu more", fresh - 100);
    buffer_byte(&whole, '\n');
    bool ok = true;
    if (fresh && !whole.failed && loop_of(vm)->show_error) ok = loop_of(vm)->show_error(vm, whole.data, whole.length);
    buffer_free(&text);
    buffer_free(&whole);
    return ok;
}

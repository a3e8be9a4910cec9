// Tasks that are stuck in a program that otherwise runs: they wait for something that nothing that lives can ever reach.
//
// What lives is found by a marking in which tasks are no roots: a task lives when it is queued or has a timer, or when what it waits for
// has been reached from something that lives; then what its coroutine holds is reached as well, and so on until nothing more is found.
// Those that are left wait for each other, or for nobody. (The collector of Go finds goroutines that have leaked in the same way.) A mere
// reference to a task keeps it from nothing: it must be possible to complete what the task waits for.
//
// A search is a collection. With loop->tells_of_stuck each collection of a run is one; what that has found is told before the loop's next
// round, as a report may run a script. Such a search comes at any point of a step, where a native may hold something in its locals alone: it
// takes what lies on the C stack for reachable, which one that a script asks for does not.
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

// How often an automatic search goes through the tasks. What takes longer (chains of tasks in no order at all) is left to the end of the run.
enum { MOST_ROUNDS = 32 };

static bool look_at(VM *vm, Task *task) {
    if (task->traced || (!task->lives && !can_be_woken(vm, task))) return false;
    task->lives = task->traced = true;
    mark_whole(vm, task);
    return true;
}

bool stuck_reconsider(VM *vm) {
    Loop *loop = loop_of(vm);
    if (!loop || !loop->seeks_stuck) return false;
    bool any = false;
    // By turns forwards and backwards: tasks that wait for each other in the order of their making are found in a round or two.
    if (loop->seek_rounds++ % 2)
        for (Task *task = loop->last_task; task; task = task->previous) any |= look_at(vm, task);
    else
        for (Task *task = loop->first_task; task; task = task->next) any |= look_at(vm, task);
    bool gives_up = any && loop->seeks_by_itself && loop->seek_rounds >= MOST_ROUNDS;
    if (any && !gives_up) return true;
    // All tasks are kept: the marking goes on as an ordinary one.
    loop->seeks_stuck = false;
    for (Task *task = loop->first_task; task; task = task->next) {
        task->stuck = !task->lives && !gives_up;
        loop->any_stuck |= task->stuck && !task->told;
        if (!task->traced) mark_whole(vm, task);
    }
    return true;
}

// The next marking is one that seeks.
static void prepare(VM *vm) {
    Loop *loop = loop_of(vm);
    for (Task *task = loop->first_task; task; task = task->next) {
        task->lives = task->traced = task->stuck = false;
        set_judged(task->coroutine, true);
    }
    begin(vm);
    loop->seeks_stuck = true;
    loop->seek_rounds = 0;
}

bool stuck_begin(VM *vm) {
    Loop *loop = loop_of(vm);
    if (!loop || loop->seeks_stuck || !loop->tells_of_stuck || !loop->running || !loop->first_task) return false;
    loop->seeks_by_itself = true;
    prepare(vm);
    return true;
}

Value stuck_find(VM *vm) {
    Loop *loop = loop_of(vm);
    loop->seeks_by_itself = false;
    prepare(vm);
    vm_collect(vm);
    if (loop->seeks_stuck) { // there was no collection, as nothing runs
        loop->seeks_stuck = false;
        for (Task *task = loop->first_task; task; task = task->next) set_judged(task->coroutine, false);
    }
    loop->any_stuck = false;
    List *list = list_new(vm, 0);
    for (Task *task = loop->first_task; list && task; task = task->next)
        if (task->stuck && !list_append(vm, list, value_object(task))) list = NULL;
    return list ? value_object(list) : VALUE_ERROR;
}

// ---- Reports

static bool tell_as_json(VM *vm) {
    size_t count = 0, fresh = 0;
    for (Task *task = loop_of(vm)->first_task; task; task = task->next) count += task->stuck && !task->told;
    if (!count) return true;
    Task **tasks = heap_resize(vm, NULL, 0, count * sizeof(Task *));
    if (!tasks) return raise_memory_error(vm), false;
    for (Task *task = loop_of(vm)->first_task; task; task = task->next) {
        if (!task->stuck || task->told) continue;
        task->told = true;
        tasks[fresh++] = task;
    }
    Buffer out = vm_buffer(vm);
    report_json_tasks(vm, "stuck", tasks, count, &out);
    heap_resize(vm, tasks, count * sizeof(Task *), 0);
    return report_json_show(vm, &out);
}

bool stuck_tell(VM *vm) {
    enum { MOST_SHOWN = 100 };
    Loop *loop = loop_of(vm);
    loop->any_stuck = false;
    if (loop->reports_json) return tell_as_json(vm);
    size_t fresh = 0;
    Buffer text = vm_buffer(vm), whole = vm_buffer(vm);
    for (Task *task = loop->first_task; task; task = task->next) {
        if (!task->stuck || task->told) continue;
        task->told = true;
        if (fresh++ < MOST_SHOWN) explain_task(vm, task, "  ", &text);
    }
    exception_clear(vm); // of names that there was no memory for
    buffer_format(&whole, "%zu task%s for what nothing that runs can reach any more:", fresh, fresh == 1 ? " waits" : "s wait");
    if (!text.failed && text.length) buffer_append(&whole, text.data, text.length);
    if (fresh > MOST_SHOWN) buffer_format(&whole, "\n  and %zu more", fresh - MOST_SHOWN);
    buffer_byte(&whole, '\n');
    bool ok = true;
    if (fresh && !whole.failed && loop->show_error) ok = loop->show_error(vm, whole.data, whole.length);
    buffer_free(&text);
    buffer_free(&whole);
    return ok;
}

bool stuck_report(VM *vm) { return !is_error(stuck_find(vm)) && stuck_tell(vm); }

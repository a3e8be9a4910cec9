// The report of a deadlock: who waits for what, and who has it; those first who wait for each other in a circle.
#include "loop/explain.h"
#include "loop/loop.h"
#include "loop/report_json.h"
#include "object/core/errors.h"
#include "object/text/str.h"

enum { MOST_SHOWN = 100, MOST_STEPS = 1000 };

// ---- Who waits for whom

// One of them who waits himself, or NULL.
static Task *next_of(VM *vm, Task *task) {
    Value one;
    size_t count;
    const Value *awaited = explain_awaited(vm, task, &one, &count);
    for (size_t i = 0; i < count; i++)
        if (explain_is_unfinished(awaited[i])) return task_of(awaited[i]);
    return NULL;
}

// A task of a circle, or NULL: whoever goes on long enough without coming to an end goes round in one.
static Task *find_circle(VM *vm) {
    size_t starts = 0;
    for (Task *start = loop_of(vm)->first_task; start && starts < MOST_STEPS; start = start->next, starts++) {
        Task *at = start;
        for (size_t steps = 0; at && steps < MOST_STEPS; steps++) at = next_of(vm, at);
        if (at) return at;
    }
    return NULL;
}

static bool is_in_circle(VM *vm, const Task *circle, const Task *task) {
    Task *at = (Task *)circle;
    for (size_t steps = 0; at && steps < MOST_STEPS; steps++) {
        if (at == task) return true;
        at = next_of(vm, at);
        if (at == circle) break;
    }
    return false;
}

// ---- The report

// The report is told as JSON; the exception says in short what it is.
static Value raise_told(VM *vm, Buffer *text) {
    text->length--; // the colon
    String *message = string_from_buffer(vm, text);
    if (!message) return VALUE_ERROR;
    Buffer report = vm_buffer(vm);
    report_json_tasks(vm, "deadlock", NULL, 0, &report);
    if (!report_json_show(vm, &report)) {
        if (loop_must_end(vm)) return VALUE_ERROR;
        exception_clear(vm);
    }
    return raise_with_value(vm, vm->exceptions.deadlock_error, value_object(message));
}

Value loop_raise_deadlock(VM *vm) {
    Loop *loop = loop_of(vm);
    Buffer text = vm_buffer(vm);
    size_t waiting = loop->task_count, shown = 0;
    buffer_format(&text, "%zu task%s wait%s and nothing can wake %s:", waiting, waiting == 1 ? "" : "s",
                  waiting == 1 ? "s" : "", waiting == 1 ? "it" : "them");
    for (Task *task = loop->first_task; task; task = task->next) task->told = true; // that it is stuck need not be told as well
    if (loop->reports_json) return raise_told(vm, &text);
    Task *circle = find_circle(vm);
    if (circle && next_of(vm, circle) == circle) circle = NULL; // what it waits for says so
    // The first one made begins.
    for (Task *task = loop->first_task; circle && task; task = task->next) {
        if (!is_in_circle(vm, circle, task)) continue;
        circle = task;
        break;
    }
    if (circle) {
        buffer_text(&text, "\n  in a circle, each for the next:");
        Task *task = circle;
        do {
            explain_task(vm, task, "    ", &text);
            task = next_of(vm, task);
        } while (task && task != circle && ++shown < MOST_SHOWN);
        shown++;
    }
    if (circle && waiting > shown) buffer_text(&text, "\n  and besides:");
    for (Task *task = loop->first_task; task; task = task->next) {
        if (circle && is_in_circle(vm, circle, task)) continue;
        if (shown++ >= MOST_SHOWN) {
            buffer_format(&text, "\n  and %zu more", waiting - MOST_SHOWN);
            break;
        }
        explain_task(vm, task, circle ? "    " : "  ", &text);
    }
    String *message = string_from_buffer(vm, &text);
    return message ? raise_with_value(vm, vm->exceptions.deadlock_error, value_object(message)) : VALUE_ERROR;
}

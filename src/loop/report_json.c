// Reports as JSON, one object a line, for programs that read them: docs/testing.md has their members.
#include "loop/report_json.h"

#include <stdlib.h>
#include <string.h>

#include "loop/explain.h"
#include "loop/methods.h"
#include "loop/primitives.h"
#include "loop/wait.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/text/str.h"
#include "vm/generator.h"
#include "vm/interpreter.h"

enum { MOST_AWAITED = 1000 };

// ---- Circles

// A task of the report. In an array that is sorted by address, so that the others that a task waits for are found.
typedef struct {
    Task *task;
    size_t next;       // the first other one that it waits for, or NOWHERE
    uint32_t position; // among those that were given
    uint32_t number;   // in the report, from 1
    uint32_t visited;  // by which walk, from 1
} Member;

static const size_t NOWHERE = SIZE_MAX;

typedef struct {
    size_t count;
    Member *members;
    size_t *order;    // their indices, as they are shown: circles first
    size_t *circles;  // where in `order` each circle ends
    size_t circle_count;
} Cast;

static size_t cast_size(size_t count) { return count * (sizeof(Member) + 2 * sizeof(size_t)); }

static int by_address(const void *a, const void *b) {
    uintptr_t x = (uintptr_t)((const Member *)a)->task, y = (uintptr_t)((const Member *)b)->task;
    return x < y ? -1 : x > y;
}

static size_t find(const Cast *cast, const Task *task) {
    size_t low = 0, high = cast->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((uintptr_t)cast->members[middle].task < (uintptr_t)task)
            low = middle + 1;
        else
            high = middle;
    }
    return low < cast->count && cast->members[low].task == task ? low : NOWHERE;
}

static size_t find_next(VM *vm, const Cast *cast, Task *task) {
    Value one;
    size_t count, next = NOWHERE;
    const Value *awaited = explain_awaited(vm, task, &one, &count);
    for (size_t i = 0; i < count && next == NOWHERE; i++)
        if (explain_is_unfinished(awaited[i])) next = find(cast, task_of(awaited[i]));
    return next;
}

static void number_next(Cast *cast, size_t index, size_t *shown) {
    cast->members[index].number = (uint32_t)*shown + 1;
    cast->order[(*shown)++] = index;
}

// Each task leads to at most one other: a walk that comes upon a step of its own has found a circle. The one that was made first begins.
static void find_circles(Cast *cast, Task *const *tasks, size_t *shown) {
    Member *members = cast->members;
    for (size_t i = 0; i < cast->count; i++) {
        uint32_t walk = (uint32_t)i + 1;
        size_t at = find(cast, tasks[i]);
        for (; at != NOWHERE && !members[at].visited; at = members[at].next) members[at].visited = walk;
        if (at == NOWHERE || members[at].visited != walk) continue;
        size_t first = at;
        for (size_t step = members[at].next; step != at; step = members[step].next)
            if (members[step].position < members[first].position) first = step;
        at = first;
        do {
            number_next(cast, at, shown);
            at = members[at].next;
        } while (at != first);
        cast->circles[cast->circle_count++] = *shown;
    }
}

// False: there is no memory.
static bool cast_make(VM *vm, Cast *cast, Task *const *tasks, size_t count) {
    *cast = (Cast){.count = count};
    if (!count) return true;
    char *block = heap_resize(vm, NULL, 0, cast_size(count));
    if (!block) return false;
    cast->members = (Member *)(void *)block;
    cast->order = (size_t *)(void *)(block + count * sizeof(Member));
    cast->circles = cast->order + count;
    for (size_t i = 0; i < count; i++) cast->members[i] = (Member){.task = tasks[i], .position = (uint32_t)i};
    qsort(cast->members, count, sizeof *cast->members, by_address);
    for (size_t i = 0; i < count; i++) cast->members[i].next = find_next(vm, cast, cast->members[i].task);
    size_t shown = 0;
    find_circles(cast, tasks, &shown);
    for (size_t i = 0; i < count; i++) {
        size_t index = find(cast, tasks[i]);
        if (!cast->members[index].number) number_next(cast, index, &shown);
    }
    return true;
}

static void cast_free(VM *vm, Cast *cast) { heap_resize(vm, cast->members, cast_size(cast->count), 0); }

// ---- Members of objects

static void write_key(Buffer *out, const char *key) {
    if (out->length && out->data[out->length - 1] != '{') buffer_byte(out, ',');
    buffer_format(out, "\"%s\":", key);
}

static void write_string(Buffer *out, const char *key, const String *text) {
    write_key(out, key);
    if (text)
        buffer_json_string(out, text->data, text->size);
    else
        buffer_text(out, "null");
}

static void write_place_object(Buffer *out, const Code *code, uint32_t instruction) {
    buffer_byte(out, '{');
    write_string(out, "file", code->file_name);
    buffer_format(out, ",\"line\":%u", code_place(code, instruction)->line);
    write_string(out, "function", code->qualified_name);
    buffer_byte(out, '}');
}

static void write_place(Buffer *out, const char *key, const Code *code, uint32_t instruction) {
    write_key(out, key);
    if (code)
        write_place_object(out, code, instruction);
    else
        buffer_text(out, "null");
}

static void write_name(VM *vm, Buffer *out, Task *task) {
    String *name = task_name(vm, task);
    if (!name) exception_clear(vm);
    write_string(out, "name", name);
}

static void write_made(Buffer *out, const Task *task) {
    const Code *code = task->created_in;
    write_place(out, "made", code && code_is_library(code) ? NULL : code, task->created_at);
}

// Another task: its number in the report, if it has one, and its name.
static void write_reference(VM *vm, const Cast *cast, Task *task, Buffer *out) {
    size_t index = find(cast, task);
    buffer_text(out, "{");
    write_key(out, "id");
    if (index == NOWHERE)
        buffer_text(out, "null");
    else
        buffer_format(out, "%u", cast->members[index].number);
    write_name(vm, out, task);
    buffer_byte(out, '}');
}

// ---- Tasks

static void write_holder(VM *vm, const Cast *cast, const Lock *lock, Buffer *out) {
    write_key(out, "held");
    if (!lock || !lock->locked) {
        buffer_text(out, "null");
        return;
    }
    buffer_byte(out, '{');
    write_key(out, "by");
    if (is_task(lock->holder))
        write_reference(vm, cast, task_of(lock->holder), out);
    else
        buffer_text(out, "null");
    write_key(out, "ended");
    buffer_text(out, is_task(lock->holder) && future_done(future_of(lock->holder)) ? "true" : "false");
    write_place(out, "since", lock->taken_in, lock->taken_at);
    buffer_byte(out, '}');
}

static void write_awaited(VM *vm, const Cast *cast, Task *task, Buffer *out) {
    Value one;
    size_t count, shown = 0;
    const Value *awaited = explain_awaited(vm, task, &one, &count);
    write_key(out, "tasks");
    buffer_byte(out, '[');
    for (size_t i = 0; i < count && shown < MOST_AWAITED; i++) {
        if (!explain_is_unfinished(awaited[i])) continue;
        if (shown++) buffer_byte(out, ',');
        write_reference(vm, cast, task_of(awaited[i]), out);
    }
    buffer_byte(out, ']');
}

static void write_wait(VM *vm, const Cast *cast, Task *task, const Frame *library, bool is_hopeless, Buffer *out) {
    const Waitable *owner = NULL;
    const Lock *lock = NULL;
    if (task->future.park >= PARK_LINE && line_kind(&task->waiter)->noun) {
        owner = (const Waitable *)object_of(task->waiter.waiting);
        lock = lock_if_any(task->waiter.waiting);
    }
    Buffer text = vm_buffer(vm);
    write_key(out, "waits");
    buffer_text(out, "{");
    write_key(out, "sort");
    buffer_format(out, "\"%s\"", explain_sort(vm, task));
    explain_state(vm, task, library, is_hopeless, &text);
    write_key(out, "for");
    buffer_json_string(out, text.data, text.length);
    text.length = 0;
    if (owner) explain_name(owner->made_in, owner->made_at, &text);
    write_key(out, "name");
    if (text.length)
        buffer_json_string(out, text.data, text.length);
    else
        buffer_text(out, "null");
    if (text.failed) out->failed = true;
    buffer_free(&text);
    write_place(out, "made", owner ? owner->made_in : NULL, owner ? owner->made_at : 0);
    write_awaited(vm, cast, task, out);
    write_holder(vm, cast, lock, out);
    write_key(out, "seconds");
    uint32_t since = loop_of(vm)->notes_waits && task != loop_of(vm)->current ? task->future.waits_since : 0;
    if (since)
        buffer_format(out, "%.3f", (loop_milliseconds(vm) - since) / 1e3);
    else
        buffer_text(out, "null");
    buffer_byte(out, '}');
}

static void write_task(VM *vm, const Cast *cast, const Member *member, bool is_hopeless, Buffer *out) {
    Task *task = member->task;
    const Frame *place, *library;
    report_find_place(task, &place, &library);
    buffer_byte(out, '{');
    write_key(out, "id");
    buffer_format(out, "%u", member->number);
    write_name(vm, out, task);
    write_made(out, task);
    write_wait(vm, cast, task, library, is_hopeless, out);
    write_place(out, "at", place ? frame_code(place) : NULL, place ? frame_instruction(place) : 0);
    buffer_byte(out, '}');
}

// The members `cycles` and `tasks` of a report.
static void write_tasks(VM *vm, Task *const *tasks, size_t count, bool is_hopeless, Buffer *out) {
    Cast cast;
    if (!cast_make(vm, &cast, tasks, count)) {
        out->failed = true;
        return;
    }
    write_key(out, "cycles");
    buffer_byte(out, '[');
    for (size_t i = 0, at = 0; i < cast.circle_count; i++) {
        buffer_text(out, i ? ",[" : "[");
        for (size_t begin = at; at < cast.circles[i]; at++) buffer_format(out, "%s%zu", at > begin ? "," : "", at + 1);
        buffer_byte(out, ']');
    }
    buffer_byte(out, ']');
    write_key(out, "tasks");
    buffer_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i) buffer_byte(out, ',');
        write_task(vm, &cast, &cast.members[cast.order[i]], is_hopeless, out);
    }
    buffer_byte(out, ']');
    cast_free(vm, &cast);
}

static void write_all_tasks(VM *vm, bool is_hopeless, Buffer *out) {
    Loop *loop = loop_of(vm);
    size_t count = 0, size = loop->task_count * sizeof(Task *);
    Task **tasks = size ? heap_resize(vm, NULL, 0, size) : NULL;
    if (size && !tasks) {
        out->failed = true;
        return;
    }
    for (Task *task = loop->first_task; task; task = task->next) tasks[count++] = task;
    write_tasks(vm, tasks, count, is_hopeless, out);
    if (size) heap_resize(vm, tasks, size, 0);
}

void report_json_tasks(VM *vm, const char *report, Task *const *tasks, size_t count, Buffer *out) {
    buffer_format(out, "{\"report\":\"%s\"", report);
    if (tasks)
        write_tasks(vm, tasks, count, true, out);
    else
        write_all_tasks(vm, true, out);
    buffer_text(out, "}\n");
}

// What runs, the innermost call first, as places.
static void write_stack(VM *vm, Buffer *out) {
    enum { MOST_CALLS = 50 };
    size_t count = 0;
    write_key(out, "stack");
    buffer_byte(out, '[');
    for (const Frame *frame = interpreter_of(vm)->frame; frame && count < MOST_CALLS; frame = frame->caller) {
        if (frame_is_library(frame)) continue;
        if (count++) buffer_byte(out, ',');
        write_place_object(out, frame_code(frame), frame_instruction(frame));
    }
    buffer_byte(out, ']');
}

void report_json_describe(VM *vm) {
    Loop *loop = loop_of(vm);
    if (!loop->describe) return;
    Value failure = vm->exception;
    Buffer out = vm_buffer(vm);
    buffer_text(&out, "{\"report\":\"tasks\"");
    write_stack(vm, &out);
    write_all_tasks(vm, false, &out);
    write_key(&out, "noted");
    if (loop->notes_waits && loop->driver)
        buffer_format(&out, "%.3f", (loop_milliseconds(vm) - loop->noted_since) / 1e3);
    else
        buffer_text(&out, "null");
    buffer_text(&out, "}\n");
    static const char failed[] = "{\"report\":\"tasks\",\"failed\":\"there is not enough memory for a description\"}\n";
    loop->describe(vm, out.failed ? failed : out.data, out.failed ? sizeof failed - 1 : out.length);
    buffer_free(&out);
    loop_note_waits(vm);
    vm->exception = failure; // names that there was no memory for
}

// ---- Exceptions

bool report_json_lost(VM *vm, Future *f) {
    bool is_colourful = vm->colours, is_of_task = f->kind == FUTURE_TASK;
    vm->colours = false;
    String *message = value_str(vm, f->result);
    if (!message) exception_drop(vm);
    Buffer traceback = vm_buffer(vm), out = vm_buffer(vm);
    exception_print(vm, f->result, &traceback);
    vm->colours = is_colourful;
    buffer_format(&out, "{\"report\":\"never retrieved\",\"kind\":\"%s\",\"task\":", is_of_task ? "task" : "future");
    if (is_of_task) {
        buffer_byte(&out, '{');
        write_name(vm, &out, (Task *)f);
        write_made(&out, (Task *)f);
        buffer_byte(&out, '}');
    } else {
        buffer_text(&out, "null");
    }
    write_key(&out, "exception");
    buffer_byte(&out, '{');
    write_key(&out, "type");
    const char *type = type_name(vm, f->result);
    buffer_json_string(&out, type, strlen(type));
    write_string(&out, "message", message);
    write_key(&out, "traceback");
    buffer_json_string(&out, traceback.data, traceback.length);
    buffer_text(&out, "}}\n");
    if (traceback.failed) out.failed = true;
    buffer_free(&traceback);
    return report_json_show(vm, &out);
}

bool report_json_show(VM *vm, Buffer *out) {
    bool ok = true;
    if (out->failed)
        ok = (raise_memory_error(vm), false);
    else if (loop_of(vm)->show_error)
        ok = loop_of(vm)->show_error(vm, out->data, out->length);
    buffer_free(out);
    return ok;
}

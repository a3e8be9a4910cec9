// What the loop tells people: deadlocks, exceptions that nobody is there to catch, and what runs and waits when somebody asks.
#include <stdio.h>

#include "loop/explain.h"
#include "loop/loop.h"
#include "loop/methods.h"
#include "loop/wait.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/exception/traceback.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"
#include "vm/generator.h"

bool loop_show_exception(VM *vm, const char *message, Value exception) {
    Loop *loop = loop_of(vm);
    if (!loop->show_error) return true;
    Buffer text = vm_buffer(vm);
    buffer_format(&text, "%s\n", message);
    if (is_exception(exception)) exception_print(vm, exception, &text);
    bool ok;
    if (text.failed) {
        char shorter[200];
        snprintf(shorter, sizeof shorter, "%.100s\n%.90s\n", message, is_exception(exception) ? type_name(vm, exception) : "");
        ok = loop->show_error(vm, shorter, strlen(shorter));
    } else {
        ok = loop->show_error(vm, text.data, text.length);
    }
    buffer_free(&text);
    // That there is no memory to tell of it is no reason to end the loop.
    if (!ok && exception_matches(vm, vm->exceptions.memory_error)) {
        exception_clear(vm);
        ok = true;
    }
    return ok;
}

void loop_write_place(const Code *code, uint32_t instruction, Buffer *out) {
    uint32_t line = code_place(code, instruction)->line;
    buffer_format(out, "  File \"%s\", line %u, in %s\n", code->file_name->data, line, code->qualified_name->data);
    size_t before = out->length;
    buffer_text(out, "  ");
    size_t indented = out->length;
    traceback_write_line(code, line, out);
    if (out->length == indented) out->length = before; // the source is not there
}

// ---- What a task waits for

void report_find_place(Task *task, const Frame **place, const Frame **library) {
    *place = *library = NULL;
    if (!is_kind(task->coroutine, KIND_GENERATOR)) return;
    const Generator *root = (const Generator *)object_of(task->coroutine);
    const Frame *frame = generator_innermost(root);
    for (;;) {
        if (!frame_is_library(frame)) {
            *place = frame;
            return;
        }
        *library = frame;
        if (frame == &root->frame) return;
        frame = frame->caller;
    }
}

static void describe_wait(VM *vm, Task *task, const Frame *library, const char *future, Buffer *out) {
    if (task->future.park >= PARK_LINE) {
        buffer_text(out, line_kind(&task->waiter)->text);
        return;
    }
    if (library) {
        buffer_format(out, "%s()", frame_code(library)->qualified_name->data);
        return;
    }
    if (is_task(task->waiter.waiting)) {
        String *name = task_name(vm, task_of(task->waiter.waiting));
        buffer_format(out, "task '%s'", name ? name->data : "?");
    } else if (is_future(task->waiter.waiting)) {
        buffer_text(out, future_of(task->waiter.waiting)->kind == FUTURE_GATHER ? "a gather" : future);
    } else {
        buffer_text(out, "nothing that can come");
    }
}

// The same for one that need not be deadlocked.
static void describe_state(VM *vm, Task *task, const Frame *library, Buffer *out) {
    if (task == loop_of(vm)->current)
        buffer_text(out, "itself: it runs");
    else if (is_future(task->waiter.waiting) && future_of(task->waiter.waiting)->kind == FUTURE_PROMISED && !library)
        buffer_text(out, "the host");
    else if (is_future(task->waiter.waiting) && future_of(task->waiter.waiting)->kind == FUTURE_DESCRIPTOR && !library)
        buffer_text(out, "a file descriptor");
    else if (library || !is_none(task->waiter.waiting))
        describe_wait(vm, task, library, "a future", out);
    else
        buffer_text(out, task->future.park == PARK_WAITING ? "a sleep" : "its turn");
}

// The tasks that a task waits for, as loop_describe_tasks gives them.
static Value find_awaited(VM *vm, Task *task, const Frame *library) {
    if (task == loop_of(vm)->current) return VALUE_NONE;
    if (is_task(task->waiter.waiting)) return task->waiter.waiting;
    if (is_gather(task->waiter.waiting)) {
        const Gather *gather = (const Gather *)object_of(task->waiter.waiting);
        // A list of its own: the gather goes by what it has.
        return gather->children ? object_or_error(list_from(vm, gather->children->items, gather->children->length)) : VALUE_NONE;
    }
    if (task->future.park >= PARK_LINE) {
        const WaitKind *kind = line_kind(&task->waiter);
        Value awaited = kind->awaited ? kind->awaited(vm, task->waiter.waiting) : VALUE_NONE;
        return is_list(awaited) ? object_or_error(list_from(vm, list_of(awaited)->items, list_of(awaited)->length)) : awaited;
    }
    if (!library || !frame_code(library)->parameter_count) return VALUE_NONE;
    Value first = library->registers[0];
    return is_empty(first) || is_kind(first, KIND_CELL) ? VALUE_NONE : first;
}

void loop_note_waits(VM *vm) {
    Loop *loop = loop_of(vm);
    if (loop->notes_waits || loop->tracer || !loop->driver) return; // a trace has its own use for the field
    loop->notes_waits = true;
    loop->noted_since = loop_milliseconds(vm);
}

Value loop_describe_tasks(VM *vm) {
    List *list = list_new(vm, 0);
    if (!list) return VALUE_ERROR;
    for (Task *task = loop_of(vm)->first_task; task; task = task->next) {
        const Frame *place, *library;
        Buffer text = vm_buffer(vm);
        report_find_place(task, &place, &library);
        describe_state(vm, task, library, &text);
        String *wait = string_from_buffer(vm, &text);
        if (!wait) return VALUE_ERROR;
        bool waits = loop_of(vm)->notes_waits && task != loop_of(vm)->current && task->future.waits_since;
        Value parts[] = {value_object(task), value_object(wait), VALUE_NONE, VALUE_NONE, VALUE_NONE, VALUE_NONE, find_awaited(vm, task, library)};
        if (is_error(parts[6])) return VALUE_ERROR;
        if (waits) parts[5] = value_float((double)(loop_milliseconds(vm) - task->future.waits_since) / 1e3);
        if (place) {
            const Code *code = frame_code(place);
            parts[2] = value_object(code->file_name);
            parts[3] = value_small(code_place(code, frame_instruction(place))->line);
            parts[4] = value_object(code->qualified_name);
        }
        Tuple *tuple = tuple_from(vm, parts, sizeof parts / sizeof *parts);
        if (!tuple || !list_append(vm, list, value_object(tuple))) return VALUE_ERROR;
    }
    return value_object(list);
}

// ---- What runs and waits

static void write_frame(const Frame *frame, Buffer *out) {
    const Code *code = frame_code(frame);
    buffer_format(out, "    File \"%s\", line %u, in %s\n", code->file_name->data, code_place(code, frame_instruction(frame))->line,
                  code->qualified_name->data);
}

// From a frame to those that it was called by, or awaited by, down to `last`.
static void write_frames(const Frame *frame, const Frame *last, Buffer *out) {
    enum { MOST = 50 };
    size_t count = 0;
    for (; frame; frame = frame == last ? NULL : frame->caller) {
        if (frame_is_library(frame)) continue;
        if (count++ < MOST) write_frame(frame, out);
    }
    if (count > MOST) buffer_format(out, "    and %zu more\n", count - MOST);
}

static void write_task(VM *vm, Task *task, Buffer *out) {
    const Frame *place, *library;
    report_find_place(task, &place, &library);
    String *name = task_name(vm, task);
    buffer_format(out, "  task '%s' waits for ", name ? name->data : "?");
    explain_state(vm, task, library, false, out);
    buffer_text(out, "\n");
    if (task != loop_of(vm)->current && is_kind(task->coroutine, KIND_GENERATOR)) {
        const Generator *root = (const Generator *)object_of(task->coroutine);
        write_frames(generator_innermost(root), &root->frame, out);
    }
}

void loop_report(VM *vm) {
    enum { MOST = 1000 };
    Loop *loop = loop_of(vm);
    if (!loop->write_report || console_takes_report(vm)) return;
    Value failure = vm->exception;
    Buffer text = vm_buffer(vm);
    const Frame *frame = interpreter_of(vm)->frame;
    size_t shown = 0;
    buffer_text(&text, "What runs and waits, the latest call first:\n");
    if (frame) {
        String *name = loop->current ? task_name(vm, loop->current) : NULL;
        if (loop->current)
            buffer_format(&text, "  task '%s' runs\n", name ? name->data : "?");
        else
            buffer_format(&text, "  the program %s\n", loop->running ? "waits for its tasks" : "runs");
        write_frames(frame, NULL, &text);
    }
    for (Task *task = loop->first_task; task && shown <= MOST; task = task->next) {
        if (task == loop->current) continue;
        if (shown++ < MOST)
            write_task(vm, task, &text);
        else
            buffer_text(&text, "  and others\n");
    }
    static const char failed[] = "a report was asked for, for which there is not enough memory\n";
    loop->write_report(vm, text.failed ? failed : text.data, text.failed ? sizeof failed - 1 : text.length);
    buffer_free(&text);
    vm->exception = failure; // names that there was no memory for
}

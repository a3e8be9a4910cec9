// What the loop tells people: deadlocks, and exceptions that nobody is there to catch.
#include <stdio.h>

#include "loop/loop.h"
#include "loop/methods.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/exception/traceback.h"
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

// ---- Deadlock

bool frame_is_library(const Frame *frame) { return strncmp(frame_code(frame)->file_name->data, "<built-in", 9) == 0; }

// Where a task waits: its innermost frame of the user's own code; and the library's function that it waits in.
static void find_place(Task *task, const Frame **place, const Frame **library) {
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

static void describe_wait(VM *vm, Task *task, const Frame *library, Buffer *out) {
    if (library) {
        buffer_format(out, "%s()", frame_code(library)->qualified_name->data);
        return;
    }
    if (is_task(task->waiting)) {
        String *name = task_name(vm, task_of(task->waiting));
        buffer_format(out, "task '%s'", name ? name->data : "?");
    } else if (is_future(task->waiting)) {
        buffer_text(out, future_of(task->waiting)->is_gather ? "a gather" : "a future that nobody completes");
    } else {
        buffer_text(out, "nothing that can come");
    }
}

Value loop_describe_tasks(VM *vm) {
    List *list = list_new(vm, 0);
    if (!list) return VALUE_ERROR;
    for (Task *task = loop_of(vm)->first_task; task; task = task->next) {
        const Frame *place, *library;
        Buffer text = vm_buffer(vm);
        find_place(task, &place, &library);
        if (task == loop_of(vm)->current)
            buffer_text(&text, "itself: it runs");
        else if (library || !is_none(task->waiting))
            describe_wait(vm, task, library, &text);
        else
            buffer_text(&text, task->future.park == PARK_WAITING ? "a sleep" : "its turn");
        String *wait = string_from_buffer(vm, &text);
        Value parts[5] = {value_object(task), value_object(wait), VALUE_NONE, VALUE_NONE, VALUE_NONE};
        if (!wait) return VALUE_ERROR;
        if (place) {
            const Code *code = frame_code(place);
            parts[2] = value_object(code->file_name);
            parts[3] = value_small(code_place(code, frame_instruction(place))->line);
            parts[4] = value_object(code->qualified_name);
        }
        Tuple *tuple = tuple_from(vm, parts, 5);
        if (!tuple || !list_append(vm, list, value_object(tuple))) return VALUE_ERROR;
    }
    return value_object(list);
}

Value loop_raise_deadlock(VM *vm) {
    Loop *loop = loop_of(vm);
    Buffer text = vm_buffer(vm);
    size_t waiting = 0;
    for (Task *task = loop->first_task; task; task = task->next) waiting++;
    buffer_format(&text, "%zu task%s wait%s and nothing can wake %s:", waiting, waiting == 1 ? "" : "s",
                  waiting == 1 ? "s" : "", waiting == 1 ? "it" : "them");
    size_t shown = 0;
    for (Task *task = loop->first_task; task; task = task->next) {
        if (shown++ == 100) {
            buffer_format(&text, "\n  and %zu more", waiting - 100);
            break;
        }
        const Frame *place, *library;
        find_place(task, &place, &library);
        String *name = task_name(vm, task);
        buffer_format(&text, "\n  task '%s' waits for ", name ? name->data : "?");
        describe_wait(vm, task, library, &text);
        if (!place) continue;
        const Code *code = frame_code(place);
        buffer_format(&text, "\n    File \"%s\", line %u, in %s", code->file_name->data,
                      code_place(code, frame_instruction(place))->line, code->qualified_name->data);
    }
    String *message = string_from_buffer(vm, &text);
    return message ? raise_with_value(vm, vm->exceptions.deadlock_error, value_object(message)) : VALUE_ERROR;
}

// Debug mode: steps of tasks, and callbacks, that hold the loop for long. What one does when it has done so for too long is seen at the next
// slice of its work; one that goes on for ten times as long is told of while it does.
#include "loop/explain.h"
#include "loop/loop.h"
#include "loop/methods.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"
#include "vm/frame.h"
#include "vm/interpreter.h"

enum { PATIENCE = 10, MANY_AWAITS = 100 };

static void write_awaits(uint64_t awaits, Buffer *out) {
    if (awaits < MANY_AWAITS) return;
    buffer_format(out, "%llu times by then it awaited what was there already, which lets nobody else run\n", (unsigned long long)awaits);
}

// For one that may never end. Neither runs a script nor collects.
static void tell_of_holding(VM *vm, double seconds) {
    Loop *loop = loop_of(vm);
    SlowStep *slow = &loop->slow_step;
    if (!loop->write_report) return;
    Value before = vm->exception;
    Buffer text = vm_buffer(vm);
    String *name = loop->current ? task_name(vm, loop->current) : NULL;
    if (loop->current)
        buffer_format(&text, "Task '%s' holds the loop, for %.3f seconds so far\n", name ? name->data : "?", seconds);
    else
        buffer_format(&text, "A callback holds the loop, for %.3f seconds so far\n", seconds);
    Code *code = NULL;
    uint32_t instruction = 0;
    if (interpreter_of(vm)->frame != slow->outside) loop_note_place(vm, &code, &instruction);
    if (code) loop_write_place(code, instruction, &text);
    write_awaits(loop->prompt_awaits, &text);
    if (!text.failed) loop->write_report(vm, text.data, text.length);
    buffer_free(&text);
    vm->exception = before; // names that there was no memory for
}

static void look(VM *vm) {
    Loop *loop = loop_of(vm);
    SlowStep *slow = &loop->slow_step;
    double seconds = loop_system_time() - slow->began;
    if (seconds < slow->next) return;
    if (!slow->seen) {
        slow->seen = seconds;
        slow->awaits = loop->prompt_awaits;
        if (interpreter_of(vm)->frame != slow->outside) loop_note_place(vm, &slow->code, &slow->instruction);
    } else {
        tell_of_holding(vm, seconds);
    }
    slow->next = slow->next * PATIENCE;
}

void slow_begin(VM *vm) {
    Loop *loop = loop_of(vm);
    loop->slow_step = (SlowStep){.began = loop_system_time(), .next = loop->slow, .outside = interpreter_of(vm)->frame};
    loop->prompt_awaits = 0;
    vm->hooks.watch = look;
}

static void tell(VM *vm, Value what, double seconds) {
    Loop *loop = loop_of(vm);
    SlowStep slow = loop->slow_step;
    Value before = vm->exception;
    exception_clear(vm);
    Buffer text = vm_buffer(vm);
    buffer_text(&text, "Executing ");
    bool ok = append_repr(vm, &text, what);
    buffer_format(&text, " took %.3f seconds\n", seconds);
    if (slow.code) {
        buffer_format(&text, "It was here after %.3f seconds:\n", slow.seen);
        loop_write_place(slow.code, slow.instruction, &text);
        write_awaits(slow.awaits, &text);
    }
    if (ok && !text.failed && loop->show_error) loop->show_error(vm, text.data, text.length);
    buffer_free(&text);
    exception_clear(vm);
    vm->exception = before;
}

void slow_end(VM *vm, Value what) {
    Loop *loop = loop_of(vm);
    double took = loop_system_time() - loop->slow_step.began;
    vm->hooks.watch = NULL;
    if (took >= loop->slow && is_object(what)) tell(vm, what, took);
    loop->slow_step = (SlowStep){0};
}

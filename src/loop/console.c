// What a console asks of the loop that it runs in: to be told of interrupts and of requests for a report that are meant for nobody else, and
// of tasks that fail while nobody waits for them.
#include "loop/loop.h"
#include "loop/methods.h"
#include "loop/module.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"

// Queues a call of the console's. What there is no memory for is not told.
static void tell(VM *vm, Value callback, Value *arguments, size_t count) {
    Value failure = vm->exception;
    exception_clear(vm);
    Tuple *tuple = tuple_from(vm, arguments, count);
    Handle *handle = tuple ? handle_new(vm, callback, tuple, -1) : NULL;
    if (handle && loop_reserve(vm)) loop_ready(vm, READY_HANDLE, value_object(handle), VALUE_NONE);
    vm->exception = failure;
}

bool console_takes_interrupt(VM *vm) {
    Loop *loop = loop_of(vm);
    if (is_none(loop->on_interrupt)) return false;
    // A task that computes is what is meant, even one that nobody has in view: it keeps the console from its keys.
    if (loop->current && loop->current != loop->console) return false;
    tell(vm, loop->on_interrupt, NULL, 0);
    return true;
}

bool console_takes_report(VM *vm) {
    Loop *loop = loop_of(vm);
    if (is_none(loop->on_report) || (loop->current && loop->current != loop->console)) return false;
    tell(vm, loop->on_report, NULL, 0);
    return true;
}

void console_note_failure(VM *vm, Task *task) {
    Loop *loop = loop_of(vm);
    if (is_none(loop->on_failure) || task == loop->console || !is_empty(task->future.callback)) return;
    Value argument = value_object(task);
    tell(vm, loop->on_failure, &argument, 1);
}

// console(on_interrupt, on_failure, on_report): the task that calls this becomes the console, until it ends or calls it with None.
static Value module_console(VM *vm, Value *args, size_t count) {
    Loop *loop = loop_of(vm);
    if (!loop->current) return raise_runtime_error(vm, "no running event loop");
    for (int i = 0; i < 3; i++)
        if (!is_none(args[i]) && !value_callable(vm, args[i]))
            return raise_type_error(vm, "a callable object was expected by console(), got %s", type_name(vm, args[i]));
    loop->console = is_none(args[0]) && is_none(args[1]) && is_none(args[2]) ? NULL : loop->current;
    loop_note_waits(vm);
    loop->on_interrupt = args[0];
    loop->on_failure = args[1];
    loop->on_report = args[2];
    return VALUE_NONE;
}

static Value module_describe_tasks(VM *vm, Value *args, size_t count) { return loop_describe_tasks(vm); }

const NativeDefinition console_functions[] = {{"console", module_console, "on_interrupt, on_failure, on_report, /"},
                                              {"describe_tasks", module_describe_tasks, ""},
                                              {0}};

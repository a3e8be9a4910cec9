// What a runner of tests asks of the loop: to be told of what a test loses, and where tasks were made.
#include "loop/loop.h"
#include "loop/methods.h"
#include "loop/module.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/function/function.h"
#include "object/text/str.h"

// tell_lost(list): what is lost is appended to the list from now on instead of being written to the standard error, and an interrupt ends
// what runs at once, as the test is what is to end. tell_lost(None): all is as usual.
static Value module_tell_lost(VM *vm, Value *args, size_t count) {
    if (!is_none(args[0]) && !is_list(args[0])) return raise_type_error(vm, "tell_lost() wants a list or None");
    loop_of(vm)->lost_to = args[0];
    return VALUE_NONE;
}

// take_lost(): what has not been awaited or retrieved by now is lost, though somebody may hold it.
static Value module_take_lost(VM *vm, Value *args, size_t count) {
    if (loop_of(vm)->running) return raise_runtime_error(vm, "take_lost() cannot be called from a running event loop");
    lost_end(vm, true);
    return VALUE_NONE;
}

// shuffle(number): the order of tasks from now on, as --shuffle has it; 0 is the plain one.
static Value module_shuffle(VM *vm, Value *args, size_t count) {
    int64_t number;
    if (!value_index_int64(vm, args[0], false, &number)) return VALUE_ERROR;
    loop_of(vm)->shuffle = (uint64_t)number;
    loop_of(vm)->choices = 0;
    return VALUE_NONE;
}

static Value place_text(VM *vm, const Code *code, uint32_t instruction) {
    if (!code) return VALUE_NONE;
    Buffer text = vm_buffer(vm);
    loop_write_place(code, instruction, &text);
    String *s = string_from_buffer(vm, &text);
    return s ? value_object(s) : VALUE_ERROR;
}

// task_origin(task): where it was made, as a traceback shows it, or None.
static Value module_task_origin(VM *vm, Value *args, size_t count) {
    if (!is_task(args[0])) return raise_type_error(vm, "a task was expected, got %s", type_name(vm, args[0]));
    const Task *task = task_of(args[0]);
    return place_text(vm, task->created_in, task->created_at);
}

const NativeDefinition testing_functions[] = {{"tell_lost", module_tell_lost, "list, /"},
                                              {"take_lost", module_take_lost, ""},
                                              {"shuffle", module_shuffle, "number, /"},
                                              {"task_origin", module_task_origin, "task, /"},
                                              {0}};

// ---- For lost.c

bool testing_takes_lost(VM *vm, const char *kind, Value name, Value exception, const Code *code, uint32_t instruction) {
    Value list = loop_of(vm)->lost_to;
    String *what = string_from(vm, kind);
    Value parts[4] = {VALUE_NONE, name, exception, what ? place_text(vm, code, instruction) : VALUE_ERROR};
    if (is_error(parts[3])) return false;
    parts[0] = value_object(what);
    Tuple *tuple = tuple_from(vm, parts, 4);
    return tuple && list_append(vm, list_of(list), value_object(tuple));
}

// Who waits for a future: its callbacks, followed through gathers, groups and wait() to the tasks behind them; and in which calls a task is.
#include "loop/loop.h"
#include "loop/methods.h"
#include "loop/module.h"
#include "loop/wait.h"
#include "object/container/set.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "vm/frame_object.h"
#include "vm/generator.h"
#include "vm/interpreter.h"

static bool add_awaiters(VM *vm, const Future *f, List *out, Set *seen);

static bool add_task(VM *vm, Value task, List *out, Set *seen) {
    int known = set_has(vm, seen, task);
    if (known) return known > 0;
    return set_add(vm, seen, task) >= 0 && list_append(vm, out, task);
}

// Those that stand in the line of what is told of the future's end.
static bool add_line(VM *vm, Value watcher, List *out, Set *seen) {
    const Waitable *waitable = (const Waitable *)object_of(watcher);
    for (const Waiter *waiter = waitable->kinds[0].line(watcher)->first; waiter; waiter = waiter->next)
        if (waiter->future.kind == FUTURE_TASK && !add_task(vm, value_object(waiter), out, seen)) return false;
    return true;
}

static bool add_callback(VM *vm, Value callback, List *out, Set *seen) {
    if (is_task(callback)) return add_task(vm, callback, out, seen);
    if (is_gather(callback)) return add_awaiters(vm, future_of(callback), out, seen);
    return !future_is_watcher(callback) || add_line(vm, callback, out, seen);
}

static bool add_awaiters(VM *vm, const Future *f, List *out, Set *seen) {
    if (!vm_may_recurse(vm)) return raise_error(vm, vm->exceptions.recursion_error, "maximum recursion depth exceeded"), false;
    vm->native_depth++;
    bool ok = is_empty(f->callback) || add_callback(vm, f->callback, out, seen);
    for (size_t i = 0; ok && f->callbacks && i < f->callbacks->length; i++) ok = add_callback(vm, f->callbacks->items[i], out, seen);
    vm->native_depth--;
    return ok;
}

Value awaiters_of(VM *vm, Value *args, size_t count) {
    if (!is_future(args[0])) return raise_type_error(vm, "a future was expected, got %s", type_name(vm, args[0]));
    List *out = list_new(vm, 0);
    Set *seen = out ? set_new(vm, false) : NULL;
    return seen && add_awaiters(vm, future_of(args[0]), out, seen) ? value_object(out) : VALUE_ERROR;
}

Value call_stack_of(VM *vm, Value *args, size_t count) {
    if (!is_task(args[0])) return raise_type_error(vm, "a task was expected, got %s", type_name(vm, args[0]));
    List *out = list_new(vm, 0);
    Value coroutine = task_of(args[0])->coroutine;
    if (!out || !is_kind(coroutine, KIND_GENERATOR)) return out ? value_object(out) : VALUE_ERROR;
    Generator *root = (Generator *)object_of(coroutine);
    if (root->state == GENERATOR_DONE) return value_object(out);
    bool runs = task_of(args[0]) == loop_of(vm)->current;
    Frame *frame = runs ? interpreter_of(vm)->frame : (Frame *)generator_innermost(root);
    for (; frame; frame = frame == &root->frame ? NULL : frame->caller) {
        if (frame_is_library(frame)) continue;
        Value object = frame_object_of(vm, frame);
        if (is_error(object) || !list_append(vm, out, object)) return VALUE_ERROR;
    }
    return value_object(out);
}

// Lines of those who wait.
#include "loop/wait.h"

#include "loop/methods.h"
#include "object/core/class.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/text/str.h"
#include "vm/import.h"

// What stands in a line for a coroutine that is driven by hand.
typedef struct {
    Waiter waiter;
    Value argument;
} LineFuture;

static Value *argument_of(Waiter *waiter) {
    return waiter->future.kind == FUTURE_TASK ? &waiter->future.result : &((LineFuture *)waiter)->argument;
}

Waiter *line_future_new(VM *vm) {
    LineFuture *f = heap_allocate(vm, loop_of(vm)->future_class->root, KIND_FUTURE, sizeof(LineFuture));
    if (!f) return NULL;
    future_init(&f->waiter.future);
    f->waiter.future.kind = FUTURE_LINE;
    f->waiter.waiting = f->argument = VALUE_NONE;
    return &f->waiter;
}

void line_future_trace(VM *vm, Future *f) {
    heap_mark(vm, ((LineFuture *)f)->argument);
    heap_mark(vm, ((Waiter *)f)->waiting);
}

// Tasks are kept by the loop; the others by the line, as its turn may be theirs.
void line_trace(VM *vm, const Line *line) {
    for (Waiter *waiter = line->first; waiter; waiter = waiter->next) heap_mark_object(vm, &waiter->future.object);
}

const WaitKind *line_kind(const Waiter *waiter) {
    return &((const Waitable *)object_of(waiter->waiting))->kinds[waiter->future.what];
}

void waitable_init(VM *vm, Waitable *waitable, const WaitKind *kinds) {
    waitable->kinds = kinds;
    loop_note_place(vm, &waitable->made_in, &waitable->made_at);
}

Value line_join(VM *vm, Line *line, Waiter *waiter, Value owner, unsigned what, Value argument) {
    waiter->future.park = PARK_LINE;
    waiter->future.what = (uint8_t)what;
    waiter->waiting = owner;
    *argument_of(waiter) = argument;
    waiter->next = NULL;
    waiter->previous = line->last;
    if (line->last)
        line->last->next = waiter;
    else
        line->first = waiter;
    line->last = waiter;
    line->count++;
    line->uncancelled++;
    vm->suspended_on = waiter->future.kind == FUTURE_TASK ? VALUE_STOP : value_object(waiter);
    return VALUE_SUSPEND;
}

void line_leave(Line *line, Waiter *waiter) {
    if (!waiter->previous && line->first != waiter) return;
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        line->first = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    else
        line->last = waiter->previous;
    waiter->next = waiter->previous = NULL;
    line->count--;
    if (waiter->future.park != PARK_DISMISSED) line->uncancelled--;
}

void line_call(VM *vm, Waiter *waiter) {
    Future *f = &waiter->future;
    f->park = PARK_CALLED;
    if (f->kind == FUTURE_TASK) {
        if (__builtin_expect(loop_of(vm)->tracer != NULL, 0)) trace_wake(vm, (Task *)f);
        loop_ready(vm, READY_PARK, value_object(f), VALUE_NONE);
    } else {
        f->state = FUTURE_FINISHED;
        future_schedule_callbacks(vm, f);
    }
}

void line_call_all(VM *vm, Line *line) {
    for (Waiter *waiter = line->first; waiter; waiter = waiter->next)
        if (waiter_stands(waiter)) line_call(vm, waiter);
}

void line_dismiss(Waiter *waiter) {
    Line *line = line_kind(waiter)->line(waiter->waiting);
    if (waiter->previous || line->first == waiter) line->uncancelled--;
    waiter->future.park = PARK_DISMISSED;
}

static Value take_out(Waiter *waiter, Value *argument) {
    Value owner = waiter->waiting, *place = argument_of(waiter);
    line_leave(line_kind(waiter)->line(owner), waiter);
    *argument = *place;
    *place = waiter->waiting = VALUE_NONE;
    waiter->future.park = PARK_NONE;
    return owner;
}

void line_abandon(Waiter *waiter) {
    Value argument;
    take_out(waiter, &argument);
}

Value line_go_on(VM *vm, Waiter *waiter, Waiter *next, Value exception) {
    const WaitKind *kind = line_kind(waiter);
    bool called = waiter->future.park == PARK_CALLED;
    Value argument, owner = take_out(waiter, &argument);
    return kind->go_on(vm, next, owner, argument, called, exception);
}

bool method_is_overridden(VM *vm, Value self, Class *native, const char *name) {
    Class *cls = class_of(vm, self);
    if (cls->flags & CLASS_BUILTIN) return false;
    String *key = string_intern_from(vm, name, strlen(name));
    if (!key) return exception_clear(vm), true; // the way that always does
    return !value_same(class_lookup(vm, cls, key), class_lookup(vm, native, key));
}

Value call_in_asyncio(VM *vm, const char *module_name, const char *function, Value *arguments, size_t count) {
    String *name = string_intern_from(vm, module_name, strlen(module_name));
    Value module = name ? import_module(vm, name) : VALUE_ERROR;
    return is_error(module) ? module : value_call_method(vm, module, function, arguments, count);
}

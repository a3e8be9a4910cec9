// asyncio.Event.
#include "loop/methods.h"
#include "loop/primitives.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"

typedef struct {
    Waitable base;
    Line line;
    bool is_set;
} Event;

static Event *event_of(Value v) { return (Event *)object_of(v); }
static Line *event_line(Value owner) { return &event_of(owner)->line; }

static Value wait_goes_on(VM *vm, Waiter *next, Value owner, Value argument, bool called, Value exception) {
    return is_empty(exception) ? VALUE_TRUE : raise_value(vm, exception);
}
static const WaitKind event_kinds[] = {{wait_goes_on, event_line, "Event.wait()", "event", NULL, "event"}};

static Value wait_begin(VM *vm, Waiter *waiter, Value self, Value argument) {
    Event *event = event_of(self);
    return event->is_set ? VALUE_TRUE : line_join(vm, &event->line, waiter, self, 0, VALUE_NONE);
}
static const CoroutineKind wait_kind = {"Event.wait", wait_begin, false};

static void event_trace(VM *vm, Object *o) {
    waitable_trace(vm, &((Event *)o)->base);
    line_trace(vm, &((Event *)o)->line);
}
static Value event_repr(VM *vm, Value self) { return primitive_repr(vm, self, event_of(self)->is_set ? "set" : "unset", event_line(self)); }
static const TypeOps event_ops = {.trace = event_trace, .repr = event_repr};

static Value event_make(VM *vm, Value *args, size_t count) {
    Event *event = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Event));
    if (!event) return VALUE_ERROR;
    waitable_init(vm, &event->base, event_kinds);
    return value_object(event);
}
static Value event_init(VM *vm, Value *args, size_t count) { return VALUE_NONE; }
static Value event_is_set(VM *vm, Value *args, size_t count) { return value_bool(event_of(args[0])->is_set); }
static Value event_set(VM *vm, Value *args, size_t count) {
    Event *event = event_of(args[0]);
    if (event->is_set) return VALUE_NONE;
    event->is_set = true;
    vm_count_work(vm, event->line.count);
    line_call_all(vm, &event->line);
    return VALUE_NONE;
}
static Value event_clear(VM *vm, Value *args, size_t count) {
    event_of(args[0])->is_set = false;
    return VALUE_NONE;
}
static Value event_wait(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &wait_kind, args[0], VALUE_NONE); }

static const NativeDefinition event_methods[] = {
    {"__new__", event_make, "cls, /, *args, **keywords", NATIVE_NEW},
    {"__init__", event_init, "self", NATIVE_METHOD},
    {"is_set", event_is_set, "self", NATIVE_METHOD, "Whether the event is set."},
    {"set", event_set, "self", NATIVE_METHOD, "Sets the event and wakes all that wait for it."},
    {"clear", event_clear, "self", NATIVE_METHOD, "Makes the event unset, so that wait() waits again."},
    {"wait", event_wait, "self", NATIVE_METHOD, "Waits until the event is set, and gives True."},
    {0}};

bool event_add(VM *vm, ModuleObject *module) {
    return loop_add_class(vm, module, "asyncio.locks", "Event", NULL, &event_ops, sizeof(Event), CLASS_HAS_DICT, event_methods, "A flag to wait for.") != NULL;
}

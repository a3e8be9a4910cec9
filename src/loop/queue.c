// asyncio.Queue, PriorityQueue and LifoQueue.
//
// A script's subclass may keep the items in its own way (_init, _put, _get, in an attribute _queue that has a length), and may replace
// whatever else get() and put() call.
#include "loop/methods.h"
#include "loop/module.h"
#include "loop/wait.h"
#include "object/container/dict.h"
#include "object/container/list_heap.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

typedef enum { FIRST_IN_FIRST_OUT, BY_PRIORITY, LAST_IN_FIRST_OUT } Order;

// What a script's class has of its own.
enum { OWN_PUT = 1, OWN_GET = 2, OWN_PUT_NOWAIT = 4, OWN_GET_NOWAIT = 8, OWN_EMPTY = 16, OWN_FULL = 32, OWN_SIZE = 64, OWN_INIT = 128 };

typedef struct {
    Waitable base;
    Line getters, putters, joiners;
    int64_t maximum;
    uint64_t unfinished; // items that task_done() was not called for
    List *items;
    size_t first;    // of a first-in-first-out queue: where its items begin in the list
    Value own_items; // what a script keeps them in, or VALUE_EMPTY
    uint8_t order, own;
    bool is_shut;
} Queue;

enum { FOR_ITEM, FOR_ROOM, FOR_END };

static Queue *queue_of(Value v) { return (Queue *)object_of(v); }
static Line *getters(Value owner) { return &queue_of(owner)->getters; }
static Line *putters(Value owner) { return &queue_of(owner)->putters; }
static Line *joiners(Value owner) { return &queue_of(owner)->joiners; }

// Takes out of a line who is first in it and waits still, and calls him; those before him were cancelled. Where there is something for
// him is for him to find out: another one may be faster.
static void wake_next(VM *vm, Line *line) {
    for (Waiter *waiter; (waiter = line->first);) {
        bool stands = waiter_stands(waiter);
        line_leave(line, waiter);
        if (!stands) continue;
        line_call(vm, waiter);
        return;
    }
}
static void wake_all(VM *vm, Line *line) {
    vm_count_work(vm, line->count);
    while (line->first) wake_next(vm, line);
}

// ---- Items

static int64_t size_of(VM *vm, Value self) {
    Queue *queue = queue_of(self);
    if (queue->own & OWN_SIZE) {
        Value size = value_call_method(vm, self, "qsize", NULL, 0);
        int64_t number;
        return is_error(size) || !value_index_int64(vm, size, true, &number) ? -1 : number < 0 ? 0 : number;
    }
    return is_empty(queue->own_items) ? (int64_t)(queue->items->length - queue->first) : value_length(vm, queue->own_items);
}

static int ask(VM *vm, Value self, const char *method) {
    Value answer = value_call_method(vm, self, method, NULL, 0);
    return is_error(answer) ? -1 : value_truth(vm, answer);
}

// 1, 0, or -1 with an exception.
static int is_vacant(VM *vm, Value self) {
    if (queue_of(self)->own & OWN_EMPTY) return ask(vm, self, "empty");
    if (!is_empty(queue_of(self)->own_items)) {
        int64_t size = value_length(vm, queue_of(self)->own_items);
        return size < 0 ? -1 : size == 0;
    }
    return queue_of(self)->items->length == queue_of(self)->first;
}
static int is_full(VM *vm, Value self) {
    Queue *queue = queue_of(self);
    if (queue->own & OWN_FULL) return ask(vm, self, "full");
    if (queue->maximum <= 0) return 0;
    int64_t size = size_of(vm, self);
    return size < 0 ? -1 : size >= queue->maximum;
}

static bool store(VM *vm, Queue *queue, Value item) {
    List *items = queue->items;
    if (queue->first && items->length == items->capacity && queue->first >= items->length / 2) {
        items->length -= queue->first;
        memmove(items->items, items->items + queue->first, items->length * sizeof(Value));
        queue->first = 0;
    }
    if (!list_append(vm, items, item)) return false;
    return queue->order != BY_PRIORITY || list_heap_rise(vm, items, 0, items->length - 1, false);
}

// There is one.
static Value fetch(VM *vm, Queue *queue) {
    List *items = queue->items;
    if (queue->order == LAST_IN_FIRST_OUT) return items->items[--items->length];
    if (queue->order == BY_PRIORITY) return list_heap_pop(vm, items, false);
    Value item = items->items[queue->first];
    items->items[queue->first++] = VALUE_NONE;
    if (queue->first == items->length) queue->first = items->length = 0;
    return item;
}

// What the class's own _put and _get do.
static Value put_in_place(VM *vm, Queue *queue, Value item) {
    if (is_empty(queue->own_items)) return store(vm, queue, item) ? VALUE_NONE : VALUE_ERROR;
    bool is_heap = queue->order == BY_PRIORITY && is_list(queue->own_items);
    if (!is_heap) return value_call_method(vm, queue->own_items, "append", &item, 1);
    List *heap = list_of(queue->own_items);
    return list_append(vm, heap, item) && list_heap_rise(vm, heap, 0, heap->length - 1, false) ? VALUE_NONE : VALUE_ERROR;
}
static Value take_out_of_place(VM *vm, Queue *queue) {
    if (is_empty(queue->own_items)) {
        if (queue->items->length == queue->first) return raise_index_error(vm, "pop from an empty queue");
        return fetch(vm, queue);
    }
    bool is_heap = queue->order == BY_PRIORITY && is_list(queue->own_items) && list_of(queue->own_items)->length;
    if (is_heap) return list_heap_pop(vm, list_of(queue->own_items), false);
    return value_call_method(vm, queue->own_items, queue->order == FIRST_IN_FIRST_OUT ? "popleft" : "pop", NULL, 0);
}

static Value put_item(VM *vm, Value self, Value item) {
    return queue_of(self)->own & OWN_PUT ? value_call_method(vm, self, "_put", &item, 1) : put_in_place(vm, queue_of(self), item);
}
static Value get_item(VM *vm, Value self) {
    return queue_of(self)->own & OWN_GET ? value_call_method(vm, self, "_get", NULL, 0) : take_out_of_place(vm, queue_of(self));
}

static void one_is_finished(VM *vm, Queue *queue) {
    if (--queue->unfinished == 0) line_call_all(vm, &queue->joiners);
}

// ---- put and get

static Value put_nowait(VM *vm, Value self, Value item) {
    Queue *queue = queue_of(self);
    if (queue->is_shut) return raise_error(vm, loop_of(vm)->queue_shut_down, NULL);
    int full = is_full(vm, self);
    if (full) return full < 0 ? VALUE_ERROR : raise_error(vm, loop_of(vm)->queue_full, NULL);
    if (is_error(put_item(vm, self, item))) return VALUE_ERROR;
    queue->unfinished++;
    wake_next(vm, &queue->getters);
    return VALUE_NONE;
}

static Value get_nowait(VM *vm, Value self) {
    Queue *queue = queue_of(self);
    int vacant = is_vacant(vm, self);
    if (vacant) return vacant < 0 ? VALUE_ERROR : raise_error(vm, queue->is_shut ? loop_of(vm)->queue_shut_down : loop_of(vm)->queue_empty, NULL);
    Value item = get_item(vm, self);
    if (!is_error(item)) wake_next(vm, &queue->putters);
    return item;
}

static Value get_begin(VM *vm, Waiter *waiter, Value self, Value argument) {
    int vacant = is_vacant(vm, self);
    if (vacant < 0) return VALUE_ERROR;
    if (!vacant) return queue_of(self)->own & OWN_GET_NOWAIT ? value_call_method(vm, self, "get_nowait", NULL, 0) : get_nowait(vm, self);
    if (queue_of(self)->is_shut) return raise_error(vm, loop_of(vm)->queue_shut_down, NULL);
    return line_join(vm, getters(self), waiter, self, FOR_ITEM, VALUE_NONE);
}

// There may be an item again, or `exception` ends the wait: then one who was called for an item does not take it, and the next may.
static Value get_goes_on(VM *vm, Waiter *next, Value owner, Value argument, bool called, Value exception) {
    if (is_empty(exception)) return get_begin(vm, next, owner, argument);
    if (called) {
        int vacant = is_vacant(vm, owner);
        if (vacant < 0) return VALUE_ERROR;
        if (!vacant) wake_next(vm, getters(owner));
    }
    return raise_value(vm, exception);
}

static Value put_begin(VM *vm, Waiter *waiter, Value self, Value item) {
    int full = is_full(vm, self);
    if (full < 0) return VALUE_ERROR;
    if (!full) return queue_of(self)->own & OWN_PUT_NOWAIT ? value_call_method(vm, self, "put_nowait", &item, 1) : put_nowait(vm, self, item);
    if (queue_of(self)->is_shut) return raise_error(vm, loop_of(vm)->queue_shut_down, NULL);
    return line_join(vm, putters(self), waiter, self, FOR_ROOM, item);
}
static Value put_goes_on(VM *vm, Waiter *next, Value owner, Value item, bool called, Value exception) {
    if (is_empty(exception)) return put_begin(vm, next, owner, item);
    if (called) {
        int full = is_full(vm, owner);
        if (full < 0) return VALUE_ERROR;
        if (!full) wake_next(vm, putters(owner));
    }
    return raise_value(vm, exception);
}

static Value join_begin(VM *vm, Waiter *waiter, Value self, Value argument) {
    if (!queue_of(self)->unfinished) return VALUE_NONE;
    return line_join(vm, joiners(self), waiter, self, FOR_END, VALUE_NONE);
}
static Value join_goes_on(VM *vm, Waiter *next, Value owner, Value argument, bool called, Value exception) {
    return is_empty(exception) ? VALUE_NONE : raise_value(vm, exception);
}

static const WaitKind queue_kinds[] = {{get_goes_on, getters, "Queue.get()", "an item of queue", NULL, "queue"},
                                       {put_goes_on, putters, "Queue.put()", "room in queue", NULL, "queue"},
                                       {join_goes_on, joiners, "Queue.join()", "the end of the work of queue", NULL, "queue"}};
static const CoroutineKind get_kind = {"Queue.get", get_begin, false}, put_kind = {"Queue.put", put_begin, false},
                           join_kind = {"Queue.join", join_begin, false};

// ---- Showing

static Value shown_items(VM *vm, Queue *queue) {
    if (!is_empty(queue->own_items)) return object_or_error(list_from_iterable(vm, queue->own_items));
    return object_or_error(list_from(vm, queue->items->items + queue->first, queue->items->length - queue->first));
}

static bool describe(VM *vm, Queue *queue, Buffer *out) {
    buffer_format(out, " maxsize=%lld", (long long)queue->maximum);
    Value items = shown_items(vm, queue);
    if (is_error(items)) return false;
    if (list_of(items)->length) {
        buffer_text(out, " _queue=");
        if (!append_repr(vm, out, items)) return false;
    }
    if (queue->getters.count) buffer_format(out, " _getters[%zu]", queue->getters.count);
    if (queue->putters.count) buffer_format(out, " _putters[%zu]", queue->putters.count);
    if (queue->unfinished) buffer_format(out, " tasks=%llu", (unsigned long long)queue->unfinished);
    if (queue->is_shut) buffer_text(out, " shutdown");
    buffer_byte(out, '>');
    return true;
}

static Value show(VM *vm, Value self, bool address) {
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "<%s", class_name(class_of(vm, self)));
    if (address) buffer_format(&out, " at %p", (void *)object_of(self));
    if (!describe(vm, queue_of(self), &out)) return buffer_free(&out), VALUE_ERROR;
    return object_or_error(string_from_buffer(vm, &out));
}
static Value queue_repr(VM *vm, Value self) { return show(vm, self, true); }
static Value queue_str(VM *vm, Value self) { return show(vm, self, false); }

// ---- The classes

static void queue_trace(VM *vm, Object *o) {
    Queue *queue = (Queue *)o;
    waitable_trace(vm, &queue->base);
    line_trace(vm, &queue->getters);
    line_trace(vm, &queue->putters);
    line_trace(vm, &queue->joiners);
    heap_mark_object(vm, (Object *)queue->items);
    heap_mark(vm, queue->own_items);
}
static const TypeOps queue_ops = {.trace = queue_trace, .repr = queue_repr, .str = queue_str};

static uint8_t find_own(VM *vm, Value self, Class *base) {
    static const struct {
        const char *name;
        uint8_t bit;
    } hooks[] = {{"_put", OWN_PUT}, {"_get", OWN_GET}, {"put_nowait", OWN_PUT_NOWAIT}, {"get_nowait", OWN_GET_NOWAIT},
                 {"empty", OWN_EMPTY}, {"full", OWN_FULL}, {"qsize", OWN_SIZE}, {"_init", OWN_INIT}};
    uint8_t own = 0;
    if (class_of(vm, self)->flags & CLASS_BUILTIN) return 0;
    for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++)
        if (method_is_overridden(vm, self, base, hooks[i].name)) own |= hooks[i].bit;
    return own;
}

static Value queue_make(VM *vm, Value *args, size_t count) {
    Loop *loop = loop_of(vm);
    Class *cls = (Class *)object_of(args[0]);
    Queue *queue = native_data_new(vm, cls, sizeof(Queue));
    if (!queue) return VALUE_ERROR;
    waitable_init(vm, &queue->base, queue_kinds);
    queue->own_items = VALUE_EMPTY;
    queue->order = class_is_subclass(cls, loop->priority_queue_class) ? BY_PRIORITY
                   : class_is_subclass(cls, loop->lifo_queue_class)   ? LAST_IN_FIRST_OUT
                                                                      : FIRST_IN_FIRST_OUT;
    Class *base = queue->order == BY_PRIORITY         ? loop->priority_queue_class
                  : queue->order == LAST_IN_FIRST_OUT ? loop->lifo_queue_class
                                                      : loop->queue_class;
    List *items = list_new(vm, 0);
    if (!items) return VALUE_ERROR;
    queue->items = items;
    queue->own = find_own(vm, value_object(queue), base);
    return value_object(queue);
}
static Value queue_init(VM *vm, Value *args, size_t count) {
    Queue *queue = queue_of(args[0]);
    Value maximum = is_empty(args[1]) ? value_small(0) : args[1];
    if (!value_index_int64(vm, maximum, true, &queue->maximum)) return VALUE_ERROR;
    return queue->own & OWN_INIT ? value_call_method(vm, args[0], "_init", &maximum, 1) : VALUE_NONE;
}
static Value queue_own_init(VM *vm, Value *args, size_t count) { return VALUE_NONE; }
static Value queue_own_put(VM *vm, Value *args, size_t count) { return put_in_place(vm, queue_of(args[0]), args[1]); }
static Value queue_own_get(VM *vm, Value *args, size_t count) { return take_out_of_place(vm, queue_of(args[0])); }
static Value queue_qsize(VM *vm, Value *args, size_t count) {
    Queue *queue = queue_of(args[0]);
    int64_t size = is_empty(queue->own_items) ? (int64_t)(queue->items->length - queue->first) : value_length(vm, queue->own_items);
    return size < 0 ? VALUE_ERROR : int_from_int64(vm, size);
}
static Value queue_empty(VM *vm, Value *args, size_t count) {
    Queue *queue = queue_of(args[0]);
    int64_t size = is_empty(queue->own_items) ? (int64_t)(queue->items->length - queue->first) : value_length(vm, queue->own_items);
    return size < 0 ? VALUE_ERROR : value_bool(size == 0);
}
static Value queue_full(VM *vm, Value *args, size_t count) {
    Queue *queue = queue_of(args[0]);
    if (queue->maximum <= 0) return VALUE_FALSE;
    int64_t size = size_of(vm, args[0]);
    return size < 0 ? VALUE_ERROR : value_bool(size >= queue->maximum);
}
static Value queue_put(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &put_kind, args[0], args[1]); }
static Value queue_get(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &get_kind, args[0], VALUE_NONE); }
static Value queue_join(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &join_kind, args[0], VALUE_NONE); }
static Value queue_put_nowait(VM *vm, Value *args, size_t count) { return put_nowait(vm, args[0], args[1]); }
static Value queue_get_nowait(VM *vm, Value *args, size_t count) { return get_nowait(vm, args[0]); }
static Value queue_task_done(VM *vm, Value *args, size_t count) {
    Queue *queue = queue_of(args[0]);
    if (!queue->unfinished) return raise_value_error(vm, "task_done() called too many times");
    one_is_finished(vm, queue);
    return VALUE_NONE;
}

// All who wait look again, and find the queue shut.
static Value queue_shutdown(VM *vm, Value *args, size_t count) {
    Queue *queue = queue_of(args[0]);
    int immediate = is_empty(args[1]) ? 0 : value_truth(vm, args[1]);
    if (immediate < 0) return VALUE_ERROR;
    queue->is_shut = true;
    while (immediate) {
        int vacant = is_vacant(vm, args[0]);
        if (vacant < 0) return VALUE_ERROR;
        if (vacant) break;
        if (!vm_poll(vm, 1) || is_error(get_item(vm, args[0]))) return VALUE_ERROR;
        if (queue->unfinished) one_is_finished(vm, queue);
    }
    wake_all(vm, &queue->getters);
    wake_all(vm, &queue->putters);
    return VALUE_NONE;
}

static Value get_maximum(VM *vm, Value self) { return int_from_int64(vm, queue_of(self)->maximum); }
static Value get_items(VM *vm, Value self) {
    Queue *queue = queue_of(self);
    return is_empty(queue->own_items) ? shown_items(vm, queue) : queue->own_items;
}
static int set_items(VM *vm, Value self, Value items) {
    heap_store(vm, object_of(self), &queue_of(self)->own_items, items);
    return 0;
}

static const NativeDefinition queue_methods[] = {
    {"__new__", queue_make, "cls, /, *args, **keywords", NATIVE_NEW},
    {"__init__", queue_init, "self, maxsize=0", NATIVE_METHOD},
    {"_init", queue_own_init, "self, maxsize", NATIVE_METHOD, "Called at the making: a subclass may prepare another place for the items."},
    {"_put", queue_own_put, "self, item", NATIVE_METHOD, "Puts an item in its place: a subclass may have another order."},
    {"_get", queue_own_get, "self", NATIVE_METHOD, "Takes the next item out of its place."},
    {"qsize", queue_qsize, "self", NATIVE_METHOD, "How many items are in the queue."},
    {"empty", queue_empty, "self", NATIVE_METHOD, "Whether no item is in the queue."},
    {"full", queue_full, "self", NATIVE_METHOD, "Whether the queue holds as many items as it may."},
    {"put", queue_put, "self, item", NATIVE_METHOD, "Waits until there is room, and puts an item in; QueueShutDown after shutdown()."},
    {"get", queue_get, "self", NATIVE_METHOD,
     "Waits for an item, and takes it out; QueueShutDown after shutdown(), when none is left."},
    {"put_nowait", queue_put_nowait, "self, item", NATIVE_METHOD, "Puts an item in; QueueFull where there is no room."},
    {"get_nowait", queue_get_nowait, "self", NATIVE_METHOD, "Takes an item out; QueueEmpty where there is none."},
    {"task_done", queue_task_done, "self", NATIVE_METHOD, "Says that the work on an item that get() gave is done."},
    {"join", queue_join, "self", NATIVE_METHOD, "Waits until task_done() was called for every item that came in."},
    {"shutdown", queue_shutdown, "self, immediate=False", NATIVE_METHOD,
     "Lets no more items in; with immediate=True those that are left are dropped too."},
    {0}};
static const AttributeDefinition queue_attributes[] = {{"maxsize", get_maximum, NULL, "How many items the queue holds at most; 0 is no limit."},
                                                       {"_queue", get_items, set_items, "The items, or what a subclass keeps them in."},
                                                       {0}};

static Class *add_class(VM *vm, ModuleObject *module, const char *name, Class *base, const NativeDefinition *methods, const char *text) {
    return loop_add_class(vm, module, "asyncio.queues", name, base, &queue_ops, sizeof(Queue), CLASS_HAS_DICT, methods, text);
}

// __class_getitem__ = classmethod(types.GenericAlias)
static bool add_brackets(VM *vm, Class *cls) {
    Value alias = value_object(vm->classes.generic_alias);
    Value method = vm_call(vm, value_object(vm->classes.class_method), &alias, 1, NULL);
    return !is_error(method) && dict_set_string(vm, cls->attributes, vm->names.specials[SPECIAL_CLASS_GETITEM], method) >= 0;
}

// An exception as a script would define it.
static Class *add_exception(VM *vm, ModuleObject *module, const char *name, const char *text) {
    String *key = string_intern_from(vm, name, strlen(name)), *home = string_from(vm, "asyncio.queues"), *doc = string_from(vm, text);
    Value base = value_object(vm->exceptions.exception);
    Tuple *bases = tuple_from(vm, &base, 1);
    Dict *attributes = dict_new(vm);
    if (!key || !home || !doc || !bases || !attributes || dict_set_string(vm, attributes, vm->names.__module__, value_object(home)) < 0 ||
        dict_set_string(vm, attributes, vm->names.__doc__, value_object(doc)) < 0)
        return NULL;
    Class *cls = class_new(vm, vm->classes.type, key, bases, attributes);
    return cls && dict_set_string(vm, module->namespace, key, value_object(cls)) >= 0 ? cls : NULL;
}

bool asyncio_queues_module_fill(VM *vm, ModuleObject *module) {
    Loop *loop = loop_of(vm);
    Class *queue = loop->queue_class = add_class(vm, module, "Queue", NULL, queue_methods, "A queue of at most maxsize items (0: any number).");
    if (!queue || native_add_attributes(vm, queue, queue_attributes) < 0 || !add_brackets(vm, queue))
        return false;
    return (loop->priority_queue_class = add_class(vm, module, "PriorityQueue", queue, NULL, "The smallest item comes first.")) &&
           (loop->lifo_queue_class = add_class(vm, module, "LifoQueue", queue, NULL, "The newest item comes first.")) &&
           (loop->queue_empty = add_exception(vm, module, "QueueEmpty", "get_nowait() of an empty queue.")) &&
           (loop->queue_full = add_exception(vm, module, "QueueFull", "put_nowait() to a full queue.")) &&
           (loop->queue_shut_down = add_exception(vm, module, "QueueShutDown", "The queue takes and gives nothing any more."));
}

// What loop.add_reader() and add_writer() stand on, and the module _asyncio_streams.
#include "loop/methods.h"
#include "modules/modules.h"
#include "modules/network/stream.h"
#include "modules/system/file.h"
#include "object/container/list.h"
#include "object/core/errors.h"

// Calls callback(*arguments) in each round of the loop in which a descriptor is ready.
typedef struct {
    NativeData data;
    ObjectWatch watch;
    Value callback, arguments; // a tuple
} Watcher;

static Watcher *watcher_of(Value v) { return (Watcher *)object_of(v); }

static bool act(VM *vm, Object *o) {
    Watcher *watcher = (Watcher *)o;
    const Tuple *arguments = tuple_of(watcher->arguments);
    Value called = watcher->callback;
    if (!is_error(vm_call(vm, called, (Value *)arguments->items, arguments->length, NULL))) return true;
    return loop_tell_of_callback(vm, called);
}

bool descriptors_permitted(VM *vm, bool socket) {
    if (!socket && vm_permit(vm, CAPABILITY_READ, NULL) && vm_permit(vm, CAPABILITY_WRITE, NULL)) return true;
    exception_clear(vm);
    return vm_permit(vm, CAPABILITY_NETWORK, NULL);
}

// cls, fd, writes, callback, arguments
static Value watcher_make(VM *vm, Value *args, size_t count) {
    int descriptor, error, writes = value_truth(vm, args[2]);
    if (writes < 0 || !c_int_argument(vm, args[1], &descriptor) || !descriptors_permitted(vm, false)) return VALUE_ERROR;
    if (!is_tuple(args[4])) return raise_type_error(vm, "arguments must be a tuple, not %s", type_name(vm, args[4]));
    Watcher *watcher = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Watcher));
    if (!watcher) return VALUE_ERROR;
    watcher->callback = args[3];
    watcher->arguments = args[4];
    watcher->watch = (ObjectWatch){.owner = (Object *)watcher, .act = act};
    if (!object_watch_begin(vm, &watcher->watch, descriptor, writes ? WATCH_WRITABLE : WATCH_READABLE, &error))
        return error ? raise_os_error(vm, error, VALUE_EMPTY) : VALUE_ERROR;
    return value_object(watcher);
}
static Value watcher_end(VM *vm, Value *args, size_t count) {
    bool was = watcher_of(args[0])->watch.under_way;
    object_watch_end(vm, &watcher_of(args[0])->watch);
    return value_bool(was);
}

static Value ready_for(VM *vm, Value v, unsigned events) {
    int descriptor, error;
    if (!c_int_argument(vm, v, &descriptor) || !descriptors_permitted(vm, false)) return VALUE_ERROR;
    Future *future = loop_watch(vm, descriptor, events, &error);
    return future ? value_object(future) : error ? raise_os_error(vm, error, VALUE_EMPTY) : VALUE_ERROR;
}
static Value readable(VM *vm, Value *args, size_t count) { return ready_for(vm, args[0], WATCH_READABLE); }
static Value writable(VM *vm, Value *args, size_t count) { return ready_for(vm, args[0], WATCH_WRITABLE); }
static const NativeDefinition functions[] = {
    {"readable", readable, "descriptor, /", NATIVE_METHOD, "A future that is done when a descriptor can be read from."},
    {"writable", writable, "descriptor, /", NATIVE_METHOD, "A future that is done when a descriptor can be written to."},
    {0}};

static void watcher_trace(VM *vm, Object *o) {
    heap_mark(vm, ((Watcher *)o)->callback);
    heap_mark(vm, ((Watcher *)o)->arguments);
}
static const TypeOps watcher_ops = {.trace = watcher_trace};
static const NativeDefinition watcher_methods[] = {
    {"__new__", watcher_make, "cls, descriptor, writes, callback, arguments, /", NATIVE_NEW},
    {"end", watcher_end, "self, /", NATIVE_METHOD, "Ends it: whether it had not ended yet."},
    {0}};

bool watcher_add(VM *vm, ModuleObject *module) {
    return loop_add_class(vm, module, "_asyncio_streams", "Watcher", NULL, &watcher_ops, sizeof(Watcher), CLASS_FINAL, watcher_methods,
                          "Calls a function when a descriptor is ready.") != NULL;
}

bool asyncio_streams_module_fill(VM *vm, ModuleObject *module) {
    return reader_add(vm, module) && transport_add(vm, module) && watcher_add(vm, module) &&
           native_add_functions(vm, module->namespace, functions) > 0;
}

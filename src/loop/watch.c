// Futures that file descriptors complete.
#include "loop/loop.h"
#include "object/core/errors.h"

// Takes it out of the loop's list: the driver knows it no longer.
static void end(DescriptorFuture *watched) {
    *(watched->previous ? &watched->previous->next : &loop_of(watched->vm)->descriptors) = watched->next;
    if (watched->next) watched->next->previous = watched->previous;
    watched->next = watched->previous = NULL;
    watched->under_way = false;
}

// Completing a future allocates nothing, and no script runs: whoever awaits it is queued.
static void ready(Watch *watch) {
    DescriptorFuture *watched = (DescriptorFuture *)((char *)watch - offsetof(DescriptorFuture, watch));
    end(watched);
    if (!future_done(&watched->future)) future_set_result(watched->vm, &watched->future, VALUE_NONE);
}

Future *loop_watch(VM *vm, int descriptor, unsigned events, int *error) {
    Loop *loop = loop_of(vm);
    *error = 0;
    if (!loop->running) return raise_runtime_error(vm, "no running event loop"), NULL;
    Driver *driver = loop->driver;
    if (!driver->watch)
        return raise_runtime_error(vm, driver->is_virtual ? "file descriptors can't be waited for on virtual time"
                                                          : "the host's event loop can't wait for file descriptors"), NULL;
    DescriptorFuture *watched = future_new_descriptor(vm);
    if (!watched) return NULL;
    watched->vm = vm;
    watched->watch = (Watch){.descriptor = descriptor, .events = events, .ready = ready};
    *error = driver->watch(driver, &watched->watch);
    if (*error) return NULL;
    watched->under_way = true;
    watched->next = loop->descriptors;
    if (loop->descriptors) loop->descriptors->previous = watched;
    loop->descriptors = watched;
    return &watched->future;
}

void loop_unwatch(VM *vm, DescriptorFuture *watched) {
    if (!watched->under_way) return;
    loop_of(vm)->driver->unwatch(loop_of(vm)->driver, &watched->watch);
    end(watched);
}

void loop_unwatch_all(VM *vm) {
    while (loop_of(vm)->descriptors) loop_unwatch(vm, loop_of(vm)->descriptors);
}

void watch_trace(VM *vm) {
    for (DescriptorFuture *watched = loop_of(vm)->descriptors; watched; watched = watched->next) heap_mark_object(vm, (Object *)watched);
}

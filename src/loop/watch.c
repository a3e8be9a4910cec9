// What waits for file descriptors: futures that they complete, and objects that act when they are ready.
#include <errno.h>
#include <string.h>

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

// The driver, if it knows of descriptors. NULL with an exception.
static Driver *watching_driver(VM *vm) {
    if (!loop_open(vm)) return NULL;
    Driver *driver = loop_of(vm)->driver;
    if (driver->watch) return driver;
    raise_runtime_error(vm, "the host's event loop can't wait for file descriptors");
    return NULL;
}

// Raises what an error of a virtual driver means.
static void explain(VM *vm, int *error) {
    if (*error != EOPNOTSUPP || !loop_of(vm)->driver->is_virtual) return;
    *error = 0;
    raise_runtime_error(vm, "file descriptors can't be waited for on virtual time");
}

Future *loop_watch(VM *vm, int descriptor, unsigned events, int *error) {
    Loop *loop = loop_of(vm);
    *error = 0;
    if (!loop->running) return raise_runtime_error(vm, "no running event loop"), NULL;
    Driver *driver = watching_driver(vm);
    if (!driver) return NULL;
    DescriptorFuture *watched = future_new_descriptor(vm);
    if (!watched) return NULL;
    watched->vm = vm;
    watched->watch = (Watch){.descriptor = descriptor, .events = events, .ready = ready};
    *error = driver->watch(driver, &watched->watch);
    if (*error) return explain(vm, error), NULL;
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

// ---- Objects

// What is queued has its place; the watch keeps it for the next time.
void object_watch_queue(ObjectWatch *self) {
    if (self->queued) return;
    self->queued = true;
    loop_ready(self->vm, READY_EVENT, value_object(self->owner), value_small((int64_t)((char *)self - (char *)self->owner)));
}
static void object_ready(Watch *watch) { object_watch_queue((ObjectWatch *)((char *)watch - offsetof(ObjectWatch, watch))); }

static void join_loop(VM *vm, ObjectWatch *self) {
    Loop *loop = loop_of(vm);
    self->under_way = true;
    self->next = NULL;
    self->previous = loop->last_watch;
    *(loop->last_watch ? &loop->last_watch->next : &loop->first_watch) = self;
    loop->last_watch = self;
}

bool object_watch_hold(VM *vm, ObjectWatch *self) {
    if (!loop_open(vm) || (!self->queued && !loop_reserve(vm))) return false;
    self->vm = vm;
    self->watch = (Watch){.descriptor = -1};
    join_loop(vm, self);
    return true;
}

bool object_watch_begin(VM *vm, ObjectWatch *self, int descriptor, unsigned events, int *error) {
    Loop *loop = loop_of(vm);
    *error = 0;
    Driver *driver = watching_driver(vm);
    // One that ends while it is queued has the place still.
    if (!driver || (!self->queued && !loop_reserve(vm))) return false;
    self->vm = vm;
    self->watch = (Watch){.descriptor = descriptor, .events = events, .repeats = true, .ready = object_ready};
    *error = driver->watch(driver, &self->watch);
    if (*error) {
        if (!self->queued) loop->places--;
        return explain(vm, error), false;
    }
    join_loop(vm, self);
    return true;
}

void object_watch_end(VM *vm, ObjectWatch *self) {
    if (!self->under_way) return;
    Loop *loop = loop_of(vm);
    if (self->watch.descriptor >= 0) loop->driver->unwatch(loop->driver, &self->watch);
    *(self->previous ? &self->previous->next : &loop->first_watch) = self->next;
    *(self->next ? &self->next->previous : &loop->last_watch) = self->previous;
    self->next = self->previous = NULL;
    self->under_way = false;
    if (!self->queued) loop->places--;
}

bool object_watch_act(VM *vm, ObjectWatch *self) {
    self->queued = false;
    if (self->under_way) return self->act(vm, self->owner);
    loop_of(vm)->places--;
    return true;
}

// ---- All

void loop_unwatch_all(VM *vm) {
    Loop *loop = loop_of(vm);
    while (loop->descriptors) loop_unwatch(vm, loop->descriptors);
    while (loop->first_watch) {
        ObjectWatch *watch = loop->first_watch;
        object_watch_end(vm, watch);
        if (watch->abandon) watch->abandon(vm, watch->owner);
    }
}

void object_watch_forget(const ReadyEntry *entry) {
    if ((entry->subject & 15) != READY_EVENT) return;
    ((ObjectWatch *)((char *)object_of((Value){entry->subject & ~(uint64_t)15}) + small_of(entry->b)))->queued = false;
}

void watch_trace(VM *vm) {
    Loop *loop = loop_of(vm);
    for (DescriptorFuture *watched = loop->descriptors; watched; watched = watched->next) heap_mark_object(vm, (Object *)watched);
    for (ObjectWatch *watch = loop->first_watch; watch; watch = watch->next) heap_mark_object(vm, watch->owner);
}

// The driver over libuv: the only file of this folder that knows it.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>
#include <uv.h>

#include "loop/driver.h"

typedef struct Polled Polled;

typedef struct {
    Driver driver;
    Allocator *allocator;
    uv_loop_t loop;
    uv_timer_t timer;
    uv_async_t wakeup;
    Polled **polled; // by descriptor
    size_t polled_capacity;
    Polled *always;  // those that are ready as soon as they are asked for
    Polled *changed; // those that libuv tells the system of when it waits next
} UvDriver;

// A descriptor that is watched. libuv wants one handle for each, however many wait for it.
struct Polled {
    uv_poll_t handle; // first; none if it is `always`
    UvDriver *driver;
    Watch *watches;
    int descriptor;
    bool always, changed;
    Polled *next, *previous; // of the driver's `always` or `changed`
};

// The monotonic clock at full precision: libuv's own is in milliseconds.
static double uv_driver_now(Driver *driver) {
    (void)driver;
    return (double)uv_hrtime() / 1e9;
}

static void timer_fired(uv_timer_t *timer) { (void)timer; }
static void woken(uv_async_t *handle) { (void)handle; }

// ---- Watches

static void freed(uv_handle_t *handle) {
    Polled *polled = (Polled *)handle;
    release(polled->driver->allocator, polled, sizeof(Polled));
}

static void enlist(Polled *polled, Polled **list) {
    polled->previous = NULL;
    polled->next = *list;
    if (*list) (*list)->previous = polled;
    *list = polled;
}

static void leave_list(Polled *polled, Polled **list) {
    *(polled->previous ? &polled->previous->next : list) = polled->next;
    if (polled->next) polled->next->previous = polled->previous;
}

static void forget(Polled *polled) {
    UvDriver *self = polled->driver;
    self->polled[polled->descriptor] = NULL;
    if (polled->changed) leave_list(polled, &self->changed);
    if (!polled->always) {
        uv_close((uv_handle_t *)&polled->handle, freed);
        return;
    }
    leave_list(polled, &self->always);
    release(self->allocator, polled, sizeof(Polled));
}

static void something_happened(uv_poll_t *handle, int status, int events);

// After a change of its watches: libuv is to look for what they want, and for nothing when there are none.
static int look_for(Polled *polled) {
    int events = 0;
    for (const Watch *watch = polled->watches; watch; watch = watch->next)
        events |= (watch->events & WATCH_READABLE ? UV_READABLE : 0) | (watch->events & WATCH_WRITABLE ? UV_WRITABLE : 0);
    if (!events) return forget(polled), 0;
    if (polled->always) return 0;
    if (!polled->changed) {
        polled->changed = true;
        enlist(polled, &polled->driver->changed);
    }
    return uv_poll_start(&polled->handle, events, something_happened);
}

// Whether the descriptor is one still that the system tells something of. Most kinds of files are seen to be by their type.
static bool can_be_polled(UvDriver *self, int descriptor) {
    struct stat status;
    if (fstat(descriptor, &status) < 0) return false;
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !S_ISCHR(status.st_mode) && !S_ISBLK(status.st_mode)) return true;
    struct epoll_event nothing = {0};
    if (epoll_ctl(uv_backend_fd(&self->loop), EPOLL_CTL_ADD, descriptor, &nothing) < 0) return errno == EEXIST;
    return epoll_ctl(uv_backend_fd(&self->loop), EPOLL_CTL_DEL, descriptor, &nothing) == 0;
}

// libuv tells the system of its handles when it waits, and ends the process when the system does not know one. A script may have closed a
// descriptor since it began to watch it: then nothing comes, until it is watched anew.
static void drop_closed(UvDriver *self) {
    Polled *polled;
    while ((polled = self->changed)) {
        leave_list(polled, &self->changed);
        polled->changed = false;
        if (!can_be_polled(self, polled->descriptor)) uv_poll_stop(&polled->handle);
    }
}

// Tells the watches for any of these events, and ends those that do not repeat.
static void deliver(Polled *polled, unsigned events) {
    Watch *ended = NULL, **from = &polled->watches, **to = &ended;
    while (*from) {
        Watch *watch = *from;
        if (!(watch->events & events) || watch->repeats) {
            if (watch->events & events) watch->ready(watch);
            from = &watch->next;
            continue;
        }
        *from = watch->next;
        *to = watch;
        watch->next = NULL;
        to = &watch->next;
        polled->driver->driver.expected--;
    }
    if (ended) look_for(polled);
    while (ended) {
        Watch *watch = ended;
        ended = watch->next;
        watch->ready(watch);
    }
}

static void something_happened(uv_poll_t *handle, int status, int events) {
    unsigned ready = (events & UV_READABLE ? WATCH_READABLE : 0) | (events & UV_WRITABLE ? WATCH_WRITABLE : 0);
    if (status >= 0) {
        deliver((Polled *)handle, ready);
        return;
    }
    // An error is for whoever reads or writes to find out. libuv looks no further, but more may come after it: a datagram was refused.
    Polled *polled = (Polled *)handle;
    UvDriver *self = polled->driver;
    int descriptor = polled->descriptor;
    deliver(polled, WATCH_READABLE | WATCH_WRITABLE);
    if (self->polled[descriptor] == polled) look_for(polled);
}

static bool make_room(UvDriver *self, int descriptor) {
    size_t needed = (size_t)descriptor + 1, capacity = self->polled_capacity ? self->polled_capacity : 8;
    if (needed <= self->polled_capacity) return true;
    while (capacity < needed) capacity *= 2;
    Polled **grown = reallocate(self->allocator, self->polled, self->polled_capacity * sizeof *grown, capacity * sizeof *grown);
    if (!grown) return false;
    memset(grown + self->polled_capacity, 0, (capacity - self->polled_capacity) * sizeof *grown);
    self->polled = grown;
    self->polled_capacity = capacity;
    return true;
}

// Begins to look at a descriptor: 0 or an errno.
static int begin(UvDriver *self, int descriptor) {
    Polled *polled = allocate(self->allocator, sizeof *polled);
    if (!polled) return ENOMEM;
    memset(polled, 0, sizeof *polled);
    polled->driver = self;
    polled->descriptor = descriptor;
    // libuv makes it one that does not block, which stays so for everyone who shares it: a shell, a program's own output to the same
    // terminal. Nothing here needs that.
    int flags = fcntl(descriptor, F_GETFL), status = uv_poll_init(&self->loop, &polled->handle, descriptor);
    if (status == 0 && flags >= 0 && !(flags & O_NONBLOCK)) fcntl(descriptor, F_SETFL, flags);
    if (status == UV_EPERM) {
        // A file of which epoll does not tell anything.
        polled->always = true;
        enlist(polled, &self->always);
        uv_async_send(&self->wakeup); // a host may be looking at the loop's descriptor
    } else if (status != 0) {
        release(self->allocator, polled, sizeof(Polled));
        return -status;
    }
    self->polled[descriptor] = polled;
    return 0;
}

static int uv_driver_watch(Driver *driver, Watch *watch) {
    UvDriver *self = (UvDriver *)driver;
    // The table is not to grow for a number that is no descriptor's, and libuv is asked only of those that are not watched yet.
    if (watch->descriptor < 0) return EBADF;
    bool is_known = (size_t)watch->descriptor < self->polled_capacity;
    if ((!is_known || self->polled[watch->descriptor]) && fcntl(watch->descriptor, F_GETFD) < 0) return EBADF;
    if (!make_room(self, watch->descriptor)) return ENOMEM;
    int error = self->polled[watch->descriptor] ? 0 : begin(self, watch->descriptor);
    if (error) return error;
    Polled *polled = self->polled[watch->descriptor];
    if (polled->always && watch->repeats) {
        if (!polled->watches) forget(polled);
        return EPERM;
    }
    Watch **last = &polled->watches;
    while (*last) last = &(*last)->next;
    watch->next = NULL;
    watch->place = polled;
    *last = watch;
    int status = look_for(polled);
    if (status == 0) return driver->expected++, 0;
    *last = NULL;
    if (!polled->watches) forget(polled);
    return -status;
}

static void uv_driver_unwatch(Driver *driver, Watch *watch) {
    Polled *polled = watch->place;
    Watch **from = &polled->watches;
    while (*from != watch) from = &(*from)->next;
    *from = watch->next;
    driver->expected--;
    look_for(polled);
}

// ---- Waiting

static bool uv_driver_wait(Driver *driver, double seconds) {
    UvDriver *self = (UvDriver *)driver;
    if (self->always) {
        seconds = 0;
        while (self->always) deliver(self->always, WATCH_READABLE | WATCH_WRITABLE);
    }
    if (self->changed) drop_closed(self);
    if (seconds <= 0) {
        uv_run(&self->loop, UV_RUN_NOWAIT);
        return true;
    }
    if (seconds < 0.002) {
        // Shorter than libuv's clock can tell: let the system sleep for the rest, having looked at the events.
        uv_run(&self->loop, UV_RUN_NOWAIT);
        struct timespec rest = {.tv_sec = 0, .tv_nsec = (long)(seconds * 1e9)};
        nanosleep(&rest, NULL);
        return true;
    }
    if (isfinite(seconds)) {
        // A millisecond early rather than late: the loop waits again for what is left.
        uv_update_time(&self->loop);
        uint64_t milliseconds = seconds > 1e9 ? (uint64_t)1e12 : (uint64_t)(seconds * 1e3) - 1;
        uv_timer_start(&self->timer, timer_fired, milliseconds, 0);
    }
    uv_run(&self->loop, UV_RUN_ONCE);
    uv_timer_stop(&self->timer);
    return true;
}

static void uv_driver_wake(Driver *driver) { uv_async_send(&((UvDriver *)driver)->wakeup); }

static int uv_driver_descriptor(Driver *driver) { return uv_backend_fd(&((UvDriver *)driver)->loop); }

static void uv_driver_close(Driver *driver) {
    UvDriver *self = (UvDriver *)driver;
    uv_close((uv_handle_t *)&self->timer, NULL);
    uv_close((uv_handle_t *)&self->wakeup, NULL);
    uv_run(&self->loop, UV_RUN_DEFAULT);
    uv_loop_close(&self->loop);
    release(self->allocator, self->polled, self->polled_capacity * sizeof *self->polled);
    release(self->allocator, self, sizeof(UvDriver));
}

Driver *driver_uv_new(Allocator *allocator, void *user) {
    (void)user;
    UvDriver *self = allocate(allocator, sizeof(UvDriver));
    if (!self) return NULL;
    *self = (UvDriver){.driver = {.now = uv_driver_now,
                                  .wait = uv_driver_wait,
                                  .wake = uv_driver_wake,
                                  .descriptor = uv_driver_descriptor,
                                  .watch = uv_driver_watch,
                                  .unwatch = uv_driver_unwatch,
                                  .close = uv_driver_close},
                       .allocator = allocator};
    if (uv_loop_init(&self->loop) != 0) {
        release(allocator, self, sizeof(UvDriver));
        return NULL;
    }
    if (uv_timer_init(&self->loop, &self->timer) != 0 || uv_async_init(&self->loop, &self->wakeup, woken) != 0) {
        uv_loop_close(&self->loop);
        release(allocator, self, sizeof(UvDriver));
        return NULL;
    }
    return &self->driver;
}

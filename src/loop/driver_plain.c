// A driver for builds without libuv: POSIX clocks, a pipe to end a sleep, and poll for what is watched.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loop/driver.h"

typedef struct {
    Driver driver;
    Allocator *allocator;
    int read_end, write_end;
    Watch **watches; // in the order in which they began
    size_t watch_count, watch_capacity;
    struct pollfd *wanted; // one more than watch_capacity: the first one is the pipe's
} PlainDriver;

static double plain_now(Driver *driver) {
    (void)driver;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// The watches that something has come for end; the others move up.
static void deliver(PlainDriver *self, size_t polled) {
    size_t kept = 0;
    Watch *ended = NULL, **to = &ended;
    for (size_t i = 0; i < polled; i++) {
        Watch *watch = self->watches[i];
        if (!self->wanted[i + 1].revents) {
            self->watches[kept++] = watch;
            continue;
        }
        *to = watch;
        watch->next = NULL;
        to = &watch->next;
        self->driver.expected--;
    }
    self->watch_count = kept;
    while (ended) {
        Watch *watch = ended;
        ended = watch->next;
        watch->ready(watch);
    }
}

static bool plain_wait(Driver *driver, double seconds) {
    PlainDriver *self = (PlainDriver *)driver;
    size_t count = self->watch_count;
    if (seconds > 0 && seconds < 0.002 && !count) {
        struct timespec rest = {.tv_sec = 0, .tv_nsec = (long)(seconds * 1e9)};
        nanosleep(&rest, NULL);
        return true;
    }
    struct pollfd end = {.fd = self->read_end, .events = POLLIN}, *wanted = count ? self->wanted : &end;
    wanted[0] = end;
    for (size_t i = 0; i < count; i++) {
        unsigned events = self->watches[i]->events;
        wanted[i + 1] = (struct pollfd){.fd = self->watches[i]->descriptor,
                                        .events = (short)((events & WATCH_READABLE ? POLLIN : 0) | (events & WATCH_WRITABLE ? POLLOUT : 0))};
    }
    // A millisecond early rather than late: the loop waits again for what is left.
    double early = seconds * 1e3 - 1;
    int milliseconds = !isfinite(seconds) ? -1 : early <= 0 ? 0 : seconds > 1e6 ? 1000000000 : (int)early;
    if (poll(wanted, (nfds_t)count + 1, milliseconds) < 0) return errno == EINTR;
    char drained[64];
    if (wanted[0].revents & POLLIN)
        while (read(self->read_end, drained, sizeof drained) == (ssize_t)sizeof drained) {}
    if (count) deliver(self, count);
    return true;
}

static void release_watches(PlainDriver *self) {
    release(self->allocator, self->watches, self->watch_capacity * sizeof *self->watches);
    release(self->allocator, self->wanted, (self->watch_capacity + 1) * sizeof *self->wanted);
}

static int plain_watch(Driver *driver, Watch *watch) {
    PlainDriver *self = (PlainDriver *)driver;
    if (watch->descriptor < 0 || fcntl(watch->descriptor, F_GETFD) < 0) return EBADF;
    if (self->watch_count == self->watch_capacity) {
        size_t capacity = self->watch_capacity ? self->watch_capacity * 2 : 8;
        struct pollfd *wanted = allocate(self->allocator, (capacity + 1) * sizeof *wanted);
        Watch **watches = wanted ? allocate(self->allocator, capacity * sizeof *watches) : NULL;
        if (!watches) {
            release(self->allocator, wanted, (capacity + 1) * sizeof *wanted);
            return ENOMEM;
        }
        if (self->watch_count) memcpy(watches, self->watches, self->watch_count * sizeof *watches);
        release_watches(self);
        self->wanted = wanted;
        self->watches = watches;
        self->watch_capacity = capacity;
    }
    self->watches[self->watch_count++] = watch;
    driver->expected++;
    return 0;
}

static void plain_unwatch(Driver *driver, Watch *watch) {
    PlainDriver *self = (PlainDriver *)driver;
    size_t i = 0;
    while (self->watches[i] != watch) i++;
    for (self->watch_count--; i < self->watch_count; i++) self->watches[i] = self->watches[i + 1];
    driver->expected--;
}

static void plain_wake(Driver *driver) {
    ssize_t written = write(((PlainDriver *)driver)->write_end, "", 1);
    (void)written; // a full pipe wakes as well
}
// The pipe says nothing of what is watched.
static int plain_descriptor(Driver *driver) {
    const PlainDriver *self = (const PlainDriver *)driver;
    return self->watch_count ? -1 : self->read_end;
}
static void plain_close(Driver *driver) {
    PlainDriver *self = (PlainDriver *)driver;
    close(self->read_end);
    close(self->write_end);
    release_watches(self);
    release(self->allocator, self, sizeof(PlainDriver));
}

Driver *driver_plain_new(Allocator *allocator, void *user) {
    (void)user;
    int ends[2];
    PlainDriver *self = allocate(allocator, sizeof(PlainDriver));
    if (!self) return NULL;
    if (pipe(ends) != 0) {
        release(allocator, self, sizeof(PlainDriver));
        return NULL;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    }
    *self = (PlainDriver){.driver = {.now = plain_now,
                                     .wait = plain_wait,
                                     .wake = plain_wake,
                                     .descriptor = plain_descriptor,
                                     .watch = plain_watch,
                                     .unwatch = plain_unwatch,
                                     .close = plain_close},
                          .allocator = allocator,
                          .read_end = ends[0],
                          .write_end = ends[1]};
    return &self->driver;
}

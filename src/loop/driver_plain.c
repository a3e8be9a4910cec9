// A driver for builds without I/O: POSIX clocks and a pipe to end a sleep.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "loop/driver.h"

typedef struct {
    Driver driver;
    Allocator *allocator;
    int read_end, write_end;
} PlainDriver;

static double plain_now(Driver *driver) {
    (void)driver;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool plain_wait(Driver *driver, double seconds) {
    PlainDriver *self = (PlainDriver *)driver;
    if (seconds > 0 && seconds < 0.002) {
        struct timespec rest = {.tv_sec = 0, .tv_nsec = (long)(seconds * 1e9)};
        nanosleep(&rest, NULL);
        return true;
    }
    struct pollfd end = {.fd = self->read_end, .events = POLLIN};
    int milliseconds = !isfinite(seconds) ? -1 : seconds <= 0 ? 0 : seconds > 1e6 ? 1000000000 : (int)(seconds * 1e3) - 1;
    if (poll(&end, 1, milliseconds) < 0) return errno == EINTR;
    char drained[64];
    if (end.revents & POLLIN)
        while (read(self->read_end, drained, sizeof drained) == (ssize_t)sizeof drained) {}
    return true;
}

static void plain_wake(Driver *driver) {
    ssize_t written = write(((PlainDriver *)driver)->write_end, "", 1);
    (void)written; // a full pipe wakes as well
}
static int plain_descriptor(Driver *driver) { return ((PlainDriver *)driver)->read_end; }
static void plain_close(Driver *driver) {
    PlainDriver *self = (PlainDriver *)driver;
    close(self->read_end);
    close(self->write_end);
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
                                     .close = plain_close},
                          .allocator = allocator,
                          .read_end = ends[0],
                          .write_end = ends[1]};
    return &self->driver;
}

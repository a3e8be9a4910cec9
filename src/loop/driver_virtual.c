// A clock that stands still while anything is ready and jumps to the next deadline when all is idle, or to what happens next in the network
// that is in memory. Only a wait without a deadline, for what other threads may send, waits.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <semaphore.h>

#include "loop/driver.h"
#include "loop/network.h"

typedef struct {
    Driver driver;
    Allocator *allocator;
    double now;
    sem_t woken;
} VirtualDriver;

static double virtual_now(Driver *driver) { return ((VirtualDriver *)driver)->now; }
static bool virtual_wait(Driver *driver, double seconds) {
    VirtualDriver *self = (VirtualDriver *)driver;
    double next = network_next(driver->network);
    if (next <= self->now + seconds && !isinf(next)) {
        if (next > self->now) self->now = next;
        network_deliver(driver->network);
        return true;
    }
    if (!isinf(seconds)) {
        if (seconds > 0) self->now += seconds;
        return true;
    }
    int status;
    do status = sem_wait(&self->woken);
    while (status != 0 && errno == EINTR);
    while (sem_trywait(&self->woken) == 0) {}
    return status == 0;
}
static void virtual_wake(Driver *driver) { sem_post(&((VirtualDriver *)driver)->woken); }
static int virtual_watch(Driver *driver, Watch *watch) {
    // What the system has would take time of its own.
    if (!network_has(watch->descriptor)) return fcntl(watch->descriptor, F_GETFD) < 0 ? EBADF : EOPNOTSUPP;
    return network_watch(driver->network, watch);
}
static void virtual_unwatch(Driver *driver, Watch *watch) { network_unwatch(driver->network, watch); }
static void virtual_close(Driver *driver) {
    VirtualDriver *self = (VirtualDriver *)driver;
    network_free(driver->network);
    sem_destroy(&self->woken);
    release(self->allocator, self, sizeof(VirtualDriver));
}

Driver *driver_virtual_new(Allocator *allocator, NetworkSettings *settings) {
    VirtualDriver *self = allocate(allocator, sizeof(VirtualDriver));
    if (!self) return NULL;
    *self = (VirtualDriver){.driver = {.now = virtual_now,
                                       .wait = virtual_wait,
                                       .wake = virtual_wake,
                                       .watch = virtual_watch,
                                       .unwatch = virtual_unwatch,
                                       .close = virtual_close,
                                       .is_virtual = true},
                            .allocator = allocator};
    self->driver.network = network_new(allocator, &self->now, settings, &self->driver.expected);
    if (!self->driver.network) {
        release(allocator, self, sizeof(VirtualDriver));
        return NULL;
    }
    sem_init(&self->woken, 0, 0);
    return &self->driver;
}

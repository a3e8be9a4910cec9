// A clock that stands still while anything is ready and jumps to the next deadline when all is idle. Only a wait without a
// deadline, for what other threads may send, waits.
#include <errno.h>
#include <math.h>
#include <semaphore.h>

#include "loop/driver.h"

typedef struct {
    Driver driver;
    Allocator *allocator;
    double now;
    sem_t woken;
} VirtualDriver;

static double virtual_now(Driver *driver) { return ((VirtualDriver *)driver)->now; }
static bool virtual_wait(Driver *driver, double seconds) {
    VirtualDriver *self = (VirtualDriver *)driver;
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
static void virtual_close(Driver *driver) {
    VirtualDriver *self = (VirtualDriver *)driver;
    sem_destroy(&self->woken);
    release(self->allocator, self, sizeof(VirtualDriver));
}

Driver *driver_virtual_new(Allocator *allocator) {
    VirtualDriver *self = allocate(allocator, sizeof(VirtualDriver));
    if (!self) return NULL;
    *self = (VirtualDriver){.driver = {.now = virtual_now,
                                       .wait = virtual_wait,
                                       .wake = virtual_wake,
                                       .close = virtual_close,
                                       .is_virtual = true},
                            .allocator = allocator};
    sem_init(&self->woken, 0, 0);
    return &self->driver;
}

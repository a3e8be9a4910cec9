#include "loop/driver.h"

typedef struct {
    Driver driver;
    Allocator *allocator;
    double now;
} VirtualDriver;

static double virtual_now(Driver *driver) { return ((VirtualDriver *)driver)->now; }
static bool virtual_wait(Driver *driver, double seconds) {
    if (seconds > 0) ((VirtualDriver *)driver)->now += seconds;
    return true;
}
static void virtual_wake(Driver *driver) { (void)driver; }
static void virtual_close(Driver *driver) {
    release(((VirtualDriver *)driver)->allocator, driver, sizeof(VirtualDriver));
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
    return &self->driver;
}

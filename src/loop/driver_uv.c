// The driver over libuv: the only file of this folder that knows it.
#include <math.h>
#include <time.h>
#include <uv.h>

#include "loop/driver.h"

typedef struct {
    Driver driver;
    Allocator *allocator;
    uv_loop_t loop;
    uv_timer_t timer;
    uv_async_t wakeup;
} UvDriver;

// The monotonic clock at full precision: libuv's own is in milliseconds.
static double uv_driver_now(Driver *driver) {
    (void)driver;
    return (double)uv_hrtime() / 1e9;
}

static void timer_fired(uv_timer_t *timer) { (void)timer; }
static void woken(uv_async_t *handle) { (void)handle; }

static bool uv_driver_wait(Driver *driver, double seconds) {
    UvDriver *self = (UvDriver *)driver;
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

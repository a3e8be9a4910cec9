// A driver of the event loop that the host has written.
#include "api/host.h"
#include "loop/loop.h"

typedef struct {
    Driver driver;
    Allocator *allocator;
    aioli *host;
} HostDriver;

static const aioli_config *config_of(Driver *driver) { return &((HostDriver *)driver)->host->config; }

static double host_now(Driver *driver) { return config_of(driver)->now(config_of(driver)->user); }
static bool host_wait(Driver *driver, double seconds) {
    config_of(driver)->wait(config_of(driver)->user, seconds);
    return true;
}
static void host_wake(Driver *driver) { config_of(driver)->wake(config_of(driver)->user); }
static void host_close(Driver *driver) { release(((HostDriver *)driver)->allocator, driver, sizeof(HostDriver)); }

static Driver *host_driver_new(Allocator *allocator, void *user) {
    HostDriver *self = allocate(allocator, sizeof *self);
    if (!self) return NULL;
    *self = (HostDriver){.driver = {.now = host_now, .wait = host_wait, .wake = host_wake, .close = host_close},
                         .allocator = allocator,
                         .host = user};
    return &self->driver;
}

void host_driver_use(aioli *host) {
    const aioli_config *config = &host->config;
    if (!config->now || !config->wait || !config->wake) return;
    loop_of(&host->vm)->new_driver = host_driver_new;
    loop_of(&host->vm)->driver_user = host;
}

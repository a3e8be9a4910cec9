// The driver port: what the loop needs of the world outside. A driver is a table of functions and its own state; the
// loop neither knows sockets nor clocks.
#ifndef AIOLI_LOOP_DRIVER_H
#define AIOLI_LOOP_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

typedef struct Driver Driver;
typedef struct Network Network;

// What can be waited for of a file descriptor.
enum { WATCH_READABLE = 1, WATCH_WRITABLE = 2 };

// One wait for a file descriptor: until it can be read from or written to without blocking. One that has ended, was hung up or has
// failed can be: the read says what it is. So can files of which the system tells no readiness (regular files, /dev/null). Memory of
// whoever waits, which stays in place until `ready` is called or the watch is taken back.
typedef struct Watch Watch;
struct Watch {
    int descriptor;
    unsigned events; // WATCH_…, any of them
    bool repeats;    // the watch lasts until it is taken back, and `ready` is called in each wait in which the descriptor is ready
    // Called within a wait of the driver, which has forgotten the watch by then unless it repeats. It takes back no watch.
    void (*ready)(Watch *watch);
    Watch *next;  // the driver's,
    void *place;  // and this too
};

struct Driver {
    // The loop's clock, in seconds from any start; never goes back.
    double (*now)(Driver *driver);
    // Waits for `seconds` (0: only looks; INFINITY: no limit) or until something happens outside, and delivers it. False
    // when the wait can't be made (errors of the system).
    bool (*wait)(Driver *driver, double seconds);
    // Ends a wait; may be called from any thread and from a signal handler.
    void (*wake)(Driver *driver);
    // A file descriptor that is readable when wait(0) has something to deliver; -1: there is none (any more). NULL: there is none.
    int (*descriptor)(Driver *driver);
    // Begins to watch: 0, or an errno; EPERM for a watch that repeats when the system tells no readiness of the descriptor. Any number of
    // watches may be for one descriptor. Those that are under way are `expected`.
    // NULL, both: this driver knows nothing of descriptors.
    int (*watch)(Driver *driver, Watch *watch);
    // Takes back a watch that is under way.
    void (*unwatch)(Driver *driver, Watch *watch);
    // Frees the driver.
    void (*close)(Driver *driver);
    bool is_virtual; // the clock jumps: nothing ever really waits
    Network *network; // of a virtual driver: its sockets (network.h), whose descriptors it watches; else NULL
    size_t expected; // operations outside that are under way and could end a wait without a deadline; the driver counts them
};

// A clock that stands still while anything is ready and jumps to the next deadline when all is idle. NULL: no memory.
// settings: of its network; they must outlive it.
struct NetworkSettings;
Driver *driver_virtual_new(Allocator *allocator, struct NetworkSettings *settings);
// libuv's loop. NULL: no memory, or the system refuses. `user` is nobody's.
Driver *driver_uv_new(Allocator *allocator, void *user);
// Only sleeps and wakes, for builds without I/O.
Driver *driver_plain_new(Allocator *allocator, void *user);

#endif

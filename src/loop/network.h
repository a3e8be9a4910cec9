// A network in memory, on the virtual clock: connections and datagrams take the time, and meet the losses, that a test has set, the same
// for the same seed. The calls are shaped as the system's: -1 with an errno.
#ifndef AIOLI_LOOP_NETWORK_H
#define AIOLI_LOOP_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/memory.h"
#include "loop/driver.h"

// What a test sets. All zero: everything arrives at once.
typedef struct NetworkSettings {
    double latency;   // seconds that anything takes one way,
    double jitter;    // and at random up to so many more
    double bandwidth; // bytes a second of one direction of a connection; 0: no limit
    double loss;      // of a packet, 0 to 1: a stream sends it again, a datagram is gone
    double reorder;   // of a datagram, 0 to 1: that later ones may overtake it
    uint64_t seed;
    // Names of hosts and their addresses as text, in turn; ends with NULL. Memory of whoever has set it.
    char **hosts;
    size_t hosts_size; // bytes of the block in which that lies
    int descriptors; // that networks which are gone have had: a number never means another network's socket. The networks count them.
} NetworkSettings;

// Descriptors of this network are numbers that the system's never are.
enum { NETWORK_FIRST_DESCRIPTOR = 1 << 24 };
static inline bool network_has(int descriptor) { return descriptor >= NETWORK_FIRST_DESCRIPTOR; }

// The clock and the settings must outlive it; *expected is kept at how much there is to wait for. NULL: no memory.
Network *network_new(Allocator *allocator, const double *now, NetworkSettings *settings, size_t *expected);
void network_free(Network *network);
// The settings have changed: what is random begins anew by their seed.
void network_reseed(Network *network);

// Whether any socket is open.
bool network_is_used(const Network *network);
// When something happens next by itself, or INFINITY.
double network_next(const Network *network);
// What has happened up to now, and who waited for it.
void network_deliver(Network *network);
int network_watch(Network *network, Watch *watch); // 0 or an errno
void network_unwatch(Network *network, Watch *watch);
// WATCH_… of what can be done with a socket at once; 0 for none.
unsigned network_ready(Network *network, int descriptor);

int network_socket(Network *network, int family, int type, int protocol);
int network_pair(Network *network, int family, int type, int descriptors[2]);
int network_bind(Network *network, int descriptor, const struct sockaddr *address, socklen_t size);
int network_listen(Network *network, int descriptor, int backlog);
int network_connect(Network *network, int descriptor, const struct sockaddr *address, socklen_t size);
int network_accept(Network *network, int descriptor, struct sockaddr *address, socklen_t *size);
ssize_t network_receive(Network *network, int descriptor, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *from_size);
ssize_t network_send(Network *network, int descriptor, const void *data, size_t size, const struct sockaddr *to, socklen_t to_size);
int network_shutdown(Network *network, int descriptor, int how);
int network_close(Network *network, int descriptor);
int network_name(Network *network, int descriptor, bool peer, struct sockaddr *address, socklen_t *size);
// SO_TYPE, SO_ERROR, SO_PROTOCOL, SO_ACCEPTCONN; others are what was set, or 0.
int network_option(Network *network, int descriptor, int level, int option, int *value);
int network_set_option(Network *network, int descriptor, int level, int option, int value);
// The text of a host's address, or NULL when no such name was set.
const char *network_host(const NetworkSettings *settings, const char *name);

#endif

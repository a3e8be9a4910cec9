// The network in memory. A socket is referred to by its descriptor, by its other end, and by events under way.
#include "loop/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

enum { WINDOW = 256 * 1024, PACKET = 1460, MOST_DATAGRAM = 65507, MOST_OPTIONS = 16, FIRST_PORT = 49152 };

typedef struct {
    union {
        struct sockaddr any;
        struct sockaddr_storage storage;
    };
    socklen_t size;
} Where;

// Bytes that have arrived, or are on their way.
typedef struct Segment {
    struct Segment *next;
    size_t size, start;
    Where from; // of a datagram
    unsigned char data[];
} Segment;

typedef enum { FRESH, LISTENING, CONNECTING, CONNECTED, FAILED } State;

typedef struct Socket {
    int number;
    int family, type, protocol;
    State state;
    size_t references;
    bool is_open, is_bound, has_peer_name;
    bool ends;        // it sends no more,
    bool is_ended;    // and nothing more comes
    int error;        // what the next call fails with
    Where own, other;
    struct Socket *peer; // of a connection
    Segment *first, *newest;
    size_t waiting;   // bytes, or datagrams, that have arrived
    size_t in_flight; // bytes that the peer has not read yet
    double last;      // when what it has sent last arrives
    struct Socket **backlog;
    size_t backlog_count, backlog_most;
    Watch *watches;
    bool is_active;   // stands in the list of those that may have something for their watches
    struct Socket *next_active;
    int options[MOST_OPTIONS][3];
    size_t option_count;
} Socket;

typedef enum { DATA, END, RESET, REQUEST, ANSWER, DATAGRAM, REFUSED } EventKind;
typedef struct {
    double when;
    uint64_t sequence;
    EventKind kind;
    Socket *to, *from;
    Segment *segment;
    int error;
} Event;

struct Network {
    Allocator *allocator;
    const double *now;
    NetworkSettings *settings;
    int base;         // the first descriptor
    size_t *expected;
    Socket **sockets; // by descriptor
    size_t count, capacity;
    Event *events;    // a heap by (when, sequence)
    size_t event_count, event_capacity;
    uint64_t next_sequence;
    Socket *first_active, *last_active;
    size_t active;
    uint64_t random;
    uint16_t next_port;
};

Network *network_new(Allocator *allocator, const double *now, NetworkSettings *settings, size_t *expected) {
    Network *network = allocate(allocator, sizeof *network);
    if (!network) return NULL;
    *network = (Network){.allocator = allocator, .now = now, .settings = settings, .expected = expected, .base = NETWORK_FIRST_DESCRIPTOR + settings->descriptors, .random = settings->seed * 2 + 1, .next_port = FIRST_PORT};
    return network;
}

void network_reseed(Network *network) { network->random = network->settings->seed * 2 + 1; }

// Knuth's MMIX: 0 to less than 1.
static double chance(Network *network) {
    network->random = network->random * 6364136223846793005u + 1442695040888963407u;
    return (double)(network->random >> 11) / 9007199254740992.0;
}

const char *network_host(const NetworkSettings *settings, const char *name) {
    for (char **host = settings->hosts; host && *host; host += 2)
        if (strcmp(*host, name) == 0) return host[1];
    return strcmp(name, "localhost") == 0 ? "127.0.0.1" : NULL;
}

// ---- Sockets

static void drop_segments(Network *network, Socket *s) {
    for (Segment *segment = s->first; segment;) {
        Segment *next = segment->next;
        release(network->allocator, segment, sizeof *segment + segment->size);
        segment = next;
    }
    s->first = s->newest = NULL;
    s->waiting = 0;
}

static void let_go(Network *network, Socket *s) {
    if (!s || --s->references) return;
    drop_segments(network, s);
    release(network->allocator, s->backlog, s->backlog_most * sizeof *s->backlog);
    release(network->allocator, s, sizeof *s);
}

static Socket *find(Network *network, int descriptor) {
    size_t index = network ? (size_t)(descriptor - network->base) : 0;
    Socket *s = network && descriptor >= network->base && index < network->count ? network->sockets[index] : NULL;
    if (!s) errno = EBADF;
    return s;
}

// A socket without a descriptor. NULL with ENOMEM.
static Socket *make(Network *network, int family, int type, int protocol) {
    Socket *s = allocate(network->allocator, sizeof *s);
    if (!s) return errno = ENOMEM, NULL;
    *s = (Socket){.number = -1, .family = family, .type = type & 0xf, .protocol = protocol, .references = 1, .is_open = true};
    s->own.any.sa_family = (sa_family_t)family;
    s->own.size = family == AF_INET ? sizeof(struct sockaddr_in) : family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(sa_family_t);
    return s;
}

static int give_number(Network *network, Socket *s) {
    size_t index = 0;
    while (index < network->count && network->sockets[index]) index++;
    if (index == network->capacity) {
        size_t capacity = network->capacity ? network->capacity * 2 : 16;
        Socket **grown = reallocate(network->allocator, network->sockets, network->capacity * sizeof *grown, capacity * sizeof *grown);
        if (!grown) return errno = ENOMEM, -1;
        network->sockets = grown;
        network->capacity = capacity;
    }
    if (index == network->count) network->count++;
    network->sockets[index] = s;
    return s->number = network->base + (int)index;
}

int network_socket(Network *network, int family, int type, int protocol) {
    if (family != AF_INET && family != AF_INET6 && family != AF_UNIX) return errno = EAFNOSUPPORT, -1;
    if ((type & 0xf) != SOCK_STREAM && (type & 0xf) != SOCK_DGRAM) return errno = ESOCKTNOSUPPORT, -1;
    Socket *s = make(network, family, type, protocol);
    if (!s) return -1;
    int number = give_number(network, s);
    if (number < 0) let_go(network, s);
    return number;
}

int network_pair(Network *network, int family, int type, int descriptors[2]) {
    descriptors[0] = network_socket(network, family, type, 0);
    if (descriptors[0] < 0) return -1;
    descriptors[1] = network_socket(network, family, type, 0);
    if (descriptors[1] < 0) return network_close(network, descriptors[0]), -1;
    Socket *one = find(network, descriptors[0]), *other = find(network, descriptors[1]);
    one->state = other->state = CONNECTED;
    one->peer = other;
    other->peer = one;
    one->references++;
    other->references++;
    return 0;
}

// ---- Addresses

static uint16_t port_of(const Where *where) {
    if (where->any.sa_family == AF_INET) return ((const struct sockaddr_in *)&where->storage)->sin_port;
    if (where->any.sa_family == AF_INET6) return ((const struct sockaddr_in6 *)&where->storage)->sin6_port;
    return 0;
}
static void set_port(Where *where, uint16_t port) {
    if (where->any.sa_family == AF_INET) ((struct sockaddr_in *)&where->storage)->sin_port = port;
    if (where->any.sa_family == AF_INET6) ((struct sockaddr_in6 *)&where->storage)->sin6_port = port;
}
static bool is_anywhere(const Where *where) {
    static const struct in6_addr any = IN6ADDR_ANY_INIT;
    if (where->any.sa_family == AF_INET) return ((const struct sockaddr_in *)&where->storage)->sin_addr.s_addr == INADDR_ANY;
    return where->any.sa_family == AF_INET6 && memcmp(&((const struct sockaddr_in6 *)&where->storage)->sin6_addr, &any, sizeof any) == 0;
}
static bool same_host(const Where *a, const Where *b) {
    if (a->any.sa_family == AF_INET)
        return ((const struct sockaddr_in *)&a->storage)->sin_addr.s_addr == ((const struct sockaddr_in *)&b->storage)->sin_addr.s_addr;
    return memcmp(&((const struct sockaddr_in6 *)&a->storage)->sin6_addr, &((const struct sockaddr_in6 *)&b->storage)->sin6_addr, 16) == 0;
}

// Who has an address, of one type of socket.
static Socket *at(Network *network, const Where *where, int type) {
    for (size_t i = 0; i < network->count; i++) {
        Socket *s = network->sockets[i];
        if (!s || !s->is_bound || s->type != type || s->family != where->any.sa_family || (type == SOCK_STREAM && s->state != LISTENING && s->state != FRESH))
            continue;
        if (s->family == AF_UNIX) {
            if (s->own.size == where->size && memcmp(&s->own.storage, &where->storage, where->size) == 0) return s;
        } else if (port_of(&s->own) == port_of(where) && (is_anywhere(&s->own) || is_anywhere(where) || same_host(&s->own, where))) {
            return s;
        }
    }
    return NULL;
}

static int choose_port(Network *network, Socket *s) {
    for (int tries = 0; tries < 65536 - FIRST_PORT; tries++) {
        set_port(&s->own, htons(network->next_port));
        if (++network->next_port == 0) network->next_port = FIRST_PORT;
        s->is_bound = false;
        if (!at(network, &s->own, s->type)) return s->is_bound = true, 0;
    }
    return errno = EADDRINUSE, -1;
}

static void take_where(Where *out, const struct sockaddr *address, socklen_t size) {
    memset(out, 0, sizeof *out);
    out->size = size < sizeof out->storage ? size : sizeof out->storage;
    memcpy(&out->storage, address, out->size);
}

static void tell_where(const Where *where, struct sockaddr *address, socklen_t *size) {
    if (!address) return;
    memcpy(address, &where->storage, where->size < *size ? where->size : *size);
    *size = where->size;
}

int network_bind(Network *network, int descriptor, const struct sockaddr *address, socklen_t size) {
    Socket *s = find(network, descriptor);
    if (!s) return -1;
    if (s->is_bound) return errno = EINVAL, -1;
    Where where;
    take_where(&where, address, size);
    if (s->family != AF_UNIX && port_of(&where) == 0) return s->own = where, choose_port(network, s);
    if (at(network, &where, s->type)) return errno = EADDRINUSE, -1;
    s->own = where;
    s->is_bound = true;
    return 0;
}

// One that sends without an address of its own gets one, beside whom it sends to.
static int bind_near(Network *network, Socket *s, const Where *to) {
    if (s->is_bound || s->family == AF_UNIX) return 0;
    s->own = *to;
    return choose_port(network, s);
}

int network_name(Network *network, int descriptor, bool peer, struct sockaddr *address, socklen_t *size) {
    Socket *s = find(network, descriptor);
    if (!s) return -1;
    if (peer && !s->has_peer_name && s->state != CONNECTED) return errno = ENOTCONN, -1;
    if (peer && !s->has_peer_name) s->other = (Where){.size = sizeof(sa_family_t), .any.sa_family = AF_UNIX};
    tell_where(peer ? &s->other : &s->own, address, size);
    return 0;
}

// ---- Events

static bool is_before(const Event *a, const Event *b) { return a->when < b->when || (a->when == b->when && a->sequence < b->sequence); }

// False without memory.
static bool schedule(Network *network, Event event) {
    if (network->event_count == network->event_capacity) {
        size_t capacity = network->event_capacity ? network->event_capacity * 2 : 32;
        Event *grown = reallocate(network->allocator, network->events, network->event_capacity * sizeof *grown, capacity * sizeof *grown);
        if (!grown) return errno = ENOMEM, false;
        network->events = grown;
        network->event_capacity = capacity;
    }
    event.sequence = network->next_sequence++;
    if (event.to) event.to->references++;
    if (event.from) event.from->references++;
    ++*network->expected;
    size_t i = network->event_count++;
    for (; i && is_before(&event, &network->events[(i - 1) / 2]); i = (i - 1) / 2) network->events[i] = network->events[(i - 1) / 2];
    network->events[i] = event;
    return true;
}

static Event take_first(Network *network) {
    Event first = network->events[0], last = network->events[--network->event_count];
    --*network->expected;
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < network->event_count; i = child) {
        if (child + 1 < network->event_count && is_before(&network->events[child + 1], &network->events[child])) child++;
        if (!is_before(&network->events[child], &last)) break;
        network->events[i] = network->events[child];
    }
    network->events[i] = last;
    return first;
}

// How long something takes one way.
static double delay(Network *network) {
    const NetworkSettings *set = network->settings;
    return set->latency + (set->jitter > 0 ? set->jitter * chance(network) : 0);
}

// When what a connection's end sends now arrives: behind all that it has sent, and again where packets are lost.
static double arrival(Network *network, Socket *s, size_t size) {
    const NetworkSettings *set = network->settings;
    double when = *network->now;
    if (s->family != AF_UNIX) {
        when += delay(network);
        for (size_t packets = set->loss > 0 ? (size + PACKET - 1) / PACKET : 0; packets; packets--)
            for (int again = 0; again < 10 && chance(network) < set->loss; again++) when += fmax(0.2, 3 * set->latency);
    }
    if (when < s->last) when = s->last;
    if (set->bandwidth > 0 && s->family != AF_UNIX) when += (double)size / set->bandwidth;
    return s->last = when;
}

static void activate(Network *network, Socket *s) {
    if (s->is_active || !s->watches) return;
    s->is_active = true;
    s->references++;
    s->next_active = NULL;
    *(network->last_active ? &network->last_active->next_active : &network->first_active) = s;
    network->last_active = s;
    network->active++;
    ++*network->expected;
}

static unsigned readiness(const Socket *s) {
    unsigned ready = 0;
    bool is_stream = s->type == SOCK_STREAM;
    if (s->error || s->state == FAILED) return WATCH_READABLE | WATCH_WRITABLE;
    if (s->state == LISTENING) return s->backlog_count ? WATCH_READABLE : 0;
    if (s->waiting || s->is_ended) ready |= WATCH_READABLE;
    if (is_stream ? s->state == CONNECTED && (s->in_flight < WINDOW || s->ends) : true) ready |= WATCH_WRITABLE;
    return is_stream && s->state == FRESH ? WATCH_READABLE | WATCH_WRITABLE : ready;
}

unsigned network_ready(Network *network, int descriptor) {
    const Socket *s = find(network, descriptor);
    return s ? readiness(s) : WATCH_READABLE | WATCH_WRITABLE;
}

static void append(Socket *s, Segment *segment) {
    segment->next = NULL;
    if (s->newest)
        s->newest->next = segment;
    else
        s->first = segment;
    s->newest = segment;
    s->waiting += s->type == SOCK_STREAM ? segment->size : 1;
}

// Whoever is connected to one that is gone finds out after a while.
static void reset_peer(Network *network, Socket *from, Socket *to) {
    if (to) schedule(network, (Event){.when = *network->now + (from && from->family != AF_UNIX ? delay(network) : 0), .kind = RESET, .to = to, .from = from});
}

static void part(Network *network, Socket *s) {
    Socket *peer = s->peer;
    s->peer = NULL;
    let_go(network, peer);
}

// A request to connect has come to where it was sent: the new connection's end stands in the line of whoever listens there.
static void request_arrives(Network *network, Socket *client) {
    Socket *listener = at(network, &client->other, SOCK_STREAM), *s = NULL;
    bool taken = listener && listener->state == LISTENING && listener->backlog_count < listener->backlog_most;
    if (taken && (s = make(network, client->family, SOCK_STREAM, client->protocol))) {
        s->state = CONNECTED;
        s->own = client->other;
        s->other = client->own;
        s->has_peer_name = true;
        s->peer = client;
        client->references++;
        listener->backlog[listener->backlog_count++] = s;
        activate(network, listener);
    }
    double when = *network->now + (client->family != AF_UNIX ? delay(network) : 0);
    if (s) s->last = when; // nothing that it sends comes before the answer
    if (!schedule(network, (Event){.when = when, .kind = ANSWER, .to = client, .from = s, .error = s ? 0 : ECONNREFUSED})) client->error = ENOMEM;
}

static void answer_arrives(Network *network, Socket *client, Socket *server, int error) {
    if (!client->is_open) {
        reset_peer(network, client, server);
        return;
    }
    client->state = error ? FAILED : CONNECTED;
    client->error = error;
    if (!error) {
        client->peer = server;
        server->references++;
    }
    activate(network, client);
}

static void happen(Network *network, Event *event) {
    Socket *to = event->to, *from = event->from;
    switch (event->kind) {
    case DATA:
        if (to->is_open && !to->error && !to->is_ended) {
            append(to, event->segment);
            event->segment = NULL;
            activate(network, to);
        } else {
            reset_peer(network, to, from);
        }
        break;
    case END:
        to->is_ended = true;
        activate(network, to);
        break;
    case RESET:
        if (!to->is_open) break;
        to->error = ECONNRESET;
        to->is_ended = to->ends = true;
        drop_segments(network, to);
        activate(network, to);
        break;
    case REQUEST:
        if (to->is_open) request_arrives(network, to);
        break;
    case ANSWER: answer_arrives(network, to, from, event->error); break;
    case DATAGRAM: {
        Socket *receiver = to ? to : at(network, &from->other, SOCK_DGRAM);
        if (receiver && receiver->is_open && receiver->waiting < WINDOW / 1024) {
            append(receiver, event->segment);
            event->segment = NULL;
            activate(network, receiver);
        }
        break;
    }
    case REFUSED:
        if (to->is_open) to->error = ECONNREFUSED;
        activate(network, to);
        break;
    }
    if (event->segment) release(network->allocator, event->segment, sizeof *event->segment + event->segment->size);
    if (to) let_go(network, to);
    if (from) let_go(network, from);
}

bool network_is_used(const Network *network) {
    for (size_t i = 0; i < network->count; i++)
        if (network->sockets[i]) return true;
    return false;
}

double network_next(const Network *network) {
    return network->active ? *network->now : network->event_count ? network->events[0].when : INFINITY;
}

// Tells the watches of one socket that wait for what it is ready for. Whether some of them will wait for it again.
static bool tell_watches(Network *network, Socket *s) {
    unsigned ready = readiness(s);
    bool again = false;
    for (Watch **from = &s->watches; *from;) {
        Watch *watch = *from;
        if (!(watch->events & ready)) {
            from = &watch->next;
            continue;
        }
        again |= watch->repeats;
        if (watch->repeats) {
            from = &watch->next;
        } else {
            *from = watch->next;
            let_go(network, s); // whoever delivers holds it still
        }
        watch->ready(watch);
    }
    return again;
}

void network_deliver(Network *network) {
    while (network->event_count && network->events[0].when <= *network->now) {
        Event event = take_first(network);
        happen(network, &event);
    }
    for (size_t left = network->active; left; left--) {
        Socket *s = network->first_active;
        network->first_active = s->next_active;
        if (!network->first_active) network->last_active = NULL;
        network->active--;
        --*network->expected;
        s->is_active = false;
        if (tell_watches(network, s)) activate(network, s);
        let_go(network, s);
    }
}

int network_watch(Network *network, Watch *watch) {
    Socket *s = find(network, watch->descriptor);
    if (!s) return EBADF;
    Watch **last = &s->watches;
    while (*last) last = &(*last)->next;
    watch->next = NULL;
    watch->place = s;
    *last = watch;
    s->references++; // it may be closed while somebody waits for it, who waits in vain then
    if (readiness(s) & watch->events) activate(network, s);
    return 0;
}

void network_unwatch(Network *network, Watch *watch) {
    Socket *s = watch->place;
    Watch **from = &s->watches;
    while (*from != watch) from = &(*from)->next;
    *from = watch->next;
    let_go(network, s);
}

// ---- Connections

int network_listen(Network *network, int descriptor, int backlog) {
    Socket *s = find(network, descriptor);
    if (!s) return -1;
    if (s->type != SOCK_STREAM) return errno = EOPNOTSUPP, -1;
    if (s->state != FRESH && s->state != LISTENING) return errno = EINVAL, -1;
    if (!s->is_bound && s->family != AF_UNIX && choose_port(network, s) < 0) return -1;
    size_t most = backlog < 1 ? 1 : backlog > 4096 ? 4096 : (size_t)backlog;
    if (most > s->backlog_most) {
        Socket **grown = reallocate(network->allocator, s->backlog, s->backlog_most * sizeof *grown, most * sizeof *grown);
        if (!grown) return errno = ENOMEM, -1;
        s->backlog = grown;
        s->backlog_most = most;
    }
    s->state = LISTENING;
    return 0;
}

int network_connect(Network *network, int descriptor, const struct sockaddr *address, socklen_t size) {
    Socket *s = find(network, descriptor);
    if (!s) return -1;
    if (s->type == SOCK_DGRAM) {
        take_where(&s->other, address, size);
        s->has_peer_name = true;
        return bind_near(network, s, &s->other);
    }
    switch (s->state) {
    case CONNECTING: return errno = EALREADY, -1;
    case LISTENING: return errno = EINVAL, -1;
    case CONNECTED: return errno = EISCONN, -1;
    case FAILED:
        errno = s->error;
        s->error = 0;
        s->state = FRESH;
        return errno ? -1 : 0;
    case FRESH: break;
    }
    take_where(&s->other, address, size);
    if (is_anywhere(&s->other)) {
        // The system takes it for this machine.
        struct sockaddr_in *in = (struct sockaddr_in *)&s->other.storage;
        if (in->sin_family == AF_INET) in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    if (bind_near(network, s, &s->other) < 0) return -1;
    s->has_peer_name = true;
    double when = *network->now + (s->family != AF_UNIX ? delay(network) : 0);
    if (!schedule(network, (Event){.when = when, .kind = REQUEST, .to = s})) return -1;
    s->state = CONNECTING;
    return errno = EINPROGRESS, -1;
}

int network_accept(Network *network, int descriptor, struct sockaddr *address, socklen_t *size) {
    Socket *listener = find(network, descriptor);
    if (!listener) return -1;
    if (listener->state != LISTENING) return errno = EINVAL, -1;
    if (!listener->backlog_count) return errno = EAGAIN, -1;
    Socket *s = listener->backlog[0];
    int number = give_number(network, s);
    if (number < 0) return -1;
    memmove(listener->backlog, listener->backlog + 1, --listener->backlog_count * sizeof *listener->backlog);
    tell_where(&s->other, address, size);
    return number;
}

int network_shutdown(Network *network, int descriptor, int how) {
    Socket *s = find(network, descriptor);
    if (!s) return -1;
    if (s->state != CONNECTED) return errno = ENOTCONN, -1;
    if (how != SHUT_RD && !s->ends) {
        if (s->peer && !schedule(network, (Event){.when = arrival(network, s, 0), .kind = END, .to = s->peer, .from = s})) return -1;
        s->ends = true;
    }
    if (how != SHUT_WR) s->is_ended = true;
    activate(network, s);
    return 0;
}

int network_close(Network *network, int descriptor) {
    Socket *s = find(network, descriptor);
    if (!s) return -1;
    network->sockets[descriptor - network->base] = NULL;
    if (s->state == LISTENING)
        while (s->backlog_count) {
            Socket *never = s->backlog[--s->backlog_count];
            reset_peer(network, never, never->peer);
            never->is_open = false;
            part(network, never);
            let_go(network, never);
        }
    // What has not been read is lost, and the other side is to know that.
    if (s->state == CONNECTED && s->peer && s->type == SOCK_STREAM) {
        if (s->waiting)
            reset_peer(network, s, s->peer);
        else if (!s->ends)
            schedule(network, (Event){.when = arrival(network, s, 0), .kind = END, .to = s->peer, .from = s});
    }
    s->is_open = s->is_bound = false;
    drop_segments(network, s);
    part(network, s);
    let_go(network, s);
    return 0;
}

// ---- Data

static Segment *segment_of(Network *network, const void *data, size_t size, const Where *from) {
    Segment *segment = allocate(network->allocator, sizeof *segment + size);
    if (!segment) return errno = ENOMEM, NULL;
    segment->next = NULL;
    segment->size = size;
    segment->start = 0;
    segment->from = *from;
    memcpy(segment->data, data, size);
    return segment;
}

static ssize_t send_datagram(Network *network, Socket *s, const void *data, size_t size, const struct sockaddr *to, socklen_t to_size) {
    Where where = s->other;
    if (size > MOST_DATAGRAM) return errno = EMSGSIZE, -1;
    if (to) take_where(&where, to, to_size);
    if (!to && !s->has_peer_name && !s->peer) return errno = EDESTADDRREQ, -1;
    if (!s->peer && bind_near(network, s, &where) < 0) return -1;
    Socket *receiver = s->peer ? s->peer : at(network, &where, SOCK_DGRAM);
    double when = *network->now + (s->family != AF_UNIX ? delay(network) : 0);
    const NetworkSettings *set = network->settings;
    if (!receiver) {
        // A host that nobody listens at says so, to those who are connected to it.
        if (s->has_peer_name && !to && !schedule(network, (Event){.when = when + delay(network), .kind = REFUSED, .to = s})) return -1;
        return (ssize_t)size;
    }
    if (s->family != AF_UNIX && set->loss > 0 && chance(network) < set->loss) return (ssize_t)size;
    if (s->family != AF_UNIX && set->reorder > 0 && chance(network) < set->reorder) when += fmax(set->latency, 0.001) * (1 + chance(network));
    Segment *segment = segment_of(network, data, size, &s->own);
    if (!segment) return -1;
    if (!schedule(network, (Event){.when = when, .kind = DATAGRAM, .to = receiver, .from = s, .segment = segment}))
        return release(network->allocator, segment, sizeof *segment + size), errno = ENOMEM, -1;
    return (ssize_t)size;
}

ssize_t network_send(Network *network, int descriptor, const void *data, size_t size, const struct sockaddr *to, socklen_t to_size) {
    Socket *s = find(network, descriptor);
    if (!s) return -1;
    if (s->error) {
        errno = s->error;
        s->error = 0;
        return -1;
    }
    if (s->type == SOCK_DGRAM) return send_datagram(network, s, data, size, to, to_size);
    if (s->state == CONNECTING) return errno = EAGAIN, -1;
    if (s->state != CONNECTED) return errno = s->ends ? EPIPE : ENOTCONN, -1;
    if (s->ends || !s->peer) return errno = EPIPE, -1;
    if (s->in_flight >= WINDOW) return errno = EAGAIN, -1;
    if (size > WINDOW - s->in_flight) size = WINDOW - s->in_flight;
    if (!size) return 0;
    Segment *segment = segment_of(network, data, size, &s->own);
    if (!segment) return -1;
    if (!schedule(network, (Event){.when = arrival(network, s, size), .kind = DATA, .to = s->peer, .from = s, .segment = segment}))
        return release(network->allocator, segment, sizeof *segment + size), errno = ENOMEM, -1;
    s->in_flight += size;
    return (ssize_t)size;
}

// Takes away bytes that have been read: whoever has sent them may send more.
static void consume(Network *network, Socket *s, size_t size) {
    s->waiting -= size;
    Socket *peer = s->peer;
    if (!peer) return;
    bool was_full = peer->in_flight >= WINDOW;
    peer->in_flight -= size;
    if (was_full && peer->in_flight < WINDOW) activate(network, peer);
}

static ssize_t receive_stream(Network *network, Socket *s, unsigned char *data, size_t size, bool peeks) {
    size_t got = 0;
    if (!s->waiting) return s->is_ended ? 0 : (errno = s->state == CONNECTED ? EAGAIN : ENOTCONN, -1);
    Segment *segment = s->first;
    while (segment && got < size) {
        size_t n = segment->size - segment->start, room = size - got;
        if (n > room) n = room;
        memcpy(data + got, segment->data + segment->start, n);
        got += n;
        Segment *next = segment->next;
        if (!peeks) {
            segment->start += n;
            if (segment->start == segment->size) {
                s->first = next;
                if (!next) s->newest = NULL;
                release(network->allocator, segment, sizeof *segment + segment->size);
            }
        }
        segment = next;
    }
    if (!peeks) consume(network, s, got);
    return (ssize_t)got;
}

ssize_t network_receive(Network *network, int descriptor, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *from_size) {
    Socket *s = find(network, descriptor);
    if (!s) return -1;
    if (s->error && s->state != FAILED) {
        errno = s->error;
        s->error = 0;
        return -1;
    }
    if (s->type == SOCK_STREAM) {
        if (from_size) *from_size = 0;
        return receive_stream(network, s, data, size, flags & MSG_PEEK);
    }
    Segment *segment = s->first;
    if (!segment) return s->is_ended ? 0 : (errno = EAGAIN, -1);
    size_t n = segment->size < size ? segment->size : size;
    memcpy(data, segment->data, n);
    if (from) tell_where(&segment->from, from, from_size);
    if (flags & MSG_PEEK) return (ssize_t)n;
    s->first = segment->next;
    if (!s->first) s->newest = NULL;
    s->waiting--;
    release(network->allocator, segment, sizeof *segment + segment->size);
    return (ssize_t)n;
}

// ---- Options

int network_option(Network *network, int descriptor, int level, int option, int *value) {
    Socket *s = find(network, descriptor);
    if (!s) return -1;
    *value = 0;
    if (level == SOL_SOCKET && option == SO_TYPE) *value = s->type;
    if (level == SOL_SOCKET && option == SO_PROTOCOL) *value = s->protocol;
    if (level == SOL_SOCKET && option == SO_ACCEPTCONN) *value = s->state == LISTENING;
    if (level == SOL_SOCKET && option == SO_ERROR) {
        *value = s->error;
        s->error = 0;
        if (s->state == FAILED) s->state = FRESH;
    }
    for (size_t i = 0; i < s->option_count; i++)
        if (s->options[i][0] == level && s->options[i][1] == option) *value = s->options[i][2];
    return 0;
}

int network_set_option(Network *network, int descriptor, int level, int option, int value) {
    Socket *s = find(network, descriptor);
    if (!s) return -1;
    size_t i = 0;
    while (i < s->option_count && (s->options[i][0] != level || s->options[i][1] != option)) i++;
    if (i == MOST_OPTIONS) return errno = ENOBUFS, -1;
    s->options[i][0] = level;
    s->options[i][1] = option;
    s->options[i][2] = value;
    if (i == s->option_count) s->option_count++;
    return 0;
}

void network_free(Network *network) {
    if (!network) return;
    for (size_t i = 0; i < network->count; i++)
        if (network->sockets[i]) network_close(network, network->sockets[i]->number);
    while (network->event_count) {
        Event event = take_first(network);
        if (event.segment) release(network->allocator, event.segment, sizeof *event.segment + event.segment->size);
        if (event.to) let_go(network, event.to);
        if (event.from) let_go(network, event.from);
    }
    while (network->first_active) {
        Socket *s = network->first_active;
        network->first_active = s->next_active;
        let_go(network, s);
    }
    network->settings->descriptors += (int)network->count;
    release(network->allocator, network->sockets, network->capacity * sizeof *network->sockets);
    release(network->allocator, network->events, network->event_capacity * sizeof *network->events);
    release(network->allocator, network, sizeof *network);
}

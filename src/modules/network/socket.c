// The class _socket.socket: the system's sockets, for use with and without waiting.
#define _GNU_SOURCE // accept4

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "loop/loop.h"
#include "modules/network/calls.h"
#include "modules/network/network_internal.h"
#include "modules/system/file.h"
#include "object/text/bytes.h"

// ---- Waiting

// By the clock that the socket goes by: a script that waits so has the loop stand still, but not what happens in the network.
static int wait_in_memory(VM *vm, int descriptor, unsigned events, double end) {
    for (;;) {
        Network *network = network_that_is(vm);
        if (!network || network_ready(network, descriptor) & events) return 1;
        Driver *driver = loop_of(vm)->driver;
        double left = end - driver->now(driver);
        if (left <= 0) return 0;
        if (isinf(left) && isinf(network_next(network)))
            return raise_error(vm, vm->exceptions.deadlock_error, "nothing that could come is on its way"), -1;
        driver->wait(driver, left);
        if (!vm_poll(vm, 1) || !vm_take_signals(vm)) return -1;
    }
}

double network_time(VM *vm, int descriptor) { return network_has(descriptor) && network_that_is(vm) ? loop_time(vm) : loop_system_time(); }

int network_wait(VM *vm, int descriptor, short events, double end) {
    if (network_has(descriptor))
        return wait_in_memory(vm, descriptor, (events & POLLIN ? WATCH_READABLE : 0) | (events & POLLOUT ? WATCH_WRITABLE : 0), end);
    enum { SLICE = 20 }; // milliseconds: another thread's interrupt ends no system call
    struct pollfd wanted = {.fd = descriptor, .events = events};
    for (;;) {
        double left = end - loop_system_time();
        int status = poll(&wanted, 1, left <= 0 ? 0 : left * 1e3 < SLICE ? (int)ceil(left * 1e3) : SLICE);
        if (status > 0) return 1;
        if (status < 0 && errno != EINTR) return 1; // the call that follows says what it is
        if (!vm_poll(vm, 1) || !vm_take_signals(vm)) return -1;
        if (left <= 0) return 0;
    }
}

// One call of a method, which may take several of the system's.
typedef struct {
    Socket *socket;
    short events; // for which it waits
    double end;   // until when; -1: not known yet
} Attempt;

static bool wait_for(VM *vm, Attempt *attempt) {
    double timeout = attempt->socket->timeout;
    if (attempt->end < 0) attempt->end = timeout < 0 ? INFINITY : network_time(vm, attempt->socket->descriptor) + timeout;
    int status = network_wait(vm, attempt->socket->descriptor, attempt->events, attempt->end);
    if (status == 0) raise_error(vm, vm->exceptions.timeout_error, "timed out");
    return status > 0;
}

// The system's call has failed: whether it is to be made again. False: an exception is raised.
static bool again(VM *vm, Attempt *attempt) {
    if (errno == EINTR) return vm_poll(vm, 1);
    if ((errno == EAGAIN || errno == EWOULDBLOCK) && attempt->socket->timeout != 0) return wait_for(vm, attempt);
    raise_os_error(vm, errno, VALUE_EMPTY);
    return false;
}

// The system itself is to wait for nothing: it would not be interrupted.
static int flags_of(const Socket *socket, int flags) { return socket->timeout != 0 ? flags | MSG_DONTWAIT : flags; }

static Value done(VM *vm, int status) { return status < 0 ? raise_os_error(vm, errno, VALUE_EMPTY) : VALUE_NONE; }

// ---- Making and ending

static bool set_timeout(VM *vm, Socket *socket, double seconds) {
    int flags = call_get_flags(socket->descriptor), wanted = seconds < 0 ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
    if (flags < 0 || (flags != wanted && call_set_flags(socket->descriptor, wanted) < 0)) return raise_os_error(vm, errno, VALUE_EMPTY), false;
    socket->timeout = seconds;
    return true;
}

Value socket_wrap(VM *vm, Class *cls, int descriptor, int family, int type, int protocol) {
    Socket *socket = native_data_new(vm, cls, sizeof(Socket));
    if (!socket) return call_close(vm, descriptor), VALUE_ERROR;
    *socket = (Socket){socket->data, descriptor, family, type, protocol, -1};
    double timeout = library_of(vm)->socket_timeout;
    if (timeout >= 0 && !set_timeout(vm, socket, timeout)) return VALUE_ERROR;
    return value_object(socket);
}

static Value socket_make(VM *vm, Value *args, size_t count) {
    Socket *socket = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Socket));
    if (!socket) return VALUE_ERROR;
    socket->descriptor = -1;
    socket->timeout = -1;
    return value_object(socket);
}

static int option_of(VM *vm, int descriptor, int option) {
    int value;
    socklen_t size = sizeof value;
    if (network_has(descriptor)) return network_option(network_that_is(vm), descriptor, SOL_SOCKET, option, &value) == 0 ? value : -1;
    return getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

static Value socket_init(VM *vm, Value *args, size_t count) {
    Socket *socket_object = socket_of(args[0]);
    int family = -1, type = -1, protocol = -1;
    if (!vm_permit(vm, CAPABILITY_NETWORK, NULL)) return VALUE_ERROR;
    if ((!is_empty(args[1]) && !c_int_argument(vm, args[1], &family)) || (!is_empty(args[2]) && !c_int_argument(vm, args[2], &type)) ||
        (!is_empty(args[3]) && !c_int_argument(vm, args[3], &protocol)))
        return VALUE_ERROR;
    int descriptor;
    if (!is_empty(args[4]) && !is_none(args[4])) {
        if (is_any_float(args[4])) return raise_type_error(vm, "integer argument expected, got float");
        if (!c_int_argument(vm, args[4], &descriptor)) return VALUE_ERROR;
        if (descriptor < 0) return raise_value_error(vm, "negative file descriptor");
        Address address = {.length = sizeof address.storage};
        if (call_getsockname(vm, descriptor, &address.any, &address.length) < 0) {
            if (family == -1) return raise_os_error(vm, errno, VALUE_EMPTY);
        } else if (family == -1) {
            family = address.any.sa_family;
        }
        if (type == -1 && (type = option_of(vm, descriptor, SO_TYPE)) < 0) return raise_os_error(vm, errno, VALUE_EMPTY);
        if (protocol == -1 && (protocol = option_of(vm, descriptor, SO_PROTOCOL)) < 0) return raise_os_error(vm, errno, VALUE_EMPTY);
    } else {
        if (family == -1) family = AF_INET;
        if (type == -1) type = SOCK_STREAM;
        if (protocol == -1) protocol = 0;
        descriptor = call_socket(vm, family, type, protocol);
        if (descriptor < 0) return is_empty(vm->exception) ? raise_os_error(vm, errno, VALUE_EMPTY) : VALUE_ERROR;
    }
    if (socket_object->descriptor >= 0) call_close(vm, socket_object->descriptor); // __init__ was called again
    socket_object->descriptor = descriptor;
    socket_object->family = family;
    socket_object->type = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    socket_object->protocol = protocol;
    socket_object->timeout = type & SOCK_NONBLOCK ? 0 : -1;
    double timeout = library_of(vm)->socket_timeout;
    if (timeout >= 0 && !(type & SOCK_NONBLOCK) && !set_timeout(vm, socket_object, timeout)) return VALUE_ERROR;
    return VALUE_NONE;
}

static void socket_finalize(VM *vm, Object *o) {
    Socket *socket = (Socket *)o;
    if (socket->descriptor >= 0) call_close(vm, socket->descriptor);
    socket->descriptor = -1;
}

static Value socket_close(VM *vm, Value *args, size_t count) {
    Socket *socket = socket_of(args[0]);
    int descriptor = socket->descriptor;
    socket->descriptor = -1;
    // A peer that has gone already is no error of this side's end.
    return descriptor >= 0 && call_close(vm, descriptor) < 0 && errno != ECONNRESET && errno != EINTR ? raise_os_error(vm, errno, VALUE_EMPTY) : VALUE_NONE;
}

static Value socket_detach(VM *vm, Value *args, size_t count) {
    int descriptor = socket_of(args[0])->descriptor;
    socket_of(args[0])->descriptor = -1;
    return value_small(descriptor);
}

static Value socket_repr(VM *vm, Value self) {
    const Socket *s = socket_of(self);
    String *text = string_format(vm, "<socket object, fd=%d, family=%d, type=%d, proto=%d>", s->descriptor, s->family, s->type, s->protocol);
    return object_or_error(text);
}
const TypeOps socket_ops = {.finalize = socket_finalize, .repr = socket_repr};

// ---- Addresses

static Value socket_bind(VM *vm, Value *args, size_t count) {
    Address address;
    if (!address_from_value(vm, "bind", socket_of(args[0])->family, args[1], &address)) return VALUE_ERROR;
    return done(vm, call_bind(vm, socket_of(args[0])->descriptor, &address.any, address.length));
}

static Value socket_listen(VM *vm, Value *args, size_t count) {
    int backlog = SOMAXCONN < 128 ? SOMAXCONN : 128;
    if (!is_empty(args[1]) && !c_int_argument(vm, args[1], &backlog)) return VALUE_ERROR;
    return done(vm, call_listen(vm, socket_of(args[0])->descriptor, backlog < 0 ? 0 : backlog));
}

// 0, an errno, or -1 with an exception.
static int connect_to(VM *vm, Socket *s, const Address *address) {
    Attempt attempt = {s, POLLOUT, -1};
    // A connection takes so long as it takes: the system is not to wait for it.
    int flags = s->timeout < 0 ? call_get_flags(s->descriptor) : -1;
    if (flags >= 0) call_set_flags(s->descriptor, flags | O_NONBLOCK);
    int error = call_connect(vm, s->descriptor, &address->any, address->length) < 0 ? errno : 0;
    if (s->timeout != 0 && (error == EINPROGRESS || error == EINTR)) {
        // The second call says what has come of the first, and lets the socket be used for another attempt when it was nothing.
        error = !wait_for(vm, &attempt) ? -1 : call_connect(vm, s->descriptor, &address->any, address->length) == 0 || errno == EISCONN ? 0 : errno;
    }
    if (flags >= 0) call_set_flags(s->descriptor, flags);
    return error;
}

static Value socket_connect(VM *vm, Value *args, size_t count) {
    Address address;
    if (!address_from_value(vm, "connect", socket_of(args[0])->family, args[1], &address)) return VALUE_ERROR;
    int error = connect_to(vm, socket_of(args[0]), &address);
    return error < 0 ? VALUE_ERROR : error ? raise_os_error(vm, error, VALUE_EMPTY) : VALUE_NONE;
}

static Value socket_connect_ex(VM *vm, Value *args, size_t count) {
    Address address;
    if (!address_from_value(vm, "connect_ex", socket_of(args[0])->family, args[1], &address)) return VALUE_ERROR;
    int error = connect_to(vm, socket_of(args[0]), &address);
    if (error < 0 && exception_matches(vm, vm->exceptions.timeout_error)) {
        exception_clear(vm);
        error = EWOULDBLOCK;
    }
    return error < 0 ? VALUE_ERROR : value_small(error);
}

static Value name_of(VM *vm, const Socket *s, int (*ask)(VM *, int, struct sockaddr *, socklen_t *)) {
    Address address = {.length = sizeof address.storage};
    if (ask(vm, s->descriptor, &address.any, &address.length) < 0) return raise_os_error(vm, errno, VALUE_EMPTY);
    return address_to_value(vm, &address);
}
static Value socket_getsockname(VM *vm, Value *args, size_t count) { return name_of(vm, socket_of(args[0]), call_getsockname); }
static Value socket_getpeername(VM *vm, Value *args, size_t count) { return name_of(vm, socket_of(args[0]), call_getpeername); }

// The new connection's descriptor, and the address of its other end.
static Value socket_accept(VM *vm, Value *args, size_t count) {
    Socket *s = socket_of(args[0]);
    Attempt attempt = {s, POLLIN, -1};
    int descriptor;
    Address address;
    if (s->timeout < 0 && !wait_for(vm, &attempt)) return VALUE_ERROR;
    do {
        memset(&address, 0, sizeof address);
        address.length = sizeof address.storage;
        descriptor = call_accept(vm, s->descriptor, &address.any, &address.length);
    } while (descriptor < 0 && again(vm, &attempt));
    if (descriptor < 0) return VALUE_ERROR;
    Value other = address_to_value(vm, &address);
    Value parts[] = {value_small(descriptor), other};
    Tuple *pair = is_error(other) ? NULL : tuple_from(vm, parts, 2);
    if (!pair) call_close(vm, descriptor);
    return object_or_error(pair);
}

static Value socket_shutdown(VM *vm, Value *args, size_t count) {
    int how;
    if (!c_int_argument(vm, args[1], &how)) return VALUE_ERROR;
    return done(vm, call_shutdown(vm, socket_of(args[0])->descriptor, how));
}

// ---- Data

static bool size_wanted(VM *vm, Value v, const char *method, int64_t *out) {
    if (!size_argument(vm, v, out)) return false;
    if (*out < 0) return raise_value_error(vm, "negative buffersize in %s", method), false;
    return true;
}

static bool flags_wanted(VM *vm, Value v, int *out) { return is_empty(v) ? *out = 0, true : c_int_argument(vm, v, out); }

// -1 with an exception. from: NULL, or gets whose data it is.
static ssize_t receive(VM *vm, Socket *s, void *data, size_t size, int flags, Address *from) {
    Attempt attempt = {s, POLLIN, -1};
    ssize_t n;
    do {
        if (from) from->length = sizeof from->storage;
        n = call_receive(vm, s->descriptor, data, size, flags_of(s, flags), from ? &from->any : NULL, from ? &from->length : NULL);
    } while (n < 0 && again(vm, &attempt));
    return n;
}

static Value receive_bytes(VM *vm, Value *args, const char *method, Address *from) {
    int64_t size;
    int flags;
    if (!size_wanted(vm, args[1], method, &size) || !flags_wanted(vm, args[2], &flags)) return VALUE_ERROR;
    Bytes *bytes = bytes_new(vm, NULL, (size_t)size);
    if (!bytes) return VALUE_ERROR;
    ssize_t n = receive(vm, socket_of(args[0]), bytes->data, (size_t)size, flags, from);
    if (n < 0) return VALUE_ERROR;
    return n == size ? value_object(bytes) : object_or_error(bytes_new(vm, bytes->data, (size_t)n));
}

static Value with_address(VM *vm, Value first, const Address *from) {
    Value address = is_error(first) ? first : address_to_value(vm, from);
    Value parts[] = {first, address};
    return is_error(address) ? address : object_or_error(tuple_from(vm, parts, 2));
}

static Value socket_recv(VM *vm, Value *args, size_t count) { return receive_bytes(vm, args, "recv", NULL); }
static Value socket_recvfrom(VM *vm, Value *args, size_t count) {
    Address from;
    memset(&from, 0, sizeof from);
    return with_address(vm, receive_bytes(vm, args, "recvfrom", &from), &from);
}

static ssize_t receive_into(VM *vm, Value *args, const char *method, Address *from) {
    unsigned char *data;
    size_t room;
    int64_t size = 0;
    int flags;
    Value buffer = args[1];
    if (!bytes_writable_view(vm, &buffer, &data, &room)) {
        if (is_empty(vm->exception))
            raise_type_error(vm, "%s() argument 1 must be read-write bytes-like object, not %s", method, type_name(vm, args[1]));
        return -1;
    }
    if ((!is_empty(args[2]) && !size_argument(vm, args[2], &size)) || !flags_wanted(vm, args[3], &flags)) return -1;
    if (size < 0) return raise_value_error(vm, "negative buffersize in %s", method), -1;
    if ((size_t)size > room) return raise_value_error(vm, "%s", !strcmp(method, "recv_into") ? "buffer too small for requested bytes"
                                                                                           : "nbytes is greater than the length of the buffer"), -1;
    return receive(vm, socket_of(args[0]), data, size ? (size_t)size : room, flags, from);
}
static Value socket_recv_into(VM *vm, Value *args, size_t count) {
    ssize_t n = receive_into(vm, args, "recv_into", NULL);
    return n < 0 ? VALUE_ERROR : value_small(n);
}
static Value socket_recvfrom_into(VM *vm, Value *args, size_t count) {
    Address from;
    memset(&from, 0, sizeof from);
    ssize_t n = receive_into(vm, args, "recvfrom_into", &from);
    return with_address(vm, n < 0 ? VALUE_ERROR : value_small(n), &from);
}

static bool data_argument(VM *vm, Value v, const unsigned char **data, size_t *size) {
    if (bytes_view(v, data, size)) return true;
    raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, v));
    return false;
}

static ssize_t send_some(VM *vm, Attempt *attempt, const void *data, size_t size, int flags, const Address *to) {
    ssize_t n;
    do n = call_send(vm, attempt->socket->descriptor, data, size, flags_of(attempt->socket, flags), to ? &to->any : NULL, to ? to->length : 0);
    while (n < 0 && again(vm, attempt));
    return n;
}

static Value socket_send(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size;
    int flags;
    if (!data_argument(vm, args[1], &data, &size) || !flags_wanted(vm, args[2], &flags)) return VALUE_ERROR;
    Attempt attempt = {socket_of(args[0]), POLLOUT, -1};
    ssize_t n = send_some(vm, &attempt, data, size, flags, NULL);
    return n < 0 ? VALUE_ERROR : value_small(n);
}

static Value socket_sendall(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size;
    int flags;
    if (!data_argument(vm, args[1], &data, &size) || !flags_wanted(vm, args[2], &flags)) return VALUE_ERROR;
    Attempt attempt = {socket_of(args[0]), POLLOUT, -1}; // one timeout for all of it
    while (size) {
        ssize_t n = send_some(vm, &attempt, data, size, flags, NULL);
        if (n < 0) return VALUE_ERROR;
        data += n;
        size -= (size_t)n;
        if (!vm_poll(vm, (size_t)n / 1024)) return VALUE_ERROR;
    }
    return VALUE_NONE;
}

static Value socket_sendto(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size;
    int flags = 0;
    bool has_flags = !is_empty(args[3]);
    Address address;
    if (is_empty(args[2])) return raise_type_error(vm, "sendto() takes 2 or 3 arguments (1 given)");
    if (!data_argument(vm, args[1], &data, &size) || (has_flags && !c_int_argument(vm, args[2], &flags)) ||
        !address_from_value(vm, "sendto", socket_of(args[0])->family, args[has_flags ? 3 : 2], &address))
        return VALUE_ERROR;
    Attempt attempt = {socket_of(args[0]), POLLOUT, -1};
    ssize_t n = send_some(vm, &attempt, data, size, flags, &address);
    return n < 0 ? VALUE_ERROR : value_small(n);
}

// ---- Options

static Value socket_setsockopt(VM *vm, Value *args, size_t count) {
    int level, option, number;
    const unsigned char *data;
    size_t size;
    int descriptor = socket_of(args[0])->descriptor;
    if (!c_int_argument(vm, args[1], &level) || !c_int_argument(vm, args[2], &option)) return VALUE_ERROR;
    if (!is_empty(args[4])) { // None and a length
        int64_t length;
        if (!is_none(args[3])) return raise_type_error(vm, "setsockopt() argument 3 must be None, not %s", type_name(vm, args[3]));
        if (!value_index_int64(vm, args[4], true, &length)) return VALUE_ERROR;
        return done(vm, setsockopt(descriptor, level, option, NULL, (socklen_t)length));
    }
    if (is_empty(args[3])) return raise_type_error(vm, "setsockopt() takes exactly 3 arguments (2 given)");
    if (has_index(vm, args[3])) {
        if (!c_int_argument(vm, args[3], &number)) return VALUE_ERROR;
        if (network_has(descriptor)) return done(vm, network_set_option(network_that_is(vm), descriptor, level, option, number));
        return done(vm, setsockopt(descriptor, level, option, &number, sizeof number));
    }
    if (!data_argument(vm, args[3], &data, &size)) return VALUE_ERROR;
    if (network_has(descriptor)) return VALUE_NONE;
    return done(vm, setsockopt(descriptor, level, option, data, (socklen_t)size));
}

static Value socket_getsockopt(VM *vm, Value *args, size_t count) {
    enum { MOST = 1024 };
    int level, option, number = 0, size = 0;
    int descriptor = socket_of(args[0])->descriptor;
    if (!c_int_argument(vm, args[1], &level) || !c_int_argument(vm, args[2], &option) || (!is_empty(args[3]) && !c_int_argument(vm, args[3], &size)))
        return VALUE_ERROR;
    if (network_has(descriptor)) {
        if (network_option(network_that_is(vm), descriptor, level, option, &number) < 0) return raise_os_error(vm, errno, VALUE_EMPTY);
        return size ? object_or_error(bytes_new(vm, &number, sizeof number)) : value_small(number);
    }
    if (!size) {
        socklen_t length = sizeof number;
        return getsockopt(descriptor, level, option, &number, &length) < 0 ? raise_os_error(vm, errno, VALUE_EMPTY) : value_small(number);
    }
    if (size < 0 || size > MOST) return raise_error(vm, vm->exceptions.os_error, "getsockopt buflen out of range");
    char data[MOST];
    socklen_t length = (socklen_t)size;
    if (getsockopt(descriptor, level, option, data, &length) < 0) return raise_os_error(vm, errno, VALUE_EMPTY);
    return object_or_error(bytes_new(vm, data, length));
}

static Value socket_fileno(VM *vm, Value *args, size_t count) { return value_small(socket_of(args[0])->descriptor); }

static Value socket_setblocking(VM *vm, Value *args, size_t count) {
    int blocks = value_truth(vm, args[1]);
    return blocks >= 0 && set_timeout(vm, socket_of(args[0]), blocks ? -1 : 0) ? VALUE_NONE : VALUE_ERROR;
}
static Value socket_getblocking(VM *vm, Value *args, size_t count) { return value_bool(socket_of(args[0])->timeout != 0); }

bool timeout_argument(VM *vm, Value v, double *out) {
    *out = -1;
    if (is_none(v)) return true;
    if (!is_any_float(v) && !has_index(vm, v))
        return raise_type_error(vm, "'%s' object cannot be interpreted as an integer", type_name(vm, v)), false;
    if (!value_to_double(vm, v, out)) return false;
    if (isnan(*out)) return raise_value_error(vm, "Invalid value NaN (not a number)"), false;
    if (*out < 0) return raise_value_error(vm, "Timeout value out of range"), false;
    if (*out > 9223372036.0) return raise_overflow_error(vm, "timestamp out of range for platform time_t"), false;
    return true;
}
static Value socket_settimeout(VM *vm, Value *args, size_t count) {
    double seconds;
    return timeout_argument(vm, args[1], &seconds) && set_timeout(vm, socket_of(args[0]), seconds) ? VALUE_NONE : VALUE_ERROR;
}
static Value timeout_value(double seconds) { return seconds < 0 ? VALUE_NONE : value_float(seconds); }
static Value socket_gettimeout(VM *vm, Value *args, size_t count) { return timeout_value(socket_of(args[0])->timeout); }

static Value get_family(VM *vm, Value self) { return value_small(socket_of(self)->family); }
static Value get_type(VM *vm, Value self) { return value_small(socket_of(self)->type); }
static Value get_protocol(VM *vm, Value self) { return value_small(socket_of(self)->protocol); }
static Value get_timeout(VM *vm, Value self) { return timeout_value(socket_of(self)->timeout); }

const AttributeDefinition socket_attributes[] = {{"family", get_family, NULL, "The kind of its addresses, AF_…."},
                                                 {"type", get_type, NULL, "What it carries, SOCK_…."},
                                                 {"proto", get_protocol, NULL, "By which protocol."},
                                                 {"timeout", get_timeout, NULL, "How many seconds calls wait; None: without a limit."},
                                                 {0}};

const NativeDefinition socket_methods[] = {
    {"__new__", socket_make, "cls, /, *args, **keywords", NATIVE_NEW},
    {"__init__", socket_init, "self, family=-1, type=-1, proto=-1, fileno=None", NATIVE_METHOD},
    {"_accept", socket_accept, "self, /", NATIVE_METHOD, "Takes a connection: its descriptor, and the address of its other end."},
    {"bind", socket_bind, "self, address, /", NATIVE_METHOD, "Gives it an address of its own."},
    {"close", socket_close, "self, /", NATIVE_METHOD, "Closes it."},
    {"connect", socket_connect, "self, address, /", NATIVE_METHOD, "Connects it to an address."},
    {"connect_ex", socket_connect_ex, "self, address, /", NATIVE_METHOD, "Connects it: 0, or the number of the error."},
    {"detach", socket_detach, "self, /", NATIVE_METHOD, "Gives up its descriptor without closing it, and returns it."},
    {"fileno", socket_fileno, "self, /", NATIVE_METHOD, "Its descriptor; -1 when it is closed."},
    {"getblocking", socket_getblocking, "self, /", NATIVE_METHOD, "Whether calls wait."},
    {"getpeername", socket_getpeername, "self, /", NATIVE_METHOD, "The address that it is connected to."},
    {"getsockname", socket_getsockname, "self, /", NATIVE_METHOD, "Its own address."},
    {"getsockopt", socket_getsockopt, "self, level, option, buflen=0, /", NATIVE_METHOD, "An option: a number, or so many bytes at most."},
    {"gettimeout", socket_gettimeout, "self, /", NATIVE_METHOD, "How many seconds calls wait; None: without a limit."},
    {"listen", socket_listen, "self, backlog=, /", NATIVE_METHOD, "Lets others connect to it."},
    {"recv", socket_recv, "self, bufsize, flags=0, /", NATIVE_METHOD, "Receives bytes, so many at most; none: the other side has ended."},
    {"recv_into", socket_recv_into, "self, buffer, nbytes=0, flags=0", NATIVE_METHOD, "Receives into a buffer: how many bytes."},
    {"recvfrom", socket_recvfrom, "self, bufsize, flags=0, /", NATIVE_METHOD, "Receives bytes, and the address that they come from."},
    {"recvfrom_into", socket_recvfrom_into, "self, buffer, nbytes=0, flags=0", NATIVE_METHOD, "Receives into a buffer: how many bytes, from what address."},
    {"send", socket_send, "self, data, flags=0, /", NATIVE_METHOD, "Sends bytes: how many of them."},
    {"sendall", socket_sendall, "self, data, flags=0, /", NATIVE_METHOD, "Sends all of the bytes."},
    {"sendto", socket_sendto, "self, data, flags_or_address=, address=, /", NATIVE_METHOD, "Sends bytes to an address: how many of them."},
    {"setblocking", socket_setblocking, "self, flag, /", NATIVE_METHOD, "Has calls wait, or fail where they would have to."},
    {"setsockopt", socket_setsockopt, "self, level, option, value=, optlen=, /", NATIVE_METHOD, "Sets an option to a number or bytes."},
    {"settimeout", socket_settimeout, "self, timeout, /", NATIVE_METHOD, "How many seconds calls may wait; None: without a limit."},
    {"shutdown", socket_shutdown, "self, how, /", NATIVE_METHOD, "Ends one direction of a connection, or both."},
    {0}};

// The system's calls for sockets, or on virtual time those of the network in memory (loop/network.h): each as the system has it.
#ifndef AIOLI_MODULES_CALLS_H
#define AIOLI_MODULES_CALLS_H

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/loop.h"

// The network in memory, on virtual time; NULL on real time, or with an exception when the driver can't be made.
static inline Network *network_of(VM *vm) { return loop_open(vm) ? loop_of(vm)->driver->network : NULL; }

static inline int call_socket(VM *vm, int family, int type, int protocol) {
    Network *network = network_of(vm);
    return network ? network_socket(network, family, type, protocol) : socket(family, type | SOCK_CLOEXEC, protocol);
}
static inline int call_socketpair(VM *vm, int family, int type, int protocol, int descriptors[2]) {
    Network *network = network_of(vm);
    return network ? network_pair(network, family, type, descriptors) : socketpair(family, type | SOCK_CLOEXEC, protocol, descriptors);
}
// Sockets of a network may outlive it: their calls fail then.
static inline Network *network_that_is(VM *vm) { return vm->loop && loop_of(vm)->driver ? loop_of(vm)->driver->network : NULL; }

#define CALL(result, name, parameters, virtual_call, system_call) \
    static inline result call_##name parameters { return network_has(descriptor) ? virtual_call : system_call; }
CALL(int, bind, (VM *vm, int descriptor, const struct sockaddr *address, socklen_t size),
     network_bind(network_that_is(vm), descriptor, address, size), bind(descriptor, address, size))
CALL(int, listen, (VM *vm, int descriptor, int backlog), network_listen(network_that_is(vm), descriptor, backlog), listen(descriptor, backlog))
CALL(int, connect, (VM *vm, int descriptor, const struct sockaddr *address, socklen_t size),
     network_connect(network_that_is(vm), descriptor, address, size), connect(descriptor, address, size))
CALL(int, accept, (VM *vm, int descriptor, struct sockaddr *address, socklen_t *size),
     network_accept(network_that_is(vm), descriptor, address, size), accept4(descriptor, address, size, SOCK_CLOEXEC))
CALL(ssize_t, receive, (VM *vm, int descriptor, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *from_size),
     network_receive(network_that_is(vm), descriptor, data, size, flags, from, from_size), recvfrom(descriptor, data, size, flags, from, from_size))
CALL(ssize_t, send, (VM *vm, int descriptor, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t to_size),
     network_send(network_that_is(vm), descriptor, data, size, to, to_size), sendto(descriptor, data, size, flags | MSG_NOSIGNAL, to, to_size))
CALL(int, shutdown, (VM *vm, int descriptor, int how), network_shutdown(network_that_is(vm), descriptor, how), shutdown(descriptor, how))
CALL(int, close, (VM *vm, int descriptor), network_close(network_that_is(vm), descriptor), close(descriptor))
CALL(int, getsockname, (VM *vm, int descriptor, struct sockaddr *address, socklen_t *size),
     network_name(network_that_is(vm), descriptor, false, address, size), getsockname(descriptor, address, size))
CALL(int, getpeername, (VM *vm, int descriptor, struct sockaddr *address, socklen_t *size),
     network_name(network_that_is(vm), descriptor, true, address, size), getpeername(descriptor, address, size))
// A socket in memory blocks nobody, whatever it is to seem.
CALL(int, get_flags, (int descriptor), 0, fcntl(descriptor, F_GETFL))
CALL(int, set_flags, (int descriptor, int flags), 0 * flags, fcntl(descriptor, F_SETFL, flags))
#undef CALL

#endif

// What the files of the module _socket share: the socket, addresses, errors of names.
#ifndef AIOLI_MODULES_NETWORK_INTERNAL_H
#define AIOLI_MODULES_NETWORK_INTERNAL_H

#include <sys/socket.h>
#include <sys/un.h>

#include "modules/library.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/shared/builtin.h"

typedef struct {
    NativeData data;
    int descriptor; // -1: it is closed
    int family, type, protocol;
    double timeout; // seconds that a call may wait; 0: it does not, negative: without a limit
} Socket;

typedef struct {
    union {
        struct sockaddr any;
        struct sockaddr_storage storage;
        struct sockaddr_un local;
    };
    socklen_t length;
} Address;

extern const TypeOps socket_ops;
static inline Socket *socket_of(Value v) { return (Socket *)object_of(v); }

// A socket object for a descriptor, which is its own from then on; on failure it is closed. VALUE_ERROR with an exception.
Value socket_wrap(VM *vm, Class *cls, int descriptor, int family, int type, int protocol);
// The time of the clock that a socket goes by: loop_system_time, or the virtual one.
double network_time(VM *vm, int descriptor);
// Waits until a descriptor is ready for poll(2)'s events, or that clock has come to `end`. 1, 0, or -1 with an exception. [script]
int network_wait(VM *vm, int descriptor, short events, double end);

// ---- address.c
// An address of a family as a script gives it. A name among them is looked up, which may take its time. `function` is for messages.
// False with an exception. [script]
bool address_from_value(VM *vm, const char *function, int family, Value v, Address *out);
// The other way round. VALUE_ERROR with an exception.
Value address_to_value(VM *vm, const Address *address);
// A port number, 0 to 65535. False with an exception. [script]
bool port_argument(VM *vm, const char *function, Value v, uint16_t *out);
// The text of a host's name as the system wants it: of a str (by IDNA when it is not ASCII), bytes or bytearray; NULL for None, where that
// is allowed. It lies in *holder. False with an exception. [script]
bool host_argument(VM *vm, Value v, bool none, Value *holder, const char **out);

// ---- resolve.c
// gaierror for one of getaddrinfo's numbers.
Value raise_name_error(VM *vm, int number);
// One of getaddrinfo's answers: (family, type, proto, canonname, address). VALUE_ERROR with an exception.
struct addrinfo;
// getaddrinfo(3); on virtual time of the names that the test has set.
int resolve_host(VM *vm, const char *host, const char *port, struct addrinfo *wanted, struct addrinfo **found);
Value address_entry(VM *vm, const struct addrinfo *entry);
extern const NativeDefinition resolve_functions[];
bool resolve_add(VM *vm, Dict *namespace);

// ---- lookup.c
bool lookup_add(VM *vm, Dict *namespace);


// ---- constants.c
bool network_constants_add(VM *vm, Dict *namespace);

extern const NativeDefinition socket_methods[];
extern const AttributeDefinition socket_attributes[];
// Seconds of a timeout argument; -1 for None. False with an exception. [script]
bool timeout_argument(VM *vm, Value v, double *out);

#endif

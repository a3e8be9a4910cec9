// The loop's methods that have to do with the world outside: functions of asyncio's modules do what they do.
#include <string.h>

#include "loop/methods.h"
#include "loop/module.h"
#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/text/str.h"
#include "vm/import.h"

// self; the named arguments; then the others. Calls function(self, ...).
static Value forward(VM *vm, const char *home, const char *function, Value *args, size_t count) {
    Value arguments[NATIVE_MAX_PARAMETERS];
    size_t others = count - 2;
    if (others >= NATIVE_MAX_PARAMETERS) return raise_type_error(vm, "%s() got too many arguments", function);
    String *module_name = string_intern_from(vm, home, strlen(home)), *name = string_from(vm, function);
    Value module = module_name && name ? import_module(vm, module_name) : VALUE_ERROR;
    Value called = is_error(module) ? module : value_get_attribute(vm, module, name);
    if (is_error(called)) return called;
    arguments[0] = args[0];
    for (size_t i = 0; i < others; i++) arguments[1 + i] = args[2 + i];
    return call_with_dict(vm, called, arguments, 1 + others, (Dict *)object_of(args[1]));
}

#define METHODS(each)                                                                                                                    \
    each(descriptors, add_reader, "Calls callback(*args) whenever a descriptor can be read from.")                                       \
    each(descriptors, remove_reader, "Ends add_reader(): whether there was one.")                                                        \
    each(descriptors, add_writer, "Calls callback(*args) whenever a descriptor can be written to.")                                      \
    each(descriptors, remove_writer, "Ends add_writer(): whether there was one.")                                                        \
    each(descriptors, sock_recv, "Receives bytes from a socket.")                                                                        \
    each(descriptors, sock_recv_into, "Receives into a buffer from a socket: how many bytes.")                                           \
    each(descriptors, sock_recvfrom, "Receives a message from a socket, and the address that it comes from.")                            \
    each(descriptors, sock_recvfrom_into, "Receives a message into a buffer: how many bytes, from what address.")                        \
    each(descriptors, sock_sendto, "Sends a message by a socket to an address.")                                                         \
    each(descriptors, sock_sendall, "Sends all of the bytes by a socket.")                                                               \
    each(descriptors, sock_accept, "Takes a connection: its socket, and the address of its other end.")                                  \
    each(descriptors, sock_connect, "Connects a socket to an address.")                                                                  \
    each(descriptors, sock_sendfile, "Sends what a file holds by a socket.")                                                             \
    each(descriptors, sendfile, "Sends what a file holds over a transport.")                                                             \
    each(descriptors, getaddrinfo, "What to connect to, to reach a host and port; see socket.getaddrinfo().")                            \
    each(descriptors, getnameinfo, "The names of an address; see socket.getnameinfo().")                                                 \
    each(connections, create_connection, "Connects to a host and port: a transport, and the protocol that the factory gives.")           \
    each(connections, create_unix_connection, "Connects to a socket of the file system: a transport and its protocol.")                  \
    each(connections, connect_accepted_socket, "A transport and its protocol for a connection that was taken otherwise.")                \
    each(servers, create_server, "Takes connections to a host and port, with a protocol for each; gives the Server.")                    \
    each(servers, create_unix_server, "Takes connections to a socket of the file system; gives the Server.")                             \
    each(datagrams, create_datagram_endpoint, "A transport of single messages, and its protocol.")                                       \
    each(descriptors, connect_read_pipe, "A transport that reads from a pipe, and its protocol.")                                        \
    each(descriptors, connect_write_pipe, "A transport that writes to a pipe, and its protocol.")                                        \
    each(processes, subprocess_exec, "Starts a program: a transport of the process, and its protocol.")                                  \
    each(processes, subprocess_shell, "Runs a command line in the shell: a transport of the process, and its protocol.")                 \
    each(threads, run_in_executor, "Does beside the loop what a function of the system does that waits; see asyncio.to_thread().")       \
    each(signals, add_signal_handler, "Calls callback(*args) whenever a signal comes.")                                                  \
    each(signals, remove_signal_handler, "Ends add_signal_handler(): whether there was one.")

#define FUNCTION(module, name, text)                                                                                                             \
    static Value loop_##name(VM *vm, Value *args, size_t count) { return forward(vm, "asyncio." #module, #name, args, count); }
METHODS(FUNCTION)
#undef FUNCTION

#define ROW(module, name, text) {#name, loop_##name, "self, /, *args, **options", NATIVE_METHOD, text},
const NativeDefinition outside_methods[] = {METHODS(ROW){0}};
#undef ROW

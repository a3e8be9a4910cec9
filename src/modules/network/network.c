// The module _socket: what the module socket stands on.
#define _GNU_SOURCE // accept4

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "modules/modules.h"
#include "modules/network/calls.h"
#include "modules/network/network_internal.h"
#include "modules/system/file.h"

static Value module_socketpair(VM *vm, Value *args, size_t count) {
    int family = AF_UNIX, type = SOCK_STREAM, protocol = 0, descriptors[2];
    if (!vm_permit(vm, CAPABILITY_NETWORK, NULL) || (!is_empty(args[0]) && !is_none(args[0]) && !c_int_argument(vm, args[0], &family)) ||
        (!is_empty(args[1]) && !c_int_argument(vm, args[1], &type)) || (!is_empty(args[2]) && !c_int_argument(vm, args[2], &protocol)))
        return VALUE_ERROR;
    if (call_socketpair(vm, family, type, protocol, descriptors) < 0) return is_empty(vm->exception) ? raise_os_error(vm, errno, VALUE_EMPTY) : VALUE_ERROR;
    Class *cls = library_of(vm)->classes[LIBRARY_SOCKET];
    Value first = socket_wrap(vm, cls, descriptors[0], family, type, protocol);
    if (is_error(first)) return call_close(vm, descriptors[1]), VALUE_ERROR;
    Value second = socket_wrap(vm, cls, descriptors[1], family, type, protocol);
    if (is_error(second)) return VALUE_ERROR;
    Value pair[] = {first, second};
    return object_or_error(tuple_from(vm, pair, 2));
}

static Value module_close(VM *vm, Value *args, size_t count) {
    int descriptor;
    if (!vm_permit(vm, CAPABILITY_NETWORK, NULL) || !c_int_argument(vm, args[0], &descriptor)) return VALUE_ERROR;
    return call_close(vm, descriptor) < 0 && errno != ECONNRESET && errno != EINTR ? raise_os_error(vm, errno, VALUE_EMPTY) : VALUE_NONE;
}

static Value module_dup(VM *vm, Value *args, size_t count) {
    int descriptor;
    if (!vm_permit(vm, CAPABILITY_NETWORK, NULL) || !c_int_argument(vm, args[0], &descriptor)) return VALUE_ERROR;
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? raise_os_error(vm, errno, VALUE_EMPTY) : value_small(copy);
}

static Value module_is_virtual(VM *vm, Value *args, size_t count) { return value_bool(loop_of(vm)->use_virtual_time); }
static Value module_getdefaulttimeout(VM *vm, Value *args, size_t count) {
    double seconds = library_of(vm)->socket_timeout;
    return seconds < 0 ? VALUE_NONE : value_float(seconds);
}
static Value module_setdefaulttimeout(VM *vm, Value *args, size_t count) {
    double seconds;
    if (!timeout_argument(vm, args[0], &seconds)) return VALUE_ERROR;
    library_of(vm)->socket_timeout = seconds;
    return VALUE_NONE;
}

static const NativeDefinition functions[] = {
    {"socketpair", module_socketpair, "family=, type=, proto=0, /", NATIVE_METHOD, "Two sockets that are connected to each other."},
    {"close", module_close, "fd, /", NATIVE_METHOD, "Closes a socket's descriptor."},
    {"dup", module_dup, "fd, /", NATIVE_METHOD, "Another descriptor of the same socket."},
    {"_is_virtual", module_is_virtual, "", NATIVE_METHOD},
    {"getdefaulttimeout", module_getdefaulttimeout, "", NATIVE_METHOD, "How many seconds the calls of new sockets may wait; None: without a limit."},
    {"setdefaulttimeout", module_setdefaulttimeout, "timeout, /", NATIVE_METHOD, "How many seconds the calls of new sockets may wait; None: without a limit."},
    {0}};

bool socket_module_fill(VM *vm, ModuleObject *module) {
    Dict *namespace = module->namespace;
    library_of(vm)->socket_timeout = -1;
    Class *cls = library_of(vm)->classes[LIBRARY_SOCKET] = native_data_class(vm, "_socket", "socket", &socket_ops, sizeof(Socket), 0);
    return cls && add_text(vm, cls->attributes, "__doc__", "One end of a connection, or what waits for some.") && native_add_methods(vm, cls, socket_methods) > 0 && native_add_attributes(vm, cls, socket_attributes) > 0 &&
           add_value(vm, namespace, "socket", value_object(cls)) && add_value(vm, namespace, "SocketType", value_object(cls)) &&
           add_value(vm, namespace, "error", value_object(vm->exceptions.os_error)) &&
           add_value(vm, namespace, "timeout", value_object(vm->exceptions.timeout_error)) && add_value(vm, namespace, "has_ipv6", VALUE_TRUE) &&
           add_text(vm, namespace, "__doc__", "Sockets, addresses and names of the network; socket has it for programs.") &&
           resolve_add(vm, namespace) && lookup_add(vm, namespace) && network_constants_add(vm, namespace) && native_add_functions(vm, namespace, functions) > 0 &&
           native_add_functions(vm, namespace, resolve_functions) > 0;
}

// Names of hosts and services, and addresses as text and as bytes.
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "loop/loop.h"
#include "modules/network/network_internal.h"
#include "modules/system/file.h"
#include "object/container/dict.h"
#include "object/text/bytes.h"

Value raise_name_error(VM *vm, int number) {
    if (number == EAI_SYSTEM) return raise_os_error(vm, errno, VALUE_EMPTY);
    String *text = string_from(vm, gai_strerror(number));
    if (!text) return VALUE_ERROR;
    Value arguments[] = {value_small(number), value_object(text)};
    Value e = call_class(vm, library_of(vm)->classes[LIBRARY_NAME_ERROR], arguments, 2);
    return is_error(e) ? e : raise_value(vm, e);
}

int resolve_host(VM *vm, const char *host, const char *port, struct addrinfo *wanted, struct addrinfo **found) {
    if (host && loop_of(vm)->use_virtual_time) {
        // There are no names but those that the test has set.
        const char *address = network_host(&loop_of(vm)->network, host);
        if (address) host = address;
        wanted->ai_flags |= AI_NUMERICHOST;
    }
    return getaddrinfo(host, port, wanted, found);
}

static bool permitted(VM *vm) { return vm_permit(vm, CAPABILITY_NETWORK, NULL); }

Value address_entry(VM *vm, const struct addrinfo *entry) {
    Address address = {.length = entry->ai_addrlen};
    memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    Value where = address_to_value(vm, &address);
    if (is_error(where)) return where;
    String *name = string_from(vm, entry->ai_canonname ? entry->ai_canonname : "");
    if (!name) return VALUE_ERROR;
    Value parts[] = {value_small(entry->ai_family), value_small(entry->ai_socktype), value_small(entry->ai_protocol), value_object(name), where};
    return object_or_error(tuple_from(vm, parts, 5));
}

static Value network_getaddrinfo(VM *vm, Value *args, size_t count) {
    struct addrinfo wanted = {0}, *found = NULL;
    Value host_holder = VALUE_NONE, port_holder = args[1];
    const char *host, *port = NULL;
    char number[32];
    if (!permitted(vm)) return VALUE_ERROR;
    if (!is_none(args[0]) && !is_string(args[0]) && !is_kind(args[0], KIND_BYTES))
        return raise_type_error(vm, "getaddrinfo() argument 1 must be string or None");
    if (!host_argument(vm, args[0], true, &host_holder, &host)) return VALUE_ERROR;
    if (has_index(vm, args[1])) {
        int64_t n;
        if (!value_index_int64(vm, args[1], false, &n)) return VALUE_ERROR;
        snprintf(number, sizeof number, "%lld", (long long)n);
        port = number;
    } else if (is_string(args[1]) || is_kind(args[1], KIND_BYTES)) {
        if (!host_argument(vm, args[1], false, &port_holder, &port)) return VALUE_ERROR;
    } else if (!is_none(args[1])) {
        return raise_error(vm, vm->exceptions.os_error, "Int or String expected");
    }
    int *fields[] = {&wanted.ai_family, &wanted.ai_socktype, &wanted.ai_protocol, &wanted.ai_flags};
    for (size_t i = 0; i < 4; i++)
        if (!is_empty(args[2 + i]) && !c_int_argument(vm, args[2 + i], fields[i])) return VALUE_ERROR;
    int status = resolve_host(vm, host, port, &wanted, &found);
    if (status) return raise_name_error(vm, status);
    List *list = list_new(vm, 0);
    for (const struct addrinfo *entry = found; list && entry; entry = entry->ai_next) {
        Value value = address_entry(vm, entry);
        if (is_error(value) || !list_append(vm, list, value)) list = NULL;
    }
    freeaddrinfo(found);
    return object_or_error(list);
}

// (host, port[, flowinfo[, scope]]) of numbers.
static Value network_getnameinfo(VM *vm, Value *args, size_t count) {
    int flags;
    uint16_t port;
    if (!permitted(vm)) return VALUE_ERROR;
    if (!is_tuple(args[0])) return raise_type_error(vm, "getnameinfo() argument 1 must be a tuple");
    const Tuple *parts = tuple_of(args[0]);
    if (parts->length < 2 || parts->length > 4 || !is_string(parts->items[0]))
        return raise_type_error(vm, "getnameinfo(): illegal sockaddr argument");
    if (!c_int_argument(vm, args[1], &flags) || !port_argument(vm, "getsockaddrarg", parts->items[1], &port)) return VALUE_ERROR;
    Value holder = VALUE_NONE;
    const char *host;
    if (!host_argument(vm, parts->items[0], false, &holder, &host)) return VALUE_ERROR;
    struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST}, *found = NULL;
    char text[16];
    snprintf(text, sizeof text, "%u", port);
    int status = getaddrinfo(host, text, &wanted, &found);
    if (status) return raise_name_error(vm, status);
    if (found->ai_next) return freeaddrinfo(found), raise_error(vm, vm->exceptions.os_error, "sockaddr resolved to multiple addresses");
    if (found->ai_family == AF_INET && parts->length != 2)
        return freeaddrinfo(found), raise_error(vm, vm->exceptions.os_error, "IPv4 sockaddr must be 2 tuple");
    if (found->ai_family == AF_INET6) {
        int64_t flow = 0, scope = 0;
        if ((parts->length > 2 && !value_index_int64(vm, parts->items[2], true, &flow)) ||
            (parts->length > 3 && !value_index_int64(vm, parts->items[3], true, &scope)))
            return freeaddrinfo(found), VALUE_ERROR;
        ((struct sockaddr_in6 *)found->ai_addr)->sin6_flowinfo = htonl((uint32_t)flow);
        ((struct sockaddr_in6 *)found->ai_addr)->sin6_scope_id = (uint32_t)scope;
    }
    char name[NI_MAXHOST], service[NI_MAXSERV];
    status = getnameinfo(found->ai_addr, found->ai_addrlen, name, sizeof name, service, sizeof service, flags);
    freeaddrinfo(found);
    if (status) return raise_name_error(vm, status);
    String *first = string_from(vm, name), *second = string_from(vm, service);
    if (!first || !second) return VALUE_ERROR;
    Value both[] = {value_object(first), value_object(second)};
    return object_or_error(tuple_from(vm, both, 2));
}

static Value network_gethostname(VM *vm, Value *args, size_t count) {
    char name[256] = "";
    if (!permitted(vm)) return VALUE_ERROR;
    if (gethostname(name, sizeof name - 1) < 0) return raise_os_error(vm, errno, VALUE_EMPTY);
    return object_or_error(string_from(vm, name));
}

static Value network_gethostbyname(VM *vm, Value *args, size_t count) {
    Value holder = VALUE_NONE;
    const char *host;
    if (!permitted(vm) || !host_argument(vm, args[0], false, &holder, &host)) return VALUE_ERROR;
    struct addrinfo wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    if (!*host) return object_or_error(string_from(vm, "0.0.0.0"));
    if (!strcmp(host, "<broadcast>")) return object_or_error(string_from(vm, "255.255.255.255"));
    int status = resolve_host(vm, host, NULL, &wanted, &found);
    if (status) return raise_name_error(vm, status);
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &((struct sockaddr_in *)found->ai_addr)->sin_addr, text, sizeof text);
    freeaddrinfo(found);
    return object_or_error(string_from(vm, text));
}

// ---- Services and protocols

static Value service_missing(VM *vm) { return raise_error(vm, vm->exceptions.os_error, "service/proto not found"); }

static bool name_argument(VM *vm, const char *function, Value v, const char **out) {
    if (is_empty(v)) return *out = NULL, true;
    if (!is_string(v)) return raise_type_error(vm, "%s() argument must be str, not %s", function, type_name(vm, v)), false;
    if (!string_terminate(vm, string_of(v))) return false;
    *out = string_of(v)->data;
    return true;
}

static Value network_getservbyname(VM *vm, Value *args, size_t count) {
    const char *name, *protocol;
    if (!name_argument(vm, "getservbyname", args[0], &name) || !name_argument(vm, "getservbyname", args[1], &protocol)) return VALUE_ERROR;
    struct servent found, *entry = NULL;
    char room[1024];
    if (getservbyname_r(name, protocol, &found, room, sizeof room, &entry) || !entry) return service_missing(vm);
    return value_small(ntohs((uint16_t)entry->s_port));
}

static Value network_getservbyport(VM *vm, Value *args, size_t count) {
    int64_t port;
    const char *protocol;
    if (!value_index_int64(vm, args[0], true, &port) || !name_argument(vm, "getservbyport", args[1], &protocol)) return VALUE_ERROR;
    if (port < 0 || port > 65535) return raise_overflow_error(vm, "getservbyport: port must be 0-65535.");
    struct servent found, *entry = NULL;
    char room[1024];
    if (getservbyport_r(htons((uint16_t)port), protocol, &found, room, sizeof room, &entry) || !entry)
        return raise_error(vm, vm->exceptions.os_error, "port/proto not found");
    return object_or_error(string_from(vm, entry->s_name));
}

static Value network_getprotobyname(VM *vm, Value *args, size_t count) {
    const char *name;
    if (!name_argument(vm, "getprotobyname", args[0], &name)) return VALUE_ERROR;
    struct protoent found, *entry = NULL;
    char room[1024];
    if (getprotobyname_r(name, &found, room, sizeof room, &entry) || !entry)
        return raise_error(vm, vm->exceptions.os_error, "protocol not found");
    return value_small(entry->p_proto);
}

// ---- Bytes

static Value network_inet_aton(VM *vm, Value *args, size_t count) {
    const char *text;
    struct in_addr address;
    if (!name_argument(vm, "inet_aton", args[0], &text)) return VALUE_ERROR;
    if (!inet_aton(text, &address)) return raise_error(vm, vm->exceptions.os_error, "illegal IP address string passed to inet_aton");
    return object_or_error(bytes_new(vm, &address, sizeof address));
}

static bool packed_argument(VM *vm, Value v, size_t wanted, const char *message, const unsigned char **data) {
    size_t size;
    if (!bytes_view(v, data, &size)) return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, v)), false;
    if (size == wanted) return true;
    raise_error(vm, message ? vm->exceptions.os_error : vm->exceptions.value_error, "%s", message ? message : "invalid length of packed IP address string");
    return false;
}

static Value network_inet_ntoa(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    char text[INET_ADDRSTRLEN];
    if (!packed_argument(vm, args[0], 4, "packed IP wrong length for inet_ntoa", &data)) return VALUE_ERROR;
    inet_ntop(AF_INET, data, text, sizeof text);
    return object_or_error(string_from(vm, text));
}

static Value network_inet_pton(VM *vm, Value *args, size_t count) {
    int family;
    const char *text;
    unsigned char data[16];
    if (!c_int_argument(vm, args[0], &family) || !name_argument(vm, "inet_pton", args[1], &text)) return VALUE_ERROR;
    int status = inet_pton(family, text, data);
    if (status < 0) return raise_os_error(vm, errno, VALUE_EMPTY);
    if (status == 0) return raise_error(vm, vm->exceptions.os_error, "illegal IP address string passed to inet_pton");
    return object_or_error(bytes_new(vm, data, family == AF_INET ? 4 : 16));
}

static Value network_inet_ntop(VM *vm, Value *args, size_t count) {
    int family;
    const unsigned char *data;
    char text[INET6_ADDRSTRLEN];
    if (!c_int_argument(vm, args[0], &family)) return VALUE_ERROR;
    if (family != AF_INET && family != AF_INET6) return raise_value_error(vm, "unknown address family %d", family);
    if (!packed_argument(vm, args[1], family == AF_INET ? 4 : 16, NULL, &data)) return VALUE_ERROR;
    inet_ntop(family, data, text, sizeof text);
    return object_or_error(string_from(vm, text));
}

static Value swap_16(VM *vm, Value v, const char *function) {
    int64_t number;
    if (!value_index_int64(vm, v, true, &number)) return VALUE_ERROR;
    if (number < 0) return raise_overflow_error(vm, "%s: can't convert negative Python int to C 16-bit unsigned integer", function);
    if (number > UINT16_MAX) return raise_overflow_error(vm, "%s: Python int too large to convert to C 16-bit unsigned integer", function);
    return value_small(htons((uint16_t)number));
}
static Value swap_32(VM *vm, Value v) {
    int64_t number;
    if (!is_int(v)) return raise_type_error(vm, "expected int, %s found", type_name(vm, v));
    if (!value_index_int64(vm, v, true, &number)) return VALUE_ERROR;
    if (number < 0) return raise_overflow_error(vm, "can't convert negative value to unsigned int");
    if (number > UINT32_MAX) return raise_overflow_error(vm, "int larger than 32 bits");
    return value_small(htonl((uint32_t)number));
}
static Value network_htons(VM *vm, Value *args, size_t count) { return swap_16(vm, args[0], "htons"); }
static Value network_ntohs(VM *vm, Value *args, size_t count) { return swap_16(vm, args[0], "ntohs"); }
static Value network_htonl(VM *vm, Value *args, size_t count) { return swap_32(vm, args[0]); }
static Value network_ntohl(VM *vm, Value *args, size_t count) { return swap_32(vm, args[0]); }

// ---- Interfaces

static Value network_if_nameindex(VM *vm, Value *args, size_t count) {
    if (!permitted(vm)) return VALUE_ERROR;
    struct if_nameindex *all = if_nameindex();
    if (!all) return raise_os_error(vm, errno, VALUE_EMPTY);
    List *list = list_new(vm, 0);
    for (size_t i = 0; list && all[i].if_index; i++) {
        String *name = string_from(vm, all[i].if_name);
        Value parts[] = {value_small(all[i].if_index), object_or_error(name)};
        Tuple *pair = name ? tuple_from(vm, parts, 2) : NULL;
        if (!pair || !list_append(vm, list, value_object(pair))) list = NULL;
    }
    if_freenameindex(all);
    return object_or_error(list);
}
static Value network_if_nametoindex(VM *vm, Value *args, size_t count) {
    const char *name;
    if (!permitted(vm) || !name_argument(vm, "if_nametoindex", args[0], &name)) return VALUE_ERROR;
    unsigned index = if_nametoindex(name);
    return index ? value_small(index) : raise_error(vm, vm->exceptions.os_error, "no interface with this name");
}
static Value network_if_indextoname(VM *vm, Value *args, size_t count) {
    int64_t index;
    char name[IF_NAMESIZE];
    if (!permitted(vm) || !value_index_int64(vm, args[0], true, &index)) return VALUE_ERROR;
    return if_indextoname((unsigned)index, name) ? object_or_error(string_from(vm, name)) : raise_os_error(vm, errno, VALUE_EMPTY);
}

const NativeDefinition resolve_functions[] = {
    {"getaddrinfo", network_getaddrinfo, "host, port, family=0, type=0, proto=0, flags=0", NATIVE_METHOD,
     "What to open and to connect to, to reach a host and port: a list of (family, type, proto, canonname, address)."},
    {"getnameinfo", network_getnameinfo, "sockaddr, flags, /", NATIVE_METHOD, "The names of an address's host and port."},
    {"gethostname", network_gethostname, "", NATIVE_METHOD, "This machine's name."},
    {"gethostbyname", network_gethostbyname, "hostname, /", NATIVE_METHOD, "The IPv4 address of a host, as text."},
    {"getservbyname", network_getservbyname, "servicename, protocolname=, /", NATIVE_METHOD, "The port of a service."},
    {"getservbyport", network_getservbyport, "port, protocolname=, /", NATIVE_METHOD, "The name of the service at a port."},
    {"getprotobyname", network_getprotobyname, "name, /", NATIVE_METHOD, "The number of a protocol."},
    {"inet_aton", network_inet_aton, "ip_addr, /", NATIVE_METHOD, "The four bytes of an IPv4 address."},
    {"inet_ntoa", network_inet_ntoa, "packed_ip, /", NATIVE_METHOD, "The text of the four bytes of an IPv4 address."},
    {"inet_pton", network_inet_pton, "address_family, ip_string, /", NATIVE_METHOD, "The bytes of an IP address."},
    {"inet_ntop", network_inet_ntop, "address_family, packed_ip, /", NATIVE_METHOD, "The text of the bytes of an IP address."},
    {"htons", network_htons, "x, /", NATIVE_METHOD, "16 bits of a number in the network's order of bytes."},
    {"ntohs", network_ntohs, "x, /", NATIVE_METHOD, "16 bits of a number from the network's order of bytes."},
    {"htonl", network_htonl, "x, /", NATIVE_METHOD, "32 bits of a number in the network's order of bytes."},
    {"ntohl", network_ntohl, "x, /", NATIVE_METHOD, "32 bits of a number from the network's order of bytes."},
    {"if_nameindex", network_if_nameindex, "", NATIVE_METHOD, "The network's interfaces: pairs of number and name."},
    {"if_nametoindex", network_if_nametoindex, "oname, /", NATIVE_METHOD, "The number of an interface."},
    {"if_indextoname", network_if_indextoname, "index, /", NATIVE_METHOD, "The name of an interface."},
    {0}};

static Class *add_error(VM *vm, Dict *namespace, const char *name, const char *text) {
    String *own = string_from(vm, name), *module = string_from(vm, "socket");
    Value base_value = value_object(vm->exceptions.os_error);
    Tuple *base = tuple_from(vm, &base_value, 1);
    Dict *attributes = dict_new(vm);
    if (!own || !module || !base || !attributes || !add_value(vm, attributes, "__module__", value_object(module)) ||
        !add_text(vm, attributes, "__doc__", text))
        return NULL;
    Class *cls = class_new(vm, NULL, own, base, attributes);
    return cls && add_value(vm, namespace, name, value_object(cls)) ? cls : NULL;
}

bool resolve_add(VM *vm, Dict *namespace) {
    library_of(vm)->classes[LIBRARY_NAME_ERROR] = add_error(vm, namespace, "gaierror", "A host's name or address was not found.");
    return library_of(vm)->classes[LIBRARY_NAME_ERROR] && add_error(vm, namespace, "herror", "A host was not found.");
}

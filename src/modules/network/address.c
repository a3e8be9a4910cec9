// Addresses: what scripts write for them, and what the system has.
#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "modules/network/network_internal.h"
#include "object/text/bytes.h"
#include "object/text/codec.h"

bool port_argument(VM *vm, const char *function, Value v, uint16_t *out) {
    int64_t port;
    if (!value_index_int64(vm, v, true, &port)) return false;
    if (port < 0 || port > 65535) return raise_overflow_error(vm, "%s: port must be 0-65535.", function), false;
    *out = (uint16_t)port;
    return true;
}

bool host_argument(VM *vm, Value v, bool none, Value *holder, const char **out) {
    *out = NULL;
    if (none && is_none(v)) return true;
    if (is_string(v)) {
        String *name = string_of(v);
        if (name->size == name->length) {
            if (!string_terminate(vm, name)) return false;
            *holder = v;
            *out = name->data;
        } else {
            String *encoding = string_from(vm, "idna");
            if (!encoding) return false;
            Value argument = value_object(encoding);
            v = value_call_method(vm, v, "encode", &argument, 1);
            if (is_error(v)) return false;
        }
    }
    size_t size = is_string(v) ? string_of(v)->size : 0;
    if (!*out) {
        const unsigned char *data;
        if (is_kind(v, KIND_MEMORYVIEW) || !bytes_view(v, &data, &size))
            return raise_type_error(vm, "str, bytes or bytearray expected, not %s", is_none(v) ? "NoneType" : type_name(vm, v)), false;
        // A copy that ends with a zero byte, and that no script changes.
        Bytes *copy = bytes_new(vm, NULL, size + 1);
        if (!copy) return false;
        memcpy(copy->data, data, size);
        *holder = value_object(copy);
        *out = (const char *)copy->data;
    }
    if (memchr(*out, 0, size)) return raise_type_error(vm, "host name must not contain null character"), false;
    return true;
}

// A host's address of a family, 4 or 16 bytes, by number or by name.
static bool find_host(VM *vm, int family, Value host, struct sockaddr *out, socklen_t size) {
    Value holder = VALUE_NONE;
    const char *name;
    if (!host_argument(vm, host, false, &holder, &name)) return false;
    struct addrinfo wanted = {.ai_family = family, .ai_socktype = SOCK_DGRAM}, *found = NULL;
    if (!*name) {
        name = NULL;
        wanted.ai_flags = AI_PASSIVE;
    } else if (family == AF_INET && (!strcmp(name, "<broadcast>") || !strcmp(name, "255.255.255.255"))) {
        ((struct sockaddr_in *)out)->sin_addr.s_addr = INADDR_BROADCAST;
        return true;
    } else if (family == AF_INET && inet_pton(AF_INET, name, &((struct sockaddr_in *)out)->sin_addr) == 1) {
        return true;
    }
    int status = resolve_host(vm, name, name ? NULL : "0", &wanted, &found);
    if (status) return raise_name_error(vm, status), false;
    memcpy(out, found->ai_addr, found->ai_addrlen < size ? found->ai_addrlen : size);
    freeaddrinfo(found);
    return true;
}

static bool internet_address(VM *vm, const char *function, Value v, Address *out) {
    if (!is_tuple(v)) return raise_type_error(vm, "%s(): AF_INET address must be tuple, not %s", function, type_name(vm, v)), false;
    const Tuple *parts = tuple_of(v);
    if (parts->length != 2) return raise_type_error(vm, "AF_INET address must be a pair (host, port)"), false;
    char name[64];
    snprintf(name, sizeof name, "%s()", function);
    struct sockaddr_in *address = (struct sockaddr_in *)&out->storage;
    uint16_t port;
    if (!find_host(vm, AF_INET, parts->items[0], &out->any, sizeof *address) || !port_argument(vm, name, parts->items[1], &port)) return false;
    address->sin_family = AF_INET;
    address->sin_port = htons(port);
    out->length = sizeof *address;
    return true;
}

static bool internet_6_address(VM *vm, const char *function, Value v, Address *out) {
    if (!is_tuple(v)) return raise_type_error(vm, "%s(): AF_INET6 address must be tuple, not %s", function, type_name(vm, v)), false;
    const Tuple *parts = tuple_of(v);
    if (parts->length < 2 || parts->length > 4)
        return raise_type_error(vm, "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])"), false;
    char name[64];
    snprintf(name, sizeof name, "%s()", function);
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)&out->storage;
    uint16_t port;
    int64_t flow = 0, scope = -1;
    if (!find_host(vm, AF_INET6, parts->items[0], &out->any, sizeof *address) || !port_argument(vm, name, parts->items[1], &port) ||
        (parts->length > 2 && !value_index_int64(vm, parts->items[2], true, &flow)) ||
        (parts->length > 3 && !value_index_int64(vm, parts->items[3], true, &scope)))
        return false;
    if (flow < 0 || flow > 0xfffff) return raise_overflow_error(vm, "%s(): flowinfo must be 0-1048575.", function), false;
    address->sin6_family = AF_INET6;
    address->sin6_port = htons(port);
    address->sin6_flowinfo = htonl((uint32_t)flow);
    if (scope >= 0) address->sin6_scope_id = (uint32_t)scope; // else what the host's name has said ("fe80::1%eth0")
    out->length = sizeof *address;
    return true;
}

static bool local_address(VM *vm, Value v, Address *out) {
    const unsigned char *data;
    size_t size;
    if (is_string(v)) {
        String *errors = string_from(vm, "surrogateescape");
        v = errors ? text_encode(vm, string_of(v), NULL, errors) : VALUE_ERROR;
        if (is_error(v)) return false;
    }
    if (!bytes_view(v, &data, &size)) return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, v)), false;
    // One that begins with a zero byte is a name of Linux's own, as long as it is; others are paths that end with one.
    bool is_abstract = size && data[0] == 0;
    if (size > sizeof out->local.sun_path - !is_abstract) return raise_error(vm, vm->exceptions.os_error, "AF_UNIX path too long"), false;
    if (!is_abstract && !vm_permit(vm, CAPABILITY_WRITE, NULL)) return false;
    out->local.sun_family = AF_UNIX;
    memcpy(out->local.sun_path, data, size);
    out->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + !is_abstract);
    return true;
}

bool address_from_value(VM *vm, const char *function, int family, Value v, Address *out) {
    memset(out, 0, sizeof *out);
    switch (family) {
    case AF_INET: return internet_address(vm, function, v, out);
    case AF_INET6: return internet_6_address(vm, function, v, out);
    case AF_UNIX: return local_address(vm, v, out);
    default: return raise_error(vm, vm->exceptions.os_error, "%s(): bad family", function), false;
    }
}

static Value local_to_value(VM *vm, const Address *address) {
    size_t start = offsetof(struct sockaddr_un, sun_path);
    if (address->length <= start) return object_or_error(string_from(vm, ""));
    size_t size = address->length - start;
    const char *path = address->local.sun_path;
    if (path[0] == 0) return object_or_error(bytes_new(vm, path, size));
    size = strnlen(path, size);
    String *errors = string_from(vm, "surrogateescape");
    Bytes *bytes = bytes_new(vm, path, size);
    return errors && bytes ? text_decode(vm, bytes->data, size, value_object(bytes), NULL, errors) : VALUE_ERROR;
}

Value address_to_value(VM *vm, const Address *address) {
    char text[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE] = "";
    if (!address->length) return VALUE_NONE;
    switch (address->any.sa_family) {
    case AF_INET: {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&address->storage;
        inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        String *host = string_from(vm, text);
        Value parts[] = {object_or_error(host), value_small(ntohs(in->sin_port))};
        return host ? object_or_error(tuple_from(vm, parts, 2)) : VALUE_ERROR;
    }
    case AF_INET6: {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)&address->storage;
        getnameinfo(&address->any, address->length, text, sizeof text, NULL, 0, NI_NUMERICHOST); // with its scope
        String *host = string_from(vm, text);
        Value parts[] = {object_or_error(host), value_small(ntohs(in->sin6_port)), value_small(ntohl(in->sin6_flowinfo)),
                         value_small(in->sin6_scope_id)};
        return host ? object_or_error(tuple_from(vm, parts, 4)) : VALUE_ERROR;
    }
    case AF_UNIX: return local_to_value(vm, address);
    default: {
        Bytes *rest = bytes_new(vm, address->any.sa_data, address->length - offsetof(struct sockaddr, sa_data));
        Value parts[] = {value_small(address->any.sa_family), object_or_error(rest)};
        return rest ? object_or_error(tuple_from(vm, parts, 2)) : VALUE_ERROR;
    }
    }
}

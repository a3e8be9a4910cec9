// What bytes come and go by: asyncio's transport over a connected socket or a pipe, which calls its protocol.
#define _GNU_SOURCE // accept4

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/methods.h"
#include "modules/network/calls.h"
#include "modules/network/network_internal.h"
#include "modules/network/stream.h"
#include "modules/system/file.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/text/bytes.h"

enum { MOST_READ = 64 * 1024, DEFAULT_HIGH = 64 * 1024 };

typedef enum { OVER_SOCKET, FROM_PIPE, TO_PIPE } TransportKind;

typedef struct {
    NativeData data;
    ObjectWatch input, output;
    ObjectWatch presence; // watches nothing: keeps the transport in the loop until its protocol has been told of its end
    int descriptor;       // the socket's
    Value socket, protocol, extra, server;
    Reader *reader;       // the protocol has it fed, and does not want to see what comes
    char *waiting;        // side memory: what is to be sent lies in waiting[first .. first + count - 1]
    size_t first, count, capacity;
    size_t high, low;     // of `count`: when the protocol is to pause, and to go on
    Value failure;        // that the end is told with, or VALUE_NONE
    uint8_t kind;         // TransportKind
    bool is_paused;       // by pause_reading()
    bool is_ended;        // nothing more comes
    bool is_closing, is_lost;
    bool ends_output;     // write_eof() was called
    bool holds_protocol;  // pause_writing() was called
    bool is_buffered;     // the protocol has get_buffer() and buffer_updated()
} Transport;

static const TypeOps transport_ops;
static Transport *transport_of(Value v) { return (Transport *)object_of(v); }

static bool tell(VM *vm, Transport *transport, const char *method, Value *arguments, size_t count) {
    return is_none(transport->protocol) || !is_error(value_call_method(vm, transport->protocol, method, arguments, count));
}

// ---- The end

static void drop_waiting(VM *vm, Transport *transport) {
    transport->waiting = heap_resize(vm, transport->waiting, transport->capacity, 0);
    transport->first = transport->count = transport->capacity = 0;
}

static Socket *native_socket(const Transport *transport) {
    return is_native_data(transport->socket, &socket_ops) ? socket_of(transport->socket) : NULL;
}

// What the system's calls are made with. -1, for which they fail, where a script has closed the socket or file under the transport: its
// number may be another's by now.
static int descriptor_of(const Transport *transport) {
    const Socket *socket = native_socket(transport);
    if (socket) return socket->descriptor == transport->descriptor ? socket->descriptor : -1;
    if (is_native_data(transport->socket, &file_ops) && file_of(transport->socket)->closed) return -1;
    return transport->descriptor;
}

// The loop has given up all that it waited for. A socket is closed, so that its address is free for the next run; a pipe may be one of the
// process's own streams.
static void abandon(VM *vm, Object *o) {
    Transport *transport = (Transport *)o;
    transport->is_closing = transport->is_lost = true;
    object_watch_end(vm, &transport->input);
    object_watch_end(vm, &transport->output);
    drop_waiting(vm, transport);
    int descriptor = transport->kind == OVER_SOCKET ? descriptor_of(transport) : -1;
    Socket *socket = native_socket(transport);
    if (descriptor >= 0) call_shutdown(vm, descriptor, SHUT_RDWR);
    if (descriptor >= 0 && socket) {
        call_close(vm, descriptor);
        socket->descriptor = -1;
    }
    transport->descriptor = -1;
}

// Its own address, which most never want to know, is asked for when somebody does, or at the latest when the socket is closed.
static bool know_own_name(VM *vm, Transport *transport) {
    Dict *extra = (Dict *)object_of(transport->extra);
    String *key = string_intern_from(vm, "sockname", 8);
    if (!key) return false;
    if (transport->kind != OVER_SOCKET || is_none(transport->socket) || dict_find_string(vm, extra, key) >= 0) return true;
    Value name = value_call_method(vm, transport->socket, "getsockname", NULL, 0);
    if (is_error(name) && exception_matches(vm, vm->exceptions.os_error)) {
        exception_clear(vm);
        name = VALUE_NONE;
    }
    return !is_error(name) && dict_set_string(vm, extra, key, name) >= 0;
}

// The last turn: the protocol is told, and the socket closed whatever it does.
static bool lose(VM *vm, Object *o) {
    Transport *transport = (Transport *)o;
    object_watch_end(vm, &transport->presence);
    transport->descriptor = -1;
    Value failure = transport->failure;
    bool ok = tell(vm, transport, "connection_lost", &failure, 1);
    Value raised = ok ? VALUE_EMPTY : exception_take(vm);
    if (!know_own_name(vm, transport)) exception_drop(vm);
    Value socket = transport->socket, server = transport->server;
    transport->protocol = transport->socket = transport->server = VALUE_NONE;
    transport->reader = NULL;
    bool closed = is_none(socket) || !is_error(value_call_method(vm, socket, "close", NULL, 0));
    Value self = value_object(transport);
    if (closed && !is_none(server)) closed = !is_error(value_call_method(vm, server, "_detach", &self, 1));
    if (ok) return closed;
    if (!closed) exception_drop(vm);
    raise_value(vm, raised);
    return false;
}

static void end_soon(VM *vm, Transport *transport, Value failure) {
    if (transport->is_lost) return;
    transport->is_lost = true;
    transport->failure = failure;
    object_watch_queue(&transport->presence);
}

static void stop(VM *vm, Transport *transport, Value failure) {
    drop_waiting(vm, transport);
    object_watch_end(vm, &transport->output);
    object_watch_end(vm, &transport->input);
    transport->is_closing = true;
    end_soon(vm, transport, failure);
}

// What the system says is told to the protocol alone; other failures are somebody's mistake.
static bool fail(VM *vm, Transport *transport, const char *message) {
    Value failure = exception_take(vm);
    bool is_system = value_is_instance(vm, failure, vm->exceptions.os_error);
    if (!value_is_instance(vm, failure, vm->exceptions.exception)) return raise_value(vm, failure), false; // an interrupt ends more than this
    stop(vm, transport, failure);
    return is_system || loop_tell(vm, message, failure, "transport", value_object(transport));
}

static bool fail_with(VM *vm, Transport *transport, int error, const char *message) {
    raise_os_error(vm, error, VALUE_EMPTY);
    return fail(vm, transport, message);
}

static void close_gently(VM *vm, Transport *transport) {
    if (transport->is_closing) return;
    transport->is_closing = true;
    object_watch_end(vm, &transport->input);
    if (!transport->count) end_soon(vm, transport, VALUE_NONE);
}

// ---- What comes

static bool input_ended(VM *vm, Transport *transport) {
    transport->is_ended = true;
    Value keeps = is_none(transport->protocol) ? VALUE_FALSE : value_call_method(vm, transport->protocol, "eof_received", NULL, 0);
    int keep = is_error(keeps) ? -1 : value_truth(vm, keeps);
    if (keep < 0) return fail(vm, transport, "Fatal error: protocol.eof_received() call failed.");
    object_watch_end(vm, &transport->input);
    if (!keep) close_gently(vm, transport);
    return true;
}

static ssize_t receive(VM *vm, const Transport *transport, void *data, size_t size) {
    ssize_t n;
    int descriptor = descriptor_of(transport);
    do n = transport->kind == OVER_SOCKET ? call_receive(vm, descriptor, data, size, MSG_DONTWAIT, NULL, NULL) : read(descriptor, data, size);
    while (n < 0 && errno == EINTR);
    return n;
}

static bool receive_failed(VM *vm, Transport *transport) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
    return fail_with(vm, transport, errno, "Fatal read error on transport");
}

// Into a buffer that the protocol gives.
static bool receive_buffered(VM *vm, Transport *transport) {
    Value hint = value_small(-1), buffer = value_call_method(vm, transport->protocol, "get_buffer", &hint, 1);
    unsigned char *data;
    size_t room = 1;
    if (is_error(buffer)) return fail(vm, transport, "Fatal error: protocol.get_buffer() call failed.");
    if (!bytes_writable_view(vm, &buffer, &data, &room) || !room) {
        if (is_empty(vm->exception)) {
            if (room)
                raise_type_error(vm, "get_buffer() must return a bytes-like object that can be written to");
            else
                raise_runtime_error(vm, "get_buffer() returned an empty buffer");
        }
        return fail(vm, transport, "Fatal error: protocol.get_buffer() call failed.");
    }
    ssize_t n = receive(vm, transport, data, room);
    if (n < 0) return receive_failed(vm, transport);
    if (n == 0) return input_ended(vm, transport);
    Value size = value_small(n);
    return tell(vm, transport, "buffer_updated", &size, 1) || fail(vm, transport, "Fatal error: protocol.buffer_updated() call failed.");
}

// Bytes have come: the reader gets them, or the protocol as an object.
static bool take_data(VM *vm, Transport *transport, const char *data, size_t size) {
    if (transport->reader) return reader_feed(vm, transport->reader, data, size);
    Bytes *bytes = bytes_new(vm, data, size);
    Value argument = object_or_error(bytes);
    return bytes && tell(vm, transport, "data_received", &argument, 1);
}

static bool receive_data(VM *vm, Transport *transport) {
    char little[4096]; // where memory is short
    char *room = heap_resize(vm, NULL, 0, MOST_READ);
    ssize_t n = receive(vm, transport, room ? room : little, room ? MOST_READ : sizeof little);
    int error = errno;
    bool ok = n <= 0 || take_data(vm, transport, room ? room : little, (size_t)n);
    if (room) heap_resize(vm, room, MOST_READ, 0);
    if (!ok) return fail(vm, transport, "Fatal error: protocol.data_received() call failed.");
    errno = error;
    return n > 0 || (n < 0 ? receive_failed(vm, transport) : input_ended(vm, transport));
}

static bool input_ready(VM *vm, Object *o) {
    Transport *transport = (Transport *)o;
    if (transport->is_lost) return true;
    if (transport->kind == TO_PIPE) {
        // Nobody reads at its other end any more.
        if (transport->count) return fail_with(vm, transport, EPIPE, "Fatal write error on transport");
        stop(vm, transport, VALUE_NONE);
        return true;
    }
    return transport->is_buffered ? receive_buffered(vm, transport) : receive_data(vm, transport);
}

static bool begin_watch(VM *vm, Transport *transport, ObjectWatch *watch, unsigned events) {
    int error;
    if (watch->under_way || object_watch_begin(vm, watch, descriptor_of(transport), events, &error)) return true;
    if (error) raise_os_error(vm, error, VALUE_EMPTY);
    return false;
}

static bool reads(const Transport *transport) { return !transport->is_closing && !transport->is_paused; }

bool transport_pause(VM *vm, Value v) {
    if (!is_native_data(v, &transport_ops)) return !is_error(value_call_method(vm, v, "pause_reading", NULL, 0));
    Transport *transport = transport_of(v);
    if (!reads(transport)) return true;
    transport->is_paused = true;
    object_watch_end(vm, &transport->input);
    return true;
}

bool transport_resume(VM *vm, Value v) {
    if (!is_native_data(v, &transport_ops)) return !is_error(value_call_method(vm, v, "resume_reading", NULL, 0));
    Transport *transport = transport_of(v);
    if (transport->is_closing || !transport->is_paused) return true;
    transport->is_paused = false;
    return transport->is_ended || begin_watch(vm, transport, &transport->input, WATCH_READABLE);
}

// ---- What goes

static ssize_t send_now(VM *vm, const Transport *transport, const void *data, size_t size) {
    ssize_t n;
    int descriptor = descriptor_of(transport);
    do n = transport->kind == OVER_SOCKET ? call_send(vm, descriptor, data, size, MSG_DONTWAIT, NULL, 0) : write(descriptor, data, size);
    while (n < 0 && errno == EINTR);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : n;
}

static bool append_waiting(VM *vm, Transport *transport, const void *data, size_t size) {
    if (transport->capacity - transport->first - transport->count < size) {
        size_t capacity = transport->count + size;
        if (capacity < transport->count * 2) capacity = transport->count * 2;
        char *grown = heap_resize(vm, NULL, 0, capacity);
        if (!grown) return raise_memory_error(vm), false;
        if (transport->count) memcpy(grown, transport->waiting + transport->first, transport->count);
        heap_resize(vm, transport->waiting, transport->capacity, 0);
        transport->waiting = grown;
        transport->capacity = capacity;
        transport->first = 0;
    }
    memcpy(transport->waiting + transport->first + transport->count, data, size);
    transport->count += size;
    return true;
}

static bool hold_if_high(VM *vm, Transport *transport) {
    if (transport->count <= transport->high || transport->holds_protocol) return true;
    transport->holds_protocol = true;
    return tell(vm, transport, "pause_writing", NULL, 0) || fail(vm, transport, "protocol.pause_writing() failed");
}

static bool release_if_low(VM *vm, Transport *transport) {
    if (transport->count > transport->low || !transport->holds_protocol) return true;
    transport->holds_protocol = false;
    return tell(vm, transport, "resume_writing", NULL, 0) || fail(vm, transport, "protocol.resume_writing() failed");
}

static bool write_bytes(VM *vm, Transport *transport, const unsigned char *data, size_t size) {
    if (transport->ends_output) return raise_runtime_error(vm, "Cannot call write() after write_eof()"), false;
    if (transport->is_lost || !size) return true; // nobody is there any more: the end tells of it
    if (!transport->count) {
        ssize_t n = send_now(vm, transport, data, size);
        if (n < 0) return fail_with(vm, transport, errno, "Fatal write error on transport");
        data += n;
        size -= (size_t)n;
        if (!size) return true;
    }
    if (!append_waiting(vm, transport, data, size) || !begin_watch(vm, transport, &transport->output, WATCH_WRITABLE)) {
        // What comes next would not follow what has been sent.
        Value failure = exception_take(vm);
        stop(vm, transport, failure);
        return raise_value(vm, failure), false;
    }
    return hold_if_high(vm, transport);
}

static bool output_ready(VM *vm, Object *o) {
    Transport *transport = (Transport *)o;
    if (transport->is_lost) return true;
    ssize_t n = send_now(vm, transport, transport->waiting + transport->first, transport->count);
    if (n < 0) return fail_with(vm, transport, errno, "Fatal write error on transport");
    transport->first += (size_t)n;
    transport->count -= (size_t)n;
    if (!transport->count) {
        drop_waiting(vm, transport);
        object_watch_end(vm, &transport->output);
    }
    if (!release_if_low(vm, transport)) return false;
    if (transport->count || transport->is_lost) return true;
    if (transport->is_closing)
        end_soon(vm, transport, VALUE_NONE);
    else if (transport->ends_output)
        call_shutdown(vm, descriptor_of(transport), SHUT_WR);
    return true;
}

// ---- Methods

static Value method_write(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size;
    if (!bytes_view(args[1], &data, &size))
        return raise_type_error(vm, "data argument must be a bytes-like object, not '%s'", type_name(vm, args[1]));
    return write_bytes(vm, transport_of(args[0]), data, size) ? VALUE_NONE : VALUE_ERROR;
}

static Value method_writelines(VM *vm, Value *args, size_t count) {
    Value joined = object_or_error(bytes_new(vm, "", 0));
    if (!is_error(joined)) joined = value_call_method(vm, joined, "join", args + 1, 1);
    if (is_error(joined)) return joined;
    Value arguments[] = {args[0], joined};
    return method_write(vm, arguments, 2);
}

static Value method_write_eof(VM *vm, Value *args, size_t count) {
    Transport *transport = transport_of(args[0]);
    if (transport->is_closing || transport->ends_output) return VALUE_NONE;
    if (transport->kind != OVER_SOCKET) return close_gently(vm, transport), VALUE_NONE; // a pipe has but one direction
    transport->ends_output = true;
    if (!transport->count && call_shutdown(vm, descriptor_of(transport), SHUT_WR) < 0 && errno != ENOTCONN) return raise_os_error(vm, errno, VALUE_EMPTY);
    return VALUE_NONE;
}
static Value method_can_write_eof(VM *vm, Value *args, size_t count) { return VALUE_TRUE; }
static Value method_close(VM *vm, Value *args, size_t count) { return close_gently(vm, transport_of(args[0])), VALUE_NONE; }
static Value method_abort(VM *vm, Value *args, size_t count) {
    Transport *transport = transport_of(args[0]);
    if (!transport->is_lost) stop(vm, transport, VALUE_NONE);
    return VALUE_NONE;
}
static Value method_is_closing(VM *vm, Value *args, size_t count) { return value_bool(transport_of(args[0])->is_closing); }
static Value method_is_reading(VM *vm, Value *args, size_t count) { return value_bool(reads(transport_of(args[0]))); }
static Value method_pause_reading(VM *vm, Value *args, size_t count) { return transport_pause(vm, args[0]) ? VALUE_NONE : VALUE_ERROR; }
static Value method_resume_reading(VM *vm, Value *args, size_t count) { return transport_resume(vm, args[0]) ? VALUE_NONE : VALUE_ERROR; }

static bool take_protocol(VM *vm, Transport *transport, Value protocol) {
    String *name = string_from(vm, "get_buffer");
    Value method = is_none(protocol) ? VALUE_EMPTY : name ? value_find_attribute(vm, protocol, name) : VALUE_ERROR;
    if (is_error(method)) return false;
    transport->is_buffered = !is_empty(method);
    transport->protocol = protocol;
    transport->reader = reader_of_protocol(vm, protocol);
    return true;
}
static Value method_set_protocol(VM *vm, Value *args, size_t count) {
    return take_protocol(vm, transport_of(args[0]), args[1]) ? VALUE_NONE : VALUE_ERROR;
}
static Value method_get_protocol(VM *vm, Value *args, size_t count) { return transport_of(args[0])->protocol; }

static Value method_get_extra_info(VM *vm, Value *args, size_t count) {
    if (!know_own_name(vm, transport_of(args[0]))) return VALUE_ERROR;
    Value found = dict_get(vm, (Dict *)object_of(transport_of(args[0])->extra), args[1]);
    return is_error(found) || !is_empty(found) ? found : is_empty(args[2]) ? VALUE_NONE : args[2];
}

static Value method_set_write_buffer_limits(VM *vm, Value *args, size_t count) {
    Transport *transport = transport_of(args[0]);
    bool has_high = !is_empty(args[1]) && !is_none(args[1]), has_low = !is_empty(args[2]) && !is_none(args[2]);
    int64_t high = DEFAULT_HIGH, low;
    if ((has_high && !value_index_int64(vm, args[1], true, &high)) || (has_low && !value_index_int64(vm, args[2], true, &low))) return VALUE_ERROR;
    if (!has_high && has_low) high = low > INT64_MAX / 4 ? INT64_MAX : 4 * low;
    if (!has_low) low = high / 4;
    if (high < low || low < 0)
        return raise_value_error(vm, "high (%lld) must be >= low (%lld) must be >= 0", (long long)high, (long long)low);
    transport->high = (size_t)high;
    transport->low = (size_t)low;
    return hold_if_high(vm, transport) ? VALUE_NONE : VALUE_ERROR;
}
static Value method_get_write_buffer_limits(VM *vm, Value *args, size_t count) {
    Value limits[] = {value_small((int64_t)transport_of(args[0])->low), value_small((int64_t)transport_of(args[0])->high)};
    return object_or_error(tuple_from(vm, limits, 2));
}
static Value method_get_write_buffer_size(VM *vm, Value *args, size_t count) { return value_small((int64_t)transport_of(args[0])->count); }

// connection_made() has been called: it may have closed or paused the transport.
static Value method_begin(VM *vm, Value *args, size_t count) {
    Transport *transport = transport_of(args[0]);
    return !reads(transport) || transport->is_ended || begin_watch(vm, transport, &transport->input, WATCH_READABLE) ? VALUE_NONE : VALUE_ERROR;
}

static Value get_server(VM *vm, Value self) { return transport_of(self)->server; }
static const AttributeDefinition transport_attributes[] = {{"_server", get_server, NULL}, {0}};

// ---- The class

static void transport_trace(VM *vm, Object *o) {
    Transport *transport = (Transport *)o;
    heap_mark(vm, transport->socket);
    heap_mark(vm, transport->protocol);
    heap_mark(vm, transport->extra);
    heap_mark(vm, transport->server);
    heap_mark(vm, transport->failure);
    heap_mark_object(vm, (Object *)transport->reader);
}
static void transport_finalize(VM *vm, Object *o) { drop_waiting(vm, (Transport *)o); }

static Value transport_repr(VM *vm, Value self) {
    const Transport *transport = transport_of(self);
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "<%s", class_name(class_of(vm, self)));
    if (transport->descriptor < 0)
        buffer_text(&out, " closed");
    else
        buffer_format(&out, "%s fd=%d read=%s write=<%s, bufsize=%zu>", transport->is_closing ? " closing" : "", transport->descriptor,
                      transport->input.under_way ? "polling" : "idle", transport->output.under_way ? "polling" : "idle", transport->count);
    buffer_byte(&out, '>');
    return object_or_error(string_from_buffer(vm, &out));
}
static const TypeOps transport_ops = {.trace = transport_trace, .finalize = transport_finalize, .repr = transport_repr};

// cls, socket or file, protocol, extra (a dict), server, kind (TransportKind)
static Value transport_make(VM *vm, Value *args, size_t count) {
    if (!is_small(args[5])) return raise_type_error(vm, "kind must be an int, not %s", type_name(vm, args[5]));
    // What reads and writes like a file needs what a file needs.
    bool is_socket = small_of(args[5]) == OVER_SOCKET;
    if (is_socket ? !descriptors_permitted(vm, true) : !vm_permit(vm, CAPABILITY_READ, NULL) || !vm_permit(vm, CAPABILITY_WRITE, NULL)) return VALUE_ERROR;
    if (!is_dict(args[3])) return raise_type_error(vm, "extra must be a dict, not %s", type_name(vm, args[3]));
    Value number = value_call_method(vm, args[1], "fileno", NULL, 0);
    int descriptor;
    if (is_error(number) || !c_int_argument(vm, number, &descriptor)) return VALUE_ERROR;
    Transport *transport = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Transport));
    if (!transport) return VALUE_ERROR;
    transport->protocol = transport->failure = VALUE_NONE;
    transport->socket = args[1];
    transport->extra = args[3];
    transport->server = args[4];
    transport->descriptor = descriptor;
    transport->kind = (uint8_t)small_of(args[5]);
    transport->high = DEFAULT_HIGH;
    transport->low = DEFAULT_HIGH / 4;
    transport->input = (ObjectWatch){.owner = (Object *)transport, .act = input_ready};
    transport->output = (ObjectWatch){.owner = (Object *)transport, .act = output_ready};
    transport->presence = (ObjectWatch){.owner = (Object *)transport, .act = lose, .abandon = abandon};
    if (!take_protocol(vm, transport, args[2]) || !object_watch_hold(vm, &transport->presence)) return VALUE_ERROR;
    return value_object(transport);
}
static Value transport_init(VM *vm, Value *args, size_t count) { return VALUE_NONE; }

static const NativeDefinition transport_methods[] = {
    {"__new__", transport_make, "cls, socket, protocol, extra, server, kind, /", NATIVE_NEW},
    {"__init__", transport_init, "self, /, *args", NATIVE_METHOD},
    {"write", method_write, "self, data", NATIVE_METHOD, "Sends bytes, or keeps them until they can be sent."},
    {"writelines", method_writelines, "self, list_of_data", NATIVE_METHOD, "Sends the bytes of several objects."},
    {"write_eof", method_write_eof, "self", NATIVE_METHOD, "Ends what goes, once all has been sent; what comes goes on."},
    {"can_write_eof", method_can_write_eof, "self", NATIVE_METHOD, "Whether write_eof() can be called."},
    {"close", method_close, "self", NATIVE_METHOD, "Closes the transport once all has been sent."},
    {"abort", method_abort, "self", NATIVE_METHOD, "Closes the transport at once; what waits to be sent is lost."},
    {"is_closing", method_is_closing, "self", NATIVE_METHOD, "Whether the transport is closed or will be."},
    {"is_reading", method_is_reading, "self", NATIVE_METHOD, "Whether what comes is read."},
    {"pause_reading", method_pause_reading, "self", NATIVE_METHOD, "Reads nothing until resume_reading()."},
    {"resume_reading", method_resume_reading, "self", NATIVE_METHOD, "Reads what comes again."},
    {"set_protocol", method_set_protocol, "self, protocol", NATIVE_METHOD, "Has another protocol called."},
    {"get_protocol", method_get_protocol, "self", NATIVE_METHOD, "The protocol that is called."},
    {"get_extra_info", method_get_extra_info, "self, name, default=None", NATIVE_METHOD, "What is known of the connection: 'socket', 'peername', 'sockname', …"},
    {"set_write_buffer_limits", method_set_write_buffer_limits, "self, high=None, low=None", NATIVE_METHOD, "How many bytes may wait before the protocol is to pause, and when it goes on."},
    {"get_write_buffer_limits", method_get_write_buffer_limits, "self", NATIVE_METHOD, "These two numbers, the lower one first."},
    {"get_write_buffer_size", method_get_write_buffer_size, "self", NATIVE_METHOD, "How many bytes wait to be sent."},
    {"_begin", method_begin, "self, /", NATIVE_METHOD},
    {0}};

bool transport_add(VM *vm, ModuleObject *module) {
    Class *cls = loop_add_class(vm, module, "asyncio.transports", "_NativeTransport", NULL, &transport_ops, sizeof(Transport), CLASS_HAS_DICT,
                                transport_methods, "A connection, or one end of a pipe.");
    return cls && native_add_attributes(vm, cls, transport_attributes) > 0;
}

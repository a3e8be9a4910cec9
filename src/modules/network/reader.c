// asyncio.StreamReader: bytes that have come, for those who wait for them.
#define _GNU_SOURCE // memmem
#include <string.h>

#include "loop/methods.h"
#include "modules/network/stream.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/exception/exception.h"
#include "object/text/bytes.h"

enum { DEFAULT_LIMIT = 64 * 1024, KEPT_CAPACITY = 4096 };

static Reader *reader_of(Value v) { return (Reader *)object_of(v); }
static Line *reader_line(Value owner) { return &reader_of(owner)->line; }

// ---- What has come

static void release_buffer(VM *vm, Reader *reader) {
    reader->data = heap_resize(vm, reader->data, reader->capacity, 0);
    reader->capacity = reader->start = reader->length = 0;
}

// Room behind what is there.
static bool make_room(VM *vm, Reader *reader, size_t size) {
    if (reader->capacity - reader->start - reader->length >= size) return true;
    if (reader->start && reader->capacity - reader->length >= size && reader->start >= reader->length) {
        memmove(reader->data, reader->data + reader->start, reader->length);
        reader->start = 0;
        return true;
    }
    size_t capacity = reader->length + size;
    if (capacity > KEPT_CAPACITY && capacity < reader->length * 2) capacity = reader->length * 2;
    char *data = heap_resize(vm, NULL, 0, capacity);
    if (!data) return raise_memory_error(vm), false;
    if (reader->length) memcpy(data, reader->data + reader->start, reader->length);
    heap_resize(vm, reader->data, reader->capacity, 0);
    reader->data = data;
    reader->capacity = capacity;
    reader->start = 0;
    return true;
}

static void drop(VM *vm, Reader *reader, size_t size) {
    reader->start += size;
    reader->length -= size;
    reader->scanned = 0;
    if (reader->length) return;
    reader->start = 0;
    // Of connections that are idle there may be many.
    if (reader->capacity > KEPT_CAPACITY) release_buffer(vm, reader);
}

static void wake(VM *vm, Reader *reader) {
    if (reader->line.first && waiter_stands(reader->line.first)) line_call(vm, reader->line.first);
}

static bool go_on_reading(VM *vm, Reader *reader) {
    if (!reader->is_paused) return true;
    reader->is_paused = false;
    return is_none(reader->transport) || transport_resume(vm, reader->transport);
}

static bool resume_if_low(VM *vm, Reader *reader) { return reader->length > reader->limit || go_on_reading(vm, reader); }

bool reader_feed(VM *vm, Reader *reader, const void *data, size_t size) {
    if (reader->is_ended) return raise_error(vm, vm->exceptions.assertion_error, "feed_data after feed_eof"), false;
    if (!size) return true;
    if (!make_room(vm, reader, size)) return false;
    memcpy(reader->data + reader->start + reader->length, data, size);
    reader->length += size;
    wake(vm, reader);
    if (is_none(reader->transport) || reader->is_paused || reader->takes_all || reader->length <= 2 * reader->limit) return true;
    if (transport_pause(vm, reader->transport)) return reader->is_paused = true;
    // One that can't be paused is asked no more.
    if (!exception_matches(vm, vm->exceptions.not_implemented_error)) return false;
    exception_clear(vm);
    reader->transport = VALUE_NONE;
    return true;
}

void reader_feed_end(VM *vm, Reader *reader) {
    reader->is_ended = true;
    wake(vm, reader);
}

Reader *reader_of_protocol(VM *vm, Value protocol) {
    if (!is_native_data(protocol, &reader_protocol_ops)) return NULL;
    Class *native = library_of(vm)->classes[LIBRARY_READER_PROTOCOL];
    if (method_is_overridden(vm, protocol, native, "data_received")) return NULL;
    return ((ReaderProtocol *)object_of(protocol))->reader;
}

// ---- Reading

// What somebody wants, as the way in which he waits.
enum { WANT_SOME, WANT_EXACTLY, WANT_UNTIL, WANT_LINE, WANT_NEXT_LINE };

static Value take(VM *vm, Reader *reader, size_t size) {
    Bytes *bytes = bytes_new(vm, reader->data ? reader->data + reader->start : "", size);
    if (!bytes) return VALUE_ERROR;
    drop(vm, reader, size);
    return resume_if_low(vm, reader) ? value_object(bytes) : VALUE_ERROR;
}

static Value raise_library_error(VM *vm, const char *name, Value first, Value second) {
    Value arguments[] = {first, second};
    Value e = call_in_asyncio(vm, "asyncio.exceptions", name, arguments, 2);
    return is_error(e) ? e : raise_value(vm, e);
}

// No separator within the limit. A line that is too long is dropped, as far as it has come.
static Value raise_overrun(VM *vm, Reader *reader, unsigned want, const char *message, size_t consumed, size_t end) {
    if (want == WANT_UNTIL) {
        String *text = string_from(vm, message);
        return text ? raise_library_error(vm, "LimitOverrunError", value_object(text), value_small((int64_t)consumed)) : VALUE_ERROR;
    }
    drop(vm, reader, end);
    return resume_if_low(vm, reader) ? raise_value_error(vm, "%s", message) : VALUE_ERROR;
}

// What is there though more was wanted, as an exception's; it is taken.
static Value raise_incomplete(VM *vm, Reader *reader, Value wanted) {
    Bytes *bytes = bytes_new(vm, reader->data ? reader->data + reader->start : "", reader->length);
    if (!bytes) return VALUE_ERROR;
    drop(vm, reader, reader->length);
    return raise_library_error(vm, "IncompleteReadError", value_object(bytes), wanted);
}

static Value wait_for_more(VM *vm, Waiter *waiter, Value self, unsigned want, Value argument) {
    static const char *const names[] = {"read", "readexactly", "readuntil", "readuntil", "readuntil"};
    Reader *reader = reader_of(self);
    if (reader->line.first) return raise_runtime_error(vm, "%s() called while another coroutine is already waiting for incoming data", names[want]);
    if (!go_on_reading(vm, reader)) return VALUE_ERROR;
    return line_join(vm, &reader->line, waiter, self, want, argument);
}

static Value read_some(VM *vm, Waiter *waiter, Value self, Value argument) {
    Reader *reader = reader_of(self);
    int64_t most;
    if (!value_index_int64(vm, argument, true, &most)) return VALUE_ERROR;
    if (!most) return object_or_error(bytes_new(vm, "", 0));
    reader->takes_all = most < 0;
    bool waits = most < 0 ? !reader->is_ended : !reader->length && !reader->is_ended;
    if (waits) return wait_for_more(vm, waiter, self, WANT_SOME, argument);
    reader->takes_all = false;
    return take(vm, reader, most < 0 || (size_t)most > reader->length ? reader->length : (size_t)most);
}

static Value read_exactly(VM *vm, Waiter *waiter, Value self, Value argument) {
    Reader *reader = reader_of(self);
    size_t wanted = (size_t)small_of(argument);
    if (reader->length >= wanted) return take(vm, reader, wanted);
    if (reader->is_ended) return raise_incomplete(vm, reader, argument);
    return wait_for_more(vm, waiter, self, WANT_EXACTLY, argument);
}

static const unsigned char *find_in(const char *data, size_t size, const unsigned char *separator, size_t length) {
    return length == 1 ? memchr(data, *separator, size) : memmem(data, size, separator, length);
}

// One or several separators, which are bytes.
typedef struct {
    const Value *items;
    size_t count, shortest, longest;
    Value single;
} Separators;

static bool separators_of(VM *vm, Value argument, Separators *out) {
    *out = (Separators){.items = &out->single, .count = 1, .shortest = SIZE_MAX, .single = argument};
    if (is_tuple(argument)) {
        out->items = tuple_of(argument)->items;
        out->count = tuple_of(argument)->length;
        if (!out->count) return raise_value_error(vm, "Separator should contain at least one element"), false;
    }
    for (size_t i = 0; i < out->count; i++) {
        const unsigned char *data;
        size_t size;
        if (!bytes_view(out->items[i], &data, &size))
            return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, out->items[i])), false;
        if (size < out->shortest) out->shortest = size;
        if (size > out->longest) out->longest = size;
    }
    if (!out->shortest) return raise_value_error(vm, "Separator should be at least one-byte string"), false;
    return true;
}

// The earliest end of a separator, and where the shortest of those that end there begins. False: there is none.
static bool find_separator(const Reader *reader, const Separators *separators, size_t *start, size_t *end) {
    bool found = false;
    for (size_t i = 0; i < separators->count; i++) {
        const unsigned char *text;
        size_t size;
        bytes_view(separators->items[i], &text, &size);
        size_t from = reader->scanned ? reader->scanned + separators->longest - size : 0;
        if (from > reader->length) continue;
        const char *data = reader->data + reader->start;
        const unsigned char *at = find_in(data + from, reader->length - from, text, size);
        if (!at) continue;
        size_t begins = (size_t)((const char *)at - data), ends = begins + size;
        if (!found || ends < *end || (ends == *end && begins > *start)) {
            *start = begins;
            *end = ends;
        }
        found = true;
    }
    return found;
}

static Value read_until(VM *vm, Waiter *waiter, Value self, Value argument, unsigned want) {
    Reader *reader = reader_of(self);
    static const unsigned char newline = '\n';
    size_t start = 0, end = 0;
    Separators separators = {.count = 0, .shortest = 1, .longest = 1};
    bool found;
    if (want == WANT_UNTIL) {
        if (!separators_of(vm, argument, &separators)) return VALUE_ERROR;
        found = reader->length && find_separator(reader, &separators, &start, &end);
    } else {
        const char *data = reader->data ? reader->data + reader->start : NULL;
        const unsigned char *at = reader->length > reader->scanned ? find_in(data + reader->scanned, reader->length - reader->scanned, &newline, 1) : NULL;
        found = at != NULL;
        if (found) end = 1 + (start = (size_t)((const char *)at - data));
    }
    if (found && start <= reader->limit) return take(vm, reader, end);
    if (found) return raise_overrun(vm, reader, want, "Separator is found, but chunk is longer than limit", start, end);
    reader->scanned = reader->length + 1 > separators.longest ? reader->length + 1 - separators.longest : 0;
    if (reader->scanned > reader->limit)
        return raise_overrun(vm, reader, want, "Separator is not found, and chunk exceed the limit", reader->scanned, reader->length);
    if (!reader->is_ended) return wait_for_more(vm, waiter, self, want, argument);
    return want == WANT_UNTIL ? raise_incomplete(vm, reader, VALUE_NONE) : take(vm, reader, reader->length);
}

static Value attempt(VM *vm, Waiter *waiter, Value self, Value argument, unsigned want) {
    Reader *reader = reader_of(self);
    if (!is_none(reader->exception)) return raise_value(vm, reader->exception);
    switch (want) {
    case WANT_SOME: return read_some(vm, waiter, self, argument);
    case WANT_EXACTLY: return read_exactly(vm, waiter, self, argument);
    case WANT_UNTIL: return read_until(vm, waiter, self, argument, want);
    default: {
        Value line = read_until(vm, waiter, self, argument, want);
        bool at_end = want == WANT_NEXT_LINE && !is_error(line) && line.bits != VALUE_SUSPEND.bits && !((Bytes *)object_of(line))->length;
        return at_end ? raise_error(vm, vm->exceptions.stop_async_iteration, NULL) : line;
    }
    }
}

#define WAY(name, want)                                                                                                              \
    static Value name##_begins(VM *vm, Waiter *waiter, Value self, Value argument) {                                                 \
        reader_of(self)->scanned = 0;                                                                                                \
        return attempt(vm, waiter, self, argument, want);                                                                            \
    }                                                                                                                                \
    static Value name##_goes_on(VM *vm, Waiter *next, Value owner, Value argument, bool called, Value exception) {                   \
        reader_of(owner)->takes_all = false;                                                                                         \
        return is_empty(exception) ? attempt(vm, next, owner, argument, want) : raise_value(vm, exception);                          \
    }
WAY(some, WANT_SOME)
WAY(exactly, WANT_EXACTLY)
WAY(until, WANT_UNTIL)
WAY(line, WANT_LINE)
WAY(next_line, WANT_NEXT_LINE)
#undef WAY

static const WaitKind reader_kinds[] = {{some_goes_on, reader_line, "StreamReader.read()", "data from stream", NULL, "stream"},
                                        {exactly_goes_on, reader_line, "StreamReader.readexactly()", "data from stream", NULL, "stream"},
                                        {until_goes_on, reader_line, "StreamReader.readuntil()", "data from stream", NULL, "stream"},
                                        {line_goes_on, reader_line, "StreamReader.readline()", "a line from stream", NULL, "stream"},
                                        {next_line_goes_on, reader_line, "StreamReader.readline()", "a line from stream", NULL, "stream"}};
static const CoroutineKind some_kind = {"StreamReader.read", some_begins, false}, exactly_kind = {"StreamReader.readexactly", exactly_begins, false},
                           until_kind = {"StreamReader.readuntil", until_begins, false}, line_kind_ = {"StreamReader.readline", line_begins, false},
                           next_line_kind = {"StreamReader.__anext__", next_line_begins, false};

static Value method_read(VM *vm, Value *args, size_t count) {
    return coroutine_call(vm, &some_kind, args[0], is_empty(args[1]) ? value_small(-1) : args[1]);
}
static Value method_readexactly(VM *vm, Value *args, size_t count) {
    int64_t size;
    if (!value_index_int64(vm, args[1], true, &size)) return VALUE_ERROR;
    if (size < 0) return raise_value_error(vm, "readexactly size can not be less than zero");
    if (size > (int64_t)1 << 46) return raise_memory_error(vm);
    return coroutine_call(vm, &exactly_kind, args[0], value_small(size));
}
static Value method_readuntil(VM *vm, Value *args, size_t count) {
    if (!is_empty(args[1])) return coroutine_call(vm, &until_kind, args[0], args[1]);
    Bytes *newline = bytes_new(vm, "\n", 1);
    return newline ? coroutine_call(vm, &until_kind, args[0], value_object(newline)) : VALUE_ERROR;
}
static Value method_readline(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &line_kind_, args[0], VALUE_NONE); }
static Value method_anext(VM *vm, Value *args, size_t count) { return coroutine_call(vm, &next_line_kind, args[0], VALUE_NONE); }
static Value method_aiter(VM *vm, Value *args, size_t count) { return args[0]; }

// ---- Feeding

static Value method_feed_data(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size;
    if (!bytes_view(args[1], &data, &size)) return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, args[1]));
    return reader_feed(vm, reader_of(args[0]), data, size) ? VALUE_NONE : VALUE_ERROR;
}
static Value method_feed_eof(VM *vm, Value *args, size_t count) { return reader_feed_end(vm, reader_of(args[0])), VALUE_NONE; }
static Value method_at_eof(VM *vm, Value *args, size_t count) { return value_bool(reader_of(args[0])->is_ended && !reader_of(args[0])->length); }
static Value method_exception(VM *vm, Value *args, size_t count) { return reader_of(args[0])->exception; }
static Value method_set_exception(VM *vm, Value *args, size_t count) {
    if (!is_exception(args[1])) return raise_type_error(vm, "an exception was expected, not %s", type_name(vm, args[1]));
    reader_of(args[0])->exception = args[1];
    wake(vm, reader_of(args[0]));
    return VALUE_NONE;
}
static Value method_set_transport(VM *vm, Value *args, size_t count) {
    if (!is_none(reader_of(args[0])->transport)) return raise_error(vm, vm->exceptions.assertion_error, "Transport already set");
    reader_of(args[0])->transport = args[1];
    return VALUE_NONE;
}

static Value get_limit(VM *vm, Value self) { return value_small((int64_t)reader_of(self)->limit); }
static Value get_eof(VM *vm, Value self) { return value_bool(reader_of(self)->is_ended); }
static Value get_transport(VM *vm, Value self) { return reader_of(self)->transport; }
static int set_transport(VM *vm, Value self, Value value) {
    reader_of(self)->transport = is_empty(value) ? VALUE_NONE : value;
    return 0;
}
static Value get_buffer(VM *vm, Value self) {
    const Reader *reader = reader_of(self);
    return object_or_error(bytearray_new(vm, reader->data ? reader->data + reader->start : "", reader->length));
}
static const AttributeDefinition reader_attributes[] = {{"_limit", get_limit, NULL}, {"_eof", get_eof, NULL}, {"_buffer", get_buffer, NULL},
                                                        {"_transport", get_transport, set_transport}, {0}};

// ---- The classes

static void reader_trace(VM *vm, Object *o) {
    Reader *reader = (Reader *)o;
    waitable_trace(vm, &reader->base);
    line_trace(vm, &reader->line);
    heap_mark(vm, reader->exception);
    heap_mark(vm, reader->transport);
}
static void reader_finalize(VM *vm, Object *o) { release_buffer(vm, (Reader *)o); }

static Value reader_repr(VM *vm, Value self) {
    const Reader *reader = reader_of(self);
    Buffer out = vm_buffer(vm);
    buffer_text(&out, "<StreamReader");
    if (reader->length) buffer_format(&out, " %zu bytes", reader->length);
    if (reader->is_ended) buffer_text(&out, " eof");
    if (reader->limit != DEFAULT_LIMIT) buffer_format(&out, " limit=%zu", reader->limit);
    if (reader->line.first) buffer_text(&out, " waiter");
    if (!is_none(reader->exception)) buffer_text(&out, " exception=");
    if (!is_none(reader->exception) && !append_repr(vm, &out, reader->exception)) return buffer_free(&out), VALUE_ERROR;
    if (!is_none(reader->transport)) buffer_text(&out, " transport=");
    if (!is_none(reader->transport) && !append_repr(vm, &out, reader->transport)) return buffer_free(&out), VALUE_ERROR;
    buffer_text(&out, reader->is_paused ? " paused>" : ">");
    return object_or_error(string_from_buffer(vm, &out));
}
const TypeOps reader_ops = {.trace = reader_trace, .finalize = reader_finalize, .repr = reader_repr};

static Value reader_make(VM *vm, Value *args, size_t count) {
    Reader *reader = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Reader));
    if (!reader) return VALUE_ERROR;
    waitable_init(vm, &reader->base, reader_kinds);
    reader->exception = reader->transport = VALUE_NONE;
    reader->limit = DEFAULT_LIMIT;
    return value_object(reader);
}
static Value reader_init(VM *vm, Value *args, size_t count) {
    int64_t limit = DEFAULT_LIMIT;
    if (!is_empty(args[1]) && !value_index_int64(vm, args[1], true, &limit)) return VALUE_ERROR;
    if (limit <= 0) return raise_value_error(vm, "Limit cannot be <= 0");
    reader_of(args[0])->limit = limit > (int64_t)1 << 46 ? (size_t)1 << 46 : (size_t)limit;
    return VALUE_NONE;
}

static const NativeDefinition reader_methods[] = {
    {"__new__", reader_make, "cls, /, *args, **keywords", NATIVE_NEW},
    {"__init__", reader_init, "self, limit=65536, loop=None", NATIVE_METHOD},
    {"read", method_read, "self, n=-1", NATIVE_METHOD, "Reads bytes, so many at most, as soon as there are some; without a number all up to the end."},
    {"readexactly", method_readexactly, "self, n", NATIVE_METHOD, "Reads so many bytes; IncompleteReadError when the end comes before."},
    {"readuntil", method_readuntil, "self, separator=", NATIVE_METHOD, "Reads up to and with a separator, or one of a tuple of them."},
    {"readline", method_readline, "self", NATIVE_METHOD, "Reads a line, with its end; what there is at the end of all, which may be nothing."},
    {"__aiter__", method_aiter, "self, /", NATIVE_METHOD},
    {"__anext__", method_anext, "self, /", NATIVE_METHOD},
    {"feed_data", method_feed_data, "self, data", NATIVE_METHOD, "More bytes have come."},
    {"feed_eof", method_feed_eof, "self", NATIVE_METHOD, "Nothing more will come."},
    {"at_eof", method_at_eof, "self", NATIVE_METHOD, "Whether all has been read and nothing more will come."},
    {"exception", method_exception, "self", NATIVE_METHOD, "What reading raises, or None."},
    {"set_exception", method_set_exception, "self, exc", NATIVE_METHOD, "Has reading raise an exception."},
    {"set_transport", method_set_transport, "self, transport", NATIVE_METHOD, "Where the bytes come from: it is paused when too many wait here."},
    {0}};

static void protocol_trace(VM *vm, Object *o) { heap_mark_object(vm, (Object *)((ReaderProtocol *)o)->reader); }
const TypeOps reader_protocol_ops = {.trace = protocol_trace};

static Value protocol_make(VM *vm, Value *args, size_t count) {
    return object_or_error(native_data_new(vm, (Class *)object_of(args[0]), sizeof(ReaderProtocol)));
}
static Value protocol_feeds(VM *vm, Value *args, size_t count) {
    if (!is_none(args[1]) && !is_native_data(args[1], &reader_ops)) return raise_type_error(vm, "a StreamReader was expected, not %s", type_name(vm, args[1]));
    ((ReaderProtocol *)object_of(args[0]))->reader = is_none(args[1]) ? NULL : reader_of(args[1]);
    return VALUE_NONE;
}
static Value protocol_data_received(VM *vm, Value *args, size_t count) {
    Reader *reader = ((ReaderProtocol *)object_of(args[0]))->reader;
    if (!reader) return VALUE_NONE;
    Value arguments[] = {value_object(reader), args[1]};
    return method_feed_data(vm, arguments, 2);
}
static const NativeDefinition protocol_methods[] = {
    {"__new__", protocol_make, "cls, /, *args, **keywords", NATIVE_NEW},
    {"_feeds", protocol_feeds, "self, reader, /", NATIVE_METHOD},
    {"data_received", protocol_data_received, "self, data", NATIVE_METHOD, "Bytes have come: the reader gets them."},
    {0}};

bool reader_add(VM *vm, ModuleObject *module) {
    Class *reader = loop_add_class(vm, module, "asyncio.streams", "StreamReader", NULL, &reader_ops, sizeof(Reader), CLASS_HAS_DICT,
                                   reader_methods, "Bytes that come over a transport, to be awaited.");
    Class *protocol = loop_add_class(vm, module, "asyncio.streams", "_ReaderProtocol", NULL, &reader_protocol_ops, sizeof(ReaderProtocol),
                                     CLASS_HAS_DICT, protocol_methods, "A protocol that gives a StreamReader what comes.");
    library_of(vm)->classes[LIBRARY_READER_PROTOCOL] = protocol;
    return reader && protocol && native_add_attributes(vm, reader, reader_attributes) > 0;
}

// select: waiting for several descriptors, by poll(2) and epoll(7).
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "loop/loop.h"
#include "modules/modules.h"
#include "modules/posix/posix_internal.h"
#include "modules/system/signals.h"
#include "object/container/dict.h"
#include "object/container/list.h"

// ---- Waiting

// Seconds, or milliseconds when `scale` is 1e-3, as the time of the clock at which a wait ends. False with an exception.
static bool end_argument(VM *vm, Value v, double scale, double *end) {
    double length;
    *end = INFINITY;
    if (is_empty(v) || is_none(v)) return true;
    if (!is_any_float(v) && !has_index(vm, v)) return raise_type_error(vm, "timeout must be a number or None, not %s", type_name(vm, v)), false;
    if (!value_to_double(vm, v, &length)) return false;
    if (isnan(length)) return raise_value_error(vm, "Invalid value NaN (not a number)"), false;
    if (scale == 1 && length < 0) return raise_value_error(vm, "timeout must be non-negative"), false;
    if (fabs(length) * scale > 9e9) return raise_overflow_error(vm, "timeout is too large"), false;
    *end = length < 0 ? INFINITY : loop_system_time() + length * scale;
    return true;
}

// What the system's call answers, made again until it has something to say or the end has come; -1 with an exception.
static int wait_until(VM *vm, double end, int (*ask)(void *data, int milliseconds), void *data) {
    enum { SLICE = 20 };
    for (;;) {
        double left = end - loop_system_time();
        int found = ask(data, left <= 0 ? 0 : left * 1e3 < SLICE ? (int)ceil(left * 1e3) : SLICE);
        if (found > 0) return found;
        if (found < 0 && errno != EINTR) return path_error(vm, errno, NULL, NULL), -1;
        if (!signals_attend(vm)) return -1;
        if (left <= 0) return 0;
    }
}

typedef struct {
    struct pollfd *wanted;
    size_t count;
} Polling;
static int ask_poll(void *data, int milliseconds) {
    Polling *polling = data;
    return poll(polling->wanted, polling->count, milliseconds);
}

// ---- select()

static bool descriptor_of(VM *vm, Value v, int *out) {
    if (!fd_argument(vm, v, CAPABILITY_READ, out)) return false;
    if (*out < 0) return raise_value_error(vm, "file descriptor cannot be a negative integer (%i)", *out), false;
    return true;
}

// rlist, wlist, xlist, timeout
static Value select_select(VM *vm, Value *args, size_t count) {
    static const short events[] = {POLLIN, POLLOUT, POLLPRI};
    static const short answers[] = {POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};
    List *wanted[3], *found[3];
    double end;
    size_t total = 0;
    for (size_t i = 0; i < 3; i++) {
        if (!(wanted[i] = list_from_iterable(vm, args[i]))) {
            if (exception_matches(vm, vm->exceptions.type_error)) raise_type_error(vm, "arguments 1-3 must be sequences");
            return VALUE_ERROR;
        }
        total += wanted[i]->length;
    }
    if (!end_argument(vm, args[3], 1, &end)) return VALUE_ERROR;
    size_t size = (total + 1) * sizeof(struct pollfd);
    struct pollfd *places = heap_resize(vm, NULL, 0, size);
    if (!places) return raise_memory_error(vm);
    size_t next = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < 3; i++)
        for (size_t k = 0; ok && k < wanted[i]->length && next < total; k++) {
            places[next].events = events[i];
            ok = descriptor_of(vm, wanted[i]->items[k], &places[next++].fd);
        }
    Polling polling = {places, next};
    if (ok) ok = wait_until(vm, end, ask_poll, &polling) >= 0;
    Value results[3];
    next = 0;
    for (size_t i = 0; ok && i < 3; i++) {
        ok = (found[i] = list_new(vm, 0)) != NULL;
        for (size_t k = 0; ok && k < wanted[i]->length && next < polling.count; k++, next++) {
            if (places[next].revents & POLLNVAL) ok = (errno = EBADF, path_error(vm, errno, NULL, NULL), false);
            else if (places[next].revents & answers[i]) ok = list_append(vm, found[i], wanted[i]->items[k]);
        }
        results[i] = object_or_error(found[i]);
    }
    heap_resize(vm, places, size, 0);
    return ok ? object_or_error(tuple_from(vm, results, 3)) : VALUE_ERROR;
}

// ---- poll()

typedef struct {
    NativeData data;
    Dict *wanted; // descriptors and their events
} Poll;

static Poll *poll_of(Value v) { return (Poll *)object_of(v); }
static void poll_trace(VM *vm, Object *o) { heap_mark_object(vm, (Object *)((Poll *)o)->wanted); }
static const TypeOps poll_ops = {.trace = poll_trace};

static bool events_argument(VM *vm, Value v, int64_t otherwise, int64_t *out) {
    *out = otherwise;
    if (is_empty(v)) return true;
    if (!value_index_int64(vm, v, true, out)) return false;
    if (*out < 0) return raise_value_error(vm, "value must be positive"), false;
    return *out <= UINT16_MAX || (raise_overflow_error(vm, "Python int too large for C unsigned short"), false);
}

static Value poll_register(VM *vm, Value *args, size_t count) {
    int descriptor;
    int64_t events;
    if (!descriptor_of(vm, args[1], &descriptor) || !events_argument(vm, args[2], POLLIN | POLLPRI | POLLOUT, &events)) return VALUE_ERROR;
    return dict_set(vm, poll_of(args[0])->wanted, value_small(descriptor), value_small(events)) < 0 ? VALUE_ERROR : VALUE_NONE;
}
static Value poll_modify(VM *vm, Value *args, size_t count) {
    int descriptor;
    int64_t events;
    if (!descriptor_of(vm, args[1], &descriptor) || !events_argument(vm, args[2], 0, &events)) return VALUE_ERROR;
    Value known = dict_get(vm, poll_of(args[0])->wanted, value_small(descriptor));
    if (is_error(known)) return known;
    if (is_empty(known)) return path_error(vm, ENOENT, NULL, NULL);
    return dict_set(vm, poll_of(args[0])->wanted, value_small(descriptor), value_small(events)) < 0 ? VALUE_ERROR : VALUE_NONE;
}
static Value poll_unregister(VM *vm, Value *args, size_t count) {
    int descriptor;
    if (!descriptor_of(vm, args[1], &descriptor)) return VALUE_ERROR;
    int removed = dict_delete(vm, poll_of(args[0])->wanted, value_small(descriptor));
    if (removed < 0) return VALUE_ERROR;
    return removed ? VALUE_NONE : raise_with_value(vm, vm->exceptions.key_error, value_small(descriptor));
}

static Value poll_poll(VM *vm, Value *args, size_t count) {
    double end;
    Dict *wanted = poll_of(args[0])->wanted;
    if (!end_argument(vm, args[1], 1e-3, &end)) return VALUE_ERROR;
    size_t total = wanted->length, size = (total + 1) * sizeof(struct pollfd);
    struct pollfd *places = heap_resize(vm, NULL, 0, size);
    if (!places) return raise_memory_error(vm);
    Polling polling = {places, 0};
    size_t at = 0;
    Value key, events;
    while (polling.count < total && dict_next(wanted, &at, &key, &events))
        places[polling.count++] = (struct pollfd){.fd = (int)small_of(key), .events = (short)small_of(events)};
    List *found = wait_until(vm, end, ask_poll, &polling) < 0 ? NULL : list_new(vm, 0);
    for (size_t i = 0; found && i < polling.count; i++) {
        if (!places[i].revents) continue;
        Value pair[] = {value_small(places[i].fd), value_small((uint16_t)places[i].revents)};
        Tuple *both = tuple_from(vm, pair, 2);
        if (!both || !list_append(vm, found, value_object(both))) found = NULL;
    }
    heap_resize(vm, places, size, 0);
    return object_or_error(found);
}

static Value select_poll(VM *vm, Value *args, size_t count) {
    Poll *made = native_data_new(vm, library_of(vm)->classes[LIBRARY_POLL], sizeof(Poll));
    Dict *wanted = made ? dict_new(vm) : NULL;
    if (!wanted) return VALUE_ERROR;
    made->wanted = wanted;
    return value_object(made);
}

static const NativeDefinition poll_methods[] = {
    {"register", poll_register, "self, fd, eventmask=, /", NATIVE_METHOD, "Looks at a descriptor from now on."},
    {"modify", poll_modify, "self, fd, eventmask, /", NATIVE_METHOD, "Changes what is looked for at a descriptor."},
    {"unregister", poll_unregister, "self, fd, /", NATIVE_METHOD, "Looks at a descriptor no more."},
    {"poll", poll_poll, "self, timeout=None, /", NATIVE_METHOD, "Waits, so many milliseconds at most, until one is ready: a list of (fd, events)."},
    {0}};

// ---- epoll

typedef struct {
    NativeData data;
    int descriptor;
} Epoll;

static Epoll *epoll_of(Value v) { return (Epoll *)object_of(v); }
static void epoll_finalize(VM *vm, Object *o) {
    if (((Epoll *)o)->descriptor >= 0) close(((Epoll *)o)->descriptor);
    ((Epoll *)o)->descriptor = -1;
}
static const TypeOps epoll_ops = {.finalize = epoll_finalize};

static bool is_open(VM *vm, Value self) {
    if (epoll_of(self)->descriptor >= 0) return true;
    raise_value_error(vm, "I/O operation on closed epoll object");
    return false;
}

static Value epoll_make(VM *vm, Value *args, size_t count) {
    int size = -1, flags = 0;
    if ((!is_empty(args[1]) && !c_int_argument(vm, args[1], &size)) || (!is_empty(args[2]) && !c_int_argument(vm, args[2], &flags))) return VALUE_ERROR;
    if (size < -1 || size == 0) return raise_value_error(vm, "negative sizehint");
    if (flags && flags != EPOLL_CLOEXEC) return raise_error(vm, vm->exceptions.os_error, "invalid flags");
    Epoll *made = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Epoll));
    if (!made) return VALUE_ERROR;
    made->descriptor = epoll_create1(EPOLL_CLOEXEC);
    return made->descriptor < 0 ? path_error(vm, errno, NULL, NULL) : value_object(made);
}

static Value control(VM *vm, Value self, int operation, Value descriptor_value, Value events) {
    int descriptor;
    int64_t wanted = EPOLLIN | EPOLLPRI | EPOLLOUT;
    if (!is_open(vm, self) || !descriptor_of(vm, descriptor_value, &descriptor) || (!is_empty(events) && !value_index_int64(vm, events, true, &wanted)))
        return VALUE_ERROR;
    struct epoll_event event = {.events = (uint32_t)wanted, .data.fd = descriptor};
    return epoll_ctl(epoll_of(self)->descriptor, operation, descriptor, &event) < 0 ? path_error(vm, errno, NULL, NULL) : VALUE_NONE;
}
static Value epoll_register(VM *vm, Value *args, size_t count) { return control(vm, args[0], EPOLL_CTL_ADD, args[1], args[2]); }
static Value epoll_modify(VM *vm, Value *args, size_t count) { return control(vm, args[0], EPOLL_CTL_MOD, args[1], args[2]); }
static Value epoll_unregister(VM *vm, Value *args, size_t count) { return control(vm, args[0], EPOLL_CTL_DEL, args[1], VALUE_EMPTY); }

enum { MOST_EVENTS = 256 };
typedef struct {
    struct epoll_event *events;
    int descriptor, most;
} Asking;
static int ask_epoll(void *data, int milliseconds) {
    Asking *asking = data;
    return epoll_wait(asking->descriptor, asking->events, asking->most, milliseconds);
}

static Value epoll_poll(VM *vm, Value *args, size_t count) {
    double end;
    int most = -1;
    Value timeout = args[1];
    if (!is_open(vm, args[0])) return VALUE_ERROR;
    if (!is_empty(timeout) && !is_none(timeout)) {
        double seconds;
        if (!value_to_double(vm, timeout, &seconds)) return VALUE_ERROR;
        if (seconds < 0) timeout = VALUE_NONE;
    }
    if (!end_argument(vm, timeout, 1, &end) || (!is_empty(args[2]) && !c_int_argument(vm, args[2], &most))) return VALUE_ERROR;
    if (most == 0 || most < -1) return raise_value_error(vm, "maxevents must be greater than 0, got %d", most);
    struct epoll_event events[MOST_EVENTS];
    Asking asking = {events, epoll_of(args[0])->descriptor, most < 0 || most > MOST_EVENTS ? MOST_EVENTS : most};
    int found = wait_until(vm, end, ask_epoll, &asking);
    List *list = found < 0 ? NULL : list_new(vm, 0);
    for (int i = 0; list && i < found; i++) {
        Value pair[] = {value_small(events[i].data.fd), value_small(events[i].events)};
        Tuple *both = tuple_from(vm, pair, 2);
        if (!both || !list_append(vm, list, value_object(both))) list = NULL;
    }
    return object_or_error(list);
}

static Value epoll_close(VM *vm, Value *args, size_t count) { return epoll_finalize(vm, object_of(args[0])), VALUE_NONE; }
static Value epoll_fileno(VM *vm, Value *args, size_t count) { return is_open(vm, args[0]) ? value_small(epoll_of(args[0])->descriptor) : VALUE_ERROR; }
static Value epoll_enter(VM *vm, Value *args, size_t count) { return is_open(vm, args[0]) ? args[0] : VALUE_ERROR; }
static Value get_closed(VM *vm, Value self) { return value_bool(epoll_of(self)->descriptor < 0); }
static const AttributeDefinition epoll_attributes[] = {{"closed", get_closed, NULL, "Whether it is closed."}, {0}};
static const NativeDefinition epoll_methods[] = {
    {"__new__", epoll_make, "cls, sizehint=-1, flags=0", NATIVE_NEW},
    {"register", epoll_register, "self, fd, eventmask=", NATIVE_METHOD, "Looks at a descriptor from now on."},
    {"modify", epoll_modify, "self, fd, eventmask", NATIVE_METHOD, "Changes what is looked for at a descriptor."},
    {"unregister", epoll_unregister, "self, fd", NATIVE_METHOD, "Looks at a descriptor no more."},
    {"poll", epoll_poll, "self, timeout=None, maxevents=-1", NATIVE_METHOD, "Waits, so many seconds at most, until one is ready: a list of (fd, events)."},
    {"close", epoll_close, "self", NATIVE_METHOD, "Closes it."},
    {"fileno", epoll_fileno, "self", NATIVE_METHOD, "Its own descriptor."},
    {"__enter__", epoll_enter, "self, /", NATIVE_METHOD},
    {"__exit__", epoll_close, "self, /, *exception", NATIVE_METHOD},
    {0}};

// ---- The module

static const NativeDefinition functions[] = {
    {"select", select_select, "rlist, wlist, xlist, timeout=None, /", NATIVE_METHOD,
     "Waits, so many seconds at most, until some of the first can be read from, of the second written to, or of the third have urgent data: three lists."},
    {"poll", select_poll, "", NATIVE_METHOD, "An object that waits for the descriptors that are registered with it."},
    {0}};

#define CONSTANT(name) {#name, (int64_t)(name)}
static const struct {
    const char *name;
    int64_t number;
} constants[] = {CONSTANT(POLLIN), CONSTANT(POLLPRI), CONSTANT(POLLOUT), CONSTANT(POLLERR), CONSTANT(POLLHUP), CONSTANT(POLLNVAL), CONSTANT(EPOLLIN),
                 CONSTANT(EPOLLOUT), CONSTANT(EPOLLPRI), CONSTANT(EPOLLERR), CONSTANT(EPOLLHUP), CONSTANT(EPOLLET), CONSTANT(EPOLLONESHOT),
                 CONSTANT(EPOLLRDHUP), CONSTANT(EPOLL_CLOEXEC), CONSTANT(EPOLLRDNORM), CONSTANT(EPOLLRDBAND), CONSTANT(EPOLLWRNORM),
                 CONSTANT(EPOLLWRBAND), CONSTANT(EPOLLMSG), CONSTANT(EPOLLEXCLUSIVE), {"PIPE_BUF", 4096}, {"POLLRDNORM", 64}, {"POLLRDBAND", 128},
                 {"POLLWRNORM", 256}, {"POLLWRBAND", 512}, {"POLLMSG", 1024}, {"POLLRDHUP", 8192}};
#undef CONSTANT

bool select_module_fill(VM *vm, ModuleObject *module) {
    Dict *namespace = module->namespace;
    Class **classes = library_of(vm)->classes;
    Class *poll_class = classes[LIBRARY_POLL] = native_data_class(vm, "select", "poll", &poll_ops, sizeof(Poll), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    Class *epoll_class = native_data_class(vm, "select", "epoll", &epoll_ops, sizeof(Epoll), 0);
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (!add_value(vm, namespace, constants[i].name, int_from_int64(vm, constants[i].number))) return false;
    return poll_class && epoll_class && native_add_methods(vm, poll_class, poll_methods) > 0 && native_add_methods(vm, epoll_class, epoll_methods) > 0 &&
           native_add_attributes(vm, epoll_class, epoll_attributes) > 0 &&
           add_text(vm, epoll_class->attributes, "__doc__", "Waits for the descriptors that are registered with it, by epoll(7).") &&
           add_value(vm, namespace, "epoll", value_object(epoll_class)) && add_value(vm, namespace, "error", value_object(vm->exceptions.os_error)) &&
           add_text(vm, namespace, "__doc__", "Waiting for several descriptors at once.") && native_add_functions(vm, namespace, functions) > 0;
}

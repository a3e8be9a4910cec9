// Names that are looked up by a thread of its own, since nobody knows how long that takes: a lookup has a descriptor that can be read from
// once it is done. The thread knows nothing of the VM, and what it shares with it outlives either.
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "modules/network/network_internal.h"
#include "modules/system/file.h"
#include "object/container/list.h"

typedef struct {
    unsigned references; // atomic: the object's and the thread's
    int event;           // is written to at the end
    bool has_host, has_port;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    struct addrinfo wanted, *found;
    int status, error;   // what getaddrinfo answers, and errno
} Shared;

typedef struct {
    NativeData data;
    Shared *shared;
} Lookup;

static void leave(Shared *shared) {
    if (__atomic_sub_fetch(&shared->references, 1, __ATOMIC_ACQ_REL)) return;
    if (shared->found) freeaddrinfo(shared->found);
    close(shared->event);
    free(shared);
}

static void *work(void *data) {
    Shared *shared = data;
    shared->status = getaddrinfo(shared->has_host ? shared->host : NULL, shared->has_port ? shared->port : NULL, &shared->wanted, &shared->found);
    shared->error = errno;
    uint64_t one = 1;
    if (write(shared->event, &one, sizeof one) < 0) {}
    leave(shared);
    return NULL;
}

// 0 or an errno. No signal is to be handled by the thread.
static int begin(Shared *shared) {
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    int error = pthread_attr_init(&attributes);
    if (error) return error;
    sigfillset(&all);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(&thread, &attributes, work, shared);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

static void lookup_finalize(VM *vm, Object *o) {
    Lookup *lookup = (Lookup *)o;
    if (lookup->shared) leave(lookup->shared);
    lookup->shared = NULL;
}
static const TypeOps lookup_ops = {.finalize = lookup_finalize};

static bool take_text(VM *vm, Value v, char *room, size_t size, bool *has) {
    *has = !is_none(v);
    if (!*has) return true;
    if (!is_string(v)) return raise_type_error(vm, "str or None is wanted, not %s", type_name(vm, v)), false;
    const String *text = string_of(v);
    if (text->size >= size || memchr(text->data, 0, text->size)) return raise_name_error(vm, EAI_NONAME), false;
    memcpy(room, text->data, text->size);
    room[text->size] = 0;
    return true;
}

// cls, host, port: str or None; family, type, proto, flags
static Value lookup_make(VM *vm, Value *args, size_t count) {
    if (!vm_permit(vm, CAPABILITY_NETWORK, NULL)) return VALUE_ERROR;
    Lookup *lookup = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Lookup));
    if (!lookup) return VALUE_ERROR;
    Shared *shared = calloc(1, sizeof *shared);
    if (!shared) return raise_memory_error(vm);
    shared->references = 1;
    shared->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    lookup->shared = shared;
    if (shared->event < 0) return raise_os_error(vm, errno, VALUE_EMPTY);
    int *fields[] = {&shared->wanted.ai_family, &shared->wanted.ai_socktype, &shared->wanted.ai_protocol, &shared->wanted.ai_flags};
    for (size_t i = 0; i < 4; i++)
        if (!c_int_argument(vm, args[3 + i], fields[i])) return VALUE_ERROR;
    if (!take_text(vm, args[1], shared->host, sizeof shared->host, &shared->has_host) ||
        !take_text(vm, args[2], shared->port, sizeof shared->port, &shared->has_port))
        return VALUE_ERROR;
    shared->references = 2;
    int error = begin(shared);
    if (!error) return value_object(lookup);
    shared->references = 1;
    return raise_os_error(vm, error, VALUE_EMPTY);
}

static Value lookup_fileno(VM *vm, Value *args, size_t count) { return value_small(((Lookup *)object_of(args[0]))->shared->event); }

// What getaddrinfo() gives. Only once the descriptor can be read from.
static Value lookup_result(VM *vm, Value *args, size_t count) {
    Shared *shared = ((Lookup *)object_of(args[0]))->shared;
    uint64_t number;
    if (read(shared->event, &number, sizeof number) < 0) return raise_runtime_error(vm, "the lookup is not done yet");
    if (shared->status) return errno = shared->error, raise_name_error(vm, shared->status);
    List *list = list_new(vm, 0);
    for (const struct addrinfo *entry = shared->found; list && entry; entry = entry->ai_next) {
        Value value = address_entry(vm, entry);
        if (is_error(value) || !list_append(vm, list, value)) list = NULL;
    }
    return object_or_error(list);
}

static const NativeDefinition lookup_methods[] = {
    {"__new__", lookup_make, "cls, host, port, family, type, proto, flags, /", NATIVE_NEW},
    {"fileno", lookup_fileno, "self, /", NATIVE_METHOD},
    {"result", lookup_result, "self, /", NATIVE_METHOD},
    {0}};

bool lookup_add(VM *vm, Dict *namespace) {
    Class *cls = native_data_class(vm, "_socket", "_Lookup", &lookup_ops, sizeof(Lookup), CLASS_FINAL);
    return cls && native_add_methods(vm, cls, lookup_methods) > 0 && add_value(vm, namespace, "_Lookup", value_object(cls));
}

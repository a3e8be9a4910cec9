// A VM and its host: memory, standard streams, files.
#include "api/host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"
#include "loop/loop.h"
#include "modules/library.h"
#include "modules/system/signals.h"
#include "modules/modules.h"
#include "modules/system/file.h"
#include "modules/system/terminal.h"
#include "object/container/dict.h"
#include "object/core/module.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"
#include "vm/import.h"
#include "vm/interpreter.h"

const char *aioli_version(void) { return AIOLI_VERSION; }

// ---- The defaults of a config

static int write_descriptor(void *user, int stream, const char *bytes, size_t length) {
    while (length) {
        ssize_t n = write(stream, bytes, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            // Somebody who shares the terminal or pipe has made it one that does not block.
            struct pollfd wanted = {.fd = stream, .events = POLLOUT};
            poll(&wanted, 1, -1);
            continue;
        }
        if (n < 0) return errno;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}
static long read_descriptor(void *user, int stream, char *bytes, size_t size) {
    ssize_t n = read(stream, bytes, size);
    return n < 0 ? -errno : (long)n;
}
static int is_terminal_descriptor(void *user, int stream) { return isatty(stream); }

static aioli *host_of(void *user) { return user; }
static int stream_write(void *user, int stream, const char *bytes, size_t length) {
    aioli *host = host_of(user);
    if (length > host->output_left) return EFBIG;
    if (host->output_left != UINT64_MAX) host->output_left -= length;
    return host->config.write(host->config.user, stream, bytes, length);
}
static long stream_read(void *user, int stream, char *bytes, size_t size) {
    // Our own read waits in slices: an interrupt from another thread can't end it. A host's is the host's matter.
    struct pollfd wanted = {.fd = stream, .events = POLLIN};
    while (host_of(user)->config.read == read_descriptor && poll(&wanted, 1, 20) <= 0)
        if (vm_requested(&host_of(user)->vm)) return -EINTR;
    return host_of(user)->config.read(host_of(user)->config.user, stream, bytes, size);
}
static bool stream_is_terminal(void *user, int stream) {
    return host_of(user)->config.is_terminal(host_of(user)->config.user, stream) != 0;
}

static bool stream_is_descriptor(void *user, int stream) {
    const aioli_config *config = &host_of(user)->config;
    return stream == 0 ? config->read == read_descriptor : config->write == write_descriptor;
}

static void *resize_by_config(Allocator *allocator, void *block, size_t old_size, size_t new_size) {
    const aioli_config *config = allocator->user;
    return config->resize(config->user, block, old_size, new_size);
}

// ---- Files

int host_read_file(Allocator *allocator, const char *path, char **data, size_t *length, size_t *capacity) {
    *data = NULL;
    *length = *capacity = 0;
    int fd;
    do fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0) return errno;
    struct stat status;
    int error = fstat(fd, &status) != 0 ? errno : S_ISDIR(status.st_mode) ? EISDIR : 0;
    // A file may say nothing of its size (a pipe), or grow.
    size_t wanted = error ? 0 : (size_t)status.st_size + 1;
    while (!error) {
        if (*length + 1 >= *capacity) {
            if (*capacity) wanted = *capacity * 2;
            if (wanted < 4096) wanted = 4096;
            char *larger = reallocate(allocator, *data, *capacity, wanted);
            if (!larger) {
                error = ENOMEM;
                break;
            }
            *data = larger;
            *capacity = wanted;
        }
        ssize_t n = read(fd, *data + *length, *capacity - *length);
        if (n == 0) break;
        if (n < 0 && errno != EINTR) error = errno;
        if (n > 0) *length += (size_t)n;
    }
    close(fd);
    if (!error) return 0;
    release(allocator, *data, *capacity);
    *data = NULL;
    return error;
}

// What the importer asks for: a module's text, or nothing.
static Value load_module(VM *vm, const char *path) {
    if (!grants_file(host_of_vm(vm), false, path)) return VALUE_EMPTY;
    char *data;
    size_t length, capacity;
    int error = host_read_file(&vm->heap.counted, path, &data, &length, &capacity);
    if (error == ENOENT || error == ENOTDIR || error == EISDIR || error == EACCES || error == ENAMETOOLONG) return VALUE_EMPTY;
    if (error == ENOMEM) return raise_memory_error(vm);
    if (error) {
        String *name = string_from(vm, path);
        return name ? raise_os_error(vm, error, value_object(name)) : VALUE_ERROR;
    }
    Bytes *bytes = bytes_new(vm, data ? data : "", length);
    release(&vm->heap.counted, data, capacity);
    return object_or_error(bytes);
}

// And whether a folder may hold a part of a package.
static bool is_module_folder(VM *vm, const char *path) {
    struct stat status;
    return grants_file(host_of_vm(vm), false, path) && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

// ---- Services handed down

static unsigned chooses(VM *vm, uint64_t number, unsigned count, unsigned which) {
    aioli *host = host_of_vm(vm);
    return host->config.chooses(host->config.user, number, count, which);
}
static void traced(VM *vm, const char *text, size_t length) {
    aioli *host = host_of_vm(vm);
    host->config.trace(host->config.user, text, length);
}
static void described(VM *vm, const char *text, size_t length) {
    aioli *host = host_of_vm(vm);
    host->config.describe(host->config.user, text, length);
}
static void departed(VM *vm, uint64_t number, const char *text) {
    aioli *host = host_of_vm(vm);
    host->config.departed(host->config.user, number, text);
}

// What the loop has to say when nobody is there to catch an exception.
static bool show_error(VM *vm, const char *text, size_t length) {
    return library_write_error(vm, text, length) && sys_flush(vm);
}

static void write_report(VM *vm, const char *text, size_t length) {
    const aioli_config *config = &host_of_vm(vm)->config;
    config->write(config->user, 2, text, length); // that it can't be written is nobody's matter
}

static Value flush_before_wait(VM *vm) { return sys_flush(vm) ? VALUE_NONE : VALUE_ERROR; }

// The virtual clock, for the module time.
static bool virtual_clock(VM *vm, double advance, double *now) {
    if (!loop_of(vm)->use_virtual_time || !loop_open(vm)) return exception_clear(vm), false;
    Driver *driver = loop_of(vm)->driver;
    if (advance > 0) driver->wait(driver, advance);
    *now = driver->now(driver);
    return true;
}

// ---- Making and freeing

static void random_key(uint64_t key[2]) {
    // The hash of text is seeded anew for each VM, so that no input can aim at collisions.
    if (getrandom(key, 16, GRND_NONBLOCK) != 16) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        key[0] = (uint64_t)t.tv_nsec * 0x9E3779B97F4A7C15u ^ (uint64_t)(uintptr_t)key;
        key[1] = (uint64_t)t.tv_sec * 0xBF58476D1CE4E5B9u ^ (uint64_t)getpid();
    }
}

static void trace(VM *vm) {
    aioli *host = host_of_vm(vm);
    if (host->outer_trace) host->outer_trace(vm);
    heap_mark(vm, host->pending);
    heap_mark_object(vm, host->modules);
    heap_mark_object(vm, host->builtins);
    host_handles_trace(host);
    host_classes_trace(host);
    promises_trace(host);
}

static void forget(VM *vm) { host_handles_forget(host_of_vm(vm)); }

static bool create(aioli *host) {
    VM *vm = &host->vm;
    uint64_t key[2];
    random_key(key);
    host->tag = (uint32_t)((key[0] >> 7 ^ key[1]) % ((1u << HANDLE_TAG_BITS) - 1) + 1);
    if (!vm_create(vm, host->allocator, key)) return false;
    vm->host = host;
    if (!interpreter_create(vm)) return false;
    if (!loop_create(vm)) return false;
    host_driver_use(host);
    loop_of(vm)->before_wait = flush_before_wait;
    loop_of(vm)->show_error = show_error;
    loop_of(vm)->write_report = write_report;
    vm->hooks.clock = virtual_clock;
    if (!promises_create(host)) return false;
    Streams streams = {stream_write, stream_read, stream_is_terminal, stream_is_descriptor, host};
    if (!grants_create(host)) return false;
    bool reads = host->config.grants & AIOLI_GRANT_FILES || host->readable.count;
    if (!library_create(vm, &streams)) return false;
    library_of(vm)->development = host->config.development != 0;
    loop_of(vm)->tells_of_stuck = host->config.development != 0;
    loop_of(vm)->notes_origins = host->config.development != 0;
    loop_of(vm)->reports_json = host->config.json_reports != 0;
    ImportFiles files = {reads ? load_module : NULL, is_module_folder};
    if (!import_create(vm, native_modules, source_modules, source_images, &files, library_of(vm)->sys)) return false;
    host->outer_trace = vm->hooks.trace;
    vm->hooks.trace = trace;
    vm->hooks.forget = forget;
    limits_create(host);
    loop_of(vm)->use_virtual_time = host->config.virtual_time != 0;
    loop_of(vm)->shuffle = host->config.shuffle;
    if (host->config.chooses) loop_of(vm)->chooses = chooses;
    if (host->config.departed) loop_of(vm)->departed = departed;
    if (host->config.describe) loop_of(vm)->describe = described;
    if (host->config.trace && !trace_begin(vm, traced)) return false;
    vm->colours = host->config.colours != 0;
    return true;
}

aioli *aioli_new(const aioli_config *config) {
    aioli_config wanted = config ? *config : (aioli_config){0};
    Allocator allocator = wanted.resize ? (Allocator){resize_by_config, &wanted} : allocator_system();
    aioli *host = allocate(&allocator, sizeof *host);
    if (!host) return NULL;
    memset(host, 0, sizeof *host);
    host->config = wanted;
    if (!wanted.write) host->config.write = write_descriptor;
    if (!wanted.read)
        host->config.read = read_descriptor;
    else
        host->config.grants |= AIOLI_GRANT_INPUT;
    host->output_left = UINT64_MAX;
    if (!wanted.is_terminal) host->config.is_terminal = is_terminal_descriptor;
    host->allocator = allocator;
    if (wanted.resize) host->allocator.user = &host->config;
    buffer_init(&host->error, &host->allocator);
    host->pending = VALUE_EMPTY;
    if (create(host)) return host;
    aioli_free(host);
    return NULL;
}

// What scripts have registered with atexit. False: a limit or an interrupt ends it.
static bool run_exit_functions(VM *vm) {
    String *name = string_intern_from(vm, "atexit", 6), *function = string_intern_from(vm, "_run_exitfuncs", 14);
    Value module = name && function ? dict_get_string(vm, vm->modules, name) : VALUE_EMPTY;
    Value run = is_kind(module, KIND_MODULE) ? value_find_attribute(vm, module, function) : VALUE_EMPTY;
    if (!is_error(run) && !is_empty(run)) run = vm_call(vm, run, NULL, 0, NULL);
    bool ok = !is_error(run) || exception_matches(vm, vm->exceptions.exception);
    exception_clear(vm);
    return ok;
}

void aioli_free(aioli *host) {
    Entry entry;
    if (!host || !HOST_ENTER(host, &entry)) return;
    VM *vm = &host->vm;
    if (!entry.outermost) {
        host_misuse(host, "%s: a function of the VM is running", entry.function);
        host_leave(host, &entry);
        return;
    }
    promises_abandon(host);
    limits_leave(host);
    if (vm->loop && vm->library) lost_end(vm, true);
    if (vm->library && !vm->ending && run_exit_functions(vm)) vm->hooks.finalize(vm, true);
    if (vm->library) sys_flush(vm);
    if (vm->library) signals_destroy(vm, &host->allocator); // a signal that comes wakes the loop
    if (vm->loop) loop_destroy(vm);
    buffer_free(&host->error);
    // Files are written out and closed by their finalisers, which know the heap and the streams only.
    interpreter_destroy(vm);
    vm->hooks.trace = NULL;
    host_handles_free(host);
    host_functions_free(host);
    vm_destroy(vm);
    library_destroy(vm, &host->allocator);
    host_classes_free(host);
    grants_free(host);
    Allocator allocator = host->allocator;
    aioli_config config = host->config;
    if (config.resize) allocator.user = &config;
    release(&allocator, host, sizeof *host);
}

int aioli_set_arguments(aioli *host, const char *executable, int count, const char *const *arguments) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return -1;
    bool ok = library_set_arguments(&host->vm, executable, count < 0 ? 0 : (size_t)count, arguments);
    return host_leave_status(host, &entry, ok ? 0 : -1);
}

static int flush(VM *vm) {
    if (sys_flush(vm)) return 0;
    Value number = is_exception(vm->exception) ? exception_get(vm, exception_of(vm->exception), "errno") : VALUE_EMPTY;
    exception_drop(vm);
    return is_small(number) ? (int)small_of(number) : EIO;
}

int aioli_flush(aioli *host) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return EINVAL;
    int error = flush(&host->vm);
    host_leave(host, &entry);
    return error;
}

void aioli_interrupt(aioli *host) {
    __atomic_fetch_or(&host->vm.requests, REQUEST_INTERRUPT, __ATOMIC_SEQ_CST);
    loop_wake(&host->vm);
}

void aioli_report(aioli *host) {
    __atomic_fetch_or(&host->vm.requests, REQUEST_REPORT, __ATOMIC_SEQ_CST);
    loop_wake(&host->vm);
}

void aioli_describe(aioli *host) {
    __atomic_fetch_or(&host->vm.requests, REQUEST_DESCRIBE, __ATOMIC_SEQ_CST);
    loop_wake(&host->vm);
}

void host_restore_terminal(aioli *host) {
    Library *library = host->vm.library;
    if (library) terminal_restore(__atomic_load_n(&library->terminal, __ATOMIC_ACQUIRE));
}

const char *aioli_error_text(aioli *host, size_t *length) {
    const char *text = host->error.length ? host->error.data : host->no_memory ? NO_MEMORY_TEXT : "";
    if (length) *length = host->error.length ? host->error.length : strlen(text);
    return text;
}

int aioli_exit_status(const aioli *host) { return host->exit_status; }

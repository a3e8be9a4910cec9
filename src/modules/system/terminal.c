// _terminal: what a line editor needs of file descriptors. Scripts reach the standard input by it if that is granted, the standard
// streams if they are the process's own, and other descriptors where all files are granted.
#include "modules/system/terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "loop/loop.h"
#include "modules/modules.h"
#include "modules/system/file.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"

// What a terminal was before it was put into raw mode. A signal handler may look at this at any moment: what `saved` holds is whole
// before `descriptor` says so.
struct Terminal {
    int descriptor; // atomic; -1: none is in raw mode
    struct termios saved;
};

// ---- Grants

// The descriptor that an argument names, if scripts may use it so. -1 with an exception.
static int descriptor_argument(VM *vm, Value v, Capability capability) {
    int fd;
    if (!c_int_argument(vm, v, &fd)) return -1;
    if (fd < 0) return raise_value_error(vm, "negative file descriptor"), -1;
    if (!vm_permit(vm, CAPABILITY_INPUT, NULL)) return -1;
    const Streams *streams = &library_of(vm)->streams;
    if (fd > 2) return vm_permit(vm, capability, NULL) ? fd : -1;
    if (streams->is_descriptor && streams->is_descriptor(streams->user, fd)) return fd;
    raise_error(vm, vm->exceptions.permission_error, "file descriptor %d is not granted here", fd);
    return -1;
}

// ---- Modes

// At once, and without dropping what was typed.
static int set_mode(int fd, const struct termios *mode) {
    int status;
    do status = tcsetattr(fd, TCSANOW, mode);
    while (status < 0 && errno == EINTR);
    return status < 0 ? errno : 0;
}

void terminal_restore(Terminal *terminal) {
    int fd = terminal ? __atomic_load_n(&terminal->descriptor, __ATOMIC_ACQUIRE) : -1;
    if (fd < 0) return;
    int error = errno;
    // In the background it belongs to somebody else, who has set it as he likes.
    pid_t foreground = tcgetpgrp(fd);
    if (foreground < 0 || foreground == getpgrp()) set_mode(fd, &terminal->saved);
    __atomic_store_n(&terminal->descriptor, -1, __ATOMIC_RELEASE);
    errno = error;
}

void terminal_forget(VM *vm, Allocator *allocator) {
    Library *library = library_of(vm);
    if (!library) return;
    terminal_restore(library->terminal);
    release(allocator, library->terminal, sizeof(Terminal));
    library->terminal = NULL;
}

static Value terminal_raw(VM *vm, Value *args, size_t count) {
    Library *library = library_of(vm);
    struct termios mode;
    int fd = descriptor_argument(vm, args[0], CAPABILITY_READ);
    if (fd < 0) return VALUE_ERROR;
    if (tcgetattr(fd, &mode) != 0) return raise_os_error(vm, errno, VALUE_EMPTY);
    if (!library->terminal) {
        Terminal *terminal = allocate(&vm->heap.allocator, sizeof *terminal);
        if (!terminal) return raise_memory_error(vm);
        *terminal = (Terminal){.descriptor = -1};
        __atomic_store_n(&library->terminal, terminal, __ATOMIC_RELEASE);
    }
    Terminal *terminal = library->terminal;
    if (terminal->descriptor >= 0 && terminal->descriptor != fd)
        return raise_runtime_error(vm, "file descriptor %d is in raw mode already", terminal->descriptor);
    if (terminal->descriptor < 0) {
        terminal->saved = mode;
        __atomic_store_n(&terminal->descriptor, fd, __ATOMIC_RELEASE);
    }
    int interrupts = is_empty(args[1]) ? 0 : value_truth(vm, args[1]);
    if (interrupts < 0) return VALUE_ERROR;
    // Keys come as they are typed, without echo, as bytes, and none of them sends a signal; but Ctrl-C, if it is to interrupt. What is
    // written is still processed, so that "\n" begins a line.
    mode.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
    mode.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | (interrupts ? 0 : ISIG));
    mode.c_cc[VSUSP] = _POSIX_VDISABLE;
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    int error = set_mode(fd, &mode);
    if (!error) return VALUE_NONE;
    __atomic_store_n(&terminal->descriptor, -1, __ATOMIC_RELEASE);
    return raise_os_error(vm, error, VALUE_EMPTY);
}

static Value terminal_restore_mode(VM *vm, Value *args, size_t count) {
    Terminal *terminal = library_of(vm)->terminal;
    int fd = descriptor_argument(vm, args[0], CAPABILITY_READ);
    if (fd < 0) return VALUE_ERROR;
    if (!terminal || terminal->descriptor != fd) return VALUE_NONE;
    int error = set_mode(fd, &terminal->saved);
    __atomic_store_n(&terminal->descriptor, -1, __ATOMIC_RELEASE);
    return error ? raise_os_error(vm, error, VALUE_EMPTY) : VALUE_NONE;
}

// ---- What it is

static Value terminal_is_terminal(VM *vm, Value *args, size_t count) {
    int fd = descriptor_argument(vm, args[0], CAPABILITY_READ);
    return fd < 0 ? VALUE_ERROR : value_bool(isatty(fd));
}

// A number from the environment, or `otherwise`.
static int from_environment(const char *name, int otherwise) {
    const char *text = getenv(name);
    char *end;
    long number = text ? strtol(text, &end, 10) : 0;
    return number > 0 && number < 100000 && !*end ? (int)number : otherwise;
}

static Value terminal_size(VM *vm, Value *args, size_t count) {
    int fd = descriptor_argument(vm, args[0], CAPABILITY_READ);
    if (fd < 0) return VALUE_ERROR;
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0) size = (struct winsize){0};
    Value pair[2] = {value_small(size.ws_col ? size.ws_col : from_environment("COLUMNS", 80)),
                     value_small(size.ws_row ? size.ws_row : from_environment("LINES", 24))};
    return object_or_error(tuple_from(vm, pair, 2));
}

// ---- Reading and writing

static Value terminal_readable(VM *vm, Value *args, size_t count) {
    int fd = descriptor_argument(vm, args[0], CAPABILITY_READ), error;
    if (fd < 0) return VALUE_ERROR;
    Future *future = loop_watch(vm, fd, WATCH_READABLE, &error);
    if (error) return raise_os_error(vm, error, VALUE_EMPTY);
    return object_or_error(future);
}

static Value terminal_read(VM *vm, Value *args, size_t count) {
    enum { MOST = 65536, ON_STACK = 4096 };
    int64_t size;
    int fd = descriptor_argument(vm, args[0], CAPABILITY_READ);
    if (fd < 0 || !size_argument(vm, args[1], &size)) return VALUE_ERROR;
    if (size < 1) return raise_value_error(vm, "the size must be positive");
    if (size > MOST) size = MOST;
    // Many can hold the same terminal, so that it may be empty in spite of what the loop has said.
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    if (poll(&wanted, 1, 0) == 0) return raise_os_error(vm, EAGAIN, VALUE_EMPTY);
    char small[ON_STACK], *bytes = small;
    if (size > ON_STACK && !(bytes = heap_resize(vm, NULL, 0, (size_t)size))) return raise_memory_error(vm);
    ssize_t n;
    bool interrupted = false;
    do n = read(fd, bytes, (size_t)size);
    while (n < 0 && errno == EINTR && !(interrupted = vm_interrupted(vm)));
    int error = n < 0 ? errno : 0;
    // Of a terminal that has gone there is no more to come.
    if (error == EIO) n = error = 0;
    Value result = VALUE_ERROR;
    if (!error)
        result = object_or_error(bytes_new(vm, bytes, (size_t)n));
    else if (!interrupted || vm_poll(vm, 0))
        raise_os_error(vm, error, VALUE_EMPTY);
    if (bytes != small) heap_resize(vm, bytes, (size_t)size, 0);
    return result;
}

// Writes all of it, however slowly it is taken. False with an exception.
static bool write_all(VM *vm, int fd, const char *bytes, size_t length) {
    enum { SLICE = 20 }; // milliseconds: an interrupt from another thread can't end the wait
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno != EINTR && errno != EAGAIN) return raise_os_error(vm, errno, VALUE_EMPTY), false;
        if (n < 0 && errno == EAGAIN) {
            struct pollfd wanted = {.fd = fd, .events = POLLOUT};
            poll(&wanted, 1, SLICE);
        }
        if (n < 0 && vm_requested(vm) && !vm_poll(vm, 0)) return false;
        if (n > 0) bytes += n, length -= (size_t)n;
    }
    return true;
}

static Value terminal_write(VM *vm, Value *args, size_t count) {
    int fd = descriptor_argument(vm, args[0], CAPABILITY_WRITE);
    if (fd < 0) return VALUE_ERROR;
    if (!is_string(args[1])) return raise_type_error(vm, "write() argument must be str, not %s", type_name(vm, args[1]));
    const String *text = string_of(args[1]);
    // It comes behind what has been printed; to the standard streams it goes by way of the host, who may count or refuse it. The standard
    // input is one of the files: that it may be read does not say that anybody may write to it.
    if (fd == 0 && !vm_permit(vm, CAPABILITY_WRITE, NULL)) return VALUE_ERROR;
    if (!sys_flush(vm)) return VALUE_ERROR;
    if (fd != 1 && fd != 2) return write_all(vm, fd, text->data, text->size) ? VALUE_NONE : VALUE_ERROR;
    const Streams *streams = &library_of(vm)->streams;
    int error = streams->write(streams->user, fd, text->data, text->size);
    return error ? raise_os_error(vm, error, VALUE_EMPTY) : VALUE_NONE;
}

static const NativeDefinition functions[] = {{"is_terminal", terminal_is_terminal, "fd, /", NATIVE_METHOD},
                                             {"raw", terminal_raw, "fd, interrupts=, /", NATIVE_METHOD},
                                             {"read", terminal_read, "fd, size, /", NATIVE_METHOD},
                                             {"readable", terminal_readable, "fd, /", NATIVE_METHOD},
                                             {"restore", terminal_restore_mode, "fd, /", NATIVE_METHOD},
                                             {"size", terminal_size, "fd, /", NATIVE_METHOD},
                                             {"write", terminal_write, "fd, text, /", NATIVE_METHOD},
                                             {0}};

bool terminal_module_fill(VM *vm, ModuleObject *module) {
    return native_add_functions(vm, module->namespace, functions) > 0 &&
           native_add_functions(vm, module->namespace, terminal_text_functions) > 0;
}

// Open files by their number. Scripts need the grant of all files: a descriptor may be anything that the process has open.
#define _GNU_SOURCE 1 // constants and calls of Linux

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "modules/posix/posix_internal.h"

static Value done(VM *vm, int failed) { return failed ? path_error(vm, errno, NULL, NULL) : VALUE_NONE; }

static Value posix_open(VM *vm, Value *args, size_t count) {
    Path path;
    int flags, mode = 0777, dir_fd;
    if (!path_argument(vm, args[0], "open", "path", 0, &path) || !c_int_argument(vm, args[1], &flags) ||
        (!is_empty(args[2]) && !c_int_argument(vm, args[2], &mode)) || !dir_fd_argument(vm, args[3], &dir_fd))
        return VALUE_ERROR;
    int access = flags & O_ACCMODE;
    bool writes = access != O_RDONLY || flags & (O_CREAT | O_TRUNC), reads = access != O_WRONLY;
    if ((reads && !path_permit(vm, &path, CAPABILITY_READ, true, dir_fd)) || (writes && !path_permit(vm, &path, CAPABILITY_WRITE, true, dir_fd)))
        return VALUE_ERROR;
    int fd;
    do fd = openat(dir_fd, path.text, flags | O_CLOEXEC, (mode_t)mode);
    while (fd < 0 && interrupted_again(vm));
    if (!is_empty(vm->exception)) return VALUE_ERROR;
    return fd < 0 ? path_error(vm, errno, &path, NULL) : value_small(fd);
}

static Value posix_close(VM *vm, Value *args, size_t count) {
    int fd;
    if (!fd_argument(vm, args[0], CAPABILITY_WRITE, &fd)) return VALUE_ERROR;
    return done(vm, close(fd) && errno != EINTR);
}

static Value posix_closerange(VM *vm, Value *args, size_t count) {
    int low, high;
    if (!c_int_argument(vm, args[0], &low) || !c_int_argument(vm, args[1], &high) || !vm_permit(vm, CAPABILITY_WRITE, NULL)) return VALUE_ERROR;
    long most = sysconf(_SC_OPEN_MAX);
    if (most > 0 && high > most) high = (int)most;
    for (int fd = low < 0 ? 0 : low; fd < high; fd++) {
        close(fd);
        if (!vm_poll(vm, 8)) return VALUE_ERROR;
    }
    return VALUE_NONE;
}

// Waits until a read would not block, if the descriptor is of those that block. False: a request came first, whose exception is raised.
static bool wait_readable(VM *vm, int fd) {
    enum { SLICE = 20 }; // milliseconds: another thread's interrupt ends no system call
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || flags & O_NONBLOCK) return true;
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    while (poll(&wanted, 1, SLICE) <= 0)
        if (!vm_poll(vm, 1) || !vm_take_signals(vm)) return false;
    return true;
}

static bool size_of(VM *vm, Value v, size_t *out) {
    int64_t size;
    if (!size_argument(vm, v, &size)) return false;
    if (size < 0) return errno = EINVAL, path_error(vm, errno, NULL, NULL), false;
    *out = (size_t)size;
    return true;
}

static Value read_bytes(VM *vm, int fd, size_t size, int64_t offset) {
    Bytes *bytes = bytes_new(vm, NULL, size);
    if (!bytes || !wait_readable(vm, fd)) return VALUE_ERROR;
    ssize_t n;
    do n = offset < 0 ? read(fd, bytes->data, size) : pread(fd, bytes->data, size, offset);
    while (n < 0 && interrupted_again(vm));
    if (!is_empty(vm->exception)) return VALUE_ERROR;
    if (n < 0) return path_error(vm, errno, NULL, NULL);
    return (size_t)n == size ? value_object(bytes) : object_or_error(bytes_new(vm, bytes->data, (size_t)n));
}
static Value posix_read(VM *vm, Value *args, size_t count) {
    int fd;
    size_t size;
    if (!fd_argument(vm, args[0], CAPABILITY_READ, &fd) || !size_of(vm, args[1], &size)) return VALUE_ERROR;
    return read_bytes(vm, fd, size, -1);
}
static Value posix_pread(VM *vm, Value *args, size_t count) {
    int fd;
    size_t size;
    int64_t offset;
    if (!fd_argument(vm, args[0], CAPABILITY_READ, &fd) || !size_of(vm, args[1], &size) || !int64_argument(vm, args[2], &offset)) return VALUE_ERROR;
    if (offset < 0) return errno = EINVAL, path_error(vm, errno, NULL, NULL);
    return read_bytes(vm, fd, size, offset);
}

static bool bytes_argument(VM *vm, Value v, const unsigned char **data, size_t *size) {
    if (bytes_view(v, data, size)) return true;
    return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, v)), false;
}

// What the standard streams are is the host's affair.
static Value posix_write(VM *vm, Value *args, size_t count) {
    int fd;
    const unsigned char *data;
    size_t size;
    if (!c_int_argument(vm, args[0], &fd) || !bytes_argument(vm, args[1], &data, &size)) return VALUE_ERROR;
    if (fd == 1 || fd == 2) {
        Streams *streams = &library_of(vm)->streams;
        int number = streams->write(streams->user, fd, (const char *)data, size);
        return number ? (errno = number, path_error(vm, number, NULL, NULL)) : int_from_uint64(vm, size);
    }
    if (!vm_permit(vm, CAPABILITY_WRITE, NULL)) return VALUE_ERROR;
    ssize_t n;
    do n = write(fd, data, size);
    while (n < 0 && interrupted_again(vm));
    if (!is_empty(vm->exception)) return VALUE_ERROR;
    return n < 0 ? path_error(vm, errno, NULL, NULL) : int_from_int64(vm, n);
}
static Value posix_pwrite(VM *vm, Value *args, size_t count) {
    int fd;
    const unsigned char *data;
    size_t size;
    int64_t offset;
    if (!fd_argument(vm, args[0], CAPABILITY_WRITE, &fd) || !bytes_argument(vm, args[1], &data, &size) || !int64_argument(vm, args[2], &offset))
        return VALUE_ERROR;
    ssize_t n;
    do n = pwrite(fd, data, size, offset);
    while (n < 0 && interrupted_again(vm));
    if (!is_empty(vm->exception)) return VALUE_ERROR;
    return n < 0 ? path_error(vm, errno, NULL, NULL) : int_from_int64(vm, n);
}

static Value posix_lseek(VM *vm, Value *args, size_t count) {
    int fd, how;
    int64_t offset;
    if (!fd_argument(vm, args[0], CAPABILITY_READ, &fd) || !int64_argument(vm, args[1], &offset) || !c_int_argument(vm, args[2], &how)) return VALUE_ERROR;
    off_t at = lseek(fd, offset, how);
    return at < 0 ? path_error(vm, errno, NULL, NULL) : int_from_int64(vm, at);
}

static Value posix_ftruncate(VM *vm, Value *args, size_t count) {
    int fd, failed;
    int64_t length;
    if (!fd_argument(vm, args[0], CAPABILITY_WRITE, &fd) || !int64_argument(vm, args[1], &length)) return VALUE_ERROR;
    do failed = ftruncate(fd, length);
    while (failed && interrupted_again(vm));
    return is_empty(vm->exception) ? done(vm, failed) : VALUE_ERROR;
}

static Value synchronized(VM *vm, Value v, int (*function)(int)) {
    int fd, failed;
    if (!fd_argument(vm, v, CAPABILITY_WRITE, &fd)) return VALUE_ERROR;
    do failed = function(fd);
    while (failed && interrupted_again(vm));
    return is_empty(vm->exception) ? done(vm, failed) : VALUE_ERROR;
}
static Value posix_fsync(VM *vm, Value *args, size_t count) { return synchronized(vm, args[0], fsync); }
static Value posix_fdatasync(VM *vm, Value *args, size_t count) { return synchronized(vm, args[0], fdatasync); }
static Value posix_sync(VM *vm, Value *args, size_t count) {
    if (!vm_permit(vm, CAPABILITY_WRITE, NULL)) return VALUE_ERROR;
    sync();
    return VALUE_NONE;
}

static Value posix_dup(VM *vm, Value *args, size_t count) {
    int fd;
    if (!fd_argument(vm, args[0], CAPABILITY_WRITE, &fd)) return VALUE_ERROR;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? path_error(vm, errno, NULL, NULL) : value_small(copy);
}
static Value posix_dup2(VM *vm, Value *args, size_t count) {
    int fd, to, inheritable = truth_argument(vm, args[2], true);
    if (inheritable < 0 || !c_int_argument(vm, args[1], &to) || !fd_argument(vm, args[0], CAPABILITY_WRITE, &fd)) return VALUE_ERROR;
    int copy = inheritable || fd == to ? dup2(fd, to) : dup3(fd, to, O_CLOEXEC);
    return copy < 0 ? path_error(vm, errno, NULL, NULL) : value_small(copy);
}

static Value piped(VM *vm, int flags) {
    int ends[2];
    if (!vm_permit(vm, CAPABILITY_WRITE, NULL)) return VALUE_ERROR;
    if (pipe2(ends, flags)) return path_error(vm, errno, NULL, NULL);
    Value pair[2] = {value_small(ends[0]), value_small(ends[1])};
    Tuple *result = tuple_from(vm, pair, 2);
    if (!result) close(ends[0]), close(ends[1]);
    return object_or_error(result);
}
static Value posix_pipe(VM *vm, Value *args, size_t count) { return piped(vm, O_CLOEXEC); }
static Value posix_pipe2(VM *vm, Value *args, size_t count) {
    int flags;
    return c_int_argument(vm, args[0], &flags) ? piped(vm, flags) : VALUE_ERROR;
}

// A flag of a descriptor: `get` and `set` are fcntl's. 1, 0, or -1 with an exception.
static int flag_of(VM *vm, Value v, int get, int flag) {
    int fd;
    if (!fd_argument(vm, v, CAPABILITY_READ, &fd)) return -1;
    int flags = fcntl(fd, get);
    if (flags < 0) return path_error(vm, errno, NULL, NULL), -1;
    return (flags & flag) != 0;
}
static Value set_flag(VM *vm, Value v, int get, int set, int flag, bool on) {
    int fd;
    if (!fd_argument(vm, v, CAPABILITY_WRITE, &fd)) return VALUE_ERROR;
    int flags = fcntl(fd, get);
    return done(vm, flags < 0 || fcntl(fd, set, on ? flags | flag : flags & ~flag) < 0);
}
static Value posix_get_blocking(VM *vm, Value *args, size_t count) {
    int flag = flag_of(vm, args[0], F_GETFL, O_NONBLOCK);
    return flag < 0 ? VALUE_ERROR : value_bool(!flag);
}
static Value posix_set_blocking(VM *vm, Value *args, size_t count) {
    int blocking = value_truth(vm, args[1]);
    return blocking < 0 ? VALUE_ERROR : set_flag(vm, args[0], F_GETFL, F_SETFL, O_NONBLOCK, !blocking);
}
static Value posix_get_inheritable(VM *vm, Value *args, size_t count) {
    int flag = flag_of(vm, args[0], F_GETFD, FD_CLOEXEC);
    return flag < 0 ? VALUE_ERROR : value_bool(!flag);
}
static Value posix_set_inheritable(VM *vm, Value *args, size_t count) {
    int inheritable = value_truth(vm, args[1]);
    return inheritable < 0 ? VALUE_ERROR : set_flag(vm, args[0], F_GETFD, F_SETFD, FD_CLOEXEC, !inheritable);
}

static Value posix_isatty(VM *vm, Value *args, size_t count) {
    int fd;
    if (!c_int_argument(vm, args[0], &fd)) return VALUE_ERROR;
    Streams *streams = &library_of(vm)->streams;
    if (fd >= 0 && fd <= 2) return value_bool(streams->is_terminal(streams->user, fd));
    return vm_permit(vm, CAPABILITY_READ, NULL) ? value_bool(isatty(fd)) : VALUE_ERROR;
}

static Value posix_ttyname(VM *vm, Value *args, size_t count) {
    int fd;
    char name[256];
    if (!fd_argument(vm, args[0], CAPABILITY_READ, &fd)) return VALUE_ERROR;
    int number = ttyname_r(fd, name, sizeof name);
    return number ? path_error(vm, number, NULL, NULL) : name_from_system(vm, name, strlen(name), false);
}

// (columns, lines)
static Value posix_terminal_size(VM *vm, Value *args, size_t count) {
    int fd = 1;
    struct winsize size;
    if (!is_empty(args[0]) && !c_int_argument(vm, args[0], &fd)) return VALUE_ERROR;
    if ((fd < 0 || fd > 2) && !vm_permit(vm, CAPABILITY_READ, NULL)) return VALUE_ERROR;
    if (ioctl(fd, TIOCGWINSZ, &size)) return path_error(vm, errno, NULL, NULL);
    Value pair[2] = {value_small(size.ws_col), value_small(size.ws_row)};
    return object_or_error(tuple_from(vm, pair, 2));
}

static Value posix_sendfile(VM *vm, Value *args, size_t count) {
    int to, from;
    size_t size;
    if (!fd_argument(vm, args[0], CAPABILITY_WRITE, &to) || !fd_argument(vm, args[1], CAPABILITY_READ, &from) || !size_of(vm, args[3], &size))
        return VALUE_ERROR;
    int64_t offset = 0;
    off_t at = 0;
    if (!is_none(args[2]) && !int64_argument(vm, args[2], &offset)) return VALUE_ERROR;
    at = offset;
    ssize_t n;
    do n = sendfile(to, from, is_none(args[2]) ? NULL : &at, size);
    while (n < 0 && interrupted_again(vm));
    if (!is_empty(vm->exception)) return VALUE_ERROR;
    return n < 0 ? path_error(vm, errno, NULL, NULL) : int_from_int64(vm, n);
}

const NativeDefinition posix_descriptor_functions[] = {
    {"open", posix_open, "path, flags, mode=0o777, *, dir_fd=None", NATIVE_METHOD, "Opens a file: its descriptor."},
    {"close", posix_close, "fd", NATIVE_METHOD, "Closes a descriptor."},
    {"closerange", posix_closerange, "fd_low, fd_high, /", NATIVE_METHOD, "Closes descriptors, without errors."},
    {"read", posix_read, "fd, length, /", NATIVE_METHOD, "Reads at most so many bytes."},
    {"pread", posix_pread, "fd, length, offset, /", NATIVE_METHOD, "Reads at a place of a file."},
    {"write", posix_write, "fd, data, /", NATIVE_METHOD, "Writes bytes, and says how many."},
    {"pwrite", posix_pwrite, "fd, buffer, offset, /", NATIVE_METHOD, "Writes at a place of a file."},
    {"lseek", posix_lseek, "fd, position, whence, /", NATIVE_METHOD, "Moves to a place of a file."},
    {"ftruncate", posix_ftruncate, "fd, length, /", NATIVE_METHOD, "Sets an open file's size."},
    {"fsync", posix_fsync, "fd", NATIVE_METHOD, "Waits until a file is on its disk."},
    {"fdatasync", posix_fdatasync, "fd", NATIVE_METHOD, "Like fsync(), of the contents."},
    {"sync", posix_sync, "", NATIVE_METHOD, "Has the system write all files to their disks."},
    {"dup", posix_dup, "fd, /", NATIVE_METHOD, "One more descriptor of the same open file."},
    {"dup2", posix_dup2, "fd, fd2, inheritable=True", NATIVE_METHOD, "Makes a descriptor of the same open file, of that number."},
    {"pipe", posix_pipe, "", NATIVE_METHOD, "A pipe: the descriptors for reading and for writing."},
    {"pipe2", posix_pipe2, "flags, /", NATIVE_METHOD, "A pipe with flags of open()."},
    {"get_blocking", posix_get_blocking, "fd, /", NATIVE_METHOD, "Whether reads and writes wait."},
    {"set_blocking", posix_set_blocking, "fd, blocking, /", NATIVE_METHOD, "Says whether reads and writes wait."},
    {"get_inheritable", posix_get_inheritable, "fd, /", NATIVE_METHOD, "Whether other programs get it."},
    {"set_inheritable", posix_set_inheritable, "fd, inheritable, /", NATIVE_METHOD, "Says whether other programs get it."},
    {"isatty", posix_isatty, "fd, /", NATIVE_METHOD, "Whether it is a terminal."},
    {"ttyname", posix_ttyname, "fd, /", NATIVE_METHOD, "The path of a terminal."},
    {"_terminal_size", posix_terminal_size, "fd=, /", NATIVE_METHOD},
    {"sendfile", posix_sendfile, "out_fd, in_fd, offset, count", NATIVE_METHOD, "Copies bytes from one descriptor to another."},
    {0}};

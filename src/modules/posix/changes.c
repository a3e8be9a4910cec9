// What changes the tree of files: folders, links, names, modes, times.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "modules/posix/posix_internal.h"

static Value done(VM *vm, int failed, const Path *path, const Path *second) {
    return failed ? path_error(vm, errno, path, second) : VALUE_NONE;
}

// The current folder is the process's: to know it is to know of all files.
static Value current_folder(VM *vm, bool as_bytes) {
    if (!vm_permit(vm, CAPABILITY_READ, NULL)) return VALUE_ERROR;
    char folder[PATH_MAX];
    if (!getcwd(folder, sizeof folder)) return path_error(vm, errno, NULL, NULL);
    return name_from_system(vm, folder, strlen(folder), as_bytes);
}
static Value posix_getcwd(VM *vm, Value *args, size_t count) { return current_folder(vm, false); }
static Value posix_getcwdb(VM *vm, Value *args, size_t count) { return current_folder(vm, true); }

static Value posix_chdir(VM *vm, Value *args, size_t count) {
    Path path;
    if (!path_argument(vm, args[0], "chdir", "path", PATH_FD, &path) || !vm_permit(vm, CAPABILITY_WRITE, NULL)) return VALUE_ERROR;
    return done(vm, path.text ? chdir(path.text) : fchdir(path.fd), &path, NULL);
}
static Value posix_fchdir(VM *vm, Value *args, size_t count) {
    int fd;
    if (!fd_argument(vm, args[0], CAPABILITY_WRITE, &fd)) return VALUE_ERROR;
    return done(vm, fchdir(fd), NULL, NULL);
}

// A path, a mode and a dir_fd.
static bool made(VM *vm, Value *args, const char *function, int otherwise, Path *path, int *mode, int *dir_fd) {
    *mode = otherwise;
    return path_argument(vm, args[0], function, "path", 0, path) && (is_empty(args[1]) || c_int_argument(vm, args[1], mode)) &&
           dir_fd_argument(vm, args[2], dir_fd) && path_permit(vm, path, CAPABILITY_WRITE, true, *dir_fd);
}
static Value posix_mkdir(VM *vm, Value *args, size_t count) {
    Path path;
    int mode, dir_fd;
    if (!made(vm, args, "mkdir", 0777, &path, &mode, &dir_fd)) return VALUE_ERROR;
    return done(vm, mkdirat(dir_fd, path.text, (mode_t)mode), &path, NULL);
}
static Value posix_mkfifo(VM *vm, Value *args, size_t count) {
    Path path;
    int mode, dir_fd;
    if (!made(vm, args, "mkfifo", 0666, &path, &mode, &dir_fd)) return VALUE_ERROR;
    return done(vm, mkfifoat(dir_fd, path.text, (mode_t)mode), &path, NULL);
}

static Value removed(VM *vm, Value *args, const char *function, int flags) {
    Path path;
    int dir_fd;
    if (!path_argument(vm, args[0], function, "path", 0, &path) || !dir_fd_argument(vm, args[1], &dir_fd) ||
        !path_permit(vm, &path, CAPABILITY_WRITE, false, dir_fd))
        return VALUE_ERROR;
    return done(vm, unlinkat(dir_fd, path.text, flags), &path, NULL);
}
static Value posix_unlink(VM *vm, Value *args, size_t count) { return removed(vm, args, "unlink", 0); }
static Value posix_remove(VM *vm, Value *args, size_t count) { return removed(vm, args, "remove", 0); }
static Value posix_rmdir(VM *vm, Value *args, size_t count) { return removed(vm, args, "rmdir", AT_REMOVEDIR); }

static Value renamed(VM *vm, Value *args, const char *function) {
    Path from, to;
    int from_fd, to_fd;
    if (!path_argument(vm, args[0], function, "src", 0, &from) || !path_argument(vm, args[1], function, "dst", 0, &to) ||
        !dir_fd_argument(vm, args[2], &from_fd) || !dir_fd_argument(vm, args[3], &to_fd))
        return VALUE_ERROR;
    if (!path_permit(vm, &from, CAPABILITY_WRITE, false, from_fd) || !path_permit(vm, &to, CAPABILITY_WRITE, false, to_fd)) return VALUE_ERROR;
    return done(vm, renameat(from_fd, from.text, to_fd, to.text), &from, &to);
}
static Value posix_rename(VM *vm, Value *args, size_t count) { return renamed(vm, args, "rename"); }
static Value posix_replace(VM *vm, Value *args, size_t count) { return renamed(vm, args, "replace"); }

// Where a link leads is not looked at: whoever follows it later must be permitted then.
static Value posix_symlink(VM *vm, Value *args, size_t count) {
    Path from, to;
    int dir_fd;
    if (!path_argument(vm, args[0], "symlink", "src", 0, &from) || !path_argument(vm, args[1], "symlink", "dst", 0, &to) ||
        !dir_fd_argument(vm, args[3], &dir_fd) || !path_permit(vm, &to, CAPABILITY_WRITE, false, dir_fd))
        return VALUE_ERROR;
    return done(vm, symlinkat(from.text, dir_fd, to.text), &from, &to);
}

static Value posix_link(VM *vm, Value *args, size_t count) {
    Path from, to;
    int from_fd, to_fd, follows = truth_argument(vm, args[4], true);
    if (follows < 0 || !path_argument(vm, args[0], "link", "src", 0, &from) || !path_argument(vm, args[1], "link", "dst", 0, &to) ||
        !dir_fd_argument(vm, args[2], &from_fd) || !dir_fd_argument(vm, args[3], &to_fd))
        return VALUE_ERROR;
    // By its new name a file can be read and written.
    if (!path_permit(vm, &from, CAPABILITY_READ, true, from_fd) || !path_permit(vm, &from, CAPABILITY_WRITE, true, from_fd) ||
        !path_permit(vm, &to, CAPABILITY_WRITE, false, to_fd))
        return VALUE_ERROR;
    // Without options it is link(2), which says nothing of following.
    int flags = !is_empty(args[4]) && follows ? AT_SYMLINK_FOLLOW : 0;
    return done(vm, linkat(from_fd, from.text, to_fd, to.text, flags), &from, &to);
}

static Value posix_readlink(VM *vm, Value *args, size_t count) {
    Path path;
    int dir_fd;
    char target[PATH_MAX];
    if (!path_argument(vm, args[0], "readlink", "path", 0, &path) || !dir_fd_argument(vm, args[1], &dir_fd) ||
        !path_permit(vm, &path, CAPABILITY_READ, false, dir_fd))
        return VALUE_ERROR;
    ssize_t length = readlinkat(dir_fd, path.text, target, sizeof target);
    return length < 0 ? path_error(vm, errno, &path, NULL) : name_from_system(vm, target, (size_t)length, path.is_bytes);
}

static Value posix_chmod(VM *vm, Value *args, size_t count) {
    Path path;
    int mode, dir_fd, follows = truth_argument(vm, args[3], true);
    if (follows < 0 || !path_argument(vm, args[0], "chmod", "path", PATH_FD, &path) || !c_int_argument(vm, args[1], &mode) ||
        !dir_fd_argument(vm, args[2], &dir_fd) || !check_descriptor_options(vm, &path, "chmod", dir_fd, follows) ||
        !path_permit(vm, &path, CAPABILITY_WRITE, follows, dir_fd))
        return VALUE_ERROR;
    int failed = path.text ? fchmodat(dir_fd, path.text, (mode_t)mode, follows ? 0 : AT_SYMLINK_NOFOLLOW) : fchmod(path.fd, (mode_t)mode);
    return done(vm, failed, &path, NULL);
}
static Value posix_fchmod(VM *vm, Value *args, size_t count) {
    int fd, mode;
    if (!fd_argument(vm, args[0], CAPABILITY_WRITE, &fd) || !c_int_argument(vm, args[1], &mode)) return VALUE_ERROR;
    return done(vm, fchmod(fd, (mode_t)mode), NULL, NULL);
}

static Value owned(VM *vm, Value *args, const char *function, Value dir, int follows) {
    Path path;
    int dir_fd;
    unsigned user, group;
    if (follows < 0 || !path_argument(vm, args[0], function, "path", follows ? PATH_FD : 0, &path) || !id_argument(vm, args[1], "uid", &user) ||
        !id_argument(vm, args[2], "gid", &group) || !dir_fd_argument(vm, dir, &dir_fd) ||
        !check_descriptor_options(vm, &path, function, dir_fd, follows) || !path_permit(vm, &path, CAPABILITY_WRITE, follows, dir_fd))
        return VALUE_ERROR;
    int failed = path.text ? fchownat(dir_fd, path.text, user, group, follows ? 0 : AT_SYMLINK_NOFOLLOW) : fchown(path.fd, user, group);
    return done(vm, failed, &path, NULL);
}
static Value posix_chown(VM *vm, Value *args, size_t count) { return owned(vm, args, "chown", args[3], truth_argument(vm, args[4], true)); }
static Value posix_lchown(VM *vm, Value *args, size_t count) { return owned(vm, args, "lchown", VALUE_NONE, false); }
static Value posix_fchown(VM *vm, Value *args, size_t count) {
    int fd;
    unsigned user, group;
    if (!fd_argument(vm, args[0], CAPABILITY_WRITE, &fd) || !id_argument(vm, args[1], "uid", &user) || !id_argument(vm, args[2], "gid", &group))
        return VALUE_ERROR;
    return done(vm, fchown(fd, user, group), NULL, NULL);
}

static Value posix_truncate(VM *vm, Value *args, size_t count) {
    Path path;
    int64_t length;
    if (!path_argument(vm, args[0], "truncate", "path", PATH_FD, &path) || !int64_argument(vm, args[1], &length) ||
        !path_permit(vm, &path, CAPABILITY_WRITE, true, AT_FDCWD))
        return VALUE_ERROR;
    int failed;
    do failed = path.text ? truncate(path.text, length) : ftruncate(path.fd, length);
    while (failed && interrupted_again(vm));
    return is_empty(vm->exception) ? done(vm, failed, &path, NULL) : VALUE_ERROR;
}

// ---- Times

// Seconds as a number: an int, or a float, whose part of a second is rounded down to nanoseconds.
static bool time_of(VM *vm, Value v, struct timespec *out) {
    if (is_any_float(v)) {
        double number = any_float_of(v), whole;
        if (number != number) return raise_value_error(vm, "Invalid value NaN (not a number)"), false;
        double part = modf(number, &whole) * 1e9;
        part = floor(part);
        if (part < 0) part += 1e9, whole -= 1;
        if (part >= 1e9) part -= 1e9, whole += 1;
        if (!(whole >= -9.2e18 && whole <= 9.2e18)) return raise_overflow_error(vm, "timestamp out of range for platform time_t"), false;
        out->tv_sec = (time_t)whole;
        out->tv_nsec = (long)part;
        return true;
    }
    int64_t seconds;
    Value number = value_index(vm, v);
    if (is_error(number)) return false;
    if (!int_to_int64(number, &seconds)) return raise_overflow_error(vm, "timestamp out of range for platform time_t"), false;
    *out = (struct timespec){.tv_sec = (time_t)seconds};
    return true;
}

static bool time_of_nanoseconds(VM *vm, Value v, struct timespec *out) {
    int64_t all;
    if (!is_int(v)) return raise_type_error(vm, "unsupported operand type(s) for divmod(): '%s' and 'int'", type_name(vm, v)), false;
    if (!int_to_int64(v, &all)) return raise_overflow_error(vm, "timestamp out of range for platform time_t"), false;
    int64_t part = all % 1000000000;
    if (part < 0) part += 1000000000;
    out->tv_sec = (time_t)((all - part) / 1000000000);
    out->tv_nsec = (long)part;
    return true;
}

static Value posix_utime(VM *vm, Value *args, size_t count) {
    Path path;
    int dir_fd, follows = truth_argument(vm, args[4], true);
    bool has_times = !is_empty(args[1]) && !is_none(args[1]), has_ns = !is_empty(args[2]);
    if (follows < 0 || !path_argument(vm, args[0], "utime", "path", PATH_FD, &path) || !dir_fd_argument(vm, args[3], &dir_fd)) return VALUE_ERROR;
    if (has_times && has_ns) return raise_value_error(vm, "utime: you may specify either 'times' or 'ns' but not both");
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    if (has_times || has_ns) {
        Value pair = has_ns ? args[2] : args[1];
        if (!is_tuple(pair) || tuple_of(pair)->length != 2)
            return raise_type_error(vm, has_ns ? "utime: 'ns' must be a tuple of two ints" : "utime: 'times' must be either a tuple of two ints or None");
        for (int i = 0; i < 2; i++)
            if (!(has_ns ? time_of_nanoseconds : time_of)(vm, tuple_of(pair)->items[i], &times[i])) return VALUE_ERROR;
    }
    if (!check_descriptor_options(vm, &path, "utime", dir_fd, follows) || !path_permit(vm, &path, CAPABILITY_WRITE, follows, dir_fd))
        return VALUE_ERROR;
    int failed = path.text ? utimensat(dir_fd, path.text, times, follows ? 0 : AT_SYMLINK_NOFOLLOW) : futimens(path.fd, times);
    return done(vm, failed, &path, NULL);
}

const NativeDefinition posix_change_functions[] = {
    {"getcwd", posix_getcwd, "", NATIVE_METHOD, "The current folder."},
    {"getcwdb", posix_getcwdb, "", NATIVE_METHOD, "The current folder, as bytes."},
    {"chdir", posix_chdir, "path", NATIVE_METHOD, "Makes a folder the current one."},
    {"fchdir", posix_fchdir, "fd", NATIVE_METHOD, "Makes an open folder the current one."},
    {"mkdir", posix_mkdir, "path, mode=0o777, *, dir_fd=None", NATIVE_METHOD, "Makes a folder."},
    {"mkfifo", posix_mkfifo, "path, mode=0o666, *, dir_fd=None", NATIVE_METHOD, "Makes a named pipe."},
    {"unlink", posix_unlink, "path, *, dir_fd=None", NATIVE_METHOD, "Removes a file."},
    {"remove", posix_remove, "path, *, dir_fd=None", NATIVE_METHOD, "Removes a file."},
    {"rmdir", posix_rmdir, "path, *, dir_fd=None", NATIVE_METHOD, "Removes an empty folder."},
    {"rename", posix_rename, "src, dst, *, src_dir_fd=None, dst_dir_fd=None", NATIVE_METHOD, "Gives a file another name."},
    {"replace", posix_replace, "src, dst, *, src_dir_fd=None, dst_dir_fd=None", NATIVE_METHOD, "Gives a file another name, of one that is there."},
    {"symlink", posix_symlink, "src, dst, target_is_directory=False, *, dir_fd=None", NATIVE_METHOD, "Makes a symbolic link."},
    {"link", posix_link, "src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True", NATIVE_METHOD, "Gives a file one more name."},
    {"readlink", posix_readlink, "path, *, dir_fd=None", NATIVE_METHOD, "Where a symbolic link leads."},
    {"chmod", posix_chmod, "path, mode, *, dir_fd=None, follow_symlinks=True", NATIVE_METHOD, "Sets who may do what with a file."},
    {"fchmod", posix_fchmod, "fd, mode", NATIVE_METHOD, "Like chmod(), of an open file."},
    {"chown", posix_chown, "path, uid, gid, *, dir_fd=None, follow_symlinks=True", NATIVE_METHOD, "Sets a file's owner and group."},
    {"lchown", posix_lchown, "path, uid, gid", NATIVE_METHOD, "Like chown(), of a symbolic link itself."},
    {"fchown", posix_fchown, "fd, uid, gid", NATIVE_METHOD, "Like chown(), of an open file."},
    {"truncate", posix_truncate, "path, length", NATIVE_METHOD, "Sets a file's size."},
    {"utime", posix_utime, "path, times=None, *, ns=, dir_fd=None, follow_symlinks=True", NATIVE_METHOD, "Sets when a file was read and written."},
    {0}};

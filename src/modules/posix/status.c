// stat and its kin.
#define _GNU_SOURCE 1 // constants and calls of Linux

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "modules/posix/posix_internal.h"
#include "modules/struct_sequence.h"
#include "object/core/instance.h"

static const char *const stat_fields[] = {"st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size", "st_atime", "st_mtime",
                                          "st_ctime", NULL};
static const char *const statvfs_fields[] = {"f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail",
                                             "f_flag", "f_namemax", NULL};

// Nanoseconds since 1970 do not fit a word for long: 2262.
static Value nanoseconds(VM *vm, struct timespec t) {
    Value seconds = int_from_int64(vm, t.tv_sec);
    Value billion = value_small(1000000000);
    Value product = is_error(seconds) ? seconds : int_binary(vm, BINARY_MULTIPLY, seconds, billion);
    return is_error(product) ? product : int_binary(vm, BINARY_ADD, product, value_small(t.tv_nsec));
}

static bool set(VM *vm, Value object, const char *name, Value value) {
    String *s = is_error(value) ? NULL : string_intern_from(vm, name, strlen(name));
    return s && object_set_own_attribute(vm, object_of(object), s, value) >= 0;
}

Value status_from_stat(VM *vm, const struct stat *s) {
    const struct timespec times[3] = {s->st_atim, s->st_mtim, s->st_ctim};
    static const char *const names[3][2] = {{"st_atime", "st_atime_ns"}, {"st_mtime", "st_mtime_ns"}, {"st_ctime", "st_ctime_ns"}};
    Value values[10] = {int_from_uint64(vm, s->st_mode), int_from_uint64(vm, s->st_ino), int_from_uint64(vm, s->st_dev),
                        int_from_uint64(vm, s->st_nlink), int_from_uint64(vm, s->st_uid), int_from_uint64(vm, s->st_gid),
                        int_from_int64(vm, s->st_size), int_from_int64(vm, s->st_atime), int_from_int64(vm, s->st_mtime),
                        int_from_int64(vm, s->st_ctime)};
    for (int i = 0; i < 10; i++)
        if (is_error(values[i])) return values[i];
    Value result = struct_sequence_of(vm, library_of(vm)->classes[LIBRARY_STAT_RESULT], stat_fields, values);
    if (is_error(result)) return result;
    for (int i = 0; i < 3; i++)
        if (!set(vm, result, names[i][0], value_float((double)times[i].tv_sec + 1e-9 * (double)times[i].tv_nsec)) ||
            !set(vm, result, names[i][1], nanoseconds(vm, times[i])))
            return VALUE_ERROR;
    return set(vm, result, "st_blksize", int_from_int64(vm, s->st_blksize)) && set(vm, result, "st_blocks", int_from_int64(vm, s->st_blocks)) &&
                   set(vm, result, "st_rdev", int_from_uint64(vm, s->st_rdev))
               ? result
               : VALUE_ERROR;
}

static Value status_of(VM *vm, Value path_value, const char *function, int allowed, Value dir, bool follows) {
    Path path;
    int dir_fd;
    struct stat status;
    if (!path_argument(vm, path_value, function, "path", allowed, &path) || !dir_fd_argument(vm, dir, &dir_fd) ||
        !check_descriptor_options(vm, &path, function, dir_fd, follows) || !path_permit(vm, &path, CAPABILITY_READ, follows, dir_fd))
        return VALUE_ERROR;
    int failed = path.text ? fstatat(dir_fd, path.text, &status, follows ? 0 : AT_SYMLINK_NOFOLLOW) : fstat(path.fd, &status);
    return failed ? path_error(vm, errno, &path, NULL) : status_from_stat(vm, &status);
}

static Value posix_stat(VM *vm, Value *args, size_t count) {
    int follows = truth_argument(vm, args[2], true);
    return follows < 0 ? VALUE_ERROR : status_of(vm, args[0], "stat", PATH_FD, args[1], follows);
}
static Value posix_lstat(VM *vm, Value *args, size_t count) { return status_of(vm, args[0], "lstat", 0, args[1], false); }

static Value posix_fstat(VM *vm, Value *args, size_t count) {
    int fd;
    struct stat status;
    if (!fd_argument(vm, args[0], CAPABILITY_READ, &fd)) return VALUE_ERROR;
    return fstat(fd, &status) ? path_error(vm, errno, NULL, NULL) : status_from_stat(vm, &status);
}

static Value posix_statvfs(VM *vm, Value *args, size_t count) {
    Path path;
    struct statvfs s;
    if (!path_argument(vm, args[0], "statvfs", "path", PATH_FD, &path) || !path_permit(vm, &path, CAPABILITY_READ, true, AT_FDCWD))
        return VALUE_ERROR;
    if (path.text ? statvfs(path.text, &s) : fstatvfs(path.fd, &s)) return path_error(vm, errno, &path, NULL);
    const uint64_t numbers[10] = {s.f_bsize, s.f_frsize, s.f_blocks, s.f_bfree, s.f_bavail, s.f_files, s.f_ffree, s.f_favail, s.f_flag, s.f_namemax};
    Value values[10];
    for (int i = 0; i < 10; i++)
        if (is_error(values[i] = int_from_uint64(vm, numbers[i]))) return VALUE_ERROR;
    Value result = struct_sequence_of(vm, library_of(vm)->classes[LIBRARY_STATVFS_RESULT], statvfs_fields, values);
    return !is_error(result) && set(vm, result, "f_fsid", int_from_uint64(vm, s.f_fsid)) ? result : VALUE_ERROR;
}

static Value posix_access(VM *vm, Value *args, size_t count) {
    Path path;
    int mode, dir_fd, effective = truth_argument(vm, args[3], false), follows = truth_argument(vm, args[4], true);
    if (effective < 0 || follows < 0 || !path_argument(vm, args[0], "access", "path", 0, &path) || !c_int_argument(vm, args[1], &mode) ||
        !dir_fd_argument(vm, args[2], &dir_fd) || !path_permit(vm, &path, CAPABILITY_READ, follows, dir_fd))
        return VALUE_ERROR;
    return value_bool(faccessat(dir_fd, path.text, mode, (effective ? AT_EACCESS : 0) | (follows ? 0 : AT_SYMLINK_NOFOLLOW)) == 0);
}

static Value posix_major(VM *vm, Value *args, size_t count) {
    int64_t device;
    return int64_argument(vm, args[0], &device) ? int_from_uint64(vm, major((dev_t)device)) : VALUE_ERROR;
}
static Value posix_minor(VM *vm, Value *args, size_t count) {
    int64_t device;
    return int64_argument(vm, args[0], &device) ? int_from_uint64(vm, minor((dev_t)device)) : VALUE_ERROR;
}
static Value posix_makedev(VM *vm, Value *args, size_t count) {
    int major_number, minor_number;
    if (!c_int_argument(vm, args[0], &major_number) || !c_int_argument(vm, args[1], &minor_number)) return VALUE_ERROR;
    return int_from_uint64(vm, makedev((unsigned)major_number, (unsigned)minor_number));
}

const NativeDefinition posix_status_functions[] = {
    {"stat", posix_stat, "path, *, dir_fd=None, follow_symlinks=True", NATIVE_METHOD, "What the system knows of a file."},
    {"lstat", posix_lstat, "path, *, dir_fd=None", NATIVE_METHOD, "Like stat(), of a symbolic link itself."},
    {"fstat", posix_fstat, "fd", NATIVE_METHOD, "Like stat(), of an open file."},
    {"statvfs", posix_statvfs, "path", NATIVE_METHOD, "What the system knows of a file system."},
    {"fstatvfs", posix_statvfs, "fd, /", NATIVE_METHOD, "Like statvfs(), of an open file."},
    {"access", posix_access, "path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True", NATIVE_METHOD,
     "Whether the process may do that with a file."},
    {"major", posix_major, "device, /", NATIVE_METHOD, "The major part of a device's number."},
    {"minor", posix_minor, "device, /", NATIVE_METHOD, "The minor part of a device's number."},
    {"makedev", posix_makedev, "major, minor, /", NATIVE_METHOD, "A device's number, of its major and minor part."},
    {0}};

bool posix_status_add(VM *vm, Dict *namespace) {
    Class **classes = library_of(vm)->classes;
    Class *stat = classes[LIBRARY_STAT_RESULT] = struct_sequence_class(vm, "os.stat_result", stat_fields);
    Class *statvfs = classes[LIBRARY_STATVFS_RESULT] = struct_sequence_class(vm, "os.statvfs_result", statvfs_fields);
    return stat && statvfs && add_value(vm, namespace, "stat_result", value_object(stat)) &&
           add_value(vm, namespace, "statvfs_result", value_object(statvfs));
}

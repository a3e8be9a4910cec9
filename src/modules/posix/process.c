// The process and the system: its environment, who runs it, on what.
#define _GNU_SOURCE 1 // constants and calls of Linux

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "modules/posix/posix_internal.h"
#include "modules/struct_sequence.h"
#include "modules/system/terminal.h"
#include "object/container/dict.h"

extern char **environ;

static const char *const uname_fields[] = {"sysname", "nodename", "release", "version", "machine", NULL};
static const char *const times_fields[] = {"user", "system", "children_user", "children_system", "elapsed", NULL};

static bool permitted(VM *vm) { return vm_permit(vm, CAPABILITY_ENVIRONMENT, NULL); }

// The environment as a dict of bytes.
static Value posix_environment(VM *vm, Value *args, size_t count) {
    Dict *result = permitted(vm) ? dict_new(vm) : NULL;
    if (!result) return VALUE_ERROR;
    for (char **at = environ; at && *at; at++) {
        const char *sign = strchr(*at, '=');
        if (!sign) continue;
        Bytes *name = bytes_new(vm, *at, (size_t)(sign - *at)), *value = bytes_new(vm, sign + 1, strlen(sign + 1));
        if (!name || !value) return VALUE_ERROR;
        Value known = dict_get(vm, result, value_object(name));
        if (is_error(known) || (is_empty(known) && dict_set(vm, result, value_object(name), value_object(value)) < 0)) return VALUE_ERROR;
    }
    return value_object(result);
}

static Value posix_putenv(VM *vm, Value *args, size_t count) {
    Path name, value;
    if (!path_argument(vm, args[0], "putenv", "name", 0, &name) || !path_argument(vm, args[1], "putenv", "value", 0, &value) || !permitted(vm))
        return VALUE_ERROR;
    if (strchr(name.text, '=')) return raise_value_error(vm, "illegal environment variable name");
    return setenv(name.text, value.text, 1) ? path_error(vm, errno, NULL, NULL) : VALUE_NONE;
}
static Value posix_unsetenv(VM *vm, Value *args, size_t count) {
    Path name;
    if (!path_argument(vm, args[0], "unsetenv", "name", 0, &name) || !permitted(vm)) return VALUE_ERROR;
    return unsetenv(name.text) ? path_error(vm, errno, NULL, NULL) : VALUE_NONE;
}

#define NUMBER(name, call)                                                                                             \
    static Value posix_##name(VM *vm, Value *args, size_t count) { return permitted(vm) ? int_from_int64(vm, (int64_t)(call)) : VALUE_ERROR; }
NUMBER(getpid, getpid())
NUMBER(getppid, getppid())
NUMBER(getpgrp, getpgrp())
NUMBER(getuid, getuid())
NUMBER(geteuid, geteuid())
NUMBER(getgid, getgid())
NUMBER(getegid, getegid())

static Value group_of(VM *vm, Value v, pid_t (*function)(pid_t)) {
    int id;
    if (!c_int_argument(vm, v, &id) || !permitted(vm)) return VALUE_ERROR;
    pid_t group = function(id);
    return group < 0 ? path_error(vm, errno, NULL, NULL) : value_small(group);
}
static Value posix_getpgid(VM *vm, Value *args, size_t count) { return group_of(vm, args[0], getpgid); }
static Value posix_getsid(VM *vm, Value *args, size_t count) { return group_of(vm, args[0], getsid); }

static Value posix_getgroups(VM *vm, Value *args, size_t count) {
    enum { MOST = 1024 };
    gid_t groups[MOST];
    if (!permitted(vm)) return VALUE_ERROR;
    int n = getgroups(MOST, groups);
    if (n < 0) return path_error(vm, errno, NULL, NULL);
    List *result = list_new(vm, (size_t)n);
    for (int i = 0; result && i < n; i++)
        if (!list_append(vm, result, value_small(groups[i]))) return VALUE_ERROR;
    return object_or_error(result);
}

static Value ids(VM *vm, int failed, unsigned a, unsigned b, unsigned c) {
    if (failed) return path_error(vm, errno, NULL, NULL);
    Value values[3] = {value_small(a), value_small(b), value_small(c)};
    return object_or_error(tuple_from(vm, values, 3));
}
static Value posix_getresuid(VM *vm, Value *args, size_t count) {
    uid_t a = 0, b = 0, c = 0;
    return permitted(vm) ? ids(vm, getresuid(&a, &b, &c), a, b, c) : VALUE_ERROR;
}
static Value posix_getresgid(VM *vm, Value *args, size_t count) {
    gid_t a = 0, b = 0, c = 0;
    return permitted(vm) ? ids(vm, getresgid(&a, &b, &c), a, b, c) : VALUE_ERROR;
}

static Value posix_getlogin(VM *vm, Value *args, size_t count) {
    char name[256];
    if (!permitted(vm)) return VALUE_ERROR;
    int number = getlogin_r(name, sizeof name);
    return number ? path_error(vm, number, NULL, NULL) : name_from_system(vm, name, strlen(name), false);
}

static Value posix_uname(VM *vm, Value *args, size_t count) {
    struct utsname u;
    if (!permitted(vm)) return VALUE_ERROR;
    if (uname(&u)) return path_error(vm, errno, NULL, NULL);
    const char *texts[5] = {u.sysname, u.nodename, u.release, u.version, u.machine};
    Value values[5];
    for (int i = 0; i < 5; i++)
        if (is_error(values[i] = name_from_system(vm, texts[i], strlen(texts[i]), false))) return VALUE_ERROR;
    return struct_sequence_of(vm, library_of(vm)->classes[LIBRARY_UNAME_RESULT], uname_fields, values);
}

static Value posix_times(VM *vm, Value *args, size_t count) {
    struct tms t;
    if (!vm_permit(vm, CAPABILITY_CLOCK, NULL)) return VALUE_ERROR;
    clock_t elapsed = times(&t);
    if (elapsed == (clock_t)-1) return path_error(vm, errno, NULL, NULL);
    double ticks = (double)sysconf(_SC_CLK_TCK);
    Value values[5] = {value_float((double)t.tms_utime / ticks), value_float((double)t.tms_stime / ticks), value_float((double)t.tms_cutime / ticks),
                       value_float((double)t.tms_cstime / ticks), value_float((double)elapsed / ticks)};
    return struct_sequence_of(vm, library_of(vm)->classes[LIBRARY_TIMES_RESULT], times_fields, values);
}

// Ends the process, whoever else lives in it: nothing is flushed and nobody told, but a terminal gets back the mode that it had.
static Value posix_exit(VM *vm, Value *args, size_t count) {
    int status;
    if (!c_int_argument(vm, args[0], &status) || !vm_permit(vm, CAPABILITY_PROGRAM, NULL)) return VALUE_ERROR;
    terminal_restore(library_of(vm)->terminal);
    _exit(status);
}

static Value posix_umask(VM *vm, Value *args, size_t count) {
    int mask;
    if (!c_int_argument(vm, args[0], &mask) || !vm_permit(vm, CAPABILITY_WRITE, NULL)) return VALUE_ERROR;
    return value_small((int64_t)umask((mode_t)mask));
}

static Value posix_strerror(VM *vm, Value *args, size_t count) {
    int number;
    return c_int_argument(vm, args[0], &number) ? object_or_error(string_from(vm, strerror(number))) : VALUE_ERROR;
}

static Value posix_cpu_count(VM *vm, Value *args, size_t count) {
    if (!permitted(vm)) return VALUE_ERROR;
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? value_small(n) : VALUE_NONE;
}
static Value posix_usable_cpus(VM *vm, Value *args, size_t count) {
    cpu_set_t set;
    if (!permitted(vm)) return VALUE_ERROR;
    return sched_getaffinity(0, sizeof set, &set) ? posix_cpu_count(vm, args, count) : value_small(CPU_COUNT(&set));
}

static Value posix_getloadavg(VM *vm, Value *args, size_t count) {
    double loads[3];
    if (!permitted(vm)) return VALUE_ERROR;
    if (getloadavg(loads, 3) != 3) return raise_error(vm, vm->exceptions.os_error, "Load averages are unobtainable");
    Value values[3] = {value_float(loads[0]), value_float(loads[1]), value_float(loads[2])};
    return object_or_error(tuple_from(vm, values, 3));
}

static Value posix_getrandom(VM *vm, Value *args, size_t count) {
    int64_t size;
    int flags = 0;
    if (!size_argument(vm, args[0], &size) || (!is_empty(args[1]) && !c_int_argument(vm, args[1], &flags))) return VALUE_ERROR;
    if (size < 0) return path_error(vm, EINVAL, NULL, NULL);
    Bytes *bytes = bytes_new(vm, NULL, (size_t)size);
    if (!bytes) return VALUE_ERROR;
    ssize_t n;
    do n = getrandom(bytes->data, (size_t)size, (unsigned)flags);
    while (n < 0 && interrupted_again(vm));
    if (!is_empty(vm->exception)) return VALUE_ERROR;
    if (n < 0) return path_error(vm, errno, NULL, NULL);
    return n == size ? value_object(bytes) : object_or_error(bytes_new(vm, bytes->data, (size_t)n));
}

const NativeDefinition posix_process_functions[] = {
    {"_environment", posix_environment, "", NATIVE_METHOD},
    {"putenv", posix_putenv, "name, value, /", NATIVE_METHOD, "Sets a variable of the process's environment."},
    {"unsetenv", posix_unsetenv, "name, /", NATIVE_METHOD, "Removes a variable of the process's environment."},
    {"getpid", posix_getpid, "", NATIVE_METHOD, "The process's number."},
    {"getppid", posix_getppid, "", NATIVE_METHOD, "The number of the process that started this one."},
    {"getpgrp", posix_getpgrp, "", NATIVE_METHOD, "The number of the process's group."},
    {"getpgid", posix_getpgid, "pid", NATIVE_METHOD, "The number of a process's group."},
    {"getsid", posix_getsid, "pid, /", NATIVE_METHOD, "The number of a process's session."},
    {"getuid", posix_getuid, "", NATIVE_METHOD, "Whose process it is."},
    {"geteuid", posix_geteuid, "", NATIVE_METHOD, "In whose name the process acts."},
    {"getgid", posix_getgid, "", NATIVE_METHOD, "The process's group of users."},
    {"getegid", posix_getegid, "", NATIVE_METHOD, "The group of users in whose name the process acts."},
    {"getgroups", posix_getgroups, "", NATIVE_METHOD, "The process's other groups of users."},
    {"getresuid", posix_getresuid, "", NATIVE_METHOD, "The real, effective and saved user."},
    {"getresgid", posix_getresgid, "", NATIVE_METHOD, "The real, effective and saved group of users."},
    {"getlogin", posix_getlogin, "", NATIVE_METHOD, "Who is logged in at the terminal."},
    {"uname", posix_uname, "", NATIVE_METHOD, "What system it is."},
    {"times", posix_times, "", NATIVE_METHOD, "What time the process has used."},
    {"_exit", posix_exit, "status", NATIVE_METHOD, "Ends the process at once: nothing is flushed, no handler is called."},
    {"umask", posix_umask, "mask, /", NATIVE_METHOD, "Sets which permissions new files do not get; gives those from before."},
    {"strerror", posix_strerror, "code, /", NATIVE_METHOD, "The text of an error's number."},
    {"cpu_count", posix_cpu_count, "", NATIVE_METHOD, "How many processors there are."},
    {"_usable_cpus", posix_usable_cpus, "", NATIVE_METHOD},
    {"getloadavg", posix_getloadavg, "", NATIVE_METHOD, "How many processes ran in the last 1, 5 and 15 minutes."},
    {"getrandom", posix_getrandom, "size, flags=0", NATIVE_METHOD, "Random bytes, of getrandom(2)."},
    {0}};

bool posix_process_add(VM *vm, Dict *namespace) {
    Class **classes = library_of(vm)->classes;
    Class *uname_class = classes[LIBRARY_UNAME_RESULT] = struct_sequence_class(vm, "posix.uname_result", uname_fields);
    Class *times_class = classes[LIBRARY_TIMES_RESULT] = struct_sequence_class(vm, "posix.times_result", times_fields);
    return uname_class && times_class && add_value(vm, namespace, "uname_result", value_object(uname_class)) &&
           add_value(vm, namespace, "times_result", value_object(times_class));
}

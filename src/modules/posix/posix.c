// posix: what the module os gets from the system.
#define _GNU_SOURCE 1 // constants and calls of Linux

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "modules/modules.h"
#include "modules/posix/posix_internal.h"

#define CONSTANT(name) {#name, name}
static const struct {
    const char *name;
    int64_t number;
} constants[] = {
    CONSTANT(SEEK_SET), CONSTANT(SEEK_CUR), CONSTANT(SEEK_END), CONSTANT(EX_CANTCREAT), CONSTANT(EX_CONFIG),
    CONSTANT(EX_DATAERR), CONSTANT(EX_IOERR), CONSTANT(EX_NOHOST), CONSTANT(EX_NOINPUT), CONSTANT(EX_NOPERM),
    CONSTANT(EX_NOUSER), CONSTANT(EX_OK), CONSTANT(EX_OSERR), CONSTANT(EX_OSFILE), CONSTANT(EX_PROTOCOL),
    CONSTANT(EX_SOFTWARE), CONSTANT(EX_TEMPFAIL), CONSTANT(EX_UNAVAILABLE), CONSTANT(EX_USAGE), CONSTANT(F_OK),
    CONSTANT(O_ACCMODE), CONSTANT(O_APPEND), CONSTANT(O_ASYNC), CONSTANT(O_CLOEXEC), CONSTANT(O_CREAT), CONSTANT(O_DIRECT),
    CONSTANT(O_DIRECTORY), CONSTANT(O_DSYNC), CONSTANT(O_EXCL), CONSTANT(O_FSYNC), CONSTANT(O_LARGEFILE), CONSTANT(O_NDELAY),
    CONSTANT(O_NOATIME), CONSTANT(O_NOCTTY), CONSTANT(O_NOFOLLOW), CONSTANT(O_NONBLOCK), CONSTANT(O_PATH), CONSTANT(O_RDONLY),
    CONSTANT(O_RDWR), CONSTANT(O_RSYNC), CONSTANT(O_SYNC), CONSTANT(O_TMPFILE), CONSTANT(O_TRUNC), CONSTANT(O_WRONLY),
    CONSTANT(R_OK), CONSTANT(SEEK_DATA), CONSTANT(SEEK_HOLE), CONSTANT(ST_APPEND), CONSTANT(ST_MANDLOCK),
    CONSTANT(ST_NOATIME), CONSTANT(ST_NODEV), CONSTANT(ST_NODIRATIME), CONSTANT(ST_NOEXEC), CONSTANT(ST_NOSUID),
    CONSTANT(ST_RDONLY), CONSTANT(ST_RELATIME), CONSTANT(ST_SYNCHRONOUS), CONSTANT(ST_WRITE), CONSTANT(W_OK), CONSTANT(X_OK),
    CONSTANT(GRND_NONBLOCK), CONSTANT(GRND_RANDOM),
};
#undef CONSTANT

bool posix_constants_add(VM *vm, Dict *namespace) {
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (!add_value(vm, namespace, constants[i].name, int_from_int64(vm, constants[i].number))) return false;
    return true;
}

bool posix_module_fill(VM *vm, ModuleObject *module) {
    Dict *namespace = module->namespace;
    if (!add_text(vm, namespace, "__doc__", "Files, processes and what else the system does; os has it for programs.")) return false;
    const NativeDefinition *tables[] = {posix_status_functions, posix_entry_functions, posix_change_functions, posix_descriptor_functions,
                                        posix_process_functions, posix_child_functions};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (native_add_functions(vm, namespace, tables[i]) < 0) return false;
    return posix_status_add(vm, namespace) && posix_entry_add(vm, namespace) && posix_process_add(vm, namespace) &&
           posix_child_add(vm, namespace) &&
           posix_constants_add(vm, namespace);
}

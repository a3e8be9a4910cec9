// _program: other programs, run in front of this one with the same standard streams, such as an editor.
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "modules/modules.h"
#include "modules/system/file.h"
#include "object/container/list.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"

// What the signals do that this process has plans of its own for must not be inherited. 0 or an errno.
static int begin(char *const *arguments, pid_t *pid) {
    extern char **environ;
    posix_spawnattr_t attributes;
    sigset_t defaults, none;
    int error = posix_spawnattr_init(&attributes);
    if (error) return error;
    sigemptyset(&none);
    sigemptyset(&defaults);
    static const int signals[] = {SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaddset(&defaults, signals[i]);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    error = posix_spawnp(pid, arguments[0], NULL, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    return error;
}

// start(arguments): the process's number.
static Value program_start(VM *vm, Value *args, size_t count) {
    enum { MOST = 1000 };
    if (!is_kind(args[0], KIND_LIST)) return raise_type_error(vm, "a list of str is wanted, not %s", type_name(vm, args[0]));
    const List *list = (const List *)object_of(args[0]);
    char *arguments[MOST + 1];
    if (!list->length || list->length > MOST) return raise_value_error(vm, "from 1 to %d arguments are wanted", MOST);
    for (size_t i = 0; i < list->length; i++) {
        if (!is_string(list->items[i])) return raise_type_error(vm, "a list of str is wanted, not %s", type_name(vm, list->items[i]));
        String *text = string_of(list->items[i]);
        if (strlen(text->data) != text->size) return raise_value_error(vm, "embedded null byte");
        arguments[i] = text->data;
    }
    arguments[list->length] = NULL;
    if (!vm_permit(vm, CAPABILITY_PROGRAM, arguments[0])) return VALUE_ERROR;
    pid_t pid;
    int error = begin(arguments, &pid);
    return error ? raise_os_error(vm, error, list->items[0]) : value_small(pid);
}

// status(pid): None while it runs; then its exit status, or minus the signal that ended it, which is told once.
static Value program_status(VM *vm, Value *args, size_t count) {
    if (!is_small(args[0]) || small_of(args[0]) <= 0 || small_of(args[0]) > INT_MAX) return raise_value_error(vm, "no process's number");
    if (!vm_permit(vm, CAPABILITY_PROGRAM, NULL)) return VALUE_ERROR;
    int status;
    pid_t found;
    do found = waitpid((pid_t)small_of(args[0]), &status, WNOHANG);
    while (found < 0 && errno == EINTR);
    if (found < 0) return raise_os_error(vm, errno, VALUE_EMPTY);
    if (found == 0) return VALUE_NONE;
    return value_small(WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

static const NativeDefinition functions[] = {{"start", program_start, "arguments, /", NATIVE_METHOD},
                                             {"status", program_status, "pid, /", NATIVE_METHOD},
                                             {0}};

bool program_module_fill(VM *vm, ModuleObject *module) { return native_add_functions(vm, module->namespace, functions) > 0; }

// Other processes: starting them, waiting for their end, sending them signals.
#define _GNU_SOURCE 1 // vfork, pidfd_open

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "modules/posix/posix_internal.h"
#include "object/container/list.h"

static bool permitted(VM *vm) { return vm_permit(vm, CAPABILITY_PROGRAM, NULL); }
static Value done(VM *vm, int failed) { return failed ? path_error(vm, errno, NULL, NULL) : VALUE_NONE; }

// ---- Starting

// What the new process is to be, in a form that needs no memory any more.
typedef struct {
    char *const *arguments, *const *environment;
    const char *const *candidates; // programs to try one after the other; ends with NULL
    const char *folder;            // or NULL
    int streams[3];                // descriptors that become 0, 1 and 2; -1: as they are
    const int *kept;               // further ones that it gets, ascending
    size_t kept_count;
    bool closes, new_session, restores_signals;
    int group;                     // of processes; -1: this one's
    int mask;                      // umask; -1: as it is
    int64_t user, user_group;      // -1: as they are
    const gid_t *groups;           // of the user; NULL: as they are
    size_t group_count;
} Plan;

// What has kept it from starting. The child's own memory until its program begins is the parent's (vfork).
typedef struct {
    volatile int error;
    volatile bool in_folder;
} Outcome;

static void close_from(int first, int last) {
    if (first > last) return;
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, last == INT_MAX ? ~0U : (unsigned)last, 0) == 0) return;
#endif
    if (last == INT_MAX) last = (int)sysconf(_SC_OPEN_MAX) - 1;
    for (int fd = first; fd <= last; fd++) close(fd);
}

static bool arrange_descriptors(const Plan *plan) {
    int streams[3];
    for (int i = 0; i < 3; i++) {
        streams[i] = plan->streams[i];
        // One that stands where another is to go moves out of the way first.
        if (streams[i] >= 0 && streams[i] < 3 && streams[i] != i && (streams[i] = fcntl(streams[i], F_DUPFD_CLOEXEC, 3)) < 0) return false;
    }
    for (int i = 0; i < 3; i++) {
        if (streams[i] < 0) continue;
        if (streams[i] == i ? fcntl(i, F_SETFD, 0) < 0 : dup2(streams[i], i) < 0) return false;
    }
    int next = 3;
    for (size_t i = 0; i < plan->kept_count; i++) {
        if (plan->closes) close_from(next, plan->kept[i] - 1);
        if (plan->kept[i] >= 3 && fcntl(plan->kept[i], F_SETFD, 0) < 0) return false;
        next = plan->kept[i] + 1 > next ? plan->kept[i] + 1 : next;
    }
    if (plan->closes) close_from(next, INT_MAX);
    return true;
}

// Runs in the child. It may call nothing that takes a lock or memory.
static _Noreturn void become(const Plan *plan, const sigset_t *mask, Outcome *outcome) {
    // What the parent does about a signal is not inherited but for what it ignores; SIGPIPE and its like as is wished.
    for (int number = 1; number < NSIG; number++) {
        struct sigaction now;
        if (sigaction(number, NULL, &now) || now.sa_handler == SIG_DFL) continue;
        if (now.sa_handler == SIG_IGN && !(plan->restores_signals && (number == SIGPIPE || number == SIGXFSZ))) continue;
        signal(number, SIG_DFL);
    }
    if (plan->folder && chdir(plan->folder) < 0) {
        outcome->in_folder = true;
        outcome->error = errno;
        _exit(127);
    }
    bool ok = arrange_descriptors(plan);
    if (ok && plan->mask >= 0) umask((mode_t)plan->mask);
    if (ok && plan->new_session) setsid();
    if (ok && plan->group >= 0) ok = setpgid(0, plan->group) == 0;
    if (ok && plan->groups) ok = setgroups(plan->group_count, plan->groups) == 0;
    if (ok && plan->user_group >= 0) ok = setregid((gid_t)plan->user_group, (gid_t)plan->user_group) == 0;
    if (ok && plan->user >= 0) ok = setreuid((uid_t)plan->user, (uid_t)plan->user) == 0;
    int error = errno, other = 0;
    if (ok) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        for (const char *const *candidate = plan->candidates; *candidate; candidate++) {
            execve(*candidate, plan->arguments, plan->environment);
            error = errno;
            if (error != ENOENT && error != ENOTDIR && !other) other = error;
        }
    }
    outcome->error = other ? other : error;
    _exit(127);
}

// 0 or an errno.
static __attribute__((noinline)) int start(const Plan *plan, pid_t *pid, Outcome *outcome) {
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before); // no handler of this process may run in the child
    pid_t child = vfork();
    if (child == 0) become(plan, &before, outcome);
    int error = child < 0 ? errno : outcome->error;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (child > 0 && error) while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    *pid = child;
    return error;
}

// The texts of a tuple of bytes, and a NULL; in one block of the heap that a Value keeps alive.
static char **texts_of(VM *vm, Value v, Value *holder) {
    const Tuple *tuple = tuple_of(v);
    Bytes *block = bytes_new(vm, NULL, (tuple->length + 2) * sizeof(char *));
    if (!block) return NULL;
    *holder = value_object(block);
    char **texts = (char **)(((uintptr_t)block->data + sizeof(char *) - 1) & ~(uintptr_t)(sizeof(char *) - 1));
    for (size_t i = 0; i < tuple->length; i++) {
        if (!is_kind(tuple->items[i], KIND_BYTES)) return raise_type_error(vm, "bytes are wanted, not %s", type_name(vm, tuple->items[i])), NULL;
        Bytes *bytes = (Bytes *)object_of(tuple->items[i]);
        if (memchr(bytes->data, 0, bytes->length)) {
            // Those of the library end with a zero byte, which does not count.
            if (bytes->length == 0 || (size_t)((unsigned char *)memchr(bytes->data, 0, bytes->length) - bytes->data) != bytes->length - 1)
                return raise_value_error(vm, "embedded null byte"), NULL;
        } else {
            return raise_value_error(vm, "a zero byte is wanted at the end"), NULL;
        }
        texts[i] = (char *)bytes->data;
    }
    texts[tuple->length] = NULL;
    return texts;
}

static bool numbers_of(VM *vm, Value v, size_t size, size_t most, void *out, size_t *count) {
    const Tuple *tuple = tuple_of(v);
    if (tuple->length > most) return raise_value_error(vm, "too many numbers"), false;
    for (size_t i = 0; i < tuple->length; i++) {
        int64_t number;
        if (!value_index_int64(vm, tuple->items[i], true, &number)) return false;
        if (size == sizeof(int)) ((int *)out)[i] = (int)number;
        else ((gid_t *)out)[i] = (gid_t)number;
    }
    *count = tuple->length;
    return true;
}

// arguments, environment, candidates: tuples of bytes that end with a zero byte; folder: such bytes or None; streams: three ints; kept: a
// tuple of ints, ascending; closes, new_session, restores_signals; group, mask, user, user_group: ints; groups: a tuple of ints or None.
// The process's number, or (errno, whether the folder is to blame).
static Value posix_spawn_(VM *vm, Value *args, size_t count) {
    enum { MOST = 4096 };
    Value holders[3];
    Plan plan = {.folder = is_none(args[3]) ? NULL : (const char *)((Bytes *)object_of(args[3]))->data};
    int kept[MOST];
    gid_t groups[NGROUPS_MAX < 1024 ? NGROUPS_MAX : 1024];
    size_t three;
    int64_t numbers[4];
    for (size_t i = 0; i < 3; i++)
        if (!is_tuple(args[i])) return raise_type_error(vm, "a tuple is wanted, not %s", type_name(vm, args[i]));
    if (!is_tuple(args[4]) || !is_tuple(args[5]) || !(is_none(args[13]) || is_tuple(args[13])) || !(is_none(args[3]) || is_kind(args[3], KIND_BYTES)))
        return raise_type_error(vm, "wrong arguments");
    if (!(plan.arguments = texts_of(vm, args[0], &holders[0])) || !(plan.environment = texts_of(vm, args[1], &holders[1])) ||
        !(plan.candidates = (const char *const *)texts_of(vm, args[2], &holders[2])) ||
        !numbers_of(vm, args[4], sizeof(int), 3, plan.streams, &three) || !numbers_of(vm, args[5], sizeof(int), MOST, kept, &plan.kept_count))
        return VALUE_ERROR;
    if (!is_none(args[13])) {
        if (!numbers_of(vm, args[13], sizeof(gid_t), sizeof groups / sizeof *groups, groups, &plan.group_count)) return VALUE_ERROR;
        plan.groups = groups;
    }
    for (size_t i = 0; i < 4; i++)
        if (!value_index_int64(vm, args[9 + i], true, &numbers[i])) return VALUE_ERROR;
    if (!*plan.candidates || !*plan.arguments) return raise_value_error(vm, "no program");
    if (!vm_permit(vm, CAPABILITY_PROGRAM, *plan.arguments)) return VALUE_ERROR;
    plan.kept = kept;
    plan.closes = value_same(args[6], VALUE_TRUE);
    plan.new_session = value_same(args[7], VALUE_TRUE);
    plan.restores_signals = value_same(args[8], VALUE_TRUE);
    plan.group = (int)numbers[0];
    plan.mask = (int)numbers[1];
    plan.user = numbers[2];
    plan.user_group = numbers[3];
    pid_t pid;
    Outcome outcome = {0};
    int error = start(&plan, &pid, &outcome);
    if (!error) return value_small(pid);
    Value failure[] = {value_small(error), value_bool(outcome.in_folder)};
    return object_or_error(tuple_from(vm, failure, 2));
}

// ---- Waiting

static int open_process(pid_t pid, unsigned flags) {
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, flags);
#else
    (void)pid, (void)flags;
    return errno = ENOSYS, -1;
#endif
}

// Waits until waitpid(2) has something to say, so that an interrupt ends it too. -1 with an exception, or with errno and none.
static pid_t wait_for(VM *vm, pid_t pid, int *status, int options) {
    enum { SLICE = 20 }; // milliseconds
    int descriptor = -1;
    pid_t found;
    for (int turn = 0;; turn++) {
        do found = waitpid(pid, status, options | WNOHANG);
        while (found < 0 && interrupted_again(vm));
        if (found != 0 || options & WNOHANG || !is_empty(vm->exception)) break;
        if (turn == 0 && pid > 0) descriptor = open_process(pid, 0);
        if (descriptor >= 0) {
            struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
            poll(&wanted, 1, SLICE);
        } else {
            struct timespec rest = {.tv_nsec = turn < 10 ? 1000000 : SLICE * 1000000};
            nanosleep(&rest, NULL);
        }
        if (!vm_poll(vm, 1) || !vm_take_signals(vm)) {
            found = -1;
            break;
        }
    }
    int error = errno;
    if (descriptor >= 0) close(descriptor);
    errno = error;
    return found;
}

static Value posix_waitpid(VM *vm, Value *args, size_t count) {
    int pid, options, status = 0;
    if (!c_int_argument(vm, args[0], &pid) || !c_int_argument(vm, args[1], &options) || !permitted(vm)) return VALUE_ERROR;
    pid_t found = wait_for(vm, pid, &status, options);
    if (found < 0) return is_empty(vm->exception) ? path_error(vm, errno, NULL, NULL) : VALUE_ERROR;
    Value parts[] = {value_small(found), value_small(found ? status : 0)};
    return object_or_error(tuple_from(vm, parts, 2));
}
static Value posix_wait(VM *vm, Value *args, size_t count) {
    Value arguments[] = {value_small(-1), value_small(0)};
    return posix_waitpid(vm, arguments, 2);
}

static bool status_argument(VM *vm, Value v, int *status) { return c_int_argument(vm, v, status); }
#define ASK(name, macro, give)                                        \
    static Value posix_##name(VM *vm, Value *args, size_t count) {    \
        int status;                                                   \
        return status_argument(vm, args[0], &status) ? give(macro(status)) : VALUE_ERROR; \
    }
ASK(WIFEXITED, WIFEXITED, value_bool)
ASK(WIFSIGNALED, WIFSIGNALED, value_bool)
ASK(WIFSTOPPED, WIFSTOPPED, value_bool)
ASK(WIFCONTINUED, WIFCONTINUED, value_bool)
ASK(WCOREDUMP, WCOREDUMP, value_bool)
ASK(WEXITSTATUS, WEXITSTATUS, value_small)
ASK(WTERMSIG, WTERMSIG, value_small)
ASK(WSTOPSIG, WSTOPSIG, value_small)
#undef ASK

static Value posix_waitstatus_to_exitcode(VM *vm, Value *args, size_t count) {
    int status;
    if (is_any_float(args[0])) return raise_type_error(vm, "'float' object cannot be interpreted as an integer");
    if (!status_argument(vm, args[0], &status)) return VALUE_ERROR;
    if (WIFEXITED(status)) return value_small(WEXITSTATUS(status));
    if (WIFSIGNALED(status)) return value_small(-WTERMSIG(status));
    if (WIFSTOPPED(status)) return raise_value_error(vm, "process stopped by delivery of signal %i", WSTOPSIG(status));
    return raise_value_error(vm, "invalid wait status: %i", status);
}

static Value posix_pidfd_open(VM *vm, Value *args, size_t count) {
    int pid, flags = 0;
    if (!c_int_argument(vm, args[0], &pid) || (!is_empty(args[1]) && !c_int_argument(vm, args[1], &flags)) || !permitted(vm)) return VALUE_ERROR;
    int descriptor = open_process(pid, (unsigned)flags);
    return descriptor < 0 ? path_error(vm, errno, NULL, NULL) : value_small(descriptor);
}

// ---- Signals, sessions, groups

static Value posix_kill(VM *vm, Value *args, size_t count) {
    int pid, number;
    if (!c_int_argument(vm, args[0], &pid) || !c_int_argument(vm, args[1], &number) || !permitted(vm)) return VALUE_ERROR;
    int failed = kill(pid, number);
    // One's own is there before this returns.
    return failed || (vm_poll(vm, 1) && vm_take_signals(vm)) ? done(vm, failed) : VALUE_ERROR;
}
static Value posix_killpg(VM *vm, Value *args, size_t count) {
    int group, number;
    if (!c_int_argument(vm, args[0], &group) || !c_int_argument(vm, args[1], &number) || !permitted(vm)) return VALUE_ERROR;
    int failed = killpg(group, number);
    return failed || (vm_poll(vm, 1) && vm_take_signals(vm)) ? done(vm, failed) : VALUE_ERROR;
}
static Value posix_setsid(VM *vm, Value *args, size_t count) { return permitted(vm) ? done(vm, setsid() < 0) : VALUE_ERROR; }
static Value posix_setpgid(VM *vm, Value *args, size_t count) {
    int pid, group;
    if (!c_int_argument(vm, args[0], &pid) || !c_int_argument(vm, args[1], &group) || !permitted(vm)) return VALUE_ERROR;
    return done(vm, setpgid(pid, group));
}
static Value posix_nice(VM *vm, Value *args, size_t count) {
    int change;
    if (!c_int_argument(vm, args[0], &change) || !permitted(vm)) return VALUE_ERROR;
    errno = 0;
    int now = nice(change);
    return now == -1 && errno ? path_error(vm, errno, NULL, NULL) : value_small(now);
}
const NativeDefinition posix_child_functions[] = {
    {"_spawn", posix_spawn_,
     "arguments, environment, candidates, folder, streams, kept, closes, new_session, restores_signals, group, mask, user, user_group, groups, /",
     NATIVE_METHOD},
    {"waitpid", posix_waitpid, "pid, options, /", NATIVE_METHOD, "Waits for the end of a child: its number, and its status."},
    {"wait", posix_wait, "", NATIVE_METHOD, "Waits for the end of any child: its number, and its status."},
    {"waitstatus_to_exitcode", posix_waitstatus_to_exitcode, "status", NATIVE_METHOD, "What a status says: with what a process has ended, or minus the signal that ended it."},
    {"WIFEXITED", posix_WIFEXITED, "status", NATIVE_METHOD, "Whether a status says that a process has ended by itself."},
    {"WIFSIGNALED", posix_WIFSIGNALED, "status", NATIVE_METHOD, "Whether a status says that a signal has ended a process."},
    {"WIFSTOPPED", posix_WIFSTOPPED, "status", NATIVE_METHOD, "Whether a status says that a process was stopped."},
    {"WIFCONTINUED", posix_WIFCONTINUED, "status", NATIVE_METHOD, "Whether a status says that a process goes on again."},
    {"WCOREDUMP", posix_WCOREDUMP, "status, /", NATIVE_METHOD, "Whether a status says that a process has left its memory in a file."},
    {"WEXITSTATUS", posix_WEXITSTATUS, "status", NATIVE_METHOD, "With what a process has ended, of its status."},
    {"WTERMSIG", posix_WTERMSIG, "status", NATIVE_METHOD, "Which signal has ended a process, of its status."},
    {"WSTOPSIG", posix_WSTOPSIG, "status", NATIVE_METHOD, "Which signal has stopped a process, of its status."},
    {"pidfd_open", posix_pidfd_open, "pid, flags=0", NATIVE_METHOD, "A descriptor for a process, which can be read from once that has ended."},
    {"kill", posix_kill, "pid, signal, /", NATIVE_METHOD, "Sends a process a signal."},
    {"killpg", posix_killpg, "pgid, signal, /", NATIVE_METHOD, "Sends a group of processes a signal."},
    {"setsid", posix_setsid, "", NATIVE_METHOD, "Makes the process the head of a session of its own."},
    {"setpgid", posix_setpgid, "pid, pgrp, /", NATIVE_METHOD, "Puts a process into a group."},
    {"nice", posix_nice, "increment, /", NATIVE_METHOD, "Gives way to other processes by so much more: by how much now."},
    {0}};

bool posix_child_add(VM *vm, Dict *namespace) {
#define CONSTANT(name) {#name, name}
    static const struct {
        const char *name;
        int number;
    } constants[] = {CONSTANT(WNOHANG), CONSTANT(WUNTRACED), CONSTANT(WCONTINUED), CONSTANT(WEXITED), CONSTANT(WSTOPPED), CONSTANT(WNOWAIT),
                     CONSTANT(P_ALL), CONSTANT(P_PID), CONSTANT(P_PGID),
#ifdef PIDFD_NONBLOCK
                     CONSTANT(PIDFD_NONBLOCK),
#endif
    };
#undef CONSTANT
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (!add_value(vm, namespace, constants[i].name, value_small(constants[i].number))) return false;
    return true;
}

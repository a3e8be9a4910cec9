// _signal: what the module signal stands on. Signals are the process's: their handlers, and who gets them, are the only state that this
// library keeps at the level of the process. A handler in C notes that a signal has come; a script's handler runs at a safepoint of the
// VM that has asked for the signal last.
#define _GNU_SOURCE // pipe2, sigtimedwait

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "loop/loop.h"
#include "modules/modules.h"
#include "modules/struct_sequence.h"
#include "modules/system/file.h"
#include "modules/system/signals.h"
#include "object/container/dict.h"
#include "object/container/set.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "vm/frame_object.h"
#include "vm/interpreter.h"

struct Signals {
    VM *vm;
    bool pending[NSIG];            // atomic: has come, and no handler has run for it yet
    bool taken[NSIG];              // this VM has set what the signal does,
    struct sigaction before[NSIG]; // and that is what it did before
    Value handlers[NSIG];          // VALUE_EMPTY: whatever the process has
    int wakeup;                    // atomic: a descriptor that is written to when a signal comes, or -1
    Value default_handler;         // of SIGINT
};

// Who gets a signal, and how many handlers in C are looking at that just now: whoever takes himself off waits for them.
static Signals *signal_owners[NSIG];
static uint32_t signal_handlers_running;

static void arrived(int number) {
    int error = errno;
    __atomic_fetch_add(&signal_handlers_running, 1, __ATOMIC_SEQ_CST);
    Signals *signals = __atomic_load_n(&signal_owners[number], __ATOMIC_SEQ_CST);
    if (signals) {
        __atomic_store_n(&signals->pending[number], true, __ATOMIC_SEQ_CST);
        __atomic_fetch_or(&signals->vm->requests, REQUEST_SIGNAL, __ATOMIC_SEQ_CST);
        int descriptor = __atomic_load_n(&signals->wakeup, __ATOMIC_SEQ_CST);
        unsigned char byte = (unsigned char)number;
        if (descriptor >= 0 && write(descriptor, &byte, 1) < 0) {}
        loop_wake(signals->vm);
    }
    __atomic_fetch_sub(&signal_handlers_running, 1, __ATOMIC_SEQ_CST);
    errno = error;
}

static Signals *signals_of(VM *vm) { return library_of(vm)->signals; }

static void give_up(Signals *signals, int number) {
    Signals *mine = signals;
    __atomic_compare_exchange_n(&signal_owners[number], &mine, NULL, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

void signals_trace(VM *vm) {
    Signals *signals = signals_of(vm);
    if (!signals) return;
    heap_mark(vm, signals->default_handler);
    for (int number = 1; number < NSIG; number++) heap_mark(vm, signals->handlers[number]);
}

void signals_destroy(VM *vm, Allocator *allocator) {
    Signals *signals = signals_of(vm);
    if (!signals) return;
    for (int number = 1; number < NSIG; number++) {
        if (!signals->taken[number]) continue;
        // Another VM that has taken the signal since keeps it.
        if (__atomic_load_n(&signal_owners[number], __ATOMIC_SEQ_CST) == signals || is_empty(signals->handlers[number]) || is_small(signals->handlers[number]))
            sigaction(number, &signals->before[number], NULL);
        give_up(signals, number);
    }
    while (__atomic_load_n(&signal_handlers_running, __ATOMIC_SEQ_CST)) sched_yield();
    release(allocator, signals, sizeof(Signals));
    library_of(vm)->signals = NULL;
}

// Runs the handlers of what has come. [script]
static bool take_signals(VM *vm) {
    Signals *signals = signals_of(vm);
    vm->signals_waiting = false;
    if (!signals) return true;
    for (int number = 1; number < NSIG; number++) {
        if (!__atomic_exchange_n(&signals->pending[number], false, __ATOMIC_SEQ_CST)) continue;
        Value handler = signals->handlers[number];
        if (is_empty(handler) || is_small(handler)) continue;
        Frame *frame = interpreter_of(vm)->frame;
        Value arguments[] = {value_small(number), frame ? frame_object_of(vm, frame) : VALUE_NONE};
        if (!is_error(arguments[1]) && !is_error(vm_call(vm, handler, arguments, 2, NULL))) continue;
        vm->signals_waiting = true; // those that are left come at the next safepoint
        return false;
    }
    return true;
}

bool signals_attend(VM *vm) { return vm_poll(vm, 0) && vm_take_signals(vm); }

// ---- Handlers

static bool permitted(VM *vm) { return vm_permit(vm, CAPABILITY_PROGRAM, NULL); }
static Value done(VM *vm, int failed) { return failed ? raise_os_error(vm, errno, VALUE_EMPTY) : VALUE_NONE; }

static bool number_argument(VM *vm, Value v, int *number) {
    if (!c_int_argument(vm, v, number)) return false;
    if (*number >= 1 && *number < NSIG) return true;
    raise_value_error(vm, "signal number out of range");
    return false;
}

static Value default_int_handler(VM *vm, Value *args, size_t count) { return raise_error(vm, vm->exceptions.keyboard_interrupt, NULL); }

// What the process does about a signal that nobody here has set.
static Value found_handler(const Signals *signals, int number) {
    struct sigaction now;
    if (sigaction(number, NULL, &now) < 0) return VALUE_NONE;
    if (now.sa_handler == SIG_IGN) return value_small(1);
    if (now.sa_handler != SIG_DFL && number == SIGINT) return signals->default_handler;
    return value_small(0);
}

static Value signal_getsignal(VM *vm, Value *args, size_t count) {
    int number;
    if (!number_argument(vm, args[0], &number)) return VALUE_ERROR;
    const Signals *signals = signals_of(vm);
    return is_empty(signals->handlers[number]) ? found_handler(signals, number) : signals->handlers[number];
}

static Value signal_signal(VM *vm, Value *args, size_t count) {
    int number;
    Signals *signals = signals_of(vm);
    Value handler = args[1];
    if (is_int(handler)) {
        int64_t way;
        if (!value_index_int64(vm, handler, true, &way)) return VALUE_ERROR;
        handler = way == 0 || way == 1 ? value_small(way) : VALUE_EMPTY;
    }
    if (is_empty(handler) || (!is_small(handler) && !value_callable(vm, handler)))
        return raise_type_error(vm, "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object");
    if (!number_argument(vm, args[0], &number) || !permitted(vm)) return VALUE_ERROR;
    Value before = is_empty(signals->handlers[number]) ? found_handler(signals, number) : signals->handlers[number];
    struct sigaction action = {.sa_handler = !is_small(handler) ? arrived : small_of(handler) ? SIG_IGN : SIG_DFL}, old;
    sigemptyset(&action.sa_mask);
    // An interrupt as it was from the beginning is the host's own.
    bool as_before = value_same(handler, signals->default_handler) && number == SIGINT && signals->taken[number] &&
                     signals->before[number].sa_handler != SIG_DFL && signals->before[number].sa_handler != SIG_IGN;
    if (as_before) action = signals->before[number];
    if (!is_small(handler) && !as_before) __atomic_store_n(&signal_owners[number], signals, __ATOMIC_SEQ_CST);
    if (sigaction(number, &action, &old) < 0) {
        int error = errno;
        if (is_empty(signals->handlers[number]) || is_small(signals->handlers[number])) give_up(signals, number);
        return raise_os_error(vm, error, VALUE_EMPTY);
    }
    if (!signals->taken[number]) signals->before[number] = old;
    signals->taken[number] = true;
    if (is_small(handler) || as_before) give_up(signals, number);
    signals->handlers[number] = handler;
    return before;
}

static Value signal_raise(VM *vm, Value *args, size_t count) {
    int number;
    if (!c_int_argument(vm, args[0], &number) || !permitted(vm)) return VALUE_ERROR;
    if (raise(number)) return raise_os_error(vm, errno, VALUE_EMPTY);
    return signals_attend(vm) ? VALUE_NONE : VALUE_ERROR;
}

static Value signal_siginterrupt(VM *vm, Value *args, size_t count) {
    int number, flag;
    struct sigaction now;
    if (!number_argument(vm, args[0], &number) || !c_int_argument(vm, args[1], &flag) || !permitted(vm)) return VALUE_ERROR;
    if (sigaction(number, NULL, &now) < 0) return raise_os_error(vm, errno, VALUE_EMPTY);
    now.sa_flags = flag ? now.sa_flags & ~SA_RESTART : now.sa_flags | SA_RESTART;
    return done(vm, sigaction(number, &now, NULL));
}

static Value signal_set_wakeup_fd(VM *vm, Value *args, size_t count) {
    int descriptor;
    Signals *signals = signals_of(vm);
    if (!c_int_argument(vm, args[0], &descriptor) || !permitted(vm)) return VALUE_ERROR;
    if (descriptor >= 0) {
        int flags = fcntl(descriptor, F_GETFL);
        if (flags < 0) return raise_os_error(vm, errno, VALUE_EMPTY);
        if (!(flags & O_NONBLOCK)) return raise_value_error(vm, "the fd %i must be in non-blocking mode", descriptor);
    }
    return value_small(__atomic_exchange_n(&signals->wakeup, descriptor < 0 ? -1 : descriptor, __ATOMIC_SEQ_CST));
}

static Value signal_strsignal(VM *vm, Value *args, size_t count) {
    int number;
    if (!number_argument(vm, args[0], &number)) return VALUE_ERROR;
    const char *text = number > SIGSYS && number < SIGRTMIN ? NULL : strsignal(number);
    return text ? object_or_error(string_from(vm, text)) : VALUE_NONE;
}

// ---- Alarms

static Value signal_alarm(VM *vm, Value *args, size_t count) {
    int seconds;
    if (!c_int_argument(vm, args[0], &seconds) || !permitted(vm)) return VALUE_ERROR;
    return value_small(alarm((unsigned)seconds));
}

static bool timer_time(VM *vm, Value v, struct timeval *out) {
    double seconds = 0;
    if (!is_empty(v) && !value_to_double(vm, v, &seconds)) return false;
    if (isnan(seconds)) return raise_value_error(vm, "Invalid value NaN (not a number)"), false;
    if (fabs(seconds) > 9e15) return raise_overflow_error(vm, "timestamp out of range for platform time_t"), false;
    double whole = floor(seconds);
    *out = (struct timeval){.tv_sec = (time_t)whole, .tv_usec = (suseconds_t)ceil((seconds - whole) * 1e6)};
    if (out->tv_usec >= 1000000) out->tv_sec++, out->tv_usec = 0;
    return true;
}

static Value timer_error(VM *vm) {
    String *text = string_from(vm, strerror(errno));
    if (!text) return VALUE_ERROR;
    Value arguments[] = {value_small(errno), value_object(text)};
    Value e = call_class(vm, library_of(vm)->classes[LIBRARY_TIMER_ERROR], arguments, 2);
    return is_error(e) ? e : raise_value(vm, e);
}

static Value timer_value(VM *vm, const struct itimerval *timer) {
    Value both[] = {value_float((double)timer->it_value.tv_sec + (double)timer->it_value.tv_usec / 1e6),
                    value_float((double)timer->it_interval.tv_sec + (double)timer->it_interval.tv_usec / 1e6)};
    return object_or_error(tuple_from(vm, both, 2));
}

static Value signal_setitimer(VM *vm, Value *args, size_t count) {
    int which;
    struct itimerval timer, before;
    if (!c_int_argument(vm, args[0], &which) || !timer_time(vm, args[1], &timer.it_value) || !timer_time(vm, args[2], &timer.it_interval) ||
        !permitted(vm))
        return VALUE_ERROR;
    return setitimer(which, &timer, &before) < 0 ? timer_error(vm) : timer_value(vm, &before);
}

static Value signal_getitimer(VM *vm, Value *args, size_t count) {
    int which;
    struct itimerval timer;
    if (!c_int_argument(vm, args[0], &which)) return VALUE_ERROR;
    return getitimer(which, &timer) < 0 ? timer_error(vm) : timer_value(vm, &timer);
}

// ---- Waiting and blocking

// The signals that an iterable names. [script]
static int add_to_set(VM *vm, Value item, void *data) {
    int number;
    if (!c_int_argument(vm, item, &number)) return -1;
    if (number < 1 || number >= NSIG) return raise_value_error(vm, "signal number %d out of range [1; %d]", number, NSIG - 1), -1;
    sigaddset(data, number);
    return 1;
}
static bool set_argument(VM *vm, Value v, sigset_t *out) {
    sigemptyset(out);
    return value_for_each(vm, v, add_to_set, out) > 0;
}
static Value set_value(VM *vm, const sigset_t *signals) {
    List *list = list_new(vm, 0);
    for (int number = 1; list && number < NSIG; number++)
        if (sigismember(signals, number) == 1 && !list_append(vm, list, value_small(number))) list = NULL;
    return object_or_error(list);
}

static Value signal_pthread_sigmask(VM *vm, Value *args, size_t count) {
    int how;
    sigset_t wanted, before;
    if (!c_int_argument(vm, args[0], &how) || !set_argument(vm, args[1], &wanted) || !permitted(vm)) return VALUE_ERROR;
    int error = pthread_sigmask(how, &wanted, &before);
    if (error) return raise_os_error(vm, error, VALUE_EMPTY);
    // What was held back has come by now.
    return signals_attend(vm) ? set_value(vm, &before) : VALUE_ERROR;
}

static Value signal_sigpending(VM *vm, Value *args, size_t count) {
    sigset_t pending;
    return sigpending(&pending) < 0 ? raise_os_error(vm, errno, VALUE_EMPTY) : set_value(vm, &pending);
}

static Value signal_valid(VM *vm, Value *args, size_t count) {
    sigset_t all;
    return sigfillset(&all) < 0 ? raise_os_error(vm, errno, VALUE_EMPTY) : set_value(vm, &all);
}

static const char *const information_fields[] = {"si_signo", "si_code", "si_errno", "si_pid", "si_uid", "si_status", "si_band", NULL};

// The signal's information; `found` 0: it has not come before `end`. False with an exception.
static bool wait_for(VM *vm, const sigset_t *wanted, double end, siginfo_t *information, int *found) {
    for (;;) {
        double left = end - loop_system_time();
        double slice = left < 0 ? 0 : left < 0.02 ? left : 0.02;
        struct timespec rest = {.tv_nsec = (long)(slice * 1e9)};
        *found = sigtimedwait(wanted, information, &rest);
        if (*found > 0) return true;
        if (errno != EAGAIN && errno != EINTR) return raise_os_error(vm, errno, VALUE_EMPTY), false;
        if (!signals_attend(vm)) return false;
        if (left <= 0) return *found = 0, true;
    }
}

static Value information_value(VM *vm, const siginfo_t *information) {
    Value values[] = {value_small(information->si_signo), value_small(information->si_code), value_small(information->si_errno),
                      value_small(information->si_pid), int_from_int64(vm, information->si_uid), value_small(information->si_status),
                      int_from_int64(vm, information->si_band)};
    return struct_sequence_of(vm, library_of(vm)->classes[LIBRARY_SIGNAL_INFORMATION], information_fields, values);
}

static Value signal_sigwait(VM *vm, Value *args, size_t count) {
    sigset_t wanted;
    siginfo_t information;
    int found;
    if (!set_argument(vm, args[0], &wanted) || !permitted(vm) || !wait_for(vm, &wanted, INFINITY, &information, &found)) return VALUE_ERROR;
    return value_small(found);
}
static Value signal_sigwaitinfo(VM *vm, Value *args, size_t count) {
    sigset_t wanted;
    siginfo_t information;
    int found;
    if (!set_argument(vm, args[0], &wanted) || !permitted(vm) || !wait_for(vm, &wanted, INFINITY, &information, &found)) return VALUE_ERROR;
    return information_value(vm, &information);
}
static Value signal_sigtimedwait(VM *vm, Value *args, size_t count) {
    sigset_t wanted;
    siginfo_t information;
    int found;
    double seconds;
    if (!value_to_double(vm, args[1], &seconds)) return VALUE_ERROR;
    if (seconds < 0) return raise_value_error(vm, "timeout must be non-negative");
    if (!set_argument(vm, args[0], &wanted) || !permitted(vm) || !wait_for(vm, &wanted, loop_system_time() + seconds, &information, &found))
        return VALUE_ERROR;
    return found ? information_value(vm, &information) : VALUE_NONE;
}

// Until a handler has run.
static Value signal_pause(VM *vm, Value *args, size_t count) {
    sigset_t none;
    if (!permitted(vm)) return VALUE_ERROR;
    sigemptyset(&none);
    for (;;) {
        struct timespec rest = {.tv_nsec = 20000000};
        nanosleep(&rest, NULL);
        if (!vm_poll(vm, 1)) return VALUE_ERROR;
        if (vm->signals_waiting) return vm_take_signals(vm) ? VALUE_NONE : VALUE_ERROR;
    }
}

static const NativeDefinition functions[] = {
    {"signal", signal_signal, "signalnum, handler, /", NATIVE_METHOD, "Has a function called when a signal comes; gives what was done about it before."},
    {"getsignal", signal_getsignal, "signalnum, /", NATIVE_METHOD, "What is done about a signal."},
    {"raise_signal", signal_raise, "signalnum, /", NATIVE_METHOD, "Sends this process a signal."},
    {"default_int_handler", default_int_handler, "signalnum, frame, /", NATIVE_METHOD, "What is done about SIGINT: raises KeyboardInterrupt."},
    {"siginterrupt", signal_siginterrupt, "signalnum, flag, /", NATIVE_METHOD, "Whether a signal ends system calls of others' code."},
    {"set_wakeup_fd", signal_set_wakeup_fd, "fd, /, *, warn_on_full_buffer=True", NATIVE_METHOD, "Has a byte written to a descriptor when a signal comes; gives the one from before."},
    {"strsignal", signal_strsignal, "signalnum, /", NATIVE_METHOD, "What a signal is called."},
    {"alarm", signal_alarm, "seconds, /", NATIVE_METHOD, "Has SIGALRM come after so many seconds; gives what was left of an earlier alarm."},
    {"setitimer", signal_setitimer, "which, seconds, interval=0.0, /", NATIVE_METHOD, "Has a signal come after so many seconds, and then again and again; gives what was left and the old interval."},
    {"getitimer", signal_getitimer, "which, /", NATIVE_METHOD, "What is left of a timer, and its interval."},
    {"pthread_sigmask", signal_pthread_sigmask, "how, mask, /", NATIVE_METHOD, "Holds signals back or lets them come; gives those that were held back before."},
    {"sigpending", signal_sigpending, "", NATIVE_METHOD, "The signals that have come while they were held back."},
    {"valid_signals", signal_valid, "", NATIVE_METHOD, "All signals."},
    {"sigwait", signal_sigwait, "sigset, /", NATIVE_METHOD, "Waits for one of several signals: which it is."},
    {"sigwaitinfo", signal_sigwaitinfo, "sigset, /", NATIVE_METHOD, "Waits for one of several signals: what is known of it."},
    {"sigtimedwait", signal_sigtimedwait, "sigset, timeout, /", NATIVE_METHOD, "The same, for so many seconds: None if it has not come."},
    {"pause", signal_pause, "", NATIVE_METHOD, "Waits for a signal that has a handler."},
    {0}};

#define CONSTANT(name) {#name, name}
static const struct {
    const char *name;
    int number;
} constants[] = {
    CONSTANT(SIGABRT), CONSTANT(SIGALRM), CONSTANT(SIGBUS), CONSTANT(SIGCHLD), CONSTANT(SIGCONT), CONSTANT(SIGFPE), CONSTANT(SIGHUP),
    CONSTANT(SIGILL), CONSTANT(SIGINT), CONSTANT(SIGIO), CONSTANT(SIGIOT), CONSTANT(SIGKILL), CONSTANT(SIGPIPE), CONSTANT(SIGPROF),
    CONSTANT(SIGQUIT), CONSTANT(SIGSEGV), CONSTANT(SIGSTOP), CONSTANT(SIGSYS), CONSTANT(SIGTERM), CONSTANT(SIGTRAP), CONSTANT(SIGTSTP),
    CONSTANT(SIGTTIN), CONSTANT(SIGTTOU), CONSTANT(SIGURG), CONSTANT(SIGUSR1), CONSTANT(SIGUSR2), CONSTANT(SIGVTALRM), CONSTANT(SIGWINCH),
    CONSTANT(SIGXCPU), CONSTANT(SIGXFSZ),
#ifdef SIGPOLL
    CONSTANT(SIGPOLL),
#endif
#ifdef SIGCLD
    CONSTANT(SIGCLD),
#endif
#ifdef SIGPWR
    CONSTANT(SIGPWR),
#endif
#ifdef SIGSTKFLT
    CONSTANT(SIGSTKFLT),
#endif
    CONSTANT(SIG_BLOCK), CONSTANT(SIG_UNBLOCK), CONSTANT(SIG_SETMASK), CONSTANT(ITIMER_REAL), CONSTANT(ITIMER_VIRTUAL), CONSTANT(ITIMER_PROF),
    CONSTANT(NSIG), {"SIG_DFL", 0}, {"SIG_IGN", 1}};
#undef CONSTANT

static bool add_timer_error(VM *vm, Dict *namespace) {
    String *own = string_from(vm, "itimer_error"), *module = string_from(vm, "signal");
    Value base_value = value_object(vm->exceptions.os_error);
    Tuple *base = tuple_from(vm, &base_value, 1);
    Dict *attributes = dict_new(vm);
    if (!own || !module || !base || !attributes || !add_value(vm, attributes, "__module__", value_object(module)) ||
        !add_text(vm, attributes, "__doc__", "A timer can't be set so."))
        return false;
    Class *cls = library_of(vm)->classes[LIBRARY_TIMER_ERROR] = class_new(vm, NULL, own, base, attributes);
    return cls && add_value(vm, namespace, "ItimerError", value_object(cls));
}

bool signal_module_fill(VM *vm, ModuleObject *module) {
    Dict *namespace = module->namespace;
    Library *library = library_of(vm);
    if (!library->signals) {
        Signals *signals = allocate(&vm->heap.allocator, sizeof(Signals));
        if (!signals) return raise_memory_error(vm), false;
        *signals = (Signals){.vm = vm, .wakeup = -1, .default_handler = VALUE_NONE};
        for (int number = 0; number < NSIG; number++) signals->handlers[number] = VALUE_EMPTY;
        library->signals = signals;
        vm->hooks.take_signals = take_signals;
    }
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (!add_value(vm, namespace, constants[i].name, value_small(constants[i].number))) return false;
    Class *information = library->classes[LIBRARY_SIGNAL_INFORMATION] = struct_sequence_class(vm, "signal.struct_siginfo", information_fields);
    if (!information || !add_text(vm, information->attributes, "__doc__", "What is known of a signal that has come.") || !add_value(vm, namespace, "struct_siginfo", value_object(information)) || !add_timer_error(vm, namespace) ||
        !add_value(vm, namespace, "SIGRTMIN", value_small(SIGRTMIN)) || !add_value(vm, namespace, "SIGRTMAX", value_small(SIGRTMAX)) ||
        !add_text(vm, namespace, "__doc__", "Signals; the module signal has them for programs.") ||
        native_add_functions(vm, namespace, functions) < 0)
        return false;
    String *name = string_from(vm, "default_int_handler");
    Value handler = name ? dict_get_string(vm, namespace, name) : VALUE_ERROR;
    if (!is_error(handler)) library->signals->default_handler = handler;
    return !is_error(handler);
}

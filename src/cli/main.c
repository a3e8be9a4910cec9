// The command. It uses the public header alone: what it can't do with it, no host can.
#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <aioli.h>

static const char usage_text[] =
    "usage: aioli [--virtual-time] FILE [ARG…]      run a program\n"
    "       aioli [--virtual-time] -c CODE [ARG…]   run the code given as text\n"
    "       aioli [--virtual-time] - [ARG…]         run what the standard input says\n"
    "       aioli check FILE…                       check files without running them\n"
    "       aioli dis FILE                          list a file's bytecode\n"
    "       aioli --version | --help\n"
    "\n"
    "--virtual-time  asyncio's clock jumps to the next deadline when every task waits\n"
    "AIOLI_PATH      folders, with `:` between them, where imports look last\n";

// The one thing that a signal handler can know: the VM that runs in this process.
static aioli *volatile running;

static void on_interrupt(int signal_number) {
    (void)signal_number;
    if (running) aioli_interrupt(running);
}

// The signal that ends the process leaves the terminal as it was: the handler is gone by now, so that the signal does what it does
// without one.
static void on_end(int signal_number) {
    if (running) aioli_restore_terminal(running);
    raise(signal_number);
}

// Signals that somebody has other plans with (nohup, a sanitizer) are left alone.
static void watch_ends(void) {
    static const int signals[] = {SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    // A crash may be that of the stack.
    static char stack[65536];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&other, NULL);
    struct sigaction end = {.sa_handler = on_end, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK)}, before;
    sigemptyset(&end.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) sigaction(signals[i], &end, NULL);
}

static void say(const char *text, size_t length) {
    while (length) {
        ssize_t n = write(2, text, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return;
        text += n;
        length -= (size_t)n;
    }
}

static void say_error(aioli *vm) {
    size_t length;
    const char *text = aioli_error_text(vm, &length);
    say(text, length);
}

static int misused(const char *what, const char *argument) {
    fprintf(stderr, "%s%s\nusage: aioli [option] ... [-c CODE | FILE | -] [arg] ...\nTry `aioli --help' for more information.\n",
            what, argument);
    return 2;
}

static int finish(aioli *vm, aioli_status status) {
    if (status == AIOLI_NO_FILE) say("aioli: ", 7);
    if (status != AIOLI_OK && status != AIOLI_CLOSED_PIPE) say_error(vm);
    return aioli_exit_status(vm);
}

// What the standard input says, as one text.
static char *read_input(size_t *length) {
    size_t capacity = 65536;
    char *text = malloc(capacity);
    *length = 0;
    while (text) {
        ssize_t n = read(0, text + *length, capacity - *length);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return text;
        *length += (size_t)n;
        if (*length < capacity) continue;
        char *larger = realloc(text, capacity *= 2);
        if (!larger) free(text);
        text = larger;
    }
    return NULL;
}

static int run_input(aioli *vm) {
    size_t length;
    char *text = read_input(&length);
    if (!text) return fputs("MemoryError\n", stderr), 1;
    aioli_status status = aioli_run_source(vm, "<stdin>", text, length);
    free(text);
    return finish(vm, status);
}

static int check(aioli *vm, int count, char **files) {
    if (!count) return misused("Argument expected for the check command", "");
    int worst = 0;
    for (int i = 0; i < count; i++) {
        aioli_status status = aioli_check(vm, files[i]);
        if (status == AIOLI_OK) {
            printf("%s: ok\n", files[i]);
            continue;
        }
        if (aioli_exit_status(vm) > worst) worst = aioli_exit_status(vm);
        size_t length;
        const char *text = aioli_error_text(vm, &length);
        if (status == AIOLI_NO_FILE) printf("%s: ", files[i]);
        fwrite(text, 1, length, stdout);
    }
    fflush(stdout);
    return worst;
}

static void add_paths(aioli *vm) {
    const char *paths = getenv("AIOLI_PATH");
    size_t scope = aioli_open(vm);
    while (paths && *paths) {
        const char *end = strchr(paths, ':');
        size_t length = end ? (size_t)(end - paths) : strlen(paths);
        char folder[4096];
        if (length && length < sizeof folder) {
            memcpy(folder, paths, length);
            folder[length] = 0;
            aioli_value added = aioli_string(vm, folder, length);
            aioli_call_method(vm, aioli_get_attribute(vm, aioli_import(vm, "sys"), "path"), "append", 1, &added);
            aioli_take_error(vm); // a name that is not UTF-8: nothing can be found there
        }
        paths += length + (end != NULL);
    }
    aioli_close(vm, scope, NULL);
}

// argv[0] is what is to be run: a file, -c, or -.
static int run(aioli *vm, const char *executable, int argc, char **argv) {
    struct sigaction interrupt = {.sa_handler = on_interrupt};
    sigemptyset(&interrupt.sa_mask);
    running = vm;
    sigaction(SIGINT, &interrupt, NULL);
    if (isatty(0)) watch_ends();
    int status;
    if (argc && strcmp(argv[0], "-c") == 0) {
        if (argc < 2) return misused("Argument expected for the -c option", "");
        const char *code = argv[1];
        argv[1] = argv[0];
        aioli_set_arguments(vm, executable, argc - 1, (const char *const *)argv + 1);
        status = finish(vm, aioli_run_source(vm, "<string>", code, strlen(code)));
    } else if (!argc || strcmp(argv[0], "-") == 0) {
        const char *const nothing[] = {""};
        aioli_set_arguments(vm, executable, argc ? argc : 1, argc ? (const char *const *)argv : nothing);
        status = run_input(vm);
    } else {
        aioli_set_arguments(vm, executable, argc, (const char *const *)argv);
        status = finish(vm, aioli_run_file(vm, argv[0]));
    }
    running = NULL;
    return status;
}

static void own_path(const char *name, char *out, size_t size) {
    ssize_t length = readlink("/proc/self/exe", out, size - 1);
    if (length > 0)
        out[length] = 0;
    else
        snprintf(out, size, "%s", name);
}

int main(int argc, char **argv) {
    char executable[4096];
    int virtual_time = 0, at = 1;
    for (; at < argc && argv[at][0] == '-' && argv[at][1] == '-'; at++) {
        if (strcmp(argv[at], "--virtual-time") == 0) {
            virtual_time = 1;
        } else if (strcmp(argv[at], "--version") == 0) {
            printf("aioli %s\n", aioli_version());
            return 0;
        } else if (strcmp(argv[at], "--help") == 0) {
            fputs(usage_text, stdout);
            return 0;
        } else {
            return misused("Unknown option: ", argv[at]);
        }
    }
    if (at < argc && argv[at][0] == '-' && argv[at][1] && strcmp(argv[at], "-c") != 0) {
        if (strcmp(argv[at], "-h") == 0) return fputs(usage_text, stdout), 0;
        if (strcmp(argv[at], "-V") == 0) return printf("aioli %s\n", aioli_version()), 0;
        return misused("Unknown option: ", argv[at]);
    }
    if (at == argc && isatty(0)) return fputs(usage_text, stdout), 0;
#ifdef __GLIBC__
    // The C library asks the system for 132 KB at a time; a script's tables grow faster than that.
    mallopt(M_TOP_PAD, 512 * 1024);
    mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
    mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
#endif
    signal(SIGPIPE, SIG_IGN); // a closed pipe is an error of the write
    aioli_config config = {.virtual_time = virtual_time, .grants = AIOLI_GRANT_ALL};
    aioli *vm = aioli_new(&config);
    if (!vm) return fputs("aioli: out of memory\n", stderr), 1;
    own_path(argv[0], executable, sizeof executable);
    add_paths(vm);
    int status;
    if (at < argc && strcmp(argv[at], "check") == 0) {
        status = check(vm, argc - at - 1, argv + at + 1);
    } else if (at < argc && strcmp(argv[at], "dis") == 0) {
        status = at + 2 == argc ? finish(vm, aioli_disassemble(vm, argv[at + 1])) : misused("One file expected for the dis command", "");
    } else {
        status = run(vm, executable, argc - at, argv + at);
    }
    aioli_free(vm);
    return status;
}

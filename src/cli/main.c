// The command. It uses the public header alone: what it can't do with it, no host can.
#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <aioli.h>

#include "ask.h"
#include "minimize.h"
#include "timeline.h"

static const char usage_text[] =
    "usage: aioli [OPTION…] [FILE [ARG…]]           run a program; the prompt without one\n"
    "       aioli [OPTION…] -c CODE [ARG…]          run the code given as text\n"
    "       aioli [OPTION…] -m MODULE [ARG…]        run a module that imports find\n"
    "       aioli [OPTION…] - [ARG…]                run what the standard input says\n"
    "       aioli [OPTION…] check FILE…             check files without running them\n"
    "       aioli [OPTION…] dis FILE                list a file's bytecode\n"
    "       aioli ps PID                            list what the tasks of a running program do\n"
    "       aioli pstree PID                        the same by who waits for whom\n"
    "       aioli test [OPTION…] [PATH…]            run the tests in files and folders; more by `aioli test --help'\n"
    "\n"
    "-i              the prompt afterwards, with what the program has left\n"
    "-q              the prompt without its first line\n"
    "-u              what is printed is written at once\n"
    "-W FILTER       what becomes of warnings: action:message:category:module:line, as for Python\n"
    "-X dev          what only programmers want to see: more warnings, what holds the loop, tasks that are stuck\n"
    "--virtual-time  asyncio's clock jumps to the next deadline when every task waits\n"
    "--shuffle[=N]   tasks that could run at once run in another order, which the number N repeats\n"
    "--trace FILE    writes what tasks do to a file that Perfetto (ui.perfetto.dev) and Chrome show\n"
    "--timeline FILE the same as a page of HTML, which any browser shows\n"
    "--minimize      with --shuffle: which task must run before which for the program to fail\n"
    "-V, --version   the version\n"
    "-h, --help      this\n"
    "\n"
    "AIOLI_PATH      folders, with `:` between them, where imports look last\n"
    "AIOLI_HISTORY   the file that keeps what is entered at the prompt; empty: none does\n"
    "AIOLI_REPORT    json: reports of deadlocks and of lost exceptions are JSON, an object a line\n"
    "NO_COLOR        set to anything: no colours; FORCE_COLOR: colours, even when the output is no terminal\n";

enum { MOST_REPEATED = 32 };

typedef struct {
    int virtual_time, interactive, quiet, unbuffered, tests, development, shuffles, minimizes;
    uint64_t shuffle;
    const char *trace, *timeline; // the files
    const char *code, *module;
    const char *warnings[MOST_REPEATED], *settings[MOST_REPEATED]; // the arguments of -W and of -X
    size_t warning_count, setting_count;
} Options;

// The one thing that a signal handler can know: the VM that runs in this process.
static aioli *volatile running;

static void on_interrupt(int signal_number) {
    (void)signal_number;
    if (running) aioli_interrupt(running);
}

// Ctrl-\: what runs, and what all tasks wait for, to the standard error.
static void on_quit(int signal_number) {
    (void)signal_number;
    if (running) aioli_report(running);
}

// Somebody asks what the tasks do, or the signal means something else.
static void on_ask(int signal_number) {
    (void)signal_number;
    if (running && is_asked()) aioli_describe(running);
}

static void described(void *user, const char *text, size_t length) {
    (void)user;
    answer(text, length);
}

// The terminal as it was before anything ran here: a script may have put it into raw mode.
static struct termios terminal;
static volatile sig_atomic_t has_terminal;

// The signal that ends the process leaves the terminal as it was: the handler is gone by now, so that the signal does what it does
// without one. (In the background the terminal belongs to somebody else, who has set it as he likes.)
static void on_end(int signal_number) {
    static const char ends[] = "\033[?2004l\033[?25h";
    if (has_terminal && tcgetpgrp(0) == getpgrp() && tcsetattr(0, TCSANOW, &terminal) == 0 && isatty(1) &&
        write(1, ends, sizeof ends - 1) < 0) {}
    raise(signal_number);
}

// Signals that somebody has other plans with (nohup, a sanitizer) are left alone.
static void watch_ends(void) {
    static const int signals[] = {SIGTERM, SIGHUP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    // A crash may be that of the stack.
    static char stack[65536];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&other, NULL);
    has_terminal = tcgetattr(0, &terminal) == 0;
    struct sigaction end = {.sa_handler = on_end, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK)}, before;
    sigemptyset(&end.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) sigaction(signals[i], &end, NULL);
}

// Whether what goes to a descriptor is coloured: what the environment says, as for CPython; else whether it is a terminal that can.
static int use_colours(int descriptor) {
    const char *python = getenv("PYTHON_COLORS"), *none = getenv("NO_COLOR"), *force = getenv("FORCE_COLOR"), *name = getenv("TERM");
    if (python && strcmp(python, "0") == 0) return 0;
    if (python && strcmp(python, "1") == 0) return 1;
    if (none && *none) return 0;
    if (force && *force) return 1;
    return isatty(descriptor) && name && strcmp(name, "dumb") != 0;
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
        aioli_status status = aioli_check(vm, files[i], 0);
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

// sys.warnoptions and sys._xoptions, as the options say.
static void set_options(aioli *vm, const Options *options) {
    size_t scope = aioli_open(vm);
    aioli_value sys = aioli_import(vm, "sys");
    for (size_t i = 0; i < options->warning_count; i++) {
        const char *text = options->warnings[i];
        aioli_value filter = aioli_string(vm, text, strlen(text));
        aioli_call_method(vm, aioli_get_attribute(vm, sys, "warnoptions"), "append", 1, &filter);
    }
    for (size_t i = 0; i < options->setting_count; i++) {
        const char *text = options->settings[i], *equals = strchr(text, '=');
        aioli_value name = aioli_string(vm, text, equals ? (size_t)(equals - text) : strlen(text));
        aioli_set_item(vm, aioli_get_attribute(vm, sys, "_xoptions"), name, equals ? aioli_string(vm, equals + 1, strlen(equals + 1)) : AIOLI_TRUE);
    }
    aioli_take_error(vm); // of what is not UTF-8
    aioli_close(vm, scope, NULL);
}

// The standard output and error write at once what they are given.
static void write_through(aioli *vm) {
    static const char *const streams[] = {"stdout", "stderr"}, *const names[] = {"write_through", NULL};
    size_t scope = aioli_open(vm);
    for (int i = 0; i < 2; i++) {
        aioli_value stream = aioli_get_attribute(vm, aioli_import(vm, "sys"), streams[i]);
        aioli_value yes = AIOLI_TRUE;
        aioli_call(vm, aioli_get_attribute(vm, stream, "reconfigure"), 1, &yes, names);
    }
    aioli_close(vm, scope, NULL);
}

// ---- The prompt

// The file of the prompt's history; empty for none.
static void history_path(char *out, size_t size) {
    const char *wanted = getenv("AIOLI_HISTORY"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    *out = 0;
    if (wanted)
        snprintf(out, size, "%s", wanted);
    else if (state && state[0] == '/')
        snprintf(out, size, "%s/aioli/history", state);
    else if (home && *home)
        snprintf(out, size, "%s/.local/state/aioli/history", home);
}

// The prompt, as a program that goes on with what the last one has left, or begins with nothing.
static int prompt(aioli *vm, int goes_on, int quiet) {
    char history[4096];
    history_path(history, sizeof history);
    size_t scope = aioli_open(vm);
    if (!goes_on) aioli_run_source(vm, "<prompt>", "", 0);
    aioli_value main_module = aioli_import(vm, "__main__"), module = aioli_import(vm, "_prompt");
    const char *visual = getenv("VISUAL"), *plain = getenv("EDITOR"), *editor = visual && *visual ? visual : plain && *plain ? plain : "vi";
    aioli_value arguments[] = {aioli_get_attribute(vm, main_module, "__dict__"), aioli_string(vm, history, strlen(history)),
                               aioli_string(vm, editor, strlen(editor)), aioli_int(vm, use_colours(1)), aioli_int(vm, quiet),
                               aioli_int(vm, !isatty(0) || !isatty(1) || !getenv("TERM") || strcmp(getenv("TERM"), "dumb") == 0)};
    int status = 0;
    if (!aioli_call_method(vm, module, "main", 6, arguments)) {
        aioli_value error = aioli_take_error(vm);
        const char *text = aioli_get_text(vm, aioli_traceback(vm, error), NULL);
        int64_t code;
        if (strcmp(aioli_type_name(vm, error), "SystemExit") != 0) {
            if (text) say(text, strlen(text));
            status = 1;
        } else if (aioli_get_int(vm, aioli_get_attribute(vm, error, "code"), &code) == 0) {
            status = (int)(code & 0xFF);
        }
    }
    aioli_close(vm, scope, NULL);
    aioli_flush(vm);
    return status;
}

// ---- Running

static void set_arguments(aioli *vm, const char *executable, const char *first, int count, char **rest) {
    const char **all = calloc((size_t)count + 1, sizeof *all);
    if (!all) return;
    all[0] = first;
    for (int i = 0; i < count; i++) all[i + 1] = rest[i];
    aioli_set_arguments(vm, executable, count + 1, all);
    free(all);
}

static int run_path(aioli *vm, const char *path) {
    char inside[4096];
    struct stat about;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        snprintf(inside, sizeof inside, "%s/__main__.aio", path);
        if (access(inside, F_OK) != 0) snprintf(inside, sizeof inside, "%s/__main__.py", path);
        if (access(inside, F_OK) != 0) {
            fprintf(stderr, "aioli: can't find '__main__' module in '%s'\n", path);
            return 1;
        }
        path = inside;
    }
    return finish(vm, aioli_run_file(vm, path));
}

// Runs tests, as sys.argv says: the exit status. The runner is a program of the language.
static int test(aioli *vm) {
    size_t scope = aioli_open(vm);
    aioli_value colours = aioli_int(vm, use_colours(1));
    int64_t status = 1;
    if (aioli_get_int(vm, aioli_call_method(vm, aioli_import(vm, "_test"), "main", 1, &colours), &status) < 0) {
        const char *text = aioli_get_text(vm, aioli_traceback(vm, aioli_take_error(vm)), NULL);
        if (text) say(text, strlen(text));
    }
    aioli_close(vm, scope, NULL);
    aioli_flush(vm);
    return (int)status;
}

// Shows what the tasks of another process do: the exit status. How is a program of the language.
static int show_tasks(aioli *vm, int count, char **words) {
    size_t length;
    if (count != 2) return misused("The number of a process expected for the command ", words[0]);
    char *text = ask(words[1], &length);
    if (!text) return 1;
    size_t scope = aioli_open(vm);
    aioli_value arguments[] = {aioli_string(vm, words[0], strlen(words[0])), aioli_string(vm, text, length)};
    int64_t status = 1;
    if (aioli_get_int(vm, aioli_call_method(vm, aioli_import(vm, "_ask"), "main", 2, arguments), &status) < 0) {
        const char *error = aioli_get_text(vm, aioli_traceback(vm, aioli_take_error(vm)), NULL);
        if (error) say(error, strlen(error));
    }
    aioli_close(vm, scope, NULL);
    free(text);
    aioli_flush(vm);
    return (int)status;
}

// Whether the words are the command `test`; then *is_real is whether they ask for the real clock.
static int is_test(const Options *options, int count, char **words, int *is_real) {
    *is_real = 0;
    if (options->code || options->module || !count || strcmp(words[0], "test") != 0) return 0;
    for (int i = 1; i < count; i++) *is_real |= strcmp(words[i], "--real-time") == 0;
    return 1;
}

// What the options and arguments ask for: the exit status.
static int run(aioli *vm, const Options *options, const char *executable, int argc, char **argv) {
    struct sigaction interrupt = {.sa_handler = on_interrupt}, quit = {.sa_handler = on_quit}, before;
    sigemptyset(&interrupt.sa_mask);
    sigemptyset(&quit.sa_mask);
    running = vm;
    // What a shell has in the background is not to be interrupted with what is in front.
    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(SIGINT, &interrupt, NULL);
    if (sigaction(SIGQUIT, NULL, &before) == 0 && before.sa_handler == SIG_DFL) sigaction(SIGQUIT, &quit, NULL);
    if (sigaction(ASK_SIGNAL, NULL, &before) == 0 && before.sa_handler == SIG_DFL) {
        struct sigaction asked = {.sa_handler = on_ask};
        sigemptyset(&asked.sa_mask);
        ask_prepare();
        sigaction(ASK_SIGNAL, &asked, NULL);
    }
    if (isatty(0)) watch_ends();
    int status = 0, has_run = 1;
    if (options->tests) {
        set_arguments(vm, executable, "test", argc - 1, argv + 1);
        status = test(vm);
        running = NULL;
        return status;
    }
    if (options->code) {
        set_arguments(vm, executable, "-c", argc, argv);
        status = finish(vm, aioli_run_source(vm, "<string>", options->code, strlen(options->code)));
    } else if (options->module) {
        set_arguments(vm, executable, "-m", argc, argv);
        status = finish(vm, aioli_run_module(vm, options->module));
    } else if (argc && strcmp(argv[0], "-") != 0) {
        set_arguments(vm, executable, argv[0], argc - 1, argv + 1);
        status = run_path(vm, argv[0]);
    } else if (argc || (!isatty(0) && !options->interactive)) {
        set_arguments(vm, executable, argc ? "-" : "", argc ? argc - 1 : 0, argv + 1);
        status = run_input(vm);
    } else {
        set_arguments(vm, executable, "", 0, NULL);
        has_run = 0;
    }
    if (!has_run || options->interactive) status = prompt(vm, has_run, options->quiet || has_run);
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

// ---- Options

// How many letters must be replaced, inserted or removed to make one word of another, of at most 31 letters.
static int distance(const char *a, const char *b) {
    int row[32], lengths[2] = {(int)strlen(a), (int)strlen(b)};
    if (lengths[0] > 31 || lengths[1] > 31) return 31;
    for (int k = 0; k <= lengths[1]; k++) row[k] = k;
    for (int i = 1; i <= lengths[0]; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int k = 1; k <= lengths[1]; k++) {
            int changed = diagonal + (a[i - 1] != b[k - 1]);
            diagonal = row[k];
            if (row[k] + 1 < changed) changed = row[k] + 1;
            if (row[k - 1] + 1 < changed) changed = row[k - 1] + 1;
            row[k] = changed;
        }
    }
    return row[lengths[1]];
}

static int unknown(const char *option) {
    static const char *const known[] = {"--virtual-time", "--shuffle", "--minimize", "--trace", "--timeline", "--version", "--help", "-c", "-m", "-i", "-q", "-u", "-W", "-X", "-V", "-h"};
    const char *nearest = NULL;
    int least = 4;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        int steps = distance(option, known[i]);
        if (steps < least && steps < (int)strlen(known[i]) - 1) least = steps, nearest = known[i];
    }
    fprintf(stderr, "Unknown option: %s\n", option);
    if (nearest) fprintf(stderr, "Did you mean %s?\n", nearest);
    return misused("", "");
}

// The number of --shuffle, of which any but 0 will do; without one the clock chooses. Whether it is a number.
static int read_seed(const char *text, uint64_t *seed) {
    if (text) {
        char *end;
        errno = 0;
        *seed = strtoull(text, &end, 10);
        return *text >= '0' && *text <= '9' && !*end && !errno && *seed;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *seed = ((uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec * 1000003u ^ (uint64_t)getpid()) % 1000000 + 1;
    return 1;
}

// Reads the options in front of what is to be run. Where it begins; or minus one and *status, when there is nothing to do but to end.
static int read_options(int argc, char **argv, Options *options, int *status) {
    int at = 1;
    for (; at < argc && argv[at][0] == '-' && argv[at][1]; at++) {
        const char *option = argv[at];
        *status = 0;
        if (strcmp(option, "--virtual-time") == 0) {
            options->virtual_time = 1;
            continue;
        }
        if (strcmp(option, "--shuffle") == 0 || strncmp(option, "--shuffle=", 10) == 0) {
            if (!read_seed(option[9] ? option + 10 : NULL, &options->shuffle)) return *status = misused("Not a number: ", option), -1;
            options->shuffles = 1;
            continue;
        }
        if (strcmp(option, "--trace") == 0) {
            if (!argv[at + 1]) return *status = misused("Argument expected for the --trace option", ""), -1;
            options->trace = argv[++at];
            continue;
        }
        if (strcmp(option, "--timeline") == 0) {
            if (!argv[at + 1]) return *status = misused("Argument expected for the --timeline option", ""), -1;
            options->timeline = argv[++at];
            continue;
        }
        if (strcmp(option, "--minimize") == 0) {
            options->minimizes = 1;
            continue;
        }
        if (strcmp(option, "--version") == 0) return printf("aioli %s\n", aioli_version()), -1;
        if (strcmp(option, "--help") == 0) return fputs(usage_text, stdout), -1;
        if (option[1] == '-') return *status = unknown(option), -1;
        for (const char *letter = option + 1; *letter; letter++) {
            switch (*letter) {
            case 'i': options->interactive = 1; continue;
            case 'q': options->quiet = 1; continue;
            case 'u': options->unbuffered = 1; continue;
            case 'V': return printf("aioli %s\n", aioli_version()), -1;
            case 'h': return fputs(usage_text, stdout), -1;
            case 'W':
            case 'X': {
                // The rest of the word, or the next one.
                const char *argument = letter[1] ? letter + 1 : at + 1 < argc ? argv[++at] : NULL, **all = options->warnings;
                size_t *count = &options->warning_count;
                if (!argument) return *status = misused("Argument expected for the -", *letter == 'W' ? "W option" : "X option"), -1;
                if (*letter == 'X') {
                    all = options->settings, count = &options->setting_count;
                    options->development |= strcmp(argument, "dev") == 0;
                }
                if (*count == MOST_REPEATED) return *status = misused("Too many options -", *letter == 'W' ? "W" : "X"), -1;
                all[(*count)++] = argument;
                letter = "."; // the word is done
                continue;
            }
            case 'c':
            case 'm': {
                // What follows in the same word, or else the next one, is the argument; all behind it belongs to the program.
                const char *argument = letter[1] ? letter + 1 : at + 1 < argc ? argv[++at] : NULL;
                if (!argument) return *status = misused("Argument expected for the -", *letter == 'c' ? "c option" : "m option"), -1;
                *(*letter == 'c' ? &options->code : &options->module) = argument;
                return at + 1;
            }
            default: return *status = unknown(option), -1;
            }
        }
    }
    return at;
}

// ---- What tasks do, in files

typedef struct {
    FILE *trace, *timeline; // each may be NULL
} Records;

static void write_event(void *user, const char *text, size_t length) {
    const Records *records = user;
    if (records->trace) {
        fputs(",\n", records->trace);
        fwrite(text, 1, length, records->trace);
    }
    if (records->timeline) timeline_event(records->timeline, text, length);
}

// Makes the files that are asked for. Whether they can be written.
static int begin_records(const Options *options, const char *program, Records *records) {
    const char *const names[] = {options->trace, options->timeline};
    FILE **const files[] = {&records->trace, &records->timeline};
    for (int i = 0; i < 2; i++) {
        if (!names[i] || (*files[i] = fopen(names[i], "w"))) continue;
        fprintf(stderr, "aioli: can't write '%s': %s\n", names[i], strerror(errno));
        return 0;
    }
    if (records->trace) fputs("[\n{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"aioli\"}}", records->trace);
    if (records->timeline) timeline_begin(records->timeline, program, options->virtual_time);
    return 1;
}

static void end_record(FILE *file, const char *name) {
    if (!file) return;
    int failed = ferror(file);
    if (fclose(file) != 0 || failed) fprintf(stderr, "aioli: can't write '%s': %s\n", name, strerror(errno));
}

static void end_records(const Options *options, const Records *records) {
    if (records->trace) fputs("\n]\n", records->trace);
    if (records->timeline) timeline_end(records->timeline);
    end_record(records->trace, options->trace);
    end_record(records->timeline, options->timeline);
}

// ---- The program

// What is to be run, as the words of the command line say.
typedef struct {
    const Options *options;
    const char *executable;
    int argc;
    char **argv;
} Program;

static int run_program(void *data, const aioli_config *config) {
    const Program *program = data;
    const Options *options = program->options;
    int argc = program->argc, status;
    char **argv = program->argv;
    aioli *vm = aioli_new(config);
    if (!vm) return fputs("aioli: out of memory\n", stderr), 1;
    add_paths(vm);
    if (options->warning_count || options->setting_count) set_options(vm, options);
    if (options->unbuffered) write_through(vm);
    int is_program = options->code || options->module || !argc;
    if (!is_program && strcmp(argv[0], "check") == 0) {
        status = check(vm, argc - 1, argv + 1);
    } else if (!is_program && strcmp(argv[0], "dis") == 0) {
        status = argc == 2 ? finish(vm, aioli_check(vm, argv[1], 1)) : misused("One file expected for the dis command", "");
    } else if (!is_program && (strcmp(argv[0], "ps") == 0 || strcmp(argv[0], "pstree") == 0)) {
        status = show_tasks(vm, argc, argv);
    } else {
        status = run(vm, options, program->executable, argc, argv);
    }
    aioli_free(vm);
    return status;
}

int main(int argc, char **argv) {
    char executable[4096];
    Options options = {0};
    int status, at = read_options(argc, argv, &options, &status);
    if (at < 0) return status;
#ifdef __GLIBC__
    // The C library asks the system for 132 KB at a time; a script's tables grow faster than that.
    mallopt(M_TOP_PAD, 512 * 1024);
    mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
    mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
#endif
    signal(SIGPIPE, SIG_IGN); // a closed pipe is an error of the write
    int is_real;
    options.tests = is_test(&options, argc - at, argv + at, &is_real);
    aioli_config config = {.virtual_time = options.tests ? !is_real : options.virtual_time,
                           .colours = use_colours(options.tests ? 1 : 2), .grants = AIOLI_GRANT_ALL, .development = options.development};
    config.shuffle = options.shuffle;
    config.describe = described;
    const char *report = getenv("AIOLI_REPORT");
    if (report && *report && strcmp(report, "json") != 0) return misused("AIOLI_REPORT must be json, not ", report);
    config.json_reports = report && *report && !options.tests;
    Records records = {0};
    if (!options.minimizes && (options.trace || options.timeline)) {
        const char *name = options.code ? "-c" : options.module ? options.module : at < argc ? argv[at] : "-";
        if (!begin_records(&options, name, &records)) return 2;
        config.trace = write_event;
        config.user = &records;
    }
    own_path(argv[0], executable, sizeof executable);
    Program program = {&options, executable, argc - at, argv + at};
    if (options.minimizes) {
        int has_one = options.shuffles && (options.code || options.module || (argc - at && strcmp(argv[at], "-") != 0));
        return has_one ? minimize(run_program, &program, &config) : misused("--minimize needs --shuffle and a program", "");
    }
    status = run_program(&program, &config);
    end_records(&options, &records);
    if (status && options.shuffles) fprintf(stderr, "aioli: the order was that of --shuffle=%llu\n", (unsigned long long)options.shuffle);
    return status;
}

// Runs programs as a host whose memory runs out at random: failing_memory [OPTION…] PROGRAM…
//     --runs N      how many runs in all (300); they go round the programs
//     --seed N      of the first run (1); each run takes the next
//     --jobs N      how many runs at a time (1)
//     --seconds N   how long a run may take (20)
//     --limit MB    the largest limit that a VM gets in the mode cap (32)
//     --only MODE   one, several, some, full or cap
//     --tell        says of every run what it did
//     --doubtful    reports also runs that end otherwise than well or with MemoryError
// Modes: one allocation fails; several in a row do; each does with some probability; those do that would make it too much in
// all; or the VM has a limit, and a script that fills memory runs before the program.
// Every run is a process of its own, so that the others go on when it crashes. In it a VM runs the program; then memory is
// there again, and the VM must run `print(1)`; then it is freed, and nothing of it may be left. What a run does follows from
// its seed: `failing_memory --seed N --runs 1 PROGRAM` is that run again.
// The last line is `N runs, N failed`; the exit status is 0 when none did.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aioli.h"
#include "strict_memory.h"

typedef enum { MODE_ONE, MODE_SEVERAL, MODE_SOME, MODE_FULL, MODE_CAP, MODE_COUNT } Mode;
static const char *const mode_names[MODE_COUNT] = {"one", "several", "some", "full", "cap"};

typedef struct {
    long runs, jobs, seconds, limit;
    uint64_t seed;
    int only; // a Mode, or -1
    bool tell, doubtful;
} Options;

typedef struct {
    const char *path;
    const char *folder; // which it runs in,
    const char *name;   // and its name there
    char *arguments;    // of its directive; or NULL
    char *input;        // the name of the file that it reads as its standard input; or NULL
    long allocations;   // of a run in which none fails; 0: not counted yet
    long peak;          // the most bytes that it has at a time
    long left;          // bytes that the VM has when it is over: modules, above all
    int status;         // how it ends
} Program;

// ---- Repeatability

// The key of a VM's hashes comes from here: the order in sets and dicts is part of what a seed repeats.
static uint64_t key_state;
ssize_t getrandom(void *bytes, size_t size, unsigned flags) {
    (void)flags;
    for (size_t i = 0; i < size; i++) ((unsigned char *)bytes)[i] = (unsigned char)next_random(&key_state);
    return (ssize_t)size;
}

// The stack is scanned for what looks like an address, so addresses must not change from run to run either.
static void fix_addresses(char **arguments) {
    int now = personality(0xFFFFFFFF);
    if (now < 0 || now & ADDR_NO_RANDOMIZE || getenv("FAILING_MEMORY_AGAIN")) return;
    if (personality((unsigned long)now | ADDR_NO_RANDOMIZE) < 0) return;
    setenv("FAILING_MEMORY_AGAIN", "1", 1);
    execv("/proc/self/exe", arguments);
}

// ---- Programs

static char *directive(const char *line, const char *name) {
    size_t length = strlen(name);
    if (strncmp(line, name, length)) return NULL;
    char *value = strdup(line + length);
    value[strcspn(value, "\n")] = 0;
    return value;
}

static Program program_of(const char *path) {
    Program program = {.path = path};
    char *full = realpath(path, NULL);
    if (!full) {
        fprintf(stderr, "failing_memory: %s: %s\n", path, strerror(errno));
        exit(2);
    }
    char *slash = strrchr(full, '/');
    *slash = 0;
    program.folder = full;
    program.name = slash + 1;
    FILE *file = fopen(path, "r");
    char line[1000];
    while (file && fgets(line, sizeof line, file) && line[0] == '#') {
        char *value;
        if ((value = directive(line, "# args: "))) program.arguments = value;
        if ((value = directive(line, "# stdin: "))) program.input = value;
    }
    if (file) fclose(file);
    return program;
}

// ---- A run

typedef struct {
    StrictMemory memory;
    size_t cap;
    const char *hog; // the script that fills memory first; or NULL
    int input;
    char last[4]; // what was written last
} Run;

static int take(void *user, int stream, const char *bytes, size_t length) {
    Run *run = user;
    if (stream == 1 && length) {
        size_t kept = length < sizeof run->last ? length : sizeof run->last;
        memmove(run->last, run->last + kept, sizeof run->last - kept);
        memcpy(run->last + sizeof run->last - kept, bytes + length - kept, kept);
    }
    return 0;
}

static long give(void *user, int stream, char *bytes, size_t size) {
    Run *run = user;
    (void)stream;
    return run->input < 0 ? 0 : (long)read(run->input, bytes, size);
}

static int is_terminal(void *user, int stream) { return (void)user, (void)stream, 0; }

static void *run_resize(void *user, void *block, size_t old_size, size_t new_size) {
    return strict_resize(&((Run *)user)->memory, block, old_size, new_size);
}

static uint64_t below(uint64_t *random, uint64_t limit) { return limit ? next_random(random) % limit : 0; }

// One of `low` … `high`, small ones as likely as large ones.
static uint64_t any_size(uint64_t *random, uint64_t low, uint64_t high) {
    uint64_t size = low;
    while (size < high && below(random, 2)) size *= 2;
    size += below(random, size);
    return size < high ? size : high;
}

// Scripts that fill memory until they are stopped.
static const char *const hogs[] = {
    "kept = []\nwhile 1: kept.append(lambda: kept)\n",
    "kept = {}\nwhile 1: kept[len(kept)] = str(len(kept))\n",
    "text = 'ab'\nwhile 1: text += text\n",
    "kept = bytearray()\nwhile 1: kept += b'x' * 999\n",
    "kept = None\nwhile 1: kept = [kept]\n",
    "kept = [0] * 10 ** 9\n",
    "class Node: pass\nkept = []\nwhile 1:\n    node = Node()\n    node.a = node.b = node\n    kept.append(node)\n",
    "kept = []\nwhile 1:\n    try: raise ValueError(len(kept))\n    except ValueError as error: kept.append(error)\n",
    "kept = []\nwhile 1: kept.append(x for x in kept)\n",
    "kept = []\nwhile 1: exec(f'def f{len(kept)}(): return 1\\nkept.append(f{len(kept)})')\n",
    "def deeper(n):\n    kept = [n] * 1000\n    return deeper(n + 1)\nimport sys\nsys.setrecursionlimit(10 ** 6)\ndeeper(0)\n",
    "import asyncio\nasync def wait(): await asyncio.sleep(1)\nasync def main():\n    kept = []\n"
    "    while 1: kept.append(asyncio.create_task(wait()))\nasyncio.run(main())\n",
    "import asyncio\nasync def main():\n    queue = asyncio.Queue()\n    while 1: await queue.put([0] * 9)\nasyncio.run(main())\n",
    "kept = []\nwhile 1: kept.append(type(f'C{len(kept)}', (), {}))\n",
    "kept = set()\nwhile 1: kept.add((len(kept), 'x'))\n",
    "kept = []\nwhile 1:\n    try:\n        while 1: kept.append([1, 2, 3])\n    except MemoryError: kept[:] = []\n"
    "    if len(kept) == 0: kept = 'x' * 10 ** 10\n",
};

static Mode plan(Run *run, const Program *program, const Options *options, uint64_t seed) {
    uint64_t random = seed * 0xD1342543DE82EF95u + 1;
    Mode mode = options->only >= 0 ? (Mode)options->only : (Mode)below(&random, MODE_COUNT);
    StrictMemory *memory = &run->memory;
    memory->from = (long)below(&random, (uint64_t)program->allocations);
    memory->random = next_random(&random);
    if (mode == MODE_ONE) memory->refusal = REFUSE_ONE;
    if (mode == MODE_SEVERAL) {
        memory->refusal = REFUSE_SEVERAL;
        memory->count = (long)any_size(&random, 2, 1000);
    }
    if (mode == MODE_SOME) {
        static const long steps[] = {300, 3000, 30000, 200000};
        memory->refusal = REFUSE_SOME;
        memory->per_million = steps[below(&random, 4)];
    }
    if (mode == MODE_FULL) {
        memory->refusal = REFUSE_PAST;
        memory->limit = any_size(&random, 1 << 20, (size_t)program->peak + 100000);
    }
    if (mode == MODE_CAP) {
        // The modules that a program has imported stay: beside them there must be room for another one.
        run->cap = (size_t)program->left + any_size(&random, 2u << 20, (uint64_t)options->limit << 20);
        run->hog = hogs[below(&random, sizeof hogs / sizeof *hogs)];
    }
    return mode;
}

static void complain(const Program *program, uint64_t seed, const char *what, const char *text) {
    char message[4000];
    int length = snprintf(message, sizeof message, "%s, seed %llu: %s%s\n", program->path, (unsigned long long)seed, what, text);
    if (length > 0 && write(2, message, (size_t)length < sizeof message ? (size_t)length : sizeof message - 1) < 0) _exit(3);
}

static aioli_status run_program(aioli *vm, const Program *program) {
    const char *arguments[32] = {program->name};
    int count = 1;
    char copy[1000];
    snprintf(copy, sizeof copy, "%s", program->arguments ? program->arguments : "");
    for (char *word = strtok(copy, " "); word && count < 32; word = strtok(NULL, " ")) arguments[count++] = word;
    if (aioli_set_arguments(vm, "aioli", count, arguments) < 0) return AIOLI_NO_MEMORY;
    return aioli_run_file(vm, program->name);
}

static bool fill(aioli *vm, const Program *program, const char *hog, uint64_t seed) {
    aioli_status status = aioli_run_source(vm, "<hog>", hog, strlen(hog));
    if (status == AIOLI_NO_MEMORY || (status == AIOLI_ERROR && strstr(aioli_error_text(vm, NULL), "MemoryError")) ||
        strstr(aioli_error_text(vm, NULL), "RecursionError"))
        return true;
    complain(program, seed, hog, aioli_error_text(vm, NULL));
    return false;
}

static bool works_again(aioli *vm, Run *run, const Program *program, uint64_t seed) {
    static const char script[] = "print(1)\n";
    run->memory.refusal = REFUSE_NONE;
    memset(run->last, 0, sizeof run->last);
    aioli_status status = aioli_run_source(vm, "<afterwards>", script, sizeof script - 1);
    if (status == AIOLI_OK && memcmp(run->last + 2, "1\n", 2) == 0) return true;
    complain(program, seed, "afterwards print(1) does not work: ", aioli_error_text(vm, NULL));
    return false;
}

// Whether a run ended as it does with enough memory, or because of memory.
static bool ended_well(aioli *vm, const Program *program, aioli_status status) {
    return (int)status == program->status || status == AIOLI_NO_MEMORY || strstr(aioli_error_text(vm, NULL), "MemoryError");
}

// Some runs are traced, some report in JSON, and some are a developer's: what tells of others must not fail either.
static void ignore_event(void *user, const char *text, size_t length) {
    (void)user, (void)text, (void)length;
}

// The process of a run: its exit status is 0, or 1 after a complaint.
static int run_once(const Program *program, const Options *options, uint64_t seed) {
    Run run = {.input = -1};
    Mode mode = plan(&run, program, options, seed);
    if (program->input) run.input = open(program->input, O_RDONLY);
    aioli_config config = {.resize = run_resize, .write = take, .read = give, .is_terminal = is_terminal, .user = &run, .grants = AIOLI_GRANT_ALL,
                           .memory_limit = run.cap, .virtual_time = 1};
    if (seed % 4 == 0) config.trace = ignore_event;
    config.json_reports = seed % 4 == 1;
    config.development = seed % 4 == 2;
    key_state = seed;
    bool good = true;
    aioli_status status = AIOLI_NO_MEMORY;
    aioli *vm = aioli_new(&config);
    if (vm) {
        if (run.hog) good = fill(vm, program, run.hog, seed);
        status = run_program(vm, program);
        if (options->doubtful && !ended_well(vm, program, status)) {
            complain(program, seed, "doubtful end: ", aioli_error_text(vm, NULL));
            good = false;
        }
        good &= works_again(vm, &run, program, seed);
        aioli_free(vm);
    }
    char text[600];
    if (run.memory.live_bytes) {
        snprintf(text, sizeof text, "%zu bytes", run.memory.live_bytes);
        complain(program, seed, "is left after aioli_free: ", text);
        good = false;
    }
    if (options->tell) {
        snprintf(text, sizeof text, "%s from %ld count %ld per million %ld limit %zu cap %zu: refused %ld, status %d %s",
                 mode_names[mode], run.memory.from, run.memory.count, run.memory.per_million, run.memory.limit,
                 run.cap, run.memory.refused, (int)status, run.hog ? run.hog : "");
        complain(program, seed, "", text);
    }
    return !good;
}

// ---- Processes

static void begin_child(const Program *program, const Options *options) {
    alarm((unsigned)options->seconds);
    if (chdir(program->folder)) _exit(3);
}

// Runs the program with enough memory, in a process of its own, which tells how many allocations that takes.
static void count_allocations(Program *program, const Options *options) {
    int ends[2];
    long told[4] = {0, 0, 0, 0};
    if (pipe(ends)) exit(2);
    pid_t child = fork();
    if (child == 0) {
        begin_child(program, options);
        Run run = {.input = program->input ? open(program->input, O_RDONLY) : -1};
        aioli_config config = {.resize = run_resize, .write = take, .read = give, .is_terminal = is_terminal, .user = &run, .grants = AIOLI_GRANT_ALL,
                               .virtual_time = 1};
        key_state = 1;
        aioli *vm = aioli_new(&config);
        told[1] = vm ? (long)run_program(vm, program) : -1;
        told[0] = run.memory.allocations;
        told[2] = (long)run.memory.peak_bytes;
        if (vm) aioli_run_source(vm, "<afterwards>", "import gc\ngc.collect()\n", 23);
        told[3] = (long)run.memory.live_bytes;
        _exit(write(ends[1], told, sizeof told) != sizeof told);
    }
    close(ends[1]);
    if (read(ends[0], told, sizeof told) != sizeof told) fprintf(stderr, "%s: fails with enough memory\n", program->path);
    close(ends[0]);
    waitpid(child, NULL, 0);
    program->allocations = told[0] ? told[0] : 1;
    program->status = (int)told[1];
    program->peak = told[2];
    program->left = told[3];
}

typedef struct {
    pid_t process;
    const Program *program;
    uint64_t seed;
} Job;

// Waits for one of the jobs and takes it from the list. Returns whether it was good.
static bool finish_one(Job *jobs, long *count, const Options *options) {
    int status;
    pid_t process = wait(&status);
    Job job = {0};
    for (long i = 0; i < *count; i++)
        if (jobs[i].process == process) {
            job = jobs[i];
            jobs[i] = jobs[--*count];
            break;
        }
    if (!job.process) return true;
    char text[100];
    if (WIFSIGNALED(status)) {
        snprintf(text, sizeof text, WTERMSIG(status) == SIGALRM ? "took more than %ld s" : "signal %ld",
                 WTERMSIG(status) == SIGALRM ? options->seconds : (long)WTERMSIG(status));
        complain(job.program, job.seed, text, "");
        return false;
    }
    if (WEXITSTATUS(status) > 1) {
        snprintf(text, sizeof text, "exit status %d", WEXITSTATUS(status));
        complain(job.program, job.seed, text, "");
    }
    return WEXITSTATUS(status) == 0;
}

static long run_all(Program *programs, long program_count, const Options *options) {
    Job jobs[64];
    long running = 0, failed = 0;
    for (long i = 0; i < options->runs; i++) {
        Program *program = &programs[i % program_count];
        if (!program->allocations) count_allocations(program, options);
        if (running == options->jobs) failed += !finish_one(jobs, &running, options);
        uint64_t seed = options->seed + (uint64_t)i;
        pid_t child = fork();
        if (child == 0) {
            begin_child(program, options);
            _exit(run_once(program, options, seed));
        }
        if (child < 0) exit(2);
        jobs[running++] = (Job){child, program, seed};
    }
    while (running) failed += !finish_one(jobs, &running, options);
    return failed;
}

static int mode_named(const char *name) {
    for (int i = 0; i < MODE_COUNT; i++)
        if (!strcmp(mode_names[i], name)) return i;
    fprintf(stderr, "failing_memory: no mode %s\n", name);
    exit(2);
}

int main(int count, char **arguments) {
    fix_addresses(arguments);
    Options options = {.runs = 300, .jobs = 1, .seconds = 20, .limit = 32, .seed = 1, .only = -1};
    int at = 1;
    for (; at < count && !strncmp(arguments[at], "--", 2); at++) {
        const char *name = arguments[at] + 2;
        if (!strcmp(name, "tell")) {
            options.tell = true;
            continue;
        }
        if (!strcmp(name, "doubtful")) {
            options.doubtful = true;
            continue;
        }
        if (at + 1 == count) break;
        const char *value = arguments[++at];
        if (!strcmp(name, "runs")) options.runs = atol(value);
        if (!strcmp(name, "seed")) options.seed = strtoull(value, NULL, 10);
        if (!strcmp(name, "jobs")) options.jobs = atol(value);
        if (!strcmp(name, "seconds")) options.seconds = atol(value);
        if (!strcmp(name, "limit")) options.limit = atol(value);
        if (!strcmp(name, "only")) options.only = mode_named(value);
    }
    long program_count = count - at;
    if (program_count <= 0 || options.jobs < 1 || options.jobs > 64) {
        fprintf(stderr, "failing_memory [OPTION…] PROGRAM…: see the source's first lines\n");
        return 2;
    }
    Program *programs = malloc((size_t)program_count * sizeof *programs);
    for (long i = 0; i < program_count; i++) programs[i] = program_of(arguments[at + i]);
    long failed = run_all(programs, program_count, &options);
    printf("%ld runs, %ld failed\n", options.runs, failed);
    for (long i = 0; i < program_count; i++) {
        free((char *)programs[i].folder);
        free(programs[i].arguments);
        free(programs[i].input);
    }
    free(programs);
    return failed > 0;
}

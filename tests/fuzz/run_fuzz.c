// Fuzz target for running: whatever a program does, the VM neither crashes, leaks nor stops listening to interrupts.
//
//   run_fuzz SECONDS SEED [FILE…]    runs programs for so long; ends with "N programs, N findings"
//   run_fuzz --show SEED [FILE…]     prints the program of a seed (of a finding)
//   run_fuzz --run SEED [FILE…]      runs that program alone
//   run_fuzz --file FILE             runs a file as if it were such a program
//
// Programs come from a grammar, or are the given FILES and generated ones mutated: the FILES belong to what a seed says.
// They run in a process of their own (the worker), each in its own VM, which has little memory, virtual time, no `open`,
// and gets interrupts when its time is over. The parent sees the worker die and goes on behind the program that killed it.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "aioli.h"
#include "generate.h"
#include "mutate.h"
#include "object/core/vm.h"
#include "syntax/parse.h"

#ifdef AIOLI_GC_STRESS
enum { QUICK = 1, MEMORY_LIMIT = 12 * 1024 * 1024 };
#else
enum { QUICK = 0, MEMORY_LIMIT = 32 * 1024 * 1024 };
#endif
enum {
    FIRST_INTERRUPT = QUICK ? 1000 : 400, // milliseconds of processor time after which a program is interrupted,
    NEXT_INTERRUPT = 50,      // and then again and again, since it may catch the exception
    DEAF = 10 * 1000,         // milliseconds during which an interrupt was not taken: a finding
    STUBBORN = 4 * 1000,      // a program that takes all of them and goes on for so long is given up
    STUCK = 180,              // seconds of real time after which the parent gives up waiting for one program
    PROGRAMS_PER_WORKER = 300 // then memory that the libraries have lost is looked for
};
enum { EXIT_DONE = 0, EXIT_STUBBORN = 70, EXIT_LEAK = 71 };

// What the parent and the worker share.
typedef struct {
    uint64_t seed; // of the program that runs, or runs next
    unsigned long programs;
} Progress;

typedef struct {
    Grammar *grammar;
    Buffer *files;
    size_t file_count;
} Corpus;

static Allocator allocator;

// ---- Sanitizers: what they offer is there when they are

extern size_t __sanitizer_get_allocated_size(const volatile void *block) __attribute__((weak));
extern void __sanitizer_print_stack_trace(void) __attribute__((weak));
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

// The seeds of hashes would differ from run to run.
ssize_t getrandom(void *bytes, size_t size, unsigned flags) {
    memset(bytes, 7, size);
    return (ssize_t)size;
}

// ---- Making programs

static bool is_syntax(const Buffer *text) {
    Arena arena;
    jmp_buf failure;
    arena_init(&arena, &allocator, &failure);
    bool good = !setjmp(failure) && parse_source(&arena, text->data ? text->data : "", text->length, PARSE_FILE).module;
    arena_free(&arena);
    return good;
}

// Changes a text until a change leaves a program: a syntax error would end it before it does anything.
static void mutate(Buffer *text, const Buffer *other, Random *random) {
    for (int attempt = 0; attempt < 8; attempt++) {
        Buffer changed;
        buffer_init(&changed, &allocator);
        buffer_append(&changed, text->data ? text->data : "", text->length);
        mutate_program(&changed, other, random);
        bool good = is_syntax(&changed);
        Buffer dropped = good ? *text : changed;
        if (good) *text = changed;
        buffer_free(&dropped);
        if (good) return;
    }
}

static void make_program(const Corpus *corpus, uint64_t seed, Buffer *text) {
    Random random = random_from(seed);
    const Buffer *file = corpus->file_count ? &corpus->files[random_below(&random, (uint32_t)corpus->file_count)] : NULL;
    Buffer body;
    buffer_init(&body, &allocator);
    if (file && random_below(&random, 4) == 0) {
        const Buffer *other = &corpus->files[random_below(&random, (uint32_t)corpus->file_count)];
        buffer_append(&body, file->data ? file->data : "", file->length);
        mutate(&body, other, &random);
    } else {
        generate_helpers(corpus->grammar, &random, QUICK, text);
        generate_program(corpus->grammar, &random, &body);
        if (random_below(&random, 3) == 0) mutate(&body, file ? file : &body, &random);
    }
    buffer_append(text, body.data ? body.data : "", body.length);
    buffer_free(&body);
}

static bool read_file(const char *path, Buffer *text) {
    FILE *file = fopen(path, "rb");
    if (!file) return perror(path), false;
    char part[4096];
    for (size_t n; (n = fread(part, 1, sizeof part, file)) > 0;) buffer_append(text, part, n);
    fclose(file);
    return true;
}

// ---- Running one

static aioli *running;       // the VM that the timer interrupts
static volatile int deaf_for, runs_for; // milliseconds

static void on_timer(int signal) {
    if (!running) return;
    runs_for += runs_for ? NEXT_INTERRUPT : FIRST_INTERRUPT;
    deaf_for = vm_interrupted((VM *)running) ? deaf_for + NEXT_INTERRUPT : 0;
    aioli_interrupt(running);
    if (deaf_for >= DEAF) {
        static const char message[] = "FINDING: not interruptible\n";
        if (write(2, message, sizeof message - 1) < 0) _exit(1);
        if (__sanitizer_print_stack_trace) __sanitizer_print_stack_trace();
        _exit(1);
    }
    if (runs_for >= STUBBORN && deaf_for < 1000) _exit(EXIT_STUBBORN);
}

static void set_timer(int first, int next) {
    struct itimerval timer = {{next / 1000, next % 1000 * 1000}, {first / 1000, first % 1000 * 1000}};
    setitimer(ITIMER_PROF, &timer, NULL);
}

static size_t bytes_held;

static void *resize(void *user, void *block, size_t old_size, size_t new_size) {
    if (block && __sanitizer_get_allocated_size && __sanitizer_get_allocated_size(block) != old_size) {
        fprintf(stderr, "FINDING: a block of %zu bytes is given back as one of %zu\n", __sanitizer_get_allocated_size(block), old_size);
        abort();
    }
    void *result = NULL;
    if (new_size && !(result = realloc(block, new_size))) return NULL;
    if (!new_size) free(block);
    bytes_held += new_size - (block ? old_size : 0);
    return result;
}

static int take_output(void *user, int stream, const char *bytes, size_t length) {
    *(unsigned *)user += length ? (unsigned char)bytes[0] + (unsigned char)bytes[length - 1] : 0; // a sanitizer sees it read
    return 0;
}
static long give_input(void *user, int stream, char *bytes, size_t size) { return 0; }
static int is_no_terminal(void *user, int stream) { return 0; }

// Some programs get so little memory that it runs out somewhere.
static size_t memory_limit(uint64_t seed) {
    Random random = random_from(~seed);
    if (random_below(&random, 6)) return MEMORY_LIMIT;
    return 2 * 1024 * 1024 + random_below(&random, 2 * 1024 * 1024);
}

static aioli_status run_program(const char *text, size_t length, size_t limit) {
    static const char prelude[] = "import builtins\nbuiltins.open = None\n";
    unsigned sum = 0;
    aioli_config config = {.resize = resize, .write = take_output, .read = give_input, .is_terminal = is_no_terminal, .user = &sum, .grants = AIOLI_GRANT_CLOCK,
                           .memory_limit = limit, .virtual_time = 1};
    bytes_held = 0;
    aioli *vm = aioli_new(&config);
    if (!vm || aioli_run_source(vm, "prelude", prelude, sizeof prelude - 1) != AIOLI_OK) abort();
    char *exact = malloc(length + 1); // so that a sanitizer sees every byte read past the end
    if (!exact) abort();
    memcpy(exact, text, length);
    deaf_for = runs_for = 0;
    running = vm;
    set_timer(FIRST_INTERRUPT, NEXT_INTERRUPT);
    aioli_status status = aioli_run_source(vm, "program", exact, length);
    running = NULL;
    set_timer(0, 0);
    free(exact);
    size_t said;
    const char *error = aioli_error_text(vm, &said);
    if (strlen(error) > said) abort();
    if (getenv("RUN_FUZZ_ERRORS")) fprintf(stderr, "%s", error);
    aioli_free(vm);
    if (bytes_held) {
        fprintf(stderr, "FINDING: %zu bytes were not given back\n", bytes_held);
        abort();
    }
    return status;
}

// An error in the helpers would end every program before it has begun.
static bool helpers_run(const Corpus *corpus) {
    Random random = random_from(0);
    Buffer text;
    buffer_init(&text, &allocator);
    generate_helpers(corpus->grammar, &random, QUICK, &text);
    bool good = run_program(text.data, text.length, MEMORY_LIMIT) == AIOLI_OK;
    buffer_free(&text);
    if (!good) fprintf(stderr, "the helpers in %s end with an error\n", FUZZ_GRAMMAR);
    return good;
}

// ---- The worker and its parent

static void work(const Corpus *corpus, Progress *progress, time_t end) {
    signal(SIGPROF, on_timer);
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, 0);
    dup2(nothing, 1);
    char folder[] = "/tmp/run_fuzz_XXXXXX"; // imports look in the current folder
    if (!mkdtemp(folder) || chdir(folder) != 0) abort();
    for (int n = 0; n < PROGRAMS_PER_WORKER && time(NULL) < end; n++) {
        Buffer text;
        buffer_init(&text, &allocator);
        make_program(corpus, progress->seed, &text);
        run_program(text.data ? text.data : "", text.length, memory_limit(progress->seed));
        buffer_free(&text);
        progress->programs++;
        progress->seed++;
    }
    rmdir(folder);
    if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check()) _exit(EXIT_LEAK);
    _exit(EXIT_DONE);
}

// Waits for the worker; kills it when it no longer gets on. Its status as waitpid says it.
static int wait_for(pid_t worker, const Progress *progress) {
    uint64_t seed = progress->seed;
    for (int waited = 0; waited < STUCK * 20; waited++) {
        int status;
        if (waitpid(worker, &status, WNOHANG) == worker) return status;
        usleep(50000);
        if (progress->seed != seed) waited = 0;
        seed = progress->seed;
    }
    fprintf(stderr, "FINDING: no end after %d s\n", (int)STUCK);
    kill(worker, SIGABRT);
    int status = 0;
    waitpid(worker, &status, 0);
    return status;
}

static void show(const Corpus *corpus, uint64_t seed, FILE *to) {
    Buffer text;
    buffer_init(&text, &allocator);
    make_program(corpus, seed, &text);
    fwrite(text.data ? text.data : "", 1, text.length, to);
    buffer_free(&text);
}

static int fuzz(const Corpus *corpus, double seconds, uint64_t seed) {
    Progress *progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED) return perror("mmap"), 2;
    progress->seed = seed * 1000000;
    time_t end = time(NULL) + (time_t)seconds;
    unsigned long findings = 0, stubborn = 0;
    while (time(NULL) < end) {
        fflush(stdout);
        uint64_t first = progress->seed;
        pid_t worker = fork();
        if (worker < 0) return perror("fork"), 2;
        if (worker == 0) work(corpus, progress, end);
        int status = wait_for(worker, progress);
        if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_DONE) continue;
        if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_STUBBORN) {
            stubborn++;
            if (getenv("RUN_FUZZ_ERRORS")) printf("given up: program %lu\n", (unsigned long)progress->seed);
        } else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_LEAK) {
            findings++;
            printf("FINDING: a leak by one of the programs %lu to %lu\n", (unsigned long)first, (unsigned long)progress->seed);
            continue;
        } else {
            findings++;
            printf("FINDING: program %lu (status %x)\n", (unsigned long)progress->seed, (unsigned)status);
            if (getenv("RUN_FUZZ_QUIET") == NULL) show(corpus, progress->seed, stdout);
        }
        progress->seed++;
    }
    printf("%lu programs, %lu given up, %lu findings\n", progress->programs, stubborn, findings);
    return findings != 0;
}

static int run_alone(const Corpus *corpus, uint64_t seed, const char *path) {
    Buffer text;
    buffer_init(&text, &allocator);
    if (path && !read_file(path, &text)) return 2;
    if (!path) make_program(corpus, seed, &text);
    signal(SIGPROF, on_timer);
    run_program(text.data ? text.data : "", text.length, path ? MEMORY_LIMIT : memory_limit(seed));
    buffer_free(&text);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: run_fuzz SECONDS SEED [FILE...]   run_fuzz --show|--run SEED [FILE...]   run_fuzz --file FILE\n");
        return 2;
    }
    // Addresses are the hashes of objects: the same program gets the same ones.
    if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE) && personality(ADDR_NO_RANDOMIZE) >= 0) execv("/proc/self/exe", argv);
    allocator = allocator_system();
    if (!strcmp(argv[1], "--file")) return run_alone(NULL, 0, argv[2]);
    Corpus corpus = {grammar_read(FUZZ_GRAMMAR), calloc((size_t)argc, sizeof(Buffer)), 0};
    if (!corpus.grammar || !corpus.files) return 2;
    for (int i = 3; i < argc; i++) {
        Buffer *file = &corpus.files[corpus.file_count++];
        buffer_init(file, &allocator);
        if (!read_file(argv[i], file)) return 2;
    }
    uint64_t seed = strtoull(argv[2], NULL, 10);
    int status = 0;
    if (!strcmp(argv[1], "--show"))
        show(&corpus, seed, stdout);
    else if (!strcmp(argv[1], "--run"))
        status = run_alone(&corpus, seed, NULL);
    else if (!helpers_run(&corpus))
        status = 2;
    else
        status = fuzz(&corpus, atof(argv[1]), seed);
    for (size_t i = 0; i < corpus.file_count; i++) buffer_free(&corpus.files[i]);
    free(corpus.files);
    grammar_free(corpus.grammar);
    return status;
}

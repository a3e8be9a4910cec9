// An interrupt is always taken: programs that would run for minutes or for ever are interrupted from another thread at random
// moments. Each must end by KeyboardInterrupt, and may not compute for long before. INTERRUPTS: how many (default 60). A report is
// written as surely, and the program goes on.
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "aioli.h"

enum { MOST_PROGRAM = 400 }; // bytes

static const char *const programs[] = {
    "while True: pass",
    "for i in iter(int, 1): pass",
    "i = 0\nwhile True:\n    i += 1\n    i -= 1",
    "def f(n): return f(n - 1) + 1 if n else 0\nwhile True: f(500)",
    "def g():\n    while True: yield 1\nfor x in g(): pass",
    "while True:\n    try: 1 / 0\n    except ZeroDivisionError: pass",
    "while True: exec('x = [i for i in range(10)]')",
    "import time\ntime.sleep(1000)",
    "import time\nwhile True: time.sleep(0.001)",
    "sum(range(10**12))",
    "min(range(10**12))",
    "max(map(abs, range(10**12)))",
    "any(filter(None, map(int, iter(float, 1))))",
    "all(x == x for x in iter(int, 1))",
    "5 in iter(int, 1)",
    "10**13 in map(abs, range(10**12))",
    "3 ** 100_000_000",
    "3 ** 30_000_000",
    "x = 7 ** 3_000_000\nwhile True: x * x",
    "x = 7 ** 3_000_000\ny = x * x + 1\nwhile True: y // x",
    "import sys\nsys.set_int_max_str_digits(0)\nx = 7 ** 3_000_000\nwhile True: str(x)",
    "import sys\nsys.set_int_max_str_digits(0)\nx = '7' * 3_000_000\nwhile True: int(x)",
    "pow(3, 2 ** 3_000_000 - 1, 2 ** 300_000 - 1)",
    "pow(3, -1, 2 ** 3_000_000 - 3)",
    "import math\nmath.gcd(3 ** 2_000_000, 5 ** 1_300_000)",
    "import math\nmath.factorial(3_000_000)",
    "import math\nmath.isqrt(7 ** 10_000_000)",
    "import math\nmath.comb(10 ** 9, 3_000_000)",
    "import math\nmath.perm(10 ** 9, 3_000_000)",
    "import math\ndef endless():\n    while True: yield 1\nmath.sumprod(endless(), endless())",
    "import math\nmath.fsum(iter(float, 1))",
    "import math\nmath.prod(iter(int, 1))",
    "x = list(range(2 * 10**6, 0, -1))\nwhile True:\n    y = sorted(x, key=str)",
    "x = [str(i % 1000) for i in range(10**6)]\nwhile True: x.sort(); x.reverse()",
    "x = 'ab' * 10**7\nwhile True: x.replace('a', 'bc')",
    "x = 'a' * 10**7\nwhile True: x.count('aab'); x.find('ab'); x.split('a')",
    "x = 'a' * 200_000\nwhile True: x.find('a' * 100_000 + 'b')",
    "x = [0] * 10**6\nwhile True: repr(x)",
    "x = list(range(10**6))\nwhile True: x == list(x); x.index(-1) if -1 in x else x.count(5)",
    "x = set(range(10**6))\nwhile True: x & x; x | {-1}; x ^ {5}; x <= x",
    "x = dict.fromkeys(range(10**6))\nwhile True: dict(x); x == dict(x); {**x}",
    "x = ['a'] * 10**6\nwhile True: ','.join(x)",
    "x = bytes(10**7)\nwhile True: x.translate(None, b'a'); x.hex(); x.decode('latin-1')",
    "x = 'ä' * 10**6\nwhile True: x.upper(); x.encode('utf-8'); x[::-1]; x.title()",
    "while True: ' '.join(map(str, range(10**5)))",
    "max(zip(range(10**12), range(10**12)))",
    "max(enumerate(iter(int, 1)))",
    "next(x for x in map(lambda y: y, iter(int, 1)) if x)",
    "import asyncio\nasyncio.run(asyncio.sleep(1000))",
    "import asyncio\nasync def main():\n    while True: await asyncio.sleep(0)\nasyncio.run(main())",
    "import asyncio\nasync def main():\n    await asyncio.gather(*[asyncio.sleep(1000 + i) for i in range(1000)])\nasyncio.run(main())",
    ("import asyncio\nasync def f():\n    while True: await asyncio.sleep(0.0001)\nasync def main():\n    async with asyncio.TaskGroup() as g:\n"
     "        for i in range(10): g.create_task(f())\nasyncio.run(main())"),
    "class A:\n    def __eq__(self, o): return self == o\n    __hash__ = None\nwhile True:\n    try: A() == A()\n    except RecursionError: pass",
    // Asked for what it is called, to say what is wrong with a call: whatever happens there matters to nobody, but an interrupt does.
    ("class A:\n    def __getattr__(self, name):\n        for i in range(10**6): pass\n    def __call__(self, *all): pass\na = A()\n"
     "while True:\n    try: a(*1)\n    except TypeError: pass"),
    "input()",
};
enum { PROGRAMS = sizeof programs / sizeof *programs };

typedef struct {
    aioli *vm;
    const char *program;
    aioli_status status;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started, ended;
    int reports; // written so far
    double computed; // seconds of the thread's processor time at the end
} Run;

// Counts the reports, and learns from the first output that the program runs; all else is discarded.
static int count_reports(void *user, int stream, const char *bytes, size_t length) {
    static const char begin[] = "What runs and waits";
    Run *r = user;
    if (stream == 1) {
        pthread_mutex_lock(&r->lock);
        r->started = true;
        pthread_cond_signal(&r->changed);
        pthread_mutex_unlock(&r->lock);
    }
    if (stream != 2 || length < sizeof begin || memcmp(bytes, begin, sizeof begin - 1) != 0) return 0;
    pthread_mutex_lock(&r->lock);
    r->reports++;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
    return 0;
}

static double seconds_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// A description counts as a report does.
static void count_descriptions(void *data, const char *text, size_t length) {
    static const char start[] = "{\"report\":\"tasks\",\"stack\":[";
    Run *r = data;
    if (length < sizeof start || memcmp(text, start, sizeof start - 1) != 0 || memcmp(text + length - 2, "}\n", 2) != 0) abort();
    pthread_mutex_lock(&r->lock);
    r->reports++;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void *run(void *data) {
    static const char start[] = "print('begun', flush=True)\n";
    Run *r = data;
    char program[sizeof start + MOST_PROGRAM];
    int length = snprintf(program, sizeof program, "%s%s", start, r->program);
    if (length <= 0 || (size_t)length >= sizeof program) abort();
    // What comes before a run has begun is forgotten: the program says when it runs.
    r->status = aioli_run_source(r->vm, "<test>", program, (size_t)length);
    r->computed = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    pthread_mutex_lock(&r->lock);
    r->ended = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

// Waits for the end of a run, or until it has written so many reports, for a minute at most. Whether it has.
static bool await_run(Run *r, int reports) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    pthread_mutex_lock(&r->lock);
    while (!r->ended && r->reports < reports && pthread_cond_timedwait(&r->changed, &r->lock, &until) == 0) {}
    bool has = r->ended || r->reports >= reports;
    pthread_mutex_unlock(&r->lock);
    return has;
}

// Interrupts a program after so many microseconds, and so many reports before. Returns the seconds of computing from then to its end.
static double interrupt_after(const char *program, long microseconds, int reports) {
    Run r = {.program = program, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    aioli_config config = {.write = count_reports, .describe = count_descriptions, .user = &r, .grants = AIOLI_GRANT_ALL};
    r.vm = aioli_new(&config);
    assert_non_null(r.vm);
    pthread_t thread;
    clockid_t clock;
    assert_int_equal(pthread_create(&thread, NULL, run, &r), 0);
    pthread_mutex_lock(&r.lock);
    while (!r.started) pthread_cond_wait(&r.changed, &r.lock);
    pthread_mutex_unlock(&r.lock);
    nanosleep(&(struct timespec){.tv_nsec = microseconds * 1000}, NULL);
    for (int i = 0; i < reports; i++) {
        if (i % 2)
            aioli_report(r.vm);
        else
            aioli_describe(r.vm);
        if (!await_run(&r, i + 1)) fail_msg("no report after %ld microseconds: %s", microseconds, program);
        if (r.ended) fail_msg("ended by a report after %ld microseconds: %s\n%s", microseconds, program, aioli_error_text(r.vm, NULL));
    }
    if (reports) aioli_report(r.vm); // both at once: this one may be written or not
    assert_int_equal(pthread_getcpuclockid(thread, &clock), 0);
    double before = seconds_of(clock);
    aioli_interrupt(r.vm);
    if (!await_run(&r, INT_MAX)) fail_msg("not interrupted after %ld microseconds: %s", microseconds, program);
    double taken = r.computed - before;
    pthread_join(thread, NULL);
    if (r.status != AIOLI_INTERRUPTED) fail_msg("status %d after %ld microseconds: %s\n%s", (int)r.status, microseconds, program, aioli_error_text(r.vm, NULL));
    aioli_free(r.vm);
    return taken;
}

static void always_taken(void **state) {
    (void)state;
    const char *wanted = getenv("INTERRUPTS");
    long count = wanted ? atol(wanted) : 60;
    uint64_t random = 88172645463325252u;
    double slowest = 0;
    const char *slowest_program = "";
    for (long i = 0; i < count; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        const char *program = programs[i % PROGRAMS];
        double taken = interrupt_after(program, (long)(random % 60000), 0);
        if (wanted) printf("%7.1f ms  %.100s\n", taken * 1e3, program);
        if (taken > slowest) slowest = taken, slowest_program = program;
    }
    printf("%ld interrupts, all taken; the slowest after %.1f ms of computing: %.60s\n", count, slowest * 1e3, slowest_program);
}

static void always_reported(void **state) {
    (void)state;
    uint64_t random = 88172645463325252u;
    for (long i = 0; i < PROGRAMS; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        interrupt_after(programs[i], (long)(random % 20000), 1 + (int)(random >> 32) % 3);
    }
}

int main(void) {
    // A standard input that never says anything.
    int ends[2];
    if (pipe(ends) != 0 || dup2(ends[0], 0) != 0) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(always_taken), cmocka_unit_test(always_reported)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

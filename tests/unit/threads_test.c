// VMs on threads: two run scripts on two threads while a third one completes the promises of both, interrupts and wakes them at random
// moments; a VM goes from thread to thread; many are made and freed at the same time. Best under ThreadSanitizer.
// THREADS_SECONDS: how long each test takes (default 0.7); THREADS_SEED: another course of events (default 1).
#include <limits.h>
#include <poll.h>
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

#include <cmocka.h>

#include "aioli.h"
#include "counted_memory.h"

enum {
    PATIENCE = 20,     // seconds after which a wake that has not come is lost
    BATCH = 64,        // promises that are completed in a shuffled order
    LEAST_LIVES = 2,   // VMs, rounds or hops that a test has at least, however slow the build
    MOST_ROUNDS = 8,   // runs of a VM
    MAKERS = 6,        // threads that make and free VMs
};

// ---- Chance and time

static uint64_t next_random(uint64_t *random) {
    uint64_t z = *random += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}
static bool one_in(uint64_t *random, unsigned n) { return next_random(random) % n == 0; }

static uint64_t seed(void) {
    const char *wanted = getenv("THREADS_SEED");
    return wanted ? strtoull(wanted, NULL, 10) : 1;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double test_end(void) {
    const char *wanted = getenv("THREADS_SECONDS");
    return now() + (wanted ? strtod(wanted, NULL) : 0.7);
}

static void pause_for(long microseconds) { nanosleep(&(struct timespec){.tv_nsec = microseconds * 1000}, NULL); }

// ---- What the threads share

typedef struct World World;

// One promise. Freed by `make`, which is the last that is heard of it.
typedef struct Job {
    struct Job *next;
    World *world;
    aioli_promise *promise; // NULL: the VM is to be interrupted
    int64_t number;
    bool told; // that it is cancelled
} Job;

// Where VMs leave their promises to the third thread: a queue, for the oldest must have its turn however many come after it.
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    Job *first, **last;
    bool closed;
    bool gentle; // no interrupts but those that scripts ask for
    uint64_t random;
} Post;

// A VM and what is known of it. The counts are of all VMs that lived in it, one after the other.
struct World {
    CountedMemory memory; // first: the thread's that the VM is on
    Post *post;
    uint64_t random;
    double end;
    pthread_mutex_t lock; // over `vm` and `interrupts`
    aioli *vm;            // NULL: the third thread can't disturb it
    long interrupts;
    Job *held; // promises that are completed once the run is over
    bool stopped;
    long asked, answered, dropped, told, lives, rounds, interrupted; // the first four by any thread
    pthread_mutex_t driver_lock;  // the host's own driver:
    pthread_cond_t driver_change;
    bool has_driver, woken;
    char failure[400]; // the first one; cmocka's own are for the main thread only
};

static void count(long *counter) { __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED); }

#define CHECK(world, condition, text) ((condition) ? (void)0 : failed(world, __LINE__, #condition, text))
static void failed(World *world, int line, const char *what, const char *text) {
    if (!world->failure[0]) snprintf(world->failure, sizeof world->failure, "line %d: %.80s: %.250s", line, what, text ? text : "");
}

// ---- The host's functions

static aioli_value make_answer(aioli *vm, void *data) {
    Job *job = data;
    int64_t number = job->number;
    count(vm ? &job->world->answered : &job->world->dropped);
    bool told = job->told;
    CHECK(job->world, !vm || !told, "an answer for a promise that was cancelled");
    free(job);
    if (!vm) return NULL;
    return number % 5 ? aioli_int(vm, number * 3) : (aioli_raise_error(vm, "ValueError", "number %d", (int)number), NULL);
}

static void on_cancelled(void *user) {
    Job *job = user;
    // Time for the third thread to complete this one in the middle of it.
    if (one_in(&job->world->random, 8)) pause_for(20);
    job->told = true;
    count(&job->world->told);
}

static void post(Job *job) {
    Post *to = job->world->post;
    pthread_mutex_lock(&to->lock);
    job->next = NULL;
    *to->last = job;
    to->last = &job->next;
    pthread_cond_signal(&to->changed);
    pthread_mutex_unlock(&to->lock);
}

static Job *new_job(World *world, int64_t number) {
    Job *job = malloc(sizeof *job);
    *job = (Job){.world = world, .number = number};
    return job;
}

static Job *promise_job(aioli *vm, World *world, int64_t number, aioli_value *future) {
    Job *job = new_job(world, number);
    job->promise = aioli_new_promise(vm, on_cancelled, job, future);
    if (!job->promise) return free(job), NULL;
    count(&world->asked);
    return job;
}

// ask(number): the third thread answers.
static aioli_value ask(aioli *vm, const aioli_value *arguments, size_t argument_count, void *data) {
    (void)argument_count;
    int64_t number;
    aioli_value future;
    if (aioli_get_int(vm, arguments[0], &number) < 0) return NULL;
    Job *job = promise_job(vm, data, number, &future);
    if (job) post(job);
    return future;
}

// held(): completed when the run is over; at once if it is over: an interrupt may have ended it before its task began.
static aioli_value hold(aioli *vm, const aioli_value *arguments, size_t argument_count, void *data) {
    (void)arguments, (void)argument_count;
    World *world = data;
    aioli_value future;
    Job *job = promise_job(vm, world, 1, &future);
    if (job && world->stopped)
        post(job);
    else if (job)
        job->next = world->held, world->held = job;
    return future;
}

// interrupt(): soon, by the third thread.
static aioli_value interrupt(aioli *vm, const aioli_value *arguments, size_t argument_count, void *data) {
    (void)vm, (void)arguments, (void)argument_count;
    post(new_job(data, 0));
    return AIOLI_NONE;
}

// stopped(): whether the run is over for the host.
static aioli_value stopped(aioli *vm, const aioli_value *arguments, size_t argument_count, void *data) {
    (void)vm, (void)arguments, (void)argument_count;
    return ((World *)data)->stopped ? AIOLI_TRUE : AIOLI_FALSE;
}

static const aioli_function functions[] = {{"ask", ask, "number", NULL},
                                           {"held", hold, NULL, NULL},
                                           {"interrupt", interrupt, NULL, NULL},
                                           {"stopped", stopped, NULL, NULL},
                                           {0}};

// ---- The third thread

static void disturb(World *world, bool interrupts) {
    pthread_mutex_lock(&world->lock);
    if (world->vm && interrupts) world->interrupts++, aioli_interrupt(world->vm);
    if (world->vm && !interrupts) aioli_wake(world->vm);
    pthread_mutex_unlock(&world->lock);
}

static void complete(Job *job) {
    if (job->promise) {
        aioli_complete(job->promise, make_answer, job);
    } else {
        disturb(job->world, true);
        free(job);
    }
}

// Takes some of what is there, in an order of its own. 0: the post is closed and empty.
static int take_jobs(Post *from, Job **jobs) {
    int taken = 0;
    pthread_mutex_lock(&from->lock);
    while (!from->first && !from->closed) pthread_cond_wait(&from->changed, &from->lock);
    int most = 1 + (int)(next_random(&from->random) % BATCH);
    while (from->first && taken < most) {
        Job *job = from->first;
        if (!(from->first = job->next)) from->last = &from->first;
        int place = (int)(next_random(&from->random) % (unsigned)++taken);
        jobs[taken - 1] = jobs[place];
        jobs[place] = job;
    }
    pthread_mutex_unlock(&from->lock);
    return taken;
}

static void *complete_all(void *argument) {
    Post *from = argument;
    Job *jobs[BATCH] = {0};
    int taken;
    while ((taken = take_jobs(from, jobs)) > 0) {
        if (one_in(&from->random, 3)) pause_for((long)(next_random(&from->random) % 300));
        for (int i = 0; i < taken; i++) {
            World *world = jobs[i]->world;
            if (one_in(&from->random, 8)) pause_for((long)(next_random(&from->random) % 40));
            complete(jobs[i]);
            if (one_in(&from->random, 16)) disturb(world, false);
            if (!from->gentle && one_in(&from->random, 150)) disturb(world, true);
        }
    }
    return NULL;
}

static pthread_t open_post(Post *it, uint64_t random, bool gentle) {
    pthread_t thread;
    *it = (Post){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .random = random, .gentle = gentle};
    it->last = &it->first;
    assert_int_equal(pthread_create(&thread, NULL, complete_all, it), 0);
    return thread;
}

static void close_post(Post *it, pthread_t thread) {
    pthread_mutex_lock(&it->lock);
    it->closed = true;
    pthread_cond_signal(&it->changed);
    pthread_mutex_unlock(&it->lock);
    pthread_join(thread, NULL);
}

// ---- A VM

static double driver_now(void *user) { return (void)user, now(); }

static void driver_wait(void *user, double seconds) {
    World *world = user;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    double end = (double)until.tv_sec + (double)until.tv_nsec / 1e9 + (seconds < PATIENCE ? seconds : PATIENCE);
    until.tv_sec = (time_t)end;
    until.tv_nsec = (long)((end - (double)until.tv_sec) * 1e9);
    int error = 0;
    pthread_mutex_lock(&world->driver_lock);
    while (!world->woken && !error) error = pthread_cond_timedwait(&world->driver_change, &world->driver_lock, &until);
    world->woken = false;
    pthread_mutex_unlock(&world->driver_lock);
    CHECK(world, !error || seconds < PATIENCE, "a wake is lost");
}

static void driver_wake(void *user) {
    World *world = user;
    pthread_mutex_lock(&world->driver_lock);
    world->woken = true;
    pthread_cond_signal(&world->driver_change);
    pthread_mutex_unlock(&world->driver_lock);
}

static const char script[] =
    "import asyncio, host, sys\n"
    "sys.modules['work'] = sys.modules['__main__']\n" // programs that run later take the other name
    "async def ask(n):\n"
    "    try: return await host.ask(n)\n"
    "    except ValueError as error: return str(error)\n"
    "def wanted(n): return n * 3 if n % 5 else f'number {n}'\n"
    "async def patient(n):\n"
    "    garbage = [[n, str(n)] for n in range(n % 9)]\n"
    "    answer = await ask(n)\n"
    "    assert answer == wanted(n), (answer, garbage)\n"
    "    return 1\n"
    "async def hurried(n):\n"
    "    try:\n"
    "        async with asyncio.timeout(n % 13 / 20000):\n"
    "            assert await ask(n) == wanted(n)\n"
    "    except TimeoutError: pass\n"
    "    return 1\n"
    "async def giving_up(n):\n"
    "    task = asyncio.create_task(ask(n))\n"
    "    for i in range(n % 4): await asyncio.sleep(0)\n"
    "    task.cancel()\n"
    "    try: assert await task == wanted(n)\n"
    "    except asyncio.CancelledError: pass\n"
    "    return 1\n"
    "async def main():\n"
    "    total = 0\n"
    "    for n in range(3):\n"
    "        total += sum(await asyncio.gather(*[kind(n * 7 + i) for i in range(6) for kind in (patient, hurried, giving_up)]))\n"
    "    return total\n"
    "async def waiting():\n"
    "    host.interrupt()\n"
    "    await host.held()\n"
    "async def turning():\n"
    "    host.interrupt()\n"
    "    while not host.stopped(): await asyncio.sleep(0)\n"
    "async def computing():\n"
    "    host.interrupt()\n"
    "    while not host.stopped(): pass\n"
    "async def left():\n" // the VM is freed before it has all of its answers
    "    await asyncio.gather(*[ask(n) for n in range(20)])\n";
enum { TOTAL = 54 };

static void *new_vm(World *world) {
    aioli_config config = {.resize = counted_resize, .write = counted_write, .user = world, .virtual_time = one_in(&world->random, 3)};
    world->has_driver = !config.virtual_time && one_in(&world->random, 2);
    if (world->has_driver) config.now = driver_now, config.wait = driver_wait, config.wake = driver_wake;
    world->memory = (CountedMemory){.until_failure = -1};
    world->held = NULL;
    world->woken = false;
    aioli *vm = aioli_new(&config);
    CHECK(world, vm, "no VM");
    CHECK(world, aioli_module(vm, "host", NULL, functions, world), "no module");
    CHECK(world, aioli_run_source(vm, "<test>", script, sizeof script - 1) == AIOLI_OK, aioli_error_text(vm, NULL));
    pthread_mutex_lock(&world->lock);
    world->vm = vm;
    pthread_mutex_unlock(&world->lock);
    world->lives++;
    return vm;
}

static void free_vm(World *world, aioli *vm) {
    pthread_mutex_lock(&world->lock);
    world->vm = NULL;
    pthread_mutex_unlock(&world->lock);
    CHECK(world, !strstr(world->memory.output, "AssertionError"), world->memory.output);
    aioli_free(vm);
    CHECK(world, world->memory.live_bytes == 0, "memory is left");
}

static long interrupts_of(World *world) {
    pthread_mutex_lock(&world->lock);
    long interrupts = world->interrupts;
    pthread_mutex_unlock(&world->lock);
    return interrupts;
}

// An exception must be an interrupt that was sent.
static void expect_interrupt(World *world, aioli *vm) {
    aioli_value error = aioli_take_error(vm);
    if (strcmp(aioli_type_name(vm, error), "KeyboardInterrupt") || !interrupts_of(world))
        failed(world, __LINE__, "no interrupt", aioli_get_text(vm, aioli_traceback(vm, error), NULL));
}

// What main() gave, or an interrupt. Returns whether it was that.
static bool expect_total(World *world, aioli *vm, aioli_value result) {
    int64_t total;
    if (!result) return expect_interrupt(world, vm), true;
    if (aioli_get_int(vm, result, &total) == 0) CHECK(world, total == TOTAL, "a wrong total");
    CHECK(world, aioli_take_error(vm) == NULL, "no int");
    return false;
}

static aioli_value call(aioli *vm, const char *name) { return aioli_call_method(vm, aioli_import(vm, "work"), name, 0, NULL); }

// After a turn: waits until the loop has something to do.
static void await_turn(World *world, aioli *vm, aioli_turn_result result, double seconds) {
    if (result != AIOLI_WAITING && result != AIOLI_IDLE) return;
    double most = result == AIOLI_IDLE ? seconds : PATIENCE;
    struct pollfd ready = {.fd = aioli_descriptor(vm), .events = POLLIN};
    if (world->has_driver)
        driver_wait(world, most);
    else if (ready.fd < 0)
        pause_for(50); // virtual time: there is nothing to wait by
    else if (poll(&ready, 1, (int)(most * 1000)) == 0)
        CHECK(world, result == AIOLI_IDLE, "the descriptor was never readable");
}

// Turns the loop until no task is left, at most so often.
static aioli_turn_result turn(World *world, aioli *vm, long most) {
    aioli_turn_result result = AIOLI_READY;
    while (most-- > 0 && result != AIOLI_DONE) {
        double seconds;
        uint64_t steps = one_in(&world->random, 2) ? 0 : 1 + next_random(&world->random) % 200;
        result = aioli_turn(vm, one_in(&world->random, 2) ? 0 : 100, steps, &seconds);
        if (result == AIOLI_FAILED) expect_interrupt(world, vm);
        await_turn(world, vm, result, seconds);
    }
    return result;
}

// Ends what a run has left.
static void drain(World *world, aioli *vm) {
    world->stopped = true;
    while (world->held) {
        Job *job = world->held;
        world->held = job->next;
        post(job);
    }
    turn(world, vm, LONG_MAX);
    world->stopped = false;
}

// Runs text as a program. Returns whether it was interrupted; else it must have ended well.
static bool run_program(World *world, aioli *vm, const char *coroutine, const char *test) {
    char program[200];
    snprintf(program, sizeof program, "import asyncio, work\nresult = asyncio.run(work.%s())\nassert %s\n", coroutine, test);
    aioli_status status = aioli_run_source(vm, "<program>", program, strlen(program));
    CHECK(world, status == AIOLI_OK || (status == AIOLI_INTERRUPTED && interrupts_of(world)), aioli_error_text(vm, NULL));
    return status == AIOLI_INTERRUPTED;
}

// One run, of one of the kinds that there are: it ends by the result that it must have, or by an interrupt.
static void run_round(World *world, aioli *vm) {
    static const char *const endless[] = {"waiting", "turning", "computing"};
    size_t scope = aioli_open(vm);
    bool interrupted = true;
    world->rounds++;
    switch (next_random(&world->random) % 5) {
    case 0: interrupted = run_program(world, vm, "main", "result == 54"); break;
    case 1: // a coroutine
        interrupted = expect_total(world, vm, aioli_run_until(vm, call(vm, "main")));
        break;
    case 2: { // in turns
        aioli_value task = aioli_start(vm, call(vm, "main"));
        turn(world, vm, LONG_MAX);
        interrupted = expect_total(world, vm, aioli_run_until(vm, task));
        break;
    }
    case 3: // what only an interrupt ends
        CHECK(world, !aioli_run_until(vm, call(vm, endless[next_random(&world->random) % 3])), "an interrupt is lost");
        expect_interrupt(world, vm);
        break;
    case 4: // not "computing": the first interrupt of asyncio.run() cancels the main task, for which that never looks
        run_program(world, vm, endless[next_random(&world->random) % 2], "False");
        break;
    }
    world->interrupted += interrupted;
    drain(world, vm);
    aioli_close(vm, scope, NULL);
}

static void open_world(World *world, Post *to, uint64_t random) {
    *world = (World){.post = to,
                     .random = random,
                     .end = test_end(),
                     .lock = PTHREAD_MUTEX_INITIALIZER,
                     .driver_lock = PTHREAD_MUTEX_INITIALIZER,
                     .driver_change = PTHREAD_COND_INITIALIZER};
}

// Once all threads have ended.
static void check_world(World *world) {
    if (world->failure[0]) fail_msg("%s (seed %llu)", world->failure, (unsigned long long)seed());
    assert_int_equal(world->answered + world->dropped, world->asked);
    assert_true(world->told <= world->dropped);
}

// ---- Two VMs on two threads, and a third that completes

static void *live(void *argument) {
    World *world = argument;
    for (int i = 0; !world->failure[0] && (i < LEAST_LIVES || now() < world->end); i++) {
        aioli *vm = new_vm(world);
        int rounds = (int)(next_random(&world->random) % MOST_ROUNDS);
        for (int round = 0; round < rounds && !world->failure[0]; round++) run_round(world, vm);
        // Freed in the middle of being answered.
        if (!one_in(&world->random, 3)) {
            if (!aioli_start(vm, call(vm, "left"))) expect_interrupt(world, vm);
            turn(world, vm, 1 + (long)(next_random(&world->random) % 3));
        }
        free_vm(world, vm);
    }
    return NULL;
}

static void two_and_a_third(bool gentle, uint64_t random) {
    static World worlds[2];
    Post the_post;
    pthread_t third = open_post(&the_post, random, gentle), threads[2];
    for (int i = 0; i < 2; i++) {
        open_world(&worlds[i], &the_post, random + 1 + (uint64_t)i);
        assert_int_equal(pthread_create(&threads[i], NULL, live, &worlds[i]), 0);
    }
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    close_post(&the_post, third);
    for (int i = 0; i < 2; i++) {
        const World *w = &worlds[i];
        printf("%ld VMs, %ld runs, %ld of them interrupted; %ld promises: %ld answered, %ld cancelled\n", w->lives, w->rounds, w->interrupted,
               w->asked, w->answered, w->told);
        check_world(&worlds[i]);
    }
}

static void completed(void **state) {
    (void)state;
    two_and_a_third(true, seed() << 8);
}

static void interrupted(void **state) {
    (void)state;
    two_and_a_third(false, seed() << 8 | 16);
}

// ---- A VM that goes from thread to thread

typedef struct {
    World *world;
    aioli *vm;
} Luggage;

static void *run_here(void *argument) {
    Luggage *luggage = argument;
    run_round(luggage->world, luggage->vm);
    return NULL;
}

static void *free_here(void *argument) {
    Luggage *luggage = argument;
    free_vm(luggage->world, luggage->vm);
    return NULL;
}

static void on_a_thread(void *(*function)(void *), Luggage *luggage) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, function, luggage), 0);
    pthread_join(thread, NULL);
}

// Each thread ends before the next one begins.
static void moved(void **state) {
    (void)state;
    static World world;
    Post the_post;
    pthread_t third = open_post(&the_post, seed() << 8 | 32, false);
    open_world(&world, &the_post, seed() << 8 | 33);
    for (int i = 0; !world.failure[0] && (i < LEAST_LIVES || now() < world.end); i++) {
        Luggage luggage = {&world, new_vm(&world)};
        for (int hop = 0; hop < 4; hop++) {
            on_a_thread(run_here, &luggage);
            if (hop % 2) run_round(&world, luggage.vm);
        }
        on_a_thread(free_here, &luggage);
    }
    close_post(&the_post, third);
    check_world(&world);
}

// Two threads that hand a VM to and fro, while its tasks wait.
typedef struct {
    World world;
    aioli *vm;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int next; // whose the VM is; 2: it is all over
    aioli_value task; // of main(), kept; NULL: none runs
    long finished, hops;
} Game;

typedef struct {
    Game *game;
    int number;
} Player;

static void play(Game *game) {
    World *world = &game->world;
    size_t scope = aioli_open(game->vm);
    game->hops++;
    if (!game->task) game->task = aioli_keep(game->vm, aioli_start(game->vm, call(game->vm, "main")), NULL);
    CHECK(world, game->task, "no task");
    if (turn(world, game->vm, 2) == AIOLI_DONE) {
        expect_total(world, game->vm, aioli_run_until(game->vm, game->task));
        aioli_drop(game->vm, game->task);
        game->task = NULL;
        game->finished++;
    }
    aioli_close(game->vm, scope, NULL);
}

static void *player(void *argument) {
    Player *me = argument;
    Game *game = me->game;
    pthread_mutex_lock(&game->lock);
    while (game->next != 2) {
        if (game->next != me->number) {
            pthread_cond_wait(&game->changed, &game->lock);
            continue;
        }
        play(game);
        bool over = game->world.failure[0] || (game->finished >= LEAST_LIVES && now() >= game->world.end);
        game->next = over ? 2 : !me->number;
        pthread_cond_broadcast(&game->changed);
    }
    pthread_mutex_unlock(&game->lock);
    return NULL;
}

static void handed_to_and_fro(void **state) {
    (void)state;
    static Game game;
    Post the_post;
    pthread_t third = open_post(&the_post, seed() << 8 | 64, true), threads[2];
    game = (Game){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    open_world(&game.world, &the_post, seed() << 8 | 65);
    game.vm = new_vm(&game.world);
    Player players[2] = {{&game, 0}, {&game, 1}};
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, player, &players[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    free_vm(&game.world, game.vm);
    close_post(&the_post, third);
    check_world(&game.world);
    printf("%ld runs in %ld hops\n", game.finished, game.hops);
}

// ---- Many at the same time

typedef struct {
    CountedMemory memory; // first
    double end;
    int number;
    long lives;
    bool failed;
} Maker;

static const char everything[] =
    "import asyncio, gc, math, sys\n"
    "class Animal:\n"
    "    def __init__(self, name): self.name = name\n"
    "    def __repr__(self): return f'{self.name!r:>6}'\n"
    "print([Animal(n) for n in ('cat', 'd\\u00f6g')], 3 ** 100, 0.1 + 0.2, math.sqrt(2), '%08.3f' % math.pi)\n"
    "print(sorted({str(n): n for n in range(12)}), sum(range(1000)), {1, 2} & {2, 3}, 'Stra\\u00dfe'.upper())\n"
    "exec(compile('def f(x):\\n    return x * 2', '<inner>', 'exec'))\n"
    "async def job(n):\n"
    "    await asyncio.sleep(n / 10000)\n"
    "    if n == 3: raise KeyError(n)\n"
    "    return f(n)\n"
    "async def main(): return await asyncio.gather(*[job(n) for n in range(5)], return_exceptions=True)\n"
    "print(asyncio.run(main()))\n"
    "cycle = []\n"
    "for n in range(200): cycle = [cycle, cycle]\n"
    "cycle.append(cycle)\n"
    "del cycle\n"
    "gc.collect()\n"
    "try: x = [][1]\n"
    "except IndexError as error: print(error, error.__traceback__.tb_lineno)\n"
    "'abc'.no_such_name\n";

static const char everything_printed[] =
    "[ 'cat',  'd\xC3\xB6g'] 515377520732011331036461129765621272702107522001 0.30000000000000004 1.4142135623730951 0003.142\n"
    "['0', '1', '10', '11', '2', '3', '4', '5', '6', '7', '8', '9'] 499500 {2} STRASSE\n"
    "[0, 2, 4, KeyError(3), 8]\n"
    "list index out of range 19\n";

static void *make_and_free(void *argument) {
    Maker *maker = argument;
    for (int i = 0; i < LEAST_LIVES || now() < maker->end; i++) {
        maker->memory = (CountedMemory){.until_failure = -1};
        aioli_config config = {.resize = counted_resize, .write = counted_write, .user = maker, .grants = AIOLI_GRANT_ALL,
                               .virtual_time = (i + maker->number) % 2, .memory_limit = i % 3 ? 0 : 16 << 20};
        aioli *vm = aioli_new(&config);
        aioli_status status = aioli_run_source(vm, "<test>", everything, sizeof everything - 1);
        const char *text = aioli_error_text(vm, NULL);
        if (status != AIOLI_ERROR || strcmp(maker->memory.output, everything_printed) ||
            !strstr(text, "AttributeError: 'str' object has no attribute 'no_such_name'")) {
            fprintf(stderr, "%s%s\n", maker->memory.output, text);
            maker->failed = true;
        }
        aioli_free(vm);
        maker->failed |= maker->memory.live_bytes != 0;
        maker->lives++;
        if (maker->failed) break;
    }
    return NULL;
}

static void made_at_once(void **state) {
    (void)state;
    static Maker makers[MAKERS];
    pthread_t threads[MAKERS];
    long lives = 0;
    for (int i = 0; i < MAKERS; i++) {
        makers[i] = (Maker){.end = test_end(), .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, make_and_free, &makers[i]), 0);
    }
    for (int i = 0; i < MAKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_false(makers[i].failed);
        lives += makers[i].lives;
    }
    printf("%ld VMs on %d threads\n", lives, MAKERS);
}

// ---- A wake while another one is under way

// The host's own driver, whose first wake takes its time.
typedef struct {
    aioli *vm;
    int wakes;        // atomic
    bool first_inside, first_may_go; // atomic
} SlowDriver;

static double slow_now(void *user) { return (void)user, now(); }
static void slow_wait(void *user, double seconds) { (void)user, (void)seconds; }
static void slow_wake(void *user) {
    SlowDriver *driver = user;
    if (__atomic_fetch_add(&driver->wakes, 1, __ATOMIC_SEQ_CST)) return;
    __atomic_store_n(&driver->first_inside, true, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&driver->first_may_go, __ATOMIC_SEQ_CST)) pause_for(100);
}

static void *wake_once(void *user) {
    aioli_wake(((SlowDriver *)user)->vm);
    return NULL;
}

// What the first wake has woken may have looked for mail, and found none, before it comes back: the second must reach the driver too.
static void each_wake_reaches(void **state) {
    (void)state;
    SlowDriver driver = {0};
    aioli_config config = {.now = slow_now, .wait = slow_wait, .wake = slow_wake, .user = &driver};
    driver.vm = aioli_new(&config);
    assert_non_null(driver.vm);
    assert_int_equal(aioli_turn(driver.vm, 0, 0, NULL), AIOLI_DONE); // the driver is there now
    pthread_t first, second;
    assert_int_equal(pthread_create(&first, NULL, wake_once, &driver), 0);
    while (!__atomic_load_n(&driver.first_inside, __ATOMIC_SEQ_CST)) pause_for(100);
    assert_int_equal(pthread_create(&second, NULL, wake_once, &driver), 0);
    pthread_join(second, NULL);
    assert_int_equal(__atomic_load_n(&driver.wakes, __ATOMIC_SEQ_CST), 2);
    __atomic_store_n(&driver.first_may_go, true, __ATOMIC_SEQ_CST);
    pthread_join(first, NULL);
    aioli_free(driver.vm);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(completed), cmocka_unit_test(interrupted), cmocka_unit_test(moved),
                                       cmocka_unit_test(handed_to_and_fro), cmocka_unit_test(made_at_once),
                                       cmocka_unit_test(each_wake_reaches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

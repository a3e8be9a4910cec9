// The header's promises and the event loop in the host's hands.
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
#include <unistd.h>

#include <cmocka.h>

#include "aioli.h"
#include "counted_memory.h"
#include "stress.h"

enum { MOST_PROMISES = 64 };

typedef struct {
    CountedMemory memory; // first
    aioli_promise *promises[MOST_PROMISES]; // made and not completed
    int count;
    int cancelled, made, dropped; // how often `cancelled`, `make` with a VM and without one were called
    bool in_order; // `make` came after `cancelled`
    pthread_t threads[MOST_PROMISES];
} World;

// ---- The host's functions

static void on_cancelled(void *user) { __atomic_add_fetch(&((World *)user)->cancelled, 1, __ATOMIC_RELAXED); }

typedef struct {
    World *world;
    int64_t number; // below 0: raise
} Answer;

static aioli_value make_answer(aioli *vm, void *data) {
    Answer *answer = data;
    int64_t number = answer->number;
    __atomic_add_fetch(vm ? &answer->world->made : &answer->world->dropped, 1, __ATOMIC_RELAXED);
    free(answer);
    if (!vm) return NULL;
    return number < 0 ? (aioli_raise_error(vm, "ValueError", "number %d", (int)number), NULL) : aioli_int(vm, number);
}

static Answer *new_answer(World *world, int64_t number) {
    Answer *answer = malloc(sizeof *answer);
    *answer = (Answer){world, number};
    return answer;
}

// promised(): a future that a test completes.
static aioli_value promised(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count;
    World *world = data;
    aioli_value future;
    aioli_promise *promise = aioli_new_promise(vm, on_cancelled, world, &future);
    if (promise) world->promises[world->count++] = promise;
    return future;
}

// at_once(n): completed before it is returned.
static aioli_value at_once(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count;
    int64_t number;
    aioli_value future;
    if (aioli_get_int(vm, arguments[0], &number) < 0) return NULL;
    aioli_promise *promise = aioli_new_promise(vm, NULL, NULL, &future);
    if (promise) aioli_complete(promise, make_answer, new_answer(data, number));
    return future;
}

typedef struct {
    World *world;
    aioli_promise *promise;
    int64_t number;
} Job;

static void *do_job(void *argument) {
    Job job = *(Job *)argument;
    free(argument);
    nanosleep(&(struct timespec){.tv_nsec = (job.number & 7) * 100000}, NULL);
    aioli_complete(job.promise, make_answer, new_answer(job.world, job.number));
    return NULL;
}

// threaded(n): completed by another thread.
static aioli_value threaded(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count;
    World *world = data;
    int64_t number;
    aioli_value future;
    if (aioli_get_int(vm, arguments[0], &number) < 0) return NULL;
    aioli_promise *promise = aioli_new_promise(vm, on_cancelled, world, &future);
    if (!promise) return NULL;
    Job *job = malloc(sizeof *job);
    *job = (Job){world, promise, number};
    pthread_create(&world->threads[world->count++], NULL, do_job, job);
    return future;
}

static const aioli_function functions[] = {{"promised", promised, NULL, NULL},
                                           {"at_once", at_once, "number", NULL},
                                           {"threaded", threaded, "number", NULL},
                                           {0}};

static aioli *new_vm(World *world, bool real_time) {
    aioli_config config = {.resize = counted_resize, .write = counted_write, .user = world, .virtual_time = !real_time};
    return aioli_new(&config);
}

static void start(World *world, aioli **vm, bool real_time) {
    *world = (World){.memory.until_failure = -1};
    *vm = new_vm(world, real_time);
    assert_non_null(*vm);
    assert_non_null(aioli_module(*vm, "host", NULL, functions, world));
}

static void end(World *world, aioli *vm) {
    aioli_free(vm);
    assert_int_equal(world->memory.live_bytes, 0);
}

static void complete(World *world, int which, int64_t number) {
    aioli_complete(world->promises[which], make_answer, new_answer(world, number));
}

static void run(aioli *vm, const char *source) {
    if (aioli_run_source(vm, "<test>", source, strlen(source)) != AIOLI_OK) fail_msg("%s", aioli_error_text(vm, NULL));
}

static aioli_value call(aioli *vm, const char *name) { return aioli_call_method(vm, aioli_import(vm, "__main__"), name, 0, NULL); }

static void expect_int(aioli *vm, aioli_value value, int64_t wanted) {
    int64_t found;
    if (aioli_get_int(vm, value, &found) < 0) fail_msg("%s", aioli_get_text(vm, aioli_traceback(vm, aioli_take_error(vm)), NULL));
    assert_true(found == wanted);
}

static void expect_error(aioli *vm, const char *wanted) {
    aioli_value error = aioli_take_error(vm);
    assert_non_null(error);
    assert_string_equal(aioli_get_text(vm, aioli_repr(vm, error), NULL), wanted);
}

// ---- Promises

static void test_at_once(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm, false);
    run(vm, "import asyncio, host\n"
            "async def main():\n"
            "    print(await host.at_once(5), [await host.at_once(i) for i in range(3)])\n"
            "    try: await host.at_once(-1)\n"
            "    except ValueError as e: print(e)\n"
            "    print(await asyncio.gather(host.at_once(1), host.at_once(2)))\n"
            "asyncio.run(main())\n");
    assert_string_equal(world.memory.output, "5 [0, 1, 2]\nnumber -1\n[1, 2]\n");
    assert_int_equal(world.made, 7);
    end(&world, vm);
}

static void test_threads(void **state) {
    (void)state;
    for (int real_time = 0; real_time < 2; real_time++) {
        World world;
        aioli *vm;
        start(&world, &vm, real_time);
        run(vm, "import asyncio, host\n"
                "async def main():\n"
                "    print(await host.threaded(5))\n"
                "    print(await asyncio.gather(*[host.threaded(i) for i in range(20)]))\n"
                "    try: await host.threaded(-3)\n"
                "    except ValueError as e: print(e)\n"
                "asyncio.run(main())\n");
        assert_string_equal(world.memory.output, "5\n[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]\nnumber -3\n");
        for (int i = 0; i < world.count; i++) pthread_join(world.threads[i], NULL);
        assert_int_equal(world.made, 22);
        end(&world, vm);
    }
}

static void test_cancelled(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm, true);
    run(vm, "import asyncio, host\n"
            "async def main():\n"
            "    try: await asyncio.wait_for(host.promised(), 0.001)\n"
            "    except TimeoutError: print('late')\n"
            "    t = asyncio.create_task(wait())\n"
            "    await asyncio.sleep(0)\n"
            "    t.cancel()\n"
            "    try: await t\n"
            "    except asyncio.CancelledError: print('cancelled')\n"
            "async def wait(): await host.promised()\n"
            "asyncio.run(main())\n");
    assert_string_equal(world.memory.output, "late\ncancelled\n");
    assert_int_equal(world.cancelled, 2);
    complete(&world, 0, 1);
    complete(&world, 1, 2);
    double seconds;
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_DONE);
    assert_int_equal(world.dropped, 2);
    assert_int_equal(world.made, 0);
    end(&world, vm);
}

static void test_freed_before(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm, true);
    run(vm, "import host\nasync def wait(): await host.promised()\n"
            "futures = [host.promised() for i in range(10)]\nfutures[9].cancel()\n");
    assert_non_null(aioli_start(vm, call(vm, "wait")));
    assert_int_equal(aioli_turn(vm, 0, 0, NULL), AIOLI_WAITING);
    assert_int_equal(world.count, 11);
    assert_int_equal(world.cancelled, 1);
    complete(&world, 3, 1); // waits for a turn that never comes
    end(&world, vm);
    assert_int_equal(world.cancelled, 10); // all but the one that was and the one that is completed
    for (int i = 0; i < 11; i++)
        if (i != 3) complete(&world, i, i);
    assert_int_equal(world.dropped, 11);
    assert_int_equal(world.made, 0);
}

// VMs are freed while other threads complete their promises.
static void test_freed_meanwhile(void **state) {
    (void)state;
    for (int turn = 0; turn < (is_stressed ? 10 : 50); turn++) {
        World world;
        aioli *vm;
        start(&world, &vm, true);
        run(vm, "import host\nfutures = [host.threaded(i) for i in range(16)]\n");
        if (turn % 2) aioli_turn(vm, 0, 0, NULL);
        end(&world, vm);
        for (int i = 0; i < 16; i++) pthread_join(world.threads[i], NULL);
        assert_int_equal(world.made + world.dropped, 16);
    }
}

// Completes the promise that a freed VM is telling `cancelled` of.
static void *complete_told(void *argument) {
    complete(argument, 0, 1);
    return NULL;
}

// What `make` frees is still there when another thread completes the promise in the middle of `cancelled`.
static void on_cancelled_slowly(void *user) {
    World *world = user;
    pthread_create(&world->threads[0], NULL, complete_told, world);
    pthread_join(world->threads[0], NULL);
    world->cancelled++;
    world->in_order = world->dropped == 0;
}

static void test_completed_while_told(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm, true);
    aioli_value future;
    world.promises[world.count++] = aioli_new_promise(vm, on_cancelled_slowly, &world, &future);
    end(&world, vm);
    assert_int_equal(world.cancelled, 1);
    assert_true(world.in_order);
    assert_int_equal(world.dropped, 1);
}

// ---- The loop

static void test_run_until(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm, false);
    run(vm, "import asyncio\n"
            "async def good():\n    await asyncio.sleep(1000)\n    return 7\n"
            "async def bad():\n    await asyncio.sleep(1)\n    raise KeyError(1)\n"
            "async def stuck():\n    await asyncio.Event().wait()\n"
            "class Awaitable:\n    def __await__(self):\n        yield\n        return 8\n"
            "def forever(): return asyncio.run(good())\n");
    expect_int(vm, aioli_run_until(vm, call(vm, "good")), 7);
    aioli_value task = aioli_start(vm, call(vm, "good"));
    expect_int(vm, aioli_run_until(vm, task), 7);
    expect_int(vm, aioli_run_until(vm, task), 7);
    expect_int(vm, aioli_run_until(vm, call(vm, "Awaitable")), 8);
    assert_null(aioli_run_until(vm, call(vm, "bad")));
    expect_error(vm, "KeyError(1)");
    assert_null(aioli_run_until(vm, AIOLI_TRUE));
    expect_error(vm, "TypeError('An asyncio.Future, a coroutine or an awaitable is required')");
    expect_int(vm, call(vm, "forever"), 7);
    assert_non_null(aioli_start(vm, call(vm, "good")));
    assert_null(call(vm, "forever"));
    expect_error(vm, "RuntimeError('asyncio.run() cannot be called while the host runs tasks')");
    assert_null(aioli_run_until(vm, call(vm, "stuck")));
    aioli_value error = aioli_take_error(vm);
    assert_string_equal(aioli_type_name(vm, error), "DeadlockError");
    end(&world, vm);
}

static void test_turns(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm, true);
    double seconds = 5;
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_DONE);
    assert_true(seconds == 0);
    run(vm, "import asyncio, host\n"
            "async def count():\n    for i in range(1000):\n        await asyncio.sleep(0)\n    return i\n"
            "async def late():\n    await asyncio.sleep(0.02)\n    return 3\n"
            "async def wait(): return await host.promised()\n"
            "async def stop(): raise SystemExit(3)\n");
    // A budget of steps ends a turn in the middle.
    aioli_value task = aioli_start(vm, call(vm, "count"));
    int turns = 0;
    aioli_turn_result result;
    while ((result = aioli_turn(vm, 0, 100, &seconds)) == AIOLI_READY) turns++;
    assert_int_equal(result, AIOLI_DONE);
    assert_true(turns >= 9 && turns <= 60);
    expect_int(vm, aioli_run_until(vm, task), 999);
    // A budget of time, too.
    task = aioli_start(vm, call(vm, "count"));
    assert_int_equal(aioli_turn(vm, 1, 0, &seconds), AIOLI_READY);
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_DONE);
    // Until a deadline.
    task = aioli_start(vm, call(vm, "late"));
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_IDLE);
    assert_true(seconds > 0 && seconds <= 0.02);
    while (aioli_turn(vm, 0, 0, &seconds) == AIOLI_IDLE)
        nanosleep(&(struct timespec){.tv_nsec = (long)(seconds * 1e9) + 1}, NULL);
    expect_int(vm, aioli_run_until(vm, task), 3);
    // For the host, by way of the descriptor.
    int descriptor = aioli_descriptor(vm);
    assert_true(descriptor >= 0);
    task = aioli_start(vm, call(vm, "wait"));
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_WAITING);
    struct pollfd ready = {.fd = descriptor, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 0), 0);
    complete(&world, 0, 42);
    assert_int_equal(poll(&ready, 1, 1000), 1);
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_DONE);
    assert_int_equal(poll(&ready, 1, 0), 0);
    expect_int(vm, aioli_run_until(vm, task), 42);
    aioli_wake(vm);
    assert_int_equal(poll(&ready, 1, 1000), 1);
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_DONE);
    assert_int_equal(poll(&ready, 1, 0), 0);
    // What ends a loop ends a turn.
    assert_non_null(aioli_start(vm, call(vm, "stop")));
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_FAILED);
    expect_error(vm, "SystemExit(3)");
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_DONE);
    end(&world, vm);
}

// A round that a budget cuts goes on where it stopped: the order is that of a run without budgets.
// The virtual clock jumps to a deadline only after the host has been told of it, while it has promises to complete.
static void test_virtual_deadline(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm, false);
    for (int answered = 0; answered < 2; answered++) {
        run(vm, "import asyncio, host\n"
                "async def main():\n"
                "    begin = asyncio.get_running_loop().time()\n"
                "    try: answer = await asyncio.wait_for(host.promised(), 10)\n"
                "    except TimeoutError: answer = 'late'\n"
                "    return answer, asyncio.get_running_loop().time() - begin\n");
        aioli_value task = aioli_start(vm, call(vm, "main"));
        assert_non_null(task);
        double seconds;
        assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_IDLE);
        assert_true(seconds == 10);
        if (answered) complete(&world, 1, 42);
        // A promise that was cancelled is still to be completed.
        assert_int_equal(aioli_turn(vm, 0, 0, &seconds), answered ? AIOLI_DONE : AIOLI_WAITING);
        aioli_value shown = aioli_repr(vm, aioli_run_until(vm, task));
        assert_string_equal(aioli_get_text(vm, shown, NULL), answered ? "(42, 0.0)" : "('late', 10.0)");
        if (!answered) complete(&world, 0, 1);
    }
    end(&world, vm);
}

// What is told when a VM is freed may run scripts that never end, and that nobody can interrupt.
static void test_freed_with_endless_losses(void **state) {
    (void)state;
    if (is_stressed) return; // its collections find the losses while the program still runs: that is then what never ends
    World world;
    aioli *vm;
    start(&world, &vm, false);
    run(vm, "import asyncio, sys\n"
            "def stay(*args):\n"
            "    while True:\n"
            "        try:\n"
            "            while True: pass\n"
            "        except BaseException: pass\n"
            "class Text:\n"
            "    write = flush = stay\n"
            "class Error(Exception):\n"
            "    __str__ = __repr__ = stay\n"
            "async def fail(): raise Error\n"
            "async def lost(): pass\n"
            "async def main(): asyncio.create_task(fail()); await asyncio.sleep(0); lost()\n"
            "coroutine = main()\n"
            "sys.stderr = Text()\n");
    assert_non_null(aioli_run_until(vm, aioli_get_attribute(vm, aioli_import(vm, "__main__"), "coroutine")));
    end(&world, vm);
}

static void test_same_order(void **state) {
    (void)state;
    static const char script[] =
        "import asyncio\n"
        "log = []\n"
        "async def one(name, delays):\n"
        "    for d in delays:\n        await asyncio.sleep(d)\n        log.append(name)\n"
        "async def main():\n"
        "    await asyncio.gather(*[one(n, [(n * 7 + i * 3) % 5 / 10 for i in range(20)]) for n in range(20)])\n"
        "    return ' '.join(map(str, log))\n";
    char *orders[2];
    for (int budgeted = 0; budgeted < 2; budgeted++) {
        World world;
        aioli *vm;
        start(&world, &vm, false);
        run(vm, script);
        aioli_value task = aioli_start(vm, call(vm, "main"));
        if (budgeted)
            while (aioli_turn(vm, 0, 1, NULL) == AIOLI_READY) {}
        orders[budgeted] = strdup(aioli_get_text(vm, aioli_run_until(vm, task), NULL));
        end(&world, vm);
    }
    assert_string_equal(orders[0], orders[1]);
    free(orders[0]);
    free(orders[1]);
}

static void *interrupt_soon(void *argument) {
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    aioli_interrupt(argument);
    return NULL;
}

static void test_interrupt(void **state) {
    (void)state;
    World world;
    aioli *vm;
    for (int real_time = 0; real_time < 2; real_time++) {
        start(&world, &vm, real_time);
        run(vm, "import host\nasync def wait(): return await host.promised()\n");
        pthread_t thread;
        pthread_create(&thread, NULL, interrupt_soon, vm);
        assert_null(aioli_run_until(vm, call(vm, "wait")));
        expect_error(vm, "KeyboardInterrupt()");
        pthread_join(thread, NULL);
        if (world.count) complete(&world, 0, 1); // a slow build is interrupted before it has made it
        end(&world, vm);
    }
}

// A driver of the host's own: its clock goes by what it is asked to wait.
typedef struct {
    double now;
    int waits, wakes;
    bool woken;
} OwnClock;
static double own_now(void *user) { return ((OwnClock *)user)->now; }
static void own_wait(void *user, double seconds) {
    OwnClock *clock = user;
    clock->waits++;
    if (!clock->woken) clock->now += seconds;
    clock->woken = false;
}
static void own_wake(void *user) {
    ((OwnClock *)user)->woken = true;
    ((OwnClock *)user)->wakes++;
}

static void test_own_driver(void **state) {
    (void)state;
    OwnClock clock = {.now = 100};
    aioli_config config = {.now = own_now, .wait = own_wait, .wake = own_wake, .user = &clock};
    aioli *vm = aioli_new(&config);
    run(vm, "import asyncio\nasync def nap(n):\n    await asyncio.sleep(n)\n    return asyncio.get_running_loop().time()\n");
    aioli_value hour = aioli_int(vm, 3600);
    double time;
    aioli_value nap = aioli_call_method(vm, aioli_import(vm, "__main__"), "nap", 1, &hour);
    assert_int_equal(aioli_get_float(vm, aioli_run_until(vm, nap), &time), 0);
    assert_true(time >= 3700 && time < 3701);
    assert_true(clock.waits >= 1);
    assert_int_equal(aioli_descriptor(vm), -1);
    aioli_wake(vm);
    assert_int_equal(clock.wakes, 1);
    nap = aioli_start(vm, aioli_call_method(vm, aioli_import(vm, "__main__"), "nap", 1, &hour));
    double seconds;
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_IDLE);
    assert_true(seconds > 3599 && seconds <= 3600);
    clock.now += 3600;
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_DONE);
    aioli_free(vm);
}

// Another thread's interrupt comes while a turn looks at the driver, which forgets that it was woken.
typedef struct {
    OwnClock clock; // first
    aioli *vm;
} Interrupter;
static void interrupting_wait(void *user, double seconds) {
    Interrupter *interrupter = user;
    aioli_interrupt(interrupter->vm);
    own_wait(user, seconds);
}

static void test_interrupted_look(void **state) {
    (void)state;
    Interrupter interrupter = {.clock.now = 100};
    aioli_config config = {.now = own_now, .wait = interrupting_wait, .wake = own_wake, .user = &interrupter};
    for (int kind = 0; kind < 2; kind++) {
        aioli *vm = interrupter.vm = aioli_new(&config);
        run(vm, "import asyncio\n"
                "async def waiting(): await asyncio.Event().wait()\n"
                "async def napping(): await asyncio.sleep(3600)\n"
                "kept = []\n"
                "def begin(kind): kept.append([waiting, napping][kind]()); return kept[-1]\n");
        aioli_value number = aioli_int(vm, kind);
        assert_non_null(aioli_start(vm, aioli_call_method(vm, aioli_import(vm, "__main__"), "begin", 1, &number)));
        double seconds;
        for (int turn = 0; turn < 3; turn++) {
            // Nothing has run but the loop, and the host would wait now until it is woken.
            assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_FAILED);
            assert_string_equal(aioli_type_name(vm, aioli_take_error(vm)), "KeyboardInterrupt");
        }
        aioli_free(vm);
    }
}

// A turn whose budget is spent by the last thing that is ready: the descriptor must tell of what is awaited then all the same.
static void test_spent_by_the_last(void **state) {
    (void)state;
    aioli *vm = aioli_new(NULL);
    run(vm, "import asyncio\nkept = []\nasync def wait(): await asyncio.Event().wait()\n"
            "def begin(): kept.append(wait()); return kept[-1]\n");
    assert_non_null(aioli_start(vm, aioli_call_method(vm, aioli_import(vm, "__main__"), "begin", 0, NULL)));
    double seconds;
    aioli_turn_result result;
    do result = aioli_turn(vm, 0, 1, &seconds);
    while (result == AIOLI_READY);
    assert_int_equal(result, AIOLI_WAITING);
    struct pollfd woken = {.fd = aioli_descriptor(vm), .events = POLLIN};
    if (woken.fd >= 0) assert_int_equal(poll(&woken, 1, 0), 0);
    aioli_wake(vm);
    if (woken.fd >= 0) assert_int_equal(poll(&woken, 1, 5000), 1);
    assert_int_equal(aioli_turn(vm, 0, 1, &seconds), AIOLI_WAITING);
    if (woken.fd >= 0) assert_int_equal(poll(&woken, 1, 0), 0);
    aioli_free(vm);
}

// ---- File descriptors

static const char *const reading = "import _terminal\n"
                                   "async def read(fd):\n"
                                   "    await _terminal.readable(fd)\n"
                                   "    return len(_terminal.read(fd, 100))\n";

static void start_reading(World *world, aioli **vm, unsigned grants) {
    *world = (World){.memory.until_failure = -1};
    aioli_config config = {.resize = counted_resize, .write = counted_write, .user = world, .grants = grants};
    *vm = aioli_new(&config);
    run(*vm, reading);
}

static aioli_value read_from(aioli *vm, int descriptor) {
    aioli_value number = aioli_int(vm, descriptor);
    return aioli_call_method(vm, aioli_import(vm, "__main__"), "read", 1, &number);
}

static void test_watch(void **state) {
    (void)state;
    World world;
    aioli *vm;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    start_reading(&world, &vm, AIOLI_GRANT_INPUT | AIOLI_GRANT_FILES);
    double seconds;
    aioli_value first = aioli_start(vm, read_from(vm, ends[0])), second = aioli_start(vm, read_from(vm, ends[0]));
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_WAITING);
    struct pollfd ready = {.fd = aioli_descriptor(vm), .events = POLLIN};
    assert_int_equal(write(ends[1], "abc", 3), 3);
    // A build without libuv has no descriptor while others are watched.
    if (ready.fd >= 0) assert_int_equal(poll(&ready, 1, 1000), 1);
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_DONE);
    expect_int(vm, aioli_run_until(vm, first), 3);
    assert_null(aioli_run_until(vm, second)); // was told as well, but comes too late
    expect_error(vm, "BlockingIOError(11, 'Resource temporarily unavailable')");
    // One is taken back, one is under way when the VM is freed.
    first = aioli_start(vm, read_from(vm, ends[0]));
    second = aioli_start(vm, read_from(vm, ends[0]));
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_WAITING);
    assert_non_null(aioli_call_method(vm, first, "cancel", 0, NULL));
    assert_int_equal(aioli_turn(vm, 0, 0, &seconds), AIOLI_WAITING);
    end(&world, vm);
    // Nothing has become of the pipe.
    assert_int_equal(write(ends[1], "d", 1), 1);
    close(ends[0]);
    close(ends[1]);
}

static void expect_refused(aioli *vm, int descriptor, const char *wanted) {
    assert_null(aioli_run_until(vm, read_from(vm, descriptor)));
    expect_error(vm, wanted);
}

static long own_read(void *user, int stream, char *bytes, size_t size) {
    (void)user, (void)stream, (void)bytes, (void)size;
    return 0;
}

static void test_watch_grants(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start_reading(&world, &vm, AIOLI_GRANT_FILES);
    expect_refused(vm, 0, "PermissionError('the standard input is not granted here')");
    expect_refused(vm, 7, "PermissionError('the standard input is not granted here')");
    end(&world, vm);
    start_reading(&world, &vm, AIOLI_GRANT_INPUT);
    expect_refused(vm, 7, "PermissionError('reading files is not granted here')");
    // What is the host's to write is not the process's.
    expect_refused(vm, 1, "PermissionError('file descriptor 1 is not granted here')");
    end(&world, vm);
    world = (World){.memory.until_failure = -1};
    aioli_config config = {.resize = counted_resize, .write = counted_write, .read = own_read, .user = &world};
    vm = aioli_new(&config);
    run(vm, reading);
    expect_refused(vm, 0, "PermissionError('file descriptor 0 is not granted here')");
    end(&world, vm);
    // A loop that is the host's knows nothing of descriptors.
    OwnClock clock = {0};
    aioli_config own = {.now = own_now, .wait = own_wait, .wake = own_wake, .user = &clock, .grants = AIOLI_GRANT_INPUT};
    vm = aioli_new(&own);
    run(vm, reading);
    expect_refused(vm, 0, "RuntimeError(\"the host's event loop can't wait for file descriptors\")");
    aioli_free(vm);
}

// ---- Failing allocations

static bool use_everything(World *world, aioli *vm) {
    static const char script[] =
        "import asyncio, host\n"
        "async def main():\n"
        "    a = await host.at_once(1)\n"
        "    try: await host.at_once(-1)\n"
        "    except ValueError: a += 1\n"
        "    t = asyncio.create_task(wait())\n"
        "    await asyncio.sleep(0.1)\n"
        "    t.cancel()\n"
        "    return a\n"
        "async def wait(): return await host.promised()\n";
    bool ok = aioli_module(vm, "host", NULL, functions, world) && aioli_run_source(vm, "<test>", script, strlen(script)) == AIOLI_OK;
    int64_t number;
    aioli_value task = aioli_start(vm, call(vm, "main"));
    while (aioli_turn(vm, 0, 3, NULL) == AIOLI_READY) {}
    ok &= task && aioli_get_int(vm, aioli_run_until(vm, task), &number) == 0 && number == 2;
    task = aioli_start(vm, call(vm, "wait"));
    aioli_turn(vm, 0, 0, NULL);
    for (int i = 0; i < world->count; i++) complete(world, i, i);
    world->count = 0;
    aioli_turn(vm, 0, 0, NULL);
    ok &= task && aioli_get_int(vm, aioli_run_until(vm, task), &number) == 0 && number == 1;
    aioli_take_error(vm);
    return ok;
}

static void test_every_allocation_fails(void **state) {
    (void)state;
    World world = {.memory.until_failure = -1};
    aioli *vm = new_vm(&world, false);
    long begin = world.memory.allocations;
    assert_true(use_everything(&world, vm));
    long count = world.memory.allocations - begin;
    end(&world, vm);
    for (long i = stride_from(2); i < count; i += stride(i < 300 ? 1 : 7, 2)) {
        world = (World){.memory.until_failure = -1};
        vm = new_vm(&world, false);
        assert_non_null(vm);
        world.memory.until_failure = i;
        use_everything(&world, vm);
        world.memory.until_failure = -1;
        run(vm, "assert sum(range(10)) == 45\n");
        end(&world, vm);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_once),      cmocka_unit_test(test_threads),         cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_freed_before), cmocka_unit_test(test_freed_meanwhile), cmocka_unit_test(test_run_until),
        cmocka_unit_test(test_turns),        cmocka_unit_test(test_same_order),      cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_own_driver), cmocka_unit_test(test_interrupted_look), cmocka_unit_test(test_spent_by_the_last), cmocka_unit_test(test_virtual_deadline), cmocka_unit_test(test_freed_with_endless_losses),   cmocka_unit_test(test_completed_while_told),
        cmocka_unit_test(test_every_allocation_fails), cmocka_unit_test(test_watch), cmocka_unit_test(test_watch_grants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

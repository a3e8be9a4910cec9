// The limits of a VM, each by itself and all together: what a script gets past one, that it can't go on for long after it, and that
// the VM is as good as new for the next call.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "restricted.h"

#ifdef __SANITIZE_ADDRESS__
enum { SLOWER = 3 };
#else
enum { SLOWER = 1 };
#endif

// A stressed build collects at every safepoint: the same number of steps takes it a hundred times as long.
static uint64_t step_limit(void) { return is_stressed ? 4000 : 40000; }
// As many as importing asyncio takes there, and some more.
static uint64_t step_limit_of_tasks(void) { return is_stressed ? 20000 : step_limit(); }
// A time in which any build can begin a program, on a machine that has other things to do.
static uint64_t time_limit(void) { return is_stressed ? 500000 : 100000 * SLOWER; }

static double seconds_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sleep_microseconds(uint64_t microseconds) {
    struct timespec t = {.tv_sec = (time_t)(microseconds / 1000000), .tv_nsec = (long)(microseconds % 1000000) * 1000};
    nanosleep(&t, NULL);
}

// More than a script may take.
static void sleep_past_limit(void) { sleep_microseconds(time_limit() * 5 / 2); }

// ---- The host's functions

static aioli_value sleeps(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)vm, (void)arguments, (void)count, (void)data;
    sleep_past_limit();
    return AIOLI_NONE;
}

// Calls a script's function between two sleeps, of which only that is the script's own time.
static aioli_value sleeps_around(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    sleep_past_limit();
    aioli_value result = aioli_call(vm, arguments[0], 0, NULL, NULL);
    sleep_past_limit();
    return result;
}

// Does what is refused here, then sleeps.
static aioli_value runs_within(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count, (void)data;
    aioli_status status = status_of(vm, "1");
    sleep_past_limit();
    return aioli_int(vm, status);
}
static aioli_value frees_within(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count, (void)data;
    aioli_free(vm);
    sleep_past_limit();
    return AIOLI_NONE;
}

static aioli_value make_seven(aioli *vm, void *data) {
    (void)data;
    if (!vm) return NULL;
    sleep_past_limit();
    return aioli_int(vm, 7);
}

static void *complete_late(void *promise) {
    sleep_past_limit();
    aioli_complete(promise, make_seven, NULL);
    return NULL;
}

// A future that another thread completes.
static aioli_value later(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count, (void)data;
    aioli_value future;
    aioli_promise *promise = aioli_new_promise(vm, NULL, NULL, &future);
    pthread_t thread;
    if (promise && pthread_create(&thread, NULL, complete_late, promise) == 0) pthread_detach(thread);
    return future;
}

// A future that is done before it is given, by a native that takes its time.
static aioli_value at_once(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count, (void)data;
    aioli_value future;
    aioli_promise *promise = aioli_new_promise(vm, NULL, NULL, &future);
    if (promise) aioli_complete(promise, make_seven, NULL);
    sleep_past_limit();
    return future;
}

static const aioli_function functions[] = {{"sleeps", sleeps, NULL, NULL},
                                           {"sleeps_around", sleeps_around, "function", NULL},
                                           {"runs_within", runs_within, NULL, NULL},
                                           {"frees_within", frees_within, NULL, NULL},
                                           {"later", later, NULL, NULL},
                                           {"at_once", at_once, NULL, NULL},
                                           {0}};

static aioli *start_with_host(World *world, aioli_config config) {
    aioli *vm = start(world, config);
    assert_non_null(vm);
    assert_non_null(aioli_module(vm, "host", NULL, functions, world));
    return vm;
}

// ---- Steps and time

// Each goes on for ever as long as it may catch something.
static const char *const stubborn[] = {
    "while True: pass\n",
    "while True:\n"
    "    try:\n"
    "        while True: pass\n"
    "    except BaseException: pass\n",
    "def f():\n"
    "    try:\n"
    "        while True: pass\n"
    "    finally: f()\n"
    "f()\n",
    "while True:\n"
    "    try:\n"
    "        while True: pass\n"
    "    finally: continue\n",
    "class C:\n"
    "    def __enter__(self): pass\n"
    "    def __exit__(self, *args):\n"
    "        while True: pass\n"
    "        return True\n"
    "while True:\n"
    "    with C():\n"
    "        while True: pass\n",
    "def g():\n"
    "    while True:\n"
    "        try: yield 1\n"
    "        except BaseException: pass\n"
    "while True:\n"
    "    try:\n"
    "        x = g()\n"
    "        for y in x: pass\n"
    "    except BaseException: x.throw(StopIteration) if x.gi_frame else None\n",
    "class C:\n"
    "    def __getattr__(self, name):\n"
    "        try: return [1 for i in iter(int, 1)]\n"
    "        except BaseException: return getattr(self, name)\n"
    "    def __del__(self): C().name\n"
    "C().name\n",
    "import sys\n"
    "def hook(*args):\n"
    "    while True: pass\n"
    "sys.excepthook = hook\n"
    "while True: pass\n",
    "import asyncio\n"
    "async def f():\n"
    "    while True:\n"
    "        try: await asyncio.sleep(0)\n"
    "        except BaseException: pass\n"
    "async def main(): await asyncio.gather(*[f() for i in range(3)])\n"
    "while True:\n"
    "    try: asyncio.run(main())\n"
    "    except BaseException: pass\n",
    "import asyncio\n"
    "async def main():\n"
    "    loop = asyncio.get_running_loop()\n"
    "    def again():\n"
    "        try:\n"
    "            while True: pass\n"
    "        except BaseException: loop.call_soon(again)\n"
    "    loop.call_soon(again)\n"
    "    try:\n"
    "        while True: await asyncio.sleep(0)\n"
    "    finally:\n"
    "        while True: await asyncio.sleep(0)\n"
    "asyncio.run(main())\n",
};
enum { STUBBORN = sizeof stubborn / sizeof *stubborn };

static void end_the_stubborn(aioli_config config, const char *words) {
    World world;
    aioli *vm = start(&world, config);
    for (int i = 0; i < STUBBORN; i++) {
        double begin = seconds_of(CLOCK_MONOTONIC);
        expect_end(vm, stubborn[i], AIOLI_LIMIT, words);
        assert_int_equal(aioli_exit_status(vm), 1);
        assert_true(seconds_of(CLOCK_MONOTONIC) - begin < 30);
        world.memory.output_length = 0; // of what was lost
        run(vm, "");
        world.memory.output_length = 0;
        run(vm, "print(sum(range(10)))\n");
        expect_output(&world, "45\n");
    }
    end(&world, vm);
}

static void test_stubborn_steps(void **state) {
    (void)state;
    char words[100];
    snprintf(words, sizeof words, "LimitError: the limit of %llu steps is reached\n", (unsigned long long)step_limit());
    end_the_stubborn((aioli_config){.step_limit = step_limit(), .virtual_time = 1}, words);
}

static void test_stubborn_time(void **state) {
    (void)state;
    char words[100];
    snprintf(words, sizeof words, "LimitError: the time limit of %g seconds is reached\n", (double)time_limit() / 1e6);
    end_the_stubborn((aioli_config){.time_limit = time_limit()}, words);
    end_the_stubborn((aioli_config){.time_limit = time_limit(), .virtual_time = 1}, words);
}

// Caught once, there is an eighth to clean up; and who comes to an end in that has ended well.
static void test_clean_up(void **state) {
    (void)state;
    World world;
    uint64_t limit = is_stressed ? step_limit() : step_limit() * 10;
    aioli *vm = start(&world, (aioli_config){.step_limit = limit});
    run(vm, "import aioli\n"
            "n = 0\n"
            "try:\n"
            "    while True: n += 1\n"
            "except aioli.LimitError as e: print(e.args == (str(e),), isinstance(e, Exception))\n"
            "print('clean')\n");
    expect_output(&world, "True False\nclean\n");
    uint64_t n = (uint64_t)global_int(vm, "n");
    if (!is_stressed) assert_true(n > limit / 2 && n <= limit);
    expect_end(vm,
               "import aioli\n"
               "n = m = 0\n"
               "try:\n"
               "    while True: n += 1\n"
               "except aioli.LimitError:\n"
               "    try:\n"
               "        while True: m += 1\n"
               "    except BaseException: print('not here')\n"
               "    finally: print('nor here')\n",
               AIOLI_LIMIT, "LimitError");
    expect_output(&world, "");
    uint64_t m = (uint64_t)global_int(vm, "m");
    assert_true(m > 0 && m <= limit / 7);
    if (!is_stressed) assert_true(m > limit / 16);
    // The exit of a program that has been warned is its own.
    expect_end(vm, "try:\n    while True: pass\nexcept BaseException: raise SystemExit(3)\n", AIOLI_EXIT, "");
    assert_int_equal(aioli_exit_status(vm), 3);
    expect_end(vm, "try:\n    while True: pass\nfinally: 1 / 0\n", AIOLI_ERROR, "ZeroDivisionError");
    end(&world, vm);
}

// Functions that take more than half of the limit, and all of it; and an object that takes all of it for whatever it is asked.
static const char half[] = "async def wait():\n"
                           "    while True: pass\n"
                           "def half():\n"
                           "    for i in range(turns): pass\n"
                           "    return turns\n"
                           "def whole():\n"
                           "    while True:\n"
                           "        try:\n"
                           "            while True: pass\n"
                           "        except BaseException: pass\n"
                           "class C:\n"
                           "    def __repr__(self): whole()\n"
                           "    __str__ = __len__ = __bool__ = __iter__ = __next__ = __repr__\n"
                           "    __eq__ = __getitem__ = __contains__ = __float__ = __delitem__ = lambda self, other=0: whole()\n"
                           "    __setitem__ = lambda *args: whole()\n"
                           "    __getattr__ = lambda self, name: whole()\n"
                           "    def __setattr__(self, name, value): whole()\n"
                           "c = C()\n";

// Each call of the header has the whole limit; what is past it is an error of that call.
static void test_calls(void **state) {
    (void)state;
    World world;
    aioli *vm = start(&world, (aioli_config){.step_limit = step_limit(), .virtual_time = 1});
    char source[2000];
    snprintf(source, sizeof source, "turns = %llu\n%s", (unsigned long long)step_limit() / 5 * 3, half);
    run(vm, source);
    for (int turn = 0; turn < 3; turn++) {
        size_t scope = aioli_open(vm);
        assert_non_null(call(vm, "half"));
        assert_null(call(vm, "whole"));
        expect_error_type(vm, "LimitError");
        assert_non_null(call(vm, "half"));
        aioli_close(vm, scope, NULL);
    }
    aioli_value c = aioli_get_attribute(vm, aioli_import(vm, "__main__"), "c"), item;
#define ENDS(failed) (assert_true(failed), expect_error_type(vm, "LimitError"))
    ENDS(!aioli_repr(vm, c));
    ENDS(!aioli_str(vm, c));
    ENDS(aioli_length(vm, c) < 0);
    ENDS(aioli_truth(vm, c) < 0);
    ENDS(aioli_compare(vm, AIOLI_EQUAL, c, AIOLI_NONE) < 0);
    ENDS(aioli_compare(vm, AIOLI_IN, AIOLI_NONE, c) < 0);
    ENDS(!aioli_iterate(vm, c));
    ENDS(aioli_next(vm, c, &item) < 0);
    ENDS(!aioli_get_item(vm, c, AIOLI_NONE));
    ENDS(aioli_set_item(vm, c, AIOLI_NONE, AIOLI_NONE) < 0);
    ENDS(aioli_set_item(vm, c, AIOLI_NONE, NULL) < 0);
    ENDS(!aioli_get_attribute(vm, c, "name"));
    ENDS(aioli_set_attribute(vm, c, "name", c) < 0);
    ENDS(!aioli_call_method(vm, c, "name", 0, NULL));
    ENDS(!aioli_run_until(vm, call(vm, "wait")));
    assert_non_null(call(vm, "half"));
    end(&world, vm);
}

static void test_turns(void **state) {
    (void)state;
    World world;
    aioli *vm = start(&world, (aioli_config){.step_limit = step_limit_of_tasks(), .virtual_time = 1});
    run(vm, "import asyncio\n"
            "n = 0\n"
            "async def spin():\n"
            "    global n\n"
            "    while True:\n"
            "        n += 1\n"
            "        await asyncio.sleep(0)\n"
            "async def hold():\n"
            "    while True:\n"
            "        try:\n"
            "            while True: pass\n"
            "        except BaseException: pass\n");
    assert_non_null(aioli_start(vm, call(vm, "spin")));
    // A budget is no limit: what is left goes on with the next turn.
    uint64_t most = step_limit_of_tasks() / 8;
    for (int i = 0; i < 30; i++) {
        int64_t before = global_int(vm, "n");
        assert_int_equal(aioli_turn(vm, 0, most, NULL), AIOLI_READY);
        int64_t turns = global_int(vm, "n") - before;
        assert_true(turns > 0 && (uint64_t)turns <= most + 1);
    }
    for (int i = 0; i < 3; i++) {
        int64_t before = global_int(vm, "n");
        assert_int_equal(aioli_turn(vm, 1, 0, NULL), AIOLI_READY);
        assert_true(global_int(vm, "n") > before);
    }
    // A limit is one, whichever task meets it.
    assert_non_null(aioli_start(vm, call(vm, "hold")));
    assert_int_equal(aioli_turn(vm, 0, 0, NULL), AIOLI_FAILED);
    expect_error_type(vm, "LimitError");
    assert_non_null(aioli_start(vm, call(vm, "spin")));
    int64_t before = global_int(vm, "n");
    assert_int_equal(aioli_turn(vm, 0, most, NULL), AIOLI_READY);
    assert_true(global_int(vm, "n") > before);
    end(&world, vm);
}

static void test_turns_time(void **state) {
    (void)state;
    World world;
    aioli *vm = start(&world, (aioli_config){.time_limit = time_limit()});
    run(vm, "import asyncio\n"
            "async def spin():\n"
            "    while True: await asyncio.sleep(0)\n");
    assert_non_null(aioli_start(vm, call(vm, "spin")));
    for (int i = 0; i < 5; i++) {
        double begin = seconds_of(CLOCK_MONOTONIC);
        assert_int_equal(aioli_turn(vm, 3000, 0, NULL), AIOLI_READY);
        assert_true(seconds_of(CLOCK_MONOTONIC) - begin >= 0.0029); // and well before the limit
    }
    // Nothing but the limit ends this one.
    assert_int_equal(aioli_turn(vm, 0, 0, NULL), AIOLI_FAILED);
    expect_error_type(vm, "LimitError");
    end(&world, vm);
}

// ---- Whose time it is

// Runs it, and enough after it for the limit to be looked at.
static void run_and_go_on(aioli *vm, const char *source) {
    char all[1000];
    snprintf(all, sizeof all, "%sfor i in range(%d): pass\n", source, is_stressed ? 50 : 20000);
    run(vm, all);
}

// None of these takes time of its own.
static void test_time_of_host(void **state) {
    (void)state;
    World world;
    aioli *vm = start_with_host(&world, (aioli_config){.time_limit = time_limit()});
    run_and_go_on(vm, "import host\nhost.sleeps()\nhost.sleeps()\n");
    run_and_go_on(vm, "import host\n"
                      "def f(): return host.sleeps_around(lambda: 5)\n"
                      "print(host.sleeps_around(f))\n");
    run_and_go_on(vm, "import asyncio, host\n"
                      "async def main(): print(await asyncio.gather(host.later(), host.later()))\n"
                      "asyncio.run(main())\n");
    expect_output(&world, "5\n[7, 7]\n");
    // The loop in the host's hands.
    run(vm, "import host\nasync def main(): return await host.later()\n");
    assert_non_null(aioli_run_until(vm, call(vm, "main")));
    // The script's own time within a native's counts.
    expect_end(vm,
               "import host\n"
               "def f():\n"
               "    while True: pass\n"
               "host.sleeps_around(f)\n",
               AIOLI_LIMIT, "LimitError");
    run_and_go_on(vm, "import host\nhost.sleeps()\n");
    end(&world, vm);
}

// What is refused within a native, or done there for a script, leaves its time the host's.
static void test_time_after_refusal(void **state) {
    (void)state;
    World world;
    aioli *vm = start_with_host(&world, (aioli_config){.time_limit = time_limit()});
    run_and_go_on(vm, "import host\nprint(host.runs_within())\n");
    assert_string_equal(world.misuse, "aioli: aioli_run_source: a program is running");
    run_and_go_on(vm, "import host\nprint(host.frees_within())\n");
    assert_string_equal(world.misuse, "aioli: aioli_free: a function of the VM is running");
    run_and_go_on(vm, "import asyncio, host\nasync def main(): print(await host.at_once())\nasyncio.run(main())\n");
    expect_output(&world, "2\nNone\n7\n");
    end(&world, vm);
}

static void test_time_of_script(void **state) {
    (void)state;
    World world;
    static const char sleep[] = "import asyncio\n"
                                "async def main():\n"
                                "    await asyncio.sleep(3600)\n"
                                "    print('late')\n"
                                "asyncio.run(main())\n";
    aioli *vm = start(&world, (aioli_config){.time_limit = time_limit(), .virtual_time = 1});
    run(vm, sleep);
    run(vm, "import time\ntime.sleep(3600)\n");
    expect_output(&world, "late\n");
    end(&world, vm);
    vm = start(&world, (aioli_config){.time_limit = time_limit(), .grants = AIOLI_GRANT_CLOCK});
    double begin = seconds_of(CLOCK_MONOTONIC);
    expect_end(vm, sleep, AIOLI_LIMIT, "LimitError");
    expect_end(vm, "import time\ntime.sleep(3600)\n", AIOLI_LIMIT, "LimitError");
    expect_end(vm,
               "import asyncio\n"
               "async def main():\n"
               "    while True:\n"
               "        try: await asyncio.sleep(3600)\n"
               "        except BaseException: pass\n"
               "asyncio.run(main())\n",
               AIOLI_LIMIT, "LimitError");
    assert_true(seconds_of(CLOCK_MONOTONIC) - begin < 10);
    expect_output(&world, "");
    end(&world, vm);
}

// ---- Long operations

// Each is one call of a native that would take seconds or hours: a million steps are up first.
static void test_long_operations(void **state) {
    (void)state;
    static const char *const cases[] = {
        "10 ** n ** n",
        "int.__pow__(10, 10**8)",
        "pow(3, 10**30000, 10**10000 + 1)",
        "3 ** 3000000 % 7 ** 1000000",
        "str(1 << 30000000)",
        "int('9' * 3000000)",
        "math.factorial(10**6)",
        "sorted(range(10**6), key=lambda x: -x)",
        "sorted([str(i % 7) for i in range(600000)] * 9)",
        "('a' * 10**6).replace('a', 'b' * 100)",
        "[('a' * 10**6).count('ab') for i in range(10**6)]",
        "sum(range(10**9))",
        "max(iter(int, 1))",
        "list(zip(*[range(10**8)] * 3))",
        "10**8 in iter(range(10**9))",
        "[].extend(iter(int, 1))",
        "any(map(int, iter(int, 1)))",
        "','.join(str(i) for i in range(10**8))",
        "set(range(10**8))",
        "dict.fromkeys(range(10**8))",
        "[0] * 10**6 == [0] * 10**6 and [([0] * 10**6).index(1) for i in range(1000)]",
        "len([i for i in range(10**8)])",
        "[('x' * 10**7).upper() for i in range(10**5)]",
        "['%010000000d' % 1 for i in range(10**5)]",
        "[format(1, '010000000') for i in range(10**5)]",
        "bytes(10**7).replace(b'\\0', b'abc' * 1000)",
        "eval('+'.join(['1'] * 10**6))",
    };
    if (is_stressed) return;
    World world;
    aioli *vm = start(&world, (aioli_config){.step_limit = 1000000, .memory_limit = (size_t)256 << 20});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char source[500];
        snprintf(source, sizeof source, "import math, sys\nsys.set_int_max_str_digits(0)\nn = 8\n%s\n", cases[i]);
        double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        aioli_status status = status_of(vm, source);
        double taken = seconds_of(CLOCK_THREAD_CPUTIME_ID) - begin;
        if (status != AIOLI_LIMIT) fail_msg("%s ended with %d: %s", cases[i], (int)status, aioli_error_text(vm, NULL));
        if (taken > 3 * SLOWER) fail_msg("%s took %g seconds", cases[i], taken);
    }
    end(&world, vm);
}

// ---- The other limits

static void test_memory(void **state) {
    (void)state;
    World world;
    aioli *vm = start(&world, (aioli_config){.memory_limit = 8 << 20});
    static const char *const fill = "import gc\n%s"
                              "kept = []\n"
                              "try:\n"
                              "    while True: kept.append(bytearray(100000))\n"
                              "except MemoryError: n = len(kept)\n"
                              "print(20 < n < 84)\n";
    char source[500];
    snprintf(source, sizeof source, fill, is_stressed ? "gc.disable()\n" : "");
    for (int turn = 0; turn < 3; turn++) run(vm, source);
    expect_output(&world, "True\nTrue\nTrue\n");
    expect_end(vm, "x = bytearray(10**7)\n", AIOLI_ERROR, "MemoryError");
    char *large = calloc(1, 9 << 20);
    assert_null(aioli_bytes(vm, large, 9 << 20));
    expect_error_type(vm, "MemoryError");
    free(large);
    run(vm, "print(len(bytearray(10**6)))\n");
    expect_output(&world, "1000000\n");
    end(&world, vm);
}

static void test_size(void **state) {
    (void)state;
    World world;
    aioli *vm = start(&world, (aioli_config){.size_limit = 100000});
    run(vm, "def attempt(f):\n"
            "    try: return len(f()) if f is not last else f().bit_length()\n"
            "    except MemoryError: return 'MemoryError'\n"
            "last = lambda: 1 << 600000\n"
            "print(attempt(lambda: 'x' * 60000), attempt(lambda: 'x' * 110000), attempt(lambda: bytearray(110000)),\n"
            "      attempt(lambda: [0] * 20000), attempt(lambda: (0,) * 20000),\n"
            "      attempt(lambda: ('x' * 60000) + 'x' * 60000), attempt(last))\n"
            "kept = [bytes(60000) for i in range(30)]\n");
    expect_output(&world, "60000 MemoryError MemoryError MemoryError MemoryError MemoryError MemoryError\n");
    end(&world, vm);
}

static void test_output(void **state) {
    (void)state;
    World world;
    aioli *vm = start(&world, (aioli_config){.output_limit = 50});
    for (int turn = 0; turn < 2; turn++) {
        run(vm, "import sys\n"
                "print('x' * 40, flush=True)\n"
                "try: print('y' * 40, flush=True)\n"
                "except OSError as e: code = e.errno, str(e)\n"
                "sys.stdout.flush() if not code else None\n");
        expect_output(&world, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n");
    }
    run(vm, "code = None\ntry:\n    print('z' * 60, flush=True)\nexcept OSError as e: code = e.errno\n");
    assert_int_equal(global_int(vm, "code"), 27);
    expect_output(&world, "");
    // The errors' stream is counted with it.
    run(vm, "import sys\n"
            "print('x' * 30, file=sys.stderr)\n"
            "code = 0\n"
            "try: print('y' * 30, file=sys.stderr, flush=True)\n"
            "except OSError as e: code = e.errno\n");
    assert_int_equal(global_int(vm, "code"), 27);
    world.memory.output_length = 0;
    // What was held back is told of at the end.
    expect_end(vm, "print('z' * 60)\n", AIOLI_ERROR, "OSError: [Errno 27]");
    assert_int_equal(aioli_exit_status(vm), 120);
    world.memory.output[world.memory.output_length = 0] = 0;
    run(vm, "print('a' * 48)\n");
    end(&world, vm);
}

static void test_tasks(void **state) {
    (void)state;
    World world;
    aioli *vm = start(&world, (aioli_config){.task_limit = 10, .virtual_time = 1});
    for (int turn = 0; turn < 2; turn++) {
        run(vm, "import asyncio\n"
                "async def wait(): await asyncio.sleep(1)\n"
                "async def main():\n"
                "    made = []\n"
                "    try:\n"
                "        while True:\n"
                "            c = wait()\n"
                "            made.append(asyncio.create_task(c))\n"
                "    except RuntimeError as e:\n"
                "        c.close()\n"
                "        print(len(made), e)\n"
                "    await asyncio.gather(*made)\n"
                "    await asyncio.gather(*[wait() for i in range(9)])\n"
                "asyncio.run(main())\n");
        expect_output(&world, "9 too many tasks: the limit is 10\n");
    }
    // Those that the host starts are counted too.
    for (int i = 0; i < 10; i++) assert_non_null(aioli_start(vm, call(vm, "wait")));
    aioli_value c = call(vm, "wait");
    assert_null(aioli_start(vm, c));
    expect_error(vm, "RuntimeError('too many tasks: the limit is 10')");
    aioli_call_method(vm, c, "close", 0, NULL);
    assert_int_equal(aioli_turn(vm, 0, 0, NULL), AIOLI_DONE);
    end(&world, vm);
}

static void test_recursion(void **state) {
    (void)state;
    World world;
    aioli *vm = start(&world, (aioli_config){.recursion_limit = 100});
    static const char source[] = "import sys\n"
                                 "def deep(n):\n"
                                 "    global most\n"
                                 "    most = n\n"
                                 "    deep(n + 1)\n"
                                 "def measure():\n"
                                 "    try: deep(0)\n"
                                 "    except RecursionError: return most\n"
                                 "try: sys.setrecursionlimit(101)\n"
                                 "except ValueError as e: print(e)\n"
                                 "print(80 < measure() < 100, sys.getrecursionlimit())\n"
                                 "sys.setrecursionlimit(50)\n"
                                 "print(30 < measure() < 50, sys.getrecursionlimit())\n";
    for (int turn = 0; turn < 2; turn++) {
        run(vm, source);
        expect_output(&world, "the recursion limit can't be more than 100 here\nTrue 100\nTrue 50\n");
    }
    int64_t most;
    assert_int_equal(aioli_get_int(vm, call(vm, "measure"), &most), 0);
    assert_true(most > 80 && most < 100);
    end(&world, vm);
    vm = start(&world, (aioli_config){0});
    run(vm, "import sys\nprint(sys.getrecursionlimit())\nsys.setrecursionlimit(5000)\nprint(sys.getrecursionlimit())\n");
    expect_output(&world, "1000\n5000\n");
    end(&world, vm);
}

// ---- All together

static void test_untrusted(void **state) {
    (void)state;
    World world;
    // Steps or time: whichever is up first. The time is the clock's, of which a machine that has other things to do may need a lot.
    aioli *vm = start(&world, (aioli_config){.untrusted = 1, .virtual_time = 1});
    double begin = seconds_of(CLOCK_MONOTONIC);
    expect_end(vm, stubborn[1], AIOLI_LIMIT, "LimitError");
    double taken = seconds_of(CLOCK_MONOTONIC) - begin;
    assert_true(taken < 10);
    end(&world, vm);
    vm = start(&world, (aioli_config){.untrusted = 1, .time_limit = 60000000, .virtual_time = 1});
    run(vm, "import sys\n"
            "try: sys.setrecursionlimit(1001)\n"
            "except ValueError as e: print(e)\n"
            "try: x = bytearray((16 << 20) + 1)\n"
            "except MemoryError: print('size')\n"
            "kept = []\n"
            "try:\n"
            "    while True: kept.append(bytearray(15 << 20))\n"
            "except MemoryError: print('memory', 2 < len(kept) < 5)\n"
            "del kept\n");
    expect_output(&world, "the recursion limit can't be more than 1000 here\nsize\nmemory True\n");
    expect_end(vm, "import sys\nfor i in range(2000): sys.stderr.write('x' * 1000)\n", AIOLI_ERROR, "OSError: [Errno 27]");
    world.memory.output_length = 0;
    if (!is_stressed) {
        run(vm, "import asyncio\n"
                "async def wait(): await asyncio.sleep(1)\n"
                "async def main():\n"
                "    made = []\n"
                "    try:\n"
                "        while True: made.append(asyncio.create_task(wait()))\n"
                "    except RuntimeError: print(len(made))\n"
                "asyncio.run(main())\n");
        assert_non_null(strstr(world.memory.output, "9999\n"));
    }
    end(&world, vm);
    // What is set stays so.
    vm = start(&world, (aioli_config){.untrusted = 1, .size_limit = 1000000, .step_limit = step_limit_of_tasks(), .time_limit = 10000000,
                                      .output_limit = 20, .task_limit = 1, .recursion_limit = 60, .memory_limit = 8 << 20,
                                      .virtual_time = 1});
    expect_end(vm, stubborn[1], AIOLI_LIMIT, "steps is reached");
    expect_end(vm, "x = bytes(2000000)\n", AIOLI_ERROR, "MemoryError");
    expect_end(vm, "import sys\nsys.setrecursionlimit(61)\n", AIOLI_ERROR, "more than 60 here");
    expect_end(vm, "print('x' * 30, flush=True)\n", AIOLI_ERROR, "[Errno 27]");
    expect_end(vm, "import asyncio\nasync def main(): await asyncio.gather(main())\nasyncio.run(main())\n", AIOLI_ERROR,
               "too many tasks: the limit is 1");
    run(vm, "print('good')\n");
    expect_output(&world, "good\n");
    end(&world, vm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stubborn_steps),    cmocka_unit_test(test_stubborn_time), cmocka_unit_test(test_clean_up),
        cmocka_unit_test(test_calls),             cmocka_unit_test(test_turns),         cmocka_unit_test(test_turns_time),
        cmocka_unit_test(test_time_of_host),      cmocka_unit_test(test_time_after_refusal),
        cmocka_unit_test(test_time_of_script),    cmocka_unit_test(test_long_operations),
        cmocka_unit_test(test_memory),            cmocka_unit_test(test_size),          cmocka_unit_test(test_output),
        cmocka_unit_test(test_tasks),             cmocka_unit_test(test_recursion),     cmocka_unit_test(test_untrusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

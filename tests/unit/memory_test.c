// Every allocation fails once: a script then sees MemoryError or the run reports it, nothing crashes, nothing leaks. And the
// event loop goes on without memory: what waits is woken.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aioli.h"
#include "counted_memory.h"
#include "stress.h"

typedef struct {
    CountedMemory counted; // first
    bool refuses;          // all fail
    long failing;          // until_failure from when the script says so
} Memory;

static void *resize(void *user, void *block, size_t old_size, size_t new_size) {
    if (((Memory *)user)->refuses && new_size > old_size) return NULL;
    return counted_resize(user, block, old_size, new_size);
}

static int discard(void *user, int stream, const char *bytes, size_t length) {
    (void)user, (void)stream, (void)bytes, (void)length;
    return 0;
}

static const char script[] =
    "import asyncio\n"
    "class Base:\n"
    "    def __init__(self, x): self.x = x\n"
    "    def __repr__(self): return f'Base({self.x!r})'\n"
    "class Child(Base):\n"
    "    def __init__(self, x):\n"
    "        super().__init__(x)\n"
    "        self.a = self.b = self.c = self.d = x\n"
    "def numbers(n):\n"
    "    for i in range(n): yield i * 10 ** 20\n"
    "words = {str(i): [Child(i)] for i in range(30)}\n"
    "text = ','.join(sorted(words)) + '%5.2f' % 3.5 + format(2 ** 70, ',')\n"
    "print(words['3'], text, list(numbers(5)), {1, 2, 3} | set(range(20)))\n"
    "try:\n"
    "    {}['missing']\n"
    "except KeyError as error:\n"
    "    print(repr(error))\n"
    "async def job(i):\n"
    "    await asyncio.sleep(i / 100)\n"
    "    if i == 3: raise ValueError(i)\n"
    "    return i\n"
    "async def ticks():\n"
    "    for i in range(3):\n"
    "        yield i\n"
    "        await asyncio.sleep(0)\n"
    "async def main():\n"
    "    lock = asyncio.Lock()\n"
    "    async with lock:\n"
    "        print(await asyncio.gather(*[job(i) for i in range(6)], return_exceptions=True))\n"
    "    async for i in ticks(): print(i)\n"
    "    async with asyncio.timeout(1):\n"
    "        task = asyncio.create_task(job(9))\n"
    "        await asyncio.sleep(0)\n"
    "        task.cancel()\n"
    "    return [x async for x in ticks()]\n"
    "print(asyncio.run(main()))\n";

// Runs the script with one failing allocation. Returns whether it got that far.
static int run_once(long failing) {
    Memory memory = {.counted.until_failure = failing};
    aioli_config config = {.resize = resize, .write = discard, .user = &memory, .virtual_time = 1};
    aioli *vm = aioli_new(&config);
    if (vm) {
        aioli_status status = aioli_run_source(vm, "<test>", script, sizeof script - 1);
        if (failing < 0) {
            if (status != AIOLI_OK) fail_msg("%s", aioli_error_text(vm, NULL));
        }
        aioli_free(vm);
    }
    if (memory.counted.live_bytes) fail_msg("allocation %ld: %ld bytes left", failing, memory.counted.live_bytes);
    return memory.counted.until_failure < 0;
}

static void nothing_fails(void **state) {
    (void)state;
    run_once(-1);
}

static void each_fails(void **state) {
    (void)state;
    // Every one at the start, where a VM is made; then with a stride, so that the test stays short.
    for (long failing = stride_from(5); run_once(failing); failing += stride(failing < 300 ? 1 : 7, 5)) {}
}

// ---- The loop without memory

// A script's print to the standard output tells when memory fails: "none", "one", "plenty".
static int obey(void *user, int stream, const char *bytes, size_t length) {
    Memory *memory = user;
    if (stream == 1 && length >= 3 && !memcmp(bytes, "one", 3)) memory->counted.until_failure = memory->failing;
    if (stream == 1 && length >= 4 && !memcmp(bytes, "none", 4)) memory->refuses = true;
    if (stream == 1 && length >= 6 && !memcmp(bytes, "plenty", 6)) memory->refuses = false;
    return 0;
}

// Whether one failed, or any could not be had.
static bool run_told(const char *told, long failing) {
    Memory memory = {.counted.until_failure = -1, .failing = failing};
    aioli_config config = {.resize = resize, .write = obey, .user = &memory, .virtual_time = 1};
    aioli *vm = aioli_new(&config);
    aioli_status status = aioli_run_source(vm, "<test>", told, strlen(told));
    if (status != AIOLI_OK) fail_msg("allocation %ld: %s", failing, aioli_error_text(vm, NULL));
    aioli_free(vm);
    if (memory.counted.live_bytes) fail_msg("allocation %ld: %ld bytes left", failing, memory.counted.live_bytes);
    return memory.counted.until_failure < 0;
}

// A cell that dies is not used again under AddressSanitizer, nor for a hundred collections in a stressed build: there the scripts' own
// steps can't be taken without memory, and all are woken with some.
#if defined(__SANITIZE_ADDRESS__) || defined(AIOLI_GC_STRESS)
#define NONE "enough"
#else
#define NONE "none"
#endif
#ifdef AIOLI_GC_STRESS
#define EACH "20"
#else
#define EACH "1000"
#endif

// Many become ready at once, more than ever before, while nothing can be allocated.
static void all_are_woken(void **state) {
    (void)state;
    // What a step takes for itself is there once the garbage of those before it is gone; it is collected before the loop's own needs
    // are all there is, as where the pages end would otherwise decide.
    run_told("import asyncio, gc\n"
             "count = 0\n"
             "def called(future=None):\n"
             "    global count\n"
             "    count += 1\n"
             "async def sleeper(seconds):\n"
             "    await asyncio.sleep(seconds)\n"
             "    called()\n"
             "async def waiter(future):\n"
             "    await future\n"
             "    called()\n"
             "async def main():\n"
             "    loop, first, second = asyncio.get_running_loop(), asyncio.Future(), asyncio.Future()\n"
             "    until = loop.time() + 100\n"
             "    tasks = []\n"
             "    for i in range(" EACH "):\n"
             "        asyncio.create_task(sleeper(until - loop.time()))\n"
             "        asyncio.create_task(waiter(first))\n"
             "        first.add_done_callback(called)\n"
             "        second.add_done_callback(called)\n"
             "        tasks.append(asyncio.create_task(waiter(second)))\n"
             "        tasks[-1].add_done_callback(called)\n"
             "        loop.call_at(until, called)\n"
             "        await asyncio.sleep(0.001)\n"
             "    together = asyncio.gather(*tasks)\n"
             "    gc.collect()\n"
             "    print('" NONE "', flush=True)\n"
             "    first.set_result(None)\n"
             "    second.set_result(None)\n"
             "    try: await together\n"
             "    except MemoryError: pass\n" // no room for its list
             "    await asyncio.sleep(100)\n"
             "    assert count == 7 * " EACH ", count\n"
             "    print('plenty', flush=True)\n"
             "asyncio.run(main())\n", 0);
}

// Whatever fails is a MemoryError in the script, which repeats what it wanted; the loop does not end, and nobody waits in vain.
static void script_goes_on(void **state) {
    (void)state;
    static const char told[] =
        "import asyncio\n"
        "async def job(i):\n"
        "    await asyncio.sleep(i % 3)\n"
        "    return i\n"
        "async def gathering():\n"
        "    assert await asyncio.gather(*[job(i) for i in range(150)]) == list(range(150))\n"
        "async def cancelling():\n"
        "    tasks = [asyncio.create_task(asyncio.sleep(n % 2 * 9)) for n in range(100)]\n"
        "    future = asyncio.Future()\n"
        "    tasks += [asyncio.create_task(waiting(future)) for n in range(2)]\n"
        "    await asyncio.sleep(0)\n"
        "    await asyncio.sleep(0)\n"
        "    for task in tasks: task.cancel()\n"
        "    await asyncio.gather(*tasks, return_exceptions=True)\n"
        "    for task in tasks:\n"
        "        try: await task\n"
        "        except asyncio.CancelledError: pass\n"
        "async def waiting(future): await future\n"
        "async def calling_back():\n"
        "    called, future, loop = [], asyncio.Future(), asyncio.get_running_loop()\n"
        "    for n in range(100): future.add_done_callback(called.append)\n"
        "    for n in range(200): loop.call_soon(called.append, n)\n"
        "    for n in range(200): loop.call_later(1, called.append, n)\n"
        "    future.set_result(1)\n"
        "    await asyncio.sleep(2)\n"
        "async def main():\n"
        "    global finished\n"
        "    works = [gathering, cancelling, calling_back]\n"
        "    print('one', flush=True)\n"
        "    while works:\n"
        "        try:\n"
        "            await works[0]()\n"
        "            del works[0]\n"
        "        except MemoryError: pass\n"
        "    finished = True\n"
        "finished = False\n"
        "try: asyncio.run(main())\n"
        "except MemoryError: assert finished\n"
        "assert finished\n";
    for (long failing = stride_from(13); run_told(told, failing); failing += stride(1, 13)) {}
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_fails), cmocka_unit_test(each_fails),
                                       cmocka_unit_test(all_are_woken), cmocka_unit_test(script_goes_on)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Every allocation fails once: a script then sees MemoryError or the run reports it, nothing crashes, nothing leaks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aioli.h"

typedef struct {
    long until_failure; // allocations that succeed before one fails; negative: none fails
    long allocations;
    long live_bytes;
} Memory;

static void *resize(void *user, void *block, size_t old_size, size_t new_size) {
    Memory *memory = user;
    if (new_size == 0) {
        memory->live_bytes -= (long)old_size;
        free(block);
        return NULL;
    }
    if (new_size > old_size) {
        memory->allocations++;
        if (memory->until_failure == 0) {
            memory->until_failure = -1;
            return NULL;
        }
        if (memory->until_failure > 0) memory->until_failure--;
    }
    void *result = realloc(block, new_size);
    if (result) memory->live_bytes += (long)new_size - (long)old_size;
    return result;
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
    Memory memory = {.until_failure = failing};
    aioli_config config = {.resize = resize, .write = discard, .user = &memory, .virtual_time = 1};
    aioli *vm = aioli_new(&config);
    if (vm) {
        aioli_status status = aioli_run_source(vm, "<test>", script, sizeof script - 1);
        if (failing < 0) {
            if (status != AIOLI_OK) fail_msg("%s", aioli_error_text(vm, NULL));
        }
        aioli_free(vm);
    }
    if (memory.live_bytes) fail_msg("allocation %ld: %ld bytes left", failing, memory.live_bytes);
    return memory.until_failure < 0;
}

static void nothing_fails(void **state) {
    (void)state;
    run_once(-1);
}

static void each_fails(void **state) {
    (void)state;
    // Every one at the start, where a VM is made; then with a stride, so that the test stays short.
    for (long failing = 0; run_once(failing); failing += failing < 300 ? 1 : 7) {}
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_fails), cmocka_unit_test(each_fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

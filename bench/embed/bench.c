// What the border between C and scripts costs: calls in both directions, an async native, a VM. Prints one line "name number" each,
// in nanoseconds or bytes; run.py builds and reads it.
#include <aioli.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CALLS = 2000000, AWAITS = 1000000, MACHINES = 200, ROUNDS = 5 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void fail(aioli *vm) {
    const char *text = aioli_get_text(vm, aioli_traceback(vm, aioli_take_error(vm)), NULL);
    fputs(text ? text : aioli_error_text(vm, NULL), stderr);
    exit(1);
}

static aioli_value add(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    int64_t a, b;
    if (aioli_get_int(vm, arguments[0], &a) < 0 || aioli_get_int(vm, arguments[1], &b) < 0) return NULL;
    return aioli_int(vm, a + b);
}

static aioli_value make_one(aioli *vm, void *data) {
    (void)data;
    return vm ? aioli_int(vm, 1) : NULL;
}

// Completed before the script awaits it.
static aioli_value at_once(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count, (void)data;
    aioli_value future;
    aioli_promise *promise = aioli_new_promise(vm, NULL, NULL, &future);
    if (promise) aioli_complete(promise, make_one, NULL);
    return future;
}

static const aioli_function functions[] = {{"add", add, "a, b", NULL}, {"at_once", at_once, NULL, NULL}, {NULL, NULL, NULL, NULL}};

static const char script[] =
    "from host import add, at_once\n"
    "def plus(a, b):\n"
    "    return a + b\n"
    "def call_native(times):\n"
    "    for i in range(times): add(i, 1)\n"
    "def call_nothing(times):\n"
    "    for i in range(times): pass\n"
    "async def await_native(times):\n"
    "    for i in range(times): await at_once()\n";

static aioli *new_vm(void) {
    aioli *vm = aioli_new(NULL);
    if (!vm || !aioli_module(vm, "host", NULL, functions, NULL)) exit(1);
    if (aioli_run_source(vm, "<bench>", script, strlen(script)) != AIOLI_OK) fail(vm);
    return vm;
}

// The best of some rounds, for one call.
static double into_script(aioli *vm, aioli_value program) {
    aioli_value plus = aioli_get_attribute(vm, program, "plus");
    double best = 1e30;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now();
        for (int i = 0; i < CALLS; i++) {
            size_t scope = aioli_open(vm);
            aioli_value arguments[] = {aioli_int(vm, i), aioli_int(vm, 1)};
            int64_t sum;
            if (aioli_get_int(vm, aioli_call(vm, plus, 2, arguments, NULL), &sum) < 0 || sum != i + 1) fail(vm);
            aioli_close(vm, scope, NULL);
        }
        double taken = (now() - begin) / CALLS;
        if (taken < best) best = taken;
    }
    return best;
}

static double timed_call(aioli *vm, aioli_value program, const char *name, int times) {
    aioli_value argument = aioli_int(vm, times);
    double best = 1e30;
    for (int round = 0; round < ROUNDS; round++) {
        size_t scope = aioli_open(vm);
        double begin = now();
        aioli_value result = aioli_call_method(vm, program, name, 1, &argument);
        if (strncmp(name, "await", 5) == 0) result = aioli_run_until(vm, result);
        if (!result) fail(vm);
        double taken = (now() - begin) / times;
        if (taken < best) best = taken;
        aioli_close(vm, scope, NULL);
    }
    return best;
}

static size_t bytes; // that VMs have

static void *counted_resize(void *user, void *block, size_t old_size, size_t new_size) {
    (void)user;
    bytes += new_size - old_size;
    if (new_size) return realloc(block, new_size);
    free(block);
    return NULL;
}

static long resident(void) {
    long pages = 0, all;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld %ld", &all, &pages) != 2) pages = 0;
    if (file) fclose(file);
    return pages * 4096;
}

int main(void) {
    // First, while the process has no memory to reuse.
    static aioli *machines[MACHINES];
    long before = resident();
    for (int i = 0; i < MACHINES; i++) machines[i] = aioli_new(NULL);
    printf("vm_resident %.0f\n", (double)(resident() - before) / MACHINES);
    for (int i = 0; i < MACHINES; i++) aioli_free(machines[i]);
    double begin = now();
    for (int i = 0; i < MACHINES; i++) aioli_free(aioli_new(NULL));
    printf("vm_new_free %.0f\n", (now() - begin) / MACHINES);
    aioli_config config = {.resize = counted_resize};
    aioli *counted = aioli_new(&config);
    printf("vm_bytes %zu\n", bytes);
    aioli_free(counted);

    aioli *vm = new_vm();
    aioli_value program = aioli_import(vm, "__main__");
    printf("into_script %.1f\n", into_script(vm, program));
    printf("into_native %.1f\n", timed_call(vm, program, "call_native", CALLS) - timed_call(vm, program, "call_nothing", CALLS));
    printf("async_native %.1f\n", timed_call(vm, program, "await_native", AWAITS) - timed_call(vm, program, "call_nothing", AWAITS));
    aioli_free(vm);
    return 0;
}

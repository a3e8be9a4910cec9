// What a host's limits and grants come to.
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/host.h"
#include "base/utf8.h"
#include "loop/loop.h"
#include "object/core/errors.h"
#include "object/text/str.h"
#include "vm/interpreter.h"

// ---- Limits

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void limits_pause(aioli *host) {
    if (!host->time_end || !host->since) return;
    host->used += now() - host->since;
    host->since = 0;
}
void limits_resume(aioli *host) {
    if (host->time_end && !host->since) host->since = now();
}

void limits_begin(aioli *host, LimitsShare share) {
    if (!host->limited) return;
    const aioli_config *config = &host->config;
    Interpreter *in = interpreter_of(&host->vm);
    host->vm.ending = host->warned = false;
    host->steps_end = config->step_limit ? vm_work(&host->vm) + config->step_limit / share + 1 : UINT64_MAX;
    host->time_end = config->time_limit ? config->time_limit * 1000 / share + 1 : 0;
    // A script may have set it lower.
    if (in->most_depth != UINT32_MAX) in->depth_limit = in->most_depth;
    host->used = 0;
    host->since = host->time_end ? now() : 0;
    host->output_left = config->output_limit ? config->output_limit : UINT64_MAX;
}

static uint64_t time_used(const aioli *host) { return host->used + (host->since ? now() - host->since : 0); }

// The second time that a limit is met after the warning, nothing in the script catches it.
static bool charge(VM *vm) {
    aioli *host = host_of_vm(vm);
    const aioli_config *config = &host->config;
    bool steps = vm_work(vm) >= host->steps_end, late = host->time_end && time_used(host) >= host->time_end;
    if (!steps && !late && !vm->ending) return true;
    if (host->warned) vm->ending = true;
    host->warned = true;
    if (steps || late) host->was_late = late;
    if (steps) host->steps_end = vm_work(vm) + config->step_limit / LIMITS_TO_CLEAN_UP + 1;
    if (late) host->time_end = time_used(host) + config->time_limit * 1000 / LIMITS_TO_CLEAN_UP + 1;
    if (host->was_late)
        raise_error(vm, vm->exceptions.limit_error, "the time limit of %g seconds is reached", (double)config->time_limit / 1e6);
    else
        raise_error(vm, vm->exceptions.limit_error, "the limit of %llu steps is reached", (unsigned long long)config->step_limit);
    return false;
}

// At the end of a VM scripts may say what is told of their losses, but not stay: no interrupt and no limit of the host's may be there.
static bool charge_leaving(VM *vm) {
    if (vm_work(vm) < host_of_vm(vm)->steps_end) return true;
    vm->ending = true;
    raise_error(vm, vm->exceptions.limit_error, "the VM is being freed");
    return false;
}

// In units of work; a stressed build collects at each.
#ifdef AIOLI_GC_STRESS
enum { LEAVING_WORK = 1000 };
#else
enum { LEAVING_WORK = 1 << 20 };
#endif

void limits_leave(aioli *host) {
    host->steps_end = vm_work(&host->vm) + LEAVING_WORK;
    host->vm.hooks.charge = charge_leaving;
    host->vm.ending = false;
}

static double wait_begins(VM *vm, bool for_host) {
    aioli *host = host_of_vm(vm);
    if (for_host) limits_pause(host);
    if (for_host || !host->time_end) return INFINITY;
    uint64_t used = time_used(host);
    return used < host->time_end ? (double)(host->time_end - used) / 1e9 : 0;
}

static void wait_ends(VM *vm) {
    aioli *host = host_of_vm(vm);
    limits_resume(host);
    // Looked at before the loop goes on, which might do nothing but wait again.
    if (host->time_end && time_used(host) >= host->time_end) vm->fuel = -1;
}

static void choose_for_untrusted(aioli_config *config) {
    if (!config->memory_limit) config->memory_limit = (size_t)64 << 20;
    if (!config->size_limit) config->size_limit = (size_t)16 << 20;
    if (!config->step_limit) config->step_limit = 100000000;
    if (!config->time_limit) config->time_limit = 1000000;
    if (!config->output_limit) config->output_limit = 1 << 20;
    if (!config->task_limit) config->task_limit = 10000;
}

void limits_create(aioli *host) {
    aioli_config *config = &host->config;
    VM *vm = &host->vm;
    Interpreter *in = interpreter_of(vm);
    if (config->untrusted) choose_for_untrusted(config);
    if (config->memory_limit) heap_set_limit(vm, config->memory_limit);
    if (config->size_limit) vm->heap.largest = config->size_limit;
    if (config->recursion_limit) in->depth_limit = config->recursion_limit;
    if (config->recursion_limit || config->untrusted) in->most_depth = in->depth_limit;
    loop_of(vm)->most_tasks = config->task_limit;
    host->limited = config->step_limit || config->time_limit || config->output_limit || in->most_depth != UINT32_MAX;
    host->output_left = UINT64_MAX;
    if (!config->step_limit && !config->time_limit) return;
    vm->hooks.charge = charge;
    vm->hooks.wait_begins = wait_begins;
    vm->hooks.wait_ends = wait_ends;
}

// ---- Grants

// Copies the paths of folders, with all links followed. A folder that is not there is left out, for nothing can be below it. False:
// memory is short.
static bool copy_folders(aioli *host, const char *const *paths, Folders *folders) {
    size_t count = 0;
    while (paths && paths[count]) count++;
    if (!count) return true;
    folders->paths = allocate(&host->allocator, count * sizeof(char *));
    if (!folders->paths) return false;
    folders->capacity = count;
    for (size_t i = 0; i < count; i++) {
        char real[PATH_MAX];
        if (!realpath(paths[i], real)) continue;
        size_t size = strlen(real) + 1;
        char *copy = allocate(&host->allocator, size);
        if (!copy) return false;
        folders->paths[folders->count++] = memcpy(copy, real, size);
    }
    return true;
}

static void free_folders(aioli *host, Folders *folders) {
    for (size_t i = 0; i < folders->count; i++) release(&host->allocator, folders->paths[i], strlen(folders->paths[i]) + 1);
    release(&host->allocator, folders->paths, folders->capacity * sizeof(char *));
}

// Where the path leads, with all links followed; the file itself may not be there yet. False: nowhere.
static bool resolve(const char *path, char real[PATH_MAX]) {
    if (realpath(path, real)) return true;
    // Not there: its folder decides. A link that leads nowhere is no such file: opening it would make what it leads to.
    char folder[PATH_MAX], link[1];
    size_t length = strlen(path);
    if (errno != ENOENT || length >= PATH_MAX || readlink(path, link, 1) >= 0) return false;
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) : 0;
    memcpy(folder, slash ? path : ".", slash ? size : 2);
    if (slash) folder[size] = 0;
    if (!realpath(slash && !size ? "/" : folder, real)) return false;
    const char *name = slash ? slash + 1 : path;
    if (strcmp(name, "..") == 0 || strcmp(name, ".") == 0 || strlen(real) + strlen(name) + 2 > PATH_MAX) return false;
    if (real[1]) strcat(real, "/");
    strcat(real, name);
    return true;
}

static bool is_below(const Folders *folders, const char *path) {
    char real[PATH_MAX];
    if (!folders->count || !resolve(path, real)) return false;
    for (size_t i = 0; i < folders->count; i++) {
        size_t length = strlen(folders->paths[i]);
        if (length == 1) return true; // the root
        if (strncmp(real, folders->paths[i], length) == 0 && (real[length] == '/' || !real[length])) return true;
    }
    return false;
}

bool grants_file(const aioli *host, bool writes, const char *path) {
    if (host->config.grants & AIOLI_GRANT_FILES) return true;
    return path && is_below(writes ? &host->writable : &host->readable, path);
}

static bool permit(VM *vm, Capability capability, const char *path) {
    static const char *const names[] = {[CAPABILITY_READ] = "reading files",
                                        [CAPABILITY_WRITE] = "writing files",
                                        [CAPABILITY_CLOCK] = "the clock",
                                        [CAPABILITY_INPUT] = "the standard input",
                                        [CAPABILITY_PROGRAM] = "running programs",
                                        [CAPABILITY_ENVIRONMENT] = "the process's environment",
                                        [CAPABILITY_NETWORK] = "the network"};
    const aioli *host = host_of_vm(vm);
    bool granted = false;
    switch (capability) {
    case CAPABILITY_READ: granted = grants_file(host, false, path); break;
    case CAPABILITY_WRITE: granted = grants_file(host, true, path); break;
    case CAPABILITY_CLOCK: granted = host->config.grants & AIOLI_GRANT_CLOCK; break;
    case CAPABILITY_INPUT: granted = host->config.grants & AIOLI_GRANT_INPUT; break;
    case CAPABILITY_PROGRAM: granted = host->config.grants & AIOLI_GRANT_PROGRAMS; break;
    case CAPABILITY_NETWORK: granted = host->config.grants & AIOLI_GRANT_NETWORK; break;
    case CAPABILITY_ENVIRONMENT: granted = host->config.grants & AIOLI_GRANT_ENVIRONMENT; break;
    }
    if (granted) return true;
    if (path && utf8_valid(path, strlen(path), true, NULL))
        raise_error(vm, vm->exceptions.permission_error, "%s is not granted here: '%s'", names[capability], path);
    else
        raise_error(vm, vm->exceptions.permission_error, "%s is not granted here", names[capability]);
    return false;
}

bool grants_create(aioli *host) {
    host->vm.hooks.permit = permit;
    return copy_folders(host, host->config.readable, &host->readable) && copy_folders(host, host->config.writable, &host->writable);
}

void grants_free(aioli *host) {
    free_folders(host, &host->readable);
    free_folders(host, &host->writable);
}

// The counterpart of bench.c for Lua 5.4. An async native is there a native that yields to a host that resumes at once.
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CALLS = 2000000, AWAITS = 1000000, MACHINES = 200, ROUNDS = 5 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void fail(lua_State *state) {
    fprintf(stderr, "%s\n", lua_tostring(state, -1));
    exit(1);
}

static int add(lua_State *state) {
    lua_pushinteger(state, luaL_checkinteger(state, 1) + luaL_checkinteger(state, 2));
    return 1;
}

static int at_once(lua_State *state) { return lua_yield(state, 0); }

static const char script[] =
    "function plus(a, b) return a + b end\n"
    "local add, at_once = add, at_once\n"
    "function call_native(times) for i = 1, times do add(i, 1) end end\n"
    "function call_nothing(times) for i = 1, times do end end\n"
    "function await_native(times) for i = 1, times do at_once() end end\n";

static lua_State *new_state(void) {
    lua_State *state = luaL_newstate();
    luaL_openlibs(state);
    return state;
}

static double into_script(lua_State *state) {
    double best = 1e30;
    lua_getglobal(state, "plus");
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now();
        for (int i = 0; i < CALLS; i++) {
            lua_pushvalue(state, -1);
            lua_pushinteger(state, i);
            lua_pushinteger(state, 1);
            if (lua_pcall(state, 2, 1, 0) != LUA_OK || lua_tointeger(state, -1) != i + 1) fail(state);
            lua_pop(state, 1);
        }
        double taken = (now() - begin) / CALLS;
        if (taken < best) best = taken;
    }
    lua_pop(state, 1);
    return best;
}

static double timed_call(lua_State *state, const char *name, int times) {
    double best = 1e30;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now();
        lua_getglobal(state, name);
        lua_pushinteger(state, times);
        if (lua_pcall(state, 1, 0, 0) != LUA_OK) fail(state);
        double taken = (now() - begin) / times;
        if (taken < best) best = taken;
    }
    return best;
}

static double timed_await(lua_State *state, int times) {
    double best = 1e30;
    for (int round = 0; round < ROUNDS; round++) {
        lua_State *coroutine = lua_newthread(state);
        int results, status;
        lua_getglobal(coroutine, "await_native");
        lua_pushinteger(coroutine, times);
        double begin = now();
        status = lua_resume(coroutine, NULL, 1, &results);
        while (status == LUA_YIELD) {
            lua_pop(coroutine, results);
            lua_pushinteger(coroutine, 1);
            status = lua_resume(coroutine, NULL, 1, &results);
        }
        if (status != LUA_OK) fail(coroutine);
        double taken = (now() - begin) / times;
        if (taken < best) best = taken;
        lua_pop(state, 1);
    }
    return best;
}

static size_t bytes;

static void *counted_resize(void *user, void *block, size_t old_size, size_t new_size) {
    (void)user;
    bytes += new_size - (block ? old_size : 0);
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
    static lua_State *machines[MACHINES];
    long before = resident();
    for (int i = 0; i < MACHINES; i++) machines[i] = new_state();
    printf("vm_resident %.0f\n", (double)(resident() - before) / MACHINES);
    for (int i = 0; i < MACHINES; i++) lua_close(machines[i]);
    double begin = now();
    for (int i = 0; i < MACHINES; i++) lua_close(new_state());
    printf("vm_new_free %.0f\n", (now() - begin) / MACHINES);
    lua_State *counted = lua_newstate(counted_resize, NULL);
    luaL_openlibs(counted);
    printf("vm_bytes %zu\n", bytes);
    lua_close(counted);

    lua_State *state = new_state();
    lua_register(state, "add", add);
    lua_register(state, "at_once", at_once);
    if (luaL_dostring(state, script)) fail(state);
    printf("into_script %.1f\n", into_script(state));
    printf("into_native %.1f\n", timed_call(state, "call_native", CALLS) - timed_call(state, "call_nothing", CALLS));
    printf("async_native %.1f\n", timed_await(state, AWAITS) - timed_call(state, "call_nothing", AWAITS));
    lua_close(state);
    return 0;
}

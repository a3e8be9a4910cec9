// A VM under limits or without grants, for tests: what it prints is kept, and what the host did wrong.
#ifndef RESTRICTED_H
#define RESTRICTED_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "aioli.h"
#include "counted_memory.h"
#include "stress.h"

typedef struct {
    CountedMemory memory; // first
    char misuse[256];     // the last report
    int write_error;      // what writing to a stream fails with, or 0
    const char *input;    // what is left to be read, or NULL: reading fails
    int is_terminal;
} World;

static inline void take_misuse(void *user, const char *message) {
    World *world = user;
    snprintf(world->misuse, sizeof world->misuse, "%s", message);
}

static inline int write_or_fail(void *user, int stream, const char *bytes, size_t length) {
    World *world = user;
    return world->write_error ? world->write_error : counted_write(user, stream, bytes, length);
}

// A VM with a config's limits and grants.
static inline aioli *start(World *world, aioli_config config) {
    *world = (World){.memory.until_failure = -1};
    config.resize = counted_resize;
    config.write = write_or_fail;
    config.misuse = take_misuse;
    config.user = world;
    return aioli_new(&config);
}

static inline void end(World *world, aioli *vm) {
    aioli_free(vm);
    assert_int_equal(world->memory.live_bytes, 0);
}

static inline aioli_value text(aioli *vm, const char *s) { return aioli_string(vm, s, strlen(s)); }

static inline aioli_status status_of(aioli *vm, const char *source) {
    return aioli_run_source(vm, "<test>", source, strlen(source));
}

static inline void run(aioli *vm, const char *source) {
    if (status_of(vm, source) != AIOLI_OK) fail_msg("%s\nended with %s", source, aioli_error_text(vm, NULL));
}

// Runs it, which must end so and with these words in its text.
static inline void expect_end(aioli *vm, const char *source, aioli_status wanted, const char *words) {
    aioli_status status = status_of(vm, source);
    const char *found = aioli_error_text(vm, NULL);
    if (status != wanted || !strstr(found, words)) fail_msg("%s\nended with %d: %s", source, (int)status, found);
}

// What was printed since the last call.
static inline void expect_output(World *world, const char *wanted) {
    assert_string_equal(world->memory.output, wanted);
    world->memory.output[world->memory.output_length = 0] = 0;
}

static inline void expect_error(aioli *vm, const char *wanted) {
    aioli_value error = aioli_take_error(vm);
    assert_non_null(error);
    const char *found = aioli_get_text(vm, aioli_repr(vm, error), NULL);
    assert_non_null(found);
    assert_string_equal(found, wanted);
    assert_null(aioli_take_error(vm));
}

static inline void expect_error_type(aioli *vm, const char *wanted) {
    assert_string_equal(aioli_type_name(vm, aioli_take_error(vm)), wanted);
}

// A function of the last program.
static inline aioli_value call(aioli *vm, const char *name) { return aioli_call_method(vm, aioli_import(vm, "__main__"), name, 0, NULL); }

static inline int64_t global_int(aioli *vm, const char *name) {
    int64_t number = -1;
    aioli_get_int(vm, aioli_get_attribute(vm, aioli_import(vm, "__main__"), name), &number);
    return number;
}

#endif

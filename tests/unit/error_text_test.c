// aioli_error_text: whatever ended a run, and however long the text is, a zero byte follows it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aioli.h"
#include "stress.h"

// Memory whose blocks are no larger than asked for and hold no zero that nobody wrote.
typedef struct {
    long until_failure; // allocations that succeed before all fail; negative: none fails
} Memory;

static void *resize(void *user, void *block, size_t old_size, size_t new_size) {
    Memory *memory = user;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    if (new_size > old_size && memory->until_failure >= 0) {
        if (memory->until_failure == 0) return NULL;
        memory->until_failure--;
    }
    char *result = realloc(block, new_size);
    if (result && new_size > old_size) memset(result + old_size, 0xAA, new_size - old_size);
    return result;
}

static int discard(void *user, int stream, const char *bytes, size_t length) { return 0; }
static int full_disk(void *user, int stream, const char *bytes, size_t length) { return 28; }

static aioli *make(Memory *memory) {
    aioli_config config = {.resize = resize, .write = discard, .user = memory, .virtual_time = 1};
    return aioli_new(&config);
}

static void check_text(aioli *vm, aioli_status status, const char *end) {
    size_t length;
    const char *text = aioli_error_text(vm, &length);
    assert_non_null(text);
    assert_int_equal(text[length], 0);
    if (status == AIOLI_NO_MEMORY) end = "MemoryError\n";
    if (!end) return;
    size_t size = strlen(end);
    assert_true(length >= size);
    assert_string_equal(text + length - size, end);
}

static aioli_status run(aioli *vm, const char *source) { return aioli_run_source(vm, "<test>", source, strlen(source)); }

static aioli_status check(aioli *vm, const char *path) { return aioli_check(vm, path, 0); }
static aioli_status list(aioli *vm, const char *path) { return aioli_check(vm, path, 1); }

static void every_length(void **state) {
    Memory memory = {-1};
    aioli *vm = make(&memory);
    assert_non_null(vm);
    static char source[1000], end[1000], name[600];
    for (int n = (int)stride_from(5); n < 520; n += (int)stride(1, 5)) {
        memset(name, 'x', sizeof name);
        name[n] = 0;
        snprintf(source, sizeof source, "raise SystemExit('%s')", name);
        snprintf(end, sizeof end, "%s\n", name);
        assert_int_equal(run(vm, source), AIOLI_EXIT);
        check_text(vm, AIOLI_EXIT, end);
        assert_int_equal(strlen(aioli_error_text(vm, NULL)), n + 1);
        snprintf(source, sizeof source, "raise ValueError('a%s')", name);
        snprintf(end, sizeof end, "ValueError: a%s\n", name);
        assert_int_equal(run(vm, source), AIOLI_ERROR);
        check_text(vm, AIOLI_ERROR, end);
        snprintf(source, sizeof source, "a%s = (", name);
        assert_int_equal(run(vm, source), AIOLI_ERROR);
        check_text(vm, AIOLI_ERROR, "SyntaxError: '(' was never closed\n");
        snprintf(source, sizeof source, "none/%s", name);
        aioli_status (*const functions[])(aioli *, const char *) = {aioli_run_file, check, list};
        for (int i = 0; i < 3; i++) {
            assert_int_equal(functions[i](vm, source), AIOLI_NO_FILE);
            check_text(vm, AIOLI_NO_FILE, NULL);
            assert_int_equal(aioli_exit_status(vm), 2);
        }
    }
    // A text of the run before is gone.
    assert_int_equal(run(vm, "pass"), AIOLI_OK);
    size_t length;
    assert_string_equal(aioli_error_text(vm, &length), "");
    assert_int_equal(length, 0);
    aioli_free(vm);
}

static void other_ends(void **state) {
    static const struct {
        const char *source, *end;
    } cases[] = {
        {"raise SystemExit", ""},
        {"raise SystemExit(5)", ""},
        {"raise SystemExit('a\\0b')", "b\n"},
        {"raise KeyboardInterrupt", "KeyboardInterrupt\n"},
        {"import sys\nsys.excepthook = 3\n1/0", "ZeroDivisionError: division by zero\n"},
        {"import sys\nsys.excepthook = lambda *a: None\n1/0", ""},
        {"raise ExceptionGroup('g', [ValueError(1), KeyError(2)])", "------------------------------------\n"},
        {"try:\n    1/0\nexcept Exception as e:\n    raise ValueError('\\u20ac') from e", "ValueError: \xE2\x82\xAC\n"},
        {"def f(): f()\nf()", NULL},
    };
    Memory memory = {-1};
    aioli *vm;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_non_null(vm = make(&memory));
        check_text(vm, run(vm, cases[i].source), cases[i].end);
        aioli_free(vm);
    }
    aioli_config config = {.resize = resize, .write = full_disk, .user = &memory};
    assert_non_null(vm = aioli_new(&config));
    assert_int_equal(run(vm, "print(1)"), AIOLI_ERROR);
    check_text(vm, AIOLI_ERROR, "OSError: [Errno 28] No space left on device\n");
    aioli_free(vm);
}

static void memory_limit(void **state) {
    static const char *const sources[] = {
        "a = []\nwhile True: a.append([a])",
        "a = 'x'\nwhile True: a += a",
        "a = [bytearray(1000)]\ntry:\n    while True: a.append(bytearray(100))\nexcept MemoryError:\n    raise SystemExit(str(a))",
        "a = []\ntry:\n    while True: a.append(bytearray(100))\nexcept MemoryError:\n    1/0",
    };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        Memory memory = {-1};
        aioli_config config = {.resize = resize, .write = discard, .user = &memory, .memory_limit = is_stressed ? 512 << 10 : 8 << 20};
        aioli *vm = aioli_new(&config);
        assert_non_null(vm);
        check_text(vm, run(vm, sources[i]), NULL);
        aioli_free(vm);
    }
}

// From each allocation of a run on, all fail, so that there is none for the text either.
static void nothing_left(void **state) {
    static const char source[] = "def f(x):\n    if x: f(x - 1)\n    raise SystemExit('" "long enough to need room of its own: "
                                 "................................................................" "') if x == 4 else ValueError(x)\nf(3)\n";
    for (long left = stride_from(3), reached = 0; !reached; left += stride(left < 400 ? 1 : 5, 3)) {
        Memory memory = {-1};
        aioli *vm = make(&memory);
        assert_non_null(vm);
        memory.until_failure = left;
        aioli_status status = run(vm, source);
        reached = memory.until_failure > 0;
        check_text(vm, status, reached ? "ValueError: 0\n" : NULL);
        // The VM is good for another run once there is memory again.
        memory.until_failure = -1;
        assert_int_equal(run(vm, "raise SystemExit('again')"), AIOLI_EXIT);
        check_text(vm, AIOLI_EXIT, "again\n");
        aioli_free(vm);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_length), cmocka_unit_test(other_ends),
                                       cmocka_unit_test(memory_limit), cmocka_unit_test(nothing_left)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

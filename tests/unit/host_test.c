// The header's values, functions, modules and classes: what each function does, how it fails, and that no failing allocation makes
// it crash or leak.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aioli.h"
#include "counted_memory.h"
#include "stress.h"

// ---- A VM for a test

typedef struct {
    CountedMemory memory; // first
    char misuse[256]; // the last report
    int finalized;
} World;

static void take_misuse(void *user, const char *message) {
    World *world = user;
    snprintf(world->misuse, sizeof world->misuse, "%s", message);
}

static aioli *new_vm(World *world) {
    aioli_config config = {.resize = counted_resize, .write = counted_write, .misuse = take_misuse, .user = world, .virtual_time = 1,
                           .recursion_limit = is_stressed ? 200 : 0};
    return aioli_new(&config);
}

static void start(World *world, aioli **vm) {
    *world = (World){.memory.until_failure = -1};
    *vm = new_vm(world);
    assert_non_null(*vm);
}

static void end(World *world, aioli *vm) {
    aioli_free(vm);
    assert_int_equal(world->memory.live_bytes, 0);
}

static aioli_value text(aioli *vm, const char *s) { return aioli_string(vm, s, strlen(s)); }

static aioli_value evaluate(aioli *vm, const char *expression) {
    aioli_value arguments[] = {text(vm, expression)};
    return aioli_call_method(vm, aioli_import(vm, "builtins"), "eval", 1, arguments);
}

static void run(aioli *vm, const char *source) {
    if (aioli_run_source(vm, "<test>", source, strlen(source)) != AIOLI_OK) fail_msg("%s", aioli_error_text(vm, NULL));
}

static void expect_repr(aioli *vm, aioli_value value, const char *wanted) {
    const char *found = aioli_get_text(vm, aioli_repr(vm, value), NULL);
    if (!found) fail_msg("%s", aioli_get_text(vm, aioli_traceback(vm, aioli_take_error(vm)), NULL));
    assert_string_equal(found, wanted);
}

static void expect_error(aioli *vm, const char *wanted) {
    aioli_value error = aioli_take_error(vm);
    assert_non_null(error);
    assert_int_equal(aioli_kind_of(vm, error), AIOLI_KIND_EXCEPTION);
    expect_repr(vm, error, wanted);
    assert_null(aioli_take_error(vm));
}

// ---- Values

static void test_make_and_read(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm);
    int64_t n;
    double d;
    size_t length;
    assert_int_equal(aioli_get_int(vm, aioli_int(vm, INT64_MIN), &n), 0);
    assert_true(n == INT64_MIN);
    assert_int_equal(aioli_get_int(vm, AIOLI_TRUE, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(aioli_get_float(vm, aioli_float(vm, 0.5), &d), 0);
    assert_true(d == 0.5);
    assert_int_equal(aioli_get_float(vm, aioli_int(vm, 3), &d), 0);
    assert_true(d == 3);
    aioli_value s = aioli_string(vm, "a\0\xC3\xA9", 4);
    assert_memory_equal(aioli_get_text(vm, s, &length), "a\0\xC3\xA9", 5);
    assert_int_equal(length, 4);
    assert_int_equal(aioli_length(vm, s), 3);
    aioli_value b = aioli_bytes(vm, "\0\xFF", 2);
    assert_memory_equal(aioli_get_text(vm, b, &length), "\0\xFF", 3);
    assert_int_equal(length, 2);
    expect_repr(vm, aioli_bytes(vm, NULL, 0), "b''");
    aioli_value items[] = {aioli_int(vm, 1), s, AIOLI_NONE};
    expect_repr(vm, aioli_list(vm, 3, items), "[1, 'a\\x00\xC3\xA9', None]");
    expect_repr(vm, aioli_tuple(vm, 2, items), "(1, 'a\\x00\xC3\xA9')");
    expect_repr(vm, aioli_list(vm, 0, NULL), "[]");
    expect_repr(vm, aioli_tuple(vm, 0, NULL), "()");
    aioli_value dict = aioli_dict(vm);
    assert_int_equal(aioli_set_item(vm, dict, text(vm, "k"), AIOLI_FALSE), 0);
    expect_repr(vm, dict, "{'k': False}");
    assert_ptr_equal(aioli_get_item(vm, dict, text(vm, "k")), AIOLI_FALSE);
    assert_int_equal(aioli_set_item(vm, dict, text(vm, "k"), NULL), 0);
    assert_int_equal(aioli_length(vm, dict), 0);
    end(&world, vm);
}

static void test_large_ints(void **state) {
    (void)state;
    static const struct {
        const char *expression;
        size_t length;
        unsigned char bytes[9];
    } cases[] = {
        {"0", 1, {0}},          {"1", 1, {1}},        {"-1", 1, {0xFF}},         {"127", 1, {0x7F}},
        {"128", 2, {0x80, 0}},  {"-128", 1, {0x80}},  {"-129", 2, {0x7F, 0xFF}}, {"255", 2, {0xFF, 0}},
        {"-256", 2, {0, 0xFF}}, {"-32768", 2, {0, 0x80}}, {"2**63", 9, {0, 0, 0, 0, 0, 0, 0, 0x80, 0}},
        {"-2**63", 8, {0, 0, 0, 0, 0, 0, 0, 0x80}},
    };
    World world;
    aioli *vm;
    start(&world, &vm);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char bytes[16];
        aioli_value n = evaluate(vm, cases[i].expression);
        assert_int_equal(aioli_get_int_bytes(vm, n, bytes, sizeof bytes), cases[i].length);
        assert_memory_equal(bytes, cases[i].bytes, cases[i].length);
        assert_int_equal(aioli_compare(vm, AIOLI_EQUAL, aioli_int_from_bytes(vm, bytes, cases[i].length), n), 1);
    }
    unsigned char one[1];
    assert_int_equal(aioli_get_int_bytes(vm, evaluate(vm, "2**800"), one, 1), 101);
    assert_int_equal(aioli_get_int_bytes(vm, evaluate(vm, "2**800"), NULL, 0), 101);
    int64_t n;
    assert_int_equal(aioli_get_int(vm, evaluate(vm, "2**63"), &n), -1);
    expect_error(vm, "OverflowError('the int has more than 64 bits')");
    assert_int_equal(aioli_get_int_bytes(vm, AIOLI_NONE, one, 1), 0);
    expect_error(vm, "TypeError(\"an int is wanted, not 'NoneType'\")");
    end(&world, vm);
}

static void test_kinds(void **state) {
    (void)state;
    static const struct {
        const char *expression, *type;
        aioli_kind kind;
    } cases[] = {
        {"None", "NoneType", AIOLI_KIND_NONE},        {"True", "bool", AIOLI_KIND_BOOL},
        {"1", "int", AIOLI_KIND_INT},                 {"2**99", "int", AIOLI_KIND_INT},
        {"1.5", "float", AIOLI_KIND_FLOAT},           {"''", "str", AIOLI_KIND_STRING},
        {"b''", "bytes", AIOLI_KIND_BYTES},           {"bytearray()", "bytearray", AIOLI_KIND_BYTES},
        {"[]", "list", AIOLI_KIND_LIST},              {"()", "tuple", AIOLI_KIND_TUPLE},
        {"{}", "dict", AIOLI_KIND_DICT},              {"set()", "set", AIOLI_KIND_SET},
        {"frozenset()", "frozenset", AIOLI_KIND_SET}, {"ValueError()", "ValueError", AIOLI_KIND_EXCEPTION},
        {"1j", "complex", AIOLI_KIND_OTHER},          {"len", "builtin_function_or_method", AIOLI_KIND_OTHER},
        {"type('L', (list,), {})()", "L", AIOLI_KIND_LIST},
    };
    World world;
    aioli *vm;
    start(&world, &vm);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        aioli_value value = evaluate(vm, cases[i].expression);
        assert_int_equal(aioli_kind_of(vm, value), cases[i].kind);
        assert_string_equal(aioli_type_name(vm, value), cases[i].type);
    }
    assert_int_equal(aioli_kind_of(vm, NULL), AIOLI_KIND_NULL);
    assert_string_equal(aioli_type_name(vm, NULL), "NULL");
    end(&world, vm);
}

static void test_wrong_kinds(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm);
    int64_t n;
    double d;
    assert_int_equal(aioli_get_int(vm, aioli_float(vm, 1), &n), -1);
    expect_error(vm, "TypeError(\"an int is wanted, not 'float'\")");
    assert_int_equal(aioli_get_float(vm, text(vm, "1"), &d), -1);
    expect_error(vm, "TypeError('must be real number, not str')");
    assert_null(aioli_get_text(vm, AIOLI_NONE, NULL));
    expect_error(vm, "TypeError(\"a str or bytes is wanted, not 'NoneType'\")");
    assert_null(aioli_string(vm, "a\xFF", 2));
    expect_error(vm, "ValueError('aioli_string: not UTF-8 at byte 1')");
    assert_int_equal(aioli_length(vm, AIOLI_NONE), -1);
    expect_error(vm, "TypeError(\"object of type 'NoneType' has no len()\")");
    assert_null(aioli_iterate(vm, AIOLI_NONE));
    expect_error(vm, "TypeError(\"'NoneType' object is not iterable\")");
    aioli_value item;
    assert_int_equal(aioli_next(vm, AIOLI_NONE, &item), -1);
    assert_null(item);
    expect_error(vm, "TypeError(\"'NoneType' object is not an iterator\")");
    assert_null(aioli_get_item(vm, AIOLI_NONE, AIOLI_NONE));
    expect_error(vm, "TypeError(\"'NoneType' object is not subscriptable\")");
    assert_null(aioli_get_attribute(vm, AIOLI_NONE, "\xFF"));
    expect_error(vm, "ValueError('aioli_get_attribute: the name is not UTF-8')");
    assert_null(aioli_import(vm, "no_such_module"));
    expect_error(vm, "ModuleNotFoundError(\"No module named 'no_such_module' (and this VM may not read files)\")");
    end(&world, vm);
}

static void test_operations(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm);
    run(vm, "class C:\n  def __init__(self, x, *, y=2): self.x, self.y = x, y\n  def sum(self, z): return self.x + self.y + z\n");
    aioli_value arguments[] = {aioli_int(vm, 10), aioli_int(vm, 20)};
    const char *const names[] = {"y", NULL};
    aioli_value c = aioli_call(vm, aioli_get_attribute(vm, aioli_import(vm, "__main__"), "C"), 2, arguments, names);
    expect_repr(vm, aioli_get_attribute(vm, c, "y"), "20");
    expect_repr(vm, aioli_call_method(vm, c, "sum", 1, arguments), "40");
    assert_int_equal(aioli_set_attribute(vm, c, "x", AIOLI_NONE), 0);
    assert_ptr_equal(aioli_get_attribute(vm, c, "x"), AIOLI_NONE);
    assert_int_equal(aioli_set_attribute(vm, c, "x", NULL), 0);
    assert_null(aioli_get_attribute(vm, c, "x"));
    expect_error(vm, "AttributeError(\"'C' object has no attribute 'x'\")");
    const char *const too_many[] = {"a", "b", "c", NULL};
    assert_null(aioli_call(vm, c, 2, arguments, too_many));
    expect_error(vm, "ValueError('aioli_call: more names than arguments')");
    assert_null(aioli_call(vm, c, 0, NULL, NULL));
    expect_error(vm, "TypeError(\"'C' object is not callable\")");

    aioli_value it = aioli_iterate(vm, evaluate(vm, "range(3)")), item;
    int64_t sum = 0, n;
    while (aioli_next(vm, it, &item) == 1) sum += aioli_get_int(vm, item, &n) == 0 ? n : 100;
    assert_int_equal(sum, 3);
    assert_null(aioli_take_error(vm));

    aioli_value one = aioli_int(vm, 1), two = aioli_int(vm, 2);
    assert_int_equal(aioli_compare(vm, AIOLI_EQUAL, one, two), 0);
    assert_int_equal(aioli_compare(vm, AIOLI_NOT_EQUAL, one, two), 1);
    assert_int_equal(aioli_compare(vm, AIOLI_LESS, one, two), 1);
    assert_int_equal(aioli_compare(vm, AIOLI_LESS_EQUAL, one, one), 1);
    assert_int_equal(aioli_compare(vm, AIOLI_GREATER, one, two), 0);
    assert_int_equal(aioli_compare(vm, AIOLI_GREATER_EQUAL, one, two), 0);
    assert_int_equal(aioli_compare(vm, AIOLI_IN, one, evaluate(vm, "[1]")), 1);
    assert_int_equal(aioli_compare(vm, AIOLI_SAME, one, one), 1);
    assert_int_equal(aioli_compare(vm, AIOLI_INSTANCE, one, evaluate(vm, "(str, int)")), 1);
    assert_int_equal(aioli_compare(vm, AIOLI_INSTANCE, one, one), -1);
    aioli_take_error(vm);
    assert_int_equal(aioli_compare(vm, AIOLI_LESS, one, AIOLI_NONE), -1);
    expect_error(vm, "TypeError(\"'<' not supported between instances of 'int' and 'NoneType'\")");
    assert_int_equal(aioli_truth(vm, aioli_int(vm, 0)), 0);
    assert_int_equal(aioli_truth(vm, one), 1);
    expect_repr(vm, aioli_str(vm, one), "'1'");
    // More arguments than lie on the C stack.
    aioli_value many[100];
    for (int i = 0; i < 100; i++) many[i] = aioli_int(vm, i);
    expect_repr(vm, aioli_call(vm, evaluate(vm, "lambda *a: sum(a)"), 100, many, NULL), "4950");
    end(&world, vm);
}

// ---- Exceptions

static void test_exceptions(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm);
    run(vm, "def f():\n    raise KeyError('k', 3)\n");
    assert_null(aioli_call_method(vm, aioli_import(vm, "__main__"), "f", 0, NULL));
    aioli_value e = aioli_take_error(vm);
    assert_string_equal(aioli_type_name(vm, e), "KeyError");
    expect_repr(vm, aioli_get_attribute(vm, e, "args"), "('k', 3)");
    assert_string_equal(aioli_get_text(vm, aioli_traceback(vm, e), NULL),
                        "Traceback (most recent call last):\n  File \"<test>\", line 2, in f\n    raise KeyError('k', 3)\n"
                        "KeyError: ('k', 3)\n");
    aioli_raise(vm, e);
    assert_int_equal(aioli_compare(vm, AIOLI_SAME, aioli_take_error(vm), e), 1);
    aioli_raise(vm, evaluate(vm, "OSError"));
    expect_error(vm, "OSError()");
    aioli_raise(vm, AIOLI_NONE);
    expect_error(vm, "TypeError('exceptions must derive from BaseException')");
    aioli_raise_error(vm, "ValueError", "%d of %s", 3, "x");
    expect_error(vm, "ValueError('3 of x')");
    aioli_raise_error(vm, "asyncio.InvalidStateError", "m");
    expect_error(vm, "InvalidStateError('m')");
    aioli_raise_error(vm, "NoSuchError", "m");
    expect_error(vm, "AttributeError(\"module 'builtins' has no attribute 'NoSuchError'\")");
    aioli_raise_error(vm, "ValueError", "%s", "\xFF");
    expect_error(vm, "ValueError('aioli_raise_error: the message is not UTF-8')");
    assert_null(aioli_traceback(vm, AIOLI_NONE));
    expect_error(vm, "TypeError(\"an exception is wanted, not 'NoneType'\")");
    // The first failure of a chain is the one that is told.
    aioli_value missing = aioli_get_attribute(vm, AIOLI_NONE, "missing");
    assert_int_equal(aioli_set_attribute(vm, evaluate(vm, "len"), "x", aioli_call(vm, missing, 0, NULL, NULL)), -1);
    aioli_take_error(vm);
    assert_null(aioli_call(vm, aioli_get_item(vm, aioli_get_attribute(vm, AIOLI_NONE, "missing"), AIOLI_NONE), 0, NULL, NULL));
    expect_error(vm, "AttributeError(\"'NoneType' object has no attribute 'missing'\")");
    assert_null(aioli_call(vm, NULL, 0, NULL, NULL));
    expect_error(vm, "RuntimeError('aioli_call: NULL is no value')");
    end(&world, vm);
}

// ---- Handles

static void test_scopes(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm);
    size_t outer = aioli_open(vm);
    aioli_value a = aioli_int(vm, 1);
    size_t inner = aioli_open(vm);
    aioli_value b = text(vm, "b"), c = aioli_close(vm, inner, b);
    expect_repr(vm, c, "'b'");
    assert_null(aioli_repr(vm, b));
    expect_error(vm, "RuntimeError('aioli_repr: a handle whose scope has ended')");
    assert_string_equal(world.misuse, "aioli: aioli_repr: a handle whose scope has ended");
    expect_repr(vm, a, "1");
    aioli_close(vm, outer, NULL);
    assert_int_equal(aioli_kind_of(vm, a), AIOLI_KIND_NULL);
    assert_int_equal(aioli_kind_of(vm, c), AIOLI_KIND_NULL);
    aioli_value again = aioli_int(vm, 1); // the same place, another generation
    assert_ptr_not_equal(a, again);
    assert_int_equal(aioli_kind_of(vm, a), AIOLI_KIND_NULL);
    assert_null(aioli_close(vm, 1000, NULL));
    expect_error(vm, "RuntimeError(\"aioli_close: the scope is not open, or not the caller's\")");
    // Many places: they move when there are more.
    size_t scope = aioli_open(vm);
    aioli_value first = text(vm, "first");
    for (int i = 0; i < 10000; i++) assert_non_null(aioli_int(vm, i));
    expect_repr(vm, first, "'first'");
    aioli_close(vm, scope, NULL);
    end(&world, vm);
}

static void test_keep(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm);
    size_t scope = aioli_open(vm);
    aioli_value kept[100];
    for (int i = 0; i < 100; i++) kept[i] = aioli_keep(vm, evaluate(vm, "[object()]"), NULL);
    aioli_close(vm, scope, NULL);
    run(vm, "import gc\ngc.collect()\n");
    for (int i = 0; i < 100; i++) assert_int_equal(aioli_length(vm, kept[i]), 1);
    for (int i = 0; i < 100; i += 2) aioli_drop(vm, kept[i]);
    assert_int_equal(aioli_kind_of(vm, kept[0]), AIOLI_KIND_NULL);
    aioli_value fresh = aioli_keep(vm, AIOLI_TRUE, NULL);
    assert_int_equal(aioli_truth(vm, fresh), 1);
    assert_int_equal(aioli_kind_of(vm, kept[98]), AIOLI_KIND_NULL);
    assert_int_equal(aioli_length(vm, kept[1]), 1);
    world.misuse[0] = 0;
    aioli_drop(vm, kept[0]);
    assert_string_equal(world.misuse, "aioli: aioli_drop: a handle that aioli_keep did not make, or that is dead");
    aioli_drop(vm, NULL);
    assert_null(aioli_keep(vm, AIOLI_TRUE, AIOLI_TRUE));
    expect_error(vm, "TypeError(\"aioli_keep: the owner is no object of the host's, but 'bool'\")");
    end(&world, vm);
}

static void *use_elsewhere(void *argument) { return aioli_int(argument, 1); }
static aioli_value use_from_thread(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count, (void)data;
    pthread_t thread;
    void *result = vm;
    pthread_create(&thread, NULL, use_elsewhere, vm);
    pthread_join(thread, &result);
    return result ? AIOLI_TRUE : AIOLI_FALSE;
}
static aioli_value run_again(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count, (void)data;
    aioli_free(vm);
    return aioli_int(vm, aioli_run_source(vm, "<inner>", "1", 1));
}

static void test_misuse(void **state) {
    (void)state;
    World world, other_world;
    aioli *vm, *other;
    start(&world, &vm);
    start(&other_world, &other);
    assert_null(aioli_repr(other, aioli_int(vm, 5)));
    assert_string_equal(other_world.misuse, "aioli: aioli_repr: a handle that is not of this VM");
    expect_error(other, "RuntimeError('aioli_repr: a handle that is not of this VM')");
    static const aioli_function functions[] = {{"thread", use_from_thread, NULL, NULL}, {"again", run_again, NULL, NULL}, {0}};
    assert_non_null(aioli_module(vm, "bad", NULL, functions, NULL));
    run(vm, "import bad\nassert bad.thread() is False\n");
    assert_string_equal(world.misuse, "aioli: aioli_int: another thread is using this VM");
    run(vm, "import bad\nassert bad.again() == 2\n");
    assert_string_equal(world.misuse, "aioli: aioli_run_source: a program is running");
    pthread_t thread;
    void *made = NULL;
    pthread_create(&thread, NULL, use_elsewhere, vm); // one after the other is no misuse
    pthread_join(thread, &made);
    expect_repr(vm, made, "1");
    end(&other_world, other);
    end(&world, vm);
}

// ---- Natives

static aioli_value add(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    int64_t sum = *(int *)data, one;
    for (size_t i = 0; i < count; i++) {
        if (!arguments[i]) continue;
        if (aioli_get_int(vm, arguments[i], &one) < 0) return NULL;
        sum += one;
    }
    return aioli_int(vm, sum);
}
static aioli_value give_nothing(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)vm, (void)arguments, (void)count, (void)data;
    return NULL;
}
static aioli_value give_dead(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count, (void)data;
    size_t scope = aioli_open(vm);
    aioli_value dead = aioli_int(vm, 1);
    aioli_close(vm, scope, NULL);
    return dead;
}
static aioli_value close_outer(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count, (void)data;
    aioli_close(vm, 0, NULL);
    return NULL;
}
static aioli_value recover(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    aioli_get_attribute(vm, arguments[0], "missing"); // left behind
    return AIOLI_TRUE;
}
static aioli_value call_back(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)data;
    return aioli_call(vm, arguments[0], count - 1, arguments + 1, NULL);
}

static int base = 1000;
static const aioli_function functions[] = {{"add", add, "x, y=2, *rest, z=", "Adds them up."},
                                           {"nothing", give_nothing, NULL, NULL},
                                           {"dead", give_dead, "", NULL},
                                           {"close_outer", close_outer, "", NULL},
                                           {"recover", recover, "value, /", NULL},
                                           {"call_back", call_back, "function, *arguments", NULL},
                                           {0}};

static const char native_script[] =
    "import host\n"
    "def attempt(text):\n"
    "    try: print(text, eval(text))\n"
    "    except Exception as e: print(text, type(e).__name__, e)\n"
    "for text in ('host.add(1)', 'host.add(1, y=1)', 'host.add(1, 2, 3, 4, z=5)', 'host.add(*range(50))', 'host.add()',\n"
    "             'host.add(q=1)', 'host.add(1, q=1)', 'host.add(\"a\")', 'host.nothing()', 'host.nothing(1)', 'host.dead()', 'host.close_outer()',\n"
    "             'host.recover(1)', 'host.recover(value=1)', 'host.call_back(len, [1])', 'host.call_back(host.add, 1)',\n"
    "             'host.call_back(lambda: 1 / 0)', 'host.add.__doc__', 'host.__doc__', 'host.limit'):\n"
    "    attempt(text)\n"
    "def deep(n): return n if n == 0 else host.call_back(deep, n - 1)\n"
    "print(deep(50))\n"
    "try: deep(100000)\n"
    "except RecursionError: print('deep enough')\n";
static const char native_output[] =
    "host.add(1) 1001\n"
    "host.add(1, y=1) 1002\n"
    "host.add(1, 2, 3, 4, z=5) 1015\n"
    "host.add(*range(50)) 2225\n"
    "host.add() TypeError add() missing required argument 'x' (pos 1)\n"
    "host.add(q=1) TypeError add() missing required argument 'x' (pos 1)\n"
    "host.add(1, q=1) TypeError add() got an unexpected keyword argument 'q'\n"
    "host.add(\"a\") TypeError an int is wanted, not 'str'\n"
    "host.nothing() RuntimeError nothing() returned NULL without an exception\n"
    "host.nothing(1) TypeError nothing() takes no arguments (1 given)\n"
    "host.dead() RuntimeError dead: a handle whose scope has ended\n"
    "host.close_outer() RuntimeError aioli_close: the scope is not open, or not the caller's\n"
    "host.recover(1) True\n"
    "host.recover(value=1) TypeError recover() takes no keyword arguments\n"
    "host.call_back(len, [1]) 1\n"
    "host.call_back(host.add, 1) 1001\n"
    "host.call_back(lambda: 1 / 0) ZeroDivisionError division by zero\n"
    "host.add.__doc__ Adds them up.\n"
    "host.__doc__ For tests.\n"
    "host.limit 7\n"
    "0\n"
    "deep enough\n";

static bool add_module(aioli *vm) {
    aioli_value module = aioli_module(vm, "host", "For tests.", functions, &base);
    return module && aioli_set_attribute(vm, module, "limit", aioli_int(vm, 7)) == 0;
}

static void test_natives(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm);
    assert_int_equal(aioli_kind_of(vm, aioli_int(vm, 1)), AIOLI_KIND_INT);
    assert_true(add_module(vm));
    run(vm, native_script);
    assert_string_equal(world.memory.output, native_output);
    static const aioli_function many = {"many", give_nothing, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y", NULL};
    assert_null(aioli_new_function(vm, &many, NULL));
    expect_error(vm, "ValueError('many() has more than 24 parameters')");
    aioli_value function = aioli_new_function(vm, &functions[0], &base), one = aioli_int(vm, 1);
    expect_repr(vm, aioli_call(vm, function, 1, &one, NULL), "1001");
    end(&world, vm);
}

// ---- Classes

typedef struct {
    double x;
    aioli_value partner;
    World *world;
} Point;
static aioli_class point_class;

static aioli_value point_init(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count;
    Point *point = aioli_data(vm, arguments[0], &point_class);
    point->world = data;
    return arguments[1] && aioli_get_float(vm, arguments[1], &point->x) < 0 ? NULL : AIOLI_NONE;
}
static aioli_value point_length(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count, (void)data;
    return aioli_int(vm, 1);
}
static aioli_value point_equal(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    Point *a = aioli_data(vm, arguments[0], &point_class), *b = aioli_data(vm, arguments[1], &point_class);
    return b && a->x == b->x ? AIOLI_TRUE : AIOLI_FALSE;
}
static aioli_value point_plus(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    Point *a = aioli_data(vm, arguments[0], &point_class), *b = aioli_data(vm, arguments[1], &point_class);
    void *sum;
    aioli_value made = b ? aioli_object(vm, &point_class, &sum) : NULL;
    if (!made) return NULL;
    *(Point *)sum = (Point){.x = a->x + b->x, .world = a->world};
    return made;
}
static aioli_value get_x(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    return aioli_float(vm, ((Point *)aioli_data(vm, arguments[0], &point_class))->x);
}
static aioli_value set_x(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    return aioli_get_float(vm, arguments[1], &((Point *)aioli_data(vm, arguments[0], &point_class))->x) < 0 ? NULL : AIOLI_NONE;
}
static aioli_value get_partner(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    Point *point = aioli_data(vm, arguments[0], &point_class);
    return point->partner ? point->partner : AIOLI_NONE;
}
static aioli_value set_partner(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    Point *point = aioli_data(vm, arguments[0], &point_class);
    aioli_value kept = aioli_keep(vm, arguments[1], arguments[0]);
    if (!kept) return NULL;
    aioli_drop(vm, point->partner);
    point->partner = kept;
    return AIOLI_NONE;
}
static void finalize_point(void *bytes) {
    Point *point = bytes;
    if (point->world) point->world->finalized++;
}

static const aioli_function point_methods[] = {{"__init__", point_init, "self, x=0.0", "Makes one."},
                                               {"__len__", point_length, "self", NULL},
                                               {"__eq__", point_equal, "self, other", NULL},
                                               {"__add__", point_plus, "self, other", NULL},
                                               {0}};
static const aioli_property point_properties[] = {{"x", get_x, set_x, "Its place."},
                                                  {"fixed", get_x, NULL, NULL},
                                                  {"partner", get_partner, set_partner, NULL},
                                                  {0}};
// Its data is the World of the test.
static aioli_class point_class = {"Point", "A point.", sizeof(Point), finalize_point, point_methods, point_properties, NULL};
static const aioli_class bare_class = {"Bare", NULL, 0, NULL, NULL, NULL, NULL};

static bool add_classes(World *world, aioli *vm) {
    point_class.data = world;
    return add_module(vm) && aioli_new_class(vm, "host", &point_class) && aioli_new_class(vm, "host", &bare_class);
}

static const char class_script[] =
    "import gc, host\n"
    "from host import Point, Bare\n"
    "def attempt(text):\n"
    "    try: print(text, eval(text))\n"
    "    except Exception as e: print(text, type(e).__name__, e)\n"
    "p = Point(3)\n"
    "p.x = 4\n"
    "for text in ('Point', 'Point.__doc__', 'Point.__mro__', 'len(p)', 'p.x', 'p == Point(4)', 'p == 1', 'p != Point(4)', '(p + p).x',\n"
    "             'p + 1', 'hash(p)', 'Point(\"a\")', 'Point(1, 2)', 'Bare()', 'Point.x.__doc__', 'setattr(p, \"fixed\", 1)',\n"
    "             'Point.__len__(1)', 'Point.__init__(1)', 'Point.x.__get__(1)', 'isinstance(p, Point)', 'p.partner', 'Bare.__doc__',\n"
    "             'object.__new__(Point)', 'Point.__new__(Bare)', 'Point.__new__(Point).x'):\n"
    "    attempt(text)\n"
    "class Q(Point):\n"
    "    def __init__(self): super().__init__(9); self.extra = [self]\n"
    "    def __len__(self): return 50\n"
    "q = Q()\n"
    "print(len(q), q.x, q.extra[0] is q, (q + q).x)\n"
    "try:\n"
    "    class Both(Point, Bare): pass\n"
    "except TypeError as e: print(e)\n"
    "for i in range(500):\n"
    "    a, b = Point(i), Point(-i)\n"
    "    a.partner, b.partner = b, a\n"
    "    a.partner = b\n"
    "    gc.collect() if i % 100 == 0 else None\n"
    "print(a.partner is b, b.partner is a)\n"
    "del a, b, p, q\n"
    "gc.collect()\n";
static const char class_output[] =
    "Point <class 'host.Point'>\n"
    "Point.__doc__ A point.\n"
    "Point.__mro__ (<class 'host.Point'>, <class 'object'>)\n"
    "len(p) 1\n"
    "p.x 4.0\n"
    "p == Point(4) True\n"
    "p == 1 False\n"
    "p != Point(4) False\n"
    "(p + p).x 8.0\n"
    "p + 1 TypeError a Point is wanted, not 'int'\n"
    "hash(p) TypeError unhashable type: 'Point'\n"
    "Point(\"a\") TypeError must be real number, not str\n"
    "Point(1, 2) TypeError Point() takes at most 1 argument (2 given)\n"
    "Bare() TypeError cannot create 'Bare' instances\n"
    "Point.x.__doc__ Its place.\n"
    "setattr(p, \"fixed\", 1) AttributeError property 'fixed' of 'Point' object has no setter\n"
    "Point.__len__(1) TypeError descriptor '__len__' for 'Point' objects doesn't apply to a 'int' object\n"
    "Point.__init__(1) TypeError descriptor '__init__' for 'Point' objects doesn't apply to a 'int' object\n"
    "Point.x.__get__(1) TypeError descriptor 'x' for 'Point' objects doesn't apply to a 'int' object\n"
    "isinstance(p, Point) True\n"
    "p.partner None\n"
    "Bare.__doc__ None\n"
    "object.__new__(Point) TypeError object.__new__(host.Point) is not safe, use host.Point.__new__()\n"
    "Point.__new__(Bare) TypeError Point.__new__(Bare): Bare is not a subtype of Point\n"
    "Point.__new__(Point).x 0.0\n"
    "50 9.0 True 18.0\n"
    "multiple bases have instance lay-out conflict\n"
    "True True\n";

static void test_classes(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm);
    assert_true(add_classes(&world, vm));
    run(vm, class_script);
    assert_string_equal(world.memory.output, class_output);
    assert_true(world.finalized >= 1000);
    assert_null(aioli_new_class(vm, "host", &point_class));
    expect_error(vm, "ValueError('the class Point is there already')");
    assert_null(aioli_data(vm, AIOLI_TRUE, &point_class));
    expect_error(vm, "TypeError(\"a Point is wanted, not 'bool'\")");
    void *bytes;
    aioli_value bare = aioli_object(vm, &bare_class, &bytes);
    assert_ptr_equal(aioli_data(vm, bare, &bare_class), bytes);
    assert_null(aioli_data(vm, bare, &point_class));
    expect_error(vm, "TypeError(\"a Point is wanted, not 'Bare'\")");
    assert_int_equal(aioli_kind_of(vm, bare), AIOLI_KIND_HOST);
    static const aioli_class unknown = {"Unknown", NULL, 1, NULL, NULL, NULL, NULL};
    assert_null(aioli_object(vm, &unknown, &bytes));
    expect_error(vm, "ValueError('aioli_object: Unknown is not made')");
    end(&world, vm);
}

// What an owner keeps goes with it: the handle is dead from then on, not dangling.
static void test_owned(void **state) {
    (void)state;
    World world;
    aioli *vm;
    start(&world, &vm);
    assert_true(add_classes(&world, vm));
    aioli_value kept[200];
    size_t scope = aioli_open(vm);
    for (int i = 0; i < 200; i++) {
        void *bytes;
        aioli_value owner = aioli_object(vm, &bare_class, &bytes);
        kept[i] = aioli_keep(vm, evaluate(vm, "[[]]"), owner);
        if (i % 2) assert_int_equal(aioli_set_item(vm, aioli_get_attribute(vm, aioli_import(vm, "builtins"), "__dict__"),
                                                   aioli_int(vm, i), owner), 0);
    }
    aioli_close(vm, scope, NULL);
    const char *garbage = is_stressed ? "x = [[i] for i in range(200)]\n" : "import gc\nx = [[i] for i in range(20000)]\ngc.collect()\n";
    for (int turn = 0; turn < 3; turn++) run(vm, garbage);
    int alive = 0;
    for (int i = 0; i < 200; i++) {
        if (i % 2) assert_int_equal(aioli_length(vm, kept[i]), 1);
        alive += aioli_kind_of(vm, kept[i]) == AIOLI_KIND_LIST;
        aioli_drop(vm, kept[i]);
    }
    assert_true(alive >= 100 && alive < 110);
    end(&world, vm);
}

// ---- Warnings

static int broken_errors(void *user, int stream, const char *bytes, size_t length) {
    return stream == 2 ? 28 : counted_write(user, stream, bytes, length);
}

// What is compiled survives that its warnings can't be written, which raises OSError in between.
static void test_warnings_not_written(void **state) {
    (void)state;
    World world = {.memory.until_failure = -1};
    aioli_config config = {.resize = counted_resize, .write = broken_errors, .user = &world};
    aioli *vm = aioli_new(&config);
#ifdef AIOLI_GC_STRESS
#define COUNTS "functions, turns, lists = 20, 2, 20\n"
#else
#define COUNTS "functions, turns, lists = 200, 50, 5000\n"
#endif
    run(vm, COUNTS
            "source = ''.join(f'def f{i}(a=[{i}]):\\n    return a is {i}, \"text {i}\"\\n' for i in range(functions)) + 'x = f7()\\n'\n"
            "for turn in range(turns):\n"
            "    space = {}\n"
            "    exec(source, space)\n"
            "    assert space['x'] == (False, 'text 7'), space['x']\n"
            "    kept = [[i] for i in range(lists)]\n");
    end(&world, vm);
}

// ---- Failing allocations

static bool is_memory_error(aioli *vm, aioli_value error) {
    return !error || strcmp(aioli_type_name(vm, error), "MemoryError") == 0;
}

// Everything that the other tests do, whatever fails. True when nothing did.
static bool use_everything(World *world, aioli *vm) {
    unsigned char bytes[32];
    double d;
    int64_t n;
    size_t scope = aioli_open(vm);
    bool ok = add_classes(world, vm);
    const char *const scripts[] = {native_script, class_script};
    for (int i = 0; ok && i < 2; i++) ok = aioli_run_source(vm, "<test>", scripts[i], strlen(scripts[i])) == AIOLI_OK;
    aioli_value items[] = {aioli_int(vm, INT64_MAX), aioli_float(vm, 1.5), text(vm, "text"), aioli_bytes(vm, "b", 1)};
    aioli_value list = aioli_list(vm, 4, items), tuple = aioli_tuple(vm, 4, items), dict = aioli_dict(vm), item;
    ok &= aioli_set_item(vm, dict, items[2], list) == 0 && aioli_get_item(vm, dict, items[2]) && aioli_length(vm, tuple) == 4;
    aioli_value big = evaluate(vm, "-3 ** 70"), it = aioli_iterate(vm, tuple);
    size_t length = aioli_get_int_bytes(vm, big, bytes, sizeof bytes);
    ok &= length && aioli_compare(vm, AIOLI_EQUAL, aioli_int_from_bytes(vm, bytes, length), big) == 1;
    int more;
    while ((more = aioli_next(vm, it, &item)) == 1) ok &= aioli_repr(vm, item) && aioli_str(vm, item);
    ok &= more == 0 && aioli_get_int(vm, items[0], &n) == 0 && aioli_get_float(vm, items[1], &d) == 0;
    aioli_value kept = aioli_keep(vm, list, NULL);
    ok &= kept && aioli_truth(vm, kept) == 1 && aioli_compare(vm, AIOLI_INSTANCE, kept, evaluate(vm, "list")) == 1;
    aioli_drop(vm, kept);
    assert_true(is_memory_error(vm, aioli_take_error(vm)) || !ok);
    aioli_raise_error(vm, "ValueError", "%s", "message");
    aioli_value error = aioli_take_error(vm);
    const char *report = aioli_get_text(vm, aioli_traceback(vm, error), NULL);
    ok &= report && strcmp(report, "ValueError: message\n") == 0;
    aioli_take_error(vm);
    aioli_close(vm, scope, NULL);
    return ok;
}

static void test_every_allocation_fails(void **state) {
    (void)state;
    World world = {.memory.until_failure = -1};
    aioli *vm = new_vm(&world);
    long begin = world.memory.allocations;
    assert_true(use_everything(&world, vm));
    long count = world.memory.allocations - begin;
    end(&world, vm);
    for (long i = stride_from(13); i < count; i += stride(i < 300 ? 1 : 7, 13)) {
        world = (World){.memory.until_failure = -1};
        vm = new_vm(&world);
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
        cmocka_unit_test(test_make_and_read), cmocka_unit_test(test_large_ints), cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_wrong_kinds),   cmocka_unit_test(test_operations), cmocka_unit_test(test_exceptions),
        cmocka_unit_test(test_scopes),        cmocka_unit_test(test_keep),       cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_natives),       cmocka_unit_test(test_classes),    cmocka_unit_test(test_owned),
        cmocka_unit_test(test_warnings_not_written),
        cmocka_unit_test(test_every_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// A limit on memory holds whatever a script asks for: what can't be had is refused before a library is called, the process
// stays below the limit, and the script can catch the MemoryError and go on.
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "aioli.h"
#include "stress.h"

enum { LIMIT = 16 << 20, SMALL_LIMIT = 4 << 20, SLACK = 10 << 20, SECONDS = 60 };

static int discard(void *user, int stream, const char *bytes, size_t length) {
    (void)user, (void)stream, (void)bytes, (void)length;
    return 0;
}

// The peak of the process's resident memory, in bytes. Not getrusage's: that begins with the parent's.
static long peak_resident(void) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[200];
    long peak = 0;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %ld", &peak) == 1) break;
    if (file) fclose(file);
    return peak * 1024;
}

// Forgets the peak so far. False where the system can't.
static void reset_peak(void) {
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file) return;
    fputs("5", file);
    fclose(file);
}

static void run_or_complain(const char *script, const char *wanted, size_t limit) {
    aioli_config config = {.write = discard, .virtual_time = 1, .memory_limit = limit};
    reset_peak();
    long before = peak_resident();
    aioli *vm = aioli_new(&config);
    // A stressed build would collect for minutes while memory fills: it only collects when it must, until a script says otherwise.
    static const char disable[] = "import gc\ngc.disable()\n";
    if (is_stressed) aioli_run_source(vm, "<before>", disable, sizeof disable - 1);
    aioli_status status = aioli_run_source(vm, "<test>", script, strlen(script));
    const char *text = aioli_error_text(vm, NULL);
    if (*wanted ? !strstr(text, wanted) : status != AIOLI_OK) {
        fprintf(stderr, "%s: ended with %d: %s\n", script, (int)status, text);
        _exit(1);
    }
#ifndef __SANITIZE_ADDRESS__
    long taken = peak_resident() - before;
    if (taken > (long)limit + SLACK) {
        fprintf(stderr, "%s: %ld KB resident\n", script, taken / 1024);
        _exit(1);
    }
#else
    (void)before;
#endif
    if (aioli_run_source(vm, "<after>", "print(1)", 8) != AIOLI_OK) {
        fprintf(stderr, "%s: then nothing runs\n", script);
        _exit(1);
    }
    aioli_free(vm);
}

// Runs each script in a process of its own; it must end by an exception of which the text has the word.
static void each_ends(const char *const (*cases)[2], size_t count, size_t limit) {
    int bad = 0;
    for (size_t i = 0; i < count; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            alarm(SECONDS);
            run_or_complain(cases[i][0], cases[i][1], limit);
            _exit(0);
        }
        int status;
        waitpid(child, &status, 0);
        if (WIFSIGNALED(status)) printf("%s: signal %d\n", cases[i][0], WTERMSIG(status));
        bad += status != 0;
    }
    assert_int_equal(bad, 0);
}
#define EACH_ENDS(cases, limit) each_ends(cases, sizeof cases / sizeof *cases, limit)

static void huge_texts(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"'%.300000000f' % 1.5", "MemoryError"},
        {"'%300000000d' % 1", "MemoryError"},
        {"'%.300000000d' % 1", "MemoryError"},
        {"'%*s' % (300000000, 1)", "MemoryError"},
        {"b'%.300000000f' % 1.5", "MemoryError"},
        {"b'%300000000d' % 1", "MemoryError"},
        {"format(1.5, '.300000000f')", "MemoryError"},
        {"format(1.5, '.300000000e')", "MemoryError"},
        {"format(1.5, '#.300000000g')", "MemoryError"},
#ifdef AIOLI_REGEX
        {"import re; re.match('(?:a|(b)|(c))*$', 'a' * 4000000)", "MemoryError"},
        {"import re; re.sub('', 'x' * 1000, 'a' * 1000000)", "MemoryError"},
        {"import re; re.findall('', 'a' * 10000000)", "MemoryError"},
#endif
        {"format(1.5j, '.300000000f')", "MemoryError"},
        {"format(15, '300000000')", "MemoryError"},
        {"format(15, '.300000000f')", "MemoryError"},
        {"format(15, '0300000000,d')", "MemoryError"},
        {"x = 5; f'{1:>999999999}'", "MemoryError"},
        {"x = 5; f'{x:>{x * 10 ** 8}}'", "MemoryError"},
        {"'{:>{}}'.format(1, 999999999)", "MemoryError"},
        {"'x'.ljust(10 ** 9)", "MemoryError"},
        {"'x'.center(10 ** 18)", "Error"},
        {"'x'.zfill(10 ** 9)", "MemoryError"},
        {"b'x'.rjust(10 ** 9)", "MemoryError"},
        {"b'x'.zfill(10 ** 9)", "MemoryError"},
        {"('\\t' * 1000).expandtabs(10 ** 6)", "MemoryError"},
        {"('\\t' * 1000).expandtabs(2 ** 31 - 1)", "Error"},
        {"(b'\\t' * 1000).expandtabs(10 ** 6)", "MemoryError"},
        {"b','.join([bytes(10 ** 6)] * 1000)", "MemoryError"},
        {"','.join(['x' * 10 ** 6] * 1000)", "MemoryError"},
        {"('x' * 10 ** 6).replace('x', 'y' * 1000)", "MemoryError"},
        {"('x' * 10 ** 6).replace('', 'y' * 1000)", "MemoryError"},
        {"(b'x' * 10 ** 6).replace(b'x', b'y' * 1000)", "MemoryError"},
        {"('x' * 10 ** 6).translate({120: 'y' * 1000})", "MemoryError"},
        {"'9' * 10 ** 8", "MemoryError"},
        {"b'9' * 10 ** 8", "MemoryError"},
        {"bytearray(b'9') * 10 ** 8", "MemoryError"},
        {"x = bytearray(b'9')\nx *= 10 ** 8", "MemoryError"},
        {"bytes(10 ** 9)", "MemoryError"},
        {"bytearray(10 ** 9)", "MemoryError"},
        {"('\\u20ac' * 10 ** 6).encode('utf-16').decode('latin-1').encode('unicode_escape') * 20", "Error"},
        {"repr(['x' * 10 ** 6] * 1000)", "MemoryError"},
        {"str({n: 'x' * 10 ** 5 for n in range(100)}) * 3", "MemoryError"},
        {"repr('\\x00' * (5 * 10 ** 6))", "MemoryError"},
        {"ascii('\\U0001F600' * 10 ** 6) * 5", "MemoryError"},
        {"x = 'x'\nwhile 1: x += x", "MemoryError"},
        {"x = 'x'\nwhile 1: x = f'{x}{x}'", "MemoryError"},
        {"x = b'x'\nwhile 1: x += x", "MemoryError"},
        {"print('x' * 10 ** 6, sep='y' * 10 ** 6, *['z'] * 10 ** 9)", "MemoryError"},
        {"eval('1+' * 10 ** 6 + '1')", "Error"},
        {"eval('(' * 10 ** 6)", "Error"},
        {"exec('x = 1\\n' * 10 ** 6)", "MemoryError"},
    };
    EACH_ENDS(cases, LIMIT);
}

static void huge_containers(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"[0] * 10 ** 9", "MemoryError"},
        {"(0,) * 10 ** 9", "MemoryError"},
        {"x = [0]\nx *= 10 ** 9", "MemoryError"},
        {"[0] * 10 ** 30", "Error"},
        {"list(range(10 ** 9))", "MemoryError"},
        {"tuple(range(10 ** 9))", "MemoryError"},
        {"set(range(10 ** 9))", "MemoryError"},
        {"frozenset(range(10 ** 9))", "MemoryError"},
        {"dict.fromkeys(range(10 ** 9))", "MemoryError"},
        {"{x: 1 for x in range(10 ** 9)}", "MemoryError"},
        {"sorted(range(10 ** 9))", "MemoryError"},
        {"bytes(range(256)) * 10 ** 7", "MemoryError"},
        {"bytes(n % 256 for n in range(10 ** 9))", "MemoryError"},
        {"x = []\nx[:] = range(10 ** 9)", "MemoryError"},
        {"x = [1]\nx.extend(iter(lambda: 1, 2))", "MemoryError"},
        {"x = [1]\nfor y in x: x.append(y)", "MemoryError"},
        {"(lambda *a: a)(*range(10 ** 9))", "MemoryError"},
        {"def f():\n    while 1: yield 1\n[*f()]", "MemoryError"},
        {"from asyncio import *\nasync def main():\n    await gather(*(sleep(1) for n in range(10 ** 9)))\nrun(main())", "MemoryError"},
        {"class A: pass\na = A()\nn = 0\nwhile 1:\n    setattr(a, f'a{n}', n)\n    n += 1", "MemoryError"},
        {"import types\nm = types.ModuleType('m')\nn = 0\nwhile 1:\n    setattr(m, f'a{n}', n)\n    n += 1", "MemoryError"},
    };
    EACH_ENDS(cases, LIMIT);
}

// Products and powers, and their texts.
static void huge_numbers(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"x = 10 ** 10 ** 8", "Error"},
        {"x = 10\nx ** x ** 8", "Error"},
        {"1 << 10 ** 10", "Error"},
        {"1 << 10 ** 30", "Error"},
        {"pow(3, 10 ** 9)", "Error"},
        {"int.from_bytes(bytes(8 * 10 ** 6) + b'x') ** 9", "Error"},
        {"(1 << 10 ** 8) * (1 << 10 ** 8)", "Error"},
        {"(5).to_bytes(10 ** 9)", "Error"},
        {"'%x' % (1 << 10 ** 9)", "Error"},
        {"round(1.5, 10 ** 9) and round(15, -10 ** 9) or 1 / 0", "Error"},
    };
    EACH_ENDS(cases, LIMIT);
}

// A stressed build leaves dead cells alone for a hundred collections: so many are asked for there, before what was freed is there again.
#ifdef AIOLI_GC_STRESS
#define FILLS "3"
#define SETTLING "101"
#else
#define FILLS "50"
#define SETTLING "0"
#endif

static void caught_again_and_again(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"for n in range(50):\n"
         "    try: x = [0] * 10 ** 9\n"
         "    except MemoryError: pass\n"
         "    else: 1 / 0\n", ""},
        {"import gc\n"
         "def caught(fill):\n"
         "    for n in range(" FILLS "):\n"
         "        try: fill([])\n"
         "        except MemoryError:\n"
         "            i = 0\n"
         "            while i < " SETTLING ": gc.collect(); i += 1\n"
         "            continue\n"
         "        1 / 0\n"
         "def lists(kept):\n"
         "    while 1: kept.append([0] * 100)\n"
         "def functions(kept):\n"
         "    while 1: kept.append(lambda: kept)\n"
         "def texts(kept):\n"
         "    while 1: kept.append('x' * 10000)\n"
         "caught(lists)\ncaught(functions)\ncaught(texts)\n", ""},
        {"import asyncio\n"
         "async def fill():\n"
         "    kept = []\n"
         "    while 1:\n"
         "        kept.append(bytes(100000))\n"
         "        await asyncio.sleep(0)\n"
         "async def main():\n"
         "    for n in range(10):\n"
         "        try: await asyncio.create_task(fill())\n"
         "        except MemoryError: continue\n"
         "        1 / 0\n"
         "asyncio.run(main())\n", ""},
        // What has become garbage makes room for what is asked for again, though nothing else is allocated.
        {"def fill():\n"
         "    kept = []\n"
         "    try:\n"
         "        while 1: kept.append(bytes(9999))\n"
         "    except MemoryError: pass\n"
         "def tries():\n"
         "    for n in range(10):\n"
         "        try: return 'x' * (2 * 10 ** 6)\n"
         "        except MemoryError: pass\n"
         "for n in range(10):\n"
         "    fill()\n"
         "    assert tries()\n", ""},
        // With a traceback and a context, since a request for a large block leaves room for a small one.
        {"try: 1 / 0\n"
         "except ZeroDivisionError as first:\n"
         "    try: [0] * 10 ** 9\n"
         "    except MemoryError as second:\n"
         "        assert second.__context__ is first and second.__traceback__.tb_lineno == 3\n", ""},
    };
    EACH_ENDS(cases, SMALL_LIMIT);
}

// What fills memory stays there while the handler runs: it has a reserve for what it says and does. A stressed build collects at each
// safepoint of the handler; it leaves dead cells alone for a hundred collections, so that a second handler finds the first one's garbage.
#ifdef AIOLI_GC_STRESS
#define STRESSED(text) text
#define TIMES "1"
#else
#define STRESSED(text)
#define TIMES "20"
#endif
static void handlers_have_a_reserve(void **state) {
    (void)state;
#define AT_THE_LIMIT(fill) \
    "class Note:\n" \
    "    def __init__(self, **words): self.__dict__.update(words)\n" \
    "def told(error):\n" \
    "    import math\n" STRESSED("    import gc\n    gc.enable()\n") \
    "    lines = [f'{type(error).__name__} {n}: {len(kept)} kept, {math.sqrt(n):.3f}' for n in range(30)]\n" \
    "    words = {line: Note(text=line, number=n * 10 ** 30, half=n / 2) for n, line in enumerate(lines)}\n" \
    "    try: raise ValueError(words) from error\n" \
    "    except ValueError as e: lines.append(repr(e.__cause__) + str(sorted(words)[0]) + str(set(lines)))\n" \
    "    return '\\n'.join(lines), [*map(str, range(50))], (lambda: lines)()\n" \
    "def fill():\n" fill "\n" \
    "for again in range(" TIMES "):\n" \
    "    kept = []\n" \
    "    try: fill()\n" \
    "    except MemoryError as error: report = told(error)\n" \
    "    else: 1 / 0\n"
    static const char *const cases[][2] = {
        {AT_THE_LIMIT("    while 1: kept.append([])"), ""},
        {AT_THE_LIMIT("    while 1: kept.append(len(kept) / 3)"), ""},
        {AT_THE_LIMIT("    while 1: kept.append([0] * 100)"), ""},
        {AT_THE_LIMIT("    while 1: kept.append({'a': kept})"), ""},
        {AT_THE_LIMIT("    while 1: kept.append(lambda: kept)"), ""},
        {AT_THE_LIMIT("    while 1: kept.append('x' * 999)"), ""},
        {AT_THE_LIMIT("    while 1: kept.append(bytes(9999))"), ""},
    };
    EACH_ENDS(cases, SMALL_LIMIT);
    if (!is_stressed) EACH_ENDS(cases, LIMIT);
}

// Functions that look up while they work must not put off the collection of what they leave behind.
static void garbage_of_natives(void **state) {
    (void)state;
    if (is_stressed) skip(); // what is dead stays for a hundred collections there
    static const char *const cases[][2] = {
        {"x = 'ab' * 10**5\nfor i in range(200): x.replace('a', 'bc')", ""},
        {"x = b'ab' * 10**5\nfor i in range(100): x.split(b'a', 10000)", ""},
        {"x = list(range(10**4, 0, -1))\nfor i in range(300): sorted(x)", ""},
        {"x = [str(i) for i in range(10**4)]\nfor i in range(1000): ','.join(x)", ""},
        {"x = 7 ** 50_000\nfor i in range(2000): x * x", ""},
        {"x = dict.fromkeys(range(10**4))\nfor i in range(100): dict(x) == x", ""},
    };
    EACH_ENDS(cases, LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(huge_texts), cmocka_unit_test(huge_containers),
                                       cmocka_unit_test(huge_numbers), cmocka_unit_test(caught_again_and_again),
                                       cmocka_unit_test(handlers_have_a_reserve), cmocka_unit_test(garbage_of_natives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

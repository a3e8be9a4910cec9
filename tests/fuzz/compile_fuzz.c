// Fuzzes lexer, parser and compiler: any bytes must give a code object or an exception, within bounded time.
//
// With libFuzzer: fuzz_compile CORPUS. Without it: fuzz_compile SECONDS SEED FILE…, which changes the files at random and
// leaves the input at hand in ./fuzz_compile.input.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "compiler/compiler.h"
#include "object/errors.h"
#include "object/exception.h"
#include "object/str.h"
#include "object/vm.h"

static VM vm;
static int compiled;

static void prepare(void) {
    static const uint64_t key[2] = {1, 2};
    if (compiled++ % 2000 == 0) {
        if (compiled > 1) vm_destroy(&vm);
        if (!vm_create(&vm, allocator_system(), key)) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    prepare();
    String *name = string_from(&vm, "fuzz");
    CompileOptions options = {.file_name = name, .source = name, .mode = PARSE_FILE};
    // The first byte chooses the mode.
    if (size && data[0] >= 0xFD) options.mode = (ParseMode)(data[0] - 0xFD), data++, size--;
    options.namespace_locals = options.mode != PARSE_FILE;
    Code *code = compile_source(&vm, (const char *)data, size, &options, NULL, NULL);
    if (!code && is_empty(vm.exception)) abort();
    if (code) {
        Buffer text = vm_buffer(&vm);
        disassemble(&vm, code, &text);
        buffer_free(&text);
    } else {
        Buffer text = vm_buffer(&vm);
        Value exception = vm.exception;
        exception_clear(&vm);
        exception_print(&vm, exception, &text);
        buffer_free(&text);
    }
    exception_clear(&vm);
    return 0;
}

#ifndef AIOLI_LIBFUZZER
enum { INPUT_MAX = 1 << 16 };

typedef struct {
    unsigned char *data;
    size_t size;
} Seed;

static uint64_t state = 88172645463325252u;
static uint64_t next_random(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}
static size_t below(size_t n) { return n ? next_random() % n : 0; }

static Seed read_seed(const char *path) {
    Seed seed = {malloc(INPUT_MAX), 0};
    FILE *file = fopen(path, "rb");
    if (file) seed.size = fread(seed.data, 1, INPUT_MAX, file);
    if (file) fclose(file);
    return seed;
}

// One change: a byte, a run cut out or doubled, a token, a run of another seed.
static size_t change(unsigned char *data, size_t size, const Seed *other) {
    static const char *const tokens[] = {"(", ")", "[", "{", "}", ":", "\n", "    ", "\t", "f'", "{x!r:>{w}}", "'''", "\\", "lambda ",
                                         "yield ", "await ", "async ", "match ", "case ", "type ", "*", "**", ":=", "->", "...",
                                         "0x", "1_", "1e", "\xF0\x9F\x98\x80", "\0", "\r", "\f", "global x\n", "nonlocal x\n",
                                         "class A:\n", "def f():\n", "try:\n", "except* E:\n", "with a as b:\n", "del ", "import ",
                                         "from . import *\n", "return ", "break\n", "x = ", "@", "not in ", "if ", " else ", "for x in "};
    size_t at = below(size + 1), run = below(64);
    if (run > size - at) run = size - at;
    switch (below(6)) {
    case 0:
        if (at < size) data[at] = (unsigned char)next_random();
        return size;
    case 1: memmove(data + at, data + at + run, size - at - run); return size - run;
    case 2:
        if (size + run > INPUT_MAX) return size;
        memmove(data + at + run, data + at, size - at);
        return size + run;
    case 3: {
        size_t from = below(other->size), length = below(200);
        if (length > other->size - from) length = other->size - from;
        if (size + length > INPUT_MAX) return size;
        memmove(data + at + length, data + at, size - at);
        memcpy(data + at, other->data + from, length);
        return size + length;
    }
    default: {
        const char *token = tokens[below(sizeof tokens / sizeof *tokens)];
        size_t length = *token ? strlen(token) : 1, times = below(8) ? 1 : below(300);
        for (size_t i = 0; i < times && size + length <= INPUT_MAX; i++) {
            memmove(data + at + length, data + at, size - at);
            memcpy(data + at, token, length);
            size += length;
        }
        return size;
    }
    }
}

int main(int argc, char **argv) {
    if (argc < 4) return fprintf(stderr, "usage: fuzz_compile SECONDS SEED FILE…\n"), 2;
    time_t end = time(NULL) + atoi(argv[1]);
    state ^= strtoull(argv[2], NULL, 10) * 0x9E3779B97F4A7C15u;
    size_t count = (size_t)argc - 3;
    Seed *seeds = malloc(count * sizeof(Seed));
    for (size_t i = 0; i < count; i++) seeds[i] = read_seed(argv[i + 3]);
    unsigned char *data = malloc(INPUT_MAX + 512);
    unsigned long runs = 0;
    FILE *log = fopen("fuzz_compile.input", "w+b");
    while (time(NULL) < end) {
        const Seed *seed = &seeds[below(count)];
        // A window of the seed: short inputs are tried more often.
        size_t size = below(4) ? below(2000) : seed->size, from;
        if (size > seed->size) size = seed->size;
        from = below(seed->size - size + 1);
        memcpy(data, seed->data + from, size);
        for (size_t n = below(8) + 1; n; n--) size = change(data, size, &seeds[below(count)]);
        if (log) {
            rewind(log);
            fwrite(data, 1, size, log);
            fflush(log);
            if (ftruncate(fileno(log), (off_t)size) != 0) return 1;
        }
        LLVMFuzzerTestOneInput(data, size);
        runs++;
    }
    if (log) fclose(log);
    remove("fuzz_compile.input");
    printf("%lu inputs\n", runs);
    vm_destroy(&vm);
    return 0;
}
#endif

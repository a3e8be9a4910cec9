// Fuzz target for the lexer, the parser and the compiler: any bytes give a code object or a SyntaxError, never a crash.
//
// LLVMFuzzerTestOneInput is libFuzzer's entry, for builds with clang -fsanitize=fuzzer. Built without it, the program
// mutates the given files itself:  compile_fuzz SECONDS SEED FILE…   and ends with "N inputs survived".
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compiler/compiler.h"
#include "object/core/errors.h"
#include "object/text/str.h"
#include "vm/interpreter.h"

// Compiles once, in a VM of its own every thousand inputs, so that constants don't pile up without a collection.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static VM *vm; // the process is one fuzzer
    static unsigned inputs;
    if (vm && ++inputs % 1000 == 0) {
        interpreter_destroy(vm);
        vm_destroy(vm);
        free(vm);
        vm = NULL;
    }
    if (!vm) {
        const uint64_t key[2] = {1, 2};
        vm = malloc(sizeof(VM));
        if (!vm || !vm_create(vm, allocator_system(), key) || !interpreter_create(vm)) abort();
    }
    static const ParseMode modes[] = {PARSE_FILE, PARSE_FILE, PARSE_EXPRESSION, PARSE_INTERACTIVE};
    CompileOptions options = {.file_name = string_from(vm, "fuzz"), .mode = modes[size % 4], .namespace_locals = size % 3 == 0,
                              .explains = size % 5 == 0};
    Code *code = compile_source(vm, (const char *)data, size, &options, NULL, NULL);
    if (!code && is_empty(vm->exception)) abort(); // a failure without an error
    exception_clear(vm);
    if (code) {
        Buffer out = vm_buffer(vm);
        disassemble(vm, code, &out);
        buffer_free(&out);
    }
    return 0;
}

#ifndef AIOLI_LIBFUZZER
typedef struct {
    uint8_t *data;
    size_t size;
} Sample;

static uint64_t state;
static uint32_t random_below(uint32_t n) { // xorshift64*, Vigna 2016
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545F4914F6CDD1Du) >> 33) % n;
}

static Sample read_file(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f) return (Sample){NULL, 0};
    Sample text = {malloc(65536), 0};
    text.size = fread(text.data, 1, 65536, f);
    fclose(f);
    return text;
}

// One change: a byte, a cut, a repetition, a piece of another file, or a word of the language.
static size_t mutate(uint8_t *data, size_t size, size_t capacity, const Sample *other) {
    static const char *const words[] = {"(", ")", "[", "]", "{", "}", ":", "\n", "    ", "\t", "\"", "'", "\"\"\"", "f\"", "{x!r:>{w}}",
                                        "\\", "lambda", "async ", "await ", "yield ", "match x:\n case ", "except* E:", "*", "**",
                                        ":=", "=", "==", "def f():", "class C:", "with (a as b):", "0x", "1e", "1_0", "\xff", "\xc3\xa9",
                                        "global x", "nonlocal y", "del ", "import ", "from . import *", "else:", "finally:", "try:",
                                        "\0", "for i in ", "if ", "return ", "@", "->", "...", "type X = ", "!", "\r\n", "\f"};
    uint32_t at = size ? random_below((uint32_t)size) : 0;
    const uint8_t *piece;
    size_t length;
    switch (random_below(6)) {
    case 0:
        if (size) data[at] = (uint8_t)random_below(256);
        return size;
    case 1:
        length = size ? random_below((uint32_t)(size - at)) % 64 : 0;
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    case 2:
        piece = data + at;
        length = size ? 1 + random_below((uint32_t)(size - at)) % 48 : 0;
        break;
    case 3:
        length = other->size ? 1 + random_below(200) % other->size : 0;
        piece = other->data + (other->size > length ? random_below((uint32_t)(other->size - length)) : 0);
        break;
    default:
        piece = (const uint8_t *)words[random_below(sizeof words / sizeof *words)];
        length = strlen((const char *)piece);
        if (!length) length = 1;
    }
    if (size + length > capacity) return size;
    uint8_t copy[256];
    if (length > sizeof copy) length = sizeof copy;
    memcpy(copy, piece, length);
    memmove(data + at + length, data + at, size - at);
    memcpy(data + at, copy, length);
    return size + length;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: compile_fuzz SECONDS SEED FILE...\n");
        return 2;
    }
    double seconds = atof(argv[1]);
    state = strtoull(argv[2], NULL, 10) * 0x9E3779B97F4A7C15u + 1;
    int count = argc - 3;
    Sample *corpus = calloc((size_t)count, sizeof(Sample));
    for (int i = 0; i < count; i++) corpus[i] = read_file(argv[3 + i]);
    enum { CAPACITY = 128 * 1024 };
    uint8_t *work = malloc(CAPACITY);
    time_t end = time(NULL) + (time_t)seconds;
    unsigned long inputs = 0;
    while (time(NULL) < end) {
        const Sample *base = &corpus[random_below((uint32_t)count)];
        // Mostly a window of the file: short inputs are quick and as telling.
        size_t from = base->size > 400 && random_below(8) ? random_below((uint32_t)base->size) : 0;
        size_t size = base->size - from;
        if (random_below(8) && size > 600) size = 600;
        if (size) memcpy(work, base->data + from, size);
        for (uint32_t n = 1 + random_below(12); n; n--)
            size = mutate(work, size, CAPACITY, &corpus[random_below((uint32_t)count)]);
        uint8_t *exact = malloc(size ? size : 1); // so that a sanitizer sees every byte read past the end
        memcpy(exact, work, size);
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
        inputs++;
    }
    for (int i = 0; i < count; i++) free(corpus[i].data);
    free(corpus);
    free(work);
    printf("%lu inputs survived\n", inputs);
    return 0;
}
#endif

// What the library's modules are compiled to when aioli is built: made again, it is the same code as the compiler makes of their text.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aioli.h"
#include "api/host.h"
#include "compiler/compiler.h"
#include "compiler/image.h"
#include "counted_memory.h"
#include "modules/modules.h"
#include "object/core/protocol.h"
#include "object/text/str.h"
#include "stress.h"

static void same_code(VM *vm, const Code *a, const Code *b);

static void same_value(VM *vm, Value a, Value b) {
    assert_ptr_equal(class_of(vm, a), class_of(vm, b));
    if (is_kind(a, KIND_CODE)) {
        same_code(vm, (Code *)object_of(a), (Code *)object_of(b));
        return;
    }
    if (is_string(a)) { // interned where the compiler interns, since names are compared by address
        assert_true(object_flag(object_of(b), STRING_INTERNED) || !object_flag(object_of(a), STRING_INTERNED));
    }
    if (is_kind(a, KIND_SET)) { // in whatever order
        assert_int_equal(value_equal(vm, a, b), 1);
        return;
    }
    String *texts[] = {value_repr(vm, a), value_repr(vm, b)}; // tells 0.0, -0.0, 0 and False apart
    assert_string_equal(texts[0]->data, texts[1]->data);
    assert_int_equal(value_equal(vm, a, b), 1);
}

static void same_names(VM *vm, const Tuple *a, const Tuple *b) {
    assert_int_equal(a->length, b->length);
    for (size_t i = 0; i < a->length; i++) assert_ptr_equal(object_of(a->items[i]), object_of(b->items[i]));
}

static void same_code(VM *vm, const Code *a, const Code *b) {
    assert_int_equal(a->instruction_count, b->instruction_count);
    assert_memory_equal(a->instructions, b->instructions, a->instruction_count * sizeof(Instruction));
    assert_int_equal(a->handler_count, b->handler_count);
    for (uint32_t i = 0; i < a->handler_count; i++) {
        const HandlerRange *x = &a->handlers[i], *y = &b->handlers[i];
        assert_true(x->start == y->start && x->end == y->end && x->handler == y->handler && x->target == y->target);
    }
    assert_int_equal(a->line_count, b->line_count);
    if (a->line_count) assert_memory_equal(a->lines, b->lines, a->line_count * sizeof(LineEntry));
    assert_int_equal(a->positional_count, b->positional_count);
    assert_int_equal(a->positional_only_count, b->positional_only_count);
    assert_int_equal(a->keyword_only_count, b->keyword_only_count);
    assert_int_equal(a->parameter_count, b->parameter_count);
    assert_int_equal(a->register_count, b->register_count);
    assert_int_equal(a->handled_register, b->handled_register);
    assert_int_equal(a->self_attributes, b->self_attributes);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->first_line, b->first_line);
    same_names(vm, a->variable_names, b->variable_names);
    same_names(vm, a->cell_names, b->cell_names);
    same_names(vm, a->free_names, b->free_names);
    same_value(vm, value_object(a->name), value_object(b->name));
    same_value(vm, value_object(a->qualified_name), value_object(b->qualified_name));
    same_value(vm, a->doc, b->doc);
    assert_int_equal(a->constant_count, b->constant_count);
    for (uint32_t i = 0; i < a->constant_count; i++) same_value(vm, a->constants[i], b->constants[i]);
}

static Code *compile(VM *vm, const char *text, size_t length) {
    CompileOptions options = {.file_name = string_from(vm, "<test>"), .mode = PARSE_FILE};
    Code *code = compile_source(vm, text, length, &options, NULL, NULL);
    assert_non_null(code);
    return code;
}

static void modules_are_what_they_were(void **state) {
    (void)state;
    aioli *host = aioli_new(NULL);
    Entry entry;
    assert_true(HOST_ENTER(host, &entry));
    VM *vm = &host->vm;
    String *name = string_from(vm, "<test>");
    for (size_t i = 0; source_modules[i].name; i++) {
        assert_non_null(source_images[i]);
        Code *code = compile(vm, source_modules[i].source, source_modules[i].length);
        Code *again = code_read_image(vm, source_images[i], name, NULL);
        assert_non_null(again);
        same_code(vm, code, again);
    }
    host_leave(host, &entry);
    aioli_free(host);
}

// Every kind of constant, of numbers at the ends of their ranges, and what is long.
static const char text[] =
    "x = [None, True, False, ..., 0, -1, 140737488355327, 140737488355328, -140737488355329, 3**200, -(2**300), 0.0, -0.0, 1e308, 5e-324]\n"
    "y = (1.5j, -0j, b'', b'\\x00\\xff', '', 'a\\0b', '\\ud800', 'ä' * 3, (), (1, (2, 'x')), 9223372036854775807, 18446744073709551616)\n"
    "z = x in {1, 2.0, 'three'}\n"
    "async def f(a, /, b=1, *c, d, e=2, **g):\n    'doc'\n    try:\n        async with a as b: await c\n    except* ValueError as h: q = lambda: (b, h)\n"
    "class C[T]:\n    def __init__(self): self.a, self.b = 1, 2\n    type A[U] = list[U]\n"
    "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nq = f'{x!r:>{y}}' if z else [i for i in x if (i, j := i)]\n";

static void all_constants(void **state) {
    (void)state;
    aioli *host = aioli_new(NULL);
    Entry entry;
    assert_true(HOST_ENTER(host, &entry));
    VM *vm = &host->vm;
    Code *code = compile(vm, text, sizeof text - 1);
    Buffer image = vm_buffer(vm);
    assert_true(code_write_image(vm, code, &image));
    Code *again = code_read_image(vm, (const unsigned char *)image.data, string_from(vm, "<test>"), NULL);
    assert_non_null(again);
    same_code(vm, code, again);
    buffer_free(&image);
    host_leave(host, &entry);
    aioli_free(host);
}

// Where one allocation fails, reading or importing fails with MemoryError, and nothing is lost.
static void each_allocation_fails(void **state) {
    (void)state;
    static const char program[] = "import asyncio, functools";
    for (long failing = 0, ended = 0; !ended; failing += stride(7, 20)) {
        CountedMemory memory = {.until_failure = -1};
        aioli_config config = {.resize = counted_resize, .write = counted_write, .user = &memory};
        aioli *vm = aioli_new(&config);
        assert_non_null(vm);
        memory.until_failure = failing;
        aioli_status status = aioli_run_source(vm, "<test>", program, sizeof program - 1);
        ended = memory.until_failure >= 0;
        if (ended) assert_int_equal(status, AIOLI_OK);
        if (status != AIOLI_OK) assert_non_null(strstr(aioli_error_text(vm, NULL), "MemoryError"));
        memory.until_failure = -1;
        assert_int_equal(aioli_run_source(vm, "<test>", program, sizeof program - 1), AIOLI_OK);
        aioli_free(vm);
        assert_int_equal(memory.live_bytes, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(modules_are_what_they_were), cmocka_unit_test(all_constants),
                                       cmocka_unit_test(each_allocation_fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

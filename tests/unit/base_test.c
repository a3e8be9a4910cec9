// Unit tests of src/base: arenas, buffers, UTF-8, numbers, and their behaviour when an allocation fails.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "base/number.h"
#include "base/unicode_name.h"
#include "base/utf8.h"

// An allocator whose n-th allocation fails.
typedef struct {
    int left; // allocations until the failure
    size_t bytes;
} Failing;

static void *failing_resize(Allocator *allocator, void *block, size_t old_size, size_t new_size) {
    Failing *failing = allocator->user;
    if (new_size && failing->left-- == 0) return NULL;
    failing->bytes += new_size - old_size;
    if (new_size) return realloc(block, new_size);
    free(block);
    return NULL;
}

static void test_buffer(void **state) {
    Allocator allocator = allocator_system();
    Buffer buffer;
    buffer_init(&buffer, &allocator);
    buffer_text(&buffer, "ab");
    buffer_code_point(&buffer, 0x20AC);
    buffer_format(&buffer, "%d%s", 42, "x");
    assert_int_equal(buffer.length, 8);
    assert_memory_equal(buffer.data, "ab\xE2\x82\xAC" "42x", 8);
    buffer_free(&buffer);
    assert_null(buffer.data);
}

// (text, its length, the JSON string.) Bytes that are cut off in the middle of a character stay as they are.
static void test_buffer_json(void **state) {
    static const struct {
        const char *text;
        size_t length;
        const char *wanted;
    } cases[] = {{"", 0, "\"\""},
                 {"a\"\\/b", 5, "\"a\\\"\\\\/b\""},
                 {"\n\t\0\x1F\x7F", 5, "\"\\n\\u0009\\u0000\\u001f\\u007f\""},
                 {"</script>", 9, "\"\\u003c/script>\""},
                 {"\xE2\x80\xA8\xE2\x80\xA9\xC2\x85", 8, "\"\\u2028\\u2029\\u0085\""},
                 {"\xE2\x80\xAA\xC2\x86\xE2\x81\xA8", 8, "\"\xE2\x80\xAA\xC2\x86\xE2\x81\xA8\""},
                 {"\xED\xA0\x80\xED\xBF\xBF\xED\x9F\xBF", 9, "\"\\ud800\\udfff\xED\x9F\xBF\""},
                 {"\xF0\x9F\x98\x80", 4, "\"\xF0\x9F\x98\x80\""},
                 {"\xED\xA0", 2, "\"\xED\xA0\""},
                 {"\xE2\x80", 2, "\"\xE2\x80\""}};
    Allocator allocator = allocator_system();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Buffer buffer;
        buffer_init(&buffer, &allocator);
        buffer_json_string(&buffer, cases[i].text, cases[i].length);
        assert_int_equal(buffer.length, strlen(cases[i].wanted));
        assert_memory_equal(buffer.data, cases[i].wanted, buffer.length);
        buffer_free(&buffer);
    }
}

static void test_buffer_failing(void **state) {
    for (int fail = 0; fail < 8; fail++) {
        Failing failing = {.left = fail};
        Allocator allocator = {failing_resize, &failing};
        Buffer buffer;
        buffer_init(&buffer, &allocator);
        for (int i = 0; i < 200; i++) buffer_format(&buffer, "%d,", i);
        assert_true(buffer.failed || buffer.length == 690);
        buffer_free(&buffer);
        assert_int_equal(failing.bytes, 0);
    }
}

static void test_arena(void **state) {
    for (volatile int fail = 0; fail < 6; fail++) {
        Failing failing = {.left = fail};
        Allocator allocator = {failing_resize, &failing};
        Arena arena;
        jmp_buf failure;
        arena_init(&arena, &allocator, &failure);
        if (!setjmp(failure)) {
            for (int i = 0; i < 1000; i++) {
                char *block = arena_allocate(&arena, (size_t)i);
                assert_int_equal((uintptr_t)block % 8, 0);
                for (int k = 0; k < i; k++) assert_int_equal(block[k], 0);
            }
            assert_string_equal(arena_format(&arena, "%s-%d", "x", 5), "x-5");
            assert_string_equal(arena_copy(&arena, "abc", 2), "ab");
        }
        arena_free(&arena);
        assert_int_equal(failing.bytes, 0);
    }
}

static void test_utf8(void **state) {
    char out[4];
    for (uint32_t c = 0; c < 0x110000; c += 7) {
        int bytes, width = utf8_encode(c, out);
        assert_int_equal(utf8_decode(out, &bytes), c);
        assert_int_equal(bytes, width);
        bool surrogate = c >= 0xD800 && c < 0xE000;
        assert_int_equal(utf8_valid(out, (size_t)width, false, NULL), !surrogate);
        assert_true(utf8_valid(out, (size_t)width, true, NULL));
    }
    size_t bad = 0;
    assert_false(utf8_valid("ab\xC0\x80", 4, false, &bad)); // overlong
    assert_int_equal(bad, 2);
    assert_false(utf8_valid("\xE2\x82", 2, false, &bad));
    assert_int_equal(utf8_count("a\xE2\x82\xAC", 4), 2);
    assert_int_equal(utf8_offset("a\xE2\x82\xAC" "b", 5, 2), 4);
}

static void test_numbers(void **state) {
    const struct {
        double number;
        const char *text;
    } cases[] = {{0.1, "0.1"},     {3, "3.0"},         {1e16, "1e+16"},      {123456789012345680.0, "1.2345678901234568e+17"},
                 {1e-5, "1e-05"},  {0.0001, "0.0001"}, {-0.0, "-0.0"},       {5e-324, "5e-324"},
                 {1.0 / 3, "0.3333333333333333"},      {1.7976931348623157e308, "1.7976931348623157e+308"}};
    char text[NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        number_repr(cases[i].number, text);
        assert_string_equal(text, cases[i].text);
        double back;
        assert_true(number_parse(text, strlen(text), false, false, &back));
        assert_memory_equal(&back, &cases[i].number, 8);
    }
    double number;
    assert_true(number_parse("1_000.5", 7, true, false, &number));
    assert_false(number_parse("1__0", 4, true, false, &number));
    assert_false(number_parse("inf", 3, false, false, &number));
    assert_true(number_parse("-Infinity", 9, false, true, &number));
}

static void test_hash(void **state) {
    uint64_t one[2] = {1, 2}, other[2] = {1, 3};
    assert_true(hash_bytes(one, "abc", 3) == hash_bytes(one, "abc", 3));
    assert_true(hash_bytes(one, "abc", 3) != hash_bytes(other, "abc", 3));
    assert_true(hash_bytes(one, "abc", 3) != hash_bytes(one, "abd", 3));
}

// Every name leads back to its character.
static void test_unicode_names(void **state) {
    if (!unicode_names_known()) skip();
    char name[UNICODE_NAME_ROOM];
    size_t count = 0;
    for (uint32_t code = 0; code < 0x110000; code++) {
        size_t length = unicode_name_of(code, name);
        if (!length) continue;
        assert_int_equal(strlen(name), length);
        assert_int_equal(unicode_name_find(name, length), code);
        count++;
    }
    assert_true(count >= 143668); // of Unicode 15.1
    assert_int_equal(unicode_name_of('A', name), 22);
    assert_string_equal(name, "LATIN CAPITAL LETTER A");
    assert_int_equal(unicode_name_find("latin small letter gha", 22), 0x1A3); // an alias
    assert_int_equal(unicode_name_find("LATIN", 5), -1);
    assert_int_equal(unicode_name_find("A\0B", 3), -1);
    assert_int_equal(unicode_name_find("", 0), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer), cmocka_unit_test(test_buffer_json), cmocka_unit_test(test_buffer_failing), cmocka_unit_test(test_arena),
        cmocka_unit_test(test_utf8),   cmocka_unit_test(test_numbers),        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_unicode_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

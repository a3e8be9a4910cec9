// Regular expressions: PCRE2's memory, compilation and runs.
//
// PCRE2 takes its memory from the VM's heap, and looks up at the callouts that the translation has put wherever matching may begin to
// take many ways: work is charged there, and an interrupt or limit ends the match. Between two of them lies work that grows with the
// text at most.
#include "modules/text/regex_internal.h"

#include "modules/library.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"

typedef struct {
    NativeData data;
    pcre2_general_context *general;
    pcre2_compile_context *compiling;
    pcre2_match_context *matching;
    pcre2_jit_stack *stack;
    size_t last;    // where the last callout stood
    size_t largest; // block that a run has asked for
} Machine;

enum {
    BLOCK_HEADER = 16,     // the size of a block, before it
    NESTED_MOST = 1000,    // parentheses
    NESTED_TUNED = 60,     // that the translator into machine code, which calls itself for each, is given
    STACK_LEAST = 32 * 1024,
    STACK_MOST = 1024 * 1024,
    USES_BEFORE_TUNING = 3,
    SIZE_BEFORE_TUNING = 2000, // of text
    RESULT_MOST = 256 * 1024,
};

static void *take(PCRE2_SIZE size, void *data) {
    VM *vm = data;
    Machine *machine = (Machine *)library_of(vm)->regex;
    if (size > (size_t)PTRDIFF_MAX - BLOCK_HEADER) return NULL;
    if (machine && size > machine->largest) machine->largest = size;
    size_t *block = heap_resize(vm, NULL, 0, size + BLOCK_HEADER);
    if (!block) return NULL;
    *block = size + BLOCK_HEADER;
    return (char *)block + BLOCK_HEADER;
}
static void give(void *pointer, void *data) {
    if (!pointer) return;
    size_t *block = (size_t *)((char *)pointer - BLOCK_HEADER);
    heap_resize((VM *)data, block, *block, 0);
}

static int on_callout(pcre2_callout_block *block, void *data) {
    VM *vm = data;
    Machine *machine = (Machine *)library_of(vm)->regex;
    size_t at = block->current_position;
    size_t way = at > machine->last ? at - machine->last : machine->last - at;
    machine->last = at;
    return vm_poll(vm, 1 + work_of_bytes(way)) ? 0 : PCRE2_ERROR_CALLOUT;
}

// Compilation calls itself for each parenthesis.
static int on_nesting(uint32_t depth, void *data) { return !vm_may_recurse((VM *)data); }

static void machine_finalize(VM *vm, Object *o) {
    Machine *machine = (Machine *)o;
    if (machine->stack) pcre2_jit_stack_free(machine->stack);
    if (machine->matching) pcre2_match_context_free(machine->matching);
    if (machine->compiling) pcre2_compile_context_free(machine->compiling);
    if (machine->general) pcre2_general_context_free(machine->general);
}
static const TypeOps machine_ops = {.finalize = machine_finalize};

Object *regex_machine_new(VM *vm) {
    Class *cls = native_data_class(vm, "_re", "machine", &machine_ops, sizeof(Machine), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    Machine *machine = cls ? native_data_new(vm, cls, sizeof(Machine)) : NULL;
    if (!machine) return NULL;
    machine->general = pcre2_general_context_create(take, give, vm);
    if (machine->general) machine->compiling = pcre2_compile_context_create(machine->general);
    if (machine->compiling) machine->matching = pcre2_match_context_create(machine->general);
    if (!machine->matching) return raise_memory_error(vm), NULL;
    pcre2_set_newline(machine->compiling, PCRE2_NEWLINE_LF);
    pcre2_set_bsr(machine->compiling, PCRE2_BSR_UNICODE);
    pcre2_set_parens_nest_limit(machine->compiling, NESTED_MOST);
    pcre2_set_compile_extra_options(machine->compiling, PCRE2_EXTRA_ALLOW_SURROGATE_ESCAPES);
    pcre2_set_compile_recursion_guard(machine->compiling, on_nesting, vm);
    // Callouts bound the work, the heap the memory.
    pcre2_set_match_limit(machine->matching, UINT32_MAX);
    pcre2_set_depth_limit(machine->matching, UINT32_MAX);
    pcre2_set_heap_limit(machine->matching, UINT32_MAX);
    pcre2_set_callout(machine->matching, on_callout, vm);
    return &machine->data.object;
}

void regex_pattern_free(VM *vm, RegexPattern *pattern) {
    for (int mode = 0; mode < REGEX_MODES; mode++)
        for (int narrow = 0; narrow < 2; narrow++)
            if (pattern->programs[mode][narrow].code) pcre2_code_free(pattern->programs[mode][narrow].code);
    if (pattern->found) pcre2_match_data_free(pattern->found);
}

static bool compile_error(VM *vm, int error) {
    if (is_exception(vm->exception)) return false;
    if (error == PCRE2_ERROR_HEAP_FAILED || error == PCRE2_ERROR_NOMEMORY) return raise_memory_error(vm), false;
    if (error == PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP || error == PCRE2_ERROR_PARENTHESES_STACK_CHECK)
        return raise_error(vm, vm->exceptions.recursion_error, "maximum recursion depth exceeded"), false;
    char text[160];
    if (pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text) < 0) text[0] = 0;
    return raise_overflow_error(vm, "regular expression is too large: %s", text), false;
}

// The program for a way to match, compiled when first needed. NULL with an exception.
static RegexProgram *program_of(VM *vm, RegexPattern *pattern, RegexMode mode, bool narrow) {
    RegexProgram *program = &pattern->programs[mode][narrow];
    Machine *machine = (Machine *)library_of(vm)->regex;
    if (program->code && pattern->found) return program;
    static const uint32_t modes[] = {0, PCRE2_ANCHORED, PCRE2_ANCHORED | PCRE2_ENDANCHORED};
    uint32_t options = modes[mode] | PCRE2_DOTALL | PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C;
    if (!narrow) options |= PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK;
    if (pattern->folds) options |= PCRE2_CASELESS;
    String *text = narrow ? pattern->narrow : pattern->wide;
    // PCRE2 (10.42) takes repetitions for possessive before an atomic group that may be empty: `c?(?>1?)c` would not match "c".
    if (strstr(text->data, "(?>")) options |= PCRE2_NO_AUTO_POSSESS;
    int error = 0;
    PCRE2_SIZE where;
    if (!program->code) vm_count_work(vm, text->size);
    if (!program->code)
        program->code = pcre2_compile((PCRE2_SPTR)text->data, text->size, options, &error, &where, machine->compiling);
    if (!program->code) return compile_error(vm, error), NULL;
    if (!pattern->found) pattern->found = pcre2_match_data_create_from_pattern(program->code, machine->general);
    if (!pattern->found) return raise_memory_error(vm), NULL;
    return program;
}

// Makes machine code of a program that is worth it. Where that can't be, it is interpreted.
static void tune(VM *vm, Machine *machine, RegexPattern *pattern, RegexProgram *program) {
    program->tuned = true;
    if (pattern->depth > NESTED_TUNED || !vm_may_recurse(vm)) return;
    if (!machine->stack) {
        machine->stack = pcre2_jit_stack_create(STACK_LEAST, STACK_MOST, machine->general);
        if (!machine->stack) return;
        pcre2_jit_stack_assign(machine->matching, NULL, machine->stack);
    }
    vm_count_work(vm, 10 * pattern->narrow->size);
    pcre2_jit_compile(program->code, PCRE2_JIT_COMPLETE);
}

bool regex_open(VM *vm, const RegexPattern *pattern, Value object, RegexSubject *out) {
    out->object = object;
    out->is_text = is_string(object);
    if (out->is_text) {
        String *s = string_of(object);
        out->data = s->data;
        out->size = s->size;
        out->narrow = string_is_ascii(s);
    } else {
        const unsigned char *data;
        if (!bytes_view(object, &data, &out->size))
            return raise_type_error(vm, "expected string or bytes-like object, got '%s'", type_name(vm, object)), false;
        out->data = data ? (const char *)data : "";
        out->narrow = true;
    }
    if (out->is_text == pattern->is_text) return true;
    raise_type_error(vm, pattern->is_text ? "cannot use a string pattern on a bytes-like object"
                                          : "cannot use a bytes pattern on a string-like object");
    return false;
}

// What the interpreter went back and forth in stays with the result: a kept pattern is not to keep megabytes. False with MemoryError.
static bool trim(VM *vm, Machine *machine, RegexPattern *pattern, bool found) {
    enum { PAIRS_KEPT = 64 };
    PCRE2_SIZE kept[2 * PAIRS_KEPT];
    uint32_t pairs = pcre2_get_ovector_count(pattern->found);
    if (machine->largest <= RESULT_MOST || (found && pairs > PAIRS_KEPT)) return true;
    if (found) memcpy(kept, regex_offsets(pattern), 2 * pairs * sizeof(PCRE2_SIZE));
    pcre2_match_data_free(pattern->found);
    pattern->found = found ? pcre2_match_data_create(pairs, machine->general) : NULL;
    if (!found) return true;
    if (!pattern->found) return raise_memory_error(vm), false;
    memcpy(pcre2_get_ovector_pointer(pattern->found), kept, 2 * pairs * sizeof(PCRE2_SIZE));
    return true;
}

int regex_run(VM *vm, RegexPattern *pattern, const RegexSubject *subject, RegexMode mode, size_t start, uint32_t options) {
    if (start > subject->size) return 0;
    Machine *machine = (Machine *)library_of(vm)->regex;
    RegexProgram *program = program_of(vm, pattern, mode, subject->narrow);
    if (!program) return -1;
    if (!program->tuned && (program->uses++ >= USES_BEFORE_TUNING || subject->size - start > SIZE_BEFORE_TUNING))
        tune(vm, machine, pattern, program);
    options |= PCRE2_NO_UTF_CHECK;
    machine->last = start;
    machine->largest = 0;
    PCRE2_SPTR data = (PCRE2_SPTR)subject->data;
    int found = pcre2_match(program->code, data, subject->size, start, options, pattern->found, machine->matching);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
        machine->last = start;
        found = pcre2_match(program->code, data, subject->size, start, options | PCRE2_NO_JIT, pattern->found, machine->matching);
    }
    if (!trim(vm, machine, pattern, found > 0)) return -1;
    if (found > 0) {
        size_t end = regex_offsets(pattern)[1];
        vm_count_work(vm, 1 + work_of_bytes(end > start ? end - start : 0));
        return 1;
    }
    vm_count_work(vm, 1 + work_of_bytes(subject->size - start));
    if (found == PCRE2_ERROR_NOMATCH) return 0;
    if (is_exception(vm->exception)) return -1;
    if (found == PCRE2_ERROR_NOMEMORY || found == PCRE2_ERROR_HEAPLIMIT) return raise_memory_error(vm), -1;
    char text[160];
    if (pcre2_get_error_message(found, (PCRE2_UCHAR *)text, sizeof text) < 0) text[0] = 0;
    return raise_runtime_error(vm, "regular expression: %s", text), -1;
}

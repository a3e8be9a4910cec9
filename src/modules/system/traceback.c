// The module `_traceback`: what of a traceback's text the VM writes itself, for the module `traceback`, and where blocks of
// source end, for `inspect`.
#include "base/arena.h"
#include "base/buffer.h"
#include "grammar/aioli.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/exception/exception.h"
#include "object/exception/traceback.h"
#include "object/function/function.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"
#include "syntax/token.h"

static Value wrong_arguments(VM *vm) { return raise_type_error(vm, "these arguments are not what a traceback is made of"); }

// source_text(text, start, end, colours): lines as a frame shows them. start and end are bytes of the first and of the last line;
// start None: only the first line, with nothing marked.
static Value source_text(VM *vm, Value *args, size_t count) {
    bool is_placed = is_small(args[1]) && is_small(args[2]) && small_of(args[1]) >= 0 && small_of(args[2]) >= 0;
    if (!is_string(args[0])) return wrong_arguments(vm);
    Buffer out = vm_buffer(vm);
    size_t start = is_placed ? (size_t)small_of(args[1]) : 0, end = is_placed ? (size_t)small_of(args[2]) : 0;
    traceback_write_source(vm, string_of(args[0]), is_placed, start, end, is_true(args[3]), &out);
    return object_or_error(string_from_buffer(vm, &out));
}

// syntax_text(text, offset, end_offset, same_line, colours): the line of a syntax error and its carets.
static Value syntax_text(VM *vm, Value *args, size_t count) {
    if (!is_string(args[0])) return wrong_arguments(vm);
    Buffer out = vm_buffer(vm);
    traceback_write_syntax_line(vm, string_of(args[0]), args[1], args[2], is_true(args[3]), is_true(args[4]), &out);
    return object_or_error(string_from_buffer(vm, &out));
}

// suggestion(exception): ". Did you mean …?", or ''.
static Value suggestion(VM *vm, Value *args, size_t count) {
    if (!is_exception(args[0])) return wrong_arguments(vm);
    Buffer out = vm_buffer(vm);
    suggestion_write(vm, args[0], &out);
    return object_or_error(string_from_buffer(vm, &out));
}

// code_source(code): the source that the code was compiled from, or None.
static Value code_source(VM *vm, Value *args, size_t count) {
    if (!is_kind(args[0], KIND_CODE)) return wrong_arguments(vm);
    Value source = ((Code *)object_of(args[0]))->source;
    return is_string(source) ? source : VALUE_NONE;
}

typedef struct {
    uint32_t lines;  // how many belong to the block
    uint32_t column; // where its body is indented to; 0: it has no lines of its own
} Block;

// The end of the first statement of a text, decorators included. What follows it need not be sound.
static Block first_block(const Lexer *lexer) {
    const Token *tokens = lexer->tokens;
    Block block = {1, 0};
    uint32_t i = 1, depth = 0;
    while (i < lexer->count && tokens[i].kind == TOKEN_INDENT) i++;
    while (i < lexer->count && tokens[i].kind == TOKEN_AT) {
        while (i < lexer->count && tokens[i].kind != TOKEN_NEWLINE) i++;
        i++;
    }
    for (; i < lexer->count; i++) {
        int kind = tokens[i].kind;
        if (kind == TOKEN_END_MARKER || (kind == TOKEN_DEDENT && (!depth || !--depth))) break;
        if (kind == TOKEN_INDENT) {
            if (!depth++) block.column = tokens[i].range.end_column;
        } else if (kind != TOKEN_DEDENT) {
            block.lines = kind == TOKEN_NEWLINE ? tokens[i].range.line : tokens[i].range.end_line;
        }
        if (kind == TOKEN_NEWLINE && !depth && (i + 1 >= lexer->count || tokens[i + 1].kind != TOKEN_INDENT)) break;
    }
    return block;
}

// block_end(text): how many lines the statement at the start of a text has, and the column of its body, or 0.
static Value block_end(VM *vm, Value *args, size_t count) {
    if (!is_string(args[0]) || string_of(args[0])->size > UINT32_MAX / 2) return wrong_arguments(vm);
    Buffer text = vm_buffer(vm);
    buffer_string(&text, string_of(args[0]));
    buffer_byte(&text, '\n'); // the lexer wants every line ended
    buffer_byte(&text, 0);
    if (text.failed) return buffer_free(&text), raise_memory_error(vm);
    Block block = {0};
    Block *found = &block; // through a pointer: a jump keeps what has been stored
    Arena arena;
    jmp_buf failure;
    arena_init(&arena, &vm->heap.counted, &failure);
    bool failed = setjmp(failure);
    if (!failed) {
        Lexer *lexer = arena_allocate(&arena, sizeof *lexer);
        lexer->arena = &arena;
        lexer->text = text.data;
        lexer->length = (uint32_t)text.length - 1;
        lexer_run(lexer);
        *found = first_block(lexer);
    }
    arena_free(&arena);
    buffer_free(&text);
    if (failed) return raise_memory_error(vm);
    Value pair[] = {value_small(block.lines), value_small(block.column)};
    return object_or_error(tuple_from(vm, pair, 2));
}

// parameters(function): those of a function or method in C as they are declared, `name=` for one whose default has no name; None for
// anything else.
static Value parameters(VM *vm, Value *args, size_t count) {
    Value v = is_kind(args[0], KIND_BOUND_METHOD) ? ((BoundMethod *)object_of(args[0]))->function : args[0];
    if (!is_native(v)) return VALUE_NONE;
    const char *signature = native_of(v)->definition->signature;
    return object_or_error(string_from(vm, signature + (*signature == '!' || *signature == '?')));
}

static const NativeDefinition functions[] = {{"source_text", source_text, "text, start, end, colours, /"},
                                             {"syntax_text", syntax_text, "text, offset, end_offset, same_line, colours, /"},
                                             {"suggestion", suggestion, "exception, /"},
                                             {"block_end", block_end, "text, /"},
                                             {"code_source", code_source, "code, /"},
                                             {"parameters", parameters, "function, /"},
                                             {0}};

bool traceback_module_fill(VM *vm, ModuleObject *module) { return native_add_functions(vm, module->namespace, functions) > 0; }

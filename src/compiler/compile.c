// From source text to a code object: parse, analyse scopes, generate, and turn what is wrong into a SyntaxError.
#include "compiler/codegen.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/exception/exception.h"
#include "object/text/str.h"

void check_future_imports(Compiler *c, NodeList body);

// The characters of a line's first bytes. Its end counts as one.
static size_t characters(Text line, uint32_t bytes) {
    size_t count = bytes > line.length;
    for (uint32_t i = 0; i < bytes && i < line.length; i++) count += ((unsigned char)line.data[i] & 0xC0) != 0x80;
    return count;
}

// The line as the attribute `text` shows it.
static String *text_of_line(VM *vm, Text line, bool cuts_line_end) {
    Buffer text = vm_buffer(vm);
    buffer_append(&text, line.data, line.length);
    if (!cuts_line_end) buffer_byte(&text, '\n');
    return string_from_buffer(vm, &text);
}

// The line of a text that eval() or a prompt gets: it may end without a line end, and that may be where the error is. CPython then knows
// the line alone.
typedef struct {
    size_t last;   // the number of the last line; 0: there is none
    bool is_open;  // it has no line end
} TextEnd;

static TextEnd end_of_text(const char *source, size_t length) {
    TextEnd end = {.is_open = length && source[length - 1] != '\n'};
    for (size_t i = 0; i < length; i++) end.last += source[i] == '\n';
    end.last += end.is_open;
    return end;
}

static bool is_at_end(const SyntaxError *error, const TextEnd *end, Text line) {
    if (error->range.line > end->last) return true;
    return error->range.line == end->last && end->is_open && error->end == SYNTAX_END_KNOWN && error->range.column >= line.length;
}

// Later stages show the line as it stands in the file: text that is in none has none.
static bool is_in_file(const CompileOptions *options) {
    const String *name = options->file_name;
    return options->has_file || (options->source && !string_is(name, "<string>") && !string_is(name, "<stdin>"));
}

// Raises the exception with the attributes that CPython gives it: columns count from 1, in characters.
static void raise_syntax_error(VM *vm, SyntaxError *error, const CompileOptions *options, const ParseResult *parsed, TextEnd end) {
    bool is_late = parsed->module != NULL, is_whole = options->mode != PARSE_FILE && !is_late && error->range.line, at_end = false;
    Class *cls = error->kind == SYNTAX_ERROR_INDENTATION ? vm->exceptions.indentation_error
                 : error->kind == SYNTAX_ERROR_TAB       ? vm->exceptions.tab_error
                                                         : vm->exceptions.syntax_error;
    Text line = error->line_text;
    if (!line.data && error->range.line && error->range.line <= parsed->line_count)
        line = parsed->lines[error->range.line - 1];
    Text end_line = line;
    if (error->range.end_line && error->range.end_line <= parsed->line_count)
        end_line = parsed->lines[error->range.end_line - 1];
    if (is_whole && (at_end = is_at_end(error, &end, line))) {
        error->range.line = error->range.end_line = (uint32_t)end.last;
        line = end.last && end.last <= parsed->line_count ? parsed->lines[end.last - 1] : (Text){"", 0};
    }
    const Text known = line;
    if (is_late && !is_in_file(options)) line = (Text){NULL, 0};
    bool cuts = error->cuts_line_end || (is_whole && error->range.line == end.last && (end.is_open || !end.last));
    String *message = string_from(vm, error->message);
    String *text = line.data ? text_of_line(vm, line, cuts) : NULL;
    if (!message || (line.data && !text)) return;
    bool placed = at_end || error->range.line != 0;
    Value offset = at_end ? value_small(0) : placed ? value_small((int64_t)characters(known, error->range.column) + 1) : VALUE_NONE;
    int64_t column = at_end || error->end == SYNTAX_END_ZERO ? 0
                  : error->end == SYNTAX_END_BEFORE ? -1
                  : error->end == SYNTAX_END_SAME   ? small_of(offset)
                                                    : (int64_t)characters(end_line, error->range.end_column) + 1;
    Value end_offset = placed ? value_small(column) : VALUE_NONE;
    Value details[6] = {value_object(options->file_name),
                        placed ? value_small(error->range.line) : VALUE_NONE,
                        offset,
                        text ? value_object(text) : VALUE_NONE,
                        placed ? value_small(error->range.end_line) : VALUE_NONE,
                        end_offset};
    Tuple *tuple = tuple_from(vm, details, 6);
    if (!tuple) return;
    Value arguments[2] = {value_object(message), value_object(tuple)};
    Exception *exception = exception_new(vm, cls, arguments, 2);
    if (!exception) return;
    static const char *const fields[] = {"filename", "lineno", "offset", "text", "end_lineno", "end_offset"};
    bool ok = exception_set(vm, exception, "msg", arguments[0]) &&
              exception_set(vm, exception, "print_file_and_line", VALUE_NONE) &&
              exception_set(vm, exception, "_incomplete_input", value_bool(error->incomplete));
    for (int i = 0; ok && i < 6; i++) ok = exception_set(vm, exception, fields[i], details[i]);
    if (ok) raise_value(vm, value_object(exception));
}

static Code *generate(Compiler *c) {
    Unit unit;
    const CompileOptions *options = c->options;
    Module *module = c->parsed->module;
    ScopeError scope_error;
    check_future_imports(c, module->body);
    c->scopes = scope_analyse(c->arena, module, options->namespace_locals, c->future_annotations, c->vm->stack_limit, &scope_error);
    if (!c->scopes) compile_error(c, scope_error.range, "%s", scope_error.message);
    String *name = string_from(c->vm, "<module>");
    if (!name) compile_out_of_memory(c);
    unit_begin(c, &unit, scope_of_module(c->scopes), name, name, (Range){1, 0, 1, 0});
    unit.flags |= CODE_MODULE | (options->namespace_locals ? CODE_NAMESPACE_LOCALS : 0);
    function_variables(c, 0);
    Value doc = VALUE_NONE;
    Register result;
    if (options->mode == PARSE_EXPRESSION) {
        result = register_new(c);
        expression_to(c, module->body.items[0]->value, result);
    } else {
        if (module->body.count && module->body.items[0]->kind == NODE_EXPRESSION_STATEMENT &&
            options->mode == PARSE_FILE) {
            Node *first = module->body.items[0]->value;
            if (first->kind == NODE_CONSTANT && first->constant.kind == CONSTANT_STRING)
                doc = clean_docstring(c, first->constant.text);
        }
        if (!is_none(doc)) {
            Register r = register_new(c);
            load_constant(c, r, doc);
            Op store = options->namespace_locals ? OP_STORE_NAME : OP_STORE_GLOBAL;
            emit_index(c, store, r, constant_name(c, (Text){"__doc__", 7}));
            registers_release(c, r);
        }
        body_annotations(c, module->body);
        statements(c, module->body);
        result = register_new(c);
        load_constant(c, result, VALUE_NONE);
    }
    emit(c, OP_RETURN, result, 0, 0);
    Code *code = unit_end(c);
    code->doc = doc;
    code->parameter_count = options->namespace_locals;
    if (c->future_annotations) code->flags |= CODE_FUTURE_ANNOTATIONS;
    return code;
}

Code *compile_source(VM *vm, const char *source, size_t length, const CompileOptions *options,
                     void (*warn)(VM *vm, const SyntaxWarning *warning, void *data), void *data) {
    Compiler compiler = {.vm = vm, .options = options, .future_annotations = options->future_annotations,
                         .warn = warn, .warn_data = data};
    Compiler *c = &compiler;
    Arena arena;
    ParseResult parsed = {0};
    Code *volatile code = NULL;
    arena_init(&arena, &vm->heap.counted, &c->failure);
    c->arena = &arena;
    c->parsed = &parsed;
    int failure = setjmp(c->failure);
    if (failure == 0) {
        parsed = parse_source(&arena, source, length, options->mode);
        if (parsed.module) {
            if (warn)
                for (SyntaxWarning *w = parsed.warnings; w; w = w->next) {
                    syntax_warning_lines(w, &parsed);
                    warn(vm, w, data);
                }
            code = generate(c);
        } else {
            c->error = parsed.error;
            failure = 2;
        }
    }
    if (failure == 1) {
        if (is_empty(vm->exception)) raise_memory_error(vm);
    } else if (failure == 2) {
        // The arena may be exhausted here; raising allocates on the heap only.
        raise_syntax_error(vm, &c->error, options, &parsed, end_of_text(source, length));
        if (is_empty(vm->exception)) raise_memory_error(vm);
    }
    arena_free(&arena);
    return code;
}

#include "modules/warning.h"

#include <string.h>

#include "compiler/compiler.h"
#include "base/utf8.h"
#include "modules/library.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"
#include "vm/import.h"
#include "vm/interpreter.h"

// ---- Without the module `warnings`

static void append_line(Buffer *out, const String *source, uint32_t number) {
    const char *at = source->data, *end = source->data + source->size;
    for (uint32_t line = 1; line < number && at; line++) {
        at = memchr(at, '\n', (size_t)(end - at));
        if (at) at++;
    }
    if (!at || at >= end) return;
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    if (!stop) stop = end;
    while (at < stop && strchr(" \t\f\r", *at)) at++;
    while (stop > at && strchr(" \t\f\r", stop[-1])) stop--;
    if (at == stop) return;
    buffer_text(out, "  ");
    buffer_append(out, at, (size_t)(stop - at));
    buffer_byte(out, '\n');
}

// Nobody is told that it can't be written, but of limits and interrupts. False with an exception.
static bool write_plainly(VM *vm, const Class *category, const String *message, const String *file, uint32_t line, const String *shown) {
    Buffer text = vm_buffer(vm);
    buffer_format(&text, "%s:%u: %s: ", file->data, line, class_name(category));
    buffer_append(&text, message->data, message->size);
    buffer_byte(&text, '\n');
    if (shown) append_line(&text, shown, line);
    bool ok = text.failed || library_write_error(vm, text.data, text.length);
    buffer_free(&text);
    if (ok) return true;
    if (is_exception(vm->exception) && !exception_matches(vm, vm->exceptions.exception)) return false;
    exception_clear(vm);
    return true;
}

// Of what is shown at first: what programmers alone want to know is not, but that something is deprecated which the program's own module does.
static bool is_shown(VM *vm, const Class *category, const Frame *frame) {
    const ExceptionTable *e = &vm->exceptions;
    Value module = frame ? dict_get_string(vm, frame->function->globals, vm->names.__name__) : VALUE_EMPTY;
    if (is_string(module) && string_of(module) == vm->names.__main__ && class_is_subclass(category, e->deprecation_warning)) return true;
    const Class *const hidden[] = {e->deprecation_warning, e->pending_deprecation_warning, e->import_warning, e->resource_warning};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (class_is_subclass(category, hidden[i])) return false;
    return true;
}

// ---- With it

// The frame that a warning is about, if it is the one that runs; NULL for what is warned of while something is compiled.
static const Frame *warned_frame(VM *vm, const String *file, uint32_t line) {
    uint32_t now = 0;
    Value place = vm->hooks.current_place(vm, &now);
    return is_kind(place, KIND_CODE) && ((Code *)object_of(place))->file_name == file && now == line ? interpreter_of(vm)->frame : NULL;
}

// The registry in which a module remembers what it has been warned of, made at need; VALUE_NONE for no module.
static Value registry_of(VM *vm, const Frame *frame) {
    String *name = frame ? string_intern_from(vm, "__warningregistry__", 19) : NULL;
    if (!frame) return VALUE_NONE;
    Value there = name ? dict_get_string(vm, frame->function->globals, name) : VALUE_ERROR;
    if (!is_empty(there)) return there;
    Dict *made = dict_new(vm);
    return made && dict_set_string(vm, frame->function->globals, name, value_object(made)) >= 0 ? value_object(made) : VALUE_ERROR;
}

// The module, if it is imported or what was asked for on the command line wants it; VALUE_EMPTY; VALUE_ERROR.
static Value warnings_module(VM *vm) {
    String *name = string_intern_from(vm, "warnings", 8), *options = string_intern_from(vm, "warnoptions", 11);
    if (!name || !options) return VALUE_ERROR;
    Value module = dict_get_string(vm, vm->modules, name);
    if (!is_empty(module)) return is_none(module) ? VALUE_EMPTY : module;
    Value asked = dict_get_string(vm, library_of(vm)->sys, options);
    return library_of(vm)->development || (is_list(asked) && list_of(asked)->length) ? import_module(vm, name) : VALUE_EMPTY;
}

bool library_warn(VM *vm, Class *category, String *message, String *file, uint32_t line, const String *shown) {
    if (!library_of(vm)) return true;
    Value module = warnings_module(vm);
    if (is_error(module)) return false;
    const Frame *frame = warned_frame(vm, file, line);
    if (is_empty(module)) {
        if (!is_shown(vm, category, frame)) return true;
        if (!frame) return write_plainly(vm, category, message, file, line, shown);
        // It shows the line, and each place once.
        String *warnings = string_intern_from(vm, "warnings", 8);
        module = warnings ? import_module(vm, warnings) : VALUE_ERROR;
        if (is_error(module)) return false;
    }
    Value registry = registry_of(vm, frame), named = VALUE_NONE;
    if (is_error(registry)) return false;
    if (frame) named = dict_get_string(vm, frame->function->globals, vm->names.__name__);
    if (!is_string(named)) named = VALUE_NONE;
    String *name = string_intern_from(vm, "warn_explicit", 13);
    Value function = name ? value_find_attribute(vm, module, name) : VALUE_ERROR;
    if (is_error(function)) return false;
    if (is_empty(function)) return true;
    Value arguments[] = {value_object(message), value_object(category), value_object(file), value_small(line), named, registry};
    return !is_error(vm_call(vm, function, arguments, 6, NULL));
}

// ---- What is warned of while something is compiled

typedef struct {
    List *all; // made when there is one; of tuples: whether it is about what is deprecated, the line, the message, then what a SyntaxError
               // tells beside them: the column, the text, the end's line and column
} Warnings;

static Value column_of(Text line, uint32_t column) {
    return value_small((int64_t)utf8_count(line.data, column < line.length ? column : line.length) + 1);
}

static Value text_of(VM *vm, const SyntaxWarning *warning) {
    Text line = warning->line_text;
    if (!warning->shows_text || !line.data) return VALUE_NONE;
    // Of a literal that ends on its line the end of that is shown too.
    bool whole = warning->range.end_line == warning->range.line && warning->range.end_column > warning->range.column;
    return object_or_error(string_format(vm, whole ? "%.*s\n" : "%.*s", (int)line.length, line.data));
}

static void note_warning(VM *vm, const SyntaxWarning *warning, void *data) {
    Warnings *warnings = data;
    String *message = string_from(vm, warning->message);
    Value text = message ? text_of(vm, warning) : VALUE_ERROR;
    const Range *range = &warning->range;
    Value parts[] = {value_bool(warning->kind != SYNTAX_WARNING), value_small(warning->line),
                     message ? value_object(message) : VALUE_ERROR, column_of(warning->line_text, range->column), text,
                     value_small(range->end_line), column_of(warning->end_text, range->end_column)};
    Tuple *tuple = !is_error(text) ? tuple_from(vm, parts, sizeof parts / sizeof *parts) : NULL;
    if (tuple && !warnings->all) warnings->all = list_new(vm, 4);
    // Where there is no memory for it, compiling will say so.
    if (!tuple || !warnings->all || !list_append(vm, warnings->all, value_object(tuple))) exception_clear(vm);
}

// A SyntaxWarning that a filter makes an exception is a SyntaxError at that place.
static void become_error(VM *vm, const Value *parts, String *file) {
    Value details[] = {value_object(file), parts[1], parts[3], parts[4], parts[5], parts[6]};
    Tuple *place = tuple_from(vm, details, 6);
    Value arguments[] = {parts[2], place ? value_object(place) : VALUE_NONE};
    if (!place) return;
    exception_clear(vm);
    Value error = vm_call(vm, value_object(vm->exceptions.syntax_error), arguments, 2, NULL);
    if (!is_error(error)) raise_value(vm, error);
}

static bool tell(VM *vm, const Warnings *warnings, String *file, const String *shown) {
    for (size_t i = 0; warnings->all && i < warnings->all->length; i++) {
        const Value *parts = tuple_of(warnings->all->items[i])->items;
        Class *category = is_true(parts[0]) ? vm->exceptions.deprecation_warning : vm->exceptions.syntax_warning;
        uint32_t line = (uint32_t)small_of(parts[1]);
        String *message = string_of(parts[2]);
        if (library_warn(vm, category, message, file, line, shown)) continue;
        if (exception_matches(vm, vm->exceptions.syntax_warning)) become_error(vm, parts, file);
        return false;
    }
    return true;
}

Code *library_compile(VM *vm, const char *text, size_t length, const CompileOptions *options, String *shown) {
    Warnings warnings = {0};
    Code *code = compile_source(vm, text, length, options, note_warning, &warnings);
    Value failure = vm->exception;
    vm->exception = VALUE_EMPTY;
    if (!tell(vm, &warnings, options->file_name, shown)) return NULL;
    vm->exception = failure;
    return code;
}

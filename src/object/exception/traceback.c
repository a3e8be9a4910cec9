#include "object/exception/traceback.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/traceback_internal.h"
#include "object/text/str.h"

// ---- Traceback objects

static void traceback_trace(VM *vm, Object *o) {
    Traceback *traceback = (Traceback *)o;
    heap_mark_object(vm, (Object *)traceback->next);
    heap_mark_object(vm, (Object *)traceback->code);
    heap_mark(vm, traceback->frame_globals);
    heap_mark(vm, traceback->self);
    heap_mark_object(vm, traceback->frame);
}
const TypeOps traceback_ops = {.trace = traceback_trace};

static Traceback *traceback_of(Value v) { return (Traceback *)object_of(v); }

static Value traceback_next(VM *vm, Value self) {
    Traceback *next = traceback_of(self)->next;
    return next ? value_object(next) : VALUE_NONE;
}
static int traceback_set_next(VM *vm, Value self, Value value) {
    if (!is_none(value) && !is_kind(value, KIND_TRACEBACK))
        return raise_type_error(vm, "expected traceback object, got '%s'", type_name(vm, value)), -1;
    Traceback *next = is_none(value) ? NULL : traceback_of(value);
    for (Traceback *at = next; at; at = at->next)
        if (at == traceback_of(self)) return raise_value_error(vm, "traceback loop detected"), -1;
    traceback_of(self)->next = next;
    return 1;
}
static Value traceback_line(VM *vm, Value self) {
    Traceback *traceback = traceback_of(self);
    return value_small(code_place(traceback->code, traceback->instruction)->line);
}
static Value traceback_last(VM *vm, Value self) { return value_small((int64_t)traceback_of(self)->instruction * 2); } // as f_lasti
static const AttributeDefinition traceback_attributes[] = {{"tb_next", traceback_next, traceback_set_next,
                                                            "The traceback of the next call inwards, or None."},
                                                           {"tb_lineno", traceback_line, NULL, "The line that was being executed."},
                                                           {"tb_lasti", traceback_last, NULL, "The instruction that was being executed."},
                                                           {0}};

bool traceback_class_init(VM *vm) {
    vm->classes.traceback = class_new_builtin(vm, "traceback", vm->classes.object, KIND_TRACEBACK, sizeof(Traceback),
                                              CLASS_FINAL | CLASS_ABSTRACT_NEW);
    return vm->classes.traceback && native_add_attributes(vm, vm->classes.traceback, traceback_attributes) > 0;
}

// ---- Text

// What is being printed: `depth` exception groups deep, each of which puts a margin before the lines.
typedef struct {
    VM *vm;
    Buffer *out;
    int depth;
    List *seen; // exceptions printed already: a chain may be a ring
} Printer;

enum { MAX_GROUP_WIDTH = 15, MAX_GROUP_DEPTH = 10, RECURSIVE_CUTOFF = 3, MAX_CHAIN = 1000 };

// Adds finished text, each of its lines behind the margin. Frees the text.
static void emit(Printer *printer, Buffer *text, char margin) {
    Buffer *out = printer->out;
    const char *at = text->data ? text->data : "", *end = at + text->length;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop + 1 : end;
        if (printer->depth) buffer_format(out, "%*s%c ", 2 * printer->depth, "", margin);
        buffer_append(out, at, (size_t)(stop - at));
        at = stop;
    }
    out->failed |= text->failed;
    buffer_free(text);
}

static void emit_text(Printer *printer, const char *text, char margin) {
    Buffer buffer = vm_buffer(printer->vm);
    buffer_text(&buffer, text);
    emit(printer, &buffer, margin);
}

static void write_repeated(size_t count, Buffer *out) {
    if (count <= RECURSIVE_CUTOFF) return;
    count -= RECURSIVE_CUTOFF;
    buffer_format(out, "  [Previous line repeated %zu more time%s]\n", count, count > 1 ? "s" : "");
}

static void write_frames(VM *vm, const Traceback *at, Buffer *out) {
    const Code *code = NULL;
    uint32_t line = 0;
    size_t count = 0;
    for (; at; at = at->next) {
        uint32_t now = code_place(at->code, at->instruction)->line;
        bool same = code && line == now && (code == at->code || (string_equal(code->file_name, at->code->file_name) &&
                                                                 string_equal(code->name, at->code->name)));
        if (!same) {
            write_repeated(count, out);
            count = 0;
        }
        code = at->code;
        line = now;
        if (++count <= RECURSIVE_CUTOFF) traceback_write_frame(vm, at->code, at->instruction, out);
    }
    write_repeated(count, out);
}

// The name of the class as the last line shows it.
static void write_class(VM *vm, Value exception, Buffer *out) {
    Class *cls = class_of(vm, exception);
    String *name = class_full_name(vm, cls);
    const char *shown = name ? name->data : class_name(cls);
    if (strncmp(shown, "__main__.", 9) == 0) shown += 9;
    colour_text(out, vm->colours ? COLOUR_OF_CLASSES : NULL, shown, strlen(shown));
}

// The text of an exception of a built-in class that was made of it: it is there even when a limit ends all that runs. NULL: it must
// be asked for.
static String *plain_text(VM *vm, Value v) {
    const ExceptionTable *table = &vm->exceptions;
    if (!is_exception(v) || !(class_of(vm, v)->flags & CLASS_BUILTIN) || exception_of(v)->members) return NULL;
    if (value_is_instance(vm, v, table->key_error) || value_is_instance(vm, v, table->os_error) ||
        value_is_instance(vm, v, table->syntax_error))
        return NULL;
    const Tuple *arguments = exception_of(v)->arguments;
    if (!arguments->length) return vm->names.empty;
    return arguments->length == 1 && is_string(arguments->items[0]) ? string_of(arguments->items[0]) : NULL;
}

// str(v), or a remark that it failed. [script]
static void write_safely(VM *vm, Value v, const char *what, bool as_repr, Buffer *out) {
    String *text = as_repr ? value_repr(vm, v) : plain_text(vm, v);
    if (!text && !as_repr) text = value_str(vm, v);
    if (text)
        buffer_string(out, text);
    else
        buffer_format(out, "<%s %s() failed>", what, as_repr ? "repr" : "str");
    if (!text) exception_drop(vm);
}

// ---- Syntax errors

static int64_t number_or(Value v, int64_t otherwise) { return is_small(v) ? small_of(v) : otherwise; }

// A part of a line's text, with what lies from `at` to `to` in a colour.
static void write_source(const String *text, size_t start, size_t end, size_t at, size_t to, const char *code, Buffer *out) {
    if (!code) at = to = start;
    buffer_text(out, "    ");
    buffer_append(out, text->data + start, at - start);
    colour_text(out, code, text->data + at, to - at);
    buffer_append(out, text->data + to, end - to);
    buffer_byte(out, '\n');
}

static size_t skip_characters(const String *text, size_t at, size_t end, int64_t count) {
    while (count-- > 0 && at < end) at += (size_t)utf8_width((unsigned char)text->data[at]);
    return at < end ? at : end;
}

void traceback_write_syntax_line(VM *vm, const String *text, Value offset_value, Value end_value, bool same_line, bool colours,
                                 Buffer *out) {
    size_t end = text->size, start = 0;
    while (end && text->data[end - 1] == '\n') end--;
    while (start < end && (text->data[start] == ' ' || text->data[start] == '\n' || text->data[start] == '\f')) start++;
    if (!is_small(offset_value)) {
        write_source(text, start, end, 0, 0, NULL, out);
        return;
    }
    int64_t spaces = (int64_t)start, length = (int64_t)utf8_count(text->data, end), whole = (int64_t)text->length;
    int64_t offset = small_of(offset_value), end_offset = same_line ? number_or(end_value, 0) : length + 1;
    if (same_line && end_offset == 0) end_offset = offset;
    if (offset > whole) offset = length + 1;
    if (end_offset > whole) end_offset = length + 1;
    if (offset >= end_offset || end_offset < 0) end_offset = offset + 1;
    int64_t column = offset - 1 - spaces;
    const char *code = colours ? COLOUR_OF_ERRORS : NULL;
    if (column < 0) {
        write_source(text, start, end, 0, 0, NULL, out);
        return;
    }
    size_t at = skip_characters(text, start, end, column);
    write_source(text, start, end, at, skip_characters(text, at, end, end_offset - offset), code, out);
    buffer_text(out, "    ");
    at = start;
    for (int64_t i = 0; i < column && at < end; i++) {
        // Tabs stay, so that the carets stand where they should.
        char c = text->data[at];
        buffer_byte(out, c == '\t' || c == '\f' || c == '\v' || c == '\r' ? c : ' ');
        at += (size_t)utf8_width((unsigned char)c);
    }
    if (code) buffer_format(out, "\033[%sm", code);
    buffer_fill(out, '^', (size_t)(end_offset - offset));
    if (code) buffer_text(out, "\033[0m");
    buffer_byte(out, '\n');
}

static void write_syntax_error(VM *vm, Value value, Buffer *out) {
    Exception *exception = exception_of(value);
    Value file = exception_get(vm, exception, "filename"), line = exception_get(vm, exception, "lineno");
    Value text = exception_get(vm, exception, "text"), message = exception_get(vm, exception, "msg");
    bool has_line = !is_empty(line) && !is_none(line), has_file = !is_empty(file) && !is_none(file);
    const char *code = vm->colours ? COLOUR_OF_PLACES : NULL;
    if (has_line) {
        buffer_text(out, "  File ");
        if (code) buffer_format(out, "\033[%sm", code);
        buffer_byte(out, '"');
        if (has_file)
            write_safely(vm, file, "exception", false, out);
        else
            buffer_text(out, "<string>");
        buffer_byte(out, '"');
        if (code) buffer_text(out, "\033[0m");
        buffer_text(out, ", line ");
        if (code) buffer_format(out, "\033[%sm", code);
        write_safely(vm, line, "exception", false, out);
        if (code) buffer_text(out, "\033[0m");
        buffer_byte(out, '\n');
    }
    if (is_string(text)) {
        Value end_line = exception_get(vm, exception, "end_lineno");
        bool same_line = !is_empty(end_line) && value_same(line, end_line);
        traceback_write_syntax_line(vm, string_of(text), exception_get(vm, exception, "offset"),
                                    exception_get(vm, exception, "end_offset"), same_line, vm->colours, out);
    }
    write_class(vm, value, out);
    buffer_text(out, ": ");
    if (code) buffer_format(out, "\033[%sm", code);
    if (is_empty(message) && exception->arguments->length) message = exception->arguments->items[0];
    if (is_empty(message) || is_none(message))
        buffer_text(out, "<no detail available>");
    else
        write_safely(vm, message, "exception", false, out);
    if (code) buffer_text(out, "\033[0m");
    if (!has_line && has_file) {
        buffer_text(out, " (");
        write_safely(vm, file, "exception", false, out);
        buffer_byte(out, ')');
    }
    buffer_byte(out, '\n');
}

// ---- One exception

static void write_notes(VM *vm, Value exception, Buffer *out) {
    Value notes = exception_get(vm, exception_of(exception), "__notes__");
    if (is_empty(notes) || is_none(notes)) return;
    if (!is_list(notes) && !is_tuple(notes)) {
        write_safely(vm, notes, "__notes__", true, out);
        buffer_byte(out, '\n');
        return;
    }
    for (size_t i = 0; i < (is_list(notes) ? list_of(notes)->length : tuple_of(notes)->length); i++) {
        write_safely(vm, is_list(notes) ? list_of(notes)->items[i] : tuple_of(notes)->items[i], "note", false, out);
        buffer_byte(out, '\n');
    }
}

static void write_message(VM *vm, Value exception, Buffer *out) {
    if (value_is_instance(vm, exception, vm->exceptions.syntax_error)) {
        write_syntax_error(vm, exception, out);
    } else {
        Buffer text = vm_buffer(vm);
        write_safely(vm, exception, "exception", false, &text);
        suggestion_write(vm, exception, &text);
        write_class(vm, exception, out);
        if (text.length) buffer_text(out, ": ");
        colour_text(out, vm->colours ? COLOUR_OF_PLACES : NULL, text.data, text.length);
        out->failed |= text.failed;
        buffer_free(&text);
        buffer_byte(out, '\n');
    }
    write_notes(vm, exception, out);
}

// The members of a group are not coloured, as in CPython. Returns what is to be restored.
static bool begin_colours(Printer *printer) {
    bool colours = printer->vm->colours;
    if (printer->depth > 1) printer->vm->colours = false;
    return colours;
}

static void emit_stack(Printer *printer, Value exception, const char *title, char margin) {
    Value traceback = exception_of(exception)->traceback;
    if (is_none(traceback)) return;
    emit_text(printer, title, margin);
    Buffer text = vm_buffer(printer->vm);
    bool colours = begin_colours(printer);
    write_frames(printer->vm, traceback_of(traceback), &text);
    printer->vm->colours = colours;
    emit(printer, &text, '|');
}

static void emit_message(Printer *printer, Value exception) {
    Buffer text = vm_buffer(printer->vm);
    bool colours = begin_colours(printer);
    write_message(printer->vm, exception, &text);
    printer->vm->colours = colours;
    emit(printer, &text, '|');
}

static bool print_chain(Printer *printer, Value exception);

// A line that begins or ends a member's part of the tree, at the margin of the group's lines (the first member's hangs on
// it by a branch).
static void draw_rule(Printer *printer, const char *branch, const char *title) {
    buffer_format(printer->out, "%*s%s+%s\n", 2 * printer->depth, "", branch, title);
}

static void draw_member(Printer *printer, size_t number, const char *title) {
    char rule[64];
    snprintf(rule, sizeof rule, "---------------- %s ----------------", title);
    draw_rule(printer, number ? "  " : "+-", rule);
}

// A tree: the group's own lines, and indented below them a part for each member. One line closes the whole tree at its
// lower end. It is drawn by the innermost group at the end of the last members, so whoever draws a member asks whether that
// has closed the tree already. Returns whether it is closed: not where groups lie too deep to be shown.
static bool print_group(Printer *printer, Value exception, Tuple *members) {
    if (printer->depth > MAX_GROUP_DEPTH) {
        emit_text(printer, "... (max_group_depth is 10)\n", '|');
        return false;
    }
    int outside = printer->depth;
    if (!outside) printer->depth = 1; // the outermost tree has a margin of its own
    emit_stack(printer, exception, "Exception Group Traceback (most recent call last):\n", outside ? '|' : '+');
    emit_message(printer, exception);
    size_t shown = members->length < MAX_GROUP_WIDTH ? members->length : MAX_GROUP_WIDTH;
    size_t left_out = members->length - shown;
    bool closed = false;
    for (size_t i = 0; i < shown; i++) {
        char title[24];
        snprintf(title, sizeof title, "%zu", i + 1);
        draw_member(printer, i, title);
        printer->depth++;
        closed = print_chain(printer, members->items[i]);
        printer->depth--;
    }
    if (left_out) {
        char text[64];
        snprintf(text, sizeof text, "and %zu more exception%s\n", left_out, left_out > 1 ? "s" : "");
        draw_member(printer, shown, "...");
        printer->depth++;
        emit_text(printer, text, '|');
        printer->depth--;
        closed = false;
    }
    if (!closed) draw_rule(printer, "  ", "------------------------------------");
    printer->depth = outside;
    return true;
}

static bool is_seen(const Printer *printer, Value exception) {
    for (size_t i = 0; i < printer->seen->length; i++)
        if (value_same(printer->seen->items[i], exception)) return true;
    return false;
}

// The exception behind what it came from: its causes and contexts, oldest first. Returns whether a group among them has
// closed the tree that it was drawn in.
static bool print_chain(Printer *printer, Value exception) {
    VM *vm = printer->vm;
    bool closed = false;
    List *chain = list_new(vm, 4);
    if (!chain) {
        exception_drop(vm);
        printer->out->failed = true;
        return false;
    }
    uint8_t by_cause[MAX_CHAIN + 1];
    while (chain->length < MAX_CHAIN) {
        if (!list_append(vm, chain, exception) || !list_append(vm, printer->seen, exception)) break;
        Exception *e = exception_of(exception);
        bool cause = is_exception(e->cause) && !is_seen(printer, e->cause);
        by_cause[chain->length] = cause;
        if (cause)
            exception = e->cause;
        else if (is_exception(e->context) && !e->suppress_context && !is_seen(printer, e->context))
            exception = e->context;
        else
            break;
    }
    exception_drop(vm);
    if (!chain->length) printer->out->failed = true;
    for (size_t i = chain->length; i-- > 0;) {
        Value one = chain->items[i];
        Tuple *members = exception_group_members(vm, one);
        if (members) {
            closed |= print_group(printer, one, members);
        } else {
            emit_stack(printer, one, "Traceback (most recent call last):\n", '|');
            emit_message(printer, one);
        }
        if (i)
            emit_text(printer,
                      by_cause[i] ? "\nThe above exception was the direct cause of the following exception:\n\n"
                                  : "\nDuring handling of the above exception, another exception occurred:\n\n",
                      '|');
    }
    return closed;
}

void exception_print(VM *vm, Value exception, Buffer *out) {
    Value pending = vm->exception;
    exception_clear(vm);
    List *seen = list_new(vm, 4);
    Printer printer = {.vm = vm, .out = out, .seen = seen};
    if (seen)
        print_chain(&printer, exception);
    else
        out->failed = true;
    vm->exception = pending;
}

// print, input and open.
#include <string.h>

#include "base/number.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "modules/system/file.h"
#include "object/container/dict.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"

// A file of ours that text can go to without a look-up of its `write`.
static FileObject *plain_text_file(VM *vm, Value v) {
    if (!is_native_data(v, &file_ops) || class_of(vm, v) != library_of(vm)->text_file) return NULL;
    FileObject *file = file_of(v);
    return file->writable && !file->closed ? file : NULL;
}

static bool write_piece(VM *vm, FileObject *file, Value to, String *text) {
    if (file) return file_write_text(vm, file, text->data, text->size, string_is_ascii(text));
    Value method = value_get_attribute(vm, to, vm->names.write);
    if (is_error(method)) return false;
    Value argument = value_object(text);
    return !is_error(vm_call(vm, method, &argument, 1, NULL));
}

static bool write_character(VM *vm, Value to, uint32_t character) {
    String *text = string_from_code_point(vm, character);
    return text && write_piece(vm, NULL, to, text);
}

static bool write_value(VM *vm, FileObject *file, Value to, Value v) {
    char text[NUMBER_TEXT_SIZE];
    if (file && is_small(v)) {
        int64_t n = small_of(v);
        uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
        char *end = text + sizeof text, *at = end;
        do *--at = (char)('0' + rest % 10);
        while (rest /= 10);
        if (n < 0) *--at = '-';
        return file_write_text(vm, file, at, (size_t)(end - at), true);
    }
    if (file && is_float(v)) return file_write_text(vm, file, text, number_repr(float_of(v), text), true);
    String *s = value_str(vm, v);
    if (!s) return false;
    // str() may have closed the file.
    return write_piece(vm, file && !file->closed ? file : NULL, to, s);
}

static bool separator(VM *vm, Value v, const char *name, String **out) {
    if (is_empty(v) || is_none(v)) return true;
    if (!is_string(v)) return raise_type_error(vm, "%s must be None or a string, not %s", name, type_name(vm, v)), false;
    *out = string_of(v);
    return true;
}

// sep, end, file, flush, then the values
static Value builtin_print(VM *vm, Value *args, size_t count) {
    Value to = args[2];
    if (is_empty(to) || is_none(to)) {
        to = dict_get_string(vm, library_of(vm)->sys, vm->names.stdout_);
        if (is_empty(to)) return raise_runtime_error(vm, "lost sys.stdout");
        if (is_none(to)) return VALUE_NONE;
        args[2] = to;
    }
    String *between = NULL, *end = NULL;
    if (!separator(vm, args[0], "sep", &between) || !separator(vm, args[1], "end", &end)) return VALUE_ERROR;
    FileObject *file = plain_text_file(vm, to);
    bool line_buffered = file && file->line_buffered;
    if (line_buffered) file->line_buffered = false; // one flush for the whole of the line
    bool ok = true;
    for (size_t i = 4; ok && i < count; i++) {
        if (i > 4) {
            if (between)
                ok = write_piece(vm, file, to, between);
            else
                ok = file ? file_write_text(vm, file, " ", 1, true) : write_character(vm, to, ' ');
        }
        ok = ok && write_value(vm, file, to, args[i]);
    }
    if (line_buffered) file->line_buffered = true;
    if (ok && end)
        ok = write_piece(vm, file, to, end);
    else if (ok)
        ok = file ? file_write_text(vm, file, "\n", 1, true) : write_character(vm, to, '\n');
    if (!ok) return VALUE_ERROR;
    int flush = is_empty(args[3]) ? 0 : value_truth(vm, args[3]);
    if (flush < 0) return VALUE_ERROR;
    if (!flush) return VALUE_NONE;
    if (file) return file_flush(vm, file) ? VALUE_NONE : VALUE_ERROR;
    Value method = value_get_attribute(vm, to, vm->names.flush);
    return is_error(method) || is_error(vm_call(vm, method, NULL, 0, NULL)) ? VALUE_ERROR : VALUE_NONE;
}

static Value builtin_input(VM *vm, Value *args, size_t count) {
    Library *library = library_of(vm);
    String *stdin_name = string_intern_from(vm, "stdin", 5), *readline = string_intern_from(vm, "readline", 8);
    if (!stdin_name || !readline) return VALUE_ERROR;
    Value from = dict_get_string(vm, library->sys, stdin_name);
    Value to = dict_get_string(vm, library->sys, vm->names.stdout_);
    if (is_empty(from) || is_none(from)) return raise_runtime_error(vm, "input(): lost sys.stdin");
    if (is_empty(to) || is_none(to)) return raise_runtime_error(vm, "input(): lost sys.stdout");
    Value line = VALUE_ERROR;
    FileObject *out = plain_text_file(vm, to);
    bool ok = is_empty(args[0]) || write_value(vm, out, to, args[0]);
    if (ok && out) ok = file_flush(vm, out);
    if (ok && !out) {
        Value method = value_find_attribute(vm, to, vm->names.flush);
        ok = !is_error(method) && (is_empty(method) || !is_error(vm_call(vm, method, NULL, 0, NULL)));
    }
    if (ok) {
        Value method = value_get_attribute(vm, from, readline);
        line = is_error(method) ? method : vm_call(vm, method, NULL, 0, NULL);
    }
    if (is_error(line)) return line;
    if (!is_string(line)) return raise_type_error(vm, "object.readline() returned non-string");
    String *text = string_of(line);
    if (text->size == 0) return raise_error(vm, vm->exceptions.eof_error, "EOF when reading a line");
    if (text->data[text->size - 1] != '\n') return line;
    return object_or_error(string_new(vm, text->data, text->size - 1));
}

static const NativeDefinition functions[] = {
    {"input", builtin_input, "prompt='', /", NATIVE_METHOD,
     "Writes the prompt and returns the next line of the standard input without its end; EOFError where there is none."},
    {"open", file_open, "file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None", NATIVE_METHOD,
     "Opens a file: mode says 'r'ead, 'w'rite, 'a'ppend or 'x' create, with '+' both ways, and 'b' bytes in place of text."},
    {"print", builtin_print, "*args, sep=' ', end='\\n', file=None, flush=False", NATIVE_METHOD,
     "Writes the values as text, with `sep` between them and `end` behind, to `file` or sys.stdout."},
    {0}};

bool builtins_io_add(VM *vm, Dict *namespace) { return native_add_functions(vm, namespace, functions) > 0; }

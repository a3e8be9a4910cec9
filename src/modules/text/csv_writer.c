// Of the module _csv: writing, and the module itself.
#include "base/utf8.h"
#include "modules/text/csv_internal.h"

typedef struct {
    NativeData data;
    Value write; // the method of the file
    CsvDialect *dialect;
    bool stops[256]; // bytes with which something begins that a field can't hold as it is
} Writer;

static Writer *writer_of(Value v) { return (Writer *)object_of(v); }

static void writer_trace(VM *vm, Object *o) {
    heap_mark(vm, ((Writer *)o)->write);
    heap_mark_object(vm, ((Writer *)o)->dialect);
}

// Whether a number can be made of it.
static bool is_number(VM *vm, Value v) {
    if (is_int(v) || is_any_float(v) || is_kind(v, KIND_COMPLEX)) return true;
    static const Special conversions[] = {SPECIAL_INDEX, SPECIAL_INT, SPECIAL_FLOAT};
    for (size_t i = 0; i < sizeof conversions / sizeof *conversions; i++)
        if (!is_empty(class_special(vm, class_of(vm, v), conversions[i]))) return true;
    return false;
}

static bool wants_quotes(VM *vm, const CsvDialect *d, Value field) {
    switch (d->quoting) {
    case CSV_QUOTE_ALL: return true;
    case CSV_QUOTE_NONNUMERIC: return !is_number(vm, field);
    case CSV_QUOTE_STRINGS: return is_string(field);
    case CSV_QUOTE_NOTNULL: return !is_none(field);
    default: return false;
    }
}

// Whether the character at `at` begins one that has a meaning, and is of the line terminator's perhaps.
static bool has_meaning(const CsvDialect *d, const char *at, const char *end) {
    if (*at == '\n' || *at == '\r') return true;
    if (csv_is_mark(&d->delimiter, at, end) || csv_is_mark(&d->escape, at, end) || csv_is_mark(&d->quote, at, end)) return true;
    CsvMark c = {.size = (uint8_t)utf8_width((unsigned char)*at)};
    memcpy(c.bytes, at, c.size);
    const char *terminator = d->line_terminator->data, *terminator_end = terminator + d->line_terminator->size;
    for (; terminator < terminator_end; terminator += utf8_width((unsigned char)*terminator))
        if (csv_is_mark(&c, terminator, terminator_end)) return true;
    return false;
}

// Appends a field's text; *quoted says, and is told, whether there must be quotes around it. False with csv.Error.
static bool write_text(VM *vm, const Writer *w, Buffer *out, const String *text, bool *quoted) {
    const CsvDialect *d = w->dialect;
    const char *at = text->data, *end = text->data + text->size;
    while (at < end) {
        const char *stop = at;
        while (stop < end && !w->stops[(unsigned char)*stop]) stop++;
        buffer_append(out, at, (size_t)(stop - at));
        if (stop == end) break;
        size_t width = (size_t)utf8_width((unsigned char)*stop);
        if (has_meaning(d, stop, end)) {
            bool escapes = d->quoting == CSV_QUOTE_NONE, doubles = false;
            if (!escapes && csv_is_mark(&d->quote, stop, end)) {
                doubles = d->doubles_quotes;
                escapes = !doubles;
            } else if (!escapes && csv_is_mark(&d->escape, stop, end)) {
                escapes = true;
            }
            if (escapes && !d->escape.size) return raise_csv_error(vm, "need to escape, but no escapechar set"), false;
            if (escapes)
                buffer_append(out, d->escape.bytes, d->escape.size);
            else
                *quoted = true;
            if (doubles) buffer_append(out, stop, width);
        }
        buffer_append(out, stop, width);
        at = stop + width;
    }
    return true;
}

// An empty field that a reader would pass over with the blanks before the next.
static bool mark_empty(VM *vm, const CsvDialect *d, Value field, bool *quoted) {
    if (*quoted || !d->skips_blanks || d->delimiter.size != 1 || d->delimiter.bytes[0] != ' ') return true;
    if (d->quoting == CSV_QUOTE_NONE || (is_none(field) && (d->quoting == CSV_QUOTE_STRINGS || d->quoting == CSV_QUOTE_NOTNULL)))
        return raise_csv_error(vm, "empty field must be quoted if delimiter is a space and skipinitialspace is true"), false;
    return *quoted = true;
}

static bool write_field(VM *vm, const Writer *w, Buffer *out, Value field) {
    const CsvDialect *d = w->dialect;
    String *text = NULL;
    if (!is_none(field)) {
        text = is_string(field) ? string_of(field) : value_str(vm, field);
        if (!text) return false;
    }
    bool quoted = wants_quotes(vm, d, field);
    size_t start = out->length;
    if (text && text->size ? !write_text(vm, w, out, text, &quoted) : !mark_empty(vm, d, field, &quoted)) return false;
    if (!quoted) return true;
    size_t size = out->length - start;
    buffer_append(out, d->quote.bytes, d->quote.size); // room for the one before it
    if (!out->failed) {
        memmove(out->data + start + d->quote.size, out->data + start, size);
        memcpy(out->data + start, d->quote.bytes, d->quote.size);
    }
    buffer_append(out, d->quote.bytes, d->quote.size);
    return true;
}

typedef struct {
    Writer *writer;
    Buffer out;
    size_t fields;
    Value last;
} Row;

static int add_field(VM *vm, Value field, void *data) {
    Row *row = data;
    if (row->fields++) buffer_append(&row->out, row->writer->dialect->delimiter.bytes, row->writer->dialect->delimiter.size);
    row->last = field;
    if (!write_field(vm, row->writer, &row->out, field)) return -1;
    if (row->out.failed) return raise_memory_error(vm), -1;
    return 1;
}

static Value write_row(VM *vm, Writer *w, Value fields) {
    const CsvDialect *d = w->dialect;
    Value it = is_list(fields) || is_tuple(fields) ? fields : value_iterate(vm, fields);
    if (is_error(it)) {
        if (!exception_matches(vm, vm->exceptions.type_error)) return it;
        exception_clear(vm);
        return raise_csv_error(vm, "iterable expected, not %s", type_name(vm, fields));
    }
    Row row = {.writer = w, .out = vm_buffer(vm), .last = VALUE_NONE};
    bool good = value_for_each(vm, it, add_field, &row) >= 0;
    if (good && row.fields == 1 && !row.out.length) {
        good = d->quoting != CSV_QUOTE_NONE && !(is_none(row.last) && (d->quoting == CSV_QUOTE_STRINGS || d->quoting == CSV_QUOTE_NOTNULL));
        if (!good) raise_csv_error(vm, "single empty field record must be quoted");
        for (int i = 0; good && i < 2; i++) buffer_append(&row.out, d->quote.bytes, d->quote.size);
    }
    if (!good) return buffer_free(&row.out), VALUE_ERROR;
    buffer_string(&row.out, d->line_terminator);
    Value text = object_or_error(string_from_buffer(vm, &row.out));
    return is_error(text) ? text : vm_call(vm, w->write, &text, 1, NULL);
}

static Value writer_row(VM *vm, Value *args, size_t count) { return write_row(vm, writer_of(args[0]), args[1]); }

static int add_row(VM *vm, Value row, void *writer) {
    return is_error(write_row(vm, writer, row)) || !vm_safepoint(vm, 1) ? -1 : 1;
}
static Value writer_rows(VM *vm, Value *args, size_t count) {
    return value_for_each(vm, args[1], add_row, object_of(args[0])) < 0 ? VALUE_ERROR : VALUE_NONE;
}
static Value get_dialect(VM *vm, Value self) { return value_object(writer_of(self)->dialect); }

static const TypeOps writer_ops = {.trace = writer_trace};
static const AttributeDefinition writer_attributes[] = {{"dialect", get_dialect, NULL, "The Dialect by which it writes."},
                                                        {0}};
static const NativeDefinition writer_methods[] = {
    {"writerow", writer_row, "self, row, /", NATIVE_METHOD, "Writes a record of the fields; returns what the file's write returns."},
    {"writerows", writer_rows, "self, rows, /", NATIVE_METHOD, "Writes each of the rows as a record."},
    {0}};

static void note_mark(Writer *w, const CsvMark *mark) {
    if (mark->size) w->stops[(unsigned char)mark->bytes[0]] = true;
}

Value csv_writer_new(VM *vm, Value *args, size_t count) {
    CsvDialect *dialect = csv_dialect_of_arguments(vm, is_empty(args[0]) ? NULL : dict_of(args[0]), args + 1, count - 1);
    String *name = dialect ? string_intern_from(vm, "write", 5) : NULL;
    if (!name) return VALUE_ERROR;
    Value write = value_find_attribute(vm, args[1], name);
    if (is_error(write)) return write;
    if (is_empty(write) || !value_callable(vm, write)) return raise_type_error(vm, "argument 1 must have a \"write\" method");
    Writer *w = native_data_new(vm, library_of(vm)->classes[LIBRARY_CSV_WRITER], sizeof(Writer));
    if (!w) return VALUE_ERROR;
    w->write = write;
    w->dialect = dialect;
    w->stops['\n'] = w->stops['\r'] = true;
    note_mark(w, &dialect->delimiter);
    note_mark(w, &dialect->quote);
    note_mark(w, &dialect->escape);
    for (size_t i = 0; i < dialect->line_terminator->size; i++) {
        unsigned char c = (unsigned char)dialect->line_terminator->data[i];
        if (c < 0x80 || c >= 0xC0) w->stops[c] = true; // the first byte of a character
    }
    return value_object(w);
}

static bool csv_writer_class(VM *vm) {
    Class *cls = library_of(vm)->classes[LIBRARY_CSV_WRITER] =
        native_data_class(vm, "_csv", "writer", &writer_ops, sizeof(Writer), CLASS_ABSTRACT_NEW | CLASS_NO_WEAK);
    return cls && native_add_attributes(vm, cls, writer_attributes) >= 0 && native_add_methods(vm, cls, writer_methods) >= 0 &&
           add_text(vm, cls->attributes, "__doc__", "Writes records to a file.");
}

static const NativeDefinition functions[] = {
    {"reader", csv_reader_new, "*args, **fmtparams", NATIVE_METHOD, "An iterator of the records in lines of text, in a dialect."},
    {"writer", csv_writer_new, "*args, **fmtparams", NATIVE_METHOD, "An object that writes records to a file, in a dialect."},
    {0}};

bool csv_module_fill(VM *vm, ModuleObject *module) {
    Dict *namespace = module->namespace, *attributes = dict_new(vm);
    Value bases[1] = {value_object(vm->exceptions.exception)};
    String *error_name = string_from(vm, "Error"), *module_name = string_intern_from(vm, "_csv", 4);
    Tuple *base = tuple_from(vm, bases, 1);
    if (!error_name || !module_name || !base || !attributes || !add_value(vm, attributes, "__module__", value_object(module_name)) ||
        !add_text(vm, attributes, "__doc__", "A record that can't be read or written, or settings that can't be."))
        return false;
    Class *error = library_of(vm)->classes[LIBRARY_CSV_ERROR] = class_new(vm, NULL, error_name, base, attributes);
    if (!error || !add_value(vm, namespace, "Error", value_object(error)) || !csv_dialect_fill(vm, namespace) || !csv_reader_fill(vm) ||
        !csv_writer_class(vm))
        return false;
    static const char *const quoting[CSV_QUOTING_COUNT] = {"QUOTE_MINIMAL", "QUOTE_ALL",     "QUOTE_NONNUMERIC",
                                                           "QUOTE_NONE",    "QUOTE_STRINGS", "QUOTE_NOTNULL"};
    for (int i = 0; i < CSV_QUOTING_COUNT; i++)
        if (!add_value(vm, namespace, quoting[i], value_small(i))) return false;
    return native_add_functions_of(vm, namespace, functions, module_name) >= 0 &&
           add_value(vm, namespace, "Reader", value_object(library_of(vm)->classes[LIBRARY_CSV_READER])) &&
           add_value(vm, namespace, "Writer", value_object(library_of(vm)->classes[LIBRARY_CSV_WRITER])) &&
           add_text(vm, namespace, "__doc__", "Records of fields as text: reading and writing.");
}

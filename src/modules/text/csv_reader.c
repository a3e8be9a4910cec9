// Of the module _csv: reading. A line is gone through in runs between the characters that mean something; a run that makes a whole
// field becomes a str at once, what is put together of pieces lies in a buffer till its end.
#include "base/utf8.h"
#include "modules/text/csv_internal.h"

// Where in a record the reader stands.
typedef enum {
    AT_RECORD,       // before its first character
    AT_FIELD,        // before the first character of a field
    IN_FIELD,        // in one without quotes, or behind the closing quote of one
    IN_QUOTES,
    BEHIND_QUOTE,    // behind a quote within quotes: it closes the field or is the first of two
    ESCAPED,         // behind the escape character
    ESCAPED_IN_QUOTES,
    BEHIND_NEWLINE,  // in a field without quotes, behind an escaped end of line: the next line goes on with it
    AT_END           // behind the end of line that ends the record
} Place;

typedef struct {
    NativeData data;
    Value lines;
    CsvDialect *dialect;
    List *record;
    Buffer field;
    size_t characters; // of the field
    uint64_t line_number;
    Place place;
    bool is_bare; // the field has had no quotes
    bool stops[256]; // bytes with which something begins that has a meaning outside quotes
} Reader;

static Reader *reader_of(Value v) { return (Reader *)object_of(v); }

static void reader_trace(VM *vm, Object *o) {
    Reader *r = (Reader *)o;
    heap_mark(vm, r->lines);
    heap_mark_object(vm, r->dialect);
    heap_mark_object(vm, r->record);
}
static void reader_finalize(VM *vm, Object *o) {
    if (((Reader *)o)->field.allocator) buffer_free(&((Reader *)o)->field);
}

static bool check_size(VM *vm, int64_t characters) {
    int64_t limit = library_of(vm)->csv_field_limit;
    if (characters <= limit) return true;
    return raise_csv_error(vm, "field larger than field limit (%lld)", (long long)limit), false;
}

static bool add(VM *vm, Reader *r, const char *text, size_t size, bool ascii) {
    if (!size) return true;
    r->characters += ascii ? size : utf8_count(text, size);
    if (!check_size(vm, (int64_t)r->characters)) return false;
    buffer_append(&r->field, text, size);
    return !r->field.failed || (raise_memory_error(vm), false);
}

// Appends a field of this text to the record.
static bool save_text(VM *vm, Reader *r, const char *text, size_t size) {
    CsvQuoting quoting = r->dialect->quoting;
    Value v;
    if (r->is_bare && !size && (quoting == CSV_QUOTE_NOTNULL || quoting == CSV_QUOTE_STRINGS)) {
        v = VALUE_NONE;
    } else {
        v = object_or_error(string_new(vm, text, size));
        if (!is_error(v) && r->is_bare && size && (quoting == CSV_QUOTE_NONNUMERIC || quoting == CSV_QUOTE_STRINGS))
            v = call_class(vm, vm->classes.floating, &v, 1);
    }
    return !is_error(v) && list_append(vm, r->record, v);
}
static bool save(VM *vm, Reader *r) {
    bool saved = save_text(vm, r, r->field.data ? r->field.data : "", r->field.length);
    r->field.length = r->characters = 0;
    return saved;
}

// The end of the run of bytes from `at` that mean nothing by themselves.
static inline const char *run_end(const Reader *r, const char *at, const char *end) {
    while (at < end && !r->stops[(unsigned char)*at]) at++;
    return at;
}
static inline bool is_line_end(char c) { return c == '\n' || c == '\r'; }

// Reads on from a place before a field. NULL with an exception; so do all that follow.
static const char *read_start(VM *vm, Reader *r, const char *at, const char *end, bool ascii) {
    const CsvDialect *d = r->dialect;
    r->is_bare = true;
    while (d->skips_blanks && at < end && *at == ' ') r->place = AT_FIELD, at++;
    if (at == end) return at;
    if (d->quoting != CSV_QUOTE_NONE && csv_is_mark(&d->quote, at, end)) {
        r->is_bare = false;
        r->place = IN_QUOTES;
        return at + d->quote.size;
    }
    const char *stop = run_end(r, at, end);
    if (stop < end && csv_is_mark(&d->delimiter, stop, end)) { // the whole field: the commonest case
        r->place = AT_FIELD;
        int64_t characters = (int64_t)(ascii ? (size_t)(stop - at) : utf8_count(at, (size_t)(stop - at)));
        if (characters && !check_size(vm, characters)) return NULL;
        return save_text(vm, r, at, (size_t)(stop - at)) ? stop + d->delimiter.size : NULL;
    }
    r->place = IN_FIELD;
    return add(vm, r, at, (size_t)(stop - at), ascii) ? stop : NULL;
}

static const char *read_field(VM *vm, Reader *r, const char *at, const char *end, bool ascii) {
    const CsvDialect *d = r->dialect;
    const char *stop = run_end(r, at, end);
    if (!add(vm, r, at, (size_t)(stop - at), ascii)) return NULL;
    if (stop == end) return stop;
    if (is_line_end(*stop)) {
        r->place = AT_END;
        return save(vm, r) ? stop + 1 : NULL;
    }
    if (csv_is_mark(&d->escape, stop, end)) {
        r->place = ESCAPED;
        return stop + d->escape.size;
    }
    if (csv_is_mark(&d->delimiter, stop, end)) {
        r->place = AT_FIELD;
        return save(vm, r) ? stop + d->delimiter.size : NULL;
    }
    size_t width = (size_t)utf8_width((unsigned char)*stop); // a quote, or a character that begins as a mark does
    return add(vm, r, stop, width, ascii) ? stop + width : NULL;
}

static const char *read_quoted(VM *vm, Reader *r, const char *at, const char *end, bool ascii) {
    const CsvDialect *d = r->dialect;
    const char *stop = at;
    bool is_quote = false, is_escape = false;
    for (; stop < end; stop++) {
        if (!r->stops[(unsigned char)*stop]) continue;
        if ((is_escape = csv_is_mark(&d->escape, stop, end)) || (is_quote = csv_is_mark(&d->quote, stop, end))) break;
    }
    if (!add(vm, r, at, (size_t)(stop - at), ascii)) return NULL;
    if (is_escape) return r->place = ESCAPED_IN_QUOTES, stop + d->escape.size;
    if (is_quote) return r->place = d->doubles_quotes ? BEHIND_QUOTE : IN_FIELD, stop + d->quote.size;
    return stop;
}

static void refuse_behind_quote(VM *vm, const CsvDialect *d) {
    Buffer text = vm_buffer(vm); // (a delimiter may be NUL, which a format would end at)
    buffer_byte(&text, '\'');
    buffer_append(&text, d->delimiter.bytes, d->delimiter.size);
    buffer_text(&text, "' expected after '");
    buffer_append(&text, d->quote.bytes, d->quote.size);
    buffer_byte(&text, '\'');
    String *message = string_from_buffer(vm, &text);
    if (message) raise_with_value(vm, library_of(vm)->classes[LIBRARY_CSV_ERROR], value_object(message));
}

static const char *read_behind_quote(VM *vm, Reader *r, const char *at, const char *end, bool ascii) {
    const CsvDialect *d = r->dialect;
    if (csv_is_mark(&d->quote, at, end)) {
        r->place = IN_QUOTES;
        return add(vm, r, at, d->quote.size, ascii) ? at + d->quote.size : NULL;
    }
    if (csv_is_mark(&d->delimiter, at, end)) {
        r->place = AT_FIELD;
        return save(vm, r) ? at + d->delimiter.size : NULL;
    }
    if (is_line_end(*at)) {
        r->place = AT_END;
        return save(vm, r) ? at + 1 : NULL;
    }
    if (d->strict) return refuse_behind_quote(vm, d), NULL;
    size_t width = (size_t)utf8_width((unsigned char)*at);
    r->place = IN_FIELD;
    return add(vm, r, at, width, ascii) ? at + width : NULL;
}

static const char *read_escaped(VM *vm, Reader *r, const char *at, bool ascii) {
    size_t width = (size_t)utf8_width((unsigned char)*at);
    r->place = r->place == ESCAPED_IN_QUOTES ? IN_QUOTES : is_line_end(*at) ? BEHIND_NEWLINE : IN_FIELD;
    return add(vm, r, at, width, ascii) ? at + width : NULL;
}

static bool read_line_end(VM *vm, Reader *r) {
    switch (r->place) {
    case AT_RECORD: return true;
    case AT_END: r->place = AT_RECORD; return true;
    case AT_FIELD:
        r->is_bare = true;
        // fall through
    case IN_FIELD:
    case BEHIND_QUOTE: r->place = AT_RECORD; return save(vm, r);
    case ESCAPED: r->place = IN_FIELD; return add(vm, r, "\n", 1, true);
    case ESCAPED_IN_QUOTES: r->place = IN_QUOTES; return add(vm, r, "\n", 1, true);
    default: return true;
    }
}

static bool read_line(VM *vm, Reader *r, const String *line) {
    const char *at = line->data, *end = line->data + line->size;
    bool ascii = string_is_ascii(line);
    vm_count_work(vm, work_of_characters(line->size) / 4);
    while (at < end) {
        switch (r->place) {
        case AT_RECORD:
            if (is_line_end(*at)) {
                r->place = AT_END;
                at++;
                break;
            }
            // fall through
        case AT_FIELD: at = read_start(vm, r, at, end, ascii); break;
        case BEHIND_NEWLINE:
        case IN_FIELD: at = read_field(vm, r, at, end, ascii); break;
        case IN_QUOTES: at = read_quoted(vm, r, at, end, ascii); break;
        case BEHIND_QUOTE: at = read_behind_quote(vm, r, at, end, ascii); break;
        case ESCAPED:
        case ESCAPED_IN_QUOTES: at = read_escaped(vm, r, at, ascii); break;
        case AT_END:
            if (!is_line_end(*at))
                return raise_csv_error(vm, "new-line character seen in unquoted field - "
                                           "do you need to open the file with newline=''?"), false;
            at++;
        }
        if (!at) return false;
    }
    return read_line_end(vm, r);
}

static bool begin_record(VM *vm, Reader *r) {
    if (r->field.failed) buffer_free(&r->field);
    r->field.length = r->characters = 0;
    r->place = AT_RECORD;
    return (r->record = list_new(vm, 0)) != NULL;
}

static Value reader_next(VM *vm, Value self) {
    Reader *r = reader_of(self);
    if (!begin_record(vm, r)) return VALUE_ERROR;
    do {
        Value line = value_next(vm, r->lines);
        if (is_error(line)) return line;
        if (value_same(line, VALUE_STOP)) {
            if (!r->field.length && r->place != IN_QUOTES) return line;
            if (r->dialect->strict) return raise_csv_error(vm, "unexpected end of data");
            if (!save(vm, r)) return VALUE_ERROR;
            break;
        }
        if (!is_string(line))
            return raise_csv_error(vm, "iterator should return strings, not %s (the file should be opened in text mode)",
                                   type_name(vm, line));
        r->line_number++;
        // (What gave the line may have asked this reader for a record of its own.)
        if ((!r->record && !begin_record(vm, r)) || !read_line(vm, r, string_of(line)) || !vm_safepoint(vm, 1)) return VALUE_ERROR;
    } while (r->place != AT_RECORD);
    Value record = value_object(r->record);
    r->record = NULL;
    return record;
}

static Value reader_itself(VM *vm, Value self) { return self; }
static Value get_dialect(VM *vm, Value self) { return value_object(reader_of(self)->dialect); }
static Value get_line_number(VM *vm, Value self) { return int_from_uint64(vm, reader_of(self)->line_number); }
static const TypeOps reader_ops = {.trace = reader_trace, .finalize = reader_finalize, .iterate = reader_itself, .next = reader_next};
static const AttributeDefinition reader_attributes[] = {{"dialect", get_dialect, NULL, "The Dialect by which it reads."},
                                                        {"line_num", get_line_number, NULL, "How many lines it has read."},
                                                        {0}};

static void note_mark(Reader *r, const CsvMark *mark) {
    if (mark->size) r->stops[(unsigned char)mark->bytes[0]] = true;
}

Value csv_reader_new(VM *vm, Value *args, size_t count) {
    Dict *parameters = is_empty(args[0]) ? NULL : dict_of(args[0]);
    Value lines = VALUE_EMPTY;
    if (count == 2 || count == 3) {
        lines = value_iterate(vm, args[1]);
        if (is_error(lines)) return lines;
    }
    CsvDialect *dialect = csv_dialect_of_arguments(vm, parameters, args + 1, count - 1);
    Reader *r = dialect ? native_data_new(vm, library_of(vm)->classes[LIBRARY_CSV_READER], sizeof(Reader)) : NULL;
    if (!r) return VALUE_ERROR;
    buffer_init(&r->field, &vm->heap.counted);
    r->lines = lines;
    r->dialect = dialect;
    r->stops['\n'] = r->stops['\r'] = true;
    note_mark(r, &dialect->delimiter);
    note_mark(r, &dialect->quote);
    note_mark(r, &dialect->escape);
    return value_object(r);
}

bool csv_reader_fill(VM *vm) {
    Class *cls = library_of(vm)->classes[LIBRARY_CSV_READER] =
        native_data_class(vm, "_csv", "reader", &reader_ops, sizeof(Reader), CLASS_ABSTRACT_NEW | CLASS_NO_WEAK);
    return cls && native_add_attributes(vm, cls, reader_attributes) >= 0 &&
           add_text(vm, cls->attributes, "__doc__", "An iterator of the records that lines hold, each a list of fields.");
}

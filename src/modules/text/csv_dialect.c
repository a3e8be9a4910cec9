// Of the module _csv: dialects, and the names under which they are known.
#include "base/utf8.h"
#include "modules/text/csv_internal.h"

enum { DELIMITER, DOUBLE_QUOTE, ESCAPE, LINE_TERMINATOR, QUOTE, QUOTING, SKIP_BLANKS, STRICT, SETTING_COUNT };
static const char *const setting_names[SETTING_COUNT] = {"delimiter", "doublequote", "escapechar",       "lineterminator",
                                                         "quotechar", "quoting",     "skipinitialspace", "strict"};

static CsvDialect *dialect_of(Value v) { return (CsvDialect *)object_of(v); }
static Class *dialect_class(VM *vm) { return library_of(vm)->classes[LIBRARY_CSV_DIALECT]; }
static void dialect_trace(VM *vm, Object *o) { heap_mark_object(vm, ((CsvDialect *)o)->line_terminator); }
static const TypeOps dialect_ops = {.trace = dialect_trace};

// ---- The settings, one by one

static bool read_mark(VM *vm, const char *name, Value v, const char *fallback, bool may_be_none, CsvMark *mark) {
    const char *text = fallback;
    size_t size = strlen(fallback);
    if (!is_empty(v)) {
        if (is_none(v) && may_be_none) return mark->size = 0, true;
        if (!is_string(v))
            return raise_type_error(vm, "\"%s\" must be string%s, not %s", name, may_be_none ? " or None" : "", type_name(vm, v)), false;
        if (string_of(v)->length != 1) return raise_type_error(vm, "\"%s\" must be a 1-character string", name), false;
        text = string_of(v)->data;
        size = string_of(v)->size;
    }
    memcpy(mark->bytes, text, size);
    mark->size = (uint8_t)size;
    return true;
}

static bool read_truth(VM *vm, Value v, bool fallback, bool *out) {
    int truth = is_empty(v) ? fallback : value_truth(vm, v);
    return *out = truth > 0, truth >= 0;
}

static bool read_line_terminator(VM *vm, Value v, String **out) {
    if (is_empty(v)) return (*out = string_from(vm, "\r\n")) != NULL;
    if (is_none(v)) return *out = NULL, true;
    if (!is_string(v)) return raise_type_error(vm, "\"lineterminator\" must be a string"), false;
    return *out = string_of(v), true;
}

static bool read_quoting(VM *vm, Value v, int *out) {
    if (is_empty(v)) return *out = CSV_QUOTE_MINIMAL, true;
    if (!is_plain_int(vm, v)) return raise_type_error(vm, "\"quoting\" must be an integer"), false;
    return c_int_argument(vm, v, out);
}

// ---- What must hold between them

static bool is_in(const CsvMark *mark, const String *text) {
    if (!mark->size) return false;
    for (const char *at = text->data, *end = text->data + text->size; at < end; at += utf8_width((unsigned char)*at))
        if (csv_is_mark(mark, at, end)) return true;
    return false;
}
static bool is_same(const CsvMark *a, const CsvMark *b) { return a->size && a->size == b->size && !memcmp(a->bytes, b->bytes, a->size); }

static bool check_pair(VM *vm, bool clash, const char *one, const char *other) {
    return !clash || (raise_value_error(vm, "bad %s or %s value", one, other), false);
}

static bool check_mark(VM *vm, const CsvDialect *d, const char *name, const CsvMark *mark, bool may_be_blank) {
    char c = mark->size == 1 ? mark->bytes[0] : 'x';
    if (c == '\n' || c == '\r' || (c == ' ' && d->skips_blanks && !may_be_blank)) return raise_value_error(vm, "bad %s value", name), false;
    return check_pair(vm, is_in(mark, d->line_terminator), name, "lineterminator");
}

static bool check(VM *vm, CsvDialect *d, int quoting) {
    if (quoting < 0 || quoting >= CSV_QUOTING_COUNT) return raise_type_error(vm, "bad \"quoting\" value"), false;
    d->quoting = (CsvQuoting)quoting;
    if (quoting != CSV_QUOTE_NONE && !d->quote.size) return raise_type_error(vm, "quotechar must be set if quoting enabled"), false;
    if (!d->line_terminator) return raise_type_error(vm, "lineterminator must be set"), false;
    return check_mark(vm, d, "delimiter", &d->delimiter, true) && check_mark(vm, d, "escapechar", &d->escape, false) &&
           check_mark(vm, d, "quotechar", &d->quote, false) &&
           check_pair(vm, is_same(&d->delimiter, &d->escape), "delimiter", "escapechar") &&
           check_pair(vm, is_same(&d->delimiter, &d->quote), "delimiter", "quotechar") &&
           check_pair(vm, is_same(&d->escape, &d->quote), "escapechar", "quotechar");
}

// A dialect of these settings, VALUE_EMPTY for each that has not been given.
static CsvDialect *dialect_make(VM *vm, Class *cls, const Value *settings) {
    CsvDialect *d = native_data_new(vm, cls, sizeof(CsvDialect));
    if (!d) return NULL;
    int quoting;
    if (!read_mark(vm, "delimiter", settings[DELIMITER], ",", false, &d->delimiter) ||
        !read_truth(vm, settings[DOUBLE_QUOTE], true, &d->doubles_quotes) ||
        !read_mark(vm, "escapechar", settings[ESCAPE], "", true, &d->escape) ||
        !read_line_terminator(vm, settings[LINE_TERMINATOR], &d->line_terminator) ||
        !read_mark(vm, "quotechar", settings[QUOTE], "\"", true, &d->quote) || !read_quoting(vm, settings[QUOTING], &quoting) ||
        !read_truth(vm, settings[SKIP_BLANKS], false, &d->skips_blanks) || !read_truth(vm, settings[STRICT], false, &d->strict))
        return NULL;
    // No quotes at all is what "quotechar=None" means by itself.
    if (!is_empty(settings[QUOTE]) && is_none(settings[QUOTE]) && is_empty(settings[QUOTING])) quoting = CSV_QUOTE_NONE;
    return check(vm, d, quoting) ? d : NULL;
}

// ---- Finding a dialect

// The registered dialect of this name; VALUE_ERROR with csv.Error.
static Value registered(VM *vm, Value name) {
    Value found = dict_get(vm, library_of(vm)->csv_dialects, name);
    return is_empty(found) ? raise_csv_error(vm, "unknown dialect") : found;
}

// `model` (VALUE_EMPTY or None: there is none) with the settings that are given in its place.
static CsvDialect *dialect_resolve(VM *vm, Class *cls, Value model, Value *settings) {
    if (!is_empty(model) && is_string(model)) {
        model = registered(vm, model);
        if (is_error(model)) return NULL;
    }
    bool changes = false;
    for (size_t i = 0; i < SETTING_COUNT; i++) changes |= !is_empty(settings[i]);
    if (is_empty(model) || is_none(model)) return dialect_make(vm, cls, settings);
    if (is_native_data(model, &dialect_ops) && !changes && cls == dialect_class(vm)) return dialect_of(model);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (!is_empty(settings[i])) continue;
        String *name = string_intern_from(vm, setting_names[i], strlen(setting_names[i]));
        if (!name) return NULL;
        settings[i] = value_get_attribute(vm, model, name);
        if (is_error(settings[i])) {
            if (!exception_matches(vm, vm->exceptions.exception)) return NULL;
            exception_drop(vm);
            settings[i] = VALUE_EMPTY;
        }
    }
    return dialect_make(vm, cls, settings);
}

// The same with settings by their names.
static CsvDialect *dialect_from(VM *vm, Value model, Dict *parameters) {
    Value settings[SETTING_COUNT], key, value;
    for (size_t i = 0; i < SETTING_COUNT; i++) settings[i] = VALUE_EMPTY;
    for (size_t at = 0; parameters && dict_next(parameters, &at, &key, &value);) {
        size_t i = 0;
        while (i < SETTING_COUNT && !string_is(string_of(key), setting_names[i])) i++;
        if (i < SETTING_COUNT) {
            settings[i] = value;
        } else if (string_is(string_of(key), "dialect") && is_empty(model)) {
            model = value;
        } else {
            raise_type_error(vm, "this function got an unexpected keyword argument '%s'", string_of(key)->data);
            return NULL;
        }
    }
    return dialect_resolve(vm, dialect_class(vm), model, settings);
}

static bool check_count(VM *vm, size_t count, size_t least, size_t most) {
    if (count >= least && count <= most) return true;
    size_t bound = count < least ? least : most;
    raise_type_error(vm, " expected at %s %zu argument%s, got %zu", count < least ? "least" : "most", bound, bound == 1 ? "" : "s", count);
    return false;
}

CsvDialect *csv_dialect_of_arguments(VM *vm, Dict *parameters, const Value *arguments, size_t count) {
    if (!check_count(vm, count, 1, 2)) return NULL;
    return dialect_from(vm, count == 2 ? arguments[1] : VALUE_EMPTY, parameters);
}

// ---- The class

static Value dialect_new(VM *vm, Value *args, size_t count) {
    return object_or_error(dialect_resolve(vm, (Class *)object_of(args[0]), args[1], args + 2));
}
static Value mark_value(VM *vm, const CsvMark *mark) {
    return mark->size ? object_or_error(string_new(vm, mark->bytes, mark->size)) : VALUE_NONE;
}
static Value get_delimiter(VM *vm, Value self) { return mark_value(vm, &dialect_of(self)->delimiter); }
static Value get_escape(VM *vm, Value self) { return mark_value(vm, &dialect_of(self)->escape); }
static Value get_quote(VM *vm, Value self) { return mark_value(vm, &dialect_of(self)->quote); }
static Value get_line_terminator(VM *vm, Value self) { return value_object(dialect_of(self)->line_terminator); }
static Value get_double_quote(VM *vm, Value self) { return value_bool(dialect_of(self)->doubles_quotes); }
static Value get_quoting(VM *vm, Value self) { return value_small(dialect_of(self)->quoting); }
static Value get_skip_blanks(VM *vm, Value self) { return value_bool(dialect_of(self)->skips_blanks); }
static Value get_strict(VM *vm, Value self) { return value_bool(dialect_of(self)->strict); }
static Value no_reduce(VM *vm, Value *args, size_t count) {
    return raise_type_error(vm, "cannot pickle '%s' instances", class_name(class_of(vm, args[0])));
}

static const AttributeDefinition dialect_attributes[] = {{"delimiter", get_delimiter, NULL, "What stands between fields."},
                                                         {"doublequote", get_double_quote, NULL,
                                                          "Whether a quote within a field is written twice."},
                                                         {"escapechar", get_escape, NULL,
                                                          "What takes away the meaning of the character behind it, or None."},
                                                         {"lineterminator", get_line_terminator, NULL, "What ends a record."},
                                                         {"quotechar", get_quote, NULL, "What encloses fields, or None."},
                                                         {"quoting", get_quoting, NULL,
                                                          "Which fields are enclosed: one of the QUOTE_… constants."},
                                                         {"skipinitialspace", get_skip_blanks, NULL,
                                                          "Whether spaces behind a delimiter are passed over."},
                                                         {"strict", get_strict, NULL, "Whether wrong input raises an Error."},
                                                         {0}};
static const NativeDefinition dialect_methods[] = {
    {"__new__", dialect_new,
     "cls, dialect=, delimiter=, doublequote=, escapechar=, lineterminator=, quotechar=, quoting=, skipinitialspace=, strict=", NATIVE_NEW},
    {"__reduce__", no_reduce, "self, /", NATIVE_METHOD},
    {"__reduce_ex__", no_reduce, "self, protocol, /", NATIVE_METHOD},
    {0}};

// ---- The registry

static Value register_dialect(VM *vm, Value *args, size_t count) {
    if (!check_count(vm, count - 1, 1, 2)) return VALUE_ERROR;
    if (!is_string(args[1])) return raise_type_error(vm, "dialect name must be a string");
    CsvDialect *dialect = dialect_from(vm, count > 2 ? args[2] : VALUE_EMPTY, is_empty(args[0]) ? NULL : dict_of(args[0]));
    if (!dialect || dict_set(vm, library_of(vm)->csv_dialects, args[1], value_object(dialect)) < 0) return VALUE_ERROR;
    return VALUE_NONE;
}
static Value unregister_dialect(VM *vm, Value *args, size_t count) {
    int deleted = dict_delete(vm, library_of(vm)->csv_dialects, args[0]);
    return deleted < 0 ? VALUE_ERROR : deleted ? VALUE_NONE : raise_csv_error(vm, "unknown dialect");
}
static Value get_dialect(VM *vm, Value *args, size_t count) { return registered(vm, args[0]); }
static Value list_dialects(VM *vm, Value *args, size_t count) {
    return object_or_error(list_from_iterable(vm, value_object(library_of(vm)->csv_dialects)));
}

static Value field_size_limit(VM *vm, Value *args, size_t count) {
    Library *library = library_of(vm);
    int64_t before = library->csv_field_limit, limit;
    if (!is_empty(args[0])) {
        if (!is_plain_int(vm, args[0])) return raise_type_error(vm, "limit must be an integer");
        if (!int_to_int64(args[0], &limit)) return raise_overflow_error(vm, "Python int too large to convert to C long");
        library->csv_field_limit = limit;
    }
    return int_from_int64(vm, before);
}

static const NativeDefinition functions[] = {
    {"register_dialect", register_dialect, "*args, **fmtparams", NATIVE_METHOD, "Makes a dialect known by a name."},
    {"unregister_dialect", unregister_dialect, "name", NATIVE_METHOD, "Forgets the dialect of a name."},
    {"get_dialect", get_dialect, "name", NATIVE_METHOD, "The dialect of a name."},
    {"list_dialects", list_dialects, "", NATIVE_METHOD, "The names of all dialects that are known."},
    {"field_size_limit", field_size_limit, "new_limit=, /", NATIVE_METHOD, "How many characters a field may have; sets another."},
    {0}};

bool csv_dialect_fill(VM *vm, Dict *namespace) {
    Library *library = library_of(vm);
    library->csv_field_limit = 128 * 1024;
    library->csv_dialects = dict_new(vm);
    Class *cls = library->classes[LIBRARY_CSV_DIALECT] = native_data_class(vm, "_csv", "Dialect", &dialect_ops, sizeof(CsvDialect), 0);
    String *module = string_intern_from(vm, "_csv", 4);
    return library->csv_dialects && cls && module && native_add_methods(vm, cls, dialect_methods) >= 0 &&
           native_add_attributes(vm, cls, dialect_attributes) >= 0 &&
           add_text(vm, cls->attributes, "__doc__", "What separates, encloses and escapes the fields of a file.") &&
           add_value(vm, namespace, "Dialect", value_object(cls)) &&
           add_value(vm, namespace, "_dialects", value_object(library->csv_dialects)) &&
           native_add_functions_of(vm, namespace, functions, module) >= 0;
}

// re.Pattern: searching, splitting and replacing; and the module _re.
#include "base/unicode_name.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "modules/text/regex_internal.h"
#include "object/function/generic_alias.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"

static RegexPattern *pattern_of(Value v) { return (RegexPattern *)object_of(v); }

static void pattern_trace(VM *vm, Object *o) {
    RegexPattern *pattern = (RegexPattern *)o;
    heap_mark(vm, pattern->pattern);
    heap_mark_object(vm, pattern->wide);
    heap_mark_object(vm, pattern->narrow);
    heap_mark_object(vm, pattern->group_index);
    heap_mark_object(vm, pattern->group_names);
    heap_mark_object(vm, pattern->closed);
    heap_mark_object(vm, pattern->loops);
    heap_mark(vm, pattern->template_reader);
}
static void pattern_finalize(VM *vm, Object *o) { regex_pattern_free(vm, (RegexPattern *)o); }

// What pos and endpos leave of a subject: offsets, and the indices that a match shows.
typedef struct {
    RegexSubject subject; // its size is the end
    size_t start, position, end_position;
} Range;

static bool range_open(VM *vm, RegexPattern *pattern, Value object, Value position, Value end_position, Range *range) {
    int64_t start = 0, end = INT64_MAX;
    if (!is_empty(position) && !value_index_int64(vm, position, true, &start)) return false;
    if (!is_empty(end_position) && !value_index_int64(vm, end_position, true, &end)) return false;
    if (!regex_open(vm, pattern, object, &range->subject)) return false;
    RegexSubject *subject = &range->subject;
    int64_t length = subject->is_text ? (int64_t)string_of(object)->length : (int64_t)subject->size;
    if (start < 0) start = 0;
    if (start > length) start = length;
    if (end < 0) end = 0;
    if (end > length) end = length;
    range->position = (size_t)start;
    range->end_position = (size_t)end;
    if (subject->is_text) {
        range->start = string_offset(vm, string_of(object), (size_t)start);
        if (end < length) subject->size = string_offset(vm, string_of(object), (size_t)end);
    } else {
        range->start = (size_t)start;
        subject->size = (size_t)end;
    }
    return true;
}

static Value run_once(VM *vm, Value *args, RegexMode mode) {
    RegexPattern *pattern = pattern_of(args[0]);
    Range range;
    if (!range_open(vm, pattern, args[1], args[2], args[3], &range)) return VALUE_ERROR;
    int found = regex_run(vm, pattern, &range.subject, mode, range.start, 0);
    if (found <= 0) return found ? VALUE_ERROR : VALUE_NONE;
    return regex_match_new(vm, pattern, &range.subject, range.position, range.end_position);
}
static Value pattern_search(VM *vm, Value *args, size_t count) { return run_once(vm, args, REGEX_SEARCH); }
static Value pattern_match(VM *vm, Value *args, size_t count) { return run_once(vm, args, REGEX_MATCH); }
static Value pattern_fullmatch(VM *vm, Value *args, size_t count) { return run_once(vm, args, REGEX_FULLMATCH); }

// The next match from *at, which moves on; *stuck says whether the last one was empty, so that this one may not be empty there.
static int step(VM *vm, RegexPattern *pattern, const RegexSubject *subject, RegexMode mode, size_t *at, bool *stuck) {
    int found = regex_run(vm, pattern, subject, mode, *at, *stuck ? PCRE2_NOTEMPTY_ATSTART : 0);
    if (found <= 0) return found;
    const size_t *offsets = regex_offsets(pattern);
    *at = offsets[1];
    *stuck = offsets[0] == offsets[1];
    return 1;
}

// A group's text, the empty text when it took no part.
static Value text_of(VM *vm, RegexPattern *pattern, const RegexSubject *subject, uint32_t group, Value absent) {
    const size_t *offsets = regex_offsets(pattern) + 2 * group;
    return offsets[0] == REGEX_UNSET ? absent : regex_slice(vm, subject, offsets[0], offsets[1]);
}

static Value pattern_find_all(VM *vm, Value *args, size_t count) {
    RegexPattern *pattern = pattern_of(args[0]);
    Range range;
    if (!range_open(vm, pattern, args[1], args[2], args[3], &range)) return VALUE_ERROR;
    List *result = list_new(vm, 0);
    Value nothing = pattern->is_text ? value_object(vm->names.empty) : object_or_error(bytes_new(vm, "", 0));
    if (!result || is_error(nothing)) return VALUE_ERROR;
    bool stuck = false;
    int found;
    while ((found = step(vm, pattern, &range.subject, REGEX_SEARCH, &range.start, &stuck)) > 0) {
        Value item;
        if (pattern->groups < 2) {
            item = text_of(vm, pattern, &range.subject, pattern->groups, nothing);
        } else {
            Tuple *tuple = tuple_new(vm, pattern->groups);
            for (uint32_t i = 1; tuple && i <= pattern->groups; i++) {
                Value text = text_of(vm, pattern, &range.subject, i, nothing);
                if (is_error(text)) return text;
                tuple->items[i - 1] = text;
            }
            item = object_or_error(tuple);
        }
        if (is_error(item) || !list_append(vm, result, item) || !vm_safepoint(vm, 1)) return VALUE_ERROR;
    }
    return found < 0 ? VALUE_ERROR : value_object(result);
}

// ---- finditer and scanners

typedef struct {
    NativeData data;
    RegexPattern *pattern;
    Value subject;
    size_t at, position, end_position, end;
    bool stuck, done;
    RegexMode mode; // of finditer
} Scanner;

static void scanner_trace(VM *vm, Object *o) {
    heap_mark_object(vm, ((Scanner *)o)->pattern);
    heap_mark(vm, ((Scanner *)o)->subject);
}

// The next match; VALUE_NONE at the end.
static Value scanner_step(VM *vm, Scanner *scanner, RegexMode mode) {
    RegexSubject subject;
    if (scanner->done) return VALUE_NONE;
    if (!regex_open(vm, scanner->pattern, scanner->subject, &subject)) return VALUE_ERROR;
    if (subject.size > scanner->end) subject.size = scanner->end;
    int found = step(vm, scanner->pattern, &subject, mode, &scanner->at, &scanner->stuck);
    if (found < 0) return VALUE_ERROR;
    if (!found) return scanner->done = true, VALUE_NONE;
    return regex_match_new(vm, scanner->pattern, &subject, scanner->position, scanner->end_position);
}

static Value iterator_next(VM *vm, Value self) {
    Value match = scanner_step(vm, (Scanner *)object_of(self), REGEX_SEARCH);
    if (!is_none(match)) return match;
    vm->stop_value = VALUE_NONE;
    return VALUE_STOP;
}
static Value iterator_itself(VM *vm, Value self) { return self; }
static Value scanner_match(VM *vm, Value *args, size_t count) { return scanner_step(vm, (Scanner *)object_of(args[0]), REGEX_MATCH); }
static Value scanner_search(VM *vm, Value *args, size_t count) { return scanner_step(vm, (Scanner *)object_of(args[0]), REGEX_SEARCH); }
static Value scanner_pattern(VM *vm, Value self) { return value_object(((Scanner *)object_of(self))->pattern); }

static const TypeOps scanner_ops = {.trace = scanner_trace};
static const TypeOps match_iterator_ops = {.trace = scanner_trace, .iterate = iterator_itself, .next = iterator_next};
static const NativeDefinition scanner_methods[] = {{"match", scanner_match, "self, /", NATIVE_METHOD, "The match here, or None."},
                                                   {"search", scanner_search, "self, /", NATIVE_METHOD, "The next match, or None."},
                                                   {0}};
static const AttributeDefinition scanner_attributes[] = {{"pattern", scanner_pattern, NULL, "The pattern that it looks for."},
                                                         {0}};

static Value scanner_new(VM *vm, Value *args, size_t class_number) {
    Range range;
    if (!range_open(vm, pattern_of(args[0]), args[1], args[2], args[3], &range)) return VALUE_ERROR;
    Scanner *scanner = native_data_new(vm, library_of(vm)->classes[class_number], sizeof(Scanner));
    if (!scanner) return VALUE_ERROR;
    scanner->pattern = pattern_of(args[0]);
    scanner->subject = args[1];
    scanner->at = range.start;
    scanner->position = range.position;
    scanner->end_position = range.end_position;
    scanner->end = range.subject.size;
    return value_object(scanner);
}
static Value pattern_find_iter(VM *vm, Value *args, size_t count) { return scanner_new(vm, args, LIBRARY_REGEX_ITERATOR); }
static Value pattern_scanner(VM *vm, Value *args, size_t count) { return scanner_new(vm, args, LIBRARY_REGEX_SCANNER); }

// ---- Splitting and replacing

static Value pattern_split(VM *vm, Value *args, size_t count) {
    RegexPattern *pattern = pattern_of(args[0]);
    Range range;
    int64_t most = 0;
    if (!is_empty(args[2]) && !size_argument(vm, args[2], &most)) return VALUE_ERROR;
    if (!range_open(vm, pattern, args[1], VALUE_EMPTY, VALUE_EMPTY, &range)) return VALUE_ERROR;
    List *result = list_new(vm, 0);
    if (!result) return VALUE_ERROR;
    RegexSubject *subject = &range.subject;
    bool stuck = false;
    size_t last = 0;
    for (int64_t splits = 0; !most || splits < most; splits++) {
        int found = step(vm, pattern, subject, REGEX_SEARCH, &range.start, &stuck);
        if (found < 0) return VALUE_ERROR;
        if (!found) break;
        Value piece = regex_slice(vm, subject, last, regex_offsets(pattern)[0]);
        if (is_error(piece) || !list_append(vm, result, piece)) return VALUE_ERROR;
        for (uint32_t i = 1; i <= pattern->groups; i++) {
            Value text = text_of(vm, pattern, subject, i, VALUE_NONE);
            if (is_error(text) || !list_append(vm, result, text)) return VALUE_ERROR;
        }
        last = regex_offsets(pattern)[1];
        if (!vm_safepoint(vm, 1)) return VALUE_ERROR;
    }
    Value rest = regex_slice(vm, subject, last, subject->size);
    return !is_error(rest) && list_append(vm, result, rest) ? value_object(result) : VALUE_ERROR;
}

// What takes the place of matches: text, a template's parts, or what a callable returns.
typedef struct {
    Value callable; // or VALUE_EMPTY
    Value text;     // or VALUE_EMPTY
    List *parts;
} Replacement;

static bool replacement_open(VM *vm, RegexPattern *pattern, Value by, Replacement *out) {
    *out = (Replacement){.callable = VALUE_EMPTY, .text = VALUE_EMPTY};
    if (value_callable(vm, by)) return out->callable = by, true;
    const unsigned char *data = NULL;
    size_t size = 0;
    bool plain = is_string(by) ? !memchr(string_of(by)->data, '\\', string_of(by)->size)
                               : bytes_view(by, &data, &size) && (!size || !memchr(data, '\\', size));
    if (plain) return out->text = by, true;
    out->parts = regex_template(vm, pattern, by);
    return out->parts != NULL;
}

// Appends text that a script has given. `item` counts what has been joined so far, as CPython's message does.
static bool append_given(VM *vm, Buffer *out, Value text, bool is_text, size_t item) {
    const unsigned char *data;
    size_t size;
    if (is_text && is_string(text)) return buffer_string(out, string_of(text)), true;
    if (!is_text && bytes_view(text, &data, &size)) return buffer_append(out, (const char *)data, size), true;
    raise_type_error(vm, is_text ? "sequence item %zu: expected str instance, %s found"
                                 : "sequence item %zu: expected a bytes-like object, %s found",
                     item, type_name(vm, text));
    return false;
}

// Puts one replacement down. 1, 0: nothing was put, or -1. [script]
static int replace(VM *vm, RegexPattern *pattern, const RegexSubject *subject, const Replacement *by, Buffer *out, size_t item) {
    if (by->parts) return regex_expand(vm, out, by->parts, subject, regex_offsets(pattern), pattern->is_text) ? 1 : -1;
    Value text = by->text;
    if (!is_empty(by->callable)) {
        size_t end = pattern->is_text ? string_of(subject->object)->length : subject->size;
        Value match = regex_match_new(vm, pattern, subject, 0, end);
        text = is_error(match) ? match : vm_call(vm, by->callable, &match, 1, NULL);
        if (is_error(text)) return -1;
        if (is_none(text)) return 0;
    }
    return append_given(vm, out, text, pattern->is_text, item) ? 1 : -1;
}

static bool substitute(VM *vm, RegexPattern *pattern, RegexSubject *subject, const Replacement *by, int64_t most, Buffer *out,
                       int64_t *times, size_t *last) {
    size_t at = 0, items = 0;
    bool stuck = false;
    *times = 0;
    *last = 0;
    for (; !most || *times < most; ++*times) {
        int found = step(vm, pattern, subject, REGEX_SEARCH, &at, &stuck);
        if (found < 0) return false;
        if (!found) break;
        size_t start = regex_offsets(pattern)[0];
        if (start > *last) buffer_append(out, subject->data + *last, start - *last), items++;
        int put = replace(vm, pattern, subject, by, out, items);
        if (put < 0 || out->failed || !vm_safepoint(vm, 1)) return false;
        items += (size_t)put;
        *last = at;
    }
    return true;
}

// The text with replacements, and how many: VALUE_ERROR with an exception. [script]
static Value replaced(VM *vm, Value *args, int64_t *times) {
    RegexPattern *pattern = pattern_of(args[0]);
    int64_t most = 0;
    RegexSubject subject;
    Replacement by;
    if (!is_empty(args[3]) && !size_argument(vm, args[3], &most)) return VALUE_ERROR;
    if (!replacement_open(vm, pattern, args[1], &by) || !regex_open(vm, pattern, args[2], &subject)) return VALUE_ERROR;
    // A callable might change what it lies in.
    if (!subject.is_text && !is_empty(by.callable) && !is_kind(subject.object, KIND_BYTES)) {
        Bytes *copy = bytes_new(vm, subject.data, subject.size);
        if (!copy || !regex_open(vm, pattern, value_object(copy), &subject)) return VALUE_ERROR;
    }
    Buffer out = vm_buffer(vm);
    size_t last;
    if (!substitute(vm, pattern, &subject, &by, most, &out, times, &last)) {
        bool failed = out.failed && !is_exception(vm->exception);
        buffer_free(&out);
        return failed ? raise_memory_error(vm) : VALUE_ERROR;
    }
    if (!*times) return buffer_free(&out), regex_slice(vm, &subject, 0, subject.size);
    buffer_append(&out, subject.data + last, subject.size - last);
    if (subject.is_text) return object_or_error(string_from_buffer(vm, &out));
    Value result = out.failed ? raise_memory_error(vm) : object_or_error(bytes_new(vm, out.data ? out.data : "", out.length));
    buffer_free(&out);
    return result;
}
static Value pattern_sub(VM *vm, Value *args, size_t count) {
    int64_t times;
    return replaced(vm, args, &times);
}
static Value pattern_subn(VM *vm, Value *args, size_t count) {
    int64_t times = 0;
    Value pair[2] = {replaced(vm, args, &times), VALUE_NONE};
    if (is_error(pair[0]) || is_error(pair[1] = int_from_int64(vm, times))) return VALUE_ERROR;
    return object_or_error(tuple_from(vm, pair, 2));
}

// ---- The object

static Value pattern_repr(VM *vm, Value self) {
    static const struct {
        int64_t flag;
        const char *name;
    } names[] = {{2, "re.IGNORECASE"}, {4, "re.LOCALE"},  {8, "re.MULTILINE"}, {16, "re.DOTALL"},
                 {32, "re.UNICODE"},   {64, "re.VERBOSE"}, {128, "re.DEBUG"},  {256, "re.ASCII"}};
    RegexPattern *pattern = pattern_of(self);
    int64_t flags = pattern->flags;
    if (pattern->is_text && (flags & (4 | 32 | 256)) == 32) flags &= ~(int64_t)32;
    String *shown = value_repr(vm, pattern->pattern);
    if (shown && shown->length > 200) shown = string_slice(vm, shown, 0, 200);
    if (!shown) return VALUE_ERROR;
    Buffer out = vm_buffer(vm);
    buffer_text(&out, "re.compile(");
    buffer_string(&out, shown);
    const char *between = ", ";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!(flags & names[i].flag)) continue;
        flags &= ~names[i].flag;
        buffer_format(&out, "%s%s", between, names[i].name);
        between = "|";
    }
    if (flags) buffer_format(&out, "%s0x%llx", between, (unsigned long long)flags);
    buffer_byte(&out, ')');
    return object_or_error(string_from_buffer(vm, &out));
}

static Value pattern_compare(VM *vm, Comparison op, Value self, Value other) {
    if ((op != COMPARISON_EQ && op != COMPARISON_NE) || !is_native_data(other, &regex_pattern_ops)) return VALUE_NOT_IMPLEMENTED;
    RegexPattern *a = pattern_of(self), *b = pattern_of(other);
    int same = a->flags == b->flags && a->is_text == b->is_text ? value_equal(vm, a->pattern, b->pattern) : 0;
    return same < 0 ? VALUE_ERROR : value_bool((same != 0) == (op == COMPARISON_EQ));
}
static int pattern_hash(VM *vm, Value self, uint64_t *out) {
    RegexPattern *pattern = pattern_of(self);
    if (value_hash(vm, pattern->pattern, out) < 0) return -1;
    *out ^= (uint64_t)pattern->flags * 0x9E3779B97F4A7C15u;
    if (*out == UINT64_MAX) *out = UINT64_MAX - 1;
    return 1;
}

static Value get_text(VM *vm, Value self) { return pattern_of(self)->pattern; }
static Value get_flags(VM *vm, Value self) { return int_from_int64(vm, pattern_of(self)->flags); }
static Value get_groups(VM *vm, Value self) { return value_small(pattern_of(self)->groups); }
static Value get_group_index(VM *vm, Value self) { return object_or_error(dict_copy(vm, pattern_of(self)->group_index)); }
static Value pattern_copy(VM *vm, Value *args, size_t count) { return args[0]; }

const TypeOps regex_pattern_ops = {.trace = pattern_trace, .finalize = pattern_finalize, .repr = pattern_repr,
                                   .compare = pattern_compare, .hash = pattern_hash};

#define RANGE "self, /, string, pos=0, endpos=sys.maxsize", NATIVE_METHOD
static const NativeDefinition methods[] = {
    {"match", pattern_match, RANGE, "The match at the beginning, or None."},
    {"fullmatch", pattern_fullmatch, RANGE, "The match of all of the text, or None."},
    {"search", pattern_search, RANGE, "The first match, or None."},
    {"findall", pattern_find_all, RANGE, "A list of what all matches have: their text, or that of their groups."},
    {"finditer", pattern_find_iter, RANGE, "An iterator of all matches."},
    {"scanner", pattern_scanner, RANGE, "An object whose match() and search() go through the text step by step."},
    {"split", pattern_split, "self, /, string, maxsplit=0", NATIVE_METHOD, "The text between the matches, with that of groups."},
    {"sub", pattern_sub, "self, /, repl, string, count=0", NATIVE_METHOD, "The text with matches replaced."},
    {"subn", pattern_subn, "self, /, repl, string, count=0", NATIVE_METHOD, "The text with matches replaced, and how many were."},
    {"__copy__", pattern_copy, "self, /", NATIVE_METHOD},
    {"__deepcopy__", pattern_copy, "self, memo, /", NATIVE_METHOD},
    GENERIC_ALIAS_METHOD,
    {0}};
static const AttributeDefinition attributes[] = {{"pattern", get_text, NULL, "The text that was compiled."},
                                                 {"flags", get_flags, NULL, "The flags in effect, a number."},
                                                 {"groups", get_groups, NULL, "How many groups it has."},
                                                 {"groupindex", get_group_index, NULL,
                                                  "The number of each group that has a name, a mapping."},
                                                 {0}};

bool regex_pattern_class_add(VM *vm, Dict *namespace) {
    Class **classes = library_of(vm)->classes;
    Class *cls = classes[LIBRARY_REGEX_PATTERN] =
        native_data_class(vm, "re", "Pattern", &regex_pattern_ops, sizeof(RegexPattern), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    Class *scanner = classes[LIBRARY_REGEX_SCANNER] =
        native_data_class(vm, "_sre", "SRE_Scanner", &scanner_ops, sizeof(Scanner), CLASS_FINAL | CLASS_ABSTRACT_NEW | CLASS_NO_WEAK);
    Class *iterator = classes[LIBRARY_REGEX_ITERATOR] = native_data_class(vm, "builtins", "callable_iterator", &match_iterator_ops,
                                                                          sizeof(Scanner), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    return cls && scanner && iterator && native_add_methods(vm, cls, methods) >= 0 && native_add_attributes(vm, cls, attributes) >= 0 &&
           native_add_methods(vm, scanner, scanner_methods) >= 0 && native_add_attributes(vm, scanner, scanner_attributes) >= 0 &&
           add_text(vm, cls->attributes, "__doc__", "A compiled regular expression.") &&
           add_value(vm, namespace, "Pattern", value_object(cls));
}

// pattern(source, flags, folds, groups, wide, narrow, group_index, group_names, closed, loops, depth, reader)
static Value make_pattern(VM *vm, Value *args, size_t count) {
    int64_t flags, groups, depth;
    if (!value_index_int64(vm, args[1], false, &flags) || !value_index_int64(vm, args[3], false, &groups) ||
        !value_index_int64(vm, args[10], false, &depth))
        return VALUE_ERROR;
    bool is_text = is_string(args[0]), right = is_string(args[4]) && is_string(args[5]) && is_kind(args[6], KIND_DICT) &&
                                               is_tuple(args[7]) && is_tuple(args[8]) && is_tuple(args[9]) && groups >= 0 && groups < 65536 && depth >= 0;
    right = right && tuple_of(args[7])->length == (size_t)groups + 1 && tuple_of(args[9])->length == (size_t)groups + 1 &&
            tuple_of(args[8])->length == (size_t)groups;
    for (size_t i = 0; right && i < (size_t)groups; i++) {
        Value group = tuple_of(args[8])->items[i];
        right = is_small(group) && small_of(group) > 0 && small_of(group) <= groups;
    }
    Value name, number;
    for (size_t at = 0; right && dict_next((Dict *)object_of(args[6]), &at, &name, &number);)
        right = is_small(number) && small_of(number) > 0 && small_of(number) <= groups;
    if (!right) return raise_type_error(vm, "invalid pattern");
    RegexPattern *pattern = native_data_new(vm, library_of(vm)->classes[LIBRARY_REGEX_PATTERN], sizeof(RegexPattern));
    if (!pattern) return VALUE_ERROR;
    pattern->pattern = args[0];
    pattern->flags = flags;
    pattern->is_text = is_text;
    pattern->folds = value_same(args[2], VALUE_TRUE);
    pattern->groups = (uint32_t)groups;
    pattern->wide = string_of(args[4]);
    pattern->narrow = string_of(args[5]);
    pattern->group_index = (Dict *)object_of(args[6]);
    pattern->group_names = tuple_of(args[7]);
    pattern->closed = tuple_of(args[8]);
    pattern->loops = tuple_of(args[9]);
    pattern->depth = depth < UINT32_MAX ? (uint32_t)depth : UINT32_MAX;
    pattern->template_reader = args[11];
    // What is wrong with it is told here rather than when it is first used; and bytes have the narrow form alone.
    RegexSubject nothing = {.object = args[0], .data = "", .is_text = is_text, .narrow = !is_text};
    if (regex_run(vm, pattern, &nothing, REGEX_SEARCH, 0, 0) < 0) return VALUE_ERROR;
    return value_object(pattern);
}

// character(name): the number of the character of that name, or None.
static Value named_character(VM *vm, Value *args, size_t count) {
    if (!is_string(args[0])) return raise_type_error(vm, "name must be a str");
    String *name = string_of(args[0]);
    int64_t found = unicode_name_find(name->data, name->size);
    if (found < 0 && !unicode_names_known())
        return raise_value_error(vm, "\\N{%s} is not supported: this aioli was built without the names of characters", name->data);
    return found < 0 ? VALUE_NONE : value_small(found);
}

static const NativeDefinition functions[] = {
    {"character", named_character, "name, /", NATIVE_METHOD},
    {"pattern", make_pattern,
     "source, flags, folds, groups, wide, narrow, group_index, group_names, closed, loops, depth, reader, /", NATIVE_METHOD},
    {0}};

bool regex_module_fill(VM *vm, ModuleObject *module) {
    Library *library = library_of(vm);
    if (!library->regex) library->regex = regex_machine_new(vm);
    if (!library->regex || !regex_match_class_add(vm, module->namespace) || !regex_pattern_class_add(vm, module->namespace)) return false;
    // Later releases count more characters to \w than Python does.
    char version[64] = "";
    bool plain = pcre2_config(PCRE2_CONFIG_VERSION, version) > 0 && version[0] == '1' && version[1] == '0' && version[2] == '.' &&
                 atoi(version + 3) < 43;
    return add_value(vm, module->namespace, "plain_words", value_bool(plain)) &&
           native_add_functions(vm, module->namespace, functions) > 0;
}

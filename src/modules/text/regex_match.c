// re.Match: where a pattern matched.
#include "modules/library.h"
#include "modules/text/regex_internal.h"
#include "object/function/generic_alias.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"

static RegexMatch *match_of(Value v) { return (RegexMatch *)object_of(v); }

static void match_trace(VM *vm, Object *o) {
    RegexMatch *match = (RegexMatch *)o;
    heap_mark_object(vm, match->pattern);
    heap_mark(vm, match->subject);
    heap_mark_object(vm, match->regs);
}

Value regex_slice(VM *vm, const RegexSubject *subject, size_t start, size_t end) {
    // A bytearray may have become shorter.
    if (end > subject->size) end = subject->size;
    if (start > end) start = end;
    if (subject->is_text) {
        String *whole = string_of(subject->object);
        if (start == 0 && end == whole->size && is_exact_string(vm, subject->object)) return subject->object;
        return object_or_error(string_new(vm, subject->data + start, end - start));
    }
    if (start == 0 && is_exactly(subject->object, vm->classes.bytes) && end == ((Bytes *)object_of(subject->object))->length)
        return subject->object;
    return object_or_error(bytes_new(vm, subject->data + start, end - start));
}

Value regex_match_new(VM *vm, RegexPattern *pattern, const RegexSubject *subject, size_t position, size_t end_position) {
    size_t count = 2 * ((size_t)pattern->groups + 1);
    RegexMatch *match = native_data_new(vm, library_of(vm)->classes[LIBRARY_REGEX_MATCH], sizeof(RegexMatch) + count * sizeof(size_t));
    if (!match) return VALUE_ERROR;
    match->pattern = pattern;
    match->subject = subject->object;
    match->position = position;
    match->end_position = end_position;
    memcpy(match->offsets, regex_offsets(pattern), count * sizeof(size_t));
    return value_object(match);
}

static Value index_value(VM *vm, const RegexMatch *match, size_t offset) {
    if (offset == REGEX_UNSET) return value_small(-1);
    if (is_string(match->subject)) offset = string_index(vm, string_of(match->subject), offset);
    return int_from_int64(vm, (int64_t)offset);
}

// The subject for reading slices. Its kind was right when the match was made.
static bool reopen(VM *vm, const RegexMatch *match, RegexSubject *subject) {
    return regex_open(vm, match->pattern, match->subject, subject);
}

Value regex_match_group(VM *vm, const RegexMatch *match, const RegexSubject *subject, uint32_t group, Value absent) {
    size_t start = match->offsets[2 * group], end = match->offsets[2 * group + 1];
    return start == REGEX_UNSET ? absent : regex_slice(vm, subject, start, end);
}

// The number of the group that an argument names. False with IndexError. [script]
static bool group_argument(VM *vm, const RegexMatch *match, Value key, uint32_t *out) {
    int64_t number = -1;
    if (is_empty(key)) return *out = 0, true;
    if (has_index(vm, key)) {
        if (!value_index_int64(vm, key, true, &number)) return false;
    } else {
        uint64_t hash;
        Value found = VALUE_EMPTY;
        if (value_hash(vm, key, &hash) < 0)
            exception_clear(vm);
        else if (is_error(found = dict_get(vm, match->pattern->group_index, key)))
            return false;
        if (is_small(found)) number = small_of(found);
    }
    if (number < 0 || number > (int64_t)match->pattern->groups) return raise_index_error(vm, "no such group"), false;
    *out = (uint32_t)number;
    return true;
}

static Value match_group(VM *vm, Value *args, size_t count) {
    RegexMatch *match = match_of(args[0]);
    RegexSubject subject;
    uint32_t group = 0;
    if (count <= 2) {
        if (!group_argument(vm, match, count == 2 ? args[1] : VALUE_EMPTY, &group) || !reopen(vm, match, &subject)) return VALUE_ERROR;
        return regex_match_group(vm, match, &subject, group, VALUE_NONE);
    }
    Tuple *result = tuple_new(vm, count - 1);
    for (size_t i = 1; result && i < count; i++) {
        if (!group_argument(vm, match, args[i], &group) || !reopen(vm, match, &subject)) return VALUE_ERROR;
        Value item = regex_match_group(vm, match, &subject, group, VALUE_NONE);
        if (is_error(item)) return item;
        result->items[i - 1] = item;
    }
    return object_or_error(result);
}

static Value match_get_item(VM *vm, Value self, Value key) {
    RegexMatch *match = match_of(self);
    RegexSubject subject;
    uint32_t group;
    if (!group_argument(vm, match, key, &group) || !reopen(vm, match, &subject)) return VALUE_ERROR;
    return regex_match_group(vm, match, &subject, group, VALUE_NONE);
}

static Value match_groups(VM *vm, Value *args, size_t count) {
    RegexMatch *match = match_of(args[0]);
    Value absent = is_empty(args[1]) ? VALUE_NONE : args[1];
    RegexSubject subject;
    Tuple *result = reopen(vm, match, &subject) ? tuple_new(vm, match->pattern->groups) : NULL;
    for (uint32_t i = 1; result && i <= match->pattern->groups; i++) {
        Value item = regex_match_group(vm, match, &subject, i, absent);
        if (is_error(item)) return item;
        result->items[i - 1] = item;
    }
    return object_or_error(result);
}

static Value match_group_dict(VM *vm, Value *args, size_t count) {
    RegexMatch *match = match_of(args[0]);
    Value absent = is_empty(args[1]) ? VALUE_NONE : args[1], name, number;
    RegexSubject subject;
    Dict *result = reopen(vm, match, &subject) ? dict_new(vm) : NULL;
    if (!result) return VALUE_ERROR;
    for (size_t at = 0; dict_next(match->pattern->group_index, &at, &name, &number);) {
        Value item = is_small(number) ? regex_match_group(vm, match, &subject, (uint32_t)small_of(number), absent) : VALUE_NONE;
        if (is_error(item) || dict_set(vm, result, name, item) < 0) return VALUE_ERROR;
    }
    return value_object(result);
}

static Value span_of(VM *vm, const RegexMatch *match, uint32_t group) {
    Value pair[2] = {index_value(vm, match, match->offsets[2 * group]), index_value(vm, match, match->offsets[2 * group + 1])};
    if (is_error(pair[0]) || is_error(pair[1])) return VALUE_ERROR;
    return object_or_error(tuple_from(vm, pair, 2));
}
static Value match_start(VM *vm, Value *args, size_t count) {
    uint32_t group;
    if (!group_argument(vm, match_of(args[0]), args[1], &group)) return VALUE_ERROR;
    return index_value(vm, match_of(args[0]), match_of(args[0])->offsets[2 * group]);
}
static Value match_end(VM *vm, Value *args, size_t count) {
    uint32_t group;
    if (!group_argument(vm, match_of(args[0]), args[1], &group)) return VALUE_ERROR;
    return index_value(vm, match_of(args[0]), match_of(args[0])->offsets[2 * group + 1]);
}
static Value match_span(VM *vm, Value *args, size_t count) {
    uint32_t group;
    return group_argument(vm, match_of(args[0]), args[1], &group) ? span_of(vm, match_of(args[0]), group) : VALUE_ERROR;
}

// The group that was closed last, or 0: by where the parentheses stand, but within what is repeated the one that ends last.
static uint32_t last_group(const RegexMatch *match) {
    uint32_t last = 0;
    Tuple *closed = match->pattern->closed, *loops = match->pattern->loops;
    for (size_t i = 0; i < closed->length; i++) {
        uint32_t group = (uint32_t)small_of(closed->items[i]);
        size_t end = match->offsets[2 * group + 1];
        if (end == REGEX_UNSET) continue;
        bool together = last && !value_same(loops->items[group], value_small(0)) && value_same(loops->items[group], loops->items[last]);
        if (!together || end >= match->offsets[2 * last + 1]) last = group;
    }
    return last;
}
static Value get_last_index(VM *vm, Value self) {
    uint32_t last = last_group(match_of(self));
    return last ? value_small(last) : VALUE_NONE;
}
static Value get_last_group(VM *vm, Value self) { return match_of(self)->pattern->group_names->items[last_group(match_of(self))]; }

static Value get_pattern(VM *vm, Value self) { return value_object(match_of(self)->pattern); }
static Value get_subject(VM *vm, Value self) { return match_of(self)->subject; }
static Value get_position(VM *vm, Value self) { return int_from_int64(vm, (int64_t)match_of(self)->position); }
static Value get_end_position(VM *vm, Value self) { return int_from_int64(vm, (int64_t)match_of(self)->end_position); }

static Value get_regs(VM *vm, Value self) {
    RegexMatch *match = match_of(self);
    if (match->regs) return value_object(match->regs);
    Tuple *regs = tuple_new(vm, (size_t)match->pattern->groups + 1);
    for (uint32_t i = 0; regs && i <= match->pattern->groups; i++) {
        Value span = span_of(vm, match, i);
        if (is_error(span)) return span;
        regs->items[i] = span;
    }
    match->regs = regs;
    return object_or_error(regs);
}

static Value match_repr(VM *vm, Value self) {
    RegexMatch *match = match_of(self);
    RegexSubject subject;
    if (!reopen(vm, match, &subject)) return VALUE_ERROR;
    Value span = span_of(vm, match, 0);
    Value text = is_error(span) ? span : regex_match_group(vm, match, &subject, 0, VALUE_NONE);
    String *where = is_error(text) ? NULL : value_repr(vm, span);
    String *shown = where ? value_repr(vm, text) : NULL;
    if (shown && shown->length > 50) shown = string_slice(vm, shown, 0, 50);
    if (!shown) return VALUE_ERROR;
    Buffer out = vm_buffer(vm);
    buffer_text(&out, "<re.Match object; span=");
    buffer_string(&out, where);
    buffer_text(&out, ", match=");
    buffer_string(&out, shown);
    buffer_byte(&out, '>');
    return object_or_error(string_from_buffer(vm, &out));
}

bool regex_expand(VM *vm, Buffer *out, List *parts, const RegexSubject *subject, const size_t *offsets, bool is_text) {
    for (size_t i = 0; i < parts->length; i++) {
        Value part = parts->items[i];
        const unsigned char *data;
        size_t size;
        if (is_small(part)) {
            size_t group = (size_t)small_of(part), start = offsets[2 * group], end = offsets[2 * group + 1];
            if (start == REGEX_UNSET || end > subject->size || start > end) continue;
            buffer_append(out, subject->data + start, end - start);
        } else if (is_string(part) && is_text) {
            buffer_string(out, string_of(part));
        } else if (!is_text && bytes_view(part, &data, &size)) {
            buffer_append(out, (const char *)data, size);
        } else {
            raise_type_error(vm, is_text ? "sequence item %zu: expected str instance, %s found"
                                         : "sequence item %zu: expected a bytes-like object, %s found",
                             i, type_name(vm, part));
            return false;
        }
    }
    return true;
}

List *regex_template(VM *vm, RegexPattern *pattern, Value template) {
    Value given[2] = {value_object(pattern), template};
    Value parts = vm_call(vm, pattern->template_reader, given, 2, NULL);
    if (is_error(parts)) return NULL;
    if (is_list(parts)) {
        bool right = true;
        for (size_t i = 0; i < list_of(parts)->length; i++) {
            Value part = list_of(parts)->items[i];
            if (is_small(part) && (small_of(part) < 0 || small_of(part) > (int64_t)pattern->groups)) right = false;
        }
        if (right) return list_of(parts);
    }
    raise_type_error(vm, "invalid template");
    return NULL;
}

static Value match_expand(VM *vm, Value *args, size_t count) {
    RegexMatch *match = match_of(args[0]);
    RegexSubject subject;
    List *parts = regex_template(vm, match->pattern, args[1]);
    if (!parts || !reopen(vm, match, &subject)) return VALUE_ERROR;
    Buffer out = vm_buffer(vm);
    if (!regex_expand(vm, &out, parts, &subject, match->offsets, subject.is_text)) return buffer_free(&out), VALUE_ERROR;
    if (subject.is_text) return object_or_error(string_from_buffer(vm, &out));
    if (out.failed) return buffer_free(&out), raise_memory_error(vm);
    Value result = object_or_error(bytes_new(vm, out.data ? out.data : "", out.length));
    buffer_free(&out);
    return result;
}

static Value match_copy(VM *vm, Value *args, size_t count) { return args[0]; }

const TypeOps regex_match_ops = {.trace = match_trace, .repr = match_repr, .get_item = match_get_item};

static const NativeDefinition methods[] = {
    {"group", match_group, "self, /, *args", NATIVE_METHOD, "The text of a group, or of several as a tuple; of the whole without arguments."},
    {"groups", match_groups, "self, /, default=None", NATIVE_METHOD, "The texts of all groups, default for those that took no part."},
    {"groupdict", match_group_dict, "self, /, default=None", NATIVE_METHOD, "The texts of the named groups by their names."},
    {"start", match_start, "self, group=0, /", NATIVE_METHOD, "The index where a group begins, or -1."},
    {"end", match_end, "self, group=0, /", NATIVE_METHOD, "The index behind a group, or -1."},
    {"span", match_span, "self, group=0, /", NATIVE_METHOD, "Both ends of a group."},
    {"expand", match_expand, "self, /, template", NATIVE_METHOD, "The template, with the groups that it names filled in."},
    {"__copy__", match_copy, "self, /", NATIVE_METHOD},
    {"__deepcopy__", match_copy, "self, memo, /", NATIVE_METHOD},
    GENERIC_ALIAS_METHOD,
    {0}};
static const AttributeDefinition attributes[] = {{"re", get_pattern, NULL, "The pattern that matched."},
                                                 {"string", get_subject, NULL, "The text in which it matched."},
                                                 {"pos", get_position, NULL, "Where in the text the search began."},
                                                 {"endpos", get_end_position, NULL, "Where in the text the search would have ended."},
                                                 {"lastindex", get_last_index, NULL,
                                                  "The number of the last group that matched, or None."},
                                                 {"lastgroup", get_last_group, NULL, "The name of the last group that matched, or None."},
                                                 {"regs", get_regs, NULL, "The (start, end) of the match and of each group, a tuple."},
                                                 {0}};

bool regex_match_class_add(VM *vm, Dict *namespace) {
    Class *cls = library_of(vm)->classes[LIBRARY_REGEX_MATCH] =
        native_data_class(vm, "re", "Match", &regex_match_ops, sizeof(RegexMatch), CLASS_FINAL | CLASS_ABSTRACT_NEW | CLASS_NO_WEAK);
    return cls && native_add_methods(vm, cls, methods) >= 0 && native_add_attributes(vm, cls, attributes) >= 0 &&
           add_text(vm, cls->attributes, "__doc__", "Where and how a pattern matched.") &&
           add_value(vm, namespace, "Match", value_object(cls));
}

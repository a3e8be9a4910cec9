// The module unicodedata: properties of characters, names, normalisation. Each function is there twice: of the module, and of the one
// object of class UCD, ucd_3_2_0, which knows Unicode as it was in version 3.2.
#include "modules/library.h"
#include "modules/modules.h"
#include "object/core/errors.h"
#include "object/core/native_data.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"

#ifndef AIOLI_UNICODE_DATA

bool unicodedata_module_fill(VM *vm, ModuleObject *module) {
    raise_error(vm, vm->exceptions.module_not_found_error,
                "No module named 'unicodedata' (this aioli was built without Unicode's database)");
    Exception *e = exception_raised(vm, vm->exceptions.module_not_found_error);
    String *name = e ? string_from(vm, "unicodedata") : NULL;
    if (name) exception_set(vm, e, "name", value_object(name));
    return false;
}

#else
#include <string.h>

#include "base/unicode_data.h"
#include "base/unicode_name.h"
#include "base/unicode_normal.h"
#include "base/utf8.h"
#include "object/container/dict.h"
#include "object/core/native.h"
#include "object/text/bytes.h"
#include "object/text/codec.h"
#include "object/text/str.h"

// What is asked: the arguments behind self, and whether it is of Unicode 3.2.
typedef Value (*Question)(VM *vm, Value *args, bool then);

static const char *shown_type(VM *vm, Value v) { return is_none(v) ? "None" : type_name(vm, v); }

// The code point of a str of one character; -1 with TypeError. `place`: how messages call the argument.
static int64_t character_argument(VM *vm, Value v, const char *function, const char *place) {
    if (is_string(v) && string_of(v)->length == 1) return string_code_point(vm, string_of(v), 0);
    raise_type_error(vm, "%s() argument %smust be a unicode character, not %s", function, place, shown_type(vm, v));
    return -1;
}

// The properties of the argument; NULL with TypeError.
static const UnicodeProperties *properties_of(VM *vm, Value v, const char *function, bool then) {
    int64_t c = character_argument(vm, v, function, "");
    if (c < 0) return NULL;
    const UnicodeRecord *record = unicode_record((uint32_t)c);
    return then ? &record->then : &record->now;
}

// ---- Properties

static Value ask_category(VM *vm, Value *args, bool then) {
    const UnicodeProperties *p = properties_of(vm, args[0], "category", then);
    return p ? object_or_error(string_from(vm, unicode_category_names[p->category])) : VALUE_ERROR;
}
static Value ask_bidirectional(VM *vm, Value *args, bool then) {
    const UnicodeProperties *p = properties_of(vm, args[0], "bidirectional", then);
    return p ? object_or_error(string_from(vm, unicode_bidirectional_names[p->bidirectional])) : VALUE_ERROR;
}
static Value ask_combining(VM *vm, Value *args, bool then) {
    const UnicodeProperties *p = properties_of(vm, args[0], "combining", then);
    return p ? value_small(p->combining) : VALUE_ERROR;
}
static Value ask_east_asian_width(VM *vm, Value *args, bool then) {
    const UnicodeProperties *p = properties_of(vm, args[0], "east_asian_width", then);
    return p ? object_or_error(string_from(vm, unicode_width_names[p->width])) : VALUE_ERROR;
}
static Value ask_mirrored(VM *vm, Value *args, bool then) {
    const UnicodeProperties *p = properties_of(vm, args[0], "mirrored", then);
    return p ? value_small(p->mirrored) : VALUE_ERROR;
}

static Value ask_decomposition(VM *vm, Value *args, bool then) {
    int64_t c = character_argument(vm, args[0], "decomposition", "");
    if (c < 0) return VALUE_ERROR;
    const UnicodeRecord *record = unicode_record((uint32_t)c);
    unsigned kind;
    size_t size;
    const char *mapping = (then ? record->then : record->now).category ? unicode_mapping((uint32_t)c, &kind, &size) : NULL;
    if (!mapping) return value_object(vm->names.empty);
    Buffer out = vm_buffer(vm);
    buffer_text(&out, unicode_mapping_kinds[kind]);
    int width;
    for (const char *at = mapping; at < mapping + size; at += width)
        buffer_format(&out, "%s%04X", out.length ? " " : "", (unsigned)utf8_decode(at, &width));
    return object_or_error(string_from_buffer(vm, &out));
}

// ---- Numbers

// What is in place of an answer: the second argument, or ValueError.
static Value fallback(VM *vm, Value v, const char *message) { return is_empty(v) ? raise_value_error(vm, "%s", message) : v; }

static Value ask_decimal(VM *vm, Value *args, bool then) {
    int64_t c = character_argument(vm, args[0], "decimal", "1 ");
    if (c < 0) return VALUE_ERROR;
    UnicodeNumberKind old;
    double value;
    UnicodeNumberKind kind = unicode_number((uint32_t)c, &old, &value);
    if (then) kind = unicode_record((uint32_t)c)->then.category ? old : UNICODE_NO_NUMBER;
    return kind == UNICODE_DECIMAL ? value_small((int64_t)value) : fallback(vm, args[1], "not a decimal");
}
// Digits are the same in all versions, as CPython has it.
static Value ask_digit(VM *vm, Value *args, bool then) {
    int64_t c = character_argument(vm, args[0], "digit", "1 ");
    if (c < 0) return VALUE_ERROR;
    UnicodeNumberKind old;
    double value;
    return unicode_number((uint32_t)c, &old, &value) >= UNICODE_DIGIT ? value_small((int64_t)value) : fallback(vm, args[1], "not a digit");
}
static Value ask_numeric(VM *vm, Value *args, bool then) {
    int64_t c = character_argument(vm, args[0], "numeric", "1 ");
    if (c < 0) return VALUE_ERROR;
    UnicodeNumberKind old;
    double value;
    bool is_known = !then || unicode_record((uint32_t)c)->then.category;
    return is_known && unicode_number((uint32_t)c, &old, &value) ? value_float(value) : fallback(vm, args[1], "not a numeric character");
}

// ---- Names

static Value ask_name(VM *vm, Value *args, bool then) {
    int64_t c = character_argument(vm, args[0], "name", "1 ");
    if (c < 0) return VALUE_ERROR;
    char name[UNICODE_NAME_ROOM];
    bool is_known = !then || unicode_record((uint32_t)c)->then.category;
    size_t length = is_known ? unicode_name_of((uint32_t)c, name) : 0;
    return length ? object_or_error(string_new(vm, name, length)) : fallback(vm, args[1], "no such name");
}

enum { LONGEST_NAME = 256 };

static Value ask_lookup(VM *vm, Value *args, bool then) {
    const unsigned char *data;
    size_t size;
    Value bytes = is_string(args[0]) ? codec_encode(vm, CODEC_UTF8, string_of(args[0]), NULL) : args[0];
    if (is_error(bytes)) return VALUE_ERROR;
    if (!bytes_view(bytes, &data, &size)) return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, bytes));
    if (!is_kind(bytes, KIND_BYTES))
        return raise_type_error(vm, "lookup() argument must be read-only bytes-like object, not %s", type_name(vm, bytes));
    if (size > LONGEST_NAME) return raise_error(vm, vm->exceptions.key_error, "name too long");
    bool is_own;
    int32_t found = unicode_name_find_any(data ? (const char *)data : "", size, &is_own);
    if (found < 0 || (then && !is_own)) {
        size_t shown = data ? strnlen((const char *)data, size) : 0;
        size_t consumed;
        String *replace = string_from(vm, "replace");
        Bytes *name = replace ? bytes_new(vm, shown ? (const char *)data : "", shown) : NULL;
        Value text = name ? codec_decode(vm, CODEC_UTF8, name->data, shown, value_object(name), replace, true, &consumed) : VALUE_ERROR;
        if (is_error(text)) return VALUE_ERROR;
        return raise_error(vm, vm->exceptions.key_error, "undefined character name '%s'", string_of(text)->data);
    }
    if (found < UNICODE_SEQUENCE) return object_or_error(string_from_code_point(vm, (uint32_t)found));
    const char *sequence = unicode_name_sequence(found, &size);
    return object_or_error(string_new(vm, sequence, size));
}

// ---- Normalisation

// Reads the arguments (form, text). False with an exception; *form is -1 for one that does not exist.
static bool normal_arguments(VM *vm, Value *args, const char *function, int *form) {
    static const char *const forms[] = {"NFD", "NFC", "NFKD", "NFKC"}; // by NormalForm
    for (int i = 0; i < 2; i++)
        if (!is_string(args[i]))
            return raise_type_error(vm, "%s() argument %d must be str, not %s", function, i + 1, shown_type(vm, args[i])), false;
    for (*form = 3; *form >= 0 && !string_is(string_of(args[0]), forms[*form]);) --*form;
    return true;
}

// Whether no character of the text decomposes, combines or composes: below U+0080 none does, and below U+0300 none in form NFC.
static bool is_plain(const String *text, unsigned form) {
    if (string_is_ascii(text)) return true;
    if (form != NORMAL_COMPOSED) return false;
    for (size_t i = 0; i < text->size; i++)
        if ((unsigned char)text->data[i] >= 0xCC) return false; // the first byte of U+0300 and of what follows
    return true;
}

static bool poll_machine(void *vm, size_t work) { return vm_poll(vm, work); }

// The same object where the text is in that form already. NULL with an exception.
static String *normal_text(VM *vm, String *text, unsigned form, bool then) {
    vm_count_work(vm, text->size / 16);
    if (is_plain(text, form)) return text;
    NormalOptions options = {.form = form, .then = then, .poll = poll_machine, .user = vm};
    Buffer out = vm_buffer(vm);
    if (!unicode_normalize(text->data, text->size, &options, &out) && !out.failed) return buffer_free(&out), NULL;
    if (out.failed || out.length != text->size || memcmp(out.data, text->data, text->size)) return string_from_buffer(vm, &out);
    buffer_free(&out);
    return text;
}

static Value ask_normalize(VM *vm, Value *args, bool then) {
    int form;
    if (!normal_arguments(vm, args, "normalize", &form)) return VALUE_ERROR;
    if (!string_of(args[1])->length) return args[1];
    if (form < 0) return raise_value_error(vm, "invalid normalization form");
    return object_or_error(normal_text(vm, string_of(args[1]), (unsigned)form, then));
}
static Value ask_is_normalized(VM *vm, Value *args, bool then) {
    int form;
    if (!normal_arguments(vm, args, "is_normalized", &form)) return VALUE_ERROR;
    if (!string_of(args[1])->length) return VALUE_TRUE;
    if (form < 0) return raise_value_error(vm, "invalid normalization form");
    String *normal = normal_text(vm, string_of(args[1]), (unsigned)form, then);
    return normal ? value_bool(normal == string_of(args[1])) : VALUE_ERROR;
}

// ---- The functions, of the module and of UCD

#define QUESTIONS(Q)                                                                                                                       \
    Q(bidirectional, "chr, /", "The class of the character in text that runs in both directions; '': it is not assigned.")                 \
    Q(category, "chr, /", "The general category of the character, two letters.")                                                           \
    Q(combining, "chr, /", "The canonical combining class of the character, 0 for one that does not combine.")                             \
    Q(decimal, "chr, default=, /", "The decimal digit that the character stands for.")                                                     \
    Q(decomposition, "chr, /", "What the character decomposes into, as numbers in hexadecimal behind the kind; '': nothing.")              \
    Q(digit, "chr, default=, /", "The digit that the character stands for.")                                                               \
    Q(east_asian_width, "chr, /", "How wide the character is in East Asian text: 'F', 'H', 'W', 'Na', 'A' or 'N'.")                        \
    Q(is_normalized, "form, unistr, /", "Whether the text is in a normalization form already.")                                            \
    Q(lookup, "name, /", "The character of that name or alias, or the characters of a named sequence.")                                    \
    Q(mirrored, "chr, /", "1 if the character is mirrored in text from right to left, else 0.")                                            \
    Q(name, "chr, default=, /", "The name of the character.")                                                                              \
    Q(normalize, "form, unistr, /", "The text in a normalization form: 'NFC', 'NFKC', 'NFD' or 'NFKD'.")                                   \
    Q(numeric, "chr, default=, /", "The number that the character stands for, a float.")

#define FUNCTIONS(name, signature, doc)                                                                                                    \
    static Value now_##name(VM *vm, Value *args, size_t count) { return ask_##name(vm, args, false); }                                     \
    static Value then_##name(VM *vm, Value *args, size_t count) { return ask_##name(vm, args + 1, true); }
QUESTIONS(FUNCTIONS)

#define FUNCTION(name, signature, doc) {#name, now_##name, signature, NATIVE_METHOD, doc},
#define METHOD(name, signature, doc) {#name, then_##name, "self, " signature, NATIVE_METHOD, doc},
static const NativeDefinition functions[] = {QUESTIONS(FUNCTION){0}};

static Value no_reduce(VM *vm, Value *args, size_t count) {
    return raise_type_error(vm, "cannot pickle '%s' object", type_name(vm, args[0]));
}
static const NativeDefinition methods[] = {QUESTIONS(METHOD){"__reduce__", no_reduce, "self, /", NATIVE_METHOD},
                                           {"__reduce_ex__", no_reduce, "self, protocol, /", NATIVE_METHOD},
                                           {0}};

static Value get_version(VM *vm, Value self) { return object_or_error(string_from(vm, "3.2.0")); }
static const AttributeDefinition attributes[] = {{"unidata_version", get_version, NULL, "The version of Unicode that it knows."}, {0}};

static const TypeOps database_ops = {.trace = NULL};

bool unicodedata_module_fill(VM *vm, ModuleObject *module) {
    Dict *names = module->namespace;
    Class *cls = native_data_class(vm, "unicodedata", "UCD", &database_ops, sizeof(NativeData), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    if (!cls || native_add_methods(vm, cls, methods) < 0 || native_add_attributes(vm, cls, attributes) < 0) return false;
    NativeData *database = native_data_new(vm, cls, sizeof(NativeData));
    return database && add_text(vm, names, "__doc__", "Properties of characters, as Unicode's database has them.") &&
           add_text(vm, cls->attributes, "__doc__", "Unicode's database, of some version.") &&
           native_add_functions(vm, names, functions) > 0 && add_value(vm, names, "UCD", value_object(cls)) &&
           add_value(vm, names, "ucd_3_2_0", value_object(database)) && add_text(vm, names, "unidata_version", "15.1.0");
}
#endif

// str's constructor and the methods that bytes does not share: case, kinds of characters, translation,
// encoding.
#include "base/utf8.h"
#include "object/container/dict.h"
#include "object/text/bytes.h"
#include "object/text/format.h"
#include "object/text/text_internal.h"
#include "object/text/unicode.h"

// ---- str(…)

static String *text_of_argument(VM *vm, Value *args) {
    if (is_empty(args[1])) return string_new(vm, "", 0);
    if (is_empty(args[2]) && is_empty(args[3])) return value_str(vm, args[1]);
    for (int i = 2; i < 4; i++) {
        if (is_empty(args[i]) || is_string(args[i])) continue;
        raise_type_error(vm, "str() argument '%s' must be str, not %s", i == 2 ? "encoding" : "errors",
                         type_name(vm, args[i]));
        return NULL;
    }
    const unsigned char *data;
    size_t size;
    if (is_string(args[1])) return raise_type_error(vm, "decoding str is not supported"), NULL;
    if (!bytes_view(args[1], &data, &size)) {
        raise_type_error(vm, "decoding to str: need a bytes-like object, %s found", type_name(vm, args[1]));
        return NULL;
    }
    Value text = text_decode(vm, data, size, args[1], is_empty(args[2]) ? NULL : string_of(args[2]),
                             is_empty(args[3]) ? NULL : string_of(args[3]));
    return is_error(text) ? NULL : string_of(text);
}

static Value str_dunder_new(VM *vm, Value *args, size_t count) {
    Class *cls = builtin_new_class(vm, args[0], vm->classes.string);
    if (!cls) return VALUE_ERROR;
    String *text = text_of_argument(vm, args);
    if (!text || cls == vm->classes.string) return object_or_error(text);
    String *s = class_instantiate(vm, cls, string_cell(text->size));
    if (!s) return VALUE_ERROR;
    string_lay_out(s, text->size);
    s->length = text->length;
    memcpy(s->data, text->data, text->size);
    object_set_flag(&s->object, STRING_ASCII, string_is_ascii(text));
    return value_object(s);
}

// ---- Case

typedef enum { CASE_LOWER, CASE_UPPER, CASE_TITLE, CASE_FOLD } Case;

// Whether the capital sigma at `at` ends a word: a cased letter stands before it and none after it, with
// characters that case ignores between.
static bool is_final_sigma(const String *s, size_t at, size_t after) {
    bool before = false;
    for (size_t i = at; i > 0;) {
        i--;
        while (((unsigned char)s->data[i] & 0xC0) == 0x80) i--;
        int width;
        uint32_t c = utf8_decode(s->data + i, &width);
        if (unicode_is_case_ignorable(c)) continue;
        before = unicode_is_cased(c);
        break;
    }
    if (!before) return false;
    for (size_t i = after; i < s->size;) {
        int width;
        uint32_t c = utf8_decode(s->data + i, &width);
        i += (size_t)width;
        if (!unicode_is_case_ignorable(c)) return !unicode_is_cased(c);
    }
    return true;
}

static int map_character(const String *s, size_t at, uint32_t c, int width, Case to, uint32_t out[3]) {
    switch (to) {
    case CASE_LOWER:
        if (c == 0x3A3) return out[0] = is_final_sigma(s, at, at + (size_t)width) ? 0x3C2 : 0x3C3, 1;
        return unicode_to_lower(c, out);
    case CASE_UPPER: return unicode_to_upper(c, out);
    case CASE_TITLE: return unicode_to_title(c, out);
    default: return unicode_fold(c, out);
    }
}

static void append_mapped(Buffer *buffer, const String *s, size_t at, uint32_t c, int width, Case to) {
    uint32_t mapped[3];
    int n = map_character(s, at, c, width, to, mapped);
    for (int i = 0; i < n; i++) buffer_code_point(buffer, mapped[i]);
}

static char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static char ascii_upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 32) : c; }

static Value change_case(VM *vm, Value self, Case to) {
    String *s = string_of(self);
    if (string_is_ascii(s)) {
        String *result = string_reserve(vm, s->size);
        if (!result) return VALUE_ERROR;
        for (size_t i = 0; i < s->size; i++)
            result->data[i] = to == CASE_UPPER ? ascii_upper(s->data[i]) : ascii_lower(s->data[i]);
        object_set_flag(&result->object, STRING_ASCII, true);
        return value_object(result);
    }
    Buffer buffer = vm_buffer(vm);
    for (size_t i = 0; i < s->size;) {
        int width;
        uint32_t c = utf8_decode(s->data + i, &width);
        if (!vm_poll(vm, 1)) return buffer_free(&buffer), VALUE_ERROR;
        append_mapped(&buffer, s, i, c, width, to);
        i += (size_t)width;
    }
    return object_or_error(string_from_buffer(vm, &buffer));
}

static Value str_lower(VM *vm, Value *args, size_t count) { return change_case(vm, args[0], CASE_LOWER); }
static Value str_upper(VM *vm, Value *args, size_t count) { return change_case(vm, args[0], CASE_UPPER); }
static Value str_casefold(VM *vm, Value *args, size_t count) { return change_case(vm, args[0], CASE_FOLD); }

// title, capitalize and swapcase choose the case of each character.
static Value choose_case(VM *vm, Value self, Case (*choose)(uint32_t c, bool *state)) {
    String *s = string_of(self);
    Buffer buffer = vm_buffer(vm);
    bool state = false;
    for (size_t i = 0; i < s->size;) {
        int width;
        uint32_t c = utf8_decode(s->data + i, &width);
        if (!vm_poll(vm, 1)) return buffer_free(&buffer), VALUE_ERROR;
        append_mapped(&buffer, s, i, c, width, choose(c, &state));
        i += (size_t)width;
    }
    return object_or_error(string_from_buffer(vm, &buffer));
}

static Case title_case(uint32_t c, bool *in_word) {
    Case to = *in_word ? CASE_LOWER : CASE_TITLE;
    *in_word = unicode_is_cased(c);
    return to;
}
static Case capital_case(uint32_t c, bool *started) {
    Case to = *started ? CASE_LOWER : CASE_TITLE;
    *started = true;
    return to;
}
// A character without case maps to itself in either.
static Case swapped_case(uint32_t c, bool *state) { return unicode_is_upper(c) ? CASE_LOWER : CASE_UPPER; }

static Value str_title(VM *vm, Value *args, size_t count) { return choose_case(vm, args[0], title_case); }
static Value str_capitalize(VM *vm, Value *args, size_t count) {
    return choose_case(vm, args[0], capital_case);
}

static Value str_swapcase(VM *vm, Value *args, size_t count) {
    String *s = string_of(args[0]);
    Buffer buffer = vm_buffer(vm);
    for (size_t i = 0; i < s->size;) {
        int width;
        uint32_t c = utf8_decode(s->data + i, &width);
        if (!vm_poll(vm, 1)) return buffer_free(&buffer), VALUE_ERROR;
        if (unicode_is_upper(c) || unicode_is_lower(c))
            append_mapped(&buffer, s, i, c, width, swapped_case(c, NULL));
        else
            buffer_append(&buffer, s->data + i, (size_t)width);
        i += (size_t)width;
    }
    return object_or_error(string_from_buffer(vm, &buffer));
}

// ---- Kinds of characters

// Whether there is a character and all are of the kind.
static Value all_are(VM *vm, Value self, bool (*is)(uint32_t c)) {
    String *s = string_of(self);
    for (size_t i = 0; i < s->size;) {
        int width;
        if (!vm_poll(vm, 1)) return VALUE_ERROR;
        if (!is(utf8_decode(s->data + i, &width))) return VALUE_FALSE;
        i += (size_t)width;
    }
    return value_bool(s->size != 0);
}

static bool is_alphanumeric(uint32_t c) { return unicode_is_alpha(c) || unicode_is_numeric(c); }

static Value str_isalnum(VM *vm, Value *args, size_t count) { return all_are(vm, args[0], is_alphanumeric); }
static Value str_isalpha(VM *vm, Value *args, size_t count) { return all_are(vm, args[0], unicode_is_alpha); }
static Value str_isdecimal(VM *vm, Value *args, size_t count) { return all_are(vm, args[0], unicode_is_decimal); }
static Value str_isdigit(VM *vm, Value *args, size_t count) { return all_are(vm, args[0], unicode_is_digit); }
static Value str_isnumeric(VM *vm, Value *args, size_t count) { return all_are(vm, args[0], unicode_is_numeric); }
static Value str_isspace(VM *vm, Value *args, size_t count) { return all_are(vm, args[0], unicode_is_space); }
static Value str_isascii(VM *vm, Value *args, size_t count) {
    return value_bool(string_is_ascii(string_of(args[0])));
}

static Value str_isprintable(VM *vm, Value *args, size_t count) {
    return string_of(args[0])->size ? all_are(vm, args[0], unicode_is_printable) : VALUE_TRUE;
}

static Value str_isidentifier(VM *vm, Value *args, size_t count) {
    String *s = string_of(args[0]);
    for (size_t i = 0; i < s->size;) {
        int width;
        uint32_t c = utf8_decode(s->data + i, &width);
        if (!vm_poll(vm, 1)) return VALUE_ERROR;
        if (!(i ? unicode_is_identifier_continue(c) : unicode_is_identifier_start(c))) return VALUE_FALSE;
        i += (size_t)width;
    }
    return value_bool(s->size != 0);
}

// islower and isupper: some character has case, and none has the other one.
static Value all_cased(VM *vm, Value self, bool upper) {
    String *s = string_of(self);
    bool found = false;
    for (size_t i = 0; i < s->size;) {
        int width;
        uint32_t c = utf8_decode(s->data + i, &width);
        i += (size_t)width;
        if (!vm_poll(vm, 1)) return VALUE_ERROR;
        if (unicode_is_title(c) || (upper ? unicode_is_lower(c) : unicode_is_upper(c))) return VALUE_FALSE;
        found = found || (upper ? unicode_is_upper(c) : unicode_is_lower(c));
    }
    return value_bool(found);
}

static Value str_islower(VM *vm, Value *args, size_t count) { return all_cased(vm, args[0], false); }
static Value str_isupper(VM *vm, Value *args, size_t count) { return all_cased(vm, args[0], true); }

static Value str_istitle(VM *vm, Value *args, size_t count) {
    String *s = string_of(args[0]);
    bool found = false, in_word = false;
    for (size_t i = 0; i < s->size;) {
        int width;
        uint32_t c = utf8_decode(s->data + i, &width);
        i += (size_t)width;
        if (!vm_poll(vm, 1)) return VALUE_ERROR;
        if (unicode_is_upper(c) || unicode_is_title(c)) {
            if (in_word) return VALUE_FALSE;
            found = in_word = true;
        } else if (unicode_is_lower(c)) {
            if (!in_word) return VALUE_FALSE;
            found = true;
        } else {
            in_word = false;
        }
    }
    return value_bool(found);
}

// ---- Translation

static Value str_translate(VM *vm, Value *args, size_t count) {
    String *s = string_of(args[0]);
    Buffer buffer = vm_buffer(vm);
    bool plain = is_exactly(args[1], vm->classes.dict);
    for (size_t i = 0; i < s->size;) {
        int width;
        uint32_t c = utf8_decode(s->data + i, &width);
        Value mapped;
        if (!vm_poll(vm, 1)) return buffer_free(&buffer), VALUE_ERROR;
        if (plain) {
            mapped = dict_get(vm, dict_of(args[1]), value_small(c));
        } else {
            mapped = value_get_item(vm, args[1], value_small(c));
            if (is_error(mapped) && exception_matches(vm, vm->exceptions.lookup_error)) {
                exception_clear(vm);
                mapped = VALUE_EMPTY;
            }
        }
        int64_t n;
        if (is_error(mapped)) return buffer_free(&buffer), VALUE_ERROR;
        if (is_empty(mapped)) {
            buffer_append(&buffer, s->data + i, (size_t)width);
        } else if (is_string(mapped)) {
            buffer_string(&buffer, string_of(mapped));
        } else if (is_int(mapped)) {
            if (!int_to_int64(mapped, &n) || n < 0 || n > 0x10FFFF) {
                buffer_free(&buffer);
                return raise_value_error(vm, "character mapping must be in range(0x110000)");
            }
            buffer_code_point(&buffer, (uint32_t)n);
        } else if (!is_none(mapped)) {
            buffer_free(&buffer);
            return raise_type_error(vm, "character mapping must return integer, None or str");
        }
        i += (size_t)width;
    }
    return object_or_error(string_from_buffer(vm, &buffer));
}

static bool map_to(VM *vm, Dict *dict, uint32_t c, Value value) {
    return vm_poll(vm, 2) && dict_set(vm, dict, value_small(c), value) >= 0;
}

// maketrans with one argument: a dict whose keys are characters or their numbers.
static Value translation_of_dict(VM *vm, Dict *result, Value source) {
    if (!is_dict(source))
        return raise_type_error(vm, "if you give only one argument to maketrans it must be a dict");
    size_t position = 0;
    Value key, value;
    while (dict_next(dict_of(source), &position, &key, &value)) {
        if (!vm_poll(vm, 2)) return VALUE_ERROR;
        if (is_string(key)) {
            if (string_of(key)->length != 1)
                return raise_value_error(vm, "string keys in translate table must be of length 1");
            if (!map_to(vm, result, string_code_point(vm, string_of(key), 0), value)) return VALUE_ERROR;
        } else if (is_int(key)) {
            if (dict_set(vm, result, int_plain(vm, key), value) < 0) return VALUE_ERROR;
        } else {
            return raise_type_error(vm, "keys in translate table must be strings or integers");
        }
    }
    return value_object(result);
}

static Value str_maketrans(VM *vm, Value *args, size_t count) {
    Dict *result = dict_new(vm);
    if (!result) return VALUE_ERROR;
    if (is_empty(args[1])) return translation_of_dict(vm, result, args[0]);
    for (int i = 0; i < 3; i++) {
        if (is_empty(args[i]) || is_string(args[i])) continue;
        if (i == 0)
            return raise_type_error(
                vm, "first maketrans argument must be a string if there is a second argument");
        return raise_type_error(vm, "maketrans() argument %d must be str, not %s", i + 1,
                                type_name(vm, args[i]));
    }
    String *from = string_of(args[0]), *to = string_of(args[1]);
    if (from->length != to->length)
        return raise_value_error(vm, "the first two maketrans arguments must have equal length");
    for (size_t i = 0, a = 0, b = 0; i < from->length; i++) {
        int a_width, b_width;
        uint32_t x = utf8_decode(from->data + a, &a_width), y = utf8_decode(to->data + b, &b_width);
        if (!map_to(vm, result, x, value_small(y))) return VALUE_ERROR;
        a += (size_t)a_width;
        b += (size_t)b_width;
    }
    if (is_empty(args[2])) return value_object(result);
    String *dropped = string_of(args[2]);
    for (size_t i = 0; i < dropped->size;) {
        int width;
        if (!map_to(vm, result, utf8_decode(dropped->data + i, &width), VALUE_NONE)) return VALUE_ERROR;
        i += (size_t)width;
    }
    return value_object(result);
}

// ---- Encoding, formatting

static Value str_encode(VM *vm, Value *args, size_t count) {
    for (int i = 1; i < 3; i++)
        if (!is_empty(args[i]) && !is_string(args[i]))
            return raise_type_error(vm, "encode() argument '%s' must be str, not %s",
                                    i == 1 ? "encoding" : "errors", type_name(vm, args[i]));
    return text_encode(vm, string_of(args[0]), is_empty(args[1]) ? NULL : string_of(args[1]),
                       is_empty(args[2]) ? NULL : string_of(args[2]));
}

static Value str_format(VM *vm, Value *args, size_t count) {
    return format_template(vm, string_of(args[0]), args + 2, count - 2, args[1]);
}

static Value str_format_map(VM *vm, Value *args, size_t count) {
    return format_template(vm, string_of(args[0]), NULL, FORMAT_MAP, args[1]);
}

static Value str_getnewargs(VM *vm, Value *args, size_t count) {
    Value text = object_or_error(string_new(vm, string_of(args[0])->data, string_of(args[0])->size));
    return is_error(text) ? text : object_or_error(tuple_from(vm, &text, 1));
}

static Value str_sizeof(VM *vm, Value *args, size_t count) {
    return value_small((int64_t)(41 + string_of(args[0])->size));
}

static const NativeDefinition string_methods[] = {
    {"__new__", str_dunder_new, "cls, /, object=, encoding=, errors=", NATIVE_NEW},
    {"__getnewargs__", str_getnewargs, "self, /", NATIVE_METHOD},
    {"__sizeof__", str_sizeof, "self, /", NATIVE_METHOD},
    {"capitalize", str_capitalize, "self, /", NATIVE_METHOD,
     "A copy whose first character is in title case and all others in lower case."},
    {"casefold", str_casefold, "self, /", NATIVE_METHOD,
     "A copy for comparisons that ignore case: like lower(), but further, so that 'ß' becomes 'ss'."},
    {"encode", str_encode, "self, /, encoding='utf-8', errors='strict'", NATIVE_METHOD,
     "The text as bytes in an encoding; `errors` says what becomes of a character that this lacks ('strict' raises UnicodeEncodeError)."},
    {"format", str_format, "self, /, *args, **kwargs", NATIVE_METHOD,
     "A copy in which each field in braces is replaced by the argument it names, formatted as it says."},
    {"format_map", str_format_map, "self, mapping, /", NATIVE_METHOD,
     "As format(**mapping), but the mapping is asked for each name itself and not copied."},
    {"isalnum", str_isalnum, "self, /", NATIVE_METHOD, "Whether all characters are letters or digits, and there is one at least."},
    {"isalpha", str_isalpha, "self, /", NATIVE_METHOD, "Whether all characters are letters, and there is one at least."},
    {"isascii", str_isascii, "self, /", NATIVE_METHOD, "Whether all characters are below U+0080; True for the empty text."},
    {"isdecimal", str_isdecimal, "self, /", NATIVE_METHOD,
     "Whether all characters are digits that decimal numbers are written with, and there is one at least."},
    {"isdigit", str_isdigit, "self, /", NATIVE_METHOD,
     "Whether all characters are digits, superscripts and the like among them, and there is one at least."},
    {"isidentifier", str_isidentifier, "self, /", NATIVE_METHOD,
     "Whether it could be a name in a program; reserved words are not told apart (see keyword.iskeyword)."},
    {"islower", str_islower, "self, /", NATIVE_METHOD, "Whether there are letters with case and all of them are lower case."},
    {"isnumeric", str_isnumeric, "self, /", NATIVE_METHOD,
     "Whether all characters stand for a number, fractions and numerals among them, and there is one at least."},
    {"isprintable", str_isprintable, "self, /", NATIVE_METHOD,
     "Whether repr() would show every character as it is; True for the empty text."},
    {"isspace", str_isspace, "self, /", NATIVE_METHOD, "Whether all characters are white space, and there is one at least."},
    {"istitle", str_istitle, "self, /", NATIVE_METHOD,
     "Whether each word begins with an upper or title case letter and goes on in lower case, and there is a letter."},
    {"isupper", str_isupper, "self, /", NATIVE_METHOD, "Whether there are letters with case and all of them are upper case."},
    {"lower", str_lower, "self, /", NATIVE_METHOD, "A copy in lower case."},
    {"maketrans", str_maketrans, "x, y=, z=, /", NATIVE_STATIC,
     "A table for translate(): of a dict from characters to their replacements, or of two texts of equal length; the characters of a "
     "third are deleted."},
    {"swapcase", str_swapcase, "self, /", NATIVE_METHOD, "A copy in which upper case letters are lower case, and the other way round."},
    {"title", str_title, "self, /", NATIVE_METHOD,
     "A copy in which each word begins with a title case letter and goes on in lower case."},
    {"translate", str_translate, "self, table, /", NATIVE_METHOD,
     "A copy with each character replaced by what table[its code point] gives: a code point, a text, or None to delete it. LookupError "
     "keeps it."},
    {"upper", str_upper, "self, /", NATIVE_METHOD, "A copy in upper case."},
    {0},
};

bool string_methods_init(VM *vm) {
    return native_add_methods(vm, vm->classes.string, string_methods) >= 0 &&
           text_methods_add(vm, vm->classes.string);
}

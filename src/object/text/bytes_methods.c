// The methods that bytes and bytearray share with each other but not with str.
#include "base/number.h"
#include "object/core/native.h"
#include "object/text/bytes_internal.h"

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static char upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 32) : c; }
static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_alpha(char c) { return is_lower(c) || is_upper(c); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }
static bool is_space(char c) { return c == ' ' || (c >= 9 && c <= 13); }

enum { AT_ONCE = 4096 }; // bytes between two looks at what others want

// A copy whose bytes are mapped one by one; `state` is what the mapping remembers.
static Value map_bytes(VM *vm, Value self, char (*map)(char c, bool *state)) {
    Text text;
    text_view(self, &text);
    char *to;
    Value result = text_reserve(vm, text.kind, text.size, &to);
    bool state = false;
    if (is_error(result)) return result;
    for (size_t i = 0; i < text.size; i++) {
        if (i % AT_ONCE == 0 && !vm_poll(vm, work_of_characters(AT_ONCE))) return VALUE_ERROR;
        to[i] = map(text.data[i], &state);
    }
    return result;
}

static char map_lower(char c, bool *state) { return lower(c); }
static char map_upper(char c, bool *state) { return upper(c); }
static char map_swap(char c, bool *state) { return is_upper(c) ? lower(c) : upper(c); }
static char map_capital(char c, bool *started) {
    char mapped = *started ? lower(c) : upper(c);
    *started = true;
    return mapped;
}
static char map_title(char c, bool *in_word) {
    char mapped = *in_word ? lower(c) : upper(c);
    *in_word = is_alpha(c);
    return mapped;
}

static Value bytes_lower(VM *vm, Value *args, size_t count) { return map_bytes(vm, args[0], map_lower); }
static Value bytes_upper(VM *vm, Value *args, size_t count) { return map_bytes(vm, args[0], map_upper); }
static Value bytes_swapcase(VM *vm, Value *args, size_t count) { return map_bytes(vm, args[0], map_swap); }
static Value bytes_capitalize(VM *vm, Value *args, size_t count) {
    return map_bytes(vm, args[0], map_capital);
}
static Value bytes_title(VM *vm, Value *args, size_t count) { return map_bytes(vm, args[0], map_title); }

static Value all_are(VM *vm, Value self, bool (*is)(char c)) {
    Text text;
    text_view(self, &text);
    vm_count_work(vm, work_of_characters(text.size));
    for (size_t i = 0; i < text.size; i++)
        if (!is(text.data[i])) return VALUE_FALSE;
    return value_bool(text.size != 0);
}

static Value bytes_isalnum(VM *vm, Value *args, size_t count) { return all_are(vm, args[0], is_alnum); }
static Value bytes_isalpha(VM *vm, Value *args, size_t count) { return all_are(vm, args[0], is_alpha); }
static Value bytes_isdigit(VM *vm, Value *args, size_t count) { return all_are(vm, args[0], is_digit); }
static Value bytes_isspace(VM *vm, Value *args, size_t count) { return all_are(vm, args[0], is_space); }

static Value bytes_isascii(VM *vm, Value *args, size_t count) {
    Text text;
    text_view(args[0], &text);
    vm_count_work(vm, work_of_characters(text.size));
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] >= 0x80) return VALUE_FALSE;
    return VALUE_TRUE;
}

// Some letter, and none of the other case.
static Value all_cased(VM *vm, Value self, bool (*wanted)(char c), bool (*other)(char c)) {
    Text text;
    text_view(self, &text);
    vm_count_work(vm, work_of_characters(text.size));
    bool found = false;
    for (size_t i = 0; i < text.size; i++) {
        if (other(text.data[i])) return VALUE_FALSE;
        found = found || wanted(text.data[i]);
    }
    return value_bool(found);
}

static Value bytes_islower(VM *vm, Value *args, size_t count) {
    return all_cased(vm, args[0], is_lower, is_upper);
}
static Value bytes_isupper(VM *vm, Value *args, size_t count) {
    return all_cased(vm, args[0], is_upper, is_lower);
}

static Value bytes_istitle(VM *vm, Value *args, size_t count) {
    Text text;
    text_view(args[0], &text);
    bool found = false, in_word = false;
    vm_count_work(vm, work_of_characters(text.size));
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if ((is_upper(c) && in_word) || (is_lower(c) && !in_word)) return VALUE_FALSE;
        in_word = is_alpha(c);
        found = found || in_word;
    }
    return value_bool(found);
}

static Value bytes_decode(VM *vm, Value *args, size_t count) {
    for (int i = 1; i < 3; i++)
        if (!is_empty(args[i]) && !is_string(args[i]))
            return raise_type_error(vm, "decode() argument '%s' must be str, not %s",
                                    i == 1 ? "encoding" : "errors", type_name(vm, args[i]));
    const unsigned char *data;
    size_t size;
    bytes_view(args[0], &data, &size);
    return text_decode(vm, data, size, args[0], is_empty(args[1]) ? NULL : string_of(args[1]),
                       is_empty(args[2]) ? NULL : string_of(args[2]));
}

// ---- Hexadecimal

Value bytes_hex(VM *vm, Value bytes, Value separator, Value group_argument) {
    static const char digits[] = "0123456789abcdef";
    char between = 0;
    int group = 1;
    if (!is_empty(separator)) {
        Text text;
        int64_t length = value_length(vm, separator);
        if (length < 0) return VALUE_ERROR;
        if (length != 1) return raise_value_error(vm, "sep must be length 1.");
        if (!text_view(separator, &text)) return raise_type_error(vm, "sep must be str or bytes.");
        between = text.data[0];
        if ((unsigned char)between >= 0x80) return raise_value_error(vm, "sep must be ASCII.");
    }
    if (!is_empty(group_argument) && !c_int_argument(vm, group_argument, &group)) return VALUE_ERROR;
    const unsigned char *data; // looked at now: the arguments' scripts may have changed a bytearray
    size_t size;
    bytes_view(bytes, &data, &size);
    size_t width = group < 0 ? (size_t) - (int64_t)group : (size_t)group;
    size_t separators = size && !is_empty(separator) && width ? (size - 1) / width : 0;
    if (!size) return value_object(vm->names.empty);
    String *text = string_reserve(vm, size * 2 + separators);
    if (!text) return VALUE_ERROR;
    // Groups are counted from the end, or for a negative width from the start.
    size_t left = separators && group > 0 && size % width ? size % width : width;
    char *to = text->data;
    for (size_t i = 0; i < size; i++) {
        if (i % AT_ONCE == 0 && !vm_poll(vm, work_of_characters(AT_ONCE))) return VALUE_ERROR;
        if (separators && !left--) *to++ = between, left = width - 1;
        *to++ = digits[data[i] >> 4];
        *to++ = digits[data[i] & 15];
    }
    string_seal(text);
    return value_object(text);
}

static Value bytes_hex_method(VM *vm, Value *args, size_t count) { return bytes_hex(vm, args[0], args[1], args[2]); }

static Value bytes_fromhex(VM *vm, Value *args, size_t count) {
    if (!is_string(args[1]))
        return raise_type_error(vm, "fromhex() argument must be str, not %s", type_name(vm, args[1]));
    String *s = string_of(args[1]);
    Buffer buffer = vm_buffer(vm);
    for (size_t i = 0; i < s->size;) {
        if (!vm_poll(vm, 1)) return buffer_free(&buffer), VALUE_ERROR;
        if (is_space(s->data[i])) {
            i++;
            continue;
        }
        int high = hexadecimal_value(s->data[i]);
        int low = high < 0 ? -1 : i + 1 < s->size ? hexadecimal_value(s->data[i + 1]) : -1;
        if (high < 0 || low < 0) {
            buffer_free(&buffer);
            return raise_value_error(vm, "non-hexadecimal number found in fromhex() arg at position %zu",
                                     i + (high >= 0));
        }
        buffer_byte(&buffer, (char)(high << 4 | low));
        i += 2;
    }
    Class *cls = (Class *)object_of(args[0]);
    Value result = text_from_buffer(vm, cls->kind == KIND_BYTEARRAY ? KIND_BYTEARRAY : KIND_BYTES, &buffer);
    if (is_error(result) || cls == vm->classes.bytes || cls == vm->classes.bytearray) return result;
    return call_class(vm, cls, &result, 1);
}

// ---- Translation

static Value bytes_maketrans(VM *vm, Value *args, size_t count) {
    const unsigned char *from, *to;
    size_t from_length, to_length;
    for (int i = 0; i < 2; i++)
        if (is_string(args[i]) || !bytes_view(args[i], i ? &to : &from, i ? &to_length : &from_length))
            return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, args[i]));
    if (from_length != to_length) return raise_value_error(vm, "maketrans arguments must have same length");
    Bytes *table = bytes_new(vm, NULL, 256);
    if (!table) return VALUE_ERROR;
    for (int i = 0; i < 256; i++) table->data[i] = (unsigned char)i;
    vm_count_work(vm, work_of_characters(from_length));
    for (size_t i = 0; i < from_length; i++) table->data[from[i]] = to[i];
    return value_object(table);
}

static Value bytes_translate(VM *vm, Value *args, size_t count) {
    const unsigned char *table = NULL, *dropped = NULL;
    size_t table_length = 0, dropped_length = 0;
    if (!is_none(args[1]) && !bytes_view(args[1], &table, &table_length))
        return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, args[1]));
    if (table && table_length != 256)
        return raise_value_error(vm, "translation table must be 256 characters long");
    if (!is_empty(args[2]) && !bytes_view(args[2], &dropped, &dropped_length))
        return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, args[2]));
    bool drop[256] = {false};
    for (size_t i = 0; i < dropped_length; i++) drop[dropped[i]] = true;
    Text text;
    text_view(args[0], &text);
    vm_count_work(vm, work_of_characters(text.size + dropped_length));
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) size += !drop[(unsigned char)text.data[i]];
    char *to;
    Value result = text_reserve(vm, text.kind, size, &to);
    if (is_error(result)) return result;
    for (size_t i = 0, at = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (i % AT_ONCE == 0 && !vm_poll(vm, work_of_characters(AT_ONCE))) return VALUE_ERROR;
        if (!drop[c]) to[at++] = (char)(table ? table[c] : c);
    }
    return result;
}

static const NativeDefinition bytes_methods[] = {
    {"capitalize", bytes_capitalize, "self, /", NATIVE_METHOD,
     "A copy whose first byte is upper case and all others lower case; only ASCII letters change."},
    {"decode", bytes_decode, "self, /, encoding='utf-8', errors='strict'", NATIVE_METHOD,
     "The text that the bytes hold in an encoding; `errors` says what becomes of wrong ones ('strict' raises UnicodeDecodeError)."},
    {"fromhex", bytes_fromhex, "type, string, /", NATIVE_CLASS_METHOD,
     "What a text of pairs of hexadecimal digits says; white space between the pairs is passed over."},
    {"hex", bytes_hex_method, "self, /, sep=, bytes_per_sep=", NATIVE_METHOD,
     "Two hexadecimal digits for each byte; `sep` stands between groups of `bytes_per_sep`, counted from the right, or from the left "
     "where that is negative."},
    {"isalnum", bytes_isalnum, "self, /", NATIVE_METHOD, "Whether all bytes are ASCII letters or digits, and there is one at least."},
    {"isalpha", bytes_isalpha, "self, /", NATIVE_METHOD, "Whether all bytes are ASCII letters, and there is one at least."},
    {"isascii", bytes_isascii, "self, /", NATIVE_METHOD, "Whether all bytes are below 128; True for none."},
    {"isdigit", bytes_isdigit, "self, /", NATIVE_METHOD, "Whether all bytes are ASCII digits, and there is one at least."},
    {"islower", bytes_islower, "self, /", NATIVE_METHOD, "Whether there are ASCII letters and all of them are lower case."},
    {"isspace", bytes_isspace, "self, /", NATIVE_METHOD, "Whether all bytes are ASCII white space, and there is one at least."},
    {"istitle", bytes_istitle, "self, /", NATIVE_METHOD,
     "Whether each ASCII word begins with an upper case letter and goes on in lower case, and there is one."},
    {"isupper", bytes_isupper, "self, /", NATIVE_METHOD, "Whether there are ASCII letters and all of them are upper case."},
    {"lower", bytes_lower, "self, /", NATIVE_METHOD, "A copy with ASCII letters in lower case."},
    {"maketrans", bytes_maketrans, "frm, to, /", NATIVE_STATIC,
     "A table of 256 bytes for translate(), which turns each byte of the first argument into the one at its place in the second."},
    {"swapcase", bytes_swapcase, "self, /", NATIVE_METHOD,
     "A copy in which upper case ASCII letters are lower case, and the other way round."},
    {"title", bytes_title, "self, /", NATIVE_METHOD,
     "A copy in which each word of ASCII letters begins in upper case and goes on in lower case."},
    {"translate", bytes_translate, "self, table, /, delete=b''", NATIVE_METHOD,
     "A copy without the bytes in `delete`, the others replaced by what the table of 256 bytes has for them; None changes nothing."},
    {"upper", bytes_upper, "self, /", NATIVE_METHOD, "A copy with ASCII letters in upper case."},
    {0},
};

bool bytes_methods_init(VM *vm) {
    Class *classes[2] = {vm->classes.bytes, vm->classes.bytearray};
    for (int i = 0; i < 2; i++)
        if (native_add_methods(vm, classes[i], bytes_methods) < 0 || !text_methods_add(vm, classes[i]))
            return false;
    return true;
}

// The module _json: reading JSON. The encoder is in json_encode.c.
#include "base/number.h"
#include "modules/modules.h"
#include "modules/text/json_internal.h"
#include "object/container/dict.h"
#include "object/shared/builtin.h"

typedef struct {
    VM *vm;
    String *text;
    const char *data; // its bytes, NUL behind them
    size_t size;
    bool strict;
    Value object_hook, pairs_hook, parse_float, parse_int, parse_constant; // VALUE_EMPTY: the usual thing
    Value error;                                                          // the class of errors
} Reader;

// The text with the error at a byte offset. VALUE_ERROR. [script]
static Value fail(Reader *r, const char *message, size_t at) {
    String *text = string_from(r->vm, message);
    Value given[3] = {VALUE_EMPTY, value_object(r->text), int_from_int64(r->vm, (int64_t)string_index(r->vm, r->text, at))};
    if (!text || is_error(given[2])) return VALUE_ERROR;
    given[0] = value_object(text);
    Value error = vm_call(r->vm, r->error, given, 3, NULL);
    return is_error(error) ? error : raise_value(r->vm, error);
}

static inline size_t skip_blanks(const Reader *r, size_t at) {
    for (char c = r->data[at]; c == ' ' || c == '\n' || c == '\r' || c == '\t';) c = r->data[++at];
    return at;
}

static Value read_value(Reader *r, size_t *at, bool *found);

// ---- Strings

// Four digits, or -1.
static int32_t four_digits(const Reader *r, size_t at) {
    if (r->size - at < 4 || at > r->size) return -1;
    int32_t number = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hexadecimal_value(r->data[at + (size_t)i]);
        if (digit < 0) return -1;
        number = number * 16 + digit;
    }
    return number;
}

// The end of what stands for itself.
static inline size_t plain_end(const Reader *r, size_t at) {
    const unsigned char *data = (const unsigned char *)r->data;
    while (data[at] >= 0x20 && data[at] != '"' && data[at] != '\\') at++;
    return at;
}

// What follows a backslash at `at`, which moves behind it. False with an exception.
static bool read_escape(Reader *r, size_t *at, Buffer *out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    size_t backslash = *at;
    char c = r->data[backslash + 1];
    if (c != 'u') {
        const char *known = c ? strchr(from, c) : NULL;
        if (!known) return fail(r, "Invalid \\escape", backslash), false;
        buffer_byte(out, to[known - from]);
        *at = backslash + 2;
        return true;
    }
    int32_t unit = four_digits(r, backslash + 2), low;
    if (unit < 0) return fail(r, "Invalid \\uXXXX escape", backslash + 1), false;
    *at = backslash + 6;
    uint32_t code_point = (uint32_t)unit;
    if (unit >= 0xD800 && unit < 0xDC00 && r->size - *at >= 6 && r->data[*at] == '\\' && r->data[*at + 1] == 'u' &&
        (low = four_digits(r, *at + 2)) >= 0xDC00 && low < 0xE000) {
        code_point = 0x10000 + ((code_point - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
        *at += 6;
    }
    buffer_code_point(out, code_point);
    return true;
}

// A string whose quote stands before *at, which moves behind its end. Keys are interned. NULL with an exception.
static String *read_string(Reader *r, size_t *at, bool is_key) {
    VM *vm = r->vm;
    size_t begin = *at - 1, start = *at, end = plain_end(r, start);
    if (r->data[end] == '"') {
        *at = end + 1;
        if (is_key && end - start <= 64) return string_intern_from(vm, r->data + start, end - start);
        return string_new(vm, r->data + start, end - start);
    }
    Buffer out = vm_buffer(vm);
    for (;;) {
        buffer_append(&out, r->data + start, end - start);
        if (out.failed) return raise_memory_error(vm), NULL;
        if (r->data[end] == '"') break;
        if (end >= r->size || (r->data[end] == '\\' && end + 1 >= r->size)) {
            fail(r, "Unterminated string starting at", begin);
            return buffer_free(&out), NULL;
        }
        if (r->data[end] == '\\') {
            if (!read_escape(r, &end, &out)) return buffer_free(&out), NULL;
            start = end;
        } else if (r->strict) {
            fail(r, "Invalid control character at", end);
            return buffer_free(&out), NULL;
        } else {
            start = end++;
        }
        end = plain_end(r, end);
    }
    *at = end + 1;
    return string_from_buffer(vm, &out);
}

// ---- Numbers

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A number at *at, which moves behind it; *found false when there is none.
static Value read_number(Reader *r, size_t *at, bool *found) {
    VM *vm = r->vm;
    const char *data = r->data;
    size_t start = *at, end = start;
    bool is_float = false;
    if (data[end] == '-') end++;
    if (!is_digit(data[end])) return *found = false, VALUE_NONE;
    if (data[end] == '0')
        end++;
    else
        while (is_digit(data[end])) end++;
    if (data[end] == '.' && is_digit(data[end + 1])) {
        is_float = true;
        for (end++; is_digit(data[end]);) end++;
    }
    if (data[end] == 'e' || data[end] == 'E') {
        size_t exponent = end + 1;
        if (data[exponent] == '+' || data[exponent] == '-') exponent++;
        if (is_digit(data[exponent])) {
            is_float = true;
            for (end = exponent; is_digit(data[end]);) end++;
        }
    }
    *at = end;
    Value parse = is_float ? r->parse_float : r->parse_int;
    if (!is_empty(parse)) {
        String *text = string_new(vm, data + start, end - start);
        if (!text) return VALUE_ERROR;
        Value given = value_object(text);
        return vm_call(vm, parse, &given, 1, NULL);
    }
    if (is_float) {
        double number;
        if (!number_parse(data + start, end - start, false, false, &number)) return fail(r, "Expecting value", start);
        return value_float(number);
    }
    if (end - start > 14) return int_from_digits(vm, data + start, end - start, 10);
    int64_t number = 0;
    for (size_t i = start + (data[start] == '-'); i < end; i++) number = number * 10 + (data[i] - '0');
    return value_small(data[start] == '-' ? -number : number);
}

// ---- Containers

static Value read_array(Reader *r, size_t *place) {
    VM *vm = r->vm;
    List *list = list_new(vm, 0);
    size_t at = skip_blanks(r, *place);
    if (!list) return VALUE_ERROR;
    if (r->data[at] == ']') return *place = at + 1, value_object(list);
    for (;;) {
        bool found = true;
        size_t start = at;
        Value item = read_value(r, &at, &found);
        if (!found) return fail(r, "Expecting value", start);
        if (is_error(item) || !list_append(vm, list, item) || !vm_safepoint(vm, 1)) return VALUE_ERROR;
        at = skip_blanks(r, at);
        if (r->data[at] == ']') break;
        if (r->data[at] != ',') return fail(r, "Expecting ',' delimiter", at);
        size_t comma = at;
        at = skip_blanks(r, at + 1);
        if (r->data[at] == ']') return fail(r, "Illegal trailing comma before end of array", comma);
    }
    *place = at + 1;
    return value_object(list);
}

static bool add_pair(Reader *r, Dict *dict, List *pairs, String *key, Value value) {
    if (!pairs) return dict_set_string(r->vm, dict, key, value) >= 0;
    Value pair[2] = {value_object(key), value};
    Tuple *tuple = tuple_from(r->vm, pair, 2);
    return tuple && list_append(r->vm, pairs, value_object(tuple));
}

static Value read_object(Reader *r, size_t *place) {
    VM *vm = r->vm;
    List *pairs = is_empty(r->pairs_hook) ? NULL : list_new(vm, 0);
    Dict *dict = is_empty(r->pairs_hook) ? dict_new(vm) : NULL;
    if (!pairs && !dict) return VALUE_ERROR;
    size_t at = skip_blanks(r, *place);
    if (r->data[at] == '}') {
        at++;
    } else {
        for (;;) {
            if (r->data[at] != '"') return fail(r, "Expecting property name enclosed in double quotes", at);
            at++;
            String *key = read_string(r, &at, true);
            if (!key) return VALUE_ERROR;
            at = skip_blanks(r, at);
            if (r->data[at] != ':') return fail(r, "Expecting ':' delimiter", at);
            at = skip_blanks(r, at + 1);
            bool found = true;
            size_t start = at;
            Value value = read_value(r, &at, &found);
            if (!found) return fail(r, "Expecting value", start);
            if (is_error(value) || !add_pair(r, dict, pairs, key, value) || !vm_safepoint(vm, 1)) return VALUE_ERROR;
            at = skip_blanks(r, at);
            if (r->data[at] == '}') break;
            if (r->data[at] != ',') return fail(r, "Expecting ',' delimiter", at);
            size_t comma = at;
            at = skip_blanks(r, at + 1);
            if (r->data[at] == '}') return fail(r, "Illegal trailing comma before end of object", comma);
        }
        at++;
    }
    *place = at;
    Value made = pairs ? value_object(pairs) : value_object(dict);
    Value hook = pairs ? r->pairs_hook : r->object_hook;
    return is_empty(hook) ? made : vm_call(vm, hook, &made, 1, NULL);
}

static Value read_nested(Reader *r, size_t *at, bool is_array) {
    if (!recursion_enter(r->vm, is_array ? " while decoding a JSON array from a unicode string"
                                         : " while decoding a JSON object from a unicode string"))
        return VALUE_ERROR;
    ++*at;
    Value result = is_array ? read_array(r, at) : read_object(r, at);
    recursion_leave(r->vm);
    return result;
}

static Value read_constant(Reader *r, size_t *at, const char *name, double number) {
    *at += strlen(name);
    if (is_empty(r->parse_constant)) return value_float(number);
    String *text = string_from(r->vm, name);
    if (!text) return VALUE_ERROR;
    Value given = value_object(text);
    return vm_call(r->vm, r->parse_constant, &given, 1, NULL);
}

static bool stands(const Reader *r, size_t at, const char *word) { return strncmp(r->data + at, word, strlen(word)) == 0; }

static Value read_value(Reader *r, size_t *at, bool *found) {
    switch (r->data[*at]) {
    case '"': {
        ++*at;
        return object_or_error(read_string(r, at, false));
    }
    case '{': return read_nested(r, at, false);
    case '[': return read_nested(r, at, true);
    case 'n':
        if (stands(r, *at, "null")) return *at += 4, VALUE_NONE;
        break;
    case 't':
        if (stands(r, *at, "true")) return *at += 4, VALUE_TRUE;
        break;
    case 'f':
        if (stands(r, *at, "false")) return *at += 5, VALUE_FALSE;
        break;
    case 'N':
        if (stands(r, *at, "NaN")) return read_constant(r, at, "NaN", __builtin_nan(""));
        break;
    case 'I':
        if (stands(r, *at, "Infinity")) return read_constant(r, at, "Infinity", __builtin_inf());
        break;
    case '-':
        if (stands(r, *at, "-Infinity")) return read_constant(r, at, "-Infinity", -__builtin_inf());
        break;
    default: break;
    }
    return read_number(r, at, found);
}

// ---- The module

static Value hook_argument(Value v) { return is_none(v) ? VALUE_EMPTY : v; }

static bool reader_open(VM *vm, Value text, Value index, Reader *r, size_t *at) {
    int64_t start;
    if (!is_string(text)) return raise_type_error(vm, "first argument must be a string, not %s", type_name(vm, text)), false;
    if (!value_index_int64(vm, index, true, &start)) return false;
    if (start < 0) return raise_value_error(vm, "idx cannot be negative"), false;
    r->vm = vm;
    r->text = string_of(text);
    r->data = r->text->data;
    r->size = r->text->size;
    if ((uint64_t)start > r->text->length) return *at = SIZE_MAX, true;
    *at = string_offset(vm, r->text, (size_t)start);
    return true;
}

static Value with_end(VM *vm, const Reader *r, Value value, size_t end) {
    Value pair[2] = {value, is_error(value) ? value : int_from_int64(vm, (int64_t)string_index(vm, r->text, end))};
    return is_error(pair[1]) ? VALUE_ERROR : object_or_error(tuple_from(vm, pair, 2));
}

// scan(text, index, strict, object_hook, object_pairs_hook, parse_float, parse_int, parse_constant, error): the value that begins there
// and the index behind it, or StopIteration(index).
static Value json_scan(VM *vm, Value *args, size_t count) {
    Reader r = {.object_hook = hook_argument(args[3]), .pairs_hook = hook_argument(args[4]), .parse_float = hook_argument(args[5]),
                .parse_int = hook_argument(args[6]), .parse_constant = hook_argument(args[7]), .error = args[8]};
    size_t at;
    if (value_same(r.parse_float, value_object(vm->classes.floating))) r.parse_float = VALUE_EMPTY;
    if (value_same(r.parse_int, value_object(vm->classes.integer))) r.parse_int = VALUE_EMPTY;
    int strict = value_truth(vm, args[2]);
    if (strict < 0 || !reader_open(vm, args[0], args[1], &r, &at)) return VALUE_ERROR;
    r.strict = strict;
    if (at == SIZE_MAX || at >= r.size) return raise_with_value(vm, vm->exceptions.stop_iteration, args[1]);
    vm_count_work(vm, work_of_bytes(r.size - at));
    bool found = true;
    Value value = read_value(&r, &at, &found);
    if (!found) return raise_with_value(vm, vm->exceptions.stop_iteration, args[1]);
    return with_end(vm, &r, value, at);
}

// scan_string(text, index, strict, error): the string whose quote stands before the index, and the index behind its end.
static Value json_scan_string(VM *vm, Value *args, size_t count) {
    Reader r = {.error = args[3]};
    size_t at;
    int strict = value_truth(vm, args[2]);
    if (strict < 0 || !reader_open(vm, args[0], args[1], &r, &at)) return VALUE_ERROR;
    r.strict = strict;
    if (at == SIZE_MAX || !at) return raise_value_error(vm, "end is out of bounds");
    String *s = read_string(&r, &at, false);
    return s ? with_end(vm, &r, value_object(s), at) : VALUE_ERROR;
}

static const NativeDefinition functions[] = {
    {"scan", json_scan, "text, index, strict, object_hook, object_pairs_hook, parse_float, parse_int, parse_constant, error, /", NATIVE_METHOD},
    {"scan_string", json_scan_string, "text, index, strict, error, /", NATIVE_METHOD},
    {"encode", json_encode,
     "value, markers, default, ascii, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan, /", NATIVE_METHOD},
    {"encode_string", json_encode_string, "text, ascii, /", NATIVE_METHOD},
    {0}};

bool json_module_fill(VM *vm, ModuleObject *module) { return native_add_functions(vm, module->namespace, functions) > 0; }

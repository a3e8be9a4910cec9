// The % operator of str and bytes.
#include <ctype.h>
#include <limits.h>
#include <math.h>

#include "base/utf8.h"
#include "object/container/dict.h"
#include "object/text/bytes_internal.h"
#include "object/text/format_internal.h"

typedef struct {
    VM *vm;
    Buffer out;
    const char *format;
    size_t size;
    size_t at;
    bool bytes;        // the result is bytes
    Value arguments;   // a tuple, or a single value
    size_t next;       // the next argument
    bool single_taken; // the one argument that is not a tuple has been used
    bool mapping;      // the arguments can be subscripted
    Value keyed;       // the value of the last (key), or VALUE_EMPTY
} Percent;

typedef struct {
    bool left, plus, space, alternate, zero;
    int64_t width, precision; // -1: none
    uint32_t code;
    size_t code_at; // offset of the code, for an error
} Conversion;

static Value next_argument(Percent *p) {
    if (!is_empty(p->keyed)) {
        Value v = p->keyed;
        p->keyed = VALUE_EMPTY;
        return v;
    }
    if (is_tuple(p->arguments)) {
        if (p->next < tuple_of(p->arguments)->length) return tuple_of(p->arguments)->items[p->next++];
    } else if (!p->single_taken) {
        p->single_taken = true;
        return p->arguments;
    }
    return raise_type_error(p->vm, "not enough arguments for format string");
}

// "(key)": looks the key up.
static bool read_key(Percent *p) {
    VM *vm = p->vm;
    if (!p->mapping) return raise_type_error(vm, "format requires a mapping"), false;
    size_t start = ++p->at, depth = 1;
    for (; p->at < p->size; p->at++) {
        if (p->format[p->at] == '(') depth++;
        if (p->format[p->at] == ')' && --depth == 0) break;
    }
    if (p->at >= p->size) return raise_value_error(vm, "incomplete format key"), false;
    Value key = text_new(vm, p->bytes ? KIND_BYTES : KIND_STRING, p->format + start, p->at - start);
    p->at++;
    if (is_error(key)) return false;
    Value value = value_get_item(vm, p->arguments, key);
    if (is_error(value)) return false;
    p->keyed = value;
    return true;
}

// A width or precision: digits, or '*' and an argument. False with an error.
static bool read_size(Percent *p, int64_t *out, int64_t most, const char *what) {
    VM *vm = p->vm;
    if (p->at < p->size && p->format[p->at] == '*') {
        p->at++;
        Value v = next_argument(p);
        if (is_error(v)) return false;
        if (!is_int(v)) return raise_type_error(vm, "* wants int"), false;
        bool fits = int_to_int64(v, out), is_precision = most == INT_MAX;
        if (!fits || (is_precision && (*out > INT_MAX || *out < -INT_MAX)))
            return raise_overflow_error(vm, "Python int too large to convert to C %s", is_precision ? "int" : "ssize_t"), false;
        return (*out <= most && *out >= -most) || (raise_memory_error(vm), false);
    }
    while (p->at < p->size && p->format[p->at] >= '0' && p->format[p->at] <= '9') {
        *out = (*out < 0 ? 0 : *out) * 10 + (p->format[p->at++] - '0');
        if (*out > most) return raise_value_error(vm, "%s too big", what), false;
    }
    return true;
}

static bool read_conversion(Percent *p, Conversion *c) {
    *c = (Conversion){.width = -1, .precision = -1};
    if (p->at < p->size && p->format[p->at] == '(' && !read_key(p)) return false;
    for (bool flags = true; flags && p->at < p->size;) {
        switch (p->format[p->at]) {
        case '-': c->left = true; break;
        case '+': c->plus = true; break;
        case ' ': c->space = true; break;
        case '#': c->alternate = true; break;
        case '0': c->zero = true; break;
        default: flags = false; continue;
        }
        p->at++;
    }
    bool star = p->at < p->size && p->format[p->at] == '*';
    if (!read_size(p, &c->width, INT64_MAX / 20, "width")) return false;
    if (star && c->width < 0) {
        c->left = true;
        c->width = -c->width;
    }
    if (p->at < p->size && p->format[p->at] == '.') {
        p->at++;
        c->precision = 0;
        if (!read_size(p, &c->precision, INT_MAX, "precision")) return false;
        if (c->precision < 0) c->precision = 0;
    }
    if (p->at < p->size && strchr("hlL", p->format[p->at])) p->at++;
    if (p->at >= p->size) return raise_value_error(p->vm, "incomplete format"), false;
    int width = 1;
    c->code_at = p->at;
    c->code = p->bytes ? (unsigned char)p->format[p->at] : utf8_decode(p->format + p->at, &width);
    p->at += (size_t)width;
    return true;
}

// The layout of a conversion as a specification.
static FormatSpec layout_of(const Conversion *c, bool number) {
    bool zero = c->zero && number && !c->left;
    return (FormatSpec){.fill = zero ? '0' : ' ',
                        .align = c->left ? '<'
                                 : zero  ? '='
                                         : '>',
                        .width = c->width,
                        .precision = -1};
}

static char sign_of(const Conversion *c, bool negative) {
    return negative ? '-' : c->plus ? '+' : c->space ? ' ' : 0;
}

// An integer argument of d, i, u, o, x, X. VALUE_ERROR with an error.
static Value integer_argument(VM *vm, Value v, uint32_t code) {
    if (is_int(v)) return int_plain(vm, v);
    bool hexadecimal = code == 'x' || code == 'X' || code == 'o';
    if (hexadecimal ? has_index(vm, v)
                    : is_any_float(v) || has_index(vm, v) ||
                          (is_object(v) && !is_kind(v, KIND_COMPLEX) && !is_string(v) &&
                           !is_empty(class_special(vm, class_of(vm, v), SPECIAL_INT)))) {
        if (hexadecimal) return value_index(vm, v);
        return call_class(vm, vm->classes.integer, &v, 1);
    }
    return raise_type_error(vm,
                            hexadecimal ? "%%%c format: an integer is required, not %s"
                                        : "%%%c format: a real number is required, not %s",
                            (char)code, type_name(vm, v));
}

static bool put_integer(Percent *p, const Conversion *c, Value v) {
    VM *vm = p->vm;
    if (is_small(v) && c->width < 0 && c->precision < 0 && !c->plus && !c->space &&
        (c->code == 'd' || c->code == 'i'))
        return int_append_digits(vm, &p->out, v, 10);
    v = integer_argument(vm, v, c->code);
    if (is_error(v)) return false;
    int base = c->code == 'o' ? 8 : c->code == 'x' || c->code == 'X' ? 16 : 10;
    char room_of_digits[BUFFER_ROOM], room_of_padded[BUFFER_ROOM];
    Buffer digits = vm_buffer_in(vm, room_of_digits), padded = vm_buffer_in(vm, room_of_padded);
    if (!int_append_digits(vm, &digits, v, base)) return buffer_free(&digits), false;
    bool negative = digits.length && digits.data[0] == '-';
    size_t count = digits.length - negative;
    if (c->precision > (int64_t)count) buffer_fill(&padded, '0', (size_t)c->precision - count);
    buffer_append(&padded, digits.data + negative, digits.length - negative);
    for (size_t i = 0; c->code == 'X' && i < padded.length; i++)
        padded.data[i] = (char)toupper((unsigned char)padded.data[i]);
    const char *prefix = !c->alternate    ? ""
                         : c->code == 'o' ? "0o"
                         : c->code == 'x' ? "0x"
                         : c->code == 'X' ? "0X"
                                          : "";
    FormatSpec spec = layout_of(c, true);
    if (digits.failed || padded.failed)
        p->out.failed = true;
    else
        format_layout(&p->out, sign_of(c, negative), prefix, padded.data, padded.length, "", 0, 3, &spec);
    buffer_free(&digits);
    buffer_free(&padded);
    return true;
}

static bool put_float(Percent *p, const Conversion *c, Value v) {
    VM *vm = p->vm;
    double number;
    if (is_any_float(v)) {
        number = any_float_of(v);
    } else if (!is_int(v) && is_empty(class_special(vm, class_of(vm, v), SPECIAL_FLOAT)) &&
               !has_index(vm, v)) {
        raise_type_error(vm, p->bytes ? "float argument required, not %s" : "must be real number, not %s",
                         type_name(vm, v));
        return false;
    } else if (!value_to_double(vm, v, &number)) {
        return false;
    }
    char room[BUFFER_ROOM];
    Buffer text = vm_buffer_in(vm, room);
    format_append_double(&text, number, (char)c->code, (int)c->precision, c->alternate);
    bool negative = text.length && text.data[0] == '-';
    FormatSpec spec = layout_of(c, true);
    if (text.failed)
        p->out.failed = true;
    else
        format_layout(&p->out, sign_of(c, negative), "", text.data + negative, text.length - negative, "", 0,
                      3, &spec);
    buffer_free(&text);
    return true;
}

// Text cut to the precision and padded to the width.
static void put_text(Percent *p, const Conversion *c, const char *data, size_t size, bool ascii) {
    size_t length = ascii ? size : utf8_count(data, size);
    if (c->precision >= 0 && (uint64_t)c->precision < length) {
        length = (size_t)c->precision;
        size = ascii ? length : utf8_offset(data, size, length);
    }
    FormatSpec spec = layout_of(c, false);
    format_pad(&p->out, data, size, length, &spec);
}

static bool put_string(Percent *p, const Conversion *c, Value v) {
    VM *vm = p->vm;
    String *text = c->code == 's'   ? (is_exact_string(vm, v) ? string_of(v) : value_str(vm, v))
                   : c->code == 'r' ? value_repr(vm, v)
                                    : value_ascii(vm, v);
    if (!text) return false;
    put_text(p, c, text->data, text->size, string_is_ascii(text));
    return true;
}

// %s, %b, %r and %a of bytes.
static bool put_bytes(Percent *p, const Conversion *c, Value v) {
    VM *vm = p->vm;
    if (c->code == 'r' || c->code == 'a') {
        String *text = value_ascii(vm, v);
        if (text) put_text(p, c, text->data, text->size, true);
        return text != NULL;
    }
    const unsigned char *data;
    size_t size;
    if (!bytes_view(v, &data, &size)) {
        Value made = VALUE_EMPTY;
        if (is_object(v) && !is_string(v)) made = value_call_special(vm, v, SPECIAL_BYTES, NULL, 0);
        if (is_error(made)) return false;
        if (is_empty(made) || !bytes_view(made, &data, &size)) {
            raise_type_error(
                vm, "%%b requires a bytes-like object, or an object that implements __bytes__, not '%s'",
                type_name(vm, v));
            return false;
        }
    }
    put_text(p, c, (const char *)data, size, true);
    return true;
}

static bool put_character(Percent *p, const Conversion *c, Value v) {
    VM *vm = p->vm;
    char bytes[4];
    int64_t n;
    const unsigned char *data;
    size_t size;
    Conversion plain = *c;
    plain.precision = -1;
    if (is_string(v) && !p->bytes && string_of(v)->length == 1) {
        put_text(p, &plain, string_of(v)->data, string_of(v)->size, string_is_ascii(string_of(v)));
    } else if (p->bytes && bytes_view(v, &data, &size) && size == 1) {
        put_text(p, &plain, (const char *)data, 1, true);
    } else if (is_string(v) || !has_index(vm, v)) {
        raise_type_error(vm, p->bytes ? "%%c requires an integer in range(256) or a single byte"
                                      : "%%c requires int or char");
        return false;
    } else {
        Value index = value_index(vm, v);
        if (is_error(index)) return false;
        if (!int_to_int64(index, &n) || n < 0 || n > (p->bytes ? 255 : 0x10FFFF)) {
            raise_overflow_error(vm,
                                 p->bytes ? "%%c arg not in range(256)" : "%%c arg not in range(0x110000)");
            return false;
        }
        bytes[0] = (char)n;
        size = p->bytes ? 1 : (size_t)utf8_encode((uint32_t)n, bytes);
        put_text(p, &plain, bytes, size, p->bytes);
    }
    return true;
}

static bool put_conversion(Percent *p) {
    VM *vm = p->vm;
    Conversion c;
    p->keyed = VALUE_EMPTY;
    if (p->at < p->size && p->format[p->at] == '%') return p->at++, buffer_byte(&p->out, '%'), true;
    if (!read_conversion(p, &c)) return false;
    Value v = next_argument(p);
    if (is_error(v)) return false;
    switch (c.code) {
    case 'b':
        if (!p->bytes) break;
        return put_bytes(p, &c, v);
    case 's':
    case 'r':
    case 'a': return p->bytes ? put_bytes(p, &c, v) : put_string(p, &c, v);
    case 'd':
    case 'i':
    case 'u':
        if (c.code != 'd') c.code = c.code == 'u' ? 'u' : 'i';
        return put_integer(p, &c, v);
    case 'o':
    case 'x':
    case 'X': return put_integer(p, &c, v);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': return put_float(p, &c, v);
    case 'c': return put_character(p, &c, v);
    default: break;
    }
    Buffer code = vm_buffer(vm);
    buffer_code_point(&code, c.code > 31 && c.code < 0x7F ? c.code : '?');
    buffer_byte(&code, 0);
    if (!code.failed)
        raise_value_error(vm, "unsupported format character '%s' (0x%x) at index %zu", code.data, c.code,
                          p->bytes ? c.code_at : utf8_count(p->format, c.code_at));
    buffer_free(&code);
    return false;
}

// Everything; the format's text must stay in place (it belongs to an object that does not change).
static bool run(Percent *p) {
    while (p->at < p->size) {
        const char *sign = memchr(p->format + p->at, '%', p->size - p->at);
        size_t end = sign ? (size_t)(sign - p->format) : p->size;
        buffer_append(&p->out, p->format + p->at, end - p->at);
        p->at = end;
        if (!sign) break;
        p->at++;
        if (p->out.failed) return raise_memory_error(p->vm), false;
        if (!vm_poll(p->vm, 4) || !put_conversion(p)) return false;
    }
    bool all = p->mapping ||
               (is_tuple(p->arguments) ? p->next >= tuple_of(p->arguments)->length : p->single_taken);
    if (!all)
        raise_type_error(p->vm, "not all arguments converted during %s formatting",
                         p->bytes ? "bytes" : "string");
    return all;
}

static bool is_mapping(VM *vm, Value v, bool bytes) {
    if (is_dict(v)) return true;
    if (is_tuple(v) || is_string(v) || !is_object(v)) return false;
    if (bytes && (is_kind(v, KIND_BYTES) || is_kind(v, KIND_BYTEARRAY))) return false;
    return !is_empty(class_special(vm, class_of(vm, v), SPECIAL_GETITEM));
}

Value string_percent(VM *vm, String *format, Value arguments) {
    char room[BUFFER_ROOM];
    Percent p = {.vm = vm,
                 .out = vm_buffer_in(vm, room),
                 .format = format->data,
                 .size = format->size,
                 .arguments = arguments,
                 .mapping = is_mapping(vm, arguments, false),
                 .keyed = VALUE_EMPTY};
    if (!run(&p)) return buffer_free(&p.out), VALUE_ERROR;
    return object_or_error(string_from_buffer(vm, &p.out));
}

Value bytes_percent(VM *vm, Value format, Value arguments) {
    // A bytearray may change under way: its text is copied.
    Value text = format;
    if (is_kind(format, KIND_BYTEARRAY)) {
        text = object_or_error(bytes_new(vm, bytearray_of(format)->data, bytearray_of(format)->length));
        if (is_error(text)) return text;
    }
    Percent p = {.vm = vm,
                 .out = vm_buffer(vm),
                 .format = (char *)bytes_of(text)->data,
                 .size = bytes_of(text)->length,
                 .bytes = true,
                 .arguments = arguments,
                 .mapping = is_mapping(vm, arguments, true),
                 .keyed = VALUE_EMPTY};
    if (!run(&p)) return buffer_free(&p.out), VALUE_ERROR;
    return text_from_buffer(vm, object_kind(object_of(format)), &p.out);
}

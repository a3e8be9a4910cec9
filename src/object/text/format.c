// The format mini-language.
#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "base/utf8.h"
#include "object/text/format_internal.h"

// ---- The specification

static bool is_align(uint32_t c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

// Reads digits at *at; -1 when there are none, -2 with an error when there are too many.
static int64_t read_number(VM *vm, const char *text, size_t size, size_t *at) {
    int64_t n = -1;
    while (*at < size && text[*at] >= '0' && text[*at] <= '9') {
        n = (n < 0 ? 0 : n) * 10 + (text[(*at)++] - '0');
        if (n > INT64_MAX / 20) return raise_value_error(vm, "Too many decimal digits in format string"), -2;
    }
    return n;
}

static bool both_groupings(VM *vm) {
    return raise_value_error(vm, "Cannot specify both ',' and '_'."), false;
}

static bool check_grouping(VM *vm, const FormatSpec *spec) {
    uint32_t type = spec->type;
    if (!spec->grouping || !type || (type < 0x80 && strchr("defgEG%F", (int)type))) return true;
    if (spec->grouping == '_' && (type == 'b' || type == 'o' || type == 'x' || type == 'X')) return true;
    if (type > 32 && type < 128)
        raise_value_error(vm, "Cannot specify '%c' with '%c'.", spec->grouping, (char)type);
    else
        raise_value_error(vm, "Cannot specify '%c' with '\\x%x'.", spec->grouping, type);
    return false;
}

bool format_parse(VM *vm, String *specification, char type, char align, const char *type_name,
                  FormatSpec *spec) {
    const char *text = specification->data;
    size_t size = specification->size, at = 0;
    *spec =
        (FormatSpec){.fill = ' ', .align = align, .width = -1, .precision = -1, .type = (unsigned char)type};
    bool aligned = false, filled = false;
    if (size) {
        int width;
        uint32_t first = utf8_decode(text, &width);
        if ((size_t)width < size && is_align((unsigned char)text[width])) {
            spec->fill = first;
            spec->align = text[width];
            aligned = filled = true;
            at = (size_t)width + 1;
        } else if (is_align(first)) {
            spec->align = (char)first;
            aligned = true;
            at = 1;
        }
    }
    if (at < size && (text[at] == ' ' || text[at] == '+' || text[at] == '-')) spec->sign = text[at++];
    if (at < size && text[at] == 'z') spec->no_negative_zero = true, at++;
    if (at < size && text[at] == '#') spec->alternate = true, at++;
    if (!filled && at < size && text[at] == '0') {
        spec->fill = '0';
        if (!aligned && align == '>') spec->align = '=';
        at++;
    }
    spec->width = read_number(vm, text, size, &at);
    if (spec->width == -2) return false;
    if (at < size && text[at] == ',') spec->grouping = text[at++];
    if (at < size && text[at] == '_') {
        if (spec->grouping) return both_groupings(vm);
        spec->grouping = text[at++];
    }
    if (at < size && text[at] == ',' && spec->grouping == '_') return both_groupings(vm);
    if (at < size && text[at] == '.') {
        at++;
        spec->precision = read_number(vm, text, size, &at);
        if (spec->precision == -2) return false;
        if (spec->precision < 0) return raise_value_error(vm, "Format specifier missing precision"), false;
    }
    if (at < size) {
        int width;
        uint32_t last = utf8_decode(text + at, &width);
        if (at + (size_t)width < size) {
            raise_value_error(vm, "Invalid format specifier '%s' for object of type '%s'", text, type_name);
            return false;
        }
        spec->type = last;
    }
    return check_grouping(vm, spec);
}

static Value unknown_type(VM *vm, uint32_t type, const char *type_name) {
    if (type > 32 && type < 128)
        return raise_value_error(vm, "Unknown format code '%c' for object of type '%s'", (char)type,
                                 type_name);
    return raise_value_error(vm, "Unknown format code '\\x%x' for object of type '%s'", type, type_name);
}

// ---- Laying out

static void append_fill(Buffer *buffer, uint32_t fill, int64_t count) {
    char bytes[4];
    size_t width = (size_t)utf8_encode(fill, bytes);
    if (count <= 0) return;
    if (count > PTRDIFF_MAX / 8 || !buffer_reserve(buffer, (size_t)count * width)) {
        buffer->failed = true;
        return;
    }
    if (width == 1)
        buffer_fill(buffer, bytes[0], (size_t)count);
    else
        for (int64_t i = 0; i < count; i++) buffer_append(buffer, bytes, width);
}

void format_pad(Buffer *buffer, const char *text, size_t size, size_t length, const FormatSpec *spec) {
    int64_t missing = spec->width > (int64_t)length ? spec->width - (int64_t)length : 0;
    int64_t left = spec->align == '>' || spec->align == '=' ? missing : spec->align == '^' ? missing / 2 : 0;
    append_fill(buffer, spec->fill, left);
    buffer_append(buffer, text, size);
    append_fill(buffer, spec->fill, missing - left);
}

// The grouped digits, with zeros in front to a minimal width, from the last to the first; the buffer is then
// reversed.
static void append_grouped(Buffer *buffer, const char *digits, size_t count, int group, char separator,
                           int64_t minimum) {
    size_t start = buffer->length;
    int64_t left = (int64_t)count, in_group = 0;
    if (!separator) {
        if (minimum > left) buffer_fill(buffer, '0', (size_t)(minimum - left));
        buffer_append(buffer, digits, count);
        return;
    }
    while (left > 0 || minimum > 0) {
        if (in_group == group) {
            buffer_byte(buffer, separator);
            minimum--;
            in_group = 0;
            if (left <= 0 && minimum <= 0) minimum = 1; // a separator never comes first
        }
        buffer_byte(buffer, left > 0 ? digits[left - 1] : '0');
        left--;
        minimum--;
        in_group++;
        if (buffer->failed) return;
    }
    for (size_t i = start, j = buffer->length; i + 1 < j; i++) {
        char c = buffer->data[i];
        buffer->data[i] = buffer->data[--j];
        buffer->data[j] = c;
    }
}

void format_layout(Buffer *buffer, char sign, const char *prefix, const char *digits, size_t digit_count,
                   const char *rest, size_t rest_size, int group, const FormatSpec *spec) {
    if (spec->width > PTRDIFF_MAX / 16) {
        buffer->failed = true;
        return;
    }
    int64_t around = (sign != 0) + (int64_t)strlen(prefix) + (int64_t)rest_size;
    bool zeros = spec->fill == '0' && spec->align == '=';
    Buffer number;
    buffer_init(&number, buffer->allocator);
    bool is_plain = !spec->grouping && !zeros;
    if (is_plain)
        number = (Buffer){.data = (char *)digits, .length = digit_count}; // as they are; never written to
    else
        append_grouped(&number, digits, digit_count, group, spec->grouping, zeros ? spec->width - around : 0);
    int64_t missing = spec->width - around - (int64_t)number.length;
    if (missing < 0) missing = 0;
    int64_t left = spec->align == '>' ? missing : spec->align == '^' ? missing / 2 : 0;
    int64_t middle = spec->align == '=' ? missing : 0;
    append_fill(buffer, spec->fill, left);
    if (sign) buffer_byte(buffer, sign);
    buffer_text(buffer, prefix);
    append_fill(buffer, spec->fill, middle);
    buffer_append(buffer, number.data, number.length);
    buffer_append(buffer, rest, rest_size);
    append_fill(buffer, spec->fill, missing - left - middle);
    if (number.failed) buffer->failed = true;
    if (!is_plain) buffer_free(&number);
}

// The sign to show: '-' always, '+' and ' ' if wanted.
static char shown_sign(bool negative, char wanted) {
    return negative ? '-' : wanted == '+' || wanted == ' ' ? wanted : 0;
}

// ---- str

Value format_string(VM *vm, String *text, String *specification) {
    if (!specification->size) return object_or_error(string_slice(vm, text, 0, text->length));
    FormatSpec spec;
    if (!format_parse(vm, specification, 's', '<', "str", &spec)) return VALUE_ERROR;
    if (spec.type != 's') return unknown_type(vm, spec.type, "str");
    if (spec.sign == ' ') return raise_value_error(vm, "Space not allowed in string format specifier");
    if (spec.sign) return raise_value_error(vm, "Sign not allowed in string format specifier");
    if (spec.no_negative_zero)
        return raise_value_error(vm, "Negative zero coercion (z) not allowed in string format specifier");
    if (spec.alternate)
        return raise_value_error(vm, "Alternate form (#) not allowed in string format specifier");
    if (spec.align == '=')
        return raise_value_error(vm, "'=' alignment not allowed in string format specifier");
    size_t length = text->length;
    if (spec.precision >= 0 && (uint64_t)spec.precision < length) length = (size_t)spec.precision;
    char room[BUFFER_ROOM];
    Buffer buffer = vm_buffer_in(vm, room);
    format_pad(&buffer, text->data, string_offset(vm, text, length), length, &spec);
    return object_or_error(string_from_buffer(vm, &buffer));
}

// ---- int

static Value format_character(VM *vm, Value number, const FormatSpec *spec) {
    if (spec->sign) return raise_value_error(vm, "Sign not allowed with integer format specifier 'c'");
    if (spec->alternate)
        return raise_value_error(vm, "Alternate form (#) not allowed with integer format specifier 'c'");
    int64_t c;
    if (!int_to_int64(number, &c) || c < 0 || c > 0x10FFFF)
        return raise_overflow_error(vm, "%%c arg not in range(0x110000)");
    char bytes[4];
    size_t width = (size_t)utf8_encode((uint32_t)c, bytes);
    char room[BUFFER_ROOM];
    Buffer buffer = vm_buffer_in(vm, room);
    format_pad(&buffer, bytes, width, 1, spec);
    return object_or_error(string_from_buffer(vm, &buffer));
}

static Value format_integer(VM *vm, Value number, const FormatSpec *spec) {
    if (spec->precision >= 0)
        return raise_value_error(vm, "Precision not allowed in integer format specifier");
    if (spec->no_negative_zero)
        return raise_value_error(vm, "Negative zero coercion (z) not allowed in integer format specifier");
    if (spec->type == 'c') return format_character(vm, number, spec);
    int base = spec->type == 'b'                        ? 2
               : spec->type == 'o'                      ? 8
               : spec->type == 'x' || spec->type == 'X' ? 16
                                                        : 10;
    char room_of_digits[BUFFER_ROOM], room_of_buffer[BUFFER_ROOM];
    Buffer digits = vm_buffer_in(vm, room_of_digits), buffer = vm_buffer_in(vm, room_of_buffer);
    if (base == 10 && is_small(number)) {
        char text[NUMBER_TEXT_SIZE];
        int64_t n = small_of(number);
        size_t length = number_decimal((uint64_t)(n < 0 ? -n : n), text);
        format_layout(&buffer, shown_sign(n < 0, spec->sign), "", text, length, "", 0, 3, spec);
        return object_or_error(string_from_buffer(vm, &buffer));
    }
    if (!int_append_digits(vm, &digits, number, base)) return buffer_free(&digits), VALUE_ERROR;
    if (digits.failed) return buffer_free(&digits), raise_memory_error(vm);
    const char *prefix = "";
    if (spec->alternate)
        prefix = spec->type == 'b'   ? "0b"
                 : spec->type == 'o' ? "0o"
                 : spec->type == 'x' ? "0x"
                 : spec->type == 'X' ? "0X"
                                     : "";
    for (size_t i = 0; spec->type == 'X' && i < digits.length; i++)
        digits.data[i] = (char)toupper((unsigned char)digits.data[i]);
    bool negative = digits.length && digits.data[0] == '-';
    format_layout(&buffer, shown_sign(negative, spec->sign), prefix, digits.data + negative,
                  digits.length - negative, "", 0, base == 10 ? 3 : 4, spec);
    buffer_free(&digits);
    return object_or_error(string_from_buffer(vm, &buffer));
}

static Value format_double(VM *vm, double number, const FormatSpec *spec);

Value format_int(VM *vm, Value number, String *specification) {
    if (!specification->size) return object_or_error(value_str(vm, number));
    FormatSpec spec;
    const char *name = type_name(vm, number);
    if (!format_parse(vm, specification, 'd', '>', name, &spec)) return VALUE_ERROR;
    double converted;
    switch (spec.type) {
    case 'b':
    case 'c':
    case 'd':
    case 'o':
    case 'x':
    case 'X':
    case 'n': return format_integer(vm, number, &spec);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case '%':
        return int_to_double(vm, number, &converted) ? format_double(vm, converted, &spec) : VALUE_ERROR;
    default: return unknown_type(vm, spec.type, name);
    }
}

// ---- float

// Appends zeros to the digits that begin at `start`: before the exponent if there is one.
static void insert_zeros(Buffer *buffer, size_t start, size_t count) {
    if (!buffer_reserve(buffer, count)) return;
    size_t end = start;
    while (end < buffer->length && buffer->data[end] != 'e' && buffer->data[end] != 'E') end++;
    memmove(buffer->data + end + count, buffer->data + end, buffer->length - end);
    memset(buffer->data + end, '0', count);
    buffer->length += count;
}

void format_append_double(Buffer *buffer, double number, char code, int precision, bool alternate) {
    bool upper = code == 'E' || code == 'F' || code == 'G';
    if (!isfinite(number)) {
        if (signbit(number) && isinf(number)) buffer_byte(buffer, '-');
        buffer_text(buffer, isnan(number) ? (upper ? "NAN" : "nan") : upper ? "INF" : "inf");
        return;
    }
    if (code == 'r') {
        char text[NUMBER_TEXT_SIZE];
        buffer_append(buffer, text, number_repr(number, text));
        return;
    }
    if ((code == 'f' || code == 'F') && !alternate) {
        char text[NUMBER_TEXT_SIZE];
        size_t length = number_fixed(fabs(number), precision < 0 ? 6 : precision, text);
        if (length) {
            if (signbit(number)) buffer_byte(buffer, '-');
            buffer_append(buffer, text, length);
            return;
        }
    }
    // No double has more digits: what follows them are zeros, which printf need not make (it would take twice their room).
    enum { MOST_DIGITS = 1100 };
    char format[8] = {'%', 0};
    size_t at = 1, start = buffer->length;
    if (alternate) format[at++] = '#';
    format[at++] = '.';
    format[at++] = '*';
    format[at++] = code;
    if (precision < 0) precision = 6;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    buffer_format(buffer, format, precision < MOST_DIGITS ? precision : MOST_DIGITS, number);
#pragma GCC diagnostic pop
    bool drops_zeros = (code == 'g' || code == 'G') && !alternate;
    if (precision > MOST_DIGITS && !drops_zeros) insert_zeros(buffer, start, (size_t)(precision - MOST_DIGITS));
}

// The digits of a float by a specification, with a sign only when negative.
static void append_digits(Buffer *buffer, double number, const FormatSpec *spec) {
    int precision = spec->precision < 0 ? -1 : (int)spec->precision;
    uint32_t type = spec->type == 'n' ? 'g' : spec->type;
    if (type) {
        format_append_double(buffer, type == '%' ? number * 100 : number, type == '%' ? 'f' : (char)type,
                             precision, spec->alternate);
    } else if (precision < 0 || !isfinite(number)) {
        format_append_double(buffer, number, 'r', 0, false);
    } else {
        // As 'g', but with an exponent already when no digit would follow the point, and never without a
        // point.
        if (precision == 0) precision = 1;
        char text[32];
        snprintf(text, sizeof text, "%.*e", precision > 17 ? 17 : precision - 1, number);
        int exponent = number == 0 ? 0 : (int)strtol(strchr(text, 'e') + 1, NULL, 10);
        size_t start = buffer->length;
        if (exponent == precision - 1 && exponent >= -4 && number != 0) {
            format_append_double(buffer, number, 'e', precision - 1, spec->alternate);
            if (!spec->alternate && !buffer->failed) { // without the zeros that 'g' drops
                char *e = memchr(buffer->data + start, 'e', buffer->length - start), *end = e;
                if (memchr(buffer->data + start, '.', (size_t)(e - buffer->data) - start)) {
                    while (end[-1] == '0') end--;
                    if (end[-1] == '.') end--;
                }
                memmove(end, e, (size_t)(buffer->data + buffer->length - e));
                buffer->length -= (size_t)(e - end);
            }
        } else {
            format_append_double(buffer, number, 'g', precision, spec->alternate);
        }
        if (!buffer->failed && !memchr(buffer->data + start, '.', buffer->length - start) &&
            !memchr(buffer->data + start, 'e', buffer->length - start))
            buffer_append(buffer, ".0", 2);
    }
    if (type == '%') buffer_byte(buffer, '%');
}

// Whether only zeros stand before the exponent.
static bool is_zero_text(const Buffer *text) {
    for (size_t i = 0; i < text->length && text->data[i] != 'e' && text->data[i] != 'E'; i++)
        if (text->data[i] >= '1' && text->data[i] <= '9') return false;
    return true;
}

// Appends a float without padding or with it, as the specification says. An empty `text` is digits in the
// making.
static void layout_double(VM *vm, Buffer *buffer, double number, const FormatSpec *spec, char sign) {
    char room[BUFFER_ROOM];
    Buffer text = vm_buffer_in(vm, room);
    append_digits(&text, number, spec);
    if (text.failed) {
        buffer_free(&text);
        buffer->failed = true;
        return;
    }
    bool negative = text.data[0] == '-';
    size_t at = negative, digits = 0;
    if (negative && spec->no_negative_zero && isfinite(number) && is_zero_text(&text)) negative = false;
    while (at + digits < text.length && text.data[at + digits] >= '0' && text.data[at + digits] <= '9')
        digits++;
    format_layout(buffer, shown_sign(negative, sign), "", text.data + at, digits, text.data + at + digits,
                  text.length - at - digits, 3, spec);
    buffer_free(&text);
}

static bool check_precision(VM *vm, const FormatSpec *spec) {
    if (spec->precision <= INT_MAX - 400) return true;
    return raise_value_error(vm, "precision too big"), false;
}

static bool is_float_type(uint32_t type) { return !type || (type < 0x80 && strchr("eEfFgGn", (int)type)); }

static Value format_double(VM *vm, double number, const FormatSpec *spec) {
    if (!check_precision(vm, spec)) return VALUE_ERROR;
    char room[BUFFER_ROOM];
    Buffer buffer = vm_buffer_in(vm, room);
    layout_double(vm, &buffer, number, spec, spec->sign);
    return object_or_error(string_from_buffer(vm, &buffer));
}

Value format_float(VM *vm, double number, String *specification) {
    FormatSpec spec;
    if (!format_parse(vm, specification, 0, '>', "float", &spec)) return VALUE_ERROR;
    if (!is_float_type(spec.type) && spec.type != '%') return unknown_type(vm, spec.type, "float");
    return format_double(vm, number, &spec);
}

// ---- complex

// Drops a final ".0" that a part of a complex number goes without.
static void drop_point_zero(Buffer *buffer, size_t start) {
    if (buffer->failed || buffer->length - start < 2) return;
    if (!memcmp(buffer->data + buffer->length - 2, ".0", 2) &&
        !memchr(buffer->data + start, 'e', buffer->length - start))
        buffer->length -= 2;
}

Value format_complex(VM *vm, Value number, String *specification) {
    FormatSpec spec;
    const char *name = type_name(vm, number);
    if (!specification->size) return object_or_error(value_str(vm, number));
    if (!format_parse(vm, specification, 0, '>', name, &spec)) return VALUE_ERROR;
    if (!is_float_type(spec.type)) return unknown_type(vm, spec.type, name);
    if (spec.fill == '0')
        return raise_value_error(vm, "Zero padding is not allowed in complex format specifier");
    if (spec.align == '=')
        return raise_value_error(vm, "'=' alignment flag is not allowed in complex format specifier");
    if (!check_precision(vm, &spec)) return VALUE_ERROR;
    Complex *z = (Complex *)object_of(number);
    bool plain = !spec.type, skip_real = plain && z->real == 0 && !signbit(z->real);
    FormatSpec part = spec;
    part.width = -1;
    part.fill = ' ';
    char room_of_text[BUFFER_ROOM], room_of_buffer[BUFFER_ROOM];
    Buffer text = vm_buffer_in(vm, room_of_text), buffer = vm_buffer_in(vm, room_of_buffer);
    if (plain && !skip_real) buffer_byte(&text, '(');
    if (!skip_real) {
        size_t start = text.length;
        layout_double(vm, &text, z->real, &part, spec.sign);
        if (plain) drop_point_zero(&text, start);
    }
    size_t start = text.length;
    layout_double(vm, &text, z->imaginary, &part, skip_real ? spec.sign : '+');
    if (plain) drop_point_zero(&text, start);
    buffer_text(&text, plain && !skip_real ? "j)" : "j");
    if (text.failed)
        buffer.failed = true;
    else
        format_pad(&buffer, text.data, text.length, text.length, &spec);
    buffer_free(&text);
    return object_or_error(string_from_buffer(vm, &buffer));
}

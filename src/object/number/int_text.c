// int to text and back.
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "object/number/int_internal.h"
#include "object/number/int_large.h"
#include "object/text/unicode.h"

// ---- To text

// Digits in base 2, 8 or 16: groups of bits, from the top.
static void append_power_of_two(Buffer *buffer, const mp_int *number, int group) {
    static const char characters[] = "0123456789abcdef";
    int bits = mp_count_bits(number);
    int count = (bits + group - 1) / group;
    if (!buffer_reserve(buffer, (size_t)count)) return;
    for (int i = count - 1; i >= 0; i--) {
        int at = i * group, word = at / MP_DIGIT_BIT, offset = at % MP_DIGIT_BIT;
        uint64_t value = number->dp[word] >> offset;
        if (offset + group > MP_DIGIT_BIT && word + 1 < number->used)
            value |= (uint64_t)number->dp[word + 1] << (MP_DIGIT_BIT - offset);
        buffer_byte(buffer, characters[value & ((1u << group) - 1)]);
    }
}

static bool raise_too_long(VM *vm) {
    raise_value_error(vm,
                      "Exceeds the limit (%d digits) for integer string conversion; "
                      "use sys.set_int_max_str_digits() to increase the limit",
                      vm->int_digit_limit);
    return false;
}

static bool append_decimal(VM *vm, Buffer *buffer, const mp_int *number) {
    int64_t bits = mp_count_bits(number), limit = vm->int_digit_limit;
    // A digit is less than 3.3220 bits: what has more is too long, which need not be found out by dividing.
    if (limit && bits > limit * 33220 / 10000 + 1) return raise_too_long(vm);
    size_t most = (size_t)(bits * 30103 / 100000) + 2, zeros = 0;
    if (!buffer_reserve(buffer, most)) return raise_memory_error(vm), false;
    char *digits = buffer->data + buffer->length;
    mp_err status = large_to_decimal(vm, number, digits, most);
    if (status != MP_OKAY) return status == MP_RAISED ? false : (raise_memory_error(vm), false);
    while (digits[zeros] == '0') zeros++;
    if (limit && most - zeros > (size_t)limit) return raise_too_long(vm);
    memmove(digits, digits + zeros, most - zeros);
    buffer->length += most - zeros;
    return true;
}

bool int_append_digits(VM *vm, Buffer *buffer, Value v, int base) {
    if (is_bool(v)) v = value_small(is_true(v));
    if (base == 10 && is_small(v)) {
        char text[NUMBER_TEXT_SIZE];
        int64_t n = small_of(v);
        if (n < 0) buffer_byte(buffer, '-');
        buffer_append(buffer, text, number_decimal((uint64_t)(n < 0 ? -n : n), text));
        return true;
    }
    IntView view;
    const mp_int *number = int_view(v, &view);
    if (!number->used) return buffer_byte(buffer, '0'), true;
    if (number->sign == MP_NEG) buffer_byte(buffer, '-');
    if (base == 10) {
        mp_int magnitude = *number;
        magnitude.sign = MP_ZPOS;
        return append_decimal(vm, buffer, &magnitude);
    }
    append_power_of_two(buffer, number, base == 2 ? 1 : base == 8 ? 3 : 4);
    return true;
}

// ---- From text

static int digit_value(unsigned char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

// The digits are valid.
static Value read_digits(VM *vm, const char *digits, size_t length, int base, bool negative) {
    uint64_t factor = 1;
    int chunk_length = 0;
    while (factor <= (((uint64_t)1 << MP_DIGIT_BIT) - 1) / (unsigned)base) {
        factor *= (unsigned)base;
        chunk_length++;
    }
    if (length <= (size_t)chunk_length) {
        int64_t n = 0;
        for (size_t i = 0; i < length; i++) n = n * base + digit_value((unsigned char)digits[i]);
        return int_from_int64(vm, negative ? -n : n);
    }
    mp_int number;
    if (!int_room(vm, length * 6 / MP_DIGIT_BIT + 2)) return VALUE_ERROR;
    if (mp_init(&number) != MP_OKAY) return raise_memory_error(vm);
    mp_err status = large_from_digits(vm, digits, length, base, &number);
    if (status != MP_OKAY) return mp_clear(&number), status == MP_RAISED ? VALUE_ERROR : raise_memory_error(vm);
    if (negative) number.sign = MP_NEG;
    return int_from_mp(vm, &number);
}

// Digits of base 2, 4, 8, 16 or 32 are bits: they are put in place from the end.
static Value read_bits(VM *vm, const char *digits, size_t length, int group, bool negative) {
    if (!int_room(vm, length * (unsigned)group / MP_DIGIT_BIT + 2)) return VALUE_ERROR;
    int words = (int)(length * (unsigned)group / MP_DIGIT_BIT + 1);
    mp_int number;
    if (mp_init_size(&number, words + 1) != MP_OKAY) return raise_memory_error(vm);
    size_t position = 0;
    for (size_t i = length; i-- > 0; position += (unsigned)group) {
        size_t word = position / MP_DIGIT_BIT, offset = position % MP_DIGIT_BIT;
        uint64_t value = (uint64_t)digit_value((unsigned char)digits[i]) << offset;
        number.dp[word] |= value & MP_MASK;
        if (offset + (unsigned)group > MP_DIGIT_BIT) number.dp[word + 1] |= value >> MP_DIGIT_BIT;
    }
    number.used = words + 1;
    if (negative) number.sign = MP_NEG;
    return int_from_mp(vm, &number);
}

Value int_from_digits(VM *vm, const char *digits, size_t length, int base) {
    bool negative = length && digits[0] == '-';
    if (length && (digits[0] == '-' || digits[0] == '+')) digits++, length--;
    int group = base == 2 ? 1 : base == 4 ? 2 : base == 8 ? 3 : base == 16 ? 4 : base == 32 ? 5 : 0;
    if (!group && vm->int_digit_limit && length > (size_t)vm->int_digit_limit)
        return raise_value_error(
            vm,
            "Exceeds the limit (%d digits) for integer string conversion: value has %zu digits; "
            "use sys.set_int_max_str_digits() to increase the limit",
            vm->int_digit_limit, length);
    while (length > 1 && *digits == '0') digits++, length--;
    if (group && length > 12) return read_bits(vm, digits, length, group, negative);
    return read_digits(vm, digits, length, base, negative);
}

// Replaces decimal digits and white space beyond ASCII by their ASCII likes; other characters by '?'.
static void to_ascii(Buffer *buffer, const char *text, size_t length) {
    for (size_t i = 0; i < length;) {
        int width;
        uint32_t c = utf8_decode(text + i, &width);
        i += (size_t)width;
        int digit = c < 0x80 ? -1 : unicode_decimal(c);
        buffer_byte(buffer, c < 0x80              ? (char)c
                            : digit >= 0          ? (char)('0' + digit)
                            : unicode_is_space(c) ? ' '
                                                  : '?');
    }
}

static bool is_ascii_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
}

// int_parse of ASCII text. `digits` has room for all of it.
static Value parse_ascii(VM *vm, const char *text, size_t length, int base, char *digits) {
    size_t start = 0, end = length, used = 0;
    while (start < end && is_ascii_space(text[start])) start++;
    while (end > start && is_ascii_space(text[end - 1])) end--;
    if (start < end && (text[start] == '-' || text[start] == '+')) digits[used++] = text[start++];
    size_t sign = used;
    bool prefix = false;
    if (end - start >= 2 && text[start] == '0') {
        char letter = text[start + 1] | 0x20;
        int named = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
        if (named && (base == 0 || base == named)) {
            base = named;
            start += 2;
            prefix = true;
        }
    }
    bool zero_only = base == 0 && start < end && text[start] == '0';
    if (base == 0) base = 10;
    if (prefix && start < end && text[start] == '_') start++;
    bool digit_before = false;
    for (; start < end; start++) {
        if (text[start] == '_') {
            if (!digit_before) return VALUE_EMPTY;
            digit_before = false;
            continue;
        }
        int value = digit_value((unsigned char)text[start]);
        if (value >= base || (zero_only && value)) return VALUE_EMPTY;
        digits[used++] = text[start];
        digit_before = true;
    }
    if (!digit_before || used == sign) return VALUE_EMPTY;
    return int_from_digits(vm, digits, used, base);
}

Value int_parse(VM *vm, const char *text, size_t length, int base) {
    Buffer converted = vm_buffer(vm), digits = vm_buffer(vm);
    if (!utf8_is_ascii(text, length)) {
        to_ascii(&converted, text, length);
        text = converted.data;
        length = converted.length;
    }
    Value result;
    if (!buffer_reserve(&digits, length + 1) || converted.failed)
        result = raise_memory_error(vm);
    else
        result = parse_ascii(vm, text, length, base, digits.data);
    buffer_free(&converted);
    buffer_free(&digits);
    return result;
}

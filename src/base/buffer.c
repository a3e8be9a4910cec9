#include "base/buffer.h"

#include <stdint.h>
#include <stdio.h>

#include "base/utf8.h"

// From the owner's room into memory of its own.
static bool leave_room(Buffer *buffer, size_t extra) {
    size_t capacity = buffer->capacity * 2;
    while (capacity - buffer->length < extra) capacity *= 2;
    char *data = allocate(buffer->allocator, capacity);
    if (!data) data = allocate(buffer->allocator, capacity = buffer->length + extra);
    if (!data) {
        buffer->failed = true;
        return false;
    }
    memcpy(data, buffer->data, buffer->length);
    buffer->data = data;
    buffer->capacity = capacity;
    buffer->is_borrowed = false;
    return true;
}

bool buffer_reserve(Buffer *buffer, size_t extra) {
    if (buffer->failed) return false;
    if (buffer->capacity - buffer->length >= extra) return true;
    if (buffer->is_borrowed && extra <= SIZE_MAX / 4) return leave_room(buffer, extra);
    if (extra > SIZE_MAX / 4 || buffer->capacity > SIZE_MAX / 4) {
        buffer->failed = true;
        return false;
    }
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : 64;
    while (capacity - buffer->length < extra) capacity *= 2;
    char *data = reallocate(buffer->allocator, buffer->data, buffer->capacity, capacity);
    // There may be room for what is needed; but not for a little more each time, which would copy everything each time.
    size_t needed = buffer->length + extra;
    if (!data && capacity > needed + needed / 8) {
        capacity = needed + needed / 8;
        data = reallocate(buffer->allocator, buffer->data, buffer->capacity, capacity);
    }
    if (!data && capacity > needed && extra > buffer->capacity / 8) {
        capacity = needed;
        data = reallocate(buffer->allocator, buffer->data, buffer->capacity, capacity);
    }
    if (!data) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_fill(Buffer *buffer, char byte, size_t count) {
    if (!count || !buffer_reserve(buffer, count)) return;
    memset(buffer->data + buffer->length, byte, count);
    buffer->length += count;
}

void buffer_code_point(Buffer *buffer, uint32_t code_point) {
    char bytes[4];
    buffer_append(buffer, bytes, (size_t)utf8_encode(code_point, bytes));
}

void buffer_json_string(Buffer *buffer, const char *text, size_t length) {
    buffer_byte(buffer, '"');
    size_t plain = 0; // from here on nothing has been appended
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        size_t left = length - i;
        bool is_surrogate = c == 0xED && left > 2 && (unsigned char)text[i + 1] >= 0xA0;
        bool ends_line = (c == 0xE2 && left > 2 && text[i + 1] == '\x80' && (text[i + 2] == '\xA8' || text[i + 2] == '\xA9')) ||
                         (c == 0xC2 && left > 1 && text[i + 1] == '\x85');
        if (c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != 0x7F && !is_surrogate && !ends_line) continue;
        buffer_append(buffer, text + plain, i - plain);
        if (c == '"' || c == '\\' || c == '\n') {
            buffer_byte(buffer, '\\');
            buffer_byte(buffer, c == '\n' ? 'n' : (char)c);
        } else if (is_surrogate) {
            buffer_escape(buffer, 'u', 0xD000u | (text[i + 1] & 0x3Fu) << 6 | (text[i + 2] & 0x3Fu));
            i += 2;
        } else if (ends_line) {
            buffer_escape(buffer, 'u', c == 0xC2 ? 0x85 : 0x2000u | (text[i + 2] & 0x3Fu));
            i += c == 0xC2 ? 1 : 2;
        } else {
            buffer_escape(buffer, 'u', c);
        }
        plain = i + 1;
    }
    buffer_append(buffer, text + plain, length - plain);
    buffer_byte(buffer, '"');
}

void buffer_format_list(Buffer *buffer, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    char small[256];
    int length = vsnprintf(small, sizeof small, format, arguments);
    if (length < (int)sizeof small) {
        buffer_append(buffer, small, (size_t)length);
    } else if (buffer_reserve(buffer, (size_t)length + 1)) {
        vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
}

void buffer_format(Buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    buffer_format_list(buffer, format, arguments);
    va_end(arguments);
}

void buffer_escape(Buffer *buffer, char letter, uint32_t number) {
    char text[10] = {'\\', letter};
    int count = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
    for (int i = 1 + count; i > 1; i--, number >>= 4) text[i] = "0123456789abcdef"[number & 15];
    buffer_append(buffer, text, (size_t)count + 2);
}

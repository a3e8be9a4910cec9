// A growable run of bytes: text under construction. A failed growth sets `failed` and drops what is added from then
// on, so that a builder tests once, at its end.
#ifndef AIOLI_BASE_BUFFER_H
#define AIOLI_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"

typedef struct {
    Allocator *allocator;
    char *data; // not NUL-terminated; NULL while empty
    size_t length;
    size_t capacity;
    bool failed;
    bool is_borrowed; // `data` is the owner's own room, on the stack: it is given up for memory when it is full
} Buffer;

static inline void buffer_init(Buffer *buffer, Allocator *allocator) {
    *buffer = (Buffer){.allocator = allocator};
}
static inline void buffer_free(Buffer *buffer) {
    if (!buffer->is_borrowed) release(buffer->allocator, buffer->data, buffer->capacity);
    *buffer = (Buffer){.allocator = buffer->allocator};
}

// Makes room for `extra` more bytes. Returns false (and sets failed) when memory is short.
bool buffer_reserve(Buffer *buffer, size_t extra);

static inline void buffer_append(Buffer *buffer, const char *text, size_t length) {
    if (buffer->capacity - buffer->length < length && !buffer_reserve(buffer, length)) return;
    if (length) memcpy(buffer->data + buffer->length, text, length);
    buffer->length += length;
}
void buffer_fill(Buffer *buffer, char byte, size_t count);
static inline void buffer_text(Buffer *buffer, const char *text) { buffer_append(buffer, text, strlen(text)); }
static inline void buffer_byte(Buffer *buffer, char byte) { buffer_append(buffer, &byte, 1); }
// Appends a backslash, the letter x, u or U, and the number in 2, 4 or 8 hexadecimal digits.
void buffer_escape(Buffer *buffer, char letter, uint32_t number);
void buffer_code_point(Buffer *buffer, uint32_t code_point);
// Appends UTF-8, lone surrogates included, as a JSON string with its quotes. Whatever ends a line of Unicode text is escaped, so that the
// string is of one line for every reader; and so is `<`, so that it may stand in a page of HTML.
void buffer_json_string(Buffer *buffer, const char *text, size_t length);
void buffer_format(Buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_format_list(Buffer *buffer, const char *format, va_list arguments);

#endif

// What str, bytes and bytearray share: searching, splitting, stripping, padding, all on bytes (UTF-8 can be
// searched as bytes). A Text says where the bytes are and which of the types they belong to.
#ifndef AIOLI_OBJECT_TEXT_INTERNAL_H
#define AIOLI_OBJECT_TEXT_INTERNAL_H

#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/text/codec.h"

typedef struct {
    const char *data;
    size_t size;
    Kind kind;  // KIND_STRING, KIND_BYTES, KIND_BYTEARRAY (others only as arguments)
    bool ascii; // a str of ASCII, or not a str: an index is an offset
} Text;

// The offset of the first or last occurrence, or -1; or -2 with an exception: interrupted. The empty needle is at 0, or at the end.
int64_t find_forward(VM *vm, const char *text, size_t size, const char *needle, size_t needle_size);
int64_t find_backward(VM *vm, const char *text, size_t size, const char *needle, size_t needle_size);

// The bytes of a str or bytes-like value. False, nothing raised, for others.
bool text_view(Value v, Text *out);
// A new str, bytes or bytearray of the same type as `like`.
// A new text of a kind, whose bytes at *data are to be set at once; a str is then to be sealed. VALUE_ERROR with an exception.
Value text_reserve(VM *vm, Kind like, size_t size, char **data);
Value text_new(VM *vm, Kind like, const char *data, size_t size);
// A new value of the type of a buffer's bytes; frees it.
Value text_from_buffer(VM *vm, Kind like, Buffer *buffer);
// The methods that the three types share: adds them to the class.
bool text_methods_add(VM *vm, Class *cls);
// str's other methods (str_methods.c).
bool string_methods_init(VM *vm);

// The character of a str or byte at an offset, and its width.
uint32_t text_character(const Text *text, size_t at, int *width);

#endif

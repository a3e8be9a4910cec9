// str: UTF-8 with its length in code points. All-ASCII text (the common case) is indexed directly; other text goes
// through a table of offsets made when it is first indexed.
#ifndef AIOLI_OBJECT_STR_H
#define AIOLI_OBJECT_STR_H

#include "base/buffer.h"
#include "object/core/object.h"
#include "object/core/vm.h"

// Header flags.
#define STRING_ASCII OBJECT_FLAG_1
#define STRING_INTERNED OBJECT_FLAG_2
#define STRING_HASHED OBJECT_FLAG_3

struct String {
    Object object;
    uint64_t hash;      // valid with STRING_HASHED
    size_t size;        // bytes
    size_t length;      // code points
    char *data;         // size bytes: in the string's own cell, or in a store that it shares with longer ones (string_concatenate).
                        // A NUL follows, unless a longer one goes on there: see string_terminate
};

static inline bool is_string(Value v) { return is_kind(v, KIND_STRING); }
static inline String *string_of(Value v) { return (String *)object_of(v); }
static inline bool string_is_ascii(const String *s) { return object_flag(&s->object, STRING_ASCII); }

// Makes a str from UTF-8 known to be valid (lone surrogates included). NULL on failure. One-character Latin-1 and empty
// strings are shared.
String *string_new(VM *vm, const char *data, size_t size);
String *string_from(VM *vm, const char *text); // of a C string
String *string_format(VM *vm, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Makes a str of a buffer's bytes and frees the buffer; MemoryError if the buffer failed.
String *string_from_buffer(VM *vm, Buffer *buffer);
// A str with room for `size` bytes, to be filled by the caller, who then calls string_seal.
String *string_reserve(VM *vm, size_t size);
// Counts code points and sets the ASCII flag.
void string_seal(String *s);
// The bytes of a cell for a str of `size` bytes, and what makes such a cell one, its bytes still to be filled: for objects of classes
// that inherit from str.
size_t string_cell(size_t size);
void string_lay_out(String *s, size_t size);
// Sees to it that a NUL follows the bytes, for C functions that know no other end. False with MemoryError.
bool string_terminate(VM *vm, String *s);
String *string_from_code_point(VM *vm, uint32_t code_point);

// The one String of this text: equal interned strings are the same object.
String *string_intern(VM *vm, String *s);
String *string_intern_from(VM *vm, const char *text, size_t size);

uint64_t string_hash(VM *vm, String *s); // cached in it; never 0xFFFFFFFFFFFFFFFF
bool string_equal(const String *a, const String *b);
// Whether s is the given C string.
bool string_is(const String *s, const char *text);
int string_order(const String *a, const String *b); // by code points: <0, 0, >0

// Code point at an index (0 <= index < length) and the byte offset of one (index may be the length).
uint32_t string_code_point(VM *vm, String *s, size_t index);
size_t string_offset(VM *vm, String *s, size_t index);
// The index of the code point that begins at a byte offset (which may be the size).
size_t string_index(VM *vm, String *s, size_t offset);
// The str of code points [start, end).
String *string_slice(VM *vm, String *s, size_t start, size_t end);
// A str that has been put together is given room for more: appending to it again and again, `s += x`, takes time in proportion to
// what is appended.
String *string_concatenate(VM *vm, String *a, String *b);
// Appends repr(s) or ascii(s) to a buffer.
void string_append_repr(VM *vm, Buffer *buffer, const String *s, bool ascii);

// left % right.
Value string_percent(VM *vm, String *format, Value arguments); // [script]

// A buffer on the VM's counted allocator.
static inline Buffer vm_buffer(VM *vm) {
    Buffer buffer;
    buffer_init(&buffer, &vm->heap.counted);
    return buffer;
}
// One that begins in the caller's own room, of BUFFER_ROOM bytes, which must outlive it: most texts need no memory besides.
enum { BUFFER_ROOM = 128 };
static inline Buffer vm_buffer_in(VM *vm, char *room) {
    return (Buffer){.allocator = &vm->heap.counted, .data = room, .capacity = BUFFER_ROOM, .is_borrowed = true};
}
static inline void buffer_string(Buffer *buffer, const String *s) { buffer_append(buffer, s->data, s->size); }

extern const TypeOps string_ops;
bool string_class_init(VM *vm); // makes vm->classes.string's methods

#endif

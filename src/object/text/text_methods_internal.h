// Shared by the files of the text methods.
#ifndef AIOLI_OBJECT_TEXT_METHODS_INTERNAL_H
#define AIOLI_OBJECT_TEXT_METHODS_INTERNAL_H

#include "object/text/text_internal.h"

// An argument of self's own type (any bytes-like one for bytes). The message is for str; bytes have one of
// their own.
bool text_argument(VM *vm, const Text *self, Value v, Text *out, const char *message, ...)
    __attribute__((format(printf, 5, 6)));

// A part of self; self itself when that is all of it and it can't change.
Value text_piece(VM *vm, Value self, const Text *text, size_t from, size_t to);

extern const NativeDefinition text_search_methods[];
extern const NativeDefinition text_replace_method[];
extern const NativeDefinition bytes_replace_method[];
extern const NativeDefinition text_split_methods[];

#endif

// Text to bytes and back, for those who don't need the rest of text.h.
#ifndef AIOLI_OBJECT_CODEC_H
#define AIOLI_OBJECT_CODEC_H

#include "object/core/object.h"

// Encoding and errors may be NULL: utf-8, strict. `object` is what a UnicodeDecodeError shows. [script]
Value text_encode(VM *vm, String *s, String *encoding, String *errors);
Value text_decode(VM *vm, const unsigned char *data, size_t size, Value object, String *encoding, String *errors);

#endif

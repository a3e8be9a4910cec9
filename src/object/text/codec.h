// Text to bytes and back, for those who don't need the rest of text.h.
#ifndef AIOLI_OBJECT_CODEC_H
#define AIOLI_OBJECT_CODEC_H

#include "object/core/object.h"

// Encoding and errors may be NULL: utf-8, strict. `object` is what a UnicodeDecodeError shows. An encoding that is not written in
// C is asked of the module `codecs`. [script]
Value text_encode(VM *vm, String *s, String *encoding, String *errors);
Value text_decode(VM *vm, const unsigned char *data, size_t size, Value object, String *encoding, String *errors);

// The encodings written in C.
typedef enum {
    CODEC_UTF8,
    CODEC_UTF8_SIGNATURE,
    CODEC_ASCII,
    CODEC_LATIN1,
    CODEC_UTF16,
    CODEC_UTF16_LE,
    CODEC_UTF16_BE,
    CODEC_UTF32,
    CODEC_UTF32_LE,
    CODEC_UTF32_BE,
    CODEC_UTF7,
    CODEC_UNICODE_ESCAPE,
    CODEC_RAW_UNICODE_ESCAPE,
    CODEC_TABLE, // and those behind it: of one byte a character, by a table
    CODEC_UNKNOWN = 1000
} Codec;

// The codec of a name; case, spaces, '-' and '_' do not matter. NULL: utf-8.
Codec codec_find(const String *name);
// Whether a codec written in C has a module of that name in the package encodings.
bool codec_has_module(const char *name, size_t length);
// Whether there is such an encoding of text; else LookupError. [script]
bool codec_is_known(VM *vm, String *encoding);
// Whether the encoding is one of those that write each ASCII character as its byte, wherever it stands.
bool codec_extends_ascii(const String *encoding);
// Whether each byte is a character by itself, and those of ASCII are theirs, so that ends of lines can be looked for among the bytes.
// *is_total: every byte is one.
bool codec_is_bytewise(Codec codec, bool *is_total);
// Whether all of the bytes are characters, of such an encoding.
bool codec_knows_bytes(Codec codec, const unsigned char *data, size_t size);
// bytes, or an error. [script]
Value codec_encode(VM *vm, Codec codec, String *s, String *errors);
// str, or an error. Sets *consumed to how many bytes have been decoded: all of them, unless more are to come (`is_final` false) and the
// last ones are the beginning of a character. [script]
Value codec_decode(VM *vm, Codec codec, const unsigned char *data, size_t size, Value object, String *errors, bool is_final,
                   size_t *consumed);

#endif

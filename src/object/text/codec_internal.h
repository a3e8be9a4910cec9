// Shared by the files of the codecs: what is being encoded or decoded, and what is done about what can't be.
#ifndef AIOLI_OBJECT_CODEC_INTERNAL_H
#define AIOLI_OBJECT_CODEC_INTERNAL_H

#include "base/buffer.h"
#include "object/text/codec.h"

typedef enum {
    ERRORS_STRICT,
    ERRORS_IGNORE,
    ERRORS_REPLACE,
    ERRORS_BACKSLASH,
    ERRORS_SURROGATE_ESCAPE,
    ERRORS_SURROGATE_PASS,
    ERRORS_XML,
    ERRORS_NAME,
    ERRORS_OTHER // a handler that the program has registered
} Errors;

// An encoding of one byte a character: what the bytes stand for (0xFFFE: nothing), and the bytes in the order of their characters.
typedef struct {
    const char *name; // as codec_find compares names
    const uint16_t *characters;
    const uint8_t *order;
} SingleByteTable;
extern const SingleByteTable single_byte_tables[]; // made by single_byte.py; ends with a NULL name
extern const struct SingleByteAlias {
    const char *name;
    uint16_t table;
} single_byte_aliases[];

typedef struct {
    VM *vm;
    Buffer out;
    Codec codec;
    Errors errors;
    String *source;
    String *handler;    // the name of the handler
    const char *reason; // why a character can't be encoded
    const char *name;   // of the encoding, in messages
    size_t bytes_end;   // up to this byte of the source all that the codec does not have is known to stand for bytes
} Encoder;

// Writes a character as the codec writes it; false: the codec does not have it. Nothing is written then.
bool encoder_put(Encoder *encoder, uint32_t c);
// Deals with a character that the codec does not have, which is at *index, at byte *offset of the source. Moves both to where to go on.
// False: an exception is raised. [script]
bool encode_bad(Encoder *encoder, size_t *offset, size_t *index);

typedef struct {
    VM *vm;
    Buffer out;
    Codec codec;
    Errors errors;
    const unsigned char *data; // of `object`, where it is one of ours: a handler may give other bytes
    size_t size;
    Value object; // what is decoded, for the exception
    String *handler;
    const char *name; // of the encoding, in messages
    bool is_final;    // no more bytes will come
} Decoder;

// Deals with bytes start … end that can't be decoded; *next is where to go on. False: an exception is raised. [script]
bool decode_bad(Decoder *decoder, size_t start, size_t end, const char *reason, size_t *next);

// Decode from *at on, up to the end, or up to what is not complete yet. False: an exception is raised. [script]
bool decode_utf8(Decoder *decoder, size_t *at);
bool decode_wide(Decoder *decoder, size_t *at);
bool decode_utf7(Decoder *decoder, size_t *at);
bool decode_escapes(Decoder *decoder, size_t *at);
bool decode_raw_escapes(Decoder *decoder, size_t *at);
bool decode_table(Decoder *decoder, size_t *at);
// Decodes bytes below `limit` by the table, or as the characters of their numbers; others are wrong for that reason.
bool decode_single(Decoder *decoder, size_t *at, const uint16_t *characters, unsigned limit, const char *reason);

// What is written of all characters of a codec.
bool encode_utf7(Encoder *encoder);
void put_unit(Buffer *out, uint32_t unit, int size, bool big);
bool put_escape(Encoder *encoder, uint32_t c);
bool put_raw_escape(Encoder *encoder, uint32_t c);
bool put_single_byte(Encoder *encoder, uint32_t c);
// The byte that a table has for a character; -1: none.
int single_byte_find(const SingleByteTable *table, uint32_t c);

#endif

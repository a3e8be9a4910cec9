// Text to bytes and back: which codec a name means, and the way through one. What a codec does with the characters is in
// codec_unicode.c, codec_utf7.c, codec_escape.c and codec_table.c; what is done about errors in codec_error.c.
#include <ctype.h>

#include "base/utf8.h"
#include "object/exception/exception.h"
#include "object/text/bytes.h"
#include "object/text/codec_internal.h"
#include "object/text/text_internal.h"

static const char *const codec_names[] = {"utf-8",     "utf-8",     "ascii",     "latin-1", "utf-16",        "utf-16-le",       "utf-16-be",
                                          "utf-32",    "utf-32-le", "utf-32-be", "utf7",    "unicodeescape", "rawunicodeescape"};

static const char *name_of(Codec codec) { return codec < CODEC_TABLE ? codec_names[codec] : "charmap"; }

static Codec find_table(const char *name) {
    for (const struct SingleByteAlias *alias = single_byte_aliases; alias->name; alias++)
        if (!strcmp(alias->name, name)) return (Codec)(CODEC_TABLE + alias->table);
    return CODEC_UNKNOWN;
}

Codec codec_find(const String *name) {
    static const struct {
        const char *name;
        Codec codec;
    } names[] = {{"utf8", CODEC_UTF8},
                 {"u8", CODEC_UTF8},
                 {"utf", CODEC_UTF8},
                 {"utf8ucs2", CODEC_UTF8},
                 {"utf8ucs4", CODEC_UTF8},
                 {"cp65001", CODEC_UTF8},
                 {"utf8sig", CODEC_UTF8_SIGNATURE},
                 {"ascii", CODEC_ASCII},
                 {"usascii", CODEC_ASCII},
                 {"us", CODEC_ASCII},
                 {"646", CODEC_ASCII},
                 {"ansix3.41968", CODEC_ASCII},
                 {"ansix341968", CODEC_ASCII},
                 {"ansix3.41986", CODEC_ASCII},
                 {"cp367", CODEC_ASCII},
                 {"csascii", CODEC_ASCII},
                 {"ibm367", CODEC_ASCII},
                 {"iso646us", CODEC_ASCII},
                 {"iso646.irv:1991", CODEC_ASCII},
                 {"isoir6", CODEC_ASCII},
                 {"latin1", CODEC_LATIN1},
                 {"latin", CODEC_LATIN1},
                 {"l1", CODEC_LATIN1},
                 {"iso88591", CODEC_LATIN1},
                 {"88591", CODEC_LATIN1},
                 {"cp819", CODEC_LATIN1},
                 {"csisolatin1", CODEC_LATIN1},
                 {"ibm819", CODEC_LATIN1},
                 {"iso885911987", CODEC_LATIN1},
                 {"isoir100", CODEC_LATIN1},
                 {"utf16", CODEC_UTF16},
                 {"u16", CODEC_UTF16},
                 {"utf16le", CODEC_UTF16_LE},
                 {"unicodelittleunmarked", CODEC_UTF16_LE},
                 {"utf16be", CODEC_UTF16_BE},
                 {"unicodebigunmarked", CODEC_UTF16_BE},
                 {"utf32", CODEC_UTF32},
                 {"u32", CODEC_UTF32},
                 {"utf32le", CODEC_UTF32_LE},
                 {"utf32be", CODEC_UTF32_BE},
                 {"utf7", CODEC_UTF7},
                 {"u7", CODEC_UTF7},
                 {"unicode11utf7", CODEC_UTF7},
                 {"unicodeescape", CODEC_UNICODE_ESCAPE},
                 {"rawunicodeescape", CODEC_RAW_UNICODE_ESCAPE}};
    if (!name) return CODEC_UTF8;
    char plain[32];
    size_t length = 0;
    for (size_t i = 0; i < name->size; i++) {
        char c = name->data[i];
        if (c == '-' || c == '_' || c == ' ') continue;
        if (length == sizeof plain - 1) return CODEC_UNKNOWN;
        plain[length++] = (char)tolower((unsigned char)c);
    }
    plain[length] = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!strcmp(names[i].name, plain)) return names[i].codec;
    return find_table(plain);
}

static Errors find_errors(const String *name) {
    static const char *const names[] = {"strict",        "ignore",            "replace",     "backslashreplace", "surrogateescape",
                                        "surrogatepass", "xmlcharrefreplace", "namereplace"};
    if (!name) return ERRORS_STRICT;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (string_is(name, names[i])) return (Errors)i;
    return ERRORS_OTHER;
}

// Codecs that are not written in C are the module's `codecs`.
static Value ask_module(VM *vm, const char *function, Value object, String *encoding, String *errors) {
    String *name = string_intern_from(vm, "codecs", 6), *wanted = name ? string_intern_from(vm, function, strlen(function)) : NULL;
    Value module = wanted ? vm->hooks.import_module(vm, name) : VALUE_ERROR;
    Value found = is_error(module) ? module : value_get_attribute(vm, module, wanted);
    Value arguments[] = {object, value_object(encoding), errors ? value_object(errors) : VALUE_NONE};
    return is_error(found) ? found : vm_call(vm, found, arguments, 3, NULL);
}

bool codec_has_module(const char *name, size_t length) {
    static const char *const names[] = {"ascii",  "latin_1",   "iso8859_1", "utf_8",  "utf_8_sig", "utf_7",     "unicode_escape",
                                        "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be", "raw_unicode_escape"};
    char shown[32];
    if (length >= sizeof shown) return false;
    for (size_t i = 0; i < length; i++) shown[i] = name[i] == '_' ? '-' : name[i];
    shown[length] = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && !memcmp(names[i], name, length)) return true;
    if (memchr(name, '-', length)) return false;
    for (const SingleByteTable *table = single_byte_tables; table->name; table++)
        if (!strcmp(table->name, shown)) return true;
    return false;
}

// Whether CPython encodes and decodes by that name without its registry of codecs, whose errors have a note.
static bool is_direct(const String *encoding) {
    static const char *const names[] = {"utf-8",   "utf8",   "utf-16",     "utf16",     "utf-32", "utf32",
                                        "latin-1", "latin1", "iso-8859-1", "iso8859-1", "ascii",  "us-ascii"};
    char plain[16];
    if (!encoding || encoding->size >= sizeof plain) return !encoding;
    for (size_t i = 0; i < encoding->size; i++) plain[i] = encoding->data[i] == '_' ? '-' : (char)tolower((unsigned char)encoding->data[i]);
    plain[encoding->size] = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(plain, names[i])) return true;
    return false;
}

// Notes on the exception on its way by which codec it has come. Returns VALUE_ERROR.
static Value failed_by(VM *vm, const char *what, const String *encoding) {
    if (is_direct(encoding) || !exception_matches(vm, vm->exceptions.exception) || value_same(vm->exception, vm->memory_error))
        return VALUE_ERROR;
    Value failure = vm->exception;
    vm->exception = VALUE_EMPTY;
    String *note = string_format(vm, "%s with '%s' codec failed", what, encoding->data);
    // That there is no memory for a note must not hide the failure.
    if (!note || !exception_add_note(vm, exception_of(failure), note)) exception_drop(vm);
    vm->exception = failure;
    return VALUE_ERROR;
}

bool codec_is_known(VM *vm, String *encoding) {
    if (codec_find(encoding) != CODEC_UNKNOWN) return true;
    return !is_error(ask_module(vm, "_check_text_encoding", VALUE_NONE, encoding, NULL));
}

bool codec_extends_ascii(const String *encoding) {
    Codec codec = codec_find(encoding);
    if (codec == CODEC_UTF8 || codec == CODEC_ASCII || codec == CODEC_LATIN1) return true;
    if (codec < CODEC_TABLE || codec == CODEC_UNKNOWN) return false;
    // Of two bytes for one character the other one may be written.
    const SingleByteTable *table = &single_byte_tables[codec - CODEC_TABLE];
    for (unsigned i = 0; i < 128; i++)
        if (table->characters[i] != i || single_byte_find(table, i) != (int)i) return false;
    return true;
}

bool codec_is_bytewise(Codec codec, bool *is_total) {
    *is_total = codec == CODEC_LATIN1;
    if (codec == CODEC_ASCII || codec == CODEC_LATIN1) return true;
    if (codec < CODEC_TABLE || codec == CODEC_UNKNOWN) return false;
    const uint16_t *characters = single_byte_tables[codec - CODEC_TABLE].characters;
    *is_total = true;
    for (unsigned i = 0; i < 256; i++) {
        if (i < 128 ? characters[i] != i : characters[i] == '\n' || characters[i] == '\r') return false;
        if (characters[i] == 0xFFFE) *is_total = false;
    }
    return true;
}

bool codec_knows_bytes(Codec codec, const unsigned char *data, size_t size) {
    if (codec == CODEC_LATIN1 || utf8_is_ascii((const char *)data, size)) return true;
    if (codec < CODEC_TABLE || codec == CODEC_UNKNOWN) return false;
    const uint16_t *characters = single_byte_tables[codec - CODEC_TABLE].characters;
    for (size_t i = 0; i < size; i++)
        if (characters[data[i]] == 0xFFFE) return false;
    return true;
}

// ---- Encoding

bool encoder_put(Encoder *encoder, uint32_t c) {
    Buffer *out = &encoder->out;
    bool is_surrogate = c >= 0xD800 && c <= 0xDFFF;
    switch (encoder->codec) {
    case CODEC_ASCII:
        if (c >= 0x80) return false;
        buffer_byte(out, (char)c);
        return true;
    case CODEC_LATIN1:
        if (c >= 0x100) return false;
        buffer_byte(out, (char)c);
        return true;
    case CODEC_UTF16:
    case CODEC_UTF16_LE:
    case CODEC_UTF16_BE: {
        bool big = encoder->codec == CODEC_UTF16_BE;
        if (is_surrogate) return false;
        if (c >= 0x10000) {
            put_unit(out, 0xD800 + ((c - 0x10000) >> 10), 2, big);
            c = 0xDC00 + ((c - 0x10000) & 0x3FF);
        }
        put_unit(out, c, 2, big);
        return true;
    }
    case CODEC_UTF32:
    case CODEC_UTF32_LE:
    case CODEC_UTF32_BE:
        if (is_surrogate) return false;
        put_unit(out, c, 4, encoder->codec == CODEC_UTF32_BE);
        return true;
    case CODEC_UNICODE_ESCAPE: return put_escape(encoder, c);
    case CODEC_RAW_UNICODE_ESCAPE: return put_raw_escape(encoder, c);
    case CODEC_UTF8:
    case CODEC_UTF8_SIGNATURE:
        if (is_surrogate) return false;
        buffer_code_point(out, c);
        return true;
    default: return put_single_byte(encoder, c);
    }
}

static bool encode_characters(Encoder *encoder) {
    const String *s = encoder->source;
    for (size_t offset = 0, index = 0; offset < s->size;) {
        int width;
        uint32_t c = utf8_decode(s->data + offset, &width);
        if (!vm_poll(encoder->vm, 1)) return false;
        if (encoder_put(encoder, c)) {
            offset += (size_t)width;
            index++;
        } else if (!encode_bad(encoder, &offset, &index)) {
            return false;
        }
    }
    return true;
}

Value codec_encode(VM *vm, Codec codec, String *s, String *errors) {
    if (string_is_ascii(s) && codec <= CODEC_LATIN1 && codec != CODEC_UTF8_SIGNATURE)
        return object_or_error(bytes_new(vm, s->data, s->size));
    const char *reason = codec == CODEC_ASCII                                      ? "ordinal not in range(128)"
                         : codec == CODEC_LATIN1                                   ? "ordinal not in range(256)"
                         : codec >= CODEC_TABLE                                    ? "character maps to <undefined>"
                                                                                   : "surrogates not allowed";
    Encoder encoder = {vm, vm_buffer(vm), codec, find_errors(errors), s, errors, reason, name_of(codec)};
    if (codec == CODEC_UTF8_SIGNATURE) buffer_append(&encoder.out, "\xEF\xBB\xBF", 3);
    if (codec == CODEC_UTF16 || codec == CODEC_UTF32) put_unit(&encoder.out, 0xFEFF, codec == CODEC_UTF16 ? 2 : 4, false);
    if (!(codec == CODEC_UTF7 ? encode_utf7(&encoder) : encode_characters(&encoder))) return buffer_free(&encoder.out), VALUE_ERROR;
    Value result = encoder.out.failed
                       ? raise_memory_error(vm)
                       : object_or_error(bytes_new(vm, encoder.out.length ? encoder.out.data : "", encoder.out.length));
    buffer_free(&encoder.out);
    return result;
}

Value text_encode(VM *vm, String *s, String *encoding, String *errors) {
    Codec codec = codec_find(encoding);
    if (codec == CODEC_UNKNOWN) return ask_module(vm, "_encode_text", value_object(s), encoding, errors);
    Value result = codec_encode(vm, codec, s, errors);
    return is_error(result) ? failed_by(vm, "encoding", encoding) : result;
}

// ---- Decoding

static bool decode(Decoder *decoder, size_t *at) {
    switch (decoder->codec) {
    case CODEC_UTF8: return decode_utf8(decoder, at);
    case CODEC_UTF8_SIGNATURE: {
        static const unsigned char mark[] = {0xEF, 0xBB, 0xBF};
        size_t same = decoder->size < 3 ? decoder->size : 3;
        if (memcmp(decoder->data, mark, same) != 0) return decode_utf8(decoder, at);
        if (same < 3) return decoder->is_final ? decode_utf8(decoder, at) : true;
        // Places are counted from behind the mark.
        decoder->data += 3;
        decoder->size -= 3;
        decoder->object = VALUE_NONE;
        bool ok = decode_utf8(decoder, at);
        *at += 3;
        return ok;
    }
    case CODEC_ASCII: return decode_single(decoder, at, NULL, 0x80, "ordinal not in range(128)");
    case CODEC_LATIN1: return decode_single(decoder, at, NULL, 0x100, "");
    case CODEC_UTF7: return decode_utf7(decoder, at);
    case CODEC_UNICODE_ESCAPE: return decode_escapes(decoder, at);
    case CODEC_RAW_UNICODE_ESCAPE: return decode_raw_escapes(decoder, at);
    default: return decoder->codec >= CODEC_TABLE ? decode_table(decoder, at) : decode_wide(decoder, at);
    }
}

Value codec_decode(VM *vm, Codec codec, const unsigned char *data, size_t size, Value object, String *errors, bool is_final,
                   size_t *consumed) {
    *consumed = size;
    if (codec == CODEC_UTF8 && utf8_valid((const char *)data, size, false, NULL))
        return object_or_error(string_new(vm, (const char *)data, size));
    Decoder decoder = {vm, vm_buffer(vm), codec, find_errors(errors), data, size, object, errors, name_of(codec), is_final};
    size_t at = 0;
    if (!decode(&decoder, &at)) return buffer_free(&decoder.out), VALUE_ERROR;
    *consumed = at;
    return object_or_error(string_from_buffer(vm, &decoder.out));
}

Value text_decode(VM *vm, const unsigned char *data, size_t size, Value object, String *encoding, String *errors) {
    Codec codec = codec_find(encoding);
    size_t consumed;
    if (codec != CODEC_UNKNOWN) {
        Value result = codec_decode(vm, codec, data, size, object, errors, true, &consumed);
        return is_error(result) ? failed_by(vm, "decoding", encoding) : result;
    }
    if (!size) return value_object(vm->names.empty); // whatever the encoding is
    if (!is_kind(object, KIND_BYTES)) {
        object = object_or_error(bytes_new(vm, data, size));
        if (is_error(object)) return object;
    }
    return ask_module(vm, "_decode_text", object, encoding, errors);
}

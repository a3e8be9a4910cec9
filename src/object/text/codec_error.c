// What is done about characters that can't be encoded and bytes that can't be decoded.
#include <stdio.h>

#include "base/unicode_name.h"
#include "base/utf8.h"
#include "object/text/bytes.h"
#include "object/text/codec_internal.h"
#include "object/text/text_internal.h"

// A UnicodeEncodeError or UnicodeDecodeError(encoding, object, start, end, reason).
static Value codec_error(VM *vm, Class *cls, const char *encoding, Value object, size_t start, size_t end, const char *reason) {
    Value arguments[5] = {object_or_error(string_from(vm, encoding)), object, value_small((int64_t)start), value_small((int64_t)end),
                          object_or_error(string_from(vm, reason))};
    return is_error(arguments[0]) || is_error(arguments[4]) ? VALUE_ERROR : call_class(vm, cls, arguments, 5);
}

// What the program's handler of a name makes of an exception: (replacement, where to go on), checked by the module `codecs`.
static Value ask_handler(VM *vm, String *handler, Value exception) {
    String *name = string_intern_from(vm, "codecs", 6), *wanted = name ? string_intern_from(vm, "_handle", 7) : NULL;
    Value module = wanted ? vm->hooks.import_module(vm, name) : VALUE_ERROR;
    Value found = is_error(module) ? module : value_get_attribute(vm, module, wanted);
    Value arguments[] = {value_object(handler), exception};
    Value pair = is_error(found) ? found : vm_call(vm, found, arguments, 2, NULL);
    if (is_error(pair)) return pair;
    bool sound = is_tuple(pair) && tuple_of(pair)->length == 2 && is_small(tuple_of(pair)->items[1]);
    return sound ? pair : raise_type_error(vm, "error handler must return (str/bytes, int) tuple");
}

// Where a handler wants to go on; below 0 is counted from the end. False: an exception is raised.
static bool position_of(VM *vm, Value pair, size_t length, size_t *next) {
    int64_t position = small_of(tuple_of(pair)->items[1]);
    if (position < 0) position += (int64_t)length;
    if (position < 0 || position > (int64_t)length) {
        raise_error(vm, vm->exceptions.index_error, "position %lld from error handler out of bounds", (long long)position);
        return false;
    }
    *next = (size_t)position;
    return true;
}

// ---- Encoding

static bool is_wide(const Encoder *encoder) { return encoder->codec >= CODEC_UTF16 && encoder->codec <= CODEC_UTF32_BE; }

static bool can_encode(const Encoder *encoder, uint32_t c) {
    // What a codec refuses it refuses by the character alone, before anything is written.
    Encoder trial = *encoder;
    trial.out = vm_buffer(encoder->vm);
    bool can = encoder_put(&trial, c);
    buffer_free(&trial.out);
    return can;
}

// The index behind the characters from an offset on that the codec does not have either.
static size_t bad_end(const Encoder *encoder, size_t offset, size_t index) {
    const String *s = encoder->source;
    if (is_wide(encoder)) return index; // of these they are told one by one
    size_t first = index;
    for (int width; offset < s->size; offset += (size_t)width, index++)
        if (can_encode(encoder, utf8_decode(s->data + offset, &width))) break;
    vm_count_work(encoder->vm, index - first);
    return index;
}

// A replacement in the codec itself. False: it does not have one of its characters.
static bool put_text(Encoder *encoder, const char *text, size_t size) {
    for (size_t i = 0; i < size;) {
        int width;
        if (!encoder_put(encoder, utf8_decode(text + i, &width))) return false;
        i += (size_t)width;
    }
    return true;
}

static bool put_escaped(Encoder *encoder, uint32_t c) {
    char text[16];
    int length = snprintf(text, sizeof text, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
    return put_text(encoder, text, (size_t)length);
}

static bool put_name(Encoder *encoder, uint32_t c) {
    char name[UNICODE_NAME_ROOM];
    size_t length = unicode_name_of(c, name);
    if (!length) return put_escaped(encoder, c);
    return put_text(encoder, "\\N{", 3) && put_text(encoder, name, length) && put_text(encoder, "}", 1);
}

// What the handler of the name gives stands for the characters from *index on. [script]
static bool ask_about_characters(Encoder *encoder, Value exception, size_t *offset, size_t *index) {
    VM *vm = encoder->vm;
    Value pair = ask_handler(vm, encoder->handler, exception);
    if (is_error(pair) || !position_of(vm, pair, encoder->source->length, index)) return false;
    *offset = string_offset(vm, encoder->source, *index);
    Value replacement = tuple_of(pair)->items[0];
    const unsigned char *bytes;
    size_t size;
    if (is_string(replacement)) {
        if (put_text(encoder, string_of(replacement)->data, string_of(replacement)->size)) return true;
        return raise_value(vm, exception), false;
    }
    if (!bytes_view(replacement, &bytes, &size)) return raise_type_error(vm, "encoding error handler must return (str/bytes, int) tuple"), false;
    if (is_wide(encoder) && size % (encoder->codec >= CODEC_UTF32 ? 4 : 2)) return raise_value(vm, exception), false;
    buffer_append(&encoder->out, (const char *)bytes, size);
    return true;
}

// Whether the characters from an offset on that the codec does not have all stand for bytes.
static bool all_are_bytes(Encoder *encoder, size_t offset) {
    const String *s = encoder->source;
    if (offset < encoder->bytes_end) return true;
    size_t first = offset;
    for (int width; offset < s->size; offset += (size_t)width) {
        uint32_t c = utf8_decode(s->data + offset, &width);
        if (can_encode(encoder, c)) break;
        if (c < 0xDC80 || c > 0xDCFF) return false;
    }
    vm_count_work(encoder->vm, offset - first);
    encoder->bytes_end = offset;
    return true;
}

static bool put_by_handler(Encoder *encoder, uint32_t c, size_t offset, bool *done) {
    char text[16];
    bool is_surrogate = c >= 0xD800 && c <= 0xDFFF;
    *done = true;
    switch (encoder->errors) {
    case ERRORS_IGNORE: return true;
    case ERRORS_REPLACE: return encoder_put(encoder, '?');
    case ERRORS_BACKSLASH: return put_escaped(encoder, c);
    case ERRORS_NAME: return put_name(encoder, c);
    case ERRORS_XML: return put_text(encoder, text, (size_t)snprintf(text, sizeof text, "&#%u;", c));
    case ERRORS_SURROGATE_ESCAPE:
        // A byte alone is no unit of the wide ones. Of a table's characters all those in a row must be bytes.
        if (c < 0xDC80 || c > 0xDCFF || is_wide(encoder) || (encoder->codec >= CODEC_TABLE && !all_are_bytes(encoder, offset))) break;
        buffer_byte(&encoder->out, (char)(c - 0xDC00));
        return true;
    case ERRORS_SURROGATE_PASS:
        if (!is_surrogate || (encoder->codec > CODEC_UTF8_SIGNATURE && !is_wide(encoder))) break;
        if (is_wide(encoder))
            put_unit(&encoder->out, c, encoder->codec >= CODEC_UTF32 ? 4 : 2,
                     encoder->codec == CODEC_UTF16_BE || encoder->codec == CODEC_UTF32_BE);
        else
            buffer_code_point(&encoder->out, c);
        return true;
    default: break;
    }
    return *done = false;
}

bool encode_bad(Encoder *encoder, size_t *offset, size_t *index) {
    VM *vm = encoder->vm;
    int width;
    uint32_t c = utf8_decode(encoder->source->data + *offset, &width);
    bool done;
    if (put_by_handler(encoder, c, *offset, &done)) {
        *offset += (size_t)width;
        ++*index;
        return true;
    }
    Value exception = codec_error(vm, vm->exceptions.unicode_encode_error, encoder->name, value_object(encoder->source), *index,
                                  bad_end(encoder, *offset + (size_t)width, *index + 1), encoder->reason);
    if (is_error(exception)) return false;
    if (encoder->errors == ERRORS_OTHER) return ask_about_characters(encoder, exception, offset, index);
    return raise_value(vm, exception), false;
}

// ---- Decoding

// What the handler of the name gives stands for the bytes; it may have given the exception other bytes to go on with. [script]
static bool ask_about_bytes(Decoder *decoder, Value exception, size_t *next) {
    VM *vm = decoder->vm;
    Value pair = ask_handler(vm, decoder->handler, exception);
    if (is_error(pair)) return false;
    Value replacement = tuple_of(pair)->items[0];
    if (!is_string(replacement)) return raise_type_error(vm, "decoding error handler must return (str, int) tuple"), false;
    String *name = string_intern_from(vm, "object", 6);
    Value object = name ? value_get_attribute(vm, exception, name) : VALUE_ERROR;
    if (is_error(object)) return false;
    if (is_kind(object, KIND_BYTES) && !value_same(object, decoder->object)) {
        decoder->object = object;
        bytes_view(object, &decoder->data, &decoder->size);
    }
    if (!position_of(vm, pair, decoder->size, next)) return false;
    buffer_string(&decoder->out, string_of(replacement));
    return true;
}

bool decode_bad(Decoder *decoder, size_t start, size_t end, const char *reason, size_t *next) {
    VM *vm = decoder->vm;
    if (!vm_poll(vm, 1)) return false;
    *next = end;
    switch (decoder->errors) {
    case ERRORS_IGNORE: return true;
    case ERRORS_REPLACE: return buffer_code_point(&decoder->out, 0xFFFD), true;
    case ERRORS_BACKSLASH:
        for (size_t i = start; i < end; i++) buffer_escape(&decoder->out, 'x', decoder->data[i]);
        return true;
    case ERRORS_SURROGATE_ESCAPE: {
        // The bytes above ASCII at the start of what is wrong, four at most.
        size_t taken = start;
        for (; taken < end && taken < start + 4 && decoder->data[taken] >= 0x80; taken++)
            buffer_code_point(&decoder->out, 0xDC00u + decoder->data[taken]);
        if (taken == start) break;
        *next = taken;
        return true;
    }
    default: break;
    }
    Value object = decoder->object;
    if (!is_kind(object, KIND_BYTES)) {
        object = object_or_error(bytes_new(vm, decoder->data, decoder->size));
        if (is_error(object)) return false;
        // From here on the bytes are those of the exception: what they were taken from may change under a handler.
        decoder->object = object;
        bytes_view(object, &decoder->data, &decoder->size);
    }
    Value exception = codec_error(vm, vm->exceptions.unicode_decode_error, decoder->name, object, start, end, reason);
    if (is_error(exception)) return false;
    // Handlers for encoding only refuse it themselves.
    bool asks = decoder->errors == ERRORS_OTHER || decoder->errors == ERRORS_XML || decoder->errors == ERRORS_NAME;
    if (asks) return ask_about_bytes(decoder, exception, next);
    return raise_value(vm, exception), false;
}

// The module `_codecs`: the codecs written in C, for the module `codecs`.
#include "base/unicode_name.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"
#include "object/text/codec.h"
#include "object/text/codec_internal.h"
#include "object/text/str.h"

// Whether errors, the last argument of them all, is a str or None.
static bool errors_argument(VM *vm, const char *function, Value v, String **errors) {
    *errors = is_string(v) ? string_of(v) : NULL;
    if (is_string(v) || is_none(v) || is_empty(v)) return true;
    raise_type_error(vm, "%s() argument 'errors' must be str or None, not %s", function, type_name(vm, v));
    return false;
}

static bool codec_argument(VM *vm, Value name, Codec *codec) {
    *codec = is_string(name) ? codec_find(string_of(name)) : CODEC_UNKNOWN;
    if (*codec != CODEC_UNKNOWN) return true;
    raise_error(vm, vm->exceptions.lookup_error, "unknown encoding: %s", is_string(name) ? string_of(name)->data : "?");
    return false;
}

static const char *const function_names[] = {"utf_8",     "utf_8",     "ascii",     "latin_1", "utf_16",         "utf_16_le",          "utf_16_be",
                                             "utf_32",    "utf_32_le", "utf_32_be", "utf_7",   "unicode_escape", "raw_unicode_escape", "charmap"};

// encode(name, text, errors): (bytes, how many characters).
static Value encode(VM *vm, Value *args, size_t count) {
    Codec codec;
    String *errors;
    if (!codec_argument(vm, args[0], &codec) || !errors_argument(vm, "encode", args[2], &errors)) return VALUE_ERROR;
    if (!is_string(args[1]))
        return raise_type_error(vm, "%s_encode() argument 1 must be str, not %s", function_names[codec < CODEC_TABLE ? codec : CODEC_TABLE],
                                type_name(vm, args[1]));
    Value pair[] = {codec_encode(vm, codec, string_of(args[1]), errors), value_small((int64_t)string_of(args[1])->length)};
    return is_error(pair[0]) ? VALUE_ERROR : object_or_error(tuple_from(vm, pair, 2));
}

// decode(name, data, errors, final): (str, how many bytes have been decoded).
static Value decode(VM *vm, Value *args, size_t count) {
    Codec codec;
    String *errors;
    const unsigned char *data;
    size_t size, consumed;
    if (!codec_argument(vm, args[0], &codec) || !errors_argument(vm, "decode", args[2], &errors)) return VALUE_ERROR;
    bool takes_text = codec == CODEC_UNICODE_ESCAPE || codec == CODEC_RAW_UNICODE_ESCAPE;
    if (takes_text && is_string(args[1])) {
        data = (const unsigned char *)string_of(args[1])->data;
        size = string_of(args[1])->size;
    } else if (!bytes_view(args[1], &data, &size)) {
        return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, args[1]));
    }
    int is_final = value_truth(vm, args[3]);
    if (is_final < 0) return VALUE_ERROR;
    // A handler may change what is decoded: its own bytes are.
    Bytes *own = is_kind(args[1], KIND_BYTES) ? (Bytes *)object_of(args[1]) : bytes_new(vm, data, size);
    if (!own) return VALUE_ERROR;
    Value text = codec_decode(vm, codec, own->data, own->length, value_object(own), errors, is_final, &consumed);
    Value pair[] = {text, value_small((int64_t)consumed)};
    return is_error(text) ? VALUE_ERROR : object_or_error(tuple_from(vm, pair, 2));
}

// known(name): the canonical name of a codec written in C, or None.
static Value known(VM *vm, Value *args, size_t count) {
    static const char *const names[] = {"utf-8",     "utf-8-sig", "ascii",     "iso8859-1", "utf-16",         "utf-16-le",         "utf-16-be",
                                        "utf-32",    "utf-32-le", "utf-32-be", "utf-7",     "unicode-escape", "raw-unicode-escape"};
    Codec codec = is_string(args[0]) ? codec_find(string_of(args[0])) : CODEC_UNKNOWN;
    if (codec == CODEC_UNKNOWN) return VALUE_NONE;
    return object_or_error(string_from(vm, codec < CODEC_TABLE ? names[codec] : single_byte_tables[codec - CODEC_TABLE].name));
}

// character_name(character): its name in Unicode, or None.
static Value character_name(VM *vm, Value *args, size_t count) {
    char name[UNICODE_NAME_ROOM];
    bool is_one = is_string(args[0]) && string_of(args[0])->length == 1;
    if (!is_one || !unicode_name_of(string_code_point(vm, string_of(args[0]), 0), name)) return VALUE_NONE;
    return object_or_error(string_from(vm, name));
}

static const NativeDefinition functions[] = {{"encode", encode, "name, text, errors, /"},
                                             {"decode", decode, "name, data, errors, final, /"},
                                             {"known", known, "name, /"},
                                             {"character_name", character_name, "character, /"},
                                             {0}};

bool codecs_module_fill(VM *vm, ModuleObject *module) { return native_add_functions(vm, module->namespace, functions) > 0; }

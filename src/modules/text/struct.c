// The module struct: values packed into bytes by a format.
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"
#include "object/text/codec.h"

// One character of a format and how often it stands; of s and p the length.
typedef struct {
    char code;
    bool native, big; // of the machine's own kind; the high byte first
    uint8_t size;     // bytes of one
    size_t offset, repeat;
} Field;

typedef struct {
    NativeData data;
    String *format;
    Field *fields; // side memory
    size_t count, size, values;
} Struct;

typedef struct {
    NativeData data;
    Struct *structure;
    Value buffer;
    size_t at;
} Unpacker;

enum { MOST_CACHED = 100 };

static Struct *struct_of(Value v) { return (Struct *)object_of(v); }
static Class *error_class(VM *vm) { return library_of(vm)->classes[LIBRARY_STRUCT_ERROR]; }
#define raise_struct_error(vm, ...) raise_error(vm, error_class(vm), __VA_ARGS__)

static void struct_trace(VM *vm, Object *o) { heap_mark_object(vm, ((Struct *)o)->format); }
static void struct_finalize(VM *vm, Object *o) {
    heap_resize(vm, ((Struct *)o)->fields, ((Struct *)o)->count * sizeof(Field), 0);
}

// ---- Formats

// The size of a format's character, and where it is aligned; false: there is none such.
static bool code_size(char code, bool native, uint8_t *size, uint8_t *alignment) {
    static const char codes[] = "xcbB?hHiIlLqQnNPefdsp";
    static const uint8_t natives[] = {1, 1, 1, 1, 1, 2, 2, 4, 4, sizeof(long), sizeof(long), 8, 8, sizeof(size_t), sizeof(size_t), sizeof(void *), 2, 4, 8, 1, 1};
    static const uint8_t standards[] = {1, 1, 1, 1, 1, 2, 2, 4, 4, 4, 4, 8, 8, 0, 0, 0, 2, 4, 8, 1, 1};
    const char *found = code ? strchr(codes, code) : NULL;
    if (!found) return false;
    *size = (native ? natives : standards)[found - codes];
    *alignment = native ? *size : 1;
    return *size != 0;
}

static bool too_long(VM *vm) { return raise_struct_error(vm, "total struct size too long"), false; }

// Goes through a format; fills `fields` unless it is NULL. False with struct.error.
static bool scan_format(VM *vm, Struct *s, const char *p, Field *fields) {
    bool native = true, big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    if (*p && strchr("@=<>!", *p)) {
        native = *p == '@';
        if (*p == '<') big = false;
        if (*p == '>' || *p == '!') big = true;
        p++;
    }
    s->size = s->values = 0;
    size_t count = 0;
    for (char c; (c = *p++);) {
        if (strchr(" \t\n\r\v\f", c)) continue;
        size_t repeat = 1;
        if (c >= '0' && c <= '9') {
            for (repeat = 0; c >= '0' && c <= '9'; c = *p++)
                if (repeat > ((size_t)PTRDIFF_MAX - 9) / 10)
                    return too_long(vm);
                else
                    repeat = repeat * 10 + (size_t)(c - '0');
            if (!c) return raise_struct_error(vm, "repeat count given without format specifier"), false;
        }
        uint8_t size, alignment;
        if (!code_size(c, native, &size, &alignment)) return raise_struct_error(vm, "bad char in struct format"), false;
        size_t at = (s->size + alignment - 1) / alignment * alignment;
        if (at > (size_t)PTRDIFF_MAX || repeat > ((size_t)PTRDIFF_MAX - at) / size) return too_long(vm);
        if (c == 's' || c == 'p')
            s->values++;
        else if (c != 'x')
            s->values += repeat;
        if (c != 'x' && (repeat || c == 's' || c == 'p')) {
            if (fields) fields[count] = (Field){c, native, big, size, at, repeat};
            count++;
        }
        s->size = at + repeat * size;
    }
    s->count = count;
    return true;
}

static Struct *struct_make(VM *vm, Class *cls, Value format) {
    String *text;
    const unsigned char *bytes;
    size_t length;
    if (is_string(format)) {
        text = string_of(format);
        if (!string_is_ascii(text)) {
            String *ascii = string_from(vm, "ascii");
            if (ascii) text_encode(vm, text, ascii, NULL); // which raises the error
            return NULL;
        }
    } else if (is_kind(format, KIND_BYTES) && bytes_view(format, &bytes, &length) && utf8_is_ascii((const char *)bytes, length)) {
        text = string_new(vm, (const char *)bytes, length);
        if (!text) return NULL;
    } else if (is_kind(format, KIND_BYTES)) {
        return raise_struct_error(vm, "bad char in struct format"), NULL;
    } else {
        return raise_type_error(vm, "Struct() argument 1 must be a str or bytes object, not %s", type_name(vm, format)), NULL;
    }
    if (!string_terminate(vm, text)) return NULL;
    if (memchr(text->data, 0, text->size)) return raise_struct_error(vm, "embedded null character"), NULL;
    Struct *s = native_data_new(vm, cls, sizeof(Struct));
    if (!s) return NULL;
    s->format = text;
    if (!scan_format(vm, s, text->data, NULL)) return s->count = 0, NULL;
    size_t count = s->count;
    s->count = 0;
    Field *fields = count ? heap_resize(vm, NULL, 0, count * sizeof(Field)) : NULL;
    if (count && !fields) return raise_memory_error(vm), NULL;
    s->fields = fields;
    scan_format(vm, s, text->data, fields);
    return s;
}

// The Struct of a format, kept for the next time. NULL with an exception.
static Struct *struct_cached(VM *vm, Value format) {
    Library *library = library_of(vm);
    bool plain = is_exact_string(vm, format) || is_exactly(format, vm->classes.bytes);
    if (!library->structs && !(library->structs = dict_new(vm))) return NULL;
    if (plain) {
        Value known = dict_get(vm, library->structs, format);
        if (is_error(known)) return NULL;
        if (!is_empty(known)) return struct_of(known);
    }
    Struct *s = struct_make(vm, library->classes[LIBRARY_STRUCT], format);
    if (!s || !plain) return s;
    if (library->structs->length >= MOST_CACHED) dict_clear(vm, library->structs);
    return dict_set(vm, library->structs, format, value_object(s)) < 0 ? NULL : s;
}

// ---- Numbers

static void store(unsigned char *to, uint64_t bits, uint8_t size, bool big) {
    for (uint8_t i = 0; i < size; i++) to[big ? size - 1 - i : i] = (unsigned char)(bits >> (8 * i));
}
static uint64_t load(const unsigned char *from, uint8_t size, bool big) {
    uint64_t bits = 0;
    for (uint8_t i = 0; i < size; i++) bits |= (uint64_t)from[big ? size - 1 - i : i] << (8 * i);
    return bits;
}

// The bits of the nearest float of 16 bits, ties to even; false: it is too large.
static bool half_bits(double x, uint16_t *out) {
    uint16_t sign = signbit(x) ? 0x8000 : 0;
    if (isnan(x)) return *out = sign | 0x7E00, true;
    if (isinf(x)) return *out = sign | 0x7C00, true;
    x = fabs(x);
    int exponent;
    frexp(x, &exponent);
    // In units of the last place: of normal numbers by their exponent, below 2**-14 always 2**-24.
    int unit = x == 0 || exponent < -13 ? -24 : exponent - 11;
    double scaled = nearbyint(ldexp(x, -unit));
    if (scaled >= 2048) {
        scaled /= 2;
        unit++;
    }
    if (unit > 5) return false;
    uint16_t mantissa = (uint16_t)scaled;
    *out = mantissa < 1024 ? (uint16_t)(sign | mantissa) : (uint16_t)(sign | (unit + 25) << 10 | (mantissa - 1024));
    return true;
}
static double half_value(uint16_t bits) {
    int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    double x = exponent == 31 ? (mantissa ? (double)NAN : (double)INFINITY)
                              : exponent ? ldexp(mantissa + 1024, exponent - 25) : ldexp(mantissa, -24);
    return bits & 0x8000 ? -x : x;
}

// An int as 64 bits of its two's complement. False with struct.error: it is out of the range of the field.
static bool int_bits(VM *vm, const Field *field, Value v, uint64_t *out) {
    if (!is_int(v)) {
        if (!has_index(vm, v)) return raise_struct_error(vm, "required argument is not an integer"), false;
        v = value_index(vm, v);
        if (is_error(v)) return false;
    }
    bool is_signed = strchr("bhilqn", field->code) != NULL;
    int bits = field->size * 8;
    int64_t number;
    bool fits = int_to_int64(v, &number);
    if (fits) *out = (uint64_t)number;
    if (fits && is_signed && (bits == 64 || (number >= -((int64_t)1 << (bits - 1)) && number < (int64_t)1 << (bits - 1)))) return true;
    if (fits && !is_signed && number >= 0 && (bits == 64 || number < (int64_t)1 << bits)) return true;
    if (fits && field->code == 'P') return true;
    if (!fits && !is_signed && bits == 64 && int_sign(v) > 0 && int_bit_length(v) <= 64)
        return *out = mp_get_u64(&((BigInt *)object_of(int_plain(vm, v)))->number), true;
    if (field->code == 'P') return raise_struct_error(vm, "int too large to convert"), false;
    if (is_signed) {
        int64_t most = bits == 64 ? INT64_MAX : ((int64_t)1 << (bits - 1)) - 1;
        raise_struct_error(vm, "'%c' format requires %lld <= number <= %lld", field->code, (long long)(-most - 1), (long long)most);
    } else {
        unsigned long long most = bits == 64 ? UINT64_MAX : ((unsigned long long)1 << bits) - 1;
        raise_struct_error(vm, "'%c' format requires 0 <= number <= %llu", field->code, most);
    }
    return false;
}

static bool pack_float(VM *vm, const Field *field, Value v, unsigned char *to) {
    double x;
    if (!value_to_double(vm, v, &x)) {
        if (!exception_matches(vm, vm->exceptions.exception)) return false;
        exception_clear(vm);
        return raise_struct_error(vm, "required argument is not a float"), false;
    }
    uint64_t bits;
    if (field->code == 'e') {
        uint16_t half;
        if (!half_bits(x, &half)) return raise_overflow_error(vm, "float too large to pack with e format"), false;
        bits = half;
    } else if (field->code == 'f') {
        float single = (float)x;
        if (isinf(single) && !isinf(x) && !field->native) return raise_overflow_error(vm, "float too large to pack with f format"), false;
        uint32_t word;
        memcpy(&word, &single, sizeof word);
        bits = word;
    } else {
        memcpy(&bits, &x, sizeof bits);
    }
    store(to, bits, field->size, field->big);
    return true;
}

static bool pack_bytes(VM *vm, const Field *field, Value v, unsigned char *to) {
    const unsigned char *data;
    size_t length;
    if (!(is_kind(v, KIND_BYTES) || is_kind(v, KIND_BYTEARRAY)) || !bytes_view(v, &data, &length))
        return raise_struct_error(vm, "argument for '%c' must be a bytes object", field->code), false;
    size_t room = field->repeat;
    if (field->code == 'p') {
        if (!room) return true;
        room--;
        if (length > room) length = room;
        *to++ = length > 255 ? 255 : (unsigned char)length;
    }
    if (length) memcpy(to, data, length < room ? length : room);
    return true;
}

// One value to its place. [script]
static bool pack_one(VM *vm, const Field *field, Value v, unsigned char *to) {
    switch (field->code) {
    case 'c': {
        if (!is_kind(v, KIND_BYTES) || ((Bytes *)object_of(v))->length != 1)
            return raise_struct_error(vm, "char format requires a bytes object of length 1"), false;
        *to = ((Bytes *)object_of(v))->data[0];
        return true;
    }
    case '?': {
        int truth = value_truth(vm, v);
        if (truth < 0) return false;
        *to = (unsigned char)truth;
        return true;
    }
    case 'e':
    case 'f':
    case 'd': return pack_float(vm, field, v, to);
    case 's':
    case 'p': return pack_bytes(vm, field, v, to);
    default: {
        uint64_t bits;
        if (!int_bits(vm, field, v, &bits)) return false;
        store(to, bits, field->size, field->big);
        return true;
    }
    }
}

// The values as bytes. NULL with an exception. [script]
static Bytes *pack_values(VM *vm, const Struct *s, const Value *values) {
    Bytes *result = bytes_new(vm, NULL, s->size);
    if (!result) return NULL;
    for (size_t i = 0; i < s->count; i++) {
        const Field *field = &s->fields[i];
        bool is_text = field->code == 's' || field->code == 'p';
        for (size_t n = 0; n < (is_text ? 1 : field->repeat); n++)
            if (!pack_one(vm, field, *values++, result->data + field->offset + n * field->size)) return NULL;
    }
    return result;
}

static Value unpack_one(VM *vm, const Field *field, const unsigned char *from) {
    switch (field->code) {
    case 'c': return object_or_error(bytes_new(vm, from, 1));
    case '?': return value_bool(*from != 0);
    case 's': return object_or_error(bytes_new(vm, from, field->repeat));
    case 'p': {
        size_t length = field->repeat ? *from : 0;
        if (length && length >= field->repeat) length = field->repeat - 1;
        return object_or_error(bytes_new(vm, from + 1, length));
    }
    default: break;
    }
    uint64_t bits = load(from, field->size, field->big);
    switch (field->code) {
    case 'e': return value_float(half_value((uint16_t)bits));
    case 'f': {
        uint32_t word = (uint32_t)bits;
        float single;
        memcpy(&single, &word, sizeof single);
        return value_float(single);
    }
    case 'd': {
        double x;
        memcpy(&x, &bits, sizeof x);
        return value_float(x);
    }
    default: break;
    }
    if (!strchr("bhilqn", field->code)) return int_from_uint64(vm, bits);
    int unused = 64 - field->size * 8;
    return int_from_int64(vm, (int64_t)(bits << unused) >> unused);
}

// What stands at `data`, as a tuple. Runs no script.
static Value unpack_values(VM *vm, const Struct *s, const unsigned char *data) {
    Tuple *result = tuple_new(vm, s->values);
    if (!result) return VALUE_ERROR;
    size_t used = 0;
    vm_count_work(vm, s->values);
    for (size_t i = 0; i < s->count; i++) {
        const Field *field = &s->fields[i];
        bool is_text = field->code == 's' || field->code == 'p';
        for (size_t n = 0; n < (is_text ? 1 : field->repeat); n++) {
            Value v = unpack_one(vm, field, data + field->offset + n * field->size);
            if (is_error(v)) return v;
            result->items[used++] = v;
        }
    }
    return value_object(result);
}

// ---- What both the module's functions and the methods do

static bool view(VM *vm, Value v, const unsigned char **data, size_t *size) {
    static const unsigned char nothing[1];
    if (!bytes_view(v, data, size)) return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, v)), false;
    if (!*data) *data = nothing;
    return true;
}
// The bytes of what can be written to, which *v becomes a view of unless it is one. False with TypeError.
static bool writable_view(VM *vm, Value *v, unsigned char **data, size_t *size) {
    if (bytes_writable_view(vm, v, data, size)) return true;
    if (is_empty(vm->exception)) raise_type_error(vm, "argument must be read-write bytes-like object, not %s", type_name(vm, *v));
    return false;
}

static Value do_pack(VM *vm, Struct *s, Value *values, size_t count) {
    if (count != s->values) return raise_struct_error(vm, "pack expected %zu items for packing (got %zu)", s->values, count);
    return object_or_error(pack_values(vm, s, values));
}

// Whether the format's bytes lie within a buffer of `size` bytes, from *offset, which is counted from its end if it is negative and
// from its start afterwards. False with struct.error, worded for pack_into or for unpack_from.
static bool is_room_at(VM *vm, const Struct *s, int64_t *offset, size_t size, bool packs) {
    int64_t given = *offset;
    if (given < 0) {
        if (given + (int64_t)s->size > 0) {
            raise_struct_error(vm, "%s %zu bytes at offset %lld", packs ? "no space to pack" : "not enough data to unpack", s->size,
                               (long long)given);
            return false;
        }
        if (given + (int64_t)size < 0) {
            raise_struct_error(vm, "offset %lld out of range for %zu-byte buffer", (long long)given, size);
            return false;
        }
        *offset += (int64_t)size;
    }
    if ((int64_t)size - *offset >= (int64_t)s->size) return true;
    raise_struct_error(vm,
                       "%s requires a buffer of at least %llu bytes for %s %zu bytes at offset %lld (actual buffer size is %zu)",
                       packs ? "pack_into" : "unpack_from", (unsigned long long)s->size + (unsigned long long)*offset,
                       packs ? "packing" : "unpacking", s->size, (long long)*offset, size);
    return false;
}

static Value do_pack_into(VM *vm, Struct *s, Value *args, size_t count) {
    if (count != s->values + 2) {
        if (count == 0) return raise_struct_error(vm, "pack_into expected buffer argument");
        if (count == 1) return raise_struct_error(vm, "pack_into expected offset argument");
        return raise_struct_error(vm, "pack_into expected %zu items for packing (got %zu)", s->values, count - 2);
    }
    unsigned char *data;
    size_t size;
    int64_t offset;
    if (!writable_view(vm, &args[0], &data, &size) || !value_index_int64(vm, args[1], false, &offset) ||
        !writable_view(vm, &args[0], &data, &size))
        return VALUE_ERROR;
    if (!is_room_at(vm, s, &offset, size, true)) return VALUE_ERROR;
    Bytes *packed = pack_values(vm, s, args + 2);
    if (!packed || !writable_view(vm, &args[0], &data, &size)) return VALUE_ERROR;
    if (size < (size_t)offset + s->size) return raise_error(vm, vm->exceptions.buffer_error, "the buffer has become shorter");
    if (s->size) memcpy(data + offset, packed->data, s->size);
    return VALUE_NONE;
}

static Value do_unpack(VM *vm, Struct *s, Value buffer) {
    const unsigned char *data;
    size_t size;
    if (!view(vm, buffer, &data, &size)) return VALUE_ERROR;
    if (size != s->size) return raise_struct_error(vm, "unpack requires a buffer of %zu bytes", s->size);
    return unpack_values(vm, s, data);
}

static Value do_unpack_from(VM *vm, Struct *s, Value buffer, Value from) {
    const unsigned char *data;
    size_t size;
    int64_t offset = 0;
    if (!is_empty(from) && !value_index_int64(vm, from, false, &offset)) return VALUE_ERROR;
    if (!view(vm, buffer, &data, &size)) return VALUE_ERROR;
    if (!is_room_at(vm, s, &offset, size, false)) return VALUE_ERROR;
    return unpack_values(vm, s, data + offset);
}

static Value do_iter_unpack(VM *vm, Struct *s, Value buffer) {
    const unsigned char *data;
    size_t size;
    if (!s->size) return raise_struct_error(vm, "cannot iteratively unpack with a struct of length 0");
    if (!view(vm, buffer, &data, &size)) return VALUE_ERROR;
    if (size % s->size) return raise_struct_error(vm, "iterative unpacking requires a buffer of a multiple of %zu bytes", s->size);
    Unpacker *it = native_data_new(vm, library_of(vm)->classes[LIBRARY_STRUCT_UNPACKER], sizeof(Unpacker));
    if (!it) return VALUE_ERROR;
    it->structure = s;
    it->buffer = buffer;
    return value_object(it);
}

static void unpacker_trace(VM *vm, Object *o) {
    heap_mark_object(vm, ((Unpacker *)o)->structure);
    heap_mark(vm, ((Unpacker *)o)->buffer);
}
static size_t unpacker_left(const Unpacker *it) {
    const unsigned char *data;
    size_t size;
    return bytes_view(it->buffer, &data, &size) && size > it->at ? (size - it->at) / it->structure->size : 0;
}
static Value unpacker_next(VM *vm, Value v) {
    Unpacker *it = (Unpacker *)object_of(v);
    const unsigned char *data;
    size_t size;
    if (!unpacker_left(it) || !bytes_view(it->buffer, &data, &size)) return vm->stop_value = VALUE_NONE, VALUE_STOP;
    Value result = unpack_values(vm, it->structure, data + it->at);
    it->at += it->structure->size;
    return result;
}
static Value unpacker_itself(VM *vm, Value self) { return self; }
static Value unpacker_hint(VM *vm, Value *args, size_t count) { return int_from_int64(vm, (int64_t)unpacker_left((Unpacker *)object_of(args[0]))); }

// ---- The class and the module

static Value struct_new(VM *vm, Value *args, size_t count) {
    return object_or_error(struct_make(vm, (Class *)object_of(args[0]), args[1]));
}
static Value struct_repr(VM *vm, Value self) {
    return object_or_error(string_format(vm, "%s('%s')", class_name(class_of(vm, self)), struct_of(self)->format->data));
}
static Value method_pack(VM *vm, Value *args, size_t count) { return do_pack(vm, struct_of(args[0]), args + 1, count - 1); }
static Value method_pack_into(VM *vm, Value *args, size_t count) { return do_pack_into(vm, struct_of(args[0]), args + 1, count - 1); }
static Value method_unpack(VM *vm, Value *args, size_t count) { return do_unpack(vm, struct_of(args[0]), args[1]); }
static Value method_unpack_from(VM *vm, Value *args, size_t count) { return do_unpack_from(vm, struct_of(args[0]), args[1], args[2]); }
static Value method_iter_unpack(VM *vm, Value *args, size_t count) { return do_iter_unpack(vm, struct_of(args[0]), args[1]); }
static Value get_format(VM *vm, Value self) { return value_object(struct_of(self)->format); }
static Value get_size(VM *vm, Value self) { return int_from_int64(vm, (int64_t)struct_of(self)->size); }

static Value function_calcsize(VM *vm, Value *args, size_t count) {
    Struct *s = struct_cached(vm, args[0]);
    return s ? int_from_int64(vm, (int64_t)s->size) : VALUE_ERROR;
}
static Value function_pack(VM *vm, Value *args, size_t count) {
    if (!count) return raise_type_error(vm, "missing format argument");
    Struct *s = struct_cached(vm, args[0]);
    return s ? do_pack(vm, s, args + 1, count - 1) : VALUE_ERROR;
}
static Value function_pack_into(VM *vm, Value *args, size_t count) {
    if (!count) return raise_type_error(vm, "missing format argument");
    Struct *s = struct_cached(vm, args[0]);
    return s ? do_pack_into(vm, s, args + 1, count - 1) : VALUE_ERROR;
}
static Value function_unpack(VM *vm, Value *args, size_t count) {
    Struct *s = struct_cached(vm, args[0]);
    return s ? do_unpack(vm, s, args[1]) : VALUE_ERROR;
}
static Value function_unpack_from(VM *vm, Value *args, size_t count) {
    Struct *s = struct_cached(vm, args[0]);
    return s ? do_unpack_from(vm, s, args[1], args[2]) : VALUE_ERROR;
}
static Value function_iter_unpack(VM *vm, Value *args, size_t count) {
    Struct *s = struct_cached(vm, args[0]);
    return s ? do_iter_unpack(vm, s, args[1]) : VALUE_ERROR;
}
static Value clear_cache(VM *vm, Value *args, size_t count) {
    if (library_of(vm)->structs) dict_clear(vm, library_of(vm)->structs);
    return VALUE_NONE;
}

static const TypeOps struct_ops = {.trace = struct_trace, .finalize = struct_finalize, .repr = struct_repr};
static const TypeOps unpacker_ops = {.trace = unpacker_trace, .iterate = unpacker_itself, .next = unpacker_next};
static const NativeDefinition struct_methods[] = {
    {"__new__", struct_new, "cls, format", NATIVE_NEW},
    {"pack", method_pack, "self, /, *values", NATIVE_METHOD, "The values as bytes."},
    {"pack_into", method_pack_into, "self, /, *args", NATIVE_METHOD, "Packs values into a buffer at an offset."},
    {"unpack", method_unpack, "self, buffer, /", NATIVE_METHOD, "The values that a buffer of just this size holds."},
    {"unpack_from", method_unpack_from, "self, /, buffer, offset=0", NATIVE_METHOD, "The values at an offset of a buffer."},
    {"iter_unpack", method_iter_unpack, "self, buffer, /", NATIVE_METHOD, "An iterator of what a buffer holds again and again."},
    {0}};
static const AttributeDefinition struct_attributes[] = {{"format", get_format, NULL, "The format that it was made with."},
                                                        {"size", get_size, NULL, "How many bytes the format takes."},
                                                        {0}};
static const NativeDefinition unpacker_methods[] = {{"__length_hint__", unpacker_hint, "self, /", NATIVE_METHOD}, {0}};
static const NativeDefinition functions[] = {
    {"calcsize", function_calcsize, "format, /", NATIVE_METHOD, "How many bytes a format takes."},
    {"pack", function_pack, "*args", NATIVE_METHOD, "The values as bytes."},
    {"pack_into", function_pack_into, "*args", NATIVE_METHOD, "Packs values into a buffer at an offset."},
    {"unpack", function_unpack, "format, buffer, /", NATIVE_METHOD, "The values that a buffer of just this size holds."},
    {"unpack_from", function_unpack_from, "format, /, buffer, offset=0", NATIVE_METHOD, "The values at an offset of a buffer."},
    {"iter_unpack", function_iter_unpack, "format, buffer, /", NATIVE_METHOD, "An iterator of what a buffer holds again and again."},
    {"_clearcache", clear_cache, "", NATIVE_METHOD, "Forgets the formats that were kept."},
    {0}};

bool struct_module_fill(VM *vm, ModuleObject *module) {
    Class **classes = library_of(vm)->classes;
    Dict *namespace = module->namespace;
    Value bases[1] = {value_object(vm->exceptions.exception)};
    String *name = string_from(vm, "error"), *module_name = string_intern_from(vm, "struct", 6), *own = string_intern_from(vm, "_struct", 7);
    Tuple *base = tuple_from(vm, bases, 1);
    Dict *attributes = dict_new(vm);
    if (!name || !module_name || !own || !base || !attributes || !add_value(vm, attributes, "__module__", value_object(module_name)) ||
        !add_text(vm, attributes, "__doc__", "A wrong format, or values or bytes that do not fit it."))
        return false;
    Class *error = classes[LIBRARY_STRUCT_ERROR] = class_new(vm, NULL, name, base, attributes);
    Class *cls = classes[LIBRARY_STRUCT] = native_data_class(vm, "_struct", "Struct", &struct_ops, sizeof(Struct), 0);
    Class *unpacker = classes[LIBRARY_STRUCT_UNPACKER] =
        native_data_class(vm, "_struct", "unpack_iterator", &unpacker_ops, sizeof(Unpacker), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    static const char *const names[] = {"calcsize", "pack", "pack_into", "unpack", "unpack_from", "iter_unpack", "Struct", "error"};
    List *all = list_new(vm, 8);
    for (size_t i = 0; all && i < sizeof names / sizeof *names; i++) {
        String *text = string_from(vm, names[i]);
        if (!text || !list_append(vm, all, value_object(text))) return false;
    }
    return all && error && cls && unpacker && native_add_methods(vm, cls, struct_methods) >= 0 &&
           native_add_attributes(vm, cls, struct_attributes) >= 0 && native_add_methods(vm, unpacker, unpacker_methods) >= 0 &&
           add_text(vm, cls->attributes, "__doc__", "A format, and what packs and unpacks by it.") &&
           native_add_functions_of(vm, namespace, functions, own) >= 0 && add_value(vm, namespace, "Struct", value_object(cls)) &&
           add_value(vm, namespace, "error", value_object(error)) && add_value(vm, namespace, "__all__", value_object(all)) &&
           add_text(vm, namespace, "__doc__", "Values packed into bytes by a format, and unpacked.");
}

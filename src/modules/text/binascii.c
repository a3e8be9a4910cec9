// The module binascii: bytes as text of ASCII characters, and checksums.
#include <string.h>

#include "base/number.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/core/native.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"

#define raise_binascii_error(vm, ...) raise_error(vm, library_of(vm)->classes[LIBRARY_BINASCII_ERROR], __VA_ARGS__)

// The bytes of a bytes-like argument. False with TypeError.
static bool bytes_argument(VM *vm, Value v, const unsigned char **data, size_t *size) {
    if (!bytes_view(v, data, size)) return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, v)), false;
    if (!*data) *data = (const unsigned char *)"";
    return true;
}
// The same of bytes or a str of ASCII.
static bool text_argument(VM *vm, Value v, const unsigned char **data, size_t *size) {
    if (is_string(v)) {
        if (!string_is_ascii(string_of(v))) return raise_value_error(vm, "string argument should contain only ASCII characters"), false;
        *data = (const unsigned char *)string_of(v)->data;
        *size = string_of(v)->size;
        return true;
    }
    if (!bytes_view(v, data, size))
        return raise_type_error(vm, "argument should be bytes, buffer or ASCII string, not '%s'", type_name(vm, v)), false;
    if (!*data) *data = (const unsigned char *)"";
    return true;
}
static bool flag_argument(VM *vm, Value v, bool usual, bool *out) {
    int truth = is_empty(v) ? usual : value_truth(vm, v);
    *out = truth > 0;
    return truth >= 0;
}
// The buffer as bytes; frees it.
static Value bytes_from_buffer(VM *vm, Buffer *out) {
    Value result = out->failed ? raise_memory_error(vm) : object_or_error(bytes_new(vm, out->data ? out->data : "", out->length));
    buffer_free(out);
    return result;
}

// ---- Hexadecimal

static const char lower_digits[] = "0123456789abcdef", upper_digits[] = "0123456789ABCDEF";

static bool separator_argument(VM *vm, Value v, unsigned char *out) {
    int64_t length = value_length(vm, v);
    if (length < 0) return false;
    if (length != 1) return raise_value_error(vm, "sep must be length 1."), false;
    const unsigned char *data;
    size_t size;
    if (is_string(v)) {
        uint32_t c = string_code_point(vm, string_of(v), 0);
        if (c > 255) return raise_value_error(vm, "sep must be ASCII."), false;
        *out = (unsigned char)c;
        return true;
    }
    if (!is_kind(v, KIND_BYTES) || !bytes_view(v, &data, &size)) return raise_type_error(vm, "sep must be str or bytes."), false;
    *out = data[0];
    return true;
}

static Value hexlify(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size, between = 0;
    unsigned char separator = 0;
    int group = 1;
    if (!is_empty(args[1]) && !separator_argument(vm, args[1], &separator)) return VALUE_ERROR;
    if (!is_empty(args[2]) && !c_int_argument(vm, args[2], &group)) return VALUE_ERROR;
    if (!bytes_argument(vm, args[0], &data, &size)) return VALUE_ERROR;
    size_t each = group < 0 ? (size_t)-(int64_t)group : (size_t)group;
    if (!is_empty(args[1]) && each && size) between = (size - 1) / each;
    if (size > ((size_t)PTRDIFF_MAX - between) / 2) return raise_memory_error(vm);
    Bytes *result = bytes_new(vm, NULL, 2 * size + between);
    if (!result) return VALUE_ERROR;
    unsigned char *to = result->data;
    size_t first = group > 0 && each ? (size - 1) % each + 1 : each; // bytes before the first separator
    for (size_t i = 0, left = between ? first : SIZE_MAX; i < size; i++, left--) {
        if (!left) *to++ = separator, left = each;
        *to++ = (unsigned char)lower_digits[data[i] >> 4];
        *to++ = (unsigned char)lower_digits[data[i] & 15];
    }
    return value_object(result);
}

static Value unhexlify(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size;
    if (!text_argument(vm, args[0], &data, &size)) return VALUE_ERROR;
    if (size % 2) return raise_binascii_error(vm, "Odd-length string");
    Bytes *result = bytes_new(vm, NULL, size / 2);
    for (size_t i = 0; result && i < size; i += 2) {
        int high = hexadecimal_value((char)data[i]), low = hexadecimal_value((char)data[i + 1]);
        if (high < 0 || low < 0) return raise_binascii_error(vm, "Non-hexadecimal digit found");
        result->data[i / 2] = (unsigned char)(high << 4 | low);
    }
    return object_or_error(result);
}

// ---- Base64

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static Value b2a_base64(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size;
    bool newline;
    if (!flag_argument(vm, args[1], true, &newline) || !bytes_argument(vm, args[0], &data, &size)) return VALUE_ERROR;
    if (size > (size_t)PTRDIFF_MAX / 2) return raise_memory_error(vm);
    Bytes *result = bytes_new(vm, NULL, (size + 2) / 3 * 4 + newline);
    if (!result) return VALUE_ERROR;
    unsigned char *to = result->data;
    for (; size >= 3; size -= 3, data += 3) {
        uint32_t bits = (uint32_t)data[0] << 16 | (uint32_t)data[1] << 8 | data[2];
        *to++ = (unsigned char)base64_digits[bits >> 18];
        *to++ = (unsigned char)base64_digits[bits >> 12 & 63];
        *to++ = (unsigned char)base64_digits[bits >> 6 & 63];
        *to++ = (unsigned char)base64_digits[bits & 63];
    }
    if (size) {
        uint32_t bits = (uint32_t)data[0] << 16 | (size > 1 ? (uint32_t)data[1] << 8 : 0);
        *to++ = (unsigned char)base64_digits[bits >> 18];
        *to++ = (unsigned char)base64_digits[bits >> 12 & 63];
        *to++ = size > 1 ? (unsigned char)base64_digits[bits >> 6 & 63] : '=';
        *to++ = '=';
    }
    if (newline) *to = '\n';
    return value_object(result);
}

// 0 to 63, or 64.
static void base64_table(unsigned char table[256]) {
    memset(table, 64, 256);
    for (unsigned char i = 0; i < 64; i++) table[(unsigned char)base64_digits[i]] = i;
}

// What goes wrong at a padding character, or NULL. *done: nothing behind it counts.
static const char *at_padding(size_t i, size_t size, unsigned place, unsigned *pads, bool strict, bool *done) {
    if (strict && !place) return i ? "Excess padding not allowed" : "Leading padding not allowed";
    if (place < 2 || place + ++*pads < 4) return NULL;
    *done = true;
    return strict && i + 1 < size ? "Excess data after padding" : NULL;
}

static Value a2b_base64(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size;
    bool strict, done = false;
    if (!flag_argument(vm, args[1], false, &strict) || !text_argument(vm, args[0], &data, &size)) return VALUE_ERROR;
    unsigned char table[256];
    base64_table(table);
    Buffer out = vm_buffer(vm);
    if (!buffer_reserve(&out, size / 4 * 3 + 3)) return buffer_free(&out), raise_memory_error(vm);
    unsigned place = 0, pads = 0;
    uint32_t bits = 0;
    const char *wrong = NULL;
    for (size_t i = 0; i < size && !done && !wrong; i++) {
        unsigned char digit = table[data[i]];
        if (digit < 64) {
            if (strict && pads) wrong = "Discontinuous padding not allowed";
            pads = 0;
            bits = bits << 6 | digit;
            place = (place + 1) & 3;
            if (place) continue;
            out.data[out.length++] = (char)(bits >> 16);
            out.data[out.length++] = (char)(bits >> 8);
            out.data[out.length++] = (char)bits;
        } else if (data[i] == '=') {
            wrong = at_padding(i, size, place, &pads, strict, &done);
        } else if (strict) {
            wrong = "Only base64 data is allowed";
        }
    }
    if (!wrong && !done && place == 1) {
        size_t characters = out.length / 3 * 4 + 1;
        buffer_free(&out);
        return raise_binascii_error(
            vm, "Invalid base64-encoded string: number of data characters (%zu) cannot be 1 more than a multiple of 4", characters);
    }
    if (!wrong && !done && place) wrong = "Incorrect padding";
    if (wrong) return buffer_free(&out), raise_binascii_error(vm, "%s", wrong);
    if (place == 2) out.data[out.length++] = (char)(bits >> 4);
    if (place == 3) out.data[out.length++] = (char)(bits >> 10), out.data[out.length++] = (char)(bits >> 2);
    return bytes_from_buffer(vm, &out);
}

// ---- uuencode

static Value b2a_uu(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size;
    bool backtick;
    if (!flag_argument(vm, args[1], false, &backtick) || !bytes_argument(vm, args[0], &data, &size)) return VALUE_ERROR;
    if (size > 45) return raise_binascii_error(vm, "At most 45 bytes at once");
    char zero = backtick ? '`' : ' ', text[64];
    size_t used = 0;
    text[used++] = size ? (char)(' ' + size) : zero;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = (uint32_t)data[i] << 16 | (i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0) | (i + 2 < size ? data[i + 2] : 0);
        for (int shift = 18; shift >= 0; shift -= 6) text[used++] = bits >> shift & 63 ? (char)(' ' + (bits >> shift & 63)) : zero;
    }
    text[used++] = '\n';
    return object_or_error(bytes_new(vm, text, used));
}

static Value a2b_uu(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size, at = 1;
    if (!text_argument(vm, args[0], &data, &size)) return VALUE_ERROR;
    size_t length = ((size ? data[0] : 0u) - ' ') & 63;
    unsigned char bytes[64];
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < length; at++) {
        unsigned char c = at < size ? data[at] : '\n', digit = 0;
        if (c != '\n' && c != '\r') { // else blanks at the end of the line have been lost
            if (c < ' ' || c > ' ' + 64) return raise_binascii_error(vm, "Illegal char");
            digit = (unsigned char)((c - ' ') & 63);
        }
        bits = bits << 6 | digit;
        have += 6;
        if (have >= 8) bytes[i++] = (unsigned char)(bits >> (have -= 8));
    }
    for (; at < size; at++)
        if (!strchr(" `\n\r", data[at]) || !data[at]) return raise_binascii_error(vm, "Trailing garbage");
    return object_or_error(bytes_new(vm, bytes, length));
}

// ---- Quoted-printable

static Value a2b_qp(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size;
    bool header;
    if (!flag_argument(vm, args[1], false, &header) || !text_argument(vm, args[0], &data, &size)) return VALUE_ERROR;
    Buffer out = vm_buffer(vm);
    for (size_t i = 0; i < size;) {
        if (data[i] != '=') {
            buffer_byte(&out, header && data[i] == '_' ? ' ' : (char)data[i]);
            i++;
            continue;
        }
        if (++i >= size) break;
        if (data[i] == '\n' || data[i] == '\r') { // a line that goes on
            while (i < size && data[i] != '\n') i++;
            if (i < size) i++;
        } else if (data[i] == '=') {
            buffer_byte(&out, '=');
            i++;
        } else if (i + 1 < size && hexadecimal_value((char)data[i]) >= 0 && hexadecimal_value((char)data[i + 1]) >= 0) {
            buffer_byte(&out, (char)(hexadecimal_value((char)data[i]) << 4 | hexadecimal_value((char)data[i + 1])));
            i += 2;
        } else {
            buffer_byte(&out, '=');
        }
    }
    return bytes_from_buffer(vm, &out);
}

typedef struct {
    Buffer out;
    size_t line; // characters of it
    bool quote_tabs, is_text, header, crlf;
} Quoter;

enum { QUOTED_LINE = 76 };

static void quoted_line_end(Quoter *q) {
    if (q->crlf) buffer_byte(&q->out, '\r');
    buffer_byte(&q->out, '\n');
    q->line = 0;
}
static void quoted_byte(Quoter *q, unsigned char c) {
    buffer_byte(&q->out, '=');
    buffer_byte(&q->out, upper_digits[c >> 4]);
    buffer_byte(&q->out, upper_digits[c & 15]);
}
static bool must_quote(const Quoter *q, const unsigned char *data, size_t i, size_t size) {
    unsigned char c = data[i];
    bool last = i + 1 == size;
    if (c > 126 || c == '=' || (q->header && c == '_')) return true;
    if (c == '.' && !q->line && (last || strchr("\n\r", data[i + 1]))) return true; // or a NUL
    if (c == '\r' || c == '\n') return !q->is_text;
    if (c == '\t' || c == ' ') return last || q->quote_tabs;
    return c < 33;
}

static Value b2a_qp(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size;
    Quoter q = {.out = vm_buffer(vm)};
    if (!flag_argument(vm, args[1], false, &q.quote_tabs) || !flag_argument(vm, args[2], true, &q.is_text) ||
        !flag_argument(vm, args[3], false, &q.header) || !bytes_argument(vm, args[0], &data, &size))
        return VALUE_ERROR;
    const unsigned char *newline = memchr(data, '\n', size);
    q.crlf = newline && newline > data && newline[-1] == '\r';
    for (size_t i = 0; i < size; i++) {
        unsigned char c = data[i];
        bool pair = c == '\r' && i + 1 < size && data[i + 1] == '\n';
        if (must_quote(&q, data, i, size)) {
            if (q.line + 3 >= QUOTED_LINE) buffer_byte(&q.out, '='), quoted_line_end(&q);
            quoted_byte(&q, c);
            q.line += 3;
        } else if (q.is_text && (c == '\n' || pair)) {
            char before = q.out.length ? q.out.data[q.out.length - 1] : 0;
            if (before == ' ' || before == '\t') { // blanks would be lost at the end of a line
                q.out.length--;
                quoted_byte(&q, (unsigned char)before);
            }
            quoted_line_end(&q);
            i += pair;
        } else {
            if (i + 1 != size && data[i + 1] != '\n' && q.line + 1 >= QUOTED_LINE) buffer_byte(&q.out, '='), quoted_line_end(&q);
            q.line++;
            buffer_byte(&q.out, q.header && c == ' ' ? '_' : (char)c);
        }
    }
    return bytes_from_buffer(vm, &q.out);
}

// ---- Checksums

static const uint32_t crc_table[256] = {
    0x00000000, 0x77073096, 0xEE0E612C, 0x990951BA, 0x076DC419, 0x706AF48F, 0xE963A535, 0x9E6495A3,
    0x0EDB8832, 0x79DCB8A4, 0xE0D5E91E, 0x97D2D988, 0x09B64C2B, 0x7EB17CBD, 0xE7B82D07, 0x90BF1D91,
    0x1DB71064, 0x6AB020F2, 0xF3B97148, 0x84BE41DE, 0x1ADAD47D, 0x6DDDE4EB, 0xF4D4B551, 0x83D385C7,
    0x136C9856, 0x646BA8C0, 0xFD62F97A, 0x8A65C9EC, 0x14015C4F, 0x63066CD9, 0xFA0F3D63, 0x8D080DF5,
    0x3B6E20C8, 0x4C69105E, 0xD56041E4, 0xA2677172, 0x3C03E4D1, 0x4B04D447, 0xD20D85FD, 0xA50AB56B,
    0x35B5A8FA, 0x42B2986C, 0xDBBBC9D6, 0xACBCF940, 0x32D86CE3, 0x45DF5C75, 0xDCD60DCF, 0xABD13D59,
    0x26D930AC, 0x51DE003A, 0xC8D75180, 0xBFD06116, 0x21B4F4B5, 0x56B3C423, 0xCFBA9599, 0xB8BDA50F,
    0x2802B89E, 0x5F058808, 0xC60CD9B2, 0xB10BE924, 0x2F6F7C87, 0x58684C11, 0xC1611DAB, 0xB6662D3D,
    0x76DC4190, 0x01DB7106, 0x98D220BC, 0xEFD5102A, 0x71B18589, 0x06B6B51F, 0x9FBFE4A5, 0xE8B8D433,
    0x7807C9A2, 0x0F00F934, 0x9609A88E, 0xE10E9818, 0x7F6A0DBB, 0x086D3D2D, 0x91646C97, 0xE6635C01,
    0x6B6B51F4, 0x1C6C6162, 0x856530D8, 0xF262004E, 0x6C0695ED, 0x1B01A57B, 0x8208F4C1, 0xF50FC457,
    0x65B0D9C6, 0x12B7E950, 0x8BBEB8EA, 0xFCB9887C, 0x62DD1DDF, 0x15DA2D49, 0x8CD37CF3, 0xFBD44C65,
    0x4DB26158, 0x3AB551CE, 0xA3BC0074, 0xD4BB30E2, 0x4ADFA541, 0x3DD895D7, 0xA4D1C46D, 0xD3D6F4FB,
    0x4369E96A, 0x346ED9FC, 0xAD678846, 0xDA60B8D0, 0x44042D73, 0x33031DE5, 0xAA0A4C5F, 0xDD0D7CC9,
    0x5005713C, 0x270241AA, 0xBE0B1010, 0xC90C2086, 0x5768B525, 0x206F85B3, 0xB966D409, 0xCE61E49F,
    0x5EDEF90E, 0x29D9C998, 0xB0D09822, 0xC7D7A8B4, 0x59B33D17, 0x2EB40D81, 0xB7BD5C3B, 0xC0BA6CAD,
    0xEDB88320, 0x9ABFB3B6, 0x03B6E20C, 0x74B1D29A, 0xEAD54739, 0x9DD277AF, 0x04DB2615, 0x73DC1683,
    0xE3630B12, 0x94643B84, 0x0D6D6A3E, 0x7A6A5AA8, 0xE40ECF0B, 0x9309FF9D, 0x0A00AE27, 0x7D079EB1,
    0xF00F9344, 0x8708A3D2, 0x1E01F268, 0x6906C2FE, 0xF762575D, 0x806567CB, 0x196C3671, 0x6E6B06E7,
    0xFED41B76, 0x89D32BE0, 0x10DA7A5A, 0x67DD4ACC, 0xF9B9DF6F, 0x8EBEEFF9, 0x17B7BE43, 0x60B08ED5,
    0xD6D6A3E8, 0xA1D1937E, 0x38D8C2C4, 0x4FDFF252, 0xD1BB67F1, 0xA6BC5767, 0x3FB506DD, 0x48B2364B,
    0xD80D2BDA, 0xAF0A1B4C, 0x36034AF6, 0x41047A60, 0xDF60EFC3, 0xA867DF55, 0x316E8EEF, 0x4669BE79,
    0xCB61B38C, 0xBC66831A, 0x256FD2A0, 0x5268E236, 0xCC0C7795, 0xBB0B4703, 0x220216B9, 0x5505262F,
    0xC5BA3BBE, 0xB2BD0B28, 0x2BB45A92, 0x5CB36A04, 0xC2D7FFA7, 0xB5D0CF31, 0x2CD99E8B, 0x5BDEAE1D,
    0x9B64C2B0, 0xEC63F226, 0x756AA39C, 0x026D930A, 0x9C0906A9, 0xEB0E363F, 0x72076785, 0x05005713,
    0x95BF4A82, 0xE2B87A14, 0x7BB12BAE, 0x0CB61B38, 0x92D28E9B, 0xE5D5BE0D, 0x7CDCEFB7, 0x0BDBDF21,
    0x86D3D2D4, 0xF1D4E242, 0x68DDB3F8, 0x1FDA836E, 0x81BE16CD, 0xF6B9265B, 0x6FB077E1, 0x18B74777,
    0x88085AE6, 0xFF0F6A70, 0x66063BCA, 0x11010B5C, 0x8F659EFF, 0xF862AE69, 0x616BFFD3, 0x166CCF45,
    0xA00AE278, 0xD70DD2EE, 0x4E048354, 0x3903B3C2, 0xA7672661, 0xD06016F7, 0x4969474D, 0x3E6E77DB,
    0xAED16A4A, 0xD9D65ADC, 0x40DF0B66, 0x37D83BF0, 0xA9BCAE53, 0xDEBB9EC5, 0x47B2CF7F, 0x30B5FFE9,
    0xBDBDF21C, 0xCABAC28A, 0x53B39330, 0x24B4A3A6, 0xBAD03605, 0xCDD70693, 0x54DE5729, 0x23D967BF,
    0xB3667A2E, 0xC4614AB8, 0x5D681B02, 0x2A6F2B94, 0xB40BBE37, 0xC30C8EA1, 0x5A05DF1B, 0x2D02EF8D,
};

// An int's low 32 bits. False with TypeError.
static bool low_bits(VM *vm, Value v, uint32_t *out) {
    *out = 0;
    if (is_empty(v)) return true;
    Value number = value_index(vm, v);
    if (!is_error(number)) number = int_binary(vm, BINARY_AND, int_plain(vm, number), value_small(UINT32_MAX));
    if (is_error(number)) return false;
    *out = (uint32_t)small_of(number);
    return true;
}

static Value crc32(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size;
    uint32_t crc;
    if (!low_bits(vm, args[1], &crc) || !bytes_argument(vm, args[0], &data, &size)) return VALUE_ERROR;
    vm_count_work(vm, size / 16);
    for (crc = ~crc; size; size--) crc = crc >> 8 ^ crc_table[(crc ^ *data++) & 255];
    return int_from_int64(vm, ~crc);
}

static Value crc_hqx(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t size;
    uint32_t crc;
    if (!low_bits(vm, args[1], &crc) || !bytes_argument(vm, args[0], &data, &size)) return VALUE_ERROR;
    vm_count_work(vm, size / 4);
    for (crc &= 0xFFFF; size; size--) {
        crc ^= (uint32_t)*data++ << 8;
        for (int i = 0; i < 8; i++) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xFFFF;
    }
    return value_small(crc);
}

// ---- The module

#define HEXLIFY "data, sep=, bytes_per_sep=1", NATIVE_METHOD, "The bytes as hexadecimal digits."
#define UNHEXLIFY "hexstr, /", NATIVE_METHOD, "The bytes that hexadecimal digits say."
static const NativeDefinition functions[] = {
    {"hexlify", hexlify, HEXLIFY},
    {"b2a_hex", hexlify, HEXLIFY},
    {"unhexlify", unhexlify, UNHEXLIFY},
    {"a2b_hex", unhexlify, UNHEXLIFY},
    {"b2a_base64", b2a_base64, "data, /, *, newline=True", NATIVE_METHOD, "The bytes in base64."},
    {"a2b_base64", a2b_base64, "data, /, *, strict_mode=False", NATIVE_METHOD, "The bytes that base64 says."},
    {"b2a_uu", b2a_uu, "data, /, *, backtick=False", NATIVE_METHOD, "A line of uuencode."},
    {"a2b_uu", a2b_uu, "data, /", NATIVE_METHOD, "The bytes of a line of uuencode."},
    {"b2a_qp", b2a_qp, "data, quotetabs=False, istext=True, header=False", NATIVE_METHOD, "The bytes in quoted-printable."},
    {"a2b_qp", a2b_qp, "data, header=False", NATIVE_METHOD, "The bytes that quoted-printable says."},
    {"crc32", crc32, "data, crc=0, /", NATIVE_METHOD, "The CRC-32 of the bytes, which may go on from another one."},
    {"crc_hqx", crc_hqx, "data, crc, /", NATIVE_METHOD, "The CRC-CCITT of the bytes, which goes on from another one."},
    {0}};

static Class *exception_class(VM *vm, const char *name, Class *base_class, const char *doc) {
    Value bases[1] = {value_object(base_class)};
    String *text = string_from(vm, name), *module = string_intern_from(vm, "binascii", 8);
    Tuple *base = tuple_from(vm, bases, 1);
    Dict *attributes = dict_new(vm);
    if (!text || !module || !base || !attributes || !add_value(vm, attributes, "__module__", value_object(module)) ||
        !add_text(vm, attributes, "__doc__", doc))
        return NULL;
    return class_new(vm, NULL, text, base, attributes);
}

bool binascii_module_fill(VM *vm, ModuleObject *module) {
    Class *error = library_of(vm)->classes[LIBRARY_BINASCII_ERROR] =
        exception_class(vm, "Error", vm->exceptions.value_error, "Text or bytes that can't be converted.");
    Class *incomplete = exception_class(vm, "Incomplete", vm->exceptions.exception, "Data that ends too early.");
    return error && incomplete && add_value(vm, module->namespace, "Error", value_object(error)) &&
           add_value(vm, module->namespace, "Incomplete", value_object(incomplete)) &&
           add_text(vm, module->namespace, "__doc__", "Bytes as text of ASCII characters, and checksums.") &&
           native_add_functions(vm, module->namespace, functions) > 0;
}

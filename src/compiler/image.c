#include "compiler/image.h"

#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/container/set.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/number/int.h"
#include "object/text/bytes.h"
#include "object/text/str.h"

// An image is: how many strings there are, the strings (length, whether interned, bytes), then the outermost code. Numbers have seven
// bits a byte, low ones first, the highest bit set in all but the last; those that may be negative have their sign in the lowest bit.
enum { INTERNED = 1, MOST_INTERNED = 4096 };

// ---- Writing

typedef struct {
    VM *vm;
    Buffer body;    // of the code
    Buffer strings;
    Dict *places;   // of strings among them
    uint64_t count;
} Writer;

static void write_number(Buffer *out, uint64_t n) {
    for (; n >= 0x80; n >>= 7) buffer_byte(out, (char)(n | 0x80));
    buffer_byte(out, (char)n);
}
static void write_signed(Buffer *out, int64_t n) { write_number(out, (uint64_t)n << 1 ^ (uint64_t)(n >> 63)); }

static bool write_string(Writer *w, String *s) {
    Value place = dict_get_string(w->vm, w->places, s);
    if (is_empty(place)) {
        place = value_small((int64_t)w->count++);
        if (dict_set_string(w->vm, w->places, s, place) < 0) return false;
        // Interned is all that the compiler may intern: equal texts share a place, and one that is not interned may come first.
        bool interned = object_flag(&s->object, STRING_INTERNED) || s->size <= MOST_INTERNED;
        write_number(&w->strings, s->size << 1 | (interned ? INTERNED : 0));
        buffer_append(&w->strings, s->data, s->size);
    }
    write_number(&w->body, (uint64_t)small_of(place));
    return true;
}

static bool write_code(Writer *w, Code *code);

static bool write_items(Writer *w, const Value *items, size_t count);

static bool write_value(Writer *w, Value v) {
    Buffer *out = &w->body;
    if (is_none(v)) return buffer_byte(out, 'N'), true;
    if (is_bool(v)) return buffer_byte(out, is_true(v) ? 'T' : 'F'), true;
    if (v.bits == VALUE_ELLIPSIS.bits) return buffer_byte(out, 'E'), true;
    if (v.bits == VALUE_EMPTY.bits) return buffer_byte(out, '0'), true;
    if (is_small(v)) return buffer_byte(out, 'I'), write_signed(out, small_of(v)), true;
    if (is_float(v)) return buffer_byte(out, 'D'), buffer_append(out, (const char *)&v.bits, sizeof v.bits), true;
    switch (object_kind(object_of(v))) {
    case KIND_INT: {
        String *hexadecimal = string_from(w->vm, "x"), *digits = hexadecimal ? value_format(w->vm, v, hexadecimal) : NULL;
        if (!digits) return false;
        bool negative = digits->data[0] == '-';
        buffer_byte(out, negative ? 'J' : 'L');
        write_number(out, digits->size - negative);
        buffer_append(out, digits->data + negative, digits->size - negative);
        return true;
    }
    case KIND_COMPLEX: {
        Complex *c = (Complex *)object_of(v);
        double parts[2] = {c->real, c->imaginary};
        return buffer_byte(out, 'C'), buffer_append(out, (const char *)parts, sizeof parts), true;
    }
    case KIND_STRING: return buffer_byte(out, 'S'), write_string(w, string_of(v));
    case KIND_BYTES: {
        const unsigned char *data;
        size_t size;
        bytes_view(v, &data, &size);
        return buffer_byte(out, 'B'), write_number(out, size), buffer_append(out, (const char *)data, size), true;
    }
    case KIND_TUPLE: return buffer_byte(out, '('), write_items(w, tuple_of(v)->items, tuple_of(v)->length);
    case KIND_SET: {
        List *items = list_from_iterable(w->vm, v);
        return items && (buffer_byte(out, '{'), write_items(w, items->items, items->length));
    }
    case KIND_CODE: return buffer_byte(out, 'O'), write_code(w, (Code *)object_of(v));
    default: return false;
    }
}

static bool write_items(Writer *w, const Value *items, size_t count) {
    write_number(&w->body, count);
    for (size_t i = 0; i < count; i++)
        if (!write_value(w, items[i])) return false;
    return true;
}

static bool write_code(Writer *w, Code *code) {
    Buffer *out = &w->body;
    const uint64_t numbers[] = {code->positional_count, code->positional_only_count, code->keyword_only_count, code->parameter_count,
                                code->register_count, code->handled_register, code->self_attributes, code->flags, code->first_line};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) write_number(out, numbers[i]);
    if (!write_string(w, code->name) || !write_string(w, code->qualified_name) || !write_value(w, code->doc)) return false;
    Tuple *const names[] = {code->variable_names, code->cell_names, code->free_names};
    for (size_t i = 0; i < 3; i++)
        if (!write_items(w, names[i]->items, names[i]->length)) return false;
    write_number(out, code->instruction_count);
    buffer_append(out, (const char *)code->instructions, code->instruction_count * sizeof(Instruction));
    write_number(out, code->handler_count);
    for (uint32_t i = 0; i < code->handler_count; i++) {
        const HandlerRange *range = &code->handlers[i];
        write_number(out, range->start), write_number(out, range->end), write_number(out, range->handler), write_number(out, range->target);
    }
    // Places follow one another: what differs from the one before is small.
    write_number(out, code->line_count);
    LineEntry last = {.line = code->first_line};
    for (uint32_t i = 0; i < code->line_count; i++) {
        const LineEntry *place = &code->lines[i];
        write_number(out, place->start - last.start);
        write_signed(out, (int64_t)place->line - last.line);
        write_signed(out, (int64_t)place->end_line - place->line);
        write_number(out, (uint16_t)(place->column + 1)), write_number(out, (uint16_t)(place->end_column + 1)); // unknown: 0
        write_number(out, (uint16_t)(place->anchor + 1)), write_number(out, (uint16_t)(place->anchor_end + 1));
        last = *place;
    }
    return write_items(w, code->constants, code->constant_count);
}

bool code_write_image(VM *vm, Code *code, Buffer *out) {
    Writer w = {.vm = vm, .body = vm_buffer(vm), .strings = vm_buffer(vm), .places = dict_new(vm)};
    bool ok = w.places && write_code(&w, code);
    write_number(out, w.count);
    buffer_append(out, w.strings.data, w.strings.length);
    buffer_append(out, w.body.data, w.body.length);
    if (w.body.failed || w.strings.failed) out->failed = true;
    buffer_free(&w.body);
    buffer_free(&w.strings);
    return ok && !out->failed;
}

// ---- Reading
//
// Allocations never collect: what is read so far needs no root.

typedef struct {
    VM *vm;
    const unsigned char *at;
    String **strings;
    String *file_name;
    Value source;
} Reader;

static uint64_t read_number(Reader *r) {
    uint64_t n = 0;
    for (int shift = 0;; shift += 7) {
        unsigned char byte = *r->at++;
        n |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) return n;
    }
}
static int64_t read_signed(Reader *r) {
    uint64_t n = read_number(r);
    return (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
}
static const unsigned char *read_bytes(Reader *r, size_t size) {
    const unsigned char *bytes = r->at;
    r->at += size;
    return bytes;
}

static Code *read_code(Reader *r);

static Tuple *read_items(Reader *r);

// VALUE_ERROR with MemoryError.
static Value read_value(Reader *r) {
    VM *vm = r->vm;
    switch (*r->at++) {
    case 'N': return VALUE_NONE;
    case 'T': return VALUE_TRUE;
    case 'F': return VALUE_FALSE;
    case 'E': return VALUE_ELLIPSIS;
    case '0': return VALUE_EMPTY;
    case 'I': return value_small(read_signed(r));
    case 'D': {
        Value v;
        memcpy(&v.bits, read_bytes(r, sizeof v.bits), sizeof v.bits);
        return v;
    }
    case 'C': {
        double parts[2];
        memcpy(parts, read_bytes(r, sizeof parts), sizeof parts);
        return complex_new(vm, parts[0], parts[1]);
    }
    case 'L':
    case 'J': {
        bool negative = r->at[-1] == 'J';
        size_t size = (size_t)read_number(r);
        Value v = int_from_digits(vm, (const char *)read_bytes(r, size), size, 16);
        return negative && !is_error(v) ? value_unary(vm, UNARY_OP_MINUS, v) : v;
    }
    case 'S': return value_object(r->strings[read_number(r)]);
    case 'B': {
        size_t size = (size_t)read_number(r);
        Bytes *bytes = bytes_new(vm, read_bytes(r, size), size);
        return bytes ? value_object(bytes) : VALUE_ERROR;
    }
    case '(': {
        Tuple *tuple = read_items(r);
        return tuple ? value_object(tuple) : VALUE_ERROR;
    }
    case '{': {
        Tuple *items = read_items(r);
        Set *set = items ? set_new(vm, true) : NULL;
        for (size_t i = 0; set && i < items->length; i++)
            if (set_add(vm, set, items->items[i]) < 0) set = NULL;
        return set ? value_object(set) : VALUE_ERROR;
    }
    default: {
        Code *code = read_code(r);
        return code ? value_object(code) : VALUE_ERROR;
    }
    }
}

static Tuple *read_items(Reader *r) {
    size_t count = (size_t)read_number(r);
    Tuple *tuple = tuple_new(r->vm, count);
    for (size_t i = 0; tuple && i < count; i++) {
        tuple->items[i] = read_value(r);
        if (is_error(tuple->items[i])) return NULL;
    }
    return tuple;
}

// Side memory for so many items, which the code's finalizer frees. `items` NULL is right where there are none.
static bool take(Reader *r, void **items, size_t count, size_t size) {
    *items = count ? heap_resize(r->vm, NULL, 0, count * size) : NULL;
    if (*items || !count) return true;
    raise_memory_error(r->vm);
    return false;
}

static void read_places(Reader *r, Code *code) {
    LineEntry last = {.line = code->first_line};
    for (uint32_t i = 0; i < code->line_count; i++) {
        LineEntry *place = &code->lines[i];
        place->start = last.start + (uint32_t)read_number(r);
        place->line = (uint32_t)(last.line + read_signed(r));
        place->end_line = (uint32_t)(place->line + read_signed(r));
        place->column = (uint16_t)(read_number(r) - 1), place->end_column = (uint16_t)(read_number(r) - 1);
        place->anchor = (uint16_t)(read_number(r) - 1), place->anchor_end = (uint16_t)(read_number(r) - 1);
        last = *place;
    }
}

static Code *read_code(Reader *r) {
    VM *vm = r->vm;
    Code *code = code_new(vm);
    if (!code) return NULL;
    code->positional_count = (uint16_t)read_number(r);
    code->positional_only_count = (uint16_t)read_number(r);
    code->keyword_only_count = (uint16_t)read_number(r);
    code->parameter_count = (uint16_t)read_number(r);
    code->register_count = (uint16_t)read_number(r);
    code->handled_register = (uint16_t)read_number(r);
    code->self_attributes = (uint16_t)read_number(r);
    code->flags = (uint32_t)read_number(r);
    code->first_line = (uint32_t)read_number(r);
    code->file_name = r->file_name;
    code->source = r->source;
    code->name = r->strings[read_number(r)];
    code->qualified_name = r->strings[read_number(r)];
    code->doc = read_value(r);
    if (!(code->variable_names = read_items(r)) || !(code->cell_names = read_items(r)) || !(code->free_names = read_items(r))) return NULL;
    void *side;
    uint32_t count = (uint32_t)read_number(r);
    if (!take(r, &side, count, sizeof(Instruction))) return NULL;
    code->instructions = side;
    code->instruction_count = count;
    if (count) memcpy(code->instructions, read_bytes(r, count * sizeof(Instruction)), count * sizeof(Instruction));
    count = (uint32_t)read_number(r);
    if (!take(r, &side, count, sizeof(HandlerRange))) return NULL;
    code->handlers = side;
    code->handler_count = count;
    for (uint32_t i = 0; i < count; i++) {
        HandlerRange *range = &code->handlers[i];
        range->start = (uint32_t)read_number(r), range->end = (uint32_t)read_number(r);
        range->handler = (uint32_t)read_number(r), range->target = (uint16_t)read_number(r);
    }
    count = (uint32_t)read_number(r);
    if (!take(r, &side, count, sizeof(LineEntry))) return NULL;
    code->lines = side;
    code->line_count = count;
    read_places(r, code);
    count = (uint32_t)read_number(r);
    if (!take(r, &side, count, sizeof(Value))) return NULL;
    code->constants = side;
    code->constant_count = count;
    for (uint32_t i = 0; i < count; i++) code->constants[i] = VALUE_NONE;
    for (uint32_t i = 0; i < count; i++) {
        code->constants[i] = read_value(r);
        if (is_error(code->constants[i])) return code->constants[i] = VALUE_NONE, NULL;
    }
    return code;
}

Code *code_read_image(VM *vm, const unsigned char *image, String *file_name, String *source) {
    Reader r = {.vm = vm, .at = image, .file_name = file_name, .source = source ? value_object(source) : VALUE_NONE};
    size_t count = (size_t)read_number(&r);
    void *strings;
    if (!take(&r, &strings, count, sizeof(String *))) return NULL;
    r.strings = strings;
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        uint64_t head = read_number(&r);
        size_t size = (size_t)(head >> 1);
        const char *text = (const char *)read_bytes(&r, size);
        r.strings[i] = head & INTERNED ? string_intern_from(vm, text, size) : string_new(vm, text, size);
        ok = r.strings[i] != NULL;
    }
    Code *code = ok ? read_code(&r) : NULL;
    heap_resize(vm, strings, count * sizeof(String *), 0);
    return code;
}

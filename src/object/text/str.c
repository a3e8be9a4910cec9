// str: making, interning, indexing, and the operations. Methods are in str_methods.c and text_methods.c.
#include "object/text/str.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "object/container/iterator.h"
#include "object/shared/builtin.h"
#include "object/shared/sequence.h"
#include "object/text/bytes.h"
#include "object/text/format.h"
#include "object/text/text_internal.h"
#include "object/text/unicode.h"

enum { OFFSET_STRIDE = 64 };

// A str of more bytes than these has more to know.
enum { LONGEST_SHORT = 64 };

typedef struct {
    String string;
    uint32_t *offsets; // byte offset of every 64th code point; NULL until needed, always NULL for ASCII
    Bytes *store;      // where the bytes lie that others go on with, or NULL: in the cell, behind this; see also PUT_TOGETHER
} LongString;

// In place of the store: the str is the first of those that may be appended to, and has its bytes in its cell.
#define PUT_TOGETHER ((Bytes *)(uintptr_t)1)

static bool is_long(const String *s) { return s->size > LONGEST_SHORT; }
static LongString *long_of(const String *s) { return (LongString *)s; }
static bool is_shared(const String *s) { return is_long(s) && long_of(s)->store && long_of(s)->store != PUT_TOGETHER; }

size_t string_cell(size_t size) { return (size > LONGEST_SHORT ? sizeof(LongString) : sizeof(String)) + size + 1; }

void string_lay_out(String *s, size_t size) {
    s->hash = 0;
    s->size = s->length = size;
    s->data = (char *)(s + 1);
    if (is_long(s)) {
        long_of(s)->offsets = NULL;
        long_of(s)->store = NULL;
        s->data = (char *)(long_of(s) + 1);
    }
    s->data[size] = 0;
}

// ---- Making

String *string_reserve(VM *vm, size_t size) {
    if (size > PTRDIFF_MAX - 256) return raise_memory_error(vm), NULL;
    String *s = heap_allocate_raw(vm, builtin_shape(vm->classes.string), KIND_STRING, string_cell(size));
    if (s) string_lay_out(s, size);
    return s;
}

void string_seal(String *s) {
    bool ascii = utf8_is_ascii(s->data, s->size);
    object_set_flag(&s->object, STRING_ASCII, ascii);
    s->length = ascii ? s->size : utf8_count(s->data, s->size);
}

static String *latin1_string(VM *vm, uint32_t c) {
    String *s = vm->names.latin1[c];
    if (s) return s;
    char bytes[4];
    int width = utf8_encode(c, bytes);
    s = string_reserve(vm, (size_t)width);
    if (!s) return NULL;
    memcpy(s->data, bytes, (size_t)width);
    string_seal(s);
    return vm->names.latin1[c] = s;
}

String *string_from_code_point(VM *vm, uint32_t code_point) {
    if (code_point < 256) return latin1_string(vm, code_point);
    char bytes[4];
    return string_new(vm, bytes, (size_t)utf8_encode(code_point, bytes));
}

String *string_new(VM *vm, const char *data, size_t size) {
    if (size <= 2) {
        if (size == 0 && vm->names.empty) return vm->names.empty;
        unsigned char first = size ? (unsigned char)data[0] : 0;
        if (size == 1 && first < 0x80) return latin1_string(vm, first);
        if (size == 2 && (first == 0xC2 || first == 0xC3))
            return latin1_string(vm, (uint32_t)(first & 0x1F) << 6 | ((unsigned char)data[1] & 0x3F));
    }
    String *s = string_reserve(vm, size);
    if (!s) return NULL;
    if (!vm_copy(vm, s->data, data, size)) return NULL;
    string_seal(s);
    return s;
}

String *string_from(VM *vm, const char *text) { return string_new(vm, text, strlen(text)); }

String *string_from_buffer(VM *vm, Buffer *buffer) {
    String *s = NULL;
    if (buffer->failed)
        raise_memory_error(vm);
    else
        s = string_new(vm, buffer->data, buffer->length);
    buffer_free(buffer);
    return s;
}

String *string_format(VM *vm, const char *format, ...) {
    Buffer buffer = vm_buffer(vm);
    va_list arguments;
    va_start(arguments, format);
    buffer_format_list(&buffer, format, arguments);
    va_end(arguments);
    return string_from_buffer(vm, &buffer);
}

// ---- Interning: open addressing with linear probing, home at hash & (capacity - 1), as the heap's sweep
// knows.

static bool grow_interned(VM *vm) {
    struct StringTable *table = &vm->interned;
    size_t capacity = table->capacity ? table->capacity * 2 : 4096; // a new VM interns over two thousand
    Allocator *allocator = &vm->heap.counted;
    String **slots = allocate(allocator, capacity * sizeof(String *));
    if (!slots) return raise_memory_error(vm), false;
    memset(slots, 0, capacity * sizeof(String *));
    for (size_t i = 0; i < table->capacity; i++) {
        if (!table->slots[i]) continue;
        size_t at = table->slots[i]->hash & (capacity - 1);
        while (slots[at]) at = (at + 1) & (capacity - 1);
        slots[at] = table->slots[i];
    }
    release(allocator, table->slots, table->capacity * sizeof(String *));
    table->slots = slots;
    table->capacity = capacity;
    return true;
}

// The slot of an equal interned string, or the free one for it. The table is not full.
static String **interned_slot(VM *vm, const char *data, size_t size, uint64_t hash) {
    struct StringTable *table = &vm->interned;
    size_t at = hash & (table->capacity - 1);
    for (;; at = (at + 1) & (table->capacity - 1)) {
        String *s = table->slots[at];
        if (!s || (s->hash == hash && s->size == size && !memcmp(s->data, data, size)))
            return &table->slots[at];
    }
}

static String *intern_new(VM *vm, String *s, String **slot) {
    object_set_flag(&s->object, STRING_INTERNED, true);
    *slot = s;
    vm->interned.count++;
    return s;
}

static bool room_to_intern(VM *vm) {
    return vm->interned.count * 3 < vm->interned.capacity * 2 || grow_interned(vm);
}

String *string_intern(VM *vm, String *s) {
    if (object_flag(&s->object, STRING_INTERNED)) return s;
    if (!room_to_intern(vm)) return NULL;
    uint64_t hash = string_hash(vm, s);
    String **slot = interned_slot(vm, s->data, s->size, hash);
    if (*slot) return *slot;
    // Of a subclass, or without a NUL behind it: its text alone is interned.
    if (object_shape(&s->object) != builtin_shape(vm->classes.string) || is_shared(s)) {
        String *plain = string_new(vm, s->data, s->size);
        if (!plain) return NULL;
        string_hash(vm, plain);
        s = plain;
        if (object_flag(&s->object, STRING_INTERNED)) return s;
    }
    return intern_new(vm, s, slot);
}

static uint64_t hash_text(VM *vm, const char *data, size_t size) {
    if (!size) return 0;
    uint64_t hash = hash_bytes(vm->hash_key, data, size);
    return hash == UINT64_MAX ? (uint64_t)-2 : hash;
}

String *string_intern_from(VM *vm, const char *text, size_t size) {
    if (!room_to_intern(vm)) return NULL;
    uint64_t hash = hash_text(vm, text, size);
    String **slot = interned_slot(vm, text, size, hash);
    if (*slot) return *slot;
    String *s = string_new(vm, text, size);
    if (!s) return NULL;
    s->hash = hash;
    object_set_flag(&s->object, STRING_HASHED, true);
    return intern_new(vm, s, slot);
}

uint64_t string_hash(VM *vm, String *s) {
    if (!object_flag(&s->object, STRING_HASHED)) {
        s->hash = hash_text(vm, s->data, s->size);
        object_set_flag(&s->object, STRING_HASHED, true);
    }
    return s->hash;
}

// ---- Comparing and indexing

bool string_equal(const String *a, const String *b) {
    if (a == b) return true;
    if (a->size != b->size) return false;
    if (object_flag(&a->object, STRING_HASHED) && object_flag(&b->object, STRING_HASHED) &&
        a->hash != b->hash)
        return false;
    return !memcmp(a->data, b->data, a->size);
}

bool string_is(const String *s, const char *text) {
    return s->size == strlen(text) && !memcmp(s->data, text, s->size);
}

int string_order(const String *a, const String *b) {
    int order = memcmp(a->data, b->data, a->size < b->size ? a->size : b->size);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

// The table of offsets, made when it is first needed; NULL: there is none, and indexing walks from the start.
static const uint32_t *offsets_of(VM *vm, String *s) {
    if (s->length <= OFFSET_STRIDE || s->size > UINT32_MAX) return NULL;
    LongString *l = long_of(s);
    if (l->offsets) return l->offsets;
    size_t count = s->length / OFFSET_STRIDE + 1;
    l->offsets = heap_resize(vm, NULL, 0, count * sizeof(uint32_t));
    if (!l->offsets) return NULL;
    size_t offset = 0;
    for (size_t i = 0; i < s->length; i++) {
        if (i % OFFSET_STRIDE == 0) l->offsets[i / OFFSET_STRIDE] = (uint32_t)offset;
        offset += (size_t)utf8_width((unsigned char)s->data[offset]);
    }
    if (s->length % OFFSET_STRIDE == 0) l->offsets[s->length / OFFSET_STRIDE] = (uint32_t)offset;
    return l->offsets;
}

size_t string_offset(VM *vm, String *s, size_t index) {
    if (string_is_ascii(s)) return index;
    if (index >= s->length) return s->size;
    size_t offset = 0;
    // The first stretch begins at 0: no table is needed to know that.
    const uint32_t *offsets = index < OFFSET_STRIDE ? NULL : offsets_of(vm, s);
    if (offsets) {
        offset = offsets[index / OFFSET_STRIDE];
        index %= OFFSET_STRIDE;
    }
    while (index--) offset += (size_t)utf8_width((unsigned char)s->data[offset]);
    return offset;
}

size_t string_index(VM *vm, String *s, size_t offset) {
    if (string_is_ascii(s)) return offset;
    size_t index = 0, at = 0;
    const uint32_t *offsets = offset < OFFSET_STRIDE ? NULL : offsets_of(vm, s);
    if (offsets) {
        size_t low = 0, high = s->length / OFFSET_STRIDE; // the last one at or before the offset
        while (low < high) {
            size_t middle = high - (high - low) / 2;
            if (offsets[middle] <= offset)
                low = middle;
            else
                high = middle - 1;
        }
        index = low * OFFSET_STRIDE;
        at = offsets[low];
    }
    return index + utf8_count(s->data + at, offset - at);
}

uint32_t string_code_point(VM *vm, String *s, size_t index) {
    int width;
    return utf8_decode(s->data + string_offset(vm, s, index), &width);
}

String *string_slice(VM *vm, String *s, size_t start, size_t end) {
    if (end <= start) return string_new(vm, "", 0);
    if (start == 0 && end == s->length && object_shape(&s->object) == builtin_shape(vm->classes.string))
        return s;
    size_t from = string_offset(vm, s, start), to = string_offset(vm, s, end);
    return string_new(vm, s->data + from, to - from);
}

// ---- Putting together

enum { LEAST_SHARED = 1024 }; // bytes: shorter ones are copied in no time

// A store: an object of bytes that no script sees, whose `hash` is how many of them are used.
static Bytes *store_new(VM *vm, const String *first, size_t size) {
    size_t capacity = size + size / 2;
    Bytes *store = heap_allocate_raw(vm, builtin_shape(vm->classes.bytes), KIND_BYTES, offsetof(Bytes, data) + capacity + 1);
    if (!store) return NULL;
    store->length = capacity;
    store->hash = first->size;
    memcpy(store->data, first->data, first->size);
    store->data[first->size] = 0;
    return store;
}

// Whether `more` bytes fit behind a string that is the last one in its store.
static bool fits_behind(const String *s, size_t more) {
    if (!is_shared(s)) return false;
    const Bytes *store = long_of(s)->store;
    return (const unsigned char *)s->data + s->size == store->data + store->hash && more <= store->length - store->hash;
}

// A str of the bytes of `a`, which stay where they are or move to a store with room, and of those of `b` behind them.
static String *append(VM *vm, String *a, const String *b) {
    size_t size = a->size + b->size;
    bool fits = fits_behind(a, b->size);
    Bytes *store = fits ? long_of(a)->store : store_new(vm, a, size);
    LongString *l = store ? heap_allocate_raw(vm, builtin_shape(vm->classes.string), KIND_STRING, sizeof(LongString)) : NULL;
    if (!l) return NULL;
    String *s = &l->string;
    *l = (LongString){.string = {.object = s->object, .size = size, .data = fits ? a->data : (char *)store->data}, .store = store};
    memcpy(s->data + a->size, b->data, b->size);
    s->data[size] = 0;
    store->hash += b->size;
    return s;
}

String *string_concatenate(VM *vm, String *a, String *b) {
    if (b->size > PTRDIFF_MAX - a->size) return raise_memory_error(vm), NULL;
    size_t size = a->size + b->size;
    bool is_appended = size >= LEAST_SHARED && b->size <= a->size;
    String *s;
    if (is_appended && long_of(a)->store) {
        s = append(vm, a, b);
        if (!s) return NULL;
    } else {
        s = string_reserve(vm, size);
        if (!s) return NULL;
        memcpy(s->data, a->data, a->size);
        memcpy(s->data + a->size, b->data, b->size);
        if (is_appended) long_of(s)->store = PUT_TOGETHER;
    }
    s->length = a->length + b->length;
    object_set_flag(&s->object, STRING_ASCII, string_is_ascii(a) && string_is_ascii(b));
    return s;
}

bool string_terminate(VM *vm, String *s) {
    if (!is_shared(s) || !s->data[s->size]) return true;
    Bytes *own = bytes_new(vm, s->data, s->size);
    if (!own) return false;
    own->hash = s->size;
    long_of(s)->store = own;
    s->data = (char *)own->data;
    return true;
}

// ---- repr

static void append_escape(Buffer *buffer, uint32_t c) {
    if (c == '\n')
        buffer_append(buffer, "\\n", 2);
    else if (c == '\r')
        buffer_append(buffer, "\\r", 2);
    else if (c == '\t')
        buffer_append(buffer, "\\t", 2);
    else
        buffer_escape(buffer, c < 0x100 ? 'x' : c < 0x10000 ? 'u' : 'U', c);
}

void string_append_repr(VM *vm, Buffer *buffer, const String *s, bool ascii) {
    char quote = memchr(s->data, '\'', s->size) && !memchr(s->data, '"', s->size) ? '"' : '\'';
    buffer_byte(buffer, quote);
    size_t plain = 0; // start of the run that is copied as it is
    for (size_t i = 0; i < s->size;) {
        unsigned char first = (unsigned char)s->data[i];
        if (first >= ' ' && first < 0x7F && first != '\\' && first != (unsigned char)quote) {
            i++;
            continue;
        }
        int width;
        uint32_t c = utf8_decode(s->data + i, &width);
        if (c >= 0x80 && !ascii && unicode_is_printable(c)) {
            i += (size_t)width;
            continue;
        }
        buffer_append(buffer, s->data + plain, i - plain);
        if (first == '\\' || first == (unsigned char)quote) {
            buffer_byte(buffer, '\\');
            buffer_byte(buffer, (char)first);
        } else {
            append_escape(buffer, c);
        }
        i += (size_t)width;
        plain = i;
    }
    buffer_append(buffer, s->data + plain, s->size - plain);
    buffer_byte(buffer, quote);
}

static Value string_repr(VM *vm, Value self) {
    Buffer buffer = vm_buffer(vm);
    string_append_repr(vm, &buffer, string_of(self), false);
    return object_or_error(string_from_buffer(vm, &buffer));
}

// ---- Operations

static void string_finalize(VM *vm, Object *o) {
    String *s = (String *)o;
    if (is_long(s) && long_of(s)->offsets)
        heap_resize(vm, long_of(s)->offsets, (s->length / OFFSET_STRIDE + 1) * sizeof(uint32_t), 0);
}

static void string_trace(VM *vm, Object *o) {
    const String *s = (const String *)o;
    if (is_shared(s)) heap_mark_object(vm, long_of(s)->store);
}

static size_t string_cell_size(const Object *o) { return string_cell(((const String *)o)->size); }

static Value string_str(VM *vm, Value self) {
    if (is_exact_string(vm, self)) return self;
    return object_or_error(string_new(vm, string_of(self)->data, string_of(self)->size));
}

static Value string_format_operation(VM *vm, Value self, String *specification) {
    return format_string(vm, string_of(self), specification);
}

static int string_hash_operation(VM *vm, Value self, uint64_t *out) {
    return *out = string_hash(vm, string_of(self)), 1;
}

static Value string_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_string(self) || !is_string(other)) return VALUE_NOT_IMPLEMENTED;
    vm_count_work(vm, work_of_bytes(string_of(self)->size < string_of(other)->size ? string_of(self)->size : string_of(other)->size));
    if (op == COMPARISON_EQ) return value_bool(string_equal(string_of(self), string_of(other)));
    if (op == COMPARISON_NE) return value_bool(!string_equal(string_of(self), string_of(other)));
    return compare_result(op, string_order(string_of(self), string_of(other)));
}

static int string_truth(VM *vm, Value self) { return string_of(self)->size != 0; }

static Value string_repeat(VM *vm, Value self, int64_t times) {
    String *s = string_of(self);
    if (times <= 0 || !s->size) return object_or_error(string_new(vm, "", 0));
    if (times == 1 && is_exact_string(vm, self)) return self;
    if ((uint64_t)times > (uint64_t)PTRDIFF_MAX / s->size) return raise_memory_error(vm);
    String *result = string_reserve(vm, s->size * (size_t)times);
    if (!result) return VALUE_ERROR;
    fill_repeated_bytes(result->data, s->data, s->size, (size_t)times);
    result->length = s->length * (size_t)times;
    object_set_flag(&result->object, STRING_ASCII, string_is_ascii(s));
    return value_object(result);
}

static Value string_binary(VM *vm, Binary op, Value left, Value right) {
    switch (op) {
    case BINARY_ADD:
        if (!is_string(left)) return VALUE_NOT_IMPLEMENTED;
        if (!is_string(right)) {
            if (operand_reflects(vm, right, SPECIAL_RADD)) return VALUE_NOT_IMPLEMENTED;
            return raise_type_error(vm, "can only concatenate str (not \"%s\") to str", type_name(vm, right));
        }
        if (!string_of(right)->size && is_exact_string(vm, left)) return left;
        if (!string_of(left)->size && is_exact_string(vm, right)) return right;
        return object_or_error(string_concatenate(vm, string_of(left), string_of(right)));
    case BINARY_MULTIPLY: {
        Value sequence = is_string(left) ? left : right, number = is_string(left) ? right : left;
        int64_t times;
        int answer = sequence_repeat_count(vm, left, right, number, &times);
        if (answer <= 0) return answer ? VALUE_ERROR : VALUE_NOT_IMPLEMENTED;
        return string_repeat(vm, sequence, times);
    }
    case BINARY_MODULO:
        return is_string(left) ? string_percent(vm, string_of(left), right) : VALUE_NOT_IMPLEMENTED;
    default: return VALUE_NOT_IMPLEMENTED;
    }
}

static int64_t string_length(VM *vm, Value self) { return (int64_t)string_of(self)->length; }

static Value slice_string(VM *vm, String *s, Value key) {
    int64_t start, stop, step;
    if (!slice_resolve_bounds(vm, key, &start, &stop, &step)) return VALUE_ERROR;
    size_t count = slice_clip(s->length, &start, &stop, step);
    if (step == 1 || !count)
        return object_or_error(string_slice(vm, s, (size_t)start, (size_t)start + count));
    if (string_is_ascii(s)) {
        String *result = string_reserve(vm, count);
        if (!result) return VALUE_ERROR;
        for (size_t i = 0; i < count; i++) result->data[i] = s->data[start + (int64_t)i * step];
        string_seal(result);
        return value_object(result);
    }
    Buffer buffer = vm_buffer(vm);
    for (size_t i = 0; i < count; i++) {
        if (!vm_poll(vm, 2)) return buffer_free(&buffer), VALUE_ERROR;
        size_t offset = string_offset(vm, s, (size_t)(start + (int64_t)i * step));
        buffer_append(&buffer, s->data + offset, (size_t)utf8_width((unsigned char)s->data[offset]));
    }
    return object_or_error(string_from_buffer(vm, &buffer));
}

static Value string_get_item(VM *vm, Value self, Value key) {
    String *s = string_of(self);
    int64_t index;
    if (is_small(key)) {
        index = small_of(key);
    } else if (is_kind(key, KIND_SLICE)) {
        return slice_string(vm, s, key);
    } else if (!has_index(vm, key)) {
        return raise_type_error(vm, "string indices must be integers, not '%s'", type_name(vm, key));
    } else if (!index_argument(vm, key, "string", &index)) {
        return VALUE_ERROR;
    }
    if (index < 0) index += (int64_t)s->length;
    if (index < 0 || (size_t)index >= s->length) return raise_index_error(vm, "string index out of range");
    if (string_is_ascii(s)) return object_or_error(latin1_string(vm, (unsigned char)s->data[index]));
    return object_or_error(string_from_code_point(vm, string_code_point(vm, s, (size_t)index)));
}

static int string_contains(VM *vm, Value self, Value item) {
    if (!is_string(item)) {
        raise_type_error(vm, "'in <string>' requires string as left operand, not %s", type_name(vm, item));
        return -1;
    }
    String *s = string_of(self), *part = string_of(item);
    int64_t found = find_forward(vm, s->data, s->size, part->data, part->size);
    return found == -2 ? -1 : found >= 0;
}

static Value string_iterate(VM *vm, Value self) { return iterator_new(vm, ITERATE_STRING, self); }

const TypeOps string_ops = {
    .trace = string_trace,
    .finalize = string_finalize,
    .cell_size = string_cell_size,
    .repr = string_repr,
    .str = string_str,
    .format = string_format_operation,
    .hash = string_hash_operation,
    .compare = string_compare,
    .truth = string_truth,
    .binary = string_binary,
    .operations = &formatting_operators,
    .length = string_length,
    .get_item = string_get_item,
    .contains = string_contains,
    .iterate = string_iterate,
};

bool string_class_init(VM *vm) {
    vm->ops[KIND_STRING] = &string_ops;
    vm->classes.string = class_new_builtin(vm, "str", vm->classes.object, KIND_STRING, sizeof(String), 0);
    return vm->classes.string && string_methods_init(vm);
}

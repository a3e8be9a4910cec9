// str.format: literal text and replacement fields, whose specifications may hold fields themselves.
#include "base/utf8.h"
#include "object/container/dict.h"
#include "object/text/format_internal.h"

typedef enum { NUMBERING_UNKNOWN, NUMBERING_AUTOMATIC, NUMBERING_MANUAL } Numbering;

typedef struct {
    VM *vm;
    Value *arguments;
    size_t count;
    Value mapping;
    Numbering numbering;
    int64_t next; // of automatic numbering
} Template;

typedef struct {
    const char *text;
    size_t size;
} Part;

typedef struct {
    Part name, specification;
    uint32_t conversion; // 0: none
    bool nested;         // the specification holds fields
} Field;

static bool append_template(Template *t, Buffer *out, Part text, int depth);

static bool fail(VM *vm, const char *message) { return raise_value_error(vm, "%s", message), false; }

// Reads the field after its '{' at *at, to behind its '}'.
static bool read_field(VM *vm, Part text, size_t *at, Field *field) {
    const char *s = text.text;
    size_t start = *at, end = text.size, i = start;
    char c = 0;
    *field = (Field){.conversion = 0};
    while (i < end) {
        c = s[i++];
        if (c == '{') return fail(vm, "unexpected '{' in field name");
        if (c == '[') {
            while (i < end && s[i] != ']') i++;
            continue;
        }
        if (c == '}' || c == ':' || c == '!') break;
    }
    bool closed = c == '}' || c == ':' || c == '!';
    field->name = (Part){s + start, (closed ? i - 1 : i) - start};
    field->specification = (Part){s + i, 0};
    *at = i;
    if (!closed) return fail(vm, "expected '}' before end of string");
    if (c == '}') return true;
    if (c == '!') {
        if (i >= end) return fail(vm, "end of string while looking for conversion specifier");
        int width;
        field->conversion = utf8_decode(s + i, &width);
        i += (size_t)width;
        if (i < end) {
            c = s[i++];
            if (c == '}') return *at = i, true;
            if (c != ':') return fail(vm, "expected ':' after conversion specifier");
        }
    }
    size_t first = i, depth = 1;
    while (i < end) {
        c = s[i++];
        if (c == '{') {
            field->nested = true;
            depth++;
        } else if (c == '}' && --depth == 0) {
            field->specification = (Part){s + first, i - 1 - first};
            return *at = i, true;
        }
    }
    return fail(vm, "unmatched '{' in format spec");
}

// The number that a part is made of: -1 when it is not digits, -2 with an error.
static int64_t part_number(VM *vm, Part part) {
    if (!part.size) return -1;
    int64_t n = 0;
    for (size_t i = 0; i < part.size; i++) {
        if (part.text[i] < '0' || part.text[i] > '9') return -1;
        if (n > INT64_MAX / 20) return fail(vm, "Too many decimal digits in format string"), -2;
        n = n * 10 + (part.text[i] - '0');
    }
    return n;
}

// The argument that a field begins with.
static Value first_value(Template *t, Part part) {
    VM *vm = t->vm;
    int64_t number = part_number(vm, part);
    if (number == -2) return VALUE_ERROR;
    if (part.size && number < 0) {
        Value key = object_or_error(string_new(vm, part.text, part.size));
        if (is_error(key)) return key;
        if (is_empty(t->mapping)) return raise_with_value(vm, vm->exceptions.key_error, key);
        return value_get_item(vm, t->mapping, key);
    }
    Numbering wanted = part.size ? NUMBERING_MANUAL : NUMBERING_AUTOMATIC;
    if (t->numbering != NUMBERING_UNKNOWN && t->numbering != wanted)
        return raise_value_error(vm, "%s",
                                 wanted == NUMBERING_MANUAL
                                     ? "cannot switch from automatic field numbering to manual field "
                                       "specification"
                                     : "cannot switch from manual field specification to automatic field "
                                       "numbering");
    t->numbering = wanted;
    if (number < 0) number = t->next++;
    if (t->count == FORMAT_MAP) return raise_value_error(vm, "Format string contains positional fields");
    if ((uint64_t)number >= t->count)
        return raise_index_error(vm, "Replacement index %lld out of range for positional args tuple",
                                 (long long)number);
    return t->arguments[number];
}

// Follows ".name" and "[index]" from *value, which becomes what is found.
static bool follow(Template *t, Part rest, Value *value) {
    VM *vm = t->vm;
    size_t at = 0;
    while (at < rest.size) {
        char c = rest.text[at++];
        size_t start = at;
        if (c == '.') {
            while (at < rest.size && rest.text[at] != '.' && rest.text[at] != '[') at++;
            if (at == start) return fail(vm, "Empty attribute in format string");
            String *name = string_intern_from(vm, rest.text + start, at - start);
            if (!name) return false;
            *value = value_get_attribute(vm, *value, name);
        } else if (c == '[') {
            while (at < rest.size && rest.text[at] != ']') at++;
            if (at >= rest.size) return fail(vm, "Missing ']' in format string");
            Part index = {rest.text + start, at++ - start};
            if (!index.size) return fail(vm, "Empty attribute in format string");
            int64_t number = part_number(vm, index);
            if (number == -2) return false;
            Value key = number >= 0 ? int_from_int64(vm, number)
                                    : object_or_error(string_new(vm, index.text, index.size));
            if (is_error(key)) return false;
            *value = value_get_item(vm, *value, key);
        } else {
            return fail(vm, "Only '.' or '[' may follow ']' in format field specifier");
        }
        if (is_error(*value)) return false;
    }
    return true;
}

static bool convert(VM *vm, uint32_t conversion, Value *value) {
    String *text;
    switch (conversion) {
    case 'r': text = value_repr(vm, *value); break;
    case 's': text = value_str(vm, *value); break;
    case 'a': text = value_ascii(vm, *value); break;
    default:
        if (conversion > 32 && conversion < 127)
            raise_value_error(vm, "Unknown conversion specifier %c", (char)conversion);
        else
            raise_value_error(vm, "Unknown conversion specifier \\x%x", conversion);
        return false;
    }
    if (!text) return false;
    *value = value_object(text);
    return true;
}

static bool append_field(Template *t, Buffer *out, const Field *field, int depth) {
    VM *vm = t->vm;
    size_t split = 0;
    while (split < field->name.size && field->name.text[split] != '.' && field->name.text[split] != '[')
        split++;
    Value value = first_value(t, (Part){field->name.text, split});
    if (is_error(value)) return false;
    if (!follow(t, (Part){field->name.text + split, field->name.size - split}, &value)) return false;
    if (field->conversion && !convert(vm, field->conversion, &value)) return false;
    String *specification;
    if (field->nested) {
        Buffer expanded = vm_buffer(vm);
        if (!append_template(t, &expanded, field->specification, depth - 1)) return buffer_free(&expanded), false;
        specification = string_from_buffer(vm, &expanded);
    } else {
        specification = string_new(vm, field->specification.text, field->specification.size);
    }
    if (!specification) return false;
    String *text = !specification->size && is_exact_string(vm, value) ? string_of(value)
                                                                      : value_format(vm, value, specification);
    if (!text) return false;
    buffer_string(out, text);
    return true;
}

static bool append_template(Template *t, Buffer *out, Part text, int depth) {
    VM *vm = t->vm;
    if (depth < 0) return fail(vm, "Max string recursion exceeded");
    size_t at = 0;
    while (at < text.size) {
        if (!vm_poll(vm, 4)) return false;
        if (out->failed) return raise_memory_error(vm), false;
        size_t start = at;
        while (at < text.size && text.text[at] != '{' && text.text[at] != '}') at++;
        buffer_append(out, text.text + start, at - start);
        if (at >= text.size) break;
        char c = text.text[at++];
        if (at < text.size && text.text[at] == c) {
            buffer_byte(out, c);
            at++;
            continue;
        }
        if (c == '}') return fail(vm, "Single '}' encountered in format string");
        if (at >= text.size) return fail(vm, "Single '{' encountered in format string");
        Field field;
        if (!read_field(vm, text, &at, &field) || !append_field(t, out, &field, depth)) return false;
    }
    return true;
}

Value format_template(VM *vm, String *template, Value *arguments, size_t count, Value mapping) {
    Template t = {vm, arguments, count, mapping, NUMBERING_UNKNOWN, 0};
    char room[BUFFER_ROOM];
    Buffer out = vm_buffer_in(vm, room);
    if (!append_template(&t, &out, (Part){template->data, template->size}, 1)) return buffer_free(&out), VALUE_ERROR;
    return object_or_error(string_from_buffer(vm, &out));
}

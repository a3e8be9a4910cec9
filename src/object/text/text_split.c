// The methods of str, bytes and bytearray that take apart: split, splitlines, partition, strip.
#include "base/utf8.h"
#include "object/text/text_internal.h"
#include "object/text/text_methods_internal.h"
#include "object/text/unicode.h"

// White space: of Unicode in str, of ASCII in bytes.
static bool is_space(const Text *text, uint32_t c) {
    if (text->kind == KIND_STRING) return unicode_is_space(c);
    return c == ' ' || (c >= 9 && c <= 13);
}

// The start of the character before `end`.
static size_t previous(const Text *text, size_t end) {
    end--;
    if (text->kind == KIND_STRING)
        while (((unsigned char)text->data[end] & 0xC0) == 0x80) end--;
    return end;
}

static bool add_piece(VM *vm, List *list, Value self, const Text *text, size_t from, size_t to) {
    Value piece = text_piece(vm, self, text, from, to);
    return !is_error(piece) && list_append(vm, list, piece);
}

static size_t skip_space(VM *vm, const Text *text, size_t at, bool space) {
    size_t start = at;
    while (at < text->size) {
        int width;
        if (is_space(text, text_character(text, at, &width)) != space) break;
        at += (size_t)width;
    }
    vm_count_work(vm, work_of_characters(at - start));
    return at;
}

static size_t skip_space_back(VM *vm, const Text *text, size_t end, bool space) {
    size_t start = end;
    while (end) {
        int width;
        size_t at = previous(text, end);
        if (is_space(text, text_character(text, at, &width)) != space) break;
        end = at;
    }
    vm_count_work(vm, work_of_characters(start - end));
    return end;
}

static bool split_space(VM *vm, List *list, Value self, const Text *text, int64_t limit) {
    for (size_t at = skip_space(vm, text, 0, true); at < text->size; at = skip_space(vm, text, at, true)) {
        if (limit-- == 0) return add_piece(vm, list, self, text, at, text->size);
        if (!vm_poll(vm, 2)) return false;
        size_t end = skip_space(vm, text, at, false);
        if (!add_piece(vm, list, self, text, at, end)) return false;
        at = end;
    }
    return true;
}

static bool rsplit_space(VM *vm, List *list, Value self, const Text *text, int64_t limit) {
    for (size_t end = skip_space_back(vm, text, text->size, true); end; end = skip_space_back(vm, text, end, true)) {
        if (limit-- == 0) return add_piece(vm, list, self, text, 0, end);
        if (!vm_poll(vm, 2)) return false;
        size_t at = skip_space_back(vm, text, end, false);
        if (!add_piece(vm, list, self, text, at, end)) return false;
        end = at;
    }
    return true;
}

static bool split_by(VM *vm, List *list, Value self, const Text *text, const Text *separator, int64_t limit) {
    size_t at = 0;
    while (limit-- != 0) {
        if (!vm_poll(vm, 2)) return false;
        int64_t found = find_forward(vm, text->data + at, text->size - at, separator->data, separator->size);
        if (found == -2) return false;
        if (found < 0) break;
        if (!add_piece(vm, list, self, text, at, at + (size_t)found)) return false;
        at += (size_t)found + separator->size;
    }
    return add_piece(vm, list, self, text, at, text->size);
}

static bool rsplit_by(VM *vm, List *list, Value self, const Text *text, const Text *separator,
                      int64_t limit) {
    size_t end = text->size;
    while (limit-- != 0) {
        if (!vm_poll(vm, 2)) return false;
        int64_t found = find_backward(vm, text->data, end, separator->data, separator->size);
        if (found == -2) return false;
        if (found < 0) break;
        if (!add_piece(vm, list, self, text, (size_t)found + separator->size, end)) return false;
        end = (size_t)found;
    }
    return add_piece(vm, list, self, text, 0, end);
}

static Value split(VM *vm, Value *args, bool backward) {
    int64_t limit = -1;
    if (!is_empty(args[2]) && !size_argument(vm, args[2], &limit)) return VALUE_ERROR;
    if (limit < 0) limit = INT64_MAX;
    Text text, separator;
    text_view(args[0], &text);
    List *list = list_new(vm, 0);
    if (!list) return VALUE_ERROR;
    bool good;
    if (is_empty(args[1]) || is_none(args[1])) {
        good = backward ? rsplit_space(vm, list, args[0], &text, limit)
                        : split_space(vm, list, args[0], &text, limit);
    } else {
        if (!text_argument(vm, &text, args[1], &separator, "must be str or None, not %s",
                           type_name(vm, args[1])))
            return VALUE_ERROR;
        if (!separator.size) return raise_value_error(vm, "empty separator");
        good = backward ? rsplit_by(vm, list, args[0], &text, &separator, limit)
                        : split_by(vm, list, args[0], &text, &separator, limit);
    }
    if (!good) return VALUE_ERROR;
    for (size_t i = 0, j = list->length; backward && i + 1 < j; i++) {
        Value item = list->items[i];
        list->items[i] = list->items[--j];
        list->items[j] = item;
    }
    return value_object(list);
}

static Value text_split(VM *vm, Value *args, size_t count) { return split(vm, args, false); }
static Value text_rsplit(VM *vm, Value *args, size_t count) { return split(vm, args, true); }

static Value text_splitlines(VM *vm, Value *args, size_t count) {
    int keep = is_empty(args[1]) ? 0 : value_truth(vm, args[1]);
    if (keep < 0) return VALUE_ERROR;
    Text text;
    text_view(args[0], &text);
    List *list = list_new(vm, 0);
    if (!list) return VALUE_ERROR;
    for (size_t at = 0, start = 0; at < text.size; start = at) {
        if (!vm_poll(vm, 2)) return VALUE_ERROR;
        size_t end = text.size;
        while (at < text.size) {
            int width;
            uint32_t c = text_character(&text, at, &width);
            at += (size_t)width;
            if (text.kind == KIND_STRING ? !unicode_is_line_break(c) : c != '\n' && c != '\r') continue;
            end = at - (size_t)width;
            if (c == '\r' && at < text.size && text.data[at] == '\n') at++;
            break;
        }
        vm_count_work(vm, work_of_characters(at - start));
        if (!add_piece(vm, list, args[0], &text, start, keep ? at : end)) return VALUE_ERROR;
    }
    return value_object(list);
}

static Value partition(VM *vm, Value *args, bool backward) {
    Text text, separator;
    text_view(args[0], &text);
    if (!text_argument(vm, &text, args[1], &separator, "must be str, not %s", type_name(vm, args[1])))
        return VALUE_ERROR;
    if (!separator.size) return raise_value_error(vm, "empty separator");
    int64_t found = backward ? find_backward(vm, text.data, text.size, separator.data, separator.size)
                             : find_forward(vm, text.data, text.size, separator.data, separator.size);
    if (found == -2) return VALUE_ERROR;
    Value parts[3];
    if (found < 0) {
        Value whole = text_piece(vm, args[0], &text, 0, text.size);
        parts[0] = backward ? text_new(vm, text.kind, "", 0) : whole;
        parts[1] = text_new(vm, text.kind, "", 0);
        parts[2] = backward ? whole : text_new(vm, text.kind, "", 0);
    } else {
        size_t at = (size_t)found;
        parts[0] = text_new(vm, text.kind, text.data, at);
        parts[1] = text_new(vm, text.kind, separator.data, separator.size);
        parts[2] = text_new(vm, text.kind, text.data + at + separator.size, text.size - at - separator.size);
    }
    if (is_error(parts[0]) || is_error(parts[1]) || is_error(parts[2])) return VALUE_ERROR;
    return object_or_error(tuple_from(vm, parts, 3));
}

static Value text_partition(VM *vm, Value *args, size_t count) { return partition(vm, args, false); }
static Value text_rpartition(VM *vm, Value *args, size_t count) { return partition(vm, args, true); }

// Whether the character at text[at, at + width) is one of the set: 1, 0, -1.
static int in_set(VM *vm, const Text *set, const char *character, int width) {
    int64_t found = vm_poll(vm, 1) ? find_forward(vm, set->data, set->size, character, (size_t)width) : -2;
    return found == -2 ? -1 : found >= 0;
}

static Value strip(VM *vm, Value *args, bool left, bool right, const char *method) {
    Text text, set;
    text_view(args[0], &text);
    size_t from = 0, to = text.size;
    if (is_empty(args[1]) || is_none(args[1])) {
        if (left) from = skip_space(vm, &text, 0, true);
        if (right && from < to) to = skip_space_back(vm, &text, to, true);
        return text_piece(vm, args[0], &text, from, to);
    }
    if (!text_argument(vm, &text, args[1], &set, "%s arg must be None or str", method)) return VALUE_ERROR;
    while (left && from < to) {
        int width;
        text_character(&text, from, &width);
        int is_in = in_set(vm, &set, text.data + from, width);
        if (is_in < 0) return VALUE_ERROR;
        if (!is_in) break;
        from += (size_t)width;
    }
    while (right && from < to) {
        size_t at = previous(&text, to);
        int is_in = in_set(vm, &set, text.data + at, (int)(to - at));
        if (is_in < 0) return VALUE_ERROR;
        if (!is_in) break;
        to = at;
    }
    return text_piece(vm, args[0], &text, from, to);
}

static Value text_strip(VM *vm, Value *args, size_t count) { return strip(vm, args, true, true, "strip"); }
static Value text_lstrip(VM *vm, Value *args, size_t count) { return strip(vm, args, true, false, "lstrip"); }
static Value text_rstrip(VM *vm, Value *args, size_t count) { return strip(vm, args, false, true, "rstrip"); }

const NativeDefinition text_split_methods[] = {
    {"split", text_split, "self, /, sep=None, maxsplit=-1", NATIVE_METHOD,
     "The list of parts between separators, cut at most `maxsplit` times from the left. Without one, runs of white space separate."},
    {"rsplit", text_rsplit, "self, /, sep=None, maxsplit=-1", NATIVE_METHOD,
     "As split(), but where `maxsplit` limits the cuts they are made from the right."},
    {"splitlines", text_splitlines, "self, /, keepends=False", NATIVE_METHOD,
     "The list of lines, without what ends them unless keepends is true."},
    {"partition", text_partition, "self, sep, /", NATIVE_METHOD,
     "What stands before the first separator, the separator, and what follows; where it is missing, all and two empty parts."},
    {"rpartition", text_rpartition, "self, sep, /", NATIVE_METHOD,
     "What stands before the last separator, the separator, and what follows; where it is missing, two empty parts and all."},
    {"strip", text_strip, "self, chars=None, /", NATIVE_METHOD,
     "A copy without the white space at both ends, or without the given characters there."},
    {"lstrip", text_lstrip, "self, chars=None, /", NATIVE_METHOD,
     "A copy without the white space at the start, or without the given characters there."},
    {"rstrip", text_rstrip, "self, chars=None, /", NATIVE_METHOD,
     "A copy without the white space at the end, or without the given characters there."},
    {0},
};

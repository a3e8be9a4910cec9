#include "syntax/source.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

typedef enum { ENCODING_UTF8, ENCODING_ASCII, ENCODING_LATIN1, ENCODING_UNKNOWN } Encoding;

static bool is_name_character(char c) {
    return c == '-' || c == '_' || c == '.' || (c >= '0' && c <= '9') ||
           ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

// Finds the encoding's name in a comment line that declares one. Returns its length, 0 when there is none.
static size_t find_declaration(const char *line, const char *end, const char **name) {
    while (line < end && (*line == ' ' || *line == '\t' || *line == '\f')) line++;
    if (line == end || *line != '#') return 0;
    for (; line + 7 <= end; line++) {
        if (memcmp(line, "coding", 6) || (line[6] != ':' && line[6] != '=')) continue;
        const char *s = line + 7;
        while (s < end && (*s == ' ' || *s == '\t')) s++;
        const char *start = s;
        while (s < end && is_name_character(*s)) s++;
        if (s == start) continue;
        *name = start;
        return (size_t)(s - start);
    }
    return 0;
}

static Encoding encoding_named(const char *name, size_t length) {
    char normal[16];
    size_t count = 0;
    for (size_t i = 0; i < length && count < sizeof normal - 1; i++) {
        char c = name[i];
        if (c == '_') c = '-';
        normal[count++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    normal[count] = 0;
    if (!strcmp(normal, "utf-8") || !strncmp(normal, "utf-8-", 6) || !strcmp(normal, "utf8"))
        return ENCODING_UTF8;
    if (!strcmp(normal, "ascii") || !strcmp(normal, "us-ascii")) return ENCODING_ASCII;
    if (!strcmp(normal, "latin-1") || !strcmp(normal, "iso-8859-1") || !strcmp(normal, "iso-latin-1") ||
        !strcmp(normal, "latin1") || !strcmp(normal, "iso8859-1")) {
        return ENCODING_LATIN1;
    }
    return ENCODING_UNKNOWN;
}

static bool is_blank_line(const char *line, const char *end) {
    while (line < end && (*line == ' ' || *line == '\t' || *line == '\f')) line++;
    return line == end || *line == '#';
}

static const char *line_end(const char *s, const char *end) {
    while (s < end && *s != '\n' && *s != '\r') s++;
    return s;
}

// The encoding that one of the first two lines declares.
static Encoding declared_encoding(Arena *arena, const char *bytes, size_t length, Text *found,
                                  SyntaxError *error) {
    const char *end = bytes + length, *line = bytes;
    for (int i = 0; i < 2; i++) {
        const char *stop = line_end(line, end), *name;
        size_t size = find_declaration(line, stop, &name);
        if (size) {
            Encoding encoding = encoding_named(name, size);
            *found = (Text){name, size > 80 ? 80 : size};
            if (encoding == ENCODING_UNKNOWN) {
                error->message =
                    arena_format(arena, "unknown encoding: %.*s", (int)(size > 80 ? 80 : size), name);
            }
            return encoding;
        }
        if (!is_blank_line(line, stop) || stop == end) break;
        line = stop + (*stop == '\r' && stop + 1 < end && stop[1] == '\n' ? 2 : 1);
    }
    return ENCODING_UTF8;
}

// Says which byte cannot be decoded, and why.
static void fail_decoding(Arena *arena, const char *bytes, size_t length, size_t bad, SyntaxError *error) {
    unsigned char c = (unsigned char)bytes[bad];
    const char *why = "invalid start byte";
    size_t run = 1;
    if (c >= 0xC2 && c <= 0xF4) {
        size_t width = (size_t)utf8_width(c);
        while (run < width && bad + run < length && ((unsigned char)bytes[bad + run] & 0xC0) == 0x80) {
            unsigned char next = (unsigned char)bytes[bad + run];
            bool out = run == 1 && ((c == 0xE0 && next < 0xA0) || (c == 0xED && next > 0x9F) ||
                                    (c == 0xF0 && next < 0x90) || (c == 0xF4 && next > 0x8F));
            if (out) break;
            run++;
        }
        why = bad + run < length ? "invalid continuation byte" : "unexpected end of data";
    }
    if (run > 1) {
        error->message =
            arena_format(arena, "(unicode error) 'utf-8' codec can't decode bytes in position %zu-%zu: %s",
                         bad, bad + run - 1, why);
    } else {
        error->message = arena_format(
            arena, "(unicode error) 'utf-8' codec can't decode byte 0x%02x in position %zu: %s", c, bad, why);
    }
}

static bool check_encoding(Arena *arena, const char *bytes, size_t length, Encoding encoding,
                           SyntaxError *error) {
    size_t bad = 0;
    if (encoding == ENCODING_LATIN1) return true;
    if (encoding == ENCODING_ASCII) {
        while (bad < length && (unsigned char)bytes[bad] < 0x80) bad++;
        if (bad == length) return true;
        error->message = arena_format(arena,
                                      "(unicode error) 'ascii' codec can't decode byte 0x%02x in position "
                                      "%zu: ordinal not in range(128)",
                                      (unsigned char)bytes[bad], bad);
        return false;
    }
    if (utf8_valid(bytes, length, false, &bad)) return true;
    fail_decoding(arena, bytes, length, bad, error);
    return false;
}

// Cuts a copy of the text into lines.
static void cut_lines(Arena *arena, Source *source) {
    char *copy = arena_copy(arena, source->text, source->length);
    size_t count = 0;
    for (uint32_t i = 0; i < source->length; i++) count += copy[i] == '\n';
    source->lines = arena_allocate(arena, (count + 1) * sizeof(Text));
    source->line_count = count;
    char *start = copy;
    for (size_t i = 0; i < count; i++) {
        char *end = memchr(start, '\n', (size_t)(copy + source->length - start));
        *end = 0;
        source->lines[i] = (Text){start, (size_t)(end - start)};
        start = end + 1;
    }
}

bool source_prepare(Arena *arena, const char *bytes, size_t length, Source *source, SyntaxError *error) {
    if (length > UINT32_MAX / 4) {
        error->message = "source code is too long";
        return false;
    }
    bool marked = length >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3);
    if (marked) bytes += 3, length -= 3;
    if (length && memchr(bytes, 0, length)) {
        error->message = "source code cannot contain null bytes";
        return false;
    }
    Text name = {"utf-8", 5};
    Encoding encoding = declared_encoding(arena, bytes, length, &name, error);
    if (encoding == ENCODING_UNKNOWN) return false;
    // CPython lets only the proper name of the encoding stand beside the mark.
    if (marked && (encoding != ENCODING_UTF8 || !memcmp(name.data, "utf8", 4))) {
        error->message = arena_format(arena, "encoding problem: %.*s with BOM", (int)name.length, name.data);
        return false;
    }
    if (!check_encoding(arena, bytes, length, encoding, error)) return false;
    char *text = arena_allocate(arena, length * (encoding == ENCODING_LATIN1 ? 2 : 1) + 4);
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        if (c == '\r') {
            if (i + 1 < length && bytes[i + 1] == '\n') continue;
            c = '\n';
        }
        if (encoding == ENCODING_LATIN1)
            count += (size_t)utf8_encode((unsigned char)c, text + count);
        else
            text[count++] = c;
    }
    if (count && text[count - 1] != '\n') text[count++] = '\n';
    source->text = text;
    source->length = (uint32_t)count;
    cut_lines(arena, source);
    return true;
}

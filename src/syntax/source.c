#include "syntax/source.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

typedef enum {
    ENCODING_UTF8,  // by its proper name, or without a declaration
    ENCODING_UTF8_ALIAS,
    ENCODING_ASCII,
    ENCODING_LATIN1,
    ENCODING_LATIN9,
    ENCODING_CP1252,
    ENCODING_KOI8_R,
    ENCODING_UNKNOWN,
} Encoding;

// The names that CPython's codecs go by.
static const struct {
    const char *name;
    Encoding encoding;
} encoding_names[] = {
    {"utf_8", ENCODING_UTF8_ALIAS},
    {"utf_8_sig", ENCODING_UTF8_ALIAS},
    {"cp65001", ENCODING_UTF8_ALIAS},
    {"u8", ENCODING_UTF8_ALIAS},
    {"utf", ENCODING_UTF8_ALIAS},
    {"utf8", ENCODING_UTF8_ALIAS},
    {"utf8_ucs2", ENCODING_UTF8_ALIAS},
    {"utf8_ucs4", ENCODING_UTF8_ALIAS},
    {"ascii", ENCODING_ASCII},
    {"646", ENCODING_ASCII},
    {"ansi_x3.4_1968", ENCODING_ASCII},
    {"ansi_x3.4_1986", ENCODING_ASCII},
    {"ansi_x3_4_1968", ENCODING_ASCII},
    {"cp367", ENCODING_ASCII},
    {"csascii", ENCODING_ASCII},
    {"ibm367", ENCODING_ASCII},
    {"iso646_us", ENCODING_ASCII},
    {"iso_646.irv_1991", ENCODING_ASCII},
    {"iso_ir_6", ENCODING_ASCII},
    {"us", ENCODING_ASCII},
    {"us_ascii", ENCODING_ASCII},
    {"latin_1", ENCODING_LATIN1},
    {"8859", ENCODING_LATIN1},
    {"cp819", ENCODING_LATIN1},
    {"csisolatin1", ENCODING_LATIN1},
    {"ibm819", ENCODING_LATIN1},
    {"iso8859", ENCODING_LATIN1},
    {"iso8859_1", ENCODING_LATIN1},
    {"iso_8859_1", ENCODING_LATIN1},
    {"iso_8859_1_1987", ENCODING_LATIN1},
    {"iso_ir_100", ENCODING_LATIN1},
    {"l1", ENCODING_LATIN1},
    {"latin", ENCODING_LATIN1},
    {"latin1", ENCODING_LATIN1},
    {"iso8859_15", ENCODING_LATIN9},
    {"iso_8859_15", ENCODING_LATIN9},
    {"l9", ENCODING_LATIN9},
    {"latin9", ENCODING_LATIN9},
    {"cp1252", ENCODING_CP1252},
    {"1252", ENCODING_CP1252},
    {"windows_1252", ENCODING_CP1252},
    {"koi8_r", ENCODING_KOI8_R},
    {"cskoi8r", ENCODING_KOI8_R},
};

// 0x80 to 0x9F of Windows' code page; 0: not assigned.
static const uint16_t cp1252[32] = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
                                    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                                    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

static const uint16_t koi8_r[128] = {
    0x2500, 0x2502, 0x250C, 0x2510, 0x2514, 0x2518, 0x251C, 0x2524, 0x252C, 0x2534, 0x253C, 0x2580, 0x2584, 0x2588, 0x258C, 0x2590,
    0x2591, 0x2592, 0x2593, 0x2320, 0x25A0, 0x2219, 0x221A, 0x2248, 0x2264, 0x2265, 0x00A0, 0x2321, 0x00B0, 0x00B2, 0x00B7, 0x00F7,
    0x2550, 0x2551, 0x2552, 0x0451, 0x2553, 0x2554, 0x2555, 0x2556, 0x2557, 0x2558, 0x2559, 0x255A, 0x255B, 0x255C, 0x255D, 0x255E,
    0x255F, 0x2560, 0x2561, 0x0401, 0x2562, 0x2563, 0x2564, 0x2565, 0x2566, 0x2567, 0x2568, 0x2569, 0x256A, 0x256B, 0x256C, 0x00A9,
    0x044E, 0x0430, 0x0431, 0x0446, 0x0434, 0x0435, 0x0444, 0x0433, 0x0445, 0x0438, 0x0439, 0x043A, 0x043B, 0x043C, 0x043D, 0x043E,
    0x043F, 0x044F, 0x0440, 0x0441, 0x0442, 0x0443, 0x0436, 0x0432, 0x044C, 0x044B, 0x0437, 0x0448, 0x044D, 0x0449, 0x0447, 0x044A,
    0x042E, 0x0410, 0x0411, 0x0426, 0x0414, 0x0415, 0x0424, 0x0413, 0x0425, 0x0418, 0x0419, 0x041A, 0x041B, 0x041C, 0x041D, 0x041E,
    0x041F, 0x042F, 0x0420, 0x0421, 0x0422, 0x0423, 0x0416, 0x0412, 0x042C, 0x042B, 0x0417, 0x0428, 0x042D, 0x0429, 0x0427, 0x042A};

// The character of a byte in an encoding with one byte for each.
static uint32_t character_of(Encoding encoding, unsigned char c) {
    if (encoding == ENCODING_CP1252 && c >= 0x80 && c < 0xA0) return cp1252[c - 0x80];
    if (encoding == ENCODING_KOI8_R && c >= 0x80) return koi8_r[c - 0x80];
    if (encoding != ENCODING_LATIN9) return c;
    switch (c) {
    case 0xA4: return 0x20AC;
    case 0xA6: return 0x0160;
    case 0xA8: return 0x0161;
    case 0xB4: return 0x017D;
    case 0xB8: return 0x017E;
    case 0xBC: return 0x0152;
    case 0xBD: return 0x0153;
    case 0xBE: return 0x0178;
    default: return c;
    }
}

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

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

// Whether the name, with hyphens for underscores, is `proper` or begins with it and a hyphen: as editors mark line ends.
static bool is_proper(const char *name, size_t length, const char *proper) {
    size_t size = strlen(proper);
    if (length < size) return false;
    for (size_t i = 0; i < size; i++)
        if ((name[i] == '_' ? '-' : lower(name[i])) != proper[i]) return false;
    return length == size || name[size] == '-' || name[size] == '_';
}

static Encoding encoding_named(const char *name, size_t length) {
    if (is_proper(name, length, "utf-8")) return ENCODING_UTF8;
    if (is_proper(name, length, "latin-1") || is_proper(name, length, "iso-8859-1") || is_proper(name, length, "iso-latin-1"))
        return ENCODING_LATIN1;
    // Hyphens and underscores, however many, are one underscore, and none at the ends.
    char normal[24];
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        char c = lower(name[i]);
        bool mark = c == '-' || c == '_';
        if (mark && (count == 0 || normal[count - 1] == '_')) continue;
        if (count == sizeof normal - 1) return ENCODING_UNKNOWN;
        normal[count++] = mark ? '_' : c;
    }
    if (count && normal[count - 1] == '_') count--;
    normal[count] = 0;
    for (size_t i = 0; i < sizeof encoding_names / sizeof *encoding_names; i++)
        if (!strcmp(normal, encoding_names[i].name)) return encoding_names[i].encoding;
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
            *found = (Text){name, size};
            if (encoding == ENCODING_UNKNOWN) {
                error->message =
                    arena_format(arena, "unknown encoding: %.*s", (int)size, name);
            }
            return encoding;
        }
        if (!is_blank_line(line, stop) || stop == end) break;
        line = stop + (*stop == '\r' && stop + 1 < end && stop[1] == '\n' ? 2 : 1);
    }
    return ENCODING_UTF8;
}

// Says which byte cannot be decoded, and why.
static void fail_decoding(Arena *arena, const char *bytes, size_t length, size_t bad, Encoding encoding, SyntaxError *error) {
    const char *prefix = encoding == ENCODING_UTF8 ? "(unicode error) " : "";
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
            arena_format(arena, "%s'utf-8' codec can't decode bytes in position %zu-%zu: %s", prefix,
                         bad, bad + run - 1, why);
    } else {
        error->message = arena_format(
            arena, "%s'utf-8' codec can't decode byte 0x%02x in position %zu: %s", prefix, c, bad, why);
    }
}

static bool check_encoding(Arena *arena, const char *bytes, size_t length, Encoding encoding,
                           SyntaxError *error) {
    size_t bad = 0;
    if (encoding == ENCODING_LATIN1 || encoding == ENCODING_LATIN9 || encoding == ENCODING_KOI8_R) return true;
    if (encoding == ENCODING_ASCII || encoding == ENCODING_CP1252) {
        bool ascii = encoding == ENCODING_ASCII;
        for (; bad < length; bad++) {
            unsigned char c = (unsigned char)bytes[bad];
            if (c >= 0x80 && (ascii || !character_of(encoding, c))) break;
        }
        if (bad == length) return true;
        error->message = arena_format(arena, "'%s' codec can't decode byte 0x%02x in position %zu: %s", ascii ? "ascii" : "charmap",
                                      (unsigned char)bytes[bad], bad,
                                      ascii ? "ordinal not in range(128)" : "character maps to <undefined>");
        return false;
    }
    if (utf8_valid(bytes, length, false, &bad)) return true;
    fail_decoding(arena, bytes, length, bad, encoding, error);
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
    if (marked && encoding != ENCODING_UTF8) {
        error->message = arena_format(arena, "encoding problem: %.*s with BOM", (int)name.length, name.data);
        return false;
    }
    if (!check_encoding(arena, bytes, length, encoding, error)) return false;
    bool single = encoding >= ENCODING_LATIN1; // a byte for each character, which has at most three in UTF-8
    char *text = arena_allocate(arena, length * (single ? 3 : 1) + 4);
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        if (c == '\r') {
            if (i + 1 < length && bytes[i + 1] == '\n') continue;
            c = '\n';
        }
        if (single)
            count += (size_t)utf8_encode(character_of(encoding, (unsigned char)c), text + count);
        else
            text[count++] = c;
    }
    if (count && text[count - 1] != '\n') text[count++] = '\n';
    source->text = text;
    source->length = (uint32_t)count;
    cut_lines(arena, source);
    return true;
}

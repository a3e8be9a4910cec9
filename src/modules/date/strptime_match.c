// strptime()'s formats. What a directive takes is one of some shapes, tried in their order; when what follows does not fit, the next one
// is. (CPython makes a regular expression of a format, so that each of these gives way as there.)
#include <string.h>

#include "base/utf8.h"
#include "modules/date/date_internal.h"
#include "modules/date/strptime_internal.h"
#include "modules/library.h"
#include "modules/system/clock.h"
#include "object/container/dict.h"
#include "object/shared/builtin.h"
#include "object/text/unicode.h"

const char *const strptime_days[7] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
const char *const strptime_months[12] = {"january", "february", "march",     "april",   "may",      "june",
                                         "july",    "august",   "september", "october", "november", "december"};

// Numbers. Between bars stand shapes: for each character the lowest and the highest, or "dd" for any decimal digit. `size` is how many
// characters CPython's expression takes, which its message about a directive that comes twice counts.
static const struct {
    char letter;
    uint8_t size;
    const char *shapes;
} numbers[] = {{'d', 41, "3301|12dd|0019|19|  19"},
               {'H', 24, "2203|01dd|dd"},
               {'I', 26, "1102|0019|19"},
               {'j', 71, "336606|3305dd|12dddd|0019dd|000019|19dd|0019|19"},
               {'m', 26, "1102|0019|19"},
               {'M', 17, "05dd|dd"},
               {'S', 24, "6601|05dd|dd"},
               {'U', 24, "5503|04dd|dd"},
               {'W', 24, "5503|04dd|dd"},
               {'V', 31, "5503|0019|14dd|dd"},
               {'w', 12, "06"},
               {'u', 12, "17"},
               {'y', 11, "dddd"},
               {'Y', 15, "dddddddd"},
               {'G', 15, "dddddddd"},
               {0}};
// The others, with the groups of CPython's expression.
static const struct {
    char letter;
    uint8_t size, groups;
} others[] = {{'f', 17, 1}, {'z', 56, 3}, {'A', 63, 1}, {'a', 34, 1}, {'B', 92, 1}, {'b', 54, 1}, {'p', 12, 1}, {'Z', 7, 1}, {0}};

typedef enum { NEXT_SHAPE, NO_SHAPE, FITS } Trial;

// Before the end of a text, which holds whole characters.
static uint32_t character_at(const char *at, size_t *size) {
    int bytes = 1;
    uint32_t c = (unsigned char)*at < 0x80 ? (unsigned char)*at : utf8_decode(at, &bytes);
    *size = (size_t)bytes;
    return c;
}

static uint32_t lower(uint32_t c) {
    uint32_t out[3];
    return unicode_to_lower(c, out) == 1 ? out[0] : c;
}
static uint32_t upper(uint32_t c) {
    uint32_t out[3];
    return unicode_to_upper(c, out) == 1 ? out[0] : c;
}
static bool same_letter(uint32_t a, uint32_t b) {
    if (a == b) return true;
    if (a < 0x80 && b < 0x80) return (a | 32) == (b | 32) && (a | 32) >= 'a' && (a | 32) <= 'z';
    return lower(a) == lower(b) || upper(a) == upper(b);
}

size_t strptime_same_word(const char *at, const char *end, const char *word, size_t length) {
    const char *start = at, *word_end = word + length;
    while (word < word_end) {
        size_t size, word_size;
        if (at >= end || !same_letter(character_at(at, &size), character_at(word, &word_size))) return 0;
        at += size;
        word += word_size;
    }
    return (size_t)(at - start);
}

static bool is_space(const char *at, const char *end, size_t *size) { return at < end && unicode_is_space(character_at(at, size)); }

// ---- The shapes of a directive. Each returns FITS with *to, NO_SHAPE when there are not so many, or NEXT_SHAPE.

static Trial try_number(const char *shapes, uint32_t which, const char *at, const char *end, const char **to) {
    for (; which; which--) {
        shapes = strchr(shapes, '|');
        if (!shapes) return NO_SHAPE;
        shapes++;
    }
    for (; *shapes && *shapes != '|'; shapes += 2) {
        if (at >= end) return NEXT_SHAPE;
        size_t size;
        uint32_t c = character_at(at, &size);
        if (*shapes == 'd' ? unicode_decimal(c) < 0 : c < (unsigned char)shapes[0] || c > (unsigned char)shapes[1]) return NEXT_SHAPE;
        at += size;
    }
    return *to = at, FITS;
}

// One to six ASCII digits, as many as there are first.
static Trial try_fraction(uint32_t which, const char *at, const char *end, const char **to) {
    uint32_t digits = 0;
    while (digits < 6 && at + digits < end && at[digits] >= '0' && at[digits] <= '9') digits++;
    if (which >= digits) return NO_SHAPE;
    return *to = at + digits - which, FITS;
}

// Digits of which the first is at most `most`. NULL: they are not there.
static const char *two_digits(const char *at, const char *end, char most) {
    size_t size;
    if (!at || at >= end) return NULL;
    uint32_t first = character_at(at, &size);
    if (most ? first < '0' || first > (unsigned char)most : unicode_decimal(first) < 0) return NULL;
    at += size;
    return at < end && unicode_decimal(character_at(at, &size)) >= 0 ? at + size : NULL;
}
static const char *skip_colon(const char *at, const char *end) { return at && at < end && *at == ':' ? at + 1 : at; }

// ±HH[:]MM[[:]SS[.ffffff]] or Z; the longest first.
static Trial try_offset(uint32_t which, const char *at, const char *end, const char **to) {
    if (at < end && *at == 'Z') return which ? NO_SHAPE : (*to = at + 1, FITS);
    if (at >= end || (*at != '+' && *at != '-')) return NO_SHAPE;
    const char *minutes = two_digits(skip_colon(two_digits(at + 1, end, 0), end), end, '5');
    if (!minutes) return NO_SHAPE;
    const char *seconds = two_digits(skip_colon(minutes, end), end, '5'), *stops[8];
    uint32_t count = 0;
    stops[count++] = minutes;
    if (seconds) stops[count++] = seconds;
    if (seconds && seconds < end && *seconds == '.') {
        const char *digit = seconds + 1;
        size_t size;
        for (int i = 0; i < 6 && digit < end && unicode_decimal(character_at(digit, &size)) >= 0; i++)
            stops[count++] = digit += size;
    }
    return which >= count ? NO_SHAPE : (*to = stops[count - 1 - which], FITS);
}

static Trial try_words(const char *const *words, uint32_t count, size_t length, uint32_t which, const char *at, const char *end,
                       const char **to) {
    if (which >= count) return NO_SHAPE;
    size_t size = strptime_same_word(at, end, words[which], length ? length : strlen(words[which]));
    return *to = at + size, size ? FITS : NEXT_SHAPE;
}

// The longest name comes first, since another may begin it.
static Trial try_zone(const ZoneNames *zones, uint32_t which, const char *at, const char *end, const char **to) {
    const char *names[] = {"utc", "gmt", zones->names[0], zones->names[1]};
    for (int i = 1; i < 4; i++)
        for (int j = i; j > 0 && strlen(names[j]) > strlen(names[j - 1]); j--) {
            const char *shorter = names[j - 1];
            names[j - 1] = names[j];
            names[j] = shorter;
        }
    return try_words(names, 4, 0, which, at, end, to);
}

static Trial try_directive(const Match *match, char letter, uint32_t which, const char *at, const char *end, const char **to) {
    static const char *const halves[] = {"am", "pm"};
    switch (letter) {
    case 'f': return try_fraction(which, at, end, to);
    case 'z': return try_offset(which, at, end, to);
    case 'A': return try_words(strptime_days, 7, 0, which, at, end, to);
    case 'a': return try_words(strptime_days, 7, 3, which, at, end, to);
    case 'B': return try_words(strptime_months, 12, 0, which, at, end, to);
    case 'b': return try_words(strptime_months, 12, 3, which, at, end, to);
    case 'p': return try_words(halves, 2, 0, which, at, end, to);
    case 'Z': return try_zone(&match->zones, which, at, end, to);
    default: break;
    }
    size_t i = 0;
    while (numbers[i].letter != letter) i++;
    return try_number(numbers[i].shapes, which, at, end, to);
}

// All white space that is there, then a character less than the last time, which ended at `last`.
static Trial try_space(uint32_t which, const char *at, const char *end, const char *last, const char **to) {
    size_t size;
    if (which) {
        do last--;
        while ((*last & 0xC0) == 0x80);
    } else {
        for (last = at; is_space(last, end, &size);) last += size;
    }
    return last > at ? (*to = last, FITS) : NO_SHAPE;
}

// ---- The format

static bool raise_built(VM *vm, Buffer *message) {
    String *text = string_from_buffer(vm, message);
    if (text) raise_with_value(vm, vm->exceptions.value_error, value_object(text));
    return false;
}

// "WHAT in format 'FORMAT'", which may hold any character.
static bool refuse_format(VM *vm, const char *name, size_t size, const String *format) {
    Buffer message = vm_buffer(vm);
    if (name) {
        buffer_byte(&message, '\'');
        buffer_append(&message, name, size);
        buffer_text(&message, "' is a bad directive");
    } else {
        buffer_text(&message, "stray %");
    }
    buffer_text(&message, " in format '");
    buffer_string(&message, format);
    buffer_byte(&message, '\'');
    return raise_built(vm, &message);
}

// Where the expression of CPython would be at a directive, and with how many groups.
typedef struct {
    size_t position;
    int groups, group_of[128];
} Expression;

static size_t zone_size(const ZoneNames *zones) {
    size_t size = sizeof "utc|gmt" - 1;
    for (int i = 0; i < 2; i++) {
        const char *name = zones->names[i];
        bool known = !*name || !strcmp(name, "utc") || !strcmp(name, "gmt") || (i && !strcmp(name, zones->names[0]));
        if (!known) size++;
        for (; !known && *name; name++) size += 1 + (*name == '+' || *name == '-'); // which it escapes
    }
    return size;
}

// re.PatternError, which is what comes out of CPython here; ValueError in a build without `re`. [script]
static bool comes_twice(VM *vm, char letter, const Expression *expression) {
    String *module_name = string_intern_from(vm, "re", 2), *name = module_name ? string_intern_from(vm, "PatternError", 12) : NULL;
    String *text = name ? string_format(vm, "redefinition of group name '%c' as group %d; was group %d at position %zu", letter,
                                        expression->groups + 1, expression->group_of[(int)letter], expression->position + 4)
                        : NULL;
    if (!text) return false;
    Value module = vm->hooks.import_module(vm, module_name);
    if (is_error(module)) {
        if (!exception_matches(vm, vm->exceptions.import_error)) return false;
        exception_clear(vm);
        return raise_with_value(vm, vm->exceptions.value_error, value_object(text)), false;
    }
    Value cls = value_get_attribute(vm, module, name), argument = value_object(text);
    Value error = is_error(cls) ? cls : vm_call(vm, cls, &argument, 1, NULL);
    if (!is_error(error)) raise_value(vm, error);
    return false;
}

// Notes a directive; false with an exception. [script]
static bool note_directive(VM *vm, const Match *match, char letter, Expression *expression) {
    uint8_t size = 0, groups = 1;
    for (size_t i = 0; numbers[i].letter; i++)
        if (numbers[i].letter == letter) size = numbers[i].size;
    for (size_t i = 0; others[i].letter; i++)
        if (others[i].letter == letter) size = others[i].size, groups = others[i].groups;
    if (expression->group_of[(int)letter]) return comes_twice(vm, letter, expression);
    expression->group_of[(int)letter] = expression->groups + 1;
    expression->groups += groups;
    expression->position += size + (letter == 'Z' ? zone_size(&match->zones) : 0);
    return true;
}

static void find_zone_names(ZoneNames *zones) {
    clock_zone_names(zones->names);
    for (int i = 0; i < 2; i++)
        for (char *c = zones->names[i]; *c; c++)
            if (*c >= 'A' && *c <= 'Z') *c += 32;
}

// Writes out what stands for several directives, and checks that all others are known. False with an exception.
static bool expand_format(VM *vm, Match *match, const String *format) {
    static const char known[] = "dfHIjmMSUWVwuyYGzAaBbpZ";
    const char *at = format->data, *end = at + format->size;
    size_t size;
    while (at < end) {
        character_at(at, &size);
        if (*at != '%') {
            buffer_append(&match->format, at, size);
            at += size;
            continue;
        }
        if (++at >= end) return refuse_format(vm, NULL, 0, format);
        character_at(at, &size);
        if (*at == 'c')
            buffer_text(&match->format, "%a %b %d %H:%M:%S %Y");
        else if (*at == 'x')
            buffer_text(&match->format, "%m/%d/%y");
        else if (*at == 'X')
            buffer_text(&match->format, "%H:%M:%S");
        else if (*at == '%' || (*at && strchr(known, *at))) {
            if (*at == 'Z' && !*match->zones.names[0]) find_zone_names(&match->zones);
            buffer_byte(&match->format, '%');
            buffer_byte(&match->format, *at);
        } else {
            // What the expression would have to escape is called by its escape, with the backslash for a %.
            bool escaped = unicode_is_space(character_at(at, &size)) || (*at && strchr(".^$*+?(){}[]|\\", *at));
            return refuse_format(vm, escaped ? "%" : at, escaped ? 1 : size, format);
        }
        at += size;
    }
    match->directives = match->format.data ? match->format.data : "";
    return !match->format.failed || (raise_memory_error(vm), false);
}

// Whether no directive comes twice. False with an exception. [script]
static bool check_format(VM *vm, const Match *match) {
    Expression expression = {0};
    const char *at = match->directives, *end = at + match->format.length;
    size_t size;
    while (at < end) {
        if (*at == '%') {
            char letter = at[1];
            at += 2;
            if (letter == '%')
                expression.position++;
            else if (!note_directive(vm, match, letter, &expression))
                return false;
        } else if (is_space(at, end, &size)) {
            while (is_space(at, end, &size)) at += size;
            expression.position += 3;
        } else {
            expression.position += 1 + (strchr(".^$*+?(){}[]|\\", *at) && *at);
            character_at(at, &size);
            at += size;
        }
    }
    return true;
}

static bool warn_of_day(VM *vm, const Match *match) {
    bool day = false, year = false;
    const char *at = match->directives, *end = at + match->format.length;
    for (; at < end; at++) {
        if (*at != '%') continue;
        at++;
        day |= *at == 'd';
        year |= *at == 'Y' || *at == 'y' || *at == 'G';
    }
    return !day || year ||
           warn_deprecated(vm, "Parsing dates involving a day of month without a year specified is ambiguious\n"
                                    "and fails to parse leap day. The default behavior will change in Python 3.15\n"
                                    "to either always raise an exception or to use a different default year (TBD).\n"
                                    "To avoid trouble, add a specific year to the input & format.\n"
                                    "See https://github.com/python/cpython/issues/70647.");
}

// ---- The search

// A place where another shape may be tried.
typedef struct {
    size_t format, text; // offsets
    uint32_t shape;
    size_t shape_end; // in the text, of the shape before, if there was one
    size_t parts;
} Choice;

// Goes on from the last choice with its next shape. False: there is none left.
static bool go_back(Buffer *choices, Choice *now) {
    if (!choices->length) return false;
    choices->length -= sizeof *now;
    memcpy(now, choices->data + choices->length, sizeof *now);
    now->shape++;
    return true;
}

// What stands in the format at `now`: moves on over it, or returns false. `chosen`: there may be other shapes for it.
static bool step(Match *match, Choice *now, bool *chosen) {
    const char *format = match->directives, *format_end = format + match->format.length, *at = match->text->data + now->text,
               *end = match->text->data + match->text->size, *to;
    size_t size, text_size;
    const char *piece = format + now->format;
    bool directive = *piece == '%' && piece[1] != '%', space = is_space(piece, format_end, &size);
    *chosen = directive || space;
    if (*chosen) {
        Trial trial;
        do trial = directive ? try_directive(match, piece[1], now->shape, at, end, &to) : try_space(now->shape, at, end, match->text->data + now->shape_end, &to);
        while (trial == NEXT_SHAPE && ++now->shape);
        if (trial != FITS) return false;
        if (directive) {
            match->parts[now->parts++] = (Part){piece[1], at, to};
            piece += 2;
        } else {
            while (is_space(piece, format_end, &size)) piece += size;
        }
        at = to;
    } else {
        if (at >= end || !same_letter(character_at(piece, &size), character_at(at, &text_size))) return false;
        piece += *piece == '%' ? 2 : size;
        at += text_size;
    }
    now->format = (size_t)(piece - format);
    now->text = (size_t)(at - match->text->data);
    return true;
}

// 1: it matches up to *end; 0; -1 with an exception.
static int search(VM *vm, Match *match, const char **end) {
    Buffer choices = vm_buffer(vm);
    Choice now = {0};
    int result = 1;
    while (result == 1 && now.format < match->format.length) {
        Choice before = now;
        bool chosen;
        if (!vm_poll(vm, 2)) {
            result = -1;
        } else if (step(match, &now, &chosen)) {
            before.shape = now.shape;
            before.shape_end = now.text;
            now.shape = 0;
            if (chosen) buffer_append(&choices, (const char *)&before, sizeof before);
            if (choices.failed) result = (raise_memory_error(vm), -1);
        } else {
            result = go_back(&choices, &now);
        }
    }
    buffer_free(&choices);
    match->count = now.parts;
    *end = match->text->data + now.text;
    return result;
}

bool strptime_match(VM *vm, Match *match, String *text, String *format, const char **end) {
    *match = (Match){.format = vm_buffer(vm), .text = text};
    if (!expand_format(vm, match, format) || !warn_of_day(vm, match) || !check_format(vm, match)) return false;
    int found = search(vm, match, end);
    if (found) return found > 0;
    Buffer message = vm_buffer(vm);
    buffer_text(&message, "time data ");
    string_append_repr(vm, &message, text, false);
    buffer_text(&message, " does not match format ");
    string_append_repr(vm, &message, format, false);
    return raise_built(vm, &message);
}

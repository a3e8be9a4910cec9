// strptime() in two steps: which part of a text each directive stands for, and what the parts mean together.
#ifndef AIOLI_MODULES_DATE_STRPTIME_INTERNAL_H
#define AIOLI_MODULES_DATE_STRPTIME_INTERNAL_H

#include "base/buffer.h"
#include "modules/date/strptime.h"

enum { MOST_DIRECTIVES = 24 }; // of a format: none comes twice

// What a directive took.
typedef struct {
    char letter;
    const char *start, *end; // in the text
} Part;

// How local clocks are called, in winter and in summer; the latter is empty where there is no summer time.
typedef struct {
    char names[2][64];
} ZoneNames;

typedef struct {
    Buffer format; // its directives for whole dates and times written out
    const char *directives; // the bytes of that
    const String *text;
    ZoneNames zones;
    Part parts[MOST_DIRECTIVES]; // in the order of the format
    size_t count;
} Match;

// The names of days and months, English and in lower case, from Monday and January; `length` letters are the short ones.
extern const char *const strptime_days[7], *const strptime_months[12];

// ValueError unless the text begins with what the format says; *end is then where that ends. The caller frees match->format.
bool strptime_match(VM *vm, Match *match, String *text, String *format, const char **end);
// How many characters of a text, ignoring case, are a word: the bytes that they take, or 0.
size_t strptime_same_word(const char *at, const char *end, const char *word, size_t length);

#endif

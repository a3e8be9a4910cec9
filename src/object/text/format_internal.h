// The parsed format specification, and the laying out of numbers, shared by format.c and percent.c.
#ifndef AIOLI_OBJECT_FORMAT_INTERNAL_H
#define AIOLI_OBJECT_FORMAT_INTERNAL_H

#include "object/shared/builtin.h"
#include "object/text/format.h"

typedef struct {
    uint32_t fill;
    char align; // '<' '>' '=' '^'
    char sign;  // '+' '-' ' ' or 0
    bool no_negative_zero, alternate, zero_filled;
    int64_t width;     // -1: none
    char grouping;     // ',' '_' or 0
    int64_t precision; // -1: none
    uint32_t type;     // a code point, 0: none
} FormatSpec;

// Parses a specification; an error names the type. `type` and `align` are the defaults.
bool format_parse(VM *vm, String *specification, char type, char align, const char *type_name,
                  FormatSpec *spec);

// Appends `text` (code points: `length`) padded to the width.
void format_pad(Buffer *buffer, const char *text, size_t size, size_t length, const FormatSpec *spec);

// Appends a number with sign, prefix, grouping and padding: `digits` are those before the point, `rest` what
// follows.
void format_layout(Buffer *buffer, char sign, const char *prefix, const char *digits, size_t digit_count,
                   const char *rest, size_t rest_size, int group, const FormatSpec *spec);

#endif

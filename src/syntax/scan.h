// Text cut into pieces for people to look at: for colours, and for what the next line begins with. Unlike the lexer it has an answer for
// any text, half typed or wrong, up to its end, in one pass.
#ifndef AIOLI_SYNTAX_SCAN_H
#define AIOLI_SYNTAX_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

typedef enum {
    SCAN_KEYWORD,
    SCAN_SOFT,     // match, case and type where they are keywords
    SCAN_NAME,
    SCAN_CONSTANT, // None, True, False, Ellipsis, ...
    SCAN_NUMBER,
    SCAN_STRING,   // with its prefix and quotes, ended or not; of an f-string each part between the fields
    SCAN_COMMENT,
    SCAN_OPERATOR, // and what separates: , : ; . =
    SCAN_OPEN,     // a bracket, or the brace of an f-string's field
    SCAN_CLOSE,
    SCAN_ERROR,    // what can't stand anywhere, a number with a wrong digit, a bracket that closes nothing
} ScanKind;

typedef struct {
    uint8_t kind;
    bool begins;         // the first one of a logical line; comments begin none
    uint32_t start, end; // offsets into the text, in bytes
} ScanToken;

typedef struct {
    char character;
    bool is_field;         // the brace of a field of an f-string,
    bool in_specification; // whose format specification is being read
    uint32_t token;
} ScanBracket;

typedef struct {
    ScanToken *tokens;
    uint32_t count, capacity;
    ScanBracket *brackets; // those that are open at the end of the text
    uint32_t bracket_count, bracket_capacity;
    bool in_string;        // the text ends in a string that may go on in the next line
    bool is_continued;     // it ends with a backslash that joins the next line
} Scan;

// Scans UTF-8 (lone surrogates may be in it). Everything lives in the arena.
void scan_text(Arena *arena, const char *text, size_t length, Scan *scan);

#endif

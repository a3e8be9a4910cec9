// The door of the front end: source text in, tree or syntax error out.
#ifndef AIOLI_SYNTAX_PARSE_H
#define AIOLI_SYNTAX_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "syntax/tree.h"

typedef enum {
    PARSE_FILE,        // a module
    PARSE_EXPRESSION,  // what eval takes: one expression list
    PARSE_INTERACTIVE, // one statement of a prompt
} ParseMode;

typedef enum {
    SYNTAX_ERROR,
    SYNTAX_ERROR_INDENTATION, // IndentationError
    SYNTAX_ERROR_TAB,         // TabError
} SyntaxErrorKind;

// What an error's `end_offset` is: CPython's stages differ in what they know of the end.
typedef enum {
    SYNTAX_END_KNOWN, // where the range ends
    SYNTAX_END_SAME,  // where it begins
    SYNTAX_END_ZERO,  // 0
    SYNTAX_END_BEFORE // -1
} SyntaxErrorEnd;

typedef struct {
    SyntaxErrorKind kind;
    const char *message; // as CPython words it, in the arena
    Range range;         // line 0: the error has no place in the text
    SyntaxErrorEnd end;
    bool cuts_line_end;  // `text` is the line without its line end
    Text line_text;      // the source line of range.line without its line end
    bool incomplete;     // the text ended where more could have followed (a prompt asks for another line)
} SyntaxError;

typedef enum { SYNTAX_WARNING, SYNTAX_WARNING_DEPRECATION } SyntaxWarningKind;

// A warning about text that is accepted, such as an invalid escape sequence.
typedef struct SyntaxWarning {
    SyntaxWarningKind kind;
    const char *message;
    uint32_t line;
    Range range;              // where the SyntaxError is that a filter may make of it
    bool shows_text;          // and whether that shows its line
    Text line_text, end_text; // the lines where it begins and ends, filled in when the warning is handed on
    struct SyntaxWarning *next; // in the order of the text
} SyntaxWarning;

typedef struct {
    Module *module;          // NULL when there is an error
    SyntaxError error;       // meaningful when module is NULL
    SyntaxWarning *warnings; // or NULL
    Text *lines;             // the source's lines, without line ends, for messages of later stages
    size_t line_count;
} ParseResult;

// Parses `length` bytes of source (any bytes: a UTF-8 mark and an encoding line are understood, what is not UTF-8 is a
// syntax error). In PARSE_EXPRESSION mode the module's body is one EXPRESSION_STATEMENT. Everything in the result lives
// in the arena. Runs out of memory through arena->failure. Text nested too deep is a syntax error, never a deep
// recursion of C.
ParseResult parse_source(Arena *arena, const char *source, size_t length, ParseMode mode);

// Fills in the lines that a warning is about.
void syntax_warning_lines(SyntaxWarning *warning, const ParseResult *parsed);

#endif

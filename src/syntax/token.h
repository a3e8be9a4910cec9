// Tokens, and the lexer that makes them. The whole text is cut into an array before the parser starts:
// deciding whether `match` is a keyword, and wording a good error, both take looks ahead and back.
#ifndef AIOLI_SYNTAX_TOKEN_H
#define AIOLI_SYNTAX_TOKEN_H

#include <stdint.h>

#include "base/arena.h"
#include "syntax/parse.h"

// `kind` is one of the TOKEN_ numbers that lemon gives out.
typedef struct {
    uint16_t kind;
    uint8_t level;  // how many brackets are open after it
    bool is_field;  // the brace of a replacement field of an f-string
    uint32_t start; // offsets into the text, end exclusive
    uint32_t end;
    // The index of the token that closes or opens it, for brackets and the ends of f-strings; of the start of
    // the f-string, for its literal text; 0 for others and for what is never closed.
    uint32_t partner;
    Range range;
} Token;

enum { LIMIT_BRACKETS = 200, LIMIT_INDENTS = 100, LIMIT_FSTRINGS = 150, LIMIT_FIELDS = 3 };

// An open bracket.
typedef struct {
    char character;
    uint32_t line;
    uint32_t token;
} Bracket;

// An f-string that is being read. Its replacement fields nest through their format specifications.
typedef struct {
    char quote;
    uint8_t quote_size; // 1 or 3
    bool raw;
    uint32_t token; // its FSTRING_START
    uint32_t line, column;
    int field_count;
    struct {
        uint16_t level; // of brackets, within the field's own
        bool in_specification;
    } fields[LIMIT_FIELDS + 1];
} FString;

typedef struct {
    Arena *arena;
    const char *text; // line ends are '\n' only; a '\n' and a NUL are at its end
    uint32_t length;
    const char *cursor;
    const char *line_start;
    uint32_t line;
    Token *tokens;
    uint32_t count, capacity;
    Bracket brackets[LIMIT_BRACKETS];
    int level;
    int columns[LIMIT_INDENTS];      // of the open blocks, tabs counted to the next multiple of eight
    int alternatives[LIMIT_INDENTS]; // the same with tabs counted as one: both must agree
    int indents;
    FString *fstrings; // room for LIMIT_FSTRINGS, made at the first one
    int fstring_count;
    bool at_line_start;
    bool failed;
    bool at_end;         // the error is that the text stops
    bool in_fstring;     // the error lies inside an f-string
    bool yields;         // an error of the parser, wherever it is, is reported instead
    const char *comment; // the start of the newest comment
    SyntaxError error;
    SyntaxWarning *warnings, **next_warning;
} Lexer;

// Cuts the whole text. The last token is END_MARKER, or LEXICAL_ERROR with lexer->error saying what is wrong.
void lexer_run(Lexer *lexer);

// Records an error of the text from `start` up to `end`, both on the line that starts at line_start. The
// first wins.
void lexer_fail(Lexer *lexer, uint32_t line, uint32_t column, uint32_t end_line, uint32_t end_column,
                const char *format, ...) __attribute__((format(printf, 6, 7)));

// Adds a warning about the text on `line`.
void lexer_warn(Lexer *lexer, SyntaxWarningKind kind, uint32_t line, uint32_t column, const char *message);

// Adds a token from `start` to the cursor, on the current line.
Token *lexer_token(Lexer *lexer, int kind, const char *start);

// The keyword that a name is, or TOKEN_NAME.
int lexer_name_kind(const char *text, size_t length);

// --- layout.c: what is not the shape of a single token ---

// Reads the white space at a line's start: skips blank lines, and adds INDENT and DEDENT tokens. The cursor
// then stands at the line's first token, or at the end of the text.
void lexer_indentation(Lexer *lexer);

// Adds a bracket's token; keeps account of which are open, and of the fields of f-strings that they end.
void lexer_open(Lexer *lexer, int kind, const char *start);
void lexer_close(Lexer *lexer, int kind, const char *start);

// Ends the text: the last NEWLINE, DEDENTs and END_MARKER, or the error that something is still open.
void lexer_finish(Lexer *lexer);

// Checks a name that has bytes beyond ASCII, or says which character cannot be in one. May shorten the
// cursor.
bool lexer_check_name(Lexer *lexer, const char *start);

// Whether a character may begin a name, or go on with it.
bool lexer_starts_name(uint32_t code);
bool lexer_continues_name(uint32_t code);

// The error for a character that starts no token.
void lexer_bad_character(Lexer *lexer, const char *start);

// --- quoted.c: text between quotes ---

// Reads a string from its prefix at `start`; the cursor is behind the (first) opening quote.
void lexer_string(Lexer *lexer, const char *start);

// Starts an f-string, the cursor as above.
void lexer_fstring(Lexer *lexer, const char *start);

// Reads literal text of the innermost f-string up to its end, or to a field's brace.
void lexer_fstring_middle(Lexer *lexer);

// Whether literal text of an f-string comes next, rather than a token of an expression.
bool lexer_in_literal(const Lexer *lexer);

// --- digits.c ---

// The cursor is behind the longest valid number from `start`: checks what follows, or says what is wrong with
// it.
void lexer_number(Lexer *lexer, const char *start);

#endif

// The shapes of tokens. re2c makes the scanner of one token from it; layout (indentation, brackets, the end of the
// text) and what lies between quotes are in src/syntax.
#include <string.h>

#include "grammar/aioli.h"
#include "syntax/token.h"

/*!re2c
    re2c:define:YYCTYPE = "unsigned char";
    re2c:define:YYCURSOR = cursor;
    re2c:define:YYMARKER = marker;
    re2c:yyfill:enable = 0;
    re2c:eof = -1;

    newline     = "\n";
    name        = [a-zA-Z_\x80-\xff][a-zA-Z0-9_\x80-\xff]*;
    digits      = [0-9] ("_"? [0-9])*;
    exponent    = [eE] [+-]? digits;
    float       = (digits "." digits? | "." digits) exponent? | digits exponent;
    decimal     = [1-9] ("_"? [0-9])* | "0" ("_"? "0")*;
    hexadecimal = "0" [xX] ("_"? [0-9a-fA-F])+;
    octal       = "0" [oO] ("_"? [0-7])+;
    binary      = "0" [bB] ("_"? [01])+;
    prefix      = [rRbBuU] | [bB][rR] | [rR][bB];
    fprefix     = [fF] | [fF][rR] | [rR][fF];
*/

int lexer_name_kind(const char *text, size_t length) {
    static const struct {
        char word[9];
        uint8_t length;
        uint8_t kind;
    } keywords[] = {
        {"if", 2, TOKEN_IF},           {"in", 2, TOKEN_IN},           {"is", 2, TOKEN_IS},
        {"or", 2, TOKEN_OR},           {"as", 2, TOKEN_AS},           {"and", 3, TOKEN_AND},
        {"not", 3, TOKEN_NOT},         {"for", 3, TOKEN_FOR},         {"def", 3, TOKEN_DEF},
        {"del", 3, TOKEN_DEL},         {"try", 3, TOKEN_TRY},         {"None", 4, TOKEN_NONE},
        {"True", 4, TOKEN_TRUE},       {"else", 4, TOKEN_ELSE},       {"elif", 4, TOKEN_ELIF},
        {"pass", 4, TOKEN_PASS},       {"from", 4, TOKEN_FROM},       {"with", 4, TOKEN_WITH},
        {"False", 5, TOKEN_FALSE},     {"class", 5, TOKEN_CLASS},     {"while", 5, TOKEN_WHILE},
        {"break", 5, TOKEN_BREAK},     {"raise", 5, TOKEN_RAISE},     {"yield", 5, TOKEN_YIELD},
        {"async", 5, TOKEN_ASYNC},     {"await", 5, TOKEN_AWAIT},     {"return", 6, TOKEN_RETURN},
        {"import", 6, TOKEN_IMPORT},   {"lambda", 6, TOKEN_LAMBDA},   {"assert", 6, TOKEN_ASSERT},
        {"global", 6, TOKEN_GLOBAL},   {"except", 6, TOKEN_EXCEPT},   {"finally", 7, TOKEN_FINALLY},
        {"continue", 8, TOKEN_CONTINUE}, {"nonlocal", 8, TOKEN_NONLOCAL},
    };
    if (length < 2 || length > 8) return TOKEN_NAME;
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (keywords[i].length == length && keywords[i].word[0] == text[0] && !memcmp(keywords[i].word, text, length)) {
            return keywords[i].kind;
        }
    }
    return TOKEN_NAME;
}

static void read_name(Lexer *lexer, const char *start) {
    size_t length = (size_t)(lexer->cursor - start);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)start[i] < 0x80) continue;
        if (lexer_check_name(lexer, start)) lexer_token(lexer, TOKEN_NAME, start);
        return;
    }
    lexer_token(lexer, lexer_name_kind(start, length), start);
}

// A backslash outside of quotes may only end a line, and something must follow.
static void read_continuation(Lexer *lexer, const char *start) {
    uint32_t column = (uint32_t)(start - lexer->line_start) + 1;
    bool at_end = start + 2 >= lexer->text + lexer->length;
    if (start[1] != '\n' || at_end) {
        lexer_fail(lexer, lexer->line, column, lexer->line, column + 1,
                   start[1] != '\n' ? "unexpected character after line continuation character"
                                    : "unexpected EOF while parsing");
        lexer->error.end = start[1] != '\n' ? SYNTAX_END_ZERO : SYNTAX_END_BEFORE;
        lexer->error.cuts_line_end = false;
        lexer->at_end = at_end;
        lexer->yields = true;
        return;
    }
    lexer->cursor = start + 2;
    lexer->line++;
    lexer->line_start = lexer->cursor;
}

// A line's end: a token outside of brackets, nothing inside.
static void read_newline(Lexer *lexer, const char *start) {
    if (!lexer->level) {
        // A comment at the line's end belongs to the token.
        bool commented = lexer->comment && lexer->comment >= lexer->line_start;
        lexer_token(lexer, TOKEN_NEWLINE, commented ? lexer->comment : start);
        lexer->at_line_start = true;
    }
    lexer->line++;
    lexer->line_start = lexer->cursor;
}

// A colon is a token, and may be where a field's format specification starts.
static void read_colon(Lexer *lexer, const char *start) {
    lexer_token(lexer, TOKEN_COLON, start);
    if (!lexer->fstring_count) return;
    FString *fstring = &lexer->fstrings[lexer->fstring_count - 1];
    if (fstring->field_count && fstring->fields[fstring->field_count - 1].level == lexer->level) {
        fstring->fields[fstring->field_count - 1].in_specification = true;
    }
}

// Whether the cursor is directly in a field of an f-string, in no other bracket: a `:` and a `!` have a meaning there.
static bool in_field(const Lexer *lexer) {
    if (!lexer->fstring_count) return false;
    const FString *fstring = &lexer->fstrings[lexer->fstring_count - 1];
    return fstring->field_count && fstring->fields[fstring->field_count - 1].level == lexer->level;
}

// Reads one token (or white space) at the cursor.
static void read_token(Lexer *lexer) {
    const unsigned char *cursor = (const unsigned char *)lexer->cursor, *marker;
    const char *start = lexer->cursor;
#define TAKE(action) do { lexer->cursor = (const char *)cursor; action; return; } while (0)
#define TOKEN(kind) TAKE(lexer_token(lexer, TOKEN_##kind, start))
    /*!re2c
        [ \t\f]+            { TAKE((void)0); }
        "#" [^\n\x00]*      { TAKE(lexer->comment = start); }
        newline             { TAKE(read_newline(lexer, start)); }
        "\\"                { TAKE(read_continuation(lexer, start)); }
        "\x00"              { lexer_finish(lexer); return; }

        name                { TAKE(read_name(lexer, start)); }
        prefix? ['"]        { TAKE(lexer_string(lexer, start)); }
        fprefix ['"]        { TAKE(lexer_fstring(lexer, start)); }
        decimal | hexadecimal | octal | binary | float | (float | digits) [jJ]
                            { TAKE(lexer_number(lexer, start)); }

        "("     { TAKE(lexer_open(lexer, TOKEN_LPAR, start)); }
        "["     { TAKE(lexer_open(lexer, TOKEN_LSQB, start)); }
        "{"     { TAKE(lexer_open(lexer, TOKEN_LBRACE, start)); }
        ")"     { TAKE(lexer_close(lexer, TOKEN_RPAR, start)); }
        "]"     { TAKE(lexer_close(lexer, TOKEN_RSQB, start)); }
        "}"     { TAKE(lexer_close(lexer, TOKEN_RBRACE, start)); }
        ":="    {
            if (!in_field(lexer)) TOKEN(COLONEQUAL);
            cursor--;
            TAKE(read_colon(lexer, start));
        }
        ":"     { TAKE(read_colon(lexer, start)); }
        "!"     { TOKEN(EXCLAMATION); }
        "!="    { TOKEN(NOT_EQUAL); }
        "<>"    { TOKEN(OLD_NOT_EQUAL); }
        ","     { TOKEN(COMMA); }
        ";"     { TOKEN(SEMICOLON); }
        "."     { TOKEN(DOT); }
        "..."   { TOKEN(ELLIPSIS); }
        "->"    { TOKEN(ARROW); }
        "="     { TOKEN(EQUAL); }
        "=="    { TOKEN(EQUAL_EQUAL); }
        "<"     { TOKEN(LESS); }
        "<="    { TOKEN(LESS_EQUAL); }
        ">"     { TOKEN(GREATER); }
        ">="    { TOKEN(GREATER_EQUAL); }
        "+"     { TOKEN(PLUS); }
        "-"     { TOKEN(MINUS); }
        "*"     { TOKEN(STAR); }
        "**"    { TOKEN(DOUBLE_STAR); }
        "/"     { TOKEN(SLASH); }
        "//"    { TOKEN(DOUBLE_SLASH); }
        "%"     { TOKEN(PERCENT); }
        "@"     { TOKEN(AT); }
        "&"     { TOKEN(AMPERSAND); }
        "|"     { TOKEN(BAR); }
        "^"     { TOKEN(CARET); }
        "~"     { TOKEN(TILDE); }
        "<<"    { TOKEN(LEFT_SHIFT); }
        ">>"    { TOKEN(RIGHT_SHIFT); }
        "+="    { TOKEN(PLUS_EQUAL); }
        "-="    { TOKEN(MINUS_EQUAL); }
        "*="    { TOKEN(STAR_EQUAL); }
        "/="    { TOKEN(SLASH_EQUAL); }
        "//="   { TOKEN(DOUBLE_SLASH_EQUAL); }
        "%="    { TOKEN(PERCENT_EQUAL); }
        "@="    { TOKEN(AT_EQUAL); }
        "&="    { TOKEN(AMPERSAND_EQUAL); }
        "|="    { TOKEN(BAR_EQUAL); }
        "^="    { TOKEN(CARET_EQUAL); }
        "<<="   { TOKEN(LEFT_SHIFT_EQUAL); }
        ">>="   { TOKEN(RIGHT_SHIFT_EQUAL); }
        "**="   { TOKEN(DOUBLE_STAR_EQUAL); }
        [$?`]   { TOKEN(UNKNOWN); }
        *       { TAKE(lexer_bad_character(lexer, start)); }
    */
#undef TOKEN
#undef TAKE
}

void lexer_run(Lexer *lexer) {
    lexer->cursor = lexer->line_start = lexer->text;
    lexer->line = 1;
    lexer->at_line_start = true;
    lexer->next_warning = &lexer->warnings;
    // A starting token comes first, so that 0 can stand for no token.
    lexer_token(lexer, TOKEN_START_FILE, lexer->cursor);
    while (!lexer->failed && (lexer->tokens[lexer->count - 1].kind != TOKEN_END_MARKER)) {
        if (lexer_in_literal(lexer)) {
            lexer_fstring_middle(lexer);
        } else if (lexer->at_line_start && !lexer->level) {
            lexer->at_line_start = false;
            lexer_indentation(lexer);
        } else {
            read_token(lexer);
        }
    }
    if (lexer->failed) lexer_token(lexer, TOKEN_LEXICAL_ERROR, lexer->cursor);
}

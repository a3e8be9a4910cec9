// Where strings and the literal parts of f-strings end. What they mean is read later, in literal.c.
#include <string.h>

#include "grammar/aioli.h"
#include "syntax/token.h"

// Moves the cursor over one character; counts lines.
static void advance(Lexer *lexer) {
    if (*lexer->cursor++ == '\n') {
        lexer->line++;
        lexer->line_start = lexer->cursor;
    }
}

// Whether the text stops here. The NUL behind the text is the only one in it.
static bool at_text_end(const Lexer *lexer) { return lexer->cursor >= lexer->text + lexer->length; }

// The last line of the text, as a message counts it when a string runs to the end.
static uint32_t last_line(const Lexer *lexer) {
    return lexer->line - (lexer->line_start == lexer->cursor && lexer->cursor > lexer->text);
}

// The number of quotes that open a string whose first is at `quote`: 1 or 3; an empty string counts as 1.
static int quote_size(const char *quote) { return quote[1] == *quote && quote[2] == *quote ? 3 : 1; }

static bool at_quotes(const Lexer *lexer, char quote, int size) {
    const char *s = lexer->cursor;
    return s[0] == quote && (size == 1 || (s[1] == quote && s[2] == quote));
}

void lexer_string(Lexer *lexer, const char *start) {
    uint32_t line = lexer->line, column = (uint32_t)(start - lexer->line_start);
    char quote = lexer->cursor[-1];
    int size = quote_size(lexer->cursor - 1);
    if (size == 3) lexer->cursor += 2;
    while (!at_quotes(lexer, quote, size)) {
        if (at_text_end(lexer) || (size == 1 && *lexer->cursor == '\n')) {
            const FString *outer = lexer->fstring_count ? &lexer->fstrings[lexer->fstring_count - 1] : NULL;
            if (outer && outer->quote == quote && outer->quote_size == size && lexer->line == line) {
                // The quotes must have been meant to end the f-string.
                lexer_fail(lexer, line, column, line, column + 1, "f-string: expecting '}'");
                return;
            }
            lexer->at_end = size == 3;
            lexer_fail(lexer, line, column, line, column + 1,
                       size == 3 ? "unterminated triple-quoted string literal (detected at line %u)"
                                 : "unterminated string literal (detected at line %u)",
                       size == 3 ? last_line(lexer) : lexer->line);
            return;
        }
        if (*lexer->cursor == '\\') {
            lexer->cursor++;
            // The line end behind a last backslash is not the text's own.
            if (at_text_end(lexer) || (size == 1 && lexer->cursor + 1 == lexer->text + lexer->length))
                continue;
        }
        advance(lexer);
    }
    lexer->cursor += size;
    Token *token = lexer_token(lexer, TOKEN_STRING, start);
    token->range.line = line;
    token->range.column = column;
}

void lexer_fstring(Lexer *lexer, const char *start) {
    if (!lexer->fstrings) lexer->fstrings = arena_allocate(lexer->arena, LIMIT_FSTRINGS * sizeof(FString));
    if (lexer->fstring_count + 1 >= LIMIT_FSTRINGS) {
        uint32_t column = (uint32_t)(start - lexer->line_start);
        lexer_fail(lexer, lexer->line, column, lexer->line, column + 1, "too many nested f-strings");
        return;
    }
    FString *fstring = &lexer->fstrings[lexer->fstring_count++];
    memset(fstring, 0, sizeof *fstring);
    fstring->quote = lexer->cursor[-1];
    fstring->quote_size = (uint8_t)quote_size(lexer->cursor - 1);
    if (fstring->quote_size == 3) lexer->cursor += 2;
    fstring->raw = memchr(start, 'r', 2) || memchr(start, 'R', 2);
    fstring->line = lexer->line;
    fstring->column = (uint32_t)(start - lexer->line_start);
    fstring->token = lexer->count;
    lexer_token(lexer, TOKEN_FSTRING_START, start);
}

bool lexer_in_literal(const Lexer *lexer) {
    if (!lexer->fstring_count) return false;
    const FString *fstring = &lexer->fstrings[lexer->fstring_count - 1];
    if (!fstring->field_count) return true;
    return fstring->fields[fstring->field_count - 1].in_specification &&
           fstring->fields[fstring->field_count - 1].level == lexer->level;
}

// Adds the literal text from `start` to the cursor, if there is any.
static void add_middle(Lexer *lexer, const char *start, uint32_t line, uint32_t column) {
    if (start == lexer->cursor) return;
    Token *token = lexer_token(lexer, TOKEN_FSTRING_MIDDLE, start);
    token->range.line = line;
    token->range.column = column;
    token->partner = lexer->fstrings[lexer->fstring_count - 1].token;
}

// The brace of a field, at the cursor.
static void open_field(Lexer *lexer, FString *fstring) {
    const char *start = lexer->cursor++;
    if (fstring->field_count >= LIMIT_FIELDS) {
        uint32_t column = (uint32_t)(start - lexer->line_start) - 1;
        lexer_fail(lexer, lexer->line, column, lexer->line, column + 1,
                   "f-string: expressions nested too deeply");
        return;
    }
    lexer_open(lexer, TOKEN_LBRACE, start);
    lexer->tokens[lexer->count - 1].is_field = true;
    fstring->fields[fstring->field_count].level = (uint16_t)lexer->level;
    fstring->fields[fstring->field_count++].in_specification = false;
}

// The closing quotes, at the cursor.
static void end_fstring(Lexer *lexer, const FString *fstring) {
    const char *start = lexer->cursor;
    lexer->cursor += fstring->quote_size;
    lexer->fstring_count--;
    lexer->tokens[fstring->token].partner = lexer->count;
    lexer_token(lexer, TOKEN_FSTRING_END, start)->partner = fstring->token;
}

static void fail_unterminated(Lexer *lexer, const FString *fstring) {
    lexer->at_end = fstring->quote_size == 3;
    lexer->fstring_count--;
    lexer_fail(lexer, fstring->line, fstring->column, fstring->line, fstring->column + 1,
               fstring->quote_size == 3 ? "unterminated triple-quoted f-string literal (detected at line %u)"
                                        : "unterminated f-string literal (detected at line %u)",
               fstring->quote_size == 3 ? last_line(lexer) : lexer->line);
}

// Skips a backslash at the cursor and what it escapes. A brace is never escaped, but \N{…} holds a name.
static void skip_escape(Lexer *lexer, bool raw) {
    lexer->cursor++;
    if (*lexer->cursor == '{' || *lexer->cursor == '}' || at_text_end(lexer)) return;
    if (!raw && lexer->cursor[0] == 'N' && lexer->cursor[1] == '{') {
        const char *s = lexer->cursor + 2;
        while (*s && *s != '}' && *s != '\n' && *s != '{' && *s != '\'' && *s != '"') s++;
        if (*s == '}') {
            lexer->cursor = s + 1;
            return;
        }
    }
    advance(lexer);
}

void lexer_fstring_middle(Lexer *lexer) {
    FString *fstring = &lexer->fstrings[lexer->fstring_count - 1];
    const char *start = lexer->cursor;
    uint32_t line = lexer->line, column = (uint32_t)(start - lexer->line_start);
    bool in_specification = fstring->field_count > 0;
    for (;;) {
        char c = *lexer->cursor;
        if (c == fstring->quote && at_quotes(lexer, fstring->quote, fstring->quote_size)) {
            add_middle(lexer, start, line, column);
            end_fstring(lexer, fstring);
            return;
        }
        if (at_text_end(lexer) || (c == '\n' && fstring->quote_size == 1)) {
            if (!in_specification) {
                fail_unterminated(lexer, fstring);
                return;
            }
            // The specification ends with the line; what follows is read as the expression's tokens again.
            add_middle(lexer, start, line, column);
            fstring->fields[fstring->field_count - 1].in_specification = false;
            return;
        }
        if (c == '{') {
            if (in_specification || lexer->cursor[1] != '{') {
                add_middle(lexer, start, line, column);
                open_field(lexer, fstring);
                return;
            }
            lexer->cursor += 2;
        } else if (c == '}') {
            if (in_specification) {
                add_middle(lexer, start, line, column);
                lexer->cursor++;
                lexer_close(lexer, TOKEN_RBRACE, lexer->cursor - 1);
                return;
            }
            if (lexer->cursor[1] != '}') {
                uint32_t here = (uint32_t)(lexer->cursor - lexer->line_start);
                lexer_fail(lexer, lexer->line, here, lexer->line, here + 1,
                           "f-string: single '}' is not allowed");
                return;
            }
            lexer->cursor += 2;
        } else if (c == '\\') {
            skip_escape(lexer, fstring->raw);
        } else {
            advance(lexer);
        }
    }
}

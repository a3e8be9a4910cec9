// Lines, blocks and brackets: the parts of the lexer that remember something from token to token.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"
#include "grammar/aioli.h"
#include "syntax/token.h"

void lexer_fail(Lexer *lexer, uint32_t line, uint32_t column, uint32_t end_line, uint32_t end_column,
                const char *format, ...) {
    if (lexer->failed) return;
    char message[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    lexer->failed = true;
    lexer->in_fstring = lexer->fstring_count > 0;
    lexer->error.message = arena_copy(lexer->arena, message, strlen(message));
    lexer->error.range = (Range){line, column, end_line, end_column};
    lexer->error.end = SYNTAX_END_SAME;
    lexer->error.cuts_line_end = true;
}

// The error's text is all of its line, and its end is not known.
static void fail_whole_line(Lexer *lexer, SyntaxErrorKind kind, SyntaxErrorEnd end) {
    lexer->error.kind = kind;
    lexer->error.end = end;
    lexer->error.cuts_line_end = false;
}

void lexer_warn(Lexer *lexer, SyntaxWarningKind kind, uint32_t line, uint32_t column, const char *message) {
    SyntaxWarning *warning = arena_allocate(lexer->arena, sizeof *warning);
    *warning = (SyntaxWarning){.kind = kind, .message = message, .line = line, .range = {line, column, line, column}, .shows_text = true};
    *lexer->next_warning = warning;
    lexer->next_warning = &warning->next;
}

Token *lexer_token(Lexer *lexer, int kind, const char *start) {
    if (lexer->count == lexer->capacity) {
        uint32_t capacity = lexer->capacity ? lexer->capacity * 2 : lexer->length / 16 + 16;
        Token *tokens = arena_allocate(lexer->arena, capacity * sizeof *tokens);
        if (lexer->count) memcpy(tokens, lexer->tokens, lexer->count * sizeof *tokens);
        lexer->tokens = tokens;
        lexer->capacity = capacity;
    }
    Token *token = &lexer->tokens[lexer->count++];
    token->kind = (uint16_t)kind;
    token->level = (uint8_t)lexer->level;
    token->start = (uint32_t)(start - lexer->text);
    token->end = (uint32_t)(lexer->cursor - lexer->text);
    token->range.line = token->range.end_line = lexer->line;
    token->range.column = (uint32_t)(start - lexer->line_start);
    token->range.end_column = (uint32_t)(lexer->cursor - lexer->line_start);
    return token;
}

// Whether a line that starts here (behind its white space) holds no token.
static bool is_blank(const char *text) { return *text == '#' || *text == '\n'; }

static void skip_line(Lexer *lexer) {
    const char *end = strchr(lexer->cursor, '\n');
    lexer->cursor = lexer->line_start = end + 1;
    lexer->line++;
}

// Opens or closes blocks so that the innermost one is at `column`.
static void change_block(Lexer *lexer, int column, int alternative) {
    int indents = lexer->indents;
    int open = indents ? lexer->columns[indents - 1] : 0;
    int open_alternative = indents ? lexer->alternatives[indents - 1] : 0;
    const char *here = lexer->cursor;
    if (column > open) {
        if (indents + 1 >= LIMIT_INDENTS) {
            lexer_fail(lexer, lexer->line, 0, lexer->line, 1, "too many levels of indentation");
            fail_whole_line(lexer, SYNTAX_ERROR_INDENTATION, SYNTAX_END_BEFORE);
            lexer->yields = true;
            return;
        }
        if (alternative > open_alternative) {
            lexer->columns[indents] = column;
            lexer->alternatives[indents] = alternative;
            lexer->indents++;
            lexer_token(lexer, TOKEN_INDENT, here);
            return;
        }
    } else if (column == open) {
        if (alternative == open_alternative) return;
    } else {
        while (lexer->indents && column < lexer->columns[lexer->indents - 1]) {
            lexer->indents--;
            lexer_token(lexer, TOKEN_DEDENT, here);
        }
        open = lexer->indents ? lexer->columns[lexer->indents - 1] : 0;
        open_alternative = lexer->indents ? lexer->alternatives[lexer->indents - 1] : 0;
        if (column != open) {
            uint32_t end = (uint32_t)(strchr(here, '\n') - lexer->line_start);
            lexer_fail(lexer, lexer->line, end, lexer->line, end + 1,
                       "unindent does not match any outer indentation level");
            fail_whole_line(lexer, SYNTAX_ERROR_INDENTATION, SYNTAX_END_BEFORE);
            lexer->yields = true;
            return;
        }
        if (alternative == open_alternative) return;
    }
    lexer_fail(lexer, lexer->line, 0, lexer->line, 1, "inconsistent use of tabs and spaces in indentation");
    fail_whole_line(lexer, SYNTAX_ERROR_TAB, SYNTAX_END_ZERO);
    lexer->yields = true;
}

void lexer_indentation(Lexer *lexer) {
    for (;;) {
        int column = 0, alternative = 0, continued = 0;
        for (;; lexer->cursor++) {
            char c = *lexer->cursor;
            if (c == ' ') {
                column++, alternative++;
            } else if (c == '\t') {
                column = (column / 8 + 1) * 8;
                alternative++;
            } else if (c == '\f') {
                column = alternative = 0;
            } else if (c == '\\' && lexer->cursor[1] == '\n' && lexer->cursor[2]) {
                // The first line's white space counts when a backslash joins lines here.
                if (!continued) continued = column;
                lexer->cursor++;
                lexer->line++;
                lexer->line_start = lexer->cursor + 1;
            } else {
                break;
            }
        }
        if (!*lexer->cursor) {
            lexer->line_start = lexer->cursor;
            return;
        }
        if (is_blank(lexer->cursor)) {
            skip_line(lexer);
            continue;
        }
        if (continued) column = alternative = continued;
        change_block(lexer, column, alternative);
        return;
    }
}

// The f-string whose field is the innermost open bracket, or NULL.
static FString *field_owner(Lexer *lexer) {
    if (!lexer->fstring_count) return NULL;
    FString *fstring = &lexer->fstrings[lexer->fstring_count - 1];
    if (!fstring->field_count || fstring->fields[fstring->field_count - 1].level != lexer->level) return NULL;
    return fstring;
}

void lexer_open(Lexer *lexer, int kind, const char *start) {
    if (lexer->level >= LIMIT_BRACKETS) {
        uint32_t column = (uint32_t)(start - lexer->line_start);
        lexer_fail(lexer, lexer->line, column, lexer->line, column + 1, "too many nested parentheses");
        return;
    }
    lexer->brackets[lexer->level++] = (Bracket){*start, lexer->line, lexer->count};
    lexer_token(lexer, kind, start);
}

void lexer_close(Lexer *lexer, int kind, const char *start) {
    uint32_t column = (uint32_t)(start - lexer->line_start);
    FString *fstring = lexer->fstring_count ? &lexer->fstrings[lexer->fstring_count - 1] : NULL;
    if (fstring && !fstring->field_count) fstring = NULL;
    if (fstring && *start != '}' && field_owner(lexer)) {
        lexer_fail(lexer, lexer->line, column, lexer->line, column + 1, "f-string: unmatched '%c'", *start);
        return;
    }
    if (!lexer->level) {
        lexer_fail(lexer, lexer->line, column, lexer->line, column + 1, "unmatched '%c'", *start);
        return;
    }
    Bracket open = lexer->brackets[lexer->level - 1];
    char wanted = open.character == '(' ? ')' : open.character == '[' ? ']' : '}';
    if (*start != wanted) {
        if (open.line == lexer->line) {
            lexer_fail(lexer, lexer->line, column, lexer->line, column + 1,
                       "closing parenthesis '%c' does not match opening parenthesis '%c'", *start,
                       open.character);
        } else {
            lexer_fail(lexer, lexer->line, column, lexer->line, column + 1,
                       "closing parenthesis '%c' does not match opening parenthesis '%c' on line %u", *start,
                       open.character, open.line);
        }
        return;
    }
    if (field_owner(lexer)) fstring->field_count--;
    lexer->level--;
    lexer->tokens[open.token].partner = lexer->count;
    lexer_token(lexer, kind, start)->partner = open.token;
}

void lexer_finish(Lexer *lexer) {
    if (lexer->level) {
        Token *open = &lexer->tokens[lexer->brackets[lexer->level - 1].token];
        lexer_fail(lexer, open->range.line, open->range.column, open->range.line, open->range.column + 1,
                   "'%c' was never closed", lexer->text[open->start]);
        bool is_last_line = open->range.line + 1 >= lexer->line;
        fail_whole_line(lexer, SYNTAX_ERROR, SYNTAX_END_ZERO);
        lexer->error.cuts_line_end = !is_last_line;
        lexer->at_end = true;
        return;
    }
    lexer->line_start = lexer->cursor;
    for (; lexer->indents; lexer->indents--) lexer_token(lexer, TOKEN_DEDENT, lexer->cursor);
    lexer_token(lexer, TOKEN_END_MARKER, lexer->cursor);
}

void lexer_bad_character(Lexer *lexer, const char *start) {
    int bytes;
    uint32_t code = utf8_decode(start, &bytes);
    uint32_t column = (uint32_t)(start - lexer->line_start);
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
    bool printable = code == ' ' || !(category == UTF8PROC_CATEGORY_CN || category >= UTF8PROC_CATEGORY_ZS);
    if (printable) {
        lexer_fail(lexer, lexer->line, column, lexer->line, column + (uint32_t)bytes,
                   "invalid character '%.*s' (U+%04X)", bytes, start, code);
    } else {
        lexer_fail(lexer, lexer->line, column, lexer->line, column + (uint32_t)bytes,
                   "invalid non-printable character U+%04X", code);
    }
}

// utf8proc has no XID property: these follow from the general category, with the few exceptions of Unicode's
// Other_ID_Start and Other_ID_Continue, and without the compatibility characters whose normal form is no
// identifier.
bool lexer_starts_name(uint32_t code) {
    if (code < 0x80) return code == '_' || ((code | 0x20) >= 'a' && (code | 0x20) <= 'z');
    switch (code) {
    case 0x1885:
    case 0x1886:
    case 0x2118:
    case 0x212E:
    case 0x309B:
    case 0x309C: return code != 0x309B && code != 0x309C;
    case 0x037A:
    case 0x0E33:
    case 0x0EB3:
    case 0x2E2F:
    case 0xFF9E:
    case 0xFF9F: return false;
    default: break;
    }
    if ((code >= 0xFC5E && code <= 0xFC63) || (code >= 0xFDFA && code <= 0xFDFB)) return false;
    if (code >= 0xFE70 && code <= 0xFE7E && code % 2 == 0 && code != 0xFE75) return false;
    switch (utf8proc_category((utf8proc_int32_t)code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_NL: return true;
    default: return false;
    }
}

bool lexer_continues_name(uint32_t code) {
    if (lexer_starts_name(code)) return true;
    if (code < 0x80) return code >= '0' && code <= '9';
    switch (code) {
    case 0x00B7:
    case 0x0387:
    case 0x19DA:
    case 0x0E33:
    case 0x0EB3:
    case 0xFF9E:
    case 0xFF9F:
    case 0x30FB:
    case 0x200C:
    case 0x200D:
    case 0xFF65: return code != 0x200C && code != 0x200D;
    default: break;
    }
    if (code >= 0x1369 && code <= 0x1371) return true;
    switch (utf8proc_category((utf8proc_int32_t)code)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_PC: return true;
    default: return false;
    }
}

bool lexer_check_name(Lexer *lexer, const char *start) {
    for (const char *s = start; s < lexer->cursor;) {
        int bytes;
        uint32_t code = utf8_decode(s, &bytes);
        if (!(s == start ? lexer_starts_name(code) : lexer_continues_name(code))) {
            lexer_bad_character(lexer, s);
            return false;
        }
        s += bytes;
    }
    return true;
}

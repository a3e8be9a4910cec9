// Recording what is wrong with a text.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "syntax/parser.h"

static void record(Parser *parser, SyntaxErrorKind kind, Range range, const char *format, va_list arguments) {
    if (parser->failed) return;
    char message[512];
    vsnprintf(message, sizeof message, format, arguments);
    parser->failed = true;
    parser->error.kind = kind;
    parser->error.message = arena_copy(parser->arena, message, strlen(message));
    parser->error.range = range;
}

void fail(Parser *parser, Range range, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    record(parser, SYNTAX_ERROR, range, format, arguments);
    va_end(arguments);
}

void fail_tokens(Parser *parser, uint32_t first, uint32_t last, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    record(parser, SYNTAX_ERROR, token_range(parser, first, last), format, arguments);
    va_end(arguments);
}

void fail_expression(Parser *parser, Expression expression, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    record(parser, SYNTAX_ERROR, token_range(parser, expression.first, expression.last), format, arguments);
    va_end(arguments);
}

void fail_indentation(Parser *parser, uint32_t token, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    record(parser, SYNTAX_ERROR_INDENTATION, token_range(parser, token, token), format, arguments);
    va_end(arguments);
}

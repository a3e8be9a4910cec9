// Properties of characters and changes of case, as Python's str knows them, over utf8proc.
#ifndef AIOLI_OBJECT_UNICODE_H
#define AIOLI_OBJECT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool unicode_is_space(uint32_t c);      // str.isspace, strip, split
bool unicode_is_line_break(uint32_t c); // splitlines
bool unicode_is_alpha(uint32_t c);
bool unicode_is_decimal(uint32_t c);
bool unicode_is_digit(uint32_t c);
bool unicode_is_numeric(uint32_t c);
bool unicode_is_printable(uint32_t c);
bool unicode_is_lower(uint32_t c);
bool unicode_is_upper(uint32_t c);
bool unicode_is_title(uint32_t c);
bool unicode_is_cased(uint32_t c);
bool unicode_is_case_ignorable(uint32_t c);
bool unicode_is_identifier_start(uint32_t c);
bool unicode_is_identifier_continue(uint32_t c);
int unicode_decimal(uint32_t c); // 0 to 9, or -1

// Full case mappings: up to 3 characters. Each returns how many. (Final sigma is the caller's affair.)
int unicode_to_lower(uint32_t c, uint32_t out[3]);
int unicode_to_upper(uint32_t c, uint32_t out[3]);
int unicode_to_title(uint32_t c, uint32_t out[3]);
int unicode_fold(uint32_t c, uint32_t out[3]);

#endif

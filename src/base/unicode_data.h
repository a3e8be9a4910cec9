// Properties of characters, as Unicode's database has them: of Unicode 15.1, and beside it what Unicode 3.2 said.
#ifndef AIOLI_BASE_UNICODE_DATA_H
#define AIOLI_BASE_UNICODE_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Category, direction and width are indexes of the tables of names below; a character that is not assigned has category 0.
typedef struct {
    uint8_t category, combining, bidirectional, width, mirrored;
} UnicodeProperties;

typedef struct {
    UnicodeProperties now, then; // then: in Unicode 3.2
} UnicodeRecord;

typedef enum { UNICODE_NO_NUMBER, UNICODE_NUMERIC, UNICODE_DIGIT, UNICODE_DECIMAL } UnicodeNumberKind;

extern const char unicode_category_names[][3], unicode_bidirectional_names[][4], unicode_width_names[][3];
// What a decomposition is for, with angle brackets; "": it is canonical.
extern const char unicode_mapping_kinds[][12];

// Every code point up to 0x10FFFF has a record.
const UnicodeRecord *unicode_record(uint32_t code);
// What number the character stands for. *then: what it was in Unicode 3.2, if it was assigned there.
UnicodeNumberKind unicode_number(uint32_t code, UnicodeNumberKind *then, double *value);
// The characters that one decomposes into, in one step: UTF-8, not terminated, *size bytes; NULL: none. *kind is an index of
// unicode_mapping_kinds. Hangul syllables have none here, since theirs are computed.
const char *unicode_mapping(uint32_t code, unsigned *kind, size_t *size);
// What Unicode 3.2 had the character decompose into, where that was corrected later; 0: it was not.
uint32_t unicode_corrected(uint32_t code);

#endif

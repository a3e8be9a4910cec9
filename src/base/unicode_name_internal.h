// The tables that unicode_names.py makes.
#ifndef AIOLI_BASE_UNICODE_NAME_INTERNAL_H
#define AIOLI_BASE_UNICODE_NAME_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

enum { UNICODE_NAME_BLOCK = 16 };

typedef struct {
    uint32_t first, last;
    const char *prefix; // of names that end in the character's number; NULL for ideographs
} UnicodeNameRange;

// Names are numbered: first those of characters, by their codes, then the aliases and those of sequences.
extern const size_t unicode_name_count, unicode_name_own_count;
// Words lie one behind the other, the last byte of each with its high bit; the commonest come first. Every 16th has an entry in the
// blocks' table.
extern const unsigned char unicode_name_words[];
extern const uint32_t unicode_name_word_blocks[];
// A name: the number of its bytes, then its words' numbers, below `short` in one byte, else in two.
extern const unsigned unicode_name_short;
extern const unsigned char unicode_name_stream[];
extern const uint32_t unicode_name_blocks[];
// The names' numbers in the order of their texts.
extern const uint16_t unicode_name_order[];
// Characters that follow one another: the first one's code, and the number of its name.
extern const uint32_t unicode_name_run_codes[];
extern const uint16_t unicode_name_run_names[];
extern const size_t unicode_name_run_count;
// Of an alias its character, of a sequence UNICODE_SEQUENCE and where it lies among these: how many bytes it has, and its text.
extern const uint32_t unicode_name_alias_codes[];
extern const unsigned char unicode_name_sequences[];
extern const UnicodeNameRange unicode_name_ideographs[], unicode_name_numbered[];
extern const size_t unicode_name_ideograph_count, unicode_name_numbered_count;

#endif

// The tables that unicode_data.py makes.
#ifndef AIOLI_BASE_UNICODE_DATA_INTERNAL_H
#define AIOLI_BASE_UNICODE_DATA_INTERNAL_H

#include "base/unicode_data.h"

enum { UNICODE_DATA_BLOCK = 16 };

// Characters that follow one another with the same record: the first one's code in the upper 21 bits, the record's number below.
extern const uint32_t unicode_data_runs[];
extern const size_t unicode_data_run_count;
extern const UnicodeRecord unicode_data_records[];

// `count` characters whose numbers count up from `value`.
typedef struct {
    uint32_t first;
    uint16_t count;
    uint8_t kind, then;
    double value;
} UnicodeNumbers;
extern const UnicodeNumbers unicode_data_numbers[];
extern const size_t unicode_data_numbers_count;

// Decompositions are numbered by their characters. Of each the stream has its kind, how many bytes it has, and these; every 16th has an
// entry in the blocks' table. Runs: characters that follow one another, the first one's code and the number of its decomposition.
extern const uint32_t unicode_data_mapping_codes[];
extern const uint16_t unicode_data_mapping_numbers[];
extern const size_t unicode_data_mapping_run_count, unicode_data_mapping_count;
extern const uint32_t unicode_data_mapping_blocks[];
extern const unsigned char unicode_data_mappings[];

extern const uint32_t unicode_data_corrections[]; // pairs: a character, and what it decomposed into
extern const size_t unicode_data_correction_count;

#endif

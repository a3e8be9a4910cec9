#include "base/unicode_data_internal.h"

const UnicodeRecord *unicode_record(uint32_t code) {
    size_t low = 0, high = unicode_data_run_count; // the first run begins with character 0
    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        if (unicode_data_runs[middle] >> 11 <= code) low = middle;
        else high = middle;
    }
    return &unicode_data_records[unicode_data_runs[low] & 0x7FF];
}

UnicodeNumberKind unicode_number(uint32_t code, UnicodeNumberKind *then, double *value) {
    size_t low = 0, high = unicode_data_numbers_count;
    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        if (unicode_data_numbers[middle].first <= code) low = middle;
        else high = middle;
    }
    const UnicodeNumbers *numbers = &unicode_data_numbers[low];
    if (code < numbers->first || code - numbers->first >= numbers->count) return *then = UNICODE_NO_NUMBER;
    *value = numbers->value + (code - numbers->first);
    *then = numbers->then;
    return numbers->kind;
}

const char *unicode_mapping(uint32_t code, unsigned *kind, size_t *size) {
    if (code < unicode_data_mapping_codes[0]) return NULL;
    size_t low = 0, high = unicode_data_mapping_run_count;
    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        if (unicode_data_mapping_codes[middle] <= code) low = middle;
        else high = middle;
    }
    size_t number = unicode_data_mapping_numbers[low] + (code - unicode_data_mapping_codes[low]);
    size_t end = low + 1 < unicode_data_mapping_run_count ? unicode_data_mapping_numbers[low + 1] : unicode_data_mapping_count;
    if (number >= end) return NULL;
    const unsigned char *mapping = unicode_data_mappings + unicode_data_mapping_blocks[number / UNICODE_DATA_BLOCK];
    for (size_t i = number % UNICODE_DATA_BLOCK; i > 0; i--) mapping += 2 + mapping[1];
    *kind = mapping[0];
    *size = mapping[1];
    return (const char *)mapping + 2;
}

uint32_t unicode_corrected(uint32_t code) {
    for (size_t i = 0; i < unicode_data_correction_count; i++)
        if (unicode_data_corrections[2 * i] == code) return unicode_data_corrections[2 * i + 1];
    return 0;
}

#include "base/unicode_name.h"

#include <stdio.h>
#include <string.h>

#ifndef AIOLI_CHARACTER_NAMES

bool unicode_names_known(void) { return false; }
int32_t unicode_name_find(const char *name, size_t length) { return -1; }
int32_t unicode_name_find_any(const char *name, size_t length, bool *is_own) { return -1; }
const char *unicode_name_sequence(int32_t found, size_t *size) { return NULL; }
size_t unicode_name_of(uint32_t code, char *out) { return 0; }

#else
#include "base/unicode_name_internal.h"

bool unicode_names_known(void) { return true; }

// ---- What is computed

enum { SYLLABLE_FIRST = 0xAC00, SYLLABLE_COUNT = 11172, VOWELS = 21, TAILS = 28 };
static const char syllable_prefix[] = "HANGUL SYLLABLE ", ideograph_prefix[] = "CJK UNIFIED IDEOGRAPH-";
static const char *const leads[] = {"G", "GG", "N", "D", "DD", "R", "M", "B", "BB", "S", "SS", "", "J", "JJ", "C", "K", "T", "P", "H"};
static const char *const vowels[] = {"A",  "AE", "YA", "YAE", "EO", "E",  "YEO", "YE", "O",  "WA", "WAE",
                                     "OE", "YO", "U",  "WEO", "WE", "WI", "YU",  "EU", "YI", "I"};
static const char *const tails[] = {"",   "G",  "GG", "GS", "N", "NJ", "NH", "D", "L",  "LG", "LM", "LB", "LS", "LT",
                                    "LP", "LH", "M",  "B",  "BS", "S", "SS", "NG", "J", "C",  "K",  "T",  "P",  "H"};

// The longest of `parts` that the text begins with; moves on behind it. Every table has the empty text or something at each place.
static int take_part(const char **text, const char *end, const char *const *parts, int count) {
    int best = -1;
    size_t most = 0;
    for (int i = 0; i < count; i++) {
        size_t length = strlen(parts[i]);
        if (length > (size_t)(end - *text) || memcmp(*text, parts[i], length) || (best >= 0 && length <= most)) continue;
        best = i;
        most = length;
    }
    *text += most;
    return best;
}

static int32_t find_syllable(const char *text, const char *end) {
    int lead = take_part(&text, end, leads, sizeof leads / sizeof *leads);
    int vowel = take_part(&text, end, vowels, VOWELS), tail = take_part(&text, end, tails, TAILS);
    return lead < 0 || vowel < 0 || tail < 0 || text != end ? -1 : SYLLABLE_FIRST + (lead * VOWELS + vowel) * TAILS + tail;
}

// The character of that number, four or five digits in hexadecimal, if it is in one of the ranges; -1.
static int32_t find_numbered(const char *digits, size_t length, const UnicodeNameRange *ranges, size_t count) {
    if (length < 4 || length > 5) return -1;
    uint32_t code = 0;
    for (size_t i = 0; i < length; i++) {
        char c = digits[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'))) return -1;
        code = code << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'A' + 10);
    }
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].first && code <= ranges[i].last) return (int32_t)code;
    return -1;
}

// ---- The tables

static size_t write_word(unsigned number, char *out) {
    const unsigned char *word = unicode_name_words + unicode_name_word_blocks[number / UNICODE_NAME_BLOCK];
    for (unsigned i = number % UNICODE_NAME_BLOCK; i > 0; word++) i -= *word >> 7;
    size_t length = 0;
    do out[length++] = (char)(*word & 0x7F);
    while (!(*word++ & 0x80));
    return length;
}

static size_t write_name(size_t number, char *out) {
    const unsigned char *name = unicode_name_stream + unicode_name_blocks[number / UNICODE_NAME_BLOCK];
    for (size_t i = number % UNICODE_NAME_BLOCK; i > 0; i--) name += 1 + *name;
    const unsigned char *end = name + 1 + *name;
    size_t length = 0;
    for (name++; name < end; name++) {
        unsigned word = *name;
        if (word >= unicode_name_short) word = unicode_name_short + (word - unicode_name_short) * 256 + *++name;
        if (length) out[length++] = ' ';
        length += write_word(word, out + length);
    }
    out[length] = 0;
    return length;
}

static uint32_t code_of(size_t number) {
    if (number >= unicode_name_own_count) return unicode_name_alias_codes[number - unicode_name_own_count];
    size_t low = 0, high = unicode_name_run_count;
    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        if (unicode_name_run_names[middle] <= number) low = middle;
        else high = middle;
    }
    return unicode_name_run_codes[low] + (uint32_t)(number - unicode_name_run_names[low]);
}

int32_t unicode_name_find_any(const char *name, size_t length, bool *is_own) {
    *is_own = true;
    size_t prefix = sizeof syllable_prefix - 1;
    if (length >= prefix && !memcmp(name, syllable_prefix, prefix)) return find_syllable(name + prefix, name + length);
    prefix = sizeof ideograph_prefix - 1;
    if (length >= prefix && !memcmp(name, ideograph_prefix, prefix))
        return find_numbered(name + prefix, length - prefix, unicode_name_ideographs, unicode_name_ideograph_count);
    char wanted[UNICODE_NAME_ROOM], there[UNICODE_NAME_ROOM];
    if (length >= sizeof wanted) return -1;
    for (size_t i = 0; i < length; i++) wanted[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 32) : name[i];
    wanted[length] = 0;
    if (strlen(wanted) != length) return -1;
    for (size_t i = 0; i < unicode_name_numbered_count; i++) {
        const UnicodeNameRange *range = &unicode_name_numbered[i];
        prefix = strlen(range->prefix);
        if (length <= prefix || memcmp(wanted, range->prefix, prefix)) continue;
        int32_t code = wanted[prefix] == '0' ? -1 : find_numbered(wanted + prefix, length - prefix, range, 1);
        if (code >= 0) return code;
    }
    size_t low = 0, high = unicode_name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        write_name(unicode_name_order[middle], there);
        int order = strcmp(there, wanted);
        if (!order) {
            *is_own = unicode_name_order[middle] < unicode_name_own_count;
            return (int32_t)code_of(unicode_name_order[middle]);
        }
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return -1;
}

int32_t unicode_name_find(const char *name, size_t length) {
    bool is_own;
    int32_t found = unicode_name_find_any(name, length, &is_own);
    return found < UNICODE_SEQUENCE ? found : -1;
}

const char *unicode_name_sequence(int32_t found, size_t *size) {
    const unsigned char *sequence = unicode_name_sequences + (found - UNICODE_SEQUENCE);
    *size = *sequence;
    return (const char *)sequence + 1;
}

size_t unicode_name_of(uint32_t code, char *out) {
    if (code - SYLLABLE_FIRST < SYLLABLE_COUNT) {
        uint32_t index = code - SYLLABLE_FIRST;
        return (size_t)snprintf(out, UNICODE_NAME_ROOM, "%s%s%s%s", syllable_prefix, leads[index / TAILS / VOWELS],
                                vowels[index / TAILS % VOWELS], tails[index % TAILS]);
    }
    for (size_t i = 0; i < unicode_name_ideograph_count; i++)
        if (code >= unicode_name_ideographs[i].first && code <= unicode_name_ideographs[i].last)
            return (size_t)snprintf(out, UNICODE_NAME_ROOM, "%s%04X", ideograph_prefix, code);
    for (size_t i = 0; i < unicode_name_numbered_count; i++)
        if (code >= unicode_name_numbered[i].first && code <= unicode_name_numbered[i].last)
            return (size_t)snprintf(out, UNICODE_NAME_ROOM, "%s%04X", unicode_name_numbered[i].prefix, code);
    if (code < unicode_name_run_codes[0]) return 0;
    size_t low = 0, high = unicode_name_run_count;
    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        if (unicode_name_run_codes[middle] <= code) low = middle;
        else high = middle;
    }
    size_t number = unicode_name_run_names[low] + (code - unicode_name_run_codes[low]);
    size_t end = low + 1 < unicode_name_run_count ? unicode_name_run_names[low + 1] : unicode_name_own_count;
    return number < end ? write_name(number, out) : 0;
}

#endif

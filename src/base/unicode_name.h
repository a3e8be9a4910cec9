// The names of characters, as Unicode's database has them.
#ifndef AIOLI_BASE_UNICODE_NAME_H
#define AIOLI_BASE_UNICODE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UNICODE_NAME_ROOM = 128 }; // more than any name has

// Whether this build has them.
bool unicode_names_known(void);
// The character of a name or an alias, in letters of either case (those of Hangul syllables and CJK unified ideographs: capital);
// -1: none.
int32_t unicode_name_find(const char *name, size_t length);
// The same, of names of sequences too: these give UNICODE_SEQUENCE or more, which unicode_name_sequence takes. *is_own: it is a character's
// own name, and no alias.
int32_t unicode_name_find_any(const char *name, size_t length, bool *is_own);
enum { UNICODE_SEQUENCE = 0x110000 };
// The text of a sequence: UTF-8, not terminated, *size bytes.
const char *unicode_name_sequence(int32_t found, size_t *size);
// Writes the name of a character (no alias) into `out`, UNICODE_NAME_ROOM bytes, with a NUL. Returns its length, 0: it has none.
size_t unicode_name_of(uint32_t code, char *out);

#endif

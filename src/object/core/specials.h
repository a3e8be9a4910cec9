// The special methods by number. The operators' stand in the order of Binary, so that SPECIAL_ADD + op is one.
#ifndef AIOLI_OBJECT_SPECIALS_H
#define AIOLI_OBJECT_SPECIALS_H

typedef enum {
#define SPECIAL(enumerator, name) SPECIAL_##enumerator,
#include "object/core/specials.def"
#undef SPECIAL
    SPECIAL_COUNT
} Special;

#endif

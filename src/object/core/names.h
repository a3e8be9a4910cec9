// The table of interned strings that C code uses by name: vm->names.append, vm->names.specials[SPECIAL_ADD].
#ifndef AIOLI_OBJECT_NAMES_H
#define AIOLI_OBJECT_NAMES_H

#include "object/core/object.h"
#include "object/core/specials.h"

typedef struct {
#define NAME(field, text) String *field;
#include "object/core/names.def"
#undef NAME
    String *specials[SPECIAL_COUNT];
    String *latin1[256]; // the strings of one character
} NameTable;

#endif

// The names of CPython's library, which messages tell from names that nobody has.
#ifndef AIOLI_OBJECT_LIBRARY_NAMES_H
#define AIOLI_OBJECT_LIBRARY_NAMES_H

#include "object/text/str.h"

// Whether CPython 3.13 has a module of that name (without dots), aioli or not.
bool library_names_have(const String *name);
// Those modules one by one, from 0; NULL after the last.
const char *library_name(size_t number);

#endif

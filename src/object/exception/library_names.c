#include "object/exception/library_names.h"

static const char *const names[] = {
#include "object/exception/stdlib_names.def"
};

bool library_names_have(const String *name) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (string_is(name, names[i])) return true;
    return false;
}

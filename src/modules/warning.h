// Warnings that C code gives.
#ifndef AIOLI_MODULES_WARNING_H
#define AIOLI_MODULES_WARNING_H

#include "object/core/vm.h"

// Warns of something at a place, as the module `warnings` has it done; while no script has imported that and no option asks for it, as
// its first filters would. `shown` is the text that the line is shown of, or NULL. False with an exception: a filter has made it one, or
// telling of it has failed for a reason that must not be lost. [script]
bool library_warn(VM *vm, Class *category, String *message, String *file, uint32_t line, const String *shown);

#endif

// Signals that a script has handlers for.
#ifndef AIOLI_MODULES_SIGNALS_H
#define AIOLI_MODULES_SIGNALS_H

#include "object/core/vm.h"

typedef struct Signals Signals;

// For natives that wait: what safepoints of the interpreter do about signals and interrupts. False: an exception is raised. [script]
bool signals_attend(VM *vm);
void signals_trace(VM *vm);
// Gives back to the process's signals what they did before.
void signals_destroy(VM *vm, Allocator *allocator);

#endif

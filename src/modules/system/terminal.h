// The terminal: the module `_terminal`, the native floor of line editing.
#ifndef AIOLI_MODULES_TERMINAL_H
#define AIOLI_MODULES_TERMINAL_H

#include "modules/library.h"
#include "object/core/native.h"

// Makes the terminal that a script has put into raw mode what it was before. May be called in a signal handler, also while the
// terminal is being changed. NULL is allowed.
void terminal_restore(Terminal *terminal);
// The same, and frees what was kept for it.
void terminal_forget(VM *vm, Allocator *allocator);

// The functions of the module that work on text (terminal_text.c).
extern const NativeDefinition terminal_text_functions[];

#endif

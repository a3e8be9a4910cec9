// Tracebacks as objects and as text.
#ifndef AIOLI_OBJECT_TRACEBACK_H
#define AIOLI_OBJECT_TRACEBACK_H

#include "object/exception/exception.h"

bool traceback_class_init(VM *vm);

#endif

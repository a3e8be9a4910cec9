// Shared by the files of the exceptions.
#ifndef AIOLI_OBJECT_EXCEPTION_INTERNAL_H
#define AIOLI_OBJECT_EXCEPTION_INTERNAL_H

#include "object/exception/exception.h"

// False with a TypeError when there are named arguments.
bool exception_refuses_keywords(VM *vm, Value self, Value keywords);

// str() of a UnicodeEncodeError, UnicodeDecodeError or UnicodeTranslateError (unicode_error.c). [script]
Value unicode_error_text(VM *vm, Exception *exception);
bool unicode_errors_add(VM *vm);

// The attributes of OSError, NameError, AttributeError, ImportError and SyntaxError (exception_fields.c). False: out of memory.
bool exception_fields_add(VM *vm);

#endif

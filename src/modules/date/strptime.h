// Times read by a format with directives, for the modules datetime and time.
#ifndef AIOLI_MODULES_DATE_STRPTIME_H
#define AIOLI_MODULES_DATE_STRPTIME_H

#include "object/core/class.h"
#include "object/text/str.h"

Value moment_parse(VM *vm, Class *cls, String *text, String *format);     // cls.strptime(). [script]
Value time_tuple_parse(VM *vm, String *text, String *format);             // time.strptime(). [script]

#endif

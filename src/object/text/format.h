// The format mini-language of format(), f-strings and str.format, and the % operator's number conversions.
#ifndef AIOLI_OBJECT_FORMAT_H
#define AIOLI_OBJECT_FORMAT_H

#include "object/core/object.h"
#include "object/text/str.h"

// Each formats by a specification such as ">10,.2f" and returns a str; ValueError with CPython's message when it is bad.
Value format_int(VM *vm, Value number, String *specification);
Value format_float(VM *vm, double number, String *specification);
Value format_complex(VM *vm, Value number, String *specification);
Value format_string(VM *vm, String *text, String *specification);

// Appends a double as printf would by `code` (one of e E f F g G, or r for repr) with Python's spelling of inf and nan.
// precision -1 stands for 6. `alternate` is '#'.
void format_append_double(Buffer *buffer, double number, char code, int precision, bool alternate);

// str.format and str.format_map: fields are looked up among arguments or in `mapping`. A count of FORMAT_MAP: there
// are no positional arguments at all (format_map).
#define FORMAT_MAP SIZE_MAX
Value format_template(VM *vm, String *template, Value *arguments, size_t count, Value mapping); // [script]

#endif

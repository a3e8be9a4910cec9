// Code as bytes: what the library's modules in the language are compiled to when aioli is built, so that to import one costs no parsing.
// An image suits the very build that has written it, and none other: it is trusted, never read from a file.
#ifndef AIOLI_COMPILER_IMAGE_H
#define AIOLI_COMPILER_IMAGE_H

#include "base/buffer.h"
#include "object/function/function.h"

// Appends the image of code that has never run. False: something in it can't be written (or, with out->failed, memory ran out).
bool code_write_image(VM *vm, Code *code, Buffer *out);

// Makes the code again. `file_name` and `source` become those of all code in it; `source` may be NULL. NULL with MemoryError.
Code *code_read_image(VM *vm, const unsigned char *image, String *file_name, String *source);

#endif

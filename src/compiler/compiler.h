// The compiler: tree in, code object out.
#ifndef AIOLI_COMPILER_COMPILER_H
#define AIOLI_COMPILER_COMPILER_H

#include "base/buffer.h"
#include "object/function/function.h"
#include "syntax/parse.h"

typedef struct CompileOptions {
    String *file_name;
    String *source;        // the text, for tracebacks; NULL: none of it is shown
    bool has_file;         // the text counts as that of the file of that name
    ParseMode mode;
    bool namespace_locals; // names live in a mapping given at run time: exec, eval, and class bodies
    bool shows_values;       // the value of an expression that is a statement is shown, as in PARSE_INTERACTIVE
    bool top_level_await;    // the text may await: then it is a coroutine's code
    bool explains;           // a failed assertion says which values the parts of its expression had
    bool future_annotations; // annotations are kept as text: on when the code around had it on
} CompileOptions;

// Parses and compiles source text. NULL: SyntaxError (with CPython's fields and message) or MemoryError is raised.
// Warnings of the parser are handed to `warn`, if it is not NULL.
Code *compile_source(VM *vm, const char *source, size_t length, const CompileOptions *options,
                     void (*warn)(VM *vm, const SyntaxWarning *warning, void *data), void *data);

// Writes a listing of the code and of the code inside it.
void disassemble(VM *vm, const Code *code, Buffer *out);
// The names of globals, attributes and modules that the code uses, in the order of their first use. NULL: an error.
Tuple *code_used_names(VM *vm, const Code *code);

// The name of an instruction, and how many words follow it.
const char *op_name(uint8_t op);
int op_words(uint8_t op);

#endif

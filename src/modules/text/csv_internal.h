// What the files of the module _csv share.
#ifndef AIOLI_MODULES_TEXT_CSV_INTERNAL_H
#define AIOLI_MODULES_TEXT_CSV_INTERNAL_H

#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/shared/builtin.h"

// When fields are put in quotes: the values of csv.QUOTE_….
typedef enum {
    CSV_QUOTE_MINIMAL,
    CSV_QUOTE_ALL,
    CSV_QUOTE_NONNUMERIC,
    CSV_QUOTE_NONE,
    CSV_QUOTE_STRINGS,
    CSV_QUOTE_NOTNULL,
    CSV_QUOTING_COUNT
} CsvQuoting;

// A character that means something, as UTF-8; size 0: there is none.
typedef struct {
    char bytes[4];
    uint8_t size;
} CsvMark;

typedef struct {
    NativeData data;
    CsvMark delimiter, quote, escape;
    String *line_terminator;
    CsvQuoting quoting;
    bool doubles_quotes, skips_blanks, strict;
} CsvDialect;

// Whether the text from `at`, which ends at `end`, begins with the mark.
static inline bool csv_is_mark(const CsvMark *mark, const char *at, const char *end) {
    if (!mark->size || *at != mark->bytes[0]) return false;
    return mark->size == 1 || ((size_t)(end - at) >= mark->size && !memcmp(at, mark->bytes, mark->size));
}

#define raise_csv_error(vm, ...) raise_error(vm, library_of(vm)->classes[LIBRARY_CSV_ERROR], __VA_ARGS__)

// The dialect that arguments of reader() or writer() mean: positional ones are something iterable or to write to, and perhaps a
// dialect. NULL with an exception. [script]
CsvDialect *csv_dialect_of_arguments(VM *vm, Dict *parameters, const Value *arguments, size_t count);

bool csv_dialect_fill(VM *vm, Dict *namespace); // the class, the registry
bool csv_reader_fill(VM *vm);                   // the class
Value csv_reader_new(VM *vm, Value *args, size_t count); // reader(iterable, dialect="excel", **parameters)
Value csv_writer_new(VM *vm, Value *args, size_t count);

#endif

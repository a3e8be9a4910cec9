// What the sources of files share.
#ifndef AIOLI_MODULES_FILE_INTERNAL_H
#define AIOLI_MODULES_FILE_INTERNAL_H

#include "modules/system/file.h"

enum { BLOCK = 8192 };

// The object that holds the buffers: a text file and its `buffer` are one. What the functions below call `file` is this one, and `face` the
// one that the script has.
static inline FileObject *file_core(FileObject *file) { return file->owner ? file->owner : file; }

// How many bytes wait to be taken.
static inline size_t file_waiting(const FileObject *file) { return file->in.length - file->in_start; }

// Reads a block of `wanted` bytes or more, if there are as many, into `in`. 1; 0 at the end; -1 with an exception.
int file_fill(VM *vm, FileObject *file, size_t wanted);
// Reads up to the end. False with an exception.
bool file_fill_all(VM *vm, FileObject *file);
// The same, for what reads text: bytes that are no characters are found at once, where the encoding may have some (`partial`).
int file_fill_text(VM *vm, FileObject *file, size_t wanted);
bool file_fill_all_text(VM *vm, FileObject *file);

// Takes `length` waiting bytes as the file gives them: a str or bytes. An error.
Value file_take(VM *vm, FileObject *file, bool binary, size_t length);
// Where text waits in which characters can't be counted, decodes all that is left of the file. False with an exception.
bool file_prepare_text(VM *vm, FileObject *file);

// Where a character begins or the bytes end, so many of them counted.
typedef struct {
    size_t bytes;
    int64_t characters;
} FileSpan;

// Takes in characters up to `wanted` of them. A character or an end of a line that may go on behind the bytes is left out, unless
// they are the file's last.
void file_span_extend(const FileObject *file, FileSpan *span, const char *start, size_t length, int64_t wanted, bool at_end);

// The next line with its end, of at most `limit` characters or bytes unless that is negative: a str or bytes, or an error.
Value file_next_line(VM *vm, FileObject *face, int64_t limit);

#endif

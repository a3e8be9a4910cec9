// Files as scripts see them: text and binary, the standard streams among them.
#ifndef AIOLI_MODULES_FILE_H
#define AIOLI_MODULES_FILE_H

#include "modules/library.h"
#include "object/core/native_data.h"
#include "object/text/str.h"

struct FileObject {
    NativeData data;
    int fd;     // -1: closed, or a standard stream
    int stream; // 0, 1, 2: a standard stream, reached through the host; -1
    bool readable, writable, binary, closed, line_buffered, keep_open, ended, broken, unbuffered;
    bool utf8;       // the encoding is UTF-8, under whatever name
    bool keeps_ascii; // the encoding writes each ASCII character as its byte
    bool bytewise;   // each byte that is read is a character (codec_is_bytewise), or an error
    bool partial;    // and some are errors
    bool universal;  // line ends become '\n' when they are taken
    bool after_return; // the last byte noted was '\r': a '\n' that follows is part of it
    bool stepping;     // next() has given a line and not come to the end: a text file tells no position then
    bool detached;     // a text file whose `buffer` goes on alone
    uint8_t ends_seen; // which ends of lines have been read
    Value name;      // a str, bytes or int
    Value mode;      // a str
    Value encoding;  // a str, or None where none was named: UTF-8
    Value errors;    // a str
    Value newline;   // a str or None
    Buffer out;      // written by the script and not yet by us
    Buffer in;       // read and not yet taken
    size_t in_start;
    FileObject *owner;  // of a text file's `buffer`: the text file, whose buffers it shares
    FileObject *binary_side;
};

extern const TypeOps file_ops;

static inline FileObject *file_of(Value v) { return (FileObject *)object_of(v); }

// Makes the classes. False: out of memory.
bool file_classes_init(VM *vm);

// A file that nothing is opened for yet. NULL with an exception.
FileObject *file_new(VM *vm, Class *cls);

// Sets what follows from a file's encoding and error handler.
void file_set_encoding(FileObject *file, Value encoding, Value errors);

// A file over one of the host's standard streams.
FileObject *file_standard(VM *vm, int stream);

// Writes text to a text file. False with an exception.
bool file_write_text(VM *vm, FileObject *file, const char *text, size_t size, bool ascii);
// Writes out what is held back. False with an exception.
bool file_flush(VM *vm, FileObject *file);
// The next line with its end; empty at the end of the file. NULL with an exception.
String *file_read_line(VM *vm, FileObject *file);

// Makes a file that is made already one over a path or descriptor, as open() with buffering=0 does. False with an exception.
bool file_open_raw(VM *vm, FileObject *file, Value *args);
// The built-in function open().
Value file_open(VM *vm, Value *args, size_t count);

// OSError, of the class that fits the number. `name` VALUE_EMPTY: without a file's name.
Value raise_os_error(VM *vm, int number, Value name);

#endif

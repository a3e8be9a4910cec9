// aioli: a small, fast, embeddable scripting language for programs that wait a lot.
//
// A VM is made by aioli_new, runs any number of scripts one after the other, and is freed by aioli_free. VMs share
// nothing: any number may exist in a process, each used by one thread at a time. No function exits the process, prints by
// itself (but through the config's `write`), or takes over signals.
#ifndef AIOLI_H
#define AIOLI_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define AIOLI_API __attribute__((visibility("default")))
#else
#define AIOLI_API
#endif

typedef struct aioli aioli;

// How a run ended.
typedef enum {
    AIOLI_OK,          // to its end
    AIOLI_EXIT,        // by SystemExit: see aioli_exit_status and aioli_error_text
    AIOLI_ERROR,       // by another exception that nobody caught: aioli_error_text is its traceback
    AIOLI_INTERRUPTED, // by KeyboardInterrupt: as AIOLI_ERROR
    AIOLI_CLOSED_PIPE, // by a write to an output that nobody reads any more
    AIOLI_NO_FILE,     // it did not begin: the file can't be read; aioli_error_text says why
    AIOLI_NO_MEMORY    // memory ran out where no script could be told
} aioli_status;

// What a host decides about a VM. Zero every field that is left to the default: aioli_config config = {0};
typedef struct {
    // Resizes a block of memory as realloc does; a new_size of 0 frees it and returns NULL. NULL: the C library's.
    void *(*resize)(void *user, void *block, size_t old_size, size_t new_size);
    // Takes what scripts print: stream 1 is their standard output, 2 their standard error. All of the bytes must be
    // taken; the result is 0 or an errno (EPIPE: nobody reads any more). NULL: file descriptors 1 and 2.
    int (*write)(void *user, int stream, const char *bytes, size_t length);
    // Gives what scripts read from their standard input: how many bytes, 0 at the end, or minus an errno. NULL: file
    // descriptor 0.
    long (*read)(void *user, int stream, char *bytes, size_t size);
    // Whether stream 0, 1 or 2 is a terminal: output is then written line by line. NULL: what the descriptors are.
    int (*is_terminal)(void *user, int stream);
    void *user; // handed to the functions above
    // Bytes that the VM's objects may take; past it scripts get MemoryError. 0: no limit. The last 32nd of them is
    // for whoever catches that.
    size_t memory_limit;
    // Nonzero: asyncio's clock jumps to the next deadline when every task waits, instead of waiting itself.
    int virtual_time;
} aioli_config;

// The version of the library, such as "0.1.0".
AIOLI_API const char *aioli_version(void);

// Makes a VM. `config` may be NULL and is copied. NULL: memory ran out.
AIOLI_API aioli *aioli_new(const aioli_config *config);

// Frees a VM and everything in it. NULL is allowed.
AIOLI_API void aioli_free(aioli *vm);

// What scripts see as sys.executable and sys.argv. The text is copied. 0, or -1 when memory ran out.
AIOLI_API int aioli_set_arguments(aioli *vm, const char *executable, int count, const char *const *arguments);

// Adds a folder at the end of sys.path: imports look there after the script's folder and the built-in modules. 0 or -1.
AIOLI_API int aioli_add_path(aioli *vm, const char *folder);

// Turns virtual time on or off. Before the first event loop is made.
AIOLI_API void aioli_set_virtual_time(aioli *vm, int on);

// Runs a file as the main program. Its folder becomes the first of sys.path.
AIOLI_API aioli_status aioli_run_file(aioli *vm, const char *path);

// Runs text as the main program. `name` stands for the file's name in tracebacks, such as "<string>".
AIOLI_API aioli_status aioli_run_source(aioli *vm, const char *name, const char *source, size_t length);

// Parses and compiles a file without running it. AIOLI_OK, AIOLI_NO_FILE, or AIOLI_ERROR with the syntax error as text.
AIOLI_API aioli_status aioli_check(aioli *vm, const char *path);

// Compiles a file and writes its bytecode to the standard output.
AIOLI_API aioli_status aioli_disassemble(aioli *vm, const char *path);

// What the last run has to say to the standard error: a traceback, or the message of a SystemExit. Empty when there is
// nothing to say. A zero byte follows the text. Valid until the next run; `length` may be NULL.
AIOLI_API const char *aioli_error_text(aioli *vm, size_t *length);

// The exit status that the last run asks of a process: 0 for AIOLI_OK, SystemExit's own, 130 after an interrupt, 2 for a
// file that can't be read, else 1.
AIOLI_API int aioli_exit_status(const aioli *vm);

// Writes out what the standard streams hold back. 0 or an errno. Runs do it at their end.
AIOLI_API int aioli_flush(aioli *vm);

// Makes the running script raise KeyboardInterrupt at the next occasion, and ends a wait of its event loop. May be called
// from a signal handler and from any thread.
AIOLI_API void aioli_interrupt(aioli *vm);

#ifdef __cplusplus
}
#endif

#endif

// aioli: a small, fast, embeddable scripting language for programs that wait a lot.
//
// A VM is made by aioli_new, runs any number of scripts, one after the other, and is freed by aioli_free. VMs share nothing:
// any number may exist in a process, each used by one thread at a time. No function exits the process, prints by itself (but
// through the config's `write` and `misuse`), or takes over signals. docs/embedding.md teaches all of this in order.
//
// What fails says so by its result: NULL, or -1. The exception then waits in the VM until it is taken (aioli_take_error) or
// another replaces it; a native function that returns NULL raises it in the script. A NULL that a failed function gave may be
// handed on: the next function fails too and leaves the first exception as it is, so that a chain of calls needs one test.
#ifndef AIOLI_H
#define AIOLI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define AIOLI_API __attribute__((visibility("default")))
#define AIOLI_PRINTF(text, rest) __attribute__((format(printf, text, rest)))
#else
#define AIOLI_API
#define AIOLI_PRINTF(text, rest)
#endif

// The version that this header belongs to. Until 1.0 a new minor version may change anything; from 1.0 on programs that were
// compiled for a version run with every later one of the same major number.
#define AIOLI_VERSION_MAJOR 0
#define AIOLI_VERSION_MINOR 1
#define AIOLI_VERSION_PATCH 0

typedef struct aioli aioli;

// A handle of a value in a VM. NULL is none at all. A handle lives until the scope ends in which it was made (aioli_open,
// aioli_close; a native function's call is such a scope), the value at least as long. The outermost scope is the VM's life.
// To use a handle that is dead, or of another VM, is an error like any other, and told to the config's `misuse`.
typedef struct aioli_handle *aioli_value;

// Handles that every VM knows and that never die.
#define AIOLI_NONE ((aioli_value)(uintptr_t)1)
#define AIOLI_FALSE ((aioli_value)(uintptr_t)2)
#define AIOLI_TRUE ((aioli_value)(uintptr_t)3)

// How a run ended.
typedef enum {
    AIOLI_OK,          // to its end
    AIOLI_EXIT,        // by SystemExit: see aioli_exit_status and aioli_error_text
    AIOLI_ERROR,       // by another exception that nobody caught: aioli_error_text is its traceback
    AIOLI_INTERRUPTED, // by KeyboardInterrupt: as AIOLI_ERROR
    AIOLI_LIMIT,       // by a limit of the config: as AIOLI_ERROR
    AIOLI_CLOSED_PIPE, // by a write to an output that nobody reads any more
    AIOLI_NO_FILE,     // it did not begin: the file can't be read; aioli_error_text says why
    AIOLI_NO_MEMORY    // memory ran out where no script could be told
} aioli_status;

// For aioli_config.grants.
enum {
    AIOLI_GRANT_FILES = 1, // all files, to read and to write
    AIOLI_GRANT_CLOCK = 2, // the module time; asyncio's clock is always there
    AIOLI_GRANT_INPUT = 4, // file descriptor 0; what `read` gives is granted by giving it
    AIOLI_GRANT_PROGRAMS = 8, // other programs, which have what the process has
    AIOLI_GRANT_ENVIRONMENT = 16, // the process's environment variables, to read and to set, and whose process it is on what system
    AIOLI_GRANT_NETWORK = 32, // sockets, and names of hosts; those of the file system want the grant of all files too
    AIOLI_GRANT_ALL = 0x7FFFFFFF
};

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
    // The event loop's clock, in seconds from any start and never going back, and its wait: for so many seconds (INFINITY: no limit, 0:
    // none), or until `wake` is called, which other threads and signal handlers may do. NULL, one of them: the library's own.
    double (*now)(void *user);
    void (*wait)(void *user, double seconds);
    void (*wake)(void *user);
    // Is told what the host did wrong: a dead handle used, a VM entered by two threads at once. `message` names the function.
    // NULL: the message goes to the standard error.
    void (*misuse)(void *user, const char *message);
    void *user; // handed to the functions above
    // ---- Limits. 0: none, but for the recursion limit, which is 1000.
    // Bytes that the VM's objects may take, of which it keeps a 32nd for handlers of the MemoryError that scripts get past them.
    size_t memory_limit;
    // Bytes of any single string, int, list or other block: past it scripts get MemoryError.
    size_t size_limit;
    // What one call of a function of the header may do before it comes back: steps (calls and turns of loops, and whatever takes as
    // long as some of these), and microseconds. The host's own natives, and waiting for its promises, are not counted. Past one the
    // script gets aioli.LimitError, a BaseException, and an eighth more to clean up; past that it ends, and nothing in it catches
    // anything any more. Runs then end with AIOLI_LIMIT.
    uint64_t step_limit, time_limit;
    // Bytes of output that one such call may write: past it scripts get OSError (EFBIG).
    uint64_t output_limit;
    // Tasks that are unfinished at a time: past it scripts get RuntimeError.
    size_t task_limit;
    // Calls within calls: past it scripts get RecursionError. They can't set it higher.
    uint32_t recursion_limit;
    // Nonzero: limits that are left 0 are what suits scripts that nobody has read (64 MB, 16 MB for a block, 100 million steps, a
    // second, a megabyte of output, 10,000 tasks).
    int untrusted;

    // ---- Grants. What scripts may reach: nothing that is not named here. Without it they get PermissionError, which names it.
    unsigned grants; // AIOLI_GRANT_…
    // Folders below which files may be read, and imported from; and written. Arrays that end with NULL, copied; or NULL.
    const char *const *readable, *const *writable;

    // Nonzero: tracebacks are coloured as terminals understand it.
    int colours;
    // Nonzero: warnings are shown that only programmers want to see, and sys.flags.dev_mode is true, as with Python's -X dev.
    int development;
    // Nonzero: what the standard error is told of tasks (deadlocks, stuck tasks, exceptions that nobody has retrieved) is for programs to
    // read: a JSON object a line, as docs/testing.md says. A DeadlockError then has no more than its first line.
    int json_reports;
    // Nonzero: asyncio's clock jumps to the next deadline when every task waits, instead of waiting itself.
    int virtual_time;
    // Not 0: tasks that could run at once run in another order than the plain one, which this number chooses: for tests.
    uint64_t shuffle;
    // With it, either may be NULL: which of `count` tasks is to run for the `number`th choice, counted from 0, in place of `which`, that
    // the number of `shuffle` has chosen (0: the first one, as in the plain order); and what a departure from that was: which task ran
    // before which, as a line of text.
    unsigned (*chooses)(void *user, uint64_t number, unsigned count, unsigned which);
    void (*departed)(void *user, uint64_t number, const char *text);
    // Not NULL: gets what tasks do, as events of the Trace Event Format that Perfetto shows: a JSON object each, in which no `<` stands, so
    // that they may be put into a page.
    void (*trace)(void *user, const char *text, size_t length);
    // Not NULL: gets what aioli_describe asks for, in the VM's thread and perhaps in the middle of something: it must not enter the VM.
    void (*describe)(void *user, const char *text, size_t length);
} aioli_config;

// ---- Running programs

// The version of the library, such as "0.1.0".
AIOLI_API const char *aioli_version(void);

// Makes a VM. `config` may be NULL and is copied. NULL: memory ran out.
AIOLI_API aioli *aioli_new(const aioli_config *config);

// Frees a VM and everything in it. NULL is allowed.
AIOLI_API void aioli_free(aioli *vm);

// What scripts see as sys.executable and sys.argv. The text is copied. 0, or -1 when memory ran out.
AIOLI_API int aioli_set_arguments(aioli *vm, const char *executable, int count, const char *const *arguments);

// Runs a file as the main program. Its folder becomes the first of sys.path.
AIOLI_API aioli_status aioli_run_file(aioli *vm, const char *path);

// Runs a module that imports find as the main program, or of a package its __main__. The current folder becomes the first of sys.path, and
// the module's file the first of sys.argv.
AIOLI_API aioli_status aioli_run_module(aioli *vm, const char *name);

// Runs text as the main program. `name` stands for the file's name in tracebacks, such as "<string>".
AIOLI_API aioli_status aioli_run_source(aioli *vm, const char *name, const char *source, size_t length);

// Parses and compiles a file without running it. AIOLI_OK, AIOLI_NO_FILE, or AIOLI_ERROR with the syntax error as text. With
// `listing` its bytecode is written to the standard output.
AIOLI_API aioli_status aioli_check(aioli *vm, const char *path, int listing);

// What the last run has to say to the standard error: a traceback, or the message of a SystemExit. Empty when there is
// nothing to say. A zero byte follows the text. Valid until the next run; `length` may be NULL.
AIOLI_API const char *aioli_error_text(aioli *vm, size_t *length);

// The exit status that the last run asks of a process: 0 for AIOLI_OK, SystemExit's own, 130 after an interrupt, 2 for a
// file that can't be read, else 1.
AIOLI_API int aioli_exit_status(const aioli *vm);

// Writes out what the standard streams hold back. 0 or an errno. Runs do it at their end.
AIOLI_API int aioli_flush(aioli *vm);

// Makes the running script raise KeyboardInterrupt at the next occasion, and ends a wait of its event loop. While asyncio.run() runs
// the first interrupt cancels its main task, as Ctrl-C does, so that the script can clean up; the next one raises. May be called from
// a signal handler and from any thread.
AIOLI_API void aioli_interrupt(aioli *vm);

// Makes the VM write to its standard error, at the next occasion, what runs and what every task waits for, and go on. May be called from a
// signal handler and from any thread. A VM in which nothing runs, nor waits in aioli_run_until, writes it when it runs again.
AIOLI_API void aioli_report(aioli *vm);

// The same for programs: config.describe gets what runs and waits as a JSON object, whose members docs/testing.md lists; nothing is written.
// From then on the VM notes since when tasks wait, so that a later description says it. May be called as aioli_report may.
AIOLI_API void aioli_describe(aioli *vm);

// ---- Scopes of handles

// Begins a scope; returns what aioli_close wants.
AIOLI_API size_t aioli_open(aioli *vm);

// Ends a scope and those that began in it: their handles are dead. `result`, if it is not NULL, gets a handle in the scope
// outside, which is returned. Other NULLs returned: `scope` is none of the caller's, or memory ran out.
AIOLI_API aioli_value aioli_close(aioli *vm, size_t scope, aioli_value result);

// A handle of the same value that lives until aioli_drop, whatever scopes end. With an `owner`, an object that aioli_object made,
// it lives as long as the owner (or until aioli_drop), and keeps the value no longer than the owner lives: for what host data
// refers to, even in circles. NULL: no owner. Fails when memory is short.
AIOLI_API aioli_value aioli_keep(aioli *vm, aioli_value value, aioli_value owner);

// Ends the life of a handle that aioli_keep made. NULL is allowed.
AIOLI_API void aioli_drop(aioli *vm, aioli_value kept);

// ---- Making values

// An int of 64 bits; and of any size, from two's complement bytes, the lowest first.
AIOLI_API aioli_value aioli_int(aioli *vm, int64_t number);
AIOLI_API aioli_value aioli_int_from_bytes(aioli *vm, const void *bytes, size_t length);

AIOLI_API aioli_value aioli_float(aioli *vm, double number);

// A str of UTF-8, which may hold NULs. ValueError when it is not UTF-8.
AIOLI_API aioli_value aioli_string(aioli *vm, const char *text, size_t length);

AIOLI_API aioli_value aioli_bytes(aioli *vm, const void *bytes, size_t length);

// A list or tuple of `count` items.
AIOLI_API aioli_value aioli_list(aioli *vm, size_t count, const aioli_value *items);
AIOLI_API aioli_value aioli_tuple(aioli *vm, size_t count, const aioli_value *items);

// An empty dict: aioli_set_item fills it.
AIOLI_API aioli_value aioli_dict(aioli *vm);

// ---- Reading values

typedef enum {
    AIOLI_KIND_NULL, // no value, or a handle that is dead
    AIOLI_KIND_NONE,
    AIOLI_KIND_BOOL,
    AIOLI_KIND_INT,
    AIOLI_KIND_FLOAT,
    AIOLI_KIND_STRING,
    AIOLI_KIND_BYTES, // bytes and bytearray
    AIOLI_KIND_LIST,
    AIOLI_KIND_TUPLE,
    AIOLI_KIND_DICT,
    AIOLI_KIND_SET, // set and frozenset
    AIOLI_KIND_EXCEPTION,
    AIOLI_KIND_HOST, // made by aioli_object
    AIOLI_KIND_OTHER
} aioli_kind;

// What a value is; instances of a subclass are of the kind of its base. Never fails.
AIOLI_API aioli_kind aioli_kind_of(aioli *vm, aioli_value value);

// The name of its class, such as "list". Valid as long as the class, which the handle keeps. Of no value: "NULL".
AIOLI_API const char *aioli_type_name(aioli *vm, aioli_value value);

// bool(value): 1 or 0; -1 when it fails.
AIOLI_API int aioli_truth(aioli *vm, aioli_value value);

// The number of an int or bool. 0, or -1: TypeError, or OverflowError when it has more than 64 bits.
AIOLI_API int aioli_get_int(aioli *vm, aioli_value value, int64_t *number);

// An int of any size as two's complement bytes, the lowest first, as few as hold it: at most `size` of them are written, their
// number is returned whether they fit or not. 0: TypeError.
AIOLI_API size_t aioli_get_int_bytes(aioli *vm, aioli_value value, void *bytes, size_t size);

// float(value) of a number. 0, or -1: TypeError, or OverflowError for an int that is too large.
AIOLI_API int aioli_get_float(aioli *vm, aioli_value value, double *number);

// The UTF-8 of a str, or what bytes or a bytearray hold, with a NUL after it but for bytearrays. Valid as long as the handle, a
// bytearray's until a script runs. `length` may be NULL. NULL: TypeError.
AIOLI_API const char *aioli_get_text(aioli *vm, aioli_value value, size_t *length);

// ---- What scripts do with values

// callable(*arguments), the last of which go by the names in `names`, an array that ends with NULL; NULL: no names. A call of an
// async function gives a coroutine.
AIOLI_API aioli_value aioli_call(aioli *vm, aioli_value callable, size_t count, const aioli_value *arguments, const char *const *names);

// value.name(*arguments).
AIOLI_API aioli_value aioli_call_method(aioli *vm, aioli_value value, const char *name, size_t count, const aioli_value *arguments);

// value.name; setting a NULL deletes, which fails if a function before has failed. 0 or -1.
AIOLI_API aioli_value aioli_get_attribute(aioli *vm, aioli_value value, const char *name);
AIOLI_API int aioli_set_attribute(aioli *vm, aioli_value value, const char *name, aioli_value attribute);

// value[key]; setting a NULL deletes, which fails if a function before has failed. 0 or -1.
AIOLI_API aioli_value aioli_get_item(aioli *vm, aioli_value value, aioli_value key);
AIOLI_API int aioli_set_item(aioli *vm, aioli_value value, aioli_value key, aioli_value item);

// len(value), or -1.
AIOLI_API int64_t aioli_length(aioli *vm, aioli_value value);

// iter(value); and the next item of an iterator into *item: 1, 0 at the end, or -1.
AIOLI_API aioli_value aioli_iterate(aioli *vm, aioli_value value);
AIOLI_API int aioli_next(aioli *vm, aioli_value iterator, aioli_value *item);

typedef enum {
    AIOLI_EQUAL,
    AIOLI_NOT_EQUAL,
    AIOLI_LESS,
    AIOLI_LESS_EQUAL,
    AIOLI_GREATER,
    AIOLI_GREATER_EQUAL,
    AIOLI_IN,      // left in right
    AIOLI_SAME,    // left is right
    AIOLI_INSTANCE // isinstance(left, right)
} aioli_comparison;

// left op right: 1, 0, or -1.
AIOLI_API int aioli_compare(aioli *vm, aioli_comparison comparison, aioli_value left, aioli_value right);

// str(value), or repr(value): a str.
AIOLI_API aioli_value aioli_str(aioli *vm, aioli_value value);
AIOLI_API aioli_value aioli_repr(aioli *vm, aioli_value value);

// import name: the module of the full dotted name. "builtins" has what is built in; "__main__" is the last program that ran.
AIOLI_API aioli_value aioli_import(aioli *vm, const char *name);

// ---- Exceptions

// The exception of the function that failed last, which is then forgotten; NULL when there is none. Its class, arguments and
// attributes are read like those of any value.
AIOLI_API aioli_value aioli_take_error(aioli *vm);

// Raises an exception: an instance or a class of one. What follows is what every function does that fails: in a native return
// NULL.
AIOLI_API void aioli_raise(aioli *vm, aioli_value exception);

// Raises an exception of a class by its name ("ValueError", or with its module, "asyncio.QueueFull") with a message.
AIOLI_API void aioli_raise_error(aioli *vm, const char *name, const char *format, ...) AIOLI_PRINTF(3, 4);

// The traceback of an exception as text, as the command prints it: a str.
AIOLI_API aioli_value aioli_traceback(aioli *vm, aioli_value exception);

// ---- Functions, modules and classes of the host

// A native function. It gets its parameters in the order of its signature, NULL for each one left out, and what *args takes
// after all of them; `data` is what was handed over with it. Returns the result, or NULL when it failed (AIOLI_NONE means none).
// An exception that was left behind is forgotten when it returns a value. The handles that it made die when it returns.
typedef aioli_value (*aioli_native)(aioli *vm, const aioli_value *arguments, size_t count, void *data);

// One function of a table. The signature is written as in a def, with `=` or `=default` for what may be left out (the text of
// the default is for readers and has no comma), such as "x, y=0, *rest, key=": wrong calls raise the usual TypeErrors before
// the function is entered. At most 24 parameters. Methods begin with "self", which is always an instance of their class.
typedef struct {
    const char *name;
    aioli_native function;
    const char *signature; // NULL: no parameters
    const char *doc;       // or NULL
} aioli_function;

// A callable of one function. The table's texts are copied.
AIOLI_API aioli_value aioli_new_function(aioli *vm, const aioli_function *function, void *data);

// Makes a module that `import name` finds from now on, with the functions of a table that ends with a NULL name (or NULL).
// aioli_set_attribute adds whatever else it is to have.
AIOLI_API aioli_value aioli_module(aioli *vm, const char *name, const char *doc, const aioli_function *functions, void *data);

// A computed attribute of a class: `get` gets the object, `set` the object and the value. Without `set` it is read only.
typedef struct {
    const char *name;
    aioli_native get, set;
    const char *doc; // or NULL
} aioli_property;

// A class whose objects hold `size` bytes of the host. With an `__init__` among the methods scripts can make objects (of
// zeroed bytes) by calling it; else the host alone does. Special methods (`__len__`, `__getitem__`, `__call__`, …) are methods of
// that name. Scripts can inherit from it. The structs must stay valid as long as the VM, for they tell the classes apart.
typedef struct {
    const char *name;
    const char *doc; // or NULL
    size_t size;
    // Is called with an object's bytes when it is collected, or the VM freed. No other function may be called in it, for what
    // the object referred to may be gone. NULL: nothing to do.
    void (*finalize)(void *bytes);
    const aioli_function *methods;    // ends with a NULL name; or NULL
    const aioli_property *properties; // likewise
    void *data;                       // for the functions
} aioli_class;

// Makes the class, with `module` (or NULL) as its __module__, to which it is added if it is a module of aioli_module's.
AIOLI_API aioli_value aioli_new_class(aioli *vm, const char *module, const aioli_class *definition);

// An object of a class that aioli_new_class has made; *bytes gets its zeroed bytes. They stay in place as long as it lives.
AIOLI_API aioli_value aioli_object(aioli *vm, const aioli_class *definition, void **bytes);

// The bytes of such an object (or of a script's subclass). NULL: TypeError, it is none.
AIOLI_API void *aioli_data(aioli *vm, aioli_value object, const aioli_class *definition);

// ---- Async natives

// What the host has promised to a script: the other end of a future. It is the host's until aioli_complete, which must be called
// once for each, whatever happens meanwhile.
typedef struct aioli_promise aioli_promise;

// Makes a promise, and in *future its future: a native returns that, and the script awaits it. `cancelled`, if it is not NULL, is
// called when a script cancels the future or the VM is freed, on the VM's thread: nobody waits any more, and the host may hurry to
// complete it. It may not use the VM. NULL when memory is short. The memory is the C library's, for it may outlive the VM.
AIOLI_API aioli_promise *aioli_new_promise(aioli *vm, void (*cancelled)(void *user), void *user, aioli_value *future);

// Completes a promise; from any thread. On the VM's thread `make` then gives the result, or NULL with an exception for whoever
// awaits: at once when this is called by a native function, else in the loop's next turn, which is woken. When nobody waits any
// more `make` is called with a NULL vm, on whichever thread, so that it can free `data`: never while another thread is in `cancelled`,
// and nothing calls that afterwards.
AIOLI_API void aioli_complete(aioli_promise *promise, aioli_value (*make)(aioli *vm, void *data), void *data);

// ---- The event loop in the host's hands

// Makes a coroutine, or anything else that can be awaited, a task, whose first step is queued. Returns the task. asyncio.run() is
// refused as long as such tasks are unfinished.
AIOLI_API aioli_value aioli_start(aioli *vm, aioli_value awaitable);

// Runs the event loop until a task, future or whatever else can be awaited is done. Returns its result.
AIOLI_API aioli_value aioli_run_until(aioli *vm, aioli_value awaitable);

typedef enum {
    AIOLI_DONE,    // no task is left
    AIOLI_READY,   // the budget is spent, and more could run at once
    AIOLI_IDLE,    // nothing can run before the next deadline
    AIOLI_WAITING, // nothing can run until the host completes a promise or something else happens outside
    AIOLI_FAILED   // with an exception: KeyboardInterrupt, SystemExit, LimitError, or memory is short
} aioli_turn_result;

// Runs what is ready, and never waits: within `microseconds` and `steps` (calls and turns of loops in scripts), each 0 for no limit.
// They are looked at between the steps of tasks. *seconds, if it is not NULL, gets how long nothing can run when the result is
// AIOLI_IDLE. With virtual time the clock jumps instead; while promises are outstanding a turn ends before it does, so that the host can
// complete them first, and the next one jumps.
AIOLI_API aioli_turn_result aioli_turn(aioli *vm, uint64_t microseconds, uint64_t steps, double *seconds);

// A file descriptor that is readable when a turn has something to do that it did not know of. For poll, select, epoll or kqueue;
// neither to be read nor closed. -1: this build or driver has none. Valid until the VM is freed.
AIOLI_API int aioli_descriptor(aioli *vm);

// Makes the descriptor readable and ends a wait of aioli_run_until or of a program's loop, which looks what there is to do and may
// wait again. From any thread, and from a signal handler.
AIOLI_API void aioli_wake(aioli *vm);

#ifdef __cplusplus
}
#endif

#endif

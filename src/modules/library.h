// What the library's modules keep for one VM: the standard streams, what the host handed down, and the classes that
// natives make instances of.
#ifndef AIOLI_MODULES_LIBRARY_H
#define AIOLI_MODULES_LIBRARY_H

#include "base/buffer.h"
#include "object/core/class.h"
#include "object/core/module.h"
#include "object/core/vm.h"
#include "object/function/function.h"

// How the standard streams reach the world. `stream` is 0, 1 or 2.
typedef struct {
    // Writes all of the bytes. 0, or the errno of the failure.
    int (*write)(void *user, int stream, const char *bytes, size_t length);
    // Reads up to `size` bytes: how many, 0 at the end, or minus the errno.
    long (*read)(void *user, int stream, char *bytes, size_t size);
    bool (*is_terminal)(void *user, int stream);
    // Whether the stream is the file descriptor of its number, rather than functions of the host.
    bool (*is_descriptor)(void *user, int stream);
    void *user;
} Streams;

typedef struct FileObject FileObject;
typedef struct Terminal Terminal;

// Classes that natives of modules make instances of; NULL until their module is imported.
enum {
    LIBRARY_GROUPER,
    LIBRARY_TEE,
    LIBRARY_TEE_BLOCK,
    LIBRARY_KEY_WRAPPER,
    LIBRARY_CACHE_LINK,
    LIBRARY_ARRAY,
    LIBRARY_DEQUE,
    LIBRARY_DEQUE_ITERATOR,
    LIBRARY_DEQUE_REVERSED,
    LIBRARY_STAT_RESULT,
    LIBRARY_STATVFS_RESULT,
    LIBRARY_UNAME_RESULT,
    LIBRARY_TIMES_RESULT,
    LIBRARY_DIR_ENTRY,
    LIBRARY_SCAN,
    LIBRARY_REGEX_PATTERN,
    LIBRARY_REGEX_MATCH,
    LIBRARY_REGEX_SCANNER,
    LIBRARY_REGEX_ITERATOR,
    LIBRARY_STRUCT,
    LIBRARY_STRUCT_ERROR,
    LIBRARY_STRUCT_UNPACKER,
    LIBRARY_BINASCII_ERROR,
    LIBRARY_TIMEDELTA,
    LIBRARY_TZINFO,
    LIBRARY_TIMEZONE,
    LIBRARY_DATE,
    LIBRARY_TIME_OF_DAY,
    LIBRARY_DATETIME,
    LIBRARY_ISO_CALENDAR,
    LIBRARY_CSV_ERROR,
    LIBRARY_CSV_DIALECT,
    LIBRARY_CSV_READER,
    LIBRARY_CSV_WRITER,
    LIBRARY_LOCK,
    LIBRARY_SOCKET,
    LIBRARY_NAME_ERROR,
    LIBRARY_READER_PROTOCOL,
    LIBRARY_TIMER_ERROR,
    LIBRARY_POLL,
    LIBRARY_SIGNAL_INFORMATION,
    LIBRARY_CHAIN,
    LIBRARY_CLASS_COUNT
};

typedef struct {
    Streams streams;
    FileObject *input, *output, *errors; // sys.__stdin__ and its kin
    Dict *sys;                           // sys's namespace, where print looks for stdout
    List *arguments;                     // sys.argv
    String *executable;                  // sys.executable
    bool development;                    // warnings that only programmers want to see are shown, and asyncio checks more
    Terminal *terminal;                  // atomic: one that has been in raw mode, see modules/system/terminal.h; or NULL
    Class *enumerate, *zip, *map, *filter, *reversed, *text_file, *buffered_reader, *buffered_writer, *buffered_random,
        *raw_file, *struct_sequence, *unsupported_operation;
    Class *classes[LIBRARY_CLASS_COUNT];
    Dict *structs;                       // formats of struct that were used lately, and their Structs; or NULL
    Object *utc_zone;                    // datetime.timezone.utc; NULL until datetime is imported
    Dict *csv_dialects;                  // by their names; NULL until _csv is imported
    int64_t csv_field_limit;             // the most characters of a field that csv reads
    Object *regex;                       // what PCRE2 keeps; NULL until _re is imported
    struct Signals *signals;             // NULL until _signal is imported
    double socket_timeout;               // of socket.setdefaulttimeout, in seconds; negative: none
    List *audit_hooks;                   // of sys.addaudithook; NULL while there are none
    int64_t gc_thresholds[3], gc_debug;  // of gc.set_threshold and gc.set_debug, for those who read them back
    double switch_interval;              // of sys.setswitchinterval, in seconds
    uint64_t abstract_changes; // how often a class was registered with an abstract one
    void (*outer_trace)(VM *vm); // hooks.trace before the library joined it
} Library;

static inline Library *library_of(VM *vm) { return vm->library; }

// Makes the library of a VM: its built-in names and streams. `streams` is copied. After this the importer may be made.
// library_destroy must be called even when it failed, after vm_destroy: finalisers of files still use the streams.
bool library_create(VM *vm, const Streams *streams);
void library_destroy(VM *vm, Allocator *allocator); // the VM's plain allocator

// Makes sys.stdin and its kin anew. False with MemoryError.
bool library_renew_streams(VM *vm);

// Sets sys.argv and sys.executable.
bool library_set_arguments(VM *vm, const char *executable, size_t count, const char *const *arguments);

// Writes to sys.stderr, whatever a script has put there; to nothing where it is None or gone. False with an exception.
// Writes of an exception that nobody can catch to the standard error, as sys.unraisablehook does it; `source` or None.
bool library_show_ignored(VM *vm, const String *message, Value source, Value exception);
bool library_write_error(VM *vm, const char *text, size_t size);

// Writes out what sys.stdout and sys.stderr hold back. False with an exception.
bool sys_flush(VM *vm);

// compile_source, and then what it warns of is written to sys.stderr as CPython does: not before, since writing may collect. Of
// `shown`, unless it is NULL, a warning shows the line. NULL with an exception.
struct CompileOptions;
Code *library_compile(VM *vm, const char *text, size_t length, const struct CompileOptions *options, String *shown);

// isinstance(v, by) or issubclass(v, by), as `special` is __instancecheck__ or __subclasscheck__: 1, 0, -1. [script]
int class_check(VM *vm, Value v, Value by, Special special);

// Adds a constant to a namespace. False: out of memory.
bool add_value(VM *vm, Dict *namespace, const char *name, Value value);
bool add_text(VM *vm, Dict *namespace, const char *name, const char *text);

#endif

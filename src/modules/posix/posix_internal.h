// What the files of the module posix share: paths as arguments, errors, numbers as arguments.
#ifndef AIOLI_MODULES_POSIX_INTERNAL_H
#define AIOLI_MODULES_POSIX_INTERNAL_H

#include <sys/stat.h>

#include "modules/library.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"

// A path argument: a str, bytes, an object with __fspath__; where allowed an open descriptor, or None for the current folder.
typedef struct {
    const char *text; // as the system takes it; NULL: `fd` is meant
    int fd;           // or -1
    bool is_bytes;    // names in answers are bytes too
    Value shown;      // what errors show: str, bytes or int; VALUE_EMPTY for None
    Value holder;     // what `text` lies in
} Path;

enum { PATH_FD = 1, PATH_NONE = 2 };

// `allowed` is of the constants above. False with an exception. [script]
bool path_argument(VM *vm, Value v, const char *function, const char *name, int allowed, Path *out);
// Whether scripts may do that to the path. Not `follows`: to the link itself when it is one, so that its folder decides.
bool path_permit(VM *vm, const Path *path, Capability capability, bool follows, int dir_fd);
// A dir_fd argument: AT_FDCWD when omitted or None. [script]
bool dir_fd_argument(VM *vm, Value v, int *out);
// A truth value, `otherwise` when omitted: 1, 0, -1. [script]
int truth_argument(VM *vm, Value v, bool otherwise);
// dir_fd and follow_symlinks make no sense with a descriptor: ValueError.
bool check_descriptor_options(VM *vm, const Path *path, const char *function, int dir_fd, bool follows);
// OSError of the class that fits `number`, with the path, and a second one unless NULL.
Value path_error(VM *vm, int number, const Path *path, const Path *second);
// A name that the system gave: str with surrogates for bytes that are no UTF-8, or bytes.
Value name_from_system(VM *vm, const char *text, size_t size, bool as_bytes);
// A file descriptor argument: an int, or an object with fileno() where `any`. Scripts need the capability for all files. [script]
bool fd_argument(VM *vm, Value v, Capability capability, int *out);
// An int of int64 range; OverflowError otherwise. [script]
bool int64_argument(VM *vm, Value v, int64_t *out);
// uid_t and gid_t, where -1 means no change. [script]
bool id_argument(VM *vm, Value v, const char *name, unsigned *out);
// Whether the system call is to be made again, once errno is EINTR. False: look at vm->exception.
bool interrupted_again(VM *vm);

Value status_from_stat(VM *vm, const struct stat *status); // an os.stat_result

extern const NativeDefinition posix_status_functions[], posix_entry_functions[], posix_change_functions[], posix_descriptor_functions[],
    posix_process_functions[], posix_child_functions[];
bool posix_status_add(VM *vm, Dict *namespace);
bool posix_entry_add(VM *vm, Dict *namespace);
bool posix_child_add(VM *vm, Dict *namespace);
bool posix_process_add(VM *vm, Dict *namespace);
bool posix_constants_add(VM *vm, Dict *namespace);

#endif

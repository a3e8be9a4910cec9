// _private_file: files that only their owner may read, such as a history: what is added is whole whatever happens to the process.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "modules/modules.h"
#include "object/core/native.h"
#include "modules/system/file.h"
#include "object/shared/builtin.h"

// The folders that lead to a file, each private where it is not there yet. What fails shows when the file is opened.
static void make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
}

// 0 or an errno.
static int write_all(int fd, const char *text, size_t size) {
    while (size) {
        ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        text += n;
        size -= (size_t)n;
    }
    return 0;
}

static bool arguments(VM *vm, Value *args, char path[4096]) {
    if (!is_string(args[0]) || !is_string(args[1])) return raise_type_error(vm, "a path and a text are wanted"), false;
    String *name = string_of(args[0]);
    if (!name->size || name->size >= 4096 - 8 || strlen(name->data) != name->size) return raise_value_error(vm, "no such path"), false;
    memcpy(path, name->data, name->size + 1);
    return vm_permit(vm, CAPABILITY_WRITE, path);
}

static Value finish(VM *vm, Value path, int error) { return error ? raise_os_error(vm, error, path) : VALUE_NONE; }

// One write at the end of the file: several processes may do so at the same time.
static Value private_append(VM *vm, Value *args, size_t count) {
    char path[4096];
    if (!arguments(vm, args, path)) return VALUE_ERROR;
    make_folders(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return finish(vm, args[0], errno);
    int error = write_all(fd, string_of(args[1])->data, string_of(args[1])->size);
    close(fd);
    return finish(vm, args[0], error);
}

// Another file takes the place of what is there, in one step.
static Value private_rewrite(VM *vm, Value *args, size_t count) {
    char path[4096], fresh[4096];
    if (!arguments(vm, args, path)) return VALUE_ERROR;
    make_folders(path);
    snprintf(fresh, sizeof fresh, "%.4080s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return finish(vm, args[0], errno);
    int error = write_all(fd, string_of(args[1])->data, string_of(args[1])->size);
    if (!error && fsync(fd) != 0) error = errno;
    close(fd);
    if (!error && rename(fresh, path) != 0) error = errno;
    if (error) unlink(fresh);
    return finish(vm, args[0], error);
}

// temporary(text, ending): the path of a new file in the folder for such files.
static Value private_temporary(VM *vm, Value *args, size_t count) {
    char path[4096];
    if (!is_string(args[0]) || !is_string(args[1])) return raise_type_error(vm, "a text and an ending are wanted");
    String *ending = string_of(args[1]);
    if (ending->size > 100 || strlen(ending->data) != ending->size || strchr(ending->data, '/')) return raise_value_error(vm, "no such ending");
    const char *folder = getenv("TMPDIR");
    if (!folder || !*folder || strlen(folder) > 3900 || !utf8_valid(folder, strlen(folder), false, NULL)) folder = "/tmp";
    snprintf(path, sizeof path, "%s/aioli-XXXXXX%s", folder, ending->data);
    if (!vm_permit(vm, CAPABILITY_WRITE, NULL)) return VALUE_ERROR; // whose message says nothing of the folder
    int fd = mkstemps(path, (int)ending->size);
    int error = fd < 0 ? errno : write_all(fd, string_of(args[0])->data, string_of(args[0])->size);
    if (fd >= 0) close(fd);
    Value name = object_or_error(string_from(vm, path));
    if (fd >= 0 && (error || is_error(name))) unlink(path);
    return error && !is_error(name) ? finish(vm, name, error) : name;
}

static Value private_remove(VM *vm, Value *args, size_t count) {
    Value two[2] = {args[0], args[0]};
    char path[4096];
    if (!arguments(vm, two, path)) return VALUE_ERROR;
    return finish(vm, args[0], unlink(path) != 0 ? errno : 0);
}

static const NativeDefinition functions[] = {{"append", private_append, "path, text, /", NATIVE_METHOD},
                                             {"rewrite", private_rewrite, "path, text, /", NATIVE_METHOD},
                                             {"temporary", private_temporary, "text, ending, /", NATIVE_METHOD},
                                             {"remove", private_remove, "path, /", NATIVE_METHOD},
                                             {0}};

bool private_file_module_fill(VM *vm, ModuleObject *module) {
    return native_add_functions(vm, module->namespace, functions) > 0;
}

// _testing: what the runner of tests can't do in the language: list folders, compile files whose assertions explain themselves, and read
// the real clock though asyncio's is virtual.
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/utf8.h"
#include "compiler/compiler.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "modules/system/file.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/core/protocol.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"

// A path that the system understands, and that may be read. NULL with an exception.
static const char *path_argument(VM *vm, Value v) {
    if (!is_string(v)) return raise_type_error(vm, "a path must be a str, not '%s'", type_name(vm, v)), NULL;
    String *path = string_of(v);
    if (strlen(path->data) != path->size) return raise_value_error(vm, "embedded null character"), NULL;
    return vm_permit(vm, CAPABILITY_READ, path->data) ? path->data : NULL;
}

static const char *kind_of(const struct stat *about) {
    return S_ISDIR(about->st_mode) ? "folder" : S_ISREG(about->st_mode) ? "file" : "other";
}

// kind(path): "folder", "file", "other", or None when there is nothing.
static Value testing_kind(VM *vm, Value *args, size_t count) {
    const char *path = path_argument(vm, args[0]);
    struct stat about;
    if (!path) return VALUE_ERROR;
    if (stat(path, &about) != 0) return VALUE_NONE;
    String *kind = string_from(vm, kind_of(&about));
    return kind ? value_object(kind) : VALUE_ERROR;
}

static bool add_entry(VM *vm, List *list, const char *folder, const char *name) {
    // A name that is not UTF-8 is no module's.
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || !utf8_valid(name, strlen(name), false, NULL)) return true;
    String *path = string_format(vm, "%s/%s", folder, name), *shown = string_from(vm, name);
    struct stat about, link;
    if (!path || !shown) return false;
    if (lstat(path->data, &link) != 0 || stat(path->data, &about) != 0) return true; // gone meanwhile
    // Whoever follows a link to a folder may walk in circles.
    bool circles = S_ISLNK(link.st_mode) && S_ISDIR(about.st_mode);
    String *kind = string_from(vm, circles ? "other" : kind_of(&about));
    Value parts[2] = {value_object(shown), kind ? value_object(kind) : VALUE_ERROR};
    Tuple *entry = kind ? tuple_from(vm, parts, 2) : NULL;
    return entry && list_append(vm, list, value_object(entry));
}

// list_folder(path): (name, kind) of what lies in it, in no order. OSError.
static Value testing_list_folder(VM *vm, Value *args, size_t count) {
    const char *path = path_argument(vm, args[0]);
    if (!path) return VALUE_ERROR;
    List *list = list_new(vm, 16);
    if (!list) return VALUE_ERROR;
    DIR *folder = opendir(path);
    if (!folder) return raise_os_error(vm, errno, args[0]);
    bool ok = true;
    errno = 0;
    for (struct dirent *entry; ok && (entry = readdir(folder)); errno = 0) 
        ok = add_entry(vm, list, path, entry->d_name) && vm_poll(vm, 50);
    int error = ok ? errno : 0;
    closedir(folder);
    if (error) return raise_os_error(vm, error, args[0]);
    return ok ? value_object(list) : VALUE_ERROR;
}

// compile(bytes, file_name): the code of a module, whose assertions explain themselves and whose tracebacks show the source.
static Value testing_compile(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t length;
    if (!bytes_view(args[0], &data, &length) || !is_string(args[1])) return raise_type_error(vm, "bytes and a file's name are wanted");
    size_t mark = length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    String *source = vm->names.empty;
    if (utf8_valid((const char *)data, length, false, NULL)) source = string_new(vm, (const char *)data + mark, length - mark);
    if (!source) return VALUE_ERROR;
    CompileOptions options = {.file_name = string_of(args[1]), .source = source, .mode = PARSE_FILE, .explains = true};
    return object_or_error(library_compile(vm, (const char *)data, length, &options, source));
}

// real_time(): seconds of a clock that only goes forward.
static Value testing_real_time(VM *vm, Value *args, size_t count) {
    if (!vm_permit(vm, CAPABILITY_CLOCK, NULL)) return VALUE_ERROR;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return value_float((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

static const NativeDefinition functions[] = {{"kind", testing_kind, "path, /", NATIVE_METHOD},
                                             {"list_folder", testing_list_folder, "path, /", NATIVE_METHOD},
                                             {"compile", testing_compile, "source, file_name, /", NATIVE_METHOD},
                                             {"real_time", testing_real_time, "", NATIVE_METHOD},
                                             {0}};

bool testing_module_fill(VM *vm, ModuleObject *module) { return native_add_functions(vm, module->namespace, functions) > 0; }

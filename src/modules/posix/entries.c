// What is in a folder: listdir, scandir and its entries.
#define _GNU_SOURCE 1 // constants and calls of Linux

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "modules/posix/posix_internal.h"

typedef struct {
    NativeData data;
    DIR *folder; // NULL: closed or at its end
    int fd;      // of scandir(fd): the descriptor that was given; or -1
    bool is_bytes;
    Value path; // before the names; VALUE_EMPTY for scandir(fd)
} Scan;

typedef struct {
    NativeData data;
    Value name, path; // str or bytes
    int dir_fd;
    bool is_bytes;
    unsigned char type; // DT_…
    ino_t inode;
    Value status, link_status; // once asked for, or VALUE_EMPTY
} Entry;

static Scan *scan_of(Value v) { return (Scan *)object_of(v); }
static Entry *entry_of(Value v) { return (Entry *)object_of(v); }

static bool is_itself_or_parent(const char *name) { return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])); }

// Opens the folder of a path argument; a descriptor stays the caller's. NULL with an exception.
static DIR *open_folder(VM *vm, const Path *path) {
    int fd = path->text ? open(path->text, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : fcntl(path->fd, F_DUPFD_CLOEXEC, 0);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (folder) {
        if (!path->text) rewinddir(folder);
        return folder;
    }
    int number = errno;
    if (fd >= 0) close(fd);
    path_error(vm, number, path, NULL);
    return NULL;
}

static Value posix_listdir(VM *vm, Value *args, size_t count) {
    Path path;
    if (!path_argument(vm, is_empty(args[0]) ? VALUE_NONE : args[0], "listdir", "path", PATH_FD | PATH_NONE, &path) ||
        !path_permit(vm, &path, CAPABILITY_READ, true, AT_FDCWD))
        return VALUE_ERROR;
    List *names = list_new(vm, 0);
    DIR *folder = names ? open_folder(vm, &path) : NULL;
    if (!folder) return VALUE_ERROR;
    bool good = true;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (!entry) break;
        if (is_itself_or_parent(entry->d_name)) continue;
        Value name = name_from_system(vm, entry->d_name, strlen(entry->d_name), path.is_bytes);
        good = !is_error(name) && list_append(vm, names, name) && vm_poll(vm, 4);
        if (!good) break;
    }
    int number = errno;
    closedir(folder);
    if (!good) return VALUE_ERROR;
    return number ? path_error(vm, number, &path, NULL) : value_object(names);
}

// ---- Entries

static void entry_trace(VM *vm, Object *o) {
    Entry *e = (Entry *)o;
    heap_mark(vm, e->name);
    heap_mark(vm, e->path);
    heap_mark(vm, e->status);
    heap_mark(vm, e->link_status);
}

static Value entry_repr(VM *vm, Value self) {
    Buffer text = vm_buffer(vm);
    buffer_text(&text, "<DirEntry ");
    if (!append_repr(vm, &text, entry_of(self)->name)) return buffer_free(&text), VALUE_ERROR;
    buffer_byte(&text, '>');
    return object_or_error(string_from_buffer(vm, &text));
}

static const TypeOps entry_ops = {.trace = entry_trace, .repr = entry_repr};

// Asks the system: 1, 0 when there is no such file and `lenient`, -1 with an exception.
static int ask(VM *vm, Entry *e, bool follows, bool lenient, struct stat *status) {
    Path path;
    if (!path_argument(vm, e->dir_fd < 0 ? e->path : e->name, "DirEntry", "path", 0, &path)) return -1;
    int dir_fd = e->dir_fd < 0 ? AT_FDCWD : e->dir_fd;
    path.shown = e->path;
    if (!path_permit(vm, &path, CAPABILITY_READ, follows, dir_fd)) return -1;
    if (fstatat(dir_fd, path.text, status, follows ? 0 : AT_SYMLINK_NOFOLLOW) == 0) return 1;
    if (lenient && errno == ENOENT) return 0;
    path_error(vm, errno, &path, NULL);
    return -1;
}

static Value entry_status(VM *vm, Entry *e, bool follows) {
    // What is no link has one status.
    Value *kept = follows && e->type == DT_LNK ? &e->status : &e->link_status;
    if (follows && e->type == DT_UNKNOWN) kept = &e->status;
    if (!is_empty(*kept)) return *kept;
    struct stat status;
    if (ask(vm, e, follows, false, &status) < 0) return VALUE_ERROR;
    Value result = status_from_stat(vm, &status);
    if (!is_error(result)) heap_store(vm, &e->data.object, kept, result);
    return result;
}

static Value entry_stat(VM *vm, Value *args, size_t count) {
    int follows = truth_argument(vm, args[1], true);
    return follows < 0 ? VALUE_ERROR : entry_status(vm, entry_of(args[0]), follows);
}

static Value is_of_type(VM *vm, Entry *e, bool follows, unsigned char type, mode_t mode) {
    if (e->type != DT_UNKNOWN && !(follows && e->type == DT_LNK)) return value_bool(e->type == type);
    struct stat status;
    int found = ask(vm, e, follows, true, &status);
    return found < 0 ? VALUE_ERROR : value_bool(found && (status.st_mode & S_IFMT) == mode);
}

static Value entry_is_dir(VM *vm, Value *args, size_t count) {
    int follows = truth_argument(vm, args[1], true);
    return follows < 0 ? VALUE_ERROR : is_of_type(vm, entry_of(args[0]), follows, DT_DIR, S_IFDIR);
}
static Value entry_is_file(VM *vm, Value *args, size_t count) {
    int follows = truth_argument(vm, args[1], true);
    return follows < 0 ? VALUE_ERROR : is_of_type(vm, entry_of(args[0]), follows, DT_REG, S_IFREG);
}
static Value entry_is_symlink(VM *vm, Value *args, size_t count) { return is_of_type(vm, entry_of(args[0]), false, DT_LNK, S_IFLNK); }
static Value entry_is_junction(VM *vm, Value *args, size_t count) { return VALUE_FALSE; }
static Value entry_inode(VM *vm, Value *args, size_t count) { return int_from_uint64(vm, entry_of(args[0])->inode); }
static Value entry_fspath(VM *vm, Value *args, size_t count) { return entry_of(args[0])->path; }
static Value entry_get_name(VM *vm, Value self) { return entry_of(self)->name; }
static Value entry_get_path(VM *vm, Value self) { return entry_of(self)->path; }

static const NativeDefinition entry_methods[] = {
    {"stat", entry_stat, "self, /, *, follow_symlinks=True", NATIVE_METHOD, "What the system knows of it; asked for once."},
    {"is_dir", entry_is_dir, "self, /, *, follow_symlinks=True", NATIVE_METHOD, "Whether it is a folder."},
    {"is_file", entry_is_file, "self, /, *, follow_symlinks=True", NATIVE_METHOD, "Whether it is a regular file."},
    {"is_symlink", entry_is_symlink, "self, /", NATIVE_METHOD, "Whether it is a symbolic link."},
    {"is_junction", entry_is_junction, "self, /", NATIVE_METHOD, "Whether it is a junction of Windows: never."},
    {"inode", entry_inode, "self, /", NATIVE_METHOD, "The number of its inode."},
    {"__fspath__", entry_fspath, "self, /", NATIVE_METHOD, "Its path."},
    {0}};
static const AttributeDefinition entry_attributes[] = {{"name", entry_get_name, NULL, "The name of the entry in its folder."},
                                                       {"path", entry_get_path, NULL, "The folder's path joined with the name."},
                                                       {0}};

// ---- scandir

static void scan_trace(VM *vm, Object *o) { heap_mark(vm, ((Scan *)o)->path); }

static void scan_close(Scan *s) {
    if (s->folder) closedir(s->folder);
    s->folder = NULL;
}
static void scan_finalize(VM *vm, Object *o) { scan_close((Scan *)o); }

static Value entry_path(VM *vm, Scan *s, const char *name) {
    if (is_empty(s->path)) return name_from_system(vm, name, strlen(name), s->is_bytes);
    const char *before;
    size_t size, length = strlen(name);
    Path path;
    if (!path_argument(vm, s->path, "scandir", "path", 0, &path)) return VALUE_ERROR;
    before = path.text;
    size = strlen(before);
    Buffer text = vm_buffer(vm);
    buffer_append(&text, before, size);
    if (size && before[size - 1] != '/') buffer_byte(&text, '/');
    buffer_append(&text, name, length);
    Value result = text.failed ? raise_memory_error(vm) : name_from_system(vm, text.data, text.length, s->is_bytes);
    buffer_free(&text);
    return result;
}

static Value scan_next(VM *vm, Value self) {
    Scan *s = scan_of(self);
    while (s->folder) {
        errno = 0;
        struct dirent *entry = readdir(s->folder);
        if (!entry) {
            int number = errno;
            scan_close(s);
            if (number) return path_error(vm, number, NULL, NULL);
            break;
        }
        if (is_itself_or_parent(entry->d_name)) continue;
        Value name = name_from_system(vm, entry->d_name, strlen(entry->d_name), s->is_bytes);
        Value path = is_error(name) ? name : entry_path(vm, s, entry->d_name);
        if (is_error(path)) return path;
        unsigned char type = entry->d_type;
        ino_t inode = entry->d_ino;
        Entry *e = native_data_new(vm, library_of(vm)->classes[LIBRARY_DIR_ENTRY], sizeof(Entry));
        if (!e) return VALUE_ERROR;
        e->name = name;
        e->path = path;
        e->dir_fd = s->fd;
        e->is_bytes = s->is_bytes;
        e->type = type;
        e->inode = inode;
        e->status = e->link_status = VALUE_EMPTY;
        return value_object(e);
    }
    vm->stop_value = VALUE_NONE;
    return VALUE_STOP;
}

static Value scan_itself(VM *vm, Value self) { return self; }
static Value scan_close_method(VM *vm, Value *args, size_t count) { return scan_close(scan_of(args[0])), VALUE_NONE; }
static Value scan_enter(VM *vm, Value *args, size_t count) { return args[0]; }

static const TypeOps scan_ops = {.trace = scan_trace, .finalize = scan_finalize, .iterate = scan_itself, .next = scan_next};
static const NativeDefinition scan_methods[] = {{"close", scan_close_method, "self, /", NATIVE_METHOD, "Lets go of the folder."},
                                                {"__enter__", scan_enter, "self, /", NATIVE_METHOD},
                                                {"__exit__", scan_close_method, "self, /, *details", NATIVE_METHOD},
                                                {0}};

static Value posix_scandir(VM *vm, Value *args, size_t count) {
    Path path;
    if (!path_argument(vm, is_empty(args[0]) ? VALUE_NONE : args[0], "scandir", "path", PATH_FD | PATH_NONE, &path) ||
        !path_permit(vm, &path, CAPABILITY_READ, true, AT_FDCWD))
        return VALUE_ERROR;
    Value before = path.text ? path.shown : VALUE_EMPTY;
    if (path.text && is_empty(before) && is_error(before = object_or_error(string_from(vm, ".")))) return before;
    Scan *s = native_data_new(vm, library_of(vm)->classes[LIBRARY_SCAN], sizeof(Scan));
    if (!s) return VALUE_ERROR;
    s->path = before;
    s->fd = path.text ? -1 : path.fd;
    s->is_bytes = path.is_bytes;
    s->folder = open_folder(vm, &path);
    return s->folder ? value_object(s) : VALUE_ERROR;
}

const NativeDefinition posix_entry_functions[] = {
    {"listdir", posix_listdir, "path=None", NATIVE_METHOD, "The names in a folder, as a list."},
    {"scandir", posix_scandir, "path=None", NATIVE_METHOD, "An iterator over a folder's entries."},
    {0}};

bool posix_entry_add(VM *vm, Dict *namespace) {
    Class **classes = library_of(vm)->classes;
    Class *entry = classes[LIBRARY_DIR_ENTRY] = native_data_class(vm, "posix", "DirEntry", &entry_ops, sizeof(Entry), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    Class *scan = classes[LIBRARY_SCAN] = native_data_class(vm, "posix", "ScandirIterator", &scan_ops, sizeof(Scan), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    return entry && scan && native_add_methods(vm, entry, entry_methods) >= 0 && native_add_attributes(vm, entry, entry_attributes) >= 0 &&
           native_add_methods(vm, scan, scan_methods) >= 0 && add_value(vm, namespace, "DirEntry", value_object(entry));
}

// open(): what a mode means, the descriptor, and the file object over it.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modules/system/file.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"
#include "object/text/codec.h"
#include "vm/interpreter.h"

typedef struct {
    int flags; // open(2)'s
    bool read, write, append, create, update, binary, text;
} Mode;

static bool parse_mode(VM *vm, const String *text, Mode *mode) {
    *mode = (Mode){0};
    for (size_t i = 0; i < text->size; i++) {
        bool *flag = NULL;
        switch (text->data[i]) {
        case 'r': flag = &mode->read; break;
        case 'w': flag = &mode->write; break;
        case 'a': flag = &mode->append; break;
        case 'x': flag = &mode->create; break;
        case '+': flag = &mode->update; break;
        case 'b': flag = &mode->binary; break;
        case 't': flag = &mode->text; break;
        }
        if (!flag || *flag) return raise_value_error(vm, "invalid mode: '%s'", text->data), false;
        *flag = true;
    }
    if (mode->binary && mode->text)
        return raise_value_error(vm, "can't have text and binary mode at once"), false;
    if (mode->read + mode->write + mode->append + mode->create != 1) {
        raise_value_error(vm, "must have exactly one of create/read/write/append mode");
        return false;
    }
    mode->flags = mode->update ? O_RDWR : mode->read ? O_RDONLY : O_WRONLY;
    if (mode->write) mode->flags |= O_CREAT | O_TRUNC;
    if (mode->append) mode->flags |= O_CREAT | O_APPEND;
    if (mode->create) mode->flags |= O_CREAT | O_EXCL;
    return true;
}

static bool permit(VM *vm, const Mode *mode, const char *path) {
    bool reads = mode->read || mode->update, writes = !mode->read || mode->update;
    return (!reads || vm_permit(vm, CAPABILITY_READ, path)) &&
           (!writes || vm_permit(vm, CAPABILITY_WRITE, path));
}

// The text of a path, a str or bytes, for C. NULL with an exception: none that C could have, or the host does
// not allow it.
static const char *path_of(VM *vm, Value file, const Mode *mode) {
    const char *path;
    size_t length;
    if (is_string(file)) {
        if (!string_terminate(vm, string_of(file))) return NULL;
        path = string_of(file)->data;
        length = string_of(file)->size;
    } else {
        Bytes *bytes = (Bytes *)object_of(file);
        path = (const char *)bytes->data;
        length = bytes->length;
    }
    if (strlen(path) != length) return raise_value_error(vm, "embedded null byte"), NULL;
    return permit(vm, mode, path) ? path : NULL;
}

// The descriptor of a path or number. -1 with an exception.
static int open_descriptor(VM *vm, Value file, const Mode *mode) {
    if (is_int(file)) {
        int fd;
        if (!c_int_argument(vm, file, &fd)) return -1;
        struct stat status;
        if (fd < 0) return raise_value_error(vm, "negative file descriptor"), -1;
        if (!permit(vm, mode, NULL)) return -1;
        if (fstat(fd, &status) != 0) return raise_os_error(vm, errno, VALUE_EMPTY), -1;
        return fd;
    }
    const char *path = path_of(vm, file, mode);
    if (!path) return -1;
    int fd;
    do fd = open(path, mode->flags | O_CLOEXEC, 0666);
    while (fd < 0 && errno == EINTR);
    struct stat status;
    int number = fd < 0 ? errno : fstat(fd, &status) != 0 ? errno : S_ISDIR(status.st_mode) ? EISDIR : 0;
    if (!number) return fd;
    if (fd >= 0) close(fd);
    raise_os_error(vm, number, file);
    return -1;
}

static bool optional_text(VM *vm, Value v, const char *name) {
    if (is_empty(v) || is_none(v) || is_string(v)) return true;
    raise_type_error(vm, "open() argument '%s' must be str or None, not %s", name, type_name(vm, v));
    return false;
}

static Class *class_for(Library *library, const Mode *mode, int64_t buffering) {
    if (!mode->binary) return library->text_file;
    if (buffering == 0) return library->raw_file;
    return mode->update ? library->buffered_random
           : mode->read ? library->buffered_reader
                        : library->buffered_writer;
}

// What CPython looks at once the file is open.
static bool check_text_options(VM *vm, const Mode *mode, int64_t buffering, Value newline) {
    if (buffering == 0 && !mode->binary)
        return raise_value_error(vm, "can't have unbuffered text I/O"), false;
    const char *end = is_string(newline) ? string_of(newline)->data : "";
    if (!*end || !strcmp(end, "\n") || !strcmp(end, "\r") || !strcmp(end, "\r\n")) return true;
    String *shown = value_repr(vm, newline);
    if (shown) raise_value_error(vm, "illegal newline value: %s", shown->data);
    return false;
}

// The descriptor that the script's `opener` gives, who may open neither the path nor numbers unless the
// script may. -1 with an exception.
static int ask_opener(VM *vm, Value opener, Value path, const Mode *mode) {
    if (!path_of(vm, path, mode) || !permit(vm, mode, NULL)) return -1;
    Value arguments[2] = {path, value_small(mode->flags | O_CLOEXEC)};
    Value given = vm_call(vm, opener, arguments, 2, NULL);
    int fd;
    if (is_error(given)) return -1;
    if (!is_int(given)) return raise_type_error(vm, "expected integer from opener"), -1;
    if (!c_int_argument(vm, given, &fd)) return -1;
    if (fd < 0) return raise_value_error(vm, "opener returned %d", fd), -1;
    return fd;
}

// What is opened: args[0] a path or number, args[6] closefd, args[7] an opener or None. Makes args[0] a str,
// bytes or int. -1 with an exception.
static int open_target(VM *vm, Value *args, const Mode *mode) {
    if (!is_string(args[0]) && !is_int(args[0]) && !is_kind(args[0], KIND_BYTES)) {
        Value path = value_call_special(vm, args[0], SPECIAL_FSPATH, NULL, 0);
        if (is_empty(path))
            return raise_type_error(vm, "expected str, bytes or os.PathLike object, not %s",
                                    type_name(vm, args[0])),
                   -1;
        if (is_error(path)) return -1;
        if (!is_string(path) && !is_kind(path, KIND_BYTES)) {
            raise_type_error(vm, "expected %s.__fspath__() to return str or bytes, not %s",
                             type_name(vm, args[0]), type_name(vm, path));
            return -1;
        }
        args[0] = path;
    }
    int closes = is_empty(args[6]) ? 1 : value_truth(vm, args[6]);
    if (closes < 0) return -1;
    if (!closes && !is_int(args[0]))
        return raise_value_error(vm, "Cannot use closefd=False with file name"), -1;
    args[6] = value_bool(closes);
    if (is_int(args[0]) || is_empty(args[7]) || is_none(args[7])) return open_descriptor(vm, args[0], mode);
    return ask_opener(vm, args[7], args[0], mode);
}

// Gives a file a descriptor, which is closed if that fails.
static bool set_up(VM *vm, FileObject *file, int fd, const Mode *mode, Value name, bool closes) {
    String *shown = string_format(vm, "%s%s%s",
                                  mode->create                 ? "x"
                                  : mode->append               ? "a"
                                  : mode->read || mode->update ? "r"
                                                               : "w",
                                  mode->binary ? "b" : "", mode->update ? "+" : "");
    if (!shown) {
        if (closes) close(fd);
        return false;
    }
    if (mode->append) lseek(fd, 0, SEEK_END); // for tell(); a pipe has no end
    file->fd = fd;
    file->keep_open = !closes;
    file->readable = mode->read || mode->update;
    file->writable = !mode->read || mode->update;
    file->binary = mode->binary;
    file->name = name;
    file->mode = value_object(shown); // what the file can do, in one way of writing it
    return true;
}

bool file_open_raw(VM *vm, FileObject *file, Value *args) {
    Mode mode;
    String *mode_text = is_string(args[1]) ? string_of(args[1]) : string_intern_from(vm, "r", 1);
    if (!is_empty(args[1]) && !is_string(args[1]))
        return raise_type_error(vm, "FileIO() argument 'mode' must be str, not %s", type_name(vm, args[1])),
               false;
    if (!mode_text) return false;
    if (mode_text->data[strspn(mode_text->data, "rwaxb+")])
        return raise_value_error(vm, "invalid mode: %s", mode_text->data), false;
    if (!parse_mode(vm, mode_text, &mode)) return false;
    mode.binary = true;
    Value whole[8] = {args[0], args[1], VALUE_EMPTY, VALUE_EMPTY, VALUE_EMPTY, VALUE_EMPTY, args[2], args[3]};
    int fd = open_target(vm, whole, &mode);
    if (fd < 0) return false;
    file->unbuffered = true;
    return set_up(vm, file, fd, &mode, whole[0], is_true(whole[6]));
}

// Text in an encoding that is not a matter of bytes and UTF-8 is the library's: its stream over a binary
// file.
static Value open_encoded(VM *vm, FileObject *binary, Value *args, String *mode, bool line_buffered) {
    String *module_name = string_intern_from(vm, "_io_text", 8),
           *wanted = string_intern_from(vm, "open_text", 9);
    Value module = module_name && wanted ? vm->hooks.import_module(vm, module_name) : VALUE_ERROR;
    Value found = is_error(module) ? module : value_get_attribute(vm, module, wanted);
    Value arguments[] = {value_object(binary),
                         args[3],
                         is_empty(args[4]) ? VALUE_NONE : args[4],
                         is_empty(args[5]) ? VALUE_NONE : args[5],
                         value_bool(line_buffered),
                         value_object(mode)};
    return is_error(found) ? found : vm_call(vm, found, arguments, 6, NULL);
}

// Whether each byte of the encoding is a character or raises an error.
static bool is_read_bytewise(Value encoding, Value errors) {
    bool is_total;
    return codec_is_bytewise(codec_find(string_of(encoding)), &is_total) &&
           (is_total || !is_string(errors) || string_is(string_of(errors), "strict"));
}

// open(file, mode, buffering, encoding, errors, newline, closefd, opener)
Value file_open(VM *vm, Value *args, size_t count) {
    Mode mode;
    int64_t buffering = -1;
    String *mode_text = string_intern_from(vm, "r", 1), *strict = string_intern_from(vm, "strict", 6);
    if (is_string(args[1]))
        mode_text = string_of(args[1]);
    else if (!is_empty(args[1]))
        return raise_type_error(vm, "open() argument 'mode' must be str, not %s", type_name(vm, args[1]));
    if (!strict || !mode_text || !parse_mode(vm, mode_text, &mode)) return VALUE_ERROR;
    if (!is_empty(args[2]) && !value_index_int64(vm, args[2], false, &buffering)) return VALUE_ERROR;
    static const char *const names[] = {"encoding", "errors", "newline"};
    for (int i = 0; i < 3; i++) {
        if (!optional_text(vm, args[3 + i], names[i])) return VALUE_ERROR;
        if (mode.binary && is_string(args[3 + i]))
            return raise_value_error(vm,
                                     i < 2 ? "binary mode doesn't take an %s argument"
                                           : "binary mode doesn't take a %s argument",
                                     names[i]);
    }
    if (is_string(args[3]) && string_is(string_of(args[3]), "locale")) args[3] = VALUE_NONE;
    if (is_string(args[3]) && !codec_is_known(vm, string_of(args[3]))) return VALUE_ERROR;
    bool is_utf8 = !is_string(args[3]) || codec_find(string_of(args[3])) == CODEC_UTF8;
    // What is only written can be put in as bytes where ASCII is as it is, and what is only read can be taken as bytes where each is a
    // character.
    bool is_ours = mode.binary || is_utf8;
    if (!is_ours && !mode.update) is_ours = mode.read ? is_read_bytewise(args[3], args[4]) : codec_extends_ascii(string_of(args[3]));
    int fd = open_target(vm, args, &mode);
    if (fd < 0) return VALUE_ERROR;
    bool closes = is_true(args[6]);
    bool is_good = check_text_options(vm, &mode, buffering, args[5]);
    if (is_good && mode.binary && buffering == 1)
        is_good = warn_script(vm, vm->exceptions.runtime_warning,
                              "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used");
    mode.binary = mode.binary || !is_ours;
    FileObject *file =
        is_good ? file_new(vm, class_for(library_of(vm), &mode, is_ours ? buffering : -1)) : NULL;
    if (!file) {
        if (closes) close(fd);
        return VALUE_ERROR;
    }
    if (!set_up(vm, file, fd, &mode, args[0], closes)) return VALUE_ERROR;
    bool line_buffered = buffering == 1 || isatty(fd);
    if (!is_ours) return open_encoded(vm, file, args, mode_text, line_buffered);
    file->unbuffered = buffering == 0;
    file->line_buffered = !mode.binary && line_buffered;
    file->universal = !mode.binary && !is_string(args[5]);
    if (!mode.binary) file->mode = value_object(mode_text);
    file_set_encoding(file, is_string(args[3]) ? args[3] : VALUE_NONE, is_string(args[4]) ? args[4] : value_object(strict));
    if (is_string(args[5])) file->newline = args[5];
    return value_object(file);
}

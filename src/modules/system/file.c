// File objects: buffers over descriptors and over the host's standard streams.
#define _GNU_SOURCE // memmem
#include "modules/system/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "object/container/dict.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"
#include "object/text/codec.h"
#include "vm/interpreter.h"

enum { BLOCK = 8192, READ_BLOCK = 32768 };

Value raise_os_error(VM *vm, int number, Value name) {
    String *text = string_from(vm, strerror(number));
    if (!text) return VALUE_ERROR;
    Value arguments[3] = {value_small(number), value_object(text), name};
    Value exception = call_class(vm, vm->exceptions.os_error, arguments, is_empty(name) ? 2 : 3);
    return is_error(exception) ? exception : raise_value(vm, exception);
}

// The object that holds the buffers: a text file and its `buffer` are one.
static FileObject *core(FileObject *file) { return file->owner ? file->owner : file; }

static bool is_utf8_name(const String *s) {
    return strcasecmp(s->data, "utf-8") == 0 || strcasecmp(s->data, "utf8") == 0 || strcasecmp(s->data, "utf_8") == 0;
}

// ---- Output

// Writes `length` bytes. 0 or an errno.
static int write_all(VM *vm, FileObject *file, const char *bytes, size_t length) {
    if (file->stream >= 0) {
        Streams *streams = &library_of(vm)->streams;
        return streams->write(streams->user, file->stream, bytes, length);
    }
    while (length) {
        ssize_t n = write(file->fd, bytes, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

static bool write_failed(VM *vm, FileObject *file, int number) {
    if (!number) return true;
    file->broken = true;
    raise_os_error(vm, number, VALUE_EMPTY);
    return false;
}

bool file_flush(VM *vm, FileObject *file) {
    file = core(file);
    size_t length = file->out.length;
    if (!length) return true;
    // What can't be written is dropped, or every later flush would fail again.
    file->out.length = 0;
    return write_failed(vm, file, write_all(vm, file, file->out.data, length));
}

static bool put(VM *vm, FileObject *file, const char *bytes, size_t length) {
    file = core(file);
    if (file->out.length + length > BLOCK && !file_flush(vm, file)) return false;
    if (length >= BLOCK || file->unbuffered) {
        if (!file_flush(vm, file)) return false;
        return write_failed(vm, file, write_all(vm, file, bytes, length));
    }
    buffer_append(&file->out, bytes, length);
    if (!file->out.failed) return true;
    file->out.failed = false;
    return raise_memory_error(vm), false;
}

// Lines end as the file's `newline` says.
static bool put_translated(VM *vm, FileObject *file, const char *text, size_t size) {
    const String *newline = string_of(file->newline);
    while (size) {
        const char *end = memchr(text, '\n', size);
        size_t part = end ? (size_t)(end - text) : size;
        if (!put(vm, file, text, part) || (end && !put(vm, file, newline->data, newline->size))) return false;
        text += part + (end != NULL);
        size -= part + (end != NULL);
    }
    return true;
}

static bool is_utf8(const FileObject *file) { return file->utf8; }

bool file_write_text(VM *vm, FileObject *file, const char *text, size_t size, bool ascii) {
    const char *bytes = text;
    size_t length = size;
    if (!ascii && !(is_utf8(file) && utf8_valid(text, size, false, NULL))) {
        String *s = string_new(vm, text, size);
        if (!s) return false;
        Value encoded = text_encode(vm, s, is_utf8(file) ? NULL : string_of(file->encoding), string_of(file->errors));
        if (is_error(encoded) || !bytes_view(encoded, (const unsigned char **)&bytes, &length)) return false;
    }
    bool translated = is_string(file->newline) && string_of(file->newline)->size && string_of(file->newline)->data[0] == '\r';
    if (!(translated ? put_translated(vm, file, bytes, length) : put(vm, file, bytes, length))) return false;
    if (file->line_buffered && memchr(text, '\n', size)) return file_flush(vm, file);
    return true;
}

// ---- Input

static size_t waiting(const FileObject *file) { return file->in.length - file->in_start; }

static void make_universal(FileObject *file, char *bytes, size_t *length) {
    size_t to = 0;
    for (size_t i = 0; i < *length; i++) {
        if (bytes[i] == '\n' && file->after_return) {
            file->after_return = false;
            continue;
        }
        file->after_return = bytes[i] == '\r';
        bytes[to++] = file->after_return ? '\n' : bytes[i];
    }
    *length = to;
}

// Waits until a read of a pipe or terminal would not block. False: a request came first.
static bool wait_readable(VM *vm, int fd) {
    enum { SLICE = 20 }; // milliseconds: a signal ends the wait at once, another thread can't
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    while (poll(&wanted, 1, SLICE) <= 0)
        if (vm_requested(vm)) return false;
    return true;
}

// Reads a block into `in`. 1; 0 at the end; -1 with an exception.
static int fill(VM *vm, FileObject *file, size_t wanted) {
    if (file->in_start == file->in.length) file->in_start = file->in.length = 0;
    if (wanted < READ_BLOCK) wanted = READ_BLOCK;
    if (!buffer_reserve(&file->in, wanted)) {
        file->in.failed = false;
        return raise_memory_error(vm), -1;
    }
    char *at = file->in.data + file->in.length;
    long n;
    for (;;) {
        if (file->stream >= 0) {
            Streams *streams = &library_of(vm)->streams;
            if (!streams->read) return 0;
            if (file->stream == 0 && !vm_permit(vm, CAPABILITY_INPUT, NULL)) return -1;
            n = streams->read(streams->user, file->stream, at, wanted);
        } else {
            n = wait_readable(vm, file->fd) ? read(file->fd, at, wanted) : -EINTR;
            if (n < 0 && n != -EINTR) n = -errno;
        }
        if (n != -EINTR) break;
        if (vm_requested(vm) && !vm->hooks.attend(vm)) return -1;
    }
    if (n < 0) return raise_os_error(vm, (int)-n, file->name), -1;
    if (n == 0) return 0;
    size_t got = (size_t)n;
    if (file->universal) make_universal(file, at, &got);
    file->in.length += got;
    return 1;
}

// Reads up to the end. False with an exception.
static bool fill_all(VM *vm, FileObject *file) {
    int status;
    while ((status = fill(vm, file, file->in.length)) == 1) {
    }
    return status == 0;
}

// Takes `length` waiting bytes as the file gives them: a str or bytes.
static Value take(VM *vm, FileObject *file, bool binary, size_t length) {
    const char *bytes = file->in.data + file->in_start;
    file->in_start += length;
    if (binary) return object_or_error(bytes_new(vm, length ? bytes : "", length));
    if (length == 0) return value_object(vm->names.empty);
    if (is_utf8(file) && utf8_valid(bytes, length, false, NULL)) return object_or_error(string_new(vm, bytes, length));
    Bytes *whole = bytes_new(vm, bytes, length);
    if (!whole) return VALUE_ERROR;
    return text_decode(vm, whole->data, length, value_object(whole), is_utf8(file) ? NULL : string_of(file->encoding),
                       string_of(file->errors));
}

// Whether text that is not UTF-8 waits: it is decoded as one piece, so that characters need not be looked for.
static bool prepare_text(VM *vm, FileObject *file) {
    if (file->binary || is_utf8(file)) return true;
    bool universal = file->universal;
    file->universal = false;
    bool ok = fill_all(vm, file);
    if (!ok) return false;
    Value text = take(vm, file, false, waiting(file));
    if (is_error(text)) return false;
    file->in_start = file->in.length = 0;
    buffer_string(&file->in, string_of(text));
    file->utf8 = true;
    file->ended = true;
    if (universal) make_universal(file, file->in.data, &file->in.length);
    return true;
}

// The length of the first line of these bytes, of which `scanned` are known not to end one; 0: more must be read to tell. Of text,
// `newline` says what ends a line: "" any of the three ends, as they are.
static size_t line_length(const FileObject *face, const char *start, size_t length, size_t scanned) {
    const String *ends = !face->binary && is_string(face->newline) ? string_of(face->newline) : NULL;
    if (length <= scanned) return 0;
    if (!ends || (ends->size == 1 && ends->data[0] == '\n')) {
        const char *end = memchr(start + scanned, '\n', length - scanned);
        return end ? (size_t)(end - start) + 1 : 0;
    }
    if (scanned) scanned--; // what was last may have been half an end
    if (ends->size == 2) {
        const char *end = memmem(start + scanned, length - scanned, "\r\n", 2);
        return end ? (size_t)(end - start) + 2 : 0;
    }
    const char *line_feed = ends->size ? NULL : memchr(start + scanned, '\n', length - scanned);
    size_t before = line_feed ? (size_t)(line_feed - start) : length;
    const char *carriage_return = memchr(start + scanned, '\r', before - scanned);
    if (!carriage_return) return line_feed ? before + 1 : 0;
    size_t found = (size_t)(carriage_return - start) + 1;
    return ends->size ? found : found == length ? 0 : found + (start[found] == '\n');
}

static Value read_line(VM *vm, FileObject *face, int64_t limit) {
    FileObject *file = core(face);
    if (!face->binary && !prepare_text(vm, file)) return VALUE_ERROR;
    size_t scanned = 0;
    for (;;) {
        size_t length = waiting(file);
        const char *start = file->in.data ? file->in.data + file->in_start : NULL;
        size_t line = line_length(face, start, length, scanned), found = line ? line : length;
        if (limit >= 0 && found >= (size_t)limit) {
            found = (size_t)limit;
            while (!face->binary && found < length && ((unsigned char)start[found] & 0xC0) == 0x80) found++;
            return take(vm, file, face->binary, found);
        }
        if (line) return take(vm, file, face->binary, found);
        scanned = length;
        int status = fill(vm, file, 0);
        if (status < 0) return VALUE_ERROR;
        if (status == 0) return take(vm, file, face->binary, waiting(file));
    }
}

String *file_read_line(VM *vm, FileObject *file) {
    Value line = read_line(vm, file, -1);
    return is_error(line) ? NULL : string_of(line);
}

// ---- Checks

static bool check_open(VM *vm, FileObject *file) {
    if (!core(file)->closed) return true;
    raise_value_error(vm, "I/O operation on closed file.");
    return false;
}

static Value unsupported(VM *vm, const char *what) {
    return raise_error(vm, library_of(vm)->unsupported_operation, "%s", what);
}

static bool check_readable(VM *vm, FileObject *file) {
    if (!check_open(vm, file)) return false;
    if (core(file)->readable) {
        // What a program asks must be seen before it waits for the answer.
        if (core(file)->stream == 0 && !file_flush(vm, library_of(vm)->output)) return false;
        return core(file)->out.length == 0 || file_flush(vm, file);
    }
    unsupported(vm, file->binary ? "read" : "not readable");
    return false;
}

static bool check_writable(VM *vm, FileObject *file) {
    if (!check_open(vm, file)) return false;
    if (core(file)->writable) return true;
    unsupported(vm, file->binary ? "write" : "not writable");
    return false;
}

// ---- Methods

static Value method_read(VM *vm, Value *args, size_t count) {
    FileObject *face = file_of(args[0]), *file = core(face);
    int64_t wanted = -1;
    if (!is_empty(args[1]) && !is_none(args[1]) && !size_argument(vm, args[1], &wanted)) return VALUE_ERROR;
    if (!check_readable(vm, face) || (!face->binary && !prepare_text(vm, file))) return VALUE_ERROR;
    if (wanted < 0) return fill_all(vm, file) ? take(vm, file, face->binary, waiting(file)) : VALUE_ERROR;
    size_t taken = 0;
    for (int64_t characters = 0;;) {
        size_t length = waiting(file);
        const char *start = file->in.data ? file->in.data + file->in_start : NULL;
        if (face->binary) {
            taken = length < (size_t)wanted ? length : (size_t)wanted;
            if (taken == (size_t)wanted) break;
        } else {
            while (taken < length && characters < wanted) {
                size_t width = (size_t)utf8_width((unsigned char)start[taken]);
                if (taken + width > length) break;
                taken += width;
                characters++;
            }
            if (characters == wanted) break;
        }
        int status = fill(vm, file, face->binary ? (size_t)wanted - length : 0);
        if (status < 0) return VALUE_ERROR;
        if (status == 0) {
            taken = face->binary ? taken : waiting(file);
            break;
        }
    }
    return take(vm, file, face->binary, taken);
}

static Value method_readline(VM *vm, Value *args, size_t count) {
    int64_t limit = -1;
    if (!is_empty(args[1]) && !is_none(args[1]) && !size_argument(vm, args[1], &limit)) return VALUE_ERROR;
    return check_readable(vm, file_of(args[0])) ? read_line(vm, file_of(args[0]), limit) : VALUE_ERROR;
}

static size_t line_size(Value line) {
    if (is_string(line)) return string_of(line)->size;
    const unsigned char *data;
    size_t size = 0;
    bytes_view(line, &data, &size);
    return size;
}

static Value method_readlines(VM *vm, Value *args, size_t count) {
    int64_t hint = -1, total = 0;
    if (!is_empty(args[1]) && !is_none(args[1]) && !size_argument(vm, args[1], &hint)) return VALUE_ERROR;
    if (!check_readable(vm, file_of(args[0]))) return VALUE_ERROR;
    List *lines = list_new(vm, 0);
    while (lines) {
        Value line = read_line(vm, file_of(args[0]), -1);
        if (is_error(line)) return VALUE_ERROR;
        size_t size = line_size(line);
        if (size == 0) return value_object(lines);
        if (!list_append(vm, lines, line)) return VALUE_ERROR;
        total += (int64_t)size;
        if (hint > 0 && total >= hint) return value_object(lines);
    }
    return VALUE_ERROR;
}

static Value write_value(VM *vm, FileObject *file, Value v) {
    if (!check_writable(vm, file)) return VALUE_ERROR;
    if (core(file)->in_start < core(file)->in.length && core(file)->fd >= 0) {
        lseek(core(file)->fd, -(off_t)waiting(core(file)), SEEK_CUR);
        core(file)->in_start = core(file)->in.length = 0;
    }
    if (!file->binary) {
        if (!is_string(v)) return raise_type_error(vm, "write() argument must be str, not %s", type_name(vm, v));
        String *s = string_of(v);
        return file_write_text(vm, file, s->data, s->size, string_is_ascii(s)) ? value_small((int64_t)s->length) : VALUE_ERROR;
    }
    const unsigned char *data;
    size_t length;
    if (!bytes_view(v, &data, &length))
        return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, v));
    return put(vm, file, (const char *)data, length) ? value_small((int64_t)length) : VALUE_ERROR;
}

static Value method_write(VM *vm, Value *args, size_t count) { return write_value(vm, file_of(args[0]), args[1]); }

static int write_each(VM *vm, Value item, void *data) { return is_error(write_value(vm, data, item)) ? -1 : 1; }
static Value method_writelines(VM *vm, Value *args, size_t count) {
    return value_for_each(vm, args[1], write_each, file_of(args[0])) < 0 ? VALUE_ERROR : VALUE_NONE;
}

static Value method_flush(VM *vm, Value *args, size_t count) {
    return check_open(vm, file_of(args[0])) && file_flush(vm, file_of(args[0])) ? VALUE_NONE : VALUE_ERROR;
}

static Value method_close(VM *vm, Value *args, size_t count) {
    FileObject *file = core(file_of(args[0]));
    if (file->closed) return VALUE_NONE;
    bool ok = file_flush(vm, file);
    file->closed = true;
    if (file->fd >= 0 && !file->keep_open && close(file->fd) != 0 && ok) ok = write_failed(vm, file, errno);
    file->fd = -1;
    buffer_free(&file->in);
    buffer_free(&file->out);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

static Value method_enter(VM *vm, Value *args, size_t count) { return check_open(vm, file_of(args[0])) ? args[0] : VALUE_ERROR; }
static Value method_exit(VM *vm, Value *args, size_t count) { return method_close(vm, args + 0, 1); }

static Value method_fileno(VM *vm, Value *args, size_t count) {
    FileObject *file = core(file_of(args[0]));
    if (!check_open(vm, file)) return VALUE_ERROR;
    return value_small(file->stream >= 0 ? file->stream : file->fd);
}
static Value method_isatty(VM *vm, Value *args, size_t count) {
    FileObject *file = core(file_of(args[0]));
    if (!check_open(vm, file)) return VALUE_ERROR;
    Streams *streams = &library_of(vm)->streams;
    if (file->stream >= 0) return value_bool(streams->is_terminal && streams->is_terminal(streams->user, file->stream));
    return value_bool(isatty(file->fd));
}
static Value method_readable(VM *vm, Value *args, size_t count) {
    return check_open(vm, file_of(args[0])) ? value_bool(core(file_of(args[0]))->readable) : VALUE_ERROR;
}
static Value method_writable(VM *vm, Value *args, size_t count) {
    return check_open(vm, file_of(args[0])) ? value_bool(core(file_of(args[0]))->writable) : VALUE_ERROR;
}
static Value method_seekable(VM *vm, Value *args, size_t count) {
    FileObject *file = core(file_of(args[0]));
    if (!check_open(vm, file)) return VALUE_ERROR;
    return value_bool(file->fd >= 0 && lseek(file->fd, 0, SEEK_CUR) >= 0);
}

static Value method_tell(VM *vm, Value *args, size_t count) {
    FileObject *file = core(file_of(args[0]));
    if (!check_open(vm, file) || !file_flush(vm, file)) return VALUE_ERROR;
    off_t at = lseek(file->fd, 0, SEEK_CUR);
    if (at < 0) return raise_os_error(vm, file->fd < 0 ? ESPIPE : errno, VALUE_EMPTY);
    return int_from_int64(vm, (int64_t)at - (int64_t)waiting(file));
}

static Value method_seek(VM *vm, Value *args, size_t count) {
    FileObject *face = file_of(args[0]), *file = core(face);
    int64_t offset, whence = 0;
    if (!value_index_int64(vm, args[1], false, &offset)) return VALUE_ERROR;
    if (!is_empty(args[2]) && !value_index_int64(vm, args[2], false, &whence)) return VALUE_ERROR;
    if (!check_open(vm, face) || !file_flush(vm, face)) return VALUE_ERROR;
    if (!face->binary && whence == 1 && offset) return unsupported(vm, "can't do nonzero cur-relative seeks");
    if (!face->binary && whence == 2 && offset) return unsupported(vm, "can't do nonzero end-relative seeks");
    if (whence == 0 && offset < 0) return raise_value_error(vm, "negative seek position %lld", (long long)offset);
    if (whence == 1) offset -= (int64_t)waiting(file);
    off_t at = lseek(file->fd, offset, whence == 0 ? SEEK_SET : whence == 1 ? SEEK_CUR : SEEK_END);
    if (at < 0) return raise_os_error(vm, file->fd < 0 ? ESPIPE : errno, VALUE_EMPTY);
    file->in_start = file->in.length = 0;
    file->after_return = false;
    return int_from_int64(vm, at);
}

static Value method_truncate(VM *vm, Value *args, size_t count) {
    FileObject *file = core(file_of(args[0]));
    if (!check_writable(vm, file_of(args[0])) || !file_flush(vm, file)) return VALUE_ERROR;
    int64_t size;
    Value size_value = is_empty(args[1]) || is_none(args[1]) ? method_tell(vm, args, 1) : args[1];
    if (is_error(size_value) || !value_index_int64(vm, size_value, false, &size)) return VALUE_ERROR;
    if (ftruncate(file->fd, size) != 0) return raise_os_error(vm, errno, VALUE_EMPTY);
    return size_value;
}

// Whether the encoding is asked for that files have when none is: UTF-8.
static bool is_locale(Value encoding) { return is_string(encoding) && string_is(string_of(encoding), "locale"); }

static Value method_reconfigure(VM *vm, Value *args, size_t count) {
    FileObject *file = core(file_of(args[0]));
    if (!file_flush(vm, file)) return VALUE_ERROR;
    if (is_locale(args[1])) {
        file->encoding = VALUE_NONE, file->utf8 = true;
    } else if (is_string(args[1])) {
        if (!codec_is_known(vm, string_of(args[1]))) return VALUE_ERROR;
        file->encoding = args[1];
        file->utf8 = is_utf8_name(string_of(args[1]));
    }
    if (is_string(args[2])) file->errors = args[2];
    if (!is_empty(args[3])) file->newline = args[3];
    if (!is_empty(args[4]) && !is_none(args[4])) file->line_buffered = value_truth(vm, args[4]) == 1;
    if (!is_empty(args[5]) && !is_none(args[5])) file->unbuffered = value_truth(vm, args[5]) == 1;
    return VALUE_NONE;
}

// ---- Attributes

static Value get_name(VM *vm, Value self) { return core(file_of(self))->name; }
static Value get_mode(VM *vm, Value self) { return file_of(self)->mode; }
static Value get_closed(VM *vm, Value self) { return value_bool(core(file_of(self))->closed); }
static Value get_errors(VM *vm, Value self) { return file_of(self)->errors; }
static Value get_newlines(VM *vm, Value self) { return VALUE_NONE; }
static Value get_line_buffering(VM *vm, Value self) { return value_bool(file_of(self)->line_buffered); }
static Value get_write_through(VM *vm, Value self) { return value_bool(core(file_of(self))->unbuffered); }
static Value get_encoding(VM *vm, Value self) {
    FileObject *file = file_of(self);
    if (is_string(file->encoding)) return file->encoding;
    return object_or_error(string_intern_from(vm, file->stream >= 0 ? "utf-8" : "UTF-8", 5));
}

static FileObject *file_new(VM *vm, Class *cls) {
    FileObject *file = native_data_new(vm, cls, sizeof(FileObject));
    if (!file) return NULL;
    file->fd = file->stream = -1;
    file->utf8 = true;
    file->name = file->encoding = file->newline = VALUE_NONE;
    file->mode = file->errors = value_object(vm->names.empty);
    file->out = file->in = vm_buffer(vm);
    return file;
}

static Value get_buffer(VM *vm, Value self) {
    FileObject *file = file_of(self);
    Library *library = library_of(vm);
    if (!file->binary_side) {
        FileObject *side = file_new(vm, file->readable ? library->buffered_reader : library->buffered_writer);
        if (!side) return VALUE_ERROR;
        side->owner = file;
        side->binary = true;
        String *mode = string_intern_from(vm, file->readable ? "rb" : "wb", 2);
        if (!mode) return VALUE_ERROR;
        side->mode = value_object(mode);
        file->binary_side = side;
    }
    return value_object(file->binary_side);
}

#include "modules/system/file_methods.def"

// ---- Operations

static void file_trace(VM *vm, Object *o) {
    FileObject *file = (FileObject *)o;
    heap_mark(vm, file->name);
    heap_mark(vm, file->mode);
    heap_mark(vm, file->encoding);
    heap_mark(vm, file->errors);
    heap_mark(vm, file->newline);
    heap_mark_object(vm, (Object *)file->owner);
    heap_mark_object(vm, (Object *)file->binary_side);
}

// A file that nobody holds any more is written out and closed.
static void file_finalize(VM *vm, Object *o) {
    FileObject *file = (FileObject *)o;
    if (file->fd >= 0) {
        if (file->out.length) write_all(vm, file, file->out.data, file->out.length);
        if (!file->keep_open) close(file->fd);
    }
    buffer_free(&file->out);
    buffer_free(&file->in);
}

static Value file_repr(VM *vm, Value self) {
    FileObject *file = file_of(self);
    String *name = value_repr(vm, core(file)->name);
    String *text = NULL;
    if (name && file->binary)
        text = string_format(vm, "<%s name=%s>", type_name(vm, self), name->data);
    else if (name)
        text = string_format(vm, "<%s name=%s mode='%s' encoding='%s'>", type_name(vm, self), name->data,
                             string_of(file->mode)->data,
                             is_string(file->encoding) ? string_of(file->encoding)->data
                             : file->stream >= 0       ? "utf-8"
                                                       : "UTF-8");
    return object_or_error(text);
}
static Value file_iterate(VM *vm, Value self) { return check_open(vm, file_of(self)) ? self : VALUE_ERROR; }
static Value file_next(VM *vm, Value self) {
    if (!check_readable(vm, file_of(self))) return VALUE_ERROR;
    Value line = read_line(vm, file_of(self), -1);
    if (is_error(line) || line_size(line)) return line;
    vm->stop_value = VALUE_NONE;
    return VALUE_STOP;
}

const TypeOps file_ops = {.trace = file_trace, .finalize = file_finalize, .repr = file_repr, .iterate = file_iterate, .next = file_next};

// ---- Opening

FileObject *file_standard(VM *vm, int stream) {
    static const char *const names[] = {"<stdin>", "<stdout>", "<stderr>"};
    Library *library = library_of(vm);
    FileObject *file = file_new(vm, library->text_file);
    String *name = string_from(vm, names[stream]), *mode = string_from(vm, stream ? "w" : "r");
    String *errors = string_from(vm, stream == 2 ? "backslashreplace" : "strict");
    if (!file || !name || !mode || !errors) return NULL;
    file->stream = stream;
    file->readable = file->universal = stream == 0;
    file->writable = stream != 0;
    file->name = value_object(name);
    file->mode = value_object(mode);
    file->errors = value_object(errors);
    Streams *streams = &library->streams;
    file->line_buffered = stream == 2 || (streams->is_terminal && streams->is_terminal(streams->user, stream));
    return file;
}

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
    if (mode->binary && mode->text) return raise_value_error(vm, "can't have text and binary mode at once"), false;
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
    return (!reads || vm_permit(vm, CAPABILITY_READ, path)) && (!writes || vm_permit(vm, CAPABILITY_WRITE, path));
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
    const char *path;
    size_t length;
    if (is_string(file)) {
        if (!string_terminate(vm, string_of(file))) return -1;
        path = string_of(file)->data;
        length = string_of(file)->size;
    } else {
        Bytes *bytes = (Bytes *)object_of(file);
        path = (const char *)bytes->data;
        length = bytes->length;
    }
    if (strlen(path) != length) return raise_value_error(vm, "embedded null byte"), -1;
    if (!permit(vm, mode, path)) return -1;
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
    return mode->update ? library->buffered_random : mode->read ? library->buffered_reader : library->buffered_writer;
}

// What CPython looks at once the file is open.
static bool check_text_options(VM *vm, const Mode *mode, int64_t buffering, Value newline) {
    if (buffering == 0 && !mode->binary) return raise_value_error(vm, "can't have unbuffered text I/O"), false;
    const char *end = is_string(newline) ? string_of(newline)->data : "";
    if (!*end || !strcmp(end, "\n") || !strcmp(end, "\r") || !strcmp(end, "\r\n")) return true;
    String *shown = value_repr(vm, newline);
    if (shown) raise_value_error(vm, "illegal newline value: %s", shown->data);
    return false;
}

// open(file, mode, buffering, encoding, errors, newline, closefd, opener)
Value file_open(VM *vm, Value *args, size_t count) {
    Mode mode;
    int64_t buffering = -1;
    String *mode_text = string_intern_from(vm, "r", 1);
    if (is_string(args[1]))
        mode_text = string_of(args[1]);
    else if (!is_empty(args[1]))
        return raise_type_error(vm, "open() argument 'mode' must be str, not %s", type_name(vm, args[1]));
    if (!is_string(args[0]) && !is_int(args[0]) && !is_kind(args[0], KIND_BYTES)) {
        Value path = value_call_special(vm, args[0], SPECIAL_FSPATH, NULL, 0);
        if (is_empty(path))
            return raise_type_error(vm, "expected str, bytes or os.PathLike object, not %s", type_name(vm, args[0]));
        if (is_error(path)) return path;
        if (!is_string(path) && !is_kind(path, KIND_BYTES))
            return raise_type_error(vm, "expected %s.__fspath__() to return str or bytes, not %s", type_name(vm, args[0]),
                                    type_name(vm, path));
        args[0] = path;
    }
    if (!mode_text || !parse_mode(vm, mode_text, &mode)) return VALUE_ERROR;
    if (!is_empty(args[2]) && !value_index_int64(vm, args[2], false, &buffering)) return VALUE_ERROR;
    static const char *const names[] = {"encoding", "errors", "newline"};
    for (int i = 0; i < 3; i++) {
        if (!optional_text(vm, args[3 + i], names[i])) return VALUE_ERROR;
        if (mode.binary && is_string(args[3 + i]))
            return raise_value_error(vm, i < 2 ? "binary mode doesn't take an %s argument" : "binary mode doesn't take a %s argument",
                                     names[i]);
    }
    if (is_locale(args[3])) args[3] = VALUE_NONE;
    if (is_string(args[3]) && !codec_is_known(vm, string_of(args[3]))) return VALUE_ERROR;
    int fd = open_descriptor(vm, args[0], &mode);
    if (fd < 0) return VALUE_ERROR;
    if (!check_text_options(vm, &mode, buffering, args[5])) return close(fd), VALUE_ERROR;
    FileObject *file = file_new(vm, class_for(library_of(vm), &mode, buffering));
    String *strict = string_intern_from(vm, "strict", 6);
    if (!file || !strict) return close(fd), VALUE_ERROR;
    file->fd = fd;
    file->keep_open = !is_empty(args[6]) && is_false(args[6]);
    file->readable = mode.read || mode.update;
    file->writable = !mode.read || mode.update;
    file->binary = mode.binary;
    file->unbuffered = buffering == 0;
    file->line_buffered = !mode.binary && (buffering == 1 || isatty(fd));
    file->universal = !mode.binary && !is_string(args[5]);
    file->name = args[0];
    file->mode = value_object(mode_text);
    if (mode.binary) { // what the file can do, in one way of writing it
        String *shown = string_format(vm, "%sb%s", mode.create ? "x" : mode.append ? "a" : mode.read || mode.update ? "r" : "w", mode.update ? "+" : "");
        if (!shown) return VALUE_ERROR;
        file->mode = value_object(shown);
    }
    file->errors = is_string(args[4]) ? args[4] : value_object(strict);
    if (is_string(args[3])) {
        file->encoding = args[3];
        file->utf8 = is_utf8_name(string_of(args[3]));
    }
    if (is_string(args[5])) file->newline = args[5];
    return value_object(file);
}

bool file_classes_init(VM *vm) {
    Library *library = library_of(vm);
    const struct {
        Class **cls;
        const char *name;
        bool text;
    } classes[] = {{&library->text_file, "TextIOWrapper", true},
                   {&library->buffered_reader, "BufferedReader", false},
                   {&library->buffered_writer, "BufferedWriter", false},
                   {&library->buffered_random, "BufferedRandom", false},
                   {&library->raw_file, "FileIO", false}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        Class *cls = native_data_class(vm, "_io", classes[i].name, &file_ops, sizeof(FileObject), CLASS_ABSTRACT_NEW);
        *classes[i].cls = cls;
        if (!cls || native_add_methods(vm, cls, methods) < 0 || native_add_attributes(vm, cls, attributes) < 0) return false;
        if (classes[i].text && (native_add_methods(vm, cls, text_methods) < 0 || native_add_attributes(vm, cls, text_attributes) < 0))
            return false;
    }
    Value bases[2] = {value_object(vm->exceptions.os_error), value_object(vm->exceptions.value_error)};
    Tuple *both = tuple_from(vm, bases, 2);
    Dict *namespace = dict_new(vm);
    String *name = string_intern_from(vm, "UnsupportedOperation", 20), *module = string_intern_from(vm, "io", 2);
    if (!both || !namespace || !name || !module) return false;
    if (dict_set_string(vm, namespace, vm->names.__module__, value_object(module)) < 0 ||
        !add_text(vm, namespace, "__doc__", "The file can't do this."))
        return false;
    library->unsupported_operation = class_new(vm, NULL, name, both, namespace);
    return library->unsupported_operation != NULL;
}

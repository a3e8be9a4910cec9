// File objects: buffers over descriptors and over the host's standard streams.
#include "modules/system/file_internal.h"

#include <errno.h>
#include <fcntl.h>
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

Value raise_os_error(VM *vm, int number, Value name) {
    String *text = string_from(vm, strerror(number));
    if (!text) return VALUE_ERROR;
    Value arguments[3] = {value_small(number), value_object(text), name};
    Value exception = call_class(vm, vm->exceptions.os_error, arguments, is_empty(name) ? 2 : 3);
    return is_error(exception) ? exception : raise_value(vm, exception);
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
    file = file_core(file);
    size_t length = file->out.length;
    if (!length) return true;
    // What can't be written is dropped, or every later flush would fail again.
    file->out.length = 0;
    return write_failed(vm, file, write_all(vm, file, file->out.data, length));
}

static bool put(VM *vm, FileObject *file, const char *bytes, size_t length) {
    file = file_core(file);
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

bool file_write_text(VM *vm, FileObject *file, const char *text, size_t size, bool ascii) {
    const char *bytes = text;
    size_t length = size;
    if (!(ascii && file->keeps_ascii) && !(file->utf8 && utf8_valid(text, size, false, NULL))) {
        String *s = string_new(vm, text, size);
        if (!s) return false;
        Codec codec = file->utf8 ? CODEC_UTF8 : codec_find(string_of(file->encoding));
        Value encoded = codec == CODEC_UNKNOWN ? text_encode(vm, s, string_of(file->encoding), string_of(file->errors))
                                               : codec_encode(vm, codec, s, string_of(file->errors));
        if (is_error(encoded) || !bytes_view(encoded, (const unsigned char **)&bytes, &length)) return false;
    }
    bool translated = is_string(file->newline) && string_of(file->newline)->size && string_of(file->newline)->data[0] == '\r';
    if (!(translated ? put_translated(vm, file, bytes, length) : put(vm, file, bytes, length))) return false;
    if (file->line_buffered && memchr(text, '\n', size)) return file_flush(vm, file);
    return true;
}

// ---- Checks

static bool check_open(VM *vm, FileObject *file) {
    if (file->detached) return raise_value_error(vm, "underlying buffer has been detached"), false;
    if (!file_core(file)->closed) return true;
    raise_value_error(vm, "I/O operation on closed file.");
    return false;
}

static Value unsupported(VM *vm, const char *what) {
    return raise_error(vm, library_of(vm)->unsupported_operation, "%s", what);
}

static bool check_readable(VM *vm, FileObject *file) {
    if (!check_open(vm, file)) return false;
    if (file_core(file)->readable) {
        // What a program asks must be seen before it waits for the answer.
        if (file_core(file)->stream == 0 && !file_flush(vm, library_of(vm)->output)) return false;
        return file_core(file)->out.length == 0 || file_flush(vm, file);
    }
    unsupported(vm, !file->binary ? "not readable" : file->unbuffered ? "File not open for reading" : "read");
    return false;
}

static bool check_writable(VM *vm, FileObject *file) {
    if (!check_open(vm, file)) return false;
    if (file_core(file)->writable) return true;
    unsupported(vm, !file->binary ? "not writable" : file->unbuffered ? "File not open for writing" : "write");
    return false;
}

FileObject *file_new(VM *vm, Class *cls) {
    FileObject *file = native_data_new(vm, cls, sizeof(FileObject));
    if (!file) return NULL;
    file->fd = file->stream = -1;
    file->utf8 = file->keeps_ascii = true;
    file->name = file->encoding = file->newline = VALUE_NONE;
    file->mode = file->errors = value_object(vm->names.empty);
    file->out = file->in = vm_buffer(vm);
    return file;
}

void file_set_encoding(FileObject *file, Value encoding, Value errors) {
    Codec codec = is_string(encoding) ? codec_find(string_of(encoding)) : CODEC_UTF8;
    bool is_total, is_strict = !is_string(errors) || string_is(string_of(errors), "strict");
    file->encoding = encoding;
    file->errors = errors;
    file->utf8 = codec == CODEC_UTF8;
    file->keeps_ascii = file->utf8 || codec_extends_ascii(string_of(encoding));
    file->bytewise = codec_is_bytewise(codec, &is_total) && (is_total || is_strict);
    file->partial = file->bytewise && !is_total;
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

// ---- Methods

// Makes as many bytes wait as are wanted, or as there are; `once`: as one read gives, if none wait yet. -1 with an exception.
static int64_t fill_bytes(VM *vm, FileObject *file, int64_t wanted, bool once) {
    for (;;) {
        size_t length = file_waiting(file);
        if (length >= (size_t)wanted) return wanted;
        if (once && length) return (int64_t)length;
        int status = file_fill(vm, file, (size_t)wanted - length);
        if (status < 0) return -1;
        if (status == 0) return (int64_t)length;
    }
}

static Value method_read(VM *vm, Value *args, size_t count) {
    FileObject *face = file_of(args[0]), *file = file_core(face);
    int64_t wanted = -1;
    if (!is_empty(args[1]) && !is_none(args[1]) && !size_argument(vm, args[1], &wanted)) return VALUE_ERROR;
    if (!check_readable(vm, face) || (!face->binary && !file_prepare_text(vm, file))) return VALUE_ERROR;
    if (wanted < 0) {
        bool ok = face->binary ? file_fill_all(vm, file) : file_fill_all_text(vm, file);
        return ok ? file_take(vm, file, face->binary, file_waiting(file)) : VALUE_ERROR;
    }
    if (face->binary) {
        int64_t length = fill_bytes(vm, file, wanted, face->unbuffered);
        return length < 0 ? VALUE_ERROR : file_take(vm, file, true, (size_t)length);
    }
    FileSpan span = {0};
    for (;;) {
        file_span_extend(file, &span, file->in.data ? file->in.data + file->in_start : NULL, file_waiting(file), wanted, false);
        if (span.characters == wanted) return file_take(vm, file, false, span.bytes);
        int status = file_fill_text(vm, file, file->partial ? (size_t)(wanted - span.characters) : 0);
        if (status < 0) return VALUE_ERROR;
        if (status > 0) continue;
        file_span_extend(file, &span, file->in.data ? file->in.data + file->in_start : NULL, file_waiting(file), wanted, true);
        return file_take(vm, file, false, span.bytes);
    }
}

static Value method_read1(VM *vm, Value *args, size_t count) {
    FileObject *face = file_of(args[0]);
    int64_t wanted = -1;
    if (!is_empty(args[1]) && !is_none(args[1]) && !size_argument(vm, args[1], &wanted)) return VALUE_ERROR;
    if (!check_readable(vm, face)) return VALUE_ERROR;
    int64_t length = fill_bytes(vm, file_core(face), wanted < 0 ? BLOCK : wanted, true);
    return length < 0 ? VALUE_ERROR : file_take(vm, file_core(face), true, (size_t)length);
}

static Value method_peek(VM *vm, Value *args, size_t count) {
    FileObject *file = file_core(file_of(args[0]));
    if (!check_readable(vm, file_of(args[0])) || fill_bytes(vm, file, 1, true) < 0) return VALUE_ERROR;
    size_t length = file_waiting(file);
    return object_or_error(bytes_new(vm, length ? file->in.data + file->in_start : "", length));
}

static Value method_readall(VM *vm, Value *args, size_t count) {
    FileObject *file = file_core(file_of(args[0]));
    return check_readable(vm, file_of(args[0])) && file_fill_all(vm, file) ? file_take(vm, file, true, file_waiting(file)) : VALUE_ERROR;
}

// The bytes of what can be written to, which *v becomes a view of unless it is one. False with TypeError.
static bool writable_view(VM *vm, Value *v, unsigned char **data, size_t *size) {
    if (bytes_writable_view(vm, v, data, size)) return true;
    if (is_empty(vm->exception))
        raise_type_error(vm, "readinto() argument must be read-write bytes-like object, not %s", type_name(vm, *v));
    return false;
}

static Value read_into(VM *vm, FileObject *face, Value *buffer, bool once) {
    FileObject *file = file_core(face);
    unsigned char *data;
    size_t size;
    if (!check_readable(vm, face) || !writable_view(vm, buffer, &data, &size)) return VALUE_ERROR;
    int64_t length = fill_bytes(vm, file, (int64_t)size, once);
    // A script that ran while we waited may have made the buffer shorter.
    if (length < 0 || !writable_view(vm, buffer, &data, &size)) return VALUE_ERROR;
    if ((size_t)length > size) length = (int64_t)size;
    if (length) memcpy(data, file->in.data + file->in_start, (size_t)length);
    file->in_start += (size_t)length;
    return value_small(length);
}

static Value method_readinto(VM *vm, Value *args, size_t count) {
    return read_into(vm, file_of(args[0]), &args[1], file_of(args[0])->unbuffered);
}
static Value method_readinto1(VM *vm, Value *args, size_t count) { return read_into(vm, file_of(args[0]), &args[1], true); }

// The binary file below a text file, which can't be used any more itself.
static Value method_detach(VM *vm, Value *args, size_t count) {
    FileObject *file = file_of(args[0]);
    if (!check_open(vm, file) || !file_flush(vm, file)) return VALUE_ERROR;
    Value below = get_buffer(vm, args[0]);
    if (!is_error(below)) file->detached = true;
    return below;
}

static Value method_readline(VM *vm, Value *args, size_t count) {
    int64_t limit = -1;
    if (!is_empty(args[1]) && !is_none(args[1]) && !size_argument(vm, args[1], &limit)) return VALUE_ERROR;
    return check_readable(vm, file_of(args[0])) ? file_next_line(vm, file_of(args[0]), limit) : VALUE_ERROR;
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
        Value line = file_next_line(vm, file_of(args[0]), -1);
        if (is_error(line)) return VALUE_ERROR;
        size_t size = line_size(line);
        if (size == 0) return file_of(args[0])->stepping = false, value_object(lines);
        if (!list_append(vm, lines, line)) return VALUE_ERROR;
        total += (int64_t)size;
        if (hint > 0 && total >= hint) return value_object(lines);
    }
    return VALUE_ERROR;
}

static Value write_value(VM *vm, FileObject *file, Value v) {
    if (!check_writable(vm, file)) return VALUE_ERROR;
    if (file_core(file)->in_start < file_core(file)->in.length && file_core(file)->fd >= 0) {
        // Bytes go where the reader stands; text behind the block that has been read, as CPython's does.
        if (file->binary) lseek(file_core(file)->fd, -(off_t)file_waiting(file_core(file)), SEEK_CUR);
        file_core(file)->in_start = file_core(file)->in.length = 0;
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
    if (!check_open(vm, file_of(args[0]))) return VALUE_ERROR;
    return value_for_each(vm, args[1], write_each, file_of(args[0])) < 0 ? VALUE_ERROR : VALUE_NONE;
}

static Value method_flush(VM *vm, Value *args, size_t count) {
    file_of(args[0])->stepping = false;
    return check_open(vm, file_of(args[0])) && file_flush(vm, file_of(args[0])) ? VALUE_NONE : VALUE_ERROR;
}

static Value method_close(VM *vm, Value *args, size_t count) {
    FileObject *file = file_core(file_of(args[0]));
    if (file_of(args[0])->detached && !check_open(vm, file_of(args[0]))) return VALUE_ERROR;
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
    FileObject *file = file_core(file_of(args[0]));
    if (!check_open(vm, file_of(args[0]))) return VALUE_ERROR;
    return value_small(file->stream >= 0 ? file->stream : file->fd);
}
static Value method_isatty(VM *vm, Value *args, size_t count) {
    FileObject *file = file_core(file_of(args[0]));
    if (!check_open(vm, file_of(args[0]))) return VALUE_ERROR;
    Streams *streams = &library_of(vm)->streams;
    if (file->stream >= 0) return value_bool(streams->is_terminal && streams->is_terminal(streams->user, file->stream));
    return value_bool(isatty(file->fd));
}
static Value method_readable(VM *vm, Value *args, size_t count) {
    return check_open(vm, file_of(args[0])) ? value_bool(file_core(file_of(args[0]))->readable) : VALUE_ERROR;
}
static Value method_writable(VM *vm, Value *args, size_t count) {
    return check_open(vm, file_of(args[0])) ? value_bool(file_core(file_of(args[0]))->writable) : VALUE_ERROR;
}
static Value method_seekable(VM *vm, Value *args, size_t count) {
    FileObject *file = file_core(file_of(args[0]));
    if (!check_open(vm, file_of(args[0]))) return VALUE_ERROR;
    return value_bool(file->fd >= 0 && lseek(file->fd, 0, SEEK_CUR) >= 0);
}

static Value method_tell(VM *vm, Value *args, size_t count) {
    FileObject *file = file_core(file_of(args[0]));
    if (!check_open(vm, file_of(args[0]))) return VALUE_ERROR;
    if (file_of(args[0])->stepping) return raise_error(vm, vm->exceptions.os_error, "telling position disabled by next() call");
    if (!file_flush(vm, file)) return VALUE_ERROR;
    off_t at = lseek(file->fd, 0, SEEK_CUR);
    if (at < 0) return raise_os_error(vm, file->fd < 0 ? ESPIPE : errno, VALUE_EMPTY);
    return int_from_int64(vm, (int64_t)at - (int64_t)file_waiting(file));
}

static Value method_seek(VM *vm, Value *args, size_t count) {
    FileObject *face = file_of(args[0]), *file = file_core(face);
    int64_t offset, whence = 0;
    if (!value_index_int64(vm, args[1], false, &offset)) return VALUE_ERROR;
    if (!is_empty(args[2]) && !value_index_int64(vm, args[2], false, &whence)) return VALUE_ERROR;
    if (!check_open(vm, face) || !file_flush(vm, face)) return VALUE_ERROR;
    if (!face->binary && whence == 1 && offset) return unsupported(vm, "can't do nonzero cur-relative seeks");
    if (!face->binary && whence == 2 && offset) return unsupported(vm, "can't do nonzero end-relative seeks");
    if (whence == 0 && offset < 0) return raise_value_error(vm, "negative seek position %lld", (long long)offset);
    if (whence == 1) offset -= (int64_t)file_waiting(file);
    off_t at = lseek(file->fd, offset, whence == 0 ? SEEK_SET : whence == 1 ? SEEK_CUR : SEEK_END);
    if (at < 0) return raise_os_error(vm, file->fd < 0 ? ESPIPE : errno, VALUE_EMPTY);
    file->in_start = file->in.length = 0;
    face->stepping = file->after_return = false;
    return int_from_int64(vm, at);
}

static Value method_truncate(VM *vm, Value *args, size_t count) {
    FileObject *file = file_core(file_of(args[0]));
    if (!check_open(vm, file_of(args[0]))) return VALUE_ERROR;
    if (!file->writable && !file_of(args[0])->unbuffered) return unsupported(vm, "truncate");
    if (!check_writable(vm, file_of(args[0])) || !file_flush(vm, file)) return VALUE_ERROR;
    file_of(args[0])->stepping = false;
    int64_t size;
    Value size_value = is_empty(args[1]) || is_none(args[1]) ? method_tell(vm, args, 1) : args[1];
    if (is_error(size_value) || !value_index_int64(vm, size_value, false, &size)) return VALUE_ERROR;
    if (ftruncate(file->fd, size) != 0) return raise_os_error(vm, errno, VALUE_EMPTY);
    return size_value;
}

// Whether the encoding is asked for that files have when none is: UTF-8.
static bool is_locale(Value encoding) { return is_string(encoding) && string_is(string_of(encoding), "locale"); }

static Value method_reconfigure(VM *vm, Value *args, size_t count) {
    FileObject *file = file_core(file_of(args[0]));
    if (!check_open(vm, file_of(args[0])) || !file_flush(vm, file)) return VALUE_ERROR;
    bool is_new = is_string(args[1]) && !is_locale(args[1]);
    if (is_new && !codec_is_known(vm, string_of(args[1]))) return VALUE_ERROR;
    file_set_encoding(file, is_locale(args[1]) ? VALUE_NONE : is_new ? args[1] : file->encoding,
                      is_string(args[2]) ? args[2] : file->errors);
    if (!is_empty(args[3])) file->newline = args[3];
    if (!is_empty(args[4]) && !is_none(args[4])) file->line_buffered = value_truth(vm, args[4]) == 1;
    if (!is_empty(args[5]) && !is_none(args[5])) file->unbuffered = value_truth(vm, args[5]) == 1;
    return VALUE_NONE;
}

// ---- Attributes

static Value get_name(VM *vm, Value self) { return file_core(file_of(self))->name; }
static Value get_mode(VM *vm, Value self) { return file_of(self)->mode; }
static Value get_closed(VM *vm, Value self) { return value_bool(file_core(file_of(self))->closed); }
static Value get_errors(VM *vm, Value self) { return file_of(self)->errors; }
static Value get_newlines(VM *vm, Value self) {
    FileObject *file = file_core(file_of(self));
    if (is_string(file->newline) && string_of(file->newline)->size) return VALUE_NONE;
    static const char *const ends[] = {"\r", "\n", "\r\n"};
    Value seen[3];
    size_t n = 0;
    for (int i = 0; i < 3; i++) {
        if (!(file->ends_seen & 1 << i)) continue;
        String *end = string_intern_from(vm, ends[i], strlen(ends[i]));
        if (!end) return VALUE_ERROR;
        seen[n++] = value_object(end);
    }
    return n > 1 ? object_or_error(tuple_from(vm, seen, n)) : n ? seen[0] : VALUE_NONE;
}
static Value get_line_buffering(VM *vm, Value self) { return value_bool(file_of(self)->line_buffered); }
static Value get_write_through(VM *vm, Value self) { return value_bool(file_core(file_of(self))->unbuffered); }
static Value get_encoding(VM *vm, Value self) {
    FileObject *file = file_of(self);
    if (is_string(file->encoding)) return file->encoding;
    return object_or_error(string_intern_from(vm, file->stream >= 0 ? "utf-8" : "UTF-8", 5));
}

// A FileIO is closed until its __init__, which a subclass may call with what it likes, has opened it.
static Value raw_new(VM *vm, Value *args, size_t count) {
    FileObject *file = file_new(vm, (Class *)object_of(args[0]));
    if (file) file->closed = file->binary = file->unbuffered = true;
    return object_or_error(file);
}
static Value raw_init(VM *vm, Value *args, size_t count) {
    FileObject *file = file_of(args[0]);
    if (is_error(method_close(vm, args, 1)) || !file_open_raw(vm, file, args + 1)) return VALUE_ERROR;
    file->closed = false;
    return VALUE_NONE;
}
static Value get_closes(VM *vm, Value self) { return value_bool(!file_of(self)->keep_open); }

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
    String *name = value_repr(vm, file_core(file)->name);
    String *text = NULL;
    if (name && file->unbuffered && file->binary)
        text = string_format(vm, "<%s name=%s mode='%s' closefd=%s>", type_name(vm, self), name->data, string_of(file->mode)->data,
                             file->keep_open ? "False" : "True");
    else if (name && file->binary)
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
    Value line = file_next_line(vm, file_of(self), -1);
    if (is_error(line)) return line;
    file_of(self)->stepping = !file_of(self)->binary && line_size(line) > 0;
    if (line_size(line)) return line;
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
        Class *cls = native_data_class(vm, "_io", classes[i].name, &file_ops, sizeof(FileObject),
                                       classes[i].cls == &library->raw_file ? 0 : CLASS_ABSTRACT_NEW);
        *classes[i].cls = cls;
        bool is_raw = classes[i].cls == &library->raw_file;
        if (is_raw && cls && (native_add_methods(vm, cls, raw_methods) < 0 || native_add_attributes(vm, cls, raw_attributes) < 0))
            return false;
        if (!is_raw && !classes[i].text && cls && native_add_methods(vm, cls, buffered_methods) < 0) return false;
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

// Reading: what waits in a file's buffer, how more is read, and how it is taken.
#define _GNU_SOURCE // memmem
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "modules/system/file_internal.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"
#include "object/text/codec.h"

enum { READ_BLOCK = 32768 };

enum { END_CR = 1, END_LF = 2, END_CRLF = 4, ENDS_ALL = 7 };

// Remembers which ends of lines the bytes have, which follow those that were noted before.
static void note_ends(FileObject *file, const char *bytes, size_t length) {
    if (file->ends_seen == ENDS_ALL || !length) return;
    if (file->after_return) file->ends_seen |= bytes[0] == '\n' ? END_CRLF : END_CR;
    const char *end = bytes + length, *at = bytes + (file->after_return && bytes[0] == '\n');
    file->after_return = false;
    while (at < end) {
        const char *found = memchr(at, '\r', (size_t)(end - at));
        if (!(file->ends_seen & END_LF) && memchr(at, '\n', (size_t)((found ? found : end) - at))) file->ends_seen |= END_LF;
        if (!found) return;
        if (found + 1 == end) {
            file->after_return = true;
            return;
        }
        bool pair = found[1] == '\n';
        file->ends_seen |= pair ? END_CRLF : END_CR;
        if (file->ends_seen == ENDS_ALL) return;
        at = found + 1 + pair;
    }
}

// '\n' for each of the three ends; a '\r' that is the last byte ends a line.
static size_t make_universal(char *bytes, size_t length) {
    char *from = memchr(bytes, '\r', length), *end = bytes + length;
    if (!from) return length;
    char *to = from;
    while (from < end) {
        char c = *from++;
        if (c == '\r') {
            c = '\n';
            if (from < end && *from == '\n') from++;
        }
        *to++ = c;
    }
    return (size_t)(to - bytes);
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
int file_fill(VM *vm, FileObject *file, size_t wanted) {
    if (file->in_start == file->in.length) file->in_start = file->in.length = 0;
    size_t least = file->partial ? BLOCK : READ_BLOCK; // what CPython reads at a time: its errors say where in that they are
    if (wanted < least) wanted = least;
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
        // A handler may have read from the same file.
        if (vm->signals_waiting) return vm_take_signals(vm) ? file_fill(vm, file, wanted) : -1;
    }
    if (n < 0) return raise_os_error(vm, (int)-n, file->name), -1;
    if (n == 0) return 0;
    size_t got = (size_t)n;
    if (!file->binary) note_ends(file, at, got);
    file->in.length += got;
    return 1;
}

// Reads up to the end. False with an exception.
bool file_fill_all(VM *vm, FileObject *file) {
    int status;
    while ((status = file_fill(vm, file, file->in.length)) == 1) {
    }
    return status == 0;
}

// Checks what was read since `before` bytes waited, where some bytes are no characters. CPython decodes what it reads as one piece, and has
// lost it when that fails. False with an exception.
static bool check_text(VM *vm, FileObject *file, size_t before) {
    size_t start = file->in_start + before, length = file->in.length - start, consumed;
    if (!file->partial || !length) return true;
    Codec codec = codec_find(string_of(file->encoding));
    if (codec_knows_bytes(codec, (const unsigned char *)file->in.data + start, length)) return true;
    Bytes *piece = bytes_new(vm, file->in.data + start, length);
    if (piece) codec_decode(vm, codec, piece->data, length, value_object(piece), NULL, true, &consumed);
    file->in.length = start;
    return false;
}

// The same as fill, for what reads text: the part of it that waits is lost with the piece.
int file_fill_text(VM *vm, FileObject *file, size_t wanted) {
    size_t before = file_waiting(file);
    uint8_t ends = file->ends_seen;
    bool after_return = file->after_return;
    int status = file_fill(vm, file, wanted);
    if (status <= 0 || check_text(vm, file, before)) return status;
    file->in_start = file->in.length;
    file->ends_seen = ends;
    file->after_return = after_return;
    return -1;
}

// The same as fill_all, for text: what waits stays.
bool file_fill_all_text(VM *vm, FileObject *file) {
    size_t before = file_waiting(file);
    uint8_t ends = file->ends_seen;
    bool after_return = file->after_return, ok = file_fill_all(vm, file);
    if (!ok || check_text(vm, file, before)) return ok;
    file->ends_seen = ends;
    file->after_return = after_return;
    return false;
}

// Takes `length` waiting bytes as the file gives them: a str or bytes.
Value file_take(VM *vm, FileObject *file, bool binary, size_t length) {
    char *bytes = file->in.data + file->in_start;
    file->in_start += length;
    if (!binary && file->universal && length) length = make_universal(bytes, length);
    if (binary) return object_or_error(bytes_new(vm, length ? bytes : "", length));
    if (length == 0) return value_object(vm->names.empty);
    if (file->bytewise ? utf8_is_ascii(bytes, length) : file->utf8 && utf8_valid(bytes, length, false, NULL))
        return object_or_error(string_new(vm, bytes, length));
    Bytes *whole = bytes_new(vm, bytes, length);
    if (!whole) return VALUE_ERROR;
    size_t consumed;
    Codec codec = file->utf8 ? CODEC_UTF8 : codec_find(string_of(file->encoding));
    return codec == CODEC_UNKNOWN
               ? text_decode(vm, whole->data, length, value_object(whole), string_of(file->encoding), string_of(file->errors))
               : codec_decode(vm, codec, whole->data, length, value_object(whole), string_of(file->errors), true, &consumed);
}

// Whether text that is not UTF-8 waits: it is decoded as one piece, so that characters need not be looked for.
bool file_prepare_text(VM *vm, FileObject *file) {
    if (file->binary || file->utf8 || file->bytewise) return true;
    bool universal = file->universal;
    file->universal = false;
    Value text = file_fill_all(vm, file) ? file_take(vm, file, false, file_waiting(file)) : VALUE_ERROR;
    file->universal = universal;
    if (is_error(text)) return false;
    file->in_start = file->in.length = 0;
    buffer_string(&file->in, string_of(text));
    file->utf8 = true;
    file->ended = true;
    return true;
}

// The length of the first line of these bytes, of which `scanned` are known not to end one; 0: more must be read to tell. Of text,
// `newline` says what ends a line: None and "" any of the three ends.
static size_t line_length(const FileObject *face, const char *start, size_t length, size_t scanned) {
    const String *ends = is_string(face->newline) ? string_of(face->newline) : NULL;
    bool any = !face->binary && (ends ? !ends->size : face->universal);
    if (length <= scanned) return 0;
    if (face->binary || (!any && (!ends || ends->data[0] == '\n'))) {
        const char *end = memchr(start + scanned, '\n', length - scanned);
        return end ? (size_t)(end - start) + 1 : 0;
    }
    if (scanned) scanned--; // what was last may have been half an end
    if (!any && ends->size == 2) {
        const char *end = memmem(start + scanned, length - scanned, "\r\n", 2);
        return end ? (size_t)(end - start) + 2 : 0;
    }
    const char *line_feed = any ? memchr(start + scanned, '\n', length - scanned) : NULL;
    size_t before = line_feed ? (size_t)(line_feed - start) : length;
    const char *carriage_return = memchr(start + scanned, '\r', before - scanned);
    if (!carriage_return) return line_feed ? before + 1 : 0;
    size_t found = (size_t)(carriage_return - start) + 1;
    return !any ? found : found == length ? 0 : found + (start[found] == '\n');
}

// Takes in characters up to `wanted` of them. A character or an end of a line that may go on behind the bytes is left out, unless
// they are the file's last.
void file_span_extend(const FileObject *file, FileSpan *span, const char *start, size_t length, int64_t wanted, bool at_end) {
    while (span->bytes < length && span->characters < wanted) {
        const char *at = start + span->bytes;
        size_t rest = length - span->bytes, width = file->bytewise ? 1 : (size_t)utf8_width((unsigned char)*at);
        if (file->universal && *at == '\r') {
            if (rest == 1 && !at_end) return;
            if (rest > 1 && at[1] == '\n') width = 2;
        }
        if (width > rest) {
            if (!at_end) return;
            width = rest;
        }
        span->bytes += width;
        span->characters++;
    }
}

Value file_next_line(VM *vm, FileObject *face, int64_t limit) {
    FileObject *file = file_core(face);
    if (!face->binary && !file_prepare_text(vm, file)) return VALUE_ERROR;
    size_t scanned = 0;
    FileSpan span = {0};
    for (;;) {
        size_t length = file_waiting(file);
        const char *start = file->in.data ? file->in.data + file->in_start : NULL;
        size_t line = line_length(face, start, length, scanned), found = line ? line : length;
        if (limit >= 0 && face->binary && found >= (size_t)limit) return file_take(vm, file, true, (size_t)limit);
        if (limit >= 0 && !face->binary) {
            file_span_extend(file, &span, start, found, limit, line != 0);
            if (span.characters == limit) return file_take(vm, file, false, span.bytes);
        }
        if (line) return file_take(vm, file, face->binary, found);
        scanned = length;
        int status = face->binary ? file_fill(vm, file, 0) : file_fill_text(vm, file, 0);
        if (status < 0) return VALUE_ERROR;
        if (status == 0) return file_take(vm, file, face->binary, file_waiting(file));
    }
}

String *file_read_line(VM *vm, FileObject *file) {
    Value line = file_next_line(vm, file, -1);
    return is_error(line) ? NULL : string_of(line);
}

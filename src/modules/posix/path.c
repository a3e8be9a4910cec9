// Paths, descriptors and other arguments of the module posix.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/utf8.h"
#include "modules/posix/posix_internal.h"
#include "modules/system/file.h"
#include "object/text/codec.h"

static bool wrong_path(VM *vm, Value v, const char *function, const char *name, int allowed) {
    raise_type_error(vm, "%s: %s should be %s, not %s", function, name,
                     allowed == (PATH_FD | PATH_NONE) ? "string, bytes, os.PathLike, integer or None"
                     : allowed == PATH_FD             ? "string, bytes, os.PathLike or integer"
                     : allowed == PATH_NONE           ? "string, bytes, os.PathLike or None"
                                                      : "string, bytes or os.PathLike",
                     type_name(vm, v));
    return false;
}

// The text of a str or bytes.
static bool take_text(VM *vm, Path *out, const char *function, const char *name) {
    Value v = out->holder;
    size_t size;
    if (is_string(v)) {
        String *s = string_of(v);
        if (!utf8_valid(s->data, s->size, false, NULL)) {
            String *errors = string_from(vm, "surrogateescape");
            out->holder = v = errors ? text_encode(vm, s, NULL, errors) : VALUE_ERROR;
            if (is_error(v)) return false;
        }
    }
    if (is_string(v)) {
        if (!string_terminate(vm, string_of(v))) return false;
        out->text = string_of(v)->data;
        size = string_of(v)->size;
    } else {
        const unsigned char *data;
        bytes_view(v, &data, &size);
        out->text = (const char *)data;
    }
    if (strlen(out->text) == size) return true;
    raise_value_error(vm, "%s: embedded null character in %s", function, name);
    return false;
}

bool path_argument(VM *vm, Value v, const char *function, const char *name, int allowed, Path *out) {
    *out = (Path){.fd = -1, .shown = v, .holder = v};
    if (is_none(v) && allowed & PATH_NONE) {
        out->text = ".";
        out->shown = VALUE_EMPTY;
        return true;
    }
    if (!is_string(v) && !is_kind(v, KIND_BYTES)) {
        if (allowed & PATH_FD && has_index(vm, v)) {
            if (!c_int_argument(vm, v, &out->fd)) return false;
            out->shown = value_small(out->fd);
            return true;
        }
        Value text = value_call_special(vm, v, SPECIAL_FSPATH, NULL, 0);
        if (is_empty(text)) return wrong_path(vm, v, function, name, allowed);
        if (is_error(text)) return false;
        if (!is_string(text) && !is_kind(text, KIND_BYTES)) {
            raise_type_error(vm, "expected %s.__fspath__() to return str or bytes, not %s", type_name(vm, v), type_name(vm, text));
            return false;
        }
        out->shown = out->holder = text;
    }
    out->is_bytes = !is_string(out->holder);
    return take_text(vm, out, function, name);
}

bool path_permit(VM *vm, const Path *path, Capability capability, bool follows, int dir_fd) {
    if (!path->text || dir_fd != AT_FDCWD) return vm_permit(vm, capability, NULL);
    size_t length = strlen(path->text);
    const char *slash = strrchr(path->text, '/');
    const char *name = slash ? slash + 1 : path->text;
    // With an end that is no name the link is followed all the same.
    if (follows || !*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || length >= PATH_MAX)
        return vm_permit(vm, capability, path->text);
    char folder[PATH_MAX];
    size_t size = slash ? (size_t)(slash - path->text) + (slash == path->text) : 1;
    memcpy(folder, slash ? path->text : ".", size);
    folder[size] = 0;
    return vm_permit(vm, capability, folder);
}

bool dir_fd_argument(VM *vm, Value v, int *out) {
    *out = AT_FDCWD;
    if (is_empty(v) || is_none(v)) return true;
    if (has_index(vm, v)) return c_int_argument(vm, v, out);
    raise_type_error(vm, "argument should be integer or None, not %s", type_name(vm, v));
    return false;
}

int truth_argument(VM *vm, Value v, bool otherwise) { return is_empty(v) ? otherwise : value_truth(vm, v); }

bool check_descriptor_options(VM *vm, const Path *path, const char *function, int dir_fd, bool follows) {
    if (path->text) return true;
    if (dir_fd != AT_FDCWD)
        raise_value_error(vm, "%s: can't specify dir_fd without matching path", function);
    else if (!follows)
        raise_value_error(vm, "%s: cannot use fd and follow_symlinks together", function);
    else
        return true;
    return false;
}

Value path_error(VM *vm, int number, const Path *path, const Path *second) {
    if (!second) return raise_os_error(vm, number, path ? path->shown : VALUE_EMPTY);
    String *text = string_from(vm, strerror(number));
    if (!text) return VALUE_ERROR;
    Value arguments[5] = {value_small(number), value_object(text), path->shown, VALUE_NONE, second->shown};
    Value exception = call_class(vm, vm->exceptions.os_error, arguments, 5);
    return is_error(exception) ? exception : raise_value(vm, exception);
}

Value name_from_system(VM *vm, const char *text, size_t size, bool as_bytes) {
    if (as_bytes) return object_or_error(bytes_new(vm, text, size));
    if (utf8_valid(text, size, false, NULL)) return object_or_error(string_new(vm, text, size));
    String *errors = string_from(vm, "surrogateescape");
    Bytes *bytes = bytes_new(vm, text, size);
    return errors && bytes ? text_decode(vm, bytes->data, size, value_object(bytes), NULL, errors) : VALUE_ERROR;
}

bool fd_argument(VM *vm, Value v, Capability capability, int *out) {
    if (!has_index(vm, v)) {
        String *name = string_from(vm, "fileno");
        Value method = name ? value_find_attribute(vm, v, name) : VALUE_ERROR;
        if (is_error(method)) return false;
        if (is_empty(method)) return raise_type_error(vm, "argument must be an int, or have a fileno() method."), false;
        v = vm_call(vm, method, NULL, 0, NULL);
        if (is_error(v)) return false;
        if (!is_int(v)) return raise_type_error(vm, "fileno() returned a non-integer"), false;
    }
    return c_int_argument(vm, v, out) && vm_permit(vm, capability, NULL);
}

bool int64_argument(VM *vm, Value v, int64_t *out) {
    Value number = value_index(vm, v);
    if (is_error(number)) return false;
    if (int_to_int64(number, out)) return true;
    raise_overflow_error(vm, "Python int too large to convert to C long");
    return false;
}

bool id_argument(VM *vm, Value v, const char *name, unsigned *out) {
    if (!has_index(vm, v)) return raise_type_error(vm, "%s should be integer, not %s", name, type_name(vm, v)), false;
    int64_t number;
    Value plain = value_index(vm, v);
    if (is_error(plain)) return false;
    if (!int_to_int64(plain, &number) || number < -1 || number > (int64_t)UINT32_MAX) {
        raise_overflow_error(vm, int_sign(plain) < 0 ? "%s is less than minimum" : "%s is greater than maximum", name);
        return false;
    }
    *out = (unsigned)number;
    return true;
}

bool interrupted_again(VM *vm) { return errno == EINTR && vm_poll(vm, 1); }

#include "object/exception/exception.h"

#include <errno.h>
#include <string.h>

#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/protocol.h"
#include "object/exception/exception_internal.h"
#include "object/function/generic_alias.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"
#include "object/text/str.h"

// ---- Objects

static Exception *allocate_exception(VM *vm, Class *cls) {
    Exception *exception = heap_allocate(vm, cls->root, KIND_EXCEPTION, sizeof(Exception));
    if (!exception) return NULL;
    exception->cause = exception->context = exception->traceback = VALUE_NONE;
    return exception;
}

Exception *exception_new(VM *vm, Class *cls, const Value *arguments, size_t count) {
    Exception *exception = allocate_exception(vm, cls);
    if (!exception) return NULL;
    exception->arguments = tuple_from(vm, arguments, count);
    return exception->arguments ? exception : NULL;
}

bool exception_set(VM *vm, Exception *exception, const char *name, Value value) {
    if (!exception->attributes) exception->attributes = dict_new(vm);
    return exception->attributes && dict_set_name(vm, exception->attributes, name, value) >= 0;
}

Value exception_get(VM *vm, Exception *exception, const char *name) {
    if (!exception->attributes) return VALUE_EMPTY;
    String *key = string_intern_from(vm, name, strlen(name));
    return key ? dict_get_string(vm, exception->attributes, key) : VALUE_EMPTY;
}

bool exception_add_frame(VM *vm, Value value, Code *code, uint32_t instruction, Dict *globals) {
    if (value_same(value, vm->memory_error)) return true; // shared: it belongs to no place
    Exception *exception = exception_of(value);
    Traceback *traceback = heap_allocate(vm, vm->classes.traceback->root, KIND_TRACEBACK, sizeof(Traceback));
    if (!traceback) return false;
    traceback->next = is_none(exception->traceback) ? NULL : (Traceback *)object_of(exception->traceback);
    traceback->code = code;
    traceback->instruction = instruction;
    traceback->frame_globals = globals ? value_object(globals) : VALUE_NONE;
    traceback->self = VALUE_EMPTY;
    heap_store(vm, exception, &exception->traceback, value_object(traceback));
    return true;
}

Value stop_iteration_value(VM *vm, Value value) {
    Exception *exception = exception_of(value);
    Value set = exception_get(vm, exception, "value");
    if (!is_empty(set)) return set;
    return exception->arguments->length ? exception->arguments->items[0] : VALUE_NONE;
}

// ---- Catching

int exception_caught(VM *vm, Value exception, Value pattern) {
    if (is_kind(pattern, KIND_CLASS) && ((Class *)object_of(pattern))->flags & CLASS_EXCEPTION)
        return value_is_instance(vm, exception, (Class *)object_of(pattern));
    if (is_tuple(pattern)) {
        vm_count_work(vm, tuple_of(pattern)->length / 4);
        for (size_t i = 0; i < tuple_of(pattern)->length; i++) {
            Value one = tuple_of(pattern)->items[i];
            if (!is_kind(one, KIND_CLASS) || !(((Class *)object_of(one))->flags & CLASS_EXCEPTION)) {
                raise_type_error(vm, "catching classes that do not inherit from BaseException is not allowed");
                return -1;
            }
        }
        for (size_t i = 0; i < tuple_of(pattern)->length; i++)
            if (value_is_instance(vm, exception, (Class *)object_of(tuple_of(pattern)->items[i]))) return 1;
        return 0;
    }
    raise_type_error(vm, "catching classes that do not inherit from BaseException is not allowed");
    return -1;
}

// ---- Groups

Tuple *exception_group_members(VM *vm, Value exception) {
    return is_exception(exception) ? exception_of(exception)->members : NULL;
}

static void fill_group(Exception *group, Value message, Tuple *members) {
    group->message = message;
    group->members = members;
}

Value exception_group_new(VM *vm, const char *message, Tuple *members) {
    Class *cls = vm->exceptions.exception_group;
    for (size_t i = 0; i < members->length; i++)
        if (!value_is_instance(vm, members->items[i], vm->exceptions.exception))
            cls = vm->exceptions.base_exception_group;
    String *text = string_from(vm, message);
    if (!text) return VALUE_ERROR;
    Value arguments[2] = {value_object(text), value_object(members)};
    Exception *group = exception_new(vm, cls, arguments, 2);
    if (!group) return VALUE_ERROR;
    fill_group(group, arguments[0], members);
    return value_object(group);
}

// A group like `group` with other members: its derive() method decides the class. [script]
static Value derive(VM *vm, Value group, List *members) {
    Exception *original = exception_of(group);
    Value list = value_object(members);
    Value derived = value_call_method(vm, group, "derive", &list, 1);
    if (is_error(derived)) return derived;
    if (!exception_group_members(vm, derived)) return raise_type_error(vm, "derive must return an instance of BaseExceptionGroup");
    Exception *copy = exception_of(derived);
    copy->traceback = original->traceback;
    copy->cause = original->cause;
    copy->context = original->context;
    copy->suppress_context = original->suppress_context;
    Value notes = exception_get(vm, original, "__notes__");
    if (is_list(notes)) {
        List *copied = list_from(vm, list_of(notes)->items, list_of(notes)->length);
        if (!copied || !exception_set(vm, copy, "__notes__", value_object(copied))) return VALUE_ERROR;
    }
    return derived;
}

// Whether `exception` matches `by`: a class, a tuple of classes, or a callable. [script]
static int split_matches(VM *vm, Value exception, Value by) {
    if (is_kind(by, KIND_CLASS) || is_tuple(by)) return exception_caught(vm, exception, by);
    Value result = vm_call(vm, by, &exception, 1, NULL);
    return is_error(result) ? -1 : value_truth(vm, result);
}

static bool split(VM *vm, Value exception, Value by, Value *matching, Value *rest);

static bool split_members(VM *vm, Value group, Value by, Value *matching, Value *rest) {
    Tuple *members = exception_group_members(vm, group);
    List *yes = list_new(vm, 0), *no = list_new(vm, 0);
    if (!yes || !no) return false;
    for (size_t i = 0; i < members->length; i++) {
        Value matched, left;
        if (!split(vm, members->items[i], by, &matched, &left)) return false;
        if (!is_none(matched) && !list_append(vm, yes, matched)) return false;
        if (!is_none(left) && !list_append(vm, no, left)) return false;
    }
    *matching = yes->length ? derive(vm, group, yes) : VALUE_NONE;
    if (is_error(*matching)) return false;
    *rest = no->length ? derive(vm, group, no) : VALUE_NONE;
    return !is_error(*rest);
}

static bool split(VM *vm, Value exception, Value by, Value *matching, Value *rest) {
    int match = split_matches(vm, exception, by);
    if (match < 0) return false;
    *matching = match ? exception : VALUE_NONE;
    *rest = match ? VALUE_NONE : exception;
    if (match || !exception_group_members(vm, exception)) return true;
    if (!vm_may_recurse(vm)) {
        raise_error(vm, vm->exceptions.recursion_error, "maximum recursion depth exceeded in exceptiongroup_split_recursive");
        return false;
    }
    vm->native_depth++;
    bool ok = split_members(vm, exception, by, matching, rest);
    vm->native_depth--;
    return ok;
}

bool exception_split(VM *vm, Value exception, Value type, Value *matching, Value *rest) {
    if (exception_group_members(vm, exception)) return split(vm, exception, type, matching, rest);
    int match = exception_caught(vm, exception, type);
    if (match < 0) return false;
    *matching = VALUE_NONE;
    *rest = match ? VALUE_NONE : exception;
    if (!match) return true;
    Tuple *one = tuple_from(vm, &exception, 1);
    if (!one) return false;
    *matching = exception_group_new(vm, "", one);
    if (is_error(*matching)) return false;
    // The wrapper shows the place where the exception was caught from.
    exception_of(*matching)->traceback = exception_of(exception)->traceback;
    return true;
}

// ---- Methods

static Value base_exception_new(VM *vm, Value *args, size_t count) {
    Exception *exception = exception_new(vm, (Class *)object_of(args[0]), args + 2, count - 2);
    return exception ? value_object(exception) : VALUE_ERROR;
}

bool exception_refuses_keywords(VM *vm, Value self, Value keywords) {
    if (dict_of(keywords)->length == 0) return true;
    raise_type_error(vm, "%s() takes no keyword arguments", type_name(vm, self));
    return false;
}

static Value base_exception_init(VM *vm, Value *args, size_t count) {
    if (!exception_refuses_keywords(vm, args[0], args[1])) return VALUE_ERROR;
    Tuple *arguments = tuple_from(vm, args + 2, count - 2);
    if (!arguments) return VALUE_ERROR;
    exception_of(args[0])->arguments = arguments;
    return VALUE_NONE;
}

// Takes the named fields that the class knows out of the keyword arguments; any other is refused.
static bool take_fields(VM *vm, Value self, Dict *given, const char *const *fields) {
    const char *const *known = fields;
    Exception *exception = exception_of(self);
    uint32_t taken = 0;
    for (; *fields; fields++) {
        String *key = string_intern_from(vm, *fields, strlen(*fields));
        if (!key) return false;
        Value value = dict_get_string(vm, given, key);
        if (!is_empty(value)) taken++;
        if (!exception_set(vm, exception, *fields, is_empty(value) ? VALUE_NONE : value)) return false;
    }
    if (taken == given->length) return true;
    size_t position = 0;
    Value key, value;
    while (dict_next(given, &position, &key, &value)) {
        size_t i = 0;
        while (known[i] && !string_is(string_of(key), known[i])) i++;
        if (known[i]) continue;
        raise_type_error(vm, "%s() got an unexpected keyword argument '%s'", type_name(vm, self), string_of(key)->data);
        break;
    }
    return false;
}

static Value fields_init(VM *vm, Value *args, size_t count, const char *const *fields) {
    Tuple *arguments = tuple_from(vm, args + 2, count - 2);
    if (!arguments) return VALUE_ERROR;
    exception_of(args[0])->arguments = arguments;
    return take_fields(vm, args[0], dict_of(args[1]), fields) ? VALUE_NONE : VALUE_ERROR;
}

static Value name_error_init(VM *vm, Value *args, size_t count) {
    static const char *const fields[] = {"name", NULL};
    return fields_init(vm, args, count, fields);
}
static Value attribute_error_init(VM *vm, Value *args, size_t count) {
    static const char *const fields[] = {"name", "obj", NULL};
    return fields_init(vm, args, count, fields);
}
static Value import_error_init(VM *vm, Value *args, size_t count) {
    static const char *const fields[] = {"name", "path", "name_from", NULL};
    Value result = fields_init(vm, args, count, fields);
    if (is_error(result)) return result;
    return exception_set(vm, exception_of(args[0]), "msg", count == 3 ? args[2] : VALUE_NONE) ? VALUE_NONE : VALUE_ERROR;
}

// SyntaxError(message, (filename, lineno, offset, text, end_lineno, end_offset)).
static Value syntax_error_init(VM *vm, Value *args, size_t count) {
    static const char *const fields[] = {"filename", "lineno", "offset", "text", "end_lineno", "end_offset"};
    if (!exception_refuses_keywords(vm, args[0], args[1])) return VALUE_ERROR;
    Exception *exception = exception_of(args[0]);
    Tuple *arguments = tuple_from(vm, args + 2, count - 2);
    if (!arguments) return VALUE_ERROR;
    exception->arguments = arguments;
    Tuple *details = NULL;
    if (count == 4) {
        details = tuple_from_iterable(vm, args[3]);
        if (!details) return VALUE_ERROR;
        if (details->length == 5) return raise_type_error(vm, "end_offset must be provided when end_lineno is provided");
        if (details->length != 4 && details->length != 6)
            return raise_type_error(vm, details->length < 4 ? "function takes at least 4 arguments (%zu given)"
                                                            : "function takes at most 6 arguments (%zu given)",
                                    details->length);
    }
    if (!exception_set(vm, exception, "msg", count > 2 ? args[2] : VALUE_NONE) ||
        !exception_set(vm, exception, "print_file_and_line", VALUE_NONE))
        return VALUE_ERROR;
    for (size_t i = 0; i < 6; i++)
        if (!exception_set(vm, exception, fields[i], details && i < details->length ? details->items[i] : VALUE_NONE))
            return VALUE_ERROR;
    return VALUE_NONE;
}

static Value os_error_init(VM *vm, Value *args, size_t count) {
    if (!exception_refuses_keywords(vm, args[0], args[1])) return VALUE_ERROR;
    Exception *exception = exception_of(args[0]);
    size_t given = count - 2;
    // What could not be written without blocking: BlockingIOError(errno, strerror, characters_written).
    bool counts = given == 3 && is_small(args[4]) && value_is_instance(vm, args[0], vm->exceptions.blocking_io_error);
    bool structured = given >= 2 && given <= 5 && !counts;
    // A file name is kept apart: the args show errno and text only.
    exception->arguments = tuple_from(vm, args + 2, structured ? 2 : given);
    if (!exception->arguments) return VALUE_ERROR;
    if (!structured && !counts) return VALUE_NONE;
    if (counts && !exception_set(vm, exception, "characters_written", args[4])) return VALUE_ERROR;
    if (counts) given = 2;
    bool ok = exception_set(vm, exception, "errno", args[2]) && exception_set(vm, exception, "strerror", args[3]) &&
              exception_set(vm, exception, "filename", given > 2 ? args[4] : VALUE_NONE) &&
              exception_set(vm, exception, "filename2", given > 4 ? args[6] : VALUE_NONE);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

// OSError(errno, …) makes the subclass that stands for the number.
static Value os_error_new(VM *vm, Value *args, size_t count) {
    Class *cls = is_kind(args[0], KIND_CLASS) ? (Class *)object_of(args[0]) : NULL;
    if (cls == vm->exceptions.os_error && count >= 4 && is_small(args[2])) {
        ExceptionTable *e = &vm->exceptions;
        const struct {
            int number;
            Class *cls;
        } table[] = {{EAGAIN, e->blocking_io_error},          {EALREADY, e->blocking_io_error},
                     {EINPROGRESS, e->blocking_io_error},     {ECHILD, e->child_process_error},
                     {EPIPE, e->broken_pipe_error},           {ESHUTDOWN, e->broken_pipe_error},
                     {ECONNABORTED, e->connection_aborted_error}, {ECONNREFUSED, e->connection_refused_error},
                     {ECONNRESET, e->connection_reset_error}, {EEXIST, e->file_exists_error},
                     {ENOENT, e->file_not_found_error},       {EINTR, e->interrupted_error},
                     {EISDIR, e->is_a_directory_error},       {ENOTDIR, e->not_a_directory_error},
                     {EACCES, e->permission_error},           {EPERM, e->permission_error},
                     {ESRCH, e->process_lookup_error},        {ETIMEDOUT, e->timeout_error}};
        for (size_t i = 0; i < sizeof table / sizeof *table; i++)
            if (table[i].number == small_of(args[2])) cls = table[i].cls;
        args[0] = value_object(cls);
    }
    return base_exception_new(vm, args, count);
}

static Value group_new(VM *vm, Value *args, size_t count) {
    Class *cls = (Class *)object_of(args[0]);
    if (count != 4)
        return raise_type_error(vm, "BaseExceptionGroup.__new__() takes exactly 2 arguments (%zu given)", count - 2);
    if (!is_string(args[2])) return raise_type_error(vm, "argument 1 must be str, not %s", type_name(vm, args[2]));
    if (!is_list(args[3]) && !is_tuple(args[3]))
        return raise_type_error(vm, "second argument (exceptions) must be a sequence");
    Tuple *members = tuple_from_iterable(vm, args[3]);
    if (!members) return VALUE_ERROR;
    if (members->length == 0)
        return raise_value_error(vm, "second argument (exceptions) must be a non-empty sequence");
    bool all_exceptions = true;
    for (size_t i = 0; i < members->length; i++) {
        if (!is_exception(members->items[i]))
            return raise_value_error(vm, "Item %zu of second argument (exceptions) is not an exception", i);
        all_exceptions &= value_is_instance(vm, members->items[i], vm->exceptions.exception);
    }
    if (cls == vm->exceptions.base_exception_group && all_exceptions)
        cls = vm->exceptions.exception_group;
    else if (!all_exceptions && class_is_subclass(cls, vm->exceptions.exception))
        return cls == vm->exceptions.exception_group
                   ? raise_type_error(vm, "Cannot nest BaseExceptions in an ExceptionGroup")
                   : raise_type_error(vm, "Cannot nest BaseExceptions in '%s'", class_name(cls));
    Exception *group = exception_new(vm, cls, args + 2, 2);
    if (!group) return VALUE_ERROR;
    fill_group(group, args[2], members);
    return value_object(group);
}

static Value group_derive(VM *vm, Value *args, size_t count) {
    Value arguments[4] = {value_object(vm->exceptions.base_exception_group), VALUE_EMPTY,
                          exception_of(args[0])->message, args[1]};
    return group_new(vm, arguments, 4);
}

static Value group_split(VM *vm, Value *args, size_t count) {
    if (!is_kind(args[1], KIND_CLASS) && !is_tuple(args[1]) && !value_callable(vm, args[1]))
        return raise_type_error(vm, "expected an exception type, a tuple of exception types, or a callable (other than a class)");
    Value pair[2];
    Tuple *result = split(vm, args[0], args[1], &pair[0], &pair[1]) ? tuple_from(vm, pair, 2) : NULL;
    return result ? value_object(result) : VALUE_ERROR;
}

static Value group_subgroup(VM *vm, Value *args, size_t count) {
    Value pair = group_split(vm, args, count);
    return is_error(pair) ? pair : tuple_of(pair)->items[0];
}

static Value with_traceback(VM *vm, Value *args, size_t count) {
    if (!is_none(args[1]) && !is_kind(args[1], KIND_TRACEBACK))
        return raise_type_error(vm, "__traceback__ must be a traceback or None");
    heap_store(vm, object_of(args[0]), &exception_of(args[0])->traceback, args[1]);
    return args[0];
}

bool exception_add_note(VM *vm, Exception *exception, String *note) {
    Value notes = exception_get(vm, exception, "__notes__");
    if (is_empty(notes)) {
        List *list = list_new(vm, 1);
        if (!list || !exception_set(vm, exception, "__notes__", value_object(list))) return false;
        notes = value_object(list);
    }
    if (!is_list(notes)) return raise_type_error(vm, "Cannot add note: __notes__ is not a list"), false;
    return list_append(vm, list_of(notes), value_object(note));
}

static Value add_note(VM *vm, Value *args, size_t count) {
    if (!is_string(args[1])) return raise_type_error(vm, "note must be a str, not '%s'", type_name(vm, args[1]));
    return exception_add_note(vm, exception_of(args[0]), string_of(args[1])) ? VALUE_NONE : VALUE_ERROR;
}

// ---- Text

static Value exception_repr(VM *vm, Value self) {
    Tuple *arguments = exception_of(self)->arguments;
    bool is_one = arguments->length == 1;
    String *inside = value_repr(vm, is_one ? arguments->items[0] : value_object(arguments));
    if (!inside) return VALUE_ERROR;
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "%s%s", type_name(vm, self), is_one ? "(" : "");
    buffer_string(&out, inside);
    if (is_one) buffer_byte(&out, ')');
    return object_or_error(string_from_buffer(vm, &out));
}

// One that was given to it later counts too.
static bool has_file_name(VM *vm, Exception *exception) {
    Value file = exception_get(vm, exception, "filename");
    return !is_empty(file) && !is_none(file);
}

static Value os_error_text(VM *vm, Exception *exception) {
    Value number = exception_get(vm, exception, "errno"), message = exception_get(vm, exception, "strerror");
    Value file = exception_get(vm, exception, "filename"), second = exception_get(vm, exception, "filename2");
    if (is_empty(number)) number = VALUE_NONE;
    if (is_empty(message)) message = VALUE_NONE;
    String *a = value_str(vm, number), *b = a ? value_str(vm, message) : NULL;
    if (!b) return VALUE_ERROR;
    Buffer out = vm_buffer(vm);
    buffer_text(&out, "[Errno ");
    buffer_string(&out, a);
    buffer_text(&out, "] ");
    buffer_string(&out, b);
    Value files[2] = {file, second};
    for (int i = 0; i < 2 && !is_none(files[i]) && !is_empty(files[i]); i++) {
        String *shown = value_repr(vm, files[i]);
        if (!shown) return buffer_free(&out), VALUE_ERROR;
        buffer_text(&out, i ? " -> " : ": ");
        buffer_string(&out, shown);
    }
    return object_or_error(string_from_buffer(vm, &out));
}

// "MESSAGE (FILE, line NUMBER)", with the last part of the file's name.
static String *text_with_place(VM *vm, const String *message, const String *file, int64_t line) {
    size_t start = file->size;
    while (start && file->data[start - 1] != '/') start--;
    Buffer out = vm_buffer(vm);
    buffer_string(&out, message);
    buffer_text(&out, " (");
    buffer_append(&out, file->data + start, file->size - start);
    buffer_format(&out, ", line %lld)", (long long)line);
    return string_from_buffer(vm, &out);
}

static Value exception_str(VM *vm, Value self) {
    Exception *exception = exception_of(self);
    Tuple *arguments = exception->arguments;
    ExceptionTable *table = &vm->exceptions;
    String *text;
    if (value_is_instance(vm, self, table->key_error) && arguments->length == 1) {
        text = value_repr(vm, arguments->items[0]);
    } else if (value_is_instance(vm, self, table->os_error) &&
               (!is_empty(exception_get(vm, exception, "errno")) || has_file_name(vm, exception))) {
        return os_error_text(vm, exception);
    } else if (exception_group_members(vm, self)) {
        size_t n = exception_group_members(vm, self)->length;
        String *message = value_str(vm, exception->message);
        if (!message) return VALUE_ERROR;
        Buffer out = vm_buffer(vm);
        buffer_string(&out, message);
        buffer_format(&out, " (%zu sub-exception%s)", n, n == 1 ? "" : "s");
        text = string_from_buffer(vm, &out);
    } else if (value_is_instance(vm, self, table->syntax_error) && is_string(exception_get(vm, exception, "msg"))) {
        Value file = exception_get(vm, exception, "filename"), line = exception_get(vm, exception, "lineno");
        String *message = string_of(exception_get(vm, exception, "msg"));
        bool has_place = is_string(file) && is_small(line);
        text = has_place ? text_with_place(vm, message, string_of(file), small_of(line)) : message;
    } else if (value_is_instance(vm, self, table->unicode_encode_error) || value_is_instance(vm, self, table->unicode_decode_error) ||
               value_is_instance(vm, self, table->unicode_translate_error)) {
        return unicode_error_text(vm, exception);
    } else if (arguments->length == 0) {
        text = vm->names.empty;
    } else if (arguments->length == 1) {
        text = value_str(vm, arguments->items[0]);
    } else {
        text = value_repr(vm, value_object(arguments));
    }
    return text ? value_object(text) : VALUE_ERROR;
}

// ---- Attributes

static Value get_args(VM *vm, Value self) { return value_object(exception_of(self)->arguments); }
static int set_args(VM *vm, Value self, Value value) {
    if (is_empty(value)) return raise_type_error(vm, "args may not be deleted"), -1;
    Tuple *arguments = tuple_from_iterable(vm, value);
    if (!arguments) return -1;
    exception_of(self)->arguments = arguments;
    return 1;
}
static Value get_cause(VM *vm, Value self) { return exception_of(self)->cause; }
static int set_cause(VM *vm, Value self, Value value) {
    if (is_empty(value)) return raise_type_error(vm, "__cause__ may not be deleted"), -1;
    if (!is_none(value) && !is_exception(value))
        return raise_type_error(vm, "exception cause must be None or derive from BaseException"), -1;
    heap_store(vm, object_of(self), &exception_of(self)->cause, value);
    exception_of(self)->suppress_context = true;
    return 1;
}
static Value get_context(VM *vm, Value self) { return exception_of(self)->context; }
static int set_context(VM *vm, Value self, Value value) {
    if (is_empty(value)) return raise_type_error(vm, "__context__ may not be deleted"), -1;
    if (!is_none(value) && !is_exception(value))
        return raise_type_error(vm, "exception context must be None or derive from BaseException"), -1;
    heap_store(vm, object_of(self), &exception_of(self)->context, value);
    return 1;
}
static Value get_suppress(VM *vm, Value self) { return value_bool(exception_of(self)->suppress_context); }
static int set_suppress(VM *vm, Value self, Value value) {
    int truth = value_truth(vm, value);
    if (truth < 0) return -1;
    exception_of(self)->suppress_context = truth;
    return 1;
}
static Value get_traceback(VM *vm, Value self) { return exception_of(self)->traceback; }
static int set_traceback(VM *vm, Value self, Value value) {
    if (is_empty(value)) return raise_type_error(vm, "__traceback__ may not be deleted"), -1;
    Value args[2] = {self, value};
    return is_error(with_traceback(vm, args, 2)) ? -1 : 1;
}

static Value get_message(VM *vm, Value self) { return exception_of(self)->message; }
static Value get_members(VM *vm, Value self) {
    Tuple *members = exception_of(self)->members;
    return members ? value_object(members) : VALUE_NONE;
}
static int set_readonly(VM *vm, Value self, Value value) {
    return raise_error(vm, vm->exceptions.attribute_error, "readonly attribute"), -1;
}
static const AttributeDefinition group_attributes[] = {{"message", get_message, set_readonly,
                                                        "What the group was made with as its text."},
                                                       {"exceptions", get_members, set_readonly, "The exceptions of the group, a tuple."},
                                                       {0}};

// Fields of particular classes that have a value even when nobody set them.
static Value get_stop_value(VM *vm, Value self) { return stop_iteration_value(vm, self); }
static int set_stop_value(VM *vm, Value self, Value value) {
    return exception_set(vm, exception_of(self), "value", value) ? 1 : -1;
}
static Value get_exit_code(VM *vm, Value self) {
    Value set = exception_get(vm, exception_of(self), "code");
    if (!is_empty(set)) return set;
    Tuple *arguments = exception_of(self)->arguments;
    return arguments->length == 0   ? VALUE_NONE
           : arguments->length == 1 ? arguments->items[0]
                                    : value_object(arguments);
}
static int set_exit_code(VM *vm, Value self, Value value) {
    return exception_set(vm, exception_of(self), "code", value) ? 1 : -1;
}

static Value set_state(VM *vm, Value *args, size_t count) {
    if (is_none(args[1])) return VALUE_NONE;
    if (!is_dict(args[1])) return raise_type_error(vm, "state is not a dictionary");
    size_t position = 0;
    Value key, value;
    while (dict_next(dict_of(args[1]), &position, &key, &value)) {
        if (!is_string(key)) return raise_type_error(vm, "attribute name must be string, not '%s'", type_name(vm, key));
        if (value_set_attribute(vm, args[0], string_of(key), value) < 0) return VALUE_ERROR;
    }
    return VALUE_NONE;
}

static const NativeDefinition base_methods[] = {
    {"__setstate__", set_state, "self, object, /", NATIVE_METHOD},
    {"__new__", base_exception_new, "cls, /, *args, **kwargs", NATIVE_NEW},
    {"__init__", base_exception_init, "self, /, *args, **kwargs", NATIVE_METHOD},
    {"with_traceback", with_traceback, "self, object, /", NATIVE_METHOD, "Sets the traceback and returns the exception."},
    {"add_note", add_note, "self, object, /", NATIVE_METHOD, "Adds a line that tracebacks show below the exception."},
    {0}};
static const AttributeDefinition base_attributes[] = {
    {"args", get_args, set_args, "What the exception was made with, a tuple."},
    {"__cause__", get_cause, set_cause},
    {"__context__", get_context, set_context},
    {"__suppress_context__", get_suppress, set_suppress},
    {"__traceback__", get_traceback, set_traceback},
    {0}};
static const NativeDefinition group_methods[] = {GENERIC_ALIAS_METHOD,
                                                 {"__new__", group_new, "cls, /, *args, **kwargs", NATIVE_NEW},
                                                 {"derive", group_derive, "self, excs, /", NATIVE_METHOD,
                                                  "A group with the same message and other exceptions; subclasses override it to keep "
                                                  "what they have more."},
                                                 {"split", group_split, "self, matcher_value, /", NATIVE_METHOD,
                                                  "A pair of groups: of the exceptions that match and of the others, nested as here; "
                                                  "None for an empty one. A class, a tuple of classes or a function matches."},
                                                 {"subgroup", group_subgroup, "self, matcher_value, /", NATIVE_METHOD,
                                                  "A group of the exceptions that match, nested as here, or None. A class, a tuple of "
                                                  "classes or a function matches."},
                                                 {0}};
static const NativeDefinition os_methods[] = {{"__new__", os_error_new, "cls, /, *args, **kwargs", NATIVE_NEW},
                                              {"__init__", os_error_init, "self, /, *args, **kwargs", NATIVE_METHOD},
                                              {0}};
static const NativeDefinition syntax_methods[] = {
    {"__init__", syntax_error_init, "self, /, *args, **kwargs", NATIVE_METHOD}, {0}};
static const NativeDefinition name_methods[] = {{"__init__", name_error_init, "self, /, *args, **kwargs", NATIVE_METHOD}, {0}};
static const NativeDefinition attribute_methods[] = {
    {"__init__", attribute_error_init, "self, /, *args, **kwargs", NATIVE_METHOD}, {0}};
static const NativeDefinition import_methods[] = {
    {"__init__", import_error_init, "self, /, *args, **kwargs", NATIVE_METHOD}, {0}};
static const AttributeDefinition stop_attributes[] = {{"value", get_stop_value, set_stop_value,
                                                       "What the iterator or coroutine returned."},
                                                      {0}};
static const AttributeDefinition exit_attributes[] = {{"code", get_exit_code, set_exit_code,
                                                       "The status with which the program ends; None stands for 0, a text is printed "
                                                       "and stands for 1."},
                                                      {0}};

static void exception_trace(VM *vm, Object *o) {
    Exception *exception = (Exception *)o;
    heap_mark_object(vm, (Object *)exception->arguments);
    heap_mark(vm, exception->cause);
    heap_mark(vm, exception->context);
    heap_mark(vm, exception->traceback);
    heap_mark(vm, exception->message);
    heap_mark_object(vm, (Object *)exception->members);
    heap_mark_object(vm, (Object *)exception->attributes);
}

const TypeOps exception_ops = {.trace = exception_trace, .repr = exception_repr, .str = exception_str};

// Each class has a __new__ of its own, so that it makes none of another, but for those that Python gives none.
static bool add_constructors(VM *vm) {
    const ExceptionTable *e = &vm->exceptions;
    const Class *const without[] = {e->base_exception_group, e->exception_group, e->cancelled_error, e->invalid_state_error,
                                    e->system_exit, e->attribute_error, e->name_error, e->unbound_local_error,
                                    e->stop_iteration, e->key_error};
    static const NativeDefinition constructor[] = {{"__new__", base_exception_new, "cls, /, *args, **kwargs", NATIVE_NEW}, {0}};
    Class **classes = (Class **)&vm->exceptions;
    for (size_t i = 0; i < sizeof vm->exceptions / sizeof(Class *); i++) {
        bool inherits = class_is_subclass(classes[i], e->os_error) || class_is_subclass(classes[i], e->import_error) ||
                        class_is_subclass(classes[i], e->syntax_error);
        for (size_t k = 0; k < sizeof without / sizeof *without; k++) inherits |= classes[i] == without[k];
        if (!inherits && native_add_methods(vm, classes[i], constructor) < 0) return false;
    }
    return true;
}

bool exception_class_init(VM *vm) {
    ExceptionTable *table = &vm->exceptions;
#define EXCEPTION(field, name, base)                                                                                   \
    table->field = class_new_builtin(vm, name, &table->field == &table->base ? vm->classes.object : table->base,       \
                                     KIND_EXCEPTION, sizeof(Exception), CLASS_EXCEPTION | CLASS_HAS_DICT);             \
    if (!table->field) return false;
#include "object/core/exceptions.def"
#undef EXCEPTION
    // ExceptionGroup inherits from Exception too.
    Class *group = table->exception_group;
    Value bases[2] = {value_object(table->base_exception_group), value_object(table->exception)};
    Value order[5] = {value_object(group), bases[0], bases[1], value_object(table->base_exception),
                      value_object(vm->classes.object)};
    group->bases = tuple_from(vm, bases, 2);
    group->mro = tuple_from(vm, order, 5);
    if (!group->bases || !group->mro) return false;
    // Classes that a module of the library shows.
    String *cancelled = string_intern_from(vm, "asyncio.exceptions", 18);
    if (!cancelled) return false;
    table->cancelled_error->module = table->invalid_state_error->module = value_object(cancelled);
    return add_constructors(vm) && exception_fields_add(vm) && native_add_methods(vm, table->base_exception, base_methods) > 0 &&
           native_add_attributes(vm, table->base_exception, base_attributes) > 0 &&
           native_add_methods(vm, table->base_exception_group, group_methods) > 0 &&
           native_add_attributes(vm, table->base_exception_group, group_attributes) > 0 &&
           native_add_methods(vm, table->os_error, os_methods) > 0 && unicode_errors_add(vm) &&
           native_add_methods(vm, table->syntax_error, syntax_methods) > 0 &&
           native_add_methods(vm, table->name_error, name_methods) > 0 &&
           native_add_methods(vm, table->attribute_error, attribute_methods) > 0 &&
           native_add_methods(vm, table->import_error, import_methods) > 0 &&
           native_add_attributes(vm, table->stop_iteration, stop_attributes) > 0 &&
           native_add_attributes(vm, table->system_exit, exit_attributes) > 0;
}

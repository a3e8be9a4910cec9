// The library of one VM: made once, before anything runs.
#include "modules/library.h"

#include <string.h>

#include "base/utf8.h"
#include "loop/context_variable.h"
#include "loop/module.h"
#include "modules/modules.h"
#include "modules/struct_sequence.h"
#include "modules/system/file.h"
#include "modules/system/signals.h"
#include "modules/system/terminal.h"
#include "modules/warning.h"
#include "object/container/dict.h"
#include "object/container/iterator.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/core/protocol.h"
#include "object/core/weak.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "syntax/parse.h"

const NativeModule native_modules[] = {
    {"builtins", builtins_module_fill}, {"sys", sys_module_fill}, {"time", time_module_fill},
    {"_io", io_module_fill},            {"_imp", importing_module_fill},
    {"_random", random_module_fill},    {"posix", posix_module_fill},
    {"cmath", cmath_module_fill},       {"math", math_module_fill},         {"gc", gc_module_fill},   {"errno", errno_module_fill},
    {"aioli", aioli_module_fill},       {"_asyncio", asyncio_module_fill},
    {"_asyncio_locks", asyncio_locks_module_fill}, {"_asyncio_queues", asyncio_queues_module_fill},
    {"_contextvars", contextvars_module_fill}, {"_asyncio_wait", asyncio_wait_module_fill},
    {"_asyncio_timeouts", asyncio_timeouts_module_fill}, {"_asyncio_taskgroups", asyncio_taskgroups_module_fill},
    {"_terminal", terminal_module_fill}, {"_private_file", private_file_module_fill},
    {"_program", program_module_fill},  {"_testing", testing_module_fill},
    {"itertools", itertools_module_fill}, {"operator", operator_module_fill},
    {"_functools", functools_module_fill},
    {"_collections", collections_module_fill}, {"_abc", abc_module_fill},
    {"_heapq", heapq_module_fill},      {"array", array_module_fill},
    {"bisect", bisect_module_fill},     {"_bisect", bisect_module_fill},
#ifdef AIOLI_IO
    {"_socket", socket_module_fill},    {"_asyncio_streams", asyncio_streams_module_fill},
#endif
    {"_signal", signal_module_fill},    {"select", select_module_fill},
    {"_thread", thread_module_fill},    {"_typing", typing_module_fill}, {"_weakref", weakref_module_fill},
    {"_traceback", traceback_module_fill},
    {"_codecs", codecs_module_fill},    {"unicodedata", unicodedata_module_fill},
    {"_json", json_module_fill},        {"_csv", csv_module_fill},
    {"datetime", datetime_module_fill},
    {"struct", struct_module_fill},     {"binascii", binascii_module_fill},
#ifdef AIOLI_REGEX
    {"_re", regex_module_fill},
#endif
    {0}};

bool add_value(VM *vm, Dict *namespace, const char *name, Value value) {
    return !is_error(value) && dict_set_name(vm, namespace, name, value) >= 0;
}
bool add_text(VM *vm, Dict *namespace, const char *name, const char *text) {
    String *s = string_from(vm, text);
    return s && add_value(vm, namespace, name, value_object(s));
}

static void library_trace(VM *vm) {
    Library *library = library_of(vm);
    if (library->outer_trace) library->outer_trace(vm);
    void *objects[] = {library->input,         library->output,          library->errors,          library->sys,
                       library->arguments,     library->executable,      library->enumerate,       library->zip,
                       library->map,           library->filter,          library->text_file,       library->buffered_reader,
                       library->raw_file,      library->buffered_writer, library->buffered_random, library->struct_sequence,
                       library->unsupported_operation, library->regex, library->structs,   library->utc_zone,
                       library->csv_dialects,    library->audit_hooks};
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) heap_mark_object(vm, objects[i]);
    for (size_t i = 0; i < LIBRARY_CLASS_COUNT; i++) heap_mark_object(vm, library->classes[i]);
    signals_trace(vm);
}

static bool add_classes(VM *vm, Dict *namespace) {
    ClassTable *c = &vm->classes;
    Class *classes[] = {c->object,  c->type,      c->boolean,    c->integer, c->floating,      c->complex,      c->string,
                        c->bytes,   c->bytearray, c->memoryview, c->list,    c->tuple,         c->dict,         c->set,
                        c->range,   c->frozenset, c->slice,      c->property, c->static_method, c->class_method, c->super,
                        c->iterators[ITERATE_SEQUENCE_REVERSED]};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (!classes[i] || !add_value(vm, namespace, class_name(classes[i]), value_object(classes[i]))) return false;
    // These are found in modules of their own.
    Class *elsewhere[] = {vm->exceptions.cancelled_error, vm->exceptions.invalid_state_error, vm->exceptions.deadlock_error,
                          vm->exceptions.limit_error};
#define EXCEPTION(field, name, base)                                                                                   \
    if (vm->exceptions.field != elsewhere[0] && vm->exceptions.field != elsewhere[1] &&                                \
        vm->exceptions.field != elsewhere[2] && vm->exceptions.field != elsewhere[3] &&                                \
        !add_value(vm, namespace, name, value_object(vm->exceptions.field)))                                           \
        return false;
#include "object/core/exceptions.def"
#undef EXCEPTION
    return add_value(vm, namespace, "EnvironmentError", value_object(vm->exceptions.os_error)) &&
           add_value(vm, namespace, "IOError", value_object(vm->exceptions.os_error));
}

bool builtins_create(VM *vm) {
    Dict *namespace = vm->builtins;
    return add_value(vm, namespace, "None", VALUE_NONE) && add_value(vm, namespace, "True", VALUE_TRUE) &&
           add_value(vm, namespace, "False", VALUE_FALSE) && add_value(vm, namespace, "NotImplemented", VALUE_NOT_IMPLEMENTED) &&
           add_value(vm, namespace, "Ellipsis", VALUE_ELLIPSIS) && add_value(vm, namespace, "__debug__", VALUE_TRUE) &&
           add_text(vm, namespace, "__name__", "builtins") && add_value(vm, namespace, "__doc__", VALUE_NONE) &&
           add_classes(vm, namespace) && builtins_number_add(vm, namespace) && builtins_object_add(vm, namespace) && builtins_reduce_add(vm) &&
           builtins_iterate_add(vm, namespace) && builtins_code_add(vm, namespace) && builtins_io_add(vm, namespace) &&
           builtins_help_add(vm, namespace);
}

// The module shows the namespace that every look-up of a built-in name ends in.
bool builtins_module_fill(VM *vm, ModuleObject *module) {
    module->namespace = vm->builtins;
    return add_text(vm, vm->builtins, "__doc__", "The names that every program knows.");
}

// How much has been allocated so far, less what owners have freed themselves; collections take nothing from it.
static Value bytes_allocated(VM *vm, Value *args, size_t count) {
    int64_t recent = vm->heap.allocated > 0 ? vm->heap.allocated : 0;
    return value_small((int64_t)vm->heap.allocated_before + recent);
}

static const NativeDefinition aioli_functions[] = {{"bytes_allocated", bytes_allocated, "", NATIVE_METHOD,
                                                    "How many bytes the objects of this VM take."},
                                                   {0}};

// The module `aioli`: what CPython has not.
bool aioli_module_fill(VM *vm, ModuleObject *module) {
    return add_text(vm, module->namespace, "__doc__", "What aioli has beside Python.") &&
           add_value(vm, module->namespace, "LimitError", value_object(vm->exceptions.limit_error)) &&
           native_add_functions(vm, module->namespace, console_compile_functions) > 0 &&
#ifdef AIOLI_IO
           native_add_functions(vm, module->namespace, simulation_functions) > 0 &&
#endif
           native_add_functions(vm, module->namespace, aioli_functions) > 0;
}

// Tells of an exception that nobody can catch, as sys.unraisablehook does it.
static bool tell_ignored(VM *vm, Value source, Value exception) {
    static const char *const fields[] = {"exc_type", "exc_value", "exc_traceback", "err_msg", "object", NULL};
    String *name = string_intern_from(vm, "unraisablehook", 14);
    Value hook = name ? dict_get_string(vm, library_of(vm)->sys, name) : VALUE_ERROR;
    if (is_error(hook)) return false;
    if (!is_empty(hook) && !is_native(hook) && !is_none(hook)) {
        Value parts[] = {value_object(class_of(vm, exception)), exception, exception_of(exception)->traceback, VALUE_NONE, source};
        Value argument = struct_sequence_new(vm, "sys.UnraisableHookArgs", fields, parts);
        return !is_error(argument) && !is_error(vm_call(vm, hook, &argument, 1, NULL));
    }
    return library_show_ignored(vm, NULL, source, exception);
}

bool library_show_ignored(VM *vm, const String *message, Value source, Value exception) {
    Buffer text = vm_buffer(vm);
    String *shown = is_none(source) ? NULL : value_repr(vm, source);
    if (!shown && !is_none(source)) exception_drop(vm);
    if (message || !is_none(source)) buffer_text(&text, message ? message->data : "Exception ignored in");
    if (!is_none(source)) buffer_format(&text, ": %s", shown ? shown->data : "<object repr() failed>");
    if (message || !is_none(source)) buffer_text(&text, is_none(source) ? ":\n" : "\n");
    if (is_exception(exception)) exception_print(vm, exception, &text);
    bool ok = text.failed || library_write_error(vm, text.data ? text.data : "", text.length);
    buffer_free(&text);
    return ok;
}

static bool finalize(VM *vm, bool all) {
    if (weak_run(vm, all, tell_ignored)) return true;
    if (!exception_matches(vm, vm->exceptions.exception)) return false;
    exception_clear(vm); // that it could not be told of
    return true;
}

bool library_create(VM *vm, const Streams *streams) {
    // From the plain allocator: it outlives the heap.
    Library *library = allocate(&vm->heap.allocator, sizeof(Library));
    if (!library) return raise_memory_error(vm), false;
    memset(library, 0, sizeof *library);
    vm->library = library;
    library->streams = *streams;
    vm->hooks.warn = library_warn;
    vm->hooks.finalize = finalize;
    library->outer_trace = vm->hooks.trace;
    vm->hooks.trace = library_trace;
    if (!file_classes_init(vm)) return false;
    library->sys = dict_new(vm);
    library->arguments = list_new(vm, 0);
    library->executable = vm->names.empty;
    return library->sys && library->arguments && library_renew_streams(vm) && builtins_create(vm);
}

bool library_renew_streams(VM *vm) {
    Library *library = library_of(vm);
    FileObject *input = file_standard(vm, 0);
    FileObject *output = input ? file_standard(vm, 1) : NULL;
    FileObject *errors = output ? file_standard(vm, 2) : NULL;
    if (!errors) return false;
    library->input = input;
    library->output = output;
    library->errors = errors;
    return sys_streams_add(vm);
}

void library_destroy(VM *vm, Allocator *allocator) {
    terminal_forget(vm, allocator);
    release(allocator, vm->library, sizeof(Library));
    vm->library = NULL;
}

// Text from outside: bytes that are no UTF-8 become lone surrogates, as
// os.fsdecode has it.
static String *library_text(VM *vm, const char *text) {
    size_t length = strlen(text), bad = 0;
    if (utf8_valid(text, length, false, NULL)) return string_new(vm, text, length);
    Buffer out = vm_buffer(vm);
    while (!utf8_valid(text, length, false, &bad)) {
        buffer_append(&out, text, bad);
        buffer_code_point(&out, 0xDC00 + (unsigned char)text[bad]);
        text += bad + 1;
        length -= bad + 1;
    }
    buffer_append(&out, text, length);
    return string_from_buffer(vm, &out);
}

bool library_set_arguments(VM *vm, const char *executable, size_t count, const char *const *arguments) {
    Library *library = library_of(vm);
    library->arguments->length = 0;
    for (size_t i = 0; i < count; i++) {
        String *s = library_text(vm, arguments[i]);
        if (!s || !list_append(vm, library->arguments, value_object(s))) return false;
    }
    library->executable = library_text(vm, executable ? executable : "");
    if (!library->executable) return false;
    // A module that is there already says the same. (argv is the same list.)
    String *name = string_intern_from(vm, "executable", 10);
    if (!name) return false;
    return is_empty(dict_get_string(vm, library->sys, name)) ||
           dict_set_string(vm, library->sys, name, value_object(library->executable)) >= 0;
}

bool library_write_error(VM *vm, const char *text, size_t size) {
    Library *library = library_of(vm);
    String *name = string_intern_from(vm, "stderr", 6), *written = NULL;
    Value to = name ? dict_get_string(vm, library->sys, name) : VALUE_ERROR;
    if (is_error(to) || is_empty(to) || is_none(to)) return !is_error(to);
    if (value_same(to, value_object(library->errors))) return file_write_text(vm, library->errors, text, size, false);
    String *method = string_intern_from(vm, "write", 5);
    if (method) written = string_new(vm, text, size);
    Value function = written ? value_get_attribute(vm, to, method) : VALUE_ERROR;
    Value argument = written ? value_object(written) : VALUE_ERROR;
    return !is_error(function) && !is_error(vm_call(vm, function, &argument, 1, NULL));
}

bool sys_flush(VM *vm) {
    Library *library = library_of(vm);
    // Either may be missing when the VM could not be made for want of memory.
    return (!library->output || file_flush(vm, library->output)) && (!library->errors || file_flush(vm, library->errors));
}

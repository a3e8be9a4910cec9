// sys: the program's surroundings.
#include <float.h>
#include <string.h>

#include "modules/library.h"
#include "modules/modules.h"
#include "modules/struct_sequence.h"
#include "modules/system/file.h"
#include "object/container/dict.h"
#include "object/core/native.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "vm/frame_object.h"
#include "vm/import.h"
#include "vm/interpreter.h"

static Value sys_exit(VM *vm, Value *args, size_t count) {
    if (is_empty(args[0]) || is_none(args[0])) return raise_error(vm, vm->exceptions.system_exit, NULL);
    // As a call of the class does: a tuple becomes the arguments.
    if (is_tuple(args[0])) {
        Tuple *tuple = tuple_of(args[0]);
        Exception *exception = exception_new(vm, vm->exceptions.system_exit, tuple->items, tuple->length);
        return exception ? raise_value(vm, value_object(exception)) : VALUE_ERROR;
    }
    return raise_with_value(vm, vm->exceptions.system_exit, args[0]);
}

static Value sys_exception(VM *vm, Value *args, size_t count) { return interpreter_handled(vm); }
static Value sys_exc_info(VM *vm, Value *args, size_t count) {
    Value handled = interpreter_handled(vm), triple[3] = {VALUE_NONE, VALUE_NONE, VALUE_NONE};
    if (is_exception(handled)) {
        triple[0] = value_object(class_of(vm, handled));
        triple[1] = handled;
        triple[2] = exception_of(handled)->traceback;
    }
    return object_or_error(tuple_from(vm, triple, 3));
}

static Value sys_getrecursionlimit(VM *vm, Value *args, size_t count) {
    return value_small(interpreter_of(vm)->depth_limit);
}
static Value sys_setrecursionlimit(VM *vm, Value *args, size_t count) {
    int limit;
    if (!c_int_argument(vm, args[0], &limit)) return VALUE_ERROR;
    if (limit < 1) return raise_value_error(vm, "recursion limit must be greater or equal than 1");
    if ((uint32_t)limit > interpreter_of(vm)->most_depth)
        return raise_value_error(vm, "the recursion limit can't be more than %u here", interpreter_of(vm)->most_depth);
    interpreter_of(vm)->depth_limit = (uint32_t)limit;
    return VALUE_NONE;
}

static Value sys_intern(VM *vm, Value *args, size_t count) {
    if (!is_string(args[0])) return raise_type_error(vm, "intern() argument must be str, not %s", type_name(vm, args[0]));
    return object_or_error(string_intern(vm, string_of(args[0])));
}

// A guess: the layout's size. Scripts look at it to see which of two objects is larger.
static Value sys_getsizeof(VM *vm, Value *args, size_t count) {
    Value v = args[0];
    size_t size = 24;
    if (is_string(v))
        size = sizeof(String) + string_of(v)->size;
    else if (is_list(v))
        size = sizeof(List) + 16 + list_of(v)->capacity * sizeof(Value);
    else if (is_tuple(v))
        size = sizeof(Tuple) + 24 + tuple_of(v)->length * sizeof(Value);
    else if (is_dict(v))
        size = sizeof(Dict) + dict_of(v)->entry_capacity * sizeof(DictEntry) + dict_of(v)->index_capacity * 4;
    else if (is_object(v))
        size = class_of(vm, v)->instance_size;
    return value_small((int64_t)size);
}

static Value sys_getdefaultencoding(VM *vm, Value *args, size_t count) {
    return object_or_error(string_intern_from(vm, "utf-8", 5));
}
static Value sys_getfilesystemencodeerrors(VM *vm, Value *args, size_t count) {
    return object_or_error(string_intern_from(vm, "surrogateescape", 15));
}
static Value sys_is_finalizing(VM *vm, Value *args, size_t count) { return VALUE_FALSE; }

static Value sys_get_int_max_str_digits(VM *vm, Value *args, size_t count) { return value_small(vm->int_digit_limit); }
static Value sys_set_int_max_str_digits(VM *vm, Value *args, size_t count) {
    int limit;
    if (!c_int_argument(vm, args[0], &limit)) return VALUE_ERROR;
    if (limit && limit < INT_LEAST_DIGIT_LIMIT)
        return raise_value_error(vm, "maxdigits must be 0 or larger than %d", INT_LEAST_DIGIT_LIMIT);
    vm->int_digit_limit = limit;
    return VALUE_NONE;
}

// Writes the traceback of any exception, as the end of a program does.
static Value sys_excepthook(VM *vm, Value *args, size_t count) {
    if (!is_exception(args[1])) return VALUE_NONE;
    Buffer text = vm_buffer(vm);
    exception_print(vm, args[1], &text);
    bool ok = text.failed ? (raise_memory_error(vm), false) : library_write_error(vm, text.data ? text.data : "", text.length);
    buffer_free(&text);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

static Value sys_unraisablehook(VM *vm, Value *args, size_t count) {
    static const char *const names[] = {"err_msg", "object", "exc_value"};
    Value parts[3];
    for (int i = 0; i < 3; i++) {
        String *name = string_intern_from(vm, names[i], strlen(names[i]));
        parts[i] = name ? value_get_attribute(vm, args[0], name) : VALUE_ERROR;
        if (is_error(parts[i])) return VALUE_ERROR;
    }
    return library_show_ignored(vm, is_string(parts[0]) ? string_of(parts[0]) : NULL, parts[1], parts[2]) ? VALUE_NONE : VALUE_ERROR;
}

static Value sys_displayhook(VM *vm, Value *args, size_t count) {
    if (is_none(args[0])) return VALUE_NONE;
    String *text = value_repr(vm, args[0]);
    if (!text || !add_value(vm, vm->builtins, "_", args[0])) return VALUE_ERROR;
    // To whatever stands in for the standard output.
    Value to = dict_get_string(vm, library_of(vm)->sys, vm->names.stdout_);
    if (is_empty(to) || is_none(to)) return raise_runtime_error(vm, "lost sys.stdout");
    String *end = string_from_code_point(vm, '\n');
    Value write = end ? value_get_attribute(vm, to, vm->names.write) : VALUE_ERROR;
    Value pieces[2] = {value_object(text), value_object(end)};
    for (int i = 0; i < 2; i++)
        if (is_error(write) || is_error(vm_call(vm, write, &pieces[i], 1, NULL))) return VALUE_ERROR;
    return VALUE_NONE;
}

// The frame so many calls out from the one that runs.
static Frame *frame_at(VM *vm, Value depth) {
    int64_t n = 0;
    if (!is_empty(depth) && !size_argument(vm, depth, &n)) return NULL;
    Frame *frame = interpreter_of(vm)->frame;
    for (; frame && n > 0; n--) {
        if (!vm_poll(vm, 1)) return NULL;
        frame = frame->caller;
    }
    if (!frame) raise_value_error(vm, "call stack is not deep enough");
    return frame;
}
static Value sys_getframe(VM *vm, Value *args, size_t count) {
    Frame *frame = frame_at(vm, args[0]);
    return frame ? frame_object_of(vm, frame) : VALUE_ERROR;
}
static Value sys_getframemodulename(VM *vm, Value *args, size_t count) {
    Frame *frame = frame_at(vm, args[0]);
    if (frame) {
        Value name = dict_get_string(vm, frame->function->globals, vm->names.__name__);
        return is_empty(name) ? VALUE_NONE : name;
    }
    if (!exception_matches(vm, vm->exceptions.value_error)) return VALUE_ERROR;
    exception_clear(vm);
    return VALUE_NONE;
}

// Scripts are never switched between: the setting is kept for those who read it back.
static Value sys_getswitchinterval(VM *vm, Value *args, size_t count) { return value_float(library_of(vm)->switch_interval); }
static Value sys_setswitchinterval(VM *vm, Value *args, size_t count) {
    double seconds;
    if (!value_to_double(vm, args[0], &seconds)) return VALUE_ERROR;
    if (!(seconds > 0)) return raise_value_error(vm, "switch interval must be strictly positive");
    library_of(vm)->switch_interval = seconds;
    return VALUE_NONE;
}

static Value sys_getunicodeinternedsize(VM *vm, Value *args, size_t count) { return value_small((int64_t)vm->interned.count); }

static const NativeDefinition functions[] = {
    {"_getframe", sys_getframe, "depth=0, /", NATIVE_METHOD},
    {"_getframemodulename", sys_getframemodulename, "depth=0", NATIVE_METHOD},
    {"unraisablehook", sys_unraisablehook, "unraisable, /", NATIVE_METHOD,
     "Writes to sys.stderr of an exception that nobody can catch, such as one of __del__. Programs may put one of their own here."},
    {"displayhook", sys_displayhook, "object, /", NATIVE_METHOD,
     "What the prompt calls with each result: writes its repr and keeps it as builtins._, unless it is None."},
    {"exc_info", sys_exc_info, "", NATIVE_METHOD,
     "The class, the exception and the traceback of what is being handled; three times None where nothing is."},
    {"excepthook", sys_excepthook, "exctype, value, traceback, /", NATIVE_METHOD,
     "Writes an exception and its traceback to sys.stderr; called for what nobody has caught."},
    {"exception", sys_exception, "", NATIVE_METHOD, "The exception that is being handled, or None."},
    {"exit", sys_exit, "status=None, /", NATIVE_METHOD,
     "Ends the program by SystemExit: None is success, an integer the status, and any other object is printed and is failure."},
    {"get_int_max_str_digits", sys_get_int_max_str_digits, "", NATIVE_METHOD,
     "How many decimal digits an integer may have for conversion from and to text; 0 is no limit."},
    {"getdefaultencoding", sys_getdefaultencoding, "", NATIVE_METHOD, "The encoding of str.encode() without one: 'utf-8'."},
    {"getfilesystemencodeerrors", sys_getfilesystemencodeerrors, "", NATIVE_METHOD,
     "What becomes of bytes in names of files that are no UTF-8: 'surrogateescape'."},
    {"getfilesystemencoding", sys_getdefaultencoding, "", NATIVE_METHOD, "The encoding of names of files: 'utf-8'."},
    {"getrecursionlimit", sys_getrecursionlimit, "", NATIVE_METHOD, "How deep calls may be nested."},
    {"getswitchinterval", sys_getswitchinterval, "", NATIVE_METHOD, "The seconds that setswitchinterval() was given, 0.005 at first."},
    {"getunicodeinternedsize", sys_getunicodeinternedsize, "*, _only_immortal=False", NATIVE_METHOD, "How many texts are interned."},
    {"getsizeof", sys_getsizeof, "object, default=", NATIVE_METHOD, "About how many bytes the object takes, without what it refers to."},
    {"intern", sys_intern, "string, /", NATIVE_METHOD, "The one copy of a text that all equal interned texts share."},
    {"is_finalizing", sys_is_finalizing, "", NATIVE_METHOD, "Whether the interpreter is ending: False as long as scripts run."},
    {"set_int_max_str_digits", sys_set_int_max_str_digits, "maxdigits", NATIVE_METHOD,
     "Sets how many decimal digits an integer may have for conversion from and to text; 0 is no limit."},
    {"setswitchinterval", sys_setswitchinterval, "interval, /", NATIVE_METHOD,
     "Keeps how often threads would be switched, in seconds: there is but one."},
    {"setrecursionlimit", sys_setrecursionlimit, "limit, /", NATIVE_METHOD, "Sets how deep calls may be nested."},
    {0}};

static bool add_version(VM *vm, Dict *sys) {
    static const char *const version_fields[] = {"major", "minor", "micro", "releaselevel", "serial", NULL};
    static const char *const implementation_fields[] = {"name", "cache_tag", "version", "hexversion", NULL};
    String *final = string_from(vm, "final"), *name = string_from(vm, "aioli");
    if (!final || !name) return false;
    Value version[] = {value_small(3), value_small(13), value_small(0), value_object(final), value_small(0)};
    Value info = struct_sequence_new(vm, "sys.version_info", version_fields, version);
    if (is_error(info)) return false;
    Value implementation[] = {value_object(name), VALUE_NONE, info, value_small(0x030D00F0)};
    return add_value(vm, sys, "version_info", info) && add_value(vm, sys, "hexversion", value_small(0x030D00F0)) &&
           add_text(vm, sys, "version", "3.13.0 (aioli " AIOLI_VERSION ")") &&
           add_value(vm, sys, "api_version", value_small(1013)) && add_text(vm, sys, "copyright", "MIT licence") &&
           add_value(vm, sys, "implementation",
                     namespace_new(vm, implementation_fields, implementation));
}

static bool add_numbers(VM *vm, Dict *sys) {
    static const char *const float_fields[] = {"max", "max_exp", "max_10_exp", "min", "min_exp", "min_10_exp",
                                               "dig", "mant_dig", "epsilon", "radix", "rounds", NULL};
    static const char *const int_fields[] = {"bits_per_digit", "sizeof_digit", "default_max_str_digits",
                                             "str_digits_check_threshold", NULL};
    static const char *const hash_fields[] = {"width", "modulus", "inf", "nan", "imag", "algorithm", "hash_bits", "seed_bits",
                                              "cutoff", NULL};
    static const char *const flag_fields[] = {"debug", "inspect", "interactive", "optimize", "dont_write_bytecode",
                                              "no_user_site", "no_site", "ignore_environment", "verbose", "bytes_warning",
                                              "quiet", "hash_randomization", "isolated", "dev_mode", "utf8_mode",
                                              "warn_default_encoding", "safe_path", "int_max_str_digits", NULL};
    Value floats[] = {value_float(DBL_MAX),         value_small(DBL_MAX_EXP), value_small(DBL_MAX_10_EXP),
                      value_float(DBL_MIN),         value_small(DBL_MIN_EXP), value_small(DBL_MIN_10_EXP),
                      value_small(DBL_DIG),         value_small(DBL_MANT_DIG), value_float(DBL_EPSILON),
                      value_small(FLT_RADIX),       value_small(1)};
    Value ints[] = {value_small(30), value_small(4), value_small(INT_DEFAULT_DIGIT_LIMIT), value_small(INT_LEAST_DIGIT_LIMIT)};
    String *algorithm = string_from(vm, "siphash13");
    if (!algorithm) return false;
    Value hashes[] = {value_small(64), int_from_int64(vm, ((int64_t)1 << 61) - 1), value_small(314159), value_small(0),
                      value_small(1000003), value_object(algorithm), value_small(64), value_small(128), value_small(0)};
    Value flags[18];
    for (int i = 0; i < 18; i++) flags[i] = value_small(0);
    flags[4] = flags[11] = value_small(1);
    flags[13] = value_bool(library_of(vm)->development);
    flags[16] = VALUE_FALSE;
    flags[17] = value_small(INT_DEFAULT_DIGIT_LIMIT);
    return add_value(vm, sys, "float_info", struct_sequence_new(vm, "sys.float_info", float_fields, floats)) &&
           add_value(vm, sys, "int_info", struct_sequence_new(vm, "sys.int_info", int_fields, ints)) &&
           add_value(vm, sys, "hash_info", struct_sequence_new(vm, "sys.hash_info", hash_fields, hashes)) &&
           add_value(vm, sys, "flags", struct_sequence_new(vm, "sys.flags", flag_fields, flags)) &&
           add_value(vm, sys, "maxsize", int_from_int64(vm, INT64_MAX)) &&
           add_value(vm, sys, "maxunicode", value_small(0x10FFFF)) && add_text(vm, sys, "float_repr_style", "short");
}

bool sys_streams_add(VM *vm) {
    Library *library = library_of(vm);
    Dict *sys = library->sys;
    return add_value(vm, sys, "stdin", value_object(library->input)) &&
           add_value(vm, sys, "stdout", value_object(library->output)) &&
           add_value(vm, sys, "stderr", value_object(library->errors)) &&
           add_value(vm, sys, "__stdin__", value_object(library->input)) &&
           add_value(vm, sys, "__stdout__", value_object(library->output)) &&
           add_value(vm, sys, "__stderr__", value_object(library->errors));
}

// The hooks by a second name, for those who have set the first.
static bool add_originals(VM *vm, Dict *sys) {
    static const char *const names[][2] = {{"displayhook", "__displayhook__"}, {"excepthook", "__excepthook__"},
                                           {"unraisablehook", "__unraisablehook__"},
                                           {"breakpointhook", "__breakpointhook__"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        String *name = string_intern_from(vm, names[i][0], strlen(names[i][0]));
        if (!name || !add_value(vm, sys, names[i][1], dict_get_string(vm, sys, name))) return false;
    }
    return true;
}

// The namespace is older than the module: print looks into it whether a script imports sys or not.
bool sys_module_fill(VM *vm, ModuleObject *module) {
    Library *library = library_of(vm);
    Dict *sys = library->sys;
    size_t position = 0;
    Value key, value;
    while (dict_next(module->namespace, &position, &key, &value))
        if (dict_set_string(vm, sys, string_of(key), value) < 0) return false;
    module->namespace = sys;
    module->late = sys_late;
    library->switch_interval = 0.005;
    Tuple *names = import_builtin_names(vm);
    List *path = import_path(vm);
    Dict *cache = dict_new(vm);
    List *more = list_new(vm, 0);
    Dict *settings = dict_new(vm);
    Value finder = import_path_finder(vm), hook = is_error(finder) ? finder : import_path_hook(vm);
    if (!names || !path || !cache || is_error(hook) || !more || !settings) return false;
    List *finders = list_from(vm, &finder, 1), *hooks = list_from(vm, &hook, 1);
    if (!finders || !hooks) return false;
#ifdef __APPLE__
    const char *platform = "darwin";
#else
    const char *platform = "linux";
#endif
    bool little = (union { uint16_t word; uint8_t byte; }){1}.byte;
    return add_text(vm, sys, "__doc__", "The interpreter: its streams, modules and settings.") &&
           native_add_functions(vm, sys, functions) > 0 && native_add_functions(vm, sys, watching_functions) > 0 &&
           native_add_functions(vm, sys, breakpoint_hook_functions) > 0 && add_originals(vm, sys) && add_version(vm, sys) && add_numbers(vm, sys) &&
           add_value(vm, sys, "modules", value_object(vm->modules)) && add_value(vm, sys, "path", value_object(path)) &&
           add_value(vm, sys, "argv", value_object(library->arguments)) &&
           add_value(vm, sys, "executable", value_object(library->executable)) &&
           add_value(vm, sys, "builtin_module_names", value_object(names)) && add_text(vm, sys, "platform", platform) &&
           add_text(vm, sys, "byteorder", little ? "little" : "big") && add_text(vm, sys, "prefix", "") && add_text(vm, sys, "base_prefix", "") && add_text(vm, sys, "base_exec_prefix", "") &&
           add_text(vm, sys, "exec_prefix", "") && add_text(vm, sys, "platlibdir", "lib") && add_text(vm, sys, "abiflags", "") &&
           add_value(vm, sys, "pycache_prefix", VALUE_NONE) && add_value(vm, sys, "dont_write_bytecode", VALUE_TRUE) &&
           add_value(vm, sys, "meta_path", value_object(finders)) && add_value(vm, sys, "path_hooks", value_object(hooks)) && add_value(vm, sys, "warnoptions", value_object(more)) && add_value(vm, sys, "_xoptions", value_object(settings)) &&
           add_value(vm, sys, "path_importer_cache", value_object(cache));
}

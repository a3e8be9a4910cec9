// Built-in functions on code and namespaces: compile, eval, exec, globals, locals, vars, dir, __import__.
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "compiler/compiler.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/core/native.h"
#include "object/core/type.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"
#include "vm/interpreter.h"
#include "vm/support.h"

// ---- compile, eval, exec

// Source of any kind: str, bytes, bytearray. `function` is for the message.
static bool source_text(VM *vm, Value v, const char *function, const char **text, size_t *length) {
    if (is_string(v)) {
        *text = string_of(v)->data;
        *length = string_of(v)->size;
    } else if (!bytes_view(v, (const unsigned char **)text, length)) {
        bool compiling = strcmp(function, "compile") == 0;
        raise_type_error(vm, "%s() arg 1 must be a string, bytes%s object", function, compiling ? " or AST" : " or code");
        return false;
    }
    if (memchr(*text, 0, *length)) {
        raise_error(vm, vm->exceptions.syntax_error, "source code string cannot contain null bytes");
        Exception *error = exception_raised(vm, vm->exceptions.syntax_error);
        if (error) exception_set(vm, error, "msg", error->arguments->items[0]);
        return false;
    }
    return true;
}

enum { FLAG_TREE = 0x400, FLAG_TOP_LEVEL_AWAIT = 0x2000, KNOWN_FLAGS = 0x1FE0000 | 0xF600 | 0x10 }; // as CPython has them

// The source as the traceback shows it: compiled text is in no file, and CPython shows none of it.
static Code *compile_text(VM *vm, const char *text, size_t length, String *file, ParseMode mode, bool inherit, int flags) {
    CompileOptions options = {.file_name = file,
                              .source = NULL,
                              .has_file = file->data[0] != '<' && vm_permit(vm, CAPABILITY_READ, NULL) && !access(file->data, R_OK),
                              .mode = mode,
                              .namespace_locals = true,
                              .top_level_await = flags & FLAG_TOP_LEVEL_AWAIT,
                              .future_annotations = inherit && interpreter_flags(vm) & CODE_FUTURE_ANNOTATIONS};
    if (!is_empty(vm->exception)) exception_clear(vm); // of what is not granted
    return library_compile(vm, text, length, &options, NULL);
}

// The name of the file that a text is said to come from.
static String *file_name(VM *vm, Value v) {
    const unsigned char *data;
    size_t size;
    String *name = NULL;
    if (is_string(v))
        name = string_of(v);
    else if (bytes_view(v, &data, &size))
        name = string_new(vm, (const char *)data, size);
    else
        raise_type_error(vm, "expected str, bytes or os.PathLike object, not %s", type_name(vm, v));
    if (name && memchr(name->data, 0, name->size)) return raise_value_error(vm, "embedded null character"), NULL;
    return name;
}

// An omitted number is `otherwise`.
static bool number_argument(VM *vm, Value v, int otherwise, int *out) {
    *out = otherwise;
    return is_empty(v) || c_int_argument(vm, v, out);
}


// Arguments are converted, which may run scripts, before anything looks into the text: a bytearray can change meanwhile.
static Value builtin_compile(VM *vm, Value *args, size_t count) {
    static const char *const modes[] = {"exec", "eval", "single"};
    static const ParseMode parse_modes[] = {PARSE_FILE, PARSE_EXPRESSION, PARSE_INTERACTIVE};
    String *file = file_name(vm, args[1]);
    if (!file) return VALUE_ERROR;
    if (!is_string(args[2]))
        return raise_type_error(vm, "compile() argument 'mode' must be str, not %s", type_name(vm, args[2]));
    if (memchr(string_of(args[2])->data, 0, string_of(args[2])->size)) return raise_value_error(vm, "embedded null character");
    int flags, optimize, version, mode = 0;
    if (!number_argument(vm, args[3], 0, &flags)) return VALUE_ERROR;
    int inherit = is_empty(args[4]) ? 1 : value_truth(vm, args[4]);
    if (inherit < 0) return VALUE_ERROR;
    if (!is_empty(args[4])) inherit = !inherit;
    if (!number_argument(vm, args[5], -1, &optimize) || !number_argument(vm, args[6], -1, &version)) return VALUE_ERROR;
    if (flags & ~KNOWN_FLAGS) return raise_value_error(vm, "compile(): unrecognised flags");
    if (optimize < -1 || optimize > 2) return raise_value_error(vm, "compile(): invalid optimize value");
    if (flags & FLAG_TREE) return raise_value_error(vm, "compile(): trees as objects (ast.PyCF_ONLY_AST) are not in aioli");
    while (mode < 3 && !string_is(string_of(args[2]), modes[mode])) mode++;
    if (mode == 3) return raise_value_error(vm, "compile() mode must be 'exec', 'eval' or 'single'");
    const char *text;
    size_t length;
    if (!source_text(vm, args[0], "compile", &text, &length)) return VALUE_ERROR;
    return object_or_error(compile_text(vm, text, length, file, parse_modes[mode], inherit, flags));
}

// What is entered at a prompt: any number of statements; the values of expressions are shown, the text may await, and tracebacks show its
// lines.
static Value compile_block(VM *vm, Value *args, size_t count) {
    String *file = file_name(vm, args[1]);
    const char *text;
    size_t length;
    if (!file || !is_string(args[0])) return file ? raise_type_error(vm, "the text must be a str") : VALUE_ERROR;
    if (!source_text(vm, args[0], "compile", &text, &length)) return VALUE_ERROR;
    CompileOptions options = {.file_name = file, .source = string_of(args[0]), .mode = PARSE_FILE, .namespace_locals = true,
                              .top_level_await = true, .shows_values = true};
    return object_or_error(library_compile(vm, text, length, &options, options.source));
}
const NativeDefinition console_compile_functions[] = {
    {"compile_block", compile_block, "text, file_name, /", NATIVE_METHOD,
     "Compiles what was entered at a prompt: values of expressions will be shown, and `await` is allowed."},
    {0}};

// The namespaces that exec and eval run in: args[1] and args[2], filled in when omitted.
static bool namespaces(VM *vm, const char *function, Value *args) {
    bool has_globals = !is_empty(args[1]) && !is_none(args[1]), has_locals = !is_empty(args[2]) && !is_none(args[2]);
    if (has_globals && !is_dict(args[1])) {
        if (strcmp(function, "exec") == 0)
            raise_type_error(vm, "exec() globals must be a dict, not %s", type_name(vm, args[1]));
        else
            raise_type_error(vm, "globals must be a %s", is_object(args[1]) && !is_empty(class_special(vm, class_of(vm, args[1]), SPECIAL_GETITEM)) ? "real dict; try eval(code, {}, mapping)" : "dict");
        return false;
    }
    if (has_locals && is_empty(class_special(vm, class_of(vm, args[2]), SPECIAL_GETITEM))) {
        raise_type_error(vm, "%s must be a mapping%s%s", strcmp(function, "exec") == 0 ? "locals" : "locals",
                         strcmp(function, "exec") == 0 ? " or None, not " : "",
                         strcmp(function, "exec") == 0 ? type_name(vm, args[2]) : "");
        return false;
    }
    if (!has_globals) {
        Dict *globals = interpreter_globals(vm);
        if (!globals) return false;
        args[1] = value_object(globals);
        if (!has_locals) {
            Value locals = interpreter_locals(vm);
            if (is_error(locals)) return false;
            args[2] = locals;
        }
    } else if (!has_locals) {
        args[2] = args[1];
    }
    if (is_empty(dict_get_string(vm, dict_of(args[1]), vm->names.__builtins__)))
        return dict_set_string(vm, dict_of(args[1]), vm->names.__builtins__, value_object(vm->builtins)) >= 0;
    return true;
}

// Whether exec's `closure` fits a code object's free variables: *out gets it, NULL where there are none.
static bool closure_argument(VM *vm, const Code *code, Value closure, Tuple **out) {
    size_t wanted = code->free_names ? code->free_names->length : 0;
    *out = NULL;
    if (!wanted) return is_none(closure) || (raise_type_error(vm, "cannot use a closure with this code object"), false);
    bool fits = is_tuple(closure) && tuple_of(closure)->length == wanted;
    for (size_t i = 0; fits && i < wanted; i++) fits = is_kind(tuple_of(closure)->items[i], KIND_CELL);
    if (!fits) return raise_type_error(vm, "code object requires a closure of exactly length %zu", wanted), false;
    *out = tuple_of(closure);
    return true;
}

static Value run(VM *vm, const char *function, Value *args, Value closure, ParseMode mode) {
    if (!namespaces(vm, function, args)) return VALUE_ERROR;
    Code *code;
    Tuple *cells = NULL;
    if (is_kind(args[0], KIND_CODE)) {
        code = (Code *)object_of(args[0]);
        if (is_empty(closure) && code->free_names && code->free_names->length)
            return raise_type_error(vm, "code object passed to %s() may not contain free variables", function);
        if (!is_empty(closure) && !closure_argument(vm, code, closure, &cells)) return VALUE_ERROR;
    } else {
        if (!is_empty(closure) && !is_none(closure))
            return raise_type_error(vm, "closure can only be used when source is a code object");
        const char *text;
        size_t length;
        if (!source_text(vm, args[0], function, &text, &length)) return VALUE_ERROR;
        if (mode == PARSE_EXPRESSION)
            while (length && (*text == ' ' || *text == '\t')) text++, length--;
        String *file = string_intern_from(vm, "<string>", 8);
        code = file ? compile_text(vm, text, length, file, mode, true, 0) : NULL;
        if (!code) return VALUE_ERROR;
        args[0] = value_object(code);
    }
    Value locals = code->flags & CODE_NAMESPACE_LOCALS ? args[2] : VALUE_EMPTY;
    return interpreter_run_code(vm, code, dict_of(args[1]), locals, cells);
}

static Value builtin_exec(VM *vm, Value *args, size_t count) {
    Value closure = is_empty(args[3]) ? VALUE_NONE : args[3];
    return is_error(run(vm, "exec", args, closure, PARSE_FILE)) ? VALUE_ERROR : VALUE_NONE;
}
static Value builtin_eval(VM *vm, Value *args, size_t count) { return run(vm, "eval", args, VALUE_EMPTY, PARSE_EXPRESSION); }

// ---- Namespaces

static Value builtin_globals(VM *vm, Value *args, size_t count) { return object_or_error(interpreter_globals(vm)); }
static Value builtin_locals(VM *vm, Value *args, size_t count) { return interpreter_locals(vm); }

static Value builtin_vars(VM *vm, Value *args, size_t count) {
    if (is_empty(args[0])) return interpreter_locals(vm);
    Value found = value_find_attribute(vm, args[0], vm->names.__dict__);
    if (is_empty(found)) return raise_type_error(vm, "vars() argument must have __dict__ attribute");
    return found;
}

static Value builtin_dir(VM *vm, Value *args, size_t count) {
    Value names = is_empty(args[0]) ? interpreter_locals(vm) : value_call_special(vm, args[0], SPECIAL_DIR, NULL, 0);
    if (is_error(names)) return VALUE_ERROR;
    if (is_empty(names)) return raise_type_error(vm, "object does not provide __dir__");
    List *list = list_from_iterable(vm, names);
    return list && list_sort(vm, list, VALUE_NONE, false) >= 0 ? value_object(list) : VALUE_ERROR;
}

// __import__(name, globals, locals, fromlist, level)
static Value builtin_import(VM *vm, Value *args, size_t count) {
    if (!is_string(args[0])) return raise_type_error(vm, "module name must be a string");
    int64_t level = 0;
    if (!is_empty(args[4]) && !value_index_int64(vm, args[4], true, &level)) return VALUE_ERROR;
    if (level < 0) return raise_value_error(vm, "level must be >= 0");
    if (level > INT_MAX) level = INT_MAX;
    String *name = string_intern(vm, string_of(args[0]));
    if (!name) return VALUE_ERROR;
    if (!name->size && !level) return raise_value_error(vm, "Empty module name");
    if (level && !is_dict(args[1])) {
        if (!is_empty(args[1]) && !is_none(args[1])) return raise_type_error(vm, "globals must be a dict");
        return raise_error(vm, vm->exceptions.key_error, "'__name__' not in globals");
    }
    Dict *globals = is_dict(args[1]) ? dict_of(args[1]) : interpreter_globals(vm);
    int from = is_empty(args[3]) ? 0 : value_truth(vm, args[3]);
    Tuple *names = from > 0 ? tuple_from_iterable(vm, args[3]) : NULL;
    if (!globals || from < 0 || (from && !names)) return VALUE_ERROR;
    return import_by(vm, globals, name, names ? value_object(names) : VALUE_NONE, (int)level);
}

// __build_class__(function, name, *bases, metaclass=…, **keywords)
static Value builtin_build_class(VM *vm, Value *args, size_t count) {
    if (count < 3) return raise_type_error(vm, "__build_class__: not enough arguments");
    if (!is_function(args[1])) return raise_type_error(vm, "__build_class__: func must be a function");
    if (!is_string(args[2])) return raise_type_error(vm, "__build_class__: name is not a string");
    Tuple *bases = tuple_from(vm, args + 3, count - 3);
    if (!bases) return VALUE_ERROR;
    Value base[4] = {args[1], args[2], value_object(bases), args[0]};
    return build_class(vm, base);
}

static Value builtin_exit(VM *vm, Value *args, size_t count) {
    if (is_empty(args[0])) return raise_with_value(vm, vm->exceptions.system_exit, VALUE_NONE);
    return raise_with_value(vm, vm->exceptions.system_exit, args[0]);
}

static const NativeDefinition functions[] = {
    {"__build_class__", builtin_build_class, "*args, **keywords", NATIVE_METHOD,
     "What the class statement calls: makes a class of its body, name, bases and keywords."},
    {"__import__", builtin_import, "name, globals=None, locals=None, fromlist=(), level=0", NATIVE_METHOD,
     "What the import statement calls; programs rather use importlib.import_module."},
    {"compile", builtin_compile, "source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1", NATIVE_METHOD,
     "A code object of a source text or bytes: mode is 'exec' for statements, 'eval' for an expression, 'single' for the prompt's way."},
    {"dir", builtin_dir, "object=, /", NATIVE_METHOD,
     "The sorted names of an object's attributes; without an argument, of the local variables."},
    {"eval", builtin_eval, "source, /, globals=None, locals=None", NATIVE_METHOD,
     "The value of an expression, given as text or code, within these variables."},
    {"exec", builtin_exec, "source, /, globals=None, locals=None, *, closure=None", NATIVE_METHOD,
     "Runs statements, given as text or code, within these variables."},
    {"exit", builtin_exit, "code=", NATIVE_METHOD, "Ends the program with this status, by raising SystemExit."},
    {"globals", builtin_globals, "", NATIVE_METHOD, "The dict of the current module's variables."},
    {"locals", builtin_locals, "", NATIVE_METHOD, "The local variables as a dict; in a function a new one each time."},
    {"quit", builtin_exit, "code=", NATIVE_METHOD, "Ends the program with this status, by raising SystemExit."},
    {"vars", builtin_vars, "object=, /", NATIVE_METHOD, "The dict of an object's own attributes; without an argument, locals()."},
    {0}};

static Value code_names(VM *vm, Value self) {
    Tuple *names = code_used_names(vm, (Code *)object_of(self));
    return names ? value_object(names) : VALUE_ERROR;
}
static const AttributeDefinition code_attributes[] = {{"co_names", code_names, NULL,
                                                       "The names of globals and attributes that it uses, a tuple."},
                                                      {0}};

bool builtins_code_add(VM *vm, Dict *namespace) {
    return native_add_functions(vm, namespace, functions) > 0 && native_add_attributes(vm, vm->classes.code, code_attributes) > 0;
}

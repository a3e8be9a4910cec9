// _imp: what the loaders in the language (stdlib/_frozen_importlib*.aio) need of the importer.
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "compiler/compiler.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "object/core/errors.h"
#include "object/core/module_spec.h"
#include "object/core/native.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"
#include "object/text/str.h"

// The kind of the built-in module that the first argument names.
static BuiltInKind kind_of(VM *vm, Value name) {
    return is_string(name) ? import_built_in_kind(vm, string_of(name)) : BUILT_IN_NOTHING;
}

static Value is_builtin(VM *vm, Value *args, size_t count) { return value_small(kind_of(vm, args[0]) == BUILT_IN_NATIVE); }
static Value is_frozen(VM *vm, Value *args, size_t count) { return value_bool(kind_of(vm, args[0]) >= BUILT_IN_SOURCE); }
static Value is_frozen_package(VM *vm, Value *args, size_t count) { return value_bool(kind_of(vm, args[0]) == BUILT_IN_PACKAGE); }

static Value frozen_code(VM *vm, Value *args, size_t count) {
    if (kind_of(vm, args[0]) >= BUILT_IN_SOURCE) {
        String *file;
        return object_or_error(import_built_in_code(vm, string_of(args[0]), &file));
    }
    String *shown = value_repr(vm, args[0]);
    if (!shown) return VALUE_ERROR;
    raise_error(vm, vm->exceptions.import_error, "No such frozen object named %s", shown->data);
    Exception *e = exception_raised(vm, vm->exceptions.import_error);
    if (e) exception_set(vm, e, "name", args[0]);
    return VALUE_ERROR;
}

// As compile() of a module does it; but tracebacks show the lines that were compiled, whatever has become of the file.
static Value compile_module(VM *vm, Value *args, size_t count) {
    const char *data;
    size_t length;
    if (is_string(args[0])) {
        data = string_of(args[0])->data;
        length = string_of(args[0])->size;
    } else if (!bytes_view(args[0], (const unsigned char **)&data, &length)) {
        return raise_type_error(vm, "source must be a str or bytes, not %s", type_name(vm, args[0]));
    }
    if (!is_string(args[1])) return raise_type_error(vm, "a file's name must be a str, not %s", type_name(vm, args[1]));
    bool mark = length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0;
    String *source = utf8_valid(data, length, false, NULL) ? string_new(vm, data + 3 * mark, length - 3 * mark) : vm->names.empty;
    if (!source) return VALUE_ERROR;
    CompileOptions options = {.file_name = string_of(args[1]), .source = source, .mode = PARSE_FILE};
    return object_or_error(library_compile(vm, data, length, &options, source));
}

// The module itself: it is made but once.
static Value create_builtin(VM *vm, Value *args, size_t count) {
    Value name = value_get_attribute(vm, args[0], vm->names.name);
    if (is_error(name)) return name;
    String *text = is_string(name) ? string_intern(vm, string_of(name)) : NULL;
    if (is_string(name) && !text) return VALUE_ERROR;
    Value module = text ? import_native(vm, text) : VALUE_EMPTY;
    return is_empty(module) ? VALUE_NONE : module;
}

static Value source_hash(VM *vm, Value *args, size_t count) {
    const unsigned char *data;
    size_t length;
    int64_t number;
    if (!value_index_int64(vm, args[0], true, &number)) return VALUE_ERROR;
    if (!bytes_view(args[1], &data, &length))
        return raise_type_error(vm, "a bytes-like object is required, not '%s'", type_name(vm, args[1]));
    if (!vm_safepoint(vm, work_of_bytes(length))) return VALUE_ERROR;
    uint64_t key[2] = {(uint64_t)number, 0}, hash = hash_bytes(key, data, length);
    char out[8];
    for (int i = 0; i < 8; i++) out[i] = (char)(hash >> 8 * i);
    return object_or_error(bytes_new(vm, out, sizeof out));
}

// Programs that try a module's variants with one another ask for its file in place of a frozen module. The library's modules have no
// other form here: what is asked for is looked at and changes nothing.
static Value override_frozen_modules(VM *vm, Value *args, size_t count) {
    int64_t number;
    return value_index_int64(vm, args[0], true, &number) ? VALUE_NONE : VALUE_ERROR;
}

static const NativeDefinition functions[] = {{"is_builtin", is_builtin, "name, /", NATIVE_METHOD},
                                             {"is_frozen", is_frozen, "name, /", NATIVE_METHOD},
                                             {"is_frozen_package", is_frozen_package, "name, /", NATIVE_METHOD},
                                             {"get_frozen_object", frozen_code, "name, /", NATIVE_METHOD},
                                             {"compile_module", compile_module, "source, path, /", NATIVE_METHOD},
                                             {"create_builtin", create_builtin, "spec, /", NATIVE_METHOD},
                                             {"_override_frozen_modules_for_tests", override_frozen_modules, "override, /", NATIVE_METHOD},
                                             {"source_hash", source_hash, "key, source", NATIVE_METHOD},
                                             {0}};

bool importing_module_fill(VM *vm, ModuleObject *module) {
    Value finder = import_path_finder(vm);
    return native_add_functions(vm, module->namespace, functions) > 0 &&
           add_value(vm, module->namespace, "ModuleSpec", value_object(vm->classes.module_spec)) &&
           add_value(vm, module->namespace, "PathFinder", finder);
}

#define _GNU_SOURCE // memrchr
#include "vm/import.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "compiler/image.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/exception/library_names.h"
#include "object/text/bytes.h"
#include "object/text/str.h"
#include "vm/frame_object.h"
#include "vm/interpreter.h"
#include "vm/support.h"

struct ImportState {
    const NativeModule *natives;
    const SourceModule *sources;
    const unsigned char *const *images; // of the sources, if there is a first one
    Value (*load)(VM *vm, const char *path);
    List *path;
};

static struct ImportState *state_of(VM *vm) { return interpreter_of(vm)->imports; }

bool import_create(VM *vm, const NativeModule *natives, const SourceModule *sources, const unsigned char *const *images,
                   Value (*load)(VM *vm, const char *path)) {
    struct ImportState *state = heap_resize(vm, NULL, 0, sizeof *state);
    if (!state) return false;
    *state = (struct ImportState){.natives = natives, .sources = sources, .images = images, .load = load};
    interpreter_of(vm)->imports = state;
    return import_renew_path(vm);
}

bool import_renew_path(VM *vm) {
    List *path = list_new(vm, 4);
    String *built_in = path ? string_from(vm, BUILT_IN_PATH) : NULL;
    if (!built_in || !list_append(vm, path, value_object(built_in))) return false;
    state_of(vm)->path = path;
    return true;
}

void import_destroy(VM *vm) {
    if (state_of(vm)) heap_resize(vm, state_of(vm), sizeof(struct ImportState), 0);
}

void import_trace(VM *vm) {
    if (state_of(vm)) heap_mark_object(vm, (Object *)state_of(vm)->path);
}

List *import_path(VM *vm) { return state_of(vm)->path; }

Tuple *import_builtin_names(VM *vm) {
    List *names = list_new(vm, 32);
    if (!names) return NULL;
    for (const NativeModule *m = state_of(vm)->natives; m && m->name; m++) {
        String *name = string_from(vm, m->name);
        if (!name || !list_append(vm, names, value_object(name))) return NULL;
    }
    return tuple_from(vm, names->items, names->length);
}

// ---- Making modules

static void forget(VM *vm, String *name) {
    Value failure = vm->exception;
    dict_delete_string(vm, vm->modules, name);
    vm->exception = failure;
}

static bool set_package(VM *vm, ModuleObject *module, String *name, bool is_package, const char *folder) {
    const char *dot = strrchr(name->data, '.');
    String *package = is_package ? name : string_new(vm, name->data, dot ? (size_t)(dot - name->data) : 0);
    if (!package || dict_set_string(vm, module->namespace, vm->names.__package__, value_object(package)) < 0) return false;
    if (!is_package) return true;
    List *path = list_new(vm, 1);
    String *place = path ? string_from(vm, folder) : NULL;
    return place && list_append(vm, path, value_object(place)) &&
           dict_set_string(vm, module->namespace, vm->names.__path__, value_object(path)) >= 0;
}

// Runs source text as the module, which is in sys.modules while it runs. `image`: what it was compiled to, or NULL.
static Value run_source(VM *vm, String *name, const char *file, const char *text, size_t length, const unsigned char *image,
                        bool is_package, const char *folder) {
    ModuleObject *module = module_new(vm, name);
    if (!module) return VALUE_ERROR;
    Value result = VALUE_ERROR;
    String *file_name = string_from(vm, file), *source = string_new(vm, text, utf8_valid(text, length, false, NULL) ? length : 0);
    if (file_name && source && set_package(vm, module, name, is_package, folder) &&
        dict_set_string(vm, module->namespace, vm->names.__file__, value_object(file_name)) >= 0 &&
        dict_set_string(vm, vm->modules, name, value_object(module)) >= 0) {
        CompileOptions options = {.file_name = file_name, .source = source, .mode = PARSE_FILE};
        Code *code = image ? code_read_image(vm, image, file_name, source) : compile_source(vm, text, length, &options, NULL, NULL);
        if (code) result = interpreter_run_code(vm, code, module->namespace, VALUE_EMPTY, NULL);
        if (is_error(result)) forget(vm, name);
    }
    if (is_error(result)) return result;
    // A module may have put something else in its place.
    Value now = dict_get_string(vm, vm->modules, name);
    return is_empty(now) ? value_object(module) : now;
}

static Value make_native(VM *vm, String *name, const NativeModule *native) {
    ModuleObject *module = module_new(vm, name);
    if (!module) return VALUE_ERROR;
    if (set_package(vm, module, name, false, "") &&
        dict_set_string(vm, vm->modules, name, value_object(module)) >= 0 && native->fill(vm, module))
        return value_object(module);
    forget(vm, name);
    return VALUE_ERROR;
}

static const SourceModule *find_source(VM *vm, const String *name) {
    for (const SourceModule *m = state_of(vm)->sources; m && m->name; m++)
        if (string_is(name, m->name)) return m;
    return NULL;
}

static Value run_built_in(VM *vm, String *name, const SourceModule *source) {
    const unsigned char *const *images = state_of(vm)->images;
    const unsigned char *image = images[0] ? images[source - state_of(vm)->sources] : NULL;
    String *file = string_format(vm, "<built-in %s>", source->name);
    return file ? run_source(vm, name, file->data, source->source, source->length, image, source->is_package, BUILT_IN_PATH) : VALUE_ERROR;
}

static Value load_built_in(VM *vm, String *name) {
    for (const NativeModule *m = state_of(vm)->natives; m && m->name; m++)
        if (string_is(name, m->name)) return make_native(vm, name, m);
    const SourceModule *source = find_source(vm, name);
    if (source) return run_built_in(vm, name, source);
    // What a package has no module for may be made by its module `_each`, which is run by the name that is wanted.
    const char *dot = strrchr(name->data, '.');
    String *each = dot ? string_format(vm, "%.*s._each", (int)(dot - name->data), name->data) : NULL;
    if (dot && !each) return VALUE_ERROR;
    source = each ? find_source(vm, each) : NULL;
    Value module = source ? run_built_in(vm, name, source) : VALUE_EMPTY;
    if (!is_error(module) || !exception_matches(vm, vm->exceptions.module_not_found_error)) return module;
    exception_clear(vm);
    return VALUE_EMPTY;
}

// ---- Finding files

static Value try_file(VM *vm, String *name, const char *path, bool is_package, const char *folder) {
    if (!state_of(vm)->load) return VALUE_EMPTY;
    Value text = state_of(vm)->load(vm, path);
    if (is_empty(text) || is_error(text)) return text;
    const char *data;
    size_t length;
    if (is_string(text)) {
        data = string_of(text)->data;
        length = string_of(text)->size;
    } else if (!bytes_view(text, (const unsigned char **)&data, &length)) {
        return raise_type_error(vm, "the loader gave no text for %s", path);
    }
    return run_source(vm, name, path, data, length, NULL, is_package, folder);
}

// NAME.aio, NAME.py, NAME/__init__.aio, NAME/__init__.py in one folder.
static Value find_in_folder(VM *vm, String *name, const char *folder, const char *last) {
    static const char *const endings[] = {".aio", ".py", "/__init__.aio", "/__init__.py"};
    const char *between = *folder ? "/" : "";
    for (int i = 0; i < 4; i++) {
        String *path = string_format(vm, "%s%s%s%s", folder, between, last, endings[i]);
        String *inside = path ? string_format(vm, "%s%s%s", folder, between, last) : NULL;
        if (!inside) return VALUE_ERROR;
        Value module = try_file(vm, name, path->data, i >= 2, inside->data);
        if (!is_empty(module)) return module;
    }
    return VALUE_EMPTY;
}

static Value find_module(VM *vm, String *name, List *path) {
    const char *dot = strrchr(name->data, '.');
    const char *last = dot ? dot + 1 : name->data;
    for (size_t i = 0; i < path->length; i++) {
        if (!is_string(path->items[i])) continue;
        String *folder = string_of(path->items[i]);
        Value module = string_is(folder, BUILT_IN_PATH) ? load_built_in(vm, name)
                                                        : find_in_folder(vm, name, folder->data, last);
        if (!is_empty(module)) return module;
    }
    return VALUE_EMPTY;
}

static Value not_found(VM *vm, String *name, const char *because) {
    raise_error(vm, vm->exceptions.module_not_found_error, "No module named '%s'%s", name->data, because);
    Exception *e = exception_raised(vm, vm->exceptions.module_not_found_error);
    if (e && exception_set(vm, e, "name", value_object(name)) && exception_set(vm, e, "path", VALUE_NONE))
        exception_set(vm, e, "msg", e->arguments->items[0]);
    return VALUE_ERROR;
}

// One module whose parent is imported already.
static Value import_one(VM *vm, String *name, String *parent, Value parent_module) {
    Value there = dict_get_string(vm, vm->modules, name);
    if (is_none(there)) return not_found(vm, name, "");
    if (!is_empty(there)) return there;
    List *path = state_of(vm)->path;
    if (parent) {
        Value own = value_find_attribute(vm, parent_module, vm->names.__path__);
        if (is_error(own)) return own;
        if (!is_list(own)) {
            Buffer because = vm_buffer(vm);
            buffer_format(&because, "; '%s' is not a package", parent->data);
            buffer_byte(&because, 0);
            not_found(vm, name, because.failed ? "" : because.data);
            buffer_free(&because);
            return VALUE_ERROR;
        }
        path = list_of(own);
    }
    bool is_nameless = name->size == 0 || name->data[name->size - 1] == '.'; // of `a..b` and `a.`: it would be found in the folder itself
    Value module = is_nameless ? VALUE_EMPTY : find_module(vm, name, path);
    if (is_empty(module))
        return not_found(vm, name, library_names_have(name)  ? " (aioli does not have this module of Python's library yet)"
                                   : !state_of(vm)->load ? " (and this VM may not read files)"
                                                         : "");
    if (!is_error(module) && parent) {
        String *last = string_intern_from(vm, name->data + parent->size + 1, name->size - parent->size - 1);
        if (!last || value_set_attribute(vm, parent_module, last, module) < 0) return VALUE_ERROR;
    }
    return module;
}

Value import_module(VM *vm, String *name) {
    Value there = dict_get_string(vm, vm->modules, name);
    if (!is_empty(there) && !is_none(there)) return there;
    if (!vm_may_recurse(vm))
        return raise_error(vm, vm->exceptions.recursion_error, "maximum recursion depth exceeded");
    Value module = VALUE_NONE;
    String *parent = NULL;
    for (size_t end = 0; end <= name->size && !is_error(module); end++) {
        const char *dot = memchr(name->data + end, '.', name->size - end);
        end = dot ? (size_t)(dot - name->data) : name->size;
        String *part = string_intern_from(vm, name->data, end);
        module = part ? import_one(vm, part, parent, module) : VALUE_ERROR;
        parent = part;
    }
    return module;
}

// ---- The import statement

// The package that relative names start from in the module of these globals: __package__, else by __name__ and __path__. Its first
// *length bytes. NULL with an exception.
static String *package_of(VM *vm, Dict *globals, size_t *length) {
    Value package = dict_get_string(vm, globals, vm->names.__package__);
    bool by_name = is_empty(package) || is_none(package);
    if (by_name) package = dict_get_string(vm, globals, vm->names.__name__);
    if (is_empty(package)) {
        raise_error(vm, vm->exceptions.key_error, "'__name__' not in globals");
        return NULL;
    }
    if (!is_string(package)) {
        raise_type_error(vm, by_name ? "__name__ must be a string" : "package must be a string");
        return NULL;
    }
    String *name = string_of(package);
    *length = name->size;
    if (by_name && is_empty(dict_get_string(vm, globals, vm->names.__path__))) {
        const char *dot = memrchr(name->data, '.', name->size);
        *length = dot ? (size_t)(dot - name->data) : 0;
    }
    if (*length) return name;
    raise_error(vm, vm->exceptions.import_error, "attempted relative import with no known parent package");
    return NULL;
}

// The absolute name that `from ..name import` means in the module of these globals.
static String *resolve(VM *vm, Dict *globals, String *name, int level) {
    if (level == 0) return name;
    size_t length;
    String *base = package_of(vm, globals, &length);
    if (!base) return NULL;
    for (int i = 1; i < level; i++) {
        const char *dot = memrchr(base->data, '.', length);
        if (!dot) {
            raise_error(vm, vm->exceptions.import_error, "attempted relative import beyond top-level package");
            return NULL;
        }
        length = (size_t)(dot - base->data);
    }
    if (name->size == 0) return string_intern_from(vm, base->data, length);
    String *full = string_format(vm, "%.*s.%s", (int)length, base->data, name->data);
    return full ? string_intern(vm, full) : NULL;
}

Value replaced_builtin(VM *vm, const char *name, Class *missing) {
    String *key = string_intern_from(vm, name, strlen(name));
    Value found = key ? dict_get_string(vm, vm->builtins, key) : VALUE_ERROR;
    if (is_error(found)) return found;
    if (is_empty(found)) return raise_error(vm, missing, "%s not found", name);
    return is_native(found) && strcmp(native_of(found)->definition->name, name) == 0 ? VALUE_EMPTY : found;
}

Value import_name(VM *vm, Frame *frame, String *name, Value from_list, int level) {
    Value replaced = replaced_builtin(vm, "__import__", vm->exceptions.import_error);
    if (is_error(replaced)) return replaced;
    if (is_empty(replaced)) return import_by(vm, frame->function->globals, name, from_list, level);
    bool has_namespace = frame_code(frame)->flags & (CODE_NAMESPACE_LOCALS | CODE_MODULE);
    Value locals = has_namespace ? frame_locals(vm, frame) : VALUE_NONE;
    Value arguments[] = {value_object(name), value_object(frame->function->globals), locals, from_list, value_small(level)};
    return is_error(locals) ? locals : vm_call(vm, replaced, arguments, 5, NULL);
}

Value import_by(VM *vm, Dict *globals, String *name, Value from_list, int level) {
    String *full = resolve(vm, globals, name, level);
    if (!full) return VALUE_ERROR;
    Value module = import_module(vm, full);
    if (is_error(module)) return module;
    if (is_none(from_list)) {
        const char *dot = memchr(full->data, '.', full->size);
        if (!dot) return module;
        String *first = string_intern_from(vm, full->data, (size_t)(dot - full->data));
        return first ? import_module(vm, first) : VALUE_ERROR;
    }
    // Names of the list that are submodules are imported too.
    Value path = value_find_attribute(vm, module, vm->names.__path__);
    if (is_error(path)) return VALUE_ERROR;
    Tuple *names = tuple_of(from_list);
    for (size_t i = 0; !is_empty(path) && i < names->length; i++) {
        if (!is_string(names->items[i]))
            return raise_type_error(vm, "Item in ``from list'' must be str, not %s", type_name(vm, names->items[i]));
        String *wanted = string_of(names->items[i]);
        if (string_is(wanted, "*")) continue;
        Value found = value_find_attribute(vm, module, wanted);
        if (is_error(found)) return VALUE_ERROR;
        if (!is_empty(found)) continue;
        Value own = value_get_attribute(vm, module, vm->names.__name__); // which need not be the name that it is imported by
        if (is_error(own)) return VALUE_ERROR;
        if (!is_string(own)) continue;
        String *sub = string_format(vm, "%s.%s", string_of(own)->data, wanted->data);
        sub = sub ? string_intern(vm, sub) : NULL;
        if (!sub) return VALUE_ERROR;
        if (!is_error(import_module(vm, sub))) continue;
        // Only the absence of this very module is left for IMPORT_FROM to report.
        if (!exception_matches(vm, vm->exceptions.module_not_found_error) ||
            value_equal(vm, exception_get(vm, exception_of(vm->exception), "name"), value_object(sub)) != 1)
            return VALUE_ERROR;
        exception_clear(vm);
    }
    return module;
}

Value import_from(VM *vm, Value module, String *name) {
    Value found = value_find_attribute(vm, module, name);
    if (!is_empty(found)) return found;
    Value own = value_find_attribute(vm, module, vm->names.__name__);
    if (is_error(own)) return own;
    const char *from = is_string(own) ? string_of(own)->data : "<unknown module name>";
    // A submodule that is being imported is in sys.modules before its parent knows it.
    String *sub = string_format(vm, "%s.%s", from, name->data);
    if (!sub) return VALUE_ERROR;
    found = dict_get_string(vm, vm->modules, sub);
    if (!is_empty(found)) return found;
    Value file = value_find_attribute(vm, module, vm->names.__file__);
    if (is_error(file)) return file;
    raise_error(vm, vm->exceptions.import_error, "cannot import name '%s' from '%s' (%s)", name->data, from,
                is_string(file) ? string_of(file)->data : "unknown location");
    Exception *e = exception_raised(vm, vm->exceptions.import_error);
    if (e && exception_set(vm, e, "name", own) && exception_set(vm, e, "name_from", value_object(name)))
        exception_set(vm, e, "msg", e->arguments->items[0]);
    return VALUE_ERROR;
}

bool import_star(VM *vm, Frame *frame, Value module) {
    Value all = value_find_attribute(vm, module, vm->names.__all__);
    if (is_error(all)) return false;
    Value dict = value_find_attribute(vm, module, vm->names.__dict__);
    if (is_error(dict)) return false;
    List *names = list_new(vm, 16);
    if (!names) return false;
    if (!is_empty(all)) {
        if (list_extend(vm, names, all) < 0) return false;
    } else if (is_dict(dict)) {
        size_t position = 0;
        Value key, value;
        while (dict_next(dict_of(dict), &position, &key, &value))
            if (is_string(key) && string_of(key)->data[0] != '_' && !list_append(vm, names, key)) return false;
    }
    for (size_t i = 0; i < names->length; i++) {
        Value name = names->items[i];
        if (!is_string(name)) return raise_type_error(vm, "Item in __all__ must be str, not %s", type_name(vm, name)), false;
        Value value = value_get_attribute(vm, module, string_of(name));
        if (is_error(value)) return false;
        bool stored = frame_code(frame)->flags & CODE_NAMESPACE_LOCALS
                          ? store_name(vm, frame, string_of(name), value)
                          : dict_set(vm, frame->function->globals, name, value) >= 0;
        if (!stored) return false;
    }
    return true;
}

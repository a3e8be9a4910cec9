#define _GNU_SOURCE // memrchr
#include "vm/import.h"

#include <stdio.h>
#include <string.h>

#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/exception/library_names.h"
#include "object/text/str.h"
#include "vm/frame_object.h"
#include "vm/import_internal.h"
#include "vm/support.h"

bool import_create(VM *vm, const NativeModule *natives, const SourceModule *sources, const unsigned char *const *images,
                   const ImportFiles *files, Dict *sys) {
    struct ImportState *state = heap_resize(vm, NULL, 0, sizeof *state);
    if (!state) return false;
    *state = (struct ImportState){.natives = natives, .sources = sources, .images = images, .files = *files, .sys = sys};
    interpreter_of(vm)->imports = state;
    return import_renew_path(vm);
}

bool import_renew_path(VM *vm) {
    struct ImportState *state = import_state(vm);
    List *path = list_new(vm, 4);
    String *built_in = path ? string_from(vm, BUILT_IN_PATH) : NULL;
    if (!built_in || !list_append(vm, path, value_object(built_in))) return false;
    state->path = path;
    state->finder = NULL;
    state->hook = NULL;
    return true;
}

void import_destroy(VM *vm) {
    if (import_state(vm)) heap_resize(vm, import_state(vm), sizeof(struct ImportState), 0);
}

void import_trace(VM *vm) {
    struct ImportState *state = import_state(vm);
    heap_mark(vm, vm->program_folder);
    if (!state) return;
    heap_mark_object(vm, (Object *)state->path);
    heap_mark_object(vm, (Object *)state->sys);
    heap_mark_object(vm, (Object *)state->finder);
    heap_mark_object(vm, state->hook);
}

List *import_path(VM *vm) {
    Value own = dict_get_string(vm, import_state(vm)->sys, vm->names.path);
    return is_list(own) ? list_of(own) : import_state(vm)->path;
}

Tuple *import_builtin_names(VM *vm) {
    List *names = list_new(vm, 32);
    if (!names) return NULL;
    for (const NativeModule *m = import_state(vm)->natives; m && m->name; m++) {
        String *name = string_from(vm, m->name);
        if (!name || !list_append(vm, names, value_object(name))) return NULL;
    }
    return tuple_from(vm, names->items, names->length);
}

// ---- One module

static Value raise_not_found(VM *vm, String *name) {
    Exception *e = exception_raised(vm, vm->exceptions.module_not_found_error);
    if (e && exception_set(vm, e, "name", value_object(name)) && exception_set(vm, e, "path", VALUE_NONE))
        exception_set(vm, e, "msg", e->arguments->items[0]);
    return VALUE_ERROR;
}

// `parent`: what the module was looked for in and is no package; or NULL.
static Value not_found(VM *vm, String *name, const String *parent, const char *because) {
    Buffer text = vm_buffer(vm);
    buffer_text(&text, "No module named ");
    string_append_repr(vm, &text, name, false);
    if (parent) {
        buffer_text(&text, "; ");
        string_append_repr(vm, &text, parent, false);
        buffer_text(&text, " is not a package");
    }
    buffer_text(&text, because);
    String *message = string_from_buffer(vm, &text);
    if (!message) return VALUE_ERROR;
    raise_with_value(vm, vm->exceptions.module_not_found_error, value_object(message));
    return raise_not_found(vm, name);
}

// None in sys.modules: nobody may import it.
static Value halted(VM *vm, String *name) {
    raise_error(vm, vm->exceptions.module_not_found_error, "import of %s halted; None in sys.modules", name->data);
    return raise_not_found(vm, name);
}

// The package learns of its module. What can't be given attributes goes without.
static bool bind_in_parent(VM *vm, String *name, String *parent, Value module) {
    Value package = dict_get_string(vm, vm->modules, parent);
    String *last = string_intern_from(vm, name->data + parent->size + 1, name->size - parent->size - 1);
    if (!last) return false;
    if (is_empty(package) || value_set_attribute(vm, package, last, module) >= 0) return true;
    if (!exception_matches(vm, vm->exceptions.attribute_error)) return false;
    exception_clear(vm);
    String *shown = value_repr(vm, package);
    return shown && warn_script(vm, vm->exceptions.import_warning, "Cannot set an attribute on '%s' for child module '%s'", parent->data,
                                last->data);
}

// The library's modules get the natives that they are made of also where a program has forbidden these names, to see what becomes of a
// module without its quick half: there is no other. VALUE_EMPTY: it is another's import, or not of a native. What importlib is asked for
// is a program's wish.
static Value import_forbidden(VM *vm, String *name) {
    static const char importlib[] = "<built-in importlib";
    const Frame *frame = interpreter_of(vm)->frame;
    if (!frame || !frame_is_library(frame) || strncmp(frame_code(frame)->file_name->data, importlib, sizeof importlib - 1) == 0) return VALUE_EMPTY;
    Value module = import_native(vm, name);
    if (is_error(module) || is_empty(module)) return module;
    return dict_set_string(vm, vm->modules, name, VALUE_NONE) < 0 ? VALUE_ERROR : module;
}

// One module whose parent is imported already. `is_last`: it is the one that is wanted, not one that this lies in.
static Value import_one(VM *vm, String *name, String *parent, Value parent_module, bool is_last) {
    Value there = dict_get_string(vm, vm->modules, name);
    if (is_none(there) && is_last) {
        Value module = import_forbidden(vm, name);
        return is_empty(module) ? halted(vm, name) : module;
    }
    if (!is_empty(there)) return there;
    Value path = VALUE_NONE;
    if (parent) {
        path = value_find_attribute(vm, parent_module, vm->names.__path__);
        if (is_error(path)) return path;
        if (is_empty(path)) return not_found(vm, name, parent, "");
    }
    // Of `a..b` and `a.`: it would be found in the folder itself. And a name that C would cut short.
    bool is_nameless = name->size == 0 || name->data[name->size - 1] == '.' || strlen(name->data) != name->size;
    Value module = is_nameless ? VALUE_EMPTY : import_find_and_load(vm, name, path);
    if (is_empty(module))
        return not_found(vm, name, NULL, library_names_have(name)            ? " (aioli does not have this module of Python's library yet)"
                                         : !import_state(vm)->files.load ? " (and this VM may not read files)"
                                                                         : "");
    if (!is_error(module) && parent && !bind_in_parent(vm, name, parent, module)) return VALUE_ERROR;
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
        module = part ? import_one(vm, part, parent, module, end == name->size) : VALUE_ERROR;
        parent = part;
    }
    return module;
}

// ---- The import statement

// The package that relative names start from in the module of these globals: __package__, else that of __spec__, else by __name__ and
// __path__. Its first *length bytes. NULL with an exception. [script]
static String *package_of(VM *vm, Dict *globals, size_t *length) {
    Value package = dict_get_string(vm, globals, vm->names.__package__), spec = dict_get_string(vm, globals, vm->names.__spec__);
    bool has_spec = !is_empty(spec) && !is_none(spec), has_package = !is_empty(package) && !is_none(package);
    Value parent = VALUE_EMPTY;
    if (has_package && !is_string(package)) return raise_type_error(vm, "package must be a string"), NULL;
    if (has_spec) {
        String *key = string_intern_from(vm, "parent", 6);
        parent = key ? value_get_attribute(vm, spec, key) : VALUE_ERROR;
        if (is_error(parent)) return NULL;
    }
    if (has_package && has_spec) {
        int same = value_equal(vm, package, parent);
        if (same < 0 || (!same && !warn_deprecated(vm, "__package__ != __spec__.parent"))) return NULL;
    } else if (has_spec) {
        if (!is_string(parent)) return raise_type_error(vm, "__spec__.parent must be a string"), NULL;
        package = parent;
    } else if (!has_package) {
        if (!warn_script(vm, vm->exceptions.import_warning,
                         "can't resolve package from __spec__ or __package__, falling back on __name__ and __path__"))
            return NULL;
        package = dict_get_string(vm, globals, vm->names.__name__);
        if (is_empty(package)) return raise_error(vm, vm->exceptions.key_error, "'__name__' not in globals"), NULL;
        if (!is_string(package)) return raise_type_error(vm, "__name__ must be a string"), NULL;
    }
    String *name = string_of(package);
    *length = name->size;
    if (!has_package && !has_spec && is_empty(dict_get_string(vm, globals, vm->names.__path__))) {
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
    // The importer's own modules are nobody's business.
    bool is_own = import_state(vm)->loaders > 0;
    Value replaced = is_own ? VALUE_EMPTY : replaced_builtin(vm, "__import__", vm->exceptions.import_error);
    if (is_error(replaced)) return replaced;
    if (is_empty(replaced)) return import_by(vm, frame->function->globals, name, from_list, level);
    bool has_namespace = frame_code(frame)->flags & (CODE_NAMESPACE_LOCALS | CODE_MODULE);
    Value locals = has_namespace ? frame_locals(vm, frame) : VALUE_NONE;
    Value arguments[] = {value_object(name), value_object(frame->function->globals), locals, from_list, value_small(level)};
    return is_error(locals) ? locals : vm_call(vm, replaced, arguments, 5, NULL);
}

// The first part of a dotted name's module, as `import a.b` binds it. `full` is the absolute name of `name`.
static Value first_part(VM *vm, String *full, String *name, int level, Value module) {
    const char *dot = memchr(name->data, '.', name->size);
    if (!dot) return module;
    size_t length = level ? full->size - (size_t)(name->data + name->size - dot) : (size_t)(dot - name->data);
    String *first = string_intern_from(vm, full->data, length);
    if (!first) return VALUE_ERROR;
    if (!level) return import_module(vm, first);
    Value there = dict_get_string(vm, vm->modules, first);
    return is_empty(there) ? raise_error(vm, vm->exceptions.key_error, "'%s' not in sys.modules as expected", first->data) : there;
}

static bool import_names(VM *vm, Value module, Value names, bool is_all);

// Imports what a name of a package is its submodule, if the package does not have it. `is_all`: the name is one of its __all__.
static bool import_named(VM *vm, Value module, Value item, bool is_all) {
    if (!is_string(item)) {
        Value own = is_all ? value_find_attribute(vm, module, vm->names.__name__) : VALUE_EMPTY;
        if (is_error(own)) return false;
        if (is_string(own))
            raise_type_error(vm, "Item in %s.__all__ must be str, not %s", string_of(own)->data, type_name(vm, item));
        else
            raise_type_error(vm, "Item in ``from list'' must be str, not %s", type_name(vm, item));
        return false;
    }
    if (string_is(string_of(item), "*")) {
        Value all = is_all ? VALUE_EMPTY : value_find_attribute(vm, module, vm->names.__all__);
        return !is_error(all) && (is_empty(all) || import_names(vm, module, all, true));
    }
    String *wanted = string_intern(vm, string_of(item));
    Value found = wanted ? value_find_attribute(vm, module, wanted) : VALUE_ERROR;
    if (!is_empty(found)) return !is_error(found);
    Value own = value_get_attribute(vm, module, vm->names.__name__); // which need not be the name that it is imported by
    if (!is_string(own)) return !is_error(own);
    String *sub = string_format(vm, "%s.%s", string_of(own)->data, wanted->data);
    sub = sub ? string_intern(vm, sub) : NULL;
    if (!sub) return false;
    if (!is_error(import_module(vm, sub))) return true;
    // Only the absence of this very module is left for IMPORT_FROM to report.
    if (!exception_matches(vm, vm->exceptions.module_not_found_error) ||
        value_equal(vm, exception_get(vm, exception_of(vm->exception), "name"), value_object(sub)) != 1 ||
        is_none(dict_get_string(vm, vm->modules, sub)))
        return false;
    exception_clear(vm);
    return true;
}

static bool import_names(VM *vm, Value module, Value names, bool is_all) {
    if (is_tuple(names)) {
        for (size_t i = 0; i < tuple_of(names)->length; i++)
            if (!import_named(vm, module, tuple_of(names)->items[i], is_all)) return false;
        return true;
    }
    Value iterator = value_iterate(vm, names);
    if (is_error(iterator)) return false;
    for (;;) {
        Value item = value_next(vm, iterator);
        if (is_error(item) || is_stop(item)) return is_stop(item);
        if (!import_named(vm, module, item, is_all)) return false;
    }
}

Value import_by(VM *vm, Dict *globals, String *name, Value from_list, int level) {
    String *full = resolve(vm, globals, name, level);
    if (!full) return VALUE_ERROR;
    Value module = import_module(vm, full);
    if (is_error(module)) return module;
    if (is_none(from_list)) return first_part(vm, full, name, level, module);
    Value path = value_find_attribute(vm, module, vm->names.__path__);
    if (is_error(path) || (!is_empty(path) && !import_names(vm, module, from_list, false))) return VALUE_ERROR;
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
    Value spec = is_error(file) ? file : value_find_attribute(vm, module, vm->names.__spec__);
    int starting = is_error(spec) ? -1 : module_is_initializing(vm, spec);
    if (starting < 0) return VALUE_ERROR;
    raise_error(vm, vm->exceptions.import_error, "cannot import name '%s' from %s'%s'%s (%s)", name->data,
                starting ? "partially initialized module " : "", from, starting ? " (most likely due to a circular import)" : "",
                is_string(file) ? string_of(file)->data : "unknown location");
    Exception *e = exception_raised(vm, vm->exceptions.import_error);
    Value shown = is_string(own) ? own : VALUE_NONE;
    if (e && exception_set(vm, e, "name", shown) && exception_set(vm, e, "name_from", value_object(name)) &&
        exception_set(vm, e, "path", is_string(file) ? file : VALUE_NONE))
        exception_set(vm, e, "msg", e->arguments->items[0]);
    return VALUE_ERROR;
}

// The names that `from module import *` binds: those of __all__, else all of its namespace without an underscore.
static List *star_names(VM *vm, Value module, Value all) {
    List *names = list_new(vm, 16);
    if (!names || !is_empty(all)) return names && list_extend(vm, names, all) >= 0 ? names : NULL;
    Value dict = value_find_attribute(vm, module, vm->names.__dict__);
    if (is_error(dict)) return NULL;
    if (is_empty(dict))
        return raise_error(vm, vm->exceptions.import_error, "from-import-* object has no __dict__ and no __all__"), NULL;
    if (!is_dict(dict)) {
        List *keys = list_from_iterable(vm, dict);
        for (size_t i = 0; keys && i < keys->length; i++)
            if (!(is_string(keys->items[i]) && string_of(keys->items[i])->data[0] == '_') && !list_append(vm, names, keys->items[i]))
                return NULL;
        return keys ? names : NULL;
    }
    size_t position = 0;
    Value key, value;
    while (dict_next(dict_of(dict), &position, &key, &value))
        if (!(is_string(key) && string_of(key)->data[0] == '_') && !list_append(vm, names, key)) return NULL;
    return names;
}

static bool not_text(VM *vm, Value module, Value name, bool is_all) {
    Value own = value_get_attribute(vm, module, vm->names.__name__);
    if (is_error(own)) return false;
    if (!is_string(own))
        raise_type_error(vm, "module __name__ must be a string, not %s", type_name(vm, own));
    else
        raise_type_error(vm, is_all ? "Item in %s.__all__ must be str, not %s" : "Key in %s.__dict__ must be str, not %s",
                         string_of(own)->data, type_name(vm, name));
    return false;
}

bool import_star(VM *vm, Frame *frame, Value module) {
    Value all = value_find_attribute(vm, module, vm->names.__all__);
    List *names = is_error(all) ? NULL : star_names(vm, module, all);
    for (size_t i = 0; names && i < names->length; i++) {
        Value name = names->items[i];
        if (!is_string(name)) return not_text(vm, module, name, !is_empty(all));
        Value value = value_get_attribute(vm, module, string_of(name));
        if (is_error(value)) return false;
        bool stored = frame_code(frame)->flags & CODE_NAMESPACE_LOCALS
                          ? store_name(vm, frame, string_of(name), value)
                          : dict_set(vm, frame->function->globals, name, value) >= 0;
        if (!stored) return false;
    }
    return names != NULL;
}

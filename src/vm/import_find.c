// Finding and loading one module. As long as sys.meta_path and sys.path_hooks are as they were at first all of that is done here; what a
// program has put there is asked by the protocol of the language, and what it finds is loaded by stdlib/_frozen_importlib.aio.
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "compiler/image.h"
#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"
#include "object/text/codec.h"
#include "object/text/str.h"
#include "vm/import_internal.h"

// ---- Built-in modules

// The module that is run by the names of all encodings that are written in C.
#define EACH_ENCODING "encodings._each"

static bool find_built_in(VM *vm, const String *name, Found *found) {
    static const char package[] = "encodings.";
    size_t prefix = sizeof package - 1;
    bool is_encoding = name->size > prefix && !memcmp(name->data, package, prefix) &&
                       codec_has_module(name->data + prefix, name->size - prefix);
    const struct ImportState *state = import_state(vm);
    for (const NativeModule *m = state->natives; m && m->name; m++)
        if (string_is(name, m->name)) {
            *found = (Found){.kind = FOUND_NATIVE, .number = (size_t)(m - state->natives)};
            return true;
        }
    for (const SourceModule *m = state->sources; m && m->name; m++)
        if (is_encoding ? !strcmp(m->name, EACH_ENCODING) : string_is(name, m->name)) {
            *found = (Found){.kind = FOUND_SOURCE, .number = (size_t)(m - state->sources)};
            return true;
        }
    return false;
}

BuiltInKind import_built_in_kind(VM *vm, const String *name) {
    Found found;
    if (!find_built_in(vm, name, &found)) return BUILT_IN_NOTHING;
    if (found.kind == FOUND_NATIVE) return BUILT_IN_NATIVE;
    return import_state(vm)->sources[found.number].is_package ? BUILT_IN_PACKAGE : BUILT_IN_SOURCE;
}

// What CPython has inside itself, so that no file of that name goes before it.
static bool is_innermost(const String *name) {
    static const char *const names[] = {"sys",   "builtins", "os",         "io",         "time",        "abc",          "_io",     "posix",
                                        "stat",  "errno",    "gc",         "codecs",     "itertools",   "posixpath",    "atexit",  "_abc",
                                        "_imp",  "_codecs",  "_functools", "_weakref",   "_typing",     "_collections", "runpy",   "ntpath",
                                        "genericpath", "_collections_abc", "_frozen_importlib", "_frozen_importlib_external"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (string_is(name, names[i])) return true;
    return false;
}

// The importer's own modules, which must be there before any finder can be asked.
static bool is_loader(const String *name) {
    return name->size > 4 && name->data[0] == '_' &&
           (string_is(name, "_imp") || string_is(name, "_frozen_importlib") || string_is(name, "_frozen_importlib_external"));
}

// ---- Files

// Writes the name of a folder from the root, with a slash behind it. False: the folder that we are in has no name.
static bool add_folder(Buffer *out, const String *folder) {
    const char *name = folder->data;
    size_t length = folder->size;
    while (length && name[length - 1] == '/') length--;
    if (name[0] != '/') {
        char here[4096];
        if (!getcwd(here, sizeof here) || !utf8_valid(here, strlen(here), true, NULL)) return false;
        buffer_text(out, here[1] ? here : "");
        if (length >= 2 && name[0] == '.' && name[1] == '/')
            name += 2, length -= 2;
        else if (length == 1 && name[0] == '.')
            length = 0;
        if (length) buffer_byte(out, '/');
    }
    buffer_append(out, name, length);
    buffer_byte(out, '/');
    return true;
}

// NAME.aio, NAME.py, NAME/__init__.aio, NAME/__init__.py in one folder; else the folder NAME, which may be a portion of a namespace package.
static bool find_in_folder(VM *vm, const String *folder, const char *last, Found *found) {
    static const char *const endings[] = {".aio", ".py", "/__init__.aio", "/__init__.py"};
    const ImportFiles *files = &import_state(vm)->files;
    if (!files->load || memchr(folder->data, 0, folder->size)) return true;
    Buffer place = vm_buffer(vm);
    bool is_known = add_folder(&place, folder);
    buffer_text(&place, last);
    if (!is_known) return buffer_free(&place), true;
    String *inside = string_from_buffer(vm, &place);
    if (!inside) return false;
    for (int i = 0; i < 4; i++) {
        if (i == 2 && !files->is_folder(vm, inside->data)) return true;
        String *path = string_format(vm, "%s%s", inside->data, endings[i]);
        Value text = path ? files->load(vm, path->data) : VALUE_ERROR;
        if (is_error(text)) return false;
        if (is_empty(text)) continue;
        *found = (Found){.kind = FOUND_FILE, .file = path, .text = text, .folder = i >= 2 ? inside : NULL};
        return true;
    }
    if (!found->portions && !(found->portions = list_new(vm, 1))) return false;
    return list_append(vm, found->portions, value_object(inside));
}

// ---- What the program has put into sys

static Value setting(VM *vm, String *name) { return dict_get_string(vm, import_state(vm)->sys, name); }

// Whether a list of sys holds just what it held at first.
static bool is_only(Value list, const void *object) {
    return is_list(list) && list_of(list)->length == 1 && is_object(list_of(list)->items[0]) && object_of(list_of(list)->items[0]) == object;
}

// The finder of an entry of a path that is no built-in one: VALUE_EMPTY when it is for us, VALUE_NONE when there is none. [script]
static Value entry_finder(VM *vm, Value entry) {
    const struct ImportState *state = import_state(vm);
    if (!state->finder) return VALUE_EMPTY;
    Value cache = setting(vm, vm->names.path_importer_cache), hooks = setting(vm, vm->names.path_hooks);
    bool is_plain = is_only(hooks, state->hook);
    if (is_plain && is_dict(cache) && !dict_of(cache)->length) return VALUE_EMPTY;
    if (!string_of(entry)->size) {
        char here[4096];
        if (!getcwd(here, sizeof here) || !utf8_valid(here, strlen(here), true, NULL)) return VALUE_NONE;
        String *folder = string_from(vm, here);
        if (!folder) return VALUE_ERROR;
        entry = value_object(folder);
    }
    Value known = is_dict(cache) ? dict_get(vm, dict_of(cache), entry) : VALUE_EMPTY;
    if (!is_empty(known)) return known;
    if (is_plain) return VALUE_EMPTY;
    if (is_empty(hooks) || is_none(hooks)) return VALUE_NONE;
    List *list = list_from_iterable(vm, hooks);
    if (!list) return VALUE_ERROR;
    if (!list->length && !warn_script(vm, vm->exceptions.import_warning, "sys.path_hooks is empty")) return VALUE_ERROR;
    Value finder = VALUE_NONE;
    for (size_t i = 0; i < list->length && is_none(finder); i++) {
        finder = vm_call(vm, list->items[i], &entry, 1, NULL);
        if (!is_error(finder)) break;
        if (!exception_matches(vm, vm->exceptions.import_error)) return VALUE_ERROR;
        exception_clear(vm);
        finder = VALUE_NONE;
    }
    if (is_dict(cache) && dict_set(vm, dict_of(cache), entry, finder) < 0) return VALUE_ERROR;
    return finder;
}

static Value attribute(VM *vm, Value object, const char *name) {
    String *key = string_intern_from(vm, name, strlen(name));
    return key ? value_get_attribute(vm, object, key) : VALUE_ERROR;
}

// What one entry's finder says: a spec without a loader is a portion of a namespace package.
static bool ask_entry(VM *vm, Value finder, String *name, Found *found) {
    Value full = value_object(name), find = attribute(vm, finder, "find_spec");
    Value spec = is_error(find) ? find : vm_call(vm, find, &full, 1, NULL);
    if (is_error(spec)) return false;
    if (is_none(spec)) return true;
    Value loader = attribute(vm, spec, "loader");
    if (is_error(loader)) return false;
    if (!is_none(loader)) {
        *found = (Found){.kind = FOUND_SPEC, .spec = spec};
        return true;
    }
    Value portions = attribute(vm, spec, "submodule_search_locations");
    if (is_none(portions)) return raise_error(vm, vm->exceptions.import_error, "spec missing loader"), false;
    if (!found->portions && !(found->portions = list_new(vm, 1))) return false;
    return !is_error(portions) && list_extend(vm, found->portions, portions) >= 0;
}

bool import_search(VM *vm, String *name, Value path, Found *found) {
    struct ImportState *state = import_state(vm);
    *found = (Found){.kind = FOUND_NOTHING};
    if (state->loaders && find_built_in(vm, name, found)) return true;
    if (is_none(path)) {
        if (is_innermost(name) && find_built_in(vm, name, found)) return true;
        path = setting(vm, vm->names.path);
        if (is_empty(path)) path = value_object(state->path);
    }
    List *entries = is_list(path) ? list_of(path) : list_from_iterable(vm, path);
    if (!entries) return false;
    const char *dot = strrchr(name->data, '.');
    const char *last = dot ? dot + 1 : name->data;
    for (size_t i = 0; i < entries->length; i++) {
        Value entry = entries->items[i];
        if (!is_string(entry)) continue;
        if (string_is(string_of(entry), BUILT_IN_PATH)) {
            if (find_built_in(vm, name, found)) return true;
            continue;
        }
        Value finder = entry_finder(vm, entry);
        if (is_error(finder)) return false;
        if (is_none(finder)) continue;
        if (!(is_empty(finder) ? find_in_folder(vm, string_of(entry), last, found) : ask_entry(vm, finder, name, found))) return false;
        if (found->kind != FOUND_NOTHING) return true;
    }
    if (found->portions) found->kind = FOUND_NAMESPACE;
    return true;
}

// ---- Specs

static Value spec_of_kind(VM *vm, String *name, const char *origin, bool is_package) {
    String *from = string_intern_from(vm, origin, strlen(origin));
    Value locations = VALUE_NONE;
    if (is_package) {
        String *place = string_intern_from(vm, BUILT_IN_PATH, strlen(BUILT_IN_PATH));
        Value entry = place ? value_object(place) : VALUE_ERROR;
        List *list = place ? list_from(vm, &entry, 1) : NULL;
        if (!list) return VALUE_ERROR;
        locations = value_object(list);
    }
    return from ? object_or_error(module_spec_new(vm, name, value_object(from), false, locations)) : VALUE_ERROR;
}

static Value spec_of_file(VM *vm, String *name, const Found *found) {
    Value locations = VALUE_NONE;
    if (found->folder) {
        Value entry = value_object(found->folder);
        List *list = list_from(vm, &entry, 1);
        if (!list) return VALUE_ERROR;
        locations = value_object(list);
    }
    return object_or_error(module_spec_new(vm, name, value_object(found->file), true, locations));
}

Value import_spec_of(VM *vm, String *name, const Found *found) {
    switch (found->kind) {
    case FOUND_NATIVE: return spec_of_kind(vm, name, "built-in", false);
    case FOUND_SOURCE: return spec_of_kind(vm, name, "frozen", import_state(vm)->sources[found->number].is_package);
    case FOUND_FILE: return spec_of_file(vm, name, found);
    case FOUND_SPEC: return found->spec;
    case FOUND_NAMESPACE: {
        Value arguments[] = {value_object(name), value_object(found->portions)};
        return module_ask_loaders(vm, "_namespace_spec", arguments, 2);
    }
    case FOUND_NOTHING: break;
    }
    return VALUE_NONE;
}

// ---- Loading

static void forget(VM *vm, String *name) {
    Value failure = vm->exception;
    dict_delete_string(vm, vm->modules, name);
    vm->exception = failure;
}

static String *parent_name(VM *vm, String *name, bool is_package) {
    const char *dot = strrchr(name->data, '.');
    return is_package ? name : !dot ? vm->names.empty : string_intern_from(vm, name->data, (size_t)(dot - name->data));
}

// What stands for a module that has been run, which may be something else than it. It becomes the latest of sys.modules.
static Value take_up(VM *vm, String *name) {
    Dict *modules = vm->modules;
    Value now = dict_get_string(vm, modules, name);
    if (is_empty(now)) return raise_with_value(vm, vm->exceptions.key_error, value_object(name));
    if (dict_find_string(vm, modules, name) + 1 == (int64_t)modules->entry_count) return now;
    dict_delete_string(vm, modules, name);
    return dict_set_string(vm, modules, name, now) < 0 ? VALUE_ERROR : now;
}

// Runs code as the module, which is in sys.modules while it runs.
static Value run(VM *vm, String *name, ModuleSpec *spec, Code *code, String *file) {
    bool is_package = !is_none(spec->locations);
    String *package = parent_name(vm, name, is_package);
    ModuleObject *module = package ? module_new_imported(vm, name, value_object(package), value_object(spec)) : NULL;
    if (!module || (is_package && dict_set_string(vm, module->namespace, vm->names.__path__, spec->locations) < 0) ||
        dict_set_string(vm, module->namespace, vm->names.__file__, value_object(file)) < 0 ||
        dict_set_string(vm, vm->modules, name, value_object(module)) < 0)
        return VALUE_ERROR;
    spec->initializing = true;
    Value result = interpreter_run_code(vm, code, module->namespace, VALUE_EMPTY, NULL);
    spec->initializing = false;
    if (is_error(result)) return forget(vm, name), result;
    return take_up(vm, name);
}

static Value load_file(VM *vm, String *name, const Found *found) {
    const char *data;
    size_t length;
    if (is_string(found->text)) {
        data = string_of(found->text)->data;
        length = string_of(found->text)->size;
    } else if (!bytes_view(found->text, (const unsigned char **)&data, &length)) {
        return raise_type_error(vm, "the loader gave no text for %s", found->file->data);
    }
    Value spec = spec_of_file(vm, name, found);
    String *source = string_new(vm, data, utf8_valid(data, length, false, NULL) ? length : 0);
    if (is_error(spec) || !source) return VALUE_ERROR;
    CompileOptions options = {.file_name = found->file, .source = source, .mode = PARSE_FILE};
    Code *code = compile_source(vm, data, length, &options, NULL, NULL);
    return code ? run(vm, name, module_spec_of(spec), code, found->file) : VALUE_ERROR;
}

Code *import_built_in_code(VM *vm, const String *name, String **file) {
    Found found;
    if (!find_built_in(vm, name, &found) || found.kind != FOUND_SOURCE) return NULL;
    const struct ImportState *state = import_state(vm);
    const SourceModule *m = &state->sources[found.number];
    *file = string_format(vm, "<built-in %s>", m->name);
    String *source = *file ? string_new(vm, m->source, m->length) : NULL;
    if (!source) return NULL;
    CompileOptions options = {.file_name = *file, .source = source, .mode = PARSE_FILE};
    return state->images[0] ? code_read_image(vm, state->images[found.number], *file, source)
                            : compile_source(vm, m->source, m->length, &options, NULL, NULL);
}

static Value load_source(VM *vm, String *name, const Found *found) {
    struct ImportState *state = import_state(vm);
    String *file;
    Code *code = import_built_in_code(vm, name, &file);
    Value spec = code ? spec_of_kind(vm, name, "frozen", state->sources[found->number].is_package) : VALUE_ERROR;
    if (is_error(spec)) return spec;
    bool loads = is_loader(name);
    state->loaders += loads;
    Value module = run(vm, name, module_spec_of(spec), code, file);
    state->loaders -= loads;
    return module;
}

static Value load_native(VM *vm, String *name, const Found *found) {
    Value spec = spec_of_kind(vm, name, "built-in", false);
    String *package = is_error(spec) ? NULL : parent_name(vm, name, false);
    ModuleObject *module = package ? module_new_imported(vm, name, value_object(package), spec) : NULL;
    if (!module) return VALUE_ERROR;
    Dict *namespace = module->namespace;
    bool ok = dict_set_string(vm, vm->modules, name, value_object(module)) >= 0 &&
              import_state(vm)->natives[found->number].fill(vm, module);
    // The names of sys and of builtins are older than their modules.
    if (ok && module->namespace != namespace)
        ok = dict_set_string(vm, module->namespace, vm->names.__spec__, spec) >= 0 &&
             dict_set_string(vm, module->namespace, vm->names.__package__, value_object(package)) >= 0;
    return ok ? value_object(module) : (forget(vm, name), VALUE_ERROR);
}

Value import_native(VM *vm, String *name) {
    Value there = dict_get_string(vm, vm->modules, name);
    if (!is_empty(there) && !is_none(there)) return there;
    Found found;
    return find_built_in(vm, name, &found) && found.kind == FOUND_NATIVE ? load_native(vm, name, &found) : VALUE_EMPTY;
}

// A traceback does not show the importer's own frames.
static void hide_loaders(VM *vm) {
    if (!is_exception(vm->exception)) return;
    static const char hidden[] = "<built-in _frozen_importlib";
    Traceback *first = NULL, *last = NULL;
    Value from = exception_of(vm->exception)->traceback;
    for (Traceback *t = is_none(from) ? NULL : (Traceback *)object_of(from); t; t = t->next) {
        if (strncmp(t->code->file_name->data, hidden, sizeof hidden - 1) == 0) continue;
        if (last)
            last->next = t;
        else
            first = t;
        last = t;
    }
    if (last) last->next = NULL;
    exception_of(vm->exception)->traceback = first ? value_object(first) : VALUE_NONE;
}

static Value load(VM *vm, String *name, const Found *found) {
    switch (found->kind) {
    case FOUND_NOTHING: return VALUE_EMPTY;
    case FOUND_NATIVE: return load_native(vm, name, found);
    case FOUND_SOURCE: return load_source(vm, name, found);
    case FOUND_FILE: return load_file(vm, name, found);
    case FOUND_NAMESPACE:
    case FOUND_SPEC: break;
    }
    Value spec = import_spec_of(vm, name, found);
    Value module = is_error(spec) ? spec : module_ask_loaders(vm, "_load_unlocked", &spec, 1);
    if (is_error(module)) hide_loaders(vm);
    return module;
}

static Value search_and_load(VM *vm, String *name, Value path) {
    Found found;
    return import_search(vm, name, path, &found) ? load(vm, name, &found) : (hide_loaders(vm), VALUE_ERROR);
}

// Asks one finder of the program's own. VALUE_EMPTY: it does not know the module.
static Value ask_finder(VM *vm, Value finder, String *name, Value path) {
    String *key = string_intern_from(vm, "find_spec", 9);
    Value find = key ? value_find_attribute(vm, finder, key) : VALUE_ERROR;
    if (is_error(find) || is_empty(find)) return find;
    Value arguments[] = {value_object(name), path, VALUE_NONE};
    Value spec = vm_call(vm, find, arguments, 3, NULL);
    if (is_error(spec)) return hide_loaders(vm), spec;
    if (is_none(spec)) return VALUE_EMPTY;
    Found found = {.kind = FOUND_SPEC, .spec = spec};
    // What the finder has imported meanwhile is what its module says of itself.
    Value there = dict_get_string(vm, vm->modules, name);
    Value own = is_empty(there) ? VALUE_EMPTY : value_find_attribute(vm, there, vm->names.__spec__);
    if (is_error(own)) return own;
    if (!is_empty(own) && !is_none(own)) found.spec = own;
    return load(vm, name, &found);
}

Value import_find_and_load(VM *vm, String *name, Value path) {
    struct ImportState *state = import_state(vm);
    if (!state->finder || state->loaders) return search_and_load(vm, name, path);
    Value finders = setting(vm, vm->names.meta_path);
    if (is_only(finders, state->finder)) return search_and_load(vm, name, path);
    if (is_loader(name)) {
        Found found;
        return find_built_in(vm, name, &found) ? load(vm, name, &found) : VALUE_EMPTY;
    }
    if (is_empty(finders)) {
        String *sys = string_intern_from(vm, "sys", 3);
        Value module = sys ? import_native(vm, sys) : VALUE_ERROR;
        finders = is_error(module) ? module : value_get_attribute(vm, module, vm->names.meta_path);
        if (is_error(finders)) return finders;
    }
    if (is_none(finders))
        return raise_error(vm, vm->exceptions.import_error, "sys.meta_path is None, Python is likely shutting down");
    List *list = is_list(finders) ? list_of(finders) : list_from_iterable(vm, finders);
    if (!list) return VALUE_ERROR;
    if (!list->length && !warn_script(vm, vm->exceptions.import_warning, "sys.meta_path is empty")) return VALUE_ERROR;
    for (size_t i = 0; i < list->length; i++) {
        Value finder = list->items[i];
        bool is_ours = is_object(finder) && object_of(finder) == (Object *)state->finder;
        Value module = is_ours ? search_and_load(vm, name, path) : ask_finder(vm, finder, name, path);
        if (!is_empty(module)) return module;
    }
    return VALUE_EMPTY;
}

// PathFinder, as scripts see it in sys.meta_path: the importer's own search, and the hook that stands for it in sys.path_hooks.
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"
#include "vm/import_internal.h"

static Value find_spec(VM *vm, Value *args, size_t count) {
    if (!is_string(args[1])) return raise_type_error(vm, "a module's name must be a str, not %s", type_name(vm, args[1]));
    String *name = string_intern(vm, string_of(args[1]));
    Found found;
    if (!name || !import_search(vm, name, is_empty(args[2]) ? VALUE_NONE : args[2], &found)) return VALUE_ERROR;
    return import_spec_of(vm, name, &found);
}

static Value invalidate_caches(VM *vm, Value *args, size_t count) {
    return module_ask_loaders(vm, "_invalidate_caches", NULL, 0);
}

static Value find_distributions(VM *vm, Value *args, size_t count) {
    return module_ask_loaders(vm, "_find_distributions", args, is_empty(args[0]) ? 0 : 1);
}

static Value path_hook(VM *vm, Value *args, size_t count) { return module_ask_loaders(vm, "_path_hook", args, 1); }

static const TypeOps finder_ops;
static const NativeDefinition methods[] = {
    {"find_spec", find_spec, "cls, fullname, path=None, target=None", NATIVE_CLASS_METHOD,
     "The spec of a module that is found along the path, sys.path where there is none; None: it is not there."},
    {"find_distributions", find_distributions, "context=", NATIVE_STATIC,
     "The installed packages that a context of importlib.metadata asks for, along its path."},
    {"invalidate_caches", invalidate_caches, "", NATIVE_STATIC, "Has the finders in sys.path_importer_cache forget what they have seen."},
    {0}};
static const NativeDefinition hook = {"path_hook_for_FileFinder", path_hook, "path, /", NATIVE_METHOD,
                                      "The finder of modules in a folder; ImportError for anything else."};

Value import_path_finder(VM *vm) {
    struct ImportState *state = import_state(vm);
    if (state->finder) return value_object(state->finder);
    Native *native = native_new(vm, &hook, NULL);
    Class *cls = native ? native_data_class(vm, "_frozen_importlib_external", "PathFinder", &finder_ops, sizeof(NativeData), 0) : NULL;
    if (!cls || native_add_methods(vm, cls, methods) < 0) return VALUE_ERROR;
    cls->shown_name = NULL;
    state->hook = &native->object;
    state->finder = cls;
    return value_object(cls);
}

Value import_path_hook(VM *vm) { return value_object(import_state(vm)->hook); }

// What sys has only when somebody asks for it, since it would take time to make at every start.
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "modules/struct_sequence.h"
#include "object/container/dict.h"
#include "object/container/set.h"
#include "object/core/module_spec.h"
#include "object/exception/library_names.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

static Value library_names(VM *vm) {
    Set *names = set_new(vm, true);
    if (!names) return VALUE_ERROR;
    for (size_t i = 0; library_name(i); i++) {
        String *name = string_from(vm, library_name(i));
        if (!name || set_add(vm, names, value_object(name)) < 0) return VALUE_ERROR;
    }
    return value_object(names);
}

// There is one thread, and there are no locks.
static Value thread_info(VM *vm) {
    static const char *const fields[] = {"name", "lock", "version", NULL};
    String *name = string_from(vm, "pthread");
    Value values[] = {name ? value_object(name) : VALUE_NONE, VALUE_NONE, VALUE_NONE};
    return name ? struct_sequence_new(vm, "sys.thread_info", fields, values) : VALUE_ERROR;
}

// The process's own command line, where the system tells it; else what of it went into sys.argv.
static Value original_arguments(VM *vm) {
    Library *library = library_of(vm);
    List *all = list_new(vm, 4);
    if (!all) return VALUE_ERROR;
    Buffer text = vm_buffer(vm);
    FILE *file = vm_permit(vm, CAPABILITY_ENVIRONMENT, NULL) ? fopen("/proc/self/cmdline", "rb") : NULL;
    if (!is_empty(vm->exception)) exception_clear(vm);
    char piece[4096];
    for (size_t n; file && (n = fread(piece, 1, sizeof piece, file)) > 0;) buffer_append(&text, piece, n);
    if (file) fclose(file);
    bool ok = !text.failed;
    for (size_t at = 0; ok && at < text.length;) {
        const char *end = memchr(text.data + at, 0, text.length - at);
        size_t size = end ? (size_t)(end - text.data) - at : text.length - at;
        String *one = utf8_valid(text.data + at, size, false, NULL) ? string_new(vm, text.data + at, size) : string_from(vm, "?");
        ok = one && list_append(vm, all, value_object(one));
        at += size + 1;
    }
    buffer_free(&text);
    if (ok && !all->length && library->executable) ok = list_append(vm, all, value_object(library->executable));
    for (size_t i = 0; ok && !file && library->arguments && i < library->arguments->length; i++) ok = list_append(vm, all, library->arguments->items[i]);
    return ok ? value_object(all) : VALUE_ERROR;
}

Value sys_late(VM *vm, ModuleObject *module, String *name) {
    bool is_names = string_is(name, "stdlib_module_names");
    bool is_line = string_is(name, "orig_argv");
    if (!is_names && !is_line && !string_is(name, "thread_info")) return module_late_loader(vm, module, name);
    Value made = is_names ? library_names(vm) : is_line ? original_arguments(vm) : thread_info(vm);
    if (is_error(made) || dict_set_string(vm, module->namespace, name, made) < 0) return VALUE_ERROR;
    return made;
}

// Functions, modules and classes of the host.
#include <string.h>

#include "api/host.h"
#include "base/utf8.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/class.h"
#include "object/core/errors.h"
#include "object/core/module.h"
#include "object/function/descriptor.h"
#include "object/text/str.h"

enum { FEW = 16 };

// ---- Calls from a script

struct HostFunction {
    NativeDefinition definition; // first: natives lead here
    HostFunction *next;
    aioli_native function;
    void *data;
    size_t size; // of this block, the texts included
    char texts[];
};

// Raises what the function has left, or says what is wrong with its answer.
static __attribute__((noinline)) void raise_of_host(aioli *host, const HostFunction *function, aioli_value answer) {
    if (answer)
        host_bad_handle(host, &(Entry){.function = function->definition.name}, answer);
    else if (is_empty(host->pending))
        raise_runtime_error(&host->vm, "%s() returned NULL without an exception", function->definition.name);
    else
        raise_value(&host->vm, host->pending);
}

// A native function of the VM that calls one of the host's, in a scope of its own.
static Value call_host(VM *vm, Value *args, size_t count) {
    aioli *host = host_of_vm(vm);
    const HostFunction *function = (const HostFunction *)vm->callee->definition;
    aioli_value few[FEW], *handles = count <= FEW ? few : (aioli_value *)values_scratch(vm, count);
    if (!handles) return VALUE_ERROR;
    uint32_t outer_base = host->scope_base, outer_count = host->scoped_count;
    if (!host_has_places(host, count) && !host_handles_reserve(host, count)) return VALUE_ERROR;
    host->scope_base = outer_count;
    for (size_t i = 0; i < count; i++) {
        Value v = args[i];
        handles[i] = __builtin_expect(!is_constant(v), 1) ? host_place(host, v) : is_empty(v) ? NULL : host_place_any(host, v);
    }
    host->pending = VALUE_EMPTY;
    if (host->time_end) limits_pause(host);
    aioli_value answer = function->function(host, handles, count, function->data);
    if (host->time_end) limits_resume(host);
    Value result = answer ? host_peek(host, answer) : VALUE_ERROR;
    if (__builtin_expect(is_error(result), 0)) raise_of_host(host, function, answer);
    host->pending = VALUE_EMPTY;
    host->scoped_count = outer_count;
    host->scope_base = outer_base;
    return result;
}

// ---- Making natives

// How many parameters a signature has; 0 also for one without.
static size_t count_parameters(const char *signature) {
    size_t count = *signature != 0;
    for (; *signature; signature++) count += *signature == ',';
    return count;
}

static const char *copy_text(char **to, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*to, text, size);
    *to += size;
    return copy;
}

Native *host_native(aioli *host, const aioli_function *function, void *data, Class *owner) {
    VM *vm = &host->vm;
    const char *signature = function->signature ? function->signature : "", *doc = function->doc;
    const char *texts[] = {function->name, signature, doc ? doc : ""};
    size_t size = sizeof(HostFunction);
    for (size_t i = 0; i < 3; i++) {
        if (!utf8_valid(texts[i], strlen(texts[i]), false, NULL))
            return raise_value_error(vm, "a text of a native function is not UTF-8"), NULL;
        size += strlen(texts[i]) + 1;
    }
    if (count_parameters(signature) > NATIVE_MAX_PARAMETERS)
        return raise_value_error(vm, "%s() has more than %d parameters", function->name, NATIVE_MAX_PARAMETERS), NULL;
    HostFunction *made = heap_resize(vm, NULL, 0, size);
    if (!made) return raise_memory_error(vm), NULL;
    char *at = made->texts;
    *made = (HostFunction){.next = host->functions, .function = function->function, .data = data, .size = size};
    made->definition.name = copy_text(&at, function->name);
    made->definition.signature = copy_text(&at, signature);
    made->definition.doc = doc ? copy_text(&at, doc) : NULL;
    made->definition.function = call_host;
    made->definition.flavour = NATIVE_METHOD;
    host->functions = made;
    return native_new(vm, &made->definition, owner);
}

void host_functions_free(aioli *host) {
    for (HostFunction *function = host->functions; function;) {
        HostFunction *next = function->next;
        heap_resize(&host->vm, function, function->size, 0);
        function = next;
    }
    host->functions = NULL;
}

aioli_value aioli_new_function(aioli *host, const aioli_function *function, void *data) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return NULL;
    Native *native = host_native(host, function, data, NULL);
    return host_leave_value(host, &entry, native ? value_object(native) : VALUE_ERROR);
}

// ---- Modules

static String *checked_name(VM *vm, const char *name) {
    size_t length = strlen(name);
    if (utf8_valid(name, length, false, NULL)) return string_intern_from(vm, name, length);
    raise_value_error(vm, "a name is not UTF-8");
    return NULL;
}

static bool add_functions(aioli *host, Dict *namespace, const aioli_function *functions, void *data) {
    VM *vm = &host->vm;
    for (; functions && functions->name; functions++) {
        Native *native = host_native(host, functions, data, NULL);
        String *name = native ? checked_name(vm, functions->name) : NULL;
        if (!name || dict_set_string(vm, namespace, name, value_object(native)) < 0) return false;
    }
    return true;
}

static Value make_module(aioli *host, const char *name, const char *doc, const aioli_function *functions, void *data) {
    VM *vm = &host->vm;
    String *full = checked_name(vm, name), *text = doc ? checked_name(vm, doc) : NULL;
    if (!full || (doc && !text)) return VALUE_ERROR;
    ModuleObject *module = module_new(vm, full);
    if (!module || (doc && dict_set_string(vm, module->namespace, vm->names.__doc__, value_object(text)) < 0) ||
        !add_functions(host, module->namespace, functions, data) ||
        dict_set_string(vm, vm->modules, full, value_object(module)) < 0)
        return VALUE_ERROR;
    if (host->config.untrusted) {
        if (!host->modules) host->modules = dict_new(vm);
        if (!host->modules || dict_set_string(vm, host->modules, full, value_object(module)) < 0) return VALUE_ERROR;
    }
    return value_object(module);
}

aioli_value aioli_module(aioli *host, const char *name, const char *doc, const aioli_function *functions, void *data) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return NULL;
    return host_leave_value(host, &entry, make_module(host, name, doc, functions, data));
}

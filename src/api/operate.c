// What scripts do with values, for hosts.
#include <string.h>

#include "api/host.h"
#include "base/utf8.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/text/str.h"
#include "vm/import.h"

enum { FEW = 16 };

static String *name_of(aioli *host, const Entry *entry, const char *name) {
    size_t length = strlen(name);
    if (utf8_valid(name, length, false, NULL)) return string_intern_from(&host->vm, name, length);
    raise_value_error(&host->vm, "%s: the name is not UTF-8", entry->function);
    return NULL;
}

// A name's tuple for vm_call; *keywords NULL when there is none. False with an exception.
static bool keywords_of(aioli *host, const Entry *entry, const char *const *names, size_t count, Tuple **keywords) {
    size_t named = 0;
    while (names && names[named]) named++;
    *keywords = NULL;
    if (!named) return true;
    if (named > count) return raise_value_error(&host->vm, "%s: more names than arguments", entry->function), false;
    *keywords = tuple_new(&host->vm, named);
    for (size_t i = 0; *keywords && i < named; i++) {
        String *name = name_of(host, entry, names[i]);
        if (!name) return false;
        (*keywords)->items[i] = value_object(name);
    }
    return *keywords != NULL;
}

static Value call_many(aioli *host, const Entry *entry, Value callee, size_t count, const aioli_value *arguments,
                       const char *const *names) {
    Tuple *keywords;
    Value few[FEW], *values = count <= FEW ? few : values_scratch(&host->vm, count);
    if (!values || !host_values(host, entry, count, arguments, values) || !keywords_of(host, entry, names, count, &keywords))
        return VALUE_ERROR;
    return vm_call(&host->vm, callee, values, count, keywords);
}

static inline Value call(aioli *host, const Entry *entry, Value callee, size_t count, const aioli_value *arguments,
                         const char *const *names) {
    Value values[4];
    if (is_error(callee)) return callee;
    if (count > 4 || names) return call_many(host, entry, callee, count, arguments, names);
    return host_values(host, entry, count, arguments, values) ? vm_call(&host->vm, callee, values, count, NULL) : VALUE_ERROR;
}

aioli_value aioli_call(aioli *host, aioli_value callable, size_t count, const aioli_value *arguments, const char *const *names) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return NULL;
    return host_leave_value(host, &entry, call(host, &entry, host_value(host, &entry, callable), count, arguments, names));
}

static Value get_attribute(aioli *host, const Entry *entry, aioli_value value, const char *name) {
    Value v = host_value(host, entry, value);
    String *key = is_error(v) ? NULL : name_of(host, entry, name);
    return key ? value_get_attribute(&host->vm, v, key) : VALUE_ERROR;
}

aioli_value aioli_call_method(aioli *host, aioli_value value, const char *name, size_t count, const aioli_value *arguments) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return NULL;
    return host_leave_value(host, &entry, call(host, &entry, get_attribute(host, &entry, value, name), count, arguments, NULL));
}

aioli_value aioli_get_attribute(aioli *host, aioli_value value, const char *name) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return NULL;
    return host_leave_value(host, &entry, get_attribute(host, &entry, value, name));
}

// What is to be stored: VALUE_EMPTY for a NULL that deletes, VALUE_ERROR for one that came of a failure.
static Value stored(aioli *host, const Entry *entry, aioli_value value) {
    return value || !is_empty(host->pending) ? host_value(host, entry, value) : VALUE_EMPTY;
}

int aioli_set_attribute(aioli *host, aioli_value value, const char *name, aioli_value attribute) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return -1;
    VM *vm = &host->vm;
    Value v = host_value(host, &entry, value), item = is_error(v) ? v : stored(host, &entry, attribute);
    String *key = is_error(item) ? NULL : name_of(host, &entry, name);
    int status = !key ? -1 : is_empty(item) ? value_delete_attribute(vm, v, key) : value_set_attribute(vm, v, key, item);
    return host_leave_status(host, &entry, status < 0 ? -1 : 0);
}

aioli_value aioli_get_item(aioli *host, aioli_value value, aioli_value key) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return NULL;
    Value v = host_value(host, &entry, value), k = is_error(v) ? v : host_value(host, &entry, key);
    return host_leave_value(host, &entry, is_error(k) ? k : value_get_item(&host->vm, v, k));
}

int aioli_set_item(aioli *host, aioli_value value, aioli_value key, aioli_value item) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return -1;
    VM *vm = &host->vm;
    Value v = host_value(host, &entry, value), k = is_error(v) ? v : host_value(host, &entry, key);
    Value i = is_error(k) ? k : stored(host, &entry, item);
    int status = is_error(i) ? -1 : is_empty(i) ? value_delete_item(vm, v, k) : value_set_item(vm, v, k, i);
    return host_leave_status(host, &entry, status < 0 ? -1 : 0);
}

int64_t aioli_length(aioli *host, aioli_value value) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return -1;
    Value v = host_value(host, &entry, value);
    int64_t length = is_error(v) ? -1 : value_length(&host->vm, v);
    host_leave_status(host, &entry, length < 0 ? -1 : 0);
    return length;
}

aioli_value aioli_iterate(aioli *host, aioli_value value) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return NULL;
    Value v = host_value(host, &entry, value);
    return host_leave_value(host, &entry, is_error(v) ? v : value_iterate(&host->vm, v));
}

int aioli_next(aioli *host, aioli_value iterator, aioli_value *item) {
    Entry entry;
    *item = NULL;
    if (!HOST_ENTER(host, &entry)) return -1;
    Value v = host_value(host, &entry, iterator);
    if (!is_error(v)) v = value_next(&host->vm, v);
    if (is_stop(v)) return host_leave_status(host, &entry, 0);
    *item = host_leave_value(host, &entry, v);
    return *item ? 1 : -1;
}

static int compare(VM *vm, aioli_comparison comparison, Value left, Value right) {
    switch (comparison) {
    case AIOLI_EQUAL: return value_compare_bool(vm, COMPARISON_EQ, left, right);
    case AIOLI_NOT_EQUAL: return value_compare_bool(vm, COMPARISON_NE, left, right);
    case AIOLI_LESS: return value_compare_bool(vm, COMPARISON_LT, left, right);
    case AIOLI_LESS_EQUAL: return value_compare_bool(vm, COMPARISON_LE, left, right);
    case AIOLI_GREATER: return value_compare_bool(vm, COMPARISON_GT, left, right);
    case AIOLI_GREATER_EQUAL: return value_compare_bool(vm, COMPARISON_GE, left, right);
    case AIOLI_IN: return value_contains(vm, right, left);
    case AIOLI_SAME: return value_same(left, right);
    case AIOLI_INSTANCE: {
        String *name = string_intern_from(vm, "isinstance", 10);
        Value function = name ? dict_get_string(vm, vm->builtins, name) : VALUE_ERROR, arguments[] = {left, right};
        if (is_empty(function)) return raise_runtime_error(vm, "isinstance is not there"), -1;
        Value answer = is_error(function) ? function : vm_call(vm, function, arguments, 2, NULL);
        return is_error(answer) ? -1 : is_true(answer);
    }
    }
    return raise_value_error(vm, "no such comparison: %d", (int)comparison), -1;
}

int aioli_compare(aioli *host, aioli_comparison comparison, aioli_value left, aioli_value right) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return -1;
    Value l = host_value(host, &entry, left), r = is_error(l) ? l : host_value(host, &entry, right);
    return host_leave_status(host, &entry, is_error(r) ? -1 : compare(&host->vm, comparison, l, r));
}

static aioli_value as_text(aioli *host, Entry *entry, aioli_value value, String *(*convert)(VM *vm, Value v)) {
    Value v = host_value(host, entry, value);
    String *text = is_error(v) ? NULL : convert(&host->vm, v);
    return host_leave_value(host, entry, text ? value_object(text) : VALUE_ERROR);
}

aioli_value aioli_str(aioli *host, aioli_value value) {
    Entry entry;
    return HOST_ENTER(host, &entry) ? as_text(host, &entry, value, value_str) : NULL;
}

aioli_value aioli_repr(aioli *host, aioli_value value) {
    Entry entry;
    return HOST_ENTER(host, &entry) ? as_text(host, &entry, value, value_repr) : NULL;
}

aioli_value aioli_import(aioli *host, const char *name) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return NULL;
    String *full = name_of(host, &entry, name);
    return host_leave_value(host, &entry, full ? import_module(&host->vm, full) : VALUE_ERROR);
}

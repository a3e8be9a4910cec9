// Handles, their scopes, and entering the VM.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/host.h"
#include "object/core/errors.h"

// ---- Misuse

void host_misuse(aioli *host, const char *format, ...) {
    char text[256] = "aioli: ";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + 7, sizeof text - 8, format, arguments);
    va_end(arguments);
    if (host->config.misuse) {
        host->config.misuse(host->config.user, text);
        return;
    }
    size_t length = strlen(text);
    text[length] = '\n';
    ssize_t written = write(2, text, length + 1);
    (void)written;
}

// ---- Entering

bool host_refuse(aioli *host, const char *function) {
    host_misuse(host, "%s: another thread is using this VM", function);
    return false;
}

static void take_exception(aioli *host) {
    host->pending = host->vm.exception;
    exception_clear(&host->vm);
}

aioli_value host_leave_value(aioli *host, Entry *entry, Value v) {
    aioli_value handle = is_error(v) ? NULL : host_handle(host, v);
    if (!handle) take_exception(host);
    host_leave(host, entry);
    return handle;
}

int host_leave_status(aioli *host, Entry *entry, int status) {
    if (status < 0) take_exception(host);
    host_leave(host, entry);
    return status;
}

// ---- What a handle is

KeptHandle *host_kept(const aioli *host, aioli_value handle) {
    uint32_t place = handle_place(handle), index = place & (HANDLE_KEPT - 1);
    if (!(place & HANDLE_KEPT) || index >= host->kept_count) return NULL;
    KeptHandle *kept = &host->kept[index];
    return !is_empty(kept->value) && make_handle(host, place, kept->generation) == handle ? kept : NULL;
}

Value host_bad_handle(aioli *host, const Entry *entry, aioli_value handle) {
    VM *vm = &host->vm;
    if (!handle && !is_empty(host->pending)) return raise_value(vm, host->pending);
    if (!handle) return raise_runtime_error(vm, "%s: NULL is no value", entry->function);
    uintptr_t tag = (uintptr_t)handle >> HANDLE_PLACE_BITS & (((uintptr_t)1 << HANDLE_TAG_BITS) - 1);
    const char *what = tag == host->tag ? "a handle whose scope has ended" : "a handle that is not of this VM";
    host_misuse(host, "%s: %s", entry->function, what);
    return raise_runtime_error(vm, "%s: %s", entry->function, what);
}

// ---- Making handles

static void *grow(aioli *host, void *places, uint32_t *capacity, size_t size) {
    uint32_t wanted = *capacity ? *capacity * 2 : 64;
    void *grown = *capacity < HANDLE_PLACES ? heap_resize(&host->vm, places, *capacity * size, wanted * size) : NULL;
    if (!grown) return raise_memory_error(&host->vm), NULL;
    memset((char *)grown + *capacity * size, 0, (wanted - *capacity) * size);
    *capacity = wanted;
    return grown;
}

bool host_handles_reserve(aioli *host, size_t count) {
    while (!host_has_places(host, count)) {
        uint32_t place = host->scoped_capacity;
        ScopedHandle *grown = grow(host, host->scoped, &host->scoped_capacity, sizeof *grown);
        if (!grown) return false;
        for (; place < host->scoped_capacity; place++) grown[place].handle = make_handle(host, place, 0);
        host->scoped = grown;
    }
    return true;
}

// ---- Scopes

size_t aioli_open(aioli *host) { return host->scoped_count; }

aioli_value aioli_close(aioli *host, size_t scope, aioli_value result) {
    if (!result && scope <= host->scoped_count && scope >= host->scope_base) {
        host->scoped_count = (uint32_t)scope;
        return NULL;
    }
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return NULL;
    if (scope > host->scoped_count || scope < host->scope_base) {
        host_misuse(host, "%s: the scope is not open, or not the caller's", entry.function);
        raise_runtime_error(&host->vm, "%s: the scope is not open, or not the caller's", entry.function);
        return host_leave_value(host, &entry, VALUE_ERROR);
    }
    Value v = result ? host_value(host, &entry, result) : VALUE_EMPTY;
    host->scoped_count = (uint32_t)scope;
    if (!is_empty(v)) return host_leave_value(host, &entry, v);
    host_leave(host, &entry);
    return NULL;
}

// ---- Handles that stay

static Value keep(aioli *host, const Entry *entry, aioli_value handle, aioli_value owner, aioli_value *result) {
    VM *vm = &host->vm;
    Value v = host_value(host, entry, handle);
    if (is_error(v)) return v;
    HostObject *object = NULL;
    if (owner) {
        Value o = host_value(host, entry, owner);
        if (is_error(o)) return o;
        object = host_object_of(o);
        if (!object) return raise_type_error(vm, "%s: the owner is no object of the host's, but '%s'", entry->function, type_name(vm, o));
    }
    uint32_t index;
    if (host->kept_free) {
        index = host->kept_free - 1;
        host->kept_free = host->kept[index].next;
    } else {
        if (host->kept_count == host->kept_capacity) {
            KeptHandle *grown = grow(host, host->kept, &host->kept_capacity, sizeof *grown);
            if (!grown) return VALUE_ERROR;
            host->kept = grown;
        }
        index = host->kept_count++;
    }
    KeptHandle *kept = &host->kept[index];
    *kept = (KeptHandle){.value = v, .owner = object, .generation = kept->generation + 1};
    if (object) {
        kept->next = object->kept;
        if (kept->next) host->kept[kept->next - 1].previous = index + 1;
        object->kept = index + 1;
    }
    *result = make_handle(host, index | HANDLE_KEPT, kept->generation);
    return v;
}

aioli_value aioli_keep(aioli *host, aioli_value value, aioli_value owner) {
    Entry entry;
    if (!HOST_TOUCH(host, &entry)) return NULL;
    aioli_value kept = NULL;
    keep(host, &entry, value, owner, &kept);
    host_leave_status(host, &entry, kept ? 0 : -1);
    return kept;
}

static void free_kept(aioli *host, uint32_t index) {
    host->kept[index].value = VALUE_EMPTY;
    host->kept[index].owner = NULL;
    host->kept[index].next = host->kept_free;
    host->kept_free = index + 1;
}

void aioli_drop(aioli *host, aioli_value handle) {
    Entry entry;
    if (!handle || !HOST_TOUCH(host, &entry)) return;
    KeptHandle *kept = host_kept(host, handle);
    if (kept) {
        if (kept->next && kept->owner) host->kept[kept->next - 1].previous = kept->previous;
        if (kept->previous)
            host->kept[kept->previous - 1].next = kept->next;
        else if (kept->owner)
            kept->owner->kept = kept->next;
        free_kept(host, (uint32_t)(kept - host->kept));
    } else {
        host_misuse(host, "%s: a handle that aioli_keep did not make, or that is dead", entry.function);
    }
    host_leave(host, &entry);
}

void host_handles_trace_owned(aioli *host, HostObject *owner) {
    for (uint32_t at = owner->kept; at; at = host->kept[at - 1].next) heap_mark(&host->vm, host->kept[at - 1].value);
}

void host_handles_forget(aioli *host) {
    for (uint32_t i = 0; i < host->kept_count; i++) {
        KeptHandle *kept = &host->kept[i];
        if (kept->owner && !(kept->owner->data.object.header & OBJECT_MARKED)) free_kept(host, i);
    }
}

void host_handles_trace(aioli *host) {
    VM *vm = &host->vm;
    for (uint32_t i = 0; i < host->scoped_count; i++) heap_mark(vm, host->scoped[i].value);
    for (uint32_t i = 0; i < host->kept_count; i++)
        if (!host->kept[i].owner) heap_mark(vm, host->kept[i].value);
}

void host_handles_free(aioli *host) {
    heap_resize(&host->vm, host->scoped, host->scoped_capacity * sizeof *host->scoped, 0);
    heap_resize(&host->vm, host->kept, host->kept_capacity * sizeof *host->kept, 0);
}

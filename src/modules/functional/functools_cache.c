// What lru_cache makes of a function.
#include <string.h>

#include "modules/functional/functools_internal.h"
#include "modules/library.h"
#include "object/container/list.h"
#include "object/function/function.h"
#include "object/shared/builtin.h"

// A result that is kept, in a ring by the time of its last use. The ring's root has no key.
typedef struct Link Link;
struct Link {
    NativeData data;
    Link *before, *after;
    Value key, result;
    uint64_t hash;
};

typedef struct {
    NativeData data;
    Value function, information; // information: what makes cache_info's result
    Dict *cache;                 // key to result, or to a Link when there is a limit
    Link *root;                  // also the mark between positional and named arguments in a key: no script has it
    int64_t hits, misses, limit; // limit -1: none
    bool typed;
} Cache;

static Cache *cache_of(Value v) { return (Cache *)object_of(v); }

static void link_trace(VM *vm, Object *o) {
    Link *link = (Link *)o;
    heap_mark_object(vm, link->before);
    heap_mark_object(vm, link->after);
    heap_mark(vm, link->key);
    heap_mark(vm, link->result);
}
static void cache_trace(VM *vm, Object *o) {
    Cache *self = (Cache *)o;
    heap_mark(vm, self->function);
    heap_mark(vm, self->information);
    heap_mark_object(vm, self->cache);
    heap_mark_object(vm, self->root);
}
static const TypeOps link_ops = {.trace = link_trace};

static Link *link_new(VM *vm) { return native_data_new(vm, library_of(vm)->classes[LIBRARY_CACHE_LINK], sizeof(Link)); }

static void link_remove(Link *link) {
    link->before->after = link->after;
    link->after->before = link->before;
}
static void link_append(Link *root, Link *link) {
    link->before = root->before;
    link->after = root;
    root->before->after = link;
    root->before = link;
}

static Value cache_new(VM *vm, Value *args, size_t count) {
    int64_t limit = -1;
    if (!value_callable(vm, args[1])) return raise_type_error(vm, "the first argument must be callable");
    if (!is_none(args[2])) {
        if (!is_int(args[2])) return raise_type_error(vm, "maxsize should be integer or None");
        if (!size_argument(vm, args[2], &limit)) return VALUE_ERROR;
        if (limit < 0) limit = 0;
    }
    int typed = value_truth(vm, args[3]);
    Link *root = typed < 0 ? NULL : link_new(vm);
    if (!root) return VALUE_ERROR;
    root->before = root->after = root;
    root->key = root->result = VALUE_EMPTY;
    Dict *cache = dict_new(vm);
    Cache *self = cache ? native_data_new(vm, (Class *)object_of(args[0]), sizeof(Cache)) : NULL;
    if (!self) return VALUE_ERROR;
    self->function = args[1];
    self->information = args[4];
    self->cache = cache;
    self->root = root;
    self->limit = limit;
    self->typed = typed;
    return value_object(self);
}

// The key of a call: an int or str that is the only argument, else a tuple.
static Value make_key(VM *vm, const Cache *self, const Value *arguments, size_t count, const Tuple *keywords) {
    size_t named = keywords ? keywords->length : 0, plain = count - named;
    if (!self->typed && !named && count == 1 && (is_small(arguments[0]) || is_exact_string(vm, arguments[0]))) return arguments[0];
    size_t length = plain + (named ? 1 + 2 * named : 0) + (self->typed ? count : 0);
    Tuple *key = tuple_new(vm, length);
    if (!key) return VALUE_ERROR;
    Value *at = key->items;
    for (size_t i = 0; i < plain; i++) *at++ = arguments[i];
    if (named) *at++ = value_object(self->root);
    for (size_t i = 0; i < named; i++) {
        *at++ = keywords->items[i];
        *at++ = arguments[plain + i];
    }
    for (size_t i = 0; self->typed && i < count; i++) *at++ = value_object(class_of(vm, arguments[i]));
    return value_object(key);
}

// Keeps a result under a limit. The call may have changed anything meanwhile. False with an exception.
static bool keep(VM *vm, Cache *self, Value key, uint64_t hash, Value result) {
    Dict *cache = self->cache;
    Value there = dict_get_hashed(vm, cache, key, hash);
    if (!is_empty(there)) return !is_error(there);
    Link *root = self->root, *link = NULL;
    if ((int64_t)cache->length >= self->limit && root->after != root) {
        // The one whose last use is longest ago gives way.
        link = root->after;
        link_remove(link);
        Value old = dict_pop(vm, cache, link->key);
        if (is_error(old)) return link_append(root, link), false;
        if (is_empty(old)) return true;
    }
    if (!link && !(link = link_new(vm))) return false;
    link->key = key;
    link->result = result;
    link->hash = hash;
    if (dict_set_hashed(vm, cache, key, hash, value_object(link)) < 0) return false;
    link_append(root, link);
    return true;
}

static Value cache_call(VM *vm, Value v, Value *arguments, size_t count, Tuple *keywords) {
    Cache *self = cache_of(v);
    if (self->limit == 0) {
        self->misses++;
        return vm_call(vm, self->function, arguments, count, keywords);
    }
    uint64_t hash;
    Value key = make_key(vm, self, arguments, count, keywords);
    if (is_error(key) || quick_hash(vm, key, &hash) < 0) return VALUE_ERROR;
    Value found = dict_get_hashed(vm, self->cache, key, hash);
    if (is_error(found)) return found;
    if (!is_empty(found)) {
        self->hits++;
        if (self->limit < 0) return found;
        Link *link = (Link *)object_of(found);
        if (link->after != self->root) {
            link_remove(link);
            link_append(self->root, link);
        }
        return link->result;
    }
    self->misses++;
    Value result = vm_call(vm, self->function, arguments, count, keywords);
    if (is_error(result)) return result;
    bool kept = self->limit < 0 ? dict_set_hashed(vm, self->cache, key, hash, result) >= 0 : keep(vm, self, key, hash, result);
    return kept ? result : VALUE_ERROR;
}

static Value cache_info(VM *vm, Value *args, size_t count) {
    Cache *self = cache_of(args[0]);
    Value numbers[4] = {int_from_int64(vm, self->hits), int_from_int64(vm, self->misses),
                        self->limit < 0 ? VALUE_NONE : int_from_int64(vm, self->limit), value_small(self->cache->length)};
    for (int i = 0; i < 4; i++)
        if (is_error(numbers[i])) return VALUE_ERROR;
    return vm_call(vm, self->information, numbers, 4, NULL);
}

static Value cache_clear(VM *vm, Value *args, size_t count) {
    Cache *self = cache_of(args[0]);
    self->hits = self->misses = 0;
    self->root->before = self->root->after = self->root;
    dict_clear(vm, self->cache);
    return VALUE_NONE;
}

static Value cache_get(VM *vm, Value *args, size_t count) {
    return is_none(args[1]) ? args[0] : bound_method_new(vm, args[0], args[1]);
}
static Value cache_itself(VM *vm, Value *args, size_t count) { return args[0]; }
static Value cache_reduce(VM *vm, Value *args, size_t count) { return value_get_attribute(vm, args[0], vm->names.__qualname__); }

static const TypeOps cache_ops = {.trace = cache_trace, .call = cache_call};
static const NativeDefinition cache_methods[] = {
    {"__new__", cache_new, "cls, user_function, maxsize, typed, cache_info_type", NATIVE_NEW},
    {"cache_info", cache_info, "self, /", NATIVE_METHOD, "How often results were found and not found, and how many are kept."},
    {"cache_clear", cache_clear, "self, /", NATIVE_METHOD, "Forgets all results and the statistics."},
    {"__get__", cache_get, "self, instance, owner=None, /", NATIVE_METHOD},
    {"__copy__", cache_itself, "self, /", NATIVE_METHOD},
    {"__deepcopy__", cache_itself, "self, memo, /", NATIVE_METHOD},
    {"__reduce__", cache_reduce, "self, /", NATIVE_METHOD},
    {0}};

bool functools_cache_add(VM *vm, Dict *namespace) {
    Class *cache = native_data_class(vm, "functools", "_lru_cache_wrapper", &cache_ops, sizeof(Cache), 0);
    Class *link = native_data_class(vm, "functools", "_lru_list_elem", &link_ops, sizeof(Link), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    library_of(vm)->classes[LIBRARY_CACHE_LINK] = link;
    return cache && link && native_add_methods(vm, cache, cache_methods) >= 0 &&
           add_value(vm, namespace, "_lru_cache_wrapper", value_object(cache));
}

// Iteration: enumerate, zip, map and filter, which are classes, and iter, next, sorted, aiter, anext.
#include <string.h>

#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/container/iterator.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/exception/exception.h"
#include "object/function/generic_alias.h"
#include "object/shared/builtin.h"
#include "vm/import.h"

// enumerate, map, filter and zip share one struct.
typedef struct {
    NativeData data;
    Value function; // of map and filter
    Value source;   // an iterator, or for map and zip a tuple of them
    Value number;   // enumerate's next number
    bool strict;    // zip's
} Walk;

static Walk *walk_of(Value v) { return (Walk *)object_of(v); }

static void walk_trace(VM *vm, Object *o) {
    Walk *walk = (Walk *)o;
    heap_mark(vm, walk->function);
    heap_mark(vm, walk->source);
    heap_mark(vm, walk->number);
}
static Value walk_self(VM *vm, Value self) { return self; }

static Walk *walk_new(VM *vm, Value cls, Class *base) {
    Class *wanted = builtin_new_class(vm, cls, base);
    Walk *walk = wanted ? native_data_new(vm, wanted, sizeof(Walk)) : NULL;
    if (walk) walk->function = walk->source = walk->number = VALUE_NONE;
    return walk;
}

// A tuple of iterators over the values. [script]
static Tuple *iterators(VM *vm, Value *values, size_t count) {
    Tuple *tuple = tuple_new(vm, count);
    if (!tuple) return NULL;
    for (size_t i = 0; i < count; i++) {
        Value iterator = value_iterate(vm, values[i]);
        if (is_error(iterator)) return NULL;
        tuple->items[i] = iterator;
    }
    return tuple;
}

// ---- enumerate

// cls, the named arguments, then those given by position
static Value enumerate_new(VM *vm, Value *args, size_t count) {
    static const char *const names[2] = {"iterable", "start"};
    Value given[2] = {count > 2 ? args[2] : VALUE_EMPTY, count > 3 ? args[3] : VALUE_EMPTY};
    size_t position = 0;
    Value key, value;
    if (count > 4) return raise_type_error(vm, "enumerate() takes at most 2 arguments (%zu given)", count - 2);
    while (dict_next(dict_of(args[1]), &position, &key, &value)) {
        int which = string_is(string_of(key), names[0]) ? 0 : string_is(string_of(key), names[1]) ? 1 : -1;
        if (which < 0 || !is_empty(given[which]))
            return raise_type_error(vm, "'%s' is an invalid keyword argument for enumerate()", string_of(key)->data);
        given[which] = value;
    }
    if (is_empty(given[0])) return raise_type_error(vm, "enumerate() missing required argument 'iterable'");
    Value number = is_empty(given[1]) ? value_small(0) : value_index(vm, given[1]);
    Value iterator = is_error(number) ? VALUE_ERROR : value_iterate(vm, given[0]);
    Walk *walk = is_error(iterator) ? NULL : walk_new(vm, args[0], library_of(vm)->enumerate);
    if (!walk) return VALUE_ERROR;
    walk->source = iterator;
    walk->number = number;
    return value_object(walk);
}

static Value enumerate_next(VM *vm, Value self) {
    Walk *walk = walk_of(self);
    Value item = value_next(vm, walk->source);
    if (is_stop(item) || is_error(item)) return item;
    Value number = walk->number, pair[2] = {number, item};
    Value next = is_small(number) && small_of(number) < SMALL_INT_MAX ? value_small(small_of(number) + 1)
                                                                      : int_binary(vm, BINARY_ADD, number, value_small(1));
    if (is_error(next)) return VALUE_ERROR;
    walk->number = next;
    return object_or_error(tuple_from(vm, pair, 2));
}
static const TypeOps enumerate_ops = {.trace = walk_trace, .iterate = walk_self, .next = enumerate_next};

// ---- zip

static Value zip_new(VM *vm, Value *args, size_t count) {
    int strict = is_empty(args[1]) ? 0 : value_truth(vm, args[1]);
    if (strict < 0) return VALUE_ERROR;
    Tuple *sources = iterators(vm, args + 2, count - 2);
    if (!sources) return VALUE_ERROR;
    Walk *walk = walk_new(vm, args[0], library_of(vm)->zip);
    if (!walk) return VALUE_ERROR;
    walk->source = value_object(sources);
    walk->strict = strict;
    return value_object(walk);
}

static Value zip_uneven(VM *vm, size_t at, const char *what) {
    return raise_value_error(vm, at == 1 ? "zip() argument %zu is %s than argument 1" : "zip() argument %zu is %s than arguments 1-%zu",
                             at + 1, what, at);
}

// A source has ended: with `strict`, all the others must have too.
static Value zip_ended(VM *vm, Tuple *sources, size_t at) {
    if (at) return zip_uneven(vm, at, "shorter");
    for (size_t i = 1; i < sources->length; i++) {
        Value item = value_next(vm, sources->items[i]);
        if (is_error(item)) return item;
        if (!is_stop(item)) return zip_uneven(vm, i, "longer");
    }
    vm->stop_value = VALUE_NONE;
    return VALUE_STOP;
}

static Value zip_next(VM *vm, Value self) {
    Walk *walk = walk_of(self);
    Tuple *sources = tuple_of(walk->source);
    vm->stop_value = VALUE_NONE;
    if (sources->length == 0) return VALUE_STOP;
    Tuple *row = tuple_new(vm, sources->length);
    if (!row) return VALUE_ERROR;
    for (size_t i = 0; i < sources->length; i++) {
        Value item = value_next(vm, sources->items[i]);
        if (is_stop(item) || is_error(item)) return is_stop(item) && walk->strict ? zip_ended(vm, sources, i) : item;
        row->items[i] = item;
    }
    return value_object(row);
}
static const TypeOps zip_ops = {.trace = walk_trace, .iterate = walk_self, .next = zip_next};

// ---- map

static Value map_new(VM *vm, Value *args, size_t count) {
    if (count < 3) return raise_type_error(vm, "map() must have at least two arguments.");
    Tuple *sources = iterators(vm, args + 2, count - 2);
    if (!sources) return VALUE_ERROR;
    Walk *walk = walk_new(vm, args[0], library_of(vm)->map);
    if (!walk) return VALUE_ERROR;
    walk->function = args[1];
    walk->source = value_object(sources);
    return value_object(walk);
}

enum { MAP_LOCAL = 8 };

static Value map_next(VM *vm, Value self) {
    Walk *walk = walk_of(self);
    Tuple *sources = tuple_of(walk->source);
    Value local[MAP_LOCAL], *items = local;
    size_t count = sources->length;
    if (count > MAP_LOCAL) {
        items = values_scratch(vm, count);
        if (!items) return VALUE_ERROR;
    }
    for (size_t i = 0; i < count; i++) {
        Value item = value_next(vm, sources->items[i]);
        if (is_stop(item) || is_error(item)) return item;
        items[i] = item;
    }
    return vm_call(vm, walk->function, items, count, NULL);
}
static const TypeOps map_ops = {.trace = walk_trace, .iterate = walk_self, .next = map_next};

// ---- filter

static Value filter_new(VM *vm, Value *args, size_t count) {
    Value iterator = value_iterate(vm, args[2]);
    if (is_error(iterator)) return VALUE_ERROR;
    Walk *walk = walk_new(vm, args[0], library_of(vm)->filter);
    if (!walk) return VALUE_ERROR;
    walk->function = args[1];
    walk->source = iterator;
    return value_object(walk);
}

static Value filter_next(VM *vm, Value self) {
    Walk *walk = walk_of(self);
    for (;;) {
        Value item = value_next(vm, walk->source);
        if (is_stop(item) || is_error(item)) return item;
        Value kept = item;
        if (!is_none(walk->function) && !value_same(walk->function, value_object(vm->classes.boolean)))
            kept = vm_call(vm, walk->function, &item, 1, NULL);
        int truth = is_error(kept) ? -1 : value_truth(vm, kept);
        if (truth) return truth < 0 ? VALUE_ERROR : item;
    }
}
static const TypeOps filter_ops = {.trace = walk_trace, .iterate = walk_self, .next = filter_next};

// ---- What copy and pickle ask of them

static Value reduced(VM *vm, Value self, Tuple *arguments, Value state) {
    if (!arguments) return VALUE_ERROR;
    Value parts[3] = {value_object(class_of(vm, self)), value_object(arguments), state};
    return object_or_error(tuple_from(vm, parts, is_empty(state) ? 2 : 3));
}

static Value pair_reduce(VM *vm, Value *args, size_t count) {
    Walk *walk = walk_of(args[0]);
    bool counts = value_is_instance(vm, args[0], library_of(vm)->enumerate);
    Value pair[2] = {counts ? walk->source : walk->function, counts ? walk->number : walk->source};
    return reduced(vm, args[0], tuple_from(vm, pair, 2), VALUE_EMPTY);
}

static Value zip_reduce(VM *vm, Value *args, size_t count) {
    Walk *walk = walk_of(args[0]);
    return reduced(vm, args[0], tuple_of(walk->source), walk->strict ? VALUE_TRUE : VALUE_EMPTY);
}

static Value zip_setstate(VM *vm, Value *args, size_t count) {
    int strict = value_truth(vm, args[1]);
    if (strict < 0) return VALUE_ERROR;
    walk_of(args[0])->strict = strict;
    return VALUE_NONE;
}

static Value map_reduce(VM *vm, Value *args, size_t count) {
    Walk *walk = walk_of(args[0]);
    Tuple *sources = tuple_of(walk->source), *all = tuple_new(vm, sources->length + 1);
    if (!all) return VALUE_ERROR;
    all->items[0] = walk->function;
    memcpy(all->items + 1, sources->items, sources->length * sizeof(Value));
    return reduced(vm, args[0], all, VALUE_EMPTY);
}

// ---- Functions

static Value builtin_iter(VM *vm, Value *args, size_t count) {
    if (is_empty(args[1])) return value_iterate(vm, args[0]);
    if (!value_callable(vm, args[0])) return raise_type_error(vm, "iter(v, w): v must be callable");
    Value it = iterator_new(vm, ITERATE_CALLABLE, args[0]);
    if (!is_error(it)) ((Iterator *)object_of(it))->extra = args[1];
    return it;
}

static Value builtin_next(VM *vm, Value *args, size_t count) {
    Value item = value_next(vm, args[0]);
    if (!is_stop(item)) return item;
    Value stop = vm->stop_value;
    vm->stop_value = VALUE_NONE;
    if (!is_empty(args[1])) return args[1];
    if (is_none(stop) || is_empty(stop)) return raise_error(vm, vm->exceptions.stop_iteration, NULL);
    return raise_with_value(vm, vm->exceptions.stop_iteration, stop);
}

// key, reverse, then what is given by position: the one iterable
static Value builtin_sorted(VM *vm, Value *args, size_t count) {
    if (count != 3) return raise_type_error(vm, "sorted expected 1 argument, got %zu", count - 2);
    int reverse = is_empty(args[1]) ? 0 : value_truth(vm, args[1]);
    if (reverse < 0) return VALUE_ERROR;
    List *list = list_from_iterable(vm, args[2]);
    if (!list) return VALUE_ERROR;
    int status = list_sort(vm, list, is_empty(args[0]) ? VALUE_NONE : args[0], reverse);
    return status < 0 ? VALUE_ERROR : value_object(list);
}

static Value builtin_aiter(VM *vm, Value *args, size_t count) {
    Class *cls = class_of(vm, args[0]);
    Value result = value_call_special(vm, args[0], SPECIAL_AITER, NULL, 0);
    if (is_empty(result)) return raise_type_error(vm, "'%s' object is not an async iterable", class_name(cls));
    if (is_error(result)) return result;
    if (is_empty(class_special(vm, class_of(vm, result), SPECIAL_ANEXT)))
        return raise_type_error(vm, "aiter() returned not an async iterator of type '%s'", type_name(vm, result));
    return result;
}

static Value builtin_anext(VM *vm, Value *args, size_t count) {
    Value step = value_call_special(vm, args[0], SPECIAL_ANEXT, NULL, 0);
    if (is_empty(step)) return raise_type_error(vm, "'%s' object is not an async iterator", type_name(vm, args[0]));
    if (is_empty(args[1]) || is_error(step)) return step;
    // With a default: a coroutine of the library's own, written in the language.
    String *module_name = string_intern_from(vm, "_builtins", 9), *name = string_intern_from(vm, "anext_or", 8);
    Value module = module_name && name ? import_module(vm, module_name) : VALUE_ERROR;
    Value wait = is_error(module) ? module : value_get_attribute(vm, module, name);
    if (is_error(wait)) return wait;
    Value pair[2] = {step, args[1]};
    return vm_call(vm, wait, pair, 2, NULL);
}

static const NativeDefinition functions[] = {{"aiter", builtin_aiter, "async_iterable, /", NATIVE_METHOD,
                                              "The asynchronous iterator of an object that `async for` could go through."},
                                             {"anext", builtin_anext, "async_iterator, default=, /", NATIVE_METHOD,
                                              "An awaitable of the next item of an asynchronous iterator; at its end `default`, or "
                                              "StopAsyncIteration without one."},
                                             {"iter", builtin_iter, "object, sentinel=, /", NATIVE_METHOD,
                                              "An iterator of an object; with `sentinel` the object is called for each item until it "
                                              "returns that."},
                                             {"next", builtin_next, "iterator, default=, /", NATIVE_METHOD,
                                              "The next item of an iterator; at its end `default`, or StopIteration without one."},
                                             {"sorted", builtin_sorted, "*iterable, key=, reverse=", NATIVE_METHOD,
                                              "A new list of the items of an iterable in ascending order, by key(item); equal ones "
                                              "keep their order."},
                                             {0}};
static const NativeDefinition enumerate_methods[] = {{"__new__", enumerate_new, "cls, /, *args, **keywords", NATIVE_NEW},
                                                     {"__reduce__", pair_reduce, "self, /", NATIVE_METHOD},
                                                     GENERIC_ALIAS_METHOD,
                                                     {0}};
static const NativeDefinition zip_methods[] = {{"__new__", zip_new, "cls, /, *iterables, strict=", NATIVE_NEW},
                                               {"__reduce__", zip_reduce, "self, /", NATIVE_METHOD},
                                               {"__setstate__", zip_setstate, "self, state, /", NATIVE_METHOD},
                                               {0}};
static const NativeDefinition map_methods[] = {{"__new__", map_new, "cls, /, *args", NATIVE_NEW},
                                               {"__reduce__", map_reduce, "self, /", NATIVE_METHOD},
                                               {0}};
static const NativeDefinition filter_methods[] = {{"__new__", filter_new, "cls, function, iterable, /", NATIVE_NEW},
                                                  {"__reduce__", pair_reduce, "self, /", NATIVE_METHOD},
                                                  {0}};

bool builtins_iterate_add(VM *vm, Dict *namespace) {
    Library *library = library_of(vm);
    const struct {
        const char *name;
        Class **cls;
        const TypeOps *ops;
        const NativeDefinition *methods;
    } classes[] = {{"enumerate", &library->enumerate, &enumerate_ops, enumerate_methods},
                   {"zip", &library->zip, &zip_ops, zip_methods},
                   {"map", &library->map, &map_ops, map_methods},
                   {"filter", &library->filter, &filter_ops, filter_methods}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        Class *cls = *classes[i].cls = native_data_class(vm, "builtins", classes[i].name, classes[i].ops, sizeof(Walk), CLASS_NO_WEAK);
        if (!cls || native_add_methods(vm, cls, classes[i].methods) < 0) return false;
        if (!add_value(vm, namespace, classes[i].name, value_object(cls))) return false;
    }
    return native_add_functions(vm, namespace, functions) > 0;
}

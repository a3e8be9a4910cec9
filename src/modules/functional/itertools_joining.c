// Of itertools: iterators over several sources, and over ways to choose from them.
#include <string.h>

#include "modules/functional/itertools_internal.h"
#include "object/container/dict.h"

// ---- chain

typedef struct {
    NativeData data;
    Value sources; // an iterator over iterables; VALUE_NONE once it has ended
    Value active;  // an iterator, or VALUE_NONE
} Chain;

static void chain_trace(VM *vm, Object *o) {
    heap_mark(vm, ((Chain *)o)->sources);
    heap_mark(vm, ((Chain *)o)->active);
}

static Value chain_over(VM *vm, Value cls, Value iterable) {
    Value sources = value_iterate(vm, iterable);
    Chain *self = is_error(sources) ? NULL : instance_new(vm, cls, sizeof(Chain));
    if (!self) return VALUE_ERROR;
    self->sources = sources;
    self->active = VALUE_NONE;
    return value_object(self);
}

static Value chain_new(VM *vm, Value *args, size_t count) {
    Tuple *sources = tuple_from(vm, args + 1, count - 1);
    return sources ? chain_over(vm, args[0], value_object(sources)) : VALUE_ERROR;
}

static Value chain_from_iterable(VM *vm, Value *args, size_t count) { return chain_over(vm, args[0], args[1]); }

static Value chain_next(VM *vm, Value v) {
    Chain *self = (Chain *)object_of(v);
    while (!is_none(self->sources)) {
        if (is_none(self->active)) {
            Value iterable = iterator_step(vm, self->sources);
            Value active = is_stop(iterable) || is_error(iterable) ? iterable : value_iterate(vm, iterable);
            if (is_stop(active) || is_error(active)) {
                self->sources = VALUE_NONE;
                return active;
            }
            self->active = active;
        }
        Value item = iterator_step(vm, self->active);
        if (!is_stop(item)) return item;
        self->active = VALUE_NONE;
    }
    return stop_iteration(vm);
}

// ---- zip_longest

typedef struct {
    NativeData data;
    Tuple *sources; // iterators; VALUE_NONE in place of one that has ended
    Value fill;
    size_t active;
} Longest;

static void longest_trace(VM *vm, Object *o) {
    heap_mark_object(vm, ((Longest *)o)->sources);
    heap_mark(vm, ((Longest *)o)->fill);
}

// The named arguments, then the iterables
static Value longest_new(VM *vm, Value *args, size_t count) {
    size_t length = count - 2;
    Value fill = VALUE_NONE;
    Dict *named = dict_of(args[1]);
    if (named->length) {
        String *name = string_intern_from(vm, "fillvalue", 9);
        if (!name) return VALUE_ERROR;
        fill = named->length == 1 ? dict_get_string(vm, named, name) : VALUE_EMPTY;
        if (is_empty(fill)) return raise_type_error(vm, "zip_longest() got an unexpected keyword argument");
    }
    Tuple *sources = tuple_new(vm, length);
    for (size_t i = 0; sources && i < length; i++) {
        Value source = value_iterate(vm, args[2 + i]);
        if (is_error(source)) return VALUE_ERROR;
        sources->items[i] = source;
    }
    Longest *self = sources ? instance_new(vm, args[0], sizeof(Longest)) : NULL;
    if (!self) return VALUE_ERROR;
    self->sources = sources;
    self->fill = fill;
    self->active = length;
    return value_object(self);
}

static Value longest_next(VM *vm, Value v) {
    Longest *self = (Longest *)object_of(v);
    Tuple *sources = self->sources;
    if (!self->active) return stop_iteration(vm);
    Tuple *row = tuple_new(vm, sources->length);
    if (!row) return VALUE_ERROR;
    for (size_t i = 0; i < sources->length; i++) {
        Value source = sources->items[i], item = is_none(source) ? self->fill : iterator_step(vm, source);
        if (is_error(item)) {
            self->active = 0;
            return item;
        }
        if (is_stop(item)) {
            // A source that steps this very iterator may have been told of already.
            if (!is_none(sources->items[i]) && self->active) self->active--;
            if (!self->active) return stop_iteration(vm);
            sources->items[i] = VALUE_NONE;
            item = self->fill;
        }
        row->items[i] = item;
    }
    return value_object(row);
}

// ---- Copies of these two

static Value chain_reduce(VM *vm, Value *args, size_t count) {
    Chain *self = (Chain *)object_of(args[0]);
    if (is_none(self->sources)) return itertools_reduced(vm, args[0], NULL, 0, VALUE_EMPTY);
    Value state[2] = {self->sources, self->active};
    return itertools_reduced(vm, args[0], NULL, 0, object_or_error(tuple_from(vm, state, is_none(self->active) ? 1 : 2)));
}

static bool is_iterator(VM *vm, Value v) {
    const Class *cls = class_of(vm, v);
    return (cls->ops && cls->ops->next) || !is_empty(class_special(vm, (Class *)cls, SPECIAL_NEXT));
}

static Value chain_setstate(VM *vm, Value *args, size_t count) {
    Chain *self = (Chain *)object_of(args[0]);
    Tuple *state = itertools_warn_of_copy(vm) ? itertools_state(vm, args[1], 1, 2) : NULL;
    if (!state) return VALUE_ERROR;
    for (size_t i = 0; i < state->length; i++)
        if (!is_iterator(vm, state->items[i])) return raise_type_error(vm, "Arguments must be iterators.");
    self->sources = state->items[0];
    self->active = state->length > 1 ? state->items[1] : VALUE_NONE;
    return VALUE_NONE;
}

static Value longest_reduce(VM *vm, Value *args, size_t count) {
    Longest *self = (Longest *)object_of(args[0]);
    Tuple *nothing = tuple_from(vm, NULL, 0), *sources = nothing ? tuple_from(vm, self->sources->items, self->sources->length) : NULL;
    if (!sources) return VALUE_ERROR;
    for (size_t i = 0; i < sources->length; i++)
        if (is_none(sources->items[i])) sources->items[i] = value_object(nothing);
    return itertools_reduced(vm, args[0], sources->items, sources->length, self->fill);
}

static Value longest_setstate(VM *vm, Value *args, size_t count) {
    if (!itertools_warn_of_copy(vm)) return VALUE_ERROR;
    ((Longest *)object_of(args[0]))->fill = args[1];
    return VALUE_NONE;
}

static const TypeOps chain_ops = {.trace = chain_trace, .iterate = iterator_itself, .next = chain_next};
static const TypeOps longest_ops = {.trace = longest_trace, .iterate = iterator_itself, .next = longest_next};
static const NativeDefinition chain_methods[] = {{"__new__", chain_new, "cls, /, *iterables", NATIVE_NEW},
                                                 {"from_iterable", chain_from_iterable, "cls, iterable, /", NATIVE_CLASS_METHOD,
                                                  "A chain of the iterables that an iterable gives, which is asked for one after the "
                                                  "other."},
                                                 {"__reduce__", chain_reduce, "self, /", NATIVE_METHOD},
                                                 {"__setstate__", chain_setstate, "self, state, /", NATIVE_METHOD},
                                                 GENERIC_ALIAS_METHOD,
                                                 {0}};
static const NativeDefinition longest_methods[] = {{"__new__", longest_new, "cls, /, *iterables, **keywords", NATIVE_NEW},
                                                   {"__reduce__", longest_reduce, "self, /", NATIVE_METHOD},
                                                   {"__setstate__", longest_setstate, "self, state, /", NATIVE_METHOD},
                                                   {0}};

const IteratorClass itertools_joining[] = {
    {"chain", &chain_ops, sizeof(Chain), chain_methods, "The items of the first iterable, then those of the next, and so on."},
    {"zip_longest", &longest_ops, sizeof(Longest), longest_methods, "Tuples of one item of each iterable, as long as any has one left."},
    {0}};

// ---- product, permutations, combinations
//
// All choose from a pool, by indices that lie in one block: side memory.

typedef struct {
    NativeData data;
    Tuple *pool;      // product: a tuple of pools
    int64_t *indices; // `length` of them; permutations: as many as the pool has items, then `chosen` cycles
    size_t length, chosen;
    bool begun, ended;
} Choice;

static void choice_trace(VM *vm, Object *o) { heap_mark_object(vm, ((Choice *)o)->pool); }
static void choice_finalize(VM *vm, Object *o) {
    Choice *self = (Choice *)o;
    heap_resize(vm, self->indices, self->length * sizeof(int64_t), 0);
}

// With room for so many indices, all 0.
static Choice *choice_new(VM *vm, Value cls, Tuple *pool, size_t chosen, size_t length) {
    Choice *self = instance_new(vm, cls, sizeof(Choice));
    if (!self) return NULL;
    self->pool = pool;
    self->chosen = chosen;
    if (!length) return self;
    if (length > SIZE_MAX / sizeof(int64_t) || !(self->indices = heap_resize(vm, NULL, 0, length * sizeof(int64_t))))
        return raise_memory_error(vm), NULL;
    self->length = length;
    memset(self->indices, 0, length * sizeof(int64_t));
    return self;
}

// Short rows are put together on the stack, and copied once.
enum { ROW_LOCAL = 8 };

// The items that the first indices choose from the pool.
static Value choice_row(VM *vm, Choice *self) {
    self->begun = true;
    const Value *items = self->pool->items;
    const int64_t *indices = self->indices;
    size_t chosen = self->chosen;
    if (chosen <= ROW_LOCAL) {
        Value local[ROW_LOCAL];
        for (size_t i = 0; i < chosen; i++) local[i] = items[indices[i]];
        return object_or_error(tuple_from(vm, local, chosen));
    }
    Tuple *row = tuple_new(vm, chosen);
    if (!row) return VALUE_ERROR;
    for (size_t i = 0; i < chosen; i++) row->items[i] = items[indices[i]];
    return value_object(row);
}

static Value choice_end(VM *vm, Choice *self) {
    self->ended = true;
    return stop_iteration(vm);
}

// repeat, then the iterables
static Value product_new(VM *vm, Value *args, size_t count) {
    int64_t times = 1;
    if (!is_empty(args[1]) && !size_argument(vm, args[1], &times)) return VALUE_ERROR;
    if (times < 0) return raise_value_error(vm, "repeat argument cannot be negative");
    size_t given = times ? count - 2 : 0, total;
    if (__builtin_mul_overflow(given, (size_t)times, &total) || total > (size_t)INT64_MAX / sizeof(Value))
        return raise_overflow_error(vm, "repeat argument too large");
    Tuple *pools = tuple_new(vm, total);
    if (!pools) return VALUE_ERROR;
    bool empty = false;
    for (size_t i = 0; i < given; i++) {
        Tuple *pool = tuple_from_iterable(vm, args[2 + i]);
        if (!pool) return VALUE_ERROR;
        pools->items[i] = value_object(pool);
        empty |= pool->length == 0;
    }
    for (size_t i = given; i < total; i++) pools->items[i] = pools->items[i - given];
    Choice *self = choice_new(vm, args[0], pools, total, total);
    if (!self) return VALUE_ERROR;
    self->ended = empty;
    return value_object(self);
}

static Value product_next(VM *vm, Value v) {
    Choice *self = (Choice *)object_of(v);
    if (self->ended) {
        self->begun = true; // it has been asked: a copy gives nothing either
        return stop_iteration(vm);
    }
    const Value *pools = self->pool->items;
    if (self->begun) {
        size_t i = self->chosen;
        while (i > 0 && ++self->indices[i - 1] == (int64_t)tuple_of(pools[i - 1])->length) self->indices[--i] = 0;
        if (i == 0) return choice_end(vm, self);
    }
    self->begun = true;
    if (self->chosen <= ROW_LOCAL) {
        Value local[ROW_LOCAL];
        for (size_t i = 0; i < self->chosen; i++) local[i] = tuple_of(pools[i])->items[self->indices[i]];
        return object_or_error(tuple_from(vm, local, self->chosen));
    }
    Tuple *row = tuple_new(vm, self->chosen);
    if (!row) return VALUE_ERROR;
    for (size_t i = 0; i < self->chosen; i++) row->items[i] = tuple_of(pools[i])->items[self->indices[i]];
    return value_object(row);
}

// The pool and r of permutations and combinations. NULL with an exception.
static Tuple *choice_arguments(VM *vm, Value iterable, Value r, bool optional, int64_t *chosen) {
    if (!optional && !size_argument(vm, r, chosen)) return NULL;
    Tuple *pool = tuple_from_iterable(vm, iterable);
    if (!pool) return NULL;
    if (optional) {
        *chosen = (int64_t)pool->length;
        if (!is_empty(r) && !is_none(r)) {
            if (!is_int(r)) return raise_type_error(vm, "Expected int as r"), NULL;
            if (!size_argument(vm, r, chosen)) return NULL;
        }
    }
    if (*chosen < 0) return raise_value_error(vm, "r must be non-negative"), NULL;
    return pool;
}

static Value permutations_new(VM *vm, Value *args, size_t count) {
    int64_t chosen;
    Tuple *pool = choice_arguments(vm, args[1], args[2], true, &chosen);
    if (!pool) return VALUE_ERROR;
    size_t n = pool->length, r = (size_t)chosen;
    Choice *self = choice_new(vm, args[0], pool, r, r > n ? 0 : n + r);
    if (!self) return VALUE_ERROR;
    self->ended = r > n;
    if (self->ended) return value_object(self);
    for (size_t i = 0; i < n; i++) self->indices[i] = (int64_t)i;
    for (size_t i = 0; i < r; i++) self->indices[n + i] = (int64_t)(n - i);
    return value_object(self);
}

static Value permutations_next(VM *vm, Value v) {
    Choice *self = (Choice *)object_of(v);
    if (self->ended) return stop_iteration(vm);
    if (!self->begun) return choice_row(vm, self);
    size_t n = self->pool->length;
    int64_t *indices = self->indices, *cycles = indices + n;
    for (size_t i = self->chosen; i-- > 0;) {
        if (--cycles[i]) {
            size_t j = n - (size_t)cycles[i];
            int64_t index = indices[i];
            indices[i] = indices[j];
            indices[j] = index;
            return choice_row(vm, self);
        }
        int64_t index = indices[i];
        vm_count_work(vm, work_of_bytes((n - i) * sizeof *indices));
        memmove(indices + i, indices + i + 1, (n - i - 1) * sizeof *indices);
        indices[n - 1] = index;
        cycles[i] = (int64_t)(n - i);
    }
    return choice_end(vm, self);
}

static Value combinations_new(VM *vm, Value *args, size_t count) {
    int64_t chosen;
    Tuple *pool = choice_arguments(vm, args[1], args[2], false, &chosen);
    if (!pool) return VALUE_ERROR;
    bool ended = (size_t)chosen > pool->length;
    Choice *self = choice_new(vm, args[0], pool, (size_t)chosen, ended ? 0 : (size_t)chosen);
    if (!self) return VALUE_ERROR;
    self->ended = ended;
    for (size_t i = 0; i < self->length; i++) self->indices[i] = (int64_t)i;
    return value_object(self);
}

static Value combinations_next(VM *vm, Value v) {
    Choice *self = (Choice *)object_of(v);
    if (self->ended) return stop_iteration(vm);
    if (!self->begun) return choice_row(vm, self);
    size_t n = self->pool->length, r = self->chosen, i = r;
    int64_t *indices = self->indices;
    while (i > 0 && indices[i - 1] == (int64_t)(n - r + i - 1)) i--;
    if (i == 0) return choice_end(vm, self);
    int64_t index = indices[i - 1];
    for (size_t j = i - 1; j < r; j++) indices[j] = ++index;
    return choice_row(vm, self);
}

static Value replacement_new(VM *vm, Value *args, size_t count) {
    int64_t chosen;
    Tuple *pool = choice_arguments(vm, args[1], args[2], false, &chosen);
    if (!pool) return VALUE_ERROR;
    bool ended = chosen > 0 && !pool->length;
    Choice *self = choice_new(vm, args[0], pool, (size_t)chosen, ended ? 0 : (size_t)chosen);
    if (!self) return VALUE_ERROR;
    self->ended = ended;
    return value_object(self);
}

static Value replacement_next(VM *vm, Value v) {
    Choice *self = (Choice *)object_of(v);
    if (self->ended) return stop_iteration(vm);
    if (!self->begun) return choice_row(vm, self);
    size_t r = self->chosen, i = r;
    int64_t last = (int64_t)self->pool->length - 1, *indices = self->indices;
    while (i > 0 && indices[i - 1] == last) i--;
    if (i == 0) return choice_end(vm, self);
    int64_t index = indices[i - 1] + 1;
    for (size_t j = i - 1; j < r; j++) indices[j] = index;
    return choice_row(vm, self);
}

// ---- Copies of these: the pool or pools, r, and the indices of the choice given last

static Value numbers(VM *vm, const int64_t *from, size_t count) {
    Tuple *tuple = tuple_new(vm, count);
    for (size_t i = 0; tuple && i < count; i++) tuple->items[i] = value_small(from[i]);
    return object_or_error(tuple);
}

// Indices as a state has them, each put into its range: 0 to most[i] - 1, or with `least` 1 from 1 to most[i]. False with an exception.
static bool read_numbers(VM *vm, Value state, size_t count, int64_t (*most)(const Choice *, size_t), const Choice *self, int64_t least,
                         int64_t *out) {
    if (!is_tuple(state) || tuple_of(state)->length != count) return raise_value_error(vm, "invalid arguments"), false;
    for (size_t i = 0; i < count; i++) {
        int64_t number, end = most(self, i);
        if (!is_int(tuple_of(state)->items[i])) return raise_type_error(vm, "an integer is required"), false;
        if (!size_argument(vm, tuple_of(state)->items[i], &number)) return false;
        out[i] = number < least ? least : number >= end + least ? end + least - 1 : number;
    }
    return true;
}
static int64_t most_of_pool(const Choice *self, size_t i) { return (int64_t)self->pool->length; }
static int64_t most_of_product(const Choice *self, size_t i) { return (int64_t)tuple_of(self->pool->items[i])->length; }
static int64_t most_of_combination(const Choice *self, size_t i) { return (int64_t)(self->pool->length - self->chosen + i + 1); }
static int64_t most_of_cycle(const Choice *self, size_t i) { return (int64_t)(self->pool->length - i); }

static Value product_reduce(VM *vm, Value *args, size_t count) {
    Choice *self = (Choice *)object_of(args[0]);
    if (self->ended && self->begun) {
        Value nothing = object_or_error(tuple_from(vm, NULL, 0));
        return itertools_reduced(vm, args[0], &nothing, 1, VALUE_EMPTY);
    }
    Value state = self->begun ? numbers(vm, self->indices, self->chosen) : VALUE_EMPTY;
    return itertools_reduced(vm, args[0], self->pool->items, self->pool->length, state);
}
static Value product_setstate(VM *vm, Value *args, size_t count) {
    Choice *self = (Choice *)object_of(args[0]);
    if (!itertools_warn_of_copy(vm)) return VALUE_ERROR;
    if (!read_numbers(vm, args[1], self->chosen, most_of_product, self, 0, self->indices)) return VALUE_ERROR;
    self->begun = true;
    return VALUE_NONE;
}

// The pool, or nothing where all has been given, and r.
static Value choice_reduce(VM *vm, Value self_value, Value state) {
    Choice *self = (Choice *)object_of(self_value);
    bool over = self->ended && self->begun;
    Value arguments[2] = {over ? object_or_error(tuple_from(vm, NULL, 0)) : value_object(self->pool), value_small((int64_t)self->chosen)};
    return itertools_reduced(vm, self_value, arguments, 2, over || !self->begun ? VALUE_EMPTY : state);
}
static Value combinations_reduce(VM *vm, Value *args, size_t count) {
    Choice *self = (Choice *)object_of(args[0]);
    return choice_reduce(vm, args[0], numbers(vm, self->indices, self->length ? self->chosen : 0));
}
static Value choice_setstate(VM *vm, Value *args, int64_t (*most)(const Choice *, size_t)) {
    Choice *self = (Choice *)object_of(args[0]);
    if (!itertools_warn_of_copy(vm)) return VALUE_ERROR;
    if (self->ended && !self->length && self->chosen) return raise_value_error(vm, "invalid arguments");
    if (!read_numbers(vm, args[1], self->chosen, most, self, 0, self->indices)) return VALUE_ERROR;
    self->begun = true;
    return VALUE_NONE;
}
static Value combinations_setstate(VM *vm, Value *args, size_t count) { return choice_setstate(vm, args, most_of_combination); }
static Value replacement_setstate(VM *vm, Value *args, size_t count) { return choice_setstate(vm, args, most_of_pool); }

static Value permutations_reduce(VM *vm, Value *args, size_t count) {
    Choice *self = (Choice *)object_of(args[0]);
    size_t n = self->length ? self->pool->length : 0;
    Value pair[2] = {numbers(vm, self->indices, n), numbers(vm, self->indices + n, self->length - n)};
    if (is_error(pair[0]) || is_error(pair[1])) return VALUE_ERROR;
    return choice_reduce(vm, args[0], object_or_error(tuple_from(vm, pair, 2)));
}
static Value permutations_setstate(VM *vm, Value *args, size_t count) {
    Choice *self = (Choice *)object_of(args[0]);
    Tuple *state = itertools_warn_of_copy(vm) ? itertools_state(vm, args[1], 2, 2) : NULL;
    if (!state) return VALUE_ERROR;
    for (int i = 0; i < 2; i++)
        if (!is_tuple(state->items[i])) return raise_type_error(vm, "argument %d must be tuple, not %s", i + 1, type_name(vm, state->items[i]));
    size_t n = self->pool->length;
    if (self->length != n + self->chosen) return raise_value_error(vm, "invalid arguments");
    if (tuple_of(state->items[1])->length != self->chosen) return raise_value_error(vm, "invalid arguments");
    if (!read_numbers(vm, state->items[0], n, most_of_pool, self, 0, self->indices) ||
        !read_numbers(vm, state->items[1], self->chosen, most_of_cycle, self, 1, self->indices + n))
        return VALUE_ERROR;
    self->begun = true;
    return VALUE_NONE;
}

#define CHOICE(name, next_item) \
    static const TypeOps name = {.trace = choice_trace, .finalize = choice_finalize, .iterate = iterator_itself, .next = next_item}
CHOICE(product_ops, product_next);
CHOICE(permutations_ops, permutations_next);
CHOICE(combinations_ops, combinations_next);
CHOICE(replacement_ops, replacement_next);
static const NativeDefinition product_methods[] = {{"__new__", product_new, "cls, /, *iterables, repeat=1", NATIVE_NEW},
                                               {"__reduce__", product_reduce, "self, /", NATIVE_METHOD},
                                               {"__setstate__", product_setstate, "self, state, /", NATIVE_METHOD},
                                               {0}};
static const NativeDefinition permutations_methods[] = {{"__new__", permutations_new, "cls, iterable, r=None", NATIVE_NEW},
                                               {"__reduce__", permutations_reduce, "self, /", NATIVE_METHOD},
                                               {"__setstate__", permutations_setstate, "self, state, /", NATIVE_METHOD},
                                               {0}};
static const NativeDefinition combinations_methods[] = {{"__new__", combinations_new, "cls, iterable, r", NATIVE_NEW},
                                               {"__reduce__", combinations_reduce, "self, /", NATIVE_METHOD},
                                               {"__setstate__", combinations_setstate, "self, state, /", NATIVE_METHOD},
                                               {0}};
static const NativeDefinition replacement_methods[] = {{"__new__", replacement_new, "cls, iterable, r", NATIVE_NEW},
                                               {"__reduce__", combinations_reduce, "self, /", NATIVE_METHOD},
                                               {"__setstate__", replacement_setstate, "self, state, /", NATIVE_METHOD},
                                               {0}};

const IteratorClass itertools_choosing[] = {
    {"combinations", &combinations_ops, sizeof(Choice), combinations_methods, "All choices of r items, in the iterable's order."},
    {"combinations_with_replacement", &replacement_ops, sizeof(Choice), replacement_methods, "The same, where an item may be chosen again."},
    {"permutations", &permutations_ops, sizeof(Choice), permutations_methods, "All orders of r of the items, or of all."},
    {"product", &product_ops, sizeof(Choice), product_methods, "All tuples of one item of each iterable; the last varies first."},
    {0}};

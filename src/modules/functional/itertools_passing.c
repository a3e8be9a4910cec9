// Of itertools: iterators that hand on one source's items, or some of them, or what a function makes of them.
#include "modules/functional/itertools_internal.h"

typedef struct {
    NativeData data;
    Value function; // or what stands beside the source
    Value source;   // an iterator; VALUE_NONE once islice and pairwise have done with it
    Value kept;     // accumulate's total, pairwise's last item; VALUE_EMPTY: none yet
    bool decided;   // dropwhile: nothing is dropped any more; takewhile: nothing is taken
} Passing;

static Passing *passing_of(Value v) { return (Passing *)object_of(v); }

static void passing_trace(VM *vm, Object *o) {
    heap_mark(vm, ((Passing *)o)->function);
    heap_mark(vm, ((Passing *)o)->source);
    heap_mark(vm, ((Passing *)o)->kept);
}

static Value passing_new(VM *vm, Value cls, Value function, Value iterable, Value kept) {
    Value source = value_iterate(vm, iterable);
    Passing *self = is_error(source) ? NULL : instance_new(vm, cls, sizeof(Passing));
    if (!self) return VALUE_ERROR;
    self->function = function;
    self->source = source;
    self->kept = kept;
    return value_object(self);
}

static Value function_then_iterable_new(VM *vm, Value *args, size_t count) {
    return passing_new(vm, args[0], args[1], args[2], VALUE_EMPTY);
}

// Whether the function says yes to the item: 1, 0, -1. None and bool stand for the item's own truth where the class allows it.
static int says_yes(VM *vm, Value function, Value item) {
    Value answer = vm_call(vm, function, &item, 1, NULL);
    return is_error(answer) ? -1 : value_truth(vm, answer);
}

// ---- accumulate

static Value accumulate_new(VM *vm, Value *args, size_t count) {
    Value result = passing_new(vm, args[0], is_empty(args[2]) ? VALUE_NONE : args[2], args[1], VALUE_EMPTY);
    if (is_error(result) || is_empty(args[3]) || is_none(args[3])) return result;
    passing_of(result)->kept = args[3];
    passing_of(result)->decided = true; // the initial value is still to be given
    return result;
}

static Value accumulate_next(VM *vm, Value v) {
    Passing *self = passing_of(v);
    if (self->decided) {
        self->decided = false;
        return self->kept;
    }
    Value item = iterator_step(vm, self->source);
    if (is_stop(item) || is_error(item)) return item;
    if (is_empty(self->kept)) return self->kept = item;
    Value pair[2] = {self->kept, item}, total;
    if (!is_none(self->function))
        total = vm_call(vm, self->function, pair, 2, NULL);
    else if (are_small(pair[0], item) && small_fits(small_of(pair[0]) + small_of(item)))
        total = value_small(small_of(pair[0]) + small_of(item));
    else
        total = value_binary(vm, BINARY_ADD, pair[0], item);
    if (!is_error(total)) self->kept = total;
    return total;
}

// ---- compress

static Value compress_new(VM *vm, Value *args, size_t count) {
    Value source = value_iterate(vm, args[1]);
    Value selectors = is_error(source) ? source : value_iterate(vm, args[2]);
    Passing *self = is_error(selectors) ? NULL : instance_new(vm, args[0], sizeof(Passing));
    if (!self) return VALUE_ERROR;
    self->source = source;
    self->function = selectors;
    return value_object(self);
}

static Value compress_next(VM *vm, Value v) {
    Passing *self = passing_of(v);
    for (;;) {
        Value item = iterator_step(vm, self->source);
        if (is_stop(item) || is_error(item)) return item;
        Value selector = iterator_step(vm, self->function);
        if (is_stop(selector) || is_error(selector)) return selector;
        int truth = is_small(selector) ? small_of(selector) != 0 : value_truth(vm, selector);
        if (truth) return truth < 0 ? VALUE_ERROR : item;
    }
}

// ---- dropwhile, takewhile, filterfalse

static Value dropwhile_next(VM *vm, Value v) {
    Passing *self = passing_of(v);
    for (;;) {
        Value item = iterator_step(vm, self->source);
        if (is_stop(item) || is_error(item) || self->decided) return item;
        int yes = says_yes(vm, self->function, item);
        if (yes < 0) return VALUE_ERROR;
        if (yes) continue;
        self->decided = true;
        return item;
    }
}

static Value takewhile_next(VM *vm, Value v) {
    Passing *self = passing_of(v);
    if (self->decided) return stop_iteration(vm);
    Value item = iterator_step(vm, self->source);
    if (is_stop(item) || is_error(item)) return item;
    int yes = says_yes(vm, self->function, item);
    if (yes) return yes < 0 ? VALUE_ERROR : item;
    self->decided = true;
    return stop_iteration(vm);
}

static Value filterfalse_next(VM *vm, Value v) {
    Passing *self = passing_of(v);
    bool itself = is_none(self->function) || value_same(self->function, value_object(vm->classes.boolean));
    for (;;) {
        Value item = iterator_step(vm, self->source);
        if (is_stop(item) || is_error(item)) return item;
        int yes = itself ? value_truth(vm, item) : says_yes(vm, self->function, item);
        if (yes <= 0) return yes < 0 ? VALUE_ERROR : item;
    }
}

// ---- starmap

static Value starmap_next(VM *vm, Value v) {
    Passing *self = passing_of(v);
    Value item = iterator_step(vm, self->source);
    if (is_stop(item) || is_error(item)) return item;
    Tuple *arguments = is_tuple(item) ? tuple_of(item) : tuple_from_iterable(vm, item);
    return arguments ? vm_call(vm, self->function, arguments->items, arguments->length, NULL) : VALUE_ERROR;
}

// ---- pairwise

static Value pairwise_new(VM *vm, Value *args, size_t count) { return passing_new(vm, args[0], VALUE_NONE, args[1], VALUE_EMPTY); }

static Value pairwise_end(Passing *self, Value why) {
    self->source = VALUE_NONE;
    self->kept = VALUE_EMPTY;
    return why;
}

static Value pairwise_next(VM *vm, Value v) {
    Passing *self = passing_of(v);
    if (is_none(self->source)) return stop_iteration(vm);
    Value source = self->source, old = self->kept;
    if (is_empty(old)) {
        old = iterator_step(vm, source);
        if (is_stop(old) || is_error(old)) return pairwise_end(self, old);
        self->kept = old;
        // The source may have stepped this very iterator to its end.
        if (is_none(self->source)) return pairwise_end(self, stop_iteration(vm));
    }
    Value item = iterator_step(vm, source);
    if (is_stop(item) || is_error(item)) return pairwise_end(self, item);
    self->kept = item;
    Value pair[2] = {old, item};
    return object_or_error(tuple_from(vm, pair, 2));
}

// ---- islice

typedef struct {
    NativeData data;
    Value source; // VALUE_NONE once it has ended
    int64_t count, next, stop, step; // items taken, the next one's index; stop -1: none
} Slicing;

static void slicing_trace(VM *vm, Object *o) { heap_mark(vm, ((Slicing *)o)->source); }

// An index that is None (then `missing`) or an integer from `least` on. False with ValueError: `what`.
static bool slice_index(VM *vm, Value v, int64_t missing, int64_t least, const char *what, int64_t *out) {
    if (is_none(v)) return *out = missing, true;
    Value index = value_index(vm, v);
    if (!is_error(index) && int_to_int64(index, out) && *out >= least) return true;
    if (is_error(index) && !exception_matches(vm, vm->exceptions.exception)) return false;
    exception_clear(vm);
    raise_value_error(vm, "%s", what);
    return false;
}

static Value islice_new(VM *vm, Value *args, size_t count) {
    static const char range[] = "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    size_t given = count - 1;
    if (given < 2) return raise_type_error(vm, "islice expected at least 2 arguments, got %zu", given);
    if (given > 4) return raise_type_error(vm, "islice expected at most 4 arguments, got %zu", given);
    int64_t start = 0, stop = -1, step = 1;
    bool right = given == 2 ? slice_index(vm, args[2], -1, 0,
                                          "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.", &stop)
                            : slice_index(vm, args[3], -1, 0,
                                          "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.", &stop) &&
                                  slice_index(vm, args[2], 0, 0, range, &start);
    if (!right) return VALUE_ERROR;
    if (given == 4 && !slice_index(vm, args[4], 1, 1, "Step for islice() must be a positive integer or None.", &step)) return VALUE_ERROR;
    Value source = value_iterate(vm, args[1]);
    Slicing *self = is_error(source) ? NULL : instance_new(vm, args[0], sizeof(Slicing));
    if (!self) return VALUE_ERROR;
    self->source = source;
    self->next = start;
    self->stop = stop;
    self->step = step;
    return value_object(self);
}

static Value islice_end(Slicing *self, Value why) {
    self->source = VALUE_NONE;
    return why;
}

static Value islice_next(VM *vm, Value v) {
    Slicing *self = (Slicing *)object_of(v);
    Value source = self->source;
    if (is_none(source)) return stop_iteration(vm);
    int64_t stop = self->stop;
    while (self->count < self->next) {
        Value skipped = iterator_step(vm, source);
        if (is_stop(skipped) || is_error(skipped)) return islice_end(self, skipped);
        self->count++;
    }
    if (stop >= 0 && self->count >= stop) return islice_end(self, stop_iteration(vm));
    Value item = iterator_step(vm, source);
    if (is_stop(item) || is_error(item)) return islice_end(self, item);
    self->count++;
    if (__builtin_add_overflow(self->next, self->step, &self->next)) self->next = INT64_MAX;
    if (stop >= 0 && self->next > stop) self->next = stop;
    return item;
}

// ---- batched

static Value batched_new(VM *vm, Value *args, size_t count) {
    int64_t size;
    int strict = 0;
    if (!size_argument(vm, args[2], &size)) return VALUE_ERROR;
    if (!is_empty(args[3]) && (strict = value_truth(vm, args[3])) < 0) return VALUE_ERROR;
    if (size < 1) return raise_value_error(vm, "n must be at least one");
    Value source = value_iterate(vm, args[1]);
    Slicing *self = is_error(source) ? NULL : instance_new(vm, args[0], sizeof(Slicing));
    if (!self) return VALUE_ERROR;
    self->source = source;
    self->step = size;
    self->stop = strict;
    return value_object(self);
}

enum { BATCH_LOCAL = 32 };

static Value batched_next(VM *vm, Value v) {
    Slicing *self = (Slicing *)object_of(v);
    Value source = self->source, local[BATCH_LOCAL];
    if (is_none(source)) return stop_iteration(vm);
    // Items gather on the stack, and past that in a list: the size is only what a batch may come to.
    List *more = NULL;
    int64_t length = 0;
    for (; length < self->step; length++) {
        Value item = iterator_step(vm, source);
        if (is_error(item)) return islice_end(self, item);
        if (is_stop(item)) break;
        if (length < BATCH_LOCAL)
            local[length] = item;
        else if ((!more && !(more = list_from(vm, local, BATCH_LOCAL))) || !list_append(vm, more, item))
            return VALUE_ERROR;
    }
    if (length < self->step) {
        self->source = VALUE_NONE;
        if (!length) return stop_iteration(vm);
        if (self->stop) return raise_value_error(vm, "batched(): incomplete batch");
    }
    return object_or_error(more ? tuple_from(vm, more->items, more->length) : tuple_from(vm, local, (size_t)length));
}

// ---- Copies

// A total still to be given goes before the source.
static Value accumulate_source(VM *vm, Passing *self) {
    if (!self->decided) return self->source;
    Tuple *first = tuple_from(vm, &self->kept, 1);
    Value both[2] = {first ? value_object(first) : VALUE_ERROR, self->source};
    return first ? vm_call(vm, value_object(library_of(vm)->classes[LIBRARY_CHAIN]), both, 2, NULL) : VALUE_ERROR;
}
static Value accumulate_reduce(VM *vm, Value *args, size_t count) {
    Passing *self = passing_of(args[0]);
    Value arguments[2] = {accumulate_source(vm, self), self->function};
    return itertools_reduced(vm, args[0], arguments, 2, is_empty(self->kept) || self->decided ? VALUE_NONE : self->kept);
}
static Value accumulate_setstate(VM *vm, Value *args, size_t count) {
    if (!itertools_warn_of_copy(vm)) return VALUE_ERROR;
    passing_of(args[0])->kept = args[1];
    passing_of(args[0])->decided = false;
    return VALUE_NONE;
}
static Value compress_reduce(VM *vm, Value *args, size_t count) {
    Value arguments[2] = {passing_of(args[0])->source, passing_of(args[0])->function};
    return itertools_reduced(vm, args[0], arguments, 2, VALUE_EMPTY);
}
static Value function_reduce(VM *vm, Value *args, size_t count) {
    Value arguments[2] = {passing_of(args[0])->function, passing_of(args[0])->source};
    return itertools_reduced(vm, args[0], arguments, 2, VALUE_EMPTY);
}
static Value predicate_reduce(VM *vm, Value *args, size_t count) {
    Value arguments[2] = {passing_of(args[0])->function, passing_of(args[0])->source};
    return itertools_reduced(vm, args[0], arguments, 2, value_small(passing_of(args[0])->decided));
}
static Value predicate_setstate(VM *vm, Value *args, size_t count) {
    int truth = itertools_warn_of_copy(vm) ? value_truth(vm, args[1]) : -1;
    if (truth < 0) return VALUE_ERROR;
    passing_of(args[0])->decided = truth;
    return VALUE_NONE;
}
static Value islice_reduce(VM *vm, Value *args, size_t count) {
    Slicing *self = (Slicing *)object_of(args[0]);
    if (is_none(self->source)) {
        Value ended[2] = {itertools_nothing(vm), value_small(0)};
        return itertools_reduced(vm, args[0], ended, 2, value_small(0));
    }
    Value arguments[4] = {self->source, int_from_int64(vm, self->next), self->stop < 0 ? VALUE_NONE : int_from_int64(vm, self->stop),
                          int_from_int64(vm, self->step)};
    return itertools_reduced(vm, args[0], arguments, 4, int_from_int64(vm, self->count));
}
static Value islice_setstate(VM *vm, Value *args, size_t count) {
    int64_t number;
    if (!itertools_warn_of_copy(vm)) return VALUE_ERROR;
    if (!is_int(args[1])) return raise_type_error(vm, "an integer is required");
    if (!size_argument(vm, args[1], &number)) return VALUE_ERROR;
    ((Slicing *)object_of(args[0]))->count = number;
    return VALUE_NONE;
}

#define PASSING(name, next_item) \
    static const TypeOps name = {.trace = passing_trace, .iterate = iterator_itself, .next = next_item}
PASSING(accumulate_ops, accumulate_next);
PASSING(compress_ops, compress_next);
PASSING(dropwhile_ops, dropwhile_next);
PASSING(filterfalse_ops, filterfalse_next);
PASSING(pairwise_ops, pairwise_next);
PASSING(starmap_ops, starmap_next);
PASSING(takewhile_ops, takewhile_next);
static const TypeOps islice_ops = {.trace = slicing_trace, .iterate = iterator_itself, .next = islice_next};
static const TypeOps batched_ops = {.trace = slicing_trace, .iterate = iterator_itself, .next = batched_next};

static const NativeDefinition accumulate_methods[] = {
    {"__new__", accumulate_new, "cls, iterable, func=None, *, initial=None", NATIVE_NEW},
    {"__reduce__", accumulate_reduce, "self, /", NATIVE_METHOD},
    {"__setstate__", accumulate_setstate, "self, state, /", NATIVE_METHOD},
    {0}};
static const NativeDefinition batched_methods[] = {{"__new__", batched_new, "cls, iterable, n, *, strict=False", NATIVE_NEW}, {0}};
static const NativeDefinition compress_methods[] = {{"__new__", compress_new, "cls, data, selectors", NATIVE_NEW},
                                                   {"__reduce__", compress_reduce, "self, /", NATIVE_METHOD},
                                                   {0}};
static const NativeDefinition predicate_methods[] = {
    {"__new__", function_then_iterable_new, "cls, predicate, iterable, /", NATIVE_NEW},
    {"__reduce__", predicate_reduce, "self, /", NATIVE_METHOD},
    {"__setstate__", predicate_setstate, "self, state, /", NATIVE_METHOD},
    {0}};
static const NativeDefinition function_methods[] = {
    {"__new__", function_then_iterable_new, "cls, function, iterable, /", NATIVE_NEW},
    {"__reduce__", function_reduce, "self, /", NATIVE_METHOD},
    {0}};
static const NativeDefinition islice_methods[] = {{"__new__", islice_new, "cls, /, *args", NATIVE_NEW},
                                                 {"__reduce__", islice_reduce, "self, /", NATIVE_METHOD},
                                                 {"__setstate__", islice_setstate, "self, state, /", NATIVE_METHOD},
                                                 {0}};
static const NativeDefinition pairwise_methods[] = {{"__new__", pairwise_new, "cls, iterable, /", NATIVE_NEW}, {0}};

const IteratorClass itertools_passing[] = {
    {"accumulate", &accumulate_ops, sizeof(Passing), accumulate_methods, "Running totals, or what another function makes of two."},
    {"batched", &batched_ops, sizeof(Slicing), batched_methods, "Tuples of n items each; the last may be shorter."},
    {"compress", &compress_ops, sizeof(Passing), compress_methods, "The data whose selector is true."},
    {"dropwhile", &dropwhile_ops, sizeof(Passing), predicate_methods, "The items from the first on for which the predicate is false."},
    {"filterfalse", &filterfalse_ops, sizeof(Passing), function_methods, "The items for which the function is false."},
    {"islice", &islice_ops, sizeof(Slicing), islice_methods, "The items of a slice: islice(iterable, stop), islice(iterable, start, stop[, step])."},
    {"pairwise", &pairwise_ops, sizeof(Passing), pairwise_methods, "Each item with the one after it."},
    {"starmap", &starmap_ops, sizeof(Passing), function_methods, "The function's results, each item giving its arguments."},
    {"takewhile", &takewhile_ops, sizeof(Passing), predicate_methods, "The items before the first for which the predicate is false."},
    {0}};

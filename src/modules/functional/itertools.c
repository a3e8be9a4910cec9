// The module itertools: its table, and the iterators that need no source or repeat one: count, cycle, repeat.
#include <string.h>

#include "modules/functional/itertools_internal.h"
#include "modules/modules.h"
#include "object/container/dict.h"

// ---- Copies

bool itertools_warn_of_copy(VM *vm) {
    return warn_deprecated(vm, "Pickle, copy, and deepcopy support will be removed from itertools in Python 3.14.");
}

Value itertools_reduced(VM *vm, Value self, const Value *arguments, size_t count, Value state) {
    if (!itertools_warn_of_copy(vm)) return VALUE_ERROR;
    for (size_t i = 0; i < count; i++)
        if (is_error(arguments[i])) return VALUE_ERROR;
    Tuple *given = is_error(state) ? NULL : tuple_from(vm, arguments, count);
    if (!given) return VALUE_ERROR;
    Value parts[3] = {value_object(class_of(vm, self)), value_object(given), state};
    return object_or_error(tuple_from(vm, parts, is_empty(state) ? 2 : 3));
}

Tuple *itertools_state(VM *vm, Value state, size_t least, size_t most) {
    if (!is_tuple(state)) return raise_type_error(vm, "state is not a tuple"), NULL;
    Tuple *tuple = tuple_of(state);
    if (tuple->length >= least && tuple->length <= most) return tuple;
    size_t wanted = tuple->length < least ? least : most;
    const char *how = least == most ? "exactly" : tuple->length < least ? "at least" : "at most";
    raise_type_error(vm, "function takes %s %zu argument%s (%zu given)", how, wanted, wanted == 1 ? "" : "s", tuple->length);
    return NULL;
}

Value itertools_nothing(VM *vm) {
    List *list = list_new(vm, 0);
    return list ? value_iterate(vm, value_object(list)) : VALUE_ERROR;
}

// ---- count

typedef struct {
    NativeData data;
    Value number, step;
} Count;

static void count_trace(VM *vm, Object *o) {
    heap_mark(vm, ((Count *)o)->number);
    heap_mark(vm, ((Count *)o)->step);
}

static bool is_number(VM *vm, Value v) {
    if (is_int(v) || is_any_float(v) || is_kind(v, KIND_COMPLEX)) return true;
    Class *cls = class_of(vm, v);
    return !is_empty(class_special(vm, cls, SPECIAL_INDEX)) || !is_empty(class_special(vm, cls, SPECIAL_FLOAT)) ||
           !is_empty(class_special(vm, cls, SPECIAL_INT));
}

static Value count_new(VM *vm, Value *args, size_t count) {
    Value start = is_empty(args[1]) ? value_small(0) : args[1], step = is_empty(args[2]) ? value_small(1) : args[2];
    if (!is_number(vm, start) || !is_number(vm, step)) return raise_type_error(vm, "a number is required");
    if (is_int(start) && is_small(step) && small_of(step) == 1) start = int_plain(vm, start);
    Count *self = is_error(start) ? NULL : instance_new(vm, args[0], sizeof(Count));
    if (!self) return VALUE_ERROR;
    self->number = start;
    self->step = step;
    return value_object(self);
}

static Value count_next(VM *vm, Value v) {
    Count *self = (Count *)object_of(v);
    Value number = self->number, next;
    // Neither is so large that their sum would leave 64 bits.
    if (are_small(number, self->step) && small_fits(small_of(number) + small_of(self->step)))
        next = value_small(small_of(number) + small_of(self->step));
    else
        next = value_binary(vm, BINARY_ADD, number, self->step);
    if (is_error(next)) return next;
    self->number = next;
    return number;
}

static Value count_repr(VM *vm, Value v) {
    Count *self = (Count *)object_of(v);
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "%s(", class_name(class_of(vm, v)));
    bool whole = append_repr(vm, &out, self->number);
    int64_t step = 0;
    if (whole && !(is_int(self->step) && int_to_int64(self->step, &step) && step == 1)) {
        buffer_text(&out, ", ");
        whole = append_repr(vm, &out, self->step);
    }
    if (whole) {
        buffer_byte(&out, ')');
        return object_or_error(string_from_buffer(vm, &out));
    }
    buffer_free(&out);
    return VALUE_ERROR;
}

static Value count_reduce(VM *vm, Value *args, size_t count) {
    Count *self = (Count *)object_of(args[0]);
    Value arguments[2] = {self->number, self->step};
    bool plain = is_int(self->number) && is_small(self->step) && small_of(self->step) == 1;
    return itertools_reduced(vm, args[0], arguments, plain ? 1 : 2, VALUE_EMPTY);
}

static const TypeOps count_ops = {.trace = count_trace, .iterate = iterator_itself, .next = count_next, .repr = count_repr};
static const NativeDefinition count_methods[] = {{"__new__", count_new, "cls, start=0, step=1", NATIVE_NEW},
                                                {"__reduce__", count_reduce, "self, /", NATIVE_METHOD},
                                                {0}};

// ---- cycle

typedef struct {
    NativeData data;
    Value source; // an iterator, VALUE_NONE once it has ended
    List *saved;
    size_t position;
    bool is_saved; // what the source still gives is among the saved already
} Cycle;

static void cycle_trace(VM *vm, Object *o) {
    heap_mark(vm, ((Cycle *)o)->source);
    heap_mark_object(vm, ((Cycle *)o)->saved);
}

static Value cycle_new(VM *vm, Value *args, size_t count) {
    Value source = value_iterate(vm, args[1]);
    List *saved = is_error(source) ? NULL : list_new(vm, 0);
    Cycle *self = saved ? instance_new(vm, args[0], sizeof(Cycle)) : NULL;
    if (!self) return VALUE_ERROR;
    self->source = source;
    self->saved = saved;
    return value_object(self);
}

static Value cycle_next(VM *vm, Value v) {
    Cycle *self = (Cycle *)object_of(v);
    if (!is_none(self->source)) {
        Value item = iterator_step(vm, self->source);
        if (is_error(item)) return item;
        if (!is_stop(item)) return self->is_saved || list_append(vm, self->saved, item) ? item : VALUE_ERROR;
        self->source = VALUE_NONE;
    }
    List *saved = self->saved;
    if (!saved->length) return stop_iteration(vm);
    if (self->position >= saved->length) self->position = 0;
    return saved->items[self->position++];
}

static Value cycle_reduce(VM *vm, Value *args, size_t count) {
    Cycle *self = (Cycle *)object_of(args[0]);
    Value saved = value_object(self->saved), source = self->source;
    if (is_none(source)) { // the saved ones from where it stands
        source = value_iterate(vm, saved);
        Value position = value_small((int64_t)(self->position % (self->saved->length ? self->saved->length : 1)));
        if (!is_error(source) && is_error(value_call_method(vm, source, "__setstate__", &position, 1))) return VALUE_ERROR;
    }
    Value pair[2] = {saved, value_bool(is_none(self->source) || self->is_saved)};
    return itertools_reduced(vm, args[0], &source, 1, object_or_error(tuple_from(vm, pair, 2)));
}

static Value cycle_setstate(VM *vm, Value *args, size_t count) {
    Cycle *self = (Cycle *)object_of(args[0]);
    if (!itertools_warn_of_copy(vm)) return VALUE_ERROR;
    Tuple *state = itertools_state(vm, args[1], 2, 2);
    int known;
    if (!state) return VALUE_ERROR;
    if (!is_list(state->items[0])) return raise_type_error(vm, "argument 1 must be list, not %s", type_name(vm, state->items[0]));
    if (!c_int_argument(vm, state->items[1], &known)) return VALUE_ERROR;
    self->saved = list_of(state->items[0]);
    self->is_saved = known;
    self->position = 0;
    return VALUE_NONE;
}

static const TypeOps cycle_ops = {.trace = cycle_trace, .iterate = iterator_itself, .next = cycle_next};
static const NativeDefinition cycle_methods[] = {{"__new__", cycle_new, "cls, iterable, /", NATIVE_NEW},
                                                {"__reduce__", cycle_reduce, "self, /", NATIVE_METHOD},
                                                {"__setstate__", cycle_setstate, "self, state, /", NATIVE_METHOD},
                                                {0}};

// ---- repeat

typedef struct {
    NativeData data;
    Value item;
    int64_t left; // -1: for ever
} Repeat;

static void repeat_trace(VM *vm, Object *o) { heap_mark(vm, ((Repeat *)o)->item); }

static Value repeat_new(VM *vm, Value *args, size_t count) {
    int64_t times = -1;
    if (!is_empty(args[2])) {
        if (!size_argument(vm, args[2], &times)) return VALUE_ERROR;
        if (times < 0) times = 0;
    }
    Repeat *self = instance_new(vm, args[0], sizeof(Repeat));
    if (!self) return VALUE_ERROR;
    self->item = args[1];
    self->left = times;
    return value_object(self);
}

static Value repeat_next(VM *vm, Value v) {
    Repeat *self = (Repeat *)object_of(v);
    if (self->left == 0) return stop_iteration(vm);
    if (self->left > 0) self->left--;
    return self->item;
}

static Value repeat_repr(VM *vm, Value v) {
    Repeat *self = (Repeat *)object_of(v);
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "%s(", class_name(class_of(vm, v)));
    if (!append_repr(vm, &out, self->item)) return buffer_free(&out), VALUE_ERROR;
    if (self->left >= 0) buffer_format(&out, ", %lld", (long long)self->left);
    buffer_byte(&out, ')');
    return object_or_error(string_from_buffer(vm, &out));
}

static Value repeat_length_hint(VM *vm, Value *args, size_t count) {
    Repeat *self = (Repeat *)object_of(args[0]);
    return self->left < 0 ? raise_type_error(vm, "len() of unsized object") : int_from_int64(vm, self->left);
}

static Value repeat_reduce(VM *vm, Value *args, size_t count) {
    Repeat *self = (Repeat *)object_of(args[0]);
    Value arguments[2] = {self->item, int_from_int64(vm, self->left)};
    return itertools_reduced(vm, args[0], arguments, self->left < 0 ? 1 : 2, VALUE_EMPTY);
}

static const TypeOps repeat_ops = {.trace = repeat_trace, .iterate = iterator_itself, .next = repeat_next, .repr = repeat_repr};
static const NativeDefinition repeat_methods[] = {{"__new__", repeat_new, "cls, object, times=", NATIVE_NEW},
                                                  {"__length_hint__", repeat_length_hint, "self, /", NATIVE_METHOD},
                                                  {"__reduce__", repeat_reduce, "self, /", NATIVE_METHOD},
                                                  {0}};

const IteratorClass itertools_endless[] = {
    {"count", &count_ops, sizeof(Count), count_methods, "Numbers from start on, each step more than the one before."},
    {"cycle", &cycle_ops, sizeof(Cycle), cycle_methods, "The iterable's items, again and again."},
    {"repeat", &repeat_ops, sizeof(Repeat), repeat_methods, "The same object so many times, or for ever."},
    {0}};

// ---- The module

static bool add_iterators(VM *vm, Dict *namespace, const IteratorClass *classes) {
    for (; classes->name; classes++) {
        Class *cls = native_data_class(vm, "itertools", classes->name, classes->ops, classes->size, CLASS_NO_WEAK);
        if (!cls || native_add_methods(vm, cls, classes->methods) < 0) return false;
        if (!add_text(vm, cls->attributes, "__doc__", classes->doc)) return false;
        if (!add_value(vm, namespace, classes->name, value_object(cls))) return false;
        if (strcmp(classes->name, "chain") == 0) library_of(vm)->classes[LIBRARY_CHAIN] = cls;
    }
    return true;
}

bool itertools_module_fill(VM *vm, ModuleObject *module) {
    Dict *namespace = module->namespace;
    return add_text(vm, namespace, "__doc__", "Iterators made of iterators.") && add_iterators(vm, namespace, itertools_endless) &&
           add_iterators(vm, namespace, itertools_passing) && add_iterators(vm, namespace, itertools_joining) &&
           add_iterators(vm, namespace, itertools_choosing) && itertools_groups_add(vm, namespace);
}

// Of itertools: groupby and tee, whose iterators come in families.
#include "modules/functional/itertools_internal.h"
#include "object/container/dict.h"

// ---- groupby

typedef struct {
    NativeData data;
    Value source, function;  // function: VALUE_NONE means the item itself
    Value key, value;        // of the item read last; VALUE_EMPTY: none is at hand
    Value group_key;         // of the group given out last
    Object *group;           // that group, the only one that may still read
} GroupBy;

typedef struct {
    NativeData data;
    GroupBy *parent;
    Value key;
} Group;

static void groupby_trace(VM *vm, Object *o) {
    GroupBy *self = (GroupBy *)o;
    heap_mark(vm, self->source);
    heap_mark(vm, self->function);
    heap_mark(vm, self->key);
    heap_mark(vm, self->value);
    heap_mark(vm, self->group_key);
    heap_mark_object(vm, self->group);
}
static void group_trace(VM *vm, Object *o) {
    heap_mark_object(vm, ((Group *)o)->parent);
    heap_mark(vm, ((Group *)o)->key);
}

static Value groupby_new(VM *vm, Value *args, size_t count) {
    Value source = value_iterate(vm, args[1]);
    GroupBy *self = is_error(source) ? NULL : instance_new(vm, args[0], sizeof(GroupBy));
    if (!self) return VALUE_ERROR;
    self->source = source;
    self->function = is_empty(args[2]) ? VALUE_NONE : args[2];
    self->key = self->value = self->group_key = VALUE_EMPTY;
    return value_object(self);
}

// Reads an item and its key. VALUE_NONE, or VALUE_STOP or VALUE_ERROR.
static Value groupby_step(VM *vm, GroupBy *self) {
    Value item = iterator_step(vm, self->source), key = item;
    if (is_stop(item) || is_error(item)) return item;
    if (!is_none(self->function)) key = vm_call(vm, self->function, &item, 1, NULL);
    if (is_error(key)) return key;
    self->value = item;
    self->key = key;
    return VALUE_NONE;
}

static Value groupby_next(VM *vm, Value v) {
    GroupBy *self = (GroupBy *)object_of(v);
    self->group = NULL;
    // On to the first item of another key than the last group's.
    for (;;) {
        if (!is_empty(self->key)) {
            if (is_empty(self->group_key)) break;
            int same = quick_equal(vm, self->group_key, self->key);
            if (same < 0) return VALUE_ERROR;
            if (!same) break;
        }
        Value step = groupby_step(vm, self);
        if (!is_none(step)) return step;
    }
    self->group_key = self->key;
    Group *group = native_data_new(vm, library_of(vm)->classes[LIBRARY_GROUPER], sizeof(Group));
    if (!group) return VALUE_ERROR;
    group->parent = self;
    group->key = self->group_key;
    self->group = (Object *)group;
    Value pair[2] = {self->key, value_object(group)};
    return object_or_error(tuple_from(vm, pair, 2));
}

static Value group_next(VM *vm, Value v) {
    Group *self = (Group *)object_of(v);
    GroupBy *parent = self->parent;
    if (parent->group != &self->data.object) return stop_iteration(vm);
    if (is_empty(parent->value)) {
        Value step = groupby_step(vm, parent);
        if (!is_none(step)) return step;
    }
    int same = quick_equal(vm, self->key, parent->key);
    if (same < 0) return VALUE_ERROR;
    if (!same) return stop_iteration(vm);
    Value item = parent->value;
    // The comparison may have read on in the same group.
    if (is_empty(item)) return stop_iteration(vm);
    parent->value = VALUE_EMPTY;
    return item;
}

static Value group_new(VM *vm, Value *args, size_t count);
static const TypeOps groupby_ops = {.trace = groupby_trace, .iterate = iterator_itself, .next = groupby_next};
static const TypeOps group_ops = {.trace = group_trace, .iterate = iterator_itself, .next = group_next};

static Value group_new(VM *vm, Value *args, size_t count) {
    if (!is_native_data(args[1], &groupby_ops))
        return raise_type_error(vm, "_grouper() argument 1 must be itertools.groupby, not %s", type_name(vm, args[1]));
    Group *self = instance_new(vm, args[0], sizeof(Group));
    if (!self) return VALUE_ERROR;
    self->parent = (GroupBy *)object_of(args[1]);
    self->key = args[2];
    self->parent->group = (Object *)self;
    return value_object(self);
}

static Value groupby_reduce(VM *vm, Value *args, size_t count) {
    GroupBy *self = (GroupBy *)object_of(args[0]);
    Value arguments[2] = {self->source, self->function}, state = VALUE_EMPTY;
    if (!is_empty(self->value) && !is_empty(self->key) && !is_empty(self->group_key)) {
        Value parts[3] = {self->key, self->value, self->group_key};
        state = object_or_error(tuple_from(vm, parts, 3));
    }
    return itertools_reduced(vm, args[0], arguments, 2, state);
}
static Value groupby_setstate(VM *vm, Value *args, size_t count) {
    GroupBy *self = (GroupBy *)object_of(args[0]);
    Tuple *state = itertools_warn_of_copy(vm) ? itertools_state(vm, args[1], 3, 3) : NULL;
    if (!state) return VALUE_ERROR;
    self->key = state->items[0];
    self->value = state->items[1];
    self->group_key = state->items[2];
    return VALUE_NONE;
}

// A group that the next one has put an end to is as good as empty.
static Value group_reduce(VM *vm, Value *args, size_t count) {
    Group *self = (Group *)object_of(args[0]);
    Value arguments[2] = {value_object(self->parent), self->key};
    if (self->parent->group == &self->data.object) return itertools_reduced(vm, args[0], arguments, 2, VALUE_EMPTY);
    String *iter = itertools_warn_of_copy(vm) ? string_intern_from(vm, "iter", 4) : NULL;
    Value nothing = iter ? object_or_error(tuple_from(vm, NULL, 0)) : VALUE_ERROR;
    Value given = is_error(nothing) ? nothing : object_or_error(tuple_from(vm, &nothing, 1));
    if (is_error(given)) return given;
    Value pair[2] = {dict_get_string(vm, vm->builtins, iter), given};
    return object_or_error(tuple_from(vm, pair, 2));
}

static const NativeDefinition groupby_methods[] = {{"__new__", groupby_new, "cls, iterable, key=None", NATIVE_NEW},
                                                  {"__reduce__", groupby_reduce, "self, /", NATIVE_METHOD},
                                                  {"__setstate__", groupby_setstate, "self, state, /", NATIVE_METHOD},
                                                  {0}};
static const NativeDefinition group_methods[] = {{"__new__", group_new, "cls, parent, tgtkey, /", NATIVE_NEW},
                                                {"__reduce__", group_reduce, "self, /", NATIVE_METHOD},
                                                {0}};

// ---- tee
//
// What the source has given lies in blocks that are linked forwards: each iterator holds the block where it stands, so
// that what all have passed is garbage.

enum { TEE_BLOCK = 57 };

typedef struct TeeBlock TeeBlock;
struct TeeBlock {
    NativeData data;
    Value source;
    TeeBlock *next;
    uint32_t length;
    bool running; // the source is being asked
    Value items[TEE_BLOCK];
};

typedef struct {
    NativeData data;
    TeeBlock *block;
    uint32_t position;
} Tee;

static void block_trace(VM *vm, Object *o) {
    TeeBlock *block = (TeeBlock *)o;
    heap_mark(vm, block->source);
    heap_mark_object(vm, block->next);
    heap_mark_values(vm, block->items, block->length);
}
static void tee_trace(VM *vm, Object *o) { heap_mark_object(vm, ((Tee *)o)->block); }

static const TypeOps block_ops = {.trace = block_trace};

static TeeBlock *block_new(VM *vm, Value source) {
    TeeBlock *block = native_data_new(vm, library_of(vm)->classes[LIBRARY_TEE_BLOCK], sizeof(TeeBlock));
    if (block) block->source = source;
    return block;
}

static Value tee_next(VM *vm, Value v) {
    Tee *self = (Tee *)object_of(v);
    if (self->position == TEE_BLOCK) {
        TeeBlock *block = self->block;
        if (!block->next && !(block->next = block_new(vm, block->source))) return VALUE_ERROR;
        self->block = block->next;
        self->position = 0;
    }
    TeeBlock *block = self->block;
    if (self->position < block->length) return block->items[self->position++];
    if (block->running) return raise_runtime_error(vm, "cannot re-enter the tee iterator");
    block->running = true;
    Value item = iterator_step(vm, block->source);
    block->running = false;
    if (is_stop(item) || is_error(item)) return item;
    // Nobody else has asked meanwhile.
    block->items[block->length++] = item;
    self->position++;
    return item;
}

static Value tee_copy(VM *vm, Value *args, size_t count) {
    Tee *self = (Tee *)object_of(args[0]);
    Tee *copy = native_data_new(vm, library_of(vm)->classes[LIBRARY_TEE], sizeof(Tee));
    if (!copy) return VALUE_ERROR;
    copy->block = self->block;
    copy->position = self->position;
    return value_object(copy);
}

static const TypeOps tee_ops = {.trace = tee_trace, .iterate = iterator_itself, .next = tee_next};

// An iterator of the family's own kind over the iterable: a copy where it is one already.
static Value tee_from(VM *vm, Class *cls, Value iterable) {
    Value source = value_iterate(vm, iterable);
    if (is_error(source)) return source;
    if (is_native_data(source, &tee_ops)) return tee_copy(vm, &source, 1);
    TeeBlock *block = block_new(vm, source);
    Tee *self = block ? native_data_new(vm, cls, sizeof(Tee)) : NULL;
    if (!self) return VALUE_ERROR;
    self->block = block;
    return value_object(self);
}

static Value tee_new(VM *vm, Value *args, size_t count) { return tee_from(vm, (Class *)object_of(args[0]), args[1]); }

static Value tee_function(VM *vm, Value *args, size_t count) {
    int64_t n = 2;
    if (!is_empty(args[1]) && !size_argument(vm, args[1], &n)) return VALUE_ERROR;
    if (n < 0) return raise_value_error(vm, "n must be >= 0");
    if (n > INT64_MAX / (int64_t)sizeof(Value) / 2) return raise_memory_error(vm);
    Tuple *result = tuple_new(vm, (size_t)n);
    if (!result || n == 0) return object_or_error(result);
    Value source = value_iterate(vm, args[0]), copier = VALUE_EMPTY;
    String *name = is_error(source) ? NULL : string_intern_from(vm, "__copy__", 8);
    if (!name) return VALUE_ERROR;
    if (!is_native_data(source, &tee_ops)) {
        copier = value_find_attribute(vm, source, name);
        if (is_error(copier)) return copier;
        if (is_empty(copier)) {
            source = tee_from(vm, library_of(vm)->classes[LIBRARY_TEE], source);
            if (is_error(source)) return source;
        }
    }
    if (is_empty(copier)) {
        // Of a tee's own kind: also the first is a copy when the iterable was one.
        copier = value_get_attribute(vm, source, name);
        if (is_error(copier)) return copier;
        if (value_same(source, args[0])) {
            source = vm_call(vm, copier, NULL, 0, NULL);
            if (is_error(source)) return source;
        }
    }
    result->items[0] = source;
    for (int64_t i = 1; i < n; i++) {
        Value copy = vm_call(vm, copier, NULL, 0, NULL);
        if (is_error(copy) || !vm_safepoint(vm, 1)) return VALUE_ERROR;
        result->items[i] = copy;
    }
    return value_object(result);
}

static const NativeDefinition tee_methods[] = {{"__new__", tee_new, "cls, iterable, /", NATIVE_NEW},
                                               {"__copy__", tee_copy, "self, /", NATIVE_METHOD},
                                               {0}};
static const NativeDefinition functions[] = {
    {"tee", tee_function, "iterable, n=2, /", NATIVE_METHOD, "A tuple of n iterators that each give all of the iterable's items."}, {0}};

bool itertools_groups_add(VM *vm, Dict *namespace) {
    Class **classes = library_of(vm)->classes;
    Class *groupby = native_data_class(vm, "itertools", "groupby", &groupby_ops, sizeof(GroupBy), CLASS_NO_WEAK);
    classes[LIBRARY_GROUPER] = native_data_class(vm, "itertools", "_grouper", &group_ops, sizeof(Group), CLASS_FINAL | CLASS_NO_WEAK);
    classes[LIBRARY_TEE] = native_data_class(vm, "itertools", "_tee", &tee_ops, sizeof(Tee), CLASS_FINAL);
    classes[LIBRARY_TEE_BLOCK] =
        native_data_class(vm, "itertools", "_tee_dataobject", &block_ops, sizeof(TeeBlock), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    return groupby && classes[LIBRARY_GROUPER] && classes[LIBRARY_TEE] && classes[LIBRARY_TEE_BLOCK] &&
           native_add_methods(vm, groupby, groupby_methods) >= 0 &&
           add_text(vm, groupby->attributes, "__doc__", "Each run of items with one key: the key, and an iterator over the run.") &&
           native_add_methods(vm, classes[LIBRARY_GROUPER], group_methods) >= 0 &&
           native_add_methods(vm, classes[LIBRARY_TEE], tee_methods) >= 0 &&
           add_value(vm, namespace, "groupby", value_object(groupby)) &&
           add_value(vm, namespace, "_grouper", value_object(classes[LIBRARY_GROUPER])) &&
           add_value(vm, namespace, "_tee", value_object(classes[LIBRARY_TEE])) &&
           add_value(vm, namespace, "_tee_dataobject", value_object(classes[LIBRARY_TEE_BLOCK])) &&
           native_add_functions(vm, namespace, functions) > 0;
}

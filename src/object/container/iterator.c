#include "object/container/iterator.h"

#include "object/container/dict.h"
#include "object/container/range.h"
#include "object/container/set.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/text/bytes.h"

static Iterator *iterator_of(Value v) { return (Iterator *)object_of(v); }

// A range whose items and steps are all small ints counts in C integers; any other keeps its next value in
// `extra` and the range in `source`.
static void start_range(Iterator *it, Range_ *range) {
    int64_t length;
    it->source = value_object(range);
    if (is_small(range->start) && is_small(range->stop) && is_small(range->step) &&
        int_to_int64(range->length, &length)) {
        it->position = small_of(range->start);
        it->limit = length;
        it->extra = range->step;
    } else {
        it->which = ITERATE_BIG_RANGE;
        it->extra = range->start;
    }
}

Value iterator_new(VM *vm, IteratorKind which, Value source) {
    if (which == ITERATE_RANGE) {
        Range_ *range = (Range_ *)object_of(source);
        if (!is_small(range->start) || !is_small(range->stop) || !is_small(range->step))
            which = ITERATE_BIG_RANGE;
    }
    Iterator *it =
        heap_allocate(vm, builtin_shape(vm->classes.iterators[which]), KIND_ITERATOR, sizeof(Iterator));
    if (!it) return VALUE_ERROR;
    it->which = which;
    it->changes = 0;
    it->source = source;
    it->position = it->limit = 0;
    it->extra = VALUE_NONE;
    switch (which) {
    case ITERATE_LIST_REVERSED: it->position = (int64_t)list_of(source)->length - 1; break;
    case ITERATE_RANGE:
    case ITERATE_BIG_RANGE: start_range(it, (Range_ *)object_of(source)); break;
    case ITERATE_DICT_KEYS:
    case ITERATE_DICT_VALUES:
    case ITERATE_DICT_ITEMS:
        it->changes = dict_of(source)->changes;
        it->limit = dict_of(source)->length;
        it->extra = value_small(it->limit);
        it->position = dict_first(vm, dict_of(source));
        break;
    case ITERATE_DICT_REVERSED:
        it->changes = dict_of(source)->changes;
        it->position = (int64_t)dict_of(source)->entry_count - 1;
        it->limit = VIEW_KEYS;
        it->extra = value_small(dict_of(source)->length);
        break;
    case ITERATE_SET:
        it->changes = set_of(source)->changes;
        it->limit = (int64_t)set_of(source)->used;
        break;
    default: break;
    }
    return value_object(it);
}

static void iterator_trace(VM *vm, Object *o) {
    heap_mark(vm, ((Iterator *)o)->source);
    heap_mark(vm, ((Iterator *)o)->extra);
}

static Value exhausted(VM *vm, Iterator *it) {
    it->source = VALUE_NONE;
    vm->stop_value = VALUE_NONE;
    return VALUE_STOP;
}

static Value entry_item(VM *vm, const DictEntry *entry, int64_t view) {
    if (view == VIEW_KEYS) return entry->key;
    if (view == VIEW_VALUES) return entry->value;
    Value pair[2] = {entry->key, entry->value};
    return object_or_error(tuple_from(vm, pair, 2));
}

static Value next_of_dict(VM *vm, Iterator *it) {
    Dict *dict = dict_of(it->source);
    bool reversed = it->which == ITERATE_DICT_REVERSED;
    int64_t length = reversed ? small_of(it->extra) : it->limit;
    if (dict->changes != it->changes) {
        // An OrderedDict takes no change at all, but when its last item has been given.
        if (class_of(vm, it->source)->flags & CLASS_ORDERED)
            return (reversed ? it->position < 0 : small_of(it->extra) == 0) ? exhausted(vm, it)
                                                                            : raise_runtime_error(vm, "OrderedDict mutated during iteration");
        // Keys may come and go as long as their number stays.
        if (dict->length != length)
            return raise_runtime_error(vm, "dictionary changed size during iteration");
        if (!reversed && small_of(it->extra) == 0 && length) return raise_runtime_error(vm, "dictionary keys changed during iteration");
        it->changes = dict->changes;
    }
    // Whoever deletes from the front and begins anew passes over all that was deleted each time.
    if (reversed) {
        if (it->position >= dict->entry_count) it->position = (int64_t)dict->entry_count - 1;
        for (int64_t start = it->position; it->position >= 0;) {
            const DictEntry *entry = &dict->entries[it->position--];
            if (is_empty(entry->key)) continue;
            vm_count_work(vm, (size_t)(start - it->position) / 16);
            return entry_item(vm, entry, it->limit);
        }
        return exhausted(vm, it);
    }
    for (int64_t start = it->position; it->position < dict->entry_count;) {
        const DictEntry *entry = &dict->entries[it->position++];
        if (is_empty(entry->key)) continue;
        vm_count_work(vm, (size_t)(it->position - start) / 16);
        if (small_of(it->extra) == 0) return raise_runtime_error(vm, "dictionary keys changed during iteration");
        it->extra = value_small(small_of(it->extra) - 1);
        return entry_item(vm, entry, (int64_t)it->which - ITERATE_DICT_KEYS);
    }
    return exhausted(vm, it);
}

static Value next_of_set(VM *vm, Iterator *it) {
    Set *set = set_of(it->source);
    if (set->changes != it->changes) {
        if ((int64_t)set->used != it->limit)
            return raise_runtime_error(vm, "Set changed size during iteration");
        it->changes = set->changes;
    }
    size_t position = (size_t)it->position;
    Value item;
    if (!set_next(set, &position, &item)) return exhausted(vm, it);
    it->position = (int64_t)position;
    return item;
}

static Value next_of_string(VM *vm, Iterator *it) {
    // The position is a byte offset.
    String *s = string_of(it->source);
    if ((size_t)it->position >= s->size) return exhausted(vm, it);
    unsigned char first = (unsigned char)s->data[it->position];
    if (first < 0x80) {
        it->position++;
        if (vm->names.latin1[first]) return value_object(vm->names.latin1[first]);
        return object_or_error(string_from_code_point(vm, first));
    }
    int width = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    String *item = string_new(vm, s->data + it->position, (size_t)width);
    it->position += width;
    return object_or_error(item);
}

static Value next_of_big_range(VM *vm, Iterator *it) {
    Range_ *range = (Range_ *)object_of(it->source);
    Comparison before = int_sign(range->step) > 0 ? COMPARISON_LT : COMPARISON_GT;
    Value item = it->extra;
    if (!is_true(int_compare(vm, before, item, range->stop))) return exhausted(vm, it);
    Value next = int_binary(vm, BINARY_ADD, item, range->step);
    if (is_error(next)) return next;
    heap_store(vm, it, &it->extra, next);
    return item;
}

static Value next_of_sequence(VM *vm, Iterator *it) {
    bool reversed = it->which == ITERATE_SEQUENCE_REVERSED;
    if (reversed && it->position < 0) return exhausted(vm, it);
    Value item = value_get_item(vm, it->source, value_small(it->position));
    if (!is_error(item)) {
        it->position += reversed ? -1 : 1;
        return item;
    }
    if (!exception_matches(vm, vm->exceptions.index_error) &&
        !exception_matches(vm, vm->exceptions.stop_iteration))
        return item;
    exception_clear(vm);
    return exhausted(vm, it);
}

static Value next_of_callable(VM *vm, Iterator *it) {
    Value item = vm_call(vm, it->source, NULL, 0, NULL);
    if (is_error(item)) {
        if (!exception_matches(vm, vm->exceptions.stop_iteration)) return item;
        exception_clear(vm);
        return exhausted(vm, it);
    }
    if (is_none(it->source)) return exhausted(vm, it); // by the function itself
    int equal = value_equal(vm, it->extra, item);
    if (equal < 0) return VALUE_ERROR;
    return equal ? exhausted(vm, it) : item;
}

static Value iterator_next(VM *vm, Value self) {
    Iterator *it = iterator_of(self);
    if (is_none(it->source)) return exhausted(vm, it);
    switch (it->which) {
    case ITERATE_LIST: {
        List *list = list_of(it->source);
        if ((size_t)it->position >= list->length) return exhausted(vm, it);
        return list->items[it->position++];
    }
    case ITERATE_LIST_REVERSED: {
        List *list = list_of(it->source);
        if (it->position < 0 || (size_t)it->position >= list->length) return exhausted(vm, it);
        return list->items[it->position--];
    }
    case ITERATE_TUPLE: {
        Tuple *tuple = tuple_of(it->source);
        if ((size_t)it->position >= tuple->length) return exhausted(vm, it);
        return tuple->items[it->position++];
    }
    case ITERATE_STRING: return next_of_string(vm, it);
    case ITERATE_BYTES: {
        if (is_kind(it->source, KIND_MEMORYVIEW)) {
            int64_t length = value_length(vm, it->source);
            if (length < 0) return VALUE_ERROR;
            if (it->position >= length) return exhausted(vm, it);
            return value_get_item(vm, it->source, value_small(it->position++));
        }
        const unsigned char *data;
        size_t length;
        if (!bytes_view(it->source, &data, &length) || (size_t)it->position >= length)
            return exhausted(vm, it);
        return value_small(data[it->position++]);
    }
    case ITERATE_RANGE: {
        if (it->limit <= 0) return exhausted(vm, it);
        Value item = value_small(it->position);
        it->limit--;
        if (it->limit > 0) it->position += small_of(it->extra);
        return item;
    }
    case ITERATE_BIG_RANGE: return next_of_big_range(vm, it);
    case ITERATE_DICT_KEYS:
    case ITERATE_DICT_VALUES:
    case ITERATE_DICT_ITEMS:
    case ITERATE_DICT_REVERSED: return next_of_dict(vm, it);
    case ITERATE_SET: return next_of_set(vm, it);
    case ITERATE_SEQUENCE:
    case ITERATE_SEQUENCE_REVERSED: return next_of_sequence(vm, it);
    case ITERATE_CALLABLE: return next_of_callable(vm, it);
    }
    return exhausted(vm, it);
}

static Value iterator_self(VM *vm, Value self) { return self; }

const TypeOps iterator_ops = {.trace = iterator_trace, .iterate = iterator_self, .next = iterator_next};

// ---- Methods

static Value length_hint_method(VM *vm, Value *args, size_t count) {
    Iterator *it = iterator_of(args[0]);
    int64_t left = 0;
    if (is_none(it->source)) return value_small(0);
    switch (it->which) {
    case ITERATE_LIST: left = (int64_t)list_of(it->source)->length - it->position; break;
    case ITERATE_TUPLE: left = (int64_t)tuple_of(it->source)->length - it->position; break;
    case ITERATE_LIST_REVERSED:
    case ITERATE_SEQUENCE_REVERSED: left = it->position + 1; break;
    case ITERATE_STRING: {
        String *s = string_of(it->source);
        for (size_t i = (size_t)it->position; i < s->size; i++)
            left += ((unsigned char)s->data[i] & 0xC0) != 0x80;
        vm_count_work(vm, (s->size - (size_t)it->position) / 32);
        break;
    }
    case ITERATE_BYTES:
    case ITERATE_SEQUENCE:
        left = value_length(vm, it->source);
        if (left < 0) return VALUE_ERROR;
        left -= it->position;
        break;
    case ITERATE_RANGE: return int_from_int64(vm, it->limit);
    case ITERATE_BIG_RANGE: {
        Range_ *range = (Range_ *)object_of(it->source);
        Value done = int_binary(vm, BINARY_SUBTRACT, it->extra, range->start);
        if (!is_error(done)) done = int_binary(vm, BINARY_FLOOR_DIVIDE, done, range->step);
        return is_error(done) ? done : int_binary(vm, BINARY_SUBTRACT, range->length, done);
    }
    case ITERATE_DICT_KEYS:
    case ITERATE_DICT_VALUES:
    case ITERATE_DICT_ITEMS: {
        Dict *dict = dict_of(it->source);
        vm_count_work(vm, dict->entry_count / 16);
        for (int64_t i = it->position; dict->length == it->limit && i < dict->entry_count; i++)
            left += !is_empty(dict->entries[i].key);
        break;
    }
    case ITERATE_DICT_REVERSED: {
        Dict *dict = dict_of(it->source);
        vm_count_work(vm, dict->entry_count / 16);
        for (int64_t i = 0; dict->length == small_of(it->extra) && i <= it->position && i < dict->entry_count;
             i++)
            left += !is_empty(dict->entries[i].key);
        break;
    }
    case ITERATE_SET: {
        size_t position = (size_t)it->position;
        Value item;
        vm_count_work(vm, set_of(it->source)->capacity / 16);
        while ((int64_t)set_of(it->source)->used == it->limit &&
               set_next(set_of(it->source), &position, &item))
            left++;
        break;
    }
    case ITERATE_CALLABLE: break;
    }
    return value_small(left < 0 ? 0 : left);
}

static const NativeDefinition hint_methods[] = {
    {"__length_hint__", length_hint_method, "self, /", NATIVE_METHOD},
    {"__reduce__", iterator_reduce, "self, /", NATIVE_METHOD},
    {0},
};
static const NativeDefinition callable_methods[] = {
    {"__reduce__", iterator_reduce, "self, /", NATIVE_METHOD},
    {0},
};
static const NativeDefinition sequence_methods[] = {
    {"__length_hint__", length_hint_method, "self, /", NATIVE_METHOD},
    {"__reduce__", iterator_reduce, "self, /", NATIVE_METHOD},
    {"__setstate__", iterator_set_state, "self, state, /", NATIVE_METHOD},
    {0},
};

// reversed(x): by __reversed__, or else by len and indices.
static Value reversed_dunder_new(VM *vm, Value *args, size_t count) {
    Class *cls = vm->classes.iterators[ITERATE_SEQUENCE_REVERSED];
    if (!builtin_new_class(vm, args[0], cls)) return VALUE_ERROR;
    Class *source = class_of(vm, args[1]);
    Value method = class_special(vm, source, SPECIAL_REVERSED);
    if (is_none(method)) return raise_type_error(vm, "'%s' object is not reversible", type_name(vm, args[1]));
    if (!is_empty(method)) return value_call_special(vm, args[1], SPECIAL_REVERSED, NULL, 0);
    if (is_empty(class_special(vm, source, SPECIAL_GETITEM)) || is_dict(args[1]))
        return raise_type_error(vm, "'%s' object is not reversible", type_name(vm, args[1]));
    int64_t length = value_length(vm, args[1]);
    if (length < 0) return VALUE_ERROR;
    Value it = iterator_new(vm, ITERATE_SEQUENCE_REVERSED, args[1]);
    if (!is_error(it)) iterator_of(it)->position = length - 1;
    return it;
}

static const NativeDefinition reversed_methods[] = {
    {"__new__", reversed_dunder_new, "cls, object, /", NATIVE_NEW},
    {"__length_hint__", length_hint_method, "self, /", NATIVE_METHOD},
    {"__reduce__", iterator_reduce, "self, /", NATIVE_METHOD},
    {"__setstate__", iterator_set_state, "self, state, /", NATIVE_METHOD},
    {0},
};

bool iterator_class_init(VM *vm) {
    static const struct {
        const char *name;
        const NativeDefinition *methods;
    } kinds[] = {
        [ITERATE_LIST] = {"list_iterator", sequence_methods},
        [ITERATE_LIST_REVERSED] = {"list_reverseiterator", sequence_methods},
        [ITERATE_TUPLE] = {"tuple_iterator", sequence_methods},
        [ITERATE_STRING] = {"str_ascii_iterator", sequence_methods},
        [ITERATE_BYTES] = {"bytes_iterator", sequence_methods},
        [ITERATE_RANGE] = {"range_iterator", sequence_methods},
        [ITERATE_BIG_RANGE] = {"longrange_iterator", sequence_methods},
        [ITERATE_DICT_KEYS] = {"dict_keyiterator", hint_methods},
        [ITERATE_DICT_VALUES] = {"dict_valueiterator", hint_methods},
        [ITERATE_DICT_ITEMS] = {"dict_itemiterator", hint_methods},
        [ITERATE_DICT_REVERSED] = {"dict_reversekeyiterator", hint_methods},
        [ITERATE_SET] = {"set_iterator", hint_methods},
        [ITERATE_SEQUENCE] = {"iterator", sequence_methods},
        [ITERATE_SEQUENCE_REVERSED] = {"reversed", reversed_methods},
        [ITERATE_CALLABLE] = {"callable_iterator", callable_methods},
    };
    vm->ops[KIND_ITERATOR] = &iterator_ops;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        uint32_t flags = i == ITERATE_SEQUENCE_REVERSED ? CLASS_FINAL : CLASS_FINAL | CLASS_ABSTRACT_NEW;
        Class *cls =
            class_new_builtin(vm, kinds[i].name, vm->classes.object, KIND_ITERATOR, sizeof(Iterator), flags);
        if (!cls) return false;
        vm->classes.iterators[i] = cls;
        if (native_add_methods(vm, cls, kinds[i].methods) < 0) return false;
    }
    return true;
}

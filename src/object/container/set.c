// The table of set and frozenset, and the operations of sets. Methods are in set_methods.c.
//
// A search visits runs of slots. A run is a slot and, unless they pass the end of the table, the nine that follow it: they
// are next to each other in memory. Where the next run starts follows from where this one did and from bits of the hash
// that have not been used yet; once these are used up, the multiplier alone makes the starts pass through the whole table
// (a congruential generator of full period). A new item takes the place of the last deleted one that its search has passed.
// The table grows to more than four times the live items (twice beyond 50000) when three fifths of it are filled. All of
// that decides in which order a set is iterated.
#include "object/container/set.h"

#include "object/container/dict.h"
#include "object/container/iterator.h"
#include "object/shared/builtin.h"

enum { MINIMUM_CAPACITY = 8, RUN_NEIGHBOURS = 9, HASH_BITS_USED = 5, NOT_FOUND = -1, FIND_FAILED = -2 };
#define SET_HASHED OBJECT_FLAG_1

static Shape *shape_for(VM *vm, bool frozen) {
    return builtin_shape(frozen ? vm->classes.frozenset : vm->classes.set);
}

Set *set_new(VM *vm, bool frozen) {
    Set *set = heap_allocate(vm, shape_for(vm, frozen), KIND_SET, sizeof(Set));
    if (set) object_set_flag(&set->object, SET_FROZEN, frozen);
    return set;
}

static bool is_live(const SetEntry *entry) { return !is_empty(entry->key) && !is_stop(entry->key); }

// Whether the key in a slot, whose hash is the key's, equals it: 1, 0, -1, or 2 when a script has meanwhile replaced it or the
// table, so that the search must begin again.
static int same_key(VM *vm, Set *set, size_t slot, Value key) {
    Value entry_key = set->table[slot].key;
    if (are_small(entry_key, key)) return 0;
    if (is_exact_string(vm, entry_key) && is_exact_string(vm, key)) {
        vm_count_work(vm, work_of_bytes(string_of(key)->size));
        return string_equal(string_of(entry_key), string_of(key));
    }
    if (!vm_poll(vm, 1)) return -1;
    const SetEntry *table = set->table;
    size_t capacity = set->capacity;
    int equal = value_equal(vm, entry_key, key);
    bool stands = set->table == table && set->capacity == capacity && value_same(table[slot].key, entry_key);
    return equal >= 0 && !stands ? 2 : equal;
}

// The slot of a key; or NOT_FOUND, and then *unused (if not NULL) is the slot to put it in; or FIND_FAILED.
// [script]
static int64_t find(VM *vm, Set *set, Value key, uint64_t hash, size_t *unused) {
restart:
    if (!set->capacity) return NOT_FOUND;
    size_t mask = set->capacity - 1, slot = hash & mask;
    uint64_t remaining_hash = hash;
    size_t deleted = SIZE_MAX;
    for (;;) {
        size_t neighbours = slot + RUN_NEIGHBOURS <= mask ? RUN_NEIGHBOURS : 0;
        for (size_t i = slot; i <= slot + neighbours; i++) {
            const SetEntry *entry = &set->table[i];
            if (is_empty(entry->key)) {
                if (unused) *unused = deleted != SIZE_MAX ? deleted : i;
                return NOT_FOUND;
            }
            if (is_stop(entry->key)) deleted = i;
            if (value_same(entry->key, key)) return (int64_t)i;
            if (entry->hash != hash || is_stop(entry->key)) continue;
            int same = same_key(vm, set, i, key);
            if (same == 2) goto restart;
            if (same) return same < 0 ? FIND_FAILED : (int64_t)i;
        }
        remaining_hash >>= HASH_BITS_USED;
        slot = (slot * 5 + 1 + remaining_hash) & mask;
    }
}

// Puts a key that is not there into a table that has free slots and no deleted ones. Keys whose hashes are equal all stand in one
// line: what it takes to pass them is charged.
static void place_in_fresh_table(VM *vm, SetEntry *table, size_t mask, Value key, uint64_t hash) {
    uint64_t remaining_hash = hash;
    size_t slot = hash & mask;
    for (size_t steps = 0;; steps++) {
        size_t neighbours = slot + RUN_NEIGHBOURS <= mask ? RUN_NEIGHBOURS : 0;
        for (size_t i = slot; i <= slot + neighbours; i++) {
            if (!is_empty(table[i].key)) continue;
            vm_count_work(vm, steps);
            table[i] = (SetEntry){key, hash};
            return;
        }
        remaining_hash >>= HASH_BITS_USED;
        slot = (slot * 5 + 1 + remaining_hash) & mask;
    }
}

static SetEntry *new_table(VM *vm, size_t capacity) {
    if (capacity > PTRDIFF_MAX / sizeof(SetEntry)) return raise_memory_error(vm), NULL;
    SetEntry *table = heap_resize(vm, NULL, 0, capacity * sizeof(SetEntry));
    if (!table) return raise_memory_error(vm), NULL;
    for (size_t i = 0; i < capacity; i++) {
        if (i % 4096 == 0 && !vm_poll(vm, 0)) return heap_resize(vm, table, capacity * sizeof(SetEntry), 0), NULL;
        table[i] = (SetEntry){VALUE_EMPTY, 0};
    }
    return table;
}

// Puts all of a set's items into a table that is all free. False: interrupted.
static bool place_all(VM *vm, SetEntry *table, size_t mask, const Set *set) {
    for (size_t i = 0; i < set->capacity; i++) {
        if (!is_live(&set->table[i])) continue;
        if (!vm_poll(vm, 0)) return false;
        place_in_fresh_table(vm, table, mask, set->table[i].key, set->table[i].hash);
    }
    return true;
}

// Rebuilds the table with more than `minimum` slots. False with an error: nothing has changed.
static bool resize(VM *vm, Set *set, size_t minimum) {
    size_t capacity = MINIMUM_CAPACITY;
    while (capacity <= minimum) {
        if (capacity > PTRDIFF_MAX / sizeof(SetEntry)) return raise_memory_error(vm), false;
        capacity <<= 1;
    }
    SetEntry *table = new_table(vm, capacity);
    if (!table) return false;
    if (!place_all(vm, table, capacity - 1, set)) return heap_resize(vm, table, capacity * sizeof(SetEntry), 0), false;
    heap_resize(vm, set->table, set->capacity * sizeof(SetEntry), 0);
    set->table = table;
    set->capacity = capacity;
    set->filled = set->used;
    set->changes++;
    return true;
}

static size_t growth(const Set *set) { return set->used > 50000 ? set->used * 2 : set->used * 4; }

int set_add_hashed(VM *vm, Set *set, Value item, uint64_t hash) {
    if (!set->capacity && !resize(vm, set, 0)) return -1;
    size_t unused = 0;
    int64_t found = find(vm, set, item, hash, &unused);
    if (found != NOT_FOUND) return found < 0 ? -1 : 0;
    if (!set->capacity) { // cleared by a script during the search
        if (!resize(vm, set, 0)) return -1;
        unused = hash & (set->capacity - 1);
    }
    bool was_deleted = is_stop(set->table[unused].key);
    set->table[unused] = (SetEntry){item, hash};
    set->used++;
    set->changes++;
    if (was_deleted) return 1;
    set->filled++;
    if (set->filled * 5 < (set->capacity - 1) * 3) return 1;
    return resize(vm, set, growth(set)) ? 1 : -1;
}

int set_has_hashed(VM *vm, Set *set, Value item, uint64_t hash) {
    int64_t found = find(vm, set, item, hash, NULL);
    return found == FIND_FAILED ? -1 : found >= 0;
}

int set_remove_hashed(VM *vm, Set *set, Value item, uint64_t hash) {
    int64_t found = find(vm, set, item, hash, NULL);
    if (found < 0) return found == FIND_FAILED ? -1 : 0;
    set->table[found] = (SetEntry){VALUE_STOP, 0};
    set->used--;
    set->changes++;
    return 1;
}

// The hash of a frozenset: does not depend on the order of its items.
static uint64_t contents_hash(const Set *set) {
    uint64_t hash = 0;
    for (size_t i = 0; i < set->capacity; i++) {
        if (!is_live(&set->table[i])) continue;
        uint64_t h = set->table[i].hash;
        hash ^= ((h ^ 89869747u) ^ (h << 16)) * 3644798167u;
    }
    hash ^= (set->used + 1) * 1927868237u;
    hash ^= (hash >> 11) ^ (hash >> 25);
    hash = hash * 69069u + 907133923u;
    return hash == UINT64_MAX ? 590923713u : hash;
}

// quick_hash. With `lookup`, a set (which has no hash) is looked for as the frozenset of
// its items.
static int hash_item(VM *vm, Set *set, Value item, bool lookup, uint64_t *hash) {
    if (is_small(item)) return *hash = small_hash(item), 1;
    if (is_exact_string(vm, item)) return *hash = string_hash(vm, string_of(item)), 1;
    int status = value_hash(vm, item, hash);
    if (status < 0 && lookup && is_set(item) && !set_is_frozen(set_of(item)) &&
        exception_matches(vm, vm->exceptions.type_error)) {
        exception_clear(vm);
        *hash = contents_hash(set_of(item));
        return 1;
    }
    return status;
}

int set_add(VM *vm, Set *set, Value item) {
    uint64_t hash;
    return hash_item(vm, set, item, false, &hash) < 0 ? -1 : set_add_hashed(vm, set, item, hash);
}

int set_has(VM *vm, Set *set, Value item) {
    uint64_t hash;
    return hash_item(vm, set, item, true, &hash) < 0 ? -1 : set_has_hashed(vm, set, item, hash);
}

int set_remove(VM *vm, Set *set, Value item) {
    uint64_t hash;
    return hash_item(vm, set, item, true, &hash) < 0 ? -1 : set_remove_hashed(vm, set, item, hash);
}

bool set_next(const Set *set, size_t *position, Value *item) {
    while (*position < set->capacity) {
        const SetEntry *entry = &set->table[(*position)++];
        if (!is_live(entry)) continue;
        *item = entry->key;
        return true;
    }
    return false;
}

void set_clear(VM *vm, Set *set) {
    SetEntry *table = set->table;
    size_t capacity = set->capacity;
    set->table = NULL;
    set->capacity = set->used = set->filled = set->finger = 0;
    set->changes++;
    heap_resize(vm, table, capacity * sizeof(SetEntry), 0);
}

// ---- Operations with other collections

static int merge_set(VM *vm, Set *set, Set *other) {
    if (set == other || !other->used) return 1;
    size_t mask = set->capacity ? set->capacity - 1 : MINIMUM_CAPACITY - 1;
    if ((set->filled + other->used) * 5 >= mask * 3 && !resize(vm, set, (set->used + other->used) * 2))
        return -1;
    if (!set->capacity && !resize(vm, set, 0)) return -1;
    if (!set->filled) {
        if (set->capacity == other->capacity && other->filled == other->used) {
            memcpy(set->table, other->table, set->capacity * sizeof(SetEntry));
        } else {
            if (!place_all(vm, set->table, set->capacity - 1, other)) {
                set_clear(vm, set); // it was empty
                return -1;
            }
        }
        set->used = set->filled = other->used;
        set->changes++;
        return 1;
    }
    for (size_t i = 0; i < other->capacity; i++) {
        SetEntry entry = other->table[i];
        if (!vm_poll(vm, 1)) return -1;
        if (is_live(&entry) && set_add_hashed(vm, set, entry.key, entry.hash) < 0) return -1;
    }
    return 1;
}

static int merge_dict(VM *vm, Set *set, Dict *dict) {
    size_t mask = set->capacity ? set->capacity - 1 : MINIMUM_CAPACITY - 1;
    if ((set->filled + dict->length) * 5 >= mask * 3 && !resize(vm, set, (set->used + dict->length) * 2))
        return -1;
    for (uint32_t i = 0; i < dict->entry_count; i++) {
        DictEntry entry = dict->entries[i];
        if (!vm_poll(vm, 1)) return -1;
        if (!is_empty(entry.key) && set_add_hashed(vm, set, entry.key, entry.hash) < 0) return -1;
    }
    return 1;
}

static int add_each(VM *vm, Value item, void *set) { return set_add(vm, set, item) < 0 ? -1 : 1; }

int set_update(VM *vm, Set *set, Value iterable) {
    if (is_set(iterable)) return merge_set(vm, set, set_of(iterable));
    if (is_exactly(iterable, vm->classes.dict)) return merge_dict(vm, set, dict_of(iterable));
    return value_for_each(vm, iterable, add_each, set);
}

Set *set_from_iterable(VM *vm, Value iterable, bool frozen) {
    Set *set = set_new(vm, frozen);
    return set && set_update(vm, set, iterable) > 0 ? set : NULL;
}

Set *set_of_constants(VM *vm, const Value *items, size_t count) {
    Set *first = set_new(vm, true), *second = set_new(vm, true);
    if (!first || !second) return NULL;
    for (size_t i = 0; i < count; i++)
        if (set_add(vm, first, items[i]) < 0) return NULL;
    size_t position = 0;
    Value item;
    while (set_next(first, &position, &item))
        if (set_add(vm, second, item) < 0) return NULL;
    return second;
}

Set *set_copy(VM *vm, Set *set, bool frozen) { return set_from_iterable(vm, value_object(set), frozen); }

// Items of any iterable that are looked up in one set and added to or removed from another.
typedef struct {
    Set *base, *result;
} Pass;

static int remove_each(VM *vm, Value item, void *data) {
    return set_remove(vm, ((Pass *)data)->base, item) < 0 ? -1 : 1;
}

static int keep_if_in_base(VM *vm, Value item, void *data) {
    Pass *pass = data;
    uint64_t hash;
    int status = hash_item(vm, pass->base, item, false, &hash);
    if (status > 0) status = set_has_hashed(vm, pass->base, item, hash);
    if (status > 0) status = set_add_hashed(vm, pass->result, item, hash);
    return status < 0 ? -1 : 1;
}

Set *set_intersection(VM *vm, Set *set, Value other, bool frozen) {
    if (is_set(other) && set_of(other) == set) return set_copy(vm, set, frozen);
    Set *result = set_new(vm, frozen);
    if (!result) return NULL;
    int status = 1;
    if (is_set(other)) {
        Set *walk = set_of(other), *look = set;
        if (walk->used > look->used) walk = set, look = set_of(other);
        for (size_t i = 0; status > 0 && i < walk->capacity; i++) {
            if (!vm_poll(vm, 1)) return NULL;
            SetEntry entry = walk->table[i];
            if (!is_live(&entry)) continue;
            int has = set_has_hashed(vm, look, entry.key, entry.hash);
            if (has < 0 || (has && set_add_hashed(vm, result, entry.key, entry.hash) < 0)) status = -1;
        }
    } else {
        Pass pass = {set, result};
        status = value_for_each(vm, other, keep_if_in_base, &pass);
    }
    return status < 0 ? NULL : result;
}

int set_intersection_update(VM *vm, Set *set, Value other) {
    Set *result = set_intersection(vm, set, other, false);
    if (!result) return -1;
    // The two change places; the result is garbage from now on.
    SetEntry *table = set->table;
    size_t capacity = set->capacity;
    set->table = result->table;
    set->capacity = result->capacity;
    set->used = result->used;
    set->filled = result->filled;
    set->changes++;
    result->table = table;
    result->capacity = capacity;
    return 1;
}

int set_difference_update(VM *vm, Set *set, Value other) {
    if (is_set(other) && set_of(other) == set) return set_clear(vm, set), 1;
    int status = 1;
    if (is_set(other)) {
        Set *walk = set_of(other);
        if (walk->used >> 3 > set->used) { // far bigger: look at what they share only
            walk = set_intersection(vm, set, other, false);
            if (!walk) return -1;
        }
        for (size_t i = 0; status > 0 && i < walk->capacity; i++) {
            if (!vm_poll(vm, 1)) return -1;
            SetEntry entry = walk->table[i];
            if (is_live(&entry) && set_remove_hashed(vm, set, entry.key, entry.hash) < 0) status = -1;
        }
    } else {
        Pass pass = {set, NULL};
        status = value_for_each(vm, other, remove_each, &pass);
    }
    if (status > 0 && set->capacity && set->filled - set->used > (set->capacity - 1) / 4)
        return resize(vm, set, growth(set)) ? 1 : -1;
    return status;
}

Set *set_difference(VM *vm, Set *set, Value other, bool frozen) {
    size_t size = is_set(other) ? set_of(other)->used : is_dict(other) ? dict_of(other)->length : 0;
    if ((!is_set(other) && !is_dict(other)) || set->used >> 2 > size) {
        Set *result = set_copy(vm, set, frozen);
        if (!result) return NULL;
        return set_difference_update(vm, result, other) < 0 ? NULL : result;
    }
    Set *result = set_new(vm, frozen);
    if (!result) return NULL;
    int status = 1;
    for (size_t i = 0; status > 0 && i < set->capacity; i++) {
        if (!vm_poll(vm, 1)) return NULL;
        SetEntry entry = set->table[i];
        if (!is_live(&entry)) continue;
        int has;
        if (is_set(other)) {
            has = set_has_hashed(vm, set_of(other), entry.key, entry.hash);
        } else {
            Value value = dict_get_hashed(vm, dict_of(other), entry.key, entry.hash);
            has = is_error(value) ? -1 : !is_empty(value);
        }
        if (has < 0 || (!has && set_add_hashed(vm, result, entry.key, entry.hash) < 0)) status = -1;
    }
    return status < 0 ? NULL : result;
}

int set_symmetric_difference_update(VM *vm, Set *set, Value other) {
    if (is_set(other) && set_of(other) == set) return set_clear(vm, set), 1;
    Set *walk = is_set(other) ? set_of(other) : set_from_iterable(vm, other, false);
    int status = walk ? 1 : -1;
    for (size_t i = 0; status > 0 && i < walk->capacity; i++) {
        if (!vm_poll(vm, 1)) return -1;
        SetEntry entry = walk->table[i];
        if (!is_live(&entry)) continue;
        int removed = set_remove_hashed(vm, set, entry.key, entry.hash);
        if (removed < 0 || (!removed && set_add_hashed(vm, set, entry.key, entry.hash) < 0)) status = -1;
    }
    return status;
}

Set *set_symmetric_difference(VM *vm, Set *set, Value other, bool frozen) {
    Set *result = set_from_iterable(vm, other, frozen);
    return result && set_symmetric_difference_update(vm, result, value_object(set)) >= 0 ? result : NULL;
}

int set_is_subset(VM *vm, Set *set, Set *other) {
    if (set->used > other->used) return 0;
    int status = 1;
    for (size_t i = 0; status > 0 && i < set->capacity; i++) {
        if (!vm_poll(vm, 1)) return -1;
        SetEntry entry = set->table[i];
        if (is_live(&entry)) status = set_has_hashed(vm, other, entry.key, entry.hash);
    }
    return status;
}

// ---- Operations

static void set_trace(VM *vm, Object *o) {
    Set *set = (Set *)o;
    if (set->capacity) heap_mark_rows(vm, &set->table[0].key, set->capacity, sizeof(SetEntry) / sizeof(Value), 1);
}

static void set_finalize(VM *vm, Object *o) {
    Set *set = (Set *)o;
    heap_resize(vm, set->table, set->capacity * sizeof(SetEntry), 0);
}

static Value set_repr(VM *vm, Value self) {
    Set *set = set_of(self);
    bool plain = is_exactly(self, vm->classes.set);
    const char *name = type_name(vm, self);
    if (!set->used) return object_or_error(string_format(vm, "%s()", name));
    int entered = repr_enter(vm, self);
    if (entered < 0) return VALUE_ERROR;
    if (!entered) return object_or_error(string_format(vm, "%s(...)", name));
    // The items are copied first: their repr may run a script that changes the set.
    List *items = list_new(vm, set->used);
    bool good = items != NULL;
    Buffer buffer = vm_buffer(vm);
    if (good) {
        size_t position = 0;
        while (set_next(set, &position, &items->items[items->length])) items->length++;
        if (!plain) buffer_format(&buffer, "%s(", name);
        buffer_byte(&buffer, '{');
        for (size_t i = 0; good && i < items->length; i++) {
            if (i) buffer_append(&buffer, ", ", 2);
            good = append_repr(vm, &buffer, items->items[i]);
        }
        buffer_text(&buffer, plain ? "}" : "})");
    }
    repr_leave(vm);
    if (!good) return buffer_free(&buffer), VALUE_ERROR;
    return object_or_error(string_from_buffer(vm, &buffer));
}

static int set_hash(VM *vm, Value self, uint64_t *out) {
    Set *set = set_of(self);
    if (!set_is_frozen(set)) return raise_type_error(vm, "unhashable type: '%s'", type_name(vm, self)), -1;
    if (!object_flag(&set->object, SET_HASHED)) {
        vm_count_work(vm, set->capacity / 16);
        set->hash = contents_hash(set);
        object_set_flag(&set->object, SET_HASHED, true);
    }
    *out = set->hash;
    return 1;
}

static Value set_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_set(self) || !is_set(other)) return VALUE_NOT_IMPLEMENTED;
    Set *a = set_of(self), *b = set_of(other);
    int status;
    switch (op) {
    case COMPARISON_EQ:
    case COMPARISON_NE:
        if (!recursion_enter(vm, " in comparison")) return VALUE_ERROR;
        status = a->used != b->used ? 0 : set_is_subset(vm, a, b);
        recursion_leave(vm);
        if (op == COMPARISON_NE && status >= 0) status = !status;
        break;
    case COMPARISON_LE: status = set_is_subset(vm, a, b); break;
    case COMPARISON_GE: status = set_is_subset(vm, b, a); break;
    case COMPARISON_LT: status = a->used >= b->used ? 0 : set_is_subset(vm, a, b); break;
    default: status = b->used >= a->used ? 0 : set_is_subset(vm, b, a); break;
    }
    return status < 0 ? VALUE_ERROR : value_bool(status);
}

static Value set_binary(VM *vm, Binary op, Value left, Value right) {
    if (!is_set(left) || !is_set(right)) return VALUE_NOT_IMPLEMENTED;
    Set *set = set_of(left);
    bool frozen = set_is_frozen(set);
    switch (op) {
    case BINARY_OR: {
        Set *result = set_copy(vm, set, frozen);
        if (!result || set_update(vm, result, right) < 0) return VALUE_ERROR;
        return value_object(result);
    }
    case BINARY_AND: return object_or_error(set_intersection(vm, set, right, frozen));
    case BINARY_SUBTRACT: return object_or_error(set_difference(vm, set, right, frozen));
    case BINARY_XOR: return object_or_error(set_symmetric_difference(vm, set, right, frozen));
    default: return VALUE_NOT_IMPLEMENTED;
    }
}

static Value set_in_place(VM *vm, Binary op, Value self, Value right) {
    Set *set = set_of(self);
    if (!is_set(right) || set_is_frozen(set)) return VALUE_NOT_IMPLEMENTED;
    int status;
    switch (op) {
    case BINARY_OR: status = set_update(vm, set, right); break;
    case BINARY_SUBTRACT: status = set_difference_update(vm, set, right); break;
    case BINARY_XOR: status = set_symmetric_difference_update(vm, set, right); break;
    case BINARY_AND: status = set_intersection_update(vm, set, right); break;
    default: return VALUE_NOT_IMPLEMENTED;
    }
    return status < 0 ? VALUE_ERROR : self;
}

static int64_t set_length(VM *vm, Value self) { return (int64_t)set_of(self)->used; }
static int set_contains(VM *vm, Value self, Value item) { return set_has(vm, set_of(self), item); }
static Value set_iterate(VM *vm, Value self) { return iterator_new(vm, ITERATE_SET, self); }

const TypeOps set_ops = {
    .trace = set_trace,
    .finalize = set_finalize,
    .repr = set_repr,
    .hash = set_hash,
    .compare = set_compare,
    .binary = set_binary,
    .in_place = set_in_place,
    .operations = &set_operators,
    .length = set_length,
    .contains = set_contains,
    .iterate = set_iterate,
};

bool set_class_init(VM *vm) {
    vm->ops[KIND_SET] = &set_ops;
    vm->classes.set = class_new_builtin(vm, "set", vm->classes.object, KIND_SET, sizeof(Set), 0);
    vm->classes.frozenset = class_new_builtin(vm, "frozenset", vm->classes.object, KIND_SET, sizeof(Set), 0);
    return vm->classes.set && vm->classes.frozenset && set_methods_init(vm);
}

// The table of dict: looking up, inserting, deleting, growing. Methods are in dict_methods.c, views in
// dict_view.c.
#include "object/container/dict.h"

#include "object/container/iterator.h"
#include "object/shared/builtin.h"

enum { SMALL_CAPACITY = 8, FOUND_NONE = -1, FOUND_ERROR = -2 };
#define SLOT_FREE 0u
#define SLOT_DELETED 0xFFFFFFFFu
#define DICT_MAX_ENTRIES 0x40000000u

// Set once a key that is not exactly a str has been stored: until then no lookup of a str can run a script.
#define DICT_MIXED OBJECT_FLAG_1

Dict *dict_new(VM *vm) { return heap_allocate(vm, builtin_shape(vm->classes.dict), KIND_DICT, sizeof(Dict)); }

// The next slot of a probe sequence.
static inline uint32_t next_slot(uint32_t slot, uint64_t *perturb, uint32_t mask) {
    *perturb >>= 5;
    return (slot * 5 + (uint32_t)*perturb + 1) & mask;
}

// Whether the key of an entry equals a str of the hash.
static inline bool is_entry_of(VM *vm, const DictEntry *entry, const String *key, uint64_t hash) {
    if (entry->hash != hash || !is_string(entry->key)) return false;
    vm_count_work(vm, work_of_bytes(key->size));
    return string_equal(string_of(entry->key), key);
}

// The entry of a str, compared with strs only. Runs no script.
static int64_t find_string(VM *vm, const Dict *dict, const String *key, uint64_t hash) {
    const DictEntry *entries = dict->entries;
    uint64_t bits = value_object(key).bits;
    if (!dict->index) {
        for (uint32_t i = 0; i < dict->entry_count; i++)
            if (entries[i].key.bits == bits) return i;
        for (uint32_t i = 0; i < dict->entry_count; i++)
            if (is_entry_of(vm, &entries[i], key, hash)) return i;
        return FOUND_NONE;
    }
    uint32_t mask = dict->index_capacity - 1, slot = (uint32_t)hash & mask;
    for (uint64_t perturb = hash;; slot = next_slot(slot, &perturb, mask)) {
        uint32_t n = dict->index[slot];
        if (n == SLOT_FREE) return FOUND_NONE;
        if (n == SLOT_DELETED) continue;
        const DictEntry *entry = &entries[n - 1];
        if (entry->key.bits == bits) return n - 1;
        if (is_entry_of(vm, entry, key, hash)) return n - 1;
    }
}

// Whether the key of an entry, whose hash is the key's, equals it: 1, 0, -1; or 2 when a script has meanwhile replaced that
// entry or the tables, so that the search must begin again. (What it only adds does not matter.)
static int same_key(VM *vm, Dict *dict, uint32_t number, Value key) {
    Value entry_key = dict->entries[number].key;
    if (are_small(entry_key, key)) return 0; // equal ones are the same word
    if (is_exact_string(vm, entry_key) && is_exact_string(vm, key)) {
        vm_count_work(vm, work_of_bytes(string_of(key)->size));
        return string_equal(string_of(entry_key), string_of(key));
    }
    if (!vm_poll(vm, 1)) return -1;
    const DictEntry *entries = dict->entries;
    const uint32_t *index = dict->index;
    uint32_t capacity = dict->index_capacity;
    int equal = value_equal(vm, entry_key, key);
    bool stands = dict->entries == entries && dict->index == index && dict->index_capacity == capacity &&
                  number < dict->entry_count && value_same(dict->entries[number].key, entry_key);
    return equal >= 0 && !stands ? 2 : equal;
}

// The entry of any key, FOUND_NONE or FOUND_ERROR. [script]
static int64_t find(VM *vm, Dict *dict, Value key, uint64_t hash) {
    if (is_exact_string(vm, key) && !object_flag(&dict->object, DICT_MIXED))
        return find_string(vm, dict, string_of(key), hash);
restart:
    if (!dict->index) {
        for (uint32_t i = 0; i < dict->entry_count; i++)
            if (value_same(dict->entries[i].key, key)) return i;
        for (uint32_t i = 0; i < dict->entry_count; i++) {
            if (dict->entries[i].hash != hash || is_empty(dict->entries[i].key)) continue;
            int same = same_key(vm, dict, i, key);
            if (same == 2) goto restart;
            if (same) return same < 0 ? FOUND_ERROR : (int64_t)i;
        }
        return FOUND_NONE;
    }
    uint32_t mask = dict->index_capacity - 1, slot = (uint32_t)hash & mask;
    for (uint64_t perturb = hash;; slot = next_slot(slot, &perturb, mask)) {
        uint32_t n = dict->index[slot];
        if (n == SLOT_FREE) return FOUND_NONE;
        if (n == SLOT_DELETED) continue;
        const DictEntry *entry = &dict->entries[n - 1];
        if (value_same(entry->key, key)) return n - 1;
        if (entry->hash != hash) continue;
        int same = same_key(vm, dict, n - 1, key);
        if (same == 2) goto restart;
        if (same) return same < 0 ? FOUND_ERROR : (int64_t)n - 1;
    }
}

// The first slot for a hash that no entry has. Keys whose hashes are equal all stand in one line: what it takes to pass them is
// charged.
static uint32_t unused_slot(VM *vm, const uint32_t *index, uint32_t capacity, uint64_t hash) {
    uint32_t mask = capacity - 1, slot = (uint32_t)hash & mask, steps = 0;
    uint64_t perturb = hash;
    while (index[slot] != SLOT_FREE && index[slot] != SLOT_DELETED) {
        slot = next_slot(slot, &perturb, mask);
        steps++;
    }
    vm_count_work(vm, steps / 4);
    return slot;
}

// Puts entry number n into the index.
static void index_entry(VM *vm, Dict *dict, uint64_t hash, uint32_t n) {
    uint32_t slot = unused_slot(vm, dict->index, dict->index_capacity, hash);
    if (dict->index[slot] == SLOT_FREE) dict->filled++;
    dict->index[slot] = n + 1;
}

// A dict of fewer entries is rebuilt without a look at what others want: who fills a small one can only fail for memory.
enum { POLLED_ENTRIES = 4096 };

// Puts the entries into an index that is all free. False: interrupted.
static bool index_all(VM *vm, uint32_t *index, uint32_t capacity, const DictEntry *entries, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (i % POLLED_ENTRIES == POLLED_ENTRIES - 1 && !vm_poll(vm, 0)) return false;
        index[unused_slot(vm, index, capacity, entries[i].hash)] = i + 1;
    }
    return true;
}

static void free_tables(VM *vm, DictEntry *entries, uint32_t entry_capacity, uint32_t *index,
                        uint32_t index_capacity) {
    heap_resize(vm, entries, entry_capacity * sizeof(DictEntry), 0);
    heap_resize(vm, index, index_capacity * sizeof(uint32_t), 0);
}

// Copies the entries without the deleted ones, and counts them. False: interrupted.
static bool copy_entries(VM *vm, DictEntry *to, const Dict *dict, uint32_t *count) {
    for (uint32_t i = 0; i < dict->entry_count; i++) {
        if (i % POLLED_ENTRIES == POLLED_ENTRIES - 1 && !vm_poll(vm, 0)) return false;
        if (!is_empty(dict->entries[i].key)) to[(*count)++] = dict->entries[i];
    }
    return true;
}

// Rebuilds the tables with room for at least `wanted` entries, without the deleted ones. False with an error: nothing has changed.
static bool rebuild(VM *vm, Dict *dict, size_t wanted) {
    if (wanted > DICT_MAX_ENTRIES) return raise_memory_error(vm), false;
    uint32_t capacity, index_capacity = 0;
    if (wanted <= SMALL_CAPACITY) {
        capacity = wanted <= 4 ? 4 : SMALL_CAPACITY;
    } else {
        index_capacity = 16;
        while ((uint64_t)index_capacity * 2 / 3 < wanted) index_capacity *= 2;
        capacity = (uint32_t)((uint64_t)index_capacity * 2 / 3);
    }
    DictEntry *entries = heap_resize(vm, NULL, 0, capacity * sizeof(DictEntry));
    uint32_t *index = index_capacity ? heap_resize(vm, NULL, 0, index_capacity * sizeof(uint32_t)) : NULL;
    if (!entries || (index_capacity && !index)) {
        heap_resize(vm, entries, entries ? capacity * sizeof(DictEntry) : 0, 0);
        heap_resize(vm, index, index ? index_capacity * sizeof(uint32_t) : 0, 0);
        return raise_memory_error(vm), false;
    }
    uint32_t count = 0;
    bool ok = copy_entries(vm, entries, dict, &count);
    if (ok && index) memset(index, 0, index_capacity * sizeof(uint32_t));
    if (!ok || (index && !index_all(vm, index, index_capacity, entries, count))) {
        free_tables(vm, entries, capacity, index, index_capacity);
        return false;
    }
    free_tables(vm, dict->entries, dict->entry_capacity, dict->index, dict->index_capacity);
    dict->entries = entries;
    dict->index = index;
    dict->entry_count = count;
    dict->first = 0;
    dict->entry_capacity = capacity;
    dict->index_capacity = index_capacity;
    dict->layout_id = 0;
    dict->filled = index ? count : 0;
    return true;
}

bool dict_reserve(VM *vm, Dict *dict, size_t more) {
    size_t wanted = dict->length + more, used = dict->entry_count + more;
    bool has_room = used <= dict->entry_capacity && (dict->index ? dict->filled + more < (uint64_t)dict->index_capacity * 2 / 3 : used <= SMALL_CAPACITY);
    return has_room || rebuild(vm, dict, wanted);
}

// Adds an entry for a key that is not there.
static bool insert_new(VM *vm, Dict *dict, Value key, uint64_t hash, Value value) {
    if (dict->entry_count == dict->entry_capacity ||
        (dict->index && dict->filled >= (uint64_t)dict->index_capacity * 2 / 3)) {
        size_t wanted = dict->length < 4 ? (size_t)dict->length + 1 : (size_t)dict->length * 2;
        if (!rebuild(vm, dict, wanted)) return false;
    }
    if (!is_exact_string(vm, key)) object_set_flag(&dict->object, DICT_MIXED, true);
    uint32_t n = dict->entry_count++;
    dict->entries[n] = (DictEntry){key, value, hash};
    if (dict->index) index_entry(vm, dict, hash, n);
    dict->length++;
    dict->changes++;
    dict->layout_id = 0;
    return true;
}

static void remove_entry(VM *vm, Dict *dict, uint32_t n) {
    DictEntry *entry = &dict->entries[n];
    if (dict->index) {
        uint32_t mask = dict->index_capacity - 1, slot = (uint32_t)entry->hash & mask;
        uint64_t perturb = entry->hash;
        uint32_t steps = 0;
        for (; dict->index[slot] != n + 1; steps++) slot = next_slot(slot, &perturb, mask);
        vm_count_work(vm, steps / 4);
        dict->index[slot] = SLOT_DELETED;
    }
    entry->key = entry->value = VALUE_EMPTY;
    entry->hash = 0;
    dict->length--;
    dict->changes++;
    dict->layout_id = 0;
    while (dict->entry_count && is_empty(dict->entries[dict->entry_count - 1].key)) dict->entry_count--;
    if (dict->first > dict->entry_count) dict->first = dict->entry_count;
}

uint32_t dict_first(VM *vm, Dict *dict) {
    uint32_t start = dict->first;
    while (dict->first < dict->entry_count && is_empty(dict->entries[dict->first].key)) dict->first++;
    vm_count_work(vm, (dict->first - start) / 16);
    return dict->first;
}
void dict_drop_first(VM *vm, Dict *dict) { remove_entry(vm, dict, dict_first(vm, dict)); }

void dict_drop_last(VM *vm, Dict *dict) { remove_entry(vm, dict, dict->entry_count - 1); }

Value dict_get_hashed(VM *vm, Dict *dict, Value key, uint64_t hash) {
    if (!dict->length) return VALUE_EMPTY;
    int64_t found = find(vm, dict, key, hash);
    if (found < 0) return found == FOUND_ERROR ? VALUE_ERROR : VALUE_EMPTY;
    return dict->entries[found].value;
}

Value dict_get(VM *vm, Dict *dict, Value key) {
    uint64_t hash;
    if (quick_hash(vm, key, &hash) < 0) return VALUE_ERROR;
    return dict_get_hashed(vm, dict, key, hash);
}

int dict_set_hashed(VM *vm, Dict *dict, Value key, uint64_t hash, Value value) {
    int64_t found = find(vm, dict, key, hash);
    if (found == FOUND_ERROR) return -1;
    if (found >= 0) return heap_store(vm, dict, &dict->entries[found].value, value), 1;
    return insert_new(vm, dict, key, hash, value) ? 1 : -1;
}

int dict_set(VM *vm, Dict *dict, Value key, Value value) {
    uint64_t hash;
    if (quick_hash(vm, key, &hash) < 0) return -1;
    return dict_set_hashed(vm, dict, key, hash, value);
}

int dict_delete(VM *vm, Dict *dict, Value key) {
    uint64_t hash;
    if (quick_hash(vm, key, &hash) < 0) return -1;
    int64_t found = find(vm, dict, key, hash);
    if (found < 0) return found == FOUND_ERROR ? -1 : 0;
    return remove_entry(vm, dict, (uint32_t)found), 1;
}

Value dict_set_default(VM *vm, Dict *dict, Value key, Value value) {
    uint64_t hash;
    if (quick_hash(vm, key, &hash) < 0) return VALUE_ERROR;
    int64_t found = find(vm, dict, key, hash);
    if (found == FOUND_ERROR) return VALUE_ERROR;
    if (found >= 0) return dict->entries[found].value;
    return insert_new(vm, dict, key, hash, value) ? value : VALUE_ERROR;
}

Value dict_pop(VM *vm, Dict *dict, Value key) {
    uint64_t hash;
    if (quick_hash(vm, key, &hash) < 0) return VALUE_ERROR;
    int64_t found = find(vm, dict, key, hash);
    if (found < 0) return found == FOUND_ERROR ? VALUE_ERROR : VALUE_EMPTY;
    Value value = dict->entries[found].value;
    remove_entry(vm, dict, (uint32_t)found);
    return value;
}

int64_t dict_find_string(VM *vm, Dict *dict, String *key) {
    if (!dict->length) return FOUND_NONE;
    return find_string(vm, dict, key, string_hash(vm, key));
}

Value dict_get_string(VM *vm, Dict *dict, String *key) {
    int64_t found = dict_find_string(vm, dict, key);
    return found < 0 ? VALUE_EMPTY : dict->entries[found].value;
}

int dict_set_string(VM *vm, Dict *dict, String *key, Value value) {
    if (object_flag(&dict->object, DICT_MIXED)) return dict_set(vm, dict, value_object(key), value);
    int64_t found = dict_find_string(vm, dict, key);
    if (found >= 0) return heap_store(vm, dict, &dict->entries[found].value, value), 1;
    return insert_new(vm, dict, value_object(key), string_hash(vm, key), value) ? 1 : -1;
}

int dict_delete_string(VM *vm, Dict *dict, String *key) {
    int64_t found = dict_find_string(vm, dict, key);
    if (found < 0) return 0;
    return remove_entry(vm, dict, (uint32_t)found), 1;
}

int dict_set_name(VM *vm, Dict *dict, const char *key, Value value) {
    String *name = string_intern_from(vm, key, strlen(key));
    return name ? dict_set_string(vm, dict, name, value) : -1;
}

bool dict_next(const Dict *dict, size_t *position, Value *key, Value *value) {
    while (*position < dict->entry_count) {
        const DictEntry *entry = &dict->entries[(*position)++];
        if (is_empty(entry->key)) continue;
        if (key) *key = entry->key;
        if (value) *value = entry->value;
        return true;
    }
    return false;
}

void dict_clear(VM *vm, Dict *dict) {
    if (!dict->entries) return;
    free_tables(vm, dict->entries, dict->entry_capacity, dict->index, dict->index_capacity);
    dict->entries = NULL;
    dict->index = NULL;
    dict->entry_count = dict->entry_capacity = dict->index_capacity = dict->length = dict->filled = dict->first = 0;
    dict->layout_id = 0;
    dict->changes++;
    object_set_flag(&dict->object, DICT_MIXED, false);
}

Dict *dict_copy(VM *vm, Dict *dict) {
    Dict *copy = dict_new(vm);
    if (!copy || !dict->length) return copy;
    if (!rebuild(vm, copy, dict->length)) return NULL;
    uint32_t count = 0;
    if (!copy_entries(vm, copy->entries, dict, &count)) return NULL;
    if (copy->index && !index_all(vm, copy->index, copy->index_capacity, copy->entries, count)) return NULL;
    copy->filled = copy->index ? count : 0;
    copy->entry_count = copy->length = count;
    object_set_flag(&copy->object, DICT_MIXED, object_flag(&dict->object, DICT_MIXED));
    return copy;
}

void dict_replace(VM *vm, Dict *dict, Dict *by) {
    dict_clear(vm, dict);
    uint32_t changes = dict->changes;
    Object object = dict->object;
    *dict = *by;
    dict->object = object;
    dict->changes = changes + 1;
    dict->layout_id = 0;
    object_set_flag(&dict->object, DICT_MIXED, object_flag(&by->object, DICT_MIXED));
    by->entries = NULL;
    by->index = NULL;
    by->entry_count = by->entry_capacity = by->index_capacity = by->length = by->filled = by->first = 0;
    dict_clear(vm, by);
}

uint32_t dict_layout_id(VM *vm, Dict *dict) {
    // One counter with the shapes': an attribute cache holds either kind of id.
    if (!dict->layout_id) {
        dict->layout_id = ++vm->next_shape_id;
        if (!dict->layout_id) dict->layout_id = ++vm->next_shape_id;
    }
    return dict->layout_id;
}

// ---- Update

static int update_from_dict(VM *vm, Dict *dict, Dict *other) {
    if (dict == other) return 1;
    if (!dict->length && other->length > SMALL_CAPACITY && dict->entry_capacity < other->length &&
        !rebuild(vm, dict, other->length))
        return -1;
    int status = 1;
    for (uint32_t i = 0; status > 0 && i < other->entry_count; i++) {
        if (!vm_poll(vm, 1)) return -1;
        DictEntry entry = other->entries[i];
        if (is_empty(entry.key)) continue;
        uint32_t length = other->length;
        status = dict_set_hashed(vm, dict, entry.key, entry.hash, entry.value);
        if (status > 0 && other->length != length) {
            raise_runtime_error(vm, "dict mutated during update");
            status = -1;
        }
    }
    return status;
}

typedef struct {
    Dict *dict;
    Value mapping; // VALUE_EMPTY: the items are pairs
    int64_t number;
} Update;

static int update_by_key(VM *vm, Value key, void *data) {
    Update *update = data;
    Value value = value_get_item(vm, update->mapping, key);
    return is_error(value) ? -1 : dict_set(vm, update->dict, key, value);
}

static int update_by_pair(VM *vm, Value item, void *data) {
    Update *update = data;
    int64_t number = update->number++;
    Value pair[2];
    if (is_exactly(item, vm->classes.tuple) && tuple_of(item)->length == 2) {
        memcpy(pair, tuple_of(item)->items, sizeof pair);
    } else if (is_exactly(item, vm->classes.list) && list_of(item)->length == 2) {
        memcpy(pair, list_of(item)->items, sizeof pair);
    } else {
        List *list = list_from_iterable(vm, item);
        if (!list) {
            if (!exception_matches(vm, vm->exceptions.type_error)) return -1;
            raise_type_error(vm, "cannot convert dictionary update sequence element #%lld to a sequence",
                             (long long)number);
            return -1;
        }
        if (list->length != 2) {
            raise_value_error(vm, "dictionary update sequence element #%lld has length %zu; 2 is required",
                              (long long)number, list->length);
            return -1;
        }
        memcpy(pair, list->items, sizeof pair);
    }
    return dict_set(vm, update->dict, pair[0], pair[1]);
}

int dict_update(VM *vm, Dict *dict, Value other) {
    if (is_dict(other)) {
        Value method;
        if (is_exactly(other, vm->classes.dict) ||
            !class_overrides(vm, class_of(vm, other), SPECIAL_ITER, &method))
            return update_from_dict(vm, dict, dict_of(other));
    }
    Update update = {dict, VALUE_EMPTY, 0};
    Value keys = value_find_attribute(vm, other, vm->names.keys);
    if (is_empty(keys)) return value_for_each(vm, other, update_by_pair, &update);
    if (!is_error(keys)) keys = vm_call(vm, keys, NULL, 0, NULL);
    update.mapping = other;
    return is_error(keys) ? -1 : value_for_each(vm, keys, update_by_key, &update);
}

// ---- Operations

static void dict_trace(VM *vm, Object *o) {
    Dict *dict = (Dict *)o;
    if (dict->entry_count)
        heap_mark_rows(vm, &dict->entries[0].key, dict->entry_count, sizeof(DictEntry) / sizeof(Value), 2);
}

static void dict_finalize(VM *vm, Object *o) {
    Dict *dict = (Dict *)o;
    free_tables(vm, dict->entries, dict->entry_capacity, dict->index, dict->index_capacity);
}

static Value dict_repr(VM *vm, Value self) {
    Dict *dict = dict_of(self);
    if (!dict->length) return object_or_error(string_from(vm, "{}"));
    int entered = repr_enter(vm, self);
    if (entered < 0) return VALUE_ERROR;
    if (!entered) return object_or_error(string_from(vm, "{...}"));
    Buffer buffer = vm_buffer(vm);
    buffer_byte(&buffer, '{');
    bool good = true;
    size_t position = 0;
    Value key, value;
    for (bool first = true; good && dict_next(dict, &position, &key, &value); first = false) {
        if (!first) buffer_append(&buffer, ", ", 2);
        good = append_repr(vm, &buffer, key);
        buffer_append(&buffer, ": ", 2);
        good = good && append_repr(vm, &buffer, value);
    }
    repr_leave(vm);
    if (!good) return buffer_free(&buffer), VALUE_ERROR;
    buffer_byte(&buffer, '}');
    return object_or_error(string_from_buffer(vm, &buffer));
}

static int dicts_equal(VM *vm, Dict *a, Dict *b) {
    if (a->length != b->length) return 0;
    if (!recursion_enter(vm, " in comparison")) return -1;
    int status = 1;
    for (uint32_t i = 0; status > 0 && i < a->entry_count; i++) {
        DictEntry entry = a->entries[i];
        if (is_empty(entry.key)) continue;
        Value value = vm_poll(vm, 1) ? dict_get_hashed(vm, b, entry.key, entry.hash) : VALUE_ERROR;
        if (is_error(value))
            status = -1;
        else
            status = is_empty(value) ? 0 : quick_equal(vm, entry.value, value);
    }
    recursion_leave(vm);
    return status;
}

static Value dict_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_dict(self) || !is_dict(other) || (op != COMPARISON_EQ && op != COMPARISON_NE))
        return VALUE_NOT_IMPLEMENTED;
    int equal = dicts_equal(vm, dict_of(self), dict_of(other));
    return equal < 0 ? VALUE_ERROR : value_bool(equal == (op == COMPARISON_EQ));
}

static Value dict_binary(VM *vm, Binary op, Value left, Value right) {
    if (op != BINARY_OR || !is_dict(left) || !is_dict(right)) return VALUE_NOT_IMPLEMENTED;
    Dict *copy = dict_copy(vm, dict_of(left));
    if (!copy) return VALUE_ERROR;
    return dict_update(vm, copy, right) < 0 ? VALUE_ERROR : value_object(copy);
}

static Value dict_in_place(VM *vm, Binary op, Value self, Value right) {
    if (op != BINARY_OR) return VALUE_NOT_IMPLEMENTED;
    return dict_update(vm, dict_of(self), right) < 0 ? VALUE_ERROR : self;
}

static int64_t dict_length(VM *vm, Value self) { return dict_of(self)->length; }

static Value dict_get_item(VM *vm, Value self, Value key) {
    Value value = dict_get(vm, dict_of(self), key);
    if (!is_empty(value)) return value;
    if (!is_exactly(self, vm->classes.dict)) {
        value = value_call_special(vm, self, SPECIAL_MISSING, &key, 1);
        if (!is_empty(value)) return value;
    }
    return raise_with_value(vm, vm->exceptions.key_error, key);
}

static int dict_set_item(VM *vm, Value self, Value key, Value value) {
    if (!is_empty(value)) return dict_set(vm, dict_of(self), key, value);
    int deleted = dict_delete(vm, dict_of(self), key);
    if (!deleted) return raise_with_value(vm, vm->exceptions.key_error, key), -1;
    return deleted;
}

static int dict_contains(VM *vm, Value self, Value item) {
    Value value = dict_get(vm, dict_of(self), item);
    return is_error(value) ? -1 : !is_empty(value);
}

static Value dict_iterate(VM *vm, Value self) { return iterator_new(vm, ITERATE_DICT_KEYS, self); }

const TypeOps dict_ops = {
    .trace = dict_trace,
    .finalize = dict_finalize,
    .repr = dict_repr,
    .compare = dict_compare,
    .binary = dict_binary,
    .in_place = dict_in_place,
    .operations = &dict_operators,
    .length = dict_length,
    .get_item = dict_get_item,
    .set_item = dict_set_item,
    .contains = dict_contains,
    .iterate = dict_iterate,
};

// dict: a compact table that keeps the order of insertion. An index of 32-bit numbers points into an array of entries;
// a deleted entry's key is VALUE_EMPTY until the table is rebuilt.
#ifndef AIOLI_OBJECT_DICT_H
#define AIOLI_OBJECT_DICT_H

#include "object/core/object.h"
#include "object/core/vm.h"
#include "object/text/str.h"

typedef struct {
    Value key; // VALUE_EMPTY: deleted
    Value value;
    uint64_t hash;
} DictEntry;

struct Dict {
    Object object;
    DictEntry *entries;      // side memory
    uint32_t *index;         // side memory: 1 + entry number, 0 free, 0xFFFFFFFF a deleted one; NULL while there are at
                             // most 8 entries (they are then searched in order)
    uint32_t entry_count;    // used entries, deleted ones included
    uint32_t entry_capacity;
    uint32_t index_capacity; // a power of two, or 0
    uint32_t length;         // live entries
    // For namespaces that inline caches look into: unique in the VM while the set of keys and the entries' places stay
    // as they are; 0 when no cache knows it. Any insertion of a new key, deletion or rebuild sets it to 0.
    uint32_t layout_id;
    uint32_t changes;        // counts insertions of new keys and deletions, for iterators' "changed size" errors
    uint32_t filled;         // slots of the index that are not free
    uint32_t first;          // all entries before this one are deleted ones: see dict_first
};

static inline bool is_dict(Value v) { return is_kind(v, KIND_DICT); }
static inline Dict *dict_of(Value v) { return (Dict *)object_of(v); }

Dict *dict_new(VM *vm); // NULL on failure
// Makes room for so many more entries, so that the tables need not grow step by step. False with an exception.
bool dict_reserve(VM *vm, Dict *dict, size_t more);

// With any key. [script] Get: the value, VALUE_EMPTY when missing, VALUE_ERROR. Set: 1, -1. Delete: 1, 0 missing, -1.
Value dict_get(VM *vm, Dict *dict, Value key);
int dict_set(VM *vm, Dict *dict, Value key, Value value);
int dict_delete(VM *vm, Dict *dict, Value key);
// Returns the entry's value, inserting `value` if the key is new (setdefault).
Value dict_set_default(VM *vm, Dict *dict, Value key, Value value);
// Removes and returns; VALUE_EMPTY when missing.
Value dict_pop(VM *vm, Dict *dict, Value key);

// With a str key: no script runs, unless the dict has keys of other types with the same hash and an __eq__ of their own.
Value dict_get_string(VM *vm, Dict *dict, String *key); // never VALUE_ERROR
int dict_set_string(VM *vm, Dict *dict, String *key, Value value);
int dict_delete_string(VM *vm, Dict *dict, String *key);
// The entry number of a str key, or -1: for inline caches.
int64_t dict_find_string(VM *vm, Dict *dict, String *key);
// Shorthand with a C string key (interned).
int dict_set_name(VM *vm, Dict *dict, const char *key, Value value);

// Walks live entries: *position starts at 0. False at the end. Nothing may be inserted meanwhile.
bool dict_next(const Dict *dict, size_t *position, Value *key, Value *value);

void dict_clear(VM *vm, Dict *dict);
Dict *dict_copy(VM *vm, Dict *dict);
// Gives a dict the content of another, which is empty afterwards. Needs no memory.
void dict_replace(VM *vm, Dict *dict, Dict *by);
// dict.update from a mapping or an iterable of pairs. 1, -1. [script]
int dict_update(VM *vm, Dict *dict, Value other);
// Gives the dict a layout_id if it has none, and returns it.
uint32_t dict_layout_id(VM *vm, Dict *dict);

typedef enum { VIEW_KEYS, VIEW_VALUES, VIEW_ITEMS } ViewKind;
typedef struct {
    Object object;
    Dict *dict;
    ViewKind view;
} DictView;

// A view object (dict_view.c).
Value dict_view_new(VM *vm, Dict *dict, ViewKind view);
bool dict_view_class_init(VM *vm); // called by dict_class_init
// The method tables (dict_methods.c).
bool dict_methods_init(VM *vm);
// Deletes the last entry; the dict is not empty.
void dict_drop_last(VM *vm, Dict *dict);
// The number of the first live entry, or entry_count. What has been passed over once is not passed over again, so that a
// queue may be taken from the front.
uint32_t dict_first(VM *vm, Dict *dict);
// Deletes the first entry; the dict is not empty.
void dict_drop_first(VM *vm, Dict *dict);
// As dict_get and dict_set with the key's hash known. [script]
Value dict_get_hashed(VM *vm, Dict *dict, Value key, uint64_t hash);
int dict_set_hashed(VM *vm, Dict *dict, Value key, uint64_t hash, Value value);

extern const TypeOps dict_ops;
extern const TypeOps dict_view_ops;
bool dict_class_init(VM *vm);

#endif

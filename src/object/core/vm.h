// The state of one VM as the objects know it. Higher floors extend it through the two opaque pointers and hand their
// services down in `hooks`; nothing here is shared between VMs.
#ifndef AIOLI_OBJECT_VM_H
#define AIOLI_OBJECT_VM_H

#include "base/memory.h"
#include "object/core/heap.h"
#include "object/core/names.h"
#include "object/core/object.h"

// Values that C code holds across something that may run a script (a call, a comparison, an iteration step) must be
// reachable, since the collector runs at the script's safepoints. A scope lists an array of C locals:
//
//     Value held[2] = {list, key};
//     RootScope scope;
//     roots_enter(vm, &scope, held, 2);
//     … held[0] … vm_call(…) …
//     roots_leave(vm, &scope);      // on every way out
//
// Arguments of a native function are rooted by its caller.
typedef struct RootScope RootScope;
struct RootScope {
    RootScope *outer;
    Value *values;
    size_t count;
};

// What the floors above hand down.
typedef struct {
    // Calls anything callable: `count` arguments, the last `keywords->length` of which are named by keywords (a tuple
    // of str, or NULL). The arguments are copied before anything else happens. Returns the result or VALUE_ERROR.
    Value (*call)(VM *vm, Value callable, Value *arguments, size_t count, Tuple *keywords);
    // Marks the roots of the higher floors: frames, the loop's queues.
    void (*trace)(VM *vm);
    // The text and place of the frame that runs now, for tracebacks and warnings: the code object as a Value (or
    // VALUE_NONE when no script runs) and its current line.
    Value (*current_place)(VM *vm, uint32_t *line);
    // The __name__ of the module whose code runs now, or VALUE_EMPTY.
    Value (*current_module)(VM *vm);
    // The virtual clock, moved on by `advance` seconds first. False when time is real. NULL: time is real.
    bool (*clock)(VM *vm, double advance, double *now);
} Hooks;

typedef struct ClassTable {
    Class *object, *type, *none, *ellipsis, *not_implemented, *boolean, *integer, *floating, *complex, *string, *bytes,
        *bytearray, *memoryview, *list, *tuple, *dict, *dict_keys, *dict_values, *dict_items, *set, *frozenset, *range,
        *slice, *code, *function, *native, *bound_method, *method_descriptor, *cell, *module, *traceback, *property,
        *static_method, *class_method, *super, *descriptor, *generator, *coroutine, *async_generator, *async_step, *frame,
        *shape, *generic_alias, *union_type;
    Class *iterators[16]; // by IteratorKind
} ClassTable;

typedef struct ExceptionTable {
#define EXCEPTION(field, name, base) Class *field;
#include "object/core/exceptions.def"
#undef EXCEPTION
} ExceptionTable;

struct VM {
    Heap heap;
    Value exception;       // the exception on its way, or VALUE_EMPTY
    Value stop_value;      // what an iterator that just answered VALUE_STOP returned
    Value suspended_on;    // what the step that just answered VALUE_SUSPEND waits for
    bool awaited;          // the native function now called is awaited at once: it may answer VALUE_SUSPEND
    RootScope *roots;
    ClassTable classes;
    ExceptionTable exceptions;
    NameTable names;       // interned strings that C code uses
    struct StringTable {   // all interned strings, held weakly
        String **slots;
        size_t capacity, count;
    } interned;
    Dict *builtins;        // the namespace of the built-in names
    Dict *modules;         // sys.modules
    Hooks hooks;
    const TypeOps *ops[KIND_COUNT];
    uint64_t hash_key[2];  // seeds the hash of strings
    uint32_t next_shape_id;
    uint32_t next_layout_id; // of namespaces seen by an inline cache
    Value memory_error;    // made beforehand, since raising it must not allocate
    int32_t fuel;          // counted down at safepoints; at zero the interpreter looks at `attention`
    uint32_t attention;    // bits of ATTENTION_…
    int native_depth;      // C calls that entered the interpreter and have not returned
    int native_depth_limit;
    int repr_depth;
    Value repr_stack[64];  // containers whose repr is under way, so that a cycle prints as [...]
    void *interpreter;     // vm/'s part
    void *loop;            // loop/'s part
    void *library;         // modules/'s part
    void *host;            // api/'s part
};

enum {
    ATTENTION_COLLECT = 1,   // the heap has grown past its threshold
    ATTENTION_INTERRUPT = 2, // Ctrl-C
};

// Makes the object level of a VM: heap, names, built-in classes. `hash_key` seeds the hash of strings. On failure returns
// false; vm_destroy must be called all the same.
bool vm_create(VM *vm, Allocator allocator, const uint64_t hash_key[2]);
// Frees everything.
void vm_destroy(VM *vm);

static inline void roots_enter(VM *vm, RootScope *scope, Value *values, size_t count) {
    *scope = (RootScope){vm->roots, values, count};
    vm->roots = scope;
}
static inline void roots_leave(VM *vm, RootScope *scope) { vm->roots = scope->outer; }

static inline Value vm_call(VM *vm, Value callable, Value *arguments, size_t count, Tuple *keywords) {
    return vm->hooks.call(vm, callable, arguments, count, keywords);
}

#endif

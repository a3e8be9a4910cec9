// The state of one VM as the objects know it. Higher floors extend it through the two opaque pointers and hand their
// services down in `hooks`; nothing here is shared between VMs.
#ifndef AIOLI_OBJECT_VM_H
#define AIOLI_OBJECT_VM_H

#include "base/memory.h"
#include "base/stack.h"
#include "object/core/heap.h"
#include "object/core/names.h"
#include "object/core/object.h"

// A native holds plain Values in its locals, across calls into scripts too: while natives that called a script stand on the C
// stack, the collector scans their part of it. A span is such a part, from where the VM was entered (`high`) down to where the
// natives gave way to the interpreter (`low`; NULL while they run). Spans lie on the stack that they describe, innermost first;
// between two of them the interpreter runs, whose frames are traced exactly.
//
// What is not on the stack is not found: Values in a block of side memory belong to an object that traces them (a tuple will
// do, see values_scratch).
typedef struct NativeSpan NativeSpan;
struct NativeSpan {
    NativeSpan *outer;
    const char *low, *high;
};

// What a host may grant scripts.
typedef enum { CAPABILITY_READ, CAPABILITY_WRITE, CAPABILITY_CLOCK, CAPABILITY_INPUT, CAPABILITY_PROGRAM, CAPABILITY_ENVIRONMENT, CAPABILITY_NETWORK } Capability;

// What the floors above hand down.
typedef struct {
    // Calls anything callable: `count` arguments, the last `keywords->length` of which are named by keywords (a tuple
    // of str, or NULL). The arguments are copied before anything else happens. Returns the result or VALUE_ERROR.
    Value (*call)(VM *vm, Value callable, Value *arguments, size_t count, Tuple *keywords);
    // While something is timed: looks at it, once in each slice of work. Neither collects, nor runs a script, nor fails. Else NULL.
    void (*watch)(VM *vm);
    // Marks the roots of the higher floors: frames, the loop's queues.
    void (*trace)(VM *vm);
    // Is told that a marking begins, before anything is marked. True: what lies on the C stack is marked before `reconsider` is asked. Or
    // NULL.
    bool (*begin_marking)(VM *vm);
    // Marks what lives only by what has been marked so far, the C stack left out but for that; asked again until it finds nothing more (false). Or NULL.
    bool (*reconsider)(VM *vm);
    // Marks what nothing holds any more, but somebody is to be told of. All that lives has OBJECT_MARKED by now. Or NULL.
    void (*rescue)(VM *vm);
    // Forgets what the higher floors hold weakly: all that lives has OBJECT_MARKED now, and nothing is freed yet. Or NULL.
    void (*forget)(VM *vm);
    // The text and place of the frame that runs now, for tracebacks and warnings: the code object as a Value (or
    // VALUE_NONE when no script runs) and its current line.
    Value (*current_place)(VM *vm, uint32_t *line);
    // The __name__ of the module whose code runs now, or VALUE_EMPTY.
    Value (*current_module)(VM *vm);
    // The module of a full dotted name, imported if need be. [script]
    Value (*import_module)(VM *vm, String *name);
    // Warns of something (modules/warning.h). `shown`: the text of which the line is shown, or NULL. False with an exception. [script]
    bool (*warn)(VM *vm, Class *category, String *message, String *file, uint32_t line, const String *shown);
    // What a safepoint inside a native does when the fuel is spent: collects if that is due, does what is requested. False:
    // an exception is raised.
    bool (*attend)(VM *vm);
    // Runs finalizers and what is to be told of weak references (weak_run). False: an exception is raised. [script]
    bool (*finalize)(VM *vm, bool all);
    // Writes what runs and what everybody waits for; see aioli_report. Neither collects, nor runs a script, nor fails.
    void (*report)(VM *vm);
    // The same for programs; see aioli_describe.
    void (*describe)(VM *vm);
    // What vm_poll does when the fuel is spent or something is requested: does that, never collects. False: an exception is raised.
    bool (*poll)(VM *vm);
    // Charges what has been done so far to the host's limits. False: an exception is raised. NULL: there are none.
    bool (*charge)(VM *vm);
    // Called before and after the loop waits: `for_host` when the host may end the wait, so that it is not the script's own time.
    // wait_begins returns the most seconds that it may wait. NULL: nobody wants to know.
    double (*wait_begins)(VM *vm, bool for_host);
    void (*wait_ends)(VM *vm);
    // Whether the host grants scripts a capability; for files, for that path (or NULL for a descriptor). False with PermissionError.
    // NULL: everything is granted.
    bool (*permit)(VM *vm, Capability capability, const char *path);
    // Runs a script's handlers of the signals that have come. False: an exception is raised. [script]
    bool (*take_signals)(VM *vm);
    // The virtual clock, moved on by `advance` seconds first. False when time is real. NULL: time is real.
    bool (*clock)(VM *vm, double advance, double *now);
} Hooks;

typedef struct ClassTable {
    Class *object, *type, *none, *ellipsis, *not_implemented, *boolean, *integer, *floating, *complex, *string, *bytes,
        *bytearray, *memoryview, *list, *tuple, *dict, *dict_keys, *dict_values, *dict_items, *set, *frozenset, *range,
        *slice, *code, *function, *native, *bound_method, *method_wrapper, *method_descriptor, *wrapper_descriptor, *cell, *module, *module_spec, *traceback, *property,
        *static_method, *class_method, *super, *descriptor, *generator, *coroutine, *async_generator, *async_step, *frame,
        *shape, *mapping_proxy, *member, *special_binder, *generic_alias, *union_type, *type_variable, *type_variable_tuple, *parameter_specification,
        *parameter_arguments, *parameter_keywords, *type_alias, *no_default_type;
    Class *iterators[16]; // by IteratorKind
} ClassTable;

typedef struct ExceptionTable {
#define EXCEPTION(field, name, base) Class *field;
#include "object/core/exceptions.def"
#undef EXCEPTION
} ExceptionTable;

// What another thread or a signal handler may ask of a VM.
enum { REQUEST_INTERRUPT = 1, REQUEST_REPORT = 2, REQUEST_SIGNAL = 4, REQUEST_DESCRIBE = 8 };

struct VM {
    Heap heap;
    Value exception;       // the exception on its way, or VALUE_EMPTY
    bool exception_passed; // it comes out of a script's frame, which has given it its context
    Value stop_value;      // what an iterator that just answered VALUE_STOP returned
    Value suspended_on;    // what the step that just answered VALUE_SUSPEND waits for
    bool awaited;          // the native function now called is awaited at once: it may answer VALUE_SUSPEND
    struct Native *callee; // the native function now called: valid at its very beginning
    NativeSpan *natives;   // the innermost span of natives on the C stack; NULL: nobody has entered the VM
    ClassTable classes;
    ExceptionTable exceptions;
    NameTable names;       // interned strings that C code uses
    struct StringTable {   // all interned strings, held weakly
        String **slots;
        size_t capacity, count;
    } interned;
    struct WeakTable { // the weak references, by what they refer to: see weak.h
        struct WeakReference **places;
        size_t capacity, count;
    } weak;
    struct WeakReference *weak_waiting; // whose callbacks are to be called
    struct Finalizable { // objects whose class has __del__, held weakly: first those that have had it run just now, then those that wait
        Object **objects;
        size_t count, capacity, done, waiting;
    } finalizable;
    bool is_finalizing; // what waits is being run
    bool signals_waiting; // signals have come that a script has handlers for
    Dict *builtins;        // the namespace of the built-in names
    Dict *modules;         // sys.modules
    Hooks hooks;
    const TypeOps *ops[KIND_COUNT];
    uint64_t hash_key[2];  // seeds the hash of strings
    int int_digit_limit;   // decimal digits of an int that are converted from or to text; 0: any number
    uint32_t next_shape_id;
    uint32_t next_layout_id; // of namespaces seen by an inline cache
    Value no_default;      // typing.NoDefault
    Value program_folder;  // of the program that runs, the first of sys.path at its beginning: a str ('' is the current folder), or None
    Value memory_error;    // made beforehand, since raising it must not allocate
    bool colours;          // tracebacks are written for a terminal
    bool gc_disabled;      // the script has called gc.disable()
    bool is_incomplete;    // a look-up has missed a method of an operation, since there was no memory to make it
    bool ending;           // a limit ends what runs: no handler of a script catches anything any more
    int32_t fuel;          // counted down at safepoints, by this thread alone; below zero there is something to look at:
    uint64_t work;         // what has been counted down before the present slice began: see vm_work
    bool collect;          // a collection is wanted,
    uint32_t requests;     // or another thread or a signal handler has asked for something (atomically): of Request
    const char *stack_limit; // C recursion may not go below it; of the thread that has entered the VM
    const char *stack_entered; // where it was entered when the limit was asked for,
    uintptr_t stack_thread;    // and by which thread
    int native_depth;      // C calls that entered the interpreter and have not returned
    int native_depth_limit;
    int repr_depth;
    Value repr_stack[64];  // containers whose repr is under way, so that a cycle prints as [...]
    void *interpreter;     // vm/'s part
    void *loop;            // loop/'s part
    void *library;         // modules/'s part
    void *host;            // api/'s part
};

// Safepoints between two looks at what other threads ask for: some tens of microseconds.
#ifdef AIOLI_GC_STRESS
enum { FUEL_SLICE = 0 };
#else
enum { FUEL_SLICE = 2000 };
#endif

// The work done so far in this VM, in units of safepoints; a slice that ended early counts whole.
static inline uint64_t vm_work(const VM *vm) { return vm->work + (uint64_t)(FUEL_SLICE - vm->fuel); }

enum { MOST_WORK = 1 << 20 }; // that is charged at once, so that fuel stays far from the end of its range

// Makes the object level of a VM: heap, names, built-in classes. `hash_key` seeds the hash of strings. On failure returns
// false; vm_destroy must be called all the same.
bool vm_create(VM *vm, Allocator allocator, const uint64_t hash_key[2]);
// Frees everything.
void vm_destroy(VM *vm);

// Learns the limit of the stack on which the VM is entered at `high`.
void vm_note_stack(VM *vm, const char *high);
// A thread of the host may have several stacks (fibers), none of which ends so near to where another was entered.
enum { STACK_NEAR = 16 * 1024 };

// Enters the VM from a function of the API, and leaves it again. `high` is that function's frame (stack_here()): the upper end
// of what may be scanned.
static inline void natives_enter(VM *vm, NativeSpan *span, const char *high) {
    *span = (NativeSpan){.outer = vm->natives, .high = high};
    vm->natives = span;
    if (span->outer) return;
    uintptr_t away = (uintptr_t)high - (uintptr_t)vm->stack_entered + STACK_NEAR;
    if (away > 2 * STACK_NEAR || vm->stack_thread != stack_thread()) vm_note_stack(vm, high);
}
static inline void natives_leave(VM *vm, NativeSpan *span) { vm->natives = span->outer; }

// Whether C code may call itself once more. What recurses over data that a script makes asks this.
static inline bool vm_may_recurse(const VM *vm) {
    return vm->native_depth < vm->native_depth_limit && stack_here() > vm->stack_limit;
}

// A new object of `size` bytes, of which only the header is set: the caller sets all the rest before anything can collect
// (a safepoint: a call into a script). NULL with MemoryError raised.
static inline void *heap_allocate_raw(VM *vm, Shape *shape, Kind kind, size_t size) {
#ifdef HEAP_POISON
    Object *o = heap_take_checked(vm, size);
    if (!o) return NULL;
#else
    Object *o = NULL;
    if (__builtin_expect(size <= HEAP_SMALL_LIMIT, 1)) {
        SizeClass *size_class = &vm->heap.classes[(size + HEAP_GRANULE - 1) / HEAP_GRANULE];
        o = size_class->free;
        if (__builtin_expect(o != NULL, 1)) size_class->free = *heap_free_link(o);
    }
    if (__builtin_expect(!o, 0) && !(o = heap_refill(vm, size))) return NULL;
#endif
    o->header = (uint64_t)(uintptr_t)shape | (uint64_t)kind << OBJECT_KIND_SHIFT |
                (size > HEAP_SMALL_LIMIT ? OBJECT_LARGE : 0);
    return o;
}

// The same, zeroed but for its header.
static inline void *heap_allocate(VM *vm, Shape *shape, Kind kind, size_t size) {
    Object *o = heap_allocate_raw(vm, shape, kind, size);
    if (o) memset((char *)o + sizeof(Object), 0, size - sizeof(Object));
    return o;
}

// Notes an object that is reachable, to be marked. For use by `trace` functions and hooks.trace. Whether it is marked already
// is asked when its turn comes, its header having been fetched meanwhile.
static inline void heap_mark_object(VM *vm, void *object) {
    Heap *heap = &vm->heap;
    if (!object) return;
    __builtin_prefetch(object, 1);
    if (__builtin_expect(heap->gray_count < heap->gray_capacity, 1))
        heap->gray[heap->gray_count++] = (Object *)object;
    else
        heap_mark_slow(vm, (Object *)object);
}
static inline void heap_mark(VM *vm, Value v) {
    if (is_object(v)) heap_mark_object(vm, object_of(v));
}

// Collects now. For natives: what they hold on the C stack is found there.
void vm_collect(VM *vm);

// ---- Safepoints of natives
//
// A native whose work is not bounded by a constant passes one of these in its loop, so that memory is collected, a budget is
// charged and an interrupt is taken while it runs. `work` is in units of about 20 nanoseconds: a step of an iterator is 1. What is
// allocated is charged by the heap (heap_count_side), so a native in one pass over what it makes needs no more.

// May collect. False: an exception is raised.
static inline bool vm_safepoint(VM *vm, size_t work) {
    vm->fuel -= work < MOST_WORK ? (int32_t)work : MOST_WORK;
    return __builtin_expect(vm->fuel >= 0, 1) || vm->hooks.attend(vm);
}

// Counts work that is charged at the next safepoint, wherever that is: for what takes long now and then, but never so long that
// nobody could wait for its end. Never looks at anything, so it may stand anywhere.
static inline void vm_count_work(VM *vm, size_t work) {
    if (vm->fuel > INT32_MIN / 2) vm->fuel -= work < MOST_WORK ? (int32_t)work : MOST_WORK;
}

// The work of passing over so many bytes: to copy, compare or search them; to look at them one by one as characters.
static inline size_t work_of_bytes(size_t bytes) { return bytes / 128; }
static inline size_t work_of_characters(size_t bytes) { return bytes / 4; }

// Whether somebody wants to interrupt this VM; whether somebody wants anything, which a safepoint or poll will look after.
static inline bool vm_interrupted(VM *vm) { return (__atomic_load_n(&vm->requests, __ATOMIC_RELAXED) & REQUEST_INTERRUPT) != 0; }
static inline bool vm_requested(VM *vm) { return __atomic_load_n(&vm->requests, __ATOMIC_RELAXED) != 0; }

// Runs the handlers of signals that a safepoint has found to have come. False: an exception is raised. [script]
static inline bool vm_take_signals(VM *vm) { return !__builtin_expect(vm->signals_waiting, 0) || vm->hooks.take_signals(vm); }

// Never collects: for loops in the middle of something. False: an exception is raised.
static inline bool vm_poll(VM *vm, size_t work) {
    vm->fuel -= work < MOST_WORK ? (int32_t)work : MOST_WORK;
    return __builtin_expect(vm->fuel >= 0 && !vm_requested(vm), 1) || vm->hooks.poll(vm);
}

// memcpy, which looks at what others want in between: memory that is written to for the first time comes slowly. False: an exception
// is raised, and a part is copied.
static inline bool vm_copy(VM *vm, void *to, const void *from, size_t size) {
    enum { PIECE = 1 << 20 };
    for (; size > PIECE; size -= PIECE) {
        memcpy(to, from, PIECE);
        if (!vm_poll(vm, 0)) return false;
        to = (char *)to + PIECE;
        from = (const char *)from + PIECE;
    }
    if (size) memcpy(to, from, size);
    return true;
}

// Whether scripts may do that.
static inline bool vm_permit(VM *vm, Capability capability, const char *path) {
    return !vm->hooks.permit || vm->hooks.permit(vm, capability, path);
}

static inline Value vm_call(VM *vm, Value callable, Value *arguments, size_t count, Tuple *keywords) {
    return vm->hooks.call(vm, callable, arguments, count, keywords);
}

#endif

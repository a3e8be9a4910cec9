// Weak references and finalizers: who is told when nothing holds an object any more.
//
// A marking finds out. Of an object whose class has __del__ it keeps what is left of it until that has run, once; of others it clears
// the weak references. The methods and callbacks themselves are run afterwards, where scripts may run.
#ifndef AIOLI_OBJECT_WEAK_H
#define AIOLI_OBJECT_WEAK_H

#include "object/core/native_data.h"
#include "object/core/vm.h"

typedef struct WeakReference WeakReference;
struct WeakReference {
    NativeData data;
    Object *target;      // NULL: it is gone
    Value callback;      // VALUE_NONE: there is none
    uint64_t hash;       // of the target, once it has been asked for
    bool is_hashed;
    WeakReference *next; // to the same target; or in the list of those whose callbacks are to be called
};

// Whether instances of a class can be referred to weakly.
bool class_is_referenceable(VM *vm, const Class *cls);

// A reference of the class, or the one that is there already when it would be the same. `callback` may be VALUE_NONE. VALUE_ERROR with
// TypeError: nothing can refer weakly to such an object.
Value weak_reference_new(VM *vm, Class *cls, Value target, Value callback);

// The first reference to an object, or NULL.
WeakReference *weak_references_of(VM *vm, const Object *target);

// Notes a new object whose class has __del__. False: out of memory.
bool weak_note_finalizable(VM *vm, Object *o);

// ---- For the collector: when all that lives is marked,
void weak_rescue(VM *vm); // marks what has a finalizer to be run (its own marking follows),
void weak_forget(VM *vm); // and clears the references to what is not marked.
void weak_trace(VM *vm);  // the roots: what waits to be run
void weak_free(VM *vm);

// Forgets what waits, and if `all` every object with a finalizer: nothing of them runs any more.
void weak_abandon(VM *vm, bool all);

// Runs what waits; `all` also the finalizers of objects that are still there, when a program ends. What they raise is told of by `tell`
// (what it came from, the exception). False: a limit or an interrupt ends it. [script]
bool weak_run(VM *vm, bool all, bool (*tell)(VM *vm, Value source, Value exception));

#endif

// Guards against C recursion without end: repr, comparison and hash of nested containers call themselves
// through the protocol functions. Also keeps the list of containers whose repr is under way.
#ifndef AIOLI_OBJECT_RECURSION_H
#define AIOLI_OBJECT_RECURSION_H

#include "object/core/errors.h"
#include "object/core/vm.h"

// Every successful enter is paired with a leave. `where` is "" or such as " in comparison". What is shared in many places is passed
// through once for each: a small value may take as long as anything, so a step is charged here.
static inline bool recursion_enter(VM *vm, const char *where) {
    if (!vm_may_recurse(vm)) {
        raise_error(vm, vm->exceptions.recursion_error, "maximum recursion depth exceeded%s", where);
        return false;
    }
    if (!vm_poll(vm, 1)) return false;
    vm->native_depth++;
    return true;
}
static inline void recursion_leave(VM *vm) { vm->native_depth--; }

// Notes that the repr of `container` begins. 1; 0 when it is under way already (a cycle: print an ellipsis);
// -1 when the recursion is too deep. After a 1, call repr_leave.
static inline int repr_enter(VM *vm, Value container) {
    int limit = (int)(sizeof vm->repr_stack / sizeof vm->repr_stack[0]);
    int depth = vm->repr_depth < limit ? vm->repr_depth : limit;
    for (int i = 0; i < depth; i++)
        if (value_same(vm->repr_stack[i], container)) return 0;
    if (!recursion_enter(vm, " while getting the repr of an object")) return -1;
    // Deeper ones are not noted; a cycle that never passes a noted one ends by the limit of recursion.
    if (vm->repr_depth < limit) vm->repr_stack[vm->repr_depth] = container;
    vm->repr_depth++;
    return 1;
}
static inline void repr_leave(VM *vm) {
    vm->repr_depth--;
    recursion_leave(vm);
}

#endif

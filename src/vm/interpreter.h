// The interpreter: runs frames. This is the floor's door for those above.
#ifndef AIOLI_VM_INTERPRETER_H
#define AIOLI_VM_INTERPRETER_H

#include "compiler/compiler.h"
#include "vm/frame.h"

// Adds the interpreter to a VM made by vm_create and hands its services down. False: out of memory.
bool interpreter_create(VM *vm);
void interpreter_destroy(VM *vm);

// Calls anything callable; hooks.call leads here. See vm.h.
Value interpreter_call(VM *vm, Value callable, Value *arguments, size_t count, Tuple *keywords);

// Runs module-level code in a namespace; `locals` is VALUE_EMPTY except for code compiled with namespace_locals, which
// needs a mapping. A function's code is run as a call without arguments. `closure`: the cells of the code's free variables, as
// many as it has; or NULL. Returns the code's result or VALUE_ERROR.
Value interpreter_run_code(VM *vm, Code *code, Dict *globals, Value locals, Tuple *closure);

// Goes on with the chain whose root is `root`: sends a value (VALUE_NONE at the start) or, when `thrown`, raises the
// exception `sent` where it stands. Returns
//   the value it returned         (state becomes GENERATOR_DONE),
//   VALUE_SUSPEND                 (vm->suspended_on is what it yielded or waits for),
//   VALUE_ERROR                   (it raised; state GENERATOR_DONE).
// The caller has checked that it is not running and not done.
Value interpreter_resume(VM *vm, Generator *root, Value sent, bool thrown);

// For a loop that resumes chains one after the other. interpreter_steps calls `rounds`, and what must be done once before C code
// enters the interpreter is then done for all: within `rounds` interpreter_step does what interpreter_resume does, in a fraction of
// the time. While a step runs, Values in locals of `rounds` and its callees are found by nobody: whatever they need afterwards must
// be rooted elsewhere. interpreter_steps returns what `rounds` returned, or false with RecursionError.
bool interpreter_steps(VM *vm, bool (*rounds)(VM *vm, void *data), void *data);
Value interpreter_step(VM *vm, Generator *root, Value sent, bool thrown);

// The exception that is being handled now (sys.exception()), or VALUE_NONE.
Value interpreter_handled(VM *vm);

// Sets __context__ of the exception on its way, as raising does. For exceptions that C code raises later than now, such
// as a task's: not needed.
void interpreter_set_context(VM *vm, Value exception);
void frame_set_context(VM *vm, const Frame *frame, Value exception); // of what this frame alone is handling
// Whether the frame is handling an exception.
bool frame_handles(const Frame *frame);

// A dict of the local variables of the innermost script frame (the namespace itself for module-level code), and the
// globals. While no script runs (a host calls) both are the namespace of __main__, or an empty one. NULL / VALUE_ERROR with
// MemoryError.
Value interpreter_locals(VM *vm);
Dict *interpreter_globals(VM *vm);
// The code flags of the innermost frame (for the future features that exec and compile inherit).
uint32_t interpreter_flags(VM *vm);

// What a safepoint does when the fuel is spent. False: an exception is raised.
bool interpreter_attend(VM *vm);

#endif

// How the files of this folder make the classes that scripts see.
#ifndef AIOLI_LOOP_METHODS_H
#define AIOLI_LOOP_METHODS_H

#include "loop/loop.h"
#include "object/core/module.h"
#include "object/core/native.h"
#include "vm/frame.h"

// Makes a class of native data that looks like one of the language, and gives it its place in the module. home: its __module__; base: NULL
// for object; methods may be NULL; text: its __doc__. NULL with an exception.
Class *loop_add_class(VM *vm, ModuleObject *module, const char *home, const char *name, Class *base, const TypeOps *ops, size_t size,
                      uint32_t flags, const NativeDefinition *methods, const char *text);

bool future_class_init(VM *vm); // Future and the gather's
bool task_class_init(VM *vm);
bool handle_class_init(VM *vm); // Handle, TimerHandle, the loop itself
bool coroutine_class_init(VM *vm); // coroutines that are native (wait.h)

// A handle for callback(*arguments), not queued yet. NULL: out of memory.
Handle *handle_new(VM *vm, Value callback, Tuple *arguments, double when);
// The TimerHandle of callback(*arguments), queued for a time of the loop's clock; context: as for context_argument. VALUE_ERROR with an
// exception.
Value handle_schedule_at(VM *vm, double when, Value callback, Value context, Value *arguments, size_t count);
// Handle.cancel().
Value handle_cancel(VM *vm, Value *args, size_t count);

// Where a task waits: its innermost frame of the user's own code; and the library's function that it waits in. Each may be NULL.
void report_find_place(Task *task, const Frame **place, const Frame **library);
// What a future does when it is done: queues all that waits for it. Its state stands already.
void future_schedule_callbacks(VM *vm, Future *f);
// Makes a future's memory one that is pending.
void future_init(Future *f);

// A gather, or another object that is told of a future's end without being called.
bool future_is_watcher(Value v);

// ---- describe.c
Value future_repr(VM *vm, Value self);
Value handle_repr(VM *vm, Value self);
// Appends how a callback is called and where it is defined. False with an exception.
bool describe_callback(VM *vm, Buffer *out, Value callback);

// ---- exception_handler.c
// Tells the loop's exception handler, or else the standard error, of an exception that nobody is there to catch, and of an object that it
// has to do with (`key`: its name). False with an exception that ends the loop.
bool loop_tell(VM *vm, const char *message, Value exception, const char *key, Value object);
// The same for an exception that has been raised in a callback: a Handle, or what is called.
bool loop_tell_of_callback(VM *vm, Value callback);
extern const NativeDefinition exception_handler_methods[];

// Marks what a future or task holds, though it is marked itself.
void future_trace(VM *vm, Object *o);

extern const TypeOps future_ops;

#endif

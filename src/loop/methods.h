// How the files of this folder make the classes that scripts see.
#ifndef AIOLI_LOOP_METHODS_H
#define AIOLI_LOOP_METHODS_H

#include "loop/loop.h"
#include "vm/frame.h"

bool future_class_init(VM *vm); // Future and the gather's
bool task_class_init(VM *vm);
bool handle_class_init(VM *vm); // Handle, TimerHandle, the loop itself

// A handle for callback(*arguments), not queued yet. NULL: out of memory.
Handle *handle_new(VM *vm, Value callback, Tuple *arguments, double when);

// Whether nobody has awaited a sleep that is an object so far.
bool sleep_is_new(const Object *o);

extern const TypeOps future_ops;

#endif

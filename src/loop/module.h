// The native half of asyncio: the module `_asyncio`.
#ifndef AIOLI_LOOP_MODULE_H
#define AIOLI_LOOP_MODULE_H

#include "loop/loop.h"
#include "object/core/module.h"
#include "object/core/native.h"

// console.c: what a prompt needs.
extern const NativeDefinition console_functions[];
// testing.c: what a runner of tests needs.
extern const NativeDefinition testing_functions[];
// outside.c: methods of the loop.
extern const NativeDefinition outside_methods[];

bool asyncio_module_fill(VM *vm, ModuleObject *module);
bool asyncio_locks_module_fill(VM *vm, ModuleObject *module);  // _asyncio_locks
bool asyncio_queues_module_fill(VM *vm, ModuleObject *module); // _asyncio_queues
// awaiters.c: awaited_by(future): the tasks that wait for it, directly or by what waits for several, as a list.
Value awaiters_of(VM *vm, Value *args, size_t count);
// call_stack(task): its frames as far as they are a script's own, the innermost first, as a list.
Value call_stack_of(VM *vm, Value *args, size_t count);
bool asyncio_wait_module_fill(VM *vm, ModuleObject *module);       // _asyncio_wait
bool asyncio_timeouts_module_fill(VM *vm, ModuleObject *module);   // _asyncio_timeouts
bool asyncio_taskgroups_module_fill(VM *vm, ModuleObject *module); // _asyncio_taskgroups

// create_task(coroutine, name, context): both may be VALUE_EMPTY or None.
Value asyncio_create_task(VM *vm, Value coroutine, Value name, Value context);
// sleep.c: a coroutine object that sleeps.
Value sleep_new(VM *vm, double delay, Value result);

#endif

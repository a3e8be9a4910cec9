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

bool asyncio_module_fill(VM *vm, ModuleObject *module);
bool asyncio_locks_module_fill(VM *vm, ModuleObject *module);  // _asyncio_locks
bool asyncio_queues_module_fill(VM *vm, ModuleObject *module); // _asyncio_queues
bool asyncio_wait_module_fill(VM *vm, ModuleObject *module);       // _asyncio_wait
bool asyncio_timeouts_module_fill(VM *vm, ModuleObject *module);   // _asyncio_timeouts
bool asyncio_taskgroups_module_fill(VM *vm, ModuleObject *module); // _asyncio_taskgroups

// create_task(coroutine, name, context): both may be VALUE_EMPTY or None.
Value asyncio_create_task(VM *vm, Value coroutine, Value name, Value context);
// sleep.c: a coroutine object that sleeps.
Value sleep_new(VM *vm, double delay, Value result);

#endif

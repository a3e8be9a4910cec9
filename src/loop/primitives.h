// What tasks use to wait for each other: the native classes of asyncio's locks, and what they share.
#ifndef AIOLI_LOOP_PRIMITIVES_H
#define AIOLI_LOOP_PRIMITIVES_H

#include "loop/wait.h"
#include "object/core/module.h"
#include "object/core/native.h"

typedef struct {
    Waitable base;
    Line line;
    bool locked;
    Value holder; // the task that took it, or VALUE_NONE
    Code *taken_in; // where
    uint32_t taken_at;
} Lock;

// Gives a lock up and calls who is first in its line; it is locked.
void lock_give_up(VM *vm, Lock *lock);
// Takes a lock that is free and that nobody waits for; else false.
bool lock_take(VM *vm, Lock *lock);
// The turn of one in its line has come, or `exception` ended its wait: it takes the lock, or calls the next one. False for the latter.
bool lock_take_turn(VM *vm, Lock *lock, Value exception);
extern const CoroutineKind lock_acquire_kind;

// The lock that an object is, of whatever class, or NULL.
const Lock *lock_if_any(Value v);
// Whether an object is a lock of the class Lock itself, all of whose ways are known.
bool is_plain_lock(VM *vm, Value v);

// repr(): object's own, with a state and the number of those who wait in brackets.
Value primitive_repr(VM *vm, Value self, const char *state, const Line *line);
// Each adds its classes to the module.
bool lock_add(VM *vm, ModuleObject *module);
bool event_add(VM *vm, ModuleObject *module);
bool condition_add(VM *vm, ModuleObject *module);
bool semaphore_add(VM *vm, ModuleObject *module);

#endif

// What a task waits for and where: the words of the reports, and what they are made of. All of these only look: they neither run a script
// nor collect, and leave out what there is no memory for.
#ifndef AIOLI_LOOP_EXPLAIN_H
#define AIOLI_LOOP_EXPLAIN_H

#include "loop/loop.h"
#include "vm/frame.h"

static inline bool explain_is_unfinished(Value v) { return is_task(v) && !future_done(future_of(v)); }

// The tasks that a task waits for: an array of Values, which may have others in it than unfinished tasks. `one` has room for one.
const Value *explain_awaited(VM *vm, Task *task, Value *one, size_t *count);
// Appends FILE:LINE.
void explain_place(const Code *code, uint32_t instruction, Buffer *out);
// Appends the name that an object got where it was made, as the source has it: `name = Lock()`, `self.name = Lock()`, and one of several in
// `a, b = Lock(), Lock()`. Nothing where it got none there; code may be NULL.
void explain_name(const Code *code, uint32_t instruction, Buffer *out);
// Appends what a task waits for, and who has that: "lock 'fork' (FILE:LINE), held by 'Ada' since FILE:LINE". library: what
// report_find_place has found; is_hopeless: nothing can wake the task any more.
void explain_wait(VM *vm, Task *task, const Frame *library, bool is_hopeless, Buffer *out);
// Appends a line or two that begin with a line's end: a task, where it was made, what it waits for and where.
void explain_task(VM *vm, Task *task, const char *indentation, Buffer *out);
// The same for one that may not wait at all, or only for time: "a sleep", "its turn", "itself: it runs".
void explain_state(VM *vm, Task *task, const Frame *library, bool is_hopeless, Buffer *out);
// A word for what a task waits for: "lock", "condition", "semaphore", "event", "queue", "sleep", "task", "future", "host" (its promise),
// "descriptor", "turn" when it waits for nothing but its next step, or "runs".
const char *explain_sort(VM *vm, const Task *task);

#endif

// Reports as JSON, for programs: docs/testing.md has their members. Each is one line.
#ifndef AIOLI_LOOP_REPORT_JSON_H
#define AIOLI_LOOP_REPORT_JSON_H

#include "loop/loop.h"

// Appends a report of tasks that nothing can wake, those first that wait for each other in a circle, and a line's end. report: what it is;
// tasks: NULL for all unfinished ones. Neither collects nor runs a script. out->failed: there is no memory.
void report_json_tasks(VM *vm, const char *report, Task *const *tasks, size_t count, Buffer *out);
// Gives loop->describe what runs and what all tasks wait for, if that is there. Neither collects, nor runs a script, nor fails.
void report_json_describe(VM *vm);
// Writes to the standard error that nobody has retrieved the exception of a future that has failed. False with an exception. [script]
bool report_json_lost(VM *vm, Future *f);
// Writes a report to the standard error, and frees it. False with an exception. [script]
bool report_json_show(VM *vm, Buffer *out);

#endif

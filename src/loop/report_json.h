// Reports as JSON, for programs: docs/testing.md has their members. Each is one line.
#ifndef AIOLI_LOOP_REPORT_JSON_H
#define AIOLI_LOOP_REPORT_JSON_H

#include "loop/loop.h"

// Appends a report of tasks, those first that wait for each other in a circle, and a line's end. report: what it is; is_hopeless: nothing
// can wake them. Neither collects nor runs a script. False, and out->failed: there is no memory.
bool report_json_tasks(VM *vm, const char *report, Task *const *tasks, size_t count, bool is_hopeless, Buffer *out);
// The same of all unfinished tasks.
bool report_json_all_tasks(VM *vm, const char *report, bool is_hopeless, Buffer *out);
// Writes to the standard error that nobody has retrieved the exception of a future that has failed. False with an exception. [script]
bool report_json_lost(VM *vm, Future *f);
// Writes a report to the standard error, and frees it. False with an exception. [script]
bool report_json_show(VM *vm, Buffer *out);

#endif

// What a program's tasks do, asked from another terminal: `aioli ps PID` and `aioli pstree PID`.
//
// The one who asks makes a socket that only its user can reach, named after the process, and sends that a signal; the process then connects
// and writes its description there (aioli_describe). Until then the process has nothing open. Both look at who the other one is.
#ifndef AIOLI_CLI_ASK_H
#define AIOLI_CLI_ASK_H

#include <signal.h>
#include <stddef.h>

// The signal by which a process is asked: one that whoever has no handler for it ignores.
enum { ASK_SIGNAL = SIGURG };

// ---- In the process that is asked

// To be called before the signal can come.
void ask_prepare(void);
// Whether somebody asks this process: there is a socket for it, of the same user. May be called in a signal handler.
int is_asked(void);
// Writes a description to whoever asks.
void answer(const char *text, size_t length);

// ---- In the one that asks

// What the process describes, to be freed; *length gets its length. NULL: that was told to the standard error.
char *ask(const char *process, size_t *length);

#endif

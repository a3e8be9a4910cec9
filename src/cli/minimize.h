// Finding the fewest departures from the plain order of tasks with which a program fails.
#ifndef AIOLI_CLI_MINIMIZE_H
#define AIOLI_CLI_MINIMIZE_H

#include <aioli.h>

// Runs a program, of which `data` knows all, with a configuration: the exit status. What it writes goes to the descriptors 1 and 2.
typedef int (*ProgramRunner)(void *data, const aioli_config *config);

// Runs the program in the order of config->shuffle, in processes of their own; if it fails, again with fewer and fewer of the departures from
// the plain order, as long as it fails in the same way; and writes what is left of them to the standard error. The exit status: that of the
// failure, 0 when there was none, 2 when the search could not be made.
int minimize(ProgramRunner run, void *data, const aioli_config *config);

#endif

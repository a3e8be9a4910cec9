// What stands behind the `aioli *` of the public header.
#ifndef AIOLI_API_HOST_H
#define AIOLI_API_HOST_H

#include "aioli.h"
#include "base/buffer.h"
#include "object/core/vm.h"

struct aioli {
    VM vm; // first, so that a VM's host is found from it
    aioli_config config;
    Allocator allocator;
    Buffer error;    // the text of the last run's end; a zero byte follows it once the run is over
    bool no_memory;  // there was none for the text: it is NO_MEMORY_TEXT
    int exit_status;
    bool path_set;   // sys.path begins with the script's folder
};

#define NO_MEMORY_TEXT "MemoryError\n"

// Reads a file. 0 or an errno; *data is from the allocator, *capacity bytes of it.
int host_read_file(Allocator *allocator, const char *path, char **data, size_t *length, size_t *capacity);

// The text of the exception on its way, which is taken away, into host->error; sets the exit status.
aioli_status host_finish(aioli *host);

#endif

// The smallest host: it runs a line of script.
#include <aioli.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    const char *script = "print('hello from the script:', 6 * 7)";
    aioli *vm = aioli_new(NULL);
    if (vm && aioli_run_source(vm, "<hello>", script, strlen(script)) != AIOLI_OK) fputs(aioli_error_text(vm, NULL), stderr);
    int status = vm ? aioli_exit_status(vm) : 1;
    aioli_free(vm);
    return status;
}

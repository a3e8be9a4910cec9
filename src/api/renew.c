// What programs share is made anew between those of an untrusted VM: what one has done to it ends with it.
#include "api/host.h"
#include "loop/loop.h"
#include "modules/library.h"
#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/number/int.h"
#include "vm/import.h"

// Needs no memory, and gives back what the last program has left: it may have filled all that there is.
void renew_drop(aioli *host) {
    VM *vm = &host->vm;
    // What has been printed since the last program's end stands in streams that may go.
    sys_flush(vm);
    exception_clear(vm);
    dict_delete_string(vm, vm->modules, vm->names.__main__);
    // Its tasks go too, but where the host has some that go on.
    if (!loop_is_hosted(vm)) loop_abandon(vm);
    loop_of(vm)->lost_to = VALUE_NONE;
    if (!host->config.untrusted) return;
    dict_clear(vm, vm->modules);
    dict_clear(vm, library_of(vm)->sys);
    vm->gc_disabled = false;
    vm->int_digit_limit = INT_DEFAULT_DIGIT_LIMIT;
}

bool renew_begin(aioli *host) {
    VM *vm = &host->vm;
    if (!host->config.untrusted) return true;
    host->path_set = false;
    if (!import_renew_path(vm) || !library_renew_streams(vm)) return false;
    if (host->modules && dict_update(vm, vm->modules, value_object(host->modules)) < 0) return false;
    host->builtins = dict_copy(vm, vm->builtins);
    return host->builtins != NULL;
}

void renew_end(aioli *host) {
    // What a program has left raw; but a task of the host's that goes on may be reading keys.
    if (!loop_is_hosted(&host->vm)) host_restore_terminal(host);
    if (host->builtins) dict_replace(&host->vm, host->vm.builtins, host->builtins);
    host->builtins = NULL;
}

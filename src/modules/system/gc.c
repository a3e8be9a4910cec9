// gc and errno: two small modules.
#include <errno.h>

#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"

static Value gc_collect(VM *vm, Value *args, size_t count) {
    vm_collect(vm);
    heap_finish_sweep(vm);
    if (!vm->hooks.finalize(vm, false)) return VALUE_ERROR;
    vm_count_work(vm, vm->heap.live / 64);
    return value_small(0);
}
static Value gc_enable(VM *vm, Value *args, size_t count) {
    vm->gc_disabled = false;
    return VALUE_NONE;
}
// Memory is collected all the same: nothing else frees it here. But a build that collects at every safepoint (gc_stress) then
// does so only when it is due.
static Value gc_disable(VM *vm, Value *args, size_t count) {
    vm->gc_disabled = true;
    return VALUE_NONE;
}
static Value gc_isenabled(VM *vm, Value *args, size_t count) { return value_bool(!vm->gc_disabled); }
static Value gc_nothing(VM *vm, Value *args, size_t count) { return VALUE_NONE; }
static Value gc_count(VM *vm, Value *args, size_t count) {
    Value counts[3] = {value_small((int64_t)vm->heap.collections), value_small(0), value_small(0)};
    return object_or_error(tuple_from(vm, counts, 3));
}

// Settings of CPython's collector: kept for those who read them back.
static Value gc_get_threshold(VM *vm, Value *args, size_t count) {
    Value numbers[3];
    for (int i = 0; i < 3; i++) numbers[i] = int_from_int64(vm, library_of(vm)->gc_thresholds[i]);
    return is_error(numbers[0]) || is_error(numbers[1]) || is_error(numbers[2]) ? VALUE_ERROR : object_or_error(tuple_from(vm, numbers, 3));
}
static Value gc_set_threshold(VM *vm, Value *args, size_t count) {
    int numbers[3];
    if (count < 1 || count > 3) return raise_type_error(vm, "gc.set_threshold requires 1 to 3 arguments");
    for (size_t i = 0; i < count; i++)
        if (!c_int_argument(vm, args[i], &numbers[i])) return VALUE_ERROR;
    for (size_t i = 0; i < count; i++) library_of(vm)->gc_thresholds[i] = numbers[i];
    return VALUE_NONE;
}
static Value gc_get_debug(VM *vm, Value *args, size_t count) { return value_small(library_of(vm)->gc_debug); }
static Value gc_set_debug(VM *vm, Value *args, size_t count) {
    int flags;
    if (!c_int_argument(vm, args[0], &flags)) return VALUE_ERROR;
    library_of(vm)->gc_debug = flags;
    return VALUE_NONE;
}
static Value gc_get_freeze_count(VM *vm, Value *args, size_t count) { return value_small(0); }

static const NativeDefinition functions[] = {{"collect", gc_collect, "generation=2", NATIVE_METHOD,
                                              "Frees what the program can no longer reach."},
                                             {"disable", gc_disable, "", NATIVE_METHOD,
                                              "Makes isenabled() say False; memory is collected all the same, as nothing else frees it."},
                                             {"enable", gc_enable, "", NATIVE_METHOD, "Makes isenabled() say True again."},
                                             {"freeze", gc_nothing, "", NATIVE_METHOD,
                                              "Does nothing here; in CPython it takes all objects of now out of collections."},
                                             {"get_count", gc_count, "", NATIVE_METHOD,
                                              "How many collections there have been, and two zeros."},
                                             {"isenabled", gc_isenabled, "", NATIVE_METHOD, "Whether disable() was not the last word."},
                                             {"unfreeze", gc_nothing, "", NATIVE_METHOD, "Does nothing here; in CPython it takes freeze() back."},
                                             {"get_freeze_count", gc_get_freeze_count, "", NATIVE_METHOD, "How many objects freeze() has taken out: 0."},
                                             {"get_debug", gc_get_debug, "", NATIVE_METHOD, "The flags of set_debug()."},
                                             {"set_debug", gc_set_debug, "flags, /", NATIVE_METHOD,
                                              "Keeps the flags; in CPython they have collections tell of what they do."},
                                             {"get_threshold", gc_get_threshold, "", NATIVE_METHOD, "The numbers of set_threshold()."},
                                             {"set_threshold", gc_set_threshold, "*thresholds", NATIVE_METHOD,
                                              "Keeps the numbers; in CPython they say how much may be allocated between collections."},
                                             {0}};

bool gc_module_fill(VM *vm, ModuleObject *module) {
    List *garbage = list_new(vm, 0);
    Library *library = library_of(vm);
    library->gc_thresholds[0] = 2000;
    library->gc_thresholds[1] = library->gc_thresholds[2] = 10;
    library->gc_debug = 0;
    static const struct {
        const char *name;
        int flag;
    } flags[] = {{"DEBUG_STATS", 1}, {"DEBUG_COLLECTABLE", 2}, {"DEBUG_UNCOLLECTABLE", 4}, {"DEBUG_SAVEALL", 32}, {"DEBUG_LEAK", 38}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (!add_value(vm, module->namespace, flags[i].name, value_small(flags[i].flag))) return false;
    return garbage && add_text(vm, module->namespace, "__doc__", "Garbage collection.") &&
           add_value(vm, module->namespace, "garbage", value_object(garbage)) &&
           native_add_functions(vm, module->namespace, functions) > 0;
}

bool errno_module_fill(VM *vm, ModuleObject *module) {
    static const struct {
        const char *name;
        int number;
    } numbers[] = {
#define NUMBER(name) {#name, name} // of two names for one number the later is errorcode's
        NUMBER(EDEADLK), NUMBER(EOPNOTSUPP), NUMBER(EWOULDBLOCK), NUMBER(E2BIG), NUMBER(EACCES), NUMBER(EADDRINUSE),
        NUMBER(EADDRNOTAVAIL), NUMBER(EADV), NUMBER(EAFNOSUPPORT), NUMBER(EAGAIN), NUMBER(EALREADY), NUMBER(EBADE),
        NUMBER(EBADF), NUMBER(EBADFD), NUMBER(EBADMSG), NUMBER(EBADR), NUMBER(EBADRQC), NUMBER(EBADSLT), NUMBER(EBFONT),
        NUMBER(EBUSY), NUMBER(ECANCELED), NUMBER(ECHILD), NUMBER(ECHRNG), NUMBER(ECOMM), NUMBER(ECONNABORTED),
        NUMBER(ECONNREFUSED), NUMBER(ECONNRESET), NUMBER(EDEADLOCK), NUMBER(EDESTADDRREQ), NUMBER(EDOM), NUMBER(EDOTDOT),
        NUMBER(EDQUOT), NUMBER(EEXIST), NUMBER(EFAULT), NUMBER(EFBIG), NUMBER(EHOSTDOWN), NUMBER(EHOSTUNREACH),
        NUMBER(EIDRM), NUMBER(EILSEQ), NUMBER(EINPROGRESS), NUMBER(EINTR), NUMBER(EINVAL), NUMBER(EIO), NUMBER(EISCONN),
        NUMBER(EISDIR), NUMBER(EISNAM), NUMBER(EKEYEXPIRED), NUMBER(EKEYREJECTED), NUMBER(EKEYREVOKED), NUMBER(EL2HLT),
        NUMBER(EL2NSYNC), NUMBER(EL3HLT), NUMBER(EL3RST), NUMBER(ELIBACC), NUMBER(ELIBBAD), NUMBER(ELIBEXEC),
        NUMBER(ELIBMAX), NUMBER(ELIBSCN), NUMBER(ELNRNG), NUMBER(ELOOP), NUMBER(EMEDIUMTYPE), NUMBER(EMFILE), NUMBER(EMLINK),
        NUMBER(EMSGSIZE), NUMBER(EMULTIHOP), NUMBER(ENAMETOOLONG), NUMBER(ENAVAIL), NUMBER(ENETDOWN), NUMBER(ENETRESET),
        NUMBER(ENETUNREACH), NUMBER(ENFILE), NUMBER(ENOANO), NUMBER(ENOBUFS), NUMBER(ENOCSI), NUMBER(ENODATA),
        NUMBER(ENODEV), NUMBER(ENOENT), NUMBER(ENOEXEC), NUMBER(ENOKEY), NUMBER(ENOLCK), NUMBER(ENOLINK), NUMBER(ENOMEDIUM),
        NUMBER(ENOMEM), NUMBER(ENOMSG), NUMBER(ENONET), NUMBER(ENOPKG), NUMBER(ENOPROTOOPT), NUMBER(ENOSPC), NUMBER(ENOSR),
        NUMBER(ENOSTR), NUMBER(ENOSYS), NUMBER(ENOTBLK), NUMBER(ENOTCONN), NUMBER(ENOTDIR), NUMBER(ENOTEMPTY),
        NUMBER(ENOTNAM), NUMBER(ENOTRECOVERABLE), NUMBER(ENOTSOCK), NUMBER(ENOTSUP), NUMBER(ENOTTY), NUMBER(ENOTUNIQ),
        NUMBER(ENXIO), NUMBER(EOVERFLOW), NUMBER(EOWNERDEAD), NUMBER(EPERM), NUMBER(EPFNOSUPPORT), NUMBER(EPIPE),
        NUMBER(EPROTO), NUMBER(EPROTONOSUPPORT), NUMBER(EPROTOTYPE), NUMBER(ERANGE), NUMBER(EREMCHG), NUMBER(EREMOTE),
        NUMBER(EREMOTEIO), NUMBER(ERESTART), NUMBER(ERFKILL), NUMBER(EROFS), NUMBER(ESHUTDOWN), NUMBER(ESOCKTNOSUPPORT),
        NUMBER(ESPIPE), NUMBER(ESRCH), NUMBER(ESRMNT), NUMBER(ESTALE), NUMBER(ESTRPIPE), NUMBER(ETIME), NUMBER(ETIMEDOUT),
        NUMBER(ETOOMANYREFS), NUMBER(ETXTBSY), NUMBER(EUCLEAN), NUMBER(EUNATCH), NUMBER(EUSERS), NUMBER(EXDEV),
        NUMBER(EXFULL),
#undef NUMBER
    };
    Dict *codes = dict_new(vm);
    if (!codes || !add_value(vm, module->namespace, "errorcode", value_object(codes)) ||
        !add_text(vm, module->namespace, "__doc__", "The numbers of the system's errors."))
        return false;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        String *name = string_from(vm, numbers[i].name);
        if (!name || dict_set(vm, codes, value_small(numbers[i].number), value_object(name)) < 0 ||
            !add_value(vm, module->namespace, numbers[i].name, value_small(numbers[i].number)))
            return false;
    }
    return true;
}

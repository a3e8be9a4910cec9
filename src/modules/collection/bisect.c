// The module bisect: where an item belongs in what is sorted.
#include "modules/library.h"
#include "modules/modules.h"
#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"

// The place of x in a[lo:hi], before or behind those equal to it. -1 with an exception. `key` is applied to the items of a. [script]
static int64_t place(VM *vm, Value a, Value x, int64_t lo, int64_t hi, Value key, bool right) {
    while (lo < hi) {
        int64_t middle = lo + (hi - lo) / 2;
        Value item = is_list(a) && is_exactly(a, vm->classes.list) && (size_t)middle < list_of(a)->length
                         ? list_of(a)->items[middle]
                         : value_get_item(vm, a, value_small(middle));
        if (!is_error(item) && !is_none(key)) item = vm_call(vm, key, &item, 1, NULL);
        if (is_error(item) || !vm_safepoint(vm, 1)) return -1;
        int less;
        if (are_small(x, item))
            less = right ? small_of(x) < small_of(item) : small_of(item) < small_of(x);
        else
            less = right ? value_compare_bool(vm, COMPARISON_LT, x, item) : value_compare_bool(vm, COMPARISON_LT, item, x);
        if (less < 0) return -1;
        if ((less != 0) == right)
            hi = middle;
        else
            lo = middle + 1;
    }
    return lo;
}

// The arguments a, x, lo, hi, key: the place, or -1 with an exception. `x` is what is searched for.
static int64_t search(VM *vm, Value *args, Value x, bool right) {
    int64_t lo = 0, hi = -1;
    Value key = is_empty(args[4]) ? VALUE_NONE : args[4];
    if (!is_empty(args[2]) && !size_argument(vm, args[2], &lo)) return -1;
    if (!is_empty(args[3]) && !is_none(args[3]) && !size_argument(vm, args[3], &hi)) return -1;
    if (lo < 0) return raise_value_error(vm, "lo must be non-negative"), -1;
    if (hi < 0 && (hi = value_length(vm, args[0])) < 0) return -1;
    if (hi > SMALL_INT_MAX) hi = SMALL_INT_MAX; // no sequence is longer
    return place(vm, args[0], x, lo, hi, key, right);
}

static Value bisect(VM *vm, Value *args, bool right) {
    int64_t at = search(vm, args, args[1], right);
    return at < 0 ? VALUE_ERROR : int_from_int64(vm, at);
}
static Value bisect_right(VM *vm, Value *args, size_t count) { return bisect(vm, args, true); }
static Value bisect_left(VM *vm, Value *args, size_t count) { return bisect(vm, args, false); }

static Value insort(VM *vm, Value *args, bool right) {
    Value x = args[1];
    if (!is_empty(args[4]) && !is_none(args[4])) x = vm_call(vm, args[4], &args[1], 1, NULL);
    int64_t at = is_error(x) ? -1 : search(vm, args, x, right);
    String *name = at < 0 ? NULL : string_intern_from(vm, "insert", 6);
    Value insert = name ? value_get_attribute(vm, args[0], name) : VALUE_ERROR;
    if (is_error(insert)) return insert;
    Value given[2] = {value_small(at), args[1]};
    return is_error(vm_call(vm, insert, given, 2, NULL)) ? VALUE_ERROR : VALUE_NONE;
}
static Value insort_right(VM *vm, Value *args, size_t count) { return insort(vm, args, true); }
static Value insort_left(VM *vm, Value *args, size_t count) { return insort(vm, args, false); }

#define PARAMETERS "a, x, lo=0, hi=None, *, key=None", NATIVE_METHOD
static const NativeDefinition functions[] = {
    {"bisect_right", bisect_right, PARAMETERS, "The index in the sorted a behind all items that are not greater than x."},
    {"bisect_left", bisect_left, PARAMETERS, "The index in the sorted a before all items that are not less than x."},
    {"insort_right", insort_right, PARAMETERS, "Inserts x into the sorted a, behind those equal to it."},
    {"insort_left", insort_left, PARAMETERS, "Inserts x into the sorted a, before those equal to it."},
    {0}};

bool bisect_module_fill(VM *vm, ModuleObject *module) {
    Dict *namespace = module->namespace;
    String *module_name = string_intern_from(vm, "_bisect", 7);
    if (!module_name || native_add_functions_of(vm, namespace, functions, module_name) < 0) return false;
    String *right = string_intern_from(vm, "bisect_right", 12), *insort_name = string_intern_from(vm, "insort_right", 12);
    return right && insort_name && add_text(vm, namespace, "__doc__", "Where an item belongs in what is sorted.") &&
           add_value(vm, namespace, "bisect", dict_get_string(vm, namespace, right)) &&
           add_value(vm, namespace, "insort", dict_get_string(vm, namespace, insort_name));
}

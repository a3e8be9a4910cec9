#include "object/core/vm.h"

#include <string.h>

#include "object/container/dict.h"
#include "object/container/iterator.h"
#include "object/container/list.h"
#include "object/container/mapping_proxy.h"
#include "object/container/range.h"
#include "object/container/set.h"
#include "object/core/class.h"
#include "object/core/instance.h"
#include "object/core/module.h"
#include "object/core/module_spec.h"
#include "object/core/native_data.h"
#include "object/core/type.h"
#include "object/core/weak.h"
#include "object/exception/exception.h"
#include "object/exception/traceback.h"
#include "object/function/descriptor.h"
#include "object/function/function.h"
#include "object/function/generic_alias.h"
#include "object/function/member.h"
#include "object/function/type_parameter.h"
#include "object/number/int.h"
#include "object/text/bytes.h"
#include "object/text/str.h"

static void set_operations(VM *vm) {
    const TypeOps **ops = vm->ops;
    ops[KIND_INSTANCE] = &instance_ops;
    ops[KIND_CLASS] = &class_ops;
    ops[KIND_SHAPE] = &shape_ops;
    ops[KIND_INT] = &int_ops;
    ops[KIND_FLOAT] = &float_ops;
    ops[KIND_COMPLEX] = &complex_ops;
    ops[KIND_STRING] = &string_ops;
    ops[KIND_BYTES] = &bytes_ops;
    ops[KIND_BYTEARRAY] = &bytearray_ops;
    ops[KIND_MEMORYVIEW] = &memoryview_ops;
    ops[KIND_LIST] = &list_ops;
    ops[KIND_TUPLE] = &tuple_ops;
    ops[KIND_DICT] = &dict_ops;
    ops[KIND_DICT_VIEW] = &dict_view_ops;
    ops[KIND_SET] = &set_ops;
    ops[KIND_RANGE] = &range_ops;
    ops[KIND_SLICE] = &slice_ops;
    ops[KIND_ITERATOR] = &iterator_ops;
    ops[KIND_CODE] = &code_ops;
    ops[KIND_FUNCTION] = &function_ops;
    ops[KIND_NATIVE] = &native_ops;
    ops[KIND_BOUND_METHOD] = &bound_method_ops;
    ops[KIND_CELL] = &cell_ops;
    ops[KIND_MODULE] = &module_ops;
    ops[KIND_EXCEPTION] = &exception_ops;
    ops[KIND_TRACEBACK] = &traceback_ops;
    ops[KIND_PROPERTY] = &property_ops;
    ops[KIND_WRAPPED_METHOD] = &wrapped_method_ops;
    ops[KIND_SUPER] = &super_ops;
    ops[KIND_DESCRIPTOR] = &descriptor_ops;
    ops[KIND_NATIVE_DATA] = &native_data_ops;
}

static bool make_names(VM *vm) {
    NameTable *n = &vm->names;
#define NAME(field, text)                                                                                              \
    if (!(n->field = string_intern_from(vm, text, strlen(text)))) return false;
#include "object/core/names.def"
#undef NAME
#define SPECIAL(enumerator, name)                                                                                      \
    if (!(n->specials[SPECIAL_##enumerator] = string_intern_from(vm, name, strlen(name)))) return false;
#include "object/core/specials.def"
#undef SPECIAL
    return true;
}

// The order matters: each step may use what stands before it.
static bool make_classes(VM *vm) {
    ClassTable *c = &vm->classes;
    return class_bootstrap(vm) && make_names(vm) &&
           class_new_builtin(vm, "object", NULL, KIND_INSTANCE, sizeof(Instance), 0) &&
           class_new_builtin(vm, "type", c->object, KIND_CLASS, sizeof(Class), CLASS_HAS_DICT) &&
           descriptor_class_init(vm) && type_class_init(vm) && string_class_init(vm) && tuple_class_init(vm) &&
           dict_class_init(vm) && function_class_init(vm) && property_class_init(vm) && int_class_init(vm) &&
           bool_class_init(vm) && float_class_init(vm) && complex_class_init(vm) && bytes_class_init(vm) &&
           list_class_init(vm) && set_class_init(vm) && range_class_init(vm) && slice_class_init(vm) &&
           iterator_class_init(vm) && generic_alias_class_init(vm) && mapping_proxy_class_init(vm) && special_binder_class_init(vm) && member_class_init(vm) && type_parameter_class_init(vm) &&
           type_alias_class_init(vm) && module_class_init(vm) && module_spec_class_init(vm) && exception_class_init(vm) && traceback_class_init(vm);
}

// What safepoints do until the interpreter is there: nobody interrupts yet, and nothing is garbage.
static bool refuel(VM *vm) {
    vm->fuel = FUEL_SLICE;
    return true;
}

bool vm_create(VM *vm, Allocator allocator, const uint64_t hash_key[2]) {
    *vm = (VM){.exception = VALUE_EMPTY, .stop_value = VALUE_NONE, .suspended_on = VALUE_NONE, .memory_error = VALUE_NONE,
               .no_default = VALUE_NONE, .program_folder = VALUE_NONE};
    heap_init(vm, allocator);
    vm->hash_key[0] = hash_key[0];
    vm->hash_key[1] = hash_key[1];
    vm->int_digit_limit = INT_DEFAULT_DIGIT_LIMIT;
    vm->native_depth_limit = 400;
    vm->fuel = FUEL_SLICE;
    vm->hooks.attend = vm->hooks.poll = refuel;
    set_operations(vm);
    if (!make_classes(vm)) return false;
    Exception *memory_error = exception_new(vm, vm->exceptions.memory_error, NULL, 0);
    if (!memory_error) return false;
    vm->memory_error = value_object(memory_error);
    vm->builtins = dict_new(vm);
    vm->modules = dict_new(vm);
    return vm->builtins && vm->modules;
}

void vm_destroy(VM *vm) {
    weak_free(vm);
    heap_free(vm);
}

void vm_note_stack(VM *vm, const char *high) {
    vm->stack_limit = stack_limit(high);
    vm->stack_entered = high;
    vm->stack_thread = stack_thread();
}

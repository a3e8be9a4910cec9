// Special methods that are no plain functions: static and class methods, properties, and whatever object a script has put there.
#include "object/core/class_internal.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/function/function.h"

// A special method is called with the object it is for as its first argument. Where the class has something that must be bound first,
// this stands for it, and does both.
typedef struct {
    NativeData data;
    Value found; // in the class
} SpecialBinder;

static void binder_trace(VM *vm, Object *o) { heap_mark(vm, ((SpecialBinder *)o)->found); }
static Value binder_bind(VM *vm, Value self, Value instance) {
    return attribute_bind(vm, ((SpecialBinder *)object_of(self))->found, instance, class_of(vm, instance));
}
static Value binder_call(VM *vm, Value self, Value *arguments, size_t count, Tuple *keywords) {
    Value bound = binder_bind(vm, self, arguments[0]);
    return is_error(bound) ? bound : vm_call(vm, bound, arguments + 1, count - 1, keywords);
}
static const TypeOps binder_ops = {.trace = binder_trace, .call = binder_call, .bind = binder_bind};

bool special_binder_class_init(VM *vm) {
    vm->classes.special_binder =
        native_data_class(vm, "builtins", "special_binder", &binder_ops, sizeof(SpecialBinder), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    return vm->classes.special_binder != NULL;
}

// Whether it takes its object as the first argument when it is called as it is.
static bool binds_itself(Value found) {
    if (!is_object(found) || is_function(found)) return true;
    if (!is_native(found)) return false;
    const Native *native = native_of(found);
    return native->owner && native->definition->flavour == NATIVE_METHOD && is_empty(native->self);
}

Value special_bindable(VM *vm, Special special, Value found) {
    // These are of the class, and bound by whoever calls them.
    if (special == SPECIAL_NEW || special == SPECIAL_INIT_SUBCLASS || special == SPECIAL_CLASS_GETITEM || binds_itself(found)) return found;
    SpecialBinder *binder = native_data_new(vm, vm->classes.special_binder, sizeof(SpecialBinder));
    if (!binder) return VALUE_ERROR;
    binder->found = found;
    return value_object(binder);
}

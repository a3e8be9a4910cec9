// The statements raise, with and except*.
#include "vm/support.h"

#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/core/type.h"
#include "object/exception/exception.h"

// An exception object of what a raise statement names: a class is called.
static Value exception_of_statement(VM *vm, Value v, const char *message) {
    if (is_exception(v)) return v;
    if (is_kind(v, KIND_CLASS) && ((Class *)object_of(v))->flags & CLASS_EXCEPTION) {
        Value made = vm_call(vm, v, NULL, 0, NULL);
        if (is_error(made) || is_exception(made)) return made;
        String *cls = value_repr(vm, v), *kind = cls ? value_repr(vm, value_object(class_of(vm, made))) : NULL;
        if (!kind) return VALUE_ERROR;
        return raise_type_error(vm, "calling %s should have returned an instance of BaseException, not %s", cls->data, kind->data);
    }
    return raise_type_error(vm, "%s", message);
}

bool raise_statement_value(VM *vm, Value v, Value cause, bool has_cause) {
    Value exception = exception_of_statement(vm, v, "exceptions must derive from BaseException");
    if (is_error(exception)) return false;
    if (has_cause) {
        if (!is_none(cause)) cause = exception_of_statement(vm, cause, "exception causes must derive from BaseException");
        if (is_error(cause)) return false;
        heap_store(vm, object_of(exception), &exception_of(exception)->cause, cause);
        exception_of(exception)->suppress_context = true;
    }
    raise_value(vm, exception);
    return false;
}

// Whether `e` is a part of `original` that no clause caught, or was raised again as it was: such parts go back into one
// group of the original's shape.
static bool is_part_of(VM *vm, Value e, Value original) {
    if (value_same(e, original)) return true;
    Tuple *members = exception_group_members(vm, original);
    if (!members) return false;
    Exception *a = exception_of(e), *b = exception_of(original);
    return exception_group_members(vm, e) && value_same(a->traceback, b->traceback) && value_same(a->cause, b->cause) &&
           value_same(a->context, b->context);
}

static void collect_leaves(VM *vm, Value e, List *leaves) {
    Tuple *members = exception_group_members(vm, e);
    if (!members) {
        list_append(vm, leaves, e);
        return;
    }
    for (size_t i = 0; i < members->length; i++) collect_leaves(vm, members->items[i], leaves);
}

static Value keeps_leaf(VM *vm, Value *args, size_t count) {
    List *leaves = list_of(args[0]);
    for (size_t i = 0; i < leaves->length; i++)
        if (value_same(leaves->items[i], args[1])) return VALUE_TRUE;
    return VALUE_FALSE;
}
static const NativeDefinition keeps_leaf_definition = {"keeps", keeps_leaf, "leaves, exception, /", NATIVE_METHOD};

Value exception_merge(VM *vm, Value raised, Value original) {
    List *list = list_of(raised);
    if (list->length == 0) return VALUE_NONE;
    if (!exception_group_members(vm, original)) {
        // A naked exception was wrapped: what is left unhandled is itself.
        if (list->length == 1) return list->items[0];
    }
    List *fresh = list_new(vm, 0), *leaves = list_new(vm, 0);
    if (!fresh || !leaves) return VALUE_ERROR;
    for (size_t i = 0; i < list->length; i++) {
        if (is_part_of(vm, list->items[i], original))
            collect_leaves(vm, list->items[i], leaves);
        else if (!list_append(vm, fresh, list->items[i]))
            return VALUE_ERROR;
    }
    Value unhandled = VALUE_NONE;
    if (leaves->length) {
        Native *keeps = native_new(vm, &keeps_leaf_definition, NULL);
        Value rest;
        if (!keeps) {
            unhandled = VALUE_ERROR;
        } else {
            keeps->self = value_object(leaves);
            if (!exception_split(vm, original, value_object(keeps), &unhandled, &rest)) unhandled = VALUE_ERROR;
        }
    }
    if (is_error(unhandled)) return VALUE_ERROR;
    if (fresh->length == 0) return unhandled;
    if (!is_none(unhandled) && !list_append(vm, fresh, unhandled)) return VALUE_ERROR;
    if (fresh->length == 1) return fresh->items[0];
    Tuple *members = tuple_from(vm, fresh->items, fresh->length);
    return members ? exception_group_new(vm, "", members) : VALUE_ERROR;
}

Value exit_call(VM *vm, Value function, Value self, Value exception) {
    Value arguments[4] = {self, value_object(class_of(vm, exception)), exception, exception_of(exception)->traceback};
    return is_empty(self) ? vm_call(vm, function, arguments + 1, 3, NULL) : vm_call(vm, function, arguments, 4, NULL);
}

bool exception_star_split(VM *vm, Value exception, Value type, Value *pair) {
    Value one[1] = {type};
    const Value *types = is_tuple(type) ? tuple_of(type)->items : one;
    size_t count = is_tuple(type) ? tuple_of(type)->length : 1;
    for (size_t i = 0; i < count; i++)
        if (is_kind(types[i], KIND_CLASS) &&
            class_is_subclass((Class *)object_of(types[i]), vm->exceptions.base_exception_group)) {
            raise_type_error(vm, "catching ExceptionGroup with except* is not allowed. Use except instead.");
            return false;
        }
    return exception_split(vm, exception, type, &pair[0], &pair[1]);
}

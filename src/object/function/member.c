#include "object/function/member.h"

#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/protocol.h"
#include "object/text/str.h"

// The value is one of the instance's own attributes, found by its shape. So a member is asked only where the instance lacks it, or
// where a script has taken the member out of its class.
typedef struct {
    Object object;
    Class *owner;
    String *name;
} Member;

static Member *member_of(Value v) { return (Member *)object_of(v); }

Object *member_new(VM *vm, Class *owner, String *name) {
    Member *member = heap_allocate(vm, vm->classes.member->root, KIND_MEMBER, sizeof(Member));
    if (!member) return NULL;
    member->owner = owner;
    member->name = name;
    return &member->object;
}

Class *member_owner_of(Value member) { return member_of(member)->owner; }

static void member_trace(VM *vm, Object *o) {
    Member *member = (Member *)o;
    heap_mark_object(vm, (Object *)member->owner);
    heap_mark_object(vm, (Object *)member->name);
}
static Value member_repr(VM *vm, Value self) {
    Member *member = member_of(self);
    String *text = string_format(vm, "<member '%s' of '%s' objects>", member->name->data, class_name(member->owner));
    return text ? value_object(text) : VALUE_ERROR;
}
const TypeOps member_ops = {.trace = member_trace, .repr = member_repr};

static bool applies(VM *vm, const Member *member, Value o) {
    if (is_object(o) && value_is_instance(vm, o, member->owner)) return true;
    raise_type_error(vm, "descriptor '%s' for '%s' objects doesn't apply to a '%s' object", member->name->data,
                     class_name(member->owner), type_name(vm, o));
    return false;
}

Value member_read(VM *vm, Object *o, Value instance) {
    Member *member = (Member *)o;
    if (!applies(vm, member, instance)) return VALUE_ERROR;
    Value found = object_own_attribute(vm, object_of(instance), member->name);
    if (!is_empty(found)) return found;
    const Class *cls = class_of(vm, instance);
    bool plain = !is_string(cls->module) || string_is(string_of(cls->module), "__main__") || string_is(string_of(cls->module), "builtins");
    return raise_error(vm, vm->exceptions.attribute_error, "'%s%s%s' object has no attribute '%s'",
                       plain ? "" : string_of(cls->module)->data, plain ? "" : ".", cls->qualified_name->data, member->name->data);
}

static Value write_member(VM *vm, const Member *member, Value instance, Value value) {
    if (!applies(vm, member, instance)) return VALUE_ERROR;
    int done = object_set_own_attribute(vm, object_of(instance), member->name, value);
    if (done == 1) return VALUE_NONE;
    return done < 0 && !is_empty(vm->exception) ? VALUE_ERROR
                                                : raise_error(vm, vm->exceptions.attribute_error, "%s", member->name->data);
}

static Value member_get(VM *vm, Value *args, size_t count) {
    return is_none(args[1]) ? args[0] : member_read(vm, object_of(args[0]), args[1]);
}
static Value member_set(VM *vm, Value *args, size_t count) { return write_member(vm, member_of(args[0]), args[1], args[2]); }
static Value member_delete(VM *vm, Value *args, size_t count) { return write_member(vm, member_of(args[0]), args[1], VALUE_EMPTY); }
static const NativeDefinition member_methods[] = {{"__get__", member_get, "self, instance, owner=None, /", NATIVE_METHOD},
                                                  {"__set__", member_set, "self, instance, value, /", NATIVE_METHOD},
                                                  {"__delete__", member_delete, "self, instance, /", NATIVE_METHOD},
                                                  {0}};

static Value member_name(VM *vm, Value self) { return value_object(member_of(self)->name); }
static Value member_owner(VM *vm, Value self) { return value_object(member_of(self)->owner); }
static Value member_doc(VM *vm, Value self) { return VALUE_NONE; }
static Value member_qualified_name(VM *vm, Value self) {
    Member *member = member_of(self);
    String *text = string_format(vm, "%s.%s", member->owner->qualified_name->data, member->name->data);
    return text ? value_object(text) : VALUE_ERROR;
}
static const AttributeDefinition member_attributes[] = {{"__name__", member_name, NULL},
                                                        {"__objclass__", member_owner, NULL},
                                                        {"__doc__", member_doc, NULL},
                                                        {"__qualname__", member_qualified_name, NULL},
                                                        {0}};

bool member_class_init(VM *vm) {
    vm->ops[KIND_MEMBER] = &member_ops;
    Class *cls = vm->classes.member = class_new_builtin(vm, "member_descriptor", vm->classes.object, KIND_MEMBER, sizeof(Member),
                                                        CLASS_FINAL | CLASS_ABSTRACT_NEW);
    return cls && native_add_methods(vm, cls, member_methods) > 0 && native_add_attributes(vm, cls, member_attributes) > 0;
}

// What a `type` statement makes.
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/core/protocol.h"
#include "object/function/generic_alias.h"
#include "object/function/type_parameter.h"
#include "object/text/str.h"

typedef struct {
    NativeData data;
    String *name;
    Value module;
    Value parameters; // a tuple, or VALUE_EMPTY
    Value value, function;
} TypeAlias;

static const TypeOps type_alias_ops;

static TypeAlias *alias_of(Value v) { return (TypeAlias *)object_of(v); }
bool is_type_alias(Value v) { return is_native_data(v, &type_alias_ops); }

static TypeAlias *new_alias(VM *vm, String *name, Value parameters, Value value, Value function) {
    TypeAlias *alias = native_data_new(vm, vm->classes.type_alias, sizeof(TypeAlias));
    if (!alias) return NULL;
    alias->name = name;
    alias->parameters = parameters;
    alias->value = value;
    alias->function = function;
    alias->module = vm->hooks.current_module ? vm->hooks.current_module(vm) : VALUE_EMPTY;
    if (is_empty(alias->module)) alias->module = VALUE_NONE;
    return alias;
}

Value type_alias_new(VM *vm, String *name, Value parameters, Value function) {
    TypeAlias *alias = new_alias(vm, name, parameters, VALUE_EMPTY, function);
    return alias ? value_object(alias) : VALUE_ERROR;
}

// args: cls, name, value, type_params
static Value alias_make(VM *vm, Value *args, size_t count) {
    if (!is_string(args[1]))
        return raise_type_error(vm, "typealias() argument 'name' must be str, not %s", type_name(vm, args[1]));
    if (!is_empty(args[3]) && !is_tuple(args[3])) return raise_type_error(vm, "type_params must be a tuple");
    bool none = is_empty(args[3]) || tuple_of(args[3])->length == 0;
    TypeAlias *alias = new_alias(vm, string_of(args[1]), none ? VALUE_EMPTY : args[3], args[2], VALUE_EMPTY);
    return alias ? value_object(alias) : VALUE_ERROR;
}

static Value tuple_or_none(VM *vm, Value v) {
    if (!is_empty(v)) return v;
    Tuple *none = tuple_new(vm, 0);
    return none ? value_object(none) : VALUE_ERROR;
}

static Value get_name(VM *vm, Value self) { return value_object(alias_of(self)->name); }
static Value get_module(VM *vm, Value self) { return alias_of(self)->module; }
static Value get_value(VM *vm, Value self) {
    TypeAlias *alias = alias_of(self);
    return type_evaluate(vm, object_of(self), &alias->value, &alias->function);
}
static Value get_type_parameters(VM *vm, Value self) { return tuple_or_none(vm, alias_of(self)->parameters); }
static Value get_parameters(VM *vm, Value self) {
    Value parameters = tuple_or_none(vm, alias_of(self)->parameters);
    if (is_error(parameters)) return parameters;
    Tuple *unpacked = type_parameters_unpacked(vm, tuple_of(parameters));
    return unpacked ? value_object(unpacked) : VALUE_ERROR;
}
static const AttributeDefinition alias_attributes[] = {{"__name__", get_name, NULL},
                                                       {"__module__", get_module, NULL},
                                                       {"__value__", get_value, NULL},
                                                       {"__type_params__", get_type_parameters, NULL},
                                                       {"__parameters__", get_parameters, NULL},
                                                       {0}};

static Value alias_reduce(VM *vm, Value *args, size_t count) { return get_name(vm, args[0]); }
static const NativeDefinition alias_methods[] = {
    {"__new__", alias_make, "cls, name, value, *, type_params=()", NATIVE_NEW},
    {"__reduce__", alias_reduce, "self, /", NATIVE_METHOD},
    {0}};

static void alias_trace(VM *vm, Object *o) {
    TypeAlias *alias = (TypeAlias *)o;
    heap_mark_object(vm, (Object *)alias->name);
    Value held[] = {alias->module, alias->parameters, alias->value, alias->function};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) heap_mark(vm, held[i]);
}
static Value alias_repr(VM *vm, Value self) { return value_object(alias_of(self)->name); }
static Value alias_binary(VM *vm, Binary op, Value left, Value right) {
    return op == BINARY_OR ? type_union_new(vm, left, right) : VALUE_NOT_IMPLEMENTED;
}
static Value alias_get_item(VM *vm, Value self, Value key) {
    if (is_empty(alias_of(self)->parameters)) return raise_type_error(vm, "Only generic type aliases are subscriptable");
    return generic_alias_new(vm, self, key);
}
static const OperatorSet only_or = {.binary = 1u << BINARY_OR};
static const TypeOps type_alias_ops = {.trace = alias_trace,
                                       .repr = alias_repr,
                                       .binary = alias_binary,
                                       .get_item = alias_get_item,
                                       .operations = &only_or};

bool type_alias_class_init(VM *vm) {
    Class *cls = vm->classes.type_alias =
        native_data_class(vm, "typing", "TypeAliasType", &type_alias_ops, sizeof(TypeAlias), CLASS_FINAL);
    return cls && native_add_methods(vm, cls, alias_methods) > 0 && native_add_attributes(vm, cls, alias_attributes) > 0;
}

#include "object/function/type_parameter.h"

#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/core/protocol.h"
#include "object/function/function.h"
#include "object/text/str.h"

typedef struct {
    NativeData data;
    String *name;
    Value module;
    Value bound, bound_function;
    Value constraints, constraints_function;
    Value default_, default_function;
    bool covariant, contravariant, infer_variance;
} TypeParameter;

typedef struct { // P.args and P.kwargs
    NativeData data;
    Value origin;
} ParameterPart;

static TypeParameter *parameter_of(Value v) { return (TypeParameter *)object_of(v); }

// ---- What the module typing knows

static Value typing_member(VM *vm, const char *name) {
    String *module = string_intern_from(vm, "typing", 6), *member = module ? string_intern_from(vm, name, strlen(name)) : NULL;
    Value typing = member ? vm->hooks.import_module(vm, module) : VALUE_ERROR;
    return is_error(typing) ? typing : value_get_attribute(vm, typing, member);
}

Value typing_call(VM *vm, const char *function, Value *arguments, size_t count) {
    Value callable = typing_member(vm, function);
    return is_error(callable) ? callable : vm_call(vm, callable, arguments, count, NULL);
}

Value type_evaluate(VM *vm, Object *owner, Value *value, Value *function) {
    if (!is_empty(*value)) return *value;
    if (is_empty(*function)) return VALUE_NONE;
    Value made = vm_call(vm, *function, NULL, 0, NULL);
    if (is_error(made)) return made;
    // It may have asked for itself and be there by now.
    if (is_empty(*value)) heap_store(vm, owner, value, made);
    heap_store(vm, owner, function, VALUE_EMPTY);
    return *value;
}

// ---- Making

static TypeParameter *new_parameter(VM *vm, Class *cls, String *name) {
    TypeParameter *p = native_data_new(vm, cls, sizeof(TypeParameter));
    if (!p) return NULL;
    p->name = name;
    p->module = vm->hooks.current_module ? vm->hooks.current_module(vm) : VALUE_EMPTY;
    if (is_empty(p->module)) p->module = VALUE_NONE;
    p->bound = p->bound_function = p->constraints = p->constraints_function = p->default_ = p->default_function = VALUE_EMPTY;
    return p;
}

static bool given(Value v) { return !is_empty(v) && !is_none(v); }

static bool set_flag(VM *vm, Value v, bool *flag) {
    int truth = is_empty(v) ? 0 : value_truth(vm, v);
    *flag = truth > 0;
    return truth >= 0;
}

static bool set_variance(VM *vm, TypeParameter *p, Value covariant, Value contravariant, Value infer) {
    if (!set_flag(vm, covariant, &p->covariant) || !set_flag(vm, contravariant, &p->contravariant) ||
        !set_flag(vm, infer, &p->infer_variance))
        return false;
    const char *wrong = p->covariant && p->contravariant ? "Bivariant types are not supported."
                        : p->infer_variance && (p->covariant || p->contravariant)
                            ? "Variance cannot be specified with infer_variance."
                            : NULL;
    if (wrong) raise_error(vm, vm->exceptions.value_error, "%s", wrong);
    return !wrong;
}

static bool set_bound(VM *vm, TypeParameter *p, Value bound) {
    p->bound = VALUE_NONE;
    if (!given(bound)) return true;
    String *message = string_from(vm, "Bound must be a type.");
    Value arguments[2] = {bound, message ? value_object(message) : VALUE_ERROR};
    p->bound = message ? typing_call(vm, "_type_check", arguments, 2) : VALUE_ERROR;
    return !is_error(p->bound);
}

static String *name_argument(VM *vm, const char *cls, Value name) {
    if (is_string(name)) return string_of(name);
    raise_type_error(vm, "%s() argument 'name' must be str, not %s", cls, type_name(vm, name));
    return NULL;
}

// args: cls, name, bound, default, covariant, contravariant, infer_variance, then the constraints
static Value variable_new(VM *vm, Value *args, size_t count) {
    enum { FIXED = 7 };
    String *name = name_argument(vm, "typevar", args[1]);
    TypeParameter *p = name ? new_parameter(vm, vm->classes.type_variable, name) : NULL;
    if (!p || !set_variance(vm, p, args[4], args[5], args[6])) return VALUE_ERROR;
    if (!set_bound(vm, p, args[2])) return VALUE_ERROR;
    size_t constraints = count - FIXED;
    if (constraints == 1) return raise_type_error(vm, "A single constraint is not allowed");
    if (constraints && given(args[2])) return raise_type_error(vm, "Constraints cannot be combined with bound=...");
    Tuple *tuple = tuple_from(vm, args + FIXED, constraints);
    String *message = string_from(vm, "TypeVar(name, constraint, ...): constraints must be types.");
    if (!tuple || !message) return VALUE_ERROR;
    for (size_t i = 0; i < constraints; i++) {
        Value arguments[2] = {tuple->items[i], value_object(message)};
        Value checked = typing_call(vm, "_type_check", arguments, 2);
        if (is_error(checked)) return checked;
        heap_store(vm, (Object *)tuple, &tuple->items[i], checked);
    }
    p->constraints = value_object(tuple);
    p->default_ = is_empty(args[3]) ? vm->no_default : args[3];
    return value_object(p);
}

// args: cls, name, bound, default, covariant, contravariant, infer_variance
static Value specification_new(VM *vm, Value *args, size_t count) {
    String *name = name_argument(vm, "paramspec", args[1]);
    TypeParameter *p = name ? new_parameter(vm, vm->classes.parameter_specification, name) : NULL;
    if (!p || !set_variance(vm, p, args[4], args[5], args[6]) || !set_bound(vm, p, args[2])) return VALUE_ERROR;
    p->default_ = is_empty(args[3]) ? vm->no_default : args[3];
    return value_object(p);
}

static Value variadic_new(VM *vm, Value *args, size_t count) {
    String *name = name_argument(vm, "typevartuple", args[1]);
    TypeParameter *p = name ? new_parameter(vm, vm->classes.type_variable_tuple, name) : NULL;
    if (!p) return VALUE_ERROR;
    p->default_ = is_empty(args[2]) ? vm->no_default : args[2];
    return value_object(p);
}

static Value part_new(VM *vm, Class *cls, Value origin) {
    ParameterPart *part = native_data_new(vm, cls, sizeof(ParameterPart));
    if (!part) return VALUE_ERROR;
    part->origin = origin;
    return value_object(part);
}
static Value arguments_new(VM *vm, Value *args, size_t count) { return part_new(vm, vm->classes.parameter_arguments, args[1]); }
static Value keywords_new(VM *vm, Value *args, size_t count) { return part_new(vm, vm->classes.parameter_keywords, args[1]); }

// ---- Attributes

static Value get_name(VM *vm, Value self) { return value_object(parameter_of(self)->name); }
static int set_name(VM *vm, Value self, Value value) {
    return raise_error(vm, vm->exceptions.attribute_error, "readonly attribute"), -1;
}
static Value get_module(VM *vm, Value self) { return parameter_of(self)->module; }
static int set_module(VM *vm, Value self, Value value) {
    if (is_empty(value)) value = VALUE_NONE;
    heap_store(vm, object_of(self), &parameter_of(self)->module, value);
    return 1;
}
static Value get_bound(VM *vm, Value self) {
    TypeParameter *p = parameter_of(self);
    return type_evaluate(vm, object_of(self), &p->bound, &p->bound_function);
}
static Value get_constraints(VM *vm, Value self) {
    TypeParameter *p = parameter_of(self);
    Value v = type_evaluate(vm, object_of(self), &p->constraints, &p->constraints_function);
    if (!is_none(v)) return v;
    Tuple *none = tuple_new(vm, 0);
    return none ? value_object(none) : VALUE_ERROR;
}
static Value get_default(VM *vm, Value self) {
    TypeParameter *p = parameter_of(self);
    if (is_empty(p->default_) && is_empty(p->default_function)) return vm->no_default;
    return type_evaluate(vm, object_of(self), &p->default_, &p->default_function);
}
static Value get_covariant(VM *vm, Value self) { return value_bool(parameter_of(self)->covariant); }
static Value get_contravariant(VM *vm, Value self) { return value_bool(parameter_of(self)->contravariant); }
static Value get_infer_variance(VM *vm, Value self) { return value_bool(parameter_of(self)->infer_variance); }
static Value get_arguments(VM *vm, Value self) { return part_new(vm, vm->classes.parameter_arguments, self); }
static Value get_keywords(VM *vm, Value self) { return part_new(vm, vm->classes.parameter_keywords, self); }
static Value get_origin(VM *vm, Value self) { return ((ParameterPart *)object_of(self))->origin; }

#define COMMON_ATTRIBUTES {"__name__", get_name, set_name}, {"__module__", get_module, set_module}, {"__default__", get_default, NULL}
#define VARIANCE_ATTRIBUTES                                                                                            \
    {"__bound__", get_bound, NULL}, {"__covariant__", get_covariant, NULL},                                            \
        {"__contravariant__", get_contravariant, NULL}, {"__infer_variance__", get_infer_variance, NULL}
static const AttributeDefinition variable_attributes[] = {
    COMMON_ATTRIBUTES, VARIANCE_ATTRIBUTES, {"__constraints__", get_constraints, NULL}, {0}};
static const AttributeDefinition specification_attributes[] = {
    COMMON_ATTRIBUTES,
    VARIANCE_ATTRIBUTES,
    {"args", get_arguments, NULL, "Stands for the positional parameters, in the annotation of *args."},
    {"kwargs", get_keywords, NULL, "Stands for the keyword parameters, in the annotation of **kwargs."},
    {0}};
static const AttributeDefinition variadic_attributes[] = {COMMON_ATTRIBUTES, {0}};
static const AttributeDefinition part_attributes[] = {{"__origin__", get_origin, NULL}, {0}};

// ---- Methods

static Value has_default(VM *vm, Value *args, size_t count) {
    TypeParameter *p = parameter_of(args[0]);
    return value_bool(!is_empty(p->default_function) || (!is_empty(p->default_) && !value_same(p->default_, vm->no_default)));
}
static Value reduce(VM *vm, Value *args, size_t count) { return get_name(vm, args[0]); }
static Value no_subclass(VM *vm, Value *args, size_t count) {
    return raise_type_error(vm, "Cannot subclass an instance of %s", type_name(vm, args[0]));
}
static Value variable_substitute(VM *vm, Value *args, size_t count) { return typing_call(vm, "_typevar_subst", args, 2); }
static Value variable_prepare(VM *vm, Value *args, size_t count) { return typing_call(vm, "_typevar_prepare_subst", args, 3); }
static Value specification_substitute(VM *vm, Value *args, size_t count) { return typing_call(vm, "_paramspec_subst", args, 2); }
static Value specification_prepare(VM *vm, Value *args, size_t count) {
    return typing_call(vm, "_paramspec_prepare_subst", args, 3);
}
static Value variadic_prepare(VM *vm, Value *args, size_t count) {
    return typing_call(vm, "_typevartuple_prepare_subst", args, 3);
}
static Value variadic_substitute(VM *vm, Value *args, size_t count) {
    return raise_type_error(vm, "Substitution of bare TypeVarTuple is not supported");
}

#define COMMON_METHODS                                                                                                 \
    {"has_default", has_default, "self, /", NATIVE_METHOD, "Whether the parameter has a default."},                    \
        {"__reduce__", reduce, "self, /", NATIVE_METHOD},                                                              \
        {"__mro_entries__", no_subclass, "self, bases, /", NATIVE_METHOD}
static const NativeDefinition variable_methods[] = {
    {"__new__", variable_new,
     "cls, name, *constraints, bound=None, default=typing.NoDefault, covariant=False, contravariant=False, infer_variance=False",
     NATIVE_NEW},
    COMMON_METHODS,
    {"__typing_subst__", variable_substitute, "self, arg, /", NATIVE_METHOD},
    {"__typing_prepare_subst__", variable_prepare, "self, alias, args, /", NATIVE_METHOD},
    {0}};
static const NativeDefinition specification_methods[] = {
    {"__new__", specification_new,
     "cls, name, *, bound=None, default=typing.NoDefault, covariant=False, contravariant=False, infer_variance=False", NATIVE_NEW},
    COMMON_METHODS,
    {"__typing_subst__", specification_substitute, "self, arg, /", NATIVE_METHOD},
    {"__typing_prepare_subst__", specification_prepare, "self, alias, args, /", NATIVE_METHOD},
    {0}};
static const NativeDefinition variadic_methods[] = {
    {"__new__", variadic_new, "cls, name, *, default=typing.NoDefault", NATIVE_NEW},
    COMMON_METHODS,
    {"__typing_subst__", variadic_substitute, "self, arg, /", NATIVE_METHOD},
    {"__typing_prepare_subst__", variadic_prepare, "self, alias, args, /", NATIVE_METHOD},
    {0}};
#define PART_METHODS(new)                                                                                              \
    {"__new__", new, "cls, origin", NATIVE_NEW}, {"__mro_entries__", no_subclass, "self, bases, /", NATIVE_METHOD}, {0}
static const NativeDefinition arguments_methods[] = {PART_METHODS(arguments_new)};
static const NativeDefinition keywords_methods[] = {PART_METHODS(keywords_new)};

// ---- Operations

static void parameter_trace(VM *vm, Object *o) {
    TypeParameter *p = (TypeParameter *)o;
    heap_mark_object(vm, (Object *)p->name);
    Value held[] = {p->module, p->bound, p->bound_function, p->constraints, p->constraints_function, p->default_, p->default_function};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) heap_mark(vm, held[i]);
}
static void part_trace(VM *vm, Object *o) { heap_mark(vm, ((ParameterPart *)o)->origin); }

static Value text_value(String *text) { return text ? value_object(text) : VALUE_ERROR; }

static Value variance_repr(VM *vm, Value self) {
    TypeParameter *p = parameter_of(self);
    if (p->infer_variance) return value_object(p->name);
    return text_value(string_format(vm, "%s%s", p->covariant ? "+" : p->contravariant ? "-" : "~", p->name->data));
}
static Value name_repr(VM *vm, Value self) { return value_object(parameter_of(self)->name); }
static Value part_repr(VM *vm, Value self) {
    Value origin = ((ParameterPart *)object_of(self))->origin;
    const char *part = class_of(vm, self) == vm->classes.parameter_arguments ? "args" : "kwargs";
    Value name = class_of(vm, origin) == vm->classes.parameter_specification ? get_name(vm, origin) : VALUE_EMPTY;
    String *text = is_empty(name) ? value_repr(vm, origin) : string_of(name);
    return text ? text_value(string_format(vm, "%s.%s", text->data, part)) : VALUE_ERROR;
}
static Value part_compare(VM *vm, Comparison op, Value self, Value other) {
    if (op > COMPARISON_NE || class_of(vm, self) != class_of(vm, other)) return VALUE_NOT_IMPLEMENTED;
    int equal = value_equal(vm, get_origin(vm, self), get_origin(vm, other));
    return equal < 0 ? VALUE_ERROR : value_bool(equal == (op == COMPARISON_EQ));
}

static Value make_union(VM *vm, Binary op, Value left, Value right) {
    if (op != BINARY_OR) return VALUE_NOT_IMPLEMENTED;
    Value arguments[2] = {left, right};
    return typing_call(vm, "_make_union", arguments, 2);
}

static Value unpacked(VM *vm, Value self) { return typing_call(vm, "_unpack", &self, 1); }
static Value variadic_iterate(VM *vm, Value self) {
    Value one = unpacked(vm, self);
    Tuple *tuple = is_error(one) ? NULL : tuple_from(vm, &one, 1);
    return tuple ? value_iterate(vm, value_object(tuple)) : VALUE_ERROR;
}

Tuple *type_parameters_unpacked(VM *vm, Tuple *parameters) {
    bool any = false;
    for (size_t i = 0; i < parameters->length; i++) any |= class_of(vm, parameters->items[i]) == vm->classes.type_variable_tuple;
    if (!any) return parameters;
    Tuple *all = tuple_from(vm, parameters->items, parameters->length);
    for (size_t i = 0; all && i < all->length; i++) {
        if (class_of(vm, all->items[i]) != vm->classes.type_variable_tuple) continue;
        Value one = unpacked(vm, all->items[i]);
        if (is_error(one)) return NULL;
        heap_store(vm, (Object *)all, &all->items[i], one);
    }
    return all;
}

static const OperatorSet only_or = {.binary = 1u << BINARY_OR}, none = {0};
static const TypeOps variable_ops = {
    .trace = parameter_trace, .repr = variance_repr, .binary = make_union, .operations = &only_or};
static const TypeOps variadic_ops = {
    .trace = parameter_trace, .repr = name_repr, .iterate = variadic_iterate, .operations = &none};
static const TypeOps part_ops = {.trace = part_trace, .repr = part_repr, .compare = part_compare, .operations = &none};

static Value no_default_repr(VM *vm, Value self) { return text_value(string_from(vm, "typing.NoDefault")); }
static const TypeOps no_default_ops = {.repr = no_default_repr, .operations = &none};
static Value no_default_new(VM *vm, Value *args, size_t count) {
    if (count > 1) return raise_type_error(vm, "NoDefaultType takes no arguments");
    return vm->no_default;
}
static Value no_default_reduce(VM *vm, Value *args, size_t count) { return text_value(string_from(vm, "NoDefault")); }
static const NativeDefinition no_default_methods[] = {{"__new__", no_default_new, "cls, /, *args", NATIVE_NEW},
                                                      {"__reduce__", no_default_reduce, "self, /", NATIVE_METHOD},
                                                      {0}};

// ---- What the compiler asks for

// Those made by syntax have no module of their own: they show the class's.
static Value with_default(VM *vm, TypeParameter *p, Value function) {
    if (!p) return VALUE_ERROR;
    p->module = object_shape((Object *)p)->cls->module;
    p->default_function = function;
    return value_object(p);
}

Value type_construct(VM *vm, uint8_t what, Value *operands) {
    ClassTable *c = &vm->classes;
    switch ((TypeConstruct)what) {
    case TYPE_CONSTRUCT_VARIABLE: {
        TypeParameter *p = new_parameter(vm, c->type_variable, string_of(operands[0]));
        if (!p) return VALUE_ERROR;
        p->infer_variance = true;
        p->bound_function = operands[2];
        p->constraints_function = operands[3];
        return with_default(vm, p, operands[1]);
    }
    case TYPE_CONSTRUCT_TUPLE: return with_default(vm, new_parameter(vm, c->type_variable_tuple, string_of(operands[0])), operands[1]);
    case TYPE_CONSTRUCT_SPECIFICATION: {
        TypeParameter *p = new_parameter(vm, c->parameter_specification, string_of(operands[0]));
        if (p) p->infer_variance = true;
        return with_default(vm, p, operands[1]);
    }
    case TYPE_CONSTRUCT_ALIAS: return type_alias_new(vm, string_of(operands[0]), operands[1], operands[2]);
    case TYPE_CONSTRUCT_BASES: {
        Value generic = typing_call(vm, "_generic_base", &operands[1], 1);
        Tuple *bases = tuple_of(operands[0]), *all = is_error(generic) ? NULL : tuple_new(vm, bases->length + 1);
        if (!all) return VALUE_ERROR;
        memcpy(all->items, bases->items, bases->length * sizeof(Value));
        all->items[bases->length] = generic;
        return value_object(all);
    }
    case TYPE_CONSTRUCT_FUNCTION:
        return value_set_attribute(vm, operands[0], vm->names.__type_params__, operands[1]) < 0 ? VALUE_ERROR : operands[0];
    }
    return VALUE_ERROR;
}

// ---- Start

static Class *parameter_class(VM *vm, const char *name, const TypeOps *ops, size_t size, const NativeDefinition *methods,
                              const AttributeDefinition *attributes) {
    Class *cls = native_data_class(vm, "typing", name + strlen("typing."), ops, size, CLASS_FINAL);
    if (!cls) return NULL;
    if (native_add_methods(vm, cls, methods) < 0) return NULL;
    return attributes && native_add_attributes(vm, cls, attributes) < 0 ? NULL : cls;
}

bool type_parameter_class_init(VM *vm) {
    ClassTable *c = &vm->classes;
    size_t size = sizeof(TypeParameter), part = sizeof(ParameterPart);
    c->type_variable = parameter_class(vm, "typing.TypeVar", &variable_ops, size, variable_methods, variable_attributes);
    c->type_variable_tuple = parameter_class(vm, "typing.TypeVarTuple", &variadic_ops, size, variadic_methods, variadic_attributes);
    c->parameter_specification =
        parameter_class(vm, "typing.ParamSpec", &variable_ops, size, specification_methods, specification_attributes);
    c->parameter_arguments = parameter_class(vm, "typing.ParamSpecArgs", &part_ops, part, arguments_methods, part_attributes);
    c->parameter_keywords = parameter_class(vm, "typing.ParamSpecKwargs", &part_ops, part, keywords_methods, part_attributes);
    c->no_default_type =
        parameter_class(vm, "typing.NoDefaultType", &no_default_ops, sizeof(NativeData), no_default_methods, NULL);
    if (!c->type_variable || !c->type_variable_tuple || !c->parameter_specification || !c->parameter_arguments ||
        !c->parameter_keywords || !c->no_default_type)
        return false;
    NativeData *no_default = native_data_new(vm, c->no_default_type, sizeof(NativeData));
    if (!no_default) return false;
    vm->no_default = value_object(no_default);
    return true;
}

#include "object/function/function.h"

#include "object/container/dict.h"
#include "object/core/documentation.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/protocol.h"
#include "object/number/int.h"
#include "object/text/str.h"

// ---- Code

Code *code_new(VM *vm) {
    Code *code = heap_allocate(vm, vm->classes.code->root, KIND_CODE, sizeof(Code));
    if (!code) return NULL;
    code->handled_register = 0xFFFF;
    code->doc = code->source = VALUE_NONE;
    return code;
}

const LineEntry *code_place(const Code *code, uint32_t instruction) {
    uint32_t low = 0, high = code->line_count;
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        if (code->lines[middle].start <= instruction)
            low = middle;
        else
            high = middle;
    }
    static const LineEntry none = {0};
    return code->line_count ? &code->lines[low] : &none;
}

static void code_trace(VM *vm, Object *o) {
    Code *code = (Code *)o;
    for (uint32_t i = 0; i < code->constant_count; i++) heap_mark(vm, code->constants[i]);
    heap_mark_object(vm, (Object *)code->variable_names);
    heap_mark_object(vm, (Object *)code->cell_names);
    heap_mark_object(vm, (Object *)code->free_names);
    heap_mark_object(vm, (Object *)code->name);
    heap_mark_object(vm, (Object *)code->qualified_name);
    heap_mark_object(vm, (Object *)code->file_name);
    heap_mark(vm, code->doc);
    heap_mark(vm, code->source);
}

static void code_finalize(VM *vm, Object *o) {
    Code *code = (Code *)o;
    heap_resize(vm, code->instructions, code->instruction_count * sizeof(Instruction), 0);
    heap_resize(vm, code->constants, code->constant_count * sizeof(Value), 0);
    heap_resize(vm, code->handlers, code->handler_count * sizeof(HandlerRange), 0);
    heap_resize(vm, code->lines, code->line_count * sizeof(LineEntry), 0);
}

static Value code_repr(VM *vm, Value self) {
    Code *code = (Code *)object_of(self);
    String *text = string_format(vm, "<code object %s at %p, file \"%s\", line %u>", code->name->data, (void *)code,
                                 code->file_name->data, code->first_line);
    return text ? value_object(text) : VALUE_ERROR;
}

const TypeOps code_ops = {.trace = code_trace, .finalize = code_finalize, .repr = code_repr};

static Value code_name(VM *vm, Value self) { return value_object(((Code *)object_of(self))->name); }
static Value code_qualified_name(VM *vm, Value self) { return value_object(((Code *)object_of(self))->qualified_name); }
static Value code_file(VM *vm, Value self) { return value_object(((Code *)object_of(self))->file_name); }
static Value code_first_line(VM *vm, Value self) { return value_small(((Code *)object_of(self))->first_line); }
static Value code_argument_count(VM *vm, Value self) { return value_small(((Code *)object_of(self))->positional_count); }
static Value code_keyword_only(VM *vm, Value self) { return value_small(((Code *)object_of(self))->keyword_only_count); }
static Value code_positional_only(VM *vm, Value self) {
    return value_small(((Code *)object_of(self))->positional_only_count);
}
static Value code_variables(VM *vm, Value self) { return value_object(((Code *)object_of(self))->variable_names); }
static Value code_free(VM *vm, Value self) { return value_object(((Code *)object_of(self))->free_names); }
static Value code_cells(VM *vm, Value self) { return value_object(((Code *)object_of(self))->cell_names); }
// CPython's numbers for inspect.CO_*.
static Value code_flags(VM *vm, Value self) {
    uint32_t flags = ((Code *)object_of(self))->flags, out = 0x3;
    if (flags & CODE_VARIADIC) out |= 0x4;
    if (flags & CODE_KEYWORD_VARIADIC) out |= 0x8;
    if (flags & CODE_NESTED) out |= 0x10;
    if ((flags & 3) == CODE_GENERATOR) out |= 0x20;
    if ((flags & 3) == CODE_COROUTINE) out |= 0x80;
    if (flags & CODE_AWAITABLE) out |= 0x100;
    if ((flags & 3) == CODE_ASYNC_GENERATOR) out |= 0x200;
    return value_small(out);
}
static Value code_local_count(VM *vm, Value self) { return value_small((int64_t)((Code *)object_of(self))->variable_names->length); }
static Value code_constants(VM *vm, Value self) {
    Code *code = (Code *)object_of(self);
    Tuple *tuple = tuple_from(vm, code->constants, code->constant_count);
    return tuple ? value_object(tuple) : VALUE_ERROR;
}

// A number that is 0 where nothing is known, as None.
static Value known(uint32_t number, bool is_known) { return is_known ? value_small(number) : VALUE_NONE; }

// (line, last line, column, last column) of each instruction. Without places in their end: that is all there is to tell of them.
static Value code_positions(VM *vm, Value *args, size_t count) {
    Code *code = (Code *)object_of(args[0]);
    List *list = list_new(vm, code->instruction_count);
    for (uint32_t i = 0; list && i < code->instruction_count; i++) {
        const LineEntry *place = code_place(code, i);
        bool has_columns = place->column != 0xFFFF && place->end_column != 0xFFFF;
        Value four[] = {known(place->line, place->line), known(place->end_line, place->end_line), known(place->column, has_columns),
                        known(place->end_column, has_columns)};
        Tuple *tuple = tuple_from(vm, four, 4);
        if (!tuple || !list_append(vm, list, value_object(tuple)) || !vm_poll(vm, 1)) return VALUE_ERROR;
    }
    return list ? value_iterate(vm, value_object(list)) : VALUE_ERROR;
}

// (start, end, line) of each stretch of instructions with one line, in the two-byte units of co_lasti's kind.
static Value code_lines(VM *vm, Value *args, size_t count) {
    Code *code = (Code *)object_of(args[0]);
    List *list = list_new(vm, 4);
    for (uint32_t i = 0; list && i < code->line_count;) {
        uint32_t from = i, line = code->lines[i].line;
        while (i < code->line_count && code->lines[i].line == line) i++;
        uint32_t end = i < code->line_count ? code->lines[i].start : code->instruction_count;
        Value three[] = {value_small((int64_t)code->lines[from].start * 2), value_small((int64_t)end * 2), known(line, line)};
        Tuple *tuple = tuple_from(vm, three, 3);
        if (!tuple || !list_append(vm, list, value_object(tuple)) || !vm_poll(vm, 1)) return VALUE_ERROR;
    }
    return list ? value_iterate(vm, value_object(list)) : VALUE_ERROR;
}
static const NativeDefinition code_methods[] = {{"co_positions", code_positions, "self, /", NATIVE_METHOD,
                                                 "An iterator of (line, end line, column, end column) for each instruction."},
                                                {"co_lines", code_lines, "self, /", NATIVE_METHOD,
                                                 "An iterator of (start, end, line) for runs of instructions of one line."},
                                                {0}};
static const AttributeDefinition code_attributes[] = {{"co_name", code_name, NULL, "The name of the function, class or module."},
                                                      {"co_qualname", code_qualified_name, NULL,
                                                       "The name with those of the classes and functions around it."},
                                                      {"co_filename", code_file, NULL, "The name of the file it was compiled from."},
                                                      {"co_firstlineno", code_first_line, NULL, "The line where it begins."},
                                                      {"co_argcount", code_argument_count, NULL,
                                                       "How many parameters may be given by position, without *args."},
                                                      {"co_kwonlyargcount", code_keyword_only, NULL,
                                                       "How many parameters are keyword-only."},
                                                      {"co_posonlyargcount", code_positional_only, NULL,
                                                       "How many parameters are positional-only."},
                                                      {"co_varnames", code_variables, NULL,
                                                       "The names of the parameters and the local variables, a tuple."},
                                                      {"co_freevars", code_free, NULL,
                                                       "The names of variables of functions around it that it uses, a tuple."},
                                                      {"co_cellvars", code_cells, NULL,
                                                       "The names of its variables that functions within use, a tuple."},
                                                      {"co_flags", code_flags, NULL,
                                                       "Bits that say what it is: a generator, a coroutine, one with *args and so on "
                                                       "(see inspect.CO_…)."},
                                                      {"co_nlocals", code_local_count, NULL, "How many names co_varnames has."},
                                                      {"co_consts", code_constants, NULL, "The constants that it uses, a tuple."},
                                                      {0}};

// ---- Functions

Function *function_new(VM *vm, Code *code, Dict *globals) {
    Function *function = heap_allocate(vm, vm->classes.function->root, KIND_FUNCTION, sizeof(Function));
    if (!function) return NULL;
    function->code = code;
    function->globals = globals;
    return function;
}

static Value function_override(VM *vm, Function *function, String *name) {
    return function->overrides ? dict_get_string(vm, function->overrides, name) : VALUE_EMPTY;
}

Value function_name(VM *vm, Function *function) {
    Value set = function_override(vm, function, vm->names.__name__);
    return is_empty(set) ? value_object(function->code->name) : set;
}
Value function_qualified_name(VM *vm, Function *function) {
    Value set = function_override(vm, function, vm->names.__qualname__);
    return is_empty(set) ? value_object(function->code->qualified_name) : set;
}

static int function_set(VM *vm, Value self, String *name, Value value) {
    Function *function = function_of(self);
    if (!function->overrides) {
        function->overrides = dict_new(vm);
        if (!function->overrides) return -1;
    }
    return dict_set_string(vm, function->overrides, name, value) < 0 ? -1 : 1;
}

Function *function_renamed(VM *vm, const Function *function, String *attribute, Value name) {
    Function *copy = function_new(vm, function->code, function->globals);
    if (!copy) return NULL;
    copy->defaults = function->defaults;
    copy->keyword_defaults = function->keyword_defaults;
    copy->closure = function->closure;
    copy->attributes = function->attributes;
    copy->overrides = function->overrides ? dict_copy(vm, function->overrides) : NULL;
    if (function->overrides && !copy->overrides) return NULL;
    return function_set(vm, value_object(copy), attribute, name) < 0 ? NULL : copy;
}

static int set_text(VM *vm, Value self, String *name, Value value) {
    if (!is_string(value)) return raise_type_error(vm, "%s must be set to a string object", name->data), -1;
    return function_set(vm, self, name, value);
}
static Value get_name(VM *vm, Value self) { return function_name(vm, function_of(self)); }
static int set_name(VM *vm, Value self, Value value) { return set_text(vm, self, vm->names.__name__, value); }
static Value get_qualified_name(VM *vm, Value self) { return function_qualified_name(vm, function_of(self)); }
static int set_qualified_name(VM *vm, Value self, Value value) {
    return set_text(vm, self, vm->names.__qualname__, value);
}
static Value get_doc(VM *vm, Value self) {
    Value set = function_override(vm, function_of(self), vm->names.__doc__);
    return is_empty(set) ? function_of(self)->code->doc : set;
}
static int set_doc(VM *vm, Value self, Value value) {
    return function_set(vm, self, vm->names.__doc__, is_empty(value) ? VALUE_NONE : value);
}
static Value get_module(VM *vm, Value self) {
    Value set = function_override(vm, function_of(self), vm->names.__module__);
    if (!is_empty(set)) return set;
    Value name = dict_get_string(vm, function_of(self)->globals, vm->names.__name__);
    return is_empty(name) ? VALUE_NONE : name;
}
static int set_module(VM *vm, Value self, Value value) {
    return function_set(vm, self, vm->names.__module__, is_empty(value) ? VALUE_NONE : value);
}
static Value get_annotations(VM *vm, Value self) {
    Value set = function_override(vm, function_of(self), vm->names.__annotations__);
    if (!is_empty(set)) return set;
    Dict *dict = dict_new(vm);
    if (!dict || function_set(vm, self, vm->names.__annotations__, value_object(dict)) < 0) return VALUE_ERROR;
    return value_object(dict);
}
static int set_annotations(VM *vm, Value self, Value value) {
    return function_set(vm, self, vm->names.__annotations__, value);
}
static Value get_type_parameters(VM *vm, Value self) {
    Value set = function_override(vm, function_of(self), vm->names.__type_params__);
    if (!is_empty(set)) return set;
    Tuple *none = tuple_new(vm, 0);
    return none ? value_object(none) : VALUE_ERROR;
}
static int set_type_parameters(VM *vm, Value self, Value value) {
    return function_set(vm, self, vm->names.__type_params__, value);
}
static Value get_code(VM *vm, Value self) { return value_object(function_of(self)->code); }
static Value get_globals(VM *vm, Value self) { return value_object(function_of(self)->globals); }
static Value get_defaults(VM *vm, Value self) {
    return function_of(self)->defaults ? value_object(function_of(self)->defaults) : VALUE_NONE;
}
static int set_defaults(VM *vm, Value self, Value value) {
    if (!is_none(value) && !is_empty(value) && !is_tuple(value))
        return raise_type_error(vm, "__defaults__ must be set to a tuple object"), -1;
    function_of(self)->defaults = is_tuple(value) ? tuple_of(value) : NULL;
    return 1;
}
static Value get_keyword_defaults(VM *vm, Value self) {
    return function_of(self)->keyword_defaults ? value_object(function_of(self)->keyword_defaults) : VALUE_NONE;
}
static int set_keyword_defaults(VM *vm, Value self, Value value) {
    if (!is_none(value) && !is_empty(value) && !is_dict(value))
        return raise_type_error(vm, "__kwdefaults__ must be set to a dict object"), -1;
    function_of(self)->keyword_defaults = is_dict(value) ? dict_of(value) : NULL;
    return 1;
}
static Value get_closure(VM *vm, Value self) {
    return function_of(self)->closure ? value_object(function_of(self)->closure) : VALUE_NONE;
}
static Value get_dictionary(VM *vm, Value self) {
    Dict *dict = object_dictionary(vm, object_of(self));
    return dict ? value_object(dict) : VALUE_ERROR;
}
static int set_dictionary(VM *vm, Value self, Value value) {
    if (is_empty(value)) return raise_type_error(vm, "cannot delete __dict__"), -1;
    if (!is_dict(value)) return raise_type_error(vm, "__dict__ must be set to a dictionary, not a '%s'", type_name(vm, value)), -1;
    return object_set_dictionary(vm, object_of(self), dict_of(value)) ? 1 : -1;
}
static const AttributeDefinition function_attributes[] = {{"__name__", get_name, set_name},
                                                          {"__qualname__", get_qualified_name, set_qualified_name},
                                                          {"__doc__", get_doc, set_doc},
                                                          {"__module__", get_module, set_module},
                                                          {"__annotations__", get_annotations, set_annotations},
                                                          {"__type_params__", get_type_parameters, set_type_parameters},
                                                          {"__code__", get_code, NULL},
                                                          {"__globals__", get_globals, NULL},
                                                          {"__defaults__", get_defaults, set_defaults},
                                                          {"__kwdefaults__", get_keyword_defaults, set_keyword_defaults},
                                                          {"__closure__", get_closure, NULL},
                                                          {"__dict__", get_dictionary, set_dictionary},
                                                          {0}};

static void function_trace(VM *vm, Object *o) {
    Function *function = (Function *)o;
    heap_mark_object(vm, (Object *)function->code);
    heap_mark_object(vm, (Object *)function->globals);
    heap_mark_object(vm, (Object *)function->defaults);
    heap_mark_object(vm, (Object *)function->keyword_defaults);
    heap_mark_object(vm, (Object *)function->closure);
    heap_mark_object(vm, (Object *)function->attributes);
    heap_mark_object(vm, (Object *)function->overrides);
}

static Value function_repr(VM *vm, Value self) {
    Value name = function_qualified_name(vm, function_of(self));
    String *text = string_format(vm, "<function %s at %p>", string_of(name)->data, (void *)object_of(self));
    return text ? value_object(text) : VALUE_ERROR;
}

// Calls of functions from C go through the hook; the interpreter itself never comes here.
static Value function_call(VM *vm, Value self, Value *arguments, size_t count, Tuple *keywords) {
    return vm_call(vm, self, arguments, count, keywords);
}

const TypeOps function_ops = {.trace = function_trace, .repr = function_repr, .call = function_call};

static Value function_get(VM *vm, Value *args, size_t count) {
    if (is_none(args[1])) return args[0];
    return bound_method_new(vm, args[0], args[1]);
}
static const NativeDefinition function_methods[] = {
    {"__get__", function_get, "self, instance, owner=None, /", NATIVE_METHOD}, {0}};

// ---- Bound methods

// Methods written in C are objects of other classes.
static Class *class_of_bound(const VM *vm, Value function) {
    if (!is_native(function)) return vm->classes.bound_method;
    bool is_slot = object_shape(object_of(function)) == vm->classes.wrapper_descriptor->root;
    return is_slot ? vm->classes.method_wrapper : vm->classes.native;
}

static Value new_bound(VM *vm, const Class *cls, Value function, Value self) {
    BoundMethod *method = heap_allocate_raw(vm, cls->root, KIND_BOUND_METHOD, sizeof(BoundMethod));
    if (!method) return VALUE_ERROR;
    method->function = function;
    method->self = self;
    return value_object(method);
}

Value bound_method_new(VM *vm, Value function, Value self) { return new_bound(vm, class_of_bound(vm, function), function, self); }

static void bound_method_trace(VM *vm, Object *o) {
    heap_mark(vm, ((BoundMethod *)o)->function);
    heap_mark(vm, ((BoundMethod *)o)->self);
}
static Value bound_method_repr(VM *vm, Value self) {
    BoundMethod *method = (BoundMethod *)object_of(self);
    String *text;
    if (class_of(vm, self) != vm->classes.bound_method) {
        bool is_slot = class_of(vm, self) == vm->classes.method_wrapper;
        const char *words = is_slot ? "<method-wrapper '%s' of %s object at %p>" : "<built-in method %s of %s object at %p>";
        text = string_format(vm, words, native_of(method->function)->definition->name,
                             type_name(vm, method->self), is_object(method->self) ? (void *)object_of(method->self) : NULL);
    } else {
        Value name = value_find_attribute(vm, method->function, vm->names.__qualname__);
        if (is_empty(name)) name = value_find_attribute(vm, method->function, vm->names.__name__);
        String *of = is_error(name) ? NULL : value_repr(vm, method->self);
        if (!of || is_error(name)) return VALUE_ERROR;
        text = string_format(vm, "<bound method %s of %s>", is_string(name) ? string_of(name)->data : "?", of->data);
    }
    return text ? value_object(text) : VALUE_ERROR;
}
static Value bound_method_call(VM *vm, Value self, Value *arguments, size_t count, Tuple *keywords) {
    return vm_call(vm, self, arguments, count, keywords);
}
static Value bound_method_compare(VM *vm, Comparison op, Value self, Value other) {
    if (op > COMPARISON_NE || !is_kind(other, KIND_BOUND_METHOD)) return VALUE_NOT_IMPLEMENTED;
    BoundMethod *a = (BoundMethod *)object_of(self), *b = (BoundMethod *)object_of(other);
    bool equal = value_same(a->function, b->function) && value_same(a->self, b->self);
    return value_bool(equal == (op == COMPARISON_EQ));
}
static int bound_method_hash(VM *vm, Value self, uint64_t *out) {
    BoundMethod *method = (BoundMethod *)object_of(self);
    *out = (method->function.bits >> 4) * 1000003u ^ (method->self.bits & VALUE_PAYLOAD);
    return 1;
}
// Whatever a method lacks, its function is asked for.
static Value bound_method_attribute(VM *vm, Value self, String *name) {
    BoundMethod *method = (BoundMethod *)object_of(self);
    if (string_is(name, "__self__")) return method->self;
    if (string_is(name, "__func__") && class_of(vm, self) == vm->classes.bound_method) return method->function;
    // What all objects have is its own, but for what tells of the function.
    bool is_function_s = name == vm->names.__doc__ || name == vm->names.__dict__;
    if (!is_function_s && !is_empty(class_lookup(vm, vm->classes.bound_method, name))) return VALUE_EMPTY;
    return value_get_attribute(vm, method->function, name);
}
const TypeOps bound_method_ops = {.trace = bound_method_trace,
                                  .repr = bound_method_repr,
                                  .call = bound_method_call,
                                  .compare = bound_method_compare,
                                  .hash = bound_method_hash,
                                  .get_attribute = bound_method_attribute};

// The class builtin_function_or_method has objects of two kinds: functions, and methods bound to what they were taken from.
static Value builtin_repr(VM *vm, Value self) {
    return is_native(self) ? native_ops.repr(vm, self) : bound_method_repr(vm, self);
}
static Value builtin_compare(VM *vm, Comparison op, Value self, Value other) {
    return is_native(self) ? VALUE_NOT_IMPLEMENTED : bound_method_compare(vm, op, self, other);
}
static int builtin_hash(VM *vm, Value self, uint64_t *out) {
    if (!is_native(self)) return bound_method_hash(vm, self, out);
    uint64_t bits = (uint64_t)(uintptr_t)object_of(self);
    *out = bits >> 4 | bits << 60; // its identity
    return 1;
}
static const TypeOps builtin_ops = {.repr = builtin_repr, .call = bound_method_call, .compare = builtin_compare, .hash = builtin_hash};

static Value bound_method_make(VM *vm, Value *args, size_t count) {
    if (!value_callable(vm, args[1])) return raise_type_error(vm, "first argument must be callable");
    if (is_none(args[2])) return raise_type_error(vm, "instance must not be None");
    return new_bound(vm, vm->classes.bound_method, args[1], args[2]);
}
static const NativeDefinition bound_method_methods[] = {
    {"__new__", bound_method_make, "cls, function, instance, /", NATIVE_NEW}, {0}};

// The function itself, or that of a bound method.
static Native *native_behind(Value v) {
    return native_of(is_kind(v, KIND_BOUND_METHOD) ? ((BoundMethod *)object_of(v))->function : v);
}
static Value native_name(VM *vm, Value self) {
    String *name = string_from(vm, native_behind(self)->definition->name);
    return name ? value_object(name) : VALUE_ERROR;
}
static Value native_qualified_name(VM *vm, Value self) {
    Native *native = native_behind(self);
    String *name = native->owner ? string_format(vm, "%s.%s", class_name(native->owner), native->definition->name)
                                 : string_from(vm, native->definition->name);
    return name ? value_object(name) : VALUE_ERROR;
}
static Value native_doc(VM *vm, Value self) {
    const NativeDefinition *definition = native_behind(self)->definition;
    return documentation_value(vm, definition->doc ? definition->doc : special_documentation(definition->name));
}
static Value native_module(VM *vm, Value self) {
    Native *native = native_behind(self);
    return native->owner ? VALUE_NONE : value_object(native->module ? native->module : vm->names.builtins);
}
// "($self, key, /)", as CPython writes signatures; None where a default value has no name.
static Value native_text_signature(VM *vm, Value self) {
    Native *native = native_behind(self);
    const char *signature = native->definition->signature;
    if (*signature == '!' || *signature == '?') return VALUE_NONE; // nor have they one in CPython
    for (const char *at = strchr(signature, '='); at; at = strchr(at + 1, '='))
        if (!at[1] || at[1] == ',') return VALUE_NONE;
    NativeFlavour flavour = native->definition->flavour;
    const char *before = !native->owner ? "$module, " : flavour == NATIVE_STATIC ? "" : "$";
    // (Without parameters nothing follows the module.)
    if (!native->owner && !*signature) before = "$module";
    bool is_marked = native->owner || strchr(signature, '/');
    String *text = string_format(vm, "(%s%s%s)", before, !is_marked && *signature ? "/, " : "", signature);
    return text ? value_object(text) : VALUE_ERROR;
}
// What the function belongs to: its module, or the class of a static or class method.
static Value native_self(VM *vm, Value self) {
    if (is_kind(self, KIND_BOUND_METHOD)) return ((BoundMethod *)object_of(self))->self;
    Native *native = native_of(self);
    if (!is_empty(native->self)) return native->self;
    if (native->owner) return value_object(native->owner);
    Value module = dict_get_string(vm, vm->modules, native->module ? native->module : vm->names.builtins);
    return is_empty(module) ? VALUE_NONE : module;
}
static Value native_owner(VM *vm, Value self) {
    Native *native = native_behind(self);
    return native->owner ? value_object(native->owner) : VALUE_NONE;
}
static Value native_bind(VM *vm, Value *args, size_t count) {
    if (is_none(args[1])) return args[0];
    Native *native = native_of(args[0]);
    if (value_is_instance(vm, args[1], native->owner)) return bound_method_new(vm, args[0], args[1]);
    return raise_type_error(vm, "descriptor '%s' for '%s' objects doesn't apply to a '%s' object", native->definition->name,
                            class_shown_name(native->owner), type_name(vm, args[1]));
}
static const NativeDefinition native_descriptor_methods[] = {{"__get__", native_bind, "self, instance, owner=None, /", NATIVE_METHOD}, {0}};
static const AttributeDefinition native_attributes[] = {{"__name__", native_name, NULL},
                                                        {"__qualname__", native_qualified_name, NULL},
                                                        {"__doc__", native_doc, NULL},
                                                        {"__module__", native_module, NULL},
                                                        {"__text_signature__", native_text_signature, NULL},
                                                        {"__self__", native_self, NULL},
                                                        {0}};
static const AttributeDefinition native_descriptor_attributes[] = {{"__name__", native_name, NULL},
                                                                   {"__qualname__", native_qualified_name, NULL},
                                                                   {"__doc__", native_doc, NULL},
                                                                   {"__text_signature__", native_text_signature, NULL},
                                                                   {"__objclass__", native_owner, NULL},
                                                                   {0}};

// ---- Cells

Cell *cell_new(VM *vm, Value value) {
    Cell *cell = heap_allocate_raw(vm, vm->classes.cell->root, KIND_CELL, sizeof(Cell));
    if (cell) cell->value = value;
    return cell;
}
static void cell_trace(VM *vm, Object *o) { heap_mark(vm, ((Cell *)o)->value); }
const TypeOps cell_ops = {.trace = cell_trace};
static Value cell_contents(VM *vm, Value self) {
    Value value = ((Cell *)object_of(self))->value;
    return is_empty(value) ? raise_value_error(vm, "cell is empty") : value;
}
static int cell_set_contents(VM *vm, Value self, Value value) {
    heap_store(vm, object_of(self), &((Cell *)object_of(self))->value, value);
    return 1;
}
static const AttributeDefinition cell_attributes[] = {{"cell_contents", cell_contents, cell_set_contents,
                                                       "The variable's value; ValueError where it has none."},
                                                      {0}};

bool function_class_init(VM *vm) {
    ClassTable *c = &vm->classes;
    c->native->ops = &builtin_ops;
    Class *object = c->object;
    return (c->function = class_new_builtin(vm, "function", object, KIND_FUNCTION, sizeof(Function),
                                            CLASS_FINAL | CLASS_HAS_DICT)) &&
           (c->code = class_new_builtin(vm, "code", object, KIND_CODE, sizeof(Code), CLASS_FINAL)) &&
           (c->bound_method = class_new_builtin(vm, "method", object, KIND_BOUND_METHOD, sizeof(BoundMethod), CLASS_FINAL)) &&
           (c->method_wrapper = class_new_builtin(vm, "method-wrapper", object, KIND_BOUND_METHOD, sizeof(BoundMethod), CLASS_FINAL)) &&
           (c->cell = class_new_builtin(vm, "cell", object, KIND_CELL, sizeof(Cell), CLASS_FINAL)) &&
           native_add_attributes(vm, c->native, native_attributes) > 0 &&
           native_add_attributes(vm, c->method_descriptor, native_descriptor_attributes) > 0 &&
           native_add_attributes(vm, c->wrapper_descriptor, native_descriptor_attributes) > 0 &&
           native_add_methods(vm, c->method_descriptor, native_descriptor_methods) > 0 &&
           native_add_methods(vm, c->wrapper_descriptor, native_descriptor_methods) > 0 &&
           native_add_attributes(vm, c->function, function_attributes) > 0 &&
           native_add_methods(vm, c->function, function_methods) > 0 &&
           native_add_methods(vm, c->bound_method, bound_method_methods) > 0 &&
           native_add_attributes(vm, c->code, code_attributes) > 0 && native_add_methods(vm, c->code, code_methods) > 0 && native_add_attributes(vm, c->cell, cell_attributes) > 0;
}

#include "loop/context_variable.h"

#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/function/generic_alias.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

typedef struct {
    NativeData data;
    Value name;
    Value otherwise; // the default, or VALUE_EMPTY
} Variable;

typedef struct {
    NativeData data;
    Value variable;
    Context *context;
    Value old; // VALUE_EMPTY: there was none
    bool used;
} Token;

static const TypeOps context_ops, variable_ops, token_ops;

static Context *context_of(Value v) { return (Context *)object_of(v); }
static Variable *variable_of(Value v) { return (Variable *)object_of(v); }
static Token *token_of(Value v) { return (Token *)object_of(v); }

// ---- Contexts

// A class of the module contextvars, which is imported for it if need be: a host may ask for a task's context first.
static Class *class_by_name(VM *vm, Class **place) {
    if (*place) return *place;
    String *name = string_intern_from(vm, "_contextvars", 12);
    if (!name || is_error(vm->hooks.import_module(vm, name))) return NULL;
    return *place;
}

static Context *context_new(VM *vm) {
    Class *cls = class_by_name(vm, &loop_of(vm)->context_class);
    return cls ? native_data_new(vm, cls, sizeof(Context)) : NULL;
}

static Context *context_copy(VM *vm, Context *from) {
    Context *copy = context_new(vm);
    if (!copy) return NULL;
    copy->values = from->values;
    if (from->values) from->shared = copy->shared = true;
    return copy;
}

bool context_fork(VM *vm, Context **out) {
    Context *now = *loop_of(vm)->context;
    *out = NULL;
    return !now || !now->values || (*out = context_copy(vm, now));
}

bool context_argument(VM *vm, Value given, Context **out) {
    if (is_empty(given) || is_none(given)) return context_fork(vm, out);
    if (!is_native_data(given, &context_ops))
        return raise_type_error(vm, "a Context object was expected, got %s", type_name(vm, given)), false;
    return *out = context_of(given), true;
}

Value context_object(VM *vm, Context **slot) {
    if (!*slot) {
        Context *made = context_new(vm); // a collection may come meanwhile, but nothing that fills the slot
        if (!made) return VALUE_ERROR;
        *slot = made;
    }
    return value_object(*slot);
}

// The values of what runs, of its own, so that they may be changed.
static Dict *own_values(VM *vm, Context *context) {
    if (!context->values) {
        context->values = dict_new(vm);
    } else if (context->shared) {
        Dict *copy = dict_copy(vm, context->values);
        if (!copy) return NULL;
        context->values = copy;
    } else {
        return context->values;
    }
    context->shared = false;
    return context->values;
}

static Value find(VM *vm, const Context *context, Value variable) {
    return context && context->values ? dict_get(vm, context->values, variable) : VALUE_EMPTY;
}

static void context_trace(VM *vm, Object *o) { heap_mark_object(vm, (Object *)((Context *)o)->values); }

static bool is_variable(VM *vm, Value key) {
    if (is_native_data(key, &variable_ops)) return true;
    String *shown = value_repr(vm, key);
    if (shown) raise_type_error(vm, "a ContextVar key was expected, got %s", shown->data);
    return false;
}

static Value context_get_item(VM *vm, Value self, Value key) {
    if (!is_variable(vm, key)) return VALUE_ERROR;
    Value found = find(vm, context_of(self), key);
    return is_empty(found) ? raise_with_value(vm, vm->exceptions.key_error, key) : found;
}
static int context_contains(VM *vm, Value self, Value key) {
    return is_variable(vm, key) ? !is_empty(find(vm, context_of(self), key)) : -1;
}
static int64_t context_length(VM *vm, Value self) { return context_of(self)->values ? context_of(self)->values->length : 0; }

// A dict that stays as it is, whatever is set later.
static Value frozen_values(VM *vm, Value self) {
    Context *context = context_of(self);
    if (!context->values && !(context->values = dict_new(vm))) return VALUE_ERROR;
    context->shared = true;
    return value_object(context->values);
}
static Value context_iterate(VM *vm, Value self) {
    Value values = frozen_values(vm, self);
    return is_error(values) ? values : value_iterate(vm, values);
}
static Value context_compare(VM *vm, Comparison op, Value self, Value other) {
    if ((op != COMPARISON_EQ && op != COMPARISON_NE) || !is_native_data(other, &context_ops)) return VALUE_NOT_IMPLEMENTED;
    Value left = frozen_values(vm, self), right = frozen_values(vm, other);
    int equal = is_error(left) || is_error(right) ? -1 : value_equal(vm, left, right);
    return equal < 0 ? VALUE_ERROR : value_bool(equal == (op == COMPARISON_EQ));
}

static const TypeOps context_ops = {.trace = context_trace, .compare = context_compare, .length = context_length, .get_item = context_get_item,
                                    .contains = context_contains, .iterate = context_iterate};

static Value method_context_new(VM *vm, Value *args, size_t count) {
    return object_or_error(native_data_new(vm, (Class *)object_of(args[0]), sizeof(Context)));
}
static Value method_context_get(VM *vm, Value *args, size_t count) {
    if (!is_variable(vm, args[1])) return VALUE_ERROR;
    Value found = find(vm, context_of(args[0]), args[1]);
    return !is_empty(found) ? found : is_empty(args[2]) ? VALUE_NONE : args[2];
}
static Value view(VM *vm, Value self, const char *which) {
    Value values = frozen_values(vm, self), shown = is_error(values) ? values : value_call_method(vm, values, which, NULL, 0);
    return is_error(shown) ? shown : value_iterate(vm, shown);
}
static Value method_context_keys(VM *vm, Value *args, size_t count) { return view(vm, args[0], "keys"); }
static Value method_context_values(VM *vm, Value *args, size_t count) { return view(vm, args[0], "values"); }
static Value method_context_items(VM *vm, Value *args, size_t count) { return view(vm, args[0], "items"); }
static Value method_context_copy(VM *vm, Value *args, size_t count) { return object_or_error(context_copy(vm, context_of(args[0]))); }

// self, **kwargs; then callable and *args.
static Value method_context_run(VM *vm, Value *args, size_t count) {
    Loop *loop = loop_of(vm);
    Context *context = context_of(args[0]), **before = loop->context;
    if (count < 3) return raise_type_error(vm, "run() missing 1 required positional argument");
    if (context->entered || *before == context) {
        String *shown = value_repr(vm, args[0]);
        return shown ? raise_runtime_error(vm, "cannot enter context: %s is already entered", shown->data) : VALUE_ERROR;
    }
    Dict *named = dict_of(args[1]);
    Value values[16], *all = values;
    Tuple *names = NULL, *arguments = NULL;
    size_t given = count - 3, total = given + named->length;
    if (named->length) {
        names = tuple_new(vm, named->length);
        if (!names) return VALUE_ERROR;
    }
    if (total > 16) {
        arguments = tuple_new(vm, total);
        if (!arguments) return VALUE_ERROR;
        all = arguments->items;
    }
    memcpy(all, args + 3, given * sizeof(Value));
    size_t position = 0, at = 0;
    for (Value key, value; names && dict_next(named, &position, &key, &value); at++) {
        names->items[at] = key;
        all[given + at] = value;
    }
    context->entered = true;
    loop->context = &context;
    Value result = vm_call(vm, args[2], all, total, names);
    loop->context = before;
    context->entered = false;
    return result;
}

static const NativeDefinition context_methods[] = {
    {"__new__", method_context_new, "cls", NATIVE_NEW},
    {"run", method_context_run, "self, /, *args, **kwargs", NATIVE_METHOD,
     "Calls callable(*args, **kwargs) in this context, and returns what it returns: what it sets stays here."},
    {"get", method_context_get, "self, key, default=None, /", NATIVE_METHOD, "The value of a variable, or the default where it has none here."},
    {"keys", method_context_keys, "self, /", NATIVE_METHOD, "An iterator of the variables."},
    {"values", method_context_values, "self, /", NATIVE_METHOD, "An iterator of their values."},
    {"items", method_context_items, "self, /", NATIVE_METHOD, "An iterator of pairs of a variable and its value."},
    {"copy", method_context_copy, "self, /", NATIVE_METHOD, "A context of the same values."},
    {0}};

// ---- Variables

static void variable_trace(VM *vm, Object *o) {
    heap_mark(vm, ((Variable *)o)->name);
    heap_mark(vm, ((Variable *)o)->otherwise);
}
static Value variable_repr(VM *vm, Value self) {
    const Variable *variable = variable_of(self);
    Buffer out = vm_buffer(vm);
    buffer_text(&out, "<ContextVar name=");
    bool ok = append_repr(vm, &out, variable->name);
    if (ok && !is_empty(variable->otherwise)) {
        buffer_text(&out, " default=");
        ok = append_repr(vm, &out, variable->otherwise);
    }
    if (!ok) return buffer_free(&out), VALUE_ERROR;
    buffer_format(&out, " at %p>", (void *)object_of(self));
    return object_or_error(string_from_buffer(vm, &out));
}
static const TypeOps variable_ops = {.trace = variable_trace, .repr = variable_repr};

static Value variable_new(VM *vm, Value *args, size_t count) {
    if (!is_string(args[1])) return raise_type_error(vm, "context variable name must be a str");
    Variable *variable = native_data_new(vm, (Class *)object_of(args[0]), sizeof(Variable));
    if (!variable) return VALUE_ERROR;
    variable->name = args[1];
    variable->otherwise = args[2];
    return value_object(variable);
}
static Value variable_get(VM *vm, Value *args, size_t count) {
    Value found = find(vm, *loop_of(vm)->context, args[0]);
    if (is_empty(found)) found = args[1];
    if (is_empty(found)) found = variable_of(args[0])->otherwise;
    return is_empty(found) ? raise_with_value(vm, vm->exceptions.lookup_error, args[0]) : found;
}
static Value variable_set(VM *vm, Value *args, size_t count) {
    Class *cls = class_by_name(vm, &loop_of(vm)->token_class);
    Token *token = cls ? native_data_new(vm, cls, sizeof(Token)) : NULL;
    if (!token) return VALUE_ERROR;
    token->variable = args[0];
    token->old = VALUE_EMPTY;
    Value now = context_object(vm, loop_of(vm)->context);
    if (is_error(now)) return now;
    token->context = context_of(now);
    token->old = find(vm, token->context, args[0]);
    Dict *values = own_values(vm, token->context);
    return values && dict_set(vm, values, args[0], args[1]) >= 0 ? value_object(token) : VALUE_ERROR;
}
static Value variable_reset(VM *vm, Value *args, size_t count) {
    String *shown;
    if (!is_native_data(args[1], &token_ops))
        return (shown = value_repr(vm, args[1])) ? raise_type_error(vm, "expected an instance of Token, got %s", shown->data) : VALUE_ERROR;
    Token *token = token_of(args[1]);
    if (token->used)
        return (shown = value_repr(vm, args[1])) ? raise_runtime_error(vm, "%s has already been used once", shown->data) : VALUE_ERROR;
    if (!value_same(token->variable, args[0]))
        return (shown = value_repr(vm, args[1])) ? raise_value_error(vm, "%s was created by a different ContextVar", shown->data) : VALUE_ERROR;
    if (token->context != *loop_of(vm)->context)
        return (shown = value_repr(vm, args[1])) ? raise_value_error(vm, "%s was created in a different Context", shown->data) : VALUE_ERROR;
    Dict *values = own_values(vm, token->context);
    if (!values) return VALUE_ERROR;
    bool ok = is_empty(token->old) ? dict_delete(vm, values, args[0]) >= 0 : dict_set(vm, values, args[0], token->old) >= 0;
    if (!ok) return VALUE_ERROR;
    token->used = true;
    return VALUE_NONE;
}
static Value get_name(VM *vm, Value self) { return variable_of(self)->name; }

static const NativeDefinition variable_methods[] = {
    {"__new__", variable_new, "cls, name, /, *, default=", NATIVE_NEW},
    {"get", variable_get, "self, default=, /", NATIVE_METHOD,
     "Its value in the context that runs; else the argument, else the default it was made with; LookupError where there is none of these."},
    {"set", variable_set, "self, value, /", NATIVE_METHOD, "Gives it a value in the context that runs, and returns a Token for reset()."},
    {"reset", variable_reset, "self, token, /", NATIVE_METHOD, "Gives it back the value that it had before the set() that made the token."},
    GENERIC_ALIAS_METHOD,
    {0}};
static const AttributeDefinition variable_attributes[] = {{"name", get_name, NULL, "The variable's name."}, {0}};

// ---- Tokens

static void token_trace(VM *vm, Object *o) {
    Token *token = (Token *)o;
    heap_mark(vm, token->variable);
    heap_mark_object(vm, (Object *)token->context);
    heap_mark(vm, token->old);
}
static Value token_repr(VM *vm, Value self) {
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "<Token%s var=", token_of(self)->used ? " used" : "");
    if (!append_repr(vm, &out, token_of(self)->variable)) return buffer_free(&out), VALUE_ERROR;
    buffer_format(&out, " at %p>", (void *)object_of(self));
    return object_or_error(string_from_buffer(vm, &out));
}
static const TypeOps token_ops = {.trace = token_trace, .repr = token_repr};

static Value missing_repr(VM *vm, Value self) { return object_or_error(string_from(vm, "<Token.MISSING>")); }
static const TypeOps missing_ops = {.repr = missing_repr};

static Value get_variable(VM *vm, Value self) { return token_of(self)->variable; }
static Value get_old(VM *vm, Value self) {
    if (!is_empty(token_of(self)->old)) return token_of(self)->old;
    String *name = string_intern_from(vm, "MISSING", 7);
    return name ? value_get_attribute(vm, value_object(loop_of(vm)->token_class), name) : VALUE_ERROR;
}
static Value token_new(VM *vm, Value *args, size_t count) { return raise_runtime_error(vm, "Tokens can only be created by ContextVars"); }
static const NativeDefinition token_methods[] = {{"__new__", token_new, "cls, /, *args, **kwargs", NATIVE_NEW}, GENERIC_ALIAS_METHOD, {0}};
static const AttributeDefinition token_attributes[] = {{"var", get_variable, NULL, "The variable whose set() made it."},
                                                       {"old_value", get_old, NULL, "What the variable was before, or Token.MISSING."},
                                                       {0}};

// ---- The module

static Value copy_context(VM *vm, Value *args, size_t count) {
    Context *now = *loop_of(vm)->context;
    return object_or_error(now ? context_copy(vm, now) : context_new(vm));
}
static const NativeDefinition functions[] = {
    {"copy_context", copy_context, "", NATIVE_METHOD, "A copy of the context that runs."}, {0}};

static Class *add_class(VM *vm, ModuleObject *module, const char *name, const TypeOps *ops, size_t size, uint32_t flags, const char *text) {
    Class *cls = native_data_class(vm, "_contextvars", name, ops, size, CLASS_FINAL | flags);
    String *doc = string_from(vm, text);
    bool ok = cls && doc && dict_set_string(vm, cls->attributes, vm->names.__doc__, value_object(doc)) >= 0 &&
              dict_set_string(vm, module->namespace, cls->name, value_object(cls)) >= 0;
    return ok ? cls : NULL;
}

bool contextvars_module_fill(VM *vm, ModuleObject *module) {
    Loop *loop = loop_of(vm);
    Class *context = add_class(vm, module, "Context", &context_ops, sizeof(Context), 0, "The values of context variables in something that runs.");
    Class *variable = add_class(vm, module, "ContextVar", &variable_ops, sizeof(Variable), 0, "A variable that has a value of its own in each context.");
    Class *token = add_class(vm, module, "Token", &token_ops, sizeof(Token), 0, "What ContextVar.reset() takes back.");
    Class *missing = native_data_class(vm, "_contextvars", "Missing", &missing_ops, sizeof(NativeData), CLASS_FINAL | CLASS_ABSTRACT_NEW);
    NativeData *none = missing ? native_data_new(vm, missing, sizeof(NativeData)) : NULL;
    String *name = string_intern_from(vm, "MISSING", 7), *home = string_intern_from(vm, "_contextvars", 12);
    if (!context || !variable || !token || !none || !name || !home) return false;
    if (native_add_methods(vm, context, context_methods) < 0 || native_add_methods(vm, variable, variable_methods) < 0 ||
        native_add_attributes(vm, variable, variable_attributes) < 0 || native_add_methods(vm, token, token_methods) < 0 ||
        native_add_attributes(vm, token, token_attributes) < 0 || dict_set_string(vm, token->attributes, name, value_object(none)) < 0 ||
        native_add_functions_of(vm, module->namespace, functions, home) < 0)
        return false;
    loop->context_class = context;
    loop->token_class = token;
    return true;
}

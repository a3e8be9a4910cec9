#include "object/core/native.h"

#include <stdio.h>
#include <string.h>

#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/class.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/core/vm.h"
#include "object/function/function.h"
#include "object/text/str.h"

enum { LOCAL_ARGUMENTS = 32 };

Native *native_new(VM *vm, const NativeDefinition *definition, Class *owner) {
    Native *native = heap_allocate(vm, vm->classes.native->root, KIND_NATIVE, sizeof(Native));
    if (!native) return NULL;
    if (owner && definition->flavour == NATIVE_METHOD)
        native->object.header =
            (uint64_t)(uintptr_t)vm->classes.method_descriptor->root | (uint64_t)KIND_NATIVE << OBJECT_KIND_SHIFT;
    native->definition = definition;
    native->function = definition->function;
    native->self = VALUE_EMPTY;
    native->owner = owner;
    native->special = SPECIAL_COUNT;
    return native;
}

// ---- Signatures

// What native.h says of signatures that begin with `!` or `?`.
static bool names_itself(const Native *native) { return native->definition->signature[0] == '!'; }
static bool is_nameless(const Native *native) { return native->definition->signature[0] == '?'; }

static void trim(const char **start, const char **end) {
    while (*start < *end && **start == ' ') ++*start;
    while (*end > *start && (*end)[-1] == ' ') --*end;
}

// Parses the signature text into counts and interned names. False with MemoryError.
static bool parse_signature(VM *vm, Native *native) {
    // Nothing is kept of a parse that runs out of memory half-way.
    Signature parsed = {0}, *signature = &parsed;
    String *names[NATIVE_MAX_PARAMETERS];
    uint16_t count = 0;
    bool keyword_only = false;
    for (const char *at = native->definition->signature + (names_itself(native) || is_nameless(native)); *at;) {
        const char *end = strchr(at, ',');
        const char *next = end ? end + 1 : at + strlen(at);
        if (!end) end = next;
        const char *start = at;
        at = next;
        trim(&start, &end);
        if (start == end) continue;
        if (end - start == 1 && *start == '/') {
            signature->positional_only = signature->positional;
            continue;
        }
        if (*start == '*') {
            keyword_only = true;
            if (end - start > 2 && start[1] == '*')
                signature->keyword_variadic = true;
            else if (end - start > 1)
                signature->variadic = true;
            continue;
        }
        const char *equals = memchr(start, '=', (size_t)(end - start)), *name_end = equals ? equals : end;
        bool has_default = equals != NULL;
        String *name = string_intern_from(vm, start, (size_t)(name_end - start));
        if (!name) return false;
        names[count++] = name;
        if (keyword_only) {
            signature->keyword_only++;
            signature->keyword_required += !has_default;
        } else {
            signature->positional++;
            signature->required += !has_default;
        }
    }
    signature->fixed = count + signature->keyword_variadic;
    if (count) {
        signature->names = heap_resize(vm, NULL, 0, count * sizeof(String *));
        if (!signature->names) return raise_memory_error(vm), false;
        memcpy(signature->names, names, count * sizeof(String *));
    }
    signature->parsed = true;
    native->signature = parsed;
    if (native->definition->flavour == NATIVE_METHOD && is_empty(native->self) && !parsed.keyword_only && !parsed.variadic &&
        !parsed.keyword_variadic && (parsed.positional || !native->owner))
        native->exact = (uint16_t)(parsed.positional + 1);
    return true;
}

// ---- Errors of calls, worded as CPython words them for functions written in C

static const char *plural(size_t n) { return n == 1 ? "" : "s"; }

// The bare name for messages.
static const char *short_name(const Native *native) {
    const char *name = native->definition->name;
    if (is_nameless(native)) return "function";
    if (names_itself(native)) return name;
    bool constructor = strcmp(name, "__new__") == 0 || strcmp(name, "__init__") == 0;
    return native->owner && constructor ? class_name(native->owner) : name;
}

// What stands behind it.
static const char *brackets(const Native *native) { return is_nameless(native) ? "" : "()"; }

// The name with its class, as methods without optional arguments are shown: "list.append".
static void full_name(const Native *native, char *out, size_t size) {
    if (native->owner && short_name(native) == native->definition->name)
        snprintf(out, size, "%s.%s", class_name(native->owner), native->definition->name);
    else if (native->module)
        snprintf(out, size, "%s.%s", native->module->data, native->definition->name);
    else
        snprintf(out, size, "%s", short_name(native));
}

// self does not count in messages.
static size_t hidden(Native *native) {
    return native->owner && ((native->definition->flavour != NATIVE_STATIC && native->definition->flavour != NATIVE_NEW) ||
                             strcmp(native->definition->name, "__new__") == 0);
}

// `named`: all of them were given by name.
static bool wrong_count(VM *vm, Native *native, size_t given, bool named) {
    Signature *s = &native->signature;
    size_t self = hidden(native), least = s->required - self, most = s->positional - self;
    char name[96];
    full_name(native, name, sizeof name);
    given = given >= self ? given - self : 0;
    bool only_positional = s->positional_only == s->positional && !s->keyword_only;
    bool old = names_itself(native), few = given < least;
    size_t all = most + s->keyword_only;
    if (most == 0 && s->keyword_only)
        raise_type_error(vm, "%s() takes no positional arguments", short_name(native));
    else if (most == 0 && !s->variadic && !s->keyword_variadic)
        raise_type_error(vm, "%s() takes no arguments (%zu given)", name, given);
    else if (most == 1 && least == 1 && only_positional && short_name(native) == native->definition->name && !old)
        raise_type_error(vm, "%s() takes exactly one argument (%zu given)", name, given);
    else if (only_positional && least == most && !old)
        raise_type_error(vm, "%s expected %zu argument%s, got %zu", short_name(native), least, plural(least), given);
    else if ((only_positional && !old) ||
             (given > most && (native->owner == vm->classes.string || native->owner == vm->classes.integer) &&
              short_name(native) != native->definition->name))
        raise_type_error(vm, "%s expected at %s %zu argument%s, got %zu", short_name(native),
                         given < least ? "least" : "most", given < least ? least : most,
                         plural(given < least ? least : most), given);
    else if (s->keyword_only && given > most && given <= most + s->keyword_only)
        raise_type_error(vm, "%s%s takes %s %zu positional argument%s (%zu given)", short_name(native), brackets(native),
                         least == most ? "exactly" : "at most", most, plural(most), given);
    else
        raise_type_error(vm, "%s%s takes %s %zu %sargument%s (%zu given)", short_name(native), brackets(native),
                         least == all && (only_positional || !old) ? "exactly" : few ? "at least" : "at most", few ? least : all,
                         named ? "keyword " : few && !old ? "positional " : "", plural(few ? least : all), given);
    return false;
}

// ---- Binding

static bool check_required(VM *vm, Native *native, Value *bound) {
    Signature *s = &native->signature;
    for (size_t i = 0; i < s->required; i++) {
        if (!is_empty(bound[i])) continue;
        if (i == 0 && hidden(native)) {
            raise_type_error(vm, "%s.%s(): not enough arguments", class_name(native->owner), native->definition->name);
            return false;
        }
        if (i < s->positional_only) return wrong_count(vm, native, i, false);
        raise_type_error(vm, "%s%s missing required argument '%s' (pos %zu)", short_name(native), brackets(native), s->names[i]->data,
                         i + 1 - hidden(native));
        return false;
    }
    if (!s->keyword_required) return true;
    for (size_t i = 0; i < s->keyword_only; i++)
        if (is_empty(bound[s->positional + i])) {
            // Keyword-only parameters without a default stand first in our signatures.
            if (i >= s->keyword_required) break;
            raise_type_error(vm, "%s() missing required keyword-only argument: '%s'", short_name(native),
                             s->names[s->positional + i]->data);
            return false;
        }
    return true;
}

// Whether unknown names of arguments are none of the function's business: a built-in class's __new__ that takes none leaves them to the
// __init__ of a script's subclass, and the other way round.
static bool is_for_other(VM *vm, const Native *native, Value first) {
    const Signature *s = &native->signature;
    if (!native->owner || s->keyword_only || s->positional_only < s->positional || is_empty(first)) return false;
    bool makes = native->definition->flavour == NATIVE_NEW;
    if (!makes && (strcmp(native->definition->name, "__init__") != 0 || native->owner == vm->classes.set)) return false;
    const Class *cls = makes && is_kind(first, KIND_CLASS) ? (Class *)object_of(first) : class_of(vm, first);
    if (cls->flags & CLASS_BUILTIN || !class_is_subclass(cls, native->owner)) return false;
    String *other = vm->names.specials[makes ? SPECIAL_INIT : SPECIAL_NEW];
    return !value_same(class_lookup(vm, (Class *)cls, other), class_lookup(vm, native->owner, other));
}

// Puts keyword arguments in their places. `bound` holds positional and keyword-only parameters.
static bool bind_keywords(VM *vm, Native *native, Value *values, Tuple *keywords, Value *bound, Dict *rest) {
    Signature *s = &native->signature;
    size_t parameters = s->positional + s->keyword_only;
    String *unexpected = NULL;
    for (size_t k = 0; k < keywords->length; k++) {
        String *keyword = string_of(keywords->items[k]);
        size_t i = s->positional_only;
        while (i < parameters && !(s->names[i] == keyword || string_equal(s->names[i], keyword))) i++;
        if (i == parameters) {
            if (rest && dict_set_string(vm, rest, keyword, values[k]) < 0) return false;
            if (!rest && !unexpected) unexpected = keyword;
            continue;
        }
        if (!is_empty(bound[i])) {
            raise_type_error(vm, "argument for %s%s given by name ('%s') and position (%zu)", short_name(native), brackets(native),
                             keyword->data, i + 1 - hidden(native));
            return false;
        }
        bound[i] = values[k];
    }
    if (!unexpected || is_for_other(vm, native, bound[0])) return true;
    char name[96];
    full_name(native, name, sizeof name);
    bool bare = names_itself(native) && !(native->owner && native->definition->flavour == NATIVE_METHOD);
    if (!s->keyword_only && s->positional_only == s->positional)
        raise_type_error(vm, "%s() takes no keyword arguments", bare ? short_name(native) : name);
    else if (check_required(vm, native, bound)) // what is missing is told of first
        raise_type_error(vm, "%s%s%s got an unexpected keyword argument '%s'", is_nameless(native) ? "this " : "", short_name(native),
                         brackets(native), unexpected->data);
    return false;
}

static inline Value enter(VM *vm, Native *native, Value *arguments, size_t count) {
    vm->callee = native;
    return native->function(vm, arguments, count);
}

static Value call_bound(VM *vm, Native *native, Value *arguments, size_t positional, Tuple *keywords, Value *bound,
                        size_t size) {
    Signature *s = &native->signature;
    size_t parameters = s->positional + s->keyword_only;
    for (size_t i = 0; i < size; i++) bound[i] = VALUE_EMPTY;
    size_t direct = positional < s->positional ? positional : s->positional;
    if (direct) memcpy(bound, arguments, direct * sizeof(Value));
    Dict *rest = NULL;
    if (s->keyword_variadic) {
        rest = dict_new(vm);
        if (!rest) return VALUE_ERROR;
        bound[parameters] = value_object(rest);
    }
    if (positional > s->positional) {
        if (!s->variadic) {
            wrong_count(vm, native, positional, false);
            return VALUE_ERROR;
        }
        memcpy(bound + s->fixed, arguments + s->positional, (positional - s->positional) * sizeof(Value));
    }
    bool by_name = s->positional_only < s->positional || s->keyword_only;
    if (keywords && by_name && !s->variadic && !s->keyword_variadic && positional + keywords->length > parameters)
        return wrong_count(vm, native, positional + keywords->length, positional == hidden(native)), VALUE_ERROR;
    if (keywords && keywords->length && !bind_keywords(vm, native, arguments + positional, keywords, bound, rest))
        return VALUE_ERROR;
    return check_required(vm, native, bound) ? enter(vm, native, bound, size) : VALUE_ERROR;
}

static bool check_receiver(VM *vm, Native *native, Value *arguments, size_t count) {
    const NativeDefinition *definition = native->definition;
    if (count == 0) {
        raise_type_error(vm, "unbound method %s.%s() needs an argument", class_name(native->owner), definition->name);
        return false;
    }
    if (value_is_instance(vm, arguments[0], native->owner)) return true;
    raise_type_error(vm, native->special == SPECIAL_COUNT ? "descriptor '%s' for '%s' objects doesn't apply to a '%s' object"
                                                          : "descriptor '%s' requires a '%s' object but received a '%s'",
                     definition->name, class_shown_name(native->owner), type_name(vm, arguments[0]));
    return false;
}

// Whether an instance of a class may be made by this __new__. What decides is the nearest class along its method resolution
// order that has a native one: that knows the layout.
static bool check_class(VM *vm, Native *native, Value *arguments, size_t count) {
    const char *owner = class_shown_name(native->owner);
    if (count == 0) return raise_type_error(vm, "%s.__new__(): not enough arguments", owner), false;
    if (!is_kind(arguments[0], KIND_CLASS))
        return raise_type_error(vm, "%s.__new__(X): X is not a type object (%s)", owner, type_name(vm, arguments[0])), false;
    Class *cls = (Class *)object_of(arguments[0]);
    if (!class_is_subclass(cls, native->owner))
        return raise_type_error(vm, "%s.__new__(%s): %s is not a subtype of %s", owner, class_shown_name(cls), class_shown_name(cls),
                                owner),
               false;
    if (cls == native->owner) return true;
    for (size_t i = 0; i < cls->mro->length; i++) {
        Class *one = (Class *)object_of(cls->mro->items[i]);
        Value new = dict_get_string(vm, one->attributes, vm->names.specials[SPECIAL_NEW]);
        if (!is_native(new) || native_of(new)->owner != one) continue;
        if (native_of(new)->function == native->function) return true;
        String *full = one == cls ? class_full_name(vm, cls) : cls->name;
        if (full)
            raise_type_error(vm, "%s.__new__(%s) is not safe, use %s.__new__()", owner, full->data, full->data);
        return false;
    }
    return true;
}

// Calls with all arguments, self among them.
static Value call_plain(VM *vm, Native *native, Value *arguments, size_t count, Tuple *keywords) {
    Signature *s = &native->signature;
    size_t named = keywords ? keywords->length : 0;
    size_t positional = count - named;
    if (native->owner) {
        NativeFlavour flavour = native->definition->flavour;
        if (flavour == NATIVE_METHOD && !check_receiver(vm, native, arguments, positional)) return VALUE_ERROR;
        if (flavour == NATIVE_NEW && !check_class(vm, native, arguments, positional)) return VALUE_ERROR;
    }
    if (!named && positional == s->positional && !s->keyword_only && !s->variadic && !s->keyword_variadic)
        return enter(vm, native, arguments, count);
    if (!named && s->variadic && s->fixed == 0) return enter(vm, native, arguments, count);
    if (!named && !s->variadic && !s->keyword_variadic && !s->keyword_required && positional >= s->required &&
        positional <= s->positional && s->fixed <= LOCAL_ARGUMENTS) {
        // The commonest of the other calls: optional parameters are left out.
        Value local[LOCAL_ARGUMENTS];
        for (size_t i = 0; i < positional; i++) local[i] = arguments[i];
        for (size_t i = positional; i < s->fixed; i++) local[i] = VALUE_EMPTY;
        return enter(vm, native, local, s->fixed);
    }
    size_t size = s->fixed + (positional > s->positional ? positional - s->positional : 0);
    if (size <= LOCAL_ARGUMENTS) {
        Value local[LOCAL_ARGUMENTS];
        return call_bound(vm, native, arguments, positional, keywords, local, size);
    }
    if (!s->variadic) return wrong_count(vm, native, positional, false), VALUE_ERROR;
    Value *bound = values_scratch(vm, size);
    return bound ? call_bound(vm, native, arguments, positional, keywords, bound, size) : VALUE_ERROR;
}

Value native_call(VM *vm, Native *native, Value *arguments, size_t count, Tuple *keywords) {
    if (!native->signature.parsed && !parse_signature(vm, native)) return VALUE_ERROR;
    if (is_empty(native->self)) return call_plain(vm, native, arguments, count, keywords);
    Value local[LOCAL_ARGUMENTS], *all = count + 1 <= LOCAL_ARGUMENTS ? local : values_scratch(vm, count + 1);
    if (!all) return VALUE_ERROR;
    all[0] = native->self;
    if (count) memcpy(all + 1, arguments, count * sizeof(Value));
    return call_plain(vm, native, all, count + 1, keywords);
}

// ---- Tables of methods

// The special method of a name, or SPECIAL_COUNT.
static Special special_of_name(VM *vm, String *name) {
    if (name->size > 4 && name->data[0] == '_' && name->data[1] == '_')
        for (int i = 0; i < SPECIAL_COUNT; i++)
            if (vm->names.specials[i] == name) return (Special)i;
    return SPECIAL_COUNT;
}

// Whether CPython keeps such a method in a slot of its types, which shows in the class of the method.
static bool is_slot(Special special) {
    switch (special) {
    case SPECIAL_NEW:
    case SPECIAL_BYTES:
    case SPECIAL_FORMAT:
    case SPECIAL_DIR:
    case SPECIAL_LENGTH_HINT:
    case SPECIAL_MISSING:
    case SPECIAL_REVERSED:
    case SPECIAL_COMPLEX:
    case SPECIAL_ROUND:
    case SPECIAL_TRUNC:
    case SPECIAL_FLOOR:
    case SPECIAL_CEIL:
    case SPECIAL_ENTER:
    case SPECIAL_EXIT:
    case SPECIAL_AENTER:
    case SPECIAL_AEXIT:
    case SPECIAL_SET_NAME:
    case SPECIAL_INIT_SUBCLASS:
    case SPECIAL_CLASS_GETITEM:
    case SPECIAL_INSTANCECHECK:
    case SPECIAL_SUBCLASSCHECK:
    case SPECIAL_PREPARE:
    case SPECIAL_FSPATH:
    case SPECIAL_COUNT: return false;
    default: return true;
    }
}

void native_note_slot(VM *vm, Native *native, Special special) {
    if (native->definition->flavour == NATIVE_METHOD && is_slot(special))
        native->object.header =
            (uint64_t)(uintptr_t)vm->classes.wrapper_descriptor->root | (uint64_t)KIND_NATIVE << OBJECT_KIND_SHIFT;
}

static size_t count_definitions(const NativeDefinition *definitions) {
    size_t count = 0;
    while (definitions[count].name) count++;
    return count;
}

int native_add_methods(VM *vm, Class *cls, const NativeDefinition *definitions) {
    if (!dict_reserve(vm, cls->attributes, count_definitions(definitions))) return -1;
    for (; definitions->name; definitions++) {
        String *name = string_intern_from(vm, definitions->name, strlen(definitions->name));
        Native *native = name ? native_new(vm, definitions, cls) : NULL;
        if (!native) return -1;
        // object's own special methods are the layout's defaults: finding them means "not overridden".
        Special special = special_of_name(vm, name);
        if (cls == vm->classes.object) native->special = special;
        native_note_slot(vm, native, special);
        Value entry = value_object(native);
        if (definitions->flavour == NATIVE_CLASS_METHOD) {
            WrappedMethod *wrapped =
                heap_allocate(vm, vm->classes.class_method->root, KIND_WRAPPED_METHOD, sizeof(WrappedMethod));
            if (!wrapped) return -1;
            wrapped->function = entry;
            wrapped->is_class_method = true;
            entry = value_object(wrapped);
        }
        if (dict_set_string(vm, cls->attributes, name, entry) < 0) return -1;
    }
    return 1;
}

int native_add_functions(VM *vm, Dict *namespace, const NativeDefinition *definitions) {
    Value module = dict_get_string(vm, namespace, vm->names.__name__);
    bool named = is_string(module) && !string_is(string_of(module), "builtins");
    return native_add_functions_of(vm, namespace, definitions, named ? string_of(module) : NULL);
}

int native_add_functions_of(VM *vm, Dict *namespace, const NativeDefinition *definitions, String *module) {
    if (!dict_reserve(vm, namespace, count_definitions(definitions))) return -1;
    for (; definitions->name; definitions++) {
        String *name = string_intern_from(vm, definitions->name, strlen(definitions->name));
        Native *native = name ? native_new(vm, definitions, NULL) : NULL;
        if (!native) return -1;
        native->module = module;
        if (dict_set_string(vm, namespace, name, value_object(native)) < 0) return -1;
    }
    return 1;
}

int native_add_attributes(VM *vm, Class *cls, const AttributeDefinition *definitions) {
    for (; definitions->name; definitions++) {
        String *name = string_intern_from(vm, definitions->name, strlen(definitions->name));
        Descriptor *descriptor =
            heap_allocate(vm, vm->classes.descriptor->root, KIND_DESCRIPTOR, sizeof(Descriptor));
        if (!name || !descriptor) return -1;
        descriptor->definition = definitions;
        descriptor->owner = cls;
        if (dict_set_string(vm, cls->attributes, name, value_object(descriptor)) < 0) return -1;
    }
    return 1;
}

// ---- Operations

static void native_trace(VM *vm, Object *o) {
    Native *native = (Native *)o;
    heap_mark(vm, native->self);
    heap_mark_object(vm, (Object *)native->owner);
    heap_mark_object(vm, (Object *)native->module);
    Signature *s = &native->signature;
    if (s->names)
        for (size_t i = 0; i < (size_t)s->positional + s->keyword_only; i++) heap_mark_object(vm, (Object *)s->names[i]);
}

static void native_finalize(VM *vm, Object *o) {
    Signature *s = &((Native *)o)->signature;
    if (s->names) heap_resize(vm, s->names, ((size_t)s->positional + s->keyword_only) * sizeof(String *), 0);
}

static Value native_repr(VM *vm, Value self) {
    Native *native = native_of(self);
    const char *name = native->definition->name;
    String *text;
    if (!is_empty(native->self) && native->owner)
        text = string_format(vm, "<built-in method %s of %s object at %p>", name, type_name(vm, native->self),
                             (void *)native);
    else if (native->owner && native->definition->flavour == NATIVE_METHOD)
        text = string_format(vm, native->special != SPECIAL_COUNT ? "<slot wrapper '%s' of '%s' objects>"
                                                                  : "<method '%s' of '%s' objects>",
                             name, class_name(native->owner));
    else if (native->owner)
        text = string_format(vm, "<built-in method %s of type object at %p>", name, (void *)native);
    else
        text = string_format(vm, "<built-in function %s>", name);
    return text ? value_object(text) : VALUE_ERROR;
}

static Value native_call_operation(VM *vm, Value self, Value *arguments, size_t count, Tuple *keywords) {
    return native_call(vm, native_of(self), arguments, count, keywords);
}

const TypeOps native_ops = {
    .trace = native_trace, .finalize = native_finalize, .repr = native_repr, .call = native_call_operation};

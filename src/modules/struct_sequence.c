#include "modules/struct_sequence.h"

#include <string.h>

#include "modules/library.h"
#include "object/container/dict.h"
#include "object/core/documentation.h"
#include "object/core/instance.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"

// The names of a class's fields, a tuple of str; or VALUE_ERROR when a script has put something else there.
static Value field_names(VM *vm, Class *cls) {
    Value fields = class_lookup(vm, cls, vm->names.__match_args__);
    bool good = is_tuple(fields);
    for (size_t i = 0; good && i < tuple_of(fields)->length; i++) good = is_string(tuple_of(fields)->items[i]);
    return good ? fields : raise_type_error(vm, "__match_args__ must be a tuple of strings");
}

// Some sequences take two more items than they show, for attributes that are not among the items.
enum { HIDDEN_FIELDS = 2 };

static Value sequence_new(VM *vm, Value *args, size_t count) {
    Class *cls = (Class *)object_of(args[0]);
    Value fields = field_names(vm, cls);
    Tuple *given = is_error(fields) ? NULL : tuple_from_iterable(vm, args[1]);
    if (!given) {
        if (exception_matches(vm, vm->exceptions.type_error) && !is_error(fields)) {
            exception_clear(vm);
            raise_type_error(vm, "constructor requires a sequence");
        }
        return VALUE_ERROR;
    }
    size_t least = tuple_of(fields)->length;
    if (given->length < least || given->length > least + HIDDEN_FIELDS) {
        String *full = class_full_name(vm, cls);
        bool few = given->length < least;
        return full ? raise_type_error(vm, "%s() takes an at %s %zu-sequence (%zu-sequence given)", full->data,
                                       few ? "least" : "most", few ? least : least + HIDDEN_FIELDS, given->length)
                    : VALUE_ERROR;
    }
    Tuple *tuple = class_instantiate(vm, cls, sizeof(Tuple) + least * sizeof(Value));
    if (!tuple) return VALUE_ERROR;
    tuple->length = least;
    for (size_t i = 0; i < least; i++) tuple->items[i] = given->items[i];
    for (size_t i = 0; i < least; i++) {
        String *name = string_intern(vm, string_of(tuple_of(fields)->items[i]));
        if (!name || object_set_own_attribute(vm, &tuple->object, name, tuple->items[i]) < 0) return VALUE_ERROR;
    }
    return value_object(tuple);
}

// name(field=value, …), from the class's __match_args__ or, of a namespace, from the object's own attributes.
static Value sequence_repr(VM *vm, Value *args, size_t count) {
    Class *cls = class_of(vm, args[0]);
    String *full = class_full_name(vm, cls);
    Value fields = field_names(vm, cls);
    if (is_error(fields) || !full) return VALUE_ERROR;
    Buffer text = vm_buffer(vm);
    buffer_string(&text, full);
    buffer_byte(&text, '(');
    for (size_t i = 0; i < tuple_of(fields)->length && i < tuple_of(args[0])->length; i++) {
        buffer_format(&text, "%s%s=", i ? ", " : "", string_of(tuple_of(fields)->items[i])->data);
        if (!append_repr(vm, &text, tuple_of(args[0])->items[i])) return buffer_free(&text), VALUE_ERROR;
    }
    buffer_byte(&text, ')');
    return object_or_error(string_from_buffer(vm, &text));
}

static Value namespace_repr(VM *vm, Value *args, size_t count) {
    Dict *dict = object_dictionary(vm, object_of(args[0]));
    if (!dict) return VALUE_ERROR;
    Buffer text = vm_buffer(vm);
    buffer_text(&text, "namespace(");
    size_t position = 0;
    Value key, value;
    for (bool first = true; dict_next(dict, &position, &key, &value);) {
        if (!is_string(key)) continue; // not an attribute, but a script can put it there
        buffer_format(&text, "%s%s=", first ? "" : ", ", string_of(key)->data);
        first = false;
        if (!append_repr(vm, &text, value)) return buffer_free(&text), VALUE_ERROR;
    }
    buffer_byte(&text, ')');
    return object_or_error(string_from_buffer(vm, &text));
}

static const NativeDefinition sequence_methods[] = {{"__repr__", sequence_repr, "self, /", NATIVE_METHOD}, {0}};
static const NativeDefinition sequence_constructor[] = {{"__new__", sequence_new, "cls, sequence, dict=", NATIVE_NEW}, {0}};
static const NativeDefinition namespace_methods[] = {{"__repr__", namespace_repr, "self, /", NATIVE_METHOD}, {0}};

static Class *make_class(VM *vm, const char *name, Class *base, const NativeDefinition *methods, Value match) {
    const char *dot = strrchr(name, '.');
    String *short_name = string_intern_from(vm, dot + 1, strlen(dot + 1));
    String *module = string_intern_from(vm, name, (size_t)(dot - name));
    Value base_value = value_object(base);
    Tuple *bases = tuple_from(vm, &base_value, 1);
    Dict *namespace = dict_new(vm);
    if (!short_name || !module || !bases || !namespace) return NULL;
    if (dict_set_string(vm, namespace, vm->names.__module__, value_object(module)) < 0 ||
        (!is_empty(match) && dict_set_string(vm, namespace, vm->names.__match_args__, match) < 0))
        return NULL;
    const char *doc = class_documentation_by_name(name);
    if (doc && !add_text(vm, namespace, "__doc__", doc)) return NULL;
    Class *cls = class_new(vm, NULL, short_name, bases, namespace);
    return cls && native_add_methods(vm, cls, methods) > 0 ? cls : NULL; // as methods of the class: what self is is checked
}

Class *struct_sequence_class(VM *vm, const char *name, const char *const *fields) {
    List *names = list_new(vm, 16);
    for (size_t i = 0; names && fields[i]; i++) {
        String *field = string_intern_from(vm, fields[i], strlen(fields[i]));
        if (!field || !list_append(vm, names, value_object(field))) return NULL;
    }
    Tuple *match = names ? tuple_from(vm, names->items, names->length) : NULL;
    Class *cls = match ? make_class(vm, name, vm->classes.tuple, sequence_methods, value_object(match)) : NULL;
    if (!cls || native_add_methods(vm, cls, sequence_constructor) < 0) return NULL;
    cls->flags |= CLASS_FINAL; // and each instance has all fields
    return cls;
}

static bool set_fields(VM *vm, Value object, const char *const *fields, const Value *values) {
    for (size_t i = 0; fields[i]; i++) {
        String *field = string_intern_from(vm, fields[i], strlen(fields[i]));
        if (!field || is_error(values[i]) || object_set_own_attribute(vm, object_of(object), field, values[i]) < 0) return false;
    }
    return true;
}

Value struct_sequence_of(VM *vm, Class *cls, const char *const *fields, const Value *values) {
    size_t count = 0;
    while (fields[count]) count++;
    Tuple *tuple = class_instantiate(vm, cls, sizeof(Tuple) + count * sizeof(Value));
    if (!tuple) return VALUE_ERROR;
    tuple->length = count;
    for (size_t i = 0; i < count; i++) tuple->items[i] = values[i];
    return set_fields(vm, value_object(tuple), fields, values) ? value_object(tuple) : VALUE_ERROR;
}

Value struct_sequence_new(VM *vm, const char *name, const char *const *fields, const Value *values) {
    Class *cls = struct_sequence_class(vm, name, fields);
    return cls ? struct_sequence_of(vm, cls, fields, values) : VALUE_ERROR;
}

Value namespace_new(VM *vm, const char *const *fields, const Value *values) {
    Class *cls = make_class(vm, "types.SimpleNamespace", vm->classes.object, namespace_methods, VALUE_EMPTY);
    Instance *instance = cls ? instance_new(vm, cls) : NULL;
    if (!instance) return VALUE_ERROR;
    return set_fields(vm, value_object(instance), fields, values) ? value_object(instance) : VALUE_ERROR;
}

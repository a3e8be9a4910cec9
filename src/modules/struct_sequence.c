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

static const char *const hidden_names[HIDDEN_FIELDS] = {"tm_zone", "tm_gmtoff"};

// How many fields instances of the class have beside their items.
static size_t hidden_fields(VM *vm, Class *cls) {
    String *name = string_intern_from(vm, hidden_names[0], strlen(hidden_names[0]));
    return name && !is_empty(dict_get_string(vm, cls->attributes, name)) ? HIDDEN_FIELDS : 0;
}

// Sets what the dict has for the fields that are no items; `used` of these are set already.
static bool set_hidden(VM *vm, Tuple *tuple, size_t used, size_t hidden, Dict *dict) {
    int64_t known = 0;
    for (size_t i = used; i < hidden; i++) {
        String *name = string_intern_from(vm, hidden_names[i], strlen(hidden_names[i]));
        Value value = name ? dict_get_string(vm, dict, name) : VALUE_ERROR;
        if (is_error(value)) return false;
        if (is_empty(value)) continue;
        known++;
        if (object_set_own_attribute(vm, &tuple->object, name, value) < 0) return false;
    }
    if (known == dict->length) return true;
    String *full = class_full_name(vm, class_of(vm, value_object(tuple)));
    if (full) raise_type_error(vm, "%s() got duplicate or unexpected field name(s)", full->data);
    return false;
}

static Value sequence_new(VM *vm, Value *args, size_t count) {
    Class *cls = (Class *)object_of(args[0]);
    if (!is_empty(args[2]) && !is_dict(args[2])) {
        String *full = class_full_name(vm, cls);
        return full ? raise_type_error(vm, "%s() takes a dict as second arg, if any", full->data) : VALUE_ERROR;
    }
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
    size_t hidden = hidden_fields(vm, cls), used = given->length - least;
    for (size_t i = 0; i < used && i < hidden; i++) {
        String *name = string_intern_from(vm, hidden_names[i], strlen(hidden_names[i]));
        if (!name || object_set_own_attribute(vm, &tuple->object, name, given->items[least + i]) < 0) return VALUE_ERROR;
    }
    if (!is_empty(args[2]) && !set_hidden(vm, tuple, used, hidden, dict_of(args[2]))) return VALUE_ERROR;
    return value_object(tuple);
}

// What the hidden fields are, as a dict. NULL: an error.
static Dict *hidden_values(VM *vm, Value self) {
    Dict *dict = dict_new(vm);
    size_t hidden = hidden_fields(vm, class_of(vm, self));
    for (size_t i = 0; dict && i < hidden; i++) {
        String *name = string_intern_from(vm, hidden_names[i], strlen(hidden_names[i]));
        Value value = name ? value_get_attribute(vm, self, name) : VALUE_ERROR;
        if (is_error(value) || dict_set_string(vm, dict, name, value) < 0) return NULL;
    }
    return dict;
}

static Value sequence_reduce(VM *vm, Value *args, size_t count) {
    Tuple *self = tuple_of(args[0]);
    Tuple *items = tuple_from(vm, self->items, self->length);
    Dict *hidden = items ? hidden_values(vm, args[0]) : NULL;
    if (!hidden) return VALUE_ERROR;
    Value both[2] = {value_object(items), value_object(hidden)};
    Tuple *arguments = tuple_from(vm, both, 2);
    if (!arguments) return VALUE_ERROR;
    Value pair[2] = {value_object(class_of(vm, args[0])), value_object(arguments)};
    return object_or_error(tuple_from(vm, pair, 2));
}

// copy.replace(): the same with other values for some fields, which may be hidden ones.
static Value sequence_replace(VM *vm, Value *args, size_t count) {
    Class *cls = class_of(vm, args[0]);
    Dict *changes = dict_copy(vm, dict_of(args[1]));
    Value fields = changes ? field_names(vm, cls) : VALUE_ERROR;
    Tuple *items = is_error(fields) ? NULL : tuple_from(vm, tuple_of(args[0])->items, tuple_of(args[0])->length);
    Dict *hidden = items ? hidden_values(vm, args[0]) : NULL;
    if (!hidden) return VALUE_ERROR;
    for (size_t i = 0; i < items->length; i++) {
        String *name = string_intern(vm, string_of(tuple_of(fields)->items[i]));
        Value value = name ? dict_get_string(vm, changes, name) : VALUE_ERROR;
        if (is_error(value)) return value;
        if (is_empty(value)) continue;
        items->items[i] = value;
        dict_delete_string(vm, changes, name);
    }
    size_t position = 0;
    Value key, value;
    List *unknown = list_new(vm, 0);
    while (unknown && dict_next(changes, &position, &key, &value)) {
        bool is_known = !is_empty(dict_get(vm, hidden, key));
        if (is_known ? dict_set(vm, hidden, key, value) < 0 : !list_append(vm, unknown, key)) return VALUE_ERROR;
    }
    String *shown = unknown && unknown->length ? value_repr(vm, value_object(unknown)) : NULL;
    if (!unknown || (unknown->length && !shown)) return VALUE_ERROR;
    if (shown) return raise_type_error(vm, "Got unexpected field name(s): %s", shown->data);
    Value arguments[3] = {value_object(cls), value_object(items), value_object(hidden)};
    return sequence_new(vm, arguments, 3);
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

static const NativeDefinition sequence_methods[] = {{"__repr__", sequence_repr, "self, /", NATIVE_METHOD},
                                                    {"__reduce__", sequence_reduce, "self, /", NATIVE_METHOD},
                                                    {"__replace__", sequence_replace, "self, /, **changes", NATIVE_METHOD},
                                                    {0}};
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
    bool has_hidden = strcmp(name, "time.struct_time") == 0;
    Value length = value_small((int64_t)match->length), all = value_small((int64_t)(match->length + (has_hidden ? HIDDEN_FIELDS : 0)));
    bool ok = add_value(vm, cls->attributes, "n_sequence_fields", length) && add_value(vm, cls->attributes, "n_fields", all) &&
              add_value(vm, cls->attributes, "n_unnamed_fields", value_small(0));
    return ok ? cls : NULL;
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

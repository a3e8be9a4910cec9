#include "vm/support.h"

#include <string.h>

#include "object/container/dict.h"
#include "object/container/set.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/module.h"
#include "object/core/protocol.h"
#include "object/core/type.h"
#include "object/exception/exception.h"
#include "object/text/str.h"
#include "vm/interpreter.h"

// ---- Names

static Value name_error(VM *vm, Class *cls, const char *format, String *name) {
    Buffer text = vm_buffer(vm);
    buffer_format(&text, format, name->data);
    String *message = string_from_buffer(vm, &text);
    if (!message) return VALUE_ERROR;
    Value argument = value_object(message);
    Exception *exception = exception_new(vm, cls, &argument, 1);
    if (!exception || !exception_set(vm, exception, "name", value_object(name))) return VALUE_ERROR;
    return raise_value(vm, value_object(exception));
}

static Value not_defined(VM *vm, String *name) {
    return name_error(vm, vm->exceptions.name_error, "name '%s' is not defined", name);
}

Value load_global_slow(VM *vm, Frame *frame, Instruction *at) {
    String *name = string_of(frame_code(frame)->constants[at->index]);
    Dict *globals = frame->function->globals;
    int64_t entry = dict_find_string(vm, globals, name);
    if (entry >= 0) {
        at[1].cached_id = dict_layout_id(vm, globals);
        at[1].cached_slot = (uint32_t)entry;
        return globals->entries[entry].value;
    }
    entry = dict_find_string(vm, vm->builtins, name);
    if (entry < 0) return not_defined(vm, name);
    at[1].cached_id = dict_layout_id(vm, globals);
    at[1].cached_slot = UINT32_MAX;
    at[2].cached_id = dict_layout_id(vm, vm->builtins);
    at[2].cached_slot = (uint32_t)entry;
    return vm->builtins->entries[entry].value;
}

// In a namespace that may be any mapping: VALUE_EMPTY when it has no such name.
static Value find_in_namespace(VM *vm, Value namespace, String *name) {
    if (is_dict(namespace) && class_of(vm, namespace) == vm->classes.dict)
        return dict_get_string(vm, dict_of(namespace), name);
    Value found = value_get_item(vm, namespace, value_object(name));
    if (is_error(found) && exception_matches(vm, vm->exceptions.key_error)) {
        exception_clear(vm);
        return VALUE_EMPTY;
    }
    return found;
}

Value load_name(VM *vm, Frame *frame, String *name) {
    Value found = find_in_namespace(vm, frame->registers[0], name);
    if (is_empty(found)) found = dict_get_string(vm, frame->function->globals, name);
    if (is_empty(found)) found = dict_get_string(vm, vm->builtins, name);
    return is_empty(found) ? not_defined(vm, name) : found;
}

Value load_name_or_free(VM *vm, Frame *frame, uint16_t index, String *name) {
    Value found = find_in_namespace(vm, frame->registers[0], name);
    if (!is_empty(found)) return found;
    found = ((Cell *)object_of(frame->function->closure->items[index]))->value;
    return is_empty(found) ? unbound_cell(vm, frame, index, true) : found;
}

bool store_global(VM *vm, Frame *frame, Instruction *at, Value value) {
    Dict *globals = frame->function->globals;
    String *name = string_of(frame_code(frame)->constants[at->index]);
    if (dict_set_string(vm, globals, name, value) < 0) return false;
    int64_t entry = dict_find_string(vm, globals, name);
    at[1].cached_id = dict_layout_id(vm, globals);
    at[1].cached_slot = (uint32_t)entry;
    return true;
}

bool store_name(VM *vm, Frame *frame, String *name, Value value) {
    Value namespace = frame->registers[0];
    if (is_dict(namespace) && class_of(vm, namespace) == vm->classes.dict)
        return dict_set_string(vm, dict_of(namespace), name, value) >= 0;
    return value_set_item(vm, namespace, value_object(name), value) >= 0;
}

bool delete_global(VM *vm, Frame *frame, String *name) {
    int deleted = dict_delete_string(vm, frame->function->globals, name);
    if (deleted == 0) not_defined(vm, name);
    return deleted == 1;
}

bool delete_name(VM *vm, Frame *frame, String *name) {
    int deleted = value_delete_item(vm, frame->registers[0], value_object(name));
    if (deleted >= 0) return true;
    if (exception_matches(vm, vm->exceptions.key_error)) {
        exception_clear(vm);
        not_defined(vm, name);
    }
    return false;
}

Value unbound_cell(VM *vm, Frame *frame, uint32_t number, bool free) {
    Code *code = frame_code(frame);
    Tuple *names = free ? code->free_names : code->variable_names;
    String *name = number < names->length ? string_of(names->items[number]) : vm->names.empty;
    if (free)
        return name_error(vm, vm->exceptions.name_error,
                          "cannot access free variable '%s' where it is not associated with a value in enclosing scope", name);
    return name_error(vm, vm->exceptions.unbound_local_error,
                      "cannot access local variable '%s' where it is not associated with a value", name);
}

// ---- Attributes and their caches

// Whether an attribute of an object of this shape is decided by the shape alone.
static bool shape_decides(const Class *cls, const Object *o) {
    const Shape *shape = object_shape(o);
    if (!shape->id || cls->flags & (CLASS_CUSTOM_GETATTRIBUTE)) return false;
    if (object_kind(o) == KIND_INSTANCE) return !shape->is_dictionary;
    return (cls->flags & CLASS_BUILTIN) && !(cls->flags & CLASS_HAS_DICT) && !cls->ops->get_attribute;
}

static void cache(Instruction *at, uint32_t id, uint32_t kind, uint32_t slot, uint64_t word) {
    at[1].cached_id = id;
    at[1].cached_slot = kind << CACHE_KIND_SHIFT | slot;
    at[2].word = word;
}

static bool cache_module(VM *vm, Object *o, String *name, Instruction *at, Value *found) {
    Dict *namespace = ((ModuleObject *)o)->namespace;
    int64_t entry = dict_find_string(vm, namespace, name);
    if (entry < 0 || entry > CACHE_SLOT_MASK) return false;
    cache(at, dict_layout_id(vm, namespace), CACHE_MODULE, (uint32_t)entry, 0);
    *found = namespace->entries[entry].value;
    return true;
}

Value load_attribute_slow(VM *vm, Value object, String *name, Instruction *at) {
    if (!is_object(object)) return value_get_attribute(vm, object, name);
    Object *o = object_of(object);
    Value found;
    if (object_kind(o) == KIND_MODULE && cache_module(vm, o, name, at, &found)) return found;
    Class *cls = object_shape(o)->cls;
    if (!shape_decides(cls, o)) return value_get_attribute(vm, object, name);
    found = class_lookup(vm, cls, name);
    Shape *shape = object_shape(o);
    if (!is_empty(found) && attribute_is_data_descriptor(vm, found)) return value_get_attribute(vm, object, name);
    if (object_kind(o) == KIND_INSTANCE) {
        int slot = shape_find(vm, shape, name);
        if (slot >= 0) {
            Value own = *instance_slot((Instance *)o, shape, (uint32_t)slot);
            if (!is_empty(own)) {
                if ((uint32_t)slot < shape->inline_capacity)
                    cache(at, shape->id, CACHE_INLINE, (uint32_t)slot, 0);
                else
                    cache(at, shape->id, CACHE_OVERFLOW, (uint32_t)slot - shape->inline_capacity, 0);
                return own;
            }
            return value_get_attribute(vm, object, name);
        }
    }
    if (is_empty(found)) return value_get_attribute(vm, object, name);
    if (is_function(found) || (is_native(found) && native_of(found)->owner &&
                               native_of(found)->definition->flavour == NATIVE_METHOD && is_empty(native_of(found)->self)))
        cache(at, shape->id, CACHE_METHOD, 0, found.bits);
    else if (!is_object(found) || class_of(vm, found)->flags & CLASS_BUILTIN) {
        Kind kind = is_object(found) ? object_kind(object_of(found)) : KIND_INT;
        if (kind != KIND_WRAPPED_METHOD && kind != KIND_PROPERTY && kind != KIND_DESCRIPTOR)
            cache(at, shape->id, CACHE_VALUE, 0, found.bits);
    }
    return attribute_bind(vm, found, object, cls);
}

bool load_method_slow(VM *vm, Value object, String *name, Instruction *at, Value *target) {
    target[1] = VALUE_EMPTY;
    Class *cls = class_of(vm, object);
    bool decided = is_object(object) && shape_decides(cls, object_of(object));
    if (is_object(object) && object_kind(object_of(object)) == KIND_MODULE &&
        cache_module(vm, object_of(object), name, at, &target[0]))
        return true;
    bool immediate = !is_object(object);
    if (decided || immediate) {
        Value found = class_lookup(vm, cls, name);
        bool method = !is_empty(found) &&
                      (is_function(found) || (is_native(found) && native_of(found)->owner &&
                                              native_of(found)->definition->flavour == NATIVE_METHOD &&
                                              is_empty(native_of(found)->self)));
        if (method && (immediate || object_kind(object_of(object)) != KIND_INSTANCE ||
                       shape_find(vm, object_shape(object_of(object)), name) < 0)) {
            if (decided) cache(at, object_shape(object_of(object))->id, CACHE_METHOD, 0, found.bits);
            target[0] = found;
            target[1] = object;
            return true;
        }
    }
    target[0] = value_get_attribute(vm, object, name);
    return !is_error(target[0]);
}

bool store_attribute_slow(VM *vm, Value object, Value value, String *name, Instruction *at) {
    if (!is_object(object) || object_kind(object_of(object)) != KIND_INSTANCE)
        return value_set_attribute(vm, object, name, value) >= 0;
    Object *o = object_of(object);
    Class *cls = object_shape(o)->cls;
    Shape *before = object_shape(o);
    if (cls->flags & CLASS_CUSTOM_SETATTR || before->is_dictionary || !before->id)
        return value_set_attribute(vm, object, name, value) >= 0;
    Value found = class_lookup(vm, cls, name);
    if (!is_empty(found) && attribute_is_data_descriptor(vm, found)) return value_set_attribute(vm, object, name, value) >= 0;
    int slot = shape_find(vm, before, name);
    if (value_set_attribute(vm, object, name, value) < 0) return false;
    if (slot >= 0) {
        if ((uint32_t)slot < before->inline_capacity)
            cache(at, before->id, CACHE_INLINE, (uint32_t)slot, 0);
        else
            cache(at, before->id, CACHE_OVERFLOW, (uint32_t)slot - before->inline_capacity, 0);
    } else {
        Shape *after = object_shape(o);
        if (!after->is_dictionary && after->parent == before && after->slot_count <= after->inline_capacity)
            cache(at, before->id, CACHE_ADD, after->slot_count - 1, (uint64_t)(uintptr_t)after);
    }
    return true;
}

bool load_context_method(VM *vm, Value object, int which, Value *target) {
    static const Special specials[] = {SPECIAL_ENTER, SPECIAL_EXIT, SPECIAL_AENTER, SPECIAL_AEXIT};
    static const char *const missed[] = {"", " (missed __exit__ method)", "", " (missed __aexit__ method)"};
    Class *cls = class_of(vm, object);
    Value method = class_special(vm, cls, specials[which]);
    if (is_empty(method)) {
        raise_type_error(vm, "'%s' object does not support the %scontext manager protocol%s", class_name(cls),
                         which >= 2 ? "asynchronous " : "", missed[which]);
        return false;
    }
    if (is_function(method) || is_native(method)) {
        target[0] = method;
        target[1] = object;
        return true;
    }
    target[1] = VALUE_EMPTY;
    target[0] = attribute_bind(vm, method, object, cls);
    return !is_error(target[0]);
}

// ---- Unpacking

static bool unpack_iterated(VM *vm, Value source, Value *target, size_t count) {
    Class *cls = class_of(vm, source);
    Value held[2] = {value_iterate(vm, source), VALUE_EMPTY};
    if (is_error(held[0])) {
        if (exception_matches(vm, vm->exceptions.type_error) && !(cls->ops && cls->ops->iterate) &&
            is_empty(class_special(vm, cls, SPECIAL_ITER)) && is_empty(class_special(vm, cls, SPECIAL_GETITEM))) {
            exception_clear(vm);
            raise_type_error(vm, "cannot unpack non-iterable %s object", class_name(cls));
        }
        return false;
    }
    RootScope scope;
    roots_enter(vm, &scope, held, 2);
    size_t got = 0;
    bool ok = true;
    while (ok) {
        held[1] = value_next(vm, held[0]);
        if (is_error(held[1])) {
            ok = false;
        } else if (is_stop(held[1])) {
            break;
        } else if (got == count) {
            raise_value_error(vm, "too many values to unpack (expected %zu)", count);
            ok = false;
        } else {
            target[got++] = held[1];
        }
    }
    roots_leave(vm, &scope);
    if (ok && got < count) {
        raise_value_error(vm, "not enough values to unpack (expected %zu, got %zu)", count, got);
        ok = false;
    }
    return ok;
}

bool unpack_exact(VM *vm, Value source, Value *target, size_t count) {
    const Value *items;
    size_t length;
    if (is_tuple(source) && class_of(vm, source) == vm->classes.tuple) {
        items = tuple_of(source)->items;
        length = tuple_of(source)->length;
    } else if (is_list(source) && class_of(vm, source) == vm->classes.list) {
        items = list_of(source)->items;
        length = list_of(source)->length;
    } else {
        return unpack_iterated(vm, source, target, count);
    }
    if (length > count) {
        raise_value_error(vm, "too many values to unpack (expected %zu)", count);
        return false;
    }
    if (length < count) {
        raise_value_error(vm, "not enough values to unpack (expected %zu, got %zu)", count, length);
        return false;
    }
    for (size_t i = 0; i < count; i++) target[i] = items[i];
    return true;
}

bool unpack_star(VM *vm, Value source, Value *target, size_t before, size_t after) {
    Class *cls = class_of(vm, source);
    if (!(cls->ops && cls->ops->iterate) && is_empty(class_special(vm, cls, SPECIAL_ITER)) &&
        is_empty(class_special(vm, cls, SPECIAL_GETITEM))) {
        raise_type_error(vm, "cannot unpack non-iterable %s object", class_name(cls));
        return false;
    }
    List *all = list_from_iterable(vm, source);
    if (!all) return false;
    if (all->length < before + after) {
        raise_value_error(vm, "not enough values to unpack (expected at least %zu, got %zu)", before + after, all->length);
        return false;
    }
    size_t middle = all->length - before - after;
    List *rest = list_from(vm, all->items + before, middle);
    if (!rest) return false;
    for (size_t i = 0; i < before; i++) target[i] = all->items[i];
    target[before] = value_object(rest);
    for (size_t i = 0; i < after; i++) target[before + 1 + i] = all->items[before + middle + i];
    return true;
}

// ---- Text

Value build_string(VM *vm, Value *parts, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) size += string_of(parts[i])->size;
    if (count == 1) return parts[0];
    String *s = string_reserve(vm, size);
    if (!s) return VALUE_ERROR;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        String *part = string_of(parts[i]);
        memcpy(s->data + at, part->data, part->size);
        at += part->size;
    }
    string_seal(s);
    return value_object(s);
}

Value format_value(VM *vm, Value v, uint8_t conversion, Value specification) {
    String *text = NULL;
    if (conversion == 'r') text = value_repr(vm, v);
    if (conversion == 's') text = value_str(vm, v);
    if (conversion == 'a') text = value_ascii(vm, v);
    if (conversion && !text) return VALUE_ERROR;
    if (conversion) v = value_object(text);
    if (is_empty(specification)) {
        if (is_string(v) && class_of(vm, v) == vm->classes.string) return v;
        specification = value_object(vm->names.empty);
    }
    Value held[2] = {v, specification};
    RootScope scope;
    roots_enter(vm, &scope, held, 2);
    text = value_format(vm, v, string_of(specification));
    roots_leave(vm, &scope);
    return text ? value_object(text) : VALUE_ERROR;
}

// ---- Arguments of calls

static const char *callable_name(VM *vm, Value function, Buffer *out) {
    Value name = value_find_attribute(vm, function, vm->names.__qualname__);
    if (is_error(name)) exception_clear(vm);
    Value module = value_find_attribute(vm, function, vm->names.__module__);
    if (is_error(module)) exception_clear(vm);
    bool foreign = is_string(module) && !string_is(string_of(module), "builtins");
    if (is_string(name))
        buffer_format(out, "%s%s%s()", foreign ? string_of(module)->data : "", foreign ? "." : "", string_of(name)->data);
    else
        buffer_format(out, "%s object", type_name(vm, function));
    buffer_byte(out, 0);
    return out->failed ? "function" : out->data;
}

bool extend_arguments(VM *vm, Value list, Value iterable, Value function) {
    if (list_extend(vm, list_of(list), iterable) >= 0) return true;
    Class *cls = class_of(vm, iterable);
    if (exception_matches(vm, vm->exceptions.type_error) && !(cls->ops && cls->ops->iterate) &&
        is_empty(class_special(vm, cls, SPECIAL_ITER)) && is_empty(class_special(vm, cls, SPECIAL_GETITEM))) {
        exception_clear(vm);
        Buffer name = vm_buffer(vm);
        const char *shown = callable_name(vm, function, &name);
        raise_type_error(vm, "%s argument after * must be an iterable, not %s", shown, class_name(cls));
        buffer_free(&name);
    }
    return false;
}

bool merge_keywords(VM *vm, Value dict, Value other, Value function) {
    Dict *source = is_dict(other) ? dict_of(other) : NULL;
    Value held[2] = {dict, other};
    RootScope scope;
    roots_enter(vm, &scope, held, 2);
    bool ok = true;
    if (!source) {
        Value keys = value_find_attribute(vm, other, vm->names.keys);
        if (is_error(keys)) exception_clear(vm);
        source = is_empty(keys) || is_error(keys) ? NULL : dict_new(vm);
        if (source) {
            held[1] = value_object(source);
            ok = dict_update(vm, source, other) >= 0;
        } else {
            Buffer name = vm_buffer(vm);
            const char *shown = callable_name(vm, function, &name);
            raise_type_error(vm, "%s argument after ** must be a mapping, not %s", shown, type_name(vm, other));
            buffer_free(&name);
            ok = false;
        }
    }
    size_t position = 0;
    Value key, value;
    while (ok && dict_next(source, &position, &key, &value)) {
        Buffer name = vm_buffer(vm);
        if (!is_string(key)) {
            raise_type_error(vm, "keywords must be strings");
            ok = false;
        } else if (!is_empty(dict_get_string(vm, dict_of(dict), string_of(key)))) {
            const char *shown = callable_name(vm, function, &name);
            raise_type_error(vm, "%s got multiple values for keyword argument '%s'", shown, string_of(key)->data);
            ok = false;
        } else {
            ok = dict_set_string(vm, dict_of(dict), string_of(key), value) >= 0;
        }
        buffer_free(&name);
    }
    roots_leave(vm, &scope);
    return ok;
}

bool update_dict(VM *vm, Value dict, Value other) {
    if (!is_dict(other)) {
        Value keys = value_find_attribute(vm, other, vm->names.keys);
        if (is_error(keys)) return false;
        if (is_empty(keys)) {
            raise_type_error(vm, "'%s' object is not a mapping", type_name(vm, other));
            return false;
        }
    }
    return dict_update(vm, dict_of(dict), other) >= 0;
}

// ---- Exceptions

// An exception object of what a raise statement names: a class is called.
static Value exception_of_statement(VM *vm, Value v, const char *message) {
    if (is_exception(v)) return v;
    if (is_kind(v, KIND_CLASS) && ((Class *)object_of(v))->flags & CLASS_EXCEPTION) {
        Value made = vm_call(vm, v, NULL, 0, NULL);
        if (is_error(made) || is_exception(made)) return made;
        return raise_type_error(vm, "calling %s should have returned an instance of BaseException, not %s",
                                class_name((Class *)object_of(v)), type_name(vm, made));
    }
    return raise_type_error(vm, "%s", message);
}

bool raise_statement_value(VM *vm, Value v, Value cause, bool has_cause) {
    Value held[2] = {exception_of_statement(vm, v, "exceptions must derive from BaseException"), cause};
    if (is_error(held[0])) return false;
    if (has_cause) {
        RootScope scope;
        roots_enter(vm, &scope, held, 2);
        if (!is_none(cause)) held[1] = exception_of_statement(vm, cause, "exception causes must derive from BaseException");
        roots_leave(vm, &scope);
        if (is_error(held[1])) return false;
        heap_store(vm, object_of(held[0]), &exception_of(held[0])->cause, held[1]);
        exception_of(held[0])->suppress_context = true;
    }
    raise_value(vm, held[0]);
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
    Value held[3] = {value_object(fresh), value_object(leaves), original};
    RootScope scope;
    roots_enter(vm, &scope, held, 3);
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
    roots_leave(vm, &scope);
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

// ---- Classes

// Bases that are no classes may stand for others: __mro_entries__.
static Tuple *resolve_bases(VM *vm, Tuple *bases) {
    bool any = false;
    for (size_t i = 0; i < bases->length; i++) any |= !is_kind(bases->items[i], KIND_CLASS);
    if (!any) return bases;
    List *list = list_new(vm, bases->length);
    if (!list) return NULL;
    Value held = value_object(list);
    RootScope scope;
    roots_enter(vm, &scope, &held, 1);
    bool ok = true;
    for (size_t i = 0; ok && i < bases->length; i++) {
        Value base = bases->items[i], entries = VALUE_EMPTY;
        if (!is_kind(base, KIND_CLASS)) {
            Value method = value_find_attribute(vm, base, vm->names.__mro_entries__);
            Value argument = value_object(bases);
            entries = is_empty(method) || is_error(method) ? method : vm_call(vm, method, &argument, 1, NULL);
        }
        if (is_error(entries))
            ok = false;
        else if (is_empty(entries))
            ok = list_append(vm, list, base);
        else if (!is_tuple(entries))
            raise_type_error(vm, "__mro_entries__ must return a tuple"), ok = false;
        else
            for (size_t k = 0; ok && k < tuple_of(entries)->length; k++)
                ok = list_append(vm, list, tuple_of(entries)->items[k]);
    }
    roots_leave(vm, &scope);
    return ok ? tuple_from(vm, list->items, list->length) : NULL;
}

// base: body function, name, bases, keywords (a dict or no value). They stay rooted in the caller's registers.
Value build_class(VM *vm, Value *base) {
    Tuple *given = tuple_of(base[2]), *bases = resolve_bases(vm, given);
    if (!bases) return VALUE_ERROR;
    enum { BASES, META, NAMESPACE, KEYWORDS, HELD };
    Value held[HELD] = {value_object(bases), value_object(vm->classes.type), VALUE_EMPTY, base[3]};
    RootScope scope;
    roots_enter(vm, &scope, held, HELD);
    Value result = VALUE_ERROR;
    bool explicit_meta = false;
    if (is_dict(held[KEYWORDS])) {
        Value meta = dict_get_string(vm, dict_of(held[KEYWORDS]), vm->names.metaclass);
        if (!is_empty(meta)) {
            dict_delete_string(vm, dict_of(held[KEYWORDS]), vm->names.metaclass);
            held[META] = meta;
            explicit_meta = true;
        }
    }
    if (!explicit_meta && bases->length) held[META] = value_object(class_of(vm, bases->items[0]));
    if (is_kind(held[META], KIND_CLASS)) {
        Class *meta = metaclass_of(vm, (Class *)object_of(held[META]), bases);
        if (!meta) goto done;
        held[META] = value_object(meta);
    }
    Dict *keywords = is_dict(held[KEYWORDS]) ? dict_of(held[KEYWORDS]) : NULL;
    Value prepare = VALUE_EMPTY;
    if (!value_same(held[META], value_object(vm->classes.type)))
        prepare = value_find_attribute(vm, held[META], vm->names.specials[SPECIAL_PREPARE]);
    if (is_error(prepare)) goto done;
    if (is_empty(prepare)) {
        Dict *dict = dict_new(vm);
        held[NAMESPACE] = dict ? value_object(dict) : VALUE_ERROR;
    } else {
        Value arguments[2] = {base[1], held[BASES]};
        held[NAMESPACE] = keywords && keywords->length ? call_with_dict(vm, prepare, arguments, 2, keywords)
                                                       : vm_call(vm, prepare, arguments, 2, NULL);
    }
    if (is_error(held[NAMESPACE])) goto done;
    if (is_error(vm_call(vm, base[0], &held[NAMESPACE], 1, NULL))) goto done;
    if (bases != given && value_set_item(vm, held[NAMESPACE], value_object(vm->names.__orig_bases__), base[2]) < 0) goto done;
    Value arguments[3] = {base[1], held[BASES], held[NAMESPACE]};
    if (value_same(held[META], value_object(vm->classes.type)) && is_dict(held[NAMESPACE]))
        result = type_make(vm, vm->classes.type, string_of(base[1]), bases, dict_of(held[NAMESPACE]), keywords);
    else
        result = keywords && keywords->length ? call_with_dict(vm, held[META], arguments, 3, keywords)
                                              : vm_call(vm, held[META], arguments, 3, NULL);
done:
    roots_leave(vm, &scope);
    return result;
}

// ---- Patterns

Value match_sequence(VM *vm, Value v) {
    if (!is_object(v)) return VALUE_FALSE;
    Kind kind = object_kind(object_of(v));
    return value_bool(kind == KIND_LIST || kind == KIND_TUPLE || kind == KIND_RANGE || kind == KIND_MEMORYVIEW);
}

Value match_mapping(VM *vm, Value v) {
    if (is_dict(v)) return VALUE_TRUE;
    if (!is_kind(v, KIND_INSTANCE)) return VALUE_FALSE;
    Value keys = value_find_attribute(vm, v, vm->names.keys);
    if (is_error(keys)) return keys;
    return value_bool(!is_empty(keys) && !is_empty(class_special(vm, class_of(vm, v), SPECIAL_GETITEM)));
}

Value match_keys(VM *vm, Value mapping, Tuple *keys) {
    Tuple *values = tuple_new(vm, keys->length);
    if (!values) return VALUE_ERROR;
    Value held[2] = {value_object(values), mapping};
    RootScope scope;
    roots_enter(vm, &scope, held, 2);
    Value result = held[0];
    for (size_t i = 0; i < keys->length; i++) {
        Value found;
        if (is_dict(mapping)) {
            found = dict_get(vm, dict_of(mapping), keys->items[i]);
        } else {
            found = value_get_item(vm, mapping, keys->items[i]);
            if (is_error(found) && exception_matches(vm, vm->exceptions.key_error)) {
                exception_clear(vm);
                found = VALUE_EMPTY;
            }
        }
        if (is_empty(found) || is_error(found)) {
            result = is_error(found) ? VALUE_ERROR : VALUE_NONE;
            break;
        }
        values->items[i] = found;
    }
    roots_leave(vm, &scope);
    return result;
}

Value match_rest(VM *vm, Value mapping, Tuple *keys) {
    Dict *rest = dict_new(vm);
    if (!rest) return VALUE_ERROR;
    Value held = value_object(rest);
    RootScope scope;
    roots_enter(vm, &scope, &held, 1);
    bool ok = dict_update(vm, rest, mapping) >= 0;
    for (size_t i = 0; ok && i < keys->length; i++) ok = dict_delete(vm, rest, keys->items[i]) >= 0;
    roots_leave(vm, &scope);
    return ok ? held : VALUE_ERROR;
}

// Classes whose one positional pattern is the object itself.
static bool matches_itself(VM *vm, Class *cls) {
    ClassTable *c = &vm->classes;
    Class *these[] = {c->boolean, c->bytearray, c->bytes, c->dict, c->floating, c->frozenset,
                      c->integer, c->list,      c->set,   c->string, c->tuple};
    for (size_t i = 0; i < sizeof these / sizeof *these; i++)
        if (class_is_subclass(cls, these[i])) return true;
    return false;
}

Value match_class(VM *vm, Value v, Value cls, size_t positional, Tuple *names) {
    if (!is_kind(cls, KIND_CLASS)) return raise_type_error(vm, "called match pattern must be a class");
    Class *class_ = (Class *)object_of(cls);
    if (!value_is_instance(vm, v, class_)) return VALUE_NONE;
    Tuple *found = tuple_new(vm, positional + names->length);
    if (!found) return VALUE_ERROR;
    Value held[4] = {value_object(found), v, VALUE_NONE, value_object(names)};
    RootScope scope;
    roots_enter(vm, &scope, held, 4);
    Value result = held[0];
    bool self = false;
    if (positional) {
        held[2] = value_find_attribute(vm, cls, vm->names.__match_args__);
        size_t allowed = 0;
        if (is_error(held[2])) {
            result = VALUE_ERROR;
        } else if (is_empty(held[2])) {
            self = matches_itself(vm, class_);
            allowed = self;
        } else if (!is_tuple(held[2])) {
            result = raise_type_error(vm, "%s.__match_args__ must be a tuple (got %s)", class_name(class_), type_name(vm, held[2]));
        } else {
            allowed = tuple_of(held[2])->length;
        }
        if (!is_error(result) && positional > allowed)
            result = raise_type_error(vm, "%s() accepts %zu positional sub-pattern%s (%zu given)", class_name(class_), allowed,
                                      allowed == 1 ? "" : "s", positional);
    }
    for (size_t i = 0; i < positional + names->length && !is_error(result) && !is_none(result); i++) {
        Value name = i < positional ? (self ? VALUE_EMPTY : tuple_of(held[2])->items[i]) : names->items[i - positional];
        if (is_empty(name)) {
            found->items[i] = v;
            continue;
        }
        if (!is_string(name)) {
            result = raise_type_error(vm, "__match_args__ elements must be strings (got %s)", type_name(vm, name));
            break;
        }
        Value value = value_find_attribute(vm, v, string_of(name));
        if (is_error(value) && exception_matches(vm, vm->exceptions.attribute_error)) {
            exception_clear(vm);
            value = VALUE_EMPTY;
        }
        if (is_error(value)) result = VALUE_ERROR;
        else if (is_empty(value)) result = VALUE_NONE;
        else found->items[i] = value;
    }
    roots_leave(vm, &scope);
    return result;
}

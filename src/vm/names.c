// Names: globals, built-in names, namespaces of class bodies, cells.
#include "vm/support.h"

#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/module_spec.h"
#include "object/core/protocol.h"
#include "object/core/type.h"
#include "object/exception/exception.h"
#include "object/text/str.h"

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

// What neither the module nor the built-in names have: a module's __loader__ is made when it is asked for. What is no module's namespace
// has no __spec__ either; its dict stays as it is.
static Value find_late(VM *vm, Dict *globals, String *name) {
    if (name != vm->names.__loader__) return not_defined(vm, name);
    Value loader = module_loader_of_namespace(vm, globals);
    bool is_module = !is_error(loader) && !is_empty(dict_get_string(vm, globals, vm->names.__spec__));
    return is_module && dict_set_string(vm, globals, name, loader) < 0 ? VALUE_ERROR : loader;
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
    if (entry < 0) return find_late(vm, globals, name);
    at[1].cached_id = dict_layout_id(vm, globals);
    at[1].cached_slot = UINT32_MAX;
    at[2].cached_id = dict_layout_id(vm, vm->builtins);
    at[2].cached_slot = (uint32_t)entry;
    return vm->builtins->entries[entry].value;
}

Value find_in_namespace(VM *vm, Value namespace, String *name) {
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
    return is_empty(found) ? find_late(vm, frame->function->globals, name) : found;
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

bool setup_annotations(VM *vm, Frame *frame) {
    Code *code = frame_code(frame);
    Value name = value_object(vm->names.__annotations__);
    if (!(code->flags & CODE_NAMESPACE_LOCALS)) {
        if (!is_empty(dict_get_string(vm, frame->function->globals, vm->names.__annotations__))) return true;
        Dict *dict = dict_new(vm);
        return dict && dict_set(vm, frame->function->globals, name, value_object(dict)) >= 0;
    }
    Value namespace = frame->registers[0];
    int there = value_contains(vm, namespace, name);
    if (there) return there > 0;
    Dict *dict = dict_new(vm);
    return dict && value_set_item(vm, namespace, name, value_object(dict)) >= 0;
}

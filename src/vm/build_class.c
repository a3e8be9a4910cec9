// The class statement.
#include "vm/support.h"

#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/core/type.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

// Bases that are no classes may stand for others: __mro_entries__.
static Tuple *resolve_bases(VM *vm, Tuple *bases) {
    bool any = false;
    for (size_t i = 0; i < bases->length; i++) any |= !is_kind(bases->items[i], KIND_CLASS);
    if (!any) return bases;
    List *list = list_new(vm, bases->length);
    if (!list) return NULL;
    for (size_t i = 0; i < bases->length; i++) {
        Value base = bases->items[i], method = VALUE_EMPTY;
        if (!is_kind(base, KIND_CLASS)) method = value_find_attribute(vm, base, vm->names.__mro_entries__);
        if (is_error(method)) return NULL;
        if (is_empty(method)) {
            if (!list_append(vm, list, base)) return NULL;
            continue;
        }
        Value argument = value_object(bases), entries = vm_call(vm, method, &argument, 1, NULL);
        if (is_error(entries)) return NULL;
        if (!is_tuple(entries)) return raise_type_error(vm, "__mro_entries__ must return a tuple"), NULL;
        for (size_t k = 0; k < tuple_of(entries)->length; k++)
            if (!list_append(vm, list, tuple_of(entries)->items[k])) return NULL;
    }
    return tuple_from(vm, list->items, list->length);
}

// The namespace that the class's body runs in: a dict, or what the metaclass's __prepare__ gives. [script]
static Value prepare_namespace(VM *vm, Value meta, Value name, Tuple *bases, Dict *keywords) {
    Value prepare = VALUE_EMPTY;
    if (!value_same(meta, value_object(vm->classes.type)))
        prepare = value_find_attribute(vm, meta, vm->names.specials[SPECIAL_PREPARE]);
    if (is_error(prepare)) return VALUE_ERROR;
    if (is_empty(prepare)) return object_or_error(dict_new(vm));
    Value arguments[2] = {name, value_object(bases)};
    return call_with_dict(vm, prepare, arguments, 2, keywords);
}

// base: body function, name, bases, keywords (a dict or no value), which stay in the caller's registers.
Value build_class(VM *vm, Value *base) {
    Tuple *given = tuple_of(base[2]), *bases = resolve_bases(vm, given);
    if (!bases) return VALUE_ERROR;
    Dict *keywords = is_dict(base[3]) ? dict_of(base[3]) : NULL;
    Value meta = keywords ? dict_get_string(vm, keywords, vm->names.metaclass) : VALUE_EMPTY;
    if (!is_empty(meta))
        dict_delete_string(vm, keywords, vm->names.metaclass);
    else
        meta = value_object(bases->length ? class_of(vm, bases->items[0]) : vm->classes.type);
    if (is_kind(meta, KIND_CLASS)) {
        Class *winner = metaclass_of(vm, (Class *)object_of(meta), bases);
        if (!winner) return VALUE_ERROR;
        meta = value_object(winner);
    }
    Value namespace = prepare_namespace(vm, meta, base[1], bases, keywords);
    if (is_error(namespace)) return VALUE_ERROR;
    if (is_error(vm_call(vm, base[0], &namespace, 1, NULL))) return VALUE_ERROR;
    if (bases != given && value_set_item(vm, namespace, value_object(vm->names.__orig_bases__), base[2]) < 0)
        return VALUE_ERROR;
    if (value_same(meta, value_object(vm->classes.type)) && is_dict(namespace))
        return type_make(vm, vm->classes.type, string_of(base[1]), bases, dict_of(namespace), keywords);
    Value arguments[3] = {base[1], value_object(bases), namespace};
    return call_with_dict(vm, meta, arguments, 3, keywords);
}

Value class_statement(VM *vm, Value *base) {
    Value replaced = replaced_builtin(vm, "__build_class__", vm->exceptions.name_error);
    if (is_error(replaced)) return replaced;
    if (is_empty(replaced)) return build_class(vm, base);
    Tuple *bases = tuple_of(base[2]);
    Tuple *arguments = tuple_new(vm, bases->length + 2);
    if (!arguments) return VALUE_ERROR;
    arguments->items[0] = base[0];
    arguments->items[1] = base[1];
    for (size_t i = 0; i < bases->length; i++) arguments->items[i + 2] = bases->items[i];
    return call_with_dict(vm, replaced, arguments->items, arguments->length, is_dict(base[3]) ? dict_of(base[3]) : NULL);
}

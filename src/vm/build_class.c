// The class statement.
#include "vm/support.h"

#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/core/type.h"
#include "object/text/str.h"

// Bases that are no classes may stand for others: __mro_entries__.
static Tuple *resolve_bases(VM *vm, Tuple *bases) {
    bool any = false;
    for (size_t i = 0; i < bases->length; i++) any |= !is_kind(bases->items[i], KIND_CLASS);
    if (!any) return bases;
    List *list = list_new(vm, bases->length);
    if (!list) return NULL;
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
    return ok ? tuple_from(vm, list->items, list->length) : NULL;
}

// base: body function, name, bases, keywords (a dict or no value). They stay rooted in the caller's registers.
Value build_class(VM *vm, Value *base) {
    Tuple *given = tuple_of(base[2]), *bases = resolve_bases(vm, given);
    if (!bases) return VALUE_ERROR;
    enum { BASES, META, NAMESPACE, KEYWORDS, HELD };
    Value held[HELD] = {value_object(bases), value_object(vm->classes.type), VALUE_EMPTY, base[3]};
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
    return result;
}

// The views that keys(), values() and items() give: they show the dict as it is now. Those of keys and items
// are sets.
#include "object/container/mapping_proxy.h"
#include "object/container/dict.h"
#include "object/container/iterator.h"
#include "object/container/set.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"

static DictView *view_of(Value v) { return (DictView *)object_of(v); }
static bool is_view(Value v) { return is_kind(v, KIND_DICT_VIEW); }
static bool is_set_view(Value v) { return is_view(v) && view_of(v)->view != VIEW_VALUES; }

Value dict_view_new(VM *vm, Dict *dict, ViewKind kind) {
    Class *cls = kind == VIEW_KEYS     ? vm->classes.dict_keys
                 : kind == VIEW_VALUES ? vm->classes.dict_values
                                       : vm->classes.dict_items;
    DictView *view = heap_allocate(vm, builtin_shape(cls), KIND_DICT_VIEW, sizeof(DictView));
    if (!view) return VALUE_ERROR;
    view->dict = dict;
    view->view = kind;
    return value_object(view);
}

static void view_trace(VM *vm, Object *o) {
    if (((DictView *)o)->dict) heap_mark_object(vm, (Object *)((DictView *)o)->dict);
}

static Value view_iterate(VM *vm, Value self) {
    DictView *view = view_of(self);
    IteratorKind which = view->view == VIEW_KEYS     ? ITERATE_DICT_KEYS
                         : view->view == VIEW_VALUES ? ITERATE_DICT_VALUES
                                                     : ITERATE_DICT_ITEMS;
    return iterator_new(vm, which, value_object(view->dict));
}

static Value view_repr(VM *vm, Value self) {
    int entered = repr_enter(vm, self);
    if (entered < 0) return VALUE_ERROR;
    if (!entered) return object_or_error(string_from(vm, "..."));
    List *items = list_from_iterable(vm, self);
    String *inner = items ? value_repr(vm, value_object(items)) : NULL, *text = NULL;
    if (inner) {
        Buffer buffer = vm_buffer(vm);
        buffer_format(&buffer, "%s%s(", class_of(vm, value_object(view_of(self)->dict))->flags & CLASS_ORDERED ? "o" : "", type_name(vm, self));
        buffer_string(&buffer, inner);
        buffer_byte(&buffer, ')');
        text = string_from_buffer(vm, &buffer);
    }
    repr_leave(vm);
    return object_or_error(text);
}

static int64_t view_length(VM *vm, Value self) { return view_of(self)->dict->length; }

static int view_contains(VM *vm, Value self, Value item) {
    DictView *view = view_of(self);
    if (view->view == VIEW_KEYS) {
        Value value = dict_get(vm, view->dict, item);
        return is_error(value) ? -1 : !is_empty(value);
    }
    if (view->view == VIEW_ITEMS) {
        if (!is_tuple(item) || tuple_of(item)->length != 2) return 0;
        Value value = dict_get(vm, view->dict, tuple_of(item)->items[0]);
        if (is_error(value)) return -1;
        return is_empty(value) ? 0 : quick_equal(vm, value, tuple_of(item)->items[1]);
    }
    int status = 0;
    size_t position = 0;
    Value value;
    while (!status && dict_next(view->dict, &position, NULL, &value))
        status = vm_poll(vm, 1) ? quick_equal(vm, value, item) : -1;
    return status;
}

typedef struct {
    Value container;
    bool wanted;
} Check;

static int check_each(VM *vm, Value item, void *data) {
    Check *check = data;
    int has = value_contains(vm, check->container, item);
    return has < 0 ? -1 : has == check->wanted;
}

// Whether all (or with wanted false: none) of the items are in the container.
static int check_all(VM *vm, Value items, Value container, bool wanted) {
    Check check = {container, wanted};
    return value_for_each(vm, items, check_each, &check);
}

static Value view_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_set_view(self) || !(is_set_view(other) || is_set(other))) return VALUE_NOT_IMPLEMENTED;
    int64_t a = value_length(vm, self), b = value_length(vm, other);
    if (a < 0 || b < 0) return VALUE_ERROR;
    int status = 0;
    switch (op) {
    case COMPARISON_EQ:
    case COMPARISON_NE:
        if (a == b) status = check_all(vm, self, other, true);
        if (op == COMPARISON_NE && status >= 0) status = !status;
        break;
    case COMPARISON_LT: status = a < b ? check_all(vm, self, other, true) : 0; break;
    case COMPARISON_LE: status = a <= b ? check_all(vm, self, other, true) : 0; break;
    case COMPARISON_GT: status = a > b ? check_all(vm, other, self, true) : 0; break;
    default: status = a >= b ? check_all(vm, other, self, true) : 0; break;
    }
    return status < 0 ? VALUE_ERROR : value_bool(status);
}

typedef struct {
    Value view;
    Set *result;
} Intersection;

static int intersect_each(VM *vm, Value item, void *data) {
    Intersection *state = data;
    int has = view_contains(vm, state->view, item);
    if (has > 0) has = set_add(vm, state->result, item) < 0 ? -1 : 1;
    return has < 0 ? -1 : 1;
}

static Set *view_intersection(VM *vm, Value left, Value right) {
    if (!is_set_view(left)) {
        Value view = right;
        right = left;
        left = view;
    }
    if (is_set(right) && view_of(left)->dict->length <= set_of(right)->used)
        return set_intersection(vm, set_of(right), left, set_is_frozen(set_of(right)));
    if (is_set_view(right) && view_of(right)->dict->length > view_of(left)->dict->length) {
        Value view = right;
        right = left;
        left = view;
    }
    Intersection state = {left, set_new(vm, false)};
    if (!state.result) return NULL;
    int status = value_for_each(vm, right, intersect_each, &state);
    return status < 0 ? NULL : state.result;
}

static Value view_binary(VM *vm, Binary op, Value left, Value right) {
    if (!is_set_view(left) && !is_set_view(right)) return VALUE_NOT_IMPLEMENTED;
    if (op == BINARY_AND) return object_or_error(view_intersection(vm, left, right));
    if (op != BINARY_OR && op != BINARY_SUBTRACT && op != BINARY_XOR) return VALUE_NOT_IMPLEMENTED;
    Set *result = set_from_iterable(vm, left, false);
    if (!result) return VALUE_ERROR;
    int status = op == BINARY_OR         ? set_update(vm, result, right)
                 : op == BINARY_SUBTRACT ? set_difference_update(vm, result, right)
                                         : set_symmetric_difference_update(vm, result, right);
    return status < 0 ? VALUE_ERROR : value_object(result);
}

// keys() and items() compare by contents and have no hash; values() compare by identity and have one.
static int view_hash(VM *vm, Value self, uint64_t *out) {
    if (view_of(self)->view != VIEW_VALUES)
        return raise_type_error(vm, "unhashable type: '%s'", type_name(vm, self)), -1;
    *out = (uint64_t)(uintptr_t)object_of(self) >> 4;
    return 1;
}

const TypeOps dict_view_ops = {
    .trace = view_trace,
    .repr = view_repr,
    .hash = view_hash,
    .compare = view_compare,
    .binary = view_binary,
    .operations = &set_operators,
    .length = view_length,
    .contains = view_contains,
    .iterate = view_iterate,
};

static Value view_reversed_method(VM *vm, Value *args, size_t count) {
    DictView *view = view_of(args[0]);
    Value iterator = iterator_new(vm, ITERATE_DICT_REVERSED, value_object(view->dict));
    if (!is_error(iterator)) ((Iterator *)object_of(iterator))->limit = (int64_t)view->view;
    return iterator;
}

static Value view_isdisjoint_method(VM *vm, Value *args, size_t count) {
    int status = check_all(vm, args[1], args[0], false);
    return status < 0 ? VALUE_ERROR : value_bool(status);
}

static Value view_get_mapping(VM *vm, Value self) { return mapping_proxy_new(vm, value_object(view_of(self)->dict)); }

static const NativeDefinition set_view_methods[] = {
    {"__reversed__", view_reversed_method, "self, /", NATIVE_METHOD},
    {"isdisjoint", view_isdisjoint_method, "self, other, /", NATIVE_METHOD, "Whether no element is in the other."},
    {0},
};
static const NativeDefinition values_methods[] = {
    {"__reversed__", view_reversed_method, "self, /", NATIVE_METHOD},
    {0},
};
static const AttributeDefinition view_attributes[] = {{"mapping", view_get_mapping, NULL, "The dict, to read only."},
                                                      {0}};

bool dict_view_class_init(VM *vm) {
    vm->ops[KIND_DICT_VIEW] = &dict_view_ops;
    uint32_t flags = CLASS_FINAL | CLASS_ABSTRACT_NEW;
    Class *object = vm->classes.object;
    vm->classes.dict_keys =
        class_new_builtin(vm, "dict_keys", object, KIND_DICT_VIEW, sizeof(DictView), flags);
    vm->classes.dict_values =
        class_new_builtin(vm, "dict_values", object, KIND_DICT_VIEW, sizeof(DictView), flags);
    vm->classes.dict_items =
        class_new_builtin(vm, "dict_items", object, KIND_DICT_VIEW, sizeof(DictView), flags);
    if (!vm->classes.dict_keys || !vm->classes.dict_values || !vm->classes.dict_items) return false;
    return native_add_methods(vm, vm->classes.dict_keys, set_view_methods) >= 0 &&
           native_add_methods(vm, vm->classes.dict_items, set_view_methods) >= 0 &&
           native_add_methods(vm, vm->classes.dict_values, values_methods) >= 0 &&
           native_add_attributes(vm, vm->classes.dict_keys, view_attributes) >= 0 &&
           native_add_attributes(vm, vm->classes.dict_items, view_attributes) >= 0 &&
           native_add_attributes(vm, vm->classes.dict_values, view_attributes) >= 0;
}

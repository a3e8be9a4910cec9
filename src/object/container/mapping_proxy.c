#include "object/container/mapping_proxy.h"

#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/core/protocol.h"
#include "object/function/generic_alias.h"
#include "object/text/str.h"

typedef struct {
    NativeData data;
    Value mapping;
} MappingProxy;

static const TypeOps proxy_ops;

static Value mapping_of(Value v) { return ((MappingProxy *)object_of(v))->mapping; }
// What is meant by an operand that may be a proxy.
static Value bare(Value v) { return is_native_data(v, &proxy_ops) ? mapping_of(v) : v; }

Value mapping_proxy_new(VM *vm, Value mapping) {
    MappingProxy *proxy = native_data_new(vm, vm->classes.mapping_proxy, sizeof(MappingProxy));
    if (!proxy) return VALUE_ERROR;
    proxy->mapping = mapping;
    return value_object(proxy);
}

static Value proxy_make(VM *vm, Value *args, size_t count) {
    Value mapping = args[1];
    Class *cls = class_of(vm, mapping);
    bool is_mapping = (cls->ops && cls->ops->get_item) || !is_empty(class_special(vm, cls, SPECIAL_GETITEM));
    if (!is_mapping || is_list(mapping) || is_tuple(mapping))
        return raise_type_error(vm, "mappingproxy() argument must be a mapping, not %s", type_name(vm, mapping));
    MappingProxy *proxy = native_data_new(vm, (Class *)object_of(args[0]), sizeof(MappingProxy));
    if (!proxy) return VALUE_ERROR;
    proxy->mapping = mapping;
    return value_object(proxy);
}

static void proxy_trace(VM *vm, Object *o) { heap_mark(vm, ((MappingProxy *)o)->mapping); }
static Value proxy_repr(VM *vm, Value self) {
    String *inner = value_repr(vm, mapping_of(self));
    String *text = inner ? string_format(vm, "mappingproxy(%s)", inner->data) : NULL;
    return text ? value_object(text) : VALUE_ERROR;
}
static Value proxy_str(VM *vm, Value self) {
    String *text = value_str(vm, mapping_of(self));
    return text ? value_object(text) : VALUE_ERROR;
}
static int proxy_hash(VM *vm, Value self, uint64_t *out) { return value_hash(vm, mapping_of(self), out); }
static Value proxy_compare(VM *vm, Comparison op, Value self, Value other) {
    return value_compare(vm, op, mapping_of(self), other); // another proxy is asked in its turn
}
static Value proxy_binary(VM *vm, Binary op, Value left, Value right) {
    return op == BINARY_OR ? value_binary(vm, op, bare(left), bare(right)) : VALUE_NOT_IMPLEMENTED;
}
static Value proxy_in_place(VM *vm, Binary op, Value self, Value right) {
    if (op != BINARY_OR) return VALUE_NOT_IMPLEMENTED;
    return raise_type_error(vm, "'|=' is not supported by mappingproxy; use '|' instead");
}
static int64_t proxy_length(VM *vm, Value self) { return value_length(vm, mapping_of(self)); }
static Value proxy_get_item(VM *vm, Value self, Value key) { return value_get_item(vm, mapping_of(self), key); }
static int proxy_contains(VM *vm, Value self, Value key) { return value_contains(vm, mapping_of(self), key); }
static Value proxy_iterate(VM *vm, Value self) { return value_iterate(vm, mapping_of(self)); }

// The mapping's own method of that name.
static Value forward(VM *vm, const char *name, Value *args, size_t count) {
    return value_call_method(vm, mapping_of(args[0]), name, args + 1, count - 1);
}
static Value proxy_get(VM *vm, Value *args, size_t count) {
    if (is_empty(args[2])) args[2] = VALUE_NONE;
    return forward(vm, "get", args, 3);
}
static Value proxy_keys(VM *vm, Value *args, size_t count) { return forward(vm, "keys", args, 1); }
static Value proxy_values(VM *vm, Value *args, size_t count) { return forward(vm, "values", args, 1); }
static Value proxy_items(VM *vm, Value *args, size_t count) { return forward(vm, "items", args, 1); }
static Value proxy_copy(VM *vm, Value *args, size_t count) { return forward(vm, "copy", args, 1); }
static Value proxy_reversed(VM *vm, Value *args, size_t count) { return forward(vm, "__reversed__", args, 1); }

static const NativeDefinition proxy_methods[] = {
    {"__new__", proxy_make, "cls, mapping", NATIVE_NEW},
    {"get", proxy_get, "self, key, default=None, /", NATIVE_METHOD, "The value of a key, or a default where there is no such key."},
    {"keys", proxy_keys, "self, /", NATIVE_METHOD, "The keys, as the mapping gives them."},
    {"values", proxy_values, "self, /", NATIVE_METHOD, "The values, as the mapping gives them."},
    {"items", proxy_items, "self, /", NATIVE_METHOD, "Pairs of key and value, as the mapping gives them."},
    {"copy", proxy_copy, "self, /", NATIVE_METHOD, "A copy of the mapping itself, which may be written to."},
    {"__reversed__", proxy_reversed, "self, /", NATIVE_METHOD},
    {"__class_getitem__", generic_alias_of_class, "cls, item, /", NATIVE_CLASS_METHOD},
    {0}};

static const OperatorSet proxy_operators = {.binary = 1u << BINARY_OR, .in_place = 1u << BINARY_OR};
static const TypeOps proxy_ops = {.trace = proxy_trace,
                                  .repr = proxy_repr,
                                  .str = proxy_str,
                                  .hash = proxy_hash,
                                  .compare = proxy_compare,
                                  .binary = proxy_binary,
                                  .in_place = proxy_in_place,
                                  .length = proxy_length,
                                  .get_item = proxy_get_item,
                                  .contains = proxy_contains,
                                  .iterate = proxy_iterate,
                                  .operations = &proxy_operators};

bool mapping_proxy_class_init(VM *vm) {
    Class *cls = vm->classes.mapping_proxy =
        native_data_class(vm, "builtins", "mappingproxy", &proxy_ops, sizeof(MappingProxy), CLASS_FINAL | CLASS_MAPPING | CLASS_NO_WEAK);
    return cls && native_add_methods(vm, cls, proxy_methods) >= 0;
}

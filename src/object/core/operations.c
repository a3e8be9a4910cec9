#include "object/core/operations.h"

#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/documentation.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/core/protocol.h"
#include "object/core/vm.h"
#include "object/number/int.h"
#include "object/text/str.h"

static const TypeOps *ops_of(VM *vm, Value v) { return class_of(vm, v)->ops; }

static Value from_status(int status) { return status < 0 ? VALUE_ERROR : value_bool(status); }
static Value done(int status) { return status < 0 ? VALUE_ERROR : VALUE_NONE; }

// ---- One native for each special method: the layout's own operation, past every override

#define BINARY_METHODS(name, op)                                                                                       \
    static Value method_##name(VM *vm, Value *args, size_t count) {                                                    \
        return ops_of(vm, args[0])->binary(vm, op, args[0], args[1]);                                                  \
    }                                                                                                                  \
    static Value method_r##name(VM *vm, Value *args, size_t count) {                                                   \
        return ops_of(vm, args[0])->binary(vm, op, args[1], args[0]);                                                  \
    }
#define IN_PLACE_METHOD(name, op)                                                                                      \
    static Value method_i##name(VM *vm, Value *args, size_t count) {                                                   \
        return ops_of(vm, args[0])->in_place(vm, op, args[0], args[1]);                                                \
    }
BINARY_METHODS(add, BINARY_ADD)
BINARY_METHODS(sub, BINARY_SUBTRACT)
BINARY_METHODS(mul, BINARY_MULTIPLY)
BINARY_METHODS(matmul, BINARY_MATRIX_MULTIPLY)
BINARY_METHODS(truediv, BINARY_DIVIDE)
BINARY_METHODS(mod, BINARY_MODULO)
BINARY_METHODS(pow, BINARY_POWER)
BINARY_METHODS(lshift, BINARY_LEFT_SHIFT)
BINARY_METHODS(rshift, BINARY_RIGHT_SHIFT)
BINARY_METHODS(or, BINARY_OR)
BINARY_METHODS(xor, BINARY_XOR)
BINARY_METHODS(and, BINARY_AND)
BINARY_METHODS(floordiv, BINARY_FLOOR_DIVIDE)
BINARY_METHODS(divmod, BINARY_DIVMOD)
IN_PLACE_METHOD(add, BINARY_ADD)
IN_PLACE_METHOD(sub, BINARY_SUBTRACT)
IN_PLACE_METHOD(mul, BINARY_MULTIPLY)
IN_PLACE_METHOD(matmul, BINARY_MATRIX_MULTIPLY)
IN_PLACE_METHOD(truediv, BINARY_DIVIDE)
IN_PLACE_METHOD(mod, BINARY_MODULO)
IN_PLACE_METHOD(pow, BINARY_POWER)
IN_PLACE_METHOD(lshift, BINARY_LEFT_SHIFT)
IN_PLACE_METHOD(rshift, BINARY_RIGHT_SHIFT)
IN_PLACE_METHOD(or, BINARY_OR)
IN_PLACE_METHOD(xor, BINARY_XOR)
IN_PLACE_METHOD(and, BINARY_AND)
IN_PLACE_METHOD(floordiv, BINARY_FLOOR_DIVIDE)

#define COMPARISON_METHOD(name, op)                                                                                    \
    static Value method_##name(VM *vm, Value *args, size_t count) {                                                    \
        return ops_of(vm, args[0])->compare(vm, op, args[0], args[1]);                                                 \
    }
COMPARISON_METHOD(eq, COMPARISON_EQ)
COMPARISON_METHOD(ne, COMPARISON_NE)
COMPARISON_METHOD(lt, COMPARISON_LT)
COMPARISON_METHOD(le, COMPARISON_LE)
COMPARISON_METHOD(gt, COMPARISON_GT)
COMPARISON_METHOD(ge, COMPARISON_GE)

#define UNARY_METHOD(name, op)                                                                                         \
    static Value method_##name(VM *vm, Value *args, size_t count) { return ops_of(vm, args[0])->unary(vm, op, args[0]); }
UNARY_METHOD(invert, UNARY_OP_INVERT)
UNARY_METHOD(pos, UNARY_OP_PLUS)
UNARY_METHOD(neg, UNARY_OP_MINUS)
UNARY_METHOD(abs, UNARY_OP_ABSOLUTE)

static Value method_repr(VM *vm, Value *args, size_t count) { return ops_of(vm, args[0])->repr(vm, args[0]); }
static Value method_str(VM *vm, Value *args, size_t count) { return ops_of(vm, args[0])->str(vm, args[0]); }
static Value method_format(VM *vm, Value *args, size_t count) {
    if (!is_string(args[1])) return raise_type_error(vm, "__format__() argument must be str, not %s", type_name(vm, args[1]));
    return ops_of(vm, args[0])->format(vm, args[0], string_of(args[1]));
}
static Value method_hash(VM *vm, Value *args, size_t count) {
    uint64_t hash;
    if (ops_of(vm, args[0])->hash(vm, args[0], &hash) < 0) return VALUE_ERROR;
    return value_from_hash(vm, hash);
}
static Value method_bool(VM *vm, Value *args, size_t count) { return from_status(ops_of(vm, args[0])->truth(vm, args[0])); }
static Value method_len(VM *vm, Value *args, size_t count) {
    int64_t length = ops_of(vm, args[0])->length(vm, args[0]);
    return length < 0 ? VALUE_ERROR : int_from_int64(vm, length);
}
static Value method_getitem(VM *vm, Value *args, size_t count) {
    return ops_of(vm, args[0])->get_item(vm, args[0], args[1]);
}
static Value method_setitem(VM *vm, Value *args, size_t count) {
    return done(ops_of(vm, args[0])->set_item(vm, args[0], args[1], args[2]));
}
static Value method_delitem(VM *vm, Value *args, size_t count) {
    return done(ops_of(vm, args[0])->set_item(vm, args[0], args[1], VALUE_EMPTY));
}
static Value method_contains(VM *vm, Value *args, size_t count) {
    return from_status(ops_of(vm, args[0])->contains(vm, args[0], args[1]));
}
static Value method_iter(VM *vm, Value *args, size_t count) { return ops_of(vm, args[0])->iterate(vm, args[0]); }
static Value method_next(VM *vm, Value *args, size_t count) {
    Value item = ops_of(vm, args[0])->next(vm, args[0]);
    if (!is_stop(item)) return item;
    Value stop = vm->stop_value;
    vm->stop_value = VALUE_NONE;
    return is_none(stop) || is_empty(stop) ? raise_error(vm, vm->exceptions.stop_iteration, NULL)
                                           : raise_with_value(vm, vm->exceptions.stop_iteration, stop);
}
static Value method_call(VM *vm, Value *args, size_t count) {
    Dict *named = dict_of(args[1]);
    if (named->length == 0) return ops_of(vm, args[0])->call(vm, args[0], args + 2, count - 2, NULL);
    return call_with_dict(vm, args[0], args + 2, count - 2, named);
}

// ---- Which methods a layout has

// Indexed by Special; an entry without a name has no operation behind it.
typedef struct {
    NativeDefinition definition;
    size_t needs;        // the offset in TypeOps of what must be there
    uint32_t operations; // for binary, in_place and unary: which of them, as `1 << op`; 0: any
} OperationMethod;

#define NEEDS(field) offsetof(TypeOps, field)
#define BINARY_ENTRIES(SPECIAL_NAME, name, op)                                                                         \
    [SPECIAL_##SPECIAL_NAME] = {{"__" #name "__", method_##name, "self, other, /"}, NEEDS(binary), 1u << op},          \
    [SPECIAL_R##SPECIAL_NAME] = {{"__r" #name "__", method_r##name, "self, other, /"}, NEEDS(binary), 1u << op}
#define IN_PLACE_ENTRY(SPECIAL_NAME, name, op)                                                                         \
    [SPECIAL_I##SPECIAL_NAME] = {{"__i" #name "__", method_i##name, "self, other, /"}, NEEDS(in_place), 1u << op}
#define COMPARISON_ENTRY(SPECIAL_NAME, name)                                                                           \
    [SPECIAL_##SPECIAL_NAME] = {{"__" #name "__", method_##name, "self, other, /"}, NEEDS(compare), 0}
#define UNARY_ENTRY(SPECIAL_NAME, name, op)                                                                            \
    [SPECIAL_##SPECIAL_NAME] = {{"__" #name "__", method_##name, "self, /"}, NEEDS(unary), 1u << op}

static const OperationMethod methods[SPECIAL_COUNT] = {
    BINARY_ENTRIES(ADD, add, BINARY_ADD),
    BINARY_ENTRIES(SUB, sub, BINARY_SUBTRACT),
    BINARY_ENTRIES(MUL, mul, BINARY_MULTIPLY),
    BINARY_ENTRIES(MATMUL, matmul, BINARY_MATRIX_MULTIPLY),
    BINARY_ENTRIES(TRUEDIV, truediv, BINARY_DIVIDE),
    BINARY_ENTRIES(MOD, mod, BINARY_MODULO),
    BINARY_ENTRIES(POW, pow, BINARY_POWER),
    BINARY_ENTRIES(LSHIFT, lshift, BINARY_LEFT_SHIFT),
    BINARY_ENTRIES(RSHIFT, rshift, BINARY_RIGHT_SHIFT),
    BINARY_ENTRIES(OR, or, BINARY_OR),
    BINARY_ENTRIES(XOR, xor, BINARY_XOR),
    BINARY_ENTRIES(AND, and, BINARY_AND),
    BINARY_ENTRIES(FLOORDIV, floordiv, BINARY_FLOOR_DIVIDE),
    BINARY_ENTRIES(DIVMOD, divmod, BINARY_DIVMOD),
    IN_PLACE_ENTRY(ADD, add, BINARY_ADD),
    IN_PLACE_ENTRY(SUB, sub, BINARY_SUBTRACT),
    IN_PLACE_ENTRY(MUL, mul, BINARY_MULTIPLY),
    IN_PLACE_ENTRY(MATMUL, matmul, BINARY_MATRIX_MULTIPLY),
    IN_PLACE_ENTRY(TRUEDIV, truediv, BINARY_DIVIDE),
    IN_PLACE_ENTRY(MOD, mod, BINARY_MODULO),
    IN_PLACE_ENTRY(POW, pow, BINARY_POWER),
    IN_PLACE_ENTRY(LSHIFT, lshift, BINARY_LEFT_SHIFT),
    IN_PLACE_ENTRY(RSHIFT, rshift, BINARY_RIGHT_SHIFT),
    IN_PLACE_ENTRY(OR, or, BINARY_OR),
    IN_PLACE_ENTRY(XOR, xor, BINARY_XOR),
    IN_PLACE_ENTRY(AND, and, BINARY_AND),
    IN_PLACE_ENTRY(FLOORDIV, floordiv, BINARY_FLOOR_DIVIDE),
    COMPARISON_ENTRY(EQ, eq),
    COMPARISON_ENTRY(NE, ne),
    COMPARISON_ENTRY(LT, lt),
    COMPARISON_ENTRY(LE, le),
    COMPARISON_ENTRY(GT, gt),
    COMPARISON_ENTRY(GE, ge),
    UNARY_ENTRY(INVERT, invert, UNARY_OP_INVERT),
    UNARY_ENTRY(POS, pos, UNARY_OP_PLUS),
    UNARY_ENTRY(NEG, neg, UNARY_OP_MINUS),
    UNARY_ENTRY(ABS, abs, UNARY_OP_ABSOLUTE),
    [SPECIAL_REPR] = {{"__repr__", method_repr, "self, /"}, NEEDS(repr), 0},
    [SPECIAL_STR] = {{"__str__", method_str, "self, /"}, NEEDS(str), 0},
    [SPECIAL_FORMAT] = {{"__format__", method_format, "self, format_spec, /"}, NEEDS(format), 0},
    [SPECIAL_HASH] = {{"__hash__", method_hash, "self, /"}, NEEDS(hash), 0},
    [SPECIAL_BOOL] = {{"__bool__", method_bool, "self, /"}, NEEDS(truth), 0},
    [SPECIAL_LEN] = {{"__len__", method_len, "self, /"}, NEEDS(length), 0},
    [SPECIAL_GETITEM] = {{"__getitem__", method_getitem, "self, key, /"}, NEEDS(get_item), 0},
    [SPECIAL_SETITEM] = {{"__setitem__", method_setitem, "self, key, value, /"}, NEEDS(set_item), 0},
    [SPECIAL_DELITEM] = {{"__delitem__", method_delitem, "self, key, /"}, NEEDS(set_item), 0},
    [SPECIAL_CONTAINS] = {{"__contains__", method_contains, "self, key, /"}, NEEDS(contains), 0},
    [SPECIAL_ITER] = {{"__iter__", method_iter, "self, /"}, NEEDS(iterate), 0},
    [SPECIAL_NEXT] = {{"__next__", method_next, "self, /"}, NEEDS(next), 0},
    [SPECIAL_CALL] = {{"__call__", method_call, "self, /, *args, **kwargs"}, NEEDS(call), 0},
};

#define BIT(op) (1u << (op))
#define SET_BITS (BIT(BINARY_SUBTRACT) | BIT(BINARY_AND) | BIT(BINARY_OR) | BIT(BINARY_XOR))
#define SEQUENCE_BITS (BIT(BINARY_ADD) | BIT(BINARY_MULTIPLY))
const OperatorSet sequence_operators = {.binary = SEQUENCE_BITS, .adds_as_sequence = true};
const OperatorSet mutable_sequence_operators = {.binary = SEQUENCE_BITS, .in_place = SEQUENCE_BITS, .adds_as_sequence = true};
const OperatorSet formatting_operators = {.binary = SEQUENCE_BITS | BIT(BINARY_MODULO), .adds_as_sequence = true};
const OperatorSet formatting_mutable_operators = {
    .binary = SEQUENCE_BITS | BIT(BINARY_MODULO), .in_place = SEQUENCE_BITS, .adds_as_sequence = true};
const OperatorSet dict_operators = {.binary = BIT(BINARY_OR), .in_place = BIT(BINARY_OR)};
const OperatorSet set_operators = {.binary = SET_BITS, .in_place = SET_BITS};

static bool has(const TypeOps *ops, Special special) {
    const OperationMethod *method = &methods[special];
    if (!method->definition.name) return false;
    // A sequence is true by its length, though that may be known sooner.
    if ((special == SPECIAL_BOOL || special == SPECIAL_RADD) && ops->operations && ops->operations->adds_as_sequence) return false;
    void *function;
    memcpy(&function, (const char *)ops + method->needs, sizeof function);
    if (!function) return false;
    if (!method->operations || !ops->operations) return true;
    uint32_t which = method->needs == NEEDS(binary)     ? ops->operations->binary
                     : method->needs == NEEDS(in_place) ? ops->operations->in_place
                                                        : ops->operations->unary;
    return (which & method->operations) != 0;
}

// Whether the class brings its layout's operations, and does not only inherit them.
static bool introduces(VM *vm, const Class *cls) {
    if (!cls->ops || cls == vm->classes.object) return false;
    if (cls->bases->length == 0) return false;
    const Class *base = (Class *)object_of(cls->bases->items[0]);
    return base->ops != cls->ops;
}

// What compares by value but has no hash: the layout's operation serves the other classes of it alone.
static bool unhashable(VM *vm, const Class *cls) {
    ClassTable *c = &vm->classes;
    return (cls->ops->compare && !cls->ops->hash) || cls == c->set || cls == c->dict_keys || cls == c->dict_items;
}

// What a class can't do though its layout, which it shares with others, could.
static bool lacks(VM *vm, const Class *cls, Special special) {
    size_t needs = methods[special].needs;
    return (needs == NEEDS(in_place) && cls == vm->classes.frozenset) || (needs == NEEDS(binary) && cls == vm->classes.dict_values) ||
           (special == SPECIAL_BOOL && cls == vm->classes.ellipsis);
}

static Value make(VM *vm, Class *cls, Special special) {
    if (lacks(vm, cls, special) || !has(cls->ops, special) || (special == SPECIAL_HASH && unhashable(vm, cls))) {
        // Such a class says so.
        if (special == SPECIAL_HASH && unhashable(vm, cls) &&
            dict_set_string(vm, cls->attributes, vm->names.specials[special], VALUE_NONE) >= 0)
            return VALUE_NONE;
        return VALUE_EMPTY;
    }
    Native *native = native_new(vm, &methods[special].definition, cls);
    if (!native) {
        exception_clear(vm);
        vm->is_incomplete = true;
        return VALUE_EMPTY;
    }
    native->special = special;
    native_note_slot(vm, native, special);
    // (Where there is no memory to keep it, it is made again next time.)
    if (dict_set_string(vm, cls->attributes, vm->names.specials[special], value_object(native)) < 0) exception_clear(vm);
    return value_object(native);
}

// The class's text, which stands in its namespace once it has been asked for; VALUE_NONE without one, as nothing is inherited.
static Value make_doc(VM *vm, Class *cls) {
    Value doc = class_documentation_value(vm, cls);
    if (is_error(doc) || dict_set_string(vm, cls->attributes, vm->names.__doc__, doc) < 0) {
        exception_clear(vm);
        vm->is_incomplete = true;
        return is_error(doc) ? VALUE_EMPTY : doc;
    }
    return doc;
}

Value operation_method(VM *vm, Class *cls, String *name) {
    if (name == vm->names.__doc__) return make_doc(vm, cls);
    if (!introduces(vm, cls)) return VALUE_EMPTY;
    for (int i = 0; i < SPECIAL_COUNT; i++)
        if (vm->names.specials[i] == name) return make(vm, cls, (Special)i);
    return VALUE_EMPTY;
}

void operation_methods_complete(VM *vm, Class *cls) {
    if (is_empty(dict_get_string(vm, cls->attributes, vm->names.__doc__))) make_doc(vm, cls);
    if (!introduces(vm, cls)) return;
    for (int i = 0; i < SPECIAL_COUNT; i++)
        if (is_empty(dict_get_string(vm, cls->attributes, vm->names.specials[i]))) make(vm, cls, (Special)i);
}

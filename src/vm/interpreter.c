// The interpreter's loop. Short paths stand here; what is long or rare is called out of line (support.h, invoke.c,
// unwind.c, generator.c). Script-to-script calls, awaits and generator steps change `frame` and go on: C never recurses
// for them.
#include "vm/interpreter.h"

#include <math.h>

#include "compiler/ops.h"
#include "object/container/dict.h"
#include "object/container/iterator.h"
#include "object/container/list.h"
#include "object/container/range.h"
#include "object/container/set.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/module.h"
#include "object/core/protocol.h"
#include "object/core/type.h"
#include "object/exception/exception.h"
#include "object/function/descriptor.h"
#include "object/function/type_parameter.h"
#include "object/number/int.h"
#include "object/text/str.h"
#include "vm/call.h"
#include "vm/generator.h"
#include "vm/invoke.h"
#include "vm/run.h"
#include "vm/support.h"
#include "vm/unwind.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

// An object of a built-in class itself, not of a subclass: one test of the header.
#define EXACT_MASK (((uint64_t)0xFF << OBJECT_KIND_SHIFT) | OBJECT_HAS_ATTRIBUTES)
static inline bool is_exact(Value v, Kind kind) {
    return is_object(v) && (object_of(v)->header & EXACT_MASK) == (uint64_t)kind << OBJECT_KIND_SHIFT;
}

// The double of a float or a small int. The caller has checked that it is one.
static inline double number_of(Value v) { return is_small(v) ? (double)small_of(v) : float_of(v); }
static inline bool is_number(Value v) { return is_small(v) || is_float(v); }

#if defined(__GNUC__) && !defined(AIOLI_SWITCH_DISPATCH)
#define COMPUTED_GOTO 1
#else
#define COMPUTED_GOTO 0
#endif

#define A (regs[i->a])
#define B (regs[i->b])
#define C (regs[i->c])
#define SAVE() (frame->pc = pc)
#define LOAD_FRAME()                                                                                                   \
    do {                                                                                                               \
        pc = frame->pc;                                                                                                \
        regs = frame->registers;                                                                                       \
        constants = frame_code(frame)->constants;                                                                      \
        in->frame = frame;                                                                                             \
    } while (0)
#define CHECK(v)                                                                                                       \
    do {                                                                                                               \
        if (UNLIKELY(is_error(v))) goto error;                                                                         \
    } while (0)
#define SAFEPOINT()                                                                                                    \
    do {                                                                                                               \
        if (UNLIKELY(--vm->fuel < 0)) {                                                                                \
            SAVE();                                                                                                    \
            if (!interpreter_attend(vm)) goto error;                                                                   \
        }                                                                                                              \
    } while (0)

#if COMPUTED_GOTO
#define CASE(name) label_##name:
#define NEXT()                                                                                                         \
    do {                                                                                                               \
        i = pc++;                                                                                                      \
        goto *labels[i->op];                                                                                           \
    } while (0)
#else
#define CASE(name) case OP_##name:
#define NEXT() goto dispatch
#endif

// a = b op c, by small ints, then floats, then the long way.
#define ARITHMETIC(name, binary, small_case, float_case)                                                               \
    CASE(name) {                                                                                                       \
        Value x = B, y = C;                                                                                            \
        if (LIKELY(are_small(x, y))) {                                                                                 \
            small_case;                                                                                                \
        } else if (LIKELY(is_float(x))) {                                                                              \
            double p = float_of(x);                                                                                    \
            double q;                                                                                                  \
            if (LIKELY(is_float(y)) || is_small(y)) {                                                                  \
                q = is_float(y) ? float_of(y) : (double)small_of(y);                                                   \
                (void)p, (void)q;                                                                                      \
                float_case;                                                                                            \
            }                                                                                                          \
        } else if (is_small(x) && is_float(y)) {                                                                       \
            double p = (double)small_of(x);                                                                            \
            double q = float_of(y);                                                                                    \
            (void)p, (void)q;                                                                                          \
            float_case;                                                                                                \
        }                                                                                                              \
        SAVE();                                                                                                        \
        x = i->n ? value_in_place(vm, binary, x, y) : value_binary(vm, binary, x, y);                                  \
        CHECK(x);                                                                                                      \
        A = x;                                                                                                         \
        NEXT();                                                                                                        \
    }
// a = b op i
#define ARITHMETIC_INT(name, binary, small_case, float_case)                                                           \
    CASE(name) {                                                                                                       \
        Value x = B;                                                                                                   \
        int64_t n = (int16_t)i->c;                                                                                     \
        if (LIKELY(is_small(x))) {                                                                                     \
            small_case;                                                                                                \
        } else if (is_float(x)) {                                                                                      \
            double p = float_of(x);                                                                                    \
            (void)p;                                                                                                   \
            float_case;                                                                                                \
        }                                                                                                              \
        SAVE();                                                                                                        \
        x = i->n ? value_in_place(vm, binary, x, value_small(n)) : value_binary(vm, binary, x, value_small(n));        \
        CHECK(x);                                                                                                      \
        A = x;                                                                                                         \
        NEXT();                                                                                                        \
    }
#define GIVE(v)                                                                                                        \
    do {                                                                                                               \
        A = (v);                                                                                                       \
        NEXT();                                                                                                        \
    } while (0)
// The bits above the payload hold the sign when an int is shifted up: overflow of the upper 48 bits is the word's own.
#define GIVE_SHIFTED(sum) GIVE(((Value){VALUE_TAG_INT | (uint64_t)(sum) >> 16}))

#define COMPARISON(name, op, operator)                                                                                 \
    CASE(name) {                                                                                                       \
        Value x = B, y = C;                                                                                            \
        if (LIKELY(are_small(x, y))) GIVE(value_bool(small_of(x) operator small_of(y)));                               \
        if (is_number(x) && is_number(y)) GIVE(value_bool(number_of(x) operator number_of(y)));                        \
        SAVE();                                                                                                        \
        x = value_compare(vm, op, x, y);                                                                               \
        CHECK(x);                                                                                                      \
        GIVE(x);                                                                                                       \
    }
#define COMPARISON_JUMP(name, op, operator)                                                                            \
    CASE(name) {                                                                                                       \
        Value x = A, y = B;                                                                                            \
        int truth;                                                                                                     \
        if (LIKELY(are_small(x, y))) {                                                                                 \
            truth = small_of(x) operator small_of(y);                                                                  \
        } else if (is_number(x) && is_number(y)) {                                                                     \
            truth = number_of(x) operator number_of(y);                                                                \
        } else {                                                                                                       \
            SAVE();                                                                                                    \
            truth = value_compare_bool(vm, op, x, y);                                                                  \
            if (truth < 0) goto error;                                                                                 \
        }                                                                                                              \
        pc += 1 + (truth == i->n ? pc->offset : 0);                                                                    \
        NEXT();                                                                                                        \
    }
#define COMPARISON_JUMP_INT(name, op, operator)                                                                        \
    CASE(name) {                                                                                                       \
        Value x = A;                                                                                                   \
        int64_t n = (int16_t)i->b;                                                                                     \
        int truth;                                                                                                     \
        if (LIKELY(is_small(x))) {                                                                                     \
            truth = small_of(x) operator n;                                                                            \
        } else if (is_float(x)) {                                                                                      \
            truth = float_of(x) operator (double)n;                                                                    \
        } else {                                                                                                       \
            SAVE();                                                                                                    \
            truth = value_compare_bool(vm, op, x, value_small(n));                                                     \
            if (truth < 0) goto error;                                                                                 \
        }                                                                                                              \
        pc += 1 + (truth == i->n ? pc->offset : 0);                                                                    \
        NEXT();                                                                                                        \
    }

Value interpreter_run(VM *vm, Interpreter *in, Frame *frame, RunStart start) {
#if COMPUTED_GOTO
    static const void *const labels[] = {
#define OP(name, operands, words, meaning) &&label_##name,
#include "compiler/ops.def"
#undef OP
    };
#endif
    const Instruction *pc, *i;
    Value *regs, *constants;
    LOAD_FRAME();
    if (start == RUN_RAISE) goto error;
    if (start == RUN_RERAISE) goto reraise;
    NEXT();

#if !COMPUTED_GOTO
dispatch:
    i = pc++;
    switch ((Op)i->op) {
    case OP_COUNT: __builtin_unreachable();
#endif

    // ---- Moves and names

    CASE(MOVE) {
        A = B;
        NEXT();
    }
    CASE(LOAD_CONSTANT) {
        A = constants[i->index];
        NEXT();
    }
    CASE(LOAD_EMPTY) {
        A = VALUE_EMPTY;
        NEXT();
    }
    CASE(CHECK_BOUND) {
        if (LIKELY(!is_empty(A))) NEXT();
        SAVE();
        unbound_local(vm, string_of(constants[i->index]));
        goto error;
    }
    CASE(DELETE_LOCAL) {
        A = VALUE_EMPTY;
        NEXT();
    }
    CASE(MAKE_CELL) {
        Cell *cell = cell_new(vm, A);
        if (!cell) goto error;
        GIVE(value_object(cell));
    }
    CASE(LOAD_CELL) {
        Value v = ((Cell *)object_of(B))->value;
        if (UNLIKELY(is_empty(v))) {
            SAVE();
            unbound_cell(vm, frame, i->b, false);
            goto error;
        }
        GIVE(v);
    }
    CASE(STORE_CELL) {
        Cell *cell = (Cell *)object_of(A);
        heap_store(vm, cell, &cell->value, B);
        NEXT();
    }
    CASE(LOAD_FREE) {
        Value v = ((Cell *)object_of(frame->function->closure->items[i->b]))->value;
        if (UNLIKELY(is_empty(v))) {
            SAVE();
            unbound_cell(vm, frame, i->b, true);
            goto error;
        }
        GIVE(v);
    }
    CASE(STORE_FREE) {
        Cell *cell = (Cell *)object_of(frame->function->closure->items[i->b]);
        heap_store(vm, cell, &cell->value, A);
        NEXT();
    }
    CASE(LOAD_FREE_CELL) { GIVE(frame->function->closure->items[i->b]); }
    CASE(LOAD_GLOBAL) {
        const Dict *globals = frame->function->globals;
        if (LIKELY(globals->layout_id == pc[0].cached_id && globals->layout_id)) {
            if (pc[0].cached_slot != UINT32_MAX) {
                A = globals->entries[pc[0].cached_slot].value;
                pc += 2;
                NEXT();
            }
            if (LIKELY(vm->builtins->layout_id == pc[1].cached_id)) {
                A = vm->builtins->entries[pc[1].cached_slot].value;
                pc += 2;
                NEXT();
            }
        }
        SAVE();
        Value v = load_global_slow(vm, frame, (Instruction *)i);
        CHECK(v);
        A = v;
        pc += 2;
        NEXT();
    }
    CASE(STORE_GLOBAL) {
        Dict *globals = frame->function->globals;
        if (LIKELY(globals->layout_id == pc[0].cached_id && globals->layout_id)) {
            heap_store(vm, globals, &globals->entries[pc[0].cached_slot].value, A);
        } else {
            SAVE();
            if (!store_global(vm, frame, (Instruction *)i, A)) goto error;
        }
        pc += 1;
        NEXT();
    }
    CASE(DELETE_GLOBAL) {
        SAVE();
        if (!delete_global(vm, frame, string_of(constants[i->index]))) goto error;
        NEXT();
    }
    CASE(LOAD_NAME) {
        SAVE();
        Value v = load_name(vm, frame, string_of(constants[i->index]));
        CHECK(v);
        GIVE(v);
    }
    CASE(LOAD_NAME_OR_FREE) {
        SAVE();
        Value v = load_name_or_free(vm, frame, i->b, string_of(constants[i->c]));
        CHECK(v);
        GIVE(v);
    }
    CASE(FIND_NAME) {
        SAVE();
        Value v = find_in_namespace(vm, B, string_of(constants[i->c]));
        CHECK(v);
        GIVE(v);
    }
    CASE(STORE_NAME) {
        SAVE();
        if (!store_name(vm, frame, string_of(constants[i->index]), A)) goto error;
        NEXT();
    }
    CASE(DELETE_NAME) {
        SAVE();
        if (!delete_name(vm, frame, string_of(constants[i->index]))) goto error;
        NEXT();
    }

    // ---- Operators

    ARITHMETIC(ADD, BINARY_ADD, {
        int64_t sum;
        if (LIKELY(!__builtin_add_overflow((int64_t)(x.bits << 16), (int64_t)(y.bits << 16), &sum))) GIVE_SHIFTED(sum);
    }, GIVE(value_float(p + q)))
    ARITHMETIC(SUBTRACT, BINARY_SUBTRACT, {
        int64_t difference;
        if (LIKELY(!__builtin_sub_overflow((int64_t)(x.bits << 16), (int64_t)(y.bits << 16), &difference)))
            GIVE_SHIFTED(difference);
    }, GIVE(value_float(p - q)))
    ARITHMETIC(MULTIPLY, BINARY_MULTIPLY, {
        int64_t product;
        if (LIKELY(!__builtin_mul_overflow(small_of(x), (int64_t)(y.bits << 16), &product))) GIVE_SHIFTED(product);
    }, GIVE(value_float(p * q)))
    ARITHMETIC(MATRIX_MULTIPLY, BINARY_MATRIX_MULTIPLY, {}, {})
    ARITHMETIC(DIVIDE, BINARY_DIVIDE, {
        if (LIKELY(small_of(y) != 0)) GIVE(value_float((double)small_of(x) / (double)small_of(y)));
    }, {
        if (LIKELY(q != 0)) GIVE(value_float(p / q));
    })
    ARITHMETIC(MODULO, BINARY_MODULO, {
        int64_t m = small_of(x);
        int64_t n = small_of(y);
        if (LIKELY(n != 0)) {
            int64_t r = m % n;
            if (r && (r ^ n) < 0) r += n;
            GIVE(value_small(r));
        }
    }, {})
    ARITHMETIC(POWER, BINARY_POWER, {}, {
        if (LIKELY(is_float(x) && p > 0 && isfinite(p))) { // pow(), not sqrt(): it need not round the same way
            double power = pow(p, q);
            if (LIKELY(isfinite(power))) GIVE(value_float(power));
        }
    })
    ARITHMETIC(LEFT_SHIFT, BINARY_LEFT_SHIFT, {
        int64_t m = small_of(x);
        int64_t n = small_of(y);
        if (n >= 0 && n < 47 && m >= -((int64_t)1 << (46 - n)) && m < (int64_t)1 << (46 - n)) GIVE(value_small(m * ((int64_t)1 << n)));
    }, {})
    ARITHMETIC(RIGHT_SHIFT, BINARY_RIGHT_SHIFT, {
        int64_t n = small_of(y);
        if (n >= 0) GIVE(value_small(small_of(x) >> (n < 63 ? n : 63)));
    }, {})
    ARITHMETIC(BIT_OR, BINARY_OR, { GIVE(((Value){x.bits | y.bits})); }, {})
    ARITHMETIC(BIT_XOR, BINARY_XOR, { GIVE(((Value){(x.bits ^ y.bits) | VALUE_TAG_INT})); }, {})
    ARITHMETIC(BIT_AND, BINARY_AND, { GIVE(((Value){x.bits & y.bits})); }, {})
    ARITHMETIC(FLOOR_DIVIDE, BINARY_FLOOR_DIVIDE, {
        int64_t m = small_of(x);
        int64_t n = small_of(y);
        if (LIKELY(n != 0)) {
            int64_t q = m / n;
            if ((m % n != 0) && ((m ^ n) < 0)) q--;
            if (LIKELY(small_fits(q))) GIVE(value_small(q));
        }
    }, {})
    ARITHMETIC_INT(ADD_INT, BINARY_ADD, {
        int64_t sum = small_of(x) + n;
        if (LIKELY(small_fits(sum))) GIVE(value_small(sum));
    }, GIVE(value_float(p + (double)n)))
    ARITHMETIC_INT(SUBTRACT_INT, BINARY_SUBTRACT, {
        int64_t difference = small_of(x) - n;
        if (LIKELY(small_fits(difference))) GIVE(value_small(difference));
    }, GIVE(value_float(p - (double)n)))
    ARITHMETIC_INT(MULTIPLY_INT, BINARY_MULTIPLY, {
        int64_t product = small_of(x) * n;
        if (LIKELY(small_fits(product))) GIVE(value_small(product));
    }, GIVE(value_float(p * (double)n)))
    ARITHMETIC_INT(MODULO_INT, BINARY_MODULO, {
        int64_t m = small_of(x);
        int64_t r;
        if (LIKELY((uint64_t)m <= UINT32_MAX))
            r = (int64_t)((uint32_t)m % (uint32_t)n);
        else
            r = m % n;
        GIVE(value_small(r < 0 ? r + n : r));
    }, {})
    ARITHMETIC_INT(FLOOR_DIVIDE_INT, BINARY_FLOOR_DIVIDE, {
        int64_t m = small_of(x);
        GIVE(value_small(m / n - (m % n < 0)));
    }, {})
    ARITHMETIC_INT(BIT_AND_INT, BINARY_AND, { GIVE(value_small(small_of(x) & n)); }, {})
    CASE(NEGATE) {
        Value x = B;
        if (is_small(x) && small_of(x) != SMALL_INT_MIN) GIVE(value_small(-small_of(x)));
        if (is_float(x)) GIVE(value_float(-float_of(x)));
        SAVE();
        x = value_unary(vm, UNARY_OP_MINUS, x);
        CHECK(x);
        GIVE(x);
    }
    CASE(POSITIVE) {
        SAVE();
        Value x = value_unary(vm, UNARY_OP_PLUS, B);
        CHECK(x);
        GIVE(x);
    }
    CASE(INVERT) {
        SAVE();
        Value x = value_unary(vm, UNARY_OP_INVERT, B);
        CHECK(x);
        GIVE(x);
    }
    CASE(NOT) {
        Value x = B;
        if (LIKELY(is_bool(x))) GIVE(value_bool(is_false(x)));
        SAVE();
        int truth = value_truth(vm, x);
        if (truth < 0) goto error;
        GIVE(value_bool(!truth));
    }
    COMPARISON(EQUAL, COMPARISON_EQ, ==)
    COMPARISON(NOT_EQUAL, COMPARISON_NE, !=)
    COMPARISON(LESS, COMPARISON_LT, <)
    COMPARISON(LESS_EQUAL, COMPARISON_LE, <=)
    COMPARISON(GREATER, COMPARISON_GT, >)
    COMPARISON(GREATER_EQUAL, COMPARISON_GE, >=)
    CASE(IS) { GIVE(value_bool(value_same(B, C) != i->n)); }
    CASE(IN) {
        SAVE();
        int found = value_contains(vm, C, B);
        if (UNLIKELY(found < 0)) goto error;
        GIVE(value_bool(found != i->n));
    }

    // ---- Jumps

    CASE(JUMP) {
        pc += i->offset;
        NEXT();
    }
    CASE(LOOP) {
        SAFEPOINT(); // before the jump: an interrupt is raised here
        pc += i->offset;
        NEXT();
    }
    CASE(JUMP_IF_TRUE) {
        Value x = A;
        int truth = is_true(x);
        if (UNLIKELY(!is_bool(x))) {
            SAVE();
            truth = value_truth(vm, x);
            if (truth < 0) goto error;
        }
        if (truth) pc += i->offset;
        NEXT();
    }
    CASE(JUMP_IF_FALSE) {
        Value x = A;
        int truth = is_true(x);
        if (UNLIKELY(!is_bool(x))) {
            SAVE();
            truth = value_truth(vm, x);
            if (truth < 0) goto error;
        }
        if (!truth) pc += i->offset;
        NEXT();
    }
    CASE(JUMP_IF_NONE) {
        if (is_none(A)) pc += i->offset;
        NEXT();
    }
    CASE(JUMP_IF_NOT_NONE) {
        if (!is_none(A)) pc += i->offset;
        NEXT();
    }
    CASE(JUMP_IF_VALUE) {
        if (!is_empty(A)) pc += i->offset;
        NEXT();
    }
    COMPARISON_JUMP(JUMP_EQUAL, COMPARISON_EQ, ==)
    COMPARISON_JUMP(JUMP_NOT_EQUAL, COMPARISON_NE, !=)
    COMPARISON_JUMP(JUMP_LESS, COMPARISON_LT, <)
    COMPARISON_JUMP(JUMP_LESS_EQUAL, COMPARISON_LE, <=)
    COMPARISON_JUMP(JUMP_GREATER, COMPARISON_GT, >)
    COMPARISON_JUMP(JUMP_GREATER_EQUAL, COMPARISON_GE, >=)
    COMPARISON_JUMP_INT(JUMP_EQUAL_INT, COMPARISON_EQ, ==)
    COMPARISON_JUMP_INT(JUMP_LESS_INT, COMPARISON_LT, <)
    COMPARISON_JUMP_INT(JUMP_GREATER_INT, COMPARISON_GT, >)
    CASE(GET_ITER) {
        SAVE();
        Value it = is_kind(B, KIND_GENERATOR) && class_of(vm, B) == vm->classes.generator ? B : value_iterate(vm, B);
        CHECK(it);
        GIVE(it);
    }
    CASE(FOR_NEXT) {
        Value it = A, item;
        if (LIKELY(is_kind(it, KIND_ITERATOR))) {
            Iterator *iterator = (Iterator *)object_of(it);
            if (iterator->which == ITERATE_RANGE && iterator->limit > 0 && LIKELY(small_fits(iterator->position))) {
                iterator->limit--;
                item = value_small(iterator->position);
                iterator->position += small_of(iterator->extra);
                goto got_item;
            }
            if (iterator->which == ITERATE_LIST && is_list(iterator->source) &&
                (size_t)iterator->position < list_of(iterator->source)->length) {
                item = list_of(iterator->source)->items[iterator->position++];
                goto got_item;
            }
        } else if (is_kind(it, KIND_GENERATOR) && generator_of(it)->frame.flags == FRAME_HEAP &&
                   class_of(vm, it) == vm->classes.generator) {
            Generator *generator = generator_of(it);
            if (generator->state == GENERATOR_CREATED || generator->state == GENERATOR_SUSPENDED) {
                pc++;
                SAVE();
                SAFEPOINT();
                if (UNLIKELY(frame->depth >= in->depth_limit)) {
                    recursion_error(vm);
                    goto error;
                }
                frame = generator_enter(in, generator, frame, FRAME_FOR);
                LOAD_FRAME();
                if (UNLIKELY(frame->flags & FRAME_WAITING)) {
                    frame->flags &= (uint16_t)~FRAME_WAITING;
                    in->resumed = true;
                } else if (pc != frame_code(frame)->instructions) {
                    regs[pc[-1].a] = VALUE_NONE;
                }
                NEXT();
            }
        }
        SAVE();
        item = value_next(vm, it);
        if (is_stop(item)) {
            pc++;
            NEXT();
        }
        CHECK(item);
    got_item:
        B = item;
        SAFEPOINT();
        pc += 1 + pc->offset;
        NEXT();
    }

    // ---- Attributes and items

    CASE(LOAD_ATTRIBUTE) {
        Value object = B;
        if (LIKELY(is_object(object))) {
            Object *o = object_of(object);
            uint32_t slot = pc[0].cached_slot;
            if (LIKELY(object_shape(o)->id == pc[0].cached_id)) {
                if (LIKELY(slot <= CACHE_SLOT_MASK)) { // CACHE_INLINE
                    Value v = ((Instance *)o)->slots[slot];
                    if (LIKELY(!is_empty(v))) {
                        A = v;
                        pc += 2;
                        NEXT();
                    }
                } else switch (slot >> CACHE_KIND_SHIFT) {
                case CACHE_OVERFLOW: {
                    Value v = ((Instance *)o)->overflow[slot & CACHE_SLOT_MASK];
                    if (UNLIKELY(is_empty(v))) break;
                    A = v;
                    pc += 2;
                    NEXT();
                }
                case CACHE_VALUE:
                    A = (Value){pc[1].word};
                    pc += 2;
                    NEXT();
                case CACHE_METHOD: {
                    Value v = bound_method_new(vm, (Value){pc[1].word}, object);
                    SAVE();
                    CHECK(v);
                    A = v;
                    pc += 2;
                    NEXT();
                }
                }
            } else if (object_kind(o) == KIND_MODULE && slot >> CACHE_KIND_SHIFT == CACHE_MODULE &&
                       ((ModuleObject *)o)->namespace->layout_id == pc[0].cached_id) {
                A = ((ModuleObject *)o)->namespace->entries[slot & CACHE_SLOT_MASK].value;
                pc += 2;
                NEXT();
            }
        }
        SAVE();
        Value v = load_attribute_slow(vm, object, string_of(constants[i->c]), (Instruction *)i);
        CHECK(v);
        A = v;
        pc += 2;
        NEXT();
    }
    CASE(STORE_ATTRIBUTE) {
        Value object = A;
        if (LIKELY(is_object(object))) {
            Object *o = object_of(object);
            if (LIKELY(object_shape(o)->id == pc[0].cached_id)) {
                Instance *instance = (Instance *)o;
                uint32_t slot = pc[0].cached_slot;
                if (LIKELY(slot <= CACHE_SLOT_MASK)) { // CACHE_INLINE
                    heap_store(vm, o, &instance->slots[slot], B);
                    pc += 2;
                    NEXT();
                }
                switch (slot >> CACHE_KIND_SHIFT) {
                case CACHE_OVERFLOW: heap_store(vm, o, &instance->overflow[slot & CACHE_SLOT_MASK], B); break;
                default:
                    o->header = (o->header & ~OBJECT_SHAPE_MASK) | pc[1].word;
                    heap_store(vm, o, &instance->slots[slot & CACHE_SLOT_MASK], B);
                }
                pc += 2;
                NEXT();
            }
        }
        SAVE();
        if (!store_attribute_slow(vm, object, B, string_of(constants[i->c]), (Instruction *)i)) goto error;
        pc += 2;
        NEXT();
    }
    CASE(DELETE_ATTRIBUTE) {
        SAVE();
        if (value_delete_attribute(vm, A, string_of(constants[i->index])) < 0) goto error;
        NEXT();
    }
    CASE(LOAD_METHOD) {
        Value object = B;
        if (LIKELY(is_object(object))) {
            Object *o = object_of(object);
            if (LIKELY(object_shape(o)->id == pc[0].cached_id)) {
                regs[i->a] = (Value){pc[1].word};
                regs[i->a + 1] = object;
                pc += 2;
                NEXT();
            }
            if (object_kind(o) == KIND_MODULE && pc[0].cached_slot >> CACHE_KIND_SHIFT == CACHE_MODULE &&
                ((ModuleObject *)o)->namespace->layout_id == pc[0].cached_id) {
                regs[i->a] = ((ModuleObject *)o)->namespace->entries[pc[0].cached_slot & CACHE_SLOT_MASK].value;
                regs[i->a + 1] = VALUE_EMPTY;
                pc += 2;
                NEXT();
            }
        }
        SAVE();
        if (!load_method_slow(vm, object, string_of(constants[i->c]), (Instruction *)i, &regs[i->a])) goto error;
        pc += 2;
        NEXT();
    }
    CASE(LOAD_SUPER) {
        SAVE();
        Value v = A;
        if (is_kind(v, KIND_CLASS) && (Class *)object_of(v) == vm->classes.super && is_kind(B, KIND_CLASS))
            v = super_new(vm, (Class *)object_of(B), C);
        else
            v = vm_call(vm, v, NULL, 0, NULL);
        CHECK(v);
        GIVE(v);
    }
    CASE(LOAD_SPECIAL) {
        SAVE();
        if (!load_context_method(vm, B, i->n, &regs[i->a])) goto error;
        NEXT();
    }
    CASE(GET_ITEM) {
        Value object = B, key = C;
        if (LIKELY(is_exact(object, KIND_LIST) && is_small(key))) {
            List *list = list_of(object);
            int64_t index = small_of(key);
            if (index < 0) index += (int64_t)list->length;
            if (LIKELY((uint64_t)index < list->length)) GIVE(list->items[index]);
        } else if (is_exact(object, KIND_DICT)) {
            SAVE();
            Value v = dict_get(vm, dict_of(object), key);
            CHECK(v);
            if (LIKELY(!is_empty(v))) GIVE(v);
        } else if (is_exact(object, KIND_TUPLE) && is_small(key)) {
            Tuple *tuple = tuple_of(object);
            int64_t index = small_of(key);
            if (index < 0) index += (int64_t)tuple->length;
            if (LIKELY((uint64_t)index < tuple->length)) GIVE(tuple->items[index]);
        }
        SAVE();
        Value v = value_get_item(vm, object, key);
        CHECK(v);
        GIVE(v);
    }
    CASE(SET_ITEM) {
        Value object = A, key = B;
        if (LIKELY(is_exact(object, KIND_LIST) && is_small(key))) {
            List *list = list_of(object);
            int64_t index = small_of(key);
            if (index < 0) index += (int64_t)list->length;
            if (LIKELY((uint64_t)index < list->length)) {
                heap_store(vm, list, &list->items[index], C);
                NEXT();
            }
        } else if (is_exact(object, KIND_DICT)) {
            SAVE();
            if (dict_set(vm, dict_of(object), key, C) < 0) goto error;
            NEXT();
        }
        SAVE();
        if (value_set_item(vm, object, key, C) < 0) goto error;
        NEXT();
    }
    CASE(DELETE_ITEM) {
        SAVE();
        if (value_delete_item(vm, A, B) < 0) goto error;
        NEXT();
    }
    CASE(BUILD_SLICE) {
        Value v = slice_new(vm, regs[i->b], regs[i->b + 1], regs[i->b + 2]);
        CHECK(v);
        GIVE(v);
    }
    CASE(UNPACK) {
        SAVE();
        if (!unpack_exact(vm, B, &regs[i->a], i->c)) goto error;
        NEXT();
    }
    CASE(UNPACK_STAR) {
        SAVE();
        if (!unpack_star(vm, B, &regs[i->a], i->n, i->c)) goto error;
        NEXT();
    }

    // ---- Building

    CASE(BUILD_LIST) {
        List *list = i->c ? list_from(vm, &regs[i->b], i->c) : list_new(vm, 0);
        if (!list) goto error;
        GIVE(value_object(list));
    }
    CASE(BUILD_TUPLE) {
        Tuple *tuple = tuple_from(vm, &regs[i->b], i->c);
        if (!tuple) goto error;
        GIVE(value_object(tuple));
    }
    CASE(BUILD_SET) {
        SAVE();
        Value v = build_set(vm, &regs[i->b], i->c);
        CHECK(v);
        GIVE(v);
    }
    CASE(BUILD_DICT) {
        SAVE();
        Value v = build_dict(vm, &regs[i->b], i->c);
        CHECK(v);
        GIVE(v);
    }
    CASE(BUILD_STRING) {
        Value v = build_string(vm, &regs[i->b], i->c);
        CHECK(v);
        GIVE(v);
    }
    CASE(FORMAT) {
        SAVE();
        Value v = format_value(vm, B, i->n, i->c == 0xFFFF ? VALUE_EMPTY : C);
        CHECK(v);
        GIVE(v);
    }
    CASE(LIST_APPEND) {
        if (!list_append(vm, list_of(A), B)) goto error;
        NEXT();
    }
    CASE(LIST_EXTEND) {
        SAVE();
        if (!(i->n ? extend_arguments(vm, A, B, C) : extend_display(vm, A, B))) goto error;
        NEXT();
    }
    CASE(LIST_TO_TUPLE) {
        Tuple *tuple = tuple_from(vm, list_of(B)->items, list_of(B)->length);
        if (!tuple) goto error;
        GIVE(value_object(tuple));
    }
    CASE(SET_ADD) {
        SAVE();
        if (set_add(vm, set_of(A), B) < 0) goto error;
        NEXT();
    }
    CASE(SET_UPDATE) {
        SAVE();
        if (set_update(vm, set_of(A), B) < 0) goto error;
        NEXT();
    }
    CASE(DICT_SET) {
        SAVE();
        if (dict_set(vm, dict_of(A), B, C) < 0) goto error;
        NEXT();
    }
    CASE(DICT_UPDATE) {
        SAVE();
        if (!update_dict(vm, A, B)) goto error;
        NEXT();
    }
    CASE(DICT_MERGE) {
        SAVE();
        if (!merge_keywords(vm, A, B, C)) goto error;
        NEXT();
    }

    // ---- Calls

    {
        Value callee;
        Value *arguments;
        size_t count;
        Tuple *keywords;
        Value answer;
        CASE(CALL) {
            callee = B;
            arguments = &regs[i->b + 1];
            count = i->c;
            goto call_plain;
        }
        CASE(CALL_METHOD) {
            callee = B;
            arguments = &regs[i->b + 1];
            count = (size_t)i->c + 1;
            if (is_empty(*arguments)) arguments++, count--;
        call_plain:
            SAFEPOINT();
            SAVE();
            if (LIKELY(is_kind(callee, KIND_FUNCTION))) {
                Function *function = function_of(callee);
                const Code *code = function->code;
                if (LIKELY((code->flags & (CODE_SIMPLE_CALL | CODE_ASYNC_GENERATOR)) == CODE_SIMPLE_CALL &&
                           code->positional_count == count)) {
                    Frame *callee_frame = frame_push(vm, in, function, frame);
                    if (UNLIKELY(!callee_frame)) goto error;
                    callee_frame->result = i->a;
                    for (size_t k = 0; k < count; k++) callee_frame->registers[k] = arguments[k];
                    frame_clear(callee_frame, count);
                    frame = callee_frame;
                    LOAD_FRAME();
                    NEXT();
                }
                if (code->flags & CODE_SIMPLE_CALL && code->positional_count == count) {
                    Generator *generator = generator_new(vm, function, count);
                    if (UNLIKELY(!generator)) goto error;
                    for (size_t k = 0; k < count; k++) generator->frame.registers[k] = arguments[k];
                    if (!i->n && (code->flags & CODE_ASYNC_GENERATOR) == CODE_COROUTINE)
                        watch(vm, in, &generator->object, frame_code(frame), frame_instruction(frame));
                    GIVE(value_object(generator));
                }
            } else if (is_kind(callee, KIND_NATIVE)) {
                vm->awaited = i->n;
                answer = native_call_positional(vm, native_of(callee), arguments, count);
                vm->awaited = false;
                goto answered_call;
            } else if (is_kind(callee, KIND_BOUND_METHOD)) {
                // The register before the arguments is free: it held what was called.
                BoundMethod *method = (BoundMethod *)object_of(callee);
                callee = method->function;
                *--arguments = method->self;
                count++;
                if (LIKELY(is_kind(callee, KIND_FUNCTION))) {
                    Function *function = function_of(callee);
                    const Code *code = function->code;
                    if ((code->flags & (CODE_SIMPLE_CALL | CODE_ASYNC_GENERATOR)) == CODE_SIMPLE_CALL &&
                        code->positional_count == count)
                        goto call_bound;
                    goto call_slow;
                call_bound:;
                    Frame *callee_frame = frame_push(vm, in, function, frame);
                    if (UNLIKELY(!callee_frame)) goto error;
                    callee_frame->result = i->a;
                    for (size_t k = 0; k < count; k++) callee_frame->registers[k] = arguments[k];
                    frame_clear(callee_frame, count);
                    frame = callee_frame;
                    LOAD_FRAME();
                    NEXT();
                }
            }
        call_slow:
            keywords = NULL;
            goto call_general;
        }
        CASE(CALL_NAMED) {
            callee = B;
            arguments = &regs[i->b + 1];
            count = i->c;
            goto call_named;
        }
        CASE(CALL_METHOD_NAMED) {
            callee = B;
            arguments = &regs[i->b + 1];
            count = (size_t)i->c + 1;
            if (is_empty(*arguments)) arguments++, count--;
        call_named:
            keywords = tuple_of(constants[pc->index]);
            pc++;
            SAFEPOINT();
            SAVE();
        call_general:;
            Frame *entered = NULL;
            answer = invoke(vm, in, frame, callee, arguments, count, keywords, i->a, i->n, &entered);
            if (entered) {
                frame = entered;
                LOAD_FRAME();
                NEXT();
            }
        answered_call:
            if (UNLIKELY(is_error(answer))) goto error;
            if (UNLIKELY(answer.bits == VALUE_SUSPEND.bits)) {
                // A native that is awaited at once gives up the turn without an object of its own: what follows is the
                // AWAIT, whose result is what will be sent.
                pc++;
                SAVE();
                goto suspend;
            }
            if (UNLIKELY(is_stop(answer))) {
                // Or it need not: the AWAIT is done.
                regs[pc->a] = vm->stop_value;
                vm->stop_value = VALUE_NONE;
                pc++;
                NEXT();
            }
            GIVE(answer);
        }
        CASE(CALL_SPREAD) {
            SAFEPOINT();
            SAVE();
            callee = B;
            Value v = invoke_spread(vm, callee, regs[i->b + 1], regs[i->b + 2]);
            CHECK(v);
            GIVE(v);
        }
    }
    CASE(MAKE_FUNCTION) {
        Value v = make_function(vm, (Code *)object_of(constants[i->c]), frame->function->globals, &regs[i->b]);
        CHECK(v);
        GIVE(v);
    }
    CASE(BUILD_CLASS) {
        SAVE();
        Value v = class_statement(vm, &regs[i->b]);
        CHECK(v);
        GIVE(v);
    }
    CASE(TYPE_CONSTRUCT) {
        SAVE();
        Value v = type_construct(vm, i->n, &regs[i->b]);
        CHECK(v);
        GIVE(v);
    }
    CASE(RETURN) {
        Value v = A;
        if (LIKELY(frame->flags == 0)) {
            uint16_t result = frame->result;
            in->stack_top = (char *)frame;
            frame = frame->caller;
            LOAD_FRAME();
            regs[result] = v;
            NEXT();
        }
        if (frame->flags & FRAME_HEAP) {
            Generator *generator = generator_of_frame(frame);
            uint16_t flags = frame->flags;
            generator->state = GENERATOR_DONE;
            frame->flags = FRAME_HEAP;
            Frame *caller = frame->caller;
            if (!(flags & FRAME_DELEGATED)) in->root = generator->link;
            generator->link = NULL;
            if (flags & FRAME_ASYNC_STEP) {
                raise_error(vm, vm->exceptions.stop_async_iteration, NULL);
                in->frame = caller;
                if (flags & FRAME_ENTRY) return VALUE_ERROR;
                frame = caller;
                LOAD_FRAME();
                goto reraise;
            }
            if (flags & FRAME_ENTRY) {
                in->frame = caller;
                return v;
            }
            uint16_t result = frame->result;
            frame = caller;
            LOAD_FRAME();
            if (flags & FRAME_DELEGATED) regs[result] = v;
            NEXT(); // after a FOR_NEXT: the loop is over
        }
        uint16_t flags = frame->flags, result = frame->result;
        if (flags & FRAME_CONSTRUCTOR && UNLIKELY(!is_none(v))) {
            SAVE();
            raise_type_error(vm, "__init__() should return None, not '%s'", type_name(vm, v));
            goto error;
        }
        Frame *caller = frame->caller;
        frame_pop(vm, in, frame);
        if (flags & FRAME_ENTRY) {
            in->frame = caller;
            return v;
        }
        frame = caller;
        LOAD_FRAME();
        if (!(flags & FRAME_CONSTRUCTOR)) regs[result] = v;
        NEXT();
    }

    // ---- Generators and coroutines

    CASE(YIELD) {
        Value v = B;
        SAVE();
        if (frame->flags & FRAME_ASYNC_STEP) { // an async generator's step is over: its awaiter has the item
            uint16_t flags = frame->flags, result = frame->result;
            Generator *generator = generator_of_frame(frame);
            generator->state = GENERATOR_SUSPENDED;
            frame->flags = FRAME_HEAP;
            Frame *caller = frame->caller;
            if (!(flags & FRAME_DELEGATED)) in->root = generator->link;
            generator->link = NULL;
            in->frame = caller;
            if (flags & FRAME_ENTRY) return v;
            frame = caller;
            LOAD_FRAME();
            regs[result] = v;
            NEXT();
        }
        vm->suspended_on = v;
        goto suspend;
    }
    CASE(GET_YIELD_FROM_ITER) {
        SAVE();
        Value v = yield_from_iterator(vm, B, frame_code(frame)->flags & CODE_AWAITABLE);
        CHECK(v);
        GIVE(v);
    }
    {
        Value v;
        Frame *entered;
        CASE(AWAIT) {
            SAVE();
            v = B;
            // What waits by itself (futures, sleeps) is asked without a detour.
            if (is_object(v) && object_kind(object_of(v)) != KIND_GENERATOR) {
                const TypeOps *ops = object_shape(object_of(v))->cls->ops;
                if (ops && ops->await_step) {
                    Value sent;
                    bool thrown;
                    take_sent(in, &sent, &thrown);
                    v = ops->await_step(vm, v, sent, thrown);
                    goto answered;
                }
            }
            entered = NULL;
            v = await_begin(vm, in, frame, i, &entered);
            goto delegated;
        }
        CASE(YIELD_FROM) {
            SAVE();
            entered = NULL;
            v = yield_from_begin(vm, in, frame, i, &entered);
        delegated:
            if (entered) {
                frame = entered;
                LOAD_FRAME();
                NEXT();
            }
        answered:
            CHECK(v);
            if (v.bits == VALUE_SUSPEND.bits) {
                frame->pc = i;
                frame->flags |= FRAME_WAITING;
                goto suspend;
            }
            GIVE(v);
        }
    }
    CASE(ASYNC_ITER) {
        SAVE();
        Value v = async_iterator(vm, B);
        CHECK(v);
        GIVE(v);
    }
    CASE(ASYNC_NEXT) {
        SAVE();
        Value v = async_next(vm, B);
        CHECK(v);
        GIVE(v);
    }
    CASE(END_ASYNC_FOR) {
        Value v = A;
        if (value_is_instance(vm, v, vm->exceptions.stop_async_iteration)) {
            pc += i->offset;
            NEXT();
        }
        SAVE();
        vm->exception = v;
        goto reraise;
    }
suspend: {
    // The chain of the running root stops here: the innermost frame is noted in the root. Whoever resumed the root gets
    // what was yielded.
    Generator *root = in->root;
    in->root = root->link;
    root->link = generator_of_frame(frame);
    root->state = GENERATOR_SUSPENDED;
    generator_of_frame(frame)->state = GENERATOR_SUSPENDED;
    uint16_t flags = root->frame.flags;
    root->frame.flags = flags & (FRAME_HEAP | FRAME_WAITING);
    frame = root->frame.caller;
    if (flags & FRAME_FOR) {
        LOAD_FRAME();
        regs[pc[-2].b] = vm->suspended_on;
        pc += pc[-1].offset;
        NEXT();
    }
    in->frame = frame;
    return VALUE_SUSPEND;
}

    // ---- Exceptions

    CASE(RAISE) {
        SAVE();
        if (i->n == 0) {
            Value v = interpreter_handled(vm);
            if (is_none(v)) {
                raise_runtime_error(vm, "No active exception to reraise");
                goto error;
            }
            vm->exception = v;
            goto reraise;
        }
        raise_statement_value(vm, A, B, i->n == 2);
        goto error;
    }
    CASE(RERAISE) {
        SAVE();
        vm->exception = A;
        goto reraise;
    }
    CASE(PUSH_HANDLED) {
        uint16_t handled = frame_code(frame)->handled_register;
        A = regs[handled];
        regs[handled] = B;
        NEXT();
    }
    CASE(POP_HANDLED) {
        regs[frame_code(frame)->handled_register] = A;
        NEXT();
    }
    CASE(EXCEPTION_MATCHES) {
        SAVE();
        int caught = exception_caught(vm, B, C);
        if (caught < 0) goto error;
        GIVE(value_bool(caught));
    }
    CASE(EXCEPTION_SPLIT) {
        SAVE();
        Value pair[2];
        if (!exception_star_split(vm, B, C, pair)) goto error;
        regs[i->a] = pair[0];
        regs[i->a + 1] = pair[1];
        NEXT();
    }
    CASE(EXCEPTION_MERGE) {
        SAVE();
        Value v = exception_merge(vm, B, C);
        CHECK(v);
        GIVE(v);
    }
    CASE(EXPLAIN) {
        SAVE();
        if (!explain_failure(vm, A, tuple_of(constants[i->c]), &regs[i->b])) goto error;
        NEXT();
    }
    CASE(LOAD_ASSERTION_ERROR) { GIVE(value_object(vm->exceptions.assertion_error)); }
    CASE(WITH_EXIT) {
        SAVE();
        Value v = exit_call(vm, regs[i->b], regs[i->b + 1], C);
        CHECK(v);
        GIVE(v);
    }

    // ---- Modules

    CASE(IMPORT) {
        SAVE();
        Value v = import_name(vm, frame, string_of(constants[i->b]), constants[i->c], i->n);
        CHECK(v);
        GIVE(v);
    }
    CASE(IMPORT_FROM) {
        SAVE();
        Value v = import_from(vm, B, string_of(constants[i->c]));
        CHECK(v);
        GIVE(v);
    }
    CASE(IMPORT_STAR) {
        SAVE();
        if (!import_star(vm, frame, A)) goto error;
        NEXT();
    }
    CASE(SETUP_ANNOTATIONS) {
        SAVE();
        if (!setup_annotations(vm, frame)) goto error;
        NEXT();
    }

    // ---- Patterns

    CASE(MATCH_SEQUENCE) {
        Value v = match_sequence(vm, B);
        GIVE(v);
    }
    CASE(MATCH_MAPPING) {
        SAVE();
        Value v = match_mapping(vm, B);
        CHECK(v);
        GIVE(v);
    }
    CASE(MATCH_LENGTH) {
        SAVE();
        int64_t length = value_length(vm, B);
        if (length < 0) goto error;
        GIVE(value_bool(i->n ? length >= i->c : length == i->c));
    }
    CASE(MATCH_ITEM) {
        SAVE();
        int64_t length = i->n ? value_length(vm, B) : 0;
        if (length < 0) goto error;
        Value v = value_get_item(vm, B, value_small(i->n ? length - i->c : i->c));
        CHECK(v);
        GIVE(v);
    }
    CASE(MATCH_KEYS) {
        SAVE();
        Value v = match_keys(vm, B, tuple_of(C));
        CHECK(v);
        GIVE(v);
    }
    CASE(MATCH_REST) {
        SAVE();
        Value v = match_rest(vm, B, tuple_of(C));
        CHECK(v);
        GIVE(v);
    }
    CASE(MATCH_CLASS) {
        SAVE();
        Value v = match_class(vm, B, C, i->n, tuple_of(A));
        CHECK(v);
        GIVE(v);
    }
    CASE(PRINT_VALUE) {
        SAVE();
        if (!print_value(vm, A)) goto error;
        NEXT();
    }

#if !COMPUTED_GOTO
    }
#endif

error: // a new exception, raised by the instruction before pc
    SAVE();
    in->frame = frame;
    own_memory_error(vm);
    if (!vm->exception_passed) interpreter_set_context(vm, vm->exception);
    vm->exception_passed = false;
    note_frame(vm, frame);
reraise:
    in->frame = frame;
    frame = unwind(vm, in, frame);
    if (!frame) return VALUE_ERROR;
    LOAD_FRAME();
    NEXT();
}

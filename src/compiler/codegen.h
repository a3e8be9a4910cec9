// What the files of the code generator share. A Unit is the code of one function, class body or module under
// construction; registers are given out like a stack above the variables'.
#ifndef AIOLI_COMPILER_CODEGEN_H
#define AIOLI_COMPILER_CODEGEN_H

#include "base/arena.h"
#include "compiler/compiler.h"
#include "compiler/ops.h"
#include "compiler/scope.h"
#include "object/function/function.h"
#include "object/function/type_parameter.h"
#include "syntax/parse.h"

enum { NO_REGISTER = 0xFFFF, MAX_REGISTERS = 0xFFF0 };

typedef uint16_t Register;

// A place in the code that jumps go to; jumps that come before it are patched when it is placed.
typedef struct {
    int64_t position; // -1 until placed
    uint32_t *patches; // instructions whose jump is to be filled in
    uint32_t count, capacity;
} Label;

// What a jump out of the statement must undo, innermost first.
typedef enum {
    BLOCK_LOOP,     // break and continue go here
    BLOCK_TRY,      // an exception handler covers the code: its range pauses while others' cleanup runs
    BLOCK_FINALLY,  // as BLOCK_TRY, and the body must run on the way out
    BLOCK_WITH,     // as BLOCK_TRY, and the exit method must be called
    BLOCK_HANDLED,  // an exception is being handled: restore the one before
    BLOCK_UNBIND,   // `except … as name`: the name is unbound on the way out
} BlockKind;

typedef struct Block Block;
struct Block {
    Block *outer;
    BlockKind kind;
    Label *break_label, *continue_label; // LOOP
    uint64_t *loop_bound;   // LOOP: what is bound at every break so far, or NULL
    uint32_t range_start;   // TRY, FINALLY, WITH: where the open range began
    Label *handler;
    Register target;        // the register that gets the exception
    NodeList body;          // FINALLY
    Register value;         // WITH: the exit method; HANDLED: the saved exception
    bool is_async;          // WITH
    bool is_star;           // TRY: the body of an except* clause, which nothing but its end and exceptions leave
    Text name;              // UNBIND
    Range range;
    int depth;
};

typedef struct {
    uint32_t start, end;
    Label *handler;
    Register target;
    int depth;
} PendingRange;

typedef struct Unit Unit;
struct Unit {
    Unit *outer;
    Scope *scope;
    Instruction *instructions;
    uint32_t count, capacity;
    LineEntry *lines;
    uint32_t line_count, line_capacity;
    PendingRange *ranges;
    uint32_t range_count, range_capacity;
    Value *constants;
    uint32_t constant_count, constant_capacity;
    uint32_t *constant_index; // hash table of 1 + index, by the Value's bits
    uint32_t constant_index_capacity;
    Block *block;
    int block_depth;
    uint32_t next_register, register_count;
    uint32_t variable_count;    // registers of variables at the bottom
    bool handles;               // some exception is handled: the frame has a register for it, after all others
    uint64_t *bound;            // a bit for each variable register that surely has a value here
    uint32_t bound_words;
    bool unreachable;           // nothing can get here: everything counts as bound
    bool rebinds;               // an assignment expression occurs: a variable's register may change under an operand
    Range range;                // of the node now compiled
    uint32_t anchor, anchor_end; // columns for the traceback's underlining, 0: none
    String *name, *qualified_name;
    uint32_t flags;
    uint32_t first_line;
    bool has_docstring;
};

typedef struct Explanation Explanation;

typedef struct {
    VM *vm;
    Arena *arena;
    jmp_buf failure;            // value 1: out of memory; 2: `error` is set
    const CompileOptions *options;
    const ParseResult *parsed;
    ScopeTable *scopes;
    Unit *unit;
    Scope *scope;               // the innermost, comprehensions included
    SyntaxError error;
    bool future_annotations;
    int depth;                  // of recursion over the tree
    Explanation *explanation;   // of the assert whose expression is compiled, or NULL
    void (*warn)(VM *vm, const SyntaxWarning *warning, void *data); // or NULL
    void *warn_data;
} Compiler;

// Whether await and its kin may stand here. At the top of a text that may await, that makes its code a coroutine's.
bool unit_may_await(Compiler *c);

// ---- emit.c: instructions, constants, registers, labels, ranges

_Noreturn void compile_error(Compiler *c, Range range, const char *format, ...) __attribute__((format(printf, 3, 4)));
_Noreturn void compile_out_of_memory(Compiler *c);

uint32_t emit(Compiler *c, Op op, uint32_t a, uint32_t b, uint32_t d); // returns its index; cache words follow, zeroed
uint32_t emit_n(Compiler *c, Op op, uint8_t n, uint32_t a, uint32_t b, uint32_t d);
uint32_t emit_index(Compiler *c, Op op, uint32_t a, uint32_t index); // the 32-bit operand
void emit_jump(Compiler *c, Op op, uint32_t a, Label *label);        // jump in the instruction
void emit_compare_jump(Compiler *c, Op op, uint8_t n, uint32_t a, uint32_t b, Label *label); // in the following word

Label *label_new(Compiler *c);
void label_place(Compiler *c, Label *label);

Register register_new(Compiler *c);
Register registers_new(Compiler *c, uint32_t count); // consecutive
static inline uint32_t registers_mark(Compiler *c) { return c->unit->next_register; }
static inline void registers_release(Compiler *c, uint32_t mark) { c->unit->next_register = mark; }

uint32_t constant_index(Compiler *c, Value v);
uint32_t constant_name(Compiler *c, Text name);  // an interned str
uint16_t constant_name16(Compiler *c, Text name); // where the operand has 16 bits
Value constant_string(Compiler *c, Text text);
Value constant_value(Compiler *c, Node *node); // of a CONSTANT node
void load_constant(Compiler *c, Register target, Value v);

void unit_begin(Compiler *c, Unit *unit, Scope *scope, String *name, String *qualified_name, Range range);
Code *unit_end(Compiler *c);

// Sets the place in the source of what is emitted next; returns the one before.
static inline Range place_set(Compiler *c, Range range) {
    Range before = c->unit->range;
    c->unit->range = range;
    c->unit->anchor = c->unit->anchor_end = 0;
    return before;
}

// Opens and closes the code range of a handler block.
void block_push(Compiler *c, Block *block, BlockKind kind);
void block_pop(Compiler *c, Block *block);
void range_open(Compiler *c, Block *block);
void range_close(Compiler *c, Block *block);

// ---- Which variables surely have a value
uint64_t *bound_save(Compiler *c);
void bound_restore(Compiler *c, const uint64_t *saved);
void bound_intersect(Compiler *c, const uint64_t *other);
void bound_add(Compiler *c, Register variable);
void bound_remove(Compiler *c, Register variable);
bool bound_has(Compiler *c, Register variable);

// ---- expression.c
void expression_to(Compiler *c, Node *node, Register target); // the value goes to `target`
Register expression_any(Compiler *c, Node *node); // a variable's own register, or a new one; read it before anything changes
Register expression_operand(Compiler *c, Node *node, Node *later); // as _any, safe while `later` is evaluated
void expression_discard(Compiler *c, Node *node);
// Jumps to label when the truth of node is `sense`, else falls through.
void condition_jump(Compiler *c, Node *node, bool sense, Label *label);

void binary_operation(Compiler *c, BinaryOperator operator, Register target, Register left, Node *right, bool in_place);

// ---- explain.c: what a failed assertion says
void explain_begin(Compiler *c, Node *test); // sets c->explanation, where there is something to explain
void explain_keep(Compiler *c, const Node *node, Register value); // `value` is the node's
void explain_end(Compiler *c, const Explanation *e, Register exception); // the exception tells of the parts
// After a node has been evaluated into a register.
static inline void explain_part(Compiler *c, const Node *node, Register value) {
    if (c->explanation) explain_keep(c, node, value);
}

// ---- warn.c: what is legal but surely wrong
void warn_call(Compiler *c, Node *node);
void warn_subscript(Compiler *c, Node *node);
void warn_comparison(Compiler *c, Node *node);
void warn_assertion(Compiler *c, Node *node);

// ---- name.c
void name_load(Compiler *c, Text name, Range range, Register target);
Register name_register(Compiler *c, Text name, Range range); // of a plain variable, or NO_REGISTER
void name_store(Compiler *c, Text name, Register value);
void name_delete(Compiler *c, Text name, Range range);

// ---- assignment.c
void assign_to(Compiler *c, Node *target, Register value);
// The register that an expression's value may be put into directly when it is assigned to target; NO_REGISTER: none.
Register assign_direct(Compiler *c, Node *target);
void assign_direct_done(Compiler *c, Node *target);
void delete_target(Compiler *c, Node *target);
void augmented_assignment(Compiler *c, Node *node);
void annotated_assignment(Compiler *c, Node *node);

// ---- call.c
void call_expression(Compiler *c, Node *node, Register target, bool awaited);
void build_sequence(Compiler *c, Op op, NodeList items, Register target); // list, tuple or set display
void class_arguments(Compiler *c, Node *node, Register bases, Register keywords);

// ---- comprehension.c
void comprehension_expression(Compiler *c, Node *node, Register target);
// Where nothing may be awaited; `range`: of the comprehension.
_Noreturn void refuse_async_comprehension(Compiler *c, Range range);
void generator_expression(Compiler *c, Node *node, Register target);

// ---- function.c
void function_definition(Compiler *c, Node *node);
void lambda_expression(Compiler *c, Node *node, Register target);
void return_none(Compiler *c);
Value docstring(Compiler *c, NodeList body); // or VALUE_NONE
// Decorators are evaluated first and applied last: they wait in registers from the one returned on.
Register decorators_begin(Compiler *c, NodeList decorators);
void decorators_end(Compiler *c, NodeList decorators, Register first, Register made);
// Makes a function of finished code in `target`: registers base … base+3 hold what MAKE_FUNCTION takes.
void emit_function(Compiler *c, Code *code, Scope *scope, Register target, Register base);
Value annotation_text(Compiler *c, Node *node); // for `from __future__ import annotations`
// Gives the unit's variables their registers; the first `parameters` of them have a value.
void function_variables(Compiler *c, uint32_t parameters);
// __qualname__ of something named so inside the present unit. NULL: out of memory.
String *function_qualified_text(Compiler *c, const char *name);
Value clean_docstring(Compiler *c, Text text);

// ---- class.c
void class_definition(Compiler *c, Node *node);
// Makes __annotations__ at the start of a module or class that has annotated assignments.
void body_annotations(Compiler *c, NodeList body);

// ---- type_parameter.c
typedef struct {
    Unit unit;
    Scope *scope, *outside;
    Range range;
    uint32_t parameters;
} GenericScope;
// What is compiled between these is the scope of type parameters; afterwards its function is in `target`, to be called.
void generic_begin(Compiler *c, GenericScope *generic, TypeParameterList *list, Text name, Range range);
void generic_end(Compiler *c, GenericScope *generic, Register target);
void type_parameters_to(Compiler *c, TypeParameterList *list, Register target); // makes them: target gets a tuple
void type_alias(Compiler *c, Node *node);
void starred_value(Compiler *c, Node *node, Register target); // the one item of *node

// ---- statement.c, exception.c, pattern.c
void statement(Compiler *c, Node *node);
void statements(Compiler *c, NodeList list);
void try_statement(Compiler *c, Node *node);
void with_statement(Compiler *c, Node *node);
void match_statement(Compiler *c, Node *node);
// Emits what leaving all blocks up to (not including) `stop` needs. Blocks stay; their ranges pause until unwind_end.
// An error for a statement that would leave an except* clause on its way out to the block (NULL: out of the function).
void refuse_leaving_star(Compiler *c, Range range, const Block *stop);
void unwind_begin(Compiler *c, Block *stop);
void unwind_end(Compiler *c, Block *stop);
void async_for_next(Compiler *c, Register iterator, Register target, Label *end);

static inline bool text_equal(Text a, const char *b) {
    size_t length = strlen(b);
    return a.length == length && memcmp(a.data, b, length) == 0;
}
static inline void compile_deeper(Compiler *c, Range range) {
    if (++c->depth > 3500 || stack_here() < c->vm->stack_limit) compile_error(c, range, "too many nested expressions");
}

#endif

#include <stdarg.h>
#include <stdlib.h>

#include "compiler/codegen.h"
#include "object/core/errors.h"
#include "object/number/int.h"
#include "object/text/bytes.h"
#include "object/text/str.h"

// ---- Errors

_Noreturn void compile_out_of_memory(Compiler *c) { longjmp(c->failure, 1); }

_Noreturn void compile_error(Compiler *c, Range range, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *message = arena_allocate(c->arena, (size_t)length + 1);
    vsnprintf(message, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    c->error = (SyntaxError){.kind = SYNTAX_ERROR, .message = message, .range = range};
    longjmp(c->failure, 2);
}

// ---- Growing arrays in the arena

static void *grown(Compiler *c, void *items, uint32_t count, uint32_t *capacity, size_t size) {
    if (count < *capacity) return items;
    uint32_t wanted = *capacity ? *capacity * 2 : 32;
    void *copy = arena_allocate(c->arena, wanted * size);
    if (count) memcpy(copy, items, count * size);
    *capacity = wanted;
    return copy;
}

// ---- Instructions

static uint16_t column16(uint32_t column) { return column < 0xFFFF ? (uint16_t)column : 0xFFFF; }

static void note_place(Compiler *c) {
    Unit *u = c->unit;
    LineEntry entry = {.start = u->count,
                       .line = u->range.line,
                       .end_line = u->range.end_line,
                       .column = column16(u->range.column),
                       .end_column = column16(u->range.end_column),
                       .anchor = column16(u->anchor),
                       .anchor_end = column16(u->anchor_end)};
    if (u->line_count) {
        LineEntry *last = &u->lines[u->line_count - 1];
        if (memcmp((char *)last + sizeof last->start, (char *)&entry + sizeof entry.start,
                   sizeof entry - sizeof entry.start) == 0)
            return;
    }
    u->lines = grown(c, u->lines, u->line_count, &u->line_capacity, sizeof *u->lines);
    u->lines[u->line_count++] = entry;
}

static uint32_t append(Compiler *c, Instruction instruction) {
    Unit *u = c->unit;
    u->instructions = grown(c, u->instructions, u->count, &u->capacity, sizeof *u->instructions);
    u->instructions[u->count] = instruction;
    if (u->count >= INT32_MAX / 2) compile_error(c, u->range, "the code is too large");
    return u->count++;
}

static uint32_t append_op(Compiler *c, Instruction instruction) {
    note_place(c);
    uint32_t at = append(c, instruction);
    for (int i = op_words(instruction.op); i > 0; i--) append(c, (Instruction){.word = 0});
    return at;
}

uint32_t emit_n(Compiler *c, Op op, uint8_t n, uint32_t a, uint32_t b, uint32_t d) {
    return append_op(c, (Instruction){.op = (uint8_t)op, .n = n, .a = (uint16_t)a, .b = (uint16_t)b, .c = (uint16_t)d});
}
uint32_t emit(Compiler *c, Op op, uint32_t a, uint32_t b, uint32_t d) { return emit_n(c, op, 0, a, b, d); }
uint32_t emit_index(Compiler *c, Op op, uint32_t a, uint32_t index) {
    return append_op(c, (Instruction){.op = (uint8_t)op, .a = (uint16_t)a, .index = index});
}

// ---- Labels

Label *label_new(Compiler *c) {
    Label *label = arena_allocate(c->arena, sizeof(Label));
    label->position = -1;
    return label;
}

static void patch(Unit *u, uint32_t at, int64_t position) {
    u->instructions[at].offset = (int32_t)(position - (int64_t)at - 1);
}

static void refer(Compiler *c, Label *label, uint32_t at) {
    if (label->position >= 0) {
        patch(c->unit, at, label->position);
        return;
    }
    label->patches = grown(c, label->patches, label->count, &label->capacity, sizeof *label->patches);
    label->patches[label->count++] = at;
}

void label_place(Compiler *c, Label *label) {
    label->position = c->unit->count;
    for (uint32_t i = 0; i < label->count; i++) patch(c->unit, label->patches[i], label->position);
    // Nothing that was emitted before may be taken for the place's line.
}

void emit_jump(Compiler *c, Op op, uint32_t a, Label *label) {
    refer(c, label, append_op(c, (Instruction){.op = (uint8_t)op, .a = (uint16_t)a}));
}

void emit_compare_jump(Compiler *c, Op op, uint8_t n, uint32_t a, uint32_t b, Label *label) {
    // The compare's words: the jump is in the first.
    uint32_t at = emit_n(c, op, n, a, b, b);
    refer(c, label, at + 1);
}

// ---- Registers

Register registers_new(Compiler *c, uint32_t count) {
    Unit *u = c->unit;
    uint32_t first = u->next_register;
    if (first + count > MAX_REGISTERS) compile_error(c, u->range, "too many variables or values at once in one function");
    u->next_register += count;
    if (u->next_register > u->register_count) u->register_count = u->next_register;
    return (Register)first;
}
Register register_new(Compiler *c) { return registers_new(c, 1); }

// ---- Constants

static uint32_t constant_slot(const Unit *u, Value v) {
    uint32_t mask = u->constant_index_capacity - 1;
    uint32_t at = (uint32_t)((v.bits * 0x9E3779B97F4A7C15u) >> 33) & mask;
    while (u->constant_index[at] && !value_same(u->constants[u->constant_index[at] - 1], v)) at = (at + 1) & mask;
    return at;
}

uint32_t constant_index(Compiler *c, Value v) {
    Unit *u = c->unit;
    if (u->constant_count * 2 >= u->constant_index_capacity) {
        u->constant_index_capacity = u->constant_index_capacity ? u->constant_index_capacity * 2 : 32;
        u->constant_index = arena_allocate(c->arena, u->constant_index_capacity * sizeof(uint32_t));
        for (uint32_t i = 0; i < u->constant_count; i++) u->constant_index[constant_slot(u, u->constants[i])] = i + 1;
    }
    uint32_t at = constant_slot(u, v);
    if (u->constant_index[at]) return u->constant_index[at] - 1;
    u->constants = grown(c, u->constants, u->constant_count, &u->constant_capacity, sizeof(Value));
    u->constants[u->constant_count] = v;
    u->constant_index[at] = ++u->constant_count;
    return u->constant_count - 1;
}

Value constant_string(Compiler *c, Text text) {
    String *s = text.length <= 4096 ? string_intern_from(c->vm, text.data, text.length) : string_new(c->vm, text.data, text.length);
    if (!s) compile_out_of_memory(c);
    return value_object(s);
}

uint32_t constant_name(Compiler *c, Text name) { return constant_index(c, constant_string(c, name)); }

uint16_t constant_name16(Compiler *c, Text name) {
    uint32_t index = constant_name(c, name);
    if (index > 0xFFFF) compile_error(c, c->unit->range, "too many names in one function");
    return (uint16_t)index;
}

Value constant_value(Compiler *c, Node *node) {
    Value v = VALUE_NONE;
    Text text = node->constant.text;
    switch (node->constant.kind) {
    case CONSTANT_NONE: return VALUE_NONE;
    case CONSTANT_FALSE: return VALUE_FALSE;
    case CONSTANT_TRUE: return VALUE_TRUE;
    case CONSTANT_ELLIPSIS: return VALUE_ELLIPSIS;
    case CONSTANT_INT:
        if (node->constant.base == 10 && text.length && text.data[0] == '0') text.length = 1; // nothing but zeros
        if (node->constant.base == 10 && c->vm->int_digit_limit && text.length > (size_t)c->vm->int_digit_limit)
            compile_error(c, node->range,
                          "Exceeds the limit (%d digits) for integer string conversion: value has %zu digits; use "
                          "sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer "
                          "literals to avoid decimal conversion limits.",
                          c->vm->int_digit_limit, text.length);
        v = int_from_digits(c->vm, text.data, text.length, node->constant.base);
        break;
    case CONSTANT_FLOAT: v = value_float(node->constant.number); break;
    case CONSTANT_IMAGINARY: v = complex_new(c->vm, 0, node->constant.number); break;
    case CONSTANT_STRING: return constant_string(c, text);
    case CONSTANT_BYTES: {
        Bytes *bytes = bytes_new(c->vm, text.data, text.length);
        v = bytes ? value_object(bytes) : VALUE_ERROR;
        break;
    }
    }
    if (is_error(v)) compile_out_of_memory(c);
    return v;
}

void load_constant(Compiler *c, Register target, Value v) { emit_index(c, OP_LOAD_CONSTANT, target, constant_index(c, v)); }

// ---- Units

void unit_begin(Compiler *c, Unit *u, Scope *scope, String *name, String *qualified_name, Range range) {
    *u = (Unit){.outer = c->unit, .scope = scope, .name = name, .qualified_name = qualified_name, .range = range,
                .first_line = range.line};
    c->unit = u;
    c->scope = scope;
    for (Symbol *s = scope->symbols; s; s = s->next) u->rebinds |= (s->flags & SYMBOL_NAMED) != 0;
}

static int inner_first(const void *a, const void *b) {
    const PendingRange *x = a, *y = b;
    if (x->depth != y->depth) return y->depth - x->depth;
    return x->start < y->start ? -1 : x->start > y->start;
}

static Tuple *names_tuple(Compiler *c, Symbol **symbols, uint32_t count) {
    Tuple *tuple = tuple_new(c->vm, count);
    if (!tuple) compile_out_of_memory(c);
    for (uint32_t i = 0; i < count; i++) {
        Text name = symbols[i] ? symbols[i]->name : (Text){"", 0};
        if (name.length > 6 && memcmp(name.data, ".free.", 6) == 0) name = (Text){name.data + 6, name.length - 6};
        if (text_equal(name, ".class")) name = (Text){"__class__", 9};
        tuple->items[i] = constant_string(c, name);
    }
    return tuple;
}

static void *side_copy(Compiler *c, const void *items, size_t size) {
    if (!size) return NULL;
    void *copy = heap_resize(c->vm, NULL, 0, size);
    if (!copy) {
        raise_memory_error(c->vm);
        compile_out_of_memory(c);
    }
    return memcpy(copy, items, size);
}

static void collect_variables(Scope *scope, Symbol **variables, Symbol **cells, uint32_t *cell_count) {
    for (Symbol *s = scope->symbols; s; s = s->next) {
        if (s->same || (s->place != PLACE_LOCAL && s->place != PLACE_CELL)) continue;
        variables[s->number] = s;
        if (s->place == PLACE_CELL) cells[(*cell_count)++] = s;
    }
    for (Scope *child = scope->first_child; child; child = child->sibling)
        if (child->kind == SCOPE_COMPREHENSION) collect_variables(child, variables, cells, cell_count);
}

// How many different attributes are stored into register 0, the first parameter of a method.
static uint16_t count_self_attributes(Compiler *c) {
    Unit *u = c->unit;
    uint8_t *seen = arena_allocate(c->arena, u->constant_count + 1);
    uint16_t count = 0;
    for (uint32_t at = 0; at < u->count; at += 1 + (uint32_t)op_words(u->instructions[at].op)) {
        const Instruction *i = &u->instructions[at];
        if (i->op != OP_STORE_ATTRIBUTE || i->a != 0 || seen[i->c]) continue;
        seen[i->c] = 1;
        count++;
    }
    return count;
}

Code *unit_end(Compiler *c) {
    Unit *u = c->unit;
    VM *vm = c->vm;
    Code *code = code_new(vm);
    if (!code) compile_out_of_memory(c);
    code->name = u->name;
    code->qualified_name = u->qualified_name;
    code->file_name = c->options->file_name;
    code->source = c->options->source ? value_object(c->options->source) : VALUE_NONE;
    code->first_line = u->first_line;
    code->flags = u->flags;
    if (u->scope->kind == SCOPE_FUNCTION) code->self_attributes = count_self_attributes(c);
    code->register_count = (uint16_t)(u->register_count ? u->register_count : 1);
    if (u->handles) code->handled_register = code->register_count++;
    code->instructions = side_copy(c, u->instructions, u->count * sizeof *u->instructions);
    code->instruction_count = u->count;
    code->constants = side_copy(c, u->constants, u->constant_count * sizeof(Value));
    code->constant_count = u->constant_count;
    code->lines = side_copy(c, u->lines, u->line_count * sizeof *u->lines);
    code->line_count = u->line_count;
    if (u->range_count) {
        qsort(u->ranges, u->range_count, sizeof *u->ranges, inner_first);
        HandlerRange *handlers = arena_allocate(c->arena, u->range_count * sizeof(HandlerRange));
        for (uint32_t i = 0; i < u->range_count; i++)
            handlers[i] = (HandlerRange){.start = u->ranges[i].start,
                                         .end = u->ranges[i].end,
                                         .handler = (uint32_t)u->ranges[i].handler->position,
                                         .target = u->ranges[i].target};
        code->handlers = side_copy(c, handlers, u->range_count * sizeof(HandlerRange));
        code->handler_count = u->range_count;
    }
    Symbol **variables = arena_allocate(c->arena, (u->variable_count + 1) * sizeof(Symbol *));
    Symbol **cells = arena_allocate(c->arena, (u->variable_count + 1) * sizeof(Symbol *));
    uint32_t cell_count = 0;
    collect_variables(u->scope, variables, cells, &cell_count);
    code->variable_names = names_tuple(c, variables, u->variable_count);
    code->cell_names = names_tuple(c, cells, cell_count);
    code->free_names = names_tuple(c, u->scope->free, u->scope->free_count);
    c->unit = u->outer;
    c->scope = c->unit ? c->unit->scope : NULL;
    return code;
}

// ---- Blocks and handler ranges

void block_push(Compiler *c, Block *block, BlockKind kind) {
    Unit *u = c->unit;
    block->kind = kind;
    block->outer = u->block;
    block->depth = ++u->block_depth;
    block->range = u->range;
    u->block = block;
}
void block_pop(Compiler *c, Block *block) {
    c->unit->block = block->outer;
    c->unit->block_depth = block->depth - 1;
}

void range_open(Compiler *c, Block *block) { block->range_start = c->unit->count; }

void range_close(Compiler *c, Block *block) {
    Unit *u = c->unit;
    if (block->range_start == u->count) return;
    u->ranges = grown(c, u->ranges, u->range_count, &u->range_capacity, sizeof *u->ranges);
    u->ranges[u->range_count++] = (PendingRange){.start = block->range_start,
                                                 .end = u->count,
                                                 .handler = block->handler,
                                                 .target = block->target,
                                                 .depth = block->depth};
}

// ---- Bound variables

uint64_t *bound_save(Compiler *c) {
    Unit *u = c->unit;
    uint64_t *copy = arena_allocate(c->arena, (u->bound_words + 1) * sizeof(uint64_t));
    if (u->bound_words) memcpy(copy, u->bound, u->bound_words * sizeof(uint64_t));
    copy[u->bound_words] = u->unreachable;
    return copy;
}
void bound_restore(Compiler *c, const uint64_t *saved) {
    Unit *u = c->unit;
    if (u->bound_words) memcpy(u->bound, saved, u->bound_words * sizeof(uint64_t));
    u->unreachable = saved[u->bound_words] != 0;
}
void bound_intersect(Compiler *c, const uint64_t *other) {
    Unit *u = c->unit;
    if (other[u->bound_words]) return; // the other way is never taken
    if (u->unreachable) {
        bound_restore(c, other);
        return;
    }
    for (uint32_t i = 0; i < u->bound_words; i++) u->bound[i] &= other[i];
}
void bound_add(Compiler *c, Register r) {
    if (r < c->unit->variable_count) c->unit->bound[r / 64] |= (uint64_t)1 << r % 64;
}
void bound_remove(Compiler *c, Register r) {
    if (r < c->unit->variable_count) c->unit->bound[r / 64] &= ~((uint64_t)1 << r % 64);
}
bool bound_has(Compiler *c, Register r) {
    Unit *u = c->unit;
    return u->unreachable || r >= u->variable_count || u->bound[r / 64] >> r % 64 & 1;
}

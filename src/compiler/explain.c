// What a failed assertion of a test says: the values that the parts of its expression had. Each part's value is kept, when it is
// computed, in a register of its own, so that nothing is evaluated twice; only a failure looks at them.
#include "base/buffer.h"
#include "compiler/codegen.h"
#include "compiler/fold.h"
#include "object/container/list.h"
#include "object/text/str.h"

enum { MOST_PARTS = 24, LONGEST_TEXT = 80 };

struct Explanation {
    Node *parts[MOST_PARTS]; // outer ones first, from left to right
    size_t count;
    Register first; // the parts' values, one register each
};

// ---- Which parts there are

static void add_part(Explanation *e, Node *node) {
    if (e->count < MOST_PARTS) e->parts[e->count++] = node;
}

static void visit(Compiler *c, Explanation *e, Node *node);
static void visit_list(Compiler *c, Explanation *e, NodeList list) {
    for (size_t i = 0; i < list.count; i++)
        if (list.items[i]) visit(c, e, list.items[i]);
}

// An operand of a comparison is a part though it is computed; but not what one sees anyway, or sees in its own parts.
static void visit_operand(Compiler *c, Explanation *e, Node *node) {
    Value folded;
    switch (node->kind) {
    case NODE_BINARY_OPERATION:
    case NODE_UNARY_OPERATION:
        if (fold_number(c, node, &folded)) break;
        add_part(e, node);
        break;
    case NODE_LIST_COMPREHENSION:
    case NODE_SET_COMPREHENSION:
    case NODE_DICT_COMPREHENSION:
    case NODE_CONDITIONAL:
    case NODE_BOOLEAN_OPERATION:
    case NODE_COMPARE:
    case NODE_JOINED_STRING: add_part(e, node); break;
    default: break;
    }
    visit(c, e, node);
}

static void visit_call(Compiler *c, Explanation *e, Node *node) {
    Node *function = node->call.function;
    // What a function or method is, is not what went wrong; what it belongs to may be.
    if (function->kind == NODE_ATTRIBUTE)
        visit(c, e, function->attribute.object);
    else if (function->kind != NODE_NAME)
        visit(c, e, function);
    visit_list(c, e, node->call.arguments);
    for (size_t i = 0; i < node->call.keywords.count; i++) visit(c, e, node->call.keywords.items[i].value);
}

// Bodies of lambdas and comprehensions are evaluated elsewhere or many times: they have no parts.
static void visit(Compiler *c, Explanation *e, Node *node) {
    if (e->count == MOST_PARTS) return;
    compile_deeper(c, node->range);
    switch (node->kind) {
    case NODE_NAME: add_part(e, node); break;
    case NODE_ATTRIBUTE:
        add_part(e, node);
        visit(c, e, node->attribute.object);
        break;
    case NODE_SUBSCRIPT:
        add_part(e, node);
        visit(c, e, node->subscript.object);
        visit(c, e, node->subscript.index);
        break;
    case NODE_CALL:
        add_part(e, node);
        visit_call(c, e, node);
        break;
    case NODE_AWAIT:
        add_part(e, node);
        if (node->value->kind == NODE_CALL)
            visit_call(c, e, node->value);
        else
            visit(c, e, node->value);
        break;
    case NODE_COMPARE:
        visit_operand(c, e, node->compare.left);
        for (size_t i = 0; i < node->compare.comparators.count; i++) visit_operand(c, e, node->compare.comparators.items[i]);
        break;
    case NODE_BOOLEAN_OPERATION: visit_list(c, e, node->boolean.values); break;
    case NODE_BINARY_OPERATION:
        visit(c, e, node->binary.left);
        visit(c, e, node->binary.right);
        break;
    case NODE_UNARY_OPERATION: visit(c, e, node->unary.operand); break;
    case NODE_NAMED_EXPRESSION:
        add_part(e, node->named.target);
        visit(c, e, node->named.value);
        break;
    case NODE_CONDITIONAL:
        visit(c, e, node->conditional.test);
        visit(c, e, node->conditional.body);
        visit(c, e, node->conditional.or_else);
        break;
    case NODE_DICT:
        visit_list(c, e, node->dict.keys);
        visit_list(c, e, node->dict.values);
        break;
    case NODE_SET:
    case NODE_LIST:
    case NODE_TUPLE: visit_list(c, e, node->sequence.items); break;
    case NODE_LIST_COMPREHENSION:
    case NODE_SET_COMPREHENSION:
    case NODE_DICT_COMPREHENSION:
    case NODE_GENERATOR_EXPRESSION: visit(c, e, node->comprehension.generators[0].iterable); break;
    case NODE_JOINED_STRING: visit_list(c, e, node->parts); break;
    case NODE_FORMATTED_VALUE: visit(c, e, node->formatted.value); break;
    case NODE_STARRED: visit(c, e, node->starred.value); break;
    case NODE_SLICE: {
        Node *bounds[3] = {node->slice.lower, node->slice.upper, node->slice.step};
        visit_list(c, e, (NodeList){bounds, 3});
        break;
    }
    default: break;
    }
    c->depth--;
}

// ---- Code

void explain_begin(Compiler *c, Node *test) {
    if (!c->options->explains) return;
    Explanation *e = arena_allocate(c->arena, sizeof *e);
    visit(c, e, test);
    if (!e->count) return;
    // What is not evaluated has no value.
    e->first = registers_new(c, (uint32_t)e->count);
    for (size_t i = 0; i < e->count; i++) emit(c, OP_LOAD_EMPTY, (Register)(e->first + i), 0, 0);
    c->explanation = e;
}

void explain_keep(Compiler *c, const Node *node, Register value) {
    Explanation *e = c->explanation;
    for (size_t i = 0; i < e->count; i++)
        if (e->parts[i] == node) emit(c, OP_MOVE, (Register)(e->first + i), value, 0);
}

// The text of a node, on one line.
static Value part_text(Compiler *c, const Node *node) {
    Buffer out;
    buffer_init(&out, &c->vm->heap.counted);
    for (uint32_t number = node->range.line; number <= node->range.end_line && number <= c->parsed->line_count; number++) {
        Text line = c->parsed->lines[number - 1];
        size_t from = number == node->range.line ? node->range.column : 0;
        size_t to = number == node->range.end_line && node->range.end_column < line.length ? node->range.end_column : line.length;
        while (from < to && strchr(" \t\f\r\n", line.data[from])) from++;
        while (to > from && strchr(" \t\f\r\n", line.data[to - 1])) to--;
        if (out.length && from < to) buffer_byte(&out, ' ');
        if (from < to) buffer_append(&out, line.data + from, to - from);
    }
    if (out.length > LONGEST_TEXT) {
        out.length = LONGEST_TEXT;
        while (out.length && ((unsigned char)out.data[out.length] & 0xC0) == 0x80) out.length--;
        buffer_text(&out, "…");
    }
    String *text = string_from_buffer(c->vm, &out);
    if (!text) compile_out_of_memory(c);
    return value_object(text);
}

void explain_end(Compiler *c, const Explanation *e, Register exception) {
    Tuple *texts = tuple_new(c->vm, e->count);
    if (!texts) compile_out_of_memory(c);
    for (size_t i = 0; i < e->count; i++) texts->items[i] = part_text(c, e->parts[i]);
    uint32_t index = constant_index(c, value_object(texts));
    // A function with so many constants fails without further words.
    if (index <= 0xFFFF) emit(c, OP_EXPLAIN, exception, e->first, index);
}

// match: each pattern tests a register and jumps away when it fails. Names are bound when the whole pattern has matched.
#include "compiler/codegen.h"
#include "compiler/fold.h"
#include "object/container/list.h"
#include "object/core/protocol.h"
#include "object/text/str.h"

typedef struct Capture {
    Text name;
    Register value;
    struct Capture *next;
} Capture;

typedef struct {
    Capture *captures; // newest first
    Label *fail;
} Matching;

static Capture *find_capture(Capture *list, Text name) {
    for (; list; list = list->next)
        if (list->name.length == name.length && memcmp(list->name.data, name.data, name.length) == 0) return list;
    return NULL;
}

static void capture(Compiler *c, Matching *m, Text name, Register value, Range range) {
    if (find_capture(m->captures, name)) compile_error(c, range, "multiple assignments to name '%s' in pattern", name.data);
    Capture *one = arena_allocate(c->arena, sizeof(Capture));
    *one = (Capture){name, value, m->captures};
    m->captures = one;
}

static void pattern(Compiler *c, Matching *m, Node *node, Register subject);

static bool is_irrefutable(const Node *node) {
    if (node->kind == NODE_MATCH_AS) return !node->capture.pattern || is_irrefutable(node->capture.pattern);
    if (node->kind == NODE_MATCH_OR)
        return is_irrefutable(node->patterns.items[node->patterns.count - 1]);
    return false;
}

static void fail_unless(Compiler *c, Matching *m, Register truth) { emit_jump(c, OP_JUMP_IF_FALSE, truth, m->fail); }

// ---- Kinds of patterns. Registers given out here stay until the case is over, since captures live in them.

static void value_pattern(Compiler *c, Matching *m, Node *node, Register subject) {
    Register value = register_new(c);
    if (node->value->kind == NODE_JOINED_STRING) compile_error(c, node->range, "patterns may only match literals and attribute lookups");
    expression_to(c, node->value, value);
    place_set(c, node->range);
    emit_compare_jump(c, OP_JUMP_EQUAL, 0, subject, value, m->fail);
}

static void singleton_pattern(Compiler *c, Matching *m, Node *node, Register subject) {
    Register value = registers_new(c, 2);
    load_constant(c, value,
                  node->singleton == CONSTANT_NONE   ? VALUE_NONE
                  : node->singleton == CONSTANT_TRUE ? VALUE_TRUE
                                                     : VALUE_FALSE);
    emit(c, OP_IS, (Register)(value + 1), subject, value);
    fail_unless(c, m, (Register)(value + 1));
}

// The patterns around *_, of which nothing is wanted: only the items that they are for are asked for, each by its index.
static void outer_patterns(Compiler *c, Matching *m, NodeList items, size_t star, Register subject) {
    for (size_t i = 0; i < items.count; i++) {
        const Node *one = items.items[i];
        bool wanted = i != star && !(one->kind == NODE_MATCH_AS && !one->capture.pattern && !one->capture.name.data);
        if (!wanted) continue;
        Register item = register_new(c); // names are bound from it when all has matched
        emit_n(c, OP_MATCH_ITEM, i > star, item, subject, (uint32_t)(i > star ? items.count - i : i));
        pattern(c, m, items.items[i], item);
    }
}

static void sequence_pattern(Compiler *c, Matching *m, Node *node, Register subject) {
    NodeList items = node->patterns;
    size_t star = items.count;
    for (size_t i = 0; i < items.count; i++) {
        if (items.items[i]->kind != NODE_MATCH_STAR) continue;
        if (star < items.count) compile_error(c, node->range, "multiple starred names in sequence pattern");
        star = i;
    }
    if (star < items.count && star > 255) compile_error(c, node->range, "too many expressions in star-unpacking sequence pattern");
    Register truth = register_new(c);
    emit(c, OP_MATCH_SEQUENCE, truth, subject, 0);
    fail_unless(c, m, truth);
    bool starred = star < items.count;
    if (starred && items.count == 1 && !items.items[0]->capture.name.data) return; // [*_] wants to know no more
    emit_n(c, OP_MATCH_LENGTH, starred, truth, subject, (uint32_t)(items.count - starred));
    fail_unless(c, m, truth);
    if (!items.count) return;
    if (starred && !items.items[star]->capture.name.data) return outer_patterns(c, m, items, star, subject);
    Register first = registers_new(c, (uint32_t)items.count);
    if (starred)
        emit_n(c, OP_UNPACK_STAR, (uint8_t)star, first, subject, (uint32_t)(items.count - star - 1));
    else
        emit(c, OP_UNPACK, first, subject, (uint32_t)items.count);
    for (size_t i = 0; i < items.count; i++) {
        if (i == star) {
            if (items.items[i]->capture.name.data)
                capture(c, m, items.items[i]->capture.name, (Register)(first + i), items.items[i]->range);
        } else {
            pattern(c, m, items.items[i], (Register)(first + i));
        }
    }
}

// Keys are literals and attributes; no two literals are equal.
static void check_keys(Compiler *c, Node *node, NodeList keys) {
    List *known = list_new(c->vm, keys.count);
    if (!known) compile_out_of_memory(c);
    for (size_t i = 0; i < keys.count; i++) {
        Value key;
        if (keys.items[i]->kind == NODE_JOINED_STRING)
            compile_error(c, node->range, "mapping pattern keys may only match literals and attribute lookups");
        if (!fold_constant(c, keys.items[i], &key)) continue;
        for (size_t k = 0; k < known->length; k++) {
            int same = value_equal(c->vm, known->items[k], key);
            String *shown = same > 0 ? value_repr(c->vm, key) : NULL;
            if (same < 0 || (same && !shown)) compile_out_of_memory(c);
            if (same) compile_error(c, node->range, "mapping pattern checks duplicate key (%s)", shown->data);
        }
        if (!list_append(c->vm, known, key)) compile_out_of_memory(c);
    }
}

static void mapping_pattern(Compiler *c, Matching *m, Node *node, Register subject) {
    NodeList keys = node->mapping.keys, patterns = node->mapping.patterns;
    Register truth = register_new(c), tuple = register_new(c), values = register_new(c);
    emit(c, OP_MATCH_MAPPING, truth, subject, 0);
    fail_unless(c, m, truth);
    check_keys(c, node, keys);
    build_sequence(c, OP_BUILD_TUPLE, keys, tuple);
    if (keys.count) {
        place_set(c, node->range);
        emit(c, OP_MATCH_KEYS, values, subject, tuple);
        emit_jump(c, OP_JUMP_IF_NONE, values, m->fail);
        Register first = registers_new(c, (uint32_t)keys.count);
        emit(c, OP_UNPACK, first, values, (uint32_t)keys.count);
        for (size_t i = 0; i < keys.count; i++) pattern(c, m, patterns.items[i], (Register)(first + i));
    }
    if (node->mapping.rest.data) {
        Register rest = register_new(c);
        emit(c, OP_MATCH_REST, rest, subject, tuple);
        capture(c, m, node->mapping.rest, rest, node->range);
    }
}

static void class_pattern(Compiler *c, Matching *m, Node *node, Register subject) {
    NodeList positional = node->class_pattern.patterns, named = node->class_pattern.keyword_patterns;
    IdentifierList names = node->class_pattern.keywords;
    if (positional.count > 255) compile_error(c, node->range, "too many sub-patterns in class pattern");
    Register cls = register_new(c), found = register_new(c);
    expression_to(c, node->class_pattern.class_, cls);
    Tuple *tuple = tuple_new(c->vm, names.count);
    if (!tuple) compile_out_of_memory(c);
    for (size_t i = 0; i < names.count; i++) {
        tuple->items[i] = constant_string(c, names.items[i].name);
        for (size_t j = 0; j < i; j++)
            if (value_same(tuple->items[i], tuple->items[j]))
                compile_error(c, named.items[i]->range, "attribute name repeated in class pattern: %s", names.items[i].name.data);
    }
    load_constant(c, found, value_object(tuple));
    place_set(c, node->range);
    emit_n(c, OP_MATCH_CLASS, (uint8_t)positional.count, found, subject, cls);
    emit_jump(c, OP_JUMP_IF_NONE, found, m->fail);
    size_t count = positional.count + named.count;
    if (!count) return;
    Register first = registers_new(c, (uint32_t)count);
    emit(c, OP_UNPACK, first, found, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        pattern(c, m, i < positional.count ? positional.items[i] : named.items[i - positional.count], (Register)(first + i));
}

// The first alternative decides which names there are and where they live; the others must bind the same.
static void or_pattern(Compiler *c, Matching *m, Node *node, Register subject) {
    Label *matched = label_new(c);
    Capture *outer = m->captures, *first = NULL;
    Label *fail = m->fail;
    size_t count = 0;
    for (size_t i = 0; i < node->patterns.count; i++) {
        Node *alternative = node->patterns.items[i];
        bool last = i + 1 == node->patterns.count;
        if (!last && is_irrefutable(alternative)) {
            if (alternative->kind == NODE_MATCH_AS && alternative->capture.name.data)
                compile_error(c, alternative->range, "name capture '%s' makes remaining patterns unreachable",
                              alternative->capture.name.data);
            compile_error(c, alternative->range, "wildcard makes remaining patterns unreachable");
        }
        Label *next = label_new(c);
        Matching inner = {.captures = outer, .fail = last ? fail : next};
        pattern(c, &inner, alternative, subject);
        size_t bound = 0;
        for (Capture *one = inner.captures; one != outer; one = one->next) {
            bound++;
            if (i == 0) continue;
            Capture *canonical = find_capture(first, one->name);
            if (!canonical || canonical == outer) compile_error(c, node->range, "alternative patterns bind different names");
            emit(c, OP_MOVE, canonical->value, one->value, 0);
        }
        if (i == 0) {
            // Where the names will be, apart from registers that an alternative may use for something else.
            for (Capture *one = inner.captures; one != outer; one = one->next) {
                Capture *copy = arena_allocate(c->arena, sizeof(Capture));
                *copy = (Capture){one->name, register_new(c), first};
                emit(c, OP_MOVE, copy->value, one->value, 0);
                first = copy;
            }
            count = bound;
        } else if (bound != count) {
            compile_error(c, node->range, "alternative patterns bind different names");
        }
        if (!last) emit_jump(c, OP_JUMP, 0, matched);
        if (!last) label_place(c, next);
    }
    label_place(c, matched);
    for (Capture *one = first; one;) {
        Capture *next = one->next;
        one->next = m->captures;
        m->captures = one;
        one = next;
    }
}

static void pattern(Compiler *c, Matching *m, Node *node, Register subject) {
    compile_deeper(c, node->range);
    place_set(c, node->range);
    switch (node->kind) {
    case NODE_MATCH_VALUE: value_pattern(c, m, node, subject); break;
    case NODE_MATCH_SINGLETON: singleton_pattern(c, m, node, subject); break;
    case NODE_MATCH_SEQUENCE: sequence_pattern(c, m, node, subject); break;
    case NODE_MATCH_MAPPING: mapping_pattern(c, m, node, subject); break;
    case NODE_MATCH_CLASS: class_pattern(c, m, node, subject); break;
    case NODE_MATCH_OR: or_pattern(c, m, node, subject); break;
    case NODE_MATCH_AS:
        if (node->capture.pattern) pattern(c, m, node->capture.pattern, subject);
        if (node->capture.name.data) capture(c, m, node->capture.name, subject, node->range);
        break;
    default: compile_error(c, node->range, "invalid pattern");
    }
    c->depth--;
}

void match_statement(Compiler *c, Node *node) {
    uint32_t mark = registers_mark(c);
    Register subject = register_new(c);
    expression_to(c, node->match.subject, subject);
    Label *end = label_new(c);
    uint64_t *start = bound_save(c), *after = NULL;
    bool exhaustive = false;
    for (size_t i = 0; i < node->match.count; i++) {
        MatchCase *one = &node->match.cases[i];
        uint32_t inner = registers_mark(c);
        bool irrefutable = is_irrefutable(one->pattern) && !one->guard;
        if (irrefutable && i + 1 < node->match.count) {
            if (one->pattern->kind == NODE_MATCH_AS && one->pattern->capture.name.data)
                compile_error(c, one->pattern->range, "name capture '%s' makes remaining patterns unreachable",
                              one->pattern->capture.name.data);
            compile_error(c, one->pattern->range, "wildcard makes remaining patterns unreachable");
        }
        exhaustive |= irrefutable;
        Matching m = {.fail = label_new(c)};
        bound_restore(c, start);
        pattern(c, &m, one->pattern, subject);
        for (Capture *capture = m.captures; capture; capture = capture->next) name_store(c, capture->name, capture->value);
        if (one->guard) condition_jump(c, one->guard, false, m.fail);
        statements(c, one->body);
        if (!c->unit->unreachable) emit_jump(c, OP_JUMP, 0, end);
        if (after) bound_intersect(c, after);
        after = bound_save(c);
        label_place(c, m.fail);
        registers_release(c, inner);
    }
    bound_restore(c, start);
    if (exhaustive && after)
        bound_restore(c, after);
    else if (after)
        bound_intersect(c, after);
    label_place(c, end);
    registers_release(c, mark);
}

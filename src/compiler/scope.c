#include "compiler/scope_internal.h"

#include <string.h>

#include "base/stack.h"

void scope_fail(ScopeTable *t, Range range, const char *message) {
    t->error->message = message;
    t->error->range = range;
    longjmp(t->stop, 1);
}

static bool same_text(Text a, Text b) { return a.length == b.length && memcmp(a.data, b.data, a.length) == 0; }

// ---- Tables

static size_t hash_text(Text name) {
    size_t h = 14695981039346656037u;
    for (size_t i = 0; i < name.length; i++) h = (h ^ (unsigned char)name.data[i]) * 1099511628211u;
    return h ^ h >> 29;
}

Symbol *scope_find_symbol(Scope *scope, Text name) {
    if (!scope->bucket_count) return NULL;
    Symbol *s = scope->buckets[hash_text(name) & (scope->bucket_count - 1)];
    while (s && !same_text(s->name, name)) s = s->next_in_bucket;
    return s;
}

static void grow_buckets(ScopeTable *t, Scope *scope) {
    scope->bucket_count = scope->bucket_count ? scope->bucket_count * 2 : 8;
    scope->buckets = arena_allocate(t->arena, scope->bucket_count * sizeof(Symbol *));
    for (Symbol *s = scope->symbols; s; s = s->next) {
        Symbol **bucket = &scope->buckets[hash_text(s->name) & (scope->bucket_count - 1)];
        s->next_in_bucket = *bucket;
        *bucket = s;
    }
}

Symbol *scope_add_symbol(ScopeTable *t, Scope *scope, Text name, uint32_t flags, Range range) {
    if (flags & SYMBOL_ASSIGNED && text_is(name, "__debug__"))
        scope_fail(t, range, flags & SYMBOL_DELETED ? "cannot delete __debug__" : "cannot assign to __debug__");
    Symbol *s = scope_find_symbol(scope, name);
    if (!s) {
        if (scope->symbol_count >= scope->bucket_count) grow_buckets(t, scope);
        s = arena_allocate(t->arena, sizeof(Symbol));
        s->name = name;
        s->range = range;
        *scope->last_symbol = s;
        scope->last_symbol = &s->next;
        scope->symbol_count++;
        Symbol **bucket = &scope->buckets[hash_text(name) & (scope->bucket_count - 1)];
        s->next_in_bucket = *bucket;
        *bucket = s;
    }
    s->flags |= flags;
    return s;
}

static size_t map_slot(ScopeTable *t, const void *node) {
    size_t i = ((size_t)(uintptr_t)node >> 4) * 0x9E3779B97F4A7C15u >> 20 & (t->capacity - 1);
    while (t->map[i].node && t->map[i].node != node) i = (i + 1) & (t->capacity - 1);
    return i;
}

static void map_node(ScopeTable *t, const void *node, Scope *scope) {
    if (t->count * 2 >= t->capacity) {
        struct NodeScope *old = t->map;
        size_t old_capacity = t->capacity;
        t->capacity = old_capacity ? old_capacity * 2 : 16;
        t->map = arena_allocate(t->arena, t->capacity * sizeof *t->map);
        for (size_t i = 0; i < old_capacity; i++)
            if (old[i].node) t->map[map_slot(t, old[i].node)] = old[i];
    }
    size_t i = map_slot(t, node);
    t->map[i].node = node;
    t->map[i].scope = scope;
    t->count++;
}

static Scope *new_scope(ScopeTable *t, Scope *parent, ScopeKind kind, Node *node) {
    Scope *scope = arena_allocate(t->arena, sizeof(Scope));
    scope->kind = kind;
    scope->node = node;
    scope->parent = parent;
    scope->last_symbol = &scope->symbols;
    scope->unit = kind == SCOPE_COMPREHENSION ? parent->unit : scope;
    if (parent) {
        scope->in_iterable = parent->in_iterable;
        scope->class_name = parent->class_name;
        scope->mangled = parent->mangled;
        if (parent->last_child)
            parent->last_child->sibling = scope;
        else
            parent->first_child = scope;
        parent->last_child = scope;
    }
    if (node) map_node(t, node, scope);
    return scope;
}

Text scope_mangle(Arena *arena, Scope *scope, Text name) {
    if (!scope->class_name.data || name.length < 3 || name.data[0] != '_' || name.data[1] != '_') return name;
    if ((name.data[name.length - 1] == '_' && name.data[name.length - 2] == '_') || memchr(name.data, '.', name.length))
        return name;
    bool mangled = !scope->mangled;
    for (size_t i = 0; !mangled && i < scope->mangled->count; i++) mangled = same_text(scope->mangled->items[i].name, name);
    if (!mangled) return name;
    Text cls = scope->class_name;
    while (cls.length && *cls.data == '_') cls.data++, cls.length--;
    if (!cls.length) return name;
    char *text = arena_allocate(arena, name.length + cls.length + 2);
    text[0] = '_';
    memcpy(text + 1, cls.data, cls.length);
    memcpy(text + 1 + cls.length, name.data, name.length);
    return (Text){text, name.length + cls.length + 1};
}

// ---- First pass: collecting

static void visit(ScopeTable *t, Scope *scope, Node *node);
static void visit_list(ScopeTable *t, Scope *scope, NodeList list) {
    for (size_t i = 0; i < list.count; i++) visit(t, scope, list.items[i]);
}

static Text mangled(ScopeTable *t, Scope *scope, Text name) { return scope_mangle(t->arena, scope, name); }

static void bind(ScopeTable *t, Scope *scope, Text name, Range range) {
    scope_add_symbol(t, scope, mangled(t, scope, name), SYMBOL_ASSIGNED, range);
}

static void use(ScopeTable *t, Scope *scope, Text name, Range range) {
    scope_add_symbol(t, scope, mangled(t, scope, name), SYMBOL_USED, range);
    // Functions that may ask for their class hold it in a cell.
    if (scope->unit->kind == SCOPE_FUNCTION && text_is(name, "super"))
        scope_add_symbol(t, scope, (Text){"__class__", 9}, SYMBOL_USED, range);
}

static void add_parameter(ScopeTable *t, Scope *scope, Parameter *p) {
    Text name = mangled(t, scope, p->name);
    Symbol *s = scope_find_symbol(scope, name);
    if (s && s->flags & SYMBOL_PARAMETER)
        scope_fail(t, p->range, arena_format(t->arena, "duplicate argument '%s' in function definition", p->name.data));
    scope_add_symbol(t, scope, name, SYMBOL_PARAMETER | SYMBOL_ASSIGNED, p->range);
}

static void add_parameters(ScopeTable *t, Scope *scope, Parameters *p) {
    for (size_t i = 0; i < p->count; i++) add_parameter(t, scope, &p->items[i]);
    for (size_t i = 0; i < p->keyword_only_count; i++) add_parameter(t, scope, &p->keyword_only[i]);
    if (p->variadic) add_parameter(t, scope, p->variadic);
    if (p->keyword_variadic) add_parameter(t, scope, p->keyword_variadic);
}

static void visit_defaults(ScopeTable *t, Scope *scope, Parameters *p) {
    visit_list(t, scope, p->defaults);
    for (size_t i = 0; i < p->keyword_only_count; i++)
        if (p->keyword_defaults[i]) visit(t, scope, p->keyword_defaults[i]);
}

static Scope *annotation_scope(ScopeTable *t, Scope *scope, AnnotationKind kind, const void *key, const char *name) {
    Scope *inner = new_scope(t, scope, SCOPE_FUNCTION, NULL);
    inner->annotation = kind;
    inner->annotation_name = name;
    inner->seen_class = !key ? NULL : scope->kind == SCOPE_CLASS ? scope : scope->annotation ? scope->seen_class : NULL;
    if (key) map_node(t, key, inner);
    return inner;
}

// With `from __future__ import annotations` it stays text; it is looked through for errors all the same.
static void visit_one_annotation(ScopeTable *t, Scope *scope, Node *annotation) {
    visit(t, t->future_annotations ? annotation_scope(t, scope, ANNOTATION_BOUND, NULL, "an annotation") : scope, annotation);
}

static bool parameters_have_defaults(const Parameters *p) { return p->defaults.count > 0; }
static bool parameters_have_keyword_defaults(const Parameters *p) {
    for (size_t i = 0; i < p->keyword_only_count; i++)
        if (p->keyword_defaults[i]) return true;
    return false;
}

static void visit_annotation(ScopeTable *t, Scope *scope, Parameter *p) {
    if (p && p->annotation) visit_one_annotation(t, scope, p->annotation);
}

static void visit_annotations(ScopeTable *t, Scope *scope, Parameters *p) {
    for (size_t i = 0; i < p->count; i++) visit_annotation(t, scope, &p->items[i]);
    visit_annotation(t, scope, p->variadic);
    for (size_t i = 0; i < p->keyword_only_count; i++) visit_annotation(t, scope, &p->keyword_only[i]);
    visit_annotation(t, scope, p->keyword_variadic);
}

// The scope that holds type parameters, with them in it. `cls`: of a class, for which alone their private names are the class's own.
static Scope *visit_type_parameters(ScopeTable *t, Scope *scope, const TypeParameterList *list, const Node *cls) {
    Scope *inner = annotation_scope(t, scope, ANNOTATION_PARAMETERS, list->items, "the definition of a generic");
    if (cls) {
        inner->class_name = cls->class_.name;
        inner->mangled = list;
        // The class's body stores them: a cell that it shares, see `decide`.
        scope_add_symbol(t, inner, (Text){".type_params", 12}, 0, cls->range);
    }
    for (size_t i = 0; i < list->count; i++) {
        TypeParameter *p = &list->items[i];
        Text name = mangled(t, inner, p->name);
        if (scope_find_symbol(inner, name) && scope_find_symbol(inner, name)->flags & SYMBOL_ASSIGNED)
            scope_fail(t, p->range, arena_format(t->arena, "duplicate type parameter '%s'", p->name.data));
        scope_add_symbol(t, inner, name, SYMBOL_ASSIGNED | SYMBOL_TYPE_PARAMETER, p->range);
        if (p->bound) {
            const char *what = p->bound->kind == NODE_TUPLE ? "a TypeVar constraint" : "a TypeVar bound";
            visit(t, annotation_scope(t, inner, ANNOTATION_BOUND, &p->bound, what), p->bound);
        }
        if (p->default_value) {
            const char *what = p->kind == TYPE_PARAMETER_PLAIN   ? "a TypeVar default"
                               : p->kind == TYPE_PARAMETER_TUPLE ? "a TypeVarTuple default"
                                                                 : "a ParamSpec default";
            visit(t, annotation_scope(t, inner, ANNOTATION_BOUND, &p->default_value, what), p->default_value);
        }
    }
    return inner;
}

static void visit_alias(ScopeTable *t, Scope *scope, Node *node) {
    bind(t, scope, node->type_alias.name, node->range);
    if (node->type_alias.type_parameters.count)
        scope = visit_type_parameters(t, scope, &node->type_alias.type_parameters, NULL);
    Scope *inner = annotation_scope(t, scope, ANNOTATION_ALIAS, &node->type_alias.value, "a type alias");
    visit(t, inner, node->type_alias.value);
}

static void visit_function(ScopeTable *t, Scope *scope, Node *node) {
    bind(t, scope, node->function.name, node->range);
    visit_list(t, scope, node->function.decorators);
    visit_defaults(t, scope, node->function.parameters);
    if (node->function.type_parameters.count) {
        scope = visit_type_parameters(t, scope, &node->function.type_parameters, NULL);
        // What was evaluated outside: parameters of the scope, filled in the order of function_variables.
        if (parameters_have_defaults(node->function.parameters))
            scope_add_symbol(t, scope, (Text){".defaults", 9}, SYMBOL_PARAMETER, node->range);
        if (parameters_have_keyword_defaults(node->function.parameters))
            scope_add_symbol(t, scope, (Text){".kwdefaults", 11}, SYMBOL_PARAMETER, node->range);
    }
    visit_annotations(t, scope, node->function.parameters);
    if (node->function.returns) visit_one_annotation(t, scope, node->function.returns);
    Scope *inner = new_scope(t, scope, SCOPE_FUNCTION, node);
    inner->is_async = node->function.is_async;
    add_parameters(t, inner, node->function.parameters);
    visit_list(t, inner, node->function.body);
}

static void visit_keywords(ScopeTable *t, Scope *scope, KeywordList keywords) {
    for (size_t i = 0; i < keywords.count; i++) {
        Keyword *k = &keywords.items[i];
        if (k->name.data && text_is(k->name, "__debug__")) scope_fail(t, k->range, "cannot assign to __debug__");
        visit(t, scope, k->value);
    }
}

static void visit_class(ScopeTable *t, Scope *scope, Node *node) {
    bind(t, scope, node->class_.name, node->range);
    visit_list(t, scope, node->class_.decorators);
    if (node->class_.type_parameters.count) scope = visit_type_parameters(t, scope, &node->class_.type_parameters, node);
    visit_list(t, scope, node->class_.bases);
    visit_keywords(t, scope, node->class_.keywords);
    Scope *inner = new_scope(t, scope, SCOPE_CLASS, node);
    inner->class_name = node->class_.name;
    inner->mangled = NULL;
    visit_list(t, inner, node->class_.body);
}

bool scope_is_generator(const Scope *scope) {
    return scope->node && scope->node->kind == NODE_GENERATOR_EXPRESSION;
}

static void visit_iterable(ScopeTable *t, Scope *scope, Node *iterable) {
    bool before = scope->in_iterable;
    scope->in_iterable = true;
    visit(t, scope, iterable);
    scope->in_iterable = before;
}

// No later loop may bind what := has bound.
static void refuse_rebinding(ScopeTable *t, Scope *inner, Node *target) {
    if (target->kind == NODE_TUPLE || target->kind == NODE_LIST) {
        for (size_t i = 0; i < target->sequence.items.count; i++) refuse_rebinding(t, inner, target->sequence.items.items[i]);
        return;
    }
    if (target->kind == NODE_STARRED) target = target->value;
    if (target->kind != NODE_NAME) return;
    const Symbol *s = scope_find_symbol(inner, mangled(t, inner, target->name.id));
    if (s && s->flags & SYMBOL_REBOUND_OUTSIDE)
        scope_fail(t, target->range, arena_format(t->arena, "comprehension inner loop cannot rebind assignment expression target '%s'",
                                            target->name.id.data));
}

static void visit_comprehension(ScopeTable *t, Scope *scope, Node *node) {
    Comprehension *generators = node->comprehension.generators;
    visit_iterable(t, scope, generators[0].iterable);
    bool generator = node->kind == NODE_GENERATOR_EXPRESSION;
    Scope *inner = new_scope(t, scope, generator ? SCOPE_FUNCTION : SCOPE_COMPREHENSION, node);
    if (generator) {
        inner->is_generator = true;
        scope_add_symbol(t, inner, (Text){".0", 2}, SYMBOL_PARAMETER | SYMBOL_ASSIGNED, node->range);
    }
    for (size_t i = 0; i < node->comprehension.count; i++) {
        // An asynchronous comprehension makes a generator expression around it asynchronous too.
        if (generators[i].is_async && scope_is_generator(inner->unit)) inner->unit->is_async = true;
        refuse_rebinding(t, inner, generators[i].target);
        visit(t, inner, generators[i].target);
        if (i) visit_iterable(t, inner, generators[i].iterable);
        visit_list(t, inner, generators[i].conditions);
    }
    if (node->comprehension.value) visit(t, inner, node->comprehension.value);
    visit(t, inner, node->comprehension.element);
}

// The target of := inside a comprehension belongs to the function around it.
static void visit_named(ScopeTable *t, Scope *scope, Node *node) {
    Node *target = node->named.target;
    Text name = mangled(t, scope, target->name.id);
    if (scope->annotation)
        scope_fail(t, node->range, arena_format(t->arena, "named expression cannot be used within %s", scope->annotation_name));
    if (scope->in_iterable) scope_fail(t, node->range, "assignment expression cannot be used in a comprehension iterable expression");
    visit(t, scope, node->named.value);
    Scope *owner = scope;
    while (owner->kind == SCOPE_COMPREHENSION || scope_is_generator(owner)) {
        Symbol *s = scope_find_symbol(owner, name);
        if (s && s->flags & SYMBOL_ASSIGNED && !(s->flags & SYMBOL_NAMED))
            scope_fail(t, target->range,
                 arena_format(t->arena, "assignment expression cannot rebind comprehension iteration variable '%s'",
                              target->name.id.data));
        owner = owner->parent;
        if (owner->kind == SCOPE_CLASS)
            scope_fail(t, target->range, "assignment expression within a comprehension cannot be used in a class body");
        if (owner->annotation)
            scope_fail(t, target->range,
                 arena_format(t->arena, "assignment expression within a comprehension cannot be used %s",
                              owner->annotation == ANNOTATION_BOUND   ? "in a TypeVar bound"
                              : owner->annotation == ANNOTATION_ALIAS ? "in a type alias"
                                                                      : "within the definition of a generic"));
    }
    scope_add_symbol(t, owner, name, SYMBOL_ASSIGNED | SYMBOL_NAMED, target->range);
    if (owner != scope) {
        for (Scope *s = scope; s != owner; s = s->parent)
            scope_add_symbol(t, s, name,
                             SYMBOL_REBOUND_OUTSIDE | (owner->unit->kind == SCOPE_MODULE ? SYMBOL_USED : SYMBOL_USED | SYMBOL_NONLOCAL),
                             target->range);
    }
}

static void visit_import(ScopeTable *t, Scope *scope, Node *node) {
    for (size_t i = 0; i < node->import.count; i++) {
        Alias *alias = &node->import.names[i];
        Text name = alias->as.data ? alias->as : alias->name;
        if (text_is(name, "*")) {
            if (scope->kind != SCOPE_MODULE) scope_fail(t, alias->range, "import * only allowed at module level");
            continue;
        }
        if (node->kind == NODE_IMPORT && !alias->as.data) {
            const char *dot = memchr(name.data, '.', name.length);
            if (dot) name.length = (size_t)(dot - name.data);
            if (dot) name.data = arena_copy(t->arena, name.data, name.length);
        }
        bind(t, scope, name, text_is(name, "__debug__") ? node->range : alias->range);
    }
}

static void declare(ScopeTable *t, Scope *scope, Node *node) {
    bool global = node->kind == NODE_GLOBAL;
    const char *word = global ? "global" : "nonlocal";
    if (!global && scope->kind == SCOPE_MODULE) scope_fail(t, node->range, "nonlocal declaration not allowed at module level");
    for (size_t i = 0; i < node->names.count; i++) {
        Text name = mangled(t, scope, node->names.items[i].name);
        Symbol *s = scope_find_symbol(scope, name);
        const char *message = NULL;
        if (s && s->flags & SYMBOL_PARAMETER)
            message = "name '%s' is parameter and %s";
        else if (s && s->flags & SYMBOL_ANNOTATED)
            message = "annotated name '%s' can't be %s";
        else if (s && s->flags & SYMBOL_USED)
            message = "name '%s' is used prior to %s declaration";
        else if (s && s->flags & SYMBOL_ASSIGNED)
            message = "name '%s' is assigned to before %s declaration";
        else if (s && s->flags & (global ? SYMBOL_NONLOCAL : SYMBOL_GLOBAL))
            message = "name '%s' is nonlocal and global";
        if (message) {
            char *text = arena_allocate(t->arena, strlen(message) + name.length + 16);
            const char *first = strstr(message, "%s");
            size_t at = (size_t)(first - message);
            memcpy(text, message, at);
            memcpy(text + at, name.data, name.length);
            at += name.length;
            const char *second = strstr(first + 2, "%s");
            if (second) {
                memcpy(text + at, first + 2, (size_t)(second - first - 2));
                at += (size_t)(second - first - 2);
                strcpy(text + at, word);
                strcat(text + at, second + 2);
            } else {
                strcpy(text + at, first + 2);
            }
            scope_fail(t, node->range, text);
        }
        scope_add_symbol(t, scope, name, global ? SYMBOL_GLOBAL : SYMBOL_NONLOCAL, node->range);
        Scope *text = scope;
        while (text->parent) text = text->parent;
        if (global && text != scope) scope_add_symbol(t, text, name, SYMBOL_GLOBAL_BELOW, node->range);
    }
}

static void visit_target_names(ScopeTable *t, Scope *scope, Node *node) {
    switch (node->kind) {
    case NODE_MATCH_VALUE: visit(t, scope, node->value); break;
    case NODE_MATCH_SEQUENCE:
    case NODE_MATCH_OR:
        for (size_t i = 0; i < node->patterns.count; i++) visit_target_names(t, scope, node->patterns.items[i]);
        break;
    case NODE_MATCH_MAPPING:
        visit_list(t, scope, node->mapping.keys);
        for (size_t i = 0; i < node->mapping.patterns.count; i++)
            visit_target_names(t, scope, node->mapping.patterns.items[i]);
        if (node->mapping.rest.data) bind(t, scope, node->mapping.rest, node->range);
        break;
    case NODE_MATCH_CLASS:
        visit(t, scope, node->class_pattern.class_);
        for (size_t i = 0; i < node->class_pattern.patterns.count; i++)
            visit_target_names(t, scope, node->class_pattern.patterns.items[i]);
        for (size_t i = 0; i < node->class_pattern.keyword_patterns.count; i++)
            visit_target_names(t, scope, node->class_pattern.keyword_patterns.items[i]);
        break;
    case NODE_MATCH_STAR:
    case NODE_MATCH_AS:
        if (node->capture.pattern) visit_target_names(t, scope, node->capture.pattern);
        if (node->capture.name.data) bind(t, scope, node->capture.name, node->range);
        break;
    default: break;
    }
}

static void visit_name(ScopeTable *t, Scope *scope, Node *node) {
    Text name = mangled(t, scope, node->name.id);
    switch (node->name.context) {
    case CONTEXT_LOAD: use(t, scope, node->name.id, node->range); break;
    case CONTEXT_STORE: scope_add_symbol(t, scope, name, SYMBOL_ASSIGNED, node->range); break;
    case CONTEXT_DELETE: scope_add_symbol(t, scope, name, SYMBOL_ASSIGNED | SYMBOL_UNBOUND | SYMBOL_DELETED, node->range); break;
    }
}

static void visit_yield(ScopeTable *t, Scope *scope, Node *node) {
    const char *what = node->kind == NODE_AWAIT ? NULL : "yield";
    if (scope->annotation)
        scope_fail(t, node->range, arena_format(t->arena, "%s expression cannot be used within %s", what ? what : "await",
                                          scope->annotation_name));
    if (what) {
        for (Scope *s = scope; s; s = s->parent) {
            if (s->kind == SCOPE_COMPREHENSION || scope_is_generator(s)) {
                const char *where = s->node->kind == NODE_LIST_COMPREHENSION  ? "list comprehension"
                                    : s->node->kind == NODE_SET_COMPREHENSION ? "set comprehension"
                                    : s->node->kind == NODE_DICT_COMPREHENSION ? "dict comprehension"
                                                                               : "generator expression";
                scope_fail(t, node->range, arena_format(t->arena, "'yield' inside %s", where));
            }
            if (s->kind != SCOPE_COMPREHENSION) break;
        }
        if (scope->unit->kind == SCOPE_FUNCTION) scope->unit->is_generator = true;
    } else if (scope_is_generator(scope->unit)) {
        scope->unit->is_async = true;
    }
    if (node->value) visit(t, scope, node->value);
}

static void visit_try(ScopeTable *t, Scope *scope, Node *node) {
    visit_list(t, scope, node->try_.body);
    for (size_t i = 0; i < node->try_.handler_count; i++) {
        ExceptHandler *h = &node->try_.handlers[i];
        if (h->type) visit(t, scope, h->type);
        if (h->name.data)
            scope_add_symbol(t, scope, mangled(t, scope, h->name), SYMBOL_ASSIGNED | SYMBOL_UNBOUND, h->range);
        visit_list(t, scope, h->body);
    }
    visit_list(t, scope, node->try_.or_else);
    visit_list(t, scope, node->try_.finally);
}

// An attribute that is set. A class knows the names of those that its functions set on what they call `self`.
static void visit_attribute(ScopeTable *t, Scope *scope, Node *node, bool is_set) {
    Text name = node->attribute.name;
    if (node->attribute.context == CONTEXT_STORE && text_is(name, "__debug__")) scope_fail(t, node->range, "cannot assign to __debug__");
    Node *object = node->attribute.object;
    if (is_set && node->attribute.context == CONTEXT_STORE && object->kind == NODE_NAME && text_is(object->name.id, "self")) {
        Scope *cls = scope->unit->parent;
        while (cls && cls->kind != SCOPE_CLASS) cls = cls->parent;
        if (cls && !cls->attributes) {
            cls->attributes = arena_allocate(t->arena, sizeof(Scope));
            cls->attributes->last_symbol = &cls->attributes->symbols;
        }
        if (cls) scope_add_symbol(t, cls->attributes, name, 0, node->range);
    }
    visit(t, scope, object);
}

// A target that is not set by the statement alone: `a.b += 1`, or `a.b: int`.
static void visit_known_target(ScopeTable *t, Scope *scope, Node *target) {
    if (target->kind == NODE_ATTRIBUTE)
        visit_attribute(t, scope, target, false);
    else
        visit(t, scope, target);
}

static void visit_statement(ScopeTable *t, Scope *scope, Node *node) {
    switch (node->kind) {
    case NODE_FUNCTION_DEF: visit_function(t, scope, node); break;
    case NODE_CLASS_DEF: visit_class(t, scope, node); break;
    case NODE_RETURN:
    case NODE_EXPRESSION_STATEMENT:
        if (node->value) visit(t, scope, node->value);
        break;
    case NODE_DELETE: visit_list(t, scope, node->targets); break;
    case NODE_ASSIGN:
        visit_list(t, scope, node->assign.targets);
        visit(t, scope, node->assign.value);
        break;
    case NODE_AUGMENTED_ASSIGN:
        visit_known_target(t, scope, node->augmented.target);
        visit(t, scope, node->augmented.value);
        break;
    case NODE_ANNOTATED_ASSIGN:
        if (node->annotated.target->kind == NODE_NAME) {
            Text name = mangled(t, scope, node->annotated.target->name.id);
            Symbol *s = scope_find_symbol(scope, name);
            if (s && s->flags & (SYMBOL_GLOBAL | SYMBOL_NONLOCAL) && node->annotated.simple)
                scope_fail(t, node->range, arena_format(t->arena, "annotated name '%s' can't be %s", name.data,
                                                  s->flags & SYMBOL_GLOBAL ? "global" : "nonlocal"));
            scope_add_symbol(t, scope, name, node->annotated.simple ? SYMBOL_ANNOTATED | SYMBOL_ASSIGNED : SYMBOL_ASSIGNED,
                       node->annotated.value ? node->annotated.target->range : node->range);
        } else if (node->annotated.value) {
            visit(t, scope, node->annotated.target);
        } else {
            visit_known_target(t, scope, node->annotated.target);
        }
        visit_one_annotation(t, scope, node->annotated.annotation);
        if (node->annotated.value) visit(t, scope, node->annotated.value);
        break;
    case NODE_TYPE_ALIAS: visit_alias(t, scope, node); break;
    case NODE_FOR:
        visit(t, scope, node->for_.target);
        visit(t, scope, node->for_.iterable);
        visit_list(t, scope, node->for_.body);
        visit_list(t, scope, node->for_.or_else);
        break;
    case NODE_WHILE:
    case NODE_IF:
        visit(t, scope, node->branch.test);
        visit_list(t, scope, node->branch.body);
        visit_list(t, scope, node->branch.or_else);
        break;
    case NODE_WITH:
        for (size_t i = 0; i < node->with.count; i++) {
            visit(t, scope, node->with.items[i].context);
            if (node->with.items[i].target) visit(t, scope, node->with.items[i].target);
        }
        visit_list(t, scope, node->with.body);
        break;
    case NODE_MATCH:
        visit(t, scope, node->match.subject);
        for (size_t i = 0; i < node->match.count; i++) {
            MatchCase *c = &node->match.cases[i];
            visit_target_names(t, scope, c->pattern);
            if (c->guard) visit(t, scope, c->guard);
            visit_list(t, scope, c->body);
        }
        break;
    case NODE_RAISE:
        if (node->raise.exception) visit(t, scope, node->raise.exception);
        if (node->raise.cause) visit(t, scope, node->raise.cause);
        break;
    case NODE_TRY: visit_try(t, scope, node); break;
    case NODE_ASSERT:
        visit(t, scope, node->assert_.test);
        if (node->assert_.message) visit(t, scope, node->assert_.message);
        break;
    case NODE_IMPORT:
    case NODE_IMPORT_FROM: visit_import(t, scope, node); break;
    case NODE_GLOBAL:
    case NODE_NONLOCAL: declare(t, scope, node); break;
    default: break;
    }
}

static void visit(ScopeTable *t, Scope *scope, Node *node) {
    if (stack_here() < t->stack_limit) scope_fail(t, node->range, "too many nested expressions");
    switch (node->kind) {
    case NODE_BOOLEAN_OPERATION: visit_list(t, scope, node->boolean.values); break;
    case NODE_NAMED_EXPRESSION: visit_named(t, scope, node); break;
    case NODE_BINARY_OPERATION:
        visit(t, scope, node->binary.left);
        visit(t, scope, node->binary.right);
        break;
    case NODE_UNARY_OPERATION: visit(t, scope, node->unary.operand); break;
    case NODE_LAMBDA: {
        visit_defaults(t, scope, node->lambda.parameters);
        Scope *inner = new_scope(t, scope, SCOPE_FUNCTION, node);
        add_parameters(t, inner, node->lambda.parameters);
        visit(t, inner, node->lambda.body);
        break;
    }
    case NODE_CONDITIONAL:
        visit(t, scope, node->conditional.test);
        visit(t, scope, node->conditional.body);
        visit(t, scope, node->conditional.or_else);
        break;
    case NODE_DICT:
        for (size_t i = 0; i < node->dict.values.count; i++) {
            if (node->dict.keys.items[i]) visit(t, scope, node->dict.keys.items[i]);
            visit(t, scope, node->dict.values.items[i]);
        }
        break;
    case NODE_SET:
    case NODE_LIST:
    case NODE_TUPLE: visit_list(t, scope, node->sequence.items); break;
    case NODE_LIST_COMPREHENSION:
    case NODE_SET_COMPREHENSION:
    case NODE_DICT_COMPREHENSION:
    case NODE_GENERATOR_EXPRESSION: visit_comprehension(t, scope, node); break;
    case NODE_AWAIT:
    case NODE_YIELD:
    case NODE_YIELD_FROM: visit_yield(t, scope, node); break;
    case NODE_COMPARE:
        visit(t, scope, node->compare.left);
        visit_list(t, scope, node->compare.comparators);
        break;
    case NODE_CALL:
        visit(t, scope, node->call.function);
        visit_list(t, scope, node->call.arguments);
        visit_keywords(t, scope, node->call.keywords);
        break;
    case NODE_FORMATTED_VALUE:
        visit(t, scope, node->formatted.value);
        if (node->formatted.specification) visit(t, scope, node->formatted.specification);
        break;
    case NODE_JOINED_STRING: visit_list(t, scope, node->parts); break;
    case NODE_ATTRIBUTE: visit_attribute(t, scope, node, true); break;
    case NODE_SUBSCRIPT:
        visit(t, scope, node->subscript.object);
        visit(t, scope, node->subscript.index);
        break;
    case NODE_STARRED: visit(t, scope, node->starred.value); break;
    case NODE_NAME: visit_name(t, scope, node); break;
    case NODE_SLICE:
        if (node->slice.lower) visit(t, scope, node->slice.lower);
        if (node->slice.upper) visit(t, scope, node->slice.upper);
        if (node->slice.step) visit(t, scope, node->slice.step);
        break;
    default: visit_statement(t, scope, node);
    }
}

ScopeTable *scope_analyse(Arena *arena, Module *module, bool namespace_locals, bool future_annotations,
                          const char *stack_limit, ScopeError *error) {
    ScopeTable *t = arena_allocate(arena, sizeof(ScopeTable));
    t->arena = arena;
    t->error = error;
    t->stack_limit = stack_limit;
    t->future_annotations = future_annotations;
    if (setjmp(t->stop)) return NULL;
    t->module = new_scope(t, NULL, SCOPE_MODULE, NULL);
    t->module->namespace_locals = namespace_locals;
    visit_list(t, t->module, module->body);
    scope_decide(t);
    return t;
}

Scope *scope_of_module(ScopeTable *table) { return table->module; }
Scope *scope_of_node(ScopeTable *table, const void *node) { return table->map[map_slot(table, node)].scope; }

Symbol *scope_find(Scope *scope, Text name) {
    Symbol *s = scope_find_symbol(scope, name);
    while (s && s->same) s = s->same;
    return s;
}

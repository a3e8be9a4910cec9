// The second pass over the scopes: where each name belongs.
#include "compiler/scope_internal.h"

// Makes `name` a free variable of a unit (once).
static void add_free(ScopeTable *t, Scope *unit, Text name, Range range) {
    Symbol *s = scope_find_symbol(unit, name);
    if (s && s->place == PLACE_FREE) return;
    // The class binds the name for itself too, or its own is what an annotation scope means by it.
    bool keeps_its_own = s && ((unit->kind == SCOPE_CLASS && s->flags & SYMBOL_ASSIGNED) || s->flags & SYMBOL_CLASS_FIRST);
    if (keeps_its_own && !(s->flags & SYMBOL_CLASS_FIRST && t->deciding == s)) {
        // Keep both, the free one under a name that no program can write.
        Text hidden = {arena_format(t->arena, ".free.%s", name.data), name.length + 6};
        s = scope_add_symbol(t, unit, hidden, 0, range);
        if (s->place == PLACE_FREE) return;
    } else {
        s = scope_add_symbol(t, unit, name, 0, range);
    }
    s->place = PLACE_FREE;
    if (unit->free_count == unit->free_capacity) {
        uint16_t capacity = unit->free_capacity ? (uint16_t)(unit->free_capacity * 2) : 4;
        Symbol **grown = arena_allocate(t->arena, capacity * sizeof(Symbol *));
        if (unit->free_count) memcpy(grown, unit->free, unit->free_count * sizeof(Symbol *));
        unit->free = grown;
        unit->free_capacity = capacity;
    }
    s->number = unit->free_count;
    unit->free[unit->free_count++] = s;
}

static bool binds(const Scope *scope, const Symbol *s) {
    return s && s->flags & SYMBOL_ASSIGNED && !(s->flags & (SYMBOL_GLOBAL | SYMBOL_NONLOCAL)) &&
           (scope->kind == SCOPE_FUNCTION || scope->kind == SCOPE_COMPREHENSION);
}

// Looks for the function around that binds the name. Marks it as a cell and passes it through the units between.
// Returns the symbol if it is in the same unit (then *direct), or the unit's free symbol; NULL: nobody binds it.
static Symbol *find_outer(ScopeTable *t, Scope *scope, Text name, Range range) {
    for (Scope *at = scope->parent; at; at = at->parent) {
        Symbol *s = scope_find_symbol(at, name);
        if (at->kind == SCOPE_CLASS && text_is(name, "__class__")) {
            s = scope_add_symbol(t, at, (Text){".class", 6}, 0, range);
            s->place = PLACE_CELL;
            s->is_cell = true;
        } else if (s && at->kind != SCOPE_CLASS && s->flags & SYMBOL_GLOBAL) {
            return NULL;
        } else if (!binds(at, s)) {
            continue;
        }
        if (at->unit == scope->unit) return s;
        s->is_cell = true;
        for (Scope *unit = scope->unit; unit != at->unit; unit = unit->parent->unit) add_free(t, unit, name, range);
        Symbol *mine = scope_find_symbol(scope->unit, name);
        if (mine && mine->place == PLACE_FREE) return mine;
        return scope_find_symbol(scope->unit, (Text){arena_format(t->arena, ".free.%s", name.data), name.length + 6});
    }
    return NULL;
}

static void refuse_type_parameter(ScopeTable *t, Scope *scope, Symbol *s) {
    for (Scope *at = scope->parent; at; at = at->parent) {
        Symbol *there = scope_find_symbol(at, s->name);
        if (!binds(at, there)) continue;
        if (there->flags & SYMBOL_TYPE_PARAMETER)
            scope_fail(t, s->range, arena_format(t->arena, "nonlocal binding not allowed for type parameter '%s'", s->name.data));
        return;
    }
}

// Passes a cell that a scope around has for its own purposes to `scope`.
static void share_cell(ScopeTable *t, Scope *scope, Scope *owner, const char *name) {
    Text text = {name, strlen(name)};
    Symbol *s = scope_add_symbol(t, owner, text, 0, (Range){0});
    s->place = PLACE_CELL;
    s->is_cell = true;
    for (Scope *unit = scope->unit; unit != owner; unit = unit->parent->unit) add_free(t, unit, text, (Range){0});
}

// A name that an annotation scope uses and does not bind: true when its place is decided by the class around.
static bool decide_in_class(ScopeTable *t, Scope *scope, Symbol *s) {
    for (Scope *at = scope->parent; at->annotation; at = at->parent)
        if (binds(at, scope_find_symbol(at, s->name))) return false;
    Symbol *there = scope_find_symbol(scope->seen_class, s->name);
    s->place = PLACE_GLOBAL;
    if (there && there->flags & SYMBOL_GLOBAL) return true;
    s->flags |= SYMBOL_CLASS_FIRST;
    share_cell(t, scope, scope->seen_class, ".classdict");
    // What the class binds is its own or global, whatever functions further out bind.
    return there && there->flags & SYMBOL_ASSIGNED && !(there->flags & SYMBOL_NONLOCAL);
}

static void decide(ScopeTable *t, Scope *scope) {
    bool generic = scope->kind == SCOPE_CLASS && scope->parent->annotation == ANNOTATION_PARAMETERS;
    if (generic) share_cell(t, scope, scope->parent, ".type_params");
    for (Symbol *s = scope->symbols; s; s = s->next) {
        if (s->name.data[0] == '.' && s->name.length > 2) continue;
        if (s->place == PLACE_FREE) continue; // passed through by an inner scope
        if (s->flags & SYMBOL_GLOBAL) {
            s->place = PLACE_GLOBAL;
            continue;
        }
        if (s->flags & SYMBOL_NONLOCAL) {
            Symbol *outer = find_outer(t, scope, s->name, s->range);
            if (!outer) {
                // A walrus target in a comprehension of a function that declared it global.
                Scope *unit = scope->kind == SCOPE_COMPREHENSION ? scope->unit : NULL;
                Symbol *there = unit ? scope_find_symbol(unit, s->name) : NULL;
                if (there) {
                    s->same = there;
                    continue;
                }
                if (scope_is_generator(scope)) {
                    s->place = PLACE_GLOBAL;
                    continue;
                }
                scope_fail(t, s->range, arena_format(t->arena, "no binding for nonlocal '%s' found", s->name.data));
            }
            refuse_type_parameter(t, scope, s);
            if (outer != s) s->same = outer;
            continue;
        }
        if (s->flags & SYMBOL_ASSIGNED) {
            // With a namespace of its own a text binds the global name all the same, where a function in it declares it, as in CPython.
            if (scope->kind == SCOPE_CLASS || (scope->namespace_locals && !(s->flags & SYMBOL_GLOBAL_BELOW)))
                s->place = PLACE_NAMESPACE;
            else
                s->place = scope->kind == SCOPE_MODULE ? PLACE_GLOBAL : PLACE_LOCAL;
            continue;
        }
        if (scope->seen_class && decide_in_class(t, scope, s)) continue;
        t->deciding = s;
        Symbol *outer = scope->parent ? find_outer(t, scope, s->name, s->range) : NULL;
        t->deciding = NULL;
        if (outer) {
            if (outer != s) s->same = outer;
        } else {
            // Nobody binds it. Code for exec, and comprehensions in it, see the namespace first.
            s->place = scope->kind == SCOPE_CLASS || scope->unit->namespace_locals ? PLACE_NAMESPACE : PLACE_GLOBAL;
        }
    }
    for (Scope *child = scope->first_child; child; child = child->sibling) decide(t, child);
}

// When everything is decided: locals that inner functions use are cells.
static void settle(Scope *scope) {
    for (Symbol *s = scope->symbols; s; s = s->next)
        if (s->place == PLACE_LOCAL && s->is_cell) s->place = PLACE_CELL;
    for (Scope *child = scope->first_child; child; child = child->sibling) settle(child);
}

void scope_decide(ScopeTable *t) {
    decide(t, t->module);
    settle(t->module);
}

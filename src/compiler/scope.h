// Scopes: which names belong where. One pass over the tree collects each scope's names, a second decides for each
// whether it is a register, a cell that inner functions share, a free variable, a global, or an entry of a namespace.
#ifndef AIOLI_COMPILER_SCOPE_H
#define AIOLI_COMPILER_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "syntax/tree.h"

typedef enum {
    SCOPE_MODULE,
    SCOPE_CLASS,
    SCOPE_FUNCTION,      // lambdas and generator expressions too
    SCOPE_COMPREHENSION, // of a list, set or dict: it runs inside the code around it, with registers of its own
} ScopeKind;

typedef enum {
    PLACE_GLOBAL,    // module's namespace, then the built-in names
    PLACE_LOCAL,     // a register
    PLACE_CELL,      // a register that holds a cell
    PLACE_FREE,      // a cell of the function's closure
    PLACE_NAMESPACE, // an entry of the namespace in register 0 (class bodies; code for exec)
} Place;

enum {
    SYMBOL_PARAMETER = 1,
    SYMBOL_ASSIGNED = 2,
    SYMBOL_USED = 4,
    SYMBOL_GLOBAL = 8,     // declared so
    SYMBOL_NONLOCAL = 16,
    SYMBOL_ANNOTATED = 32,
    SYMBOL_UNBOUND = 64,   // deleted somewhere, or bound by `except … as`: whether it has a value is asked at each use
    SYMBOL_NAMED = 128,    // target of an assignment expression
    SYMBOL_TYPE_PARAMETER = 256,
    SYMBOL_DELETED = 1024,
    SYMBOL_REBOUND_OUTSIDE = 4096, // of a comprehension: := in it binds the name further out
    SYMBOL_GLOBAL_BELOW = 2048, // of a text's own scope: a function in it declares it global
    SYMBOL_CLASS_FIRST = 512, // in an annotation scope: the namespace of the class around is asked first
};

// Annotation scopes are functions (SCOPE_FUNCTION) that run at once or when their value is first asked for. Directly in a class,
// or in another annotation scope there, they see the class's names.
typedef enum {
    ANNOTATION_NONE,
    ANNOTATION_PARAMETERS, // holds the type parameters of a function, class or alias; runs at once
    ANNOTATION_BOUND,      // a type parameter's bound, constraints or default
    ANNOTATION_ALIAS,      // the value of a `type` statement
} AnnotationKind;

typedef struct Scope Scope;
typedef struct Symbol Symbol;

struct Symbol {
    Text name;
    uint32_t flags;
    Place place;
    bool is_cell;       // an inner function uses it
    uint16_t number;    // register (LOCAL, CELL) or index in the closure (FREE)
    Symbol *same;       // in a comprehension's scope: the symbol of the code around that this name stands for
    Symbol *next;       // in order of appearance
    Symbol *next_in_bucket;
    Range range;        // of its first appearance, for errors
};

struct Scope {
    ScopeKind kind;
    Node *node;
    Scope *parent;
    Scope *unit;        // the scope whose code this runs in: itself, or for a comprehension the one around it
    Symbol *symbols, **last_symbol;
    Symbol **buckets;
    size_t bucket_count, symbol_count;
    Symbol **free;      // of a unit: its free variables, in the order of the closure
    uint16_t free_count, free_capacity;
    Text class_name;    // of the innermost class around, for private names; data NULL outside
    const TypeParameterList *mangled; // only these names are private to class_name: a generic class's scope; NULL: all
    AnnotationKind annotation;
    const char *annotation_name; // for errors
    Scope *seen_class;  // of an annotation scope: the class whose names it sees, or NULL
    Scope *attributes;  // of a class: one whose symbols are what its functions set on `self`; or NULL
    bool is_generator;  // contains yield
    bool in_iterable;   // what is visited stands where a comprehension says what it iterates over
    bool is_async;      // async def, or contains await (generator expressions)
    bool namespace_locals; // module code whose names live in a namespace mapping (exec)
    Scope *first_child, *last_child, *sibling;
};

typedef struct ScopeError {
    const char *message;
    Range range;
} ScopeError;

typedef struct ScopeTable ScopeTable;

// Analyses a module. `namespace_locals`: for exec. On a violation of the language's rules (a name that is parameter and
// global, nonlocal without a binding, …) returns NULL and fills *error; also when the tree is so deep that recursion would
// pass stack_limit (base/stack.h). Memory: the arena (it jumps when that is short).
ScopeTable *scope_analyse(Arena *arena, Module *module, bool namespace_locals, bool future_annotations,
                          const char *stack_limit, ScopeError *error);

Scope *scope_of_module(ScopeTable *table);
// The scope that a function, class, lambda or comprehension node opens. Annotation scopes have other keys: type parameters the
// address of their first, a bound, default or alias's value the address of the field that points to it.
Scope *scope_of_node(ScopeTable *table, const void *node);
// The symbol of a name in a scope as the second pass left it, through comprehensions: never NULL for names of the tree.
// `name` is mangled already.
Symbol *scope_find(Scope *scope, Text name);
// A private name as it is known inside its class: `__x` in class C becomes `_C__x`.
Text scope_mangle(Arena *arena, Scope *scope, Text name);

#endif

// Shared by scope.c, which collects the names, and scope_decide.c, which says where they belong.
#ifndef AIOLI_COMPILER_SCOPE_INTERNAL_H
#define AIOLI_COMPILER_SCOPE_INTERNAL_H

#include <setjmp.h>
#include <string.h>

#include "compiler/scope.h"

struct ScopeTable {
    Arena *arena;
    Scope *module;
    struct NodeScope {
        const void *node;
        Scope *scope;
    } *map; // open addressing by the node's address
    size_t capacity, count;
    ScopeError *error;
    const Symbol *deciding; // of an annotation scope: it may itself become a free variable
    jmp_buf stop;           // where errors jump to
    const char *stack_limit;
    bool future_annotations;
};

static inline bool text_is(Text a, const char *b) { return a.length == strlen(b) && memcmp(a.data, b, a.length) == 0; }

// Ends the analysis with an error at a place of the program.
void scope_fail(ScopeTable *t, Range range, const char *message);
// The scope's symbol of a name, or NULL.
Symbol *scope_find_symbol(Scope *scope, Text name);
// The scope's symbol of a name, which is made where it is not there yet, with some more SYMBOL_… flags.
Symbol *scope_add_symbol(ScopeTable *t, Scope *scope, Text name, uint32_t flags, Range range);
// Whether the scope is a generator expression's.
bool scope_is_generator(const Scope *scope);

// Gives every symbol of the module its place, when all are collected.
void scope_decide(ScopeTable *t);

#endif

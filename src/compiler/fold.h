// Expressions whose value is known to the compiler.
#ifndef AIOLI_COMPILER_FOLD_H
#define AIOLI_COMPILER_FOLD_H

#include "compiler/codegen.h"

// An int or float computed from constants by operators. False when it is not one, would fail, or would be large.
bool fold_number(Compiler *c, Node *node, Value *out);
// Any constant: numbers, text, None and so on, and tuples of constants.
bool fold_constant(Compiler *c, Node *node, Value *out);
// The truth of a constant.
bool fold_truth(const Node *node, bool *out);

#endif

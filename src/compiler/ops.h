// The enumeration of the instructions, from ops.def.
#ifndef AIOLI_COMPILER_OPS_H
#define AIOLI_COMPILER_OPS_H

typedef enum {
#define OP(name, operands, cache, meaning) OP_##name,
#include "compiler/ops.def"
#undef OP
    OP_COUNT
} Op;

#endif

// What the files of the module _json share.
#ifndef AIOLI_MODULES_JSON_INTERNAL_H
#define AIOLI_MODULES_JSON_INTERNAL_H

#include "object/core/native.h"

Value json_encode(VM *vm, Value *args, size_t count);
Value json_encode_string(VM *vm, Value *args, size_t count);

#endif

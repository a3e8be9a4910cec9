// What the files of the module _functools share.
#ifndef AIOLI_MODULES_FUNCTOOLS_INTERNAL_H
#define AIOLI_MODULES_FUNCTOOLS_INTERNAL_H

#include "object/container/dict.h"
#include "object/core/native.h"
#include "object/core/native_data.h"

bool functools_cache_add(VM *vm, Dict *namespace); // the base of what lru_cache makes

#endif

// What the files of the module _collections share.
#ifndef AIOLI_MODULES_COLLECTIONS_INTERNAL_H
#define AIOLI_MODULES_COLLECTIONS_INTERNAL_H

#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/native.h"
#include "object/core/native_data.h"

bool deque_add(VM *vm, Dict *namespace);

#endif

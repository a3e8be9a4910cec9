// A mapping as it is to be read and not written: the namespace of a class, the dict behind a view.
#ifndef AIOLI_OBJECT_MAPPING_PROXY_H
#define AIOLI_OBJECT_MAPPING_PROXY_H

#include "object/core/vm.h"

// A proxy of any mapping: it shows what is there at the moment. VALUE_ERROR with MemoryError.
Value mapping_proxy_new(VM *vm, Value mapping);

bool mapping_proxy_class_init(VM *vm);

#endif

// Items of memory: numbers as C has them in arrays, by the letter that `struct`, `array` and memoryview call them by.
#ifndef AIOLI_OBJECT_ITEM_H
#define AIOLI_OBJECT_ITEM_H

#include "object/core/object.h"

// The bytes of an item; 0: there is none of that letter. Known are c b B ? h H i I l L q Q n N f d P.
size_t item_size(char format);
// The item at a place, which need not be aligned: bytes for 'c', else a number or bool. VALUE_ERROR without memory.
Value item_read(VM *vm, char format, const unsigned char *at);

typedef enum { ITEM_WRITTEN, ITEM_WRONG_TYPE, ITEM_WRONG_VALUE, ITEM_ERROR } ItemStatus;
// Turns a value into the bytes of an item. ITEM_WRONG_…: nothing is raised; ITEM_ERROR: an exception is. [script]
ItemStatus item_write(VM *vm, char format, Value value, unsigned char *to);

#endif

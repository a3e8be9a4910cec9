// A list as a binary heap: the item at k is no greater (`maximum`: no smaller) than those at 2k+1 and 2k+2.
//
// Comparisons may run a script; where one raises, or changes the list's length, so do these functions, and the list keeps its items.
#ifndef AIOLI_OBJECT_LIST_HEAP_H
#define AIOLI_OBJECT_LIST_HEAP_H

#include "object/container/list.h"

// Lets the item at `at` rise towards `top` as long as it comes before the one above it. False with an exception. [script]
bool list_heap_rise(VM *vm, List *heap, size_t top, size_t at, bool maximum);
// Puts the item at `at` where it belongs below. False with an exception. [script]
bool list_heap_sink(VM *vm, List *heap, size_t at, bool maximum);
// Takes the first item out of a heap that has one. VALUE_ERROR with an exception. [script]
Value list_heap_pop(VM *vm, List *heap, bool maximum);

#endif

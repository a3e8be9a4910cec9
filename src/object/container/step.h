// value_next for loops in C, with the commonest iterators' steps in line.
#ifndef AIOLI_OBJECT_STEP_H
#define AIOLI_OBJECT_STEP_H

#include "object/container/iterator.h"
#include "object/container/list.h"
#include "object/core/protocol.h"

// As value_next. [script]
static inline Value iterator_step(VM *vm, Value v) {
    if (is_kind(v, KIND_ITERATOR)) {
        Iterator *it = (Iterator *)object_of(v);
        if (!vm_safepoint(vm, 1)) return VALUE_ERROR;
        size_t position = (size_t)it->position;
        if (it->which == ITERATE_LIST && is_list(it->source) && position < list_of(it->source)->length) {
            it->position++;
            return list_of(it->source)->items[position];
        }
        if (it->which == ITERATE_TUPLE && is_tuple(it->source) && position < tuple_of(it->source)->length) {
            it->position++;
            return tuple_of(it->source)->items[position];
        }
        if (it->which == ITERATE_RANGE && it->limit > 0 && small_fits(it->position)) {
            Value item = value_small(it->position);
            it->limit--;
            it->position += small_of(it->extra);
            return item;
        }
        return iterator_ops.next(vm, v);
    }
    return value_next(vm, v);
}

#endif

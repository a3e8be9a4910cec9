// Shared by the sequence types: repetition, slices of a length, and the repeat operator's operands.
#ifndef AIOLI_OBJECT_SEQUENCE_H
#define AIOLI_OBJECT_SEQUENCE_H

#include "object/shared/builtin.h"

// Fills `to` with `times` copies of the `length` items at `from` (which may be `to` itself), doubling as it
// goes.
static inline void fill_repeated_bytes(char *to, const char *from, size_t length, size_t times) {
    if (!length || !times) return;
    size_t total = length * times, done = length;
    if (to != from) memcpy(to, from, length);
    while (done < total) {
        size_t part = done < total - done ? done : total - done;
        memcpy(to + done, to, part);
        done += part;
    }
}
static inline void fill_repeated(Value *to, const Value *from, size_t length, size_t times) {
    fill_repeated_bytes((char *)to, (const char *)from, length * sizeof(Value), times);
}

// The count of `left * right` where `number` is the side that is no sequence. 1; 0 when the operation is not
// for sequences (answer NOT_IMPLEMENTED); -1 for an error. [script]
int sequence_repeat_count(VM *vm, Value left, Value right, Value number, int64_t *times);

// The numbers of a slice before they are fitted to a length: missing ones are INT64_MIN/MAX according to the
// step's sign. False with an error (step zero, not an index). [script]
bool slice_resolve_bounds(VM *vm, Value slice, int64_t *start, int64_t *stop, int64_t *step);
// Fits them to a length and returns how many items are picked. Runs no script.
size_t slice_clip(size_t length, int64_t *start, int64_t *stop, int64_t step);

#endif

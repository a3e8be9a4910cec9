// SipHash-1-3: a keyed hash of bytes, so that a script's input can't choose its collisions.
#ifndef AIOLI_BASE_HASH_H
#define AIOLI_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const uint64_t key[2], const void *data, size_t length);

#endif

// SHA-512 (FIPS 180-4).
#ifndef AIOLI_BASE_SHA512_H
#define AIOLI_BASE_SHA512_H

#include <stddef.h>

enum { SHA512_SIZE = 64 };

void sha512(const void *data, size_t length, unsigned char digest[SHA512_SIZE]);

#endif

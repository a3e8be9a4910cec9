// Unicode's normalisation forms (UAX 15), of version 15.1.
#ifndef AIOLI_BASE_UNICODE_NORMAL_H
#define AIOLI_BASE_UNICODE_NORMAL_H

#include "base/buffer.h"

typedef enum { NORMAL_COMPOSED = 1, NORMAL_COMPATIBLE = 2 } NormalForm; // or'ed; 0 is NFD

typedef struct {
    unsigned form; // of NormalForm
    bool then;     // decompose as Unicode 3.2 did; only where unicode_data.h is there
    // Called every now and then with how many characters have been worked on; false ends the work. Or NULL.
    bool (*poll)(void *user, size_t work);
    void *user;
} NormalOptions;

// Appends the text in that form to `out`, whose allocator also gives what is needed meanwhile: in proportion to the longest run of
// combining marks. The text is valid UTF-8, maybe with surrogates. The time is linear. False: poll has ended it, or memory was short, and
// then out->failed is set.
bool unicode_normalize(const char *text, size_t size, const NormalOptions *options, Buffer *out);

#endif

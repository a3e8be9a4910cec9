// Normalisation: utf8proc knows what a character decomposes into and what two compose to. The rest is here, since utf8proc's own
// functions take a text whole, in memory of the C library, and order marks in quadratic time.
#include "base/unicode_normal.h"

#include <string.h>
#include <utf8proc.h>

#include "base/unicode_data.h"
#include "base/utf8.h"

// The longest full decomposition has 18 characters (of U+FDFA).
enum { MOST_DECOMPOSED = 32, POLL_EVERY = 1024, FEW_MARKS = 16, CODE_BITS = 21 };

// A text is normalised from one starter (a character of combining class 0) to the next.
typedef struct {
    const NormalOptions *options;
    bool has_starter;
    uint32_t starter;
    Buffer marks;  // what follows the starter: uint32_t, the combining class above the code point
    Buffer sorted; // room for sorting
    Buffer *out;
} Normalizer;

static uint32_t *marks_of(Normalizer *n) { return (uint32_t *)(void *)n->marks.data; }
static size_t mark_count(const Normalizer *n) { return n->marks.length / sizeof(uint32_t); }

static bool poll(Normalizer *n, size_t work) { return !n->options->poll || n->options->poll(n->options->user, work); }
static bool memory_is_short(Normalizer *n) { return !(n->out->failed = true); }

// Whether Unicode 15.1 (or 3.2) has the character, as far as this build knows.
static bool is_assigned(uint32_t c, bool then) {
#ifdef AIOLI_UNICODE_DATA
    const UnicodeRecord *record = unicode_record(c);
    return (then ? record->then : record->now).category != 0;
#else
    return true;
#endif
}

// Combining class as of Unicode 15.1, whatever utf8proc's version is.
static unsigned combining_class(uint32_t c) {
    unsigned combining = (unsigned)utf8proc_get_property((utf8proc_int32_t)c)->combining_class;
    return combining && !is_assigned(c, false) ? 0 : combining;
}

// The composition of two characters; 0: none.
static uint32_t compose(uint32_t first, uint32_t second) {
    utf8proc_int32_t pair[] = {(utf8proc_int32_t)first, (utf8proc_int32_t)second};
    if (utf8proc_normalize_utf32(pair, 2, UTF8PROC_COMPOSE | UTF8PROC_STABLE) != 1) return 0;
    return is_assigned((uint32_t)pair[0], false) ? (uint32_t)pair[0] : 0;
}

// The canonical ordering (D109): stable, by combining class. Many marks are sorted by counting. False with an exception.
static bool sort_marks(Normalizer *n) {
    size_t count = mark_count(n);
    uint32_t *marks = marks_of(n);
    if (count <= FEW_MARKS) {
        for (size_t i = 1; i < count; i++) {
            uint32_t mark = marks[i];
            size_t to = i;
            for (; to > 0 && marks[to - 1] >> CODE_BITS > mark >> CODE_BITS; to--) marks[to] = marks[to - 1];
            marks[to] = mark;
        }
        return true;
    }
    size_t places[257] = {0};
    for (size_t i = 0; i < count; i++) places[(marks[i] >> CODE_BITS) + 1]++;
    if (!poll(n, count)) return false;
    for (size_t i = 1; i < 257; i++) places[i] += places[i - 1];
    n->sorted.length = 0;
    if (!buffer_reserve(&n->sorted, n->marks.length)) return memory_is_short(n);
    uint32_t *sorted = (uint32_t *)(void *)n->sorted.data;
    for (size_t i = 0; i < count; i++) {
        if (!(i % POLL_EVERY) && !poll(n, POLL_EVERY)) return false;
        sorted[places[marks[i] >> CODE_BITS]++] = marks[i];
    }
    memcpy(marks, sorted, n->marks.length);
    return true;
}

// Orders the marks, and composes the starter with those that nothing of their class or a higher one keeps from it (D117).
static bool settle(Normalizer *n) {
    if (!n->marks.length) return true;
    if (!sort_marks(n)) return false;
    if (!(n->options->form & NORMAL_COMPOSED) || !n->has_starter) return true;
    uint32_t *marks = marks_of(n);
    size_t kept = 0, count = mark_count(n);
    for (size_t i = 0; i < count; i++) {
        if (i % POLL_EVERY == POLL_EVERY - 1 && !poll(n, POLL_EVERY)) return false;
        bool is_blocked = kept && marks[kept - 1] >> CODE_BITS == marks[i] >> CODE_BITS;
        uint32_t composed = is_blocked ? 0 : compose(n->starter, marks[i] & ((1 << CODE_BITS) - 1));
        if (composed) n->starter = composed;
        else marks[kept++] = marks[i];
    }
    n->marks.length = kept * sizeof *marks;
    return true;
}

// Writes what the starter and its marks have become.
static void flush(Normalizer *n) {
    if (n->has_starter) buffer_code_point(n->out, n->starter);
    const uint32_t *marks = marks_of(n);
    for (size_t i = 0, count = mark_count(n); i < count; i++) buffer_code_point(n->out, marks[i] & ((1 << CODE_BITS) - 1));
    n->marks.length = 0;
    n->has_starter = false;
}

// Whether this starter may compose with one before it: signs of Indic scripts and jamos do.
static bool is_second_starter(uint32_t c) { return c >= 0x9BE && (c <= 0x1B35 || (c >= 0x11000 && c < 0x12000)); }

// One character of the full decomposition.
static bool add(Normalizer *n, uint32_t c) {
    unsigned combining = c < 0x300 ? 0 : combining_class(c);
    if (combining) {
        uint32_t mark = combining << CODE_BITS | c;
        buffer_append(&n->marks, (const char *)&mark, sizeof mark);
        return !n->marks.failed || memory_is_short(n);
    }
    if (!settle(n)) return false;
    bool may_compose = n->options->form & NORMAL_COMPOSED && n->has_starter && !n->marks.length && is_second_starter(c);
    uint32_t composed = may_compose ? compose(n->starter, c) : 0;
    if (!composed) flush(n);
    n->starter = composed ? composed : c;
    n->has_starter = true;
    return true;
}

// A character of the text.
static bool take(Normalizer *n, uint32_t c) {
    if (c < 0xA0) return add(n, c);
    utf8proc_int32_t parts[MOST_DECOMPOSED];
    utf8proc_option_t options = n->options->form & NORMAL_COMPATIBLE ? UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT : UTF8PROC_DECOMPOSE;
    utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)c, parts, MOST_DECOMPOSED, options, NULL);
    bool is_changed = count != 1 || (uint32_t)parts[0] != c;
    if (!is_changed) return add(n, c);
    if (count < 0 || count > MOST_DECOMPOSED || !is_assigned(c, n->options->then)) return add(n, c);
#ifdef AIOLI_UNICODE_DATA
    uint32_t corrected = n->options->then ? unicode_corrected(c) : 0;
    if (corrected) return add(n, corrected);
#endif
    for (utf8proc_ssize_t i = 0; i < count; i++)
        if (!add(n, (uint32_t)parts[i])) return false;
    return true;
}

bool unicode_normalize(const char *text, size_t size, const NormalOptions *options, Buffer *out) {
    Normalizer n = {.options = options, .out = out};
    buffer_init(&n.marks, out->allocator);
    buffer_init(&n.sorted, out->allocator);
    bool ok = true;
    int width;
    for (size_t i = 0, taken = 0; ok && i < size; i += (size_t)width) {
        uint32_t c = utf8_decode(text + i, &width);
        ok = (++taken % POLL_EVERY || poll(&n, POLL_EVERY)) && take(&n, c) && !out->failed;
    }
    ok = ok && settle(&n);
    if (ok) flush(&n);
    buffer_free(&n.marks);
    buffer_free(&n.sorted);
    return ok && !out->failed;
}

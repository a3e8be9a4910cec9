// What the files of the module _re share: patterns, the machine that PCRE2 runs in, matches.
#ifndef AIOLI_MODULES_REGEX_INTERNAL_H
#define AIOLI_MODULES_REGEX_INTERNAL_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/exception/exception.h"

typedef enum { REGEX_SEARCH, REGEX_MATCH, REGEX_FULLMATCH, REGEX_MODES } RegexMode;

// One compiled form of a pattern: for a way to match, and for text of ASCII or any.
typedef struct {
    pcre2_code *code; // NULL until needed
    uint32_t uses;    // runs so far; it is compiled to machine code when it has had some
    bool tuned;
} RegexProgram;

typedef struct {
    NativeData data;
    Value pattern;        // str or bytes-like
    int64_t flags;
    uint32_t groups;
    bool is_text, folds;  // folds: PCRE2 is to ignore case
    uint32_t depth;       // of nested parentheses
    String *wide, *narrow; // in PCRE2's notation; of bytes there is the narrow one alone
    Dict *group_index;    // names to numbers
    Tuple *group_names;   // by number, None for those without; [0] is None
    Tuple *closed;        // groups in the order of their ends
    Tuple *loops;         // by number: what repeats the group, as a number of its own, or 0
    Value template_reader; // called with this and a template: a list of text and numbers of groups
    pcre2_match_data *found;
    RegexProgram programs[REGEX_MODES][2];
} RegexPattern;

// What is searched. Bytes of a bytearray or memoryview may move when a script runs: open it again then.
typedef struct {
    Value object;
    const char *data;
    size_t size;   // bytes
    bool is_text, narrow;
} RegexSubject;

#define REGEX_UNSET PCRE2_UNSET

typedef struct {
    NativeData data;
    RegexPattern *pattern;
    Value subject;
    size_t position, end_position; // as indices
    Tuple *regs;                   // made when first asked for
    size_t offsets[];              // bytes: 2 for each group and the whole, or REGEX_UNSET
} RegexMatch;

extern const TypeOps regex_pattern_ops, regex_match_ops;

// The state that PCRE2 keeps for a VM, in an object. NULL with MemoryError.
Object *regex_machine_new(VM *vm);
void regex_pattern_free(VM *vm, RegexPattern *pattern); // what PCRE2 holds of it

// Reads what is to be searched. False with TypeError: it is of the other kind than the pattern, or of none.
bool regex_open(VM *vm, const RegexPattern *pattern, Value object, RegexSubject *out);
// Matches from the offset `start`; the subject ends at `size`. The result is in pattern->found. 1, 0, or -1 with an exception. Runs
// no script and does not collect.
int regex_run(VM *vm, RegexPattern *pattern, const RegexSubject *subject, RegexMode mode, size_t start, uint32_t options);
static inline const size_t *regex_offsets(const RegexPattern *pattern) { return pcre2_get_ovector_pointer(pattern->found); }

// The text between two offsets, as CPython gives it: the subject itself if it is the whole of an exact str or bytes.
Value regex_slice(VM *vm, const RegexSubject *subject, size_t start, size_t end);
// A match made of what the last run has found. VALUE_ERROR with MemoryError.
Value regex_match_new(VM *vm, RegexPattern *pattern, const RegexSubject *subject, size_t position, size_t end_position);
// The text of a group, or `absent`.
Value regex_match_group(VM *vm, const RegexMatch *match, const RegexSubject *subject, uint32_t group, Value absent);

bool regex_match_class_add(VM *vm, Dict *namespace);
bool regex_pattern_class_add(VM *vm, Dict *namespace);

// Appends what a template says of a match's offsets. `parts` is what the reader of templates has made. False with an exception.
bool regex_expand(VM *vm, Buffer *out, List *parts, const RegexSubject *subject, const size_t *offsets, bool is_text);
// Calls the reader of templates.
List *regex_template(VM *vm, RegexPattern *pattern, Value template);

#endif

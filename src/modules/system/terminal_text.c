// The functions of _terminal that work on text: how wide it is, and what a source text that is being typed is made of.
#include <utf8proc.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "modules/system/terminal.h"
#include "object/shared/builtin.h"
#include "syntax/scan.h"
#include "syntax/typed.h"

static String *text_argument(VM *vm, Value v, const char *function) {
    if (is_string(v)) return string_of(v);
    raise_type_error(vm, "%s() argument must be str, not %s", function, type_name(vm, v));
    return NULL;
}

// ---- Columns

// The next grapheme cluster of a text. A cluster takes as many columns as its characters do together, but two at most: emoji that are
// joined into one, with a colour of skin, or as the two letters of a flag are shown in two. A variation selector asks for an emoji
// where the character alone would be a narrow sign.
typedef struct {
    const char *at, *end;
    size_t character; // the number of those before `at`
    int columns;      // of the cluster that came last
} Clusters;

static int character_columns(uint32_t code) {
    // What can't be encoded is shown by a sign of replacement.
    if (code >= 0xD800 && code < 0xE000) return 1;
    return utf8proc_charwidth((utf8proc_int32_t)code);
}

// Moves on to the end of the next cluster. False at the end of the text.
static bool next_cluster(Clusters *c) {
    enum { TEXT_SELECTOR = 0xFE0E, EMOJI_SELECTOR = 0xFE0F };
    if (c->at == c->end) return false;
    utf8proc_int32_t state = 0;
    int bytes;
    uint32_t code = utf8_decode(c->at, &bytes);
    c->columns = character_columns(code);
    for (;;) {
        c->at += bytes;
        c->character++;
        if (c->at == c->end) break;
        uint32_t next = utf8_decode(c->at, &bytes);
        // The commonest of all.
        if (code < 0x80 && next < 0x80 && code != '\r') break;
        if (utf8proc_grapheme_break_stateful((utf8proc_int32_t)code, (utf8proc_int32_t)next, &state)) break;
        code = next;
        c->columns = code == EMOJI_SELECTOR && c->columns == 1 ? 2 : c->columns + character_columns(code);
    }
    if (c->columns > 2) c->columns = 2;
    return true;
}

static Value text_width(VM *vm, Value *args, size_t count) {
    String *text = text_argument(vm, args[0], "width");
    if (!text) return VALUE_ERROR;
    Clusters c = {.at = text->data, .end = text->data + text->size};
    int64_t columns = 0;
    while (next_cluster(&c)) {
        columns += c.columns;
        if (!vm_poll(vm, 1)) return VALUE_ERROR;
    }
    return value_small(columns);
}

static bool append_triple(VM *vm, List *list, Value a, Value b, Value c) {
    Value items[3] = {a, b, c};
    Tuple *triple = tuple_from(vm, items, 3);
    return triple && list_append(vm, list, value_object(triple)) && vm_safepoint(vm, 1);
}

static Value text_clusters(VM *vm, Value *args, size_t count) {
    String *text = text_argument(vm, args[0], "clusters");
    List *list = text ? list_new(vm, 0) : NULL;
    if (!list) return VALUE_ERROR;
    Clusters c = {.at = text->data, .end = text->data + text->size};
    for (size_t start = 0; next_cluster(&c); start = c.character)
        if (!append_triple(vm, list, value_small((int64_t)start), value_small((int64_t)c.character), value_small(c.columns)))
            return VALUE_ERROR;
    return value_object(list);
}

// ---- Source text

// Runs `work` with an arena, which it may fill until memory is short. False with MemoryError.
static bool with_arena(VM *vm, Arena *arena, jmp_buf *failure, const String *text, void (*work)(Arena *arena, const String *text, void *data),
                       void *data) {
    arena_init(arena, &vm->heap.counted, failure);
    if (setjmp(*failure) == 0) {
        work(arena, text, data);
        return vm_poll(vm, work_of_characters(text->size) * 4);
    }
    raise_memory_error(vm);
    return false;
}

static void do_scan(Arena *arena, const String *text, void *data) { scan_text(arena, text->data, text->size, data); }
static void do_state(Arena *arena, const String *text, void *data) { *(TypedState *)data = typed_state(arena, text->data, text->size); }
static void do_indentation(Arena *arena, const String *text, void *data) {
    *(size_t *)data = typed_indentation(arena, text->data, text->size);
}

static const char *const kind_names[] = {[SCAN_KEYWORD] = "keyword", [SCAN_SOFT] = "soft",     [SCAN_NAME] = "name",
                                         [SCAN_CONSTANT] = "builtin-constant", [SCAN_NUMBER] = "number",
                                         [SCAN_STRING] = "string",   [SCAN_COMMENT] = "comment", [SCAN_OPERATOR] = "operator",
                                         [SCAN_OPEN] = "open",       [SCAN_CLOSE] = "close",     [SCAN_ERROR] = "error"};
enum { KINDS = sizeof kind_names / sizeof *kind_names };

// The tokens of a scan, with offsets in characters.
static List *list_tokens(VM *vm, const String *text, const Scan *scan) {
    Value kinds[KINDS];
    for (size_t i = 0; i < KINDS; i++) {
        String *name = string_intern_from(vm, kind_names[i], strlen(kind_names[i]));
        if (!name) return NULL;
        kinds[i] = value_object(name);
    }
    List *list = list_new(vm, scan->count);
    size_t byte = 0, character = 0;
    for (uint32_t i = 0; list && i < scan->count; i++) {
        const ScanToken *token = &scan->tokens[i];
        size_t start = character + utf8_count(text->data + byte, token->start - byte);
        size_t end = start + utf8_count(text->data + token->start, token->end - token->start);
        byte = token->end;
        character = end;
        if (!append_triple(vm, list, kinds[token->kind], value_small((int64_t)start), value_small((int64_t)end))) return NULL;
    }
    return list;
}

static Value text_tokens(VM *vm, Value *args, size_t count) {
    String *text = text_argument(vm, args[0], "tokens");
    if (!text) return VALUE_ERROR;
    if (text->size > UINT32_MAX / 4) return raise_value_error(vm, "the text is too long");
    Arena arena;
    jmp_buf failure;
    Scan scan;
    List *list = with_arena(vm, &arena, &failure, text, do_scan, &scan) ? list_tokens(vm, text, &scan) : NULL;
    arena_free(&arena);
    return object_or_error(list);
}

static Value text_completeness(VM *vm, Value *args, size_t count) {
    static const char *const names[] = {[TYPED_COMPLETE] = "complete", [TYPED_INCOMPLETE] = "incomplete", [TYPED_INVALID] = "invalid"};
    String *text = text_argument(vm, args[0], "completeness");
    if (!text) return VALUE_ERROR;
    if (text->size > UINT32_MAX / 4) return raise_value_error(vm, "the text is too long");
    Arena arena;
    jmp_buf failure;
    TypedState state;
    bool ok = with_arena(vm, &arena, &failure, text, do_state, &state);
    arena_free(&arena);
    return ok ? object_or_error(string_from(vm, names[state])) : VALUE_ERROR;
}

static Value text_indentation(VM *vm, Value *args, size_t count) {
    String *text = text_argument(vm, args[0], "indentation");
    if (!text) return VALUE_ERROR;
    if (text->size > UINT32_MAX / 4) return raise_value_error(vm, "the text is too long");
    Arena arena;
    jmp_buf failure;
    size_t columns;
    bool ok = with_arena(vm, &arena, &failure, text, do_indentation, &columns);
    arena_free(&arena);
    return ok ? value_small((int64_t)columns) : VALUE_ERROR;
}

const NativeDefinition terminal_text_functions[] = {{"clusters", text_clusters, "text, /", NATIVE_METHOD},
                                                    {"completeness", text_completeness, "source, /", NATIVE_METHOD},
                                                    {"indentation", text_indentation, "source, /", NATIVE_METHOD},
                                                    {"tokens", text_tokens, "source, /", NATIVE_METHOD},
                                                    {"width", text_width, "text, /", NATIVE_METHOD},
                                                    {0}};

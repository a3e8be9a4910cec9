// One frame of a traceback as CPython's traceback module writes it. Which characters are underlined by `~` and which by
// `^` is found as there: by parsing the piece of source once more.
#include <string.h>
#include <utf8proc.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "object/exception/traceback_internal.h"
#include "object/shared/builtin.h"
#include "syntax/parse.h"

typedef struct {
    const char *text;
    size_t length;
} Line;

typedef struct {
    Line *items;
    size_t count;
} Lines;

// Where the left side of an operation ends and where its right side begins: line and byte in the segment.
typedef struct {
    size_t left_line, left, right_line, right;
} Anchors;

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f' || c == '\r' || c == '\v' || c == '\n'; }

// ---- Source lines

// Lines first … last of the code's source without blanks at their ends; fewer where the source is shorter.
static void source_lines(const Code *code, uint32_t first, uint32_t last, Lines *lines) {
    lines->count = 0;
    if (!is_string(code->source)) return;
    const String *source = string_of(code->source);
    const char *at = source->data, *end = source->data + source->size;
    for (uint32_t number = 1; number <= last && at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at)), *next = stop ? stop + 1 : end;
        if (!stop) stop = end;
        if (number >= first) {
            size_t length = (size_t)(stop - at);
            while (length && is_blank(at[length - 1])) length--;
            lines->items[lines->count++] = (Line){at, length};
        }
        at = next;
    }
}

static size_t leading_blanks(Line line) {
    size_t n = 0;
    while (n < line.length && (line.text[n] == ' ' || line.text[n] == '\t')) n++;
    return n;
}

// How many leading bytes all lines that are not empty have in common, as textwrap.dedent.
static size_t common_margin(const Lines *lines) {
    const Line *model = NULL;
    size_t margin = 0;
    for (size_t i = 0; i < lines->count; i++) {
        Line line = lines->items[i];
        size_t blanks = leading_blanks(line);
        if (blanks == line.length) continue;
        if (!model) {
            model = &lines->items[i];
            margin = blanks;
            continue;
        }
        size_t same = 0;
        while (same < margin && same < blanks && line.text[same] == model->text[same]) same++;
        margin = same;
    }
    return margin;
}

static void dedent(Lines *lines) {
    size_t margin = common_margin(lines);
    for (size_t i = 0; i < lines->count; i++) {
        Line *line = &lines->items[i];
        size_t cut = leading_blanks(*line) == line->length ? line->length : margin;
        line->text += cut;
        line->length -= cut;
    }
}

// Columns on a terminal of the first `bytes` bytes of a line.
static size_t display_width(Line line, size_t bytes) {
    if (bytes > line.length) bytes = line.length;
    size_t width = 0;
    for (size_t i = 0; i < bytes;) {
        int size;
        uint32_t c = utf8_decode(line.text + i, &size);
        width += c >= 0x1100 && utf8proc_charwidth((utf8proc_int32_t)c) == 2 ? 2 : 1;
        i += (size_t)size;
    }
    return width;
}

// ---- Parsing what is shown

// Parses; NULL where the text is no program. Leaves through `failure` when memory is short.
static Module *parse(Arena *arena, const Buffer *text) {
    return parse_source(arena, text->data, text->length, PARSE_FILE).module;
}

static bool name_called(const Node *value) { return value && value->kind == NODE_CALL && value->call.function->kind == NODE_NAME; }

// Whether the lines are one `return f(…)` or `x = …(…)` of which the call is underlined: carets would say nothing then.
static bool is_whole_call(const Module *module, const Lines *lines, size_t start, size_t end) {
    if (!module || !module->body.count) return false;
    const Node *statement = module->body.items[0], *value = NULL;
    if (statement->kind == NODE_RETURN && name_called(statement->value)) value = statement->value;
    if (statement->kind == NODE_ASSIGN && statement->assign.value->kind == NODE_CALL && statement->assign.targets.count == 1 &&
        statement->assign.targets.items[0]->kind == NODE_NAME)
        value = statement->assign.value;
    return value && value->range.line == 1 && value->range.end_line == lines->count && value->range.column == start &&
           value->range.end_column == end;
}

// ---- Anchors, found in the segment's lines

static bool valid_character(const Lines *lines, size_t *line, size_t *column) {
    while (*line < lines->count && *column >= lines->items[*line].length) {
        *column = 0;
        ++*line;
    }
    return *line < lines->count;
}

// Moves on to the next character that is no comment or line joint and that `stop` accepts. False: there is none.
static bool search(const Lines *lines, size_t *line, size_t *column, bool (*stop)(char c)) {
    for (;;) {
        char c = lines->items[*line].text[*column];
        if (c == '\\' || c == '#') {
            *column = 0;
            ++*line;
        } else if (!stop(c)) {
            ++*column;
        } else {
            return true;
        }
        if (!valid_character(lines, line, column)) return false;
    }
}
static bool is_operator_start(char c) { return !is_blank(c) && c != ')'; }
static bool is_square(char c) { return c == '['; }
static bool is_round(char c) { return c == '('; }

// The end of an expression in the segment: the parse had one line before it.
static bool end_of(const Lines *lines, const Node *node, size_t *line, size_t *column) {
    if (node->range.end_line < 2) return false;
    *line = node->range.end_line - 2;
    *column = node->range.end_column;
    return *line < lines->count;
}

static bool operator_anchors(const Lines *lines, const Node *node, Anchors *anchors) {
    size_t line, column;
    if (!end_of(lines, node->binary.left, &line, &column) || !valid_character(lines, &line, &column) ||
        !search(lines, &line, &column, is_operator_start))
        return false;
    size_t right = column + 1;
    const Node *right_side = node->binary.right;
    Line text = lines->items[line];
    if (right < text.length && (right_side->range.line > line + 2 || right < right_side->range.column) &&
        !is_blank(text.text[right]) && text.text[right] != '\\' && text.text[right] != '#')
        right++;
    *anchors = (Anchors){line, column, line, right};
    return true;
}

static bool bracket_anchors(const Lines *lines, const Node *node, const Node *left, bool (*bracket)(char), Anchors *anchors) {
    size_t line, column, end_line, end;
    if (!end_of(lines, left, &line, &column) || !valid_character(lines, &line, &column) ||
        !search(lines, &line, &column, bracket) || !end_of(lines, node, &end_line, &end))
        return false;
    *anchors = (Anchors){line, column, end_line, end};
    return true;
}

static bool find_anchors(const Module *module, const Lines *segment, Anchors *anchors) {
    if (!module || module->body.count != 1 || module->body.items[0]->kind != NODE_EXPRESSION_STATEMENT) return false;
    const Node *node = module->body.items[0]->value;
    switch (node->kind) {
    case NODE_BINARY_OPERATION: return operator_anchors(segment, node, anchors);
    case NODE_SUBSCRIPT: return bracket_anchors(segment, node, node->subscript.object, is_square, anchors);
    case NODE_CALL: return bracket_anchors(segment, node, node->call.function, is_round, anchors);
    default: return false;
    }
}

// ---- Writing

typedef struct {
    Lines lines;       // dedented
    size_t start, end; // bytes: in the first line, in the last one
    bool has_anchors, carets;
    Anchors anchors;
} Shown;

// Parses what is shown, for the anchors and for whether carets are shown at all.
static void look(VM *vm, Shown *shown) {
    Buffer text = vm_buffer(vm);
    Arena arena;
    jmp_buf failure;
    Lines *lines = &shown->lines;
    Line *pieces = heap_resize(vm, NULL, 0, lines->count * sizeof(Line));
    Line first = lines->items[0], last = lines->items[lines->count - 1];
    bool edges = false;
    for (size_t i = 0; i < shown->start && i < first.length; i++) edges |= !is_blank(first.text[i]);
    for (size_t i = shown->end; i < last.length; i++) edges |= !is_blank(last.text[i]);
    shown->carets = edges;
    arena_init(&arena, &vm->heap.counted, &failure);
    if (pieces && !setjmp(failure)) {
        Lines segment = {pieces, lines->count};
        buffer_text(&text, "(\n");
        for (size_t i = 0; i < lines->count; i++) {
            size_t from = i == 0 ? shown->start : 0;
            size_t to = i + 1 == lines->count ? shown->end : lines->items[i].length;
            if (to < from) to = from;
            pieces[i] = (Line){lines->items[i].text + from, to - from};
            buffer_append(&text, pieces[i].text, pieces[i].length);
            buffer_byte(&text, '\n');
        }
        buffer_text(&text, ")");
        if (!text.failed) shown->has_anchors = find_anchors(parse(&arena, &text), &segment, &shown->anchors);
        if (shown->has_anchors) {
            if (shown->anchors.left_line == 0) shown->anchors.left += shown->start;
            if (shown->anchors.right_line == 0) shown->anchors.right += shown->start;
        }
        text.length = 0;
        for (size_t i = 0; i < lines->count; i++) {
            buffer_append(&text, lines->items[i].text, lines->items[i].length);
            buffer_byte(&text, '\n');
        }
        if (!text.failed) {
            shown->carets = edges || shown->has_anchors;
            if (is_whole_call(parse(&arena, &text), lines, shown->start, shown->end)) shown->carets = false;
        }
    }
    arena_free(&arena);
    buffer_free(&text);
    heap_resize(vm, pieces, lines->count * sizeof(Line), 0);
}

static void write_line(const Shown *shown, size_t number, Buffer *out) {
    const Lines *lines = &shown->lines;
    Line line = lines->items[number];
    const Anchors *a = &shown->anchors;
    buffer_text(out, "    ");
    buffer_append(out, line.text, line.length);
    buffer_byte(out, '\n');
    if (!shown->carets) return;
    buffer_text(out, "    ");
    size_t blanks = 0;
    while (blanks < line.length && is_blank(line.text[blanks])) blanks++;
    size_t columns = display_width(line, number + 1 == lines->count ? shown->end : line.length);
    size_t start = number == 0 ? display_width(line, shown->start) : 0;
    size_t left = 0, right = 0;
    if (shown->has_anchors) {
        left = display_width(lines->items[a->left_line], a->left);
        right = display_width(lines->items[a->right_line], a->right);
    }
    for (size_t column = 0; column < columns; column++) {
        if (column < blanks || column < start) {
            buffer_byte(out, ' ');
            continue;
        }
        bool operation = shown->has_anchors && (number > a->left_line || (number == a->left_line && column >= left)) &&
                         (number < a->right_line || (number == a->right_line && column < right));
        buffer_byte(out, shown->has_anchors && !operation ? '~' : '^');
    }
    buffer_byte(out, '\n');
}

static bool is_significant(const Shown *shown, size_t number) {
    if (number == 0 || number + 1 == shown->lines.count) return true;
    const Anchors *a = &shown->anchors;
    return shown->has_anchors && ((number + 1 >= a->left_line && number <= a->left_line + 1) ||
                                  (number + 1 >= a->right_line && number <= a->right_line + 1));
}

// Long ranges show their first and last line and those around the anchors.
static void write_lines(const Shown *shown, Buffer *out) {
    size_t previous = 0;
    for (size_t number = 0; number < shown->lines.count; number++) {
        if (!is_significant(shown, number)) continue;
        if (number && number - previous == 2) write_line(shown, number - 1, out);
        if (number && number - previous > 2) buffer_format(out, "    ...<%zu lines>...\n", number - previous - 1);
        write_line(shown, number, out);
        previous = number;
    }
}

void traceback_write_frame(VM *vm, const Code *code, uint32_t instruction, Buffer *out) {
    const LineEntry *place = code_place(code, instruction);
    buffer_text(out, "  File \"");
    buffer_string(out, code->file_name);
    buffer_format(out, "\", line %u, in ", place->line);
    buffer_string(out, code->name);
    buffer_byte(out, '\n');
    uint32_t last = place->end_line >= place->line ? place->end_line : place->line;
    size_t capacity = (size_t)(last - place->line) + 1;
    Line *items = place->line ? heap_resize(vm, NULL, 0, capacity * sizeof(Line)) : NULL;
    if (!items) return;
    Shown shown = {.lines = {items, 0}};
    source_lines(code, place->line, last, &shown.lines);
    bool any = false;
    for (size_t i = 0; i < shown.lines.count; i++) any |= shown.lines.items[i].length != leading_blanks(shown.lines.items[i]);
    bool placed = place->column != 0xFFFF && place->end_column != 0xFFFF && shown.lines.count == capacity;
    if (any && !placed) {
        Line line = shown.lines.items[0];
        size_t blanks = leading_blanks(line);
        buffer_text(out, "    ");
        buffer_append(out, line.text + blanks, line.length - blanks);
        buffer_byte(out, '\n');
    } else if (any) {
        Line first = items[0];
        dedent(&shown.lines);
        size_t margin = first.length - items[0].length;
        shown.start = place->column > margin ? place->column - margin : 0;
        shown.end = place->end_column > margin ? place->end_column - margin : 0;
        if (shown.start > items[0].length) shown.start = items[0].length;
        if (shown.end > items[capacity - 1].length) shown.end = items[capacity - 1].length;
        look(vm, &shown);
        write_lines(&shown, out);
    }
    heap_resize(vm, items, capacity * sizeof(Line), 0);
}

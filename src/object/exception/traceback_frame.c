// One frame of a traceback: where it is, its source lines, and the markers below them.
#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"
#include "object/exception/traceback.h"
#include "object/exception/traceback_internal.h"
#include "object/shared/builtin.h"

typedef struct {
    SourceLine *items;
    size_t count;
} Lines;

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
            lines->items[lines->count++] = (SourceLine){at, length};
        }
        at = next;
    }
}

static size_t leading_blanks(SourceLine line) {
    size_t n = 0;
    while (n < line.length && (line.text[n] == ' ' || line.text[n] == '\t')) n++;
    return n;
}

void traceback_write_line(const Code *code, uint32_t line, Buffer *out) {
    SourceLine item;
    Lines lines = {.items = &item};
    source_lines(code, line, line, &lines);
    if (!lines.count) return;
    size_t blanks = leading_blanks(item);
    buffer_format(out, "  %.*s\n", (int)(item.length - blanks), item.text + blanks);
}

// How many leading bytes all lines that are not empty have in common, as textwrap.dedent.
static size_t common_margin(const Lines *lines) {
    const SourceLine *model = NULL;
    size_t margin = 0;
    for (size_t i = 0; i < lines->count; i++) {
        SourceLine line = lines->items[i];
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
        SourceLine *line = &lines->items[i];
        size_t cut = leading_blanks(*line) == line->length ? line->length : margin;
        line->text += cut;
        line->length -= cut;
    }
}

// Columns on a terminal of the first `bytes` bytes of a line.
static size_t display_width(SourceLine line, size_t bytes) {
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

// ---- Writing

typedef struct {
    Lines lines;       // dedented
    size_t start, end; // bytes: in the first line, in the last one
    SourceShape shape;
    bool marked; // whether markers are written below the lines
    bool colours;
} Shown;

// Markers are left out where they would underline all that is there, and say nothing more: a bare expression that has no
// parts to tell apart, or the one call of a statement.
static void look(VM *vm, Shown *shown) {
    const Lines *lines = &shown->lines;
    SourceLine first = lines->items[0], last = lines->items[lines->count - 1];
    bool is_part = false;
    for (size_t i = 0; i < shown->start && i < first.length; i++) is_part |= !is_blank(first.text[i]);
    for (size_t i = shown->end; i < last.length; i++) is_part |= !is_blank(last.text[i]);
    shown->shape = source_shape(vm, lines->items, lines->count, shown->start, shown->end);
    shown->marked = !shown->shape.is_whole_statement && (is_part || shown->shape.kind != SHAPE_OTHER);
}

// A marked line has five stretches, each of which may be empty: what is not marked, then what stands above `~`, `^` and `~` again, and
// the rest. In bytes of the line.
typedef struct {
    size_t margin, from, to, end;
} Stretches;

// The byte at which a place of the shape lies in line `number`: places on other lines are before its start or behind its end.
static size_t byte_in_line(SourcePlace place, size_t number, size_t end) {
    if (place.line != number) return place.line < number ? 0 : end;
    return place.column < end ? place.column : end;
}

static Stretches stretches_of(const Shown *shown, size_t number) {
    SourceLine line = shown->lines.items[number];
    bool is_last = number + 1 == shown->lines.count;
    Stretches s = {.end = is_last && shown->end < line.length ? shown->end : line.length};
    while (s.margin < line.length && is_blank(line.text[s.margin])) s.margin++;
    if (number == 0 && shown->start > s.margin) s.margin = shown->start;
    if (s.margin > s.end) s.margin = s.end;
    s.from = s.margin;
    s.to = s.end;
    if (shown->shape.kind != SHAPE_OTHER) {
        s.from = byte_in_line(shown->shape.from, number, s.end);
        s.to = byte_in_line(shown->shape.to, number, s.end);
        if (s.from < s.margin) s.from = s.margin;
        if (s.to < s.from) s.to = s.from;
    }
    return s;
}

static void colour_fill(Buffer *out, const char *code, char marker, size_t count) {
    if (!count) return;
    if (code) buffer_format(out, "\033[%sm", code);
    buffer_fill(out, marker, count);
    if (code) buffer_text(out, "\033[0m");
}

static const char *const plain_code = "31", *const strong_code = "1;31";

static void write_markers(const Shown *shown, size_t number, Buffer *out) {
    SourceLine line = shown->lines.items[number];
    Stretches s = stretches_of(shown, number);
    size_t margin = display_width(line, s.margin), from = display_width(line, s.from), to = display_width(line, s.to);
    size_t end = display_width(line, s.end);
    buffer_fill(out, ' ', 4 + margin);
    colour_fill(out, shown->colours ? plain_code : NULL, '~', from - margin);
    colour_fill(out, shown->colours ? strong_code : NULL, '^', to - from);
    colour_fill(out, shown->colours ? plain_code : NULL, '~', end - to);
    buffer_byte(out, '\n');
}

static void write_line(const Shown *shown, size_t number, Buffer *out) {
    SourceLine line = shown->lines.items[number];
    buffer_text(out, "    ");
    if (shown->marked && shown->colours) {
        Stretches s = stretches_of(shown, number);
        buffer_append(out, line.text, s.margin);
        colour_text(out, plain_code, line.text + s.margin, s.from - s.margin);
        colour_text(out, strong_code, line.text + s.from, s.to - s.from);
        colour_text(out, plain_code, line.text + s.to, s.end - s.to);
        buffer_append(out, line.text + s.end, line.length - s.end);
    } else {
        buffer_append(out, line.text, line.length);
    }
    buffer_byte(out, '\n');
    if (shown->marked) write_markers(shown, number, out);
}

static bool is_near(size_t number, size_t line) { return number + 1 >= line && number <= line + 1; }

// Of many lines the first and the last are shown, and those next to where the shape begins and ends.
static bool is_chosen(const Shown *shown, size_t number) {
    return number == 0 || number + 1 == shown->lines.count ||
           (shown->shape.kind != SHAPE_OTHER &&
            (is_near(number, shown->shape.from.line) || is_near(number, shown->shape.to.line)));
}

static void write_lines(const Shown *shown, Buffer *out) {
    size_t count = shown->lines.count, next = 0;
    for (size_t number = 0; number < count; number = next) {
        write_line(shown, number, out);
        for (next = number + 1; next < count && !is_chosen(shown, next);) next++;
        size_t left_out = next - number - 1;
        if (left_out == 1) // the remark would take as much room
            write_line(shown, number + 1, out);
        else if (left_out)
            buffer_format(out, "    ...<%zu lines>...\n", left_out);
    }
}

void colour_text(Buffer *out, const char *code, const char *text, size_t size) {
    if (!size) return;
    if (code) buffer_format(out, "\033[%sm", code);
    buffer_append(out, text, size);
    if (code) buffer_text(out, "\033[0m");
}

void traceback_write_place(VM *vm, const char *file, size_t size, uint32_t line, Buffer *out) {
    const char *code = vm->colours ? COLOUR_OF_PLACES : NULL;
    buffer_text(out, "  File ");
    if (code) buffer_format(out, "\033[%sm", code);
    buffer_byte(out, '"');
    buffer_append(out, file, size);
    buffer_byte(out, '"');
    if (code) buffer_text(out, "\033[0m");
    buffer_text(out, ", line ");
    char number[16];
    colour_text(out, code, number, (size_t)snprintf(number, sizeof number, "%u", line));
}

// Lines of source, of which what lies between a byte of the first and a byte of the last is marked; `is_placed`: whether
// there is such a stretch. Without one the first line alone is shown.
static void write_source(VM *vm, Lines *lines, bool is_placed, size_t start, size_t end, bool colours, Buffer *out) {
    bool any = false;
    for (size_t i = 0; i < lines->count; i++) any |= lines->items[i].length != leading_blanks(lines->items[i]);
    if (!any) return;
    SourceLine first = lines->items[0];
    if (!is_placed) {
        size_t blanks = leading_blanks(first);
        buffer_text(out, "    ");
        buffer_append(out, first.text + blanks, first.length - blanks);
        buffer_byte(out, '\n');
        return;
    }
    dedent(lines);
    Shown shown = {.lines = *lines, .colours = colours};
    size_t margin = first.length - lines->items[0].length, last_length = lines->items[lines->count - 1].length;
    shown.start = start > margin ? start - margin : 0;
    shown.end = end > margin ? end - margin : 0;
    if (shown.start > lines->items[0].length) shown.start = lines->items[0].length;
    if (shown.end > last_length) shown.end = last_length;
    look(vm, &shown);
    write_lines(&shown, out);
}

void traceback_write_frame(VM *vm, const Code *code, uint32_t instruction, Buffer *out) {
    const LineEntry *place = code_place(code, instruction);
    traceback_write_place(vm, code->file_name->data, code->file_name->size, place->line, out);
    buffer_text(out, ", in ");
    colour_text(out, vm->colours ? COLOUR_OF_PLACES : NULL, code->name->data, code->name->size);
    buffer_byte(out, '\n');
    uint32_t last = place->end_line >= place->line ? place->end_line : place->line;
    size_t capacity = (size_t)(last - place->line) + 1;
    SourceLine *items = place->line ? heap_resize(vm, NULL, 0, capacity * sizeof(SourceLine)) : NULL;
    if (!items) return;
    Lines lines = {items, 0};
    source_lines(code, place->line, last, &lines);
    bool is_placed = place->column != 0xFFFF && place->end_column != 0xFFFF && lines.count == capacity;
    write_source(vm, &lines, is_placed, place->column, place->end_column, vm->colours, out);
    heap_resize(vm, items, capacity * sizeof(SourceLine), 0);
}

void traceback_write_source(VM *vm, const String *text, bool is_placed, size_t start, size_t end, bool colours, Buffer *out) {
    size_t capacity = 1;
    for (size_t i = 0; i < text->size; i++) capacity += text->data[i] == '\n';
    SourceLine *items = heap_resize(vm, NULL, 0, capacity * sizeof(SourceLine));
    if (!items) {
        out->failed = true;
        return;
    }
    Lines lines = {items, 0};
    const char *at = text->data, *stop = at + text->size;
    while (lines.count < capacity) {
        const char *line_end = memchr(at, '\n', (size_t)(stop - at));
        if (!line_end) line_end = stop;
        size_t length = (size_t)(line_end - at);
        while (length && is_blank(at[length - 1])) length--;
        items[lines.count++] = (SourceLine){at, length};
        at = line_end + 1;
    }
    write_source(vm, &lines, is_placed, start, end, colours, out);
    heap_resize(vm, items, capacity * sizeof(SourceLine), 0);
}

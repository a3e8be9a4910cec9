// What a task waits for and where, in words: for all reports that tell of it.
#include "loop/explain.h"

#include <string.h>

#include "loop/methods.h"
#include "loop/primitives.h"
#include "loop/wait.h"
#include "object/text/str.h"

enum { MOST_NAMES = 10 };

// ---- Who waits for whom

const Value *explain_awaited(VM *vm, Task *task, Value *one, size_t *count) {
    Value waiting = task->waiter.waiting;
    *count = 0;
    if (task->future.park >= PARK_LINE) {
        const WaitKind *kind = line_kind(&task->waiter);
        waiting = kind->awaited ? kind->awaited(vm, waiting) : VALUE_NONE;
    } else if (is_gather(waiting)) {
        const Gather *gather = (const Gather *)object_of(waiting);
        if (!gather->children) return NULL;
        waiting = value_object(gather->children);
    }
    if (is_list(waiting)) return *count = list_of(waiting)->length, list_of(waiting)->items;
    if (is_tuple(waiting)) return *count = tuple_of(waiting)->length, tuple_of(waiting)->items;
    *one = waiting;
    *count = 1;
    return one;
}

// ---- Places and names

void explain_place(const Code *code, uint32_t instruction, Buffer *out) {
    buffer_format(out, "%s:%u", code->file_name->data, code_place(code, instruction)->line);
}

static bool is_part_of_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || (unsigned char)c >= 0x80;
}

typedef struct {
    const char *start, *end;
} Span;

static Span trimmed(Span span) {
    while (span.start < span.end && (*span.start == ' ' || *span.start == '\t')) span.start++;
    while (span.end > span.start && (span.end[-1] == ' ' || span.end[-1] == '\t')) span.end--;
    return span;
}

static Span find_line(const String *source, uint32_t number) {
    const char *at = source->data, *end = at + source->size;
    for (; at && number > 1; number--)
        if ((at = memchr(at, '\n', (size_t)(end - at)))) at++;
    if (!at) return (Span){end, end};
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    return (Span){at, stop ? stop : end};
}

// Splits a line that assigns into its last targets and its value. False: it does not assign, or not so simply.
static bool split_assignment(Span line, Span *targets, Span *value) {
    int depth = 0;
    const char *start = line.start, *equals = NULL;
    for (const char *at = line.start; at < line.end; at++) {
        if (*at == '\'' || *at == '"') return false;
        if (*at == '#') {
            line.end = at;
            break;
        }
        depth += (*at == '(' || *at == '[' || *at == '{') - (*at == ')' || *at == ']' || *at == '}');
        if (*at != '=' || depth) continue;
        bool is_comparison = (at + 1 < line.end && at[1] == '=') || (at > line.start && strchr("=!<>+-*/%&|^@:", at[-1]));
        if (is_comparison) return false;
        if (equals) start = equals + 1;
        equals = at;
    }
    if (!equals) return false;
    *targets = (Span){start, equals};
    *value = (Span){equals + 1, line.end};
    return true;
}

// The item of that number of a list with commas; an empty span behind its end when it has fewer.
static Span item_of(Span list, size_t number) {
    int depth = 0;
    const char *start = list.start;
    for (const char *at = list.start; at < list.end; at++) {
        depth += (*at == '(' || *at == '[' || *at == '{') - (*at == ')' || *at == ']' || *at == '}');
        if (*at != ',' || depth) continue;
        if (!number--) return trimmed((Span){start, at});
        start = at + 1;
    }
    return number ? (Span){list.end, list.end} : trimmed((Span){start, list.end});
}

void explain_name(const Code *code, uint32_t instruction, Buffer *out) {
    if (!code || !is_string(code->source)) return;
    const LineEntry *place = code_place(code, instruction);
    Span line = find_line(string_of(code->source), place->line), targets, value;
    bool is_known = place->column != 0xFFFF && place->end_line == place->line && line.start + place->end_column <= line.end;
    if (!is_known || !split_assignment(line, &targets, &value)) return;
    // The making must be all of the value, or of one of its items.
    Span item = item_of(value, 0);
    size_t number = 0;
    while (item.start < item.end && item.start != line.start + place->column) item = item_of(value, ++number);
    if (item.start == item.end || item.end != line.start + place->end_column) return;
    Span name = item_of(targets, number);
    const char *annotation = memchr(name.start, ':', (size_t)(name.end - name.start));
    if (annotation) name = trimmed((Span){name.start, annotation});
    if (name.end - name.start > 5 && memcmp(name.start, "self.", 5) == 0) name.start += 5;
    bool is_name = name.start < name.end;
    for (const char *at = name.start; at < name.end; at++) is_name &= is_part_of_name(*at);
    if (is_name) buffer_append(out, name.start, (size_t)(name.end - name.start));
}

static void write_quoted_name(const Code *code, uint32_t instruction, Buffer *out) {
    size_t before = out->length;
    buffer_text(out, " '");
    explain_name(code, instruction, out);
    if (out->length == before + 2)
        out->length = before;
    else
        buffer_byte(out, '\'');
}

static void write_task_name(VM *vm, Task *task, Buffer *out) {
    String *name = task_name(vm, task);
    buffer_format(out, "'%s'", name ? name->data : "?");
}

// ---- What a task waits for

static void write_awaited(VM *vm, Task *task, Buffer *out) {
    Value one;
    size_t count, shown = 0, more = 0;
    const Value *awaited = explain_awaited(vm, task, &one, &count);
    for (size_t i = 0; i < count; i++) {
        if (!explain_is_unfinished(awaited[i])) continue;
        if (shown == MOST_NAMES) {
            more++;
            continue;
        }
        buffer_text(out, shown++ ? ", " : ": ");
        write_task_name(vm, task_of(awaited[i]), out);
    }
    if (more) buffer_format(out, " and %zu more", more);
}

static void write_holder(VM *vm, const Lock *lock, const Task *by, Buffer *out) {
    if (!lock->locked) return;
    if (!is_task(lock->holder)) {
        buffer_text(out, ", taken outside of all tasks");
    } else if (future_done(future_of(lock->holder))) {
        buffer_text(out, ", never given back by ");
        write_task_name(vm, task_of(lock->holder), out);
        buffer_text(out, ", which has ended,");
    } else {
        buffer_text(out, ", held by ");
        if (task_of(lock->holder) == by)
            buffer_text(out, "itself");
        else
            write_task_name(vm, task_of(lock->holder), out);
    }
    if (!lock->taken_in) return;
    buffer_text(out, " since ");
    explain_place(lock->taken_in, lock->taken_at, out);
}

void explain_wait(VM *vm, Task *task, const Frame *library, bool is_hopeless, Buffer *out) {
    Value waiting = task->waiter.waiting;
    if (task->future.park >= PARK_LINE && line_kind(&task->waiter)->noun) {
        const Waitable *owner = (const Waitable *)object_of(waiting);
        const WaitKind *kind = line_kind(&task->waiter);
        const Lock *lock = lock_if_any(waiting);
        buffer_text(out, kind->noun);
        if (kind->awaited && !lock) return write_awaited(vm, task, out);
        write_quoted_name(owner->made_in, owner->made_at, out);
        if (owner->made_in) {
            buffer_text(out, " (");
            explain_place(owner->made_in, owner->made_at, out);
            buffer_byte(out, ')');
        }
        if (lock) write_holder(vm, lock, task, out);
    } else if (is_task(waiting)) {
        buffer_text(out, "task ");
        write_task_name(vm, task_of(waiting), out);
    } else if (is_gather(waiting)) {
        buffer_text(out, "a gather");
        write_awaited(vm, task, out);
    } else if (library) {
        buffer_format(out, "%s()", frame_code(library)->qualified_name->data);
    } else {
        buffer_text(out, is_future(waiting) ? "a future" : "nothing that can come");
        if (is_future(waiting) && is_hopeless) buffer_text(out, " that nobody completes");
    }
}

void explain_task(VM *vm, Task *task, const char *indentation, Buffer *out) {
    const Frame *place, *library;
    report_find_place(task, &place, &library);
    buffer_format(out, "\n%stask ", indentation);
    write_task_name(vm, task, out);
    if (task->created_in && !code_is_library(task->created_in)) {
        buffer_text(out, " (made at ");
        explain_place(task->created_in, task->created_at, out);
        buffer_byte(out, ')');
    }
    buffer_text(out, " waits for ");
    explain_wait(vm, task, library, true, out);
    if (!place) return;
    const Code *code = frame_code(place);
    buffer_format(out, "\n%s  File \"%s\", line %u, in %s", indentation, code->file_name->data,
                  code_place(code, frame_instruction(place))->line, code->qualified_name->data);
}

void explain_state(VM *vm, Task *task, const Frame *library, bool is_hopeless, Buffer *out) {
    static const struct {
        const char *sort, *text;
    } plain[] = {{"runs", "itself: it runs"}, {"sleep", "a sleep"}, {"turn", "its turn"}, {"host", "the host"}, {"descriptor", "a file descriptor"}};
    const char *sort = explain_sort(vm, task);
    bool is_plain = !is_hopeless && (!library || strcmp(sort, "runs") == 0 || strcmp(sort, "turn") == 0);
    for (size_t i = 0; i < sizeof plain / sizeof *plain && is_plain; i++)
        if (strcmp(plain[i].sort, sort) == 0) return buffer_text(out, plain[i].text);
    explain_wait(vm, task, library, is_hopeless, out);
}

const char *explain_sort(VM *vm, const Task *task) {
    Value waiting = task->waiter.waiting;
    if (task == loop_of(vm)->current) return "runs";
    if (task->future.park >= PARK_LINE) return line_kind(&task->waiter)->sort;
    if (task->future.park != PARK_NONE) return "sleep";
    if (!is_future(waiting)) return "turn";
    switch ((FutureKind)future_of(waiting)->kind) {
    case FUTURE_TASK:
    case FUTURE_GATHER: return "task";
    case FUTURE_PROMISED: return "host";
    case FUTURE_DESCRIPTOR: return "descriptor";
    case FUTURE_PLAIN:
    case FUTURE_LINE: break;
    }
    return "future";
}

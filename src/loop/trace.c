// A trace of what tasks do, as events of the Trace Event Format, which Perfetto and Chrome show: a track for each task, slices for its steps
// and its waits, and arrows from what wakes a task to the step that follows.
#include <math.h>
#include <stdio.h>

#include "loop/loop.h"
#include "loop/methods.h"
#include "loop/wait.h"
#include "object/core/errors.h"
#include "object/text/str.h"
#include "vm/frame.h"
#include "vm/generator.h"

enum { MOST_WAIT_TEXT = 64 };

// What is known of a track.
typedef struct {
    double since;    // microseconds: when its wait began; below 0: it does not wait
    uint64_t arrow;  // of what has woken it, or 0
    char wait[MOST_WAIT_TEXT];
} Track;

struct Tracer {
    void (*write)(VM *vm, const char *text, size_t length);
    Track *tracks; // by number, from 1
    uint32_t count, capacity;
    uint64_t arrows;
    double begin; // of the system's clock, in seconds
    bool failed;  // for lack of memory: nothing more is written
};

// Microseconds since the beginning. What a virtual clock jumps over is added to the time that steps really take.
static double now(VM *vm) {
    Loop *loop = loop_of(vm);
    double seconds = loop_system_time() - loop->tracer->begin;
    if (loop->driver && loop->driver->is_virtual) seconds += loop_time(vm);
    return seconds * 1e6;
}

bool trace_begin(VM *vm, void (*write)(VM *vm, const char *text, size_t length)) {
    struct Tracer *tracer = heap_resize(vm, NULL, 0, sizeof *tracer);
    if (!tracer) return false;
    *tracer = (struct Tracer){.write = write, .begin = loop_system_time()};
    loop_of(vm)->tracer = tracer;
    return true;
}

void trace_end(VM *vm) {
    struct Tracer *tracer = loop_of(vm)->tracer;
    if (!tracer) return;
    heap_resize(vm, tracer->tracks, tracer->capacity * sizeof(Track), 0);
    heap_resize(vm, tracer, sizeof *tracer, 0);
    loop_of(vm)->tracer = NULL;
}

static void write_text(Buffer *out, const char *text, size_t length) {
    buffer_byte(out, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') buffer_byte(out, '\\');
        if (c < 0x20)
            buffer_format(out, "\\u%04x", c);
        else
            buffer_byte(out, text[i]);
    }
    buffer_byte(out, '"');
}

// Begins an event: its kind, track and time, and the name of what happens.
static void begin_event(Buffer *out, char kind, uint32_t track, double at, const char *name, size_t length) {
    buffer_format(out, "{\"ph\":\"%c\",\"pid\":1,\"tid\":%u,\"ts\":%.3f,\"name\":", kind, track, at);
    write_text(out, name, length);
}

static void end_event(VM *vm, Buffer *out) {
    struct Tracer *tracer = loop_of(vm)->tracer;
    buffer_text(out, "}");
    if (out->failed)
        tracer->failed = true;
    else
        tracer->write(vm, out->data, out->length);
    buffer_free(out);
}

// The track of a task, which is made with its first event; NULL when there is no memory.
static Track *track_of(VM *vm, Task *task) {
    struct Tracer *tracer = loop_of(vm)->tracer;
    if (tracer->failed) return NULL;
    uint32_t number = task->future.track;
    if (number) return &tracer->tracks[number - 1];
    if (tracer->count == tracer->capacity) {
        uint32_t capacity = tracer->capacity ? tracer->capacity * 2 : 64;
        Track *grown = heap_resize(vm, tracer->tracks, tracer->capacity * sizeof(Track), capacity * sizeof(Track));
        if (!grown) return tracer->failed = true, NULL;
        tracer->tracks = grown;
        tracer->capacity = capacity;
    }
    tracer->tracks[tracer->count] = (Track){.since = -1};
    task->future.track = ++tracer->count;
    String *name = task_name(vm, task);
    if (!name) exception_clear(vm);
    Buffer out = vm_buffer(vm);
    begin_event(&out, 'M', task->future.track, 0, "thread_name", 11);
    buffer_text(&out, ",\"args\":{\"name\":");
    write_text(&out, name ? name->data : "?", name ? name->size : 1);
    buffer_byte(&out, '}');
    end_event(vm, &out);
    return &tracer->tracks[tracer->count - 1];
}

// What is woken by the task that runs gets an arrow from here to its next step.
void trace_wake(VM *vm, Task *woken) {
    Loop *loop = loop_of(vm);
    if (!loop->current || loop->current == woken) return;
    Track *from = track_of(vm, loop->current), *to = from ? track_of(vm, woken) : NULL;
    if (!to || to->arrow) return;
    to->arrow = ++loop->tracer->arrows;
    Buffer out = vm_buffer(vm);
    begin_event(&out, 's', loop->current->future.track, now(vm), "wake", 4);
    buffer_format(&out, ",\"cat\":\"wake\",\"id\":%llu", (unsigned long long)to->arrow);
    end_event(vm, &out);
}

double trace_step_begins(VM *vm, Task *task) {
    Track *track = track_of(vm, task);
    double at = now(vm);
    if (!track) return at;
    if (track->since >= 0) {
        Buffer out = vm_buffer(vm);
        begin_event(&out, 'X', task->future.track, track->since, track->wait, strlen(track->wait));
        buffer_format(&out, ",\"cat\":\"wait\",\"dur\":%.3f", fmax(at - track->since, 0));
        end_event(vm, &out);
        track->since = -1;
    }
    if (track->arrow) {
        Buffer out = vm_buffer(vm);
        begin_event(&out, 'f', task->future.track, at, "wake", 4);
        buffer_format(&out, ",\"cat\":\"wake\",\"bp\":\"e\",\"id\":%llu", (unsigned long long)track->arrow);
        end_event(vm, &out);
        track->arrow = 0;
    }
    return at;
}

static void describe_wait(VM *vm, Task *task, char *out) {
    Value waiting = task->waiter.waiting;
    if (task->future.park >= PARK_LINE)
        snprintf(out, MOST_WAIT_TEXT, "%s", line_kind(&task->waiter)->text);
    else if (task->future.park != PARK_NONE)
        snprintf(out, MOST_WAIT_TEXT, "sleep()");
    else if (is_task(waiting)) {
        String *name = task_name(vm, task_of(waiting));
        if (!name) exception_clear(vm);
        snprintf(out, MOST_WAIT_TEXT, "task %s", name ? name->data : "?");
    } else
        snprintf(out, MOST_WAIT_TEXT, "%s", is_gather(waiting) ? "gather()" : is_future(waiting) ? "a future" : "its turn");
    // A name that was cut in the middle of a character loses the rest of that.
    size_t length = strlen(out);
    while (length && ((unsigned char)out[length - 1] & 0xC0) == 0x80 && length > MOST_WAIT_TEXT - 5) length--;
    if (length && (unsigned char)out[length - 1] >= 0xC0) length--;
    if (length < strlen(out)) out[length] = 0;
}

void trace_step_ends(VM *vm, Task *task, double began) {
    Track *track = track_of(vm, task);
    if (!track) return;
    double at = now(vm);
    const char *name = "step";
    const Frame *place = NULL, *library;
    if (is_kind(task->coroutine, KIND_GENERATOR)) name = frame_code(&((const Generator *)object_of(task->coroutine))->frame)->qualified_name->data;
    bool ended = future_done(&task->future);
    if (!ended) report_find_place(task, &place, &library);
    Buffer out = vm_buffer(vm);
    begin_event(&out, 'X', task->future.track, began, name, strlen(name));
    buffer_format(&out, ",\"cat\":\"run\",\"dur\":%.3f", fmax(at - began, 0));
    if (place) {
        const Code *code = frame_code(place);
        buffer_text(&out, ",\"args\":{\"stops at\":");
        Buffer where = vm_buffer(vm);
        buffer_format(&where, "%s:%u in %s", code->file_name->data, code_place(code, frame_instruction(place))->line, code->qualified_name->data);
        if (!where.failed) write_text(&out, where.data, where.length);
        else out.failed = true;
        buffer_free(&where);
        buffer_byte(&out, '}');
    }
    end_event(vm, &out);
    if (ended) return;
    track->since = at;
    describe_wait(vm, task, track->wait);
}

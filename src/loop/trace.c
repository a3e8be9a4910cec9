// A trace of what tasks do, as events of the Trace Event Format, which Perfetto and Chrome show: a track for each task, slices for its steps
// and its waits, and arrows from what wakes a task to the step that follows. src/cli/timeline.js reads them as well, and all of their `args`.
#include <math.h>
#include <stdio.h>

#include "loop/explain.h"
#include "loop/loop.h"
#include "loop/methods.h"
#include "loop/wait.h"
#include "object/core/errors.h"
#include "object/text/str.h"
#include "vm/generator.h"

enum { MOST_WAIT_TEXT = 64 };

// What is known of a track.
typedef struct {
    double since;    // microseconds: when its wait began; below 0: it does not wait
    uint64_t arrow;  // of what has woken it, or 0
    uint64_t name;   // that it was given last: the bits of a Value, which are only compared
    char wait[MOST_WAIT_TEXT];
} Track;

struct Tracer {
    void (*write)(VM *vm, const char *text, size_t length);
    Track *tracks; // by number, from 1
    uint32_t count, capacity;
    uint64_t arrows;
    double begin; // of the system's clock, in seconds
    double last, jumped; // seconds: the time told last; what has been added so that it never goes back
    bool failed;  // for lack of memory: nothing more is written
};

// Microseconds since the beginning. What a virtual clock jumps over is added to the time that steps really take.
static double now(VM *vm) {
    Loop *loop = loop_of(vm);
    struct Tracer *tracer = loop->tracer;
    double seconds = loop_system_time() - tracer->begin + tracer->jumped;
    if (loop->driver && loop->driver->is_virtual) seconds += loop_time(vm);
    // The clock of each run begins at 0.
    if (seconds < tracer->last) {
        tracer->jumped += tracer->last - seconds;
        seconds = tracer->last;
    }
    tracer->last = seconds;
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

// Begins an event: its kind, track and time, and the name of what happens.
static void begin_event(Buffer *out, char kind, uint32_t track, double at, const char *name, size_t length) {
    buffer_format(out, "{\"ph\":\"%c\",\"pid\":1,\"tid\":%u,\"ts\":%.3f,\"name\":", kind, track, at);
    buffer_json_string(out, name, length);
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

// A member "key": "FILE:LINE in FUNCTION" of the object that is being written.
static void write_place(VM *vm, Buffer *out, const char *key, const Code *code, uint32_t instruction) {
    Buffer where = vm_buffer(vm);
    explain_place(code, instruction, &where);
    buffer_format(&where, " in %s", code->qualified_name->data);
    buffer_format(out, "%s\"%s\":", out->length && out->data[out->length - 1] == '{' ? "" : ",", key);
    if (where.failed)
        out->failed = true;
    else
        buffer_json_string(out, where.data, where.length);
    buffer_free(&where);
}

static void tell_name(VM *vm, Task *task, Track *track, uint32_t number) {
    track->name = task->name.bits;
    String *name = task_name(vm, task);
    if (!name) exception_clear(vm);
    Buffer out = vm_buffer(vm);
    begin_event(&out, 'M', number, now(vm), "thread_name", 11);
    buffer_text(&out, ",\"args\":{\"name\":");
    buffer_json_string(&out, name ? name->data : "?", name ? name->size : 1);
    if (task->created_in && !code_is_library(task->created_in)) write_place(vm, &out, "made", task->created_in, task->created_at);
    buffer_byte(&out, '}');
    end_event(vm, &out);
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
    Track *track = &tracer->tracks[tracer->count - 1];
    tell_name(vm, task, track, tracer->count);
    return track;
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
    Code *code = NULL;
    uint32_t instruction = 0;
    loop_note_place(vm, &code, &instruction);
    if (code && !code_is_library(code)) {
        buffer_text(&out, ",\"args\":{");
        write_place(vm, &out, "at", code, instruction);
        buffer_byte(&out, '}');
    }
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

// How a task has ended.
static void write_end(VM *vm, const Task *task, Buffer *out) {
    const Future *f = &task->future;
    bool failed = f->state == FUTURE_FAILED;
    buffer_format(out, "\"ends\":\"%s\"", failed ? "failed" : f->state == FUTURE_CANCELLED ? "cancelled" : "returned");
    if (!failed) return;
    const char *name = type_name(vm, f->result);
    buffer_text(out, ",\"exception\":");
    buffer_json_string(out, name, strlen(name));
}

// What a task that goes on later waits for, and where.
static void write_stop(VM *vm, Task *task, const Frame *place, const Frame *library, Buffer *out) {
    Buffer wait = vm_buffer(vm);
    explain_state(vm, task, library, false, &wait);
    buffer_format(out, "\"sort\":\"%s\",\"waits for\":", explain_sort(vm, task));
    if (wait.failed)
        out->failed = true;
    else
        buffer_json_string(out, wait.data, wait.length);
    buffer_free(&wait);
    if (place) write_place(vm, out, "stops at", frame_code(place), frame_instruction(place));
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
    if (track->name != task->name.bits) tell_name(vm, task, track, task->future.track);
    begin_event(&out, 'X', task->future.track, began, name, strlen(name));
    buffer_format(&out, ",\"cat\":\"run\",\"dur\":%.3f,\"args\":{", fmax(at - began, 0));
    if (ended)
        write_end(vm, task, &out);
    else
        write_stop(vm, task, place, library, &out);
    buffer_byte(&out, '}');
    end_event(vm, &out);
    if (ended) return;
    track->since = at;
    describe_wait(vm, task, track->wait);
    exception_clear(vm); // of names that there was no memory for
}

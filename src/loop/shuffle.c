// Another order of the tasks than the plain one, for tests of what depends on it. Only tasks that could run at once change places, one of
// the next few going before all before it; callbacks keep theirs, as asyncio promises their order.
#include "loop/loop.h"
#include "loop/methods.h"
#include "object/core/errors.h"
#include "object/text/str.h"
#include "vm/frame.h"

enum { MOST_PASSED = 64 };

// SplitMix64 (Steele, Lea, Flood 2014).
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static ReadyEntry *entry_at(Loop *loop, size_t index) { return &loop->ready[(loop->ready_first + index) & (loop->ready_capacity - 1)]; }

static Task *task_at(Loop *loop, size_t index) {
    uint64_t subject = entry_at(loop, index)->subject;
    ReadyKind kind = subject & 15;
    bool is_step = kind == READY_STEP || kind == READY_THROW || kind == READY_WAKE || kind == READY_PARK;
    return is_step ? task_of((Value){subject & ~(uint64_t)15}) : NULL;
}

static void write_task(VM *vm, Task *task, Buffer *out) {
    String *name = task_name(vm, task);
    buffer_format(out, "'%s'", name ? name->data : "?");
    if (!name) exception_clear(vm);
    const Frame *place, *library;
    report_find_place(task, &place, &library);
    if (!place) return;
    const Code *code = frame_code(place);
    bool begins = frame_instruction(place) == 0;
    buffer_format(out, " (%s:%u in %s)", code->file_name->data, begins ? code->first_line : code_place(code, frame_instruction(place))->line,
                  code->qualified_name->data);
}

static void tell(VM *vm, Loop *loop, uint64_t number, size_t which) {
    Buffer text = vm_buffer(vm);
    buffer_text(&text, "task ");
    write_task(vm, task_at(loop, which), &text);
    buffer_text(&text, " runs before ");
    write_task(vm, task_at(loop, which - 1), &text);
    if (which > 1) buffer_format(&text, " and %zu before it", which - 1);
    buffer_byte(&text, 0);
    loop->departed(vm, number, text.failed ? "" : text.data);
    buffer_free(&text);
}

void loop_shuffle(VM *vm) {
    Loop *loop = loop_of(vm);
    size_t most = loop->round_left < MOST_PASSED ? loop->round_left : MOST_PASSED, tasks = 0;
    while (tasks < most && task_at(loop, tasks)) tasks++;
    if (tasks < 2) return;
    uint64_t random = next_random(&loop->shuffle);
    if (!loop->shuffle) loop->shuffle = 1;
    size_t which = random % tasks;
    uint64_t number = loop->choices++;
    if (loop->chooses) which = loop->chooses(vm, number, (unsigned)tasks, (unsigned)which);
    if (!which || which >= tasks) return;
    if (loop->departed) tell(vm, loop, number, which);
    ReadyEntry chosen = *entry_at(loop, which);
    for (size_t i = which; i; i--) *entry_at(loop, i) = *entry_at(loop, i - 1);
    *entry_at(loop, 0) = chosen;
}

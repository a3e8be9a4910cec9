// What surrounds the interpreter's loop: making it, its roots, safepoints, and what others ask about the running frame.
#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/module.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/text/str.h"
#include "vm/call.h"
#include "vm/generator.h"
#include "vm/import.h"
#include "vm/interpreter.h"
#include "vm/run.h"
#include "vm/unwind.h"

enum { DEFAULT_DEPTH_LIMIT = 1000 };

static void trace_frame(VM *vm, Frame *frame) {
    if (frame->flags & FRAME_HEAP) {
        heap_mark_object(vm, (Object *)generator_of_frame(frame));
        return;
    }
    heap_mark_object(vm, (Object *)frame->function);
    size_t count = frame_code(frame)->register_count;
    for (size_t i = 0; i < count; i++) heap_mark(vm, frame->registers[i]);
}

static void trace(VM *vm) {
    Interpreter *in = interpreter_of(vm);
    if (!in) return;
    for (Frame *frame = in->frame; frame; frame = frame->caller) trace_frame(vm, frame);
    heap_mark_object(vm, (Object *)in->root);
    heap_mark(vm, in->sent);
    frame_objects_trace(vm, in);
    import_trace(vm);
    if (in->trace_loop) in->trace_loop(vm);
}

static Value current_place(VM *vm, uint32_t *line) {
    Frame *frame = interpreter_of(vm)->frame;
    if (!frame) return VALUE_NONE;
    *line = code_place(frame_code(frame), frame_instruction(frame))->line;
    return value_object(frame_code(frame));
}

static Value current_module(VM *vm) {
    Frame *frame = interpreter_of(vm)->frame;
    return frame ? dict_get_string(vm, frame->function->globals, vm->names.__name__) : VALUE_EMPTY;
}

// ---- Entering from C

// The natives that led here give way to the interpreter: their span ends at this frame, which lies below that of
// interpreter_enter, into which the registers went. A new span begins for the natives that the interpreter will call.
static inline void give_way(VM *vm, NativeSpan *span, const char *high) {
    *span = (NativeSpan){.outer = vm->natives, .high = high};
    if (span->outer) span->outer->low = high;
    vm->natives = span;
}
static inline void take_back(VM *vm, NativeSpan *span) {
    vm->natives = span->outer;
    if (span->outer) span->outer->low = NULL;
}

static __attribute__((noinline)) Value enter_below(VM *vm, Interpreter *in, Frame *frame, RunStart start) {
    NativeSpan span;
    give_way(vm, &span, __builtin_frame_address(0));
    Value result = interpreter_run(vm, in, frame, start);
    take_back(vm, &span);
    return result;
}

__attribute__((noinline)) Value interpreter_enter(VM *vm, Interpreter *in, Frame *frame, RunStart start) {
    __builtin_unwind_init(); // saves the registers that callers may hold Values in
    Value result = enter_below(vm, in, frame, start);
    __asm__ volatile("" ::: "memory"); // no tail call: this frame must be there
    return result;
}

static __attribute__((noinline)) bool steps_below(VM *vm, bool (*rounds)(VM *vm, void *data), void *data) {
    NativeSpan span;
    give_way(vm, &span, __builtin_frame_address(0));
    bool ok = rounds(vm, data);
    take_back(vm, &span);
    return ok;
}

__attribute__((noinline)) bool interpreter_steps(VM *vm, bool (*rounds)(VM *vm, void *data), void *data) {
    Interpreter *in = interpreter_of(vm);
    if (!vm_may_recurse(vm) || (in->frame && in->frame->depth >= in->depth_limit)) return recursion_error(vm), false;
    __builtin_unwind_init();
    vm->native_depth++;
    bool ok = steps_below(vm, rounds, data);
    vm->native_depth--;
    return ok;
}

// ---- Safepoints

// Neither collects, nor runs a script. False: an exception is raised.
static bool do_requests(VM *vm) {
    uint32_t requests = __atomic_exchange_n(&vm->requests, 0, __ATOMIC_SEQ_CST);
    if (requests & REQUEST_REPORT) vm->hooks.report(vm);
    if (requests & REQUEST_SIGNAL) vm->signals_waiting = true;
    if (requests & REQUEST_DESCRIBE) vm->hooks.describe(vm);
    if (!(requests & REQUEST_INTERRUPT)) return true;
    Interpreter *in = interpreter_of(vm);
    if (in->on_interrupt && in->on_interrupt(vm)) return true;
    raise_error(vm, vm->exceptions.keyboard_interrupt, NULL);
    if (exception_matches(vm, vm->exceptions.keyboard_interrupt))
        exception_of(vm->exception)->interrupts = true;
    else // There was no memory for it: it comes with the next look.
        __atomic_fetch_or(&vm->requests, REQUEST_INTERRUPT, __ATOMIC_SEQ_CST);
    return false;
}

// Begins a new slice of fuel. False with an exception: a limit of the host's is reached.
static bool refuel(VM *vm) {
    vm->work += (uint64_t)(FUEL_SLICE - vm->fuel);
    vm->fuel = FUEL_SLICE;
    if (vm->hooks.watch) vm->hooks.watch(vm);
    return !vm->hooks.charge || vm->hooks.charge(vm);
}

#ifdef AIOLI_GC_STRESS
// Whether to collect at this safepoint. At each, until collections have gone through so many bytes; for as many more at every second, and
// so on, chosen at random so that no loop's period hides a place: a program of N safepoints then takes log N times as long, not N times.
enum { STRESS_SHIFT = 31 };
static bool stress_wants_collection(VM *vm) {
    Heap *heap = &vm->heap;
    if (vm->collect || heap_wants_collection(heap)) return true;
    if (vm->gc_disabled) return false;
    heap->stress_state = heap->stress_state * 6364136223846793005u + 1442695040888963407u; // Knuth's MMIX
    uint64_t halvings = heap->stressed >> STRESS_SHIFT;
    if (heap->stress_state >> 32 & ((UINT64_C(1) << (halvings < 30 ? halvings : 30)) - 1)) return false;
    heap->stressed += heap->live + heap->side;
    return true;
}
#endif

static bool attend(VM *vm, void (*collect)(VM *)) {
    if (!refuel(vm)) return false;
#ifdef AIOLI_GC_STRESS
    if (stress_wants_collection(vm)) collect(vm);
#else
    // Nobody who interrupts waits for a collection; it comes with the next safepoint.
    if (!vm_interrupted(vm) && (vm->collect || heap_wants_collection(&vm->heap))) collect(vm);
#endif
    return !vm_requested(vm) || do_requests(vm);
}

// A collection that is due waits for the next safepoint, which must not find new fuel then: a loop around natives that poll would
// hardly ever come to its end just there.
static bool poll(VM *vm) {
    if (vm->fuel < 0) {
        Interpreter *in = interpreter_of(vm);
        in->owed += vm->collect ? -(int64_t)vm->fuel : 0;
        if (vm->collect && in->owed < FUEL_SLICE) {
            vm->work += (uint64_t)-(int64_t)vm->fuel;
            vm->fuel = 0;
        } else {
            in->owed = 0;
            if (!refuel(vm)) return false;
            if (vm->collect) vm->work -= (uint64_t)FUEL_SLICE, vm->fuel = 0;
        }
    }
    return !vm_requested(vm) || do_requests(vm);
}

bool interpreter_attend(VM *vm) {
    if (!attend(vm, heap_collect) || !vm_take_signals(vm)) return false;
    bool waits = vm->weak_waiting || vm->finalizable.waiting;
    return !waits || vm->is_finalizing || vm->hooks.finalize(vm, false);
}
static bool natives_attend(VM *vm) { return attend(vm, vm_collect); }

bool interpreter_create(VM *vm) {
    Interpreter *in = heap_resize(vm, NULL, 0, sizeof(Interpreter));
    if (!in) return false;
    *in = (Interpreter){.depth_limit = DEFAULT_DEPTH_LIMIT, .most_depth = UINT32_MAX, .sent = VALUE_NONE};
    vm->interpreter = in;
    vm->hooks.call = interpreter_call;
    vm->hooks.trace = trace;
    vm->hooks.attend = natives_attend;
    vm->hooks.poll = poll;
    vm->hooks.current_place = current_place;
    vm->hooks.current_module = current_module;
    vm->hooks.import_module = import_module;
    return generator_class_init(vm) && frame_object_class_init(vm);
}

static void free_segment(VM *vm, StackSegment *segment) {
    if (segment) heap_resize(vm, segment, (size_t)(segment->end - (char *)segment), 0);
}

void interpreter_destroy(VM *vm) {
    Interpreter *in = interpreter_of(vm);
    if (!in) return;
    for (StackSegment *segment = in->segment; segment;) {
        StackSegment *previous = segment->previous;
        free_segment(vm, segment);
        segment = previous;
    }
    free_segment(vm, in->spare);
    heap_resize(vm, in->watched, in->watched_capacity * sizeof *in->watched, 0);
    import_destroy(vm);
    heap_resize(vm, in, sizeof(Interpreter), 0);
    vm->interpreter = NULL;
    vm->hooks.trace = NULL;
}

// ---- The running frame, for built-in functions

Dict *interpreter_globals(VM *vm) {
    Frame *frame = interpreter_of(vm)->frame;
    if (frame) return frame->function->globals;
    Value main = dict_get_string(vm, vm->modules, vm->names.__main__);
    return is_kind(main, KIND_MODULE) ? ((ModuleObject *)object_of(main))->namespace : dict_new(vm);
}

uint32_t interpreter_flags(VM *vm) {
    Frame *frame = interpreter_of(vm)->frame;
    return frame ? frame_code(frame)->flags : 0;
}

Value interpreter_locals(VM *vm) {
    Frame *frame = interpreter_of(vm)->frame;
    if (!frame) {
        Dict *globals = interpreter_globals(vm);
        return globals ? value_object(globals) : VALUE_ERROR;
    }
    return frame_locals(vm, frame);
}

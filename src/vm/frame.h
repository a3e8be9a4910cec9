// Frames: the registers of one run of a code object and where it stands. Frames of plain functions live on the VM
// stack, those of generators and coroutines inside a heap object, where they are resumed in place.
#ifndef AIOLI_VM_FRAME_H
#define AIOLI_VM_FRAME_H

#include <string.h>

#include "object/core/vm.h"
#include "object/function/function.h"
#include "object/text/str.h"

typedef struct Frame Frame;
typedef struct Generator Generator;
typedef struct Interpreter Interpreter;

// How a frame's end or yield is delivered.
enum {
    FRAME_ENTRY = 1,       // it was entered from C: leave the interpreter
    FRAME_CONSTRUCTOR = 2, // it is an __init__ called for a new instance: the result must be None and is dropped
    FRAME_HEAP = 4,        // it is inside a Generator
    FRAME_FOR = 8,         // a generator stepped by the caller's FOR_NEXT
    FRAME_DELEGATED = 16,  // awaited, or gone through by `yield from`: it is not the root of its chain
    FRAME_ASYNC_STEP = 32, // an async generator of which one step is awaited
    FRAME_WAITING = 64,    // suspended at an instruction that is to be executed again
    FRAME_SEGMENT = 128,   // the first frame of a stack segment
    FRAME_OBSERVED = 256,  // on the stack, and a script has its frame object
};

struct Frame {
    // Who goes on when this one ends: the calling frame; for a generator the frame that resumed it; for a coroutine the
    // one that awaits it. Valid while running or delegated.
    Frame *caller;
    Function *function;
    const Instruction *pc; // saved whenever something may look at it
    uint16_t result;       // the caller's register for the result
    uint16_t flags;
    uint32_t depth;        // the caller's plus 1
    Value registers[];
};

typedef enum { GENERATOR_CREATED, GENERATOR_SUSPENDED, GENERATOR_RUNNING, GENERATOR_DONE } GeneratorState;

// A generator, coroutine or async generator: an object around its frame. Awaited and delegated ones form a chain by
// their frames' callers; only the root of a chain is resumed from outside. While the chain is suspended the root's link
// leads to the innermost frame, so that a resume takes the same time at any depth; while it runs, the link holds the
// root that was running before.
struct Generator {
    Object object;
    Generator *link;
    GeneratorState state;
    bool stepping; // of an async generator: an asend(), athrow() or aclose() is under way
    Frame frame;   // last: its registers follow
};

// Something that a script may lose by mistake: a coroutine that nobody has awaited yet, or (the loop's) a future whose exception
// nobody has seen. Held weakly, with the place where a coroutine was made.
typedef struct {
    Object *object;
    Code *code;
    uint32_t instruction;
    bool lost; // no longer held weakly: to be reported
} Watched;

typedef struct FrameObject FrameObject; // see frame_object.h
typedef struct StackSegment StackSegment;
struct StackSegment {
    StackSegment *previous;
    char *previous_top; // the previous segment's top, restored when this one empties
    char *end;
    char data[];
};

struct Interpreter {
    Frame *frame;        // the frame that runs now, NULL outside
    Generator *root;     // the root of the chain that runs now, or NULL
    char *stack_top;
    char *stack_end;
    StackSegment *segment;
    StackSegment *spare; // one empty segment is kept, so that calls at the edge don't allocate each time
    uint32_t depth_limit, most_depth; // most: what a script may set the limit to
    // For an instruction that is executed again after it suspended (FRAME_WAITING): that it is, what it was sent, and
    // whether that is an exception to be raised there. The instruction resets them.
    bool resumed, thrown;
    Value sent;
    int64_t owed;  // work that polls have counted and not charged, since a collection is due: see poll
    FrameObject *observed; // those of frames on the stack
    struct ImportState *imports;
    Watched *watched; // side memory
    uint32_t watched_count, watched_capacity;
    // Handed down by the loop: makes room for one more Watched, or not.
    bool (*on_watched_full)(VM *vm);
    // Handed down by the loop: an async generator is entered for the first time. False: out of memory.
    bool (*on_async_generator)(VM *vm, Generator *generator);
    bool (*on_interrupt)(VM *vm); // handed down by the loop: true when it has dealt with Ctrl-C
    void (*trace_loop)(VM *vm); // handed down by the loop: marks its queues
};

static inline void watch(VM *vm, Interpreter *in, Object *object, Code *code, uint32_t instruction) {
    if (in->watched_count == in->watched_capacity && !(in->on_watched_full && in->on_watched_full(vm))) return;
    in->watched[in->watched_count++] = (Watched){.object = object, .code = code, .instruction = instruction};
}

static inline Interpreter *interpreter_of(VM *vm) { return vm->interpreter; }
static inline Generator *generator_of_frame(Frame *frame) {
    return (Generator *)((char *)frame - offsetof(Generator, frame));
}
static inline Generator *generator_of(Value v) { return (Generator *)object_of(v); }
static inline Code *frame_code(const Frame *frame) { return frame->function->code; }

// Whether a frame runs the library's own code.
static inline bool code_is_library(const Code *code) {
    return code->file_name->size > 9 && memcmp(code->file_name->data, "<built-in", 9) == 0;
}
static inline bool frame_is_library(const Frame *frame) { return code_is_library(frame_code(frame)); }

// The index of the instruction that a frame has reached (its pc stands behind it).
static inline uint32_t frame_instruction(const Frame *frame) {
    ptrdiff_t index = frame->pc - frame_code(frame)->instructions - 1;
    return frame->flags & FRAME_WAITING ? (uint32_t)(index + 1) : index < 0 ? 0 : (uint32_t)index;
}

#endif

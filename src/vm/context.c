// What surrounds the interpreter's loop: making it, its roots, safepoints, and what others ask about the running frame.
#include "object/container/dict.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/text/str.h"
#include "vm/call.h"
#include "vm/generator.h"
#include "vm/import.h"
#include "vm/interpreter.h"

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

bool interpreter_create(VM *vm) {
    Interpreter *in = heap_resize(vm, NULL, 0, sizeof(Interpreter));
    if (!in) return false;
    *in = (Interpreter){.depth_limit = DEFAULT_DEPTH_LIMIT, .sent = VALUE_NONE};
    vm->interpreter = in;
    vm->hooks.call = interpreter_call;
    vm->hooks.trace = trace;
    vm->hooks.current_place = current_place;
    vm->hooks.current_module = current_module;
    return generator_class_init(vm);
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
    import_destroy(vm);
    heap_resize(vm, in, sizeof(Interpreter), 0);
    vm->interpreter = NULL;
    vm->hooks.trace = NULL;
}

bool interpreter_attend(VM *vm) {
    vm->fuel = INT32_MAX;
    uint32_t attention = __atomic_exchange_n(&vm->attention, 0, __ATOMIC_SEQ_CST);
    if (attention & ATTENTION_COLLECT || heap_wants_collection(&vm->heap)) heap_collect(vm);
    Interpreter *in = interpreter_of(vm);
    if (attention & ATTENTION_INTERRUPT && !(in->on_interrupt && in->on_interrupt(vm))) {
        raise_error(vm, vm->exceptions.keyboard_interrupt, NULL);
        return false;
    }
    return true;
}

// ---- The running frame, for built-in functions

Dict *interpreter_globals(VM *vm) {
    Frame *frame = interpreter_of(vm)->frame;
    return frame ? frame->function->globals : NULL;
}

uint32_t interpreter_flags(VM *vm) {
    Frame *frame = interpreter_of(vm)->frame;
    return frame ? frame_code(frame)->flags : 0;
}

static bool add_local(VM *vm, Dict *dict, Value name, Value v) {
    if (!is_string(name) || !string_of(name)->size || string_of(name)->data[0] == '.') return true;
    if (is_kind(v, KIND_CELL)) v = ((Cell *)object_of(v))->value;
    return is_empty(v) || dict_set(vm, dict, name, v) >= 0;
}

Value interpreter_locals(VM *vm) {
    Frame *frame = interpreter_of(vm)->frame;
    if (!frame) return raise_runtime_error(vm, "locals(): no frame");
    Code *code = frame_code(frame);
    if (code->flags & CODE_NAMESPACE_LOCALS) return frame->registers[0];
    if (code->flags & CODE_MODULE) return value_object(frame->function->globals);
    Dict *dict = dict_new(vm);
    if (!dict) return VALUE_ERROR;
    for (size_t i = 0; i < code->variable_names->length; i++)
        if (!add_local(vm, dict, code->variable_names->items[i], frame->registers[i])) return VALUE_ERROR;
    for (size_t i = 0; i < code->free_names->length; i++)
        if (!add_local(vm, dict, code->free_names->items[i], frame->function->closure->items[i])) return VALUE_ERROR;
    return value_object(dict);
}

#include "vm/frame_object.h"

#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/exception/traceback.h"
#include "object/shared/builtin.h"
#include "vm/generator.h"
#include "vm/interpreter.h"

// A frame on the stack is only borrowed: the flag FRAME_OBSERVED on it makes its end come by here (frame_pop), and the interpreter's
// list `observed` keeps its object until then. A generator's frame is there as long as the generator, which the object keeps.
struct FrameObject {
    Object object;
    Frame *frame;         // NULL: it has ended
    Generator *generator; // whose frame it is, or NULL
    Code *code;
    Value globals;        // a dict, or None
    uint32_t instruction; // where an ended frame stood
    Value locals;         // of an ended frame: a dict or another mapping; VALUE_EMPTY: not known
    FrameObject *back;    // of an ended frame, if its object was there, or NULL
    FrameObject *next;    // in the interpreter's list
};

static FrameObject *frame_object(Value v) { return (FrameObject *)object_of(v); }

static void frame_object_trace(VM *vm, Object *o) {
    FrameObject *f = (FrameObject *)o;
    heap_mark_object(vm, (Object *)f->generator);
    heap_mark_object(vm, (Object *)f->code);
    heap_mark(vm, f->globals);
    heap_mark(vm, f->locals);
    heap_mark_object(vm, (Object *)f->back);
}

void frame_objects_trace(VM *vm, Interpreter *in) {
    for (FrameObject *f = in->observed; f; f = f->next) heap_mark_object(vm, &f->object);
}

static FrameObject *frame_object_new(VM *vm, Code *code, Value globals) {
    FrameObject *f = heap_allocate(vm, vm->classes.frame->root, KIND_FRAME, sizeof(FrameObject));
    if (!f) return NULL;
    f->code = code;
    f->globals = globals;
    f->locals = VALUE_EMPTY;
    return f;
}

static FrameObject *observed(const Interpreter *in, const Frame *frame) {
    FrameObject *f = in->observed;
    while (f && f->frame != frame) f = f->next;
    return f;
}

Value frame_object_of(VM *vm, Frame *frame) {
    Interpreter *in = interpreter_of(vm);
    if (frame->flags & FRAME_OBSERVED) return value_object(observed(in, frame));
    FrameObject *f = frame_object_new(vm, frame_code(frame), value_object(frame->function->globals));
    if (!f) return VALUE_ERROR;
    f->frame = frame;
    if (frame->flags & FRAME_HEAP) {
        f->generator = generator_of_frame(frame);
    } else {
        frame->flags |= FRAME_OBSERVED;
        f->next = in->observed;
        in->observed = f;
    }
    return value_object(f);
}

// ---- Variables

static bool add_local(VM *vm, Dict *dict, Value name, Value v) {
    if (!is_string(name) || !string_of(name)->size || string_of(name)->data[0] == '.') return true;
    if (is_kind(v, KIND_CELL)) v = ((Cell *)object_of(v))->value;
    return is_empty(v) || dict_set(vm, dict, name, v) >= 0;
}

Value frame_locals(VM *vm, Frame *frame) {
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

void frame_object_detach(VM *vm, Interpreter *in, Frame *frame) {
    FrameObject **link = &in->observed;
    while (*link && (*link)->frame != frame) link = &(*link)->next;
    FrameObject *f = *link;
    if (!f) return;
    *link = f->next;
    f->next = NULL;
    Value pending = vm->exception;
    f->instruction = frame_instruction(frame);
    f->back = frame->caller ? observed(in, frame->caller) : NULL;
    f->locals = frame_locals(vm, frame);
    if (is_error(f->locals)) f->locals = VALUE_EMPTY;
    vm->exception = pending;
    f->frame = NULL;
}

// ---- Attributes

// The frame if it still runs or will go on, or NULL.
static Frame *living(const FrameObject *f) {
    return f->generator && f->generator->state == GENERATOR_DONE ? NULL : f->frame;
}

static uint32_t instruction_of(const FrameObject *f) { return f->frame ? frame_instruction(f->frame) : f->instruction; }

static Value get_code(VM *vm, Value self) { return value_object(frame_object(self)->code); }
static Value get_globals(VM *vm, Value self) { return frame_object(self)->globals; }
static Value get_builtins(VM *vm, Value self) { return value_object(vm->builtins); }
static Value get_last(VM *vm, Value self) {
    return value_small((int64_t)instruction_of(frame_object(self)) * 2); // tools take instructions for two bytes long
}
static Value get_line(VM *vm, Value self) {
    const FrameObject *f = frame_object(self);
    return value_small(code_place(f->code, instruction_of(f))->line);
}
static Value get_locals(VM *vm, Value self) {
    FrameObject *f = frame_object(self);
    Frame *frame = living(f);
    if (frame) return frame_locals(vm, frame);
    if (is_empty(f->locals)) {
        if (f->code->flags & CODE_MODULE && is_dict(f->globals)) return f->globals;
        Dict *none = dict_new(vm);
        if (!none) return VALUE_ERROR;
        f->locals = value_object(none);
    }
    return f->locals;
}
static Value get_back(VM *vm, Value self) {
    FrameObject *f = frame_object(self);
    Frame *frame = living(f);
    if (!frame) return f->back ? value_object(f->back) : VALUE_NONE;
    // A suspended frame has no caller but one that awaits it.
    if (f->generator && f->generator->state != GENERATOR_RUNNING && !(frame->flags & FRAME_DELEGATED)) return VALUE_NONE;
    return frame->caller ? frame_object_of(vm, frame->caller) : VALUE_NONE;
}
static Value get_none(VM *vm, Value self) { return VALUE_NONE; }
static Value get_true(VM *vm, Value self) { return VALUE_TRUE; }
static Value get_false(VM *vm, Value self) { return VALUE_FALSE; }

static Value frame_clear_method(VM *vm, Value *args, size_t count) {
    FrameObject *f = frame_object(args[0]);
    Frame *frame = living(f);
    if (!frame) {
        f->locals = VALUE_EMPTY;
        return VALUE_NONE;
    }
    if (f->generator && f->generator->state == GENERATOR_CREATED) {
        f->generator->state = GENERATOR_DONE;
        return VALUE_NONE;
    }
    return raise_runtime_error(vm, f->generator && f->generator->state == GENERATOR_SUSPENDED ? "cannot clear a suspended frame"
                                                                                                : "cannot clear an executing frame");
}

static Value frame_repr(VM *vm, Value self) {
    const FrameObject *f = frame_object(self);
    String *file = value_repr(vm, value_object(f->code->file_name));
    String *text = file ? string_format(vm, "<frame at %p, file %s, line %u, code %s>", (const void *)f, file->data,
                                        code_place(f->code, instruction_of(f))->line, f->code->name->data)
                        : NULL;
    return text ? value_object(text) : VALUE_ERROR;
}

static const AttributeDefinition frame_attributes[] = {{"f_back", get_back, NULL, "The frame of the caller, or None."},
                                                       {"f_builtins", get_builtins, NULL, "The dict of built-in names that it sees."},
                                                       {"f_code", get_code, NULL, "The code that it runs."},
                                                       {"f_globals", get_globals, NULL, "The dict of its module's variables."},
                                                       {"f_lasti", get_last, NULL, "The instruction that it has come to."},
                                                       {"f_lineno", get_line, NULL, "The line that it has come to."},
                                                       {"f_locals", get_locals, NULL, "Its local variables."},
                                                       {"f_trace", get_none, NULL, "Always None, as nothing traces here."},
                                                       {"f_trace_lines", get_true, NULL, "Always True."},
                                                       {"f_trace_opcodes", get_false, NULL, "Always False."},
                                                       {0}};
static const NativeDefinition frame_methods[] = {{"clear", frame_clear_method, "self, /", NATIVE_METHOD,
                                                  "Lets go of the local variables of a frame that has ended; RuntimeError while it "
                                                  "runs."},
                                                 {0}};

// ---- Tracebacks

static Value traceback_frame(VM *vm, Value self) {
    Traceback *traceback = (Traceback *)object_of(self);
    if (!traceback->frame) {
        FrameObject *f = frame_object_new(vm, traceback->code, traceback->frame_globals);
        if (!f) return VALUE_ERROR;
        f->instruction = traceback->instruction;
        traceback->frame = &f->object;
    }
    return value_object(traceback->frame);
}
static const AttributeDefinition traceback_attributes[] = {{"tb_frame", traceback_frame, NULL, "The frame of this call."},
                                                           {0}};

static const TypeOps frame_ops = {.trace = frame_object_trace, .repr = frame_repr};

bool frame_object_class_init(VM *vm) {
    vm->ops[KIND_FRAME] = &frame_ops;
    vm->classes.frame = class_new_builtin(vm, "frame", vm->classes.object, KIND_FRAME, sizeof(FrameObject),
                                          CLASS_FINAL | CLASS_ABSTRACT_NEW);
    return vm->classes.frame && native_add_attributes(vm, vm->classes.frame, frame_attributes) > 0 &&
           native_add_methods(vm, vm->classes.frame, frame_methods) > 0 &&
           native_add_attributes(vm, vm->classes.traceback, traceback_attributes) > 0;
}

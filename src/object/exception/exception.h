// Exception objects and tracebacks.
#ifndef AIOLI_OBJECT_EXCEPTION_H
#define AIOLI_OBJECT_EXCEPTION_H

#include "base/buffer.h"
#include "object/container/list.h"
#include "object/core/object.h"
#include "object/core/vm.h"
#include "object/function/function.h"

typedef struct Traceback Traceback;
struct Traceback { // the frames that an exception passed, outermost first
    Object object;
    Traceback *next;
    Code *code;
    uint32_t instruction;
    Value frame_globals; // the dict, for tb_frame
    Object *frame;       // what tb_frame answered, or NULL
    Value self;          // the frame's first variable if that is named self, for suggestions; or VALUE_EMPTY
};

typedef struct {
    Object object;
    Tuple *arguments;
    Value cause;    // VALUE_NONE, or an exception
    Value context;
    Value traceback; // VALUE_NONE, or a Traceback
    bool suppress_context;
    bool interrupts; // somebody outside has asked for it: see exception_drop
    Dict *attributes; // __dict__, also holding the fields of particular classes (name, value, errno, …)
    Value message;    // of a group, a str,
    Tuple *members;   // and its exceptions; NULL: not a group
} Exception;

static inline bool is_exception(Value v) { return is_kind(v, KIND_EXCEPTION); }
static inline Exception *exception_of(Value v) { return (Exception *)object_of(v); }

// Makes an exception object without running __init__.
Exception *exception_new(VM *vm, Class *cls, const Value *arguments, size_t count);
// Sets a field; false with MemoryError.
bool exception_set(VM *vm, Exception *exception, const char *name, Value value);
Value exception_get(VM *vm, Exception *exception, const char *name); // VALUE_EMPTY when missing

// Adds a line that tracebacks show below the exception. False with an exception.
bool exception_add_note(VM *vm, Exception *exception, String *note);

// What has just been raised, if it is of that very class, to set its fields. NULL otherwise: raising may itself have run out of
// memory, and the MemoryError is not ours to change.
static inline Exception *exception_raised(const VM *vm, const Class *cls) {
    return is_exception(vm->exception) && object_shape(object_of(vm->exception))->cls == cls ? exception_of(vm->exception) : NULL;
}

// Puts a frame before the exception's traceback.
bool exception_add_frame(VM *vm, Value exception, Code *code, uint32_t instruction, Dict *globals);

// What StopIteration(value) carries.
Value stop_iteration_value(VM *vm, Value exception);

// The exceptions of a group, as a tuple; NULL when it is not a group.
Tuple *exception_group_members(VM *vm, Value exception);
// A group of the given exceptions: ExceptionGroup, or BaseExceptionGroup when one of them needs it.
Value exception_group_new(VM *vm, const char *message, Tuple *members);
// Splits by a class or a tuple of classes: the matching part (VALUE_NONE if there is none) and the rest. A naked
// exception that matches is wrapped in a group. False on an error. [script]
bool exception_split(VM *vm, Value exception, Value type, Value *matching, Value *rest);

// Whether an exception is caught by `except pattern`: 1, 0, -1 (TypeError for a pattern that is no class). [script]
int exception_caught(VM *vm, Value exception, Value pattern);

// Writes the traceback as CPython's interpreter does, causes and contexts included. [script]
void exception_print(VM *vm, Value exception, Buffer *out);

extern const TypeOps exception_ops, traceback_ops;
bool exception_class_init(VM *vm);

#endif

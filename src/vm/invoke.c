#include "vm/invoke.h"

#include <string.h>

#include "object/container/dict.h"
#include "object/container/set.h"
#include "object/core/errors.h"
#include "object/core/instance.h"
#include "object/core/protocol.h"
#include "object/core/type.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"
#include "vm/call.h"
#include "vm/import.h"
#include "vm/interpreter.h"
#include "vm/run.h"

// ---- Script functions

// A generator, coroutine or async generator object instead of a run.
static Value make_generator(VM *vm, Function *function, const Value *arguments, size_t count, Tuple *keywords, bool awaited) {
    Generator *generator = generator_new(vm, function, 0);
    if (!generator) return VALUE_ERROR;
    if (!bind_arguments(vm, function, generator->frame.registers, arguments, count, keywords)) return VALUE_ERROR;
    Interpreter *in = interpreter_of(vm);
    if (!awaited && in->frame && (function->code->flags & CODE_ASYNC_GENERATOR) == CODE_COROUTINE)
        watch(vm, in, &generator->object, frame_code(in->frame), frame_instruction(in->frame));
    return value_object(generator);
}

static Frame *make_frame(VM *vm, Interpreter *in, Frame *caller, Function *function, const Value *arguments, size_t count,
                         Tuple *keywords) {
    Frame *frame = frame_push(vm, in, function, caller);
    if (!frame) return NULL;
    frame_clear(frame, 0);
    if (!bind_arguments(vm, function, frame->registers, arguments, count, keywords)) {
        frame_pop(vm, in, frame);
        return NULL;
    }
    return frame;
}

// ---- Classes

static Value constructor_of(VM *vm, Class *cls) {
    if (is_stop(cls->constructor)) {
        Value init;
        bool plain = class_of(vm, value_object(cls)) == vm->classes.type && class_is_plain(vm, cls, &init) &&
                     (is_empty(init) || is_function(init));
        cls->constructor = plain ? init : VALUE_ERROR;
    }
    return cls->constructor;
}

// ---- From the interpreter

static Value call_not_callable(VM *vm, Value callee) {
    return raise_type_error(vm, "'%s' object is not callable", type_name(vm, callee));
}

Value invoke(VM *vm, Interpreter *in, Frame *frame, Value callee, Value *arguments, size_t count, Tuple *keywords,
             uint16_t result, bool awaited, Frame **entered) {
    if (!is_object(callee)) return call_not_callable(vm, callee);
    switch (object_kind(object_of(callee))) {
    case KIND_FUNCTION: {
        Function *function = function_of(callee);
        if (function->code->flags & CODE_ASYNC_GENERATOR)
            return make_generator(vm, function, arguments, count, keywords, awaited);
        *entered = make_frame(vm, in, frame, function, arguments, count, keywords);
        if (*entered) (*entered)->result = result;
        return VALUE_ERROR;
    }
    case KIND_NATIVE: {
        vm->awaited = awaited;
        Value v = native_call(vm, native_of(callee), arguments, count, keywords);
        vm->awaited = false;
        return v;
    }
    case KIND_CLASS: {
        Class *cls = (Class *)object_of(callee);
        Value init = constructor_of(vm, cls);
        if (is_error(init) || (is_empty(init) && count)) break;
        Instance *instance = instance_new(vm, cls);
        if (!instance) return VALUE_ERROR;
        if (is_empty(init)) return value_object(instance);
        Function *function = function_of(init);
        if (function->code->flags & CODE_ASYNC_GENERATOR) break;
        Value local[32], *all = count < 32 ? local : values_scratch(vm, count + 1);
        if (!all) return VALUE_ERROR;
        all[0] = value_object(instance);
        if (count) memcpy(all + 1, arguments, count * sizeof(Value));
        *entered = make_frame(vm, in, frame, function, all, count + 1, keywords);
        if (!*entered) return VALUE_ERROR;
        (*entered)->flags |= FRAME_CONSTRUCTOR;
        (*entered)->result = result;
        frame->registers[result] = value_object(instance);
        return VALUE_ERROR;
    }
    default: break;
    }
    return interpreter_call(vm, callee, arguments, count, keywords);
}

// ---- From C

static Value run_function(VM *vm, Function *function, const Value *arguments, size_t count, Tuple *keywords) {
    Interpreter *in = interpreter_of(vm);
    if (function->code->flags & CODE_ASYNC_GENERATOR)
        return make_generator(vm, function, arguments, count, keywords, false);
    if (!vm_may_recurse(vm))
        return raise_error(vm, vm->exceptions.recursion_error, "maximum recursion depth exceeded");
    const Code *code = function->code;
    Frame *frame;
    if (code->flags & CODE_SIMPLE_CALL && code->positional_count == count && !keywords) {
        frame = frame_push(vm, in, function, in->frame);
        if (!frame) return VALUE_ERROR;
        for (size_t i = 0; i < count; i++) frame->registers[i] = arguments[i];
        frame_clear(frame, count);
    } else {
        frame = make_frame(vm, in, in->frame, function, arguments, count, keywords);
        if (!frame) return VALUE_ERROR;
    }
    frame->flags |= FRAME_ENTRY;
    vm->native_depth++;
    Value result = interpreter_enter(vm, in, frame, RUN_GO);
    vm->native_depth--;
    return result;
}

static Value call_method(VM *vm, Value function, Value self, Value *arguments, size_t count, Tuple *keywords) {
    Value local[16], *all = count < 16 ? local : values_scratch(vm, count + 1);
    if (!all) return VALUE_ERROR;
    all[0] = self;
    if (count) memcpy(all + 1, arguments, count * sizeof(Value));
    return interpreter_call(vm, function, all, count + 1, keywords);
}

Value interpreter_call(VM *vm, Value callee, Value *arguments, size_t count, Tuple *keywords) {
    vm->awaited = false;
    if (!is_object(callee)) return call_not_callable(vm, callee);
    // Whatever recurses by calls passes here: methods bound to methods, objects whose __call__ is an object, natives that call.
    if (!vm_may_recurse(vm)) return raise_error(vm, vm->exceptions.recursion_error, "maximum recursion depth exceeded");
    if (!vm_safepoint(vm, 1)) return VALUE_ERROR;
    Object *o = object_of(callee);
    Class *cls = object_shape(o)->cls;
    switch (object_kind(o)) {
    case KIND_FUNCTION: return run_function(vm, (Function *)o, arguments, count, keywords);
    case KIND_NATIVE: return native_call(vm, (Native *)o, arguments, count, keywords);
    case KIND_BOUND_METHOD:
        return call_method(vm, ((BoundMethod *)o)->function, ((BoundMethod *)o)->self, arguments, count, keywords);
    default: break;
    }
    Value method;
    if (class_overrides(vm, cls, SPECIAL_CALL, &method)) {
        if (is_function(method) || is_native(method)) return call_method(vm, method, callee, arguments, count, keywords);
        Value bound = attribute_bind(vm, method, callee, cls);
        return is_error(bound) ? VALUE_ERROR : interpreter_call(vm, bound, arguments, count, keywords);
    }
    if (cls->ops && cls->ops->call) return cls->ops->call(vm, callee, arguments, count, keywords);
    return call_not_callable(vm, callee);
}

Value invoke_spread(VM *vm, Value callee, Value positional, Value named) {
    Tuple *tuple = tuple_of(positional);
    if (is_empty(named) || dict_of(named)->length == 0) return vm_call(vm, callee, tuple->items, tuple->length, NULL);
    return call_with_dict(vm, callee, tuple->items, tuple->length, dict_of(named));
}

Value interpreter_run_code(VM *vm, Code *code, Dict *globals, Value locals, Tuple *closure) {
    if (is_empty(dict_get_string(vm, globals, vm->names.__builtins__)) &&
        dict_set_string(vm, globals, vm->names.__builtins__, value_object(vm->builtins)) < 0)
        return VALUE_ERROR;
    Function *function = function_new(vm, code, globals);
    if (!function) return VALUE_ERROR;
    function->closure = closure;
    if (!(code->flags & (CODE_MODULE | CODE_NAMESPACE_LOCALS))) return run_function(vm, function, NULL, 0, NULL);
    if (code->flags & CODE_COROUTINE) {
        Generator *coroutine = generator_new(vm, function, 0);
        if (coroutine && code->flags & CODE_NAMESPACE_LOCALS) coroutine->frame.registers[0] = locals;
        return object_or_error(coroutine);
    }
    Interpreter *in = interpreter_of(vm);
    if (!vm_may_recurse(vm)) return raise_error(vm, vm->exceptions.recursion_error, "maximum recursion depth exceeded");
    Frame *frame = frame_push(vm, in, function, in->frame);
    if (!frame) return VALUE_ERROR;
    frame_clear(frame, 0);
    if (code->flags & CODE_NAMESPACE_LOCALS) frame->registers[0] = locals;
    frame->flags |= FRAME_ENTRY;
    vm->native_depth++;
    Value result = interpreter_enter(vm, in, frame, RUN_GO);
    vm->native_depth--;
    return result;
}

// ---- At the prompt

bool print_value(VM *vm, Value v) {
    Value sys = VALUE_EMPTY, hook = VALUE_EMPTY;
    String *sys_name = string_intern_from(vm, "sys", 3), *hook_name = string_intern_from(vm, "displayhook", 11);
    if (!sys_name || !hook_name) return false;
    sys = import_module(vm, sys_name); // the program itself need not have done so
    if (is_error(sys)) return false;
    if (!is_empty(sys)) hook = value_find_attribute(vm, sys, hook_name);
    if (is_error(hook)) return false;
    if (is_empty(hook)) return raise_runtime_error(vm, "lost sys.displayhook"), false;
    return !is_error(vm_call(vm, hook, &v, 1, NULL));
}

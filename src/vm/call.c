#include "vm/call.h"

#include <stdio.h>

#include "object/container/dict.h"
#include "object/container/list.h"
#include "object/core/errors.h"
#include "object/text/str.h"

enum { SEGMENT_SIZE = 64 * 1024 };

// ---- The stack

Frame *frame_push_slow(VM *vm, Interpreter *in, Function *function, Frame *caller) {
    uint32_t depth = caller ? caller->depth + 1 : 0;
    if (depth > in->depth_limit) {
        // A little room is left for the handlers of this very error.
        raise_error(vm, vm->exceptions.recursion_error, "maximum recursion depth exceeded");
        return NULL;
    }
    size_t size = sizeof(Frame) + function->code->register_count * sizeof(Value);
    StackSegment *segment = in->spare;
    in->spare = NULL;
    size_t wanted = sizeof(StackSegment) + size > SEGMENT_SIZE ? sizeof(StackSegment) + size : SEGMENT_SIZE;
    if (segment && (size_t)(segment->end - (char *)segment) < wanted) {
        heap_resize(vm, segment, (size_t)(segment->end - (char *)segment), 0);
        segment = NULL;
    }
    if (!segment) {
        segment = heap_resize(vm, NULL, 0, wanted);
        if (!segment) {
            raise_memory_error(vm);
            return NULL;
        }
        segment->end = (char *)segment + wanted;
    }
    segment->previous = in->segment;
    segment->previous_top = in->stack_top;
    in->segment = segment;
    Frame *frame = (Frame *)segment->data;
    in->stack_top = (char *)frame + size;
    in->stack_end = segment->end;
    frame->caller = caller;
    frame->function = function;
    frame->pc = function->code->instructions;
    frame->flags = FRAME_SEGMENT;
    frame->depth = depth;
    return frame;
}

void frame_pop_segment(VM *vm, Interpreter *in, Frame *frame) {
    StackSegment *segment = in->segment;
    if (!segment->previous) { // the first one stays: calls from C begin there
        in->stack_top = segment->data;
        return;
    }
    in->segment = segment->previous;
    in->stack_top = segment->previous_top;
    in->stack_end = segment->previous->end;
    if (in->spare) heap_resize(vm, in->spare, (size_t)(in->spare->end - (char *)in->spare), 0);
    in->spare = segment;
}

// ---- Heap frames

Generator *generator_new(VM *vm, Function *function, size_t given) {
    Code *code = function->code;
    Class *cls = (code->flags & CODE_ASYNC_GENERATOR) == CODE_ASYNC_GENERATOR ? vm->classes.async_generator
                 : code->flags & CODE_COROUTINE                              ? vm->classes.coroutine
                                                                             : vm->classes.generator;
    Generator *generator =
        heap_allocate(vm, cls->root, KIND_GENERATOR, sizeof(Generator) + code->register_count * sizeof(Value));
    if (!generator) return NULL;
    Frame *frame = &generator->frame;
    frame->function = function;
    frame->pc = code->instructions;
    frame->flags = FRAME_HEAP;
    frame_clear(frame, given);
    return generator;
}

// ---- Binding

static const char *plural(size_t n) { return n == 1 ? "" : "s"; }

static const char *display_name(VM *vm, Function *function) {
    Value name = function_qualified_name(vm, function);
    return is_string(name) ? string_of(name)->data : "?";
}

// "'a', 'b', and 'c'"
static void list_names(Buffer *out, Value *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        buffer_format(out, "%s'%s'", i == 0 ? "" : i + 1 < count ? ", " : count == 2 ? " and " : ", and ",
                      string_of(names[i])->data);
}

static bool missing(VM *vm, Function *function, Value *names, size_t count, const char *kind) {
    Buffer text = vm_buffer(vm);
    list_names(&text, names, count);
    raise_type_error(vm, "%s() missing %zu required %s argument%s: %.*s", display_name(vm, function), count, kind,
                     plural(count), (int)text.length, text.data ? text.data : "");
    buffer_free(&text);
    return false;
}

static bool too_many(VM *vm, Function *function, size_t given, const Value *registers) {
    Code *code = function->code;
    size_t most = code->positional_count, defaults = function->defaults ? function->defaults->length : 0;
    size_t keyword_given = 0;
    for (size_t i = 0; i < code->keyword_only_count; i++) keyword_given += !is_empty(registers[most + i]);
    char takes[64], also[96] = "";
    if (defaults)
        snprintf(takes, sizeof takes, "from %zu to %zu", most - defaults, most);
    else
        snprintf(takes, sizeof takes, "%zu", most);
    if (keyword_given)
        snprintf(also, sizeof also, " positional argument%s (and %zu keyword-only argument%s)", plural(given), keyword_given,
                 plural(keyword_given));
    raise_type_error(vm, "%s() takes %s positional argument%s but %zu%s %s given", display_name(vm, function), takes,
                     defaults ? "s" : plural(most), given, also, given == 1 && !keyword_given ? "was" : "were");
    return false;
}

// All parameters that are given by name, but take none.
static bool refuse_names(VM *vm, Function *function, Tuple *keywords) {
    const Code *code = function->code;
    Buffer names = vm_buffer(vm);
    for (size_t i = 0; i < code->positional_only_count; i++) {
        const String *name = string_of(code->variable_names->items[i]);
        for (size_t k = 0; k < keywords->length; k++) {
            if (!string_equal(name, string_of(keywords->items[k]))) continue;
            if (names.length) buffer_text(&names, ", ");
            buffer_string(&names, name);
        }
    }
    buffer_byte(&names, 0);
    if (names.failed)
        raise_memory_error(vm);
    else
        raise_type_error(vm, "%s() got some positional-only arguments passed as keyword arguments: '%s'", display_name(vm, function),
                         names.data);
    buffer_free(&names);
    return false;
}

static bool bind_keyword(VM *vm, Function *function, Value *registers, Tuple *keywords, size_t which, Value value, Dict *rest) {
    String *name = string_of(keywords->items[which]);
    Code *code = function->code;
    size_t named = (size_t)code->positional_count + code->keyword_only_count;
    Value *names = code->variable_names->items;
    for (size_t i = code->positional_only_count; i < named; i++) {
        if (object_of(names[i]) != &name->object && !string_equal(string_of(names[i]), name)) continue;
        if (!is_empty(registers[i])) {
            raise_type_error(vm, "%s() got multiple values for argument '%s'", display_name(vm, function), name->data);
            return false;
        }
        registers[i] = value;
        return true;
    }
    if (rest) return dict_set_string(vm, rest, name, value) >= 0;
    for (size_t i = 0; i < code->positional_only_count; i++)
        if (string_equal(string_of(names[i]), name)) {
            return refuse_names(vm, function, keywords);
        }
    raise_type_error(vm, "%s() got an unexpected keyword argument '%s'", display_name(vm, function), name->data);
    return false;
}

static bool fill_defaults(VM *vm, Function *function, Value *registers, size_t given) {
    Code *code = function->code;
    size_t positional = code->positional_count, defaults = function->defaults ? function->defaults->length : 0;
    size_t required = positional > defaults ? positional - defaults : 0, absent = 0;
    Value *names = code->variable_names->items;
    for (size_t i = given; i < required; i++) absent += is_empty(registers[i]);
    if (absent) {
        Value local[64];
        size_t n = 0;
        for (size_t i = given; i < required && n < 64; i++)
            if (is_empty(registers[i])) local[n++] = names[i];
        return missing(vm, function, local, n, "positional");
    }
    for (size_t i = required; i < positional; i++)
        if (is_empty(registers[i])) registers[i] = function->defaults->items[i - required + (defaults > positional ? defaults - positional : 0)];
    for (size_t i = positional; i < positional + code->keyword_only_count; i++) {
        if (!is_empty(registers[i])) continue;
        if (function->keyword_defaults) registers[i] = dict_get_string(vm, function->keyword_defaults, string_of(names[i]));
        absent += is_empty(registers[i]);
    }
    if (!absent) return true;
    Value local[64];
    size_t n = 0;
    for (size_t i = positional; i < positional + code->keyword_only_count && n < 64; i++)
        if (is_empty(registers[i])) local[n++] = names[i];
    return missing(vm, function, local, n, "keyword-only");
}

bool bind_arguments(VM *vm, Function *function, Value *registers, const Value *arguments, size_t count, Tuple *keywords) {
    Code *code = function->code;
    size_t named = keywords ? keywords->length : 0, given = count - named, positional = code->positional_count;
    size_t direct = given < positional ? given : positional;
    if (given == positional && count == given && !code->keyword_only_count &&
        !(code->flags & (CODE_VARIADIC | CODE_KEYWORD_VARIADIC))) {
        for (size_t i = 0; i < direct; i++) registers[i] = arguments[i];
        return true;
    }
    size_t next = positional + code->keyword_only_count;
    for (size_t i = 0; i < direct; i++) registers[i] = arguments[i];
    Dict *rest = NULL;
    if (code->flags & CODE_VARIADIC) {
        Tuple *extra = tuple_from(vm, given > direct ? arguments + direct : NULL, given - direct);
        if (!extra) return false;
        registers[next++] = value_object(extra);
    }
    if (code->flags & CODE_KEYWORD_VARIADIC) {
        rest = dict_new(vm);
        if (!rest) return false;
        registers[next] = value_object(rest);
    }
    for (size_t k = 0; k < named; k++)
        if (!bind_keyword(vm, function, registers, keywords, k, arguments[given + k], rest)) return false;
    if (given > positional && !(code->flags & CODE_VARIADIC)) return too_many(vm, function, given, registers);
    return fill_defaults(vm, function, registers, direct);
}

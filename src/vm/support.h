// The slow halves of instructions: what does not belong into the interpreter's loop. Each part names its file.
#ifndef AIOLI_VM_SUPPORT_H
#define AIOLI_VM_SUPPORT_H

#include "vm/frame.h"

// What an attribute cache found, in the top byte of cached_slot; the low 24 bits are a slot or entry number.
enum {
    CACHE_INLINE = 0,   // an inline slot of the instance
    CACHE_OVERFLOW = 1, // a slot of its overflow block
    CACHE_VALUE = 2,    // the class's value, in the next word
    CACHE_METHOD = 3,   // a function of the class, in the next word: to be bound
    CACHE_MODULE = 4,   // an entry of a module's namespace; cached_id is its layout
    CACHE_ADD = 5,      // STORE only: the attribute is new; the next word is the shape that has it
    CACHE_KIND_SHIFT = 24,
    CACHE_SLOT_MASK = 0xFFFFFF,
};

// names.c
Value load_global_slow(VM *vm, Frame *frame, Instruction *at);
// In a namespace that may be any mapping: VALUE_EMPTY when it has no such name. [script]
Value find_in_namespace(VM *vm, Value namespace, String *name);
Value load_name(VM *vm, Frame *frame, String *name);
Value load_name_or_free(VM *vm, Frame *frame, uint16_t index, String *name);
bool store_global(VM *vm, Frame *frame, Instruction *at, Value value);
bool store_name(VM *vm, Frame *frame, String *name, Value value);
bool delete_global(VM *vm, Frame *frame, String *name);
bool delete_name(VM *vm, Frame *frame, String *name);
bool setup_annotations(VM *vm, Frame *frame);
Value unbound_cell(VM *vm, Frame *frame, uint32_t number, bool free);

// attributes.c
Value load_attribute_slow(VM *vm, Value object, String *name, Instruction *at);
bool store_attribute_slow(VM *vm, Value object, Value value, String *name, Instruction *at);
// target[0], target[1] = function and self, or a value and VALUE_EMPTY.
bool load_method_slow(VM *vm, Value object, String *name, Instruction *at, Value *target);
bool load_context_method(VM *vm, Value object, int which, Value *target);

// build.c
bool unpack_exact(VM *vm, Value source, Value *target, size_t count);
bool unpack_star(VM *vm, Value source, Value *target, size_t before, size_t after);
Value build_string(VM *vm, Value *parts, size_t count);
Value format_value(VM *vm, Value v, uint8_t conversion, Value specification);
// base: defaults, keyword defaults, closure, annotations; VALUE_EMPTY where there are none.
Value make_function(VM *vm, Code *code, Dict *globals, const Value *base);

Value build_set(VM *vm, const Value *items, size_t count);
Value build_dict(VM *vm, const Value *pairs, size_t count);
bool extend_display(VM *vm, Value list, Value iterable); // [1, *iterable]

// arguments.c
bool extend_arguments(VM *vm, Value list, Value iterable, Value function);
bool merge_keywords(VM *vm, Value dict, Value other, Value function);
bool update_dict(VM *vm, Value dict, Value other);

// raise.c
bool raise_statement_value(VM *vm, Value exception, Value cause, bool has_cause); // false always: the exception is set
Value exception_merge(VM *vm, Value raised, Value original);
Value exit_call(VM *vm, Value function, Value self, Value exception);
// pair: the part that matches and the rest, for except*. TypeError when the type is a group's.
bool exception_star_split(VM *vm, Value exception, Value type, Value *pair);

// build_class.c
Value build_class(VM *vm, Value *base);
// A class statement: build_class, or what a script has put in the place of builtins.__build_class__.
Value class_statement(VM *vm, Value *base);

// explain.c: a failed assertion gets a note of the values that have one; false with an exception that is no part of showing them
bool explain_failure(VM *vm, Value exception, const Tuple *texts, const Value *values);

// match.c
Value match_sequence(VM *vm, Value v);
Value match_mapping(VM *vm, Value v);
Value match_keys(VM *vm, Value mapping, Tuple *keys);
Value match_rest(VM *vm, Value mapping, Tuple *keys);
Value match_class(VM *vm, Value v, Value cls, size_t positional, Tuple *names);

// import.c
// The built-in function of that name if a script has put another one in its place, else VALUE_EMPTY. VALUE_ERROR: it is gone, and
// `missing` is raised.
Value replaced_builtin(VM *vm, const char *name, Class *missing);
// `import name` of a module with these globals: as a script's replaced builtins.__import__ does it, if there is one.
Value import_name(VM *vm, Frame *frame, String *name, Value from_list, int level);
Value import_from(VM *vm, Value module, String *name);
bool import_star(VM *vm, Frame *frame, Value module);

// native_call without keywords, shorter for the commonest calls: of what takes just so many arguments, and whose self is surely
// what it wants.
static inline Value native_call_positional(VM *vm, Native *native, Value *arguments, size_t count) {
    if (native->exact != count + 1 ||
        (native->owner && !(is_object(*arguments) && object_shape(object_of(*arguments))->cls == native->owner)))
        return native_call(vm, native, arguments, count, NULL);
    vm->callee = native;
    return native->function(vm, arguments, count);
}

#endif

// Everything that can be called from a script and what it is made of: code, functions, bound methods, cells, and the
// wrappers that classes put around functions.
#ifndef AIOLI_OBJECT_FUNCTION_H
#define AIOLI_OBJECT_FUNCTION_H

#include "object/container/list.h"
#include "object/core/class.h"
#include "object/core/native.h"
#include "object/core/object.h"
#include "object/core/vm.h"

// One instruction: an op of compiler/ops.def and its operands. Inline caches follow their instruction in the stream.
typedef union {
    struct {
        uint8_t op;
        uint8_t n;
        uint16_t a;
        union {
            struct {
                uint16_t b, c;
            };
            int32_t offset;  // of a jump, in instructions, from the next one
            uint32_t index;
        };
    };
    struct { // an inline cache's first word
        uint32_t cached_id;
        uint32_t cached_slot;
    };
    uint64_t word; // an inline cache's further words
} Instruction;

// A range of instructions covered by a handler. Inner ranges stand before outer ones.
typedef struct {
    uint32_t start, end; // instructions [start, end)
    uint32_t handler;
    uint16_t target;     // the register that gets the exception
} HandlerRange;

// The place in the source of the instructions from `start` on.
typedef struct {
    uint32_t start;
    uint32_t line, end_line;
    uint16_t column, end_column; // bytes; 0xFFFF: unknown
    // For operators, subscripts and calls: where the left side ends and the right side starts (0xFFFF: there is none,
    // the rest belongs to the operation). Both 0: nothing to tell apart.
    uint16_t anchor, anchor_end;
} LineEntry;

enum {
    CODE_GENERATOR = 1,
    CODE_COROUTINE = 2, // both: an async generator
    CODE_ASYNC_GENERATOR = 3,
    CODE_VARIADIC = 4,
    CODE_KEYWORD_VARIADIC = 8,
    CODE_NESTED = 16,
    CODE_CLASS_BODY = 32,
    CODE_MODULE = 64,
    CODE_NAMESPACE_LOCALS = 128, // names live in a dict: class bodies, exec
    CODE_FUTURE_ANNOTATIONS = 256,
    CODE_SIMPLE_CALL = 512, // only positional parameters
    CODE_AWAITABLE = 1024,  // a generator's, that types.coroutine lets `await` take
};

typedef struct {
    Object object;
    Instruction *instructions; // side memory
    uint32_t instruction_count;
    uint32_t constant_count;
    Value *constants; // side memory
    HandlerRange *handlers;
    uint32_t handler_count;
    uint32_t line_count;
    LineEntry *lines;
    uint16_t positional_count;      // parameters, positional-only included
    uint16_t positional_only_count;
    uint16_t keyword_only_count;
    uint16_t parameter_count;       // registers that arguments fill: the above, then *args, then **kwargs
    uint16_t register_count;
    uint16_t handled_register; // where the frame keeps the exception it is handling; 0xFFFF: it handles none
    uint16_t self_attributes;  // how many attributes the code sets on its first parameter: __init__'s are the instance's
    uint32_t flags;
    uint32_t first_line;
    Tuple *variable_names; // of the local registers, parameters first
    Tuple *cell_names;     // variables of this code that inner ones use
    Tuple *free_names;     // variables of outer code
    String *name;
    String *qualified_name;
    String *file_name;
    Value doc; // a str, or VALUE_NONE
    Value source; // a list of the source's lines for tracebacks, or VALUE_NONE
} Code;

typedef struct {
    Object object;
    Code *code;
    Dict *globals;
    Tuple *defaults;         // of the last positional parameters, or NULL
    Dict *keyword_defaults;  // or NULL
    Tuple *closure;          // cells for code->free_names, or NULL
    Dict *attributes;        // __dict__, or NULL
    Dict *overrides;         // __name__, __doc__ and so on where they are not the code's; or NULL
} Function;

typedef struct {
    Object object;
    Value function;
    Value self;
} BoundMethod;

typedef struct {
    Object object;
    Value value; // VALUE_EMPTY while unbound
} Cell;

typedef struct {
    Object object;
    Value get, set, delete_, doc; // VALUE_NONE where there is none
    Value name;                   // VALUE_EMPTY: the getter's
    bool getters_doc;             // the text is the getter's
} Property;

// Sets or, with VALUE_EMPTY, deletes what the property stands for. -1: an error. [script]
Value property_read(VM *vm, Property *property, Value o);
int property_write(VM *vm, Property *property, Value o, Value value);

typedef struct { // staticmethod and classmethod
    Object object;
    Value function;
    bool is_class_method;
} WrappedMethod;

// `__dict__` of one: what functools.wraps would take over from the function, found there when somebody looks.
Value wrapped_method_dictionary(VM *vm, WrappedMethod *wrapped);

typedef struct {
    Object object;
    Class *start; // search after this class in the order of `of`; NULL: not initialized
    Value self;   // VALUE_EMPTY: not bound to an object yet
    Class *of;
} Super;

typedef struct { // an attribute of a built-in class
    Object object;
    const AttributeDefinition *definition;
    Class *owner;
} Descriptor;

static inline bool is_function(Value v) { return is_kind(v, KIND_FUNCTION); }
static inline Function *function_of(Value v) { return (Function *)object_of(v); }
static inline bool is_native(Value v) { return is_kind(v, KIND_NATIVE); }
static inline Native *native_of(Value v) { return (Native *)object_of(v); }

Code *code_new(VM *vm);
// The source place of an instruction.
const LineEntry *code_place(const Code *code, uint32_t instruction);
Function *function_new(VM *vm, Code *code, Dict *globals);
// A function that does the same and has another `__name__` or `__qualname__`. NULL: out of memory.
Function *function_renamed(VM *vm, const Function *function, String *attribute, Value name);
Value bound_method_new(VM *vm, Value function, Value self);
Cell *cell_new(VM *vm, Value value);
// A str: the function's __name__, __qualname__.
Value function_name(VM *vm, Function *function);
Value function_qualified_name(VM *vm, Function *function);

extern const TypeOps code_ops, function_ops, native_ops, bound_method_ops, cell_ops, property_ops, wrapped_method_ops,
    super_ops, descriptor_ops;
bool function_class_init(VM *vm);

#endif

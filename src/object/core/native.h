// Functions written in C, and how their arguments arrive.
//
// A native function is declared with a signature in Python's own notation without annotations; defaults are written as
// `=` and stand for "omitted" (the C code chooses the value):
//
//     {"split", str_split, "self, /, sep=, maxsplit="}
//     {"print", builtin_print, "*values, sep=, end=, file=, flush="}
//     {"update", dict_update, "self, other=, /, **items"}
//
// (Text may stand behind the `=`, for readers: it is not looked at, and may hold no comma.)
//
// Messages call a constructor by its class. Where a signature begins with `!` they call it by its own name and count its arguments as
// CPython does for functions that read them in the old way; where one begins with `?` they do not name it.
//
// The function receives its parameters in the order of the signature, positional, keyword-only and **kwargs (a new
// dict), VALUE_EMPTY for each one omitted. What *args takes comes after all of these: args[fixed .. count - 1]. So
// split gets exactly 3 values, print 4 and then the values to print, update 3. Wrong calls raise CPython's TypeErrors
// before the function is entered. The arguments may be overwritten.
#ifndef AIOLI_OBJECT_NATIVE_H
#define AIOLI_OBJECT_NATIVE_H

#include "object/core/object.h"
#include "object/core/specials.h"

// Returns a value or VALUE_ERROR.
typedef Value (*NativeFunction)(VM *vm, Value *args, size_t count);

typedef enum {
    NATIVE_METHOD,       // in a class: its first parameter is self. In a module: a plain function.
    NATIVE_STATIC,
    NATIVE_NEW,          // __new__: its first parameter is a class, of which the call has made sure that it is the owner or
                         // inherits from it, with no built-in class between that has a layout of its own
    NATIVE_CLASS_METHOD, // its first parameter is the class
} NativeFlavour;

typedef struct {
    const char *name;
    NativeFunction function;
    const char *signature;
    NativeFlavour flavour;
    const char *doc; // or NULL
} NativeDefinition;

// A computed attribute of a built-in class. `set` may be NULL (read-only); value VALUE_EMPTY deletes.
typedef struct {
    const char *name;
    Value (*get)(VM *vm, Value self);
    int (*set)(VM *vm, Value self, Value value);
    const char *doc; // or NULL
} AttributeDefinition;

// The signature, parsed at the function's first call.
typedef struct {
    uint16_t positional_only, positional, required; // positional counts positional-only ones too
    uint16_t keyword_only, keyword_required;        // keyword_required: how many keyword-only ones have no default
    bool variadic, keyword_variadic, parsed;
    uint16_t fixed; // parameters that arrive before what *args takes
    String **names; // of the positional, then of the keyword-only parameters
} Signature;

typedef struct Native {
    Object object;
    const NativeDefinition *definition;
    NativeFunction function;
    Signature signature;
    Value self;      // of a bound native (a module's function: the module), or VALUE_EMPTY
    Class *owner;    // the class whose method it is, or NULL
    String *module;  // of a module's function, the module's name; NULL: built-in
    Special special; // a special method that wraps an operation of TypeOps; SPECIAL_COUNT otherwise
    uint16_t exact;  // 1 + how many arguments it takes when it takes just so many, all positional; else 0 (or not yet known)
} Native;

enum { NATIVE_MAX_PARAMETERS = 24 };

Native *native_new(VM *vm, const NativeDefinition *definition, Class *owner);
// Gives a method of a class the class that methods behind slots have in CPython, if it is one of those.
void native_note_slot(VM *vm, Native *native, Special special);

// Adds methods (an array that ends with a NULL name; it must outlive the VM) to a built-in class or a namespace.
// 1 or -1.
int native_add_methods(VM *vm, Class *cls, const NativeDefinition *definitions);
int native_add_functions(VM *vm, Dict *namespace, const NativeDefinition *definitions);
// The same, for functions that name another module as theirs than the namespace's own.
int native_add_functions_of(VM *vm, Dict *namespace, const NativeDefinition *definitions, String *module);
int native_add_attributes(VM *vm, Class *cls, const AttributeDefinition *definitions);

// Calls a native with arguments as a call site has them.
Value native_call(VM *vm, Native *native, Value *arguments, size_t count, Tuple *keywords);

#endif

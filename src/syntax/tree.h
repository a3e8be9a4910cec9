// The syntax tree. Its node kinds and fields are those of Python's documented abstract grammar (the `ast` module), so
// that whoever knows one knows the other. Nodes live in the arena of the parse and are never changed after it.
#ifndef AIOLI_SYNTAX_TREE_H
#define AIOLI_SYNTAX_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A piece of UTF-8 text in the arena, NUL-terminated for convenience; it may hold NULs of its own.
typedef struct {
    const char *data;
    size_t length;
} Text;

// Lines count from 1, columns from 0 in bytes of UTF-8; the end is exclusive.
typedef struct {
    uint32_t line, column;
    uint32_t end_line, end_column;
} Range;

typedef enum {
    // statements
    NODE_FUNCTION_DEF,
    NODE_CLASS_DEF,
    NODE_RETURN,
    NODE_DELETE,
    NODE_ASSIGN,
    NODE_AUGMENTED_ASSIGN,
    NODE_ANNOTATED_ASSIGN,
    NODE_TYPE_ALIAS,
    NODE_FOR,
    NODE_WHILE,
    NODE_IF,
    NODE_WITH,
    NODE_MATCH,
    NODE_RAISE,
    NODE_TRY,
    NODE_ASSERT,
    NODE_IMPORT,
    NODE_IMPORT_FROM,
    NODE_GLOBAL,
    NODE_NONLOCAL,
    NODE_EXPRESSION_STATEMENT,
    NODE_PASS,
    NODE_BREAK,
    NODE_CONTINUE,
    // expressions
    NODE_BOOLEAN_OPERATION,
    NODE_NAMED_EXPRESSION,
    NODE_BINARY_OPERATION,
    NODE_UNARY_OPERATION,
    NODE_LAMBDA,
    NODE_CONDITIONAL,
    NODE_DICT,
    NODE_SET,
    NODE_LIST_COMPREHENSION,
    NODE_SET_COMPREHENSION,
    NODE_DICT_COMPREHENSION,
    NODE_GENERATOR_EXPRESSION,
    NODE_AWAIT,
    NODE_YIELD,
    NODE_YIELD_FROM,
    NODE_COMPARE,
    NODE_CALL,
    NODE_FORMATTED_VALUE,
    NODE_JOINED_STRING,
    NODE_CONSTANT,
    NODE_ATTRIBUTE,
    NODE_SUBSCRIPT,
    NODE_STARRED,
    NODE_NAME,
    NODE_LIST,
    NODE_TUPLE,
    NODE_SLICE,
    // patterns of `case`
    NODE_MATCH_VALUE,
    NODE_MATCH_SINGLETON,
    NODE_MATCH_SEQUENCE,
    NODE_MATCH_MAPPING,
    NODE_MATCH_CLASS,
    NODE_MATCH_STAR,
    NODE_MATCH_AS,
    NODE_MATCH_OR,
} NodeKind;

typedef enum { // in Python's order of the ast module
    OPERATOR_ADD,
    OPERATOR_SUBTRACT,
    OPERATOR_MULTIPLY,
    OPERATOR_MATRIX_MULTIPLY,
    OPERATOR_DIVIDE,
    OPERATOR_MODULO,
    OPERATOR_POWER,
    OPERATOR_LEFT_SHIFT,
    OPERATOR_RIGHT_SHIFT,
    OPERATOR_OR,
    OPERATOR_XOR,
    OPERATOR_AND,
    OPERATOR_FLOOR_DIVIDE,
} BinaryOperator;

typedef enum { UNARY_INVERT, UNARY_NOT, UNARY_PLUS, UNARY_MINUS } UnaryOperator;

typedef enum {
    COMPARE_EQUAL,
    COMPARE_NOT_EQUAL,
    COMPARE_LESS,
    COMPARE_LESS_EQUAL,
    COMPARE_GREATER,
    COMPARE_GREATER_EQUAL,
    COMPARE_IS,
    COMPARE_IS_NOT,
    COMPARE_IN,
    COMPARE_NOT_IN,
} CompareOperator;

typedef enum {
    CONSTANT_NONE,
    CONSTANT_FALSE,
    CONSTANT_TRUE,
    CONSTANT_ELLIPSIS,
    CONSTANT_INT,   // text: the digits, without underscores and prefix, in `base`
    CONSTANT_FLOAT, // number
    CONSTANT_IMAGINARY,
    CONSTANT_STRING, // text: UTF-8, where a \ud800 escape stands as a lone surrogate's three bytes
    CONSTANT_BYTES,  // text: the bytes
} ConstantKind;

typedef enum { CONTEXT_LOAD, CONTEXT_STORE, CONTEXT_DELETE } ExpressionContext;

typedef struct Node Node;

// No tree is deeper, so that code which walks one may recurse.
enum { LIMIT_TREE_DEPTH = 3000 };

typedef struct {
    Node **items;
    size_t count;
} NodeList;

typedef struct {
    Text name;
    Range range;
} Identifier;

typedef struct {
    Identifier *items;
    size_t count;
} IdentifierList;

typedef struct {
    Text name;
    Node *annotation; // or NULL
    Range range;
} Parameter;

typedef struct {
    Parameter *items; // positional-only ones first, then positional-or-keyword ones
    size_t count;
    size_t positional_only;      // how many of items are positional-only
    NodeList defaults;           // of the last defaults.count of items
    Parameter *variadic;         // *args, or NULL
    Parameter *keyword_only;     // parameters after * or *args
    size_t keyword_only_count;
    Node **keyword_defaults;     // one for each keyword-only parameter, NULL where there is none
    Parameter *keyword_variadic; // **kwargs, or NULL
} Parameters;

typedef struct {
    Text name; // data is NULL for **value
    Node *value;
    Range range;
} Keyword;

typedef struct {
    Keyword *items;
    size_t count;
} KeywordList;

typedef struct {
    Node *target;
    Node *iterable;
    NodeList conditions;
    bool is_async;
} Comprehension;

typedef struct {
    Node *type; // or NULL: a bare except
    Text name;  // data is NULL without `as`
    NodeList body;
    Range range;
} ExceptHandler;

typedef struct {
    Node *context;
    Node *target; // or NULL
} WithItem;

typedef struct {
    Node *pattern;
    Node *guard; // or NULL
    NodeList body;
    Range range;
} MatchCase;

typedef struct {
    Text name; // dotted
    Text as;   // data is NULL without `as`
    Range range;
} Alias;

typedef enum { TYPE_PARAMETER_PLAIN, TYPE_PARAMETER_TUPLE, TYPE_PARAMETER_SPECIFICATION } TypeParameterKind;

typedef struct {
    TypeParameterKind kind; // T, *Ts, **P
    Text name;
    Node *bound;         // or NULL
    Node *default_value; // or NULL
    Range range;
} TypeParameter;

typedef struct {
    TypeParameter *items;
    size_t count;
} TypeParameterList;

struct Node {
    NodeKind kind;
    uint16_t depth; // 1 for a leaf, one more than the deepest child otherwise; at most LIMIT_TREE_DEPTH
    Range range;
    union {
        struct { // NODE_FUNCTION_DEF; range starts at `def` or `async`, not at a decorator
            Text name;
            Parameters *parameters;
            NodeList body;
            NodeList decorators;
            Node *returns; // or NULL
            TypeParameterList type_parameters;
            bool is_async;
        } function;
        struct { // NODE_CLASS_DEF
            Text name;
            NodeList bases;
            KeywordList keywords;
            NodeList body;
            NodeList decorators;
            TypeParameterList type_parameters;
        } class_;
        Node *value;      // RETURN (or NULL), EXPRESSION_STATEMENT, AWAIT, YIELD (or NULL), YIELD_FROM, MATCH_VALUE
        NodeList targets; // DELETE
        struct {
            NodeList targets;
            Node *value;
        } assign;
        struct {
            Node *target;
            BinaryOperator operator;
            Node *value;
        } augmented;
        struct {
            Node *target;
            Node *annotation;
            Node *value; // or NULL
            bool simple; // the target is a name without parentheses
        } annotated;
        struct {
            Text name;
            Range name_range;
            TypeParameterList type_parameters;
            Node *value;
        } type_alias;
        struct {
            Node *target;
            Node *iterable;
            NodeList body;
            NodeList or_else;
            bool is_async;
        } for_;
        struct { // NODE_WHILE and NODE_IF; an elif is an IF alone in or_else
            Node *test;
            NodeList body;
            NodeList or_else;
        } branch;
        struct {
            WithItem *items;
            size_t count;
            NodeList body;
            bool is_async;
        } with;
        struct {
            Node *subject;
            MatchCase *cases;
            size_t count;
        } match;
        struct {
            Node *exception; // or NULL
            Node *cause;     // or NULL
        } raise;
        struct {
            NodeList body;
            ExceptHandler *handlers;
            size_t handler_count;
            NodeList or_else;
            NodeList finally;
            bool is_star; // except*
        } try_;
        struct {
            Node *test;
            Node *message; // or NULL
        } assert_;
        struct { // NODE_IMPORT and NODE_IMPORT_FROM
            Text module;    // FROM only; data is NULL in `from . import x`
            uint32_t level; // FROM only: the number of leading dots
            Alias *names;   // `*` is a single alias of that name
            size_t count;
        } import;
        IdentifierList names; // GLOBAL, NONLOCAL
        struct {
            bool is_or;
            NodeList values; // two or more
        } boolean;
        struct { // NAMED_EXPRESSION: target is a NAME in STORE context
            Node *target;
            Node *value;
        } named;
        struct {
            Node *left;
            BinaryOperator operator;
            Node *right;
        } binary;
        struct {
            UnaryOperator operator;
            Node *operand;
        } unary;
        struct {
            Parameters *parameters;
            Node *body;
        } lambda;
        struct {
            Node *test;
            Node *body;
            Node *or_else;
        } conditional;
        struct { // keys.items[i] is NULL for **values.items[i]
            NodeList keys;
            NodeList values;
        } dict;
        struct { // LIST, TUPLE (with context) and SET
            NodeList items;
            ExpressionContext context;
        } sequence;
        struct { // the four comprehensions; `value` only in a dict's
            Node *element;
            Node *value;
            Comprehension *generators;
            size_t count;
        } comprehension;
        struct {
            Node *left;
            CompareOperator *operators;
            NodeList comparators; // as many as operators
        } compare;
        struct {
            Node *function;
            NodeList arguments;
            KeywordList keywords;
        } call;
        struct { // one {…} of an f-string
            Node *value;
            int conversion;      // 's', 'r', 'a', or 0
            Node *specification; // a JOINED_STRING, or NULL
        } formatted;
        NodeList parts; // JOINED_STRING: CONSTANT_STRINGs and FORMATTED_VALUEs
        struct {
            ConstantKind kind;
            int base; // CONSTANT_INT: 2, 8, 10 or 16
            Text text;
            double number;
        } constant;
        struct {
            Node *object;
            Text name;
            Range name_range;
            ExpressionContext context;
        } attribute;
        struct {
            Node *object;
            Node *index;
            ExpressionContext context;
        } subscript;
        struct {
            Node *value;
            ExpressionContext context;
        } starred;
        struct {
            Text id;
            ExpressionContext context;
        } name;
        struct { // each may be NULL
            Node *lower, *upper, *step;
        } slice;
        ConstantKind singleton; // MATCH_SINGLETON
        NodeList patterns;      // MATCH_SEQUENCE, MATCH_OR
        struct {
            NodeList keys; // expressions
            NodeList patterns;
            Text rest; // data is NULL without **rest
        } mapping;
        struct {
            Node *class_;
            NodeList patterns;
            IdentifierList keywords;
            NodeList keyword_patterns;
        } class_pattern;
        struct { // MATCH_STAR: only name (data is NULL for *_); MATCH_AS: both may be missing (`_`)
            Node *pattern;
            Text name;
        } capture;
    };
};

typedef struct {
    NodeList body;
} Module;

#endif

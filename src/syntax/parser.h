// What the grammar's actions share: the parse in progress, lists under construction, and the makers of nodes.
#ifndef AIOLI_SYNTAX_PARSER_H
#define AIOLI_SYNTAX_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "syntax/parse.h"
#include "syntax/token.h"

typedef struct {
    Arena *arena;
    const char *text;
    Token *tokens;
    uint32_t token_count;
    ParseMode mode;
    Module *module; // the result
    bool failed;
    bool generic;      // the error is that the grammar has no use for a token: a better message may be found
    bool lexical;      // wording the error has met the lexer's: that one is reported
    uint32_t reached;  // the index of the newest token the grammar has seen
    uint32_t furthest; // the same, with what was parsed again for the sake of a message
    void *grammar;
    void *trial; // another parser, for messages
    SyntaxError error;
    SyntaxWarning *warnings, **next_warning;
} Parser;

// An expression with the tokens that it spans, parentheses around it included (a node's range leaves those
// out).
typedef struct {
    Node *node;
    uint32_t first, last; // indices of tokens
} Expression;

// A list under construction, of any item type.
typedef struct {
    void *items;
    size_t count, capacity;
    size_t item_size;
    uint32_t first, last; // the tokens it spans, where that matters
} List;

// --- lists ---

// Makes an empty list of items of that size.
List *node_list_new(Parser *parser, size_t item_size);
// Adds a zeroed item and returns it; it moves when the list grows.
void *list_add(Parser *parser, List *list);
// The list of one node, and with one more.
List *nodes_new(Parser *parser, Node *node);
List *nodes_add(Parser *parser, List *list, Node *node);
// The finished list; an absent one is empty.
NodeList nodes_done(const List *list);

// A list of Expressions, for what may be a tuple.
List *expressions_new(Parser *parser, Expression expression);
List *expressions_add(Parser *parser, List *list, Expression expression);

// --- errors (error.c) ---

// Records a syntax error at a range; the first one stands.
void fail(Parser *parser, Range range, const char *format, ...) __attribute__((format(printf, 3, 4)));
// The same for the range from one token to another.
void fail_tokens(Parser *parser, uint32_t first, uint32_t last, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// The same for an expression (its parentheses included).
void fail_expression(Parser *parser, Expression expression, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// The same for an indentation error.
void fail_indentation(Parser *parser, uint32_t token, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// --- nodes (build.c) ---

// Makes a node that spans the tokens `first` to `last`.
Node *node_new(Parser *parser, NodeKind kind, uint32_t first, uint32_t last);
// Notes `child` (or NULL) as a child of the node, and returns it. Fails when the tree gets too deep.
Node *adopt(Parser *parser, Node *node, Node *child);
NodeList adopt_all(Parser *parser, Node *node, NodeList children);

Range token_range(const Parser *parser, uint32_t first, uint32_t last);
// The text of a name token, in normal form.
Text token_name(Parser *parser, uint32_t token);
bool token_is(const Parser *parser, uint32_t token, const char *word);

Expression make_name(Parser *parser, uint32_t token);
Expression make_constant(Parser *parser, uint32_t token, ConstantKind kind);
Expression make_binary(Parser *parser, Expression left, BinaryOperator operator, Expression right);
Expression make_unary(Parser *parser, uint32_t token, UnaryOperator operator, Expression operand);
// `a or b`: adds to `left` when it is such an operation without parentheses that is still being read.
Expression make_boolean(Parser *parser, List *values, bool is_or);
Expression make_compare(Parser *parser, Expression left, CompareOperator operator, Expression right,
                        bool more);
Expression make_conditional(Parser *parser, Expression body, Expression test, Expression or_else);
Expression make_named(Parser *parser, uint32_t name, Expression value);
Expression make_lambda(Parser *parser, uint32_t token, List *parameters, uint32_t colon, Expression body);
Expression make_starred(Parser *parser, uint32_t token, Expression value);
Expression make_attribute(Parser *parser, Expression object, uint32_t name);
Expression make_subscript(Parser *parser, Expression object, uint32_t open, List *items, bool comma,
                          uint32_t close);
Expression make_slice(Parser *parser, uint32_t colon, const Expression *lower, const Expression *upper,
                      uint32_t second, const Expression *step);
Expression make_call(Parser *parser, Expression function, uint32_t open, List *arguments, uint32_t close);
// A tuple without parentheses; `last` is its last token (a comma perhaps).
Expression make_tuple(Parser *parser, List *items, uint32_t last);
// A list, set or tuple in brackets; items may be NULL.
Expression make_display(Parser *parser, NodeKind kind, uint32_t open, List *items, uint32_t close);
Expression make_group(Parser *parser, uint32_t open, Expression inner, uint32_t close);
Expression make_value_node(Parser *parser, NodeKind kind, uint32_t token, const Expression *value);
Expression make_comprehension(Parser *parser, NodeKind kind, uint32_t open, Expression element, List *clauses,
                              uint32_t close);

// An item of a dict: key is absent (node NULL) for `**value`.
typedef struct {
    Expression key, value;
    uint32_t stars;
} DictItem;
Expression make_dict(Parser *parser, uint32_t open, List *items, uint32_t close);
Expression make_dict_comprehension(Parser *parser, uint32_t open, DictItem item, List *clauses,
                                   uint32_t close);
List *dict_items_add(Parser *parser, List *list, DictItem item);

// The clauses of a comprehension.
List *clause_add(Parser *parser, List *list, uint32_t async_token, Expression target, Expression iterable,
                 List *conditions);

// An argument of a call or class.
typedef struct {
    enum { ARGUMENT_VALUE, ARGUMENT_STAR, ARGUMENT_NAMED, ARGUMENT_DOUBLE_STAR, ARGUMENT_GENERATOR } form;
    uint32_t token; // the name or the stars
    Expression value;
    List *clauses; // of a generator
} Argument;
List *arguments_add(Parser *parser, List *list, Argument argument);

// --- parameters (parameters.c) ---

// An item of a parameter list, as written.
typedef struct {
    enum { ITEM_PLAIN, ITEM_SLASH, ITEM_STAR, ITEM_VARIADIC, ITEM_KEYWORDS } form;
    uint32_t token; // the slash, the stars or the name
    uint32_t name;
    uint32_t last;
    Node *annotation;
    Node *default_value;
    uint32_t default_token; // of '=', or 0
} ParameterItem;
List *parameters_add(Parser *parser, List *list, ParameterItem item);
// Puts the items in their places, or says what is wrong with their order. `end` is the token after the list.
Parameters *parameters_done(Parser *parser, Node *owner, const List *items, uint32_t end, bool is_lambda);

// A type parameter as written; bound and default may be absent (node NULL).
typedef struct {
    TypeParameterKind kind;
    uint32_t first, name;
    Expression bound, default_value;
} TypeParameterItem;
List *type_parameter_add(Parser *parser, List *list, TypeParameterItem item);
// Splits the arguments of a call or class into positional ones and keywords.
void arguments_done(Parser *parser, Node *owner, List *items, uint32_t open, uint32_t close,
                    NodeList *positional, KeywordList *keywords);

// --- targets (target.c) ---

// Makes the expression a target (STORE or DELETE), or says why it cannot be one.
typedef enum { TARGET_ASSIGN, TARGET_FOR, TARGET_WITH, TARGET_DELETE } TargetUse;
Node *make_target(Parser *parser, Expression expression, TargetUse use);
// What messages call an expression: "function call", "literal", …
const char *expression_name(const Node *node);
// The first part of an expression that cannot be a target, or NULL.
Node *invalid_target(Node *node, TargetUse use);

// --- statements (statement.c) ---

Node *make_expression_statement(Parser *parser, Expression value);
Node *make_assignment(Parser *parser, List *targets, Expression value);
Node *make_augmented(Parser *parser, Expression target, BinaryOperator operator, Expression value);
Node *make_annotated(Parser *parser, Expression target, Expression annotation, const Expression *value);
Node *make_simple(Parser *parser, NodeKind kind, uint32_t token, const Expression *value);
Node *make_delete(Parser *parser, uint32_t token, Expression targets);
Node *make_raise(Parser *parser, uint32_t token, const Expression *exception, const Expression *cause);
Node *make_assert(Parser *parser, uint32_t token, Expression test, const Expression *message);
Node *make_names(Parser *parser, NodeKind kind, uint32_t token, List *names);
List *identifier_add(Parser *parser, List *list, uint32_t token);
Node *make_import(Parser *parser, uint32_t token, List *aliases);
// `module` spans the tokens of the dotted name (first > last: none).
Node *make_import_from(Parser *parser, uint32_t token, uint32_t level, const List *module, List *aliases,
                       uint32_t last);
List *alias_add(Parser *parser, List *list, uint32_t first, uint32_t last, uint32_t as);
Node *make_type_alias(Parser *parser, uint32_t token, uint32_t name, List *type_parameters, Expression value);

// A condition with its block: of `if` and each `elif`.
typedef struct {
    uint32_t token;
    Expression test;
    List *body;
} Branch;
List *branch_add(Parser *parser, List *list, uint32_t token, Expression test, List *body);
Node *make_if(Parser *parser, List *branches, List *or_else);
Node *make_while(Parser *parser, uint32_t token, Expression test, List *body, List *or_else);
Node *make_for(Parser *parser, uint32_t async_token, uint32_t token, Expression target, Expression iterable,
               List *body, List *or_else);
List *with_item_add(Parser *parser, List *list, Expression context, const Expression *target);
Node *make_with(Parser *parser, uint32_t async_token, uint32_t token, List *items, List *body);
List *handler_add(Parser *parser, List *list, uint32_t token, const Expression *type, uint32_t name,
                  List *body);
Node *make_try(Parser *parser, uint32_t token, List *body, List *handlers, bool is_star, List *or_else,
               List *finally);
Node *tree_function(Parser *parser, uint32_t async_token, uint32_t token, uint32_t name,
                    List *type_parameters, List *parameters, uint32_t close, const Expression *returns,
                    List *body);
Node *make_class(Parser *parser, uint32_t token, uint32_t name, List *type_parameters, uint32_t open,
                 List *arguments, uint32_t close, List *body);
Node *add_decorators(Parser *parser, List *decorators, Node *definition);
// In a list of statements, `last` is the semicolon that ends it, or 0: a block reaches up to there.
List *statement_add(Parser *parser, List *list, Node *statement);
// Lets `range` end where the block does.
void end_with_block(const Parser *parser, Range *range, const List *block);
List *statements_join(Parser *parser, List *list, const List *more);
void finish_module(Parser *parser, List *statements);

// --- patterns (pattern.c) ---

typedef struct {
    uint32_t name; // the keyword's token, or 0
    Expression pattern;
} PatternArgument;
Node *make_match(Parser *parser, uint32_t token, Expression subject, List *cases);
List *case_add(Parser *parser, List *list, uint32_t token, Expression pattern, const Expression *guard,
               List *body);
Expression make_pattern_as(Parser *parser, Expression pattern, uint32_t name);
Expression make_pattern_or(Parser *parser, List *patterns);
Expression make_pattern_capture(Parser *parser, uint32_t token);
Expression make_pattern_star(Parser *parser, uint32_t star, uint32_t name);
Expression make_pattern_literal(Parser *parser, Expression value);
Expression make_pattern_sequence(Parser *parser, uint32_t first, List *patterns, uint32_t last);
// An item of a mapping pattern: `rest` is the name's token of `**rest`, or 0.
typedef struct {
    Expression key, pattern;
    uint32_t rest;
    uint32_t stars;
} MappingItem;
List *mapping_item_add(Parser *parser, List *list, MappingItem item);
Expression make_pattern_mapping(Parser *parser, uint32_t open, List *items, uint32_t close);
List *pattern_argument_add(Parser *parser, List *list, PatternArgument argument);
Expression make_pattern_class(Parser *parser, Expression class_, uint32_t open, List *arguments,
                              uint32_t close);
Expression make_complex(Parser *parser, Expression real, BinaryOperator operator, Expression imaginary);

// --- literals (literal.c, fstring.c) ---

Expression make_number(Parser *parser, uint32_t token);

// A piece of adjacent strings: a plain one, or an f-string with its parts.
typedef struct {
    uint32_t first, last;
    List *parts; // of nodes; NULL for a plain string
} StringPiece;
List *string_piece_add(Parser *parser, List *list, StringPiece piece);
Expression make_strings(Parser *parser, List *pieces);
// Literal text of an f-string that starts with the token `start`.
Node *make_fstring_middle(Parser *parser, uint32_t token, bool raw, bool in_specification);
Node *make_joined(Parser *parser, uint32_t first, uint32_t last, List *parts);
// The parts that a field makes: perhaps its own text (for `=`), and the value.
List *field_add(Parser *parser, List *parts, uint32_t open, Expression value, uint32_t equal,
                uint32_t exclamation, uint32_t conversion, uint32_t colon, List *specification,
                uint32_t close);
List *middle_add(Parser *parser, List *parts, uint32_t token, bool in_specification);

// Reads a quoted token's body. Returns false after a failure was recorded.
bool decode_string(Parser *parser, uint32_t token, const char *text, size_t length, bool raw, bool bytes,
                   Text *out);

// --- the generated parser (grammar/aioli.y) ---

// Makes a parser, in the arena.
void *grammar_new(Parser *parser);
// Makes it new again.
void grammar_reset(void *grammar, Parser *parser);
// Gives it one token. What goes wrong is in parser->failed.
void grammar_feed(void *grammar, int kind, uint32_t token);
// Whether it would take a token of that kind now.
bool grammar_accepts(void *grammar, int kind, uint32_t token);
// The expression that stands complete at the bottom of the stack, above a starting token; node is NULL if
// none does.
Expression grammar_bottom(void *grammar);

// --- feeding and diagnosis ---

// The kind under which token `index` goes to the grammar: where a soft keyword is one, and where parentheses
// of `with` hold items, it is not the lexer's. `state` is carried from token to token.
typedef struct {
    uint32_t depth;                      // of blocks
    bool match_block[LIMIT_INDENTS + 2]; // whether the block holds `case`s
    bool after_match;                    // the line is a `match` one
} FeedState;
int feed_kind(const Parser *parser, FeedState *state, uint32_t index);

// Replaces a generic "invalid syntax" by what CPython would say (diagnose.c; what happens in brackets and
// f-strings is in diagnose_bracket.c).
void diagnose(Parser *parser);

// The longest expression that starts at a token; node is NULL if none does. Parsed afresh: for messages only.
Expression prefix_expression(Parser *parser, uint32_t token);
// The longest `or` expression, and the longest operand of a comparison, that starts there.
Expression prefix_disjunction(Parser *parser, uint32_t token);
Expression prefix_operand(Parser *parser, uint32_t token);
// The operand of a comparison that a whole expression starts with.
Expression leading_operand(const Parser *parser, Expression expression);
// The range from the start of one node to the end of another.
Range nodes_range(const Node *first, const Node *last);
// Where an element that ends before `index` starts: behind the last separator in the same bracket.
uint32_t element_start(const Parser *parser, uint32_t index);
// The innermost bracket that is open before token `index`, or 0.
uint32_t open_bracket(const Parser *parser, uint32_t index);
// Looks for what is wrong in brackets, for which `=` may be meant otherwise, and in a field of an f-string.
// Each returns whether it has replaced the error.
bool diagnose_bracket(Parser *parser, uint32_t open);
bool diagnose_comma(Parser *parser);
bool diagnose_equal(Parser *parser, uint32_t open);
bool diagnose_field(Parser *parser, uint32_t open);
// Replaces the error.
void replace_error(Parser *parser, Range range, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

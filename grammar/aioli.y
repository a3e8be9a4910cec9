// The grammar of Python 3.13. Targets of assignments are read as expressions and checked afterwards; soft keywords and
// the parentheses of `with` are decided before a token comes here (src/syntax/feed.c).

%include {
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "syntax/parser.h"

#define YYNOERRORRECOVERY 1
#define NONE ((Expression){0})
// Puts a larger value into the arena, so that the entries of the parser's stack stay small.
#define KEEP(type, ...) keep(parser, &(type){__VA_ARGS__}, sizeof(type))

static void *keep(Parser *parser, const void *value, size_t size) {
    return memcpy(arena_allocate(parser->arena, size), value, size);
}
}

%name Grammar
%token_prefix TOKEN_
%token_type {uint32_t}
%default_type {Expression}
%extra_context {Parser *parser}
%stack_size 4000
%token_destructor { (void)parser; }
%start_symbol start

%syntax_error {
    if (!parser->failed) {
        fail_tokens(parser, parser->reached, parser->reached, "invalid syntax");
        parser->generic = true;
    }
}
%stack_overflow {
    fail_tokens(parser, parser->reached, parser->reached, "too many nested expressions");
}

// --- files, and the other things that are parsed ---

start ::= START_FILE statements(A) END_MARKER.                 { finish_module(parser, A); }
start ::= START_INTERACTIVE END_MARKER.                        { finish_module(parser, NULL); }
start ::= START_INTERACTIVE NEWLINE END_MARKER.                { finish_module(parser, NULL); }
start ::= START_INTERACTIVE simple_line(A) END_MARKER.         { finish_module(parser, A); }
start ::= START_INTERACTIVE compound(A) END_MARKER.            { finish_module(parser, statement_add(parser, NULL, A)); }
start ::= START_EXPRESSION expressions(A) newlines END_MARKER. {
    finish_module(parser, statement_add(parser, NULL, make_expression_statement(parser, A)));
}
start ::= START_PREFIX expression END_MARKER.
newlines ::= .
newlines ::= newlines NEWLINE.

%type statements {List *}
%type simple_line {List *}
%type simple_list {List *}
%type block {List *}
%type compound {Node *}
%type simple {Node *}
statements(A) ::= .                           { A = NULL; }
statements(A) ::= statements(B) compound(C).  { A = statement_add(parser, B, C); }
statements(A) ::= statements(B) simple_line(C). { A = statements_join(parser, B, C); }
simple_line(A) ::= simple_list(B) NEWLINE.    { A = B; }
simple_line(A) ::= simple_list(B) SEMICOLON(T) NEWLINE. { A = B; A->last = T; }
simple_list(A) ::= simple(B).                 { A = statement_add(parser, NULL, B); }
simple_list(A) ::= simple_list(B) SEMICOLON simple(C). { A = statement_add(parser, B, C); }
block(A) ::= simple_line(B).                  { A = B; }
%type block_statements {List *}
block(A) ::= NEWLINE INDENT block_statements(B) DEDENT. { A = B; }
block_statements(A) ::= compound(C).          { A = statement_add(parser, NULL, C); }
block_statements(A) ::= simple_line(C).       { A = C; }
block_statements(A) ::= block_statements(B) compound(C). { A = statement_add(parser, B, C); }
block_statements(A) ::= block_statements(B) simple_line(C). { A = statements_join(parser, B, C); }

// --- simple statements ---

simple(A) ::= right_side(B).                  { A = make_expression_statement(parser, B); }
simple(A) ::= assign_targets(B) right_side(C). { A = make_assignment(parser, B, C); }
simple(A) ::= right_side(B) augmented_operator(O) right_side(C). { A = make_augmented(parser, B, O, C); }
simple(A) ::= star_expressions(B) COLON expression(C). { A = make_annotated(parser, B, C, NULL); }
simple(A) ::= star_expressions(B) COLON expression(C) EQUAL right_side(D). { A = make_annotated(parser, B, C, &D); }
%type assign_targets {List *}
assign_targets(A) ::= right_side(B) EQUAL.    { A = expressions_new(parser, B); }
assign_targets(A) ::= assign_targets(B) right_side(C) EQUAL. { A = expressions_add(parser, B, C); }
right_side ::= star_expressions.
right_side ::= yield.
%type augmented_operator {BinaryOperator}
augmented_operator(A) ::= PLUS_EQUAL.         { A = OPERATOR_ADD; }
augmented_operator(A) ::= MINUS_EQUAL.        { A = OPERATOR_SUBTRACT; }
augmented_operator(A) ::= STAR_EQUAL.         { A = OPERATOR_MULTIPLY; }
augmented_operator(A) ::= AT_EQUAL.           { A = OPERATOR_MATRIX_MULTIPLY; }
augmented_operator(A) ::= SLASH_EQUAL.        { A = OPERATOR_DIVIDE; }
augmented_operator(A) ::= PERCENT_EQUAL.      { A = OPERATOR_MODULO; }
augmented_operator(A) ::= AMPERSAND_EQUAL.    { A = OPERATOR_AND; }
augmented_operator(A) ::= BAR_EQUAL.          { A = OPERATOR_OR; }
augmented_operator(A) ::= CARET_EQUAL.        { A = OPERATOR_XOR; }
augmented_operator(A) ::= LEFT_SHIFT_EQUAL.   { A = OPERATOR_LEFT_SHIFT; }
augmented_operator(A) ::= RIGHT_SHIFT_EQUAL.  { A = OPERATOR_RIGHT_SHIFT; }
augmented_operator(A) ::= DOUBLE_STAR_EQUAL.  { A = OPERATOR_POWER; }
augmented_operator(A) ::= DOUBLE_SLASH_EQUAL. { A = OPERATOR_FLOOR_DIVIDE; }

simple(A) ::= RETURN(T).                      { A = make_simple(parser, NODE_RETURN, T, NULL); }
simple(A) ::= RETURN(T) star_expressions(B).  { A = make_simple(parser, NODE_RETURN, T, &B); }
simple(A) ::= PASS(T).                        { A = make_simple(parser, NODE_PASS, T, NULL); }
simple(A) ::= BREAK(T).                       { A = make_simple(parser, NODE_BREAK, T, NULL); }
simple(A) ::= CONTINUE(T).                    { A = make_simple(parser, NODE_CONTINUE, T, NULL); }
simple(A) ::= RAISE(T).                       { A = make_raise(parser, T, NULL, NULL); }
simple(A) ::= RAISE(T) expression(B).         { A = make_raise(parser, T, &B, NULL); }
simple(A) ::= RAISE(T) expression(B) FROM expression(C). { A = make_raise(parser, T, &B, &C); }
simple(A) ::= DEL(T) star_expressions(B).     { A = make_delete(parser, T, B); }
simple(A) ::= ASSERT(T) expression(B).        { A = make_assert(parser, T, B, NULL); }
simple(A) ::= ASSERT(T) expression(B) COMMA expression(C). { A = make_assert(parser, T, B, &C); }
simple(A) ::= GLOBAL(T) names(B).             { A = make_names(parser, NODE_GLOBAL, T, B); }
simple(A) ::= NONLOCAL(T) names(B).           { A = make_names(parser, NODE_NONLOCAL, T, B); }
%type names {List *}
names(A) ::= NAME(T).                         { A = identifier_add(parser, NULL, T); }
names(A) ::= names(B) COMMA NAME(T).          { A = identifier_add(parser, B, T); }
simple(A) ::= TYPE(T) NAME(N) type_parameters(P) EQUAL expression(B). { A = make_type_alias(parser, T, N, P, B); }

simple(A) ::= IMPORT(T) dotted_aliases(B).    { A = make_import(parser, T, B); }
%type dotted_aliases {List *}
dotted_aliases(A) ::= dotted_alias(B).        { A = alias_add(parser, NULL, B.first, B.last, B.as); }
dotted_aliases(A) ::= dotted_aliases(L) COMMA dotted_alias(B). { A = alias_add(parser, L, B.first, B.last, B.as); }
%type dotted_alias {struct { uint32_t first, last, as; }}
dotted_alias(A) ::= dotted_name(B).           { A.first = B->first; A.last = B->last; A.as = 0; }
dotted_alias(A) ::= dotted_name(B) AS NAME(N). { A.first = B->first; A.last = B->last; A.as = N; }
%type dotted_name {List *}
dotted_name(A) ::= NAME(N).                   { A = node_list_new(parser, 1); A->first = A->last = N; }
dotted_name(A) ::= dotted_name(B) DOT NAME(N). { A = B; A->last = N; }
simple(A) ::= FROM(T) dots(D) IMPORT import_names(B). {
    A = make_import_from(parser, T, D, NULL, B, B->last);
}
simple(A) ::= FROM(T) dotted_name(M) IMPORT import_names(B). { A = make_import_from(parser, T, 0, M, B, B->last); }
simple(A) ::= FROM(T) dots(D) dotted_name(M) IMPORT import_names(B). {
    A = make_import_from(parser, T, D, M, B, B->last);
}
%type dots {uint32_t}
dots(A) ::= DOT.                              { A = 1; }
dots(A) ::= ELLIPSIS.                         { A = 3; }
dots(A) ::= dots(B) DOT.                      { A = B + 1; }
dots(A) ::= dots(B) ELLIPSIS.                 { A = B + 3; }
%type import_names {List *}
%type aliases {List *}
import_names(A) ::= STAR(T).                  { A = alias_add(parser, NULL, T, T, 0); A->last = T; }
import_names(A) ::= aliases(B).               { A = B; }
import_names(A) ::= LPAR aliases(B) RPAR(T).  { A = B; A->last = T; }
import_names(A) ::= LPAR aliases(B) COMMA RPAR(T). { A = B; A->last = T; }
aliases(A) ::= NAME(N).                       { A = alias_add(parser, NULL, N, N, 0); A->last = N; }
aliases(A) ::= NAME(N) AS NAME(T).            { A = alias_add(parser, NULL, N, N, T); A->last = T; }
aliases(A) ::= aliases(B) COMMA NAME(N).      { A = alias_add(parser, B, N, N, 0); A->last = N; }
aliases(A) ::= aliases(B) COMMA NAME(N) AS NAME(T). { A = alias_add(parser, B, N, N, T); A->last = T; }

// --- compound statements ---

compound(A) ::= if_branches(B) else_block(C). { A = make_if(parser, B, C); }
%type if_branches {List *}
if_branches(A) ::= IF(T) named_expression(B) COLON block(C). { A = branch_add(parser, NULL, T, B, C); }
if_branches(A) ::= if_branches(L) ELIF(T) named_expression(B) COLON block(C). { A = branch_add(parser, L, T, B, C); }
%type else_block {List *}
else_block(A) ::= .                           { A = NULL; }
else_block(A) ::= ELSE COLON block(B).        { A = B; }
compound(A) ::= WHILE(T) named_expression(B) COLON block(C) else_block(D). { A = make_while(parser, T, B, C, D); }
compound(A) ::= FOR(T) loop_targets(B) IN star_expressions(C) COLON block(D) else_block(E). {
    A = make_for(parser, 0, T, B, C, D, E);
}
compound(A) ::= ASYNC(S) FOR(T) loop_targets(B) IN star_expressions(C) COLON block(D) else_block(E). {
    A = make_for(parser, S, T, B, C, D, E);
}
compound(A) ::= WITH(T) with_items(B) COLON block(C). { A = make_with(parser, 0, T, B, C); }
compound(A) ::= ASYNC(S) WITH(T) with_items(B) COLON block(C). { A = make_with(parser, S, T, B, C); }
%type with_items {List *}
%type with_list {List *}
with_items(A) ::= with_list(B).               { A = B; }
with_items(A) ::= WITH_PARENTHESIS with_list(B) RPAR. { A = B; }
with_items(A) ::= WITH_PARENTHESIS with_list(B) COMMA RPAR. { A = B; }
with_list(A) ::= expression(B).               { A = with_item_add(parser, NULL, B, NULL); }
with_list(A) ::= expression(B) AS loop_target(C). { A = with_item_add(parser, NULL, B, &C); }
with_list(A) ::= with_list(L) COMMA expression(B). { A = with_item_add(parser, L, B, NULL); }
with_list(A) ::= with_list(L) COMMA expression(B) AS loop_target(C). { A = with_item_add(parser, L, B, &C); }

compound(A) ::= TRY(T) COLON block(B) FINALLY COLON block(F). { A = make_try(parser, T, B, NULL, false, NULL, F); }
compound(A) ::= TRY(T) COLON block(B) handlers(H) else_block(E) finally_block(F). {
    A = make_try(parser, T, B, H, false, E, F);
}
compound(A) ::= TRY(T) COLON block(B) star_handlers(H) else_block(E) finally_block(F). {
    A = make_try(parser, T, B, H, true, E, F);
}
%type finally_block {List *}
finally_block(A) ::= .                        { A = NULL; }
finally_block(A) ::= FINALLY COLON block(B).  { A = B; }
%type handlers {List *}
%type star_handlers {List *}
handlers(A) ::= EXCEPT(T) COLON block(B).     { A = handler_add(parser, NULL, T, NULL, 0, B); }
handlers(A) ::= EXCEPT(T) expression(E) COLON block(B). { A = handler_add(parser, NULL, T, &E, 0, B); }
handlers(A) ::= EXCEPT(T) expression(E) AS NAME(N) COLON block(B). { A = handler_add(parser, NULL, T, &E, N, B); }
handlers(A) ::= handlers(L) EXCEPT(T) COLON block(B). { A = handler_add(parser, L, T, NULL, 0, B); }
handlers(A) ::= handlers(L) EXCEPT(T) expression(E) COLON block(B). { A = handler_add(parser, L, T, &E, 0, B); }
handlers(A) ::= handlers(L) EXCEPT(T) expression(E) AS NAME(N) COLON block(B). {
    A = handler_add(parser, L, T, &E, N, B);
}
star_handlers(A) ::= EXCEPT(T) STAR expression(E) COLON block(B). { A = handler_add(parser, NULL, T, &E, 0, B); }
star_handlers(A) ::= EXCEPT(T) STAR expression(E) AS NAME(N) COLON block(B). {
    A = handler_add(parser, NULL, T, &E, N, B);
}
star_handlers(A) ::= star_handlers(L) EXCEPT(T) STAR expression(E) COLON block(B). {
    A = handler_add(parser, L, T, &E, 0, B);
}
star_handlers(A) ::= star_handlers(L) EXCEPT(T) STAR expression(E) AS NAME(N) COLON block(B). {
    A = handler_add(parser, L, T, &E, N, B);
}

compound(A) ::= definition(B).                { A = B; }
compound(A) ::= decorators(D) definition(B).  { A = add_decorators(parser, D, B); }
%type decorators {List *}
decorators(A) ::= AT named_expression(B) NEWLINE. { A = nodes_new(parser, B.node); }
decorators(A) ::= decorators(L) AT named_expression(B) NEWLINE. { A = nodes_add(parser, L, B.node); }
%type definition {Node *}
definition(A) ::= DEF(T) NAME(N) type_parameters(P) LPAR parameters(Q) RPAR(C) returns(R) COLON block(B). {
    A = tree_function(parser, 0, T, N, P, Q, C, R.node ? &R : NULL, B);
}
definition(A) ::= ASYNC(S) DEF(T) NAME(N) type_parameters(P) LPAR parameters(Q) RPAR(C) returns(R) COLON block(B). {
    A = tree_function(parser, S, T, N, P, Q, C, R.node ? &R : NULL, B);
}
definition(A) ::= CLASS(T) NAME(N) type_parameters(P) COLON block(B). {
    A = make_class(parser, T, N, P, 0, NULL, 0, B);
}
definition(A) ::= CLASS(T) NAME(N) type_parameters(P) LPAR(O) arguments(Q) RPAR(C) COLON block(B). {
    A = make_class(parser, T, N, P, O, Q, C, B);
}
returns(A) ::= .                              { A = NONE; }
returns(A) ::= ARROW expression(B).           { A = B; }

%type type_parameters {List *}
%type type_parameter_list {List *}
type_parameters(A) ::= .                      { A = NULL; }
type_parameters(A) ::= LSQB type_parameter_list(B) RSQB. { A = B; }
type_parameters(A) ::= LSQB type_parameter_list(B) COMMA RSQB. { A = B; }
%type type_parameter {TypeParameterItem *}
type_parameter_list(A) ::= type_parameter(B). {
    A = type_parameter_add(parser, NULL, *B);
}
type_parameter_list(A) ::= type_parameter_list(L) COMMA type_parameter(B). {
    A = type_parameter_add(parser, L, *B);
}
type_parameter(A) ::= NAME(N) type_bound(B) type_default(D). {
    A = KEEP(TypeParameterItem, TYPE_PARAMETER_PLAIN, N, N, B, D);
}
type_parameter(A) ::= STAR(S) NAME(N) type_bound(B). {
    A = KEEP(TypeParameterItem, TYPE_PARAMETER_TUPLE, S, N, B, NONE);
}
type_parameter(A) ::= STAR(S) NAME(N) type_bound(B) EQUAL star_expression(D). {
    A = KEEP(TypeParameterItem, TYPE_PARAMETER_TUPLE, S, N, B, D);
}
type_parameter(A) ::= DOUBLE_STAR(S) NAME(N) type_bound(B) type_default(D). {
    A = KEEP(TypeParameterItem, TYPE_PARAMETER_SPECIFICATION, S, N, B, D);
}
type_bound(A) ::= .                           { A = NONE; }
type_bound(A) ::= COLON expression(B).        { A = B; }
type_default(A) ::= .                         { A = NONE; }
type_default(A) ::= EQUAL expression(B).      { A = B; }

%type parameters {List *}
%type parameter_list {List *}
%type parameter {ParameterItem *}
parameters(A) ::= .                           { A = NULL; }
parameters(A) ::= parameter_list(B).          { A = B; }
parameters(A) ::= parameter_list(B) COMMA.    { A = B; }
parameter_list(A) ::= parameter(B).           { A = parameters_add(parser, NULL, *B); }
parameter_list(A) ::= parameter_list(L) COMMA parameter(B). { A = parameters_add(parser, L, *B); }
parameter(A) ::= SLASH(T).                    { A = KEEP(ParameterItem, .form = ITEM_SLASH, .token = T, .last = T); }
parameter(A) ::= STAR(T).                     { A = KEEP(ParameterItem, .form = ITEM_STAR, .token = T, .last = T); }
parameter(A) ::= plain_parameter(B).          { A = B; }
parameter(A) ::= plain_parameter(B) EQUAL(T) expression(D). { A = B; A->default_value = D.node; A->default_token = T; }
parameter(A) ::= STAR(T) NAME(N).             { A = KEEP(ParameterItem, ITEM_VARIADIC, T, N, N, NULL, NULL, 0); }
parameter(A) ::= STAR(T) NAME(N) COLON star_expression(B). {
    A = KEEP(ParameterItem, ITEM_VARIADIC, T, N, B.last, B.node, NULL, 0);
}
parameter(A) ::= DOUBLE_STAR(T) NAME(N).      { A = KEEP(ParameterItem, ITEM_KEYWORDS, T, N, N, NULL, NULL, 0); }
parameter(A) ::= DOUBLE_STAR(T) NAME(N) COLON expression(B). {
    A = KEEP(ParameterItem, ITEM_KEYWORDS, T, N, B.last, B.node, NULL, 0);
}
%type plain_parameter {ParameterItem *}
plain_parameter(A) ::= NAME(N).               { A = KEEP(ParameterItem, ITEM_PLAIN, N, N, N, NULL, NULL, 0); }
plain_parameter(A) ::= NAME(N) COLON expression(B). { A = KEEP(ParameterItem, ITEM_PLAIN, N, N, B.last, B.node, NULL, 0); }

// --- match ---

compound(A) ::= MATCH(T) match_subject(B) COLON NEWLINE INDENT cases(C) DEDENT. { A = make_match(parser, T, B, C); }
match_subject ::= named_expression.
match_subject(A) ::= star_named(B) COMMA(C).  { A = make_tuple(parser, expressions_new(parser, B), C); }
match_subject(A) ::= star_named_pair(B).      { A = make_tuple(parser, B, B->last); }
match_subject(A) ::= star_named_pair(B) COMMA(C). { A = make_tuple(parser, B, C); }
%type cases {List *}
cases(A) ::= CASE(T) top_pattern(B) guard(G) COLON block(C). {
    A = case_add(parser, NULL, T, B, G.node ? &G : NULL, C);
}
cases(A) ::= cases(L) CASE(T) top_pattern(B) guard(G) COLON block(C). {
    A = case_add(parser, L, T, B, G.node ? &G : NULL, C);
}
guard(A) ::= .                                { A = NONE; }
guard(A) ::= IF named_expression(B).          { A = B; }
top_pattern ::= pattern.
top_pattern(A) ::= open_sequence(B).          { A = make_pattern_sequence(parser, B->first, B, B->last); }
%type open_sequence {List *}
%type pattern_pair {List *}
open_sequence(A) ::= star_pattern(B) COMMA(C). { A = expressions_new(parser, B); A->last = C; }
open_sequence(A) ::= pattern_pair(B).         { A = B; }
open_sequence(A) ::= pattern_pair(B) COMMA(C). { A = B; A->last = C; }
pattern_pair(A) ::= star_pattern(B) COMMA star_pattern(C). {
    A = expressions_add(parser, expressions_new(parser, B), C);
}
pattern_pair(A) ::= pattern_pair(L) COMMA star_pattern(C). { A = expressions_add(parser, L, C); }
star_pattern ::= pattern.
star_pattern(A) ::= STAR(S) NAME(N).          { A = make_pattern_star(parser, S, N); }
pattern ::= or_pattern.
pattern(A) ::= or_pattern(B) AS NAME(N).      { A = make_pattern_as(parser, B, N); }
or_pattern ::= closed_pattern.
or_pattern(A) ::= or_patterns(B).             { A = make_pattern_or(parser, B); }
%type or_patterns {List *}
or_patterns(A) ::= closed_pattern(B) BAR closed_pattern(C). {
    A = expressions_add(parser, expressions_new(parser, B), C);
}
or_patterns(A) ::= or_patterns(L) BAR closed_pattern(C). { A = expressions_add(parser, L, C); }
closed_pattern(A) ::= pattern_literal(B).     { A = make_pattern_literal(parser, B); }
closed_pattern(A) ::= NAME(N).                { A = make_pattern_capture(parser, N); }
closed_pattern(A) ::= pattern_attribute(B).   { A = make_pattern_literal(parser, B); }
closed_pattern(A) ::= LPAR(O) pattern(B) RPAR(C). { A = make_group(parser, O, B, C); }
closed_pattern(A) ::= LPAR(O) RPAR(C).        { A = make_pattern_sequence(parser, O, NULL, C); }
closed_pattern(A) ::= LPAR(O) open_sequence(B) RPAR(C). { A = make_pattern_sequence(parser, O, B, C); }
closed_pattern(A) ::= LSQB(O) RSQB(C).        { A = make_pattern_sequence(parser, O, NULL, C); }
closed_pattern(A) ::= LSQB(O) star_pattern(B) RSQB(C). {
    A = make_pattern_sequence(parser, O, expressions_new(parser, B), C);
}
closed_pattern(A) ::= LSQB(O) open_sequence(B) RSQB(C). { A = make_pattern_sequence(parser, O, B, C); }
closed_pattern(A) ::= LBRACE(O) RBRACE(C).    { A = make_pattern_mapping(parser, O, NULL, C); }
closed_pattern(A) ::= LBRACE(O) mapping_items(B) RBRACE(C). { A = make_pattern_mapping(parser, O, B, C); }
closed_pattern(A) ::= LBRACE(O) mapping_items(B) COMMA RBRACE(C). { A = make_pattern_mapping(parser, O, B, C); }
closed_pattern(A) ::= pattern_class(F) LPAR(O) RPAR(C). { A = make_pattern_class(parser, F, O, NULL, C); }
closed_pattern(A) ::= pattern_class(F) LPAR(O) pattern_arguments(B) RPAR(C). {
    A = make_pattern_class(parser, F, O, B, C);
}
closed_pattern(A) ::= pattern_class(F) LPAR(O) pattern_arguments(B) COMMA RPAR(C). {
    A = make_pattern_class(parser, F, O, B, C);
}
pattern_class(A) ::= NAME(N).                 { A = make_name(parser, N); }
pattern_class ::= pattern_attribute.
pattern_attribute(A) ::= pattern_class(B) DOT NAME(N). { A = make_attribute(parser, B, N); }
pattern_literal ::= pattern_number.
pattern_literal(A) ::= pattern_number(B) PLUS NUMBER(N). {
    A = make_complex(parser, B, OPERATOR_ADD, make_number(parser, N));
}
pattern_literal(A) ::= pattern_number(B) MINUS NUMBER(N). {
    A = make_complex(parser, B, OPERATOR_SUBTRACT, make_number(parser, N));
}
pattern_literal(A) ::= strings(B).            { A = make_strings(parser, B); }
pattern_literal(A) ::= NONE(T).               { A = make_constant(parser, T, CONSTANT_NONE); }
pattern_literal(A) ::= TRUE(T).               { A = make_constant(parser, T, CONSTANT_TRUE); }
pattern_literal(A) ::= FALSE(T).              { A = make_constant(parser, T, CONSTANT_FALSE); }
pattern_number(A) ::= NUMBER(N).              { A = make_number(parser, N); }
pattern_number(A) ::= MINUS(T) NUMBER(N).     { A = make_unary(parser, T, UNARY_MINUS, make_number(parser, N)); }
%type mapping_items {List *}
%type mapping_item {MappingItem *}
mapping_items(A) ::= mapping_item(B).         { A = mapping_item_add(parser, NULL, *B); }
mapping_items(A) ::= mapping_items(L) COMMA mapping_item(B). { A = mapping_item_add(parser, L, *B); }
mapping_item(A) ::= mapping_key(K) COLON pattern(B). { A = KEEP(MappingItem, K, B, 0, 0); }
mapping_item(A) ::= DOUBLE_STAR(S) NAME(N).   { A = KEEP(MappingItem, NONE, NONE, N, S); }
mapping_key ::= pattern_literal.
mapping_key ::= pattern_attribute.
%type pattern_arguments {List *}
%type pattern_argument {PatternArgument *}
pattern_arguments(A) ::= pattern_argument(B). { A = pattern_argument_add(parser, NULL, *B); }
pattern_arguments(A) ::= pattern_arguments(L) COMMA pattern_argument(B). { A = pattern_argument_add(parser, L, *B); }
pattern_argument(A) ::= pattern(B).           { A = KEEP(PatternArgument, 0, B); }
pattern_argument(A) ::= NAME(N) EQUAL pattern(B). { A = KEEP(PatternArgument, N, B); }

// --- lists of expressions ---

%type star_pair {List *}
star_expressions ::= star_expression.
star_expressions(A) ::= star_expression(B) COMMA(C). { A = make_tuple(parser, expressions_new(parser, B), C); }
star_expressions(A) ::= star_pair(B).         { A = make_tuple(parser, B, B->last); }
star_expressions(A) ::= star_pair(B) COMMA(C). { A = make_tuple(parser, B, C); }
star_pair(A) ::= star_expression(B) COMMA star_expression(C). {
    A = expressions_add(parser, expressions_new(parser, B), C);
}
star_pair(A) ::= star_pair(L) COMMA star_expression(C). { A = expressions_add(parser, L, C); }
star_expression ::= expression.
star_expression(A) ::= STAR(S) bit_or(B).     { A = make_starred(parser, S, B); }

%type expression_pair {List *}
expressions ::= expression.
expressions(A) ::= expression(B) COMMA(C).    { A = make_tuple(parser, expressions_new(parser, B), C); }
expressions(A) ::= expression_pair(B).        { A = make_tuple(parser, B, B->last); }
expressions(A) ::= expression_pair(B) COMMA(C). { A = make_tuple(parser, B, C); }
expression_pair(A) ::= expression(B) COMMA expression(C). {
    A = expressions_add(parser, expressions_new(parser, B), C);
}
expression_pair(A) ::= expression_pair(L) COMMA expression(C). { A = expressions_add(parser, L, C); }

%type star_named_pair {List *}
star_named_pair(A) ::= star_named(B) COMMA star_named(C). {
    A = expressions_add(parser, expressions_new(parser, B), C);
}
star_named_pair(A) ::= star_named_pair(L) COMMA star_named(C). { A = expressions_add(parser, L, C); }
star_named ::= named_expression.
star_named ::= star_only.
star_only(A) ::= STAR(S) bit_or(B).           { A = make_starred(parser, S, B); }
%type star_named_items {List *}
star_named_items(A) ::= star_named(B).        { A = expressions_new(parser, B); }
star_named_items(A) ::= star_named(B) COMMA(C). { A = expressions_new(parser, B); A->last = C; }
star_named_items(A) ::= star_named_pair(B).   { A = B; }
star_named_items(A) ::= star_named_pair(B) COMMA(C). { A = B; A->last = C; }

%type loop_pair {List *}
loop_targets ::= loop_target.
loop_targets(A) ::= loop_target(B) COMMA(C).  { A = make_tuple(parser, expressions_new(parser, B), C); }
loop_targets(A) ::= loop_pair(B).             { A = make_tuple(parser, B, B->last); }
loop_targets(A) ::= loop_pair(B) COMMA(C).    { A = make_tuple(parser, B, C); }
loop_pair(A) ::= loop_target(B) COMMA loop_target(C). {
    A = expressions_add(parser, expressions_new(parser, B), C);
}
loop_pair(A) ::= loop_pair(L) COMMA loop_target(C). { A = expressions_add(parser, L, C); }
loop_target ::= bit_or.
loop_target(A) ::= STAR(S) bit_or(B).         { A = make_starred(parser, S, B); }

// --- expressions ---

yield(A) ::= YIELD(T).                        { A = make_value_node(parser, NODE_YIELD, T, NULL); }
yield(A) ::= YIELD(T) star_expressions(B).    { A = make_value_node(parser, NODE_YIELD, T, &B); }
yield(A) ::= YIELD(T) FROM expression(B).     { A = make_value_node(parser, NODE_YIELD_FROM, T, &B); }
named_expression ::= expression.
named_expression(A) ::= NAME(N) COLONEQUAL expression(B). { A = make_named(parser, N, B); }
expression ::= disjunction.
expression(A) ::= disjunction(B) IF disjunction(C) ELSE expression(D). { A = make_conditional(parser, B, C, D); }
expression(A) ::= LAMBDA(T) lambda_parameters(P) COLON(C) expression(B). { A = make_lambda(parser, T, P, C, B); }
%type lambda_parameters {List *}
%type lambda_parameter_list {List *}
%type lambda_parameter {ParameterItem *}
lambda_parameters(A) ::= .                    { A = NULL; }
lambda_parameters(A) ::= lambda_parameter_list(B). { A = B; }
lambda_parameters(A) ::= lambda_parameter_list(B) COMMA. { A = B; }
lambda_parameter_list(A) ::= lambda_parameter(B). { A = parameters_add(parser, NULL, *B); }
lambda_parameter_list(A) ::= lambda_parameter_list(L) COMMA lambda_parameter(B). { A = parameters_add(parser, L, *B); }
lambda_parameter(A) ::= SLASH(T).             { A = KEEP(ParameterItem, .form = ITEM_SLASH, .token = T, .last = T); }
lambda_parameter(A) ::= STAR(T).              { A = KEEP(ParameterItem, .form = ITEM_STAR, .token = T, .last = T); }
lambda_parameter(A) ::= NAME(N).              { A = KEEP(ParameterItem, ITEM_PLAIN, N, N, N, NULL, NULL, 0); }
lambda_parameter(A) ::= NAME(N) EQUAL(T) expression(B). {
    A = KEEP(ParameterItem, ITEM_PLAIN, N, N, N, NULL, B.node, T);
}
lambda_parameter(A) ::= STAR(T) NAME(N).      { A = KEEP(ParameterItem, ITEM_VARIADIC, T, N, N, NULL, NULL, 0); }
lambda_parameter(A) ::= DOUBLE_STAR(T) NAME(N). { A = KEEP(ParameterItem, ITEM_KEYWORDS, T, N, N, NULL, NULL, 0); }

disjunction ::= conjunction.
disjunction(A) ::= or_values(B).              { A = make_boolean(parser, B, true); }
%type or_values {List *}
or_values(A) ::= conjunction(B) OR conjunction(C). { A = expressions_add(parser, expressions_new(parser, B), C); }
or_values(A) ::= or_values(L) OR conjunction(C). { A = expressions_add(parser, L, C); }
conjunction ::= inversion.
conjunction(A) ::= and_values(B).             { A = make_boolean(parser, B, false); }
%type and_values {List *}
and_values(A) ::= inversion(B) AND inversion(C). { A = expressions_add(parser, expressions_new(parser, B), C); }
and_values(A) ::= and_values(L) AND inversion(C). { A = expressions_add(parser, L, C); }
inversion ::= comparison.
inversion(A) ::= NOT(T) inversion(B).         { A = make_unary(parser, T, UNARY_NOT, B); }
comparison ::= bit_or.
comparison ::= comparisons.
comparisons(A) ::= bit_or(B) comparison_operator(O) bit_or(C). { A = make_compare(parser, B, O, C, false); }
comparisons(A) ::= comparisons(B) comparison_operator(O) bit_or(C). { A = make_compare(parser, B, O, C, true); }
%type comparison_operator {CompareOperator}
comparison_operator(A) ::= EQUAL_EQUAL.       { A = COMPARE_EQUAL; }
comparison_operator(A) ::= NOT_EQUAL.         { A = COMPARE_NOT_EQUAL; }
comparison_operator(A) ::= LESS.              { A = COMPARE_LESS; }
comparison_operator(A) ::= LESS_EQUAL.        { A = COMPARE_LESS_EQUAL; }
comparison_operator(A) ::= GREATER.           { A = COMPARE_GREATER; }
comparison_operator(A) ::= GREATER_EQUAL.     { A = COMPARE_GREATER_EQUAL; }
comparison_operator(A) ::= IS.                { A = COMPARE_IS; }
comparison_operator(A) ::= IS NOT.            { A = COMPARE_IS_NOT; }
comparison_operator(A) ::= IN.                { A = COMPARE_IN; }
comparison_operator(A) ::= NOT IN.            { A = COMPARE_NOT_IN; }
bit_or ::= bit_xor.
bit_or(A) ::= bit_or(B) BAR bit_xor(C).       { A = make_binary(parser, B, OPERATOR_OR, C); }
bit_xor ::= bit_and.
bit_xor(A) ::= bit_xor(B) CARET bit_and(C).   { A = make_binary(parser, B, OPERATOR_XOR, C); }
bit_and ::= shift.
bit_and(A) ::= bit_and(B) AMPERSAND shift(C). { A = make_binary(parser, B, OPERATOR_AND, C); }
shift ::= sum.
shift(A) ::= shift(B) LEFT_SHIFT sum(C).      { A = make_binary(parser, B, OPERATOR_LEFT_SHIFT, C); }
shift(A) ::= shift(B) RIGHT_SHIFT sum(C).     { A = make_binary(parser, B, OPERATOR_RIGHT_SHIFT, C); }
sum ::= term.
sum(A) ::= sum(B) PLUS term(C).               { A = make_binary(parser, B, OPERATOR_ADD, C); }
sum(A) ::= sum(B) MINUS term(C).              { A = make_binary(parser, B, OPERATOR_SUBTRACT, C); }
term ::= factor.
term(A) ::= term(B) STAR factor(C).           { A = make_binary(parser, B, OPERATOR_MULTIPLY, C); }
term(A) ::= term(B) SLASH factor(C).          { A = make_binary(parser, B, OPERATOR_DIVIDE, C); }
term(A) ::= term(B) DOUBLE_SLASH factor(C).   { A = make_binary(parser, B, OPERATOR_FLOOR_DIVIDE, C); }
term(A) ::= term(B) PERCENT factor(C).        { A = make_binary(parser, B, OPERATOR_MODULO, C); }
term(A) ::= term(B) AT factor(C).             { A = make_binary(parser, B, OPERATOR_MATRIX_MULTIPLY, C); }
factor ::= power.
factor(A) ::= PLUS(T) factor(B).              { A = make_unary(parser, T, UNARY_PLUS, B); }
factor(A) ::= MINUS(T) factor(B).             { A = make_unary(parser, T, UNARY_MINUS, B); }
factor(A) ::= TILDE(T) factor(B).             { A = make_unary(parser, T, UNARY_INVERT, B); }
power ::= await.
power(A) ::= await(B) DOUBLE_STAR factor(C).  { A = make_binary(parser, B, OPERATOR_POWER, C); }
await ::= primary.
await(A) ::= AWAIT(T) primary(B).             { A = make_value_node(parser, NODE_AWAIT, T, &B); }

primary ::= atom.
primary(A) ::= primary(B) DOT NAME(N).        { A = make_attribute(parser, B, N); }
primary(A) ::= primary(B) LPAR(O) arguments(Q) RPAR(C). { A = make_call(parser, B, O, Q, C); }
primary(A) ::= primary(B) LSQB(O) subscripts(S) RSQB(C). { A = make_subscript(parser, B, O, S, false, C); }
primary(A) ::= primary(B) LSQB(O) subscripts(S) COMMA RSQB(C). { A = make_subscript(parser, B, O, S, true, C); }
%type subscripts {List *}
subscripts(A) ::= subscript(B).               { A = expressions_new(parser, B); }
subscripts(A) ::= subscripts(L) COMMA subscript(B). { A = expressions_add(parser, L, B); }
subscript ::= named_expression.
subscript(A) ::= STAR(S) expression(B).       { A = make_starred(parser, S, B); }
subscript(A) ::= bound(B) COLON(T) bound(C).  { A = make_slice(parser, T, &B, &C, 0, NULL); }
subscript(A) ::= bound(B) COLON(T) bound(C) COLON(U) bound(D). { A = make_slice(parser, T, &B, &C, U, &D); }
bound(A) ::= .                                { A = NONE; }
bound ::= expression.

%type arguments {List *}
%type argument_list {List *}
%type argument {Argument *}
arguments(A) ::= .                            { A = NULL; }
arguments(A) ::= argument_list(B).            { A = B; }
arguments(A) ::= argument_list(B) COMMA(C).   { A = B; A->last = C; }
argument_list(A) ::= argument(B).             { A = arguments_add(parser, NULL, *B); }
argument_list(A) ::= argument_list(L) COMMA argument(B). { A = arguments_add(parser, L, *B); }
argument(A) ::= named_expression(B).          { A = KEEP(Argument, ARGUMENT_VALUE, B.first, B, NULL); }
argument(A) ::= named_expression(B) clauses(C). { A = KEEP(Argument, ARGUMENT_GENERATOR, B.first, B, C); }
argument(A) ::= STAR(T) expression(B).        { A = KEEP(Argument, ARGUMENT_STAR, T, B, NULL); }
argument(A) ::= DOUBLE_STAR(T) expression(B). { A = KEEP(Argument, ARGUMENT_DOUBLE_STAR, T, B, NULL); }
argument(A) ::= NAME(T) EQUAL expression(B).  { A = KEEP(Argument, ARGUMENT_NAMED, T, B, NULL); }

%type clauses {List *}
clauses(A) ::= clause(B).                     { A = B; }
%type clause {List *}
clause(A) ::= FOR loop_targets(T) IN disjunction(I) conditions(C). { A = clause_add(parser, NULL, 0, T, I, C); }
clause(A) ::= ASYNC(S) FOR loop_targets(T) IN disjunction(I) conditions(C). { A = clause_add(parser, NULL, S, T, I, C); }
clauses(A) ::= clauses(L) FOR loop_targets(T) IN disjunction(I) conditions(C). { A = clause_add(parser, L, 0, T, I, C); }
clauses(A) ::= clauses(L) ASYNC(S) FOR loop_targets(T) IN disjunction(I) conditions(C). {
    A = clause_add(parser, L, S, T, I, C);
}
%type conditions {List *}
conditions(A) ::= .                           { A = NULL; }
conditions(A) ::= conditions(L) IF disjunction(B). {
    A = L ? nodes_add(parser, L, B.node) : nodes_new(parser, B.node);
    A->last = B.last;
}

atom(A) ::= NAME(T).                          { A = make_name(parser, T); }
atom(A) ::= NUMBER(T).                        { A = make_number(parser, T); }
atom(A) ::= NONE(T).                          { A = make_constant(parser, T, CONSTANT_NONE); }
atom(A) ::= TRUE(T).                          { A = make_constant(parser, T, CONSTANT_TRUE); }
atom(A) ::= FALSE(T).                         { A = make_constant(parser, T, CONSTANT_FALSE); }
atom(A) ::= ELLIPSIS(T).                      { A = make_constant(parser, T, CONSTANT_ELLIPSIS); }
atom(A) ::= strings(B).                       { A = make_strings(parser, B); }
atom(A) ::= LPAR(O) RPAR(C).                  { A = make_display(parser, NODE_TUPLE, O, NULL, C); }
atom(A) ::= LPAR(O) yield(B) RPAR(C).         { A = make_group(parser, O, B, C); }
atom(A) ::= LPAR(O) named_expression(B) RPAR(C). { A = make_group(parser, O, B, C); }
atom(A) ::= LPAR(O) star_only(B) RPAR(C).     {
    fail_expression(parser, B, "cannot use starred expression here");
    A = make_group(parser, O, B, C);
}
atom(A) ::= LPAR(O) star_named(B) COMMA RPAR(C). {
    A = make_display(parser, NODE_TUPLE, O, expressions_new(parser, B), C);
}
atom(A) ::= LPAR(O) star_named_pair(B) RPAR(C). { A = make_display(parser, NODE_TUPLE, O, B, C); }
atom(A) ::= LPAR(O) star_named_pair(B) COMMA RPAR(C). { A = make_display(parser, NODE_TUPLE, O, B, C); }
atom(A) ::= LPAR(O) star_named(B) clauses(L) RPAR(C). {
    A = make_comprehension(parser, NODE_GENERATOR_EXPRESSION, O, B, L, C);
}
atom(A) ::= LSQB(O) RSQB(C).                  { A = make_display(parser, NODE_LIST, O, NULL, C); }
atom(A) ::= LSQB(O) star_named_items(B) RSQB(C). { A = make_display(parser, NODE_LIST, O, B, C); }
atom(A) ::= LSQB(O) star_named(B) clauses(L) RSQB(C). {
    A = make_comprehension(parser, NODE_LIST_COMPREHENSION, O, B, L, C);
}
atom(A) ::= LBRACE(O) RBRACE(C).              { A = make_dict(parser, O, NULL, C); }
atom(A) ::= LBRACE(O) star_named_items(B) RBRACE(C). { A = make_display(parser, NODE_SET, O, B, C); }
atom(A) ::= LBRACE(O) star_named(B) clauses(L) RBRACE(C). {
    A = make_comprehension(parser, NODE_SET_COMPREHENSION, O, B, L, C);
}
atom(A) ::= LBRACE(O) dict_items(B) RBRACE(C). { A = make_dict(parser, O, B, C); }
atom(A) ::= LBRACE(O) dict_items(B) COMMA RBRACE(C). { A = make_dict(parser, O, B, C); }
atom(A) ::= LBRACE(O) dict_item(B) clauses(L) RBRACE(C). { A = make_dict_comprehension(parser, O, *B, L, C); }
%type dict_items {List *}
%type dict_item {DictItem *}
dict_items(A) ::= dict_item(B).               { A = dict_items_add(parser, NULL, *B); }
dict_items(A) ::= dict_items(L) COMMA dict_item(B). { A = dict_items_add(parser, L, *B); }
dict_item(A) ::= expression(K) COLON expression(V). { A = KEEP(DictItem, K, V, 0); }
dict_item(A) ::= DOUBLE_STAR(S) bit_or(V).    { A = KEEP(DictItem, NONE, V, S); }

// --- strings ---

%type strings {List *}
%type string_piece {StringPiece}
strings(A) ::= string_piece(B).               { A = string_piece_add(parser, NULL, B); }
strings(A) ::= strings(L) string_piece(B).    { A = string_piece_add(parser, L, B); }
string_piece(A) ::= STRING(T).                { A = (StringPiece){T, T, NULL}; }
string_piece(A) ::= FSTRING_START(S) fstring_parts(B) FSTRING_END(E). { A = (StringPiece){S, E, B}; }
%type fstring_parts {List *}
fstring_parts(A) ::= .                        { A = node_list_new(parser, sizeof(Node *)); }
fstring_parts(A) ::= fstring_parts(L) FSTRING_MIDDLE(T). { A = middle_add(parser, L, T, false); }
fstring_parts(A) ::= fstring_parts(L) LBRACE(O) right_side(V) field_equal(Q) field_conversion(K) field_end(C). {
    A = field_add(parser, L, O, V, Q, K.exclamation, K.name, C.colon, C.parts, C.close);
}
%type field_equal {uint32_t}
field_equal(A) ::= .                          { A = 0; }
field_equal(A) ::= EQUAL(T).                  { A = T; }
%type field_conversion {struct { uint32_t exclamation, name; }}
field_conversion(A) ::= .                     { A.exclamation = A.name = 0; }
field_conversion(A) ::= EXCLAMATION(T) NAME(N). { A.exclamation = T; A.name = N; }
%type field_end {struct { uint32_t colon, close; List *parts; }}
field_end(A) ::= RBRACE(C).                   { A.colon = 0; A.parts = NULL; A.close = C; }
field_end(A) ::= COLON(T) specification(B) RBRACE(C). { A.colon = T; A.parts = B; A.close = C; }
%type specification {List *}
specification(A) ::= .                        { A = node_list_new(parser, sizeof(Node *)); }
specification(A) ::= specification(L) FSTRING_MIDDLE(T). { A = middle_add(parser, L, T, true); }
specification(A) ::= specification(L) LBRACE(O) right_side(V) field_equal(Q) field_conversion(K) field_end(C). {
    A = field_add(parser, L, O, V, Q, K.exclamation, K.name, C.colon, C.parts, C.close);
}

// Tokens that no rule wants: characters without a meaning, the lexer's errors, keywords of other languages.
%token OLD_NOT_EQUAL UNKNOWN LEXICAL_ERROR.

%code {
void *grammar_new(Parser *parser) {
    yyParser *stack = arena_allocate(parser->arena, sizeof *stack);
    GrammarInit(stack, parser);
    return stack;
}

void grammar_reset(void *grammar, Parser *parser) { GrammarInit(grammar, parser); }

void grammar_feed(void *grammar, int kind, uint32_t token) { Grammar(grammar, kind, token); }

bool grammar_accepts(void *grammar, int kind, uint32_t token) {
    yyParser *stack = grammar;
    Parser *parser = stack->parser;
    Parser saved = *parser;
    parser->failed = parser->generic = false;
    if (!parser->trial) parser->trial = grammar_new(parser);
    yyParser *copy = parser->trial;
    *copy = *stack;
    copy->yytos = copy->yystack + (stack->yytos - stack->yystack);
    copy->yystackEnd = &copy->yystack[YYSTACKDEPTH - 1];
    Grammar(copy, kind, token);
    bool accepted = !parser->failed || !parser->generic;
    saved.trial = copy;
    *parser = saved;
    return accepted;
}

Expression grammar_bottom(void *grammar) {
    yyParser *stack = grammar;
    Expression bottom = {0};
    if (stack->yytos < stack->yystack + 2) return bottom;
    // Every symbol that an expression can start with is an expression's own, unless it is a token.
    yyStackEntry *entry = stack->yystack + 2;
    if (entry->major >= YYNTOKEN) memcpy(&bottom, &entry->minor, sizeof bottom);
    return bottom;
}
}

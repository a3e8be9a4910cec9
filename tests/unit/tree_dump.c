// Parses files and prints their trees, in a form that compare_trees.py makes of CPython's as well; or the
// syntax error. Usage: tree_dump [-e | -i | -x] FILE...   (-e: an expression, -i: a prompt's statement, -x:
// say nothing of a good tree)
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "syntax/parse.h"

static void dump(const Node *node);

static void dump_bytes(Text text) {
    putchar('\'');
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= ' ' && c <= '~' && c != '\'' && c != '\\')
            putchar(c);
        else
            printf("\\x%02x", c);
    }
    putchar('\'');
}

static void dump_text(Text text) {
    if (text.data)
        dump_bytes(text);
    else
        printf("None");
}

static void dump_range(Range range) {
    printf("[%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 "]", range.line, range.column, range.end_line,
           range.end_column);
}

static void dump_nodes(NodeList list) {
    putchar('[');
    for (size_t i = 0; i < list.count; i++) {
        if (i) putchar(',');
        dump(list.items[i]);
    }
    putchar(']');
}

static void dump_names(IdentifierList list) {
    putchar('[');
    for (size_t i = 0; i < list.count; i++) {
        if (i) putchar(',');
        dump_text(list.items[i].name);
    }
    putchar(']');
}

static void field(const char *name) { printf(",%s=", name); }

static void dump_field(const char *name, const Node *node) {
    field(name);
    dump(node);
}

static void dump_list(const char *name, NodeList list) {
    field(name);
    dump_nodes(list);
}

static void dump_context(ExpressionContext context) {
    static const char *const names[] = {"Load", "Store", "Del"};
    printf(",%s", names[context]);
}

static void dump_parameter(const Parameter *parameter) {
    if (!parameter) {
        printf("None");
        return;
    }
    printf("arg(");
    dump_text(parameter->name);
    dump_field("annotation", parameter->annotation);
    putchar(')');
    dump_range(parameter->range);
}

static void dump_parameters(const Parameters *p) {
    printf(",args=arguments(posonly=%zu,[", p->positional_only);
    for (size_t i = 0; i < p->count; i++) dump_parameter(&p->items[i]);
    printf("],vararg=");
    dump_parameter(p->variadic);
    printf(",[");
    for (size_t i = 0; i < p->keyword_only_count; i++) dump_parameter(&p->keyword_only[i]);
    printf("],[");
    for (size_t i = 0; i < p->keyword_only_count; i++) {
        if (i) putchar(',');
        dump(p->keyword_defaults[i]);
    }
    printf("],kwarg=");
    dump_parameter(p->keyword_variadic);
    dump_list("defaults", p->defaults);
    putchar(')');
}

static void dump_keywords(KeywordList list) {
    printf(",keywords=[");
    for (size_t i = 0; i < list.count; i++) {
        printf("keyword(");
        dump_text(list.items[i].name);
        dump_field("value", list.items[i].value);
        putchar(')');
        dump_range(list.items[i].range);
    }
    putchar(']');
}

static void dump_type_parameters(TypeParameterList list) {
    static const char *const names[] = {"TypeVar", "TypeVarTuple", "ParamSpec"};
    printf(",type_params=[");
    for (size_t i = 0; i < list.count; i++) {
        printf("%s(", names[list.items[i].kind]);
        dump_text(list.items[i].name);
        dump_field("bound", list.items[i].bound);
        dump_field("default", list.items[i].default_value);
        putchar(')');
        dump_range(list.items[i].range);
    }
    putchar(']');
}

static void dump_constant_kind(ConstantKind kind) {
    static const char *const names[] = {"None", "False", "True", "Ellipsis"};
    printf("%s", names[kind]);
}

static void dump_constant(const Node *node) {
    switch (node->constant.kind) {
    case CONSTANT_INT: printf("int:%d:%s;", node->constant.base, node->constant.text.data); break;
    case CONSTANT_FLOAT: printf("%.17g", node->constant.number); break;
    case CONSTANT_IMAGINARY: printf("%.17gj", node->constant.number); break;
    case CONSTANT_BYTES: putchar('b'); // fall through
    case CONSTANT_STRING: dump_bytes(node->constant.text); break;
    default: dump_constant_kind(node->constant.kind);
    }
}

static const char *const operators[] = {"Add",    "Sub",    "Mult",  "MatMult", "Div",    "Mod",     "Pow",
                                        "LShift", "RShift", "BitOr", "BitXor",  "BitAnd", "FloorDiv"};

static void dump_compound(const Node *node) {
    switch (node->kind) {
    case NODE_FUNCTION_DEF:
        printf(node->function.is_async ? "AsyncFunctionDef(" : "FunctionDef(");
        dump_text(node->function.name);
        dump_parameters(node->function.parameters);
        dump_list("body", node->function.body);
        dump_list("decorator_list", node->function.decorators);
        dump_field("returns", node->function.returns);
        dump_type_parameters(node->function.type_parameters);
        break;
    case NODE_CLASS_DEF:
        printf("ClassDef(");
        dump_text(node->class_.name);
        dump_list("bases", node->class_.bases);
        dump_keywords(node->class_.keywords);
        dump_list("body", node->class_.body);
        dump_list("decorator_list", node->class_.decorators);
        dump_type_parameters(node->class_.type_parameters);
        break;
    case NODE_FOR:
        printf(node->for_.is_async ? "AsyncFor(" : "For(");
        dump(node->for_.target);
        dump_field("iter", node->for_.iterable);
        dump_list("body", node->for_.body);
        dump_list("orelse", node->for_.or_else);
        break;
    case NODE_WHILE:
    case NODE_IF:
        printf(node->kind == NODE_IF ? "If(" : "While(");
        dump(node->branch.test);
        dump_list("body", node->branch.body);
        dump_list("orelse", node->branch.or_else);
        break;
    case NODE_WITH:
        printf(node->with.is_async ? "AsyncWith(" : "With(");
        for (size_t i = 0; i < node->with.count; i++) {
            printf("withitem(");
            dump(node->with.items[i].context);
            dump_field("vars", node->with.items[i].target);
            putchar(')');
        }
        dump_list("body", node->with.body);
        break;
    case NODE_MATCH:
        printf("Match(");
        dump(node->match.subject);
        for (size_t i = 0; i < node->match.count; i++) {
            printf(",case(");
            dump(node->match.cases[i].pattern);
            dump_field("guard", node->match.cases[i].guard);
            dump_list("body", node->match.cases[i].body);
            putchar(')');
        }
        break;
    case NODE_TRY:
        printf(node->try_.is_star ? "TryStar(" : "Try(");
        dump_nodes(node->try_.body);
        for (size_t i = 0; i < node->try_.handler_count; i++) {
            const ExceptHandler *handler = &node->try_.handlers[i];
            printf(",ExceptHandler(");
            dump(handler->type);
            putchar(',');
            dump_text(handler->name);
            dump_list("body", handler->body);
            putchar(')');
            dump_range(handler->range);
        }
        dump_list("orelse", node->try_.or_else);
        dump_list("finalbody", node->try_.finally);
        break;
    default: printf("?(");
    }
}

static void dump_statement(const Node *node) {
    switch (node->kind) {
    case NODE_RETURN:
        printf("Return(");
        dump(node->value);
        break;
    case NODE_DELETE:
        printf("Delete(");
        dump_nodes(node->targets);
        break;
    case NODE_ASSIGN:
        printf("Assign(");
        dump_nodes(node->assign.targets);
        dump_field("value", node->assign.value);
        break;
    case NODE_AUGMENTED_ASSIGN:
        printf("AugAssign(");
        dump(node->augmented.target);
        printf(",%s", operators[node->augmented.operator]);
        dump_field("value", node->augmented.value);
        break;
    case NODE_ANNOTATED_ASSIGN:
        printf("AnnAssign(");
        dump(node->annotated.target);
        dump_field("annotation", node->annotated.annotation);
        dump_field("value", node->annotated.value);
        printf(",%d", node->annotated.simple);
        break;
    case NODE_TYPE_ALIAS:
        printf("TypeAlias(Name(");
        dump_text(node->type_alias.name);
        printf(",Store)");
        dump_range(node->type_alias.name_range);
        dump_type_parameters(node->type_alias.type_parameters);
        dump_field("value", node->type_alias.value);
        break;
    case NODE_RAISE:
        printf("Raise(");
        dump(node->raise.exception);
        dump_field("cause", node->raise.cause);
        break;
    case NODE_ASSERT:
        printf("Assert(");
        dump(node->assert_.test);
        dump_field("msg", node->assert_.message);
        break;
    case NODE_IMPORT:
    case NODE_IMPORT_FROM:
        printf(node->kind == NODE_IMPORT ? "Import(" : "ImportFrom(");
        if (node->kind == NODE_IMPORT_FROM) {
            dump_text(node->import.module);
            printf(",%" PRIu32, node->import.level);
        }
        for (size_t i = 0; i < node->import.count; i++) {
            printf(",alias(");
            dump_text(node->import.names[i].name);
            putchar(',');
            dump_text(node->import.names[i].as);
            putchar(')');
            dump_range(node->import.names[i].range);
        }
        break;
    case NODE_GLOBAL:
        printf("Global(");
        dump_names(node->names);
        break;
    case NODE_NONLOCAL:
        printf("Nonlocal(");
        dump_names(node->names);
        break;
    case NODE_EXPRESSION_STATEMENT:
        printf("Expr(");
        dump(node->value);
        break;
    case NODE_PASS: printf("Pass("); break;
    case NODE_BREAK: printf("Break("); break;
    case NODE_CONTINUE: printf("Continue("); break;
    default: dump_compound(node);
    }
}

static void dump_pattern(const Node *node) {
    switch (node->kind) {
    case NODE_MATCH_VALUE:
        printf("MatchValue(");
        dump(node->value);
        break;
    case NODE_MATCH_SINGLETON:
        printf("MatchSingleton(");
        dump_constant_kind(node->singleton);
        break;
    case NODE_MATCH_SEQUENCE:
        printf("MatchSequence(");
        dump_nodes(node->patterns);
        break;
    case NODE_MATCH_MAPPING:
        printf("MatchMapping(");
        dump_nodes(node->mapping.keys);
        dump_list("patterns", node->mapping.patterns);
        field("rest");
        dump_text(node->mapping.rest);
        break;
    case NODE_MATCH_CLASS:
        printf("MatchClass(");
        dump(node->class_pattern.class_);
        dump_list("patterns", node->class_pattern.patterns);
        field("kwd_attrs");
        dump_names(node->class_pattern.keywords);
        dump_list("kwd_patterns", node->class_pattern.keyword_patterns);
        break;
    case NODE_MATCH_STAR:
        printf("MatchStar(");
        dump_text(node->capture.name);
        break;
    case NODE_MATCH_AS:
        printf("MatchAs(");
        dump(node->capture.pattern);
        field("name");
        dump_text(node->capture.name);
        break;
    case NODE_MATCH_OR:
        printf("MatchOr(");
        dump_nodes(node->patterns);
        break;
    default: dump_statement(node);
    }
}

static void dump_comprehension(const Node *node) {
    static const char *const names[] = {"ListComp", "SetComp", "DictComp", "GeneratorExp"};
    printf("%s(", names[node->kind - NODE_LIST_COMPREHENSION]);
    dump(node->comprehension.element);
    if (node->comprehension.value) dump_field("value", node->comprehension.value);
    for (size_t i = 0; i < node->comprehension.count; i++) {
        const Comprehension *clause = &node->comprehension.generators[i];
        printf(",comprehension(");
        dump(clause->target);
        dump_field("iter", clause->iterable);
        dump_list("ifs", clause->conditions);
        printf(",%d)", clause->is_async);
    }
}

static void dump_compare(const Node *node) {
    static const char *const names[] = {"Eq",  "NotEq", "Lt",    "LtE", "Gt",
                                        "GtE", "Is",    "IsNot", "In",  "NotIn"};
    printf("Compare(");
    dump(node->compare.left);
    for (size_t i = 0; i < node->compare.comparators.count; i++) {
        printf(",%s,", names[node->compare.operators[i]]);
        dump(node->compare.comparators.items[i]);
    }
}

static void dump_dict(const Node *node) {
    printf("Dict(");
    for (size_t i = 0; i < node->dict.keys.count; i++) {
        if (i) putchar(',');
        dump(node->dict.keys.items[i]);
        putchar(':');
        dump(node->dict.values.items[i]);
    }
}

static void dump_operation(const Node *node) {
    static const char *const unary[] = {"Invert", "Not", "UAdd", "USub"};
    switch (node->kind) {
    case NODE_BOOLEAN_OPERATION:
        printf(node->boolean.is_or ? "Or(" : "And(");
        dump_nodes(node->boolean.values);
        break;
    case NODE_NAMED_EXPRESSION:
        printf("NamedExpr(");
        dump(node->named.target);
        dump_field("value", node->named.value);
        break;
    case NODE_BINARY_OPERATION:
        printf("BinOp(");
        dump(node->binary.left);
        printf(",%s", operators[node->binary.operator]);
        dump_field("right", node->binary.right);
        break;
    case NODE_UNARY_OPERATION:
        printf("UnaryOp(%s", unary[node->unary.operator]);
        dump_field("operand", node->unary.operand);
        break;
    case NODE_LAMBDA:
        printf("Lambda(");
        dump_parameters(node->lambda.parameters);
        dump_field("body", node->lambda.body);
        break;
    case NODE_CONDITIONAL:
        printf("IfExp(");
        dump(node->conditional.test);
        dump_field("body", node->conditional.body);
        dump_field("orelse", node->conditional.or_else);
        break;
    case NODE_DICT: dump_dict(node); break;
    case NODE_SET:
        printf("Set(");
        dump_nodes(node->sequence.items);
        break;
    case NODE_LIST_COMPREHENSION:
    case NODE_SET_COMPREHENSION:
    case NODE_DICT_COMPREHENSION:
    case NODE_GENERATOR_EXPRESSION: dump_comprehension(node); break;
    case NODE_AWAIT:
        printf("Await(");
        dump(node->value);
        break;
    case NODE_YIELD:
        printf("Yield(");
        dump(node->value);
        break;
    case NODE_YIELD_FROM:
        printf("YieldFrom(");
        dump(node->value);
        break;
    case NODE_COMPARE: dump_compare(node); break;
    case NODE_CALL:
        printf("Call(");
        dump(node->call.function);
        dump_list("args", node->call.arguments);
        dump_keywords(node->call.keywords);
        break;
    default: dump_pattern(node);
    }
}

static void dump_expression(const Node *node) {
    switch (node->kind) {
    case NODE_FORMATTED_VALUE:
        printf("FormattedValue(");
        dump(node->formatted.value);
        printf(",%d", node->formatted.conversion ? node->formatted.conversion : -1);
        dump_field("format_spec", node->formatted.specification);
        break;
    case NODE_JOINED_STRING:
        printf("JoinedStr(");
        dump_nodes(node->parts);
        break;
    case NODE_CONSTANT:
        printf("Constant(");
        dump_constant(node);
        break;
    case NODE_ATTRIBUTE:
        printf("Attribute(");
        dump(node->attribute.object);
        putchar(',');
        dump_text(node->attribute.name);
        dump_context(node->attribute.context);
        break;
    case NODE_SUBSCRIPT:
        printf("Subscript(");
        dump(node->subscript.object);
        dump_field("slice", node->subscript.index);
        dump_context(node->subscript.context);
        break;
    case NODE_STARRED:
        printf("Starred(");
        dump(node->starred.value);
        dump_context(node->starred.context);
        break;
    case NODE_NAME:
        printf("Name(");
        dump_text(node->name.id);
        dump_context(node->name.context);
        break;
    case NODE_LIST:
    case NODE_TUPLE:
        printf(node->kind == NODE_LIST ? "List(" : "Tuple(");
        dump_nodes(node->sequence.items);
        dump_context(node->sequence.context);
        break;
    case NODE_SLICE:
        printf("Slice(");
        dump(node->slice.lower);
        dump_field("upper", node->slice.upper);
        dump_field("step", node->slice.step);
        break;
    default: dump_operation(node);
    }
}

static void dump(const Node *node) {
    if (!node) {
        printf("None");
        return;
    }
    dump_expression(node);
    putchar(')');
    dump_range(node->range);
}

__attribute__((noinline)) static char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    char *data = NULL;
    size_t capacity = 0, got;
    *length = 0;
    do {
        if (capacity - *length < 65536) data = realloc(data, capacity += capacity + 65536);
        if (!data) abort();
        got = fread(data + *length, 1, capacity - *length, file);
        *length += got;
    } while (got);
    fclose(file);
    return data;
}

static void show(const char *volatile path, ParseMode mode, bool quiet) {
    size_t length;
    char *source = read_file(path, &length);
    if (!source) {
        printf("cannot read\n");
        return;
    }
    Allocator allocator = allocator_system();
    Arena arena;
    jmp_buf failure;
    arena_init(&arena, &allocator, &failure);
    if (setjmp(failure)) {
        printf("out of memory\n");
    } else {
        ParseResult result = parse_source(&arena, source, length, mode);
        if (!result.module) {
            static const char *const kinds[] = {"SyntaxError", "IndentationError", "TabError"};
            Range range = result.error.range;
            printf("%s\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32 "\t%d\t%s\t",
                   kinds[result.error.kind], range.line, range.column, range.end_line, range.end_column,
                   result.error.incomplete, result.error.message);
            dump_bytes(result.error.line_text);
        } else if (!quiet) {
            dump_nodes(result.module->body);
        } else {
            printf("good");
        }
        for (const SyntaxWarning *warning = result.warnings; warning && !quiet; warning = warning->next) {
            printf("\twarning %" PRIu32 ": %s", warning->line, warning->message);
        }
        putchar('\n');
    }
    arena_free(&arena);
    free(source);
}

int main(int count, char **arguments) {
    ParseMode mode = PARSE_FILE;
    bool quiet = false;
    for (int i = 1; i < count; i++) {
        if (!strcmp(arguments[i], "-e"))
            mode = PARSE_EXPRESSION;
        else if (!strcmp(arguments[i], "-i"))
            mode = PARSE_INTERACTIVE;
        else if (!strcmp(arguments[i], "-x"))
            quiet = true;
        else
            show(arguments[i], mode, quiet);
    }
    return 0;
}

#include "generate.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct {
    char *name;
    char **productions;
    size_t count;
} Rule;

struct Grammar {
    Rule *rules;
    size_t count;
};

enum { MOST_NESTED = 9, LONGEST = 60000 };

// ---- Reading

static void *checked(void *memory) {
    if (!memory) abort();
    return memory;
}

static void add_line(Rule *rule, const char *line) {
    char **last = &rule->productions[rule->count - 1];
    size_t length = strlen(*last);
    *last = checked(realloc(*last, length + strlen(line) + 2));
    snprintf(*last + length, strlen(line) + 2, "\n%s", line);
}

static void add_production(Rule *rule, const char *text) {
    rule->productions = checked(realloc(rule->productions, (rule->count + 1) * sizeof *rule->productions));
    rule->productions[rule->count++] = checked(strdup(text));
}

static const Rule *find(const Grammar *grammar, const char *name, size_t length) {
    for (size_t i = 0; i < grammar->count; i++)
        if (strlen(grammar->rules[i].name) == length && !memcmp(grammar->rules[i].name, name, length)) return &grammar->rules[i];
    return NULL;
}

// The end of a name in angle brackets that begins at `text`, or NULL.
static const char *name_end(const char *text) {
    if (*text != '<') return NULL;
    const char *p = text + 1;
    while ((*p >= 'a' && *p <= 'z') || *p == '_') p++;
    return *p == '>' && p > text + 1 ? p : NULL;
}

static bool is_complete(const Grammar *grammar) {
    for (size_t i = 0; i < grammar->count; i++)
        for (size_t k = 0; k < grammar->rules[i].count; k++)
            for (const char *p = grammar->rules[i].productions[k]; *p; p++) {
                const char *end = name_end(p);
                if (!end || find(grammar, p + 1, (size_t)(end - p - 1))) continue;
                fprintf(stderr, "the grammar has no %.*s\n", (int)(end - p + 1), p);
                return false;
            }
    return true;
}

Grammar *grammar_read(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) return perror(path), NULL;
    Grammar *grammar = checked(calloc(1, sizeof *grammar));
    char line[4096];
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        Rule *rule = grammar->count ? &grammar->rules[grammar->count - 1] : NULL;
        if (!strncmp(line, "= ", 2)) {
            grammar->rules = checked(realloc(grammar->rules, (grammar->count + 1) * sizeof *grammar->rules));
            grammar->rules[grammar->count++] = (Rule){.name = checked(strdup(line + 2))};
        } else if (rule && !strncmp(line, "- ", 2)) {
            add_production(rule, line + 2);
        } else if (rule && rule->count && !strncmp(line, "  ", 2)) {
            add_line(rule, line + 2);
        }
    }
    fclose(file);
    if (is_complete(grammar)) return grammar;
    grammar_free(grammar);
    return NULL;
}

void grammar_free(Grammar *grammar) {
    for (size_t i = 0; grammar && i < grammar->count; i++) {
        for (size_t k = 0; k < grammar->rules[i].count; k++) free(grammar->rules[i].productions[k]);
        free(grammar->rules[i].productions);
        free(grammar->rules[i].name);
    }
    if (grammar) free(grammar->rules);
    free(grammar);
}

// ---- Expanding

typedef struct {
    const Grammar *grammar;
    Random *random;
    Buffer *out;
    size_t column; // of the line that is being written
} Expansion;

static void put(Expansion *expansion, char c, size_t indent) {
    buffer_byte(expansion->out, c);
    expansion->column = c == '\n' ? indent : expansion->column + 1;
    if (c == '\n')
        for (size_t i = 0; i < indent; i++) buffer_byte(expansion->out, ' ');
}

static void expand(Expansion *expansion, const Rule *rule, int nested) {
    uint32_t count = (uint32_t)rule->count;
    if (nested >= MOST_NESTED || expansion->out->length > LONGEST) count = 1;
    const char *text = rule->productions[random_below(expansion->random, count)];
    size_t indent = expansion->column;
    for (size_t i = 0; i < indent; i++)
        if (expansion->out->data[expansion->out->length - 1 - i] != ' ') indent = 0; // not at a line's beginning
    for (const char *p = text; *p; p++) {
        const char *end = name_end(p);
        if (!end) {
            put(expansion, *p, indent);
            continue;
        }
        expand(expansion, find(expansion->grammar, p + 1, (size_t)(end - p - 1)), nested + 1);
        p = end;
    }
}

static void expand_name(const Grammar *grammar, const char *name, Random *random, Buffer *out) {
    const Rule *rule = find(grammar, name, strlen(name));
    Expansion expansion = {grammar, random, out, 0};
    if (rule) expand(&expansion, rule, 0);
    buffer_byte(out, '\n');
}

void generate_helpers(const Grammar *grammar, Random *random, bool quick, Buffer *out) {
    buffer_format(out, "SEED, FUEL = %u, %d\n", random_below(random, 1u << 30), quick ? 120 : 1500);
    expand_name(grammar, "helpers", random, out);
}

void generate_program(const Grammar *grammar, Random *random, Buffer *out) { expand_name(grammar, "program", random, out); }

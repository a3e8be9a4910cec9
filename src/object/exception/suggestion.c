// "Did you mean": the name nearest to one that is not there, by CPython's measure.
#include <string.h>

#include "object/container/dict.h"
#include "object/exception/traceback_internal.h"
#include "object/shared/builtin.h"

enum { MAX_CANDIDATES = 750, MAX_NAME = 40, MOVE_COST = 2, CASE_COST = 1 };

static const char *const stdlib_names[] = {
#include "object/exception/stdlib_names.def"
};

static size_t substitution_cost(char a, char b) {
    if (a == b) return 0;
    if ((a | 0x20) == (b | 0x20) && (a | 0x20) >= 'a' && (a | 0x20) <= 'z') return CASE_COST;
    return MOVE_COST;
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// The cost of turning one name into the other, or more than `most`.
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size, size_t most) {
    while (a_size && b_size && *a == *b) a++, b++, a_size--, b_size--;
    while (a_size && b_size && a[a_size - 1] == b[b_size - 1]) a_size--, b_size--;
    if (!a_size || !b_size) return (a_size + b_size) * MOVE_COST;
    if (a_size > MAX_NAME || b_size > MAX_NAME) return most + 1;
    if (b_size < a_size) {
        const char *text = a;
        size_t size = a_size;
        a = b, a_size = b_size, b = text, b_size = size;
    }
    if ((b_size - a_size) * MOVE_COST > most) return most + 1;
    size_t row[MAX_NAME], result = 0;
    for (size_t i = 0; i < a_size; i++) row[i] = (i + 1) * MOVE_COST;
    for (size_t k = 0; k < b_size; k++) {
        size_t diagonal = k * MOVE_COST, least = SIZE_MAX;
        result = diagonal;
        for (size_t i = 0; i < a_size; i++) {
            size_t substitute = diagonal + substitution_cost(b[k], a[i]);
            diagonal = row[i];
            result = smaller(smaller(result, diagonal) + MOVE_COST, substitute);
            row[i] = result;
            least = smaller(least, result);
        }
        if (least > most) return most + 1;
    }
    return result;
}

typedef struct {
    const String *wrong;
    String *best;
    size_t best_distance;
    size_t candidates;
} Search;

static void consider(Search *search, Value v) {
    search->candidates++;
    if (!is_string(v) || string_equal(string_of(v), search->wrong)) return;
    String *name = string_of(v);
    size_t most = (search->wrong->size + name->size + 3) * MOVE_COST / 6;
    if (search->best_distance) most = smaller(most, search->best_distance - 1);
    size_t found = distance(search->wrong->data, search->wrong->size, name->data, name->size, most);
    if (found > most) return;
    if (!search->best || found < search->best_distance) {
        search->best = name;
        search->best_distance = found;
    }
}

static void consider_dict(Search *search, const Dict *dict) {
    size_t position = 0;
    Value key, value;
    while (dict_next(dict, &position, &key, &value)) consider(search, key);
}
static void consider_tuple(Search *search, const Tuple *tuple) {
    for (size_t i = 0; tuple && i < tuple->length; i++) consider(search, tuple->items[i]);
}

static const Traceback *innermost(Value exception) {
    Value v = exception_of(exception)->traceback;
    if (is_none(v)) return NULL;
    const Traceback *traceback = (const Traceback *)object_of(v);
    while (traceback->next) traceback = traceback->next;
    return traceback;
}

// The names that dir() of the object shows; those that begin with `_` only if the wrong one does. [script]
static void consider_object(VM *vm, Search *search, Value object, bool hide_private) {
    Value names = value_call_special(vm, object, SPECIAL_DIR, NULL, 0);
    List *list = is_error(names) || is_empty(names) ? NULL : list_from_iterable(vm, names);
    if (list) list_sort(vm, list, VALUE_NONE, false);
    exception_clear(vm);
    for (size_t i = 0; list && i < list->length; i++)
        if (is_string(list->items[i]) && (!hide_private || string_of(list->items[i])->data[0] != '_'))
            consider(search, list->items[i]);
}

static bool is_library_name(const String *name) {
    for (size_t i = 0; i < sizeof stdlib_names / sizeof *stdlib_names; i++)
        if (string_is(name, stdlib_names[i])) return true;
    return false;
}

void suggestion_write(VM *vm, Value exception, Buffer *out) {
    ExceptionTable *table = &vm->exceptions;
    bool import = value_is_instance(vm, exception, table->import_error);
    bool name_error = value_is_instance(vm, exception, table->name_error);
    bool attribute = value_is_instance(vm, exception, table->attribute_error);
    if (!import && !name_error && !attribute) return;
    Value wrong = exception_get(vm, exception_of(exception), import ? "name_from" : "name");
    if (!is_string(wrong)) return;
    Search search = {.wrong = string_of(wrong)};
    bool hide = search.wrong->data[0] != '_';
    const Traceback *traceback = innermost(exception);
    Value self = traceback ? traceback->self : VALUE_EMPTY;
    bool member = false;
    if (attribute) {
        Value object = exception_get(vm, exception_of(exception), "obj");
        if (is_empty(object)) return;
        consider_object(vm, &search, object, hide && !(traceback && value_same(self, object)));
    } else if (import) {
        Value module = exception_get(vm, exception_of(exception), "name");
        if (is_string(module)) module = dict_get_string(vm, vm->modules, string_of(module));
        if (is_object(module) && !is_string(module)) consider_object(vm, &search, module, hide);
    } else if (traceback) {
        if (!is_empty(self)) {
            Value found = value_find_attribute(vm, self, string_of(wrong));
            member = !is_error(found) && !is_empty(found);
            exception_clear(vm);
        }
        // The frame is gone; what its code calls its variables is left.
        consider_tuple(&search, traceback->code->variable_names);
        consider_tuple(&search, traceback->code->free_names);
        if (is_dict(traceback->frame_globals)) consider_dict(&search, dict_of(traceback->frame_globals));
        consider_dict(&search, vm->builtins);
    }
    bool found = member || (search.best && search.candidates < MAX_CANDIDATES && search.wrong->size <= MAX_NAME);
    if (member)
        buffer_format(out, ". Did you mean: 'self.%s'?", search.wrong->data);
    else if (found)
        buffer_format(out, ". Did you mean: '%s'?", search.best->data);
    if (name_error && is_library_name(search.wrong))
        buffer_format(out, "%s forget to import '%s'?", found ? " Or did you" : ". Did you", search.wrong->data);
}

// "Did you mean": the name nearest to one that is not there, among those that the place of the error knows.
#include <string.h>

#include "object/container/dict.h"
#include "object/exception/library_names.h"
#include "object/exception/traceback_internal.h"
#include "object/shared/builtin.h"

// Costs are in halves of a change, since writing a letter large or small is half of one.
enum { CASE_COST = 1, CHANGE_COST = 2, LONGEST_PART = 40, TOO_MANY_NAMES = 750 };

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static size_t replacement_cost(char a, char b) {
    char letter = a | 0x20;
    if (a == b) return 0;
    return letter == (b | 0x20) && letter >= 'a' && letter <= 'z' ? CASE_COST : CHANGE_COST;
}

// The least cost of turning a into b by replacing, inserting and removing bytes, if it is at most `limit`; else more than
// that. Rows of the table of all prefixes' costs (Wagner and Fischer, "The String-to-String Correction Problem", 1974), of
// which only the cells near the diagonal are computed: every step away from it costs an insertion or a removal (Ukkonen,
// "Algorithms for Approximate String Matching", 1985). Names of which more than LONGEST_PART bytes differ are never near.
static size_t edit_cost(const char *a, size_t a_size, const char *b, size_t b_size, size_t limit) {
    size_t same = 0, shorter = smaller(a_size, b_size);
    while (same < shorter && a[same] == b[same]) same++;
    a += same, a_size -= same;
    b += same, b_size -= same;
    for (; a_size && b_size && a[a_size - 1] == b[b_size - 1]; a_size--) b_size--;
    if (!a_size || !b_size) return (a_size + b_size) * CHANGE_COST;
    size_t band = limit / CHANGE_COST, apart = a_size > b_size ? a_size - b_size : b_size - a_size;
    if (apart > band || a_size > LONGEST_PART || b_size > LONGEST_PART) return limit + 1;
    size_t rows[2][LONGEST_PART + 1], *above = rows[0], *row = rows[1];
    for (size_t j = 0; j <= smaller(b_size, band); j++) above[j] = j * CHANGE_COST;
    for (size_t i = 1; i <= a_size; i++) {
        size_t first = i > band ? i - band : 0, last = smaller(b_size, i + band), least = limit + 1;
        for (size_t j = first; j <= last; j++) {
            size_t cost = j ? above[j - 1] + replacement_cost(a[i - 1], b[j - 1]) : i * CHANGE_COST;
            if (j < i + band) cost = smaller(cost, above[j] + CHANGE_COST); // else the cell above lies outside of the band
            if (j > first) cost = smaller(cost, row[j - 1] + CHANGE_COST);
            row[j] = cost;
            least = smaller(least, cost);
        }
        if (least > limit) return least;
        size_t *free_row = above;
        above = row;
        row = free_row;
    }
    return above[b_size];
}

// The first of the nearest names that have been offered.
typedef struct {
    const String *wrong;
    String *name; // NULL: none is near
    size_t cost;
    size_t offered;
} Nearest;

// A name is near when it costs no more than changing about a third of both names' letters; and it must be nearer than the
// one found before.
static void offer(Nearest *nearest, Value v) {
    if (++nearest->offered >= TOO_MANY_NAMES || !is_string(v)) return;
    String *name = string_of(v);
    const String *wrong = nearest->wrong;
    if (string_equal(name, wrong)) return;
    size_t limit = (wrong->size + name->size) / 3 + 1;
    if (nearest->name) limit = smaller(limit, nearest->cost - 1);
    size_t cost = edit_cost(wrong->data, wrong->size, name->data, name->size, limit);
    if (cost > limit) return;
    nearest->name = name;
    nearest->cost = cost;
}

static void offer_keys(Nearest *nearest, const Dict *dict) {
    size_t position = 0;
    Value key, value;
    while (dict_next(dict, &position, &key, &value)) offer(nearest, key);
}
static void offer_items(Nearest *nearest, const Tuple *tuple) {
    for (size_t i = 0; tuple && i < tuple->length; i++) offer(nearest, tuple->items[i]);
}

static const Traceback *innermost(Value exception) {
    Value v = exception_of(exception)->traceback;
    if (is_none(v)) return NULL;
    const Traceback *traceback = (const Traceback *)object_of(v);
    while (traceback->next) traceback = traceback->next;
    return traceback;
}

static bool is_private(const String *name) { return name->data[0] == '_'; }

// The names that dir() of the object shows, in their order. Private ones count only for a wrong name that looks like one of
// them, or where the object's own method asks (`own`). [script]
static void offer_attributes(VM *vm, Nearest *nearest, Value object, bool own) {
    Value names = value_call_special(vm, object, SPECIAL_DIR, NULL, 0);
    List *list = is_error(names) || is_empty(names) ? NULL : list_from_iterable(vm, names);
    if (list) list_sort(vm, list, VALUE_NONE, false);
    exception_drop(vm);
    bool all = own || is_private(nearest->wrong);
    for (size_t i = 0; list && i < list->length; i++)
        if (is_string(list->items[i]) && (all || !is_private(string_of(list->items[i])))) offer(nearest, list->items[i]);
}

// What a name in a function can mean. The frame is gone; what its code calls its variables is left.
static void offer_variables(VM *vm, Nearest *nearest, const Traceback *traceback) {
    offer_items(nearest, traceback->code->variable_names);
    offer_items(nearest, traceback->code->free_names);
    if (is_dict(traceback->frame_globals)) offer_keys(nearest, dict_of(traceback->frame_globals));
    offer_keys(nearest, vm->builtins);
}

static bool has_attribute(VM *vm, Value object, String *name) {
    Value found = value_find_attribute(vm, object, name);
    bool has = !is_error(found) && !is_empty(found);
    exception_drop(vm);
    return has;
}

void suggestion_write(VM *vm, Value exception, Buffer *out) {
    ExceptionTable *table = &vm->exceptions;
    Exception *e = exception_of(exception);
    bool import = value_is_instance(vm, exception, table->import_error);
    bool name_error = value_is_instance(vm, exception, table->name_error);
    bool attribute = value_is_instance(vm, exception, table->attribute_error);
    if (!import && !name_error && !attribute) return;
    Value name = exception_get(vm, e, import ? "name_from" : "name");
    if (!is_string(name)) return;
    String *wrong = string_of(name);
    Nearest nearest = {.wrong = wrong};
    const Traceback *traceback = innermost(exception);
    Value self = traceback ? traceback->self : VALUE_EMPTY; // of the method that failed
    const char *before = "";
    if (attribute) {
        Value object = exception_get(vm, e, "obj");
        if (is_empty(object)) return;
        offer_attributes(vm, &nearest, object, traceback && value_same(self, object));
    } else if (import) {
        Value module = exception_get(vm, e, "name");
        if (is_string(module)) module = dict_get_string(vm, vm->modules, string_of(module));
        if (is_object(module) && !is_string(module)) offer_attributes(vm, &nearest, module, false);
    } else if (traceback && !is_empty(self) && has_attribute(vm, self, wrong)) {
        before = "self.";
        nearest.name = wrong;
    } else if (traceback) {
        offer_variables(vm, &nearest, traceback);
    }
    if (nearest.offered >= TOO_MANY_NAMES) nearest.name = NULL;
    if (nearest.name) buffer_format(out, ". Did you mean: '%s%s'?", before, nearest.name->data);
    if (name_error && library_names_have(wrong))
        buffer_format(out, "%s forget to import '%s'?", nearest.name ? " Or did you" : ". Did you", wrong->data);
}

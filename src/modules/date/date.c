// date, and what isocalendar() returns.
#include "base/hash.h"
#include "modules/date/date_internal.h"
#include "object/container/dict.h"
#include "object/core/instance.h"
#include "object/text/bytes.h"

enum { DATE_STATE = 4 };

// An instance with these numbers, which are right.
static Date *date_make(VM *vm, Class *cls, int year, int month, int day) {
    bool exact = cls == date_class(vm, LIBRARY_DATE);
    Date *date = exact ? heap_allocate_raw(vm, cls->root, KIND_NATIVE_DATA, sizeof(Date)) : native_data_new(vm, cls, sizeof(Date));
    if (!date) return NULL;
    date->data.ops = &date_ops;
    date->year = (int16_t)year;
    date->month = (uint8_t)month;
    date->day = (uint8_t)day;
    return date;
}

Value date_new(VM *vm, Class *cls, int year, int month, int day) {
    if (!check_date(vm, year, month, day)) return VALUE_ERROR;
    if (cls == date_class(vm, LIBRARY_DATE)) return object_or_error(date_make(vm, cls, year, month, day));
    Value parts[3] = {value_small(year), value_small(month), value_small(day)};
    return call_class(vm, cls, parts, 3);
}

static Value date_from_number(VM *vm, Class *cls, int64_t number) {
    CalendarDay day = day_of_number(number);
    return date_new(vm, cls, day.year, day.month, day.day);
}

static Value date_construct(VM *vm, Value *args, size_t count) {
    Class *cls = (Class *)object_of(args[0]);
    if (!is_empty(args[1]) && is_empty(args[2]) && is_empty(args[3]) && !is_small(args[1])) {
        unsigned char room[DATE_STATE];
        const unsigned char *state = state_bytes(vm, args[1], DATE_STATE, room);
        if (state && is_real_day(state[0] << 8 | state[1], state[2], state[3]))
            return object_or_error(date_make(vm, cls, state[0] << 8 | state[1], state[2], state[3]));
    }
    int numbers[3];
    if (!date_arguments(vm, args + 1, 3, numbers) || !check_date(vm, numbers[0], numbers[1], numbers[2])) return VALUE_ERROR;
    return object_or_error(date_make(vm, cls, numbers[0], numbers[1], numbers[2]));
}

static int64_t number_of(Value v) {
    const Date *d = date_of(v);
    return day_number(d->year, d->month, d->day);
}

// ---- Operations

static int date_order(const Date *a, const Date *b) {
    if (a->year != b->year) return a->year < b->year ? -1 : 1;
    return (a->month << 8 | a->day) - (b->month << 8 | b->day);
}

// With a datetime it has no order, and is not equal to it.
static Value date_compare(VM *vm, Comparison op, Value self, Value other) {
    if (is_moment(self) || is_moment(other) || !is_date(self) || !is_date(other)) return VALUE_NOT_IMPLEMENTED;
    return compare_result(op, date_order(date_of(self), date_of(other)));
}

static int date_hash(VM *vm, Value self, uint64_t *out) {
    const Date *d = date_of(self);
    uint8_t state[DATE_STATE] = {(uint8_t)(d->year >> 8), (uint8_t)d->year, d->month, d->day};
    *out = hash_bytes(vm->hash_key, state, sizeof state);
    if (*out == (uint64_t)-1) *out = (uint64_t)-2;
    return 1;
}

Value date_plus_days(VM *vm, Value date, int64_t days) {
    const Date *d = date_of(date);
    Class *cls = class_of(vm, date);
    if (d->day + days >= 1 && d->day + days <= days_of_month(d->year, d->month))
        return date_new(vm, cls, d->year, d->month, d->day + (int)days);
    int64_t number = number_of(date) + days;
    if (number < 1 || number > LAST_ORDINAL) return raise_overflow_error(vm, "date value out of range");
    return date_from_number(vm, cls, number);
}

static Value date_binary(VM *vm, Binary op, Value left, Value right) {
    if (is_moment(left) || is_moment(right)) return VALUE_NOT_IMPLEMENTED;
    if (op == BINARY_ADD && is_date(left) && is_delta(right)) return date_plus_days(vm, left, delta_of(right)->days);
    if (op == BINARY_ADD && is_date(right) && is_delta(left)) return date_plus_days(vm, right, delta_of(left)->days);
    if (op != BINARY_SUBTRACT || !is_date(left)) return VALUE_NOT_IMPLEMENTED;
    if (is_delta(right)) return date_plus_days(vm, left, -(int64_t)delta_of(right)->days);
    if (!is_date(right)) return VALUE_NOT_IMPLEMENTED;
    return delta_new(vm, number_of(left) - number_of(right), 0, 0);
}

static Value date_repr(VM *vm, Value self) {
    const Date *d = date_of(self);
    return object_or_error(string_format(vm, "%s(%d, %d, %d)", type_name(vm, self), d->year, d->month, d->day));
}
static Value date_iso(VM *vm, Value self) {
    char text[ISO_TEXT], *end = put_date(text, date_of(self)->year, date_of(self)->month, date_of(self)->day);
    return object_or_error(string_new(vm, text, (size_t)(end - text)));
}
// str(): what isoformat() says, which a subclass may have changed.
static Value date_str(VM *vm, Value self) {
    if (is_exactly(self, date_class(vm, LIBRARY_DATE))) return date_iso(vm, self);
    return value_call_method(vm, self, "isoformat", NULL, 0);
}

// ---- Methods

static Value method_isoformat(VM *vm, Value *args, size_t count) { return date_iso(vm, args[0]); }
static Value method_toordinal(VM *vm, Value *args, size_t count) { return value_small(number_of(args[0])); }
static Value method_weekday(VM *vm, Value *args, size_t count) { return value_small(weekday_of_number(number_of(args[0]))); }
static Value method_isoweekday(VM *vm, Value *args, size_t count) { return value_small(weekday_of_number(number_of(args[0])) + 1); }
static Value method_isocalendar(VM *vm, Value *args, size_t count) { return iso_calendar(vm, number_of(args[0])); }
static Value method_ctime(VM *vm, Value *args, size_t count) { return date_ctime(vm, args[0]); }
static Value method_timetuple(VM *vm, Value *args, size_t count) { return date_time_tuple(vm, args[0]); }
static Value method_strftime(VM *vm, Value *args, size_t count) {
    return check_text(vm, args[1], "strftime", 1) ? date_format(vm, args[0], args[1]) : VALUE_ERROR;
}
static Value method_format(VM *vm, Value *args, size_t count) {
    return check_text(vm, args[1], "__format__", 1) ? date_format_operation(vm, args[0], string_of(args[1])) : VALUE_ERROR;
}

static Value method_replace(VM *vm, Value *args, size_t count) {
    const Date *d = date_of(args[0]);
    int numbers[3] = {d->year, d->month, d->day};
    if (!replacements(vm, args + 1, 3, numbers)) return VALUE_ERROR;
    return date_new(vm, class_of(vm, args[0]), numbers[0], numbers[1], numbers[2]);
}

static Value method_reduce(VM *vm, Value *args, size_t count) {
    const Date *d = date_of(args[0]);
    uint8_t state[DATE_STATE] = {(uint8_t)(d->year >> 8), (uint8_t)d->year, d->month, d->day};
    Value bytes = object_or_error(bytes_new(vm, state, sizeof state));
    return is_error(bytes) ? bytes : reduce_to(vm, args[0], &bytes, 1);
}

static Class *class_argument(Value v) { return (Class *)object_of(v); }

static Value class_today(VM *vm, Value *args, size_t count) { return date_today(vm, class_argument(args[0])); }
static Value class_fromtimestamp(VM *vm, Value *args, size_t count) { return date_from_timestamp(vm, class_argument(args[0]), args[1]); }
static Value class_fromisoformat(VM *vm, Value *args, size_t count) { return date_from_iso(vm, class_argument(args[0]), args[1]); }

static Value class_fromordinal(VM *vm, Value *args, size_t count) {
    int number;
    if (!number_argument(vm, args[1], &number)) return VALUE_ERROR;
    if (number < 1) return raise_value_error(vm, "ordinal must be >= 1");
    return date_from_number(vm, class_argument(args[0]), number);
}

static Value class_fromisocalendar(VM *vm, Value *args, size_t count) {
    int numbers[3];
    for (int i = 0; i < 3; i++) {
        if (number_argument(vm, args[i + 1], &numbers[i])) continue;
        if (!exception_matches(vm, vm->exceptions.overflow_error)) return VALUE_ERROR;
        exception_clear(vm);
        return raise_value_error(vm, "ISO calendar component out of range");
    }
    int year = numbers[0], week = numbers[1], day = numbers[2];
    if (year < LEAST_YEAR || year > LAST_YEAR) return raise_value_error(vm, "Year is out of range: %d", year);
    if (week < 1 || week > iso_weeks_of_year(year)) return raise_value_error(vm, "Invalid week: %d", week);
    if (day < 1 || day > 7) return raise_value_error(vm, "Invalid day: %d (range is [1, 7])", day);
    return date_from_number(vm, class_argument(args[0]), iso_year_begins(year) + (week - 1) * 7 + day - 1);
}

static Value get_year(VM *vm, Value self) { return value_small(date_of(self)->year); }
static Value get_month(VM *vm, Value self) { return value_small(date_of(self)->month); }
static Value get_day(VM *vm, Value self) { return value_small(date_of(self)->day); }

// ---- isocalendar()

static const char *const iso_names[] = {"year", "week", "weekday"};

static Value iso_calendar_new(VM *vm, Class *cls, const Value *items) {
    Tuple *tuple = class_instantiate(vm, cls, sizeof(Tuple) + 3 * sizeof(Value));
    if (!tuple) return VALUE_ERROR;
    tuple->length = 3;
    for (int i = 0; i < 3; i++) tuple->items[i] = items[i];
    return value_object(tuple);
}

Value iso_calendar(VM *vm, int64_t number) {
    int year = day_of_number(number).year;
    if (number >= iso_year_begins(year + 1)) year++;
    if (number < iso_year_begins(year)) year--;
    int64_t days = number - iso_year_begins(year);
    Value items[3] = {value_small(year), value_small(days / 7 + 1), value_small(days % 7 + 1)};
    return iso_calendar_new(vm, date_class(vm, LIBRARY_ISO_CALENDAR), items);
}

static Value iso_construct(VM *vm, Value *args, size_t count) {
    int numbers[3];
    if (!number_arguments(vm, args + 1, 3, numbers)) return VALUE_ERROR;
    return iso_calendar_new(vm, class_argument(args[0]), args + 1);
}
static Value iso_repr(VM *vm, Value *args, size_t count) {
    const Tuple *tuple = tuple_of(args[0]);
    Buffer out = vm_buffer(vm);
    buffer_text(&out, "datetime.IsoCalendarDate(");
    for (size_t i = 0; i < 3; i++) {
        buffer_format(&out, "%s%s=", i ? ", " : "", iso_names[i]);
        if (!append_repr(vm, &out, tuple->items[i])) return buffer_free(&out), VALUE_ERROR;
    }
    buffer_byte(&out, ')');
    return object_or_error(string_from_buffer(vm, &out));
}
static Value iso_reduce(VM *vm, Value *args, size_t count) {
    Value plain = object_or_error(tuple_from(vm, tuple_of(args[0])->items, 3));
    Value given = is_error(plain) ? plain : object_or_error(tuple_from(vm, &plain, 1));
    Value parts[2] = {value_object(vm->classes.tuple), given};
    return is_error(given) ? given : object_or_error(tuple_from(vm, parts, 2));
}
static Value get_iso_year(VM *vm, Value self) { return tuple_of(self)->items[0]; }
static Value get_iso_week(VM *vm, Value self) { return tuple_of(self)->items[1]; }
static Value get_iso_weekday(VM *vm, Value self) { return tuple_of(self)->items[2]; }

static const NativeDefinition iso_constructor[] = {{"__new__", iso_construct, "cls, year, week, weekday", NATIVE_NEW}, {0}};
static const NativeDefinition iso_methods[] = {
    {"__repr__", iso_repr, "self, /", NATIVE_METHOD}, {"__reduce__", iso_reduce, "self, /", NATIVE_METHOD}, {0}};
static const AttributeDefinition iso_attributes[] = {
    {"year", get_iso_year, NULL}, {"week", get_iso_week, NULL}, {"weekday", get_iso_weekday, NULL}, {0}};

// A tuple is made a class of by the long way, as one with a repr of its own.
bool iso_calendar_add(VM *vm) {
    Value base = value_object(vm->classes.tuple);
    Tuple *bases = tuple_from(vm, &base, 1);
    String *name = string_intern_from(vm, "IsoCalendarDate", 15);
    Dict *namespace = dict_new(vm);
    if (!bases || !name || !namespace || !add_text(vm, namespace, "__module__", "datetime") ||
        !add_value(vm, namespace, "__slots__", object_or_error(tuple_from(vm, NULL, 0))) ||
        !add_text(vm, namespace, "__doc__", "Year, week and day of the week in ISO 8601."))
        return false;
    Class *cls = library_of(vm)->classes[LIBRARY_ISO_CALENDAR] = class_new(vm, NULL, name, bases, namespace);
    if (!cls || native_add_methods(vm, cls, iso_methods) < 0 || native_add_methods(vm, cls, iso_constructor) < 0 ||
        native_add_attributes(vm, cls, iso_attributes) < 0)
        return false;
    cls->shown_name = string_from(vm, "datetime.IsoCalendarDate");
    cls->flags |= CLASS_FINAL; // and each has three items
    return cls->shown_name != NULL;
}

// ---- The class

static const OperatorSet date_operators = {.binary = 1u << BINARY_ADD | 1u << BINARY_SUBTRACT};
const TypeOps date_ops = {.repr = date_repr, .str = date_str, .format = date_format_operation, .hash = date_hash,
                          .compare = date_compare, .binary = date_binary, .operations = &date_operators};
static const NativeDefinition methods[] = {
    {"__new__", date_construct, "?cls, year=, month=, day=", NATIVE_NEW},
    {"today", class_today, "cls, /", NATIVE_CLASS_METHOD, "The day that it is here."},
    {"fromtimestamp", class_fromtimestamp, "cls, timestamp, /", NATIVE_CLASS_METHOD, "The day that it is here at a time of time.time()."},
    {"fromordinal", class_fromordinal, "!cls, ordinal, /", NATIVE_CLASS_METHOD, "The day of a number: 1 is the first of the year 1."},
    {"fromisoformat", class_fromisoformat, "cls, string, /", NATIVE_CLASS_METHOD, "The date that a text in a format of ISO 8601 means."},
    {"fromisocalendar", class_fromisocalendar, "!cls, year, week, day", NATIVE_CLASS_METHOD, "The date of a day of a week in ISO 8601."},
    {"replace", method_replace, "self, /, year=unchanged, month=unchanged, day=unchanged", NATIVE_METHOD,
     "The same but for what is given."},
    {"__replace__", method_replace, "self, year=, month=, day=", NATIVE_METHOD, "As replace()."},
    {"isoformat", method_isoformat, "self, /", NATIVE_METHOD, "YYYY-MM-DD."},
    {"ctime", method_ctime, "self, /", NATIVE_METHOD, "As the C function ctime() shows it."},
    {"strftime", method_strftime, "!self, format", NATIVE_METHOD, "As a format with directives says it, such as \"%d.%m.%Y\"."},
    {"__format__", method_format, "!self, format, /", NATIVE_METHOD, "As strftime(), or str() for an empty format."},
    {"timetuple", method_timetuple, "self, /", NATIVE_METHOD, "A time.struct_time of it."},
    {"toordinal", method_toordinal, "self, /", NATIVE_METHOD, "The number of the day: 1 is the first of the year 1."},
    {"weekday", method_weekday, "self, /", NATIVE_METHOD, "0 of Monday to 6 of Sunday."},
    {"isoweekday", method_isoweekday, "self, /", NATIVE_METHOD, "1 of Monday to 7 of Sunday."},
    {"isocalendar", method_isocalendar, "self, /", NATIVE_METHOD, "Year, week and day of the week in ISO 8601."},
    {"__reduce__", method_reduce, "self, /", NATIVE_METHOD},
    {0}};
static const AttributeDefinition attributes[] = {{"year", get_year, NULL, "The year, from 1 to 9999."},
                                                 {"month", get_month, NULL, "The month, from 1 to 12."},
                                                 {"day", get_day, NULL, "The day of the month, from 1."},
                                                 {0}};

bool date_add(VM *vm, Dict *namespace) {
    Class *cls = date_class_make(vm, LIBRARY_DATE, "date", vm->classes.object, &date_ops, sizeof(Date), 0);
    return date_class_fill(vm, cls, methods, attributes, "A day of the Gregorian calendar: date(year, month, day).") &&
           add_value(vm, cls->attributes, "min", date_new(vm, cls, LEAST_YEAR, 1, 1)) &&
           add_value(vm, cls->attributes, "max", date_new(vm, cls, LAST_YEAR, 12, 31)) &&
           add_value(vm, cls->attributes, "resolution", delta_new(vm, 1, 0, 0)) &&
           add_value(vm, namespace, "date", value_object(cls));
}

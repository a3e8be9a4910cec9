// datetime: its objects, fields and text.
#include "modules/date/date_internal.h"
#include "object/container/dict.h"
#include "object/text/bytes.h"
#include "modules/date/strptime.h"

enum { MOMENT_STATE = 10, FOLD_BIT = 128 };

static Moment *moment_make(VM *vm, Class *cls, CalendarDay day, const ClockTime *t, Value zone) {
    bool exact = cls == date_class(vm, LIBRARY_DATETIME);
    Moment *m = exact ? heap_allocate_raw(vm, cls->root, KIND_NATIVE_DATA, sizeof(Moment)) : native_data_new(vm, cls, sizeof(Moment));
    if (!m) return NULL;
    m->data.ops = &moment_ops;
    m->is_hashed = false;
    m->year = (int16_t)day.year;
    m->month = (uint8_t)day.month;
    m->day = (uint8_t)day.day;
    m->hour = (uint8_t)t->hour;
    m->minute = (uint8_t)t->minute;
    m->second = (uint8_t)t->second;
    m->fold = (uint8_t)t->fold;
    m->microsecond = t->microsecond;
    m->zone = zone;
    return m;
}

static void moment_trace(VM *vm, Object *o) { heap_mark(vm, ((Moment *)o)->zone); }

Value moment_new(VM *vm, Class *cls, CalendarDay day, const ClockTime *t, Value zone) {
    if (!check_date(vm, day.year, day.month, day.day) || !check_time(vm, t) || !check_zone(vm, zone)) return VALUE_ERROR;
    if (cls == date_class(vm, LIBRARY_DATETIME)) return object_or_error(moment_make(vm, cls, day, t, zone));
    Value parts[8] = {value_small(day.year),  value_small(day.month),  value_small(day.day),         value_small(t->hour),
                      value_small(t->minute), value_small(t->second), value_small(t->microsecond), zone};
    Value made = call_class(vm, cls, parts, 8);
    if (!is_error(made) && t->fold && is_moment(made)) moment_of(made)->fold = (uint8_t)t->fold;
    return made;
}

// An instance of what pickling has kept; VALUE_EMPTY: it is no such thing.
static Value from_state(VM *vm, Class *cls, Value v, Value zone) {
    unsigned char room[MOMENT_STATE];
    const unsigned char *s = state_bytes(vm, v, MOMENT_STATE, room);
    if (!s) return VALUE_EMPTY;
    CalendarDay day = {s[0] << 8 | s[1], s[2] & ~FOLD_BIT, s[3]};
    ClockTime t = {s[4], s[5], s[6], s[7] << 16 | s[8] << 8 | s[9], s[2] / FOLD_BIT};
    bool good = is_real_day(day.year, day.month, day.day) && t.hour < 24 && t.minute < 60 && t.second < 60 && t.microsecond < MICROSECONDS;
    if (!good) return VALUE_EMPTY;
    if (!is_empty(zone) && !is_none(zone) && !is_zone(zone)) return raise_type_error(vm, "bad tzinfo state arg");
    return object_or_error(moment_make(vm, cls, day, &t, is_empty(zone) ? VALUE_NONE : zone));
}

static Value moment_construct(VM *vm, Value *args, size_t count) {
    Class *cls = (Class *)object_of(args[0]);
    if (!is_empty(args[1]) && !is_small(args[1]) && is_empty(args[3])) {
        Value made = from_state(vm, cls, args[1], args[2]);
        if (!is_empty(made)) return made;
    }
    int numbers[7] = {0}, fold = 0;
    Value zone = is_empty(args[8]) ? VALUE_NONE : args[8];
    if (!date_arguments(vm, args + 1, 7, numbers) || !number_arguments(vm, args + 9, 1, &fold)) return VALUE_ERROR;
    ClockTime t = {numbers[3], numbers[4], numbers[5], numbers[6], fold};
    if (!check_date(vm, numbers[0], numbers[1], numbers[2]) || !check_time(vm, &t) || !check_zone(vm, zone)) return VALUE_ERROR;
    return object_or_error(moment_make(vm, cls, (CalendarDay){numbers[0], numbers[1], numbers[2]}, &t, zone));
}

Value moment_offset(VM *vm, Value moment) { return zone_ask(vm, moment_of(moment)->zone, ASK_OFFSET, moment); }

// ---- Text

static Value moment_repr(VM *vm, Value self) {
    const Moment *m = moment_of(self);
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "%s(%d, %d, %d, %d, %d", type_name(vm, self), m->year, m->month, m->day, m->hour, m->minute);
    if (m->second || m->microsecond) buffer_format(&out, ", %d", m->second);
    if (m->microsecond) buffer_format(&out, ", %d", (int)m->microsecond);
    if (m->fold) buffer_text(&out, ", fold=1");
    if (!is_none(m->zone)) {
        buffer_text(&out, ", tzinfo=");
        if (!append_repr(vm, &out, m->zone)) return buffer_free(&out), VALUE_ERROR;
    }
    buffer_byte(&out, ')');
    return object_or_error(string_from_buffer(vm, &out));
}

static Value moment_iso(VM *vm, Value self, const char *separator, size_t size, TimeDetail detail) {
    const Moment *m = moment_of(self);
    ClockTime t = time_of_moment(m);
    char text[ISO_TEXT], *end = put_date(text, m->year, m->month, m->day);
    memcpy(end, separator, size);
    end = put_time(end + size, &t, detail);
    Value offset = moment_offset(vm, self);
    if (is_error(offset)) return offset;
    if (!is_none(offset)) end = put_offset(end, delta_of(offset), ":");
    return object_or_error(string_new(vm, text, (size_t)(end - text)));
}

static Value moment_str(VM *vm, Value self) {
    if (is_exactly(self, date_class(vm, LIBRARY_DATETIME))) return moment_iso(vm, self, " ", 1, SHOW_AUTO);
    Value space = object_or_error(string_from(vm, " "));
    return is_error(space) ? space : value_call_method(vm, self, "isoformat", &space, 1);
}

static Value method_isoformat(VM *vm, Value *args, size_t count) {
    TimeDetail detail;
    String *separator = NULL;
    if (!is_empty(args[1])) {
        if (!is_string(args[1]) || string_of(args[1])->length != 1)
            return raise_type_error(vm, "isoformat() argument 1 must be a unicode character, not %s", type_name(vm, args[1]));
        separator = string_of(args[1]);
    }
    if (!detail_argument(vm, args[2], 2, &detail)) return VALUE_ERROR;
    return moment_iso(vm, args[0], separator ? separator->data : "T", separator ? separator->size : 1, detail);
}

// ---- Other objects of it

static Value method_date(VM *vm, Value *args, size_t count) {
    const Moment *m = moment_of(args[0]);
    return date_new(vm, date_class(vm, LIBRARY_DATE), m->year, m->month, m->day);
}
static Value method_time(VM *vm, Value *args, size_t count) {
    ClockTime t = time_of_moment(moment_of(args[0]));
    return time_new(vm, date_class(vm, LIBRARY_TIME_OF_DAY), &t, VALUE_NONE);
}
static Value method_timetz(VM *vm, Value *args, size_t count) {
    ClockTime t = time_of_moment(moment_of(args[0]));
    return time_new(vm, date_class(vm, LIBRARY_TIME_OF_DAY), &t, moment_of(args[0])->zone);
}

static Value method_replace(VM *vm, Value *args, size_t count) {
    const Moment *old = moment_of(args[0]);
    int numbers[7] = {old->year, old->month, old->day, old->hour, old->minute, old->second, old->microsecond}, fold = old->fold;
    Value zone = is_empty(args[8]) ? old->zone : args[8];
    if (!replacements(vm, args + 1, 7, numbers) || !replacements(vm, args + 9, 1, &fold)) return VALUE_ERROR;
    ClockTime t = {numbers[3], numbers[4], numbers[5], numbers[6], fold};
    return moment_new(vm, class_of(vm, args[0]), (CalendarDay){numbers[0], numbers[1], numbers[2]}, &t, zone);
}

static Value class_combine(VM *vm, Value *args, size_t count) {
    const char *wrong = !is_date(args[1]) ? "1 must be datetime.date" : !is_time_of_day(args[2]) ? "2 must be datetime.time" : NULL;
    Value shown = is_date(args[1]) ? args[2] : args[1];
    if (wrong) return raise_type_error(vm, "combine() argument %s, not %s", wrong, is_none(shown) ? "None" : type_name(vm, shown));
    const Date *d = date_of(args[1]);
    const TimeOfDay *of_day = time_of_day_of(args[2]);
    ClockTime t = {of_day->hour, of_day->minute, of_day->second, of_day->microsecond, of_day->fold};
    return moment_new(vm, (Class *)object_of(args[0]), (CalendarDay){d->year, d->month, d->day}, &t,
                      is_empty(args[3]) ? of_day->zone : args[3]);
}

static Value reduce(VM *vm, Value self, bool folds) {
    const Moment *m = moment_of(self);
    uint32_t us = (uint32_t)m->microsecond;
    uint8_t state[MOMENT_STATE] = {(uint8_t)(m->year >> 8), (uint8_t)m->year, (uint8_t)(m->month | (folds && m->fold ? FOLD_BIT : 0)),
                                   m->day, m->hour, m->minute, m->second, (uint8_t)(us >> 16), (uint8_t)(us >> 8), (uint8_t)us};
    Value parts[2] = {object_or_error(bytes_new(vm, state, sizeof state)), m->zone};
    return is_error(parts[0]) ? VALUE_ERROR : reduce_to(vm, self, parts, is_none(m->zone) ? 1 : 2);
}
static Value method_reduce(VM *vm, Value *args, size_t count) { return reduce(vm, args[0], false); }
static Value method_reduce_ex(VM *vm, Value *args, size_t count) {
    int protocol;
    return number_argument(vm, args[1], &protocol) ? reduce(vm, args[0], protocol > 3) : VALUE_ERROR;
}

// ---- What other files do

static Value method_utcoffset(VM *vm, Value *args, size_t count) { return moment_offset(vm, args[0]); }
static Value method_dst(VM *vm, Value *args, size_t count) { return zone_ask(vm, moment_of(args[0])->zone, ASK_DST, args[0]); }
static Value method_tzname(VM *vm, Value *args, size_t count) { return zone_ask_name(vm, moment_of(args[0])->zone, args[0]); }
static Value method_timestamp(VM *vm, Value *args, size_t count) { return moment_timestamp(vm, args[0]); }
static Value method_timetuple(VM *vm, Value *args, size_t count) { return date_time_tuple(vm, args[0]); }
static Value method_utctimetuple(VM *vm, Value *args, size_t count) { return moment_utc_time_tuple(vm, args[0]); }
static Value method_ctime(VM *vm, Value *args, size_t count) { return date_ctime(vm, args[0]); }
static Value method_astimezone(VM *vm, Value *args, size_t count) {
    return moment_as_zone(vm, args[0], is_empty(args[1]) ? VALUE_NONE : args[1]);
}

static Class *class_argument(Value v) { return (Class *)object_of(v); }
static Value class_now(VM *vm, Value *args, size_t count) {
    return moment_now(vm, class_argument(args[0]), is_empty(args[1]) ? VALUE_NONE : args[1]);
}
static Value class_utcnow(VM *vm, Value *args, size_t count) {
    return warn_deprecated(vm, "datetime.datetime.utcnow() is deprecated and scheduled for removal in a future version. Use timezone-aware "
                               "objects to represent datetimes in UTC: datetime.datetime.now(datetime.UTC).")
               ? moment_utc_now(vm, class_argument(args[0]))
               : VALUE_ERROR;
}
static Value class_fromtimestamp(VM *vm, Value *args, size_t count) {
    return moment_from_timestamp(vm, class_argument(args[0]), args[1], is_empty(args[2]) ? VALUE_NONE : args[2], false);
}
static Value class_utcfromtimestamp(VM *vm, Value *args, size_t count) {
    return warn_deprecated(vm, "datetime.datetime.utcfromtimestamp() is deprecated and scheduled for removal in a future version. Use "
                               "timezone-aware objects to represent datetimes in UTC: datetime.datetime.fromtimestamp(timestamp, "
                               "datetime.UTC).")
               ? moment_from_timestamp(vm, class_argument(args[0]), args[1], VALUE_NONE, true)
               : VALUE_ERROR;
}
static Value class_fromisoformat(VM *vm, Value *args, size_t count) { return moment_from_iso(vm, class_argument(args[0]), args[1]); }
static Value class_strptime(VM *vm, Value *args, size_t count) {
    if (!check_text(vm, args[1], "strptime", 1) || !check_text(vm, args[2], "strptime", 2)) return VALUE_ERROR;
    return moment_parse(vm, class_argument(args[0]), string_of(args[1]), string_of(args[2]));
}

#define CLOCK_OF(self) moment_of(self)
#include "modules/date/clock_attributes.def"

// ---- The class

static const OperatorSet moment_operators = {.binary = 1u << BINARY_ADD | 1u << BINARY_SUBTRACT};
const TypeOps moment_ops = {.trace = moment_trace, .repr = moment_repr, .str = moment_str, .format = date_format_operation,
                            .hash = moment_hash, .compare = moment_compare, .binary = moment_binary, .operations = &moment_operators};
#define FIELDS "year=, month=, day=, hour=, minute=, second=, microsecond=, tzinfo=, *, fold="
#define UNCHANGED \
    "year=unchanged, month=unchanged, day=unchanged, hour=unchanged, minute=unchanged, " \
    "second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged"
static const NativeDefinition methods[] = {
    {"__new__", moment_construct, "?cls, " FIELDS, NATIVE_NEW},
    {"now", class_now, "cls, /, tz=None", NATIVE_CLASS_METHOD, "Now: here, without a tzinfo, or in the zone of one."},
    {"utcnow", class_utcnow, "cls, /", NATIVE_CLASS_METHOD, "Now in UTC, without a tzinfo. Better is now(datetime.UTC)."},
    {"fromtimestamp", class_fromtimestamp, "cls, timestamp, tz=", NATIVE_CLASS_METHOD,
     "A time of time.time(): here, without a tzinfo, or in the zone of one."},
    {"utcfromtimestamp", class_utcfromtimestamp, "!cls, timestamp, /", NATIVE_CLASS_METHOD,
     "A time of time.time() in UTC, without a tzinfo. Better is fromtimestamp(timestamp, datetime.UTC)."},
    {"combine", class_combine, "cls, date, time, tzinfo=", NATIVE_CLASS_METHOD, "A date and a time together."},
    {"fromisoformat", class_fromisoformat, "cls, string, /", NATIVE_CLASS_METHOD,
     "The datetime that a text in a format of ISO 8601 means."},
    {"strptime", class_strptime, "!cls, string, format, /", NATIVE_CLASS_METHOD,
     "The datetime that a text means by a format with directives."},
    {"replace", method_replace, "self, /, " UNCHANGED, NATIVE_METHOD, "The same but for what is given."},
    {"__replace__", method_replace, "self, " FIELDS, NATIVE_METHOD, "As replace()."},
    {"date", method_date, "self, /", NATIVE_METHOD, "Its date."},
    {"time", method_time, "self, /", NATIVE_METHOD, "Its time, without the tzinfo."},
    {"timetz", method_timetz, "self, /", NATIVE_METHOD, "Its time, with the tzinfo."},
    {"isoformat", method_isoformat, "self, sep=, timespec=", NATIVE_METHOD,
     "YYYY-MM-DD, sep, HH:MM:SS and what there is of microseconds and offset; timespec says how much of the time: 'auto', 'hours', "
     "'minutes', 'seconds', 'milliseconds' or 'microseconds'."},
    {"ctime", method_ctime, "self, /", NATIVE_METHOD, "As the C function ctime() shows it."},
    {"timetuple", method_timetuple, "self, /", NATIVE_METHOD, "A time.struct_time of it."},
    {"utctimetuple", method_utctimetuple, "self, /", NATIVE_METHOD, "A time.struct_time of it in UTC."},
    {"timestamp", method_timestamp, "self, /", NATIVE_METHOD, "What time.time() says then, as a float."},
    {"astimezone", method_astimezone, "self, tz=", NATIVE_METHOD, "The same time in another zone, or in the local one."},
    {"utcoffset", method_utcoffset, "self, /", NATIVE_METHOD, "How far it is ahead of UTC: a timedelta, or None."},
    {"dst", method_dst, "self, /", NATIVE_METHOD, "How much of that is summer time: a timedelta, or None."},
    {"tzname", method_tzname, "self, /", NATIVE_METHOD, "What its zone is called: a str, or None."},
    {"__reduce__", method_reduce, "self, /", NATIVE_METHOD},
    {"__reduce_ex__", method_reduce_ex, "!self, protocol, /", NATIVE_METHOD},
    {0}};

bool moment_add(VM *vm, Dict *namespace) {
    Class *cls = date_class_make(vm, LIBRARY_DATETIME, "datetime", date_class(vm, LIBRARY_DATE), &moment_ops, sizeof(Moment), 0);
    ClockTime least = {0}, most = {23, 59, 59, MICROSECONDS - 1, 0};
    return date_class_fill(vm, cls, methods, clock_attributes,
                           "A day and a time: datetime(year, month, day, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, "
                           "fold=0).") &&
           add_value(vm, cls->attributes, "min", moment_new(vm, cls, (CalendarDay){LEAST_YEAR, 1, 1}, &least, VALUE_NONE)) &&
           add_value(vm, cls->attributes, "max", moment_new(vm, cls, (CalendarDay){LAST_YEAR, 12, 31}, &most, VALUE_NONE)) &&
           add_value(vm, cls->attributes, "resolution", delta_new(vm, 0, 0, 1)) &&
           add_value(vm, namespace, "datetime", value_object(cls));
}

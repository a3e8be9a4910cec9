// time: of any day.
#include "base/hash.h"
#include "modules/date/date_internal.h"
#include "object/container/dict.h"
#include "object/text/bytes.h"

enum { TIME_STATE = 6, FOLD_BIT = 128 };

static TimeOfDay *time_make(VM *vm, Class *cls, const ClockTime *t, Value zone) {
    TimeOfDay *time = native_data_new(vm, cls, sizeof(TimeOfDay));
    if (!time) return NULL;
    time->hour = (uint8_t)t->hour;
    time->minute = (uint8_t)t->minute;
    time->second = (uint8_t)t->second;
    time->fold = (uint8_t)t->fold;
    time->microsecond = t->microsecond;
    time->zone = zone;
    return time;
}

static void time_trace(VM *vm, Object *o) { heap_mark(vm, ((TimeOfDay *)o)->zone); }

Value time_new(VM *vm, Class *cls, const ClockTime *t, Value zone) {
    if (!check_time(vm, t) || !check_zone(vm, zone)) return VALUE_ERROR;
    if (cls == date_class(vm, LIBRARY_TIME_OF_DAY)) return object_or_error(time_make(vm, cls, t, zone));
    Value parts[5] = {value_small(t->hour), value_small(t->minute), value_small(t->second), value_small(t->microsecond), zone};
    Value made = call_class(vm, cls, parts, 5);
    if (!is_error(made) && t->fold && is_time_of_day(made)) time_of_day_of(made)->fold = (uint8_t)t->fold;
    return made;
}

// An instance of what pickling has kept; VALUE_EMPTY: it is no such thing.
static Value from_state(VM *vm, Class *cls, Value v, Value zone) {
    unsigned char room[TIME_STATE];
    const unsigned char *state = state_bytes(vm, v, TIME_STATE, room);
    if (!state) return VALUE_EMPTY;
    ClockTime t = {state[0] & ~FOLD_BIT, state[1], state[2], state[3] << 16 | state[4] << 8 | state[5], state[0] / FOLD_BIT};
    if (t.hour > 23 || t.minute > 59 || t.second > 59 || t.microsecond >= MICROSECONDS) return VALUE_EMPTY;
    if (!is_empty(zone) && !is_none(zone) && !is_zone(zone)) return raise_type_error(vm, "bad tzinfo state arg");
    return object_or_error(time_make(vm, cls, &t, is_empty(zone) ? VALUE_NONE : zone));
}

static Value time_construct(VM *vm, Value *args, size_t count) {
    Class *cls = (Class *)object_of(args[0]);
    if (!is_empty(args[1]) && !is_small(args[1]) && is_empty(args[3]) && is_empty(args[6])) {
        Value made = from_state(vm, cls, args[1], args[2]);
        if (!is_empty(made)) return made;
    }
    int numbers[4] = {0}, fold = 0;
    Value zone = is_empty(args[5]) ? VALUE_NONE : args[5];
    if (!number_arguments(vm, args + 1, 4, numbers) || !number_arguments(vm, args + 6, 1, &fold)) return VALUE_ERROR;
    ClockTime t = {numbers[0], numbers[1], numbers[2], numbers[3], fold};
    return check_time(vm, &t) && check_zone(vm, zone) ? object_or_error(time_make(vm, cls, &t, zone)) : VALUE_ERROR;
}

static ClockTime time_of(Value v) {
    const TimeOfDay *t = time_of_day_of(v);
    return (ClockTime){t->hour, t->minute, t->second, t->microsecond, t->fold};
}

static Value offset_of(VM *vm, Value self) { return zone_ask(vm, time_of_day_of(self)->zone, ASK_OFFSET, VALUE_NONE); }

// ---- Operations

static int seconds_of(const TimeOfDay *t) { return t->hour * 3600 + t->minute * 60 + t->second; }
static int offset_seconds(Value offset) { return delta_of(offset)->days * SECONDS_OF_DAY + delta_of(offset)->seconds; }

// The microseconds of an offset do not count, as in CPython.
static Value time_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_time_of_day(self) || !is_time_of_day(other)) return VALUE_NOT_IMPLEMENTED;
    const TimeOfDay *a = time_of_day_of(self), *b = time_of_day_of(other);
    int seconds = seconds_of(a) - seconds_of(b);
    if (!value_same(a->zone, b->zone)) {
        Value x = offset_of(vm, self), y = is_error(x) ? x : offset_of(vm, other);
        if (is_error(y)) return y;
        bool both = !is_none(x) && !is_none(y);
        if (!both && !same_offset(x, y)) {
            if (op == COMPARISON_EQ || op == COMPARISON_NE) return value_bool(op == COMPARISON_NE);
            return raise_type_error(vm, "can't compare offset-naive and offset-aware times");
        }
        if (both) seconds -= offset_seconds(x) - offset_seconds(y);
    }
    return compare_result(op, seconds ? seconds : a->microsecond - b->microsecond);
}

static int time_hash(VM *vm, Value self, uint64_t *out) {
    TimeOfDay *t = time_of_day_of(self);
    if (t->is_hashed) return *out = t->hash, 1;
    Value offset = VALUE_NONE;
    if (!is_none(t->zone)) {
        uint8_t fold = t->fold;
        Value unfolded = self;
        if (fold) {
            ClockTime plain = time_of(self);
            plain.fold = 0;
            unfolded = object_or_error(time_make(vm, date_class(vm, LIBRARY_TIME_OF_DAY), &plain, t->zone));
            if (is_error(unfolded)) return -1;
        }
        offset = offset_of(vm, unfolded);
        if (is_error(offset)) return -1;
    }
    Wide whole = (Wide)seconds_of(t) * MICROSECONDS + t->microsecond;
    if (!is_none(offset)) whole -= delta_wide(delta_of(offset));
    int64_t part = (int64_t)whole;
    uint64_t hash = hash_bytes(vm->hash_key, &part, sizeof part);
    t->hash = hash == (uint64_t)-1 ? (uint64_t)-2 : hash;
    t->is_hashed = true;
    return *out = t->hash, 1;
}

static Value time_repr(VM *vm, Value self) {
    const TimeOfDay *t = time_of_day_of(self);
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "%s(%d, %d", type_name(vm, self), t->hour, t->minute);
    if (t->second || t->microsecond) buffer_format(&out, ", %d", t->second);
    if (t->microsecond) buffer_format(&out, ", %d", (int)t->microsecond);
    if (!is_none(t->zone)) {
        buffer_text(&out, ", tzinfo=");
        if (!append_repr(vm, &out, t->zone)) return buffer_free(&out), VALUE_ERROR;
    }
    buffer_text(&out, time_of_day_of(self)->fold ? ", fold=1)" : ")");
    return object_or_error(string_from_buffer(vm, &out));
}

static Value time_iso(VM *vm, Value self, TimeDetail detail) {
    char text[ISO_TEXT];
    ClockTime t = time_of(self);
    char *end = put_time(text, &t, detail);
    Value offset = offset_of(vm, self);
    if (is_error(offset)) return offset;
    if (!is_none(offset)) end = put_offset(end, delta_of(offset), ":");
    return object_or_error(string_new(vm, text, (size_t)(end - text)));
}
static Value time_str(VM *vm, Value self) {
    if (is_exactly(self, date_class(vm, LIBRARY_TIME_OF_DAY))) return time_iso(vm, self, SHOW_AUTO);
    return value_call_method(vm, self, "isoformat", NULL, 0);
}

// ---- Methods

static Value method_isoformat(VM *vm, Value *args, size_t count) {
    TimeDetail detail;
    return detail_argument(vm, args[1], 1, &detail) ? time_iso(vm, args[0], detail) : VALUE_ERROR;
}
static Value method_utcoffset(VM *vm, Value *args, size_t count) { return offset_of(vm, args[0]); }
static Value method_dst(VM *vm, Value *args, size_t count) {
    return zone_ask(vm, time_of_day_of(args[0])->zone, ASK_DST, VALUE_NONE);
}
static Value method_tzname(VM *vm, Value *args, size_t count) { return zone_ask_name(vm, time_of_day_of(args[0])->zone, VALUE_NONE); }
static Value method_strftime(VM *vm, Value *args, size_t count) {
    return check_text(vm, args[1], "strftime", 1) ? date_format(vm, args[0], args[1]) : VALUE_ERROR;
}
static Value method_format(VM *vm, Value *args, size_t count) {
    return check_text(vm, args[1], "__format__", 1) ? date_format_operation(vm, args[0], string_of(args[1])) : VALUE_ERROR;
}
static Value method_replace(VM *vm, Value *args, size_t count) {
    const TimeOfDay *old = time_of_day_of(args[0]);
    int numbers[4] = {old->hour, old->minute, old->second, old->microsecond}, fold = old->fold;
    Value zone = is_empty(args[5]) ? old->zone : args[5];
    if (!replacements(vm, args + 1, 4, numbers) || !replacements(vm, args + 6, 1, &fold)) return VALUE_ERROR;
    ClockTime t = {numbers[0], numbers[1], numbers[2], numbers[3], fold};
    return time_new(vm, class_of(vm, args[0]), &t, zone);
}

static Value reduce(VM *vm, Value self, bool folds) {
    const TimeOfDay *t = time_of_day_of(self);
    uint32_t us = (uint32_t)t->microsecond;
    uint8_t state[TIME_STATE] = {(uint8_t)(t->hour | (folds && t->fold ? FOLD_BIT : 0)), t->minute, t->second,
                                 (uint8_t)(us >> 16), (uint8_t)(us >> 8), (uint8_t)us};
    Value parts[2] = {object_or_error(bytes_new(vm, state, sizeof state)), t->zone};
    return is_error(parts[0]) ? VALUE_ERROR : reduce_to(vm, self, parts, is_none(t->zone) ? 1 : 2);
}
static Value method_reduce(VM *vm, Value *args, size_t count) { return reduce(vm, args[0], false); }
static Value method_reduce_ex(VM *vm, Value *args, size_t count) {
    int protocol;
    return number_argument(vm, args[1], &protocol) ? reduce(vm, args[0], protocol > 3) : VALUE_ERROR;
}

static Value class_fromisoformat(VM *vm, Value *args, size_t count) { return time_from_iso(vm, (Class *)object_of(args[0]), args[1]); }

#define CLOCK_OF(self) time_of_day_of(self)
#include "modules/date/clock_attributes.def"

// ---- The class

static const OperatorSet no_operators = {0};
const TypeOps time_of_day_ops = {.trace = time_trace, .repr = time_repr, .str = time_str, .format = date_format_operation,
                                 .hash = time_hash, .compare = time_compare, .operations = &no_operators};
#define FIELDS "hour=, minute=, second=, microsecond=, tzinfo=, *, fold="
#define UNCHANGED \
    "hour=unchanged, minute=unchanged, second=unchanged, " \
    "microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged"
static const NativeDefinition methods[] = {
    {"__new__", time_construct, "?cls, " FIELDS, NATIVE_NEW},
    {"fromisoformat", class_fromisoformat, "cls, string, /", NATIVE_CLASS_METHOD, "The time that a text in a format of ISO 8601 means."},
    {"replace", method_replace, "self, /, " UNCHANGED, NATIVE_METHOD, "The same but for what is given."},
    {"__replace__", method_replace, "self, " FIELDS, NATIVE_METHOD, "As replace()."},
    {"isoformat", method_isoformat, "self, timespec=", NATIVE_METHOD,
     "HH:MM:SS and what there is of microseconds and offset; timespec says how much of it: 'auto', 'hours', 'minutes', 'seconds', "
     "'milliseconds' or 'microseconds'."},
    {"strftime", method_strftime, "!self, format", NATIVE_METHOD, "As a format with directives says it, such as \"%H:%M\"."},
    {"__format__", method_format, "!self, format, /", NATIVE_METHOD, "As strftime(), or str() for an empty format."},
    {"utcoffset", method_utcoffset, "self, /", NATIVE_METHOD, "What the tzinfo says of None."},
    {"dst", method_dst, "self, /", NATIVE_METHOD, "What the tzinfo says of None."},
    {"tzname", method_tzname, "self, /", NATIVE_METHOD, "What the tzinfo says of None."},
    {"__reduce__", method_reduce, "self, /", NATIVE_METHOD},
    {"__reduce_ex__", method_reduce_ex, "!self, protocol, /", NATIVE_METHOD},
    {0}};

bool time_of_day_add(VM *vm, Dict *namespace) {
    Class *cls = date_class_make(vm, LIBRARY_TIME_OF_DAY, "time", vm->classes.object, &time_of_day_ops, sizeof(TimeOfDay), 0);
    ClockTime least = {0}, most = {23, 59, 59, MICROSECONDS - 1, 0};
    return date_class_fill(vm, cls, methods, clock_attributes,
                           "A time of no certain day: time(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0).") &&
           add_value(vm, cls->attributes, "min", time_new(vm, cls, &least, VALUE_NONE)) &&
           add_value(vm, cls->attributes, "max", time_new(vm, cls, &most, VALUE_NONE)) &&
           add_value(vm, cls->attributes, "resolution", delta_new(vm, 0, 0, 1)) &&
           add_value(vm, namespace, "time", value_object(cls));
}

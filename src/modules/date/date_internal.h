// What the classes of the module datetime share: their objects, how they are made, and what is asked of a tzinfo.
#ifndef AIOLI_MODULES_DATE_INTERNAL_H
#define AIOLI_MODULES_DATE_INTERNAL_H

#include "base/buffer.h"
#include "modules/date/calendar.h"
#include "modules/library.h"
#include "object/core/native.h"
#include "object/core/native_data.h"
#include "object/shared/builtin.h"

enum { MICROSECONDS = 1000000, MOST_DAYS = 999999999 };

// Microseconds of any timedelta take 77 bits.
__extension__ typedef __int128 Wide;

typedef struct {
    int hour, minute, second, microsecond, fold;
} ClockTime;

// seconds and microseconds are never negative, and less than a day and a second.
typedef struct {
    NativeData data;
    int32_t days, seconds, microseconds;
} Delta;

// A date, and the beginning of a datetime.
typedef struct {
    NativeData data;
    int16_t year;
    uint8_t month, day;
} Date;

typedef struct {
    NativeData data;
    int16_t year;
    uint8_t month, day, hour, minute, second, fold;
    int32_t microsecond;
    bool is_hashed; // a tzinfo is asked once
    uint64_t hash;
    Value zone;     // a tzinfo or None
} Moment;

typedef struct {
    NativeData data;
    uint8_t hour, minute, second, fold;
    int32_t microsecond;
    bool is_hashed;
    uint64_t hash;
    Value zone;
} TimeOfDay;

typedef struct { // a plain tzinfo has nothing of its own
    NativeData data;
    Value offset; // of a timezone, a timedelta; else VALUE_NONE
    Value name;   // a str, or VALUE_EMPTY
} Zone;

extern const TypeOps delta_ops, date_ops, moment_ops, time_of_day_ops, zone_ops, timezone_ops;

static inline Class *date_class(VM *vm, int which) { return library_of(vm)->classes[which]; }
static inline bool is_delta(Value v) { return is_native_data(v, &delta_ops); }
static inline bool is_moment(Value v) { return is_native_data(v, &moment_ops); }
static inline bool is_date(Value v) { return is_native_data(v, &date_ops) || is_moment(v); }
static inline bool is_time_of_day(Value v) { return is_native_data(v, &time_of_day_ops); }
static inline bool is_timezone(Value v) { return is_native_data(v, &timezone_ops); }
static inline bool is_zone(Value v) { return is_native_data(v, &zone_ops) || is_timezone(v); }
static inline Delta *delta_of(Value v) { return (Delta *)object_of(v); }
static inline Date *date_of(Value v) { return (Date *)object_of(v); }
static inline Moment *moment_of(Value v) { return (Moment *)object_of(v); }
static inline TimeOfDay *time_of_day_of(Value v) { return (TimeOfDay *)object_of(v); }
static inline Zone *zone_of(Value v) { return (Zone *)object_of(v); }

// ---- arguments.c

// An int for C. The messages are of a C int. False with an exception. [script]
bool number_argument(VM *vm, Value v, int *out);
// The same of `count` values, where one is given.
bool number_arguments(VM *vm, const Value *values, size_t count, int *out);
bool replacements(VM *vm, const Value *values, size_t count, int *out); // the same with replace()'s messages
// The same of a constructor, of which the first three are required: "function missing required argument 'year' (pos 1)".
bool date_arguments(VM *vm, const Value *values, size_t count, int *out);
// Whether they are a date, a time, a tzinfo or None. False with an exception.
bool check_date(VM *vm, int year, int month, int day);
bool check_time(VM *vm, const ClockTime *time);
bool check_zone(VM *vm, Value zone);
// TypeError "name() argument 1 must be str, not int" unless v is one.
bool check_text(VM *vm, Value v, const char *function, int position);
// Whether a str is UTF-8 without surrogates. False with UnicodeEncodeError.
bool text_is_encodable(VM *vm, String *text);
// Puts a number in so many digits, and returns where it ends.
char *put_digits(char *to, int number, int width);
// ":ss.ffffff" of an offset where it has any, after its sign, hours and minutes with `between` (or nothing) between them.
char *put_offset(char *to, const Delta *offset, const char *between);
// Puts a class, its doc, its methods and attributes together; `which` of LIBRARY_…. NULL: out of memory.
Class *date_class_make(VM *vm, int which, const char *name, Class *base, const TypeOps *ops, size_t size, uint32_t flags);
bool date_class_fill(VM *vm, Class *cls, const NativeDefinition *methods, const AttributeDefinition *attributes, const char *doc);
// (cls, (state,)) or with what more there is, of pickling.
Value reduce_to(VM *vm, Value self, const Value *arguments, size_t count);
// An offset of None or of a timedelta is the same as another.
bool same_offset(Value a, Value b);

// ---- delta.c

// A plain timedelta. OverflowError when there are too many days.
Value delta_new(VM *vm, int64_t days, int64_t seconds, int64_t microseconds); // of any size that does not overflow
Value delta_from_wide(VM *vm, Class *cls, Wide microseconds);
Wide delta_wide(const Delta *delta);
static inline int delta_sign(const Delta *d) { return d->days < 0 ? -1 : d->days || d->seconds || d->microseconds; }
bool delta_add(VM *vm, Dict *namespace);
// wide.c: whole numbers that may be larger than any timedelta.
Value wide_to_int(VM *vm, Wide number);
bool int_to_wide(Value v, Wide *out); // false: it takes more than 126 bits
Value divide_nearest(VM *vm, Value a, Value b); // of ints, ties to even
Value delta_times_float(VM *vm, Wide microseconds, double factor); // the microseconds, an int
Value delta_over_float(VM *vm, Wide microseconds, double divisor);
Value delta_from_int(VM *vm, Class *cls, Value microseconds);

// ---- zone.c

// None, or a timedelta of less than a day, which tz.utcoffset(argument) or tz.dst(argument) is. [script]
typedef enum { ASK_OFFSET, ASK_DST } ZoneQuestion;
Value zone_ask(VM *vm, Value zone, ZoneQuestion question, Value argument);
Value zone_ask_name(VM *vm, Value zone, Value argument); // None or a str. [script]
// tz.fromutc(moment). [script]
Value zone_from_utc(VM *vm, Value zone, Value moment);
// A timezone; `name` may be VALUE_EMPTY. ValueError: a day or more. Offset 0 without a name is UTC itself.
Value timezone_new(VM *vm, Value offset, Value name);
Value timezone_utc(VM *vm);
bool zone_add(VM *vm, Dict *namespace);

// ---- date.c

// An instance of the class: a script's is called with the numbers. ValueError. [script]
Value date_new(VM *vm, Class *cls, int year, int month, int day);
Value date_plus_days(VM *vm, Value date, int64_t days); // OverflowError
bool date_add(VM *vm, Dict *namespace);
// A state that pickling has made: bytes, or a str of Latin-1. NULL: it is none.
const unsigned char *state_bytes(VM *vm, Value v, size_t size, unsigned char *room);
bool iso_calendar_add(VM *vm);
Value iso_calendar(VM *vm, int64_t number); // of a day

// ---- time_of_day.c

Value time_new(VM *vm, Class *cls, const ClockTime *time, Value zone); // [script]
bool time_of_day_add(VM *vm, Dict *namespace);

// ---- moment.c

Value moment_new(VM *vm, Class *cls, CalendarDay day, const ClockTime *time, Value zone); // [script]
static inline CalendarDay day_of_moment(const Moment *m) { return (CalendarDay){m->year, m->month, m->day}; }
static inline ClockTime time_of_moment(const Moment *m) { return (ClockTime){m->hour, m->minute, m->second, m->microsecond, m->fold}; }
// Seconds since the beginning of the day 0.
static inline int64_t moment_seconds(const Moment *m) {
    return day_number(m->year, m->month, m->day) * SECONDS_OF_DAY + m->hour * 3600 + m->minute * 60 + m->second;
}
// What comes so long after it, of its class and with its tzinfo. OverflowError. [script]
Value moment_plus(VM *vm, Value moment, const Delta *delta, bool subtract);
bool moment_add(VM *vm, Dict *namespace);
Value moment_offset(VM *vm, Value moment); // None or a timedelta. [script]
Value moment_compare(VM *vm, Comparison op, Value self, Value other);
Value moment_binary(VM *vm, Binary op, Value left, Value right);
int moment_hash(VM *vm, Value self, uint64_t *out);

// ---- local_time.c

Value moment_now(VM *vm, Class *cls, Value zone);             // [script]
Value moment_from_timestamp(VM *vm, Class *cls, Value timestamp, Value zone, bool utc); // [script]
Value date_from_timestamp(VM *vm, Class *cls, Value timestamp);
Value moment_timestamp(VM *vm, Value moment);
Value moment_as_zone(VM *vm, Value moment, Value zone);
Value moment_utc_now(VM *vm, Class *cls);
Value date_today(VM *vm, Class *cls);

// ---- iso_format.c, iso_parse.c

// How much of a time isoformat() shows. False with an exception: it is no such word.
typedef enum { SHOW_AUTO, SHOW_HOURS, SHOW_MINUTES, SHOW_SECONDS, SHOW_MILLISECONDS, SHOW_MICROSECONDS } TimeDetail;
bool detail_argument(VM *vm, Value v, int position, TimeDetail *detail);
char *put_date(char *to, int year, int month, int day);
char *put_time(char *to, const ClockTime *time, TimeDetail detail);
enum { ISO_TEXT = 96 }; // bytes that the longest takes

Value date_from_iso(VM *vm, Class *cls, Value text);
Value time_from_iso(VM *vm, Class *cls, Value text);
Value moment_from_iso(VM *vm, Class *cls, Value text);

// ---- format_text.c

// strftime() of a date, datetime or time. [script]
Value date_format(VM *vm, Value self, Value format);
Value date_format_operation(VM *vm, Value self, String *specification); // __format__
Value date_time_tuple(VM *vm, Value self);  // timetuple()
Value moment_utc_time_tuple(VM *vm, Value self);
Value date_ctime(VM *vm, Value self);

#endif

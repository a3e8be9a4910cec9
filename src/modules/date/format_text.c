// strftime() and its kin.
#include <string.h>

#include "modules/date/date_internal.h"
#include "modules/system/clock.h"
#include "object/text/codec.h"

static void tm_of_date(const Date *d, struct tm *t) {
    int64_t number = day_number(d->year, d->month, d->day);
    *t = (struct tm){.tm_year = d->year - 1900, .tm_mon = d->month - 1, .tm_mday = d->day, .tm_wday = (weekday_of_number(number) + 1) % 7,
                     .tm_yday = days_before_month(d->year, d->month) + d->day - 1, .tm_isdst = -1};
}

// The fields of any of the classes; of a datetime its tzinfo says whether it is summer. False with an exception. [script]
static bool tm_of(VM *vm, Value self, struct tm *t) {
    if (is_time_of_day(self)) {
        const TimeOfDay *of_day = time_of_day_of(self);
        *t = (struct tm){.tm_mday = 1, .tm_wday = 1, .tm_hour = of_day->hour, .tm_min = of_day->minute,
                         .tm_sec = of_day->second, .tm_isdst = -1};
        return true;
    }
    tm_of_date(date_of(self), t);
    if (!is_moment(self)) return true;
    const Moment *m = moment_of(self);
    t->tm_hour = m->hour, t->tm_min = m->minute, t->tm_sec = m->second;
    Value summer = zone_ask(vm, m->zone, ASK_DST, self);
    if (is_error(summer)) return false;
    if (!is_none(summer)) t->tm_isdst = delta_sign(delta_of(summer)) != 0;
    return true;
}

Value date_time_tuple(VM *vm, Value self) {
    struct tm t;
    return tm_of(vm, self, &t) ? time_tuple_new(vm, &t, VALUE_NONE, VALUE_NONE) : VALUE_ERROR;
}

Value moment_utc_time_tuple(VM *vm, Value self) {
    const Moment *m = moment_of(self);
    Value offset = moment_offset(vm, self);
    if (is_error(offset)) return offset;
    int64_t seconds = moment_seconds(m);
    if (!is_none(offset)) {
        const Delta *d = delta_of(offset);
        seconds -= (int64_t)d->days * SECONDS_OF_DAY + d->seconds + (m->microsecond < d->microseconds);
    }
    int64_t number = seconds / SECONDS_OF_DAY, rest = seconds % SECONDS_OF_DAY;
    if (number < 1 || number > LAST_ORDINAL) return raise_overflow_error(vm, "date value out of range");
    CalendarDay day = day_of_number(number);
    struct tm t = {.tm_year = day.year - 1900, .tm_mon = day.month - 1, .tm_mday = day.day, .tm_hour = (int)(rest / 3600),
                   .tm_min = (int)(rest / 60 % 60), .tm_sec = (int)(rest % 60), .tm_wday = (weekday_of_number(number) + 1) % 7,
                   .tm_yday = days_before_month(day.year, day.month) + day.day - 1};
    return time_tuple_new(vm, &t, VALUE_NONE, VALUE_NONE);
}

Value date_ctime(VM *vm, Value self) {
    static const char days[] = "MonTueWedThuFriSatSun", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const Date *d = date_of(self);
    const Moment *m = is_moment(self) ? moment_of(self) : NULL;
    int weekday = weekday_of_number(day_number(d->year, d->month, d->day));
    return object_or_error(string_format(vm, "%.3s %.3s %2d %02d:%02d:%02d %04d", days + 3 * weekday, months + 3 * (d->month - 1), d->day,
                                         m ? m->hour : 0, m ? m->minute : 0, m ? m->second : 0, d->year));
}

// ---- strftime()

// What the C library does not know is put into the format; each tzinfo's method is asked once.
typedef struct {
    Value self, zone, argument; // argument: what its tzinfo is asked of
    Value offset, name;         // VALUE_EMPTY until asked
    int microsecond;
} Subject;

static Subject subject_of(Value self) {
    Subject subject = {self, VALUE_NONE, VALUE_NONE, VALUE_EMPTY, VALUE_EMPTY, 0};
    if (is_moment(self)) {
        subject.zone = moment_of(self)->zone;
        subject.argument = self;
        subject.microsecond = moment_of(self)->microsecond;
    } else if (is_time_of_day(self)) {
        subject.zone = time_of_day_of(self)->zone;
        subject.microsecond = time_of_day_of(self)->microsecond;
    }
    return subject;
}

static bool add_offset(VM *vm, Subject *subject, const char *between, Buffer *out) {
    if (is_empty(subject->offset)) subject->offset = zone_ask(vm, subject->zone, ASK_OFFSET, subject->argument);
    if (is_error(subject->offset)) return false;
    char text[32];
    if (!is_none(subject->offset)) buffer_append(out, text, (size_t)(put_offset(text, delta_of(subject->offset), between) - text));
    return true;
}

static bool add_name(VM *vm, Subject *subject, Buffer *out) {
    if (is_empty(subject->name)) subject->name = zone_ask_name(vm, subject->zone, subject->argument);
    if (is_error(subject->name)) return false;
    if (is_none(subject->name)) return true;
    const String *name = string_of(subject->name);
    if (!text_is_encodable(vm, string_of(subject->name))) return false;
    for (size_t i = 0; i < name->size; i++) {
        if (name->data[i] == '%') buffer_byte(out, '%');
        buffer_byte(out, name->data[i]);
    }
    return true;
}

// The format with the directives that are Python's replaced. False with an exception. [script]
static bool replace_directives(VM *vm, Subject *subject, const String *format, Buffer *out) {
    const char *at = format->data, *end = at + format->size;
    while (at < end) {
        const char *next = memchr(at, '%', (size_t)(end - at));
        if (!next || next + 1 >= end) {
            buffer_append(out, at, (size_t)(end - at));
            break;
        }
        buffer_append(out, at, (size_t)(next - at));
        at = next + 2;
        char digits[8];
        switch (next[1]) {
        case 'z':
            if (!add_offset(vm, subject, "", out)) return false;
            break;
        case 'Z':
            if (!add_name(vm, subject, out)) return false;
            break;
        case 'f': buffer_append(out, digits, (size_t)(put_digits(digits, subject->microsecond, 6) - digits)); break;
        case ':':
            if (at < end && *at == 'z') {
                if (!add_offset(vm, subject, ":", out)) return false;
                at++;
                break;
            }
            buffer_text(out, "%:");
            break;
        default: buffer_append(out, next, 2); break;
        }
    }
    buffer_byte(out, 0);
    return !out->failed || (raise_memory_error(vm), false);
}

static bool has_own_directives(const String *format) {
    const char *at = format->data, *end = at + format->size;
    while ((at = memchr(at, '%', (size_t)(end - at))) && at + 1 < end) {
        if (strchr("zZf:", at[1])) return true;
        at += 2;
    }
    return false;
}

Value date_format(VM *vm, Value self, Value format) {
    struct tm t;
    String *text = string_of(format);
    if (!tm_of(vm, self, &t) || !text_is_encodable(vm, text)) return VALUE_ERROR;
    vm_count_work(vm, work_of_characters(text->size));
    if (!string_terminate(vm, text)) return VALUE_ERROR;
    if (!has_own_directives(text)) return time_text(vm, text->data, &t);
    Buffer replaced = vm_buffer(vm);
    Subject subject = subject_of(self);
    Value result = replace_directives(vm, &subject, text, &replaced) ? time_text(vm, replaced.data, &t) : VALUE_ERROR;
    buffer_free(&replaced);
    return result;
}

Value date_format_operation(VM *vm, Value self, String *specification) {
    if (!specification->size) return object_or_error(value_str(vm, self));
    Value argument = value_object(specification);
    if (class_of(vm, self)->flags & CLASS_BUILTIN) return date_format(vm, self, argument);
    return value_call_method(vm, self, "strftime", &argument, 1);
}

// Clocks, timestamps and the local zone.
#include <errno.h>
#include <math.h>
#include <time.h>

#include "modules/date/date_internal.h"
#include "modules/system/clock.h"
#include "modules/system/file.h"
#include "object/exception/exception.h"

typedef struct {
    int64_t seconds;
    int microsecond;
} Timestamp;

static bool out_of_range(VM *vm) { return raise_overflow_error(vm, "timestamp out of range for platform time_t"), false; }

// A number of time.time()'s kind, to the nearest even microsecond. False with an exception. [script]
static bool timestamp_argument(VM *vm, Value v, Timestamp *out) {
    *out = (Timestamp){0};
    if (is_any_float(v)) {
        double number = any_float_of(v), whole;
        if (isnan(number)) return raise_value_error(vm, "Invalid value NaN (not a number)"), false;
        double part = nearbyint(modf(number, &whole) * MICROSECONDS);
        if (part < 0) {
            part += MICROSECONDS;
            whole -= 1;
        } else if (part >= MICROSECONDS) {
            part -= MICROSECONDS;
            whole += 1;
        }
        if (!(whole >= -0x1p63 && whole < 0x1p63)) return out_of_range(vm);
        *out = (Timestamp){(int64_t)whole, (int)part};
        return true;
    }
    v = value_index(vm, v);
    return !is_error(v) && (int_to_int64(v, &out->seconds) || out_of_range(vm));
}

// Breaks seconds down, here or in UTC, to any year. False with OSError.
static bool break_down_freely(VM *vm, int64_t seconds, bool utc, struct tm *t) {
    time_t at = (time_t)seconds;
    errno = 0;
    if (utc ? gmtime_r(&at, t) : localtime_r(&at, t)) return true;
    return raise_os_error(vm, errno ? errno : EINVAL, VALUE_EMPTY), false;
}
// To a year of ours. False with an exception.
static bool break_down(VM *vm, int64_t seconds, bool utc, struct tm *t) {
    if (!break_down_freely(vm, seconds, utc, t)) return false;
    int64_t year = (int64_t)t->tm_year + 1900;
    return (year >= LEAST_YEAR && year <= LAST_YEAR) || (raise_value_error(vm, "year %lld is out of range", (long long)year), false);
}

static inline int64_t seconds_of_tm(const struct tm *t) {
    int second = t->tm_sec < 60 ? t->tm_sec : 59; // no leap seconds
    int64_t days = day_number(t->tm_year + 1900, t->tm_mon + 1, t->tm_mday) - EPOCH_ORDINAL;
    return days * SECONDS_OF_DAY + t->tm_hour * 3600 + t->tm_min * 60 + second;
}

// What local clocks show at a time, as seconds. False with an exception.
static bool local_seconds(VM *vm, int64_t seconds, int64_t *out) {
    struct tm t;
    if (!break_down(vm, seconds, false, &t)) return false;
    *out = seconds_of_tm(&t);
    return true;
}

// Whether a local time is the second of two that look alike: clocks have been put back to before it within a day. 1, 0, -1.
static int is_repeated(VM *vm, int64_t seconds, int64_t shown) {
    int64_t earlier, again;
    if (!local_seconds(vm, seconds - SECONDS_OF_DAY, &earlier)) return -1;
    int64_t put_back = shown - earlier - SECONDS_OF_DAY;
    if (put_back >= 0) return 0;
    return local_seconds(vm, seconds + put_back, &again) ? again == shown : -1;
}

static Value from_timestamp(VM *vm, Class *cls, Timestamp at, bool utc, Value zone) {
    struct tm t;
    if (!break_down(vm, at.seconds, utc, &t)) return VALUE_ERROR;
    int fold = utc ? 0 : is_repeated(vm, at.seconds, seconds_of_tm(&t));
    if (fold < 0) return VALUE_ERROR;
    ClockTime time = {t.tm_hour, t.tm_min, t.tm_sec < 60 ? t.tm_sec : 59, at.microsecond, fold};
    return moment_new(vm, cls, (CalendarDay){t.tm_year + 1900, t.tm_mon + 1, t.tm_mday}, &time, zone);
}

static Value in_zone(VM *vm, Class *cls, Timestamp at, Value zone) {
    if (!check_zone(vm, zone)) return VALUE_ERROR;
    Value moment = from_timestamp(vm, cls, at, !is_none(zone), zone);
    return is_error(moment) || is_none(zone) ? moment : zone_from_utc(vm, zone, moment);
}

static bool now(VM *vm, Timestamp *at) {
    int64_t nanoseconds;
    if (!clock_now(vm, &nanoseconds)) return false;
    int64_t second = nanoseconds / 1000000000 - (nanoseconds % 1000000000 < 0);
    *at = (Timestamp){second, (int)((nanoseconds - second * 1000000000) / 1000)};
    return true;
}

Value moment_now(VM *vm, Class *cls, Value zone) {
    Timestamp at;
    return check_zone(vm, zone) && now(vm, &at) ? in_zone(vm, cls, at, zone) : VALUE_ERROR;
}

Value moment_utc_now(VM *vm, Class *cls) {
    Timestamp at;
    return now(vm, &at) ? from_timestamp(vm, cls, at, true, VALUE_NONE) : VALUE_ERROR;
}

Value moment_from_timestamp(VM *vm, Class *cls, Value timestamp, Value zone, bool utc) {
    Timestamp at;
    if (!check_zone(vm, zone) || !timestamp_argument(vm, timestamp, &at)) return VALUE_ERROR;
    return utc ? from_timestamp(vm, cls, at, true, VALUE_NONE) : in_zone(vm, cls, at, zone);
}

// The seconds of a date are cut, not rounded. [script]
Value date_from_timestamp(VM *vm, Class *cls, Value timestamp) {
    Timestamp at;
    struct tm t;
    if (is_any_float(timestamp)) {
        double number = any_float_of(timestamp);
        if (isfinite(number)) timestamp = value_float(floor(number));
    }
    if (!timestamp_argument(vm, timestamp, &at) || !break_down(vm, at.seconds, false, &t)) return VALUE_ERROR;
    return date_new(vm, cls, t.tm_year + 1900, t.tm_mon + 1, t.tm_mday);
}

// A subclass has its fromtimestamp() asked.
Value date_today(VM *vm, Class *cls) {
    int64_t nanoseconds;
    if (!clock_now(vm, &nanoseconds)) return VALUE_ERROR;
    Value at = value_float((double)nanoseconds / 1e9);
    if (cls == date_class(vm, LIBRARY_DATE)) return date_from_timestamp(vm, cls, at);
    return value_call_method(vm, value_object(cls), "fromtimestamp", &at, 1);
}

// ---- From local time

// When local clocks show what a naive datetime says: the first time, or with `fold` the second where they do twice. In a gap, that they
// jump over, the offset is the one before it, or with `fold` the one after it (PEP 495). False with an exception.
static bool from_local(VM *vm, int64_t shown, int fold, int64_t *out) {
    int64_t there, seen;
    if (!local_seconds(vm, shown, &there)) return false;
    int64_t offset = there - shown, first = shown - offset;
    if (!local_seconds(vm, first, &seen)) return false;
    // Another offset may hold before or after.
    int64_t other_offset;
    if (seen == shown) {
        int64_t aside = first + (fold ? SECONDS_OF_DAY : -SECONDS_OF_DAY);
        if (!local_seconds(vm, aside, &there)) return false;
        other_offset = there - aside;
        if (other_offset == offset) return *out = first, true;
    } else {
        other_offset = seen - first;
    }
    int64_t second = shown - other_offset, seen_too;
    if (!local_seconds(vm, second, &seen_too)) return false;
    if (seen_too == shown)
        *out = second;
    else if (seen == shown)
        *out = first;
    else
        *out = (first > second) == !fold ? first : second;
    return true;
}

static int64_t seconds_since_epoch(const Moment *m) { return moment_seconds(m) - (int64_t)EPOCH_ORDINAL * SECONDS_OF_DAY; }

Value moment_timestamp(VM *vm, Value moment) {
    const Moment *m = moment_of(moment);
    int64_t seconds = seconds_since_epoch(m);
    if (is_none(m->zone)) {
        if (!from_local(vm, seconds, m->fold, &seconds)) return VALUE_ERROR;
        return value_float((double)seconds + m->microsecond / 1e6);
    }
    Value offset = moment_offset(vm, moment);
    if (is_error(offset)) return offset;
    if (is_none(offset)) return raise_type_error(vm, "can't subtract offset-naive and offset-aware datetimes");
    Value whole = wide_to_int(vm, (Wide)seconds * MICROSECONDS + m->microsecond - delta_wide(delta_of(offset)));
    return is_error(whole) ? whole : int_binary(vm, BINARY_DIVIDE, whole, value_small(MICROSECONDS));
}

// The local zone as it is at a time: a timezone of its offset and name.
static Value local_zone_at(VM *vm, int64_t seconds) {
    struct tm t;
    if (!break_down_freely(vm, seconds, false, &t)) return VALUE_ERROR;
    Value offset = delta_new(vm, 0, t.tm_gmtoff, 0);
    Value name = t.tm_zone ? object_or_error(string_from(vm, t.tm_zone)) : VALUE_EMPTY;
    return is_error(offset) || is_error(name) ? VALUE_ERROR : timezone_new(vm, offset, name);
}

// The local zone when a datetime is, which is local itself if it says no offset.
static Value local_zone_of(VM *vm, Value moment, Value offset) {
    const Moment *m = moment_of(moment);
    int64_t seconds = seconds_since_epoch(m);
    if (is_none(offset)) {
        // Of a gap, the other side from what timestamp() says: there fold means the offset, here the time.
        int64_t own, other;
        if (!from_local(vm, seconds, m->fold, &own) || !from_local(vm, seconds, !m->fold, &other)) return VALUE_ERROR;
        bool is_gap = own != other && (other > own) == m->fold;
        seconds = is_gap ? other : own;
    } else {
        seconds -= (int64_t)delta_of(offset)->days * SECONDS_OF_DAY + delta_of(offset)->seconds;
        if (m->microsecond < delta_of(offset)->microseconds) seconds--;
    }
    return local_zone_at(vm, seconds);
}

Value moment_as_zone(VM *vm, Value moment, Value zone) {
    if (!check_zone(vm, zone)) return VALUE_ERROR;
    Value own = moment_of(moment)->zone;
    if (!is_none(own) && value_same(own, zone)) return moment;
    Value offset = moment_offset(vm, moment);
    if (is_error(offset)) return offset;
    if (is_none(offset)) {
        own = local_zone_of(vm, moment, VALUE_NONE);
        if (is_error(own)) return own;
        offset = zone_of(own)->offset;
        if (value_same(own, zone)) return moment;
    }
    Value utc = moment_plus(vm, moment, delta_of(offset), true);
    if (is_error(utc)) return utc;
    if (is_none(zone)) {
        zone = local_zone_of(vm, moment, offset);
        if (is_error(zone)) return zone;
    }
    if (is_moment(utc)) heap_store(vm, moment_of(utc), &moment_of(utc)->zone, zone);
    return zone_from_utc(vm, zone, utc);
}

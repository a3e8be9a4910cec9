// datetime: order, hash, sums and differences.
#include "base/hash.h"
#include "modules/date/date_internal.h"

static inline uint64_t second_key(const Moment *m) {
    uint64_t day = (uint64_t)m->year << 16 | (uint64_t)m->month << 8 | m->day;
    return day << 24 | (uint64_t)m->hour << 16 | (uint64_t)m->minute << 8 | m->second;
}
static int naive_order(const Moment *a, const Moment *b) {
    uint64_t x = second_key(a), y = second_key(b);
    if (x != y) return x < y ? -1 : 1;
    return (a->microsecond > b->microsecond) - (a->microsecond < b->microsecond);
}

// The same with the other fold and nobody's class.
static Value folded(VM *vm, Value moment, int fold) {
    const Moment *m = moment_of(moment);
    ClockTime t = time_of_moment(m);
    t.fold = fold;
    return moment_new(vm, date_class(vm, LIBRARY_DATETIME), day_of_moment(m), &t, m->zone);
}

// Whether the offset depends on the fold: such a time equals none of another zone (PEP 495). 1, 0, -1. [script]
static int depends_on_fold(VM *vm, Value moment, Value offset) {
    const Moment *m = moment_of(moment);
    if (is_none(m->zone) || is_timezone(m->zone)) return 0;
    Value other = folded(vm, moment, !m->fold);
    if (!is_error(other)) other = moment_offset(vm, other);
    return is_error(other) ? -1 : !same_offset(offset, other);
}

// Microseconds between two in UTC.
static Wide distance(const Moment *a, const Moment *b, Value offset_a, Value offset_b) {
    Wide between = (Wide)(moment_seconds(a) - moment_seconds(b)) * MICROSECONDS + a->microsecond - b->microsecond;
    return between - delta_wide(delta_of(offset_a)) + delta_wide(delta_of(offset_b));
}

Value moment_compare(VM *vm, Comparison op, Value self, Value other) {
    if (!is_moment(self) || !is_moment(other)) return VALUE_NOT_IMPLEMENTED;
    const Moment *a = moment_of(self), *b = moment_of(other);
    if (value_same(a->zone, b->zone)) return compare_result(op, naive_order(a, b));
    bool equality = op == COMPARISON_EQ || op == COMPARISON_NE;
    Value x = moment_offset(vm, self), y = is_error(x) ? x : moment_offset(vm, other);
    if (is_error(y)) return y;
    int order;
    if (same_offset(x, y)) {
        order = naive_order(a, b);
    } else if (is_none(x) || is_none(y)) {
        return equality ? value_bool(op == COMPARISON_NE) : raise_type_error(vm, "can't compare offset-naive and offset-aware datetimes");
    } else {
        Wide apart = distance(a, b, x, y);
        order = (apart > 0) - (apart < 0);
    }
    if (equality && !order) {
        int depends = depends_on_fold(vm, self, x);
        if (!depends) depends = depends_on_fold(vm, other, y);
        if (depends < 0) return VALUE_ERROR;
        order = depends;
    }
    return compare_result(op, order);
}

int moment_hash(VM *vm, Value self, uint64_t *out) {
    Moment *m = moment_of(self);
    if (m->is_hashed) return *out = m->hash, 1;
    int64_t parts[2] = {moment_seconds(m), m->microsecond};
    if (!is_none(m->zone)) {
        Value unfolded = m->fold ? folded(vm, self, 0) : self;
        Value offset = is_error(unfolded) ? unfolded : moment_offset(vm, unfolded);
        if (is_error(offset)) return -1;
        if (!is_none(offset)) {
            const Delta *d = delta_of(offset);
            parts[0] -= (int64_t)d->days * SECONDS_OF_DAY + d->seconds;
            parts[1] -= d->microseconds;
            if (parts[1] < 0) {
                parts[1] += MICROSECONDS;
                parts[0]--;
            }
        }
    }
    uint64_t hash = hash_bytes(vm->hash_key, parts, sizeof parts);
    m->hash = hash == (uint64_t)-1 ? (uint64_t)-2 : hash;
    m->is_hashed = true;
    return *out = m->hash, 1;
}

Value moment_plus(VM *vm, Value moment, const Delta *d, bool subtract) {
    const Moment *m = moment_of(moment);
    int sign = subtract ? -1 : 1;
    int microsecond = m->microsecond + sign * d->microseconds, second = m->hour * 3600 + m->minute * 60 + m->second + sign * d->seconds;
    int64_t days = sign * (int64_t)d->days;
    if (microsecond < 0 || microsecond >= MICROSECONDS) {
        second += microsecond < 0 ? -1 : 1;
        microsecond += microsecond < 0 ? MICROSECONDS : -MICROSECONDS;
    }
    int carried = second < 0 ? -1 : second / SECONDS_OF_DAY;
    second -= carried * SECONDS_OF_DAY;
    days += carried;
    ClockTime t = {second / 3600, second / 60 % 60, second % 60, microsecond, 0};
    CalendarDay day = day_of_moment(m);
    if (days && day.day + days >= 1 && day.day + days <= days_of_month(day.year, day.month)) {
        day.day += (int)days;
    } else if (days) {
        int64_t number = day_number(m->year, m->month, m->day) + days;
        if (number < 1 || number > LAST_ORDINAL) return raise_overflow_error(vm, "date value out of range");
        day = day_of_number(number);
    }
    return moment_new(vm, class_of(vm, moment), day, &t, m->zone);
}

static Value difference(VM *vm, Value left, Value right) {
    const Moment *a = moment_of(left), *b = moment_of(right);
    if (!value_same(a->zone, b->zone)) {
        Value x = moment_offset(vm, left), y = is_error(x) ? x : moment_offset(vm, right);
        if (is_error(y)) return y;
        if (is_none(x) != is_none(y)) return raise_type_error(vm, "can't subtract offset-naive and offset-aware datetimes");
        if (!is_none(x)) return delta_from_wide(vm, date_class(vm, LIBRARY_TIMEDELTA), distance(a, b, x, y));
    }
    return delta_new(vm, 0, moment_seconds(a) - moment_seconds(b), a->microsecond - b->microsecond);
}

Value moment_binary(VM *vm, Binary op, Value left, Value right) {
    if (op == BINARY_ADD && is_moment(left) && is_delta(right)) return moment_plus(vm, left, delta_of(right), false);
    if (op == BINARY_ADD && is_moment(right) && is_delta(left)) return moment_plus(vm, right, delta_of(left), false);
    if (op != BINARY_SUBTRACT || !is_moment(left)) return VALUE_NOT_IMPLEMENTED;
    if (is_delta(right)) return moment_plus(vm, left, delta_of(right), true);
    return is_moment(right) ? difference(vm, left, right) : VALUE_NOT_IMPLEMENTED;
}

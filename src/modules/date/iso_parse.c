// fromisoformat(): what CPython takes for ISO 8601, which is a little more and a little less than that.
#include "modules/date/date_internal.h"

// Where the reader is. Texts are UTF-8: what is no digit or sign of a format is an error wherever it stands.
typedef struct {
    const char *at, *end;
} Reader;

static inline bool read_digits(Reader *in, int count, int *out) {
    if (in->end - in->at < count) return false;
    unsigned number = 0, worst = 0;
    for (int i = 0; i < count; i++) {
        unsigned digit = (unsigned char)(in->at[i] - '0');
        worst = digit > worst ? digit : worst;
        number = number * 10 + digit;
    }
    if (worst > 9) return false;
    in->at += count;
    return *out = (int)number, true;
}
static inline bool read_byte(Reader *in, char byte) {
    if (in->at >= in->end || *in->at != byte) return false;
    in->at++;
    return true;
}

static Value invalid(VM *vm, Value text) {
    String *shown = value_repr(vm, text);
    return shown ? raise_value_error(vm, "Invalid isoformat string: %s", shown->data) : VALUE_ERROR;
}

// YYYY-MM-DD, YYYYMMDD, YYYY-Www[-D], YYYYWww[D]. What stands behind these is not looked at, and a day that there is not is not told of.
static bool read_date(Reader in, CalendarDay *day) {
    int week, weekday = 1;
    if (!read_digits(&in, 4, &day->year)) return false;
    bool dashes = read_byte(&in, '-');
    if (!read_byte(&in, 'W')) {
        return read_digits(&in, 2, &day->month) && (!dashes || read_byte(&in, '-')) && read_digits(&in, 2, &day->day);
    }
    if (!read_digits(&in, 2, &week)) return false;
    if (in.at < in.end && ((dashes && !read_byte(&in, '-')) || !read_digits(&in, 1, &weekday))) return false;
    if (day->year < LEAST_YEAR || week < 1 || week > iso_weeks_of_year(day->year) || weekday < 1 || weekday > 7) return false;
    *day = day_of_number(iso_year_begins(day->year) + (week - 1) * 7 + weekday - 1);
    return true;
}

typedef enum { READ_NOT, READ_ALL, READ_MORE } ReadResult; // MORE: and something stands behind it

// The digits of a second behind the point: six count, all others must be digits.
static ReadResult read_fraction(Reader *in, int *microsecond) {
    int given = (int)(in->end - in->at < 6 ? in->end - in->at : 6);
    if (!read_digits(in, given, microsecond)) return READ_NOT;
    for (; given < 6; given++) *microsecond *= 10;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') in->at++;
    return in->at < in->end ? READ_MORE : READ_ALL;
}

// HH[:MM[:SS]] or HH[MM[SS]], and a fraction behind any of them. One byte that follows is not looked at here.
static ReadResult read_clock(Reader in, ClockTime *t) {
    int *parts[3] = {&t->hour, &t->minute, &t->second};
    bool colons = false;
    for (int i = 0; i < 3; i++) {
        if (!read_digits(&in, 2, parts[i])) return READ_NOT;
        if (in.at == in.end) return READ_ALL;
        char next = *in.at++;
        if (in.at == in.end) return READ_MORE;
        if (i == 0) colons = next == ':';
        if (colons && next == ':') continue;
        if (next == '.' || next == ',') break;
        if (colons) return READ_NOT;
        in.at--;
    }
    return read_fraction(&in, &t->microsecond);
}

// A time with the offset that may follow. False: it is none, or with an exception.
static bool read_time(VM *vm, Reader in, ClockTime *t, Value *zone) {
    const char *sign = in.at;
    while (sign < in.end && *sign != '+' && *sign != '-' && *sign != 'Z') sign++;
    bool has_zone = sign < in.end;
    ReadResult result = read_clock((Reader){in.at, sign}, t);
    *zone = VALUE_NONE;
    if (result == READ_NOT || (result == READ_MORE && !has_zone)) return false;
    if (!has_zone) return true;
    if (*sign == 'Z') return *zone = timezone_utc(vm), sign + 1 == in.end;
    ClockTime offset = {0};
    if (read_clock((Reader){sign + 1, in.end}, &offset) != READ_ALL) return false;
    int direction = *sign == '-' ? -1 : 1, seconds = offset.hour * 3600 + offset.minute * 60 + offset.second;
    if (!seconds) return *zone = timezone_utc(vm), true;
    Value delta = delta_new(vm, 0, direction * seconds, direction * offset.microsecond);
    *zone = is_error(delta) ? delta : timezone_new(vm, delta, VALUE_EMPTY);
    return !is_error(*zone);
}

static bool check_string(VM *vm, Value text) {
    return is_string(text) || (raise_type_error(vm, "fromisoformat: argument must be str"), false);
}

Value date_from_iso(VM *vm, Class *cls, Value text) {
    if (!check_string(vm, text)) return VALUE_ERROR;
    const String *s = string_of(text);
    CalendarDay day;
    bool fits = s->size == 7 || s->size == 8 || s->size == 10;
    if (!fits || !read_date((Reader){s->data, s->data + s->size}, &day)) return invalid(vm, text);
    return date_new(vm, cls, day.year, day.month, day.day);
}

Value time_from_iso(VM *vm, Class *cls, Value text) {
    if (!check_string(vm, text)) return VALUE_ERROR;
    const String *s = string_of(text);
    Reader in = {s->data, s->data + s->size};
    ClockTime t = {0};
    Value zone;
    vm_count_work(vm, work_of_characters(s->size));
    read_byte(&in, 'T');
    if (read_time(vm, in, &t, &zone)) return time_new(vm, cls, &t, zone);
    return is_empty(vm->exception) ? invalid(vm, text) : VALUE_ERROR;
}

// Where the date ends.
static size_t date_length(const String *s) {
    const char *text = s->data;
    size_t size = s->size;
    if (text[4] == '-') {
        bool is_week = size > 5 && text[5] == 'W';
        // A digit behind a second dash but one may be the time's: 2000-W01-01.
        bool has_day = size > 8 && text[8] == '-' && !(size > 10 && text[10] >= '0' && text[10] <= '9');
        return is_week && !has_day ? 8 : 10;
    }
    if (text[4] != 'W') return 8;
    size_t end = 7;
    while (end < size && text[end] >= '0' && text[end] <= '9') end++;
    if (end < 9) return end;
    return end % 2 ? 8 : 7; // all digits: times have an even number of them
}

Value moment_from_iso(VM *vm, Class *cls, Value text) {
    if (!check_string(vm, text)) return VALUE_ERROR;
    const String *s = string_of(text);
    CalendarDay day;
    ClockTime t = {0};
    Value zone = VALUE_NONE;
    if (s->size < 7) return invalid(vm, text);
    vm_count_work(vm, work_of_characters(s->size));
    size_t length = date_length(s), behind = length;
    if (length > s->size || !read_date((Reader){s->data, s->data + length}, &day)) return invalid(vm, text);
    if (behind < s->size) {
        do behind++; // whatever stands between them, a character
        while (behind < s->size && (s->data[behind] & 0xC0) == 0x80);
        if (!read_time(vm, (Reader){s->data + behind, s->data + s->size}, &t, &zone))
            return is_empty(vm->exception) ? invalid(vm, text) : VALUE_ERROR;
    }
    return moment_new(vm, cls, day, &t, zone);
}

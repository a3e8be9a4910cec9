// strptime(): what the parts of a text mean together.
#include "base/utf8.h"
#include "modules/date/date_internal.h"
#include "modules/date/strptime_internal.h"
#include "modules/system/clock.h"
#include "object/text/unicode.h"

enum { UNKNOWN = -1 };

typedef struct {
    int year, month, day, hour, minute, second, microsecond;
    int weekday, day_of_year, summer;       // summer: tm_isdst
    int week, iso_year, iso_week;           // as %U or %W, %G and %V say them
    bool weeks_begin_on_sunday, has_year;
    bool has_offset;
    int offset, offset_microseconds;        // in seconds; of the same sign
    const Part *zone;                       // the name, or NULL
} Fields;

static int part_number(const Part *part) {
    int number = 0;
    for (const char *at = part->start; at < part->end;) {
        int size, digit = unicode_decimal(utf8_decode(at, &size));
        if (digit >= 0) number = number * 10 + digit;
        at += size;
    }
    return number;
}

// Which of the words it is; `length` letters of them count, or all when 0.
static int part_word(const Part *part, const char *const *words, int count, size_t length) {
    size_t size = (size_t)(part->end - part->start);
    for (int i = 0; i < count; i++)
        if (strptime_same_word(part->start, part->end, words[i], length ? length : strlen(words[i])) == size) return i;
    return 0;
}

static bool is_afternoon(const Match *match) {
    for (size_t i = 0; i < match->count; i++)
        if (match->parts[i].letter == 'p') return (*match->parts[i].start | 32) == 'p';
    return false;
}
static bool has_half(const Match *match) {
    for (size_t i = 0; i < match->count; i++)
        if (match->parts[i].letter == 'p') return true;
    return false;
}

// ---- Zones

// The digits of an offset, whose colons must agree. False with ValueError.
static bool read_offset(VM *vm, const Part *part, Fields *fields) {
    fields->has_offset = true;
    if (*part->start == 'Z') return true;
    int digits[16], count = 0, colon_before[16] = {0}, points = 0;
    for (const char *at = part->start + 1; at < part->end && count < 16;) {
        int size;
        uint32_t c = utf8_decode(at, &size);
        if (c == ':') colon_before[count] = 1;
        if (c == '.') points = count;
        if (c != ':' && c != '.') digits[count++] = unicode_decimal(c);
        at += size;
    }
    if (count > 4 && colon_before[2] && !colon_before[4])
        return raise_value_error(vm, "Inconsistent use of : in %.*s", (int)(part->end - part->start), part->start), false;
    if (count > 4 && !colon_before[2] && colon_before[4])
        return raise_value_error(vm, "invalid literal for int() with base 10: ':%d'", digits[4]), false;
    int seconds = count > 4 ? digits[4] * 10 + digits[5] : 0, microseconds = 0;
    for (int i = 0; points && i < 6; i++) microseconds = microseconds * 10 + (points + i < count ? digits[points + i] : 0);
    int sign = *part->start == '-' ? -1 : 1;
    fields->offset = sign * ((digits[0] * 10 + digits[1]) * 3600 + (digits[2] * 10 + digits[3]) * 60 + seconds);
    fields->offset_microseconds = sign * microseconds;
    return true;
}

static void read_zone(const Match *match, const Part *part, Fields *fields) {
    static const char *const universal[] = {"utc", "gmt"};
    size_t size = (size_t)(part->end - part->start);
    const char *winter = match->zones.names[0], *summer = match->zones.names[1];
    fields->zone = part;
    bool is_universal = false;
    for (int i = 0; i < 2; i++) is_universal |= strptime_same_word(part->start, part->end, universal[i], 3) == size;
    if (is_universal)
        fields->summer = 0;
    else if (*summer && !strcmp(winter, summer))
        fields->summer = UNKNOWN; // the name does not tell
    else
        fields->summer = *summer && strptime_same_word(part->start, part->end, summer, strlen(summer)) == size;
}

// ---- Fields one by one

static bool read_part(VM *vm, const Match *match, const Part *part, Fields *f) {
    int number = part->letter == 'z' || part->letter == 'Z' ? 0 : part_number(part); // of six digits at most
    switch (part->letter) {
    case 'Y': f->year = number, f->has_year = true; break;
    case 'y': f->year = number + (number <= 68 ? 2000 : 1900), f->has_year = true; break;
    case 'G': f->iso_year = number; break;
    case 'V': f->iso_week = number; break;
    case 'B': f->month = part_word(part, strptime_months, 12, 0) + 1; break;
    case 'b': f->month = part_word(part, strptime_months, 12, 3) + 1; break;
    case 'm': f->month = number; break;
    case 'd': f->day = number; break;
    case 'H': f->hour = number; break;
    case 'I': f->hour = has_half(match) && is_afternoon(match) ? number % 12 + 12 : number % 12; break;
    case 'M': f->minute = number; break;
    case 'S': f->second = number; break;
    case 'f':
        for (int64_t i = part->end - part->start; i < 6; i++) number *= 10;
        f->microsecond = number;
        break;
    case 'A': f->weekday = part_word(part, strptime_days, 7, 0); break;
    case 'a': f->weekday = part_word(part, strptime_days, 7, 3); break;
    case 'w': f->weekday = (number + 6) % 7; break;
    case 'u': f->weekday = number - 1; break;
    case 'j': f->day_of_year = number; break;
    case 'U':
    case 'W':
        f->week = number;
        f->weeks_begin_on_sunday = part->letter == 'U';
        break;
    case 'z': return read_offset(vm, part, f);
    case 'Z': read_zone(match, part, f); break;
    default: break;
    }
    return true;
}

#define A_WEEKDAY "a weekday directive ('%A', '%a', '%w', or '%u')."

// Whether the directives for weeks of ISO 8601 go together. False with ValueError.
static bool check_weeks(VM *vm, const Fields *f) {
    const char *wrong = NULL;
    if (f->iso_year != UNKNOWN && f->day_of_year != UNKNOWN)
        wrong = "Day of the year directive '%j' is not compatible with ISO year directive '%G'. Use '%Y' instead.";
    else if (f->iso_year != UNKNOWN && (f->iso_week == UNKNOWN || f->weekday == UNKNOWN))
        wrong = "ISO year directive '%G' must be used with the ISO week directive '%V' and " A_WEEKDAY;
    else if (f->iso_year == UNKNOWN && f->iso_week != UNKNOWN && (!f->has_year || f->weekday == UNKNOWN))
        wrong = "ISO week directive '%V' must be used with the ISO year directive '%G' and " A_WEEKDAY;
    else if (f->iso_year == UNKNOWN && f->iso_week != UNKNOWN)
        wrong = "ISO week directive '%V' is incompatible with the year directive '%Y'. Use the ISO year '%G' instead.";
    return !wrong || (raise_value_error(vm, "%s", wrong), false);
}

// The day of the year of a weekday in a week that %U or %W count: the days before the first whole week are week 0. May be less than 1.
static int day_in_week(const Fields *f) {
    int sunday = f->weeks_begin_on_sunday;
    int first = (weekday_of_number(day_number(f->year, 1, 1)) + sunday) % 7, day = (f->weekday + sunday) % 7;
    int begins = f->week ? (7 - first) % 7 + 7 * (f->week - 1) : -first;
    return begins + day + 1;
}

static bool set_day(VM *vm, Fields *f, int64_t number) {
    if (number < 1) return raise_value_error(vm, "ordinal must be >= 1"), false;
    CalendarDay day = day_of_number(number);
    f->year = day.year, f->month = day.month, f->day = day.day;
    return check_date(vm, day.year, day.month, day.day);
}

// Makes one date of what is known. False with ValueError.
static bool join_date(VM *vm, Fields *f) {
    bool is_leap_day = !f->has_year && f->month == 2 && f->day == 29;
    if (!f->has_year) f->year = is_leap_day ? 1904 : 1900; // 1900 has no such day
    if (f->day_of_year == UNKNOWN && f->weekday != UNKNOWN) {
        if (f->week != UNKNOWN) {
            f->day_of_year = day_in_week(f);
        } else if (f->iso_year != UNKNOWN && f->iso_week != UNKNOWN) {
            if (f->iso_year < LEAST_YEAR) return raise_value_error(vm, "Year is out of range: %d", f->iso_year), false;
            if (f->iso_week < 1 || f->iso_week > iso_weeks_of_year(f->iso_year))
                return raise_value_error(vm, "Invalid week: %d", f->iso_week), false;
            int64_t number = iso_year_begins(f->iso_year) + (f->iso_week - 1) * 7 + f->weekday;
            if (!set_day(vm, f, number)) return false;
            f->day_of_year = (int)(number - day_number(f->year, 1, 1)) + 1;
        }
        if (f->day_of_year != UNKNOWN && f->day_of_year <= 0) {
            f->year--;
            f->day_of_year += year_is_leap(f->year) ? 366 : 365;
        }
    }
    if (f->day_of_year == UNKNOWN) {
        if (!check_date(vm, f->year, f->month, f->day)) return false;
        f->day_of_year = days_before_month(f->year, f->month) + f->day;
    } else {
        if (!check_date(vm, f->year, 1, 1) || !set_day(vm, f, day_number(f->year, 1, 1) + f->day_of_year - 1)) return false;
    }
    if (f->weekday == UNKNOWN) f->weekday = weekday_of_number(day_number(f->year, f->month, f->day));
    if (is_leap_day) f->year = 1900;
    return true;
}

// False with an exception. [script]
static bool parse(VM *vm, Match *match, String *text, String *format, Fields *f) {
    const char *end;
    *f = (Fields){.month = 1, .day = 1, .weekday = UNKNOWN, .day_of_year = UNKNOWN, .summer = UNKNOWN, .week = UNKNOWN, .iso_year = UNKNOWN,
                  .iso_week = UNKNOWN};
    if (!strptime_match(vm, match, text, format, &end)) return false;
    if (end < text->data + text->size) {
        Buffer message = vm_buffer(vm);
        buffer_text(&message, "unconverted data remains: ");
        buffer_append(&message, end, (size_t)(text->data + text->size - end));
        String *shown = string_from_buffer(vm, &message);
        if (shown) raise_with_value(vm, vm->exceptions.value_error, value_object(shown));
        return false;
    }
    for (size_t i = 0; i < match->count; i++)
        if (!read_part(vm, match, &match->parts[i], f)) return false;
    return check_weeks(vm, f) && join_date(vm, f);
}

static Value zone_name(VM *vm, const Fields *f) {
    if (!f->zone) return VALUE_NONE;
    return object_or_error(string_new(vm, f->zone->start, (size_t)(f->zone->end - f->zone->start)));
}

// ---- Results

static Value make_moment(VM *vm, Class *cls, const Fields *f) {
    Value parts[8] = {value_small(f->year),   value_small(f->month),  value_small(f->day),        value_small(f->hour),
                      value_small(f->minute), value_small(f->second), value_small(f->microsecond)};
    if (f->has_offset) {
        Value offset = delta_new(vm, 0, f->offset, f->offset_microseconds), name = zone_name(vm, f);
        if (is_error(offset) || is_error(name)) return VALUE_ERROR;
        parts[7] = timezone_new(vm, offset, is_none(name) ? VALUE_EMPTY : name);
        if (is_error(parts[7])) return VALUE_ERROR;
    }
    if (cls != date_class(vm, LIBRARY_DATETIME)) return call_class(vm, cls, parts, f->has_offset ? 8 : 7);
    ClockTime t = {f->hour, f->minute, f->second, f->microsecond, 0};
    return moment_new(vm, cls, (CalendarDay){f->year, f->month, f->day}, &t, f->has_offset ? parts[7] : VALUE_NONE);
}

Value moment_parse(VM *vm, Class *cls, String *text, String *format) {
    Match match;
    Fields fields;
    Value result = parse(vm, &match, text, format, &fields) ? make_moment(vm, cls, &fields) : VALUE_ERROR;
    buffer_free(&match.format);
    return result;
}

Value time_tuple_parse(VM *vm, String *text, String *format) {
    Match match;
    Fields f;
    Value result = VALUE_ERROR;
    if (parse(vm, &match, text, format, &f)) {
        struct tm t = {.tm_year = f.year - 1900, .tm_mon = f.month - 1, .tm_mday = f.day, .tm_hour = f.hour, .tm_min = f.minute,
                       .tm_sec = f.second, .tm_wday = (f.weekday + 1) % 7, .tm_yday = f.day_of_year - 1, .tm_isdst = f.summer};
        result = time_tuple_new(vm, &t, zone_name(vm, &f), f.has_offset ? value_small(f.offset) : VALUE_NONE);
    }
    buffer_free(&match.format);
    return result;
}

// Dates and times in ISO 8601's formats.
#include "modules/date/date_internal.h"
#include "object/text/codec.h"

bool detail_argument(VM *vm, Value v, int position, TimeDetail *detail) {
    static const char *const words[] = {"auto", "hours", "minutes", "seconds", "milliseconds", "microseconds"};
    *detail = SHOW_AUTO;
    if (is_empty(v)) return true;
    if (!check_text(vm, v, "isoformat", position)) return false;
    const String *word = string_of(v);
    if (!text_is_encodable(vm, string_of(v))) return false;
    if (memchr(word->data, 0, word->size)) return raise_value_error(vm, "embedded null character"), false;
    for (int i = 0; i < 6; i++)
        if (string_is(word, words[i])) return *detail = (TimeDetail)i, true;
    return raise_value_error(vm, "Unknown timespec value"), false;
}

char *put_date(char *to, int year, int month, int day) {
    to = put_digits(to, year, 4);
    *to++ = '-';
    to = put_digits(to, month, 2);
    *to++ = '-';
    return put_digits(to, day, 2);
}

char *put_time(char *to, const ClockTime *t, TimeDetail detail) {
    if (detail == SHOW_AUTO) detail = t->microsecond ? SHOW_MICROSECONDS : SHOW_SECONDS;
    to = put_digits(to, t->hour, 2);
    if (detail == SHOW_HOURS) return to;
    *to++ = ':';
    to = put_digits(to, t->minute, 2);
    if (detail == SHOW_MINUTES) return to;
    *to++ = ':';
    to = put_digits(to, t->second, 2);
    if (detail == SHOW_SECONDS) return to;
    *to++ = '.';
    return detail == SHOW_MILLISECONDS ? put_digits(to, t->microsecond / 1000, 3) : put_digits(to, t->microsecond, 6);
}

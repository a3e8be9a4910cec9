// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years are counted from March, so that the day that comes and goes is
// a year's last; 400 of them, an era, always have 146097 days.
#include "modules/date/calendar.h"

enum { DAYS_OF_ERA = 146097, BEFORE_YEAR_ONE = 306 }; // days from the 1st of March of the year 0 to the 31st of December

static const uint8_t month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
static const uint16_t days_before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

int days_of_month(int year, int month) { return month == 2 && year_is_leap(year) ? 29 : month_days[month - 1]; }

int days_before_month(int year, int month) { return days_before[month - 1] + (month > 2 && year_is_leap(year)); }

int64_t day_number(int year, int month, int day) {
    int64_t from_march = (int64_t)year - (month <= 2);
    int64_t era = (from_march >= 0 ? from_march : from_march - 399) / 400;
    int64_t year_of_era = from_march - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_OF_ERA + day_of_era - BEFORE_YEAR_ONE + 1;
}

CalendarDay day_of_number(int64_t number) {
    int64_t day = number + BEFORE_YEAR_ONE - 1;
    int64_t era = (day >= 0 ? day : day - DAYS_OF_ERA + 1) / DAYS_OF_ERA;
    int day_of_era = (int)(day - era * DAYS_OF_ERA);
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int from_march = (5 * day_of_year + 2) / 153;
    int month = from_march + (from_march < 10 ? 3 : -9);
    return (CalendarDay){(int)(era * 400) + year_of_era + (month <= 2), month, day_of_year - (153 * from_march + 2) / 5 + 1};
}

// The first week is the one that the 4th of January is in.
int64_t iso_year_begins(int year) {
    int64_t fourth = day_number(year, 1, 4);
    return fourth - weekday_of_number(fourth);
}

int iso_weeks_of_year(int year) { return (int)(iso_year_begins(year + 1) - iso_year_begins(year)) / 7; }

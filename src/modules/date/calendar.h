// Day arithmetic of the proleptic Gregorian calendar, years 1 to 9999. Knows no Value.
#ifndef AIOLI_MODULES_DATE_CALENDAR_H
#define AIOLI_MODULES_DATE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

enum { LEAST_YEAR = 1, LAST_YEAR = 9999, LAST_ORDINAL = 3652059, EPOCH_ORDINAL = 719163, SECONDS_OF_DAY = 86400 };

typedef struct {
    int year, month, day; // month and day from 1
} CalendarDay;

static inline bool year_is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

// January is 1.
int days_of_month(int year, int month);
static inline bool is_real_day(int year, int month, int day) {
    return year >= LEAST_YEAR && year <= LAST_YEAR && month >= 1 && month <= 12 && day >= 1 && day <= days_of_month(year, month);
}
// How many days of the year come before a month.
int days_before_month(int year, int month);

// The number of a day: 1 is the first of January of the year 1. The day need not exist: the 32nd of January is the 1st of February.
int64_t day_number(int year, int month, int day);
CalendarDay day_of_number(int64_t number);

// 0 is Monday.
static inline int weekday_of_number(int64_t number) { return (int)((number + 6) % 7); }

// The number of the Monday with which a year begins in ISO 8601, and how many weeks that has.
int64_t iso_year_begins(int year);
int iso_weeks_of_year(int year);

#endif

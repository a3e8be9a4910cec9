// time: clocks, sleep, and dates as tuples. On a virtual clock time passes there.
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "modules/date/strptime.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "modules/struct_sequence.h"
#include "modules/system/clock.h"
#include "modules/system/file.h"
#include "object/container/dict.h"
#include "object/core/instance.h"
#include "object/core/native.h"
#include "object/shared/builtin.h"
#include "object/text/codec.h"
#include "vm/interpreter.h"

static bool virtual_now(VM *vm, double *now) { return vm->hooks.clock && vm->hooks.clock(vm, 0, now); }

// False with PermissionError or OSError.
static bool clock_nanoseconds(VM *vm, clockid_t clock, int64_t *nanoseconds) {
    double now;
    struct timespec t;
    if (clock != CLOCK_PROCESS_CPUTIME_ID && clock != CLOCK_THREAD_CPUTIME_ID && virtual_now(vm, &now)) {
        *nanoseconds = (int64_t)llround(now * 1e9);
        return true;
    }
    if (!vm_permit(vm, CAPABILITY_CLOCK, NULL)) return false;
    if (clock_gettime(clock, &t)) return raise_os_error(vm, errno, VALUE_EMPTY), false;
    *nanoseconds = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    return true;
}

bool clock_now(VM *vm, int64_t *nanoseconds) { return clock_nanoseconds(vm, CLOCK_REALTIME, nanoseconds); }

#define CLOCK_FUNCTIONS(name, clock)                                                                                   \
    static Value time_##name(VM *vm, Value *args, size_t count) {                                                      \
        int64_t now;                                                                                                   \
        return clock_nanoseconds(vm, clock, &now) ? value_float((double)now / 1e9) : VALUE_ERROR;                      \
    }                                                                                                                  \
    static Value time_##name##_ns(VM *vm, Value *args, size_t count) {                                                 \
        int64_t now;                                                                                                   \
        return clock_nanoseconds(vm, clock, &now) ? int_from_int64(vm, now) : VALUE_ERROR;                             \
    }
CLOCK_FUNCTIONS(time, CLOCK_REALTIME)
CLOCK_FUNCTIONS(monotonic, CLOCK_MONOTONIC)
CLOCK_FUNCTIONS(perf_counter, CLOCK_MONOTONIC)
CLOCK_FUNCTIONS(process_time, CLOCK_PROCESS_CPUTIME_ID)
CLOCK_FUNCTIONS(thread_time, CLOCK_THREAD_CPUTIME_ID)

static Value get_clock_info(VM *vm, Value *args, size_t count) {
    static const struct {
        const char *name, *implementation;
        bool adjustable;
    } known[] = {{"time", "clock_gettime(CLOCK_REALTIME)", true},
                 {"monotonic", "clock_gettime(CLOCK_MONOTONIC)", false},
                 {"perf_counter", "clock_gettime(CLOCK_MONOTONIC)", false},
                 {"process_time", "clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", false},
                 {"thread_time", "clock_gettime(CLOCK_THREAD_CPUTIME_ID)", false}};
    static const char *const fields[] = {"implementation", "monotonic", "adjustable", "resolution", NULL};
    if (!is_string(args[0])) return raise_type_error(vm, "get_clock_info() argument 1 must be str, not %s", type_name(vm, args[0]));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!string_is(string_of(args[0]), known[i].name)) continue;
        String *implementation = string_from(vm, known[i].implementation), *types = string_intern_from(vm, "types", 5);
        Value module = implementation && types ? vm->hooks.import_module(vm, types) : VALUE_ERROR;
        String *name = is_error(module) ? NULL : string_intern_from(vm, "SimpleNamespace", 15);
        Value cls = name ? value_get_attribute(vm, module, name) : VALUE_ERROR;
        Value made = is_error(cls) ? cls : vm_call(vm, cls, NULL, 0, NULL);
        Value values[] = {value_object(implementation), value_bool(!known[i].adjustable), value_bool(known[i].adjustable), value_float(1e-9)};
        for (int k = 0; fields[k] && !is_error(made); k++) {
            String *field = string_intern_from(vm, fields[k], strlen(fields[k]));
            if (!field || value_set_attribute(vm, made, field, values[k]) < 0) return VALUE_ERROR;
        }
        return made;
    }
    return raise_value_error(vm, "unknown clock");
}

// ---- Clocks by their numbers

static const struct {
    const char *name;
    clockid_t clock;
} clocks[] = {{"CLOCK_REALTIME", CLOCK_REALTIME},
              {"CLOCK_MONOTONIC", CLOCK_MONOTONIC},
              {"CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID},
              {"CLOCK_THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID},
#ifdef CLOCK_MONOTONIC_RAW
              {"CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW},
#endif
#ifdef CLOCK_BOOTTIME
              {"CLOCK_BOOTTIME", CLOCK_BOOTTIME},
#endif
#ifdef CLOCK_TAI
              {"CLOCK_TAI", CLOCK_TAI},
#endif
              {NULL, 0}};

static bool clock_argument(VM *vm, Value v, clockid_t *clock) {
    int number;
    if (!has_index(vm, v)) return raise_type_error(vm, "clk_id should be integer, not %s", type_name(vm, v)), false;
    if (!c_int_argument(vm, v, &number)) return false;
    *clock = number;
    // On a virtual clock too only those that there are.
    return clock_getres(number, NULL) == 0 || (raise_os_error(vm, errno, VALUE_EMPTY), false);
}
static Value time_clock_gettime(VM *vm, Value *args, size_t count) {
    clockid_t clock;
    int64_t now;
    return clock_argument(vm, args[0], &clock) && clock_nanoseconds(vm, clock, &now) ? value_float((double)now / 1e9) : VALUE_ERROR;
}
static Value time_clock_gettime_ns(VM *vm, Value *args, size_t count) {
    clockid_t clock;
    int64_t now;
    return clock_argument(vm, args[0], &clock) && clock_nanoseconds(vm, clock, &now) ? int_from_int64(vm, now) : VALUE_ERROR;
}
static Value time_clock_getres(VM *vm, Value *args, size_t count) {
    int clock;
    struct timespec step;
    if (!c_int_argument(vm, args[0], &clock)) return VALUE_ERROR;
    if (clock_getres(clock, &step)) return raise_os_error(vm, errno, VALUE_EMPTY);
    return value_float((double)step.tv_sec + (double)step.tv_nsec / 1e9);
}

// Sleeps until a time of the monotonic clock, in slices: a signal ends one at once, an interrupt from another thread can't.
static bool sleep_until(VM *vm, const struct timespec *end) {
    enum { SLICE = 20 * 1000 * 1000 };
    for (;;) {
        if ((vm_requested(vm) && !vm->hooks.attend(vm)) || !vm_take_signals(vm)) return false;
        if (vm->hooks.watch) vm->hooks.watch(vm);
        if (vm->hooks.charge && !vm->hooks.charge(vm)) return false;
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        if (until.tv_sec > end->tv_sec || (until.tv_sec == end->tv_sec && until.tv_nsec >= end->tv_nsec)) return true;
        until.tv_nsec += SLICE;
        if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
        if (until.tv_sec > end->tv_sec || (until.tv_sec == end->tv_sec && until.tv_nsec > end->tv_nsec)) until = *end;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
}

static Value time_sleep(VM *vm, Value *args, size_t count) {
    double seconds, now;
    if (!is_any_float(args[0]) && !has_index(vm, args[0]))
        return raise_type_error(vm, "'%s' object cannot be interpreted as an integer", type_name(vm, args[0]));
    if (!value_to_double(vm, args[0], &seconds)) return VALUE_ERROR;
    if (isnan(seconds)) return raise_value_error(vm, "Invalid value NaN (not a number)");
    if (seconds < 0) return raise_value_error(vm, "sleep length must be non-negative");
    if (seconds > 9.2e9) return raise_overflow_error(vm, "timestamp too large to convert to C PyTime_t");
    if (vm->hooks.clock && vm->hooks.clock(vm, seconds, &now)) return VALUE_NONE;
    if (!vm_permit(vm, CAPABILITY_CLOCK, NULL)) return VALUE_ERROR;
    // What the program has said is to be seen while it sleeps, on a terminal or not.
    if (!sys_flush(vm)) return VALUE_ERROR;
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    double whole = floor(seconds);
    end.tv_sec += (time_t)whole;
    end.tv_nsec += (long)ceil((seconds - whole) * 1e9);
    if (end.tv_nsec >= 1000000000) end.tv_sec++, end.tv_nsec -= 1000000000;
    return sleep_until(vm, &end) ? VALUE_NONE : VALUE_ERROR;
}

// ---- struct_time

static const char *const struct_fields[] = {"tm_year", "tm_mon",  "tm_mday", "tm_hour", "tm_min",
                                            "tm_sec",  "tm_wday", "tm_yday", "tm_isdst", NULL};

// Beside its items a time has the zone's name and offset, None where nobody knows them.
static bool set_zone(VM *vm, Value tuple, Value zone, Value offset) {
    String *zone_name = string_intern_from(vm, "tm_zone", 7), *offset_name = string_intern_from(vm, "tm_gmtoff", 9);
    if (!zone_name || !offset_name || is_error(zone) || is_error(offset)) return false;
    return (is_none(zone) || object_set_own_attribute(vm, object_of(tuple), zone_name, zone) >= 0) &&
           (is_none(offset) || object_set_own_attribute(vm, object_of(tuple), offset_name, offset) >= 0);
}

Value time_tuple_new(VM *vm, const struct tm *t, Value zone, Value offset) {
    Value values[9] = {value_small((int64_t)t->tm_year + 1900), value_small(t->tm_mon + 1), value_small(t->tm_mday),
                       value_small(t->tm_hour),                 value_small(t->tm_min),     value_small(t->tm_sec),
                       value_small((t->tm_wday + 6) % 7),       value_small(t->tm_yday + 1), value_small(t->tm_isdst)};
    Class *cls = library_of(vm)->struct_sequence;
    if (!cls) return raise_runtime_error(vm, "the module time is not imported");
    Value tuple = struct_sequence_of(vm, cls, struct_fields, values);
    return is_error(tuple) || !set_zone(vm, tuple, zone, offset) ? VALUE_ERROR : tuple;
}

static Value from_tm(VM *vm, const struct tm *t) {
    Value zone = t->tm_zone ? object_or_error(string_from(vm, t->tm_zone)) : VALUE_NONE;
    return is_error(zone) ? zone : time_tuple_new(vm, t, zone, value_small(t->tm_gmtoff));
}

// The numbers of a tuple, in range or not. `function` is for the message.
static bool to_tm(VM *vm, const char *function, Value v, struct tm *t) {
    if (!is_tuple(v)) return raise_type_error(vm, "Tuple or struct_time argument required"), false;
    if (tuple_of(v)->length != 9) return raise_type_error(vm, "%s(): illegal time tuple argument", function), false;
    int fields[9];
    for (int i = 0; i < 9; i++) {
        Value item = tuple_of(v)->items[i];
        int64_t wide;
        // CPython unpacks the tuple by another way than arguments, with words of its own.
        if (is_int(item) && int_to_int64(item, &wide) && wide > INT_MAX)
            return raise_overflow_error(vm, "signed integer is greater than maximum"), false;
        if (is_int(item) && int_to_int64(item, &wide) && wide < INT_MIN)
            return raise_overflow_error(vm, "signed integer is less than minimum"), false;
        if (!c_int_argument(vm, item, &fields[i])) return false;
    }
    if (fields[0] < INT_MIN + 1900) return raise_overflow_error(vm, "year out of range"), false;
    // What leaves the range of int wraps around, as it does in CPython.
    *t = (struct tm){.tm_year = fields[0] - 1900, .tm_mon = (int)((unsigned)fields[1] - 1), .tm_mday = fields[2], .tm_hour = fields[3],
                     .tm_min = fields[4], .tm_sec = fields[5], .tm_wday = (int)((unsigned)fields[6] + 1) % 7,
                     .tm_yday = (int)((unsigned)fields[7] - 1), .tm_isdst = fields[8]};
    return true;
}

static bool in_range(VM *vm, int field, int most, const char *what) {
    if (field >= 0 && field <= most) return true;
    raise_value_error(vm, "%s out of range", what);
    return false;
}

// What is to be shown must be in range: C's functions look the names of days and months up in tables. A 0 for a day, a month
// or a day of the year counts as the first.
static bool check_tm(VM *vm, struct tm *t) {
    if (t->tm_mon == -1) t->tm_mon = 0;
    if (t->tm_mday == 0) t->tm_mday = 1;
    if (t->tm_yday == -1) t->tm_yday = 0;
    return in_range(vm, t->tm_mon, 11, "month") && in_range(vm, t->tm_mday, 31, "day of month") &&
           in_range(vm, t->tm_hour, 23, "hour") && in_range(vm, t->tm_min, 59, "minute") &&
           in_range(vm, t->tm_sec, 61, "seconds") && in_range(vm, t->tm_wday, 6, "day of week") &&
           in_range(vm, t->tm_yday, 365, "day of year");
}

// An omitted time is now.
static bool seconds_argument(VM *vm, Value v, time_t *out) {
    double seconds;
    if (is_empty(v) || is_none(v)) {
        int64_t now;
        if (!clock_nanoseconds(vm, CLOCK_REALTIME, &now)) return false;
        *out = (time_t)(now / 1000000000);
        return true;
    }
    if (!value_to_double(vm, v, &seconds)) return false;
    if (!(fabs(seconds) < 6e16)) return raise_overflow_error(vm, "timestamp out of range for platform time_t"), false;
    *out = (time_t)floor(seconds);
    return true;
}

static Value time_localtime(VM *vm, Value *args, size_t count) {
    time_t seconds;
    struct tm t;
    if (!seconds_argument(vm, args[0], &seconds)) return VALUE_ERROR;
    return localtime_r(&seconds, &t) ? from_tm(vm, &t) : raise_overflow_error(vm, "localtime argument out of range");
}
static Value time_gmtime(VM *vm, Value *args, size_t count) {
    time_t seconds;
    struct tm t;
    if (!seconds_argument(vm, args[0], &seconds)) return VALUE_ERROR;
    return gmtime_r(&seconds, &t) ? from_tm(vm, &t) : raise_overflow_error(vm, "gmtime argument out of range");
}
static Value time_mktime(VM *vm, Value *args, size_t count) {
    struct tm t;
    if (!to_tm(vm, "mktime", args[0], &t)) return VALUE_ERROR;
    t.tm_wday = -1; // stays so when it fails: -1 is a time too
    time_t seconds = mktime(&t);
    if (seconds == -1 && t.tm_wday == -1) return raise_overflow_error(vm, "mktime argument out of range");
    return value_float((double)seconds);
}

static bool broken_down(VM *vm, const char *function, Value v, struct tm *t) {
    if (!is_empty(v)) return to_tm(vm, function, v, t) && check_tm(vm, t);
    time_t seconds;
    return seconds_argument(vm, VALUE_NONE, &seconds) && localtime_r(&seconds, t);
}

// The C library does not tell what is too long from what is empty. As in CPython it has 256 bytes for each of the format.
Value time_text(VM *vm, const char *format, const struct tm *t) {
    size_t most = strlen(format) * 256;
    if (!most) return value_object(vm->names.empty);
    char room[1024];
    size_t length = strftime(room, sizeof room, format, t);
    if (length) return object_or_error(string_new(vm, room, length));
    for (size_t size = sizeof room; size < most;) {
        size *= 2;
        char *text = heap_resize(vm, NULL, 0, size);
        if (!text) return raise_memory_error(vm);
        length = strftime(text, size, format, t);
        String *result = length ? string_new(vm, text, length) : NULL;
        heap_resize(vm, text, size, 0);
        if (length) return object_or_error(result);
        if (!vm_poll(vm, work_of_bytes(size))) return VALUE_ERROR;
    }
    return value_object(vm->names.empty);
}

static Value time_strftime(VM *vm, Value *args, size_t count) {
    if (!is_string(args[0])) return raise_type_error(vm, "strftime() argument 1 must be str, not %s", type_name(vm, args[0]));
    struct tm t;
    if (!broken_down(vm, "strftime", args[1], &t)) return VALUE_ERROR;
    String *format = string_of(args[0]);
    if (!string_is_ascii(format) && is_error(text_encode(vm, format, NULL, NULL))) return VALUE_ERROR; // surrogates
    return string_terminate(vm, format) ? time_text(vm, format->data, &t) : VALUE_ERROR;
}

static Value ascii_time(VM *vm, const struct tm *t) {
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    return object_or_error(string_format(vm, "%.3s %.3s %2d %02d:%02d:%02d %d", days + 3 * t->tm_wday, months + 3 * t->tm_mon,
                                         t->tm_mday, t->tm_hour, t->tm_min, t->tm_sec, t->tm_year + 1900));
}
static Value time_asctime(VM *vm, Value *args, size_t count) {
    struct tm t;
    return broken_down(vm, "asctime", args[0], &t) ? ascii_time(vm, &t) : VALUE_ERROR;
}
static Value time_ctime(VM *vm, Value *args, size_t count) {
    time_t seconds;
    struct tm t;
    if (!seconds_argument(vm, args[0], &seconds)) return VALUE_ERROR;
    return localtime_r(&seconds, &t) ? ascii_time(vm, &t) : raise_overflow_error(vm, "ctime argument out of range");
}

// CPython passes it on to a function of the language, whose messages these are.
static Value time_strptime(VM *vm, Value *args, size_t count) {
    if (!count) return raise_type_error(vm, "_strptime_time() missing 1 required positional argument: 'data_string'");
    if (count > 2) return raise_type_error(vm, "_strptime_time() takes from 1 to 2 positional arguments but %zu were given", count);
    for (size_t i = 0; i < count; i++) {
        if (is_string(args[i])) continue;
        String *cls = value_repr(vm, value_object(class_of(vm, args[i])));
        return cls ? raise_type_error(vm, "strptime() argument %zu must be str, not %s", i, cls->data) : VALUE_ERROR;
    }
    String *format = count > 1 ? string_of(args[1]) : string_from(vm, "%a %b %d %H:%M:%S %Y");
    return format ? time_tuple_parse(vm, string_of(args[0]), format) : VALUE_ERROR;
}

static const NativeDefinition functions[] = {{"asctime", time_asctime, "t=, /", NATIVE_METHOD,
                                              "A struct_time, now by default, as text such as 'Sun Jun 20 23:21:05 1993'."},
                                             {"clock_getres", time_clock_getres, "clk_id, /", NATIVE_METHOD,
                                              "What the smallest step of a clock is, in seconds."},
                                             {"clock_gettime", time_clock_gettime, "clk_id, /", NATIVE_METHOD,
                                              "What a clock says, in seconds."},
                                             {"clock_gettime_ns", time_clock_gettime_ns, "clk_id, /", NATIVE_METHOD,
                                              "What a clock says, in nanoseconds."},
                                             {"ctime", time_ctime, "seconds=, /", NATIVE_METHOD,
                                              "Seconds since the epoch, now by default, as text in local time, such as 'Sun Jun 20 "
                                              "23:21:05 1993'."},
                                             {"get_clock_info", get_clock_info, "name, /", NATIVE_METHOD,
                                              "How the clock 'time', 'monotonic', 'perf_counter', 'process_time' or 'thread_time' is made."},
                                             {"gmtime", time_gmtime, "seconds=, /", NATIVE_METHOD,
                                              "Seconds since the epoch, now by default, as a struct_time in UTC."},
                                             {"localtime", time_localtime, "seconds=, /", NATIVE_METHOD,
                                              "Seconds since the epoch, now by default, as a struct_time in local time."},
                                             {"mktime", time_mktime, "t, /", NATIVE_METHOD,
                                              "The seconds since the epoch at a struct_time in local time."},
                                             {"monotonic", time_monotonic, "", NATIVE_METHOD,
                                              "Seconds of a clock that is never set back."},
                                             {"monotonic_ns", time_monotonic_ns, "", NATIVE_METHOD,
                                              "Nanoseconds of a clock that is never set back."},
                                             {"perf_counter", time_perf_counter, "", NATIVE_METHOD,
                                              "Seconds of the most exact clock, to measure short durations."},
                                             {"perf_counter_ns", time_perf_counter_ns, "", NATIVE_METHOD,
                                              "Nanoseconds of the most exact clock, to measure short durations."},
                                             {"process_time", time_process_time, "", NATIVE_METHOD,
                                              "Seconds that the process has computed."},
                                             {"process_time_ns", time_process_time_ns, "", NATIVE_METHOD,
                                              "Nanoseconds that the process has computed."},
                                             {"sleep", time_sleep, "seconds, /", NATIVE_METHOD,
                                              "Waits so many seconds; the whole program stands still (asyncio.sleep lets other tasks "
                                              "go on)."},
                                             {"strftime", time_strftime, "format, t=, /", NATIVE_METHOD,
                                              "A struct_time, now by default, as text in the format that %-codes give."},
                                             {"strptime", time_strptime, "!*arguments", NATIVE_METHOD,
                                              "A time that a text means by a format with directives: strptime(text[, format])."},
                                             {"thread_time", time_thread_time, "", NATIVE_METHOD,
                                              "Seconds that the thread has computed."},
                                             {"thread_time_ns", time_thread_time_ns, "", NATIVE_METHOD,
                                              "Nanoseconds that the thread has computed."},
                                             {"time", time_time, "", NATIVE_METHOD, "Seconds since the epoch, 1970-01-01 in UTC."},
                                             {"time_ns", time_time_ns, "", NATIVE_METHOD,
                                              "Nanoseconds since the epoch, 1970-01-01 in UTC."},
                                             {0}};

// What the local zone is this year, by the middle of January and of July: which of them is summer depends on the hemisphere.
// (The C library's `daylight` says whether there ever was a summer time.)
typedef struct Zone {
    long west, west_in_summer; // seconds west of Greenwich
    bool has_summer;
    char names[2][64]; // without and with summer time
} Zone;

static void local_zone(Zone *zone) {
    time_t now = time(NULL);
    struct tm today = {0}, halves[2];
    tzset();
    localtime_r(&now, &today);
    for (int half = 0; half < 2; half++) {
        struct tm middle = {.tm_year = today.tm_year, .tm_mon = half * 6, .tm_mday = 15, .tm_hour = 12, .tm_isdst = -1};
        time_t seconds = mktime(&middle);
        halves[half] = middle;
        localtime_r(&seconds, &halves[half]);
    }
    bool south = halves[0].tm_gmtoff > halves[1].tm_gmtoff;
    const struct tm *winter = &halves[south], *summer = &halves[!south];
    zone->west = -winter->tm_gmtoff, zone->west_in_summer = -summer->tm_gmtoff;
    zone->has_summer = winter->tm_gmtoff != summer->tm_gmtoff;
    snprintf(zone->names[0], sizeof zone->names[0], "%s", winter->tm_zone ? winter->tm_zone : "");
    snprintf(zone->names[1], sizeof zone->names[1], "%s", summer->tm_zone ? summer->tm_zone : "");
}

void clock_zone_names(char (*names)[64]) {
    Zone zone;
    local_zone(&zone);
    memcpy(names[0], zone.names[0], sizeof zone.names[0]);
    memcpy(names[1], zone.names[1], sizeof zone.names[1]);
    if (!zone.has_summer) names[1][0] = 0;
}

bool time_module_fill(VM *vm, ModuleObject *module) {
    Library *library = library_of(vm);
    library->struct_sequence = struct_sequence_class(vm, "time.struct_time", struct_fields);
    if (!library->struct_sequence) return false;
    if (!add_text(vm, module->namespace, "__doc__", "Clocks, and times as numbers, parts and text.")) return false;
    Zone zone;
    local_zone(&zone);
    String *names[2] = {string_from(vm, zone.names[0]), string_from(vm, zone.names[1])};
    if (!names[0] || !names[1]) return false;
    Value pair[2] = {value_object(names[0]), value_object(names[1])};
    for (size_t i = 0; clocks[i].name; i++)
        if (!add_value(vm, module->namespace, clocks[i].name, value_small(clocks[i].clock))) return false;
    return native_add_functions(vm, module->namespace, functions) > 0 &&
           add_value(vm, library->struct_sequence->attributes, "tm_zone", VALUE_NONE) &&
           add_value(vm, library->struct_sequence->attributes, "tm_gmtoff", VALUE_NONE) &&
           add_value(vm, module->namespace, "struct_time", value_object(library->struct_sequence)) &&
           add_value(vm, module->namespace, "_STRUCT_TM_ITEMS", value_small(11)) && // all fields, with zone and offset
           add_value(vm, module->namespace, "timezone", value_small(zone.west)) &&
           add_value(vm, module->namespace, "altzone", value_small(zone.west_in_summer)) &&
           add_value(vm, module->namespace, "daylight", value_small(zone.has_summer)) &&
           add_value(vm, module->namespace, "tzname", object_or_error(tuple_from(vm, pair, 2)));
}

// What the modules time and datetime share: the host's clock, its zone, and C's broken-down times.
#ifndef AIOLI_MODULES_SYSTEM_CLOCK_H
#define AIOLI_MODULES_SYSTEM_CLOCK_H

#include <time.h>

#include "object/core/vm.h"

// The time since the epoch, on the virtual clock where that is in force. False with an exception: PermissionError without the grant.
bool clock_now(VM *vm, int64_t *nanoseconds);

// How the local zone is called, without and with summer time; the second is "" where it has none.
void clock_zone_names(char (*names)[64]);

// A time.struct_time; zone and offset may be None. The module time must have been imported.
Value time_tuple_new(VM *vm, const struct tm *t, Value zone, Value offset);

// What strftime() makes of a format of valid UTF-8 without surrogates.
Value time_text(VM *vm, const char *format, const struct tm *t);

#endif

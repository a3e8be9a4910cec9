// The module datetime put together: timedelta comes first, since the others' attributes are made of it.
#include "modules/date/date_internal.h"
#include "modules/modules.h"
#include "object/container/dict.h"

bool datetime_module_fill(VM *vm, ModuleObject *module) {
    static const char *const names[] = {"date", "datetime", "time", "timedelta", "timezone", "tzinfo", "MINYEAR", "MAXYEAR", "UTC"};
    Dict *namespace = module->namespace;
    String *time = string_intern_from(vm, "time", 4); // whose struct_time timetuple() returns
    if (!time || is_error(vm->hooks.import_module(vm, time))) return false;
    Tuple *all = tuple_new(vm, sizeof names / sizeof *names);
    for (size_t i = 0; all && i < sizeof names / sizeof *names; i++) {
        String *name = string_from(vm, names[i]);
        if (!name) return false;
        all->items[i] = value_object(name);
    }
    return all && delta_add(vm, namespace) && zone_add(vm, namespace) && iso_calendar_add(vm) && date_add(vm, namespace) &&
           time_of_day_add(vm, namespace) && moment_add(vm, namespace) && add_value(vm, namespace, "MINYEAR", value_small(LEAST_YEAR)) &&
           add_value(vm, namespace, "MAXYEAR", value_small(LAST_YEAR)) && add_value(vm, namespace, "__all__", value_object(all)) &&
           add_text(vm, namespace, "__doc__", "Days, times, and how long between them.");
}

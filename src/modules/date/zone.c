// tzinfo and timezone, and what is asked of any tzinfo.
#include "modules/date/date_internal.h"
#include "object/container/dict.h"
#include "object/core/instance.h"

static void zone_trace(VM *vm, Object *o) {
    heap_mark(vm, ((Zone *)o)->offset);
    heap_mark(vm, ((Zone *)o)->name);
}

static Zone *zone_make(VM *vm, Class *cls, Value offset, Value name) {
    Zone *zone = native_data_new(vm, cls, sizeof(Zone));
    if (!zone) return NULL;
    zone->offset = offset;
    zone->name = name;
    return zone;
}

static bool is_under_a_day(const Delta *d) { return d->days == 0 || (d->days == -1 && (d->seconds || d->microseconds)); }

#define STRICTLY "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24)"

// ---- What is asked of a tzinfo

static Value not_implemented(VM *vm, const char *method) {
    return raise_error(vm, vm->exceptions.not_implemented_error, "a tzinfo subclass must implement %s()", method);
}

static inline bool is_plain_zone(VM *vm, Value zone) { return is_exactly(zone, date_class(vm, LIBRARY_TZINFO)); }

Value zone_ask(VM *vm, Value zone, ZoneQuestion question, Value argument) {
    if (is_none(zone)) return zone;
    if (is_timezone(zone)) return question == ASK_OFFSET ? zone_of(zone)->offset : VALUE_NONE;
    const char *method = question == ASK_OFFSET ? "utcoffset" : "dst";
    if (is_plain_zone(vm, zone)) return not_implemented(vm, method);
    Value answer = value_call_method(vm, zone, method, &argument, 1);
    if (is_error(answer) || is_none(answer)) return answer;
    if (!is_delta(answer))
        return raise_type_error(vm, "tzinfo.%s() must return None or timedelta, not '%s'", method, type_name(vm, answer));
    return is_under_a_day(delta_of(answer)) ? answer : raise_value_error(vm, STRICTLY ".");
}

static Value timezone_str(VM *vm, Value self) {
    const Zone *zone = zone_of(self);
    if (!is_empty(zone->name)) return zone->name;
    const Delta *offset = delta_of(zone->offset);
    char text[32] = "UTC", *end = text + 3;
    if (delta_sign(offset)) end = put_offset(end, offset, ":");
    return object_or_error(string_new(vm, text, (size_t)(end - text)));
}

Value zone_ask_name(VM *vm, Value zone, Value argument) {
    if (is_none(zone)) return zone;
    if (is_timezone(zone)) return timezone_str(vm, zone);
    if (is_plain_zone(vm, zone)) return not_implemented(vm, "tzname");
    Value answer = value_call_method(vm, zone, "tzname", &argument, 1);
    if (is_error(answer) || is_none(answer) || is_string(answer)) return answer;
    return raise_type_error(vm, "tzinfo.tzname() must return None or a string, not '%s'", type_name(vm, answer));
}

// Whether fromutc() may be asked of `zone` for it. False with an exception.
static bool is_from_utc(VM *vm, Value zone, Value moment) {
    if (!is_moment(moment)) return raise_type_error(vm, "fromutc: argument must be a datetime"), false;
    if (!value_same(moment_of(moment)->zone, zone)) return raise_value_error(vm, "fromutc: dt.tzinfo is not self"), false;
    return true;
}

Value zone_from_utc(VM *vm, Value zone, Value moment) {
    if (!is_timezone(zone)) return value_call_method(vm, zone, "fromutc", &moment, 1);
    if (!is_from_utc(vm, zone, moment)) return VALUE_ERROR;
    return moment_plus(vm, moment, delta_of(zone_of(zone)->offset), false);
}

// ---- tzinfo

static Value tzinfo_construct(VM *vm, Value *args, size_t count) {
    return object_or_error(zone_make(vm, (Class *)object_of(args[0]), VALUE_NONE, VALUE_EMPTY));
}
static Value tzinfo_offset(VM *vm, Value *args, size_t count) { return not_implemented(vm, "utcoffset"); }
static Value tzinfo_dst(VM *vm, Value *args, size_t count) { return not_implemented(vm, "dst"); }
static Value tzinfo_name(VM *vm, Value *args, size_t count) { return not_implemented(vm, "tzname"); }

// As the documentation of tzinfo.fromutc() shows it. [script]
static Value tzinfo_from_utc(VM *vm, Value *args, size_t count) {
    Value zone = args[0], moment = args[1];
    if (!is_from_utc(vm, zone, moment)) return VALUE_ERROR;
    Value offset = zone_ask(vm, zone, ASK_OFFSET, moment);
    if (is_error(offset)) return offset;
    if (is_none(offset)) return raise_value_error(vm, "fromutc: non-None utcoffset() result required");
    Value summer = zone_ask(vm, zone, ASK_DST, moment);
    if (is_error(summer)) return summer;
    if (is_none(summer)) return raise_value_error(vm, "fromutc: non-None dst() result required");
    const Delta *whole = delta_of(offset), *part = delta_of(summer);
    Value standard = delta_new(vm, whole->days - part->days, whole->seconds - part->seconds, whole->microseconds - part->microseconds);
    if (is_error(standard)) return standard;
    Value result = moment;
    if (delta_sign(delta_of(standard))) {
        result = moment_plus(vm, moment, delta_of(standard), false);
        if (is_error(result)) return result;
        summer = zone_ask(vm, zone, ASK_DST, result);
        if (is_error(summer)) return summer;
        if (is_none(summer)) return raise_value_error(vm, "fromutc: tz.dst() gave inconsistent results; cannot convert");
    }
    return delta_sign(delta_of(summer)) && is_moment(result) ? moment_plus(vm, result, delta_of(summer), false) : result;
}

// What a method without parameters gives; `otherwise` where there is no such method. [script]
static Value ask_itself(VM *vm, Value self, const char *name, Value otherwise) {
    String *method = string_intern_from(vm, name, strlen(name));
    Value function = method ? value_find_attribute(vm, self, method) : VALUE_ERROR;
    if (is_error(function)) return function;
    return is_empty(function) ? otherwise : vm_call(vm, function, NULL, 0, NULL);
}

static Value tzinfo_reduce(VM *vm, Value *args, size_t count) {
    Value given = ask_itself(vm, args[0], "__getinitargs__", VALUE_EMPTY);
    if (is_error(given)) return given;
    if (is_empty(given)) given = object_or_error(tuple_from(vm, NULL, 0));
    Value state = is_error(given) ? given : ask_itself(vm, args[0], "__getstate__", VALUE_NONE);
    if (is_error(state)) return state;
    Value parts[3] = {value_object(class_of(vm, args[0])), given, state};
    return object_or_error(tuple_from(vm, parts, 3));
}

// ---- timezone

Value timezone_utc(VM *vm) { return value_object(library_of(vm)->utc_zone); }

Value timezone_new(VM *vm, Value offset, Value name) {
    const Delta *d = delta_of(offset);
    if (is_empty(name) && !delta_sign(d)) return timezone_utc(vm);
    if (!is_under_a_day(d)) {
        String *shown = value_repr(vm, offset);
        return shown ? raise_value_error(vm, STRICTLY ", not %s.", shown->data) : VALUE_ERROR;
    }
    return object_or_error(zone_make(vm, date_class(vm, LIBRARY_TIMEZONE), offset, name));
}

static Value timezone_construct(VM *vm, Value *args, size_t count) {
    if (!is_delta(args[1]))
        return raise_type_error(vm, "timezone() argument 1 must be datetime.timedelta, not %s",
                                is_none(args[1]) ? "None" : type_name(vm, args[1]));
    if (!is_empty(args[2]) && !check_text(vm, args[2], "timezone", 2)) return VALUE_ERROR;
    return timezone_new(vm, args[1], args[2]);
}

static Value timezone_repr(VM *vm, Value self) {
    if (value_same(self, timezone_utc(vm))) return object_or_error(string_from(vm, "datetime.timezone.utc"));
    const Zone *zone = zone_of(self);
    Buffer out = vm_buffer(vm);
    buffer_format(&out, "%s(", type_name(vm, self));
    if (!append_repr(vm, &out, zone->offset)) return buffer_free(&out), VALUE_ERROR;
    if (!is_empty(zone->name)) {
        buffer_text(&out, ", ");
        if (!append_repr(vm, &out, zone->name)) return buffer_free(&out), VALUE_ERROR;
    }
    buffer_byte(&out, ')');
    return object_or_error(string_from_buffer(vm, &out));
}

static Value timezone_compare(VM *vm, Comparison op, Value self, Value other) {
    bool equality = op == COMPARISON_EQ || op == COMPARISON_NE;
    if (!equality || !is_timezone(self) || !is_timezone(other)) return VALUE_NOT_IMPLEMENTED;
    return value_bool(same_offset(zone_of(self)->offset, zone_of(other)->offset) == (op == COMPARISON_EQ));
}
static int timezone_hash(VM *vm, Value self, uint64_t *out) { return delta_ops.hash(vm, zone_of(self)->offset, out); }

// What a timezone says does not depend on the datetime, which must be one all the same.
static bool is_moment_or_none(VM *vm, Value v, const char *method) {
    if (is_moment(v) || is_none(v)) return true;
    raise_type_error(vm, "%s(dt) argument must be a datetime instance or None, not %s", method, type_name(vm, v));
    return false;
}
static Value timezone_offset(VM *vm, Value *args, size_t count) {
    return is_moment_or_none(vm, args[1], "utcoffset") ? zone_of(args[0])->offset : VALUE_ERROR;
}
static Value timezone_dst(VM *vm, Value *args, size_t count) { return is_moment_or_none(vm, args[1], "dst") ? VALUE_NONE : VALUE_ERROR; }
static Value timezone_name(VM *vm, Value *args, size_t count) {
    return is_moment_or_none(vm, args[1], "tzname") ? timezone_str(vm, args[0]) : VALUE_ERROR;
}
static Value timezone_from_utc(VM *vm, Value *args, size_t count) { return zone_from_utc(vm, args[0], args[1]); }
static Value timezone_arguments(VM *vm, Value *args, size_t count) {
    const Zone *zone = zone_of(args[0]);
    Value parts[2] = {zone->offset, zone->name};
    return object_or_error(tuple_from(vm, parts, is_empty(zone->name) ? 1 : 2));
}

// ---- The classes

static const OperatorSet no_operators = {0};
const TypeOps zone_ops = {.trace = zone_trace, .operations = &no_operators};
const TypeOps timezone_ops = {.trace = zone_trace, .repr = timezone_repr, .str = timezone_str, .hash = timezone_hash,
                              .compare = timezone_compare, .operations = &no_operators};
static const NativeDefinition tzinfo_methods[] = {
    {"__new__", tzinfo_construct, "cls, /, *args, **keywords", NATIVE_NEW},
    {"utcoffset", tzinfo_offset, "self, dt, /", NATIVE_METHOD, "How far local time is ahead of UTC at a datetime: a timedelta, or None."},
    {"dst", tzinfo_dst, "self, dt, /", NATIVE_METHOD, "How much of that is summer time: a timedelta, or None."},
    {"tzname", tzinfo_name, "self, dt, /", NATIVE_METHOD, "What the zone is called at a datetime: a str, or None."},
    {"fromutc", tzinfo_from_utc, "self, dt, /", NATIVE_METHOD, "The local time of a datetime in UTC that has this tzinfo."},
    {"__reduce__", tzinfo_reduce, "self, /", NATIVE_METHOD},
    {0}};
static const NativeDefinition timezone_methods[] = {
    {"__new__", timezone_construct, "cls, offset, name=", NATIVE_NEW},
    {"utcoffset", timezone_offset, "self, dt, /", NATIVE_METHOD, "The fixed offset."},
    {"dst", timezone_dst, "self, dt, /", NATIVE_METHOD, "None."},
    {"tzname", timezone_name, "self, dt, /", NATIVE_METHOD, "The name, or one made of the offset."},
    {"fromutc", timezone_from_utc, "self, dt, /", NATIVE_METHOD, "The local time of a datetime in UTC that has this tzinfo."},
    {"__getinitargs__", timezone_arguments, "self, /", NATIVE_METHOD, "What the constructor makes it of."},
    {0}};
static const AttributeDefinition no_attributes[] = {{0}};

bool zone_add(VM *vm, Dict *namespace) {
    Class *base = date_class_make(vm, LIBRARY_TZINFO, "tzinfo", vm->classes.object, &zone_ops, sizeof(Zone), 0);
    if (!date_class_fill(vm, base, tzinfo_methods, no_attributes, "What knows the offset of local time; the base of classes that do."))
        return false;
    Class *cls = date_class_make(vm, LIBRARY_TIMEZONE, "timezone", base, &timezone_ops, sizeof(Zone), CLASS_FINAL);
    Value nothing = delta_new(vm, 0, 0, 0), least = delta_new(vm, 0, -86340, 0), most = delta_new(vm, 0, 86340, 0);
    if (!cls || is_error(nothing) || is_error(least) || is_error(most)) return false;
    Zone *utc = zone_make(vm, cls, nothing, VALUE_EMPTY);
    if (!utc) return false;
    library_of(vm)->utc_zone = &utc->data.object;
    return date_class_fill(vm, cls, timezone_methods, no_attributes, "A tzinfo of a fixed offset: timezone(offset[, name]).") &&
           add_value(vm, cls->attributes, "utc", value_object(utc)) &&
           add_value(vm, cls->attributes, "min", timezone_new(vm, least, VALUE_EMPTY)) &&
           add_value(vm, cls->attributes, "max", timezone_new(vm, most, VALUE_EMPTY)) &&
           add_value(vm, namespace, "tzinfo", value_object(base)) && add_value(vm, namespace, "timezone", value_object(cls)) &&
           add_value(vm, namespace, "UTC", value_object(utc));
}

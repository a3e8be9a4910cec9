// What the classes of datetime do with their arguments, and how the classes are put together.
#include <limits.h>
#include <stdio.h>

#include "modules/date/date_internal.h"
#include "object/container/dict.h"
#include "object/exception/exception.h"
#include "object/text/bytes.h"
#include "object/text/codec.h"

bool number_argument(VM *vm, Value v, int *out) {
    int64_t wide;
    if (is_small(v))
        wide = small_of(v);
    else {
        v = value_index(vm, v);
        if (is_error(v)) return false;
        if (!int_to_int64(v, &wide)) return raise_overflow_error(vm, "Python int too large to convert to C long"), false;
    }
    if (wide > INT_MAX) return raise_overflow_error(vm, "signed integer is greater than maximum"), false;
    if (wide < INT_MIN) return raise_overflow_error(vm, "signed integer is less than minimum"), false;
    *out = (int)wide;
    return true;
}

bool number_arguments(VM *vm, const Value *values, size_t count, int *out) {
    for (size_t i = 0; i < count; i++)
        if (!is_empty(values[i]) && !number_argument(vm, values[i], &out[i])) return false;
    return true;
}

bool replacements(VM *vm, const Value *values, size_t count, int *out) {
    for (size_t i = 0; i < count; i++)
        if (!is_empty(values[i]) && !c_int_argument(vm, values[i], &out[i])) return false;
    return true;
}

bool date_arguments(VM *vm, const Value *values, size_t count, int *out) {
    static const char *const names[] = {"year", "month", "day"};
    for (size_t i = 0; i < 3; i++) {
        if (is_empty(values[i])) {
            raise_type_error(vm, "function missing required argument '%s' (pos %zu)", names[i], i + 1);
            return false;
        }
        if (!number_argument(vm, values[i], &out[i])) return false;
    }
    return number_arguments(vm, values + 3, count - 3, out + 3);
}

bool check_date(VM *vm, int year, int month, int day) {
    if (year < LEAST_YEAR || year > LAST_YEAR) return raise_value_error(vm, "year %d is out of range", year), false;
    if (month < 1 || month > 12) return raise_value_error(vm, "month must be in 1..12"), false;
    if (day < 1 || day > days_of_month(year, month)) return raise_value_error(vm, "day is out of range for month"), false;
    return true;
}

bool check_time(VM *vm, const ClockTime *t) {
    if (t->hour < 0 || t->hour > 23) return raise_value_error(vm, "hour must be in 0..23"), false;
    if (t->minute < 0 || t->minute > 59) return raise_value_error(vm, "minute must be in 0..59"), false;
    if (t->second < 0 || t->second > 59) return raise_value_error(vm, "second must be in 0..59"), false;
    if (t->microsecond < 0 || t->microsecond >= MICROSECONDS) return raise_value_error(vm, "microsecond must be in 0..999999"), false;
    if (t->fold != 0 && t->fold != 1) return raise_value_error(vm, "fold must be either 0 or 1"), false;
    return true;
}

bool check_zone(VM *vm, Value zone) {
    if (is_none(zone) || is_zone(zone)) return true;
    raise_type_error(vm, "tzinfo argument must be None or of a tzinfo subclass, not type '%s'", type_name(vm, zone));
    return false;
}

bool check_text(VM *vm, Value v, const char *function, int position) {
    if (is_string(v)) return true;
    raise_type_error(vm, "%s() argument %d must be str, not %s", function, position, is_none(v) ? "None" : type_name(vm, v));
    return false;
}

bool text_is_encodable(VM *vm, String *text) {
    return string_is_ascii(text) || !is_error(text_encode(vm, text, NULL, NULL));
}

char *put_digits(char *to, int number, int width) {
    for (int i = width; i-- > 0; number /= 10) to[i] = (char)('0' + number % 10);
    return to + width;
}

char *put_offset(char *to, const Delta *offset, const char *between) {
    int seconds = offset->days * SECONDS_OF_DAY + offset->seconds, microseconds = offset->microseconds;
    bool west = seconds < 0;
    if (west) {
        seconds = -seconds - (microseconds > 0);
        if (microseconds) microseconds = MICROSECONDS - microseconds;
    }
    *to++ = west ? '-' : '+';
    to = put_digits(to, seconds / 3600, 2);
    if (*between) *to++ = *between;
    to = put_digits(to, seconds / 60 % 60, 2);
    if (!(seconds % 60) && !microseconds) return to;
    if (*between) *to++ = *between;
    to = put_digits(to, seconds % 60, 2);
    if (!microseconds) return to;
    *to++ = '.';
    return put_digits(to, microseconds, 6);
}

bool same_offset(Value a, Value b) {
    if (value_same(a, b)) return true;
    if (is_none(a) || is_none(b)) return false;
    const Delta *x = delta_of(a), *y = delta_of(b);
    return x->days == y->days && x->seconds == y->seconds && x->microseconds == y->microseconds;
}

Value reduce_to(VM *vm, Value self, const Value *arguments, size_t count) {
    Tuple *given = tuple_from(vm, arguments, count);
    if (!given) return VALUE_ERROR;
    Value parts[2] = {value_object(class_of(vm, self)), value_object(given)};
    return object_or_error(tuple_from(vm, parts, 2));
}

const unsigned char *state_bytes(VM *vm, Value v, size_t size, unsigned char *room) {
    if (is_kind(v, KIND_BYTES)) {
        const Bytes *bytes = (Bytes *)object_of(v);
        return bytes->length == size ? bytes->data : NULL;
    }
    if (!is_string(v) || string_of(v)->length != size) return NULL;
    for (size_t i = 0; i < size; i++) {
        uint32_t c = string_code_point(vm, string_of(v), i);
        if (c > 255) return NULL;
        room[i] = (unsigned char)c;
    }
    return room;
}

Class *date_class_make(VM *vm, int which, const char *name, Class *base, const TypeOps *ops, size_t size, uint32_t flags) {
    Class *cls = class_new_builtin(vm, name, base, KIND_NATIVE_DATA, size, flags | CLASS_NO_WEAK);
    String *module = string_intern_from(vm, "datetime", 8);
    if (!cls || !module) return NULL;
    cls->ops = ops;
    cls->module = value_object(module);
    cls->shown_name = string_format(vm, "datetime.%s", name);
    return library_of(vm)->classes[which] = cls->shown_name ? cls : NULL;
}

bool date_class_fill(VM *vm, Class *cls, const NativeDefinition *methods, const AttributeDefinition *attributes, const char *doc) {
    return cls && native_add_methods(vm, cls, methods) >= 0 && native_add_attributes(vm, cls, attributes) >= 0 &&
           add_text(vm, cls->attributes, "__doc__", doc);
}

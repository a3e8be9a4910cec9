// What the instances of particular exception classes have besides their arguments: None where nobody has set
// it.
#include "object/core/native.h"
#include "object/exception/exception_internal.h"

static Value field_get(VM *vm, Value self, const char *name) {
    Value set = exception_get(vm, exception_of(self), name);
    return !is_empty(set) ? set : is_empty(vm->exception) ? VALUE_NONE : VALUE_ERROR;
}

static int field_set(VM *vm, Value self, const char *name, Value value) {
    return exception_set(vm, exception_of(self), name, is_empty(value) ? VALUE_NONE : value) ? 1 : -1;
}

#define FIELD(name) NAMED_FIELD(name, #name)
#define NAMED_FIELD(field, name)                                                                             \
    static Value get_##field(VM *vm, Value self) { return field_get(vm, self, name); }                       \
    static int set_##field(VM *vm, Value self, Value value) { return field_set(vm, self, name, value); }
NAMED_FIELD(number, "errno") // errno is a macro of C's
FIELD(strerror)
FIELD(filename)
FIELD(filename2)
FIELD(name)
FIELD(obj)
FIELD(msg)
FIELD(path)
FIELD(name_from)
FIELD(lineno)
FIELD(offset)
FIELD(text)
FIELD(end_lineno)
FIELD(end_offset)
FIELD(print_file_and_line)
#undef FIELD
#undef NAMED_FIELD

static const AttributeDefinition os_fields[] = {
    {"errno", get_number, set_number, "The number of the error."},
    {"strerror", get_strerror, set_strerror, "What the system says the number means."},
    {"filename", get_filename, set_filename, "The path that was asked for."},
    {"filename2", get_filename2, set_filename2, "The second path, where there are two."},
    {0}};
static const AttributeDefinition name_fields[] = {{"name", get_name, set_name, "The name that is not there."},
                                                  {0}};
static const AttributeDefinition attribute_fields[] = {
    {"name", get_name, set_name, "The name that is not there."},
    {"obj", get_obj, set_obj, "The object that does not have it."},
    {0}};
static const AttributeDefinition import_fields[] = {
    {"msg", get_msg, set_msg, "The message."},
    {"name", get_name, set_name, "The module's name."},
    {"path", get_path, set_path, "The file of the module."},
    {"name_from", get_name_from, set_name_from, "The name that the module does not have."},
    {0}};
static const AttributeDefinition syntax_fields[] = {
    {"msg", get_msg, set_msg, "The message."},
    {"filename", get_filename, set_filename, "The name of the file."},
    {"lineno", get_lineno, set_lineno, "The line, from 1."},
    {"offset", get_offset, set_offset, "The column, from 1."},
    {"text", get_text, set_text, "The line's text."},
    {"end_lineno", get_end_lineno, set_end_lineno, "The line in which it ends."},
    {"end_offset", get_end_offset, set_end_offset, "The column behind its end."},
    {"print_file_and_line", get_print_file_and_line, set_print_file_and_line, "Not used."},
    {0}};

bool exception_fields_add(VM *vm) {
    const ExceptionTable *e = &vm->exceptions;
    return native_add_attributes(vm, e->os_error, os_fields) > 0 &&
           native_add_attributes(vm, e->name_error, name_fields) > 0 &&
           native_add_attributes(vm, e->attribute_error, attribute_fields) > 0 &&
           native_add_attributes(vm, e->import_error, import_fields) > 0 &&
           native_add_attributes(vm, e->syntax_error, syntax_fields) > 0;
}

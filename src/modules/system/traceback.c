// The module `_traceback`: what of a traceback's text the VM writes itself, for the module `traceback`.
#include "base/buffer.h"
#include "modules/library.h"
#include "modules/modules.h"
#include "object/core/errors.h"
#include "object/core/native.h"
#include "object/exception/exception.h"
#include "object/exception/traceback.h"
#include "object/function/function.h"
#include "object/shared/builtin.h"
#include "object/text/str.h"

static Value wrong_arguments(VM *vm) { return raise_type_error(vm, "these arguments are not what a traceback is made of"); }

// source_text(text, start, end, colours): lines as a frame shows them. start and end are bytes of the first and of the last line;
// start None: only the first line, with nothing marked.
static Value source_text(VM *vm, Value *args, size_t count) {
    bool is_placed = is_small(args[1]) && is_small(args[2]) && small_of(args[1]) >= 0 && small_of(args[2]) >= 0;
    if (!is_string(args[0])) return wrong_arguments(vm);
    Buffer out = vm_buffer(vm);
    size_t start = is_placed ? (size_t)small_of(args[1]) : 0, end = is_placed ? (size_t)small_of(args[2]) : 0;
    traceback_write_source(vm, string_of(args[0]), is_placed, start, end, is_true(args[3]), &out);
    return object_or_error(string_from_buffer(vm, &out));
}

// syntax_text(text, offset, end_offset, same_line, colours): the line of a syntax error and its carets.
static Value syntax_text(VM *vm, Value *args, size_t count) {
    if (!is_string(args[0])) return wrong_arguments(vm);
    Buffer out = vm_buffer(vm);
    traceback_write_syntax_line(vm, string_of(args[0]), args[1], args[2], is_true(args[3]), is_true(args[4]), &out);
    return object_or_error(string_from_buffer(vm, &out));
}

// suggestion(exception): ". Did you mean …?", or ''.
static Value suggestion(VM *vm, Value *args, size_t count) {
    if (!is_exception(args[0])) return wrong_arguments(vm);
    Buffer out = vm_buffer(vm);
    suggestion_write(vm, args[0], &out);
    return object_or_error(string_from_buffer(vm, &out));
}

// code_source(code): the source that the code was compiled from, or None.
static Value code_source(VM *vm, Value *args, size_t count) {
    if (!is_kind(args[0], KIND_CODE)) return wrong_arguments(vm);
    Value source = ((Code *)object_of(args[0]))->source;
    return is_string(source) ? source : VALUE_NONE;
}

static const NativeDefinition functions[] = {{"source_text", source_text, "text, start, end, colours, /"},
                                             {"syntax_text", syntax_text, "text, offset, end_offset, same_line, colours, /"},
                                             {"suggestion", suggestion, "exception, /"},
                                             {"code_source", code_source, "code, /"},
                                             {0}};

bool traceback_module_fill(VM *vm, ModuleObject *module) { return native_add_functions(vm, module->namespace, functions) > 0; }

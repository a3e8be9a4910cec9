// Running, checking and listing programs, and what is said at their end.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/host.h"
#include "base/utf8.h"
#include "compiler/compiler.h"
#include "loop/loop.h"
#include "modules/library.h"
#include "modules/system/file.h"
#include "object/container/dict.h"
#include "object/core/module.h"
#include "object/core/weak.h"
#include "object/exception/exception.h"
#include "object/shared/builtin.h"
#include "vm/import.h"
#include "vm/interpreter.h"

// The beginning of whatever the host asks for. An interrupt that came too late for the run it was meant for is forgotten. False with
// MemoryError.
static bool start(aioli *host) {
    VM *vm = &host->vm;
    host->error.length = 0;
    host->error.failed = host->no_memory = false;
    host->exit_status = 0;
    exception_clear(vm);
    __atomic_fetch_and(&vm->requests, ~(uint32_t)REQUEST_INTERRUPT, __ATOMIC_SEQ_CST);
    // What the last run has left makes room for this one, which allocates before its first safepoint: a run that filled memory must
    // not keep it from the next.
    renew_drop(host);
    // Telling of what it has lost may run its code, which must not take from this run's limits.
    limits_begin(host, LIMITS_TO_CLEAN_UP);
    lost_end(vm, false);
    // Nor may the last program's finalizers, which run now or never: also those of what the finalizers make.
    if (host->limited) {
        exception_clear(vm);
        vm_collect(vm);
        bool any = vm->finalizable.waiting || vm->weak_waiting;
        vm->hooks.finalize(vm, false);
        exception_clear(vm); // its traceback holds objects
        if (any) vm_collect(vm);
        weak_abandon(vm, host->config.untrusted);
    }
    exception_clear(vm);
    limits_begin(host, LIMITS_OF_A_CALL);
    if (heap_wants_collection(&vm->heap) || vm->heap.cap != SIZE_MAX) vm_collect(vm);
    return renew_begin(host);
}

// Runs are not made of runs: a native function that wants to run something has exec.
static bool enter_run(aioli *host, Entry *entry, const char *function, const char *here) {
    if (!host_enter(host, entry, function, here)) return false;
    if (entry->outermost) return true;
    host_misuse(host, "%s: a program is running", function);
    host_leave(host, entry);
    return false;
}

static aioli_status no_memory(aioli *host) {
    exception_clear(&host->vm);
    host->exit_status = 1;
    host->error.length = 0;
    host->no_memory = true;
    return AIOLI_NO_MEMORY;
}

// The end of every run: the text gets its zero byte, or, when some of it did not fit into memory, is given up.
static aioli_status conclude(aioli *host, aioli_status status) {
    Buffer *text = &host->error;
    renew_end(host);
    if (!text->length && !text->failed) return status;
    buffer_byte(text, 0);
    if (text->failed) return no_memory(host);
    text->length--;
    return status;
}

// The path as CPython shows it: made absolute, `.` and `..` left as they are in what was given.
static void absolute(const char *path, Buffer *out) {
    char folder[4096];
    if (path[0] != '/' && getcwd(folder, sizeof folder)) {
        while (path[0] == '.' && path[1] == '/') path += 2;
        buffer_text(out, folder);
        if (folder[1]) buffer_byte(out, '/');
    }
    buffer_text(out, path);
    buffer_byte(out, 0);
}

static aioli_status no_file(aioli *host, const char *path, int error) {
    buffer_format(&host->error, "can't open file '%s': [Errno %d] %s\n", path, error, strerror(error));
    host->exit_status = 2;
    return AIOLI_NO_FILE;
}

// ---- The end of a run

static aioli_status finish_exit(aioli *host, Value exception) {
    VM *vm = &host->vm;
    Value code = VALUE_NONE;
    String *name = string_intern_from(vm, "code", 4);
    if (name) code = value_get_attribute(vm, exception, name);
    if (is_error(code)) exception_clear(vm);
    if (is_error(code) || is_none(code)) {
        host->exit_status = 0;
    } else if (is_small(code) || is_bool(code)) {
        host->exit_status = (int)((is_bool(code) ? is_true(code) : small_of(code)) & 0xFF);
    } else {
        String *text = is_int(code) ? NULL : value_str(vm, code);
        if (text) buffer_append(&host->error, text->data, text->size);
        if (text) buffer_byte(&host->error, '\n');
        exception_clear(vm);
        host->exit_status = is_int(code) ? 255 : 1;
    }
    return AIOLI_EXIT;
}

// A hook of the script's own gets the exception instead of us. False: there is none.
static bool call_hook(aioli *host, Value exception) {
    VM *vm = &host->vm;
    String *name = string_intern_from(vm, "excepthook", 10);
    Value hook = name ? dict_get_string(vm, library_of(vm)->sys, name) : VALUE_EMPTY;
    if (is_empty(hook) || is_native(hook) || is_none(hook)) return false;
    Value arguments[3] = {value_object(class_of(vm, exception)), exception, exception_of(exception)->traceback};
    Value result = vm_call(vm, hook, arguments, 3, NULL);
    if (!is_error(result)) return true;
    Value second = vm->exception;
    exception_clear(vm);
    buffer_text(&host->error, "Error in sys.excepthook:\n");
    exception_print(vm, second, &host->error);
    buffer_text(&host->error, "\nOriginal exception was:\n");
    return false;
}

aioli_status host_finish(aioli *host) {
    VM *vm = &host->vm;
    Value exception = vm->exception;
    FileObject *output = library_of(vm)->output;
    exception_clear(vm);
    if (!is_exception(exception)) return no_memory(host);
    if (value_is_instance(vm, exception, vm->exceptions.broken_pipe_error) && output->broken) {
        host->exit_status = 1;
        return AIOLI_CLOSED_PIPE;
    }
    bool interrupted = value_is_instance(vm, exception, vm->exceptions.keyboard_interrupt);
    bool limit = value_is_instance(vm, exception, vm->exceptions.limit_error);
    if (value_is_instance(vm, exception, vm->exceptions.system_exit)) return finish_exit(host, exception);
    host->exit_status = interrupted ? 130 : 1;
    if (vm->ending || !call_hook(host, exception)) exception_print(vm, exception, &host->error);
    exception_clear(vm);
    return interrupted ? AIOLI_INTERRUPTED : limit ? AIOLI_LIMIT : AIOLI_ERROR;
}

// Writes out what is held back, at the end of a run that went as `status` says.
static aioli_status finish_output(aioli *host, aioli_status status) {
    int error = aioli_flush(host);
    if (!error) return status;
    host->exit_status = error == EPIPE ? 1 : 120;
    if (error == EPIPE) return status == AIOLI_OK || status == AIOLI_EXIT ? AIOLI_CLOSED_PIPE : status;
    buffer_format(&host->error, "Exception ignored in: <_io.TextIOWrapper name='<stdout>' mode='w' encoding='utf-8'>\nOSError: [Errno %d] %s\n",
                  error, strerror(error));
    return AIOLI_ERROR;
}

// ---- Running

static Code *compile_program(aioli *host, const char *name, const char *text, size_t length) {
    VM *vm = &host->vm;
    String *file = string_new(vm, name, utf8_valid(name, strlen(name), true, NULL) ? strlen(name) : 0);
    bool mark = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
    // Tracebacks show the text when it is UTF-8; CPython shows none of what came by the standard input.
    bool shown = strcmp(name, "<stdin>") != 0;
    String *source = shown && utf8_valid(text, length, false, NULL) ? string_new(vm, text + 3 * mark, length - 3 * mark) : vm->names.empty;
    if (!file || !source) return NULL;
    CompileOptions options = {.file_name = file, .source = source, .mode = PARSE_FILE};
    return library_compile(vm, text, length, &options, name[0] == '<' ? NULL : source);
}

static ModuleObject *main_module(VM *vm, const char *file) {
    ModuleObject *module = module_new_imported(vm, vm->names.__main__, VALUE_NONE, VALUE_NONE);
    Value builtins = module ? import_module(vm, vm->names.builtins) : VALUE_ERROR;
    if (is_error(builtins)) return NULL;
    bool ok = dict_set_string(vm, vm->modules, vm->names.__main__, value_object(module)) >= 0 &&
              dict_set_string(vm, module->namespace, vm->names.__builtins__, builtins) >= 0 &&
              (!file || add_text(vm, module->namespace, "__file__", file)) &&
              add_value(vm, module->namespace, "__cached__", VALUE_NONE);
    return ok ? module : NULL;
}

// sys.path begins with the folder of the program.
static bool set_folder(aioli *host, const char *folder, size_t length) {
    VM *vm = &host->vm;
    List *path = import_path(vm);
    String *text = string_new(vm, folder, utf8_valid(folder, length, true, NULL) ? length : 0);
    if (!text) return false;
    // In place of the last program's, if that still stands there.
    bool is_known = host->path_set && path->length && value_same(path->items[0], vm->program_folder);
    if (!is_known) {
        if (!list_append(vm, path, VALUE_NONE)) return false;
        memmove(path->items + 1, path->items, (path->length - 1) * sizeof(Value));
        host->path_set = true;
    }
    path->items[0] = vm->program_folder = value_object(text);
    return true;
}

static aioli_status run_program(aioli *host, const char *name, const char *file, const char *text, size_t length) {
    VM *vm = &host->vm;
    ModuleObject *module = main_module(vm, file);
    Code *code = module ? compile_program(host, name, text, length) : NULL;
    Value result = code ? interpreter_run_code(vm, code, module->namespace, VALUE_EMPTY, NULL) : VALUE_ERROR;
    return finish_output(host, is_error(result) ? host_finish(host) : AIOLI_OK);
}

// `folder`: the first of sys.path.
static aioli_status run(aioli *host, const char *folder, size_t folder_length, const char *name, const char *file, const char *text,
                        size_t length) {
    return set_folder(host, folder, folder_length) ? run_program(host, name, file, text, length) : no_memory(host);
}

static aioli_status run_source(aioli *host, const char *name, const char *source, size_t length) {
    return conclude(host, start(host) ? run(host, "", 0, name, NULL, source, length) : no_memory(host));
}

aioli_status aioli_run_source(aioli *host, const char *name, const char *source, size_t length) {
    Entry entry;
    if (!enter_run(host, &entry, __func__, stack_here())) return AIOLI_ERROR;
    aioli_status status = run_source(host, name, source, length);
    host_leave(host, &entry);
    return status;
}

static aioli_status run_file(aioli *host, const char *path) {
    if (!start(host)) return conclude(host, no_memory(host));
    Buffer full;
    buffer_init(&full, &host->allocator);
    absolute(path, &full);
    char *data = NULL;
    size_t length = 0, capacity = 0;
    int error = full.failed ? ENOMEM : host_read_file(&host->allocator, full.data, &data, &length, &capacity);
    aioli_status status;
    if (error) {
        status = error == ENOMEM ? no_memory(host) : no_file(host, full.data, error);
    } else {
        // The folder of what a link leads to, as CPython has it.
        char *real = realpath(full.data, NULL);
        const char *place = real ? real : full.data, *slash = strrchr(place, '/');
        size_t folder_length = slash == place ? 1 : slash ? (size_t)(slash - place) : 0;
        status = run(host, place, folder_length, full.data, full.data, data ? data : "", length);
        free(real);
    }
    release(&host->allocator, data, capacity);
    buffer_free(&full);
    return conclude(host, status);
}

aioli_status aioli_run_file(aioli *host, const char *path) {
    Entry entry;
    if (!enter_run(host, &entry, __func__, stack_here())) return AIOLI_ERROR;
    aioli_status status = run_file(host, path);
    host_leave(host, &entry);
    return status;
}

// Of what runs the module the traceback shows nothing.
static void hide_runner(VM *vm) {
    Value at = is_exception(vm->exception) ? exception_of(vm->exception)->traceback : VALUE_NONE;
    while (!is_none(at)) {
        static const char runner[] = "<built-in runpy>", loader[] = "<built-in _frozen_importlib";
        const Traceback *frame = (const Traceback *)object_of(at);
        const char *file = frame->code->file_name->data;
        if (strcmp(file, runner) != 0 && strncmp(file, loader, sizeof loader - 1) != 0) break;
        at = frame->next ? value_object(frame->next) : VALUE_NONE;
    }
    if (is_exception(vm->exception)) exception_of(vm->exception)->traceback = at;
}

static Value call_runner(VM *vm, const char *name) {
    String *module_name = string_intern_from(vm, "runpy", 5);
    String *wanted = string_new(vm, name, utf8_valid(name, strlen(name), true, NULL) ? strlen(name) : 0);
    Value module = module_name && wanted && main_module(vm, NULL) ? import_module(vm, module_name) : VALUE_ERROR;
    Value argument = wanted ? value_object(wanted) : VALUE_ERROR;
    return is_error(module) ? module : value_call_method(vm, module, "_run_module_as_main", &argument, 1);
}

static aioli_status run_module(aioli *host, const char *name) {
    VM *vm = &host->vm;
    char folder[4096];
    if (!getcwd(folder, sizeof folder)) folder[0] = 0;
    if (!start(host) || !set_folder(host, folder, strlen(folder))) return conclude(host, no_memory(host));
    Value result = call_runner(vm, name);
    if (is_error(result)) hide_runner(vm);
    return conclude(host, finish_output(host, is_error(result) ? host_finish(host) : AIOLI_OK));
}

aioli_status aioli_run_module(aioli *host, const char *name) {
    Entry entry;
    if (!enter_run(host, &entry, __func__, stack_here())) return AIOLI_ERROR;
    aioli_status status = run_module(host, name);
    host_leave(host, &entry);
    return status;
}

// ---- Without running

static aioli_status compile_file(aioli *host, const char *path, Code **code) {
    if (!start(host)) return no_memory(host);
    char *data;
    size_t length, capacity;
    int error = host_read_file(&host->allocator, path, &data, &length, &capacity);
    if (error) return error == ENOMEM ? no_memory(host) : no_file(host, path, error);
    *code = compile_program(host, path, data ? data : "", length);
    release(&host->allocator, data, capacity);
    return *code ? AIOLI_OK : host_finish(host);
}

static aioli_status check_file(aioli *host, const char *path, bool listing) {
    VM *vm = &host->vm;
    Code *code = NULL;
    aioli_status status = compile_file(host, path, &code);
    if (status != AIOLI_OK || !listing) return conclude(host, status);
    Buffer text = vm_buffer(vm);
    disassemble(vm, code, &text);
    bool ok = !text.failed && file_write_text(vm, library_of(vm)->output, text.data ? text.data : "", text.length, false);
    bool failed = text.failed;
    buffer_free(&text);
    return conclude(host, failed ? no_memory(host) : finish_output(host, ok ? AIOLI_OK : host_finish(host)));
}

aioli_status aioli_check(aioli *host, const char *path, int listing) {
    Entry entry;
    if (!enter_run(host, &entry, __func__, stack_here())) return AIOLI_ERROR;
    aioli_status status = check_file(host, path, listing != 0);
    host_leave(host, &entry);
    return status;
}

// What a script has lost by mistake: an exception that a task or future ended by and that nobody has seen, a coroutine that nobody has
// awaited. Both are watched, without being kept, until it turns out that somebody cares; when a marking finds one that nobody can
// reach any more, it is kept until it has been reported.
#include <string.h>

#include "loop/loop.h"
#include "loop/methods.h"
#include "loop/report_json.h"
#include "loop/wait.h"
#include "object/core/errors.h"
#include "object/core/protocol.h"
#include "object/exception/exception.h"
#include "object/exception/traceback.h"
#include "object/text/str.h"
#include "vm/generator.h"
#include "vm/interpreter.h"

enum { LEAST_WATCHED = 64, MOST_WATCHED = 1 << 16 };

// Whether somebody should be told if it got lost now.
static bool is_worth_telling(const Object *o) {
    if (object_kind(o) == KIND_FUTURE) {
        const Future *f = (const Future *)o;
        return f->state == FUTURE_FAILED && !f->retrieved;
    }
    if (object_kind(o) == KIND_NATIVE_COROUTINE) return coroutine_is_new(o);
    return ((const Generator *)o)->state == GENERATOR_CREATED;
}

static void keep_worth(Interpreter *in) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < in->watched_count; i++)
        if (in->watched[i].lost || is_worth_telling(in->watched[i].object)) in->watched[kept++] = in->watched[i];
    in->watched_count = kept;
}

// Those that are not worth it any more make room, before the list grows. Of very many the older half is watched no more.
static bool make_room(VM *vm) {
    Interpreter *in = interpreter_of(vm);
    keep_worth(in);
    if (in->watched_count <= in->watched_capacity / 2 && in->watched_capacity) return true;
    if (in->watched_capacity == MOST_WATCHED) {
        in->watched_count /= 2;
        memmove(in->watched, in->watched + in->watched_count, in->watched_count * sizeof *in->watched);
        return true;
    }
    uint32_t capacity = in->watched_capacity ? in->watched_capacity * 2 : LEAST_WATCHED;
    Watched *grown = heap_resize(vm, in->watched, in->watched_capacity * sizeof *grown, capacity * sizeof *grown);
    if (!grown) return in->watched_count < in->watched_capacity;
    in->watched = grown;
    in->watched_capacity = capacity;
    return true;
}

void lost_watch(VM *vm, Future *f) { watch(vm, interpreter_of(vm), &f->object, NULL, 0); }

// ---- Markings

void lost_trace(VM *vm) {
    const Interpreter *in = interpreter_of(vm);
    for (uint32_t i = 0; i < in->watched_count; i++) {
        heap_mark_object(vm, in->watched[i].code);
        if (in->watched[i].lost) heap_mark_object(vm, in->watched[i].object);
    }
}

static void rescue(VM *vm) {
    Interpreter *in = interpreter_of(vm);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < in->watched_count; i++) {
        Watched one = in->watched[i];
        if (!one.lost) {
            if (!is_worth_telling(one.object)) continue;
            if (!(one.object->header & OBJECT_MARKED)) {
                one.lost = loop_of(vm)->any_lost = true;
                heap_mark_object(vm, one.object);
            }
        }
        in->watched[kept++] = one;
    }
    in->watched_count = kept;
}

void lost_init(VM *vm) {
    interpreter_of(vm)->on_watched_full = make_room;
    vm->hooks.rescue = rescue;
}

// ---- Reports

static void report_future(VM *vm, Future *f) {
    f->retrieved = true;
    String *shown = value_repr(vm, value_object(f));
    if (!shown) exception_drop(vm);
    if (!is_none(loop_of(vm)->lost_to)) {
        const Task *task = f->kind == FUTURE_TASK ? (const Task *)f : NULL;
        Value name = shown ? value_object(shown) : VALUE_NONE;
        if (!testing_takes_lost(vm, "exception", name, f->result, task ? task->created_in : NULL, task ? task->created_at : 0))
            exception_drop(vm);
        return;
    }
    if (loop_of(vm)->reports_json && is_none(loop_of(vm)->exception_handler)) {
        if (!report_json_lost(vm, f)) exception_drop(vm);
        return;
    }
    const char *message = f->kind == FUTURE_TASK ? "Task exception was never retrieved" : "Future exception was never retrieved";
    if (!loop_tell(vm, message, f->result, "future", value_object(f))) exception_drop(vm);
}

static void report_coroutine(VM *vm, const Watched *one) {
    Loop *loop = loop_of(vm);
    bool is_native = object_kind(one->object) == KIND_NATIVE_COROUTINE;
    String *name = is_native ? string_from(vm, coroutine_name(one->object)) : frame_code(&((Generator *)one->object)->frame)->qualified_name;
    if (!name) {
        exception_drop(vm);
        return;
    }
    if (!is_none(loop->lost_to)) {
        if (!testing_takes_lost(vm, "coroutine", value_object(name), VALUE_NONE, one->code, one->instruction)) exception_drop(vm);
        return;
    }
    uint32_t line = code_place(one->code, one->instruction)->line;
    String *message = string_format(vm, "coroutine '%s' was never awaited", name->data);
    const String *shown = is_string(one->code->source) ? string_of(one->code->source) : NULL;
    if (message && vm->hooks.warn(vm, vm->exceptions.runtime_warning, message, one->code->file_name, line, shown)) return;
    // A filter has made it an exception, which nobody could catch here.
    Value failure = exception_matches(vm, vm->exceptions.warning) ? exception_take(vm) : VALUE_EMPTY;
    if (is_empty(failure) || !loop_show_exception(vm, "Exception ignored in a coroutine that was never awaited", failure)) exception_drop(vm);
}

void lost_report(VM *vm) {
    Interpreter *in = interpreter_of(vm);
    Loop *loop = loop_of(vm);
    loop->any_lost = false;
    Value before = vm->exception;
    exception_clear(vm);
    // A report may run a script (a repr), which may make more to be watched.
    for (uint32_t i = 0; i < in->watched_count;) {
        Watched one = in->watched[i];
        if (!one.lost) {
            i++;
            continue;
        }
        memmove(in->watched + i, in->watched + i + 1, (--in->watched_count - i) * sizeof one);
        // Whoever has lost so many that a limit ends the telling is told of no more.
        if (vm->ending || !vm_poll(vm, 100)) {
            exception_clear(vm);
            continue;
        }
        if (object_kind(one.object) == KIND_FUTURE)
            report_future(vm, (Future *)one.object);
        else
            report_coroutine(vm, &one);
    }
    vm->exception = before;
}

void lost_end(VM *vm, bool all) {
    Interpreter *in = interpreter_of(vm);
    keep_worth(in);
    if (all)
        for (uint32_t i = 0; i < in->watched_count; i++) in->watched[i].lost = loop_of(vm)->any_lost = true;
    else if (in->watched_count)
        vm_collect(vm);
    if (loop_of(vm)->any_lost) lost_report(vm);
    if (in->watched_count) return;
    heap_resize(vm, in->watched, in->watched_capacity * sizeof *in->watched, 0);
    in->watched = NULL;
    in->watched_capacity = 0;
}

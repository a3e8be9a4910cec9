// Promises: futures that the host completes, from any thread.
//
// A promise outlives its VM, and so does the mailbox by which it finds the VM if that is still there: both are from the C library,
// the mailbox counted. A completed promise is itself the letter in the mailbox, so that completing can't fail.
#include <pthread.h>
#include <stdlib.h>

#include "api/host.h"
#include "loop/loop.h"
#include "object/core/errors.h"

struct Mailbox {
    pthread_mutex_t lock; // over the letters and `references`; and over everything once the host is gone
    aioli *host;          // NULL once it is freed
    aioli_promise *first_letter, *last_letter; // completed, to be delivered
    aioli_promise *promises;                   // all that are not done with: while the host is there its thread alone changes this
    size_t references;                         // the host's and each promise's
};

struct aioli_promise {
    Mailbox *mailbox;
    aioli_promise *next_letter;
    aioli_promise *next, *previous; // of the mailbox
    Promised *future;               // NULL: nobody waits any more
    void (*cancelled)(void *user);
    void *user;
    aioli_value (*make)(aioli *vm, void *data);
    void *data;
    bool telling;   // promises_abandon is calling `cancelled`: what `user` points to must stay as long, so that `make` comes later
    bool completed; // by then
};

// ---- The mailbox

static Mailbox *mailbox_new(aioli *host) {
    Mailbox *mailbox = calloc(1, sizeof *mailbox);
    if (!mailbox) return NULL;
    pthread_mutex_init(&mailbox->lock, NULL);
    mailbox->host = host;
    mailbox->references = 1;
    return mailbox;
}

static void mailbox_release(Mailbox *mailbox) {
    pthread_mutex_lock(&mailbox->lock);
    bool last = --mailbox->references == 0;
    pthread_mutex_unlock(&mailbox->lock);
    if (!last) return;
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

static void free_promise(aioli_promise *promise) {
    Mailbox *mailbox = promise->mailbox;
    free(promise);
    mailbox_release(mailbox);
}

static void take_off(aioli_promise *promise) {
    if (promise->previous)
        promise->previous->next = promise->next;
    else
        promise->mailbox->promises = promise->next;
    if (promise->next) promise->next->previous = promise->previous;
}

// ---- On the VM's thread

// What `make` gives, or VALUE_ERROR with the exception on its way. Handles that it made die, an exception that the host has not
// taken yet stays.
static Value make_result(aioli *host, aioli_promise *promise) {
    Entry entry = {.function = "aioli_complete"};
    uint32_t outer_base = host->scope_base, outer_count = host->scoped_count;
    Value outer_pending = host->pending, result = VALUE_ERROR;
    host->scope_base = outer_count;
    host->pending = VALUE_EMPTY;
    bool script_time = host->since != 0; // not when a native of the host completes it at once
    limits_pause(host);
    aioli_value answer = promise->make(host, promise->data);
    if (script_time) limits_resume(host);
    if (answer)
        result = host_value(host, &entry, answer);
    else if (is_empty(host->pending))
        raise_runtime_error(&host->vm, "a promise was completed by NULL without an exception");
    else
        raise_value(&host->vm, host->pending);
    host->pending = outer_pending;
    host->scoped_count = outer_count;
    host->scope_base = outer_base;
    return result;
}

// Completes the future and frees the promise.
static void deliver(aioli *host, aioli_promise *promise) {
    VM *vm = &host->vm;
    Promised *promised = promise->future;
    take_off(promise);
    loop_of(vm)->outstanding--;
    if (promised) {
        promised->promise = NULL;
        Value result = make_result(host, promise), exception = vm->exception;
        exception_clear(vm);
        // A script that `make` called may have cancelled it.
        if (!future_done(&promised->future)) {
            if (is_error(result))
                future_set_exception(vm, &promised->future, exception);
            else
                future_set_result(vm, &promised->future, result);
        }
    } else {
        promise->make(NULL, promise->data);
    }
    free_promise(promise);
}

static aioli_promise *take_letters(Mailbox *mailbox) {
    aioli_promise *letters = mailbox->first_letter;
    mailbox->first_letter = mailbox->last_letter = NULL;
    return letters;
}

static void deliver_letters(VM *vm) {
    aioli *host = host_of_vm(vm);
    pthread_mutex_lock(&host->mailbox->lock);
    __atomic_store_n(&loop_of(vm)->mail, 0, __ATOMIC_RELAXED);
    aioli_promise *letter = take_letters(host->mailbox);
    pthread_mutex_unlock(&host->mailbox->lock);
    while (letter) {
        aioli_promise *next = letter->next_letter;
        deliver(host, letter);
        letter = next;
    }
}

static void tell_cancelled(VM *vm, Promised *promised) {
    aioli_promise *promise = promised->promise;
    if (!promise) return;
    promise->future = NULL;
    promised->promise = NULL;
    if (promise->cancelled) promise->cancelled(promise->user);
}

bool promises_create(aioli *host) {
    host->mailbox = mailbox_new(host);
    loop_of(&host->vm)->deliver = deliver_letters;
    loop_of(&host->vm)->on_promise_cancelled = tell_cancelled;
    return host->mailbox != NULL;
}

void promises_trace(aioli *host) {
    if (!host->mailbox) return;
    for (aioli_promise *promise = host->mailbox->promises; promise; promise = promise->next)
        heap_mark_object(&host->vm, promise->future);
}

// Tells the host of a promise that nobody waits for any more; the lock is held before and after, but not while it is told.
static void tell_abandoned(Mailbox *mailbox, aioli_promise *promise) {
    take_off(promise);
    promise->next = promise->previous = NULL;
    promise->telling = true;
    if (promise->future && promise->cancelled) {
        pthread_mutex_unlock(&mailbox->lock);
        promise->cancelled(promise->user);
        pthread_mutex_lock(&mailbox->lock);
    }
    promise->telling = false;
    promise->future = NULL;
}

void promises_abandon(aioli *host) {
    Mailbox *mailbox = host->mailbox;
    if (!mailbox) return;
    pthread_mutex_lock(&mailbox->lock);
    mailbox->host = NULL;
    aioli_promise *letter = take_letters(mailbox);
    for (aioli_promise *at = letter; at; at = at->next_letter) take_off(at);
    while (mailbox->promises) {
        aioli_promise *promise = mailbox->promises;
        tell_abandoned(mailbox, promise);
        if (!promise->completed) continue;
        pthread_mutex_unlock(&mailbox->lock);
        promise->make(NULL, promise->data);
        free_promise(promise);
        pthread_mutex_lock(&mailbox->lock);
    }
    pthread_mutex_unlock(&mailbox->lock);
    while (letter) {
        aioli_promise *next = letter->next_letter;
        letter->make(NULL, letter->data);
        free_promise(letter);
        letter = next;
    }
    host->mailbox = NULL;
    mailbox_release(mailbox);
}

aioli_promise *aioli_new_promise(aioli *host, void (*cancelled)(void *user), void *user, aioli_value *future) {
    Entry entry;
    *future = NULL;
    if (!HOST_ENTER(host, &entry)) return NULL;
    VM *vm = &host->vm;
    Promised *promised = future_new_promised(vm);
    aioli_promise *promise = promised ? malloc(sizeof *promise) : NULL;
    if (promised && !promise) raise_memory_error(vm);
    aioli_value handle = host_leave_value(host, &entry, promise ? value_object(promised) : VALUE_ERROR);
    if (!handle) return free(promise), NULL;
    Mailbox *mailbox = host->mailbox;
    *promise = (aioli_promise){.mailbox = mailbox, .next = mailbox->promises, .future = promised, .cancelled = cancelled, .user = user};
    if (mailbox->promises) mailbox->promises->previous = promise;
    mailbox->promises = promise;
    pthread_mutex_lock(&mailbox->lock);
    mailbox->references++;
    pthread_mutex_unlock(&mailbox->lock);
    promised->promise = promise;
    loop_of(vm)->outstanding++;
    *future = handle;
    return promise;
}

// ---- From any thread

void aioli_complete(aioli_promise *promise, aioli_value (*make)(aioli *vm, void *data), void *data) {
    Mailbox *mailbox = promise->mailbox;
    pthread_mutex_lock(&mailbox->lock);
    promise->make = make;
    promise->data = data;
    aioli *host = mailbox->host;
    if (!host) {
        bool telling = promise->telling;
        if (promise->previous || mailbox->promises == promise) take_off(promise);
        promise->completed = true;
        pthread_mutex_unlock(&mailbox->lock);
        if (telling) return;
        make(NULL, data);
        free_promise(promise);
    } else if (__atomic_load_n(&host->thread, __ATOMIC_RELAXED) == stack_thread()) {
        pthread_mutex_unlock(&mailbox->lock);
        deliver(host, promise);
    } else {
        if (mailbox->last_letter)
            mailbox->last_letter->next_letter = promise;
        else
            mailbox->first_letter = promise;
        mailbox->last_letter = promise;
        __atomic_store_n(&loop_of(&host->vm)->mail, 1, __ATOMIC_RELAXED);
        loop_wake(&host->vm);
        pthread_mutex_unlock(&mailbox->lock);
    }
}

// A pool of threads that works for scripts: a native makes a promise, and whichever thread has done the work completes it.
#include <aioli.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4 };

// One call of count_primes. The thread writes `result`, then hands the job over to the VM's thread with aioli_complete.
typedef struct Job {
    struct Job *next;
    aioli_promise *promise;
    int64_t limit, result;
    atomic_bool given_up; // nobody waits for it any more
} Job;

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    Job *first, *last;
    bool closed;
    pthread_t threads[THREADS];
} Pool;

// ---- In the pool's threads: nothing here knows the VM

static int64_t count_up_to(int64_t limit, const atomic_bool *given_up) {
    int64_t count = 0;
    for (int64_t n = 2; n <= limit && !atomic_load_explicit(given_up, memory_order_relaxed); n++) {
        int64_t divisor = 2;
        while (divisor * divisor <= n && n % divisor) divisor++;
        count += divisor * divisor > n;
    }
    return count;
}

// On the VM's thread again: the answer for the script, or an exception. Without a VM there is only the job to free.
static aioli_value make_result(aioli *vm, void *data) {
    Job *job = data;
    int64_t result = job->result;
    free(job);
    if (!vm) return NULL;
    if (result >= 0) return aioli_int(vm, result);
    aioli_raise_error(vm, "ValueError", "below zero there are no primes");
    return NULL;
}

static void *work(void *argument) {
    Pool *pool = argument;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        Job *job = pool->first;
        if (job) {
            pool->first = job->next;
            pthread_mutex_unlock(&pool->lock);
            job->result = job->limit < 0 ? -1 : count_up_to(job->limit, &job->given_up);
            aioli_complete(job->promise, make_result, job);
            pthread_mutex_lock(&pool->lock);
        } else if (pool->closed) {
            pthread_mutex_unlock(&pool->lock);
            return NULL;
        } else {
            pthread_cond_wait(&pool->changed, &pool->lock);
        }
    }
}

static void pool_add(Pool *pool, Job *job) {
    pthread_mutex_lock(&pool->lock);
    if (pool->first)
        pool->last->next = job;
    else
        pool->first = job;
    pool->last = job;
    pthread_cond_signal(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
}

// ---- On the VM's thread

// The script has cancelled, or the VM is freed. The promise is completed all the same, only sooner.
static void give_up(void *user) { atomic_store(&((Job *)user)->given_up, true); }

static aioli_value count_primes(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count;
    int64_t limit;
    aioli_value future = NULL;
    if (aioli_get_int(vm, arguments[0], &limit) < 0) return NULL;
    Job *job = calloc(1, sizeof *job);
    if (!job) return aioli_raise_error(vm, "MemoryError", "no memory for a job"), NULL;
    job->limit = limit;
    job->promise = aioli_new_promise(vm, give_up, job, &future);
    if (job->promise)
        pool_add(data, job);
    else
        free(job);
    return future;
}

static const aioli_function functions[] = {{"count_primes", count_primes, "limit", "How many primes there are up to a limit."},
                                           {NULL, NULL, NULL, NULL}};

int main(void) {
    static Pool pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    aioli *vm = aioli_new(NULL);
    if (!vm) return 1;
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&pool.threads[i], NULL, work, &pool)) return 1;
    aioli_status status = AIOLI_ERROR;
    if (aioli_module(vm, "work", "Work for other threads.", functions, &pool)) status = aioli_run_file(vm, "threads.aio");
    if (status != AIOLI_OK) fputs(aioli_error_text(vm, NULL), stderr);
    // The VM first or the threads first: promises outlive the VM.
    aioli_free(vm);
    pthread_mutex_lock(&pool.lock);
    pool.closed = true;
    pthread_cond_broadcast(&pool.changed);
    pthread_mutex_unlock(&pool.lock);
    for (int i = 0; i < THREADS; i++) pthread_join(pool.threads[i], NULL);
    return status != AIOLI_OK;
}

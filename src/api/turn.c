// The event loop in the host's hands.
#include "api/host.h"
#include "loop/loop.h"
#include "object/core/errors.h"

static Value start(aioli *host, Value awaitable) {
    if (is_error(awaitable) || !loop_open(&host->vm)) return VALUE_ERROR;
    Value future = ensure_future(&host->vm, awaitable);
    if (!is_error(future)) loop_of(&host->vm)->hosted = true;
    return future;
}

aioli_value aioli_start(aioli *host, aioli_value awaitable) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return NULL;
    return host_leave_value(host, &entry, start(host, host_value(host, &entry, awaitable)));
}

aioli_value aioli_run_until(aioli *host, aioli_value awaitable) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return NULL;
    Value future = start(host, host_value(host, &entry, awaitable));
    return host_leave_value(host, &entry, is_error(future) ? future : loop_run_until_complete(&host->vm, future));
}

aioli_turn_result aioli_turn(aioli *host, uint64_t microseconds, uint64_t steps, double *seconds) {
    static const aioli_turn_result results[] = {[TURN_DONE] = AIOLI_DONE,
                                                [TURN_READY] = AIOLI_READY,
                                                [TURN_IDLE] = AIOLI_IDLE,
                                                [TURN_WAITING] = AIOLI_WAITING,
                                                [TURN_FAILED] = AIOLI_FAILED};
    Entry entry;
    double idle;
    if (!HOST_ENTER(host, &entry)) return AIOLI_FAILED;
    TurnBudget budget = {.work = steps, .seconds = (double)microseconds / 1e6};
    TurnOutcome outcome = loop_turn(&host->vm, &budget, &idle);
    if (seconds) *seconds = idle;
    host_leave_status(host, &entry, outcome == TURN_FAILED ? -1 : 0);
    return results[outcome];
}

int aioli_descriptor(aioli *host) {
    Entry entry;
    if (!HOST_ENTER(host, &entry)) return -1;
    bool open = loop_open(&host->vm);
    Driver *driver = loop_of(&host->vm)->driver;
    int descriptor = open && driver->descriptor ? driver->descriptor(driver) : -1;
    host_leave_status(host, &entry, open ? 0 : -1);
    return descriptor;
}

void aioli_wake(aioli *host) { loop_wake(&host->vm); }

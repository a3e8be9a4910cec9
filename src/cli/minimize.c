#define _GNU_SOURCE // MAP_ANONYMOUS
#include "minimize.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_TEXT = 16384, MOST_FAILURE = 512, MOST_SECONDS = 120, MOST_ATTEMPTS = 3000, MOST_CHOICES = 65536, MOST_SINGLES = 1500 };

// A departure from the plain order: at that choice the task of that place runs, not the first one.
typedef struct {
    uint32_t number, which;
} Departure;

// What a run in a process of its own leaves behind. Shared memory.
typedef struct {
    size_t choices;
    uint8_t counts[MOST_CHOICES], which[MOST_CHOICES]; // of each choice: among how many, and which it was
    size_t length;
    char text[MOST_TEXT]; // which departures were made, a line each
} Trail;

typedef struct {
    ProgramRunner run;
    void *data;
    aioli_config config;
    Trail *trail;
    // The departures that are to be made, in their order; NULL: what the number of --shuffle chooses.
    const Departure *wanted;
    size_t wanted_count;
    int status;
    char failure[MOST_FAILURE]; // the last line that it wrote to the standard error
} Search;

// ---- In the process of a run

static unsigned which_is_wanted(const Search *search, uint64_t number) {
    size_t low = 0, high = search->wanted_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (search->wanted[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < search->wanted_count && search->wanted[low].number == number ? search->wanted[low].which : 0;
}

static unsigned chooses(void *user, uint64_t number, unsigned count, unsigned which) {
    Search *search = user;
    if (search->wanted) which = which_is_wanted(search, number);
    if (number < MOST_CHOICES) {
        search->trail->choices = number + 1;
        search->trail->counts[number] = (uint8_t)count;
        search->trail->which[number] = (uint8_t)which;
    }
    return which;
}

static void departed(void *user, uint64_t number, const char *text) {
    (void)number;
    Trail *trail = ((Search *)user)->trail;
    size_t length = strlen(text);
    if (trail->length + length + 4 >= MOST_TEXT) return;
    memcpy(trail->text + trail->length, "  ", 2);
    memcpy(trail->text + trail->length + 2, text, length);
    trail->length += length + 2;
    trail->text[trail->length++] = '\n';
}

static void run_here(Search *search, int errors) {
    int nowhere = open("/dev/null", O_RDWR);
    if (nowhere < 0 || dup2(nowhere, 1) < 0 || dup2(errors, 2) < 0) _exit(127);
    alarm(MOST_SECONDS);
    search->config.user = search;
    search->config.chooses = chooses;
    search->config.departed = departed;
    search->config.colours = 0;
    exit(search->run(search->data, &search->config));
}

// ---- Runs

// Keeps the last line that is not empty.
static void read_failure(int from, char *out) {
    char text[MOST_FAILURE];
    size_t length = 0;
    char byte;
    char buffer[4096];
    *out = 0;
    for (ssize_t n; (n = read(from, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR);) {
        for (ssize_t i = 0; i < n; i++) {
            byte = buffer[i];
            if (byte != '\n') {
                if (length + 1 < sizeof text) text[length++] = byte;
                continue;
            }
            text[length] = 0;
            if (length) memcpy(out, text, length + 1);
            length = 0;
        }
    }
    text[length] = 0;
    if (length) memcpy(out, text, length + 1);
}

// One run with the departures of `wanted` (NULL: those of the number). 0, or -1 when it could not be made.
static int attempt(Search *search, const Departure *wanted, size_t count) {
    int ends[2];
    if (pipe(ends) < 0) return -1;
    search->wanted = wanted;
    search->wanted_count = count;
    memset(search->trail, 0, sizeof *search->trail);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        run_here(search, ends[1]);
    }
    close(ends[1]);
    if (child > 0) read_failure(ends[0], search->failure);
    close(ends[0]);
    if (child < 0) return -1;
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    search->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return 0;
}

// ---- The search

typedef struct {
    Search *search;
    int status;
    char failure[MOST_FAILURE];
    size_t attempts;
} Goal;

static int fails_alike(Goal *goal, const Departure *wanted, size_t count) {
    if (goal->attempts++ >= MOST_ATTEMPTS || attempt(goal->search, wanted, count) < 0) return 0;
    return goal->search->status == goal->status && strcmp(goal->search->failure, goal->failure) == 0;
}

// Whether one departure will do: each of those that the plain order offers is tried, nearby tasks first. The trail is that of a run in the
// plain order.
static int find_single(Goal *goal, Departure *single) {
    const Trail *trail = goal->search->trail;
    size_t choices = trail->choices, tried = 0;
    uint8_t *counts = malloc(choices + 1);
    if (!counts) return 0;
    memcpy(counts, trail->counts, choices);
    int found = 0;
    for (uint32_t which = 1; which < 64 && !found; which++)
        for (uint32_t number = 0; number < choices && tried < MOST_SINGLES && !found; number++) {
            if (which >= counts[number]) continue;
            *single = (Departure){number, which};
            found = fails_alike(goal, single, 1);
            tried++;
        }
    free(counts);
    return found;
}

// Leaves out pieces of the departures as long as the program fails alike without them, first large pieces, then smaller ones
// (delta debugging, Zeller and Hildebrandt 2002). How many are left.
static size_t reduce(Goal *goal, Departure *wanted, size_t count, Departure *without) {
    for (size_t piece = count; piece;) {
        int any = 0;
        for (size_t start = 0; start < count;) {
            size_t length = count - start < piece ? count - start : piece;
            memcpy(without, wanted, start * sizeof *wanted);
            memcpy(without + start, wanted + start + length, (count - start - length) * sizeof *wanted);
            if (fails_alike(goal, without, count - length)) {
                count -= length;
                memcpy(wanted, without, count * sizeof *wanted);
                any = 1;
            } else {
                start += length;
            }
        }
        if (piece > 1 && (!any || piece > count))
            piece = piece / 2 < count ? piece / 2 : count;
        else if (!any)
            piece = 0;
    }
    return count;
}

// The departures that the trail's run has made.
static size_t list_departures(const Trail *trail, Departure *out) {
    size_t count = 0;
    for (size_t i = 0; i < trail->choices; i++)
        if (trail->which[i]) out[count++] = (Departure){(uint32_t)i, trail->which[i]};
    return count;
}

static void tell(const Goal *goal, size_t count) {
    const Search *search = goal->search;
    fprintf(stderr, "aioli: with --shuffle=%llu it fails: %s\n", (unsigned long long)search->config.shuffle,
            goal->failure[0] ? goal->failure : "(without a word)");
    if (!count) {
        fputs("aioli: in the plain order it fails as well\n", stderr);
        return;
    }
    fprintf(stderr, "aioli: it fails so when, other than in the plain order,\n%.*s", (int)search->trail->length, search->trail->text);
    if (goal->attempts >= MOST_ATTEMPTS) fputs("aioli: (the search was given up here)\n", stderr);
}

int minimize(ProgramRunner run, void *data, const aioli_config *config) {
    Search search = {.run = run, .data = data, .config = *config};
    search.trail = mmap(NULL, sizeof *search.trail, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (search.trail == MAP_FAILED || attempt(&search, NULL, 0) < 0) return fputs("aioli: the program could not be run\n", stderr), 2;
    if (!search.status) return fprintf(stderr, "aioli: with --shuffle=%llu it does not fail\n", (unsigned long long)config->shuffle), 0;
    Goal goal = {.search = &search, .status = search.status};
    memcpy(goal.failure, search.failure, sizeof goal.failure);
    Departure *wanted = calloc(search.trail->choices + 1, sizeof *wanted), *without = calloc(search.trail->choices + 1, sizeof *without);
    if (!wanted || !without) {
        free(wanted);
        free(without);
        return fputs("aioli: out of memory\n", stderr), 2;
    }
    size_t count = list_departures(search.trail, wanted);
    if (fails_alike(&goal, without, 0)) {
        count = 0;
    } else if (find_single(&goal, without)) {
        wanted[0] = without[0];
        count = 1;
    } else {
        count = reduce(&goal, wanted, count, without);
    }
    attempt(&search, wanted, count); // for its trail
    tell(&goal, count);
    free(wanted);
    free(without);
    munmap(search.trail, sizeof *search.trail);
    return goal.status;
}

// A game's loop: 60 pictures a second, and a script whose tasks move the actors.
//
//     game            plays in real time
//     game --fast     the same without waiting, and with the same output every time: its clock counts pictures
#include <aioli.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PICTURES_PER_SECOND = 60, BUDGET_MICROSECONDS = 2000, BUDGET_STEPS = 2000, LONGEST = 60 * PICTURES_PER_SECOND };

typedef struct Game Game;

// A task that waits for the next picture, or for a condition. It is freed when its promise is done with.
typedef struct Waiter {
    struct Waiter *next;
    Game *game;
    aioli_promise *promise;
    aioli_value condition; // kept; NULL: it waits for the next picture
    aioli_value error;     // kept: what the condition has raised
    bool cancelled;
} Waiter;

typedef struct Actor {
    struct Actor *next;
    double x;
    char name[16];
} Actor;

struct Game {
    bool fast;
    struct timespec begin;
    int64_t picture;
    Waiter *waiters;
    Actor *actors;
};

// The game's own clock: while a picture is made it stands still.
static double now(const Game *game) { return (double)game->picture / PICTURES_PER_SECOND; }

// ---- Waiting

// A script has given up waiting, or the VM is freed. The VM can't be used in here: the next picture does the rest.
static void on_cancelled(void *user) { ((Waiter *)user)->cancelled = true; }

// What the script's `await` gives. Without a VM nobody waits any more, and there is only memory to free.
static aioli_value make_result(aioli *vm, void *data) {
    Waiter *waiter = data;
    aioli_value error = waiter->error, result = vm ? aioli_int(vm, waiter->game->picture) : NULL;
    free(waiter);
    if (!vm || !error) return result;
    aioli_raise(vm, error);
    aioli_drop(vm, error);
    return NULL;
}

static aioli_value wait_for(aioli *vm, Game *game, aioli_value condition) {
    Waiter *waiter = calloc(1, sizeof *waiter);
    aioli_value future = NULL;
    if (waiter) waiter->promise = aioli_new_promise(vm, on_cancelled, waiter, &future);
    if (!waiter || !waiter->promise) {
        free(waiter);
        return NULL;
    }
    waiter->game = game;
    waiter->condition = condition;
    waiter->next = game->waiters;
    game->waiters = waiter;
    return future;
}

// frame(): the next picture, as its number.
static aioli_value frame(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count;
    return wait_for(vm, data, NULL);
}

// until(condition): the first picture before which condition() is true.
static aioli_value until(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count;
    // The argument's handle dies when this function returns; what is kept lives until it is dropped.
    aioli_value condition = aioli_keep(vm, arguments[0], NULL), future = condition ? wait_for(vm, data, condition) : NULL;
    if (!future) aioli_drop(vm, condition);
    return future;
}

static aioli_value seconds(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)arguments, (void)count;
    return aioli_float(vm, now(data));
}

// Whether a waiter has waited enough.
static bool is_due(aioli *vm, Waiter *waiter) {
    if (waiter->cancelled || !waiter->condition) return true;
    size_t scope = aioli_open(vm);
    int truth = aioli_truth(vm, aioli_call(vm, waiter->condition, 0, NULL, NULL));
    if (truth < 0) waiter->error = aioli_keep(vm, aioli_take_error(vm), NULL);
    aioli_close(vm, scope, NULL);
    return truth != 0;
}

// Completes the promises of those that are due; their tasks go on in the turn that follows.
static void wake_waiters(aioli *vm, Game *game) {
    Waiter *all = game->waiters, *in_order = NULL;
    game->waiters = NULL; // conditions may add to it
    while (all) {
        Waiter *next = all->next;
        all->next = in_order;
        in_order = all;
        all = next;
    }
    while (in_order) {
        Waiter *waiter = in_order;
        in_order = waiter->next;
        if (is_due(vm, waiter)) {
            aioli_drop(vm, waiter->condition);
            aioli_complete(waiter->promise, make_result, waiter);
        } else {
            waiter->next = game->waiters;
            game->waiters = waiter;
        }
    }
}

// ---- Actors

static aioli_class actor_class;

static aioli_value actor_init(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count;
    Game *game = data;
    Actor *actor = (Actor *)aioli_data(vm, arguments[0], &actor_class);
    const char *name = aioli_get_text(vm, arguments[1], NULL);
    if (!name || actor->name[0]) return name ? AIOLI_NONE : NULL;
    snprintf(actor->name, sizeof actor->name, "%s", name);
    // The game draws it for as long as it plays, and so has to keep it.
    if (!aioli_keep(vm, arguments[0], NULL)) return NULL;
    actor->next = game->actors;
    game->actors = actor;
    return AIOLI_NONE;
}

static aioli_value get_x(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    return aioli_float(vm, ((Actor *)aioli_data(vm, arguments[0], &actor_class))->x);
}

static aioli_value set_x(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    return aioli_get_float(vm, arguments[1], &((Actor *)aioli_data(vm, arguments[0], &actor_class))->x) < 0 ? NULL : AIOLI_NONE;
}

static const aioli_function functions[] = {{"frame", frame, NULL, "Waits for the next picture."},
                                           {"until", until, "condition", "Waits until condition() is true."},
                                           {"seconds", seconds, NULL, "The game's clock."},
                                           {NULL, NULL, NULL, NULL}};
static const aioli_function actor_methods[] = {{"__init__", actor_init, "self, name", NULL}, {NULL, NULL, NULL, NULL}};
static const aioli_property actor_properties[] = {{"x", get_x, set_x, "Where it stands."}, {NULL, NULL, NULL, NULL}};

static void draw(const Game *game) {
    printf("%5.2f:", now(game));
    for (const Actor *actor = game->actors; actor; actor = actor->next) printf("  %s at %.1f", actor->name, actor->x);
    printf("\n");
}

// ---- The loop

static void wait_for_picture(const Game *game) {
    if (game->fast) return;
    long nanoseconds = game->begin.tv_nsec + (long)(game->picture % PICTURES_PER_SECOND) * (1000000000 / PICTURES_PER_SECOND);
    struct timespec until = {game->begin.tv_sec + (time_t)(game->picture / PICTURES_PER_SECOND) + nanoseconds / 1000000000,
                             nanoseconds % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static int show_error(aioli *vm) {
    const char *text = aioli_get_text(vm, aioli_traceback(vm, aioli_take_error(vm)), NULL);
    printf("%s", text ? text : "out of memory\n");
    return 1;
}

static int play(aioli *vm, Game *game) {
    actor_class = (aioli_class){"Actor", "Somebody in the game.", sizeof(Actor), NULL, actor_methods, actor_properties, game};
    if (!aioli_module(vm, "game", NULL, functions, game) || !aioli_new_class(vm, "game", &actor_class)) return show_error(vm);
    if (aioli_run_file(vm, "game.aio") != AIOLI_OK) return printf("%s", aioli_error_text(vm, NULL)), 1;
    aioli_value task = aioli_start(vm, aioli_call_method(vm, aioli_import(vm, "__main__"), "play", 0, NULL));
    if (!task) return show_error(vm);
    clock_gettime(CLOCK_MONOTONIC, &game->begin);
    aioli_turn_result result = AIOLI_READY;
    while (result != AIOLI_DONE && game->picture < LONGEST) {
        wait_for_picture(game);
        wake_waiters(vm, game);
        // Two milliseconds belong to the scripts. A clock would make the fast game another one each time: there it is steps.
        result = game->fast ? aioli_turn(vm, 0, BUDGET_STEPS, NULL) : aioli_turn(vm, BUDGET_MICROSECONDS, 0, NULL);
        if (result == AIOLI_FAILED) return show_error(vm);
        aioli_flush(vm); // what scripts have printed comes before what is drawn
        if (game->picture % (PICTURES_PER_SECOND / 2) == 0) draw(game);
        game->picture++;
    }
    if (result != AIOLI_DONE) return printf("the game took too long\n"), 1;
    aioli_value last = aioli_run_until(vm, task); // it is done: this gives its result, or raises its exception
    const char *text = aioli_get_text(vm, last, NULL);
    return text ? printf("%s\n", text), 0 : show_error(vm);
}

// Scripts print into the same stream as the game.
static int take_output(void *user, int stream, const char *bytes, size_t length) {
    (void)user;
    return fwrite(bytes, 1, length, stream == 1 ? stdout : stderr) == length ? 0 : 5;
}

int main(int count, char **arguments) {
    Game game = {.fast = count > 1 && strcmp(arguments[1], "--fast") == 0};
    aioli_config config = {.write = take_output};
    aioli *vm = aioli_new(&config);
    if (!vm) return 1;
    int status = play(vm, &game);
    aioli_free(vm);
    // Whatever is still promised has to be completed, though nobody waits any more.
    while (game.waiters) {
        Waiter *waiter = game.waiters;
        game.waiters = waiter->next;
        aioli_complete(waiter->promise, make_result, waiter);
    }
    return status;
}

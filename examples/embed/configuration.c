// A host whose configuration is a script: it reads values, calls functions with arguments, and shows what goes wrong.
#include <aioli.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// Shows the exception that a function has left behind, as the command would, and forgets it.
static void show_error(aioli *vm) {
    const char *text = aioli_get_text(vm, aioli_traceback(vm, aioli_take_error(vm)), NULL);
    fprintf(stdout, "%s", text ? text : "out of memory\n");
}

static aioli_value text(aioli *vm, const char *s) { return aioli_string(vm, s, strlen(s)); }

// A number of the configuration, or the default where it has none. A value of the wrong type is told and not taken.
static int64_t number(aioli *vm, aioli_value configuration, const char *name, int64_t otherwise) {
    int64_t result;
    aioli_value value = aioli_get_attribute(vm, configuration, name);
    if (!value) {
        aioli_take_error(vm); // an AttributeError: there is none
        return otherwise;
    }
    if (aioli_get_int(vm, value, &result) == 0) return result;
    show_error(vm);
    return otherwise;
}

// Each key and value of a dict: for (key, value) in dict.items().
static void show_limits(aioli *vm, aioli_value limits) {
    aioli_value pairs = aioli_iterate(vm, aioli_call_method(vm, limits, "items", 0, NULL)), pair;
    while (aioli_next(vm, pairs, &pair) == 1) {
        const char *key = aioli_get_text(vm, aioli_get_item(vm, pair, aioli_int(vm, 0)), NULL);
        int64_t limit;
        if (aioli_get_int(vm, aioli_get_item(vm, pair, aioli_int(vm, 1)), &limit) == 0) printf("limit of %s: %" PRId64 "\n", key, limit);
    }
}

static void show_route(aioli *vm, aioli_value configuration, const char *method, const char *path) {
    // A scope, so that the handles of one request die with it, not with the VM.
    size_t scope = aioli_open(vm);
    aioli_value arguments[] = {text(vm, method), text(vm, path)};
    aioli_value answer = aioli_call_method(vm, configuration, "route", 2, arguments);
    // When the call has failed these two fail as well, with the exception of the call.
    const char *where = aioli_get_text(vm, aioli_get_item(vm, answer, aioli_int(vm, 0)), NULL);
    const char *what = aioli_get_text(vm, aioli_get_item(vm, answer, aioli_int(vm, 1)), NULL);
    if (where && what)
        printf("%s %s: %s, %s\n", method, path, where, what);
    else
        show_error(vm);
    aioli_close(vm, scope, NULL);
}

int main(int count, char **arguments) {
    aioli *vm = aioli_new(NULL);
    if (!vm) return 1;
    if (aioli_run_file(vm, count > 1 ? arguments[1] : "configuration.aio") != AIOLI_OK) {
        printf("%s", aioli_error_text(vm, NULL));
        aioli_free(vm);
        return 1;
    }
    // The program that ran is the module __main__; its globals are the module's attributes.
    aioli_value configuration = aioli_import(vm, "__main__");
    printf("port: %" PRId64 ", workers: %" PRId64 "\n", number(vm, configuration, "port", 80), number(vm, configuration, "workers", 4));
    aioli_value hosts = aioli_iterate(vm, aioli_get_attribute(vm, configuration, "hosts")), host;
    while (aioli_next(vm, hosts, &host) == 1) printf("host: %s\n", aioli_get_text(vm, host, NULL));
    show_limits(vm, aioli_get_attribute(vm, configuration, "limits"));
    show_route(vm, configuration, "GET", "/");
    show_route(vm, configuration, "GET", "/static/style.css");
    show_route(vm, configuration, "BREW", "/coffee");

    // greet("Ada", polite=True): the last arguments go by the names.
    aioli_value greet = aioli_get_attribute(vm, configuration, "greet"), with[] = {text(vm, "Ada"), AIOLI_TRUE};
    const char *const names[] = {"polite", NULL};
    const char *greeting = aioli_get_text(vm, aioli_call(vm, greet, 2, with, names), NULL);
    if (greeting)
        printf("%s\n", greeting);
    else
        show_error(vm);
    aioli_free(vm);
    return 0;
}

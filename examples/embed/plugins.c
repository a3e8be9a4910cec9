// A host for plug-ins that nobody has read: whatever they try, the host goes on.
//
//     plugins [-v] PATH…     runs each file, and each *.aio of a folder; -v shows more of how it went
//
// Each plug-in gets a VM to which nothing is granted: no files, no clock, no input. The host reads the
// plug-in's text itself. What it prints goes to the host, and `untrusted` sets the limits. After it a good
// script runs in the same VM, as the next event of a real host would: the exit status is 1 when that fails.
#include <aioli.h>
#include <dirent.h>
#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { SHOWN = 200, NAME = 60 };

// What one VM has to do with the host: all of its callbacks get it.
typedef struct {
    size_t taken, peak; // bytes of memory
    size_t printed;     // bytes of output
    char shown[SHOWN];  // the first of them
    unsigned misuses;   // what this host itself did wrong: nothing
} Account;

static void *resize(void *user, void *block, size_t old_size, size_t new_size) {
    Account *account = user;
    if (!new_size) {
        free(block);
        account->taken -= old_size;
        return NULL;
    }
    void *moved = realloc(block, new_size);
    if (!moved) return NULL;
    account->taken += new_size - (block ? old_size : 0);
    if (account->taken > account->peak) account->peak = account->taken;
    return moved;
}

// Takes everything and keeps the beginning. EFBIG would be the answer for too much; the VM's own output_limit
// sees to that.
static int take_output(void *user, int stream, const char *bytes, size_t length) {
    (void)stream;
    Account *account = user;
    size_t kept = account->printed < SHOWN ? SHOWN - account->printed : 0;
    memcpy(account->shown + (SHOWN - kept), bytes, length < kept ? length : kept);
    account->printed += length;
    return 0;
}

static void count_misuse(void *user, const char *message) {
    ((Account *)user)->misuses++;
    fprintf(stderr, "plugins: %s\n", message);
}

// A terminal gets nothing that moves its cursor.
static void show_text(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        putchar(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~') ? text[i] : '?');
}

static void show_output(const Account *account) {
    if (!account->printed) return;
    size_t kept = account->printed < SHOWN ? account->printed : SHOWN;
    printf("  printed %zu bytes: ", account->printed);
    show_text(account->shown, kept);
    if (kept < account->printed || account->shown[kept - 1] != '\n') putchar('\n');
}

// The class of the exception that a traceback ends with: the word that begins the last line of the form
// `word` or `word: …`, after what a traceback of an ExceptionGroup is drawn with.
static void find_exception(const char *text, char name[NAME]) {
    strcpy(name, "?");
    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (strncmp(line, "  | ", 4) == 0) line += 4;
        size_t length = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.");
        if (length && length < NAME && strchr(":\n", line[length])) sprintf(name, "%.*s", (int)length, line);
    }
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// What comes after a plug-in: it computes, waits, and looks whether everything was right.
static const char good_script[] = "import asyncio\n"
                                  "async def double(n):\n"
                                  "    await asyncio.sleep(0.001)\n"
                                  "    return 2 * n\n"
                                  "async def main():\n"
                                  "    return await asyncio.gather(*(double(n) for n in range(100)))\n"
                                  "assert sum(asyncio.run(main())) == 9900\n"
                                  "words = {f'{n:03}': [n] * n for n in range(200)}\n"
                                  "assert ''.join(sorted(words, reverse=True)).startswith('199198')\n"
                                  "try: 1 / 0\n"
                                  "except ZeroDivisionError: print('all is well')\n";

// Runs one plug-in. False: the good script failed after it.
static bool run_plugin(const char *path, const char *text, size_t length, bool verbose) {
    static const char *const endings[] = {"ok",    "exit",        "error",   "interrupted",
                                          "limit", "closed pipe", "no file", "no memory"};
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    Account account = {0};
    aioli_config config = {
        .resize = resize, .write = take_output, .misuse = count_misuse, .user = &account, .untrusted = 1};
    aioli *vm = aioli_new(&config);
    if (!vm) return printf("%s: there is no VM\n", name), false;

    double begin = now();
    aioli_status status = aioli_run_source(vm, name, text, length);
    double seconds = now() - begin;
    printf("%s: %s", name, endings[status]);
    if (status == AIOLI_EXIT) printf(" %d", aioli_exit_status(vm));
    if (status == AIOLI_ERROR || status == AIOLI_LIMIT || status == AIOLI_INTERRUPTED) {
        char exception[NAME];
        find_exception(aioli_error_text(vm, NULL), exception);
        printf(", %s", exception);
    }
    putchar('\n');
    if (verbose) {
        size_t error_length;
        const char *error = aioli_error_text(vm, &error_length);
        printf("  %.0f ms, %.1f MB\n", seconds * 1000, (double)account.peak / (1 << 20));
        show_output(&account);
        if (error_length > SHOWN) error += error_length - SHOWN, error_length = SHOWN;
        show_text(error, error_length);
    }

    status = aioli_run_source(vm, "<good>", good_script, sizeof good_script - 1);
    bool good = status == AIOLI_OK && !account.misuses;
    if (!good)
        printf("%s: then a good script failed: %s\n%s", name, endings[status], aioli_error_text(vm, NULL));
    aioli_free(vm);
    if (account.taken) printf("%s: %zu bytes were not freed\n", name, account.taken), good = false;
    fflush(stdout);
    return good;
}

static bool run_file(const char *path, bool verbose) {
    FILE *file = fopen(path, "rb");
    struct stat about;
    char *text = file && fstat(fileno(file), &about) == 0 ? malloc((size_t)about.st_size + 1) : NULL;
    if (!text)
        return fprintf(stderr, "plugins: %s: %s\n", path, strerror(errno)), file && fclose(file), false;
    size_t length = fread(text, 1, (size_t)about.st_size, file);
    fclose(file);
    bool good = run_plugin(path, text, length, verbose);
    free(text);
    return good;
}

static int is_plugin(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return length > 4 && strcmp(entry->d_name + length - 4, ".aio") == 0;
}

static bool run_folder(const char *path, bool verbose) {
    struct dirent **entries;
    int count = scandir(path, &entries, is_plugin, alphasort);
    bool good = count >= 0;
    for (int i = 0; i < count; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        good &= run_file(file, verbose);
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    return good;
}

int main(int count, char **arguments) {
    bool verbose = false, good = true;
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 64 * 1024); // stays there: what a plug-in took in large pieces goes back to the system at once
#endif
    for (int i = 1; i < count; i++) verbose |= strcmp(arguments[i], "-v") == 0;
    for (int i = 1; i < count; i++) {
        struct stat about;
        if (strcmp(arguments[i], "-v") == 0) continue;
        bool is_folder = stat(arguments[i], &about) == 0 && S_ISDIR(about.st_mode);
        good &= is_folder ? run_folder(arguments[i], verbose) : run_file(arguments[i], verbose);
    }
    return good ? 0 : 1;
}

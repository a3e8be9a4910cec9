#define _GNU_SOURCE // struct ucred, syscall
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SECONDS = 5, MOST_ANSWER = 1 << 30 };

// The address of the socket for a process: in the folder for such things of its user, else in /tmp. False: it is too long. Without stdio, as
// a signal handler calls it.
static int socket_address(const char *folder, long process, struct sockaddr_un *address) {
    static const char name[] = "/aioli-ask-";
    char digits[24];
    size_t count = 0, length = strlen(folder), at = 0;
    for (; process > 0 && count < sizeof digits; process /= 10) digits[count++] = (char)('0' + process % 10);
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (length + sizeof name + count > sizeof address->sun_path) return 0;
    memcpy(address->sun_path, folder, length);
    at = length;
    memcpy(address->sun_path + at, name, sizeof name - 1);
    at += sizeof name - 1;
    while (count) address->sun_path[at++] = digits[--count];
    return 1;
}

// ---- In the process that is asked

// Written once, before the signal can come: getenv is not for signal handlers.
static char own_folder[sizeof((struct sockaddr_un *)NULL)->sun_path];

void ask_prepare(void) {
    const char *wanted = getenv("XDG_RUNTIME_DIR");
    snprintf(own_folder, sizeof own_folder, "%s", wanted && wanted[0] == '/' && strlen(wanted) < sizeof own_folder ? wanted : "/tmp");
}

static int own_address(struct sockaddr_un *address) { return socket_address(own_folder, (long)getpid(), address); }

int is_asked(void) {
    struct sockaddr_un address;
    struct stat about;
    int before = errno;
    int is = own_address(&address) && lstat(address.sun_path, &about) == 0 && S_ISSOCK(about.st_mode) && about.st_uid == geteuid();
    errno = before;
    return is;
}

// Whether the other end of a connection is a process of this user; *process gets which one.
static int is_own(int connection, long *process) {
    struct ucred other;
    socklen_t size = sizeof other;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &other, &size) < 0) return 0;
    *process = (long)other.pid;
    return other.uid == geteuid();
}

void answer(const char *text, size_t length) {
    struct sockaddr_un address;
    long asker;
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0) return;
    // Whoever asks and does not read must not hold the program.
    struct timeval most = {.tv_sec = MOST_SECONDS};
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    if (own_address(&address) && connect(connection, (struct sockaddr *)&address, sizeof address) == 0 && is_own(connection, &asker)) {
        while (length) {
            ssize_t n = send(connection, text, length, MSG_NOSIGNAL);
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) break;
            text += n;
            length -= (size_t)n;
        }
    }
    close(connection);
}

// ---- In the one that asks

// Reads a small file of /proc. How many bytes, at most size - 1; a NUL follows. Minus one: it can't be read.
static long read_about(long process, const char *what, char *out, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/%s", process, what);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    size_t length = 0;
    for (ssize_t n; length + 1 < size && (n = read(file, out + length, size - 1 - length)) > 0;) length += (size_t)n;
    close(file);
    out[length] = 0;
    return (long)length;
}

// Whether a process is this program, by its name: another version of it may be as well.
static int is_aioli(long process) {
    char path[64], target[4096];
    snprintf(path, sizeof path, "/proc/%ld/exe", process);
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length <= 0) return 0;
    target[length] = 0;
    const char *name = strrchr(target, '/');
    name = name ? name + 1 : target;
    // A file that has been replaced since has something behind its name.
    return strcmp(name, "aioli") == 0 || strcmp(name, "aioli (deleted)") == 0;
}

// Whether a process has a handler for the signal: without one it would never answer.
static int catches_signal(long process) {
    char text[8192];
    if (read_about(process, "status", text, sizeof text) < 0) return 0;
    const char *line = strstr(text, "\nSigCgt:");
    return line && (strtoull(line + 8, NULL, 16) >> (ASK_SIGNAL - 1) & 1);
}

// The folder in which a process looks for the socket.
static void folder_of(long process, char *out, size_t size) {
    static const char name[] = "XDG_RUNTIME_DIR=";
    char *text = malloc(1 << 20);
    long length = text ? read_about(process, "environ", text, 1 << 20) : -1;
    snprintf(out, size, "/tmp");
    for (long at = 0; at < length; at += (long)strlen(text + at) + 1)
        if (strncmp(text + at, name, sizeof name - 1) == 0 && text[at + (long)sizeof name - 1] == '/' &&
            strlen(text + at + sizeof name - 1) < sizeof own_folder)
            snprintf(out, size, "%s", text + at + sizeof name - 1);
    free(text);
}

static int refused(const char *process, const char *why) {
    fprintf(stderr, "aioli: process %s %s\n", process, why);
    return -1;
}

// A descriptor of a process that may be asked, so that no other one can take its number meanwhile; or minus one, which has been told.
static int open_process(const char *text, long *process) {
    char *end;
    struct stat about;
    char path[64];
    errno = 0;
    *process = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || *process <= 0 || *process > INT32_MAX)
        return fprintf(stderr, "aioli: '%s' is not the number of a process\n", text), -1;
    int descriptor = (int)syscall(SYS_pidfd_open, (pid_t)*process, 0u);
    if (descriptor < 0) return refused(text, errno == ESRCH || errno == EINVAL ? "is not there" : "can't be asked");
    snprintf(path, sizeof path, "/proc/%ld", *process);
    const char *why = NULL;
    if (stat(path, &about) != 0)
        why = "is not there";
    else if (about.st_uid != geteuid())
        why = "is another user's";
    else if (!is_aioli(*process))
        why = "is not aioli";
    else if (*process == (long)getpid())
        why = "is the one that asks";
    else if (!catches_signal(*process))
        why = "runs no program that can be asked";
    if (!why) return descriptor;
    close(descriptor);
    return refused(text, why);
}

// A socket that listens at an address, for this user alone. Minus one with errno.
static int open_socket(const struct sockaddr_un *address) {
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) return -1;
    mode_t before = umask(0177);
    int bound = bind(listener, (const struct sockaddr *)address, sizeof *address);
    // What another one has left who was ended in the middle.
    struct stat about;
    if (bound < 0 && errno == EADDRINUSE && lstat(address->sun_path, &about) == 0 && S_ISSOCK(about.st_mode) && about.st_uid == geteuid() &&
        time(NULL) - about.st_mtime > 2 * MOST_SECONDS && unlink(address->sun_path) == 0)
        bound = bind(listener, (const struct sockaddr *)address, sizeof *address);
    umask(before);
    if (bound == 0 && listen(listener, 4) == 0) return listener;
    int error = errno;
    if (bound == 0) unlink(address->sun_path);
    close(listener);
    errno = error;
    return -1;
}

// The connection of the process. Minus one: nothing has come.
static int await_process(int listener, long process) {
    struct pollfd events = {.fd = listener, .events = POLLIN};
    time_t end = time(NULL) + MOST_SECONDS;
    for (long left; (left = (long)(end - time(NULL))) >= 0;) {
        int ready = poll(&events, 1, (int)left * 1000 + 100);
        if (ready < 0 && errno != EINTR) return -1;
        if (ready <= 0) continue;
        int connection = accept(listener, NULL, NULL);
        long other;
        if (connection < 0) continue;
        if (is_own(connection, &other) && other == process) return connection;
        close(connection);
    }
    return -1;
}

static char *read_answer(int connection, size_t *length) {
    size_t capacity = 65536;
    char *text = malloc(capacity);
    *length = 0;
    while (text) {
        ssize_t n = read(connection, text + *length, capacity - *length);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return text;
        *length += (size_t)n;
        if (*length < capacity) continue;
        char *larger = capacity < MOST_ANSWER ? realloc(text, capacity *= 2) : NULL;
        if (!larger) free(text);
        text = larger;
    }
    return NULL;
}

char *ask(const char *text, size_t *length) {
    long process;
    char folder[4096];
    struct sockaddr_un address;
    int descriptor = open_process(text, &process), connection = -1;
    if (descriptor < 0) return NULL;
    folder_of(process, folder, sizeof folder);
    int fits = socket_address(folder, process, &address), listener = fits ? open_socket(&address) : -1;
    if (listener < 0) {
        const char *why = !fits ? "the name is too long" : errno == EADDRINUSE ? "somebody else asks" : strerror(errno);
        fprintf(stderr, "aioli: no socket for process %s can be made in %s: %s\n", text, folder, why);
        close(descriptor);
        return NULL;
    }
    char *found = NULL;
    *length = 0;
    if (syscall(SYS_pidfd_send_signal, descriptor, (int)ASK_SIGNAL, NULL, 0u) == 0) connection = await_process(listener, process);
    if (connection >= 0) {
        found = read_answer(connection, length);
        close(connection);
    }
    if (!found || !*length || found[*length - 1] != '\n') {
        refused(text, connection < 0 ? "has not answered: what it does now can't be interrupted, or it has ended" : "has answered in part only");
        free(found);
        found = NULL;
    }
    unlink(address.sun_path);
    close(listener);
    close(descriptor);
    return found;
}

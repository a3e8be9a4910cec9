// A server with an epoll loop of its own, in which scripts serve many connections at once.
//
//     server PORT     serves on that port of this machine
//     server          makes a thousand clients, serves them, says what they got, and ends
//
// A connection is a task, not a VM. A VM of its own would take some 400 KB as soon as its event loop runs, and four descriptors: a
// thousand would take 400 MB. A task takes about one KB. But a budget belongs to a VM, so all tasks in one would make one turn.
// Hence a few VMs ("rooms") share the connections: a connection with much work delays those of its own room by its steps, and those
// of other rooms by no more than a turn's budget.
#include <aioli.h>
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOMS = 4, BUDGET_MICROSECONDS = 1000, CLIENTS = 1000, LONGEST_LINE = 200 };

// Whatever epoll tells of begins with what it is.
typedef enum { LISTENER, ROOM, CONNECTION } Kind;

typedef struct {
    Kind kind;
    aioli *vm;
    aioli_value serve; // the script's function, kept
    bool due;          // a turn has something to do
    bool done;         // no task is left
    double deadline;   // when the next sleep of a script ends; INFINITY: none
} Room;

// The bytes of a script's object. It is kept until the script closes it, as epoll has its address for that long.
typedef struct {
    Kind kind;
    int descriptor; // -1: closed
    Room *room;
    aioli_value self;      // kept
    aioli_promise *reader; // of a read_line() that waits
    bool ended;            // nothing more will come
    size_t length;
    char line[LONGEST_LINE];
} Connection;

static int events; // the epoll

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// ---- Connections, as scripts see them

static aioli_class connection_class;

// Lets the client go. What it has sent can still be read.
static void hang_up(Connection *connection) {
    if (connection->descriptor >= 0) close(connection->descriptor);
    connection->descriptor = -1;
    connection->ended = true;
}

// For what is open when the VM is freed.
static void finalize_connection(void *bytes) { hang_up(bytes); }

// The next line without its end, or None at the end of all: what a read_line() gives.
static aioli_value take_line(aioli *vm, void *data) {
    Connection *connection = data;
    if (!vm) return NULL;
    char *end = memchr(connection->line, '\n', connection->length);
    if (!end) return AIOLI_NONE;
    size_t length = (size_t)(end - connection->line);
    aioli_value line = aioli_string(vm, connection->line, length);
    connection->length -= length + 1;
    memmove(connection->line, end + 1, connection->length);
    return line;
}

static bool has_line(const Connection *connection) {
    return connection->ended || memchr(connection->line, '\n', connection->length);
}

static void answer_reader(Connection *connection) {
    aioli_promise *reader = connection->reader;
    if (!reader || !has_line(connection)) return;
    connection->reader = NULL;
    aioli_complete(reader, take_line, connection);
    connection->room->due = true;
}

// The script does not wait any more, because of a timeout, say. A promise is completed in any case.
static void stop_reading(void *user) {
    Connection *connection = user;
    aioli_promise *reader = connection->reader;
    connection->reader = NULL;
    if (reader) aioli_complete(reader, take_line, connection);
}

static aioli_value read_line(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    Connection *connection = aioli_data(vm, arguments[0], &connection_class);
    if (connection->reader) return aioli_raise_error(vm, "RuntimeError", "somebody reads already"), NULL;
    aioli_value future;
    connection->reader = aioli_new_promise(vm, stop_reading, connection, &future);
    answer_reader(connection); // at once if the line is here
    return future;
}

static aioli_value write_line(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    Connection *connection = aioli_data(vm, arguments[0], &connection_class);
    size_t length;
    const char *text = aioli_get_text(vm, arguments[1], &length);
    char line[LONGEST_LINE + 1];
    if (!text) return NULL;
    if (length > LONGEST_LINE) return aioli_raise_error(vm, "ValueError", "the line is too long"), NULL;
    memcpy(line, text, length);
    line[length] = '\n';
    // Answers are short. A client that does not take them is let go; a server of more than an example's size would queue them.
    if (connection->descriptor >= 0 && send(connection->descriptor, line, length + 1, MSG_NOSIGNAL) != (ssize_t)length + 1)
        hang_up(connection);
    return AIOLI_NONE;
}

static aioli_value close_connection(aioli *vm, const aioli_value *arguments, size_t count, void *data) {
    (void)count, (void)data;
    Connection *connection = aioli_data(vm, arguments[0], &connection_class);
    hang_up(connection);
    answer_reader(connection);
    aioli_drop(vm, connection->self);
    connection->self = NULL;
    return AIOLI_NONE;
}

static const aioli_function connection_methods[] = {{"read_line", read_line, "self", "The next line; None at the end."},
                                                    {"write", write_line, "self, text", "Sends a line."},
                                                    {"close", close_connection, "self", "Ends it."},
                                                    {NULL, NULL, NULL, NULL}};

// ---- Rooms

static void show_error(aioli *vm) {
    const char *text = aioli_get_text(vm, aioli_traceback(vm, aioli_take_error(vm)), NULL);
    fputs(text ? text : "out of memory\n", stderr);
}

static void watch(int descriptor, void *what) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event);
}

static bool open_room(Room *room) {
    *room = (Room){.kind = ROOM, .vm = aioli_new(NULL), .deadline = INFINITY};
    if (!room->vm || !aioli_module(room->vm, "server", NULL, NULL, NULL) || !aioli_new_class(room->vm, "server", &connection_class))
        return false;
    if (aioli_run_file(room->vm, "server.aio") != AIOLI_OK) return fputs(aioli_error_text(room->vm, NULL), stderr), false;
    room->serve = aioli_keep(room->vm, aioli_get_attribute(room->vm, aioli_import(room->vm, "__main__"), "serve"), NULL);
    // Readable when a turn has something to do that the room does not know of: a promise that another thread has completed.
    watch(aioli_descriptor(room->vm), room);
    return room->serve != NULL;
}

// A connection begins: an object for it, and a task that serves it.
static void begin(Room *room, int descriptor) {
    aioli *vm = room->vm;
    void *bytes;
    size_t scope = aioli_open(vm);
    aioli_value object = aioli_object(vm, &connection_class, &bytes);
    if (object) {
        Connection *connection = bytes;
        connection->kind = CONNECTION;
        connection->self = aioli_keep(vm, object, NULL);
        connection->descriptor = descriptor;
        connection->room = room;
        if (connection->self) watch(descriptor, connection);
        if (!aioli_start(vm, aioli_call(vm, room->serve, 1, &object, NULL))) show_error(vm);
    } else {
        close(descriptor);
    }
    aioli_close(vm, scope, NULL);
    room->due = true;
}

static void receive(Connection *connection) {
    size_t space = LONGEST_LINE - connection->length;
    ssize_t length = recv(connection->descriptor, connection->line + connection->length, space, MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length > 0) connection->length += (size_t)length;
    // The end, or a line that is too long.
    if (length <= 0 || (!memchr(connection->line, '\n', connection->length) && connection->length == LONGEST_LINE))
        hang_up(connection);
    answer_reader(connection);
}

// A turn of one room, within its budget: what it has not done by then comes in the next round, after the other rooms.
static void turn(Room *room) {
    double seconds;
    aioli_turn_result result = aioli_turn(room->vm, BUDGET_MICROSECONDS, 0, &seconds);
    if (result == AIOLI_FAILED) show_error(room->vm);
    room->due = result == AIOLI_READY || result == AIOLI_FAILED;
    room->done = result == AIOLI_DONE;
    room->deadline = result == AIOLI_IDLE ? now() + seconds : INFINITY;
    aioli_flush(room->vm);
}

// How long epoll may wait for all of them, in milliseconds; -1 for ever.
static int waiting_time(const Room *rooms) {
    double deadline = INFINITY;
    for (int i = 0; i < ROOMS; i++) {
        if (rooms[i].due) return 0;
        if (rooms[i].deadline < deadline) deadline = rooms[i].deadline;
    }
    if (deadline == INFINITY) return -1;
    double left = deadline - now();
    return left > 0 ? (int)(left * 1000) + 1 : 0;
}

static void serve(int listener, Room *rooms, int clients) {
    Kind listener_kind = LISTENER;
    watch(listener, &listener_kind);
    for (int begun = 0;;) {
        struct epoll_event happened[64];
        int count = epoll_wait(events, happened, 64, waiting_time(rooms));
        for (int i = 0; i < count; i++) {
            Kind kind = *(Kind *)happened[i].data.ptr;
            if (kind == LISTENER) {
                int descriptor = accept(listener, NULL, NULL);
                if (descriptor >= 0) begin(&rooms[begun++ % ROOMS], descriptor);
            } else if (kind == CONNECTION) {
                receive(happened[i].data.ptr);
            } else {
                ((Room *)happened[i].data.ptr)->due = true;
            }
        }
        bool done = begun == clients;
        for (int i = 0; i < ROOMS; i++) {
            if (rooms[i].due || rooms[i].deadline <= now()) turn(&rooms[i]);
            done &= rooms[i].done;
        }
        // The end, for a server whose clients are counted: all have come, and no task is left.
        if (done) return;
    }
}

// ---- A thousand clients, all connected at once

static void *make_clients(void *address) {
    static int clients[CLIENTS];
    int connected = 0, right = 0;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM, 0);
        connected += connect(clients[i], address, sizeof(struct sockaddr_in)) == 0;
    }
    // Two lines at once, of which one waits and one of a hundred is much work.
    for (int i = 0; i < CLIENTS; i++)
        dprintf(clients[i], i % 100 ? "wait 0.01\nadd %d 1\n" : "count 20000\nadd %d 1\n", i);
    for (int i = 0; i < CLIENTS; i++) {
        char wanted[LONGEST_LINE], found[LONGEST_LINE] = "";
        int length = snprintf(wanted, sizeof wanted, "%s\n%d\n", i % 100 ? "waited" : "199990000", i + 1);
        right += recv(clients[i], found, (size_t)length, MSG_WAITALL) == length && strcmp(wanted, found) == 0;
        close(clients[i]);
    }
    printf("%d clients connected, %d got the right answers\n", connected, right);
    return NULL;
}

int main(int count, char **arguments) {
    static Room rooms[ROOMS];
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) limit.rlim_cur = limit.rlim_max, setrlimit(RLIMIT_NOFILE, &limit);
    connection_class = (aioli_class){"Connection", NULL, sizeof(Connection), finalize_connection, connection_methods, NULL, NULL};
    events = epoll_create1(0);
    for (int i = 0; i < ROOMS; i++)
        if (!open_room(&rooms[i])) return 1;

    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(count > 1 ? (uint16_t)atoi(arguments[1]) : 0)};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, CLIENTS)) return perror("server"), 1;
    getsockname(listener, (struct sockaddr *)&address, &size);

    pthread_t clients;
    bool makes_clients = count < 2;
    if (makes_clients) pthread_create(&clients, NULL, make_clients, &address);
    serve(listener, rooms, makes_clients ? CLIENTS : 0);
    if (makes_clients) pthread_join(clients, NULL);
    for (int i = 0; i < ROOMS; i++) {
        int64_t visits = 0;
        aioli_get_int(rooms[i].vm, aioli_get_attribute(rooms[i].vm, aioli_import(rooms[i].vm, "__main__"), "visits"), &visits);
        printf("room %d had %d visits\n", i + 1, (int)visits);
        aioli_free(rooms[i].vm);
    }
    return 0;
}

// What drives the servers: load PORT echo CONNECTIONS SECONDS SIZE, load PORT once COUNT, or load PORT idle COUNT.
//     echo  sends lines of SIZE bytes over so many connections, each as soon as the one before has come back: how many a second
//     once  opens a connection, sends a line, gets it back and closes, COUNT times one after the other: how many a second
//     idle  opens COUNT connections and keeps them, until its standard input ends
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int open_connection(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s < 0) fail("socket");
    if (connect(s, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return s;
}

static void send_all(int s, const char *data, size_t size) {
    while (size) {
        ssize_t n = send(s, data, size, 0);
        if (n < 0) fail("send");
        data += n;
        size -= (size_t)n;
    }
}

static void echo(int port, int count, double seconds, size_t size) {
    typedef struct {
        int socket;
        size_t got;
    } Connection;
    static char room[1 << 20];
    struct epoll_event events[256];
    char *line = malloc(size);
    Connection *connections = calloc((size_t)count, sizeof *connections);
    int poller = epoll_create1(0);
    if (!line || !connections || poller < 0) fail("memory");
    memset(line, 'x', size);
    line[size - 1] = '\n';
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        connections[i].socket = open_connection(port);
        epoll_ctl(poller, EPOLL_CTL_ADD, connections[i].socket, &event);
        send_all(connections[i].socket, line, size);
    }
    double start = now(), end = start + seconds;
    long exchanges = 0;
    while (now() < end) {
        int ready = epoll_wait(poller, events, 256, 100);
        for (int i = 0; i < ready; i++) {
            Connection *connection = events[i].data.ptr;
            ssize_t n = recv(connection->socket, room, sizeof room, 0);
            if (n <= 0) fail("recv");
            for (connection->got += (size_t)n; connection->got >= size; exchanges++) {
                connection->got -= size;
                send_all(connection->socket, line, size);
            }
        }
    }
    printf("%.0f\n", (double)exchanges / (now() - start));
}

static void once(int port, int count) {
    char room[64];
    double start = now();
    for (int i = 0; i < count; i++) {
        int s = open_connection(port);
        send_all(s, "line\n", 5);
        for (size_t got = 0; got < 5;) {
            ssize_t n = recv(s, room, sizeof room, 0);
            if (n <= 0) fail("recv");
            got += (size_t)n;
        }
        close(s);
    }
    printf("%.0f\n", count / (now() - start));
}

static void idle(int port, int count) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    for (int i = 0; i < count; i++) open_connection(port);
    printf("%d\n", count);
    fflush(stdout);
    while (getchar() != EOF) {}
}

int main(int argc, char **argv) {
    if (argc == 6 && !strcmp(argv[2], "echo")) return echo(atoi(argv[1]), atoi(argv[3]), atof(argv[4]), (size_t)atol(argv[5])), 0;
    if (argc == 4 && !strcmp(argv[2], "once")) return once(atoi(argv[1]), atoi(argv[3])), 0;
    if (argc == 4 && !strcmp(argv[2], "idle")) return idle(atoi(argv[1]), atoi(argv[3])), 0;
    fprintf(stderr, "usage: load PORT echo CONNECTIONS SECONDS SIZE | load PORT once COUNT | load PORT idle COUNT\n");
    return 2;
}

/*
 * How exactly doors shut, seen from outside.
 *
 *         doors FILE
 *
 * FILE has one door a line, HOST PORT DEADLINE_MS (since 1970).  A player is connected to each
 * and waits; once cut off he dials again until nobody answers.  Prints one JSON object: how long
 * after the deadline that was (ms), and how many were cut off before it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/attr.h"

#define DOORS_MAX 20000
#define STALL_MS  300000

struct player {
        struct sockaddr_in door;
        double deadline_ms;
        int fd;
};

static struct player players[DOORS_MAX];
static double late[DOORS_MAX];
static size_t n_players, refused, early, broken, again;

/* The wall clock itself: deadlines are its. */
static double now_ms(void) {
        struct timespec ts;

        clock_gettime(CLOCK_REALTIME, &ts);
        return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int dial(const struct player *p) {
        _cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || connect(fd, (const struct sockaddr *)&p->door, sizeof(p->door)) < 0)
                return -1;
        return TAKE_FD(fd);
}

static void read_doors(const char *path) {
        char line[256], host[64];
        FILE *f = fopen(path, "re");

        if (!f) {
                fprintf(stderr, "doors: %s: %s\n", path, strerror(errno));
                exit(1);
        }
        while (n_players < DOORS_MAX && fgets(line, sizeof(line), f)) {
                struct player *p = &players[n_players];
                unsigned short port;

                if (sscanf(line, "%63s %hu %lf", host, &port, &p->deadline_ms) != 3 ||
                    inet_pton(AF_INET, host, &p->door.sin_addr) != 1) {
                        fprintf(stderr, "doors: not HOST PORT DEADLINE_MS: %s", line);
                        exit(2);
                }
                p->door.sin_family = AF_INET;
                p->door.sin_port = htons(port);
                n_players++;
        }
        fclose(f);
}

/* Before its time either the door was shut, or what is behind it broke and the door is open. */
static void on_cut(struct player *p, size_t at) {
        bool before = now_ms() < p->deadline_ms;
        size_t let_in = 0;
        int fd;

        close(p->fd);
        for (; (fd = dial(p)) >= 0; let_in++) {
                close(fd);
                if (before)
                        usleep(1000);
        }
        if (!before)
                again += let_in;
        else if (let_in)
                broken++;
        else
                early++;
        late[at] = now_ms() - p->deadline_ms;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

/* What an instance says is read and thrown away. */
static bool is_cut(const struct player *p) {
        char bytes[4096];
        ssize_t n;

        while ((n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
                ;
        return n == 0 || errno != EAGAIN;
}

int main(int argc, char **argv) {
        _cleanup_close_ int set = epoll_create1(EPOLL_CLOEXEC);
        size_t n = 0, open = 0;

        if (argc != 2)
                return 2;
        read_doors(argv[1]);
        for (size_t i = 0; i < n_players; i++) {
                struct player *p = &players[i];
                struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = p };

                p->fd = dial(p);
                if (p->fd < 0)
                        refused++;
                else if (epoll_ctl(set, EPOLL_CTL_ADD, p->fd, &e) == 0)
                        open++;
        }
        fprintf(stderr, "connected\n");
        while (n < open) {
                struct epoll_event e;

                if (epoll_wait(set, &e, 1, STALL_MS) != 1) {
                        fprintf(stderr, "doors: %zu stay open\n", open - n);
                        return 1;
                }
                if (is_cut(e.data.ptr))
                        on_cut(e.data.ptr, n++);
        }
        qsort(late, n, sizeof(*late), compare);
        printf("{\"doors\":%zu,\"refused\":%zu,\"early\":%zu,\"broken\":%zu,\"again\":%zu,\"p50_"
               "ms\":%.1f,"
               "\"p99_ms\":%.1f,\"max_ms\":%.1f}\n",
               n, refused, early, broken, again, n ? late[n / 2] : 0,
               n ? late[(n - 1) * 99 / 100] : 0, n ? late[n - 1] : 0);
        return 0;
}

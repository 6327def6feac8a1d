#include "puzzle.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DOORS_MAX   4
#define FLAG_MAX    256
#define HEADERS_MAX 64

#define DRAIN_SECONDS 2

static void fail(const char *what) {
        perror(what);
        exit(1);
}

const char *puzzle_flag(void) {
        static char line[FLAG_MAX];
        const char *flag = getenv("FLAG");
        FILE *f;

        if (flag && *flag)
                return flag;
        f = fopen("/flag/flag.txt", "r");
        if (!f || !fgets(line, sizeof(line), f))
                fail("flag");
        fclose(f);
        line[strcspn(line, "\r\n")] = '\0';
        return line;
}

void puzzle_chance(void *ret, size_t n) {
        if (getrandom(ret, n, 0) != (ssize_t)n)
                fail("getrandom");
}

/* The first process of a container ignores what it does not handle. */
static void leave(int sig) {
        (void)sig;
        _exit(0);
}

static void set_signals(void) {
        struct sigaction sa = { .sa_handler = leave };

        sigaction(SIGTERM, &sa, NULL);
        sigaction(SIGINT, &sa, NULL);
        signal(SIGPIPE, SIG_IGN);
}

static int listen_on(uint16_t port) {
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
        int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        a.sin_addr.s_addr = htonl(INADDR_ANY);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
            bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 64) < 0)
                fail("listen");
        return fd;
}

/* Takes what was sent and never read: the reset that it would cause could overtake the answer. */
static void drain(int fd) {
        char rest[4096];

        shutdown(fd, SHUT_WR);
        alarm(DRAIN_SECONDS);
        for (int i = 0; i < 64 && read(fd, rest, sizeof(rest)) > 0; i++)
                ;
}

static void serve(int listener, const struct door *door, unsigned *children) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        pid_t pid;

        if (fd < 0)
                return;
        pid = fork();
        if (pid == 0) {
                alarm(PUZZLE_SECONDS);
                door->serve(fd);
                drain(fd);
                _exit(0);
        }
        if (pid > 0)
                (*children)++;
        close(fd);
}

void puzzle_open(const struct door *doors, size_t n) {
        struct pollfd polls[DOORS_MAX];
        unsigned children = 0;

        if (n > DOORS_MAX)
                abort();
        set_signals();
        for (size_t i = 0; i < n; i++)
                polls[i] = (struct pollfd){ .fd = listen_on(doors[i].port), .events = POLLIN };
        for (;;) {
                bool full = children >= PUZZLE_CHILDREN;

                /* When full, connections wait in the backlog until a child has gone. */
                if (poll(polls, full ? 0 : (nfds_t)n, children ? 200 : -1) < 0 && errno != EINTR)
                        fail("poll");
                while (children && waitpid(-1, NULL, WNOHANG) > 0)
                        children--;
                for (size_t i = 0; !full && i < n; i++)
                        if (polls[i].revents & POLLIN)
                                serve(polls[i].fd, &doors[i], &children);
        }
}

bool puzzle_line(int fd, char *line, size_t room) {
        size_t n = 0;
        ssize_t got;
        char c;

        while ((got = read(fd, &c, 1)) == 1 && c != '\n')
                if (n + 1 < room)
                        line[n++] = c;
        if (n > 0 && line[n - 1] == '\r')
                n--;
        line[n] = '\0';
        return got == 1 || n > 0;
}

void puzzle_say(int fd, const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        if (vdprintf(fd, fmt, ap) < 0)
                _exit(0); /* nobody listens any more */
        va_end(ap);
}

bool page_read(int fd, struct page_request *ret) {
        char line[1024];
        int headers = 0;

        *ret = (struct page_request){ 0 };
        if (!puzzle_line(fd, line, sizeof(line)) ||
            sscanf(line, "%7s %255s", ret->method, ret->path) != 2 || ret->path[0] != '/') {
                puzzle_say(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"
                               "Connection: close\r\n\r\n");
                return false;
        }
        while (headers++ < HEADERS_MAX && puzzle_line(fd, line, sizeof(line)) && line[0])
                if (strncasecmp(line, "cookie:", 7) == 0)
                        snprintf(ret->cookie, sizeof(ret->cookie), "%.511s", line + 7);
        return true;
}

void page_answer(int fd, const struct page_request *request, const char *status,
                 const char *headers, const char *type, const char *body) {
        puzzle_say(fd,
                   "HTTP/1.1 %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %zu\r\n"
                   "Cache-Control: no-store\r\nConnection: close\r\n%s\r\n%s",
                   status, type, strlen(body), headers,
                   strcmp(request->method, "HEAD") == 0 ? "" : body);
}

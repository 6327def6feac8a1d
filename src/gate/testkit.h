/*
 * What the gate's tests and its bench share: a gate on two loops, and plain
 * blocking sockets for the players and the instances.
 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "gate/gate.h"

struct world {
        struct loop *loops[2];
        struct gate *gate;
};

static inline void kit_check(bool ok, const char *what) {
        if (ok)
                return;
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
        exit(1);
}

static inline void world_open(struct world *w) {
        struct err err;

        for (size_t i = 0; i < ARRAY_SIZE(w->loops); i++) {
                kit_check(loop_new("gate-test", &w->loops[i], &err) == 0, "loop");
                loop_start(w->loops[i]);
        }
        kit_check(gate_new("127.0.0.1", w->loops, ARRAY_SIZE(w->loops), &w->gate, &err) == 0,
                  "gate");
}

static inline void world_close(struct world *w) {
        gate_free(w->gate);
        for (size_t i = 0; i < ARRAY_SIZE(w->loops); i++) {
                loop_stop(w->loops[i]);
                loop_free(w->loops[i]);
        }
}
#define _cleanup_world_ _cleanup_(world_close)

static inline void sleep_ms(int64_t ms) {
        nanosleep(&(struct timespec){ ms / 1000, (ms % 1000) * 1000000 }, NULL);
}

static inline struct sockaddr_in loopback(uint16_t port) {
        return (struct sockaddr_in){
                .sin_family = AF_INET,
                .sin_port = htons(port),
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
}

/* A listening socket on a free port. */
static inline int instance_listen(int backlog, uint16_t *port) {
        struct sockaddr_in a = loopback(0);
        socklen_t len = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        kit_check(fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0 &&
                          listen(fd, backlog) == 0 &&
                          getsockname(fd, (struct sockaddr *)&a, &len) == 0,
                  "an instance's listener");
        *port = ntohs(a.sin_port);
        return fd;
}

/* A port that was free a moment ago. */
static inline uint16_t free_port(void) {
        uint16_t port;

        close(instance_listen(1, &port));
        return port;
}

static inline int dial_with(int fd, uint16_t port) {
        struct sockaddr_in a = loopback(port);

        return connect(fd, (struct sockaddr *)&a, sizeof(a));
}

/* -1 when refused. */
static inline int dial(uint16_t port) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        kit_check(fd >= 0, "socket");
        if (dial_with(fd, port) == 0)
                return fd;
        close(fd);
        return -1;
}

static inline bool wait_readable(int fd, int timeout_ms) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        return poll(&p, 1, timeout_ms) == 1;
}

/* Opens a door on a free port; returns the port. */
static inline uint16_t open_wide_door(struct world *w, uint16_t target, int64_t deadline_ms,
                                      unsigned max_connections) {
        struct door d = { .target_host = "127.0.0.1",
                          .target_port = target,
                          .deadline_ms = deadline_ms,
                          .max_connections = max_connections };
        struct err err = { 0 };
        int rc;

        do {
                d.port = free_port();
                rc = gate_open(w->gate, &d, &err);
        } while (rc < 0 && err.kind == ERR_CONFLICT);
        kit_check(rc == 0, err.msg);
        return d.port;
}

/* The same with room for a few. */
static inline uint16_t open_door(struct world *w, uint16_t target, int64_t deadline_ms) {
        return open_wide_door(w, target, deadline_ms, 64);
}
#define FAR_MS (clock_now_ms() + INT64_C(3600000))

static inline void say(int fd, const char *text) {
        kit_check(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text), "send");
}

/* Is TEXT what comes next, within 5 s? */
static inline bool hears(int fd, const char *text) {
        char got[256];
        size_t n = 0, want = strlen(text);

        while (n < want && wait_readable(fd, 5000)) {
                ssize_t rc = recv(fd, got + n, want - n, 0);

                if (rc <= 0)
                        return false;
                n += (size_t)rc;
        }
        return n == want && memcmp(got, text, n) == 0;
}

/* Does the other side end in order (FIN, not a reset) within TIMEOUT_MS? */
static inline bool hears_end(int fd, int timeout_ms) {
        char c;

        return wait_readable(fd, timeout_ms) && recv(fd, &c, 1, 0) == 0;
}

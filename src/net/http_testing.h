/* What the tests of the server share: one on two loops, and a client over bare sockets. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/http.h"
#include "test.h"

#define N_LOOPS 2

struct fixture {
        struct loop *loops[N_LOOPS];
        struct http_server *server;
};

static void test_error_body(struct http_req *req _unused_, int status, struct buf *body) {
        buf_printf(body, "{\"status\":%d}", status);
}

static inline struct http_config test_config(http_handler *handler, void *arg) {
        return (struct http_config){ .listen = "127.0.0.1:0",
                                     .max_body_bytes = 65536,
                                     .max_header_bytes = 16384,
                                     .max_connections = 2000,
                                     .idle_timeout_s = 5,
                                     .handler = handler,
                                     .arg = arg,
                                     .error_body = test_error_body };
}

static inline void set_up(struct fixture *f, const struct http_config *config) {
        struct err err;

        for (size_t i = 0; i < N_LOOPS; i++)
                CHECK_OK(loop_new("test", &f->loops[i], &err));
        CHECK_OK(http_server_new(config, f->loops, N_LOOPS, &f->server, &err));
        for (size_t i = 0; i < N_LOOPS; i++)
                loop_start(f->loops[i]);
}

static inline void tear_down(struct fixture *f) {
        http_server_free(f->server);
        for (size_t i = 0; i < N_LOOPS; i++) {
                loop_stop(f->loops[i]);
                loop_free(f->loops[i]);
        }
}

static inline int dial(const struct fixture *f) {
        struct sockaddr_in to = { .sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(f->server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        CHECK(fd >= 0);
        CHECK(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
        return fd;
}

/* Sends all; false when the peer went away meanwhile. */
static inline bool say_n(int fd, const char *data, size_t n) {
        while (n) {
                ssize_t r = send(fd, data, n, MSG_NOSIGNAL);

                if (r <= 0)
                        return false;
                data += r;
                n -= (size_t)r;
        }
        return true;
}
static inline void say(int fd, const char *text) { CHECK(say_n(fd, text, strlen(text))); }

/* Reads into B until it holds TEXT, TIMES times; false at the end, or after TIMEOUT_MS. */
static inline bool hear_times(int fd, struct buf *b, const char *text, int times, int timeout_ms) {
        int64_t end = clock_mono_ms() + timeout_ms;
        size_t len = strlen(text), from = 0; /* what is before it was looked through */
        char part[4096];
        int found = 0;

        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                int64_t left = end - clock_mono_ms();
                ssize_t n;

                for (; from + len <= b->len; from++)
                        found += memcmp(b->data + from, text, len) == 0;
                if (found >= times)
                        return true;
                if (left <= 0 || poll(&p, 1, (int)left) <= 0)
                        return false;
                n = recv(fd, part, sizeof(part), 0);
                if (n <= 0)
                        return false;
                buf_add(b, part, (size_t)n);
        }
}
static inline bool hear(int fd, struct buf *b, const char *text) {
        return hear_times(fd, b, text, 1, 10000);
}

/* Reads to the end of the connection; false when it did not come within TIMEOUT_MS. */
static inline bool hear_end(int fd, struct buf *b, int timeout_ms) {
        int64_t end = clock_mono_ms() + timeout_ms;
        char part[4096];

        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                int64_t left = end - clock_mono_ms();
                ssize_t n;

                if (left <= 0 || poll(&p, 1, (int)left) <= 0)
                        return false;
                n = recv(fd, part, sizeof(part), 0);
                if (n == 0)
                        return true;
                CHECK(n > 0); /* a reset would have cost the answer */
                buf_add(b, part, (size_t)n);
        }
}

/* One request on a connection of its own; the whole answer. */
static inline struct buf ask(const struct fixture *f, const char *request) {
        struct buf b = { 0 };
        int fd = dial(f);

        say(fd, request);
        CHECK(hear_end(fd, &b, 15000));
        buf_add(&b, "", 0);
        close(fd);
        return b;
}

static inline bool starts(const struct buf *b, const char *text) {
        return b->data && strncmp(b->data, text, strlen(text)) == 0;
}
static inline bool has(const struct buf *b, const char *text) {
        return b->data && strstr(b->data, text);
}

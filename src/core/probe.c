/*
 * Probes: does the instance answer?
 *
 * An endpoint is published only when this says so.  Each try is short; tries
 * go on until the probe's time is over.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "core/engine_impl.h"

#define TRY_MS        2000
#define PAUSE_MS      25 /* between tries, growing to PAUSE_MOST_MS */
#define PAUSE_MOST_MS 500
#define LOOK_MS       200 /* from this pause on, is the instance still there? */
#define STATUS_LINE   64

static int socket_to(const char *host, uint16_t port, struct sockaddr_storage *addr,
                     socklen_t *len) {
        struct sockaddr_in *in = (struct sockaddr_in *)addr;
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)addr;

        memset(addr, 0, sizeof(*addr));
        if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
                in->sin_family = AF_INET;
                in->sin_port = htons(port);
                *len = sizeof(*in);
        } else if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
                in6->sin6_family = AF_INET6;
                in6->sin6_port = htons(port);
                *len = sizeof(*in6);
        } else {
                return -1;
        }
        return socket(addr->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static bool ready(int fd, short what, int64_t until_ms) {
        struct pollfd p = { .fd = fd, .events = what };
        int64_t left_ms = until_ms - clock_mono_ms();

        return left_ms > 0 && poll(&p, 1, (int)left_ms) == 1;
}

/* A connected socket, or -1. */
static int connect_to(const char *host, uint16_t port, int64_t until_ms) {
        struct sockaddr_storage addr;
        socklen_t len, size = sizeof(int);
        int error = 0, fd = socket_to(host, port, &addr, &len);

        if (fd < 0)
                return -1;
        if (connect(fd, (struct sockaddr *)&addr, len) == 0)
                return fd;
        if (errno == EINPROGRESS && ready(fd, POLLOUT, until_ms) &&
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
                return fd;
        close(fd);
        return -1;
}

static bool try_tcp(const char *host, uint16_t port, int64_t until_ms) {
        _cleanup_close_ int fd = connect_to(host, port, until_ms);

        return fd >= 0;
}

/* Sends a GET, and reads no more than the status line. */
static bool try_http(const struct lease *l, const struct probe *probe, int64_t until_ms) {
        uint16_t port = l->host_ports[probe->endpoint];
        _cleanup_close_ int fd = connect_to(l->host, port, until_ms);
        char request[512], line[STATUS_LINE] = "";
        size_t at = 0;
        int n, status = 0;

        if (fd < 0)
                return false;
        n = snprintf(request, sizeof(request),
                     "GET %s HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: berth-probe\r\n"
                     "Connection: close\r\n\r\n",
                     probe->path ? probe->path : "/", l->host, port);
        if (n >= (int)sizeof(request) || send(fd, request, (size_t)n, MSG_NOSIGNAL) != n)
                return false;
        while (at < sizeof(line) - 1 && !memchr(line, '\n', at)) {
                ssize_t got;

                if (!ready(fd, POLLIN, until_ms))
                        return false;
                got = recv(fd, line + at, sizeof(line) - 1 - at, 0);
                if (got <= 0)
                        return false;
                at += (size_t)got;
        }
        line[at] = '\0';
        if (strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12)
                return false;
        status = (int)strtol(line + 9, NULL, 10);
        return probe->status ? status == probe->status : status >= 100 && status < 500;
}

static bool try_all_tcp(const struct lease *l, int64_t until_ms) {
        for (size_t i = 0; i < l->n_endpoints; i++)
                if (!try_tcp(l->host, l->host_ports[i], until_ms))
                        return false;
        return true;
}

static bool try_once(struct runtime *rt, const struct lease *l, const struct probe *probe) {
        int64_t until_ms = clock_mono_ms() + TRY_MS;
        char name[INSTANCE_NAME];
        struct err err;
        int status;

        switch (probe->kind) {
        case PROBE_TCP:
                return try_all_tcp(l, until_ms);
        case PROBE_HTTP:
                return try_all_tcp(l, until_ms) && try_http(l, probe, until_ms);
        case PROBE_EXEC:
                lease_instance_name(l->id, name);
                return runtime_exec(rt, name, probe->command, TRY_MS, &status, &err) == 0 &&
                       status == 0;
        case PROBE_NONE:
                return true;
        }
        return false;
}

/* An instance that ended by itself will never answer: no need to wait for its time to be over. */
static bool has_ended(struct runtime *rt, const struct lease *l, struct err *err) {
        struct instance i;
        struct err ignored;
        char name[INSTANCE_NAME];

        lease_instance_name(l->id, name);
        if (runtime_inspect(rt, name, &i, &ignored) < 0 || i.state != INSTANCE_EXITED)
                return false;
        err_set(err, ERR_INVALID, "the instance exited with status %d before it answered",
                i.exit_code);
        return true;
}

int probe_wait(struct runtime *rt, const struct lease *lease, const struct probe *probe,
               const _Atomic(bool) *cancel, struct err *err) {
        int64_t until_ms = clock_mono_ms() + probe->timeout_ms, pause_ms = PAUSE_MS;

        while (!try_once(rt, lease, probe)) {
                struct timespec ts = { .tv_nsec = pause_ms * 1000000 };

                if (*cancel)
                        return err_set(err, ERR_CONFLICT,
                                       "the lease ended before its instance answered");
                if (clock_mono_ms() >= until_ms)
                        return err_set(err, ERR_TIMEOUT,
                                       "the instance did not answer its probe within %lld s",
                                       (long long)probe->timeout_ms / 1000);
                if (pause_ms >= LOOK_MS && has_ended(rt, lease, err))
                        return -1;
                nanosleep(&ts, NULL);
                pause_ms = pause_ms * 2 < PAUSE_MOST_MS ? pause_ms * 2 : PAUSE_MOST_MS;
        }
        return 0;
}

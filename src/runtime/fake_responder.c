#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "runtime/fake_responder.h"

#define CONNECTIONS_MAX 4096
#define BUFFER_BYTES    16384
#define BANNER_MS       50   /* how long a request may take to show itself */
#define SWEEP_MS        100  /* how soon an ended instance's connections are closed */
#define LINGER_MS       2000 /* how long an answered HTTP client may take to close */

enum phase { WAITING, ECHOING, ANSWERED };

struct connection {
        struct connection *next, *prev;
        int fd;
        char name[64];
        enum phase phase;
        int64_t since_ms; /* in this phase */
        bool eof;         /* the client has half-closed */
        size_t from, to;  /* what waits to be sent, in data */
        char data[BUFFER_BYTES];
};

struct fake_responder {
        struct fake_store *store;
        pthread_t thread;
        int listener, epoll, wake;
        uint16_t port;
        struct connection *all;
        unsigned n;
        int64_t swept_ms;
};

static void hang_up(struct fake_responder *r, struct connection *c) {
        assert(c->prev ? c != r->all : c == r->all);
        if (c->prev)
                c->prev->next = c->next;
        else
                r->all = c->next;
        if (c->next)
                c->next->prev = c->prev;
        close(c->fd);
        free(c);
        r->n--;
}

static void put(struct connection *c, const char *text, size_t n) {
        assert(c->to + n <= sizeof(c->data));
        memmove(c->data + c->from + n, c->data + c->from, c->to - c->from);
        memcpy(c->data + c->from, text, n);
        c->to += n;
}

static void greet(struct connection *c) {
        char line[72];
        int n = snprintf(line, sizeof(line), "%s\n", c->name);

        put(c, line, (size_t)n);
        c->phase = ECHOING;
}

static bool begins(const struct connection *c, const char *word) {
        return c->to - c->from >= strlen(word) &&
               memcmp(c->data + c->from, word, strlen(word)) == 0;
}

static void answer_http(struct connection *c) {
        bool head = begins(c, "HEAD ");
        int n = snprintf(c->data, sizeof(c->data),
                         "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                         "Connection: close\r\n\r\n%s%s",
                         strlen(c->name) + 1, head ? "" : c->name, head ? "" : "\n");

        c->from = 0;
        c->to = (size_t)n;
        c->phase = ANSWERED;
        c->since_ms = clock_mono_ms();
}

/* What a client sent has come into the empty buffer. */
static void take_input(struct connection *c) {
        if (c->phase == ANSWERED)
                c->from = c->to = 0;
        else if (c->phase == WAITING &&
                 (begins(c, "GET ") || begins(c, "HEAD ") || begins(c, "POST ")))
                answer_http(c);
        else if (c->phase == WAITING)
                greet(c);
}

/* False when the connection is over. */
static bool receive(struct connection *c) {
        ssize_t n = recv(c->fd, c->data, sizeof(c->data) - 128, 0);

        if (n < 0)
                return errno == EAGAIN || errno == EINTR;
        c->from = 0;
        c->to = (size_t)n;
        if (n > 0) {
                take_input(c);
                return true;
        }
        c->eof = true;
        if (c->phase == WAITING)
                greet(c);
        return true;
}

static bool transmit(struct connection *c) {
        while (c->from < c->to) {
                ssize_t n = send(c->fd, c->data + c->from, c->to - c->from, MSG_NOSIGNAL);

                if (n < 0)
                        return errno == EAGAIN || errno == EINTR;
                c->from += (size_t)n;
        }
        c->from = c->to = 0;
        if (c->phase == ANSWERED)
                shutdown(c->fd, SHUT_WR);
        return !c->eof;
}

static void watch(struct fake_responder *r, struct connection *c) {
        struct epoll_event e = { .data.ptr = c };

        e.events = c->from < c->to ? EPOLLOUT : EPOLLIN;
        epoll_ctl(r->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

static void serve(struct fake_responder *r, struct connection *c) {
        if (!fake_store_has(r->store, c->name) || (c->from == c->to && !receive(c)) ||
            !transmit(c)) {
                hang_up(r, c);
                return;
        }
        watch(r, c);
}

static void welcome(struct fake_responder *r, int fd) {
        struct sockaddr_in to = { 0 };
        socklen_t size = sizeof(to);
        struct connection *c;
        struct epoll_event e = { .events = EPOLLIN };
        char name[64];

        if (r->n >= CONNECTIONS_MAX || getsockname(fd, (struct sockaddr *)&to, &size) < 0 ||
            !fake_store_at(r->store, ntohl(to.sin_addr.s_addr), name) ||
            !fake_store_has(r->store, name)) {
                close(fd);
                return;
        }
        if (!(c = calloc(1, sizeof(*c))))
                abort();
        c->fd = fd;
        c->since_ms = clock_mono_ms();
        memcpy(c->name, name, sizeof(name));
        c->next = r->all;
        if (c->next)
                c->next->prev = c;
        r->all = c;
        r->n++;
        e.data.ptr = c;
        epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &e);
}

static void accept_all(struct fake_responder *r) {
        int fd;

        while ((fd = accept4(r->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
                welcome(r, fd);
}

/* Greets who kept silent, and ends the connections of instances that are gone. */
static void sweep(struct fake_responder *r) {
        int64_t now = clock_mono_ms();
        bool check = now - r->swept_ms >= SWEEP_MS;
        struct connection *c, *next;

        if (check)
                r->swept_ms = now;
        for (c = r->all; c; c = next) {
                bool over;

                next = c->next;
                over = (check && !fake_store_has(r->store, c->name)) ||
                       (c->phase == ANSWERED && now - c->since_ms > LINGER_MS);
                if (!over && c->phase == WAITING && now - c->since_ms >= BANNER_MS) {
                        greet(c);
                        over = !transmit(c);
                        if (!over)
                                watch(r, c);
                }
                if (over)
                        hang_up(r, c);
        }
}

static void *run(void *arg) {
        struct fake_responder *r = arg;
        struct epoll_event events[64];
        bool stop = false;

        while (!stop) {
                int n = epoll_wait(r->epoll, events, ARRAY_SIZE(events),
                                   r->n ? BANNER_MS / 2 : 1000);

                for (int i = 0; i < n; i++) {
                        if (events[i].data.ptr == &r->wake)
                                stop = true;
                        else if (events[i].data.ptr == &r->listener)
                                accept_all(r);
                        else
                                serve(r, events[i].data.ptr);
                }
                sweep(r);
        }
        while (r->all)
                hang_up(r, r->all);
        return NULL;
}

static int listen_anywhere(struct fake_responder *r, struct err *err) {
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY) };
        socklen_t size = sizeof(at);

        r->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (r->listener < 0 || bind(r->listener, (struct sockaddr *)&at, size) < 0 ||
            listen(r->listener, 1024) < 0 ||
            getsockname(r->listener, (struct sockaddr *)&at, &size) < 0)
                return err_set(err, ERR_INTERNAL, "no port for fake instances: errno %d", errno);
        r->port = ntohs(at.sin_port);
        return 0;
}

int fake_responder_open(struct fake_store *store, struct fake_responder **ret, struct err *err) {
        struct fake_responder *r = calloc(1, sizeof(*r));
        struct epoll_event e = { .events = EPOLLIN };

        if (!r)
                abort();
        r->store = store;
        r->epoll = epoll_create1(EPOLL_CLOEXEC);
        r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (r->epoll < 0 || r->wake < 0)
                abort();
        if (listen_anywhere(r, err) < 0) {
                close(r->listener);
                close(r->epoll);
                close(r->wake);
                free(r);
                return -1;
        }
        e.data.ptr = &r->wake;
        epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->wake, &e);
        e.data.ptr = &r->listener;
        epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->listener, &e);
        if (pthread_create(&r->thread, NULL, run, r) != 0)
                abort();
        *ret = r;
        return 0;
}

struct fake_responder *fake_responder_free(struct fake_responder *r) {
        if (!r)
                return NULL;
        if (eventfd_write(r->wake, 1) < 0)
                abort();
        pthread_join(r->thread, NULL);
        close(r->listener);
        close(r->epoll);
        close(r->wake);
        free(r);
        return NULL;
}

uint16_t fake_responder_port(const struct fake_responder *r) { return r->port; }

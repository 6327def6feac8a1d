#include "net/tls_pipe.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM  16384 /* of one direction: a TLS record */
#define TURNS 16    /* of one pipe, before others have theirs */

/* What goes one way, and has not gone yet. */
struct flow {
        size_t at, n;
        char data[ROOM];
};

struct pipe {
        struct pipe *next, **link;
        struct tls_client *client;
        SSL *ssl;
        int sock, inner; /* -1: not there */
        uv_poll_t sock_poll, inner_poll;
        struct loop_timer timer;
        unsigned handles; /* of the loop, not closed yet */
        bool polled, up, over;
        int sock_wants, inner_wants; /* events to wait for */
        struct flow in, out;
        tls_opened *done;
        void *arg;
};

struct tls_client {
        struct loop *loop;
        SSL_CTX *ctx;
        struct pipe *pipes;
};

/* --- the end of one --- */

static void release(struct pipe *p) {
        if (--p->handles)
                return;
        SSL_free(p->ssl);
        free(p);
}

static void on_sock_closed(uv_handle_t *h) {
        release(container_of((uv_poll_t *)h, struct pipe, sock_poll));
}

static void on_inner_closed(uv_handle_t *h) {
        release(container_of((uv_poll_t *)h, struct pipe, inner_poll));
}

static void on_timer_closed(void *arg) { release(arg); }

static void end(struct pipe *p) {
        if (p->over)
                return;
        p->over = true;
        *p->link = p->next;
        if (p->next)
                p->next->link = p->link;
        p->handles = 1 + p->polled + p->up;
        if (p->polled) {
                uv_poll_stop(&p->sock_poll);
                uv_close((uv_handle_t *)&p->sock_poll, on_sock_closed);
        }
        if (p->up) {
                uv_poll_stop(&p->inner_poll);
                uv_close((uv_handle_t *)&p->inner_poll, on_inner_closed);
                close(p->inner);
        }
        if (p->sock >= 0)
                close(p->sock);
        loop_timer_close(&p->timer, on_timer_closed);
}

static void fail(struct pipe *p, const char *why) {
        tls_opened *done = p->done;
        void *arg = p->arg;

        end(p);
        done(arg, -1, why);
}

/* --- carrying --- */

/* What OpenSSL waits for after R, as events; -1: it is over. */
static int wants(const struct pipe *p, int r) {
        switch (SSL_get_error(p->ssl, r)) {
        case SSL_ERROR_WANT_READ:
                return UV_READABLE;
        case SSL_ERROR_WANT_WRITE:
                return UV_WRITABLE;
        default:
                return -1;
        }
}

static bool would_block(void) { return errno == EAGAIN || errno == EINTR; }

/* Each of these four moves some bytes and sets *MOVED, or notes what it waits for; false: over. */

static bool read_peer(struct pipe *p, bool *moved) {
        int r, events;

        if (p->in.n)
                return true;
        ERR_clear_error();
        r = SSL_read(p->ssl, p->in.data, ROOM);
        if (r > 0) {
                p->in.at = 0;
                p->in.n = (size_t)r;
                *moved = true;
                return true;
        }
        events = wants(p, r);
        p->sock_wants |= events;
        return events >= 0;
}

static bool write_user(struct pipe *p, bool *moved) {
        ssize_t n;

        if (!p->in.n)
                return true;
        n = send(p->inner, p->in.data + p->in.at, p->in.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
                p->inner_wants |= UV_WRITABLE;
                return would_block();
        }
        p->in.at += (size_t)n;
        p->in.n -= (size_t)n;
        *moved = true;
        return true;
}

static bool read_user(struct pipe *p, bool *moved) {
        ssize_t n;

        if (p->out.n)
                return true;
        n = recv(p->inner, p->out.data, ROOM, MSG_DONTWAIT);
        if (n < 0) {
                p->inner_wants |= UV_READABLE;
                return would_block();
        }
        p->out.at = 0;
        p->out.n = (size_t)n;
        *moved = true;
        return n > 0;
}

static bool write_peer(struct pipe *p, bool *moved) {
        int r, events;

        if (!p->out.n)
                return true;
        ERR_clear_error();
        r = SSL_write(p->ssl, p->out.data + p->out.at, (int)p->out.n);
        if (r > 0) {
                p->out.at += (size_t)r;
                p->out.n -= (size_t)r;
                *moved = true;
                return true;
        }
        events = wants(p, r);
        p->sock_wants |= events;
        return events >= 0;
}

static void on_sock(uv_poll_t *poll, int status, int events);
static void on_inner(uv_poll_t *poll, int status, int events);

static void wait_for(struct pipe *p) {
        if (p->sock_wants)
                uv_poll_start(&p->sock_poll, p->sock_wants, on_sock);
        else
                uv_poll_stop(&p->sock_poll);
        if (p->inner_wants)
                uv_poll_start(&p->inner_poll, p->inner_wants, on_inner);
        else
                uv_poll_stop(&p->inner_poll);
}

static void carry(struct pipe *p) {
        bool moved = true;

        for (int turn = 0; moved && turn < TURNS; turn++) {
                moved = false;
                p->sock_wants = p->inner_wants = 0;
                if (!read_peer(p, &moved) || !write_user(p, &moved) || !read_user(p, &moved) ||
                    !write_peer(p, &moved)) {
                        end(p);
                        return;
                }
        }
        if (moved) { /* there is more, in a while */
                p->sock_wants = UV_READABLE | UV_WRITABLE;
                p->inner_wants = UV_READABLE;
        }
        wait_for(p);
}

/* --- the beginning of one --- */

/* The handshake is through. */
static void go_up(struct pipe *p) {
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0) {
                fail(p, "no more files can be opened");
                return;
        }
        if (uv_poll_init(loop_uv(p->client->loop), &p->inner_poll, fds[0]) < 0)
                abort(); /* no memory */
        p->inner = fds[0];
        p->up = true;
        loop_timer_stop(&p->timer);
        p->done(p->arg, fds[1], NULL);
        if (!p->over)
                carry(p);
}

static void shake(struct pipe *p) {
        int r, events;

        ERR_clear_error();
        r = SSL_connect(p->ssl);
        if (r == 1) {
                go_up(p);
                return;
        }
        events = wants(p, r);
        if (events < 0)
                fail(p, SSL_get_verify_result(p->ssl) != X509_V_OK ?
                                "its certificate is not to be trusted" :
                                "TLS failed");
        else
                uv_poll_start(&p->sock_poll, events, on_sock);
}

static void on_sock(uv_poll_t *poll, int status, int events _unused_) {
        struct pipe *p = container_of(poll, struct pipe, sock_poll);

        if (p->up)
                carry(p); /* which finds out what is wrong */
        else if (status < 0)
                fail(p, "cannot connect");
        else
                shake(p);
}

static void on_inner(uv_poll_t *poll, int status _unused_, int events _unused_) {
        carry(container_of(poll, struct pipe, inner_poll));
}

/* Also when it could not even begin to connect. */
static void on_timer(void *arg) {
        struct pipe *p = arg;

        fail(p, p->polled ? "no answer in time" : "cannot connect");
}

static void set_host(struct pipe *p, const char *host) {
        char name[256]; /* OpenSSL's macro wants one that is not const; a longer one is none */
        struct in6_addr any;

        if (inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1) {
                X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(p->ssl), host);
                return;
        }
        snprintf(name, sizeof(name), "%s", host);
        SSL_set_tlsext_host_name(p->ssl, name);
        SSL_set1_host(p->ssl, host);
}

static int begin(const struct sockaddr *addr, socklen_t len) {
        int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0 || connect(fd, addr, len) == 0 || errno == EINPROGRESS)
                return fd;
        close(fd);
        return -1;
}

void tls_open(struct tls_client *c, const struct sockaddr *addr, socklen_t addr_len,
              const char *host, int64_t timeout_ms, tls_opened *done, void *arg) {
        struct pipe *p = calloc(1, sizeof(*p));

        assert(loop_is_mine(c->loop));
        if (!p || !(p->ssl = SSL_new(c->ctx)))
                abort();
        p->client = c;
        p->done = done;
        p->arg = arg;
        p->inner = -1;
        p->sock = begin(addr, addr_len);
        p->next = c->pipes;
        p->link = &c->pipes;
        if (p->next)
                p->next->link = &p->next;
        c->pipes = p;
        set_host(p, host);
        loop_timer_init(&p->timer, c->loop, on_timer, p);
        p->polled = p->sock >= 0 && SSL_set_fd(p->ssl, p->sock) == 1 &&
                    uv_poll_init(loop_uv(c->loop), &p->sock_poll, p->sock) == 0;
        if (p->polled)
                uv_poll_start(&p->sock_poll, UV_WRITABLE, on_sock);
        loop_timer_set(&p->timer, p->polled ? timeout_ms : 0);
}

/* --- life --- */

int tls_client_new(struct loop *loop, struct tls_client **ret, struct err *err) {
        struct tls_client *c = calloc(1, sizeof(*c));

        if (!c || !(c->ctx = SSL_CTX_new(TLS_client_method())))
                abort();
        c->loop = loop;
        if (SSL_CTX_set_default_verify_paths(c->ctx) != 1) {
                tls_client_free(c);
                return err_set(err, ERR_UNAVAILABLE, "the trusted certificates cannot be read");
        }
        SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION);
        SSL_CTX_set_mode(c->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                         SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                         SSL_MODE_RELEASE_BUFFERS);
        *ret = c;
        return 0;
}

void tls_client_end(struct tls_client *c) {
        while (c->pipes)
                end(c->pipes);
}

struct tls_client *tls_client_free(struct tls_client *c) {
        if (!c)
                return NULL;
        assert(!c->pipes);
        SSL_CTX_free(c->ctx);
        free(c);
        return NULL;
}

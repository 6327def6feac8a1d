/*
 * Connections.
 *
 * libmicrohttpd's own timeout starts anew with every byte, so whoever sends a
 * byte now and then would stay for ever: a sweep every second closes those
 * that are past the deadline for what they had to send.
 *
 * It closes without an answer where a request line is no request line, and
 * resets a connection on which bytes are still under way, which can destroy
 * the answer before the peer reads it.  Both are mended when it tells us that
 * it closes: the refusal is written on the bare socket, and the socket lingers,
 * read to its end within limits, after libmicrohttpd let go of it.
 */
#include "net/http_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "net/http_socket.h"

struct http_linger {
        struct http_linger *next, **link;
        struct http_loop *loop;
        uv_poll_t poll;
        int fd;
        size_t bytes;
        uint64_t deadline_ms;
};

static int64_t now_ms(const struct http_loop *hl) { return (int64_t)uv_now(loop_uv(hl->loop)); }

struct http_conn *http_conn_of(struct MHD_Connection *mhd) {
        return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void http_conn_expect(struct http_conn *conn, int64_t ms) {
        conn->deadline_ms = ms ? now_ms(conn->loop) + ms : 0;
}

static void note_addr(struct http_conn *conn, const struct sockaddr *sa) {
        if (sa->sa_family == AF_INET6) {
                memcpy(&conn->addr, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
                       sizeof(conn->addr));
        } else {
                conn->addr.s6_addr[10] = conn->addr.s6_addr[11] = 0xff;
                memcpy(&conn->addr.s6_addr[12],
                       &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
        }
        http_parse_addr_text(&conn->addr, conn->peer);
}

static struct http_conn *conn_new(struct http_loop *hl, struct MHD_Connection *mhd) {
        struct http_conn *conn = calloc(1, sizeof(*conn));

        if (!conn)
                abort();
        conn->loop = hl;
        conn->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        note_addr(conn,
                  MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
        conn->opened_ms = now_ms(hl);
        http_conn_expect(conn, 1000 * (int64_t)hl->server->config.idle_timeout_s);
        conn->next = hl->conns;
        conn->link = &hl->conns;
        if (conn->next)
                conn->next->link = &conn->next;
        hl->conns = conn;
        return conn;
}

static void conn_free(struct http_conn *conn) {
        *conn->link = conn->next;
        if (conn->next)
                conn->next->link = conn->link;
        buf_done(&conn->answer);
        free(conn);
}

/* --- refusals --- */

static bool timed_out(const struct http_conn *conn) {
        return now_ms(conn->loop) - conn->opened_ms >=
               1000 * (int64_t)conn->loop->server->config.idle_timeout_s;
}

/* Builds the body of a refusal for what never became a request. */
static void build_refusal(struct http_conn *conn) {
        struct http_req *req = http_req_new(conn->loop, conn);
        struct http_server *s = conn->loop->server;

        http_error_body(req, conn->refusal);
        buf_add(&conn->answer, req->answer.data, req->answer.len);
        if (s->config.on_done)
                s->config.on_done(s->config.arg, req);
        http_req_free(req);
}

static const char *reason(int status) {
        return status == 408 ? "Request Timeout" :
               status == 413 ? "Content Too Large" :
                               "Bad Request";
}

static void write_refusal(struct http_conn *conn) {
        _cleanup_buf_ struct buf b = { 0 };

        buf_printf(&b,
                   "HTTP/1.1 %d %s\r\nContent-Type: " HTTP_ERROR_TYPE
                   "\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                   conn->refusal, reason(conn->refusal), conn->answer.len);
        buf_add(&b, conn->answer.data, conn->answer.len);
        /* The socket's buffer is empty: all of it fits, or the peer is gone. */
        if (send(conn->fd, b.data, b.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
                conn->cut = false;
}

/* Answers on the bare socket where libmicrohttpd would just close. */
static void refuse_bare(struct http_conn *conn) {
        if (conn->loop->server->config.tls_cert || conn->loop->closing)
                return;
        if (!conn->refusal && !conn->served && http_socket_unanswered(conn->fd))
                conn->refusal = timed_out(conn) ? 408 : 400;
        if (!conn->refusal)
                return;
        if (!conn->answer.len)
                build_refusal(conn);
        write_refusal(conn);
}

/* --- lingering --- */

static void on_linger_closed(uv_handle_t *handle) {
        struct http_linger *l = container_of((uv_poll_t *)handle, struct http_linger, poll);
        struct http_loop *hl = l->loop;

        close(l->fd);
        free(l);
        http_handle_closed(hl);
}

static void linger_free(struct http_linger *l) {
        *l->link = l->next;
        if (l->next)
                l->next->link = l->link;
        l->loop->n_lingering--;
        if (uv_is_closing((uv_handle_t *)&l->poll)) /* by the loop, which is over */
                on_linger_closed((uv_handle_t *)&l->poll);
        else
                uv_close((uv_handle_t *)&l->poll, on_linger_closed);
}

static void on_lingering(uv_poll_t *poll, int status, int events _unused_) {
        struct http_linger *l = container_of(poll, struct http_linger, poll);
        static _Thread_local char drop[64 * 1024];
        ssize_t n = recv(l->fd, drop, sizeof(drop), MSG_DONTWAIT);

        if (n > 0)
                l->bytes += (size_t)n;
        if (status < 0 || n == 0 || (n < 0 && errno != EAGAIN) || l->bytes > HTTP_LINGER_BYTES)
                linger_free(l);
}

/* Goes on reading what the peer still sends, on a descriptor of our own: closing with unread
 * bytes would reset the connection. */
static void linger(struct http_conn *conn) {
        struct http_loop *hl = conn->loop;
        struct http_linger *l;
        int fd, unread = 0;

        if (hl->closing || hl->n_lingering == HTTP_LINGER_MAX)
                return;
        if (!conn->cut && (ioctl(conn->fd, FIONREAD, &unread) < 0 || unread == 0))
                return;
        fd = fcntl(conn->fd, F_DUPFD_CLOEXEC, 0);
        l = fd < 0 ? NULL : calloc(1, sizeof(*l));
        if (!l || uv_poll_init(loop_uv(hl->loop), &l->poll, fd) < 0) {
                free(l);
                if (fd >= 0)
                        close(fd);
                return;
        }
        shutdown(fd, SHUT_WR);
        l->loop = hl;
        l->fd = fd;
        l->deadline_ms = uv_now(loop_uv(hl->loop)) + HTTP_LINGER_MS;
        l->next = hl->lingering;
        l->link = &hl->lingering;
        if (l->next)
                l->next->link = &l->next;
        hl->lingering = l;
        hl->n_lingering++;
        hl->handles++;
        uv_poll_start(&l->poll, UV_READABLE, on_lingering);
}

/* Lets go of those whose deadline is AT_MS or before. */
static void end_lingering(struct http_loop *hl, uint64_t at_ms) {
        struct http_linger *next;

        for (struct http_linger *l = hl->lingering; l; l = next) {
                next = l->next;
                if (l->deadline_ms <= at_ms)
                        linger_free(l);
        }
}

void http_linger_end(struct http_loop *hl) { end_lingering(hl, UINT64_MAX); }

/* --- what libmicrohttpd and the sweep call --- */

void http_on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                        enum MHD_ConnectionNotificationCode what) {
        struct http_conn *conn = *context;

        if (what == MHD_CONNECTION_NOTIFY_STARTED) {
                *context = conn_new(arg, mhd);
                return;
        }
        *context = NULL;
        if (!conn->taken) {
                refuse_bare(conn);
                linger(conn);
        }
        conn_free(conn);
}

/* Did libmicrohttpd miss the peer's end?  It does where that comes together with the bytes before
 * it: it takes a short read for the last one, and epoll tells it of each change only once.
 * Each sweep asks a part of the connections, so that many idle ones cost little. */
static bool is_missed(const struct http_conn *conn) {
        unsigned turn = conn->loop->sweeps + (unsigned)conn->fd;

        return turn % HTTP_SWEEP_TURNS == 0 && http_socket_gone(conn->fd);
}

void http_conn_sweep(struct http_loop *hl) {
        int64_t now = now_ms(hl);

        hl->sweeps++;
        for (struct http_conn *c = hl->conns; c; c = c->next) {
                int64_t bytes = c->req ? (int64_t)c->req->body.len : 0;

                if (!c->deadline_ms)
                        continue;
                if (now < c->deadline_ms + 1000 * bytes / HTTP_BODY_BYTES_S && !is_missed(c))
                        continue;
                /* libmicrohttpd reads this as the peer's end.  Again at the next sweep: it may be
                 * missed as well, behind bytes that are not read yet. */
                shutdown(c->fd, SHUT_RD);
        }
        end_lingering(hl, uv_now(loop_uv(hl->loop)));
}

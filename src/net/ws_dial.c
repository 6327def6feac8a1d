#include "net/ws_dial.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/ws_handshake.h"
#include "net/ws_impl.h"

#define ANSWER_MAX (size_t)16384 /* with frames that come right behind it */

/* One on its way. */
struct dial {
        struct ws *ws;
        ws_opened *opened;
        void *arg;
        int fd;
        uv_poll_t poll;
        struct loop_timer timer;
        char key[WS_KEY_TEXT];
        struct buf request, answer;
        size_t sent;
        bool polled, over;
};

static void on_timer_closed(void *arg) {
        struct dial *d = arg;

        buf_done(&d->request);
        buf_done(&d->answer);
        free(d);
}

static void on_poll_closed(uv_handle_t *handle) {
        struct dial *d = container_of((uv_poll_t *)handle, struct dial, poll);

        loop_timer_close(&d->timer, on_timer_closed);
}

/* The socket is a peer's now, or to be closed. */
static void end(struct dial *d) {
        d->over = true;
        if (!d->polled) {
                loop_timer_close(&d->timer, on_timer_closed);
                return;
        }
        uv_poll_stop(&d->poll);
        uv_close((uv_handle_t *)&d->poll, on_poll_closed);
}

static void fail(struct dial *d, int status) {
        end(d);
        if (d->fd >= 0)
                close(d->fd);
        d->opened(d->arg, NULL, status);
}

static void succeed(struct dial *d, size_t used) {
        struct ws_peer *p;

        end(d);
        p = ws_add(d->ws, d->fd, NULL, NULL, 0, d->arg);
        d->opened(d->arg, p, 101);
        if (d->answer.len > used)
                ws_feed(p, d->answer.data + used, d->answer.len - used);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static bool send_request(struct dial *d) {
        ssize_t n = send(d->fd, d->request.data + d->sent, d->request.len - d->sent, MSG_NOSIGNAL);

        if (n < 0)
                return errno == EAGAIN;
        d->sent += (size_t)n;
        if (d->sent == d->request.len)
                uv_poll_start(&d->poll, UV_READABLE, on_ready);
        return true;
}

static void read_answer(struct dial *d) {
        size_t used = 0;
        ssize_t n;
        int status;

        buf_reserve(&d->answer, 4096);
        n = recv(d->fd, d->answer.data + d->answer.len, 4096, 0);
        if (n < 0 && errno == EAGAIN)
                return;
        if (n <= 0 || d->answer.len + (size_t)n > ANSWER_MAX) {
                fail(d, -1);
                return;
        }
        d->answer.len += (size_t)n;
        status = ws_handshake_answer(d->answer.data, d->answer.len, d->key, &used);
        if (status == 101)
                succeed(d, used);
        else if (status)
                fail(d, status);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
        struct dial *d = container_of(poll, struct dial, poll);

        if (status < 0 || (events & UV_WRITABLE && !send_request(d))) {
                fail(d, -1);
                return;
        }
        if (events & UV_READABLE)
                read_answer(d);
}

static void on_timeout(void *arg) {
        struct dial *d = arg;

        if (!d->over)
                fail(d, -1);
}

/* A socket that connects; -1 when that cannot even begin. */
static int begin(const struct ws_target *to) {
        int fd;

        if (to->connected)
                return to->fd;
        fd = socket(to->addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, to->addr, to->addr_len) == 0 || errno == EINPROGRESS)
                return fd;
        close(fd);
        return -1;
}

void ws_dial(struct ws *ws, const struct ws_target *to, ws_opened *opened, void *arg) {
        struct loop *loop = ws_loop(ws);
        struct dial *d = calloc(1, sizeof(*d));

        if (!d)
                abort();
        *d = (struct dial){ .ws = ws, .opened = opened, .arg = arg, .fd = begin(to) };
        ws_handshake_key(d->key);
        ws_handshake_request(&d->request, to->host, to->path, to->headers, d->key);
        loop_timer_init(&d->timer, loop, on_timeout, d);
        d->polled = d->fd >= 0 && uv_poll_init(loop_uv(loop), &d->poll, d->fd) == 0;
        if (d->polled)
                uv_poll_start(&d->poll, UV_WRITABLE, on_ready);
        loop_timer_set(&d->timer, d->polled ? to->timeout_ms : 0);
}
